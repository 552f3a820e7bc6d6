"""What a visit has done of its plan, what just that shows, and whether the visit has ended.

What a broken-off visit shows is computed as the plan's own figures are, from the items that were measured. What is
still to be measured is nobody's to know but the inspectors' until the visit has ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import polars as pl

from lodeline.accountancy.verification.effort import ACTS
from lodeline.accountancy.verification.plan import showing_of
from lodeline.service.inspections.items import ITEMS
from lodeline.service.inspections.planning import showing_facts, strata_of
from lodeline.service.inspections.reading import MEASUREMENT, Planned, Visit

#: A visit that nobody ended is taken as ended when so many days have passed since its planned and its last day: an
#: assumption of this program. Without it a plan that was forgotten would never open.
FORGOTTEN_DAYS: Final = 7
#: Whose part of a sample speaks for the authority once a laboratory has analysed it.
_ANALYSED: Final = frozenset({"authority", "reserve"})


def acts_done(plan: Mapping[str, Any], visit: Visit | None, *, analysed: bool = False) -> dict[str, list[str]]:
    """Lot → what was done with each item that the plan chose, of what it chose; [] where nobody measured it.

    `analysed`: a sample counts when a laboratory has said what is in it, and not when it was taken. What was shipped
    meanwhile, and what was absent, is done with; it shows no more than counting does.
    """
    rows: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    sampled: set[str] = set()
    for _, row in [] if visit is None else visit.items:
        rows.setdefault((row["name"], row["place"]), []).append(row)
    for bag in {} if visit is None else visit.bags.values():
        if not analysed or (bag.results and bag.part in _ANALYSED):
            sampled.add(bag.name)
    return {
        one["lot"]: _done(one, rows.get((one["lot"], one["place"]), []), sampled, analysed=analysed)
        for one in plan["items"]
        if one["do"]
    }


def _done(item: Mapping[str, Any], rows: list[Mapping[str, Any]], sampled: set[str], *, analysed: bool) -> list[str]:
    if not rows:
        return []
    if all(row["outcome"] != "present" for row in rows):
        if not analysed:
            return list(item["do"])
        return ["count"] if any(row["outcome"] == "absent" for row in rows) else []
    found = {
        "count": True,
        "weigh": any(row["dry_mg"] is not None for row in rows),
        "xrf": any(row["composition"] is not None for row in rows),
        "laboratory": item["lot"] in sampled,
    }
    return [act for act in item["do"] if found[act]]


def shown_by(plan: Mapping[str, Any], visit: Visit, methods: pl.DataFrame) -> dict[str, Any]:
    """The plan's paper with `minutes`, `strata`, `sights`, `at_random` and `worst` of what was done under it.

    `methods`: the register's. Items that were chosen by hand are not of the draw, and show themselves alone.
    """
    rows = [{name: item[name] for name in ITEMS} for item in plan["items"]]
    parted, strata = strata_of(pl.DataFrame(rows, schema=dict(ITEMS)))
    stratum = dict(parted.select("name", "stratum").iter_rows())
    place = {one.key: at for at, one in enumerate(strata)}
    numbers = {act: np.zeros(len(strata), np.int64) for act in ACTS}
    for lot, acts in acts_done(plan, visit, analysed=True).items():
        for act in acts:
            numbers[act][place[stratum[lot]]] += 1
    detect = {kind: float(wanted) for kind, wanted in plan["detect"].items()}
    shown = showing_of(strata, numbers, goals=plan["goals"], detect=detect, methods=methods)
    return {**plan, "minutes": shown.minutes, **showing_facts(shown)}


def is_over(visit: Visit, beside: Planned | None, *, today: date) -> bool:
    """Whether the visit has ended: an inspector said so, all that was drawn is measured, or it was forgotten."""
    if beside is None or not beside.unmeasured or visit.of("end"):
        return True
    days = [one.paper["on"] for one in visit.of(MEASUREMENT)]
    last = max(date.fromisoformat(one) for one in (*days, beside.plan["on"]))
    return today > last + timedelta(days=FORGOTTEN_DAYS)
