"""What a filing in the making learns from the ledger, and the receipts that close what waits."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
from openpyxl import load_workbook
from tests.desk import LAW, Desk, codes, sheet

from lodeline.filing.check import Checked, check
from lodeline.filing.comparison import as_correction, compare
from lodeline.filing.division import settle
from lodeline.filing.edits import Addition, Changes, apply
from lodeline.filing.schema import CELLS
from lodeline.filing.table import Table, blank, read_bytes
from lodeline.filing.written import written
from lodeline.regulation.duty import deadline_without_extension
from lodeline.service.filing.drafting import begun_from, copy_of, known_for_template, lot_compositions, what_changes
from lodeline.service.filing.filing import preview
from lodeline.service.filing.posting import Outcome, post
from lodeline.service.filing.transfers import transfers
from lodeline.service.firm.acceptance import Acceptance, ClosedShipment, open_shipments, receipt_rows
from lodeline.service.firm.organisation_view import OrganisationView
from lodeline.store.queries.filing import month_in_force
from lodeline.store.snapshot_opening import open_snapshot

pytestmark = pytest.mark.medium

SHARE = "composition=TREO=60"
ORIGIN = f"O origin 2 mine 7 1000 product=concentrate {SHARE} origin_kind=mined origin_place=P"
SHIP = "S shipment 5 mine 7 400 counterparty=SEP document=INV-1 document_kind=contract"
RECEIVE = "R receipt 9 sep 7 400 counterparty=MINE"
FEED = "T transformation 12 sep 7 300 role=in"
OXIDE = "T transformation 12 sep X 180 role=out product=oxide:Nd composition=Nd=80"
TODAY = date(2025, 7, 1)


def table_of(*rows: str, period: str = "2025-06") -> Table:
    return read_bytes([("month.csv", sheet(period, *rows).encode())])


def judged(desk: Desk, who: str, table: Table, *, period: str = "2025-06", correcting: bool = False) -> Checked:
    register = desk.store.register(desk.store.head())
    return check(table, organisation=who, period=period, register=register, correcting=correcting)


def filed(desk: Desk, who: str, table: Table, *, period: str = "2025-06", corrects: int | None = None) -> Outcome:
    checked = judged(desk, who, table, period=period, correcting=corrects is not None)
    moment = deadline_without_extension(period, LAW).replace(day=5)
    return post(desk.store, checked, filed_at=moment, law=LAW, corrects=corrects)


def confirmed(desk: Desk, who: str, acceptances: list[Acceptance], *, on: date = date(2025, 6, 20)) -> Outcome:
    rows = receipt_rows(OrganisationView(desk.store, LAW, who), acceptances, on=on, site=who.lower())
    additions = tuple(Addition(row=number, cells=row) for number, row in enumerate(rows, start=2))
    return filed(desk, who, apply(blank(), Changes(additions=additions)))


def waiting(desk: Desk, who: str = "SEP") -> list[dict[str, Any]]:
    return open_shipments(OrganisationView(desk.store, LAW, who), on=TODAY).to_dicts()


def unconfirmed(desk: Desk, who: str) -> pl.DataFrame:
    found = OrganisationView(desk.store, LAW, who).transfers(datetime(2025, 7, 1, tzinfo=UTC), waiting=True)
    return found.filter(pl.col("standing") == "unconfirmed")


def test_the_rows_in_force_of_a_month_are_those_that_correct_it(desk: Desk) -> None:
    first = desk.rows("MINE", "2025-06", ORIGIN, SHIP, "L loss 9 mine 7 1 reason=spill")
    desk.rows("MINE", "2025-07", "S7 shipment 5 mine 7 1 counterparty=SEP")
    desk.rows("MINE", "2025-06", "L void", SHIP.replace("400", "390"), corrects=first)
    stands = month_in_force(desk.store, "MINE", "2025-06")
    assert stands.select("event", "mass_mg").rows() == [("O", 1_000_000_000), ("S", 390_000_000)]
    assert month_in_force(desk.store, "SEP", "2025-06").height == 0


def test_a_month_filed_again_becomes_one_correction_that_the_ledger_takes(desk: Desk) -> None:
    first = desk.rows("MINE", "2025-06", ORIGIN, SHIP, "L loss 9 mine 7 1 reason=spill")
    again = table_of("S2 shipment 6 mine 7 5 counterparty=SEP", ORIGIN.replace("1000", "990"), SHIP)
    comparison = compare(judged(desk, "MINE", again).rows, month_in_force(desk.store, "MINE", "2025-06"))
    assert dict(comparison.events.iter_rows()) == {"S2": "new", "O": "changed", "S": "unchanged", "L": "missing"}
    expected = what_changes(desk.store, "MINE", comparison, void={"L"})
    assert expected.rows() == [
        ("book", "mine", None, 599_000_000, 585_000_000),
        ("book", "mine", "TREO", 359_400_000, 351_000_000),
    ]
    assert what_changes(desk.store, "MINE", comparison)["after_mg"].to_list() == [584_000_000, 350_400_000]
    outcome = filed(desk, "MINE", as_correction(comparison, again, void={"L"}), corrects=first)
    assert outcome.entry is not None, [found.message("en") for found in outcome.problems]
    assert desk.held_kg()["MINE/7", "mine", "MINE"] == (585, 0)
    stands = month_in_force(desk.store, "MINE", "2025-06")
    assert compare(judged(desk, "MINE", again).rows, stands).of("unchanged") == ["S2", "O", "S"]


def test_a_corrected_composition_changes_what_other_events_of_the_month_carry(desk: Desk) -> None:
    desk.rows("MINE", "2025-06", ORIGIN, SHIP)
    rows = [RECEIVE, FEED, OXIDE, "C stock 30 sep X 180", "M shipment 20 sep X 100 counterparty=MAG"]
    desk.rows("SEP", "2025-06", *rows)
    rows[2] = OXIDE.replace("Nd=80", "Nd=70")
    new = judged(desk, "SEP", table_of(*rows)).rows
    comparison = compare(new, month_in_force(desk.store, "SEP", "2025-06"))
    changes = what_changes(desk.store, "SEP", comparison).filter(element="Nd")
    assert changes.rows() == [
        ("book", "sep", "Nd", 64_000_000, 56_000_000),
        ("counted", "sep", "Nd", 144_000_000, 126_000_000),
    ]


def test_compositions_of_lots_come_from_whoever_made_them(desk: Desk) -> None:
    desk.rows("MINE", "2025-06", ORIGIN, SHIP)
    desk.rows("SEP", "2025-06", RECEIVE)
    rows = judged(desk, "SEP", table_of(FEED, "T2 transformation 12 sep MINE/7 1 role=in", "L loss 3 sep 9 1")).rows
    known = dict(lot_compositions(desk.store, "SEP", rows).iter_rows())
    assert known == {"7": "TREO=600000000", "MINE/7": "TREO=600000000"}


def test_the_good_part_of_a_month_is_what_the_ledger_takes_now(desk: Desk) -> None:
    table = table_of(ORIGIN, SHIP, "X shipment 6 mine 99 5 counterparty=SEP", "L loss 40 mine 7 1".replace("40", "4"))

    def ledger(checked: Checked) -> Any:
        return preview(desk.store, checked, filed_at=deadline_without_extension("2025-06", LAW).replace(day=5), law=LAW)

    found = settle(table, lambda part: judged(desk, "MINE", part), ledger)
    assert (set(found.good_events), set(found.rest_events)) == ({"O", "S"}, {"X", "L"})
    assert filed(desk, "MINE", found.good).entry is not None


def test_the_workbook_offers_lots_held_and_parties_dealt_with_and_nobody_else(desk: Desk) -> None:
    desk.rows("MINE", "2025-06", ORIGIN, SHIP, "E export 6 mine 7 1 product=concentrate counterparty_name=Beispiel")
    desk.rows("SEP", "2025-06", RECEIVE, FEED, OXIDE)
    assert known_for_template(desk.store, "MINE").lots == ["7"]
    assert known_for_template(desk.store, "MINE").counterparties == ["SEP"]
    assert known_for_template(desk.store, "MINE").counterparty_names == ["Beispiel"]
    assert known_for_template(desk.store, "SEP").lots == ["MINE/7", "X"]
    assert known_for_template(desk.store, "MAG").lots == []


def test_last_month_is_begun_anew_with_what_must_be_new_left_open(desk: Desk) -> None:
    desk.rows("MINE", "2025-01", ORIGIN.replace("origin 2", "origin 31"), SHIP.replace("shipment 5", "shipment 31"))
    desk.rows(
        "SEP", "2025-01", RECEIVE.replace("receipt 9", "receipt 31"), FEED.replace(" 12 ", " 31 "),
        OXIDE.replace(" 12 ", " 31 ") + " composition_status=recipe",
        "U shipment 31 sep X 180 counterparty=MAG reason=x value=5 currency=CNY document=D",
        "C stock 31 sep 7 100", "C2 stock 30 sep X 0", "A adjustment 30 sep 7 1 reason=x",
        "Q title 31 - 7 10 counterparty=TRADE document=K",
    )  # fmt: skip
    content = copy_of(desk.store, "SEP", "2025-01", form="csv")
    frame = pl.read_csv(io.BytesIO(content), infer_schema=False)
    told = frame.select("kind", "on", "lot", "mass_kg", "composition", "note").rows()
    assert told == [
        ("receipt", "2025-02-28", None, None, None, "2025-01 R"),
        ("transformation", "2025-02-28", "7", None, None, "2025-01 T"),
        ("transformation", "2025-02-28", None, None, "Nd=80", "2025-01 T"),
        ("shipment", "2025-02-28", None, None, None, "2025-01 U"),
        ("stock", "2025-02-28", "7", None, None, "2025-01 C"),
        ("title", "2025-02-28", "7", "10", None, "2025-01 Q"),
    ]
    for emptied in ("event", "document", "value", "reason", "reference"):
        assert frame[emptied].null_count() == frame.height, emptied
    assert frame["currency"].to_list() == [None, None, None, "CNY", None, None]
    book = copy_of(desk.store, "SEP", "2025-01")
    of_book, of_csv = (
        judged(desk, "SEP", read_bytes([file]), period="2025-02").rows
        for file in (("book.xlsx", book), ("month.csv", content))
    )
    assert of_book.select(*CELLS).equals(of_csv.select(*CELLS))
    in_portal = begun_from(desk.store, "SEP", "2025-01", "2025-03")
    assert in_portal.select("event", "on", "lot", "mass_kg", "note").rows()[1:3] == [
        ("2025-03-T", "2025-03-31", "7", None, None), ("2025-03-T", "2025-03-31", None, None, None)
    ]  # fmt: skip
    page = load_workbook(io.BytesIO(book)).worksheets[0]
    lists = {one.formula1 for one in page.data_validations.dataValidation}
    assert {'"MINE/7"', '"MAG,MINE,TRADE"', '"sep"'} <= lists


def test_an_open_shipment_waits_at_both_ends_and_is_accepted_as_shipped(desk: Desk) -> None:
    wet = SHIP + " moisture_pct=2.5"
    desk.rows("MINE", "2025-06", ORIGIN, wet, "S shipment 5 mine 7 10 counterparty=SEP product=concentrate")
    first, second = waiting(desk)
    assert (first["partner"], first["event"], first["lot"], first["product"]) == ("MINE", "S", "MINE/7", "concentrate")
    assert (first["net_mg"], first["shipped_mg"], first["missing_mg"]) == (400_000_000, 390_000_000, 390_000_000)
    assert (first["document"], first["age_days"], second["net_mg"]) == ("INV-1", 26, 10_000_000)
    assert unconfirmed(desk, "MINE")["receiver"].to_list() == ["SEP", "SEP"]
    assert unconfirmed(desk, "SEP").height == 0
    outcome = confirmed(desk, "SEP", [Acceptance(line=first["line"]), Acceptance(line=second["line"])])
    assert outcome.entry is not None, [found.message("en") for found in outcome.problems]
    assert codes(outcome) == []
    assert waiting(desk) == []
    assert month_in_force(desk.store, "SEP", "2025-06")["event"].to_list() == ["R-S", "R-S"]
    assert {row["state"] for row in transfers(open_snapshot(desk.store), LAW)["rows"]} == {"matched"}


def test_a_difference_is_received_as_weighed_and_shown(desk: Desk) -> None:
    desk.rows("MINE", "2025-06", ORIGIN, SHIP + " moisture_pct=2.5")
    (shipment,) = waiting(desk)
    said = Acceptance(line=shipment["line"], received_mg=380_000_000, composition="TREO=59", reason="spilt")
    outcome = confirmed(desk, "SEP", [Acceptance(line=shipment["line"]), said])
    assert codes(outcome) == ["transfer.mass-differs"]
    (row,) = written(month_in_force(desk.store, "SEP", "2025-06")).to_dicts()
    assert (row["mass_kg"], row["moisture_pct"], row["composition"]) == ("380", "2.5", "TREO=59")
    assert (row["reason"], row["reference"], row["document"]) == ("spilt", "S", "INV-1")
    assert waiting(desk) == []


def test_the_rest_of_a_part_delivery_joins_what_came_before(desk: Desk) -> None:
    desk.rows("MINE", "2025-06", ORIGIN, SHIP)
    desk.rows("SEP", "2025-06", RECEIVE.replace("400", "150"))
    (shipment,) = waiting(desk)
    assert (shipment["received_mg"], shipment["missing_mg"]) == (150_000_000, 250_000_000)
    assert codes(confirmed(desk, "SEP", [Acceptance(line=shipment["line"])])) == []
    (row,) = transfers(open_snapshot(desk.store), LAW)["rows"]
    assert (row["state"], row["received_kg"], row["cause"]) == ("matched", "400", None)


def test_who_made_a_lot_stays_with_the_trader_who_passes_it_on(desk: Desk) -> None:
    desk.rows("MINE", "2025-06", ORIGIN, SHIP.replace("SEP", "TRADE"))
    desk.rows(
        "TRADE", "2025-06", "B receipt 6 trade 7 400 counterparty=MINE", "P shipment 8 trade 7 400 counterparty=MAG"
    )
    (shipment,) = waiting(desk, "MAG")
    assert (shipment["partner"], shipment["lot"], shipment["product"]) == ("TRADE", "TRADE/7", "concentrate")
    assert "MINE" not in repr(
        receipt_rows(
            OrganisationView(desk.store, LAW, "MAG"), [Acceptance(line=shipment["line"])], on=TODAY, site="mag"
        )
    )
    assert unconfirmed(desk, "TRADE")["called"].to_list() == ["MINE/7"]
    assert confirmed(desk, "MAG", [Acceptance(line=shipment["line"])]).entry is not None
    assert waiting(desk, "MAG") == []


def test_goods_sent_back_bear_their_makers_name(desk: Desk) -> None:
    desk.rows("MINE", "2025-06", ORIGIN, SHIP)
    desk.rows("SEP", "2025-06", RECEIVE, "Z shipment 12 sep 7 400 counterparty=MINE reason=returned")
    (shipment,) = waiting(desk, "MINE")
    assert (shipment["lot"], shipment["reason"]) == ("MINE/7", "returned")


def test_what_went_to_somebody_without_a_duty_waits_for_nobody(desk: Desk) -> None:
    desk.rows(
        "MINE", "2025-06", ORIGIN, SHIP.replace("SEP", "ABROAD"), "N shipment 6 mine 7 1 counterparty_name=Nobody"
    )
    assert unconfirmed(desk, "MINE").height == 0


def test_a_reference_is_new_even_where_shippers_number_alike(desk: Desk) -> None:
    desk.rows("MINE", "2025-06", ORIGIN, SHIP)
    desk.rows("TRADE", "2025-06", "S shipment 5 trade 9 4 counterparty=SEP reason=old", "R-S loss 5 trade 9 1 reason=x")
    desk.rows("SEP", "2025-06", "R-S loss 2 sep 1 1 reason=x")
    shipments = [Acceptance(line=row["line"]) for row in waiting(desk)]
    rows = receipt_rows(OrganisationView(desk.store, LAW, "SEP"), shipments, on=TODAY, site="sep")
    assert [(row["event"], row["counterparty"]) for row in rows] == [("R-S-2", "MINE"), ("R-S-3", "TRADE")]
    long = receipt_rows(OrganisationView(desk.store, LAW, "SEP"), shipments[:1], on=TODAY, site="sep", prefix="P" * 80)
    assert long[0]["event"] == "P" * 64


def test_what_does_not_wait_for_one_cannot_be_confirmed(desk: Desk) -> None:
    desk.rows("MINE", "2025-06", ORIGIN, SHIP)
    (shipment,) = waiting(desk)
    with pytest.raises(ClosedShipment) as refusal:
        receipt_rows(
            OrganisationView(desk.store, LAW, "MAG"), [Acceptance(line=shipment["line"])], on=TODAY, site="mag"
        )
    assert refusal.value.zh
    confirmed(desk, "SEP", [Acceptance(line=shipment["line"])])
    with pytest.raises(ClosedShipment):
        receipt_rows(
            OrganisationView(desk.store, LAW, "SEP"), [Acceptance(line=shipment["line"])], on=TODAY, site="sep"
        )


def test_an_empty_ledger_has_an_answer_to_everything(desk: Desk) -> None:
    again = table_of(ORIGIN, SHIP)
    rows = judged(desk, "MINE", again).rows
    stands = month_in_force(desk.store, "MINE", "2025-06")
    comparison = compare(rows, stands)
    assert comparison.of("new") == ["O", "S"]
    assert what_changes(desk.store, "MINE", comparison).rows()[0] == ("book", "mine", None, 0, 600_000_000)
    assert what_changes(desk.store, "MINE", compare(stands, stands)).height == 0
    assert lot_compositions(desk.store, "MINE", rows).height == 0
    assert known_for_template(desk.store, "MINE").lots == []
    assert waiting(desk) == []
    assert pl.read_csv(io.BytesIO(copy_of(desk.store, "MINE", "2025-06", form="csv")), infer_schema=False).height == 0
