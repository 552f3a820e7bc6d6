"""Title to goods goes round among firms and comes back, while the goods lie where they lay.

Loophole: invoices in a circle make turnover, input tax or a price; the lot is only the occasion. A title that returns
to its first seller with the same mass, and of which no hop ever moved the goods, served something else than use.

Innocent: a sale that was undone; goods pledged and bought back (repurchase); a clearing among firms of one group.
Ask: payments behind each invoice; the pledge or repurchase contract; who owns the firms.
Evidence: every title of the round, in order.
Source: our own construction: cycles of documents less cycles of movements; search as in round-trip (flow.cycles).
"""

from __future__ import annotations

from typing import Final

import polars as pl

from lodeline.detection.detector import Detector
from lodeline.detection.evidence import described, last_day
from lodeline.detection.finding import Finding, ranked
from lodeline.detection.limits import Limits
from lodeline.detection.rings import WAY, Ring, hop_rows, ring_fact, rings, subject_of, times, ways_back, ways_of
from lodeline.errors import Text, text
from lodeline.material.element import TREO
from lodeline.message import Mass, Texts

INNOCENT: tuple[Text, ...] = (
    text("A sale was undone.", "交易被撤销。"),
    text("The goods were pledged and bought back.", "货物经质押后回购。"),
    text("Firms of one group cleared accounts among themselves.", "同一集团内企业相互结算。"),
)
ASK: tuple[Text, ...] = (
    text("The payments behind each invoice.", "每张发票对应的付款凭证。"),
    text("The pledge or repurchase contract, if there is one.", "质押或回购合同（如有）。"),
    text("Who owns and who runs the firms of the ring.", "环内各企业的股权和实际控制人。"),
)
TEXTS: Final = Texts(
    "circular-invoicing",
    {
        "went-round": text(
            "Title to {mass} kg went round {ring} {times} and came back to its first seller. No hop moved the goods.",
            "{mass} 千克货物的物权沿 {ring} 循环 {times}后回到最初的卖方，其间货物从未移动。",
        ),
    },
)
_ROWS = 24


def circular_invoicing(
    *, lines: pl.DataFrame, transfers: pl.DataFrame, lot_assays: pl.DataFrame, limits: Limits
) -> list[Finding]:
    """One finding per ring of firms through which title came back without the goods, as `ranked`.

    Parameters: `lines` in force (columns of `ledger.movement.LINE`), `transfers` those of `ledger.transfer.TRANSFER`,
    `lot_assays` as in `accountancy.frames`. A ring of which any hop also moved the lot between the same two firms is
    no matter of this detector. `score` is None, as for `round-trip`.
    """
    values = limits.on(last_day(lines))
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
    return ranked(_finding(ring) for ring in rings(hops, lot_assays, values))


DETECTOR: Final = Detector(
    name="circular-invoicing",
    label=text("Circular invoicing", "循环开票"),
    mark=("circle", "flow"),
    find=circular_invoicing,
    texts=TEXTS,
    labels={
        "seller": text("Seller", "卖方"),
    },
)


def _finding(ring: Ring) -> Finding:
    return Finding(
        detector=DETECTOR.name, subject=subject_of(ring), first_period=ring.first, last_period=ring.last, score=None,
        mass_mg=ring.treo_mg, interval_mg=(ring.treo_mg, None), elements=(TREO,) if ring.treo_mg else (),
        explanation=(TEXTS.message("went-round", mass=Mass(ring.mass_mg), ring=ring_fact(ring), times=times(ring)),),
        innocent=INNOCENT, ask=ASK,
        evidence=(
            {"totals": {"rounds": ring.rounds, "hops": len(ring.members), "complete": ring.complete}},
            *(
                {"seller": row["source"], "buyer": row["target"], **described(row, mass=row["mass_mg"])}
                for row in hop_rows(ring, "title")[:_ROWS]
            ),
        ),
    )  # fmt: skip
