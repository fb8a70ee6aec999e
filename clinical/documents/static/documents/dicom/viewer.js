/* The viewer of medical images: windows, zoom, turning, lengths, slices and frames. */

const root = document.querySelector("[data-dicom]");
const part = (name) => root.querySelector(`[data-dicom-${name}]`);
const load = (name) => import(new URL(root.dataset[name], document.baseURI));
const [reading, decoding, drawing, telling, stacking] = await Promise.all(["reading", "decoding", "drawing", "telling", "stacking"].map(load));

const CT_WINDOWS = [["Bone", 500, 2000], ["Soft tissue", 40, 400], ["Spine", 50, 350], ["Lung", -500, 1500], ["Brain", 40, 80]];
const LINE = "#ffd166";
const UPRIGHT = { zoom: 1, x: 0, y: 0, turns: 0, isFlipped: false };

const decoders = Object.fromEntries(["lossless", "openjpeg", "openjpegWasm", "charls", "charlsWasm"].map((name) => [name, new URL(root.dataset[name], document.baseURI).href]));
const person = root.dataset.family || root.dataset.given ? { ...root.dataset } : null;
const stage = part("stage");
const canvas = part("canvas");
const marks = part("marks");
const small = document.createElement("canvas");

const stack = new stacking.Stack(root.dataset.stackUrl, reading);
let slices = []; // of the series that is shown: { file, frame }
let at = 0;
let image = null;
let pixels = null;
let range = null;
let view = { ...UPRIGHT };
let shade = null; // the window; null until an image has one
let isInverted = false;
let tool = "window";
let turn = 0; // of the asked-for slices only the last is drawn
let lines = new Map(); // slice → lines
let drawn = null; // the line under the finger
let playing = null;

const key = () => (slices[at] ? `${slices[at].file.id} ${slices[at].frame}` : "");
const linesHere = () => lines.get(key()) || [];

/* ── What is on the stage ── */

function say(text, isBad = false) {
  part("say").textContent = text;
  part("say").toggleAttribute("data-bad", isBad);
  part("say").hidden = !text;
}

function paint() {
  if (!pixels) return;
  drawing.draw(small, pixels, image, shade, isInverted);
  place();
}

function place() {
  if (!pixels) return;
  const density = window.devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = stage;
  for (const one of [canvas, marks]) {
    if (one.width !== Math.round(width * density)) one.width = Math.round(width * density);
    if (one.height !== Math.round(height * density)) one.height = Math.round(height * density);
  }
  const matrix = drawing.placed(image, view, width, height);
  const context = canvas.getContext("2d");
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.fillStyle = "#000";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.setTransform(new DOMMatrix().scaleSelf(density).multiplySelf(matrix));
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "high";
  context.drawImage(small, 0, 0);
  measureOn(marks.getContext("2d"), matrix, density);
  tellView();
}

function measureOn(context, matrix, density) {
  context.setTransform(density, 0, 0, density, 0, 0);
  context.clearRect(0, 0, stage.clientWidth, stage.clientHeight);
  context.font = "600 13px sans-serif";
  context.lineWidth = 2;
  for (const line of [...linesHere(), ...(drawn ? [drawn] : [])]) {
    const [from, to] = [line.from, line.to].map((point) => matrix.transformPoint(point));
    context.strokeStyle = LINE;
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(to.x, to.y);
    context.stroke();
    for (const end of [from, to]) { context.beginPath(); context.arc(end.x, end.y, 4, 0, 7); context.stroke(); }
    const text = drawing.lengthOf(line, image);
    const room = context.measureText(text).width;
    const left = Math.min(Math.max(to.x + 10, 4), stage.clientWidth - room - 14);
    const top = Math.min(Math.max(to.y - 10, 20), stage.clientHeight - 12);
    context.fillStyle = "rgb(0 0 0 / 75%)";
    context.fillRect(left - 5, top - 15, room + 10, 21);
    context.fillStyle = LINE;
    context.fillText(text, left, top);
  }
  part("lengths").textContent = linesHere().map((line, n) => `Line ${n + 1}: ${drawing.lengthOf(line, image)}`).join("; ");
  part("clear").hidden = !linesHere().length;
}

