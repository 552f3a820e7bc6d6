// What a drawing can do without, and does better with: the words of a mark beside the pointer, arrow keys along the marks,
// zoom, and the drawing as a file. Without this script the marks have their titles and every link its stop of Tab.
// Loaded by parts/drawing.html.

const chinese = document.documentElement.lang.startsWith("zh");
const say = (en, zh) => (chinese ? zh : en);
const within = (value, least, most) => Math.min(Math.max(value, least), most);

// --- marks: what has words of its own -------------------------------------------------------------------------------

// Marks of a drawing, made reachable. Their titles become names, so that a browser does not show them a second time.
function marksOf(svg) {
  const marks = [];
  for (const title of svg.querySelectorAll("title")) {
    const mark = title.parentElement;
    // A name cut to its room keeps its title: it is part of a mark.
    if (mark === svg || mark.localName === "text") continue;
    mark.dataset.says = title.textContent;
    title.remove();
    if (mark.localName !== "a") mark.setAttribute("role", "img");
    mark.setAttribute("aria-label", mark.dataset.says);
    mark.setAttribute("tabindex", "-1");
    marks.push(mark);
  }
  // The parts of an image cannot be reached.
  if (marks.length) svg.setAttribute("role", "group");
  if (svg.matches(".d-sankey, .d-provenance")) {
    // A flow is read along itself, whatever was drawn first.
    const places = new Map(marks.map((mark) => [mark, mark.getBBox()]));
    marks.sort((a, b) => places.get(a).x - places.get(b).x || places.get(a).y - places.get(b).y);
  }
  marks[0]?.setAttribute("tabindex", "0");
  return marks;
}

function tipOf(figure) {
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  // What it says is the name of the mark: it is read out with the mark.
  tip.setAttribute("aria-hidden", "true");
  figure.append(tip);
  let leaving = 0;
  const hide = () => { tip.hidden = true; };
  const leave = () => { clearTimeout(leaving); leaving = setTimeout(hide, 150); };
  // It can be pointed at, so that long words can be read and copied.
  tip.addEventListener("pointerenter", () => clearTimeout(leaving));
  tip.addEventListener("pointerleave", leave);
  const show = (mark, x, y) => {
    clearTimeout(leaving);
    const room = figure.getBoundingClientRect();
    tip.textContent = mark.dataset.says;
    tip.hidden = false;
    tip.style.left = `${within(x - room.left - tip.offsetWidth / 2, 0, Math.max(room.width - tip.offsetWidth, 0))}px`;
    tip.style.top = `${y - room.top - tip.offsetHeight - 10}px`;
  };
  return { show, leave, hide };
}

// --- zoom: a part of the drawing in the place of the whole ----------------------------------------------------------

