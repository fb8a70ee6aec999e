/* What pages do beyond plain HTML: theme, keys, search, menus, dialogs, toasts, failed requests.
   Everything listens on the document, so what htmx swaps in later works without being wired up. */

const SECONDS_A_TOAST_STAYS = 8;
const POLLS_BEFORE_A_WARNING = 3;
const YEAR = 60 * 60 * 24 * 365;
const find = (selector, inside = document) => inside.querySelector(selector);

/* ── Cookies of taste (no personal data; host-only like all others) ── */

function remember(name, value) {
  document.cookie = `__Host-nexus-${name}=${value}; Path=/; Secure; SameSite=Lax; Max-Age=${YEAR}`;
}

/* ── Toasts ── */

const SIGNS = { success: "✓", info: "i", warning: "!", danger: "!" };

export function toast(text, tone = "success", undoUrl = "") {
  const region = find("#nx-toasts");
  if (!region || !text) return;
  const lasting = tone === "danger" || tone === "warning";
  const box = document.createElement("div");
  box.className = `nx-toast nx-tone-${tone in SIGNS ? tone : "info"}`;
  if (lasting) box.setAttribute("role", "alert");
  const sign = document.createElement("span");
  sign.className = "nx-toast-sign";
  sign.setAttribute("aria-hidden", "true");
  sign.textContent = SIGNS[tone] || "i";
  const words = document.createElement("p");
  words.className = "nx-toast-text";
  words.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "nx-toast-close";
  close.setAttribute("aria-label", "Close this message");
  close.textContent = "×";
  close.addEventListener("click", () => box.remove());
  box.append(sign, words, ...(undoUrl ? [undoForm(undoUrl)] : []), close);
  for (const same of region.querySelectorAll(".nx-toast-text")) {
    if (same.textContent === text) same.closest(".nx-toast").remove();
  }
  region.append(box);
  if (lasting) return;
  let timer;
  const leave = () => { timer = setTimeout(() => box.remove(), SECONDS_A_TOAST_STAYS * 1000); };
  for (const event of ["mouseenter", "focusin"]) box.addEventListener(event, () => clearTimeout(timer));
  for (const event of ["mouseleave", "focusout"]) box.addEventListener(event, leave);
  leave();
}

function undoForm(url) {
  const form = document.createElement("form");
  form.method = "post";
  form.action = url;
  const token = document.createElement("input");
  token.type = "hidden";
  token.name = "csrfmiddlewaretoken";
  token.value = csrfToken();
  const button = document.createElement("button");
  button.className = "nx-toast-undo";
  button.textContent = "Undo";
  form.append(token, button);
  return form;
}

function showWaitingToasts(inside = document) {
  for (const template of inside.querySelectorAll("template[data-toast]")) {
    toast(template.content.textContent.trim(), template.dataset.toast, template.dataset.toastUndo);
    template.remove();
  }
}

/* ── Theme ── */

function switchTheme() {
  const root = document.documentElement;
  const next = root.dataset.bsTheme === "dark" ? "light" : "dark";
  root.dataset.bsTheme = next;
  remember("theme", next);
}

/* ── Side bar on narrow screens ── */

function setRail(open) {
  const shell = find("[data-shell]");
  const button = find("[data-rail-open]");
  if (!shell || !button || shell.hasAttribute("data-nav-open") === open) return;
  shell.toggleAttribute("data-nav-open", open);
  button.setAttribute("aria-expanded", String(open));
  for (const backdrop of document.querySelectorAll(".nx-backdrop")) backdrop.hidden = !open;
  find(".nx-main").inert = open;
  if (open) find(".nx-rail-close").focus();
  else button.focus();
}

/* ── Search box: arrows, Enter, Esc ── */

/* Esc puts the results away; an answer that comes later must not bring them back. */
let searchPutAway = false;
/* Where the chosen result leads: an answer that comes later keeps the choice where it still has it. */
let chosenUrl = "";
const searchInput = () => find("#nx-search-input");

