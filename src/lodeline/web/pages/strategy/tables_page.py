"""The six tables that the strategic view is told by: what is in force, what an empty one means, and handing them in."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from django.http import HttpResponse, HttpResponseRedirect

from lodeline.errors import UserError
from lodeline.language import bilingual, text
from lodeline.ledger.problem import Problem as FoundProblem
from lodeline.office.access import clock
from lodeline.office.access.actor import AUTHORITY
from lodeline.office.strategy.tables import check, hand_in
from lodeline.service.entries.upload import Upload
from lodeline.service.strategy.inputs import Filed, accepted, inputs_of, table_file, tables_in_force
from lodeline.strategy.inputs.tables import TABLES, columns
from lodeline.strategy.inputs.tables import Table as Name
from lodeline.web.pages.common.attachment import attachment
from lodeline.web.pages.common.entered import problems_part
from lodeline.web.pages.strategy import asked
from lodeline.web.pages.strategy.run_tables import STATED, stated
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, FrameRows, Row, Table, shown, wanted_csv
from lodeline.web.parts.values import Field, Notice, Problem, Problems, Tab
from lodeline.web.visit import NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import strategy as says

#: Problems of a file that are listed.
_LISTED: Final = 200
#: Rows of a table in force that are shown at once.
_ROWS_A_PAGE: Final = 25


def tables(visit: Visit) -> HttpResponse:
    """The page `strategy/tables/`: `?table=` shows the rows of one, `?file=` gives the file it came as, `?blank=` an
    empty one with its columns. A form checks files, or hands them in: together, or not at all."""
    outcome: Sequence[Filed] = ()
    error: UserError | None = None
    if visit.request.method == "POST":
        visit.actor.require("strategy.run", AUTHORITY)
        try:
            done = _handed_in(visit)
        except UserError as told:
            error = told
        else:
            if isinstance(done, HttpResponse):
                return done
            outcome = done
    for wish, give in (("file", _file), ("blank", _blank)):
        if visit.query(wish) is not None:
            return give(visit, _named(visit, wish))
    overview = _in_force(visit)
    chosen = None if visit.query("table") is None or visit.query("format") == "csv" else _named(visit, "table")
    every = [overview, *(_rows(visit, one) for one in TABLES)]
    given = wanted_csv(visit, *every)
    if given is not None:
        return given
    bad = error is not None or (bool(outcome) and not accepted(outcome))
    return show(
        visit,
        "lodeline/strategy/tables.html",
        title=_headline(visit),
        status=400 if bad else 200,
        notices=_notices(visit, outcome),
        problems=problems_part(visit, error) or _problems(visit, outcome),
        table=shown(visit, overview),
        tabs=[
            Tab(label=says.TABLES[one][visit.language], href=visit.here(table=one) + "#rows", here=one == chosen)
            for one in TABLES
        ],
        rows=None if chosen is None else shown(visit, _told(visit, chosen)),
        chosen="" if chosen is None else says.TABLES[chosen][visit.language],
        file=visit.here(file=chosen, table=None) if chosen and table_file(visit.store, chosen) else None,
        blank=visit.here(blank=chosen, table=None) if chosen else None,
        may=visit.actor.may("strategy.run", AUTHORITY),
        legend=asked.legend(visit),
        fields=[
            Field(
                name="files", label=visit.text("Tables as files"), kind="file", required=True,
                multiple=True, accept=".csv,.xlsx,.json,.ndjson",
                hint=visit.text("CSV, XLSX or JSON, one table a file; its header says which of the six it is."),
            )
        ],
    )  # fmt: skip


def _handed_in(visit: Visit) -> Sequence[Filed] | HttpResponse:
    """What became of the files of the form; a redirect where they were entered. Raises UserError."""
    uploads = [Upload(name=one.name or "table.csv", content=one.read()) for one in visit.request.FILES.getlist("files")]
    if not uploads:
        raise UserError(text("Choose a file."))
    if visit.request.POST.get("act") == "check":
        return check(visit.actor, visit.store, uploads)
    filed = hand_in(visit.actor, visit.store, uploads, now=clock.now())
    if not accepted(filed) or any(one.problems for one in filed):
        return filed
    entries = [one.entry.index for one in filed if one.entry is not None]
    visit.has_filed(max(entries, default=0))
    return HttpResponseRedirect(visit.here(done=",".join(str(one.table) for one in filed)), status=303)


def _named(visit: Visit, parameter: str) -> Name:
    """One of the six tables. Raises NotHereError."""
    wish = visit.query(parameter)
    found = next((one for one in TABLES if one == wish), None)
    if found is None:
        listed = ", ".join(TABLES)
        raise NotHereError(text("There is no table {wish!r}: one of {listed}.", wish=wish, listed=listed))
    return found


def _file(visit: Visit, name: Name) -> HttpResponse:
    kept = table_file(visit.store, name)
    if kept is None:
        raise NotHereError(text("Nobody has filed this table."))
    return attachment(kept.content, kept.name, "application/octet-stream")


def _blank(visit: Visit, name: Name) -> HttpResponse:
    """The columns of a table, for a spreadsheet; the second row is an example."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns(name))
    writer.writerow([one.example for one in columns(name).values()])
    return attachment(("\ufeff" + out.getvalue()).encode(), f"{name}.csv", "text/csv; charset=utf-8")


