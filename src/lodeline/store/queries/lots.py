"""Lots: what they are called and by whom, what was filed of them, and where they lie."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from lodeline.ledger.label import ALIAS
from lodeline.store.books import IN_FORCE
from lodeline.store.database import DAY, FLAG, TEXT, WHOLE, Rows, marks
from lodeline.store.store import Store

#: A lot with its canonical name, who made it and its id there.
NAMED: dict[str, pl.DataType] = {"name": TEXT, "maker": TEXT, "local": TEXT}
LOT: dict[str, pl.DataType] = {"lot": WHOLE, **NAMED}


def lots_from(store: Store, after: int, most: int, organisation: str | None) -> pl.DataFrame:
    """The `most` lots behind a number, of all or of those that filings of an organisation name, in order: `LOT`."""
    named = " AND EXISTS (SELECT 1 FROM line l WHERE l.lot_id = lot.id AND l.organisation = %s)"
    own, params = ("", ()) if organisation is None else (named, (organisation,))
    return store.database.frame(
        f"SELECT lot.id, lot.name, lot.maker, lot.local FROM lot WHERE lot.id > %s{own} ORDER BY lot.id LIMIT %s",
        (after, *params, most), schema=LOT,
    )  # fmt: skip


def own_names(store: Store, organisation: str) -> pl.DataFrame:
    """`NAMED` of every lot that filings of the organisation name."""
    return store.database.frame(
        "SELECT lot.name, lot.maker, lot.local FROM lot"
        " WHERE lot.id IN (SELECT lot_id FROM line WHERE organisation = %s)",
        (organisation,), schema=NAMED,
    )  # fmt: skip


def own_lots(store: Store, organisation: str) -> pl.DataFrame:
    """`LOT`, `first_on`, `last_on`, `lines`, `product` of every lot that rows in force of the organisation name."""
    return store.database.frame(
        'SELECT l.lot_id, lot.name, lot.maker, lot.local, MIN(l."on"), MAX(l."on"), COUNT(*),'
        " COALESCE(MAX(l.product), (SELECT m.product FROM line m WHERE m.lot_id = l.lot_id"
        " AND m.product IS NOT NULL ORDER BY m.id LIMIT 1))"
        f" FROM line l JOIN lot ON lot.id = l.lot_id WHERE l.organisation = %s AND {IN_FORCE}"
        " GROUP BY l.lot_id, lot.name, lot.maker, lot.local",
        (organisation,), schema={**LOT, "first_on": DAY, "last_on": DAY, "lines": WHOLE, "product": TEXT},
    )  # fmt: skip


def own_lots_called(store: Store, organisation: str, column: str, texts: Sequence[str]) -> Rows:
    """Number, name, maker and local id of the lots that the organisation's filings name, by `name` or `local`."""
    return store.database.rows_in(
        "SELECT lot.id, lot.name, lot.maker, lot.local FROM lot WHERE EXISTS (SELECT 1 FROM line"
        f" WHERE line.lot_id = lot.id AND line.organisation = %s) AND lot.{column} IN ({{keys}})",
        texts, before=(organisation,),
    )  # fmt: skip


def lots_on_the_way(store: Store, organisation: str) -> Rows:
    """Shipper, number, name, maker and local id of the lots that were shipped to the organisation and not received."""
    return store.database.rows(
        "SELECT DISTINCT t.shipper, lot.id, lot.name, lot.maker, lot.local FROM transfer t"
        " JOIN lot ON lot.id = t.lot WHERE t.receiver = %s AND t.receipt_line IS NULL",
        (organisation,),
    )


def named_lots(store: Store, lots: Sequence[int]) -> Rows:
    """Name, maker and local id of these lots."""
    return store.database.rows_in("SELECT name, maker, local FROM lot WHERE id IN ({keys})", lots)


def every_lot(store: Store) -> Rows:
    """Number, name, maker and local id of all lots, in order."""
    return store.database.rows("SELECT id, name, maker, local FROM lot ORDER BY id")


def is_filed_by(store: Store, lot: int, organisation: str) -> bool:
    """Whether a filing of the organisation names the lot."""
    statement = "SELECT 1 FROM line WHERE lot_id = %s AND organisation = %s LIMIT 1"
    return bool(store.database.rows(statement, (lot, organisation)))


def has_lot_called(store: Store, organisation: str, local: str) -> bool:
    """Whether filings of the organisation name a lot of this local id, whoever made it."""
    statement = (
        "SELECT 1 FROM lot WHERE local = %s AND EXISTS (SELECT 1 FROM line l WHERE l.lot_id = lot.id"
        " AND l.organisation = %s) LIMIT 1"
    )
    return bool(store.database.rows(statement, (local, organisation)))


