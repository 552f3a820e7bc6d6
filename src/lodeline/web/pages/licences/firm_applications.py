"""A firm's applications for export licences: those under way, those decided, and where a new one begins."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from django.http import HttpResponse, HttpResponseRedirect

from lodeline.control.licences.licensing import RELATIONS
from lodeline.office.licences import application_views, applications
from lodeline.office.licences.application_steps import ApplicationError
from lodeline.office.models import Application
from lodeline.web.pages.common.firm_part import Firm, counted, error_text
from lodeline.web.pages.licences import application_part as part
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Row, Table, shown, wanted_csv
from lodeline.web.parts.values import Field, Notice
from lodeline.web.visit import BadQuestionError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.language import text

_OPEN: Final = frozenset({"draft", "submitted", "queried", "proposed"})


def firm_applications(visit: Visit, organisation: str) -> HttpResponse:
    """The page `firm/ID/applications/`; its form begins one."""
    firm = Firm(visit, organisation)
    refused = ""
    if visit.request.method == "POST":
        try:
            made = _begin(visit, firm)
        except ApplicationError as error:
            refused = error_text(visit, error)
        else:
            where = visit.url("firm-application", organisation=organisation, application=made.reference)
            return HttpResponseRedirect(str(where), status=303)
    every = application_views.own_applications(visit.actor, organisation)
    table = _table(firm, every)
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    waiting = sum(one.state == "queried" for one in every)
    under_way = sum(one.state in _OPEN for one in every)
    title = visit.text("No application is under way", "没有办理中的申请")
    if waiting:
        title = counted(
            visit, waiting, "One query waits for your answer", "{n} queries wait for your answer", "有{n}项质询待答复"
        )
    elif under_way:
        title = counted(
            visit, under_way, "One application is under way", "{n} applications are under way", "有{n}份申请办理中"
        )
    granted = [one for one in every if one.state == "granted"]
    return show(
        visit,
        "lodeline/licences/firm_applications.html",
        title=title,
        status=400 if refused else 200,
        name=firm.name,
        licences=firm.url("firm-licences"),
        notices=[Notice(kind="problem", text=refused)] if refused else [],
        table=shown(visit, table),
        fields=_fields(visit, granted) if visit.actor.may("own.file", organisation) else [],
    )


def _begin(visit: Visit, firm: Firm) -> Application:
    form = visit.request.POST
    relation = next((one for one in RELATIONS if one == form.get("relation", "new")), None)
    if relation is None:
        raise BadQuestionError("Choose what to apply for.", "请选择申请事项。")
    of_licence = "" if relation == "new" else form.get("of_licence", "")
    return applications.begin(
        visit.actor, firm.organisation, relation=relation, of_licence=of_licence, now=firm.now
    )  # fmt: skip


def _fields(visit: Visit, granted: list[Application]) -> list[Field]:
    options = [(one, visit.localized(part.RELATIONS[one])) for one in RELATIONS if granted or one == "new"]
    fields = [
        Field(
            name="relation", label=visit.text("Apply for", "申请事项"), kind="select", options=options, required=True,
            hint=visit.text(
                "A change of item, destination, end user or end use is a new application.",
                "变更物项、目的地、最终用户或最终用途的，须重新申请。",
            ),
        )
    ]  # fmt: skip
    if granted:
        fields.append(
            Field(
                name="of_licence", label=visit.text("Of the licence", "所涉许可证"), kind="select",
                options=[(one.licence, one.licence) for one in granted],
            )
        )  # fmt: skip
    return fields


def _table(firm: Firm, every: list[Application]) -> Table:
    visit = firm.visit
    return Table(
        name="applications",
        caption=visit.text("Applications", "许可申请"),
        columns=(
            Column(key="for", label=text("For", "最终用户")),
            Column(key="about", label=text("About", "事项")),
            Column(key="goods", label=text("Goods", "货物")),
            Column(key="in", label=text("Handed in", "提交时间")),
            Column(key="clock", label=text("Time to decide", "审查期限")),
            Column(key="state", label=text("State", "状态")),
        ),
        rows=[_row(firm, one) for one in every],
        empty=visit.text("Nothing has been applied for here.", "尚无申请。"),
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
            text=users[0] if users else visit.text("not stated yet", "尚未填写"), value=one.reference,
            href=firm.url("firm-application", application=one.reference),
            note=words.country(str(content["destination"]), visit.language) if content["destination"] else "",
        ),
        Cell(
            text=words.word(part.RELATIONS, one.relation, visit.language), value=one.relation, note=one.of_licence,
            whole=True,
        ),
        Cell(text=visit.text(", ", "、").join(str(row.get("product_name", "")) for row in goods[:3])),
        Cell(
            text=written.NOTHING if one.submitted_at is None else firm.moment(one.submitted_at),
            value=None if one.submitted_at is None else one.submitted_at.isoformat(),
        ),
        Cell(text=written.NOTHING if one.state in ("draft", "withdrawn") else part.clock_text(visit, clock)),
        part.state_cell(visit, one),
    )  # fmt: skip
