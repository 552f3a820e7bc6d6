"""What is said of a month's editions in one sentence: which stands, since when, and what has come since."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from lodeline.language import bilingual
from lodeline.service.log import editions
from lodeline.service.log.editions import Edition
from lodeline.service.overview import overview as questions
from lodeline.store.queries import log as log_entries
from lodeline.store.store import EDITION_KIND
from lodeline.web.visit import Visit
from lodeline.web.words import format as written


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionStatus:
    """The newest edition of a month, in words. `since`: what has come since, "" where nothing has."""

    text: str
    since: str
    href: str | None


def edition_here(visit: Visit, *, period: str, element: str, flows: pl.DataFrame) -> EditionStatus | None:
    """The newest edition of the month; None where it was never frozen. `flows`: those of the element as of now."""
    entries = visit.reading.store.entries_of(EDITION_KIND, period=period)
    if not entries:
        return None
    every = editions.editions(visit.reading.store, period)
    newest, language = every[-1], visit.language
    day = written.day(_day(visit, newest), language)
    month = written.month(period, language)
    text = visit.text("Edition {number} of {month}, frozen {day}", number=newest.number, month=month, day=day)
    now_mg = int(flows.filter(pl.col("from").str.starts_with("origin:"))["mass_mg"].sum())
    change_mg = now_mg - editions.entered_mg(newest.figures, element)
    since = since_words(visit, newest, change_mg=change_mg, element=element)
    return EditionStatus(text=text, since=since, href=visit.opens("edition", period=period, query={"element": element}))


def causes_of(visit: Visit, *, period: str, after: int, until: int | None = None) -> pl.DataFrame:
    """`editions.causes`, up to the end of the reading."""
    reading = visit.reading
    entries = reading.answer(log_entries.entries, reading.store)
    until = reading.snapshot.entry if until is None else until
    return editions.causes(entries, period=period, after=after, until=until)


def since_words(visit: Visit, edition: Edition, *, change_mg: int, element: str) -> str:
    """+312 kg of Nd entered, by 4 corrections and 1 late filing."""
    came = dict(causes_of(visit, period=edition.period, after=edition.stamp[0]).group_by("cause").len().iter_rows())
    own = [(came.get(cause, 0), *words) for cause, words in _CAUSES.items() if came.get(cause)]
    by = visit.text(" and ").join(
        visit.text("{number} {one}", number=written.count(number), one=bilingual(one if number == 1 else more, zh))
        for number, one, more, zh in own
    )
    if not change_mg:
        return visit.text("{by} since then; what entered is the same", by=by) if by else ""
    mass = written.mass(change_mg, visit.language, signed=True)
    by = by or visit.text("filings of other months")
    return visit.text("since then {mass} of {element} entered, by {by}", mass=mass, element=element, by=by)


_CAUSES = {
    "correction": ("correction", "corrections", "份更正"),
    "late-filing": ("late filing", "late filings", "份逾期申报"),
}


def _day(visit: Visit, edition: Edition) -> str:
    entries = pl.Series([edition.entry.filed_at])
    return str(questions.local_days(entries, visit.reading.law)[0])
