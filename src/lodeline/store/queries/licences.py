"""Licences and quotas: rows that draw on them, what was said of them beside the filings, and what stands stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final, Literal

import polars as pl

from lodeline.ledger.movement import LINE
from lodeline.ledger.reservation import POSITION
from lodeline.store.books import IN_FORCE, LINE_SELECT
from lodeline.store.database import DAY, TEXT, WHOLE, Rows, marks
from lodeline.store.store import Store

#: Export rows that name a licence, as far as an account asks for them.
FILED: Final[dict[str, pl.DataType]] = {
    "licence": TEXT, "organisation": TEXT, "declaration": TEXT, "on": DAY, "lot": WHOLE, "mass_mg": WHOLE,
    "dry_mg": WHOLE, "composition": TEXT, "line": WHOLE, "entry": WHOLE, "event": TEXT,
}  # fmt: skip
_FILED: Final = (
    "COALESCE(l.licence, ''), l.organisation, COALESCE(l.declaration, ''), l.\"on\", l.lot_id, l.mass_mg, l.dry_mg,"
    " l.composition, l.id, l.entry, l.event"
)
_PARTIES: Final = {"end_user_name": TEXT, "party": TEXT, "counterparty_name": TEXT}
_INTEGERS: Final = ("id", "entry", "ordinal", "closes", "target")
#: What a row of an entry of kind `draw` says, and with its place in the log.
DRAW_CELLS: Final = (
    "book", "act", "account", "organisation", "declaration", "line", "tranche", "masses", "on", "until", "closes",
    "target", "reference", "reason",
)  # fmt: skip
DRAW: Final[dict[str, pl.DataType]] = {
    name: WHOLE if name in _INTEGERS else TEXT for name in ("id", "entry", "ordinal", *DRAW_CELLS)
}
_DRAWS: Final = "SELECT " + ",".join(f'd."{name}"' for name in DRAW) + " FROM draw d"


def filed_rows(store: Store, accounts: Sequence[str] | None = None, *, before: int | None = None) -> pl.DataFrame:
    """The export rows in force that name these licences, or any (`FILED`); those below entry `before`."""
    bound = "" if before is None else f" AND l.entry < {int(before)}"
    filed = f"SELECT {_FILED} FROM line l WHERE l.kind = 'export' AND l.licence IS NOT NULL{bound} AND {IN_FORCE}"
    if accounts is None:
        return store.database.frame(f"{filed} ORDER BY l.id", schema=FILED)
    return store.database.frame_in(f"{filed} AND l.licence IN ({{keys}})", sorted(accounts), schema=FILED)


def exports_between(store: Store, after: date, last: date) -> pl.DataFrame:
    """The export rows in force of the days behind `after` up to `last`: `FILED` and whom they name."""
    return store.database.frame(
        f"SELECT {_FILED}, l.end_user_name, l.party, l.counterparty_name FROM line l"
        f' WHERE l.kind = \'export\' AND l."on" > %s AND l."on" <= %s AND {IN_FORCE}',
        (after.isoformat(), last.isoformat()), schema={**FILED, **_PARTIES},
    )  # fmt: skip


def named_by(store: Store, organisation: str, events: Sequence[str]) -> set[str]:
    """The licences that rows of these events of the organisation name, in force or not."""
    found = store.database.rows_in(
        "SELECT DISTINCT licence FROM line WHERE organisation = %s AND licence IS NOT NULL AND event IN ({keys})",
        events, before=(organisation,),
    )  # fmt: skip
    return {str(licence) for (licence,) in found}


def stored_positions(store: Store) -> pl.DataFrame:
    """The positions of all licences as they stand (`ledger.reservation.POSITION`)."""
    return store.database.frame(f"SELECT {','.join(POSITION)} FROM reservation", schema=POSITION)


def delete_positions(store: Store, accounts: Sequence[str] | None = None) -> None:
    """Deletes the stored positions of these licences, or of all."""
    if accounts is None:
        store.database.execute("DELETE FROM reservation")
        return
    for start in range(0, len(accounts), 1000):
        part = accounts[start : start + 1000]
        store.database.execute(f"DELETE FROM reservation WHERE account IN ({marks(part)})", part)


def drawn_of_quotas(store: Store, organisation: str | None) -> Rows:
    """Organisation, kind, ore type, year and mg of REO that rows draw, of one organisation or of all."""
    condition, params = ("", ()) if organisation is None else (" WHERE organisation = %s", (organisation,))
    return store.database.rows(
        f"SELECT organisation, kind, ore_type, year, SUM(reo_mg) FROM drawdown{condition}"
        " GROUP BY organisation, kind, ore_type, year",
        params,
    )


def lines_of_runs(store: Store, organisation: str, runs: Iterable[str]) -> pl.DataFrame:
    """The rows in force of these runs of the organisation (`ledger.movement.LINE`)."""
    return store.database.frame_in(
        f"{LINE_SELECT} WHERE l.organisation = %s AND l.lot_id IS NOT NULL AND l.run IN ({{keys}}) AND {IN_FORCE}",
        sorted(runs), before=(organisation,), schema=LINE,
    )  # fmt: skip


# What was said beside the filings: `DRAW`.


def draws_of_book(store: Store, book: str, accounts: Sequence[str] | None, *, before: int | None) -> Rows:
    """The rows about these accounts, or about all of the book in the order of the log; those below entry `before`."""
    condition = "" if before is None else f" AND d.entry < {int(before)}"
    if accounts is None:
        return store.database.rows(f"{_DRAWS} WHERE d.book = %s{condition} ORDER BY d.id", (book,))
    return store.database.rows_in(
        f"{_DRAWS} WHERE d.book = %s AND d.account IN ({{keys}}){condition}", sorted(accounts), before=(book,)
    )


def draws_by(store: Store, column: Literal["id", "declaration"], values: Sequence[int | str]) -> Rows:
    """The rows with these numbers, or about these declarations."""
    return store.database.rows_in(f"{_DRAWS} WHERE d.{column} IN ({{keys}})", values)


def draws_told(store: Store, references: Sequence[str]) -> Rows:
    """The rows that bear these numbers of their tellers."""
    return store.database.rows_in(f"{_DRAWS} WHERE d.reference <> '' AND d.reference IN ({{keys}})", references)


def draws_within(store: Store, first: int, end: int, acts: Sequence[str]) -> Rows:
    """The rows of the entries [first, end) that do one of these acts, in the order of the log."""
    statement = f"{_DRAWS} WHERE d.entry >= %s AND d.entry < %s AND d.act IN ({{keys}}) ORDER BY d.id"
    return store.database.rows_in(statement, acts, before=(first, end))


def draws_of_entry(store: Store, entry: int) -> Rows:
    """The rows of one entry, in order."""
    return store.database.rows(f"{_DRAWS} WHERE d.entry = %s ORDER BY d.ordinal, d.id", (entry,))
