/* The diary: one grid of days and clinicians, a drawer beside it, a pinboard to carry visits to other days.

Times are wall-clock times of the place, without a zone: the server alone turns them into moments. */

const config = JSON.parse(document.querySelector("#diary-config").textContent);
const find = (selector, inside = document) => inside.querySelector(selector);
const KINDS = { day: "resourceTimeGridDay", week: "timeGridWeek", month: "dayGridMonth" };
const SIGNS = { booked: "○", confirmed: "✓", arrived: "⇥", in_session: "▶", completed: "✓✓", did_not_attend: "✕", late_cancellation: "✕", cancelled: "✕" };
const LABELS = { arrived: "arrived", confirmed: "confirmed", completed: "done", did_not_attend: "did not attend" };
const KEYS = { a: "arrived", c: "confirmed", d: "completed", x: "did_not_attend" };
const SECONDS_TO_UNDO = 20;
const NARROW = window.matchMedia("(max-width: 767.98px)");

const state = { date: config.date, view: config.view, version: "", columns: [], placing: null, undo: null, hideOff: false, isPrivate: false, busy: 0, dragging: false };
const parked = new Map(JSON.parse(sessionStorage.getItem("diary-parked") || "[]"));
const frame = find("#diary");
const drawer = find("#diary-drawer");
let calendar;

const csrf = () => find("meta[name=csrf-token]")?.content || "";
const address = (template, id) => template.replace(config.anyone, id);
const two = (number) => String(number).padStart(2, "0");
const dayText = (date) => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
const clockText = (date) => `${dayText(date)}T${two(date.getHours())}:${two(date.getMinutes())}`;
const noon = (text) => new Date(`${text}T12:00`);
const later = (text, days) => { const date = noon(text); date.setDate(date.getDate() + days); return dayText(date); };
const say = (text, tone = "success") => document.dispatchEvent(new CustomEvent("nexus:toast", { detail: { text, tone } }));

/* ── Reading ── */

function span() {
  if (state.view === "day") return [state.date, state.date];
  const date = noon(state.date);
  if (state.view === "week") {
    const monday = later(state.date, -((date.getDay() + 6) % 7));
    return [monday, later(monday, 6)];
  }
  const first = `${state.date.slice(0, 8)}01`;
  const start = later(first, -((noon(first).getDay() + 6) % 7));
  return [start, later(start, 41)];
}

function query() {
  const [date, until] = span();
  const asked = new URLSearchParams({ date, until });
  const place = find("#diary-location").value;
  const whose = find("#diary-practitioner").value;
  if (place) asked.set("location", place);
  if (whose && state.view !== "day") asked.set("practitioner", whose);
  return asked;
}

async function ask(url, options = {}) {
  const answer = await fetch(url, { credentials: "same-origin", redirect: "manual", ...options, headers: { Accept: "application/json", ...options.headers } });
  if (answer.type === "opaqueredirect") { window.location.reload(); throw new Error("signed out"); }
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(body.detail || "The diary did not answer. Try again."), { status: answer.status, body });
  return body;
}

function problem(text) {
  const box = find("[data-diary-problem]");
  box.textContent = text;
  box.hidden = !text;
}

let latest = 0;
async function refresh() {
  const turn = ++latest;
  try {
    const found = await ask(`${config.feed}?${query()}`);
    if (turn !== latest) return;
    problem("");
    show(found);
  } catch (error) {
    if (turn === latest && error.message !== "signed out") problem(`${error.message} What is shown may be out of date.`);
  }
}

let lookAgain;
async function look() {
  if (document.visibilityState !== "visible" || !calendar) return;
  clearTimeout(lookAgain);
  if (state.dragging || state.busy) { lookAgain = setTimeout(look, 1000); return; }
  try {
    const found = await ask(`${config.version}?${query()}`, { headers: { "X-Nexus-Background": "1" } });
    problem("");
    if (found.version !== state.version) await refresh();
  } catch (error) {
    if (error.message !== "signed out") problem("No connection. What is shown may be out of date.");
  }
}

/* ── Showing ── */

