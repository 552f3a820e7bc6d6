// What filing can do without, and does better with: a cell is saved when it is left, an upload says how far it is, a passkey signs.
// The server makes every page; this only asks for it in the background and puts it in place, leaving the cursor where it is.

const chinese = document.documentElement.lang.startsWith("zh");
const say = (en, zh) => (chinese ? zh : en);

// Cells: whatever was changed is sent when its field is left; what is being typed meanwhile stays.
let sending = Promise.resolve();
let waiting = 0;
let typedAt = 0;
let left = false;
const PAUSE_MS = 500;

const isChanged = (field) =>
  field instanceof HTMLSelectElement
    ? [...field.options].some((one) => one.selected !== one.defaultSelected)
    : field.value !== field.defaultValue;

const save = async () => {
  const form = document.querySelector("form[data-autosave]");
  if (!form) return;
  const fields = [...form.querySelectorAll('[name^="c-"]')].filter(isChanged);
  if (fields.length === 0) return;
  const sent = new Map(fields.map((field) => [field.name, field.value]));
  const body = new FormData();
  for (const name of ["csrfmiddlewaretoken", "revision"]) body.append(name, form.elements.namedItem(name).value);
  body.append("act", "save");
  for (const [name, value] of sent) body.append(name, value);
  let fresh;
  try {
    const answer = await fetch(form.action, { method: "POST", body, redirect: "follow" });
    fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("draft");
  } catch { /* the network is away: the field keeps what was typed, and the button still sends it */ }
  // Nobody's field is taken away under their fingers.
  while (Date.now() - typedAt < PAUSE_MS) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS - (Date.now() - typedAt)));
  if (fresh) put(fresh, sent);
};

const put = (fresh, sent) => {
  const old = document.getElementById("draft");
  const kept = [...old.querySelectorAll('[name^="c-"]')].filter((field) => isChanged(field) && sent.get(field.name) !== field.value);
  const typed = kept.map((field) => [field.id || field.name, field.value]);
  const focus = old.contains(document.activeElement) ? document.activeElement : null;
  const [where, caret] = [focus?.id, focus?.selectionStart];
  const row = focus?.closest("tr")?.previousElementSibling?.id || focus?.closest("tr")?.id;
  const chosen = [...old.querySelectorAll("input[type=file]")].filter((one) => one.files.length > 0);
  const drawers = [...old.querySelectorAll("details[open][id]")].map((one) => one.id);
  old.replaceWith(document.adoptNode(fresh));
  for (const id of drawers) document.getElementById(id)?.setAttribute("open", "");
  for (const one of chosen) { const field = document.getElementById(one.id); if (field) field.files = one.files; }
  for (const [id, value] of typed) {
    const field = document.getElementById(id) ?? document.querySelector(`[name="${CSS.escape(id)}"]`);
    if (field) field.value = value;
  }
  // Where the field has gone with its problem, the next one that wants something is in the same row or below.
  const target = (where && document.getElementById(where)) || (focus && next(row));
  target?.focus({ preventScroll: Boolean(where) });
  if (target?.setSelectionRange && typeof caret === "number") {
    try { target.setSelectionRange(caret, caret); } catch { /* a field without a caret */ }
  }
  announce(say("Saved.", "已保存。"));
};

const next = (row) => {
  const fields = [...document.querySelectorAll("#grid-form :is(input, select, button):not(.vh, [type=hidden])")];
  const start = row ? document.getElementById(row) : null;
  const below = start ? fields.filter((one) => start.contains(one) || start.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING) : fields;
  return below[0] ?? fields[0] ?? document.getElementById("main");
};

const announce = (text) => {
  let live = document.getElementById("said-live");
  if (!live) {
    live = document.createElement("p");
    live.id = "said-live";
    live.className = "vh";
    live.setAttribute("role", "status");
    document.getElementById("main").append(live);
  }
  live.textContent = text;
};

