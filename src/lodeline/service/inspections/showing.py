"""What a visit shows. Of its plan: what was done, what just that shows, and whether the visit has ended, before which
nobody but inspectors knows what is still to be measured. Of its papers: documents, with masses in kg, shares in % and
lots as the reader calls them.

What a broken-off visit shows is computed as the plan's own figures are, from the items that were measured. The shapes
are those that `lodeline inspect --json` and the API promise (docs/reference/json.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import polars as pl

from lodeline.accountancy.verification.effort import ACTS
from lodeline.accountancy.verification.plan import showing_of
from lodeline.filing.rules import percent
from lodeline.material.assay import shares_of
from lodeline.material.mass import format_kg
from lodeline.service.entries.receipts import receipt
from lodeline.service.inspections.entering import Taken
from lodeline.service.inspections.items import ITEMS
from lodeline.service.inspections.planning import showing_facts, strata_of
from lodeline.service.inspections.reading import MEASUREMENT, RESULT, Bag, Planned, Visit, planned
from lodeline.service.inspections.visits import Inspection, inspections
from lodeline.store.store import Store

Json = dict[str, Any]
#: What a reader calls a lot, by its canonical name.
Called = Callable[[str], str]


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
    for _, row in visit.items if visit is not None else ():
        rows.setdefault((row["name"], row["place"]), []).append(row)
    for bag in visit.bags.values() if visit is not None else ():
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
    """The plan's paper with `minutes`, `strata`, `sights` and `worst` of what was done under it.

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


def summary(one: Inspection) -> Json:
    """A paper in a line."""
    paper = one.paper
    return {
        "entry": one.entry.index, "organisation": paper["organisation"], "site": paper["site"], "on": paper["on"],
        "act": paper["act"], "whole": paper["whole"], "lots": len(paper["rows"]),
        "mass_kg": format_kg(sum(row.get("dry_mg") or 0 for row in paper["rows"])),
        "seals": [
            *(row["seal"] for row in paper["rows"] if row.get("seal")), *(seal["number"] for seal in paper["seals"]),
        ],
        "note": paper["note"], "plan": paper.get("plan"), "laboratory": paper.get("laboratory"),
        "side": paper.get("side"),
    }  # fmt: skip


def whole(store: Store, one: Inspection, called: Called = str) -> Json:
    """A paper row by row, with its receipt. The paper itself names lots canonically, and is opened to who may read."""
    paper = one.paper
    return {
        **summary(one), "rows": [_row(one.act, row, called) for row in paper["rows"]], "placed": paper["seals"],
        "samples": [
            {"bag": bag["bag"], "lot": called(bag["name"]), "part": bag["part"], "gross_kg": _kg(bag["gross_mg"]),
             "seal": bag["seal"]}
            for bag in paper.get("samples", ())
        ],
        "bags": list(paper.get("bags", ())), "flags": list(paper.get("flags", ())),
        "receipt": receipt(store, one.entry.index),
    }  # fmt: skip


def _row(act: str, row: Mapping[str, Any], called: Called) -> Json:
    lot = called(row["name"]) if row["name"] else None
    if act == MEASUREMENT:
        return {
            "uid": row["uid"], "lot": lot, "label": row["lot"], "product": row["product"], "place": row["place"],
            "event": row["event"], "outcome": row["outcome"], "declared_kg": _kg(row["declared_mg"]),
            "declared_dry_kg": _kg(row["declared_dry_mg"]), "net_kg": _kg(row["mass_mg"]),
            "moisture_pct": None if row["moisture_ppb"] is None else percent(row["moisture_ppb"]),
            "mass_kg": _kg(row["dry_mg"]), "instrument": row["instrument"], "calibrated_on": row["calibrated_on"],
            "method": row["method"], "shares": _shares(row["composition"]), "assay_method": row["assay_method"],
            "seal": row["seal"], "note": row["note"],
        }  # fmt: skip
    if act == RESULT:
        return {
            "bag": row["bag"], "reference_material": row["reference_material"], "lot": lot,
            "shares": _shares(row["composition"]), "certified": _shares(row["certified"]), "method": row["method"],
            "analysed_on": row["analysed_on"], "note": row["note"],
        }  # fmt: skip
    return {
        "lot": lot, "product": row["product"], "mass_kg": format_kg(row["dry_mg"]), "method": row["method"],
        "location": row["location"], "seal": row["seal"],
    }  # fmt: skip


def visit_document(store: Store, visit: Visit, called: Called = str, *, with_unmeasured: bool = True) -> Json:
    """A visit: all its papers, each bag with its chain and who holds it now, and how it agrees with its plan.

    Without `with_unmeasured` nothing is named that is still to be measured. `sights`: what was done up to now would
    have shown, as a plan's paper has them.
    """
    beside = planned(store, visit)
    sights = [] if beside is None else shown_by(beside.plan, visit, store.newest_register().tables["methods"])["sights"]
    return {
        "visit": visit.entry, "organisation": visit.organisation, "site": visit.site, "on": visit.on.isoformat(),
        "plan": visit.plan, "papers": [whole(store, one, called) for one in visit.papers],
        "bags": [_bag(one, called) for one in visit.bags.values()],
        "unmeasured": [
            {"lot": called(item["lot"]), "label": item["label"], "place": item["place"], "do": item["do"]}
            for item in (beside.unmeasured if beside and with_unmeasured else ())
        ],
        "by_hand": [called(row["name"]) for _, row in (beside.by_hand if beside else ())],
        "sights": sights,
    }  # fmt: skip


def _bag(bag: Bag, called: Called) -> Json:
    return {
        "bag": bag.bag, "part": bag.part, "lot": called(bag.name), "gross_kg": _kg(bag.gross_mg), "seal": bag.seal,
        "holder": bag.holder, "broken": bag.broken is not None, "results": list(bag.results),
        "chain": [
            {"entry": one.entry, "from": one.giver, "to": one.taker, "at": one.at, "seal_intact": one.seal_intact,
             "note": one.note}
            for one in bag.chain
        ],
    }  # fmt: skip


def taken_document(store: Store, done: Taken, called: Called = str) -> Json:
    """What became of what was handed in: its papers with their receipts, its problems, what stood already."""
    own = {one.index for one in done.entries}
    who = {one.organisation for one in done.entries}
    every = inspections(store, None if None in who else [one for one in who if one is not None]) if own else []
    return {
        "accepted": done.accepted, "entries": [whole(store, one, called) for one in every if one.entry.index in own],
        "repeated": dict(done.repeated), "problems": [one.as_json() for one in done.problems],
    }  # fmt: skip


def _kg(mass_mg: int | None) -> str | None:
    return None if mass_mg is None else format_kg(mass_mg)


def _shares(composition: str | None) -> dict[str, str] | None:
    return None if composition is None else {symbol: percent(ppb) for symbol, ppb in shares_of(composition).items()}
