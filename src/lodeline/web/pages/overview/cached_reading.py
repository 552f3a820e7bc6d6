"""What a firm's first page shows of the nation's snapshot without waiting: it is there, or it is left out this once.

A reading is asked for as every page asks. Where no publisher publishes its answers, they are made next to the request.
"""

from __future__ import annotations

import logging
from threading import Lock, Thread
from typing import Final
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import connections

from lodeline.service.matching import exceptions
from lodeline.web.pages.balance.part import balances_of
from lodeline.web.reading import Desk, Reading
from lodeline.web.visit import Visit, desk

#: Seconds for which a page waits for answers that are being made.
_PATIENCE_S: Final = 0.02
#: A reading that is older would be made again before it is given, by a process that computes for itself.
_FRESH_S: Final = 30.0

_log = logging.getLogger(__name__)
_lock = Lock()


class _Answers(Thread):
    """Makes the answers of a reading, once."""

    def __init__(self, visit: Visit) -> None:
        super().__init__(name="at-hand", daemon=True)
        self._visit: Visit | None = visit
        self.good = False

    def run(self) -> None:
        # Kept no longer than needed: a visit holds its reading, and the reading is what this is kept for.
        visit, self._visit = self._visit, None
        assert visit is not None, "a thread runs once"
        try:
            # Asks for the findings too.
            balances_of(visit)
            reading = visit.reading
            reading.answer(exceptions.every, reading.store, reading.snapshot, reading.law)
            self.good = True
        except Exception:
            # A page that does without them is shown; a page that needs one meets the same fault and reports it.
            _log.exception("balances and discrepancies could not be made ready for what firms have to do")
        finally:
            connections.close_all()


_made: WeakKeyDictionary[Reading, _Answers] = WeakKeyDictionary()


def cached_reading(visit: Visit) -> Reading | None:
    """The reading, if it is there with its balances and exceptions at once; else they are begun for who comes next."""
    own = desk(settings.LODELINE_DATABASE)
    standing = own.standing()
    is_old = isinstance(own, Desk) and (standing.age_s or 0.0) > _FRESH_S
    if standing.entry is None or standing.failure is not None or is_old:
        return None
    reading = visit.reading
    with _lock:
        answers = _made.get(reading)
        if answers is None:
            # A visit of its own: the request is over before the thread may be.
            beside = Visit(visit.request, language=visit.language, name=visit.name, arguments=visit.arguments)
            beside.__dict__["reading"] = reading
            answers = _made[reading] = _Answers(beside)
            answers.start()
    answers.join(_PATIENCE_S)
    return reading if answers.good else None
