"""A little is kept back from every lot between one firm and another, too little for anybody to complain of once.

Loophole: a shipper sends less than it files, or a receiver files less than it gets. Each difference lies within what
scales explain; all of them on one side do not. What a scale reads wrong it reads wrong for everybody, so its error is
learned from the deliveries of its other partners and taken off. What is left between two firms is added up over each
run of months, and held against the other months of the pair.

Innocent: one of the two scales reads wrong beyond its certificate, for these goods only; moisture lost on the way; a
sample taken at the gate; packing weighed by one side and not by the other.
Ask: both scales' certificates; weighbridge tickets of the lots; a joint weighing of the next ones.
Evidence: the pair's totals over the months, then the transfers with the largest differences.
Source: shipper-receiver differences: Avenhaus & Jaech (1981); IAEA Safeguards Glossary (2022), SRD. Scales by
two-way effects shrunk to their certified error: Searle, Casella & McCulloch, Variance Components (1992).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.accountancy.uncertainty import MethodEstimates, estimated, estimates_of
from lodeline.detection.alarm import ALARM_SCORE, HALF_WIDTH_95
from lodeline.detection.detector import Detector
from lodeline.detection.evidence import (
    EVIDENCE_ROWS,
    described,
    last_day,
    month_of,
    months_since_year_0,
    with_treo_mass,
)
from lodeline.detection.finding import Finding, ranked
from lodeline.detection.identity import PAIR
from lodeline.detection.limits import Limits
from lodeline.detection.null import (
    MAD_TO_SIGMA,
    RUNS_PER_MONTH,
    Floats,
    Ints,
    robust_spread,
    score_of,
    strongest_runs,
    upper_tail,
)
from lodeline.language import Text, text
from lodeline.ledger.register import Register
from lodeline.material.element import TREO
from lodeline.message import Count, Mass, Month, Number, Party, Percent, Texts

INNOCENT: tuple[Text, ...] = (
    text("One of the two scales reads wrong, beyond what its certificate says."),
    text("The goods dried on the way, or one side filed wet mass."),
    text("Samples were drawn at the gate and not filed."),
    text("One side weighed with the packing, the other without."),
)
ASK: tuple[Text, ...] = (
    text("The certificates of both scales, with their last calibration."),
    text("The weighbridge tickets of the transfers listed, from both gates."),
    text("A joint weighing of the next deliveries."),
)
TEXTS: Final = Texts(
    "skimming",
    {
        "not-arrived": text(
            "Of {transfers} transfers from {shipper} to {receiver} in {first} … {last}, {share} of "
            "the mass did not arrive on average: {mass} kg TREO. What their scales do to other "
            "partners is taken off."
        ),
        "beyond-chance": text(
            "Two honest firms differ by {sigma} (one standard deviation) over so many; against the "
            "pair's other months this is {z} σ on one side."
        ),
    },
)
_PAIR = ["shipper", "receiver"]
_SCALES = ["shipping", "receiving"]
#: What a transfer tells of scales, and by what it is found again.
_TOLD = ("cell", "month", "share", "parts", "moist", "error2", "rounding", "apart")
_LISTED = (*_TOLD, "shipment_line", "receipt_line", "entry", "sent_mg")
#: What a pair weighs on, and how far it is certified.
_WEIGHED = (*_SCALES, "sends_within", "gets_within")
#: Rounds of the fit of scales: each halves what is left at least.
_ROUNDS = 40
#: What others' deliveries show weighs as much as so many differences of a pair's own.
_TRUSTED = 12
#: Beyond so many standard deviations a pair says less and less about the scales of others (Huber).
_HUBER = 2.0


def skimming(
    *, transfers: pl.DataFrame, lines: pl.DataFrame, lot_assays: pl.DataFrame, register: Register, limits: Limits
) -> list[Finding]:
    """One finding per (shipper, receiver) whose differences lie on one side beyond what weighing explains, as
    `ranked`.

    Parameters: `transfers` has the columns of `ledger.transfer.TRANSFER`; of `lines` `line`, `entry`, `site`, `method`
    (a site and a method are a scale), `mass_mg`, `dry_mg`; `lot_assays` as in `accountancy.frames`; the methods of the
    `register` say how far scales err.
    `mass_mg` is the TREO that did not arrive over the run of months that stands out most, the scales' errors taken off,
    `interval_mg` ± 1.96 σ. A pair with fewer transfers than `least_transfers` is not testable and gives nothing.
    """
    deliveries = _deliveries(transfers=transfers, lines=lines, lot_assays=lot_assays, limits=limits, register=register)
    values = limits.on(last_day(transfers, "shipped_on"))
    if deliveries.is_empty():
        return []
    seen = _strongest(_without_scales(_rows_of(deliveries), values), values)
    wanted = seen.filter(pl.col("score") >= ALARM_SCORE)
    if wanted.is_empty():
        return []
    rows = _run_rows(deliveries.join(wanted, on=_PAIR), transfers).rows_by_key(_PAIR, named=True, include_key=True)
    return ranked(_finding(one, rows[one["shipper"], one["receiver"]]) for one in wanted.iter_rows(named=True))


def _deliveries(
    *, transfers: pl.DataFrame, lines: pl.DataFrame, lot_assays: pl.DataFrame, limits: Limits, register: Register
) -> pl.DataFrame:
    """Pairs, of each the scales on which it weighs and how far these are certified (`_WEIGHED`), and of each transfer
    (`_whole`) what `_LISTED` names, its `cell` being the place of its scales among them.
    """
    values = limits.on(last_day(transfers, "shipped_on"))
    whole = _whole(transfers, lines, values, estimates_of(register.tables["methods"]))
    cell = [*_PAIR, *_SCALES]
    cells = whole.group_by(cell, maintain_order=True).agg(
        sends_within=pl.col("shipping_certified").mean(), gets_within=pl.col("receiving_certified").mean()
    )
    rows = (
        with_treo_mass(whole, lot_assays, mass="shipped_mg")
        .rename({"treo_mg": "sent_mg"})
        .join(
            cells.select(*cell, cell=pl.int_range(pl.len()).over(_PAIR)), on=cell, how="left", nulls_equal=True,
            maintain_order="left",
        )
        .with_columns(
            month=months_since_year_0("period"), apart=(pl.col("share") - pl.col("share").median().over(_PAIR)).abs(),
            error2=pl.col("shipping_error") ** 2 + pl.col("receiving_error") ** 2,
        )
    )  # fmt: skip
    return (
        rows.group_by(_PAIR, maintain_order=True)
        .agg(*map(pl.col, _LISTED))
        .join(cells.group_by(_PAIR, maintain_order=True).agg(*map(pl.col, _WEIGHED)), on=_PAIR, maintain_order="left")
        .with_columns(organisation="shipper")
    )


DETECTOR: Final = Detector(
    name="skimming",
    label=text("Skimming"),
    mark=("down", "flow"),
    find=skimming,
    texts=TEXTS,
    labels={
        "transfers": text("Transfers", context="detectors"),
        "share_pct": text("Difference, in % of what was shipped"),
    },
)


def _whole(
    transfers: pl.DataFrame, entries: pl.DataFrame, values: Mapping[str, float], estimates: MethodEstimates
) -> pl.DataFrame:
    """Transfers with both masses, of pairs with enough of them: the month, `share` = (shipped − received) / shipped of
    all `parts` of the lot in that month, the scales of both sides with what they may err by (`_errors`), and what
    `rounding` to their divisions does (one standard deviation).
    """
    gap = pl.col("shipped_mg") - pl.col("received_mg")
    step = pl.max_horizontal(pl.lit(1), *(pl.when(gap % 10**k == 0).then(10**k) for k in range(1, 10)))
    step = pl.when(gap != 0).then(step)
    of_lot = [*_PAIR, "lot", "period"]
    both = transfers.filter(
        pl.col("shipped_mg").is_not_null() & pl.col("received_mg").is_not_null() & (pl.col("shipped_mg") > 0)
    ).filter(pl.col("shipper").is_not_null() & pl.col("receiver").is_not_null())
    tested = (
        both.with_columns(period=month_of("shipped_on"))
        # What differs by more is a part of a delivery or a wrong unit; those are asked about elsewhere.
        .filter(gap.abs() <= pl.col("shipped_mg") * (values["most_share_pct"] / 100))
        # The parts of a lot are drawn from what was weighed once and dried as one, and a receipt may be of several.
        .with_columns(
            share=gap.sum().over(of_lot) / pl.col("shipped_mg").sum().over(of_lot), parts=pl.len().over(of_lot)
        )
        .filter(pl.len().over(_PAIR) >= values["least_transfers"])
    )
    weighings = pl.concat([tested["shipment_line"], tested["receipt_line"]]).unique().implode()
    stated = entries.lazy().filter(pl.col("line").is_in(weighings))
    weighed = stated.select("line", "entry", "method", "site", "mass_mg", "dry_mg").collect()
    scale = pl.concat_str("site", "method", separator=" ", ignore_nulls=True)
    moist = (pl.col("mass_mg") != pl.col("dry_mg")).fill_null(False)
    errors = _errors(weighed["method"].unique(), values, estimates)
    moved = (
        weighed.select("line", "entry", "method", scale=scale, moist=moist)
        .join(errors, on="method", how="left", nulls_equal=True)
        # What is dry needs no moisture to be known.
        .with_columns(
            error=(pl.col("weighing") ** 2 + pl.when("moist").then(pl.col("moisture") ** 2).otherwise(0)).sqrt()
        )
        .select("line", "scale", "moist", "error", "certified", "entry")
    )
    scales = [moved.select(pl.all().name.prefix(side)) for side in ("shipping_", "receiving_")]
    return (
        tested
        .join(scales[0], left_on="shipment_line", right_on="shipping_line", how="left")
        .join(scales[1], left_on="receipt_line", right_on="receiving_line", how="left")
        .with_columns(
            moist=pl.any_horizontal(pl.col("shipping_moist", "receiving_moist").fill_null(False)),
            shipping=pl.coalesce("shipping_scale", "shipper"), receiving=pl.coalesce("receiving_scale", "receiver"),
            entry=pl.col("receiving_entry"),
        )
        # Two figures are rounded to the scales' divisions: the finest step of all but few of their differences.
        .with_columns(division=step.quantile(0.05, "lower").over(*_PAIR, *_SCALES).fill_null(0))
        .with_columns(rounding=pl.col("division") / 6**0.5 / pl.col("shipped_mg"))
        .sort(*_PAIR, "shipped_on", "shipment_line")
    )  # fmt: skip


def _errors(methods: pl.Series, values: Mapping[str, float], estimates: MethodEstimates) -> pl.DataFrame:
    """`method`, and by it the random error of a `weighing` and of a `moisture`, and how far a scale is `certified`.

    One standard deviation each, relative; as its firm registered it, else what the limits say.
    """
    terms = pl.DataFrame({"method": methods}).with_columns(element=pl.lit(0, pl.UInt8))
    unnamed = pl.col("method_id").str.starts_with(";")
    weighing, moisture = (
        estimated(terms, quantity, estimates).filter(~unnamed).select("method", "random", certified="systematic")
        for quantity in ("weighing", "moisture")
    )
    return (
        terms.select("method")
        .join(weighing.rename({"random": "weighing"}), on="method", how="left", nulls_equal=True)
        .join(moisture.select("method", moisture="random"), on="method", how="left", nulls_equal=True)
        .with_columns(
            pl.col("weighing").fill_null(values["random_pct"] / 100 / 2**0.5), pl.col("moisture").fill_null(0.0),
            pl.col("certified").fill_null(values["scale_pct"] / 100),
        )
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """Transfers as columns (`_TOLD`): `cell` says in which row of `cells` (`_WEIGHED`) each stands, `pair` in which of
    `pairs`."""

    pairs: pl.DataFrame
    cells: pl.DataFrame
    pair: Ints
    cell: Ints
    told: Mapping[str, npt.NDArray[Any]]


def _rows_of(deliveries: pl.DataFrame) -> _Rows:
    pairs = deliveries.select(*_PAIR, *_TOLD, *_WEIGHED).sort(_PAIR)
    told = {name: pairs[name].explode().to_numpy() for name in _TOLD}
    pair = np.repeat(np.arange(pairs.height), pairs["cell"].list.len().to_numpy())
    cells = pairs["shipping"].list.len().to_numpy().astype(np.int64)
    return _Rows(
        # A receiver has one budget, however many firms send to it.
        pairs=pairs.select(*_PAIR, pairs=pl.len().over("receiver")),
        cells=pl.DataFrame([pairs[name].explode() for name in _WEIGHED]),
        pair=pair,
        cell=(np.cumsum(cells) - cells)[pair] + told["cell"],
        told=told,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scaled:
    """Of each transfer `off`, the share beyond what the two scales do to their other partners, and its errors: `random`
    of two weighings (one standard deviation), `unsure` of the scales (variance)."""

    rows: _Rows
    off: Floats
    random: Floats
    unsure: Floats


def _without_scales(rows: _Rows, values: Mapping[str, float]) -> _Scaled:
    told, cell, pair = rows.told, rows.cell, rows.pair
    apart = pl.DataFrame({"pair": pair, "apart": told["apart"], "moist": told["moist"]})
    # What others' deliveries of dry or of moist goods show, and, as far as they are many, the pair's own.
    usual2, shown2 = (
        (apart.select(pl.col("apart").median().over(one)).to_series().to_numpy() * MAD_TO_SIGMA) ** 2
        for one in ("moist", "pair")
    )
    seen = np.bincount(pair)[pair]
    weighing = np.sqrt(
        np.fmax(np.fmax(told["error2"], usual2), (seen * shown2 + _TRUSTED * usual2) / (seen + _TRUSTED))
    )
    random = np.sqrt((weighing**2 + told["rounding"] ** 2) * told["parts"])
    # A wild difference says little about a scale.
    share = np.clip(told["share"], -4 * random, 4 * random)
    of_cell = pl.DataFrame({"cell": cell, "share": share, "weight": 1 / random**2}).group_by(
        "cell", maintain_order=True
    )
    cells = rows.cells.hstack(of_cell.agg(mean=pl.col("share").mean(), variance=1 / pl.col("weight").sum()))
    scales, unsure = _scale_errors(cells, pair=values["pair_pct"] / 100)
    return _Scaled(rows=rows, off=told["share"] - scales[cell], random=random, unsure=unsure[cell])


def _scale_errors(cells: pl.DataFrame, *, pair: float) -> tuple[Floats, Floats]:
    """What two scales make of a difference, and its variance, for each of `cells`: learned from all other pairs.

    A scale errs by what it is certified for (one standard deviation), two firms beside their scales by `pair`. More
    than two scales may differ by is not taken off: a receiver that keeps something back from everybody has no better
    scale for it.
    """
    scales = pl.concat([cells["shipping"], cells["receiving"]]).unique().sort()
    numbers, size = pl.Enum(scales), len(scales)
    sends, gets = (cells[side].cast(numbers).to_physical().to_numpy().astype(np.int64) for side in _SCALES)
    mean = cells["mean"].to_numpy()
    sigma2 = cells["variance"].to_numpy() + pair**2
    sent, got = cells["sends_within"].to_numpy(), cells["gets_within"].to_numpy()
    certified = np.zeros(size)
    certified[sends], certified[gets] = sent, got
    error = np.zeros(size)
    weight = 1 / sigma2
    for _ in range(_ROUNDS):
        left = np.abs(mean - error[sends] + error[gets])
        weight = np.minimum(1, _HUBER * np.sqrt(sigma2) / np.maximum(left, 1e-12)) / sigma2
        held = 1 / certified**2 + np.bincount(sends, weight, size) + np.bincount(gets, weight, size)
        expected = np.bincount(sends, weight * (mean + error[gets]), size)
        expected += np.bincount(gets, weight * (error[sends] - mean), size)
        error = (error + expected / held) / 2
    # A pair is judged by what others say of its scales.
    others_send, others_get = held[sends] - weight, held[gets] - weight
    sender = (held[sends] * error[sends] - weight * (mean + error[gets])) / others_send
    getter = (held[gets] * error[gets] - weight * (error[sends] - mean)) / others_get
    most = 2 * np.sqrt(sent**2 + got**2)
    return np.clip(sender - getter, -most, most), 1 / others_send + 1 / others_get


def _strongest(scaled: _Scaled, values: Mapping[str, float]) -> pl.DataFrame:
    """The run of each pair that stands out: `z`, `score`, `first` and `last`, mean `share`, `sigma` and `number`; where
    that is a share that can be weighed again."""
    rows = scaled.rows
    pairs, pair = rows.pairs, rows.pair
    weights, off = 1 / scaled.random**2, scaled.off.copy()
    # The transfer of a pair that shows most is no wilder than the next: the rest of a lot goes with the book's figure.
    ranks, ends = np.lexsort((weights * off, pair)), np.cumsum(np.bincount(pair)) - 1
    most, next_most = ranks[ends], ranks[ends - 1]
    wild = np.maximum(weights[next_most] * off[next_most] / weights[most], 4 * scaled.random[most])
    off[most] = np.minimum(off[most], wild)
    of_pair = pl.DataFrame({"pair": pair, "unsure": scaled.unsure, "off": off, "weight": weights})
    own = of_pair.group_by("pair", maintain_order=True).agg(
        pl.col("unsure").mean(), pl.col("off").median(), variance=1 / pl.col("weight").sum()
    )
    unsure = own["unsure"].to_numpy()
    # How far pairs lie apart beside scales and chance: what two honest firms differ by for reasons of their own.
    apart = robust_spread(own["off"].to_numpy())[1] ** 2 - float(np.median(own["variance"].to_numpy() + unsure))
    shared = np.sqrt(unsure + max(apart, (values["pair_pct"] / 100) ** 2))
    begin = int(rows.told["month"].min())
    months = np.flatnonzero(np.bincount(rows.told["month"] - begin)) + begin
    spot = pair * len(months) + np.searchsorted(months, rows.told["month"])

    def by_month(numbers: Floats | None) -> Floats:
        return np.bincount(spot, numbers, pairs.height * len(months)).astype(float).reshape(-1, len(months))

    held, counts, sums = by_month(weights), by_month(None), by_month(off)
    z, first, last = strongest_runs(
        by_month(weights * off), held, shared=shared, counts=counts, least=values["least_transfers"] - 1
    )
    run = np.arange(len(months))
    inside = (run >= first[:, None]) & (run <= last[:, None])
    number = np.maximum((counts * inside).sum(axis=1), 1)
    sigma = np.sqrt(1 / np.maximum((held * inside).sum(axis=1), 1) + shared**2)
    tests = (counts > 0).sum(axis=1) * RUNS_PER_MONTH * pairs["pairs"].to_numpy()
    runs = pairs.select(_PAIR).with_columns(
        z=pl.Series(z), first=pl.Series(months[first]), last=pl.Series(months[last]), tests=pl.Series(tests),
        number=pl.Series(number).cast(pl.Int64), share=pl.Series((sums * inside).sum(axis=1) / number),
        sigma=pl.Series(sigma),
    ).filter(pl.col("share") >= values["least_share_pct"] / 100)  # fmt: skip
    scores = [score_of(upper_tail(one), tests=many) for one, many in runs.select("z", "tests").iter_rows()]
    return runs.with_columns(score=pl.Series(scores, dtype=pl.Float64))


def _run_rows(deliveries: pl.DataFrame, transfers: pl.DataFrame) -> pl.DataFrame:
    """The transfers of each pair's run (`first` to `last`) with `entry`, `missing_mg` (dry) and `sent_mg` (TREO)."""
    run = deliveries.explode(_LISTED).filter(pl.col("month").is_between("first", "last"))
    lines = ["shipment_line", "receipt_line"]
    return (
        transfers.filter(pl.col("receipt_line").is_in(run["receipt_line"].implode()))
        .join(run.select(*lines, "entry", "sent_mg"), on=lines)
        .with_columns(missing_mg=pl.col("shipped_mg") - pl.col("received_mg"))
        .sort(*_PAIR, "missing_mg", *reversed(lines), descending=[False, False, True, False, False])
    )


