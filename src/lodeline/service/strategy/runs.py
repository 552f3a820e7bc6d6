"""Runs of scenarios on the ledger's network: one, two side by side, and how long each plant lasts.

Nothing is kept here: a run is made of a snapshot, the law and the tables in force, and made again of the same it gives
the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from lodeline.control.record import plain
from lodeline.language import Text, bilingual, text
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.entries.subject import Json
from lodeline.service.parties.owners import owners_behind
from lodeline.service.strategy.held import Accounts, with_licences
from lodeline.service.strategy.network import network_of, stamp_of
from lodeline.store.snapshot import Snapshot
from lodeline.strategy.inputs.tables import Inputs, scenario_of
from lodeline.strategy.network import Floats, Network
from lodeline.strategy.run import HELPED, Progress, Run, percentiles, run
from lodeline.strategy.scenario import Scenario

#: Of all that plants need: a loss that grows by less is rounding of goods that went another way.
_NOTHING: Final = 0.001


def run_of(
    snapshot: Snapshot, law: Jurisdiction, inputs: Inputs, name: str, *, draws: int | None = None,
    seed: int | None = None, helped: int = HELPED, licences: Accounts | None = None, progress: Progress | None = None,
) -> Run:  # fmt: skip
    """A run of a scenario. licences: accounts of those that are held (`held.accounts_at`); None counts none.

    Raises UserError where there is no such scenario, or for settings that no run can have.
    """
    scenario = scenario_of(inputs, name)
    network = network_of(
        snapshot, law, inputs, base_from=scenario.base_from or None, base_to=scenario.base_to or None
    )  # fmt: skip
    if licences:
        network = with_licences(network, licences, snapshot.register, scenario)
    owned_by = _owned_by(snapshot, network, scenario)
    return run(
        network, scenario, inputs, law=law, draws=draws, seed=seed, helped=helped, owned_by=owned_by, progress=progress
    )


def run_scenario(
    snapshot: Snapshot, law: Jurisdiction, inputs: Inputs, name: str, *, draws: int | None = None,
    seed: int | None = None, licences: Accounts | None = None, progress: Progress | None = None,
) -> Json:  # fmt: skip
    """Which plants stop, when, for want of what, with ranges and what the answer hangs on (`strategy.answer`)."""
    found = run_of(snapshot, law, inputs, name, draws=draws, seed=seed, licences=licences, progress=progress)
    return found.as_json(stamp_of(snapshot, found.network))


def survive(
    snapshot: Snapshot, law: Jurisdiction, inputs: Inputs, name: str, *, draws: int | None = None,
    licences: Accounts | None = None, progress: Progress | None = None,
) -> Json:  # fmt: skip
    """How long each plant lasts without what is in scope, against how long it is until goods come again.

    `lasts_pct`: share of draws in which it lasts at least to the middle of what it waits for; the shortest first.
    """
    document = run_scenario(snapshot, law, inputs, name, draws=draws, licences=licences, progress=progress)
    keys = (
        "plant", "organisation", "country", "class", "stock_days", "under_way_days", "tts_days", "ttr_days", "stop",
        "basis", "source", "vintage",
    )  # fmt: skip
    plants = [{key: one[key] for key in keys} | {"gap_days": _gap(one)} for one in document["plants"]]
    kept = ("stamp", "scenario", "settings", "digests", "headline", "notes", "coverage")
    return {key: document[key] for key in kept} | {
        "plants": sorted(plants, key=lambda one: (one["gap_days"] is None, one["gap_days"] or 0, one["plant"]))
    }


def _gap(plant: Mapping[str, Any]) -> float | None:
    """Days that a plant lasts (P50) beyond what it waits for; negative: it stands still so long."""
    lasts, waits = plant["tts_days"]["p50"], plant["ttr_days"]["central"]
    return None if lasts is None or waits is None else round(lasts - waits, 1)


def compare(
    snapshot: Snapshot, law: Jurisdiction, inputs: Inputs, first: str, second: str, *, draws: int | None = None,
    licences: Accounts | None = None, progress: Progress | None = None,
) -> Json:  # fmt: skip
    """Two scenarios with the same seed, plant by plant; where one loosens the other, whether it is ever worse."""
    one = run_of(snapshot, law, inputs, first, draws=draws, helped=0, licences=licences, progress=progress)
    other = run_of(
        snapshot, law, inputs, second, draws=one.stop.shape[1], seed=one.seed, helped=0, licences=licences,
        progress=progress,
    )  # fmt: skip
    documents = {
        key: found.as_json(stamp_of(snapshot, found.network)) for key, found in (("first", one), ("second", other))
    }
    kept = ("scenario", "digests", "headline", "notes", "scope", "coverage", "inputs", "totals", "loss", "tornado")
    return {
        "stamp": documents["first"]["stamp"],
        "settings": {
            "first": first,
            "second": second,
            "seed": one.seed,
            "draws": one.stop.shape[1],
            "runs": {key: document["settings"] for key, document in documents.items()},
        },
        **{key: {name: document[name] for name in kept} for key, document in documents.items()},
        "verdict": verdict(one, other),
        "plants": _side_by_side(documents),
    }


def verdict(first: Run, second: Run) -> Json:
    """Whether the second loosens the first, and if so in how many draws it loses more all the same, and by how much.

    The same luck is dealt to both, so draws are compared one by one: what is worse is the looser control's own doing.
    Whoever went without fills his stock when goods may go again, and what he orders beyond his use others lack.
    """
    relation = _relation(first.scenario, second.scenario)
    looser, stricter = (first, second) if relation == "tightens" else (second, first)
    more = looser.lost_kg.sum(axis=0) - stricter.lost_kg.sum(axis=0)
    worse = more > _NOTHING * _demand(stricter)
    plants = (looser.lost_kg - stricter.lost_kg).mean(axis=1) > _NOTHING * _needs(stricter)
    most = max(0.0, float(more.max(initial=0.0)))
    most_pct = 100 * most / needed if (needed := _demand(stricter)) > 0 else 0.0
    said = _said(relation, int(worse.sum()), len(worse), int(plants.sum()), (most, most_pct))
    low, middle, high = (round(float(one), 3) for one in percentiles(-more))
    return {
        "relation": relation, "never_worse": bool(not worse.any()), "draws_worse": int(worse.sum()),
        "plants_worse": int(plants.sum()), "worse_most_kg": round(most, 3), "worse_most_pct": round(most_pct, 4),
        "avoided_kg": {"p10": low, "p50": middle, "p90": high}, **said,
        "basis": "synthetic" if first.network.is_synthetic else "assumption", "source": "both runs, draw by draw",
        "vintage": first.network.vintage or "-",
    }  # fmt: skip


def _relation(first: Scenario, second: Scenario) -> str:
    """`same`, `loosens` (the second is the first with general licences), `tightens` (the other way), or `differs`."""
    one, other = set(first.instruments), set(second.instruments)
    same_terms = (first.starts, first.horizon_days, first.rule, first.base_from, first.base_to) == (
        second.starts, second.horizon_days, second.rule, second.base_from, second.base_to,
    )  # fmt: skip
    if not same_terms:
        return "differs"
    if one == other:
        return "same"
    if one < other and all(act.kind == "loosen" for act in other - one):
        return "loosens"
    if other < one and all(act.kind == "loosen" for act in one - other):
        return "tightens"
    return "differs"


def _said(relation: str, worse: int, draws: int, plants: int, most: tuple[float, float]) -> Text:
    if relation == "same":
        return text("Both do the same.")
    if relation == "differs":
        return text("Neither is the other with a general licence added: which of them costs more is what the runs say.")
    if worse == 0:
        others = f" {plants} plants get less, since others get more." if plants else ""
        others_zh = f"其中 {plants} 家工厂因他人得货而减少。" if plants else ""
        return text(
            "Loosening is never worse: in none of {draws} draws is more lost in all.{others}",
            draws=draws,
            others=bilingual(others, others_zh),
        )
    return text(
        "Loosening is worse in {worse} of {draws} draws, by {most:,.0f} kg at most ({most2:.2g} "
        "% of what plants need): buyers who went without fill their stocks at once, and what "
        "they order beyond their use others lack.",
        worse=worse,
        draws=draws,
        most=most[0],
        most2=most[1],
    )


def _side_by_side(documents: Mapping[str, Json]) -> list[Json]:
    by_plant = {key: {one["plant"]: one for one in found["plants"]} for key, found in documents.items()}
    names = list(dict.fromkeys(name for found in by_plant.values() for name in found))
    rows = []
    for name in names:
        one, other = (by_plant[key].get(name) for key in ("first", "second"))
        known = one or other
        assert known is not None
        rows.append({
            "plant": name, "organisation": known["organisation"], "country": known["country"], "class": known["class"],
            "first": None if one is None else {"stop": one["stop"], "lost_kg": one["lost_kg"]},
            "second": None if other is None else {"stop": other["stop"], "lost_kg": other["lost_kg"]},
            "basis": known["basis"], "source": known["source"], "vintage": known["vintage"],
        })  # fmt: skip
    return rows


def _needs(found: Run) -> Floats:
    """[plants] kg that each needs within the run."""
    units, days = found.network.units, found.scenario.horizon_days
    starts = units.need_start
    return np.array([
        units.need_rate[starts[unit] : starts[unit + 1]].sum() * days for unit in found.plants
    ])  # fmt: skip


def _demand(found: Run) -> float:
    return float(_needs(found).sum())


def _owned_by(snapshot: Snapshot, network: Network, scenario: Scenario) -> dict[str, list[str]]:
    """End users that instruments name → the names, as the network has them, of those they own by half and more."""
    wanted = {one.end_user for one in scenario.instruments if one.end_user}
    if not wanted:
        return {}
    behind = owners_behind(snapshot.register, [], day=scenario.starts)

    def top(name: str) -> str | None:
        return behind.get(plain(name)) or behind.get(f"@{name}")

    names = sorted({*network.edges.end_user, *network.holdings.organisation} - {""})
    return {user: [one for one in names if top(one) is not None and top(one) == top(user)] for user in sorted(wanted)}
