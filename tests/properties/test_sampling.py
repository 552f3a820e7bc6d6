"""Sampling plans of random sites: what more effort or a greater loss must do, and that the draw is a draw."""

from __future__ import annotations

import hashlib

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.accountancy.verification.chances import least, missed, planned, shown

from lodeline.accountancy.verification.aims import KINDS
from lodeline.accountancy.verification.effort import ACTS
from lodeline.accountancy.verification.plan import draw, plan_visit
from lodeline.accountancy.verification.strata import PLAN_ITEMS, PLAN_SHARES, SIZES, stratified
from lodeline.material.element import SYMBOLS

WANTED = st.sampled_from([0.2, 0.5, 0.8, 0.9, 0.95, 0.99])
STRENGTH = st.floats(0, 1)


@given(st.integers(2, 400), st.data())
def test_more_of_anything_shows_more(items: int, data: st.DataObject) -> None:
    falsified = data.draw(st.integers(0, items - 1))
    drawn = data.draw(st.integers(0, items - 1))
    q = data.draw(STRENGTH)
    here = float(shown(items, drawn, falsified, q))
    assert 0 <= here <= 1
    assert float(shown(items, drawn + 1, falsified, q)) >= here - 1e-12
    assert float(shown(items, drawn, falsified + 1, q)) >= here - 1e-12
    assert float(shown(items, drawn, falsified, min(1.0, q + 0.1))) >= here - 1e-12
    assert float(shown(items + 1, drawn, falsified, q)) <= here + 1e-12


@pytest.mark.medium
@given(st.integers(1, 200), st.data(), WANTED)
def test_plans_keep_their_promise(items: int, data: st.DataObject, wanted: float) -> None:
    falsified = data.draw(st.integers(1, items))
    exact = least(items, falsified, wanted)
    assert exact == 0 or float(shown(items, exact - 1, falsified)) < wanted
    number, probability = planned(items, falsified, wanted)
    assert number >= exact
    assert probability >= wanted - 1e-9


@given(st.integers(1, 60), st.data())
def test_classes_are_items_one_by_one(items: int, data: st.DataObject) -> None:
    falsified = data.draw(st.integers(0, items))
    strong = data.draw(st.integers(0, items))
    weak = data.draw(st.integers(0, items - strong))
    q, p = data.draw(st.floats(0.01, 0.99)), data.draw(st.floats(0.01, 0.99))
    polynomial = np.ones(1)
    for factor in [1 - q] * strong + [1 - p] * weak + [1.0] * (items - strong - weak):
        polynomial = np.convolve(polynomial, [1.0, factor])
    ways = np.ones(1)
    for _ in range(items):
        ways = np.convolve(ways, [1.0, 1.0])
    expected = polynomial[falsified] / ways[falsified]
    assert abs(float(missed(items, falsified, [(strong, q), (weak, p)])) - expected) < 1e-9


@st.composite
def sites(draw_: st.DrawFn) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A few dozen lots of three products, with up to three elements, some without any."""
    count = draw_(st.integers(1, 40))
    seed = draw_(st.integers(0, 10**6))
    generator = np.random.default_rng(seed)
    items = pl.DataFrame(
        {
            "name": [f"lot {place}" for place in range(count)],
            "lot": range(count),
            "product": generator.choice(["oxide", "metal", "concentrate"], count),
            "method": [None] * count,
            "place": generator.choice(["stock", "receipt"], count, p=[0.8, 0.2]),
            "dry_mg": (10 ** generator.uniform(5, 9, count)).astype(np.int64),
        },
        schema=dict(PLAN_ITEMS),
    )
    rows = [
        (lot, SYMBOLS.index(symbol), int(generator.uniform(0, share) * 1e9))
        for lot in range(count)
        for symbol, share in (("Nd", 0.5), ("Dy", 0.03), ("Tb", 0.01))
        if generator.random() < 0.8
    ]
    return items, pl.DataFrame(rows, schema=dict(PLAN_SHARES), orient="row")


@pytest.mark.medium
@given(sites(), st.integers(0, 3000), st.floats(0.01, 1.5), st.sampled_from(["00", "ff" * 32, "0123456789abcdef"]))
@settings(max_examples=12, deadline=None)
def test_plans_of_any_site(site: tuple[pl.DataFrame, pl.DataFrame], minutes: int, part: float, seed: str) -> None:
    items, shares = site
    placed, strata = stratified(items, shares)
    assert sum(one.items for one in strata) == items.height
    assert sum(one.dry_mg for one in strata) == items["dry_mg"].sum()
    for key, smallest in placed.group_by("stratum").agg(pl.col("dry_mg").min()).iter_rows():
        stratum = next(one for one in strata if one.key == key)
        assert stratum.size == SIZES[-1] or stratum.heaviest_mg < 3 * smallest
    total = {symbol: sum(one.element_mg.get(symbol, 0) for one in strata) for symbol in ("Nd", "Dy")}
    goals = {symbol: max(1, int(part * held)) for symbol, held in total.items()}
    plan = plan_visit(strata, goals=goals, detect=dict.fromkeys(KINDS, 0.9), minutes=minutes)

    assert plan.minutes <= minutes
    assert {one.element for one in plan.sights} == {symbol for symbol, held in total.items() if held}
    for one in plan.strata:
        assert one.stratum.items >= one.numbers["count"] >= max(one.numbers.values())
        assert one.numbers["weigh"] >= one.numbers["laboratory"] >= 0
        assert all(0 <= chance <= 1 for chance in one.detects.values())
    for sight in plan.sights:
        assert 0 <= sight.probability <= 1
        assert sight.half_mg is None or sight.ninety_mg is None or sight.half_mg <= sight.ninety_mg
    if plan.enough:
        assert all(sight.probability >= 0.9 - 1e-6 for sight in plan.sights)
    check_draw(placed, draw(placed, plan, seed), {one.stratum.key: one.numbers for one in plan.strata}, seed)
    mixed = placed.sample(fraction=1, shuffle=True, seed=7)
    assert draw(mixed, plan, seed).equals(draw(placed, plan, seed))


def check_draw(items: pl.DataFrame, drawn: pl.DataFrame, numbers: dict[str, dict[str, int]], seed: str) -> None:
    """Redoes the draw with a loop that anyone can write down from the documentation."""
    assert sorted(drawn["name"]) == sorted(items["name"])
    for key, number in numbers.items():
        names = items.filter(stratum=key)["name"].to_list()
        order = sorted(names, key=lambda name: hashlib.sha256(bytes.fromhex(seed) + name.encode()).digest())
        rows = drawn.filter(stratum=key)
        assert rows["name"].to_list() == order
        assert rows["order"].to_list() == list(range(1, len(order) + 1))
        expected = [[act for act in ACTS if place < number[act]] for place in range(len(order))]
        assert rows["do"].to_list() == expected
