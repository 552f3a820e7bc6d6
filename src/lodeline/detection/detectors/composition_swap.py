"""Receivers' laboratories find another share of heavy rare earths than the maker of the lots states.

Loophole: dysprosium and terbium travel hidden in lots of light oxide or carbonate: no licence, no quota, and the price
of lanthanum. Or they are stated and not there, and go elsewhere. Maker and receiver assay the same lots, also where a
trader is in between; their assays are held against each other, product by product of a pair: the error of an honest
assay grows with what it measures, so a pair's magnets would drown its carbonate.

Innocent: the maker reports only what its product is sold by; two laboratories with different methods; a sample of
another lot; a decimal point.
Ask: both assay sheets with the raw readings; the sample kept back; an assay by a third laboratory.
Evidence: mean shares by both sides, then the lots that differ most.
Source: paired assays as in ISO 5725-6; the relative error of the split by ICP is 1-3 % (assumption,
default_uncertainty.csv). Lots are weighted by 1/σ², as BIPM's key comparisons are (Cox, Metrologia 39 (2002) 589).
"""

from __future__ import annotations

from typing import Final

import polars as pl

from lodeline.detection.alarm import ALARM_SCORE, HALF_WIDTH_95
from lodeline.detection.detector import Detector, plain
from lodeline.detection.evidence import EVIDENCE_ROWS, described, last_day, months_of
from lodeline.detection.finding import Finding, ranked
from lodeline.detection.identity import PAIR
from lodeline.detection.limits import Limits
from lodeline.detection.null import score_of, upper_tail
from lodeline.language import Text, text
from lodeline.material.element import SYMBOLS
from lodeline.material.mass import PPB
from lodeline.message import Count, Mass, Number, Party, Percent, Series, Texts

INNOCENT: tuple[Text, ...] = (
    text("The maker states only the elements its product is sold by."),
    text("The two laboratories use different methods, or one of them is out of order."),
    text("The receiver's sample was of another lot."),
    text("A decimal point was misplaced."),
)
ASK: tuple[Text, ...] = (
    text("The assay sheets of both sides, with raw readings and calibration."),
    text("The samples kept back, for an assay by a third laboratory."),
    text("What the receiver made of the lots, element by element."),
)
TEXTS: Final = Texts(
    "composition-swap",
    {
        "found-more": text(
            "In {lots} lots of {maker}, {receivers} found {found} dysprosium and terbium on average "
            "where the maker stated {stated}: {mass} kg that no paper names, {sigmas} σ."
        ),
        "found-less": text(
            "In {lots} lots of {maker}, {receivers} found {found} dysprosium and terbium on average "
            "where the maker stated {stated}: {mass} kg that are on paper and not in the goods, "
            "{sigmas} σ."
        ),
    },
)
#: The elements that pay for hiding them, as indices into SYMBOLS.
HIDDEN: Final = tuple(SYMBOLS.index(symbol) for symbol in ("Dy", "Tb"))
_PAIR = ["maker", "receiver"]
_TEST = [*_PAIR, "side", "product", "season"]
#: What goes on for some months is drowned by years of honest lots.
_SEASON: Final = pl.format("{}-{}", pl.col("on").dt.year(), pl.col("on").dt.quarter())


def _assayed_twice(
    *, lines: pl.DataFrame, transfers: pl.DataFrame, lot_facts: pl.DataFrame, lot_assays: pl.DataFrame,
    site_assays: pl.DataFrame,
) -> pl.DataFrame:  # fmt: skip
    """Receipts by an `organisation` of lots with two assays: who shipped it, what made it (`made_line`), `product`,
    `dry_mg`, and the share of Dy + Tb: `own`, the `makers`, and `alike`, the maker's of what the receiver states too.

    `silent`: the maker states neither. A lot counts where the receiving site has an assay of its own that differs from
    the maker's; a certificate passed on says nothing.
    """
    hidden = pl.col("element").is_in(list(HIDDEN))
    lot_assays = lot_assays.filter(pl.col("lot").is_in(site_assays["lot"].unique().implode()))
    theirs = pl.col("ppb_maker").fill_null(0)
    own = (
        site_assays.join(lot_assays, on=["lot", "element"], how="left", suffix="_maker")
        # A site that repeats the certificate has measured nothing.
        .filter((pl.col("ppb") != theirs).any().over("site", "lot") & hidden)
        .group_by("site", "lot")
        .agg(own=pl.col("ppb").sum() / PPB, alike=theirs.sum() / PPB)
    )
    makers = (
        lot_assays.filter(pl.col("lot").is_in(own["lot"].unique().implode()))
        .group_by("lot")
        .agg(makers=pl.col("ppb").filter(hidden).sum() / PPB, silent=~hidden.any(ignore_nulls=False))
    )
    receipts = lines.filter(pl.col("kind") == "receipt").select(
        "organisation", "site", "lot", "entry", "event", "on", "kind", "dry_mg", receipt_line="line"
    )
    pairs = transfers.filter(pl.col("shipper").is_not_null() & pl.col("receiver").is_not_null())
    facts = lot_facts.select("lot", "made_line", pl.col("product").fill_null(""))
    return (
        receipts.join(own, on=["site", "lot"])
        .join(makers, on="lot")
        .join(pairs.select("shipper", "receipt_line").drop_nulls(), on="receipt_line")
        .join(facts, on="lot", how="left")
    )


