"""Sample sizes and detection probabilities as they stand in print, to the printed digit.

Each source was read where the constant says; none is from memory. The figures were published for other inspectors (of
herds, accounts, fuels, ballots), whose question is the same: at least one of d among N.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from lodeline.accountancy.verification.sampling import (
    ALARM,
    alarm_limit,
    detection_probability,
    falsified_items,
    miss_approximation,
    miss_by_classes,
    power_of_difference,
    recognition,
    safe_sample_size,
    sample_size,
    sample_size_approximation,
    sigma_difference,
)

#: R package epiR, help of rsu.sssep.rs, examples 1 to 3 (github.com/cran/epiR, man/rsu.sssep.rs.Rd), after MacDiarmid,
#: N. Z. Vet. J. 36 (1988) 39: items, share falsified, wanted, recognised, "we need to sample".
HERDS = [(1000, 0.05, 0.95, 0.90, 65), (5000, 0.08, 0.95, 0.995, 38), (200, 0.20, 0.95, 1.0, 15)]
#: R package RSurveillance, help of n.hypergeo and n.freedom with their output (rdrr.io/cran/RSurveillance/man).
SURVEILLANCE = [
    ([100, 200, 500, 1000, 10000], [1, 2, 5, 10, 100], 0.95, 1.0, [95, 156, 226, 259, 296]),
    ([100], [5], [0.5, 0.8, 0.9, 0.95], 1.0, [13, 28, 37, 46]),
    ([80], [1, 2, 5, 10], 0.95, 1.0, [76, 63, 37, 21]),
    ([80], [2, 5, 10], 0.95, 0.8, [78, 46, 26]),
    ([500], [5], 0.95, [0.5, 0.6, 0.7, 0.8, 0.9, 0.99, 1.0], [451, 376, 322, 282, 251, 228, 226]),
]
#: R package jfa (audit sampling), test f7-v0.5.5-t9 to t11 "Consistency of statistical tables", hypergeometric, 10 %
#: risk, no error expected; tolerable shares 2-5 % and 8-10 %, 15 %, 20 % of N = 100, and 1-5 %, 7-10 %, 15 %, 20 %.
#: Its column of 6 % is left out: 0.06·N came out above a whole number there.
AUDIT = {
    100: ([2, 3, 4, 5, 8, 9, 10, 15, 20], [69, 54, 44, 37, 25, 22, 20, 14, 10]),
    500: ([5, 10, 15, 20, 25, 35, 40, 45, 50, 75, 100], [184, 102, 71, 54, 43, 31, 27, 24, 22, 14, 11]),
    1000: ([10, 20, 30, 40, 50, 70, 80, 90, 100, 150, 200], [205, 108, 73, 55, 44, 32, 28, 25, 22, 15, 11]),
}


@pytest.mark.parametrize(("items", "share", "wanted", "recognised", "printed"), HERDS)
def test_herds(items: int, share: float, wanted: float, recognised: float, printed: int) -> None:
    assert safe_sample_size(items, round(items * share), wanted, recognised) == printed


@pytest.mark.parametrize(("items", "falsified", "wanted", "recognised", "printed"), SURVEILLANCE)
def test_surveillance(items: object, falsified: object, wanted: object, recognised: object, printed: list[int]) -> None:
    found = safe_sample_size(np.array(items), np.array(falsified), np.array(wanted), np.array(recognised))
    assert found.tolist() == printed


@pytest.mark.parametrize("items", AUDIT)
def test_audit_tables_exact(items: int) -> None:
    falsified, printed = AUDIT[items]
    assert [sample_size(items, one, 0.90) for one in falsified] == printed


def test_audit_one_and_five_percent_of_a_thousand() -> None:
    """jfa, tests of planning(): N = 1000, confidence .95, hypergeometric: 258 at 1 %, 57 at 5 %."""
    assert (sample_size(1000, 10, 0.95), sample_size(1000, 50, 0.95)) == (258, 57)


def test_fuel_attestation() -> None:
    """40 CFR 1090.1805: 29 of any large population, at 95 %, none expected, 10 % tolerable."""
    assert sample_size(1_000_000, 100_000, 0.95) == 29


def test_livestock_manual() -> None:
    """Cannon & Roe, Livestock Disease Surveys (1982), as its electronic tables show: N 1600, 1 %, 99 %: 399."""
    assert sample_size(1600, 16, 0.99) == sample_size_approximation(1600, 16, 0.99) == 399


def test_large_populations() -> None:
    """epiR, help of rsu.sep.rs, example 1: 300 of very many, 1 %, recognised .95: .943."""
    found = detection_probability(10**6, 300, 10**4, 0.95)
    assert float(found) == pytest.approx(0.943, abs=0.0005)


def test_imperfect_methods() -> None:
    """RSurveillance, help of sep.hypergeo: .46 for one falsified of 100, 50 drawn, recognised .92."""
    assert float(detection_probability(100, 50, 1, 0.92)) == pytest.approx(0.46)
    # Its .640 … .92224 for 2 to 5 are 1 − (1 − q n/N)^d: drawing without replacement shows a little more.
    printed = np.array([0.40000, 0.64000, 0.78400, 0.87040, 0.92224])
    assert np.all(detection_probability(100, 50, np.arange(1, 6), 0.8) >= printed - 1e-12)


def test_ballots() -> None:
    """Aslam, Popa & Rivest, EVT 2007, abstract: the approximation is never too small, and for N ≤ 10 000, d ≤ N/2 and
    probabilities up to .99 it was never found more than one too large."""
    for items in (10, 37, 150, 1000, 10_000):
        for part in (0.005, 0.02, 0.1, 0.3, 0.5):
            falsified = max(1, int(items * part))
            for wanted in (0.5, 0.8, 0.9, 0.95, 0.99):
                exact = sample_size(items, falsified, wanted)
                assert 0 <= int(sample_size_approximation(items, falsified, wanted)) - exact <= 1


def test_agency_formula() -> None:
    """J. Nucl. Mater. Manage. 44 (3), abstract: the exact size is the agency's or one, two or three fewer, for all
    cases that matter to safeguards; here d up to a tenth of N."""
    for items in (30, 100, 400, 2000):
        for falsified in range(1, items // 10 + 1, max(1, items // 50)):
            for wanted in (0.2, 0.5, 0.9, 0.95):
                fewer = int(safe_sample_size(items, falsified, wanted)) - sample_size(items, falsified, wanted)
                assert 0 <= fewer <= 3


def test_sender_and_receiver() -> None:
    """РБ-066-11 (Rostekhnadzor order 535 of 2011), appendix 5: 90.1 g of ±75 g and ±50 g; 0.09 kg of 25 kg at 0.2 and
    0.3 %."""
    assert round(math.hypot(75, 50), 1) == 90.1
    random = float(np.hypot(0.002, 0.003))
    assert round(float(sigma_difference(1, 25.0, 1, random, 0.0)), 2) == 0.09


def test_falsified_items_are_whole() -> None:
    assert falsified_items([8.0, 8.1, 0.3], [2.0, 2.0, 0.1]).tolist() == [4, 5, 3]


def test_recognition() -> None:
    # Nothing is missing: three σ on both sides, as every table of the normal distribution has it.
    assert float(recognition(0.0, 0.01, alarm=3.0)) == pytest.approx(0.0027, abs=1e-5)
    assert float(recognition(0.037, 0.008, 0.006)) == pytest.approx(0.5, abs=1e-3)
    assert alarm_limit(230) < ALARM < alarm_limit(240)
    assert float(recognition(0.5, 0.001)) == 1.0
    assert 1 - (1 - float(recognition(0.0, 1.0, alarm=alarm_limit(40)))) ** 40 == pytest.approx(0.05)


def test_difference() -> None:
    # N x̄ = 100; 2 % random of 4 items, 1 % systematic: 100 √(.0001 + .0001).
    assert float(sigma_difference(50, 2.0, 4, 0.02, 0.01)) == pytest.approx(math.sqrt(2))
    assert float(power_of_difference(0.0, 1.0)) == pytest.approx(0.05)
    assert float(power_of_difference(1.6448536 + 1.2815516, 1.0)) == pytest.approx(0.9, abs=1e-6)


@pytest.mark.parametrize("sizes", [(0, 5, 0.9), (10, 0, 0.9), (10, 11, 0.9), (10, 2, 1.0)])
def test_sizes_without_meaning(sizes: tuple[int, int, float]) -> None:
    with pytest.raises(ValueError, match="probability"):
        sample_size(*sizes)


def test_a_method_too_weak() -> None:
    with pytest.raises(ValueError, match="weak"):
        sample_size(10, 2, 0.95, 0.5)


def test_simulated_draws() -> None:
    """Draws that know nothing of the formulas: two methods of different strength on one sample."""
    generator, runs = np.random.default_rng(20261129), 20_000
    items, falsified, strong, weak = 60, 7, 5, 9
    place = generator.permuted(np.tile(np.arange(items), (runs, 1)), axis=1)[:, : strong + weak] < falsified
    luck = generator.random((runs, strong + weak)) < np.r_[np.full(strong, 0.95), np.full(weak, 0.4)]
    shown = (place & luck).any(axis=1).mean()
    theory = 1 - float(miss_by_classes(items, falsified, [(strong, 0.95), (weak, 0.4)]))
    assert abs(shown - theory) < 3 * math.sqrt(theory * (1 - theory) / runs)
    rough = float(miss_approximation(items, strong + weak, falsified))
    exact = 1 - float(detection_probability(items, strong + weak, falsified))
    assert abs(rough - exact) < 0.01
