"""The stranger's profile: the same industry with other habits, each share of its table; the default stays untouched."""

from __future__ import annotations

import csv
import json
import statistics
from collections import defaultdict
from datetime import datetime
from pathlib import Path

import pytest

from lodeline.world import asked_plants, build_world, write_world
from lodeline.world.profile import in_share, profile
from tests.world.reading import Dossier, table
from tests.world.test_dossier import tree_hash

pytestmark = pytest.mark.medium

FIRMS, MONTHS = 60, 12
Row = dict[str, str]
MG = {"mass_kg": 10**6, "mass_t": 10**9, "mass_g": 10**3}


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Dossier:
    """60 organisations and a year of the profile, with traders, parted consignments and shells planted."""
    room = tmp_path_factory.mktemp("stranger")
    world = build_world(seed=2499, organisations=FIRMS, months=MONTHS, habits="stranger")
    makers = [plan.id for plan in world.firms if plan.trade == "magnet-maker"]
    others = [plan.id for plan in world.firms if plan.trade.endswith("-separator")]
    exporters = [plan.id for plan in world.firms if plan.trade == "exporter"]
    months = {"from": "2025-03", "to": "2025-10"}
    items = [
        *(
            {"loophole": "trader-pass-through", "organisation": one, "size": 0.6, **months}
            for one in makers[:4] + others[:4]
        ),
        *(
            {"loophole": "threshold-splitting", "organisation": one, "size": 1, "adversary": kind, **months}
            for one, kind in zip(exporters + makers[4:8], ("plain", "adaptive") * 5, strict=False)
        ),
        *({"loophole": "shell-customer", "organisation": one, "size": 0.8, **months} for one in makers[8:10]),
    ]  # fmt: skip
    (room / "plants.json").write_text(json.dumps(items), "utf-8")
    write_world(world, room / "w", plants=asked_plants(world, str(room / "plants.json")), feeds=True)
    return Dossier(room / "w")


@pytest.fixture(scope="module")
def rows(stranger: Dossier) -> list[Row]:
    return stranger.standing()


def test_a_profile_gives_the_same_bytes_and_others_than_the_default(tmp_path: Path) -> None:
    for name, habits in (("one", "stranger"), ("two", "stranger"), ("default", "default")):
        write_world(build_world(seed=1, organisations=20, months=3, habits=habits), tmp_path / name, feeds=True)
    assert tree_hash(tmp_path / "one") == tree_hash(tmp_path / "two") != tree_hash(tmp_path / "default")
    with pytest.raises(ValueError, match="default or stranger"):
        build_world(seed=1, organisations=20, months=3, habits="friend")


def test_the_default_world_with_plants_and_feeds_is_what_it_was(tmp_path: Path) -> None:
    """What was written before there were profiles; without plants: `test_plants`."""
    world = build_world(seed=405, organisations=20, months=4)
    write_world(world, tmp_path / "w", plants=asked_plants(world, "random:0.5"), feeds=True, named=0.2)
    assert tree_hash(tmp_path / "w") == "9a402f903ad48d4430eaf01987e43098a43f500445ef261d8f6ee6c60567df02"
    assert "profile" not in json.loads((tmp_path / "w.truth.json").read_text("utf-8"))["world"]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.4, 0.65, 1.0])
def test_of_any_first_so_many_at_least_the_share_are_in_it(share: float) -> None:
    for count in range(1, 60):
        found = sum(in_share(place, share) for place in range(count))
        assert share * count - 1e-9 <= found < share * count + 1


def test_every_habit_has_its_reason() -> None:
    path = Path(__file__).parents[2] / "src/lodeline/data/world/profiles.csv"
    habits = table(path)
    assert len(habits) > 30 and all(row["source"] for row in habits)
    assert profile("default").dirt == {} and profile("default").customers_by_name == 0


def test_most_customers_stand_in_no_register_and_go_by_name(stranger: Dossier, rows: list[Row]) -> None:
    registered = {row["id"] for row in table(stranger.root / "register/organisations.csv")}
    named = {
        (deed["organisation"], deed["facts"]["filed"]): deed["facts"]["is"]
        for deed in stranger.dirt("customer-by-name")
    }
    sales = [row for row in rows if row["kind"] in ("shipment", "export") and not row.get("to_site")]
    assert {row["counterparty"] for row in sales if row.get("counterparty")} <= registered
    users = {name for name in registered if name.startswith(("USE-", "FOR-"))}
    meant = set(named.values())
    assert not meant & registered and len(meant) >= 0.6 * len(meant | users)
    unnamed = [row for row in sales if not row.get("counterparty")]
    known = [row for row in unnamed if (row["organisation"], row["counterparty_name"]) in named]
    # Contracts that leave out the id of a registered firm are ordinary in either profile.
    assert len(known) > 0.85 * len(unnamed) > 500
    wordings = defaultdict(set)
    for (_, text), party in named.items():
        wordings[party].add(text)
    assert statistics.mean(len(texts) for texts in wordings.values()) > 1.5


