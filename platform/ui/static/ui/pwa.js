/* Nexus as an app of the device: the service worker, the one page it keeps, and the way to install it.

   The worker keeps a copy of today's sheet for the person who is signed in, and of nothing else; it is
   taken away when they sign out, when somebody else comes, and a day after it was made. */

const SECONDS_AFTER_A_CHANGE = 20;
const find = (selector) => document.querySelector(selector);
const owner = find("meta[name=nexus-owner]")?.content || "";

async function say(message) {
  const registration = await navigator.serviceWorker.ready;
  registration.active?.postMessage(message);
}

const keep = () => owner && say({ what: "keep", owner });
const wipe = () => say({ what: "wipe" });

let soon;
function keepSoon() {
  clearTimeout(soon);
  soon = setTimeout(keep, SECONDS_AFTER_A_CHANGE * 1000);
}

async function start() {
  try {
    await navigator.serviceWorker.register("/service-worker.js", { scope: "/", updateViaCache: "none" });
  } catch {
    return; // a browser that refuses workers works as before, without the copy
  }
  if (!owner) return wipe();
  keep();
  document.addEventListener("nexus:change", ({ detail }) => { if (detail.topic === "diary") keepSoon(); });
  document.addEventListener("nexus:signed-out", wipe);
  document.addEventListener("submit", (event) => { if (event.target.matches("[data-sign-out]")) wipe(); });
}

if ("serviceWorker" in navigator && window.isSecureContext) start();

/* The browser's own offer is held back; an entry in the person's menu takes it up. */
let offer = null;
window.addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  offer = event;
  for (const button of document.querySelectorAll("[data-install]")) button.hidden = false;
});
document.addEventListener("click", async (event) => {
  if (!offer || !event.target.closest("[data-install]")) return;
  const asked = offer;
  offer = null;
  for (const button of document.querySelectorAll("[data-install]")) button.hidden = true;
  await asked.prompt();
});
