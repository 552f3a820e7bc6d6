"""Random networks: the balances hold, nothing moves without need, repeated balances change nothing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lodeline.accountancy.reconciliation import locate, reconcile
from lodeline.accountancy.untestable import REASONS

Floats = npt.NDArray[np.float64]


@st.composite
def networks(draw: st.DrawFn) -> tuple[Floats, Floats, Floats]:
    """Balances of a graph whose streams run between nodes or the outside (node −1), measurements, their σ."""
    nodes, streams = draw(st.integers(1, 5)), draw(st.integers(2, 9))
    balances = np.zeros((nodes, streams))
    for stream in range(streams):
        begin, end = draw(st.integers(-1, nodes - 1)), draw(st.integers(-1, nodes - 1))
        if begin != end:
            for node, sign in ((begin, -1.0), (end, 1.0)):
                if node >= 0:
                    balances[node, stream] = sign
    measured = [draw(st.one_of(st.just(float("nan")), st.floats(1, 1000))) for _ in range(streams)]
    sigma = [draw(st.floats(0.01, 20)) for _ in range(streams)]
    return balances, np.array(measured), np.array(sigma)


@given(networks())
def test_the_balances_hold_and_corrections_are_the_smallest(made: tuple[Floats, Floats, Floats]) -> None:
    balances, measured, sigma = made
    found = reconcile(measured, sigma, balances)
    known = np.isfinite(found.value)
    whole = (balances[:, ~known] == 0).all(axis=1)
    assert balances[np.ix_(whole, known)] @ found.value[known] == pytest.approx(0, abs=1e-5)
    seen = np.isfinite(measured)
    assert known[seen].all()
    assert (found.sigma[seen] <= sigma[seen] * (1 + 1e-9)).all()
    moved = ((found.value - measured) / sigma)[seen]
    assert found.value[seen & ~found.redundant] == pytest.approx(measured[seen & ~found.redundant], rel=1e-6)
    if found.reason is None:
        assert found.global_test == pytest.approx(moved @ moved, rel=1e-6, abs=1e-6)
        assert np.nanmax(found.measurement_test, initial=0) ** 2 <= found.global_test * (1 + 1e-6) + 1e-9
        best = locate(found)
        assert best[0].z ** 2 <= found.global_test * (1 + 1e-6) + 1e-9
        assert len({name for one in best for name in one.alike}) == sum(len(one.alike) for one in best)
    again = reconcile(measured, sigma, np.vstack([balances, balances.sum(axis=0)]))
    assert again.value == pytest.approx(found.value, rel=1e-6, abs=1e-6, nan_ok=True)
    assert again.freedom == found.freedom


@given(networks(), st.sampled_from([0.0, float("nan"), float("inf"), -1.0]), st.integers(0, 1))
def test_bad_uncertainties_and_measurements_say_why(
    made: tuple[Floats, Floats, Floats], bad: float, place: int
) -> None:
    balances, measured, sigma = made
    sigma[place] = bad
    found = reconcile(measured, sigma, balances)
    assert found.reason is None or found.reason in REASONS
    measured[place] = float("inf")
    refused = reconcile(measured, sigma, balances)
    assert refused.reason in REASONS
    assert locate(refused) == []
