"""What has changed for one organisation, in the order of the log: a feed that loses nothing and repeats nothing.

A change has a place in the log, `entry.place`: the entry that made it and where in that entry. Both only grow, so
whoever keeps the last cursor goes on from it, after a second or after a year. Findings are no part of it: they are
recomputed from the whole ledger and have no place in the log.

    filed        a filing of the organisation's own
    shipped      another firm has filed a shipment to it
    received     another firm has filed the receipt of a shipment from it
    sold         another firm has filed that ownership of material passed to it
    exported     another firm has filed an export that names it
    withdrawn    what another firm had filed in one of these is out of force: restated or voided
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from lodeline import language as lang
from lodeline.material.mass import format_kg
from lodeline.office.log.listing import BadCursorError, Called, canonical
from lodeline.store.queries.log import lines_about, lines_withdrawn, window
from lodeline.store.store import Store

Json = dict[str, Any]
#: Lines of the log that are looked through for one answer, however few of them concern the organisation.
SCANNED_MAX: Final = 200_000
WAIT_S_MAX: Final = 25
_PAUSE_S: Final = 0.5
_CURSOR: Final = re.compile(r"([0-9]{1,15})\.([0-9]{1,18})")
_KINDS: Final = {"shipment": "shipped", "receipt": "received", "title": "sold", "export": "exported"}


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """A place in the log: behind the change at `place` of `entry`; -1 is before the first."""

    entry: int
    place: int

    def __str__(self) -> str:
        return f"{self.entry}.{self.place + 1}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Changes behind a cursor, and the cursor behind them. `more`: ask again at once, there is more of the log."""

    rows: list[Json]
    next: str
    more: bool


def read_cursor(text: str | None) -> Cursor:
    """The place that a cursor names; the beginning of the log where there is none. Raises BadCursorError."""
    if text is None:
        return Cursor(0, -1)
    found = _CURSOR.fullmatch(text)
    if found is None:
        raise BadCursorError(
            lang.text(
                "This cursor is none. Take `next` from the answer before, unchanged, or leave `since` "
                "out to begin with the log."
            )
        )
    return Cursor(int(found[1]), int(found[2]) - 1)


def changes(store: Store, organisation: str, *, since: str | None, limit: int, called: Called = canonical) -> Changes:
    """What has changed for the organisation behind `since`, at most `limit` of it. Raises BadCursorError.

    `called`: what a lot is called to the organisation.
    """
    start = read_cursor(since)
    size = store.head().size
    if start.entry >= size:
        return Changes(rows=[], next=str(start), more=False)
    first, last, upto = window(store, start.entry, size, SCANNED_MAX)
    found = sorted(
        [
            *_own(store, organisation, start.entry, upto),
            *_touching(store, organisation, first, last, called),
            *_withdrawn(store, organisation, start.entry, upto, called),
        ],
        key=lambda one: one[0],
    )
    behind = [one for one in found if one[0] > start]
    shown = behind[:limit]
    whole = len(behind) <= limit
    end = Cursor(upto, -1) if whole else shown[-1][0]
    rows = [{"cursor": str(cursor), **change} for cursor, change in shown]
    return Changes(rows=rows, next=str(end), more=not whole or upto < size)


def wait_for_changes(
    store: Store, organisation: str, *, since: str | None, limit: int, wait_s: int,
    called: Called = canonical, sleep: Callable[[float], None] = time.sleep,
) -> Changes:  # fmt: skip
    """The same, but where nothing has changed the answer waits for the next change, `wait_s` seconds at most."""
    found = changes(store, organisation, since=since, limit=limit, called=called)
    for _ in range(int(min(wait_s, WAIT_S_MAX) / _PAUSE_S)):
        if found.rows or found.more:
            break
        sleep(_PAUSE_S)
        if read_cursor(found.next).entry < store.head().size:
            found = changes(store, organisation, since=found.next, limit=limit, called=called)
    return found


def _own(store: Store, organisation: str, entry: int, upto: int) -> list[tuple[Cursor, Json]]:
    return [
        (
            Cursor(one.index, 0),
            _change("filed", one.index, organisation, one.filed_at, period=one.period, corrects=one.corrects),
        )
        for one in store.entries_of("filing", organisation=organisation, within=(entry, upto))
    ]


def _touching(store: Store, organisation: str, first: int, last: int, called: Called) -> list[tuple[Cursor, Json]]:
    texts = store.register(store.head()).texts_of(organisation)
    return [
        (Cursor(int(str(row[1])), int(str(row[2])) + 1), _of_line(_KINDS[str(row[4])], int(str(row[1])), row, called))
        for row in lines_about(store, organisation, texts, first, last)
        if row[4] in _KINDS
    ]


def _withdrawn(store: Store, organisation: str, entry: int, upto: int, called: Called) -> list[tuple[Cursor, Json]]:
    """Lines that named the organisation and went out of force by these entries: placed behind the entry's own rows."""
    texts = store.register(store.head()).texts_of(organisation)
    changes_ = []
    for *row, by, rows, filed_at in lines_withdrawn(store, organisation, texts, entry, upto):
        if row[4] in _KINDS:
            index = int(str(by))
            place = int(str(rows)) + 1 + int(str(row[0]))
            changed = _of_line("withdrawn", index, [*row[:14], filed_at, row[15]], called)
            changes_.append((Cursor(index, place), {**changed, "what": _KINDS[str(row[4])], "was_entry": row[1]}))
    return changes_


def _of_line(kind: str, entry: int, row: Any, called: Called) -> Json:
    _, _, _, organisation, _, event, on, dry_mg, reference, document, name, maker, local, number, filed_at, _ = row
    # What another sends is known from its papers; what it has received, by the name that it gives.
    sent = None if row[4] == "receipt" else (str(organisation), int(number or 0))
    lot = None if name is None else called(str(name), str(maker), str(local), sent=sent)
    return _change(
        kind, entry, organisation, filed_at, event=event, on=on.isoformat() if isinstance(on, date) else on, lot=lot,
        mass_kg=None if dry_mg is None else format_kg(int(dry_mg)), reference=reference, document=document,
    )  # fmt: skip


def _change(kind: str, entry: int, organisation: object, filed_at: object, **facts: Any) -> Json:
    return {"kind": kind, "entry": entry, "organisation": organisation, "filed_at": filed_at, **facts}
