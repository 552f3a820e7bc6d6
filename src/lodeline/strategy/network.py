"""The network that a control acts on: who holds what, ships how much to whom, makes what of what, and uses it up.

Built of the ledger's rows of a base window (`graph`), changed by no run. All rates are kilograms of dry goods a day,
masses kilograms; places in one table are row numbers of another. Elements are shares of the goods they are in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lodeline.strategy.figure import Basis

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: The group of an input that nothing stands in for.
ESSENTIAL: Final = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """Goods of one class at one site, or at one plant of a final customer.

    site: of the register; a plant's id where it is a customer's. organisation: of the register, else as filed.
    goods: the class (`classes.class_of`). country: ISO 3166 alpha-2, "" where nobody said.
    is_plant: of a final customer; nothing goes on from it.
    level_kg: what lies there in a normal time, which is where a run begins; level_basis: what that rests on.
    origin, residual: kg a day that come in from nowhere in the network: mined or imported, and what the books of the
        base window do not explain (negative: goes out).
    floor_kg: what is not given away. content: [holdings, elements], kg of element per kg of goods.
    imported: of each holding, country → share of `origin` that is imported from there; empty where nobody looked.
    lost: kg a day of filed losses, which the residual takes out too; None where that is not known.
    """

    site: tuple[str, ...]
    organisation: tuple[str, ...]
    goods: tuple[str, ...]
    country: tuple[str, ...]
    is_plant: Bools
    level_kg: Floats
    level_basis: tuple[Basis, ...]
    origin: Floats
    residual: Floats
    floor_kg: Floats
    content: Floats
    imported: tuple[Mapping[str, float], ...] = ()
    lost: Floats | None = None

    def __len__(self) -> int:
        return len(self.site)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """Goods that go from one holding to another, at one exporter or shipper and one receiver.

    flow: kg a day in the base window. most: kg a day that can go at the utmost; an edge with flow 0 and `most` above it
    is a supplier that stands by. transit: whole days under way. rank: lower is served first where there is too little.
    qualified_from: the day of a run from which the receiver may take these goods, 0 for now.
    held_kg: what licences that are held already still allow. value_per_kg: as filed, nan where nobody said.
    border: whether it leaves the country of the ledger; end_user, end_use, hs_code, items (`;`-joined) as filed.
    is_filed: from rows of the ledger; else from a table of the user, outside what the authority controls. currency: of
    the value, "" where nobody said; of none where the network is made without it.
    """

    source: Ints
    target: Ints
    flow: Floats
    most: Floats
    transit: Ints
    transit_basis: tuple[Basis, ...]
    rank: Ints
    qualified_from: Ints
    held_kg: Floats
    value_per_kg: Floats
    border: Bools
    is_filed: Bools
    end_user: tuple[str, ...]
    end_use: tuple[str, ...]
    hs_code: tuple[str, ...]
    items: tuple[str, ...]
    currency: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.source)


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """What turns goods into others at a site, or uses them up at a plant (no outputs).

    name: `SITE>class` of the main output, or the plant. needs and outputs are lists of all units, those of unit i from
    `need_start[i]` to `need_start[i + 1]`. need_rate, out_rate: kg a day at activity 1, the base window's.
    need_group: ESSENTIAL, or a number that inputs which stand in for each other share within the unit.
    most: the highest activity. most_basis: what that rests on; a capacity in the register is of the main product.
    stop_below: share of activity below which a plant stops. loss_per_day in `currency`, nan where nobody said.
    """

    name: tuple[str, ...]
    organisation: tuple[str, ...]
    country: tuple[str, ...]
    is_plant: Bools
    need_start: Ints
    need_holding: Ints
    need_rate: Floats
    need_group: Ints
    out_start: Ints
    out_holding: Ints
    out_rate: Floats
    most: Floats
    most_basis: tuple[Basis, ...]
    stop_below: Floats
    loss_per_day: Floats
    currency: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What somebody who reads of a network must know: a code, and a sentence in both languages."""

    code: str
    en: str
    zh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lapses:
    """Ends of licences that are held, by day: behind `day` no more than `left_kg` of what they allow `edge` is left."""

    day: Ints
    edge: Ints
    left_kg: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Holdings, edges and units, with the elements of `Holdings.content` by their symbols.

    arrivals: [edges, days], kg that are under way when a run begins and arrive on its day; None: as in the base window,
    the edge's flow on each day of its transit. lapses: of `Edges.held_kg`; None: nothing of it ends.
    vintage: entry of the log; window: first and last month of the base. is_synthetic: made of rows of an
    invented world. notes: what was odd in the rows, or had to be assumed.
    """

    elements: tuple[str, ...]
    holdings: Holdings
    edges: Edges
    units: Units
    vintage: str
    window: tuple[str, str]
    is_synthetic: bool = False
    arrivals: Floats | None = field(default=None)
    lapses: Lapses | None = None
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Openness:
    """What instruments leave of a network on each day of a run; all ones where there is no instrument.

    edge [edges, days]: share of its base that may go, where that is below 1 or `capped`; 1 elsewhere: all that is
    ordered. capped [edges, days]: a licence was granted there, of which the base may go and no more; None: nowhere.
    origin [holdings, days], unit [units, days]: share of the base rate that comes in, or of the base activity that
    is allowed (1 leaves the unit its `most`).
    in_scope [edges], held [edges]: an instrument shuts it; its goods may go as long as `held_kg` lasts.
    origin_in_scope [holdings], unit_in_scope [units]: an instrument touches it; None where none was asked for.
    calendar_assumed: a working day was counted by no calendar that was published. waits [edges]: what is ordered while
    it is shut is kept for the buyer and goes once it opens (a licence was asked for); None: nothing is.
    """

    edge: Floats
    origin: Floats
    unit: Floats
    in_scope: Bools
    held: Bools
    origin_in_scope: Bools | None = None
    unit_in_scope: Bools | None = None
    calendar_assumed: bool = False
    waits: Bools | None = None
    capped: Bools | None = None

    @property
    def touches_nothing(self) -> bool:
        """Whether no edge, origin or unit is in the scope of any instrument."""
        marks = (self.in_scope, self.origin_in_scope, self.unit_in_scope)
        return not any(one is not None and one.any() for one in marks)


def flows_of(edges: Edges, units: Units, holdings: int) -> tuple[Floats, Floats]:
    """What goes out of each of so many holdings to others and into units, and what comes in from them; kg a day."""
    out = np.bincount(edges.source, edges.flow, holdings) + np.bincount(units.need_holding, units.need_rate, holdings)
    into = np.bincount(edges.target, edges.flow, holdings) + np.bincount(units.out_holding, units.out_rate, holdings)
    return out.astype(np.float64), into.astype(np.float64)


def open_throughout(network: Network, days: int) -> Openness:
    """No instrument."""
    return Openness(
        edge=np.ones((len(network.edges), days)), origin=np.ones((len(network.holdings), days)),
        unit=np.ones((len(network.units), days)), in_scope=np.zeros(len(network.edges), np.bool_),
        held=np.zeros(len(network.edges), np.bool_),
    )  # fmt: skip
