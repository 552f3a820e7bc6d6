"""What is said to firms about a month reaches them once, and stands in the audit records."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from tests.office.conftest import NOW, of_firm, official

from lodeline.office.access.actor import NotAllowedError
from lodeline.office.filing.duty import DemandError, demand, demands
from lodeline.office.models import AuditRecord, Notice
from lodeline.office.notices.notices import notices_of
from lodeline.store.store import Store


def test_reminder_is_said_once_a_day(store: Store) -> None:
    analyst = official("analyst")
    assert demand(analyst, ["MAG-1", "ALL-1"], period="2026-01", kind="reminded", now=NOW) == 2
    assert demand(analyst, ["MAG-1"], period="2026-01", kind="reminded", now=NOW) == 0
    assert Notice.objects.count() == 2
    assert AuditRecord.objects.filter(what="duty.reminded").count() == 2


def test_order_names_its_day_and_what_is_to_be_corrected(store: Store) -> None:
    analyst = official("analyst")
    until = date(2026, 2, 20)
    said = demand(analyst, ["MAG-1"], period="2025-12", kind="ordered-to-correct", now=NOW, until=until, why="lot B-7")
    assert said == 1
    (kind, when, facts) = demands("2025-12")["MAG-1"][0]
    assert (kind, when, facts["until"], facts["why"]) == ("ordered-to-correct", NOW, "2026-02-20", "lot B-7")
    with pytest.raises(DemandError, match="still to come"):
        demand(analyst, ["MAG-1"], period="2025-12", kind="ordered-to-file", now=NOW, until=date(2026, 2, 5))
    with pytest.raises(DemandError, match="what is to be corrected"):
        demand(analyst, ["MAG-1"], period="2025-12", kind="ordered-to-correct", now=NOW, until=until, why=" ")


def test_what_is_demanded_is_told_like_any_other_notice(store: Store) -> None:
    demand(official("analyst"), ["MAG-1"], period="2025-12", kind="ordered-to-file", now=NOW, until=date(2026, 2, 20))
    (notice,) = notices_of(of_firm("MAG-1", "filer"), "MAG-1", str)
    assert (notice.kind, notice.page, notice.read) == ("ordered-to-file", "firm-file", False)
    assert notice.text["en"] == "The authority orders you to file December 2025 by 20 February 2026."


def test_a_day_begins_at_midnight_where_the_authority_is(store: Store) -> None:
    late, soon = datetime(2026, 2, 5, 15, 0, tzinfo=UTC), datetime(2026, 2, 5, 17, 0, tzinfo=UTC)
    analyst, until = official("analyst"), date(2026, 2, 6)
    assert demand(analyst, ["MAG-1"], period="2025-12", kind="reminded", now=late) == 1
    assert demand(analyst, ["MAG-1"], period="2025-12", kind="reminded", now=soon) == 1, "the sixth has begun"
    assert demand(analyst, ["MAG-1"], period="2025-12", kind="ordered-to-file", now=late, until=until) == 1
    with pytest.raises(DemandError, match="still to come"):
        demand(analyst, ["ALL-1"], period="2025-12", kind="ordered-to-file", now=soon, until=until)


@pytest.mark.parametrize("actor", [of_firm("MAG-1", "filer"), official("auditor"), official("customs-officer")])
def test_who_may_not_chase_says_nothing(store: Store, actor: object) -> None:
    with pytest.raises(NotAllowedError):
        demand(actor, ["MAG-1"], period="2026-01", kind="reminded", now=NOW)  # type: ignore[arg-type]
    assert not Notice.objects.exists()
