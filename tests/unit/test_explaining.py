"""Each planted mistake is named first among what would explain the difference that it makes, and by nothing canned."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from tests.desk import Desk, organisation, site

from lodeline.regulation.parameter import load
from lodeline.service.balance import sites
from lodeline.service.balance.book import balances, book
from lodeline.service.balance.explaining import Explanation, explanations
from lodeline.service.filing import transfers
from lodeline.store.snapshot import Snapshot
from lodeline.store.snapshot_opening import open_snapshot

pytestmark = pytest.mark.medium

LAW = load("cn")
OXIDE = "product=oxide:Nd composition=Nd=80"
#: What `mag` files where nothing is wrong: 1000 kg lie there, twenty lots of 50 kg; ten come in, ten leave.
LOTS = range(1, 11)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(str(tmp_path / "store.sqlite3"))
    made.register(
        organisations=[organisation(name) for name in ("SEP", "MAG", "BUY")],
        sites=[site("sep", "SEP", "separation"), site("mag", "MAG", "magnet"), site("buy", "BUY", "use")],
    )
    made.rows(
        "SEP", "2025-01",
        *(f"O{n} origin 2 sep {n} {50 + n} {OXIDE} origin_kind=imported origin_place=CN" for n in LOTS),
        *(f"S{n} shipment 3 sep {n} {50 + n} counterparty=MAG" for n in LOTS),
    )  # fmt: skip
    made.rows(
        "MAG", "2025-01",
        f"A origin 2 mag OLD 600 {OXIDE} origin_kind=opening", "C stock 31 mag OLD 600",
    )  # fmt: skip
    return made


def february(desk: Desk, *rows: str, count: tuple[str, ...]) -> None:
    """The month of `mag`: the usual receipts but those named `-n`, the rows given, and the closing count."""
    left_out = {row for row in rows if row.startswith("-")}
    usual = [
        f"R{n} receipt 5 mag SEP/{n} {50 + n} counterparty=SEP reference=S{n}" for n in LOTS if f"-{n}" not in left_out
    ]
    own = [row for row in rows if row not in left_out]
    desk.rows("MAG", "2025-02", *usual, *own, *(f"C2 stock 28 mag {row}" for row in count))


def full(*, but: str = "", old: float = 600) -> tuple[str, ...]:
    """What lies there at the end of February, without one lot."""
    return tuple(row for row in (f"OLD {old}", *(f"SEP/{n} {50 + n}" for n in LOTS)) if row.split()[0] != but)


def found(desk: Desk) -> tuple[Explanation, ...]:
    snapshot = open_snapshot(desk.store)
    rows = sites.judged(balances(desk.store, snapshot, LAW), [])
    own = rows.filter((pl.col("site") == "mag") & (pl.col("element") == "Nd")).sort("until")
    statement = sites.statement(own, until=date(2025, 2, 28))
    assert statement is not None
    return explanations(
        book(desk.store, snapshot, LAW), snapshot, transfers.judged_transfers(snapshot, LAW), site="mag",
        organisation="MAG", element="Nd",
        statement=statement,
    )  # fmt: skip


def lot_of(snapshot: Snapshot, one: Explanation) -> str:
    assert one.row is not None
    names = dict(snapshot.lots.select("lot", "name").iter_rows())
    return str(names[one.row["lot"]])


def test_books_that_close_need_no_explanation(desk: Desk) -> None:
    february(desk, count=full())
    assert found(desk) == ()


def test_a_delivery_that_is_there_without_its_receipt_counts_as_received(desk: Desk) -> None:
    february(desk, "-7", count=full())
    assert found(desk) == ()
    snapshot = open_snapshot(desk.store)
    implied_mg = sites.implied_mg(
        book(desk.store, snapshot, LAW), site="mag", element="Nd", since=date(2025, 1, 31), until=date(2025, 2, 28)
    )
    # 57 kg of oxide with 80 % of neodymium.
    assert implied_mg == 45_600_000


def test_a_delivery_that_was_only_confirmed_by_its_receiver(desk: Desk) -> None:
    february(desk, count=full(old=500))
    desk.rows("BUY", "2025-02", "R1 receipt 20 buy MAG/OLD 100 counterparty=MAG reference=S1")
    first = found(desk)[0]
    assert (first.kind, lot_of(open_snapshot(desk.store), first)) == ("unfiled-side", "MAG/OLD")
    assert first.left_mg == 0 and first.cost == 0.5


def test_goods_that_were_counted_and_booked_a_week_later(desk: Desk) -> None:
    february(desk, "-7", count=full())
    desk.rows("MAG", "2025-03", "R7 receipt 3 mag SEP/7 57 counterparty=SEP reference=S7")
    first = found(desk)[0]
    assert first.kind == "dated-beside" and first.row is not None
    assert (first.row["event"], first.row["on"], first.row["count_on"]) == ("R7", date(2025, 3, 3), date(2025, 2, 28))


def test_a_shipment_that_was_filed_twice(desk: Desk) -> None:
    ships = [f"S{n} shipment 20 mag OLD 100 counterparty=BUY" for n in (1, 2)]
    february(desk, *ships, count=full(old=500))
    first = found(desk)[0]
    assert (first.kind, first.left_mg) == ("filed-twice", 0)


def test_a_lot_that_was_left_out_of_the_count(desk: Desk) -> None:
    february(desk, count=full(but="SEP/4"))
    first = found(desk)[0]
    assert (first.kind, lot_of(open_snapshot(desk.store), first)) == ("not-counted", "SEP/4")


def test_a_lot_that_nothing_brought_in(desk: Desk) -> None:
    february(desk, count=(*full(), f"NEW 90 {OXIDE}"))
    first = found(desk)[0]
    assert (first.kind, lot_of(open_snapshot(desk.store), first)) == ("not-booked", "MAG/NEW")


def test_tonnes_that_were_typed_as_kilograms(desk: Desk) -> None:
    slip = "S1 shipment 20 mag OLD 0.2 counterparty=BUY"
    usual = [f"S{n} shipment 20 mag OLD {50 + n} counterparty=BUY" for n in (2, 3, 4)]
    february(desk, slip, *usual, count=full(old=600 - 159 - 200))
    named = {one.kind: one for one in found(desk)}
    assert named["unit-slip"].share == 1000 and named["unit-slip"].row is not None
    assert named["unit-slip"].row["event"] == "S1"


def test_a_composition_that_is_off_is_named_with_its_share(desk: Desk) -> None:
    # 51 kg of oxide hold 40.8 kg of neodymium; 150 kg of magnets with 30 % of it would hold 45.
    february(
        desk,
        "T1 transformation 8 mag SEP/1 51 role=in reason=blend",
        "T1 transformation 8 mag M 150 role=out product=magnet-ndfeb composition=Nd=30;Fe=69;B=1 reason=blend",
        count=(*full(but="SEP/1"), "M 150"),
    )
    lots = sorted(one.share or 0 for one in found(desk) if one.kind == "lot-share")
    laboratories = {one.laboratory: one.share for one in found(desk) if one.kind == "laboratory"}
    assert lots == [pytest.approx(40.8 / 45 - 1), pytest.approx(45 / 40.8 - 1)]
    assert laboratories["mag"] == pytest.approx(40.8 / 45 - 1)
