"""Applications for licences by program: what a firm and an officer may on the pages, their programs may here.

A firm drafts, hands in, answers, reports; officers take in charge, ask, propose and decide, two of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final, Literal

from django.http import HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from ninja import Router
from ninja.params.functions import Path
from pydantic import BaseModel, ConfigDict, Field

from lodeline import language as lang
from lodeline.control.licences import application as written_application
from lodeline.control.licences.application import needed_documents
from lodeline.control.licences.licensing import Kind
from lodeline.language import enumerated
from lodeline.ledger.problem import Problem
from lodeline.material.mass import parse_mass
from lodeline.office.accounts.tokens import Program
from lodeline.office.findings.files import MOST_FILES, FileRefusedError, attached
from lodeline.office.licences import application_review, application_views, applications
from lodeline.office.licences.application_documents import open_document
from lodeline.office.licences.application_review import Proposal
from lodeline.office.licences.application_steps import (
    TEXT_CHARACTERS,
    ApplicationError,
    ApplicationMovedError,
    NotReadyError,
)
from lodeline.office.models import Application
from lodeline.service.licences import parties as licence_parties
from lodeline.web.api import spec
from lodeline.web.api.cases import CaseFileIn, decoded
from lodeline.web.api.problems import ApiProblem, not_found
from lodeline.web.api.sending import body_of, json_answer, once, sent_as
from lodeline.web.api.shapes import licences as shapes
from lodeline.web.api.who import RequestScope, call_of, decides, law, log_access, reads, store, writes

router = Router(tags=["applications"])
Json = dict[str, Any]
APPLICATION: Final = Path(..., max_length=80, **spec.text("Reference of the application."))
DOCUMENT: Final = Path(..., ge=1, le=spec.INTEGER_MAX, **spec.text("Number of the document."))
Pause = Literal["identification-began", "identification-ended", "check-began", "check-ended", "referred"]


class ApplicationIn(BaseModel):
    """A draft. `content`: the fields of the form as text, `goods` a list of lines (columns of a declaration)."""

    model_config = ConfigDict(extra="forbid")
    relation: Literal["new", "renewal", "amendment"] = "new"
    of_licence: str = Field("", max_length=200)
    content: dict[str, Any] | None = None


class ApplicationContentIn(BaseModel):
    """What a draft says, whole."""

    model_config = ConfigDict(extra="forbid")
    content: dict[str, Any]


class ApplicationDocumentsIn(BaseModel):
    """Documents of one kind: PDF, PNG, JPEG or CSV, at most five and 2 MB together."""

    model_config = ConfigDict(extra="forbid")
    kind: str = Field(max_length=80)
    files: list[CaseFileIn] = Field(min_length=1, max_length=MOST_FILES)


class ApplicationStepIn(BaseModel):
    """A step of the applicant. `what` goes with `report`: what is reported."""

    model_config = ConfigDict(extra="forbid")
    act: Literal["submit", "answer", "withdraw", "report", "drop"]
    text: str = Field("", max_length=TEXT_CHARACTERS)
    what: Literal["shipment", "arrival", "installation", "use"] | None = None
    files: list[CaseFileIn] = Field(default_factory=list, max_length=MOST_FILES)


class ProposalIn(BaseModel):
    """What the officer in charge proposes; mass and days where a grant differs from what was asked."""

    model_config = ConfigDict(extra="forbid")
    grant: bool
    mass_kg: str = Field("", max_length=40)
    valid_from: date | None = None
    valid_to: date | None = None


class ApplicationDecisionIn(BaseModel):
    """A step of an officer. `steps`: how many whoever sends this has seen; `until` goes with `query`, `pause` with
    `pause`, `proposal` with `propose`, `watched` with `watch-list`."""

    model_config = ConfigDict(extra="forbid")
    act: Literal["take", "query", "pause", "watch-list", "propose", "return", "decide"]
    steps: int = Field(ge=0, le=spec.INTEGER_MAX)
    text: str = Field("", max_length=TEXT_CHARACTERS)
    until: date | None = None
    pause: Pause | None = None
    watched: bool = False
    proposal: ProposalIn | None = None


@router.get(
    "/applications",
    response=shapes.Applications,
    url_name="applications",
    **spec.operation(lang.text("Applications for export licences"), scope="applications:read"),
)
def list_applications(request: HttpRequest, organisation: str | None = spec.ORGANISATION) -> Json:
    """Of an organisation its own, the newest first; for the authority those that were handed in, the oldest first."""
    scope, actor = reads(request, "applications:read", organisation), call_of(request).actor
    if not scope.whole:
        assert scope.organisation is not None, "who does not read all reads of one"
        return {"rows": [_summary(one) for one in application_views.own_applications(actor, scope.organisation)]}
    log_access(request, "applications", scope)
    found = [one for one in application_views.submitted(actor) if scope.organisation in (None, one.organisation)]
    return {"rows": [_summary(one) for one in found]}


@router.get(
    "/applications/{application}",
    response=shapes.Application,
    url_name="application",
    **spec.operation(
        lang.text("An application: what it says, its steps, its time"),
        scope="applications:read",
        problems=(404,),
    ),
)
def get_application(request: HttpRequest, application: str = APPLICATION) -> Json:
    """Of a draft also what stands against handing it in."""
    one, scope = _one(request, application)
    log_access(request, "application", scope, organisation=one.organisation, subject=one.reference)
    return _whole(request, one, disclosed_only=not scope.whole)


@router.post(
    "/applications",
    response={201: shapes.Application},
    url_name="applications-begin",
    **spec.operation(
        lang.text("Begin an application"),
        scope="applications:write",
        idempotent=True,
        body=body_of(
            ApplicationIn,
            {"relation": "new", "content": {"kind": "individual", "goods": [{"mass_kg": "120"}]}},
        ),
    ),
)
def begin_application(request: HttpRequest) -> HttpResponse:
    """A draft of one's own; a renewal or an amendment begins with what its licence's application said."""
    program, organisation = writes(request, "applications:write")
    sent, digest = sent_as(request, ApplicationIn)

    def act() -> HttpResponse:
        now = call_of(request).now

        def begun() -> Application:
            one = applications.begin(program, organisation, relation=sent.relation, of_licence=sent.of_licence, now=now)
            return one if sent.content is None else applications.save(program, one, _content(sent.content), now=now)

        one = _done(begun)
        return json_answer(
            201, _whole(request, one, disclosed_only=True), Location=f"/api/v1/applications/{one.reference}"
        )

    return once(request, digest, act)


@router.post(
    "/applications/{application}/content",
    response=shapes.Application,
    url_name="application-content",
    **spec.operation(
        lang.text("Say what a draft says, whole"),
        scope="applications:write",
        problems=(404,),
        idempotent=True,
        body=body_of(ApplicationContentIn, {"content": {"kind": "individual", "goods": [{"mass_kg": "120"}]}}),
    ),
)
def save_application(request: HttpRequest, application: str = APPLICATION) -> HttpResponse:
    """409 once it is handed in: then its words stand."""
    sender = writes(request, "applications:write")
    sent, digest = sent_as(request, ApplicationContentIn)
    return _own_act(
        request,
        sender,
        application,
        digest,
        lambda program, one: applications.save(program, one, _content(sent.content), now=call_of(request).now),
    )


@router.post(
    "/applications/{application}/documents",
    response=shapes.Application,
    url_name="application-documents",
    **spec.operation(
        lang.text("Put documents into a draft, sealed"),
        scope="applications:write",
        problems=(404, 413),
        idempotent=True,
        body=body_of(
            ApplicationDocumentsIn,
            {"kind": "contract", "files": [{"name": "contract.pdf", "content_base64": "JVBERi0xLjcg…"}]},
        ),
    ),
)
def attach_documents(request: HttpRequest, application: str = APPLICATION) -> HttpResponse:
    """The kinds that the law asks for are in `needed` of the application."""
    sender = writes(request, "applications:write")
    sent, digest = sent_as(request, ApplicationDocumentsIn)

    def put(program: Program, one: Application) -> None:
        files = attached([(file.name, decoded(file)) for file in sent.files])
        known = _kinds_needed(request, one)
        if sent.kind not in (*known, "other"):
            raise ApiProblem(
                "request-malformed",
                lang.text("`kind` is one of {known}, other.", known=enumerated(known)),
            )
        applications.attach(program, store(), one, sent.kind, files)

    return _own_act(request, sender, application, digest, put)


@router.get(
    "/applications/{application}/documents/{document}",
    url_name="application-document",
    **spec.operation(
        lang.text("A document of an application"),
        scope="applications:read",
        problems=(404,),
        file="application/octet-stream",
        more=lang.text("For its own firm and the officer in charge; that it was opened is written down."),
    ),
)
def get_application_document(
    request: HttpRequest, application: str = APPLICATION, document: int = DOCUMENT
) -> HttpResponse:
    """Its bytes."""
    one, _ = _one(request, application)
    try:
        name, content = open_document(call_of(request).actor, store(), one, document)
    except ApplicationError as error:
        raise not_found(error.words) from error
    response = HttpResponse(content, content_type="application/octet-stream")
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


@router.post(
    "/applications/{application}/steps",
    response=shapes.Application,
    url_name="application-steps",
    **spec.operation(
        lang.text("Hand in, answer, withdraw, report, or throw a draft away"),
        scope="applications:write",
        problems=(404, 413),
        idempotent=True,
        body=body_of(ApplicationStepIn, {"act": "answer", "text": "The end user builds motors.", "files": []}),
    ),
)
def step_application(request: HttpRequest, application: str = APPLICATION) -> HttpResponse:
    """422 with all problems where it cannot be handed in as it stands."""
    sender = writes(request, "applications:write")
    sent, digest = sent_as(request, ApplicationStepIn)

    def step(program: Program, one: Application) -> Application | None:
        now = call_of(request).now
        files = attached([(file.name, decoded(file)) for file in sent.files])
        if sent.act == "submit":
            return applications.submit(program, store(), one, law(), now=now)
        if sent.act == "answer":
            return applications.answer(program, store(), one, text=sent.text, files=files, now=now)
        if sent.act == "withdraw":
            return applications.withdraw(program, store(), one, text=sent.text, now=now)
        if sent.act == "report":
            return applications.report(
                program, store(), one, what=_needed(sent.what, "what"), text=sent.text, files=files, now=now
            )
        applications.drop(program, one)
        return None

    return _own_act(request, sender, application, digest, step)


@router.post(
    "/applications/{application}/decisions",
    response=shapes.Application,
    url_name="application-decisions",
    **spec.operation(
        lang.text("Take a step of an officer"),
        scope="applications:decide",
        problems=(404,),
        idempotent=True,
        body=body_of(
            ApplicationDecisionIn,
            {"act": "propose", "steps": 3, "text": "Civil motors, known end user.", "proposal": {"grant": True}},
        ),
        more=lang.text(
            "The officer in charge asks and proposes; another decides as proposed, or sends it back. "
            "A grant makes the licence in the same transaction. The token counts as the official who "
            "made it."
        ),
    ),
)
def decide_application(request: HttpRequest, application: str = APPLICATION) -> HttpResponse:
    """409 where somebody was faster."""
    officer = decides(request, "applications:decide")
    sent, digest = sent_as(request, ApplicationDecisionIn)

    def act() -> HttpResponse:
        one = _submitted(officer, application)
        _done(lambda: _decided(request, officer, one, sent))
        return json_answer(200, _whole(request, _submitted(officer, application), disclosed_only=False))

    return once(request, digest, act)


def _decided(request: HttpRequest, officer: Program, one: Application, sent: ApplicationDecisionIn) -> None:
    now, seen, text = call_of(request).now, sent.steps, sent.text
    if sent.act == "take":
        application_review.take(officer, store(), one, seen=seen, now=now)
    elif sent.act == "query":
        application_review.query(officer, store(), one, text=text, until=sent.until, seen=seen, now=now)
    elif sent.act == "pause":
        kind: Kind = _needed(sent.pause, "pause")
        application_review.pause(officer, store(), one, kind, text=text, seen=seen, now=now)
    elif sent.act == "watch-list":
        application_review.mark_watched(officer, one, on_watch_list=sent.watched)
    elif sent.act == "propose":
        proposal = _proposal(_needed(sent.proposal, "proposal"), text)
        application_review.propose(officer, store(), one, proposal, law(), seen=seen, now=now)
    elif sent.act == "return":
        application_review.send_back(officer, store(), one, text=text, seen=seen, now=now)
    else:
        application_review.decide(officer, store(), one, law(), seen=seen, now=now)


def _needed(value: Any, name: str) -> Any:
    if value is None:
        raise ApiProblem("request-malformed", lang.text("This act needs `{name}`.", name=name))
    return value


def _proposal(sent: ProposalIn, text: str) -> Proposal:
    try:
        mass_mg = int(parse_mass(sent.mass_kg)) if sent.mass_kg else None
    except ValueError as error:
        raise ApiProblem(
            "request-malformed", lang.text("{mass_kg!r} is no mass in kilograms.", mass_kg=sent.mass_kg)
        ) from error
    return Proposal(grant=sent.grant, text=text, mass_mg=mass_mg, valid_from=sent.valid_from, valid_to=sent.valid_to)


def _own_act(
    request: HttpRequest,
    sender: tuple[Program, str],
    reference: str,
    digest: str,
    act: Callable[[Program, Application], object],
) -> HttpResponse:
    """Does what a firm's program asks about one of its applications, once. `sender`: the program and its firm."""
    program, organisation = sender

    def done() -> HttpResponse:
        one = _own(program, organisation, reference)
        _done(lambda: act(program, one))
        try:
            after = application_views.own_application(program, organisation, reference)
        except ApplicationError:
            return json_answer(200, {**_shown(one), "state": "dropped"})
        return json_answer(200, _whole(request, after, disclosed_only=True))

    return once(request, digest, done)


