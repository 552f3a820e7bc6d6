"""Two scenarios beside each other: what the second changes, in words, in figures, and plant by plant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpResponse

from lodeline.language import bilingual, text
from lodeline.service.strategy import asked as questions
from lodeline.service.strategy.briefing import with_names
from lodeline.web.pages.strategy import asked
from lodeline.web.pages.strategy.kept import write_looks
from lodeline.web.pages.strategy.run_tables import (
    PERCENTILES,
    STATED,
    day_cell,
    filed,
    mass_cell,
    number_cell,
    plant_cell,
    stated,
)
from lodeline.web.pages.strategy.scenario import tiles
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Row, Table, shown, wanted_csv
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import strategy as says
from lodeline.web.words import strategy_pictures as pictures

Json = Mapping[str, Any]
_SIDES: Final = ("first", "second")
_PLACES: Final = range(len(_SIDES))
#: Heads and units of what is told of a plant in each.
_FIGURES: Final = {"stop": ("", "停产", "day"), "lost": ("Lost, ", "损失", "kg")}


def compare(visit: Visit) -> HttpResponse:
    """The page `strategy/compare/`: `?first=&second=`, else the first two of the table."""
    found = asked.scenarios(visit)
    if len(found) < 2:
        title = visit.text("There are no two scenarios to compare")
        return show(visit, "lodeline/strategy/empty.html", title=title, tables=visit.opens("strategy-tables"))
    first = asked.known(visit, found, visit.query("first") or found[0]["scenario"])
    other = next(one["scenario"] for one in found if one["scenario"] != first)
    second = asked.known(visit, found, visit.query("second") or other)
    reading = visit.reading
    both: Json = reading.answer(
        questions.compared, reading.store, reading.snapshot, reading.law, first=first, second=second
    )
    write_looks(visit, both["plants"], f"{first} {second}")
    ran = both["settings"]["runs"]
    both = {**with_names(both, visit.register), **{side: {**both[side], "settings": ran[side]} for side in _SIDES}}
    table = _table(visit, both)
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    verdict = both["verdict"]
    return show(
        visit,
        "lodeline/strategy/compare.html",
        title=_headline(visit, both),
        lede=verdict[visit.language],
        mark=asked.mark(visit, verdict),
        options=asked.options(visit, found),
        first=first,
        second=second,
        sides=[_side(visit, both[side]) for side in _SIDES],
        notes=asked.notes(visit, [one for side in _SIDES for one in both[side]["notes"]]),
        legend=asked.legend(visit),
        synthetic_run=bool(both["stamp"].get("synthetic")),
        table=shown(visit, table),
    )


def _name(visit: Visit, side: Json) -> str:
    scenario = side["scenario"]
    return str(scenario.get(f"name_{visit.language}") or scenario["name"])


def _headline(visit: Visit, both: Json) -> str:
    """What the second changes of the first stop, and of how many plants stop."""
    totals = [both[side]["totals"] for side in _SIDES]
    name, before = (_name(visit, both[side]) for side in reversed(_SIDES))
    stops = [one["first_stop"]["p50"] for one in totals]
    counts = [written.count(round(one["stopping"]["p50"] or 0)) for one in totals]
    early, late = stops
    n, of = counts[1], counts[0]
    both_named = visit.text("“{name}” against “{before}”: ", name=name, before=before)
    if early is None and late is None:
        return both_named + visit.text("no plant stops under either")
    if late is None:
        return both_named + visit.text("no plant stops, and {of} did", of=of)
    if early is None:
        return both_named + visit.text("{n} plants stop, and none did", n=n)
    moved = round(late - early)
    days, way = says.days(abs(moved), visit.language), moved > 0
    if moved:
        first = visit.text("{days} {way}", days=days, way=text("later") if way else text("earlier"))
    else:
        first = visit.text("on the same day")
    return both_named + visit.text(
        "the first plant stops {first}, and {n} stop instead of {of}", first=first, n=n, of=of
    )


def _side(visit: Visit, side: Json) -> Json:
    run = {**side, "plants": []}
    name = side["scenario"]["name"]
    return {
        "name": _name(visit, side),
        "headline": side["headline"][visit.language],
        "tiles": tiles(visit, run),
        "loss": pictures.loss(run, visit.language),
        "standing": pictures.standing(run, visit.language),
        "mark": asked.mark(visit, side["totals"]),
        "href": visit.opens("strategy", query={"scenario": name}),
        "keys": {one: f"{one}-{name}" for one in ("loss", "standing")},
    }


def _table(visit: Visit, both: Json) -> Table:
    """Plant by plant: when it stops in either, what it loses in either."""
    starts = [both[side]["settings"]["starts"] for side in _SIDES]

    def row(one: Json) -> Row:
        stops, losses = ([(one[side] or {}).get(key) or {} for side in _SIDES] for key in ("stop", "lost_kg"))
        early, late = (stop.get("p50") for stop in stops)
        told = _told(visit, early, late)
        later = None if early is None or late is None else late - early
        return (
            plant_cell(visit, one),
            *(
                day_cell(visit, start, stop.get(part))
                for start, stop in zip(starts, stops, strict=True)
                for part in PERCENTILES
            ),
            Cell(text=told) if told else number_cell(later),
            *(mass_cell(visit, lost.get(part)) for lost in losses for part in PERCENTILES),
            *stated(visit, one),
        )

    names = [both[side]["scenario"]["name"] for side in _SIDES]

    def column(key: str, place: int, part: str) -> Column:
        """A figure of one scenario: its middle, and in the file its ends."""
        middle, name, (en, zh, unit) = part == "p50", names[place], _FIGURES[key]
        return Column(
            key=f"{key}-{place + 1}" if middle else f"{key}-{place + 1}-{part}",
            label=text("{text}{part} in {name}", text=bilingual(en, zh), part=part.upper(), name=name),
            number=True,
            unit=unit,
            file_only=not middle,
        )

    return Table(
        name="compared",
        caption=visit.text("Plant by plant"),
        columns=(
            Column(key="plant", label=text("Plant")),
            *(column("stop", place, part) for place in _PLACES for part in PERCENTILES),
            Column(key="later", label=text("Later by, days"), number=True),
            *(column("lost", place, part) for place in _PLACES for part in PERCENTILES),
            *filed(STATED),
        ),
        rows=[row(one) for one in sorted(both["plants"], key=_early)],
        empty=visit.text("No plant is touched by either."),
        per_page=25,
    )


def _early(one: Json) -> tuple[float, str]:
    day = ((one["first"] or {}).get("stop") or {}).get("p50")
    return (float("inf") if day is None else float(day)), str(one["plant"])


def _told(visit: Visit, early: float | None, late: float | None) -> str:
    """What is said of a plant that does not stop in one of them, or in both; "" where it stops in both."""
    if early is None and late is None:
        return visit.text("stops in neither")
    if late is None:
        return visit.text("does not stop any more")
    return visit.text("stops now") if early is None else ""
