"""What agencies are shown: the rules by hand, and attackers who subtract whatever they are ever shown."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog
from tests.based import unbased

from lodeline.strategy.disclosure import (
    FIRMS_LEAST,
    QUANTITIES,
    Release,
    Sum,
    disclose,
    hidden,
    release,
    release_from,
    rounded,
)

Needs = Mapping[tuple[str, str], float]
Rng = np.random.Generator


def plant(firm: str, country: str, need: float, *, stop: float | None, lost: float, goods: str = "oxide:Dy") -> Any:
    return {
        "plant": f"{firm}-{country}", "organisation": firm, "country": country, "class": goods,
        "need_kg_per_day": need, "stop": {"p10": stop, "p50": stop, "p90": None, "never_pct": 0},
        "lost_kg": {"p10": 0, "p50": lost, "p90": lost}, "basis": "assumption", "source": "s", "vintage": "v",
    }  # fmt: skip


def run(plants: Sequence[Any], *, name: str = "s", entry: int = 1) -> dict[str, Any]:
    return {
        "stamp": {"entry": entry, "root": "00"}, "scenario": {"name": name, "name_en": "N", "name_zh": "名"},
        "settings": {"horizon_days": 180, "starts": "2025-03-01", "seed": 1}, "plants": list(plants),
        "headline": {"en": "14 of 33 stop"}, "totals": {"plants": 33},
    }  # fmt: skip


def even(country: str, firms: int, *, stop: float | None = 50.0, lost: float = 100.0, goods: str = "oxide:Dy") -> Any:
    """Firms alike but for a little."""
    return [
        plant(f"{country}{one}", country, 10 + one, stop=stop, lost=lost and lost + 10 * one, goods=goods)
        for one in range(firms)
    ]  # fmt: skip


def figures(found: Release, part: str) -> dict[str, float | str]:
    return {one.quantity: one.why or one.value for one in found.sums if one.part == part}


def shown(history: Sequence[Release]) -> list[Sum]:
    return [one for found in history for one in found.sums if not one.why]


@pytest.mark.parametrize(
    ("value", "to", "within"), [(0, 0, 0), (1234, 1200, 50), (1250, 1300, 50), (0.0456, 0.046, 0.0005), (10, 10, 0.5)]
)
def test_figures_have_two_digits(value: float, to: float, within: float) -> None:
    assert rounded(value) == pytest.approx(to)
    assert hidden(value) == pytest.approx(within)


def test_a_country_stands_by_itself_where_it_has_enough_firms_and_the_rest_stands_together() -> None:
    found = release(run([*even("JP", 8), *even("DE", 7), *even("US", 3), *even("KR", 2)]))
    assert found.alone == {"oxide:Dy": ("DE", "JP")}
    assert {one.part for one in found.sums} == {"DE", "JP", "other"}
    assert [one.why for one in found.sums] == [""] * 9
    assert figures(found, "other")["need_kg_per_day"] == rounded(10 + 11 + 12 + 10 + 11)


def test_a_rest_of_too_few_firms_takes_in_the_smallest_country_that_would_stand() -> None:
    found = release(run([*even("JP", 8), *even("DE", 6), *even("US", 2)]))
    assert found.alone == {"oxide:Dy": ("JP",)}
    assert {one.part for one in found.sums} == {"JP", "other"}
    alone = release(run([*even("JP", 8), *even("US", 2)]))
    assert alone.alone == {"oxide:Dy": ()} and figures(alone, "other")["need_kg_per_day"] == 130


@pytest.mark.parametrize(
    ("needs", "why"),
    [
        ([1, 1, 1, 1], "few"),
        ([1, 1, 1, 1, 0], "few"),
        ([5, 1, 1, 1, 1], "dominated"),
        ([4, 4, 1, 0.4, 0.4], "dominated"),
        ([4, 3, 1, 1, 1, 1], ""),
    ],
)
def test_a_cell_is_kept_back_for_few_firms_or_for_large_ones(needs: list[float], why: str) -> None:
    rows = [plant(f"F{place}", "JP", need, stop=None, lost=0) for place, need in enumerate(needs)]
    found = release(run(rows))
    (need,) = (one for one in found.sums if one.quantity == "need_kg_per_day")
    assert need.why == why
    (row,) = disclose(found, run(rows), "JP")["rows"]
    assert (row["need_kg_per_day"] is None, row["firms"] is None) == (bool(why), bool(why))


def test_plants_of_one_firm_count_once() -> None:
    rows = [plant(f"F{place % 4}", "JP", 1, stop=None, lost=0) for place in range(12)]
    assert {one.why for one in release(run(rows)).sums} == {"few"}


def test_groups_are_settled_when_a_class_is_first_published() -> None:
    first = release(run([*even("JP", 8), *even("US", 3), *even("KR", 3)]))
    later = release(run([*even("JP", 8), *even("US", 9), *even("KR", 3), *even("FR", 6)], entry=9), [first])
    assert later.alone == first.alone == {"oxide:Dy": ("JP",)}
    assert disclose(later, run([]), "US")["rows"][0]["part"] == "other"


def test_who_stops_is_not_told_where_all_but_few_do() -> None:
    rows = [*even("JP", 8), plant("X", "JP", 12, stop=None, lost=0)]
    assert figures(release(run(rows)), "JP")["stopping_kg_per_day"] in ("few", "difference")


def test_the_same_again_is_told_again() -> None:
    first = release(run(even("JP", 8)))
    again = release(run(even("JP", 8), name="t", entry=2), [first])
    assert [one.why for one in again.sums] == [one.why for one in first.sums]


def test_what_was_kept_comes_back_from_json_alike() -> None:
    found = release(run([*even("JP", 8), *even("DE", 6), *even("US", 2)]))
    assert release_from(json.loads(json.dumps(found.as_json()))) == found


def test_an_agency_is_sent_its_own_groups_and_all_together_and_nothing_of_a_firm() -> None:
    rows = [*even("JP", 8), *even("DE", 7), *even("JP", 6, goods="block"), *even("US", 6)]
    asked = run(rows)
    found = disclose(release(asked), asked, "JP")
    assert [(row["class"], row["part"], row["own"]) for row in found["rows"]] == [
        ("block", "JP", True), ("oxide:Dy", "JP", True), ("oxide:Dy", "all", False),
    ]  # fmt: skip
    assert unbased(found) == []
    assert found["scenario"] == {"name": "s", "name_en": "N", "name_zh": "名"}
    assert set(found) == {"stamp", "scenario", "settings", "country", "rows"}
    text = json.dumps(found)
    assert not any(row["organisation"] in text or row["plant"] in text for row in rows)
    assert "14 of 33" not in text, "totals of the run would be subtracted from"


def test_all_together_is_told_only_where_it_follows_from_what_is_told() -> None:
    rows = [*even("JP", 8), *even("DE", 7, stop=None, lost=0.0)]
    found = disclose(release(run(rows)), run(rows), "JP")["rows"]
    (together,) = (row for row in found if row["part"] == "all")
    assert together["lost_kg"] is None and together["kept_back"]["lost_kg"] == "part"
    assert together["need_kg_per_day"] == rounded(rounded(sum(range(10, 18))) + rounded(sum(range(10, 17))))


# Attackers.


def needs_of(rng: Rng, firms: int) -> list[float]:
    return list(rng.lognormal(3, 0.6, firms))


def touched(needs: Sequence[float], losses: Mapping[int, float]) -> list[Any]:
    """The firms of one country; of those that lose, what share of half a year."""
    return [
        plant(f"F{place}", "JP", need, stop=40.0 if losses.get(place) else None, lost=180 * need * losses.get(place, 0))
        for place, need in enumerate(needs)
    ]  # fmt: skip


def test_whoever_subtracts_the_same_scenario_with_one_end_user_refused_learns_nothing_of_it() -> None:
    """All firms alike in both, but for one: the difference of what is shown would be that firm's alone."""
    rng = np.random.default_rng(1)
    for firms in (6, 9, 14):
        needs = needs_of(rng, firms)
        for target in range(firms):
            base = dict.fromkeys(range(firms), 0.3)
            first = release(run(touched(needs, base)))
            second = release(run(touched(needs, {**base, target: 0.9})), [first])
            both = [figures(one, "JP")["lost_kg"] for one in (first, second)]
            assert isinstance(both[0], float)
            if isinstance(both[1], float):
                # Told all the same where rounding hides it: the interval is wider than what is looked for.
                moved = 180 * needs[target] * 0.6
                assert hidden(both[0]) + hidden(both[1]) >= 0.5 * moved


