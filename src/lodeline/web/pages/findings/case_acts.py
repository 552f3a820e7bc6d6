"""What an official does with a case, by the forms of a finding's page and of the queue.

Every form says how many steps its reader has seen: whoever was slower is told to look again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.http import QueryDict

from lodeline import language as lang
from lodeline.detection.battery import DUTIES
from lodeline.detection.finding import Finding
from lodeline.language import Text
from lodeline.office.findings import cases
from lodeline.office.findings.cases import FindingAsSeen
from lodeline.office.findings.states import MOVES, CaseError, Kind, State, askers, parameters
from lodeline.office.findings.views import CaseStatus, deciders, is_heard, watched
from lodeline.office.models import Case
from lodeline.web.parts.values import Act, Field, Look
from lodeline.web.visit import BadQuestionError, Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form of the page: what it does, what it asks for, and whether it stands open."""

    act: str
    heading: str
    text: str
    fields: Sequence[Field]
    button: Act
    open: bool = False


#: Act → kind of step, its name, what it means, and its button.
_ACTS: Final[Mapping[str, tuple[Kind, Text, Text, Text]]] = {
    "ask": (
        "asked",
        lang.text("Ask the firm"),
        lang.text("The firm is told, sees the question with its own rows, and answers by the day."),
        lang.text("Send the question"),
    ),
    "extend": (
        "extended",
        lang.text("Give more time"),
        lang.text("The firm is told."),
        lang.text("Give more time"),
    ),
    "explain": (
        "explained",
        lang.text("Accept the explanation"),
        lang.text(
            "It stands until the day, or until mass, score or elements change materially: then the case is open again."
        ),
        lang.text("Accept it", context="findings"),
    ),
    "confirm": (
        "confirmed",
        lang.text("Confirm the finding"),
        lang.text("By another official than who asked, after the firm has answered or has let the day pass."),
        lang.text("Confirm it", context="findings"),
    ),
    "withdraw": (
        "withdrawn",
        lang.text("Withdraw it", context="findings"),
        lang.text("The firm is told, with the reason."),
        lang.text("Withdraw it", context="findings"),
    ),
    "waive": (
        "waived",
        lang.text("Do not pursue it"),
        lang.text("Nobody is told. It is open again after the day, or when the facts change materially."),
        lang.text("Do not pursue it"),
    ),
    "reopen": (
        "reopened",
        lang.text("Open it again"),
        lang.text("Where the firm was asked, it is told."),
        lang.text("Open it again"),
    ),
}
#: State → the act that usually follows.
_USUAL: Final[Mapping[State, str]] = {"open": "ask", "answered": "explain"}
#: Acts that can be done to many at once.
BULK: Final = ("ask", "waive", "assign")
NOTICES: Final[Mapping[str, Text]] = {
    "ask": lang.text("The firm has been asked."),
    "extend": lang.text("The firm has more time."),
    "explain": lang.text("The explanation is accepted."),
    "confirm": lang.text("The finding is confirmed."),
    "withdraw": lang.text("The question is withdrawn."),
    "waive": lang.text("It is not pursued for now."),
    "reopen": lang.text("The case is open again."),
    "assign": lang.text("The case is assigned."),
    "watch": lang.text("You watch this case."),
    "unwatch": lang.text("You do not watch this case any more."),
    "answer": lang.text("Your answer is with the authority."),
}


def done(visit: Visit, seen: FindingAsSeen, act: str, now: datetime, form: QueryDict | None = None) -> str:
    """Does what a form asks to a case; returns the act. Raises CaseError for what cannot be done."""
    posted = visit.request.POST if form is None else form
    text, actor, store = posted.get("text", ""), visit.actor, visit.store
    verbs: dict[str, Callable[[], object]] = {
        "ask": lambda: cases.ask(actor, store, seen, text=text, until=_day(posted, "until"), now=now),
        "extend": lambda: cases.extend(actor, store, seen, text=text, until=_day(posted, "until"), now=now),
        "explain": lambda: cases.explain(actor, store, seen, text=text, stands_until=_day(posted, "until"), now=now),
        "waive": lambda: cases.waive(actor, store, seen, text=text, stands_until=_day(posted, "until"), now=now),
        "confirm": lambda: cases.confirm(actor, store, seen, text=text, now=now),
        "withdraw": lambda: cases.withdraw(actor, store, seen, text=text, now=now),
        "reopen": lambda: cases.reopen(actor, store, seen, text=text, now=now),
        "assign": lambda: cases.assign(actor, store, seen, to=_number(posted, "to"), now=now),
        "watch": lambda: cases.watch(actor, seen, on=True, now=now),
        "unwatch": lambda: cases.watch(actor, seen, on=False, now=now),
    }
    if act not in verbs:
        raise BadQuestionError(lang.text("Choose what to do."))
    verbs[act]()
    return act


