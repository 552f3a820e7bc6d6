"""Numbers, masses and days as a reader of each language expects them; nothing else in the pages writes a number.

Groups of three stand between thin spaces, minus is a minus, a mass has three figures and its unit once, and an
uncertainty decides how many figures its mass has.
"""

from __future__ import annotations

import math
from datetime import date, datetime
from zoneinfo import ZoneInfo

from lodeline.language import Language, text
from lodeline.regulation.span import Span
from lodeline.web.drawing.number import NO_BREAK_SPACE, THIN_SPACE, Unit, grouped, mass_unit

NOTHING = "–"
MG_PER_KG = 1_000_000
ONE_IN_A_MILLION = 1e-6
#: A score this near to 1 is written as the largest number below it.
_HIGHEST_SCORE = 0.9999

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_UNITS: dict[Language, dict[str, str]] = {
    "en": {"tonne": "t", "kilogram": "kg", "gram": "g"},
    "zh": {"tonne": "吨", "kilogram": "千克", "gram": "克"},
}


def count(number: int) -> str:
    """1 478"""
    return grouped(number)


def number(value: float) -> str:
    """84 970.5: as many decimals as the number has, four at most."""
    text = f"{round(value, 4):.4f}".rstrip("0").rstrip(".")
    return grouped(float(text), len(text.partition(".")[2]))


def unit(largest_mg: float, language: Language) -> Unit:
    """The unit for a whole table or drawing whose largest mass this is."""
    return mass_unit(largest_mg, **_UNITS[language])


def mass(mass_mg: float | None, language: Language, *, signed: bool = False) -> str:
    """18.4 t, 18.4吨; a dash for None."""
    if mass_mg is None:
        return NOTHING
    if mass_mg == 0:
        return text("0{no_break_space}t", no_break_space=NO_BREAK_SPACE)[language]
    return unit(mass_mg, language).full(mass_mg, signed=signed)


def mass_with_sigma(mass_mg: float, sigma_mg: float | None, language: Language) -> str:
    """31 ± 9 t: as many decimals as the uncertainty has figures worth reading (one, or two below 3)."""
    if not sigma_mg:
        return mass(mass_mg, language)
    shown = unit(max(abs(mass_mg), sigma_mg), language)
    scaled = sigma_mg / shown.mg
    leading = math.floor(math.log10(scaled))
    decimals = max(0, -leading + (1 if scaled / 10**leading < 3 else 0))
    number = grouped(mass_mg / shown.mg, decimals) + f"{NO_BREAK_SPACE}±{NO_BREAK_SPACE}" + grouped(scaled, decimals)
    return number + (NO_BREAK_SPACE if shown.word.isascii() else "") + shown.word


def percent(share: float | None, language: Language, decimals: int = 1, *, signed: bool = False) -> str:
    """78.4 % (English, after SI), 78.4%; a dash for None."""
    if share is None:
        return NOTHING
    return grouped(share * 100, decimals, signed=signed) + ("%" if language == "zh" else f"{NO_BREAK_SPACE}%")


def sigmas(z: float | None) -> str:
    """−3.4; a dash for None."""
    return NOTHING if z is None else grouped(z, 1, signed=True)


def probability(value: float) -> str:
    """0.0013: two figures; what is smaller than a millionth is no number."""
    if value < ONE_IN_A_MILLION:
        return "< 0.000001"
    return f"{value:.{max(0, 1 - math.floor(math.log10(value)))}f}"


def score(value: float | None) -> str:
    """.9934; what is nearer to 1 than that is written as the largest number below it. A dash for None."""
    return NOTHING if value is None else f"{min(value, _HIGHEST_SCORE):.4f}".removeprefix("0")


def month(period: str, language: Language) -> str:
    """2025-10 → October 2025, 2025年10月."""
    year, number = int(period[:4]), int(period[5:7])
    return text(
        "{months}{no_break_space}{year}",
        months=_MONTHS[number - 1],
        no_break_space=NO_BREAK_SPACE,
        year=year,
        number=number,
    )[language]


def span(months: Span, language: Language) -> str:
    """Months in a row: 2025, 2025年; Q2 2025, 2025年第二季度; October 2025; March to August 2025, 2025年3月至8月."""
    text = str(months)
    if months.is_month:
        return month(months.first, language)
    if "-Q" in text:
        year, quarter = text.split("-Q")
        return (
            f"{year}年第{'一二三四'[int(quarter) - 1]}季度" if language == "zh" else f"Q{quarter}{NO_BREAK_SPACE}{year}"
        )
    if ".." not in text:
        return f"{text}年" if language == "zh" else text
    same_year = months.first[:4] == months.last[:4]
    first, last = month(months.first, language), month(months.last, language)
    if language == "zh":
        return f"{first}至{month_name(int(months.last[5:]), language) if same_year else last}"
    return f"{month_name(int(months.first[5:]), language) if same_year else first} to {last}"


def month_name(number: int, language: Language) -> str:
    """10 → October, 10月."""
    return f"{number}月" if language == "zh" else _MONTHS[number - 1]


def short_month(period: str, language: Language) -> str:
    """2025-10 → Oct, 10月."""
    number = int(period[5:7])
    return f"{number}月" if language == "zh" else _MONTHS[number - 1][:3]


def day(value: date | str | None, language: Language) -> str:
    """9 November 2025, 2025年11月9日; a dash for None."""
    if value is None:
        return NOTHING
    on = date.fromisoformat(value) if isinstance(value, str) else value
    if language == "zh":
        return f"{on.year}年{on.month}月{on.day}日"
    return f"{on.day}{NO_BREAK_SPACE}{_MONTHS[on.month - 1]} {on.year}"


def moment(text: str | None, language: Language, timezone: str) -> str:
    """A moment of the log (`2026-01-18T04:36:00Z`) on the clocks of the jurisdiction: 18 January 2026, 12:36."""
    if text is None:
        return NOTHING
    local = datetime.fromisoformat(text).astimezone(ZoneInfo(timezone))
    clock = f"{local:%H:%M}"
    return f"{day(local.date(), language)} {clock}" if language == "zh" else f"{day(local.date(), language)}, {clock}"


def within(label: str) -> str:
    """A label within a sentence: `end user`; one that begins with capitals, as an HS code does, as it is."""
    return label if label[:2].isupper() else label[:1].lower() + label[1:]


def short_hash(digest: str) -> str:
    """The ends of a long hash: 4f1c 7d5d … 0efb8."""
    return f"{digest[:4]}{THIN_SPACE}{digest[4:8]}{THIN_SPACE}…{THIN_SPACE}{digest[-4:]}"