def _headline(visit: Visit) -> str:
    inputs = inputs_of(visit.store)
    scenarios, plants = inputs.scenarios.height, inputs.plants.height
    n, of = written.count(scenarios), written.count(plants)
    if not inputs.digests:
        return visit.text("Nobody has told anything: every input is a default")  # fmt: skip
    return visit.text(
        "{n} scenario{s} and {of} plant{s2} are told; what is not told is a default",
        n=n,
        s="" if scenarios == 1 else "s",
        of=of,
        s2="" if plants == 1 else "s",
    )


def _in_force(visit: Visit) -> Table:
    def row(one: Mapping[str, Any]) -> Row:
        name, entry = one["table"], one["entry"]
        empty = one["defaults"][visit.language] if one["defaults"] else ""
        return (
            Cell(text=says.TABLES[name][visit.language], note=f"{name}.csv", value=name, href=visit.here(table=name)),
            Cell(text=written.count(one["rows"]), value=one["rows"]),
            Cell(
                text=written.NOTHING if entry is None else written.count(entry), value=entry,
                href=None if entry is None else visit.opens("entry", entry=entry),
            ),
            Cell(
                text=written.NOTHING
                if one["filed_at"] is None
                else written.moment(str(one["filed_at"]), visit.language, visit.law.timezone),
                value=None if one["filed_at"] is None else str(one["filed_at"]),
            ),
            Cell(text=empty or written.NOTHING, value=empty),
            *stated(visit, one),
        )  # fmt: skip

    return Table(
        name="in-force",
        caption=visit.text("Tables in force"),
        columns=(
            Column(key="table", label=text("Table")),
            Column(key="rows", label=text("Rows", context="strategy"), number=True),
            Column(key="entry", label=text("Entry"), number=True),
            Column(key="filed", label=text("Filed", context="strategy")),
            Column(key="defaults", label=text("While it is empty")),
            *STATED,
        ),
        rows=[row(one) for one in tables_in_force(visit.store)],
        empty="",
    )


def _rows(visit: Visit, name: Name) -> Table:
    """The rows of a table in force, as they were filed."""
    known = columns(name)
    return Table(
        name=name,
        caption=says.TABLES[name][visit.language],
        columns=tuple(
            Column(key=one.name, label=bilingual(one.name, one.names_zh[0]), number=one.type in ("number", "integer"))
            for one in known.values()
        ),
        rows=FrameRows(
            inputs_of(visit.store).frame(name),
            lambda row: tuple(_cell(row[one]) for one in known),
        ),
        empty=visit.text("Nobody has filed this table."),
    )  # fmt: skip


def _told(visit: Visit, name: Name) -> Table:
    """The same for the page: columns in which no row says anything are left out, and firms have their names."""
    table, frame = _rows(visit, name), inputs_of(visit.store).frame(name)
    silent = {one for one in columns(name) if frame.height and frame[one].null_count() == frame.height}
    firms = visit.register.tables["organisations"]
    called = dict(zip(firms["id"], firms[f"name_{visit.language}"], strict=True)) if "organisation" in frame else {}

    def cells(row: dict[str, Any]) -> Row:
        firm = {"organisation": called.get(row.get("organisation")) or ""}
        return tuple(replace(_cell(row[one]), note=firm.get(one, "")) for one in columns(name))

    heads = tuple(replace(one, file_only=one.key in silent) for one in table.columns)
    return replace(table, columns=heads, rows=FrameRows(frame, cells), per_page=_ROWS_A_PAGE)


def _cell(value: Any) -> Cell:
    if value is None:
        return Cell(text=written.NOTHING, value="")
    if isinstance(value, bool):
        return Cell(text="yes" if value else "no")
    if isinstance(value, int | float):
        return Cell(text=written.number(value), value=value)
    return Cell(text=str(value), marks=True)


def _notices(visit: Visit, outcome: Sequence[Filed]) -> list[Notice]:
    done = [one for one in (visit.query("done") or "").split(",") if one in says.TABLES]
    if done:
        named = visit.text(", ", context="strategy").join(says.TABLES[one][visit.language] for one in done)
        return [Notice(kind="success", text=visit.text("In force from now on: {named}.", named=named))]
    if outcome and accepted(outcome):
        entered = any(one.entry is not None for one in outcome)
        said = (
            visit.text("Entered, with what is flagged below.")
            if entered
            else visit.text("It could be entered as it is.")
        )
        return [Notice(kind="success", text=said)]
    return []


def _problems(visit: Visit, outcome: Sequence[Filed]) -> Problems | None:
    """Every problem of the files, each with its file, row and column, and the cure."""
    found = [(one.file, problem) for one in outcome for problem in one.problems]
    if not found:
        return None
    n = written.count(len(found))
    return Problems(
        heading=visit.text("Look at these cells")
        if accepted(outcome)
        else visit.text("Nothing was entered: {n} problems", n=n),
        problems=[
            Problem(severity=problem.severity, text=problem.message(visit.language), where=_where(visit, file, problem))
            for file, problem in found[:_LISTED]
        ],
    )


def _where(visit: Visit, file: str, problem: FoundProblem) -> str:
    row, column = problem.where.row, problem.where.column
    parts = [file]
    parts += [visit.text("row {row}", context="strategy", row=row)] if row else []
    parts += [column] if column else []
    return " · ".join(parts)
