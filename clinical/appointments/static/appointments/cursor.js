/* The slot cursor: arrow keys carry it over empty times, Enter books where it stands.

It is drawn over the grid and moved by minutes, not by elements; the library knows nothing of it. */

const STEP = 15;
const HOUR = 60;

const two = (number) => String(number).padStart(2, "0");
const clock = (minutes) => `${two(Math.floor(minutes / HOUR))}:${two(minutes % HOUR)}`;
const spoken = (minutes) => `${Math.floor(minutes / HOUR) % 12 || 12}:${two(minutes % HOUR)} ${minutes < 12 * HOUR ? "am" : "pm"}`;

export class SlotCursor {
  /* `shown()` answers `{ view, columns, days, hours, events }`; `book` and `open` are what Enter does. */
  constructor(frame, said, { shown, book, open }) {
    this.frame = frame;
    this.said = said;
    this.shown = shown;
    this.book = book;
    this.open = open;
    this.box = document.createElement("div");
    this.box.className = "di-cursor";
    this.box.tabIndex = 0;
    this.box.setAttribute("role", "button");
    this.box.addEventListener("focusout", () => { if (!this.isMoving) this.leave(); });
    this.box.addEventListener("click", () => this.enter());
  }

  get isOn() { return this.box.isConnected; }

  /* The grid's columns as they stand on the page: of clinicians, or of days. */
  columns() {
    const { view, columns, days } = this.shown();
    const parts = [...this.frame.querySelectorAll(".ec-body .ec-day, .ec-main .ec-day")].filter((part) => part.getBoundingClientRect().height > 200);
    const names = view === "day" ? columns.map((column) => ({ id: column.id, name: column.title, day: days[0] })) : days.map((day) => ({ id: null, name: "", day }));
    return parts.length === names.length ? parts.map((part, at) => ({ part, ...names[at] })) : [];
  }

  /* Puts the cursor at minutes of the day in a column. */
  stand(column, minutes) {
    const columns = this.columns();
    if (!columns.length) return false;
    const [first, last] = this.shown().hours;
    this.column = Math.min(Math.max(column, 0), columns.length - 1);
    this.minutes = Math.min(Math.max(minutes, first * HOUR), last * HOUR - STEP);
    const { part } = columns[this.column];
    const box = part.getBoundingClientRect();
    const per = box.height / ((last - first) * HOUR);
    const holder = this.frame.querySelector(".ec-body") || this.frame.querySelector(".ec-main") || this.frame;
    const around = holder.getBoundingClientRect();
    if (getComputedStyle(holder).position === "static") holder.style.position = "relative";
    this.isMoving = true;
    if (this.box.parentElement !== holder) holder.append(this.box);
    this.box.style.left = `${box.left - around.left + holder.scrollLeft}px`;
    this.box.style.top = `${box.top - around.top + holder.scrollTop + (this.minutes - first * HOUR) * per}px`;
    this.box.style.width = `${box.width}px`;
    this.box.style.height = `${STEP * per}px`;
    this.tell(columns[this.column]);
    this.box.focus({ preventScroll: true });
    this.box.scrollIntoView({ block: "nearest", inline: "nearest" });
    this.isMoving = false;
    return true;
  }

  tell({ name, day, id }) {
    const taken = this.eventHere(id, day);
    const when = this.shown().view === "day" ? "" : `${new Date(`${day}T12:00`).toLocaleDateString("en-AU", { weekday: "long", day: "numeric", month: "long" })}, `;
    const what = taken ? `taken: ${taken.name}. Enter opens it` : "free. Enter books";
    const words = `${when}${spoken(this.minutes)}${name ? `, ${name}` : ""}, ${what}`;
    this.box.dataset.time = spoken(this.minutes);
    this.box.toggleAttribute("data-taken", Boolean(taken));
    this.box.setAttribute("aria-label", words);
    this.said.textContent = words;
  }

  eventHere(id, day) {
    const at = `${day}T${clock(this.minutes)}`;
    const until = `${day}T${clock(this.minutes + STEP)}`;
    return this.shown().events.find((event) => (id === null || event.column === id) && event.start < until && event.end > at);
  }

  /* Goes into the grid: at the block that has the focus, else at the present hour. */
  begin(near, now) {
    const columns = this.columns();
    if (!columns.length) return false;
    if (near) {
      const box = near.getBoundingClientRect();
      const at = columns.findIndex(({ part }) => { const own = part.getBoundingClientRect(); return box.left + 4 >= own.left && box.left + 4 < own.right; });
      const own = columns[Math.max(at, 0)].part.getBoundingClientRect();
      const [first, last] = this.shown().hours;
      const minutes = first * HOUR + ((box.top - own.top) / own.height) * (last - first) * HOUR;
      return this.stand(Math.max(at, 0), Math.round(minutes / STEP) * STEP);
    }
    return this.stand(this.column ?? 0, this.minutes ?? Math.floor(now / STEP) * STEP);
  }

  enter() {
    const column = this.columns()[this.column];
    if (!column) return;
    const taken = this.eventHere(column.id, column.day);
    if (taken) this.open(taken.id);
    else this.book(new Date(`${column.day}T${clock(this.minutes)}`), column.id);
  }

  leave() {
    this.isMoving = true; // taking it off the page ends its focus, which would take it off again
    this.box.remove();
    this.isMoving = false;
  }

  /* Answers what the key does here, or nothing. */
  key(event) {
    const far = event.shiftKey ? HOUR : STEP;
    const move = { ArrowUp: [0, -far], ArrowDown: [0, far], ArrowLeft: [-1, 0], ArrowRight: [1, 0], PageUp: [0, -4 * HOUR], PageDown: [0, 4 * HOUR] }[event.key];
    if (move) return () => this.stand(this.column + move[0], this.minutes + move[1]);
    if (event.key === "Home") return () => this.stand(this.column, 0);
    if (event.key === "End") return () => this.stand(this.column, 24 * HOUR);
    if (event.key === "Enter" || event.key === " ") return () => this.enter();
    if (event.key === "Escape") return () => this.leave();
    return null;
  }
}
