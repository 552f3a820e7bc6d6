"""Customers' plants and planted controls: the same for the same arguments, nothing else changed, no mass lost."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from lodeline.world import build_world, write_world
from lodeline.world.strategy.control import Control, after_working_days
from lodeline.world.strategy.goods import Parcel
from lodeline.world.strategy.life import PALLET_KG, Allotment
from lodeline.world.strategy.plants import Cell, plan_plants
from lodeline.world.strategy.tables import hundredths
from lodeline.world.strategy.window import window_of
from tests.stores import made_once
from tests.world.reading import table
from tests.world.test_dossier import tree_hash

pytestmark = pytest.mark.medium

TABLES = ("plants", "bill", "cover", "suppliers", "scenarios", "instruments")
START = "2024-01"


def write(out: Path, *, organisations: int, months: int = 8, strategy: bool = True, seed: int = 3) -> Path:
    """A world from January 2024, so that its own border regime of 2025 lies beyond the horizon."""
    world = build_world(seed=seed, organisations=organisations, months=months, start=START)
    write_world(world, out, strategy=strategy)
    return out


@pytest.fixture(scope="session")
def world(run_room: Path) -> Path:
    """120 organisations, eight months filed; controls from September on."""

    def make(inside: Path) -> None:
        write(inside / "w", organisations=120)

    return made_once(run_room / "world-strategy", make) / "w"


@pytest.fixture(scope="session")
def truth(world: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(world.with_name("w.strategy.json").read_text("utf-8"))
    return found


def tables(world: Path) -> dict[str, list[dict[str, str]]]:
    return {name: table(world / f"strategy/{name}.csv") for name in TABLES}


def cells(truth: dict[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return [(plant, one) for plant in truth["plants"] for one in plant["classes"]]


def test_the_same_arguments_give_the_same_bytes_and_nothing_else_changes(tmp_path: Path) -> None:
    first, again, without = (
        write(tmp_path / name / "w", organisations=24, months=2, strategy=name != "without")
        for name in ("first", "again", "without")
    )
    assert tree_hash(first) == tree_hash(again)
    assert first.with_name("w.strategy.json").read_bytes() == again.with_name("w.strategy.json").read_bytes()
    assert not without.with_name("w.strategy.json").exists()
    for name in TABLES:
        (first / f"strategy/{name}.csv").unlink()
    (first / "strategy").rmdir()
    assert tree_hash(first) == tree_hash(without)
    assert first.with_name("w.truth.json").read_bytes() == without.with_name("w.truth.json").read_bytes()


def test_a_quarter_to_three_quarters_of_the_plants_stop_under_each_control(truth: dict[str, Any]) -> None:
    assert truth["starts"] == "2024-09-01"
    assert (truth["base_from"], truth["base_to"]) == ("2024-03", "2024-08")
    assert truth["counts"]["none"]["stops"] == 0
    assert truth["counts"]["none"]["abroad"] >= 45
    for name in ("dy-licence", "nd-ban"):
        counts = truth["counts"][name]
        assert 0.25 <= counts["stopping"] / counts["plants"] <= 0.75
        assert counts["stops"] >= 20
    assert truth["counts"]["dy-general"]["stopping"] < truth["counts"]["dy-licence"]["stopping"]


def test_a_plant_that_a_control_does_not_touch_goes_on(truth: dict[str, Any]) -> None:
    for plant, one in cells(truth):
        for name, scenario in truth["scenarios"].items():
            where = plant["abroad"] and (not scenario["countries"] or plant["country"] in scenario["countries"])
            if not (where and one["class"] in scenario["goods"]):
                assert one["stops"][name] is None
            elif one["stops"][name] is not None:
                assert 0 <= one["stops"][name] < truth["horizon_days"]


def test_what_a_plant_used_sold_and_holds_is_what_came_and_what_it_began_with(truth: dict[str, Any]) -> None:
    for _, one in cells(truth):
        for mass in one["mass"].values():
            assert mass["held_kg"] >= 0
            assert mass["started_kg"] + mass["arrived_kg"] == pytest.approx(
                mass["used_kg"] + mass["sold_kg"] + mass["held_kg"], rel=1e-9, abs=1e-4
            )
            assert mass["spot_kg"] <= mass["arrived_kg"] + 1e-6


def test_without_a_control_plants_use_what_they_need(truth: dict[str, Any]) -> None:
    days = (date(2024, 9, 1) - date(2024, 3, 1)).days + truth["horizon_days"]
    for _, one in cells(truth):
        assert one["mass"]["none"]["used_kg"] == pytest.approx(one["need_kg_per_day"] * days, rel=0.08)
    spot, came = (sum(one["mass"]["none"][key] for _, one in cells(truth)) for key in ("spot_kg", "arrived_kg"))
    assert spot < 0.1 * came


def test_the_tables_tell_the_truth_and_say_that_it_is_synthetic(world: Path, truth: dict[str, Any]) -> None:
    told = tables(world)
    for name in TABLES:
        assert all("synthetic" in row.get("source", row.get("note", "")) for row in told[name])
    output = {row["plant"]: float(row["output_per_day"]) for row in told["plants"]}
    bill = {(row["plant"], row["class"]): float(row["kg_per_unit"]) for row in told["bill"]}
    cover = {(row["plant"], row["class"]): row for row in told["cover"]}
    assert len(output) == len(truth["plants"])
    assert bill.keys() == cover.keys() == {(plant["plant"], one["class"]) for plant, one in cells(truth)}
    for plant, one in cells(truth):
        key = plant["plant"], one["class"]
        assert bill[key] * output[plant["plant"]] == pytest.approx(one["need_kg_per_day"], rel=1e-6)
        assert float(cover[key]["stock_days"]) == one["stock_days"]
        assert (cover[key]["on"], cover[key]["transit_days"]) == (truth["starts"], str(plant["transit_days"]))
    assert {row["scenario"] for row in told["instruments"]} == {row["scenario"] for row in told["scenarios"]}
    ban = next(row for row in told["instruments"] if row["kind"] == "ban")
    assert ban["to_country"].split(";") == truth["scenarios"]["nd-ban"]["countries"]


def test_shares_of_suppliers_add_up_and_the_filed_ones_are_exporters(world: Path, truth: dict[str, Any]) -> None:
    firms = {row["id"] for row in table(world / "register/organisations.csv")}
    shares: dict[tuple[str, str], float] = defaultdict(float)
    filed: dict[tuple[str, str], float] = defaultdict(float)
    rows = tables(world)["suppliers"]
    for row in rows:
        shares[row["plant"], row["class"]] += float(row["share_pct"])
        if row["supplier"] in firms and not row["supplier"].startswith("FOR-"):
            filed[row["plant"], row["class"]] += float(row["share_pct"])
    assert all(share == pytest.approx(100, abs=1e-6) for share in shares.values())
    for plant, one in cells(truth):
        assert filed[plant["plant"], one["class"]] == pytest.approx(one["filed_pct"], abs=0.2)
    assert any(row["supplier"].startswith("FOR-") for row in rows)
    assert any(row["qualified_on"] > truth["starts"] for row in rows)
    assert 0.2 < sum(share < 99 for share in filed.values()) / len(filed) < 0.6


def test_a_licence_comes_after_working_days_and_a_few_are_refused(truth: dict[str, Any]) -> None:
    cases = truth["scenarios"]["dy-licence"]["cases"]
    assert len({(case["exporter"], case["end_user"], case["class"]) for case in cases}) == len(cases) > 50
    for case in cases:
        assert 30 <= case["working_days"] <= 90
        if case["allowed_day"] is not None:
            assert case["working_days"] * 7 / 5 - 3 <= case["allowed_day"] <= case["working_days"] * 7 / 5 + 20
    assert 0.88 < sum(case["allowed_day"] is not None for case in cases) / len(cases) < 1


def test_weekends_and_holidays_are_no_working_days() -> None:
    friday = date(2024, 9, 27).toordinal()
    assert date.fromordinal(after_working_days(friday, 1)) == date(2024, 9, 28)
    # The 28th and 29th are a weekend, the 30th is worked, 1 to 7 October are holidays.
    assert date.fromordinal(after_working_days(friday, 3)) == date(2024, 10, 9)


def test_what_is_held_leaves_when_it_is_allowed_and_what_is_banned_never() -> None:
    def sent(day: int, buyer: str = "FOR-1", goods: str = "magnet-smco") -> Parcel:
        return Parcel(day=day, exporter="MAG-1", buyer=buyer, goods=goods, kg=1.0)

    abroad = {"FOR-1": "DE", "FOR-2": "US"}
    case = ("MAG-1", "FOR-1", "magnet-smco")
    licence = Control(name="x", goods=("magnet-smco",), cases={case: (5, 17)})
    parcels = [sent(9), sent(11), sent(20), sent(11, goods="magnet-ndfeb"), sent(11, buyer="USE-1")]
    assert [parcel.day for parcel in licence.leaving(parcels, 10, abroad)] == [9, 17, 20, 11, 11]
    refused = Control(name="x", goods=("magnet-smco",), cases={case: (5, None)})
    assert [parcel.day for parcel in refused.leaving(parcels, 10, abroad)] == [9, 11, 11]
    general = Control(name="x", goods=("magnet-smco",), cases={case: (5, None)}, general_from=13)
    assert [parcel.day for parcel in general.leaving(parcels, 10, abroad)] == [9, 13, 20, 11, 11]
    ban = Control(name="x", goods=("magnet-smco",), countries=frozenset({"US"}), is_ban=True)
    assert list(ban.leaving([sent(11), sent(11, buyer="FOR-2")], 10, abroad)) == [sent(11)]


def test_parcels_are_parted_in_pallets_for_whoever_is_furthest_behind() -> None:
    allotment = Allotment.of([Cell(goods="magnet-smco", claims=[("FOR-1", rate)]) for rate in (3.0, 1.0)])
    given: dict[int, float] = defaultdict(float)
    for _ in range(10):
        for number, kg in allotment.part(
            Parcel(day=1, exporter="M", buyer="FOR-1", goods="magnet-smco", kg=3.5 * PALLET_KG)
        ):
            assert kg in (PALLET_KG, 1.5 * PALLET_KG)
            given[number] += kg
    assert given[0] + given[1] == 35 * PALLET_KG
    assert given[0] / given[1] == pytest.approx(3, rel=0.15)
    assert allotment.part(Parcel(day=1, exporter="M", buyer="FOR-2", goods="magnet-smco", kg=5)) == []


def test_controls_begin_in_month_nine_of_a_long_world_and_else_after_its_last() -> None:
    def begins(months: int) -> tuple[str, str, str, int]:
        window = window_of(build_world(seed=1, organisations=20, months=months, start=START))
        return window.base_from, window.base_to, window.text(window.starts), window.more

    assert begins(1) == ("2024-01", "2024-01", "2024-02-01", 6)
    assert begins(8) == ("2024-03", "2024-08", "2024-09-01", 6)
    assert begins(13) == ("2024-08", "2025-01", "2025-02-01", 6)
    assert begins(14) == ("2024-03", "2024-08", "2024-09-01", 0)
    assert begins(20) == ("2024-03", "2024-08", "2024-09-01", 0)


def test_a_world_in_which_nothing_was_sent_has_no_plants() -> None:
    world = build_world(seed=1, organisations=20, months=3)
    assert plan_plants(world, [], window_of(world)) == []


@pytest.mark.parametrize("rates", [[1.0], [1.0, 1.0, 1.0], [0.001, 5.0, 2.0]])
def test_shares_are_whole_hundredths_of_a_percent_that_add_up(rates: list[float]) -> None:
    assert sum(hundredths(rates)) == 10_000
