"""σ by hand, the published check value of the covariance, and simulation."""

from __future__ import annotations

from math import hypot, sqrt
from typing import Any

import numpy as np
import pytest
from tests.unit.accountancy.covariance import muf_covariance

from lodeline.accountancy.balance import balance
from lodeline.accountancy.uncertainty import DEFAULTS
from lodeline.material.element import OXIDE_PER_ELEMENT_PPB

KG = 1_000_000
PERIODS = 12


def reference_plant() -> dict[str, Any]:
    """In 100, out 98, stock from 50 rising 2 a period; each with its own method; closing stock is the next opening."""
    signed, act, key = [], [], []
    for i in range(PERIODS):
        signed += [50.0 + 2 * i, 100.0, -98.0, -(52.0 + 2 * i)]
        act += [i, 100 + i, 200 + i, i + 1]
        key += [0, 1, 2, 0]
    return {
        "periods": PERIODS,
        "period": np.repeat(np.arange(PERIODS), 4),
        "signed_mass": np.array(signed),
        "act": np.array(act),
        "random": np.full(len(act), 0.005),
        "key": np.array(key),
        "systematic": np.full(len(key), 0.003),
    }


def test_covariance_meets_its_check_value() -> None:
    covariance = muf_covariance(**reference_plant())
    sd = np.sqrt(np.diag(covariance))[:6]
    assert sd == pytest.approx([0.893, 0.898, 0.904, 0.911, 0.917, 0.923], abs=0.0005)
    assert covariance[0, 1] == pytest.approx(0.1089, abs=0.00005)
    assert covariance[0, 5] == pytest.approx(0.1765, abs=0.00005)
    assert np.array_equal(covariance, covariance.T)


def test_covariance_agrees_with_simulation() -> None:
    plant = reference_plant()
    random, runs = np.random.default_rng(20260525), 40_000
    act_error = random.normal(size=(runs, plant["act"].max() + 1))[:, plant["act"]] * plant["random"]
    key_error = random.normal(size=(runs, plant["key"].max() + 1))[:, plant["key"]] * plant["systematic"]
    observed_error = (plant["signed_mass"] * (act_error + key_error)).reshape(runs, PERIODS, 4).sum(axis=2)
    simulated = np.cov(observed_error.T)
    expected = muf_covariance(**plant)
    # The standard error of a sample covariance of normal variables (Anderson 2003, theorem 3.4.4).
    spread = np.sqrt((np.outer(np.diag(expected), np.diag(expected)) + expected**2) / runs)
    assert np.abs(simulated - expected).max() < 4.5 * spread.max()
    assert np.abs(expected).min() > 4.5 * spread.max(), "the tolerance is finer than any entry"


def test_an_item_carried_over_unmeasured_cancels() -> None:
    covariance = muf_covariance(
        periods=1,
        period=np.array([0, 0]),
        signed_mass=np.array([50.0, -50.0]),
        act=np.array([7, 7]),
        random=np.array([0.01, 0.01]),
        key=np.array([0, 0]),
        systematic=np.array([0.01, 0.01]),
    )
    assert covariance == pytest.approx(0.0)


def closed_period(ledger: Any, method: str | None = "W", closing_kg: float = 52, **closing: Any) -> None:
    ledger.count("01-31", {1: 50}, method=method)
    ledger.move("receipt", "02-10", 100, lot=2, method=method and f"{method}-in")
    ledger.move("shipment", "02-12", -98, lot=2, method=method and f"{method}-out")
    ledger.count("02-28", {1: closing_kg}, method=method, **closing)


def sigma_kg(ledger: Any, element: str = "TREO") -> float:
    (row,) = ledger.balance(elements=[element])
    assert row["z"] == pytest.approx(row["muf_mg"] / row["sigma_mg"])
    return float(row["sigma_mg"]) / KG


def test_sigma_of_a_balance_is_the_first_check_value(ledger: Any) -> None:
    for method in ("W", "W-in", "W-out"):
        ledger.method(method, "weighing", "0.5", "0.3")
    closed_period(ledger)
    assert sigma_kg(ledger) == pytest.approx(0.893, abs=0.0005)


def test_one_scale_for_everything_cancels_its_calibration_error_in_what_comes_and_goes(ledger: Any) -> None:
    ledger.method("W", "weighing", "0", "1")
    ledger.count("01-31", {1: 50}, method="W")
    ledger.move("receipt", "02-10", 100, lot=2, method="W")
    ledger.move("shipment", "02-12", -97, lot=2, method="W")
    ledger.count("02-28", {1: 50}, method="W")
    assert sigma_kg(ledger) == pytest.approx(0.03)


