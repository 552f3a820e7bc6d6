"""Licences are asked for, queried, answered and decided: by two officers, with reasons, and nobody can deny any of it.

A draft belongs to the firm. From the step that hands it in, its words stand: every step is an entry of the log in the
same transaction, and a grant is the licence's own entry as well (service.licences). Documents are sealed; the officer
in charge opens them, and each opening is written down.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from lodeline.control import application as written
from lodeline.control.licensing import (
    MOVES,
    RELATIONS,
    UNTOLD,
    Clock,
    Kind,
    Relation,
    State,
    clock,
    is_stopped_by,
    proposers,
)
from lodeline.journal.entry import canonical_json
from lodeline.ledger.licence import Licence
from lodeline.ledger.licence_terms import faults
from lodeline.ledger.problem import Problem, Where, problem
from lodeline.material.mass import format_kg, parse_mass
from lodeline.office.actor import Actor, NotAllowedError
from lodeline.office.application_documents import Attached, handed_in, put
from lodeline.office.audit import record_act
from lodeline.office.models import Application, ApplicationStep, User
from lodeline.office.notices import notify
from lodeline.regulation.parameter import Jurisdiction, NoLawError
from lodeline.service.cases import put_step
from lodeline.service.licences import grant_licence, revoke_licence
from lodeline.service.moment import utc_text
from lodeline.spoken import SpokenError
from lodeline.store.store import Store

STEP_FORMAT: Final = "lodeline-application-step-v1"
TEXT_CHARACTERS: Final = 8_000
DRAFTS_MOST: Final = 100
_NOTICES: Final[Mapping[Kind, str]] = {
    "queried": "application-queried", "granted": "application-decided", "refused": "application-decided",
}  # fmt: skip


class ApplicationError(SpokenError):
    """This cannot be done with this application."""


class ApplicationMovedError(ApplicationError):
    """Somebody else took a step meanwhile: look again."""


class NotReadyError(ApplicationError):
    """It cannot be handed in, or granted, as it stands; `problems` say all that is wrong."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("It cannot be done as it stands: see what is marked.", "目前不能办理：请查看标出的问题。")
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What the officer in charge proposes. `mass_mg`, `valid_from`, `valid_to`: of a grant, where they differ."""

    grant: bool
    text: str
    mass_mg: int | None = None
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What goes with a step."""

    text: str = ""
    until: date | None = None
    files: Sequence[tuple[str, Attached]] = field(default_factory=tuple)
    more: Mapping[str, Any] = field(default_factory=dict)


# What the applicant does. Drafting and answering require "own.file", handing in and withdrawing "own.file" too.


def begin(
    actor: Actor, organisation: str, *, relation: Relation = "new", of_licence: str = "", now: datetime
) -> Application:
    """A draft; a renewal or an amendment begins with what the licence's own application said, where there is one."""
    actor.require("own.file", organisation)
    if Application.objects.filter(organisation=organisation, state="draft").count() >= DRAFTS_MOST:
        raise ApplicationError("Hand in or throw away older drafts first.", "请先提交或删除较早的草稿。")
    begun = Application(organisation=organisation, relation=relation, of_licence=of_licence)
    before = before_of(begun)
    if relation != "new" and before is None:
        raise ApplicationError(
            "There is no application here that this licence came from: begin a new one.",
            "未找到该许可证的原申请：请新建申请。",
        )
    content = written.plain(json.loads(before.content)) if before is not None else written.plain({})
    begun.content, begun.opened_at, begun.changed_at = json.dumps(content, ensure_ascii=False), now, now
    begun.save()
    record_act(actor, "application.begin", organisation=organisation, subject=begun.reference)
    return begun


def save(actor: Actor, application: Application, content: written.Content, *, now: datetime) -> Application:
    """Keeps what a draft says. Raises ApplicationError once it is handed in."""
    actor.require("own.file", application.organisation)
    _require_draft(application)
    application.content = json.dumps(written.plain(content), ensure_ascii=False)
    application.changed_at = now
    application.save(update_fields=["content", "changed_at"])
    return application


def attach(actor: Actor, store: Store, application: Application, kind: str, files: Sequence[Attached]) -> None:
    """Puts documents of a kind into a draft, sealed."""
    actor.require("own.file", application.organisation)
    _require_draft(application)
    put(store, application, [(kind, one) for one in files])


