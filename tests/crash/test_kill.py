"""A load that is killed at any moment leaves whole filings only, and resumed it ends where it would have ended."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.conftest import REPOSITORY
from tests.desk import LAW, amounts, assert_sound, sheet
from tests.stores import bare_store, new_database, put_away

from lodeline.service.filing.loading import load
from lodeline.store.opening import open_store
from lodeline.store.store import Store

pytestmark = pytest.mark.ci

SHARE = "product=concentrate composition=Nd=12;TREO=60 origin_place=P"


def write_dossier(room: Path) -> Path:
    """Four months of a mine and a separator, a correction, a void, and a filing that is refused."""
    filings: list[tuple[str, str, str, str]] = []
    for month in range(1, 5):
        period = f"2025-{month:02d}"
        filings += [
            ("MINE", period, "", sheet(
                period, f"O{month} origin 2 mine {month} 100 origin_kind=mined {SHARE}",
                f"S{month} shipment 9 mine {month} 60 counterparty=SEP",
            )),
            ("SEP", period, "", sheet(
                period, f"R{month} receipt 12 sep {month} 60 counterparty=MINE reference=S{month}",
                f"T{month} transformation 20 sep {month} 50 role=in",
                f"T{month} transformation 20 sep X{month} 9 role=out product=oxide composition=Nd=60",
            )),
        ]  # fmt: skip
    filings += [
        # Refused when its turn comes; the receipt that would make it right is filed after it.
        ("SEP", "2025-07", "", sheet("2025-07", "L shipment 9 sep MINE/late 3 counterparty=MINE")),
        ("SEP", "2025-06", "", sheet("2025-06", "Late receipt 9 sep late 5 counterparty=MINE")),
        ("MINE", "2025-01", "1", sheet("2025-01", f"O1 origin 2 mine 1 90 origin_kind=mined {SHARE}", "S1 void")),
        ("MINE", "2025-07", "", sheet("2025-07")),
    ]
    (room / "register").mkdir(parents=True)
    (room / "filings").mkdir()
    tables = {
        "organisations": "id,name_zh,name_en,aliases,country,roles,uscc,lei,valid_from,valid_to\n"
        "MINE,,Mine,,CN,miner,,,2000-01-01,\nSEP,,Separator,,CN,separator,,,2000-01-01,\n",
        "sites": "id,organisation,name,stage,region,lat,lon,capacity_kg_per_month,valid_from,valid_to\n"
        "mine,MINE,mine,mine,,,,,2000-01-01,\nsep,SEP,sep,separation,,,,,2000-01-01,\n",
        "methods": "id,quantity,element,random_pct,systematic_pct,calibration\n",
    }  # fmt: skip
    for name, text in tables.items():
        (room / "register" / f"{name}.csv").write_text(text, "utf-8")
    index = ["sequence,organisation,period,path,filed_at,corrects"]
    for number, (who, period, corrects, text) in enumerate(filings, 1):
        path = f"filings/{number}.csv"
        (room / path).write_text(text, "utf-8")
        corrected = f"filings/{corrects}.csv" if corrects else ""
        index.append(f"{number},{who},{period},{path},2025-09-{number:02d}T12:00:00+08:00,{corrected}")
    (room / "filings" / "index.csv").write_text("\n".join(index) + "\n", "utf-8")
    return room


@dataclass(frozen=True)
class Undisturbed:
    """What a load that nobody killed gives: the root after each entry, and the state at the end."""

    dossier: Path
    roots: list[str]
    state: dict[str, list[tuple[object, ...]]]
    made: Path


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    room = tmp_path_factory.mktemp("undisturbed")
    dossier = write_dossier(room / "dossier")
    made = room / "made.sqlite3"
    put_away(bare_store(str(made)))
    shutil.copy(made, room / "loaded.sqlite3")
    store = open_store(str(room / "loaded.sqlite3"))
    loaded = load(store, dossier, law=LAW)
    assert (loaded.accepted, len(loaded.refused)) == (11, 1)
    found = Undisturbed(
        dossier=dossier,
        roots=[entry.root for entry in store.entries()],
        state=amounts(store),
        made=made,
    )
    assert_sound(store)
    store.database.close()
    return found


class Victim:
    """The warm process, and the children it is told to make."""

    def __init__(self, dossier: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.victim"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=environment,
        )  # fmt: skip
        self.dossier = dossier

    def start(self, url: str, commit_rows: int) -> int:
        """The process id of a child that is loading."""
        assert self.process.stdin is not None
        task = {"url": url, "dossier": str(self.dossier), "commit_rows": commit_rows}
        self.process.stdin.write(json.dumps(task) + "\n")
        word, number = self.next_line()
        assert word == "started"
        return int(number)

    def next_line(self) -> tuple[str, str]:
        assert self.process.stdout is not None
        word, _, rest = self.process.stdout.readline().strip().partition(" ")
        return word, rest

    def end(self) -> int:
        """Waits for the child's end; its status, which is 9 if it was killed."""
        while True:
            word, rest = self.next_line()
            assert word in ("head", "ended"), f"the victim said {word!r}"
            if word == "ended":
                return int(rest)

    def close(self) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


@pytest.fixture(scope="module")
def victim(undisturbed: Undisturbed) -> Iterator[Victim]:
    found = Victim(undisturbed.dossier)
    yield found
    found.close()


def seconds_of_a_whole_load(victim: Victim, url: str) -> float:
    begun = time.perf_counter()
    victim.start(url, 4)
    assert victim.end() == 0
    return time.perf_counter() - begun


