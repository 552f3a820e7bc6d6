"""What an inspector found stands in the log beside the firm's book, and moves none of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from django.test import override_settings
from tests.desk import Desk, organisation, site
from tests.office.conftest import official
from tests.stores import copied

from lodeline.filing.table import Table, read_bytes
from lodeline.journal.verify import verify_receipt
from lodeline.office.access.actor import AUTHORITY_ROLES, Actor, NotAllowedError, RoleGrant
from lodeline.office.inspections.visits import enter
from lodeline.office.models import AuditRecord
from lodeline.service.entries.receipts import receipt
from lodeline.service.inspections.visits import (
    Entered,
    InspectionError,
    Seal,
    Visited,
    compared,
    inspections,
    seized_mg,
    standing_seals,
)
from lodeline.service.log.audit import verify
from lodeline.store.opening import open_store
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store

pytestmark = pytest.mark.medium

NOW, TODAY = datetime(2025, 2, 20, 2, 0, tzinfo=UTC), date(2025, 2, 20)


def make(url: str) -> None:
    """MINE has 1000 kg of ORE in book and counted 990; of OLD it has 50 kg."""
    desk = Desk(url)
    desk.register(
        organisations=[organisation("MINE", roles="miner"), organisation("SEP", roles="separator")],
        sites=[site("mine", "MINE", "mine"), site("sep", "SEP", "separation")],
        methods=[{"id": "scale", "quantity": "mass", "element": None, "random_pct": "0.1", "systematic_pct": "0.1",
                  "calibration": None}],
    )  # fmt: skip
    made = "product=concentrate origin_kind=mined origin_place=CN-PIT composition=Nd=20;Pr=5"
    desk.rows(
        "MINE", "2025-01", f"O1 origin 2 mine ORE 1000 {made}", f"O2 origin 2 mine OLD 50 {made}",
        "C1 stock 31 mine ORE 990", "C1 stock 31 mine OLD 50",
    )  # fmt: skip
    desk.put_away()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """What `make` makes, on each database in turn."""
    with override_settings(LODELINE_DATABASE=copied(make, url)):
        yield open_store(url)


def table(text: str) -> Table:
    return read_bytes([("found.csv", text.encode())])


FOUND = Visited(
    act="count", site="mine", on=date(2025, 2, 10), whole=True,
    table=table("lot,product,mass_kg,moisture_pct,method,location,seal\nORE,concentrate,1000,6,scale,Hall 2,A-17\n"),
)  # fmt: skip


def entered(store: Store, visited: Visited, who: Actor | None = None) -> Entered:
    return enter(who or official("inspector"), store, visited, organisation="MINE", now=NOW, today=TODAY)


def test_count_stands_beside_the_book_and_moves_nothing(store: Store) -> None:
    before = open_snapshot(store)
    done = entered(store, FOUND)
    assert done.entry is not None and done.entry.kind == "inspection"
    after = open_snapshot(store, before)
    assert after.lines.equals(before.lines) and after.transfers.equals(before.transfers)
    (one,) = inspections(store, ["MINE"], site="mine")
    rows = {row["lot"]: row for row in compared(after, one)}
    ore, old = rows["MINE/ORE"], rows["MINE/OLD"]
    assert (ore["found_mg"], ore["book_mg"], ore["counted_mg"]) == (940_000_000, 1_000_000_000, 990_000_000)
    assert (ore["difference_mg"], ore["counted_on"], ore["seal"]) == (-60_000_000, date(2025, 1, 31), "A-17")
    # The count was of the whole site, and did not find it.
    assert (old["found_mg"], old["difference_mg"]) == (None, -50_000_000)
    assert not verify(store).faults
    (record,) = AuditRecord.objects.filter(what="inspection.count")
    assert (record.organisation, record.subject) == ("MINE", "mine")


def test_entry_names_the_firm_and_proves_the_paper(store: Store) -> None:
    done = entered(store, FOUND)
    assert done.entry is not None
    assert "ORE" not in done.entry.envelope and "Hall 2" not in done.entry.envelope
    (one,) = inspections(store)
    document = receipt(store, done.entry.index)
    assert document is not None
    assert verify_receipt(document, store.signer.verifier.vkey, upload=one.content) == []


def test_rows_are_judged_like_those_of_a_filing(store: Store) -> None:
    refused = entered(store, replace(FOUND, table=table("lot,product,mass_kg\nORE,concentrate,many\n")))
    assert refused.entry is None
    assert [(one.where.row, one.where.column) for one in refused.problems] == [(2, "mass_kg")]
    with pytest.raises(InspectionError, match="kind stock"):
        entered(store, replace(FOUND, table=table("kind,lot,product,mass_kg,reason\nloss,ORE,concentrate,5,burnt\n")))
    with pytest.raises(InspectionError, match="at least one lot"):
        entered(store, replace(FOUND, table=None))
    assert inspections(store) == []


def test_seals_stand_until_they_are_taken_off(store: Store) -> None:
    seal = Visited(act="seal", site="mine", on=date(2025, 2, 10), seals=[Seal(number="B-1", on="Gate 3")])
    entered(store, FOUND)
    entered(store, seal)
    assert standing_seals(inspections(store)) == {
        "A-17": ("MINE/ORE", "2025-02-10"), "B-1": ("Gate 3", "2025-02-10"),
    }  # fmt: skip
    with pytest.raises(InspectionError, match="stands at this site already"):
        entered(store, seal)
    with pytest.raises(InspectionError, match="those that do are A-17, B-1"):
        entered(store, replace(seal, act="unseal", seals=[Seal(number="B-2")]))
    entered(store, replace(seal, act="unseal", seals=[Seal(number="B-1")]))
    assert list(standing_seals(inspections(store))) == ["A-17"]


def test_no_more_is_released_than_was_seized(store: Store) -> None:
    goods = table("lot,product,mass_kg\nORE,concentrate,40\n")
    seizure = Visited(act="seizure", site="mine", on=date(2025, 2, 10), table=goods, note="Order 7 of 2025")
    with pytest.raises(InspectionError, match="on what ground"):
        entered(store, replace(seizure, note=""))
    entered(store, seizure)
    assert seized_mg(inspections(store)) == {"MINE/ORE": 40_000_000}
    release = replace(seizure, act="release", table=table("lot,product,mass_kg\nORE,concentrate,30\n"))
    entered(store, release)
    with pytest.raises(InspectionError, match="than was seized"):
        entered(store, release)
    assert seized_mg(inspections(store)) == {"MINE/ORE": 10_000_000}


def test_who_may(store: Store) -> None:
    for role in AUTHORITY_ROLES.keys() - {"inspector"}:
        with pytest.raises(NotAllowedError):
            entered(store, FOUND, official(role))
    elsewhere = RoleGrant(organisation="", role="inspector", region="CN-JX", firms=frozenset({"SEP"}))
    with pytest.raises(NotAllowedError):
        entered(store, FOUND, Actor(user=0, name="P", pseudonym="p", standings=(elsewhere,)))
    with pytest.raises(InspectionError, match="has not come"):
        entered(store, replace(FOUND, on=date(2025, 2, 21)))
