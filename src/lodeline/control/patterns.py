"""Rules on how the goods leave: units that slipped, samples, repeats, new buyers, and a shift into parts.

What an exporter did before is known from its own filed exports; where none are at hand these rules are silent.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from datetime import date, timedelta
from statistics import median
from typing import Any

from lodeline.control.case import Case, Rule
from lodeline.control.goods.composition import priced, worth_per_kg
from lodeline.control.goods.goods import LISTABLE
from lodeline.control.goods.price import unit_value
from lodeline.control.goods.words import read_words
from lodeline.control.licences.licence import covers
from lodeline.control.reason import Reason, reason
from lodeline.control.record import Trade
from lodeline.material.mass import MG_PER_KG, format_kg
from lodeline.material.product import product_kind

#: Column → the words in it that tell of samples and parcels.
_SAMPLES = {
    "product_name": frozenset({"sample"}), "note": frozenset({"sample"}), "transport": frozenset({"courier", "sample"}),
}  # fmt: skip


def sample_or_courier(case: Case) -> Iterator[Reason]:
    """Samples and courier parcels: the way in which metals left for years."""
    if not (case.goods.rare or case.goods.forms - {"magnet-other"}) or covers(case):
        return
    if case.goods.is_magnet and case.goods.is_composition_stated and not case.needs:
        return  # so little of magnets that are no item is no way around a list
    fields = [
        column
        for column, wanted in _SAMPLES.items()
        if (text := case.line[column]) and not wanted.isdisjoint(read_words(str(text)).means)
    ]
    if fields:
        yield reason("pattern.sample", fields=fields)


def zero_mass(case: Case) -> Iterator[Reason]:
    """Goods without mass."""
    if case.line["mass_kg"] == 0:
        yield reason("weight.zero")


def unit_slip(case: Case) -> Iterator[Reason]:
    """Kilograms for tonnes, or grams for kilograms: a mass that is out by the factor between units."""
    bounds = case.rules.parameter("desk-patterns")
    mass_mg = case.line["mass_kg"]
    if bounds is None or not mass_mg:
        return
    for stands, against in (
        (_by_price(case), ("the price", "价格")),
        (_by_habit(case), ("earlier exports", "以往出口")),
    ):
        if stands is None:
            continue
        factor = stands if stands >= 1 else 1 / stands
        units = bounds["units"]
        if units["factor"] / units["within"] <= factor <= units["factor"] * units["within"]:
            yield reason(
                "weight.unit-slip", stated_kg=format_kg(mass_mg), factor=_rounded(stands), against=against[0],
                against_zh=against[1],
            )  # fmt: skip
            return


def _by_price(case: Case) -> float | None:
    """The mass stated over the mass that the value would pay for, as the goods are worth."""
    worth = worth_per_kg(case) if case.line["value"] else None
    if not worth or priced(case, worth) is not None:
        return None
    return float(worth) / float(unit_value(case.line, case.rules) or 1)


def _by_habit(case: Case) -> float | None:
    """The mass stated over the median of the exporter's earlier rows of the same product."""
    trade, bounds, product = case.trade, case.rules.parameter("desk-patterns"), case.line["product"]
    if trade is None or not product:
        return None
    kind, before = product_kind(product), trade.before(case.rules.day)
    own = [trade.masses_mg[place] for place in range(before) if trade.kinds[place] == kind]
    if len(own) < bounds["units"]["least_rows"]:
        return None
    return float(case.line["mass_kg"]) / max(1.0, float(median(own)))


def _rounded(factor: float) -> str:
    return f"{factor:.2g}" if factor < 1 else f"{round(factor, -2 if factor > 1000 else 0):.0f}"


