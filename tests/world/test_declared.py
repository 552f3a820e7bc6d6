"""Stores that are declared to be full: what is there is what was declared less what was taken, and books close."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lodeline.world import asked_plants, build_world, write_world
from tests.stores import made_once
from tests.world.reading import Dossier, canonical, dry_mg, table
from tests.world.test_dossier import tree_hash

KG = 10**6
MANNERS = ("gross", "partial", "bias", "surplus", "gross-received", "partial-received", "bias-received")


def write(room: Path, items: list[dict[str, Any]], *, profile: str = "default", stock: bool = True) -> Dossier:
    """60 organisations, July to October 2025."""
    room.mkdir(exist_ok=True)
    world = build_world(seed=2, organisations=60, months=4, start="2025-07", habits=profile)
    (room / "plants.json").write_text(json.dumps(items), "utf-8")
    write_world(world, room / "w", plants=asked_plants(world, str(room / "plants.json")), stock=stock)
    return Dossier(room / "w")


@pytest.fixture(scope="module")
def falsified(run_room: Path) -> Dossier:
    """Every manner, plain and adaptive, in August and September."""
    items = [
        {"loophole": "false-declaration", "manner": manner, "adversary": adversary, "from": "2025-08", "to": "2025-09"}
        for manner in MANNERS for adversary in ("plain", "adaptive")
    ]  # fmt: skip

    def make(inside: Path) -> None:
        write(inside, items)

    return Dossier(made_once(run_room / "world-falsified", make) / "w")


def stock_of(dossier: Dossier) -> dict[tuple[str, str, str], dict[str, str]]:
    """(day, site, lot) → the row of the stock file."""
    rows = table(dossier.root.with_name("w.stock.csv"))
    found = {(row["on"], row["site"], row["lot"]): row for row in rows}
    assert len(found) == len(rows)
    return found


def content(row: dict[str, str]) -> dict[str, float]:
    return {part.split("=")[0]: float(part.split("=")[1]) for part in row["composition"].split(";")}


def test_every_manner_is_planted(falsified: Dossier) -> None:
    planted = [(plant["manner"], plant["adversary"]) for plant in falsified.truth["planted"]]
    assert planted == [(manner, adversary) for manner in MANNERS for adversary in ("plain", "adaptive")]


def test_what_is_there_is_what_was_declared_less_what_was_taken(falsified: Dossier) -> None:
    stock, days = stock_of(falsified), {"2025-08": "2025-08-31", "2025-09": "2025-09-30"}
    for plant in falsified.truth["planted"]:
        site, taken = plant["subjects"]["site"], 0.0
        for item in plant["facts"]["items"]:
            for period, day in days.items():
                row, share = stock.get((day, site, item["lot"])), float(item["share"])
                gone = period >= item["since"]
                declared = float(item["declared_kg"])
                if period < plant["months"][0]["period"]:
                    # The firm had nothing of the kind yet.
                    assert row is None
                elif gone and share == 1:
                    assert row is None
                elif gone and item["refilled"]:
                    assert row is not None and float(row["dry_kg"]) == pytest.approx(declared, abs=1e-3)
                    before = stock.get(("2025-08-31", site, item["lot"])) if item["since"] == "2025-09" else None
                    if before is not None:
                        was = content(before)
                        assert content(row) == pytest.approx(
                            {e: part * (1 - share) for e, part in was.items()}, rel=1e-5
                        )
                else:
                    expected = declared - float(item["gone_kg"]) if gone else declared
                    assert row is not None and float(row["dry_kg"]) == pytest.approx(expected, abs=2e-3)
            assert (("2025-10-31", site, item["lot"]) in stock) is False
            taken += abs(float(item["gone_kg"]))
        assert taken == pytest.approx(float(plant["mass_kg"]), abs=0.02)


def test_an_adaptive_falsifier_refills_and_stays_within_two_scales(falsified: Dossier) -> None:
    plants = {(plant["manner"], plant["adversary"]): plant for plant in falsified.truth["planted"]}
    for kind in ("partial", "partial-received"):
        assert all(item["refilled"] for item in plants[kind, "adaptive"]["facts"]["items"])
        assert not any(item["refilled"] for item in plants[kind, "plain"]["facts"]["items"])
    assert len(plants["gross", "adaptive"]["facts"]["items"]) == 1 < len(plants["gross", "plain"]["facts"]["items"])
    for manner in ("bias", "surplus"):
        naive, adaptive = (
            abs(float(plants[manner, adversary]["facts"]["items"][0]["share"])) for adversary in ("plain", "adaptive")
        )
        assert adaptive < 0.004 and 0.01 <= naive <= 0.04
    assert float(plants["surplus", "plain"]["facts"]["items"][0]["gone_kg"]) < 0


def test_counts_and_both_sides_papers_say_that_all_is_there(falsified: Dossier) -> None:
    """Every paper on an item agrees within scales; a supplier who helps says what the firm says."""
    rows: dict[str, list[dict[str, str]]] = {}
    for row in falsified.standing():
        if row["lot"]:
            rows.setdefault(canonical(row), []).append(row)
    for plant in falsified.truth["planted"]:
        for item in plant["facts"]["items"]:
            said = rows[item["lot"]]
            assert all(dry_mg(row) / KG == pytest.approx(float(item["declared_kg"]), rel=0.005) for row in said)
            kinds = sorted((row["organisation"], row["kind"]) for row in said)
            own, (other, *_) = plant["subjects"]["organisation"], plant["subjects"]["pair"] or ["", ""]
            assert kinds.count((own, "shipment")) == 1
            if plant["manner"].endswith("-received"):
                assert (other, "origin") in kinds and (other, "shipment") in kinds and (own, "receipt") in kinds
            else:
                assert (own, "origin") in kinds


def test_without_being_named_it_is_never_planted() -> None:
    for seed in range(3):
        world = build_world(seed=seed, organisations=60, months=12)
        assert "false-declaration" not in {plant.loophole for plant in asked_plants(world, "random:0.5")}


@pytest.mark.parametrize("profile", ["default", "stranger"])
def test_what_truly_lies_there_is_written_beside_and_changes_nothing(profile: str, tmp_path: Path) -> None:
    with_stock, without = (
        write(tmp_path / name, [], profile=profile, stock=stock) for name, stock in (("a", True), ("b", False))
    )
    assert tree_hash(with_stock.root) == tree_hash(without.root)
    assert not without.root.with_name("w.stock.csv").exists()
    if profile != "default":
        return
    # Where the firm filed a count on that day, what lies there is what it counted, within its scale.
    counted, stock = 0, stock_of(with_stock)
    for row in with_stock.standing():
        there = stock.get((row["on"], row["site"], canonical(row))) if row["kind"] == "stock" else None
        if there is not None and not row.get("reason"):
            counted += 1
            assert dry_mg(row) / KG == pytest.approx(float(there["dry_kg"]), rel=0.008, abs=0.11)
    assert counted > 300


def test_the_stock_file_is_the_same_for_the_same_seed(falsified: Dossier, tmp_path: Path) -> None:
    asked = json.loads(falsified.root.with_name("plants.json").read_text("utf-8"))
    again = write(tmp_path / "again", asked)
    assert tree_hash(again.root) == tree_hash(falsified.root)
    stocks = [one.root.with_name("w.stock.csv").read_bytes() for one in (again, falsified)]
    assert stocks[0] == stocks[1]