def detach(actor: Actor, application: Application, document: int) -> None:
    """Takes a document out of a draft."""
    actor.require("own.file", application.organisation)
    _require_draft(application)
    application.documents.filter(pk=document, step__isnull=True).delete()


def drop(actor: Actor, application: Application) -> None:
    """Throws a draft away."""
    actor.require("own.file", application.organisation)
    _require_draft(application)
    application.documents.all().delete()
    application.delete()
    record_act(actor, "application.drop", organisation=application.organisation, subject=application.reference)


def problems_of(store: Store, application: Application, law: Jurisdiction, *, today: date) -> list[Problem]:
    """Everything that stands against handing a draft in, with its place; flags do not."""
    read = written.read(json.loads(application.content), exporter=application.organisation)
    brought = set(application.documents.values_list("kind", flat=True))
    register = store.register(store.head())
    asked = _asked_for(application, read)
    of_terms = [
        one for one in faults(asked, others=(), register=register, law=law)
        if one.code not in ("grant.incomplete", "grant.mass-not-positive")
    ]  # fmt: skip
    return [
        *read.problems, *of_terms, *_of_amendment(application, law, today),
        *written.missing_documents(law, read.kind, brought, day=today),
    ]  # fmt: skip


def submit(actor: Actor, store: Store, application: Application, law: Jurisdiction, *, now: datetime) -> Application:
    """Hands it in: from now on its words stand. Raises NotReadyError with all that is wrong."""
    actor.require("own.file", application.organisation)
    found = problems_of(store, application, law, today=_day(law, now))
    if any(one.severity == "reject" for one in found):
        raise NotReadyError(found)
    with store.database.transaction():
        locked = _locked(application)
        more = {"content": json.loads(locked.content), "relation": locked.relation, "of_licence": locked.of_licence}
        locked.submitted_at = now
        return _take(actor, store, locked, "submitted", _Said(more=more), speaker=locked.organisation, now=now)


def answer(
    actor: Actor, store: Store, application: Application, *, text: str, files: Sequence[Attached] = (), now: datetime
) -> Application:
    """Answers the query that is open."""
    actor.require("own.file", application.organisation)
    said = _Said(text=_text(text), files=[("other", one) for one in files])
    with store.database.transaction():
        locked = _locked(application)
        return _take(actor, store, locked, "answered", said, speaker=locked.organisation, now=now)


def withdraw(actor: Actor, store: Store, application: Application, *, text: str, now: datetime) -> Application:
    """Takes it back, until it is decided."""
    actor.require("own.file", application.organisation)
    with store.database.transaction():
        locked = _locked(application)
        return _take(actor, store, locked, "withdrawn", _Said(text=_text(text)), speaker=locked.organisation, now=now)


def report(
    actor: Actor, store: Store, application: Application, *, what: str, text: str, files: Sequence[Attached] = (),
    now: datetime,
) -> Application:  # fmt: skip
    """Reports shipment, arrival, installation or use of what was licensed (article 18)."""
    actor.require("own.file", application.organisation)
    said = _Said(text=_text(text), files=[("other", one) for one in files], more={"what": what})
    with store.database.transaction():
        locked = _locked(application)
        return _take(actor, store, locked, "reported", said, speaker=locked.organisation, now=now)


# What officers do. All require "licence.decide" about the applicant; `seen`: how many steps they have seen.


def take(actor: Actor, store: Store, application: Application, *, seen: int, now: datetime) -> Application:
    """Takes it in charge."""
    return _decide(actor, store, application, "taken", _Said(), seen=seen, now=now)


def query(
    actor: Actor, store: Store, application: Application, *, text: str, until: date | None, seen: int, now: datetime
) -> Application:
    """Asks the applicant something; the clock stands until it is answered."""
    return _decide(actor, store, application, "queried", _Said(text=_text(text), until=until), seen=seen, now=now)


def pause(
    actor: Actor, store: Store, application: Application, kind: Kind, *, text: str, seen: int, now: datetime
) -> Application:
    """Experts or a check on site begin or end, or it goes to the State Council: the law's clock stands."""
    assert kind in _PAUSES, f"{kind} is no pause"
    return _decide(actor, store, application, kind, _Said(text=_text(text)), seen=seen, now=now)


_PAUSES: Final[frozenset[Kind]] = frozenset(
    {"identification-began", "identification-ended", "check-began", "check-ended", "referred"}
)


