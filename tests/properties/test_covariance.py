"""Random plants: the covariance of their differences is that of a simulation which knows nothing of the formula."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.accountancy.conftest import Ledger

from lodeline.accountancy.balance import balance
from lodeline.accountancy.battery import battery
from lodeline.accountancy.covariance import BalanceRuns, balance_runs, window_of_elements
from lodeline.accountancy.signature import identify
from lodeline.accountancy.untestable import REASONS
from lodeline.material.element import SYMBOLS

Floats = npt.NDArray[np.float64]

ELEMENTS = ("Pr", "Nd")
SHARES = {"Pr": 0.12, "Nd": 0.31}
#: Relative standard deviations (random, systematic) in percent that a plant's methods may have.
ERRORS = st.tuples(st.sampled_from(["0.1", "0.5", "1.5"]), st.sampled_from(["0", "0.2", "0.8"]))
METHODS = {
    "scale-a": "weighing", "scale-b": "weighing", "lab-a": "assay", "lab-b": "assay", "probe": "sampling",
}  # fmt: skip


class Plant:
    """A ledger under construction, and beside it every term of every difference with the errors that act on it."""

    def __init__(self, errors: dict[str, tuple[str, str]]) -> None:
        self.ledger = Ledger()
        self.errors = errors
        for name, (random, systematic) in errors.items():
            self.ledger.method(name, METHODS[name], random, systematic)
        #: (period, element) → terms (signed mass, error sources each with its relative size).
        self.terms: dict[tuple[int, str], list[tuple[float, dict[Any, float]]]] = {}
        self.assayed: dict[int, tuple[str, str]] = {}

    def make_lot(self, lot: int, maker: str, method: str) -> None:
        self.ledger.assay(lot, None, **{symbol: 100 * share for symbol, share in SHARES.items()})
        self.ledger.move("origin", "01-01", 900, lot=lot, site=maker, organisation="mines", method=f"{method};probe")
        self.assayed[lot] = (maker, method)

    def assay_here(self, lot: int, method: str) -> None:
        # To the last digit the maker's figure would be the maker's measurement.
        self.ledger.assay(lot, "acme-1", **{symbol: 100 * share + 1e-4 for symbol, share in SHARES.items()})
        self.assayed[lot] = ("acme-1", method)

    def term(self, period: int, signed_kg: float, lot: int, weighing: Any, scale: str | None) -> None:
        for symbol, share in SHARES.items():
            errors: dict[Any, float] = {}
            if scale is not None:
                random, systematic = self.errors[scale]
                errors[("weighing", weighing)] = float(random) / 100
                errors[("calibration", scale)] = float(systematic) / 100
            laboratory, method = self.assayed[lot]
            random, systematic = self.errors[method]
            errors[("assay", lot, symbol)] = float(random) / 100
            errors[("laboratory", laboratory, method, symbol)] = float(systematic) / 100
            if laboratory != "acme-1":
                random, systematic = self.errors["probe"]
                errors[("sample", lot)] = float(random) / 100
                errors[("probe", laboratory)] = float(systematic) / 100
            self.terms.setdefault((period, symbol), []).append((signed_kg * share, errors))

    def simulated(self, order: list[tuple[int, str]], runs: int) -> Floats:
        """Differences in kg of so many repetitions of all measurements, (runs, differences)."""
        random = np.random.default_rng(20_260_706)
        drawn: dict[Any, Floats] = {}
        result = np.zeros((len(order), runs))
        for place, key in enumerate(order):
            for mass, errors in self.terms.get(key, []):
                composition, weight = np.ones(runs), np.ones(runs)
                for source, size in errors.items():
                    if source not in drawn:
                        drawn[source] = random.standard_normal(runs)
                    part = weight if source[0] in ("weighing", "calibration") else composition
                    part += size * drawn[source]
                result[place] += mass * weight * composition
        return result.T


@st.composite
def plants(draw: st.DrawFn) -> tuple[Plant, int]:
    """Up to five months with lots received, shipped and counted; some counts repeat the mass of the one before."""
    plant = Plant({name: draw(ERRORS) for name in METHODS})
    periods, stock = draw(st.integers(2, 5)), draw(st.integers(1, 2))
    scale, laboratory = st.sampled_from(["scale-a", "scale-b"]), st.sampled_from(["lab-a", "lab-b"])
    kg = st.integers(20, 90)
    for lot in range(10, 10 + stock):
        plant.make_lot(lot, draw(st.sampled_from(["mine-1", "mine-2"])), draw(laboratory))
    held: dict[int, tuple[int, Any, str]] = {}
    next_lot = 100
    for period in range(-1, periods):
        day = f"{period + 2:02}-28"
        if period >= 0:
            for _ in range(draw(st.integers(0, 2))):
                lot, next_lot = next_lot, next_lot + 1
                plant.make_lot(lot, draw(st.sampled_from(["mine-1", "mine-2"])), draw(laboratory))
                own, name, mass = draw(st.booleans()), draw(scale), draw(kg)
                method = draw(laboratory)
                row = plant.ledger.move("receipt", f"{period + 2:02}-05", mass, lot=lot, method=f"{name};{method}")
                if own:
                    plant.assay_here(lot, method)
                plant.term(period, mass, lot, row, name)
                if draw(st.booleans()):
                    # As much as came, to the milligram, would not have been weighed again.
                    name, mass = draw(scale), draw(st.sampled_from([one for one in range(20, 91) if one != mass]))
                    row = plant.ledger.move("shipment", f"{period + 2:02}-15", -mass, lot=lot, method=name)
                    plant.term(period, -mass, lot, row, name)
        plant.ledger.count(day, {})
        for lot in range(10, 10 + stock):
            repeat = period >= 0 and draw(st.booleans())
            mass, weighing, name = held[lot] if repeat else (draw(kg), None, draw(scale))
            plant.ledger.seq += 1
            count = {
                "organisation": "acme", "site": "acme-1", "seq": plant.ledger.seq, "lot": lot,
                "on": plant.ledger.rows["count_scopes"][-1]["on"], "mass_mg": mass * 1_000_000,
                "method": "carried-over" if repeat else name,
            }  # fmt: skip
            plant.ledger.rows["counts"].append(count)
            if period >= 0:
                before_mass, before_weighing, before_name = held[lot]
                plant.term(period, before_mass, lot, before_weighing, before_name)
                plant.term(period, -mass, lot, weighing or count["seq"], name)
            held[lot] = (mass, weighing or count["seq"], name)
    return plant, periods


def runs_of(plant: Plant, **options: Any) -> BalanceRuns:
    arguments: dict[str, Any] = {**plant.ledger.frames(), "elements": ELEMENTS, "sites": ["acme-1"], **options}
    return balance_runs(**arguments)


def agrees(plant: Plant, periods: int, runs: int) -> None:
    both = runs_of(plant, along="both")
    order = list(zip((both.differences["until"].dt.month() - 2).to_list(), both.differences["element"], strict=True))
    assert len(order) == periods * len(ELEMENTS)
    expected = both.covariance_mg2[0] / 1e12
    simulated = plant.simulated(order, runs)
    assert both.muf_mg[0] / 1e6 == pytest.approx(simulated.mean(axis=0), abs=6 * expected.diagonal().max() ** 0.5)
    deviation = np.sqrt(expected.diagonal())
    assert deviation == pytest.approx(simulated.std(axis=0), rel=0.02, abs=1e-9)
    found = np.cov(simulated.T)
    # The standard error of a sample covariance of normal variables (Anderson 2003, theorem 3.4.4); second-order
    # products of errors are in the simulation and not in the formula.
    spread = np.sqrt((np.outer(deviation**2, deviation**2) + expected**2) / runs)
    assert (np.abs(found - expected) < 5 * spread + 2e-3 * np.outer(deviation, deviation) + 1e-12).all()


@pytest.mark.medium
@given(plants())
@settings(max_examples=12, deadline=None)
def test_covariance_is_that_of_simulated_plants(made: tuple[Plant, int]) -> None:
    agrees(*made, runs=20_000)


@pytest.mark.slow
@given(plants())
def test_covariance_is_that_of_100_000_simulated_plants(made: tuple[Plant, int]) -> None:
    agrees(*made, runs=100_000)


@pytest.mark.medium
@given(plants())
@settings(max_examples=15, deadline=None)
def test_the_three_ways_to_ask_agree_with_the_balance(made: tuple[Plant, int]) -> None:
    plant, periods = made
    both = runs_of(plant, along="both")
    blocks = both.covariance_mg2[0].reshape(periods, len(ELEMENTS), periods, len(ELEMENTS))
    rounding = 1e-9 * blocks.max()
    by_period, by_element = runs_of(plant), runs_of(plant, along="elements")
    at = {symbol: place for place, symbol in enumerate(sorted(ELEMENTS, key=SYMBOLS.index))}
    for matrix, symbol in enumerate(by_period.differences.filter(place=0)["element"]):
        assert by_period.covariance_mg2[matrix] == pytest.approx(blocks[:, at[symbol], :, at[symbol]], abs=rounding)
    for period in range(periods):
        assert by_element.covariance_mg2[period] == pytest.approx(blocks[period, :, period, :], abs=rounding)
    arguments: dict[str, Any] = plant.ledger.frames()
    rows = balance(**arguments, elements=ELEMENTS, sites=["acme-1"]).drop_nulls("sigma_mg")
    joined = rows.join(by_period.differences, on=["site", "element", "until"], suffix="_run")
    assert joined.height == periods * len(ELEMENTS)
    assert joined["muf_mg"].to_list() == joined["muf_mg_run"].to_list()
    assert joined["sigma_mg"].to_list() == pytest.approx(joined["sigma_mg_run"].to_list(), rel=1e-6, abs=1e-3)
    summed, covariance = window_of_elements(
        both.muf_mg[0], both.covariance_mg2[0], periods=slice(0, 2), elements=len(ELEMENTS)
    )
    assert summed == pytest.approx(both.muf_mg[0].reshape(periods, -1)[:2].sum(axis=0))
    assert covariance == pytest.approx(blocks[:2, :, :2].sum(axis=(0, 2)))


numbers = st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.just(0.0), st.floats(-1e3, 1e3))
VALUES: Callable[[int], st.SearchStrategy[list[float]]] = lambda size: st.lists(  # noqa: E731
    numbers, min_size=size, max_size=size
)


@given(st.data(), st.integers(0, 4), st.integers(1, 3), st.booleans())
def test_whatever_was_measured_nothing_raises_and_what_cannot_be_tested_does_not_alarm(
    data: st.DataObject, periods: int, runs: int, definite: bool
) -> None:
    muf = np.array(data.draw(VALUES(runs * periods))).reshape(runs, periods)
    root = np.array(data.draw(VALUES(periods * periods))).reshape(periods, periods)
    with np.errstate(all="ignore"):
        covariance = root @ root.T + (np.eye(periods) if definite else 0)
    result = battery(muf, covariance, budget=0.05)
    assert result.height == 2 * runs
    for row in result.iter_rows(named=True):
        assert row["reason"] is None or row["reason"] in REASONS
        assert not (row["reason"] and row["alarm"])
        assert (row["p"] is None) == (row["reason"] is not None)
        assert row["p"] is None or 0 <= row["p"] <= 1
    for row_of in muf:
        told = identify(row_of, covariance, SYMBOLS[:periods], side=-1)
        assert told.reason in REASONS if told.reason else 0 <= told.p <= 1
