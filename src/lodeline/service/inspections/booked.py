"""What the firm's books say of the lots at a site on a day, for as many lots as a visit measures.

It is read from the rows of these lots alone, so that an inspector's telephone does not wait for a nation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from lodeline.ledger.movement import makes_lot, movements, with_balances
from lodeline.ledger.resolution import resolve
from lodeline.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """A lot in the books of a site. `held_mg` (dry) at the end of the day, of all owners; `left_on`: the last day on
    which some of it left, None where none did; `owners` of what is held; `dry_of_net`: (dry, net) of the row in which
    the site stated it last; `composition` is canonical."""

    name: str
    product: str | None
    held_mg: int
    left_on: date | None
    owners: frozenset[str]
    dry_of_net: tuple[int, int] | None
    composition: str | None


def named(
    store: Store, rows: Sequence[tuple[str, str | None]], *, organisation: str, on: date
) -> list[str | tuple[str, ...]]:
    """The canonical name of each (lot, product) as the organisation's own count would mean it; what it may mean, where
    that is several."""
    frame = pl.DataFrame(
        {
            "kind": ["stock"] * len(rows), "role": [None] * len(rows), "lot": [lot for lot, _ in rows],
            "party": [None] * len(rows), "product": [product for _, product in rows], "on": [on] * len(rows),
        },
        schema={
            "kind": pl.String(), "role": pl.String(), "lot": pl.String(), "party": pl.String(), "product": pl.String(),
            "on": pl.Date(),
        },
    )  # fmt: skip
    found = resolve(frame, organisation=organisation, known=lambda wanted: store.books.known(organisation, wanted))
    return [
        several if several else str(name) for name, several in zip(found.names, found.ambiguous, strict=True)
    ]  # fmt: skip


def booked(store: Store, names: Sequence[str], *, site: str, on: date) -> dict[str, Booked]:
    """Name → what the books say of the lots among `names` that were ever at the site up to the day."""
    ids = store.books.lot_ids(sorted(set(names)))
    if not ids:
        return {}
    lines = store.books.lines_of_lots(sorted(ids.values()))
    balanced = with_balances(movements(lines))
    here = balanced.filter((pl.col("site") == site) & (pl.col("on") <= on))
    counted = lines.filter((pl.col("site") == site) & (pl.col("on") <= on) & (pl.col("kind") == "stock"))
    made = lines.filter(makes_lot())
    by_id = {number: name for name, number in ids.items()}
    return {
        by_id[lot]: _of_lot(
            by_id[lot], here.filter(pl.col("lot") == lot), counted.filter(pl.col("lot") == lot),
            made.filter(pl.col("lot") == lot),
        )
        for lot in sorted({*here["lot"].to_list(), *counted["lot"].to_list()})
    }  # fmt: skip


def _of_lot(name: str, here: pl.DataFrame, counted: pl.DataFrame, made: pl.DataFrame) -> Booked:
    held = {row["owner"]: row["held_mg"] for row in here.iter_rows(named=True)}
    left = here.filter(pl.col("delta_mg") < 0)["on"].max()
    weighed = [*counted.sort("on").to_dicts(), *made.to_dicts(), *here.sort("on").to_dicts()]
    rows = [row for row in weighed if row["mass_mg"] and row["dry_mg"] is not None]
    return Booked(
        name=name,
        product=_last(weighed, "product"),
        held_mg=sum(held.values()),
        left_on=left if isinstance(left, date) else None,
        owners=frozenset(owner for owner, mass_mg in held.items() if mass_mg),
        dry_of_net=(rows[0]["dry_mg"], rows[0]["mass_mg"]) if rows else None,
        composition=_last(made.to_dicts() or weighed, "composition"),
    )


def _last(rows: Sequence[Mapping[str, Any]], column: str) -> str | None:
    return next((row[column] for row in reversed(rows) if row[column]), None)


def compositions_of(store: Store, names: Sequence[str]) -> dict[str, str]:
    """Name → the composition that a lot's maker states, canonical; else what whoever else assayed it stated last."""
    ids = store.books.lot_ids(sorted(set(names)))
    if not ids:
        return {}
    lines = store.books.lines_of_lots(sorted(ids.values())).filter(pl.col("composition").is_not_null())
    stated = lines.with_columns(made=makes_lot()).sort("made", "line")
    return {
        name: str(found["composition"][-1])
        for name, number in ids.items() if (found := stated.filter(pl.col("lot") == number)).height
    }  # fmt: skip
