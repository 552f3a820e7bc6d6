"""Filings: when they came, their rows as filed and in force, what they changed, and the deliveries they speak of."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import date
from typing import Final, cast

import polars as pl

from lodeline.detection.papers import FILINGS
from lodeline.filing.schema import CELLS
from lodeline.ledger.transfer import TRANSFER
from lodeline.store.books import IN_FORCE
from lodeline.store.database import DAY, FLAG, TEXT, WHOLE, Rows, integer, marks
from lodeline.store.queries.log import entries
from lodeline.store.queries.lots import NAMED
from lodeline.store.store import Store, StoredEntry

#: A row in force: its cells, its dry mass, the lot and party that it resolved to, its number and its entry.
STANDING: Final[dict[str, pl.DataType]] = {
    **CELLS, "dry_mg": WHOLE, "lot_id": WHOLE, "party": TEXT, "line": WHOLE, "entry": WHOLE,
}  # fmt: skip
_NAMES: Final = ",".join(f'"{name}"' for name in CELLS)
_LINE_NAMES: Final = ",".join(f'l."{name}"' for name in CELLS)
#: How many of an organisation's newest rows are looked through for the parties that it deals with.
_NEWEST_ROWS: Final = 100_000
_PARTIED: Final = ("shipment", "receipt", "title", "export")


def lots_moved(store: Store, organisation: str, sites: Sequence[str], *, since: date) -> set[int]:
    """The lots of an organisation's rows, in force or not, at these sites from a day on."""
    found = store.database.rows_in(
        'SELECT DISTINCT lot_id FROM line WHERE organisation = %s AND "on" >= %s AND lot_id IS NOT NULL'
        " AND site IN ({keys})",
        sites, before=(organisation, since.isoformat()),
    )  # fmt: skip
    return {integer(lot) for (lot,) in found}


# When what was filed.


def first_filings(store: Store, *, upto: int) -> pl.DataFrame:
    """`organisation`, `period`, `filed_at` of the first filing of every month that anybody filed, up to an entry."""
    filed = entries(store).filter(pl.col("kind") == "filing", pl.col("corrects").is_null(), pl.col("entry") <= upto)
    return filed.group_by("organisation", "period", maintain_order=True).agg(pl.col("filed_at").min())


def first_filings_of(store: Store, organisation: str) -> dict[str, tuple[int, str]]:
    """Month → the first entry of the organisation that filed it, and when."""
    found = store.database.rows(
        "SELECT period, \"index\", filed_at FROM entry WHERE organisation = %s AND kind = 'filing'"
        ' AND corrects IS NULL ORDER BY "index" DESC',
        (organisation,),
    )
    return {str(period): (integer(entry), str(at)) for period, entry, at in found}


def first_period(store: Store) -> object:
    """The earliest month that anybody filed, or None."""
    return store.database.rows("SELECT MIN(period) FROM entry WHERE period IS NOT NULL")[0][0]


def filings(store: Store, *, upto: int) -> pl.DataFrame:
    """Every filing up to an entry, in order (`detection.papers.FILINGS`)."""
    filed = pl.col("kind").is_in(["filing", "correction"])
    return entries(store).filter(filed, pl.col("entry") <= upto).select(list(FILINGS))


def filers(store: Store, period: str, *, upto: int) -> list[str]:
    """Who has filed a month by an entry."""
    found = store.database.rows(
        "SELECT DISTINCT organisation FROM entry WHERE kind = 'filing' AND period = %s AND \"index\" <= %s",
        (period, upto),
    )
    return [str(organisation) for (organisation,) in found]


def filings_of(store: Store, organisation: str) -> pl.DataFrame:
    """`entry`, `period`, `corrects` of the organisation's filings, the newest first."""
    return store.database.frame(
        "SELECT \"index\", period, corrects FROM entry WHERE kind IN ('filing', 'correction') AND organisation = %s"
        ' ORDER BY "index" DESC',
        (organisation,), schema={"entry": WHOLE, "period": TEXT, "corrects": WHOLE},
    )  # fmt: skip


