"""Opening stocks of a nation: one table becomes a draft of each firm, which it looks over and its certifier attests.

Until it is certified nothing of it is in the log; then it is a filing like any other, with the certifier's signature.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Final

from django.db.models import QuerySet

from lodeline.filing.opening_stock import OpeningFiling, OpeningStocks, read_stocks
from lodeline.ledger.problem import Where, problem
from lodeline.office.access.actor import AUTHORITY, Actor
from lodeline.office.access.audit import record_act
from lodeline.office.jobs.jobs import database
from lodeline.office.models import Draft, DraftFile, User
from lodeline.office.notices.notices import notify
from lodeline.store.store import Store

_NAMED: Final = "opening-stock-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attesting:
    """How far a firm is with its opening stock: `entry` once it is attested."""

    organisation: str
    draft: int
    state: str
    entry: int | None


def check(actor: Actor, store: Store, name: str, content: bytes, *, on: date) -> OpeningStocks:
    """Judges a table of lots; nothing is written. Requires "register.write" for the whole country.

    Raises OpeningDayError where `on` is not the last day of a month.
    """
    actor.require("register.write", AUTHORITY)
    found = read_stocks(name, content, on=on, register=store.register(store.head()))
    standing = _standing()
    again = [
        problem("take-over.stock-stands", Where(column="site"), id=one.organisation)
        for one in found.filings
        if standing.get(one.organisation, one.content) != one.content
    ]
    return OpeningStocks(filings=found.filings, problems=(*found.problems, *again))


def prepare(actor: Actor, stocks: OpeningStocks, *, now: datetime) -> list[OpeningFiling]:
    """Makes a draft for each firm that has none of it yet, all or none, and tells the firm; those that were made.

    Requires what `check` does. The table must not be refused.
    """
    actor.require("register.write", AUTHORITY)
    assert not stocks.refused, "a table with a problem prepares nothing"
    standing = _standing()
    new = [one for one in stocks.filings if one.organisation not in standing]
    by = User.objects.filter(pk=actor.user).first() if actor.user else None
    with database().transaction():
        for one in new:
            draft = Draft.objects.create(
                organisation=one.organisation, period=one.period, created_at=now, changed_at=now, created_by=by,
                changed_by=by, revision=1,
            )  # fmt: skip
            DraftFile.objects.create(
                draft=draft, name=one.name, sha256=sha256(one.content).hexdigest(), size=len(one.content),
                content=zlib.compress(one.content, 1),
            )  # fmt: skip
            notify(
                one.organisation, "opening-stock", {"period": one.period, "draft": draft.pk, "count": one.lots},
                key=f"opening-stock:{draft.pk}", now=now,
            )  # fmt: skip
            record_act(
                actor, "register.opening-stock", organisation=one.organisation, subject=str(draft.pk),
                facts={"period": one.period, "lots": one.lots},
            )  # fmt: skip
    return new


def attesting(actor: Actor) -> list[Attesting]:
    """Every firm whose opening stock was prepared, by id. Requires "register.write"."""
    actor.require("register.write")
    firms = actor.firms("register.write")
    found = [
        Attesting(organisation=one.organisation, draft=one.pk, state=one.state, entry=one.entry)
        for one in _drafts().order_by("organisation", "id")
    ]
    return [one for one in found if firms is None or one.organisation in firms]


def _drafts() -> QuerySet[Draft]:
    return Draft.objects.filter(files__name__startswith=_NAMED, sandbox=False).exclude(
        state__in=[Draft.State.DROPPED, Draft.State.SUPERSEDED]
    )


def _standing() -> Mapping[str, bytes]:
    """Firm → its opening stock as it was prepared."""
    kept = DraftFile.objects.filter(draft__in=_drafts(), name__startswith=_NAMED).select_related("draft")
    return {one.draft.organisation: zlib.decompress(one.content) for one in kept}
