// The switch “Tell me on this device”: asks the browser, then tells the server its address.
const box = document.querySelector("[data-push]");
const control = box?.querySelector("[data-push-switch]");
const state = box?.querySelector("[data-push-state]");
const token = () => document.querySelector("meta[name=csrf-token]")?.content || "";
const say = (text) => { state.textContent = text; };

const bytes = (text) => {
  const padded = text.replace(/-/g, "+").replace(/_/g, "/") + "=".repeat((4 - (text.length % 4)) % 4);
  return Uint8Array.from(atob(padded), (letter) => letter.charCodeAt(0));
};
const written = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

const tell = async (url, fields) => {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "X-CSRFToken": token() },
    body: new URLSearchParams(fields),
  });
  if (answer.ok) return;
  const said = await answer.json().catch(() => ({}));
  throw new Error(said.detail || "The server did not take it. Try again.");
};

const worker = async () => {
  const known = await navigator.serviceWorker.getRegistration("/");
  return known ? navigator.serviceWorker.ready : null;
};

const show = async (registration) => {
  const subscription = await registration.pushManager.getSubscription();
  control.checked = Boolean(subscription);
  control.disabled = false;
  say(subscription ? "This device is told." : "This device is not told.");
};

const switchOn = async (registration) => {
  if (await Notification.requestPermission() !== "granted") {
    throw new Error("The browser does not allow it. Allow notifications for this site in its settings.");
  }
  const subscription = await registration.pushManager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: bytes(box.dataset.key),
  });
  await tell(box.dataset.onUrl, {
    endpoint: subscription.endpoint,
    public_key: written(subscription.getKey("p256dh")),
    auth_secret: written(subscription.getKey("auth")),
  }).catch(async (error) => {
    await subscription.unsubscribe();
    throw error;
  });
};

const switchOff = async (registration) => {
  const subscription = await registration.pushManager.getSubscription();
  if (!subscription) return;
  await tell(box.dataset.offUrl, { endpoint: subscription.endpoint });
  await subscription.unsubscribe();
};

const start = async () => {
  if (!("serviceWorker" in navigator) || !("PushManager" in window) || !("Notification" in window)) {
    say("This browser cannot be told. On an iPhone, add Nexus to the home screen first.");
    return;
  }
  const registration = await worker();
  if (!registration) {
    say("Nexus is not ready for it in this browser yet. Load the page again.");
    return;
  }
  await show(registration);
  control.addEventListener("change", async () => {
    const wanted = control.checked;
    control.disabled = true;
    let problem = "";
    try {
      await (wanted ? switchOn(registration) : switchOff(registration));
    } catch (error) {
      problem = error.message;
    }
    await show(registration);
    if (problem) say(problem);
  });
};

if (box) start().catch(() => say("The browser gave no answer."));
