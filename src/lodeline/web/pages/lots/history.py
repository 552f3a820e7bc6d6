"""What happened to a lot, as tables: holders, movements, transfers, and the entries that prove it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from lodeline.language import text
from lodeline.service.filing import transfers
from lodeline.store.queries import log as log_entries
from lodeline.web.pages.lots.cells import Names, day, mass
from lodeline.web.parts.table import Cell, Column, Row, Table
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import lots as lot_words
from lodeline.web.words import words


def holders_table(visit: Visit, movements: pl.DataFrame) -> Table:
    """Who holds how much of it by the book, and what was taken beyond that."""
    names, sites = Names(visit), words.site_names(visit.reading.snapshot.register)
    accounts = (
        movements.group_by("site", "owner", maintain_order=True)
        .agg(pl.col("held_mg").last(), pl.col("unaccounted_mg").sum(), since=pl.col("on").min())
        .sort(-pl.col("held_mg"), "since")
    )
    return Table(
        name="holders",
        caption=visit.text("Holders"),
        columns=(
            Column(key="site", label=text("Site")),
            Column(key="owner", label=text("Owner", context="lots")),
            Column(key="since", label=text("Since", context="lots, history")),
            Column(key="held", label=text("Holds now"), number=True, unit="kg"),
            Column(key="beyond", label=text("Taken beyond it"), number=True, unit="kg"),
        ),
        rows=[
            (
                Cell(
                    text=sites.get(row["site"], row["site"]) or written.NOTHING,
                    value=row["site"],
                    href=visit.url("balance", site=row["site"]) if row["site"] in sites else None,
                ),
                names.organisation(row["owner"]),
                Cell(text=written.day(row["since"], visit.language), value=row["since"].isoformat()),
                mass(row["held_mg"], visit),
                Cell(
                    text=written.mass(row["unaccounted_mg"], visit.language)
                    if row["unaccounted_mg"]
                    else written.NOTHING,
                    value=row["unaccounted_mg"] / written.MG_PER_KG,
                    tone="gain" if row["unaccounted_mg"] else None,
                    shape="up" if row["unaccounted_mg"] else "",
                ),
            )
            for row in accounts.iter_rows(named=True)
        ],
        empty=visit.text("No movement of it has been filed."),
    )


def movements_table(visit: Visit, movements: pl.DataFrame, lines: pl.DataFrame) -> Table:
    """What happened to the lot, day by day: movements, and counts, which move nothing."""
    names, sites, language = Names(visit), words.site_names(visit.reading.snapshot.register), visit.language
    columns = ["on", "kind", "role", "site", "entry", "event", "line"]
    counts = lines.filter(pl.col("kind") == "stock").select(
        *columns, delta_mg=pl.lit(None, pl.Int64()), held_mg=pl.col("dry_mg"), unaccounted_mg=pl.lit(0, pl.Int64())
    )
    both = pl.concat([movements.select(*columns, "delta_mg", "held_mg", "unaccounted_mg"), counts])
    roles = {
        "in": visit.text("consumed"),
        "out": visit.text("made"),
        "waste": visit.text("waste"),
    }

    def cells(row: Mapping[str, Any]) -> Row:
        beyond = row["unaccounted_mg"]
        return (
            Cell(text=written.day(row["on"], language), value=row["on"].isoformat()),
            Cell(
                text=words.word(lot_words.EVENTS, row["kind"], language),
                value=row["kind"],
                note=" · ".join(text for text in (roles.get(row["role"] or "", ""), row["event"]) if text),
            ),
            Cell(
                text=sites.get(row["site"], row["site"] or written.NOTHING),
                value=row["site"],
                href=visit.url("balance", site=row["site"]) if row["site"] in sites else None,
            ),
            Cell(
                text=written.mass(row["delta_mg"], language, signed=True),
                value=None if row["delta_mg"] is None else row["delta_mg"] / written.MG_PER_KG,
                note=visit.text("beyond held: ") + written.mass(beyond, language) if beyond else "",
            ),
            mass(row["held_mg"], visit),
            names.entry(row["entry"]),
        )

    return Table(
        name="movements",
        caption=visit.text("Movements"),
        columns=(
            Column(key="on", label=text("Day")),
            Column(key="kind", label=text("Event", context="lots")),
            Column(key="site", label=text("Site")),
            Column(key="delta", label=text("Change", context="lots"), number=True, unit="kg"),
            Column(key="held", label=text("Held, counted"), number=True, unit="kg"),
            Column(key="entry", label=text("Entry"), number=True),
        ),
        rows=[cells(row) for row in both.sort("on", "line").iter_rows(named=True)],
        per_page=20,
        empty=visit.text("No movement of it has been filed."),
    )


def transfers_table(visit: Visit, number: int) -> Table:
    """Its shipments with their receipts, as they stand."""
    reading, names, language = visit.reading, Names(visit), visit.language
    every = reading.answer(transfers.standing_transfers, reading.snapshot, reading.law)
    found = every.filter(pl.col("lot") == number).reverse()

    def cells(row: Mapping[str, Any]) -> Row:
        word, shape = lot_words.TRANSFER_STATES[row["state"]]
        both = row["shipped_mg"] is not None and row["received_mg"] is not None
        difference_mg = row["shipped_mg"] - row["received_mg"] if both else None
        return (
            names.organisation(row["shipper"]),
            names.organisation(row["receiver"]),
            day(row["shipped_on"], visit),
            mass(row["shipped_mg"], visit),
            day(row["received_on"], visit),
            mass(row["received_mg"], visit),
            Cell(
                text=written.mass(difference_mg, language, signed=True),
                value=None if difference_mg is None else difference_mg / written.MG_PER_KG,
            ),
            Cell(
                text=visit.localized(word),
                value=row["state"],
                shape=shape,
                tone="loss" if row["state"] == "exception" else "quiet",
            ),
        )

    return Table(
        name="transfers",
        caption=visit.text("Transfers", context="lots"),
        columns=(
            Column(key="shipper", label=text("From", context="lots")),
            Column(key="receiver", label=text("To", context="lots")),
            Column(key="shipped_on", label=text("Shipped", context="lots")),
            Column(key="shipped", label=text("Mass shipped"), number=True, unit="kg"),
            Column(key="received_on", label=text("Received", context="lots")),
            Column(key="received", label=text("Mass received"), number=True, unit="kg"),
            Column(key="difference", label=text("Difference", context="lots"), number=True, unit="kg"),
            Column(key="state", label=text("State")),
        ),
        rows=[cells(row) for row in found.iter_rows(named=True)],
        per_page=10,
        empty=visit.text("Nobody has filed that it changed hands."),
    )


def entries_table(visit: Visit, lines: pl.DataFrame) -> Table:
    """The entries of the log that name the lot, and what they say of it."""
    reading, names, language = visit.reading, Names(visit), visit.language
    counts = lines.group_by("entry").agg(kinds=pl.col("kind").unique(maintain_order=True), lines=pl.len())
    entries = reading.answer(log_entries.entries, reading.store)
    found = counts.join(entries, on="entry", how="left").sort("entry")

    def cells(row: Mapping[str, Any]) -> Row:
        kinds = visit.text(", ", context="lots, history").join(
            words.word(lot_words.EVENTS, kind, language) for kind in row["kinds"]
        )
        return (
            names.entry(row["entry"]),
            names.organisation(row["organisation"]),
            Cell(
                text=written.month(row["period"], language) if row["period"] else written.NOTHING,
                value=row["period"],
            ),
            Cell(text=written.moment(row["filed_at"], language, reading.law.timezone), value=row["filed_at"]),
            Cell(text=kinds, value=";".join(row["kinds"])),
            Cell(text=written.count(row["lines"]), value=row["lines"]),
            Cell(
                text=visit.text("Receipt", context="lots, history"),
                value=row["entry"],
                href=visit.url("receipt", entry=row["entry"]),
            ),
        )

    return Table(
        name="entries",
        caption=visit.text("Entries that prove it"),
        columns=(
            Column(key="entry", label=text("Entry")),
            Column(key="organisation", label=text("Filed by")),
            Column(key="month", label=text("Month", context="lots")),
            Column(key="filed", label=text("Filed", context="lots")),
            Column(key="kinds", label=text("Says of it")),
            Column(key="rows", label=text("Rows", context="lots"), number=True),
            Column(key="receipt", label=text("Proof")),
        ),
        rows=[cells(row) for row in found.iter_rows(named=True)],
        per_page=10,
        empty=visit.text("No entry in force names it."),
    )
