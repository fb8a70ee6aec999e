/* Changes by others. One stream for a page in sight; what it says becomes events on the document:

   nexus:change {topic, from, until}   something of a topic changed, on these days (UTC) where it says so
   nexus:look                          something may have been missed: look at everything that is shown
   nexus:live {live}                   whether changes come by themselves

   Without the stream pages are told to look every ten seconds, and say that they are not live. */

const SECONDS_BETWEEN_LOOKS = 10;
const SECONDS_BETWEEN_LOOKS_WHILE_LIVE = 60;
const SECONDS_OF_SILENCE = 35; // the server says something every fifteen
const SECONDS_HIDDEN = 15; // a tab out of sight lets go of its stream
const SECONDS_BEFORE_THE_MARK = 4;
const LONGEST_PAUSE = 60;

const url = document.querySelector("meta[name=nexus-events]")?.content;
const state = { source: null, live: false, topics: [], heard: 0, looked: Date.now(), pause: 1, openAt: 0, ended: false, hiddenSince: 0 };
const startedAt = Date.now();

const inSight = () => document.visibilityState === "visible";
const tell = (name, detail = {}) => document.dispatchEvent(new CustomEvent(`nexus:${name}`, { detail }));
const facts = (event) => { try { return JSON.parse(event.data); } catch { return {}; } };
const since = (moment) => (Date.now() - moment) / 1000;

/* What the page shows may need a topic that this person is not told of. */
function isLive() {
  const wanted = document.querySelector("[data-live-topic]")?.dataset.liveTopic;
  return state.live && (!wanted || state.topics.includes(wanted));
}

function look() {
  state.looked = Date.now();
  if (inSight()) tell("look");
}

function setLive(live) {
  const before = isLive();
  state.live = live;
  if (before !== isLive()) tell("live", { live: isLive() });
  showMark();
}

function showMark() {
  const shown = !isLive() && (state.ended || since(startedAt) > SECONDS_BEFORE_THE_MARK);
  for (const mark of document.querySelectorAll("[data-live-mark]")) {
    const words = state.ended ? "Signed out: reload the page to sign in" : `Not live: looks for changes every ${SECONDS_BETWEEN_LOOKS} seconds`;
    if (mark.textContent !== words) mark.textContent = words;
    mark.hidden = !shown;
  }
}

function close() {
  state.source?.close();
  state.source = null;
}

/* Back-off with a random part: a restarted server is not met by everybody at once. */
function lost() {
  close();
  setLive(false);
  state.openAt = Date.now() + state.pause * (500 + 500 * Math.random());
  state.pause = Math.min(LONGEST_PAUSE, state.pause * 2);
}

function open() {
  const source = new EventSource(url, { withCredentials: true });
  state.source = source;
  state.heard = Date.now();
  const on = (name, act) => source.addEventListener(name, (event) => {
    if (source !== state.source) return;
    state.heard = Date.now();
    act(facts(event));
  });
  on("ready", ({ live, topics }) => {
    state.pause = 1;
    state.topics = topics || [];
    setLive(Boolean(live));
    look(); // whatever changed between the page and its stream
  });
  on("change", (detail) => tell("change", detail));
  on("look", () => { setLive(true); look(); });
  on("paused", () => setLive(false));
  on("beat", () => {});
  on("bye", () => { state.ended = true; close(); setLive(false); tell("signed-out"); });
  source.onerror = () => { if (source === state.source) lost(); };
}

function tick() {
  if (inSight()) state.hiddenSince = 0;
  else {
    state.hiddenSince ||= Date.now();
    if (state.source && since(state.hiddenSince) > SECONDS_HIDDEN) { close(); setLive(false); }
    return;
  }
  if (state.source && since(state.heard) > SECONDS_OF_SILENCE) lost();
  if (!state.source && !state.ended && Date.now() >= state.openAt) open();
  if (since(state.looked) >= (isLive() ? SECONDS_BETWEEN_LOOKS_WHILE_LIVE : SECONDS_BETWEEN_LOOKS)) look();
  showMark();
}

if (url) {
  tick();
  setInterval(tick, 1000);
  document.addEventListener("visibilitychange", tick);
  window.addEventListener("online", () => { state.openAt = 0; tick(); });
  window.addEventListener("offline", () => { if (state.source) lost(); });
  window.addEventListener("pagehide", close);
}
