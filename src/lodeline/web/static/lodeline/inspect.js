// The inspector's page: the route of a plan, item by item, kept on this device until the portal has answered for each row.
// What is entered goes into the browser's own database as it is typed; it is sent when there is a network, each item under
// a number that the device has made, so that whatever is sent twice is taken once.

const data = JSON.parse(document.getElementById("data").dataset.plan);
const chinese = document.documentElement.lang.startsWith("zh");
const say = (en, zh) => (chinese ? zh : en);
const $ = (id) => document.getElementById(id);
const DAY_MS = 86_400_000;
const BATCH = 25;
const NO_MASS = say("Nothing is stated", "未标注质量");

// ---- what is kept ---------------------------------------------------------------------------------------------------

const opened = new Promise((resolve, reject) => {
  const asked = indexedDB.open("lodeline-telephone", 1);
  asked.onupgradeneeded = () => asked.result.createObjectStore("kept", { keyPath: ["plan", "person", "item"] });
  asked.onsuccess = () => resolve(asked.result);
  asked.onerror = () => reject(asked.error);
});
const within = async (mode, act, durability = "relaxed") => {
  const database = await opened;
  return new Promise((resolve, reject) => {
    const turn = database.transaction("kept", mode, { durability });
    const asked = act(turn.objectStore("kept"));
    turn.oncomplete = () => resolve(asked.result);
    turn.onerror = turn.onabort = () => reject(turn.error);
  });
};
const owner = { plan: data.plan, person: data.person };
// State of an entry: begun (being filled in), done (to be sent), asked (sent, and no answer came), sent (stands in the log).
const entries = new Map();
// Scale, methods and basis: chosen once. The drift: the portal's clock, as days are there, less this device's of UTC.
let tools = { ...owner, item: "", cells: {}, drift: -60_000 * new Date().getTimezoneOffset() };
let kept = true;

const keep = (record) => {
  const copy = structuredClone(record);
  // What is done waits for the disk; what is being typed does not, or each letter would.
  const durability = record.state && record.state !== "begun" ? "strict" : "relaxed";
  return within("readwrite", (store) => store.put(copy), durability).catch(() => { kept = false; showHead(); });
};
const recall = async () => {
  const range = IDBKeyRange.bound([data.plan, data.person, ""], [data.plan, data.person, "\uffff"]);
  for (const one of await within("readonly", (store) => store.getAll(range))) {
    if (one.item) entries.set(one.item, one); else tools = one;
  }
};
const today = () => new Date(Date.now() + tools.drift).toISOString().slice(0, 10);

// ---- what is to be done ---------------------------------------------------------------------------------------------

const keyOf = (item) => `${item.lot}|${item.place}`;
const planned = data.items.map((item, at) => ({ ...item, key: keyOf(item), number: at + 1 }));
const added = () => [...entries.values()].filter((one) => one.added).map((one, at) => ({ ...one.added, key: one.item, number: planned.length + at + 1 }));
const route = () => [...planned, ...added()];
const entryOf = (item) => {
  if (!entries.has(item.key)) {
    const cells = { lot: item.lot, place: item.place, outcome: "present" };
    entries.set(item.key, { ...owner, item: item.key, uid: crypto.randomUUID(), state: "begun", cells, shares: {}, problems: [] });
  }
  return entries.get(item.key);
};
const stateOf = (item) => entries.get(item.key)?.state ?? "";
const isDone = (item) => ["done", "asked", "sent"].includes(stateOf(item));
const waiting = () => [...entries.values()].filter((one) => one.state === "done" || one.state === "asked");
// What others have measured of this visit: lot and place → entry.
const others = new Map();

// ---- what is wrong, as far as a device can see it -------------------------------------------------------------------

const COLUMNS = {
  declared_kg: say("mass on the label", "标签质量"), mass_kg: say("net mass", "实测净重"), moisture_pct: say("moisture", "水分"),
  instrument: say("number of the scale", "衡器编号"), calibrated_on: say("day of calibration", "校准日期"),
  method: say("method of weighing", "称量方法"), assay_method: say("method of the XRF", "XRF 分析方法"),
  event: say("the firm's number", "企业事件编号"), product: say("product", "产品"), lot: say("label", "标签"), seal: say("seal", "封志号"),
  note: say("note", "备注"), gross_kg: say("gross mass, kg", "毛重（千克）"),
};
const SCALE = ["instrument", "calibrated_on", "method"];
const BAGS = Object.keys(data.parts).map((part) => [`bag_${part}`, part]);
const problem = (code, column, facts = {}, severity = data.words[code].severity) => {
  const { text, cure } = data.words[code];
  const stop = say(".", "。");
  const words = text.replace(/<(\w+)>/g, (_, name) => facts[name] ?? "…");
  return { code, column, severity, message: `${words}${words.endsWith(stop) ? "" : stop}${say(" ", "")}${cure}` };
};
const own = (column, en, zh, severity = "reject") => ({ code: "", column, severity, message: say(en, zh) });
const isNumber = (text) => /^\d{1,12}(\.\d{1,9})?$/.test(text);

