"""Two scenarios beside each other: what the second changes, in words, in five figures each, and plant by plant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpResponse

from lodeline.service.strategy import answers
from lodeline.web.pages.strategy import asked
from lodeline.web.pages.strategy.run_tables import STATED, day_cell, mass_cell, number_cell, plant_cell, stated
from lodeline.web.pages.strategy.scenario import tiles
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Row, Table, shown, wanted_csv
from lodeline.web.visit import Visit
from lodeline.web.words import strategy_pictures as pictures
from lodeline.web.words.language import text

Json = Mapping[str, Any]
_PLANTS_MOST = 20


def compare(visit: Visit) -> HttpResponse:
    """The page `strategy/compare/`: `?first=&second=`, else the first two of the table."""
    found = asked.scenarios(visit)
    if len(found) < 2:
        title = visit.text("There are no two scenarios to compare", "不足两个情景，无法对照")
        return show(visit, "lodeline/strategy/empty.html", title=title, tables=visit.opens("strategy-tables"))
    first = asked.known(visit, found, visit.query("first") or found[0]["name"])
    other = next(one["name"] for one in found if one["name"] != first)
    second = asked.known(visit, found, visit.query("second") or other)
    both = [asked.run_of(visit, name) for name in (first, second)]
    reading = visit.reading
    compared: Json = reading.answer(
        answers.comparison, reading.store, reading.snapshot, reading.law, first=first, second=second
    )
    table = _table(visit, both)
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    return show(
        visit,
        "lodeline/strategy/compare.html",
        title=compared["headline"][visit.language],
        options=asked.options(visit, found),
        first=first,
        second=second,
        sides=[_side(visit, run) for run in both],
        notes=[one[visit.language] for one in compared.get("notes") or ()],
        legend=asked.legend(visit),
        synthetic_run=any(run["stamp"].get("synthetic") for run in both),
        table=shown(visit, table),
    )


def _side(visit: Visit, run: Json) -> Json:
    stops = pictures.by_stop(run["plants"])[:_PLANTS_MOST]
    name = run["scenario"]["name"]
    return {
        "name": run["scenario"].get(f"name_{visit.language}") or name,
        "headline": run["headline"][visit.language],
        "tiles": tiles(visit, run),
        "stops": pictures.stops(run, visit.language, plants=stops, width=pictures.HALF + 20),
        "href": visit.opens("strategy", query={"scenario": name}),
        "key": f"stops-{name}",
    }


def _table(visit: Visit, both: Sequence[Json]) -> Table:
    """Plant by plant: when it stops in either, what it loses in either."""
    first, second = ({(one["plant"], one["class"]): one for one in run["plants"]} for run in both)
    starts = [run["settings"]["starts"] for run in both]

    def row(key: tuple[str, str]) -> Row:
        before, after = first.get(key), second.get(key)
        one = before or after
        assert one is not None, "the key is of one of them"
        stops = [None if side is None else side["stop"].get("p50") for side in (before, after)]
        early, late = stops
        later = None if early is None or late is None else late - early
        lost = [None if side is None else (side.get("lost_kg") or {}).get("p50") for side in (before, after)]
        return (
            plant_cell(visit, one),
            *(day_cell(visit, start, day) for start, day in zip(starts, stops, strict=True)),
            number_cell(later) if later is not None else Cell(text=_told(visit, stops), value=None),
            *(mass_cell(visit, kg) for kg in lost),
            *stated(visit, one),
        )

    names = [run["scenario"]["name"] for run in both]
    keys = [(one["plant"], one["class"]) for one in pictures.by_stop(both[0]["plants"])]
    keys += [key for key in second if key not in first]
    return Table(
        name="compared",
        caption=visit.text("Plant by plant", "逐家工厂"),
        columns=(
            Column(key="plant", label=text("Plant", "工厂")),
            *(
                Column(key=f"stop-{place}", label=text(f"P50 in {name}", f"{name} P50"), number=True, unit="day")
                for place, name in enumerate(names, 1)
            ),
            Column(key="later", label=text("Later by, days", "推迟（天）"), number=True),
            *(
                Column(
                    key=f"lost-{place}", label=text(f"Lost in {name}, P50", f"{name} 损失P50"), number=True, unit="kg"
                )
                for place, name in enumerate(names, 1)
            ),
            *STATED,
        ),
        rows=[row(key) for key in keys],
        empty=visit.text("No plant is touched by either.", "两个情景均不涉及任何工厂。"),
        per_page=100,
    )  # fmt: skip


def _told(visit: Visit, stops: Sequence[float | None]) -> str:
    """What is said of a plant that does not stop in one of them, or in both."""
    if stops[0] is None and stops[1] is None:
        return visit.text("stops in neither", "均不停产")
    if stops[1] is None:
        return visit.text("does not stop any more", "不再停产")
    return visit.text("stops now", "转为停产")
