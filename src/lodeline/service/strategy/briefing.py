"""What of a run goes on one sheet: the headline, five figures, the plants of the picture, assumptions and sources.

Each figure keeps its basis, source and vintage. Nothing is computed here: it is chosen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from lodeline.ledger.register import Register

Json = dict[str, Any]
#: So many plants, assumptions and sources fit the sheet.
PLANTS_MOST: Final = 6
ASSUMPTIONS_MOST: Final = 5
SOURCES_MOST: Final = 5
_STATED: Final = ("basis", "source", "vintage")


def briefing(run: Mapping[str, Any]) -> Json:
    """The sheet of a run (`service.strategy.runs.run_scenario`), as data.

    figures: five, by `key`: `first-stop`, `stopping` (with `of`), `lost`, `crosses` (with what the buyers lose by the
    end), and `help` (with the plant, and what is added) or, where nothing helps, `exact`. plants: those that stop
    first. left_out: how many more there are.
    """
    plants = _first_to_stop(run["plants"])
    return {
        "stamp": run["stamp"],
        "settings": run["settings"],
        "digests": run["digests"],
        "scenario": run["scenario"],
        "headline": run["headline"],
        "figures": figures(run),
        "plants": plants[:PLANTS_MOST],
        "left_out": {"plants": max(0, len(plants) - PLANTS_MOST), **_part(run["totals"], _STATED)},
        "scope": run["scope"],
        "coverage": run["coverage"],
        "loss": run.get("loss"),
        "totals": run["totals"],
        "tornado": run.get("tornado") or [],
        "inputs": sorted(run["inputs"], key=lambda one: -abs(one.get("swing_days") or 0))[:ASSUMPTIONS_MOST],
        "notes": run["notes"],
        "sources": _sources(run),
    }


def with_names(run: Mapping[str, Any], register: Register) -> Json:
    """The run with the names that the register has of whoever a plant belongs to, where the plant has none itself."""
    names = {
        row["id"]: (row["name_en"], row["name_zh"])
        for row in register.tables["organisations"].select("id", "name_en", "name_zh").iter_rows(named=True)
    }
    return {**run, "plants": [_named(one, *names.get(one["organisation"], (None, None))) for one in run["plants"]]}


def _named(plant: Mapping[str, Any], en: str | None, zh: str | None) -> Json:
    called = {"name_en": en or zh, "name_zh": zh or en}
    without = [name for name in called if called[name] and plant.get(name) in (None, "", plant["plant"])]
    return {**plant, **{name: f"{called[name]} {_own_part(plant)}".strip() for name in without}}


def _own_part(plant: Mapping[str, Any]) -> str:
    """What tells a plant from the others of its firm: `FOR-0001-P2` of FOR-0001 is `P2`."""
    own = str(plant["plant"]).removeprefix(str(plant["organisation"])).lstrip("-/ ")
    return own if own != plant["plant"] else ""


def _first_to_stop(plants: Sequence[Mapping[str, Any]]) -> list[Json]:
    late = float("inf")

    def key(one: Mapping[str, Any]) -> tuple[float, float, str]:
        stop = one["stop"]
        middle, early = (late if stop.get(part) is None else stop[part] for part in ("p50", "p10"))
        return middle, early, one["plant"]

    return [dict(one) for one in sorted(plants, key=key)]


def figures(run: Mapping[str, Any]) -> list[Json]:
    """The five figures of `briefing`. What a comparison says of each side is enough of a run for them."""
    totals, loss = run["totals"], run.get("loss") or {}
    stated = _part(totals, _STATED)
    found = [
        {"key": "first-stop", **totals["first_stop"], **stated},
        {"key": "stopping", **totals["stopping"], "of": totals["touched"], **stated},
        {"key": "lost", **(totals.get("lost_kg") or {}), **stated},
        {
            "key": "crosses", **(loss.get("crosses") or {}), **_part(loss or totals, _STATED),
            "two_currencies": loss.get("seller_currency", loss.get("currency")) != loss.get("currency")
            and not loss.get("rate"),
            "currency": loss.get("currency"),
            "buyer": {part: values[-1] for part, values in loss.get("buyer", {}).items() if values},
        },
    ]  # fmt: skip
    return [*found, _best_help(run["plants"]) or {"key": "exact", **run["coverage"]}]


def _best_help(plants: Sequence[Mapping[str, Any]]) -> Json | None:
    """What saves most output at one plant."""
    every = [(help_, one) for one in plants for help_ in one.get("helps") or () if (help_.get("avoided_kg") or 0) > 0]
    if not every:
        return None
    help_, one = max(every, key=lambda both: (both[0]["avoided_kg"], both[0].get("later_days") or 0))
    named = _part(one, ("plant", "name_en", "name_zh"))
    return {"key": "help", **named, **_part(one, _STATED), **help_}


def _sources(run: Mapping[str, Any]) -> list[Json]:
    """What the figures rest on, each source once, as it is met; an assumption has its own beside it."""
    loss = [run["loss"]] if run.get("loss") else []
    every = [run["scope"], run["coverage"], *run["plants"], run["totals"], *loss]
    found = {(one["basis"], one["source"], one["vintage"]): None for one in every}
    return [dict(zip(_STATED, one, strict=True)) for one in found][:SOURCES_MOST]


def _part(of: Mapping[str, Any], names: Sequence[str]) -> Json:
    return {name: of.get(name) for name in names}
