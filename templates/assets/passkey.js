// @ts-check
// Passkeys: the one thing on the sign-in pages that takes a script. Without it the buttons
// stay hidden, and the forms around them are whole.

/** @typedef {{ next?: string, error?: string, options?: { publicKey: any } }} Answer */

/** @param {string} path @param {object} body @returns {Promise<Answer>} */
async function post(path, body) {
  const answer = await fetch(path, {
    method: "POST", credentials: "same-origin",
    headers: { "Content-Type": "application/json", Accept: "application/json" }, body: JSON.stringify(body),
  });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(said.error || "");
  return said;
}

/**
 * Runs one ceremony: a form's address names it, and "new" makes a passkey instead of
 * asking for one. A form that waits is sent on afterwards.
 * @param {HTMLFormElement} form @param {HTMLElement} box
 */
async function go(form, box) {
  const path = form.dataset.passkeyForm || "";
  const { options } = await post(`${path}/options`, {});
  if (!options) throw new Error("");
  const key = "passkeyNew" in form.dataset
    ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options.publicKey) })
    : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey) });
  if (!(key instanceof PublicKeyCredential)) throw new Error("");
  const typed = new FormData(form);
  const { next } = await post(path, { answer: key.toJSON(), name: typed.get("name") || "", next: typed.get("next") || "" });
  if (next) location.assign(next);
  else form.submit();
}

/** @param {HTMLElement} box */
function prepare(box) {
  const form = box.closest("form");
  const button = box.querySelector("[data-passkey-go]");
  const trouble = box.querySelector("[data-passkey-error]");
  if (!form || !(button instanceof HTMLButtonElement) || !(trouble instanceof HTMLElement)) return;
  box.hidden = false;
  if ("passkeyNew" in form.dataset) {
    form.addEventListener("submit", (event) => { // the enter key in its one field
      event.preventDefault();
      button.click();
    });
  }
  button.addEventListener("click", async () => {
    button.disabled = true;
    trouble.hidden = true;
    try {
      await go(form, box);
    } catch (error) {
      // A browser's own words are in its own language; ours say what to do.
      trouble.textContent = (error instanceof Error && !(error instanceof DOMException) && error.message) || box.dataset.passkeyFailed || "";
      trouble.hidden = false;
      button.disabled = false;
    }
  });
}

const able = window.isSecureContext && "PublicKeyCredential" in window && "parseRequestOptionsFromJSON" in PublicKeyCredential;
if (able) {
  document.querySelectorAll("[data-passkey]").forEach((box) => { if (box instanceof HTMLElement) prepare(box); });
} else {
  document.querySelectorAll("[data-passkey-unable]").forEach((note) => { if (note instanceof HTMLElement) note.hidden = false; });
}
