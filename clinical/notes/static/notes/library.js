/* The editor of a note template: sections are added, moved and removed, by mouse or keyboard. */

const form = document.querySelector("[data-template-editor]");
const list = form.querySelector("[data-parts]");
const blank = form.querySelector("[data-part-blank]");
const said = form.querySelector("[data-part-said]");

const parts = () => [...list.querySelectorAll("[data-part]")];
const nameOf = (part) => part.querySelector("[name=heading]").value || "Section without heading";
const changed = () => form.dispatchEvent(new Event("input", { bubbles: true }));

function fit(part) {
  const kind = part.querySelector("[data-part-kind]").value;
  part.querySelectorAll("[data-for]").forEach((group) => { group.hidden = !group.dataset.for.split(" ").includes(kind); });
  part.querySelector("[data-lines-label]").textContent = kind === "table" ? "Columns, one in each line" : "Choices, one in each line";
}

function number() {
  const all = parts();
  all.forEach((part, at) => {
    part.querySelector("[data-part-number]").textContent = `Section ${at + 1}`;
    part.querySelector("[data-part-up]").disabled = at === 0;
    part.querySelector("[data-part-down]").disabled = at === all.length - 1;
    part.querySelector("[data-part-remove]").disabled = all.length === 1;
  });
}

function newKey() {
  const taken = parts().map((part) => Number(part.querySelector("[name=key]").value.replace(/\D/g, "")) || 0);
  return `s${Math.max(0, ...taken) + 1}`;
}

function add() {
  const key = newKey();
  list.append(blank.content.cloneNode(true));
  const part = list.lastElementChild;
  part.querySelector("[name=key]").value = key;
  part.querySelector("[name=heading]").value = "";
  fit(part);
  number();
  part.scrollIntoView({ block: "nearest" });
  part.querySelector("[name=heading]").focus();
  changed();
}

function move(part, by, button) {
  const other = by < 0 ? part.previousElementSibling : part.nextElementSibling;
  if (!other) return;
  if (by < 0) other.before(part); else other.after(part);
  number();
  const next = button && !button.disabled ? button : part.querySelector(by < 0 ? "[data-part-down]" : "[data-part-up]");
  next.focus();
  said.textContent = `${nameOf(part)} is section ${parts().indexOf(part) + 1} now`;
  changed();
}

form.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.hasAttribute("data-part-add")) { add(); return; }
  const part = button.closest("[data-part]");
  if (!part) return;
  if (button.hasAttribute("data-part-up")) move(part, -1, button);
  if (button.hasAttribute("data-part-down")) move(part, 1, button);
  if (button.hasAttribute("data-part-remove")) {
    const next = part.nextElementSibling || part.previousElementSibling;
    said.textContent = `${nameOf(part)} is removed`;
    part.remove();
    number();
    next.querySelector("[name=heading]").focus();
    changed();
  }
});

/* Alt and an arrow move the section in which the keyboard is. */
form.addEventListener("keydown", (event) => {
  const part = event.target.closest?.("[data-part]");
  if (!part || !event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
  event.preventDefault();
  const from = document.activeElement;
  move(part, event.key === "ArrowUp" ? -1 : 1);
  from.focus();
});

list.addEventListener("change", (event) => { if (event.target.matches("[data-part-kind]")) fit(event.target.closest("[data-part]")); });
parts().forEach(fit);
number();
