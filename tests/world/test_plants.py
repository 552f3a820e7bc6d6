"""What may be asked for, what is drawn, and that nothing changes where nothing was asked."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lodeline.world import PlantError, asked_plants, build_world, write_world
from lodeline.world.industry import Industry
from lodeline.world.labelled import Labelled
from lodeline.world.plant import LATER, OF_FEEDS, UNSEEN, Plant, loopholes
from lodeline.world.plots import PLOTS
from tests.cli.program import CHINESE, Lodeline
from tests.world.reading import Dossier, table
from tests.world.test_dossier import tree_hash

WORLD = build_world(seed=5, organisations=20, months=6)

#: (seed, organisations, months) → what was written before loopholes could be planted; demo and tutorial rest on it.
#: Since then the kinds of licences alone were set right: one that serves several consignments is a general one.
BEFORE = {
    (1, 20, 3): "871d4ed44844412c6ca104d09455ddc761fb826921577058bc789355a9781091",
    (7, 40, 6): "618d343527896396e335811bbf353c92e3c6e76aa8a9cf5e8c800c7015cd4fc8",
}


@pytest.mark.parametrize("arguments", BEFORE)
def test_a_world_without_plants_is_what_it_always_was(arguments: tuple[int, int, int], tmp_path: Path) -> None:
    seed, organisations, months = arguments
    write_world(build_world(seed=seed, organisations=organisations, months=months), tmp_path / "w")
    assert tree_hash(tmp_path / "w") == BEFORE[arguments]


def asked(room: Path, text: str) -> tuple[Plant, ...]:
    """The plants of a file with this text."""
    (room / "plants.json").write_text(text, "utf-8")
    return asked_plants(WORLD, str(room / "plants.json"))


def test_what_is_not_asked_for_is_drawn_within_its_range(tmp_path: Path) -> None:
    (plant,) = asked(tmp_path, '[{"loophole": "unexplained-gain"}]')
    rule = loopholes()["unexplained-gain"]
    firm = next(firm for firm in WORLD.firms if firm.id == plant.organisation)
    assert firm.trade in rule["trades"].split()
    assert float(rule["low"]) <= plant.size <= float(rule["high"])
    assert 0 <= plant.first <= plant.last < WORLD.months
    assert plant.manner in rule["manners"].split()


def test_what_is_asked_for_is_kept(tmp_path: Path) -> None:
    item = {
        "loophole": "unexplained-loss", "organisation": "SML-0002", "site": "SML-0002-A", "from": "2025-03",
        "to": "2025-05", "size": 7.5, "adversary": "adaptive",
    }  # fmt: skip
    (plant,) = asked(tmp_path, json.dumps([item]))
    assert (plant.organisation, plant.first, plant.last, plant.size) == ("SML-0002", 2, 4, 7.5)
    assert plant.adversary == "adaptive"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[{"loophole": "unexplained-gain"', "line 1, column 33"),
        ('{"loophole": "unexplained-gain"}', "put the objects into [ ]"),
        ("[3]", "item 1: not an object"),
        ("[{}]", "item 1: loophole is missing: use one of unexplained-gain"),
        ('[{"loophole": "theft"}]', "item 1: loophole 'theft' is not known"),
        ('[{"loophole": "skimming", "who": "x"}]', "item 1: who is not known: use loophole, organisation"),
        ('[{"loophole": "skimming", "organisation": "REC-0001"}]', "not of a trade that skimming can be planted in"),
        ('[{"loophole": "skimming", "organisation": "ZZZ-0001"}]', "is not in this world: use one of"),
        ('[{"loophole": "skimming", "site": "MIN-0001-Z"}]', "no main site of such a firm"),
        ('[{"loophole": "skimming", "from": "2024-12"}]', "from '2024-12' is no month of this world: use 2025-01"),
        ('[{"loophole": "skimming", "from": "2025-04", "to": "2025-03"}]', "to lies before from: exchange them"),
        ('[{"loophole": "skimming", "size": -1}]', "size -1 is no positive number (sigma)"),
        ('[{"loophole": "skimming", "size": true}]', "size True is no positive number"),
        ('[{"loophole": "skimming", "manner": "boldly"}]', "use by-shipper, by-receiver"),
        ('[{"loophole": "skimming", "adversary": "sly"}]', "use plain, adaptive"),
    ],
)
def test_a_bad_file_is_told_with_its_place_and_cure(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(PlantError) as caught:
        asked(tmp_path, text)
    assert told in caught.value.en
    assert str(tmp_path / "plants.json") in caught.value.en
    assert CHINESE.search(caught.value.zh)


def test_every_mistake_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(PlantError) as caught:
        asked(tmp_path, '[{"loophole": "theft"}, {"loophole": "skimming", "size": 0, "to": "1999-01"}]')
    assert [line.partition(": ")[0][-6:] for line in caught.value.en.splitlines()] == ["item 1", "item 2", "item 2"]
    assert len(caught.value.zh.splitlines()) == 3


def test_two_plants_never_share_a_firm_and_a_month(tmp_path: Path) -> None:
    one = '{"loophole": "skimming", "organisation": "MIN-0001", "from": "2025-02", "to": "2025-03"}'
    with pytest.raises(PlantError, match="item 2: no firm is free for skimming"):
        asked(tmp_path, f"[{one}, {one}]")


@pytest.mark.parametrize("rate", ["random:0", "random:1.5", "random:", "random:many", "random:-0.1"])
def test_a_rate_is_a_share(rate: str) -> None:
    with pytest.raises(PlantError, match="above 0 and up to 1"):
        asked_plants(WORLD, rate)


@given(st.integers(0, 10**6), st.floats(0.01, 0.5), st.integers(1, 30))
def test_plants_at_random_are_spread_over_firms_and_loopholes(seed: int, rate: float, months: int) -> None:
    world = build_world(seed=seed, organisations=40, months=months)
    plants = asked_plants(world, f"random:{rate:.4f}")
    assert plants == asked_plants(world, f"random:{rate:.4f}")
    count = max(1, int(rate * 40 * months / 12 + 0.51))
    # Those that were thought of later come on top: one in so many as there are others, of the feeds at least one.
    later = [plant for plant in plants if plant.loophole in (*OF_FEEDS, *LATER)]
    assert 1 <= len(plants) - len(later) <= count
    more = round(count / (len(loopholes()) - len(OF_FEEDS) - len(LATER) - len(UNSEEN)))
    assert len(later) <= max(1, more) + more
    busy = Counter((plant.organisation, month) for plant in plants for month in range(plant.first, plant.last + 1))
    assert max(busy.values()) == 1
    assert all(0 <= plant.first <= plant.last < months for plant in plants)
    if len(plants) <= 12 and months >= 12:
        assert max(Counter(plant.loophole for plant in plants).values()) <= 2


def test_every_loophole_has_a_plot_and_a_source() -> None:
    assert loopholes().keys() == PLOTS.keys()
    assert all(row["source"].strip() for name in ("loopholes", "dirt", "thresholds", "feeds") for row in table_of(name))


def table_of(name: str) -> list[dict[str, str]]:
    return table(Path(__file__).parents[2] / f"src/lodeline/data/world/{name}.csv")


def test_planting_leaves_the_industry_alone() -> None:
    """What truly lies at every site at the end is the same to the last bit: plots only touch what is filed."""
    plants = asked_plants(WORLD, "random:0.5")

    def end_kg(labelled: bool) -> list[float]:
        industry = Industry(world=WORLD)
        plots = Labelled(industry, plants) if labelled else None
        for pages in industry.run():
            if plots:
                plots.month(pages)
        return [holding.true_kg for firm in industry.firms.values() for place in firm.places for holding in place.store]

    assert end_kg(True) == end_kg(False)


def test_the_same_plants_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("first", "second"):
        write_world(WORLD, tmp_path / name, plants=asked_plants(WORLD, "random:0.4"))
    assert tree_hash(tmp_path / "first") == tree_hash(tmp_path / "second")


@pytest.mark.medium
@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**6))
def test_random_plants_touch_nothing_but_what_the_truth_names(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    room = tmp_path_factory.mktemp("random")
    world = build_world(seed=seed, organisations=24, months=4, start="2025-06")
    plants = asked_plants(world, "random:1")
    write_world(world, room / "plain", plants=())
    write_world(world, room / "planted", plants=plants)
    plain, planted = Dossier(room / "plain"), Dossier(room / "planted")
    before, after = plain.events(), planted.events()
    named = {(e["organisation"], e["event"]) for plant in planted.truth["planted"] for e in plant["events"]}
    named |= {(d["organisation"], d["event"]) for one in (plain, planted) for d in one.truth["dirt"]}

    def cells(rows: list[dict[str, str]]) -> list[list[str]]:
        return sorted(sorted(f"{key}={row[key]}" for key in row if row[key] and key != "path") for row in rows)

    differing = {key for key in before.keys() | after.keys() if cells(before.get(key, [])) != cells(after.get(key, []))}
    assert differing <= named
    assert len(planted.truth["planted"]) + len(planted.truth["not_planted"]) == len(plants)


# --- more natural dirt --------------------------------------------------------------------------------------------


def test_all_dirt_of_a_labelled_world_has_its_cause_in_both_languages(unplanted: Dossier) -> None:
    assert unplanted.truth["planted"] == []
    kinds = {deed["kind"] for deed in unplanted.truth["dirt"]}
    assert kinds >= {"late", "name-mistyped", "digits-exchanged-corrected", "recount-corrected", "receipt-lost"}
    for deed in unplanted.truth["dirt"]:
        assert deed["cause"]["en"]
        assert CHINESE.search(deed["cause"]["zh"])


def test_mistyped_names_stand_as_they_were_typed(unplanted: Dossier) -> None:
    events = unplanted.events()
    for deed in unplanted.dirt("name-mistyped"):
        names = {row["counterparty_name"] for row in events.get((deed["organisation"], deed["event"]), [])}
        assert deed["facts"]["filed"] in names
        assert len(deed["facts"]["right"]) == len(deed["facts"]["filed"]) + 1


def test_honest_corrections_put_right_what_was_filed(unplanted: Dossier) -> None:
    corrected = {entry["corrects"]: entry["path"] for entry in unplanted.index if entry["corrects"]}
    deeds = unplanted.dirt("digits-exchanged-corrected", "recount-corrected")
    assert len(deeds) > 3
    for deed in deeds:
        start = f"filings/{deed['organisation']}/{deed['period']}"
        (first,) = [path for path in corrected if path.startswith(start)]
        facts = deed["facts"]
        for path, text in ((first, facts["filed"]), (corrected[first], facts["right"])):
            rows = [row for row in table(unplanted.root / path) if row["event"] == deed["event"]]
            assert text in {row[facts["column"]] for row in rows if row["lot"] == facts["lot"]}


# --- the command, and the system ----------------------------------------------------------------------------------


def test_the_command_plants_and_refuses(tmp_path: Path) -> None:
    lodeline = Lodeline(database=str(tmp_path / "none.sqlite3"))
    (tmp_path / "bad.json").write_text('[{"loophole": "theft"}]', "utf-8")
    words = ("world", tmp_path / "w", "--organisations", 20, "--months", 3, "--plant")
    for language in ("en", "zh"):
        answer = lodeline(*words, tmp_path / "bad.json", language=language)
        assert answer.status == 2
        assert "theft" in answer.said
        assert bool(CHINESE.search(answer.said)) == (language == "zh")
        assert not (tmp_path / "w").exists()
    assert lodeline(*words, "random:0.5").status == 0
    truth = json.loads((tmp_path / "w.truth.json").read_text("utf-8"))
    # Half of twenty firms for a quarter of a year, and one of the feeds.
    assert len(truth["planted"]) + len(truth["not_planted"]) == 3 + 1


def refused_and_known(dossier: Dossier, room: Path) -> tuple[set[str], set[str]]:
    """(filings that the system refuses, filings that the truth says it must refuse)."""
    lodeline = Lodeline(database=str(room / "store.sqlite3"))
    assert lodeline("init").status == 0
    answer = lodeline("load", dossier.root, "--json")
    assert answer.status == 0
    # A second licence for one trade, as some plants have it, is no mistake of the file.
    assert {one["code"] for one in answer.document["register_problems"]} <= {
        "grant.overlaps",
        "organisation.named-once",
    }
    return {filing["path"] for filing in answer.document["refused"]}, dossier.refused_paths()


@pytest.mark.medium
def test_plants_at_random_load_but_for_the_dirt(tmp_path: Path) -> None:
    """Lies are accepted like truths: only what ordinary filers mistyped is refused."""
    world = build_world(seed=11, organisations=20, months=3, start="2025-07")
    write_world(world, tmp_path / "w", plants=asked_plants(world, "random:1"))
    refused, known = refused_and_known(Dossier(tmp_path / "w"), tmp_path)
    assert refused == known


@pytest.mark.slow
def test_every_loophole_loads_but_for_the_dirt(planted: Dossier, tmp_path: Path) -> None:
    refused, known = refused_and_known(planted, tmp_path)
    assert refused == known
