/* The editor of a note. What is typed is kept in this browser at once and sent when the person pauses.
   It leaves the browser's store only when the server has it: a lost connection or an ended session
   loses nothing. Signing out empties the store. */

const PAUSE = 2000;
const LONGEST_WAIT = 10000;
const RETRY = 5000;
const DAYS_KEPT = 7;

const form = document.querySelector("[data-note-editor]");
const state = form.querySelector("[data-note-state]");
const conflict = form.querySelector("[data-note-conflict]");
const isAmendment = form.hasAttribute("data-amendment");
const key = `nexus-note-${form.dataset.note}-${form.dataset.person}`;
const revision = form.elements.revision;
const csrf = () => document.querySelector("meta[name=csrf-token]")?.content || "";

let timer;
let waitingSince = 0;
let sending = null;
let sent = snapshot();
let stopped = false;

/* What the person wrote, as pairs of field and value. Choices of tools (sign-…, mode-…) are no part of it. */
function snapshot() {
  const written = [...new FormData(form)].filter(([name]) => /^(title|text|reason|s-.*)$/.test(name));
  return JSON.stringify(written);
}

function show(name, words) {
  state.dataset.state = name;
  if (state.textContent !== words) state.textContent = words;
}

/* ── This browser's copy ── */

function keep() {
  try {
    localStorage.setItem(key, JSON.stringify({ revision: revision.value, text: snapshot(), at: Date.now() }));
  } catch { /* full or forbidden: the server's copy has to do */ }
}

function forget() {
  try { localStorage.removeItem(key); } catch { /* there was none */ }
}

function kept() {
  try {
    const found = JSON.parse(localStorage.getItem(key) || "null");
    if (found && Date.now() - found.at < DAYS_KEPT * 86400000) return found;
  } catch { /* not ours */ }
  forget();
  return null;
}

function put(text) {
  const values = new Map();
  for (const pair of JSON.parse(text)) {
    if (!Array.isArray(pair)) return false; // kept by an older page
    values.set(pair[0], [...(values.get(pair[0]) || []), pair[1]]);
  }
  form.dispatchEvent(new CustomEvent("note:rows", { detail: values }));
  const seen = new Map();
  for (const field of form.elements) {
    if (!/^(title|text|reason|s-.*)$/.test(field.name)) continue;
    const wanted = values.get(field.name) || [];
    if (field.type === "radio" || field.type === "checkbox") { field.checked = wanted.includes(field.value); continue; }
    const at = seen.get(field.name) || 0;
    seen.set(field.name, at + 1);
    field.value = wanted[at] ?? "";
  }
  form.dispatchEvent(new CustomEvent("note:put"));
  return [...values].every(([name, wanted]) => form.elements[name] && (seen.get(name) ?? wanted.length) >= wanted.length);
}

const clock = (moment) => new Date(moment).toLocaleTimeString("en-AU", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

function restore() {
  const found = kept();
  if (!found || found.text === snapshot()) return forget();
  const isNewer = found.revision === revision.value;
  const other = readable(snapshot());
  if (!put(found.text)) return;
  if (isNewer) {
    show("typing", `Brought back what you typed at ${clock(found.at)}`);
    if (!isAmendment) plan();
  } else if (!isAmendment) {
    offer(other, revision.value);
  }
}

const readable = (text) => JSON.parse(text).filter(([name, value]) => value && !form.elements[name]?.matches?.("[data-body-marks]")).map(([, value]) => value).join("\n\n");

/* ── Sending ── */

function plan() {
  clearTimeout(timer);
  const now = Date.now();
  waitingSince ||= now;
  timer = setTimeout(save, now - waitingSince > LONGEST_WAIT ? 0 : PAUSE);
}

async function save() {
  if (stopped || isAmendment) return;
  if (sending) { plan(); return; }
  const text = snapshot();
  if (text === sent) { forget(); return; }
  waitingSince = 0;
  show("saving", "Saving …");
  sending = post();
  const answer = await sending;
  sending = null;
  if (stopped) return;
  if (answer.ok) {
    sent = text;
    revision.value = answer.body.revision;
    if (snapshot() === text) { forget(); show("saved", `Saved ${answer.body.saved}`); }
    else { keep(); plan(); }
  } else {
    refused(answer);
  }
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
    return { ok: response.ok && "revision" in body, status: response.status, body };
  } catch {
    return { ok: false, status: 0, body: {} };
  }
}

function refused({ status, body }) {
  if (status === 409) return offer(body.body, body.revision);
  const again = () => { clearTimeout(timer); timer = setTimeout(save, RETRY); };
  if (status === 0 && !navigator.onLine) { show("failed", "Not saved: no connection. Kept in this browser."); return again(); }
  if (status === 401 || (status === 0 && navigator.onLine)) {
    // A redirect is not followed: it leads to the log-in page. A server that is down looks the same.
    show("failed", "Not saved: no connection, or signed out. Kept in this browser.");
    return again();
  }
  if (status === 404) { show("failed", "Not saved: this note was discarded elsewhere. Copy your text."); return undefined; }
  if (status === 423 || status === 422) { show("failed", `Not saved: ${body.detail || "it was refused."}`); return undefined; }
  show("failed", "Not saved: trying again. Kept in this browser.");
  return again();
}

function offer(other, current) {
  conflict.hidden = false;
  conflict.querySelector("[data-note-other]").textContent = other || "(empty)";
  conflict.dataset.revision = current;
  show("failed", "Not saved: changed in another window.");
  conflict.scrollIntoView({ block: "nearest" });
}

/* ── The person ── */

form.addEventListener("input", (event) => {
  if (/^(sign|mode)-/.test(event.target.name || "")) return; // a tool, nothing written
  keep();
  if (isAmendment) { show("typing", "Kept in this browser until you save"); return; }
  if (!conflict.hidden) return;
  if (state.dataset.state !== "failed") show("typing", "Typing …");
  plan();
});

form.addEventListener("click", (event) => {
  if (event.target.closest("[data-note-overwrite]")) {
    revision.value = conflict.dataset.revision;
    conflict.hidden = true;
    sent = "";
    save();
  }
  if (event.target.closest("[data-note-take]")) { stopped = true; forget(); }
});

/* The form goes to the server as a whole: wait for what is under way, so that its revision is right. */
form.addEventListener("submit", async (event) => {
  if (event.submitter?.dataset.confirm && !form.dataset.confirmed) return; // asked first
  clearTimeout(timer);
  if (event.submitter?.hasAttribute("data-note-discard")) { stopped = true; forget(); return; }
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

window.addEventListener("online", () => { if (!isAmendment) save(); });
window.addEventListener("beforeunload", (event) => {
  if (!stopped && snapshot() !== sent) event.preventDefault();
});
document.addEventListener("visibilitychange", () => { if (document.hidden && !isAmendment) save(); });

/* After the scripts of tables and charts: they put back what is theirs. */
setTimeout(restore);
