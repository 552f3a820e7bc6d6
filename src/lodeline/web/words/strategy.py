"""Words of the strategic view: what a number rests on, when a plant stops, what helps, what is lost; both languages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from lodeline.web.drawing.number import NO_BREAK_SPACE
from lodeline.web.words import format as written
from lodeline.web.words import lots as lot_words
from lodeline.web.words import words
from lodeline.web.words.language import Language, Text, text
from lodeline.web.words.words import Tone

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class BasisWord:
    """A basis: its word and shape, and what it means."""

    label: Text
    shape: str
    tone: Tone
    meaning: Text


#: From the strongest to the weakest; shape and word go together.
BASES: Final[Mapping[str, BasisWord]] = {
    "exact": BasisWord(
        label=text("exact", "确数"), shape="square", tone="flow",
        meaning=text("A sum of filed rows of the ledger.", "申报行之和。"),
    ),
    "booked": BasisWord(
        label=text("booked", "账面"), shape="half", tone="flow",
        meaning=text(
            "Shares of origins: exact arithmetic on the convention that material mixes in proportion.",
            "来源份额：按“物料按比例混合”的约定精确计算。",
        ),
    ),
    "estimated": BasisWord(
        label=text("estimated", "估计"), shape="ring", tone="ink",
        meaning=text("A model, or statistics of trade.", "由模型或贸易统计得出。"),
    ),
    "assumption": BasisWord(
        label=text("assumption", "假定"), shape="diamond", tone="hold",
        meaning=text(
            "A default of the program, or a table that somebody filed: it can be changed.",
            "程序的默认值，或所提交表格中的数值：可以更改。",
        ),
    ),
    "synthetic": BasisWord(
        label=text("synthetic", "模拟"), shape="up", tone="gain",
        meaning=text("Of an invented world: it says nothing of a real firm.", "出自虚构世界，与真实企业无关。"),
    ),
}  # fmt: skip
#: What is added to see whether it still helps.
HELPS: Final[Mapping[str, Text]] = {
    "stock": text("More stock", "增加库存"),
    "supplier": text("A qualified supplier with room", "有余量的合格供应方"),
    "substitution": text("Substitution", "替代"),
    "licence": text("One licence", "一份许可"),
    "general-licence": text("An earlier general licence", "提前发放通用许可"),
}
#: What the lead time is of, against which the time that goods last is held.
LEADS: Final[Mapping[str, Text]] = {
    "licence": text("licence", "许可"),
    "qualification": text("qualifying another supplier", "新供应方资格认定"),
    "none": text("nothing", "无"),
}
RULES: Final[Mapping[str, Text]] = {
    "proportional": text("what is left is shared in proportion", "剩余货物按比例分配"),
    "priority": text("what is left goes by rank", "剩余货物按优先顺序分配"),
    "guarantee": text("each gets a share first, the rest goes by rank", "先保障各方一定份额，其余按优先顺序分配"),
}
TABLES: Final[Mapping[str, Text]] = {
    "plants": text("Plants", "最终用户工厂"),
    "bill": text("What they use", "用料清单"),
    "cover": text("Their stock", "库存天数"),
    "suppliers": text("Their suppliers", "供应方"),
    "scenarios": text("Scenarios", "情景"),
    "instruments": text("Instruments", "管制措施"),
}
#: What stands behind the unit of an input.
_UNITS: Final[Mapping[str, Text]] = {
    "days": text("days", "天"),
    "working days": text("working days", "个工作日"),
    "months": text("months", "个月"),
    "share": text("share", "份额"),
    "pct": text("%", "%"),
    "share of mean": text("of the mean", "倍（相对均值）"),
    "share of price": text("of the price", "（占价格）"),
    "times the value of goods": text("times the value of the goods", "倍货值"),
    "kg": text("kg", "千克"),
}
#: What figures rest on, as the room of strategy names it.
SOURCES: Final[Mapping[str, Text]] = {
    "run": text("run", "推演"),
    "default": text("default", "默认值"),
    "origins of the lots delivered": text("origins of the lots delivered", "所交付批次的来源"),
    "filings": text("filings", "申报"),
    "the ledger": text("the ledger", "账本"),
    "both runs, draw by draw": text("both runs, draw by draw", "两次推演逐次抽样对照"),
    "values of shipments": text("values of shipments", "申报发货价值"),
    "mean flows of the base window": text("mean flows of the base window", "基期平均流量"),
}
_ELSE: Final = "where they say nothing: "
#: Percent of the draws below which nobody is told that something does not happen in them.
_SHOWN_LEAST: Final = 0.5
#: Money above each of these is written in it.
_LARGE: Final[Mapping[Language, tuple[tuple[float, str], ...]]] = {
    "en": ((1e9, " bn"), (1e6, " m"), (1e3, " k")),
    "zh": ((1e8, "亿"), (1e4, "万")),
}


def basis(name: str, language: Language) -> str:
    """The word of a basis."""
    return BASES[name].label[language] if name in BASES else name


def goods(name: str, language: Language) -> str:
    """What a class of goods is called: a product, and whether it holds heavy rare earths."""
    product, plus, _ = name.partition("+")
    called = lot_words.product(product, language)
    if not plus:
        return called
    return f"{called}（含重稀土）" if language == "zh" else f"{called} with heavy rare earths"


def days(number: float | None, language: Language) -> str:
    """23 days, 23天; a dash for None."""
    if number is None:
        return written.NOTHING
    n = written.number(round(number))
    return f"{n}天" if language == "zh" else f"{n}{NO_BREAK_SPACE}day{'' if round(number) == 1 else 's'}"


def on_day(starts: str, day: float, language: Language, *, year: bool = False) -> str:
    """The date of a day of a run: 11 April, 4月11日."""
    on = date.fromisoformat(starts) + timedelta(days=round(day))
    said = written.day(on, language)
    if year:
        return said
    return said.partition("年")[2] if language == "zh" else said.rpartition(" ")[0]


def between(starts: str, low: float, high: float, language: Language) -> str:
    """Two days of a run: 11–22 April, 28 March–4 April; 4月11日至22日."""
    first, last = on_day(starts, low, language), on_day(starts, high, language)
    if first == last:
        return first
    if language == "zh":
        month, _, day = last.partition("月")
        return f"{first}至{day if first.startswith(f'{month}月') else last}"
    day_en, _, month_en = first.partition(NO_BREAK_SPACE)
    return f"{day_en}–{last}" if last.endswith(f"{NO_BREAK_SPACE}{month_en}") else f"{first} – {last}"


def stops(found: Json, starts: str, language: Language) -> str:
    """When something happens that may not happen: 11–22 April, from 11 April, never."""
    low, high = found.get("p10"), found.get("p90")
    if low is None:
        middle = found.get("p50")
        if middle is None:
            return "不停产" if language == "zh" else "does not stop"
        low = middle
    if high is None:
        first = on_day(starts, low, language)
        return f"{first}起" if language == "zh" else f"from {first}"
    return between(starts, low, high, language)


def never(found: Json, language: Language, *, zh: str = "不停产") -> str:
    """In how many of the draws it does not happen: never 12 %, 12%不停产; empty where it always or never does."""
    share = found.get("never_pct") or 0.0
    if not _SHOWN_LEAST <= share < 100:
        return ""
    said = written.percent(share / 100, language, 0)
    return f"{said}{zh}" if language == "zh" else f"never {said}"


def stops_whole(found: Json, starts: str, language: Language) -> str:
    """Both: 11–22 April · never 12 %; where it happens in few draws, in how many it does not."""
    if found.get("p10") is None and found.get("p50") is None and (share := never(found, language)):
        return share if language == "zh" else share.replace("never", "does not stop in", 1)
    return " · ".join(one for one in (stops(found, starts, language), never(found, language)) if one)


def mass(kg: float | None, language: Language) -> str:
    """18.4 t, 18.4吨; a dash for None."""
    return written.mass(None if kg is None else kg * written.MG_PER_KG, language)


def spread(found: Json, say: Any, language: Language) -> str:
    """The range of a figure by its quantiles: 2.1–5.2 t; one value where they are the same."""
    low, high = found.get("p10"), found.get("p90")
    first, last = say(low, language), say(high, language)
    if low is None or high is None or first == last:
        return str(say(found.get("p50"), language))
    return f"{first}至{last}" if language == "zh" else f"{first} – {last}"


def money(value: float | None, currency: str, language: Language) -> str:
    """EUR 3.4 m, 340万欧元 as `EUR 340万`; a dash for None."""
    if value is None:
        return written.NOTHING
    for size, word in _LARGE[language]:
        if abs(value) >= size:
            scaled = value / size
            shown = written.number(round(scaled) if abs(scaled) >= 100 else round(scaled, 1))
            return f"{currency}{NO_BREAK_SPACE}{shown}{word}"
    return f"{currency}{NO_BREAK_SPACE}{written.number(round(value))}"


def amount(help_: Json, language: Language) -> str:
    """How much is added: 300 kg, 30 days."""
    n, unit = help_.get("amount"), help_.get("unit") or ""
    if n is None:
        return ""
    if unit == "kg":
        return mass(n, language)
    word = _UNITS[unit][language] if unit in _UNITS else unit
    return f"{written.number(round(n, 1))}{'' if language == 'zh' else NO_BREAK_SPACE}{word}".strip()


def helped(help_: Json, language: Language) -> str:
    """What is added: More stock, 300 kg."""
    said, how_much = words.word(HELPS, help_["what"], language), amount(help_, language)
    if not how_much:
        return said
    return f"{said}（{how_much}）" if language == "zh" else f"{said}, {how_much}"


def named(one: Json, language: Language) -> str:
    """What an input is called, as it begins a line."""
    said = str(one[language])
    return said if language == "zh" else said[:1].upper() + said[1:]


def source(name: object, language: Language) -> str:
    """Where a figure comes from, in the reader's language: files and what a table says of itself as they are."""
    return "; ".join(_source(part, language) for part in str(name).split("; "))


