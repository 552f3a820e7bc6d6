"""Takes in a dossier: the register, every filing in its sequence, as filed at its own time, the feeds, strategy tables.

Reading and checking run ahead of posting in another process; the log's order is the dossier's order all the same.
Several filings share one commit, so a load that is killed loses whole filings only; started again, it
recognises what is in the log already and goes on.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from lodeline.filing.check import Checked, check
from lodeline.filing.dossier import FeedFile, FilingFile, read_dossier
from lodeline.filing.feed import read_feed
from lodeline.filing.table import READERS, read
from lodeline.ledger.problem import Problem, Where, problem
from lodeline.ledger.register import Register
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.entries.records import put_records
from lodeline.service.entries.upload import Upload
from lodeline.service.filing.collecting import collecting_seldom
from lodeline.service.filing.posting import TURNS, Outcome, post
from lodeline.service.filing.preparing import Encoded, encode
from lodeline.service.matching.feeds import day_of, receive
from lodeline.service.strategy.inputs import accepted, file_tables, upload_of
from lodeline.store.store import Store
from lodeline.strategy.inputs.tables import TABLES

#: Filings that may stand read and checked, waiting to be posted. Bounds the memory of a load.
AHEAD = 16
#: So many of them come from the other process together: each handing over wakes threads in both.
TOGETHER = 4
#: Rows after which a load commits what it has posted: a flush to disk costs as much as a small filing.
COMMIT_ROWS = 4_000
#: Below this many filings a process of its own for checking costs more than it saves.
OWN_PROCESS_FILINGS = 200


@dataclass(kw_only=True)
class Loaded:
    """What a load did; `refused` holds (path, problems) of every filing that did not enter."""

    accepted: int = 0
    repeated: int = 0
    rows: int = 0
    refused: list[tuple[str, tuple[Problem, ...]]] = field(default_factory=list)
    flags: dict[str, int] = field(default_factory=dict)
    register_problems: tuple[Problem, ...] = ()
    #: Feeds of other authorities: how many came in or were there, their rows, and (path, problems) of those refused.
    feeds: int = 0
    feeds_repeated: int = 0
    feed_rows: int = 0
    feeds_refused: list[tuple[str, tuple[Problem, ...]]] = field(default_factory=list)
    #: Tables of the strategic view, likewise; one that is refused keeps all of them out.
    tables: int = 0
    tables_repeated: int = 0
    table_rows: int = 0
    tables_refused: list[tuple[str, tuple[Problem, ...]]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Counts, and each refused filing with its problems."""
        return {
            "accepted": self.accepted,
            "repeated": self.repeated,
            "rows": self.rows,
            "refused": [
                {"path": path, "problems": [found.as_json() for found in problems]} for path, problems in self.refused
            ],
            "flags": dict(sorted(self.flags.items())),
            "register_problems": [found.as_json() for found in self.register_problems],
            "feeds": {
                "accepted": self.feeds,
                "repeated": self.feeds_repeated,
                "rows": self.feed_rows,
                "refused": [
                    {"path": path, "problems": [found.as_json() for found in problems]}
                    for path, problems in self.feeds_refused
                ],
            },
            "strategy": {
                "accepted": self.tables,
                "repeated": self.tables_repeated,
                "rows": self.table_rows,
                "refused": [
                    {"path": path, "problems": [found.as_json() for found in problems]}
                    for path, problems in self.tables_refused
                ],
            },
        }


