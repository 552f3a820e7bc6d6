"""Every organisation of the register: what it does, whether it has filed, and what is open about it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import polars as pl
from django.http import HttpResponse

from lodeline.service.filing import status as filing_status
from lodeline.service.findings.finding import findings
from lodeline.service.overview import overview as questions
from lodeline.web.parts import choice
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Table, shown, wanted_csv
from lodeline.web.visit import BadQuestionError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.language import text
from lodeline.web.words.words import STATE_MARKS


def organisations(visit: Visit) -> HttpResponse:
    """The page `organisations/`: `?q=`, `?role=`, `?country=`, `?state=` (of `?period=`) narrow it."""
    reading = visit.reading
    months = reading.answer(questions.months, reading.store, reading.snapshot, reading.law)
    period = None if months is None else choice.period(visit, months)
    states = _states(visit, period)
    chosen = _chosen(visit, states)
    table = _table(visit, chosen, states)
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    register = reading.snapshot.register.tables["organisations"]
    roles = sorted({role for names in register["roles"].to_list() for role in names or ()})
    countries = sorted(set(register["country"].drop_nulls()), key=lambda code: words.country(code, visit.language))
    title = visit.text(f"{written.count(register.height)} organisations", f"{written.count(register.height)}家企业")
    if period is not None:
        missing = sum(state == "missing" for state in states.values())
        month = written.month(period, visit.language)
        title = visit.text(
            f"{written.count(missing)} of {written.count(len(states))} firms that had to file {month} have not"
            if missing else f"All {written.count(len(states))} firms that had to file {month} have done so",
            f"{month}应申报{written.count(len(states))}家，缺报{written.count(missing)}家"
            if missing else f"{month}应申报的{written.count(len(states))}家企业均已申报",
        )  # fmt: skip
    return show(
        visit,
        "lodeline/register/organisations.html",
        title=title,
        table=shown(visit, table),
        total=written.count(register.height),
        months=[] if months is None else [(one, written.month(one, visit.language)) for one in reversed(months.all)],
        roles=[(role, words.word(words.ROLES, role, visit.language)) for role in roles],
        countries=[(code, words.country(code, visit.language)) for code in countries],
        states=[(state, word[visit.language]) for state, word in words.FILING_STATES.items()],
        asked={name: visit.query(name) or "" for name in ("q", "role", "country", "state")} | {"period": period or ""},
    )


def _states(visit: Visit, period: str | None) -> dict[str, str]:
    """Organisation → filed, late or missing, in the chosen month."""
    if period is None:
        return {}
    reading = visit.reading
    status = reading.answer(filing_status.filing_status, reading.store, reading.snapshot, reading.law)
    return dict(status.filter(pl.col("period") == period).select("organisation", "state").iter_rows())


def _chosen(visit: Visit, states: dict[str, str]) -> list[dict[str, Any]]:
    text, role, country, state = (visit.query(name) for name in ("q", "role", "country", "state"))
    if state is not None and state not in words.FILING_STATES:
        known = ", ".join(words.FILING_STATES)
        raise BadQuestionError(f"No state is called {state!r}: {known}.", f"没有状态 {state!r}：可选 {known}。")
    wanted = (text or "").casefold()
    rows = []
    for row in visit.reading.snapshot.register.tables["organisations"].iter_rows(named=True):
        names = (row["id"], row["name_zh"], row["name_en"], row["uscc"], row["lei"], *(row["aliases"] or ()))
        if (
            any(wanted in (name or "").casefold() for name in names)
            and role in (None, *(row["roles"] or ()))
            and country in (None, row["country"])
            and state in (None, states.get(row["id"]))
        ):
            rows.append(row)
    return rows


def _table(visit: Visit, rows: list[dict[str, Any]], states: dict[str, str]) -> Table:
    reading, language = visit.reading, visit.language
    names = words.organisation_names(reading.snapshot.register, language)
    sites = Counter(reading.snapshot.register.site_organisation.values())
    found = reading.answer(findings, reading.store, reading.snapshot, reading.law)
    about = Counter(row["subject"].get("organisation") for row in found["rows"])
    cells = []
    for row in rows:
        one, roles = row["id"], row["roles"] or ()
        cells.append(
            (
                Cell(
                    text=names[one], value=names[one], note=one, href=visit.url("organisation", organisation=one)
                ),
                Cell(
                    text=visit.text(", ", "、").join(words.word(words.ROLES, role, language) for role in roles),
                    value=", ".join(roles),
                ),
                Cell(
                    text=words.country(row["country"], language) if row["country"] else written.NOTHING,
                    value=row["country"],
                ),
                _count_cell(sites[one]),
                state_cell(visit, states.get(one)),
                _count_cell(about[one]),
            )
        )  # fmt: skip
    return Table(
        name="organisations",
        caption=visit.text("Organisations", "企业"),
        columns=(
            Column(key="name", label=text("Organisation", "企业")),
            Column(key="roles", label=text("What it does", "业务")),
            Column(key="country", label=text("Country", "国家或地区")),
            Column(key="sites", label=text("Sites", "场所"), number=True),
            Column(key="state", label=text("Filing", "申报")),
            Column(key="findings", label=text("Findings", "线索"), number=True),
        ),
        rows=cells,
        empty=visit.text("No organisation is like that: take a filter away.", "没有符合条件的企业：请减少筛选条件。"),
    )


def _count_cell(number: int) -> Cell:
    return Cell(text=written.count(number) if number else written.NOTHING, value=number)


def state_cell(visit: Visit, state: str | None) -> Cell:
    """The state of a filing by word and shape; a dash where there was no duty and no filing."""
    if state is None:
        return Cell(text=written.NOTHING)
    shape, tone = STATE_MARKS[state]
    return Cell(text=words.word(words.FILING_STATES, state, visit.language), value=state, shape=shape, tone=tone)
