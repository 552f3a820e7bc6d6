"""Applications for licences as officers work on them: taken in charge, queried, paused, proposed, decided by another.

All of it requires "licence.decide" about the applicant; `seen`: how many steps the officer has seen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from lodeline.control.licences import application as written
from lodeline.control.licences.licensing import Kind, proposers
from lodeline.language import text
from lodeline.ledger.licence import Licence
from lodeline.ledger.licence_terms import faults
from lodeline.material.mass import format_kg, parse_mass
from lodeline.office.access.actor import Actor, NotAllowedError
from lodeline.office.access.audit import record_act
from lodeline.office.access.two import require_apart
from lodeline.office.accounts.people import office_transaction
from lodeline.office.licences.application_steps import (
    ApplicationError,
    NotReadyError,
    StepContent,
    locked_one,
    relation_of,
    take_step,
    worded,
)
from lodeline.office.licences.application_views import stopped_by
from lodeline.office.models import Application
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.licences import parties as licence_parties
from lodeline.service.licences.licences import file_papers, grant_licence, revoke_licence
from lodeline.store.store import Store

#: Steps that begin or end a stop of the law's clock.
_PAUSES: Final[frozenset[Kind]] = frozenset(
    {"identification-began", "identification-ended", "check-began", "check-ended", "referred"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What the officer in charge proposes. `mass_mg`, `valid_from`, `valid_to`: of a grant, where they differ."""

    grant: bool
    text: str
    mass_mg: int | None = None
    valid_from: date | None = None
    valid_to: date | None = None


def take(actor: Actor, store: Store, application: Application, *, seen: int, now: datetime) -> Application:
    """Takes it in charge."""
    return _decide(actor, store, application, "taken", StepContent(), seen=seen, now=now)


def query(
    actor: Actor, store: Store, application: Application, *, text: str, until: date | None, seen: int, now: datetime
) -> Application:
    """Asks the applicant something; the clock stands until it is answered."""
    return _decide(
        actor, store, application, "queried", StepContent(text=worded(text), until=until), seen=seen, now=now
    )


def pause(
    actor: Actor, store: Store, application: Application, kind: Kind, *, text: str, seen: int, now: datetime
) -> Application:
    """Experts or a check on site begin or end, or it goes to the State Council: the law's clock stands."""
    assert kind in _PAUSES, f"{kind} is no pause"
    return _decide(actor, store, application, kind, StepContent(text=worded(text)), seen=seen, now=now)


def mark_watched(actor: Actor, application: Application, *, on_watch_list: bool) -> None:
    """Says whether a party of it stands on the watch list: then the law sets no limit of time."""
    actor.require("licence.decide", application.organisation)
    _require_officer(actor, application)
    application.on_watch_list = on_watch_list
    with office_transaction():
        application.save(update_fields=["on_watch_list"])
        record_act(
            actor, "application.watch-list", organisation=application.organisation, subject=application.reference,
            facts={"on_watch_list": on_watch_list},
        )  # fmt: skip


def propose(
    actor: Actor, store: Store, application: Application, proposal: Proposal, law: Jurisdiction, *, seen: int,
    now: datetime,
) -> Application:  # fmt: skip
    """The officer in charge proposes a decision, with reasons. Raises NotReadyError where no such grant can be."""
    content = StepContent(text=worded(proposal.text), more={"proposal": _proposal_json(proposal)})
    if proposal.grant:
        licence = _to_grant(application, proposal, now=now)
        register = store.register(store.head())
        read = written.read(json.loads(application.content), exporter=application.organisation)
        named = licence_parties.listed(store, law, read, day=law.day_of(now))
        every = (
            *faults(licence, others=(), register=register, law=law),
            *licence_parties.problems_of(named, licence.kind),
        )
        found = [one for one in every if one.severity == "reject"]
        if found:
            raise NotReadyError(found)
    return _decide(actor, store, application, "proposed", content, seen=seen, now=now)


def send_back(
    actor: Actor, store: Store, application: Application, *, text: str, seen: int, now: datetime
) -> Application:
    """Another officer does not follow the proposal; it is worked on again."""
    return _decide(actor, store, application, "returned", StepContent(text=worded(text)), seen=seen, now=now)


