// The bell: rung by the stream of changes; its list is asked for when it is opened, and an open one
// is left in peace.
const isBell = (element) => element instanceof HTMLDetailsElement && element.hasAttribute("data-bell");
const ring = () => {
  const bell = document.querySelector("[data-bell]");
  if (bell && !bell.open) window.htmx?.trigger(bell, "nexus:ring");
};

document.addEventListener("nexus:change", ({ detail }) => { if (detail.topic === "notices") ring(); });
document.addEventListener("nexus:look", ring);

document.addEventListener("toggle", (event) => {
  if (!isBell(event.target) || !event.target.open) return;
  const list = event.target.querySelector("[data-bell-list]");
  if (list) window.htmx?.trigger(list, "nexus:open");
}, true);
