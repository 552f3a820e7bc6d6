"""What truly comes of each control, as the file beside the dossier tells it (its shape: see the room)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lodeline.world.plan import World
from lodeline.world.strategy.control import Control
from lodeline.world.strategy.goods import Parcel
from lodeline.world.strategy.life import Place
from lodeline.world.strategy.plants import PlantPlan
from lodeline.world.strategy.window import HORIZON_DAYS, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """All that is known at the end. `before`: on the morning of the controls; `after`: by control, at the horizon."""

    window: Window
    plants: list[PlantPlan]
    parcels: list[Parcel]
    before: list[Place]
    after: list[tuple[Control, list[Place]]]


def truth(world: World, told: Told) -> dict[str, Any]:
    """The document; masses in kg, days from the beginning of the controls."""
    window = told.window
    plants, number = [], 0
    for plant in told.plants:
        plants.append(_plant(plant, told, number))
        number += len(plant.cells)
    return {
        "synthetic": True,
        "world": {
            "seed": world.seed, "organisations": world.organisations, "months": world.months, "start": world.start,
        },
        "starts": window.text(window.starts), "horizon_days": HORIZON_DAYS, "base_from": window.base_from,
        "base_to": window.base_to,
        "scenarios": {control.name: _scenario(control, window) for control, _ in told.after},
        "plants": plants,
        "counts": {control.name: _counts(plants, control.name) for control, _ in told.after},
    }  # fmt: skip


def _scenario(control: Control, window: Window) -> dict[str, Any]:
    return {
        "goods": list(control.goods), "countries": sorted(control.countries),
        "general_from": None if control.general_from is None else control.general_from - window.starts,
        "cases": [
            {
                "exporter": exporter, "end_user": user, "class": goods, "working_days": days,
                "allowed_day": None if comes is None else comes - window.starts,
            }
            for (exporter, user, goods), (days, comes) in control.cases.items()
        ],
    }  # fmt: skip


def _plant(plant: PlantPlan, told: Told, first: int) -> dict[str, Any]:
    numbers = range(first, first + len(plant.cells))
    classes = [_class(number, told) for number in numbers]
    return {
        "plant": plant.id, "organisation": plant.party.id, "country": plant.party.country, "abroad": plant.abroad,
        "product": plant.work["product"], "stop_below_pct": round(plant.stop_below * 100),
        "transit_days": plant.transit, "classes": classes,
        "stops": {control.name: _first_stop(classes, control.name) for control, _ in told.after},
    }  # fmt: skip


def _class(number: int, told: Told) -> dict[str, Any]:
    place, starts = told.before[number], told.window.starts
    cell = place.cell
    return {
        "class": cell.goods, "need_kg_per_day": round(cell.need, 6), "stock_kg": round(place.stock, 6),
        "stock_days": round(place.stock / cell.need, 2),
        "under_way_kg": round(sum(kg for day, kg in place.under_way if day >= starts), 6),
        "filed_pct": round(100 * cell.filed, 2),
        "stops": {
            control.name: None if (stop := after[number].stop) is None else stop - starts
            for control, after in told.after
        },
        "mass": {control.name: _mass(after[number]) for control, after in told.after},
    }  # fmt: skip


def _mass(place: Place) -> dict[str, float]:
    return {
        "started_kg": round(place.started, 6), "arrived_kg": round(place.arrived, 6), "spot_kg": round(place.spot, 6),
        "used_kg": round(place.used, 6), "sold_kg": round(place.sold, 6), "held_kg": round(place.stock, 6),
    }  # fmt: skip


def _first_stop(classes: list[dict[str, Any]], name: str) -> dict[str, Any] | None:
    stops = [(one["stops"][name], one["class"]) for one in classes if one["stops"][name] is not None]
    return {"day": min(stops)[0], "class": min(stops)[1]} if stops else None


def _counts(plants: list[dict[str, Any]], name: str) -> dict[str, int]:
    return {
        "plants": len(plants), "abroad": sum(plant["abroad"] for plant in plants),
        "stopping": sum(plant["stops"][name] is not None for plant in plants),
        "stops": sum(one["stops"][name] is not None for plant in plants for one in plant["classes"]),
    }  # fmt: skip
