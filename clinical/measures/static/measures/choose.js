/* The list of measures: what is typed leaves those that fit. */

const find = document.querySelector("[data-measure-find]");
const choices = document.querySelector("[data-measure-choices]");
const none = document.querySelector("[data-measure-none]");

function narrow() {
  const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const card of choices.querySelectorAll(".ms-choice-card")) {
    const text = card.textContent.toLowerCase();
    card.parentElement.hidden = !words.every((word) => text.includes(word));
  }
  for (const section of choices.querySelectorAll("section")) {
    section.hidden = !section.querySelector("li:not([hidden])");
  }
  none.hidden = Boolean(choices.querySelector("li:not([hidden])"));
}

find.addEventListener("input", narrow);
find.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  choices.querySelector("li:not([hidden]) .ms-choice-card")?.focus();
});
