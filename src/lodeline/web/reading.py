"""The one place where pages meet the store: what was read at one entry of the log, and the answers drawn from it.

Every page is computed from one reading, so its numbers belong together; a reading is replaced when the log has moved.
Nothing here writes to the ledger.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar, cast

from django.db import connections

from lodeline.regulation.parameter import Jurisdiction, load
from lodeline.spoken import SpokenError
from lodeline.store.database import Database
from lodeline.store.opening import open_store
from lodeline.store.snapshot import Snapshot, open_snapshot
from lodeline.store.store import Store

Answer = TypeVar("Answer")

#: Seconds a page waits for a database that another process has locked, before it says so.
PATIENCE_S = 2
#: Answers kept per reading; the oldest asked for is let go.
ANSWERS_KEPT = 64


class EmptyStoreError(SpokenError):
    """There is a store and nothing in it."""


@dataclass(slots=True)
class _Slot:
    """Room for one answer; its lock lets one visitor compute what others wait for."""

    lock: Lock = field(default_factory=Lock)
    done: bool = False
    value: object = None


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
        """`question(*subjects, **arguments)`, asked once; subjects are this reading's own store, snapshot and law.

        Arguments must be hashable. An answer is shared: whoever gets it must not change it.
        """
        key = (question, *sorted(arguments.items()))
        with self._lock:
            slot = self._slots.setdefault(key, _Slot())
            self._slots.move_to_end(key)
            while len(self._slots) > ANSWERS_KEPT:
                self._slots.popitem(last=False)
        with slot.lock:
            if not slot.done:
                slot.value = question(*subjects, **arguments)
                slot.done = True
        return cast(Answer, slot.value)


class Desk:
    """Readings of one database, the newest kept."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._lock = Lock()
        self._reading: Reading | None = None

    def reading(self) -> Reading:
        """The reading at the head of the log.

        Raises StoreError, DatabaseError or django.db.Error where there is no usable store, EmptyStoreError where
        nothing is in it.
        """
        with self._lock:
            if self._reading is None or not self._stands(self._reading):
                self._reading = self._read()
            return self._reading

    @staticmethod
    def _stands(reading: Reading) -> bool:
        path = reading.store.database.path
        # A file that is gone would be made anew by asking it.
        return (path is None or path.exists()) and reading.store.checkpoint() == reading.checkpoint

    def _read(self) -> Reading:
        database = Database(self.url)
        if database.is_sqlite:
            connections.databases[database.alias]["OPTIONS"]["timeout"] = PATIENCE_S
        store = open_store(self.url)
        checkpoint = store.checkpoint()
        if store.head().size == 0:
            raise EmptyStoreError(
                "The store is empty. Load a dossier with `lodeline load DIRECTORY`, or look at the demo with"
                " `lodeline demo`.",
                "数据库为空。请用 `lodeline load 资料目录` 装载数据，或运行 `lodeline demo` 查看演示。",
            )
        return Reading(store, open_snapshot(store), load(), checkpoint)
