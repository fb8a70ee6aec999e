/* Tables in the editor of a note: rows are added and removed, and brought back with what was kept. */

const form = document.querySelector("[data-note-editor]");

const table = (button) => button.closest("fieldset").querySelector("[data-note-table]");
const changed = (node) => node.dispatchEvent(new Event("input", { bubbles: true }));

function relabel(rows) {
  rows.querySelectorAll("tbody tr").forEach((row, at) => {
    row.querySelectorAll("input").forEach((cell) => {
      cell.setAttribute("aria-label", cell.getAttribute("aria-label").replace(/\d+$/, at + 1));
    });
    row.querySelector("[data-row-remove]").setAttribute("aria-label", `Remove row ${at + 1}`);
  });
}

function add(rows) {
  const last = rows.tBodies[0].lastElementChild;
  const row = last.cloneNode(true);
  row.querySelectorAll("input").forEach((cell) => { cell.value = ""; });
  last.after(row);
  relabel(rows);
  return row;
}

form.addEventListener("click", (event) => {
  const button = event.target.closest("[data-row-add], [data-row-remove]");
  if (!button) return;
  if (button.hasAttribute("data-row-add")) { add(table(button)).querySelector("input").focus(); return; }
  const row = button.closest("tr");
  const rows = button.closest("table");
  if (rows.tBodies[0].rows.length === 1) {
    row.querySelectorAll("input").forEach((cell) => { cell.value = ""; });
    row.querySelector("input").focus();
  } else {
    const next = row.nextElementSibling || row.previousElementSibling;
    row.remove();
    relabel(rows);
    next.querySelector("input").focus();
  }
  changed(rows);
});

/* Enter in a cell goes to the next row, and makes one below the last. */
form.addEventListener("keydown", (event) => {
  const cell = event.target.closest?.("[data-note-table] input");
  if (!cell || event.key !== "Enter") return;
  event.preventDefault();
  const row = cell.closest("tr");
  const at = [...row.children].indexOf(cell.parentElement);
  const next = row.nextElementSibling || add(cell.closest("table"));
  next.children[at].querySelector("input").focus();
});

form.addEventListener("note:rows", ({ detail: values }) => {
  form.querySelectorAll("[data-note-table]").forEach((rows) => {
    const wanted = Math.max(...[...rows.querySelectorAll("tbody tr:first-child input")].map((cell) => (values.get(cell.name) || []).length));
    while (rows.tBodies[0].rows.length < wanted) add(rows);
  });
});
