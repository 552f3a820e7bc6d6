"""Exports: what firms have filed of goods that left, what customs have sent, and what rows say of their papers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from lodeline.store.books import IN_FORCE
from lodeline.store.database import DAY, TEXT, WHOLE, marks
from lodeline.store.store import Store


def exports_of(store: Store, exporters: Sequence[str], *, before: int | None = None) -> pl.DataFrame:
    """The exports in force of these firms, from the entries below `before`; `country` is that of the buyer."""
    bound = "" if before is None else f" AND l.entry < {int(before)}"
    return store.database.frame_in(
        'SELECT l.id, l.organisation, l."on", l.product, l.mass_mg, l.dry_mg, l.licence, l.destination,'
        " l.counterparty_country, l.end_user_name, l.counterparty_name, l.party, l.declaration FROM line l"
        f" WHERE l.kind = 'export'{bound} AND l.organisation IN ({{keys}}) AND {IN_FORCE}",
        exporters,
        schema={
            "line": WHOLE, "organisation": TEXT, "on": DAY, "product": TEXT, "mass_mg": WHOLE, "dry_mg": WHOLE,
            "licence": TEXT, "destination": TEXT, "country": TEXT, "end_user_name": TEXT, "counterparty_name": TEXT,
            "party": TEXT, "declaration": TEXT,
        },
    )  # fmt: skip


def declared_exports_of(store: Store, exporters: Sequence[str], *, before: int) -> pl.DataFrame:
    """The lines of exports of these firms that customs have sent in the entries below `before`, the newest of each."""
    found = store.database.frame_in(
        'SELECT id, exporter, "on", product, mass_mg, destination, end_user_name, consignee_name, declaration, line'
        f" FROM customs_line WHERE direction = 'export' AND entry < {int(before)} AND exporter IN ({{keys}})",
        exporters,
        schema={
            "id": WHOLE, "organisation": TEXT, "on": DAY, "product": TEXT, "dry_mg": WHOLE, "destination": TEXT,
            "end_user_name": TEXT, "counterparty_name": TEXT, "declaration": TEXT, "number": TEXT,
        },
    )  # fmt: skip
    return found.sort("id").unique(["declaration", "number"], keep="last", maintain_order=True)


def filed_papers(store: Store, schema: Mapping[str, pl.DataType], kinds: Sequence[str] = ()) -> pl.DataFrame:
    """`line` and the cells that `schema` names behind it of all rows, or of those of some kinds, in force or not."""
    cells = ", ".join(list(schema)[1:])
    condition = f" WHERE kind IN ({marks(kinds)})" if kinds else ""
    return store.database.frame(f"SELECT id, {cells} FROM line{condition} ORDER BY id", kinds, schema=dict(schema))
