"""One question of the authority to a firm: what was seen in the firm's own rows, what was asked, and the answer.

Of the finding the page has what its subject may see: all that `own_findings` gives, as the API has it.
"""

from __future__ import annotations

from typing import Final

from django.http import HttpResponse, HttpResponseRedirect

from lodeline.detection.finding import Finding
from lodeline.language import bilingual, text
from lodeline.material.mass import parse_mass
from lodeline.office.findings import cases
from lodeline.office.findings.files import FileRefusedError, attached
from lodeline.office.findings.firm_view import own_findings
from lodeline.office.findings.matching import located
from lodeline.office.findings.seen import finding_seen
from lodeline.office.findings.states import MOVES, CaseError, has_answered_or_expired
from lodeline.office.findings.views import own_case, own_state
from lodeline.office.models import Case
from lodeline.service.findings.finding import findings
from lodeline.web.pages.common.firm_part import Firm, OwnVisit, error_text
from lodeline.web.pages.findings.case_acts import NOTICES
from lodeline.web.pages.findings.case_part import taken, wanted_paper
from lodeline.web.pages.findings.evidence import EVENT_KINDS
from lodeline.web.pages.findings.evidence_words import besides, further, in_all
from lodeline.web.pages.findings.finding import interval
from lodeline.web.pages.findings.measured_part import measured_steps
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Table, shown, wanted_csv
from lodeline.web.parts.values import Fact, Field, Notice
from lodeline.web.visit import NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words

#: What a row says in columns; the rest is in its last one. Its number in the ledger is for programs.
_IN_COLUMNS: Final = ("kind", "event", "on", "mass_kg", "entry", "movement")
_ACCEPT: Final = ".pdf,.png,.jpg,.jpeg,.csv"


def firm_finding(visit: Visit, organisation: str, finding: str) -> HttpResponse:
    """The page `firm/ID/findings/FINDING/`; its form answers."""
    firm = Firm(visit, organisation)
    try:
        case = _asked(firm, finding)
    except CaseError as error:
        raise NotHereError(error.words) from error
    if case.finding != finding:
        # The question was asked under another id.
        return HttpResponseRedirect(firm.url("firm-finding", finding=case.finding) or "")
    paper = wanted_paper(visit, case, reader=organisation)
    if paper is not None:
        return paper
    refused = ""
    if visit.request.method == "POST":
        try:
            return _answer(firm, finding)
        except (CaseError, FileRefusedError) as error:
            refused = error_text(visit, error)
            case = own_case(visit.actor, organisation, finding)
    row = _own_row(firm, case)
    own, table = OwnVisit.of(visit), _rows(firm, row)
    more = [] if row is None else further(own, row)
    csv = wanted_csv(visit, table, *more)
    if csv is not None:
        return csv
    code = visit.query("said")
    return show(
        visit,
        "lodeline/findings/firm_finding.html",
        title=_headline(firm, case),
        status=400 if refused else 200,
        name=firm.name,
        back=firm.url("firm", query={"kind": "question"}),
        row=row,
        names=firm.names,
        facts=_facts(firm, case, row),
        measured=measured_steps(row, visit.language, lambda entry: firm.url("firm-inspection-visit", entry=entry)),
        totals=[] if row is None else in_all(own, row),
        further=[shown(visit, one) for one in more],
        table=shown(visit, table) if table.rows else None,
        steps=taken(
            visit, case, reader=organisation, called=lambda one: firm.names.get(one, one),
            timezone=firm.own.law.timezone,
        ),
        answer=_fields(firm, refused) if _may_answer(firm, case) else None,
        notices=[Notice(kind="problem", text=refused)] if refused
        else [Notice(kind="success", text=visit.localized(NOTICES["answer"]))] if code == "answer" else [],
    )  # fmt: skip


def _asked(firm: Firm, finding: str) -> Case:
    """The question of a finding, by whatever id it was asked. Raises CaseError where the firm was never asked it."""
    visit, reading = firm.visit, firm.visit.reading
    try:
        return own_case(visit.actor, firm.organisation, finding)
    except CaseError:
        raised = reading.answer(findings, reading.store, reading.snapshot, reading.law).raised
        kept = located(raised, finding).case
        if kept is None:
            raise
        return own_case(visit.actor, firm.organisation, kept.finding)


def _answer(firm: Firm, finding: str) -> HttpResponse:
    visit = firm.visit
    sent = [(one.name or "", one.read()) for one in visit.request.FILES.getlist("files")]
    cases.answer(
        visit.actor, visit.store, firm.organisation, finding, text=visit.request.POST.get("text", ""),
        files=attached(sent), now=firm.now,
    )  # fmt: skip
    return HttpResponseRedirect(visit.here(said="answer"), status=303)


def state_cell(firm: Firm, case: Case) -> Cell:
    """Where a question stands, as the firm needs to know it."""
    visit = firm.visit
    state = own_state(case, firm.organisation)
    shape, tone = words.FINDING_STATE_MARKS[state]
    note = ""
    if state == "asked" and case.until is not None:
        late = has_answered_or_expired("asked", until=case.until, today=firm.today)
        day = written.day(case.until, visit.language)
        note = visit.text("was due by {day}", day=day) if late else visit.text("answer by {day}", day=day)
    word = words.word(words.FINDING_STATES, state, visit.language)
    return Cell(text=word, value=state, shape=shape, tone=tone, note=note)


