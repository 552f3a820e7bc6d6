"""Consignments kept just below a threshold from which they would be looked at, again and again.

Loophole: what is too large to pass unseen is cut into parts. Honest consignments are large and small as orders come:
about as many lie just above a threshold as just below it. Where one exporter has many below and hardly any above, the
threshold made the sizes. And what was one order is one lot: where lots go out in parts within days, each part just
below and together above, they were cut, whatever names the buyers bear.

Innocent: a drum, pallet or container that holds just so much; a customer that orders the same mass each time; a mass
that happens to be the firm's usual one.
Ask: the orders behind the consignments; who ordered, paid and received; why an order was parted.
Evidence: how many lie on each side of the threshold and how many lots were parted, then the consignments below it.
Source: test of a step in a density (McCrary, J. Econometrics 142 (2008)), in its simplest form, a sign test of two
windows of equal width; how often lots are parted is seen at everybody's consignments away from the threshold. The
thresholds are assumptions: no text of law that was found sets one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from lodeline.detection.alarm import ALARM_SCORE
from lodeline.detection.detector import Detector
from lodeline.detection.evidence import EVIDENCE_ROWS, described, last_day, months_of, with_treo_mass
from lodeline.detection.finding import Finding, Text, ranked, said, spoken_kg
from lodeline.detection.limits import Limits
from lodeline.detection.null import binomial_tail, score_of
from lodeline.material.element import TREO
from lodeline.material.mass import MG_PER_KG
from lodeline.material.product import product_kind

INNOCENT: tuple[Text, ...] = (
    said("A drum, pallet or container holds just so much.", "包装桶、托盘或集装箱的装载量恰为此数。"),
    said("A customer orders the same mass each time.", "客户每次订购量相同。"),
    said("The mass happens to be what one run of the plant makes.", "该质量恰为装置一次生产的产量。"),
)
ASK: tuple[Text, ...] = (
    said("The orders behind the consignments, and why one was parted.", "各批货物对应的订单及拆分原因。"),
    said("Who ordered, who paid and who received each of them.", "每批货物的订货人、付款人和收货人。"),
    said("Who owns the buyers, and where the goods were used.", "买方的股权关系及货物的使用地点。"),
)


def threshold_splitting(*, lines: pl.DataFrame, lot_assays: pl.DataFrame, limits: Limits) -> list[Finding]:
    """One finding per exporter and kind of goods whose consignments crowd below a threshold, as `ranked`.

    Parameters: `lines` in force (columns of `ledger.movement.LINE`), `lot_assays` as in `accountancy.frames`. A
    consignment is what one export event holds of one kind, net mass. Kinds without a threshold are not tested.
    `mass_mg` is the TREO of the consignments just below.
    """
    values = limits.on(last_day(lines))
    thresholds = {
        name.removeprefix("threshold_kg:"): kg * MG_PER_KG
        for name, kg in values.items()
        if name.startswith("threshold_kg:")
    }
    exports = lines.filter((pl.col("kind") == "export") & (pl.col("mass_mg") > 0)).with_columns(
        goods=pl.col("product").str.split(":").list.first()
    )
    exports = exports.filter(pl.col("goods").is_in(list(thresholds)))
    if exports.is_empty():
        return []
    consignments = (
        with_treo_mass(exports, lot_assays)
        .group_by("organisation", "event", "goods", maintain_order=True)
        .agg(
            pl.col("mass_mg", "treo_mg").sum(),
            pl.col("on", "party", "entry", "line", "destination").first(),
            pl.col("lot").sort_by("mass_mg").last(),
            pl.col("kind").first(),
        )
        .with_columns(limit_mg=pl.col("goods").replace_strict(thresholds, return_dtype=pl.Float64))
        .with_columns(part=pl.col("mass_mg") / pl.col("limit_mg"))
    )
    consignments = _with_parted(consignments, values)
    parted = {
        goods: max(values["parted_chance"], rate) for goods, rate in
        consignments.filter(~pl.col("near")).group_by("goods").agg(pl.col("again").mean()).iter_rows()
    }  # fmt: skip
    return ranked(
        found
        for (organisation, goods), rows in consignments.group_by("organisation", "goods", maintain_order=True)
        if (found := _judged(str(organisation), str(goods), rows, values, parted.get(goods, values["parted_chance"])))
        is not None
    )


DETECTOR: Final = Detector(
    name="threshold-splitting",
    label=said("Threshold splitting", "化整为零"),
    mark=("bar", "hold"),
    find=threshold_splitting,
    labels={
        "threshold_kg": said("Threshold", "门槛"),
        "below": said("Consignments just below", "略低于门槛的票数"),
        "above": said("Consignments just above", "略高于门槛的票数"),
    },
)


def _with_parted(consignments: pl.DataFrame, values: Mapping[str, float]) -> pl.DataFrame:
    """Adds `near` (just below the threshold), `again` (a part of the lot went out within days before, as near) and
    `parted` (within days before or after)."""
    width, days = values["window_pct"] / 100, values["parted_days"]
    own = ["organisation", "goods", "lot", "near"]
    gap = pl.col("on").diff().over(own).dt.total_days()
    return (
        consignments.with_columns(near=(pl.col("part") >= 1 - width) & (pl.col("part") < 1))
        .sort("organisation", "goods", "lot", "on", "line")
        .with_columns(again=(gap <= days).fill_null(False))
        .with_columns(parted=pl.col("again") | pl.col("again").shift(-1).over(own).fill_null(False))
    )


def _judged(
    organisation: str, goods: str, rows: pl.DataFrame, values: Mapping[str, float], chance: float
) -> Finding | None:
    """The finding of one exporter, where the step at the threshold, or the parting of lots, is more than chance makes.

    `chance`: of a consignment to be a further part of a lot, whatever it weighs.
    """
    width = values["window_pct"] / 100
    below = rows.filter("near").sort("on", "line")
    above = rows.filter((pl.col("part") >= 1) & (pl.col("part") < 1 + width)).height
    # The step is where the crowd is: a firm that ships less than the threshold anyway has no crowd in the window.
    crowded = below.height >= values["least_consignments"]
    step = binomial_tail(below.height, below.height + above, values["share_below"]) if crowded else 1.0
    lots, cut = below["lot"].n_unique(), below.filter("parted")["lot"].n_unique()
    again = int(below["again"].sum())
    parted = binomial_tail(again, below.height, chance) if cut >= values["least_parted"] else 1.0
    score = score_of(min(step, parted), tests=2)
    if score < ALARM_SCORE:
        return None
    first, last = months_of(below)
    mass_mg, limit_mg = int(below["treo_mg"].sum()), int(rows["limit_mg"][0])
    total, buyers = spoken_kg(int(below["mass_mg"].sum())), below["party"].n_unique()
    kind = product_kind(goods)
    return Finding(
        detector=DETECTOR.name,
        subject={"organisation": organisation, "goods": goods},
        first_period=first,
        last_period=last,
        score=score,
        mass_mg=mass_mg,
        interval_mg=(None, None),
        elements=(TREO,) if mass_mg else (),
        explanation=said(
            f"Of {below.height + above} consignments of {kind} near {spoken_kg(limit_mg)} kg, {below.height} lie just"
            " below"
            f" it and {above} above: {total} kg in all, to {buyers} buyers. Honest sizes fall on both sides."
            + (f" {cut} of their {lots} lots went out in such parts within days." if cut else ""),
            f"{spoken_kg(limit_mg)} 千克附近的 {below.height + above} 批 {kind} 出口货物中，{below.height}"
            " 批略低于该值，"
            f"{above} 批高于该值；合计 {total} 千克，涉及 {buyers} 个买方。正常货量应分布于两侧。"
            + (f"其中 {lots} 个批次中有 {cut} 个在数日内被拆成此类货物出口。" if cut else ""),
        ),
        innocent=INNOCENT,
        ask=ASK,
        evidence=(
            {
                "totals": {
                    "threshold_kg": spoken_kg(limit_mg),
                    "below": below.height,
                    "above": above,
                    "lots": lots,
                    "parted": cut,
                }
            },
            *(_row(row) for row in below.sort("mass_mg", descending=True).head(EVIDENCE_ROWS).iter_rows(named=True)),
        ),
    )


def _row(row: dict[str, Any]) -> dict[str, Any]:
    told = described({**row, "seq": row["line"]}, mass=row["mass_mg"])
    return {**told, **({"party": row["party"]} if row["party"] else {})}