document.addEventListener("keydown", () => { typedAt = Date.now(); }, true);
document.addEventListener("focusout", (event) => {
  if (!(event.target instanceof Element) || !event.target.closest("form[data-autosave]")) return;
  if (!event.target.name?.startsWith("c-") || !isChanged(event.target)) return;
  // One after the other: each carries the revision that the one before it made.
  waiting += 1;
  sending = sending.then(save).finally(() => { waiting -= 1; });
});
// A button that is pressed while a cell is on its way is pressed again when the page has the new revision.
document.addEventListener("submit", async (event) => {
  const [form, button] = [event.target, event.submitter];
  const isUpload = form.dataset.upload !== undefined;
  if (isUpload || (waiting > 0 && form.closest("#draft"))) event.preventDefault();
  if (waiting > 0 && form.closest("#draft")) {
    await sending;
    const same = [...document.querySelectorAll("#draft button[name=act]")].filter((one) => one.value === button?.value);
    same.at(-1)?.click();
  } else if (isUpload) upload(form, button);
  else left = true;
});
// So is a link: whoever leaves before the cell has come would lose it. What cannot be sent is asked about.
document.addEventListener("click", async (event) => {
  const link = event.target instanceof Element ? event.target.closest("a[href]:not([target], [download])") : null;
  if (!link || waiting === 0 || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  await sending;
  location.assign(link.href);
});
window.addEventListener("beforeunload", (event) => {
  const form = document.querySelector("form[data-autosave]");
  if (!left && form && [...form.querySelectorAll('[name^="c-"]')].some(isChanged)) event.preventDefault();
});

// An upload with words for how far it is; where the server leads afterwards is where the browser goes.
const upload = (form, button) => {
  const body = new FormData(form);
  if (button?.name) body.set(button.name, button.value);
  const bar = document.createElement("progress");
  const words = document.createElement("p");
  words.setAttribute("role", "status");
  bar.setAttribute("aria-label", say("Upload", "上传"));
  form.append(bar, words);
  for (const one of form.querySelectorAll("button")) one.disabled = true;
  const request = new XMLHttpRequest();
  request.upload.addEventListener("progress", (event) => {
    if (!event.lengthComputable) return;
    bar.max = event.total;
    bar.value = event.loaded;
    const share = Math.round((100 * event.loaded) / event.total);
    words.textContent = share < 100 ? say(`${share} % sent`, `已上传 ${share}%`) : say("Sent. It is being read and checked.", "上传完成，正在读取和检查。");
  });
  request.addEventListener("load", () => {
    if (request.status === 200 && request.responseURL) { location.assign(request.responseURL); return; }
    const fresh = new DOMParser().parseFromString(request.responseText, "text/html").getElementById("main");
    if (fresh) document.getElementById("main").replaceWith(document.adoptNode(fresh));
  });
  request.addEventListener("error", () => {
    words.textContent = say("The connection was lost. Nothing was uploaded; send it again.", "连接中断，文件未上传，请重试。");
    for (const one of form.querySelectorAll("button")) one.disabled = false;
    bar.remove();
  });
  request.open("POST", form.action);
  request.send(body);
};

// A passkey signs: the challenge is the digest of what is certified, and the answer goes back in the form.
const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.hidden = !("credentials" in navigator);
  form.addEventListener("submit", async (event) => {
    const answer = form.elements.namedItem("assertion");
    if (answer.value) return;
    event.preventDefault();
    const asked = JSON.parse(form.dataset.passkey);
    const told = form.querySelector("[role=status]");
    try {
      const got = await navigator.credentials.get({
        publicKey: {
          challenge: bytes(asked.challenge), rpId: asked.rpId, timeout: asked.timeout, userVerification: "required",
          allowCredentials: asked.credentials.map((id) => ({ type: "public-key", id: bytes(id) })),
        },
      });
      answer.value = JSON.stringify({
        id: got.id, rawId: text(got.rawId), type: got.type, clientExtensionResults: {},
        response: {
          clientDataJSON: text(got.response.clientDataJSON), authenticatorData: text(got.response.authenticatorData),
          signature: text(got.response.signature),
        },
      });
      form.requestSubmit();
    } catch {
      told.textContent = say("No passkey answered. Nothing was signed; try again.", "通行密钥未响应，尚未签认，请重试。");
    }
  });
}