function lensOf(svg, tell) {
  const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
  let part = { x: 0, y: 0, width };
  svg.dataset.whole = `${width} ${height}`;
  const ratio = height / width;
  const set = (x, y, wide) => {
    const shown = within(wide, width / 8, width);
    part = { x: within(x, 0, width - shown), y: within(y, 0, height - shown * ratio), width: shown };
    svg.setAttribute("viewBox", `${part.x} ${part.y} ${part.width} ${part.width * ratio}`);
    svg.classList.toggle("is-zoomed", part.width < width);
  };
  const lens = {
    get zoomed() { return part.width < width; },
    // Closer (factor above 1) or farther, about a point given in parts of the picture.
    by(factor, across = 0.5, down = 0.5) {
      const shown = within(part.width / factor, width / 8, width);
      set(part.x + (part.width - shown) * across, part.y + (part.width - shown) * ratio * down, shown);
      tell(`${Math.round((width / part.width) * 100)}\u00a0%`);
    },
    pan(across, down) { set(part.x + across * part.width, part.y + down * part.width * ratio, part.width); },
    whole() { set(0, 0, width); tell(say("Whole drawing", "全图")); },
    // Brings a mark that has the focus into sight.
    reveal(mark) {
      if (!lens.zoomed) return;
      const box = mark.getBBox(), high = part.width * ratio;
      const hidden = box.x > part.x + part.width || box.x + box.width < part.x || box.y > part.y + high || box.y + box.height < part.y;
      if (hidden) set(box.x + box.width / 2 - part.width / 2, box.y + box.height / 2 - high / 2, part.width);
    },
  };
  svg.addEventListener("wheel", (event) => {
    // Without Control the page scrolls, as it does everywhere else.
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const room = svg.getBoundingClientRect();
    lens.by(event.deltaY < 0 ? 1.25 : 0.8, (event.clientX - room.left) / room.width, (event.clientY - room.top) / room.height);
  }, { passive: false });
  let held = null, dragged = false;
  svg.addEventListener("pointerdown", (event) => {
    dragged = false;
    if (lens.zoomed && event.button === 0) held = { x: event.clientX, y: event.clientY };
  });
  svg.addEventListener("pointermove", (event) => {
    if (!held) return;
    const across = event.clientX - held.x, down = event.clientY - held.y;
    // A hand that clicks trembles.
    if (!dragged && Math.hypot(across, down) < 5) return;
    if (!dragged) svg.setPointerCapture(event.pointerId);
    dragged = true;
    const room = svg.getBoundingClientRect();
    lens.pan(-across / room.width, -down / room.height);
    held = { x: event.clientX, y: event.clientY };
  });
  for (const end of ["pointerup", "pointercancel"]) svg.addEventListener(end, () => { held = null; });
  svg.addEventListener("click", (event) => { if (dragged) { event.preventDefault(); event.stopPropagation(); dragged = false; } }, true);
  svg.addEventListener("dragstart", (event) => { if (lens.zoomed) event.preventDefault(); });
  return lens;
}

// --- the drawing as a file ------------------------------------------------------------------------------------------

const LOOKS = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap", "stroke-linejoin", "opacity", "paint-order"];
const LETTERING = ["font-family", "font-size", "font-weight", "letter-spacing", "text-anchor"];
const MARGIN = 16;

// rgb(): colours that were mixed are told in a way that few programs read.
function plain(colour) {
  const mixed = colour.match(/^color\(srgb ([\d.e-]+) ([\d.e-]+) ([\d.e-]+)(?: \/ ([\d.]+))?\)$/);
  if (!mixed) return colour;
  const parts = mixed.slice(1, 4).map((one) => Math.round(within(Number(one), 0, 1) * 255));
  return mixed[4] === undefined ? `rgb(${parts.join(", ")})` : `rgba(${parts.join(", ")}, ${mixed[4]})`;
}

// The drawing as it is seen, whole, with its colours and letters in it, leading nowhere.
function standAlone(svg) {
  const copy = svg.cloneNode(true);
  const originals = svg.querySelectorAll("*"), copies = copy.querySelectorAll("*");
  originals.forEach((original, at) => {
    const one = copies[at];
    const words = original.localName === "text" || original.localName === "tspan";
    if (words || original.matches("path, rect, circle, line")) {
      const look = getComputedStyle(original);
      for (const name of words ? [...LOOKS, ...LETTERING] : LOOKS) {
        const value = look.getPropertyValue(name);
        if (value && value !== "normal") one.setAttribute(name, plain(value.replaceAll('"', "'")));
      }
      if (look.textTransform === "uppercase") for (const node of one.childNodes) if (node.nodeType === Node.TEXT_NODE) node.data = node.data.toUpperCase();
    }
    if (original.dataset.says) {
      const title = document.createElementNS(svg.namespaceURI, "title");
      title.textContent = original.dataset.says;
      one.prepend(title);
    }
    for (const name of ["class", "tabindex", "role", "aria-label", "href", "data-says"]) one.removeAttribute(name);
  });
  const [width, height] = (svg.dataset.whole ?? svg.getAttribute("viewBox").split(" ").slice(2).join(" ")).split(" ").map(Number);
  const paper = document.createElementNS(svg.namespaceURI, "rect");
  const size = { x: -MARGIN, y: -MARGIN, width: width + 2 * MARGIN, height: height + 2 * MARGIN };
  for (const [name, value] of Object.entries({ ...size, fill: getComputedStyle(document.body).backgroundColor })) paper.setAttribute(name, value);
  const source = document.createElementNS(svg.namespaceURI, "desc");
  source.textContent = ["Lodeline", document.querySelector(".foot > span + span")?.textContent].filter(Boolean).join(" · ");
  copy.prepend(source, paper);
  copy.removeAttribute("class");
  copy.removeAttribute("data-whole");
  copy.setAttribute("role", "img");
  copy.setAttribute("viewBox", `${size.x} ${size.y} ${size.width} ${size.height}`);
  copy.setAttribute("width", size.width);
  copy.setAttribute("height", size.height);
  return { text: `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(copy)}`, ...size };
}

