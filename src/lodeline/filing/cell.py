"""Text becomes a typed cell once: a vectorised expression takes what is plainly written, a function the rest.

The two agree by construction: the expression yields null wherever it is not sure, and the function then
decides value by distinct value. Numbers, dates and codes are read in their compatibility form (NFKC: a
full-width `１２．５` is 12.5), free text in its canonical form (NFC).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Context, Decimal, InvalidOperation

import polars as pl

from lodeline.filing.country import alpha2, alpha2_by_code
from lodeline.filing.names import code_words, folded, product_code
from lodeline.filing.schema import COLUMNS, MASS_COLUMNS, Column
from lodeline.ledger.problem import Fact
from lodeline.material.mass import MASS_LIMIT_MG, PPB_PER_PERCENT, UNITS_MG
from lodeline.material.product import PRODUCTS

Value = str | int | date | None
#: Decimals of a unit that make a milligram, and digits before the point that stay below a million tonnes.
_UNIT_DIGITS = {"kg": (9, 6), "t": (6, 9), "g": (12, 3)}
#: A number longer than this is no figure anybody measured; refusing it keeps arithmetic on it bounded.
_NUMBER_CHARACTERS_LIMIT = 60
_EXPONENT_LIMIT = 40
#: The usual context would round the 29th digit away before it is seen to be too fine.
_EXACT = Context(prec=2 * _NUMBER_CHARACTERS_LIMIT)
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}([,' ][0-9]{3})+(\.[0-9]*)?|[+-]?[0-9]+,[0-9]+")
#: Year first is the only order that means one day; a local time of day is left out, one with an offset is not read.
_DATE = re.compile(
    r"([0-9]{4})(?:-([0-9]{1,2})-([0-9]{1,2})|/([0-9]{1,2})/([0-9]{1,2})|\.([0-9]{1,2})\.([0-9]{1,2})|([0-9]{2})([0-9]{2})"
    r"|年([0-9]{1,2})月([0-9]{1,2})日)(?:[T ][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?"
)
INTEGER_LIMIT = 10**15
DECIMAL_PLACES_LIMIT = 6
#: Day 1 of the spreadsheet calendar is 1900-01-01, with a 29 February 1900 that never was.
_SERIAL_ORIGIN = date(1899, 12, 30)
_SERIAL_FIRST, _SERIAL_LAST = date(2000, 1, 1), date(2100, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One distinct text as read: its value, and the code of what is wrong or remarkable with it."""

    value: Value = None
    code: str | None = None
    facts: tuple[tuple[str, Fact], ...] = ()


def _as_it_stands(text: pl.Expr) -> pl.Expr:
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Parser:
    """How one type is read: `is_plain` says which texts `convert` takes; `other` takes each distinct rest."""

    dtype: pl.DataType
    is_plain: Callable[[pl.Expr], pl.Expr]
    convert: Callable[[pl.Expr], pl.Expr] = _as_it_stands
    other: Callable[[str], Read]

    def plain(self, text: pl.Expr) -> pl.Expr:
        """The values of the texts that are plainly written; null for all others."""
        return self.convert(pl.when(self.is_plain(text)).then(text))


def _fault(code: str, **facts: Fact) -> Read:
    return Read(code=code, facts=tuple(facts.items()))


def compatible(text: str) -> str:
    """The text in compatibility form without surrounding space; the minus sign and full-width forms made plain."""
    return unicodedata.normalize("NFKC", text).replace("\u2212", "-").strip()


def read_decimal(text: str) -> Decimal | Read:
    """An exact finite decimal, or what is wrong with the text."""
    plain = compatible(text)
    if _GROUPED.fullmatch(plain):
        return _fault("number.grouped")
    if re.fullmatch(r"[+-]?(nan|inf|infinity)", plain, re.IGNORECASE):
        return _fault("number.not-finite")
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", plain):
        return _fault("number.invalid")
    if len(plain) > _NUMBER_CHARACTERS_LIMIT:
        return _fault("number.invalid")
    try:
        number = Decimal(plain)
    except InvalidOperation:
        return _fault("number.not-finite")
    if number and number.adjusted() > _EXPONENT_LIMIT:
        return _fault("number.not-finite")
    return number


