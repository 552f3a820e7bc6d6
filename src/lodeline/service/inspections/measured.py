"""What inspectors' papers say was measured, visit by visit: plain rows, before the firm's books are asked.

Papers of one plan, or of one site and day, are one visit. What a device sent twice counts once (`uid`). Rows of a lot
in one paper are its places and add up; a later paper about the lot takes their place. A count is a measurement of
masses alone. A result counts for the lot of its bag, the newest for each side; a bag that no measurement names is
nobody's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from lodeline.service.entries import papers
from lodeline.service.inspections.visits import Inspection, inspections
from lodeline.store.store import Store

#: Acts that say what is there.
_MEASURING: Final = ("measurement", "count")
#: Whose result is the authority's figure, the weightiest first; XRF in place comes after them.
_AUTHORITY: Final = ("referee", "authority")
PLACES: Final = ("stock", "receipt", "shipment")


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A composition (canonical, ppb) and who found it: `how` is `laboratory` or `xrf`."""

    composition: str
    laboratory: str | None
    method: str | None
    on: date
    how: str


@dataclass(slots=True, kw_only=True)
class Item:
    """What was seen of one lot at one place (`event`: the firm's row of a receipt or shipment). `inspector_mg` is 0
    where it was absent, None where nobody weighed it; `shares`: by side, and `xrf`."""

    name: str
    place: str
    event: str | None
    on: date
    outcome: str
    product: str | None
    declared_mg: int | None = None
    inspector_mg: int | None = None
    instrument: str | None = None
    calibration: str | None = None
    method: str | None = None
    shares: dict[str, Share] = field(default_factory=dict)

    @property
    def authority(self) -> Share | None:
        """The composition that stands for the authority."""
        found = [self.shares[side] for side in (*_AUTHORITY, "xrf") if side in self.shares]
        return found[0] if found else None


@dataclass(slots=True, kw_only=True)
class Visit:
    """`entry` is that of its first measurement paper, `on` its last day; `whole`: all of the site was counted."""

    entry: int
    organisation: str
    site: str
    on: date
    plan: int | None
    days: set[date]
    whole: bool = False
    items: dict[tuple[str, str, str | None], Item] = field(default_factory=dict)
    bags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A certified reference material that a laboratory measured; compositions canonical."""

    laboratory: str
    on: date
    method: str | None
    composition: str
    certified: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """All visits, by their first entry, their plans' papers by entry, and the reference materials."""

    visits: tuple[Visit, ...] = ()
    plans: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    references: tuple[Reference, ...] = ()


def measured(store: Store, *, upto: int) -> Measured:
    """What the inspections up to an entry measured; without any it costs one look into the log."""
    every = [one for one in inspections(store) if one.entry.index <= upto]
    visits = _visits([one for one in every if one.paper["act"] in _MEASURING])
    references = _results([one for one in every if one.paper["act"] == "result"], visits)
    entries = sorted({one.plan for one in visits if one.plan is not None})
    plans = {entry: _plan(store, entry) for entry in entries}
    return Measured(visits=tuple(visits), plans=plans, references=tuple(references))


def _plan(store: Store, entry: int) -> Mapping[str, Any]:
    found = store.entry(entry)
    assert found is not None, "a measurement names a plan of this log"
    return json.loads(papers.paper_of(store, found))  # type: ignore[no-any-return]


def _visits(every: Sequence[Inspection]) -> list[Visit]:
    visits: list[Visit] = []
    known: dict[tuple[Any, ...], Visit] = {}
    taken: set[str] = set()
    for one in every:
        paper, on = one.paper, date.fromisoformat(one.paper["on"])
        plan, of_day = paper.get("plan"), (paper["organisation"], paper["site"], on)
        visit = known.get(of_day) or (known.get((plan,)) if plan is not None else None)
        if visit is None:
            visit = Visit(
                entry=one.entry.index, organisation=paper["organisation"], site=paper["site"], on=on, plan=plan,
                days={on},
            )  # fmt: skip
            visits.append(visit)
        visit.on, visit.plan = max(visit.on, on), visit.plan if visit.plan is not None else plan
        visit.days.add(on)
        visit.whole |= paper["act"] == "count" and bool(paper.get("whole"))
        known[of_day] = visit
        if plan is not None:
            known[plan,] = visit
        _add(visit, paper, on, taken)
    return visits


def _add(visit: Visit, paper: Mapping[str, Any], on: date, taken: set[str]) -> None:
    """Puts the rows and bags of a paper into its visit."""
    found: dict[tuple[str, str, str | None], Item] = {}
    for row in paper["rows"]:
        uid = row.get("uid")
        if uid is not None and uid in taken:
            continue
        if uid is not None:
            taken.add(uid)
        place = row.get("place") or "stock"
        key = (place, row["name"], row.get("event") if place != "stock" else None)
        one = _item(row, key, on)
        found[key] = one if key not in found else _together(found[key], one)
    visit.items.update(found)
    for sample in paper.get("samples", ()):
        visit.bags.setdefault(sample["bag"].casefold(), sample["name"])


def _item(row: Mapping[str, Any], key: tuple[str, str, str | None], on: date) -> Item:
    outcome = row.get("outcome") or "present"
    declared = row.get("declared_dry_mg")
    if declared is None and row.get("declared_mg") is not None:
        # A label says the net mass; what of it is dry, the inspector's moisture says, if anything.
        declared = row["declared_mg"] * (1_000_000_000 - (row.get("moisture_ppb") or 0)) // 1_000_000_000
    item = Item(
        name=key[1], place=key[0], event=key[2], on=on, outcome=outcome, product=row.get("product"),
        declared_mg=declared, inspector_mg=0 if outcome == "absent" else row.get("dry_mg"),
        instrument=row.get("instrument"), calibration=row.get("calibrated_on"), method=row.get("method"),
    )  # fmt: skip
    if row.get("composition") and "uid" in row:
        # In an older count a composition repeats the label.
        item.shares["xrf"] = Share(
            composition=row["composition"], laboratory=None, method=row.get("assay_method"), on=on, how="xrf"
        )
    return item


def _together(first: Item, second: Item) -> Item:
    """Two places of one lot: what was weighed of it adds up, where both were."""

    def total(one: int | None, other: int | None) -> int | None:
        return None if one is None or other is None else one + other

    first.declared_mg = total(first.declared_mg, second.declared_mg)
    first.inspector_mg = total(first.inspector_mg, second.inspector_mg)
    first.outcome = first.outcome if first.outcome == "present" else second.outcome
    first.shares.update(second.shares)
    return first


def _results(every: Iterable[Inspection], visits: Iterable[Visit]) -> list[Reference]:
    """Puts the results into the items of their bags; gives those of reference materials."""
    bags = {bag: (visit, name) for visit in visits for bag, name in visit.bags.items()}
    references = []
    for one in every:
        paper = one.paper
        for row in paper["rows"]:
            on = date.fromisoformat(row.get("analysed_on") or paper["on"])
            if row.get("reference_material"):
                references.append(
                    Reference(
                        laboratory=paper["laboratory"], on=on, method=row.get("method"),
                        composition=row["composition"] or "", certified=row.get("certified") or "",
                    )
                )  # fmt: skip
                continue
            visit, name = bags.get((row.get("bag") or "").casefold(), (None, ""))
            if visit is None or not row.get("composition"):
                continue
            share = Share(
                composition=row["composition"], laboratory=paper["laboratory"], method=row.get("method"), on=on,
                how="laboratory",
            )  # fmt: skip
            for item in visit.items.values():
                if item.name == name:
                    item.shares[paper["side"]] = share
    return references
