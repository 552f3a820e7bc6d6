"""The authority's questions to a firm: those that wait for an answer first."""

from __future__ import annotations

import json

from django.http import HttpResponse

from lodeline.office.findings.states import has_answered_or_expired
from lodeline.office.findings.views import own_cases, own_state
from lodeline.office.models import Case
from lodeline.web.pages.common.firm_part import Firm, counted
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Row, Table, shown, wanted_csv
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.language import text


def firm_findings(visit: Visit, organisation: str) -> HttpResponse:
    """The page `firm/ID/findings/`."""
    firm = Firm(visit, organisation)
    found = own_cases(visit.actor, organisation)
    table = _table(firm, found)
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    waiting = sum(one.state == "asked" for one in found)
    if waiting:
        title = counted(
            visit,
            waiting,
            "One question waits for your answer",
            "{n} questions wait for your answer",
            "有{n}项询问待答复",
        )
    elif found:
        title = visit.text("Every question is answered", "询问均已答复")
    else:
        title = visit.text("The authority has asked you nothing", "主管部门未提出询问")
    return show(
        visit,
        "lodeline/findings/firm_findings.html",
        title=title,
        name=firm.name,
        table=shown(visit, table),
    )


def state_cell(firm: Firm, case: Case) -> Cell:
    """Where a question stands, as the firm needs to know it."""
    visit = firm.visit
    state = own_state(case)
    shape, tone = words.FINDING_STATE_MARKS[state]
    note = ""
    if case.state == "asked" and case.until is not None:
        late = has_answered_or_expired("asked", until=case.until, today=firm.today)
        day = written.day(case.until, visit.language)
        note = (
            visit.text(f"was due by {day}", f"已于{day}到期")
            if late
            else visit.text(f"answer by {day}", f"请于{day}前答复")
        )
    word = words.word(words.FINDING_STATES, state, visit.language)
    return Cell(text=word, value=state, shape=shape, tone=tone, note=note)


def place(firm: Firm, case: Case) -> str:
    """Which of the firm's sites a question is about; empty where it is about none."""
    site = json.loads(case.seen)["subject"].get("site", "")
    return firm.sites_ever.get(site, "")


def _table(firm: Firm, found: list[Case]) -> Table:
    visit = firm.visit
    return Table(
        name="questions",
        caption=visit.text("Questions of the authority", "主管部门的询问"),
        columns=(
            Column(key="what", label=text("What it is about", "事项")),
            Column(key="where", label=text("Site", "场所")),
            Column(key="period", label=text("Until", "截至")),
            Column(key="mass", label=text("At stake", "涉及质量"), number=True, unit="kg"),
            Column(key="state", label=text("State", "状态")),
        ),
        rows=[_row(firm, one) for one in found],
        empty=visit.text(
            "Questions appear here with the day by which to answer; you are told by a notice.",
            "询问及答复期限会出现在此处，并另行通知。",
        ),
    )


def _row(firm: Firm, case: Case) -> Row:
    visit, seen = firm.visit, json.loads(case.seen)
    return (
        Cell(
            text=words.word(words.DETECTORS, case.detector, visit.language), value=case.detector,
            href=firm.url("firm-finding", finding=case.finding),
        ),
        Cell(text=place(firm, case) or written.NOTHING, value=place(firm, case)),
        Cell(text=written.month(seen["period"]["to"], visit.language), value=seen["period"]["to"]),
        firm.mass(round(float(seen["mass_kg"]) * written.MG_PER_KG) or None),
        state_cell(firm, case),
    )  # fmt: skip
