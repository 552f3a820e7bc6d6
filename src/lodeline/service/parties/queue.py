"""What a person sees before deciding about a name or a party: candidates with reasons, and where it was seen."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from lodeline.ledger.register import Register
from lodeline.material.mass import format_kg
from lodeline.party.registered import REGISTER, registered
from lodeline.party.resolution import as_row, parties_of, party_of
from lodeline.party.screening import FILED, Hit, Screener
from lodeline.service.parties.index import screener_of
from lodeline.service.parties.parties import history, unsettled
from lodeline.service.parties.screening import standing_json
from lodeline.store.queries.parties import names_filed
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store

Json = dict[str, Any]
#: Candidates of a name, and names that are alike, that are shown.
CANDIDATES = 5


def queue(
    store: Store, snapshot: Snapshot, *, day: date, firms: frozenset[str] | None = None, most: int = 50, first: int = 0
) -> Json:
    """Names that wait, the largest mass first, each with its candidates; `waiting` counts all of them."""
    every = unsettled(snapshot, firms=firms)
    screener = screener_of(store, snapshot)
    names = [_waiting(row, snapshot.register, screener, day) for row in every[first : first + most].to_dicts()]
    return {"waiting": every.height, "names": names, "day": day.isoformat(), "stamp": snapshot.stamp}


def name(
    store: Store, snapshot: Snapshot, text: str, *, day: date, firms: frozenset[str] | None = None
) -> Json | None:  # fmt: skip
    """One name with its candidates and history; None where no row in force has it."""
    row = unsettled(snapshot, firms=firms).filter(pl.col("name") == as_row(text)).to_dicts()
    if not row:
        return None
    shown = _waiting(row[0], snapshot.register, screener_of(store, snapshot), day)
    return {**shown, "history": history(store, text)}


def _waiting(row: Json, register: Register, screener: Screener, day: date) -> Json:
    country = row["countries"][0] if len(row["countries"]) == 1 else None
    found = screener.screen(row["name"], day=day, country=country, most=4 * CANDIDATES)
    denied = register.denied.get(row["name"], frozenset())
    alike = [
        hit.name for hit in found.hits if all(one.source == FILED for one in hit.records) and hit.name != row["name"]
    ]
    listed = [hit for hit in found.hits if hit.standings]
    return {
        "name": row["name"], "by": row["by"], "countries": row["countries"], "rows": row["rows"],
        "mass_kg": format_kg(row["mass_mg"]), "first_on": row["first_on"].isoformat(),
        "last_on": row["last_on"].isoformat(),
        "remarks": [one.as_json() for one in found.remarks],
        "candidates": [
            {**candidate(hit), "denied": party_of(hit) in denied} for hit in parties_of(found)[:CANDIDATES]
        ],
        "also_filed": alike[:CANDIDATES],
        "listed": [{"name": hit.name, "probability": round(hit.probability, 4),
                    "standings": [standing_json(one) for one in hit.standings]} for hit in listed],
    }  # fmt: skip


def candidate(hit: Hit) -> Json:
    """A party of the register that a name may mean."""
    record = next(one for one in hit.records if one.source == REGISTER)
    return {
        "party": record.id, "name": hit.name, "names": list(record.names), "countries": sorted(record.countries),
        "identifiers": sorted(f"{one.scheme}:{one.number}" for one in record.identifiers),
        "probability": round(hit.probability, 4), "reasons": [one.as_json() for one in hit.reasons],
    }  # fmt: skip


def party(
    store: Store, snapshot: Snapshot, asked: str, *, day: date, firms: frozenset[str] | None = None
) -> Json | None:  # fmt: skip
    """A party by its id, or by a name that leads to it: names, numbers, owners and holdings, listings, rows, history.

    `firms`: only the rows that these have filed are counted.
    """
    register = snapshot.register
    meant = register.party_of.get(as_row(asked), asked)
    record = next((one for one in registered(register) if one.id == meant), None)
    if record is None:
        return None
    screener = screener_of(store, snapshot)
    ownership = register.tables["ownership"].to_dicts() if "ownership" in register.tables else []
    return {
        "id": meant, "names": list(record.names), "countries": sorted(record.countries),
        "identifiers": sorted(f"{one.scheme}:{one.number}" for one in record.identifiers),
        "organisation": meant in register.roles,
        "merged": sorted(text for text in register.texts_of(meant)[1:] if text in register.party_ids),
        "decided_names": sorted(text for text in register.texts_of(meant)[1:] if text not in register.party_ids),
        "owners": [_stake(row) for row in ownership if register.party_of.get(row["owned"], row["owned"]) == meant],
        "holds": [_stake(row) for row in ownership if register.party_of.get(row["owner"], row["owner"]) == meant],
        "listed": [standing_json(one) for one in screener.standings(f"{REGISTER}:{meant}", day=day)],
        "seen": seen_as(store, snapshot, meant, firms=firms),
        "history": history(store, meant),
        "proposals": [row for row in proposals(register) if meant in (row["party"], row["into"])],
        "day": day.isoformat(), "stamp": snapshot.stamp,
    }  # fmt: skip


def proposals(register: Register) -> list[Json]:
    """Mergers and splits that wait for another person."""
    rows = register.tables["party_proposals"].to_dicts() if "party_proposals" in register.tables else []
    return [row for row in rows if row["state"] == "proposed"]


def _stake(row: Json) -> Json:
    return {
        "owner": row["owner"], "owned": row["owned"], "share_pct": row["share_pct"],
        "since": row["valid_from"].isoformat() if row["valid_from"] else None,
        "until": row["valid_to"].isoformat() if row["valid_to"] else None, "source": row["source"],
    }  # fmt: skip


def seen_as(store: Store, snapshot: Snapshot, party: str, *, firms: frozenset[str] | None = None) -> list[Json]:
    """Who has filed rows with a party, under which text, how often and how much. firms: whose rows are counted."""
    lines = snapshot.rows("lines", "party", [party])
    if firms is not None:
        lines = lines.filter(pl.col("organisation").is_in(list(firms)))
    if lines.is_empty():
        return []
    named = names_filed(store, lines["line"].to_list())
    found = (
        lines.join(named, on="line")
        .group_by("organisation", "name")
        .agg(rows=pl.len(), mass_mg=pl.col("dry_mg").sum(), last_on=pl.col("on").max())
        .sort("mass_mg", "organisation", "name", descending=[True, False, False], nulls_last=True)
    )
    return [
        {
            "by": row["organisation"], "name": row["name"], "rows": row["rows"], "mass_kg": format_kg(row["mass_mg"]),
            "last_on": row["last_on"].isoformat(),
        }
        for row in found.to_dicts()
    ]  # fmt: skip
