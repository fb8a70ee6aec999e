/* Finds settings as one types: every word must stand in the label, the line below it or the section. */

const box = document.querySelector("[data-settings-find]");

function find() {
  const wanted = box.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const section of document.querySelectorAll("[data-settings-section]")) {
    const heading = section.querySelector("h2").textContent.toLowerCase();
    let here = 0;
    for (const entry of section.querySelectorAll("[data-settings-entry]")) {
      const text = `${heading} ${entry.textContent.toLowerCase()}`;
      entry.hidden = !wanted.every((word) => text.includes(word));
      here += entry.hidden ? 0 : 1;
    }
    section.hidden = here === 0;
    shown += here;
  }
  document.querySelector("[data-settings-none]").hidden = shown > 0;
  document.querySelector("[data-settings-found]").textContent = wanted.length ? `${shown} found` : "";
}

box?.addEventListener("input", find);
box?.addEventListener("keydown", (event) => {
  if (event.key === "Enter") document.querySelector("[data-settings-entry]:not([hidden]) a")?.click();
  if (event.key === "Escape") { box.value = ""; find(); }
});
