"""Parties: the names that papers give them, and with whom a firm deals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import polars as pl

from lodeline.store.books import IN_FORCE
from lodeline.store.database import DAY, TEXT, WHOLE, Rows
from lodeline.store.store import Store

#: What a paper is called, its table, and its columns of a number or an id and of the name beside it.
_NAMING: Final = (
    ("filing", "line", "counterparty", "counterparty_name"),
    ("filing", "line", "counterparty", "counterparty_other_name"),
    ("invoice", "invoice_line", "seller", "seller_name"),
    ("invoice", "invoice_line", "buyer", "buyer_name"),
)


def names_beside_numbers(store: Store) -> Iterator[tuple[str, Rows]]:
    """What papers are called, and every pair of number or id and name in them, with the first entry and day."""
    for paper, table, number, name in _NAMING:
        yield (
            paper,
            store.database.rows(
                f'SELECT {number}, {name}, MIN(entry), MIN("on") FROM {table} WHERE {number} IS NOT NULL'
                f" AND {name} IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2"
            ),
        )


def names_filed(store: Store, lines: Sequence[int]) -> pl.DataFrame:
    """`line`, `name`: what these rows call their counterparty."""
    return store.database.frame_in(
        "SELECT id, COALESCE(counterparty_name, counterparty) FROM line WHERE id IN ({keys})",
        lines, schema={"line": WHOLE, "name": TEXT},
    )  # fmt: skip


def partners_filed(store: Store, organisation: str) -> pl.DataFrame:
    """Customers and suppliers as rows in force name them: how often, how much, first and last day."""
    side = "CASE l.kind WHEN 'receipt' THEN 'supplier' ELSE 'customer' END"
    return store.database.frame(
        f"SELECT l.party, l.counterparty_name, l.counterparty_country, {side}, COUNT(*),"
        ' CAST(SUM(l.dry_mg) AS BIGINT), MIN(l."on"), MAX(l."on") FROM line l WHERE l.organisation = %s'
        f" AND l.kind IN ('shipment', 'receipt', 'export') AND l.to_site IS NULL AND {IN_FORCE}"
        f" GROUP BY l.party, l.counterparty_name, l.counterparty_country, {side}",
        (organisation,),
        schema={
            "party": TEXT, "name": TEXT, "country": TEXT, "side": TEXT, "deliveries": WHOLE, "mass_mg": WHOLE,
            "first_on": DAY, "last_on": DAY,
        },
    )  # fmt: skip
