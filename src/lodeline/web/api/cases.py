"""Cases of findings by program: the authority asks and decides, the firm answers, as on the pages.

Each step says how many steps its sender has seen: whoever was slower is told to look again (409).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final, Literal

from django.http import HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from ninja import Router
from ninja.params.functions import Path, Query
from pydantic import BaseModel, ConfigDict, Field

from lodeline.detection.finding import Finding
from lodeline.language import text
from lodeline.office.access.actor import Actor
from lodeline.office.findings import cases
from lodeline.office.findings.cases import FindingAsSeen
from lodeline.office.findings.evidence import evidence
from lodeline.office.findings.files import MOST_FILES, attached
from lodeline.office.findings.matching import findings_of, located
from lodeline.office.findings.seen import finding_seen
from lodeline.office.findings.states import CaseError, State
from lodeline.office.findings.views import (
    CaseStatus,
    case_at,
    own_case,
    own_cases,
    own_state,
    standing_of,
    steps_of,
    touched,
    watched,
)
from lodeline.office.log.listing import key_cursor, read_key_cursor
from lodeline.office.models import Case, CaseStep
from lodeline.service.entries.receipts import receipt
from lodeline.service.findings.finding import findings
from lodeline.web.api import spec
from lodeline.web.api.problems import ApiProblem, not_found
from lodeline.web.api.sending import body_of, json_answer, once, sent_as
from lodeline.web.api.shapes import findings as shapes
from lodeline.web.api.who import RequestScope, call_of, decides, law, log_access, reading, reads, store, writes

router = Router(tags=["findings"])
Json = dict[str, Any]
FINDING: Final = Path(..., max_length=80, **spec.text("Id of the finding."))
_KEY_DIGITS: Final = 12


class StepIn(BaseModel):
    """What an official does. `steps`: how many steps of the case whoever sends this has seen, 0 where there is none.

    `text` says why; `until` is the day to answer by (ask, extend) or until which it stands (explain, waive); `to` is
    the account that a case is assigned to, null for nobody.
    """

    model_config = ConfigDict(extra="forbid")
    act: Literal["ask", "extend", "explain", "waive", "confirm", "withdraw", "reopen", "assign", "watch", "unwatch"]
    steps: int = Field(ge=0, le=spec.INTEGER_MAX)
    text: str = Field("", max_length=cases.TEXT_CHARACTERS)
    until: date | None = None
    to: int | None = Field(None, ge=1, le=spec.INTEGER_MAX)


class CaseFileIn(BaseModel):
    """A file that comes with an answer: PDF, PNG, JPEG or CSV."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(max_length=300)
    content_base64: str


class CaseAnswerIn(BaseModel):
    """What the firm says; 2 MB of files at most."""

    model_config = ConfigDict(extra="forbid")
    text: str = Field(max_length=cases.TEXT_CHARACTERS)
    files: list[CaseFileIn] = Field(default_factory=list, max_length=MOST_FILES)


@router.get(
    "/cases", response=shapes.Cases, url_name="cases",
    **spec.operation(
        text("Cases of findings, in the order in which they were opened"), scope="findings:read",
        more=text("The authority sees every finding that somebody has taken a step about; an organisation "
"the questions that it was ever asked. Findings that nobody has touched are open, and "
"stand in `/findings` alone."),
    ),
)  # fmt: skip
def list_cases(
    request: HttpRequest, *, organisation: str | None = spec.ORGANISATION,
    state: Literal["open", "asked", "answered", "explained", "waived", "confirmed", "withdrawn"] | None = Query(
        None, **spec.text("Only in this state.")
    ),
    detector: str | None = Query(None, max_length=64, **spec.text("Only this detector.")),
    assigned: Literal["mine", "nobody", "watched", "overdue"] | None = Query(
        None,
        **spec.text("Assigned to whoever made the token, or to nobody; watched; or overdue."),
    ),
    whose: Literal["mine", "nobody", "watched", "overdue"] | None = Query(
        None, deprecated=True, **spec.text("Former name of `assigned`.")
    ),
    cursor: str | None = spec.CURSOR, limit: int = spec.LIMIT,
) -> Json:  # fmt: skip
    """As they stand now."""
    asking = reads(request, "findings:read", organisation)
    log_access(request, "cases", asking)
    after = "" if cursor is None else read_key_cursor(cursor, 1)[0]
    today = _today(request)
    kept = []
    for case, row in _cases(request, asking):
        if detector in (None, case.detector) and _key(case) > after:
            kept.append((case, row))
    rows = [
        (case, shown)
        for case, shown in zip((case for case, _ in kept), _summaries(request, asking, kept, today), strict=True)
        if state in (None, shown["state"]) and _is_assigned(assigned or whose, case, shown, call_of(request).actor)
    ]
    following = key_cursor([_key(rows[limit - 1][0])]) if len(rows) > limit else None
    return {"rows": [shown for _, shown in rows[:limit]], "next": following}


