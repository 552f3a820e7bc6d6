"""Opening stock: a table becomes drafts that firms attest; what lay there is the opening of the first balance."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime

import pytest
from tests.desk import LAW
from tests.office.conftest import NOW, official

from lodeline.filing.check import check as check_table
from lodeline.filing.opening_stock import COLUMNS, OpeningDayError, OpeningStocks
from lodeline.filing.table import read_bytes
from lodeline.office.access.actor import NotAllowedError
from lodeline.office.filing import opening_stock
from lodeline.office.models import Draft, Notice
from lodeline.regulation.parameter import load
from lodeline.service.balance.book import balances
from lodeline.service.filing.posting import post
from lodeline.service.lots.flow import origins
from lodeline.service.overview.flow_cube import flow_cube
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store

EVENING = date(2025, 12, 31)
LOT = {
    "site": "MAG-1-A", "lot": "OLD-1", "product": "metal:PrNd", "mass_kg": "1200", "composition": "Nd=75;Pr=24",
    "composition_status": "measured", "location": "S-1", "maker": "SEP-3",
}  # fmt: skip
OTHER = {**LOT, "site": "ALL-1-A", "lot": "OLD-7", "mass_kg": "300", "composition_status": "recipe"}


def table(*rows: dict[str, str]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(COLUMNS), restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def checked(store: Store, *rows: dict[str, str], on: date = EVENING) -> OpeningStocks:
    return opening_stock.check(official("registrar"), store, "lots.csv", table(*rows), on=on)


def test_each_firm_gets_a_draft_of_its_own_lots(store: Store) -> None:
    found = checked(store, LOT, OTHER, {**LOT, "lot": "OLD-2"})
    assert not found.refused and [one.lots for one in found.filings] == [1, 2]
    opening_stock.prepare(official("registrar"), found, now=NOW)
    assert {(one.organisation, one.state) for one in Draft.objects.all()} == {("MAG-1", "open"), ("ALL-1", "open")}
    assert {one.organisation for one in Notice.objects.filter(kind="opening-stock")} == {"MAG-1", "ALL-1"}
    # Again, nothing; with another mass, a problem that says who corrects it.
    assert (
        opening_stock.prepare(official("registrar"), checked(store, LOT, OTHER, {**LOT, "lot": "OLD-2"}), now=NOW) == []
    )
    codes = [one.code for one in checked(store, {**LOT, "mass_kg": "1"}).problems if one.severity == "reject"]
    assert codes == ["take-over.stock-stands"]
    assert {one.state for one in opening_stock.attesting(official("registrar"))} == {"open"}


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({**LOT, "site": "NOWHERE"}, "site.unknown"),
        ({**LOT, "site": ""}, "cell.missing"),
        ({**LOT, "mass_kg": "1,200"}, "number.grouped"),
        ({**LOT, "product": "mud"}, "product.unknown"),
        ({**LOT, "composition": "Nd=75;Pr=40"}, "composition.over-100"),
        ({**LOT, "composition": ""}, "composition.missing"),
    ],
)
def test_what_is_wrong_with_a_lot_is_named_at_its_row(store: Store, row: dict[str, str], code: str) -> None:
    found = checked(store, OTHER, row)
    assert found.refused
    assert [one.where.row for one in found.problems if one.code == code] == [3]


def test_stock_is_that_of_a_months_last_evening(store: Store) -> None:
    with pytest.raises(OpeningDayError, match="such as 2026-01-31"):
        checked(store, LOT, on=date(2026, 1, 1))
    with pytest.raises(NotAllowedError):
        opening_stock.check(official("analyst"), store, "lots.csv", table(LOT), on=EVENING)


def filed(store: Store, organisation: str, period: str, content: bytes, at: datetime) -> None:
    read = check_table(
        read_bytes([(f"{period}.csv", content)]), organisation=organisation, period=period,
        register=store.newest_register(),
    )  # fmt: skip
    outcome = post(store, read, filed_at=at, law=load("cn"))
    assert outcome.entry is not None, [one.message("en") for one in outcome.problems]


def test_what_lay_there_opens_the_first_balance_and_is_no_origin(store: Store) -> None:
    (stock,) = checked(store, LOT).filings
    filed(store, "MAG-1", stock.period, stock.content, datetime(2026, 1, 3, tzinfo=UTC))
    month = (
        "event,kind,on,site,role,lot,product,mass_kg,composition,location\n"
        "R1,transformation,2026-01-10,MAG-1-A,in,OLD-1,,1000,,\n"
        "R1,transformation,2026-01-10,MAG-1-A,out,NEW-1,alloy:PrNd,990,Nd=75;Pr=24,\n"
        "C1,stock,2026-01-31,MAG-1-A,,OLD-1,metal:PrNd,195,,\n"
        "C1,stock,2026-01-31,MAG-1-A,,NEW-1,alloy:PrNd,990,,\n"
    )
    filed(store, "MAG-1", "2026-01", month.encode(), datetime(2026, 2, 3, tzinfo=UTC))
    snapshot = open_snapshot(store)
    rows = {
        row["period"]: row
        for row in balances(store, snapshot, LAW).iter_rows(named=True) if row["element"] == "Nd"
    }  # fmt: skip
    december, january = rows["2025-12"], rows["2026-01"]
    assert (december["opening_mg"], december["origin_mg"], december["muf_mg"]) == (900_000_000, 0, 0)
    assert (january["opening_mg"], january["origin_mg"]) == (900_000_000, 0)
    # The count of that evening is the first of two: January closes a balance.
    assert january["muf_mg"] == 900_000_000 - 990 * 750_000 - 195 * 750_000
    assert flow_cube(snapshot).filter(origin_kind="opening").height == 1
    ends = origins(snapshot, "MAG-1/NEW-1")["rows"]
    assert {row["origin_kind"] for row in ends} == {"opening"}
