/* Before the first paint: without a choice of the person's own, follow the device. */
(() => {
  const dark = window.matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.bsTheme = dark ? "dark" : "light";
})();