def _key(case: Case) -> str:
    return f"{case.pk:0{_KEY_DIGITS}d}"


def _is_assigned(assigned: str | None, case: Case, shown: Mapping[str, Any], actor: Actor) -> bool:
    if assigned in ("mine", "nobody"):
        return case.assignee_id == (actor.user if assigned == "mine" else None)
    return assigned is None or bool(shown[assigned])


def _cases(request: HttpRequest, asking: RequestScope) -> list[tuple[Case, Finding | None]]:
    """The cases that may be seen, each with its finding as the filings raise it now; None where they do not."""
    raised = findings_of(_raised())
    actor = call_of(request).actor
    found = (
        touched(actor, organisation=asking.organisation)
        if asking.whole
        else sorted(own_cases(actor, str(asking.organisation)), key=lambda one: one.pk)
    )
    return [(case, raised.get(case.pk)) for case in found]


def _raised() -> list[Finding]:
    """The findings that the filings raise now."""
    now = reading()
    return now.answer(findings, now.store, now.snapshot, now.law).raised


def _summaries(
    request: HttpRequest, asking: RequestScope, found: list[tuple[Case, Finding | None]], today: date
) -> list[Json]:  # fmt: skip
    actor = call_of(request).actor
    if not asking.whole:
        return [_own_summary(case, row, today, str(asking.organisation)) for case, row in found]
    seen = watched(actor)
    stand = [standing_of(case, row or finding_seen(case), today=today) for case, row in found]
    return [
        {
            **_summary(case, one.state, row),
            "reason": one.reason,
            "overdue": one.is_overdue(today),
            "assignee": None if case.assignee is None else {"account": case.assignee.pk, "name": case.assignee.name},
            "watched": case.pk in seen,
        }
        for (case, row), one in zip(found, stand, strict=True)
    ]


def _own_summary(case: Case, row: Finding | None, today: date, organisation: str) -> Json:
    state = own_state(case, organisation)
    steps = steps_of(case, reader=organisation)
    return {
        **_summary(case, state, row),
        "reason": None,
        "overdue": CaseStatus(case=case, state=state).is_overdue(today),
        "stands_until": None if state == "open" else _day(case.stands_until),
        "assignee": None,
        "watched": False,
        "changed_at": steps[-1][0].at.isoformat(),
    }


def _summary(case: Case, state: State, row: Finding | None) -> Json:
    return {
        "finding": case.finding if row is None else row.id, "case": case.reference,
        "organisation": case.organisation, "detector": case.detector,
        "state": state, "until": _day(case.until), "stands_until": _day(case.stands_until), "raised": row is not None,
        "steps": case.steps_taken, "changed_at": case.changed_at.isoformat(),
    }  # fmt: skip


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _today(request: HttpRequest) -> date:
    return law().day_of(call_of(request).now)


@router.get(
    "/findings/{finding}/case", response=shapes.Case, url_name="case",
    **spec.operation(
        text("The case of a finding: what was asked, answered and decided"),
        scope="findings:read", problems=(404,),
    ),
)  # fmt: skip
def get_case(request: HttpRequest, finding: str = FINDING) -> Json:
    """Where nobody has taken a step there is none."""
    asking = reads(request, "findings:read")
    case = _case(request, asking, finding)
    log_access(request, "case", asking, organisation=case.organisation, subject=finding)
    return _whole(request, asking, case)