function setSearchPanel(open) {
  const input = searchInput();
  const panel = find("[data-search-panel]");
  if (!input || !panel) return;
  if (open && searchPutAway) return;
  panel.hidden = !open;
  input.setAttribute("aria-expanded", String(open));
  if (!open) choose(null);
}

function choose(option) {
  for (const other of document.querySelectorAll("#nx-search-results [aria-selected='true']")) {
    other.setAttribute("aria-selected", "false");
  }
  const input = searchInput();
  chosenUrl = option?.href || "";
  if (!option) return input.removeAttribute("aria-activedescendant");
  option.setAttribute("aria-selected", "true");
  option.scrollIntoView({ block: "nearest" });
  input.setAttribute("aria-activedescendant", option.id);
}

function moveInSearch(event) {
  const options = [...document.querySelectorAll("#nx-search-results .nx-result")];
  const at = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    searchPutAway = false;
    setSearchPanel(true);
    const step = event.key === "ArrowDown" ? 1 : -1;
    const next = at === -1 && step === -1 ? options.length - 1 : at + step;
    choose(options[(next + options.length) % options.length] || null);
  } else if (event.key === "Enter" && at !== -1) {
    event.preventDefault();
    options[at].click();
  } else if (event.key === "Escape") {
    event.preventDefault();
    searchPutAway = true;
    setSearchPanel(false);
    if (!searchInput().value) searchInput().blur();
    else searchInput().select();
  }
}

function focusSearch() {
  const input = searchInput();
  if (!input) return false;
  setRail(false);
  input.focus();
  input.select();
  return true;
}

/* ── Keys ── */

const isTyping = (target) =>
  target.closest?.("input:not([type=checkbox]):not([type=radio]):not([type=button]), textarea, select, [contenteditable=true]");

const KEY_NAMES = { left: "arrowleft", right: "arrowright", up: "arrowup", down: "arrowdown" };

function pressHotkey(event) {
  const key = event.key.toLowerCase();
  for (const element of document.querySelectorAll("[data-hotkey]")) {
    const wanted = element.dataset.hotkey.toLowerCase();
    if ((KEY_NAMES[wanted] || wanted) !== key) continue;
    if (element.closest("[inert], [hidden]") || element.disabled) continue;
    event.preventDefault();
    if (element.matches("input, select, textarea")) element.focus();
    else element.click();
    return;
  }
}

function onKey(event) {
  const ctrl = event.ctrlKey || event.metaKey;
  if (ctrl && event.key.toLowerCase() === "k" && focusSearch()) return event.preventDefault();
  if (event.target === searchInput()) return moveInSearch(event);
  if (event.key === "Escape") return closeWhatIsOpen();
  if (ctrl || event.altKey || isTyping(event.target) || find("dialog[open]")) return;
  if (!document.body.hasAttribute("data-single-keys")) return;
  if (event.key === "/" && focusSearch()) return event.preventDefault();
  if (event.key === "?") return openDialog("nx-shortcuts");
  pressHotkey(event);
}

function closeWhatIsOpen() {
  setRail(false);
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    menu.open = false;
    find("summary", menu).focus();
  }
}

function listHotkeys() {
  const list = find("[data-hotkey-list]");
  if (!list) return;
  list.replaceChildren();
  // A page's keys that press no button are told by elements with `data-key-hint`.
  for (const element of document.querySelectorAll("[data-hotkey], [data-key-hint]")) {
    const row = document.createElement("div");
    const what = document.createElement("dt");
    const key = document.createElement("dd");
    const cap = document.createElement("kbd");
    what.textContent = element.dataset.hotkeyLabel || element.getAttribute("aria-label") || element.textContent.trim();
    const shown = element.dataset.hotkey || element.dataset.keyHint;
    cap.textContent = { left: "←", right: "→", up: "↑", down: "↓" }[shown] || shown.toUpperCase();
    key.append(cap);
    row.append(what, key);
    list.append(row);
  }
}

/* ── Dialogs and "are you sure" ── */

function openDialog(id) {
  const dialog = document.getElementById(id);
  if (!dialog) return;
  if (id === "nx-shortcuts") listHotkeys();
  dialog.showModal();
}