def _read_mass(unit: str) -> Callable[[str], Read]:
    def read(text: str) -> Read:
        number = read_decimal(text)
        if isinstance(number, Read):
            return number
        scaled = _EXACT.multiply(number, UNITS_MG[unit])
        if abs(scaled) > MASS_LIMIT_MG:
            return _fault("mass.too-large")
        if scaled != scaled.to_integral_value():
            return _fault("mass.finer-than-milligram")
        return Read(value=int(scaled))

    return read


def _mass_pattern(unit: str) -> str:
    digits, decimals = _UNIT_DIGITS[unit]
    return rf"^-?[0-9]{{1,{digits}}}(\.[0-9]{{1,{decimals}}})?$"


def _scaled(decimals: int) -> Callable[[pl.Expr], pl.Expr]:
    """Decimals as integers of their last place."""
    return lambda text: text.str.to_decimal(scale=decimals).to_physical().cast(pl.Int64)


def _read_percent(text: str) -> Read:
    number = read_decimal(text.strip().removesuffix("%").removesuffix("％"))
    if isinstance(number, Read):
        return number
    if not 0 <= number <= 100:
        return _fault("number.out-of-range", low=0, high=100)
    return Read(value=round(number * PPB_PER_PERCENT))


def _read_integer(text: str) -> Read:
    number = read_decimal(text)
    if isinstance(number, Read):
        return number
    if number != number.to_integral_value():
        return _fault("number.too-precise", decimals=0)
    if not 0 <= number <= INTEGER_LIMIT:
        return _fault("number.out-of-range", low=0, high=INTEGER_LIMIT)
    return Read(value=int(number))


def _read_decimal_text(text: str) -> Read:
    number = read_decimal(text)
    if isinstance(number, Read):
        return number
    if abs(number) > INTEGER_LIMIT:
        return _fault("number.out-of-range", low=-INTEGER_LIMIT, high=INTEGER_LIMIT)
    if number != round(number, DECIMAL_PLACES_LIMIT):
        return _fault("number.too-precise", decimals=DECIMAL_PLACES_LIMIT)
    plain = f"{number:.{DECIMAL_PLACES_LIMIT}f}".rstrip("0").rstrip(".")
    return Read(value="0" if plain == "-0" else plain)


def _read_date(text: str) -> Read:
    plain = compatible(text)
    if match := re.fullmatch(r"(\d{5})(\.0+)?", plain):
        day = _SERIAL_ORIGIN + timedelta(days=int(match[1]))
        if _SERIAL_FIRST <= day < _SERIAL_LAST:
            return Read(value=day, code="date.serial", facts=(("date", day.isoformat()),))
        return _fault("date.invalid")
    match = _DATE.fullmatch(plain)
    if not match:
        return _fault("date.invalid")
    year, month, day_of_month = (int(group) for group in match.groups() if group is not None)
    try:
        return Read(value=date(year, month, day_of_month))
    except ValueError:
        return _fault("date.invalid")


def _kept(text: str) -> Read:
    """The text as filed: a code that is not understood may still be right where it does not apply."""
    return Read(value=unicodedata.normalize("NFC", text).strip() or None)


def _read_country(text: str) -> Read:
    code = alpha2(compatible(text))
    return Read(value=code) if code else _kept(text)


def _read_hs_code(text: str) -> Read:
    digits = re.sub(r"[.\s]", "", compatible(text))
    return Read(value=digits) if re.fullmatch("[0-9]+", digits) else _kept(text)


def _read_currency(text: str) -> Read:
    code = compatible(text).upper()
    return Read(value=code) if re.fullmatch("[A-Z]{3}", code) else _kept(text)


def _read_code(column: str) -> Callable[[str], Read]:
    def read(text: str) -> Read:
        code = code_words(column).get(folded(text))
        return Read(value=code) if code else _kept(text)

    return read