function show(found) {
  state.version = found.version;
  state.found = found;
  state.now = found.now;
  state.columns = found.columns;
  const near = Math.abs(new Date(found.now) - new Date()) < 3 * 60 * 1000;
  const [first, last] = found.hours;
  const shown = {
    view: KINDS[state.view], date: noon(state.date),
    resources: state.view === "day" ? found.columns : [],
    events: shownEvents(found),
    slotMinTime: `${two(first)}:00:00`, slotMaxTime: `${two(last)}:00:00`,
    nowIndicator: near,
  };
  if (!calendar) start(shown);
  else for (const [name, value] of Object.entries(shown)) calendar.setOption(name, value);
  title();
  requestAnimationFrame(() => { speakPlainly(); if (cursor?.isOn) cursor.stand(cursor.column, cursor.minutes); });
  showArrivals(found.arrivals);
  showHidden(state.view === "day" ? found.hidden : []);
}

/* Where several clinicians share a day's column, hours and hatching of all of them would only blur. */
function shownEvents(found) {
  const blocks = found.events.filter((event) => !(state.hideOff && event.extendedProps.off));
  const isOne = state.view === "day" || (state.view === "week" && find("#diary-practitioner").value);
  return isOne ? [...blocks, ...found.rosters] : blocks.filter((event) => event.display !== "background");
}

/* The library calls the grid a table, which it is not: every block says its time and clinician itself. */
function speakPlainly() {
  for (const part of frame.querySelectorAll("[role=table], [role=rowgroup], [role=row], [role=rowheader], [role=columnheader], [role=cell], [aria-colindex], [aria-rowindex]")) {
    if (part.getAttribute("role") !== "button") part.removeAttribute("role");
    for (const name of ["aria-colindex", "aria-rowindex", "aria-colcount", "aria-rowcount"]) part.removeAttribute(name);
  }
}

function showHidden(hidden) {
  const box = find("[data-hidden-columns]");
  box.hidden = hidden.length === 0;
  box.textContent = `Hidden by your choice: ${hidden.map((one) => `${one.title} (${one.visits})`).join(", ")}`;
}

function showArrivals(arrivals) {
  const box = find("[data-arrivals]");
  box.hidden = arrivals.length === 0;
  box.replaceChildren(element("span", "di-arrivals-title", "Waiting room"), ...arrivals.map((arrival) => {
    const chip = element("button", "di-chip di-arrival", `${state.isPrivate ? initials(arrival.name) : arrival.name} · ${arrival.minutes} min${arrival.whom ? ` · ${arrival.whom}` : ""}`);
    chip.type = "button";
    chip.addEventListener("click", () => openDrawer(arrival.id));
    return chip;
  }));
}

function start(shown) {
  frame.replaceChildren();
  calendar = window.EventCalendar.create(frame, {
    ...shown,
    height: "100%", firstDay: 1, allDaySlot: false, headerToolbar: { start: "", center: "", end: "" },
    // No column so narrow that nobody can read it: with many, the grid is pushed sideways.
    columnWidth: "minmax(96px, 1fr)",
    slotDuration: "00:15:00", slotHeight: 22, slotLabelInterval: "01:00", snapDuration: "00:05:00",
    slotEventOverlap: false, dayMaxEvents: 4, longPressDelay: 350,
    scrollTime: scrollTo(),
    slotLabelFormat: (date) => `${date.getHours() % 12 || 12} ${date.getHours() < 12 ? "am" : "pm"}`,
    eventTimeFormat: { hour: "numeric", minute: "2-digit" },
    editable: config.mayChange, selectable: config.mayCreate, unselectAuto: true, selectMinDistance: 4,
    resourceLabelContent: ({ resource }) => ({ domNodes: head(resource) }),
    eventContent: ({ event }) => (event.display === "background" ? "" : { domNodes: block(event) }),
    eventClassNames: ({ event }) => (event.display === "background" ? [event.extendedProps.around ? `di-${event.extendedProps.around}` : "di-roster"] : ["di-event", `di-${event.extendedProps.status}`, ...(event.extendedProps.off ? ["di-off"] : [])]),
    eventDidMount: ({ event, el }) => dress(event, el),
    eventClick: ({ event }) => openDrawer(event.id),
    eventDragStart: () => { state.dragging = true; }, eventDragStop: () => { state.dragging = false; },
    eventResizeStart: () => { state.dragging = true; }, eventResizeStop: () => { state.dragging = false; },
    eventDrop: (info) => dropped(info), eventResize: (info) => dropped(info),
    select: ({ start: from, end, resource }) => { calendar.unselect(); newAt(from, resource, Math.round((end - from) / 60000)); },
    dateClick: ({ date, resource }) => (state.placing ? place(date, resource) : newAt(date, resource)),
  });
}

