/* Marks on a body chart: by a tap or a stroke of finger, pen or mouse, or by a region from the list.
   Points are kept as fractions of the figure, so they fit every size. */

const { regions, signs } = JSON.parse(document.getElementById("body-chart").textContent);
const WIDTH = 200;
const HEIGHT = 440;
const MOST_MARKS = 60;
const MOST_POINTS = 400;
const SVG = "http://www.w3.org/2000/svg";
const NEAR = 3; // units of the figure that a stroke goes on before another point is kept

const made = (name, attributes, ...children) => {
  const node = document.createElementNS(SVG, name);
  Object.entries(attributes).forEach(([key, value]) => node.setAttribute(key, value));
  node.append(...children);
  return node;
};
const rounded = (number) => Math.round(Math.min(1, Math.max(0, number)) * 10000) / 10000;

function regionOf({ view, points }) {
  const x = points.reduce((sum, point) => sum + point[0], 0) / points.length * WIDTH;
  const y = points.reduce((sum, point) => sum + point[1], 0) / points.length * HEIGHT;
  const far = ([, atX, atY]) => (atX * WIDTH - x) ** 2 + (atY * HEIGHT - y) ** 2;
  return Object.values(regions[view]).reduce((best, one) => (far(one) < far(best) ? one : best))[0];
}

const words = (mark) => `${signs[mark.sign][0]}, ${regionOf(mark).toLowerCase()} (${mark.view})`;

class Chart {
  constructor(root) {
    this.root = root;
    this.field = root.querySelector("[data-body-marks]");
    this.list = root.querySelector("[data-body-list]");
    this.figures = [...root.querySelectorAll(".nt-figure")];
    this.form = root.closest("form");
    this.stroke = null;
    this.read();
    this.figures.forEach((figure) => {
      figure.addEventListener("pointerdown", (event) => this.begin(figure, event));
      figure.addEventListener("pointermove", (event) => this.go(figure, event));
      figure.addEventListener("pointerup", (event) => this.end(figure, event));
      figure.addEventListener("pointercancel", () => { this.stroke = null; this.draw(); });
      figure.addEventListener("click", (event) => { if (this.mode === "point") this.add(figure.dataset.view, [this.place(figure, event)]); });
    });
    root.addEventListener("change", (event) => { if (event.target.matches("[data-body-mode]")) this.setMode(); });
    root.querySelector("[data-body-undo]").addEventListener("click", () => this.remove(this.marks.length - 1));
    root.querySelector("[data-body-add]").addEventListener("click", () => {
      const [view, x, y] = root.querySelector("[data-body-region]").value.split(" ");
      this.add(view, [[rounded(Number(x)), rounded(Number(y))]]);
    });
    this.list.addEventListener("click", (event) => {
      const button = event.target.closest("[data-mark-remove]");
      if (button) this.remove(Number(button.dataset.markRemove));
    });
    this.list.addEventListener("input", (event) => {
      this.marks[Number(event.target.dataset.mark)].label = event.target.value;
      this.write();
      event.stopPropagation();
    });
    this.form.addEventListener("note:put", () => this.read());
    this.setMode();
  }

  get mode() { return this.root.querySelector("[data-body-mode]:checked")?.value || "point"; }
  get sign() { return this.root.querySelector("[data-body-sign]:checked")?.value || "pain"; }

  /* A finger scrolls over the figure unless it draws. */
  setMode() { this.root.classList.toggle("nt-drawing", this.mode === "draw"); }

  read() {
    try { this.marks = JSON.parse(this.field.value || "[]"); } catch { this.marks = []; }
    this.draw();
    this.show();
  }

