"""σ of MUF, D and MUF − D is what a plant with known truth shows, and z has the false alarms of its budget."""

from __future__ import annotations

import polars as pl
import pytest

from lodeline.accountancy.verification.difference import SEEN_WITH
from lodeline.material.element import SYMBOLS
from verified_sigma import BUDGET, POPULATION, powers, simulated, spread_of
from visiting.defects import KINDS, Store, seen

pytestmark = pytest.mark.ci

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


@pytest.mark.parametrize(
    ("store", "kind"),
    [
        (Store(lots=60, looked=20, weighed=0, shot=0), "gross, 1 item"),
        (Store(lots=16, looked=12, weighed=6, shot=0), "gross, 4 items"),
        (Store(lots=200, looked=40, weighed=15, shot=0), "gross, 4 items"),
        (Store(lots=60, looked=20, weighed=8, shot=0), "partial, half of 4"),
        (Store(lots=60, looked=20, weighed=15, shot=15), "partial, 5 % of a quarter"),
        (Store(lots=16, looked=12, weighed=6, shot=6), "bias, 4 % of all"),
    ],
)
def test_intervals_hold_what_is_missing_where_a_defect_was_met(store: Store, kind: str) -> None:
    met, covered, every = seen(store, KINDS[kind](store.lots), 400, seed=3).covered()
    assert covered >= 0.9 - 2 * (0.09 / 400 / met) ** 0.5
    # Who met none estimates too little: `would_see_mg` says what that may be.
    if store.shot == 0 and store.lots < 200:
        assert every == pytest.approx(met * covered, abs=0.02)


def test_weighing_is_not_lost_in_what_an_xrf_errs() -> None:
    store = Store(lots=60, looked=20, weighed=15, shot=15)
    quiet, bias, openly = (
        seen(store, KINDS[kind](store.lots), 500, seed=4).powers()
        for kind in ("nothing", "bias, 1 % of all", "openly missing, .2 % of all")
    )
    assert quiet["with masses"] == pytest.approx(BUDGET, abs=4 * (BUDGET / 500) ** 0.5)
    assert bias["MUF - D"] < 0.15 and bias["with masses"] > 0.9
    # It costs little elsewhere.
    assert openly["with masses"] > openly["MUF and D"] - 0.06


@pytest.mark.parametrize("openly", [0.0, 0.5, 1.0])
def test_what_a_visit_says_that_it_would_have_seen_is_seen(openly: float) -> None:
    clean = simulated(50, POPULATION)
    would_see = clean.verified().filter(pl.col("element") == "Nd")["would_see_mg"].sum()
    stock = clean.books.balances.filter(pl.col("element") == SYMBOLS.index("Nd"))["closing_mg"].sum()
    part = float(would_see) / float(stock)
    found = simulated(400, POPULATION, open_share=part * openly, hidden_share=part * (1 - openly)).verified()
    assert powers(found.filter(pl.col("element") == "Nd"))["joint"] > SEEN_WITH - 2 * (0.09 / 400) ** 0.5
