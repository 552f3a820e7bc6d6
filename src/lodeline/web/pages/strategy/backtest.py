"""The run held against what was seen in April 2025, with its error first and what was fitted after the event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse

from lodeline.language import bilingual, text
from lodeline.service.strategy.asked import backtest as backtest_answer
from lodeline.web.pages.strategy import asked
from lodeline.web.pages.strategy.run_tables import RANGED, STATED, number_cell, ranged, stated
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Row, Table, shown, wanted_csv
from lodeline.web.visit import Visit
from lodeline.web.words import format as written

Json = Mapping[str, Any]


def backtest(visit: Visit) -> HttpResponse:
    """The page `strategy/backtest/`."""
    reading = visit.reading
    found: Json = reading.answer(backtest_answer, reading.law)
    first, national = _first(visit, found), _national(visit, found)
    csv = wanted_csv(visit, first, national)
    if csv is not None:
        return csv
    seen, language = found["seen"], visit.language
    day = seen["first_stop_day"]
    return show(
        visit,
        "lodeline/strategy/backtest.html",
        title=found["headline"][language],
        calibration=found["calibration"] and found["calibration"][language],
        seen=None if day is None else written.number(day),
        mark=asked.mark(visit, seen),
        note=found["national_note"] and found["national_note"][language],
        legend=asked.legend(visit),
        tables={"first": shown(visit, first), "national": shown(visit, national)},
    )


def _first(visit: Visit, found: Json) -> Table:
    """The first stop as the run has it, for several stocks and numbers of plants."""

    def row(one: Json) -> Row:
        error = one["error_days"]
        return (
            Cell(text=visit.text("{plants} plants", plants=one["plants"]), value=one["plants"]),
            number_cell(one["stock_days"]),
            *(number_cell(one[part]) for part in ("p10", "p50", "p90")),
            number_cell(found["seen"]["first_stop_day"]),
            Cell(text=written.NOTHING if error is None else _signed(error), value=error),
            *stated(visit, one),
        )

    return Table(
        name="first-stop",
        caption=visit.text("The first stop"),
        columns=(
            Column(key="plants", label=text("Plants", context="strategy, backtest")),
            Column(key="stock", label=text("Stock, days (median)"), number=True),
            *(
                Column(key=part, label=bilingual(part.upper(), part.upper()), number=True)
                for part in ("p10", "p50", "p90")
            ),
            Column(key="seen", label=text("Reported", context="strategy"), number=True),
            Column(key="error", label=text("Error, days"), number=True),
            *STATED,
        ),
        rows=[row(one) for one in (*found["first_stop"], *found["by_number_of_plants"])],
        empty=visit.text("Nothing was run."),
    )


def _national(visit: Visit, found: Json) -> Table:
    """Days of use by which what crossed the border is short."""
    return Table(
        name="national",
        caption=visit.text("Days of use short"),
        columns=(
            Column(key="month", label=text("By the end of")),
            Column(key="seen", label=text("As published, days"), number=True),
            Column(key="run", label=text("As run, days"), number=True),
            Column(key="error", label=text("Error, days"), number=True),
            *RANGED,
        ),
        rows=[
            (
                Cell(text=written.month(one["month"], visit.language), value=one["month"]),
                number_cell(one["seen_days"]), number_cell(one["run_days"]),
                Cell(text=_signed(one["error_days"]), value=one["error_days"]), *ranged(visit, one, None, None),
            )
            for one in found["national"]
        ],
        empty=visit.text("No series was published."),
    )  # fmt: skip


def _signed(days: float) -> str:
    said = written.number(round(days, 1))
    return f"+{said}" if days > 0 else said
