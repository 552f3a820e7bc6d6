"""A firm whose papers disagree again and again is asked about; slips, late papers and months never filed are not."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from tests.unit.detection.kit import assays, months

from lodeline.collation.exception import EXCEPTION
from lodeline.detection.comparison import BEHIND, COMPARED
from lodeline.detection.detectors.feed_mismatch import DETECTOR, feed_mismatch
from lodeline.detection.finding import Finding
from lodeline.detection.limits import limits_of
from lodeline.message import localized

LINES = months(
    {"2025-04": ["MAG T1 transformation 2 mag 1 1000 role=out product=magnet-ndfeb composition=TREO=300000000",
                 "MAG E1 export 9 mag 1 100 counterparty=ABROAD"]}
)  # fmt: skip


def exception(number: int, month: int, cause: str = "export-not-filed", **cells: object) -> dict[str, object]:
    row = {"id": f"X{number}", "cause": cause, "between": "filed-border", "state": "open", "organisation": "MAG",
           "lane": "export", "on": date(2025, month, 5), "age_days": 40, "mass_mg": 100 * 10**6, "border_mg": 10**8,
           "group": number, "declaration": f"D{number}"} | cells  # fmt: skip
    return {name: row.get(name) for name in EXCEPTION}


def look(*rows: dict[str, object], papers: int = 6, missing: tuple[str, ...] = ()) -> list[Finding]:
    compared = [
        ("MAG", f"2025-{month:02d}", kind, papers)
        for month in range(1, 13)
        for kind in ("export", "sale", "invoice", "purchase")
    ]
    return feed_mismatch(
        exceptions=pl.DataFrame(list(rows), schema=dict(EXCEPTION), orient="row"),
        compared=pl.DataFrame(compared, schema=dict(COMPARED), orient="row"),
        behind_exceptions=pl.DataFrame(
            [(1, "filed", 7, 3, "E1", 10**8)], schema=dict(BEHIND), orient="row"
        ),
        status=pl.DataFrame(
            [("MAG", month, "missing") for month in missing],
            schema={"organisation": pl.String, "period": pl.String, "state": pl.String}, orient="row",
        ),
        lines=LINES, lot_assays=assays(LINES), limits=limits_of(DETECTOR.name),
    )  # fmt: skip


def test_exports_that_nobody_files_again_and_again_are_asked_about() -> None:
    (found,) = look(*(exception(number, month) for number, month in enumerate((4, 4, 5, 6), 1)))
    assert found.subject == {"organisation": "MAG", "cause": "export-not-filed"}
    assert found.period == {"from": "2025-04", "to": "2025-06"}
    assert found.mass_mg == 4 * 30 * 10**6  # 30 % of what the firm makes is rare-earth oxide
    assert "4 of 72 exports" in localized(found.explanation)["en"]
    assert found.evidence[1] == {"exception": "X1", "on": "2025-04-05", "age_days": 40, "declaration": "D1",
                                 "border_kg": "100"}  # fmt: skip
    assert found.evidence[2] == {"entry": 3, "movement": 7, "event": "E1", "mass_kg": "100"}


@pytest.mark.parametrize(
    "rows",
    [
        [exception(1, 4)],  # a slip
        [exception(1, 4), exception(2, 10)],  # two slips in a year of 72 exports
        [exception(n, 4, age_days=10) for n in range(1, 6)],  # papers that may yet come
        [exception(n, 4, state="not-due", age_days=0) for n in range(1, 6)],
        [exception(n, 4, cause="date-differs") for n in range(1, 6)],  # no loophole by itself
        [exception(n, 4, cause="mass-differs", between="filed-invoiced", lane="domestic") for n in range(1, 6)],
    ],
)
def test_what_happens_to_honest_firms_is_no_finding(rows: list[dict[str, object]]) -> None:
    assert look(*rows) == []


def test_month_that_was_never_filed_is_left_to_the_detector_of_missing_filings() -> None:
    rows = [exception(n, 4) for n in range(1, 6)]
    assert look(*rows) and look(*rows, missing=("2025-04",)) == []
    # A sale without an invoice waits for no filing: it was filed.
    sold = [exception(n, 4, cause="goods-without-invoice", counterparty=f"U{n}") for n in range(1, 6)]
    assert look(*sold, missing=("2025-04",))


def test_papers_of_goods_that_left_in_a_silent_month_are_left_to_it_too() -> None:
    rows = [exception(n, 4) for n in range(1, 6)]
    assert look(*rows, missing=("2025-03",)) == []
    assert look(*rows, missing=("2025-02",)) and look(*rows, missing=("2025-05",))


def test_deliveries_of_a_month_to_one_buyer_may_wait_for_one_invoice() -> None:
    def sold(*buyers: str) -> list[Finding]:
        return look(*(exception(n, 4, "goods-without-invoice", counterparty=one) for n, one in enumerate(buyers)))

    assert sold("U1", "U1", "U1", "U1", "U1") == []
    assert len(sold("U1", "U2", "U3", "U4", "U5")) == 1


def test_receipts_none_of_whose_invoices_anybody_knows_are_asked_about() -> None:
    """One supplier, three a month for seven months; one month of them may be one invoice that went astray."""
    rows = [
        exception(3 * month + n, month, "receipt-without-invoice", counterparty="SHOP")
        for month in range(1, 8) for n in range(3)
    ]  # fmt: skip
    (found,) = look(*rows, papers=3)
    assert found.subject["cause"] == "receipt-without-invoice"
    assert "21 of 36 receipts of what nobody filed as shipped" in localized(found.explanation)["en"]
    assert look(*rows[:3], papers=3) == []


def test_a_firm_with_many_papers_may_have_more_slips() -> None:
    rows = [exception(n, 4) for n in range(1, 4)]
    assert look(*rows) and look(*rows, papers=400) == []


def test_more_of_the_year_that_disagrees_is_the_same_question() -> None:
    april = [exception(number, 4) for number in range(1, 5)]
    (found,) = look(*april)
    (grown,) = look(*april, *(exception(number, 2) for number in range(5, 8)), exception(9, 11))
    assert (found.first_period, grown.first_period, grown.last_period) == ("2025-04", "2025-02", "2025-11")
    assert (found.since, found.id) == ("2025-01", grown.id)
