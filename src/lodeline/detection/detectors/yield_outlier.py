"""A process gives more, or less, than it did in other months, or more than was fed to it.

Loophole: ore or oxide from nowhere is laundered by a yield that is too good; product is diverted behind one that is
too poor. Each run states what went in and what came out, so its yield needs no stock count. The site's months are held
against its own middle month (yield) and against other sites' (product and waste together over feed, which should be
one).

Innocent: a better or worse feed; a new line, a bad campaign, wear; an assay of feed or product that is off; waste that
was not weighed; a run that ended in the next month.
Ask: run sheets, assays of feed and product, the waste of the months; what was changed in the plant.
Evidence: feed, product and waste by month, then the largest runs' rows.
Source: Page, Biometrika 41 (1954), for runs of months; the spreads are assumptions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.detection.alarm import ALARM_SCORE, HALF_WIDTH_95
from lodeline.detection.evidence import described, largest_rows, last_day, month_of, with_treo_mass
from lodeline.detection.finding import Finding, Text, ranked, said, spoken_kg
from lodeline.detection.limits import Limits
from lodeline.detection.null import MAD_TO_SIGMA, RUNS_PER_MONTH, largest_window, score_of, upper_tail
from lodeline.material.assay import TREO_INDEX
from lodeline.material.element import TREO
from lodeline.material.mass import format_kg
from lodeline.material.product import PRODUCTS

DETECTOR: Final = "yield-outlier"

INNOCENT: tuple[Text, ...] = (
    said("The feed was richer or poorer than its assay says.", "原料品位高于或低于化验值。"),
    said("A line was started, changed or worn, or a campaign failed.", "生产线新开、改造、磨损，或某批次生产失败。"),
    said(
        "Waste of the runs was not weighed or assayed, or was filed with other runs.",
        "废料未称重或化验，或归入其他批次申报。",
    ),
    said("A run went over the end of the month and was filed in parts.", "生产跨月并分次申报。"),
)
ASK: tuple[Text, ...] = (
    said("Run sheets of the months, with feed, product and waste.", "所涉月份的生产记录（投入、产出、废料）。"),
    said("The assays of feed and product, with the laboratory that made them.", "原料与产品的化验单及化验单位。"),
    said("What was changed in the plant, and when.", "装置的变更内容与时间。"),
)
#: A site and a kind of product, whose runs are one process.
_PROCESS = ["organisation", "site", "goods"]
#: Feed whose mixture no sample shows well.
_SCRAP = [kind for kind, product in PRODUCTS.items() if product.feed == "secondary"]
#: Both sides of both ratios are tested.
_TESTS = 4


def yield_outlier(
    *, lines: pl.DataFrame, lot_facts: pl.DataFrame, lot_assays: pl.DataFrame, limits: Limits
) -> list[Finding]:
    """One finding per site and kind of product whose yield stands out over a run of months, as `ranked`.

    Parameters: `lines` in force (columns of `ledger.movement.LINE`), `lot_assays` as in `accountancy.frames`. Runs
    with a lot that nobody assayed are left out; a process with fewer than `least_months` months is not testable.
    `mass_mg` is the TREO by which the months lie off, `interval_mg` ± 1.96 σ.
    """
    values = limits.on(last_day(lines))
    rows = _run_rows(lines, lot_facts, lot_assays)
    if rows.is_empty():
        return []
    months = _months(rows, values)
    middles = months.group_by("goods", *_PROCESS[:2]).agg(pl.col("closure").median())
    spreads = {goods: _spread(one["closure"].to_numpy()) for (goods,), one in middles.group_by("goods")}
    outliers = [
        seen
        for process, own in months.group_by(_PROCESS, maintain_order=True)
        if (seen := _worst(process, own, spreads[process[2]], values)) is not None
    ]
    wanted = {(seen["organisation"], seen["site"], seen["goods"]): seen for seen in outliers}
    evidence = _largest(rows, wanted)
    return ranked(_finding(seen, evidence.get(process, [])) for process, seen in wanted.items())


def _run_rows(lines: pl.DataFrame, lot_facts: pl.DataFrame, lot_assays: pl.DataFrame) -> pl.DataFrame:
    """Rows of runs whose every lot has a known total, with `treo_mg`, `period` and `goods` (what was made)."""
    known = lot_assays.filter(pl.col("element") == TREO_INDEX).select("lot", known=pl.lit(True))
    rows = lines.filter((pl.col("kind") == "transformation") & pl.col("site").is_not_null())
    fed = lot_facts.select("lot", scrap=pl.col("product").str.split(":").list.first().is_in(_SCRAP))
    whole = (
        with_treo_mass(rows, lot_assays)
        .join(known, on="lot", how="left", maintain_order="left")
        .join(fed, on="lot", how="left", maintain_order="left")
    )
    event = ["organisation", "event"]
    made = pl.col("product").filter(pl.col("role") == "out").first().str.split(":").list.first()
    # Scrap is assayed less well than anything else: who works it is held against those who do too.
    of_scrap = (pl.col("scrap").fill_null(False) & (pl.col("role") == "in")).any()
    goods = pl.when(of_scrap.over(event)).then(pl.concat_str(made.over(event), pl.lit(" < scrap")))
    return (
        whole.with_columns(goods=goods.otherwise(made.over(event)), period=month_of())
        .filter(pl.col("known").fill_null(False).all().over(event) & pl.col("goods").is_not_null())
        .drop("known", "scrap")
    )


def _months(rows: pl.DataFrame, values: Mapping[str, float]) -> pl.DataFrame:
    """Each process by month: masses, `yielded` and `closure` (logs of out / in and (out + waste) / in)."""

    def of(role: str) -> pl.Expr:
        return pl.col("treo_mg").filter(pl.col("role") == role).sum()

    return (
        rows.group_by(*_PROCESS, "period")
        .agg(
            in_mg=of("in"),
            out_mg=of("out"),
            waste_mg=of("waste"),
            lots=pl.col("lot").filter(pl.col("role") == "in").n_unique(),
        )
        .filter((pl.col("in_mg") > 0) & (pl.col("out_mg") > 0))
        .with_columns(
            yielded=(pl.col("out_mg") / pl.col("in_mg")).log(),
            closure=((pl.col("out_mg") + pl.col("waste_mg")) / pl.col("in_mg")).log(),
        )
        .filter(pl.len().over(_PROCESS) >= values["least_months"])
        .sort(*_PROCESS, "period")
    )


def _spread(numbers: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Median and robust standard deviation."""
    middle = float(np.median(numbers))
    return middle, float(np.median(np.abs(numbers - middle)) * MAD_TO_SIGMA)


