"""What customs and licensing enter about licences beside filings: exits, reservations taken back, tranches of ports.

The verbs are those of `service.licences.draws` and `service.licences.exits`; here is who may, that it was done, and
that the exporter is told. What is booked and who booked it are one transaction. The exporter is told after it, from
the log (`office.notices.log_notices`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from lodeline.office.access.actor import Actor
from lodeline.office.access.audit import record_act
from lodeline.office.notices.log_notices import notify_entry
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.licences import draws, exits
from lodeline.service.licences.draws import Drawn
from lodeline.service.licences.exits import Exit
from lodeline.store.store import Store


def confirm_exits(actor: Actor, store: Store, seen: Sequence[Exit], *, law: Jurisdiction, now: datetime) -> list[Drawn]:
    """Books what customs saw leave, or corrects what was booked. Requires "desk.decide"."""
    actor.require("desk.decide")
    with store.database.transaction():
        found = exits.confirm_exits(
            store=store, exits=seen, law=law, on=law.day_of(now), filed_at=now, by=actor.pseudonym
        )  # fmt: skip
        booked = [one.draw for one in found if one.draw is not None and not one.repeated]
        for act, what in (("exit", "licence.exits"), ("correct", "licence.exits-corrected")):
            mine = [draw for draw in booked if draw.act == act]
            if mine:
                facts = {"exits": len(mine), "entry": mine[0].entry}
                record_act(actor, what, subject=mine[0].declaration, facts=facts)
    if booked:
        notify_entry(store, booked[0].entry, now=now)
    return found


def void(
    actor: Actor, store: Store, *, declaration: str, line: str, reason: str, law: Jurisdiction, now: datetime
) -> Drawn:
    """Takes the reservation of a line back. Requires "desk.decide"."""
    actor.require("desk.decide")
    with store.database.transaction():
        found = draws.void(
            store=store, declaration=declaration, line=line, reason=reason, on=law.day_of(now), filed_at=now,
            by=actor.pseudonym,
        )  # fmt: skip
        _record(actor, "licence.void", found)
    if found.draw is not None and not found.repeated:
        notify_entry(store, found.draw.entry, now=now)
    return found


def allot(
    actor: Actor, store: Store, *, licence: str, tranche: str, port: str, mass_mg: int, elements_mg: Mapping[str, int],
    law: Jurisdiction, now: datetime,
) -> Drawn:  # fmt: skip
    """Allots a tranche of a licence to a port without network. Requires "desk.decide"."""
    actor.require("desk.decide")
    with store.database.transaction():
        found = draws.allot(
            store=store, licence=licence, tranche=tranche, port=port, mass_mg=mass_mg, elements_mg=elements_mg,
            law=law, on=law.day_of(now), filed_at=now, by=actor.pseudonym,
        )  # fmt: skip
        _record(actor, "licence.tranche", found)
    return found


def void_tranche(
    actor: Actor, store: Store, *, licence: str, tranche: str, reason: str, law: Jurisdiction, now: datetime
) -> Drawn:
    """Takes back what a port has not spent of its tranche. Requires "desk.decide"."""
    actor.require("desk.decide")
    with store.database.transaction():
        found = draws.void_tranche(
            store=store, licence=licence, tranche=tranche, reason=reason, on=law.day_of(now), filed_at=now,
            by=actor.pseudonym,
        )  # fmt: skip
        _record(actor, "licence.tranche-void", found)
    return found


def _record(actor: Actor, what: str, found: Drawn) -> None:
    if found.draw is not None and not found.repeated:
        draw = found.draw
        record_act(
            actor, what, organisation=draw.organisation, subject=draw.account, facts={"entry": draw.entry}
        )  # fmt: skip