/* Asks with the words in data-confirm (title), -text, -action, -tone, -phrase. Answers true or false. */
export function ask(words) {
  const dialog = find("#nx-confirm");
  const slot = (name) => find(`[data-confirm-slot="${name}"]`, dialog);
  const field = find("#nx-confirm-phrase");
  const action = slot("action");
  slot("title").textContent = words.confirm;
  slot("text").textContent = words.confirmText || "";
  action.textContent = words.confirmAction || "Go on";
  action.className = words.confirmTone === "danger" ? "btn btn-danger" : "btn btn-primary";
  slot("phrase").hidden = !words.confirmPhrase;
  slot("word").textContent = words.confirmPhrase || "";
  field.value = "";
  const check = () => { action.disabled = Boolean(words.confirmPhrase) && field.value !== words.confirmPhrase; };
  field.oninput = check;
  check();
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "confirm"), { once: true });
  });
}

async function onSubmit(event) {
  const form = event.target;
  const words = { ...form.dataset, ...(event.submitter?.dataset || {}) };
  if (words.confirm && !form.hasAttribute("hx-post") && !form.dataset.confirmed) {
    event.preventDefault();
    const submitter = event.submitter;
    if (!(await ask(words))) return;
    form.dataset.confirmed = "yes";
    form.requestSubmit(submitter);
    return;
  }
  delete form.dataset.confirmed;
  if (form.method === "dialog" || event.defaultPrevented) return;
  if (form.dataset.sending) return event.preventDefault();
  if (!form.hasAttribute("hx-post") && form.method === "post") {
    form.dataset.sending = "yes";
    // The way back by the browser's button finds the form usable again.
    setTimeout(() => delete form.dataset.sending, 4000);
  }
}

document.addEventListener("htmx:confirm", async (event) => {
  const words = event.detail.elt.dataset;
  if (!words.confirm) return;
  event.preventDefault();
  if (await ask(words)) event.detail.issueRequest(true);
});

/* ── Clicks ── */

async function copy(button) {
  const words = find("span", button);
  const before = words.textContent;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    words.textContent = "Copied";
    toast("Copied", "success");
  } catch {
    toast("Your browser did not allow copying. Select the text and press Ctrl-C.", "warning");
  }
  setTimeout(() => { words.textContent = before; }, 2000);
}

function onClick(event) {
  const at = (selector) => event.target.closest(selector);
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(event.target) || at(".nx-menu-item")) menu.open = false;
  }
  if (!at("[data-search]")) setSearchPanel(false);
  if (at("[data-theme-switch]")) switchTheme();
  if (at("[data-rail-open]")) setRail(true);
  if (at("[data-rail-close]")) setRail(false);
  if (at("[data-dialog-open]")) openDialog(at("[data-dialog-open]").dataset.dialogOpen);
  if (at("[data-dialog-close]")) at("dialog")?.close();
  if (at("[data-copy]")) copy(at("[data-copy]"));
  if (at("[data-print]")) window.print();
  if (event.target.tagName === "DIALOG") {
    const box = event.target.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside && event.detail) event.target.close();
  }
}

/* ── htmx: the token, and a word when a request fails ── */

const csrfToken = () => find("meta[name=csrf-token]")?.content || "";

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRFToken"] = csrfToken();
});

/* Who has chosen from a list that is still being searched keeps the choice: the late answer is not wanted. */
document.addEventListener("change", (event) => {
  const search = event.target.closest("[data-picker]")?.querySelector("input[type=search]");
  if (search && search !== event.target) window.htmx.trigger(search, "htmx:abort");
});

/* A session that has ended answers with the log-in page: go there, don't show it inside this page. */
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  if (/^\s*<!doctype html/i.test(xhr.responseText) && xhr.status < 400 && !event.detail.boosted && !event.detail.requestConfig.elt.hasAttribute("hx-select")) {
    event.detail.shouldSwap = false;
    window.location.reload();
  }
});

