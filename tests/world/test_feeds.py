"""The records of other authorities follow the papers, are the same for a seed, and change no filing."""

from __future__ import annotations

import csv
import json
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest

from lodeline.filing.feed import read_feed
from lodeline.world import asked_plants, build_world, write_world

pytestmark = pytest.mark.medium
WORLD = build_world(seed=5, organisations=40, months=4)


def digests(root: Path, part: str = "") -> dict[str, str]:
    return {
        str(path.relative_to(root)): sha256(path.read_bytes()).hexdigest()
        for path in sorted((root / part).rglob("*")) if path.is_file()
    }  # fmt: skip


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    room = tmp_path_factory.mktemp("worlds")
    write_world(WORLD, room / "plain")
    write_world(WORLD, room / "fed", feeds=True)
    return room


def test_filings_are_the_same_with_feeds_and_without(room: Path) -> None:
    plain, fed = digests(room / "plain"), digests(room / "fed")
    assert plain.items() <= fed.items()
    assert {name.partition("/")[0] for name in fed.keys() - plain.keys()} == {"feeds"}


def test_feeds_of_a_seed_are_the_same_byte_for_byte(room: Path) -> None:
    write_world(WORLD, room / "again", feeds=True)
    assert digests(room / "again", "feeds") == digests(room / "fed", "feeds")


def test_every_feed_is_taken_without_a_problem_that_rejects(room: Path) -> None:
    files = sorted((room / "fed/feeds").glob("*/*.csv"))
    assert len(files) == 8
    for path in files:
        checked = read_feed(path, today=date(2025, 12, 31))
        assert checked.feed == path.parent.name
        assert not [one for one in checked.problems if one.severity == "reject"], path


def test_links_tell_which_paper_is_of_which_event(room: Path) -> None:
    with (room / "fed.links.csv").open(encoding="utf-8") as file:
        links = list(csv.DictReader(file))
    filed = "\n".join(path.read_text("utf-8") for path in (room / "fed/filings").rglob("*.csv"))
    assert len(links) > 500
    # Months that nobody filed are in the feeds all the same.
    assert sum(f"\n{link['event']}," in filed for link in links) > 0.97 * len(links)
    assert {"invoice-rounded", "invoice-late"} <= {mark for link in links for mark in link["marks"].split()}


MANNERS = ("export-not-filed", "invoice-without-goods", "goods-without-invoice", "border-mass-low", "ordinary-invoice")


@pytest.mark.parametrize("manner", MANNERS)
def test_plant_bends_the_feeds_alone_and_says_so(room: Path, manner: str, tmp_path: Path) -> None:
    asked = tmp_path / "plants.json"
    plant = {"loophole": "feed-mismatch", "manner": manner, "from": "2025-02", "to": "2025-03", "size": 1}
    asked.write_text(json.dumps([plant]), "utf-8")
    write_world(WORLD, tmp_path / "clean", plants=(), feeds=True)
    write_world(WORLD, tmp_path / "bent", plants=asked_plants(WORLD, str(asked)), feeds=True)
    assert digests(tmp_path / "clean", "filings") == digests(tmp_path / "bent", "filings")
    assert digests(tmp_path / "clean", "feeds") != digests(tmp_path / "bent", "feeds")
    (item,) = json.loads((tmp_path / "bent.truth.json").read_text("utf-8"))["planted"]
    changes = {"export-not-filed": "added", "invoice-without-goods": "added", "goods-without-invoice": "withheld"}
    assert {one["change"] for one in item["feeds"]} == {changes.get(manner, "changed")}
    assert float(item["mass_kg"]) > 0 and item["subjects"]["organisation"] in {plan.id for plan in WORLD.firms}


def test_random_plants_leave_the_filings_of_a_seed_as_they_were(tmp_path: Path) -> None:
    """Plants of the feeds are drawn last and apart: the others are those of a world without them."""
    plants = asked_plants(WORLD, "random:0.4")
    kinds = [plant.loophole for plant in plants]
    assert kinds.count("feed-mismatch") >= 1
    assert kinds.index("feed-mismatch") == len([kind for kind in kinds if kind != "feed-mismatch"])
