"""A firm while the industry runs: what lies at its sites, what is on its way to it, how its plant drifts."""

from __future__ import annotations

from dataclasses import dataclass, field

from lodeline.world.gauge import Instruments
from lodeline.world.plan import BIASES, CHOICES, FATES, FILES_IN_TONNES, GAUGES, HABITS, FirmPlan, Site, World
from lodeline.world.profile import habits_of
from lodeline.world.stock import Consignment, Holding, Labels, Store
from lodeline.world.stream import Stream
from lodeline.world.tables import dirt_rate

#: Natural dirt of plants: share of firms whose yield drifts one way, per month; recalibrations per site-month;
#: share of magnet makers that never analyse their swarf.
DRIFTING_FIRMS = dirt_rate("yield-drift")
DRIFT_PER_MONTH = -0.0012
RECALIBRATIONS = dirt_rate("scale-recalibrated")
UNASSAYED_WASTE = dirt_rate("waste-not-analysed")

_ANALYSED = {
    "light-separator": frozenset({"concentrate", "mixed-compound"}),
    "heavy-separator": frozenset({"concentrate", "mixed-compound"}),
    "recycler": frozenset({"swarf", "slag"}),
}
_HANDS_ON = frozenset({"smelter", "alloy-maker", "magnet-maker", "smco-maker"})
#: Trades with a process whose yield can drift.
PLANTS = _HANDS_ON | _ANALYSED.keys()


@dataclass(slots=True, kw_only=True)
class Place:
    """A site at work. `made_mg`: dry products of this month; `peak_mg`: of its best month."""

    site: Site
    instruments: Instruments
    store: Store = field(default_factory=Store)
    made_mg: int = 0
    peak_mg: int = 0


@dataclass(slots=True, kw_only=True)
class Title:
    """A lot whose ownership passed to a trader without a warehouse, who passes it on."""

    holding: Holding
    day: int
    seller: str


class Firm:
    """The changing half of a `FirmPlan`. Its random streams are its own, so that firms do not disturb each other."""

    def __init__(self, plan: FirmPlan, world: World, suppliers: frozenset[str] = frozenset()) -> None:
        seed, key = world.seed, plan.place
        self.plan, self.profile = plan, world.profile
        self.habits = habits_of(self.profile, Stream(seed, HABITS, key))
        self.labels = Labels(plan.id, bare=self.profile.bare_ids > 0, suppliers=suppliers)
        self.choices, self.gauges = Stream(seed, CHOICES, key), Stream(seed, GAUGES, key)
        self.fates = Stream(seed, FATES, key)
        biases = Stream(seed, BIASES, key)
        coarser = self.habits.coarser
        self.places = [Place(site=site, instruments=Instruments(biases, coarser=coarser)) for site in plan.sites]
        self.incoming: list[Consignment] = []
        self.titles: list[Title] = []
        self.promised: list[Holding] = []
        #: Firms whose filing must come before this firm's next one, because ownership passed through them.
        self.waits_for: set[str] = set()
        self.events = 0
        self.lots = 0
        self.silent = False
        self.tonnes = plan.trade in FILES_IN_TONNES
        self.analyses_all = plan.trade in _HANDS_ON and self.fates.chance(self.profile.analyses_all)
        self.leaves_waste_unassayed = plan.trade == "magnet-maker" and self.fates.chance(UNASSAYED_WASTE)
        self.drift = DRIFT_PER_MONTH if plan.trade in PLANTS and self.fates.chance(DRIFTING_FIRMS) else 0.0
        self.yield_shift = 0.0
        self._piece_kg = {model.id: model.piece_kg for model in plan.models}

    @property
    def main(self) -> Place:
        """The plant, or the store of a trader."""
        return self.places[0]

    def assays(self, kind: str) -> bool:
        """True when this firm analyses what it receives of a kind."""
        return self.analyses_all or kind in _ANALYSED.get(self.plan.trade, ())

    def piece_kg(self, model: str) -> float:
        """Mass of one magnet of a model that this firm makes, kg; 0 where there is no model."""
        return self._piece_kg.get(model, 0.0)

    def recovery(self, process: str) -> float:
        """Share recovered in a process this month."""
        return min(0.99, self.plan.recovery[process] * (1 + self.yield_shift))

    def age(self) -> None:
        """One month of honest wear: yields wander within a width, and some plants drift."""
        step, width = self.profile.yield_step, self.profile.yield_width
        self.yield_shift += self.drift + step * self.fates.normal()
        if not self.drift:
            self.yield_shift = min(width, max(-width, self.yield_shift))
