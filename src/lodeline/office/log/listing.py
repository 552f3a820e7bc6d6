"""Lists of the ledger a page at a time: a cursor is a place in the log, so no row is lost or repeated meanwhile.

Entries and lines have numbers that only grow and are never used again. What is listed newest first ends where it began;
what is listed oldest first goes on. A cursor is such a number as text: it holds no secret, and needs no memory here.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Protocol

import polars as pl

from lodeline.errors import UserError
from lodeline.filing.written import filled_cells, written
from lodeline.language import text
from lodeline.ledger.extension import both_passed
from lodeline.ledger.transfer import judge
from lodeline.material.mass import format_kg
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.filing.status import has_duty
from lodeline.store.queries.filing import filed_cells, newest_filed_at, transfers_from
from lodeline.store.queries.lots import first_products, holdings_of, lots_from
from lodeline.store.store import Store, StoredEntry

Json = dict[str, Any]
ROWS_MAX: Final = 1000
ROWS_USUAL: Final = 100
#: Larger than any number of a line, and within 64 bits on both databases.
_LARGEST: Final = 2**62


class BadCursorError(UserError):
    """A cursor that no answer has given."""


class Called(Protocol):
    """What a lot is called to whoever reads it, as `service.firm.organisation_view.Own.lot_name`."""

    def __call__(self, name: str, maker: str, local: str, *, sent: tuple[str, int] | None = None) -> str:
        """By canonical name, maker and local id; `sent`: shipper and number of a lot that is known from its papers."""


def canonical(name: str, maker: str, local: str, *, sent: tuple[str, int] | None = None) -> str:
    """The canonical name, for the authority."""
    del maker, local, sent
    return name


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsPage:
    """Rows, and the cursor behind them; None where there are no more (yet)."""

    rows: list[Json]
    next: str | None


def cursor_number(cursor: str | None, default: int) -> int:
    """The number in a cursor. Raises BadCursorError."""
    if cursor is None:
        return default
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= 18):
        raise _bad_cursor()
    return int(cursor)


def _bad_cursor() -> BadCursorError:
    return BadCursorError(
        text("This cursor is none. Take `next` from the answer before, unchanged, or leave it out to begin anew.")
    )


def key_cursor(key: Sequence[str]) -> str:
    """The cursor behind the row that has this key."""
    return base64.urlsafe_b64encode(json.dumps(list(key), ensure_ascii=False).encode()).decode().rstrip("=")


def read_key_cursor(cursor: str, parts: int) -> list[str]:
    """The key in a cursor that `key_cursor` made. Raises BadCursorError."""
    try:
        key = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        key = None
    if not isinstance(key, list) or len(key) != parts or not all(isinstance(part, str) for part in key):
        raise _bad_cursor()
    return key


def filings(
    store: Store, organisation: str | None, *, period: str | None = None, cursor: str | None = None,
    limit: int = ROWS_USUAL,
) -> RowsPage:  # fmt: skip
    """Filings of an organisation (None: of all), newest first."""
    found = store.newest_of(
        "filing", before=cursor_number(cursor, _LARGEST), most=limit + 1, organisation=organisation, period=period
    )
    return _page([_filing(one) for one in found], limit, "entry")


def filing(store: Store, entry: int) -> Json | None:
    """One filing; None where the entry is none."""
    found = _entry(store, entry)
    return _filing(found) if found else None


def _entry(store: Store, entry: int) -> StoredEntry | None:
    found = store.entry(entry)
    return found if found and found.kind == "filing" else None


def _filing(one: StoredEntry) -> Json:
    certification = json.loads(one.envelope)["facts"].get("certification")
    return {
        "entry": one.index,
        "organisation": one.organisation,
        "period": one.period,
        "corrects": one.corrects,
        "filed_at": one.filed_at,
        "rows": one.row_count,
        "leaf_hash": one.leaf_hash,
        "flags": len(one.flags),
        "certified_by": None if certification is None else certification["kind"],
    }


def filing_rows(store: Store, entry: int, *, cursor: str | None = None, limit: int = ROWS_USUAL) -> RowsPage | None:
    """The rows of a filing as text, in the order filed, each with `ordinal`; None where the entry is no filing."""
    placed = _entry(store, entry)
    if placed is None:
        return None
    after = cursor_number(cursor, -1)
    found = filed_cells(store, placed, after + 1, limit + 1)
    rows = [
        {"ordinal": ordinal, **filled_cells(cells)}
        for ordinal, cells in zip(found["ordinal"], written(found).iter_rows(named=True), strict=True)
    ]
    return _page(rows, limit, "ordinal")


def transfers(
    store: Store, law: Jurisdiction, organisation: str | None, *, side: str | None = None, cursor: str | None = None,
    limit: int = ROWS_USUAL, called: Called = canonical,
) -> RowsPage:  # fmt: skip
    """Shipments with their receipts, in the order in which they came into the log; `cursor` of each row is its own.

    `side`: "in" (the organisation receives), "out" (it ships), None for both. What is restated comes again, as new.
    `called`: what a lot is called to whoever reads this.
    """
    sides = {"in": ("receiver",), "out": ("shipper",), None: ("shipper", "receiver")}[side]
    found = transfers_from(store, organisation, sides, cursor_number(cursor, 0), limit + 1)
    rows = [
        _transfer(row, _lot_of(row, organisation, called)) for row in _judged(store, law, found).iter_rows(named=True)
    ]
    return _page(rows, limit, "cursor")


def lots(
    store: Store, organisation: str | None, *, cursor: str | None = None, limit: int = ROWS_USUAL,
    called: Called = canonical,
) -> RowsPage:  # fmt: skip
    """Lots that filings of an organisation name (None: all lots), in the order in which the ledger first heard of them.

    `held_kg`: what the book has of it at the organisation's sites (None: at all sites), dry.
    """
    found = lots_from(store, cursor_number(cursor, 0), limit + 1, organisation)
    holders = {} if organisation is None else store.register(store.head()).site_organisation
    sites = None if organisation is None else [site for site, holder in holders.items() if holder == organisation]
    products = {int(str(lot)): product for lot, product in first_products(store, found["lot"].to_list())}
    held = _held(store, found["lot"].to_list(), sites)
    rows = [
        {
            "cursor": str(lot),
            "lot": called(name, maker, local),
            "made_here": maker == organisation,
            "product": products.get(lot),
            "held_kg": format_kg(held.get(lot, 0)),
        }
        for lot, name, maker, local in found.iter_rows()
    ]
    return _page(rows, limit, "cursor")


def _held(store: Store, lots_: Sequence[int], sites: Sequence[str] | None) -> dict[int, int]:
    held: dict[int, int] = {}
    for lot, site, mass_mg in holdings_of(store, lots_):
        if sites is None or site in sites:
            held[int(str(lot))] = held.get(int(str(lot)), 0) + int(str(mass_mg))
    return held


def _judged(store: Store, law: Jurisdiction, found: pl.DataFrame) -> pl.DataFrame:
    """With state and cause, as of the last filing in the log."""
    last = newest_filed_at(store, "filing")
    as_of = datetime.fromisoformat(str(last) if last else "1900-01-01T00:00:00Z")
    register = store.register(store.head())
    return judge(
        found, has_duty=has_duty(register, law), both_deadlines_passed=both_passed(as_of, law, register)
    )  # fmt: skip


def _lot_of(row: Json, reader: str | None, called: Called) -> str:
    """The lot of a transfer: to its receiver what was received, and until then what stands on the papers."""
    if reader is not None and row["receiver"] == reader:
        if row["got_name"] is None:
            return called(row["name"], row["maker"], row["local"], sent=(row["shipper"], row["lot"]))
        return called(row["got_name"], row["got_maker"], row["got_local"])
    return called(row["name"], row["maker"], row["local"])


def _transfer(row: Json, lot: str) -> Json:
    shipped, received = row["shipped_mg"], row["received_mg"]
    return {
        "cursor": str(row["place"]),
        "lot": lot,
        "shipper": row["shipper"],
        "receiver": row["receiver"],
        "shipment_event": row["shipment_event"],
        "receipt_event": row["receipt_event"],
        "shipped_on": _day(row["shipped_on"]),
        "received_on": _day(row["received_on"]),
        "shipped_kg": None if shipped is None else format_kg(shipped),
        "received_kg": None if received is None else format_kg(received),
        "difference_kg": None if shipped is None or received is None else format_kg(shipped - received),
        "state": row["state"],
        "cause": row["cause"],
    }


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _page(rows: list[Json], limit: int, number: str) -> RowsPage:
    """The first `limit` rows; one more was asked for, to know whether there is more."""
    shown = rows[:limit]
    return RowsPage(rows=shown, next=str(shown[-1][number]) if len(rows) > limit else None)