def parties_beside(store: Store, organisation: str, texts: Sequence[str]) -> Rows:
    """Whom a filing of one names as a party of the other's, as filed; `texts`: what rows of others call it by."""
    return store.database.rows(
        "SELECT DISTINCT party FROM line WHERE organisation = %s AND party IS NOT NULL"
        " UNION SELECT shipper FROM transfer WHERE receiver = %s AND shipper IS NOT NULL"
        " UNION SELECT receiver FROM transfer WHERE shipper = %s AND receiver IS NOT NULL"
        f" UNION SELECT organisation FROM line WHERE party IN ({marks(texts)}) AND kind = 'title'",
        (organisation, organisation, organisation, *texts),
    )


def aliased_lots_sent(store: Store, texts: Sequence[str]) -> Rows:
    """Who files of which lot that has an alias, with a party of one of these texts."""
    return store.database.rows(
        "SELECT DISTINCT l.organisation, a.lot FROM alias a JOIN line l ON l.lot_id = a.lot"
        f" WHERE l.party IN ({marks(texts)})",
        texts,
    )


def lots_known_by_name(store: Store, organisation: str, lots: Sequence[int]) -> Rows:
    """Those of the lots that the organisation made, received under their own names, or has written."""
    return store.database.rows_in(
        "SELECT DISTINCT l.lot_id FROM line l JOIN lot ON lot.id = l.lot_id WHERE l.organisation = %s"
        " AND (l.kind IN ('origin', 'receipt') OR l.role IN ('out', 'waste') OR l.lot = lot.name)"
        " AND l.lot_id IN ({keys})",
        lots, before=(organisation,),
    )  # fmt: skip


def aliases_given(store: Store, organisation: str) -> pl.DataFrame:
    """Every alias that the organisation gave, in order: `ledger.label.ALIAS`."""
    statement = "SELECT organisation, lot, alias FROM alias WHERE organisation = %s ORDER BY entry"
    return store.database.frame(statement, (organisation,), schema=dict(ALIAS))


def aliases_alike(store: Store, organisation: str, lot: int, alias: str) -> Rows:
    """Entry, lot and alias of what the organisation has called the lot, or has called so, in order."""
    return store.database.rows(
        "SELECT entry, lot, alias FROM alias WHERE organisation = %s AND (alias = %s OR lot = %s) ORDER BY entry",
        (organisation, alias, lot),
    )


def alias_of_entry(store: Store, entry: int) -> Rows:
    """Who gave which lot, by its name, which alias by an entry."""
    return store.database.rows(
        "SELECT a.organisation, lot.name, a.alias FROM alias a JOIN lot ON lot.id = a.lot WHERE a.entry = %s", (entry,)
    )


def alias_history(store: Store, lot: int, organisation: str | None = None) -> pl.DataFrame:
    """What anybody, or one, has called a lot, the oldest first: `organisation`, `alias`, `entry`, `filed_at`."""
    owner, params = ("", (lot,)) if organisation is None else (" AND a.organisation = %s", (lot, organisation))
    return store.database.frame(
        'SELECT a.organisation, a.alias, a.entry, e.filed_at FROM alias a JOIN entry e ON e."index" = a.entry'
        f" WHERE a.lot = %s{owner} ORDER BY a.entry",
        params, schema={"organisation": TEXT, "alias": TEXT, "entry": WHOLE, "filed_at": TEXT},
    )  # fmt: skip


def aliases_about(store: Store, name: str, *, entry: int) -> pl.DataFrame:
    """The aliases that a lot of this name had when `entry` was the last of the log, and those that this name was, the
    oldest first: `organisation`, `alias`, and the lot's own `name`."""
    giver, _, alias = name.rpartition("/")
    return store.database.frame(
        "SELECT a.organisation, a.alias, lot.name FROM alias a JOIN lot ON lot.id = a.lot"
        " WHERE a.entry <= %s AND (lot.name = %s OR a.organisation = %s AND a.alias = %s) ORDER BY a.entry",
        (entry, name, giver, alias), schema={"organisation": TEXT, "alias": TEXT, "name": TEXT},
    )  # fmt: skip


def ids_on_the_label(store: Store, shipment_line: int | None) -> set[str]:
    """What the shipper of a line has called its lot: its id and every alias. Not to be shown: to compare with."""
    found = store.database.rows(
        "SELECT lot.local FROM line l JOIN lot ON lot.id = l.lot_id WHERE l.id = %s"
        " UNION SELECT a.alias FROM line l JOIN alias a ON a.lot = l.lot_id AND a.organisation = l.organisation"
        " WHERE l.id = %s",
        (shipment_line, shipment_line),
    )
    return {str(one) for (one,) in found}


