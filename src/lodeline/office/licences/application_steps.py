"""How a step of an application for a licence is taken: an entry of the log, the step, and where it then stands."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from lodeline import language as lang
from lodeline.control.licences.licensing import MOVES, RELATIONS, Kind, Relation, State
from lodeline.errors import UserError
from lodeline.journal.entry import canonical_json
from lodeline.ledger.problem import Problem
from lodeline.office.access.actor import Actor
from lodeline.office.access.audit import record_act
from lodeline.office.licences.application_documents import Attached, attach_to_step, put
from lodeline.office.models import Application, ApplicationStep, User
from lodeline.office.notices.notices import notify
from lodeline.service.entries.cases import put_step
from lodeline.service.entries.moment import utc_text
from lodeline.store.store import Store

STEP_FORMAT: Final = "lodeline-application-step-v1"
TEXT_CHARACTERS: Final = 8_000
_NOTICES: Final[Mapping[Kind, str]] = {
    "queried": "application-queried", "granted": "application-decided", "refused": "application-decided",
}  # fmt: skip


class ApplicationError(UserError):
    """This cannot be done with this application."""


class ApplicationMovedError(ApplicationError):
    """Somebody else took a step meanwhile: look again."""


class NotReadyError(ApplicationError):
    """It cannot be handed in, or granted, as it stands; `problems` say all that is wrong."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(lang.text("It cannot be done as it stands: see what is marked."))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepContent:
    """What goes with a step."""

    text: str = ""
    until: date | None = None
    files: Sequence[tuple[str, Attached]] = field(default_factory=tuple)
    more: Mapping[str, Any] = field(default_factory=dict)


def take_step(
    actor: Actor,
    store: Store,
    application: Application,
    kind: Kind,
    stated: StepContent,
    *,
    speaker: str,
    now: datetime,
) -> Application:
    """Appends the step and moves the application, which the caller's transaction holds."""
    states, state = MOVES[kind]
    if application.state not in states:
        raise ApplicationError(
            lang.text("This cannot be done while the application is {state}.", state=application.state)
        )
    number = application.steps_taken + 1
    files = [*_drafted(application, kind), *({"kind": one_kind, **_facts_of(one)} for one_kind, one in stated.files)]
    content = canonical_json(
        {
            "format": STEP_FORMAT, "application": application.reference, "number": number, "kind": kind,
            "at": utc_text(now), "by": actor.pseudonym, "organisation": speaker, "about": application.organisation,
            "text": stated.text, "until": None if stated.until is None else stated.until.isoformat(),
            "documents": files,
            **stated.more,
        }
    )  # fmt: skip
    entry = put_step(store, content, case=application.reference, number=number, by=actor.pseudonym, filed_at=now).index
    step = ApplicationStep.objects.create(
        application=application, number=number, kind=kind, at=now, who=actor.pseudonym, organisation=speaker,
        content=content.decode(), entry=entry,
    )  # fmt: skip
    if kind == "submitted":
        attach_to_step(application, step)
    put(store, application, stated.files, step=step)
    _move(application, actor, kind, state, stated)
    application.steps_taken, application.changed_at = number, now
    application.save()
    if kind in _NOTICES:
        facts = {"application": application.reference, "decided": kind, "until": str(application.until or "")}
        notify(
            application.organisation,
            _NOTICES[kind],
            facts,
            key=f"application:{application.reference}:{number}",
            now=now,
        )
    record_act(
        actor, f"application.{kind}", organisation=application.organisation, subject=application.reference,
        facts={"step": number},
    )  # fmt: skip
    return application


def _move(application: Application, actor: Actor, kind: Kind, state: State | None, content: StepContent) -> None:
    if state is not None:
        application.state = state
        application.until = content.until if state == "queried" else None
    if kind == "taken":
        assert actor.user is not None, "an officer has signed in"
        application.officer = User.objects.get(pk=actor.user)
    if kind == "proposed":
        application.proposal = json.dumps(content.more["proposal"], ensure_ascii=False)
    if kind == "returned":
        application.proposal = ""


def _drafted(application: Application, kind: Kind) -> list[dict[str, Any]]:
    """The documents of a draft, which the step that hands it in binds."""
    if kind != "submitted":
        return []
    drafted = application.documents.filter(step__isnull=True).order_by("pk")
    return [{"kind": one.kind, "name": one.name, "sha256": one.sha256, "size": one.size} for one in drafted]


def _facts_of(one: Attached) -> dict[str, Any]:
    return {"name": one.name, "sha256": one.sha256, "size": one.size}


def locked_one(application: Application, *, seen: int | None = None) -> Application:
    """The application as it stands, held until the transaction ends. Raises ApplicationMovedError unless it has had
    `seen` steps."""
    locked = Application.objects.select_for_update().get(pk=application.pk)
    if seen is not None and locked.steps_taken != seen:
        raise ApplicationMovedError(
            lang.text("Somebody took a step after you opened the page. Look at it and decide again.")
        )
    return locked


def relation_of(application: Application) -> Relation:
    """Whether it asks for a new licence, or renews or amends one."""
    return next(one for one in RELATIONS if one == application.relation)


def worded(text: str) -> str:
    """What somebody wrote, without blanks around it. Raises ApplicationError for nothing, and for too much."""
    stripped = text.replace("\r\n", "\n").strip()
    if not stripped:
        raise ApplicationError(lang.text("Write it in a sentence or two."))
    if len(stripped) > TEXT_CHARACTERS:
        raise ApplicationError(
            lang.text("Write at most {text_characters} characters.", text_characters=TEXT_CHARACTERS)
        )
    return stripped
