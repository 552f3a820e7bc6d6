"""What an official does with a case, by the forms of a finding's page and of the queue.

Every form says how many steps its reader has seen: whoever was slower is told to look again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.http import QueryDict

from lodeline.detection.battery import DUTIES
from lodeline.detection.finding import Finding
from lodeline.office.findings import cases
from lodeline.office.findings.cases import FindingAsSeen
from lodeline.office.findings.states import MOVES, CaseError, Kind, State, askers, parameters
from lodeline.office.findings.views import CaseStatus, deciders, is_heard, watched
from lodeline.office.models import Case
from lodeline.web.parts.values import Act, Field, Look
from lodeline.web.visit import BadQuestionError, Visit
from lodeline.web.words.language import Text, text


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
        "asked", text("Ask the firm", "询问企业"),
        text("The firm is told, sees the question with its own rows, and answers by the day.",
            "企业将收到通知，可查看询问及其自身的行，并在期限前答复。"),
        text("Send the question", "发送询问"),
    ),
    "extend": (
        "extended", text("Give more time", "延长期限"), text("The firm is told.", "企业将收到通知。"),
        text("Give more time", "延长期限"),
    ),
    "explain": (
        "explained", text("Accept the explanation", "接受说明"),
        text(
            "It stands until the day, or until mass, score or elements change materially: then the case is open again.",
            "在期限内有效；质量、得分或元素发生重大变化时自动重新开启。"),
        text("Accept it", "接受"),
    ),
    "confirm": (
        "confirmed", text("Confirm the finding", "认定线索"),
        text("By another official than who asked, after the firm has answered or has let the day pass.",
            "须由询问人以外的人员在企业答复后或逾期后作出。"),
        text("Confirm it", "认定"),
    ),
    "withdraw": (
        "withdrawn", text("Withdraw it", "撤回"), text("The firm is told, with the reason.", "企业将收到通知及理由。"),
        text("Withdraw it", "撤回"),
    ),
    "waive": (
        "waived", text("Do not pursue it", "暂不核查"),
        text("Nobody is told. It is open again after the day, or when the facts change materially.",
            "不通知企业。期限届满或事实发生重大变化时重新开启。"),
        text("Do not pursue it", "暂不核查"),
    ),
    "reopen": (
        "reopened", text("Open it again", "重新开启"),
        text("Where the firm was asked, it is told.", "如曾询问，企业将收到通知。"),
        text("Open it again", "重新开启"),
    ),
}  # fmt: skip
#: State → the act that usually follows.
_USUAL: Final[Mapping[State, str]] = {"open": "ask", "answered": "explain"}
#: Acts that can be done to many at once.
BULK: Final = ("ask", "waive", "assign")
NOTICES: Final[Mapping[str, Text]] = {
    "ask": text("The firm has been asked.", "已向企业提出询问。"),
    "extend": text("The firm has more time.", "已延长期限。"),
    "explain": text("The explanation is accepted.", "已接受说明。"),
    "confirm": text("The finding is confirmed.", "线索已认定。"),
    "withdraw": text("The question is withdrawn.", "询问已撤回。"),
    "waive": text("It is not pursued for now.", "已列为暂不核查。"),
    "reopen": text("The case is open again.", "已重新开启。"),
    "assign": text("The case is assigned.", "已指派。"),
    "watch": text("You watch this case.", "您已关注。"),
    "unwatch": text("You do not watch this case any more.", "已取消关注。"),
    "answer": text("Your answer is with the authority.", "答复已提交主管部门。"),
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
    }  # fmt: skip
    if act not in verbs:
        raise BadQuestionError("Choose what to do.", "请选择操作。")
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
                act=act, heading=visit.localized(heading), text=visit.localized(explanation),
                fields=_fields(visit, act, row, sent if was_sent else None, max(last or today, today)),
                open=was_sent or _USUAL.get(standing.state) == act,
                button=Act(label=visit.localized(button), name="act", value=act, look=look),
            )
        )  # fmt: skip
    return made


def assign_field(visit: Visit, standing: CaseStatus | None, now: datetime) -> Field:
    """Who may have the case."""
    chosen = "" if standing is None or standing.case is None else str(standing.case.assignee_id or "")
    people = [(str(number), name) for number, name in deciders(visit.actor, now)]
    return Field(
        name="to", label=visit.text("Assigned to", "承办人"), kind="select", value=chosen,
        options=[("", visit.text("nobody", "无")), *people],
    )  # fmt: skip


def bulk_fields(visit: Visit, today: date, now: datetime) -> list[Field]:
    """What a form for many cases asks for."""
    return [
        Field(
            name="text", label=visit.text("Question or reason", "询问内容或理由"), kind="textarea", lines=3,
            width="full", value=visit.request.POST.get("text", ""),
            hint=visit.text(
                "Left empty, each firm is asked what its finding proposes.", "询问时留空，则按各线索所列事项询问。"
            ),
        ),
        Field(
            name="until", label=visit.text("Until", "期限"), kind="date", width="short",
            value=visit.request.POST.get("until", "") or _offered("answer_days", today),
        ),
        assign_field(visit, None, now),
    ]  # fmt: skip


def is_watched(visit: Visit, case: Case | None) -> bool:
    """Whether whoever asks watches the case."""
    return case is not None and case.pk in watched(visit.actor)


def proposed_question(visit: Visit, row: Finding) -> str:
    """What a finding says is to be asked: words of its detector, which name nobody."""
    return "\n".join(f"{number}. {visit.localized(one)}" for number, one in enumerate(row.ask, 1))


def _fields(
    visit: Visit, act: str, row: Finding, sent: QueryDict | None, since: date
) -> list[Field]:  # fmt: skip
    """`since`: the day from which the days that are offered are counted."""
    texts: Mapping[str, Text] = {
        "ask": text("Question", "询问内容"), "extend": text("Why", "原因"),
        "explain": text("What explains it", "说明内容"), "confirm": text("Grounds", "认定依据"),
    }  # fmt: skip
    proposed = proposed_question(visit, row)
    wording = Field(
        name="text", key=act, label=visit.localized(texts.get(act, text("Reason", "理由"))), kind="textarea",
        width="full",
        lines=6 if act == "ask" else 3, required=act != "extend",
        value=sent.get("text", "") if sent is not None else proposed if act == "ask" else "",
        hint=visit.text("The firm reads this. Do not name anybody else.", "企业将看到此内容，请勿提及其他企业。")
        if act not in ("waive",)
        else "",
    )  # fmt: skip
    if act in ("confirm", "withdraw", "reopen"):
        return [wording]
    days = "answer_days" if act in ("ask", "extend") else "explanation_days"
    label = text("Answer by", "答复期限") if days == "answer_days" else text("Stands until", "有效期至")
    until = Field(
        name="until", key=act, label=visit.localized(label), kind="date", width="short", required=True,
        value=sent.get("until", "") if sent is not None else _offered(days, since),
    )  # fmt: skip
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
        raise CaseError(
            "The day cannot be read: write it like 2026-02-20.", "日期无法识别：请写作 2026-02-20。"
        ) from None


def _number(form: QueryDict, name: str) -> int | None:
    value = form.get(name, "")
    return int(value) if value.isdecimal() and len(value) < 19 else None