def test_whoever_watches_month_by_month_does_not_see_a_firm_come_or_go() -> None:
    rng = np.random.default_rng(2)
    needs = needs_of(rng, 12)
    history: list[Release] = []
    for month in range(8):
        there = needs if month < 4 else [*needs, 25.0]
        history.append(release(run(touched(there, dict.fromkeys(range(len(there)), 0.3)), entry=month), history))
    values = [figures(one, "JP") for one in history]
    told = [one["need_kg_per_day"] for one in values]
    assert told[:4] == told[:1] * 4
    for later in told[4:]:
        assert later == "difference" or hidden(float(told[0])) + hidden(float(later)) >= 12.5


def scenarios(rng: Rng, firms: int, count: int) -> list[dict[int, float]]:
    """Scenarios of all kinds: some firms, one firm more, one left out, the same with a little more."""
    found: list[dict[int, float]] = []
    for _ in range(count):
        kind = rng.integers(4)
        if kind == 0 or not found:
            some = rng.random(firms) < 0.8
            found.append({place: float(rng.uniform(0.05, 0.9)) for place in range(firms) if some[place]})
        elif kind == 1:
            found.append({**found[-1], int(rng.integers(firms)): float(rng.uniform(0, 1))})
        elif kind == 2:
            left = int(rng.integers(firms))
            found.append({place: share for place, share in found[-1].items() if place != left})
        else:
            found.append({place: share * float(rng.uniform(0.8, 1.2)) for place, share in found[-1].items()})
    return found


