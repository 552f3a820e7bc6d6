// The lines of a declaration by keys: j and k go from row to row, r, q and h choose, o opens the card.
(() => {
  "use strict";
  document.addEventListener("DOMContentLoaded", () => {
    const form = document.querySelector("form[data-lines]");
    if (!form) return;
    const rows = [...form.querySelectorAll("tbody tr")];
    form.querySelector("[data-keys]").hidden = false;
    let at = -1;
    const go = (to) => {
      if (to < 0 || to >= rows.length) return;
      rows[at]?.classList.remove("is-at");
      at = to;
      rows[at].classList.add("is-at");
      rows[at].scrollIntoView({ block: "nearest" });
      (rows[at].querySelector("select") ?? rows[at].querySelector("a"))?.focus({ preventScroll: true });
    };
    form.addEventListener("focusin", (event) => {
      const row = rows.indexOf(event.target.closest("tbody tr"));
      if (row >= 0 && row !== at) { rows[at]?.classList.remove("is-at"); at = row; rows[at].classList.add("is-at"); }
    });
    const words = { r: "release", q: "query", h: "hold" };
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, [contenteditable]")) return;
      const key = event.key.toLowerCase();
      const choose = words[key] && rows[at]?.querySelector("select");
      if (key === "j") go(at + 1);
      else if (key === "k") go(at - 1);
      else if (key === "o" && at >= 0) rows[at].querySelector("a").click();
      else if (choose && [...choose.options].some((one) => one.value === words[key])) { choose.value = words[key]; go(at + 1); }
      else return;
      event.preventDefault();
    });
  });
})();
