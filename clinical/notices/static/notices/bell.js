// The bell: its list is asked for when it is opened, and an open one is left in peace.
const isBell = (element) => element instanceof HTMLDetailsElement && element.hasAttribute("data-bell");

document.addEventListener("toggle", (event) => {
  if (!isBell(event.target) || !event.target.open) return;
  const list = event.target.querySelector("[data-bell-list]");
  if (list) window.htmx?.trigger(list, "nexus:open");
}, true);

document.addEventListener("htmx:beforeRequest", (event) => {
  const { elt, requestConfig } = event.detail;
  if (isBell(elt) && elt.open && requestConfig.verb === "get") event.preventDefault();
});
