"""A firm announces its planned runs and puts them off, or the authority does: who may, and that it was done.

What they are: service.licences.runs. What is booked and who booked it are one transaction; the firm is told after it.
"""

from __future__ import annotations

from datetime import datetime

from lodeline.office.access.actor import AUTHORITY, Actor
from lodeline.office.access.audit import record_act
from lodeline.office.notices.log_notices import notify_entry
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.licences import runs
from lodeline.service.licences.draws import Drawn
from lodeline.store.store import Store

#: As long as a number of a run may be in a filing.
RUN_CHARACTERS = 200
REASON_CHARACTERS = 4_000


def announce(
    actor: Actor, store: Store, organisation: str, *, run: str, kind: str, ore_type: str, year: int, reo_mg: int,
    law: Jurisdiction, now: datetime,
) -> Drawn:  # fmt: skip
    """Sets quota aside for a planned run. Requires "own.file" about the organisation."""
    actor.require("own.file", organisation)
    day = law.day_of(now)
    with store.database.transaction():
        found = runs.announce_run(
            store=store, organisation=organisation, kind=kind, ore_type=ore_type, year=year,
            run=run.strip()[:RUN_CHARACTERS], reo_mg=reo_mg, on=day, filed_at=now, by=actor.pseudonym,
        )  # fmt: skip
        _record(actor, "quota.run", organisation, found)
    return found


def put_off(
    actor: Actor, store: Store, organisation: str, *, run: str, reason: str, law: Jurisdiction, now: datetime
) -> Drawn:
    """Gives back what a planned run has not drawn. Requires "own.file" about the organisation."""
    actor.require("own.file", organisation)
    with store.database.transaction():
        found = runs.cancel_run(
            store=store, organisation=organisation, run=run.strip(), reason=reason[:REASON_CHARACTERS],
            on=law.day_of(now), filed_at=now, by=actor.pseudonym,
        )  # fmt: skip
        _record(actor, "quota.run-void", organisation, found)
    return found


def put_off_by_authority(
    actor: Actor, store: Store, number: int, *, reason: str, law: Jurisdiction, now: datetime
) -> Drawn:  # fmt: skip
    """Gives back what a firm's planned run has not drawn, by the number of its reservation, and tells the firm.

    Requires "quotas.decide" about the firm; where there is no such run, about the whole country.
    """
    run = runs.announced(store, number)
    organisation = AUTHORITY if run is None else run.organisation
    actor.require("quotas.decide", organisation)
    with store.database.transaction():
        found = runs.cancel_run_numbered(
            store=store, number=number, reason=reason[:REASON_CHARACTERS], on=law.day_of(now), filed_at=now,
            by=actor.pseudonym,
        )  # fmt: skip
        _record(actor, "quota.run-void", organisation, found)
    if found.draw is not None and not found.repeated:
        notify_entry(store, found.draw.entry, now=now)
    return found


def _record(actor: Actor, what: str, organisation: str, found: Drawn) -> None:
    if found.draw is not None and not found.repeated:
        draw = found.draw
        record_act(actor, what, organisation=organisation, subject=draw.declaration, facts={"entry": draw.entry})
