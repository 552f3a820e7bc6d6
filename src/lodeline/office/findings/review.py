"""What happens to cases by itself: organisations are reminded, and what does not stand any more is open again.

Run as often as one likes: what has been said or written once is not said or written again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from lodeline.detection.finding import Finding
from lodeline.office.findings.cases import reopen_due
from lodeline.office.findings.matching import findings_of
from lodeline.office.findings.states import STANDING, parameters
from lodeline.office.findings.views import unheard
from lodeline.office.models import Case
from lodeline.office.notices.notices import notify
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.findings.finding import findings
from lodeline.store.published import JOB_WAITS_S, answered, newest_published
from lodeline.store.store import Store

#: The detectors look at the whole ledger: not more often than this, however fast it grows.
_BETWEEN_REVIEWS: Final = timedelta(hours=1)
#: URL of a store → what of it was last looked at (the entry that last moved the ledger, its root), and when.
_looked: dict[str, tuple[tuple[int, str], datetime]] = {}


def remind(today: date, now: datetime) -> int:
    """Tells organisations of answers that are due soon, and once more when the day has passed; returns how many."""
    soon = today + timedelta(days=int(parameters().on(today)["reminder_days"]))
    new = 0
    for case in Case.objects.filter(state__in=("asked", "answered"), until__lte=soon):
        assert case.until is not None, "a question has a day"
        kind = "question-overdue" if case.until < today else "question-due"
        facts = {"finding": case.finding, "until": case.until.isoformat()}
        for one in unheard(case):
            also = ":also" if one == case.also else ""
            new += notify(one, kind, facts, key=f"{kind}:{case.reference}:{case.until}{also}", now=now)
    return new


def review(store: Store, law: Jurisdiction, *, now: datetime) -> int:
    """Opens again what was decided and does not stand any more; returns how many cases that were."""
    today = law.day_of(now)
    standing = Case.objects.filter(state__in=STANDING)
    if not standing.exists():
        return 0
    reopened = _reopen(store, standing.filter(stands_until__lt=today), lambda: {}, today, now)
    at = store.last_goods_entry(store.head().size)
    last = _looked.get(store.database.url)
    if last is not None and (last[0] == at or now - last[1] < _BETWEEN_REVIEWS):
        return reopened

    def by_case() -> dict[int, Finding]:
        return findings_of(answered(findings, store, newest_published(store, waits_s=JOB_WAITS_S), law).raised)

    reopened += _reopen(store, Case.objects.filter(state__in=STANDING), by_case, today, now)
    _looked[store.database.url] = (at, now)
    return reopened


def _reopen(store: Store, cases: Any, found: Callable[[], Mapping[int, Finding]], today: date, now: datetime) -> int:
    chosen = list(cases.values_list("pk", flat=True))
    now_raised = found() if chosen else {}
    reopened = 0
    for number in chosen:
        with store.database.transaction():
            case = Case.objects.select_for_update().get(pk=number)
            reopened += reopen_due(store, case, now_raised.get(number), today=today, now=now) is not None
    return reopened