def place(firm: Firm, case: Case) -> str:
    """Which of the firm's sites a question is about; empty where it is about none."""
    return firm.sites_ever.get(finding_seen(case).subject.get("site", ""), "")


def _may_answer(firm: Firm, case: Case) -> bool:
    return case.state in MOVES["answered"][0] and any(
        firm.visit.actor.may(permission, firm.organisation) for permission in ("own.file", "own.certify")
    )


def _own_row(firm: Firm, case: Case) -> Finding | None:
    """The finding as it was asked about; None where it is about a pair, whose other side is not the firm's to see."""
    found = own_findings([finding_seen(case)], firm.own, firm.visit.reading.snapshot)
    return found[0] if found else None


def _headline(firm: Firm, case: Case) -> str:
    visit = firm.visit
    what = words.word(words.DETECTORS, case.detector, visit.language)
    if own_state(case, firm.organisation) == "asked" and case.until is not None:
        day = written.day(case.until, visit.language)
        return visit.text("{what}: please answer by {day}", what=what, day=day)
    state = words.word(words.FINDING_STATES, own_state(case, firm.organisation), visit.language)
    return visit.text("{what}: {state}", what=what, state=bilingual(state.lower(), state))


def _facts(firm: Firm, case: Case, row: Finding | None) -> list[Fact]:
    visit, language, seen = firm.visit, firm.visit.language, finding_seen(case)
    state = state_cell(firm, case)
    span = dict.fromkeys((seen.first_period, seen.last_period))
    facts = [
        Fact(term=visit.text("State"), text=state.text, note=state.note),
        Fact(
            term=visit.text("Period", context="findings"),
            text=visit.text(" to ").join(written.month(one, language) for one in span),
        ),
    ]
    if place(firm, case):
        facts.append(
            Fact(
                term=visit.text("Site"), text=place(firm, case), note=seen.subject["site"],
                href=firm.url("firm-balance", site=seen.subject["site"]),
            )
        )  # fmt: skip
    if "visit" in seen.subject:
        facts.append(
            Fact(
                term=visit.text("Visit"), text=visit.text("what was measured"),
                href=firm.url("firm-inspection-visit", entry=int(seen.subject["visit"])),
            )
        )  # fmt: skip
    if row is not None:
        facts.append(
            Fact(
                term=visit.text("At stake", context="findings"),
                text=written.mass(seen.mass_mg, language) if seen.mass_mg else written.NOTHING,
                note=interval(visit, row),
            )
        )
        if row.elements:
            facts.append(
                Fact(
                    term=visit.text("Elements"),
                    text=visit.text(", ", context="findings, firm finding").join(row.elements),
                )
            )
        facts.append(Fact(term=visit.text("Score"), text=written.score(row.score)))
    return facts


def _rows(firm: Firm, row: Finding | None) -> Table:
    """The firm's own rows that the finding stands on."""
    visit, language = firm.visit, firm.visit.language
    rows = []
    for one in [] if row is None else row.evidence:
        if "kind" not in one:
            continue
        mass_kg, more = one.get("mass_kg"), besides(visit, one, _IN_COLUMNS)
        rows.append(
            (
                Cell(text=words.word(EVENT_KINDS, one["kind"], language), value=one["kind"], note=one.get("event", "")),
                Cell(text=written.day(one["on"], language), value=one["on"]),
                firm.mass(None if mass_kg is None else parse_mass(mass_kg)),
                Cell(
                    text=written.count(one["entry"]), value=one["entry"],
                    href=firm.url("firm-filing", entry=one["entry"]),
                ),
                Cell(text=more or written.NOTHING, value=more or None),
            )
        )  # fmt: skip
    return Table(
        name="rows",
        caption=visit.text("Your rows"),
        columns=(
            Column(key="kind", label=text("Event", context="findings")),
            Column(key="on", label=text("Day")),
            Column(key="mass", label=text("Mass", context="findings"), number=True, unit="kg"),
            Column(key="entry", label=text("Entry"), number=True),
            Column(key="besides", label=text("Besides")),
        ),
        rows=rows,
        empty=visit.text("No row of yours is listed."),
    )


def _fields(firm: Firm, refused: str) -> list[Field]:
    visit = firm.visit
    return [
        Field(
            name="text", label=visit.text("Your answer"), kind="textarea", lines=8, required=True, width="full",
            value=visit.request.POST.get("text", ""), errors=(refused,) if refused else (),
            hint=visit.text("It goes to the authority and is bound by an entry of the log: nobody can change it "
"later, on either side. You may add to it until it is decided."),
        ),
        Field(
            name="files", label=visit.text("Documents", context="findings"), kind="file", multiple=True, accept=_ACCEPT,
            hint=visit.text("PDF, PNG, JPEG or CSV; at most five files, 2 MB together."),
        ),
    ]  # fmt: skip
