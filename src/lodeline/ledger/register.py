"""Who may file and what is known of sites, methods, models and grants: the register as of one log entry.

Records are frames with one row per record and the columns of a dossier (docs/reference/dossier.md);
lists inside a cell are lists here, dates are dates, masses are integer milligrams.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import polars as pl

from lodeline.ledger.extension import Extension, extensions_of
from lodeline.ledger.licence import Licence, licences_of
from lodeline.ledger.parallel_run import ParallelRun, parallel_run_of

_TEXT, _DATE, _LIST = pl.String(), pl.Date(), pl.List(pl.String())

#: Table name → polars schema. The order of the columns is the canonical order of a record's cells.
TABLES: dict[str, dict[str, pl.DataType]] = {
    "organisations": {
        "id": _TEXT, "name_zh": _TEXT, "name_en": _TEXT, "aliases": _LIST, "country": _TEXT, "roles": _LIST,
        "uscc": _TEXT, "lei": _TEXT, "valid_from": _DATE, "valid_to": _DATE,
    },
    "sites": {
        "id": _TEXT, "organisation": _TEXT, "name": _TEXT, "stage": _TEXT, "region": _TEXT, "lat": _TEXT, "lon": _TEXT,
        "capacity_mg_per_month": pl.Int64(), "valid_from": _DATE, "valid_to": _DATE,
    },
    "methods": {
        "id": _TEXT, "quantity": _TEXT, "element": _TEXT, "random_pct": _TEXT, "systematic_pct": _TEXT,
        "calibration": _TEXT,
    },
    "models": {
        "id": _TEXT, "organisation": _TEXT, "product": _TEXT, "grade": _TEXT, "mass_per_piece_mg": pl.Int64(),
        "composition": _TEXT, "test_report": _TEXT, "hs_code": _TEXT, "control_item": _TEXT, "valid_from": _DATE,
        "valid_to": _DATE,
    },
    "processes": {"id": _TEXT, "stage": _TEXT, "yield_low_pct": _TEXT, "yield_high_pct": _TEXT, "source": _TEXT},
    "quotas": {
        "organisation": _TEXT, "kind": _TEXT, "ore_type": _TEXT, "year": pl.Int64(), "reo_mg": pl.Int64(),
        "instrument": _TEXT,
    },
    "licences": {
        "id": _TEXT, "kind": _TEXT, "exporter": _TEXT, "end_users": _LIST, "control_items": _LIST, "products": _LIST,
        "mass_mg": pl.Int64(), "elements": _TEXT, "destination": _TEXT, "end_use": _TEXT, "valid_from": _DATE,
        "valid_to": _DATE,
    },
    "licence_acts": {
        "id": _TEXT, "licence": _TEXT, "deed": _TEXT, "on": _DATE, "holder": _TEXT, "reason": _TEXT,
    },
    "licence_proposals": {
        "id": _TEXT, "licence": _TEXT, "deed": _TEXT, "on": _DATE, "holder": _TEXT, "reason": _TEXT, "by": _TEXT,
        "state": _TEXT, "answer": _TEXT,
    },
    "extensions": {
        "id": _TEXT, "period": _TEXT, "region": _TEXT, "organisations": _LIST, "until": _DATE, "reason": _TEXT,
    },
    "parallel_run": {"id": _TEXT, "until": _DATE, "reason": _TEXT},
    "successions": {
        "id": _TEXT, "kind": _TEXT, "organisation": _TEXT, "successor": _TEXT, "site": _TEXT, "on": _DATE,
        "reason": _TEXT,
    },
    "parties": {
        "id": _TEXT, "name": _TEXT, "country": _TEXT, "identifiers": _LIST, "merged_into": _TEXT, "reason": _TEXT,
        "valid_from": _DATE, "valid_to": _DATE,
    },
    "party_names": {
        "name": _TEXT, "party": _TEXT, "others": _LIST, "basis": _TEXT, "probability": _TEXT, "reason": _TEXT,
        "valid_from": _DATE, "valid_to": _DATE,
    },
    "ownership": {
        "owner": _TEXT, "owned": _TEXT, "share_pct": _TEXT, "valid_from": _DATE, "valid_to": _DATE, "source": _TEXT,
    },
    "party_proposals": {
        "id": _TEXT, "kind": _TEXT, "party": _TEXT, "into": _TEXT, "names": _LIST, "reason": _TEXT, "by": _TEXT,
        "state": _TEXT,
    },
}  # fmt: skip

#: An alias with which an organisation says of itself that it was made up.
SYNTHETIC_ALIAS = "synthetic:"

#: What identifies a record of each table; a later record with the same key replaces the earlier one.
KEYS: dict[str, tuple[str, ...]] = {
    "organisations": ("id",),
    "sites": ("id",),
    "methods": ("id", "quantity", "element"),
    "models": ("id", "organisation"),
    "processes": ("id",),
    "quotas": ("organisation", "kind", "ore_type", "year", "instrument"),
    "licences": ("id",),
    "licence_acts": ("id",),
    "licence_proposals": ("id",),
    "extensions": ("id",),
    "parallel_run": ("id",),
    "successions": ("id",),
    "parties": ("id",),
    "party_names": ("name",),
    "ownership": ("owner", "owned", "valid_from"),
    "party_proposals": ("id",),
}


#: In the `method` of a stock row: the mass is repeated from the count before, nobody weighed it again. No register has
#: a method of that name.
CARRIED_OVER: Final = "carried-over"


@dataclass(frozen=True, kw_only=True)
class Register:
    """The records in force after one log entry, by table name (the keys of `TABLES`)."""

    tables: Mapping[str, pl.DataFrame] = field(
        default_factory=lambda: {name: pl.DataFrame(schema=schema) for name, schema in TABLES.items()}
    )

    @cached_property
    def site_organisation(self) -> dict[str, str]:
        """Site id → id of the organisation that holds it."""
        sites = self.tables["sites"]
        return dict(zip(sites["id"], sites["organisation"], strict=True))

    @cached_property
    def site_stage(self) -> dict[str, str]:
        """Site id → its stage."""
        return dict(self.tables["sites"].select("id", pl.col("stage").fill_null("")).iter_rows())

    @cached_property
    def firms_of_region(self) -> dict[str, frozenset[str]]:
        """Region → the organisations that have a site in it."""
        rows = self.tables["sites"].select("region", "organisation").drop_nulls().unique()
        return {str(region): frozenset(found["organisation"]) for (region,), found in rows.group_by("region")}

    @cached_property
    def yield_band(self) -> dict[str, tuple[float, float]]:
        """Stage → the widest band of yields, in percent, of the processes registered for it."""
        rows = (
            self.tables["processes"]
            .group_by("stage")
            .agg(pl.col("yield_low_pct").cast(pl.Float64()).min(), pl.col("yield_high_pct").cast(pl.Float64()).max())
        )
        return {stage: (low, high) for stage, low, high in rows.drop_nulls().iter_rows()}

    @cached_property
    def synthetic(self) -> tuple[int, int]:
        """How many organisations say of themselves that they are synthetic, and how many there are."""
        aliases = self.tables["organisations"]["aliases"]
        marked = aliases.list.eval(pl.element().str.starts_with(SYNTHETIC_ALIAS)).list.any()
        return int(marked.sum()), len(aliases)

    @cached_property
    def licences(self) -> Mapping[str, Licence]:
        """Licence id → the licence with its acts."""
        return licences_of(self.tables)

    def licences_held_by(self, organisation: str) -> tuple[Licence, ...]:
        """The licences that an organisation holds or held, in the order of the register."""
        return tuple(self._licences_by_holder.get(organisation, ()))

    @cached_property
    def _licences_by_holder(self) -> Mapping[str, Sequence[Licence]]:
        found: dict[str, list[Licence]] = {}
        for licence in self.licences.values():
            for holder in licence.holders:
                found.setdefault(holder, []).append(licence)
        return found

    @cached_property
    def extensions(self) -> Mapping[str, Sequence[Extension]]:
        """Month → what has been extended of it, the longest last."""
        return extensions_of(self.tables)

    @cached_property
    def parallel_run(self) -> ParallelRun | None:
        """Until when nothing counts; None where no parallel run was set."""
        return parallel_run_of(self.tables)

    @cached_property
    def roles(self) -> dict[str, frozenset[str]]:
        """Organisation id → its roles."""
        rows = self.tables["organisations"].select("id", "roles").iter_rows()
        return {organisation: frozenset(roles or ()) for organisation, roles in rows}

    @cached_property
    def organisation_by_name(self) -> dict[str, str]:
        """Case-folded name or alias → organisation id, where exactly one organisation bears it."""
        return {name: next(iter(ids)) for name, ids in self._bearers().items() if len(ids) == 1}

    def _bearers(self) -> dict[str, set[str]]:
        """Case-folded name, alias or id → the organisations that bear it."""
        found: dict[str, set[str]] = {}
        for row in self.tables["organisations"].select("id", "name_zh", "name_en", "aliases").iter_rows():
            for name in {name.strip().casefold() for name in (*row[:3], *(row[3] or ())) if name}:
                found.setdefault(name, set()).add(row[0])
        return found

    @cached_property
    def party_of(self) -> dict[str, str]:
        """Counterparty as a row has it (an id, or the name as filed) → the party it means, where that is another text.

        Names are those that were decided (`party_names`); parties that were merged are followed to the last. A ring of
        mergers, which no verb makes, ends where it began.
        """
        into = {row["id"]: row["merged_into"] for row in self._rows("parties") if row["merged_into"]}

        def last(party: str) -> str:
            passed = {party}
            while (above := into.get(party)) is not None and above not in passed:
                passed.add(above)
                party = above
            return party

        named = {row["name"]: last(row["party"]) for row in self._rows("party_names") if row["party"]}
        return {text: party for text, party in {**named, **{one: last(one) for one in into}}.items() if text != party}

    @cached_property
    def _texts_of(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for text, party in sorted(self.party_of.items()):
            found.setdefault(party, [party]).append(text)
        return found

    def texts_of(self, party: str) -> list[str]:
        """Everything that rows may have in the place of a party: its id first, then what `party_of` leads to it."""
        return self._texts_of.get(party, [party])

    def meant(self, lines: pl.DataFrame) -> pl.DataFrame:
        """The rows, the column `party` being whom each means (`party_of`) instead of what it was filed as."""
        if not self.party_of or lines.is_empty():
            return lines
        return lines.with_columns(pl.col("party").replace(self.party_of))

    @cached_property
    def party_ids(self) -> frozenset[str]:
        """Ids of the organisations and parties, those that were merged included."""
        return frozenset(self.roles) | {row["id"] for row in self._rows("parties")}

    @cached_property
    def party_by_name(self) -> dict[str, str]:
        """Case-folded name → id of the organisation or party, where exactly one bears it."""
        found = self._bearers()
        for row in self._rows("parties"):
            if row["name"]:
                found.setdefault(row["name"].strip().casefold(), set()).add(self.party_of.get(row["id"], row["id"]))
        return {name: next(iter(ids)) for name, ids in found.items() if len(ids) == 1}

    @cached_property
    def denied(self) -> dict[str, frozenset[str]]:
        """Name as filed that was looked at and is open → the parties that it is not."""
        return {row["name"]: frozenset(row["others"] or ()) for row in self._rows("party_names") if not row["party"]}

    def _rows(self, table: str) -> list[dict[str, Any]]:
        return self.tables[table].to_dicts() if table in self.tables else []

    @cached_property
    def grants(self) -> dict[tuple[str, str, str, int], int]:
        """(organisation, kind, ore type, year) → mg of REO granted; the ore type is "" where a grant names none."""
        totals: dict[tuple[str, str, str, int], int] = {}
        for organisation, kind, ore_type, year, reo_mg in (
            self.tables["quotas"]
            .select("organisation", "kind", _ore_type(pl.col("ore_type")), "year", "reo_mg")
            .iter_rows()
        ):
            key = (organisation, kind, ore_type, year)
            totals[key] = totals.get(key, 0) + reo_mg
        return totals

    def grant_for(self, organisation: str, kind: str, ore_type: str, year: int) -> tuple[str, str, str, int]:
        """The grant that a draw falls to: that of its ore type, else the one that names no type."""
        typed = (organisation, kind, ore_type, year)
        return typed if typed in self.grants else (organisation, kind, "", year)


def _ore_type(column: pl.Expr) -> pl.Expr:
    """`rock` or `ion` of the words that grants use; "" where a grant names no type."""
    word = column.str.to_lowercase()
    return (
        pl.when(word.str.contains("ion|heavy|离子|重"))
        .then(pl.lit("ion"))
        .when(word.str.contains("rock|light|bastn|mixed|monazite|岩矿|轻"))
        .then(pl.lit("rock"))
        .otherwise(pl.lit(""))
        .alias("ore_type")
    )
