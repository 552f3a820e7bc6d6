"""The answer of a run as a document in which every number says what it rests on, of which `sentences` are the words.

Days count from the day on which the scenario starts, day 0; null is never, or not known. Days of different plants are
joint: `first_stop` is the earliest stop of each draw, and not the earliest of the middles.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final

import numpy as np

from lodeline.language import Text, text
from lodeline.material.element import RARE_EARTHS
from lodeline.strategy.classes import HEAVY, class_of, product_of
from lodeline.strategy.draws import Input
from lodeline.strategy.figure import Basis, weakest
from lodeline.strategy.helps import Help, bound_by
from lodeline.strategy.inputs import assumptions
from lodeline.strategy.losses import per_seller, rates
from lodeline.strategy.network import Floats, Network
from lodeline.strategy.run import GRID_DAYS, Alone, Move, Run, percentiles
from lodeline.strategy.sentences import headline, notes
from lodeline.strategy.survive import Need, lacks, needs, time_to_recover, time_to_survive, under_way_days

Json = dict[str, Any]
#: What money and stocks of an answer come from, besides the ledger.
_TABLES: Final = "strategy_assumptions.csv"


def document(run: Run, stamp: Mapping[str, Any] | None) -> Json:
    """The answer; the same run gives the same document."""
    network, scenario = run.network, run.scenario
    scope = run.ends["central"].in_scope
    return {
        "stamp": dict(stamp or {"entry": network.vintage}) | ({"synthetic": True} if network.is_synthetic else {}),
        "scenario": _scenario(run),
        "settings": {
            "seed": run.seed, "draws": run.stop.shape[1], "horizon_days": scenario.horizon_days,
            "starts": scenario.starts.isoformat(), "base_from": network.window[0], "base_to": network.window[1],
            "rule": scenario.rule, "guarantee_pct": _number(100 * scenario.guarantee),
            "substitution_pct": _number(100 * scenario.substitution),
        },
        "digests": {
            **dict(sorted(run.inputs.digests.items())), "law": run.law_digest, "assumptions": assumptions.digest(),
        },
        "headline": dict(headline(run)),
        "notes": [{"code": code, **words} for code, words in notes(run)],
        "scope": {
            "edges": int(scope.sum()), "kg_per_day": _number(network.edges.flow[scope].sum()),
            "held_kg": {
                "value": _number(run.held_kg), "basis": "exact",
                "source": "licences in force less what was drawn on them", "vintage": network.vintage or "-",
            },
            **_stated(network, "exact"),
        },
        "coverage": {"exact_pct": _number(_exact_pct(run)), **_stated(network, "exact")},
        "inputs": _inputs(run),
        "plants": [_plant(run, int(place)) for place in run.order],
        "without_control": [_alone(run, one) for one in run.alone],
        "totals": _totals(run),
        "loss": _loss(run),
        "tornado": [_move(one, run) for one in run.moves],
    }  # fmt: skip


def _scenario(run: Run) -> Json:
    one = run.scenario
    return {
        "name": one.name, "name_en": one.name_en, "name_zh": one.name_zh, "note": one.note,
        "settings": {
            "starts": one.starts.isoformat(), "horizon_days": str(one.horizon_days),
            "instruments": [
                {
                    "id": act.id, "kind": act.kind, "from": act.starts.isoformat(),
                    "to": None if act.ends is None else act.ends.isoformat(), "goods": list(act.goods),
                    "elements": list(act.elements), "to_country": list(act.to_country),
                    "organisation": act.organisation, "end_user": act.end_user, "note": act.note,
                    "delay_working_days": _said(act.delay_working_days),
                    "approval_pct": _said(None if act.approval is None else 100 * act.approval),
                    "cap_kg": _said(act.cap_kg), "cap_pct": _said(None if act.cap is None else 100 * act.cap),
                }
                for act in one.instruments
            ],
        },
    }  # fmt: skip


def _inputs(run: Run) -> list[Json]:
    """Every assumption that the run used, that on which most hangs first."""
    swings = {one.key: one for one in run.moves}

    def far(one: Input) -> tuple[float, float, str]:
        move = swings.get(one.key)
        return (0.0, 0.0, one.key) if move is None else (-move.swing, -move.first_swing, one.key)

    rows = [
        {"key": one.key, **one.words, "unit": one.unit, "value": _number(one.value), "low": _number(one.low),
         "high": _number(one.high), "basis": one.basis, "source": one.source, "vintage": one.vintage,
         "swing_days": _number(swings[one.key].swing) if one.key in swings else None}
        for one in sorted(run.ranges.inputs, key=far)
    ]  # fmt: skip
    for key, words in (_OTHERS | {one.key: _RATE for one in rates(run.prices) or ()}).items():
        one = assumptions.assumption(key)
        rows.append({
            "key": key, **words, "unit": one.unit, "value": one.central, "low": one.low, "high": one.high,
            "basis": "assumption", "source": one.source, "vintage": assumptions.VINTAGE, "swing_days": None,
        })  # fmt: skip
    return rows


#: Assumptions that move no stop: of money, and of what might be added.
_OTHERS: Final[dict[str, Text]] = {
    "seller_margin": text("margin of the seller"),
    "buyer_loss_times_goods": text("loss of a plant for each unit of value of the goods it lacks"),
    "substitution_share_12_months": text("what may be substituted within a year"),
    "qualification_months_magnet": text("months until another maker is qualified"),
    "licence_delay_shared": text("how alike delays of licences are"),
}


_RATE: Final = text("rate of exchange, for the day on which losses cross")


def _plant(run: Run, place: int) -> Json:
    network, unit = run.network, int(run.plants[place])
    units, holdings = network.units, network.holdings
    wanted = needs(network, unit, run.ends["central"].in_scope)
    bound = bound_by(network, run.trajectory, run.ends["central"], unit)
    main = next((one for one in wanted if bound is not None and one.need == bound[0]), wanted[0] if wanted else None)
    levels = {one.holding: run.levels(one.holding) for one in wanted}
    survive = time_to_survive(lacks(network, wanted, run.ends["central"]), levels)
    what, recover = time_to_recover(network, wanted, run.ends, run.qualification(place))
    goods = "" if main is None else holdings.goods[main.holding]
    money = run.prices.plant[unit] * run.lost_days[place][:, None]
    bases: list[Basis] = ["assumption", *(holdings.level_basis[one.holding] for one in wanted)]
    return {
        "plant": units.name[unit], "organisation": units.organisation[unit], "name_en": units.name[unit],
        "name_zh": units.name[unit], "country": units.country[unit], "class": goods,
        "elements": {} if main is None else _elements(network, main),
        "need_kg_per_day": None if main is None else _number(main.rate),
        "stop": _stop(run, run.stop[place]), "half": _stop(run, run.half[place]),
        "stock_days": _three(None if main is None or main.rate <= 0 else levels[main.holding] / main.rate),
        "under_way_days": None if main is None else _number(under_way_days(network, main)),
        "tts_days": _three(survive),
        "ttr_days": dict(zip(("low", "central", "high"), map(_number, recover), strict=True)) | {"what": what},
        "lost_kg": _three(run.lost_kg[place]), "lost_days": _three(run.lost_days[place]),
        "lost_money": None if not run.prices.plant[unit].any() else {
            "p10": _number(percentiles(money[:, 0])[0]), "p50": _number(percentiles(money[:, 1])[1]),
            "p90": _number(percentiles(money[:, 2])[2]), "currency": run.prices.currency,
        },
        "binding": _binding(run, main, goods),
        "helps": [_help(one) for one in run.helps.get(place, ())],
        **_stated(network, weakest(bases)),
    }  # fmt: skip


def _alone(run: Run, one: Alone) -> Json:
    """A plant that stops with no control at all, and why: a supplier that sends less, or goods that come too late."""
    network = run.network
    units, holding = network.units, int(network.units.need_holding[one.need])
    supplier = network.holdings.organisation[network.edges.source[one.edge]] if one.edge >= 0 else None
    return {
        "plant": units.name[one.unit], "organisation": units.organisation[one.unit],
        "country": units.country[one.unit], "class": network.holdings.goods[holding],
        "need_kg_per_day": _number(network.units.need_rate[one.need]), "stop_day": one.day,
        "stop_on": (run.scenario.starts + timedelta(days=one.day)).isoformat(),
        "why": "late" if supplier is None else "supplier", "supplier": supplier,
        **_stated(network, weakest(("assumption", network.holdings.level_basis[holding]))),
    }  # fmt: skip


def _elements(network: Network, main: Need) -> Json:
    shares = network.holdings.content[main.holding]
    return {
        name: _number(main.rate * share)
        for name, share in zip(network.elements, shares.tolist(), strict=True) if share > 0
    }  # fmt: skip


def _binding(run: Run, main: Need | None, goods: str) -> Json | None:
    """What a plant stops for: the class, the element that it is controlled for, and who sends most of it.

    The element is one that an instrument names; else the heavy one of goods apart for it; else a rare earth; of several
    that of which there is most.
    """
    if main is None:
        return None
    network = run.network
    named = {one for act in run.scenario.instruments for one in act.elements}
    shares = network.holdings.content[main.holding]
    if not shares.any() and len(main.into):
        shares = network.holdings.content[network.edges.source[main.into[0]]]
    ranks = (named, set(HEAVY) if class_of(product_of(goods), True) == goods else set(), set(RARE_EARTHS))
    order = sorted(
        range(len(shares)),
        key=lambda row: (*(network.elements[row] not in rank or shares[row] <= 0 for rank in ranks), -shares[row]),
    )  # fmt: skip
    element = network.elements[order[0]] if order and shares[order[0]] > 0 else None
    from_ = main.touched if len(main.touched) else main.into
    supplier = None
    if len(from_):
        largest = from_[np.argmax(network.edges.flow[from_])]
        supplier = network.holdings.organisation[network.edges.source[largest]]
    return {"class": goods, "element": element, "supplier": supplier}


def _help(one: Help) -> Json:
    return {
        "what": one.what, "amount": _number(one.amount), "unit": "kg", "later_days": _number(one.later_days),
        "stops": one.stops, "avoided_kg": _number(one.avoided_kg), "avoided_days": _number(one.avoided_days),
        "avoided_per_kg": _number(one.avoided_kg / one.amount) if one.amount > 0 else None,
    }  # fmt: skip


def _totals(run: Run) -> Json:
    stop, horizon = run.stop, run.scenario.horizon_days
    first = stop.min(axis=0) if len(stop) else np.full(stop.shape[1], np.inf)
    return {
        "plants": len(run.plants), "touched": len(run.touched),
        "stopping": _three(np.isfinite(stop).sum(axis=0).astype(np.float64)), "first_stop": _stop(run, first),
        "by_day": [
            {"day": day, "stopped": _three((stop <= day).sum(axis=0).astype(np.float64))}
            for day in range(0, horizon + 1, GRID_DAYS)
        ],
        "lost_kg": _three(run.lost_kg.sum(axis=0)), **_stated(run.network, "assumption"),
    }  # fmt: skip


def _loss(run: Run) -> Json:
    names = ("low", "central", "high")
    return {
        "days": list(range(0, run.scenario.horizon_days + 1, GRID_DAYS)),
        "seller": {name: [_number(one) for one in row] for name, row in zip(names, run.seller.tolist(), strict=True)},
        "buyer": {name: [_number(one) for one in row] for name, row in zip(names, run.buyer.tolist(), strict=True)},
        "currency": run.prices.currency, "seller_currency": run.prices.seller_currency,
        "crosses": _stop(run, run.crosses), "rate": _rate(run),
        "basis": run.prices.basis, "source": f"values of shipments; plants.csv; {_TABLES}",
        "vintage": run.network.vintage or "-",
    }  # fmt: skip


def _rate(run: Run) -> Json | None:
    """How the seller's losses are held against the buyers', and how far that moves the day on which they cross; None
    where both have one currency, or nothing is assumed."""
    used = rates(run.prices)
    if not used:
        return None
    low, central, high = (
        1 / per_seller(run.prices, {one.key: getattr(one, end) for one in used}) for end in ("low", "central", "high")
    )
    # Where the buyers' currency is the one that a rate is of, its low end is the high one of what is told.
    ends = sorted(zip((low, high), run.crosses_ends, strict=True))
    return {
        "unit": f"{run.prices.seller_currency} per {run.prices.currency}", "value": _number(central),
        "low": _number(ends[0][0]), "high": _number(ends[1][0]),
        "crosses": {"low": _number(ends[0][1]), "high": _number(ends[1][1])},
        "basis": "assumption", "source": "; ".join(one.source for one in used), "vintage": assumptions.VINTAGE,
    }  # fmt: skip


def _move(one: Move, run: Run) -> Json:
    found = next(each for each in run.ranges.inputs if each.key == one.key)
    return {
        "key": one.key, **found.words, "low_days": _number(one.low), "high_days": _number(one.high),
        "swing_days": _number(one.swing), "first_low_days": _number(one.first_low),
        "first_high_days": _number(one.first_high), "first_swing_days": _number(one.first_swing),
        "basis": found.basis, "source": found.source, "vintage": found.vintage,
    }  # fmt: skip


def _exact_pct(run: Run) -> float:
    """Of what comes to the plants that are touched, the part by mass that rows of the ledger tell."""
    network = run.network
    ids = set()
    for place in run.touched.tolist():
        unit = run.plants[place]
        ids |= set(
            network.units.need_holding[network.units.need_start[unit] : network.units.need_start[unit + 1]].tolist()
        )
    into = np.isin(network.edges.target, sorted(ids))
    whole = network.edges.flow[into].sum()
    return 100.0 * float(network.edges.flow[into & network.edges.is_filed].sum() / whole) if whole > 0 else 100.0


def _stated(network: Network, basis: Basis) -> Json:
    """What a figure of the network rests on."""
    source = f"rows of {network.window[0]} to {network.window[1]}"
    if basis != "exact":
        source += f"; {_TABLES}"
    return {"basis": basis, "source": source, "vintage": network.vintage or "-"}


def _stop(run: Run, days: Floats) -> Json:
    three = percentiles(days)
    names = ("p10", "p50", "p90")
    dates = {
        name: (run.scenario.starts + timedelta(days=int(day))).isoformat() if math.isfinite(day) else None
        for name, day in zip(names, three, strict=True)
    }
    return {
        **dict(zip(names, map(_number, three), strict=True)),
        "never_pct": _number(100 * float((~np.isfinite(days)).mean())), "dates": dates,
    }  # fmt: skip


def _three(values: Floats | None) -> Json:
    three: Iterable[float] = (math.nan,) * 3 if values is None else percentiles(values)
    return dict(zip(("p10", "p50", "p90"), map(_number, three), strict=True))


def _number(value: float | None) -> float | int | None:
    """To six digits; None where there is no such number; whole numbers without a point."""
    if value is None or not math.isfinite(value):
        return None
    rounded = float(f"{float(value):.6g}")
    return int(rounded) if rounded == int(rounded) and abs(rounded) < 1e15 else rounded


def _said(value: float | None) -> str | None:
    return None if value is None else f"{value:g}"
