"""Answers that an analyst publishes: what workers, jobs and commands read in place of computing it.

They hold no frame of the ledger. They have the register and the stamp of a publication, map the answers that are asked
for, and put before the analyst what nobody has asked yet. Where there is no analyst, they compute for themselves.
"""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Callable, Iterable
from functools import cached_property
from threading import Lock
from typing import Any, Final, TypeVar, cast

import polars as pl

from lodeline.errors import UserError
from lodeline.flow.index import FlowIndex
from lodeline.ledger.register import Register
from lodeline.progress import Listener
from lodeline.regulation.parameter import Jurisdiction
from lodeline.store.column_files import ColumnFiles, directory_of
from lodeline.store.flow_files import standing
from lodeline.store.law import law_before
from lodeline.store.publications import Publications, Question, Stamp
from lodeline.store.snapshot import Snapshot, rows_of
from lodeline.store.snapshot_opening import last_filing_time, open_snapshot, open_snapshot_as_of
from lodeline.store.store import Store
from lodeline.store.values import UnpublishableError

Answer = TypeVar("Answer")
#: Seconds between two looks whether an answer is there, and between two whether there still is an analyst.
_LOOKS_S: Final = 0.02
_ALIVE_S: Final = 1.0
#: Seconds for which an act waits for an analyst that is behind the log or has just begun, and between two looks.
_BEHIND_S: Final = 60.0
_BETWEEN_S: Final = 0.2
#: The same for a job for which nobody waits. Ten years of a nation take an analyst 13 minutes from nothing; whoever
#: computes beside it takes as long, and as much memory.
JOB_WAITS_S: Final = 1200.0
#: See `_alone_s`.
_ALONE_S: Final = 30.0


def asked_by_name(
    question: Callable[..., Any], subjects: tuple[str, ...] | None, arguments: dict[str, Any]
) -> Question | None:  # fmt: skip
    """The question as another process can be asked it; None where it has no name or is about something else."""
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
    """The function that a question names. Only this program's are asked."""
    module, _, name = question.name.partition(":")
    if not module.startswith("lodeline."):
        raise LookupError(question.name)
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return cast(Callable[..., Any], found)


def _alone_s() -> float:
    """Seconds without an analyst after which a process computes for itself: under `serve` one comes, though it may
    begin later than who asks, and whoever computes holds every frame of the nation."""
    return _ALONE_S if os.environ.get("LODELINE_ANALYST") == "1" else 0.0


def _nobody(what: str, done: int, total: int) -> None:
    """Nobody listens."""
    del what, done, total


class Published:
    """The answers of one publication, as a reader has them. `waits`: the analyst is asked what is not there yet.

    `waited`: told, while an answer is waited for, each time how many seconds more; `overtaken`: told where the analyst
    has gone on and will not answer of this one any more. Either may raise: the question stays before the analyst.
    """

    def __init__(
        self,
        publications: Publications,
        stamp: Stamp,
        *,
        waits: bool = True,
        waited: Callable[[float], None] | None = None,
        overtaken: Callable[[], None] | None = None,
    ) -> None:
        self._publications = publications
        self._stamp = stamp
        self._waits = waits
        self._waited = waited
        self._overtaken = overtaken

    def read(self, question: Question) -> tuple[bool, Any]:
        """Whether the answer is there, and the answer."""
        return self._publications.read(self._stamp, question)

    def wait_for(self, question: Question, report: Listener) -> tuple[bool, Any]:
        """The answer, once the analyst has given it; False where it cannot, or there is none."""
        found = self.read(question)
        if found[0] or not self._waits:
            return found
        self._publications.want(self._stamp, question)
        seen = looked = told = time.monotonic()
        while self._publications.is_wanted(self._stamp, question):
            time.sleep(_LOOKS_S)
            if self._waited is not None:
                before, told = told, time.monotonic()
                self._waited(told - before)
            if time.monotonic() - looked > _ALIVE_S:
                looked = time.monotonic()
                if self._publications.has_analyst():
                    seen = looked
                elif looked - seen > _alone_s():
                    break
                if stage := self._publications.progress(self._stamp, question):
                    report(*stage)
        found = self.read(question)
        if not found[0] and self._overtaken is not None and self._is_overtaken():
            self._overtaken()
        return found

    def _is_overtaken(self) -> bool:
        stand = self._publications.current() or ()
        return self._stamp not in stand and self._publications.has_analyst()


