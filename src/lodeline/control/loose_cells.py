"""How people write what a declaration has a strict form for: Germany, 1,200 kg, `Nd 25, Pr 6, Dy 4%`.

Each reader gives the strict form of a text that can mean one thing only, and None for any other; it guesses nothing.
Whoever reads the line is shown what was read.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Final

import pycountry

from lodeline.filing.cell import compatible

#: What countries and currencies are called beside the names of ISO 3166-1 and 4217.
_COUNTRIES: Final = {
    "usa": "US", "u.s.a.": "US", "u.s.": "US", "uk": "GB", "u.k.": "GB", "great britain": "GB",
    "uae": "AE", "south korea": "KR", "north korea": "KP", "holland": "NL", "taiwan": "TW", "russia": "RU",
    "vietnam": "VN", "viet nam": "VN", "hong kong": "HK", "macau": "MO", "czech republic": "CZ", "turkey": "TR",
    "韩国": "KR", "朝鲜": "KP", "台湾": "TW", "香港": "HK", "澳门": "MO", "阿联酋": "AE", "俄罗斯": "RU",
}  # fmt: skip
#: What two countries are called.
_OF_TWO: Final = frozenset({"congo", "刚果"})
_CURRENCIES: Final = {
    "rmb": "CNY", "yuan": "CNY", "人民币": "CNY", "美元": "USD", "欧元": "EUR", "日元": "JPY", "英镑": "GBP",
    "€": "EUR",
}  # fmt: skip
#: A longer text is no composition that somebody wrote, and a longer one no number.
_COMPOSITION_MOST: Final = 1_000
_NUMBER_MOST: Final = 100
#: Grouped in threes by one and the same mark, with a point before decimals: 1,200 and 1 200 000.5.
_GROUPED: Final = re.compile(r"([+-]?[0-9]{1,3}(?:([,' \u2009\u202f])[0-9]{3})(?:\2[0-9]{3})*)(\.[0-9]+)?")
_UNITS: Final[Mapping[str, Decimal | int]] = {
    "kg": 1, "kgs": 1, "千克": 1, "公斤": 1, "t": 1000, "吨": 1000, "g": Decimal("0.001"), "克": Decimal("0.001"),
}  # fmt: skip
_WITH_UNIT: Final = re.compile(r"(.*?[0-9.])\s*([A-Za-z]{1,3}|千克|公斤|吨|克)\.?")
_NUMBER: Final = r"[<≤]?\s*[0-9]+(?:\.[0-9]+)?"
_SYMBOL: Final = r"[A-Z][a-z]?(?:[0-9]{0,2}O[0-9]{0,2})?|TREO|[\u3400-\u9fff]"
_PERCENT: Final = r"\s*(?:wt\.?)?\s*%?"
_BETWEEN: Final = r"\s*(?:[,;、/\n]\s*|\s+|$)"
#: One share after the name or before it; or the rest of the goods, which is no share.
_PARTS: Final = (
    re.compile(rf"(?P<symbol>{_SYMBOL})\s*[=:]?\s*(?P<share>{_NUMBER}){_PERCENT}{_BETWEEN}"),
    re.compile(rf"(?P<share>{_NUMBER}){_PERCENT}\s*(?P<symbol>{_SYMBOL}){_BETWEEN}"),
    re.compile(rf"(?:{_SYMBOL})\s*[=:]?\s*(?:bal\.?|balance|rest|余量|余){_BETWEEN}", re.IGNORECASE),
)


@cache
def _named_countries() -> Mapping[str, str]:
    chinese = gettext.translation("iso3166-1", pycountry.LOCALES_DIR, languages=["zh_CN"], fallback=True).gettext
    found: dict[str, set[str]] = {}
    for country in pycountry.countries:
        names = {getattr(country, name, None) for name in ("name", "common_name", "official_name")} - {None}
        for name in (*names, *(chinese(str(one)) for one in names)):
            found.setdefault(str(name).casefold(), set()).add(country.alpha_2)
    return {
        name: next(iter(codes)) for name, codes in found.items() if len(codes) == 1 and name not in _OF_TWO
    } | _COUNTRIES


@cache
def _named_currencies() -> Mapping[str, str]:
    return {one.name.casefold(): one.alpha_3 for one in pycountry.currencies} | _CURRENCIES


def country(text: str) -> str | None:
    """The code of a country by its name in English or Chinese: Germany, 德国 → DE. Korea alone is two countries."""
    return _named_countries().get(compatible(text).casefold())


@cache
def _any_country() -> re.Pattern[str]:
    names = sorted(_named_countries(), key=len, reverse=True)
    return re.compile("|".join(rf"(?<!\w){re.escape(one)}(?!\w)" if one.isascii() else re.escape(one) for one in names))


def countries_in(text: str) -> frozenset[str]:
    """The codes of the countries that a text names in English or Chinese."""
    return frozenset(_named_countries()[one[0]] for one in _any_country().finditer(compatible(text).casefold()))


def currency(text: str) -> str | None:
    """The code of a currency by its name: RMB, 人民币 → CNY. A dollar sign alone is many currencies."""
    return _named_currencies().get(compatible(text).casefold())


def number(text: str) -> str | None:
    """A number grouped in threes, without the groups: 1,200 → 1200. What has two figures behind a comma is none."""
    plain = compatible(text)
    found = _GROUPED.fullmatch(plain) if len(plain) <= _NUMBER_MOST else None
    return None if found is None else re.sub(r"[^0-9+-]", "", found[1]) + (found[3] or "")


def kilograms(text: str) -> str | None:
    """A mass in kilograms, grouped or with its unit: 1,200 kg → 1200; 1.2 t → 1200."""
    plain = compatible(text)
    found = _WITH_UNIT.fullmatch(plain) if len(plain) <= _NUMBER_MOST else None
    if found is None:
        return number(plain)
    unit = _UNITS.get(found[2] if len(found[2]) > 1 else found[2].lower(), _UNITS.get(found[2].lower()))
    bare = number(found[1]) or found[1].strip()
    if unit is None or not re.fullmatch(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,9})?", bare):
        return None
    scaled = Decimal(bare) * unit
    return f"{scaled.normalize():f}"


def composition(text: str) -> str | None:
    """Shares as `Nd=25;Pr=6;Dy=4`: of `Nd 25, Pr 6, Dy 4%`, `钕25 镨6`, `25 % Nd, 6 % Pr, Fe balance`."""
    plain, at, found = compatible(text), 0, list[str]()
    if len(plain) > _COMPOSITION_MOST:
        return None
    while at < len(plain):
        part = next((match for one in _PARTS if (match := one.match(plain, at)) is not None), None)
        if part is None or part.end() == at:
            return None
        if "share" in part.groupdict():
            found.append(f"{part['symbol']}={part['share'].replace(' ', '')}")
        at = part.end()
    return ";".join(found) or None


#: Type of a column of declarations → who reads it loosely.
READERS: Final[Mapping[str, Callable[[str], str | None]]] = {
    "country": country, "currency": currency, "mass": kilograms, "decimal": number, "integer": number,
    "composition": composition,
}  # fmt: skip
