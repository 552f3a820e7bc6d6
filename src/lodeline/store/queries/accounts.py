"""Accounts: whom a demonstration takes for its sample firms, and sweeping after an erasure."""

from __future__ import annotations

from collections.abc import Iterable

from lodeline.store.database import Database


def sample_firms(database: Database) -> dict[str, str]:
    """`maker`: of those who make magnets and are shipped something, the one most open shipments go to; `supplier`: who
    ships to it most."""
    receivers = database.rows(
        "SELECT receiver, SUM(CASE WHEN receipt_line IS NULL THEN 1 ELSE 0 END) AS waiting FROM transfer"
        " WHERE receiver IN"
        " (SELECT organisation FROM line WHERE product LIKE 'magnet-ndfeb%%' AND kind = 'transformation')"
        " GROUP BY receiver ORDER BY waiting DESC, receiver"
    )
    if not receivers:
        return {}
    maker = str(receivers[0][0])
    suppliers = database.rows(
        "SELECT shipper, COUNT(*) FROM transfer WHERE receiver = %s AND shipper IS NOT NULL GROUP BY shipper"
        " ORDER BY COUNT(*) DESC, shipper",
        (maker,),
    )
    return {"maker": maker, **({"supplier": str(suppliers[0][0])} if suppliers else {})}


def most_exported_to(database: Database, *, besides: str) -> str:
    """The country that most rows of exports name, as ISO 3166-1 alpha-2, besides one; "" where none names any."""
    found = database.rows(
        "SELECT counterparty_country FROM line WHERE kind = 'export' AND counterparty_country NOT IN ('', %s)"
        " GROUP BY counterparty_country ORDER BY COUNT(*) DESC, counterparty_country LIMIT 1",
        (besides,),
    )
    return str(found[0][0]) if found else ""


def sweep(database: Database, tables: Iterable[str]) -> None:
    """Writes the tables anew without what was overwritten in them; on SQLite the whole file, and its log is emptied."""
    if database.is_sqlite:
        database.execute("VACUUM")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    else:
        database.execute("VACUUM " + ", ".join(f'"{table}"' for table in tables))