// ISO/IEC 7064, MOD 37,36: the last character of a bag's number follows from the others.
const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const holds = (bag) => {
  const left = [...bag.slice(0, -1).replaceAll("-", "")].reduce((sum, one) => (((sum + ALPHABET.indexOf(one)) % 36 || 36) * 2) % 37, 36);
  return ALPHABET[(37 - left) % 36] === bag.at(-1);
};
const bagProblems = function* (record, item) {
  for (const [column, part] of BAGS) {
    const bag = record.cells[column];
    if (!bag) continue;
    if (!/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$/.test(bag)) { yield problem("inspection.bag-malformed", column, { value: bag }); continue; }
    const same = route().find((other) => BAGS.some(([name]) => entries.get(other.key)?.cells[name]?.toLowerCase() === bag.toLowerCase()
      && (other.key !== item.key || name !== column)));
    if (same) yield problem("inspection.bag-twice", column, { bag, other: same.number });
    const meant = planned.find((one) => one.bags.includes(bag));
    if (meant && (meant.key !== item.key || meant.bags[BAGS.findIndex(([name]) => name === column)] !== bag)) {
      const whose = data.parts[BAGS[meant.bags.indexOf(bag)][1]];
      yield own(column, `By the plan ${bag} is for ${meant.label}, ${whose}.`, `按计划 ${bag} 用于 ${meant.label}（${whose}）。`, "flag");
    } else if (!meant && /^\d+-\d{2,}[AFR].$/i.test(bag) && !holds(bag.toUpperCase())) {
      yield own(column, `${bag} cannot be: its last character does not follow from the others. Read it once more.`, `${bag} 有误：校验字符不符，请重新读取。`);
    }
  }
};
const weighedProblems = function* (record, item) {
  const { mass_kg: mass, declared_kg: declared, note } = record.cells;
  if (Number(mass) === 0) yield problem("inspection.weighs-nothing", "mass_kg", { lot: item.label });
  const usual = Number(declared || item.book || 0);
  const times = Number(mass) / usual;
  if (Number(mass) && usual && !(times > 1 / data.limits.unusual && times < data.limits.unusual)) {
    yield problem("inspection.mass-unusual", "mass_kg", { mass_kg: mass, usual_kg: String(usual) }, note ? "flag" : "confirm");
  }
  for (const column of SCALE) {
    if (!record.cells[column]) yield problem("inspection.cell-missing", column, { column: COLUMNS[column] });
  }
  const { instrument, calibrated_on: calibrated } = record.cells;
  const days = Math.round((Date.parse(today()) - Date.parse(calibrated)) / DAY_MS);
  const facts = { instrument, calibrated_on: calibrated, on: today(), days, most: data.limits.calibration };
  if (days < 0) yield problem("inspection.calibrated-later", "calibrated_on", facts);
  if (days > data.limits.calibration) yield problem("inspection.calibration-lapsed", "calibrated_on", facts, note ? "flag" : "confirm");
};
const found = (record, item) => {
  const all = [];
  for (const column of ["declared_kg", "mass_kg", "moisture_pct", ...BAGS.map(([name]) => `${name}_kg`)]) {
    const value = record.cells[column];
    if (value && !isNumber(value)) all.push(problem("number.invalid", column, { value }));
  }
  const { outcome, mass_kg: mass, note } = record.cells;
  if (outcome === "shipped" && !note) all.push(problem("inspection.shipped-without-document", "note", { lot: item.label }));
  if (outcome !== "present") return all;
  if (mass && isNumber(mass)) all.push(...weighedProblems(record, item));
  if (record.cells.moisture_pct && !mass) all.push(problem("inspection.cell-missing", "mass_kg", { column: COLUMNS.mass_kg }));
  const read = Object.entries(record.shares).filter(([, share]) => share !== "");
  for (const [symbol, share] of read) if (!isNumber(share)) all.push(problem("number.invalid", `share-${symbol}`, { value: share }));
  const sum = read.reduce((total, [symbol, share]) => total + (symbol === "TREO" ? 0 : Number(share)), 0);
  if (sum > data.limits.sum) all.push(problem("composition.over-100", "composition", { value: composition(record), total_pct: String(Math.round(sum * 1000) / 1000) }));
  if (read.length && !record.cells.assay_method) all.push(problem("inspection.cell-missing", "assay_method", { column: COLUMNS.assay_method }));
  return [...all, ...bagProblems(record, item)];
};
const composition = (record) => Object.entries(record.shares).filter(([, share]) => share !== "").map((pair) => pair.join("=")).join(";");

