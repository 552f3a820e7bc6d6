"""Transfers: what both sides have confirmed, what still waits and how long, and whose scales disagree.

The headline counts what is past both deadlines and has not closed; where everything has closed, it says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import polars as pl
from django.http import HttpResponse

from lodeline.service.filing import transfers as questions
from lodeline.web.drawing.bars import BarKind, Part, Stack, Stacks, draw_stacks
from lodeline.web.drawing.svg import Markup
from lodeline.web.pages.common import asked
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, FrameRows, Row, Table, shown, wanted_csv
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.language import Text, text
from lodeline.web.words.words import Tone

#: Where a transfer stands, by shape, colour and word.
STANDINGS: Final[Mapping[str, Text]] = {
    "exception": text("Past both deadlines", "双方均已逾期"),
    "waiting": text("Not due yet", "尚未到期"),
    "differs": text("Closed, differs", "已闭合，有差异"),
    "matched": text("Closed", "已闭合"),
    "delivered-unfiled": text("Other side exempt", "对方无申报义务"),
}
STANDING_MARKS: Final[Mapping[str, tuple[str, Tone]]] = {
    "exception": ("down", "loss"),
    "waiting": ("ring", "quiet"),
    "differs": ("half", "gain"),
    "matched": ("tick", "flow"),
    "delivered-unfiled": ("bar", "quiet"),
}
CAUSES: Final[Mapping[str, Text]] = {
    "no-receipt": text("no receipt filed", "未申报收货"),
    "no-shipment": text("no shipment filed", "未申报发货"),
    "mass-differs": text("mass differs", "质量不符"),
    "lot-differs": text("lot differs", "批次不符"),
    "party-differs": text("another firm received it", "收货企业不符"),
}
#: What may be asked for as `?state=`: a standing, or all that has not closed.
STATES: Final[Mapping[str, Text]] = {"open": text("Not closed", "未闭合"), **STANDINGS}
_AGE_KINDS: Final[Mapping[str, BarKind]] = {"waiting": "quiet", "exception": "loss"}
#: Shape and tone of a mean difference, by whether less arrives than was shipped.
_SIGNS: Final[Mapping[bool, tuple[str, Tone]]] = {True: ("down", "loss"), False: ("up", "gain")}
_TRANSFERS_SHOWN: Final = 25
_PAIRS_SHOWN: Final = 12


def transfers(visit: Visit) -> HttpResponse:
    """The page `transfers/`: `?state=`, `?organisation=`, `?period=`, `?q=` (an event or a lot) narrow it."""
    reading = visit.reading
    every = reading.answer(questions.standing_transfers, reading.snapshot, reading.law)
    names = words.organisation_names(reading.snapshot.register, visit.language)
    months = asked.months(visit)
    organisation, period = asked.organisation(visit, names), asked.period(visit, months)
    state = asked.one_of(visit, "state", STATES)
    about = _about(every, organisation, period)
    ages = questions.ages(about)
    tables = {
        "transfers": _transfers_table(visit, _listed(about, state, visit.query("q")), names),
        "ages": _ages_table(visit, ages),
        "pairs": _pairs_table(visit, questions.differences(about), names),
    }
    csv = wanted_csv(visit, *tables.values())
    if csv is not None:
        return csv
    day = questions.last_filing_day(reading.snapshot, reading.law)
    return show(
        visit,
        "lodeline/filing/transfers.html",
        title=_headline(visit, about),
        about=" · ".join(
            part for part in (organisation and names[organisation], period and written.month(period, visit.language))
            if part
        ),
        lede=_lede(visit, about),
        tiles=_tiles(visit, about),
        drawing=_draw_ages(visit, ages),
        day=written.day(day, visit.language),
        fewest=written.count(questions.FEWEST_WEIGHINGS),
        tables={name: shown(visit, table) for name, table in tables.items()},
        states=asked.options(visit, STATES),
        organisations=_trading(every, names),
        months=asked.period_options(visit, months),
        asked={
            "state": state or "", "organisation": organisation or "", "period": period or "",
            "q": visit.query("q") or "",
        },
    )  # fmt: skip


def _about(every: pl.DataFrame, organisation: str | None, period: str | None) -> pl.DataFrame:
    if organisation is not None:
        every = every.filter((pl.col("shipper") == organisation) | (pl.col("receiver") == organisation))
    return every if period is None else every.filter(pl.col("period") == period)


def _listed(about: pl.DataFrame, state: str | None, text: str | None) -> pl.DataFrame:
    if state is not None:
        wanted = questions.UNCLOSED if state == "open" else (state,)
        about = about.filter(pl.col("standing").is_in(wanted))
    if text is not None:
        named = [
            pl.col(column).fill_null("").str.to_lowercase() for column in ("name", "shipment_event", "receipt_event")
        ]
        about = about.filter(pl.any_horizontal(one.str.contains(text.lower(), literal=True) for one in named))
    return about


def _trading(every: pl.DataFrame, names: Mapping[str, str]) -> list[asked.Option]:
    """Firms that ship or receive, by name."""
    ids = {one for column in ("shipper", "receiver") for one in every[column].unique() if one in names}
    return sorted(((one, names[one]) for one in ids), key=lambda option: option[1])


def _counts(about: pl.DataFrame) -> dict[str, int]:
    return dict.fromkeys(STANDINGS, 0) | dict(about.group_by("standing").len().iter_rows())


def _headline(visit: Visit, about: pl.DataFrame) -> str:
    counts = _counts(about)
    late, waiting = counts["exception"], counts["waiting"]
    if not about.height:
        return visit.text("No transfer has been filed", "没有流转申报")
    if late:
        one, many = "transfer past both deadlines has not closed", "transfers past both deadlines have not closed"
        return visit.text(asked.counted(late, one, many), f"{written.count(late)}笔流转双方均已逾期而未闭合")
    if waiting:
        one, many = "is not due yet", "are not due yet"
        return visit.text(
            f"Every transfer that is due has closed; {asked.counted(waiting, one, many)}",
            f"到期流转均已闭合，{written.count(waiting)}笔尚未到期",
        )
    return visit.text("Every transfer has closed", "全部流转均已闭合")


def _lede(visit: Visit, about: pl.DataFrame) -> dict[str, str]:
    """The numbers that carry the headline."""
    weighed = about.filter(pl.col("difference_mg").is_not_null())
    shipped, difference = (int(weighed[column].sum()) for column in ("shipped_mg", "difference_mg"))
    return {
        "all": written.count(about.height),
        "weighed": written.count(weighed.height) if weighed.height else "",
        "difference": written.mass(difference, visit.language, signed=True),
        "share": written.percent(difference / shipped if shipped else None, visit.language, 4, signed=True),
    }


def _tiles(visit: Visit, about: pl.DataFrame) -> list[dict[str, object]]:
    """How many stand where, with their mass; each leads to its rows."""
    mass = pl.coalesce("shipped_mg", "received_mg").sum()
    masses = dict(about.group_by("standing").agg(mass).iter_rows())
    counts = _counts(about)
    return [
        {
            "label": visit.localized(word), "figure": written.count(counts[standing]),
            "sub": written.mass(masses.get(standing, 0), visit.language) + visit.text(" dry", "（干重）"),
            "shape": STANDING_MARKS[standing][0], "tone": STANDING_MARKS[standing][1], "trend": "",
            "href": visit.here(state=standing, **{"transfers.page": None}) + "#transfers",
        }
        for standing, word in STANDINGS.items()
    ]  # fmt: skip


def _transfers_table(visit: Visit, rows: pl.DataFrame, names: Mapping[str, str]) -> Table:
    def party(one: str | None) -> Cell:
        if one is None:
            return Cell(text=visit.text("Not registered", "未登记"))
        href = visit.url("organisation", organisation=one) if one in names else None
        return Cell(text=names.get(one, one), value=one, href=href)

    return Table(
        name="transfers",
        caption=visit.text("Transfers", "流转"),
        columns=(
            Column(key="lot", label=text("Lot", "批次")),
            Column(key="day", label=text("Day", "日期")),
            Column(key="shipper", label=text("From", "发货方")),
            Column(key="receiver", label=text("To", "收货方")),
            Column(key="shipped", label=text("Shipped", "发货"), number=True, unit="kg"),
            Column(key="received", label=text("Received", "收货"), number=True, unit="kg"),
            Column(key="difference", label=text("Difference", "收发差"), number=True, unit="kg"),
            Column(key="state", label=text("State", "状态")),
        ),
        rows=FrameRows(
            rows,
            lambda row: _transfer_row(visit, row, party(row["shipper"]), party(row["receiver"])),
            sorts={
                "lot": "name",
                "day": "day",
                "shipper": "shipper",
                "receiver": "receiver",
                "shipped": "shipped_mg",
                "received": "received_mg",
                "difference": "difference_mg",
                "state": "standing",
            },
        ),
        per_page=_TRANSFERS_SHOWN,
        empty=visit.text(
            "No transfer is like that: take a filter away, or write less of the lot or event.",
            "没有符合条件的流转：请减少筛选条件，或少写几个批次号、事件号字符。",
        ),
    )


def _transfer_row(visit: Visit, row: Mapping[str, Any], shipper: Cell, receiver: Cell) -> Row:
    language = visit.language
    shape, tone = STANDING_MARKS[row["standing"]]
    notes = [words.word(CAUSES, row["cause"], language)] if row["cause"] else []
    if row["age_days"] is not None:
        notes.append(visit.text(f"{row['age_days']} days", f"已{row['age_days']}天"))

    def half(mass_mg: int | None, entry: int | None) -> Cell:
        if mass_mg is None:
            return Cell(text=written.NOTHING)
        href = None if entry is None else visit.url("entry", entry=entry)
        return Cell(text=written.mass(mass_mg, language), value=mass_mg / written.MG_PER_KG, href=href)

    difference = row["difference_mg"]
    return (
        Cell(
            text=row["name"], value=row["name"], href=visit.url("lot", lot=row["name"]),
            note=" → ".join(event for event in (row["shipment_event"], row["receipt_event"]) if event),
        ),
        Cell(
            text=written.day(row["day"], language), value=row["day"].isoformat(),
            note="" if row["shipped_on"] else visit.text("day of receipt", "收货日"),
        ),
        shipper,
        receiver,
        half(row["shipped_mg"], row["shipment_entry"]),
        half(row["received_mg"], row["receipt_entry"]),
        Cell(
            text=written.NOTHING if not difference else written.mass(difference, language, signed=True),
            value=None if difference is None else difference / written.MG_PER_KG,
        ),
        Cell(
            text=words.word(STANDINGS, row["standing"], language), value=row["standing"], shape=shape, tone=tone,
            note=visit.text(", ", "，").join(notes),
        ),
    )  # fmt: skip


def _age(visit: Visit, row: Mapping[str, Any]) -> str:
    if row["to_days"] is None:
        return visit.text(f"More than {row['from_days'] - 1} days", f"超过{row['from_days'] - 1}天")
    return visit.text(f"{row['from_days']} to {row['to_days']} days", f"{row['from_days']}至{row['to_days']}天")


def _ages_table(visit: Visit, ages: pl.DataFrame) -> Table:
    rows = [
        (
            Cell(text=_age(visit, row), value=row["from_days"]),
            Cell(
                text=words.word(STANDINGS, row["standing"], visit.language), value=row["standing"],
                shape=STANDING_MARKS[row["standing"]][0], tone=STANDING_MARKS[row["standing"]][1],
            ),
            Cell(text=written.count(row["count"]), value=row["count"]),
            Cell(text=written.mass(row["mass_mg"], visit.language), value=row["mass_mg"] / written.MG_PER_KG),
        )
        for row in ages.iter_rows(named=True)
    ]  # fmt: skip
    return Table(
        name="ages",
        caption=visit.text("Age of what has not closed", "未闭合流转的账龄"),
        columns=(
            Column(key="age", label=text("Age", "账龄")),
            Column(key="state", label=text("State", "状态")),
            Column(key="count", label=text("Transfers", "流转"), number=True),
            Column(key="mass", label=text("Dry mass", "干重"), number=True, unit="kg"),
        ),
        rows=rows,
        empty=visit.text("Nothing waits: every transfer has closed.", "没有待闭合的流转。"),
    )


def _draw_ages(visit: Visit, ages: pl.DataFrame) -> Markup:
    stacks: dict[str, list[Part]] = {}
    for row in ages.iter_rows(named=True):
        mass = written.mass(row["mass_mg"], visit.language)
        stacks.setdefault(_age(visit, row), []).append(
            Part(
                label=words.word(STANDINGS, row["standing"], visit.language), value=row["count"],
                text=f"{written.count(row['count'])} · {mass}", kind=_AGE_KINDS[row["standing"]],
                href=visit.here(state=row["standing"], **{"transfers.page": None}) + "#transfers",
            )
        )  # fmt: skip
    name = visit.text("Transfers that have not closed, by age", "未闭合流转（按账龄）")
    drawn = tuple(Stack(label=label, parts=tuple(parts)) for label, parts in stacks.items())
    return draw_stacks(Stacks(name=name, stacks=drawn), width=640)


def _pairs_table(visit: Visit, pairs: pl.DataFrame, names: Mapping[str, str]) -> Table:
    """Shipper and receiver whose masses differ, furthest from zero first."""
    return Table(
        name="pairs",
        caption=visit.text("Shipper–receiver differences", "收发差"),
        columns=(
            Column(key="shipper", label=text("From", "发货方")),
            Column(key="receiver", label=text("To", "收货方")),
            Column(key="weighings", label=text("Weighed by both", "双方过磅"), number=True),
            Column(key="mean", label=text("Mean difference", "平均差"), number=True),
            Column(key="distance", label=text("In its errors", "误差倍数"), number=True),
            Column(key="less", label=text("Less, more arrived", "少收、多收"), number=True),
            Column(key="sum", label=text("In all", "合计"), number=True, unit="kg"),
        ),
        rows=FrameRows(pairs, lambda row: _pair_row(visit, row, names)),
        per_page=_PAIRS_SHOWN,
        empty=visit.text("No transfer here has been weighed by both sides.", "此处没有双方均已过磅的流转。"),
    )


def _pair_row(visit: Visit, row: Mapping[str, Any], names: Mapping[str, str]) -> Row:
    language = visit.language
    error = "" if row["error"] is None else f"± {written.percent(row['error'], language, 3)}"
    shape, tone = _SIGNS[row["mean"] > 0]
    return (
        Cell(
            text=names.get(row["shipper"], row["shipper"]), value=row["shipper"],
            href=visit.url("transfers", query={"organisation": row["shipper"]}),
        ),
        Cell(
            text=names.get(row["receiver"], row["receiver"]), value=row["receiver"],
            href=visit.url("transfers", query={"organisation": row["receiver"]}),
        ),
        Cell(text=written.count(row["weighings"]), value=row["weighings"]),
        Cell(
            text=written.percent(row["mean"], language, 3, signed=True), value=row["mean"], note=error,
            shape=shape if row["mean"] else "", tone=tone if row["mean"] else None,
        ),
        Cell(text=written.sigmas(row["distance"]), value=row["distance"]),
        Cell(text=f"{written.count(row['less'])} : {written.count(row['more'])}", value=row["less"] - row["more"]),
        Cell(
            text=written.mass(row["difference_mg"], language, signed=True),
            value=row["difference_mg"] / written.MG_PER_KG,
        ),
    )  # fmt: skip
