"""Scrap that is no scrap: it holds what magnets never hold, lacks what they always do, or there is more than ever.

Loophole: fresh ore or oxide is declared as swarf or collected scrap, which draws on no quota and has no mine.
Lanthanum is in every ore and in hardly any magnet. Neodymium oxide from which everything else was parted has none
either, but collected magnets are many makers' magnets: each lot holds some of their dysprosium and terbium, and Nd and
Pr as the market mixes them. And collected scrap comes month by month about as much as before.

Innocent: scrap of other goods (battery alloy, catalysts, polishing powder) filed as magnet scrap; magnets cast with
mixed metal; one maker's or one kind of magnet; a new collection contract, an old heap that was cleared.
Ask: from whom the scrap came, with tickets and photographs; assays of the lots by another laboratory; what was made of
it.
Evidence: the lots with their share of lanthanum, or with their ratios; or the months with the mass collected.
Source: Decree 785 art. 11 (recyclers may not use mineral products); deposits hold La at 1-40 % of their oxides, NdFeB
swarf none (data/reference/signatures.csv; the limit is an assumption); what collected scrap holds is learned from the
other recyclers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from lodeline.detection.alarm import ALARM_SCORE, HALF_WIDTH_95
from lodeline.detection.detector import ROW, Detector, plain
from lodeline.detection.evidence import EVIDENCE_ROWS, described, last_day, month_of, months_of, with_treo_mass
from lodeline.detection.finding import Finding, ranked
from lodeline.detection.limits import Limits
from lodeline.detection.null import (
    MAD_TO_SIGMA,
    RUNS_PER_MONTH,
    median,
    robust_spread,
    score_of,
    strongest_run,
    upper_tail,
)
from lodeline.language import Text, text
from lodeline.material.element import RARE_EARTHS, SYMBOLS, TREO
from lodeline.material.mass import format_kg
from lodeline.message import Count, Key, Mass, Month, Number, Percent, Texts

INNOCENT: tuple[Text, ...] = (
    text("Scrap of other goods (battery alloy, catalyst, polishing powder) was filed as magnet scrap."),
    text("The magnets were cast with mixed metal."),
    text("The scrap is one maker's, or of one kind of magnet."),
    text("A collection contract began, or an old heap was cleared."),
)
ASK: tuple[Text, ...] = (
    text("From whom the scrap came, with weighbridge tickets and photographs."),
    text("An assay of the lots by another laboratory, with every rare earth."),
    text("The runs that used it, with residue and product."),
)
TEXTS: Final = Texts(
    "recycling-laundering",
    {
        "lanthanum": text(
            "{lots} lots filed as scrap hold lanthanum, up to {share} of their rare earths, {mass} kg TREO."
        ),
        "no-magnet": text("Magnets hold none to speak of; every ore does."),
        "unlike": text(
            "{lots} lots collected as {product}, {mass} kg TREO, are unlike what others collect: in "
            "the furthest, Nd : Pr is {mix} and Dy with Tb {heavy} of the rare earths; the middle "
            "lot has {usual_mix} and {usual_heavy}."
        ),
        "more-than-usual": text(
            "From {first} to {last} the site filed {mass} kg TREO of collected scrap; its middle "
            "month has {usual} kg. That is {extra} kg more than usual, {z} σ."
        ),
    },
)
#: Products that are scrap of magnets; slag and residue of plants that also make lanthanum may hold it.
_MAGNET_SCRAP = ("swarf", "scrap-eol")
#: What is kept of a row.
_ROW: Final = ("line", "entry", "organisation", "event", "kind", "on", "site", "lot", "dry_mg")
_LANTHANUM: Final = SYMBOLS.index("La")
_COLLECTED = (pl.col("kind") == "origin") & (pl.col("origin_kind") == "secondary") & (pl.col("dry_mg") > 0)


def recycling_laundering(
    *, lines: pl.DataFrame, lot_facts: pl.DataFrame, lot_assays: pl.DataFrame, limits: Limits
) -> list[Finding]:
    """One finding per site: scrap with lanthanum in it, scrap unlike that of others, or more of it than ever; `ranked`.

    Parameters: `lines` in force and `lot_facts` (`ledger.movement`), `lot_assays` as in `accountancy.frames`.
    `mass_mg` is the TREO of the lots with lanthanum, or of those unlike others, or what was collected above the middle
    month.
    """
    lanthanous = _lanthanous(lines=lines, lot_facts=lot_facts, lot_assays=lot_assays)
    collected = _collected(lines=lines, lot_assays=lot_assays)
    values = limits.on(last_day(lines))
    collected = collected.sort("line")
    found: dict[tuple[str, str], Finding] = {}
    # What is asked about for its composition needs no second question about its mass.
    for finding in (
        *_tainted(lanthanous, values),
        *_unlike(collected, values),
        *_crowded(collected, values),
    ):
        found.setdefault((finding.subject["organisation"], finding.subject["site"]), finding)
    return ranked(found.values())


def _lanthanous(*, lines: pl.DataFrame, lot_facts: pl.DataFrame, lot_assays: pl.DataFrame) -> pl.DataFrame:
    """Rows by which lots of magnet scrap with lanthanum in them came in or were used: its `share` of the rare earths,
    `treo_mg`."""
    scrap = pl.col("lot_product").str.split(":").list.first().is_in(_MAGNET_SCRAP) | (
        pl.col("origin_kind") == "secondary"
    )
    rare = pl.col("element") < len(RARE_EARTHS)
    facts = lot_facts.select("lot", lot_product="product", origin_kind="origin_kind").filter(scrap).select("lot")
    shares = (
        lot_assays.filter(rare)
        .join(facts, on="lot", how="semi")
        .group_by("lot")
        .agg(total=pl.col("ppb").sum(), lanthanum=pl.col("ppb").filter(pl.col("element") == _LANTHANUM).sum())
        .filter(pl.col("lanthanum") > 0)
        .select("lot", share=pl.col("lanthanum") / pl.col("total"))
    )
    entering = lines.filter(
        (pl.col("kind") == "origin") | ((pl.col("kind") == "transformation") & (pl.col("role") == "in"))
    )
    return with_treo_mass(entering.select(_ROW).join(shares, on="lot"), lot_assays)


def _collected(*, lines: pl.DataFrame, lot_assays: pl.DataFrame) -> pl.DataFrame:
    """Rows of collected scrap: `treo_mg`, the kind of `product`, and of lots with each rare earth stated the logs `mix`
    (Nd over Pr) and `heavy` (Dy and Tb over all rare earths, never below the reporting limit of 0.01 %).
    """

    def share(*symbols: str) -> pl.Expr:
        return pl.col("ppb").filter(pl.col("element").is_in([SYMBOLS.index(one) for one in symbols])).sum()

    rows = with_treo_mass(lines.filter(_COLLECTED).select(*_ROW, "product"), lot_assays)
    shares = (
        lot_assays.join(rows, on="lot", how="semi")
        .filter(pl.col("element") < len(RARE_EARTHS))
        .group_by("lot")
        .agg(total=pl.col("ppb").sum(), nd=share("Nd"), pr=share("Pr"), hard=share("Dy", "Tb"))
        .filter(pl.col("nd") > 0)
        .select(
            "lot",
            mix=pl.when(pl.col("pr") > 0).then((pl.col("nd") / pl.col("pr")).log()),
            heavy=(pl.max_horizontal(pl.col("hard") / pl.col("total"), pl.lit(1e-4))).log(),
        )
    )
    return rows.join(shares, on="lot", how="left", maintain_order="left").with_columns(
        product=pl.col("product").str.split(":").list.first()
    )


DETECTOR: Final = Detector(
    name="recycling-laundering",
    label=text("Recycling laundering"),
    mark=("half", "gain"),
    find=recycling_laundering,
    texts=TEXTS,
    labels={
        "treo_kg": text("Rare earths (TREO)"),
        "lanthanum_pct_of_rare_earths": text("La in the rare earths, %"),
        "nd_to_pr": text("Nd to Pr"),
        "dy_tb_pct_of_rare_earths": text("Dy + Tb in the rare earths, %"),
    },
    shown={
        **ROW,
        **plain("lanthanum_pct_of_rare_earths", "nd_to_pr", "dy_tb_pct_of_rare_earths"),
        "totals": plain("lots", "treo_kg"),
    },
)


def _tainted(rows: pl.DataFrame, values: Mapping[str, float]) -> list[Finding]:
    limit, relative = values["lanthanum_pct"] / 100, values["relative_pct"] / 100
    rows = rows.with_columns(z=(pl.col("share") - limit) / (pl.col("share") * relative))
    sites = rows.group_by("organisation", "site").agg(pl.col("z").max(), pl.col("lot").n_unique())
    findings = []
    for organisation, site, z, lots in sites.iter_rows():
        score = score_of(upper_tail(z), tests=lots)
        if score >= ALARM_SCORE:
            seen = rows.filter(organisation=organisation, site=site).filter(pl.col("share") > limit)
            findings.append(_tainted_finding(organisation, site, seen, score))
    return findings


def _tainted_finding(organisation: str, site: str, rows: pl.DataFrame, score: float) -> Finding:
    first, last = months_of(rows)
    # A lot that came in and was used counts once.
    by_lot = rows.sort("treo_mg", "line", descending=[True, False]).unique("lot", keep="first", maintain_order=True)
    mass_mg = int(by_lot["treo_mg"].sum())
    highest = Percent(float(by_lot["share"].to_numpy().max()), 1)
    return Finding(
        detector=DETECTOR.name, subject={"organisation": organisation, "site": site}, first_period=first,
        last_period=last, score=score, mass_mg=mass_mg, interval_mg=(0, mass_mg), elements=(TREO, "La"),
        explanation=(
            TEXTS.message("lanthanum", lots=Count(by_lot.height), share=highest, mass=Mass(mass_mg)),
            TEXTS.message("no-magnet"),
        ),
        innocent=INNOCENT, ask=ASK,
        evidence=(
            {"totals": {"lots": by_lot.height, "treo_kg": format_kg(mass_mg)}},
            *(
                {
                    **described({**row, "seq": row["line"]}, mass=row["dry_mg"]),
                    "lanthanum_pct_of_rare_earths": round(row["share"] * 100, 4),
                }
                for row in by_lot.head(EVIDENCE_ROWS).iter_rows(named=True)
            ),
        ),
    )  # fmt: skip


def _unlike(collected: pl.DataFrame, values: Mapping[str, float]) -> list[Finding]:
    lots = collected.filter(pl.col("heavy").is_not_null() & pl.col("product").is_in(_MAGNET_SCRAP))
    rare = values["rare_pct"] / 100
    findings = []
    for (product,), of_product in lots.group_by("product", maintain_order=True):
        if of_product["site"].n_unique() < values["least_sites"]:
            continue
        # Two shares that err independently: their squares are as far out with probability exp(−z² / 2).
        z2 = pl.lit(0.0)
        for feature in ("mix", "heavy"):
            known = of_product[feature].drop_nulls().to_numpy()
            if len(known):
                centre, spread = robust_spread(known)
                z = (pl.col(feature) - centre) / max(spread, values[f"{feature}_pct"] / 100)
                # Common scrap holds a little of Dy: only what holds none is no scrap.
                common = (feature == "heavy") & pl.col(feature).is_between(np.log(values["common_pct"] / 100), centre)
                z2 += pl.when(common).then(0.0).otherwise(z.fill_null(0.0)) ** 2
        judged = of_product.with_columns(z2=z2).with_columns(p=(-pl.col("z2") / 2).exp())
        for (organisation, site), own in judged.group_by("organisation", "site", maintain_order=True):
            furthest = float(own["z2"].to_numpy().max())
            score = score_of(float(np.exp(-furthest / 2)), tests=own.height)
            if score < ALARM_SCORE:
                continue
            others = judged.filter(pl.col("site") != site)["z2"].to_numpy()
            # What other recyclers get as well is another kind of scrap, not another kind of goods.
            # Of a site with one lot, less is far.
            far = min(furthest, _FAR)
            if float(np.mean(others >= far)) <= rare:
                place = {"organisation": str(organisation), "site": str(site)}
                stated = [of_product[one].drop_nulls().to_numpy() for one in _SHARES]
                usual = [float(np.exp(np.median(one))) if len(one) else np.nan for one in stated]
                findings.append(_unlike_finding(place, str(product), own.filter(pl.col("z2") >= far), score, usual))
    return findings


#: A lot so far from the others (z²) counts as unlike them: one in a thousand by chance.
_FAR: Final = 13.8
_SHARES: Final = ("mix", "heavy")


def _unlike_finding(
    place: dict[str, str], product: str, rows: pl.DataFrame, score: float, usual: list[float]
) -> Finding:
    first, last = months_of(rows)
    mass_mg = int(rows["treo_mg"].sum())
    worst = rows.sort("z2", "line", descending=[True, False])
    mix, heavy = worst["mix"][0], float(np.exp(worst["heavy"][0]))
    return Finding(
        detector=DETECTOR.name, subject=place, first_period=first, last_period=last, score=score, mass_mg=mass_mg,
        interval_mg=(0, mass_mg), elements=("Nd", "Pr", "Dy", "Tb"),
        explanation=(
            TEXTS.message(
                "unlike",
                lots=Count(rows.height),
                product=Key(product),
                mass=Mass(mass_mg),
                mix=Number(None if mix is None else float(np.exp(mix)), 2),
                heavy=Percent(heavy, 2),
                usual_mix=Number(None if np.isnan(usual[0]) else usual[0], 2),
                usual_heavy=Percent(usual[1], 2),
            ),
        ),
        innocent=INNOCENT, ask=ASK,
        evidence=(
            {"totals": {"lots": rows.height, "treo_kg": format_kg(mass_mg)}},
            *(
                {
                    **described({**row, "seq": row["line"]}, mass=row["dry_mg"]),
                    "nd_to_pr": None if row["mix"] is None else round(float(np.exp(row["mix"])), 4),
                    "dy_tb_pct_of_rare_earths": round(float(np.exp(row["heavy"])) * 100, 4),
                }
                for row in worst.head(EVIDENCE_ROWS).iter_rows(named=True)
            ),
        ),
    )  # fmt: skip


def _crowded(collected: pl.DataFrame, values: Mapping[str, float]) -> list[Finding]:
    collected = collected.with_columns(period=month_of())
    months = (
        collected.group_by("organisation", "site", "period")
        .agg(pl.col("treo_mg").sum())
        .filter(pl.col("treo_mg") > 0)
        .filter(pl.len().over("organisation", "site") >= values["least_months"])
        .sort("organisation", "site", "period")
    )
    findings = []
    for (organisation, site), own in months.group_by("organisation", "site", maintain_order=True):
        logs = np.log(own["treo_mg"].to_numpy())
        # What lasts for half of the months is no spread: it comes and goes once, and neighbours are alike.
        middle = float(np.sort(logs)[(len(logs) - 1) // 2])
        random = max(median(np.abs(np.diff(logs))) * MAD_TO_SIGMA / 2**0.5, values["month_pct"] / 100)
        apart = np.abs(np.subtract.outer(np.arange(len(logs)), np.arange(len(logs))))
        # Months err by themselves, and seasons of some months together.
        covariance = random**2 * np.eye(len(logs)) + (values["season_pct"] / 100) ** 2 * 0.8**apart
        z, first, last = strongest_run(logs - middle, covariance)
        score = score_of(upper_tail(z), tests=RUNS_PER_MONTH * own.height)
        if score >= ALARM_SCORE:
            run = own[first : last + 1]
            rows = collected.filter(
                (pl.col("site") == site)
                & pl.col("period").is_between(pl.lit(run["period"][0]), pl.lit(run["period"][-1]))
            )
            place = {"organisation": str(organisation), "site": str(site)}
            findings.append(_crowded_finding(place, run, rows, usual_mg=float(np.exp(middle)), z=z, score=score))
    return findings


def _crowded_finding(
    place: dict[str, str], run: pl.DataFrame, rows: pl.DataFrame, *, usual_mg: float, z: float, score: float
) -> Finding:
    extra_mg = round(float(run["treo_mg"].sum()) - usual_mg * run.height)
    half_mg = abs(round(HALF_WIDTH_95 * extra_mg / z))
    first, last = str(run["period"][0]), str(run["period"][-1])
    return Finding(
        detector=DETECTOR.name, subject=place, first_period=first, last_period=last, score=score, mass_mg=extra_mg,
        interval_mg=(extra_mg - half_mg, extra_mg + half_mg), elements=(TREO,),
        explanation=(
            TEXTS.message(
                "more-than-usual",
                first=Month(first),
                last=Month(last),
                mass=Mass(int(run["treo_mg"].sum())),
                usual=Mass(round(usual_mg)),
                extra=Mass(extra_mg),
                z=Number(float(z), 1),
            ),
        ),
        innocent=INNOCENT, ask=ASK,
        evidence=(
            *(
                {"period": period, "treo_kg": format_kg(mass)}
                for period, mass in run.select("period", "treo_mg").iter_rows()
            ),
            *(
                described({**row, "seq": row["line"]}, mass=row["dry_mg"])
                for row in rows.sort("dry_mg", "line", descending=[True, False])
                .head(EVIDENCE_ROWS)
                .iter_rows(named=True)
            ),
        ),
    )  # fmt: skip
