"""The one place where pages meet the store: what was read at one entry of the log, and the answers drawn from it.

Every page is computed from one reading, so its numbers belong together. A reading stands for a few seconds. When the
log has moved beyond it, a visitor is still given it while a new one is made behind. A firm that has just filed asks for
a reading that has it.
What takes longer than a request may wait is computed on, once for all who ask, and they are told how far it is.
Nothing here writes to the ledger.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import Any, Final, TypeVar, cast

from django.db import connections

from lodeline.errors import UserError
from lodeline.language import text
from lodeline.progress import reported_to
from lodeline.regulation.parameter import Jurisdiction
from lodeline.store.database import Database
from lodeline.store.law import law_before
from lodeline.store.opening import open_store
from lodeline.store.published import SnapshotAtHand
from lodeline.store.snapshot import Snapshot
from lodeline.store.snapshot_opening import is_unchanged, open_snapshot
from lodeline.store.store import Store
from lodeline.web.server import configuration

Answer = TypeVar("Answer")

#: Seconds a page waits for a database that another process has locked, before it says so.
PATIENCE_S = 2
#: Seconds that a request which `waits_a_little` waits in all, and at least for each thing, since a thing may be quick.
REQUEST_WAITS_S = 2.0
#: Seconds that a form (`waits_as_a_form`) waits in all for a publication: it is not sent again by itself, and proxies
#: give up after a minute.
FORM_WAITS_S = 45.0
_LEAST_S: Final = 0.1
#: Seconds for which what failed behind those who had gone is told to whoever comes back, and not begun again.
FAILURE_STANDS_S: Final = 10.0
#: Answers kept per reading; the oldest asked for is let go.
ANSWERS_KEPT = 64

_log = logging.getLogger(__name__)


class EmptyStoreError(UserError):
    """There is a store and nothing in it about goods or parties: who works with it may be there already."""


def empty_store() -> EmptyStoreError:
    """What there is to say of a store without entries."""
    return EmptyStoreError(
        text(
            "The store is empty. Load a dossier with `lodeline load DIRECTORY`, or look at the demo "
            "with `lodeline demo`."
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """How far a computation is: what it goes through ("rows", "answers", "detectors"), how many of how many are done.

    "another": nothing is computed here, since a server of another program does it, and publishes for its own kind.
    `total` None: nobody knows.
    """

    what: str
    done: int = 0
    total: int | None = None


class StillComputingError(Exception):
    """What a request needs takes longer than it waits. It is computed on: the same request finds it, a while later."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage.what)
        self.stage = stage


#: Seconds that the page under way still waits, and those that a form does; None: as long as it takes.
_left_s: ContextVar[float | None] = ContextVar("left_s", default=None)
_form_left_s: ContextVar[float | None] = ContextVar("form_left_s", default=None)


@contextmanager
def waits_a_little(seconds: float | None = None) -> Iterator[None]:
    """Within it, a reading or an answer that takes longer (REQUEST_WAITS_S) raises StillComputingError."""
    before = _left_s.set(REQUEST_WAITS_S if seconds is None else seconds)
    try:
        yield
    finally:
        _left_s.reset(before)


@contextmanager
def waits_as_a_form() -> Iterator[None]:
    """The same for a form: a publication is waited for longer, and what is computed here as long as it takes."""
    before = _form_left_s.set(FORM_WAITS_S)
    try:
        yield
    finally:
        _form_left_s.reset(before)


def seconds_left() -> float | None:
    """How long the request under way still waits; None: as long as it takes."""
    left_s = _left_s.get()
    return _form_left_s.get() if left_s is None else left_s


def waited(seconds: float) -> None:
    """Takes what was waited from what the request under way still waits. Raises StillComputingError at its end."""
    left_s = seconds_left()
    if left_s is not None:
        (_form_left_s if _left_s.get() is None else _left_s).set(left_s - seconds)
        if left_s <= seconds:
            raise StillComputingError(Stage(what="answers"))


@dataclass(slots=True)
class _Progress:
    """How far something is that others wait for."""

    stage: Stage

    def report(self, what: str, done: int, total: int) -> None:
        """Notes it (lodeline.progress.Listener)."""
        self.stage = Stage(what=what, done=done, total=total)


@dataclass(slots=True)
class _Work:
    """Something that is computed in a thread of its own. `done` is set when it can be given, or when it failed.

    `left`: somebody has gone away meanwhile, and will come back to ask what became of it.
    """

    progress: _Progress
    started: float = field(default_factory=time.monotonic)
    done: Event = field(default_factory=Event)
    left: bool = False
    failure: Exception | None = None
    failed_at: float = 0.0

    def fail(self, failure: Exception) -> None:
        """Notes why there is nothing to be given."""
        self.failure, self.failed_at = failure, time.monotonic()

    @property
    def stands(self) -> bool:
        """Whether it goes on, or those who have gone are still to be told that it failed."""
        return self.failure is None or (self.left and time.monotonic() - self.failed_at < FAILURE_STANDS_S)

    def wait(self) -> None:
        """Waits for its end, as long as the request under way may. Raises StillComputingError."""
        left_s = _left_s.get()
        if left_s is None:
            self.done.wait()
            return
        asked = time.monotonic()
        # What has run for long is not waited for anew by each who comes.
        done = self.done.wait(max(_LEAST_S, min(left_s, self.started + REQUEST_WAITS_S - asked)))
        _left_s.set(left_s - (time.monotonic() - asked))
        if not done:
            self.left = True
            raise StillComputingError(self.progress.stage)


