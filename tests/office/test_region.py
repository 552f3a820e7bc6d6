"""What an official of a region may do, verb by verb: about the firms that have a site there, and about no others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import pytest
from tests.findings import finding_in
from tests.office.conftest import NOW, official
from tests.office.register import REGISTER

from lodeline.filing.dossier import filed_name
from lodeline.ledger.register import TABLES
from lodeline.office.access.actor import AUTHORITY, AUTHORITY_ROLES, Actor, NotAllowedError, actor_of
from lodeline.office.accounts import people
from lodeline.office.accounts.invitations import invite
from lodeline.office.accounts.tokens import grantable
from lodeline.office.filing.duty import demand
from lodeline.office.findings import cases
from lodeline.office.findings.cases import FindingAsSeen
from lodeline.office.findings.views import case_at, deciders, standings
from lodeline.office.models import AuditRecord, Case, Membership, Notice, User
from lodeline.office.register.registry import RegisterTable, enter
from lodeline.service.entries.records import put_records
from lodeline.store.store import Store

TODAY = date(2026, 2, 5)


@pytest.fixture
def here(store: Store) -> Actor:
    """An official of every role for the region of MAG-1's site; ALL-1 is elsewhere."""
    regions = pl.col("organisation").replace_strict({"MAG-1": "CN-ZJ", "ALL-1": "CN-AH"}, return_dtype=pl.String)
    put_records(store, {"sites": REGISTER["sites"].with_columns(region=regions)}, filed_at=NOW)
    user = User.objects.create_user("regional@authority.example", name="Regional", joined_at=NOW)
    for role in AUTHORITY_ROLES:
        Membership.objects.create(user=user, role=role, region="CN-ZJ", valid_from=TODAY, granted_at=NOW)
    return actor_of(user, on=TODAY)


def sight(firm: str, steps: int = 0) -> FindingAsSeen:
    row: dict[str, Any] = {
        "id": f"finding about {firm}", "detector": "unexplained-gain", "subject": {"organisation": firm}, "score": None,
        "mass_kg": "1", "elements": [], "state": "open",
    }  # fmt: skip
    return FindingAsSeen(finding=finding_in(row), stamp={"entry": 0, "root": "00" * 32}, today=TODAY, steps=steps)


def record(store: Store, table: RegisterTable, key: str, **changes: str) -> dict[str, str]:
    """A record of the register as its form sends it, with some cells changed."""
    (row,) = store.register(store.head()).tables[table].filter(pl.col("id") == key).to_dicts()
    text = {
        filed_name(name): "|".join(value) if isinstance(value, list) else "" if value is None else str(value)
        for name, value in row.items()
    }
    return {**text, **changes}


def test_the_register_says_whose_firms_they_are(here: Actor) -> None:
    assert set(here.firms("nation.read") or ()) == {"MAG-1"}
    assert here.may("finding.decide", "MAG-1") and not here.may("finding.decide", "ALL-1")
    assert here.may("nation.read") and not here.may("nation.read", AUTHORITY)
    assert here.may("desk.use", "ALL-1"), "a consignment is judged where it leaves"
    assert official("analyst").firms("nation.read") is None
    assert official("customs-officer").firms("nation.read") == frozenset()


ACTS: dict[str, Callable[[Actor, Store, str], object]] = {
    "remind": lambda who, store, firm: demand(who, [firm], period="2026-01", kind="reminded", now=NOW),
    "ask": lambda who, store, firm: cases.ask(who, store, sight(firm), text="Why?", until=date(2026, 3, 5), now=NOW),
    "watch": lambda who, store, firm: cases.watch(who, sight(firm), on=True, now=NOW),
    "change the firm": lambda who, store, firm: enter(
        who, store, "organisations", [record(store, "organisations", firm, name_en="Another")], now=NOW
    ),
    "change a site": lambda who, store, firm: enter(
        who, store, "sites", [record(store, "sites", f"{firm}-A", name="Another")], now=NOW
    ),
    "see its people": lambda who, store, firm: people.members(who, firm, on=TODAY),
    "invite": lambda who, store, firm: invite(
        who, email="new@firm.example", name="New", organisation=firm, role="filer", today=TODAY, now=NOW
    ),
}


