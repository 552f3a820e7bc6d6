"""An import profile: what a firm's own columns mean, kept once so that its export is read as it comes.

A profile renames, leaves out and rewrites; it never judges. What it does not know keeps its name and its text, and the
check names it. A number or day that could be read in two ways is left as it stands.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, cast

import polars as pl

from lodeline import language as lang
from lodeline.errors import UserError
from lodeline.filing.columns.header import CANONICAL_BY_FOLDED
from lodeline.filing.formats import Sheet
from lodeline.filing.names import folded
from lodeline.filing.schema import COLUMNS, MASS_COLUMNS
from lodeline.filing.written import kg_text
from lodeline.language import Text
from lodeline.ledger.problem import Problem

DateOrder = Literal["ymd", "dmy", "mdy"]
Decimals = Literal["as-filed", "point", "comma"]

#: What a profile may hold; a firm has tens of columns and of words, not thousands.
BYTES_LIMIT: Final = 65_536
COLUMNS_LIMIT: Final = 400
WORDS_LIMIT: Final = 1_000
_NAME_CHARACTERS: Final = 200

#: Column of the format, the three of mass among them → its type.
TYPES = {column.name: column.type for column in COLUMNS} | dict.fromkeys(MASS_COLUMNS, "mass")
#: Column of codes → its codes.
CHOICES = {column.name: column.choices for column in COLUMNS if column.choices}
#: Word of a unit, folded → the column of that unit.
UNITS = {
    **dict.fromkeys(("kg", "kgs", "千克", "公斤", "kilogram"), "mass_kg"),
    **dict.fromkeys(("t", "mt", "ton", "tons", "tonne", "tonnes", "吨"), "mass_t"),
    **dict.fromkeys(("g", "克", "gram"), "mass_g"),
}
_FAULTS_OF_A_CELL = frozenset({"cell.formula", "cell.error", "cell.too-long", "cell.not-scalar", "cell.not-text"})


class ProfileError(UserError):
    """A profile that cannot be used; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How one firm's export is read.

    `columns`: own header → column of the format, None to leave it out; headers are compared folded, and what is not
    listed is matched as always. `mass_t` and `mass_g` say the unit of mass, unless `unit_header` names an own column
    with the unit of each row: then the mass goes to `mass_kg`. `values`: column of codes → own word → code.
    """

    columns: Mapping[str, str | None] = field(default_factory=dict)
    unit_header: str | None = None
    date_order: DateOrder = "ymd"
    decimals: Decimals = "as-filed"
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain values, for `from_json`."""
        return {
            "columns": dict(self.columns),
            "unit_header": self.unit_header,
            "date_order": self.date_order,
            "decimals": self.decimals,
            "values": {column: dict(words) for column, words in self.values.items()},
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Profile:
        """The inverse of `as_json`, for anything a person may send. Raises ProfileError."""
        if not isinstance(stored, Mapping) or len(json.dumps(stored, ensure_ascii=False).encode()) > BYTES_LIMIT:
            raise _unusable(lang.text("it is no profile, or larger than 64 kB"))
        columns, values = stored.get("columns", {}), stored.get("values", {})
        if not _is_words(columns, COLUMNS_LIMIT, optional=True):
            raise _unusable(lang.text("its columns are no list of names"))
        unknown = sorted(name for name in set(columns.values()) - {None} if name not in TYPES)
        if unknown:
            raise _unusable(lang.text("the format has no column {unknown!r}", unknown=unknown[0]))
        for target in set(columns.values()) - {None}:
            doubled = [own for own, name in columns.items() if name == target]
            if len(doubled) > 1:
                names = ", ".join(doubled[:3])
                raise _unusable(
                    lang.text("more than one column is read as {target}: {names}", target=target, names=names)
                )
        if not isinstance(values, Mapping) or not all(
            column in CHOICES and _is_words(words, WORDS_LIMIT) and set(words.values()) <= set(CHOICES[column])
            for column, words in values.items()
        ):
            raise _unusable(lang.text("its words do not stand for codes of the format"))
        unit, order, decimals = stored.get("unit_header"), stored.get("date_order"), stored.get("decimals")
        if not (unit is None or (isinstance(unit, str) and len(unit) <= _NAME_CHARACTERS)):
            raise _unusable(lang.text("the unit's column is no name"))
        if order not in ("ymd", "dmy", "mdy") or decimals not in ("as-filed", "point", "comma"):
            raise _unusable(lang.text("it names no order of dates or decimals"))
        return cls(
            columns=dict(columns), unit_header=unit, date_order=cast(DateOrder, order),
            decimals=cast(Decimals, decimals), values={column: dict(words) for column, words in values.items()},
        )  # fmt: skip


def _unusable(words: Text) -> ProfileError:
    return ProfileError(lang.text("the import profile cannot be used: {words}", words=words))


def _is_words(found: object, limit: int, *, optional: bool = False) -> bool:
    return (
        isinstance(found, Mapping)
        and len(found) <= limit
        and all(
            isinstance(one, str) and len(one) <= _NAME_CHARACTERS
            for pair in found.items()
            for one in pair
            if not (optional and one is None)
        )
    )


def with_profile(sheet: Sheet, profile: Profile) -> Sheet:
    """The sheet as the profile reads it: columns of the format, plain numbers, ISO days, codes.

    Rows and their numbers stay. A column that is left out takes the faults of its cells with it.
    """
    if not sheet.readable:
        return sheet
    targets = {folded(own): name for own, name in profile.columns.items()}
    named = [targets.get(folded(own), own) for own in sheet.header]
    unit = None if profile.unit_header is None else folded(profile.unit_header)
    kept = [place for place, name in enumerate(named) if name is not None and folded(sheet.header[place]) != unit]
    units = next((sheet.cells[str(place)] for place, own in enumerate(sheet.header) if folded(own) == unit), None)
    header = tuple(str(named[place]) for place in kept)
    cells = [
        sheet.cells.select(_rewritten(pl.col(str(old)), name, profile, sheet).alias(str(new))).to_series()
        for new, (old, name) in enumerate(zip(kept, header, strict=True))
    ]
    if units is not None:
        cells = [
            _in_kg(column, units) if CANONICAL_BY_FOLDED.get(folded(name)) == "mass_kg" else column
            for column, name in zip(cells, header, strict=True)
        ]
    return replace(sheet, header=header, cells=pl.DataFrame(cells), problems=_renamed(sheet.problems, targets, unit))


def _renamed(problems: Sequence[Problem], targets: Mapping[str, str | None], unit: str | None) -> tuple[Problem, ...]:
    found = []
    for one in problems:
        own = None if one.where.column is None else folded(one.where.column)
        if own is not None and (own in targets or own == unit):
            name = targets.get(own)
            if name is not None:
                found.append(replace(one, where=replace(one.where, column=name)))
            elif own == unit or one.code not in _FAULTS_OF_A_CELL:
                found.append(one)
        else:
            found.append(one)
    return tuple(found)


def _rewritten(text: pl.Expr, name: str, profile: Profile, sheet: Sheet) -> pl.Expr:
    column = CANONICAL_BY_FOLDED.get(folded(name))
    if column is None:
        return text
    kind = TYPES[column]
    if words := {own.strip(): code for own, code in profile.values.get(column, {}).items()}:
        word = text.str.strip_chars()
        text = pl.when(word.is_in(list(words))).then(word.replace(words)).otherwise(text)
    if kind == "date" and profile.date_order != "ymd":
        return _iso_day(text, profile.date_order)
    if kind in ("mass", "percent", "integer", "decimal") and profile.decimals != "as-filed":
        # A workbook's numbers come with a point, however the spreadsheet shows them.
        return _with_point(text, profile.decimals, numbers_have_point=sheet.name is not None)
    if kind == "composition" and profile.decimals == "comma":
        return text.str.replace_all(r"([0-9]),([0-9])", "${1}.${2}")
    return text


def _iso_day(text: pl.Expr, order: DateOrder) -> pl.Expr:
    """`5.6.2025` as the 5th of June, or of May; two digits of a year are of this century."""
    parts = text.str.extract_groups(r"^\s*([0-9]{1,2})[./-]([0-9]{1,2})[./-](?:20)?([0-9]{2})(?:[ T].*)?$").struct
    day, month = (parts[0], parts[1]) if order == "dmy" else (parts[1], parts[0])
    iso = pl.concat_str(pl.lit("20"), parts[2], pl.lit("-"), month.str.zfill(2), pl.lit("-"), day.str.zfill(2))
    return pl.coalesce(iso, text)


_COMMA_PLAIN = r"^\s*[+-]?[0-9]*,[0-9]+\s*$"
_COMMA_GROUPED = r"^\s*[+-]?[0-9]{1,3}([.'\u00a0\u202f ][0-9]{3})+(,[0-9]+)?\s*$"
_ONE_GROUP = r"^\s*[+-]?[0-9]{1,3}\.[0-9]{3}\s*$"
_POINT_GROUPED = r"^\s*[+-]?[0-9]{1,3}([,'\u00a0\u202f ][0-9]{3})+(\.[0-9]+)?\s*$"


def _with_point(text: pl.Expr, decimals: Decimals, *, numbers_have_point: bool) -> pl.Expr:
    if decimals == "point":
        bare = text.str.replace_all(r"[,'\s\u00a0\u202f]", "")
        return pl.when(text.str.contains(_POINT_GROUPED)).then(bare).otherwise(text)
    with_point = text.str.replace_all(r"[.'\s\u00a0\u202f]", "").str.replace(",", ".", literal=True)
    is_comma = text.str.contains(_COMMA_PLAIN) | text.str.contains(_COMMA_GROUPED)
    one_group = text.str.contains(_ONE_GROUP)
    if numbers_have_point:
        return pl.when(is_comma & ~one_group).then(with_point).otherwise(text)
    # `1.250` is a thousand where the comma is the decimal mark, and one and a quarter to a program: it is asked about.
    asked = text.str.replace(".", ",", literal=True)
    return pl.when(one_group).then(asked).when(is_comma).then(with_point).otherwise(text)


def _in_kg(masses: pl.Series, units: pl.Series) -> pl.Series:
    """Masses as text in kg, by the unit of each row; a mass of another unit is left unreadable, with its unit."""
    words = units.drop_nulls().unique().to_list()
    column = {word: UNITS.get(folded(word), "") for word in words}
    text, unit = pl.col("text").str.strip_chars(), pl.col("unit")
    by_column = unit.replace_strict(column, default="", return_dtype=pl.String())
    tonnes = (by_column == "mass_t") & text.str.contains(r"^-?[0-9]{1,6}(\.[0-9]{1,9})?$")
    grams = (by_column == "mass_g") & text.str.contains(r"^-?[0-9]{1,12}(\.[0-9]{1,3})?$")

    def mg(applies: pl.Expr, decimals: int) -> pl.Expr:
        return pl.when(applies).then(text).str.to_decimal(scale=decimals).to_physical().cast(pl.Int64)

    converted = (
        pl.when(tonnes)
        .then(kg_text(mg(tonnes, 9)))
        .when(grams)
        .then(kg_text(mg(grams, 3)))
        .when((by_column == "mass_kg") | text.is_null())
        .then("text")
        .otherwise(pl.concat_str(text, pl.lit(" "), unit.fill_null("?")))
    )
    frame = pl.DataFrame({"text": masses, "unit": units})
    return frame.select(converted.alias(masses.name)).to_series()
