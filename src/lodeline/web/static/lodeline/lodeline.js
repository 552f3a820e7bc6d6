// What a page can do without, and does better with: the colour scheme is remembered, "/" leads to the find field,
// Escape leaves it, tables stand in for drawings on a narrow screen, files that were chosen are listed, a job is watched,
// a password can be looked at while it is typed.
(() => {
  "use strict";
  const root = document.documentElement;
  const kept = () => { try { return localStorage.getItem("lodeline.scheme"); } catch { return null; } };
  const scheme = kept();
  // Set before anything is painted, so that a dark room is not lit up first.
  if (scheme === "light" || scheme === "dark") root.dataset.theme = scheme;

  const typing = (target) => target instanceof Element && target.closest("input, textarea, select, [contenteditable]");

  // The place shows that it takes what is held over it, and which files it has taken.
  const listFiles = (place, input) => {
    for (const [name, over] of [["dragenter", true], ["dragover", true], ["dragleave", false], ["drop", false]]) {
      place.addEventListener(name, () => place.classList.toggle("is-over", over && !input.disabled));
    }
    const list = document.createElement("ul");
    list.className = "files";
    place.after(list);
    const number = new Intl.NumberFormat(root.lang, { maximumSignificantDigits: 3 });
    input.addEventListener("change", () => {
      list.replaceChildren(...[...input.files].map((file) => {
        const line = document.createElement("li");
        line.textContent = `${file.name} · ${number.format(file.size / 1000)} kB`;
        return line;
      }));
    });
  };

  // Asks for the page again until the job on it has come to its end; then the page is loaded anew.
  const watch = (job) => {
    const again = async () => {
      let fresh;
      try {
        const answer = await fetch(location.href, { cache: "no-store", headers: { Accept: "text/html" } });
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        fresh = page.getElementById(job.id);
        // A page of ours without the job says what came of it; what a proxy says while the server starts is no end.
        const ours = answer.ok || page.getElementById("main");
        if (answer.redirected || (ours && fresh?.dataset.live === undefined)) { location.reload(); return; }
      } catch { /* the network is away: what is shown stays, and is asked for again */ }
      if (fresh) {
        job.querySelector("progress").replaceWith(fresh.querySelector("progress"));
        const [told, says] = [job, fresh].map((one) => one.querySelector("[role=status]"));
        if (told.textContent !== says.textContent) told.textContent = says.textContent;
      }
      setTimeout(again, Number(job.dataset.live) * 1000);
    };
    setTimeout(again, Number(job.dataset.live) * 1000);
  };

  // Whoever chooses a password may read it, and sees how far it is from long enough; the server judges it.
  const showPassword = (input) => {
    const chinese = root.lang.startsWith("zh");
    const [show, hide] = chinese ? ["显示密码", "隐藏密码"] : ["Show password", "Hide password"];
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "btn ghost small", textContent: show });
    button.addEventListener("click", () => {
      const hidden = input.type === "password";
      input.type = hidden ? "text" : "password";
      button.textContent = hidden ? hide : show;
    });
    // It is sent hidden, so that no browser keeps it as a text to offer again.
    input.form?.addEventListener("submit", () => { input.type = "password"; });
    const under = document.createElement("p");
    under.className = "under-password";
    under.append(button);
    input.after(under);
    if (input.autocomplete !== "new-password" || !input.getAttribute("aria-describedby")) return;
    const meter = document.createElement("meter");
    Object.assign(meter, { min: 0, max: 20, low: 12, high: 16, optimum: 20, value: 0 });
    meter.setAttribute("aria-label", chinese ? "密码强度" : "Strength of the password");
    const told = document.createElement("span");
    under.append(meter, told);
    input.addEventListener("input", () => {
      // One character over and over is as easy to try as one.
      const count = [...input.value.replace(/(.)\1+/gu, "$1")].length;
      meter.value = count;
      told.textContent = !count ? "" : chinese ? `有效字符 ${count} 个，至少 12 个` : `${count} characters that count, of at least 12`;
    });
  };

  // Whoever signs out leaves nothing of an inspector's telephone page here but entries that no portal has answered for.
  const forget = async () => {
    for (const name of await caches.keys()) if (name.startsWith("lodeline-telephone ")) await caches.delete(name);
    for (const one of await navigator.serviceWorker.getRegistrations()) if (one.scope.endsWith("/telephone/")) await one.unregister();
    await new Promise((resolve) => {
      const asked = indexedDB.open("lodeline-telephone");
      asked.onerror = asked.onupgradeneeded = resolve;
      asked.onsuccess = () => {
        const turn = asked.result.transaction("kept", "readwrite");
        turn.oncomplete = turn.onerror = turn.onabort = () => { asked.result.close(); resolve(); };
        turn.objectStore("kept").openCursor().onsuccess = ({ target: { result: cursor } }) => {
          if (!cursor) return;
          if (cursor.value.state === "sent" || !cursor.value.state) cursor.delete();
          cursor.continue();
        };
      };
    });
  };
  document.addEventListener("submit", async (event) => {
    if (!event.target.action?.endsWith?.("/account/logout/")) return;
    try { if (!localStorage.getItem("lodeline.telephone")) return; } catch { return; }
    event.preventDefault();
    await Promise.race([forget().catch(() => {}), new Promise((resolve) => setTimeout(resolve, 3000))]);
    event.target.submit();
  });

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
    for (const place of document.querySelectorAll(".drop-place")) listFiles(place, place.querySelector("input"));
    for (const job of document.querySelectorAll("[data-live]")) watch(job);
    for (const input of document.querySelectorAll("input[type=password]")) showPassword(input);
  });
})();
