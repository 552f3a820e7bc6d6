"""A firm's first page, To do: one list of everything that waits for it, and beside it what is left of what it may do.

It is opened by everybody on the day of a deadline, so it asks the firm's own rows alone; what comes from the nation's
snapshot is shown where it is at hand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

import polars as pl
from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect

from lodeline.language import Text, bilingual, text
from lodeline.office.matching.firm_view import own_exceptions
from lodeline.office.models import Draft
from lodeline.office.notices.notices import mark_read, notices_of
from lodeline.office.overview.home import Home, home
from lodeline.service.firm.organisation_view import Month
from lodeline.service.matching import exceptions
from lodeline.web.pages.common.firm_part import WEEKDAYS, Firm, counted
from lodeline.web.pages.overview.cached_reading import cached_reading
from lodeline.web.pages.overview.firm_tiles import balances, questions, tiles
from lodeline.web.pages.overview.to_do_items import KIND_WORDS, KINDS, Item, Kind, group_of, items_of
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Row, RowsOf, Table, shown, wanted_csv
from lodeline.web.parts.values import Act, Tab
from lodeline.web.reading import Reading
from lodeline.web.visit import BadQuestionError, Visit, desk
from lodeline.web.words import format as written
from lodeline.web.words.due import last_day

#: So many of a kind stand in a group of the whole list; the rest is behind the link of the kind.
_SHOWN: Final = 5
#: Days ahead that are counted rather than dated.
_NEAR_DAYS: Final = 14
_STATES: Final = ("open", "done")
_GROUPS: Final[tuple[Text, ...]] = (
    text("Late"),
    text("By a day"),
    text("When you can"),
    text("To read"),
)


def to_do(visit: Visit, organisation: str) -> HttpResponse:
    """The page `firm/ID/`: `?kind=`, `?state=done`; its form marks one notice, or all, as read."""
    firm = Firm(visit, organisation)
    if visit.request.method == "POST":
        asked = visit.request.POST.get("notice", "")
        chosen = None if asked == "all" else [int(asked)] if asked.isdecimal() and len(asked) < 19 else []
        mark_read(visit.actor, organisation, chosen, now=firm.now)
        return HttpResponseRedirect(visit.here(), status=303)
    kind, done = _kind(visit), _state(visit) == "done"
    found = home(visit.actor, firm.own, now=firm.now)
    reading = cached_reading(visit)
    every = items_of(firm, found, _told(firm), _disagreeing(firm, reading, wanted=kind == "discrepancy"))
    rows = [one for one in every if kind in (None, one.kind) and _belongs(one, kind, done)]
    table = _table(firm, rows, kind=kind, done=done)
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    waiting = [one for one in every if one.waits]
    grouped = kind is None and not done and visit.query("sort") is None
    return show(
        visit,
        "lodeline/overview/to_do.html",
        title=_title(firm, found, waiting, rows, kind=kind, done=done),
        name=firm.name,
        today=written.day(firm.today, visit.language),
        lede=_lede(firm, found),
        tiles=[] if kind or done else [*tiles(firm, found), *([] if reading is None else balances(firm))],
        tabs=_tabs(firm, every, kind, done),
        done=done,
        other=_other(firm, kind, done=done),
        beside=_beside(firm, kind, done=done),
        table=shown(visit, table),
        groups=_groups(firm, rows) if grouped else None,
        unread=sum(one.kind == "notice" for one in waiting) if not done and kind in (None, "notice") else 0,
        questions=None if reading is None or kind or done else questions(firm, reading),
        computing=reading is None,
    )


def _kind(visit: Visit) -> Kind | None:
    asked = visit.query("kind")
    found = next((one for one in KINDS if one == asked), None)
    if asked is not None and found is None:
        known = ", ".join(KINDS)
        raise BadQuestionError(text("There is no kind {asked!r}: one of {known}.", asked=asked, known=known))
    return found


def _state(visit: Visit) -> str:
    asked = visit.query("state") or "open"
    if asked not in _STATES:
        known = ", ".join(_STATES)
        raise BadQuestionError(text("There is no state {asked!r}: one of {known}.", asked=asked, known=known))
    return asked


def _belongs(one: Item, kind: Kind | None, done: bool) -> bool:
    """Whether it stands in the list. What cannot be told yet is shown among its kind, and counted nowhere."""
    if one.kind == "discrepancy" and not one.waits:
        return kind == "discrepancy" and not done
    return one.waits != done


def _told(firm: Firm) -> Any:
    stranger = firm.visit.text("a firm")
    return notices_of(firm.visit.actor, firm.organisation, lambda one: firm.names.get(one, stranger))


def _disagreeing(firm: Firm, reading: Reading | None, *, wanted: bool) -> pl.DataFrame | None:
    """The firm's exceptions, where they are at hand; whoever asks for them by name waits for them."""
    if reading is None and wanted:
        reading = desk(settings.LODELINE_DATABASE).reading()
    if reading is None:
        return None
    every = reading.answer(exceptions.every, reading.store, reading.snapshot, reading.law)
    return own_exceptions(firm.visit.actor, firm.organisation, every)


