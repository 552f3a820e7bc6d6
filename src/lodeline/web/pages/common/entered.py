"""What people enter in forms of the account pages: what is wrong with it, at its field and in one place above."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from lodeline import language as lang
from lodeline.errors import UserError
from lodeline.language import bilingual
from lodeline.office.accounts.people import InputError, PeopleError, WrongField
from lodeline.web.parts.values import Problem, Problems
from lodeline.web.visit import Visit


def field_errors(visit: Visit, error: UserError | None, field: str) -> Sequence[str]:
    """What is wrong with one field."""
    if not isinstance(error, InputError):
        return ()
    return [visit.localized(bilingual(one.en, one.zh)) for one in error.problems if one.field == field]


def problems_part(visit: Visit, error: UserError | None) -> Problems | None:
    """The error summary, each sentence leading to its field; None where nothing is wrong."""
    if error is None:
        return None
    if isinstance(error, InputError):
        problems = [
            Problem(severity="reject", text=visit.localized(bilingual(one.en, one.zh)), href=f"#f-{one.field}")
            for one in error.problems
        ]
    else:
        problems = [Problem(severity="reject", text=visit.localized(error.words))]
    heading = visit.text("This could not be done")
    return Problems(heading=heading, problems=problems)


def day_of(text: str, field: str) -> date | None:
    """A day as a form gives it; None where it is empty. Raises InputError."""
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise InputError(
            [WrongField(field=field, en="Write the day as 2026-03-31.", zh="日期请写作 2026-03-31。")]
        ) from None


def number_of(text: str) -> int:
    """A number that a form of ours gave. Raises PeopleError for what none of ours gives."""
    if not text.isdecimal() or len(text) > 18:
        raise PeopleError(lang.text("There is no such thing any more: load the page again."))
    return int(text)
