// Keeps the drivers' pages on the phone, so that they open without a network. It touches no data: events wait in IndexedDB, and
// the API is never answered from here. While central answers, the page is central's newest, so no phone stays on an old one.
const VERSION = "__VERSION__";
const FILES = __FILES__;
const PAGE = "/driver/";
const CACHE = `comptoir-driver-${VERSION}`;
/** So long the page waits for central before the kept one opens. */
const PATIENCE = 4000;

self.addEventListener("install", (event) => {
  event.waitUntil(
    (async () => {
      const cache = await caches.open(CACHE);
      await cache.addAll([PAGE, ...FILES].map((path) => new Request(path, { cache: "no-cache" })));
      await self.skipWaiting();
    })(),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      // The version before stays too: a page that is open may still load a part of it.
      const own = (await caches.keys()).filter((name) => name.startsWith("comptoir-driver-"));
      const before = own.filter((name) => name !== CACHE).slice(-1);
      await Promise.all(own.filter((name) => name !== CACHE && !before.includes(name)).map((name) => caches.delete(name)));
      await self.clients.claim();
    })(),
  );
});

self.addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== self.location.origin) return;
  if (event.request.mode === "navigate" && pathname === PAGE) event.respondWith(newestPage(event.request));
  else if (pathname.startsWith("/assets/")) event.respondWith(kept(event.request));
});

async function newestPage(request) {
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(PATIENCE) });
    if (answer.ok) return answer;
  } catch {
    // No network: the kept page.
  }
  return (await (await caches.open(CACHE)).match(PAGE)) ?? Response.error();
}

/** A file's name has a digest of its content, so a kept one is right for good. */
async function kept(request) {
  return (await caches.match(request)) ?? fetch(request);
}
