"""Licences are asked for, queried and answered here; `application_review` decides. Nobody can deny any of it.

A draft belongs to the firm. From the step that hands it in, its words stand: every step is an entry of the log in the
same transaction, and a grant is the licence's own entry as well (service.licences.licences). Documents are sealed;
the officer in charge opens them, and each opening is written down.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from lodeline.control.licences import application as written
from lodeline.control.licences.licensing import Relation
from lodeline.language import text
from lodeline.ledger.licence import Licence
from lodeline.ledger.licence_terms import faults
from lodeline.ledger.problem import Problem, Where, problem
from lodeline.office.access.actor import Actor
from lodeline.office.access.audit import record_act
from lodeline.office.accounts.people import office_transaction
from lodeline.office.licences.application_documents import Attached, put
from lodeline.office.licences.application_steps import (
    ApplicationError,
    NotReadyError,
    StepContent,
    locked_one,
    take_step,
    worded,
)
from lodeline.office.licences.application_views import before_of
from lodeline.office.licences.document_seal import opened
from lodeline.office.licences.prefilling import Prefilled
from lodeline.office.models import Application
from lodeline.office.notices.notices import notify
from lodeline.regulation.parameter import Jurisdiction, NoLawError
from lodeline.service.licences import parties as licence_parties
from lodeline.store.store import Store

#: Drafts that a firm may have at a time.
DRAFTS_MOST: Final = 100

# All that the applicant does requires "own.file".


def begin(
    actor: Actor, organisation: str, *, relation: Relation = "new", of_licence: str = "", now: datetime
) -> Application:
    """A draft; a renewal or an amendment begins with what the licence's own application said, where there is one."""
    actor.require("own.file", organisation)
    if Application.objects.filter(organisation=organisation, state="draft").count() >= DRAFTS_MOST:
        raise ApplicationError(text("Hand in or throw away older drafts first."))
    begun = Application(organisation=organisation, relation=relation, of_licence=of_licence)
    before = before_of(begun)
    if relation != "new" and before is None:
        raise ApplicationError(text("There is no application here that this licence came from: begin a new one."))
    content = written.plain(json.loads(before.content)) if before is not None else written.plain({})
    begun.content, begun.opened_at, begun.changed_at = json.dumps(content, ensure_ascii=False), now, now
    with office_transaction():
        begun.save()
        record_act(actor, "application.begin", organisation=organisation, subject=begun.reference)
    return begun


def begin_with(actor: Actor, store: Store, organisation: str, known: Prefilled, *, now: datetime) -> Application:
    """A draft for a new licence that begins with what is known, and brings the documents that can be taken over."""
    begun = begin(actor, organisation, now=now)
    save(actor, begun, known.content, now=now)
    if known.like is not None:
        for one in known.documents:
            content = opened(store, known.like.reference, bytes(one.sealed), one.sha256)
            put(store, begun, [(one.kind, Attached(name=one.name, kind=one.media, content=content))])
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
    with office_transaction():
        application.documents.all().delete()
        application.delete()
        record_act(actor, "application.drop", organisation=application.organisation, subject=application.reference)


def problems_of(store: Store, application: Application, law: Jurisdiction, *, today: date) -> list[Problem]:
    """Everything that stands against handing a draft in, with its place; flags do not."""
    read = written.read(json.loads(application.content), exporter=application.organisation)
    brought = set(application.documents.values_list("kind", flat=True))
    register = store.register(store.head())
    asked = _asked_for(application, read)
    named = licence_parties.listed(store, law, read, day=today)
    papers = licence_parties.papers(named, law, day=today)
    of_terms = [
        one for one in faults(asked, others=(), register=register, law=law)
        if one.code not in ("grant.incomplete", "grant.mass-not-positive")
    ]  # fmt: skip
    return [
        *read.problems, *of_terms, *_of_amendment(application, law, today),
        *licence_parties.problems_of(named, read.kind),
        *written.missing_documents(law, read.kind, brought, day=today, besides=papers),
        *written.general_licence_bars(law, read.kind, day=today),
    ]  # fmt: skip


