"""Lots that nobody assays: a balance is tested at their most innocent; where that says nothing they are asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.unit.detection.test_imbalance import KG, book, books

from lodeline.accountancy.unassayed import feasible_treo, most_innocent
from lodeline.detection.detectors.unassayed_lot import unassayed_lot
from lodeline.detection.detectors.unexplained_gain import unexplained_gain
from lodeline.detection.detectors.unexplained_loss import unexplained_loss
from lodeline.detection.finding import Finding
from lodeline.detection.limits import limits_of
from lodeline.material.element import SYMBOLS
from lodeline.material.product import PRODUCTS
from lodeline.message import localized

NAMES = pl.DataFrame({"lot": [1, 2], "name": ["acme/OXIDE-1", "acme/SWARF-2"]})


def plant(*, left: float, swarf: float, kept: float = 0.0) -> dict[str, pl.DataFrame]:
    """A ton of oxide comes in, `swarf` kg of unknown composition go out; 500 kg at the beginning, `left` kg at the end.

    `kept`: so much swarf lies there all the while.
    """
    moves = [("receipt", "01-10", 1000), ("shipment", "01-20", -swarf), ("transformation", "01-15", swarf + kept)]
    frames = book(moves, [("01-01", 500), ("01-31", left)])
    other, products = pl.Series([1, 2, 2]), pl.Series(["oxide:PrNd", "swarf", "swarf"])
    frames["movements"] = frames["movements"].with_columns(lot=other, product=products)
    if kept:
        counts = frames["counts"]
        lying = counts.with_columns(
            lot=pl.lit(2, pl.Int64), mass_mg=pl.lit(int(kept * KG), pl.Int64), seq=pl.col("seq") + 100
        )
        frames["counts"] = pl.concat([counts, lying])
    return frames


def asked(frames: dict[str, pl.DataFrame]) -> list[Finding]:
    return unassayed_lot(
        books=books(frames), movements=frames["movements"], lots=NAMES, limits=limits_of("unassayed-lot")
    )


def lost(frames: dict[str, pl.DataFrame]) -> list[Finding]:
    chosen = {name: frame for name, frame in frames.items() if name != "count_scopes"}
    return unexplained_loss(books=books(frames), **chosen)


def test_one_unknown_lot_does_not_switch_the_balance_off() -> None:
    """100 kg of swarf hold at most 50 kg of oxide: 450 kg are missing whatever it holds."""
    frames = plant(left=1000, swarf=100)
    (found,) = lost(frames)
    assert 440 * KG < found.mass_mg < 451 * KG
    assert "Lots without an assay: 1" in localized(found.explanation)["en"]
    assert found.evidence[0]["balance"]["unassayed_kg"] == ["-50", "-10"]
    assert asked(frames) == []


def test_a_gain_is_judged_at_what_the_lot_holds_least() -> None:
    frames = plant(left=1900, swarf=100)
    (found,) = unexplained_gain(books=books(frames), **frames)
    # 400 kg too much, and the swarf took at least 10 with it.
    assert 405 * KG < found.mass_mg < 411 * KG


def test_where_the_unknown_explains_everything_its_lots_are_named_and_an_assay_is_asked_for() -> None:
    frames = plant(left=1300, swarf=1000)
    assert lost(frames) == []
    (found,) = asked(frames)
    assert found.subject == {"organisation": "acme", "site": "acme-1"}
    assert (found.score, found.mass_mg, found.period) == (None, 400 * KG, {"from": "2026-01", "to": "2026-01"})
    assert "acme/SWARF-2" in localized(found.explanation)["en"] and "acme/SWARF-2" in localized(found.explanation)["zh"]
    assert found.evidence[0]["untested"]["unassayed_kg"] == ["-500", "-100"]
    assert found.evidence[1] == {"lot": "acme/SWARF-2", "product": "swarf", "dry_kg": "1000", "open_kg": "400"}


@pytest.mark.parametrize("frames", [plant(left=1500, swarf=5), plant(left=1500, swarf=0.0, kept=2000)])
def test_what_is_small_or_lies_still_is_let_be_and_hides_nothing(frames: dict[str, pl.DataFrame]) -> None:
    assert asked(frames) == []
    missing = dict(frames)
    missing["counts"] = frames["counts"].with_columns(
        mass_mg=pl.when((pl.col("lot") == 1) & (pl.col("mass_mg") > 600 * KG))
        .then(pl.lit(1000 * KG, pl.Int64))
        .otherwise("mass_mg")
    )
    assert len(lost(missing)) == 1


def test_a_lot_whose_making_nobody_filed_is_no_matter_of_an_assay() -> None:
    """What is missing is that paper; the balance is taken at its most innocent all the same."""
    frames = plant(left=1300, swarf=1000)
    frames["movements"] = frames["movements"].filter(pl.col("kind") != "transformation")
    assert asked(frames) == []
    assert lost(frames) == []


def leached(dysprosium: float) -> dict[str, pl.DataFrame]:
    """100 t of ore with 0.02 % Dy are leached: `dysprosium` kg of it leave as an oxide, 95 t as tailings, whose assay
    states no Dy because a laboratory reports none below 0.01 %."""
    frames = book(
        [("receipt", "01-05", 100_000), ("shipment", "01-20", -95_000), ("shipment", "01-25", -dysprosium)],
        [("01-01", 10), ("01-31", 10)],
    )
    frames["movements"] = frames["movements"].with_columns(lot=pl.Series([1, 2, 3]))
    frames["counts"] = frames["counts"].with_columns(lot=pl.lit(4, pl.Int64))
    shares = [
        (1, "Dy", 0.02), (1, "Nd", 5.0), (1, "TREO", 5.02), (2, "Nd", 0.01), (2, "TREO", 0.01),
        (3, "Dy", 100.0), (3, "TREO", 100.0), (4, "Nd", 100.0), (4, "TREO", 100.0),
    ]  # fmt: skip
    frames["lot_assays"] = pl.DataFrame(
        [(lot, SYMBOLS.index(symbol), round(pct * 10_000_000)) for lot, symbol, pct in shares],
        schema=frames["lot_assays"].schema, orient="row",
    )  # fmt: skip
    return frames


@pytest.mark.parametrize(("made", "missing"), [(14.0, None), (10.6, None), (4.0, 16.0)])
def test_an_element_that_an_assay_does_not_state_may_be_there_up_to_the_reporting_limit(
    made: float, missing: float | None
) -> None:
    """Of 20 kg in the ore the tailings may hold 9.5. What is asked about is what the books say."""
    chosen = {name: frame for name, frame in leached(made).items() if name != "count_scopes"}
    found = unexplained_loss(books=books(leached(made)), **chosen)
    runs = [item["run"] for one in found for item in one.evidence if "run" in item]
    masses = [float(run["mass_kg"]) for run in runs if run["element"] == "Dy"]
    assert masses == ([] if missing is None else [pytest.approx(missing, rel=0.05)])


def test_no_finding_without_counts() -> None:
    frames = plant(left=1000, swarf=1000)
    nothing = {name: frame.clear() if name.startswith("count") else frame for name, frame in frames.items()}
    assert asked(nothing) == []


@pytest.mark.parametrize(
    ("muf", "low", "high", "expected"),
    [
        (0.0, 0.0, 0.0, 0.0),
        (7.0, 0.0, 0.0, 7.0),
        (7.0, -3.0, -1.0, 4.0),
        (-7.0, -3.0, -1.0, -8.0),
        (2.0, -3.0, -1.0, np.nan),
        (0.2, -0.3, 0.1, 0.0),
    ],
)
def test_the_most_innocent_difference(muf: float, low: float, high: float, expected: float) -> None:
    arrays: Any = (np.array([one]) for one in (muf, 1.0, low, high))
    assert most_innocent(*arrays) == pytest.approx(np.array([expected]), nan_ok=True)


def test_every_kind_of_product_has_bounds() -> None:
    table = feasible_treo()
    assert set(table["kind"].drop_nulls()) == set(PRODUCTS)
    assert (table["low_ppb"] < table["high_ppb"]).all()
