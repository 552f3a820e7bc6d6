"""A composition is mass fractions by element, in parts per billion of dry mass, in one canonical text.

An element that is not listed is *not stated*; it is never taken to be zero here.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from lodeline.material.element import ELEMENT_PER_OXIDE_PPB, OXIDE_PER_ELEMENT_PPB, RARE_EARTHS, SYMBOLS, TREO
from lodeline.material.mass import PPB_PER_PERCENT, scale_ppb

BASES = ("element", "oxide", "reo-share")
_ORDER = {symbol: place for place, symbol in enumerate(SYMBOLS)}
_SYMBOL_BY_FOLDED = {symbol.casefold(): symbol for symbol in SYMBOLS}


class CompositionError(ValueError):
    """A composition that cannot be understood; `code` is the dotted problem code."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text!r}")
        self.code = code
        self.text = text


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


def parse_composition(text: str, basis: str = "element") -> dict[str, int]:
    """Element ppb of dry mass from `Nd=24.1;Pr=6.02` in % on `basis` (`element`, `oxide`, `reo-share`).

    On the oxide bases a rare earth is stated as its usual oxide; boron, iron and cobalt always as the
    element; `TREO` is kept as stated. Raises CompositionError with a problem code.
    """
    stated: dict[str, int] = {}
    for part in filter(None, (piece.strip() for piece in text.replace("；", ";").split(";"))):
        name, equals, share = part.partition("=")
        symbol = _SYMBOL_BY_FOLDED.get(name.strip().casefold())
        if not equals:
            raise CompositionError("composition.malformed", part)
        if symbol is None:
            raise CompositionError("composition.unknown-element", part)
        if symbol in stated:
            raise CompositionError("composition.element-twice", part)
        stated[symbol] = percent_to_ppb(share.strip())
    return to_element_basis(stated, basis)


def to_element_basis(stated_ppb: Mapping[str, int], basis: str) -> dict[str, int]:
    """The same composition with every rare earth as the element; shapes and units as `parse_composition`."""
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
    """Canonical text: `Nd=241000000;TREO=300000000`, ppb, in the order of `SYMBOLS`."""
    return ";".join(f"{symbol}={composition_ppb[symbol]}" for symbol in sorted(composition_ppb, key=_ORDER.__getitem__))


def read_canonical(text: str) -> dict[str, int]:
    """The inverse of `format_composition`."""
    return {name: int(share) for name, _, share in (part.partition("=") for part in text.split(";") if part)}


@lru_cache(maxsize=65_536)
def balance_shares(text: str) -> tuple[tuple[str, int], ...]:
    """(symbol, ppb) of a canonical composition as balances count it: with TREO, stated or computed."""
    composition = read_canonical(text)
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