def load(
    store: Store,
    directory: Path,
    *,
    law: Jurisdiction,
    progress: Callable[[int, int], None] | None = None,
    own_process: bool = True,
) -> Loaded:
    """Loads a dossier; without `own_process` checking stays in this one, for who loads several stores at a time.

    Raises filing.dossier.DossierError where the directory is none.
    """
    root = directory.resolve()
    dossier = read_dossier(root)
    loaded = Loaded(register_problems=tuple(dossier.problems))
    times = [filing.filed_at for filing in dossier.filings]
    put_records(store, dossier.register, filed_at=min(times, default=datetime(1970, 1, 1, tzinfo=UTC)))
    register = store.register(store.head())
    entries: dict[Path, int] = {}
    report = progress or (lambda _done, _all: None)
    judged = _judged_before(store, dossier.filings)
    done = 0
    with (
        collecting_seldom(),
        closing(_checked_ahead(dossier.filings, register, root, own_process=own_process)) as checked_ahead,
    ):
        for group in _in_groups(checked_ahead):
            with store.database.one_at_a_time(TURNS):
                for ahead in group:
                    refused_before = done < judged.until and not judged.holds(ahead[0], ahead[1])
                    outcome = _refused_before(ahead[2]) if refused_before else _post_one(store, ahead, law, entries)
                    _count(loaded, Path(os.path.relpath(ahead[0].path, root)).as_posix(), outcome)
                    done += 1
                    report(done, len(dossier.filings) + len(dossier.feeds))
    for feed in dossier.feeds:
        _take_in(store, feed, root, register, loaded)
        done += 1
        report(done, len(dossier.filings) + len(dossier.feeds))
    _take_in_tables(store, root, law, loaded, filed_at=max(times, default=datetime(1970, 1, 1, tzinfo=UTC)))
    return loaded


def _take_in_tables(store: Store, root: Path, law: Jurisdiction, loaded: Loaded, *, filed_at: datetime) -> None:
    """The tables below `strategy/`, as filed with the last filing: all of them or none."""
    paths = [(table, path) for table in TABLES for path in sorted((root / "strategy").glob(f"{table}.*"))]
    paths = [(table, path) for table, path in paths if path.suffix.lower() in READERS and path.is_file()]
    if not paths:
        return
    uploads = [upload_of(path) for _, path in paths]
    filed = file_tables(store, uploads, filed_at=filed_at, law=law, tables=[table for table, _ in paths])
    if not accepted(filed):
        found = [(f"strategy/{one.file}", one.problems) for one in filed]
        loaded.tables_refused += [
            (path, problems) for path, problems in found if any(p.severity != "flag" for p in problems)
        ]
        return
    loaded.tables_repeated = sum(one.repeated for one in filed)
    loaded.tables = len(filed) - loaded.tables_repeated
    loaded.table_rows = sum(one.rows for one in filed if not one.repeated)


def _take_in(store: Store, feed: FeedFile, root: Path, register: Register, loaded: Loaded) -> None:
    """One feed of the dossier. A refused one leaves no trace, and the rest go on."""
    name = Path(os.path.relpath(feed.path, root)).as_posix()
    checked = read_feed(feed.path, file=name, today=day_of(feed.filed_at), register=register, feed=feed.feed)
    upload = Upload(name=feed.path.name, content=b"" if checked.rejects else feed.path.read_bytes())
    received = receive(store, checked, upload=upload, filed_at=feed.filed_at)
    if received.entry is None:
        loaded.feeds_refused.append((name, received.problems))
    elif received.repeated:
        loaded.feeds_repeated += 1
    else:
        loaded.feeds += 1
        loaded.feed_rows += received.entry.row_count


Ahead = tuple[FilingFile, bytes, Checked, Encoded | None]


def _in_groups(ahead: Iterator[Ahead]) -> Iterator[Iterator[Ahead]]:
    """Runs of filings that share a commit. Each run is used up before the next begins."""
    for first in ahead:
        yield _one_group(first, ahead)


def _one_group(first: Ahead, ahead: Iterator[Ahead]) -> Iterator[Ahead]:
    yield first
    rows = first[2].rows.height
    while rows < COMMIT_ROWS and (following := next(ahead, None)) is not None:
        yield following
        rows += following[2].rows.height


