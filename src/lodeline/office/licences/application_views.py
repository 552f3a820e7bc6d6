"""What is asked about applications for licences, by those who asked for them and by those who decide."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import date
from typing import Any

from lodeline.control.licences import application as written
from lodeline.control.licences.licensing import INTERNAL, UNDECIDED, Clock, Kind, clock, is_stopped_by
from lodeline.language import text
from lodeline.office.access.actor import Actor
from lodeline.office.licences.application_steps import ApplicationError, relation_of
from lodeline.office.models import Application, ApplicationStep
from lodeline.regulation.parameter import Jurisdiction


def own_applications(actor: Actor, organisation: str) -> list[Application]:
    """An organisation's applications, the newest first. Requires "own.read"."""
    actor.require("own.read", organisation)
    return list(Application.objects.filter(organisation=organisation).order_by("-pk"))


def own_application(actor: Actor, organisation: str, reference: str) -> Application:
    """One of `own_applications`. Raises ApplicationError where there is none. Requires "own.read"."""
    actor.require("own.read", organisation)
    return _found(Application.objects.filter(organisation=organisation, reference=reference).first())


def submitted(actor: Actor) -> list[Application]:
    """Every application that was handed in and that the officer may see, the oldest first. Requires "nation.read"."""
    actor.require("nation.read")
    every = Application.objects.exclude(state="draft").select_related("officer").order_by("submitted_at", "pk")
    return [one for one in every if actor.may("nation.read", one.organisation)]


def submitted_one(actor: Actor, reference: str) -> Application:
    """One of `submitted`. Raises ApplicationError where there is none. Requires "nation.read"."""
    actor.require("nation.read")
    found = _found(
        Application.objects.exclude(state="draft").select_related("officer").filter(reference=reference).first()
    )
    actor.require("nation.read", found.organisation)
    return found


def applicant_of(reference: str) -> str | None:
    """Whose application that is."""
    return Application.objects.filter(reference=reference).values_list("organisation", flat=True).first()


def steps_of(application: Application, *, disclosed_only: bool) -> list[tuple[ApplicationStep, dict[str, Any]]]:
    """Its steps in order with what each holds; `disclosed_only`: those that the applicant is told of."""
    steps = application.steps.prefetch_related("documents").order_by("number")
    return [(one, json.loads(one.content)) for one in steps if not disclosed_only or one.kind not in INTERNAL]


def clock_of(application: Application, law: Jurisdiction, *, today: date) -> Clock:
    """How the time to decide stands."""
    steps = [(step.kind, law.day_of(step.at)) for step in application.steps.order_by("number")]
    return clock(
        steps, relation=relation_of(application), law=law, today=today, on_watch_list=application.on_watch_list
    )  # fmt: skip


def stopped_by(application: Application, kind: Kind) -> bool:
    """Whether a stop of this kind is open."""
    return is_stopped_by(list(application.steps.order_by("number").values_list("kind", flat=True)), kind)


def before_of(application: Application) -> Application | None:
    """The application of the licence that this one renews or amends."""
    if not application.of_licence:
        return None
    return Application.objects.filter(
        organisation=application.organisation, licence=application.of_licence
    ).first()  # fmt: skip


def undecided_besides(application: Application) -> list[written.Application]:
    """What other applications that wait for a decision say, whoever handed them in: of them sums alone are shown."""
    waiting = Application.objects.filter(state__in=UNDECIDED).exclude(pk=application.pk)
    return [_read(one) for one in waiting.order_by("pk")]


def granted_on(licences: Collection[str]) -> dict[str, written.Application]:
    """Licence → what its application says, of those that were granted on one here."""
    return {one.licence: _read(one) for one in Application.objects.filter(licence__in=list(licences))}


def _read(application: Application) -> written.Application:
    return written.read(json.loads(application.content), exporter=application.organisation)


def _found(application: Application | None) -> Application:
    if application is None:
        raise ApplicationError(text("There is no such application."))
    return application
