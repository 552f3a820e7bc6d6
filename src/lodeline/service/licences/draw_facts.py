"""What is said of licences and quotas beside the filings: rows of entries of kind `draw`, each provable by itself.

A row reserves, allots a tranche to a port, confirms an exit, corrects such a confirmation or takes a reservation back.
Rows are appended and never changed; what they amount to together with the filings is computed
(service.licences.accounts).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Literal

import polars as pl

from lodeline.journal import entry as journal
from lodeline.journal import merkle
from lodeline.ledger.reservation import Gone, Masses, Reserved
from lodeline.service.entries.moment import utc_text
from lodeline.service.entries.salt import salt_key
from lodeline.store.queries import licences as stored
from lodeline.store.queries.licences import DRAW, DRAW_CELLS
from lodeline.store.store import DRAW_KIND, Head, Store, StoredEntry

Book = Literal["licence", "quota"]
Act = Literal["reserve", "allot", "exit", "correct", "void"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """One row. `account`: a licence, or a quota as `kind|ore type|year`; masses in mg by name (ledger.reservation).

    `target`: number of the reservation that is confirmed, closed or taken back, or of the exit that is corrected; 0
    where there is none. `reference`: the teller's own number. `until`: the last day of a reservation, or empty.
    """

    book: Book
    act: Act
    account: str
    organisation: str
    masses_mg: Masses
    on: date
    declaration: str = ""
    line: str = ""
    tranche: str = ""
    until: date | None = None
    closes: bool = False
    target: int = 0
    reference: str = ""
    reason: str = ""
    #: Given by the log: the number of the row, and its entry.
    number: int = 0
    entry: int = -1

    def cells(self) -> dict[str, str | int]:
        """What the row says, column by column."""
        cells = asdict(self)
        return {
            **{name: cells[name] for name in DRAW_CELLS if name in cells},
            "masses": journal.canonical_json(dict(self.masses_mg)).decode(), "on": self.on.isoformat(),
            "until": self.until.isoformat() if self.until else "", "closes": int(self.closes),
        }  # fmt: skip


def put_draws(
    store: Store, head: Head, draws: Sequence[Draw], *, filed_at: datetime, by: str | None,
    flags: Sequence[Mapping[str, Any]] = (),
) -> tuple[StoredEntry, tuple[Draw, ...]]:  # fmt: skip
    """Appends the rows as one entry under the head that the caller's transaction holds; returns them with numbers."""
    cells = [draw.cells() for draw in draws]
    encoded = [_encoded(row) for row in cells]
    # The place in the log tells equal rows of two entries apart: taken back and reserved again is no repetition.
    digest = sha256(b"\n".join([str(head.size).encode(), *encoded])).hexdigest()
    key = salt_key(store, None, None, None, digest)
    envelope = journal.Envelope(
        index=head.size,
        kind=DRAW_KIND,
        filed_at=utc_text(filed_at),
        rows=len(encoded),
        rows_root=merkle.root_of_leaves(journal.row_leaves(encoded, key)).hex(),
        flags_hash=journal.flags_commitment(list(flags), key),
        facts={} if by is None else {"by": by},
    )
    entry, new_head = store.append_entry(
        head, envelope, digest=digest, rows=len(encoded), flags=[dict(flag) for flag in flags]
    )
    rows = [
        {"id": head.next_line + place, "entry": entry.index, "ordinal": place, **row} for place, row in enumerate(cells)
    ]
    store.append_rows("draw", pl.DataFrame(rows, schema=DRAW))
    store.set_head(new_head)
    numbered = tuple(
        _with_place(draw, number=head.next_line + place, entry=entry.index) for place, draw in enumerate(draws)
    )
    return entry, numbered


def _with_place(draw: Draw, *, number: int, entry: int) -> Draw:
    cells = {name: getattr(draw, name) for name in Draw.__slots__}
    return Draw(**{**cells, "number": number, "entry": entry})


def _encoded(row: Mapping[str, str | int]) -> bytes:
    return journal.canonical_json([row[name] for name in DRAW_CELLS])


def draws_of(
    store: Store, book: Book, accounts: Sequence[str] | None = None, *, before: int | None = None
) -> list[Draw]:
    """The rows about these accounts, or about all of the book, in the order of the log; those below entry `before`."""
    return sorted(_read(stored.draws_of_book(store, book, accounts, before=before)), key=lambda draw: draw.number)


def draws_about(store: Store, declarations: Iterable[str]) -> list[Draw]:
    """The reservations of these declarations, whatever licence they are of, in the order of the log."""
    return _about(store, ("reserve",), declarations)


