"""Header names are matched without regard to case, space, underscore or brackets, in English or Chinese."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from lodeline.filing.names import filing_header_words, folded
from lodeline.filing.schema import COLUMNS, MASS_COLUMNS, MASS_COLUMNS_ZH
from lodeline.ledger.problem import Problem, Where, problem

#: In a table's frame an unknown column carries this mark, so that it cannot be taken for a known one.
UNKNOWN_MARK = "?"


def _canonical_by_folded() -> dict[str, str]:
    names = {name: column.name for column in COLUMNS for name in (column.name, column.name_zh)}
    names |= {name: name for name in MASS_COLUMNS}
    names |= {name_zh: name for name, name_zh in MASS_COLUMNS_ZH.items()}
    found = {folded(name): canonical for name, canonical in names.items()}
    assert len(found) == len({*map(folded, names)}), "two columns may not share a folded name"
    return {folded(word): canonical for word, canonical in filing_header_words().items()} | found


CANONICAL_BY_FOLDED: dict[str, str] = _canonical_by_folded()


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What a header names. `names[i]` is the frame's name of column i, or None for a column left out."""

    names: tuple[str | None, ...]
    problems: tuple[Problem, ...]


def match_header(header: tuple[str, ...], where: Where, values: Sequence[int] = ()) -> Match:
    """Canonical names of the header cells; unknown ones keep theirs, marked. `values`: filled cells by column."""
    names: list[str | None] = []
    problems: list[Problem] = []
    for place, raw in enumerate(header):
        name = unicodedata.normalize("NFC", raw.strip())
        if not name:
            names.append(None)
            if values and values[place]:
                problems.append(problem("column.unnamed", where, letter=column_letter(place)))
            continue
        names.append(CANONICAL_BY_FOLDED.get(folded(name), UNKNOWN_MARK + name))
    for name, count in Counter(filter(None, names)).items():
        plain = name.removeprefix(UNKNOWN_MARK)
        at = Where(file=where.file, sheet=where.sheet, row=1, column=plain)
        if count > 1:
            raws = ", ".join(raw.strip() for raw, other in zip(header, names, strict=True) if other == name)
            problems.append(problem("column.twice", at, column=plain, headers=raws))
            first = names.index(name)
            names = [other if other != name or place == first else None for place, other in enumerate(names)]
        if name.startswith(UNKNOWN_MARK):
            held = values[names.index(name)] if values else 0
            problems.append(problem("column.unknown", at, header=plain, count=held))
    units = [name for name in MASS_COLUMNS if name in names]
    if len(units) > 1:
        at = Where(file=where.file, sheet=where.sheet, row=1, column=units[0])
        problems.append(problem("mass.two-units", at, columns=", ".join(units)))
    return Match(names=tuple(names), problems=tuple(problems))


def column_letter(place: int) -> str:
    """The spreadsheet's letters of a column counted from 0: 0 → A, 27 → AB."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
