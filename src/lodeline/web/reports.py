"""The reports of the nation that are published of every entry, with the frames that pages compute the rest from.

Each is a question as a page asks it. What a reader narrows by arguments is computed of these when it is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Final

from lodeline.service.balance.book import balances, book_frames, shared_errors
from lodeline.service.filing.status import computed_status
from lodeline.service.filing.transfers import (
    computed_transfers,
    questionable_transfers,
    standing_transfers,
    unclosed,
    weighings,
)
from lodeline.service.findings.finding import findings
from lodeline.service.inspections.choosing import visitable
from lodeline.service.licences.quotas import grants, quota
from lodeline.service.lots.lots import computed_catalogue
from lodeline.service.matching import exceptions
from lodeline.service.overview import overview
from lodeline.service.overview.flow_cube import computed_flows
from lodeline.service.trade.dealings import dealings
from lodeline.service.trade.where import goods_sent
from lodeline.store.publications import Question
from lodeline.store.published import FRAMES, asked_by_name, frame_of
from lodeline.store.queries.log import entries
from lodeline.web.pages.balance.network import reconciled_at_first
from lodeline.web.pages.balance.part import judged_balances

_ALL: Final = ("store", "snapshot", "law")
#: Functions, and what they are asked about. What others rest on comes first.
REPORTS: Final[tuple[tuple[Callable[..., Any], tuple[str, ...]], ...]] = (
    (entries, ("store",)), (computed_status, ("snapshot", "store", "law")), (computed_flows, ("snapshot",)),
    (computed_transfers, ("snapshot", "law")), (computed_catalogue, ("snapshot",)), (dealings, ("snapshot", "law")),
    (overview.months, _ALL), (overview.elements, ("snapshot",)),
    (book_frames, _ALL), (balances, _ALL), (shared_errors, _ALL), (overview.chain, ("snapshot", "law")),
    (overview.crossings, ("snapshot", "law")), (goods_sent, ("snapshot", "law")), (overview.home, ("snapshot",)),
    (standing_transfers, ("snapshot", "law")), (unclosed, ("snapshot", "law")),
    (questionable_transfers, ("snapshot", "law")), (weighings, ("snapshot", "law")),
    (exceptions.every, _ALL), (exceptions.behind, _ALL), (exceptions.goods_behind, _ALL), (findings, _ALL),
    (judged_balances, _ALL), (visitable, ("snapshot",)), (reconciled_at_first, _ALL),
)  # fmt: skip
#: Those that are asked as of the day.
OF_THE_DAY: Final = (quota, grants)


def reports_of(day: date) -> list[Question]:
    """The frames and the reports, as they are asked for on a day."""
    found = [asked_by_name(frame_of, ("snapshot",), {"name": name}) for name in FRAMES]
    found += [asked_by_name(one, subjects, {}) for one, subjects in REPORTS]
    found += [asked_by_name(one, ("store", "snapshot"), {"day": day}) for one in OF_THE_DAY]
    assert None not in found, "a report is a function of the program"
    return [one for one in found if one is not None]
