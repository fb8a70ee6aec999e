/* Choosing the patient of an appointment; arrow keys go through the names. */

const box = document.querySelector("[data-patient-choice]");
const part = (name) => box.querySelector(`[data-${name}]`);
const query = document.querySelector("#patient-query");

function choose(id, name) {
  box.querySelector("input[type=hidden]").value = id;
  part("chosen-name").textContent = name;
  part("chosen").hidden = !id;
  part("query").hidden = Boolean(id);
}

document.addEventListener("click", (event) => {
  const option = event.target.closest("[data-choose]");
  if (option) {
    choose(option.dataset.choose, option.dataset.name);
    document.querySelector("#id_time").focus();
  } else if (event.target.closest("[data-choose-again]")) {
    choose("", "");
    query.value = "";
    query.focus();
  }
});

document.addEventListener("keydown", (event) => {
  const options = [...document.querySelectorAll("#patient-options [data-choose]")];
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
