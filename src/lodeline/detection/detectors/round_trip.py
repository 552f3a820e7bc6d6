"""Goods go from firm to firm and come back, the same mass and the same composition, and nobody has used them.

Loophole: one lot is sold again and again to make turnover, to raise a price, to earn a refund, or to give material
from nowhere a history. What comes back whole was not worked by anybody on the way.

Innocent: goods sent back or taken back; work on order; a warehouse that belongs to another firm; two lots of one make
and mass that passed each other, where the books do not say so.
Ask: contracts, invoices and payments of every hop; where the goods lay; what each firm did with them.
Evidence: every transfer of the round, in order.
Source: temporal cycles (Kumar & Calders, VLDB 2018), here with mass and composition conserved (flow.cycles).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import polars as pl

from lodeline.detection.detector import ROW, Detector, plain
from lodeline.detection.evidence import described, last_day
from lodeline.detection.finding import Finding, ranked
from lodeline.detection.limits import Limits
from lodeline.detection.rings import WAY, Ring, hop_rows, ring_fact, rings, subject_of, times, ways_back, ways_of
from lodeline.language import Text, text
from lodeline.ledger.transfer import closing_tolerance_mg
from lodeline.material.element import TREO
from lodeline.message import Mass, Texts

INNOCENT: tuple[Text, ...] = (
    text("The goods were sent back: refused, surplus, or on trial."),
    text("The firms work for each other on order, or store for each other."),
    text("Two lots of one make and mass passed each other."),
)
ASK: tuple[Text, ...] = (
    text("Contracts, invoices and payments of every hop."),
    text("Where the goods lay from day to day, and who carried them."),
    text("What each firm did with the goods."),
)
TEXTS: Final = Texts(
    "round-trip",
    {
        "went-round": text(
            "Goods went round {ring} {times}: {mass} kg of one make came back with the mass and "
            "composition with which they left."
        ),
    },
)
#: Rows of a round that evidence lists: three rounds of eight hops.
_ROWS = 24


def _ways(*, transfers: pl.DataFrame, lot_facts: pl.DataFrame) -> pl.DataFrame:
    """The ways that goods take (`detection.rings.WAY`), each of the `organisation` that ships them."""
    return ways_of(_hops(transfers, lot_facts)).with_columns(organisation="source")


def round_trip(
    *, transfers: pl.DataFrame, lines: pl.DataFrame, movements: pl.DataFrame, lot_facts: pl.DataFrame,
    lot_assays: pl.DataFrame, limits: Limits,
) -> list[Finding]:  # fmt: skip
    """One finding per ring of firms through which goods came back whole, as `ranked`.

    Parameters: `transfers` has the columns of `ledger.transfer.TRANSFER` (those that
    nobody shipped or named nobody are left out), `lines` gives entries and runs, `movements` what each firm has of a
    lot, `lot_facts` products, `lot_assays` compositions. `mass_mg` is the TREO that each round began with, summed.
    `score` is None: a round is a fact, and no chance is claimed.
    """
    ways = _ways(transfers=transfers, lot_facts=lot_facts)
    values = limits.on(last_day(transfers, "shipped_on"))
    back = ways_back(ways)
    if back.is_empty():
        return []
    along = pl.col("shipper").is_in(back["source"].implode()) & pl.col("receiver").is_in(back["target"].implode())
    sent = transfers.filter(along)
    hops = _hops(sent, lot_facts.filter(pl.col("lot").is_in(sent["lot"].unique().implode()))).join(
        back, left_on=[*WAY[:2], pl.col("product").fill_null("")], right_on=list(WAY), how="semi"
    )
    entries = lines.filter(pl.col("line").is_in(hops["seq"].implode())).select("entry", seq="line")
    # The receiver's own name of the lot is that under which it sends it on.
    received = lines.filter(pl.col("line").is_in(hops["receipt"].implode())).select(receipt="line", came="lot")
    hops = hops.join(entries, on="seq", how="left").join(received, on="receipt", how="left")
    hops = hops.with_columns(came=pl.coalesce("came", "lot"))
    found = rings(hops, lot_assays, values, _follows(hops, lines, movements))
    # What two firms exchange under one name once or twice is sent back and sent again.
    least, two = values["least_of_two"], 2
    return ranked(_finding(one) for one in found if len(one.members) > two or one.rounds >= least or _renamed(one))


def _renamed(ring: Ring) -> bool:
    return ring.hops["lot"].n_unique() > ring.rounds


DETECTOR: Final = Detector(
    name="round-trip",
    label=text("Round trip"),
    mark=("circle", "ink"),
    find=round_trip,
    texts=TEXTS,
    shown={**ROW, "shipper": "party", "receiver": "party", "totals": plain("rounds", "hops", "complete")},
)


def _hops(transfers: pl.DataFrame, lot_facts: pl.DataFrame) -> pl.DataFrame:
    """What was shipped, as `rings` takes it but for the entries."""
    return (
        transfers.filter(pl.col("shipment_line").is_not_null())
        .select(
            "lot", source="shipper", target="receiver", seq="shipment_line", event="shipment_event", on="shipped_on",
            mass_mg="shipped_mg", arrived="received_on", receipt="receipt_line",
        )
        .join(lot_facts.select("lot", "product"), on="lot", how="left")
    )  # fmt: skip


def _follows(
    hops: pl.DataFrame, lines: pl.DataFrame, movements: pl.DataFrame
) -> Callable[[Mapping[str, Any], Mapping[str, Any]], bool]:
    """Whether what left may be what had come: it had arrived, and it is that lot or was made of it. It may be another
    lot by its name where nothing says whence that came, and the one that came has not left otherwise."""
    ours = pl.col("lot").is_in(pl.concat([hops["lot"], hops["came"]]).unique().implode())
    moved = movements.filter(ours & (pl.col("kind") != "move")).group_by("organisation", "lot")
    delta = pl.col("delta_mg")
    books = {row[:2]: row[2:] for row in moved.agg(delta.filter(delta > 0).sum(), left=delta.sum()).iter_rows()}
    runs = lines.filter(ours & (pl.col("kind") == "transformation"))
    fed, made = (runs.filter((pl.col("role") == "in") == one) for one in (True, False))
    both = fed.join(made, on=["organisation", "event"]).select("organisation", "lot", "lot_right")
    worked = set(both.iter_rows())

    def follows(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
        firm, came, went = other["source"], one["came"], other["lot"]
        if one["arrived"] is not None and one["arrived"] > other["on"]:
            return False
        if went in (came, one["lot"]) or (firm, came, went) in worked:
            return True
        left_mg, put_in_mg = books.get((firm, came), (0, 0))[1], books.get((firm, went), (0, 0))[0]
        return bool(max(left_mg, 0) + closing_tolerance_mg(other["mass_mg"]) >= other["mass_mg"] > put_in_mg)

    return follows


def _finding(ring: Ring) -> Finding:
    return Finding(
        detector=DETECTOR.name, subject=subject_of(ring), first_period=ring.first, last_period=ring.last, score=None,
        mass_mg=ring.treo_mg, interval_mg=(ring.treo_mg, None), elements=(TREO,) if ring.treo_mg else (),
        explanation=(
            TEXTS.message("went-round", ring=ring_fact(ring), times=times(ring), mass=Mass(ring.mass_mg)),
        ),
        innocent=INNOCENT, ask=ASK,
        evidence=(
            {"totals": {"rounds": ring.rounds, "hops": len(ring.members), "complete": ring.complete}},
            *(
                {"shipper": row["source"], "receiver": row["target"], **described(row, mass=row["mass_mg"])}
                for row in hop_rows(ring, "shipment")[:_ROWS]
            ),
        ),
    )  # fmt: skip