def mark_watched(actor: Actor, application: Application, *, on_watch_list: bool) -> None:
    """Says whether a party of it stands on the watch list: then the law sets no limit of time."""
    actor.require("licence.decide", application.organisation)
    _require_officer(actor, application)
    application.on_watch_list = on_watch_list
    application.save(update_fields=["on_watch_list"])
    facts = {"on_watch_list": on_watch_list}
    record_act(
        actor,
        "application.watch-list",
        organisation=application.organisation,
        subject=application.reference,
        facts=facts,
    )


def propose(
    actor: Actor, store: Store, application: Application, proposal: Proposal, law: Jurisdiction, *, seen: int,
    now: datetime,
) -> Application:  # fmt: skip
    """The officer in charge proposes a decision, with reasons. Raises NotReadyError where no such grant can be."""
    said = _Said(text=_text(proposal.text), more={"proposal": _proposal_json(proposal)})
    if proposal.grant:
        licence = _to_grant(application, proposal, now=now)
        register = store.register(store.head())
        found = [
            one for one in faults(licence, others=(), register=register, law=law) if one.severity == "reject"
        ]  # fmt: skip
        if found:
            raise NotReadyError(found)
    return _decide(actor, store, application, "proposed", said, seen=seen, now=now)


def send_back(
    actor: Actor, store: Store, application: Application, *, text: str, seen: int, now: datetime
) -> Application:
    """Another officer does not follow the proposal; it is worked on again."""
    return _decide(actor, store, application, "returned", _Said(text=_text(text)), seen=seen, now=now)


def decide(
    actor: Actor, store: Store, application: Application, law: Jurisdiction, *, seen: int, now: datetime
) -> Application:
    """Another officer than who proposed decides as proposed. A grant makes the licence in the same transaction."""
    actor.require("licence.decide", application.organisation)
    with store.database.transaction():
        locked = _locked(application, seen=seen)
        if locked.state != "proposed":
            raise ApplicationError("Nothing is proposed.", "尚无审核意见。")
        steps = locked.steps.order_by("number").values_list("kind", "who")
        if actor.pseudonym in proposers(steps):
            raise ApplicationError(
                "You proposed this decision: another officer takes it.", "该意见由您提出：须由另一名人员决定。"
            )
        proposal = _proposal(json.loads(locked.proposal))
        kind: Kind = "granted" if proposal.grant else "refused"
        more: dict[str, Any] = {"proposal": _proposal_json(proposal)}
        if proposal.grant:
            licence = _to_grant(locked, proposal, now=now)
            _grant(actor, store, locked, licence, law, now=now)
            locked.licence = licence.id
            more["licence"] = licence.id
        return _take(actor, store, locked, kind, _Said(text=proposal.text, more=more), speaker="", now=now)


def licence_proposed(application: Application) -> Licence:
    """The licence as it would be granted now."""
    return _to_grant(application, _proposal(json.loads(application.proposal)), now=application.changed_at)


# What is asked about applications.


def own(actor: Actor, organisation: str) -> list[Application]:
    """An organisation's applications, the newest first. Requires "own.read"."""
    actor.require("own.read", organisation)
    return list(Application.objects.filter(organisation=organisation).order_by("-pk"))


def own_one(actor: Actor, organisation: str, reference: str) -> Application:
    """One of `own`. Raises ApplicationError where there is none. Requires "own.read"."""
    actor.require("own.read", organisation)
    return _found(Application.objects.filter(organisation=organisation, reference=reference).first())


def handed(actor: Actor) -> list[Application]:
    """Every application that was handed in and that the officer may see, the oldest first. Requires "nation.read"."""
    actor.require("nation.read")
    every = Application.objects.exclude(state="draft").select_related("officer").order_by("submitted_at", "pk")
    return [one for one in every if actor.may("nation.read", one.organisation)]


def handed_one(actor: Actor, reference: str) -> Application:
    """One of `handed`. Raises ApplicationError where there is none. Requires "nation.read"."""
    actor.require("nation.read")
    found = _found(
        Application.objects.exclude(state="draft").select_related("officer").filter(reference=reference).first()
    )
    actor.require("nation.read", found.organisation)
    return found


def applicant_of(reference: str) -> str | None:
    """Whose application that is."""
    return Application.objects.filter(reference=reference).values_list("organisation", flat=True).first()


def steps_of(application: Application, *, told_only: bool) -> list[tuple[ApplicationStep, dict[str, Any]]]:
    """Its steps in order with what each holds; `told_only`: those that the applicant is told of."""
    steps = application.steps.prefetch_related("documents").order_by("number")
    return [(one, json.loads(one.content)) for one in steps if not told_only or one.kind not in UNTOLD]


