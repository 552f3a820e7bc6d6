"""Worlds shared by the tests: small, with nearly every kind of dirt, labelled with and without plants.

Each is written once in a run, for all workers, and not changed.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lodeline.world import asked_plants, build_world, write_world
from lodeline.world.plant import loopholes
from tests.stores import made_once
from tests.world.reading import Dossier


@pytest.fixture(scope="session")
def small(run_room: Path) -> Dossier:
    """20 organisations, 3 months."""
    return _plain(run_room / "world-small", seed=1, organisations=20, months=3)


@pytest.fixture(scope="session")
def year(run_room: Path) -> Dossier:
    """60 organisations, 9 months: through the controls of April 2025 and the first licences."""
    return _plain(run_room / "world-year", seed=8, organisations=60, months=9)


def _plain(room: Path, *, seed: int, organisations: int, months: int) -> Dossier:
    def make(inside: Path) -> None:
        write_world(build_world(seed=seed, organisations=organisations, months=months), inside / "w")

    return Dossier(made_once(room, make) / "w")


def _labelled(room: Path, items: list[dict[str, str]]) -> Dossier:
    """60 organisations, June to September 2025, with feeds: the same world but for what is planted in it."""

    def make(inside: Path) -> None:
        world = build_world(seed=2, organisations=60, months=4, start="2025-06")
        (inside / "plants.json").write_text(json.dumps(items), "utf-8")
        write_world(world, inside / "w", plants=asked_plants(world, str(inside / "plants.json")), feeds=True)

    return Dossier(made_once(room, make) / "w")


@pytest.fixture(scope="session")
def unplanted(run_room: Path) -> Dossier:
    """The labelled world in which nothing is planted."""
    return _labelled(run_room / "world-unplanted", [])


#: Licences are first granted in summer: who exports on one is named. Whom the feeds contradict is drawn before it,
#: and is named where chance would take the same firm.
ASKED = {
    ("licence-abuse", "plain"): "EXP-0001",
    ("licence-abuse", "adaptive"): "EXP-0001",
    ("feed-mismatch", "plain"): "MAG-0003",
}


@pytest.fixture(scope="session", params=["plain", "adaptive"])
def planted(request: pytest.FixtureRequest, run_room: Path) -> Dossier:
    """The same with every loophole in July and August: the first manner of each, plainly, or the last, adapting."""
    turn = 0 if request.param == "plain" else -1
    items = [
        {
            "loophole": name, "from": "2025-07", "to": "2025-08", "adversary": request.param,
            "manner": rule["manners"].split()[turn],
            **({"organisation": ASKED[name, request.param]} if (name, request.param) in ASKED else {}),
        }
        for name, rule in loopholes().items()
    ]  # fmt: skip
    return _labelled(run_room / f"world-{request.param}", items)
