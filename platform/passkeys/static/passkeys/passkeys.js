// Passkeys: asks the server for a challenge, the browser for an answer, and sends that back.
// Buttons: data-passkey="make" or "prove", data-options-url, data-answer-url; the words go into
// the element that data-says names.

const toBytes = (text) => {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
};
const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

async function send(url, body) {
  const token = document.querySelector('meta[name="csrf-token"]').content;
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token },
    body: JSON.stringify(body),
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.detail || "The server did not accept it. Try again.");
  return answer;
}

function readable(options) {
  options.challenge = toBytes(options.challenge);
  if (options.user) options.user.id = toBytes(options.user.id);
  for (const list of [options.excludeCredentials, options.allowCredentials]) {
    for (const credential of list || []) credential.id = toBytes(credential.id);
  }
  return options;
}

function written(credential) {
  const { response } = credential;
  const fields = {
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    clientExtensionResults: {},
    response: { clientDataJSON: toText(response.clientDataJSON) },
  };
  if (response.attestationObject) {
    fields.response.attestationObject = toText(response.attestationObject);
    fields.response.transports = response.getTransports ? response.getTransports() : [];
  } else {
    fields.response.authenticatorData = toText(response.authenticatorData);
    fields.response.signature = toText(response.signature);
    if (response.userHandle) fields.response.userHandle = toText(response.userHandle);
  }
  return fields;
}

async function run(button) {
  const { passkey, optionsUrl, answerUrl } = button.dataset;
  const { publicKey } = await send(optionsUrl, {});
  const options = { publicKey: readable(publicKey) };
  if (passkey === "make") {
    const credential = written(await navigator.credentials.create(options));
    const name = document.querySelector("[data-passkey-name]").value;
    return send(answerUrl, { name, credential });
  }
  return send(answerUrl, written(await navigator.credentials.get(options)));
}

for (const button of document.querySelectorAll("[data-passkey]")) {
  const says = document.getElementById(button.dataset.says);
  if (!window.PublicKeyCredential) {
    button.disabled = true;
    says.textContent = "This browser knows no passkeys.";
    continue;
  }
  button.addEventListener("click", async () => {
    button.disabled = true;
    says.textContent = "Your device asks you now…";
    try {
      const { next } = await run(button);
      window.location.assign(next);
    } catch (error) {
      const gaveUp = error instanceof DOMException;
      says.textContent = gaveUp ? "Nothing was confirmed on your device. Try again." : error.message;
      button.disabled = false;
    }
  });
}
