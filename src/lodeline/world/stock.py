"""Material as it is and as it stands in the filer's book, side by side.

True masses are kg of dry matter (float); the book is what was filed, in whole milligrams of net mass.
A lot that is drawn to its end is filed with exactly what the book still holds: firms draw the label.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lodeline.world.tables import Content

KG = 1_000_000  # milligrams
#: Moisture is filed in hundredths of a percent.
MOISTURE_UNIT = 10_000


@dataclass(slots=True, kw_only=True)
class Lot:
    """What was made in one event. `content` is true, `stated_ppb` and `text` are as the maker filed it."""

    maker: str
    number: str
    product: str
    content: Content
    moisture: float = 0.0
    stated_ppb: dict[str, int] = field(default_factory=dict)
    text: str = ""
    basis: str = ""
    model: str = ""
    piece_kg: float = 0.0
    mineral: bool = False

    @property
    def kind(self) -> str:
        return self.product.partition(":")[0]

    def pieces(self, net_mg: int) -> int:
        """How many magnets weigh so much."""
        return max(1, int(net_mg / KG / self.piece_kg + 0.5))


@dataclass(slots=True, kw_only=True)
class Holding:
    """A lot at one site. `unfiled` marks one whose arrival the ledger has not been told of."""

    lot: Lot
    true_kg: float
    net_mg: int
    moisture: int
    assay_ppb: dict[str, int]
    since: int
    unfiled: bool = False
    blocked_until: int = 0
    owner: str = ""

    @property
    def dry_mg(self) -> int:
        return self.net_mg * (MOISTURE_UNIT - self.moisture) // MOISTURE_UNIT


@dataclass(slots=True, kw_only=True)
class Draw:
    """A part of a holding that is taken: what it really weighs, and what is filed."""

    holding: Holding
    true_kg: float
    net_mg: int

    @property
    def dry_mg(self) -> int:
        return self.net_mg * (MOISTURE_UNIT - self.holding.moisture) // MOISTURE_UNIT


@dataclass(slots=True, kw_only=True)
class Consignment:
    """Goods under way between two firms."""

    lot: Lot
    true_kg: float
    shipper: str
    shipper_name: str
    event: str
    document: str
    document_kind: str
    arrives: int
    serial: int
    #: What the shipper's papers call the lot.
    label: str


class Store:
    """What lies at one site, oldest first."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], Holding] = {}

    def __iter__(self) -> Iterator[Holding]:
        return iter(self._held.values())

    def find(self, lot: Lot) -> Holding | None:
        """The holding of a lot, if there is one."""
        return self._held.get((lot.maker, lot.number))

    def put(self, holding: Holding) -> None:
        """Adds a new holding; a lot is held once."""
        key = (holding.lot.maker, holding.lot.number)
        assert key not in self._held, f"{key} is held already"
        self._held[key] = holding

    def ready(self, day: int, *products: str) -> list[Holding]:
        """Holdings of the products (`oxide:PrNd`) or kinds (`oxide`) that may be drawn on a day."""
        return [
            holding
            for holding in self._held.values()
            if holding.since <= day
            and holding.blocked_until <= day
            and not holding.owner
            and (holding.lot.product in products or holding.lot.kind in products)
        ]

    def draw(self, holding: Holding, net_mg: int, error: float) -> Draw:
        """Takes a part weighed as `net_mg` with a relative error, or all of it when that is what the book holds."""
        if net_mg >= holding.net_mg:
            del self._held[holding.lot.maker, holding.lot.number]
            return Draw(holding=holding, true_kg=holding.true_kg, net_mg=holding.net_mg)
        true_kg = holding.true_kg * (net_mg / holding.net_mg) / (1 + error)
        holding.true_kg -= true_kg
        holding.net_mg -= net_mg
        return Draw(holding=holding, true_kg=true_kg, net_mg=net_mg)


class Labels:
    """Which lot one firm's rows mean by MAKER/NUMBER, or by TRADER/NUMBER where a trader's label is all that it knows.

    `bare`: others' lots go by their number. A receipt then means the shipper's lot of that number, whoever made it
    (docs/reference/ledger.md). `suppliers`: makers that sell to the firm themselves. Whether the name before the number
    can be left away is seen when a filing is written (`hand`).
    """

    def __init__(self, organisation: str, *, bare: bool, suppliers: frozenset[str] = frozenset()) -> None:
        self._organisation, self._bare, self._suppliers = organisation, bare, suppliers
        self._sources: dict[tuple[str, str], str] = {}
        self._names: dict[str, set[str]] = {}

    def take(self, number: str) -> bool:
        """Keeps a number for a lot of the firm's own; False where another lot goes by it."""
        if not self._bare:
            return True
        free = number not in self._names
        self._names.setdefault(number, set()).add(f"{self._organisation}/{number}")
        return free

    def of(self, lot: Lot) -> str:
        """How the firm's rows call a lot, with a name before the number unless it is its own."""
        if lot.maker == self._organisation:
            return lot.number
        return self._known(lot, lot.maker) if self._bare else f"{lot.maker}/{lot.number}"

    def on_paper(self, lot: Lot) -> str:
        """What a delivery note calls it: the number alone where the firm has no other lot of that number."""
        name = self.of(lot)
        return lot.number if len(self._names.get(lot.number, ())) == 1 else name

    def arrive(self, lot: Lot, shipper: str, label: str) -> None:
        """Settles what `of` says of a lot that came from the shipper with this on its paper."""
        if lot.maker != self._organisation and self._bare:
            # A trader's goods go by his label, unless the firm knows the maker's lots, or the label names somebody.
            by_label = "/" not in label and lot.maker not in self._suppliers
            self._known(lot, shipper if by_label else lot.maker)

    def _known(self, lot: Lot, source: str) -> str:
        name = f"{self._sources.setdefault((lot.maker, lot.number), source)}/{lot.number}"
        self._names.setdefault(lot.number, set()).add(name)
        return name
