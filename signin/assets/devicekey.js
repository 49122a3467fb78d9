// The device key: ECDSA P-256, not extractable, kept in IndexedDB. Used by pages and by
// the worker.
"use strict";
self.custodyDevice = (() => {
  const open = () => new Promise((done, failed) => {
    const request = indexedDB.open("custody", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("keys");
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
  const ask = (db, mode, act) => new Promise((done, failed) => {
    const request = act(db.transaction("keys", mode).objectStore("keys"));
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  const key = async () => {
    const db = await open();
    let pair = await ask(db, "readonly", (s) => s.get("device"));
    if (!pair) {
      pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
      await ask(db, "readwrite", (s) => s.put(pair, "device"));
    }
    db.close();
    return pair;
  };

  const post = (path, body) => fetch("/.custody/device/" + path, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body || {}),
  });

  // prove signs the door's challenge; the first time it also gives the public key.
  const prove = async () => {
    const pair = await key();
    const begun = await post("begin");
    if (!begun.ok) return begun;
    const challenge = (await begun.json()).challenge;
    const message = new TextEncoder().encode("custody device v1\n" + challenge);
    const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, pair.privateKey, message);
    const spki = await crypto.subtle.exportKey("spki", pair.publicKey);
    return post("finish", { key: text(spki), signature: text(signature) });
  };
  return { prove };
})();