// ---- sending --------------------------------------------------------------------------------------------------------

const rowOf = (record) => {
  const there = record.cells.outcome === "present";
  const always = ["lot", "product", "place", "event", "outcome", "declared_kg", "seal", "note"];
  const cells = Object.fromEntries(Object.entries(record.cells).filter(([name, value]) => value && (there || always.includes(name))));
  if (!cells.mass_kg) for (const name of SCALE) delete cells[name];
  delete cells.assay_method;
  if (there && composition(record)) Object.assign(cells, { composition: composition(record), basis: record.cells.basis, assay_method: record.cells.assay_method });
  return { uid: record.uid, on: record.on, cells };
};
// What is said of the network and of sending: [kind, words, link to sign in or not].
let told = null;
let sending = null;
// A browser knows whether it is on a network, and not whether the portal is reached through it.
let failures = 0;
const near = () => navigator.onLine && !failures;
const RETRY_MS = 60_000;
const ENDED = () => ["problem", say("Your login has ended. Your entries are still on this device: sign in, and send again.", "登录已失效。记录仍保存在本设备上：请登录后再次发送。"), true];
const AWAY = () => ["", say("There is no network. Your entries are kept on this device.", "当前没有网络。记录保存在本设备上。"), false];
const REFUSED = (status) => ["problem", say(`The portal answered with ${status}. Your entries are still on this device; send again later.`, `门户返回 ${status}。记录仍保存在本设备上，请稍后再次发送。`), false];

// JSON of the portal, or what is to be said instead, and whether it said itself that it took nothing.
const ask = async (address, options) => {
  let answer;
  try { answer = await fetch(address, { cache: "no-store", ...options }); } catch { failures += 1; return [null, AWAY()]; }
  failures = 0;
  const json = answer.headers.get("Content-Type")?.startsWith("application/json");
  // A token that is not good any more is that of a login that has ended.
  if (answer.redirected || (answer.status === 403 && options)) return [null, ENDED()];
  if (!json) return [null, REFUSED(answer.status)];
  let found;
  try { found = await answer.json(); } catch { return [null, AWAY()]; }
  return answer.ok ? [found, null] : [null, ["problem", found.problem?.[say("en", "zh")] ?? REFUSED(answer.status)[1], false], true];
};
const sendAll = async () => {
  const [standing, trouble] = await ask("?standing");
  if (trouble) { told = trouble; return; }
  if (standing.person !== data.person) {
    told = ["problem", say("Somebody else is signed in now. These entries are of the person who opened this page: sign in as that person.", "当前登录的是另一人。这些记录属于打开本页的人员：请以其身份登录。"), true];
    return;
  }
  tools.drift = Date.parse(`${standing.clock}Z`) - Date.now();
  keep(tools);
  const mine = new Map([...entries.values()].map((one) => [one.uid, one]));
  for (const row of standing.rows) {
    const record = mine.get(row.uid);
    if (!record) others.set(`${row.lot}|${row.place}`, row.entry);
    else if (record.state !== "sent") await settle(record, { entry: row.entry, problems: [] });
  }
  const queue = waiting();
  let taken = 0;
  let back = 0;
  for (let at = 0; at < queue.length; at += BATCH) {
    const batch = queue.slice(at, at + BATCH);
    // Written down first: whatever happens now, it is asked for before it is sent again.
    for (const record of batch) { record.state = "asked"; await keep(record); }
    const headers = { "Content-Type": "application/json", "X-CSRFToken": standing.token };
    const [answer, refused, untaken] = await ask("", { method: "POST", headers, body: JSON.stringify({ rows: batch.map(rowOf) }) });
    if (untaken) for (const record of batch) { record.state = "done"; await keep(record); }
    if (refused) { told = refused; return; }
    for (const row of answer.rows) {
      await settle(mine.get(row.uid), row);
      if (row.entry === null) back += 1; else taken += 1;
    }
  }
  told = back
    ? ["problem", say(`${taken} sent; ${back} came back with a problem, shown at the item.`, `已发送 ${taken} 件；${back} 件有问题，见相应检查件。`), false]
    : queue.length ? ["success", say(`${taken} sent. They stand in the log.`, `已发送 ${taken} 件，均已记入日志。`), false] : null;
};
const settle = async (record, row) => {
  record.state = row.entry === null ? "begun" : "sent";
  record.entry = row.entry;
  record.problems = row.problems.map((one) => ({ ...one, message: one.message[say("en", "zh")] }));
  await keep(record);
};
const send = () => {
  sending ??= sendAll().catch((failure) => { told = ["problem", String(failure), false]; }).finally(() => {
    sending = null;
    // What is being filled in stays as it is under its fingers.
    for (const item of route()) if (item.key !== open || isDone(item) || entries.get(item.key)?.problems.length) draw(item);
    showHead();
    sendLater();
  });
  showHead();
  return sending;
};
// Seconds after the network failed, since it often comes back at once, and ever more seldom while it stays away.
let later = null;
const sendLater = () => {
  clearTimeout(later);
  const pause = failures ? Math.min(RETRY_MS, 1000 * 2 ** failures) : RETRY_MS;
  later = setTimeout(() => (waiting().length && navigator.onLine ? send() : sendLater()), pause);
};

