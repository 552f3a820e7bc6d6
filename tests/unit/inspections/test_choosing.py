"""A month's visits: those where most is at stake, and some by lot, so that nobody is never visited."""

from __future__ import annotations

from collections import Counter
from datetime import date
from hashlib import sha256
from typing import Any

import polars as pl
import pytest

from lodeline.service.inspections.choosing import ChoosingError, choose

SITES = [f"S{number:02d}" for number in range(20)]
HELD = pl.DataFrame({"site": SITES, "organisation": [f"F{one}" for one in SITES], "held_mg": [10**9] * len(SITES)})


def finding(site: str, kg: str, score: float | None) -> dict[str, Any]:
    return {"subject": {"site": site}, "mass_kg": kg, "score": score, "detector": "unexplained-loss"}


def chosen(*findings: dict[str, Any], seed: bytes = b"seed", **more: Any) -> list[tuple[str, str]]:
    found = choose(HELD, findings, more.pop("last", {}), month="2026-03", seed=seed, **{"visits": 5, **more})
    return [(one.site, one.how) for one in found]


def test_most_is_at_stake_first_and_the_rest_by_lot() -> None:
    found = chosen(finding("S07", "500", 0.5), finding("S03", "400", 0.9), finding("S05", "1000", None))
    # Of a question without a score the mass counts by half.
    assert [one for one, _ in found[:3]] == ["S05", "S03", "S07"]
    assert [how for _, how in found] == ["ranked"] * 4 + ["random"]


def test_of_a_site_the_weightiest_question_counts_and_not_their_sum() -> None:
    several = [finding("S01", "300", 0.9)] * 3
    assert [one for one, _ in chosen(*several, finding("S02", "400", 0.9))[:2]] == ["S02", "S01"]


def test_who_was_just_visited_waits() -> None:
    questions = finding("S01", "500", 0.9), finding("S02", "100", 0.9)
    assert chosen(*questions)[0][0] == "S01"
    assert chosen(*questions, last={"S01": date(2026, 2, 20)})[0][0] == "S02"
    # Without questions it is who was never visited, then who has waited longest.
    last = dict.fromkeys(SITES[:18], date(2026, 2, 1)) | {"S18": date(2025, 6, 1)}
    assert [one for one, _ in chosen(last=last)[:2]] == ["S19", "S18"]


def test_the_draw_can_be_made_again_and_moves_nobody_else() -> None:
    assert chosen() == chosen()
    assert chosen(visits=5, share=1) != chosen(visits=5, share=1, seed=b"another")
    by_lot = [one for one, how in chosen(visits=4, share=1) if how == "random"]
    gone = HELD.filter(pl.col("site") != by_lot[0])
    again = choose(gone, [], {}, month="2026-03", seed=b"seed", visits=4, share=1)
    assert [one.site for one in again][:3] == by_lot[1:]


def test_no_site_is_never_visited() -> None:
    """Over many months the lot falls on each site about as often as it says."""
    questions = [finding("S00", "900", 0.99)]
    months = [f"{year}-{month:02d}" for year in range(2026, 2076) for month in range(1, 13)]
    drawn: Counter[str] = Counter()
    chance = 0.0
    for month in months:
        seed = sha256(month.encode()).digest()
        found = choose(HELD, questions, {}, month=month, seed=seed, visits=2, share=0.5)
        drawn.update(one.site for one in found if one.how == "random")
        chance = found[0].chance
    assert chance == pytest.approx(1 / 19)
    # Five σ of a binomial on each side.
    expected, sigma = len(months) * chance, (len(months) * chance * (1 - chance)) ** 0.5
    assert set(drawn) == set(SITES[1:])
    assert all(abs(count - expected) < 5 * sigma for count in drawn.values())


@pytest.mark.parametrize("wrong", [{"share": 0}, {"share": 1.5}, {"visits": 0}, {"visits": 10_000}])
def test_nobody_can_take_the_lot_out(wrong: dict[str, Any]) -> None:
    with pytest.raises(ChoosingError, match="nobody is never visited"):
        chosen(**wrong)
