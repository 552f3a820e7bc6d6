"""Readings of what the publisher has published; see `web.reading.Desk`, which computes where there is no publisher."""

from __future__ import annotations

import time
from threading import Lock
from typing import Final

from lodeline.store.database import Database
from lodeline.store.law import law_before
from lodeline.store.opening import open_store
from lodeline.store.publications import Publications, Stamp
from lodeline.store.published import at_hand
from lodeline.store.store import OFFICE_KIND, Store
from lodeline.web.reading import (
    PATIENCE_S,
    Desk,
    Reading,
    ReadingStatus,
    Stage,
    StillComputingError,
    empty_store,
    waited,
)

#: Seconds without a publisher after which a worker computes for itself: one that starts on a busy machine takes
#: several, and a worker that computes holds every frame of the nation.
_ALONE_S: Final = 30.0
#: Seconds between two looks whether a publication is there that is waited for.
_LOOKS_S: Final = 0.02


class PublishedDesk:
    """Readings of one database that hold no frames. The methods are those of `Desk`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._lock = Lock()
        self._newest: Reading | None = None
        self._store: Store | None = None
        #: What computes where no publisher does, and since when there is none.
        self._own: Desk | None = None
        self._alone_since: float | None = None

    def reading(self, at_least: int | None = None) -> Reading:
        """The reading of the current publication; with `at_least` one at that entry or later, waited for. Raises what
        `Desk.reading` raises."""
        store = self._opened()
        publications = Publications(store)
        while True:
            stamp = publications.current()
            if stamp is not None and (at_least is None or not self._comes(store, stamp.entry, at_least)):
                return self._reading(store, stamp)
            if store.last_goods_entry(store.head().size)[0] < 0:
                raise empty_store()
            if self._is_alone(publications):
                return self._itself().reading(at_least)
            time.sleep(_LOOKS_S)
            try:
                waited(_LOOKS_S)
            except StillComputingError:
                what = "another" if publications.has_another_program() else "rows"
                raise StillComputingError(Stage(what=what)) from None

    @staticmethod
    def _comes(store: Store, current: int, at_least: int) -> bool:
        """Whether a publication will come that has an entry: it is later, there, and not the office's own alone."""
        size = store.head().size
        return current < at_least < size and store.last_goods_entry(size, still=[OFFICE_KIND])[0] > current

    def standing(self) -> ReadingStatus:
        """What can be given without waiting."""
        store = self._opened()
        publications = Publications(store)
        stamp = publications.current()
        if stamp is not None:
            return ReadingStatus(entry=stamp.entry, age_s=publications.age_s(), failure=None)
        if self._own is not None:
            return self._own.standing()
        failure = empty_store() if store.last_goods_entry(store.head().size)[0] < 0 else None
        return ReadingStatus(entry=None, age_s=None, failure=failure)

    def _opened(self) -> Store:
        path = None if self._store is None else self._store.database.path
        if self._store is None or (path is not None and not path.exists()):
            database = Database(self.url)
            if database.is_sqlite:
                from django.db import connections  # noqa: PLC0415

                connections.databases[database.alias]["OPTIONS"]["timeout"] = PATIENCE_S
            self._store = open_store(self.url)
        return self._store

    def _reading(self, store: Store, stamp: Stamp) -> Reading:
        """The reading of a publication; of others none is kept, since their answers take memory."""
        with self._lock:
            self._alone_since = self._own = None
            newest = self._newest
            if newest is None or newest.checkpoint != stamp.checkpoint or newest.snapshot.root != stamp.root:
                law = law_before(store, stamp.entry + 1)
                newest = self._newest = Reading(store, at_hand(store, stamp), law, stamp.checkpoint)
            return newest

    def _is_alone(self, publications: Publications) -> bool:
        """Whether there has been no publisher for a while."""
        if publications.has_publisher():
            self._alone_since = None
            return False
        now = time.monotonic()
        self._alone_since = self._alone_since or now
        return now - self._alone_since > _ALONE_S

    def _itself(self) -> Desk:
        with self._lock:
            if self._own is None:
                self._own = Desk(self.url)
            return self._own
