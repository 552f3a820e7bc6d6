"""A firm's own exceptions: where invoices or the border say other than it has filed, and what it can do about each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpResponse

from lodeline.office.matching.firm_view import own_exception, own_exceptions
from lodeline.service.matching import exceptions
from lodeline.service.matching.exceptions import UnknownExceptionError
from lodeline.web.pages.common.firm_part import Firm, counted
from lodeline.web.pages.matching.exceptions import found, show_one
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, FrameRows, Row, Table, shown, wanted_csv
from lodeline.web.visit import NotHereError, Visit, desk
from lodeline.web.words import exceptions as exception_words
from lodeline.web.words import format as written
from lodeline.web.words.language import text


def firm_exceptions(visit: Visit, organisation: str) -> HttpResponse:
    """The page `firm/ID/exceptions/`."""
    firm = Firm(visit, organisation)
    reading = desk(settings.LODELINE_DATABASE).reading()
    every = reading.answer(exceptions.every, reading.store, reading.snapshot, reading.law)
    rows = own_exceptions(visit.actor, organisation, every)
    table = _table(firm, rows)
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    opened = int((rows["state"] == "open").sum())
    title = (
        counted(visit, opened, "One of your papers disagrees", "{n} of your papers disagree", "有{n}项单据不一致")
        if opened else visit.text("What others record agrees with what you filed", "其他部门的记录与贵企业申报一致")
    )  # fmt: skip
    return show(
        visit, "lodeline/matching/firm_exceptions.html", title=title, name=firm.name, table=shown(visit, table),
        correct=firm.url("firm-filings"),
    )  # fmt: skip


def firm_exception(visit: Visit, organisation: str, exception: str) -> HttpResponse:
    """The page `firm/ID/exceptions/NUMBER/`."""
    firm = Firm(visit, organisation)
    reading = desk(settings.LODELINE_DATABASE).reading()
    every = reading.answer(exceptions.every, reading.store, reading.snapshot, reading.law)
    rows = own_exceptions(visit.actor, organisation, every)
    row = found(rows, exception)
    try:
        papers = own_exception(
            visit.actor, organisation,
            lambda only: reading.answer(
                exceptions.one, reading.store, reading.snapshot, reading.law, identifier=exception, only=only
            ),
        )  # fmt: skip
    except UnknownExceptionError as error:
        raise NotHereError(error.en, error.zh) from error
    return show_one(visit, row, papers, firm.names, firm=firm.name, every=firm.url("firm-exceptions"))


def _table(firm: Firm, rows: Any) -> Table:
    visit = firm.visit

    def cells(row: Mapping[str, Any]) -> Row:
        other = firm.names.get(row["counterparty"], row["counterparty"]) or written.NOTHING
        return (
            exception_words.cause_cell(visit, row, firm.url("firm-exception", exception=row["id"])),
            Cell(text=other, value=row["counterparty"]),
            firm.day(row["on"]),
            exception_words.age_cell(visit, row),
            *exception_words.record_cells(visit, row),
            Cell(text=visit.localized(exception_words.CURES[row["cause"]]), value=row["cause"]),
        )

    return Table(
        name="exceptions",
        caption=visit.text("Discrepancies", "不一致的单据"),
        columns=(
            Column(key="cause", label=text("Cause", "原因")),
            Column(key="counterparty", label=text("Other party", "对方")),
            Column(key="day", label=text("Day", "日期")),
            Column(key="age", label=text("Open for", "已待")),
            *exception_words.RECORD_COLUMNS,
            Column(key="cure", label=text("What to do", "如何处理")),
        ),
        rows=FrameRows(
            rows, cells, sorts={"cause": "cause", "counterparty": "counterparty", "day": "on", "age": "age_days",
                                "filed": "filed_mg", "invoiced": "invoiced_mg", "border": "border_mg", "cure": "cause"},
        ),
        empty=visit.text(
            "When an invoice or a customs line says other than you have filed, it stands here.",
            "发票或报关单与贵企业申报不一致时，会列在此处。",
        ),
    )  # fmt: skip
