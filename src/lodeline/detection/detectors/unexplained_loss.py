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
from lodeline.errors import Text, text
from lodeline.message import Texts

INNOCENT: tuple[Text, ...] = (
    {
        "en": "A discard, a spill, a sample or tailings were not filed as a loss.",
        "zh": "废弃、泄漏、取样或尾渣未作为损失申报。",
    },
    {
        "en": "Goods that left have not been filed as shipped yet, or were filed for a later month.",
        "zh": "已发出的货物尚未申报发货，或申报在以后的月份。",
    },
    {
        "en": "The last stock count left something out: a store, a tank, material held up in equipment.",
        "zh": "期末盘存有漏盘：某处库房、槽罐或设备内滞留物料。",
    },
    {
        "en": "The composition stated for the feed is above, or that of product and waste below, what it really was.",
        "zh": "原料所报成分高于实际，或产品、废料所报成分低于实际。",
    },
    {
        "en": "A mass received was filed in the wrong unit, wet instead of dry, or twice.",
        "zh": "收货质量单位填错、以湿重代替干重，或重复申报。",
    },
)
ASK: tuple[Text, ...] = (
    {
        "en": "A recount of the whole site, with what is in equipment, and the methods of weighing and assay.",
        "zh": "全场所重新盘存（含设备内物料），注明称重和化验方法。",
    },
    {
        "en": "Records of discards, tailings and samples between the two counts.",
        "zh": "两次盘存之间的废弃、尾渣和取样记录。",
    },
    {
        "en": "Gate passes and weighbridge tickets of everything that left, against the rows filed.",
        "zh": "全部出厂放行单和过磅单，与申报行逐一核对。",
    },
    {
        "en": "The assays of feed, product and waste, with the laboratory that made them.",
        "zh": "原料、产品和废料的化验单及化验单位。",
    },
)
TEXTS: Final = Texts(
    "unexplained-loss",
    {
        "between-counts": text(
            "Between the stock counts of {since} and {until}, {mass} kg {element} went missing{over}.",
            "在 {since} 与 {until} 两次盘存之间{over}，{mass} 千克 {element} 去向不明。",
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
    label=text("Unexplained loss", "去向不明"),
    mark=("down", "loss"),
    find=unexplained_loss,
    need=Need(counts=2),
    texts=TEXTS,
    question=text("Where did {mass} at {firm} go?", "{firm}短少的{mass}去了哪里？"),
    shown=ROW,
)
