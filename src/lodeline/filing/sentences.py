"""A filing in a few sentences, English and Chinese, each of which can be true or not to the one who certifies it."""

from __future__ import annotations

import gettext
from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Final

import pycountry

from lodeline.filing.summary import Export, Part, Summary, What
from lodeline.language import Language, Text, text
from lodeline.material.mass import MG_PER_KG

#: So many elements are named in a sentence; the numbers have them all.
_NAMED: Final = 4
_THIN_SPACE: Final = "\u202f"
_NO_BREAK: Final = "\u00a0"
_FIRST: Final[tuple[What, ...]] = ("origin", "receipt")
_OUTWARD: Final[tuple[What, ...]] = ("shipment", "title")
_LAST: Final[tuple[What, ...]] = ("move", "stock", "loss", "adjustment", "void")


def sentences(summary: Summary, *, rows: int) -> list[Text]:
    """The filing in words, one sentence for each thing that it says: `en` and `zh`. `rows`: how many were filed."""
    if not summary.parts and rows:
        return [text("A draft with {rows} rows in error: none of them says what happened.", rows=_count(rows))]
    if not summary.parts:
        return [text("A nil return: nothing happened in this month.")]
    found: list[tuple[str, str]] = []
    for what in _FIRST:
        if part := summary.part(what):
            found.append(_moved(part))
    found += _processed(summary)
    for what in _OUTWARD:
        if part := summary.part(what):
            found.append(_moved(part))
    if exported := summary.part("export"):
        found.append(_exported(exported, summary.exports))
    for what in _LAST:
        if part := summary.part(what):
            found.append(_other(part))
    return [{"en": en, "zh": zh} for en, zh in found]


def kilograms(mass_mg: int) -> str:
    """A mass in kg as a sentence tells it: whole from 1000 kg on, else with three figures or the grams it has."""
    size = abs(mass_mg) / MG_PER_KG
    decimals = 0 if size >= 1000 else 1 if size >= 10 else 3
    text = f"{mass_mg / MG_PER_KG:,.{decimals}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    if mass_mg and not text.strip("-0."):
        text = f"{mass_mg / MG_PER_KG:f}".rstrip("0")
    return text.replace(",", _THIN_SPACE).replace("-", "\u2212")


def _count(number: int) -> str:
    return f"{number:,}".replace(",", _THIN_SPACE)


def _many(number: int, one: str, more: str) -> str:
    return f"{_count(number)}{_NO_BREAK}{one if number == 1 else more}"


def _holding(part: Part) -> tuple[str, str]:
    """What of it is which element; total oxide only where nothing else is stated."""
    named = [one for one in part.elements if one.symbol not in ("TREO", "B", "Fe", "Co")][:_NAMED] or [
        one for one in part.elements if one.symbol == "TREO"
    ]
    en = ", ".join(f"{one.symbol}{_NO_BREAK}{kilograms(one.mass_mg)}{_NO_BREAK}kg" for one in named)
    zh = "、".join(f"{one.symbol}{_NO_BREAK}{kilograms(one.mass_mg)}千克" for one in named)
    if part.unstated_mg and part.unstated_mg == part.dry_mg:
        en, zh = "composition unknown", "成分未知"
    elif part.unstated_mg:
        unstated = kilograms(part.unstated_mg)
        en += ("; " if en else "") + f"{unstated}{_NO_BREAK}kg of unknown composition"
        zh += ("；" if zh else "") + f"成分未知 {unstated}千克"
    if part.unread:
        en += ("; " if en else "") + f"without {_many(part.unread, 'row', 'rows')} whose mass cannot be read"
        zh += ("；" if zh else "") + f"不含质量无法读取的{_count(part.unread)}行"
    return (f" ({en})", f"（{zh}）") if en else ("", "")


def _kg(part: Part) -> tuple[str, str]:
    if part.unread == part.rows:
        rows = _many(part.rows, "row", "rows")
        return f"a mass that cannot be read ({rows})", f"质量无法读取（{_count(part.rows)}行）"
    en, zh = _holding(part)
    mass = kilograms(part.net_mg)
    return f"{mass}{_NO_BREAK}kg{en}", f"{mass}千克{zh}"


def _in_all(part: Part, kg_zh: str) -> str:
    return kg_zh if part.unread == part.rows else f"共 {kg_zh}"


_MOVED: Final[dict[str, tuple[tuple[str, str], tuple[str, str, str] | None, str, str | None]]] = {
    "origin": (("origin", "origins"), None, "来源", None),
    "receipt": (("receipt", "receipts"), ("from", "supplier", "suppliers"), "收货", "供应商"),
    "shipment": (("shipment", "shipments"), ("to", "customer", "customers"), "发货", "客户"),
    "title": (("change of ownership", "changes of ownership"), ("to", "buyer", "buyers"), "物权转移", "受让方"),
}