def _worst(
    process: tuple[Any, ...], own: pl.DataFrame, others: tuple[float, float], values: Mapping[str, float]
) -> dict[str, Any] | None:
    """The run of months of a process that stands out most, on either side of either ratio, where it is an alarm."""
    best: dict[str, Any] | None = None
    floor = values["scrap_random_pct" if str(process[2]).endswith("scrap") else "random_pct"] / 100
    middle, random = _spread(own["yielded"].to_numpy())
    closure_random = _spread(own["closure"].to_numpy())[1]
    # A month errs by its assays, and one assay serves all runs of a lot: months count by the lots that were fed.
    lots = own["lots"].to_numpy().astype(float)
    each = float(np.sqrt(np.median(lots)))
    for ratio, centre, spread, shared in (
        ("yielded", middle, max(random, floor), values["wander_pct"] / 100),
        ("closure", others[0], max(closure_random, floor), max(others[1], values["shared_pct"] / 100)),
    ):
        off = own[ratio].to_numpy() - centre
        for side in (1, -1):
            z, first, last = largest_window(side * off * lots, lots, random=spread * each, shared=shared)
            score = score_of(upper_tail(z), tests=_TESTS * RUNS_PER_MONTH * own.height)
            if score >= ALARM_SCORE and (best is None or z > best["z"]):
                run = own[first : last + 1]
                mass_mg = float((off[first : last + 1] * run["in_mg"].to_numpy()).sum())
                organisation, site, goods = map(str, process)
                best = {
                    "organisation": organisation, "site": site, "goods": goods, "ratio": ratio, "z": z, "side": side,
                    "score": score, "months": run, "mass_mg": mass_mg, "centre": centre,
                }  # fmt: skip
    return best


def _largest(
    rows: pl.DataFrame, wanted: Mapping[tuple[str, str, str], dict[str, Any]]
) -> dict[Any, list[dict[str, Any]]]:
    """The largest rows of the months of each process that stands out."""
    keys = [(*process, period) for process, seen in wanted.items() for period in seen["months"]["period"]]
    if not keys:
        return {}
    chosen = pl.DataFrame(keys, schema=[*_PROCESS, "period"], orient="row")
    picked = rows.join(chosen, on=[*_PROCESS, "period"], how="semi").rename({"line": "seq"})
    return largest_rows(picked, _PROCESS, mass="treo_mg")


def _finding(seen: dict[str, Any], rows: list[dict[str, Any]]) -> Finding:
    months: pl.DataFrame = seen["months"]
    fed, out, waste = (int(months[f"{part}_mg"].sum()) for part in ("in", "out", "waste"))
    mass_mg = abs(round(seen["mass_mg"]))
    half_mg = round(HALF_WIDTH_95 * mass_mg / seen["z"])
    got = (out + (waste if seen["ratio"] == "closure" else 0)) / fed * 100
    usual = float(np.exp(seen["centre"])) * 100
    what_en, what_zh = (
        ("product and waste together were", "产品与废料合计为")
        if seen["ratio"] == "closure"
        else ("product was", "产品为")
    )
    against_en, against_zh = (
        ("other sites' runs give", "其他场所通常为")
        if seen["ratio"] == "closure"
        else ("its middle month gives", "其中位月为")
    )
    first, last = str(months["period"][0]), str(months["period"][-1])
    return Finding(
        detector=DETECTOR,
        subject={"organisation": seen["organisation"], "site": seen["site"], "goods": seen["goods"]},
        first_period=first,
        last_period=last,
        score=seen["score"],
        mass_mg=mass_mg,
        interval_mg=(mass_mg - half_mg, mass_mg + half_mg),
        elements=(TREO,),
        explanation=said(
            f"From {first} to {last}, {what_en} {got:.2f} % of the TREO fed to runs that make {seen['goods']};"
            f" {against_en} {usual:.2f} %. That is {spoken_kg(mass_mg)} kg"
            f" {'more' if seen['side'] > 0 else 'less'}, {seen['z']:.1f} σ.",
            f"{first} 至 {last}，生产 {seen['goods']} 的批次中{what_zh}投入 TREO 的 {got:.2f} %，"
            f"{against_zh} {usual:.2f} %，"
            f"相差{'多' if seen['side'] > 0 else '少'} {spoken_kg(mass_mg)} 千克，偏差 {seen['z']:.1f} σ。",
        ),
        innocent=INNOCENT,
        ask=ASK,
        evidence=(
            *(
                {
                    "period": month["period"],
                    **{f"{part}_kg": format_kg(month[f"{part}_mg"]) for part in ("in", "out", "waste")},
                }
                for month in months.iter_rows(named=True)
            ),
            *(described(row, mass=row["treo_mg"]) for row in rows),
        ),
    )
