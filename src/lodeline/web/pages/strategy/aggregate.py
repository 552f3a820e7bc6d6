"""What the agency of another state is told of runs: sums of groups of firms, and nothing of any firm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpResponse

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
from lodeline.web.words.language import Text, text

Json = Mapping[str, Any]
_PARTS: Final[Mapping[str, Text]] = {
    "other": text("countries that do not stand by themselves", "未单列的国家和地区"),
    "all": text("all countries", "全部国家和地区"),
}
_KEPT_BACK: Final[Mapping[str, Text]] = {
    "few": text("too few firms", "企业过少"),
    "dominated": text("one or two firms make up too much", "一两家企业占比过高"),
    "difference": text("with what was told before it would tell of a firm", "结合已告知内容可推知企业"),
    "part": text("a part of it is kept back", "部分未公布"),
}
_QUANTITIES: Final[Mapping[str, Text]] = {
    "need_kg_per_day": text("Used a day", "每日用量"),
    "stopping_kg_per_day": text("Of it by plants that stop", "其中停产工厂"),
    "lost_kg": text("Lost", "损失"),
}


def aggregate(visit: Visit) -> HttpResponse:
    """The page `strategy/aggregate/`, of the own state."""
    try:
        found = releases.told(visit.actor)
    except StrategyError as error:
        raise BadQuestionError(error.en, error.zh) from error
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
        title=visit.text(
            f"{n} run{'' if len(found) == 1 else 's'} of scenarios {'is' if len(found) == 1 else 'are'} published to"
            f" {country}" if found else f"No run of a scenario is published to {country}",
            f"已向{country}公布{n}项推演" if found else f"尚未向{country}公布推演",
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
    )  # fmt: skip


def _days(visit: Visit, one: Json) -> str:
    settings = one["settings"]
    if "starts" not in settings:
        return ""
    starts, days = written.day(settings["starts"], visit.language), settings.get("horizon_days")
    return visit.text(f"from {starts}, {days} days", f"{starts}起{days}天")


def _table(visit: Visit, one: Json, place: int) -> Table:
    goods = Counter(row["class"] for row in one["rows"])
    return Table(
        name=f"run-{place}",
        caption=visit.text("Groups of firms", "企业分组"),
        columns=(
            Column(key="class", label=text("Goods", "货物类别")),
            Column(key="part", label=text("Plants in", "工厂所在")),
            Column(key="firms", label=text("Firms", "企业数")),
            *(Column(key=key, label=label, number=True, unit="kg") for key, label in _QUANTITIES.items()),
            *filed(RANGED),
        ),
        rows=[_row(visit, row, alone=goods[row["class"]] == 1) for row in one["rows"]],
        empty=visit.text("Of this run nothing can be told.", "该推演没有可公布的内容。"),
    )


def _row(visit: Visit, row: Json, *, alone: bool) -> Row:
    """`alone`: no country of the class stands by itself, so that what is told is of all of them."""
    part = "all" if alone and row["part"] == "other" else row["part"]
    named = _PARTS[part][visit.language] if part in _PARTS else words.country(part, visit.language)
    return (
        Cell(text=says.goods(row["class"], visit.language), value=row["class"]),
        Cell(text=named, value=part),
        Cell(text=row["firms"] or visit.text("not told", "不公布"), value=row["firms"] or ""),
        *(_told(visit, row, key) for key in _QUANTITIES),
        # What a range would tell beside them is another sum of the group: none is published.
        *ranged(visit, row, None, None),
    )


def _told(visit: Visit, row: Json, key: str) -> Cell:
    if row[key] is None:
        why = words.word(_KEPT_BACK, row["kept_back"].get(key, ""), visit.language)
        return Cell(text=visit.text("not told", "不公布"), note=why, value="")
    return Cell(text=says.mass(row[key], visit.language), value=row[key])