def _source(part: str, language: Language) -> str:
    if part in SOURCES:
        return SOURCES[part][language]
    if language == "en":
        return part
    if found := re.fullmatch(r"rows of (\S+) to (\S+)", part):
        return f"{found[1]}至{found[2]}申报行"
    if found := re.fullmatch(r"like plants, (\d+) days under way \(assumption\)", part):
        return f"各厂相同，在途{found[1]}天（假定）"
    if found := re.fullmatch(r"entry (\d+)", part):
        return f"条目 {found[1]}"
    if found := re.fullmatch(r"instruments of (\S+)", part):
        return f"{found[1]} 的管制措施"
    if part.startswith(_ELSE):
        part = f"未载明者取 {part.removeprefix(_ELSE)}"
    return part.replace(" (assumption (calibrated))", "（假定，已校准）").replace(" (assumption)", "（假定）")


def of_when(vintage: object, language: Language) -> str:
    """The vintage of a figure: an entry of the log by its number, else as it is."""
    said = str(vintage).removeprefix("entry ")
    if not said.isdecimal():
        # Of a moment, its day is enough here: the entry has the rest.
        return said.partition("T")[0] if re.match(r"\d{4}-\d\d-\d\dT", said) else said
    return f"条目 {said}" if language == "zh" else f"entry {said}"


def valued(one: Json, language: Language) -> str:
    """An input with its unit and range: 60 days (28–128)."""
    value, unit = one.get("value"), one.get("unit") or ""
    if value is None:
        return written.NOTHING
    if unit == "share":
        said, ends = written.percent(value, language, 0), [one.get("low"), one.get("high")]
        shown = [written.percent(end, language, 0) for end in ends if end is not None]
    else:
        word = _UNITS[unit][language] if unit in _UNITS else unit
        blank = "" if language == "zh" and not word.isascii() else NO_BREAK_SPACE
        said = f"{written.number(value)}{blank}{word}".strip()
        shown = [written.number(end) for end in (one.get("low"), one.get("high")) if end is not None]
    if len(shown) < 2 or shown[0] == shown[1]:
        return said
    return f"{said}（{shown[0]}至{shown[1]}）" if language == "zh" else f"{said} ({shown[0]}–{shown[1]})"


def plant_name(one: Json, language: Language) -> str:
    """What a plant is called: its name in the reader's language, else in the other, else its id."""
    other = "name_en" if language == "zh" else "name_zh"
    return str(one.get(f"name_{language}") or one.get(other) or one["plant"])