def events_like(store: Store, organisation: str, beginning: str, most: int) -> pl.DataFrame:
    """`event`, `entry`, `on` of the organisation's events in force that begin so, the newest first."""
    like = beginning.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    return store.database.frame(
        'SELECT l.event, l.entry, MIN(l."on") FROM line l WHERE l.organisation = %s'
        " AND LOWER(l.event) LIKE %s ESCAPE '\\'"
        f" AND l.kind <> 'void' AND {IN_FORCE} GROUP BY l.event, l.entry ORDER BY l.entry DESC, l.event LIMIT %s",
        (organisation, like, most), schema={"event": TEXT, "entry": WHOLE, "on": DAY},
    )  # fmt: skip


def has_filed(store: Store, organisation: str) -> bool:
    """Whether any entry is the organisation's own."""
    return bool(store.database.rows("SELECT 1 FROM entry WHERE organisation = %s LIMIT 1", (organisation,)))


def newest_filed_at(store: Store, *kinds: str, upto: int | None = None) -> object:
    """The newest moment of the entries of these kinds, up to an entry, or None."""
    bound, params = ("", ()) if upto is None else (' AND "index" <= %s', (upto,))
    asked = f"SELECT MAX(filed_at) FROM entry WHERE kind IN ({marks(kinds)}){bound}"
    return store.database.rows(asked, (*kinds, *params))[0][0]


def restated_events(store: Store, organisation: str) -> dict[int, int]:
    """Entry of the organisation → how many of its events a later one has restated."""
    found = store.database.rows(
        "SELECT entry, COUNT(*) FROM superseded WHERE organisation = %s GROUP BY entry", (organisation,)
    )
    return {integer(entry): integer(count) for entry, count in found}


def corrections(store: Store, first: int, end: int, since: str) -> Rows:
    """Entry, organisation, period, first line and rows of the corrections in [first, end) filed since, in order."""
    return store.database.rows(
        'SELECT "index", organisation, period, first_line, row_count FROM entry'
        ' WHERE "index" >= %s AND "index" < %s AND corrects IS NOT NULL AND filed_at >= %s ORDER BY "index"',
        (first, end, since),
    )


# Rows.


def month_in_force(store: Store, organisation: str, period: str) -> pl.DataFrame:
    """The rows in force of the events that the organisation filed for a month, in the order filed: `STANDING`."""
    stored = {"line": "id"}
    columns = ",".join(f'l."{stored.get(name, name)}"' for name in STANDING)
    frames = [
        store.database.frame(
            f"SELECT {columns} FROM line l WHERE l.id >= %s AND l.id < %s AND l.kind <> 'void' AND {IN_FORCE}"
            " ORDER BY l.id",
            span,
            schema=STANDING,
        )
        for span in _spans(store, " AND period = %s", organisation, period)
    ]
    return pl.concat(frames) if frames else pl.DataFrame(schema=STANDING)


def _spans(store: Store, condition: str, *params: str) -> list[tuple[int, int]]:
    """First line and the one behind the last of the filings of an organisation, in order."""
    found = store.database.rows(
        f"SELECT first_line, row_count FROM entry WHERE kind = 'filing' AND organisation = %s{condition}"
        ' ORDER BY "index"',
        params,
    )
    return [(integer(first), integer(first) + integer(count)) for first, count in found]


def events_in_force(store: Store, organisation: str, events: Sequence[str]) -> pl.DataFrame:
    """The rows in force of these events of the organisation as typed (`filing.schema.CELLS`), in the order filed."""
    return store.database.frame_in(
        f"SELECT {_LINE_NAMES} FROM line l WHERE l.organisation = %s AND l.event IN ({{keys}}) AND {IN_FORCE}"
        " ORDER BY l.id",
        events, before=(organisation,), schema=dict(CELLS),
    )  # fmt: skip


def rows_at(store: Store, organisation: str, period: str, entry: int) -> pl.DataFrame:
    """The rows of a month that were in force once `entry` stood: `filing.schema.CELLS`, `source` 0 and `row` from 1."""
    found = store.database.frame(
        f'SELECT {_LINE_NAMES} FROM line l JOIN entry e ON e."index" = l.entry WHERE e.organisation = %s'
        " AND e.period = %s AND e.kind = 'filing' AND e.\"index\" <= %s AND l.kind <> 'void' AND NOT EXISTS"
        " (SELECT 1 FROM superseded s WHERE s.organisation = l.organisation AND s.event = l.event"
        ' AND s.entry = l.entry AND s."by" <= %s) ORDER BY l.id',
        (organisation, period, entry, entry), schema=dict(CELLS),
    )  # fmt: skip
    return found.with_columns(source=pl.lit(0, pl.UInt16), row=pl.int_range(1, pl.len() + 1, dtype=pl.UInt32))