def _post_one(store: Store, ahead: Ahead, law: Jurisdiction, entries: dict[Path, int]) -> Outcome:
    filing, content, checked, encoded = ahead
    corrects = None
    if filing.corrects is not None:
        corrects = entries.get(filing.corrects)
        if corrects is None:
            unknown = problem("correction.unknown-filing", corrects=filing.corrects.name)
            return Outcome(entry=None, problems=(*checked.problems, unknown))
    uploads = [Upload(name=filing.path.name, content=content)]
    outcome = post(
        store, checked, filed_at=filing.filed_at, law=law, corrects=corrects, uploads=uploads, encoded=encoded
    )
    if outcome.entry is not None:
        entries[filing.path] = outcome.entry.index
    return outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """How far an earlier load of this dossier came: what it passed over before `until`, it refused."""

    until: int
    uploads: frozenset[tuple[str, str, str]]

    def holds(self, filing: FilingFile, content: bytes) -> bool:
        return (filing.organisation, filing.period, sha256(content).hexdigest()) in self.uploads


def _judged_before(store: Store, filings: Sequence[FilingFile]) -> _Judged:
    """A refused filing leaves no trace, and must not enter on a second load only because later ones have."""
    judged = _Judged(until=0, uploads=store.filed_uploads())
    if judged.uploads:
        for number in range(len(filings), 0, -1):
            filing = filings[number - 1]
            if filing.path.is_file() and judged.holds(filing, filing.path.read_bytes()):
                return replace(judged, until=number)
    return judged


def _refused_before(checked: Checked) -> Outcome:
    where = Where(file=checked.sources[0].file) if checked.sources else Where()
    return Outcome(entry=None, problems=(*checked.problems, problem("filing.refused-before", where)))


def _count(loaded: Loaded, name: str, outcome: Outcome) -> None:
    if outcome.entry is None:
        loaded.refused.append((name, outcome.problems))
        return
    if outcome.repeated:
        loaded.repeated += 1
        return
    loaded.accepted += 1
    loaded.rows += outcome.entry.row_count
    for found in outcome.problems:
        loaded.flags[found.code] = loaded.flags.get(found.code, 0) + 1


_REGISTER: Register | None = None
_ROOT = Path()


def _set_up(register: Register, root: Path) -> None:
    """Gives the checking process its register, and ends it with its parent, however that ends."""
    global _REGISTER, _ROOT
    _REGISTER, _ROOT = register, root
    parent = multiprocessing.parent_process()
    if parent is not None:
        # Ctrl-C reaches every process of the terminal; the parent decides what it means.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _read_and_check(filing: FilingFile) -> Ahead:
    table = read([filing.path])
    # Inside a dossier a file is named by its path there, wherever the dossier lies.
    name = Path(os.path.relpath(filing.path, _ROOT)).as_posix()
    table = replace(
        table,
        sources=tuple(replace(source, file=name) for source in table.sources),
        problems=tuple(replace(found, where=replace(found.where, file=name)) for found in table.problems),
    )
    checked = check(
        table,
        organisation=filing.organisation,
        period=filing.period,
        register=_REGISTER,
        correcting=filing.corrects is not None,
    )
    content = filing.path.read_bytes() if filing.path.is_file() else b""
    return filing, content, checked, None if checked.rejects else encode(checked)


def _read_and_check_all(filings: Sequence[FilingFile]) -> list[Ahead]:
    return [_read_and_check(filing) for filing in filings]


def _checked_ahead(
    filings: Sequence[FilingFile], register: Register, root: Path, *, own_process: bool
) -> Generator[Ahead, None, None]:
    _set_up(register, root)
    if not own_process or len(filings) < OWN_PROCESS_FILINGS:
        yield from map(_read_and_check, filings)
        return
    # A forked process would inherit locks of threads that are not there; a spawned one starts clean.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=context, initializer=_set_up, initargs=(register, root)) as pool:
        waiting: deque[Future[list[Ahead]]] = deque()
        remaining = iter(filings)
        ready = pool.submit(os.getpid)
        # Until the process has started, which takes a second, the work is done here.
        while not ready.done() and (first := next(remaining, None)) is not None:
            yield _read_and_check(first)
        try:
            while True:
                while len(waiting) < AHEAD // TOGETHER and (some := list(islice(remaining, TOGETHER))):
                    waiting.append(pool.submit(_read_and_check_all, some))
                if not waiting:
                    return
                yield from waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
