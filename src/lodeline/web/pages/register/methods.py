"""Methods of measurement and processes, as the register has them: which there are, changing one, adding one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import polars as pl
from django.http import HttpResponse, HttpResponseRedirect

from lodeline.language import Text, text
from lodeline.ledger.problem import Problem as LedgerProblem
from lodeline.ledger.register import KEYS
from lodeline.office.access import clock
from lodeline.office.register.registry import RegisterTable, enter
from lodeline.service.lots.lots import methods_at
from lodeline.web.pages.balance.run import QUANTITIES
from lodeline.web.pages.register import form as register_form
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Row, Table, shown, wanted_csv
from lodeline.web.parts.values import Notice, Problem, Problems
from lodeline.web.visit import BadQuestionError, NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words

_FORMS: Final[tuple[RegisterTable, ...]] = ("methods", "processes")
_SEPARATOR: Final = "|"


def register_methods(visit: Visit) -> HttpResponse:
    """The page `register/methods/`: `?site=` keeps to those of a site; `?methods=`, `?processes=` choose a record."""
    site = _site(visit)
    tables = {"methods": _methods_table(visit, site), "processes": _processes_table(visit, site)}
    csv = wanted_csv(visit, *tables.values())
    if csv is not None:
        return csv
    chosen = {name: _chosen(visit, name) for name in _FORMS}
    forms = {name: register_form.as_filed(record) if record else {} for name, record in chosen.items()}
    sent: str = ""
    problems: Sequence[LedgerProblem] = ()
    if visit.request.method == "POST":
        table = next((name for name in _FORMS if name == visit.request.POST.get("do")), None)
        if table is None:
            raise BadQuestionError(text("Nothing was sent that can be entered.", context="register, methods"))
        sent, forms[table] = table, register_form.filled(visit, table)
        done = enter(visit.actor, visit.store, table, [forms[table]], now=clock.now())
        if not done.problems:
            entry = "none" if done.entry is None else done.entry.index
            return HttpResponseRedirect(visit.here(entry=entry, methods=None, processes=None), status=303)
        problems = done.problems
    counts = {name: visit.register.tables[name].height for name in _FORMS}
    return show(
        visit,
        "lodeline/register/register_methods.html",
        title=visit.text(
            "{methods} records of methods, {processes} processes",
            methods=counts["methods"],
            processes=counts["processes"],
        ),
        status=400 if problems else 200,
        notices=_entered(visit),
        problems=_summary(visit, problems),
        site=site,
        everything=visit.url("register-methods"),
        tables={name: shown(visit, table) for name, table in tables.items()},
        forms=[
            {
                "name": name,
                "heading": _heading(visit, name, chosen[name] is not None),
                "fields": register_form.fields(
                    visit,
                    name,
                    forms[name],
                    problems if sent == name else (),
                    fixed=KEYS[name] if chosen[name] else (),
                ),
            }
            for name in _FORMS
        ],
        back=visit.url("organisations"),
    )


_HEADINGS: Final[dict[str, tuple[Text, Text]]] = {
    "methods": (text("Add a method"), text("Change this method")),
    "processes": (text("Add a process"), text("Change this process")),
}


def _heading(visit: Visit, name: str, changes: bool) -> str:
    return visit.localized(_HEADINGS[name][changes])


def _site(visit: Visit) -> dict[str, Any] | None:
    asked = visit.query("site")
    if asked is None:
        return None
    found = visit.register.tables["sites"].filter(pl.col("id") == asked)
    if not found.height:
        raise NotHereError(text("No site {asked!r} is in the register.", asked=asked))
    return found.row(0, named=True)


def _chosen(visit: Visit, name: str) -> dict[str, Any] | None:
    asked = visit.query(name)
    if asked is None:
        return None
    for record in visit.register.tables[name].iter_rows(named=True):
        if _key(name, record) == asked:
            return record
    raise NotHereError(text("There is no such record: the tables list those there are."))


def _key(name: str, record: dict[str, Any]) -> str:
    return _SEPARATOR.join(record[column] or "" for column in KEYS[name])


def _methods_table(visit: Visit, site: dict[str, Any] | None) -> Table:
    records = visit.register.tables["methods"]
    if site is not None:
        # A row names its methods with semicolons between them.
        named = methods_at(visit.reading.snapshot, site=site["id"])
        used = {one.strip() for text in named for one in text.split(";")}
        records = records.filter(pl.col("id").is_in(sorted(used)))
    rows: list[Row] = [
        (
            Cell(text=row["id"], value=row["id"], href=_here(visit, methods=_key("methods", row))),
            Cell(text=words.word(QUANTITIES, row["quantity"] or "", visit.language), value=row["quantity"]),
            Cell(text=row["element"] or visit.text("all", context="register"), value=row["element"]),
            Cell(text=row["random_pct"] or written.NOTHING, value=row["random_pct"]),
            Cell(text=row["systematic_pct"] or written.NOTHING, value=row["systematic_pct"]),
            Cell(text=row["calibration"] or written.NOTHING, value=row["calibration"]),
        )
        for row in records.sort(KEYS["methods"]).iter_rows(named=True)
    ]
    return Table(
        name="methods",
        caption=visit.text("Methods", context="register"),
        columns=(
            Column(key="method", label=text("Method", context="register")),
            Column(key="quantity", label=text("Measures", context="register")),
            Column(key="element", label=text("Element")),
            Column(key="random", label=text("Random, %", context="register"), number=True),
            Column(key="systematic", label=text("Systematic, %", context="register"), number=True),
            Column(key="calibration", label=text("Calibration", context="register")),
        ),
        rows=rows,
        per_page=25,
        empty=visit.text("No method is in the register."),
    )


def _processes_table(visit: Visit, site: dict[str, Any] | None) -> Table:
    records = visit.register.tables["processes"]
    if site is not None:
        records = records.filter(pl.col("stage") == site["stage"])
    rows: list[Row] = [
        (
            Cell(text=row["id"], value=row["id"], href=_here(visit, processes=_key("processes", row))),
            Cell(text=words.word(words.STAGES, row["stage"] or "", visit.language), value=row["stage"]),
            Cell(text=row["yield_low_pct"] or written.NOTHING, value=row["yield_low_pct"]),
            Cell(text=row["yield_high_pct"] or written.NOTHING, value=row["yield_high_pct"]),
            Cell(text=row["source"] or written.NOTHING, value=row["source"]),
        )
        for row in records.sort("id").iter_rows(named=True)
    ]
    return Table(
        name="processes",
        caption=visit.text("Processes"),
        columns=(
            Column(key="process", label=text("Process")),
            Column(key="stage", label=text("Stage")),
            Column(key="low", label=text("Yield from, %"), number=True),
            Column(key="high", label=text("To, %"), number=True),
            Column(key="source", label=text("Source", context="register")),
        ),
        rows=rows,
        per_page=25,
        empty=visit.text("No process is in the register."),
    )


def _here(visit: Visit, *, methods: str | None = None, processes: str | None = None) -> str:
    chosen = "methods" if methods is not None else "processes"
    return visit.here(entry=None, methods=methods, processes=processes) + f"#{chosen}-form"


def _summary(visit: Visit, problems: Sequence[LedgerProblem]) -> Problems | None:
    if not problems:
        return None
    texts = [
        Problem(severity=one.severity, text=one.message(visit.language), href=f"#f-{one.where.column}")
        for one in problems
    ]
    return Problems(heading=visit.text("Nothing was entered yet"), problems=texts)


def _entered(visit: Visit) -> list[Notice]:
    entry = visit.query("entry")
    if entry == "none":
        text = visit.text("Nothing has changed: it stood like this already.")
        return [Notice(kind="info", text=text)]
    if entry is None or not entry.isdecimal():
        return []
    text = visit.text("It stands in the log as entry {entry}.", entry=entry)
    return [Notice(kind="success", text=text)]