def test_one_assay_serves_all_rows_of_its_lot(ledger: Any) -> None:
    ledger.assay(7, Nd=50)
    ledger.method("exact", "weighing", "0", "0")
    ledger.method("ICP", "assay", "2", "0", element="Nd")
    ledger.method("ICP", "assay", "9", "0")
    ledger.move("origin", "01-01", 100, lot=7, method="exact;ICP")
    ledger.count("01-31", {7: 100}, method="exact")
    ledger.move("shipment", "02-10", -60, lot=7, method="exact")
    ledger.count("02-28", {7: 39}, method="exact")
    # 100 − 60 − 39 = 1 kg of lot, half of it Nd, whose share is uncertain by 2 %: what was carried over cancels.
    row = next(row for row in ledger.balance(elements=["Nd"]) if row["sigma_mg"] is not None)
    assert row["muf_mg"] == 0.5 * KG
    assert row["sigma_mg"] == pytest.approx(0.02 * 0.5 * KG)


def test_the_receivers_assay_brings_its_own_error(ledger: Any) -> None:
    ledger.method("exact", "weighing", "0", "0")
    ledger.method("lab-a", "assay", "1", "0")
    ledger.method("lab-b", "assay", "3", "0")
    ledger.assay(7, TREO=50)
    ledger.assay(7, site="acme-1", TREO=51)
    ledger.move("origin", "01-01", 100, lot=7, site="mine", organisation="mine", method="lab-a")
    ledger.count("01-31", {}, method="exact")
    ledger.move("receipt", "02-05", 100, lot=7, method="exact;lab-b")
    ledger.count("02-28", {}, method="exact")
    (row,) = [row for row in ledger.balance(sites=["acme-1"], elements=["TREO"]) if row["sigma_mg"] is not None]
    assert row["sigma_mg"] == pytest.approx(0.03 * 51 * KG)


def test_a_receiver_who_repeats_the_makers_certificate_measured_nothing(ledger: Any) -> None:
    ledger.method("exact", "weighing", "0", "0")
    ledger.method("lab-a", "assay", "1", "0")
    ledger.assay(7, TREO=50)
    ledger.assay(7, site="acme-1", TREO=50)
    ledger.move("origin", "01-01", 100, lot=7, site="mine", organisation="mine", method="lab-a")
    ledger.count("01-31", {}, method="exact")
    ledger.move("receipt", "02-05", 100, lot=7, method="exact")
    ledger.count("02-28", {}, method="exact")
    (row,) = [row for row in ledger.balance(sites=["acme-1"], elements=["TREO"]) if row["sigma_mg"] is not None]
    assert row["sigma_mg"] == pytest.approx(0.01 * 50 * KG)


def test_a_lot_passed_on_to_the_milligram_was_weighed_once(ledger: Any) -> None:
    ledger.method("scale", "weighing", "1", "0.5")
    ledger.method("certain", "assay", "0", "0")
    for lot in (7, 8):
        ledger.assay(lot, TREO=50)
        ledger.move("origin", "01-01", 100, lot=lot, site="mine", organisation="mine", method="certain")
    ledger.count("01-31", {})
    for lot, out in ((7, -60), (8, -60)):
        ledger.move("receipt", "02-05", 100, lot=lot, method="scale")
        ledger.move("shipment", "02-10", out, lot=lot, method="scale")
    ledger.move("shipment", "02-20", -40, lot=7, method="scale")
    ledger.move("shipment", "02-20", -39, lot=8, method="scale")
    ledger.count("02-28", {})
    (row,) = [row for row in ledger.balance(sites=["acme-1"], elements=["TREO"]) if row["sigma_mg"] is not None]
    random = 0.01 * 50 * hypot(1, 0.6, 0.39)
    assert row["sigma_mg"] == pytest.approx(hypot(random, 0.005 * 0.5) * KG, rel=1e-6)


