"""Numbers as a reader expects them: groups of three between thin spaces, a real minus, the unit once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from lodeline.material.mass import UNITS_MG

THIN_SPACE: Final = "\u202f"
NO_BREAK_SPACE: Final = "\u00a0"
MINUS: Final = "\u2212"

#: A range narrower than this part of its ends is one value, and what is smaller than this is none.
_SAME: Final = 1e-9
_NONE: Final = 1e-99


def grouped(value: float, decimals: int = 0, *, signed: bool = False) -> str:
    """1234.5 → "1 234" (half to even), -3.2 → "−3.2"; `signed` writes the plus too. What rounds to 0 has no sign."""
    assert math.isfinite(value), "only a finite number is written"
    digits = f"{abs(value):,.{decimals}f}".replace(",", THIN_SPACE)
    if not any(digit in digits for digit in "123456789"):
        return digits
    return (MINUS if value < 0 else "+" if signed else "") + digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """The unit of mass of a whole drawing: its word in the reader's language, its milligrams, the decimals shown."""

    word: str
    mg: int
    decimals: int

    def bare(self, mass_mg: float, *, signed: bool = False) -> str:
        """The number alone, for marks of a drawing that names its unit elsewhere."""
        return grouped(mass_mg / self.mg, self.decimals, signed=signed)

    def full(self, mass_mg: float, *, signed: bool = False) -> str:
        """Number and unit: "1 012 t", "1 012吨"."""
        return f"{self.bare(mass_mg, signed=signed)}{NO_BREAK_SPACE if self.word.isascii() else ''}{self.word}"

    def uncertain(self, mass_mg: float, sigma_mg: float | None) -> str:
        """ "31 ± 9"; without an uncertainty the number alone."""
        if sigma_mg is None:
            return self.bare(mass_mg)
        return f"{self.bare(mass_mg)}{NO_BREAK_SPACE}±{NO_BREAK_SPACE}{self.bare(sigma_mg)}"


def mass_unit(largest_mg: float, *, tonne: str = "t", kilogram: str = "kg", gram: str = "g") -> Unit:
    """The unit in which the largest mass of a drawing reads best, with three figures of it at least."""
    words = {"t": tonne, "kg": kilogram, "g": gram}
    name = next((name for name in ("t", "kg") if abs(largest_mg) >= UNITS_MG[name]), "g")
    shown = abs(largest_mg) / UNITS_MG[name]
    decimals = 0 if shown >= 100 else 1 if shown >= 10 else 2
    return Unit(word=words[name], mg=UNITS_MG[name], decimals=decimals)


def nice_ticks(low: float, high: float, *, count: int = 5) -> tuple[float, ...]:
    """Round numbers from at or below `low` to at or above `high`, about `count` of them and never fewer than two.

    The step is 1, 2 or 5 times a power of ten.
    """
    assert math.isfinite(low) and math.isfinite(high) and low <= high and count >= 2, "a finite range"
    largest = max(abs(low), abs(high))
    if largest < _NONE:
        low, high = -1.0, 1.0
    elif high - low <= largest * _SAME:
        low, high = low - largest / 2, high + largest / 2
    rough = (high - low) / (count - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return tuple(index * step for index in range(first, last + 1))


def tick_decimals(ticks: tuple[float, ...]) -> int:
    """Decimals that tell neighbouring ticks apart."""
    step = ticks[1] - ticks[0]
    return max(0, -math.floor(math.log10(step) + 1e-9))
