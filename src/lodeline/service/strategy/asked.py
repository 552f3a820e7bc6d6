"""Questions about the strategic view, as they are put to a reading: by name, with plain arguments."""

from __future__ import annotations

from typing import Any, Final

from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.strategy import runs
from lodeline.service.strategy.held import accounts_at
from lodeline.service.strategy.inputs import inputs_of
from lodeline.service.strategy.network import graph_json
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store
from lodeline.strategy.inputs.tables import scenarios_of
from lodeline.strategy.judged.backtest import april_2025
from lodeline.strategy.judged.backtest import backtest as tested

Json = dict[str, Any]
#: A law → its backtest, which takes ten seconds and which no entry of the log changes; so many are kept.
_TESTED: Final[dict[Jurisdiction, Json]] = {}
_LAWS_KEPT: Final = 8


def graph(
    store: Store, snapshot: Snapshot, law: Jurisdiction, *, base_from: str | None = None, base_to: str | None = None
) -> Json:
    """The network of a base window (`service.strategy.network.graph_json`)."""
    return graph_json(snapshot, law, inputs_of(store, snapshot.entry), base_from=base_from, base_to=base_to)


def run(store: Store, snapshot: Snapshot, law: Jurisdiction, *, name: str) -> Json:
    """A run of a scenario (`service.strategy.runs.run_scenario`). Raises UserError for a name that none has."""
    held = accounts_at(store, snapshot, law)
    return runs.run_scenario(snapshot, law, inputs_of(store, snapshot.entry), name, licences=held)


def compared(store: Store, snapshot: Snapshot, law: Jurisdiction, *, first: str, second: str) -> Json:
    """Two scenarios beside each other (`service.strategy.runs.compare`)."""
    held = accounts_at(store, snapshot, law)
    return runs.compare(snapshot, law, inputs_of(store, snapshot.entry), first, second, licences=held)


def scenarios(store: Store, snapshot: Snapshot) -> list[Json]:
    """The scenarios of the tables in force, with their instruments as a count."""
    return [
        {
            "scenario": one.name, "name_en": one.name_en, "name_zh": one.name_zh, "starts": one.starts.isoformat(),
            "settings": {
                "horizon_days": one.horizon_days, "base_from": one.base_from, "base_to": one.base_to,
                "rule": one.rule, "seed": one.seed, "draws": one.draws,
            },
            "instruments": [
                {
                    "id": each.id, "kind": each.kind, "from": each.starts.isoformat(),
                    "to": None if each.ends is None else each.ends.isoformat(), "goods": list(each.goods),
                    "elements": list(each.elements), "to_country": list(each.to_country),
                }
                for each in one.instruments
            ],
            "note": one.note,
        }
        for one in scenarios_of(inputs_of(store, snapshot.entry))
    ]  # fmt: skip


def backtest(law: Jurisdiction) -> Json:
    """The run held against April 2025 (`strategy.judged.backtest.backtest`): computed once for a law in a process."""
    found = _TESTED.get(law)
    if found is None:
        found = tested(april_2025(), law=law)
        if len(_TESTED) >= _LAWS_KEPT:
            _TESTED.clear()
        _TESTED[law] = found
    return found
