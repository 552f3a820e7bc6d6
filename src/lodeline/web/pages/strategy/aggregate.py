"""What the agency of another state is told of runs: sums of groups of firms, and nothing of any firm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpResponse

from lodeline.language import Text, text
from lodeline.office.strategy import releases
from lodeline.office.strategy.runs import StrategyError
from lodeline.web.pages.strategy import asked
from lodeline.web.pages.strategy.run_tables import RANGED, filed, ranged
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Row, Table, shown, wanted_csv
from lodeline.web.visit import BadQuestionError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import strategy as says
from lodeline.web.words import words

Json = Mapping[str, Any]
_PARTS: Final[Mapping[str, Text]] = {
    "other": text("countries that do not stand by themselves"),
    "all": text("all countries"),
}
_KEPT_BACK: Final[Mapping[str, Text]] = {
    "few": text("too few firms"),
    "dominated": text("one or two firms make up too much"),
    "difference": text("with what was told before it would tell of a firm"),
    "part": text("a part of it is kept back"),
}
_QUANTITIES: Final[Mapping[str, Text]] = {
    "need_kg_per_day": text("Used a day"),
    "stopping_kg_per_day": text("Of it by plants that stop"),
    "lost_kg": text("Lost", context="strategy"),
}


def aggregate(visit: Visit) -> HttpResponse:
    """The page `strategy/aggregate/`, of the own state."""
    try:
        found = releases.told(visit.actor)
    except StrategyError as error:
        raise BadQuestionError(error.words) from error
    tables = [_table(visit, one, place) for place, one in enumerate(found, 1)]
    csv = wanted_csv(visit, *tables) if tables else None
    if csv is not None:
        return csv
    state = visit.actor.agency_of or ""
    country = words.country(state, visit.language)
    n = written.count(len(found))
    return show(
        visit,
        "lodeline/strategy/aggregate.html",
        title=(
            visit.text(
                "{n} run{s} of scenarios {are} published to {country}",
                n=n,
                s="" if len(found) == 1 else "s",
                are="is" if len(found) == 1 else "are",
                country=country,
            )
            if found
            else visit.text("No run of a scenario is published to {country}", country=country)
        ),
        runs=[
            {
                "name": one["scenario"].get(f"name_{visit.language}") or one["scenario"].get("name", ""),
                "when": written.day(one["published"], visit.language),
                "days": _days(visit, one),
                "table": shown(visit, table),
                "synthetic": bool(one["stamp"].get("synthetic")),
            }
            for one, table in zip(found, tables, strict=True)
        ],
        legend=asked.legend(visit),
    )


def _days(visit: Visit, one: Json) -> str:
    settings = one["settings"]
    if "starts" not in settings:
        return ""
    starts, days = written.day(settings["starts"], visit.language), settings.get("horizon_days")
    return visit.text("from {starts}, {days} days", starts=starts, days=days)


def _table(visit: Visit, one: Json, place: int) -> Table:
    goods = Counter(row["class"] for row in one["rows"])
    return Table(
        name=f"run-{place}",
        caption=visit.text("Groups of firms"),
        columns=(
            Column(key="class", label=text("Goods", context="strategy")),
            Column(key="part", label=text("Plants in")),
            Column(key="firms", label=text("Firms")),
            *(Column(key=key, label=label, number=True, unit="kg") for key, label in _QUANTITIES.items()),
            *filed(RANGED),
        ),
        rows=[_row(visit, row, alone=goods[row["class"]] == 1) for row in one["rows"]],
        empty=visit.text("Of this run nothing can be told."),
    )


def _row(visit: Visit, row: Json, *, alone: bool) -> Row:
    """`alone`: no country of the class stands by itself, so that what is told is of all of them."""
    part = "all" if alone and row["part"] == "other" else row["part"]
    named = _PARTS[part][visit.language] if part in _PARTS else words.country(part, visit.language)
    return (
        Cell(text=says.goods(row["class"], visit.language), value=row["class"]),
        Cell(text=named, value=part),
        Cell(text=row["firms"] or visit.text("not told", context="strategy"), value=row["firms"] or ""),
        *(_told(visit, row, key) for key in _QUANTITIES),
        # What a range would tell beside them is another sum of the group: none is published.
        *ranged(visit, row, None, None),
    )


def _told(visit: Visit, row: Json, key: str) -> Cell:
    if row[key] is None:
        why = words.word(_KEPT_BACK, row["kept_back"].get(key, ""), visit.language)
        return Cell(text=visit.text("not told", context="strategy"), note=why, value="")
    return Cell(text=says.mass(row[key], visit.language), value=row[key])
