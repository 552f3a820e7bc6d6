"""What a site's balance makes of months that its firm, or a firm that supplies it, never filed."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest
from tests.unit.detection.test_imbalance import books

from lodeline.accountancy.frames import COUNT_SCOPES, COUNTS, LOT_ASSAYS, MOVEMENTS, SITE_ASSAYS
from lodeline.accountancy.implied import accounted, undelivered
from lodeline.ledger.label import DRAWN_AS
from lodeline.ledger.transfer import TRANSFER

KG = 1_000_000
HERE = {"organisation": "mag", "site": "mag-1"}


def day(text: str) -> date:
    return date.fromisoformat(f"2026-{text}")


def moves(*rows: tuple[int, str, str, float], short: float = 0) -> pl.DataFrame:
    """(lot, kind, 'MM-DD', kg); each decrease lacks `short` kg of the lot."""
    return pl.DataFrame(
        [
            {
                **HERE, "seq": seq, "lot": lot, "owner": "mag", "kind": kind, "on": day(on), "product": f"oxide:{lot}",
                "delta_mg": round(kg * KG), "unaccounted_mg": round(short * KG) if kg < 0 else 0,
            }
            for seq, (lot, kind, on, kg) in enumerate(rows)
        ], dict(MOVEMENTS),
    )  # fmt: skip


def stock(*rows: tuple[int, str, float]) -> pl.DataFrame:
    """(lot, 'MM-DD', kg)."""
    return pl.DataFrame(
        [
            {**HERE, "seq": seq, "lot": lot, "on": day(on), "product": f"oxide:{lot}", "mass_mg": round(kg * KG)}
            for seq, (lot, on, kg) in enumerate(rows, 100)
        ], dict(COUNTS),
    )  # fmt: skip


def silent(*months: str) -> pl.DataFrame:
    """'FIRM MM'."""
    rows = [(firm, f"2026-{month}", "missing") for firm, month in (text.split() for text in months)]
    return pl.DataFrame(
        rows, {"organisation": pl.String(), "period": pl.String(), "state": pl.String()}, orient="row"
    )  # fmt: skip


SUPPLIED = pl.DataFrame([{"shipper": "sep", "receiver": "mag"}], TRANSFER)


def late(movements: pl.DataFrame, status: pl.DataFrame, counts: pl.DataFrame | None = None) -> list[tuple[Any, ...]]:
    found = undelivered(
        transfers=SUPPLIED, movements=movements, counts=stock() if counts is None else counts, status=status
    )
    return found.select("lot", "on", pl.col("delta_mg") // KG).rows()


USED = moves((7, "transformation", "03-20", -40), short=40)


@pytest.mark.parametrize("status", [silent("sep 01"), silent("sep 03")])
def test_what_is_used_of_no_lot_came_from_the_supplier_that_was_silent(status: pl.DataFrame) -> None:
    assert late(USED, status) == [(7, day("03-20"), 40)]


@pytest.mark.parametrize(
    ("movements", "status"),
    [
        pytest.param(USED, silent(), id="nobody was silent"),
        pytest.param(USED, silent("sep 04"), id="silent after the use"),
        pytest.param(USED, silent("other 02"), id="no supplier"),
        pytest.param(
            moves((7, "receipt", "03-01", 50), (7, "transformation", "03-20", -40)), silent("sep 02"), id="it was there"
        ),
    ],
)
def test_without_a_silent_supplier_or_a_lack_nothing_is_taken_as_received(
    movements: pl.DataFrame, status: pl.DataFrame
) -> None:
    assert late(movements, status) == []


def test_of_a_lot_that_was_there_in_part_the_rest_is_taken_and_of_one_that_was_only_counted_all() -> None:
    part = moves((7, "receipt", "03-01", 30), (7, "transformation", "03-20", -40), short=10)
    assert late(part, silent("sep 02")) == [(7, day("03-20"), 10)]
    assert late(part.clear(), silent("sep 02"), stock((8, "03-31", 5))) == [(8, day("03-31"), 5)]


def test_goods_that_came_without_papers_and_were_used_are_not_held_for_ever() -> None:
    used = moves((7, "transformation", "03-20", -40), (7, "receipt", "03-20", 40), short=40)
    told = accounted(used, used.select("site", "lot").unique())
    assert (told["delta_mg"] + told["unaccounted_mg"]).sum() == 0
    assert accounted(used, used.select("site", "lot").clear()).sort("seq").equals(used)


def balanced(movements: pl.DataFrame, counts: pl.DataFrame, status: pl.DataFrame, **more: Any) -> list[Any]:
    """The days between which a balance of the site closes."""
    scopes = counts.select(name for name in COUNT_SCOPES if name in counts.columns).unique(maintain_order=True)
    assays = pl.DataFrame([(lot, 16, 10**9) for lot in (1, 2, 7)], dict(LOT_ASSAYS), orient="row")
    frames = {
        "movements": movements, "counts": counts, "count_scopes": scopes, "lot_assays": assays,
        "site_assays": pl.DataFrame(schema=dict(SITE_ASSAYS)),
    }  # fmt: skip
    found = books(frames, status=status, **more).differences
    return found.select("since", "until").unique().sort("until").rows()


#: Lot 2 lies there in January and is used up in February, which is not filed.
TWO = moves((1, "origin", "01-02", 100), (2, "origin", "01-02", 50))
COUNTED = stock((1, "01-31", 100), (2, "01-31", 50), (1, "03-31", 100), (1, "04-30", 100))


def test_what_was_used_up_in_a_silent_month_keeps_no_later_balance_open() -> None:
    spans = [(day("01-31"), day("03-31")), (day("03-31"), day("04-30"))]
    assert balanced(TWO, COUNTED, silent("mag 02")) == spans


def test_what_nobody_counts_keeps_the_balance_open_where_every_month_was_filed_or_more_has_come() -> None:
    assert balanced(TWO, COUNTED, silent()) == []
    another = pl.concat([TWO, moves((7, "origin", "03-15", 20)).with_columns(product=pl.lit("oxide:2"))])
    assert balanced(another, COUNTED, silent("mag 02")) == []


def test_a_lot_with_two_names_is_one_lot_in_the_book() -> None:
    """Received as lot 1, used as lot 7 that nobody made: nothing of either is left."""
    twice = moves(
        (1, "receipt", "02-05", 60), (7, "transformation", "02-20", -60), (2, "origin", "01-02", 50), short=60
    )
    names = pl.DataFrame([("mag", 7, 1)], DRAWN_AS, orient="row")
    counts = stock((2, "01-31", 50), (2, "02-28", 50))
    assert balanced(twice, counts, silent(), names=names) == [(day("01-31"), day("02-28"))]
    assert balanced(twice, counts, silent()) == []