def composition_swap(
    *, lines: pl.DataFrame, transfers: pl.DataFrame, lot_facts: pl.DataFrame, lot_assays: pl.DataFrame,
    site_assays: pl.DataFrame, limits: Limits,
) -> list[Finding]:  # fmt: skip
    """One finding per maker whose lots two receivers find to hold more Dy and Tb than it stated, or less; where one
    receiver alone finds more, per pair of the two, as `ranked`.

    Parameters: `lines` in force, `transfers` and `lot_facts` (`ledger`), the assays as in `accountancy.frames`. One
    receiver's word is as good as the maker's, so both are asked; what two find alike is the maker's to answer.
    `mass_mg` is Dy and Tb that the maker did not state, or that are not there, `interval_mg` ± 1.96 σ.
    """
    assayed_twice = _assayed_twice(
        lines=lines, transfers=transfers, lot_facts=lot_facts, lot_assays=lot_assays, site_assays=site_assays
    )
    values = limits.on(last_day(lines))
    if assayed_twice.is_empty():
        return []
    made = lines.filter(pl.col("line").is_in(assayed_twice["made_line"].drop_nulls().implode()))
    lots = assayed_twice.rename({"organisation": "receiver"}).join(
        made.select(made_line="line", maker="organisation"), on="made_line", how="left"
    )
    # A trader that sold it on has stated nothing of it; but of what comes back to its maker.
    lots = lots.with_columns(maker=pl.coalesce(pl.when(pl.col("maker") != pl.col("receiver")).then("maker"), "shipper"))
    relative, floor = values["relative_pct"] / 100, values["floor_pct"] / 100
    sigma = ((pl.max_horizontal("own", "makers") * relative) ** 2 + floor**2).sqrt() * 2**0.5
    # A maker that states neither may have what its ore brings along.
    unstated = pl.when("silent").then(values["unstated_pct"] / 100).otherwise(0)
    more = pl.col("own") - pl.max_horizontal("makers", unstated)
    less = pl.col("alike") - pl.col("own")
    lots = pl.concat(lots.with_columns(excess=one, sigma=sigma, side=side) for side, one in ((1, more), (-1, less)))
    lots = pl.concat([lots.with_columns(season=_SEASON), lots.with_columns(season=pl.lit(""))])
    lots = lots.sort(*_PAIR, "on", "receipt_line")
    found = (
        lots.join(_alarms(lots, values["least_lots"]), on=_TEST, maintain_order="left")
        .sort(*_PAIR, "on", "receipt_line", -pl.col("z"))
        .unique(["receipt_line", "side"], keep="first", maintain_order=True)
        .with_columns(several=pl.col("receiver").n_unique().over("maker", "side") > 1)
        .filter((pl.col("side") > 0) | pl.col("several"))
        .with_columns(asked=pl.when("several").then(pl.lit("")).otherwise("receiver"))
        .filter(pl.col("z").max().over("maker", "asked", "side") == pl.col("z").max().over("maker", "asked"))
    )
    return ranked(_finding(rows) for _, rows in found.group_by("maker", "asked", maintain_order=True))