/* The present hour on the day that is today there, else the morning. */
function scrollTo() {
  const hour = Number(state.now.slice(11, 13));
  return state.now.slice(0, 10) === state.date && hour > 9 ? `${two(hour - 1)}:00:00` : "07:30:00";
}

function dress(event, element) {
  if (event.display === "background") return;
  element.style.setProperty("--di-colour", event.extendedProps.colour);
  element.tabIndex = 0;
  element.dataset.event = event.id;
}

const clock = (date) => `${date.getHours() % 12 || 12}:${two(date.getMinutes())}`;
const initials = (name) => name.split(/\s+/).map((word) => word[0] || "").join("").toUpperCase();

function element(name, css, text) {
  const made = document.createElement(name);
  made.className = css;
  if (text) made.textContent = text;
  return made;
}

function head(resource) {
  const facts = resource.extendedProps || {};
  const dot = element("span", "di-dot");
  if (facts.colour) dot.style.background = facts.colour;
  return [dot, element("span", "di-who", resource.title), ...(facts.discipline ? [element("span", "di-discipline", facts.discipline)] : [])];
}

function block(event) {
  const facts = event.extendedProps;
  if (!facts.marks) return [element("time", "di-time", clock(event.start))]; // a span that is being dragged open
  const sign = element("span", "di-sign", facts.patient ? SIGNS[facts.status] : "▨");
  sign.title = facts.statusLabel;
  sign.setAttribute("aria-hidden", "true");
  const line = element("span", "di-title", state.isPrivate && facts.named ? initials(event.title) : event.title);
  const top = element("span", "di-top");
  top.append(sign, element("time", "di-time", clock(event.start)), line);
  top.append(heard(facts.statusLabel));
  if (facts.seats) top.append(element("span", "di-seats", facts.seats), heard("places taken"));
  for (const mark of facts.marks) top.append(...drawn(mark));
  if (facts.alert) {
    const alert = Object.assign(element("span", "di-alert", "!"), { title: "Has an alert" });
    alert.setAttribute("aria-hidden", "true");
    top.append(alert, heard("has an alert"));
  }
  const whom = state.view === "day" && state.columns.find((column) => column.id === event.resourceIds[0])?.title;
  if (whom) top.append(heard(`with ${whom}`));
  const isShort = event.end - event.start < 25 * 60000;
  if (state.view === "month" || isShort) return facts.type ? [top, heard(facts.type)] : [top];
  const below = [facts.type, find("#diary-location").value ? "" : facts.place, facts.zone].filter(Boolean).join(" · ");
  const people = state.isPrivate ? "" : facts.people.join(", ");
  return [top, ...[below, people].filter(Boolean).map((text) => element("span", "di-below", text))];
}

/* Words for who hears the block and does not see its signs. */
const heard = (words) => element("span", "visually-hidden", ` ${words}, `);

/* A mark as the page's legend draws it, with its word. */
function drawn(mark) {
  const icon = find(`template[data-mark="${mark.key}"]`)?.content.firstElementChild?.cloneNode(true);
  if (!icon) return [heard(mark.word)];
  const holder = Object.assign(element("span", "di-mark-holder"), { title: mark.word });
  holder.setAttribute("aria-hidden", "true");
  holder.append(icon);
  return [holder, heard(mark.word)];
}

