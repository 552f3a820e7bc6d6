"""Eight writers at once: every filing enters once, whole and in turn, the log has no gap, a race has one winner."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import pytest
from tests.conftest import REPOSITORY
from tests.desk import Desk, codes

from lodeline.journal.checkpoint import open_checkpoint
from lodeline.journal.merkle import consistency_proof
from lodeline.journal.verify import verify_consistency, verify_receipt
from lodeline.service.entries.receipts import receipt
from lodeline.service.filing.posting import TURNS, Outcome
from lodeline.service.log.audit import rebuild
from lodeline.store.opening import open_store
from lodeline.store.store import Store

pytestmark = pytest.mark.ci

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


#: So many other processes open the store and file three months each, for four firms that trade with each other; gives
#: the entries that each got, and the checkpoints that it saw after them.
WRITERS_APART = """
import sys
from tests.contracts.forked import in_processes
from tests.contracts.test_races import month_of
from tests.desk import Desk
from lodeline.store.opening import open_store

def write(number):
    desk = Desk(open_store(sys.argv[1]))
    return [
        (desk.rows(*month_of(number, month)), desk.store.checkpoint()) for month in ("2025-05", "2025-06", "2025-07")
    ]

in_processes(int(sys.argv[2]), write)
"""
FIRMS, ROWS = ("MINE", "SEP", "TRADE", "MAG"), 20


def month_of(number: int, month: str) -> tuple[str, ...]:
    """What the writer of a number files for a month: firm, month and rows. It ships to the next firm, and receives what
    another writer ships to it."""
    place = number % len(FIRMS)
    firm, buyer, seller = FIRMS[place], FIRMS[(place + 1) % len(FIRMS)], FIRMS[place - 1]
    tag, site = f"{number}-{month}", firm.lower()
    made = [f"O{tag}-{row} origin 2 {site} {tag}-{row} 100 {SHARE}" for row in range(ROWS - 3)]
    return (
        firm,
        month,
        *made,
        f"S{tag} shipment 3 {site} {tag}-0 40 counterparty={buyer}",
        f"R{tag} receipt 4 {site} {seller}/{(number - 1) % WRITERS}-{month}-0 40 counterparty={seller}",
        f"L{tag} loss 5 {site} {tag}-1 100 reason=spilt",
    )


def test_eight_processes_lose_and_double_nothing_and_every_receipt_holds(own: Desk) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "src")])}
    command = [sys.executable, "-c", WRITERS_APART, own.store.database.url, str(WRITERS)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment, timeout=300, check=True)
    given = [tuple(one) for writer in json.loads(done.stdout) for one in writer]
    assert sorted(entry for entry, _ in given) == list(range(1, 3 * WRITERS + 1))
    assert_contiguous(own.store)
    months = ("2025-05", "2025-06", "2025-07")
    filed = {row.split()[0] for number in range(WRITERS) for month in months for row in month_of(number, month)[2:]}
    found = [str(event) for (event,) in own.store.database.rows("SELECT event FROM line")]
    assert sorted(found) == sorted(filed) and len(found) == 3 * WRITERS * ROWS
    vkey = own.store.signer.verifier.vkey
    for entry, _ in given:
        assert verify_receipt(receipt(own.store, entry) or {}, vkey) == []
    head = own.store.head()
    for _, seen in given:
        size = open_checkpoint(seen, own.store.signer.verifier).size
        proof = consistency_proof(own.store.subtrees(head.frontier), size, head.size)
        assert verify_consistency(seen, head.checkpoint, [step.hex() for step in proof], vkey=vkey) == []
    # Each lot's rows came from two firms in any order, and each shipment found its receipt.
    transfers = own.store.database.rows("SELECT shipment_line, receipt_line FROM transfer")
    assert len(transfers) == 3 * WRITERS and all(None not in sides for sides in transfers)
    assert rebuild(own.store)["ok"]


def waiting(store: Store) -> int:
    """How many wait for their turn on PostgreSQL."""
    ((count,),) = store.database.rows(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    return int(str(count))


def until_waiting(store: Store, count: int, running: Sequence[Future[T]]) -> None:
    """Returns when so many wait. Fails if one of those who should has not waited."""
    until = time.monotonic() + 60
    while waiting(store) < count:
        assert time.monotonic() < until and not any(one.done() for one in running)
        time.sleep(0.01)


@pytest.mark.parametrize("own_url", ["postgresql"], indirect=True)
def test_filings_enter_in_the_order_in_which_they_came(own: Desk) -> None:
    def two(number: int) -> tuple[int, int]:
        desk = Desk(open_store(own.store.database.url))
        try:
            first, again = (desk.rows("MINE", "2025-06", origin(number + tag)) for tag in (0, 100))
            return first, again
        finally:
            desk.store.database.close()

    with ThreadPoolExecutor(WRITERS) as pool:
        running: list[Future[tuple[int, int]]] = []
        with own.store.database.alone(TURNS):
            for number in range(WRITERS):
                running.append(pool.submit(two, number))
                until_waiting(own.store, number + 1, running)
        entries = [one.result(timeout=120) for one in running]
    # Whoever has filed and comes again is behind all that wait: nobody waits for more than one turn of each other.
    assert [first for first, _ in entries] == list(range(1, WRITERS + 1))
    assert_contiguous(own.store)


@pytest.mark.parametrize("own_url", ["postgresql"], indirect=True)
def test_filings_that_share_a_transaction_keep_their_turn_until_its_end(own: Desk) -> None:
    def file_one() -> int:
        desk = Desk(open_store(own.store.database.url))
        try:
            return desk.rows("MINE", "2025-06", origin(9))
        finally:
            desk.store.database.close()

    with ThreadPoolExecutor(1) as pool:
        with own.store.database.transaction():
            first = own.rows("MINE", "2025-06", origin(1))
            running = pool.submit(file_one)
            until_waiting(own.store, 1, [running])
            second = own.rows("MINE", "2025-06", origin(2))
        assert [first, second, running.result(timeout=120)] == [1, 2, 3]
