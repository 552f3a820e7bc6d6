"""A database that is away, as a process that lives long meets it: one line when it goes, one when it is back.

PostgreSQL is restarted at every security update. Whoever goes on asking a lost connection gets no answer ever again.
"""

from __future__ import annotations

import logging
from typing import Final

from django.db import Error as DjangoDatabaseError
from django.db import connections

from lodeline.errors import UserError
from lodeline.store.trouble import first_line

#: Seconds before the second attempt, twice as long each time, and never longer than the last.
_FIRST_S: Final = 0.5
_LONGEST_S: Final = 5.0


class Outage:
    """What a process says of attempts that fail, and how long it waits between them."""

    def __init__(self, log: logging.Logger, what: str) -> None:
        """what: the line of the log, such as "nothing could be published"."""
        self._log = log
        self._what = what
        self._pause_s = 0.0
        #: Why, as far as the log has it.
        self._logged: set[str] = set()

    def met(self, error: Exception) -> float:
        """Notes a failure and lets the thread's connections go; returns the seconds to wait before the next attempt.

        Whatever a database says while it goes, is away and comes is one thing.
        """
        connections.close_all()
        cause = next((one for one in (error, error.__cause__) if isinstance(one, DjangoDatabaseError)), None)
        why = first_line(cause) if cause else error.en if isinstance(error, UserError) else type(error).__name__
        known = "the database" if cause else why
        if known not in self._logged:
            self._logged.add(known)
            self._log.error("%s, and is tried until it can: %s", self._what, why, exc_info=error)
        self._pause_s = min(_LONGEST_S, max(_FIRST_S, 2 * self._pause_s))
        return self._pause_s

    @property
    def lasts(self) -> bool:
        """Whether the last attempt failed."""
        return self._pause_s > 0

    def over(self) -> None:
        """Notes that an attempt went well."""
        if self.lasts:
            self._log.warning("%s for a while; now it can", self._what)
            self._logged, self._pause_s = set(), 0.0
