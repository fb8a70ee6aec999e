// What the service worker does with a push: one of a few sentences, and where a tap leads.
// Imported by the service worker with importScripts.
self.addEventListener("push", (event) => {
  let said = {};
  try {
    said = event.data ? event.data.json() : {};
  } catch {
    // Not ours: the sentence below is shown, since a browser wants something shown for each push.
  }
  const url = typeof said.url === "string" && /^\/(?!\/)/.test(said.url) ? said.url : "/notices/";
  event.waitUntil(self.registration.showNotification(said.title || "Nexus", {
    body: said.body || "There is something new in Nexus",
    tag: said.tag || "nexus",
    icon: "/static/ui/nexus.svg",
    data: { url },
  }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const target = new URL(event.notification.data?.url || "/notices/", self.location.origin).href;
  event.waitUntil((async () => {
    const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
    const page = pages.find((one) => new URL(one.url).origin === self.location.origin);
    if (!page) return self.clients.openWindow(target);
    await page.focus();
    return page.navigate(target).catch(() => self.clients.openWindow(target));
  })());
});
