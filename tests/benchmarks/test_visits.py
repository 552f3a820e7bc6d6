"""Simulated visits are the same for the same seed, agree with theory, and see what truly was taken."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from labelled.quick import quick_sight
from lodeline.detection.battery import run_detectors
from lodeline.regulation.parameter import load as load_law
from lodeline.world import asked_plants, build_world, write_world
from visiting.chain import Services, through_store
from visiting.draws import DEFECTS, false_alarms, shown, shown_together, site_of
from visiting.picture import picture
from visiting.visits import visited
from visiting.worlds import Stand, asked_of, stands

ON = date(2025, 2, 28)


@pytest.fixture(scope="module")
def falsified(tmp_path_factory: pytest.TempPathFactory) -> list[Stand]:
    """Sites of a world of 40 firms."""
    return list(stands(3002, firms=40, room=tmp_path_factory.mktemp("stands")))


@pytest.mark.medium
def test_visits_to_made_up_sites_agree_with_theory() -> None:
    random = np.random.default_rng(5)
    site = site_of(random)
    for kind in DEFECTS:
        theory, simulated = shown(site, kind, 3_000, random)
        assert simulated == pytest.approx(theory, abs=0.03), kind
    for sigmas in (0.0, 2.0):
        theory, simulated = shown_together(site, sigmas, 3_000, random)
        assert simulated == pytest.approx(theory, abs=0.03), sigmas
    assert max(false_alarms(site, 3_000, random)) < 0.065


@pytest.mark.medium
def test_visits_to_falsified_sites_see_more_than_books_and_are_quiet_elsewhere(falsified: list[Stand]) -> None:
    assert len(falsified) >= 4
    random = np.random.default_rng(6)
    found = [visited(one, planned=True, falsified=True, visits=200, random=random) for one in falsified]
    quiet = [visited(one, planned=True, falsified=False, visits=200, random=random) for one in falsified]
    again = visited(falsified[0], planned=True, falsified=True, visits=200, random=np.random.default_rng(7))
    assert again == visited(falsified[0], planned=True, falsified=True, visits=200, random=np.random.default_rng(7))
    assert np.mean([one.visit for one in quiet]) < 0.08
    assert np.mean([one.visit for one in found]) > 0.3
    assert not any(one.battery for one in falsified)
    for stand in falsified:
        missing = float(((stand.quiet_mass * stand.quiet_share - stand.mass * stand.share) * stand.declared).sum())
        assert missing == pytest.approx(stand.taken, rel=0.02)


def test_what_goes_through_a_store_is_held_against_the_truth(tmp_path: Path) -> None:
    """With a store that only subtracts: every item is weighed, and D is what was taken, within the scales."""
    world = build_world(seed=6, organisations=40, months=3)
    plants = [{"loophole": "false-declaration", "manner": "gross", "adversary": "plain", "from": "2025-02"}]
    (tmp_path / "plants.json").write_text(json.dumps(plants), "utf-8")
    write_world(world, tmp_path / "w", plants=asked_plants(world, str(tmp_path / "plants.json")), stock=True)
    truth = json.loads((tmp_path / "w.truth.json").read_text("utf-8"))["planted"][0]
    rows: list[dict[str, Any]] = []

    def plan(site: str, on: date) -> tuple[int, Sequence[Mapping[str, Any]]]:
        assert (site, on) == (truth["subjects"]["site"], ON)
        items = [
            {"lot": item["lot"], "do": ["count", "weigh"], "dry_mg": round(float(item["declared_kg"]) * 1e6),
             "bags": ["a", "b", "c"], "product": item["product"]} for item in truth["facts"]["items"]
        ]  # fmt: skip
        return 9, [*items, {"lot": "NOT/CHOSEN", "do": []}]

    def enter(site: str, on: date, plan: int, measurement: Path, results: Mapping[str, Path]) -> None:
        assert plan == 9 and not results
        with measurement.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                assert row["outcome"] == "absent"
                rows.append({"site": site, "missing": float(row["declared_kg"]) * 1e6})

    def verified() -> pl.DataFrame:
        missing = sum(row["missing"] for row in rows)
        share = {element: float(mass) / float(truth["mass_kg"]) for element, mass in truth["elements"].items()}
        return pl.DataFrame(
            [
                {"site": truth["subjects"]["site"], "element": one, "verified_mg": missing * of}
                for one, of in share.items()
            ]
        )

    services = Services(plan=plan, enter=enter, verified=verified)
    found = through_store(tmp_path / "w", services, on=ON, seed=1, room=tmp_path)
    assert found.height == len(truth["elements"]) and set(found["manner"]) == {"gross"}
    assert found["verified_mg"].to_numpy() == pytest.approx(found["truly_mg"].to_numpy(), rel=0.01)


def test_the_picture_leaves_out_what_no_site_says() -> None:
    drawn = picture([("plain", ["a", "b", "c"], [[0.1, None, 0.2], *[[None] * 3] * 4])])
    assert drawn.startswith("<svg") and drawn.count('class="books"') == 2 and drawn.count('class="items"') == 1


@pytest.mark.medium
def test_no_detector_that_reads_filings_sees_a_store_that_is_not_full(tmp_path: Path) -> None:
    """Findings of the world with falsified stores are those of the world without, but for their ids."""
    world = build_world(seed=3003, organisations=30, months=6)
    found = []
    for name, plants in (("with", asked_of(world)), ("without", [])):
        room = tmp_path / name
        room.mkdir()
        (room / "plants.json").write_text(json.dumps(plants), "utf-8")
        write_world(world, room / "w", plants=asked_plants(world, str(room / "plants.json")), feeds=True)
        sight = quick_sight(room / "w", room, load_law("cn"))
        found.append({(one.detector, json.dumps(one.as_json()["subject"])) for one in run_detectors(sight)})
    assert len(asked_of(world)) >= 3 and found[0] == found[1]