def _read_meant(meant: Mapping[str, str]) -> Callable[[str], Read]:
    def read(text: str) -> Read:
        choice = meant.get(compatible(text).lower())
        return Read(value=choice) if choice else _kept(text)

    return read


def _read_product(text: str) -> Read:
    plain = compatible(text)
    kind, colon, what = plain.partition(":")
    if not colon and kind.lower() not in PRODUCTS and (code := product_code(plain)):
        return Read(value=code)
    return Read(value=(kind.strip().lower() + colon + what.strip()) or None)


def _read_composition(text: str) -> Read:
    return Read(value=compatible(text) or None)


def trimmed(text: pl.Expr) -> pl.Expr:
    """Free text without surrounding space; null where nothing is left."""
    inner = text.str.strip_chars()
    return pl.when(inner != "").then(inner)


def _matching(pattern: str) -> Callable[[pl.Expr], pl.Expr]:
    return lambda text: text.str.contains(pattern)


def _among(choices: tuple[str, ...]) -> Callable[[pl.Expr], pl.Expr]:
    return lambda text: text.is_in(choices)


_TEXT = pl.String()
_BY_TYPE = {
    "percent": Parser(
        dtype=pl.Int64(),
        # Two digits only: what may pass 100 is judged by the function.
        is_plain=_matching(r"^[0-9]{1,2}(\.[0-9]{1,7})?$"),
        convert=_scaled(7),
        other=_read_percent,
    ),
    "integer": Parser(
        dtype=pl.Int64(),
        is_plain=_matching(r"^[0-9]{1,15}$"),
        convert=lambda text: text.cast(pl.Int64),
        other=_read_integer,
    ),
    "decimal": Parser(
        dtype=_TEXT, is_plain=_matching(r"^(0|[1-9][0-9]{0,14})(\.[0-9]{0,5}[1-9])?$"), other=_read_decimal_text
    ),
    "date": Parser(
        dtype=pl.Date(),
        is_plain=_matching(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
        convert=lambda text: text.str.to_date("%Y-%m-%d", strict=False),
        other=_read_date,
    ),
    "composition": Parser(dtype=_TEXT, is_plain=_matching(r"^[A-Za-z0-9=;.]+$"), other=_read_composition),
}
#: Free text: ASCII without surrounding space is trimmed and NFC as it stands.
FREE_TEXT = Parser(dtype=_TEXT, is_plain=_matching(r"^[!-~]([ -~]*[!-~])?$"), other=_kept)


def choice_parser(meant: Mapping[str, str]) -> Parser:
    """Reads a code by its value or by another word for it, such as the Chinese one; others are kept as filed."""
    values = tuple(sorted(set(meant.values())))
    return Parser(dtype=_TEXT, is_plain=_among(values), other=_read_meant({**meant, **{v: v for v in values}}))


def _parser(column: Column) -> Parser:
    if column.type == "country":
        codes = tuple(sorted(set(alpha2_by_code().values())))
        return Parser(dtype=_TEXT, is_plain=_among(codes), other=_read_country)
    if column.choices:
        return Parser(dtype=_TEXT, is_plain=_among(column.choices), other=_read_code(column.name))
    if column.name == "product":
        return Parser(dtype=_TEXT, is_plain=_matching(r"^[a-z-]+(:[!-~]+)?$"), other=_read_product)
    if column.name == "hs_code":
        return Parser(dtype=_TEXT, is_plain=_matching(r"^[0-9]+$"), other=_read_hs_code)
    if column.name == "currency":
        return Parser(dtype=_TEXT, is_plain=_matching(r"^[A-Z]{3}$"), other=_read_currency)
    return _BY_TYPE.get(column.type, FREE_TEXT)


#: Column as filed → parser; the three mass columns each in their unit.
PARSERS: dict[str, Parser] = {
    **{column.name: _parser(column) for column in COLUMNS},
    **{
        name: Parser(
            dtype=pl.Int64(),
            is_plain=_matching(_mass_pattern(unit)),
            convert=_scaled(_UNIT_DIGITS[unit][1]),
            other=_read_mass(unit),
        )
        for name, unit in MASS_COLUMNS.items()
    },
}
