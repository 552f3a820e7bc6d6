"""Where filings, invoices and the border disagree: by cause, by firm, one by one, and one with all its papers.

Every figure is of what is open; what may still come is shown apart, with the day until which it may.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl
from django.http import HttpResponse

from lodeline.service.matching import exceptions as questions
from lodeline.web.access.territory import kept_to_firms, of_one_site
from lodeline.web.pages.common import asked
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, FrameRows, Row, RowsOf, Table, shown, wanted_csv
from lodeline.web.visit import NotHereError, Visit
from lodeline.web.words import exceptions as exception_words
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.language import text
from lodeline.web.words.lots import product

_SHOWN: Final = 25
_SORTS: Final = {
    "cause": "cause", "organisation": "organisation", "counterparty": "counterparty", "day": "on", "age": "age_days",
    "filed": "filed_mg", "invoiced": "invoiced_mg", "border": "border_mg", "mass": "mass_mg",
}  # fmt: skip
kept_to_firms(questions.every)
# The page looks whether the firm is of the region before it asks for one.
of_one_site(questions.papers)


def exceptions(visit: Visit) -> HttpResponse:
    """The page `exceptions/`: `?cause=`, `?state=` (by default open), `?organisation=`, `?period=` narrow it."""
    reading = visit.reading
    every = reading.answer(questions.every, reading.store, reading.snapshot, reading.law)
    names = words.organisation_names(reading.snapshot.register, visit.language)
    months = asked.months(visit)
    organisation, period = asked.organisation(visit, names), asked.period(visit, months)
    cause = asked.one_of(visit, "cause", exception_words.CAUSES)
    state = asked.one_of(visit, "state", {**exception_words.STATES, "all": text("All", "全部")}) or "open"
    about = questions.chosen(every, organisation=organisation, first=period, last=period)
    listed = questions.chosen(about, cause=cause, state=None if state == "all" else state)
    opened = about.filter(pl.col("state") == "open")
    tables = {
        "exceptions": _table(visit, listed, names), "firms": _firms_table(visit, opened, names),
    }  # fmt: skip
    csv = wanted_csv(visit, *tables.values())
    if csv is not None:
        return csv
    waiting = about.height - opened.height
    return show(
        visit,
        "lodeline/matching/exceptions.html",
        title=_headline(visit, opened, fed=bool(every.height)),
        waiting=written.count(waiting) if waiting else "",
        tiles=tiles(visit, opened),
        tables={name: shown(visit, table) for name, table in tables.items()},
        causes=asked.options(visit, exception_words.CAUSES),
        states=[*asked.options(visit, exception_words.STATES), ("all", visit.text("All", "全部"))],
        organisations=sorted(
            ((one, names[one]) for one in every["organisation"].unique() if one in names), key=lambda one: one[1]
        ),
        months=asked.period_options(visit, months),
        asked={"cause": cause or "", "state": state, "organisation": organisation or "", "period": period or ""},
    )  # fmt: skip


def exception(visit: Visit, exception: str) -> HttpResponse:
    """The page `exceptions/ID/`: the three records of one case."""
    reading = visit.reading
    every = reading.answer(questions.every, reading.store, reading.snapshot, reading.law)
    row = found(every, exception)
    papers = reading.answer(questions.papers, reading.store, reading.snapshot, reading.law, identifier=exception)
    if visit.territory is not None:
        # What firms elsewhere have filed is theirs.
        own = [one for one in papers["filed"] if one["organisation"] in visit.territory]
        papers = {**papers, "filed": own}
    names = words.organisation_names(reading.snapshot.register, visit.language)
    return show_one(visit, row, papers, names, firm=None, every=visit.url("exceptions"))


def found(every: pl.DataFrame, identifier: str) -> dict[str, Any]:
    """The row of an exception. Raises NotHereError where none of this id stands among them."""
    rows = every.filter(pl.col("id") == identifier).to_dicts()
    if not rows:
        raise NotHereError(
            "No exception of this number stands: it was settled, or the address is wrong.",
            "没有该编号的核对差异：可能已消除，或地址有误。",
        )
    return rows[0]


def show_one(
    visit: Visit, row: Mapping[str, Any], papers: Mapping[str, Sequence[Mapping[str, Any]]], names: Mapping[str, str],
    *, firm: str | None, every: str | None,
) -> HttpResponse:  # fmt: skip
    """One exception with its papers. firm: on the pages of whom, None on those of the authority; every: their list."""
    tables = {side: _papers_table(visit, side, papers[side], names) for side in exception_words.RECORDS}
    csv = wanted_csv(visit, *tables.values())
    if csv is not None:
        return csv
    who = names.get(row["organisation"], row["organisation"])
    language = visit.language
    registered = firm is None and row["organisation"] in names
    who_href = visit.url("organisation", organisation=row["organisation"]) if registered else None
    return show(
        visit,
        "lodeline/matching/exception.html",
        title=visit.localized(exception_words.CAUSES[row["cause"]]),
        who=who,
        who_href=who_href,
        row=row,
        mass=written.mass(row["mass_mg"], language) if row["mass_mg"] else "",
        value=exception_words.money(row["value"], row["currency"]),
        age=exception_words.age_cell(visit, row).text,
        due=written.day(row["due"], language),
        open=row["state"] == "open",
        cure=visit.localized(exception_words.CURES[row["cause"]]),
        firm=firm,
        every=every,
        sides=[
            {
                "name": visit.localized(label), "mass": written.mass(row[f"{side}_mg"], language),
                "value": exception_words.money(row[f"{side}_value"], row[f"{side}_currency"]),
                "day": written.day(row[f"{side}_on"], language), "none": row[f"{side}_mg"] is None,
            }
            for side, label in exception_words.RECORDS.items()
        ],
        tables=[(visit.localized(exception_words.RECORDS[side]), shown(visit, table))
                for side, table in tables.items()],
    )  # fmt: skip


def tiles(visit: Visit, opened: pl.DataFrame) -> list[dict[str, object]]:
    """How many are open of each cause that occurs, with the mass at stake; each leads to its rows."""
    by_cause = opened.group_by("cause").agg(n=pl.len(), mass=pl.col("mass_mg").sum())
    figures = {cause: (n, mass) for cause, n, mass in by_cause.iter_rows()}
    return [
        {
            "label": visit.localized(word), "figure": written.count(figures[cause][0]),
            "sub": written.mass(figures[cause][1], visit.language),
            "shape": exception_words.MARKS[cause][0], "tone": exception_words.MARKS[cause][1], "trend": "",
            "href": visit.here(cause=cause, state="open", **{"exceptions.page": None}) + "#exceptions",
        }
        for cause, word in exception_words.CAUSES.items() if cause in figures
    ]  # fmt: skip


def _headline(visit: Visit, opened: pl.DataFrame, *, fed: bool) -> str:
    if not opened.height:
        return (
            visit.text("Filings, invoices and the border agree", "申报、开票与过境记录一致") if fed
            else visit.text("No records of other authorities disagree", "其他部门数据无差异")
        )  # fmt: skip
    firms = opened["organisation"].n_unique()
    one, many = "exception is open", "exceptions are open"
    return visit.text(
        f"{asked.counted(opened.height, one, many)} at {asked.counted(firms, 'firm', 'firms')}",
        f"{written.count(firms)}家企业有{written.count(opened.height)}项差异待核",
    )


def _table(visit: Visit, rows: pl.DataFrame, names: Mapping[str, str]) -> Table:
    def cells(row: dict[str, Any]) -> Row:
        return (
            exception_words.cause_cell(visit, row, visit.url("exception", exception=row["id"])),
            _party(visit, row["organisation"], names),
            _party(visit, row["counterparty"], names),
            exception_words.day_cell(visit, row["on"]),
            exception_words.age_cell(visit, row),
            *exception_words.record_cells(visit, row),
            Cell(text=written.mass(row["mass_mg"], visit.language), value=(row["mass_mg"] or 0) / written.MG_PER_KG,
                 note=exception_words.money(row["value"], row["currency"])),
        )  # fmt: skip

    return Table(
        name="exceptions",
        caption=visit.text("Exceptions", "核对差异"),
        columns=(
            Column(key="cause", label=text("Cause", "原因")),
            Column(key="organisation", label=text("Firm", "企业")),
            Column(key="counterparty", label=text("Other party", "对方")),
            Column(key="day", label=text("Day", "日期")),
            Column(key="age", label=text("Open for", "已待")),
            *exception_words.RECORD_COLUMNS,
            Column(key="mass", label=text("At stake", "涉及"), number=True, unit="kg"),
        ),
        rows=FrameRows(rows, cells, sorts=_SORTS),
        per_page=_SHOWN,
        empty=visit.text(
            "Nothing is like that: take a filter away. Feeds come in by `lodeline feed` or the API.",
            "没有符合条件的差异：请减少筛选条件。其他部门数据由 `lodeline feed` 或接口接收。",
        ),
    )


def _party(visit: Visit, who: str | None, names: Mapping[str, str]) -> Cell:
    if not who:
        return Cell(text=written.NOTHING)
    href = visit.url("organisation", organisation=who) if who in names else None
    return Cell(text=names.get(who, who), value=who, href=href)


def _firms_table(visit: Visit, opened: pl.DataFrame, names: Mapping[str, str]) -> Table:
    by_firm = (
        opened.group_by("organisation")
        .agg(
            n=pl.len(), causes=pl.col("cause").unique().sort(), oldest=pl.col("age_days").max(),
            mass_mg=pl.col("mass_mg").sum(), cny=pl.col("value").filter(pl.col("currency") == "CNY").sum(),
            usd=pl.col("value").filter(pl.col("currency") == "USD").sum(),
        )
        .sort("n", "mass_mg", "organisation", descending=[True, True, False])
    )  # fmt: skip

    def cells(row: dict[str, Any]) -> Row:
        causes = visit.text(", ", "、").join(visit.localized(exception_words.CAUSES[one]) for one in row["causes"])
        return (
            _party(visit, row["organisation"], names),
            Cell(text=written.count(row["n"]), value=row["n"],
                 href=visit.here(organisation=row["organisation"], state="open") + "#exceptions"),
            Cell(text=causes, value=causes),
            Cell(text=visit.text(f"{row['oldest']} days", f"{row['oldest']}天"), value=row["oldest"]),
            Cell(text=written.mass(row["mass_mg"], visit.language), value=row["mass_mg"] / written.MG_PER_KG),
            Cell(text=exception_words.money(row["cny"], "") or written.NOTHING, value=row["cny"]),
            Cell(text=exception_words.money(row["usd"], "") or written.NOTHING, value=row["usd"]),
        )  # fmt: skip

    return Table(
        name="firms",
        caption=visit.text("By firm", "按企业"),
        columns=(
            Column(key="organisation", label=text("Firm", "企业")),
            Column(key="n", label=text("Open", "待核"), number=True),
            Column(key="causes", label=text("Causes", "原因")),
            Column(key="oldest", label=text("Oldest", "最久"), number=True, unit="days"),
            Column(key="mass", label=text("At stake", "涉及质量"), number=True, unit="kg"),
            Column(key="cny", label=text("CNY", "人民币"), number=True),
            Column(key="usd", label=text("USD", "美元"), number=True),
        ),
        rows=FrameRows(by_firm, cells, sorts={"organisation": "organisation", "n": "n", "oldest": "oldest",
                                              "mass": "mass_mg", "cny": "cny", "usd": "usd"}),
        per_page=_SHOWN,
        empty=visit.text("No firm has an open exception.", "没有企业存在待核差异。"),
    )  # fmt: skip


#: The columns of the papers: key, words, and the cells that fill it, by record.
_PAPERS: Final = (
    ("number", text("Number", "号码"), {"filed": "document", "invoiced": "number", "border": "declaration"}),
    ("kind", text("Kind", "种类"), {"filed": "kind", "invoiced": "kind", "border": "status"}),
    ("day", text("Day", "日期"), dict.fromkeys(exception_words.RECORDS, "on")),
    ("from", text("From", "发货/销售方"),
     {"filed": "organisation", "invoiced": "seller_name", "border": "exporter_name"}),
    ("to", text("To", "收货/购买方"), {"filed": "party", "invoiced": "buyer_name", "border": "consignee_name"}),
    ("goods", text("Goods", "货物"), {"filed": "product", "invoiced": "product_name", "border": "product_name"}),
)  # fmt: skip


def _papers_table(visit: Visit, side: str, papers: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> Table:
    def cells(row: Mapping[str, Any]) -> Row:
        found: list[Cell] = []
        for key, _, places in _PAPERS:
            text = row[places[side]]
            if key == "number" and side == "filed":
                named = row["declaration"] or row["document"] or ""
                place = visit.opens("entry", entry=row["entry"])
                found.append(Cell(text=row["event"], value=row["event"], note=named, href=place))
            elif key == "number" and side == "border":
                found.append(Cell(text=f"{text}/{row['line']}", value=f"{text}/{row['line']}",
                                  href=visit.opens("entry", entry=row["entry"])))  # fmt: skip
            elif key == "number":
                found.append(Cell(text=text, value=text, href=visit.opens("entry", entry=row["entry"])))
            elif key == "day":
                found.append(Cell(text=written.day(text, visit.language), value=text))
            elif key in ("from", "to"):
                by_id = {"invoiced": {"from": "seller", "to": "buyer"}, "border": {"from": "exporter"}}.get(side, {})
                who = row.get(by_id.get(key, ""), None) or text
                found.append(Cell(text=names.get(who, text or who) or written.NOTHING, value=who, title=text or ""))
            elif key == "kind":
                found.append(
                    Cell(
                        text=visit.localized(exception_words.KINDS[text]) if text in exception_words.KINDS else text,
                        value=text,
                    )
                )
            elif side == "filed":
                found.append(Cell(text=product(text, visit.language), value=text, title=text or ""))
            else:
                found.append(Cell(text=text or written.NOTHING, value=text))
        mass_mg = round(float(row["mass_kg"]) * written.MG_PER_KG)
        money = None if row["value"] is None else float(row["value"])
        return (*found, Cell(text=written.mass(mass_mg, visit.language), value=float(row["mass_kg"]),
                             note=exception_words.money(money, row["currency"])))  # fmt: skip

    return Table(
        name=side,
        caption=visit.localized(exception_words.RECORDS[side]),
        columns=(
            *(Column(key=key, label=label) for key, label, _ in _PAPERS),
            Column(key="mass", label=text("Mass", "质量"), number=True, unit="kg"),
        ),
        rows=RowsOf(papers, cells),
        empty=visit.text("This record has nothing of it.", "该记录中没有相关内容。"),
    )
