/* Sends a file of any size in parts. What has arrived stays arrived: after a failed part it asks the
   server how far it is and goes on from there, after a reload too (the person picks the same file
   again; a browser may not remember it). The protocol stands in README.md. */

const PART = 8 * 1000 * 1000;
const PATIENCE = [1, 2, 4, 8, 15, 30, 30, 30];
const GIVEN_UP = new Set([400, 401, 403, 404, 410, 413, 415, 422]);
const SMOOTHING = 0.3;

const csrf = () => document.querySelector("meta[name=csrf-token]")?.content || "";
const pause = (seconds) => new Promise((resolve) => { setTimeout(resolve, seconds * 1000); });

class UploadError extends Error {
  constructor(message, { status = 0, answer = {} } = {}) {
    super(message);
    this.status = status;
    this.answer = answer;
  }

  get isFinal() { return GIVEN_UP.has(this.status); }
}

function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${Math.round(bytes / 1e3)} kB`;
  if (bytes < 1e9) return `${(bytes / 1e6).toFixed(bytes < 1e8 ? 1 : 0)} MB`;
  return `${(bytes / 1e9).toFixed(2)} GB`;
}

function duration(seconds) {
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 60) return `about ${Math.max(1, Math.round(seconds))} s left`;
  if (seconds < 3600) return `about ${Math.round(seconds / 60)} min left`;
  return `about ${(seconds / 3600).toFixed(1)} h left`;
}

function send(method, url, { body = null, headers = {}, onProgress, signal } = {}) {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open(method, url);
    xhr.setRequestHeader("X-CSRFToken", csrf());
    xhr.setRequestHeader("Accept", "application/json");
    for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value);
    if (onProgress) xhr.upload.onprogress = (event) => onProgress(event.loaded);
    const stop = () => xhr.abort();
    signal?.addEventListener("abort", stop, { once: true });
    xhr.onloadend = () => {
      signal?.removeEventListener("abort", stop);
      let answer = {};
      try { answer = JSON.parse(xhr.responseText); } catch { /* an error page; its status says enough */ }
      if (xhr.status >= 200 && xhr.status < 300) return resolve(answer);
      reject(new UploadError(answer.detail || "", { status: xhr.status, answer }));
    };
    xhr.send(body);
  });
}

async function digest(blob) {
  if (!window.crypto?.subtle) return null;
  const hash = await window.crypto.subtle.digest("SHA-256", await blob.arrayBuffer());
  return `sha-256=:${btoa(String.fromCharCode(...new Uint8Array(hash)))}:`;
}

class Upload {
  constructor(root) {
    this.root = root;
    this.part = (name) => root.querySelector(`[data-upload-${name}]`);
    this.part("input").addEventListener("change", (event) => this.chooseAll(event.target.files));
    this.part("pause").addEventListener("click", () => this.togglePause());
    this.part("retry").addEventListener("click", () => this.run());
    const drop = this.part("drop");
    for (const name of ["dragover", "dragenter"]) {
      drop.addEventListener(name, (event) => { event.preventDefault(); drop.toggleAttribute("data-over", true); });
    }
    for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.removeAttribute("data-over"));
    drop.addEventListener("drop", (event) => { event.preventDefault(); this.chooseAll(event.dataTransfer.files); });
    window.addEventListener("online", () => { if (this.waiting) this.run(); });
    window.addEventListener("beforeunload", (event) => { if (this.running) event.preventDefault(); });
  }

  chooseAll(files) {
    if (!files.length || this.running) return;
    const many = this.part("input").multiple;
    this.queue = [...files].slice(0, many ? files.length : 1);
    this.count = this.queue.length;
    this.job = this.root.dataset.job || "";
    this.refused = [];
    this.next();
  }

  next() {
    this.choose(this.queue.shift());
  }

  choose(file) {
    this.file = file;
    this.url = this.resumeUrl(file);
    this.offset = 0;
    this.speed = 0;
    this.paused = false;
    this.root.toggleAttribute("data-busy", true);
    this.part("progress").hidden = false;
    const place = this.count > 1 ? `File ${this.count - this.queue.length} of ${this.count}: ` : "";
    this.part("name").textContent = `${place}${file.name} (${size(file.size)})`;
    this.run();
  }

  resumeUrl(file) {
    const { resumeUrl, resumeName, resumeSize } = this.root.dataset;
    return resumeUrl && resumeName === file.name && Number(resumeSize) === file.size ? resumeUrl : null;
  }

  async run() {
    if (this.running) return;
    this.running = true;
    this.waiting = false;
    this.part("retry").hidden = true;
    this.part("pause").hidden = false;
    for (let attempt = 0; ; attempt += 1) {
      const before = this.offset;
      try {
        const answer = await this.transfer();
        this.finish(answer);
        return;
      } catch (error) {
        if (this.paused) { this.running = false; return; }
        if (error.isFinal) return this.refuse(this.words(error));
        if (this.offset > before) attempt = 0;
        if (attempt >= PATIENCE.length) {
          return this.stop(`${this.words(error)} ${size(this.offset)} have arrived and stay there.`, true);
        }
        const seconds = PATIENCE[attempt];
        this.say(`${this.words(error)} Trying again in ${seconds} s; ${size(this.offset)} have arrived.`);
        await pause(seconds);
        if (this.paused) { this.running = false; return; }
      }
    }
  }

  words(error) {
    if (error.message) return error.message;
    if (!error.status) return "The connection was interrupted.";
    return { 401: "You have been signed out. Reload the page and sign in; the upload goes on from where it is.",
      403: "This upload was refused. Reload the page and try again.",
      404: "The server no longer knows this upload. Choose the file again to start anew.",
      413: "This file is larger than what is allowed." }[error.status] || "The server did not take this part.";
  }

  async transfer() {
    let answer = this.url ? await send("GET", this.url) : await this.create();
    this.offset = answer.offset;
    while (!answer.complete) {
      answer = await this.sendPart();
      this.offset = answer.offset;
      this.draw(0);
    }
    return answer;
  }

  async create() {
    const { name, size: total, type, lastModified } = this.file;
    const answer = await send("POST", this.root.dataset.createUrl, {
      body: JSON.stringify({
        name, size: total, type, last_modified: lastModified,
        ...(this.job ? { job: this.job } : {}), ...(this.count > 1 && !this.job ? { several: true } : {}),
      }),
      headers: { "Content-Type": "application/json" },
    });
    this.url = answer.url;
    this.job = answer.job || this.job;
    return answer;
  }

  async sendPart() {
    const start = this.offset;
    const blob = this.file.slice(start, Math.min(start + PART, this.file.size));
    const headers = {
      "Content-Type": "application/octet-stream",
      "Content-Range": `bytes ${start}-${start + blob.size - 1}/${this.file.size}`,
    };
    const check = await digest(blob);
    if (check) headers["Content-Digest"] = check;
    this.abort = new AbortController();
    const began = performance.now();
    try {
      const answer = await send("PUT", this.url, { body: blob, headers, signal: this.abort.signal, onProgress: (sent) => this.draw(sent) });
      const now = blob.size / ((performance.now() - began) / 1000);
      this.speed = this.speed ? this.speed * (1 - SMOOTHING) + now * SMOOTHING : now;
      return answer;
    } catch (error) {
      // The server is further, or less far, than we thought: it is right.
      if (error.status === 409 && Number.isFinite(error.answer.offset) && error.answer.offset !== start) return error.answer;
      throw error;
    }
  }

  draw(sent) {
    const done = Math.min(this.offset + sent, this.file.size);
    const percent = this.file.size ? Math.floor((done / this.file.size) * 100) : 100;
    this.part("bar").value = percent;
    this.part("percent").textContent = `${percent} %`;
    const rate = this.speed ? `${size(Math.round(this.speed))}/s, ${duration((this.file.size - done) / this.speed)}` : "";
    this.say(`${size(done)} of ${size(this.file.size)}${rate ? ` at ${rate}` : ""}`, percent % 10 === 0 ? `${percent} percent` : "");
  }

  say(text, spoken = text) {
    this.part("detail").textContent = text;
    if (spoken && this.spoken !== spoken) { this.part("status").textContent = spoken; this.spoken = spoken; }
  }

  togglePause() {
    const button = this.part("pause");
    this.paused = !this.paused;
    button.textContent = this.paused ? "Go on" : "Pause";
    if (this.paused) {
      this.abort?.abort();
      this.say(`Paused. ${size(this.offset)} have arrived.`);
    } else setTimeout(() => this.run(), 50);
  }

  stop(text, again) {
    this.running = false;
    this.waiting = again;
    this.part("pause").hidden = true;
    this.part("retry").hidden = !again;
    if (!again) {
      this.root.removeAttribute("data-busy");
      this.part("input").value = "";
    }
    this.say(text);
  }

  // One file of several that cannot come does not keep the others from coming.
  refuse(text) {
    if (this.count === 1) return this.stop(text, false);
    this.refused.push(`${this.file.name}: ${text}`);
    this.running = false;
    if (this.queue.length) return this.next();
    this.stop(this.refused.join(" "), false);
    if (this.last) this.leave(this.last);
  }

  leave(answer) {
    if (answer.next) window.location.assign(answer.next);
  }

  finish(answer) {
    this.running = false;
    this.last = answer;
    if (this.queue.length) return this.next();
    this.part("pause").hidden = true;
    this.part("bar").value = 100;
    this.part("percent").textContent = "100 %";
    this.say("Everything has arrived.");
    this.root.dispatchEvent(new CustomEvent("nexus:uploaded", { bubbles: true, detail: answer }));
    this.leave(answer);
  }
}

function start(inside) {
  for (const root of inside.querySelectorAll("[data-upload]:not([data-ready])")) {
    root.toggleAttribute("data-ready", true);
    new Upload(root);
  }
}

start(document);
document.addEventListener("htmx:load", (event) => start(event.detail.elt.parentElement || document));