function tellView() {
  const { facts } = image;
  part("who").textContent = [telling.nameOf(facts.name).shown, facts.born && telling.dayOf(facts.born)].filter(Boolean).join("\n");
  part("what").textContent = [facts.series || facts.study || telling.kindOf(facts), telling.dayOf(facts.studyDate)].filter(Boolean).join("\n");
  part("shade").textContent = pixels.rgba && !shade.isChanged ? "" : `C ${Math.round(shade.centre)}  W ${Math.round(shade.width)}`;
  part("scale").textContent = `${Math.round(drawing.placed(image, { ...view, turns: 0, isFlipped: false }, stage.clientWidth, stage.clientHeight).a * 100)} %`;
}

/* ── Which image ── */

async function show(index, { isFresh = false } = {}) {
  const mine = ++turn;
  at = Math.min(Math.max(index, 0), slices.length - 1);
  tellPlace();
  const { file, frame } = slices[at];
  const waiting = setTimeout(() => { if (mine === turn) say("Loading…"); }, 250);
  try {
    const opened = await stack.image(file);
    const found = await decoding.decode(opened, frame, decoders);
    if (mine !== turn) return;
    image = opened;
    pixels = found;
    range = drawing.rangeOf(pixels, image);
    if (isFresh || !shade) { offerWindows(); applyWindow(part("windows").value); }
    say("");
    tellImage();
    paint();
    ahead();
  } catch (error) {
    if (mine !== turn) return;
    pixels = null;
    for (const one of [canvas, marks]) one.width = one.width; // empties it
    fail(error);
  } finally {
    clearTimeout(waiting);
  }
}

/* Words that were meant for a person are shown; a slip of ours is not. */
function fail(error) {
  const isTold = error?.constructor === Error || error instanceof reading.CannotShow;
  say(`${isTold ? error.message : "This image could not be drawn."} You can download the file and open it in another program.`, true);
  if (!isTold) console.warn(error);
}

function ahead() {
  for (const step of [1, -1, 2]) {
    const next = slices[at + step];
    if (next && next.file !== slices[at].file) stack.image(next.file).catch(() => {});
  }
}

function tellPlace() {
  const many = slices.length > 1;
  part("frames").hidden = !many;
  if (!many) return;
  part("slider").max = slices.length;
  part("slider").value = at + 1;
  part("slider").setAttribute("aria-valuetext", `Image ${at + 1} of ${slices.length}`);
  part("place").textContent = `${at + 1} / ${slices.length}`;
}

function tellImage() {
  canvas.setAttribute("aria-label", `${telling.kindOf(image.facts)}${image.facts.part ? ` of ${image.facts.part.toLowerCase()}` : ""}${slices.length > 1 ? `, image ${at + 1} of ${slices.length}` : ""}`);
  const list = part("facts");
  list.replaceChildren(...telling.pairs(image).map(([label, value]) => {
    const row = document.createElement("div");
    const [term, said] = [document.createElement("dt"), document.createElement("dd")];
    term.textContent = label;
    said.textContent = value;
    row.append(term, said);
    return row;
  }));
  const warning = person ? telling.warningOf(image.facts, { ...person, shown: person.person }) : null;
  part("warning").hidden = !warning;
  if (warning && part("warning-text").textContent !== warning.text) {
    part("warning-title").textContent = warning.title;
    part("warning-text").textContent = warning.text;
  }
}

/* ── Windows ── */

function offerWindows() {
  const own = image.windows.map(({ centre, width, name }, n) => [`file${n}`, name || (image.windows.length > 1 ? `As stored ${n + 1}` : "As stored"), centre, width]);
  const known = image.facts.modality === "CT" ? CT_WINDOWS.map(([name, centre, width]) => [name, name, centre, width]) : [];
  const { low, high, usual } = range;
  const colour = pixels.rgba ? [["as-is", "As stored", 128, 256]] : [];
  const all = [...colour, ...(pixels.rgba ? [] : own), ...known, ["auto", "Automatic", usual.centre, usual.width], ["full", "Everything", (low + high) / 2 + 0.5, high - low + 1]];
  part("windows").replaceChildren(...all.map(([value, name, centre, width]) => {
    const option = new Option(name, value);
    option.dataset.centre = centre;
    option.dataset.width = width;
    return option;
  }), new Option("By hand", "hand", false, false));
  part("windows").lastElementChild.hidden = true;
}

