"""A deadline that is extended is later wherever anybody asks, and the log says who moved it and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import polars as pl
import pytest
from tests.office.conftest import of_firm, official

from lodeline.ledger.extension import both_passed, due, extension_of
from lodeline.office.access.actor import Actor, NotAllowedError, RoleGrant
from lodeline.office.accounts.people import InputError
from lodeline.office.filing.extensions import ExtensionError, Wanted, end, grant, granted
from lodeline.office.models import AuditRecord
from lodeline.regulation.parameter import load
from lodeline.service.entries.records import put_records
from lodeline.service.filing.status import filing_states
from lodeline.service.firm.organisation_view import OrganisationView
from lodeline.service.log.audit import verify
from lodeline.store.store import Store

LAW = load("cn")
#: January 2026 was in time until the end of 9 February; the portal was down on that day.
NOW = datetime(2026, 2, 10, 6, 0, tzinfo=UTC)
OUTAGE = Wanted(period="2026-01", until=date(2026, 2, 13), reason="The portal was down on 9 February.")


def states(store: Store, *filed: tuple[str, str]) -> dict[str, str]:
    """Organisation → state of January at the end of 12 February, from (organisation, when it filed)."""
    rows = [(organisation, "2026-01", at) for organisation, at in filed]
    frame = pl.DataFrame(rows, schema=["organisation", "period", "filed_at"], orient="row")
    found = filing_states(frame, store.register(store.head()), LAW, as_of="2026-02-12T12:00:00Z")
    return dict(found.select("organisation", "state").iter_rows())


def regional(*firms: str) -> Actor:
    standing = RoleGrant(organisation="", role="registrar", region="CN-ZJ", firms=frozenset(firms))
    return Actor(user=0, name="Regional", pseudonym="regional", standings=(standing,))


@pytest.fixture
def placed(store: Store) -> Store:
    """The same register with the site of MAG-1 in a region."""
    sites = store.register(store.head()).tables["sites"]
    here = sites.filter(pl.col("organisation") == "MAG-1").with_columns(region=pl.lit("CN-ZJ"))
    put_records(store, {"sites": here}, filed_at=NOW)
    return store


def test_what_was_late_or_missing_is_so_no_more(store: Store) -> None:
    filed = ("MAG-1", "2026-02-11T02:00:00Z")
    assert states(store, filed) == {"MAG-1": "late", "ALL-1": "missing"}
    grant(official("registrar"), store, OUTAGE, law=LAW, now=NOW)
    assert states(store, filed) == {"MAG-1": "filed"}
    months = OrganisationView(store, LAW, "MAG-1").register
    assert due("MAG-1", "2026-01", LAW, months) == datetime(2026, 2, 13, 16, 0, tzinfo=UTC)


def test_it_is_for_a_region_or_for_those_named_alone(placed: Store) -> None:
    grant(official("registrar"), placed, replace(OUTAGE, region="CN-ZJ"), law=LAW, now=NOW)
    assert states(placed, ("MAG-1", "2026-02-11T02:00:00Z"))["MAG-1"] == "filed"
    assert states(placed, ("ALL-1", "2026-02-11T02:00:00Z"))["ALL-1"] == "late"
    grant(official("registrar"), placed, replace(OUTAGE, organisations=["ALL-1"]), law=LAW, now=NOW)
    assert states(placed, ("ALL-1", "2026-02-11T02:00:00Z"))["ALL-1"] == "filed"


def test_transfers_wait_for_whoever_has_longer(store: Store) -> None:
    day, after = date(2025, 12, 30), datetime(2026, 2, 12, tzinfo=UTC)
    assert both_passed(after, LAW, store.register(store.head()))(day, "ALL-1", "MAG-1")
    grant(official("registrar"), store, replace(OUTAGE, organisations=["MAG-1"]), law=LAW, now=NOW)
    passed = both_passed(after, LAW, store.register(store.head()))
    assert not passed(day, "ALL-1", "MAG-1")
    assert passed(day, "ALL-1", None)


def test_it_stands_in_the_log_with_who_granted_it(store: Store) -> None:
    entry = grant(official("registrar"), store, OUTAGE, law=LAW, now=NOW)
    assert entry.kind == "register"
    assert '"by":"official"' in entry.envelope
    (record,) = AuditRecord.objects.filter(what="deadline.extend")
    assert record.who == "official"
    assert not verify(store).faults


def test_ending_it_holds_forward_only(store: Store) -> None:
    registrar = official("registrar")
    grant(registrar, store, OUTAGE, law=LAW, now=NOW)
    ((one,),) = store.register(store.head()).extensions.values()
    end(registrar, store, one.id, law=LAW, now=datetime(2026, 2, 11, 6, 0, tzinfo=UTC))
    # Who filed while it stood was in time; who files afterwards is not.
    assert states(store, ("MAG-1", "2026-02-11T15:00:00Z"))["MAG-1"] == "filed"
    assert states(store, ("MAG-1", "2026-02-11T17:00:00Z"))["MAG-1"] == "late"
    with pytest.raises(ExtensionError, match="has ended"):
        end(registrar, store, one.id, law=LAW, now=datetime(2026, 2, 12, 6, 0, tzinfo=UTC))
    assert AuditRecord.objects.filter(what="deadline.extension-end").count() == 1


def test_of_several_the_longest_counts_and_none_shortens(store: Store) -> None:
    for until in (date(2026, 2, 11), date(2026, 2, 13), date(2026, 2, 12)):
        grant(official("registrar"), store, replace(OUTAGE, until=until), law=LAW, now=NOW)
    found = extension_of("MAG-1", "2026-01", LAW, store.register(store.head()))
    assert found is not None and found.until == date(2026, 2, 13)
    assert extension_of("MAG-1", "2025-12", LAW, store.register(store.head())) is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"period": "January"}, "period"),
        ({"until": None}, "until"),
        ({"until": date(2026, 2, 9)}, "until"),
        ({"until": date(2062, 2, 13)}, "until"),
        ({"reason": " "}, "reason"),
        ({"organisations": ["NOBODY"]}, "organisations"),
        ({"region": "CN-XX"}, "region"),
        ({"region": "CN-ZJ", "organisations": ["MAG-1"]}, "region"),
    ],
)
def test_what_cannot_be_meant_is_said_at_its_field(placed: Store, changes: dict[str, object], field: str) -> None:
    with pytest.raises(InputError) as wrong:
        grant(official("registrar"), placed, replace(OUTAGE, **changes), law=LAW, now=NOW)  # type: ignore[arg-type]
    assert [one.field for one in wrong.value.problems] == [field]


def test_who_may(placed: Store) -> None:
    for actor in (official("analyst"), official("auditor"), of_firm("MAG-1", "organisation-admin")):
        with pytest.raises(NotAllowedError):
            grant(actor, placed, OUTAGE, law=LAW, now=NOW)
    here = regional("MAG-1")
    for named in ([], ["ALL-1"], ["MAG-1", "ALL-1"]):
        with pytest.raises(NotAllowedError):
            grant(here, placed, replace(OUTAGE, organisations=named), law=LAW, now=NOW)
    grant(here, placed, replace(OUTAGE, region="CN-ZJ"), law=LAW, now=NOW)
    grant(here, placed, replace(OUTAGE, organisations=["MAG-1"]), law=LAW, now=NOW)
    grant(official("registrar"), placed, replace(OUTAGE, organisations=["ALL-1"]), law=LAW, now=NOW)
    register = placed.register(placed.head())
    assert {one.organisations for one in granted(here, register)} == {(), ("MAG-1",)}
    (other,) = [one for one in register.extensions["2026-01"] if one.organisations == ("ALL-1",)]
    with pytest.raises(ExtensionError, match="no such"):
        end(here, placed, other.id, law=LAW, now=NOW)
