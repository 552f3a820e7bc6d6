"""Licences: applications that wait for a decision, with the time left, and the licences that are in use.

The customs desk sees what is in use, on the same page, and enters there what it decides about each.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.http import HttpResponse

from lodeline.control.licences.licensing import Clock
from lodeline.language import Text, text
from lodeline.office.access import clock
from lodeline.office.licences import application_views
from lodeline.office.models import Application
from lodeline.service.licences.answers import LicenceSummary, licence_list
from lodeline.service.licences.proposals import LicenceProposal, waiting
from lodeline.web.pages.common import asked, law_days
from lodeline.web.pages.licences import application_part as part
from lodeline.web.pages.licences.decisions import DEED_TEXTS
from lodeline.web.pages.licences.licence import LABELS, MASSES, STATES, day_cell, flagged_text, mass_cells, why_used_up
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Row, Table, shown, wanted_csv
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.firm_names import firm_names

_STATES: Final[dict[str, tuple[Text, frozenset[str]]]] = {
    "open": (text("To decide"), frozenset({"submitted", "queried", "proposed"})),
    "decided": (text("Decided", context="licences"), frozenset({"granted", "refused"})),
    "withdrawn": (text("Withdrawn", context="licences"), frozenset({"withdrawn"})),
}


def licences(visit: Visit) -> HttpResponse:
    """The page `licences/`: `?state=` of applications, `?organisation=` narrow it."""
    register = visit.register
    organisation = asked.organisation(visit, words.organisation_names(register, visit.language))
    today = clock.today(visit.law.timezone)
    every = [one for one in application_views.submitted(visit.actor) if organisation in (None, one.organisation)]
    clocks = {one.pk: application_views.clock_of(one, visit.law, today=today) for one in every}
    chosen = asked.one_of(visit, "state", {name: label for name, (label, _) in _STATES.items()}) or "open"
    # Who has a region sees the licences of its firms, by their number.
    ids = None if visit.territory is None else list(register.licences)
    rows = _in_use(visit, organisation, ids)
    applied = _table(visit, [one for one in every if one.state in _STATES[chosen][1]], clocks)
    # A licence stands until it does not: what is only proposed is for those who decide.
    held = licence_table(visit, rows, "licence", waiting(visit.store.newest_register()))
    return _page(
        visit,
        title=_title(visit, every, clocks),
        rows=rows,
        tables=(applied, held),
        states=[
            {
                "name": visit.localized(label),
                "href": visit.here(state=name),
                "here": name == chosen,
                "count": written.count(sum(one.state in states for one in every)),
            }
            for name, (label, states) in _STATES.items()
        ],
    )


def desk_licences(visit: Visit) -> HttpResponse:
    """The page `desk/licences/`: what is in use, for the customs desk; it leads to the desk's page of each."""
    rows = _in_use(visit, None, None)
    return _page(visit, title="", rows=rows, tables=(licence_table(visit, rows, "desk-licence", {}),))


def _in_use(visit: Visit, organisation: str | None, ids: Sequence[str] | None) -> list[LicenceSummary]:
    document = licence_list(
        visit.store, visit.store.newest_register(), visit.law, day=law_days.today(visit.law), ids=ids
    )
    return [row for row in document.rows if organisation in (None, row.exporter, *row.of_others_mg)]


def _page(
    visit: Visit, *, title: str, rows: Sequence[LicenceSummary], tables: Sequence[Table], **more: Any
) -> HttpResponse:
    """The page, of what waits and what is in use, or of the latter alone."""
    csv = wanted_csv(visit, *tables)
    if csv is not None:
        return csv
    over = sum(bool(row.goods.overdrawn_mg) for row in rows)
    used = visit.text("no export licence is overdrawn")
    if over:
        count, every = written.count(over), written.count(len(rows))
        are = "is" if over == 1 else "are"
        used = visit.text("{count} of {every} export licences {are} overdrawn", count=count, every=every, are=are)
    parts = [one for one in (title, used) if one]
    headline = visit.text("; ", context="licences").join(parts)
    return show(
        visit,
        "lodeline/licences/licences.html",
        title=headline[:1].upper() + headline[1:],
        tables={table.name: shown(visit, table) for table in tables},
        **more,
    )


def _title(visit: Visit, every: Sequence[Application], clocks: dict[int, Clock]) -> str:
    undecided = [one for one in every if one.state in _STATES["open"][1]]
    if not undecided:
        return visit.text("No application waits for a decision")
    n = written.count(len(undecided))
    late = sum(1 for one in undecided if (clocks[one.pk].left or 0) < 0)
    what = visit.text("One application waits", n=n) if len(undecided) == 1 else visit.text("{n} applications wait", n=n)
    if late:
        return what + visit.text(", {late} beyond the law's time", late=late)
    least = min((left for one in undecided if (left := clocks[one.pk].left) is not None), default=None)
    if least is None:
        return what
    return what + visit.text("; the most pressing has {least} working days left", least=least)