def clock_of(application: Application, law: Jurisdiction, *, today: date) -> Clock:
    """How the time to decide stands."""
    steps = [(step.kind, _day(law, step.at)) for step in application.steps.order_by("number")]
    return clock(
        steps, relation=_relation(application), law=law, today=today, on_watch_list=application.on_watch_list
    )  # fmt: skip


def stopped_by(application: Application, kind: Kind) -> bool:
    """Whether a stop of this kind is open."""
    return is_stopped_by(list(application.steps.order_by("number").values_list("kind", flat=True)), kind)


def remind(today: date, now: datetime) -> int:
    """Tells applicants of queries whose day has passed; returns how many were told."""
    new = 0
    for one in Application.objects.filter(state="queried", until__lt=today):
        facts = {"application": one.reference, "until": str(one.until)}
        key = f"application-overdue:{one.reference}:{one.until}"
        new += notify(one.organisation, "application-overdue", facts, key=key, now=now)
    return new


def before_of(application: Application) -> Application | None:
    """The application of the licence that this one renews or amends."""
    if not application.of_licence:
        return None
    return Application.objects.filter(
        organisation=application.organisation, licence=application.of_licence
    ).first()  # fmt: skip


# How a step is taken.


def _decide(
    actor: Actor, store: Store, application: Application, kind: Kind, said: _Said, *, seen: int, now: datetime
) -> Application:
    actor.require("licence.decide", application.organisation)
    with store.database.transaction():
        locked = _locked(application, seen=seen)
        if kind not in ("taken", "returned"):
            _require_officer(actor, locked)
        if kind == "returned" and actor.pseudonym in proposers(
            locked.steps.order_by("number").values_list("kind", "who")
        ):
            raise ApplicationError(
                "You proposed this decision: another officer sends it back.", "该意见由您提出：须由另一名人员退回。"
            )
        if kind in _PAUSES and not _pause_fits(locked, kind):
            raise ApplicationError("This has begun already, or has not begun.", "该程序已经开始，或尚未开始。")
        return _take(actor, store, locked, kind, said, speaker="", now=now)


def _pause_fits(application: Application, kind: Kind) -> bool:
    if kind == "referred":
        return True
    began: Kind = "identification-began" if kind.startswith("identification") else "check-began"
    return stopped_by(application, began) == kind.endswith("-ended")


def _take(
    actor: Actor, store: Store, application: Application, kind: Kind, said: _Said, *, speaker: str, now: datetime
) -> Application:
    """Appends the step and moves the application, which the caller's transaction holds."""
    states, state = MOVES[kind]
    if application.state not in states:
        raise ApplicationError(
            f"This cannot be done while the application is {application.state}.", "申请处于当前状态时不能如此办理。"
        )
    number = application.steps_taken + 1
    files = [*_drafted(application, kind), *({"kind": one_kind, **_facts_of(one)} for one_kind, one in said.files)]
    content = canonical_json(
        {
            "format": STEP_FORMAT, "application": application.reference, "number": number, "kind": kind,
            "at": utc_text(now), "by": actor.pseudonym, "organisation": speaker, "about": application.organisation,
            "text": said.text, "until": None if said.until is None else said.until.isoformat(), "documents": files,
            **said.more,
        }
    )  # fmt: skip
    entry = put_step(store, content, case=application.reference, number=number, by=actor.pseudonym, filed_at=now).index
    step = ApplicationStep.objects.create(
        application=application, number=number, kind=kind, at=now, who=actor.pseudonym, organisation=speaker,
        content=content.decode(), entry=entry,
    )  # fmt: skip
    if kind == "submitted":
        handed_in(application, step)
    put(store, application, said.files, step=step)
    _move(application, actor, kind, state, said)
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


def _move(application: Application, actor: Actor, kind: Kind, state: State | None, said: _Said) -> None:
    if state is not None:
        application.state = state
        application.until = said.until if state == "queried" else None
    if kind == "taken":
        assert actor.user is not None, "an officer has signed in"
        application.officer = User.objects.get(pk=actor.user)
    if kind == "proposed":
        application.proposal = json.dumps(said.more["proposal"], ensure_ascii=False)
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