def laid_out(sums: Sequence[Sum]) -> tuple[Any, Any]:
    """What is shown of one group as the attacker's rows [figures, firms], and how far each is rounded."""
    names = sorted({firm for one in sums for firm in one.firms})
    rows = np.array([[one.firms.get(name, 0.0) for name in names] for one in sums])
    return rows, np.array([hidden(one.value) for one in sums])


def published(rng: Rng, firms: int, count: int) -> list[Release]:
    needs, history = needs_of(rng, firms), list[Release]()
    for month, losses in enumerate(scenarios(rng, firms, count)):
        history.append(release(run(touched(needs, losses), entry=month), history))
    return history


@pytest.mark.parametrize("seed", range(6))
def test_no_sum_or_difference_of_all_that_was_shown_is_one_firms(seed: int) -> None:
    """Every combination of up to three figures with small whole weights, and random ones of all."""
    rng = np.random.default_rng(seed)
    sums = shown(published(rng, int(rng.integers(6, 15)), 8))
    rows, noise = laid_out(sums)
    weights = [
        np.bincount(np.array(places), np.array(signs), len(sums))
        for size in (2, 3)
        for places in itertools.combinations(range(len(sums)), size)
        for signs in itertools.product((-2.0, -1.0, 1.0, 2.0), repeat=size)
    ]
    weights += [rng.normal(size=len(sums)) / np.maximum(np.abs(rows).sum(axis=1), 1e-9) for _ in range(500)]
    content = np.abs(np.array(weights) @ rows)
    blurred = content.sum(axis=1) + np.abs(np.array(weights)) @ noise
    alike = content.sum(axis=1) < 1e-6 * np.abs(np.array(weights)) @ np.abs(rows).sum(axis=1)
    content, blurred = content[~alike], blurred[~alike]
    assert (content.max(axis=1) <= 0.5 * blurred * (1 + 1e-6)).all()
    few = np.sort(content, axis=1)[:, ::-1][:, : FIRMS_LEAST - 1].sum(axis=1)
    pairs = np.array([np.count_nonzero(one) <= 2 and np.abs(one).max() == np.abs(one).sum() / 2 for one in weights])
    assert (few <= 0.96 * blurred)[pairs[~alike]].all()