@dataclass(slots=True)
class _Slot:
    """Room for one answer; its lock lets one visitor compute what others wait for.

    `work`: the thread that computes it for those who do not wait for it, or that failed while they were away.
    """

    question: Callable[..., Any]
    arguments: dict[str, Any]
    lock: Lock = field(default_factory=Lock)
    done: bool = False
    value: object = None
    progress: _Progress = field(default_factory=lambda: _Progress(Stage(what="answers")))
    work: _Work | None = None

    def take(self, snapshot: SnapshotAtHand, subjects: tuple[object, ...]) -> None:
        """Takes the answer from what is published, if it is there. Raises UserError where that is the answer."""
        if self.lock.acquire(blocking=False):
            try:
                found, value = snapshot.read(self.question, *subjects, **self.arguments)
                self.value, self.done = (value, True) if found else (self.value, self.done)
            finally:
                self.lock.release()

    def compute(self, subjects: tuple[object, ...]) -> object:
        """The answer, computed by the first who asks. Raises StillComputingError."""
        if self.done:
            return self.value
        left_s = seconds_left()
        if not self.lock.acquire(timeout=-1 if left_s is None else max(0.0, left_s)):
            raise StillComputingError(self.progress.stage)
        try:
            if not self.done:
                with reported_to(self.progress.report):
                    self.value = self.question(*subjects, **self.arguments)
                self.done = True
            return self.value
        finally:
            self.lock.release()


class Reading:
    """The store, its snapshot at one entry, the law, and a bounded memory of answers. Shared between threads."""

    def __init__(self, store: Store, snapshot: Snapshot, law: Jurisdiction, checkpoint: str) -> None:
        self.store = store
        self.snapshot = snapshot
        self.law = law
        #: The signed size and root that this was read at.
        self.checkpoint = checkpoint
        self._slots: OrderedDict[tuple[Any, ...], _Slot] = OrderedDict()
        self._lock = Lock()

    def answer(self, question: Callable[..., Answer], /, *subjects: object, **arguments: Any) -> Answer:
        """`question(*subjects, **arguments)`, asked once; subjects are this reading, its store, snapshot and law.

        Arguments must be hashable. An answer is shared: whoever gets it must not change it.
        """
        return cast(Answer, self._answer(question, subjects, arguments))

    def _answer(self, question: Callable[..., Any], subjects: tuple[object, ...], arguments: dict[str, Any]) -> object:
        key = (question, *sorted(arguments.items()))
        with self._lock:
            slot = self._slots.get(key)
            if slot is None:
                slot = self._slots[key] = _Slot(question=question, arguments=arguments)
            self._slots.move_to_end(key)
            while len(self._slots) > ANSWERS_KEPT:
                self._slots.popitem(last=False)
        if not slot.done and isinstance(self.snapshot, SnapshotAtHand):
            slot.take(self.snapshot, subjects)
        if slot.done or _left_s.get() is None or not self._has(subjects):
            return slot.compute(subjects)
        return self._answer_behind(slot, subjects)

    def _answer_behind(self, slot: _Slot, subjects: tuple[object, ...]) -> object:
        """The answer of a slot from a thread of its own. Raises StillComputingError, or what the question does."""
        with self._lock:
            work = slot.work
            if work is None or not work.stands:
                work = slot.work = _Work(slot.progress)
                Thread(target=self._compute, args=(slot, subjects, work), name="answer", daemon=True).start()
        work.wait()
        if work.failure is not None:
            raise work.failure
        return slot.value

    def _compute(self, slot: _Slot, subjects: tuple[object, ...], work: _Work) -> None:
        try:
            slot.compute(subjects)
        except Exception as failure:
            work.fail(failure)
        finally:
            connections.close_all()
            work.done.set()

    def _has(self, subjects: tuple[object, ...]) -> bool:
        """Whether the question is about nothing but this reading."""
        known = {id(one) for one in (self, self.store, self.snapshot, self.law)}
        return all(id(one) in known for one in subjects)


@dataclass(slots=True)
class _Made:
    """A reading, when it was last known to be at the end of the log, and the seconds it took to make."""

    reading: Reading
    true_at: float
    took_s: float


