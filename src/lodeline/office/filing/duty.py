"""The duty to file, chased: who is reminded, and who is ordered to file or to correct by a day."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, Literal

from django.conf import settings

from lodeline.errors import UserError
from lodeline.language import text
from lodeline.ledger.parallel_run import in_parallel_run
from lodeline.office.access.actor import AUTHORITY, Actor
from lodeline.office.access.audit import record_act
from lodeline.office.accounts.people import office_transaction
from lodeline.office.law_in_force import law_in_force
from lodeline.office.models import Notice
from lodeline.office.notices.notices import notify
from lodeline.store.opening import open_store

#: What the authority says to a firm about a month: a reminder, an order to file, an order to correct.
Demand = Literal["reminded", "ordered-to-file", "ordered-to-correct"]
DEMANDS: Final[tuple[Demand, ...]] = ("reminded", "ordered-to-file", "ordered-to-correct")


class DemandError(UserError):
    """A demand that cannot be made; the message says why."""


def demand(
    actor: Actor, organisations: Sequence[str], *, period: str, kind: Demand, now: datetime, until: date | None = None,
    why: str = "",
) -> int:  # fmt: skip
    """Says it to each of the organisations, once for a month, kind and day; returns to how many it was new.

    An order names its last day and, to correct, what is to be corrected. Requires "duty.chase" about each.
    """
    for organisation in organisations or [AUTHORITY]:
        actor.require("duty.chase", organisation)
    today = law_in_force().day_of(now)
    if kind != "reminded" and (until is None or until <= today):
        raise DemandError(text("An order names a day that is still to come."))
    register = open_store(settings.LODELINE_DATABASE).newest_register()
    if kind != "reminded" and in_parallel_run(period, register):
        raise DemandError(
            text(
                "{period} is a month of the parallel run: nothing of it counts, and nobody is ordered to "
                "file or correct.",
                period=period,
            )
        )
    if kind == "ordered-to-correct" and not why.strip():
        raise DemandError(text("Say what is to be corrected."))
    count = 0
    for organisation in organisations:
        facts = {"period": period, "until": until.isoformat() if until else None, "why": why.strip()[:2000]}
        key = f"demand:{kind}:{organisation}:{period}:{until or today}"
        with office_transaction():
            if notify(organisation, kind, facts, key=key, now=now):
                count += 1
                record_act(actor, f"duty.{kind}", organisation=organisation, subject=period, facts=facts)
    return count


def demands(period: str) -> dict[str, list[tuple[str, datetime, dict[str, object]]]]:
    """Organisation → (kind, when, facts) of what has been said to it about the month, newest first."""
    found: dict[str, list[tuple[str, datetime, dict[str, object]]]] = {}
    for one in Notice.objects.filter(kind__in=DEMANDS, key__contains=f":{period}:").order_by("-created_at"):
        found.setdefault(one.organisation, []).append((one.kind, one.created_at, json.loads(one.facts)))
    return found
