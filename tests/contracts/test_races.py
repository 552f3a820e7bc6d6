"""Eight writers at once: every filing enters once and whole, the log has no gap, and a race has one winner."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import pytest
from tests.conftest import REPOSITORY
from tests.desk import Desk, codes

from lodeline.service.filing.posting import Outcome
from lodeline.store.opening import open_store
from lodeline.store.store import Store

pytestmark = pytest.mark.medium

WRITERS = 8
T = TypeVar("T")
SHARE = "product=concentrate composition=TREO=60 origin_kind=mined origin_place=P"


def at_once(url: str, tasks: Sequence[Callable[[Desk], T]]) -> list[T]:
    """Runs every task in a thread of its own, on a connection of its own, all let go at the same moment."""
    start = Barrier(len(tasks))

    def run(task: Callable[[Desk], T]) -> T:
        desk = Desk(open_store(url))
        try:
            start.wait(timeout=30)
            return task(desk)
        finally:
            desk.store.database.close()

    with ThreadPoolExecutor(len(tasks)) as pool:
        running: list[Future[T]] = [pool.submit(run, task) for task in tasks]
        return [one.result(timeout=120) for one in running]


def assert_contiguous(store: Store) -> None:
    """Entries, rows and lots are numbered without a gap, and the head says so."""
    head = store.head()
    numbers = [entry.index for entry in store.entries()]
    assert numbers == list(range(head.size))
    # Records and lines share one numbering.
    rows = store.database.rows("SELECT id FROM line UNION ALL SELECT id FROM record ORDER BY id")
    assert [row for (row,) in rows] == list(range(1, head.next_line))
    assert [lot for (lot,) in store.database.rows("SELECT id FROM lot ORDER BY id")] == list(range(1, head.next_lot))


def origin(number: int, kg: int = 1) -> str:
    return f"O{number} origin 2 mine {number} {kg} {SHARE}"


def test_filings_of_one_organisation_at_once_all_enter(own: Desk) -> None:
    tasks = [lambda one, n=number: one.rows("MINE", "2025-06", origin(n), origin(100 + n)) for number in range(WRITERS)]
    entries = at_once(own.store.database.url, tasks)
    assert sorted(entries) == list(range(1, WRITERS + 1))
    assert_contiguous(own.store)
    assert len(own.held_kg()) == 2 * WRITERS


def test_filings_of_many_organisations_about_one_lot_at_once_all_enter(own: Desk) -> None:
    shipments = [f"S{number} shipment 3 mine 1 10 counterparty=SEP" for number in range(WRITERS)]
    rows: list[tuple[str, str]] = [
        ("MINE", origin(1, 100)), *(("MINE", row) for row in shipments[:3]),
        ("SEP", "R1 receipt 4 sep 1 30 counterparty=MINE"), ("SEP", "R2 receipt 5 sep 1 10 counterparty=MINE"),
        ("TRADE", "R receipt 6 trade MINE/1 5 counterparty=SEP"),
        ("MAG", "R receipt 7 mag MINE/1 5 counterparty=TRADE"),
    ]  # fmt: skip
    tasks = [lambda one, f=firm, r=row: one.rows(f, "2025-06", r + " reason=x") for firm, row in rows]
    assert sorted(at_once(own.store.database.url, tasks)) == list(range(1, WRITERS + 1))
    assert_contiguous(own.store)
    held = own.held_kg()
    assert held["MINE/1", "mine", "MINE"] == (70, 0)
    assert held["MINE/1", "sep", "SEP"] == (40, 0)


def test_the_same_filing_eight_times_at_once_is_one_entry(own: Desk) -> None:
    tasks = [lambda one: one.try_rows("MINE", "2025-06", origin(1))] * WRITERS
    outcomes = at_once(own.store.database.url, tasks)
    assert {outcome.entry.index for outcome in outcomes if outcome.entry} == {1}
    assert [outcome.repeated for outcome in outcomes].count(False) == 1
    assert own.store.head().size == 2


def test_the_same_event_with_eight_contents_at_once_has_one_winner(own: Desk) -> None:
    tasks = [lambda one, n=number: one.try_rows("MINE", "2025-06", origin(1, n + 1)) for number in range(WRITERS)]
    outcomes = at_once(own.store.database.url, tasks)
    assert len([outcome for outcome in outcomes if outcome.entry]) == 1
    losers = [codes(outcome) for outcome in outcomes if not outcome.entry]
    assert all("event.exists-with-other-content" in found for found in losers)
    assert own.store.head().size == 2


def test_one_lot_made_by_eight_events_at_once_is_made_once(own: Desk) -> None:
    again = "O{} origin 2 mine same 1 " + SHARE
    tasks = [lambda one, n=number: one.try_rows("MINE", "2025-06", again.format(n)) for number in range(WRITERS)]
    outcomes = at_once(own.store.database.url, tasks)
    assert len([outcome for outcome in outcomes if outcome.entry]) == 1
    assert own.held_kg() == {("MINE/same", "mine", "MINE"): (1, 0)}


def test_two_filings_that_race_for_the_last_of_a_quota_get_one_flag(own: Desk) -> None:
    # 600 kg of oxide are granted; 990 kg of concentrate draw 594 of them, 10 kg more draw the last 6.
    own.rows("MINE", "2025-06", origin(1, 990))

    def last(number: int) -> Callable[[Desk], Outcome]:
        return lambda one: one.try_rows("MINE", "2025-06", origin(number, 10))

    outcomes = at_once(own.store.database.url, [last(2), last(3)])
    assert all(outcome.entry for outcome in outcomes)
    assert sorted(codes(outcome) for outcome in outcomes) == [[], ["quota.exceeded"]]
    assert_contiguous(own.store)


def test_a_filing_and_its_correction_by_two_hands_and_the_register_at_once(own: Desk) -> None:
    first = own.rows("MINE", "2025-06", origin(1, 100))
    tasks: list[Callable[[Desk], object]] = [
        *(
            lambda one, n=number: one.rows("MINE", "2025-06", origin(1, 200 + n), corrects=first)
            for number in range(WRITERS - 1)
        ),
        lambda one: one.register(sites=[{**SITE, "id": "new"}]),
    ]
    at_once(own.store.database.url, tasks)
    assert_contiguous(own.store)
    ((mass_mg,),) = own.store.database.rows("SELECT mass_mg FROM line WHERE entry = (SELECT MAX(entry) FROM line)")
    assert own.held_kg() == {("MINE/1", "mine", "MINE"): (int(str(mass_mg)) / 1e6, 0)}


SITE: dict[str, object] = {"id": "new", "organisation": "MINE", "name": "new", "stage": "mine"} | dict.fromkeys(
    ("region", "lat", "lon", "capacity_mg_per_month", "valid_from", "valid_to")
)


#: So many other processes open the store and file three months each; gives the entries that each got.
WRITERS_APART = """
import sys
from tests.contracts.forked import in_processes
from tests.contracts.test_races import origin
from tests.desk import Desk
from lodeline.store.opening import open_store

def write(number):
    desk = Desk(open_store(sys.argv[1]))
    return [desk.rows("MINE", f"2025-{month:02d}", origin(100 * month + number)) for month in (5, 6, 7)]

in_processes(int(sys.argv[2]), write)
"""


def test_processes_take_turns_too(own: Desk) -> None:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-c", WRITERS_APART, own.store.database.url, "4"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment, timeout=120, check=True)
    assert sorted(entry for writer in json.loads(done.stdout) for entry in writer) == list(range(1, 13))
    assert_contiguous(own.store)
