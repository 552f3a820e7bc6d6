"""What a shipper sent and what a receiver found: one transfer by itself, and a pair of firms over time.

A scale that reads wrong and a hand that takes a little look alike for one pair, so the calibration errors of both
scales are part of the model, and what they can hide is not alarmed. The sign of many differences is tested without
any uncertainty at all.
Source: IAEA Safeguards Glossary (2022), shipper–receiver difference; Page, Biometrika 41 (1954).
"""

from __future__ import annotations

from math import comb
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.accountancy.distribution import normal_tail
from lodeline.accountancy.sequential import page, page_tail
from lodeline.accountancy.untestable import UNKNOWN_DIFFERENCE, UNKNOWN_UNCERTAINTY, ZERO_VARIANCE

Floats = npt.NDArray[np.float64]

#: Reference value of Page's test over a pair's transfers: a little of every lot.
REFERENCE: Final = 0.25
#: A row for each transfer, in the order of time within a pair. Uncertainties are relative, one σ; `shipper_key` and
#: `receiver_key` name what shares a systematic error at each end (method and calibration).
TRANSFERS: Final[dict[str, pl.DataType]] = {
    "shipper": pl.String(), "receiver": pl.String(), "shipped_mg": pl.Int64(), "received_mg": pl.Int64(),
    "shipper_random": pl.Float64(), "shipper_systematic": pl.Float64(), "shipper_key": pl.String(),
    "receiver_random": pl.Float64(), "receiver_systematic": pl.Float64(), "receiver_key": pl.String(),
}  # fmt: skip
#: A row for each pair and side: +1 the receiver has less than was shipped, −1 more. `p_sum` is of the summed difference
#: with both scales' calibrations in its σ; `p_page` of Page's test on what each transfer shows beyond those before
#: it; `p_sign` of as many differences of one sign (it needs no σ, and a badly calibrated scale fails it).
PAIRS: Final[dict[str, pl.DataType]] = {
    "shipper": pl.String(), "receiver": pl.String(), "side": pl.Int8(), "reason": pl.String(),
    "transfers": pl.Int64(), "difference_mg": pl.Int64(), "sigma_mg": pl.Float64(), "p_sum": pl.Float64(),
    "page": pl.Float64(), "p_page": pl.Float64(), "p_sign": pl.Float64(),
}  # fmt: skip


def transfer_scores(transfers: pl.DataFrame) -> pl.DataFrame:
    """The transfers with `difference_mg` (> 0: less arrived), `sigma_mg`, `z`, `reason` (of `untestable`, or null).

    Parameters: a frame with the columns TRANSFERS. `z` is null where a reason stands; nothing raises.
    """
    uncertainties = [name for name, kind in TRANSFERS.items() if kind == pl.Float64()]
    known = pl.all_horizontal(pl.col(uncertainties).is_not_null() & pl.col(uncertainties).is_finite())
    relative = pl.sum_horizontal(pl.col(name) ** 2 for name in uncertainties).sqrt()
    measured = pl.col("shipped_mg").is_not_null() & pl.col("received_mg").is_not_null()
    scored = transfers.with_columns(
        difference_mg=pl.col("shipped_mg") - pl.col("received_mg"),
        # Both ends measured one true mass; the shipper's figure stands for it.
        sigma_mg=relative * pl.col("shipped_mg").abs(),
    ).with_columns(
        reason=pl.when(~measured)
        .then(pl.lit(UNKNOWN_DIFFERENCE))
        .when(~known)
        .then(pl.lit(UNKNOWN_UNCERTAINTY))
        .when(pl.col("sigma_mg") == 0)
        .then(pl.lit(ZERO_VARIANCE))
    )
    return scored.with_columns(z=pl.when(pl.col("reason").is_null()).then(pl.col("difference_mg") / pl.col("sigma_mg")))


def pair_tests(transfers: pl.DataFrame) -> pl.DataFrame:
    """The tests of each (shipper, receiver) pair, columns PAIRS, two rows a pair; parameters as `transfer_scores`.

    Transfers that cannot be scored are left out; a pair without any other carries the reason of the last.
    """
    scored = transfer_scores(transfers)
    rows = []
    for (shipper, receiver), pair in scored.group_by("shipper", "receiver", maintain_order=True):
        usable = pair.filter(pl.col("reason").is_null())
        for side in (1, -1):
            row = {"shipper": shipper, "receiver": receiver, "side": side, "transfers": usable.height}
            tests = _tests(usable, side) if usable.height else {"reason": pair["reason"][-1]}
            rows.append(row | tests)
    return pl.DataFrame(rows, schema=PAIRS)


def _tests(pair: pl.DataFrame, side: int) -> dict[str, object]:
    difference = side * pair["difference_mg"].to_numpy()
    independent, sigma = _beyond_the_past(pair, difference.astype(np.float64))
    highest = float(page(independent[None], REFERENCE)[0])
    signs = difference[difference != 0]
    return {
        "difference_mg": int(difference.sum()),
        "sigma_mg": sigma,
        "p_sum": float(normal_tail(difference.sum() / sigma)),
        "page": highest,
        "p_page": page_tail(highest, reference=REFERENCE, periods=len(independent)),
        "p_sign": _sign_tail(int((signs > 0).sum()), len(signs)),
    }


def _beyond_the_past(pair: pl.DataFrame, difference: Floats) -> tuple[Floats, float]:
    """s = L⁻¹ d with the covariance of the pair's differences, and σ of their sum in mg."""
    mass = pair["shipped_mg"].to_numpy().astype(np.float64)
    random = np.hypot(pair["shipper_random"].to_numpy(), pair["receiver_random"].to_numpy())
    covariance = np.diag((mass * random) ** 2)
    for end in ("shipper", "receiver"):
        error = mass * pair[f"{end}_systematic"].to_numpy()
        key = pair[f"{end}_key"].fill_null("").to_numpy()
        covariance += np.outer(error, error) * (key[:, None] == key[None, :])
    # A shared error without any random one would leave nothing to compare; a part in a billion keeps it invertible.
    covariance += np.diag(1e-9 * np.diag(covariance))
    independent = np.linalg.solve(np.linalg.cholesky(covariance), difference)
    return independent.astype(np.float64, copy=False), float(np.sqrt(covariance.sum()))


def _sign_tail(positive: int, count: int) -> float:
    """P(at least so many heads of a fair coin)."""
    ways: int = sum(comb(count, heads) for heads in range(positive, count + 1))
    return float(ways / 2**count)