function title() {
  const [first, last] = span();
  const long = { weekday: "long", day: "numeric", month: "long", year: "numeric" };
  const words = state.view === "day" ? noon(first).toLocaleDateString("en-AU", long)
    : state.view === "week" ? `${noon(first).toLocaleDateString("en-AU", { day: "numeric", month: "short" })} – ${noon(last).toLocaleDateString("en-AU", { day: "numeric", month: "short", year: "numeric" })}`
      : noon(state.date).toLocaleDateString("en-AU", { month: "long", year: "numeric" });
  find("[data-diary-title]").textContent = words;
  find("#diary-date").value = state.date;
  find("#diary-practitioner").hidden = state.view === "day";
  const place = find("#diary-location").value;
  const sheet = new URLSearchParams({ date: state.date, ...(place ? { location: place } : {}), ...(state.isPrivate ? { initials: "on" } : {}) });
  find("[data-sheet]").href = `${config.sheet}?${sheet}`;
  find("[data-list]").href = `${config.list}?date=${state.date}${place ? `&location=${place}` : ""}`;
  for (const button of document.querySelectorAll("[data-view]")) button.setAttribute("aria-pressed", String(button.dataset.view === state.view));
  const address_ = new URLSearchParams({ date: state.date, view: state.view, ...(place ? { location: place } : {}) });
  window.history.replaceState(null, "", `?${address_}`);
}

function go(change) {
  Object.assign(state, change);
  refresh();
}

/* ── Moving ── */

const columnOf = (resource, fallback) => (resource ? resource.id : fallback);

function dropped({ event, oldEvent, newResource, revert }) {
  state.dragging = false;
  const before = { start: clockText(oldEvent.start), end: clockText(oldEvent.end), column: oldEvent.resourceIds[0] };
  const after = { start: clockText(event.start), end: clockText(event.end), column: columnOf(newResource, event.resourceIds[0]) };
  if (event.extendedProps.series) askSeries((following) => move(event.id, event.extendedProps.seen, before, after, { revert, following }), revert);
  else move(event.id, event.extendedProps.seen, before, after, { revert });
}

function askSeries(go_, no) {
  const dialog = find("#diary-series");
  let decided = false;
  const decide = (following) => { decided = true; dialog.close(); go_(following); };
  find("[data-series-one]", dialog).onclick = () => decide(false);
  find("[data-series-all]", dialog).onclick = () => decide(true);
  dialog.addEventListener("close", () => { if (!decided) no(); }, { once: true });
  dialog.showModal();
}

async function move(id, seen, before, after, { revert = () => {}, mayClash = false, following = false } = {}) {
  const wanted = new URLSearchParams({ start: after.start, end: after.end, practitioner: after.column === "none" ? "" : after.column, seen, ...(mayClash ? { may_clash: "on" } : {}), ...(following ? { following: "on" } : {}) });
  state.busy += 1;
  try {
    const { event } = await ask(address(config.move, id), { method: "POST", body: wanted, headers: { "X-CSRFToken": csrf() } });
    await refresh();
    offerUndo(id, event, before, after, following);
  } catch (error) {
    if (error.body?.reason === "taken") askTwice(error.body.clashes, () => move(id, seen, before, after, { revert, mayClash: true, following }), revert);
    else {
      revert();
      say(error.message, "warning");
      refresh();
    }
  } finally {
    state.busy -= 1;
  }
}

function askTwice(clashes, yes, no) {
  const dialog = find("#diary-clash");
  find("[data-clashes]", dialog).replaceChildren(...clashes.map((text) => element("li", "", text)));
  let decided = false;
  find("[data-clash-yes]", dialog).onclick = () => { decided = true; dialog.close(); yes(); };
  dialog.addEventListener("close", () => { if (!decided) { no(); refresh(); } }, { once: true });
  dialog.showModal();
}

let undoTimer;
function offerUndo(id, event, before, after, following) {
  offerBack(`${state.isPrivate ? "Moved" : `${event.title} moved`} to ${noon(event.start.slice(0, 10)).toLocaleDateString("en-AU", { weekday: "short" })} ${clock(new Date(event.start))}.`, () => move(id, event.extendedProps.seen, after, before, { mayClash: true, following }));
}

function offerBack(words, back) {
  state.undo = back;
  find("[data-undo-text]").textContent = words;
  find("[data-undo]").hidden = false;
  clearTimeout(undoTimer);
  undoTimer = setTimeout(() => { state.undo = null; find("[data-undo]").hidden = true; }, SECONDS_TO_UNDO * 1000);
}

function undo() {
  const back = state.undo;
  state.undo = null;
  find("[data-undo]").hidden = true;
  if (back) back();
}