def test_most_planted_traders_trade_honestly_too(stranger: Dossier, rows: list[Row]) -> None:
    plants = [one for one in stranger.truth["planted"] if one["loophole"] == "trader-pass-through"]
    assert len(plants) >= 6
    shares = []
    for plant in plants:
        trader = plant["facts"]["trader"]
        touched = {event["event"] for event in plant["events"] if event["organisation"] == trader}
        months = {event["period"] for event in plant["events"]}
        received = [
            row
            for row in rows
            if row["organisation"] == trader and row["kind"] == "receipt" and row["period"] in months
        ]
        planted = [row for row in received if row["event"] in touched]
        assert {row["document_kind"] for row in planted} == {"invoice-ordinary"}
        shares.append(len(planted) / len(received))
    assert sum(0.13 <= share <= 0.48 for share in shares) >= 0.5 * len(shares), shares


def test_parts_of_a_consignment_weigh_from_40_to_900_kg_and_anything_between(
    stranger: Dossier, rows: list[Row]
) -> None:
    events = stranger.events()
    parts = []
    for plant in stranger.truth["planted"]:
        if plant["loophole"] == "threshold-splitting":
            cut = [events[event["organisation"], event["event"]] for event in plant["events"]]
            lots = {
                row["lot"] for (row, *_), event in zip(cut, plant["events"], strict=True) if event["change"] == "added"
            }
            parts += [grams(row) / 1000 for lines in cut for row in lines if row["lot"] in lots and len(lines) == 1]
    assert len(parts) > 30
    assert min(parts) >= 39.9 and max(parts) <= 900.1
    quarters = [sum(low <= part < low + 215 for part in parts) for low in (40, 255, 470, 685)]
    assert min(quarters) > 0, quarters


def grams(row: Row) -> float:
    return next(float(row[column]) * unit / 1000 for column, unit in MG.items() if row.get(column))


def test_a_third_of_the_separators_sell_light_and_heavy_products(rows: list[Row]) -> None:
    sold = defaultdict(set)
    for row in rows:
        if row["kind"] == "shipment" and row["organisation"].startswith("SEP"):
            sold[row["organisation"]].add(row["product"])
    both = [
        name
        for name, products in sold.items()
        if {"oxide:La", "oxide:Ce"} & products and {"oxide:Dy", "oxide:Tb"} & products
    ]
    assert len(both) >= 0.3 * len(sold) > 0


def test_one_month_in_twenty_is_silent(stranger: Dossier) -> None:
    silent = len(stranger.dirt("month-not-filed")) / (FIRMS * MONTHS)
    assert 0.035 < silent < 0.065


def test_ids_are_bare_unless_two_lots_of_a_firm_have_one_number(rows: list[Row]) -> None:
    meant: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in rows:
        if row["kind"] == "receipt":
            maker, _, number = row["lot"].rpartition("/")
            meant[row["organisation"], number].add(maker or row.get("counterparty") or row["counterparty_name"])
    others = [
        row for row in rows if row["kind"] == "receipt" or (row["organisation"], row["lot"].rpartition("/")[2]) in meant
    ]
    full = [row for row in others if "/" in row["lot"]]
    assert len(others) > 5000 and 0 < len(full) < 0.12 * len(others)


def test_habits_of_filing_differ_between_firms_and_not_within_one(stranger: Dossier, rows: list[Row]) -> None:
    units: dict[str, set[str]] = defaultdict(set)
    bases: dict[str, set[str]] = defaultdict(set)
    days: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        units[row["organisation"]] |= {column for column in MG if row.get(column)}
        if row.get("composition_status") == "measured" and row["kind"] in ("origin", "transformation"):
            bases[row["organisation"]].add(row.get("basis") or "element")
    assert all(len(found) == 1 for found in units.values())
    assert {unit for found in units.values() for unit in found} == set(MG)
    assert {base for found in bases.values() for base in found} == {"element", "oxide", "reo-share"}
    late = {(deed["organisation"], deed["period"]) for deed in stranger.dirt("late")}
    for entry in stranger.index:
        if (
            not entry["corrects"]
            and (entry["organisation"], entry["period"]) not in late
            and "-2." not in entry["path"]
        ):
            days[entry["organisation"]].append(datetime.fromisoformat(entry["filed_at"]).day)
    steady = [found for found in days.values() if len(found) > 5 and max(found) - min(found) <= 2]
    assert len(steady) > 0.5 * len(days)
    assert len({min(found) for found in steady}) > 2


def test_corrections_of_values_put_right_what_was_filed(stranger: Dossier) -> None:
    deeds = stranger.dirt("value-corrected")
    assert len(deeds) > 10 and all(deed["cause"]["zh"] for deed in deeds)
    events = stranger.events()
    for deed in deeds:
        values = {row["value"] for row in events[deed["organisation"], deed["event"]]}
        assert deed["facts"]["right"] in values and deed["facts"]["filed"] not in values


def test_shells_are_written_by_names_that_one_firm_could_have(stranger: Dossier, rows: list[Row]) -> None:
    plants = [one for one in stranger.truth["planted"] if one["loophole"] == "shell-customer"]
    assert plants
    for plant in plants:
        assert plant["register"] == []
        touched = {(event["organisation"], event["event"]) for event in plant["events"]}
        names = {row["counterparty_name"] for row in rows if (row["organisation"], row["event"]) in touched}
        assert 1 < len(names) <= 4 and not any(
            row.get("counterparty") for row in rows if (row["organisation"], row["event"]) in touched
        )


def test_invoices_know_no_id_that_the_register_does_not_have(stranger: Dossier) -> None:
    registered = {row["id"] for row in table(stranger.root / "register/organisations.csv")}
    for path in (stranger.root / "feeds/invoices").glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            assert {row["buyer"] for row in csv.DictReader(file)} - {""} <= registered
