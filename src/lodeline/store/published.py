"""What the publisher has published: workers, jobs and commands read it in place of computing it.

Their snapshot has no frame of the ledger in memory. It maps the frames and reports of a publication when something
looks at them; what a reader narrows by arguments is computed from those. Without a publication, frames are opened here.
"""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Callable
from functools import cached_property
from threading import Lock
from typing import Any, Final, TypeVar, cast
from weakref import WeakValueDictionary

import polars as pl

from lodeline.errors import UserError
from lodeline.flow.index import FlowIndex
from lodeline.ledger.register import Register
from lodeline.regulation.parameter import Jurisdiction
from lodeline.store.column_files import ColumnFiles, directory_of
from lodeline.store.flow_files import standing
from lodeline.store.law import law_before
from lodeline.store.publications import Publications, Question, Stamp
from lodeline.store.snapshot import Snapshot
from lodeline.store.snapshot_opening import last_filing_time, open_snapshot, open_snapshot_as_of
from lodeline.store.store import Store
from lodeline.store.values import UnpublishableError

Answer = TypeVar("Answer")
#: The frames of a snapshot that are published with the reports.
FRAMES: Final = (
    "lines", "lots", "aliases", "inherited", "transfers", "invoices", "customs", "trade", "balanced", "renamed",
    "lot_facts", "known_facts", "drawn_as", "lot_assays", "site_assays", "accountancy_movements", "counts",
    "count_scopes",
)  # fmt: skip
#: Seconds for which an act waits for a publisher that is behind the log, and between two looks.
_BEHIND_S: Final = 60.0
_BETWEEN_S: Final = 0.2
#: The same for a job. Ten years of a nation take a publisher 13 minutes from nothing; a job that computes at the same
#: time takes as long, and as much memory.
JOB_WAITS_S: Final = 1200.0
#: Seconds without a publisher after which a process computes for itself, under a server that starts one.
_ALONE_S: Final = 30.0


def frame_of(snapshot: Snapshot, *, name: str) -> pl.DataFrame:
    """One of the FRAMES of a snapshot."""
    found: pl.DataFrame = getattr(snapshot, name)
    return found


def asked_by_name(
    question: Callable[..., Any], subjects: tuple[str, ...] | None, arguments: dict[str, Any]
) -> Question | None:  # fmt: skip
    """The question as a publication names it; None where it has no name or is about something else."""
    name, module = getattr(question, "__qualname__", "<"), getattr(question, "__module__", "")
    if subjects is None or "<" in name or not module.startswith("lodeline."):
        return None
    found = Question(name=f"{module}:{name}", subjects=subjects, arguments=tuple(sorted(arguments.items())))
    try:
        found.text  # noqa: B018  (whether its arguments can be written)
    except UnpublishableError:
        return None
    return found


def function_of(question: Question) -> Callable[..., Any]:
    """The function that a question names. Only those of this program have one."""
    module, _, name = question.name.partition(":")
    if not module.startswith("lodeline."):
        raise LookupError(question.name)
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return cast(Callable[..., Any], found)


class SnapshotAtHand(Snapshot):
    """A snapshot of which nothing is in memory but its stamp and its register.

    Frames are those of `stamp` of the publications, mapped; without one, or where a file of it is not as it was
    written, the snapshot is opened here.
    """

    def __init__(self, store: Store, stamp: Stamp | None, *, entry: int, root: str, as_of: str | None) -> None:
        vars(self).update(
            _store=store, _stamp=stamp, entry=entry, root=root, as_of=as_of, _lock=Lock(), _opened=None,
            _held=WeakValueDictionary(), files=ColumnFiles(store=store, directory=directory_of(store.database)),
        )  # fmt: skip

    _store: Store
    _stamp: Stamp | None
    _lock: Any
    _opened: Snapshot | None
    _held: WeakValueDictionary[str, pl.DataFrame]

    @cached_property
    def register(self) -> Register:
        """The register as of the entry."""
        return self._store.register_before(self.entry + 1)

    @cached_property
    def _law(self) -> Jurisdiction:
        return law_before(self._store, self.entry + 1)

    @cached_property
    def _publications(self) -> Publications:
        return Publications(self._store)

    def opened(self) -> Snapshot:
        """The snapshot with its frames in this process."""
        with self._lock:
            if self._opened is None:
                at_head = open_snapshot(self._store) if self._store.head().size == self.entry + 1 else None
                is_it = at_head is not None and at_head.entry == self.entry
                found = at_head if is_it else open_snapshot_as_of(self._store, self.entry)
                vars(self)["_opened"] = found
        assert self._opened is not None
        return self._opened

    def read(self, question: Callable[..., Any], *subjects: object, **arguments: Any) -> tuple[bool, Any]:
        """Whether `question(*subjects, **arguments)` is published, and its answer. Raises UserError where it is one."""
        names = tuple(self._name_of(one) for one in subjects)
        asked = None if self._stamp is None or None in names else asked_by_name(question, names, arguments)  # type: ignore[arg-type]
        if asked is None or self._stamp is None:
            return False, None
        found, value = self._publications.read(self._stamp, asked)
        if isinstance(value, UserError):
            raise value
        return found, value

    def _name_of(self, subject: object) -> str | None:
        """What a report calls it; None for what is not of this snapshot."""
        if subject is self:
            return "snapshot"
        return "store" if subject is self._store else "law" if subject is self._law else None

    def once(self, question: Callable[..., Answer], /, *about: object) -> Answer:
        """As `Snapshot.once`; what is not published is kept only next to frames that are in memory."""
        if self._opened is not None:
            return self._opened.once(question, *about)
        found, value = self.read(question, self, *about)
        return cast(Answer, value) if found else question(self, *about)

    def lines_of_lot(self, lot: int) -> pl.DataFrame:
        """As `Snapshot.lines_of_lot`: of the store, which answers of one lot at once."""
        return self.register.meant(self._store.books.lines_of_lot(lot, entry=self.entry))

    def exports_with(self, organisation: str) -> pl.DataFrame:
        """As `Snapshot.exports_with`: of the store."""
        texts = self.register.texts_of(organisation)
        return self.register.meant(self._store.books.exports_with(organisation, texts, entry=self.entry))

    @cached_property
    def _flow_index(self) -> FlowIndex:
        assert self.files is not None, "it is given its files"
        found = standing(self.files, entry=self.entry, root=self.root)
        return self.opened().flow_index() if found is None else found