def exits_about(store: Store, declarations: Iterable[str]) -> list[Draw]:
    """What customs confirmed to have left under these declarations, as it stands, in the order of the log."""
    every = exits_in_force(_about(store, ("exit", "correct"), declarations))
    return [one for one in every if one.closes or any(one.masses_mg.values())]


def _about(store: Store, acts: tuple[Act, ...], declarations: Iterable[str]) -> list[Draw]:
    wanted = sorted({one for one in declarations if one})
    found = _read(stored.draws_by(store, "declaration", wanted))
    return sorted((one for one in found if one.act in acts), key=lambda draw: draw.number)


def exits_in_force(draws: Iterable[Draw]) -> list[Draw]:
    """The exits in the order of their confirmation, each with the masses and the end that its newest correction states.

    `draws`: in the order of the log. What was confirmed at first stays a row of it.
    """
    found: dict[int, Draw] = {}
    for draw in draws:
        if draw.act == "exit":
            found[draw.number] = draw
        elif draw.act == "correct":
            found[draw.target] = replace(found[draw.target], masses_mg=draw.masses_mg, closes=draw.closes)
    return list(found.values())


def draw_at(store: Store, number: int) -> Draw | None:
    """The row of that number."""
    found = _read(stored.draws_by(store, "id", [number]))
    return found[0] if found else None


def taken_back(store: Store, number: int) -> Draw | None:
    """The row that took the reservation of that number back."""
    row = draw_at(store, number)
    mine = [] if row is None else draws_of(store, row.book, [row.account])
    return next((one for one in mine if one.act == "void" and one.target == number), None)


def draws_entered(store: Store, first: int, end: int, *, acts: Sequence[Act]) -> list[Draw]:
    """The rows of the entries [first, end) that do one of these acts, in the order of the log."""
    return _read(stored.draws_within(store, first, end, acts))


def draws_by_reference(store: Store, references: Iterable[str]) -> dict[str, Draw]:
    """The rows that bear these numbers of their tellers."""
    return {
        draw.reference: draw for draw in _read(stored.draws_told(store, sorted({one for one in references if one})))
    }


def _read(rows: Iterable[tuple[object, ...]]) -> list[Draw]:
    return [_draw(dict(zip(DRAW, row, strict=True))) for row in rows]


def _draw(row: Mapping[str, Any]) -> Draw:
    return Draw(
        book=row["book"], act=row["act"], account=row["account"], organisation=row["organisation"],
        masses_mg={name: int(mass_mg) for name, mass_mg in json.loads(row["masses"]).items()},
        on=date.fromisoformat(row["on"]), declaration=row["declaration"], line=row["line"], tranche=row["tranche"],
        until=date.fromisoformat(row["until"]) if row["until"] else None, closes=bool(row["closes"]),
        target=int(row["target"]), reference=row["reference"], reason=row["reason"], number=int(row["id"]),
        entry=int(row["entry"]),
    )  # fmt: skip


@dataclass(slots=True, kw_only=True)
class DrawTotals:
    """What the rows of one account and one organisation say together."""

    reserved: dict[int, Reserved] = field(default_factory=dict)
    confirmed: list[Gone] = field(default_factory=list)


def draw_totals(draws: Iterable[Draw]) -> dict[tuple[str, str], DrawTotals]:
    """(account, organisation) → its reservations by number, and what was confirmed; `draws` in the order of the log."""
    every = list(draws)
    exits = exits_in_force(every)
    closed = {one.target for one in exits if one.closes}
    voided = {draw.target for draw in every if draw.act == "void"}
    found: dict[tuple[str, str], DrawTotals] = {}
    for draw in every:
        mine = found.setdefault((draw.account, draw.organisation), DrawTotals())
        if draw.act in ("reserve", "allot"):
            mine.reserved[draw.number] = Reserved(
                declaration=draw.declaration, line=draw.line, number=draw.number, masses_mg=draw.masses_mg,
                until=draw.until, tranche=draw.tranche, is_tranche=draw.act == "allot", entry=draw.entry,
                closed=draw.number in closed, voided=draw.number in voided,
            )  # fmt: skip
    for one in exits:
        gone = Gone(declaration=one.declaration, line=one.line, masses_mg=one.masses_mg)
        found[one.account, one.organisation].confirmed.append(gone)
    return found


def stored_rows(store: Store, entry: int) -> tuple[list[bytes], list[tuple[int, int]]]:
    """The canonical bytes of an entry's rows as they stand, and their (number, ordinal); for the audit."""
    rows = [dict(zip(DRAW, row, strict=True)) for row in stored.draws_of_entry(store, entry)]
    return [_encoded({name: _cell(row[name]) for name in DRAW_CELLS}) for row in rows], [
        (int(str(row["id"])), int(str(row["ordinal"]))) for row in rows
    ]


def _cell(value: object) -> str | int:
    return value if isinstance(value, int) else str(value)