function applyWindow(value) {
  const chosen = [...part("windows").options].find((option) => option.value === value);
  if (!chosen?.dataset.width) return;
  part("windows").value = value;
  shade = { centre: Number(chosen.dataset.centre), width: Number(chosen.dataset.width), isChanged: !["as-is"].includes(value) };
  paint();
}

function shiftWindow(across, down) {
  if (!pixels) return;
  const unit = Math.max((range.high - range.low) / 800, 0.01);
  shade = { centre: shade.centre + down * unit, width: Math.max(1, shade.width + across * unit), isChanged: true };
  part("windows").value = "hand";
  soon();
}

let isDue = false;
function soon() {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => { isDue = false; paint(); });
}

/* ── What buttons, keys and fingers do ── */

function zoomAt(factor, x = stage.clientWidth / 2, y = stage.clientHeight / 2) {
  const zoom = Math.min(Math.max(view.zoom * factor, 0.2), 40);
  const by = zoom / view.zoom;
  const [middleX, middleY] = [stage.clientWidth / 2, stage.clientHeight / 2];
  view = { ...view, zoom, x: (view.x + middleX - x) * by + x - middleX, y: (view.y + middleY - y) * by + y - middleY };
  place();
}

function choose(name) {
  tool = name;
  stage.dataset.tool = name;
  for (const button of root.querySelectorAll("button[data-tool]")) button.setAttribute("aria-pressed", String(button.dataset.tool === name));
}

function play() {
  const isOn = playing !== null;
  clearInterval(playing);
  playing = isOn ? null : setInterval(() => show((at + 1) % slices.length), 1000 / Math.min(Math.max(image.perSecond, 1), 30));
  part("play").setAttribute("aria-pressed", String(!isOn));
}

const DO = {
  larger: () => zoomAt(1.25),
  smaller: () => zoomAt(0.8),
  fit: () => { view = { ...view, zoom: 1, x: 0, y: 0 }; place(); },
  invert: () => { isInverted = !isInverted; root.querySelector("[data-do=invert]").setAttribute("aria-pressed", String(isInverted)); paint(); },
  turn: () => { view = { ...view, turns: (view.turns + (view.isFlipped ? 3 : 1)) % 4, x: 0, y: 0 }; place(); },
  // Left and right change places as they are seen, however the image is turned.
  flip: () => { view = { ...view, isFlipped: !view.isFlipped, turns: view.turns % 2 ? (view.turns + 2) % 4 : view.turns }; place(); },
  before: () => show(at - 1),
  after: () => show(at + 1),
  play,
  clear: () => { lines.delete(key()); place(); },
  reset: () => {
    view = { ...UPRIGHT };
    lines = new Map();
    if (isInverted) DO.invert();
    if (pixels) { offerWindows(); applyWindow(part("windows").options[0].value); }
  },
};

root.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.tool) choose(button.dataset.tool);
  else if (button?.dataset.do) DO[button.dataset.do]();
});
part("windows").addEventListener("change", () => applyWindow(part("windows").value));
part("slider").addEventListener("input", () => show(Number(part("slider").value) - 1));
part("series").addEventListener("change", () => open(stack.series[Number(part("series").value)], 0));

const KEYS = {
  w: () => choose("window"), m: () => choose("pan"), l: () => choose("length"), i: DO.invert, r: DO.turn, f: DO.flip, 0: DO.fit, Escape: DO.reset,
  "+": DO.larger, "=": DO.larger, "-": DO.smaller, ArrowUp: DO.before, ArrowDown: DO.after, PageUp: () => show(at - 10), PageDown: () => show(at + 10),
  Home: () => show(0), End: () => show(slices.length - 1), Backspace: () => { linesHere().pop(); place(); }, Delete: DO.clear,
  " ": () => { if (slices.length > 1) play(); },
};
stage.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const nth = /^[1-9]$/.test(event.key) ? part("windows").options[Number(event.key) - 1] : null;
  const act = nth ? () => applyWindow(nth.value) : KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act) return;
  event.preventDefault();
  event.stopPropagation(); // the page has keys of its own
  act();
});

