"""Eight processes that file for eight firms into one ledger at once: what each filing took, how often it was judged
anew because another was appended first, how many others entered before it since it came, and how long it held the head
of the log, which keeps all others waiting.

Used by ingest.py. The firms and their goods are made up, and have nothing to do with each other.
"""

from __future__ import annotations

import multiprocessing
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from threading import Barrier
from typing import Any
from unittest.mock import patch

import polars as pl

from lodeline.filing.check import check
from lodeline.filing.table import read_bytes
from lodeline.ledger.register import TABLES
from lodeline.regulation.parameter import load as load_law
from lodeline.service.entries.records import put_records
from lodeline.service.filing import posting
from lodeline.service.filing.preparing import prepare
from lodeline.store.opening import create, open_store

WRITERS = 8
FILED_AT = datetime.fromisoformat("2025-07-05T12:00:00+08:00")
#: In a writer: the barrier from which all of them start.
_starts: list[Barrier] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What the writers of one store needed, all seconds by the clock.

    seconds  from their common start to the last receipt
    filings  that all of them filed
    took     for each filing, from the checked rows to the receipt
    passed   for each, how many others entered between its coming and its entry: seven, where all take turns
    judged   how often a filing was judged
    held     for each, how long the head was held
    """

    seconds: float
    filings: int
    took: tuple[float, ...]
    passed: tuple[int, ...]
    judged: int
    held: tuple[float, ...]

    def __str__(self) -> str:
        return (
            f"{self.filings / self.seconds:.1f} filings/s, each judged {self.judged / self.filings:.1f} times,"
            f" median {statistics.median(self.took):.2f} s, longest {max(self.took):.2f} s; passed by"
            f" {max(self.passed)} others at most; the head held"
            f" median {statistics.median(self.held) * 1000:.0f} ms, longest {max(self.held) * 1000:.0f} ms,"
            f" {sum(self.held) / self.seconds:.0%} of the time"
        )


def write_at_once(url: str, month: Callable[[int, str], bytes], *, rows: int, each: int) -> Written:
    """Has each of eight processes file `each` filings into a new store; `month(rows, tag)` is the CSV of one."""
    firms = [f"F{number}" for number in range(WRITERS)]
    since = date(2000, 1, 1)
    known = [
        {"id": name, "name_en": f"{name} Ltd", "aliases": [], "country": "CN", "roles": ["separator"],
         "valid_from": since}
        for name in (*firms, "BUYER", "SUPPLIER")
    ]  # fmt: skip
    sites = [
        {"id": f"works-{name}", "organisation": name, "name": name, "stage": "separation", "valid_from": since}
        for name in firms
    ]
    store, _ = create(url)
    put_records(
        store,
        {
            "organisations": pl.DataFrame(known, schema=TABLES["organisations"]),
            "sites": pl.DataFrame(sites, schema=TABLES["sites"]),
        },
        filed_at=FILED_AT,
    )
    store.database.close()
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(WRITERS)
    filings = [
        (
            url,
            firm,
            [month(rows, f"-{firm}-{turn}").replace(b",works", f",works-{firm}".encode()) for turn in range(each)],
        )
        for firm in firms
    ]
    with ProcessPoolExecutor(WRITERS, context, initializer=_set_up, initargs=(start,)) as pool:
        given = list(pool.map(_write, *zip(*filings, strict=True)))
    began, ended = min(one[0] for one in given), max(one[1] for one in given)
    return Written(
        seconds=ended - began,
        filings=WRITERS * each,
        took=tuple(seconds for one in given for seconds in one[2]),
        passed=tuple(count for one in given for count in one[3]),
        judged=sum(one[4] for one in given),
        held=tuple(seconds for one in given for seconds in one[5]),
    )


def _set_up(start: Barrier) -> None:
    _starts.append(start)


def _write(url: str, firm: str, months: list[bytes]) -> tuple[float, float, list[float], list[int], int, list[float]]:
    """Files them; moments of start and end, then seconds of each filing, how many passed it, how often all of them were
    judged, and seconds that each held the head."""
    store, law = open_store(url), load_law("cn")
    held: list[float] = []
    register = store.register(store.head())
    filings = []
    for number, content in enumerate(months):
        checked = check(
            read_bytes([(f"{number}.csv", content)]), organisation=firm, period="2025-06", register=register
        )
        assert not checked.rejects, checked.problems[:3]
        filings.append(checked)
    head, taken, took, passed = store.head, [0.0], [], []

    def locked(*, lock: bool = False) -> Any:
        found = head(lock=lock)
        if lock:
            taken[0] = time.perf_counter()
        return found

    with patch.object(store, "head", locked), patch.object(posting, "prepare", wraps=prepare) as judged:
        _starts[0].wait(60)
        began = time.time()
        for checked in filings:
            size, before = head().size, time.perf_counter()
            outcome = posting.post(store, checked, filed_at=FILED_AT, law=law)
            after = time.perf_counter()
            assert outcome.entry is not None, outcome.problems[:3]
            took.append(after - before)
            passed.append(outcome.entry.index - size)
            held.append(after - taken[0])
        return began, time.time(), took, passed, judged.call_count, held