// ---- what is shown --------------------------------------------------------------------------------------------------

const make = (name, given = {}, ...inside) => {
  const { text, on, ...attributes } = given;
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
  if (text !== undefined) element.textContent = text;
  for (const [type, act] of Object.entries(on ?? {})) element.addEventListener(type, act);
  element.append(...inside.filter(Boolean));
  return element;
};
const SHAPES = { tick: "M.8 5.4 3.8 8.4 9.2 1.6 8 .6 3.7 6.2 1.8 4.3z", ring: "M5 0a5 5 0 1 0 .01 0zM5 2a3 3 0 1 1-.01 0z", half: "M5 0a5 5 0 0 0 0 10z", square: "M.6.6h8.8v8.8H.6z", up: "M5 .4 9.8 9.4H.2z" };
const mark = (shape, words) => {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 10 10"); svg.setAttribute("class", "mk"); svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", SHAPES[shape]); svg.append(path);
  return make("span", { class: "st" }, svg, words);
};
// A field is left when something else is touched, and what is then said of it moves what is below: not under the finger.
const stay = (event) => event.preventDefault();
const button = (words, act, more = {}) => make("button", { type: "button", class: "btn ghost", text: words, on: { click: act, mousedown: stay }, ...more });

const showHead = () => {
  const every = route();
  const done = every.filter(isDone).length;
  const queue = waiting().length;
  $("far").textContent = say(`${done} of ${every.length} done, ${every.length - done} left`, `已完成 ${done}/${every.length} 件，余 ${every.length - done} 件`)
    + (queue ? say(`; ${queue} not sent yet`, `；${queue} 件未发送`) : "");
  Object.assign($("bar"), { value: done, max: Math.max(1, every.length) });
  const lines = [mark(near() ? "tick" : "ring", near() ? say("Network", "有网络") : say("No network: go on, nothing is lost", "无网络：可继续填写，不会丢失"))];
  if (worker === "ready") lines.push(" · ", mark("tick", say("kept for when there is none", "已备好离线使用")));
  if (worker === "none") lines.push(" · ", mark("up", say("this browser does not open the page without one", "此浏览器无法离线打开本页")));
  $("net").replaceChildren(...lines);
  const words = !kept ? ["problem", say("This browser keeps nothing: what you enter is lost when the page is closed. Write on paper as well.", "此浏览器无法保存数据：关闭页面后内容将丢失。请同时做纸质记录。"), false] : told;
  $("said").replaceChildren(...(words ? [make("div", { class: `notice ${words[0]}` }, make("p", {},
    mark(words[0] === "success" ? "tick" : words[0] === "problem" ? "square" : "ring", words[1]),
    words[2] && make("span", {}, " ", make("a", { href: data.signIn, text: say("Sign in", "登录") }))))] : []));
  $("send").textContent = sending ? say("Sending…", "正在发送…") : queue ? say(`Send now (${queue})`, `立即发送（${queue}）`) : say("Ask the portal", "与门户核对");
  $("send").disabled = Boolean(sending);
};
const stateMark = (item) => {
  const record = entries.get(item.key);
  const outcome = { absent: say("absent", "不在场"), shipped: say("shipped", "已发运"), present: record?.cells.mass_kg ? `${record.cells.mass_kg} kg` : say("present", "在场") }[record?.cells.outcome];
  if (record?.state === "sent") return mark("tick", say(`Sent: ${outcome}, entry ${record.entry}`, `已发送：${outcome}，条目 ${record.entry}`));
  if (record?.state === "asked") return mark("half", say(`${outcome}: sent, no answer yet`, `${outcome}：已发送，尚无答复`));
  if (record?.state === "done") return mark("half", say(`${outcome}: kept here, not sent`, `${outcome}：已保存，未发送`));
  if (record?.problems.length) return mark("square", say("Came back with a problem", "被退回，见问题"));
  if (others.has(keyOf(item))) return mark("up", say(`Measured by another inspector: entry ${others.get(keyOf(item))}`, `其他检查员已测量：条目 ${others.get(keyOf(item))}`));
  return record ? mark("ring", say("Begun", "已开始")) : mark("ring", say("Left", "未完成"));
};
let open = null;
const rowFor = (item) => {
  const where = [item.location, item.product].filter(Boolean).join(" · ");
  const acts = item.do?.map((act) => data.acts[act]).join(say(", ", "、")) ?? say("Not in the plan: chosen by hand", "计划外：人工选取");
  const head = make("button", { type: "button", class: "row", "aria-expanded": String(open === item.key), on: { click: () => unfold(open === item.key ? null : item.key) } },
    make("span", { class: "at", text: item.number }), make("b", { text: item.label }), make("span", { text: where }), make("span", { text: acts }), stateMark(item));
  const line = make("li", { "data-item": item.key, class: isDone(item) ? "is-done" : "" }, head);
  if (open === item.key) line.append(panel(item));
  return line;
};
const lineOf = (key) => document.querySelector(`li[data-item="${CSS.escape(key)}"]`);
// One line drawn anew; what had the focus has it afterwards.
const draw = (item, focus) => {
  const line = lineOf(item.key);
  const name = focus ?? (line?.contains(document.activeElement) ? document.activeElement.getAttribute("name") : null);
  line?.replaceWith(rowFor(item));
  if (name) lineOf(item.key)?.querySelector(`[name="${CSS.escape(name)}"]`)?.focus();
  showHead();
};
const unfold = (key) => {
  const before = open;
  open = key;
  for (const item of route()) if (item.key === before || item.key === key) draw(item);
  lineOf(key ?? before)?.scrollIntoView({ block: "start", behavior: "instant" });
  lineOf(key ?? before)?.querySelector(".row").focus({ preventScroll: true });
};