def _grant(
    actor: Actor, store: Store, application: Application, licence: Licence, law: Jurisdiction, *, now: datetime
) -> None:
    made = grant_licence(store=store, licence=licence, law=law, filed_at=now, by=actor.pseudonym)
    if not made.accepted:
        raise NotReadyError(made.problems)
    if _relation(application) == "amendment":
        assert licence.valid_from is not None, "a licence that was granted begins on a day"
        ended = revoke_licence(
            store=store, licence=application.of_licence, on=licence.valid_from, filed_at=now, by=actor.pseudonym,
            reason=f"amended: {licence.id} stands in its place",
        )  # fmt: skip
        if not ended.accepted:
            raise NotReadyError(ended.problems)


def _to_grant(application: Application, proposal: Proposal, *, now: datetime) -> Licence:
    read = written.read(json.loads(application.content), exporter=application.organisation)
    changes = {
        name: value
        for name in ("mass_mg", "valid_from", "valid_to")
        if (value := getattr(proposal, name)) is not None
    }  # fmt: skip
    number = f"XK-{now.year:04d}-{application.pk:05d}"
    return written.as_licence(read, licence=number, exporter=application.organisation, changes=changes)


def _of_amendment(application: Application, law: Jurisdiction, today: date) -> list[Problem]:
    """A change that the law wants as a new application; nothing where it knows of none."""
    before = before_of(application)
    if application.relation != "amendment" or before is None:
        return []
    try:
        asks = law.parameters["licence-amendment-days"].at(today, known=today).value["new_application"]
    except (KeyError, NoLawError):
        return []
    changed = [name for name, _, _ in written.differences(json.loads(before.content), json.loads(application.content))]
    if written.is_amendment(changed, new_application=asks):
        return []
    return [problem("application.new-needed", Where(column=changed[0]), columns=", ".join(dict.fromkeys(changed)))]


def _asked_for(application: Application, read: written.Application) -> Licence:
    return written.as_licence(read, licence=application.reference, exporter=application.organisation)


def _proposal_json(proposal: Proposal) -> dict[str, Any]:
    def iso(day: date | None) -> str | None:
        return None if day is None else day.isoformat()

    return {
        "grant": proposal.grant, "text": proposal.text, "valid_from": iso(proposal.valid_from),
        "valid_to": iso(proposal.valid_to),
        "mass_kg": None if proposal.mass_mg is None else format_kg(proposal.mass_mg),
    }  # fmt: skip


def _proposal(kept: Mapping[str, Any]) -> Proposal:
    def day(text: str | None) -> date | None:
        return None if text is None else date.fromisoformat(text)

    return Proposal(
        grant=kept["grant"], text=kept["text"], valid_from=day(kept["valid_from"]), valid_to=day(kept["valid_to"]),
        mass_mg=None if kept["mass_kg"] is None else parse_mass(kept["mass_kg"]),
    )  # fmt: skip


def _locked(application: Application, *, seen: int | None = None) -> Application:
    locked = Application.objects.select_for_update().get(pk=application.pk)
    if seen is not None and locked.steps_taken != seen:
        raise ApplicationMovedError(
            "Somebody took a step after you opened the page. Look at it and decide again.",
            "您打开页面后，已有他人处理该申请。请查看后再作决定。",
        )
    return locked


def _require_draft(application: Application) -> None:
    if application.state != "draft":
        raise ApplicationError(
            "It is handed in: its words stand. Answer a query, or withdraw it and begin another.",
            "申请已提交，内容不得更改。可答复质询，或撤回后另行申请。",
        )


def _require_officer(actor: Actor, application: Application) -> None:
    if application.officer_id is None or application.officer_id != actor.user:
        raise NotAllowedError(
            "The officer in charge does this. Take the application in charge first.", "由承办人办理。请先承办该申请。"
        )


def _relation(application: Application) -> Relation:
    return next(one for one in RELATIONS if one == application.relation)


def _found(application: Application | None) -> Application:
    if application is None:
        raise ApplicationError("There is no such application.", "没有此申请。")
    return application


def _day(law: Jurisdiction, at: datetime) -> date:
    return at.astimezone(ZoneInfo(law.timezone)).date()


def _text(text: str) -> str:
    stripped = text.replace("\r\n", "\n").strip()
    if not stripped:
        raise ApplicationError("Write it in a sentence or two.", "请用一两句话写明。")
    if len(stripped) > TEXT_CHARACTERS:
        raise ApplicationError(f"Write at most {TEXT_CHARACTERS} characters.", f"最多填写 {TEXT_CHARACTERS} 个字符。")
    return stripped
