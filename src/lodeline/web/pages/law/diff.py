"""What changed in the law between two days, as it could be known on the second or on another."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

from django.http import HttpResponse

from lodeline.errors import UserError
from lodeline.language import text
from lodeline.service.law.law import diff
from lodeline.web.pages.common import law_days
from lodeline.web.pages.law.tables import change_table
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import shown, wanted_csv
from lodeline.web.visit import BadQuestionError, Visit
from lodeline.web.words import format as written
from lodeline.web.words.law import CHANGES

_YEAR = timedelta(days=365)


def law_diff(visit: Visit) -> HttpResponse:
    """The page `law/diff/`: `?from=` and `?to=`, both included, by default a year; `?known=`, by default `to`."""
    law_days.stamp(visit)
    pack = visit.law
    last = law_days.day(visit, "to", law_days.today(pack))
    first = law_days.day(visit, "from", max(last - _YEAR, law_days.FIRST_DAY))
    known = law_days.day(visit, "known", last)
    try:
        rows = diff(pack, first, last, known)["rows"]
    except UserError as error:
        raise BadQuestionError(text("{text}.", text=error.words)) from error
    table = change_table(visit, rows)
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    language = visit.language
    days = [
        {"on": day.isoformat(), "text": written.day(day, language), "href": _law_of(visit, day)}
        for day in (first, last)
    ]
    return show(
        visit,
        "lodeline/law/law_diff.html",
        title=_headline(visit, rows, first, last),
        first=days[0], last=days[1], known=known.isoformat(), known_day=written.day(known, language),
        bounds=(law_days.FIRST_DAY.isoformat(), law_days.LAST_DAY.isoformat()),
        asked_known=visit.query("known") or "",
        counts=_counts_text(visit, rows),
        instruments=written.count(len({row["instrument"] for row in rows})),
        changed=bool(rows),
        table=shown(visit, table),
        law=visit.url("law"),
        replay=visit.opens("law-replay", query={"from": first.isoformat(), "to": last.isoformat()}),
    )  # fmt: skip


def _law_of(visit: Visit, day: date) -> str | None:
    return visit.url("law", query={"on": day.isoformat()})


def _headline(visit: Visit, rows: list[dict[str, Any]], first: date, last: date) -> str:
    a, b = written.day(first, visit.language), written.day(last, visit.language)
    if not rows:
        return visit.text("Nothing changed from {a} to {b}", a=a, b=b)
    number = written.count(len(rows))
    return visit.text(
        "{number} {changes} from {a} to {b}", number=number, changes="change" if len(rows) == 1 else "changes", a=a, b=b
    )


def _counts_text(visit: Visit, rows: list[dict[str, Any]]) -> str:
    """9 published, 6 suspended …"""
    counts = Counter(row["what"] for row in rows)
    return (visit.text(", ", context="law")).join(
        visit.text("{counts} {word}", counts=written.count(counts[what]), word=word)
        for what, word in CHANGES.items()
        if counts[what]
    )