def filed_cells(store: Store, entry: StoredEntry, first: int, most: int) -> pl.DataFrame:
    """`ordinal` and the cells as typed (`filing.schema.CELLS`) of the rows of an entry from the `first` on."""
    return store.database.frame(
        f"SELECT ordinal, {_NAMES} FROM line WHERE id >= %s AND id < %s ORDER BY id LIMIT %s",
        (entry.first_line + first, entry.first_line + entry.row_count, most), schema={"ordinal": WHOLE, **CELLS},
    )  # fmt: skip


def filled_columns(store: Store, entry: StoredEntry) -> frozenset[str]:
    """The columns (`filing.schema.CELLS`) that say something in any row of an entry."""
    columns = ",".join(f'COUNT("{name}")' for name in CELLS)
    (found,) = store.database.rows(
        f"SELECT {columns} FROM line WHERE id >= %s AND id < %s",
        (entry.first_line, entry.first_line + entry.row_count),
    )
    return frozenset(name for name, count in zip(CELLS, found, strict=True) if count)


def named_uploads(store: Store, entry: StoredEntry) -> list[tuple[str, bytes]]:
    """Name and content of each file that was kept with an entry, as it came."""
    found = store.database.rows("SELECT name, content FROM upload WHERE entry = %s ORDER BY id", (entry.index,))
    return [(str(name), zlib.decompress(cast(bytes, content))) for name, content in found]


def newest_parties(store: Store, organisation: str) -> set[tuple[str | None, str | None]]:
    """(party as resolved, name as filed) of the rows of the organisation's newest entries."""
    found: set[tuple[str | None, str | None]] = set()
    seen = 0
    for first, end in reversed(_spans(store, "", organisation)):
        if seen >= _NEWEST_ROWS:
            break
        seen += end - first
        rows = store.database.rows(
            "SELECT DISTINCT party, counterparty_name FROM line WHERE id >= %s AND id < %s"
            f" AND kind IN ({marks(_PARTIED)})",
            (first, end, *_PARTIED),
        )
        found |= {(None if party is None else str(party), None if name is None else str(name)) for party, name in rows}
    return found


def parties_of_correction(store: Store, first: int, end: int) -> Rows:
    """Whom shipments and receipts among the rows [first, end), or the rows that these restate, name."""
    return store.database.rows(
        "SELECT DISTINCT party FROM line WHERE id >= %s AND id < %s AND kind IN ('shipment', 'receipt')"
        " UNION SELECT DISTINCT e.party FROM line n JOIN line e ON e.organisation = n.organisation"
        " AND e.event = n.event AND e.entry < n.entry WHERE n.id >= %s AND n.id < %s"
        " AND e.kind IN ('shipment', 'receipt')",
        (first, end, first, end),
    )


# Deliveries.

_HALVES: Final[dict[str, pl.DataType]] = {
    "lot": WHOLE, "name": TEXT, "maker": TEXT, "local": TEXT, "shipper": TEXT, "receiver": TEXT, "shipment_line": WHOLE,
    "shipment_event": TEXT, "receipt_event": TEXT, "shipped_mg": WHOLE, "received_mg": WHOLE, "shipped_on": DAY,
    "received_on": DAY, "by_reference": FLAG, "lot_differs": FLAG, "party_differs": FLAG, "product": TEXT,
    "document": TEXT, "receipt_lot": WHOLE, "receipt_name": TEXT, "receipt_maker": TEXT, "receipt_local": TEXT,
}  # fmt: skip
_OPEN: Final[dict[str, pl.DataType]] = {
    "line": WHOLE, "partner": TEXT, "event": TEXT, "shipped_on": DAY, "shipped_mg": WHOLE, "received_mg": WHOLE,
    "lot_id": WHOLE, "name": TEXT, "maker": TEXT, "local": TEXT, "product": TEXT, "net_mg": WHOLE,
    "moisture_ppb": WHOLE, "model": TEXT, "document": TEXT, "document_kind": TEXT, "reason": TEXT,
}  # fmt: skip