Solver = Callable[[Any, Any, int], Any]


def least_squares(rows: Any, noise: Any, firm: int) -> Any:
    """The weights that tell most of a firm against the rest, in squares: a ridge, as one would do by hand."""
    rest = np.delete(rows, firm, axis=1)
    spread = rest @ rest.T + np.diag(noise**2) + 1e-9 * np.eye(len(rows))
    return np.linalg.solve(spread, rows[:, firm])


def by_programme(rows: Any, noise: Any, firm: int) -> Any:
    """The weights with the least left over, in magnitudes: the dual of what the program itself asks."""
    figures, firms = rows.shape
    rest = np.delete(rows, firm, axis=1).T
    left = np.eye(firms - 1)
    within = np.block([[rest, -left, np.zeros((firms - 1, figures))], [-rest, -left, np.zeros((firms - 1, figures))]])
    sizes = np.block(
        [[np.eye(figures), np.zeros((figures, firms - 1)), -np.eye(figures)],
         [-np.eye(figures), np.zeros((figures, firms - 1)), -np.eye(figures)]]
    )  # fmt: skip
    own = np.concatenate([rows[:, firm], np.zeros(firms - 1 + figures)])[None, :]
    found = linprog(
        np.concatenate([np.zeros(figures), np.ones(firms - 1), noise]), A_ub=np.vstack([within, sizes]),
        b_ub=np.zeros(2 * (firms - 1 + figures)), A_eq=own, b_eq=[1.0],
        bounds=[(None, None)] * figures + [(0, None)] * (firms - 1 + figures),
    )  # fmt: skip
    return found.x[:figures] if found.status == 0 else np.zeros(figures)


@pytest.mark.parametrize("solve", [least_squares, by_programme])
@pytest.mark.parametrize("seed", range(4))
def test_whoever_solves_for_a_firm_is_left_with_half_of_it_at_least(seed: int, solve: Solver) -> None:
    """The attacker even knows what all others have, up to their share: what is left over is no less than the firm."""
    rng = np.random.default_rng(100 + seed)
    rows, noise = laid_out(shown(published(rng, int(rng.integers(6, 12)), 12)))
    scale = np.abs(rows).sum(axis=1, keepdims=True)
    rows, noise = rows / scale, noise / scale[:, 0]
    rows, first = np.unique(rows.round(12), axis=0, return_index=True)
    noise = noise[first]
    for firm in range(rows.shape[1]):
        weights = solve(rows, noise, firm)
        told = abs(weights @ rows[:, firm])
        left = np.abs(np.delete(weights @ rows, firm)).sum() + np.abs(weights) @ noise
        # Half-width of what the firm can be, as a share of what it is.
        assert told == 0 or left / told >= 0.5


def test_something_is_told_after_many_scenarios() -> None:
    """No rule is worth much that keeps everything back: scenarios that touch all firms go on to be told."""
    rng = np.random.default_rng(5)
    needs, history = needs_of(rng, 14), list[Release]()
    for _ in range(12):
        severity = rng.uniform(0.2, 0.8)
        losses = {place: float(severity * rng.uniform(0.9, 1.1)) for place in range(14)}
        history.append(release(run(touched(needs, losses)), history))
    told = [one.value for found in history for one in found.sums if one.quantity == "lost_kg" and not one.why]
    assert len(told) >= 6
    assert {one.quantity for one in shown(history)} >= {QUANTITIES[0], QUANTITIES[2]}
