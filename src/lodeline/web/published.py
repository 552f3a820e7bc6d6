"""Answers that an analyst publishes: what workers read in place of computing it.

A worker holds no frame of the ledger. It has the register and the stamp of a publication, maps the answers that pages
ask for, and puts before the analyst what nobody has asked yet. Where there is no analyst, it computes for itself.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterable
from functools import cached_property
from threading import Lock
from typing import Any, Final, cast

import polars as pl

from lodeline.errors import UserError
from lodeline.flow.index import FlowIndex
from lodeline.ledger.register import Register
from lodeline.progress import Listener
from lodeline.store.column_files import ColumnFiles, directory_of
from lodeline.store.flow_files import opened
from lodeline.store.publications import Publications, Question, Stamp
from lodeline.store.snapshot import Snapshot, open_snapshot_as_of, rows_of
from lodeline.store.store import Store
from lodeline.store.values import UnpublishableError

#: Seconds between two looks whether an answer is there, and between two whether there still is an analyst.
_LOOKS_S: Final = 0.02
_ALIVE_S: Final = 1.0


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


def _nobody(what: str, done: int, total: int) -> None:
    """Nobody listens."""
    del what, done, total


class Published:
    """The answers of one publication, as a reader has them."""

    def __init__(self, publications: Publications, stamp: Stamp) -> None:
        self._publications = publications
        self._stamp = stamp

    def read(self, question: Question) -> tuple[bool, Any]:
        """Whether the answer is there, and the answer."""
        return self._publications.read(self._stamp, question)

    def wait_for(self, question: Question, report: Listener) -> tuple[bool, Any]:
        """The answer, once the analyst has given it; False where it cannot, or there is none."""
        found = self.read(question)
        if found[0]:
            return found
        self._publications.want(self._stamp, question)
        looked = time.monotonic()
        while self._publications.is_wanted(self._stamp, question):
            time.sleep(_LOOKS_S)
            if time.monotonic() - looked > _ALIVE_S:
                looked = time.monotonic()
                if not self._publications.has_analyst():
                    break
                if stage := self._publications.progress(self._stamp, question):
                    report(*stage)
        return self.read(question)


class SnapshotAtHand:
    """What pages need of a snapshot without its frames: stamp and register. Whoever asks for a frame opens it all."""

    def __init__(self, store: Store, stamp: Stamp, published: Published) -> None:
        self._store = store
        self._published = published
        self.entry = stamp.entry
        self.root = stamp.root
        self.as_of = stamp.as_of
        self._lock = Lock()
        self._opened: Snapshot | None = None

    @property
    def stamp(self) -> dict[str, object]:
        """As `Snapshot.stamp`."""
        return {"entry": self.entry, "root": self.root}

    @cached_property
    def register(self) -> Register:
        """The register as of the entry."""
        return self._store.register_before(self.entry + 1)

    def whole(self) -> Snapshot:
        """The snapshot with its frames."""
        with self._lock:
            if self._opened is None:
                self._opened = open_snapshot_as_of(self._store, self.entry)
        return self._opened

    def ask(self, question: Callable[..., Any], /, **arguments: Any) -> Any:
        """As `Snapshot.ask`: of the analyst."""
        asked = asked_by_name(question, ("snapshot",), arguments)
        found, value = (False, None) if asked is None else self._published.wait_for(asked, _nobody)
        if isinstance(value, UserError):
            raise value
        return value if found else question(self.whole(), **arguments)

    def rows(self, frame: str, column: str, values: Iterable[Any]) -> pl.DataFrame:
        """As `Snapshot.rows`."""
        found: pl.DataFrame = self.ask(rows_of, frame=frame, column=column, values=tuple(values))
        return found

    def flow_index(self) -> FlowIndex:
        """As `Snapshot.flow_index`: the files that the analyst has built, mapped."""
        return self._flow_index

    @cached_property
    def _flow_index(self) -> FlowIndex:
        files = ColumnFiles(store=self._store, directory=directory_of(self._store.database))
        return opened(files, entry=self.entry, root=self.root, frames=lambda: self.whole().flow_frames())

    def __getattr__(self, name: str) -> Any:
        return getattr(self.whole(), name)
