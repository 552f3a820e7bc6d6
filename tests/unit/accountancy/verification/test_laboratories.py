"""Two sides of a split sample: bias, its growth, and who of the two is off."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.stats import false_discovery_control

from lodeline.accountancy.untestable import TOO_FEW
from lodeline.accountancy.verification.frames import DRIFTS, PAIRS, REFERENCES
from lodeline.accountancy.verification.laboratories import against_before, drifts, growing, paired, together

START = date(2026, 1, 1)
#: Bland & Altman, Lancet 327 (1986) 307, table 1: peak flow of 17 subjects, first reading of either meter.
WRIGHT = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
MINI = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]
#: Student, Biometrika 6 (1908) 1: sleep gained by ten patients with either drug; R's data set `sleep`.
FIRST = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SECOND = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def pairs(own: Any, other: Any, **more: Any) -> pl.DataFrame:
    row = {"kind": "laboratory", "own": "F", "other": "A", "method": "icp", "element": "Dy", "visit": 1, **more}
    rows = [
        {**row, "on": START + timedelta(days=day), "own_value": round(mine), "other_value": round(theirs)}
        for day, (mine, theirs) in enumerate(zip(own, other, strict=True))
    ]
    return pl.DataFrame([{name: one.get(name) for name in PAIRS} for one in rows], schema=dict(PAIRS), orient="row")


def reference(laboratory: str, measured: int, certified: int = 10_000_000) -> dict[str, Any]:
    return {"laboratory": laboratory, "element": "Dy", "on": START, "measured_ppb": measured,
            "certified_ppb": certified, "random": 0.01}  # fmt: skip


def references(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=dict(REFERENCES), orient="row")


def split(count: int, *, bias: float = 0.0, growth: float = 0.0, seed: int = 1) -> pl.DataFrame:
    """Samples of 1 to 3 % dysprosium; either laboratory errs by 1 %."""
    random = np.random.default_rng(seed)
    true = 10_000_000 * (1 + 2 * random.random(count))
    own = true * np.exp(bias + growth * np.arange(count) + 0.01 * random.standard_normal(count))
    return pairs(own, true * np.exp(0.01 * random.standard_normal(count)))


def test_two_flow_meters_as_bland_and_altman_print_them() -> None:
    found = paired(np.subtract(WRIGHT, MINI))
    deviation = found.error * 17**0.5
    assert (round(found.mean, 1), round(deviation, 1)) == (-2.1, 38.8)
    # Their limits of agreement, reckoned from the rounded figures.
    assert [round(found.mean, 1) + side * 2 * round(deviation, 1) for side in (-1, 1)] == pytest.approx([-79.7, 75.5])


def test_two_drugs_as_students_test_is_printed() -> None:
    found = paired(np.subtract(FIRST, SECOND))
    assert found.mean / found.error == pytest.approx(-4.0621, abs=5e-5)
    assert found.p == pytest.approx(0.002833, abs=5e-7)
    assert [found.low, found.high] == pytest.approx([-2.4598858, -0.7001142], abs=5e-8)


def test_a_laboratory_that_is_off_is_found_and_the_reference_says_which() -> None:
    frame = split(12, bias=0.03)
    (row,) = drifts(frame, references(reference("F", 10_300_000), reference("A", 10_000_000))).to_dicts()
    assert row["low"] < 0.03 < row["high"] and row["p"] < 0.01
    assert (row["anchor"], row["growing"], row["n"]) == ("own", False, 12)
    (row,) = drifts(frame, references(reference("A", 9_700_000), reference("F", 10_010_000))).to_dicts()
    assert row["anchor"] == "other" and row["other_off"] == pytest.approx(-0.0305, abs=1e-3)
    (row,) = drifts(frame, references(reference("A", 10_010_000))).to_dicts()
    # That the authority's is right says only that the firm's is off if one is; it was not asked itself.
    assert row["anchor"] is None and row["own_off"] is None
    (row,) = drifts(frame, references(reference("A", 10_000_000), reference("F", 10_000_000))).to_dicts()
    assert row["anchor"] == "neither"


def test_a_bias_that_grows_is_dated() -> None:
    random = np.random.default_rng(3)
    values = 0.01 * random.standard_normal(30)
    values[15:] += 0.03
    p, place = growing(values)
    assert p < 0.01 and place is not None and 13 <= place <= 17
    rows = drifts(split(30, growth=0.004), references()).to_dicts()
    assert rows[0]["growing"] and rows[0]["since"] < START + timedelta(days=20)


@pytest.mark.medium
def test_a_steady_bias_does_not_grow_however_large() -> None:
    runs, found = 2000, 0
    random = np.random.default_rng(4)
    for _ in range(runs):
        found += growing(1.0 + random.standard_normal(8))[1] is not None
    assert found / runs == pytest.approx(0.05, abs=4 * (0.05 / runs) ** 0.5)


def test_scores_against_those_before_are_independent_standard_normals() -> None:
    random = np.random.default_rng(5)
    scores = np.stack([against_before(3 + 2 * random.standard_normal(7)) for _ in range(4000)])
    assert np.allclose(scores.mean(axis=0), 0, atol=0.06) and np.allclose(scores.std(axis=0), 1, atol=0.05)
    assert np.allclose(np.corrcoef(scores.T), np.eye(5), atol=0.07)


def test_too_few_and_what_has_no_logarithm() -> None:
    (row,) = drifts(pairs([10], [11]), references()).to_dicts()
    assert (row["reason"], row["p"], row["low"], row["growing"]) == (TOO_FEW, None, None, False)
    assert drifts(pairs([0, 5], [3, 0]), references()).is_empty()
    assert list(drifts(pairs([], []), references()).schema) == list(DRIFTS)
    # Equal figures everywhere are no drift, and no fault.
    (row,) = drifts(pairs([7] * 6, [7] * 6), references()).to_dicts()
    assert (row["bias"], row["p"], row["growing"]) == (0.0, 1.0, False)


def test_the_worst_come_first() -> None:
    frame = pl.concat([split(10, seed=7).with_columns(own=pl.lit("G")), split(10, bias=0.1, seed=8)])
    assert drifts(frame, references())["own"].to_list() == ["F", "G"]


#: Benjamini & Hochberg, J. R. Stat. Soc. B 57 (1995) 289: fifteen comparisons of two treatments of heart attacks, of
#: which the procedure at .05 rejects four where Bonferroni's rejects three.
PRINTED = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0,
]  # fmt: skip


def test_many_tests_as_benjamini_and_hochberg_print_them() -> None:
    found = together(np.array(PRINTED))
    assert (found <= 0.05).sum() == 4 and (np.array(PRINTED) <= 0.05 / 15).sum() == 3
    assert found == pytest.approx(false_discovery_control(PRINTED))
    mixed = np.random.default_rng(3).permutation(np.array(PRINTED))
    assert together(mixed) == pytest.approx(false_discovery_control(mixed))
    assert together(np.array([])).shape == (0,)


def test_rows_are_adjusted_for_one_another_whatever_was_tested() -> None:
    off, alone = split(30, bias=0.01), pairs([2], [1], element="Tb")
    quiet = pl.concat([split(30, seed=seed).with_columns(element=pl.lit(f"E{seed}")) for seed in range(2, 22)])
    found = drifts(pl.concat([off, alone, quiet]), references())
    p, q = (found.select(a, b).unpivot()["value"] for a, b in (("p", "p_growing"), ("q", "q_growing")))
    assert p.is_null().to_list() == q.is_null().to_list() and p.null_count() == 2
    assert q.drop_nulls().to_list() == pytest.approx(false_discovery_control(p.drop_nulls()).tolist())
    assert (q.drop_nulls() >= p.drop_nulls()).all()
    assert found.filter(pl.col("q") <= 0.05)["element"].to_list() == ["Dy"]
