// What an application can do without, and does better with: what licensing would say is asked for while one writes.
// The server makes the page and keeps what was written; this only asks for it in the background. Without it there is a button.

const form = document.querySelector("form[data-check]");
const PAUSE_MS = 700;
let pause = 0;
let asked = 0;

const check = async () => {
  const mine = ++asked;
  const body = new FormData(form);
  // Files go with the button that sends them.
  for (const field of form.querySelectorAll("input[type=file]")) body.delete(field.name);
  body.set("act", "check");
  try {
    const answer = await fetch(form.action, { method: "POST", body, redirect: "follow" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    // What was asked later is answered later: an older answer is not put over a newer one.
    if (mine !== asked) return;
    for (const part of ["#precheck", "main h1"]) {
      const fresh = page.querySelector(part);
      if (fresh) document.querySelector(part)?.replaceWith(document.adoptNode(fresh));
    }
  } catch { /* the network is away: what was written stays in its field, and the button sends it */ }
};

form?.addEventListener("input", (event) => {
  if (event.target.type === "file") return;
  clearTimeout(pause);
  pause = setTimeout(check, PAUSE_MS);
});
// What is handed in carries all that was written.
form?.addEventListener("submit", () => clearTimeout(pause));
