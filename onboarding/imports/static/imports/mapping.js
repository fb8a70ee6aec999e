/* The mapping's page and that of the values to decide: finding fields, choosing, what is not saved. */

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const form = document.querySelector("[data-mapping]") || document.querySelector("[data-values]");
let leaving = false;
let touched = false; // a panel was changed: it comes back from the server as it stands

/* ── what is not saved ─────────────────────────────────────────────────────────────────────────── */

const first = new WeakMap();

function initialOf(control) {
  if (control.dataset.initial !== undefined) return control.dataset.initial;
  if (control.closest("[data-anew]")) return null;
  if (!first.has(control)) {
    first.set(control, control.type === "checkbox" ? String(control.defaultChecked) : serverValue(control));
  }
  return first.get(control);
}

function serverValue(control) {
  if (control.tagName !== "SELECT") return control.defaultValue;
  const chosen = [...control.options].find((option) => option.defaultSelected) || control.options[0];
  return chosen ? chosen.value : "";
}

function isChanged(control) {
  const now = control.type === "checkbox" ? String(control.checked) : control.value;
  return now !== initialOf(control);
}

const controls = () => (form ? [...form.elements].filter((c) => c.name && c.type !== "hidden" && c.type !== "submit") : []);
const isDirty = () => Boolean(form) && (touched || form.querySelector("[data-anew]") !== null || controls().some(isChanged));

function tellUnsaved() {
  const note = form.querySelector("[data-unsaved]");
  if (note) note.hidden = !isDirty();
}

window.addEventListener("beforeunload", (event) => {
  if (!leaving && isDirty()) event.preventDefault();
});

/* A file may have more fields than a form may hold: only what was changed is sent. */
const ALWAYS = new Set(["csrfmiddlewaretoken", "options", "create_missing", "then", "accept"]);

function isSent(control) {
  return ALWAYS.has(control.name) || control.type === "hidden" || control.type === "submit" || isChanged(control)
    || control.closest("[data-anew], [data-panel]") !== null;
}

if (form) {
  form.addEventListener("submit", () => {
    leaving = true;
    const quiet = [...form.elements].filter((c) => c.name && !isSent(c));
    quiet.forEach((control) => { control.disabled = true; });
    setTimeout(() => quiet.forEach((control) => { control.disabled = false; }), 0);
  });
  document.body.addEventListener("htmx:configRequest", (event) => {
    const own = event.detail.elt;
    if (!form.contains(own)) return;
    for (const control of form.elements) {
      if (control.name && control !== own && !isSent(control)) event.detail.parameters.delete(control.name);
    }
  });
}

/* ── the choices of a field ────────────────────────────────────────────────────────────────────── */

function fill(select) {
  if (select.dataset.filled) return;
  const choices = select.closest("[data-table]").querySelector("template[data-choices]");
  if (!choices) return;
  initialOf(select);
  const value = select.value;
  while (select.options.length > 2) select.remove(2);
  select.append(choices.content.cloneNode(true));
  if (value && ![...select.options].some((option) => option.value === value)) select.add(new Option(value, value));
  select.value = value;
  select.dataset.filled = "1";
}

function fillTable(table) {
  if (table.open) all("select[data-choice]", table).forEach(fill);
}

/* ── finding and filtering ─────────────────────────────────────────────────────────────────────── */

let filter = "all";

function matches(row, words) {
  const name = row.querySelector("th").textContent.toLowerCase();
  const shown = filter === "all" || row.dataset.state === filter || (filter === "problem" && row.hasAttribute("data-problem"));
  return shown && words.every((word) => name.includes(word));
}

function show() {
  const words = form.querySelector("[data-find]").value.toLowerCase().split(/\s+/).filter(Boolean);
  const narrowed = words.length > 0 || filter !== "all";
  let found = 0;
  for (const table of all("[data-table]", form)) {
    const rows = all("[data-field]", table);
    let here = 0;
    for (const row of rows) {
      row.hidden = !matches(row, words);
      if (row.hidden) row.nextElementSibling.hidden = true;
      here += !row.hidden;
    }
    table.hidden = narrowed && here === 0;
    if (narrowed && here) table.open = true;
    found += here;
  }
  form.querySelector("[data-nothing]").hidden = !narrowed || found > 0;
}

function count() {
  for (const state of ["doubtful", "kept", "problem"]) {
    const place = form.querySelector(`[data-count="${state}"]`);
    const rows = all(state === "problem" ? "[data-problem]" : `[data-field][data-state="${state}"]`, form);
    place.textContent = rows.length;
    if (state === "problem") place.parentElement.hidden = rows.length === 0;
  }
  for (const table of all("[data-table]", form)) {
    const mapped = table.querySelector("[data-mapped]");
    if (mapped) mapped.textContent = all('[data-state="mapped"], [data-state="doubtful"]', table).length;
  }
}

function setFilter(name) {
  filter = name;
  for (const button of all("[data-filter]", form)) button.setAttribute("aria-pressed", String(button.dataset.filter === name));
  show();
}

