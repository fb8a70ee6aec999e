/* Files of a patient: several sent at once with progress each, the filter of the list, zoom, ticks.
   The protocol of the upload stands in platform/ui/README.md. */

const PART = 8 * 1000 * 1000;
const AT_ONCE = 2;
const PATIENCE = [1, 2, 4, 8, 15];
const FINAL = new Set([400, 401, 403, 404, 410, 413, 415, 422]);

const csrf = () => document.querySelector("meta[name=csrf-token]")?.content || "";
const pause = (seconds) => new Promise((resolve) => { setTimeout(resolve, seconds * 1000); });

function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${Math.round(bytes / 1e3)} kB`;
  return `${(bytes / 1e6).toFixed(bytes < 1e8 ? 1 : 0)} MB`;
}

class SendError extends Error {
  constructor(message, status = 0, answer = {}) {
    super(message);
    this.status = status;
    this.answer = answer;
  }
}

function send(method, url, { body = null, headers = {}, onProgress, signal } = {}) {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open(method, url);
    xhr.setRequestHeader("X-CSRFToken", csrf());
    xhr.setRequestHeader("Accept", "application/json");
    for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value);
    if (onProgress) xhr.upload.onprogress = (event) => onProgress(event.loaded);
    signal?.addEventListener("abort", () => xhr.abort(), { once: true });
    xhr.onloadend = () => {
      let answer = {};
      try { answer = JSON.parse(xhr.responseText); } catch { /* an error page; its status says enough */ }
      if (xhr.status >= 200 && xhr.status < 300) return resolve(answer);
      reject(new SendError(answer.detail || "", xhr.status, answer));
    };
    xhr.send(body);
  });
}

async function digest(blob) {
  if (!window.crypto?.subtle) return null;
  const hash = await window.crypto.subtle.digest("SHA-256", await blob.arrayBuffer());
  return `sha-256=:${btoa(String.fromCharCode(...new Uint8Array(hash)))}:`;
}

/* One file on its way, and its line in the list. */
class Sending {
  constructor(box, file) {
    this.box = box;
    this.file = file;
    this.line = box.root.querySelector("[data-files-row]").content.firstElementChild.cloneNode(true);
    this.part = (name) => this.line.querySelector(`[data-${name}]`);
    this.part("name").textContent = file.name;
    this.part("name").title = file.name;
    this.part("bar").setAttribute("aria-label", file.name);
    this.part("retry").addEventListener("click", () => this.box.add(this));
    this.part("cancel").addEventListener("click", () => this.cancel());
    this.say(`Waiting, ${size(file.size)}`);
    this.abort = new AbortController();
  }

  say(text) { this.part("state").textContent = text; }

  draw(done) { this.part("bar").value = this.file.size ? (done / this.file.size) * 100 : 0; }

  cancel() {
    this.cancelled = true;
    this.abort.abort();
    this.line.remove();
    this.box.drop(this);
  }

  async run() {
    this.line.removeAttribute("data-failed");
    this.part("retry").hidden = true;
    for (let attempt = 0; !this.cancelled; attempt += 1) {
      try {
        await this.transfer();
        this.line.toggleAttribute("data-done", true);
        this.draw(this.file.size);
        this.say("Added");
        return true;
      } catch (error) {
        if (this.cancelled) return false;
        const words = error.message || this.words(error.status);
        if (FINAL.has(error.status) || attempt >= PATIENCE.length) return this.fail(words, !FINAL.has(error.status));
        this.say(`${words} Trying again in ${PATIENCE[attempt]} s.`);
        await pause(PATIENCE[attempt]);
      }
    }
    return false;
  }

  words(status) {
    return { 0: "The connection was interrupted.", 401: "You have been signed out. Reload the page and sign in.",
      403: "You may not add files. Reload the page and try again.", 413: "The file is too large." }[status]
      || "The server did not take the file.";
  }

  fail(words, again) {
    this.line.toggleAttribute("data-failed", true);
    this.part("retry").hidden = !again;
    this.say(words);
    return false;
  }

  async transfer() {
    let answer = this.url ? await send("GET", this.url) : await this.create();
    while (!answer.complete) {
      const { offset } = answer;
      if (offset >= this.file.size) {
        answer = await send("PUT", this.url, { headers: { "Content-Range": `bytes */${this.file.size}` } });
        continue;
      }
      const blob = this.file.slice(offset, Math.min(offset + PART, this.file.size));
      const headers = {
        "Content-Type": "application/octet-stream",
        "Content-Range": `bytes ${offset}-${offset + blob.size - 1}/${this.file.size}`,
      };
      const check = await digest(blob);
      if (check) headers["Content-Digest"] = check;
      try {
        answer = await send("PUT", this.url, { body: blob, headers, signal: this.abort.signal,
          onProgress: (sent) => { this.draw(offset + sent); this.say(`${size(Math.min(offset + sent, this.file.size))} of ${size(this.file.size)}`); } });
      } catch (error) {
        // The server is further, or less far, than we thought: it is right.
        if (error.status !== 409 || !Number.isFinite(error.answer.offset) || error.answer.offset === offset) throw error;
        answer = { ...error.answer, complete: false };
      }
    }
  }

  async create() {
    const { name, size: total } = this.file;
    const answer = await send("POST", this.box.root.dataset.createUrl, {
      body: JSON.stringify({ name, size: total, ...this.box.about() }),
      headers: { "Content-Type": "application/json" },
    });
    this.url = answer.url;
    return answer;
  }
}

const PICTURES = [[0, [0xff, 0xd8, 0xff]], [0, [0x89, 0x50, 0x4e, 0x47]], [128, [0x44, 0x49, 0x43, 0x4d]]];

async function pictured(file) {
  // The list of a CD is in the form of its images, and none itself.
  if (/^dicomdir$/i.test(file.name) || file.size < 200) return false;
  const head = new Uint8Array(await file.slice(0, 132).arrayBuffer());
  return PICTURES.some(([offset, mark]) => mark.every((byte, at) => byte === head[offset + at]));
}

async function filesBelow(entry) {
  if (entry.isFile) return [await new Promise((resolve, reject) => { entry.file(resolve, reject); })];
  const reader = entry.createReader();
  const found = [];
  for (;;) { // a hundred at a time
    const some = await new Promise((resolve, reject) => { reader.readEntries(resolve, reject); });
    if (!some.length) break;
    found.push(...some);
  }
  return (await Promise.all(found.map(filesBelow))).flat();
}

class FilesBox {
  constructor(root) {
    this.root = root;
    this.waiting = [];
    this.running = 0;
    this.part = (name) => root.querySelector(`[data-files-${name}]`);
    for (const input of root.querySelectorAll("[data-files-input]")) {
      input.addEventListener("change", async () => {
        const files = [...input.files];
        input.value = "";
        this.choose(input.matches("[data-files-folder]") ? await this.ofFolder(files) : files);
      });
    }
    const drop = this.part("drop");
    // Anywhere on the page: a file that misses the box would else be opened by the browser.
    document.addEventListener("dragover", (event) => { if (event.dataTransfer?.types.includes("Files")) { event.preventDefault(); drop.toggleAttribute("data-over", true); } });
    document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) drop.removeAttribute("data-over"); });
    document.addEventListener("drop", (event) => {
      if (!event.dataTransfer?.files.length) return;
      event.preventDefault();
      drop.removeAttribute("data-over");
      this.dropped(event.dataTransfer);
    });
    window.addEventListener("beforeunload", (event) => { if (this.running) event.preventDefault(); });
  }

  about() {
    return { kind: this.root.dataset.kind, category: this.part("category")?.value || "", batch: this.part("batch")?.value || "" };
  }

  /* Files as they are; of folders what is a picture. */
  async dropped(transfer) {
    const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    const files = [...transfer.files];
    const folders = entries.filter((entry) => entry.isDirectory);
    if (!folders.length) return this.choose(files);
    const loose = new Set(entries.filter((entry) => entry.isFile).map((entry) => entry.name));
    const inside = (await Promise.all(folders.map(filesBelow))).flat();
    return this.choose([...files.filter((file) => loose.has(file.name)), ...await this.ofFolder(inside)]);
  }

  /* A CD of X-rays brings a viewer, its list and its help along: only pictures are taken. */
  async ofFolder(files) {
    const isPicture = await Promise.all(files.map(pictured));
    const taken = files.filter((_, at) => isPicture[at]);
    const left = files.length - taken.length;
    this.part("left").hidden = false;
    this.part("left").textContent = taken.length
      ? `${taken.length} images found in the folder.${left ? ` ${left} other files (programs, lists) stay where they are.` : ""}`
      : "No images were found in the folder.";
    return taken;
  }

  choose(files) {
    if (!files.length) return;
    this.part("queue").hidden = false;
    for (const done of this.root.querySelectorAll("li[data-done]")) done.remove();
    for (const file of files) {
      const sending = new Sending(this, file);
      this.part("queue").append(sending.line);
      this.add(sending);
    }
  }

  add(sending) {
    this.waiting.push(sending);
    this.next();
  }

  drop(sending) {
    this.waiting = this.waiting.filter((other) => other !== sending);
    this.part("queue").hidden = !this.part("queue").childElementCount;
  }

  async next() {
    if (this.running >= AT_ONCE || !this.waiting.length) return;
    this.running += 1;
    this.added = (await this.waiting.shift().run() ? 1 : 0) + (this.added || 0);
    this.running -= 1;
    this.next();
    if (!this.running && !this.waiting.length) this.finish();
  }

  finish() {
    const failed = this.root.querySelectorAll("li[data-failed]").length;
    this.part("status").textContent = `${this.added} files added${failed ? `, ${failed} not` : ""}.`;
    if (this.added) document.body.dispatchEvent(new CustomEvent("nexus:files"));
    this.added = 0;
  }
}

for (const root of document.querySelectorAll("[data-files-upload]")) new FilesBox(root);

/* The filter of the list. */
document.addEventListener("input", (event) => {
  if (!event.target.matches("[data-files-filter]")) return;
  const wanted = event.target.value.trim().toLowerCase();
  let shown = 0;
  for (const row of document.querySelectorAll("tr[data-files-row]")) {
    row.hidden = !row.textContent.toLowerCase().includes(wanted);
    shown += row.hidden ? 0 : 1;
  }
  for (const group of document.querySelectorAll("[data-files-group]")) {
    group.hidden = !group.querySelector("tr[data-files-row]:not([hidden])");
  }
  document.querySelector("[data-files-none]").hidden = shown > 0;
});

/* Zoom: by buttons, keys, a click, the wheel with Ctrl. */
const STEPS = [0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6];
const stage = () => document.querySelector("[data-zoom]");

function fitting() {
  const image = stage().querySelector("img");
  return Math.min(1, stage().clientWidth / image.naturalWidth, stage().clientHeight / image.naturalHeight);
}

function level() { return Number(stage().dataset.zoomed) || fitting(); }

function zoom(to) {
  const box = stage();
  const image = box.querySelector("img");
  const middle = [(box.scrollLeft + box.clientWidth / 2) / box.scrollWidth, (box.scrollTop + box.clientHeight / 2) / box.scrollHeight];
  if (to) {
    box.dataset.zoomed = to;
    image.width = Math.round(image.naturalWidth * to);
  } else {
    delete box.dataset.zoomed;
    image.removeAttribute("width");
  }
  document.querySelector("[data-zoom-level]").textContent = to ? `${Math.round(to * 100)} %` : "Fits";
  box.scrollTo(middle[0] * box.scrollWidth - box.clientWidth / 2, middle[1] * box.scrollHeight - box.clientHeight / 2);
}

const larger = () => zoom(STEPS.find((step) => step > level() + 0.01) || STEPS.at(-1));
const smaller = () => { const to = STEPS.findLast((step) => step < level() - 0.01); zoom(to && to > fitting() ? to : 0); };

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-zoom-in]")) larger();
  else if (event.target.closest("[data-zoom-out]")) smaller();
  else if (event.target.closest("[data-zoom-fit]")) zoom(0);
  else if (event.target.matches("[data-zoom-image]")) zoom(stage().dataset.zoomed ? 0 : Math.max(1, fitting() * 2));
});
document.addEventListener("keydown", (event) => {
  if (!stage() || document.activeElement !== stage()) return;
  if (event.key === "+" || event.key === "=") larger();
  else if (event.key === "-") smaller();
  else if (event.key === "0") zoom(0);
  else return;
  event.preventDefault();
});
stage()?.addEventListener("wheel", (event) => {
  if (!event.ctrlKey) return;
  event.preventDefault();
  (event.deltaY < 0 ? larger : smaller)();
}, { passive: false });

/* Ticks: all of the page, and a button that waits for the first. */
function ticked(form) {
  const boxes = [...form.querySelectorAll("[name=document]")];
  form.querySelector("[data-tick-button]").disabled = !boxes.some((box) => box.checked);
  form.querySelector("[data-tick-all]").checked = boxes.every((box) => box.checked);
}
for (const form of document.querySelectorAll("[data-tick-form]")) {
  ticked(form);
  form.addEventListener("change", (event) => {
    if (event.target.matches("[data-tick-all]")) for (const box of form.querySelectorAll("[name=document]")) box.checked = event.target.checked;
    ticked(form);
  });
}
