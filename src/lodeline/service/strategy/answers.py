"""What pages ask of the strategic view, as it is put to a reading: by name, with plain arguments."""

from __future__ import annotations

from typing import Any

from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.strategy import dependence as depending
from lodeline.service.strategy import runs
from lodeline.service.strategy.inputs import inputs_of
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store
from lodeline.strategy.judged.backtest import april_2025
from lodeline.strategy.judged.backtest import backtest as tested

Json = dict[str, Any]


def run(store: Store, snapshot: Snapshot, law: Jurisdiction, *, name: str) -> Json:
    """A run of a scenario (`service.strategy.runs.run_scenario`). Raises UserError for a name that none has."""
    return runs.run_scenario(snapshot, law, inputs_of(store, snapshot.entry), name)


def dependence(
    snapshot: Snapshot, law: Jurisdiction, *, element: str, country: str, customer: str, period: str, by: str
) -> Json:  # fmt: skip
    """Booked dependence (`service.strategy.dependence.dependence`); "" narrows nothing."""
    return depending.dependence(
        snapshot, law, element=element, country=country or None, customer=customer or None, period=period or None, by=by
    )


def backtest(law: Jurisdiction) -> Json:
    """The run held against April 2025 (`strategy.judged.backtest.backtest`)."""
    return tested(april_2025(), law=law)