@pytest.mark.parametrize("of_totals", [(), ("TREO",), ("",)])
def test_a_computed_total_errs_as_the_elements_it_was_computed_from(ledger: Any, of_totals: tuple[str, ...]) -> None:
    """Whatever the register says of totals that are measured as such."""
    ledger.method("exact", "weighing", "0", "0")
    for element in of_totals:
        ledger.method("icp", "assay", "3", "1", element=element or None)
    ledger.method("icp", "assay", "1", "0.5", element="Nd")
    ledger.method("icp", "assay", "2", "0", element="Pr")
    ledger.assay(7, Nd=30, Pr=10)
    total_ppb = sum((share * OXIDE_PER_ELEMENT_PPB[symbol] + 50) // 100 for symbol, share in (("Nd", 30), ("Pr", 10)))
    ledger.assay(7, TREO=total_ppb / 1e7)
    ledger.move("origin", "01-01", 100, lot=7, site="mine", organisation="mine", method="icp")
    ledger.count("01-31", {}, method="exact")
    ledger.move("receipt", "02-05", 100, lot=7, method="exact")
    ledger.count("02-28", {}, method="exact")
    rows = [row for row in ledger.balance(sites=["acme-1"]) if row["sigma_mg"] is not None]
    sigma = {row["element"]: row["sigma_mg"] for row in rows}
    oxide = {symbol: OXIDE_PER_ELEMENT_PPB[symbol] / 1e9 for symbol in ("Nd", "Pr")}
    neodymium, praseodymium = 30 * oxide["Nd"] * hypot(0.01, 0.005), 10 * oxide["Pr"] * 0.02
    assert sigma["TREO"] == pytest.approx(hypot(neodymium, praseodymium) * KG, rel=1e-6)


def test_two_lots_of_one_laboratory_share_its_systematic_error(ledger: Any) -> None:
    ledger.method("exact", "weighing", "0", "0")
    ledger.method("lab", "assay", "0", "2")
    for lot, maker in ((7, "mine-1"), (8, "mine-1"), (9, "mine-2")):
        ledger.assay(lot, TREO=50)
        ledger.move("origin", "01-01", 100, lot=lot, site=maker, organisation="mine", method="exact;lab")
    ledger.count("01-31", {}, method="exact")
    for lot in (7, 8, 9):
        ledger.move("receipt", "02-05", 100, lot=lot, method="exact")
    ledger.count("02-28", {}, method="exact")
    (row,) = [row for row in ledger.balance(sites=["acme-1"], elements=["TREO"]) if row["sigma_mg"] is not None]
    assert row["sigma_mg"] == pytest.approx(hypot(0.02 * 100, 0.02 * 50) * KG)


def test_rows_without_a_method_take_the_defaults(ledger: Any) -> None:
    ledger.assay(7, TREO=50)
    ledger.count("01-31", {})
    ledger.move("receipt", "02-05", 100, lot=7, product="concentrate")
    ledger.count("02-28", {})
    (row,) = [row for row in ledger.balance() if row["sigma_mg"] is not None]
    applied = [entry for entry in DEFAULTS if (entry["quantity"], entry["element"], entry["product"]) in {
        ("weighing", "", ""), ("assay", "TREO", ""), ("sampling", "", "concentrate"),
    }]  # fmt: skip
    relative = sqrt(sum((float(row[part]) / 100) ** 2 for row in applied for part in ("random_pct", "systematic_pct")))
    assert len(applied) == 3
    assert row["sigma_mg"] == pytest.approx(relative * 50 * KG)


def test_a_share_of_one_hundred_percent_is_an_assay_only_if_one_is_named(ledger: Any) -> None:
    for method in ("exact", "exact-in", "exact-out"):
        ledger.method(method, "weighing", "0", "0")
    closed_period(ledger, method="exact", closing_kg=51)
    (row,) = ledger.balance()
    assert (row["muf_mg"], row["sigma_mg"], row["z"]) == (1 * KG, 0.0, None)
    ledger.method("lab", "assay", "1", "0")
    ledger.move("origin", "2025-12-01", 100, lot=2, site="mine", method="lab")
    (row,) = ledger.balance(sites=["acme-1"])
    assert row["sigma_mg"] == pytest.approx(0.01 * 2 * KG), "100 came and 98 left of the lot that was assayed"


def test_a_count_that_was_not_weighed_again_adds_no_weighing(ledger: Any) -> None:
    for method in ("W-in", "W-out"):
        ledger.method(method, "weighing", "0", "0")
    ledger.method("W", "weighing", "1", "0")
    closed_period(ledger, closing_kg=50)
    assert sigma_kg(ledger) == pytest.approx(hypot(0.5, 0.5)), "the same mass twice is two weighings"
    ledger.rows["counts"][-1]["method"] = "W;carried-over"
    (row,) = ledger.balance()
    assert row["sigma_mg"] == 0.0
    ledger.rows["counts"][-1]["mass_mg"] += KG
    assert sigma_kg(ledger) == pytest.approx(hypot(0.5, 0.51)), "another mass was weighed, whatever the row says"


def test_an_adjustment_is_not_weighed(ledger: Any) -> None:
    ledger.count("01-31", {})
    ledger.move("adjustment", "02-05", 100, lot=1)
    ledger.count("02-28", {})
    (row,) = ledger.balance()
    assert (row["muf_mg"], row["sigma_mg"]) == (100 * KG, 0.0)


def test_moisture_counts_where_it_was_measured(ledger: Any) -> None:
    ledger.method("exact", "weighing", "0", "0")
    ledger.method("oven", "moisture", "0.7", "0")
    ledger.count("01-31", {})
    ledger.move("receipt", "02-05", 100, lot=1, method="exact; oven")
    ledger.count("02-28", {1: 100}, method="exact")
    assert sigma_kg(ledger) == pytest.approx(0.7)


def test_the_order_of_the_frames_changes_no_bit(ledger: Any) -> None:
    ledger.method("W", "weighing", "0.137", "0.051")
    ledger.assay(7, Nd=24.1234567, Pr=6.0212345, TREO=41.2345678)
    ledger.count("01-31", {1: 50.123, 7: 20.77}, method="W")
    for day in range(1, 28):
        ledger.move("receipt", f"02-{day:02}", 7.123 + day / 7, lot=7, method="W" if day % 3 else None)
        ledger.move("export", f"02-{day:02}", -1.357 - day / 11, lot=1 + day % 2)
    ledger.count("02-28", {1: 5.123, 7: 211.77}, method="W")
    frames = ledger.frames()
    shuffled: dict[str, Any] = {name: frame.sample(fraction=1, shuffle=True, seed=7) for name, frame in frames.items()}
    expected = balance(**frames)
    assert any(expected["sigma_mg"].drop_nulls() > 0)
    assert balance(**shuffled).equals(expected)
