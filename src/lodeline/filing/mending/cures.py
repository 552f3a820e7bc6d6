"""What would mend a cell, where the cell itself says so: offered to the filer for one click, never done unasked.

A cure is a text that the cell can only have meant, or, where `asks`, one that it may have meant. What might be either
of two things has no cure here.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from lodeline.filing.cell import compatible, read_decimal
from lodeline.filing.columns.guide import choice_words
from lodeline.filing.edits import Edit
from lodeline.filing.names import folded
from lodeline.filing.schema import COLUMNS, MASS_COLUMNS
from lodeline.ledger.problem import Problem
from lodeline.material.element import SYMBOLS, TREO
from lodeline.material.product import PRODUCTS

Cells = Mapping[str, Any]

#: A letter is left out, doubled or swapped in a code of the format: still that code.
_ALIKE = 0.8
#: What remains after dividing by a thousand must be near the usual for the offer to mean anything.
_NEAR_USUAL = Decimal(20)
#: A sum further above 100 % than this is no slip in the remainder.
_REMAINDER_LIMIT = Decimal(20)
_CURRENCIES = {"人民币": "CNY", "元": "CNY", "rmb": "CNY", "美元": "USD", "欧元": "EUR", "日元": "JPY", "us$": "USD"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cure:
    """An edit and what it does, in both languages. `asks`: it may be meant so, and only the filer knows."""

    edit: Edit
    en: str
    zh: str
    asks: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    """The text that would stand in a column, and why."""

    column: str
    text: str
    en: str
    zh: str
    asks: bool = False


def suggest(found: Problem, row: Cells) -> Cure | None:
    """The cure of a problem at its row; None where nothing is certain enough to be offered.

    `row`: the row of the table's frame that the problem names, with `source` and `row`.
    """
    cure = _CURES.get(found.code)
    proposed = cure(found, row) if cure is not None else None
    if proposed is None:
        return None
    edit = Edit(source=int(row["source"]), row=int(row["row"]), column=proposed.column, text=proposed.text)
    return Cure(edit=edit, en=proposed.en, zh=proposed.zh, asks=proposed.asks)


def _filed(found: Problem, row: Cells) -> tuple[str, str] | None:
    """(column as filed, text) of the cell that a problem names; a mass in whichever unit it was stated."""
    column = found.where.column or ""
    for name in MASS_COLUMNS if column == "mass_kg" else (column,):
        if row.get(name):
            return name, str(row[name])
    return None


def _replaced(found: Problem, row: Cells, text: str | None, *, asks: bool = False) -> _Text | None:
    filed = _filed(found, row)
    if filed is None or text is None:
        return None
    column, before = filed
    en, zh = f"Write {text} for {before.strip()}", f"将“{before.strip()}”改为“{text}”"
    return _Text(column=column, text=text, en=en, zh=zh, asks=asks)


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _iron_as_remainder(found: Problem, row: Cells) -> _Text | None:
    """Iron is what is left of a magnet when the others are analysed; typed before a correction, it no longer fits."""
    text, basis = row.get("composition"), compatible(str(row.get("basis") or "element")).lower()
    if not text or basis not in ("element", "oxide"):
        return None
    parts: dict[str, Decimal] = {}
    for part in filter(None, (one.strip() for one in compatible(str(text)).split(";"))):
        symbol, equals, share = (one.strip() for one in part.partition("="))
        number = read_decimal(share)
        if not equals or not isinstance(number, Decimal) or symbol.casefold() in parts:
            return None
        parts[symbol.casefold()] = number
    if "fe" not in parts or not set(parts) <= {symbol.casefold() for symbol in SYMBOLS}:
        return None
    total = sum((share for symbol, share in parts.items() if symbol != TREO.casefold()), Decimal(0))
    rest = parts["fe"] - (total - 100)
    if rest <= 0 or total - 100 > _REMAINDER_LIMIT or parts["fe"] < max(parts.values()):
        return None
    closed = re.sub(r"(?i)(\bFe\s*=\s*)[^;；]*", lambda match: match[1] + _plain(rest), str(text), count=1)
    return _Text(
        column="composition", text=closed, en=f"Fe {_plain(rest)} % closes it to 100 %",
        zh=f"Fe 取 {_plain(rest)} %，合计为 100 %",
    )  # fmt: skip


def _thousandth(found: Problem, row: Cells) -> _Text | None:
    """A mass far above the usual, one thousandth of which is usual: grams stated as kg, or kg as tonnes."""
    filed = _filed(found, row)
    if filed is None:
        return None
    column, text = filed
    mass, usual = Decimal(str(found.facts["mass_kg"])), Decimal(str(found.facts["median_kg"]))
    if not usual or mass / 1000 > usual * _NEAR_USUAL:
        return None
    smaller, smaller_zh, wrong, wrong_zh = {
        "mass_t": ("kg", "千克", "t", "吨"), "mass_kg": ("g", "克", "kg", "千克"), "mass_g": ("mg", "毫克", "g", "克")
    }[column]  # fmt: skip
    return _Text(
        column="mass_kg", text=_plain(mass / 1000), asks=True,
        en=f"Is {text.strip()} in {smaller}, not {wrong}? Then it is {_plain(mass / 1000)} kg",
        zh=f"“{text.strip()}”的单位是否应为{smaller_zh}，而不是{wrong_zh}？如是，则为 {_plain(mass / 1000)} 千克",
    )  # fmt: skip


def _without_sign(found: Problem, row: Cells) -> _Text | None:
    filed = _filed(found, row)
    return None if filed is None else _replaced(found, row, compatible(filed[1]).removeprefix("-").strip(), asks=True)


def _whole_milligrams(found: Problem, row: Cells) -> _Text | None:
    filed = _filed(found, row)
    if filed is None:
        return None
    number = read_decimal(filed[1])
    decimals = {"mass_kg": 6, "mass_t": 9, "mass_g": 3}.get(filed[0])
    if not isinstance(number, Decimal) or decimals is None:
        return None
    rounded = round(number, decimals)
    return _replaced(found, row, _plain(rounded)) if rounded else None


def _day(found: Problem, row: Cells) -> _Text | None:
    """A day written day first or month first, where only one of the two is a day of the calendar."""
    match = re.fullmatch(r"([0-9]{1,2})[./-]([0-9]{1,2})[./-]([0-9]{4})", compatible(str(row.get("on") or "")))
    if match is None:
        return None
    first, second, year = (int(group) for group in match.groups())
    readings = {one for one in (_iso(year, second, first), _iso(year, first, second)) if one is not None}
    return _replaced(found, row, readings.pop()) if len(readings) == 1 else None


def _iso(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def _serial(found: Problem, row: Cells) -> _Text | None:
    return _replaced(found, row, str(found.facts["date"]))


def _ungrouped(found: Problem, row: Cells) -> _Text | None:
    """`1,250.5` and `1,250,000` are grouped, `0,5` and `12,34` have a decimal comma; `1,250` may be either."""
    filed = _filed(found, row)
    if filed is None:
        return None
    text = compatible(filed[1])
    separators = set(re.findall("[,' ]", text))
    grouped = separators != {","} or "." in text or text.count(",") > 1
    if grouped:
        return _replaced(found, row, re.sub("[,' ]", "", text))
    whole, _, decimals = text.partition(",")
    digits = whole.lstrip("+-")
    if len(decimals) == 3 and len(digits) <= 3 and digits.strip("0"):
        return None
    return _replaced(found, row, f"{whole}.{decimals}")


def _choice(found: Problem, row: Cells) -> _Text | None:
    column = found.where.column or ""
    choices = next((one.choices for one in COLUMNS if one.name == column), ())
    if not row.get(column) or not choices:
        return None
    text = compatible(str(row[column])).lower()
    alike = difflib.get_close_matches(text, choices, n=1, cutoff=_ALIKE)
    return _replaced(found, row, choice_words(column).get(folded(text)) or (alike[0] if alike else None))


def _product(found: Problem, row: Cells) -> _Text | None:
    kind, colon, what = compatible(str(row.get("product") or "")).partition(":")
    named = {
        name.casefold(): product.kind for product in PRODUCTS.values() for name in (product.name_en, product.name_zh)
    }
    alike = difflib.get_close_matches(kind.strip().lower(), PRODUCTS, n=1, cutoff=_ALIKE)
    code = named.get(kind.strip().casefold()) or (alike[0] if alike else None)
    return None if code is None else _replaced(found, row, code + colon + what.strip())


def _currency(found: Problem, row: Cells) -> _Text | None:
    return _replaced(found, row, _CURRENCIES.get(compatible(str(row.get("currency") or "")).lower()))


_CURES: Mapping[str, Callable[[Problem, Cells], _Text | None]] = {
    "composition.over-100": _iron_as_remainder,
    "composition.near-100": _iron_as_remainder,
    "mass.unusual": _thousandth,
    "mass.negative": _without_sign,
    "mass.finer-than-milligram": _whole_milligrams,
    "date.invalid": _day,
    "date.serial": _serial,
    "number.grouped": _ungrouped,
    "choice.unknown": _choice,
    "product.unknown": _product,
    "currency.malformed": _currency,
}