def own_transfers(store: Store, organisation: str, *, maybe_open: bool) -> pl.DataFrame:
    """The transfers of the organisation with both sides' lots, all or those that may not have closed (`judge` decides).

    Of a receipt by another of what was sent to the organisation `receipt_event` and the lot received are null.
    """
    open_ones = (
        " AND (t.receipt_line IS NULL OR t.shipment_line IS NULL"
        " OR (NOT t.by_reference AND t.received_mg < t.shipped_mg))"
    )
    return store.database.frame(
        "SELECT t.lot, lot.name, lot.maker, lot.local, t.shipper, t.receiver, t.shipment_line, t.shipment_event,"
        " CASE WHEN r.id IS NULL THEN NULL ELSE t.receipt_event END,"
        " t.shipped_mg, t.received_mg, t.shipped_on, t.received_on, t.by_reference, t.lot_differs,"
        " t.party_differs, COALESCE(s.product, r.product, (SELECT m.product FROM line m WHERE m.lot_id = t.lot"
        " AND m.product IS NOT NULL ORDER BY m.id LIMIT 1)), COALESCE(s.document, r.document), got.id, got.name,"
        " got.maker, got.local FROM transfer t JOIN lot ON lot.id = t.lot LEFT JOIN line s ON s.id = t.shipment_line"
        # Where another received what was sent to the organisation, that one's papers are not for it to see.
        " LEFT JOIN line r ON r.id = t.receipt_line AND (r.organisation = t.receiver OR t.shipper = %s)"
        " LEFT JOIN lot got ON got.id = r.lot_id WHERE (t.shipper = %s OR t.receiver = %s)"
        f"{open_ones if maybe_open else ''}",
        (organisation, organisation, organisation), schema=_HALVES,
    )  # fmt: skip


def transfers_from(store: Store, organisation: str | None, sides: Sequence[str], after: int, most: int) -> pl.DataFrame:
    """`ledger.transfer.TRANSFER`, the lots of both halves and `place` of the transfers behind a place, in order.

    `sides`: `shipper` or `receiver` or both, that the organisation is; None for all transfers.
    """
    owner = "1 = 1" if organisation is None else "(" + " OR ".join(f"t.{one} = %s" for one in sides) + ")"
    named = [] if organisation is None else [organisation] * len(sides)
    # Where another received what was sent to the organisation, that one's papers are not for it to see.
    hidden = "t.shipper <> %s AND r.organisation <> t.receiver"
    columns = ",".join(
        f"CASE WHEN {hidden} THEN NULL ELSE t.{name} END" if name == "receipt_event" else f"t.{name}"
        for name in TRANSFER
    )
    return store.database.frame(
        f"SELECT {columns}, lot.name, lot.maker, lot.local, got.name, got.maker, got.local,"
        " COALESCE(t.shipment_line, t.receipt_line) AS place FROM transfer t JOIN lot ON lot.id = t.lot"
        " LEFT JOIN line r ON r.id = t.receipt_line LEFT JOIN lot got ON got.id = r.lot_id"
        " AND r.organisation = t.receiver"
        f" WHERE {owner} AND COALESCE(t.shipment_line, t.receipt_line) > %s"
        " ORDER BY place LIMIT %s",
        [organisation, *named, after, most],
        schema={**TRANSFER, **NAMED, **{f"got_{name}": kind for name, kind in NAMED.items()}, "place": WHOLE},
    )


def open_deliveries(store: Store, organisation: str) -> pl.DataFrame:
    """Shipments to the organisation that it has not, or not wholly, received, with what the shipper filed."""
    return store.database.frame(
        "SELECT t.shipment_line, t.shipper, t.shipment_event, t.shipped_on, t.shipped_mg, t.received_mg,"
        " t.lot, lot.name, lot.maker, lot.local, l.product, l.mass_mg, l.moisture_ppb, l.model, l.document,"
        " l.document_kind, l.reason FROM transfer t JOIN lot ON lot.id = t.lot JOIN line l ON l.id = t.shipment_line"
        " WHERE t.receiver = %s AND (t.received_mg IS NULL OR (NOT t.by_reference AND t.received_mg < t.shipped_mg))",
        (organisation,), schema=_OPEN,
    )  # fmt: skip