class SnapshotAtHand:
    """What is needed of a snapshot without its frames: stamp and register. Whoever asks for a frame opens it all.

    published: where answers are that another process has computed; None where all are computed here.
    """

    def __init__(
        self, store: Store, *, entry: int, root: str, as_of: str | None = None, published: Published | None = None,
        overtaken: Callable[[], None] | None = None,
    ) -> None:  # fmt: skip
        """overtaken: told where the lot graph is gone, because the analyst went on by several entries; it may raise."""
        self._store = store
        self._overtaken = overtaken
        self._given = published
        self.entry = entry
        self.root = root
        self._as_of = as_of
        self._lock = Lock()
        self._opened: Snapshot | None = None

    @property
    def _published(self) -> Published | None:
        return self._given

    @property
    def as_of(self) -> str | None:
        """As `Snapshot.as_of`."""
        return self._as_of

    @property
    def stamp(self) -> dict[str, object]:
        """As `Snapshot.stamp`."""
        return {"entry": self.entry, "root": self.root}

    @cached_property
    def register(self) -> Register:
        """The register as of the entry."""
        return self._store.register_before(self.entry + 1)

    @cached_property
    def _law(self) -> Jurisdiction:
        return law_before(self._store, self.entry + 1)

    def whole(self) -> Snapshot:
        """The snapshot with its frames."""
        with self._lock:
            if self._opened is None:
                at_head = self._store.head().size == self.entry + 1
                self._opened = open_snapshot(self._store) if at_head else None
                if self._opened is None or self._opened.entry != self.entry:
                    self._opened = open_snapshot_as_of(self._store, self.entry)
        return self._opened

    def ask(self, question: Callable[..., Any], /, **arguments: Any) -> Any:
        """As `Snapshot.ask`: of the analyst."""
        found, value = self._read(asked_by_name(question, ("snapshot",), arguments))
        return value if found else question(self.whole(), **arguments)

    def answer(self, question: Callable[..., Answer], /, *subjects: object, **arguments: Any) -> Answer:
        """`answered` where the snapshot among the subjects is this one."""
        names = () if self._published is None else tuple(self._name_of(one) for one in subjects)
        asked = asked_by_name(question, names, arguments) if names and all(names) else None
        found, value = self._read(asked)
        return cast(Answer, value) if found else question(*subjects, **arguments)

    def _name_of(self, subject: object) -> str:
        """What a reading calls it; "" for what is not of this one."""
        if subject is self:
            return "snapshot"
        return "store" if subject is self._store else "law" if subject is self._law else ""

    def _read(self, asked: Question | None) -> tuple[bool, Any]:
        if asked is None or self._published is None:
            return False, None
        found, value = self._published.wait_for(asked, _nobody)
        if isinstance(value, UserError):
            raise value
        return found, value

    def once(self, question: Callable[..., Answer], /, *about: object) -> Answer:
        """As `Snapshot.once`; where no frame has been opened, for this one answer."""
        return question(self, *about) if self._opened is None else self._opened.once(question, *about)

    def rows(self, frame: str, column: str, values: Iterable[Any]) -> pl.DataFrame:
        """As `Snapshot.rows`."""
        found: pl.DataFrame = self.ask(rows_of, frame=frame, column=column, values=tuple(values))
        return found

    def lines_of_lot(self, lot: int) -> pl.DataFrame:
        """As `Snapshot.lines_of_lot`: of the store, which answers of one lot sooner than an analyst who is busy."""
        return self.register.meant(self._store.books.lines_of_lot(lot, entry=self.entry))

    def exports_with(self, organisation: str) -> pl.DataFrame:
        """As `Snapshot.exports_with`: of the store."""
        texts = self.register.texts_of(organisation)
        return self.register.meant(self._store.books.exports_with(organisation, texts, entry=self.entry))

    def flow_index(self) -> FlowIndex:
        """As `Snapshot.flow_index`: the files that somebody has built, mapped."""
        return self._flow_index

    @cached_property
    def _flow_index(self) -> FlowIndex:
        files = ColumnFiles(store=self._store, directory=directory_of(self._store.database))
        found = standing(files, entry=self.entry, root=self.root)
        if found is None and self._overtaken is not None:
            self._overtaken()
        return self.whole().flow_index() if found is None else found

    def __getattr__(self, name: str) -> Any:
        return getattr(self.whole(), name)


def answered(question: Callable[..., Answer], /, *subjects: object, **arguments: Any) -> Answer:
    """`question(*subjects, **arguments)`, read where it is published and the snapshot is one at hand.

    Only what is asked in the same words is found: an argument at its default is left out.
    """
    at_hand = next((one for one in subjects if isinstance(one, SnapshotAtHand)), None)
    return question(*subjects, **arguments) if at_hand is None else at_hand.answer(question, *subjects, **arguments)


class _AtHead(SnapshotAtHand):
    """The snapshot of the last entry: what is published is looked for when something is asked."""

    @cached_property
    def _published(self) -> Published | None:
        publications = Publications(self._store)
        stamps = [one for one in publications.current() or () if (one.entry, one.root) == (self.entry, self.root)]
        return Published(publications, stamps[0], waits=False) if stamps else None

    @cached_property
    def as_of(self) -> str | None:
        return last_filing_time(self._store, self.entry + 1)


def at_head(store: Store) -> Snapshot:
    """The snapshot of the last entry for who asks once and ends, as a command does.

    Answers that are published for this very entry are read. Frames are opened when one is asked for.
    """
    head = store.head()
    if head.size == 0:
        return open_snapshot(store)
    return cast(Snapshot, _AtHead(store, entry=head.size - 1, root=head.frontier.root().hex()))


def newest_published(store: Store, *, waits_s: float | None = None) -> Snapshot:
    """What an analyst has published that has every filing of now, waited for (`_BEHIND_S`, a job `JOB_WAITS_S`);
    without an analyst, or where it takes too long, the snapshot of the last entry."""
    waits_s = _BEHIND_S if waits_s is None else waits_s
    publications, began = Publications(store), time.monotonic()
    alone_until = began + _alone_s()
    at_least, _ = store.last_goods_entry(store.head().size)
    while at_least >= 0 and time.monotonic() < began + waits_s:
        if time.monotonic() >= alone_until and (not publications.has_analyst() or publications.has_another_program()):
            break
        current = publications.current()
        if current is not None and current[1].entry >= at_least:
            return at_hand(store, current[1], Published(publications, current[1]))
        time.sleep(_BETWEEN_S)
    return open_snapshot(store)


def at_hand(
    store: Store, stamp: Stamp, published: Published, overtaken: Callable[[], None] | None = None
) -> Snapshot:  # fmt: skip
    """The snapshot of a publication, without its frames; `overtaken` as `SnapshotAtHand` takes it."""
    found = SnapshotAtHand(
        store, entry=stamp.entry, root=stamp.root, as_of=stamp.as_of, published=published, overtaken=overtaken
    )
    return cast(Snapshot, found)
