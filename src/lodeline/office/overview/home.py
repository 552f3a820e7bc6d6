"""What an organisation's people find when they come in: what is due, what waits for them, what is left.

Everything is asked of the organisation's own rows, so that it is quick on the day on which everybody comes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from lodeline.office.access.actor import Actor
from lodeline.office.customs import queries
from lodeline.office.filing import disputes, drafts, transfers
from lodeline.office.findings import views
from lodeline.office.licences.application_views import own_applications
from lodeline.office.models import Application, Case, Dispute, Draft
from lodeline.service.firm.organisation_view import Month, OrganisationView
from lodeline.service.licences.answers import RegisteredLicence
from lodeline.service.licences.quotas import OwnQuota


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """As of a moment. `waiting`: rows of `OrganisationView.transfers` that have not closed; `pending`: accepted and not
    filed.

    `disputed`: disputes that stand. `questions`: of the authority; `queries`: of customs; both and `applications`
    whatever came of them. `quota`, `licences`: as `OrganisationView` gives them.
    """

    months: tuple[Month, ...]
    open_drafts: tuple[Draft, ...]
    waiting: pl.DataFrame
    pending: Mapping[transfers.Sent, int]
    disputed: tuple[Dispute, ...]
    questions: tuple[Case, ...]
    queries: tuple[Case, ...]
    applications: tuple[Application, ...]
    quota: tuple[OwnQuota, ...]
    licences: tuple[RegisteredLicence, ...]

    @property
    def missing(self) -> tuple[Month, ...]:
        """Months that are late, the oldest first."""
        return tuple(month for month in self.months if month.state == "missing")

    @property
    def due(self) -> tuple[Month, ...]:
        """Months that can be filed in time, the oldest first; the running one is not among them."""
        return tuple(month for month in self.months if month.state == "due")

    @property
    def to_accept(self) -> pl.DataFrame:
        """Deliveries that nobody has accepted yet, not even in a draft."""
        found = self.waiting.filter(pl.col("standing") == "to-accept")
        free = [
            transfers.Sent(shipper=shipper, event=event, local=local) not in self.pending
            for shipper, event, local in found.select("shipper", "shipment_event", "local").iter_rows()
        ]
        return found.filter(pl.Series(free, dtype=pl.Boolean))


def home(actor: Actor, own: OrganisationView, *, now: datetime) -> Home:
    """What waits for the people of an organisation. Requires "own.read"."""
    actor.require("own.read", own.organisation)
    today = own.today(now)
    standing = [one for one in disputes.disputes(actor, own.organisation) if one.withdrawn_at is None]
    return Home(
        months=tuple(own.months(now)),
        open_drafts=tuple(drafts.open_drafts(actor, own.organisation)),
        waiting=own.transfers(now, waiting=True),
        pending=transfers.pending(actor, own.organisation),
        disputed=tuple(standing),
        questions=tuple(views.own_cases(actor, own.organisation)),
        queries=tuple(queries.own_cases(actor, own.organisation)),
        applications=tuple(own_applications(actor, own.organisation)),
        quota=tuple(one for one in own.quota(today) if one.year == today.year),
        licences=tuple(one for one in own.licences(today) if one.state == "granted"),
    )