/* ── The pinboard ── */

function showParked() {
  const board = find("[data-pinboard]");
  board.hidden = parked.size === 0;
  sessionStorage.setItem("diary-parked", JSON.stringify([...parked]));
  board.replaceChildren(...[...parked].map(([id, facts]) => {
    const chip = element("span", `di-chip${state.placing === id ? " di-placing" : ""}`);
    const choose = element("button", "di-chip-name", `${state.isPrivate ? initials(facts.title) : facts.title}, ${facts.minutes} min`);
    choose.type = "button";
    choose.setAttribute("aria-pressed", String(state.placing === id));
    choose.addEventListener("click", () => { state.placing = state.placing === id ? null : id; showParked(); });
    const away = element("button", "di-chip-away", "×");
    away.type = "button";
    away.setAttribute("aria-label", `Take ${facts.title} off the pinboard`);
    away.addEventListener("click", () => { parked.delete(id); if (state.placing === id) state.placing = null; showParked(); });
    chip.append(choose, away);
    return chip;
  }), element("span", "px-soft", state.placing ? "Click the new time in the diary." : "Choose one, then click its new time on any day."));
  frame.classList.toggle("di-is-placing", Boolean(state.placing));
}

function park(id) {
  const event = calendar.getEventById(id);
  if (!event) return;
  parked.set(id, { title: event.title, minutes: Math.round((event.end - event.start) / 60000), start: clockText(event.start), end: clockText(event.end), column: event.resourceIds[0], seen: event.extendedProps.seen });
  state.placing = id;
  closeDrawer();
  showParked();
}

function place(date, resource) {
  const id = state.placing;
  const facts = parked.get(id);
  const end = new Date(date.getTime() + facts.minutes * 60000);
  parked.delete(id);
  state.placing = null;
  showParked();
  move(id, facts.seen, facts, { start: clockText(date), end: clockText(end), column: columnOf(resource, facts.column) });
}

/* ── The drawer ── */

function openDrawer(id) {
  drawer.hidden = false;
  window.htmx.ajax("GET", address(config.drawer, id), { target: drawer, swap: "innerHTML" });
}

function newAt(date, resource, minutes) {
  if (!config.mayCreate) return;
  const asked = new URLSearchParams({ date: dayText(date), time: `${two(date.getHours())}:${two(date.getMinutes())}` });
  if (minutes) asked.set("minutes", minutes);
  const whose = resource ? resource.id : find("#diary-practitioner").value;
  if (whose && whose !== "none") asked.set("practitioner", whose);
  openForm(asked);
}

function openForm(asked) {
  const place_ = find("#diary-location").value;
  if (place_) asked.set("location", place_);
  drawer.hidden = false;
  window.htmx.ajax("GET", `${config.new}?${asked}`, { target: drawer, swap: "innerHTML" });
}

/* A week is one clinician's unless somebody asks for all. */
function chooseView(view) {
  const whose = find("#diary-practitioner");
  if (view === "week" && !whose.value && !state.wantsAll) whose.value = state.columns.find((column) => column.id !== "none")?.id || "";
  go({ view });
}

function openColumns() {
  const place_ = find("#diary-location").value;
  drawer.hidden = false;
  window.htmx.ajax("GET", `${config.columns}?${new URLSearchParams(place_ ? { location: place_ } : {})}`, { target: drawer, swap: "innerHTML" });
}

function closeDrawer() {
  drawer.hidden = true;
  drawer.replaceChildren();
}

/* ── Keys and buttons ── */

