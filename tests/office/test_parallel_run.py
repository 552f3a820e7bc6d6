"""In a parallel run nothing counts; after it everything does, and what counts goes on counting."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest
from tests.findings import finding_in
from tests.office.conftest import official

from lodeline.filing.check import check
from lodeline.filing.table import read_bytes
from lodeline.ledger.extension import both_passed
from lodeline.ledger.parallel_run import ParallelRun, in_parallel_run
from lodeline.office.access.actor import NotAllowedError
from lodeline.office.accounts.people import InputError
from lodeline.office.filing.duty import DemandError, demand
from lodeline.office.findings.cases import FindingAsSeen, ask
from lodeline.office.findings.states import CaseError
from lodeline.office.models import AuditRecord, Case
from lodeline.office.register.parallel_run import set_until
from lodeline.regulation.parameter import load
from lodeline.service.filing.posting import post
from lodeline.service.filing.status import filing_states
from lodeline.service.firm.organisation_view import OrganisationView
from lodeline.service.log.audit import verify
from lodeline.store.store import Store

LAW = load("cn")
NOW = datetime(2026, 1, 15, 2, 0, tzinfo=UTC)
UNTIL = date(2026, 3, 31)
MONTH = (
    "event,kind,on,site,lot,product,mass_kg,composition,origin_kind\n"
    "O1,origin,2026-01-05,MAG-1-A,L1,metal:Nd,10,Nd=99,imported\n"
)


def begin(store: Store, until: date = UNTIL, now: datetime = NOW) -> None:
    set_until(official("registrar"), store, until, reason="Order 12", law=LAW, now=now)


def states(store: Store) -> dict[str, str]:
    filed = pl.DataFrame(
        [("MAG-1", "2026-01", "2026-05-01T00:00:00Z")], schema=["organisation", "period", "filed_at"], orient="row"
    )
    found = filing_states(filed, store.newest_register(), LAW, as_of="2026-06-01T12:00:00Z")
    return dict(found.select("organisation", "state").iter_rows())


def flags(store: Store, filed_at: datetime) -> list[str]:
    read = check(
        read_bytes([("m.csv", MONTH.encode())]), organisation="MAG-1", period="2026-01",
        register=store.newest_register(),
    )  # fmt: skip
    outcome = post(store, read, filed_at=filed_at, law=LAW)
    assert outcome.entry is not None
    return [one.code for one in outcome.problems]


def test_nobody_is_late_and_nothing_is_missing(store: Store) -> None:
    assert states(store) == {"MAG-1": "late", "ALL-1": "missing"}
    goods = date(2026, 1, 30), "ALL-1", "MAG-1"
    after = datetime(2026, 7, 1, tzinfo=UTC)
    assert both_passed(after, LAW, store.newest_register())(*goods)
    begin(store)
    assert states(store) == {"MAG-1": "filed"}
    assert not both_passed(after, LAW, store.newest_register())(*goods)
    # A month after it counts.
    assert both_passed(after, LAW, store.newest_register())(date(2026, 4, 1), "ALL-1", "MAG-1")
    assert not verify(store).faults


def test_flags_are_marked_and_lateness_is_none(store: Store) -> None:
    begin(store)
    found = flags(store, datetime(2026, 5, 1, tzinfo=UTC))
    assert "period.late" not in found
    assert found[-1] == "period.parallel-run" and len(found) > 1


def test_without_one_a_late_month_is_late(store: Store) -> None:
    found = flags(store, datetime(2026, 5, 1, tzinfo=UTC))
    assert "period.late" in found and "period.parallel-run" not in found


def test_a_firm_is_asked_while_a_month_can_be_filed_and_not_afterwards(store: Store) -> None:
    flags(store, NOW)
    begin(store)

    def months(now: datetime) -> dict[str, str]:
        return {one.period: one.state for one in OrganisationView(store, LAW, "ALL-1").months(now)}

    assert months(datetime(2026, 2, 5, tzinfo=UTC)) == {"2026-01": "due", "2026-02": "running"}
    assert months(datetime(2026, 5, 20, tzinfo=UTC)) == {"2026-04": "missing", "2026-05": "running"}


def finding(last: str) -> FindingAsSeen:
    row = {
        "id": "f1", "detector": "unexplained-loss", "subject": {"organisation": "MAG-1", "site": "MAG-1-A"},
        "period": {"from": "2026-01", "to": last}, "score": None, "mass_kg": "1", "elements": ["Nd"],
    }  # fmt: skip
    return FindingAsSeen(finding=finding_in(row), stamp={"entry": 1, "root": ""}, today=date(2026, 5, 1), steps=0)


def test_no_case_and_no_order(store: Store) -> None:
    begin(store)
    until = date(2026, 6, 30)
    with pytest.raises(CaseError, match="parallel run"):
        ask(official("analyst"), store, finding("2026-03"), text="Why?", until=until, now=NOW)
    assert not Case.objects.exists()
    ask(official("analyst"), store, finding("2026-04"), text="Why?", until=until, now=NOW)
    assert Case.objects.count() == 1
    with pytest.raises(DemandError, match="parallel run"):
        demand(official("analyst"), ["MAG-1"], period="2026-02", kind="ordered-to-file", now=NOW, until=until)
    assert demand(official("analyst"), ["MAG-1"], period="2026-04", kind="ordered-to-file", now=NOW, until=until) == 1


def test_what_counts_goes_on_counting(store: Store) -> None:
    for wrong in (None, date(2026, 1, 14), date(2036, 1, 1)):
        with pytest.raises(InputError):
            set_until(official("registrar"), store, wrong, reason="Order 12", law=LAW, now=NOW)
    with pytest.raises(InputError, match="Say why"):
        set_until(official("registrar"), store, UNTIL, reason=" ", law=LAW, now=NOW)
    with pytest.raises(NotAllowedError):
        set_until(official("analyst"), store, UNTIL, reason="Order 12", law=LAW, now=NOW)
    begin(store)
    with pytest.raises(InputError, match="ended on 2026-03-31"):
        begin(store, date(2026, 9, 30), datetime(2026, 4, 2, tzinfo=UTC))
    assert AuditRecord.objects.filter(what="register.parallel-run").count() == 1


@pytest.mark.parametrize(("until", "last"), [(date(2026, 3, 31), "2026-03"), (date(2026, 3, 30), "2026-02")])
def test_a_month_is_of_it_that_ends_by_its_day(store: Store, until: date, last: str) -> None:
    assert ParallelRun(until=until, reason="").last_month == last
    begin(store, until)
    register = store.newest_register()
    assert [in_parallel_run(one, register) for one in ("2026-02", "2026-03", "2026-04")] == [
        True, last == "2026-03", False,
    ]  # fmt: skip