def _moved(part: Part) -> tuple[str, str]:
    (one, more), party, zh_what, zh_party = _MOVED[part.what]
    kg_en, kg_zh = _kg(part)
    en = _many(part.events, one, more)
    zh = f"{zh_what} {_count(part.events)} 笔"
    if party is not None and part.partners:
        en += f" {party[0]} {_many(part.partners, party[1], party[2])}"
        zh += f"，{zh_party} {_count(part.partners)} 家"
    return f"{en}: {kg_en}.", f"{zh}，{_in_all(part, kg_zh)}。"


def _processed(summary: Summary) -> Sequence[tuple[str, str]]:
    fed, made, waste = (summary.part(what) for what in ("in", "out", "waste"))
    en, zh = [], []
    if fed is not None:
        kg_en, kg_zh = _kg(fed)
        en.append(f"took in {kg_en}")
        zh.append(f"投入 {kg_zh}")
    if made is not None:
        kg_en, kg_zh = _kg(made)
        en.append(f"made {kg_en} in {_many(made.lots, 'lot', 'lots')}")
        zh.append(f"产出 {_count(made.lots)} 个批次，{kg_zh}")
    if waste is not None:
        kg_en, kg_zh = _kg(waste)
        en.append(f"left {kg_en} of waste")
        zh.append(f"产生废料 {kg_zh}")
    if not en:
        return []
    listed = en[0] if len(en) == 1 else ", ".join(en[:-1]) + " and " + en[-1]
    return [(f"Processing {listed}.", "生产" + "；".join(zh) + "。")]


def _exported(part: Part, exports: Sequence[Export]) -> tuple[str, str]:
    kg_en, kg_zh = _kg(part)
    by_country: dict[str | None, int] = {}
    for one in exports:
        by_country[one.country] = by_country.get(one.country, 0) + one.net_mg
    largest = sorted(by_country, key=lambda code: -by_country[code])
    to_en = _listed_en([_country(code, "en") for code in largest])
    to_zh = "、".join(_country(code, "zh") for code in largest)
    licences = sorted({one.licence for one in exports if one.licence})
    bare_mg = sum(one.net_mg for one in exports if not one.licence)
    en = f"{_many(part.events, 'export', 'exports')} to {to_en}: {kg_en}"
    zh = f"出口 {_count(part.events)} 笔，运往{to_zh}，{_in_all(part, kg_zh)}"
    if licences:
        en += f", under {_many(len(licences), 'licence', 'licences')}"
        zh += f"，使用许可证 {len(licences)} 份"
    if bare_mg:
        en += f"; {kilograms(bare_mg)}{_NO_BREAK}kg name no licence"
        zh += f"；其中 {kilograms(bare_mg)}千克未填许可证"
    return en + ".", zh + "。"


def _listed_en(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def _other(part: Part) -> tuple[str, str]:
    kg_en, kg_zh = _kg(part)
    lots = _many(part.lots, "lot", "lots")
    if part.what == "stock":
        en_day, zh_day = _days(part)
        return (
            f"Stock counted {en_day}: {lots}, {kg_en}.",
            f"{zh_day}盘存 {_count(part.lots)} 个批次，{_in_all(part, kg_zh)}。",
        )
    en, zh = {
        "move": (("move between own sites", "moves between own sites"), "场所间移动"),
        "loss": (("loss", "losses"), "损失"),
        "adjustment": (("adjustment", "adjustments"), "调整"),
        "void": (("event withdrawn", "events withdrawn"), "撤回事件"),
    }[part.what]  # fmt: skip
    if part.what == "void":
        return f"{_many(part.events, *en)}.", f"{zh} {_count(part.events)} 个。"
    return f"{_many(part.events, *en)}: {kg_en}.", f"{zh} {_count(part.events)} 笔，{_in_all(part, kg_zh)}。"


def _days(part: Part) -> tuple[str, str]:
    if part.first is None or part.last is None:
        return "on a day not stated", ""
    if part.first == part.last:
        return f"on {_day(part.last)}", f"{part.last.month}月{part.last.day}日"
    return (
        f"between {_day(part.first)} and {_day(part.last)}",
        f"{part.first.month}月{part.first.day}日至{part.last.month}月{part.last.day}日",
    )


def _day(day: date) -> str:
    return f"{day.day}{_NO_BREAK}{_MONTHS[day.month - 1]}"


_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def _country(code: str | None, language: Language) -> str:
    """The usual name of a country. Source: ISO 3166-1 and its translations as packaged by pycountry."""
    if code is None:
        return text("a country not stated")[language]
    found = pycountry.countries.get(alpha_2=code)
    if found is None:
        return code
    name = str(getattr(found, "common_name", found.name))
    return name if language == "en" else _chinese().gettext(name)


@cache
def _chinese() -> gettext.NullTranslations:
    return gettext.translation("iso3166-1", pycountry.LOCALES_DIR, languages=["zh_CN"], fallback=True)
