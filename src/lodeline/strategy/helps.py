"""What still helps a plant: a draw in which it stops again with one thing added, and the loss avoided per kilogram.

stock            30 days more of what binds it, from the first day
supplier         a qualified maker elsewhere with spare capacity
substitution     as much less of what binds it as may be stood in for within a year
licence          the licence of its largest flow, from the first day
general-licence  all that is in scope open again, 30 days earlier than else, or from day 30 on
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from lodeline.strategy.inputs.assumptions import assumption
from lodeline.strategy.network import Ints, Network, Openness
from lodeline.strategy.survive import needs

if TYPE_CHECKING:
    from lodeline.strategy.draws import Setting
    from lodeline.strategy.run import Engine
    from lodeline.strategy.simulate import Trajectory

What = Literal["stock", "supplier", "substitution", "licence", "general-licence"]
#: More stock, and how much earlier a general licence comes.
DAYS: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Help:
    """One thing added. amount: kg of it within the run. later_days: by how much later the plant stops; stops: whether
    it still does. avoided_kg, avoided_days: of goods that it would have lacked, and of standing still."""

    what: What
    amount: float
    later_days: float
    stops: bool
    avoided_kg: float
    avoided_days: float


def helps(engine: Engine, setting: Setting, plants: Ints, *, place: int) -> tuple[Help, ...]:
    """What still helps, in a setting, the plant at a place among `plants`, rows of units."""
    from lodeline.strategy.draws import applied  # noqa: PLC0415
    from lodeline.strategy.run import outcome_of  # noqa: PLC0415

    before, normal = engine.at(setting)
    network, openness = applied(engine.network, engine.ranges, setting), engine.openness(setting)
    outcome = outcome_of(network, before, normal, plants)
    binding = bound_by(network, before, openness, int(plants[place]))
    if binding is None:
        return ()
    need, holding = binding
    rate, days = float(network.units.need_rate[need]), engine.scenario.horizon_days
    tried: list[tuple[What, Network, Openness, float | None]] = [
        ("stock", _with_stock(network, holding, DAYS * rate), openness, DAYS * rate)
    ]
    spare = assumption("spare_capacity").central * rate
    tried.append(("supplier", *_with_supplier(network, openness, holding, spare, days), None))
    share = assumption("substitution_share_12_months").central
    tried.append(("substitution", _with_less(network, need, share), openness, share * rate * days))
    into = np.flatnonzero((network.edges.target == holding) & openness.in_scope)
    if len(into):
        largest = int(into[network.edges.flow[into].argmax()])
        licensed = openness.edge.copy()
        licensed[largest] = 1.0
        tried.append(("licence", network, replace(openness, edge=licensed), None))
        tried.append(("general-licence", network, _earlier(openness), None))
    found = []
    horizon = float(days)
    for what, changed, opened, known in tried:
        trajectory = engine.run(changed, opened, setting)
        after = outcome_of(network, trajectory, normal, plants)
        amount = _more_came(network, before, trajectory, holding, what) if known is None else known
        found.append(
            Help(
                what=what, amount=amount,
                later_days=min(after.stop[place], horizon) - min(outcome.stop[place], horizon),
                stops=bool(np.isfinite(after.stop[place])),
                avoided_kg=float(outcome.lost_kg[place] - after.lost_kg[place]),
                avoided_days=float(outcome.lost_days[place] - after.lost_days[place]),
            )
        )  # fmt: skip
    return tuple(found)


def bound_by(network: Network, trajectory: Trajectory, openness: Openness, unit: int) -> tuple[int, int] | None:
    """The need (and its holding) that cost a plant most activity; where none did, the one with most in scope."""
    from lodeline.strategy.simulate import binding  # noqa: PLC0415

    found = binding(network, trajectory, unit)
    if found is not None:
        return found.need, int(network.units.need_holding[found.need])
    first = next(iter(needs(network, unit, openness.in_scope)), None)
    return None if first is None else (first.need, first.holding)


def _with_stock(network: Network, holding: int, kg: float) -> Network:
    level = network.holdings.level_kg.copy()
    level[holding] += kg
    return replace(network, holdings=replace(network.holdings, level_kg=level))


def _with_less(network: Network, need: int, share: float) -> Network:
    rate = network.units.need_rate.copy()
    rate[need] *= 1 - share
    return replace(network, units=replace(network.units, need_rate=rate))


def _with_supplier(
    network: Network, openness: Openness, holding: int, rate: float, days: int
) -> tuple[Network, Openness]:
    """With a maker that stands by, qualified, and holds what it can send within the run."""
    old, edges = network.holdings, network.edges
    holdings = replace(
        old, site=(*old.site, "?"), organisation=(*old.organisation, "?"), goods=(*old.goods, old.goods[holding]),
        country=(*old.country, ""), is_plant=np.append(old.is_plant, False),
        level_kg=np.append(old.level_kg, rate * days), level_basis=(*old.level_basis, "assumption"),
        origin=np.append(old.origin, 0.0), residual=np.append(old.residual, 0.0), floor_kg=np.append(old.floor_kg, 0.0),
        content=np.vstack([old.content, old.content[holding]]),
        lost=None if old.lost is None else np.append(old.lost, 0.0),
        imported=(*old.imported, {}) if old.imported else (),
    )  # fmt: skip
    extended = replace(
        edges, source=np.append(edges.source, len(old)), target=np.append(edges.target, holding),
        flow=np.append(edges.flow, 0.0), most=np.append(edges.most, rate), transit=np.append(edges.transit, 1),
        transit_basis=(*edges.transit_basis, "assumption"), rank=np.append(edges.rank, 0),
        qualified_from=np.append(edges.qualified_from, 0), held_kg=np.append(edges.held_kg, 0.0),
        value_per_kg=np.append(edges.value_per_kg, np.nan), border=np.append(edges.border, False),
        is_filed=np.append(edges.is_filed, False), end_user=(*edges.end_user, ""), end_use=(*edges.end_use, ""),
        hs_code=(*edges.hs_code, ""), items=(*edges.items, ""),
        currency=(*edges.currency, "") if edges.currency else (),
    )  # fmt: skip
    arrivals = network.arrivals
    if arrivals is not None:
        arrivals = np.vstack([arrivals, np.zeros((1, arrivals.shape[1]))])
    return (
        replace(network, holdings=holdings, edges=extended, arrivals=arrivals),
        replace(
            openness, edge=np.vstack([openness.edge, np.ones((1, openness.edge.shape[1]))]),
            origin=np.vstack([openness.origin, np.ones((1, openness.origin.shape[1]))]),
            in_scope=np.append(openness.in_scope, False), held=np.append(openness.held, False), origin_in_scope=None,
            waits=None if openness.waits is None else np.append(openness.waits, False),
            capped=None if openness.capped is None else np.vstack([openness.capped, np.zeros((1, days), np.bool_)]),
        ),
    )  # fmt: skip


def _earlier(openness: Openness) -> Openness:
    """With edges in scope as they are DAYS later, and open from day DAYS on."""
    edge, capped = openness.edge.copy(), None if openness.capped is None else openness.capped.copy()
    later = np.concatenate([openness.edge[:, DAYS:], np.ones((len(edge), min(DAYS, edge.shape[1])))], axis=1)
    rows = openness.in_scope
    edge[rows] = np.maximum(edge[rows], later[rows])
    edge[rows, DAYS:] = 1.0
    if capped is not None:
        capped[rows, DAYS:] = False
    return replace(openness, edge=edge, capped=capped)


def _more_came(network: Network, before: Trajectory, after: Trajectory, holding: int, what: What) -> float:
    """Kilograms more that were sent to a holding; of a supplier that was added, what it sent."""
    if what == "supplier":
        return float(after.shipped_kg[-1])
    into = np.flatnonzero(network.edges.target == holding)
    return float((after.shipped_kg[into] - before.shipped_kg[into]).sum())