def _table(visit: Visit, every: Sequence[Application], clocks: dict[int, Clock]) -> Table:
    names = words.organisation_names(visit.register, visit.language)
    return Table(
        name="applications",
        caption=visit.text("Applications", context="licences"),
        columns=(
            Column(key="exporter", label=text("Exporter", context="licences")),
            Column(key="for", label=text("End user")),
            Column(key="goods", label=text("Control items")),
            Column(key="in", label=text("Handed in", context="licences")),
            Column(key="left", label=text("Working days left"), number=True),
            Column(key="officer", label=text("In charge")),
            Column(key="state", label=text("State")),
        ),
        rows=[_row(visit, one, clocks[one.pk], names) for one in every],
        empty=visit.text("There is none."),
    )


def _row(visit: Visit, one: Application, time: Clock, names: dict[str, str]) -> Row:
    content = json.loads(one.content)
    users = content["end_users"].splitlines()
    items = dict.fromkeys(row.get("control_item", "") for row in content["goods"])
    submitted_on = None if one.submitted_at is None else one.submitted_at.isoformat()
    # Of what is decided no days are left, and none are lacking.
    left = None if time.status == "ended" else time.left
    over = left is not None and left < 0
    note = visit.text("beyond the limit") if over else ""
    if time.status == "stopped":
        note = visit.text("clock stands")
    return (
        Cell(
            text=names.get(one.organisation, one.organisation),
            value=one.reference,
            href=visit.url("application", application=one.reference),
            note=one.organisation,
        ),
        Cell(
            text=visit.text("; ", context="licences").join(users),
            note=words.country(content["destination"], visit.language) if content["destination"] else "",
        ),
        Cell(text=" ".join(items), note=words.word(part.RELATIONS, one.relation, visit.language)),
        Cell(
            text=written.moment(submitted_on, visit.language, visit.law.timezone),
            value=submitted_on,
        ),
        Cell(
            text=written.NOTHING if left is None else written.count(max(0, left)),
            value=left,
            note=note,
            shape="square" if over else "",
            tone="loss" if over else None,
        ),
        Cell(text=written.NOTHING if one.officer is None else one.officer.name),
        part.state_cell(visit, one),
    )


def licence_table(
    visit: Visit, rows: Sequence[LicenceSummary], leads_to: str, proposed: Mapping[str, LicenceProposal]
) -> Table:
    """Licences with their masses; `leads_to`: the page of one, `proposed`: what officers have proposed about them."""
    names = firm_names(visit)
    return Table(
        name="licences",
        caption=visit.text("Export licences"),
        columns=(
            Column(key="licence", label=text("Licence", context="licences")),
            Column(key="exporter", label=text("Exporter", context="licences")),
            Column(key="until", label=text("Until", context="licences")),
            *(Column(key=key, label=LABELS[key], number=True, unit="kg") for key in MASSES),
            Column(key="state", label=text("State")),
        ),
        rows=[_licence_row(visit, row, names, leads_to, proposed.get(row.id)) for row in rows],
        empty=visit.text("The register has no export licence."),
    )


def _licence_row(
    visit: Visit, row: LicenceSummary, names: Mapping[str, str], leads_to: str, proposed: LicenceProposal | None
) -> Row:
    word, shape, tone = STATES[row.state]
    exporter = row.exporter or ", ".join(row.of_others_mg)
    texts = (
        why_used_up(visit, row.state, row.kind, left_mg=row.goods.left_mg, lapsed_mg=row.goods.lapsed_mg),
        flagged_text(visit, row.flagged_exits),
        visit.localized(DEED_TEXTS[proposed.deed][1]) if proposed else "",
    )
    return (
        Cell(
            text=row.id,
            value=row.id,
            whole=True,
            href=visit.opens(leads_to, licence=row.id),
            note=words.word(part.KINDS, row.kind or "", visit.language),
        ),
        Cell(
            text=names.get(exporter, exporter) or written.NOTHING,
            value=exporter,
            href=visit.opens("organisation", organisation=exporter) if row.exporter else None,
        ),
        day_cell(visit, row.valid_to),
        *mass_cells(visit, row.goods),
        Cell(
            text=visit.localized(word),
            value=row.state,
            shape=shape,
            tone=tone,
            note=" · ".join(filter(None, texts)),
        ),
    )
