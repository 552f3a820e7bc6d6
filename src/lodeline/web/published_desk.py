"""Readings that rest on what an analyst has published; see `web.reading.Desk`, which it asks where there is none."""

from __future__ import annotations

import time
from threading import Lock
from typing import Final

from lodeline.store.database import Database
from lodeline.store.law import law_before
from lodeline.store.opening import open_store
from lodeline.store.publications import Publications, Stamp
from lodeline.store.published import Published, at_hand
from lodeline.store.store import OFFICE_KIND, Store
from lodeline.web.reading import (
    PATIENCE_S,
    Desk,
    Reading,
    ReadingStatus,
    Stage,
    StillComputingError,
    empty_store,
    seconds_left,
    waited,
)

#: Seconds without an analyst after which a worker computes for itself: one that starts on a busy machine takes several,
#: and whoever computes holds every frame of the nation.
_ALONE_S: Final = 30.0
_LOOKS_S: Final = 0.02


def _ask_again() -> None:
    """Whoever asks for a page is soon given a newer reading. Raises StillComputingError."""
    raise StillComputingError(Stage(what="rows"))


def _ask_again_if_waiting() -> None:
    """As `_ask_again`; who asks for no page builds what is gone."""
    if seconds_left() is not None:
        _ask_again()


class PublishedDesk:
    """Readings of one database that hold no frames. The methods are those of `Desk`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._lock = Lock()
        self._readings: dict[str, Reading] = {}
        self._store: Store | None = None
        #: What computes where no analyst does, and since when there is none.
        self._own: Desk | None = None
        self._alone_since: float | None = None

    def reading(self, at_least: int | None = None) -> Reading:
        """The reading that stands; with `at_least` one at that entry or later. Raises what `Desk.reading` raises."""
        store = self._opened()
        publications = Publications(store)
        while True:
            stand = publications.current() or ()
            for stamp in stand:
                if at_least is None or stamp.entry >= at_least or not self._comes(store, stamp.entry, at_least):
                    return self._reading(store, publications, stamp, stand)
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
    def _comes(store: Store, standing: int, at_least: int) -> bool:
        """Whether the analyst will publish an entry: it is there, and is not the office's own alone since."""
        size = store.head().size
        return at_least < size and store.last_goods_entry(size, still=[OFFICE_KIND])[0] > standing

    def standing(self) -> ReadingStatus:
        """What can be given without waiting."""
        publications = Publications(self._opened())
        current = publications.current()
        if current is None:
            store = self._opened()
            failure = empty_store() if store.last_goods_entry(store.head().size)[0] < 0 else None
            nothing = ReadingStatus(entry=None, age_s=None, failure=failure)
            return nothing if self._own is None else self._own.standing()
        return ReadingStatus(entry=current[0].entry, age_s=publications.age_s(), failure=None)

    def _opened(self) -> Store:
        path = None if self._store is None else self._store.database.path
        if self._store is None or (path is not None and not path.exists()):
            database = Database(self.url)
            if database.is_sqlite:
                from django.db import connections  # noqa: PLC0415

                connections.databases[database.alias]["OPTIONS"]["timeout"] = PATIENCE_S
            self._store = open_store(self.url)
        return self._store

    def _reading(
        self, store: Store, publications: Publications, stamp: Stamp, stand: tuple[Stamp, ...]
    ) -> Reading:  # fmt: skip
        """The reading of one of the publications that `stand`; of others it keeps none: their answers take memory."""
        with self._lock:
            self._alone_since = self._own = None
            found = self._readings.get(stamp.directory)
            if found is None:
                published = Published(publications, stamp, waited=waited, overtaken=_ask_again)
                snapshot = at_hand(store, stamp, published, _ask_again_if_waiting)
                found = Reading(store, snapshot, law_before(store, stamp.entry + 1), stamp.checkpoint, published)
                kept = {one.directory for one in stand}
                self._readings = {name: one for name, one in self._readings.items() if name in kept}
                self._readings[stamp.directory] = found
            return found

    def _is_alone(self, publications: Publications) -> bool:
        """Whether there has been no analyst for a while."""
        if publications.has_analyst():
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
