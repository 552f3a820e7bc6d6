"""A run of a scenario: which plants stop, when, for want of what, with ranges; and what the answer hangs on.

One run at the middle of everything uncertain says what binds each plant; joint draws say P10, P50, P90 and how often
never. Some of the draws again with one input at an end say how much of the answer hangs on it (the tornado); a draw in
which a plant stops again with one thing added says what still helps it. The middle run could show neither: a share of
approvals slows all plants there and stops few. Plants that stop with no control at all are named and left out. Same
network, scenario, tables, law and seed: the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import polars as pl

from lodeline.progress import counted
from lodeline.regulation.parameter import Jurisdiction
from lodeline.strategy.control.instrument import Acting, resolved
from lodeline.strategy.draws import (
    Case,
    Draws,
    End,
    Ranges,
    Setting,
    applied,
    drawn_of,
    joint,
    middle,
    moved,
    of_instrument,
    ranges,
)
from lodeline.strategy.helps import Help, helps
from lodeline.strategy.inputs.tables import EMPTY, Inputs
from lodeline.strategy.losses import Curves, Prices, crossing, curves, per_seller, prices, rates
from lodeline.strategy.network import Bools, Floats, Ints, Network, Openness, open_throughout
from lodeline.strategy.scenario import Scenario
from lodeline.strategy.simulate import Trajectory, binding, simulate
from lodeline.strategy.soundness import check_draws

Json = dict[str, Any]
#: Is told how many runs of the engine are done, and of how many.
Progress = Callable[[int, int], None]
#: A plant is touched where the instruments change its activity by more than this, or touch a flow to it.
_TOUCHED: Final = 1e-6
_ENDS: Final[tuple[End, End]] = ("low", "high")
#: A supplier that sends less of its base than this share sends less.
_LESS: Final = 0.01
#: Days between two points of a curve over time.
GRID_DAYS: Final = 7
#: What still helps is computed for so many plants, those that stop first: each takes four runs.
HELPED: Final = 16
#: Draws that are tried with one input at its ends: those that lose these shares of what draws lose, by rank.
MOVED_AT: Final = (0.1, 0.3, 0.5, 0.7, 0.9)
#: Tries of one input at its ends are made of these, as far as the network has them.
MOVED: Final = (
    "stock_days_customer", "cover", "transit_days_sea", "transit_days_asia", "transit_days_road", "licence_days",
    "approval_share", "waiting_return_share", "demand_plant", "order_smoothing_days", "spare_capacity",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of the plants in one run. stop, half [plants]: first day below the limit, and below half; inf: never.
    lost_kg, lost_days [plants]: of what they would have used, and days of full activity."""

    stop: Floats
    half: Floats
    lost_kg: Floats
    lost_days: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """An input at its ends in some draws: what that changes in days, of the first stop and as a mean over the plants
    that stop; who never stops counts as stopping at the horizon."""

    key: str
    low: float
    high: float
    first_low: float
    first_high: float

    @property
    def swing(self) -> float:
        return abs(self.high - self.low)

    @property
    def first_swing(self) -> float:
        return abs(self.first_high - self.first_low)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alone:
    """A plant, a row of units, that stops without any control, on a day of the run; for want of a need, a row of
    `Units.need_holding`. edge: the supplier that has sent less than in the base window by then; -1: all of them sent as
    much, and stock is used up before what is under way arrives."""

    unit: int
    day: int
    need: int
    edge: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """All that was computed; `as_json` is the answer. Columns of `stop`, `half`, `lost_*` are draws, rows plants.

    plants: rows of units, without those that stop with no control at all (`alone`). ends: openness with delays at low,
    central, high. seller, buyer [3, grid]: cumulative loss. crosses [draws]: the day on which the buyers' passes the
    seller's; crosses_ends: its P50, with the rate of the seller's currency at its low and its high end. moves: the
    input that moves the answer farthest first.
    """

    network: Network
    scenario: Scenario
    inputs: Inputs
    law_digest: str
    ranges: Ranges
    draws: Draws
    ends: Mapping[str, Openness]
    central: Outcome
    trajectory: Trajectory
    plants: Ints
    alone: tuple[Alone, ...]
    touched: Ints
    stop: Floats
    half: Floats
    lost_kg: Floats
    lost_days: Floats
    prices: Prices
    seller: Floats
    buyer: Floats
    crosses: Floats
    crosses_ends: tuple[float, float]
    moves: tuple[Move, ...]
    helps: Mapping[int, tuple[Help, ...]]
    seed: int

    @property
    def order(self) -> list[int]:
        """The plants that are touched, those that stop first first."""
        names = self.network.units.name
        return sorted(
            self.touched.tolist(),
            key=lambda place: (
                percentiles(self.stop[place])[1], -float(np.isfinite(self.stop[place]).mean()),
                names[self.plants[place]],
            ),
        )  # fmt: skip

    @property
    def held_kg(self) -> float:
        """What may still go, of all that is in scope, on licences that were held when the run begins."""
        return float(self.network.edges.held_kg[self.ends["central"].held].sum())

    def levels(self, holding: int) -> Floats:
        """[draws] what lies in a plant's holding when the run begins, kg."""
        factor = self.draws.stock[self.ranges.plants.index(holding)]
        return np.asarray(self.network.holdings.level_kg[holding] * factor, np.float64)

    def qualification(self, place: int) -> Floats | None:
        """Days until another maker may deliver to a plant, low central high, where suppliers.csv says so."""
        name = self.network.units.name[self.plants[place]]
        rows = self.inputs.suppliers.filter(pl.col("plant") == name)["qualification_days"].drop_nulls().sort()
        if rows.is_empty():
            return None
        return np.array([rows[0], rows[len(rows) // 2], rows[-1]], np.float64)

    def as_json(self, stamp: Mapping[str, Any] | None = None) -> Json:
        """The document of the run; `stamp`: of the snapshot that the network was made of."""
        from lodeline.strategy.answer import document  # noqa: PLC0415

        return document(self, stamp)


@dataclass(frozen=True, slots=True)
class Engine:
    """Runs of one scenario: a network under a setting, with the instruments that go with it; `free`: without any."""

    network: Network
    scenario: Scenario
    acting: Acting
    ranges: Ranges
    free: Openness

    def openness(self, setting: Setting) -> Openness:
        return self.acting.openness(delays=setting.delays, approved=setting.approved)

    def run(self, network: Network, openness: Openness, setting: Setting) -> Trajectory:
        one = self.scenario
        return simulate(
            network, openness, days=one.horizon_days, rule=one.rule, guarantee=one.guarantee,
            substitution=one.substitution, smoothing_days=setting.smoothing, returning=setting.returning,
            with_elements=False,
        )  # fmt: skip

    def at(self, setting: Setting) -> tuple[Trajectory, Floats]:
        """The run of a setting, and the activity [units, days] of the same without any instrument: goods under way are
        lumpy, stocks may be short and demand high, and what comes of that is not of the instruments' making. Goods that
        they hold back a plant that is short would have bought on the spot, though: of these it lacks none there."""
        network, openness = applied(self.network, self.ranges, setting), self.openness(setting)
        normal = self.run(_with_spot(network, openness), self.free, setting).activity
        return self.run(network, openness, setting), normal


def run(
    network: Network,
    scenario: Scenario,
    inputs: Inputs = EMPTY,
    *,
    law: Jurisdiction,
    draws: int | None = None,
    seed: int | None = None,
    helped: int = HELPED,
    with_tornado: bool = True,
    owned_by: Mapping[str, Collection[str]] | None = None,
    progress: Progress | None = None,
) -> Run:
    """Runs a scenario on a network. draws, seed: in the place of the scenario's.

    helped: plants of which is computed what still helps. with_tornado: each input at its ends as well. owned_by: end
    user → names of whom belongs to it. UserError for settings that no run can have.
    """
    count = scenario.draws if draws is None else draws
    check_draws(count)
    scenario = resolved(scenario, law)
    acting = Acting(network, scenario, law=law, owned_by=owned_by)
    by_id = {one.id: one for one in scenario.instruments}
    cases = [
        Case("|".join((one.exporter, one.end_user, one.item)), *of_instrument(by_id[one.instrument]))
        for one in acting.cases
    ]
    found = ranges(network, scenario, inputs.cover, cases)
    engine = Engine(network, scenario, acting, found, open_throughout(network, scenario.horizon_days))
    keys = [key for key in MOVED if with_tornado and any(one.key == key for one in found.inputs)]
    steps = _Steps(progress, 1 + count + 2 * len(keys) * len(MOVED_AT))

    setting = middle(found)
    alone = _stop_alone(engine, setting)
    plants = np.setdiff1d(np.flatnonzero(network.units.is_plant), [one.unit for one in alone]).astype(np.int64)
    central, normal = engine.at(setting)
    steps.done()
    base = engine.openness(setting)
    ends = {"central": base} | {
        end: engine.openness(moved(found, setting, "licence_days", end)) for end in _ENDS
    }  # fmt: skip
    outcome = outcome_of(network, central, normal, plants)
    money = prices(network)
    watched = np.flatnonzero(network.edges.border & network.edges.is_filed)
    drawn = joint(found, seed=scenario.seed if seed is None else seed, draws=count)
    several = _Drawn(engine, drawn, plants, money, watched, seed=scenario.seed if seed is None else seed)
    moves = []
    if is_anything_touched(base):
        for number in counted("draws", range(count)):
            several.draw(number)
            steps.done()
        order = np.argsort(several.lost_kg.sum(axis=0), kind="stable")
        tried = [int(order[round(share * (count - 1))]) for share in MOVED_AT]
        for key in counted("inputs", keys):
            stops = np.stack([several.stop[:, tried], *(several.moved(tried, key, end).T for end in _ENDS)])
            moves.append(_move(key, stops, horizon=scenario.horizon_days))
            steps.done(2 * len(tried))
    hurt = (several.lost_days > _TOUCHED) | np.isfinite(several.stop)
    touched = np.flatnonzero(_reached(network, base, plants) | hurt.any(axis=1))
    middle_stop = np.array([percentiles(several.stop[place])[1] for place in range(len(plants))])
    first_to_stop = sorted(
        (place for place in touched.tolist() if np.isfinite(several.stop[place]).mean() >= 0.1),
        key=lambda place: (middle_stop[place], network.units.name[plants[place]]),
    )[:helped]
    helping = {
        place: helps(engine, drawn.setting(several.stopping(place)), plants, place=place)
        for place in counted("helps", first_to_stop)
    }
    steps.end()
    seller, buyer = several.losses(central, normal)
    return Run(
        network=network, scenario=scenario, inputs=inputs, law_digest=law.digest, ranges=found, draws=drawn, ends=ends,
        central=outcome, trajectory=central, plants=plants, alone=alone, touched=touched,
        stop=several.stop, half=several.half, lost_kg=several.lost_kg, lost_days=several.lost_days, prices=money,
        seller=seller, buyer=buyer, crosses=several.crosses[0], crosses_ends=several.crosses_ends,
        moves=tuple(sorted(moves, key=lambda one: (-one.swing, -one.first_swing, one.key))),
        helps=helping, seed=scenario.seed if seed is None else seed,
    )  # fmt: skip


def outcome_of(network: Network, trajectory: Trajectory, normal: Floats, plants: Ints) -> Outcome:
    """What became of plants, rows of units, in a run that kept all units; against `normal`, the activity of all units
    without any instrument. A stop is the first day below the limit on which it would have worked more; output that is
    made up later is not lost."""
    units = network.units
    activity, usual = trajectory.activity[plants], np.minimum(normal[plants], 1.0)
    lost = normal[plants] - activity
    days = np.maximum(0.0, np.where(np.abs(lost) > _TOUCHED, lost, 0.0).sum(axis=1))
    starts = units.need_start
    need = np.array([units.need_rate[starts[unit] : starts[unit + 1]].sum() for unit in plants])
    return Outcome(
        stop=_first_below(activity, usual, units.stop_below[plants]),
        half=_first_below(activity, usual, np.full(len(plants), 0.5)), lost_kg=days * need, lost_days=days,
    )  # fmt: skip


def percentiles(values: Floats) -> tuple[float, float, float]:
    """P10, P50, P90 of values of which some may be infinite; each is one of the values."""
    ordered = np.sort(values)
    last = len(ordered) - 1
    low, middle_, high = (float(ordered[round(share * last)]) for share in (0.1, 0.5, 0.9))
    return low, middle_, high


def _first_below(activity: Floats, usual: Floats, share: Floats) -> Floats:
    under = (activity < (share - 1e-9)[:, None]) & (activity < usual - _TOUCHED)
    return np.where(under.any(axis=1), under.argmax(axis=1), np.inf)


def _with_spot(network: Network, openness: Openness) -> Network:
    """The network with no want, at plants, of goods that the instruments touch on their way there."""
    here = np.zeros(len(network.holdings), np.bool_)
    here[network.edges.target[openness.in_scope]] = True
    here &= network.holdings.is_plant
    need = np.bincount(network.units.need_holding, network.units.need_rate, len(here))
    level = network.holdings.level_kg + np.where(here, need * openness.edge.shape[1], 0.0)
    return replace(network, holdings=replace(network.holdings, level_kg=level))


def is_anything_touched(openness: Openness) -> bool:
    """Whether the instruments of a scenario have anything in their scope."""
    return not openness.touches_nothing


def _reached(network: Network, openness: Openness, plants: Ints) -> Bools:
    """[plants] whether a flow to the plant itself is in scope."""
    into = np.zeros(len(network.holdings), np.bool_)
    into[network.edges.target[openness.in_scope]] = True
    start, holding = network.units.need_start, network.units.need_holding
    return np.array([bool(into[holding[start[unit] : start[unit + 1]]].any()) for unit in plants], np.bool_)


def _stop_alone(engine: Engine, setting: Setting) -> tuple[Alone, ...]:
    """The plants that stop in a setting without any instrument, and without goods bought on the spot."""
    network = applied(engine.network, engine.ranges, setting)
    ran = engine.run(network, engine.free, setting)
    below, found = ran.first_below(network.units.stop_below), []
    for unit in np.flatnonzero(network.units.is_plant & np.isfinite(below)).tolist():
        bound, day = binding(network, ran, unit), int(below[unit])
        assert bound is not None and ran.shipped is not None, "what stops lacks something"
        into = np.flatnonzero(network.edges.target == network.units.need_holding[bound.need])
        # Of what is sent that which could be there by the stop: a buyer with much under way orders less.
        sent_by = np.maximum(0, day + 1 - network.edges.transit[into])
        base = network.edges.flow[into] * sent_by
        less = base - np.where(np.arange(ran.days) < sent_by[:, None], ran.shipped[into], 0.0).sum(axis=1)
        worst = int(less.argmax()) if len(into) else -1
        sends_less = worst >= 0 and less[worst] > _LESS * base[worst]
        found.append(Alone(unit=unit, day=day, need=bound.need, edge=int(into[worst]) if sends_less else -1))
    return tuple(found)


def _move(key: str, stops: Floats, *, horizon: int) -> Move:
    """What moving an input to its ends changes. stops [before low high, plants, draws]: a plant that never stops counts
    as one that stops at the horizon."""
    ever = np.isfinite(stops).any(axis=0)
    if not ever.any():
        return Move(key=key, low=0.0, high=0.0, first_low=0.0, first_high=0.0)
    days = np.minimum(stops, horizon)
    mean, first = days[:, ever].mean(axis=1), days.min(axis=1).mean(axis=1)
    return Move(
        key=key,
        low=float(mean[1] - mean[0]),
        high=float(mean[2] - mean[0]),
        first_low=float(first[1] - first[0]),
        first_high=float(first[2] - first[0]),
    )


class _Steps:
    def __init__(self, progress: Progress | None, whole: int) -> None:
        self._progress, self._whole, self._done = progress, whole, 0

    def done(self, count: int = 1) -> None:
        self._done += count
        if self._progress is not None:
            self._progress(min(self._done, self._whole), self._whole)

    def end(self) -> None:
        if self._progress is not None:
            self._progress(self._whole, self._whole)


class _Drawn:
    """What the draws of a run come to, filled draw after draw."""

    def __init__(
        self, engine: Engine, drawn: Draws, plants: Ints, money: Prices, watched: Ints, *, seed: int
    ) -> None:  # fmt: skip
        self._engine, self._drawn, self._plants, self._money, self._watched = engine, drawn, plants, money, watched
        shape, grid = (len(plants), len(drawn)), engine.scenario.horizon_days // GRID_DAYS + 1
        self.stop, self.half = np.full(shape, np.inf), np.full(shape, np.inf)
        self.lost_kg, self.lost_days = np.zeros(shape), np.zeros(shape)
        self._seller, self._buyer = np.zeros((len(drawn), grid)), np.zeros((len(drawn), grid))
        #: By the rate that is drawn, and by its low and its high end.
        self.crosses = np.full((3, len(drawn)), np.inf)
        self._assumed = rates(money) or ()
        self._rates = {one.key: drawn_of(one, seed=seed, draws=len(drawn)) for one in self._assumed}

    def draw(self, number: int) -> None:
        trajectory, normal = self._engine.at(self._drawn.setting(number))
        found = outcome_of(self._engine.network, trajectory, normal, self._plants)
        self.stop[:, number], self.half[:, number] = found.stop, found.half
        self.lost_kg[:, number], self.lost_days[:, number] = found.lost_kg, found.lost_days
        lost = self._curves(trajectory, normal, 1)
        self._seller[number], self._buyer[number] = _on_grid(lost.seller), _on_grid(lost.buyer)
        drawn = {key: float(one[number]) for key, one in self._rates.items()}
        ends = [{one.key: getattr(one, end) for one in self._assumed} for end in _ENDS]
        self.crosses[:, number] = [crossing(lost, per_seller(self._money, one)) for one in (drawn, *ends)]

    def moved(self, draws: list[int], key: str, end: End) -> Floats:
        """[draws, plants] the days of stop in some of the draws with an input at an end."""
        engine = self._engine
        settings = [
            moved(engine.ranges, self._drawn.setting(one), key, end, self._drawn.lottery[:, one]) for one in draws
        ]
        return np.stack([outcome_of(engine.network, *engine.at(one), self._plants).stop for one in settings])

    def stopping(self, place: int) -> int:
        """Of the draws in which a plant stops, that in which it loses the middle amount."""
        there = np.flatnonzero(np.isfinite(self.stop[place]))
        return int(there[np.argsort(self.lost_kg[place, there], kind="stable")[len(there) // 2]])

    @property
    def crosses_ends(self) -> tuple[float, float]:
        """The P50 of the day on which losses cross, with each rate at its low end and at its high one."""
        return percentiles(self.crosses[1])[1], percentiles(self.crosses[2])[1]

    def losses(self, central: Trajectory, normal: Floats) -> tuple[Floats, Floats]:
        """[3, grid] of either side, P10, middle and P90 of the draws, widened by what money is assumed to be worth."""
        ends = [self._curves(central, normal, side) for side in range(3)]
        both = []
        for name, drawn in (("seller", self._seller), ("buyer", self._buyer)):
            low, middle_, high = (_on_grid(getattr(one, name)) for one in ends)
            spread = np.sort(drawn, axis=0)
            last = len(drawn) - 1
            rows = [spread[round(share * last)] for share in (0.1, 0.5, 0.9)]
            below = np.divide(low, middle_, out=np.ones_like(low), where=middle_ > 0)
            above = np.divide(high, middle_, out=np.ones_like(high), where=middle_ > 0)
            both.append(np.stack([rows[0] * np.minimum(below, 1), rows[1], rows[2] * np.maximum(above, 1)]))
        return both[0], both[1]

    def _curves(self, trajectory: Trajectory, normal: Floats, side: int) -> Curves:
        assert trajectory.shipped is not None
        units = self._engine.network.units
        of_units = ~units.is_plant
        of_units[self._plants] = True
        return curves(
            self._engine.network, self._money, idle=(normal - trajectory.activity) * of_units[:, None],
            shipped=trajectory.shipped[self._watched],
            watched=self._watched, side=side,
        )  # fmt: skip


def _on_grid(daily: Floats) -> Floats:
    """What was lost by the beginning of days 0, 7, 14, …"""
    return np.concatenate([[0.0], daily])[: len(daily) + 1 : GRID_DAYS]
