"""A composition is mass fractions by element, in parts per billion of dry mass, in one canonical text.

Filings, registers, laboratories and customs declarations are read here alike. A composition may name every element;
the ledger follows those of `SYMBOLS` and keeps the others as stated. An element that is not listed is *not stated*;
it is never taken to be zero here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from lodeline.material.element import (
    ATOMIC_WEIGHTS,
    CHEMICAL_NAMES,
    ELEMENT_PER_OXIDE_PPB,
    ELEMENTS,
    OXIDE_PER_ELEMENT_PPB,
    RARE_EARTHS,
    STATED_SYMBOLS,
    SYMBOLS,
    TREO,
)
from lodeline.material.mass import PPB_PER_PERCENT, scale_ppb

BASES = ("element", "oxide", "reo-share")
_ORDER = {symbol: place for place, symbol in enumerate(STATED_SYMBOLS)}
#: Sums of shares above this are refused, those between 100 % and this are flagged (docs/reference/filing-format.md).
SUM_LIMIT_PPB = 1_005_000_000
_PART = re.compile(r"([^=:]+?)\s*[=:]\s*(.*?)\s*%?")
_SEPARATORS = re.compile(r"[;、\n]+")
#: The formula of an oxide: Al2O3, SiO2, SrO, and of a rare earth one that is not the oxide of trade, as Tb2O3.
_OXIDE = re.compile(r"([A-Z][a-z]?)([2-9]?)O([2-9]?|1[0-9])")
#: What a laboratory writes of an element that it looked for and did not find.
_NOT_FOUND = frozenset({"nd", "n.d.", "n/d", "not detected", "未检出"})


def _names() -> dict[str, tuple[str, bool]]:
    """Folded symbol, Chinese name or oxide formula → (symbol, whether it is the oxide)."""
    found = {TREO.casefold(): (TREO, False)}
    for symbol, (_, name_zh) in CHEMICAL_NAMES.items():
        found |= {symbol.casefold(): (symbol, False), name_zh: (symbol, False)}
    usual = {one.oxide: symbol for symbol, one in ELEMENTS.items() if one.rare_earth and one.oxide}
    return found | {oxide.casefold(): (symbol, True) for oxide, symbol in usual.items()}


_SYMBOL_BY_NAME = _names()


class CompositionError(ValueError):
    """A composition that cannot be understood; `code` is the dotted problem code, `sum_ppb` a sum above 100.5 %."""

    def __init__(self, code: str, text: str, sum_ppb: int = 0) -> None:
        super().__init__(f"{code}: {text!r}")
        self.code = code
        self.text = text
        self.sum_ppb = sum_ppb


def percent_to_ppb(text: str) -> int:
    """Parts per billion of a percentage text, rounded half to even at the seventh decimal.

    Raises CompositionError `composition.not-a-share` unless it is a decimal from 0 to 100.5.
    """
    try:
        percent = Decimal(text)
    except InvalidOperation:
        raise CompositionError("composition.not-a-share", text) from None
    if not percent.is_finite() or not 0 <= percent <= Decimal("100.5"):
        raise CompositionError("composition.not-a-share", text)
    return round(percent * PPB_PER_PERCENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A composition as somebody wrote it. All shares are ppb of dry mass by symbol of `STATED_SYMBOLS`.

    `shares`: every element as the element; `as_filed`: as written, before oxides became elements; `sum_ppb`: what
    was written adds up to, without TREO; on `reo-share` the elements; `of_treo_ppb`: there, the sum of parts of TREO.
    """

    shares: dict[str, int]
    as_filed: dict[str, int]
    sum_ppb: int
    of_treo_ppb: int = 0

    @property
    def largest_sum_ppb(self) -> int:
        """The largest sum that must stay below 100 %."""
        return max(self.sum_ppb, self.of_treo_ppb, self.shares.get(TREO, 0))

    @property
    def rare_earth_ppb(self) -> int:
        return sum(share for symbol, share in self.shares.items() if symbol in RARE_EARTHS)