const fingers = new Map();
const inStage = (event) => { const box = stage.getBoundingClientRect(); return { x: event.clientX - box.left, y: event.clientY - box.top }; };
const inImage = (point) => { const { x, y } = drawing.placed(image, view, stage.clientWidth, stage.clientHeight).inverse().transformPoint(point); return { x, y }; };

stage.addEventListener("pointerdown", (event) => {
  if (!pixels || event.button > 1) return;
  stage.focus({ preventScroll: true });
  stage.setPointerCapture(event.pointerId);
  fingers.set(event.pointerId, inStage(event));
  if (fingers.size === 1 && tool === "length") drawn = { from: inImage(inStage(event)), to: inImage(inStage(event)) };
  else drawn = null;
});
stage.addEventListener("pointermove", (event) => {
  const before = fingers.get(event.pointerId);
  if (!before) return;
  const now = inStage(event);
  const [across, down] = [now.x - before.x, now.y - before.y];
  if (fingers.size === 2) {
    const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
    view = { ...view, x: view.x + across / 2, y: view.y + down / 2 };
    zoomAt(Math.hypot(now.x - other.x, now.y - other.y) / Math.max(1, Math.hypot(before.x - other.x, before.y - other.y)), (now.x + other.x) / 2, (now.y + other.y) / 2);
  } else if (drawn) {
    drawn.to = inImage(now);
    place();
  } else if (tool === "pan" || event.buttons === 4) {
    view = { ...view, x: view.x + across, y: view.y + down };
    place();
  } else if (tool === "window") shiftWindow(across, down);
  fingers.set(event.pointerId, now);
});
for (const name of ["pointerup", "pointercancel"]) {
  stage.addEventListener(name, (event) => {
    fingers.delete(event.pointerId);
    if (!drawn) return;
    const line = drawn;
    drawn = null;
    if (name === "pointerup" && Math.hypot(line.to.x - line.from.x, line.to.y - line.from.y) > 1) lines.set(key(), [...linesHere(), line]);
    place();
  });
}
let wheeled = 0;
stage.addEventListener("wheel", (event) => {
  if (!pixels || (document.activeElement !== stage && !event.ctrlKey)) return;
  event.preventDefault();
  if (event.ctrlKey || slices.length < 2) return zoomAt(event.deltaY < 0 ? 1.15 : 1 / 1.15, inStage(event).x, inStage(event).y);
  wheeled += event.deltaY;
  if (Math.abs(wheeled) >= 40) { show(at + Math.sign(wheeled)); wheeled = 0; }
}, { passive: false });
new ResizeObserver(() => place()).observe(stage);

/* ── From the file to the series ── */

function slicesOf(files) {
  return files.flatMap((file) => Array.from({ length: file.head?.frames || 1 }, (_, frame) => ({ file, frame })));
}

async function open(files, index) {
  slices = slicesOf(files);
  shade = null;
  await show(index, { isFresh: true });
}

async function gather() {
  if (stack.files.length < 2) return;
  const own = slices[at]?.file;
  const all = await stack.arrange((done, total) => { part("gather").textContent = done < total ? `Putting ${total} files in order: ${done}` : ""; });
  const mine = all.findIndex((files) => files.includes(own));
  part("series").replaceChildren(...all.map((files, n) => new Option(`${files[0].head.facts.series || files[0].head.facts.study || files[0].title} (${files.length})`, String(n), n === mine, n === mine)));
  part("series-box").hidden = all.length < 2;
  if (mine < 0 || !slices.length) return;
  const here = slices[at].frame;
  slices = slicesOf(all[mine]);
  at = slices.findIndex(({ file, frame }) => file === own && frame === here);
  tellPlace();
  if (pixels) { tellImage(); place(); ahead(); }
}

choose("window");
say("Loading…");
stack.onProgress = (share) => { if (!pixels && share < 1) say(`Loading… ${Math.round(share * 100)} %`); };
try {
  await stack.refresh();
  const own = stack.files.find((file) => file.id === root.dataset.document) || stack.files[0];
  slices = [{ file: own, frame: 0 }];
  try {
    own.head = await stack.image(own);
    await open([own], 0);
  } catch (error) { fail(error); }
  await gather();
} catch (error) {
  fail(error);
}
root.dataset.ready = "";
