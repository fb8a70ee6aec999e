/* Lines of a draft: what an item says is filled in. Lists: all at once, and what the chosen come to. */

const items = JSON.parse(document.querySelector("#invoice-items")?.textContent || "{}");

document.addEventListener("change", (event) => {
  const field = event.target;
  if (field.matches("[data-row] select[name$='-item']") && items[field.value]) {
    const row = field.closest("[data-row]");
    for (const [name, value] of Object.entries(items[field.value])) {
      const target = row.querySelector(`[name$='-${name}']`);
      if (target) target.value = value;
    }
  }
  if (field.matches("[name='payer_kind']")) {
    const picker = document.querySelector("[data-payer-contact]");
    if (picker) picker.hidden = field.value !== "contact";
  }
  if (field.matches("[data-all]")) {
    for (const box of document.querySelectorAll("[name='visit']:not(:disabled)")) box.checked = field.checked;
  }
  if (field.matches("[data-all], [name='visit']")) count();
});

function count() {
  const out = document.querySelector("[data-chosen]");
  if (!out) return;
  const chosen = [...document.querySelectorAll("[name='visit']:checked")];
  const cents = chosen.reduce((sum, box) => sum + Number(box.dataset.cents), 0);
  const dollars = (cents / 100).toLocaleString("en-AU", { style: "currency", currency: "AUD" });
  out.textContent = `${chosen.length} ${chosen.length === 1 ? "visit" : "visits"}, ${dollars}`;
}

const kind = document.querySelector("[name='payer_kind']:checked, select[name='payer_kind']");
const picker = document.querySelector("[data-payer-contact]");
if (kind && picker) picker.hidden = kind.value !== "contact";
count();