def _case(request: HttpRequest, asking: RequestScope, finding: str) -> Case:
    """Raises ApiProblem where there is none that whoever asks may see."""
    actor = call_of(request).actor
    if asking.whole:
        case = case_at(actor, _raised(), finding).case
        if case is not None and case.steps_taken:
            return case
    elif (kept := located(_raised(), finding).case) is not None:
        try:
            return own_case(actor, str(asking.organisation), kept.finding)
        except CaseError:
            pass
    raise not_found(text("The finding {finding} has no case that you may see.", finding=finding))


def _whole(request: HttpRequest, asking: RequestScope, case: Case) -> Json:
    row = next((row for one, row in _cases(request, asking) if one.pk == case.pk), None)
    (shown,) = _summaries(request, asking, [(case, row)], _today(request))
    taken = [_step(step, content, asking) for step, content in steps_of(case, reader=_reader(asking))]
    return {**shown, "taken": taken}


def _reader(asking: RequestScope) -> str | None:
    return None if asking.whole else str(asking.organisation)


def _step(step: CaseStep, content: Mapping[str, Any], asking: RequestScope) -> Json:
    return {
        "number": step.number, "kind": step.kind, "at": step.at.isoformat(), "organisation": step.organisation or None,
        "by": (step.who or None) if asking.whole or step.organisation else None, "text": content["text"],
        "until": content["until"], "stands_until": content["stands_until"], "reason": content["reason"],
        "entry": step.entry,
        "files": [{name: one[name] for name in ("name", "kind", "sha256", "size")} for one in content["files"]],
    }  # fmt: skip


@router.get(
    "/findings/{finding}/case/steps/{number}", response=shapes.CasePaper, url_name="case-step",
    **spec.operation(
        text("A step word for word, with its receipt"), scope="findings:read", problems=(404,),
        more=text("The one-file verifier checks them: `verify.py receipt.json --upload step.json`, where "
"step.json holds `content`."),
    ),
)  # fmt: skip
def get_case_step(
    request: HttpRequest, finding: str = FINDING,
    number: int = Path(..., ge=1, le=spec.INTEGER_MAX, **spec.text("Number of the step.")),
) -> Json:  # fmt: skip
    """What neither side can deny."""
    asking = reads(request, "findings:read")
    case = _case(request, asking, finding)
    log_access(request, "case", asking, organisation=case.organisation, subject=finding)
    steps = {step.number: step for step, _ in steps_of(case, reader=_reader(asking))}
    if number not in steps:
        raise not_found(text("The case has no step {number}.", number=number))
    step = steps[number]
    proof = None if step.entry is None else receipt(store(), step.entry, content=step.content.encode())
    return {"content": step.content, "receipt": proof}


@router.post(
    "/findings/{finding}/case", response={200: shapes.Case}, url_name="case-step-taken",
    **spec.operation(
        text("Ask about a finding, or decide it"), scope="findings:decide", problems=(404, 413),
        idempotent=True,
        body=body_of(
            StepIn, {"act": "ask", "steps": 0, "text": "Where did this oxide come from?", "until": "2025-06-20"}
        ),
        more=text("As on the page, and for the same reasons refused: nobody is confirmed unheard, nor by "
"whoever asked. The step stands in the name of whoever made the token."),
    ),
)  # fmt: skip
def take_step(request: HttpRequest, finding: str = FINDING) -> HttpResponse:
    """Answers with the case as it stands then."""
    program = decides(request)
    sent, digest = sent_as(request, StepIn)

    def act() -> HttpResponse:
        row, kept = _row(request, finding)
        seen = FindingAsSeen(
            finding=row, stamp=reading().snapshot.stamp, today=_today(request), steps=sent.steps,
            case=None if kept is None else kept.finding,
        )  # fmt: skip
        _verb(program, seen, sent, call_of(request))()
        asking = RequestScope(organisation=None, whole=True)
        case = case_at(program, _raised(), seen.kept_as).case
        assert case is not None, "a step makes a case"
        log_access(request, "case", asking, organisation=case.organisation, subject=finding)
        return json_answer(200, _whole(request, asking, case))

    return once(request, digest, act)


def _row(request: HttpRequest, finding: str) -> tuple[Finding, Case | None]:
    """The finding as the filings raise it now, else as it was when it was last decided about; and its case.

    Raises ApiProblem where there is neither.
    """
    found = case_at(call_of(request).actor, _raised(), finding)
    if found.finding is not None:
        return found.finding, found.case
    if found.case is None or not found.case.steps_taken:
        raise not_found(text("There is no finding {finding}.", finding=finding))
    return finding_seen(found.case), found.case


