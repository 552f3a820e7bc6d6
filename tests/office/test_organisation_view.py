"""What one firm is told of its own business, on both databases: quick answers, and nobody beyond the own edge."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.desk import LAW, Desk
from tests.office.trade import LATER, NOW, file_trade
from tests.stores import new_database

from lodeline.service.firm.organisation_view import OrganisationView

pytestmark = pytest.mark.medium


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The trade on each database. Not to be changed."""
    if request.param == "sqlite":
        url = str(Path(tmp_path_factory.mktemp("own")) / "store.sqlite3")
    else:
        url = new_database(request.getfixturevalue("postgresql"))
    made = file_trade(url)
    yield made
    made.store.database.close()


def own(desk: Desk, firm: str) -> OrganisationView:
    return OrganisationView(desk.store, LAW, firm)


def states(desk: Desk, firm: str, now: str) -> dict[str, str]:
    return {month.period: month.state for month in own(desk, firm).months(datetime.fromisoformat(now))}


def one(rows: pl.DataFrame, **wanted: Any) -> dict[str, Any]:
    (found,) = rows.filter(**wanted).to_dicts()
    return dict(found)


def test_months_are_due_until_the_deadline_and_missing_from_it_on(desk: Desk) -> None:
    assert states(desk, "MAG", "2025-02-09T23:59:59+08:00") == {"2025-01": "due", "2025-02": "running"}
    assert states(desk, "MAG", "2025-02-10T00:00:00+08:00") == {"2025-01": "missing", "2025-02": "running"}
    assert states(desk, "SEP", "2025-02-10T00:00:00+08:00") == {"2025-01": "filed", "2025-02": "running"}


def test_duty_begins_with_registration_and_not_for_whoever_has_none(desk: Desk) -> None:
    assert states(desk, "YOUNG", "2025-03-12T00:00:00+08:00") == {"2025-02": "missing", "2025-03": "running"}
    assert states(desk, "ABROAD", "2025-03-12T00:00:00+08:00") == {}


def test_each_side_sees_where_a_transfer_stands(desk: Desk) -> None:
    inbox = own(desk, "SEP").transfers(NOW, waiting=True)
    came = one(inbox, standing="to-accept")
    assert (came["shipper"], came["shipment_event"], came["left_mg"], came["document"]) == (
        "TRADE",
        "S4",
        50_000_000,
        "D-4",
    )
    assert (came["age_days"], came["state"], came["product"]) == (18, "open", "concentrate")
    sent = one(inbox, standing="unconfirmed")
    assert (sent["receiver"], sent["called"]) == ("MAG", "SEP/OX")
    assert one(own(desk, "MAG").transfers(NOW, waiting=True))["standing"] == "to-accept"
    assert one(own(desk, "SEP").transfers(LATER, waiting=True), standing="to-accept")["state"] == "exception"


def test_what_has_closed_is_among_all_and_not_among_what_waits(desk: Desk) -> None:
    every = own(desk, "SEP").transfers(NOW)
    received = one(every, shipment_event="S2")
    assert (received["standing"], received["cause"]) == ("differs", "mass-differs")
    assert received["shipped_mg"] - received["received_mg"] == 20_000_000
    assert "S2" not in own(desk, "SEP").transfers(NOW, waiting=True)["shipment_event"]


def test_a_maker_beyond_the_edge_is_a_mark_that_only_its_holder_can_follow(desk: Desk) -> None:
    sep, trade = own(desk, "SEP"), own(desk, "TRADE")
    assert sep.next_to == {"TRADE", "MAG", "ABROAD"}
    called = sep.lot_name("MINE/ORE", "MINE", "ORE")
    assert called.startswith("~") and called.endswith("/ORE") and "MINE" not in called
    assert sep.lot_of(called) == trade.lot_of("MINE/ORE") is not None
    assert sep.lot_of("MINE/ORE") is None, "the name itself would say that the guess was right"
    assert own(desk, "MAG").lot_name("MINE/ORE", "MINE", "ORE") != called, "marks of two firms cannot be compared"
    assert own(desk, "MAG").lot_of(called) is None


def test_lots_are_those_of_the_own_filings_with_what_is_left(desk: Desk) -> None:
    lots = own(desk, "SEP").lots()
    assert sorted(lots["made"]) == [False, True]
    oxide = one(lots, called="SEP/OX")
    assert (oxide["held_mg"], oxide["product"], oxide["lines"]) == (80_000_000, "oxide:Nd", 3)
    ore = one(lots, made=False)
    assert (ore["held_mg"], ore["product"], ore["last_on"]) == (80_000_000, "concentrate", date(2025, 1, 12))


def test_history_has_the_own_rows_and_the_other_half_of_each_delivery(desk: Desk) -> None:
    sep = own(desk, "SEP")
    number = sep.lot_of(sep.lot_name("MINE/ORE", "MINE", "ORE"))
    assert number is not None
    history = sep.lot_history(number)
    assert history.select("event", "kind", "own", "party").rows() == [
        ("S2", "shipment", False, "TRADE"), ("R2", "receipt", True, "TRADE"), ("T1", "transformation", True, None),
        ("S4", "shipment", False, "TRADE"),
    ]  # fmt: skip
    assert history.filter(~pl.col("own"))["entry"].null_count() == 2
    assert history.filter(~pl.col("own"))["site"].null_count() == 2


def test_partners_are_named_as_filed(desk: Desk) -> None:
    partners = own(desk, "SEP").partners()
    supplier = one(partners, side="supplier")
    assert (supplier["party"], supplier["names"], supplier["mass_mg"]) == ("TRADE", ["Trade-House"], 480_000_000)
    assert set(partners.filter(side="customer")["party"]) == {"MAG", "ABROAD"}
    assert one(partners, party="ABROAD")["countries"] == ["DE"]


def test_quota_adds_up_and_is_the_own(desk: Desk) -> None:
    (row,) = own(desk, "SEP").quota(date(2025, 2, 7))
    assert (row.kind, row.year, row.reo.used_mg, row.judged) == ("separation", 2025, 240_000_000, True)
    assert (row.reo.granted_mg, row.reo.overdrawn_mg, row.reo.reserved_mg, row.reo.left_mg) == (
        200_000_000, 40_000_000, 0, 0,
    )  # fmt: skip
    assert own(desk, "TRADE").quota(date(2025, 2, 7)) == ()


def test_licences_count_what_was_exported_on_them(desk: Desk) -> None:
    licences = {one.id: one for one in own(desk, "SEP").licences(date(2025, 2, 7))}
    now = licences["LIC-1"]
    assert (now.used_mg, now.left_mg, now.state) == (20_000_000, 30_000_000, "granted")
    assert licences["LIC-0"].state == "expired"
    assert own(desk, "MAG").licences(date(2025, 2, 7)) == ()
