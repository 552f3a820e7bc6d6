"""The layer as files: six tables in the dossier, and beside it what truly comes of the controls."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from lodeline.world.industry import FirmMonth, Industry
from lodeline.world.plan import World
from lodeline.world.strategy.control import Control, controls
from lodeline.world.strategy.figures import figure
from lodeline.world.strategy.goods import Parcel, Sent
from lodeline.world.strategy.life import Dealers, Lives, Place
from lodeline.world.strategy.plants import PlantPlan, plan_plants
from lodeline.world.strategy.tables import tables
from lodeline.world.strategy.truth import Told, truth
from lodeline.world.strategy.window import Window, window_of

#: Days ahead for which a plant knows what comes (assumption).
KNOWN_DAYS = 60
#: More than anything that may happen in a base window, and the least and most that lies there, in days of need.
AMPLE_DAYS, LEAST_DAYS, MOST_DAYS = 2000.0, 6.0, figure("stock-days")[2]


class Works:
    """Collects what the industry sends, month by month, and writes the layer at the end."""

    def __init__(self, world: World) -> None:
        self._world, self._sent = world, Sent(world)

    def month(self, pages: Iterable[FirmMonth]) -> None:
        """Takes the industry's month, before anything is planted in it."""
        self._sent.month(pages)

    def write(self, industry: Industry, out: Path) -> None:
        """Writes `<out>/strategy/*.csv` and `<out>.strategy.json`; lets the industry run on, so it must come last."""
        window = window_of(self._world)
        for pages in industry.run_on(window.more):
            self._sent.month(pages)
        told = what_comes(self._world, self._sent.sorted(), window)
        (out / "strategy").mkdir()
        for name, rows in tables(told).items():
            _put(out / f"strategy/{name}.csv", _csv(rows))
        text = json.dumps(truth(self._world, told), ensure_ascii=False, indent=1) + "\n"
        _put(out.with_name(f"{out.name}.strategy.json"), text)


def what_comes(world: World, parcels: list[Parcel], window: Window) -> Told:
    """The plants live through the base window, and from its end once under each control."""
    plants = plan_plants(world, parcels, window)
    abroad = {party.id: party.country for party in world.parties if party.id.startswith("FOR")}
    before = _settled(world, plants, parcels, window)
    after: list[tuple[Control, list[Place]]] = []
    for control in controls(world.seed, parcels, plants, window.starts, abroad):
        lives = before.forked()
        leaving = list(control.leaving(parcels, window.starts, abroad))
        lives.live(leaving, window.ends, _dealers(control, window))
        after.append((control, lives.places))
    return Told(window=window, plants=plants, parcels=parcels, before=before.places, after=after)


def _dealers(control: Control, window: Window) -> Dealers:
    """Dealers abroad sell what the control holds back only once it is to be had again."""
    return lambda place, day: (
        not place.plant.abroad or control.dealers_have(place.cell.goods, place.plant.party.country, day, window.starts)
    )


def _settled(world: World, plants: list[PlantPlan], parcels: list[Parcel], window: Window) -> Lives:
    """The plants on the morning of the controls.

    A plant has stock enough for the rhythm of its deliveries, those of the next two months too, since it knows of them.
    One without another supplier cannot steer what lies there: it begins with what makes it end with what it means to
    have, or with so much more that it comes through. One that steers means to have what it would have bought on the
    spot. Both are found by living once, the first with more than enough.
    """
    cells = [cell for plant in plants for cell in plant.cells]
    targets = [cell.target_days * cell.need for cell in cells]
    ample = [
        target + (0.0 if cell.steers else AMPLE_DAYS * cell.need) for cell, target in zip(cells, targets, strict=True)
    ]
    tried = Lives(world.seed, plants, ample, window.first, window.ends)
    tried.warm(parcels)
    tried.live(parcels, window.starts, lambda place, day: place.cell.steers)
    ends = [place.stock for place in tried.places]
    tried.live(parcels, window.starts + KNOWN_DAYS, lambda place, day: place.cell.steers)
    stocks = []
    for target, end, place in zip(targets, ends, tried.places, strict=True):
        need = place.cell.need
        if place.cell.steers:
            place.cell.target_days = min(MOST_DAYS, place.cell.target_days + place.spot / need)
            stocks.append(place.cell.target_days * need)
        else:
            stocks.append(place.started + max(target - end, LEAST_DAYS * need - place.least))
    lives = Lives(world.seed, plants, stocks, window.first, window.ends)
    lives.warm(parcels)
    lives.live(parcels, window.starts, lambda place, day: True)
    for place in lives.places:
        place.stop = None
    return lives


def _csv(rows: Iterable[Sequence[str]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()


def _put(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(text)
