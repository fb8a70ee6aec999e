/* Choosing the patient of an appointment, on the page and in the diary's drawer; arrow keys go through the names. */

const boxOf = (element) => element.closest("[data-patient-choice]");
const optionsOf = (box) => [...box.querySelectorAll("[data-choose]")];

function choose(box, id, name) {
  const part = (key) => box.querySelector(`[data-${key}]`);
  box.querySelector("input[type=hidden]").value = id;
  part("chosen-name").textContent = name;
  part("chosen").hidden = !id;
  part("query").hidden = Boolean(id);
}

document.addEventListener("click", (event) => {
  const option = event.target.closest("[data-choose]");
  const box = boxOf(event.target);
  if (!box) return;
  if (option) {
    choose(box, option.dataset.choose, option.dataset.name);
    box.closest("form").querySelector("[name=time]").focus();
  } else if (event.target.closest("[data-choose-again]")) {
    const query = box.querySelector("[type=search]");
    choose(box, "", "");
    query.value = "";
    query.focus();
  }
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