def _verb(program: Actor, seen: FindingAsSeen, sent: StepIn, call: Any) -> Callable[[], object]:
    def day() -> date:
        if sent.until is None:
            raise ApiProblem("request-malformed", text("`{act}` needs a day in `until`.", act=sent.act))
        return sent.until

    wording, now, ledger = sent.text, call.now, store()
    verbs: dict[str, Callable[[], object]] = {
        "ask": lambda: cases.ask(program, ledger, seen, text=wording, until=day(), now=now),
        "extend": lambda: cases.extend(program, ledger, seen, text=wording, until=day(), now=now),
        "explain": lambda: cases.explain(program, ledger, seen, text=wording, stands_until=day(), now=now),
        "waive": lambda: cases.waive(program, ledger, seen, text=wording, stands_until=day(), now=now),
        "confirm": lambda: cases.confirm(program, ledger, seen, text=wording, now=now),
        "withdraw": lambda: cases.withdraw(program, ledger, seen, text=wording, now=now),
        "reopen": lambda: cases.reopen(program, ledger, seen, text=wording, now=now),
        "assign": lambda: cases.assign(program, ledger, seen, to=sent.to, now=now),
        "watch": lambda: cases.watch(program, seen, on=True, now=now),
        "unwatch": lambda: cases.watch(program, seen, on=False, now=now),
    }
    return verbs[sent.act]


@router.post(
    "/findings/{finding}/answer", response={200: shapes.Case}, url_name="case-answer",
    **spec.operation(
        text("Answer a question of the authority"), scope="findings:answer", problems=(404, 413),
        idempotent=True,
        body=body_of(
            CaseAnswerIn,
            {
                "text": "The receipt R-17 was filed a week late; see the weighing slip.",
                "files": [{"name": "slip.pdf", "content_base64": "JVBERi0xLjQK"}],
            },
        ),
    ),
)  # fmt: skip
def answer_case(request: HttpRequest, finding: str = FINDING) -> HttpResponse:
    """Once more, while nothing is decided. Needs `findings:read` as well."""
    program, organisation = writes(request, "findings:answer")
    # What is answered is the question, and the answer to this is the case.
    reads(request, "findings:read")
    sent, digest = sent_as(request, CaseAnswerIn)

    def act() -> HttpResponse:
        asking = RequestScope(organisation=organisation, whole=False)
        kept = _case(request, asking, finding)
        files = attached([(one.name, decoded(one)) for one in sent.files])
        case = cases.answer(
            program, store(), organisation, kept.finding, text=sent.text, files=files, now=call_of(request).now
        )
        return json_answer(200, _whole(request, asking, case))

    return once(request, digest, act)


def decoded(file: CaseFileIn) -> bytes:
    """The bytes of a file as it was sent. Raises ApiProblem."""
    try:
        return base64.b64decode(file.content_base64, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ApiProblem(
            "request-malformed", text("`content_base64` of {name} is no base64.", name=file.name)
        ) from error


@router.get(
    "/findings/{finding}/bundle", url_name="finding-bundle",
    **spec.operation(
        text("The evidence of a finding as a file"), scope="nation:read", problems=(404,),
        file="application/zip",
        more=text("A zip of rows, proofs, law and what was said, from which `lodeline finding recompute` "
"gives the finding again. That it was taken is written down."),
    ),
)  # fmt: skip
def get_bundle(request: HttpRequest, finding: str = FINDING) -> HttpResponse:
    """For the authority."""
    asking = reads(request, "nation:read")
    if not asking.whole:
        raise ApiProblem("not-allowed", text("The authority takes evidence bundles."))
    found = case_at(call_of(request).actor, _raised(), finding)
    row = found.finding
    if row is None:
        raise not_found(text("The filings raise no finding {finding}.", finding=finding))
    content = evidence(call_of(request).actor, store(), law(), row, found.case)
    response = HttpResponse(content, content_type="application/zip")
    response["Content-Disposition"] = content_disposition_header(True, f"lodeline-evidence-{row.id[:12]}.zip") or ""
    return response