const FAILURES = {
  0: "No connection. Nothing was saved; check the network and try again.",
  400: "The server could not read that request. Reload the page and try again.",
  401: "You have been signed out. Reload the page to sign in.",
  403: "That was refused. Your role may not allow it, or the page is too old: reload it.",
  404: "This no longer exists. Someone may have deleted or moved it: reload the page.",
  409: "Someone else changed this in the meantime. Reload the page to see their change.",
  413: "That is too large to send.",
  423: "This is locked just now. Try again in a moment.",
  429: "Too many requests in a short time.",
  503: "Nexus is not available just now. Nothing was saved; try again in a minute.",
};

function failure(xhr) {
  const type = xhr.getResponseHeader?.("Content-Type") || "";
  if (type.includes("json")) {
    try {
      const detail = JSON.parse(xhr.responseText).detail;
      if (typeof detail === "string") return detail;
    } catch { /* not what it said it was: use our own words */ }
  }
  const wait = Number(xhr.getResponseHeader?.("Retry-After"));
  if (xhr.status === 429 && wait) return `${FAILURES[429]} Try again in ${wait} seconds.`;
  return FAILURES[xhr.status] || (xhr.status >= 500 ? "Something went wrong on our side. Nothing was saved." : "That did not work. Reload the page and try again.");
}

const misses = new WeakMap();

function onFailure(event) {
  const element = event.detail.elt;
  const xhr = event.detail.xhr || { status: 0 };
  if (element.matches?.("[data-poll]")) {
    const count = (misses.get(element) || 0) + 1;
    misses.set(element, count);
    if (count < POLLS_BEFORE_A_WARNING) return;
    element.classList.add("nx-stale");
    const detail = find(".nx-progress-detail", element);
    if (detail) detail.textContent = "The connection is interrupted; trying again. The work itself goes on.";
    return;
  }
  toast(failure(xhr), "danger");
}

for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, onFailure);
}
document.addEventListener("nexus:toast", (event) => toast(event.detail.text, event.detail.tone));
document.addEventListener("htmx:afterSwap", (event) => {
  showWaitingToasts(document);
  if (event.detail.target.id === "nx-search-results") {
    const results = [...event.detail.target.querySelectorAll(".nx-result")];
    choose(results.find((option) => option.href === chosenUrl) || null);
    if (document.activeElement === searchInput()) setSearchPanel(true);
  }
  find("[data-error-summary]", event.detail.target)?.focus();
});

/* ── Tabs that do not fit: the one that is open is in sight ── */

function showOpenTab() {
  for (const open of document.querySelectorAll(".nx-tabs [aria-current]")) {
    const row = open.closest(".nx-tabs");
    row.scrollLeft = open.offsetLeft - (row.clientWidth - open.offsetWidth) / 2;
  }
}

/* The menu is longer than some screens: the entry one is at stands in sight. */
function showOpenEntry() {
  const entry = find(".nx-nav-link.active");
  const menu = entry?.closest(".nx-nav");
  if (!menu) return;
  const below = entry.getBoundingClientRect().bottom - menu.getBoundingClientRect().bottom;
  if (below > 0) menu.scrollTop += below + 12;
}

/* ── Start ── */

showOpenTab();
showOpenEntry();

document.addEventListener("keydown", onKey);
document.addEventListener("click", onClick);
document.addEventListener("submit", onSubmit);
document.addEventListener("input", (event) => {
  if (event.target === searchInput()) searchPutAway = false;
});
document.addEventListener("focusin", (event) => {
  if (event.target === searchInput()) {
    searchPutAway = false;
    setSearchPanel(true);
    // Before anything is typed the server shows today's and recent patients.
    if (!find("#nx-search-results").childElementCount) window.htmx?.trigger(event.target, "nexus:search");
  } else if (!event.target.closest("[data-search]")) setSearchPanel(false);
});
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-single-keys-switch]")) {
    document.body.toggleAttribute("data-single-keys", event.target.checked);
    remember("keys", event.target.checked ? "on" : "off");
  }
  if (event.target.matches("[data-submit-on-change]")) event.target.form.requestSubmit();
});
showWaitingToasts();
find("[data-error-summary]")?.focus();
