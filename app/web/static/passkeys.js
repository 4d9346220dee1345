// Forms that a passkey fills in. Without script, or in a browser without passkeys, they stay hidden.
"use strict";
(() => {
  if (!window.PublicKeyCredential) return;
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
  const text = (buffer) =>
    buffer ? btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "") : undefined;
  const known = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));
  const asked = (json) => {
    const wish = JSON.parse(json);
    wish.challenge = bytes(wish.challenge);
    if (wish.user) {
      wish.user.id = bytes(wish.user.id);
      wish.excludeCredentials = known(wish.excludeCredentials);
    } else {
      wish.allowCredentials = known(wish.allowCredentials);
    }
    return wish;
  };
  const told = (made) => {
    const { clientDataJSON, attestationObject, authenticatorData, signature, userHandle } = made.response;
    return JSON.stringify({
      id: made.id,
      rawId: text(made.rawId),
      type: made.type,
      clientExtensionResults: made.getClientExtensionResults(),
      response: {
        clientDataJSON: text(clientDataJSON),
        attestationObject: text(attestationObject),
        authenticatorData: text(authenticatorData),
        signature: text(signature),
        userHandle: text(userHandle),
      },
    });
  };
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const wrong = form.querySelector("[data-wrong]");
      wrong.hidden = true;
      try {
        const publicKey = asked(form.dataset.passkey);
        const made = await (publicKey.user
          ? navigator.credentials.create({ publicKey })
          : navigator.credentials.get({ publicKey }));
        form.elements.answer.value = told(made);
        form.submit();
      } catch {
        // The person said no, or there is no passkey here.
        wrong.hidden = false;
      }
    });
  }
})();