def decide(
    actor: Actor, store: Store, application: Application, law: Jurisdiction, *, seen: int, now: datetime
) -> Application:
    """Another officer than who proposed decides as proposed. A grant makes the licence in the same transaction."""
    actor.require("licence.decide", application.organisation)
    with store.database.transaction():
        locked = locked_one(application, seen=seen)
        if locked.state != "proposed":
            raise ApplicationError(text("Nothing is proposed."))
        steps = locked.steps.order_by("number").values_list("kind", "who")
        if actor.pseudonym in proposers(steps):
            raise ApplicationError(text("You proposed this decision: another officer takes it."))
        require_apart(actor, *proposers(steps))
        proposal = _proposal(json.loads(locked.proposal))
        kind: Kind = "granted" if proposal.grant else "refused"
        more: dict[str, Any] = {"proposal": _proposal_json(proposal)}
        if proposal.grant:
            licence = _to_grant(locked, proposal, now=now)
            _grant(actor, store, locked, licence, law, now=now)
            locked.licence = licence.id
            more["licence"] = licence.id
        return take_step(actor, store, locked, kind, StepContent(text=proposal.text, more=more), speaker="", now=now)


def _decide(
    actor: Actor, store: Store, application: Application, kind: Kind, content: StepContent, *, seen: int, now: datetime
) -> Application:
    actor.require("licence.decide", application.organisation)
    with store.database.transaction():
        locked = locked_one(application, seen=seen)
        if kind not in ("taken", "returned"):
            _require_officer(actor, locked)
        if kind == "returned" and actor.pseudonym in proposers(
            locked.steps.order_by("number").values_list("kind", "who")
        ):
            raise ApplicationError(text("You proposed this decision: another officer sends it back."))
        if kind in _PAUSES and not _pause_fits(locked, kind):
            raise ApplicationError(text("This has begun already, or has not begun."))
        return take_step(actor, store, locked, kind, content, speaker="", now=now)


def _pause_fits(application: Application, kind: Kind) -> bool:
    if kind == "referred":
        return True
    began: Kind = "identification-began" if kind.startswith("identification") else "check-began"
    return stopped_by(application, began) == kind.endswith("-ended")


def _grant(
    actor: Actor, store: Store, application: Application, licence: Licence, law: Jurisdiction, *, now: datetime
) -> None:
    made = grant_licence(store=store, licence=licence, law=law, filed_at=now, by=actor.pseudonym)
    if not made.accepted:
        raise NotReadyError(made.problems)
    _file_papers(actor, store, application, licence, law, now=now)
    if relation_of(application) == "amendment":
        assert licence.valid_from is not None, "a licence that was granted begins on a day"
        ended = revoke_licence(
            store=store, licence=application.of_licence, on=licence.valid_from, filed_at=now, by=actor.pseudonym,
            reason=f"amended: {licence.id} stands in its place · 已变更，由 {licence.id} 取代",
        )  # fmt: skip
        if not ended.accepted:
            raise NotReadyError(ended.problems)


def _file_papers(
    actor: Actor, store: Store, application: Application, licence: Licence, law: Jurisdiction, *, now: datetime
) -> None:
    """What a watched party asked for is of the licence's records, so that the desk asks for it no more."""
    day = law.day_of(now)
    read = written.read(json.loads(application.content), exporter=application.organisation)
    asked = licence_parties.papers(licence_parties.listed(store, law, read, day=day), law, day=day)
    brought = asked.keys() & set(application.documents.values_list("kind", flat=True))
    if brought:
        file_papers(store=store, licence=licence.id, papers=brought, on=day, filed_at=now, by=actor.pseudonym)


def _to_grant(application: Application, proposal: Proposal, *, now: datetime) -> Licence:
    read = written.read(json.loads(application.content), exporter=application.organisation)
    changes = {
        name: value
        for name in ("mass_mg", "valid_from", "valid_to")
        if (value := getattr(proposal, name)) is not None
    }  # fmt: skip
    number = f"XK-{now.year:04d}-{application.pk:05d}"
    return written.as_licence(read, licence=number, exporter=application.organisation, changes=changes)


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


def _require_officer(actor: Actor, application: Application) -> None:
    if application.officer_id is None or application.officer_id != actor.user:
        raise NotAllowedError(text("The officer in charge does this. Take the application in charge first."))
