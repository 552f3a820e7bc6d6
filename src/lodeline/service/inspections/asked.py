"""Goals and probabilities as people write them: `Dy=10kg`, `gross=90%`."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

from lodeline.language import text
from lodeline.material.element import SYMBOLS
from lodeline.material.mass import UNITS_MG, parse_mass
from lodeline.service.inspections.planning import PlanError

_FOLDED = {symbol.casefold(): symbol for symbol in SYMBOLS}


def goals_of(parts: Iterable[str]) -> dict[str, int]:
    """Symbol → mg of `Dy=10kg`, `Nd = 0.2 t`, `Tb=500` (kg). Raises PlanError, naming the part."""
    goals: dict[str, int] = {}
    for part in parts:
        name, _, amount = part.strip().partition("=")
        symbol = _FOLDED.get(name.strip().casefold())
        mass_mg = _mass(amount.strip())
        if symbol is None or mass_mg is None:
            raise PlanError(
                text(
                    "{strip!r} is no goal: write an element and a mass above nothing, as Dy=10kg.",
                    strip=part.strip()[:40],
                )
            )
        if symbol in goals:
            raise PlanError(text("{symbol} has two goals: leave one out.", symbol=symbol))
        goals[symbol] = mass_mg
    return goals


def detect_of(parts: Iterable[str]) -> dict[str, float]:
    """Kind → probability of `gross=0.9`, `bias=50%`. Raises PlanError."""
    wanted: dict[str, float] = {}
    for part in parts:
        kind, _, amount = part.strip().partition("=")
        try:
            number = Decimal(amount.strip().removesuffix("%"))
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite():
            raise PlanError(text("{strip!r} is no wanted probability: write gross=90%.", strip=part.strip()[:40]))
        wanted[kind.strip()] = float(number / 100 if amount.strip().endswith("%") else number)
    return wanted


def _mass(text: str) -> int | None:
    """None for what is no mass above nothing."""
    unit = next((one for one in sorted(UNITS_MG, key=len, reverse=True) if text.endswith(one)), "")
    try:
        mass_mg = parse_mass(text.removesuffix(unit), unit or "kg")
    except ValueError:
        return None
    return mass_mg if mass_mg > 0 else None
