"""What people are reminded of without asking: looked for every few minutes, and told once however often it is found.

Only organisations that somebody can sign in for are looked at. Everything here follows from the ledger and the tables
of the office as of a moment, so a run that was missed is made up for by the next. What single entries of the log say
is told with it (`log_notices`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

import polars as pl
from django.conf import settings

from lodeline.office.access import clock
from lodeline.office.accounts.people import with_people
from lodeline.office.customs import queries as customs_cases
from lodeline.office.findings import review as case_review
from lodeline.office.licences import applications
from lodeline.office.models import Notice
from lodeline.office.notices import log_notices, mail
from lodeline.office.notices.notices import notify
from lodeline.service.firm.organisation_view import OrganisationView
from lodeline.service.matching import exceptions
from lodeline.store.law import law_before, law_now
from lodeline.store.opening import open_store
from lodeline.store.published import JOB_WAITS_S, answered, newest_published
from lodeline.store.store import FEED_KIND, Store

#: Days before the last day on which a month that nobody has filed is mentioned, and once more.
_EARLY_DAYS: Final = 5
_LAST_DAYS: Final = 1
#: A month that has been late for longer is on the home page and in the authority's list; it is no news.
_LATE_FOR: Final = timedelta(days=62)
#: Days for which records disagree before a firm is told: what is on its way has come by then.
_RECORDS_AGE_DAYS: Final = 15


def remind(now: datetime, store: Store | None = None) -> int:
    """Makes the notices that are due at `now`; returns how many are new. Run twice, the second time makes none."""
    store = store or open_store(settings.LODELINE_DATABASE)
    law = law_now(store)
    today = law.day_of(now)
    organisations = with_people(today)
    new = log_notices.read_on(store, organisations, now=now)
    new += sum(_about(OrganisationView(store, law, one), now, today) for one in sorted(organisations))
    new += case_review.remind(today, now) + customs_cases.remind(today, now) + applications.remind(today, now)
    return new + _records(store, organisations, now, today)


def remind_job(payload: Mapping[str, Any], progress: Callable[[float], None]) -> object:
    """The job `remind`: notices, then the mails that tell of them."""
    del payload, progress
    now = clock.now()
    store = open_store(settings.LODELINE_DATABASE)
    reopened = case_review.review(store, law_now(store), now=now)
    closed = customs_cases.close_overtaken(store, now=now)
    return {"notices": remind(now), "reopened": reopened, "closed": closed, "mails": mail.send(now)}


def _about(own: OrganisationView, now: datetime, today: date) -> int:
    waiting = own.transfers(now, waiting=True)
    return _months(own, now, today) + _deliveries(own, waiting, now, today) + _exceptions(own, waiting, now)


def _months(own: OrganisationView, now: datetime, today: date) -> int:
    new = 0
    for month in own.months(now):
        last_day = (month.due - timedelta(seconds=1)).date()
        days = (last_day - today).days
        facts = {"period": month.period, "last_day": last_day.isoformat(), "days": days}
        about = f"{own.organisation}:{month.period}"
        if month.extension is not None:
            # Another last day is news, and is reminded of anew.
            about += f":{last_day.isoformat()}"
            extended_facts = {**facts, "reason": month.extension.reason}
            if month.state in ("due", "running"):
                new += notify(own.organisation, "deadline-extended", extended_facts, key=f"extended:{about}", now=now)
        if month.state == "due" and days <= _LAST_DAYS:
            new += notify(own.organisation, "due-tomorrow", facts, key=f"due:{about}:1", now=now)
        elif month.state == "due" and days <= _EARLY_DAYS:
            new += notify(own.organisation, "due-soon", facts, key=f"due:{about}:{_EARLY_DAYS}", now=now)
        elif month.state == "missing" and now - month.due < _LATE_FOR:
            new += notify(own.organisation, "late", facts, key=f"late:{about}", now=now)
    return new


def _deliveries(own: OrganisationView, waiting: pl.DataFrame, now: datetime, today: date) -> int:
    """One notice a day at most, and only where a delivery has come since the one before."""
    lines = waiting.filter(pl.col("standing") == "to-accept")["shipment_line"].to_list()
    if not lines:
        return 0
    last = (
        Notice.objects.filter(organisation=own.organisation, kind="transfer-to-accept").order_by("-created_at").first()
    )
    if last is not None and own.today(last.created_at) == today:
        return 0
    # Numbers of lines only grow: the newest delivery that was told of says which are new.
    return notify(
        own.organisation, "transfer-to-accept", {"count": len(lines)},
        key=f"accept:{own.organisation}:{max(lines)}", now=now,
    )  # fmt: skip


def _exceptions(own: OrganisationView, waiting: pl.DataFrame, now: datetime) -> int:
    """Transfers whose both deadlines have passed, told once for the month in which the goods moved."""
    counts: dict[str, int] = {}
    for state, day in waiting.select("state", "day").iter_rows():
        if state == "exception" and now.date() - day < _LATE_FOR * 2:
            counts[f"{day:%Y-%m}"] = counts.get(f"{day:%Y-%m}", 0) + 1
    return sum(
        notify(
            own.organisation, "exception-ageing", {"period": period, "count": count},
            key=f"exception:{own.organisation}:{period}", now=now,
        )
        for period, count in counts.items()
    )  # fmt: skip


def _records(store: Store, organisations: frozenset[str], now: datetime, today: date) -> int:
    """Open exceptions between records, told once for the month of the papers, when the first has aged a little."""
    if not organisations or not store.entries_of(FEED_KIND):
        return 0
    snapshot = newest_published(store, waits_s=JOB_WAITS_S)
    rows = answered(exceptions.every, store, snapshot, law_before(store, snapshot.entry + 1))
    aged = rows.filter(
        (pl.col("state") == "open") & (pl.col("age_days") >= _RECORDS_AGE_DAYS)
        & pl.col("organisation").is_in(list(organisations)) & (pl.col("on") > today - _LATE_FOR * 4)
    )  # fmt: skip
    counts = (
        aged.group_by("organisation", period=pl.col("on").dt.strftime("%Y-%m")).len().sort("organisation", "period")
    )
    return sum(
        notify(one, "records-disagree", {"period": period, "count": count}, key=f"records:{one}:{period}", now=now)
        for one, period, count in counts.iter_rows()
    )
