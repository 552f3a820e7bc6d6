"""A firm's applications for export licences: those under way, those decided, and where a new one begins."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from django.http import HttpResponse, HttpResponseRedirect

from lodeline.control.licences.licensing import RELATIONS
from lodeline.language import text
from lodeline.office.licences import application_views, prefilling
from lodeline.office.licences import applications as office
from lodeline.office.licences.application_steps import ApplicationError
from lodeline.office.licences.prefilling import Prefilled
from lodeline.office.lots.firm_view import UnknownLotError, own_lot
from lodeline.office.models import Application
from lodeline.service.customs.papers import DeskError
from lodeline.web.pages.common.firm_part import Firm, counted, error_text
from lodeline.web.pages.licences import application_part as part
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Row, Table, shown, wanted_csv
from lodeline.web.parts.values import Field, Notice, Tab
from lodeline.web.visit import BadQuestionError
from lodeline.web.words import format as written
from lodeline.web.words import words

#: Models that are offered to begin with, the newest.
_MODELS_MOST: Final = 50
#: A line of a question to the desk: the entry that keeps it, and its place there.
_ASKED: Final = re.compile(r"([0-9]{1,15})\.([0-9]{1,6})")
_OPEN: Final = frozenset({"draft", "submitted", "queried", "proposed"})


def applications(firm: Firm, tabs: Sequence[Tab]) -> HttpResponse:
    """What `firm/ID/licences/?view=applications` shows; its form, and that of a lot or a licence, begins one."""
    visit, organisation = firm.visit, firm.organisation
    refused = ""
    if visit.request.method == "POST":
        try:
            return HttpResponseRedirect(_begin(firm), status=303)
        except (ApplicationError, UnknownLotError, DeskError) as error:
            refused = error_text(visit, error)
    every = application_views.own_applications(visit.actor, organisation)
    table = _table(firm, every)
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    waiting = sum(one.state == "queried" for one in every)
    under_way = sum(one.state in _OPEN for one in every)
    title = visit.text("No application is under way")
    if waiting:
        title = counted(
            visit, waiting, text("One query waits for your answer"), text("{n} queries wait for your answer")
        )
    elif under_way:
        title = counted(visit, under_way, text("One application is under way"), text("{n} applications are under way"))
    granted = [one for one in every if one.state == "granted"]
    return show(
        visit,
        "lodeline/licences/firm_applications.html",
        title=title,
        status=400 if refused else 200,
        name=firm.name,
        label=visit.text("Licences"),
        tabs=tabs,
        notices=[Notice(kind="problem", text=refused)] if refused else [],
        table=shown(visit, table),
        fields=_fields(firm, granted) if visit.actor.may("own.file", organisation) else [],
    )


def _begin(firm: Firm) -> str:
    """Begins a draft with what the form names; returns where it is. Raises ApplicationError, UnknownLotError,
    DeskError."""
    visit, form, today = firm.visit, firm.visit.request.POST, firm.today
    relation = next((one for one in RELATIONS if one == form.get("relation", "new")), None)
    if relation is None:
        raise BadQuestionError(text("Choose what to apply for."))
    if relation != "new":
        made = office.begin(
            visit.actor, firm.organisation, relation=relation, of_licence=form.get("of_licence", ""), now=firm.now
        )
        return str(firm.url("firm-application", application=made.reference))
    what, _, name = form.get("from", "").partition(":")
    if not what:
        made = office.begin(visit.actor, firm.organisation, now=firm.now)
        return str(firm.url("firm-application", application=made.reference))
    visit.actor.require("own.file", firm.organisation)
    known = _known(firm, what, name.strip(), today)
    made = office.begin_with(visit.actor, visit.store, firm.organisation, known, now=firm.now)
    query = {"from": name, "like": None if known.like is None else known.like.reference}
    return str(firm.url("firm-application", application=made.reference, query=query))


def _known(firm: Firm, what: str, name: str, today: date) -> Prefilled:
    visit, own, snapshot = firm.visit, firm.own, firm.visit.reading.snapshot
    if what == "lot":
        lot = own_lot(visit.actor, own, snapshot, name, own.transfers(firm.now))
        return prefilling.of_lot(visit.actor, own, snapshot, lot, today=today)
    if what == "model":
        return prefilling.of_model(visit.actor, own, snapshot, name, today=today)
    if what == "licence":
        return prefilling.of_licence(visit.actor, own, snapshot, name, today=today)
    found = _ASKED.fullmatch(name)
    if what != "asked" or found is None:
        raise BadQuestionError(
            text("An application begins with lot:NAME, model:NAME, licence:NUMBER or asked:ENTRY.LINE.")
        )
    return prefilling.of_declaration(visit.actor, own, snapshot, int(found[1]), int(found[2]), today=today)


def _fields(firm: Firm, granted: list[Application]) -> list[Field]:
    visit = firm.visit
    options = [(one, visit.localized(part.RELATIONS[one])) for one in RELATIONS if granted or one == "new"]
    fields = [
        Field(
            name="relation", label=visit.text("Apply for"), kind="select", options=options, required=True,
            hint=visit.text("A change of item, destination, end user or end use is a new application."),
        )
    ]  # fmt: skip
    licences = [one.id for one in firm.own.register.licences_held_by(firm.organisation)]
    like = [(f"licence:{one}", visit.text("Licence {one}", one=one)) for one in sorted(licences, reverse=True)]
    models = prefilling.models(visit.actor, firm.own)[:_MODELS_MOST]
    like += [(f"model:{one}", visit.text("Model {one}", one=one)) for one in models]
    if like:
        fields.append(
            Field(
                name="from", label=visit.text("Filled in from"), kind="select",
                options=[("", visit.text("nothing", context="licences")), *like],
                hint=visit.text("For a new licence. From a lot: on the page of the lot."),
            )
        )  # fmt: skip
    if granted:
        fields.append(
            Field(
                name="of_licence", label=visit.text("Of the licence"), kind="select",
                options=[(one.licence, one.licence) for one in granted],
            )
        )  # fmt: skip
    return fields


def _table(firm: Firm, every: list[Application]) -> Table:
    visit = firm.visit
    return Table(
        name="applications",
        caption=visit.text("Applications", context="licences, firm applications"),
        columns=(
            Column(key="for", label=text("For", context="licences, firm applications")),
            Column(key="about", label=text("About", context="licences")),
            Column(key="goods", label=text("Goods", context="licences")),
            Column(key="in", label=text("Handed in", context="licences, firm applications")),
            Column(key="clock", label=text("Time to decide")),
            Column(key="state", label=text("State")),
        ),
        rows=[_row(firm, one) for one in every],
        empty=visit.text("Nothing has been applied for here."),
    )


def _row(firm: Firm, one: Application) -> Row:
    visit = firm.visit
    content: Mapping[str, object] = json.loads(one.content)
    users = str(content["end_users"]).splitlines()
    goods = content["goods"]
    assert isinstance(goods, list)
    clock = application_views.clock_of(one, firm.own.law, today=firm.today)
    return (
        Cell(
            text=users[0] if users else visit.text("not stated yet"), value=one.reference,
            href=firm.url("firm-application", application=one.reference),
            note=words.country(str(content["destination"]), visit.language) if content["destination"] else "",
        ),
        Cell(
            text=words.word(part.RELATIONS, one.relation, visit.language), value=one.relation, note=one.of_licence,
            whole=True,
        ),
        Cell(text=visit.text(", ", context="licences").join(str(row.get("product_name", "")) for row in goods[:3])),
        Cell(
            text=written.NOTHING if one.submitted_at is None else firm.moment(one.submitted_at),
            value=None if one.submitted_at is None else one.submitted_at.isoformat(),
        ),
        Cell(text=written.NOTHING if one.state in ("draft", "withdrawn") else part.clock_text(visit, clock)),
        part.state_cell(visit, one),
    )  # fmt: skip
