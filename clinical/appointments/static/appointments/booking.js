/* Choosing the patient of an appointment, on the page and in the diary's drawer; arrow keys go through the names. */

const boxOf = (element) => element.closest("[data-patient-choice]");
const optionsOf = (box) => [...box.querySelectorAll("[data-choose]")];

function choose(box, id, name) {
  const part = (key) => box.querySelector(`[data-${key}]`);
  box.querySelector("input[type=hidden]").value = id;
  part("chosen-name").textContent = name;
  part("chosen").hidden = !id;
  part("query").hidden = Boolean(id);
  tell(box);
}

/* Scripts that set a field tell what listens to the form. */
const tell = (element) => element.dispatchEvent(new Event("change", { bubbles: true }));

document.addEventListener("click", (event) => {
  const option = event.target.closest("[data-choose]");
  const box = boxOf(event.target);
  if (!box) return;
  if (option) {
    choose(box, option.dataset.choose, option.dataset.name);
    const form = box.closest("form");
    (form.querySelector("[name=time]") || form.querySelector("button.btn-primary"))?.focus();
  } else if (event.target.closest("[data-choose-again]")) {
    const query = box.querySelector("[type=search]");
    choose(box, "", "");
    query.value = "";
    query.focus();
  }
});

/* A free time that is chosen goes into the form it was looked for. */
document.addEventListener("click", (event) => {
  const opening = event.target.closest("[data-opening]");
  if (!opening) return;
  const form = opening.closest("form");
  for (const name of ["date", "time", "practitioner", "location"]) {
    const field = form.querySelector(`[name=${name}]`);
    if (field && opening.dataset[name]) field.value = opening.dataset[name];
  }
  tell(form);
  for (const other of form.querySelectorAll("[data-opening]")) other.setAttribute("aria-pressed", String(other === opening));
  form.querySelector("[type=submit]")?.focus();
});

document.addEventListener("keydown", (event) => {
  const box = boxOf(document.activeElement || document.body);
  if (!box) return;
  const query = box.querySelector("[type=search]");
  const options = optionsOf(box);
  const at = options.indexOf(document.activeElement);
  if (document.activeElement !== query && at === -1) return;
  if (event.key === "Enter" && document.activeElement === query) {
    event.preventDefault();
    options[0]?.click();
  }
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  event.preventDefault();
  const next = at + (event.key === "ArrowDown" ? 1 : -1);
  if (next < 0) query.focus();
  else options[Math.min(next, options.length - 1)]?.focus();
});