const field = (record, item, name, label, more = {}) => {
  const wrong = record.problems?.find((one) => one.column === name);
  const { bag, holder = record.cells, key = name, ...attributes } = more;
  const input = make("input", {
    name, type: "text", autocomplete: "off", spellcheck: "false", maxlength: 400, "aria-invalid": Boolean(wrong) && "true",
    ...attributes, on: {
      input: () => { holder[key] = input.value.trim(); keep(record); },
      change: () => item.key && judge(record, item),
    },
  });
  input.value = holder[key] ?? "";
  const whole = make("label", { class: "field" }, make("span", { text: label }), input);
  if (!bag || !("BarcodeDetector" in window)) return whole;
  return make("div", { class: "pair" }, whole, button(say("Scan", "扫描"), () => scan((text) => {
    input.value = holder[key] = text; keep(record); judge(record, item);
  })));
};
const number = { inputmode: "decimal" };
// What the device sees is shown where it is, as soon as a field is left.
const judge = (record, item) => {
  const all = found(record, item);
  const place = lineOf(item.key)?.querySelector(".wrong");
  place?.replaceChildren(...saidOf(all));
  for (const one of lineOf(item.key)?.querySelectorAll("input[name]") ?? []) {
    if (all.some((each) => each.column === one.name && each.severity !== "flag")) one.setAttribute("aria-invalid", "true");
    else one.removeAttribute("aria-invalid");
  }
  return all;
};
const saidOf = (problems) => problems.map((one) => make("p", { class: one.severity },
  make("b", { text: COLUMNS[one.column] ?? data.parts[one.column?.replace(/^bag_/, "")] ?? "" }), one.column ? say(": ", "：") : "", one.message,
  one.severity === "confirm" && say(" If it is so, say why in the note.", "如属实，请在备注中说明。")));
const pick = (record, item, choices, chosen, act) => make("div", { class: "picks" },
  ...choices.map(([code, words]) => button(words, () => act(code), { "aria-pressed": String(chosen === code), name: `pick-${code}` })));
const choose = (record, name, label, options) => {
  // A register that knows no method yet: what is written is judged by the portal.
  if (!options.length) return field(record, { key: "" }, name, label);
  const select = make("select", { name, on: { change: () => { record.cells[name] = select.value; if (record.person) keep(record); } } },
    make("option", { value: "", text: say("Choose", "请选择") }), ...options.map(([value, text]) => make("option", { value, text })));
  select.value = record.cells[name] ?? "";
  return make("label", { class: "field" }, make("span", { text: label }), select);
};

