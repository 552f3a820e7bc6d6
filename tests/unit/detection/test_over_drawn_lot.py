"""More drawn from a lot than there was: material from nowhere under a good lot's name."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import cast

import polars as pl
import pytest
from tests.desk import ledger_lines

from lodeline.accountancy.covariance import DIFFERENCES
from lodeline.accountancy.frames import COUNT_SCOPES
from lodeline.detection.detectors.over_drawn_lot import over_drawn_lot
from lodeline.detection.finding import Finding
from lodeline.detection.imbalance import Books
from lodeline.ledger.movement import movements, with_balances
from lodeline.ledger.transfer import match
from lodeline.material.assay import TREO_INDEX
from lodeline.message import localized

MADE = "A O1 origin 2 a 1 100 origin_kind=mined"


def detect(
    *rows: str,
    july: tuple[str, ...] = (),
    counted: str | None = "a",
    treo_ppb: int | None = 500_000_000,
    silent: str | None = None,
    gained: float = 0,
) -> list[Finding]:
    """Findings over rows of June, then of July; lot 1 holds half its mass in TREO."""
    later = ledger_lines(*july, year_month="2025-07").with_columns(pl.col("line", "entry") + len(rows))
    lines = pl.concat([ledger_lines(*rows), later])
    scopes = [] if counted is None else [{"organisation": "A", "site": counted}]
    assays = pl.DataFrame({"lot": [1], "element": [TREO_INDEX], "ppb": [treo_ppb]}).cast({"element": pl.UInt8})
    return over_drawn_lot(
        movements=with_balances(movements(lines)).rename({"line": "seq"}),
        count_scopes=pl.DataFrame(scopes, schema=dict(COUNT_SCOPES)),
        transfers=match(lines),
        status=pl.DataFrame(
            {
                "organisation": ["A", "B"],
                "period": [silent or "2025-05", "2025-05"],
                "state": ["missing" if silent else "filed", "missing"],
            }
        ),
        lots=pl.DataFrame({"lot": [1, 2], "name": ["A/1", "A/2"]}),
        lot_assays=assays.drop_nulls(),
        books=cast("Books", SimpleNamespace(differences=difference(gained))),
    )


def difference(gained_kg: float) -> pl.DataFrame:
    """The balance of June of the site, good to a kilogram."""
    row = {
        "matrix": 0, "place": 0, "organisation": "A", "site": "a", "element": "TREO", "since": date(2025, 5, 31),
        "until": date(2025, 6, 30), "muf_mg": round(-gained_kg * 1_000_000), "sigma_mg": 1e6,
    }  # fmt: skip
    return pl.DataFrame([row], schema=DIFFERENCES)


def test_what_was_drawn_beyond_the_lot_is_a_finding_of_that_lot() -> None:
    (found,) = detect(MADE, "A S1 shipment 5 a 1 70 party=B", "A S2 shipment 9 a 1 50 party=B")
    assert found.subject == {"organisation": "A", "site": "a"}
    assert (found.period, found.score) == ({"from": "2025-06", "to": "2025-06"}, None)
    assert (found.mass_mg, found.elements) == (10_000_000, ("TREO",))
    totals, row = found.evidence
    assert totals == {"totals": {"lots": 1, "put_in_kg": "100", "drawn_kg": "120", "unaccounted_kg": "20"}}
    assert row == {
        "entry": 3, "movement": 3, "event": "S2", "kind": "shipment", "on": "2025-06-09", "mass_kg": "-50",
        "unaccounted_kg": "20",
    }  # fmt: skip
    assert "120 kg from lot A/1, of which it ever had 100 kg" in localized(found.explanation)["en"]


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param((MADE, "A S1 shipment 5 a 1 100 party=B"), id="all of it"),
        pytest.param((MADE, "A S1 shipment 5 a 1 100.4 party=B"), id="within two weighings"),
        pytest.param((MADE, "A A1 adjustment 4 a 1 20 reason=found", "A S1 shipment 5 a 1 120 party=B"), id="adjusted"),
    ],
)
def test_a_lot_that_covers_what_was_drawn_is_no_finding(rows: tuple[str, ...]) -> None:
    assert detect(*rows) == []


@pytest.mark.parametrize(
    ("gained", "treo_ppb", "asked"),
    [
        pytest.param(10, 500_000_000, 0, id="the gain is what the lot lacked"),
        pytest.param(20, None, 0, id="or what a lot of unknown composition may have held"),
        pytest.param(0, 500_000_000, 1, id="the site closes"),
        pytest.param(300, 500_000_000, 1, id="the gain is another matter"),
        pytest.param(300, None, 1, id="the gain is more than so much of anything can hold"),
    ],
)
def test_a_lack_that_the_balance_gained_is_asked_about_once(gained: float, treo_ppb: int | None, asked: int) -> None:
    rows = (MADE, "A S1 shipment 5 a 1 70 party=B", "A S2 shipment 9 a 1 50 party=B")
    assert len(detect(*rows, gained=gained, treo_ppb=treo_ppb)) == asked


@pytest.mark.parametrize(
    ("silent", "asked"),
    [
        pytest.param("2025-06", 0, id="the rest may have come in that month"),
        pytest.param("2025-07", 0, id="or in this"),
        pytest.param("2025-05", 1, id="the lot was not made yet"),
        pytest.param("2025-08", 1, id="it had been used by then"),
    ],
)
def test_a_month_that_the_firm_never_filed_is_asked_for_before_its_lots(silent: str, asked: int) -> None:
    made = ("B O1 origin 2 b 1 100 origin_kind=mined", "B S1 shipment 5 b 1 100 party=A")
    june = (*made, "A R1 receipt 7 a 1 40 party=B")
    assert len(detect(*june, july=("A S2 shipment 9 a 1 90 party=C",), silent=silent)) == asked


def test_neighbouring_months_and_lots_of_a_site_are_one_question() -> None:
    (found,) = detect(
        MADE, "A O2 origin 2 a 2 100 origin_kind=mined", "A S1 shipment 5 a 1 120 party=B",
        "A S3 shipment 5 a 2 130 party=B",
        july=("A R2 receipt 3 a 1 10 party=B", "A S2 shipment 9 a 1 60 party=B"),
    )  # fmt: skip
    assert found.period == {"from": "2025-06", "to": "2025-07"}
    assert found.evidence[0]["totals"] == {"lots": 2, "put_in_kg": "210", "drawn_kg": "310", "unaccounted_kg": "100"}
    assert [item["event"] for item in found.evidence[1:]] == ["S2", "S3", "S1"]
    assert "from 2 lots" in localized(found.explanation)["en"] and "2 个批次" in localized(found.explanation)["zh"]


def test_of_what_an_unfiled_month_would_have_brought_only_the_month_is_asked() -> None:
    drawn = "A T1 transformation 5 a 1 40 role=in"
    assert detect(drawn, silent="2025-05") == []
    assert len(detect(drawn, silent="2025-07")) == 1
    # Of what the book has there is no more than it has.
    assert len(detect(MADE, "A S1 shipment 5 a 1 150 party=B", silent="2025-05")) == 1


def test_another_lot_in_stock_does_not_cover_it() -> None:
    assert len(detect(MADE, "A O2 origin 2 a 2 500 origin_kind=mined", "A S1 shipment 5 a 1 150 party=B")) == 1


def test_a_site_that_never_counted_is_not_asked_lot_by_lot() -> None:
    rows = (MADE, "A S1 shipment 5 a 1 150 party=B")
    assert detect(*rows, counted=None) == detect(*rows, counted="b") == []


def test_a_shipment_that_was_never_received_is_named_as_the_likely_reason() -> None:
    (found,) = detect("B S1 shipment 3 b 1 40 party=A", "A T1 transformation 5 a 1 39.9 role=in")
    assert found.evidence[-1] == {
        "organisation": "B", "movement": 1, "event": "S1", "kind": "shipment", "on": "2025-06-03", "mass_kg": "40",
    }  # fmt: skip
    assert "B filed a shipment of 40 kg of it on 2025-06-03" in localized(found.explanation)["en"]
    assert "B 申报于 2025-06-03" in localized(found.explanation)["zh"]


def test_a_lot_without_composition_has_no_oxide_that_is_known() -> None:
    (found,) = detect(MADE, "A S1 shipment 5 a 1 150 party=B", treo_ppb=None)
    assert (found.mass_mg, found.elements) == (0, ())
    assert found.evidence[0]["totals"]["unaccounted_kg"] == "50"
