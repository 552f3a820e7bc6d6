"""What came in is named by its elements, and what cannot be told apart is named together."""

from __future__ import annotations

import numpy as np
import pytest

from lodeline.accountancy.signature import SIGNATURES, Signature, identify
from lodeline.accountancy.untestable import REASONS, SINGULAR_COVARIANCE, UNKNOWN_ELEMENTS, ZERO_VARIANCE

ELEMENTS = ("Y", "La", "Ce", "Pr", "Nd", "Sm", "Gd", "Tb", "Dy")
BY_NAME = {one.name: one for one in SIGNATURES}


def plant() -> np.ndarray:
    """Covariance in kg²: each element assayed by itself, one weighing shared by all."""
    masses = np.array([30.0, 250, 500, 50, 170, 12, 7, 2, 5])
    return np.diag((masses * 0.02) ** 2 + 0.2**2) + np.outer(masses, masses) * 0.003**2


def vector(name: str, kg: float) -> np.ndarray:
    return kg * np.array([BY_NAME[name].shares.get(symbol, 0.0) for symbol in ELEMENTS])


@pytest.mark.parametrize("name", ["ion-clay-heavy", "ion-clay-middle", "xenotime", "swarf-ndfeb-dy", "oxide-dy"])
@pytest.mark.parametrize("side", [1, -1])
def test_a_large_difference_is_named(name: str, side: int) -> None:
    noise = np.linalg.cholesky(plant()) @ np.random.default_rng(7).standard_normal(len(ELEMENTS))
    told = identify(side * vector(name, 150) + noise, plant(), ELEMENTS, side=side)
    assert told.named[0] == name
    best = told.matches[0]
    part = sum(BY_NAME[name].shares.get(symbol, 0.0) for symbol in ELEMENTS)
    assert best.mass == pytest.approx(150, abs=4 * best.sigma), "the mass is that of all its rare earths"
    assert 0.8 < part <= 1
    assert told.p < 1e-6
    assert told.signature_p < 1e-6


def test_ores_that_look_alike_are_named_together() -> None:
    told = identify(-vector("bastnaesite-mountain-pass", 60), plant(), ELEMENTS, side=-1)
    assert "bastnaesite-mountain-pass" in told.named
    assert len(told.named) > 1


def test_what_fits_no_signature_gets_no_name() -> None:
    odd = np.zeros(len(ELEMENTS))
    odd[ELEMENTS.index("Sm")], odd[ELEMENTS.index("Y")], odd[ELEMENTS.index("Ce")] = -20, -20, 200
    told = identify(odd, plant(), ELEMENTS, side=-1)
    assert told.p < 1e-6
    assert told.named == ()


def test_t_squared_is_chi_squared_on_clean_sites() -> None:
    noise = np.random.default_rng(8).standard_normal((400, len(ELEMENTS))) @ np.linalg.cholesky(plant()).T
    p = np.array([identify(row, plant(), ELEMENTS, side=-1).p for row in noise])
    assert np.mean(p < 0.1) == pytest.approx(0.1, abs=0.05)
    assert np.mean([identify(row, plant(), ELEMENTS, side=-1).signature_p < 0.1 for row in noise]) < 0.15


def test_what_cannot_be_tested_says_why() -> None:
    two = ("Nd", "Pr")
    ones = np.ones((2, 2))
    assert identify(np.ones(2), ones, two, side=1).reason == SINGULAR_COVARIANCE
    assert identify(np.ones(2), 0 * ones, two, side=1).reason == ZERO_VARIANCE
    assert identify(np.ones(2), np.eye(2), ("Fe", "B"), side=1).reason == UNKNOWN_ELEMENTS
    assert all(set(texts) == {"en", "zh"} and all(texts.values()) for texts in REASONS.values())


def test_shares_are_of_the_metal_and_sum_to_one() -> None:
    assert {"bastnaesite-mianning", "monazite", "xenotime", "ion-clay-light", "ion-clay-heavy", "swarf-ndfeb"} <= set(
        BY_NAME
    )
    for one in SIGNATURES:
        assert sum(one.shares.values()) == pytest.approx(1)
        assert isinstance(one, Signature)
        assert one.name_zh != one.name_en
    heavy = BY_NAME["ion-clay-heavy"].shares
    # Y2O3 64.83 % of the oxides (Zhang Chi et al. 2016); yttrium is lighter, so of the metal it is less.
    assert 0.58 < heavy["Y"] < 0.6483
