/* Answers in place of the network where there is none: with the kept day, else with a page that says so.
   Above stand VERSION, FILES, OFFLINE, OWNER_HEADER, KEPT (the page that is kept) and KEPT_FOR (addresses it stands in for). */

const STATIC = `nexus-static-${VERSION}`;
const SHEETS = "nexus-sheet-";
const KEPT_AT = "X-Nexus-Kept-At";
const HOURS_KEPT = 24;
const SECONDS_BETWEEN_COPIES = 60;

/* One thing at a time, in the order asked; a copy that was begun before a wipe is never put away after it. */
let turn = Promise.resolve();
let wipes = 0;
const inTurn = (work) => { turn = turn.then(work, work); return turn; };

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(STATIC).then((cache) => cache.addAll([OFFLINE, ...FILES])).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (!name.startsWith(SHEETS) && name !== STATIC) await caches.delete(name);
    await forgetOld();
    await self.registration.navigationPreload?.enable();
    await self.clients.claim();
  })());
});

self.addEventListener("message", (event) => {
  const { what, owner } = event.data || {};
  if (what === "wipe") { wipes += 1; event.waitUntil(inTurn(wipeAll)); }
  if (what === "keep" && /^[0-9a-f]{16,64}$/.test(owner) && KEPT) event.waitUntil(inTurn(() => keep(owner)));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate") event.respondWith(navigate(event, url));
  else if (FILES.includes(url.pathname)) event.respondWith(caches.open(STATIC).then((cache) => cache.match(url.pathname)).then((found) => found || fetch(request)));
});

async function navigate(event, url) {
  try {
    return (await event.preloadResponse) || (await fetch(event.request));
  } catch {
    const stands = KEPT && (url.pathname === KEPT || KEPT_FOR.includes(url.pathname));
    const found = stands ? await kept() : null;
    return found || (await caches.open(STATIC).then((cache) => cache.match(OFFLINE))) || Response.error();
  }
}

async function sheets() {
  return (await caches.keys()).filter((name) => name.startsWith(SHEETS));
}

async function wipeAll(butOf = "") {
  for (const name of await sheets()) if (name !== `${SHEETS}${butOf}`) await caches.delete(name);
}

async function forgetOld() {
  for (const name of await sheets()) {
    const found = await caches.open(name).then((cache) => cache.match(KEPT));
    const hours = (Date.now() - Number(found?.headers.get(KEPT_AT) || 0)) / 3_600_000;
    if (!found || hours > HOURS_KEPT || hours < -1) await caches.delete(name);
  }
}

async function kept() {
  await turn;
  await forgetOld();
  for (const name of await sheets()) return caches.open(name).then((cache) => cache.match(KEPT));
  return null;
}

async function keep(owner) {
  await wipeAll(owner);
  await forgetOld();
  const cache = await caches.open(`${SHEETS}${owner}`);
  const last = await cache.match(KEPT);
  if (last && Date.now() - Number(last.headers.get(KEPT_AT)) < SECONDS_BETWEEN_COPIES * 1000) return;
  const before = wipes;
  let answer;
  try {
    answer = await fetch(KEPT, { credentials: "same-origin", redirect: "manual", cache: "no-store", headers: { "X-Nexus-Background": "1" } });
  } catch {
    if (!last) await caches.delete(`${SHEETS}${owner}`);
    return; // no network: what is kept stays
  }
  const isTheirs = answer.ok && answer.headers.get(OWNER_HEADER) === owner;
  if (!isTheirs && answer.status >= 500) return;
  if (!isTheirs) return wipeAll();
  const headers = { [KEPT_AT]: String(Date.now()) };
  for (const name of ["Content-Type", "Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy"]) if (answer.headers.has(name)) headers[name] = answer.headers.get(name);
  const copy = new Response(await answer.text(), { headers });
  if (before === wipes) await cache.put(KEPT, copy);
}
