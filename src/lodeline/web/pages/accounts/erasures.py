"""Requests to erase personal data, for the officials who enter and decide them: two people, each with a reason."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpResponse, HttpResponseRedirect

from lodeline.language import Text, text
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

_STATES: Final[dict[str, Text]] = {
    "open": text("waits for a decision"),
    "withdrawn": text("taken back"),
    "refused": text("refused", context="accounts"),
    "done": text("erased"),
}
_SHAPES: Final = {"open": "half", "withdrawn": "ring", "refused": "cross", "done": "tick"}
_DONE: Final = {
    "enter": text("The request is entered. Another official decides it."),
    "again": text("Erased again."),
    "refuse": text("The request is refused."),
    "carry-out": text("The personal data are erased."),
    "withdraw": text("The request is taken back."),
}
_COLUMNS: Final = (
    Column(key="person", label=text("Person")),
    Column(key="state", label=text("State")),
    Column(key="ground", label=text("Ground")),
    Column(key="asked", label=text("Asked", context="accounts")),
    Column(key="by", label=text("Entered by")),
    Column(key="decided", label=text("Decided", context="accounts")),
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
        raise NotHereError(missing.words) from missing
    one = opened.request
    own = visit.actor.user in (one.user_id, one.requested_by_id)
    return show(
        visit,
        "lodeline/accounts/erasure.html",
        title=visit.text("Erase {name}?", name=one.user.name) if one.state == erasure.State.OPEN else one.user.name,
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
        return visit.text("No request to erase anybody waits")
    if waiting == 1:
        return visit.text("One request to erase somebody waits")
    return visit.text("{waiting} requests to erase somebody wait", waiting=written.count(waiting))


def _table(visit: Visit, found: list[ErasureRequest]) -> Table:
    return Table(
        name="erasures",
        caption=visit.text("Requests"),
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
                    note=visit.text("before the term was over") if one.before_term else "",
                ),
            )
            for one in found
        ],
        empty=visit.text("Nobody has asked yet."),
    )  # fmt: skip


def _facts(visit: Visit, opened: erasure.OpenedRequest) -> list[Fact]:
    one = opened.request
    gone = visit.text("unreadable since the erasure")
    facts = [
        Fact(term=visit.text("Pseudonym"), text=one.user.pseudonym, mono=True),
        Fact(term=visit.text("State"), text=visit.localized(_STATES[one.state])),
        Fact(term=visit.text("Ground"), text=visit.localized(erasure.GROUNDS[one.ground])),
        Fact(term=visit.text("Why", context="accounts"), text=gone if opened.reason is None else opened.reason),
        Fact(term=visit.text("Entered by"), text=_who(visit, one.requested_by, one)),
        Fact(term=visit.text("Asked", context="accounts"), text=_when(visit, one.requested_at)),
    ]
    if one.decided_by is not None:
        facts += [
            Fact(term=visit.text("Decided by"), text=one.decided_by.name),
            Fact(term=visit.text("Decided", context="accounts"), text=_when(visit, one.decided_at)),
        ]
        if opened.decision_reason != "":
            facts.append(Fact(term=visit.text("Reason", context="accounts"), text=opened.decision_reason or gone))
    return facts


def _who(visit: Visit, user: User, one: ErasureRequest) -> str:
    return visit.text("the person") if user.pk == one.user_id else user.name


def _when(visit: Visit, at: Any) -> str:
    return written.moment(at.isoformat(), visit.language, visit.law.timezone) if at else written.NOTHING


def _person_field(visit: Visit, error: InputError | PeopleError | None) -> Field:
    form = visit.request.POST if error and visit.request.POST.get("do") == "enter" else {}
    return Field(
        name="person", label=visit.text("E-mail address or pseudonym"), required=True,
        value=form.get("person", ""), errors=field_errors(visit, error, "person"),
    )  # fmt: skip


def _again_field(visit: Visit, error: InputError | PeopleError | None) -> Field:
    form = visit.request.POST if error and visit.request.POST.get("do") == "again" else {}
    return Field(
        name="pseudonyms", label=visit.text("Pseudonyms"), kind="textarea", required=True, lines=3,
        value=form.get("pseudonyms", ""), errors=field_errors(visit, error, "pseudonyms"),
        hint=visit.text("From the list of this page as it was kept outside the backup."),
    )  # fmt: skip