def wait_for_the_server(url: str) -> None:
    """A PostgreSQL server may still be at the last statement of a client that is dead."""
    if not url.startswith("postgresql"):
        return
    with psycopg.connect(url, autocommit=True) as connection:
        others = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        for _ in range(1000):
            if not connection.execute(others).fetchall():
                return
            time.sleep(0.01)
    raise AssertionError("the server does not let go of the killed client")


def kill_after(victim: Victim, url: str, delay_s: float, commit_rows: int) -> None:
    child = victim.start(url, commit_rows)
    time.sleep(delay_s)
    _kill(child)
    victim.end()
    wait_for_the_server(url)


def kill_in_commit(victim: Victim, url: str, number: int, delay_s: float) -> None:
    """Kills a moment after the child has moved the head for the nth time, which is about when it commits."""
    child = victim.start(url, 1)
    for _ in range(number):
        word, _ = victim.next_line()
        if word == "ended":
            return
    deadline = time.perf_counter() + delay_s
    while time.perf_counter() < deadline:
        pass
    _kill(child)
    victim.end()
    wait_for_the_server(url)


def _kill(child: int) -> None:
    try:
        os.kill(child, signal.SIGKILL)
    except ProcessLookupError:
        # It was faster than the executioner; a load that has ended is checked like any other.
        return


def check_and_resume(store: Store, undisturbed: Undisturbed) -> int:
    """What stands is sound and a beginning of the undisturbed log; resumed, it is that log. Returns its size."""
    assert_sound(store)
    roots = [entry.root for entry in store.entries()]
    assert roots == undisturbed.roots[: len(roots)]
    loaded = load(store, undisturbed.dossier, law=LAW)
    assert loaded.repeated == max(len(roots) - 1, 0)
    assert [entry.root for entry in store.entries()] == undisturbed.roots
    assert amounts(store) == undisturbed.state
    assert_sound(store)
    return len(roots)


def kill_and_check(
    victim: Victim, undisturbed: Undisturbed, fresh: Callable[[int], str], kills: int, seed: int
) -> list[int]:
    """Sizes of the log at the moments of death, half of them at any time and half about a commit."""
    chance = random.Random(seed)
    whole_s = seconds_of_a_whole_load(victim, fresh(0))
    sizes = []
    for number in range(1, kills + 1):
        url = fresh(number)
        if number % 2:
            # Stratified, so that few kills too are spread over the whole run.
            share = (number - chance.random()) / kills
            kill_after(victim, url, whole_s * share, chance.choice([1, 4, 9]))
        else:
            kill_in_commit(victim, url, chance.randrange(1, len(undisturbed.roots)), chance.uniform(0, 0.006))
        store = open_store(url)
        sizes.append(check_and_resume(store, undisturbed))
        store.database.close()
    return sizes


@pytest.fixture
def fresh_sqlite(undisturbed: Undisturbed, tmp_path: Path) -> Callable[[int], str]:
    def make(number: int) -> str:
        path = tmp_path / f"{number}.sqlite3"
        shutil.copy(undisturbed.made, path)
        return str(path)

    return make


@pytest.fixture
def fresh_postgresql(postgresql: Any) -> Callable[[int], str]:
    def make(number: int) -> str:
        url = new_database(postgresql)
        bare_store(url).database.close()
        return url

    return make


@pytest.mark.medium
def test_ten_kills_leave_whole_filings_on_sqlite(
    victim: Victim, undisturbed: Undisturbed, fresh_sqlite: Callable[[int], str]
) -> None:
    sizes = kill_and_check(victim, undisturbed, fresh_sqlite, 10, seed=1)
    # Deaths that all come too early or too late would prove nothing.
    assert len([size for size in sizes if 0 < size < len(undisturbed.roots)]) >= 3, sizes


@pytest.mark.medium
def test_kills_of_the_client_leave_whole_filings_on_postgresql(
    victim: Victim, undisturbed: Undisturbed, fresh_postgresql: Callable[[int], str]
) -> None:
    kill_and_check(victim, undisturbed, fresh_postgresql, 4, seed=2)


@pytest.mark.slow
def test_two_hundred_kills_leave_whole_filings_on_sqlite(
    victim: Victim, undisturbed: Undisturbed, fresh_sqlite: Callable[[int], str]
) -> None:
    sizes = kill_and_check(victim, undisturbed, fresh_sqlite, 200, seed=3)
    assert len(set(sizes)) >= len(undisturbed.roots) // 2, sizes


@pytest.mark.slow
def test_forty_kills_of_the_client_leave_whole_filings_on_postgresql(
    victim: Victim, undisturbed: Undisturbed, fresh_postgresql: Callable[[int], str]
) -> None:
    kill_and_check(victim, undisturbed, fresh_postgresql, 40, seed=4)


@pytest.mark.medium
def test_loading_again_changes_nothing_and_does_not_take_in_what_was_refused(
    undisturbed: Undisturbed, fresh_sqlite: Callable[[int], str]
) -> None:
    store = open_store(fresh_sqlite(0))
    for _ in range(3):
        loaded = load(store, undisturbed.dossier, law=LAW)
        assert len(loaded.refused) == 1
        assert [entry.root for entry in store.entries()] == undisturbed.roots
    store.database.close()


@pytest.mark.medium
def test_a_load_that_was_killed_twice_is_resumed_by_the_third(
    victim: Victim, undisturbed: Undisturbed, fresh_sqlite: Callable[[int], str]
) -> None:
    url = fresh_sqlite(0)
    for number in (4, 4):
        kill_in_commit(victim, url, number, 0.001)
    store = open_store(url)
    assert check_and_resume(store, undisturbed) >= 4
    store.database.close()
