"""Final customers' plants, what is delivered to them, who else supplies them, and who passes goods on to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from lodeline.strategy.figure import Basis

#: Share of its output below which a plant stands still, where no table says (docs: strategy tables).
STOP_BELOW: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What goes to a final customer: kg a day of a class from one site, on average."""

    site: str
    goods: str
    user: str
    country: str
    rate: float


@dataclass(slots=True, kw_only=True)
class Plant:
    """A plant with what it uses: class → kg a day."""

    id: str
    organisation: str
    country: str
    stop_below: float = STOP_BELOW
    loss_per_day: float = float("nan")
    currency: str = ""
    needs: dict[str, float] = field(default_factory=dict)
    groups: dict[str, int] = field(default_factory=dict)
    apart: set[str] = field(default_factory=set)
    stock_days: dict[str, tuple[float, Basis]] = field(default_factory=dict)
    transit: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """What a plant buys, or may buy, of a supplier of whom no row of the ledger tells, or of a forwarder; `rate` 0: it
    stands by. transit: days under way, None where nobody told."""

    plant: str
    goods: str
    supplier: str
    rate: float
    most: float
    qualified_from: int
    transit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarder:
    """A buyer who passes goods of a class on to plants that are not its own: where its goods lie meanwhile.

    transit: days under way to it, as its own plants state them; None where none does. rate: kg a day.
    """

    id: str
    organisation: str
    country: str
    goods: str
    rate: float
    transit: int | None
