/* The error page's one button. */
document.addEventListener("DOMContentLoaded", () => {
  const button = document.querySelector("[data-go-back]");
  if (!button || window.history.length < 2) return;
  button.hidden = false;
  button.addEventListener("click", () => window.history.back());
});
