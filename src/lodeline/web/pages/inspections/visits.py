"""The inspections of a site: the authority's counts beside the firm's book, seizures, seals; the inspector's form."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import polars as pl
from django.http import HttpResponse, HttpResponseRedirect

from lodeline.filing.table import Table as Filed
from lodeline.filing.table import read_bytes
from lodeline.language import Text, text
from lodeline.ledger.problem import Problem as LedgerProblem
from lodeline.ledger.succession import holder_on, holders_of
from lodeline.office.access import clock
from lodeline.office.accounts.people import InputError
from lodeline.office.inspections.visits import enter
from lodeline.service.inspections.reading import visits_of
from lodeline.service.inspections.visits import ACTS, NOTE_CHARACTERS, InspectionError, Seal, Visited, inspections
from lodeline.web.pages.common.entered import day_of, problems_part
from lodeline.web.pages.inspections.visits_part import ACTS as ACT_WORDS
from lodeline.web.pages.inspections.visits_part import count_table, inspections_table, newest_count, seals_text
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import shown, wanted_csv
from lodeline.web.parts.values import Field, Notice, Problem, Problems
from lodeline.web.visit import BadQuestionError, NotHereError, Visit
from lodeline.web.words import words

#: Rows that can be typed; longer counts come as a file.
_TYPED_ROWS: Final = 6
_CELLS: Final[dict[str, Text]] = {
    "lot": text("Lot"),
    "product": text("Product"),
    "mass_kg": text("Net mass, kg"),
    "moisture_pct": text("Moisture, %"),
    "method": text("Method", context="inspections, visits"),
    "location": text("Place"),
    "seal": text("Seal", context="inspections, visits"),
}


def site_inspections(visit: Visit, site: str) -> HttpResponse:
    """The page `inspections/SITE/`; its form enters a visit."""
    record = _record(visit, site)
    error: InspectionError | InputError | None = None
    problems: Sequence[LedgerProblem] = ()
    if visit.request.method == "POST":
        try:
            done = _enter(visit, site)
        except (InspectionError, InputError) as refused:
            error = refused
        else:
            if done.entry is not None:
                visit.has_filed(done.entry.index)
                return HttpResponseRedirect(f"{visit.request.path}?entry={done.entry.index}", status=303)
            problems = done.problems
    every = inspections(visit.store, holders_of(visit.register, site), site=site)
    newest = newest_count(every)
    tables = {"inspections": inspections_table(visit, every)}
    if newest is not None:
        tables["inspected"] = count_table(visit, newest)
    csv_ = wanted_csv(visit, *tables.values())
    if csv_ is not None:
        return csv_
    owner = record["organisation"]
    names = words.organisation_names(visit.register, visit.language)
    return show(
        visit,
        "lodeline/inspections/visits.html",
        title=_title(visit, str(record["name"] or site), len(visits_of(every))),
        status=400 if error or problems else 200,
        notices=_entered(visit),
        problems=_rows_part(visit, problems) if problems else problems_part(visit, error),
        site=site,
        balance=visit.url("balance", site=site),
        plan=visit.opens("inspection-plan-new", site=site) if visit.actor.may("inspection.write", owner) else None,
        every=visit.opens("inspection-plans"),
        owner=names.get(owner, owner),
        owner_href=visit.url("organisation", organisation=owner),
        tables={name: shown(visit, table) for name, table in tables.items()},
        newest=newest.paper if newest else None,
        seals=seals_text(visit, every),
        fields=_fields(visit) if visit.actor.may("inspection.write", owner) else None,
        cells=[visit.localized(label) for label in _CELLS.values()],
        rows=_typed(visit),
    )


def _record(visit: Visit, site: str) -> dict[str, Any]:
    found = visit.register.tables["sites"].filter(pl.col("id") == site)
    if not found.height:
        raise NotHereError(text("No site {site!r} is in the register.", site=site))
    return found.row(0, named=True)


def _enter(visit: Visit, site: str) -> Any:
    """What the form does. Raises InspectionError, InputError, NotAllowedError."""
    form = visit.request.POST
    act = next((one for one in ACTS if one == form.get("act")), None)
    on = day_of(form.get("on", ""), "on")
    if act is None or on is None:
        raise BadQuestionError(text("Say what was done, and on which day."))
    visited = Visited(
        act=act,
        site=site,
        on=on,
        table=_table(visit),
        seals=_seals(form.get("seals", "")),
        whole=form.get("whole") == "yes",
        note=form.get("note", ""),
    )
    register = visit.store.register(visit.store.head())
    organisation = holder_on(register, site, on) or register.site_organisation[site]
    return enter(visit.actor, visit.store, visited, organisation=organisation, now=clock.now(), today=_today(visit))


def _table(visit: Visit) -> Filed | None:
    """The rows of the file, else those that were typed; None where there are none."""
    file = visit.request.FILES.get("file")
    if file is not None:
        return read_bytes([(str(file.name), file.read())])
    rows = [row for row in _typed(visit) if any(cell["value"] for cell in row)]
    if not rows:
        return None
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_CELLS)
    writer.writerows([cell["value"] for cell in row] for row in rows)
    return read_bytes([(visit.text("typed rows.csv"), text.getvalue().encode())])


def _typed(visit: Visit) -> list[list[dict[str, str]]]:
    """The grid as it was sent, or empty."""
    form = visit.request.POST
    return [
        [
            {"name": f"{name}-{row}", "value": form.get(f"{name}-{row}", "").strip(), "label": visit.localized(label)}
            for name, label in _CELLS.items()
        ]
        for row in range(1, _TYPED_ROWS + 1)
    ]


def _seals(text: str) -> list[Seal]:
    """One seal a line: its number, a blank, and what it is on."""
    parts = (line.strip().partition(" ") for line in text.splitlines() if line.strip())
    return [Seal(number=number, on=on.strip()) for number, _, on in parts]


def _today(visit: Visit) -> date:
    return clock.today(visit.law.timezone)


def _title(visit: Visit, name: str, count: int) -> str:
    if not count:
        return visit.text("No inspector has entered anything about {name}", name=name)
    return (
        visit.text("{name} was inspected once", name=name, count=count)
        if count == 1
        else visit.text("{name} was inspected {count} times", name=name, count=count)
    )


def _entered(visit: Visit) -> list[Notice]:
    entry = visit.query("entry")
    if entry is None or not entry.isdecimal():
        return []
    text = visit.text("It stands in the log as entry {entry}.", entry=entry)
    return [Notice(kind="success", text=text)]


def _rows_part(visit: Visit, problems: Sequence[LedgerProblem]) -> Problems:
    """The problems of the rows, each with its row and column."""
    shown_problems = []
    for one in problems:
        where = [str(part) for part in (one.where.row, one.where.column) if part is not None]
        place = visit.text("Row {where}: ", where=" · ".join(where)) if where else ""
        shown_problems.append(Problem(severity=one.severity, text=place + one.message(visit.language), href="#rows"))
    return Problems(heading=visit.text("Nothing was entered yet"), problems=shown_problems)


def _fields(visit: Visit) -> dict[str, Field]:
    form = visit.request.POST
    return {
        "act": Field(
            name="act",
            label=visit.text("What was done"),
            kind="select",
            required=True,
            value=form.get("act", "count"),
            options=[(one, visit.localized(ACT_WORDS[one])) for one in ACTS],
        ),
        "on": Field(
            name="on",
            label=visit.text("Day"),
            kind="date",
            required=True,
            width="short",
            value=form.get("on", _today(visit).isoformat()),
        ),
        "whole": Field(
            name="whole",
            label=visit.text("Everything at the site was counted"),
            kind="checkbox",
            value="yes",
            checked=form.get("whole") == "yes",
        ),
        "file": Field(
            name="file",
            label=visit.text("Rows as a file"),
            kind="file",
            hint=visit.text(
                "The columns of a filing's stock count, CSV or XLSX, and a column seal. Event, kind, on "
                "and site may be left out."
            ),
        ),
        "seals": Field(
            name="seals",
            label=visit.text("Seals without a count"),
            kind="textarea",
            lines=3,
            value=form.get("seals", ""),
            hint=visit.text("One a line: its number, a blank, what it is on"),
        ),
        "note": Field(
            name="note",
            label=visit.text("What was seen, and on what ground"),
            kind="textarea",
            lines=4,
            width="full",
            value=form.get("note", ""),
            hint=visit.text(
                "The firm reads it, and it stands for good; at most {note_characters} characters.",
                note_characters=NOTE_CHARACTERS,
            ),
        ),
    }