def submit(actor: Actor, store: Store, application: Application, law: Jurisdiction, *, now: datetime) -> Application:
    """Hands it in: from now on its words stand. Raises NotReadyError with all that is wrong."""
    actor.require("own.file", application.organisation)
    found = problems_of(store, application, law, today=law.day_of(now))
    if any(one.severity == "reject" for one in found):
        raise NotReadyError(found)
    with store.database.transaction():
        locked = locked_one(application)
        more = {"content": json.loads(locked.content), "relation": locked.relation, "of_licence": locked.of_licence}
        locked.submitted_at = now
        read = written.read(more["content"], exporter=locked.organisation)
        named = licence_parties.listed(store, law, read, day=law.day_of(now))
        # The officer in charge may say otherwise.
        locked.on_watch_list = licence_parties.is_watched(named)
        return take_step(
            actor, store, locked, "submitted", StepContent(more=more), speaker=locked.organisation, now=now
        )


def answer(
    actor: Actor, store: Store, application: Application, *, text: str, files: Sequence[Attached] = (), now: datetime
) -> Application:
    """Answers the query that is open."""
    actor.require("own.file", application.organisation)
    content = StepContent(text=worded(text), files=[("other", one) for one in files])
    with store.database.transaction():
        locked = locked_one(application)
        return take_step(actor, store, locked, "answered", content, speaker=locked.organisation, now=now)


def withdraw(actor: Actor, store: Store, application: Application, *, text: str, now: datetime) -> Application:
    """Takes it back, until it is decided."""
    actor.require("own.file", application.organisation)
    with store.database.transaction():
        locked = locked_one(application)
        return take_step(
            actor, store, locked, "withdrawn", StepContent(text=worded(text)), speaker=locked.organisation, now=now
        )


def report(
    actor: Actor, store: Store, application: Application, *, what: str, text: str, files: Sequence[Attached] = (),
    now: datetime,
) -> Application:  # fmt: skip
    """Reports shipment, arrival, installation or use of what was licensed (article 18)."""
    actor.require("own.file", application.organisation)
    content = StepContent(text=worded(text), files=[("other", one) for one in files], more={"what": what})
    with store.database.transaction():
        locked = locked_one(application)
        return take_step(actor, store, locked, "reported", content, speaker=locked.organisation, now=now)


def remind(today: date, now: datetime) -> int:
    """Tells applicants of queries whose day has passed; returns how many were told."""
    new = 0
    for one in Application.objects.filter(state="queried", until__lt=today):
        facts = {"application": one.reference, "until": str(one.until)}
        key = f"application-overdue:{one.reference}:{one.until}"
        new += notify(one.organisation, "application-overdue", facts, key=key, now=now)
    return new


def _of_amendment(application: Application, law: Jurisdiction, today: date) -> list[Problem]:
    """A change that the law wants as a new application; nothing where it knows of none."""
    before = before_of(application)
    if application.relation != "amendment" or before is None:
        return []
    try:
        asks = law.at("licence-amendment-days", today, known=today).value["new_application"]
    except (KeyError, NoLawError):
        return []
    changed = [name for name, _, _ in written.differences(json.loads(before.content), json.loads(application.content))]
    if written.is_amendment(changed, new_application=asks):
        return []
    return [problem("application.new-needed", Where(column=changed[0]), columns=", ".join(dict.fromkeys(changed)))]


def _asked_for(application: Application, read: written.Application) -> Licence:
    return written.as_licence(read, licence=application.reference, exporter=application.organisation)


def _require_draft(application: Application) -> None:
    if application.state != "draft":
        raise ApplicationError(
            text("It is handed in: its words stand. Answer a query, or withdraw it and begin another.")
        )
