"""Queries of customs: the queue and one case, as customs sees them and as the exporter does who answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from django.http import HttpResponse, HttpResponseRedirect

from lodeline import language as lang
from lodeline.language import Text, bilingual
from lodeline.office.access import clock
from lodeline.office.customs import queries as customs_cases
from lodeline.office.customs.rule_queries import ABOUT_RULES, rules_of
from lodeline.office.customs.seen import queried_line
from lodeline.office.findings.files import FileRefusedError, attached
from lodeline.office.findings.states import CaseError
from lodeline.office.models import Case
from lodeline.service.customs.papers import DeskError
from lodeline.web.pages.customs.reasons import reason_text, rule_text
from lodeline.web.pages.customs.verdicts import MARKS, QUERY_STATES, VERDICTS
from lodeline.web.pages.findings.case_part import taken, wanted_paper
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Row, Table
from lodeline.web.parts.values import Act, Fact, Field, Notice
from lodeline.web.visit import NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words.firm_names import firm_names

_ACCEPT: Final = ".pdf,.png,.jpg,.jpeg,.csv"
#: What the five documents of the procedure are called.
REQUIRED: Final[Mapping[str, Text]] = {
    "paper-declaration": lang.text("Paper declaration"),
    "contract": lang.text("Contract"),
    "statement": lang.text("Statement: performance, use, why it is not controlled"),
    "test-report": lang.text("Test report"),
    "other": lang.text("Other documents"),
}
#: Act → its heading, what it asks for, its button.
_ACTS: Final[Mapping[str, tuple[Text, Text, Text]]] = {
    "laboratory": (
        lang.text("Send to a laboratory"),
        lang.text("What is sampled, and where to"),
        lang.text("Send", context="customs"),
    ),
    "found": (
        lang.text("Enter the result"),
        lang.text("Method, laboratory, report"),
        lang.text("Judge anew"),
    ),
    "released": (
        lang.text("Release", context="customs"),
        lang.text("Grounds", context="customs"),
        lang.text("Release the goods"),
    ),
    "refused": (
        lang.text("Do not release"),
        lang.text("Grounds", context="customs"),
        lang.text("Refuse", context="customs"),
    ),
    "closed": (
        lang.text("Close", context="customs"),
        lang.text("Why: amended or withdrawn"),
        lang.text("Close", context="customs"),
    ),
}
DONE_NOTICE: Final = lang.text("Done, and in the log.")


def desk_query(visit: Visit, case: str) -> HttpResponse:
    """The page `desk/queries/CASE/`; its forms take the steps of customs."""
    return _one(visit, case, None)


def firm_query(visit: Visit, organisation: str, case: str) -> HttpResponse:
    """The page `firm/ID/queries/CASE/`; its form answers."""
    return _one(visit, case, organisation)


def queries_table(visit: Visit, found: list[Case]) -> Table:
    """Queries of customs, as officers see them."""
    today, names = clock.today(visit.law.timezone), firm_names(visit)
    return Table(
        name="queries",
        caption=visit.text("Customs queries"),
        columns=(
            Column(key="what", label=lang.text("Goods", context="customs")),
            Column(key="who", label=lang.text("Exporter", context="customs, queries")),
            Column(key="verdict", label=lang.text("Verdict", context="customs")),
            Column(key="state", label=lang.text("State")),
            Column(key="since", label=lang.text("Since", context="customs")),
        ),
        rows=[_row(visit, one, today, names) for one in found],
        empty=visit.text("No line is queried."),
    )


def _row(visit: Visit, case: Case, today: date, names: Mapping[str, str]) -> Row:
    line = queried_line(case).line
    shape, tone = MARKS[line["verdict"]]
    page = visit.opens("desk-query", case=case.reference)
    return (
        Cell(text=line["product_name"] or written.NOTHING, href=page, note=line["declaration"] or ""),
        Cell(text=names.get(case.organisation, case.organisation), value=case.organisation),
        Cell(text=visit.localized(VERDICTS[line["verdict"]]), value=line["verdict"], shape=shape, tone=tone),
        _state(visit, case, today),
        Cell(text=written.day(case.opened_at.date(), visit.language), value=case.opened_at.date().isoformat()),
    )


def _state(visit: Visit, case: Case, today: date) -> Cell:
    word, shape, tone = QUERY_STATES[case.state]
    note = ""
    if case.state == "asked" and case.until is not None:
        day = written.day(case.until, visit.language)
        note = (
            visit.text("was due by {day}", day=day)
            if customs_cases.is_overdue(case, today)
            else visit.text("by {day}", day=day)
        )
    return Cell(text=visit.localized(word), value=case.state, shape=shape, tone=tone, note=note)


def _one(visit: Visit, reference: str, organisation: str | None) -> HttpResponse:
    def found() -> Case:
        if organisation is None:
            return customs_cases.case_of(visit.actor, reference)
        return customs_cases.own_case(visit.actor, organisation, reference)

    try:
        case = found()
    except CaseError as error:
        raise NotHereError(error.words) from error
    paper = wanted_paper(visit, case, reader=None)
    if paper is not None:
        return paper
    refused = ""
    if visit.request.method == "POST":
        try:
            _done(visit, case, organisation)
            return HttpResponseRedirect(visit.here(said="yes"), status=303)
        except (CaseError, DeskError, FileRefusedError) as error:
            refused, case = visit.localized(error.words), found()
    today, names = clock.today(visit.law.timezone), firm_names(visit)
    seen = queried_line(case)
    line = seen.line
    shape, tone = MARKS[line["verdict"]]
    notices = [Notice(kind="problem", text=refused)] if refused else []
    if visit.query("said"):
        notices = [Notice(kind="success", text=visit.localized(DONE_NOTICE))]
    state = _state(visit, case, today)
    return show(
        visit,
        "lodeline/customs/desk_query.html",
        title=f"{line['product_name'] or visit.text('Goods not named')}: {state.text}",
        status=400 if refused else 200,
        notices=notices,
        back=visit.opens("desk-asked")
        if organisation is None
        else visit.opens("firm", organisation=organisation, query={"kind": "query"}),
        facts=[
            Fact(term=visit.text("State"), text=state.text, note=state.note),
            Fact(
                term=visit.text("Exporter", context="customs, queries"),
                text=names.get(case.organisation, case.organisation),
            ),
            Fact(term=visit.text("Declaration", context="customs"), text=line["declaration"] or written.NOTHING),
            Fact(
                term=visit.text("Question", context="customs"),
                text=visit.text("entry {entry}", entry=seen.entry),
                href=visit.opens("desk-asked-one", entry=seen.entry) if organisation is None else None,
            ),
        ],
        verdict={"word": visit.localized(VERDICTS[line["verdict"]]), "shape": shape, "tone": tone},
        reasons=[reason_text(visit, one, names) for one in line["reasons"] if one["verdict"] != "release"],
        documents=[visit.localized(one["text"]) for one in seen.documents.values() if one],
        required=[visit.localized(REQUIRED.get(one, bilingual(one, one))) for one in seen.required],
        assumed=seen.assumed,
        steps=taken(visit, case, reader=None, called=lambda one: names.get(one, one), timezone=visit.law.timezone),
        seen=case.steps_taken,
        rules=[visit.localized(rule_text(visit, one)) for one in rules_of(case)],
        rules_at=visit.opens("desk-rules") if organisation is None else None,
        forms=_forms(visit, case, today) if organisation is None and visit.actor.may("desk.decide") else [],
        answer=_answer_fields(visit, seen.required, refused) if organisation and _may_answer(visit, case) else None,
    )


def _may_answer(visit: Visit, case: Case) -> bool:
    return case.state in customs_cases.MOVES["answered"] and any(
        visit.actor.may(permission, case.organisation) for permission in ("own.file", "own.certify")
    )


def _done(visit: Visit, case: Case, organisation: str | None) -> None:
    """Takes the step that a form asks for. Raises CaseError, DeskError, FileRefusedError."""
    form, now, law = visit.request.POST, clock.now(), visit.law
    text, act = form.get("text", ""), form.get("act", "")
    if organisation is not None:
        files = attached([(one.name or "", one.read()) for one in visit.request.FILES.getlist("files")])
        customs_cases.answer(
            visit.actor,
            visit.store,
            organisation,
            case.reference,
            text=text,
            documents=form.getlist("documents"),
            files=files,
            now=now,
        )
        return
    given = form.get("steps", "")
    options: dict[str, Any] = {"text": text, "steps": int(given) if given.isdecimal() else -1, "now": now}
    today = clock.today(law.timezone)
    if act == "found":
        customs_cases.enter_result(
            visit.actor,
            visit.store,
            case.reference,
            assay=form.get("assay", ""),
            law=law,
            today=today,
            snapshot=visit.reading.snapshot,
            **options,
        )
    elif act == "released":
        customs_cases.decide(visit.actor, visit.store, case.reference, kind="released", today=today, **options)
    elif act == "refused":
        customs_cases.decide(visit.actor, visit.store, case.reference, kind="refused", today=today, **options)
    elif act == "laboratory":
        customs_cases.send_to_laboratory(visit.actor, visit.store, case.reference, **options)
    elif act == "closed":
        customs_cases.close(visit.actor, visit.store, case.reference, **options)
    else:
        raise CaseError(lang.text("Choose what to do."))


def _forms(visit: Visit, case: Case, today: date) -> list[dict[str, object]]:
    """The steps that customs may take now."""
    made = []
    for act, (heading, label, button) in _ACTS.items():
        if case.state not in customs_cases.MOVES[act]:  # type: ignore[index]
            continue
        if rules_of(case) and act not in ABOUT_RULES:
            continue
        if act == "refused" and case.state == "asked" and not customs_cases.is_overdue(case, today):
            continue
        fields = [
            Field(
                name="text",
                key=act,
                label=visit.localized(label),
                kind="textarea",
                lines=3,
                required=True,
                width="full",
            )
        ]
        if act == "found":
            fields.insert(
                0,
                Field(
                    name="assay",
                    label=visit.text("Composition found, %"),
                    required=True,
                    width="long",
                    hint="Dy=0.36;Tb=0.02",
                ),
            )
        made.append(
            {
                "heading": visit.localized(heading),
                "fields": fields,
                "button": Act(
                    label=visit.localized(button), name="act", value=act, look="danger" if act == "refused" else ""
                ),
            }
        )
    return made


def _answer_fields(visit: Visit, required: Sequence[str], refused: str) -> list[Field]:
    sent = visit.request.POST
    return [
        Field(
            name="text",
            label=visit.text("Your answer"),
            kind="textarea",
            lines=8,
            required=True,
            width="full",
            value=sent.get("text", ""),
            errors=(refused,) if refused else (),
        ),
        *(
            Field(
                name="documents",
                key=one,
                label=visit.localized(REQUIRED.get(one, bilingual(one, one))),
                kind="checkbox",
                value=one,
                checked=one in sent.getlist("documents"),
            )
            for one in required
        ),
        Field(
            name="files",
            label=visit.text("Documents", context="customs"),
            kind="file",
            multiple=True,
            accept=_ACCEPT,
            hint=visit.text(
                "Sealed, with a Chinese translation. PDF, PNG, JPEG or CSV; at most five files, 2 MB together."
            ),
        ),
    ]
