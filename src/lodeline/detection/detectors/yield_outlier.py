"""A process gives more, or less, than it did in other months, or more than was fed to it.

Loophole: ore or oxide from nowhere is laundered by a yield that is too good; product is diverted behind one that is
too poor. A run states what went in, what came out and what was left, so its yield needs no stock count. Whoever gives a
false product must give a false waste, or the run does not close. Three ratios are followed by month: waste over product
(where the yield is 98 %, a yield that is 1 % too good halves the waste, while feed and product err by more than that),
the content of the waste (slag keeps its own while its mass goes up and down, and a buyer weighs that), and product
and waste together over feed, which should be one.

Innocent: a better or worse feed; a new line, a bad campaign, wear; an assay of feed, product or waste that is off;
waste that was not weighed; a run that ended in the next month.
Ask: run sheets, assays of feed, product and waste; what was changed in the plant.
Evidence: feed, product and waste by month, then the largest runs' rows.
Source: generalised least squares for a shift in an autocorrelated series: Box & Tiao, J. Am. Stat. Assoc. 70 (1975);
the least spreads are assumptions, the others are those of sites with the same process.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.accountancy.frames import serving_shares
from lodeline.detection.alarm import ALARM_SCORE, HALF_WIDTH_95
from lodeline.detection.detector import ROW, Detector
from lodeline.detection.evidence import described, largest_rows, last_day, month_of
from lodeline.detection.finding import Finding, ranked
from lodeline.detection.limits import Limits
from lodeline.detection.need import Need
from lodeline.detection.null import (
    MAD_TO_SIGMA,
    RUNS_PER_MONTH,
    Floats,
    Ints,
    median,
    medians,
    robust_spread,
    score_of,
    strongest_each_way,
    upper_tail,
)
from lodeline.language import Text, text
from lodeline.material.assay import TREO_INDEX
from lodeline.material.element import TREO
from lodeline.material.mass import format_kg, share_mg_expr
from lodeline.material.product import PRODUCTS
from lodeline.message import Key, Mass, Month, Number, Percent, Term, Texts

INNOCENT: tuple[Text, ...] = (
    text("The feed was richer or poorer than its assay says."),
    text("A line was started, changed or worn, or a campaign failed."),
    text("Waste of the runs was not weighed or assayed, or was filed with other runs."),
    text("A run went over the end of the month and was filed in parts."),
)
ASK: tuple[Text, ...] = (
    text("Run sheets of the months, with feed, product and waste."),
    text("The assays of feed and product, with the laboratory that made them."),
    text("What was changed in the plant, and when."),
)
TEXTS: Final = Texts(
    "yield-outlier",
    {
        "unlike-others": text("From {first} to {last}, {ratio}; its other months and other sites' runs give {usual}."),
        # What is followed, as the sentence goes on.
        "parted": text("the waste of runs that make {goods} held {got} of what the product holds"),
        "content": text("the waste of runs that make {goods} held {got} TREO"),
        "closure": text("product and waste together were {got} of the TREO fed to runs that make {goods}"),
        "yielded": text("product was {got} of the TREO fed to runs that make {goods}"),
        "by-that": text("By that the product is {mass} kg TREO {more} than such runs give, {z} σ."),
    },
)
_MORE: Final = Term(**text("more"))
_LESS: Final = Term(**text("less"))
#: A site and a kind of product, whose runs are one process.
_PROCESS = ["organisation", "site", "goods"]
_EVENT = ["organisation", "event"]
#: Feed whose mixture no sample shows well.
_SCRAP = [kind for kind, product in PRODUCTS.items() if product.feed == "secondary"]
#: Feed of the same products that is another raw material: what ion clay is leached to.
_OTHER_FEED: Final = ("mixed-compound",)
#: What is followed, and what of it is TREO that came or went: the part of which a shift of the ratio is a share.
_RATIOS: Final = {"parted": "waste_mg", "content": "waste_mg", "closure": "in_mg", "yielded": "in_mg"}
#: Ratios of which more is less product.
_OF_WASTE: Final = ("parted", "content")


def yield_outlier(
    *, lines: pl.DataFrame, lot_facts: pl.DataFrame, lot_assays: pl.DataFrame, site_assays: pl.DataFrame, limits: Limits
) -> list[Finding]:
    """One finding per site and kind of product whose yield stands out over a run of months, as `ranked`.

    Parameters: `lines` in force (columns of `ledger.movement.LINE`), the assays as in
    `accountancy.frames`. A lot holds what the site itself found in it, else what its maker says. Runs with a lot that
    nobody assayed are left out; a process with fewer than `least_months` months is not testable.
    `mass_mg` is the TREO by which the months lie off, `interval_mg` ± 1.96 σ.
    """
    months = _process_months(
        lines=lines, lot_facts=lot_facts, lot_assays=lot_assays, site_assays=site_assays, limits=limits
    )
    values = limits.on(last_day(lines))
    months = months.sort(*_PROCESS, "period")
    series = _series(months, values)
    peers = _peers(series, values)
    worst: dict[int, dict[str, Any]] = {}
    for one in series:
        for seen in _outliers(one, months, peers[one.ratio], values):
            if (best := worst.get(seen["begin"])) is None or seen["z"] > best["z"]:
                worst[seen["begin"]] = seen
    wanted = {tuple(seen[key] for key in _PROCESS): seen for seen in worst.values()}
    if not wanted:
        return []
    theirs = lines.filter(pl.col("organisation").is_in([process[0] for process in wanted]))
    evidence = _largest(_run_rows(theirs, lot_facts, lot_assays, site_assays), wanted)
    return ranked(_finding(seen, evidence.get(process, [])) for process, seen in wanted.items())


def _process_months(
    *,
    lines: pl.DataFrame,
    lot_facts: pl.DataFrame,
    lot_assays: pl.DataFrame,
    site_assays: pl.DataFrame,
    limits: Limits,
) -> pl.DataFrame:
    """Each process by month (`_months`)."""
    return _months(_run_rows(lines, lot_facts, lot_assays, site_assays), limits.on(last_day(lines)))


DETECTOR: Final = Detector(
    name="yield-outlier",
    label=text("Yield outlier"),
    mark=("up", "hold"),
    find=yield_outlier,
    need=Need(months=5),
    texts=TEXTS,
    labels={
        "in_kg": text("Put in"),
        "out_kg": text("Came out"),
        "waste_kg": text("Waste"),
    },
    shown=ROW,
)


def _run_rows(
    lines: pl.DataFrame, lot_facts: pl.DataFrame, lot_assays: pl.DataFrame, site_assays: pl.DataFrame
) -> pl.DataFrame:
    """Rows of runs whose every lot has a known total, with `treo_mg`, `period` and `goods` (what was made)."""
    runs = lines.lazy().filter((pl.col("kind") == "transformation") & pl.col("site").is_not_null())
    rows = runs.select(
        "line", "entry", "organisation", "event", "kind", "role", "on", "site", "lot", "product", "dry_mg"
    ).collect()
    held = rows.select("site", "lot").unique().sort("site", "lot").with_row_index("held")
    totals = serving_shares(held, lot_assays=lot_assays, site_assays=site_assays, elements=[TREO_INDEX])
    kind = pl.col("product").str.split(":").list.first()
    feed = pl.when(kind.is_in(_SCRAP)).then(pl.lit("scrap")).when(kind.is_in(_OTHER_FEED)).then(kind)
    fed = lot_facts.select("lot", feed=feed)
    whole = (
        rows.join(held.join(totals, on="held"), on=["site", "lot"], how="left", maintain_order="left")
        .with_columns(treo_mg=share_mg_expr(pl.col("dry_mg"), pl.col("ppb")))
        .join(fed, on="lot", how="left", maintain_order="left")
        .join(_numbered_runs(rows), on=_EVENT, how="left", maintain_order="left")
    )
    made = pl.col("product").filter(pl.col("role") == "out").first().str.split(":").list.first()
    # Scrap is assayed less well than anything else, and leached clay leaves another waste than a concentrate: who
    # works it is held against those who do too, and its own runs of one feed not against those of the other.
    other = pl.col("feed").filter(pl.col("role") == "in").max()
    told = whole.group_by("number").agg(made=made, other=other, known=pl.col("ppb").is_not_null().all())
    goods = pl.when(pl.col("other").is_not_null()).then(pl.concat_str("made", pl.lit(" < "), "other")).otherwise("made")
    told = told.select("number", "known", goods=goods)
    return (
        whole.with_columns(period=month_of())
        .join(told, on="number", how="left", maintain_order="left")
        .filter(pl.col("known") & pl.col("goods").is_not_null())
        .drop("held", "element", "ppb", "own", "feed", "known")
    )


def _numbered_runs(rows: pl.DataFrame) -> pl.DataFrame:
    """`_EVENT` and a `number` for each, by which its rows are put together faster than by two texts."""
    return rows.select(_EVENT).unique(maintain_order=True).with_row_index("number")


def _months(rows: pl.DataFrame, values: Mapping[str, float]) -> pl.DataFrame:
    """Each process by month: masses and the logs of `_RATIOS`; `yielded` only where there is no waste."""

    def of(role: str, mass: str = "treo_mg") -> pl.Expr:
        return pl.col(mass).filter(pl.col("role") == role).sum()

    wasted = pl.col("waste_mg") > 0
    run = "number"
    balanced = (of("out") + of("waste")).over(run) / of("in").over(run)
    fed = pl.col("treo_mg").filter(pl.col("role") == "in").cast(pl.Float64)
    of_run = pl.col("run_mg").filter(pl.col("role") == "in")
    return (
        # What misses by more is a part of a run or a wrong unit, and asked about by the site's balance.
        rows.filter((balanced - 1).abs().fill_nan(1) <= values["most_open_pct"] / 100)
        .with_columns(run_mg=of("in").over(run).cast(pl.Float64))
        .group_by(*_PROCESS, "period")
        .agg(
            in_mg=of("in"),
            out_mg=of("out"),
            waste_mg=of("waste"),
            gross_mg=of("waste", "dry_mg"),
            # So many lots, and runs, of one size as err alike: one assay serves all runs of a lot, and what a run
            # leaves in its waste is its own.
            lots=fed.sum() ** 2 / (fed**2).sum(),
            runs=fed.sum() ** 2 / (fed * of_run).sum(),
        )
        .filter((pl.col("in_mg") > 0) & (pl.col("out_mg") > 0))
        .with_columns(
            parted=pl.when(wasted).then((pl.col("waste_mg") / pl.col("out_mg")).log()),
            content=pl.when(wasted & (pl.col("gross_mg") > 0)).then((pl.col("waste_mg") / pl.col("gross_mg")).log()),
            closure=((pl.col("out_mg") + pl.col("waste_mg")) / pl.col("in_mg")).log(),
            yielded=pl.when(~wasted).then((pl.col("out_mg") / pl.col("in_mg")).log()),
            month=pl.col("period").str.slice(0, 4).cast(pl.Int32) * 12
            + pl.col("period").str.slice(5, 2).cast(pl.Int32),
        )
        .filter(pl.len().over(_PROCESS) >= values["least_months"])
        # A site has one budget, however many processes it runs.
        .with_columns(processes=pl.col("goods").n_unique().over("organisation", "site"))
        .sort(*_PROCESS, "period")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Series:
    """A ratio of k processes that have n months of it: the columns of these months, (k, n), their `rows` in the table
    of all, the `numbers` of the ratio, and how they move (`_moves`, (k,) each); `goods` of each process, and the row
    at which it begins."""

    ratio: str
    begin: Ints
    goods: npt.NDArray[Any]
    rows: Ints
    numbers: Floats
    moves: tuple[Floats, Floats, Floats, Floats]
    months: Mapping[str, npt.NDArray[Any]]


def _series(months: pl.DataFrame, values: Mapping[str, float]) -> list[_Series]:
    names = ["month", "lots", "runs", "waste_mg", "in_mg", "processes"]
    columns = {name: months[name].to_numpy() for name in names}
    goods = months["goods"].to_numpy()
    process = months.select(pl.struct(_PROCESS).rle_id()).to_series().to_numpy().astype(np.int64)
    begin = np.flatnonzero(np.diff(process, prepend=-1))
    found = []
    for ratio in _RATIOS:
        numbers = months[ratio].to_numpy()
        there = np.flatnonzero(months[ratio].is_not_null().to_numpy())
        # How many months each process has of it: those of one length are told together.
        length = np.bincount(process[there], minlength=len(begin))
        for n in np.unique(length[length >= values["least_months"]]):
            rows = there[length[process[there]] == n].reshape(-1, n)
            starts = begin[process[rows[:, 0]]]
            found.append(
                _Series(
                    ratio=ratio, begin=starts, goods=goods[starts], rows=rows, numbers=numbers[rows],
                    moves=_moves(numbers[rows]), months={name: column[rows] for name, column in columns.items()},
                )
            )  # fmt: skip
    return found


def _peers(series: list[_Series], values: Mapping[str, float]) -> dict[str, dict[str, dict[str, float]]]:
    """Ratio → goods → `_peer` of the processes that make them."""
    peers: dict[str, dict[str, dict[str, float]]] = {ratio: {} for ratio in _RATIOS}
    for ratio, of_ratio in peers.items():
        own = [one for one in series if one.ratio == ratio]
        if own:
            order = np.argsort(np.concatenate([one.begin for one in own]))
            goods = np.concatenate([one.goods for one in own])[order]
            moved = np.concatenate([np.array(one.moves) for one in own], axis=1)[:, order]
            of_ratio.update({one: _peer(moved[:, goods == one], ratio, values, one) for one in dict.fromkeys(goods)})
    for one, content in peers["content"].items():
        if one in peers["parted"]:
            # Wear shows in what the waste holds as far as this moves at all.
            content["worn"] = min(1.0, content["spread"] / peers["parted"][one]["spread"])
    return peers


def _peer(moved: Floats, ratio: str, values: Mapping[str, float], goods: str) -> dict[str, float]:
    """What a ratio does at the sites of one process: where it lies (`centre`, `between` sites), how a month errs
    (`chance`), how the plant wanders from one month to the next (`walk`), and how far it comes in all (`spread`).

    Each but the first is one standard deviation. Wear (`worn`) shows in all ratios but the one that should be one.
    """
    floor = values[f"scrap_{ratio}_pct" if goods.endswith("scrap") else f"{ratio}_pct"] / 100
    centres, spreads, steps, walks = moved
    centre, between = robust_spread(centres)
    if ratio != "closure":
        # Recipes differ from site to site, and few sites do not show by how much: those far off count as well.
        between = max(between, float(np.std(centres)))
    step, walk2 = max(float(np.median(steps)), floor), max(0.0, float(np.median(walks)))
    # A laboratory that is calibrated anew, some day of the year, finds something else from then on.
    walk2 = max(walk2, (values["calibration_pct"] / 100) ** 2 / 12)
    return {
        "centre": centre,
        "between": max(between, values["between_pct"] / 100),
        "step": step,
        "chance": float(np.sqrt(max(step**2 - walk2 / 2, step**2 / 4))),
        "walk": float(np.sqrt(walk2)),
        "spread": max(float(np.median(spreads)), step),
        "worn": 0.0 if ratio == "closure" else 1.0,
    }


def _moves(numbers: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Of each series of (k, n): middle, robust standard deviation, that of a month by the difference from the next, and
    the variance by which neighbouring months differ for good (differences over half a year grow by it, chance does
    not).
    """
    middle = medians(numbers)
    spread = medians(np.abs(numbers - middle[:, None])) * MAD_TO_SIGMA
    far = min(6, numbers.shape[1] // 2)
    near2, far2 = ((medians(np.abs(numbers[:, lag:] - numbers[:, :-lag])) * MAD_TO_SIGMA) ** 2 / 2 for lag in (1, far))
    return middle, spread, near2**0.5, 2 * (far2 - near2) / (far - 1)


def _covariance(series: _Series, peer: Mapping[str, Floats], values: Mapping[str, float]) -> Floats:
    """How the months of an honest process would vary together: its level among sites, its wandering (at least what any
    plant does, whoever its peers are), each month's chance, and wear, which takes a share of the feed more each month.

    (k, n, n); `peer`: what `_peer` says, (k,) each.
    """
    months = series.months
    month, lots = months["month"], np.where(peer["worn"][:, None] > 0, months["runs"], months["lots"])
    # Its own movement from month to month, as far as it has been seen for longer than a year; else that of its peers.
    own2, seen = (series.moves[2] / peer["step"]) ** 2, series.numbers.shape[1] - 1
    scale2 = (seen * own2 + 12) / (seen + 12)
    since = month - month[:, :1]
    # What a plant gains or loses is a share of its feed, and so much more of its waste the less there is of that.
    wasted = medians(months["waste_mg"] / months["in_mg"])
    part = peer["worn"] / np.maximum(np.where(wasted == 0, 1.0, wasted), 1e-3)
    wear, wander = part * values["wear_pct"] / 100, part * values["wander_pct"] / 100
    years = (month - month.mean(axis=1)[:, None]) / 12
    drift = np.maximum(scale2 * peer["walk"] ** 2, wander**2)[:, None, None]
    covariance: Floats = (peer["between"] ** 2)[:, None, None] + drift * np.minimum(
        since[:, :, None], since[:, None, :]
    )
    place = np.arange(seen + 1)
    covariance[:, place, place] += (scale2 * peer["chance"] ** 2 * medians(lots))[:, None] / lots
    covariance += (wear**2)[:, None, None] * (years[:, :, None] * years[:, None, :])
    return covariance


def _outliers(
    series: _Series, months: pl.DataFrame, peers: Mapping[str, Mapping[str, float]], values: Mapping[str, float]
) -> Iterator[dict[str, Any]]:
    """The runs of months of each process that stand out most, up and down, where they are an alarm."""
    peer = {key: np.array([peers[one][key] for one in series.goods]) for key in peers[series.goods[0]]}
    off = series.numbers - peer["centre"][:, None]
    covariance = _covariance(series, peer, values)
    # No shift of some months is further out than all of them together: most processes need no closer look.
    most = np.sqrt((off * np.linalg.solve(covariance, off[:, :, None])[:, :, 0]).sum(axis=1)) * (1 + 1e-6)
    # Spreads that few months and few peers tell have heavier tails than those that are known.
    tests = 2 * len(_RATIOS) * series.months["processes"][:, 0] * values["estimated"]
    tests = tests * RUNS_PER_MONTH * series.numbers.shape[1]
    for i in range(len(off)):
        if score_of(upper_tail(most[i]), tests=tests[i]) < ALARM_SCORE:
            continue
        for side, (z, first, last) in zip((1, -1), strongest_each_way(off[i], covariance[i]), strict=True):
            if (score := score_of(upper_tail(z), tests=tests[i])) >= ALARM_SCORE:
                seen = _outlier(series, i, slice(first, last + 1), side=side, centre=peer["centre"][i], values=values)
                run = months[series.rows[i, first : last + 1].tolist()]
                process = dict(zip(_PROCESS, run.select(_PROCESS).row(0), strict=True))
                yield {**process, **seen, "z": z, "score": score, "months": run}


def _outlier(
    series: _Series, i: int, run: slice, *, side: int, centre: float, values: Mapping[str, float]
) -> dict[str, Any]:
    """What a run of months of a process makes of its product: `more` or less of it, and the mass."""
    others = np.delete(series.numbers[i], np.s_[run])
    usual = median(others) if len(others) >= values["least_months"] else float(centre)
    of_waste = series.ratio in _OF_WASTE
    off = series.numbers[i, run] - usual
    share = -np.expm1(-off) if of_waste else np.expm1(off)
    mass_mg = abs(float((share * series.months[_RATIOS[series.ratio]][i, run]).sum()))
    more = -side if of_waste else side
    return {"begin": int(series.begin[i]), "ratio": series.ratio, "more": more, "mass_mg": mass_mg, "usual": usual}


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
    fed, out, waste, gross = (int(months[f"{part}_mg"].sum()) for part in ("in", "out", "waste", "gross"))
    mass_mg = round(seen["mass_mg"])
    half_mg = round(HALF_WIDTH_95 * mass_mg / seen["z"])
    over = {"parted": (waste, out), "content": (waste, gross), "closure": (out + waste, fed), "yielded": (out, fed)}
    got, usual = (Percent(float(share), 2) for share in (np.divide(*over[seen["ratio"]]), np.exp(seen["usual"])))
    goods = Key(seen["goods"])
    first, last = str(months["period"][0]), str(months["period"][-1])
    return Finding(
        detector=DETECTOR.name, subject={key: seen[key] for key in _PROCESS}, first_period=first, last_period=last,
        score=seen["score"], mass_mg=mass_mg, interval_mg=(mass_mg - half_mg, mass_mg + half_mg), elements=(TREO,),
        explanation=(
            TEXTS.message(
                "unlike-others",
                first=Month(first),
                last=Month(last),
                ratio=TEXTS.message(seen["ratio"], goods=goods, got=got),
                goods=goods,
                usual=usual,
            ),
            TEXTS.message(
                "by-that",
                mass=Mass(mass_mg),
                more=_MORE if seen["more"] > 0 else _LESS,
                z=Number(float(seen["z"]), 1),
            ),
        ),
        innocent=INNOCENT, ask=ASK,
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
    )  # fmt: skip