  write() {
    this.field.value = JSON.stringify(this.marks);
    this.field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  place(figure, event) {
    const box = figure.getBoundingClientRect();
    return [rounded((event.clientX - box.left) / box.width), rounded((event.clientY - box.top) / box.height)];
  }

  begin(figure, event) {
    if (this.mode !== "draw" || event.button > 0) return;
    event.preventDefault();
    figure.setPointerCapture(event.pointerId);
    this.stroke = { view: figure.dataset.view, sign: this.sign, label: "", points: [this.place(figure, event)] };
  }

  go(figure, event) {
    if (!this.stroke) return;
    const [x, y] = this.place(figure, event);
    const [lastX, lastY] = this.stroke.points.at(-1);
    if (Math.hypot((x - lastX) * WIDTH, (y - lastY) * HEIGHT) < NEAR || this.stroke.points.length >= MOST_POINTS) return;
    this.stroke.points.push([x, y]);
    this.draw();
  }

  end() {
    if (!this.stroke) return;
    const { view, points } = this.stroke;
    this.stroke = null;
    this.add(view, points);
  }

  add(view, points) {
    if (this.marks.length >= MOST_MARKS) { this.say(`A chart holds ${MOST_MARKS} marks.`); return; }
    this.marks.push({ view, sign: this.sign, label: "", points });
    this.write();
    this.draw();
    this.show();
    this.say(`Mark ${this.marks.length}: ${words(this.marks.at(-1))}`);
  }

  remove(at) {
    if (!this.marks[at]) return;
    this.say(`Removed: ${words(this.marks[at])}`);
    this.marks.splice(at, 1);
    this.write();
    this.draw();
    this.show();
    const next = this.list.querySelectorAll("[data-mark-remove]")[Math.min(at, this.marks.length - 1)];
    (next || this.root.querySelector("[data-body-region]")).focus({ preventScroll: true });
  }

  say(text) { this.root.querySelector("[data-body-said]").textContent = text; }

  draw() {
    const all = this.stroke ? [...this.marks, this.stroke] : this.marks;
    this.figures.forEach((figure) => {
      const shapes = all.flatMap((mark, at) => (mark.view === figure.dataset.view ? this.shapes(mark, at + 1) : []));
      figure.querySelector("[data-marks]").replaceChildren(...shapes);
    });
  }

  shapes({ sign, points }, number) {
    const colour = signs[sign][1];
    const [x, y] = [points[0][0] * WIDTH, points[0][1] * HEIGHT];
    const path = points.map(([px, py], at) => `${at ? "L" : "M"}${(px * WIDTH).toFixed(1)} ${(py * HEIGHT).toFixed(1)}`).join(" ");
    const line = made("path", { d: path, fill: "none", stroke: colour, "stroke-width": 4, "stroke-opacity": 0.75, "stroke-linecap": "round", "stroke-linejoin": "round" });
    return [
      ...(points.length > 1 ? [line] : []),
      made("circle", { cx: x, cy: y, r: 7.5, fill: colour, stroke: "#fff", "stroke-width": 1 }),
      made("text", { x, y, dy: 3.2, "text-anchor": "middle", "font-size": 9, "font-weight": 700, fill: "#fff" }, String(number)),
    ];
  }

  show() {
    this.root.querySelector("[data-body-empty]").hidden = this.marks.length > 0;
    this.root.querySelector("[data-body-undo]").disabled = this.marks.length === 0;
    this.list.replaceChildren(...this.marks.map((mark, at) => this.line(mark, at)));
  }

  line(mark, at) {
    const item = document.createElement("li");
    const what = document.createElement("span");
    what.textContent = words(mark);
    const label = document.createElement("input");
    label.className = "form-control form-control-sm";
    label.maxLength = 120;
    label.value = mark.label;
    label.placeholder = "In a word: sharp, on stairs …";
    label.dataset.mark = at;
    label.setAttribute("aria-label", `Words for mark ${at + 1}`);
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-icon btn-ghost";
    button.dataset.markRemove = at;
    button.setAttribute("aria-label", `Remove mark ${at + 1}`);
    button.textContent = "×";
    item.append(what, label, button);
    return item;
  }
}

document.querySelectorAll("[data-body-chart]").forEach((root) => new Chart(root));
