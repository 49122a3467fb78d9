// Passkeys: the browser's half of the ceremonies. No library: options come as the JSON
// of the WebAuthn specification, with binary values in base64url.
"use strict";
(() => {
  const status = document.getElementById("passkey-status");
  const say = (text) => { if (status) { status.textContent = text; status.hidden = !text; } };
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  const post = async (path, body) => {
    const answer = await fetch("/.custody/passkey/" + path, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body || {}),
    });
    const data = await answer.json();
    if (!answer.ok) throw new Error(data.error ? data.error.message + ". " + data.error.hint + "." : "This did not work. Try again.");
    return data;
  };

  const ids = (list) => (list || []).map((c) => ({ ...c, id: bytes(c.id) }));

  const getOptions = (o) => ({ ...o, challenge: bytes(o.challenge), allowCredentials: ids(o.allowCredentials) });
  const createOptions = (o) => ({ ...o, challenge: bytes(o.challenge), user: { ...o.user, id: bytes(o.user.id) }, excludeCredentials: ids(o.excludeCredentials) });

  const flat = (c) => {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (c.response[name]) response[name] = text(c.response[name]);
    }
    if (c.response.getTransports) response.transports = c.response.getTransports();
    return { id: c.id, rawId: text(c.rawId), type: c.type, response,
      authenticatorAttachment: c.authenticatorAttachment || undefined, clientExtensionResults: c.getClientExtensionResults() };
  };

  const plain = (error) => {
    if (error.name === "NotAllowedError") return "Nothing happened: the request was cancelled or took too long.";
    if (error.name === "InvalidStateError") return "This device has a passkey for you already.";
    if (error.name === "AbortError") return "";
    return error.message;
  };

  let waiting; // the request behind the browser's suggestions in the email field
  const signIn = async (button, mediation) => {
    if (waiting) waiting.abort();
    const mine = new AbortController();
    waiting = mine;
    try {
      const options = await post("begin");
      if (mine.signal.aborted) return;
      const credential = await navigator.credentials.get({ publicKey: getOptions(options.publicKey), mediation, signal: mine.signal });
      const done = await post("finish", { credential: flat(credential), next: button.dataset.next });
      location.replace(done.location);
    } catch (error) {
      if (mediation !== "conditional") say(plain(error));
    }
  };

  const create = async (button) => {
    const name = document.getElementById("passkey-name");
    const options = await post("create/begin");
    const credential = await navigator.credentials.create({ publicKey: createOptions(options.publicKey) });
    const done = await post("create/finish", { credential: flat(credential), name: name ? name.value : "" });
    location.replace(done.location);
  };

  const run = async (button) => {
    say("");
    button.disabled = true;
    try {
      await (button.dataset.passkey === "create" ? create(button) : signIn(button, "optional"));
    } catch (error) {
      say(plain(error));
    }
    button.disabled = false;
  };

  if (!window.PublicKeyCredential || !navigator.credentials) {
    for (const e of document.querySelectorAll(".without-passkeys")) e.hidden = false;
    return;
  }
  for (const e of document.querySelectorAll(".with-passkeys")) e.hidden = false;
  for (const button of document.querySelectorAll("button[data-passkey]")) {
    button.addEventListener("click", () => run(button));
    if (button.dataset.passkey === "sign-in" && PublicKeyCredential.isConditionalMediationAvailable) {
      PublicKeyCredential.isConditionalMediationAvailable().then((can) => { if (can && !waiting) signIn(button, "conditional"); });
    }
  }
})();