def forms(visit: Visit, row: Finding, standing: CaseStatus, today: date) -> list[Form]:
    """The forms that can be sent now by whoever asks; that of the usual next step stands open."""
    # What is still to be filed is reminded of where duties are: a letter is for a question.
    if not visit.actor.may("finding.decide") or (row.detector in DUTIES and standing.case is None):
        return []
    sent = visit.request.POST
    made: list[Form] = []
    for act, (kind, heading, explanation, button) in _ACTS.items():
        if standing.state not in MOVES[kind][0] or (kind == "reopened" and standing.reason is not None):
            continue
        if kind == "confirmed" and not _may_confirm(visit, standing, today):
            continue
        was_sent = sent.get("act") == act
        last = standing.case.until if act == "extend" and standing.case is not None else None
        look: Look = "danger" if act == "confirm" else ""
        made.append(
            Form(
                act=act,
                heading=visit.localized(heading),
                text=visit.localized(explanation),
                fields=_fields(visit, act, row, sent if was_sent else None, max(last or today, today)),
                open=was_sent or _USUAL.get(standing.state) == act,
                button=Act(label=visit.localized(button), name="act", value=act, look=look),
            )
        )
    return made


def assign_field(visit: Visit, standing: CaseStatus | None, now: datetime) -> Field:
    """Who may have the case."""
    chosen = "" if standing is None or standing.case is None else str(standing.case.assignee_id or "")
    people = [(str(number), name) for number, name in deciders(visit.actor, now)]
    return Field(
        name="to",
        label=visit.text("Assigned to", context="findings, case acts"),
        kind="select",
        value=chosen,
        options=[("", visit.text("nobody")), *people],
    )


def bulk_fields(visit: Visit, today: date, now: datetime) -> list[Field]:
    """What a form for many cases asks for."""
    return [
        Field(
            name="text",
            label=visit.text("Question or reason"),
            kind="textarea",
            lines=3,
            width="full",
            value=visit.request.POST.get("text", ""),
            hint=visit.text("Left empty, each firm is asked what its finding proposes."),
        ),
        Field(
            name="until",
            label=visit.text("Until", context="findings, case acts"),
            kind="date",
            width="short",
            value=visit.request.POST.get("until", "") or _offered("answer_days", today),
        ),
        assign_field(visit, None, now),
    ]


def is_watched(visit: Visit, case: Case | None) -> bool:
    """Whether whoever asks watches the case."""
    return case is not None and case.pk in watched(visit.actor)


def proposed_question(visit: Visit, row: Finding) -> str:
    """What a finding says is to be asked: words of its detector, which name nobody."""
    return "\n".join(f"{number}. {visit.localized(one)}" for number, one in enumerate(row.ask, 1))


def _fields(visit: Visit, act: str, row: Finding, sent: QueryDict | None, since: date) -> list[Field]:
    """`since`: the day from which the days that are offered are counted."""
    texts: Mapping[str, Text] = {
        "ask": lang.text("Question", context="findings"),
        "extend": lang.text("Why", context="findings"),
        "explain": lang.text("What explains it"),
        "confirm": lang.text("Grounds", context="findings"),
    }
    proposed = proposed_question(visit, row)
    wording = Field(
        name="text",
        key=act,
        label=visit.localized(texts.get(act, lang.text("Reason", context="findings"))),
        kind="textarea",
        width="full",
        lines=6 if act == "ask" else 3,
        required=act != "extend",
        value=sent.get("text", "") if sent is not None else proposed if act == "ask" else "",
        hint=visit.text("The firm reads this. Do not name anybody else.") if act not in ("waive",) else "",
    )
    if act in ("confirm", "withdraw", "reopen"):
        return [wording]
    days = "answer_days" if act in ("ask", "extend") else "explanation_days"
    label = lang.text("Answer by") if days == "answer_days" else lang.text("Stands until")
    until = Field(
        name="until",
        key=act,
        label=visit.localized(label),
        kind="date",
        width="short",
        required=True,
        value=sent.get("until", "") if sent is not None else _offered(days, since),
    )
    return [wording, until]


def _may_confirm(visit: Visit, standing: CaseStatus, today: date) -> bool:
    case = standing.case
    if case is None or standing.state not in MOVES["confirmed"][0] or not is_heard(case, today):
        return False
    return visit.actor.pseudonym not in askers(case.steps.order_by("number").values_list("kind", "who"))


def _offered(days: str, today: date) -> str:
    return (today + timedelta(days=int(parameters().on(today)[days]))).isoformat()


def _day(form: QueryDict, name: str) -> date:
    try:
        return date.fromisoformat(form.get(name, ""))
    except ValueError:
        raise CaseError(lang.text("The day cannot be read: write it like 2026-02-20.")) from None


def _number(form: QueryDict, name: str) -> int | None:
    value = form.get(name, "")
    return int(value) if value.isdecimal() and len(value) < 19 else None
