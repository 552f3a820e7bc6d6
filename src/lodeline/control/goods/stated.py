"""A composition as a declaration states it: never guessed, never rounded, and never taken for more than it says.

Beside the elements of the ledger a customs declaration lists aluminium, copper and others; they count in the sum.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from functools import lru_cache

from lodeline.filing.assay import SUM_LIMIT_PPB
from lodeline.material.composition import CompositionError, percent_to_ppb, to_element_basis
from lodeline.material.element import ELEMENTS, RARE_EARTHS, SYMBOLS, TREO
from lodeline.tables import table_rows

_PART = re.compile(r"([A-Za-z0-9]{1,7}|[\u3400-\u9fff])\s*[=:]\s*(.*?)\s*%?")
_SEPARATORS = re.compile(r"[;、\n]+")


#: The formula of an oxide: Al2O3, SiO2, SrO, and of a rare earth one that is not the oxide of trade, as Tb2O3.
_OXIDE = re.compile(r"([A-Z][a-z]?)([2-9]?)O([2-9]?|1[0-9])")


def _weights() -> dict[str, Fraction]:
    """Symbol → standard atomic weight."""
    found = {row["symbol"]: Fraction(row["atomic_weight"]) for row in table_rows("reference/additional_elements.csv")}
    known = {symbol: one.atomic_weight for symbol, one in ELEMENTS.items()}
    return found | {symbol: Fraction(weight) for symbol, weight in known.items() if weight is not None}


def _names() -> dict[str, tuple[str, bool]]:
    """Folded symbol, Chinese name or oxide formula → (symbol, whether it is the oxide)."""
    found = {SYMBOLS[-1].casefold(): (TREO, False)}
    for row in table_rows("reference/additional_elements.csv"):
        found |= {row["symbol"].casefold(): (row["symbol"], False), row["name_zh"]: (row["symbol"], False)}
    for symbol, element in ELEMENTS.items():
        found |= {symbol.casefold(): (symbol, False), element.name_zh: (symbol, False)}
        if element.rare_earth and element.oxide:
            found[element.oxide.casefold()] = (symbol, True)
    return found


_SYMBOL_BY_NAME = _names()
_WEIGHTS = _weights()
_RARE_EARTHS = frozenset(RARE_EARTHS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """Element → ppb of mass, every rare earth as the element; `sum_ppb` of what was stated, without TREO.

    `as_filed`: the shares as they were written, before oxides became elements.
    """

    shares: dict[str, int]
    as_filed: dict[str, int]
    sum_ppb: int

    @property
    def rare_earth_ppb(self) -> int:
        return sum(share for symbol, share in self.shares.items() if symbol in _RARE_EARTHS)


@lru_cache(maxsize=65_536)
def read_stated(text: str, basis: str = "element") -> Stated:
    """The composition of `Nd=24.1;Dy2O3=1.5` or `钕=24.1；镝=1.5`, in % on `basis` as in `material.composition`.

    A share written for an oxide's formula is that oxide's, of the goods or, as `reo-share`, of all oxides. Raises
    CompositionError with a problem code of the vocabulary; `composition.over-100` where the shares exceed 100.5 %.
    """
    filed: dict[str, int] = {}
    oxides: dict[str, int] = {}
    others: dict[str, int] = {}
    parts = [part.strip() for part in _SEPARATORS.split(unicodedata.normalize("NFKC", text)) if part.strip()]
    for part in parts:
        symbol, is_oxide, share, held = _read_part(part)
        if symbol in filed or symbol in oxides:
            raise CompositionError("composition.element-twice", part)
        (oxides if is_oxide else filed)[symbol] = share
        if held is not None:
            others[symbol] = held
    if not parts:
        raise CompositionError("composition.malformed", text)
    if basis == "reo-share":
        filed, oxides = {**filed, **oxides}, {}
    known = {symbol: share for symbol, share in filed.items() if symbol in SYMBOLS and symbol not in others}
    others = {symbol: others.get(symbol, share) for symbol, share in filed.items() if symbol not in known}
    shares = {**to_element_basis(known, basis), **to_element_basis(oxides, "oxide"), **others}
    as_filed = {**filed, **oxides}
    # Shares of TREO are parts of the TREO; the sum that must stay below 100 % is then the sum of the elements.
    counted = shares if basis == "reo-share" else as_filed
    total = sum(share for symbol, share in counted.items() if symbol != TREO)
    if max(total, shares.get(TREO, 0)) > SUM_LIMIT_PPB:
        raise CompositionError("composition.over-100", text)
    return Stated(shares=shares, as_filed=as_filed, sum_ppb=total)


@lru_cache(maxsize=1_024)
def is_other_matter(part: str) -> bool:
    """Whether a share is of what is surely no rare earth: a compound such as NaF, or a word such as epoxy.

    A word that is nearly the name of a rare earth may be one that is misspelt.
    """
    name = re.split(r"[=:]", part, maxsplit=1)[0].strip()
    symbols = re.findall(r"[A-Z][a-z]?", name)
    if re.fullmatch(r"(?:[A-Z][a-z]?[0-9]{0,2}){2,}", name) and all(one in _WEIGHTS for one in symbols):
        return _RARE_EARTHS.isdisjoint(symbols)
    if not re.fullmatch(r"[A-Za-z][A-Za-z -]{2,30}|[\u3400-\u9fff]{2,10}", name):
        return False
    called = [*(ELEMENTS[one].name_en.casefold() for one in RARE_EARTHS), "treo", "didymium", "mischmetal"]
    is_near = bool(get_close_matches(name.casefold(), called, cutoff=0.6))
    return not is_near and not any(ELEMENTS[one].name_zh in name for one in RARE_EARTHS) and "稀土" not in name


#: What a laboratory writes of an element that it looked for and did not find.
_NOT_FOUND = frozenset({"nd", "n.d.", "n/d", "not detected", "未检出"})


def _share(text: str) -> int:
    """A share; below the limit of a method, as <0.01, it is that limit, and what was not found is none."""
    return 0 if text.casefold() in _NOT_FOUND else percent_to_ppb(text.lstrip("<≤ "))


def _read_part(part: str) -> tuple[str, bool, int, int | None]:
    """Symbol, whether the share is of its oxide of trade, the share as written, and what of it is the element where it
    is written for another oxide.
    """
    match = _PART.fullmatch(part)
    if match is None:
        raise CompositionError("composition.malformed", part)
    found, share = _SYMBOL_BY_NAME.get(match[1].casefold()), _share(match[2])
    if found is not None:
        return *found, share, None
    oxide = _OXIDE.fullmatch(match[1])
    if oxide is None or oxide[1] not in _WEIGHTS or oxide[1] == "O":
        raise CompositionError("composition.unknown-element", part)
    metal, oxygen = int(oxide[2] or 1) * _WEIGHTS[oxide[1]], int(oxide[3] or 1) * _WEIGHTS["O"]
    return oxide[1], False, share, int(share * metal / (metal + oxygen))
