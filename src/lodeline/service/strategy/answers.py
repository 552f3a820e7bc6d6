"""What pages ask of the strategic view: the scenarios of the tables in force, a run of one, two beside each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.strategy import dependence as depending
from lodeline.service.strategy import runs
from lodeline.service.strategy.inputs import inputs_of
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store

Json = dict[str, Any]


def scenarios(store: Store, snapshot: Snapshot) -> list[Json]:
    """The scenarios of the table in force, in its order: `name`, `en`, `zh`, `starts` (ISO day), `note`."""
    rows = inputs_of(store, snapshot.entry).scenarios.iter_rows(named=True)
    return [
        {
            "name": row["scenario"], "en": row["name_en"] or row["name_zh"] or row["scenario"],
            "zh": row["name_zh"] or row["name_en"] or row["scenario"], "starts": f"{row['starts']}",
            "note": row["note"] or "",
        }
        for row in rows
    ]  # fmt: skip


def run(store: Store, snapshot: Snapshot, law: Jurisdiction, *, name: str) -> Json:
    """A run of a scenario, as `service.strategy.runs` gives it. Raises UserError for a name that no scenario has."""
    return runs.run_scenario(snapshot, law, inputs_of(store, snapshot.entry), name)


def comparison(store: Store, snapshot: Snapshot, law: Jurisdiction, *, first: str, second: str) -> Json:
    """Two scenarios beside each other. Raises UserError for a name that no scenario has."""
    return runs.compare(snapshot, law, inputs_of(store, snapshot.entry), first, second)


def dependence(snapshot: Snapshot, law: Jurisdiction, *, element: str, country: str, customer: str) -> Json:
    """Who depends on whom for an element; country, customer: of the buyers, "" for all of them."""
    return depending.dependence(snapshot, law, element=element, country=country or None, customer=customer or None)


def tables(store: Store) -> Mapping[str, Any]:
    """The tables as the log has them now: name → its rows as a frame, and `digests`, `entry` of them all."""
    inputs = inputs_of(store)
    names = ("plants", "bill", "cover", "suppliers", "scenarios", "instruments")
    return {
        "frames": {name: getattr(inputs, name) for name in names}, "digests": dict(inputs.digests),
        "entry": inputs.entry,
    }  # fmt: skip
