"""A small industry for detectors: rows as one would type them, and every frame that follows from them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import polars as pl
from tests.desk import LAW, ledger_lines, organisation, site

from lodeline.detection.battery import DETECTORS
from lodeline.detection.comparison import UNFILED
from lodeline.detection.finding import Finding
from lodeline.detection.papers import FILINGS, PAPERS
from lodeline.ledger.movement import lot_facts, movements, with_balances
from lodeline.ledger.register import TABLES, Register
from lodeline.ledger.transfer import match
from lodeline.material.assay import explode, with_treo

KG = 1_000_000


def months(rows: dict[str, list[str]]) -> pl.DataFrame:
    """Lines of several months: month → rows of `tests.desk.ledger_lines`; lines and entries are numbered throughout."""
    lines = pl.concat([ledger_lines(*one, year_month=month) for month, one in rows.items()])
    numbers = pl.int_range(1, pl.len() + 1, dtype=pl.Int64)
    return lines.with_columns(line=numbers, entry=numbers)


def assays(lines: pl.DataFrame) -> pl.DataFrame:
    """`lot`, `element`, `ppb` of every lot, TREO stated or derived."""
    facts = lot_facts(lines).with_row_index("place")
    return with_treo(explode(facts["composition"])).join(facts.select("place", "lot"), on="place").drop("place")


def own_assays(lines: pl.DataFrame) -> pl.DataFrame:
    """`site`, `lot`, `element`, `ppb` that receivers stated."""
    own = lines.filter((pl.col("kind") == "receipt") & pl.col("composition").is_not_null())
    held = own.unique(["site", "lot"], keep="last").with_row_index("place")
    return with_treo(explode(held["composition"])).join(held.select("place", "site", "lot"), on="place").drop("place")


def papers(lines: pl.DataFrame, **columns: Any) -> pl.DataFrame:
    """`PAPERS` with an expression or a value for each column named."""
    stated = lines.select(
        "line", **{name: one if isinstance(one, pl.Expr) else pl.lit(one) for name, one in columns.items()}
    )
    missing = [pl.lit(None, kind).alias(name) for name, kind in PAPERS.items() if name not in stated.columns]
    return stated.with_columns(missing).select(pl.col(name).cast(kind) for name, kind in PAPERS.items())


def register(lines: pl.DataFrame, **tables: list[dict[str, object]]) -> Register:
    """Every organisation and site of the lines, and the records given in their stead."""
    given = {str(one["id"]) for rows in tables.values() for one in rows}
    pairs = lines.select("organisation", "site").drop_nulls().unique().sort("site").iter_rows()
    sites = [site(name, holder) for holder, name in pairs if name not in given]
    firms = pl.concat([lines["organisation"], lines["party"]]).drop_nulls().unique().sort()
    organisations = [organisation(name) for name in firms if name not in given]
    records = {
        "organisations": organisations + tables.get("organisations", []),
        "sites": sites + tables.get("sites", []),
    }
    return Register(
        tables={name: pl.DataFrame(records.get(name, []), schema=schema) for name, schema in TABLES.items()}
    )


def sight(lines: pl.DataFrame, **other: Any) -> SimpleNamespace:
    """What detectors look at, as it follows from the lines; whatever is named stands in its stead."""
    moved = with_balances(movements(lines)).rename({"line": "seq"})
    held = lines.filter(pl.col("kind") == "stock").select(
        "organisation", "site", "lot", "on", "location", "product", "method", "entry", "event", seq="line",
        mass_mg="dry_mg",
    )  # fmt: skip
    made: dict[str, Any] = {
        "lines": lines, "movements": moved, "counts": held, "lot_assays": assays(lines), "lot_facts": lot_facts(lines),
        "site_assays": own_assays(lines), "transfers": match(lines), "register": register(lines), "law": LAW,
        "papers": papers(lines), "filings": pl.DataFrame(schema=dict(FILINGS)),
        "status": pl.DataFrame(schema={"organisation": pl.String, "period": pl.String, "state": pl.String}),
        "unfiled": pl.DataFrame(schema=dict(UNFILED)),
    }  # fmt: skip
    return SimpleNamespace(**{**made, **other})


def look(detector: str, lines: pl.DataFrame, **other: Any) -> list[Finding]:
    """What one detector of the battery sees."""
    (found,) = (one for one in DETECTORS if one.name == detector)
    return found.look(sight(lines, **other))