async function setStatus(id, status, { isBack = false } = {}) {
  const event = calendar.getEventById(id);
  const before = event?.extendedProps.status;
  try {
    const answer = await fetch(address(config.status, id), { method: "POST", credentials: "same-origin", body: new URLSearchParams({ status }), headers: { "X-CSRFToken": csrf(), "HX-Request": "true", "HX-Target": "diary-drawer" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const refused = page.querySelector(".ap-problem")?.textContent;
    if (refused) say(refused, "warning");
    else if (!answer.ok) say("The status could not be changed. Try again.", "danger");
    else if (!isBack && before) offerBack(`${state.isPrivate ? "Status" : event.title}: ${LABELS[status]}.`, () => setStatus(id, before, { isBack: true }));
  } catch {
    say("No connection: the status was not changed.", "danger");
  }
  await refresh();
  blockOf(id)?.focus();
}

const blockOf = (id) => find(`[data-event="${CSS.escape(id)}"]`, frame);

/* Arrow keys among the blocks: up and down by time, left and right to the nearest one beside. */
function neighbour(chosen, key) {
  const here = chosen.getBoundingClientRect();
  const isSideways = key === "ArrowLeft" || key === "ArrowRight";
  const forward = key === "ArrowRight" || key === "ArrowDown" ? 1 : -1;
  const far = (box) => (isSideways ? (box.left - here.left) * forward : (box.top - here.top) * forward);
  const aside = (box) => Math.abs(isSideways ? box.top - here.top : box.left - here.left);
  const others = [...frame.querySelectorAll("[data-event]")].filter((one) => one !== chosen).map((one) => ({ one, box: one.getBoundingClientRect() }));
  const ahead = others.filter(({ box }) => (isSideways ? far(box) > 20 : far(box) > 0 && aside(box) < here.width));
  ahead.sort((a, b) => (isSideways ? far(a.box) - far(b.box) || aside(a.box) - aside(b.box) : far(a.box) - far(b.box)));
  if (isSideways && ahead.length) {
    const column = ahead[0].box.left;
    return ahead.filter(({ box }) => Math.abs(box.left - column) < 20).sort((a, b) => aside(a.box) - aside(b.box))[0].one;
  }
  return ahead[0]?.one;
}

function enterGrid() {
  const blocks = [...frame.querySelectorAll("[data-event]")];
  const coming = blocks.find((one) => { const box = one.getBoundingClientRect(); return box.top >= frame.getBoundingClientRect().top; });
  (coming || blocks[0])?.focus();
}

/* The slot cursor comes when it is first asked for. */
let cursor;
async function startCursor(near) {
  if (state.view === "month" || !calendar) { enterGrid(); return; }
  if (!cursor) {
    const { SlotCursor } = await import(new URL(frame.dataset.cursor, document.baseURI));
    cursor = new SlotCursor(frame, find("[data-diary-said]"), {
      shown: slots,
      book: (date, column) => { cursor.leave(); if (state.placing) place(date, column ? { id: column } : null); else newAt(date, column ? { id: column } : null); },
      open: (id) => { cursor.leave(); openDrawer(id); },
    });
  }
  const [hours, minutes] = (state.now || "").slice(11, 16).split(":").map(Number);
  const isOpen = hours < state.found.hours[1] - 1;
  if (!cursor.begin(near, isOpen ? hours * 60 + minutes : 9 * 60)) enterGrid();
}

function slots() {
  const [first, last] = span();
  const days = [];
  for (let day = first; day <= last; day = later(day, 1)) days.push(day);
  const events = state.found.events.filter((event) => !event.extendedProps.off).map((event) => ({
    id: event.id, start: event.start.slice(0, 16), end: event.end.slice(0, 16), column: event.resourceIds?.[0],
    name: state.isPrivate && event.extendedProps.named ? initials(event.title) : event.title,
  }));
  return { view: state.view, columns: state.columns, days, hours: state.found.hours, events };
}

function walkIn() {
  if (!config.mayCreate) return;
  const now = new Date(Math.floor(Date.now() / 300000) * 300000);
  const isNear = state.now && Math.abs(new Date(state.now) - new Date()) < 3 * 60 * 1000;
  const at = isNear ? clockText(now) : state.now || clockText(now);
  openForm(new URLSearchParams({ date: at.slice(0, 10), time: at.slice(11, 16), is_here: "on" }));
}

function chooseLocation(tab) {
  for (const other of tab.parentElement.children) {
    other.setAttribute("aria-selected", String(other === tab));
    other.tabIndex = other === tab ? 0 : -1;
  }
  find("#diary-location").value = tab.dataset.location;
  tab.scrollIntoView({ block: "nearest", inline: "nearest" });
  refresh();
}

function stepLocation(by) {
  const tabs = [...document.querySelectorAll("[data-location]")];
  const at = tabs.findIndex((tab) => tab.getAttribute("aria-selected") === "true");
  const next = tabs[(at + by + tabs.length) % tabs.length];
  chooseLocation(next);
  return next;
}

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key === "Escape" && !drawer.hidden) { closeDrawer(); return; }
  if ((event.ctrlKey || event.metaKey) && event.key === "z" && !isTyping && state.undo) { event.preventDefault(); undo(); return; }
  const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping && !find("dialog[open]");
  const take = (act) => { event.preventDefault(); event.stopImmediatePropagation(); act(); };
  if (isPlain && event.shiftKey && event.key.toLowerCase() === "w") { take(walkIn); return; }
  if (isPlain && (event.key === "[" || event.key === "]")) { take(() => stepLocation(event.key === "]" ? 1 : -1)); return; }
  if (isPlain && event.key.toLowerCase() === "g") { take(() => startCursor(event.target.closest?.("[data-event]"))); return; }
  if (cursor?.isOn && event.target === cursor.box && isPlain) {
    const act = cursor.key(event);
    if (act) { take(act); return; }
  }
  const tab = event.target.closest?.("[data-location]");
  if (tab && (event.key === "ArrowLeft" || event.key === "ArrowRight")) { take(() => stepLocation(event.key === "ArrowRight" ? 1 : -1).focus()); return; }
  const chosen = event.target.closest?.("[data-event]");
  if (chosen && isPlain && event.key.startsWith("Arrow")) { take(() => neighbour(chosen, event.key)?.focus()); return; }
  if (!chosen || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Enter" || event.key === " ") take(() => openDrawer(chosen.dataset.event));
  else if (KEYS[event.key.toLowerCase()] && config.mayChange) { event.preventDefault(); event.stopImmediatePropagation(); setStatus(chosen.dataset.event, KEYS[event.key.toLowerCase()]); }
}, true);

document.addEventListener("click", (event) => {
  const on = (selector) => event.target.closest(selector);
  if (on("[data-step]")) {
    const by = Number(on("[data-step]").dataset.step);
    const month = noon(`${state.date.slice(0, 8)}15`);
    month.setMonth(month.getMonth() + by);
    go({ date: state.view === "month" ? `${dayText(month).slice(0, 8)}01` : later(state.date, by * (state.view === "week" ? 7 : 1)) });
  } else if (on("[data-today]")) go({ date: config.today });
  else if (on("[data-view]")) chooseView(on("[data-view]").dataset.view);
  else if (on("[data-new]")) openForm(new URLSearchParams({ date: state.date }));
  else if (on("[data-drawer-close]")) closeDrawer();
  else if (on("[data-park]")) park(on("[data-park]").dataset.park);
  else if (on("[data-undo-button]")) undo();
  else if (on("[data-location]")) chooseLocation(on("[data-location]"));
  else if (on("[data-choose-columns]")) openColumns();
});
find("#diary-date").addEventListener("change", (event) => event.target.value && go({ date: event.target.value }));
find("#diary-practitioner").addEventListener("change", (event) => { state.wantsAll = !event.target.value; refresh(); });
for (const [name, key] of [["[data-hide-off]", "hideOff"], ["[data-private]", "isPrivate"]]) {
  const box = find(name);
  box.checked = state[key] = sessionStorage.getItem(`diary-${key}`) === "1";
  box.addEventListener("change", () => { sessionStorage.setItem(`diary-${key}`, box.checked ? "1" : ""); state[key] = box.checked; showParked(); if (state.found) show(state.found); });
}
document.addEventListener("diary:changed", refresh);
document.addEventListener("diary:close", closeDrawer);
document.addEventListener("visibilitychange", look);
// What others change: ui/live.js says when, and how often to look where it cannot.
document.addEventListener("nexus:look", look);
document.addEventListener("nexus:change", ({ detail: { topic, from, until } }) => {
  const [first, last] = span();
  if (topic === "diary" && !(from && (until < later(first, -1) || from > later(last, 1)))) look();
});

if (NARROW.matches && !new URLSearchParams(window.location.search).has("view")) window.location.replace(`${config.list}?date=${config.date}${config.location ? `&location=${config.location}` : ""}`);
else {
  find("#diary-practitioner").value = config.practitioner;
  showParked();
  refresh();
}
