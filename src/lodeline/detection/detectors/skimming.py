"""A little is kept back from every lot between one firm and another, too little for anybody to complain of once.

Loophole: a shipper sends less than it files, or a receiver files less than it gets. Each difference lies within what
scales explain; all of them on one side do not. Between two firms the differences of their transfers are added up, over
each run of months, and held against the error of the weighings and the error that two scales can share.

Innocent: one of the two scales reads wrong beyond its certificate; moisture lost on the way; a sample taken at the
gate; packing weighed by one side and not by the other.
Ask: both scales' certificates; weighbridge tickets of the lots; a joint weighing of the next ones.
Evidence: the pair's totals over the months, then the transfers with the largest differences.
Source: shipper-receiver differences and Page's test: Avenhaus & Jaech (1981); IAEA Safeguards Glossary (2022), SRD.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import polars as pl

from lodeline.detection.alarm import ALARM_SCORE, HALF_WIDTH_95
from lodeline.detection.evidence import EVIDENCE_ROWS, described, last_day, month_of, with_treo_mass
from lodeline.detection.finding import Finding, Text, ranked, said, spoken_kg
from lodeline.detection.limits import Limits
from lodeline.detection.null import MAD_TO_SIGMA, RUNS_PER_MONTH, largest_window, score_of, upper_tail
from lodeline.material.element import TREO

DETECTOR: Final = "skimming"

INNOCENT: tuple[Text, ...] = (
    said(
        "One of the two scales reads wrong, beyond what its certificate says.",
        "一方衡器误差超出其检定证书所载范围。",
    ),
    said("The goods dried on the way, or one side filed wet mass.", "货物途中失水，或一方按湿重申报。"),
    said("Samples were drawn at the gate and not filed.", "进厂取样未申报。"),
    said("One side weighed with the packing, the other without.", "一方含包装称重，另一方不含。"),
)
ASK: tuple[Text, ...] = (
    said("The certificates of both scales, with their last calibration.", "双方衡器的检定证书及最近一次校准记录。"),
    said("The weighbridge tickets of the transfers listed, from both gates.", "所列流转双方的过磅单。"),
    said("A joint weighing of the next deliveries.", "对后续交货进行共同称重。"),
)
_PAIR = ["shipper", "receiver"]


def skimming(
    *, transfers: pl.DataFrame, entries: pl.DataFrame, lot_assays: pl.DataFrame, limits: Limits
) -> list[Finding]:
    """One finding per (shipper, receiver) whose differences lie on one side beyond what weighing explains, as
    `ranked`.

    Parameters: `transfers` has the columns of `ledger.transfer.TRANSFER`, `entries` `line` and `entry`, `lot_assays`
    as in `accountancy.frames`. `mass_mg` is the TREO that did not arrive over the run of months that stands out most,
    `interval_mg` ± 1.96 σ. A pair with fewer transfers than `least_transfers` is not testable and gives nothing.
    """
    values = limits.on(last_day(transfers, "shipped_on"))
    whole = _whole(transfers, values)
    if whole.is_empty():
        return []
    shared = max(_shared_spread(whole), values["shared_pct"] / 100)
    findings = []
    for pair, rows in whole.group_by(_PAIR, maintain_order=True):
        seen = _worst_run(rows, shared=shared, values=values)
        # A receiver has one budget, however many firms send to it.
        score = score_of(upper_tail(seen["z"]), tests=seen["months"] * RUNS_PER_MONTH * rows["pairs"][0])
        if score >= ALARM_SCORE and seen["share"] >= values["least_share_pct"] / 100:
            findings.append(_finding(pair, seen, score, _run_rows(rows, seen, entries, lot_assays)))
    return ranked(findings)


def _whole(transfers: pl.DataFrame, values: Mapping[str, float]) -> pl.DataFrame:
    """Transfers with both masses, of pairs with enough of them, with `share` = (shipped − received) / shipped."""
    both = transfers.filter(
        pl.col("shipped_mg").is_not_null() & pl.col("received_mg").is_not_null() & (pl.col("shipped_mg") > 0)
    ).filter(pl.col("shipper").is_not_null() & pl.col("receiver").is_not_null())
    return (
        both.with_columns(
            share=(pl.col("shipped_mg") - pl.col("received_mg")) / pl.col("shipped_mg"), period=month_of("shipped_on")
        )
        # What differs by more is a part of a delivery or a wrong unit; those are asked about elsewhere.
        .filter(pl.col("share").abs() <= values["most_share_pct"] / 100)
        .filter(pl.len().over(_PAIR) >= values["least_transfers"])
        .with_columns(pairs=pl.col("shipper").n_unique().over("receiver"))
        .sort(*_PAIR, "shipped_on", "shipment_line")
    )


def _shared_spread(whole: pl.DataFrame) -> float:
    """How far the middle difference of a pair lies from the others': what two honest scales differ by."""
    middle = whole.group_by(_PAIR).agg(pl.col("share").median())["share"].to_numpy()
    return float(np.median(np.abs(middle - np.median(middle))) * MAD_TO_SIGMA)


