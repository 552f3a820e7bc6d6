"""The customs desk by program: questions that were kept, what is decided about them, queries and their steps.

What a person may on the pages, a program may here: customs decides, an exporter asks beforehand and answers.
"""

from __future__ import annotations

import json
from typing import Any, Final, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Router
from ninja.params.functions import Path
from pydantic import BaseModel, ConfigDict, Field

from lodeline.language import text
from lodeline.office.access.actor import Actor
from lodeline.office.access.looking import DESK_REASON
from lodeline.office.customs import desk
from lodeline.office.customs import queries as customs_cases
from lodeline.office.customs.seen import queried_line
from lodeline.office.findings.cases import TEXT_CHARACTERS
from lodeline.office.findings.files import MOST_FILES, attached
from lodeline.office.findings.states import CaseError, UnknownCaseError
from lodeline.office.models import Case
from lodeline.service.customs import papers as desk_papers
from lodeline.service.customs.papers import DeskError, Question, UnknownQuestionError
from lodeline.web.api import spec
from lodeline.web.api.cases import CaseFileIn, decoded
from lodeline.web.api.problems import ApiProblem, not_found
from lodeline.web.api.sending import body_of, json_answer, once, sent_as
from lodeline.web.api.shapes import customs as shapes
from lodeline.web.api.who import call_of, decides_at_the_desk, judges, law, log_access_to_all, reading, store, writes

router = Router(tags=["declarations"])
Json = dict[str, Any]
ENTRY: Final = Path(..., ge=0, le=spec.INTEGER_MAX, **spec.text("Entry that keeps the question."))
CASE: Final = Path(..., max_length=80, **spec.text("Reference of the query."))


class DeskDecisionIn(BaseModel):
    """What an officer decides about a question that was kept.

    `line`: id of the verdict (override, query; release: that line alone); `verdict`: the officer's (override);
    `override`: the entry to confirm.
    """

    model_config = ConfigDict(extra="forbid")
    act: Literal["override", "confirm", "release", "withdraw", "query"]
    line: str = Field("", max_length=64)
    verdict: Literal["release", "query", "hold"] | None = None
    override: int = Field(-1, ge=-1, le=spec.INTEGER_MAX)
    text: str = Field("", max_length=TEXT_CHARACTERS)


class CustomsStepIn(BaseModel):
    """A step of customs in a query. `steps`: how many whoever sends this has seen; `assay` goes with `found`."""

    model_config = ConfigDict(extra="forbid")
    act: Literal["laboratory", "found", "released", "refused", "closed"]
    steps: int = Field(ge=0, le=spec.INTEGER_MAX)
    text: str = Field(max_length=TEXT_CHARACTERS)
    assay: str = Field("", max_length=1_000)


class CustomsAnswerIn(BaseModel):
    """What the exporter answers; `documents`: which of the required ones come with it."""

    model_config = ConfigDict(extra="forbid")
    text: str = Field(max_length=TEXT_CHARACTERS)
    documents: list[str] = Field(default_factory=list, max_length=20)
    files: list[CaseFileIn] = Field(default_factory=list, max_length=MOST_FILES)


@router.get(
    "/declarations/{entry}", response=shapes.DeskQuestion, url_name="declaration",
    **spec.operation(
        text("A question to the desk as it was kept"), scope="declarations:judge", problems=(404,)
    ),
)  # fmt: skip
def get_declaration(request: HttpRequest, entry: int = ENTRY) -> Json:
    """What was asked and answered, and what was decided since."""
    found = _kept(request, entry)
    _log_access(request, "declaration", desk_papers.firms_of(store(), found), str(entry))
    return _question(found)


