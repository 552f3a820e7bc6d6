"""The reports that are published of every entry: what pages of the nation show before a reader narrows them.

Each is a question as a page asks it. What a reader narrows it to by arguments is computed when it is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from lodeline.service.balance.book import balances, shared_errors
from lodeline.service.filing.status import filing_status
from lodeline.service.filing.transfers import questionable_transfers, standing_transfers, unclosed, weighings
from lodeline.service.findings.finding import findings
from lodeline.service.inspections.choosing import visitable
from lodeline.service.licences.quotas import grants, quota
from lodeline.service.lots.lots import catalogue
from lodeline.service.matching import exceptions
from lodeline.service.overview import overview
from lodeline.service.trade.where import goods_sent
from lodeline.store.publications import Question
from lodeline.store.published import asked_by_name
from lodeline.store.queries.log import entries
from lodeline.web.pages.balance.part import judged_balances
from lodeline.web.pages.common.law_days import today
from lodeline.web.reading import Reading

#: Functions, and what of a reading they are asked about ("" is the reading itself). What others rest on comes first.
REPORTS: Final[tuple[tuple[Callable[..., Any], tuple[str, ...]], ...]] = (
    (entries, ("store",)), (overview.months, ("store", "snapshot", "law")), (overview.elements, ("snapshot",)),
    (balances, ("store", "snapshot", "law")), (shared_errors, ("store", "snapshot", "law")),
    (overview.chain, ("snapshot", "law")),
    (overview.crossings, ("snapshot", "law")), (goods_sent, ("snapshot", "law")), (overview.home, ("snapshot",)),
    (filing_status, ("store", "snapshot", "law")), (standing_transfers, ("snapshot", "law")),
    (unclosed, ("snapshot", "law")), (questionable_transfers, ("snapshot", "law")), (weighings, ("snapshot", "law")),
    (exceptions.every, ("store", "snapshot", "law")), (findings, ("store", "snapshot", "law")),
    (judged_balances, ("",)), (visitable, ("snapshot",)), (catalogue, ("snapshot",)),
)  # fmt: skip
#: Those that are asked as of the day.
OF_THE_DAY: Final = (quota, grants)


def reports_of(reading: Reading) -> list[Question]:
    """The reports, as they are asked of a reading."""
    day = {"day": today(reading.law)}
    found = [asked_by_name(one, subjects, {}) for one, subjects in REPORTS]
    found += [asked_by_name(one, ("store", "snapshot"), day) for one in OF_THE_DAY]
    assert None not in found, "a report is a function of the program"
    return [one for one in found if one is not None]