@pytest.mark.parametrize("act", ACTS)
def test_acts_are_open_about_a_firm_here_and_closed_about_one_elsewhere(here: Actor, store: Store, act: str) -> None:
    before = (store.head().size, Notice.objects.count(), AuditRecord.objects.count(), Case.objects.count())
    with pytest.raises(NotAllowedError, match="for a region"):
        ACTS[act](here, store, "ALL-1")
    after = (store.head().size, Notice.objects.count(), AuditRecord.objects.count(), Case.objects.count())
    assert after == before
    ACTS[act](here, store, "MAG-1")


def test_in_bulk_nothing_is_said_if_one_is_elsewhere(here: Actor) -> None:
    with pytest.raises(NotAllowedError):
        demand(here, ["MAG-1", "ALL-1"], period="2026-01", kind="reminded", now=NOW)
    assert not Notice.objects.exists()


@pytest.mark.parametrize(
    ("table", "key", "changes"),
    [
        ("sites", "MAG-1-A", {"region": "CN-AH"}),  # out of the region
        ("sites", "ALL-1-A", {"organisation": "MAG-1", "region": "CN-ZJ"}),  # into it
        ("sites", "MAG-1-A", {"organisation": "ALL-1"}),
        ("organisations", "MAG-1", {"id": "NEW-1"}),
    ],
)
def test_a_registrar_moves_nothing_over_the_border(
    here: Actor, store: Store, table: RegisterTable, key: str, changes: dict[str, str]
) -> None:
    size = store.head().size
    with pytest.raises(NotAllowedError):
        enter(here, store, table, [record(store, table, key, **changes)], now=NOW)
    assert store.head().size == size
    assert set(TABLES) >= {table}


def test_cases_elsewhere_are_not_there(here: Actor, store: Store) -> None:
    whole: Any = official("inspector")
    for firm in ("MAG-1", "ALL-1"):
        cases.ask(whole, store, sight(firm), text="Why?", until=date(2026, 3, 5), now=NOW)
    assert case_at(here, [], "finding about MAG-1").case is not None
    assert case_at(here, [], "finding about ALL-1").case is None
    seen = case_at(here, [sight("ALL-1").finding], "finding about ALL-1")
    assert (seen.finding, seen.case) == (None, None)
    both = [sight(firm).finding for firm in ("MAG-1", "ALL-1")]
    assert list(standings(here, both, today=TODAY)) == ["finding about MAG-1"]
    assert deciders(whole, NOW, about="ALL-1") == []
    assert [name for _, name in deciders(whole, NOW, about="MAG-1")] == ["Regional"]


def test_the_authority_itself_is_of_the_whole_country(here: Actor, store: Store) -> None:
    for forbidden in (
        lambda: people.members(here, AUTHORITY, on=TODAY),
        lambda: invite(here, email="x@a.example", name="X", organisation="", role="analyst", today=TODAY, now=NOW),
    ):
        with pytest.raises(NotAllowedError):
            forbidden()
    assert grantable(here, AUTHORITY) == ()
    # Who also has a role elsewhere cannot be let back in from here: that would hand over the account.
    both = User.objects.create_user("both@firm.example", name="Both", joined_at=NOW)
    for organisation in ("MAG-1", "ALL-1"):
        Membership.objects.create(user=both, organisation=organisation, role="filer", valid_from=TODAY, granted_at=NOW)
    assert not people.may_let_back_in(here, both)
    with pytest.raises(NotAllowedError):
        people.let_back_in(here, both)
    Membership.objects.filter(user=both, organisation="ALL-1").delete()
    assert people.may_let_back_in(here, both)
