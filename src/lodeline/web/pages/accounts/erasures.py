"""Requests to erase personal data, for the officials who enter and decide them: two people, each with a reason."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpResponse, HttpResponseRedirect

from lodeline.office.access import clock
from lodeline.office.accounts import erasure
from lodeline.office.accounts.people import InputError, PeopleError
from lodeline.office.models import ErasureRequest, User
from lodeline.web.pages.accounts.own_erasure import ground_fields, obstacle_words, prove_first, reason_field
from lodeline.web.pages.common.entered import field_errors, problems_part
from lodeline.web.pages.common.signed_in import is_recent
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Table, shown, wanted_csv
from lodeline.web.parts.values import Fact, Field, Notice
from lodeline.web.visit import NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words.language import Text, text

_STATES: Final[dict[str, Text]] = {
    "open": text("waits for a decision", "待办理"),
    "withdrawn": text("taken back", "已撤回"),
    "refused": text("refused", "已拒绝"),
    "done": text("erased", "已删除"),
}
_SHAPES: Final = {"open": "half", "withdrawn": "ring", "refused": "cross", "done": "tick"}
_DONE: Final = {
    "enter": text("The request is entered. Another official decides it.", "请求已录入，须由其他人员办理。"),
    "again": text("Erased again.", "已重新删除。"),
    "refuse": text("The request is refused.", "已拒绝该请求。"),
    "carry-out": text("The personal data are erased.", "个人信息已删除。"),
    "withdraw": text("The request is taken back.", "请求已撤回。"),
}
_COLUMNS: Final = (
    Column(key="person", label=text("Person", "人员")),
    Column(key="state", label=text("State", "状态")),
    Column(key="ground", label=text("Ground", "依据")),
    Column(key="asked", label=text("Asked", "提出时间")),
    Column(key="by", label=text("Entered by", "录入人")),
    Column(key="decided", label=text("Decided", "办理时间")),
)


def erasures(visit: Visit) -> HttpResponse:
    """The page `erasures/`: all requests; a form enters one, another repeats erasures after a restore."""
    error: InputError | PeopleError | None = None
    if visit.request.method == "POST":
        if not is_recent(visit):
            return HttpResponseRedirect(prove_first(visit))
        try:
            _enter(visit)
        except (InputError, PeopleError) as refused:
            error = refused
        else:
            return _back(visit)
    found = erasure.requests(visit.actor)
    table = _table(visit, found)
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    waiting = sum(one.state == erasure.State.OPEN for one in found)
    return show(
        visit,
        "lodeline/accounts/erasures.html",
        title=_title(visit, waiting),
        status=400 if error else 200,
        done=_notices(visit),
        problems=problems_part(visit, error),
        table=shown(visit, table),
        prove=None if is_recent(visit) else prove_first(visit),
        fields=[_person_field(visit, error), *ground_fields(visit, error, tuple(erasure.GROUNDS))],
        again=_again_field(visit, error),
    )


def erasure_request(visit: Visit, asked: int) -> HttpResponse:
    """The page `erasures/<asked>/`: what is asked, what stands in the way, and the decision."""
    error: InputError | PeopleError | None = None
    law = visit.law
    if visit.request.method == "POST":
        if not is_recent(visit):
            return HttpResponseRedirect(prove_first(visit))
        try:
            _decide(visit, asked)
        except (InputError, PeopleError) as refused:
            error = refused
        else:
            return _back(visit)
    try:
        opened = erasure.asked(visit.actor, asked, law=law, today=clock.today(law.timezone))
    except PeopleError as missing:
        raise NotHereError(missing.en, missing.zh) from missing
    one = opened.request
    own = visit.actor.user in (one.user_id, one.requested_by_id)
    return show(
        visit,
        "lodeline/accounts/erasure.html",
        title=visit.text(f"Erase {one.user.name}?", f"是否删除{one.user.name}的个人信息？")
        if one.state == erasure.State.OPEN
        else one.user.name,
        status=400 if error else 200,
        done=_notices(visit),
        problems=problems_part(visit, error),
        facts=_facts(visit, opened),
        open=one.state == erasure.State.OPEN,
        own=own,
        obstacles=[obstacle_words(visit, obstacle) for obstacle in opened.obstacles],
        only_term=[obstacle.code for obstacle in opened.obstacles] == ["term"],
        blocked=any(obstacle.code != "term" for obstacle in opened.obstacles),
        prove=None if is_recent(visit) else prove_first(visit),
        said=reason_field(visit, error),
        back=visit.url("erasures"),
    )


def _enter(visit: Visit) -> None:
    form, now = visit.request.POST, clock.now()
    if form.get("do") == "enter":
        erasure.enter(
            visit.actor, form.get("person", ""), ground=form.get("ground", ""), reason=form.get("said", ""), now=now
        )
    elif form.get("do") == "again":
        erasure.erase_again(visit.actor, form.get("pseudonyms", "").replace(",", " ").split(), now=now)


def _decide(visit: Visit, request: int) -> None:
    form, now = visit.request.POST, clock.now()
    match form.get("do"):
        case "refuse":
            erasure.refuse(visit.actor, request, reason=form.get("said", ""), now=now)
        case "withdraw":
            erasure.withdraw(visit.actor, request, now=now)
        case "carry-out":
            erasure.carry_out(
                visit.actor, request, reason=form.get("said", ""), before_term=form.get("before_term") == "yes",
                law=visit.law, now=now,
            )  # fmt: skip


def _back(visit: Visit) -> HttpResponse:
    done = visit.request.POST.get("do")
    return HttpResponseRedirect(f"{visit.request.path}?done={done if done in _DONE else ''}", status=303)


def _notices(visit: Visit) -> list[Notice]:
    done = visit.query("done")
    return [Notice(kind="success", text=visit.localized(_DONE[done]))] if done in _DONE else []


def _title(visit: Visit, waiting: int) -> str:
    if waiting == 0:
        return visit.text("No request to erase anybody waits", "没有待办理的删除请求")
    if waiting == 1:
        return visit.text("One request to erase somebody waits", "有1项删除请求待办理")
    return visit.text(
        f"{written.count(waiting)} requests to erase somebody wait", f"有{written.count(waiting)}项删除请求待办理"
    )


def _table(visit: Visit, found: list[ErasureRequest]) -> Table:
    return Table(
        name="erasures",
        caption=visit.text("Requests", "请求"),
        columns=_COLUMNS,
        rows=[
            (
                Cell(
                    text=one.user.name, value=one.user.pseudonym, href=visit.url("erasure", asked=one.pk),
                    note=one.user.pseudonym,
                ),
                Cell(text=visit.localized(_STATES[one.state]), value=one.state, shape=_SHAPES[one.state]),
                Cell(text=visit.localized(erasure.GROUNDS[one.ground]), value=one.ground),
                Cell(text=_when(visit, one.requested_at), value=one.requested_at.isoformat()),
                Cell(text=_who(visit, one.requested_by, one), value=one.requested_by.pseudonym),
                Cell(
                    text=_when(visit, one.decided_at),
                    value=one.decided_at.isoformat() if one.decided_at else "",
                    note=visit.text("before the term was over", "保存期限届满前") if one.before_term else "",
                ),
            )
            for one in found
        ],
        empty=visit.text("Nobody has asked yet.", "尚无请求。"),
    )  # fmt: skip


def _facts(visit: Visit, opened: erasure.OpenedRequest) -> list[Fact]:
    one = opened.request
    gone = visit.text("unreadable since the erasure", "删除后已不可读取")
    facts = [
        Fact(term=visit.text("Pseudonym", "化名"), text=one.user.pseudonym, mono=True),
        Fact(term=visit.text("State", "状态"), text=visit.localized(_STATES[one.state])),
        Fact(term=visit.text("Ground", "依据"), text=visit.localized(erasure.GROUNDS[one.ground])),
        Fact(term=visit.text("Why", "理由"), text=gone if opened.reason is None else opened.reason),
        Fact(term=visit.text("Entered by", "录入人"), text=_who(visit, one.requested_by, one)),
        Fact(term=visit.text("Asked", "提出时间"), text=_when(visit, one.requested_at)),
    ]
    if one.decided_by is not None:
        facts += [
            Fact(term=visit.text("Decided by", "办理人"), text=one.decided_by.name),
            Fact(term=visit.text("Decided", "办理时间"), text=_when(visit, one.decided_at)),
        ]
        if opened.decision_reason != "":
            facts.append(Fact(term=visit.text("Reason", "办理理由"), text=opened.decision_reason or gone))
    return facts


def _who(visit: Visit, user: User, one: ErasureRequest) -> str:
    return visit.text("the person", "本人") if user.pk == one.user_id else user.name


def _when(visit: Visit, at: Any) -> str:
    return written.moment(at.isoformat(), visit.language, visit.law.timezone) if at else written.NOTHING


def _person_field(visit: Visit, error: InputError | PeopleError | None) -> Field:
    form = visit.request.POST if error and visit.request.POST.get("do") == "enter" else {}
    return Field(
        name="person", label=visit.text("E-mail address or pseudonym", "电子邮箱或化名"), required=True,
        value=form.get("person", ""), errors=field_errors(visit, error, "person"),
    )  # fmt: skip


def _again_field(visit: Visit, error: InputError | PeopleError | None) -> Field:
    form = visit.request.POST if error and visit.request.POST.get("do") == "again" else {}
    return Field(
        name="pseudonyms", label=visit.text("Pseudonyms", "化名"), kind="textarea", required=True, lines=3,
        value=form.get("pseudonyms", ""), errors=field_errors(visit, error, "pseudonyms"),
        hint=visit.text(
            "From the list of this page as it was kept outside the backup.", "取自备份之外另行保存的本页清单。"
        ),
    )  # fmt: skip