@lru_cache(maxsize=65_536)
def read_stated(text: str, basis: str = "element") -> Stated:
    """The composition of `Nd=24.1;Dy2O3=1.5` or `钕=24.1；镝=1.5`, in % on `basis` (`element`, `oxide`, `reo-share`).

    On the oxide bases a rare earth is stated as its usual oxide, every other element as the element. A share written
    for an oxide's formula is that oxide's on each basis; `TREO` is kept as stated. Raises CompositionError with a
    problem code; `composition.over-100` where what is written adds up to more than 100.5 %.
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
    as_filed = {**filed, **oxides}
    if basis == "reo-share":
        filed, oxides = as_filed, {}
        others = {
            symbol: scale_ppb(held, filed.get(TREO, 0)) if symbol in RARE_EARTHS else held
            for symbol, held in others.items()
        }
    known = {symbol: share for symbol, share in filed.items() if symbol in SYMBOLS and symbol not in others}
    others = {symbol: others.get(symbol, share) for symbol, share in filed.items() if symbol not in known}
    shares = {**to_element_basis(known, basis), **to_element_basis(oxides, "oxide"), **others}
    # Shares of TREO are parts of the TREO; the sum that must stay below 100 % is then the sum of the elements.
    counted = shares if basis == "reo-share" else as_filed
    of_treo = [as_filed.get(symbol, 0) for symbol in RARE_EARTHS] if basis == "reo-share" else []
    total = sum(share for symbol, share in counted.items() if symbol != TREO)
    found = Stated(shares=shares, as_filed=as_filed, sum_ppb=total, of_treo_ppb=sum(of_treo))
    if found.largest_sum_ppb > SUM_LIMIT_PPB:
        raise CompositionError("composition.over-100", text, found.largest_sum_ppb)
    return found


def _read_part(part: str) -> tuple[str, bool, int, int | None]:
    """Symbol, whether the share is of its oxide of trade, the share as written, and what of it is the element where it
    is written for another oxide.
    """
    match = _PART.fullmatch(part)
    if match is None:
        raise CompositionError("composition.malformed", part)
    found = _SYMBOL_BY_NAME.get(match[1].casefold())
    oxide = _OXIDE.fullmatch(match[1])
    if found is None and (oxide is None or oxide[1] not in ATOMIC_WEIGHTS or oxide[1] == "O"):
        raise CompositionError("composition.unknown-element", part)
    share = _share(match[2])
    if found is not None or oxide is None:
        return *(found or ("", False)), share, None
    metal, oxygen = int(oxide[2] or 1) * ATOMIC_WEIGHTS[oxide[1]], int(oxide[3] or 1) * ATOMIC_WEIGHTS["O"]
    return oxide[1], False, share, int(share * metal / (metal + oxygen))


def _share(text: str) -> int:
    """A share; below the limit of a method, as <0.01, it is that limit, and what was not found is none."""
    return 0 if text.casefold() in _NOT_FOUND else percent_to_ppb(text.lstrip("<≤ "))


def parse_composition(text: str, basis: str = "element") -> dict[str, int]:
    """The shares of `read_stated`: symbol → ppb of dry mass. Raises CompositionError with a problem code."""
    return read_stated(text, basis).shares


def to_element_basis(stated_ppb: Mapping[str, int], basis: str) -> dict[str, int]:
    """The same composition with every rare earth as the element, in ppb by symbol. Raises CompositionError."""
    if basis == "element":
        return dict(stated_ppb)
    if basis == "reo-share" and TREO not in stated_ppb:
        raise CompositionError("composition.treo-missing", format_composition(stated_ppb))
    treo = stated_ppb.get(TREO, 0)
    result: dict[str, int] = {}
    for symbol, share in stated_ppb.items():
        if symbol == "Pm":
            raise CompositionError("composition.no-oxide-factor", symbol)
        factor = ELEMENT_PER_OXIDE_PPB.get(symbol)
        if factor is None:
            result[symbol] = share
        else:
            of_dry_mass = scale_ppb(share, treo) if basis == "reo-share" else share
            result[symbol] = scale_ppb(of_dry_mass, factor)
    return result


def format_composition(composition_ppb: Mapping[str, int]) -> str:
    """Canonical text: `Nd=241000000;TREO=300000000`, ppb, in the order of `STATED_SYMBOLS`."""
    return ";".join(f"{symbol}={composition_ppb[symbol]}" for symbol in sorted(composition_ppb, key=_ORDER.__getitem__))


def read_canonical(text: str) -> dict[str, int]:
    """The inverse of `format_composition`."""
    return {name: int(share) for name, _, share in (part.partition("=") for part in text.split(";") if part)}


@lru_cache(maxsize=65_536)
def balance_shares(text: str) -> tuple[tuple[str, int], ...]:
    """(symbol, ppb) of a canonical composition as balances count it: what is followed, TREO stated or computed."""
    composition = {symbol: ppb for symbol, ppb in read_canonical(text).items() if symbol in SYMBOLS}
    return tuple({**composition, TREO: treo_ppb(composition)}.items())


@lru_cache(maxsize=65_536)
def serving_shares(maker: str, own: str) -> tuple[tuple[str, int], ...]:
    """`balance_shares` of a lot at a site that has assayed it: its own figures (`own`), the maker's where it has none.

    Both are canonical. An assay of fewer rare earths than the maker states says nothing of the total. The same of
    whole frames: `accountancy.frames.serving_shares`.
    """
    stated, mine = dict(balance_shares(maker)), dict(balance_shares(own))
    rare_earths = [sum(symbol in RARE_EARTHS for symbol in shares) for shares in (stated, mine)]
    if rare_earths[1] < rare_earths[0] and TREO not in read_canonical(own):
        del mine[TREO]
    return tuple({**stated, **mine}.items())


def treo_ppb(composition_ppb: Mapping[str, int]) -> int:
    """Total rare-earth oxide in ppb of dry mass: as stated, else computed from the elements.

    Promethium, which has no standard atomic weight, counts as zero.
    """
    if TREO in composition_ppb:
        return composition_ppb[TREO]
    return sum(
        scale_ppb(composition_ppb[symbol], factor)
        for symbol, factor in OXIDE_PER_ELEMENT_PPB.items()
        if symbol in composition_ppb
    )
