"""What a firm's first page shows of the nation's snapshot without waiting: it is there, or it is left out this once.

A reading is asked for as every page asks. Where no publisher publishes its answers, they are made behind the request.
"""

from __future__ import annotations

import logging
from typing import Final

from django.conf import settings

from lodeline.service.matching import exceptions
from lodeline.web.pages.balance.part import balances_of
from lodeline.web.reading import Desk, Reading, StillComputingError, waits_a_little
from lodeline.web.visit import Visit, desk

#: A reading that is older would be made again before it is given, by a process that computes for itself.
_FRESH_S: Final = 30.0

_log = logging.getLogger(__name__)


def cached_reading(visit: Visit) -> Reading | None:
    """The reading, if it is there with its balances and exceptions at once; else they are begun for the next visit."""
    own = desk(settings.LODELINE_DATABASE)
    standing = own.standing()
    is_old = isinstance(own, Desk) and (standing.age_s or 0.0) > _FRESH_S
    if standing.entry is None or standing.failure is not None or is_old:
        return None
    reading = visit.reading
    try:
        with waits_a_little(0.0):
            # Asks for the findings too.
            balances_of(visit)
            reading.answer(exceptions.every, reading.store, reading.snapshot, reading.law)
    except StillComputingError:
        return None
    except Exception:
        # A page that does without them is shown; a page that needs one meets the same fault and reports it.
        _log.exception("balances and discrepancies could not be made ready for what firms have to do")
        return None
    return reading
