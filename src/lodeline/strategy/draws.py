"""What a run does not know: stocks, days under way, delays, approvals, demand. Its range, and joint draws from it.

`ranges` says what is uncertain of a network under a scenario; a `Setting` is one value for each, from a draw, from the
middle, or with one of them moved to an end (for the tornado). Numbers come from the seed and the *name* of what they
are for: another plant or instrument changes no other's luck, so two scenarios of one seed differ by what was done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final, Literal

import numpy as np
import polars as pl

from lodeline.language import Text, text
from lodeline.strategy.classes import matches
from lodeline.strategy.figure import Basis, weakest
from lodeline.strategy.inputs.assumptions import VINTAGE, Assumption, assumption, lognormal, triangular
from lodeline.strategy.network import Bools, Floats, Network
from lodeline.strategy.scenario import Instrument, Scenario

End = Literal["low", "high"]
#: The assumption that transits nearest to its central value go by.
_TRANSITS: Final = ("transit_days_road", "transit_days_asia", "transit_days_sea")
#: What each input is called in a sentence.
WORDS: Final[dict[str, Text]] = {
    "stock_days_customer": text("customers' stock"),
    "cover": text("the stock that cover.csv states"),
    "transit_days_road": text("days under way by road"),
    "transit_days_asia": text("days under way within Asia"),
    "transit_days_sea": text("days under way by sea"),
    "licence_days": text("how long a licence takes"),
    "approval_share": text("the share of licences approved"),
    "demand_plant": text("plants' demand"),
    "order_smoothing_days": text("how fast buyers order what they lack"),
    "spare_capacity": text("spare capacity of makers and plants"),
    "waiting_return_share": text("how fast goods leave that waited for a licence"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One uncertain thing as a run lists it, in `unit`, with its range and what that rests on."""

    key: str
    unit: str
    value: float
    low: float
    high: float
    basis: Basis
    source: str
    vintage: str = VINTAGE

    @property
    def words(self) -> Text:
        return WORDS[self.key]