def _worst_run(rows: pl.DataFrame, *, shared: float, values: Mapping[str, float]) -> dict[str, Any]:
    """Of the run that stands out: `z`, `months`, `first` and `last` of them, `share` (mean), its `sigma`, `number`."""
    share = rows["share"].to_numpy()
    spread = float(np.median(np.abs(share - np.median(share))) * MAD_TO_SIGMA)
    months = rows.group_by("period").agg(pl.col("share").sum(), pl.len()).sort("period")
    counts = months["len"].to_numpy().astype(float)
    random = max(spread, values["random_pct"] / 100)
    z, first, last = largest_window(
        months["share"].to_numpy(), counts, random=random, shared=shared, least=values["least_transfers"] - 1
    )
    run = months[first : last + 1]
    number = int(run["len"].sum())
    return {
        "z": z,
        "months": months.height,
        "first": run["period"][0],
        "last": run["period"][-1],
        "share": float(run["share"].sum()) / number,
        "sigma": float(np.sqrt(random**2 / number + shared**2)),
        "number": number,
    }


def _run_rows(
    rows: pl.DataFrame, seen: dict[str, Any], entries: pl.DataFrame, lot_assays: pl.DataFrame
) -> pl.DataFrame:
    """The transfers of the run with `entry`, `missing_mg` (dry), `treo_mg` (missing) and `sent_mg` (TREO)."""
    run = rows.filter(pl.col("period").is_between(pl.lit(seen["first"]), pl.lit(seen["last"])))
    sent = with_treo_mass(run, lot_assays, mass="shipped_mg").rename({"treo_mg": "sent_mg"})
    missing = sent.with_columns(missing_mg=pl.col("shipped_mg") - pl.col("received_mg"))
    got = with_treo_mass(missing, lot_assays, mass="received_mg")
    return (
        got.with_columns(treo_mg=pl.col("sent_mg") - pl.col("treo_mg"))
        .join(entries.select("entry", receipt_line="line"), on="receipt_line", how="left")
        .sort("missing_mg", "receipt_line", descending=[True, False])
    )


def _finding(pair: tuple[Any, ...], seen: dict[str, Any], score: float, rows: pl.DataFrame) -> Finding:
    shipper, receiver = map(str, pair)
    missing_mg, sent_mg = int(rows["treo_mg"].sum()), int(rows["sent_mg"].sum())
    half_mg = round(HALF_WIDTH_95 * seen["sigma"] * sent_mg)
    share, sigma = f"{seen['share'] * 100:.3f} %", f"{seen['sigma'] * 100:.3f} %"
    months = f"{seen['first']} … {seen['last']}"
    return Finding(
        detector=DETECTOR,
        subject={"shipper": shipper, "receiver": receiver},
        first_period=seen["first"],
        last_period=seen["last"],
        score=score,
        mass_mg=max(0, missing_mg),
        interval_mg=(missing_mg - half_mg, missing_mg + half_mg),
        elements=(TREO,) if sent_mg else (),
        explanation=said(
            f"Of {seen['number']} transfers from {shipper} to {receiver} in {months}, {share} of the mass did not"
            " arrive"
            f" on average: {spoken_kg(missing_mg)} kg TREO. Two honest scales differ by {sigma} (one standard"
            " deviation)"
            f" over so many; this is {seen['z']:.1f} σ on one side.",
            f"{months} 期间，{shipper} 发往 {receiver} 的 {seen['number']} 笔流转平均少收 {share}，"
            f"合计 {spoken_kg(missing_mg)} 千克 TREO。就此笔数而言，两台正常衡器之间的差异为 {sigma}（一倍标准差），"
            f"而此差异单侧达 {seen['z']:.1f} σ。",
        ),
        innocent=INNOCENT,
        ask=ASK,
        evidence=(
            {
                "totals": {
                    "transfers": seen["number"],
                    "share_pct": round(seen["share"] * 100, 6),
                    "z": round(seen["z"], 6),
                }
            },
            *(
                described(
                    {
                        "seq": row["receipt_line"],
                        "entry": row["entry"],
                        "event": row["receipt_event"],
                        "kind": "receipt",
                        "on": row["received_on"],
                    },
                    shipped=row["shipped_mg"],
                    received=row["received_mg"],
                )
                for row in rows.head(EVIDENCE_ROWS).iter_rows(named=True)
            ),
        ),
    )
