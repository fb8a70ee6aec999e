/* The files shown as one stack: their links, their order, their bytes. */

const HEAD = 256 * 1024;
const AT_ONCE = 4;
const LINKS_MS = 240 * 1000;
const KEPT_BYTES = 320 * 1000 * 1000;

export class Stack {
  constructor(url, { read, readHead }) {
    this.url = url;
    this.read = read;
    this.readHead = readHead;
    this.kept = new Map();
    this.series = [];
  }

  async refresh() {
    const answer = await fetch(this.url, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error("The file could not be opened. Reload the page and try again.");
    const { images } = await answer.json();
    const known = new Map((this.files || []).map((file) => [file.id, file]));
    this.files = images.map((image) => Object.assign(known.get(image.id) || {}, image));
    this.asked = Date.now();
  }

  async bytes(file, headers = {}) {
    if (Date.now() - this.asked > LINKS_MS) await (this.refreshing ||= this.refresh().finally(() => { this.refreshing = null; }));
    const answer = await fetch(file.url, { headers });
    if (!answer.ok || answer.redirected) throw new Error("The file could not be fetched. Reload the page and try again.");
    return answer;
  }

  /* The whole file, read; what was not looked at for long is let go. */
  async image(file, onProgress) {
    const found = this.kept.get(file.id);
    if (found) {
      this.kept.delete(file.id);
      this.kept.set(file.id, found);
      return found;
    }
    const coming = this.fetched(file, onProgress);
    this.kept.set(file.id, coming);
    try {
      const image = await coming;
      file.size = image.bytes;
      this.letGo(file.id);
      return image;
    } catch (error) {
      this.kept.delete(file.id);
      throw error;
    }
  }

  async fetched(file, onProgress = this.onProgress) {
    const answer = await this.bytes(file);
    const total = Number(answer.headers.get("Content-Length")) || 0;
    const parts = [];
    let got = 0;
    for (const reader = answer.body.getReader(); ;) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
      got += value.length;
      if (total) onProgress?.(got / total);
    }
    return this.read(await new Blob(parts).arrayBuffer());
  }

  letGo(but) {
    let total = 0;
    for (const id of [...this.kept.keys()].reverse()) {
      total += this.files.find((file) => file.id === id)?.size || 0;
      if (total > KEPT_BYTES && id !== but) this.kept.delete(id);
    }
  }

  /* Looks at the heads of all files, and puts those of one series together. */
  async arrange(onProgress) {
    const waiting = [...this.files];
    let done = 0;
    const work = async () => {
      for (let file = waiting.shift(); file; file = waiting.shift()) {
        await this.look(file);
        done += 1;
        onProgress?.(done, this.files.length);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    const groups = new Map();
    for (const file of this.files) {
      if (!file.head) continue;
      // Frames of another size, or none at all (a scout, a report), are no slices of the series.
      const key = file.head.series ? `${file.head.series} ${file.head.rows}x${file.head.columns}` : file.id;
      groups.set(key, [...(groups.get(key) || []), file]);
    }
    this.series = [...groups.values()].map((files) => files.sort(inOrder));
    this.series.sort((a, b) => a[0].head.seriesNumber - b[0].head.seriesNumber);
    return this.series;
  }

  async look(file) {
    if (file.head) return;
    try {
      const found = this.kept.get(file.id);
      file.head = found ? await found : await this.readHead(await (await this.bytes(file, { Range: `bytes=0-${HEAD - 1}` })).arrayBuffer());
    } catch {
      file.head = null; // it says why when it is opened by itself
    }
  }
}

function inOrder(a, b) {
  const [x, y] = [a.head, b.head];
  if (x.number !== null && y.number !== null && x.number !== y.number) return x.number - y.number;
  if (x.position.length === 3 && y.position.length === 3) {
    const unlike = [2, 1, 0].map((axis) => x.position[axis] - y.position[axis]).find((distance) => Math.abs(distance) > 1e-3);
    if (unlike) return unlike;
  }
  return a.title.localeCompare(b.title, "en", { numeric: true });
}