def repeats(case: Case) -> Iterator[Reason]:
    """Small consignments to one beneficial owner, again and again: each passes, and together they are a large one."""
    bounds, trade = case.rules.parameter("desk-patterns"), case.trade
    mass_mg = case.line["mass_kg"]
    if bounds is None or case.records is None or not mass_mg or not _is_listable(case) or covers(case):
        return
    owner = case.records.owner(buyer(case.line))
    limits = bounds["repeats"]["small_kg"]
    limit_kg = min(
        (limits[one] for form in case.goods.forms if (one := form.partition("-")[0]) in limits), default=None
    )
    if not owner or limit_kg is None or mass_mg >= limit_kg * MG_PER_KG:
        return
    day, days = case.rules.day, bounds["repeats"]["days"]
    small = [*_small_before(trade, owner, day, days, limit_kg * MG_PER_KG), mass_mg]
    small += [
        one["mass_kg"]
        for one in case.together
        if 0 < (one["mass_kg"] or 0) < limit_kg * MG_PER_KG and abs(((one["on"] or day) - day).days) <= days
    ]
    if len(small) >= bounds["repeats"]["least"] and sum(small) >= limit_kg * MG_PER_KG:
        yield reason(
            "pattern.repeats", law=case.rules.cited("circumvention"), count=len(small), limit_kg=limit_kg,
            total_kg=format_kg(sum(small)), days=days,
        )  # fmt: skip


def _small_before(trade: Trade | None, owner: str, day: date, days: int, limit_mg: int) -> list[int]:
    if trade is None:
        return []
    first, last = bisect_left(trade.days, day - timedelta(days=days)), trade.before(day)
    return [
        trade.masses_mg[place]
        for place in range(first, last)
        if trade.owners[place] == owner and 0 < trade.masses_mg[place] < limit_mg
    ]


def new_party(case: Case) -> Iterator[Reason]:
    """A country or an end user to whom this exporter never exported before the control date."""
    bounds, trade = case.rules.parameter("desk-patterns"), case.trade
    days = [day for day in case.rules.control_days if day <= case.rules.day]
    if bounds is None or trade is None or not days or not _is_listable(case) or covers(case):
        return
    if trade.before(days[0]) < bounds["new_party"]["least_before"]:
        return
    since = {"exporter": case.line["exporter"], "since": trade.days[0], "day": days[0]}
    destination, name = case.line["destination"], case.line["end_user_name"]
    if destination and _is_new(trade.first_to(destination=destination), case, days[0], bounds):
        yield reason("pattern.new-destination", destination=destination, **since)
    end_user = case.records.user(name) if case.records else ""
    if end_user and any(trade.end_users) and _is_new(trade.first_to(end_user=end_user), case, days[0], bounds):
        yield reason("pattern.new-end-user", end_user=name, **since)


def _is_new(first: date | None, case: Case, control_day: date, bounds: Any) -> bool:
    if first is None or first >= case.rules.day:
        return True
    return first >= control_day and (case.rules.day - first).days <= bounds["new_party"]["days"]


def shift_into_processed(case: Case) -> Iterator[Reason]:
    """An exporter of magnets whose trade turns into deeply processed goods after a control date is flagged."""
    bounds, trade = case.rules.parameter("desk-patterns"), case.trade
    days = [day for day in case.rules.control_days if day <= case.rules.day]
    if not case.goods.is_assembly or bounds is None or trade is None or not days:
        return
    until, now = trade.before(days[0]), trade.before(case.rules.day)
    before, since = trade.processed[:until], (*trade.processed[until:now], True)
    limits = bounds["processed"]
    if len(before) < limits["least_before"] or sum(since) < limits["least_since"]:
        return
    was, now_share = sum(before) / len(before), sum(since) / len(since)
    if now_share - was >= limits["rise"]:
        yield reason(
            "pattern.shift-into-processed", law=case.rules.cited("deeply-processed"), day=days[0],
            after_pct=round(100 * now_share), before_pct=round(100 * was),
        )  # fmt: skip


def buyer(line: Any) -> str:
    """Who receives the goods: the end user, else the consignee; "" where neither is named."""
    return str(line["end_user_name"] or line["consignee_name"] or "")


def _is_listable(case: Case) -> bool:
    return case.goods.rare and not case.goods.is_assembly and bool(case.goods.forms & set(LISTABLE))


RULES: tuple[Rule, ...] = (
    zero_mass, unit_slip, sample_or_courier, repeats, new_party, shift_into_processed,
)  # fmt: skip