@router.post(
    "/declarations/{entry}/decisions", response=shapes.DeskQuestion, url_name="declaration-decisions",
    **spec.operation(
        text("Decide about a question that was kept"), scope="declarations:decide",
        problems=(404,), idempotent=True,
        body=body_of(DeskDecisionIn, {"act": "override", "line": "7be0aa41…", "verdict": "query", "text": "…"}),
    ),
)  # fmt: skip
def decide_declaration(request: HttpRequest, entry: int = ENTRY) -> HttpResponse:
    """Whatever lets go what was held is confirmed by another officer. `release` reserves on the licences of the lines
    that may leave, in the same transaction."""
    officer = decides_at_the_desk(request)
    sent, digest = sent_as(request, DeskDecisionIn)

    def act() -> HttpResponse:
        _decide(request, officer, entry, sent)
        return json_answer(200, _question(desk.question(officer, store(), entry)))

    return once(request, digest, act)


def _decide(request: HttpRequest, officer: Actor, entry: int, sent: DeskDecisionIn) -> None:
    """Raises ApiProblem for what cannot be done."""
    now, pack = call_of(request).now, law()
    try:
        if sent.act == "override":
            if sent.verdict is None:
                raise ApiProblem("request-malformed", text("An override needs a verdict."))
            desk.override(
                officer, store(), entry, verdict_id=sent.line, verdict=sent.verdict, reason=sent.text, now=now
            )  # fmt: skip
        elif sent.act == "confirm":
            desk.confirm(officer, store(), entry, override_entry=sent.override, now=now)
        elif sent.act == "release":
            desk.release(
                officer, store(), entry, snapshot=reading().snapshot, law=pack,
                today=pack.day_of(now), now=now, only=(sent.line,) if sent.line else (),
            )  # fmt: skip
        elif sent.act == "withdraw":
            desk.withdraw(officer, store(), entry, reason=sent.text, now=now)
        else:
            today = pack.day_of(now)
            customs_cases.open_case(
                officer, store(), entry, verdict_id=sent.line, text=sent.text, law=pack, today=today, now=now
            )
    except (DeskError, CaseError) as error:
        raise _refused(error) from error


@router.get(
    "/queries", response=shapes.CustomsQueries, url_name="queries",
    **spec.operation(text("Queries of customs"), scope="declarations:judge"),
)  # fmt: skip
def list_queries(request: HttpRequest) -> Json:
    """Those that wait for somebody first; of an organisation its own."""
    actor, organisation = call_of(request).actor, judges(request)
    found = customs_cases.own_cases(actor, organisation) if organisation else customs_cases.cases(actor)
    return {"rows": [_summary(one) for one in found]}


@router.get(
    "/queries/{case}", response=shapes.CustomsQuery, url_name="query",
    **spec.operation(text("A query of customs and its steps"), scope="declarations:judge", problems=(404,)),
)  # fmt: skip
def get_query(request: HttpRequest, case: str = CASE) -> Json:
    """What is asked, which documents are to be submitted, and every step as the log binds it."""
    found = _case(request, case)
    _log_access(request, "query", [found.organisation], case)
    return _whole(found)


@router.post(
    "/queries/{case}/steps", response=shapes.CustomsQuery, url_name="query-steps",
    **spec.operation(
        text("Take a step of customs in a query"), scope="declarations:decide", problems=(404,),
        idempotent=True,
        body=body_of(CustomsStepIn, {"act": "found", "steps": 3, "text": "ICP-OES, report 7", "assay": "Dy=0.36"}),
    ),
)  # fmt: skip
def take_query_step(request: HttpRequest, case: str = CASE) -> HttpResponse:
    """Laboratory, result, release, refusal, end."""
    officer = decides_at_the_desk(request)
    sent, digest = sent_as(request, CustomsStepIn)

    def act() -> HttpResponse:
        _case(request, case)
        try:
            _take(request, officer, case, sent)
        except (DeskError, CaseError) as error:
            raise _refused(error) from error
        return json_answer(200, _whole(_case(request, case)))

    return once(request, digest, act)


def _take(request: HttpRequest, officer: Actor, case: str, sent: CustomsStepIn) -> None:
    now, pack = call_of(request).now, law()
    today = pack.day_of(now)
    options: dict[str, Any] = {"text": sent.text, "steps": sent.steps, "now": now}
    if sent.act == "found":
        customs_cases.enter_result(
            officer, store(), case, assay=sent.assay, law=pack, today=today, snapshot=reading().snapshot, **options
        )
    elif sent.act == "laboratory":
        customs_cases.send_to_laboratory(officer, store(), case, **options)
    elif sent.act == "closed":
        customs_cases.close(officer, store(), case, **options)
    else:
        customs_cases.decide(officer, store(), case, kind=sent.act, today=today, **options)


