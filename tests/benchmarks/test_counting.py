"""Intervals against printed tables, areas against their definition, and what is counted as false."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from labelled.asking import asking_for
from labelled.chance import area, poisson, shuffled_areas, wilson
from labelled.features import FEATURES, KEY
from labelled.matching import Planted, Seen
from labelled.peers import RULE, alarms, scored
from labelled.plan import plants_for
from labelled.report import aligned, share, write_between
from labelled.sizes import is_strong, size_class
from labelled.tally import World, plants_of, recall
from lodeline.detection import alarm
from lodeline.world import build_world
from lodeline.world.plant import LATER, OF_FEEDS, UNSEEN, loopholes


def test_intervals_are_those_of_the_tables() -> None:
    # Newcombe (1998), table I, and the exact limits of a Poisson count (Garwood 1936).
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert poisson(0) == pytest.approx((0, 3.6889), abs=1e-3)
    assert poisson(10) == pytest.approx((4.7954, 18.3904), abs=1e-3)


def test_the_area_is_the_share_of_pairs_in_the_right_order() -> None:
    random = np.random.default_rng(1)
    scores, labels = random.integers(0, 6, 80).astype(float), random.random(80) < 0.3
    pairs = [(a > b) + (a == b) / 2 for a in scores[labels] for b in scores[~labels]]
    assert area(scores, labels) == pytest.approx(np.mean(pairs))
    assert abs(shuffled_areas(scores, labels, times=500, seed=1).mean() - 0.5) < 0.01


def test_every_firm_has_at_most_one_plant_and_every_loophole_is_planted(tmp_path: Path) -> None:
    world = build_world(seed=401, organisations=400, months=24)
    plants = plants_for(world, tmp_path)
    firms = [plant.organisation for plant in plants]
    assert len(set(firms)) == len(firms)
    # What is taken as usual are masses, and those that came later leave them as they were.
    assert len([plant for plant in plants if plant.loophole not in (*OF_FEEDS, *LATER)]) < 0.75 * 400
    assert {plant.loophole for plant in plants} == set(loopholes()) - set(UNSEEN)
    assert plants == plants_for(world, tmp_path)


def test_what_lies_below_an_alarm_is_named_only_while_it_is_asked_for() -> None:
    before = alarm.ALARM_SCORE, alarm.alarm_score(tested=1, sites=1)
    with asking_for(0.5):
        assert alarm.ALARM_SCORE == 0.5 and alarm.alarm_score(tested=1, sites=1) == 0.5
    assert (alarm.ALARM_SCORE, alarm.alarm_score(tested=1, sites=1)) == before


def test_large_is_what_its_ceiling_or_its_range_makes_large() -> None:
    assert is_strong("unexplained-gain", 2.0, 0.96) and not is_strong("unexplained-gain", 12.0, 0.94)
    assert not is_strong("unexplained-loss", 12.0, None)
    assert is_strong("capacity-excess", 0.2, None) and not is_strong("capacity-excess", 0.1, None)
    assert size_class("skimming", 8.1, 7.9) == "6–8 σ" and size_class("capacity-excess", 0.06, None) == "small"


def seen(detector: str, *organisations: str, first: str = "2025-02", last: str = "2025-02") -> Seen:
    return Seen(detector=detector, organisations=frozenset(organisations), first=first, last=last, score=1.0)


def tried(*findings: Seen) -> World:
    """Firms A to D with a site each, a year; A has a plant, D lost a receipt in March."""
    plant = Planted(id="P1", loophole="ghost-stock", organisations=frozenset("A"), first="2025-02", last="2025-05")
    fact: dict[str, Any] = {
        "manner": "copied-counts", "adversary": "plain", "begins": "2025-02", "ceiling": None, "size_sigma": None,
        "size": {"value": 6.0, "unit": "months"},
    }  # fmt: skip
    return World(
        plants=[plant], facts={"P1": fact}, findings=list(findings), below=list(findings),
        sites=dict.fromkeys("ABCD", 1), months=12, features=pl.DataFrame(), idle={}, detectors=["ghost-stock"],
        missing_papers=frozenset({("receipt-lost", "D", "2025-03")}),
    )  # fmt: skip


def test_a_plant_is_found_by_its_own_detector_and_as_soon_as_its_finding_could_be_made() -> None:
    world = tried(seen("ghost-stock", "A", first="2025-01", last="2025-04"), seen("skimming", "A", "B"))
    (plant,) = plants_of([world])
    assert (len(plant.hits), plant.other_hits, plant.months_to_detection, plant.strong) == (1, 1, 2, True)
    assert recall([plant]) == 1 and recall(plants_of([tried(seen("skimming", "A"))])) == 0


def test_false_is_what_stands_at_honest_firms_and_is_not_right_about_a_missing_paper() -> None:
    lone, shared = seen("skimming", "B"), seen("skimming", "B", "A")
    abroad = seen("destination-shift", "C", "FOR-1")
    lost, early = seen("over-drawn-lot", "D", last="2025-03"), seen("over-drawn-lot", "D", last="2025-01")
    world = tried(lone, shared, abroad, lost, early, seen("unexplained-gain", "D", last="2025-03"))
    assert world.honest == set("BCD") and world.honest_site_years == 3
    assert world.false(world.findings) == [lone, abroad, early, world.findings[-1]]


def features(z: list[float]) -> pl.DataFrame:
    """One site of each firm B and C, alternating, months in turn."""
    rows = [
        {"organisation": "BC"[n % 2], "site": "BC"[n % 2], "period": f"2025-{n // 2 + 1:02d}"} for n in range(len(z))
    ]
    zeros = pl.DataFrame({name: [0.0] * len(z) for name in FEATURES})
    return pl.DataFrame(rows, schema=list(KEY)).hstack(zeros).with_columns(z_missing=pl.Series(z))


def test_neighbouring_months_of_a_site_are_one_alarm_of_a_peer() -> None:
    frame = features([5.0, 0.0, 4.0, 0.0, 0.5, 3.0, 4.5, 0.1])
    raised = alarms(scored([frame], [])[RULE], [{"B", "C"}])
    # B alarms in January, then April, then February, which lengthens January; C in March. March ties B's runs together.
    expected = {5.0: 1, 4.5: 2, 4.0: 2, 3.0: 3, 0.5: 2, 0.1: 2, 0.0: 2}
    assert dict(zip(raised.level.tolist(), raised.count.tolist(), strict=True)) == expected
    assert (raised.limit_for(1), raised.limit_for(2), raised.limit_for(0)) == (5.0, 4.0, np.inf)


def test_tables_are_markdown_and_are_written_between_their_markers(tmp_path: Path) -> None:
    table = aligned([["detector", "recall"], ["`skimming`", share(0.5)], ["all", share(1.0)]])
    assert table.splitlines() == [
        "| detector   | recall |", "|------------|-------:|", "| `skimming` |    .50 |", "| all        |   1.00 |",
    ]  # fmt: skip
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- peers -->\nold\n<!-- /peers -->\nafter\n", "utf-8")
    write_between(page, {"peers": table})
    assert page.read_text("utf-8") == f"before\n<!-- peers -->\n{table}\n<!-- /peers -->\nafter\n"
    with pytest.raises(AssertionError, match="no place for sizes"):
        write_between(page, {"sizes": table})