def _frame(name: str) -> property:
    """The frame of this name, held for as long as something looks at it: as it is published, else of the snapshot as it
    is opened here."""

    def frame(self: SnapshotAtHand) -> pl.DataFrame:
        if self._opened is not None:
            return frame_of(self._opened, name=name)
        found: pl.DataFrame | None = self._held.get(name)
        if found is None:
            is_published, value = self.read(frame_of, self, name=name)
            found = cast(pl.DataFrame, value) if is_published else frame_of(self.opened(), name=name)
            self._held[name] = found
        return found

    return property(frame)


for _name in FRAMES:
    setattr(SnapshotAtHand, _name, _frame(_name))


def answered(question: Callable[..., Answer], /, *subjects: object, **arguments: Any) -> Answer:
    """`question(*subjects, **arguments)`, read where it is published and the snapshot is one at hand.

    Only what is asked in the same words is found: an argument at its default is left out.
    """
    at_hand = next((one for one in subjects if isinstance(one, SnapshotAtHand)), None)
    found, value = (False, None) if at_hand is None else at_hand.read(question, *subjects, **arguments)
    return cast(Answer, value) if found else question(*subjects, **arguments)


def at_head(store: Store) -> Snapshot:
    """The snapshot of the last entry for a command, which asks once and ends.

    What is published for this very entry is read. Frames are opened when one is looked at.
    """
    head = store.head()
    if head.size == 0:
        return open_snapshot(store)
    entry, root = head.size - 1, head.frontier.root().hex()
    stamp = Publications(store).current()
    if stamp is not None and (stamp.entry, stamp.root) != (entry, root):
        stamp = None
    return SnapshotAtHand(store, stamp, entry=entry, root=root, as_of=last_filing_time(store, entry + 1))


def at_hand(store: Store, stamp: Stamp) -> Snapshot:
    """The snapshot of a publication."""
    return SnapshotAtHand(store, stamp, entry=stamp.entry, root=stamp.root, as_of=stamp.as_of)


def _alone_s() -> float:
    """Seconds without a publisher after which a process computes for itself: under `serve` one comes, though it may
    begin later than who asks, and a process that computes holds every frame of the nation."""
    return _ALONE_S if os.environ.get("LODELINE_PUBLISHER") == "1" else 0.0


def newest_published(store: Store, *, waits_s: float | None = None) -> Snapshot:
    """The publication that has every filing of now, waited for (`_BEHIND_S`, a job `JOB_WAITS_S`); without a publisher,
    or where it takes too long, the snapshot of the last entry."""
    waits_s = _BEHIND_S if waits_s is None else waits_s
    publications, began = Publications(store), time.monotonic()
    alone_until = began + _alone_s()
    at_least, _ = store.last_goods_entry(store.head().size)
    while at_least >= 0 and time.monotonic() < began + waits_s:
        if time.monotonic() >= alone_until and (not publications.has_publisher() or publications.has_another_program()):
            break
        stamp = publications.current()
        if stamp is not None and stamp.entry >= at_least:
            return at_hand(store, stamp)
        time.sleep(_BETWEEN_S)
    return open_snapshot(store)