@dataclass(frozen=True, slots=True)
class Case:
    """A licence case, its name the same under every scenario; its ranges are its instrument's.

    delay: working days; approval: a share. Each low, central, high.
    """

    name: str
    delay: tuple[float, float, float]
    approval: tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranges:
    """What is uncertain of a network under a scenario.

    plants: rows of holdings that are a customer's, stock: [plants, 3] factors of their level, low central high, and
    stock_key: the input that each goes by, "" where it is sure. transit_key, transit_group [edges]: the same, and what
    shares its luck. demand: rows of plants' units. spare: rows of units whose capacity is assumed. cases: of licences.
    """

    plants: tuple[int, ...]
    stock: Floats
    stock_key: tuple[str, ...]
    stock_name: tuple[str, ...]
    transit_key: tuple[str, ...]
    transit_group: tuple[str, ...]
    demand: tuple[int, ...]
    demand_name: tuple[str, ...]
    spare: tuple[int, ...]
    cases: tuple[Case, ...]
    inputs: tuple[Input, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One value for everything uncertain: factors of the network's own, days, and what becomes of each case."""

    stock: Floats
    transit: Floats
    demand: Floats
    smoothing: float
    spare: float
    returning: float
    delays: Floats | None
    approved: Floats | None


def ranges(network: Network, scenario: Scenario, cover: pl.DataFrame, cases: Sequence[Case]) -> Ranges:
    """What is uncertain, with the ranges that `cover` (of cover.csv) states for the stocks of plants."""
    holdings, edges, units = network.holdings, network.edges, network.units
    told = _Stated(cover)
    plants = tuple(int(row) for row in np.flatnonzero(holdings.is_plant))
    default = assumption("stock_days_customer")
    stock, keys, covers = np.ones((len(plants), 3)), [], []
    for place, row in enumerate(plants):
        found = told.row(holdings.site[row], holdings.goods[row])
        if found is not None and found["stock_days"]:
            low, high = (found[name] or found["stock_days"] for name in ("low_days", "high_days"))
            stock[place] = np.array([max(low, 1e-3), found["stock_days"], high]) / found["stock_days"]
            covers.append((found["stock_days"], low, high, found["source"] or ""))
            keys.append("cover" if low < high else "")
        elif holdings.level_basis[row] == "exact":
            keys.append("")
        else:
            stock[place] = np.array([default.low, default.central, default.high]) / default.central
            keys.append(default.key)
    # Days under way that a plant states are no assumption of ours, and it states no range for them.
    sure = told.with_transit(network)
    transit_key = tuple(
        _transit_key(days) if basis == "assumption" and days > 0 and not known else ""
        for days, basis, known in zip(edges.transit.tolist(), edges.transit_basis, sure.tolist(), strict=True)
    )
    demand = tuple(int(row) for row in np.flatnonzero(units.is_plant))
    spare = tuple(row for row, basis in enumerate(units.most_basis) if basis == "assumption")
    found_ranges = Ranges(
        plants=plants, stock=stock, stock_key=tuple(keys),
        stock_name=tuple(f"{holdings.site[row]}|{holdings.goods[row]}" for row in plants), transit_key=transit_key,
        transit_group=tuple(holdings.country[row] for row in edges.target.tolist()), demand=demand,
        demand_name=tuple(units.name[row] for row in demand), spare=spare, cases=tuple(cases), inputs=(),
    )  # fmt: skip
    return replace(found_ranges, inputs=tuple(_inputs(found_ranges, scenario, covers)))


class _Stated:
    """What cover.csv says of a plant's goods: a row of the class, else one of its product or kind."""

    def __init__(self, cover: pl.DataFrame) -> None:
        self._rows: dict[str, dict[str, dict[str, Any]]] = {}
        for row in cover.iter_rows(named=True):
            self._rows.setdefault(row["plant"], {})[row["class"]] = row

    def row(self, plant: str, goods: str) -> dict[str, Any] | None:
        its = self._rows.get(plant, {})
        return its.get(goods) or next(
            (its[one] for one in sorted(its, key=len, reverse=True) if one and matches(goods, one)), None
        )

    def with_transit(self, network: Network) -> Bools:
        """[edges] whether the days under way to the plant that it leads to, or leads on to, are stated."""
        holdings, edges = network.holdings, network.edges
        found = np.zeros(len(holdings), np.bool_)
        for number in np.flatnonzero(holdings.is_plant).tolist():
            row = self.row(holdings.site[number], holdings.goods[number])
            found[number] = row is not None and row["transit_days"] is not None
        at_site = ~holdings.is_plant
        # A buyer abroad who passes goods on: the days to it and on from it add up to what is stated.
        abroad = np.unique(edges.target[edges.border & at_site[edges.target]])
        for number in abroad.tolist():
            onward = edges.target[edges.source == number]
            found[number] = bool(len(onward)) and bool(found[onward].all())
        return found[edges.target]


def _transit_key(days: int) -> str:
    return min(_TRANSITS, key=lambda key: abs(np.log(days / assumption(key).central)))


def _inputs(found: Ranges, scenario: Scenario, covers: list[tuple[float, float, float, str]]) -> list[Input]:
    keys = [key for key in ("stock_days_customer",) if key in found.stock_key]
    keys += [key for key in reversed(_TRANSITS) if key in found.transit_key]
    keys += ["demand_plant"] if found.demand else []
    keys += ["order_smoothing_days"]
    keys += ["spare_capacity"] if found.spare else []
    inputs = [_stated(assumption(key)) for key in keys]
    if covers:
        days, low, high = (float(np.median(column)) for column in list(zip(*covers, strict=True))[:3])
        basis: Basis = weakest("synthetic" if "synthetic" in one[3].casefold() else "assumption" for one in covers)
        inputs.append(Input(key="cover", unit="days", value=days, low=low, high=high, basis=basis, source="cover.csv"))
    if found.cases:
        inputs.append(_stated(assumption("waiting_return_share")))
        for key, unit in (("licence_days", "working days"), ("approval_share", "share")):
            every = np.array([one.delay if key == "licence_days" else one.approval for one in found.cases])
            low, value, high = (float(one) for one in every.mean(axis=0))
            source = f"instruments of {scenario.name}; where they say nothing: {_OF_CASES[key]}"
            inputs.append(Input(key=key, unit=unit, value=value, low=low, high=high, basis="assumption", source=source))
    return inputs


_OF_CASES: Final = {
    "licence_days": "strategy_assumptions.csv: licence_days",
    "approval_share": "strategy_assumptions.csv: approval_share_month_3",
}


def _stated(one: Assumption) -> Input:
    return Input(
        key=one.key, unit=one.unit, value=one.central, low=one.low, high=one.high, basis="assumption",
        source=one.source,
    )  # fmt: skip


def of_instrument(one: Instrument) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """The ranges of delay and approval of an instrument, low central high: as it states them, else as assumed.

    Its `low` and `high` are those of the delay where it states one, else of the approval. A stated approval without
    a range of its own is as uncertain as the assumed one, but none and all are sure.
    """
    days, share = assumption("licence_days"), assumption("approval_share_month_3")
    delay = (days.low, days.central, days.high)
    approval = (share.low, share.central, share.high)
    of_delay = one.delay_working_days is not None
    if one.delay_working_days is not None:
        delay = _range(one.delay_working_days, one.low, one.high, None)
    if one.approval is not None:
        low, high = (None, None) if of_delay else (one.low, one.high)
        low, value, high = _range(one.approval, low, high, share if 0 < one.approval < 1 else None)
        approval = (low, value, min(1.0, high))
    return delay, approval


def _range(value: float, low: float | None, high: float | None, like: Assumption | None) -> tuple[float, float, float]:
    """A value with its range; where none is stated, as wide as another's, else none."""
    if low is None and high is None and like is not None:
        return value * like.low / like.central, value, value * like.high / like.central
    return (value if low is None else min(low, value)), value, (value if high is None else max(high, value))


# --- settings -------------------------------------------------------------------------------------------------------


def middle(found: Ranges) -> Setting:
    """Everything at its central value, and delays at their median: what is stated of a delay is the likeliest, and more
    than half of its draws are longer. Of licences their share is approved."""
    return Setting(
        stock=found.stock[:, 1], transit=np.ones(len(found.transit_key)), demand=np.ones(len(found.demand)),
        smoothing=assumption("order_smoothing_days").central, spare=1.0,
        returning=assumption("waiting_return_share").central, delays=_of_cases(found, "delay", None),
        approved=_of_cases(found, "approval", 1),
    )  # fmt: skip


def moved(found: Ranges, setting: Setting, key: str, end: End, lottery: Floats | None = None) -> Setting:
    """A setting with one input at its low or high end. lottery: of a draw, what decides its cases; without it, each
    is approved by its share."""
    side = 0 if end == "low" else 2
    row = None if key in ("cover", "approval_share") else assumption(key)
    value = 0.0 if row is None else (row.low, row.central, row.high)[side]
    if key in ("stock_days_customer", "cover"):
        at = np.array([one == key for one in found.stock_key], np.bool_)
        return replace(setting, stock=np.where(at, found.stock[:, side], setting.stock))
    if key in _TRANSITS and row is not None:
        at = np.array([one == key for one in found.transit_key], np.bool_)
        return replace(setting, transit=np.where(at, value / row.central, setting.transit))
    if key == "approval_share":
        share = _of_cases(found, "approval", side)
        drawn = share if lottery is None or share is None else (lottery < share).astype(np.float64)
        return replace(setting, approved=drawn)
    if key == "licence_days":
        return replace(setting, delays=_of_cases(found, "delay", side))
    if key == "demand_plant":
        return replace(setting, demand=np.full(len(found.demand), value))
    if key == "order_smoothing_days":
        return replace(setting, smoothing=value)
    if key == "waiting_return_share":
        return replace(setting, returning=value)
    assert key == "spare_capacity", f"{key} is no assumption that is drawn"
    return replace(setting, spare=_spare(value))


def _of_cases(found: Ranges, name: Literal["delay", "approval"], side: int | None) -> Floats | None:
    """Low, central or high of all cases, or the median of a delay, in whole days; None where there is no case."""
    if not found.cases:
        return None
    three = [getattr(one, name) for one in found.cases]
    if side is None:
        return np.array([np.rint(triangular(np.array(0.5), *one)) for one in three], np.float64)
    return np.array([one[side] for one in three], np.float64)


def _spare(value: float) -> float:
    return (1 + value) / (1 + assumption("spare_capacity").central)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """Joint draws: the settings of a seed, one after the other. Same seed and names, same numbers. lottery [cases,
    draws]: a case is approved where it is below the share."""

    stock: Floats
    transit: Floats
    demand: Floats
    smoothing: Floats
    spare: Floats
    returning: Floats
    delays: Floats
    approved: Floats
    lottery: Floats

    def __len__(self) -> int:
        return len(self.smoothing)

    def setting(self, draw: int) -> Setting:
        cases = len(self.delays) > 0
        return Setting(
            stock=self.stock[:, draw], transit=self.transit[:, draw], demand=self.demand[:, draw],
            smoothing=float(self.smoothing[draw]), spare=float(self.spare[draw]), returning=float(self.returning[draw]),
            delays=self.delays[:, draw] if cases else None, approved=self.approved[:, draw] if cases else None,
        )  # fmt: skip


def joint(found: Ranges, *, seed: int, draws: int) -> Draws:
    """`draws` settings. Stocks and demands are each plant's own, days under way common to a country, delays of cases
    alike by `licence_delay_shared`, approvals a lottery for each case."""
    from scipy.special import ndtr, ndtri  # noqa: PLC0415

    at = _uniform(seed, "stock", found.stock_name, draws)
    stock = np.ones_like(at)
    for place, key in enumerate(found.stock_key):
        if key:
            low, central, high = (float(one) for one in found.stock[place])
            stock[place] = lognormal(at[place], low, central, high)
    transit = np.ones((len(found.transit_key), draws))
    for key in sorted({one for one in found.transit_key if one}):
        row = assumption(key)
        groups = sorted(
            {group for group, one in zip(found.transit_group, found.transit_key, strict=True) if one == key}
        )
        values = row.quantile(_uniform(seed, key, groups, draws)) / row.central
        for edge, (group, one) in enumerate(zip(found.transit_group, found.transit_key, strict=True)):
            if one == key:
                transit[edge] = values[groups.index(group)]
    demand = assumption("demand_plant").quantile(_uniform(seed, "demand", found.demand_name, draws))
    names = [one.name for one in found.cases]
    shared = assumption("licence_delay_shared").central
    common = ndtri(_uniform(seed, "licence_delay", [""], draws))
    own = ndtri(_uniform(seed, "licence_delay", names, draws))
    at = np.asarray(ndtr(np.sqrt(shared) * common + np.sqrt(1 - shared) * own), np.float64)
    rate = _uniform(seed, "approval_share", [""], draws)[0]
    lottery = _uniform(seed, "approval", names, draws)
    delays, approved = np.zeros((len(names), draws)), np.zeros((len(names), draws))
    for place, case in enumerate(found.cases):
        delays[place] = np.rint(triangular(at[place], *case.delay))
        approved[place] = lottery[place] < triangular(rate, *case.approval)
    smoothing, spare, returning = (
        drawn_of(assumption(key), seed=seed, draws=draws)
        for key in ("order_smoothing_days", "spare_capacity", "waiting_return_share")
    )
    return Draws(
        stock=stock, transit=transit, demand=demand, smoothing=smoothing,
        spare=np.array([_spare(float(one)) for one in spare]), returning=returning, delays=delays, approved=approved,
        lottery=lottery,
    )  # fmt: skip


def _uniform(seed: int, kind: str, names: Sequence[str], draws: int) -> Floats:
    """[names, draws] of (0, 1)."""
    found = np.empty((len(names), draws))
    for place, name in enumerate(names):
        words = np.frombuffer(sha256(f"{seed}\x1f{kind}\x1f{name}".encode()).digest(), np.uint32)
        found[place] = np.random.Generator(np.random.PCG64(np.random.SeedSequence(words.tolist()))).random(draws)
    return np.clip(found, 1e-12, 1 - 1e-12)


def drawn_of(one: Assumption, *, seed: int, draws: int) -> Floats:
    """An assumption in each of the draws of a seed."""
    return one.quantile(_uniform(seed, one.key, [""], draws)[0])


def applied(network: Network, found: Ranges, setting: Setting) -> Network:
    """The network as a setting has it."""
    holdings, edges, units = network.holdings, network.edges, network.units
    level, need, most = holdings.level_kg.copy(), units.need_rate.copy(), units.most.copy()
    level[list(found.plants)] *= setting.stock
    for place, unit in enumerate(found.demand):
        need[units.need_start[unit] : units.need_start[unit + 1]] *= setting.demand[place]
    most[list(found.spare)] *= setting.spare
    return replace(
        network,
        holdings=replace(holdings, level_kg=level),
        edges=replace(edges, transit=np.rint(edges.transit * setting.transit).astype(np.int64)),
        units=replace(units, need_rate=need, most=most),
    )
