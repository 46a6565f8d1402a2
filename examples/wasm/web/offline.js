// The service worker: answers come from the server and are kept; without the server, what was kept answers.
const store = "octet";
const files = [
  "./", "style.css", "icon.svg", "page.js", "engine.js", "pad.js", "worker.js",
  "wasm_exec.js", "octet.wasm", "digits.onnx", "3.png", "7.png", "8.png",
];

self.addEventListener("install", (e) => e.waitUntil(caches.open(store).then((c) => c.addAll(files))));
self.addEventListener("activate", (e) => e.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (e) => {
  if (e.request.method !== "GET") return;
  e.respondWith((async () => {
    try {
      const answer = await fetch(e.request);
      if (answer.ok) {
        const copy = answer.clone();
        e.waitUntil(caches.open(store).then((c) => c.put(e.request, copy)));
      }
      return answer;
    } catch (problem) {
      const kept = await caches.match(e.request, { ignoreSearch: true });
      if (kept) return kept;
      throw problem;
    }
  })());
});
