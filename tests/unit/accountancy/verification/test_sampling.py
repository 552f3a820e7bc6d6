"""Sample sizes and detection probabilities as they stand in print, to the printed digit: plans are asked for them.

Each source was read where the constant says; none is from memory. The figures were published for other inspectors (of
herds, accounts, fuels, ballots), whose question is the same: at least one of d among N.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.unit.accountancy.verification.chances import least, missed, planned, shown

from lodeline.accountancy.verification.sampling import power_of_difference, recognition

#: R package RSurveillance, help of n.freedom and n.hypergeo with their output (rdrr.io/cran/RSurveillance/man), of
#: methods that recognise everything: items, falsified, wanted, "sample size".
SURVEILLANCE = [
    *zip((100, 200, 500, 1000, 10_000), (1, 2, 5, 10, 100), [0.95] * 5, (95, 156, 226, 259, 296), strict=True),
    *((100, 5, wanted, size) for wanted, size in ((0.5, 13), (0.8, 28), (0.9, 37), (0.95, 46))),
    *((80, falsified, 0.95, size) for falsified, size in ((1, 76), (2, 63), (5, 37), (10, 21))),
    # R package epiR, help of rsu.sssep.rs, example 3 (github.com/cran/epiR), after MacDiarmid, N. Z. Vet. J. 36 (1988).
    (200, 40, 0.95, 15),
]
#: R package jfa (audit sampling), test f7-v0.5.5-t9 to t11 "Consistency of statistical tables", hypergeometric, 10 %
#: risk, no error expected; tolerable shares 2-5 % and 8-10 %, 15 %, 20 % of N = 100, and 1-5 %, 7-10 %, 15 %, 20 %.
#: Its column of 6 % is left out: 0.06·N came out above a whole number there.
AUDIT = {
    100: ([2, 3, 4, 5, 8, 9, 10, 15, 20], [69, 54, 44, 37, 25, 22, 20, 14, 10]),
    500: ([5, 10, 15, 20, 25, 35, 40, 45, 50, 75, 100], [184, 102, 71, 54, 43, 31, 27, 24, 22, 14, 11]),
    1000: ([10, 20, 30, 40, 50, 70, 80, 90, 100, 150, 200], [205, 108, 73, 55, 44, 32, 28, 25, 22, 15, 11]),
}


@pytest.mark.parametrize(("items", "falsified", "wanted", "printed"), SURVEILLANCE)
def test_plans_take_as_many_as_is_printed(items: int, falsified: int, wanted: float, printed: int) -> None:
    number, probability = planned(items, falsified, wanted)
    assert number == printed
    assert probability == pytest.approx(float(shown(items, printed, falsified)), abs=1e-9)
    assert probability >= wanted - 1e-9


@pytest.mark.parametrize("items", AUDIT)
def test_audit_tables_exact(items: int) -> None:
    falsified, printed = AUDIT[items]
    assert [least(items, one, 0.90) for one in falsified] == printed


def test_audit_one_and_five_percent_of_a_thousand() -> None:
    """jfa, tests of planning(): N = 1000, confidence .95, hypergeometric: 258 at 1 %, 57 at 5 %."""
    assert (least(1000, 10, 0.95), least(1000, 50, 0.95)) == (258, 57)


def test_fuel_attestation() -> None:
    """40 CFR 1090.1805: 29 of any large population, at 95 %, none expected, 10 % tolerable."""
    assert least(1_000_000, 100_000, 0.95) == 29


def test_livestock_manual() -> None:
    """Cannon & Roe, Livestock Disease Surveys (1982), as its electronic tables show: N 1600, 1 %, 99 %: 399."""
    assert least(1600, 16, 0.99) == 399


def test_large_populations() -> None:
    """epiR, help of rsu.sep.rs, example 1: 300 of very many, 1 %, recognised .95: .943."""
    assert float(shown(10**6, 300, 10**4, 0.95)) == pytest.approx(0.943, abs=0.0005)


def test_imperfect_methods() -> None:
    """RSurveillance, help of sep.hypergeo: .46 for one falsified of 100, 50 drawn, recognised .92."""
    assert float(shown(100, 50, 1, 0.92)) == pytest.approx(0.46)
    # Its .640 … .92224 for 2 to 5 are 1 − (1 − q n/N)^d: drawing without replacement shows a little more.
    printed = np.array([0.40000, 0.64000, 0.78400, 0.87040, 0.92224])
    assert np.all(shown(100, 50, np.arange(1, 6), 0.8) >= printed - 1e-12)


@pytest.mark.medium
def test_plans_are_no_more_than_three_too_large() -> None:
    """J. Nucl. Mater. Manage. 44 (3), abstract: the exact size is the agency's or one, two or three fewer, for all
    cases that matter to safeguards; here d up to a tenth of N."""
    for items, falsified in ((30, 1), (30, 3), (100, 4), (100, 10), (400, 3), (400, 40), (2000, 7), (2000, 200)):
        for wanted in (0.2, 0.5, 0.9, 0.95):
            assert 0 <= planned(items, falsified, wanted)[0] - least(items, falsified, wanted) <= 3


def test_recognition() -> None:
    # Nothing is missing: three σ on both sides, as every table of the normal distribution has it.
    assert float(recognition(0.0, 0.01, alarm=3.0)) == pytest.approx(0.0027, abs=1e-5)
    assert float(recognition(0.037, 0.008, 0.006)) == pytest.approx(0.5, abs=1e-3)
    # Šidák: 230 true items, tested singly, alarm at all with no more than 5 %.
    assert (1 - float(recognition(0.0, 1.0))) ** 230 >= 0.95 > (1 - float(recognition(0.0, 1.0))) ** 240
    assert float(recognition(0.5, 0.001)) == 1.0


def test_difference() -> None:
    assert float(power_of_difference(0.0, 1.0)) == pytest.approx(0.05)
    assert float(power_of_difference(1.6448536 + 1.2815516, 1.0)) == pytest.approx(0.9, abs=1e-6)


def test_simulated_draws() -> None:
    """Draws that know nothing of the formulas: two methods of different strength on one sample."""
    generator, runs = np.random.default_rng(20261129), 20_000
    items, falsified, strong, weak = 60, 7, 5, 9
    place = generator.permuted(np.tile(np.arange(items), (runs, 1)), axis=1)[:, : strong + weak] < falsified
    luck = generator.random((runs, strong + weak)) < np.r_[np.full(strong, 0.95), np.full(weak, 0.4)]
    shown = (place & luck).any(axis=1).mean()
    theory = 1 - float(missed(items, falsified, [(strong, 0.95), (weak, 0.4)]))
    assert abs(shown - theory) < 3 * math.sqrt(theory * (1 - theory) / runs)
