/* The form of a measure: a digit answers and goes on, every answer is saved, the server says the score.
   Nothing is scored here. */

const PAUSE = 500;
const RETRY = 5000;

const form = document.querySelector("[data-measure-form]");
const items = [...form.querySelectorAll("[data-item]")];
const state = form.querySelector("[data-live-state]");
const csrf = () => document.querySelector("meta[name=csrf-token]")?.content || "";

let timer;
let sending = null;
let again = false;
let stopped = false;

/* ── Saving ── */

function show(name, words) {
  state.dataset.state = name;
  if (state.textContent !== words) state.textContent = words;
}

function plan(after = PAUSE) {
  if (stopped) return;
  clearTimeout(timer);
  timer = setTimeout(save, after);
}

async function save() {
  if (stopped) return;
  if (sending) { again = true; return; }
  show("saving", "Saving …");
  sending = post();
  const { status, body } = await sending;
  sending = null;
  if (stopped) return;
  if (status === 200 && "revision" in body) {
    form.elements.revision.value = body.revision;
    live(body);
    show("saved", `Saved ${body.saved}`);
  } else if ([409, 422, 423].includes(status)) {
    show("failed", `Not saved: ${body.detail || "it was refused."}`);
    return;
  } else {
    show("failed", navigator.onLine ? "Not saved: no connection, or signed out." : "Not saved: no connection.");
    plan(RETRY);
    return;
  }
  if (again) { again = false; plan(0); }
}

async function post() {
  try {
    const response = await fetch(form.action, {
      method: "POST",
      headers: { Accept: "application/json", "X-CSRFToken": csrf() },
      body: new URLSearchParams(new FormData(form)),
      redirect: "manual",
    });
    let body = {};
    try { body = await response.json(); } catch { /* a page, not an answer: its status says enough */ }
    return { status: response.status, body };
  } catch {
    return { status: 0, body: {} };
  }
}

function live(body) {
  form.querySelector("[data-live-score]").textContent = body.score || "–";
  form.querySelector("[data-live-count]").textContent = `${body.answered} of ${body.wanted} answered`;
  const band = form.querySelector("[data-live-band]");
  band.hidden = !body.band;
  band.textContent = body.band;
  band.className = `nx-pill nx-tone-${body.tone}`;
  const alerts = form.querySelector("[data-live-alerts]");
  const words = body.alerts.join(" ");
  alerts.hidden = !words;
  if (alerts.textContent !== words) alerts.textContent = words;
  for (const item of items) {
    const problem = body.errors[item.dataset.item] || "";
    const place = item.querySelector("[data-error]");
    item.classList.toggle("ms-wrong", Boolean(problem));
    place.hidden = !problem;
    place.textContent = problem;
  }
}

/* ── Digits ── */

let lastDigit = { item: null, digit: "", at: 0 };

function choose(item, value) {
  const radio = item.querySelector(`input[type=radio][value="${value}"]`);
  if (!radio) return false;
  radio.checked = true;
  radio.dispatchEvent(new Event("change", { bubbles: true }));
  return true;
}

function enter(item) {
  if (!item) { form.querySelector("[data-confirm-action=Complete]").focus(); return; }
  const words = item.querySelector(".ms-words");
  const at = (words && !words.value ? words : null)
    || item.querySelector("input[type=radio]:checked, [data-figure]") || item.querySelector("input[type=radio]");
  at?.focus();
  item.scrollIntoView({ block: "nearest", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
}

const isTyping = (element) => element?.matches("input:not([type=radio]), textarea, select");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector("dialog[open]")) return;
  const item = event.target.closest("[data-item]")
    || items.find((one) => one.querySelector("input[type=radio]") && !one.querySelector("input:checked"));
  if (!item) return;
  if (/^\d$/.test(event.key)) {
    const now = Date.now();
    /* 1 and then 0 within a moment is a ten, for the question that the 1 answered. */
    if (event.key === "0" && lastDigit.digit === "1" && now - lastDigit.at < 700 && choose(lastDigit.item, "10")) {
      lastDigit = { item: null, digit: "", at: 0 };
      event.preventDefault();
      return;
    }
    if (!choose(item, event.key)) return;
    lastDigit = { item, digit: event.key, at: now };
    event.preventDefault();
    event.stopPropagation();
    enter(items[items.indexOf(item) + 1]);
  } else if (event.key === "Backspace" || event.key === "Delete") {
    for (const radio of item.querySelectorAll("input[type=radio]")) radio.checked = false;
    event.preventDefault();
    plan();
  }
}, true);

/* ── The timer ── */

const clock = form.querySelector("[data-timer]");

if (clock) {
  const face = clock.querySelector("[data-timer-clock]");
  const label = clock.querySelector("[data-timer-label]");
  const hint = clock.querySelector("[data-timer-hint]");
  const whole = Number(clock.dataset.seconds);
  const isDown = clock.dataset.timer === "down";
  let began = 0;
  let spent = 0;
  let ticking = 0;

  const seconds = () => spent + (began ? (performance.now() - began) / 1000 : 0);
  const spoken = (value) => (value >= 60 || whole >= 60
    ? `${Math.floor(value / 60)}:${String(Math.floor(value % 60)).padStart(2, "0")}`
    : value.toFixed(1));

  const draw = () => {
    const passed = seconds();
    const shown = isDown ? Math.max(0, whole - passed) : passed;
    face.textContent = isDown ? spoken(Math.ceil(shown)).replace(/\.0$/, "") : spoken(shown);
    if (isDown && shown === 0 && began) { stop(); clock.dataset.state = "over"; hint.textContent = "Time is up."; navigator.vibrate?.(400); }
  };
  const start = () => {
    began = performance.now();
    clock.dataset.state = "running";
    label.textContent = "Stop";
    hint.textContent = "";
    ticking = setInterval(draw, 100);
  };
  const stop = () => {
    spent = seconds();
    began = 0;
    clearInterval(ticking);
    label.textContent = isDown ? "Go on" : "Start";
    clock.dataset.state = "stopped";
  };
  const reset = () => { stop(); spent = 0; label.textContent = "Start"; clock.dataset.state = ""; hint.textContent = ""; draw(); };
  const keep = () => {
    const empty = [...form.querySelectorAll("[data-figure][data-scored]")].find((field) => !field.value);
    if (!empty) { hint.textContent = `${spent.toFixed(1)} s. All trials are filled in.`; return; }
    empty.value = spent.toFixed(1);
    hint.textContent = `${empty.labels[0].firstChild.textContent.trim()}: ${empty.value} s`;
    spent = 0;
    plan();
  };

  clock.querySelector("[data-timer-start]").addEventListener("click", () => {
    if (!began) { if (isDown && seconds() >= whole) reset(); start(); return; }
    stop();
    draw();
    if (!isDown) keep();
  });
  clock.querySelector("[data-timer-reset]").addEventListener("click", reset);
}

/* ── The person ── */

form.addEventListener("change", () => plan());
form.addEventListener("input", (event) => { if (isTyping(event.target)) plan(900); });
form.addEventListener("submit", async (event) => {
  if (event.submitter?.dataset.confirm && !form.dataset.confirmed) return; // asked first
  clearTimeout(timer);
  if (!sending) { stopped = true; return; }
  event.preventDefault();
  const submitter = event.submitter;
  await sending;
  delete form.dataset.sending;
  await new Promise((resolve) => { setTimeout(resolve); });
  stopped = true;
  form.dataset.confirmed = "yes";
  form.requestSubmit(submitter);
});
window.addEventListener("online", () => plan(0));