def _title(
    firm: Firm, found: Home, waiting: Sequence[Item], rows: Sequence[Item], *, kind: Kind | None, done: bool
) -> str:
    visit = firm.visit
    if done:
        return counted(visit, len(rows), text("One thing is done"), text("{n} things are done"))
    if kind is not None:
        n = sum(one.waits for one in rows)
        word = visit.localized(KIND_WORDS[kind][0 if n == 1 else 1]).lower()
        if not n:
            return visit.text("{word}: nothing waits for you", word=bilingual(word.capitalize(), word))
        return visit.text(
            "{n} {word} wait{s} for you",
            n=bilingual(written.count(n), str(n)),
            word=word,
            s="s" if n == 1 else "",
        )
    to_sign = _to_sign(firm, found)
    if to_sign:
        month = written.month(to_sign[0].period, visit.language)
        return visit.text("{month} waits for your signature", month=month)
    first = _first(firm, found)
    # A month says itself; notices are told below.
    more = sum(one.kind not in ("month", "notice") for one in waiting)
    if not more:
        return first
    also = counted(visit, more, text("one more thing waits for you"), text("{n} more things wait for you"))
    return visit.text("{first}; {also}", first=first, also=also)


def _to_sign(firm: Firm, found: Home) -> list[Draft]:
    """Drafts that wait for a certifier, for whoever is one."""
    if not firm.visit.actor.may("own.certify", firm.organisation):
        return []
    return [draft for draft in found.open_drafts if draft.state == Draft.State.ASKED]


def _first(firm: Firm, found: Home) -> str:
    """What is most pressing of the months."""
    visit, language = firm.visit, firm.visit.language
    if found.missing:
        month, more = written.month(found.missing[0].period, language), len(found.missing) - 1
        if more:
            n = written.count(more)
            return visit.text(
                "{month} is late, and so {is_one}",
                month=month,
                is_one="is one more month" if more == 1 else f"are {n} more",
                more=written.count(more + 1),
            )
        last = _soon(firm, found.missing[0])
        return visit.text("{month} is late: it was due by {last}", month=month, last=last)
    if found.due:
        month, last, left = (
            written.month(found.due[0].period, language),
            _soon(firm, found.due[0]),
            _left(firm, found.due[0]),
        )
        return visit.text("{month} is due by {last}, {left}", month=month, last=last, left=left)
    running = [month for month in found.months if month.state == "running"]
    if running:
        month, last = written.month(running[0].period, language), _soon(firm, running[0])
        return visit.text("Every month is filed; {month} is the next, due by {last}", month=month, last=last)
    return visit.text("Nothing has to be filed")


def _left(firm: Firm, month: Month) -> str:
    return _days(firm, last_day(month.due))


def _days(firm: Firm, day: date) -> str:
    """How far a day is."""
    days = (day - firm.today).days
    if days < 0:
        return counted(firm.visit, -days, text("one day late"), text("{n} days late"))
    if days == 0:
        return firm.visit.text("today", context="overview")
    return firm.visit.text("tomorrow") if days == 1 else firm.visit.text("in {days} days", days=days)


def _soon(firm: Firm, month: Month) -> str:
    """The last day in time as one says it in its own year: Monday 9 February, 2月9日（星期一）."""
    return _weekday(firm, last_day(month.due))


def _weekday(firm: Firm, day: date) -> str:
    weekday, language = WEEKDAYS[firm.visit.language][day.weekday()], firm.visit.language
    if day.year != firm.today.year:
        named = written.day(day, language)
        return firm.visit.text("{weekday} {named}", weekday=weekday, named=named)
    name = written.month_name(day.month, language)
    return firm.visit.text("{weekday} {day} {name}", weekday=weekday, day=day.day, name=bilingual(name, str(day.month)))


def _lede(firm: Firm, found: Home) -> list[str]:
    """What is under way and asks for nothing; what is nothing is not said."""
    visit = firm.visit
    sentences = []
    filed = sum(month.state in ("filed", "late") for month in found.months)
    if filed:
        sentences.append(counted(visit, filed, text("One month is filed."), text("{n} months are filed.")))
    pending = len(found.pending)
    if pending:
        sentences.append(
            counted(
                visit,
                pending,
                text("One delivery is accepted and waits for certification."),
                text("{n} deliveries are accepted and wait for certification."),
            )
        )
    under_way = sum(one.state in ("submitted", "proposed") for one in found.applications)
    if under_way:
        sentences.append(
            counted(
                visit,
                under_way,
                text("One application for a licence is being examined."),
                text("{n} applications for licences are being examined."),
            )
        )
    return sentences


def _tabs(firm: Firm, every: Sequence[Item], kind: Kind | None, done: bool) -> list[Tab]:
    """The kinds of which there is something, with how many."""
    visit = firm.visit
    counts = Counter(one.kind for one in every if _belongs(one, None, done))
    shown_kinds = [one for one in KINDS if counts[one] or one == kind]
    tabs: list[tuple[Kind | None, str, int]] = [(None, visit.text("All"), counts.total())]
    tabs += [(one, visit.localized(KIND_WORDS[one][1]), counts[one]) for one in shown_kinds]
    return [
        Tab(
            label=label,
            here=key == kind,
            count=written.count(count) if count else "",
            href=visit.here(kind=key, sort=None, **{"todo.page": None}),
        )
        for key, label, count in tabs
    ]


