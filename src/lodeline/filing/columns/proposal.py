"""What the columns of a firm's own export seem to mean: a proposal that the firm looks at before it is used.

By our names, by names in use, by likeness, by what stands in the cells, in this order; what nothing tells is unknown.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, cast

from lodeline.filing.columns.guide import aliases, choice_words
from lodeline.filing.columns.header import CANONICAL_BY_FOLDED
from lodeline.filing.columns.profile import CHOICES, TYPES, UNITS, DateOrder, Decimals, Profile
from lodeline.filing.formats import Sheet
from lodeline.filing.names import folded
from lodeline.filing.schema import MASS_COLUMNS

#: `unit`: the column says in which unit each row's mass is; `kept`: a profile says so (None: it is left out).
How = Literal["kept", "exact", "alias", "similar", "values", "unit", "unknown"]

#: Distinct cells looked at, for each column, to see what it holds; and how many of them are shown.
_SAMPLE: Final = 200
_SHOWN: Final = 5
_ALIKE: Final = 0.86
#: So large a part of a column's cells must look like a date, a composition …
_MOSTLY: Final = 0.8
_UNIT_HEADERS = frozenset(map(folded, ("unit", "uom", "unit of measure", "单位", "计量单位", "基本单位")))
#: Weights that are no net mass.
_NOT_NET = re.compile("gross|tare|毛|皮重")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """What one own column seems to mean, and by what it was told; `samples` are the first texts in it."""

    own: str
    column: str | None
    how: How
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A guess for each named column of a file, in order, and the profile that they make together."""

    guesses: tuple[Guess, ...]
    profile: Profile


def propose(sheet: Sheet, kept: Profile | None = None) -> Proposal:
    """What the columns of a file seem to mean: by our names, by names in use, by likeness, by what stands in them.

    Of several columns that seem to mean one, the surer keeps it, then the first. What nothing tells stays unknown.
    `kept`: a profile of a file with nearly these columns; what it says stands, and only the others are guessed. Where
    one column of it is gone and one is new, the new one is taken for it.
    """
    named = [place for place, own in enumerate(sheet.header) if own.strip()]
    samples = {place: _samples(sheet, place) for place in named}
    if kept is not None and not any(folded(own) == folded(kept.unit_header or "") for own in sheet.header):
        kept = replace(kept, unit_header=None)
    units = _UNIT_HEADERS if kept is None or kept.unit_header is None else {folded(kept.unit_header)}
    unit = next((place for place in named if folded(sheet.header[place]) in units), None)
    by_row = unit is not None and any(folded(word) in UNITS for word in samples[unit])
    claims = _kept_claims(sheet, named, kept, unit if by_row else None)
    for step in (_exact, _alias, _similar):
        for place in named:
            column, how = step(sheet.header[place]), cast(How, step.__name__.removeprefix("_"))
            if place not in claims and column is not None and _is_free(column, claims):
                claims[place] = (column, how)
    for place in named:
        looked = _by_values(samples[place])
        if place not in claims and place != unit and looked is not None and _is_free(looked, claims):
            claims[place] = (looked, "values")
    if by_row:
        claims = {
            place: ("mass_kg" if column in MASS_COLUMNS else column, how) for place, (column, how) in claims.items()
        }
    guesses = tuple(
        Guess(
            own=sheet.header[place], column=claims[place][0] if place in claims else None,
            how=claims[place][1] if place in claims else "unit" if by_row and place == unit else "unknown",
            samples=samples[place][:_SHOWN],
        )
        for place in named
    )  # fmt: skip
    texts = {column: samples[place] for place, (column, _) in claims.items() if column is not None}
    words = {column: found for column in CHOICES if (found := _words(column, texts.get(column, ())))}
    profile = Profile(
        columns={guess.own: guess.column for guess in guesses if guess.column is not None or guess.how == "kept"},
        unit_header=sheet.header[unit] if by_row and unit is not None else None,
        date_order=_date_order(texts.get("on", ())),
        decimals=_decimals([text for column, found in texts.items() if _is_number(column) for text in found]),
        values=words,
    )
    if kept is not None:
        known = {column: {**words.get(column, {}), **own} for column, own in kept.values.items()}
        profile = replace(
            profile, date_order=kept.date_order, decimals=kept.decimals, values={**words, **known}
        )  # fmt: skip
    return Proposal(guesses=guesses, profile=profile)


def _kept_claims(
    sheet: Sheet, named: Sequence[int], kept: Profile | None, unit: int | None
) -> dict[int, tuple[str | None, How]]:
    """What a profile says of the columns that it names, and the one that stands in the place of one that is gone."""
    if kept is None:
        return {}
    targets = {folded(own): column for own, column in kept.columns.items()}
    claims: dict[int, tuple[str | None, How]] = {
        place: (targets[folded(sheet.header[place])], "kept")
        for place in named
        if folded(sheet.header[place]) in targets and place != unit
    }
    header = {folded(sheet.header[place]) for place in named}
    gone = [column for own, column in targets.items() if own not in header and column is not None]
    new = [place for place in named if place not in claims and place != unit]
    if len(gone) == 1 and len(new) == 1 and _exact(sheet.header[new[0]]) is None:
        claims[new[0]] = (gone[0], "similar")
    return claims