def _alarms(lots: pl.DataFrame, least_lots: float) -> pl.DataFrame:
    """The products of a pair that alarm, in a season or over all: `_TEST`, `z`, `score`.

    z is that of the mean of the excesses, each weighted by 1/σ². What a laboratory does to one lot it may do to all of
    a product: half of the variance is taken as shared. The lot that shows most is left out, for one lot is a slip. All
    pairs, products and seasons of a receiver are one test, on Dy and on Tb.
    """
    weight = pl.col("sigma").pow(-2)
    spread = ((weight.sum() + (1 / pl.col("sigma")).sum().pow(2)) / 2).sqrt()
    tested = (
        lots.filter((pl.col("season") == "") | (pl.len().over(_TEST) >= least_lots))
        .filter((pl.col("excess") * weight).rank("ordinal", descending=True).over(_TEST) > 1)
        .group_by(_TEST, maintain_order=True)
        .agg(z=(weight * pl.col("excess")).sum() / spread)
        .with_columns(tests=2 * pl.len().over("receiver", "side"))
    )
    scores = [score_of(upper_tail(z), tests=tests) for z, tests in tested.select("z", "tests").iter_rows()]
    return tested.with_columns(score=pl.Series(scores, dtype=pl.Float64)).filter(pl.col("score") >= ALARM_SCORE)


DETECTOR: Final = Detector(
    name="composition-swap",
    label=text("Composition swap"),
    mark=("half", "loss"),
    find=composition_swap,
    texts=TEXTS,
    labels={
        "products": text("Products"),
        "own_pct": text("Dy + Tb as received, %"),
        "maker_pct": text("Dy + Tb as stated, %"),
    },
    shown={"totals": plain("lots", "products", "own_pct", "maker_pct", "z")},
)


def _finding(rows: pl.DataFrame) -> Finding:
    """Of the products of a maker that alarm, as rows of `assayed_twice` with their `z`, `score` and `side`."""
    maker, receivers = str(rows["maker"][0]), sorted(rows["receiver"].unique())
    subject = {"organisation": maker} if rows["several"][0] else {"pair": f"{maker}{PAIR}{receivers[0]}"}
    z, score = (float(rows[column].to_numpy().max()) for column in ("z", "score"))
    found = rows.with_columns(hidden_mg=(pl.col("dry_mg") * pl.col("excess")).round().cast(pl.Int64))
    mass_mg = int(found["hidden_mg"].sum())
    half_mg = round(HALF_WIDTH_95 * _mass_sigma_mg(rows))
    means = [float(rows[column].to_numpy().mean()) for column in ("own", "makers")]
    own_pct, maker_pct = (round(mean * 100, 7) for mean in means)
    products = sorted(rows["product"].unique())
    totals = {"lots": rows.height, "products": products, "own_pct": own_pct, "maker_pct": maker_pct, "z": round(z, 6)}
    first, last = months_of(rows)
    return Finding(
        detector=DETECTOR.name, subject=subject, first_period=first, last_period=last,
        score=score, mass_mg=max(0, mass_mg), interval_mg=(mass_mg - half_mg, mass_mg + half_mg), elements=("Tb", "Dy"),
        explanation=(
            TEXTS.message(
                "found-more" if rows["side"][0] > 0 else "found-less",
                lots=Count(rows.height),
                maker=Party(maker),
                receivers=Series(tuple(map(Party, receivers))),
                found=Percent(means[0], 3),
                stated=Percent(means[1], 3),
                mass=Mass(mass_mg),
                sigmas=Number(z, 1),
            ),
        ),
        innocent=INNOCENT, ask=ASK,
        evidence=(
            {"totals": totals},
            *(
                {
                    **described({**row, "seq": row["receipt_line"]}, mass=row["dry_mg"]),
                    "own_pct": round(row["own"] * 100, 7),
                    "maker_pct": round(row["makers"] * 100, 7),
                }
                for row in found.sort("hidden_mg", descending=True).head(EVIDENCE_ROWS).iter_rows(named=True)
            ),
        ),
    )  # fmt: skip


def _mass_sigma_mg(rows: pl.DataFrame) -> float:
    """Standard deviation of the mass: half of the variance by lot, half shared by a receiver's lots of a product."""
    by_lot = pl.col("dry_mg") * pl.col("sigma")
    variances = rows.group_by("receiver", "product").agg(mg2=((by_lot**2).sum() + by_lot.sum() ** 2) / 2)
    return float(variances["mg2"].to_numpy().sum() ** 0.5)
