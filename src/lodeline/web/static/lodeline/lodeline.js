// What a page can do without, and does better with: the colour scheme is remembered, "/" leads to the find field,
// Escape leaves it, tables stand in for drawings on a narrow screen.
(() => {
  "use strict";
  const root = document.documentElement;
  const kept = () => { try { return localStorage.getItem("lodeline.scheme"); } catch { return null; } };
  const scheme = kept();
  // Set before anything is painted, so that a dark room is not lit up first.
  if (scheme === "light" || scheme === "dark") root.dataset.theme = scheme;

  const typing = (target) => target instanceof Element && target.closest("input, textarea, select, [contenteditable]");

  document.addEventListener("DOMContentLoaded", () => {
    for (const radio of document.querySelectorAll('input[name="scheme"]')) {
      radio.checked = radio.value === (scheme ?? "auto");
      radio.addEventListener("change", () => {
        if (radio.value === "auto") delete root.dataset.theme; else root.dataset.theme = radio.value;
        try { localStorage.setItem("lodeline.scheme", radio.value); } catch { /* a browser that keeps nothing */ }
      });
    }
    const find = document.getElementById("find");
    document.addEventListener("keydown", (event) => {
      if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !typing(event.target)) {
        event.preventDefault();
        find?.focus();
        find?.select();
      } else if (event.key === "Escape" && document.activeElement === find) {
        find.blur();
      }
    });
    // On a narrow screen the table stands in for the drawing.
    if (matchMedia("(max-width: 48rem)").matches) for (const one of document.querySelectorAll("details.behind")) one.open = true;
    // The browser prints without a script too; with one there is a button for it.
    for (const one of document.querySelectorAll("[data-print]")) { one.hidden = false; one.addEventListener("click", () => print()); }
    // A receipt picked from a file is shown before it is checked.
    const file = document.querySelector("input[type=file][data-into]");
    file?.addEventListener("change", async () => {
      const chosen = file.files?.[0];
      if (chosen) document.getElementById(file.dataset.into).value = await chosen.text();
    });
  });
})();
