// Binds this sign-in to a key that cannot leave this browser, or shows again that the
// browser has it, and goes on.
"use strict";
(async () => {
  const main = document.getElementById("main-device");
  document.getElementById("device-busy").hidden = false;
  const onwards = () => location.replace(main.dataset.next);
  try {
    const answer = await custodyDevice.prove();
    if (!answer.ok) throw new Error("refused");
    if (navigator.serviceWorker) {
      const policy = window.trustedTypes ? trustedTypes.createPolicy("custody", { createScriptURL: (s) => s }) : { createScriptURL: (s) => s };
      await navigator.serviceWorker.register(policy.createScriptURL("/.custody/assets/worker.js"), { scope: "/" }).catch(() => {});
    }
    onwards();
  } catch (error) {
    if (main.dataset.bound === "false") { onwards(); return; }
    document.getElementById("device-failed").hidden = false;
    document.getElementById("device-busy").hidden = true;
  }
})();
