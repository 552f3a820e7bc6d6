"""σ of MUF, D and MUF − D is what a plant with known truth shows, and z has the false alarms of its budget."""

from __future__ import annotations

import pytest

from verified_sigma import BUDGET, POPULATION, powers, simulated, spread_of

pytestmark = pytest.mark.medium

VISITS = 2_500


@pytest.mark.parametrize(("drawn", "assayed"), [(6, True), (POPULATION, False)])
def test_sigma_is_what_is_simulated_and_without_the_covariance_too_wide(drawn: int, assayed: bool) -> None:
    for row in spread_of(simulated(VISITS, drawn, assayed=assayed).verified()).to_dicts():
        error = (2 * VISITS) ** -0.5
        for name in ("muf", "d", "verified"):
            assert row[f"{name}_simulated"] == pytest.approx(row[name], rel=4 * error), name
        assert row["neglected"] > row["verified_simulated"] * (1 + 2 * error)
        most = 4 * (BUDGET * (1 - BUDGET) / VISITS) ** 0.5
        assert row["false_alarms"] == pytest.approx(BUDGET, abs=most)
        assert row["false_alarms_joint"] == pytest.approx(BUDGET, abs=most)
        assert row["false_alarms_neglected"] < BUDGET - most / 2


def test_a_loss_that_the_books_hide_is_seen_by_the_visit_alone() -> None:
    found = simulated(500, POPULATION, hidden_share=0.025).verified()
    power = powers(found.filter(found["element"] == "Nd"))
    assert power["MUF"] < 0.15
    assert power["joint"] > 0.8 and power["MUF-D"] > 0.8


def test_mass_that_is_missing_is_estimated_without_bias() -> None:
    world = simulated(1_000, POPULATION, open_share=0.02, hidden_share=0.02)
    found = world.verified()
    for place, element in enumerate(("Nd", "Dy")):
        rows = found.filter(found["element"] == element)
        error = rows["null_mg"].mean() / 1_000**0.5
        assert rows["verified_mg"].mean() == pytest.approx(world.missing_mg[place], abs=4 * error)
