"""Title to goods goes round among firms and comes back, while the goods lie where they lay.

Loophole: invoices in a circle make turnover, input tax or a price; the lot is only the occasion. A title that returns
to its first seller with the same mass, and of which no hop ever moved the goods, served something else than use. Where
nobody files the titles, the invoices that the tax authority has go round all the same.

Innocent: a sale that was undone; goods pledged and bought back (repurchase); a clearing among firms of one group.
Ask: payments behind each invoice; the pledge or repurchase contract; who owns the firms.
Evidence: every title or invoice of the round, in order.
Source: our own construction: cycles of documents less cycles of movements; search as in round-trip (flow.cycles).
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import replace
from typing import Any, Final

import polars as pl

from lodeline.detection.detector import ROW, Detector, plain
from lodeline.detection.evidence import described, last_day
from lodeline.detection.finding import Finding, ranked
from lodeline.detection.limits import Limits
from lodeline.detection.rings import WAY, Ring, hop_rows, ring_fact, rings, subject_of, times, ways_back, ways_of
from lodeline.language import Text, text
from lodeline.ledger.register import Register
from lodeline.material.element import TREO
from lodeline.material.mass import format_kg
from lodeline.message import Mass, Texts

INNOCENT: tuple[Text, ...] = (
    text("A sale was undone."),
    text("The goods were pledged and bought back."),
    text("Firms of one group cleared accounts among themselves."),
)
_NOT_YET_FILED: Final = text("The goods did move, and are not filed yet.")
ASK: tuple[Text, ...] = (
    text("The payments behind each invoice."),
    text("The pledge or repurchase contract, if there is one."),
    text("Who owns and who runs the firms of the ring."),
)
TEXTS: Final = Texts(
    "circular-invoicing",
    {
        "went-round": text(
            "Title to {mass} kg went round {ring} {times} and came back to its first seller. No hop moved the goods."
        ),
        "invoiced-round": text(
            "{mass} kg of goods were invoiced round {ring} {times}. Nobody has filed them, and they crossed no border."
        ),
    },
)
_ROWS = 24


def circular_invoicing(
    *, lines: pl.DataFrame, transfers: pl.DataFrame, lot_assays: pl.DataFrame, unfiled: pl.DataFrame,
    register: Register, limits: Limits,
) -> list[Finding]:  # fmt: skip
    """One finding per ring of firms through which title, or an invoice, came back without the goods, as `ranked`.

    Parameters: `lines` in force (columns of `ledger.movement.LINE`), `transfers` those of `ledger.transfer.TRANSFER`,
    `lot_assays` as in `accountancy.frames`; `unfiled` as in `detection.comparison`. A ring of which any hop also moved
    the lot between the same two firms is no matter of this detector, and one of invoices is none where a filed one has
    the same firms in that time, or none of them is registered. `score` is None, as for `round-trip`.
    """
    values, known = limits.on(last_day(lines)), register.party_ids
    filed = _of_titles(lines, transfers, lot_assays, values)
    # Of what the goods are made an invoice does not say; their name and mass must be the same all the way.
    invoiced = rings(unfiled.with_columns(lot=pl.lit(-1, pl.Int64)), lot_assays, values)
    found = [_finding(ring) for ring in filed]
    for ring in invoiced:
        places = [place for place, one in enumerate(ring.members) if one in known]
        again = any(
            set(one.members) == set(ring.members) and one.first <= ring.last and ring.first <= one.last for one in filed
        )
        if places and not again:
            # Who is not registered cannot be asked.
            turned = ring.members[places[0] :] + ring.members[: places[0]]
            found.append(_finding(replace(ring, members=turned), names=set(turned) - known))
    return ranked(found)


def _of_titles(
    lines: pl.DataFrame, transfers: pl.DataFrame, lot_assays: pl.DataFrame, values: Mapping[str, float]
) -> list[Ring]:
    """The rings of filed titles whose goods did not move."""
    titles = lines.filter((pl.col("kind") == "title") & pl.col("lot").is_not_null()).select(
        "lot", "product", "event", "entry", "on", source="organisation", target="party", seq="line", mass_mg="dry_mg"
    )
    back = ways_back(ways_of(titles))
    if back.is_empty():
        return []
    titles = titles.join(back, left_on=[*WAY[:2], pl.col("product").fill_null("")], right_on=list(WAY), how="semi")
    moved = transfers.filter(pl.col("lot").is_in(titles["lot"].unique().implode())).select(
        "lot", source="shipper", target="receiver"
    )
    hops = titles.join(moved, on=["lot", "source", "target"], how="anti")
    return rings(hops, lot_assays, values)


DETECTOR: Final = Detector(
    name="circular-invoicing",
    label=text("Circular invoicing"),
    mark=("circle", "flow"),
    find=circular_invoicing,
    texts=TEXTS,
    labels={
        "seller": text("Seller"),
    },
    shown={**ROW, "seller": "party", "buyer": "party", "totals": plain("rounds", "hops", "complete")},
)


def _finding(ring: Ring, names: Container[str] | None = None) -> Finding:
    """`names`: those of a ring of invoices that are not registered; None for a ring of titles."""
    code = "went-round" if names is None else "invoiced-round"
    sentence = TEXTS.message(code, mass=Mass(ring.mass_mg), ring=ring_fact(ring, names or ()), times=times(ring))
    return Finding(
        detector=DETECTOR.name, subject=subject_of(ring), first_period=ring.first, last_period=ring.last, score=None,
        mass_mg=ring.treo_mg, interval_mg=(ring.treo_mg, None), elements=(TREO,) if ring.treo_mg else (),
        explanation=(sentence,),
        innocent=INNOCENT if names is None else (*INNOCENT, _NOT_YET_FILED), ask=ASK,
        evidence=(
            {"totals": {"rounds": ring.rounds, "hops": len(ring.members), "complete": ring.complete}},
            *(
                {"seller": row["source"], "buyer": row["target"]}
                | (described(row, mass=row["mass_mg"]) if names is None else _invoice(row))
                for row in hop_rows(ring, "title")[:_ROWS]
            ),
        ),
    )  # fmt: skip


def _invoice(row: Mapping[str, Any]) -> dict[str, Any]:
    """It is no row of the ledger."""
    return {"number": row["number"], "on": row["on"].isoformat(), "mass_kg": format_kg(row["mass_mg"])}
