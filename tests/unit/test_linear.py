"""Linear programmes: what SciPy finds, in whatever form they come; and not a word on anybody's terminal."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from lodeline.linear import Rows, least_sum


@pytest.mark.parametrize("seed", range(20))
def test_it_finds_what_scipy_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, unknowns = int(rng.integers(1, 8)), int(rng.integers(1, 12))
    weights = rng.normal(size=(rows, unknowns)) * (rng.random((rows, unknowns)) < 0.6)
    row_most = rng.normal(size=rows) + 2
    row_least = np.where(rng.random(rows) < 0.3, row_most, row_most - rng.random(rows) * 3)
    cost, least, most = rng.normal(size=unknowns), -rng.random(unknowns), rng.random(unknowns) * 4
    found = least_sum(cost, Rows.dense(weights), row_least=row_least, row_most=row_most, least=least, most=most)
    wanted = linprog(
        cost, A_ub=np.vstack([weights, -weights]), b_ub=np.concatenate([row_most, -row_least]),
        bounds=np.stack([least, most], axis=1), method="highs",
    )  # fmt: skip
    assert (found is None) == (wanted.status != 0)
    if found is not None:
        assert cost @ found == pytest.approx(wanted.fun, abs=1e-6)


def test_programmes_beside_each_other_are_solved_as_each_by_itself() -> None:
    rng = np.random.default_rng(5)
    entries = [(int(at) // 6, int(at) % 6) for at in rng.permutation(24)[:14]]
    row, column = (np.array(one) for one in zip(*entries, strict=True))
    rows = Rows.of(rng.normal(size=14), row, column, shape=(4, 6))
    most = rng.random((3, 4))
    cost = rng.normal(size=6)

    def solved(rows: Rows, most: np.ndarray, times: int) -> np.ndarray:
        found = least_sum(
            np.tile(cost, times), rows, row_least=np.full(len(most), -np.inf), row_most=most,
            least=np.zeros(6 * times), most=np.ones(6 * times),
        )  # fmt: skip
        assert found is not None
        return found

    each = [solved(rows, one, 1) for one in most]
    assert solved(rows.repeated(3), most.ravel(), 3) == pytest.approx(np.concatenate(each))


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    one = np.ones(1)
    for most in (2 * one, one / 2):
        least_sum(one, Rows.dense(np.ones((1, 1))), row_least=one, row_most=2 * one, least=0 * one, most=most)
    assert capfd.readouterr() == ("", "")
