/* What the ticked lines come to, and one box for all of them. */

const form = document.querySelector("[data-claims]");

if (form) {
  const all = form.querySelector("[data-claims-all]");
  const lines = [...form.querySelectorAll("[data-claims-line]")];
  const everything = form.querySelector("[data-claims-everything]");
  const sum = form.querySelector("[data-claims-sum]");
  const dollars = new Intl.NumberFormat("en-AU", { style: "currency", currency: "AUD" });

  const show = () => {
    const ticked = lines.filter((line) => line.checked);
    all.checked = ticked.length === lines.length;
    all.indeterminate = ticked.length > 0 && !all.checked;
    if (everything && !all.checked) everything.checked = false;
    const cents = ticked.reduce((total, line) => total + Number(line.dataset.cents), 0);
    const more = everything?.checked ? "" : `: ${ticked.length} line${ticked.length === 1 ? "" : "s"}, ${dollars.format(cents / 100)}`;
    if (sum) sum.textContent = more;
  };

  all.addEventListener("change", () => {
    for (const line of lines) line.checked = all.checked;
    show();
  });
  form.addEventListener("change", show);
  show();
}
