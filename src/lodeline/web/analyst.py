"""The analyst: the analysis process, which alone computes the answers of the nation, and publishes them.

Behind the log it makes a reading of its newest entry, then the reports (`web.reports`), then lets that publication
stand; meanwhile it answers what nobody has asked before. Then it pauses, and takes what has come together.
It may be killed at any moment: what stands is whole, and the next one goes on from there.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import time
from collections.abc import Callable
from threading import Condition, Event, Lock, Thread
from typing import Final

from django.db import Error as DjangoDatabaseError
from django.db import connections

from lodeline.engine.running import Opened
from lodeline.errors import UserError
from lodeline.mapped import let_go_of_meanwhile
from lodeline.progress import reported_to
from lodeline.service.balance.book import prepare_book
from lodeline.service.overview.by_engine import is_prepared, prepare
from lodeline.store.kept import forget_others
from lodeline.store.law import law_before
from lodeline.store.opening import open_store
from lodeline.store.publications import Publications, Question, Stamp, program_now
from lodeline.store.published import function_of
from lodeline.store.snapshot_opening import is_of, open_snapshot
from lodeline.store.trouble import Outage
from lodeline.store.values import UnpublishableError
from lodeline.web.reading import Reading, is_unchanged

#: Seconds between two looks at the log, and between two at what is asked.
_LOG_S: Final = 0.5
_ASKED_S: Final = 0.02
#: Seconds within which what is filed is shown, if a publication takes less than half of them.
_SHOWN_WITHIN_S: Final = 100.0
#: Seconds for which a publication waits for questions that are being answered, all in all.
_PATIENCE_S: Final = 1.0
#: What publishing gives way to by the scheduler's measure (`nice`): whoever asks waits for a page, and nobody for it.
_GIVES_WAY: Final = 5
#: Questions that are answered at once: a small one does not wait for one that goes through the nation.
_AT_ONCE: Final = 3
#: New objects between two looks for rings of dead ones (Python's own: 700): pairing makes a hundred thousand.
_NEW_OBJECTS: Final = 20_000
#: Seconds between two reports of how far a question is.
_REPORT_S: Final = 0.5

_log = logging.getLogger("lodeline.analyst")


class Analyst:
    """Publishes the answers of one database until it is told to end."""

    def __init__(self, url: str, engine: Opened | None = None, *, gives_way: int = 0) -> None:
        """engine: makes what the snapshot of a store is computed from.

        gives_way: how far publishing gives way to others, answers to who waits among them, by the measure of `nice`.
        """
        self._url = url
        self._store = open_store(url)
        self._publications = Publications(self._store)
        self._engine = engine
        self._gives_way = gives_way
        self._ended = Event()
        #: Questions that are being answered, each by one thread.
        self._answering: set[tuple[str, Question]] = set()
        self._lock = Lock()
        #: Told when the last of them is answered; for how many seconds more this publication waits for that.
        self._all_answered = Condition(self._lock)
        self._patience_s = 0.0
        #: Readings of the publications that stand, by their directories.
        self._readings: dict[str, Reading] = {}

    def end(self) -> None:
        """Ends at the next answer."""
        self._ended.set()

    def run(self, settled: Callable[[], None] = lambda: None) -> None:
        """Publishes for as long as nobody ends it; where another is the analyst, waits for that one's end.

        settled: called when the first publication stands.
        """
        try:
            while not self._ended.is_set():
                with self._publications.one_analyst() as mine:
                    if mine:
                        self._work(settled)
                self._ended.wait(1)
        finally:
            connections.close_all()

    def publish_once(self) -> Stamp | None:
        """Publishes the newest entry with its reports; None where the store is empty."""
        with self._publications.one_analyst() as mine:
            if not mine:
                raise UserError(
                    "another process is the analyst of this store, and publishes what is new by itself",
                    "已有其他进程担任该数据库的分析进程，并会自动发布新结果",
                )
            return self._publish()

    def _work(self, settled: Callable[[], None]) -> None:
        answering = [Thread(target=self._answer_all, name="answers", daemon=True) for _ in range(_AT_ONCE)]
        for one in answering:
            one.start()
        # On Linux this is of the thread that says it, and of those that it starts from now on.
        os.nice(self._gives_way)
        stamp: Stamp | None = None
        outage = Outage(_log, "nothing could be published")
        while not self._ended.is_set():
            before, began = stamp, time.monotonic()
            try:
                if outage.lasts:
                    self._open_again()
                stamp = self._publish()
            except (UserError, DjangoDatabaseError) as error:
                self._ended.wait(outage.met(error))
                continue
            outage.over()
            if before is None and stamp is not None:
                settled()
            # The first loads the program and what it has compiled, which says nothing of the next.
            made = before is not None and stamp != before
            self._ended.wait(pause_after(time.monotonic() - began) if made else _LOG_S)
        for one in answering:
            one.join(timeout=2)

    def _open_again(self) -> None:
        """Opens the store after it was away: somebody may have restored another one in its place."""
        self._store = open_store(self._url)
        if not all(is_of(self._store, one.snapshot) for one in self._readings.values()):
            self._readings = {}

    def _publish(self) -> Stamp | None:
        """Lets the newest entry stand, if goods or parties have moved since the publication that stands."""
        if self._store.last_goods_entry(self._store.head().size)[0] < 0:
            return None
        before = self._publications.current()
        standing = None if before is None else before[0]
        known = None if standing is None else self._readings.get(standing.directory)
        if known is not None and (self._store.checkpoint() == known.checkpoint or is_unchanged(known)):
            self._publications.still_true()
            return standing
        with let_go_of_meanwhile():
            return self._publish_after(standing, known)

    def _publish_after(self, standing: Stamp | None, known: Reading | None) -> Stamp:
        self._patience_s = _PATIENCE_S
        checkpoint = self._store.checkpoint()
        snapshot = open_snapshot(self._store, None if known is None else known.snapshot)
        law = law_before(self._store, snapshot.entry + 1)
        if self._engine is not None and not is_prepared(snapshot):
            with self._engine() as engine:
                prepare(snapshot, engine)
                prepare_book(self._store, snapshot, law, engine)
        reading = Reading(self._store, snapshot, law, checkpoint)
        stamp = Stamp(
            entry=snapshot.entry, root=snapshot.root, as_of=snapshot.as_of, checkpoint=checkpoint,
            program=program_now(),
        )  # fmt: skip
        self._readings[stamp.directory] = reading
        snapshot.flow_index()
        if standing is None or standing.directory != stamp.directory:
            self._publications.publish(standing=standing or stamp, newest=stamp)
        from lodeline.web.reports import reports_of  # noqa: PLC0415  (pages: once Django is set up)

        for report in reports_of(reading):
            if not self._ended.is_set() and not self._publications.has(stamp, report):
                self._give(stamp, reading, report, ahead=True)
        if standing is not None and standing.directory == stamp.directory:
            return standing
        if standing is not None:
            self._give_what_is_waited_for(standing, stamp, reading)
        self._publications.publish(standing=stamp, newest=stamp)
        for directory in [one for one in self._readings if one != stamp.directory]:
            del self._readings[directory]
        forget_others(self._store, snapshot)
        return stamp

    def _give_what_is_waited_for(self, standing: Stamp, stamp: Stamp, reading: Reading) -> None:
        """Who waits for an answer of what is about to be left behind comes back, and finds it there: else whoever asks
        what takes longer than the log stands still would begin anew for ever."""
        for directory, question in self._publications.wanted():
            if directory == standing.directory and not self._ended.is_set():
                self._give(stamp, reading, question, ahead=True)

    def _answer_all(self) -> None:
        try:
            while not self._ended.wait(_ASKED_S):
                while (taken := self._take()) is not None:
                    try:
                        self._answer(*taken)
                    finally:
                        with self._all_answered:
                            self._answering.discard(taken)
                            self._all_answered.notify_all()
        finally:
            connections.close_all()

    def _take(self) -> tuple[str, Question] | None:
        """The question that has waited longest of those that can be answered or settled and nobody has taken."""
        with self._lock:
            if self._ended.is_set():
                return None
            for directory, question in self._publications.wanted():
                taken = directory, question
                if taken not in self._answering and (directory in self._readings or self._standing(directory) is None):
                    self._answering.add(taken)
                    return taken
        return None

    def _standing(self, directory: str) -> Stamp | None:
        return next((one for one in self._publications.current() or () if one.directory == directory), None)

    def _answer(self, directory: str, question: Question) -> None:
        reading, stamp = self._readings.get(directory), self._standing(directory)
        if reading is not None and stamp is not None:
            self._give(stamp, reading, question)
        self._publications.settle(directory, question)

    def _give_way(self) -> None:
        """Lets those who wait for an answer have it first: two threads at once take more than twice as long."""
        began = time.monotonic()
        with self._all_answered:
            self._all_answered.wait_for(lambda: not self._answering, max(0.0, self._patience_s))
        self._patience_s -= time.monotonic() - began

    def _give(self, stamp: Stamp, reading: Reading, question: Question, *, ahead: bool = False) -> None:
        """Computes and writes an answer. A question that fails is left to the process that asks it.

        ahead: nobody waits for it, and who waits for another goes first.
        """
        if ahead:
            self._give_way()
        reported = 0.0

        def report(what: str, done: int, total: int) -> None:
            nonlocal reported
            if ahead:
                self._give_way()
            elif time.monotonic() - reported > _REPORT_S:
                reported = time.monotonic()
                self._publications.report(stamp.directory, question, (what, done, total))

        try:
            subjects = tuple(reading if name == "" else getattr(reading, name) for name in question.subjects)
            with reported_to(report):
                value = reading.answer(function_of(question), *subjects, **dict(question.arguments))
            self._publications.write(stamp, question, value)
        except UserError as error:  # it is the answer: who asks is told
            if not isinstance(error.__cause__, DjangoDatabaseError):
                self._publications.write(stamp, question, error)
        except (DjangoDatabaseError, UnpublishableError, LookupError, AttributeError) as error:
            _log.info("no answer is published to %s: %s", question.name, error)
        except Exception:  # a fault of ours is told, and met again by whoever asks
            _log.exception("an answer could not be published")


def pause_after(took_s: float) -> float:
    """Seconds in which entries come together before the next publication.

    Four times as long as the last one took, so that the analyst has a fifth of a processor on the day of the deadline;
    less where what was filed would be shown too late.
    """
    return max(_LOG_S, min(4 * took_s, _SHOWN_WITHIN_S - 2 * took_s))


def publish_once(url: str, engine: Opened | None = None) -> Stamp | None:
    """`Analyst.publish_once`, with the portal set up for it."""
    import django  # noqa: PLC0415

    django.setup()
    return Analyst(url, engine).publish_once()


def _look_at_less() -> None:
    """What is loaded by now stays: Python need not look through it for rings of dead objects at each publication."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 10, 10)


def main(engine: Opened | None = None) -> None:
    """The process of the analyst: of the store that LODELINE_DATABASE names."""
    import django  # noqa: PLC0415

    django.setup()
    analyst = Analyst(os.environ["LODELINE_DATABASE"], engine, gives_way=_GIVES_WAY)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: analyst.end())
    analyst.run(_look_at_less)
    # What is computed in a thread would be waited for.
    os._exit(0)
