// Texts: what others do shows at once, Ctrl-Enter sends, fields go where the caret is.
const PAUSE = 800;
let waiting = 0;

function freshen() {
  window.clearTimeout(waiting);
  waiting = window.setTimeout(() => {
    for (const part of document.querySelectorAll("[data-ms-live]")) {
      part.dispatchEvent(new CustomEvent("ms:refresh"));
    }
  }, PAUSE);
}

document.addEventListener("nexus:change", ({ detail }) => { if (detail.topic === "texts") freshen(); });
document.addEventListener("nexus:look", freshen);

document.addEventListener("keydown", (event) => {
  const box = event.target.closest("[data-ms-box]");
  if (box && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    box.form.requestSubmit(box.form.querySelector("button.btn-primary"));
  }
});

for (const button of document.querySelectorAll("[data-ms-field]")) {
  button.addEventListener("click", () => {
    const body = document.querySelector("textarea[name=body]");
    body.setRangeText(`{{${button.dataset.msField}}}`, body.selectionStart, body.selectionEnd, "end");
    body.focus();
    body.dispatchEvent(new Event("input", { bubbles: true }));
  });
}
