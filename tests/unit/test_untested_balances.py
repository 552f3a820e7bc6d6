"""A balance on a page is judged by the rows and the rule of the detectors: what is not tested says so."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from tests.desk import LAW, Desk, organisation, site

from lodeline.service.balance import sites
from lodeline.service.balance.balances import balance
from lodeline.service.balance.book import balances, book, shared_errors
from lodeline.service.balance.site_run import Run, run_of
from lodeline.service.balance.year import site_years
from lodeline.service.filing.status import filing_status
from lodeline.service.findings.finding import findings
from lodeline.store.snapshot import Snapshot
from lodeline.store.snapshot_opening import open_snapshot

OXIDE = "product=oxide:Nd composition=TREO=100"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(str(tmp_path / "store.sqlite3"))
    made.register(
        organisations=[organisation(name) for name in ("SEP", "MAG")],
        sites=[site("sep", "SEP", "separation"), site("mag", "MAG", "magnet")],
    )
    made.rows("SEP", "2025-01", f"O origin 2 sep 1 900 {OXIDE} origin_kind=imported origin_place=CN")
    made.rows("MAG", "2025-01", f"A origin 2 mag OLD 600 {OXIDE} origin_kind=opening", "C stock 31 mag OLD 600")
    return made


def run(desk: Desk, snapshot: Snapshot, *, last: str) -> Run:
    about = desk.store, snapshot, LAW
    return run_of(book(*about), filing_status(*about), site="mag", element="TREO", first="2025-01", last=last)


def months(desk: Desk, *, swarf: str) -> Snapshot:
    """500 kg of oxide go into magnets that lie there; swarf leaves, with what is said of it."""
    desk.rows(
        "MAG", "2025-02",
        "T transformation 3 mag OLD 500 role=in",
        "T transformation 3 mag M 1000 role=out product=magnet-ndfeb composition=TREO=35;Fe=60",
        f"T transformation 3 mag W 500 role=waste product=swarf {swarf}",
        "S shipment 20 mag W 500 counterparty=SEP",
        "C2 stock 28 mag OLD 100", "C2 stock 28 mag M 1000",
    )  # fmt: skip
    return open_snapshot(desk.store)


def newest(desk: Desk, snapshot: Snapshot) -> dict[str, object]:
    found = findings(desk.store, snapshot, LAW).rows
    rows = sites.judged(balances(desk.store, snapshot, LAW), found)
    own = rows.filter((pl.col("site") == "mag") & (pl.col("element") == "TREO"))
    (row,) = own.filter(pl.col("until") == date(2025, 2, 28)).to_dicts()
    asking = [one.id for one in found if one.detector == "unassayed-lot"]
    return row | {"asking": asking}


def test_what_nobody_assayed_leaves_the_balance_untested_and_leads_to_the_question(desk: Desk) -> None:
    snapshot = months(desk, swarf="composition_status=unknown")
    row = newest(desk, snapshot)
    # 150 kg of oxide are missing, and 500 kg of swarf may hold 50 to 250.
    assert (row["muf_mg"], row["state"], row["z"]) == (150_000_000, "untested", None)
    assert [row["finding"]] == row["asking"]
    assert run(desk, snapshot, last="2025-02").reason == "unassayed-lots"
    *_, printed = balance(desk.store, snapshot, LAW, site="mag", element="TREO")["rows"]
    assert (printed["muf_kg"], printed["sigma_kg"], printed["z"]) == ("150", None, None)


def test_what_was_assayed_is_tested(desk: Desk) -> None:
    row = newest(desk, months(desk, swarf="composition=TREO=30;Fe=60"))
    assert (row["muf_mg"], row["state"], row["asking"]) == (0, "closes", [])


def test_a_balance_over_a_month_that_was_never_filed_is_shown_as_such_and_never_as_closed(desk: Desk) -> None:
    desk.rows("MAG", "2025-01", "C1 stock 31 mag OLD 600")
    desk.rows("SEP", "2025-02")
    desk.rows("MAG", "2025-03", "C3 stock 31 mag OLD 600")
    desk.rows("SEP", "2025-06")
    snapshot = open_snapshot(desk.store)
    about = desk.store, snapshot, LAW
    rows = sites.judged(balances(*about), findings(*about).rows).filter(site="mag", element="TREO")
    assert rows.filter(until=date(2025, 3, 31)).select("state", "z").row(0) == ("unfiled", None)
    year = site_years(snapshot, rows, shared_errors(*about), first="2025-01", last="2025-12")
    assert year.select("state", "muf_mg").row(0) == ("unfiled", None)
    assert run(desk, snapshot, last="2025-03").reason == "unfiled-months"


def test_a_balance_over_a_month_that_was_never_filed_is_no_part_of_the_sum(desk: Desk) -> None:
    desk.rows("SEP", "2025-02")
    desk.rows("MAG", "2025-03", "C3 stock 31 mag OLD 100")
    desk.rows("MAG", "2025-04", "C4 stock 30 mag OLD 99")
    desk.rows("SEP", "2025-06")
    found = run(desk, open_snapshot(desk.store), last="2025-04").balances
    assert found.select("until", "muf_mg", "sum_mg", "active").rows()[-2:] == [
        (date(2025, 3, 31), 500_000_000, 0, False), (date(2025, 4, 30), 1_000_000, 1_000_000, True),
    ]  # fmt: skip


def test_pages_rest_on_the_rows_that_detectors_judge(desk: Desk) -> None:
    desk.rows("SEP", "2025-02", "S1 shipment 4 sep 1 300 counterparty=MAG")
    desk.rows("MAG", "2025-02", "T transformation 9 mag SEP/1 300 role=in reason=late",
              "T transformation 9 mag P 300 role=out product=oxide:Nd composition=TREO=100",
              "C2 stock 28 mag OLD 600", "C2 stock 28 mag P 300")  # fmt: skip
    snapshot = open_snapshot(desk.store)
    assert book(desk.store, snapshot, LAW).implied["delta_mg"].to_list() == [300_000_000]
    printed = balance(desk.store, snapshot, LAW, site="mag", element="TREO")["rows"][-1]
    assert printed["muf_kg"] == "0"
    assert newest(desk, snapshot)["state"] == "closes"
