"""What becomes of a finding: it is asked about, answered, and decided; and neither side can deny any of it afterwards.

A case opens with the first step that anybody takes. Steps are appended and never changed; what is said to or by the
organisation, and what is decided, is bound by an entry of the log in the same transaction (service.entries.cases).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from lodeline import language as lang
from lodeline.detection.battery import DUTIES
from lodeline.detection.finding import Finding
from lodeline.journal.entry import canonical_json
from lodeline.ledger.parallel_run import in_parallel_run
from lodeline.material.mass import format_kg
from lodeline.office.access.actor import NOBODY, Actor, NotAllowedError
from lodeline.office.access.audit import record_act
from lodeline.office.access.two import require_apart
from lodeline.office.findings.files import Attached, put_files
from lodeline.office.findings.seen import seen_text
from lodeline.office.findings.states import (
    MOVES,
    CaseError,
    Facts,
    Kind,
    MovedError,
    Reason,
    askers,
    parameters,
    reopens,
)
from lodeline.office.findings.views import (
    deciders,
    facts_seen,
    is_heard,
    own_case,
    sides,
    state_of,
)
from lodeline.office.models import Case, CaseStep, CaseWatch, User
from lodeline.office.notices.notices import notify
from lodeline.service.entries.cases import put_step
from lodeline.service.entries.moment import utc_text
from lodeline.store.store import Store

STEP_FORMAT: Final = "lodeline-case-step-v1"
TEXT_CHARACTERS: Final = 8_000
#: Steps that only arrange the authority's work are no entries of the log.
_UNLOGGED: Final[frozenset[Kind]] = frozenset({"assigned"})
_NOTICES: Final[Mapping[Kind, str]] = {
    "asked": "question-asked", "extended": "question-extended", "explained": "question-decided",
    "confirmed": "question-decided", "withdrawn": "question-decided", "reopened": "question-decided",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingAsSeen:
    """A finding as an official has it in view, its stamp, and the day of today.

    `steps`: how many steps of its case the official has seen; 0 where there is none. `case`: the id under which that is
    kept, where it is not the finding's own (`matching`).
    """

    finding: Finding
    stamp: Mapping[str, Any]
    today: date
    steps: int
    case: str | None = None

    @property
    def kept_as(self) -> str:
        """The id under which the case is kept."""
        return self.case or self.finding.id


@dataclass(frozen=True, slots=True, kw_only=True)
class StepContent:
    """What goes with a step."""

    text: str = ""
    until: date | None = None
    stands_until: date | None = None
    reason: Reason | None = None
    assignee: User | None = None
    files: Sequence[Attached] = field(default_factory=tuple)


# What officials do. All require "finding.decide" about the organisation that the question is put to.


def ask(actor: Actor, store: Store, seen: FindingAsSeen, *, text: str, until: date, now: datetime) -> Case:
    """Puts the question to the organisation, which may answer until the end of a day; it is told."""
    actor.require("finding.decide", seen.finding.firm)
    if seen.finding.detector in DUTIES:
        raise CaseError(
            lang.text("This is still to be filed, and no question: remind the firm where duties are shown.")
        )
    _check_answer_day(seen.today, until)
    return _decide(actor, store, seen, "asked", StepContent(text=_text(text), until=until), now=now)


def extend(actor: Actor, store: Store, seen: FindingAsSeen, *, text: str, until: date, now: datetime) -> Case:
    """Gives the organisation until a later day."""
    actor.require("finding.decide", seen.finding.firm)
    _check_answer_day(seen.today, until)
    case = Case.objects.filter(finding=seen.kept_as).first()
    if case is not None and case.until is not None and until <= case.until:
        raise CaseError(lang.text("The new day must be after the one that stands."))
    return _decide(
        actor, store, seen, "extended", StepContent(text=text.strip()[:TEXT_CHARACTERS], until=until), now=now
    )


def explain(actor: Actor, store: Store, seen: FindingAsSeen, *, text: str, stands_until: date, now: datetime) -> Case:
    """Accepts an explanation, which stands until the end of a day or until the facts change materially."""
    actor.require("finding.decide", seen.finding.firm)
    _check_standing_day(seen.today, stands_until)
    return _decide(actor, store, seen, "explained", StepContent(text=_text(text), stands_until=stands_until), now=now)


def waive(actor: Actor, store: Store, seen: FindingAsSeen, *, text: str, stands_until: date, now: datetime) -> Case:
    """Does not pursue it, for a reason, until the end of a day or until the facts change materially; nobody is told."""
    actor.require("finding.decide", seen.finding.firm)
    _check_standing_day(seen.today, stands_until)
    return _decide(actor, store, seen, "waived", StepContent(text=_text(text), stands_until=stands_until), now=now)


def confirm(actor: Actor, store: Store, seen: FindingAsSeen, *, text: str, now: datetime) -> Case:
    """Holds that it is as the finding says. By another official than those who asked, and after the reply."""
    actor.require("finding.decide", seen.finding.firm)
    return _decide(actor, store, seen, "confirmed", StepContent(text=_text(text)), now=now)


def withdraw(actor: Actor, store: Store, seen: FindingAsSeen, *, text: str, now: datetime) -> Case:
    """Takes the question back, or what was confirmed."""
    actor.require("finding.decide", seen.finding.firm)
    return _decide(actor, store, seen, "withdrawn", StepContent(text=_text(text)), now=now)


def reopen(actor: Actor, store: Store, seen: FindingAsSeen, *, text: str, now: datetime) -> Case:
    """Opens what was decided once more."""
    actor.require("finding.decide", seen.finding.firm)
    return _decide(actor, store, seen, "reopened", StepContent(text=_text(text), reason="decided"), now=now)


def assign(actor: Actor, store: Store, seen: FindingAsSeen, *, to: int | None, now: datetime) -> Case:
    """Gives the case to an official who may decide findings, or (`to` None) to nobody."""
    actor.require("finding.decide", seen.finding.firm)
    assignee = (
        None
        if to is None
        else User.objects.filter(
            pk=to, pk__in=[one for one, _ in deciders(actor, now, about=seen.finding.firm)]
        ).first()
    )
    if to is not None and assignee is None:
        raise CaseError(lang.text("This person may not decide findings."))
    return _decide(actor, store, seen, "assigned", StepContent(assignee=assignee), now=now)


def watch(actor: Actor, seen: FindingAsSeen, *, on: bool, now: datetime) -> None:
    """Marks a case as watched by the official, or not any more. Requires "nation.read"."""
    actor.require("nation.read", seen.finding.firm)
    assert actor.user is not None, "a program does not watch"
    case = _opened(seen, now)
    if on:
        CaseWatch.objects.get_or_create(case=case, user_id=actor.user)
    else:
        CaseWatch.objects.filter(case=case, user_id=actor.user).delete()


# What the organisation does.


def answer(
    actor: Actor, store: Store, organisation: str, finding: str, *, text: str, files: Sequence[Attached] = (),
    now: datetime,
) -> Case:  # fmt: skip
    """The organisation's answer, or a further one while nothing is decided. Requires "own.file" or "own.certify"."""
    actor.require("own.read", organisation)
    if not (actor.may("own.file", organisation) or actor.may("own.certify", organisation)):
        raise NotAllowedError(lang.text("Filers and certifiers answer for the organisation. Ask one of them."))
    own_case(actor, organisation, finding)
    content = StepContent(text=_text(text), files=files)
    with store.database.transaction():
        case = Case.objects.select_for_update().get(finding=finding)
        _take(actor, store, case, "answered", content, speaker=organisation, now=now)
    return case


