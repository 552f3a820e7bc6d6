"""The law by program, open to anyone: what is in force on a day, and what changed between two."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from django.http import HttpRequest
from ninja import Router
from ninja.params.functions import Query

from lodeline.errors import UserError
from lodeline.language import text
from lodeline.service.law.law import diff, in_force
from lodeline.web.api import spec
from lodeline.web.api.problems import ApiProblem
from lodeline.web.api.shapes import law as shapes
from lodeline.web.api.who import BearerToken, Session, anyone, call_of
from lodeline.web.api.who import law as law_pack

router = Router(tags=["law"], auth=[BearerToken(), Session(), anyone])

ON: Final = Query(None, **spec.text("The day; today without it."))
FIRST_DAY: Final = Query(..., alias="from", **spec.text("First day, included."))
LAST_DAY: Final = Query(..., alias="to", **spec.text("Last day, included."))
KNOWN: Final = Query(None, **spec.text("As published up to this day; today without it."))


@router.get(
    "/law", response=shapes.Law, url_name="law",
    **spec.operation(text("The law on a day, as known on a day"), scope=None),
)  # fmt: skip
def get_law(request: HttpRequest, on: date | None = ON, known: date | None = KNOWN) -> dict[str, Any]:
    """Every parameter with its value, status and citation."""
    pack = law_pack()
    today = pack.day_of(call_of(request).now)
    return in_force(pack, _within(on or today), _within(known or today))


@router.get(
    "/law/diff", response=shapes.LawDiff, url_name="law-diff",
    **spec.operation(text("What changed from one day to another"), scope=None),
)  # fmt: skip
def get_diff(
    request: HttpRequest, first: date = FIRST_DAY, last: date = LAST_DAY, known: date | None = KNOWN
) -> dict[str, Any]:
    """What came, ended, was suspended or published."""
    del request
    try:
        return diff(law_pack(), _within(first), _within(last), None if known is None else _within(known))
    except UserError as error:
        raise ApiProblem("request-malformed", text("{text}.", text=error.words)) from error


def _within(day: date) -> date:
    """A day that has a neighbour on either side: the law of a day is compared with that of the day before."""
    if not date.min < day < date.max:
        raise ApiProblem("request-malformed", text("No law is known of {day}.", day=day))
    return day
