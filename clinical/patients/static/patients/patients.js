/* Patients: narrow rows, arrow keys through the list, rows of a form, filter of the old fields. */

const YEAR = 60 * 60 * 24 * 365;
const root = document.documentElement;

/* Narrow rows: a taste kept on this device. */
function setNarrow(on) {
  root.toggleAttribute("data-narrow-rows", on);
  document.querySelector("[data-density]")?.setAttribute("aria-pressed", String(on));
}
setNarrow(/(?:^|; )__Host-nexus-rows=narrow/.test(document.cookie));
document.querySelector("[data-density]")?.addEventListener("click", () => {
  const on = !root.hasAttribute("data-narrow-rows");
  setNarrow(on);
  document.cookie = `__Host-nexus-rows=${on ? "narrow" : "wide"}; Path=/; Secure; SameSite=Lax; Max-Age=${YEAR}`;
});

/* The search field first, but on a phone that would open its keyboard over the list. */
if (window.matchMedia("(hover: hover)").matches) document.querySelector("[data-focus-first]")?.focus();

/* Arrow keys: from the search field into the names, and from name to name; Enter opens. */
const names = () => [...document.querySelectorAll("#patient-results tbody th a")];
document.addEventListener("keydown", (event) => {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const query = document.querySelector("#id_q");
  const all = names();
  const at = all.indexOf(document.activeElement);
  if (!query || !all.length || (at === -1 && document.activeElement !== query)) return;
  event.preventDefault();
  const next = at + (event.key === "ArrowDown" ? 1 : -1);
  if (next < 0) query.focus();
  else all[Math.min(next, all.length - 1)].focus();
});

/* Rows of a form: another one, made from the template. */
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-rows-add]");
  if (!button) return;
  const box = button.closest("[data-rows]");
  const total = box.querySelector(`#id_${box.dataset.rows}-TOTAL_FORMS`);
  const row = box.querySelector("[data-rows-empty]").content.cloneNode(true);
  for (const element of row.querySelectorAll("[name], [id], [for]")) {
    for (const name of ["name", "id", "for"]) {
      const value = element.getAttribute(name);
      if (value) element.setAttribute(name, value.replace("__prefix__", total.value));
    }
  }
  total.value = Number(total.value) + 1;
  box.querySelector("[data-rows-list]").append(row);
  box.querySelector("[data-rows-list] [data-row]:last-child select").focus();
});

/* Filter of the old system's fields. */
document.addEventListener("input", (event) => {
  const selector = event.target.dataset.filterRows;
  if (!selector) return;
  const wanted = event.target.value.trim().toLowerCase();
  let shown = 0;
  for (const row of document.querySelectorAll(selector)) {
    row.hidden = !row.textContent.toLowerCase().includes(wanted);
    shown += row.hidden ? 0 : 1;
  }
  document.querySelector("#former-none").hidden = shown > 0;
});