const declaredPart = (record, item) => {
  const write = () => {
    if (!record.cells.declared_kg || !isNumber(record.cells.declared_kg)) { judge(record, item); lineOf(item.key).querySelector('[name="declared_kg"]').focus(); return; }
    record.fixed = true; keep(record); draw(item, "mass_kg");
  };
  const set = make("fieldset", {}, make("legend", { text: say("1. What the label says, before anything is weighed", "1. 称量前：标签所示") }));
  if (record.fixed) {
    set.append(make("p", { text: record.cells.declared_kg ? `${record.cells.declared_kg} kg` : NO_MASS }));
    if (!record.cells.mass_kg) set.append(button(say("It was misread", "读错，重填"), () => { record.fixed = false; keep(record); draw(item, "declared_kg"); }));
    return set;
  }
  set.append(field(record, item, "declared_kg", say("Net mass on the label or list, kg", "标签或清单净重（千克）"), number),
    make("div", { class: "picks" }, button(say("Write it down", "记下"), write),
      button(NO_MASS, () => { delete record.cells.declared_kg; record.fixed = true; keep(record); draw(item, "mass_kg"); })));
  return set;
};
const weighedPart = (record, item) => {
  // The scale that stands at the top is that of the weighing; what was weighed before keeps its own.
  const weigh = field(record, item, "mass_kg", say("Net mass as weighed, kg", "实测净重（千克）"), number);
  const after = make("div", { class: "panel" });
  const tell = () => after.replaceChildren(...(record.cells.mass_kg ? [
    make("p", { class: "hint", text: SCALE.map((name) => record.cells[name]).filter(Boolean).join(" · ") }),
    button(say("Use the scale named above", "改用上方所选衡器"), () => { for (const name of SCALE) delete record.cells[name]; takeTools(record); tell(); judge(record, item); }),
    ...(item.book ? [make("p", { class: "hint", text: say(`In the books: ${item.book} kg, dry`, `账面干重：${item.book} 千克`) })] : []),
  ] : []));
  weigh.querySelector("input").addEventListener("change", () => { takeTools(record); tell(); judge(record, item); });
  tell();
  const set = make("fieldset", { disabled: !record.fixed }, make("legend", { text: say("2. Weigh", "2. 称量") }), weigh,
    field(record, item, "moisture_pct", say("Moisture, %", "水分（%）"), number));
  if (!record.fixed) set.append(make("p", { class: "hint", text: say("Write down first what the label says.", "请先记下标签所示质量。") }));
  set.append(after);
  return set;
};
const takeTools = (record) => {
  if (record.cells.mass_kg) for (const name of SCALE) record.cells[name] ||= tools.cells[name] ?? "";
  if (Object.keys(record.shares).length) for (const name of ["assay_method", "basis"]) record.cells[name] ||= tools.cells[name] || (name === "basis" ? "element" : "");
  keep(record);
};
const xrfPart = (record, item) => {
  const set = make("fieldset", {}, make("legend", { text: say("XRF, % by mass", "XRF 读数（质量百分比）") }));
  const chosen = Object.keys(record.shares);
  const add = (symbol) => {
    record.shares[symbol] = "";
    takeTools(record); draw(item, `share-${symbol}`);
  };
  for (const symbol of chosen) set.append(field(record, item, `share-${symbol}`, symbol, { ...number, holder: record.shares, key: symbol }));
  const offered = (item.shares ?? []).filter((one) => !chosen.includes(one));
  const rest = data.elements.filter((one) => !chosen.includes(one) && !offered.includes(one));
  const other = make("select", { name: "element", "aria-label": say("Another element", "其他元素"), on: { change: () => other.value && add(other.value) } },
    make("option", { value: "", text: say("Another element", "其他元素") }), ...rest.map((one) => make("option", { value: one, text: one })));
  set.append(make("div", { class: "picks" }, ...offered.map((one) => button(`+ ${one}`, () => add(one)))), other);
  if (chosen.length) {
    set.append(make("p", { class: "hint", text: [record.cells.assay_method, BASES[record.cells.basis]].filter(Boolean).join(" · ") }),
      button(say("Use the XRF named above", "改用上方所选 XRF"), () => { delete record.cells.basis; delete record.cells.assay_method; takeTools(record); draw(item); }),
      button(say("Take the reading back", "清除读数"), () => { record.shares = {}; keep(record); draw(item); }));
  }
  return set;
};
const samplePart = (record, item) => {
  const set = make("fieldset", {}, make("legend", { text: say("Sample in three bags", "分样三袋") }));
  if (item.bags?.length) {
    set.append(make("p", { class: "hint", text: say(`By the plan: ${item.bags.join(" · ")}`, `按计划：${item.bags.join(" · ")}`) }),
      button(say("The three bags of the plan", "使用计划样袋"), () => { BAGS.forEach(([column], at) => { record.cells[column] = item.bags[at]; }); keep(record); draw(item); judge(record, item); }));
  }
  for (const [column, part] of BAGS) {
    set.append(field(record, item, column, say(`Bag: ${data.parts[part]}`, `样袋：${data.parts[part]}`), { bag: true, autocapitalize: "characters" }));
    if (record.cells[column]) {
      set.append(make("div", { class: "picks" }, field(record, item, `${column}_kg`, COLUMNS.gross_kg, number), field(record, item, `${column}_seal`, COLUMNS.seal)));
    }
  }
  return set;
};
const BASES = { element: say("element", "元素"), oxide: say("oxide", "氧化物") };
const OUTCOMES = [["present", say("Present", "在场")], ["absent", say("Absent", "不在场")], ["shipped", say("Shipped", "已发运")]];

