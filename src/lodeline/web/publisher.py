"""The publisher: the one process that computes the reports of the nation and publishes them.

When the log has moved, it makes a reading of its newest entry, writes each report (`web.reports`) as a sealed file, and
makes that publication current. It may be killed at any moment: what is current is whole, and the next one goes on.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from datetime import date
from threading import Event
from typing import Final

from django.db import Error as DjangoDatabaseError
from django.db import connections

from lodeline.engine.running import Opened
from lodeline.errors import UserError
from lodeline.language import text
from lodeline.mapped import let_go_of_meanwhile
from lodeline.office.access import clock
from lodeline.service.balance.book import prepare_book
from lodeline.service.overview.by_engine import prepare
from lodeline.store.kept import forget
from lodeline.store.law import law_before
from lodeline.store.opening import open_store
from lodeline.store.publications import Publications, Question, Stamp, program_now
from lodeline.store.published import function_of
from lodeline.store.snapshot_opening import is_unchanged, open_snapshot
from lodeline.store.trouble import Outage
from lodeline.web.reading import Reading

#: Seconds between two looks at the log.
_LOOKS_S: Final = 0.5
#: What publishing gives way to by the scheduler's measure (`nice`): visitors wait for pages, none for it.
_GIVES_WAY: Final = 5

_log = logging.getLogger("lodeline.publisher")


class Publisher:
    """Publishes the reports of one database until it is ended."""

    def __init__(self, url: str, engine: Opened | None = None) -> None:
        """engine: makes what the snapshot of a store is computed from."""
        self._url = url
        self._store = open_store(url)
        self._publications = Publications(self._store)
        self._engine = engine
        self._ended = Event()
        #: Reports that could not be computed, by publication: they are not begun again and again.
        self._failed: set[tuple[str, str]] = set()

    def end(self) -> None:
        """Ends before the next report."""
        self._ended.set()

    def run(self) -> None:
        """Publishes until it is ended; where another process is the publisher, waits for the end of that one."""
        outage = Outage(_log, "nothing could be published")
        try:
            while not self._ended.is_set():
                with self._publications.one_publisher() as mine:
                    while mine and not self._ended.is_set():
                        self._ended.wait(self._look(outage))
                self._ended.wait(_LOOKS_S)
        finally:
            connections.close_all()

    def _look(self, outage: Outage) -> float:
        """Publishes what is new; seconds until the next look: half as long as it took, so that entries come together
        and a processor has pauses."""
        began = time.monotonic()
        try:
            if outage.lasts:
                # Another store may have been restored in its place.
                self._store = open_store(self._url)
                self._publications = Publications(self._store)
            self._publish()
        except (UserError, DjangoDatabaseError, OSError) as error:
            return outage.met(error)
        outage.over()
        return max(_LOOKS_S, (time.monotonic() - began) / 2)

    def publish_once(self) -> Stamp | None:
        """Publishes the newest entry; None where the store is empty. Raises UserError where another process does."""
        with self._publications.one_publisher() as mine:
            if not mine:
                raise UserError(
                    text("another process is the publisher of this store, and publishes what is new by itself")
                )
            return self._publish()

    def _publish(self) -> Stamp | None:
        store = self._store
        if store.last_goods_entry(store.head().size)[0] < 0:
            return None
        stamp = self._publications.current()
        if stamp is not None and is_unchanged(store, stamp.entry, stamp.root) and not self._missing(stamp):
            self._publications.still_true()
            return stamp
        with let_go_of_meanwhile():
            try:
                return self._publish_newest()
            finally:
                forget()

    def _missing(self, stamp: Stamp) -> list[Question]:
        """The reports that a publication does not have as of today, and could have."""
        reports = _reports_of(law_before(self._store, stamp.entry + 1).day_of(clock.now()))
        return [
            one for one in reports
            if not self._publications.has(stamp, one) and (stamp.directory, one.key) not in self._failed
        ]  # fmt: skip

    def _publish_newest(self) -> Stamp | None:
        store = self._store
        checkpoint, snapshot = store.checkpoint(), open_snapshot(store)
        law = law_before(store, snapshot.entry + 1)
        stamp = Stamp(
            entry=snapshot.entry, root=snapshot.root, as_of=snapshot.as_of, checkpoint=checkpoint,
            program=program_now(),
        )  # fmt: skip
        if (missing := self._missing(stamp)) and self._engine is not None:
            with self._engine() as engine:
                prepare(snapshot, engine)
                prepare_book(store, snapshot, law, engine)
        snapshot.flow_index()
        reading = Reading(store, snapshot, law, checkpoint)
        for report in missing:
            if self._ended.is_set():
                return None
            self._write(stamp, reading, report)
        self._publications.publish(stamp)
        return stamp

    def _write(self, stamp: Stamp, reading: Reading, report: Question) -> None:
        """Computes and writes a report. One that fails is left to the page that asks for it, which shows the error."""
        try:
            subjects = (getattr(reading, name) for name in report.subjects)
            value = reading.answer(function_of(report), *subjects, **dict(report.arguments))
            self._publications.write(stamp, report, value)
        except UserError as error:  # it is the answer
            if isinstance(error.__cause__, DjangoDatabaseError):
                raise
            self._publications.write(stamp, report, error)
        except (DjangoDatabaseError, OSError):
            raise
        except Exception:
            self._failed.add((stamp.directory, report.key))
            _log.exception("the report %s could not be computed", report.name)


def _reports_of(day: date) -> list[Question]:
    from lodeline.web.reports import reports_of  # noqa: PLC0415  (pages: once Django is set up)

    return reports_of(day)


def publish_once(url: str, engine: Opened | None = None) -> Stamp | None:
    """`Publisher.publish_once`, with the portal set up for it."""
    import django  # noqa: PLC0415

    django.setup()
    return Publisher(url, engine).publish_once()


def main(engine: Opened | None = None) -> None:
    """The process of the publisher: of the store that LODELINE_DATABASE names."""
    import django  # noqa: PLC0415

    django.setup()
    publisher = Publisher(os.environ["LODELINE_DATABASE"], engine)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: publisher.end())
    os.nice(_GIVES_WAY)
    publisher.run()
    # Threads of libraries would be waited for.
    os._exit(0)
