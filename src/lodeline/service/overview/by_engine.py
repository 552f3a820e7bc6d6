"""The heavy frames of a snapshot, made part by part by an engine: the same rows, in the same order.

| frame | parts |
|---|---|
| `pairing` | by shipper |
| `own_facts`, `balanced` | by lot |
| `lot_assays`, `site_assays` | by lot, once it is known which lot is which |
"""

from __future__ import annotations

import polars as pl

from lodeline.engine.running import Engine, Frames, buckets, parted
from lodeline.ledger.movement import booked, lot_facts
from lodeline.ledger.transfer import PAIRED_BY, PAIRS, Pairing, pair
from lodeline.store.snapshot import ASSAYS_BY, BALANCED_BY, SITE_ASSAYS_BY, Snapshot

_LOT = pl.col("lot")
_SHIPPER = pl.when(pl.col("kind") == "shipment").then("organisation").otherwise("party")
#: What a site's own assays are read from.
_ASSAYED = ("kind", "site", "lot", "on", "organisation", "event", "ordinal", "composition")


def is_prepared(snapshot: Snapshot) -> bool:
    """Whether a snapshot has its heavy frames, as one of the same goods under a new stamp does."""
    return "balanced" in vars(snapshot)


def prepare(snapshot: Snapshot, engine: Engine) -> None:
    """Gives a snapshot its heavy frames, as an engine makes them."""
    kept, lines = vars(snapshot), snapshot.lines
    number = buckets(engine, lines.height)
    moving = lines.filter(pl.col("kind").is_in(["shipment", "receipt"])).select(PAIRS)
    aliases = snapshot.inherited
    paired = engine.run(
        paired_by_shipper,
        parted(number, lines=(moving, _SHIPPER), aliases=(aliases, pl.col("organisation"))),
    )
    kept["pairing"] = Pairing(rows=_whole(paired, "rows", *PAIRED_BY), others=_whole(paired, "others"))
    del paired
    booked = engine.run(booked_by_lot, parted(number, lines=(lines, _LOT)))
    kept["own_facts"] = _whole(booked, "own_facts", _LOT)
    kept["balanced"] = _whole(booked, "balanced", *BALANCED_BY)
    del booked
    facts = snapshot.known_facts.select("lot", "composition")
    assayed = engine.run(assayed_by_lot, parted(number, facts=(facts, _LOT), lines=(lines.select(_ASSAYED), _LOT)))
    kept["lot_assays"] = _whole(assayed, "lot_assays", *ASSAYS_BY)
    kept["site_assays"] = _whole(assayed, "site_assays", *SITE_ASSAYS_BY)


def paired_by_shipper(part: Frames) -> Frames:
    """The pairing of some shippers' lines and of the receipts that name them."""
    found = pair(part["lines"], part["aliases"])
    return {"rows": found.rows, "others": found.others}


def booked_by_lot(part: Frames) -> Frames:
    """What some lots are by their own lines, and how they moved."""
    return {"own_facts": lot_facts(part["lines"]), "balanced": booked(part["lines"])}


def assayed_by_lot(part: Frames) -> Frames:
    """The compositions of some lots, and sites' own assays of them."""
    of_lots = Snapshot.compositions(part["facts"])
    return {"lot_assays": of_lots, "site_assays": Snapshot.own_assays(part["lines"], of_lots)}


def _whole(parts: list[Frames], name: str, *order: pl.Expr) -> pl.DataFrame:
    """A frame of all parts, in the order that it has when it is made at once."""
    whole = pl.concat([part[name] for part in parts])
    return whole.sort(order, maintain_order=True) if order else whole