def _done(act: Callable[[], Any]) -> Any:
    """What an act gives. Raises ApiProblem for what cannot be done."""
    try:
        return act()
    except NotReadyError as error:
        raise ApiProblem("not-possible", error.words, errors=[one.as_json() for one in error.problems]) from error
    except ApplicationMovedError as error:
        raise ApiProblem("conflict", error.words) from error
    except FileRefusedError as error:
        raise ApiProblem("not-possible", error.words) from error
    except ApplicationError as error:
        raise ApiProblem("conflict", error.words) from error


def _content(sent: Mapping[str, Any]) -> Mapping[str, Any]:
    """The content with goods that are a list of objects. Raises ApiProblem."""
    goods = sent.get("goods", [])
    if not isinstance(goods, list) or not all(isinstance(row, dict) for row in goods):
        raise ApiProblem("request-malformed", lang.text("`goods` is a list of lines."))
    return {
        **{name: _text(value) for name, value in sent.items() if name != "goods"},
        "goods": [{name: _text(value) for name, value in row.items()} for row in goods],
    }


def _text(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return "\n".join(value)
    if isinstance(value, bool | dict | list):
        raise ApiProblem("request-malformed", lang.text("Cells are texts."))
    return "" if value is None else str(value)


def _one(request: HttpRequest, reference: str) -> tuple[Application, RequestScope]:
    """The application, and whose rows whoever asks may read. Raises ApiProblem."""
    applicant = application_views.applicant_of(reference)
    actor, program = call_of(request).actor, call_of(request).program
    named = applicant if program is None else None
    try:
        scope = reads(request, "applications:read", named)
        if scope.whole:
            return application_views.submitted_one(actor, reference), scope
        assert scope.organisation is not None, "who does not read all reads of one"
        return application_views.own_application(actor, scope.organisation, reference), scope
    except ApplicationError as error:
        raise not_found(error.words) from error


def _own(program: Program, organisation: str, reference: str) -> Application:
    try:
        return application_views.own_application(program, organisation, reference)
    except ApplicationError as error:
        raise not_found(error.words) from error


def _submitted(officer: Program, reference: str) -> Application:
    try:
        return application_views.submitted_one(officer, reference)
    except ApplicationError as error:
        raise not_found(error.words) from error


def _summary(one: Application) -> Json:
    return {
        "application": one.reference,
        "organisation": one.organisation,
        "relation": one.relation,
        "of_licence": one.of_licence or None,
        "state": one.state,
        "licence": one.licence or None,
        "until": None if one.until is None else one.until.isoformat(),
        "steps": one.steps_taken,
        "submitted_at": None if one.submitted_at is None else one.submitted_at.isoformat(),
        "changed_at": one.changed_at.isoformat(),
    }


def _shown(one: Application) -> Json:
    return {
        **_summary(one),
        "content": json.loads(one.content),
        "needed": [],
        "documents": [],
        "taken": [],
        "clock": None,
        "proposal": None,
        "problems": [],
    }


def _kinds_needed(request: HttpRequest, one: Application) -> list[str]:
    """The kinds of documents that the law asks for."""
    pack = law()
    today = pack.day_of(call_of(request).now)
    read = written_application.read(json.loads(one.content), exporter=one.organisation)
    besides = licence_parties.papers(licence_parties.listed(store(), pack, read, day=today), pack, day=today)
    return list(needed_documents(pack, read.kind or "individual", day=today, besides=besides))


def _whole(request: HttpRequest, one: Application, *, disclosed_only: bool) -> Json:
    pack = law()
    today = pack.day_of(call_of(request).now)
    time = application_views.clock_of(one, pack, today=today)
    problems: list[Problem] = applications.problems_of(store(), one, pack, today=today) if one.state == "draft" else []
    return {
        **_shown(one),
        "needed": _kinds_needed(request, one),
        "documents": [
            {"document": found.pk, "kind": found.kind, "name": found.name, "sha256": found.sha256, "size": found.size}
            for found in one.documents.order_by("pk")
        ],
        "taken": [
            {
                "number": step.number,
                "kind": step.kind,
                "at": step.at.isoformat(),
                "entry": step.entry,
                "organisation": step.organisation,
                "text": content["text"],
            }
            for step, content in application_views.steps_of(one, disclosed_only=disclosed_only)
        ],
        "clock": {
            "status": time.status,
            "limit": time.limit,
            "used": time.used,
            "left": time.left,
            "due": None if time.due is None else time.due.isoformat(),
            "assumed": time.assumed,
        },
        "proposal": None if disclosed_only or not one.proposal else json.loads(one.proposal),
        "problems": [found.as_json() for found in problems],
    }
