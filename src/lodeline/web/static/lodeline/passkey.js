// Passkeys: a form with data-passkey asks the browser for one (`use`) or for a new one (`add`), and is sent with what
// the browser gave. Options stand in data-options, or are fetched from data-options-at. Without script or passkeys the
// form says so.
(() => {
  "use strict";
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const known = (list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

  const options = async (form) => {
    if (form.dataset.options) return JSON.parse(form.dataset.options).publicKey;
    const answer = await fetch(form.dataset.optionsAt, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(`options: ${answer.status}`);
    return (await answer.json()).request_options.publicKey;
  };

  const add = async (form) => {
    const asked = await options(form);
    const alone = form.elements.namedItem("passwordless")?.checked ?? false;
    const selection = { ...asked.authenticatorSelection, residentKey: alone ? "required" : "discouraged", requireResidentKey: alone };
    if (alone) selection.userVerification = "required";
    const made = await navigator.credentials.create({ publicKey: {
      ...asked,
      challenge: bytes(asked.challenge),
      user: { ...asked.user, id: bytes(asked.user.id) },
      excludeCredentials: known(asked.excludeCredentials),
      authenticatorSelection: selection,
    } });
    return {
      id: made.id, rawId: text(made.rawId), type: made.type,
      response: {
        clientDataJSON: text(made.response.clientDataJSON), attestationObject: text(made.response.attestationObject),
        transports: made.response.getTransports?.() ?? [],
      },
      clientExtensionResults: made.getClientExtensionResults(),
    };
  };

  const use = async (form) => {
    const asked = await options(form);
    const given = await navigator.credentials.get({ publicKey: {
      ...asked, challenge: bytes(asked.challenge), allowCredentials: known(asked.allowCredentials),
    } });
    const { clientDataJSON, authenticatorData, signature, userHandle } = given.response;
    return {
      id: given.id, rawId: text(given.rawId), type: given.type,
      response: {
        clientDataJSON: text(clientDataJSON), authenticatorData: text(authenticatorData), signature: text(signature),
        userHandle: userHandle ? text(userHandle) : null,
      },
      clientExtensionResults: given.getClientExtensionResults(),
    };
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const act = form.querySelector("[data-passkey-act]");
    const problem = form.querySelector("[data-passkey-problem]");
    if (!window.PublicKeyCredential) continue;
    act.hidden = false;
    form.querySelector("[data-passkey-cannot]").hidden = true;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      problem.hidden = true;
      act.disabled = true;
      try {
        const credential = await (form.dataset.passkey === "add" ? add : use)(form);
        form.elements.namedItem("credential").value = JSON.stringify(credential);
        form.submit();
      } catch {
        // Turned away by the person, by the device, or by the portal: what to do next is the same.
        problem.hidden = false;
        act.disabled = false;
      }
    });
  }
})();
