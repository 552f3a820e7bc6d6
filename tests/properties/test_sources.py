"""All error sources at once: the same covariances, to rounding, as listing every term and adding up dense matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.accountancy.covariance import muf_covariance

from lodeline.accountancy import kernels, sources
from lodeline.accountancy.sources import covariances, muf_sigma
from lodeline.accountancy.uncertainty import error_terms
from lodeline.ledger.register import TABLES
from lodeline.material.element import SYMBOLS

Floats = npt.NDArray[np.float64]

PR, ND, TREO = (SYMBOLS.index(symbol) for symbol in ("Pr", "Nd", "TREO"))
ELEMENTS = (PR, ND, TREO)
METHODS = [
    ("scale", "weighing", None, "0.1", "0.05"), ("old-scale", "weighing", None, "0.7", "0"),
    ("oven", "moisture", None, "0.3", "0.2"), ("probe", "sampling", None, "0", "0.4"),
    ("icp", "assay", "Nd", "1.3", "0.5"), ("icp", "assay", "Pr", "2.1", "0.7"), ("xrf", "assay", None, "3", "0"),
    ("xrf", "sampling", None, "0.9", "0.2"),
]  # fmt: skip
NAMED = st.sampled_from([None, "scale", "old-scale; oven", "scale;probe;icp", "icp", "xrf", "xrf;icp", "oven", "gone"])
MASS = st.integers(-(10**13), 10**13)
#: A site and lot, so many of each; the months of a run; and how many differences are asked for by site and element.
SITES, LOTS, MONTHS = 2, 3, 4


def run_of(site: int, element: int, month: int) -> int:
    return (site * len(ELEMENTS) + ELEMENTS.index(element)) * MONTHS + month


@st.composite
def ledgers(draw: st.DrawFn) -> dict[str, Any]:
    """Rows that share acts, lots, methods, laboratories and scales in every way, and some that share nothing."""
    batches = [
        {
            "element": element, "held": 10 * site + lot, "act": act, "seq": act, "run": run_of(site, element, month),
            "signed_mg": mass // (1 + place), "method": method, "weighed": weighed, "scale": scale,
        }
        for site, lot, month, act, mass, method, weighed, scale in draw(
            st.lists(
                st.tuples(
                    st.integers(0, SITES - 1), st.integers(0, LOTS - 1), st.integers(0, MONTHS - 1), st.integers(1, 6),
                    MASS, NAMED, st.booleans(), st.sampled_from([None, "s1", "s2"]),
                ),
                min_size=1, max_size=14,
            )
        )
        for place, element in enumerate(ELEMENTS)
    ]  # fmt: skip
    assays = []
    for held in (10 * site + lot for site in range(SITES) for lot in range(LOTS)):
        laboratory, method = draw(st.sampled_from([None, "s1", "mine"])), draw(NAMED)
        product, computed = draw(st.sampled_from([None, "concentrate", "oxide"])), draw(st.booleans())
        for element in ELEMENTS:
            parts = [{"part": PR, "fraction": 0.3}, {"part": ND, "fraction": 0.7}] if element == TREO else None
            row = {"held": held, "element": element, "laboratory": laboratory, "method": method, "product": product}
            if draw(st.integers(0, 5)):
                assays.append({**row, "exact": not draw(st.integers(0, 3)), "parts": parts if computed else None})
    schema = {"element": pl.UInt8(), "held": pl.UInt32(), "act": pl.Int64(), "seq": pl.Int64(), "run": pl.Int64(),
              "signed_mg": pl.Int64(), "method": pl.String(), "weighed": pl.Boolean(),
              "scale": pl.String()}  # fmt: skip
    of_assays = {"held": pl.UInt32(), "element": pl.UInt8(), "laboratory": pl.String(), "method": pl.String(),
                 "product": pl.String(), "exact": pl.Boolean(),
                 "parts": pl.List(pl.Struct({"part": pl.UInt8(), "fraction": pl.Float64()}))}  # fmt: skip
    methods = [
        {"id": name, "quantity": quantity, "element": element, "random_pct": random, "systematic_pct": systematic}
        for name, quantity, element, random, systematic in METHODS
    ]
    return {
        "batches": pl.DataFrame(batches, schema=schema), "assays": pl.DataFrame(assays, schema=of_assays),
        "methods": pl.DataFrame(methods, schema=dict(TABLES["methods"])),
    }  # fmt: skip


#: Which differences stand together: months of an element, elements of a month, both, or an element's sum over months.
TOGETHER: dict[str, Callable[[int, int, int], tuple[int, int] | None]] = {
    "periods": lambda site, place, month: (site * 3 + place, month),
    "elements": lambda site, place, month: (site * MONTHS + month, place),
    "both": lambda site, place, month: (site, month * 3 + place),
    "sums": lambda site, place, month: (site, place),
    "some": lambda site, place, month: (site, month) if place == 1 else None,
}


def placed(along: str) -> pl.DataFrame:
    rows = []
    for site in range(SITES):
        for place, element in enumerate(ELEMENTS):
            for month in range(MONTHS):
                if (at := TOGETHER[along](site, place, month)) is not None:
                    rows.append((run_of(site, element, month), *at))
    return pl.DataFrame(rows, schema=["run", "matrix", "place"], orient="row")


def dense(places: pl.DataFrame, matrices: int, size: int, ledger: dict[str, Any]) -> Floats:
    """Every term listed, and an outer product for every source, matrix by matrix and quantity by quantity."""
    result = np.zeros((matrices, size, size))
    for quantity, terms in error_terms(**ledger).items():
        element = pl.col("element") if quantity == "assay" else pl.lit(0)
        number = {
            "act": pl.struct("act", "laboratory", "method_id", errs_for=element).rank("dense"),
            "key": pl.struct("laboratory", "method_id", errs_for=element).rank("dense"),
        }
        # Two shares of one measurement are one source: nulls are a laboratory like any other.
        known = terms.with_columns(pl.col("laboratory").fill_null("?")).with_columns(**number).join(places, on="run")
        for (matrix,), rows in known.group_by("matrix"):
            column = {name: rows[name].cast(pl.Int64).to_numpy() for name in ("place", "act", "key")}
            result[matrix] += muf_covariance(
                periods=size, period=column["place"], act=column["act"], key=column["key"],
                signed_mass=rows["signed_mg"].cast(pl.Float64).to_numpy(), random=rows["random"].to_numpy(),
                systematic=rows["systematic"].to_numpy(),
            )  # fmt: skip
    return result


def shuffled(ledger: dict[str, Any]) -> dict[str, Any]:
    return {**ledger, **{name: ledger[name].sample(fraction=1, shuffle=True, seed=3) for name in ("batches", "assays")}}


@pytest.mark.medium
@given(ledgers(), st.sampled_from(list(TOGETHER)))
def test_sources_say_what_their_terms_say_one_by_one(ledger: dict[str, Any], along: str) -> None:
    places = placed(along)
    matrices, size = (int(str(places[name].max())) + 1 for name in ("matrix", "place"))
    asked: dict[str, Any] = {"places": places, "matrices": matrices, "size": size}
    found = covariances(**asked, **ledger)
    expected = dense(places, matrices, size, ledger)
    spread = np.sqrt(np.einsum("mii->mi", expected))
    assert (np.abs(found - expected) <= 1e-9 * spread[:, :, None] * spread[:, None, :]).all()
    assert np.array_equal(found, covariances(**asked, **shuffled(ledger))), "the order changes a bit"


@pytest.mark.medium
@given(ledgers())
def test_one_difference_by_itself_has_the_variance_that_it_has_among_others(ledger: dict[str, Any]) -> None:
    places = placed("both")
    together = covariances(places=places, matrices=SITES, size=3 * MONTHS, **ledger)
    sigma = muf_sigma(runs=places.height, **ledger)
    run, matrix, place = places.to_numpy().T
    assert sigma[run] ** 2 == pytest.approx(together[matrix, place, place], rel=1e-12)


def test_halves_that_are_worked_on_at_once_and_blocks_give_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    random, runs = np.random.default_rng(5), 40
    count = 30 * runs
    batches = pl.DataFrame({
        "element": np.full(count, ND, np.uint8), "held": random.integers(0, 200, count).astype(np.uint32),
        "act": np.arange(count) // 2, "run": random.integers(0, runs, count),
        "signed_mg": random.integers(-(10**12), 10**12, count), "weighed": random.random(count) < 0.9,
    }).with_columns(method=pl.lit("scale;icp"), seq="act")  # fmt: skip
    assays = pl.DataFrame({"held": np.arange(200, dtype=np.uint32)}).with_columns(
        element=pl.lit(ND, pl.UInt8), laboratory=pl.lit("L"), method=pl.lit("icp"), product=pl.lit("oxide"),
        exact=pl.lit(False),
    )  # fmt: skip
    methods = pl.DataFrame(
        [("scale", "weighing", None, "0.1", "0.05"), ("icp", "assay", "Nd", "1.3", "0.5")],
        schema=["id", "quantity", "element", "random_pct", "systematic_pct"], orient="row",
    )  # fmt: skip
    asked: dict[str, Any] = {
        "batches": batches, "assays": assays, "methods": methods, "matrices": 10, "size": 4,
        "places": pl.DataFrame({"run": np.arange(runs), "matrix": np.arange(runs) // 4, "place": np.arange(runs) % 4}),
    }  # fmt: skip
    whole = covariances(**asked)
    assert (np.einsum("mii->mi", whole) > 0).all()
    monkeypatch.setattr(sources, "_MANY", 100)
    monkeypatch.setattr(sources, "_BLOCK", 70)
    assert np.array_equal(covariances(**asked), whole)


def test_kernels_are_compiled_once_however_the_frames_lie_in_memory() -> None:
    batches, assays, methods = lying_about()
    places = pl.DataFrame({"run": [0, 1], "matrix": [0, 0], "place": [0, 1]})

    def compiled() -> int:
        return sum(len(one.signatures) for one in vars(kernels).values() if hasattr(one, "signatures"))

    asked: dict[str, Any] = {"places": places, "matrices": 1, "size": 2, "methods": methods}
    whole = covariances(batches=batches, assays=assays, **asked)
    before = compiled()
    parts: dict[str, Any] = {"batches": pl.concat([batches[:2], batches[2:]], rechunk=False), "assays": assays.clone()}
    assert parts["batches"].n_chunks() == 2
    assert np.array_equal(covariances(**parts, **asked), whole)
    assert compiled() == before


def lying_about() -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Four rows of one lot in two runs, its assay, and a scale."""
    batches = pl.DataFrame({
        "element": pl.Series([ND] * 4, dtype=pl.UInt8), "held": pl.Series([0] * 4, dtype=pl.UInt32),
        "act": [1, 2, 3, 4], "run": [0, 0, 1, 1], "signed_mg": [10**9, -(10**8), 10**9, -(10**7)],
        "method": ["scale"] * 4, "weighed": [True] * 4,
    })  # fmt: skip
    assays = pl.DataFrame({
        "held": pl.Series([0], dtype=pl.UInt32), "element": pl.Series([ND], dtype=pl.UInt8), "laboratory": ["L"],
        "method": ["icp"], "product": ["oxide"], "exact": [False],
    })  # fmt: skip
    methods = pl.DataFrame(
        [("scale", "weighing", None, "0.1", "0.05"), ("icp", "assay", "Nd", "1.3", "0.5")],
        schema=["id", "quantity", "element", "random_pct", "systematic_pct"], orient="row",
    )  # fmt: skip
    return batches, assays, methods


def test_where_nothing_was_measured_nothing_errs() -> None:
    none: dict[str, Any] = {
        "batches": pl.DataFrame(schema={
            "element": pl.UInt8(), "held": pl.UInt32(), "act": pl.Int64(), "run": pl.Int64(), "signed_mg": pl.Int64(),
            "method": pl.String(), "weighed": pl.Boolean(),
        }),
        "assays": pl.DataFrame(schema={
            "held": pl.UInt32(), "element": pl.UInt8(), "laboratory": pl.String(), "method": pl.String(),
            "product": pl.String(), "exact": pl.Boolean(),
        }),
        "methods": pl.DataFrame(schema=dict(TABLES["methods"])),
    }  # fmt: skip
    places = pl.DataFrame({"run": [0], "matrix": [0], "place": [0]})
    assert covariances(places=places, matrices=1, size=1, **none).tolist() == [[[0.0]]]
    assert muf_sigma(runs=2, **none).tolist() == [0.0, 0.0]
