/* The order of the diary's columns in the drawer: rows go up and down by their buttons. */

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-column-move]");
  if (!button) return;
  const row = button.closest("[data-column-row]");
  const by = Number(button.dataset.columnMove);
  const other = by < 0 ? row.previousElementSibling : row.nextElementSibling;
  if (!other) return;
  if (by < 0) other.before(row);
  else other.after(row);
  button.focus();
});