def _other(firm: Firm, kind: Kind | None, *, done: bool) -> Act:
    """From what waits to what is done, and back."""
    visit = firm.visit
    if done:
        return Act(label=visit.text("What waits"), href=firm.url("firm", query={"kind": kind}))
    href = firm.url("firm", query={"kind": kind, "state": "done"})
    return Act(label=visit.text("What is done"), href=href)


def _beside(firm: Firm, kind: Kind | None, *, done: bool) -> Act | None:
    """Where the things of a kind are dealt with many at a time."""
    text = firm.visit.text
    if kind == "delivery":
        if done:
            href = firm.url("firm-transfers", query={"view": "closed"})
            return Act(label=text("Deliveries that have closed"), href=href)
        return Act(label=text("Accept many at once"), href=firm.url("firm-transfers"))
    if kind == "discrepancy":
        return Act(label=text("Correct a filing"), href=firm.url("firm-filings"))
    if kind == "application":
        return Act(label=text("All applications"), href=firm.url("firm-licences", query={"view": "applications"}))
    return None


def _table(firm: Firm, rows: Sequence[Item], *, kind: Kind | None, done: bool) -> Table:
    visit = firm.visit
    empty = visit.text("Nothing of this waits for you.")
    if kind is None:
        empty = visit.text(
            "Nothing waits for you. Deadlines, deliveries, questions and what others say of you appear here."
        )
    return Table(
        name="todo",
        caption=visit.text("Done", context="overview")
        if done
        else visit.text("To do", context="overview, to do, table 1"),
        columns=(
            Column(key="what", label=text("What", context="overview")),
            Column(key="kind", label=text("Kind", context="overview")),
            Column(key="by", label=text("Since", context="overview") if done else text("By", context="overview")),
            Column(key="act", label=text("State") if done else text("To do", context="overview, to do, table 2")),
        ),
        rows=RowsOf(rows, lambda one: _row(firm, one, done=done)),
        per_page=50,
        empty=visit.text("Nothing is done yet.") if done else empty,
    )


def _row(firm: Firm, one: Item, *, done: bool) -> Row:
    visit = firm.visit
    return (
        Cell(text=one.text, value=one.text, href=one.href, note=one.note),
        Cell(text=visit.localized(KIND_WORDS[one.kind][0]), value=one.kind),
        _when(firm, one, done=done),
        Cell(
            text=one.state if done or not one.waits else one.act,
            href=None if done else one.act_href,
            value=None if one.notice is None or done else one.notice,
        ),
    )


def _when(firm: Firm, one: Item, *, done: bool) -> Cell:
    """The last day in time with how far it is, else since when it waits."""
    visit = firm.visit
    if one.by is not None and not done:
        far = _days(firm, one.by) if (one.by - firm.today).days <= _NEAR_DAYS else ""
        return Cell(
            text=_weekday(firm, one.by),
            value=one.by.isoformat(),
            note=far,
            shape="down" if one.is_late else "",
            tone="loss" if one.is_late else None,
        )
    if one.since is None:
        return Cell(text=written.NOTHING if one.by is None else written.day(one.by, visit.language))
    day, is_told = one.since, done or one.kind == "notice"
    if isinstance(day, datetime):
        text = firm.moment(day) if is_told else written.day(firm.own.law.day_of(day), visit.language)
    else:
        text = written.day(day, visit.language)
    since = text if is_told else visit.text("since {text}", text=text)
    return Cell(
        text=since, value=day.isoformat(), shape="down" if one.is_late else "", tone="loss" if one.is_late else None
    )


def _groups(firm: Firm, rows: Sequence[Item]) -> list[dict[str, Any]]:
    """The whole list under its headings: of each kind the first few, and how many more there are."""
    visit, made = firm.visit, []
    for number, heading in enumerate(_GROUPS):
        here = [one for one in rows if group_of(one) == number]
        if not here:
            continue
        shown_rows, counts = [], Counter[Kind]()
        for one in here:
            counts[one.kind] += 1
            if counts[one.kind] <= _SHOWN:
                shown_rows.append(_row(firm, one, done=False))
        more = [
            {
                "text": counted(
                    visit,
                    count - _SHOWN,
                    text(
                        "one more: {lower}",
                        lower=bilingual(
                            visit.localized(KIND_WORDS[kind][0]).lower(), visit.localized(KIND_WORDS[kind][1])
                        ),
                    ),
                    text(
                        "{{n}} more: {lower}",
                        lower=bilingual(
                            visit.localized(KIND_WORDS[kind][1]).lower(), visit.localized(KIND_WORDS[kind][1])
                        ),
                    ),
                ),
                "href": visit.here(kind=kind),
            }
            for kind, count in counts.items()
            if count > _SHOWN
        ]
        made.append({"heading": visit.localized(heading), "rows": shown_rows, "more": more})
    return made
