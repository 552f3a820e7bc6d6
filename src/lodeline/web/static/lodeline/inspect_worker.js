// Keeps the inspector's page and what it is drawn with for when there is no network. It stands below the address of that
// page, so it sees no other page; of what the page asks it answers for these few files alone, and the newest where it can.
const PAGE = new URL(self.registration.scope).pathname;
const PARTS = ["lodeline.css", "inspect.css", "lodeline.js", "inspect.js", "mark.svg"].map((name) => `/static/lodeline/${name}`);
// lodeline.js deletes what begins so when somebody signs out.
const NAME = `lodeline-telephone ${PAGE}`;
// Where the network is bad, an answer that was kept is better than one that does not come.
const PATIENCE_MS = 4000;

const fetched = async (path) => {
  // Whoever is led to sign in gets no page that could be kept.
  const answer = await fetch(path, { cache: "no-store", redirect: "error" });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return [path, answer];
};

const keep = async () => {
  const all = await Promise.all([PAGE, ...PARTS].map(fetched));
  const cache = await caches.open(NAME);
  await Promise.all(all.map(([path, answer]) => cache.put(path, answer)));
};

self.addEventListener("install", (event) => event.waitUntil(keep().then(() => self.skipWaiting())));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
// A page that finds nothing kept of it says so: a worker that outlived a sign-out is not installed again.
self.addEventListener("message", (event) => event.waitUntil(keep().catch(() => {})));

const newest = async (event, path) => {
  const kept = caches.match(path, { cacheName: NAME, ignoreVary: true });
  const asked = fetch(event.request).then(async (answer) => {
    // What was deleted because somebody signed out does not come back by a page that is still open.
    const exists = await caches.has(NAME);
    if (answer.ok && exists) await (await caches.open(NAME)).put(path, answer.clone());
    // The page is not open to this person any more: nor is what was kept of it.
    if (path === PAGE && (answer.status === 403 || answer.status === 404)) await caches.delete(NAME);
    return answer;
  });
  event.waitUntil(asked.catch(() => {}));
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS)).then(() => kept);
  try {
    return (await Promise.race([asked, late])) ?? (await asked);
  } catch (failure) {
    const found = await kept;
    if (!found) throw failure;
    return found;
  }
};

self.addEventListener("fetch", (event) => {
  const { method, mode, url } = event.request;
  const { origin, pathname, search } = new URL(url);
  if (method !== "GET" || origin !== self.location.origin || search) return;
  if ((mode === "navigate" && pathname === PAGE) || PARTS.includes(pathname)) event.respondWith(newest(event, pathname));
});
