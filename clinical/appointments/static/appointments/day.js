/* The day keeps itself fresh: what others change shows by itself, and when ui/live.js says so.
   Not while somebody reads elsewhere, has a menu open or has the focus in the list. */

/* A day that has begun opens where it is now, not at what is over. */
const now = document.querySelector(".ap-current, .ap-now");
if (now && now.getBoundingClientRect().bottom > window.innerHeight) now.scrollIntoView({ block: "center" });

const grid = () => document.querySelector("[data-day-refresh]");

function isBusy(element) {
  return Boolean(element.querySelector("details[open], .htmx-request") || (document.activeElement !== document.body && element.contains(document.activeElement)));
}

let later;
function freshen() {
  const element = grid();
  if (!element || document.visibilityState !== "visible") return;
  clearTimeout(later);
  if (isBusy(element)) { later = setTimeout(freshen, 2000); return; }
  window.htmx?.trigger(element, "day:refresh");
}

document.addEventListener("nexus:look", freshen);
document.addEventListener("nexus:change", ({ detail }) => { if (detail.topic === "diary") freshen(); });