const panel = (item) => {
  const record = entryOf(item);
  const box = make("div", { class: "panel" });
  if (isDone(item)) {
    box.append(make("div", { class: "wrong" }, ...saidOf(record.problems)));
    if (record.state === "done") box.append(button(say("Change it", "修改"), () => { record.state = "begun"; keep(record); draw(item); }));
    if (record.state === "asked") box.append(make("p", { text: say("It was sent and no answer came: it is asked for before anything is changed.", "已发送但未收到答复：核对后方可修改。") }));
    if (record.state === "sent") box.append(make("p", { text: say("It stands in the log and is not changed here.", "已记入日志，此处不再更改。") }));
    return box;
  }
  const has = (act) => !item.do || item.do.includes(act);
  const parts = [["weigh", weighedPart], ["xrf", xrfPart], ["laboratory", samplePart]];
  box.append(pick(record, item, OUTCOMES, record.cells.outcome, (code) => { record.cells.outcome = code; keep(record); draw(item, `pick-${code}`); }), declaredPart(record, item));
  if (record.cells.outcome === "present") {
    box.append(...parts.filter(([act]) => has(act)).map(([, part]) => part(record, item)));
    const more = parts.filter(([act]) => !has(act));
    const used = record.cells.mass_kg || composition(record) || BAGS.some(([name]) => record.cells[name]);
    if (more.length) box.append(make("details", { open: Boolean(used) }, make("summary", { text: say("More than the plan asks", "计划之外的测量") }), ...more.map(([, part]) => part(record, item))));
  }
  const note = make("textarea", { name: "note", rows: 2, maxlength: 4000, on: { input: () => { record.cells.note = note.value.trim(); keep(record); }, change: () => judge(record, item) } });
  note.value = record.cells.note ?? "";
  const asked = record.cells.outcome === "shipped" ? say("Document: number and day", "单据号和日期") : say("Note", "备注");
  if (item.added) box.append(field(record, item, "product", say("Code of the product, if the books do not know it", "产品代码（账面没有时填写）"), { list: "products" }));
  box.append(field(record, item, "seal", say("Seal on the item", "检查件封志号"), {}), make("label", { class: "field" }, make("span", { text: asked }), note));
  const problems = [...record.problems, ...found(record, item)];
  box.append(make("div", { class: "wrong", role: "status" }, ...saidOf(problems)),
    make("button", { type: "button", class: "btn", text: say("Done with this item", "此件完成"), on: { click: () => finish(record, item), mousedown: stay } }));
  if (item.added) box.append(button(say("Take it off the list", "移出列表"), async () => { await within("readwrite", (store) => store.delete([data.plan, data.person, item.key])); entries.delete(item.key); open = null; show(); }));
  return box;
};
const finish = async (record, item) => {
  record.problems = [];
  takeTools(record);
  const wrong = judge(record, item).filter((one) => one.severity !== "flag");
  if (wrong.length) {
    const at = `[name="${wrong[0].column}"]`;
    const target = lineOf(item.key).querySelector(at) ?? $("tools").querySelector(at);
    // What lies folded away takes no focus, and nothing would be seen of it.
    const folded = target?.closest("details");
    if (folded) folded.open = true;
    target?.focus();
    return;
  }
  Object.assign(record, { state: "done", on: record.on ?? today() });
  // What is shown as done is on the disk: the page may be closed at once.
  await keep(record);
  const every = route();
  const next = [...every.slice(item.number), ...every].find((one) => !isDone(one));
  unfold(next && next.key !== item.key ? next.key : null);
  draw(item);
  if (navigator.onLine) send();
};

