"""Who has filed a month and what has been said to them about it: firms are reminded in bulk, or ordered to file or to
correct by a day; what is said reaches them as a notice, and stands in the audit records with who said it.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from lodeline.language import Text, bilingual, text
from lodeline.office.access import clock
from lodeline.office.filing.duty import DEMANDS, Demand, DemandError, demand
from lodeline.regulation.duty import deadline_without_extension
from lodeline.regulation.parameter import NoLawError
from lodeline.web.pages.filing.extensions import for_whom
from lodeline.web.parts.table import Cell
from lodeline.web.parts.values import Field, Notice
from lodeline.web.reading import Reading
from lodeline.web.visit import BadQuestionError, Visit
from lodeline.web.words import format as written

_WORDS: Final[dict[str, Text]] = {
    "reminded": text("Remind them"),
    "ordered-to-file": text("Order them to file by"),
    "ordered-to-correct": text("Order them to correct by"),
}
_NOTICES: Final[dict[str, Text]] = {
    "reminded": text("reminded"),
    "ordered-to-file": text("ordered to file"),
    "ordered-to-correct": text("ordered to correct"),
}


def due(visit: Visit, reading: Reading, period: str) -> str:
    """The law's own day from which a month is late: what has been extended, and for whom, is told beside it.

    Nothing where the law has nobody file a month.
    """
    try:
        return written.day(deadline_without_extension(period, reading.law).date(), visit.language)
    except NoLawError:
        return ""


def extended(visit: Visit, period: str) -> list[str]:
    """What has been extended for the month: until when, for whom and why, a sentence each."""
    register = visit.reading.snapshot.register
    found = register.extensions.get(period, ())
    if visit.territory is not None:
        found = [one for one in found if any(one.is_for(firm, register) for firm in visit.territory)]
    return [
        visit.text(
            "Extended for {for_whom} to the end of {until}: {reason}",
            for_whom=for_whom(visit, one),
            until=bilingual(written.day(one.until, "en"), written.day(one.until, "zh")),
            reason=one.reason,
        )
        for one in found
    ]


def say(visit: Visit, period: str, with_duty: set[str]) -> int:
    """Says what a form asks to those chosen; how many it was said to. Raises DemandError, NotAllowedError."""
    form = visit.request.POST
    kind = form.get("kind", "")
    if kind not in DEMANDS:
        raise BadQuestionError(text("Choose what to say to them."))
    chosen = [one for one in form.getlist("organisation") if one in with_duty]
    if not chosen:
        raise DemandError(text("Nobody was chosen: tick the firms first."))
    try:
        until = date.fromisoformat(form["until"]) if form.get("until") else None
    except ValueError:
        raise DemandError(text("The day cannot be read: write it like 2026-02-20.")) from None
    typed: Demand = kind
    return demand(visit.actor, chosen, period=period, kind=typed, now=clock.now(), until=until, why=form.get("why", ""))


def notices(visit: Visit) -> list[Notice]:
    """After a form: how many were told."""
    code = visit.query("said")
    if code is None or not code.isdecimal():
        return []
    if code == "0":
        return [Notice(kind="info", text=visit.text("They had been told that already."))]
    return [
        Notice(
            kind="success",
            text=visit.text("Said to {code} firms: they find it in their notices.", code=code),
        )
    ]


def kinds(visit: Visit) -> list[tuple[str, str]]:
    """What can be said, in words."""
    return [(kind, visit.localized(_WORDS[kind])) for kind in DEMANDS]


def fields(visit: Visit, refused: DemandError | None) -> dict[str, Field]:
    """What the form asks for, as it was filled in where it was refused."""
    return {
        "until": Field(name="until", label=visit.text("Until", context="register"), kind="date", width="short"),
        "why": Field(
            name="why", label=visit.text("What is to be corrected"), kind="textarea", lines=2, width="full",
            value=visit.request.POST.get("why", ""),
            errors=() if refused is None else [visit.localized({"en": refused.en, "zh": refused.zh})],
        ),
    }  # fmt: skip


def said_cell(visit: Visit, said: list[Any]) -> Cell:
    """What was said last to a firm about a month, when, and the day that was set; `said`: all of it, newest first."""
    if not said:
        return Cell(text=written.NOTHING, value=0)
    kind, when, facts = said[0]
    moment = written.moment(when.isoformat(), visit.language, visit.law.timezone)
    latest = f"{visit.localized(_NOTICES[kind])}, {moment}"
    if facts.get("until"):
        latest += visit.text(", by ") + written.day(date.fromisoformat(str(facts["until"])), visit.language)
    return Cell(text=latest, value=len(said))
