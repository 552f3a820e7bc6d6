"""An inspector's instruments in a world: what they show errs as much as the methods of the register say."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest

from lodeline.world import MeasureError, asked_plants, build_world, measure, write_world
from lodeline.world.visits.measure import MEASUREMENT, RESULTS, content_of
from tests.cli.program import CHINESE, Lodeline
from tests.stores import made_once
from tests.world.reading import Dossier, shares, table

DAY = "2025-02-28"
Items = list[dict[str, str]]


@pytest.fixture(scope="module")
def visited(run_room: Path) -> Dossier:
    """40 firms, three months, a store refilled and one of which a little of every item is gone."""

    def make(inside: Path) -> None:
        world = build_world(seed=6, organisations=40, months=3)
        plants = [
            {"loophole": "false-declaration", "manner": manner, "adversary": adversary, "from": "2025-02"}
            for manner, adversary in (("bias", "adaptive"), ("gross", "plain"))
        ]
        (inside / "plants.json").write_text(json.dumps(plants), "utf-8")
        write_world(world, inside / "w", plants=asked_plants(world, str(inside / "plants.json")), stock=True)

    return Dossier(made_once(run_room / "world-visited", make) / "w")


@pytest.fixture(scope="module")
def there(visited: Dossier) -> dict[str, dict[str, str]]:
    """Lot → its true row on the day of the visit, one site for each lot."""
    return {row["lot"]: row for row in table(visited.root.with_name("w.stock.csv")) if row["on"] == DAY}


@pytest.fixture(scope="module")
def items(there: dict[str, dict[str, str]]) -> Items:
    return [
        {"site": row["site"], "lot": lot, "on": DAY, "do": "count weigh xrf laboratory"} for lot, row in there.items()
    ]


def test_the_same_seed_shows_the_same_whatever_else_is_measured(visited: Dossier, items: Items) -> None:
    whole, few = measure(visited.root, items, seed=4), measure(visited.root, items[5:8][::-1], seed=4)
    assert measure(visited.root, items, seed=4) == whole != measure(visited.root, items, seed=5)
    bags = ("bag_authority", "bag_firm", "bag_reserve")

    def but_bags(row: dict[str, str]) -> dict[str, str]:
        return {key: cell for key, cell in row.items() if key not in bags}

    assert [but_bags(row) for row in few.measurement] == [but_bags(row) for row in whole.measurement[5:8][::-1]]


def test_scales_err_as_their_methods_say(visited: Dossier, items: Items, there: dict[str, dict[str, str]]) -> None:
    """Within a visit the spread is random; between inspectors it is systematic."""
    platform = [item for item in items if there[item["lot"]]["product"].startswith(("oxide", "metal", "strip-cast"))]
    spreads, means = [], []
    for seed in range(60):
        shown = measure(visited.root, [item | {"do": "weigh"} for item in platform], seed=seed).measurement
        errors = [
            float(row["mass_kg"]) / float(there[row["lot"]]["dry_kg"]) - 1
            for row in shown if float(there[row["lot"]]["dry_kg"]) > 100
        ]  # fmt: skip
        spreads.append(np.std(errors, ddof=1))
        means.append(np.mean(errors))
    assert math.sqrt(np.mean(np.square(spreads))) == pytest.approx(0.0006, rel=0.05)
    assert np.std(means, ddof=1) == pytest.approx(0.0004, rel=0.3)


def test_laboratories_and_spectrometers_err_as_their_methods_say(
    visited: Dossier, items: Items, there: dict[str, dict[str, str]]
) -> None:
    # Oxides leave room: what adds up to more than there can be is normalised.
    oxides = [item for item in items if there[item["lot"]]["product"] == "oxide:PrNd"]
    assert len(oxides) > 8
    xrf, authority, firm, split = [], [], [], []
    for seed in range(60):
        shown = measure(visited.root, oxides, seed=seed)
        for row, ours, theirs in zip(shown.measurement, shown.authority, shown.firm, strict=False):
            truth = content_of(there[row["lot"]])["Nd"] * 100
            found = [shares(one["composition"])["Nd"] / truth - 1 for one in (row, ours, theirs)]
            xrf.append(found[0])
            authority.append(found[1])
            firm.append(found[2])
            split.append(found[1] - found[2])
    assert np.std(xrf) == pytest.approx(math.hypot(0.02, 0.008), rel=0.12)
    # One sample is split: what it errs is in both parts, and falls out of their difference.
    alone = math.sqrt(2 * (0.0035**2 + 0.0015**2))
    assert np.std(authority) == pytest.approx(math.hypot(0.0035, 0.0015, 0.002, 0.0005), rel=0.12)
    assert np.std(split) == pytest.approx(alone, rel=0.2) and np.std(split) < np.std(authority) + np.std(firm)


def test_bags_and_results_belong_together_and_a_reference_anchors_them(visited: Dossier, items: Items) -> None:
    named = items[0] | {"bag_authority": "B1", "bag_firm": "B2", "bag_reserve": "B3"}
    shown = measure(visited.root, [named, *items[1:5]], seed=1)
    assert shown.measurement[0]["bag_authority"] == "B1" == shown.authority[0]["bag"]
    assert shown.firm[0]["bag"] == "B2"
    bags = [row[part] for row in shown.measurement for part in ("bag_authority", "bag_firm", "bag_reserve")]
    assert len(set(bags)) == len(bags)
    for rows in (shown.authority, shown.firm):
        assert rows[-1]["reference_material"] and rows[-1]["certified"] and "bag" not in rows[-1]
        assert shares(rows[-1]["composition"])["Nd"] == pytest.approx(shares(rows[-1]["certified"])["Nd"], rel=0.02)


def test_what_is_not_there_is_absent_and_the_adaptive_say_what_they_can_hide(
    visited: Dossier, there: dict[str, dict[str, str]]
) -> None:
    plants = {plant["manner"]: plant for plant in visited.truth["planted"]}

    def shown(manner: str) -> list[dict[str, str]]:
        asked = [
            {"site": plants[manner]["subjects"]["site"], "lot": item["lot"], "on": DAY, "do": "weigh",
             "declared_kg": item["declared_kg"]} for item in plants[manner]["facts"]["items"]
        ]  # fmt: skip
        return measure(visited.root, asked, seed=1).measurement

    assert {row["outcome"] for row in shown("gross")} == {"absent"}
    assert all("mass_kg" not in row for row in shown("gross"))
    for row, item in zip(shown("bias"), plants["bias"]["facts"]["items"], strict=True):
        truly = float(there[row["lot"]]["dry_kg"])
        assert truly < float(row["declared_kg"]) < float(item["declared_kg"])


def test_every_mistake_of_the_items_is_told_with_its_row(visited: Dossier, items: Items) -> None:
    wrong = [items[0] | {"on": "2025-02-27"}, items[0], items[0] | {"do": "taste"}, items[0] | {"site": "NO-SUCH-A"}]
    with pytest.raises(MeasureError) as told:
        measure(visited.root, wrong, seed=1)
    assert [line.partition(",")[0] for line in told.value.en.split("\n")] == ["row 2", "row 4", "row 5"]
    assert CHINESE.search(told.value.zh)
    with pytest.raises(MeasureError, match="--truth-stock"):
        measure(visited.root.with_name("other"), items, seed=1)


@pytest.mark.medium
def test_the_command_writes_what_is_filed(tmp_path: Path) -> None:
    nowhere = Lodeline(database="")
    size = ("--organisations", 20, "--months", 1, "--no-feeds")
    assert nowhere("world", tmp_path / "w", *size, "--truth-stock").status == 0
    lots = [row for row in table(tmp_path / "w.stock.csv") if row["site"] == "SEP-0001-A"]
    with (tmp_path / "items.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("site", "lot", "on", "do"))
        writer.writerows((row["site"], row["lot"], row["on"], "weigh laboratory") for row in lots)
    answer = nowhere("world", "measure", tmp_path / "w", "--items", tmp_path / "items.csv", "-o", tmp_path / "r.csv")
    assert answer.status == 0
    for name, columns in (("r", MEASUREMENT), ("r.authority", RESULTS), ("r.firm", RESULTS)):
        rows = table(tmp_path / f"{name}.csv")
        assert tuple(rows[0]) == columns and len(rows) >= len(lots)
    refused = nowhere("world", "measure", tmp_path / "x", "--items", tmp_path / "items.csv", "-o", tmp_path / "s.csv")
    assert refused.status == 2 and "--truth-stock" in refused.said and not (tmp_path / "s.csv").exists()


def test_nothing_adds_up_to_more_than_there_can_be(visited: Dossier, items: Items) -> None:
    shown = measure(visited.root, items, seed=3)
    for row in (*shown.measurement, *shown.authority, *shown.firm):
        found = shares(row.get("composition", ""))
        assert sum(share for element, share in found.items() if element != "TREO") < 100