@router.post(
    "/queries/{case}/answer", response=shapes.CustomsQuery, url_name="query-answer",
    **spec.operation(
        text("Answer a query of customs"), scope="findings:answer", problems=(404, 413), idempotent=True,
        body=body_of(CustomsAnswerIn, {"text": "None of the models.", "documents": ["test-report"], "files": []}),
    ),
)  # fmt: skip
def answer_query(request: HttpRequest, case: str = CASE) -> HttpResponse:
    """Once more, while nothing is decided."""
    program, organisation = writes(request, "findings:answer")
    sent, digest = sent_as(request, CustomsAnswerIn)

    def act() -> HttpResponse:
        files = attached([(one.name, decoded(one)) for one in sent.files])
        try:
            found = customs_cases.answer(
                program, store(), organisation, case, text=sent.text, documents=sent.documents, files=files,
                now=call_of(request).now,
            )  # fmt: skip
        except CaseError as error:
            raise _refused(error) from error
        return json_answer(200, _whole(found))

    return once(request, digest, act)


def _refused(error: DeskError | CaseError) -> ApiProblem:
    is_unknown = isinstance(error, UnknownCaseError | UnknownQuestionError)
    return ApiProblem("not-found" if is_unknown else "conflict", error.words)


def _log_access(request: HttpRequest, what: str, exporters: list[str], subject: str) -> None:
    """Writes down that the desk looks at what these exporters declare; an exporter looks at its own."""
    if not judges(request):
        log_access_to_all(request, what, exporters, subject=subject, reason=DESK_REASON)


def _kept(request: HttpRequest, entry: int) -> Question:
    """Raises ApiProblem where there is none that whoever asks may see."""
    organisation = judges(request)
    try:
        return desk.question(call_of(request).actor, store(), entry, organisation=organisation or None)
    except DeskError as error:
        raise not_found(error.words) from error


def _case(request: HttpRequest, case: str) -> Case:
    actor, organisation = call_of(request).actor, judges(request)
    try:
        if organisation:
            return customs_cases.own_case(actor, organisation, case)
        return customs_cases.case_of(actor, case)
    except CaseError as error:
        raise not_found(error.words) from error


def _question(asked: Question) -> Json:
    state = desk_papers.standing(store(), asked)
    paper = asked.paper
    return {
        "entry": asked.entry.index, "asked_at": paper["asked_at"], "channel": paper["channel"],
        "amends": paper["amends"], "late_s": paper["late_s"], "amended_by": state.amended_by,
        "withdrawn": state.withdrawn, "answer": paper["answer"],
        "releases": [
            {
                "entry": one["entry"], "line": key, "released": one["released"], "reservation": one["reservation"],
            }
            for key, one in state.releases.items()
        ],
        "overrides": [
            {
                "entry": one.entry, "line": key, "verdict": one.verdict, "reason": one.reason, "stands": one.stands,
            }
            for key, one in state.overrides.items()
        ],
    }  # fmt: skip


def _summary(case: Case) -> Json:
    seen = queried_line(case)
    return {
        "case": case.reference, "organisation": case.organisation, "state": case.state, "entry": seen.entry,
        "line": seen.verdict_id, "verdict": seen.verdict,
        "until": None if case.until is None else case.until.isoformat(), "steps": case.steps_taken,
        "changed_at": case.changed_at.isoformat(),
    }  # fmt: skip


def _whole(case: Case) -> Json:
    seen = queried_line(case)
    taken = [
        {"number": one.number, "kind": one.kind, "at": one.at.isoformat(), "entry": one.entry,
         "organisation": one.organisation, "text": json.loads(one.content)["text"]}
        for one in case.steps.order_by("number")
    ]  # fmt: skip
    return {
        **_summary(case), "required": seen.required, "documents": list(seen.documents), "taken": taken,
    }  # fmt: skip
