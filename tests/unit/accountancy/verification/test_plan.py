"""Plans of visits: against an adversary who tries everything, against simulated visits, and within the budget."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import polars as pl
import pytest

from lodeline.accountancy.verification.aims import KINDS, Aim, numbers_of, planned
from lodeline.accountancy.verification.effort import ACTS, minutes_of
from lodeline.accountancy.verification.plan import Plan, draw, plan_visit
from lodeline.accountancy.verification.sampling import ALARM
from lodeline.accountancy.verification.sight import (
    DILUTED,
    PARTIAL,
    TAKEN,
    bias_power,
    layer_of,
    least_detection,
    risk_of,
    variance_of,
)
from lodeline.accountancy.verification.strata import PLAN_ITEMS, PLAN_SHARES, Stratum, stratified
from lodeline.ledger.register import TABLES
from lodeline.material.element import SYMBOLS

KG = 10**6


def site(*groups: tuple[str, int, float, float], symbol: str = "Nd") -> tuple[pl.DataFrame, tuple[Stratum, ...]]:
    """Groups of equal lots: product, how many, kg each, share of the element."""
    rows: list[dict[str, Any]] = []
    shares = []
    for product, count, mass, share in groups:
        for _ in range(count):
            lot = len(rows)
            rows.append(
                {"name": f"{product} {lot}", "lot": lot, "product": product, "place": "stock", "dry_mg": int(mass * KG)}
            )
            shares.append((lot, SYMBOLS.index(symbol), int(share * 1e9)))
    items = pl.DataFrame(rows, schema=dict(PLAN_ITEMS))
    return stratified(items, pl.DataFrame(shares, schema=dict(PLAN_SHARES), orient="row"))


MIXED = (("oxide", 60, 50.0, 0.8), ("metal", 25, 20.0, 0.95), ("magnet-ndfeb", 300, 4.0, 0.28))


def numbers(plan: Plan) -> dict[str, np.ndarray[Any, np.dtype[np.int64]]]:
    return {act: np.array([one.numbers[act] for one in plan.strata]) for act in ACTS}


def test_no_spread_over_the_strata_shows_less_than_the_least() -> None:
    """Every whole spread over three small strata is tried, for goals and sizes of all sorts."""
    _, strata = site(("oxide", 9, 10.0, 0.8), ("metal", 7, 4.0, 0.9), ("alloy", 12, 3.0, 0.3))
    layer = layer_of(strata, "Nd", None)
    generator = np.random.default_rng(5)
    for size, way in [(1.0, TAKEN), (0.5, TAKEN), (0.25, DILUTED), (1.0, DILUTED)]:
        for _ in range(6):
            drawn = generator.integers(0, layer.items + 1)
            own = {act: np.minimum(drawn, generator.integers(0, 6)) for act in ACTS}
            own["count"] = drawn
            risk = risk_of(layer, own, size, way)
            every = np.array(list(itertools.product(*(range(int(most) + 1) for most in risk.most))))
            for goal in (0.02, 0.1, 0.3, 0.7):
                mass = goal * size * float(layer.mass.sum())
                enough = every[(every * risk.each).sum(1) >= mass * (1 - 1e-9)]
                each = np.stack([risk.log_miss(np.minimum(one, risk.most)) for one in range(int(risk.most.max()) + 1)])
                best = 1 - np.exp(sum(each[enough[:, place], place] for place in range(len(layer.items))).max())
                found, spread = least_detection(risk, mass)
                assert (spread * risk.each).sum() >= mass * (1 - 1e-9)
                assert best - 1e-9 <= found <= best + 0.04


@pytest.mark.parametrize("wanted", [0.5, 0.9, 0.95])
@pytest.mark.parametrize("part", [0.01, 0.05, 0.3])
def test_what_is_promised_is_kept(wanted: float, part: float) -> None:
    _, strata = site(*MIXED)
    goal = int(part * sum(one.element_mg["Nd"] for one in strata))
    plan = plan_visit(strata, goals={"Nd": goal}, detect=dict.fromkeys(KINDS[:2], wanted), minutes=10**6)
    assert plan.enough
    assert plan.minutes == plan.needed_minutes
    for sight in plan.sights[:2]:
        assert sight.probability >= wanted
        assert sight.goal_mg == goal
    least = min(one.detects["gross"] for one in plan.strata)
    assert least >= wanted or part * 3 > 0.5  # one stratum alone may hold less than the goal


@pytest.mark.medium
def test_a_short_budget_says_what_it_sees_instead() -> None:
    _, strata = site(*MIXED)
    goals = {"Nd": sum(one.element_mg["Nd"] for one in strata) // 20}
    full = plan_visit(strata, goals=goals, detect=dict.fromkeys(KINDS, 0.9), minutes=10**6)
    assert full.needed_minutes is not None
    before = [0.0]
    for minutes in (150, 500, full.needed_minutes - 1, full.needed_minutes):
        plan = plan_visit(strata, goals=goals, detect=dict.fromkeys(KINDS, 0.9), minutes=minutes)
        assert plan.minutes <= minutes
        assert plan.enough == (minutes >= full.needed_minutes)
        assert plan.needed_minutes == full.needed_minutes
        now = [sight.probability for sight in plan.sights[:2]]
        assert min(now) >= min(before) - 0.02
        before = now
    nothing = plan_visit(strata, goals=goals, detect=dict.fromkeys(KINDS, 0.9), minutes=minutes_of("visit") - 1)
    assert nothing.minutes == 0
    assert all(sight.probability == 0 and sight.half_mg is None for sight in nothing.sights)


def test_errors_that_forbid_a_bias() -> None:
    """Half a percent of the neodymium lies below what systematic errors let anybody see."""
    _, strata = site(*MIXED)
    total = sum(one.element_mg["Nd"] for one in strata)
    plan = plan_visit(strata, goals={"Nd": total // 200}, detect={"bias": 0.9}, minutes=10**6)
    assert not plan.enough
    assert plan.needed_minutes is None
    bias = plan.sights[2]
    assert 0.05 < bias.probability < 0.5
    assert bias.ninety_mg is not None
    assert bias.ninety_mg > 3 * bias.goal_mg


def test_the_firms_own_methods_count() -> None:
    items, _ = site(("oxide", 40, 50.0, 0.8))
    shares = pl.DataFrame(
        [(lot, SYMBOLS.index("Nd"), 8 * 10**8) for lot in range(40)], schema=dict(PLAN_SHARES), orient="row"
    )
    _, strata = stratified(items.drop("stratum").with_columns(method=pl.lit("coarse")), shares)
    rows = [{"id": "coarse", "quantity": "assay", "random_pct": 8.0, "systematic_pct": 6.0}]
    methods = pl.DataFrame(
        [{name: row.get(name) for name in TABLES["methods"]} for row in rows], schema=TABLES["methods"]
    )
    goals = {"Nd": 10**8}
    fine = plan_visit(strata, goals=goals, detect={"bias": 0.9}, minutes=2000)
    coarse = plan_visit(strata, goals=goals, detect={"bias": 0.9}, minutes=2000, methods=methods)
    assert coarse.sights[2].probability < fine.sights[2].probability


def test_elements_that_are_not_there_are_left_out() -> None:
    _, strata = site(("oxide", 10, 1.0, 0.8))
    plan = plan_visit(strata, goals={"Dy": KG}, detect={"gross": 0.9}, minutes=1000)
    assert (plan.sights, plan.worst, plan.minutes) == ((), (), 0)
    assert plan.strata[0].detects == {}
    assert plan_visit([], goals={"Dy": KG}, detect={"gross": 0.9}, minutes=1000).strata == ()


@pytest.mark.parametrize("wrong", [{"goals": {"Nd": 0}}, {"detect": {"theft": 0.5}}, {"detect": {"gross": 1.0}}])
def test_wrong_wishes(wrong: dict[str, Any]) -> None:
    _, strata = site(("oxide", 10, 1.0, 0.8))
    with pytest.raises(ValueError, match=r"goals|lies"):
        wishes: dict[str, Any] = {"goals": {"Nd": KG}, "detect": {"gross": 0.9}, "minutes": 100} | wrong
        plan_visit(strata, **wishes)


def test_one_name_twice() -> None:
    items, _ = site(("oxide", 2, 1.0, 0.8))
    with pytest.raises(ValueError, match="one name"):
        stratified(items.drop("stratum").with_columns(name=pl.lit("a")), pl.DataFrame(schema=dict(PLAN_SHARES)))


def test_classes_of_size() -> None:
    """Within a product: more than a third of the heaviest, a ninth, a twenty-seventh, and the rest."""
    items, _ = site(*(("oxide", 1, kg, 0.5) for kg in (27.0, 9.1, 9.0, 3.1, 3.0, 1.1, 1.0, 0.01)))
    placed, strata = stratified(items.drop("stratum"), pl.DataFrame(schema=dict(PLAN_SHARES)))
    assert placed.sort("lot")["stratum"].str.split("/").list.last().to_list() == [
        "large", "large", "medium", "medium", "small", "small", "tiny", "tiny",
    ]  # fmt: skip
    large = next(one for one in strata if one.size == "large")
    assert (large.items, large.dry_mg, large.mean_mg, large.heaviest_mg) == (2, 36_100_000, 18_050_000, 27 * KG)


def test_the_draw_by_hand() -> None:
    """For an outsider: printf '\\x00lot 1' | sha256sum, and so on, in their order."""
    items, strata = site(*((f"{product}", 4, 1.0, 0.5) for product in ("oxide",)))
    items = items.with_columns(name=pl.format("lot {}", "lot"))
    plan = plan_visit(strata, goals={"Nd": KG}, detect={"gross": 0.6}, minutes=1000)
    drawn = draw(items, plan, "00")
    assert drawn["name"].to_list() == ["lot 1", "lot 0", "lot 2", "lot 3"]
    assert drawn["do"].list.len().to_list() == [1] * plan.strata[0].numbers["count"] + [0] * (
        4 - plan.strata[0].numbers["count"]
    )


def test_every_item_is_drawn_alike_often() -> None:
    items, strata = site(("oxide", 20, 1.0, 0.5))
    plan = plan_visit(strata, goals={"Nd": 3 * KG}, detect={"gross": 0.9}, minutes=1000)
    number, runs = plan.strata[0].numbers["count"], 600
    assert 0 < number < 20
    counts = np.zeros(20)
    for run in range(runs):
        chosen = draw(items, plan, f"{run:08x}").filter(pl.col("do").list.len() > 0)
        counts[chosen["lot"].to_numpy()] += 1
    expected = runs * number / 20
    deviation = float(((counts - expected) ** 2 / (expected * (1 - number / 20))).sum())
    assert deviation < 19 + 4 * math.sqrt(2 * 19)


@pytest.mark.medium
@pytest.mark.parametrize("kind", KINDS[:2])
def test_simulated_visits_find_single_items_as_often_as_the_plan_says(kind: str) -> None:
    """Lots are falsified as it shows least, drawn by permutation and measured with errors on both sides."""
    _, strata = site(*MIXED)
    layer = layer_of(strata, "Nd", None)
    goal = 0.05 * float(layer.mass.sum())
    plan = plan_visit(strata, goals={"Nd": int(goal)}, detect=dict.fromkeys(KINDS, 0.8), minutes=900)
    own, runs = numbers(plan), 4000
    generator = np.random.default_rng(77)
    sizes = [(1.0, TAKEN)] if kind == "gross" else [(size, way) for way, all_ in PARTIAL.items() for size in all_]
    least = 1.0
    for size, way in sizes:
        theory, spread = least_detection(risk_of(layer, own, size, way), goal)
        least = min(least, theory)
        shown = np.zeros(runs, np.bool_)
        for place, items in enumerate(layer.items):
            order = generator.permuted(np.tile(np.arange(items), (runs, 1)), axis=1)
            false = order < spread[place]
            for act in ("weigh",) if way == TAKEN else ("xrf", "laboratory"):
                sides = layer.sides(act)
                # Every item has its own errors here; that instruments share some is the next test's.
                sigma = math.hypot(*(error[place] for side in sides for error in (side.random, side.systematic)))
                drawn = false[:, : own[act][place]]
                alarm = np.abs(drawn * size + sigma * generator.standard_normal(drawn.shape)) > ALARM * sigma
                shown |= (alarm & drawn).any(axis=1)
            if kind == "gross":
                shown |= false[:, : own["count"][place]].any(axis=1)
        assert abs(shown.mean() - theory) < 3 * math.sqrt(max(theory * (1 - theory), 1e-4) / runs) + 0.01 * (
            way == DILUTED
        )
    assert plan.sights[KINDS.index(kind)].probability == pytest.approx(least)


@pytest.mark.medium
@pytest.mark.parametrize("spread_over", ["all", "half", "few"])
def test_simulated_differences_have_the_power_that_the_plan_says(spread_over: str) -> None:
    """Systematic errors are shared by what one instrument, or one method of the firm, measured."""
    _, strata = site(*MIXED)
    layer = layer_of(strata, "Nd", None)
    total = float(layer.mass.sum())
    own = {
        "count": np.array([9, 9, 9]),
        "weigh": np.array([8, 9, 7]),
        "xrf": np.array([0, 0, 0]),
        "laboratory": np.array([3, 5, 4]),
    }
    runs, generator, mass = 20_000, np.random.default_rng(78), 0.04 * total
    spread = {"all": None, "half": layer.items // 2, "few": np.array([20, 3, 2])}[spread_over]
    each = mass / total if spread is None else mass / float((spread * layer.heaviest).sum())
    difference = np.zeros(runs)
    shared: dict[tuple[str, int, int], Any] = {}
    for act in ("weigh", "laboratory"):
        for place, items in enumerate(layer.items):
            number = int(own[act][place])
            x = layer.mass[place] / items
            if act == "laboratory":
                missing = np.zeros((runs, number))
            elif spread is None:
                missing = np.full((runs, number), each)
            else:
                order = generator.permuted(np.tile(np.arange(items), (runs, 1)), axis=1)[:, :number]
                missing = each * (order < spread[place])
            for side_number, side in enumerate(layer.sides(act)):
                key = (act, side_number, int(side.keys[place]))
                common = shared.setdefault(key, generator.standard_normal(runs))
                own_error = side.random[place] * generator.standard_normal((runs, number))
                missing = missing + (own_error + (side.systematic[place] * common)[:, None]) * (1 - 2 * side_number)
            difference += items * x * missing.mean(axis=1)
    sigma = math.sqrt(variance_of(layer, own))
    power = bias_power(layer, own, mass, TAKEN, spread)
    found = float((difference > 1.6448536 * sigma).mean())
    assert 0.3 < power < 0.99
    assert abs(found - power) < 3 * math.sqrt(power * (1 - power) / runs)


def test_the_chance_rises_with_the_mass() -> None:
    _, strata = site(*MIXED)
    layer = layer_of(strata, "Nd", None)
    aim = Aim(symbol="Nd", layer=layer, goal=float(layer.mass.sum()) / 20)
    plan = plan_visit(strata, goals={"Nd": int(aim.goal)}, detect=dict.fromkeys(KINDS, 0.8), minutes=900)
    for kind in KINDS:
        chance = planned(aim, kind, numbers(plan))
        found = [chance(part * aim.most(kind)) for part in (0.001, 0.01, 0.03, 0.1, 0.3, 1.0)]
        assert all(later >= earlier - 0.02 for earlier, later in itertools.pairwise(found))
    assert {act: one.tolist() for act, one in numbers_of(aim, numbers(plan)).items()} == {
        act: one.tolist() for act, one in numbers(plan).items()
    }