const toolsPart = () => {
  const cells = tools.cells;
  const set = (name, label, more) => field(tools, { key: "" }, name, label, { ...more, holder: cells });
  const missing = !cells.instrument || !cells.calibrated_on || !cells.method;
  const named = (ids) => ids.map((one) => [one, one]);
  return make("details", { id: "tools", open: missing }, make("summary", { text: say("Scale and XRF: chosen once", "衡器与 XRF：一次选定") }), make("div", { class: "panel" },
    set("instrument", say("Number of the scale", "衡器编号")), set("calibrated_on", say("Its last calibration", "最近校准日期"), { type: "date" }),
    choose(tools, "method", say("Method of weighing", "称量方法"), named(data.methods.weighing)),
    choose(tools, "assay_method", say("Method of the XRF", "XRF 分析方法"), named(data.methods.assay)),
    choose(tools, "basis", say("The XRF reads as", "XRF 读数基准"), Object.entries(BASES))));
};
const addPart = () => {
  const fresh = { cells: { place: "stock" } };
  const input = (name, label, more = {}) => make("label", { class: "field" }, make("span", { text: label }),
    make("input", { name, type: "text", autocomplete: "off", maxlength: 200, ...more, on: { input: (event) => { fresh.cells[name] = event.target.value.trim(); } } }));
  const add = () => {
    const { lot, product, place, event } = fresh.cells;
    if (!lot) { $("add").querySelector("input").focus(); return; }
    const known = planned.find((one) => [one.label, one.lot].includes(lot) && one.place === place && !event);
    if (known) { unfold(known.key); return; }
    const other = data.others.find((one) => [one.label, one.lot].includes(lot) && place === "stock");
    const uid = crypto.randomUUID();
    const meant = { ...(other ?? { lot, label: lot, product: data.products.find(([code]) => code === product)?.[1] ?? product, location: event }), place, added: true };
    const cells = { lot: meant.lot, place, outcome: "present", ...(product && { product }), ...(event && { event }) };
    entries.set(uid, { ...owner, item: uid, uid, state: "begun", cells, shares: {}, problems: [], added: meant });
    keep(entries.get(uid));
    open = uid;
    show();
    unfold(uid);
  };
  return make("details", { id: "add" }, make("summary", { text: say("Add an item that is not in the plan", "添加计划外检查件") }), make("div", { class: "panel" },
    input("lot", say("What stands on its label", "标签内容"), { list: "labels" }),
    make("datalist", { id: "labels" }, ...data.others.map((one) => make("option", { value: one.label, text: [one.location, one.product].filter(Boolean).join(" · ") }))),
    choose(fresh, "place", say("Where it is", "位置"), [["stock", say("In stock", "库存")], ["receipt", say("Being received", "收货")], ["shipment", say("Being shipped", "发货")]]),
    input("event", say("The firm's number of the receipt or shipment", "企业收货或发货编号")),
    input("product", say("Code of the product, if the books do not know it", "产品代码（账面没有时填写）"), { list: "products" }),
    make("datalist", { id: "products" }, ...data.products.map(([value, text]) => make("option", { value, text }))),
    button(say("Add it", "添加"), add)));
};
const show = () => {
  const only = button(say("Only what is left", "只看未完成"), () => only.setAttribute("aria-pressed", String(list.classList.toggle("only-left"))), { "aria-pressed": "false" });
  const list = make("ol", {}, ...route().map(rowFor));
  $("work").replaceChildren(toolsPart(), make("p", { class: "acts" }, only), list, addPart());
  showHead();
};

// ---- the camera, where the browser can read codes -------------------------------------------------------------------

const scan = async (act) => {
  const dialog = $("camera");
  const video = dialog.querySelector("video");
  let stream = null;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    const reader = new BarcodeDetector();
    video.srcObject = stream;
    await video.play();
    dialog.showModal();
    dialog.querySelector("button").onclick = () => dialog.close();
    while (dialog.open) {
      const [code] = await reader.detect(video);
      if (code) { act(code.rawValue.trim()); break; }
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
  } catch {
    told = ["problem", say("The camera cannot be used: type the number.", "无法使用相机：请手动输入编号。"), false];
    showHead();
  } finally {
    if (dialog.open) dialog.close();
    for (const track of stream?.getTracks() ?? []) track.stop();
  }
};

// ---- beginning ------------------------------------------------------------------------------------------------------

let worker = "";
const prepare = async () => {
  if (!("serviceWorker" in navigator)) { worker = "none"; return; }
  try {
    await navigator.serviceWorker.register("worker.js");
    const registration = await navigator.serviceWorker.ready;
    if (!(await caches.match(location.pathname, { ignoreVary: true }))) registration.active.postMessage("keep");
    worker = "ready";
  } catch { if (navigator.onLine) worker = "none"; }
};
const begin = async () => {
  try {
    localStorage.setItem("lodeline.telephone", "1");
    await recall();
  } catch { kept = false; }
  $("head").hidden = false;
  $("send").addEventListener("click", send);
  addEventListener("online", send);
  addEventListener("offline", showHead);
  show();
  navigator.storage?.persist?.().catch(() => {});
  await prepare();
  showHead();
  if (navigator.onLine) await send(); else sendLater();
};
// Two tabs would write over each other: the second waits until the first is closed.
const blocked = setTimeout(() => {
  $("work").replaceChildren(make("div", { class: "notice problem", role: "alert" }, make("p", { text: say("This page is open in another tab. Close it there; it goes on here then.", "本页已在另一标签页打开。请在该处关闭，此处将继续。") })));
}, 1500);
navigator.locks.request(`lodeline-telephone ${data.plan} ${data.person}`, async () => {
  clearTimeout(blocked);
  await begin();
  await new Promise(() => {});
});
