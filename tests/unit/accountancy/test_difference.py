"""A little of every lot is seen between two firms; what a badly calibrated scale explains is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from lodeline.accountancy.difference import PAIRS, TRANSFERS, pair_tests, transfer_scores
from lodeline.accountancy.untestable import UNKNOWN_DIFFERENCE, UNKNOWN_UNCERTAINTY, ZERO_VARIANCE

KG = 1_000_000
UNCERTAINTY: dict[str, Any] = {
    "shipper_random": 0.002, "shipper_systematic": 0.001, "shipper_key": "scale;c1",
    "receiver_random": 0.002, "receiver_systematic": 0.001, "receiver_key": "scale;c1",
}  # fmt: skip


def pair(count: int, *, skim: float = 0.0, seed: int = 1, bias: float = 0.0, **more: Any) -> pl.DataFrame:
    """Transfers of 1 t from S to R, of which `skim` is taken; `bias` is what the receiver's scale reads too low."""
    random = np.random.default_rng(seed)
    shipped = 1000 * KG * (1 + 0.002 * random.standard_normal(count))
    received = 1000 * KG * (1 - skim - bias) * (1 + 0.002 * random.standard_normal(count))
    return pl.DataFrame(
        [
            {"shipper": "S", "receiver": "R", "shipped_mg": round(s), "received_mg": round(r), **UNCERTAINTY, **more}
            for s, r in zip(shipped, received, strict=True)
        ],
        schema=TRANSFERS,
    )


def test_one_transfer_by_hand() -> None:
    row = pair(1).with_columns(shipped_mg=pl.lit(1000 * KG), received_mg=pl.lit(990 * KG))
    (scored,) = transfer_scores(row).to_dicts()
    assert scored["difference_mg"] == 10 * KG
    assert scored["sigma_mg"] == pytest.approx(1000 * KG * (2 * 0.002**2 + 2 * 0.001**2) ** 0.5)
    assert scored["z"] == pytest.approx(10 / 3.1623, rel=1e-4)


def test_a_small_skim_of_every_lot_is_found_on_its_side() -> None:
    less, more = pair_tests(pair(60, skim=0.006)).to_dicts()
    assert (less["side"], more["side"]) == (1, -1)
    assert less["p_sum"] < 1e-4
    assert less["p_page"] < 0.01
    assert less["p_sign"] < 1e-4
    assert more["p_sum"] > 0.99
    assert more["p_page"] > 0.5


def test_what_the_calibration_explains_is_not_alarmed_though_every_sign_is_the_same() -> None:
    less = pair_tests(pair(200, bias=0.0015)).row(0, named=True)
    assert less["p_sum"] > 0.05
    assert less["p_page"] > 0.01
    assert less["p_sign"] < 1e-6


def test_a_new_calibration_is_a_new_systematic_error() -> None:
    apart = pair(10).with_columns(shipper_key=pl.Series([f"scale;c{place}" for place in range(10)]))
    together, separate = (pair_tests(frame).row(0, named=True)["sigma_mg"] for frame in (pair(10), apart))
    assert separate < together


@pytest.mark.medium
def test_clean_pairs_alarm_no_more_than_they_should() -> None:
    random = np.random.default_rng(5)
    found = []
    for seed in range(400):
        frame = pair(20, seed=seed + 100, bias=float(random.normal() * 0.001 + random.normal() * 0.001))
        row = pair_tests(frame).row(0, named=True)
        found.append((row["p_sum"], row["p_page"]))
    rates = (np.array(found) <= 0.1).mean(axis=0)
    assert rates == pytest.approx([0.1, 0.1], abs=0.045)


def test_what_cannot_be_scored_says_why_and_raises_nothing() -> None:
    rows = pl.concat(
        [
            pair(1).with_columns(received_mg=pl.lit(None, pl.Int64)),
            pair(1, shipper="T", shipper_random=None),
            pair(1, shipper="U", receiver_random=float("nan")),
            pair(1, shipper="V").with_columns(shipped_mg=pl.lit(0, pl.Int64)),
        ]
    )
    reasons = [UNKNOWN_DIFFERENCE, UNKNOWN_UNCERTAINTY, UNKNOWN_UNCERTAINTY, ZERO_VARIANCE]
    assert transfer_scores(rows)["reason"].to_list() == reasons
    assert transfer_scores(rows)["z"].null_count() == 4
    tested = pair_tests(rows)
    assert tested["reason"].to_list() == [reason for reason in reasons for _ in range(2)]
    assert tested["p_sum"].null_count() == tested.height
    assert pair_tests(rows.clear()).schema == pl.Schema(PAIRS)