def own_history(store: Store, organisation: str, lot: int, texts: Sequence[str]) -> pl.DataFrame:
    """The rows in force about a lot that the organisation filed, or that name it (by `texts`) as the other side."""
    return store.database.frame(
        'SELECT l.organisation, l.entry, l.event, l.kind, l.role, l."on", l.site, l.dry_mg, l.composition,'
        " l.method, l.party, l.counterparty_name, l.to_site FROM line l WHERE l.id IN"
        # The other side calls what was shipped under a label by another name.
        " (SELECT id FROM line WHERE lot_id = %s UNION SELECT t.shipment_line FROM transfer t JOIN line r"
        " ON r.id = t.receipt_line WHERE t.receiver = %s AND r.lot_id = %s"
        " UNION SELECT receipt_line FROM transfer WHERE shipper = %s AND lot = %s)"
        f" AND (l.organisation = %s OR (l.party IN ({marks(texts)})"
        " AND l.kind IN ('shipment', 'receipt', 'title')))"
        f" AND {IN_FORCE}"
        ' ORDER BY l."on", l.id',
        (lot, organisation, lot, organisation, lot, organisation, *texts),
        schema={
            "organisation": TEXT, "entry": WHOLE, "event": TEXT, "kind": TEXT, "role": TEXT, "on": DAY, "site": TEXT,
            "dry_mg": WHOLE, "composition": TEXT, "method": TEXT, "party": TEXT, "party_name": TEXT, "to_site": TEXT,
        },
    )  # fmt: skip


def filed_products(store: Store) -> frozenset[str]:
    """Every product that a row in force names."""
    found = store.database.rows(f"SELECT DISTINCT l.product FROM line l WHERE l.product IS NOT NULL AND {IN_FORCE}")
    return frozenset(str(product) for (product,) in found)


def first_products(store: Store, lots: Sequence[int]) -> Rows:
    """Lot and product, as first stated."""
    return store.database.rows_in(
        "SELECT lot_id, product FROM line WHERE id IN (SELECT MIN(id) FROM line WHERE product IS NOT NULL"
        " AND lot_id IN ({keys}) GROUP BY lot_id)",
        lots,
    )


def products_made(store: Store, lots: Sequence[int]) -> Rows:
    """Lot and product, as stated by the rows that made it."""
    return store.database.rows_in(
        "SELECT lot_id, product FROM line WHERE lot_id IN ({keys}) AND product IS NOT NULL"
        " AND (kind = 'origin' OR kind = 'transformation' AND role IN ('out', 'waste'))",
        lots,
    )


def stated_compositions(store: Store, lots: Sequence[int]) -> pl.DataFrame:
    """Every composition that was filed of these lots, by whom at which event, and whether it is in force."""
    return store.database.frame_in(
        'SELECT l.lot_id, l.entry, l.kind, l.role, l."on", l.organisation, l.event, l.composition,'
        f" {IN_FORCE} FROM line l WHERE l.lot_id IN ({{keys}}) AND l.composition IS NOT NULL",
        lots,
        schema={
            "lot": WHOLE, "entry": WHOLE, "kind": TEXT, "role": TEXT, "on": DAY, "organisation": TEXT, "event": TEXT,
            "composition": TEXT, "in_force": FLAG,
        },
    )  # fmt: skip


def bought_lots(store: Store, organisation: str, texts: Sequence[str]) -> Rows:
    """The lots in book that the organisation owns and was sold by title, under one of the texts."""
    return store.database.rows(
        "SELECT DISTINCT h.lot FROM line l JOIN holding h ON h.lot = l.lot_id WHERE l.kind = 'title'"
        f" AND l.party IN ({marks(texts)}) AND h.mass_mg > 0 AND h.owner = %s",
        (*texts, organisation),
    )


def holdings_of(store: Store, lots: Sequence[int]) -> Rows:
    """Lot, site and mass in mg of what is in book of these lots."""
    return store.database.rows_in("SELECT lot, site, mass_mg FROM holding WHERE mass_mg > 0 AND lot IN ({keys})", lots)


def goods_of_owner(store: Store, organisation: str, sites: Sequence[str]) -> pl.DataFrame:
    """`site`, `lot` (its name), `mass_mg`, `product` of what the organisation owns at these sites, by site and lot."""
    return store.database.frame_in(
        "SELECT h.site, lot.name, h.mass_mg, (SELECT l.product FROM line l WHERE l.lot_id = h.lot AND l.product IS NOT"
        " NULL ORDER BY l.id LIMIT 1) FROM holding h JOIN lot ON lot.id = h.lot WHERE h.owner = %s AND h.mass_mg > 0"
        " AND h.site IN ({keys}) ORDER BY h.site, lot.name",
        sites, before=(organisation,), schema={"site": TEXT, "lot": TEXT, "mass_mg": WHOLE, "product": TEXT},
    )  # fmt: skip