def reopen_due(store: Store, case: Case, finding: Finding | None, *, today: date, now: datetime) -> Reason | None:
    """Opens a case again whose decision does not stand any more, and says why; None while it stands.

    `finding`: as it is now, None where it is gone. Part of the caller's transaction, which holds the case.
    """
    reason = reopens(
        state_of(case), stands_until=case.stands_until, seen=facts_seen(case),
        now=None if finding is None else Facts.of(finding), today=today,
    )  # fmt: skip
    if reason is not None:
        _take(NOBODY, store, case, "reopened", StepContent(reason=reason), speaker="", now=now)
    return reason


# How a step is taken.


def _decide(
    actor: Actor, store: Store, seen: FindingAsSeen, kind: Kind, content: StepContent, *, now: datetime
) -> Case:
    # A finding that is gone is decided about by its case alone, which was opened when it counted.
    last = seen.finding.last_period
    if in_parallel_run(last, store.newest_register()):
        raise CaseError(
            lang.text("It is of the parallel run: what was found in months up to {last} opens no case.", last=last)
        )
    with store.database.transaction():
        case = Case.objects.select_for_update().get(pk=_opened(seen, now).pk)
        if case.steps_taken != seen.steps:
            raise MovedError(
                lang.text(
                    "Somebody took a step in this case after you opened the page. Look at it and decide again.",
                    context="findings",
                )
            )
        if kind != "reopened":
            reopen_due(store, case, seen.finding, today=seen.today, now=now)
        _check_move(case, kind)
        if kind == "confirmed":
            _check_confirmation(actor, case, seen.today)
        if kind != "assigned":
            case.seen = seen_text(seen.finding)
        _take(actor, store, case, kind, content, speaker="", now=now, seen=seen)
    return case


def _opened(seen: FindingAsSeen, now: datetime) -> Case:
    case, _ = Case.objects.get_or_create(
        finding=seen.kept_as,
        defaults={
            "organisation": seen.finding.firm, "also": "".join(seen.finding.firms[1:]),
            "detector": seen.finding.detector,
            "opened_at": now, "changed_at": now, "seen": seen_text(seen.finding),
        },
    )  # fmt: skip
    return case