async function picture(svg) {
  const { text, width, height } = standAlone(svg);
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = width * 2;
  canvas.height = height * 2;
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

// --- a figure with all of it ----------------------------------------------------------------------------------------

const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
const PANS = { ArrowRight: [0.2, 0], ArrowDown: [0, 0.2], ArrowLeft: [-0.2, 0], ArrowUp: [0, -0.2] };

function open(figure) {
  const tip = tipOf(figure);
  const live = document.createElement("p");
  live.className = "vh";
  live.setAttribute("aria-live", "polite");
  figure.append(live);
  const tell = (text) => { live.textContent = text; };
  const lenses = new Map();

  for (const svg of figure.querySelectorAll("svg.drawing")) {
    const marks = marksOf(svg);
    const lens = "zoom" in figure.dataset ? lensOf(svg, tell) : null;
    lenses.set(svg, lens);
    const markAt = (event) => (event.target.closest("text")?.querySelector("title") ? null : event.target.closest("[data-says]"));
    svg.addEventListener("pointermove", (event) => {
      const mark = markAt(event);
      if (mark) tip.show(mark, event.clientX, event.clientY); else tip.leave();
    });
    svg.addEventListener("pointerleave", tip.leave);
    svg.addEventListener("focusin", (event) => {
      const at = marks.indexOf(event.target);
      if (at < 0) return;
      for (const one of marks) one.setAttribute("tabindex", one === event.target ? "0" : "-1");
      lens?.reveal(event.target);
      const room = event.target.getBoundingClientRect();
      tip.show(event.target, room.left + room.width / 2, room.top);
      // The name is read out because it has the focus; this adds how far one has come.
      tell(say(`${at + 1} of ${marks.length}`, `第${at + 1}个，共${marks.length}个`));
    });
    svg.addEventListener("focusout", tip.hide);
    svg.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      const at = marks.indexOf(document.activeElement);
      if (event.shiftKey && lens?.zoomed && event.key in PANS) lens.pan(...PANS[event.key]);
      else if (event.key in STEPS && at >= 0) marks[within(at + STEPS[event.key], 0, marks.length - 1)].focus();
      else if (event.key === "Home" && at >= 0) marks[0].focus();
      else if (event.key === "End" && at >= 0) marks[marks.length - 1].focus();
      else if (lens && (event.key === "+" || event.key === "=")) lens.by(1.5);
      else if (lens && event.key === "-") lens.by(1 / 1.5);
      else if (lens && event.key === "0") lens.whole();
      else return;
      event.preventDefault();
    });
  }
  addEventListener("keydown", (event) => { if (event.key === "Escape") tip.hide(); });

  // A figure may hold a wide and a narrow drawing: the one that is seen is meant.
  const seen = () => [...lenses.keys()].find((svg) => svg.getClientRects().length) ?? [...lenses.keys()][0];
  const acts = {
    in: () => lenses.get(seen())?.by(1.5),
    out: () => lenses.get(seen())?.by(1 / 1.5),
    whole: () => lenses.get(seen())?.whole(),
    svg: () => save(new Blob([standAlone(seen()).text], { type: "image/svg+xml" }), `lodeline-${figure.dataset.chart}.svg`),
    png: async () => save(await picture(seen()), `lodeline-${figure.dataset.chart}.png`),
  };
  for (const button of figure.querySelectorAll("[data-act]")) {
    if (!lenses.size) continue;
    button.hidden = false;
    button.addEventListener("click", acts[button.dataset.act]);
  }
}

for (const figure of document.querySelectorAll("figure[data-chart]")) open(figure);