/* ── one field ─────────────────────────────────────────────────────────────────────────────────── */

function chosen(select) {
  const row = select.closest("[data-field]");
  const goesNowhere = select.value === "" || select.value === "-";
  row.dataset.state = select.value === "" ? "kept" : select.value === "-" ? "left" : "mapped";
  const why = row.querySelector(".im-why");
  const said = document.createElement("span");
  said.className = "text-secondary";
  said.textContent = select.value === "" ? "Kept under its own name." : "Chosen by you.";
  why.replaceChildren(said);
  row.querySelector('[data-set=""]').hidden = select.value === "";
  row.querySelector('[data-set="-"]').hidden = select.value === "-";
  const reading = row.querySelector("[data-reading]");
  reading.hidden = goesNowhere;
  const panel = row.nextElementSibling;
  panel.querySelector("td").replaceChildren();
  if (goesNowhere) close(reading);
  else if (!panel.hidden) htmx.trigger(reading, "read");
  count();
}

function close(button) {
  button.setAttribute("aria-expanded", "false");
  button.closest("[data-field]").nextElementSibling.hidden = true;
}

function toggle(button) {
  const panel = button.closest("[data-field]").nextElementSibling;
  if (!panel.hidden) {
    close(button);
    return;
  }
  button.setAttribute("aria-expanded", "true");
  panel.hidden = false;
  htmx.trigger(button, "read");
}

function step(from, by) {
  const places = all("select[data-choice], select[data-decision]", form).filter((s) => s.offsetParent !== null);
  const row = from.closest("[data-field], [data-value]");
  const at = places.findIndex((s) => s === from || (row && row.contains(s)));
  const next = places[at < 0 ? 0 : at + by];
  if (next) {
    next.focus();
    next.scrollIntoView({ block: "center" });
  }
}

/* ── values to decide ──────────────────────────────────────────────────────────────────────────── */

function decided() {
  const rows = all("[data-value]:not([data-settled])", form);
  let made = 0;
  for (const row of rows) {
    const has = row.querySelector("[data-decision]").value !== "";
    row.toggleAttribute("data-decided", has);
    made += has;
  }
  form.querySelector("[data-progress]").textContent = `${made} of ${rows.length} decided`;
  if (rows.length) form.querySelector("[data-bar]").value = made;
}

/* ── wiring ────────────────────────────────────────────────────────────────────────────────────── */

if (form) {
  form.addEventListener("change", (event) => {
    const control = event.target;
    if (control.matches("[data-choice]")) chosen(control);
    if (control.matches("[data-decision]")) decided();
    const panel = control.closest("[data-panel]");
    if (panel) touched = true;
    if (panel) htmx.trigger(panel.closest("tr").previousElementSibling.querySelector("[data-reading]"), "read");
    tellUnsaved();
  });
  form.addEventListener("input", (event) => {
    if (event.target.matches("[data-find]")) show();
  });
  form.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.matches("[data-filter]")) setFilter(button.dataset.filter);
    if (button.matches("[data-show-all]")) {
      form.querySelector("[data-find]").value = "";
      setFilter("all");
    }
    if (button.matches("[data-reading]")) toggle(button);
    if (button.matches("[data-set]")) {
      const select = button.closest("[data-field]").querySelector("[data-choice]");
      select.value = button.dataset.set;
      select.dispatchEvent(new Event("change", { bubbles: true }));
      select.focus();
    }
    if (button.matches("[data-suggest]")) {
      const select = button.closest("[data-value]").querySelector("[data-decision]");
      select.value = button.dataset.suggest;
      select.dispatchEvent(new Event("change", { bubbles: true }));
      step(select, 1);
    }
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("[data-find]")) event.preventDefault();
    if (!event.ctrlKey || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
    event.preventDefault();
    step(event.target, event.key === "ArrowDown" ? 1 : -1);
  });
  form.addEventListener("toggle", (event) => {
    if (event.target.matches("[data-table]")) fillTable(event.target);
  }, true);
  form.addEventListener("focusin", (event) => {
    if (event.target.matches("select[data-choice]")) fill(event.target);
  });
}

if (form && form.matches("[data-mapping]")) {
  const later = window.requestIdleCallback || ((run) => setTimeout(run, 1));
  for (const table of all("[data-table]", form)) later(() => fillTable(table));
  document.body.addEventListener("htmx:afterSwap", (event) => {
    all("[data-table]", form).forEach(fillTable);
    if (event.target.matches("[data-table]") || event.target === form) show();
    count();
    tellUnsaved();
  });
  count();
  const wrong = form.querySelector("[data-problem]");
  if (wrong) wrong.scrollIntoView({ block: "center" });
}
if (form && form.matches("[data-values]")) {
  decided();
  const open = form.querySelector("[data-value]:not([data-decided]):not([data-settled]) [data-decision]");
  if (open) open.focus({ preventScroll: true });
}