def _take(
    actor: Actor, store: Store, case: Case, kind: Kind, step: StepContent, *, speaker: str, now: datetime,
    seen: FindingAsSeen | None = None,
) -> None:  # fmt: skip
    """Appends the step and moves the case, which the caller's transaction holds."""
    _check_move(case, kind)
    number = case.steps_taken + 1
    content = canonical_json(
        {
            "format": STEP_FORMAT, "case": case.reference, "number": number, "kind": kind, "at": utc_text(now),
            "by": actor.pseudonym, "organisation": speaker, "about": case.organisation,
            **({"also": case.also} if case.also else {}), "finding": case.finding,
            "text": step.text, "until": _iso(step.until), "stands_until": _iso(step.stands_until),
            "reason": step.reason, "facts": None if seen is None else _facts(seen),
            "assignee": None if step.assignee is None else step.assignee.pseudonym,
            "files": [
                {"name": one.name, "kind": one.kind, "sha256": one.sha256, "size": one.size} for one in step.files
            ],
        }
    )  # fmt: skip
    keep_step(
        store, case, number, kind, content, by=actor.pseudonym, speaker=speaker, files=step.files, now=now,
        is_logged=kind not in _UNLOGGED,
    )  # fmt: skip
    _, state = MOVES[kind]
    if state is not None:
        case.state = state
        # Of two who are asked, the second has the day that it was given.
        waits = state == "answered" and bool(case.also)
        case.until = step.until if state == "asked" else case.until if waits else None
        case.stands_until = step.stands_until
    if kind == "assigned":
        case.assignee = step.assignee
    case.steps_taken, case.changed_at = number, now
    case.save()
    # A case that was never put to the organisation is none of its business.
    if kind in _NOTICES and case.steps.filter(kind="asked").exists():
        facts = {"finding": case.finding, "until": _iso(step.until), "decided": kind}
        for place, one in enumerate(sides(case)):
            notify(one, _NOTICES[kind], facts, key=f"case:{case.reference}:{number}{':also' * place}", now=now)
    record_act(
        actor, f"finding.{kind}", organisation=case.organisation, subject=case.finding, facts={"step": number}
    )  # fmt: skip


def keep_step(
    store: Store, case: Case, number: int, kind: str, content: bytes, *, by: str, speaker: str,
    files: Sequence[Attached], now: datetime, is_logged: bool = True,
) -> None:  # fmt: skip
    """Appends a step and its files, bound by an entry of the log. Part of a transaction that holds the case."""
    entry = None
    if is_logged:
        entry = put_step(store, content, case=case.reference, number=number, by=by, filed_at=now).index
    step = CaseStep.objects.create(
        case=case, number=number, kind=kind, at=now, who=by, organisation=speaker, content=content.decode(),
        entry=entry,
    )  # fmt: skip
    put_files(step, files)


def _facts(seen: FindingAsSeen) -> dict[str, Any]:
    finding = seen.finding
    return {
        "mass_kg": format_kg(finding.mass_mg), "score": None if finding.score is None else repr(finding.score),
        "elements": list(finding.elements), "entry": seen.stamp["entry"], "root": seen.stamp["root"],
    }  # fmt: skip


def _check_move(case: Case, kind: Kind) -> None:
    if case.state not in MOVES[kind][0]:
        raise CaseError(
            lang.text("This cannot be done while the case is {state}.", state=case.state)
        )  # fmt: skip


def _check_confirmation(actor: Actor, case: Case, today: date) -> None:
    if not is_heard(case, today):
        raise CaseError(
            lang.text(
                "The firm can still answer, until {until}: it is heard before anything is confirmed.", until=case.until
            )
        )
    asked = askers(case.steps.order_by("number").values_list("kind", "who"))
    if actor.pseudonym in asked:
        raise CaseError(
            lang.text("You asked this question: another official confirms it.")
        )  # fmt: skip
    require_apart(actor, *asked)


def _check_answer_day(today: date, until: date) -> None:
    least = int(parameters().on(today)["least_answer_days"])
    if until < today + timedelta(days=least):
        raise CaseError(
            lang.text("Leave the firm at least {least} days to answer.", least=least)
        )  # fmt: skip
    _check_not_for_ever(today, until)


def _check_standing_day(today: date, stands_until: date) -> None:
    if stands_until <= today:
        raise CaseError(lang.text("The day until which it stands must be still to come."))
    _check_not_for_ever(today, stands_until)


def _check_not_for_ever(today: date, day: date) -> None:
    longest = int(parameters().on(today)["longest_days"])
    if day > today + timedelta(days=longest):
        raise CaseError(lang.text("Choose a day within {longest} days.", longest=longest))


def _text(text: str) -> str:
    stripped = text.replace("\r\n", "\n").strip()
    if not stripped:
        raise CaseError(lang.text("Write it in a sentence or two."))
    if len(stripped) > TEXT_CHARACTERS:
        raise CaseError(lang.text("Write at most {text_characters} characters.", text_characters=TEXT_CHARACTERS))
    return stripped


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
