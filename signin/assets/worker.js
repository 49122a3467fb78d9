// Renews the proof of the device before requests of the portal when it is due, so that
// nobody who works notices. It keeps and changes nothing that passes.
"use strict";
importScripts("/.custody/assets/devicekey.js");
const every = 2 * 60 * 1000;
let proved = 0;
let running = null;

const renew = () => {
  running = running || custodyDevice.prove().then((answer) => { proved = Date.now(); return answer; }, () => { proved = Date.now(); }).finally(() => { running = null; });
  return running;
};

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (url.origin !== location.origin || url.pathname.startsWith("/.custody/")) return;
  if (Date.now() - proved < every) return;
  event.respondWith(renew().then(() => fetch(event.request)));
});
