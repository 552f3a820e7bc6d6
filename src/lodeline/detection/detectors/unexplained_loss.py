"""Product diverted: a site has less rare earth than its filings leave it.

Loophole: material that was mined or made under control is taken out without a filing, to be sold or exported unseen.
The inventory differences (MUF) of each rare earth and of their total are watched count by count, over windows of up
to a year. A site without counts cannot be tested: what is missing there still counts as stock.

Innocent: a discard or shipment that was not filed; a count that left something out; hold-up in equipment; a yield
overstated in the assay of the feed.
Ask: a recount; the discards; the assays of feed, product and waste.
Evidence: the balance of each element that alarms, the two counts, the largest rows between them.
Source: IAEA Safeguards Glossary (2022), MUF.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from lodeline.detection.detector import ROW, Detector
from lodeline.detection.finding import Finding, ranked
from lodeline.detection.imbalance import Books, imbalances
from lodeline.detection.imbalance_texts import explained
from lodeline.detection.need import Need
from lodeline.language import Text, text
from lodeline.message import Texts

INNOCENT: tuple[Text, ...] = (
    text("A discard, a spill, a sample or tailings were not filed as a loss."),
    text("Goods that left have not been filed as shipped yet, or were filed for a later month."),
    text("The last stock count left something out: a store, a tank, material held up in equipment."),
    text("The composition stated for the feed is above, or that of product and waste below, what it really was."),
    text("A mass received was filed in the wrong unit, wet instead of dry, or twice."),
)
ASK: tuple[Text, ...] = (
    text("A recount of the whole site, with what is in equipment, and the methods of weighing and assay."),
    text("Records of discards, tailings and samples between the two counts."),
    text("Gate passes and weighbridge tickets of everything that left, against the rows filed."),
    text("The assays of feed, product and waste, with the laboratory that made them."),
)
TEXTS: Final = Texts(
    "unexplained-loss",
    {
        "between-counts": text(
            "Between the stock counts of {since} and {until}, {mass} kg {element} went missing{over}."
        ),
    },
)


def unexplained_loss(
    *,
    books: Books,
    movements: pl.DataFrame,
    counts: pl.DataFrame,
    lot_assays: pl.DataFrame,
    site_assays: pl.DataFrame,
    status: pl.DataFrame | None = None,
) -> list[Finding]:
    """Losses of sites that count, one finding per site and month in which a count ended, as `ranked`.

    Parameters: `books` of the sites that count; the frames of `lodeline.accountancy.frames`, whose `event` and
    `entry` (where `movements` and `counts` have these columns) the evidence names; `status` says which months a firm
    never filed. `score` is 1 − p over a clean site-year, `interval_mg` the mass ± 1.96 σ.
    """
    losses = imbalances(
        books,
        side=+1,
        movements=movements,
        counts=counts,
        lot_assays=lot_assays,
        site_assays=site_assays,
        status=status,
    )
    return ranked(
        Finding(
            detector=DETECTOR.name,
            subject=loss.subject,
            first_period=loss.first_period,
            last_period=loss.last_period,
            score=loss.score,
            mass_mg=loss.mass_mg,
            interval_mg=loss.interval_mg,
            elements=loss.elements,
            explanation=explained(loss, TEXTS),
            innocent=INNOCENT,
            ask=ASK,
            evidence=loss.evidence,
        )
        for loss in losses
    )


DETECTOR: Final = Detector(
    name="unexplained-loss",
    label=text("Unexplained loss"),
    mark=("down", "loss"),
    find=unexplained_loss,
    need=Need(counts=2),
    texts=TEXTS,
    question=text("Where did {mass} at {firm} go?"),
    shown=ROW,
)