@dataclass(slots=True, kw_only=True)
class _Making(_Work):
    """A reading that is being made, begun at `began` of the desk's clock."""

    began: float
    progress: _Progress = field(default_factory=lambda: _Progress(Stage(what="rows")))
    awaited: bool = False
    reading: Reading | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingStatus:
    """What a desk can give at once: the entry of its reading, the seconds since that was the end of the log."""

    entry: int | None
    age_s: float | None
    failure: Exception | None


class Desk:
    """Readings of one database, the newest kept.

    stands_s   seconds for which a reading is given without asking whether the log has moved
    oldest_s   seconds after which a reading that the log has left behind is given to nobody
    clock      seconds that only grow
    """

    def __init__(
        self,
        url: str,
        *,
        stands_s: float | None = None,
        oldest_s: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.url = url
        self._stands_s = configuration.current().reading_seconds if stands_s is None else stands_s
        self._oldest_s = configuration.current().reading_oldest_seconds if oldest_s is None else oldest_s
        self._clock = clock
        self._lock = Lock()
        self._newest: _Made | None = None
        self._making: _Making | None = None
        self._failure: Exception | None = None
        #: A reading that could not be made while those who had asked for it were away.
        self._left: _Making | None = None

    def reading(self, at_least: int | None = None) -> Reading:
        """The reading that stands; with `at_least`, one at that entry or later, waited for where it must be made.

        An entry that the log does not have gives a reading that was begun after the question.
        Raises StillComputingError where it takes longer than the request waits.
        Raises StoreError, DatabaseError or django.db.Error where there is no usable store, EmptyStoreError where
        nothing is in it; what went wrong behind, where nobody waited for it, is raised to the next who asks.
        """
        asked = self._clock()
        while True:
            with self._lock:
                if self._failure is not None:
                    failure, self._failure = self._failure, None
                    raise failure
                given = self._given(at_least)
                if given is not None:
                    return given.reading
                making = self._left if self._left is not None and self._left.stands else self._making or self._begin()
                making.awaited = True
            making.wait()
            if making.failure is not None:
                raise making.failure
            if making.began >= asked:
                assert making.reading is not None, "what is done has a reading or a failure"
                return making.reading

    def standing(self) -> ReadingStatus:
        """What can be given without waiting. Where that is not true any more, a new reading is begun behind."""
        with self._lock:
            made = self._given(None)
            if made is None and self._making is None:
                self._begin()
            return ReadingStatus(
                entry=None if made is None else made.reading.snapshot.entry,
                age_s=None if made is None else self._clock() - made.true_at,
                failure=self._failure,
            )

    def _given(self, at_least: int | None) -> _Made | None:
        """A reading that may be given without waiting. Where the log has left it behind, a new one is begun."""
        made = self._newest
        if made is None or (at_least is not None and made.reading.snapshot.entry < at_least):
            return None
        path = made.reading.store.database.path
        # A file that is gone would be made again by asking it.
        if path is not None and not path.exists():
            return None
        if self._is_true(made):
            return made
        if self._clock() - made.true_at < self._oldest_s:
            if self._making is None:
                self._begin()
            return made
        return None

    def _is_true(self, made: _Made) -> bool:
        """Whether the reading was at the end of the log a moment ago, or is now."""
        # At least as long as it took to make: a large ledger is not read without a pause.
        stands_s = min(max(self._stands_s, made.took_s), self._oldest_s)
        asked = self._clock()
        if asked - made.true_at < stands_s:
            return True
        store, snapshot = made.reading.store, made.reading.snapshot
        if store.checkpoint() != made.reading.checkpoint and not is_unchanged(store, snapshot.entry, snapshot.root):
            return False
        made.true_at = asked
        return True

    def _begin(self) -> _Making:
        making = self._making = _Making(began=self._clock())
        Thread(target=self._make, args=(making,), name="reading", daemon=True).start()
        return making

    def _make(self, making: _Making) -> None:
        try:
            with reported_to(making.progress.report):
                reading = making.reading = self._read()
        except Exception as failure:
            with self._lock:
                making.fail(failure)
                self._making, self._left = None, making if making.left else None
                self._failure = None if making.awaited else failure
            if not making.awaited and not isinstance(failure, UserError):
                _log.exception("a reading could not be made behind")
        else:
            made = _Made(reading=reading, true_at=making.began, took_s=self._clock() - making.began)
            with self._lock:
                self._newest, self._making, self._left, self._failure = made, None, None, None
        finally:
            making.done.set()
            connections.close_all()

    def _read(self) -> Reading:
        database = Database(self.url)
        if database.is_sqlite:
            connections.databases[database.alias]["OPTIONS"]["timeout"] = PATIENCE_S
        store = open_store(self.url)
        checkpoint = store.checkpoint()
        if store.last_goods_entry(store.head().size)[0] < 0:
            raise empty_store()
        with self._lock:
            before = self._newest
        snapshot = open_snapshot(store, None if before is None else before.reading.snapshot)
        return Reading(store, snapshot, law_before(store, snapshot.entry + 1), checkpoint)