def _samples(sheet: Sheet, place: int) -> tuple[str, ...]:
    texts = sheet.cells[str(place)].drop_nulls().str.strip_chars()
    return tuple(texts.filter(texts != "").unique(maintain_order=True).head(_SAMPLE))


def _is_free(column: str, claims: Mapping[int, tuple[str | None, How]]) -> bool:
    taken = {name for name, _ in claims.values()}
    return not taken & set(MASS_COLUMNS) if column in MASS_COLUMNS else column not in taken


def _is_number(column: str) -> bool:
    return TYPES[column] in ("mass", "percent", "decimal")


def _exact(own: str) -> str | None:
    return CANONICAL_BY_FOLDED.get(folded(own))


def _alias(own: str) -> str | None:
    """By a name in use; a unit behind the name of a mass chooses the column."""
    if found := aliases().get(folded(own)):
        return found
    text = unicodedata.normalize("NFKC", own).casefold().strip()
    match = re.fullmatch(r"(.+?)[\s_/]*[(\[/_ ]\s*([a-z\u4e00-\u9fff]+)\s*[)\]]?|(.+?)(千克|公斤|吨|克)", text)
    if match is None:
        return None
    base, unit = match[1] or match[3], match[2] or match[4]
    base_column = CANONICAL_BY_FOLDED.get(folded(base)) or aliases().get(folded(base))
    return UNITS.get(folded(unit)) if base_column == "mass_kg" else None


def _similar(own: str) -> str | None:
    name = folded(own)
    if _NOT_NET.search(name):
        return None
    known = {**aliases(), **CANONICAL_BY_FOLDED}
    if not name.isascii():
        inside = [one for one in known if len(one) > 1 and not one.isascii() and one in name]
        # The longest name inside says most; of equals the last, which in Chinese carries the meaning.
        return known[max(inside, key=lambda one: (len(one), name.rfind(one)))] if inside else None
    alike = difflib.get_close_matches(name, [one for one in known if one.isascii()], n=1, cutoff=_ALIKE)
    return known[alike[0]] if alike else None


_PATTERNS: tuple[tuple[str, str], ...] = (
    ("composition", r"^\s*([A-Z][a-z]?|TREO)\s*=\s*[0-9].*"),
    ("on", r"^(20[0-9]{2}[-/.年][0-9]{1,2}[-/.月][0-9]{1,2}日?|[0-9]{1,2}[./-][0-9]{1,2}[./-]20[0-9]{2})([ T].*)?$"),
    ("control_item", r"^[0-9][A-E][0-9]{3}(\..*)?$"),
    ("currency", r"^(CNY|USD|EUR|JPY|KRW|GBP)$"),
    ("hs_code", r"^(2530|2612|2805|2846|7202|8505|8486|3824|8503)[0-9. ]{2,}$"),
)


def _by_values(samples: Sequence[str]) -> str | None:
    if not samples:
        return None
    for column, pattern in _PATTERNS:
        if sum(bool(re.match(pattern, text)) for text in samples) >= _MOSTLY * len(samples):
            return column
    for column, choices in CHOICES.items():
        words = choice_words(column)
        if sum(text.lower() in choices or folded(text) in words for text in samples) >= _MOSTLY * len(samples):
            return column
    return None


def _date_order(samples: Sequence[str]) -> DateOrder:
    """Day first or month first, where a number above 12 tells; year first needs no telling."""
    found = [match for text in samples if (match := re.match(r"([0-9]{1,2})[./-]([0-9]{1,2})[./-][0-9]{2,4}", text))]
    day_first = any(int(match[1]) > 12 for match in found)
    month_first = any(int(match[2]) > 12 for match in found)
    if day_first == month_first:
        return "ymd"
    return "dmy" if day_first else "mdy"


def _decimals(samples: Sequence[str]) -> Decimals:
    comma = any(re.search(r",([0-9]{1,2}|[0-9]{4,})$|\.[0-9]{3},", text) for text in samples)
    point = any(re.search(r"\.([0-9]{1,2}|[0-9]{4,})$|,[0-9]{3}[.,]", text) for text in samples)
    grouped = any(re.search(r"[0-9],[0-9]{3}", text) for text in samples)
    if comma and not point:
        return "comma"
    return "point" if point and grouped and not comma else "as-filed"


def _words(column: str, samples: Sequence[str]) -> dict[str, str]:
    """Own word → code, for the words in a column of codes that are none of its codes."""
    known = choice_words(column)
    return {
        text: known[folded(text)] for text in samples if text.lower() not in CHOICES[column] and folded(text) in known
    }
