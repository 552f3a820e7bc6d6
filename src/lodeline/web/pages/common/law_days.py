"""What the pages about law have in common: the days asked about, and a store only where there is one."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import date

from django.db import Error as DjangoDatabaseError

from lodeline import language as lang
from lodeline.errors import UserError
from lodeline.language import Text
from lodeline.office.access import clock
from lodeline.regulation.parameter import Jurisdiction
from lodeline.web.reading import Reading, StillComputingError, waits_a_little
from lodeline.web.visit import BadQuestionError, Visit

#: Days that a page is asked about; the law of a day is compared with that of its neighbours.
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)


def today(law: Jurisdiction) -> date:
    """The day it is where the law holds, on the office's clock."""
    return clock.today(law.timezone)


def day(visit: Visit, name: str, default: date) -> date:
    """The day that a parameter of the address gives (`?on=2025-11-08`). Raises BadQuestionError for what is none."""
    text = visit.query(name)
    if text is None:
        return default
    try:
        if len(text) != len("YYYY-MM-DD") or not FIRST_DAY <= (found := date.fromisoformat(text)) <= LAST_DAY:
            raise ValueError(text)
    except ValueError as error:
        raise BadQuestionError(
            lang.text(
                "{text!r} is no day for `{name}`: write it like 2025-11-08, from {first_day} to {last_day}.",
                text=text,
                name=name,
                first_day=FIRST_DAY,
                last_day=LAST_DAY,
            )
        ) from error
    return found


def reading_or_reason(visit: Visit) -> tuple[Reading | None, Text | None]:
    """What the store says, or why there is nothing to read: the law and the desk answer without a store too."""
    try:
        return visit.reading, None
    except UserError as error:
        return None, error.for_anybody()
    except DjangoDatabaseError:
        return None, lang.text("The store cannot be read now.")


def stamp(visit: Visit) -> None:
    """Lets a page that needs no reading say from which entry it is, where there is one; it does not wait to be made."""
    with suppress(StillComputingError), waits_a_little():
        reading_or_reason(visit)


def text_href(visit: Visit, instrument: str, rule: str = "", *, query: Mapping[str, str] | None = None) -> str | None:
    """The address of an instrument's page, at one of its rules; on the days of this page, or of `query`."""
    days = {name: text for name in ("on", "known") if (text := visit.query(name))} if query is None else dict(query)
    page = visit.url("law-text", query=days, instrument=instrument)
    return f"{page}#rule-{rule}" if page and rule else page