def _finding(seen: dict[str, Any], rows: list[dict[str, Any]]) -> Finding:
    shipper, receiver = seen["shipper"], seen["receiver"]
    sent_mg = sum(row["sent_mg"] for row in rows)
    first, last = (f"{(seen[one] - 1) // 12:04}-{(seen[one] - 1) % 12 + 1:02}" for one in ("first", "last"))
    missing_mg, half_mg = round(seen["share"] * sent_mg), round(HALF_WIDTH_95 * seen["sigma"] * sent_mg)
    return Finding(
        detector=DETECTOR.name, subject={"pair": f"{shipper}{PAIR}{receiver}"}, first_period=first, last_period=last,
        score=seen["score"], mass_mg=max(0, missing_mg), interval_mg=(missing_mg - half_mg, missing_mg + half_mg),
        elements=(TREO,) if sent_mg else (),
        explanation=(
            TEXTS.message(
                "not-arrived",
                transfers=Count(seen["number"]),
                shipper=Party(shipper),
                receiver=Party(receiver),
                first=Month(first),
                last=Month(last),
                share=Percent(seen["share"], 3),
                mass=Mass(missing_mg),
            ),
            TEXTS.message("beyond-chance", sigma=Percent(seen["sigma"], 3), z=Number(seen["z"], 1)),
        ),
        innocent=INNOCENT, ask=ASK,
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
                for row in rows[:EVIDENCE_ROWS]
            ),
        ),
    )  # fmt: skip
