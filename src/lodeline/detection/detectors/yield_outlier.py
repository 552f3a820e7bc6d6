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
from lodeline.detection.detector import Detector
from lodeline.detection.evidence import described, largest_rows, last_day, month_of
from lodeline.detection.finding import Finding, ranked
from lodeline.detection.limits import Limits
from lodeline.detection.null import (
    MAD_TO_SIGMA,
    RUNS_PER_MONTH,
    Floats,
    median,
    robust_spread,
    score_of,
    strongest_each_way,
    upper_tail,
)
from lodeline.errors import Text, text
from lodeline.material.assay import TREO_INDEX
from lodeline.material.element import TREO
from lodeline.material.mass import format_kg, share_mg_expr
from lodeline.material.product import PRODUCTS
from lodeline.message import Key, Mass, Month, Number, Percent, Term, Texts

INNOCENT: tuple[Text, ...] = (
    text("The feed was richer or poorer than its assay says.", "原料品位高于或低于化验值。"),
    text("A line was started, changed or worn, or a campaign failed.", "生产线新开、改造、磨损，或某批次生产失败。"),
    text(
        "Waste of the runs was not weighed or assayed, or was filed with other runs.",
        "废料未称重或化验，或归入其他批次申报。",
    ),
    text("A run went over the end of the month and was filed in parts.", "生产跨月并分次申报。"),
)
ASK: tuple[Text, ...] = (
    text("Run sheets of the months, with feed, product and waste.", "所涉月份的生产记录（投入、产出、废料）。"),
    text("The assays of feed and product, with the laboratory that made them.", "原料与产品的化验单及化验单位。"),
    text("What was changed in the plant, and when.", "装置的变更内容与时间。"),
)
TEXTS: Final = Texts(
    "yield-outlier",
    {
        "unlike-others": text(
            "From {first} to {last}, {ratio}; its other months and other sites' runs give {usual}.",
            "{first} 至 {last}，生产 {goods} 的批次中{ratio}，其他月份及其他场所通常为 {usual}。",
        ),
        # What is followed, as the sentence goes on.
        "parted": text(
            "the waste of runs that make {goods} held {got} of what the product holds",
            "其废料所含为产品所含的 {got}",
        ),
        "content": text("the waste of runs that make {goods} held {got} TREO", "其废料含 TREO {got}"),
        "closure": text(
            "product and waste together were {got} of the TREO fed to runs that make {goods}",
            "产品与废料合计为投入 TREO 的 {got}",
        ),
        "yielded": text("product was {got} of the TREO fed to runs that make {goods}", "产品为投入 TREO 的 {got}"),
        "by-that": text(
            "By that the product is {mass} kg TREO {more} than such runs give, {z} σ.",
            "据此产品较通常{more} {mass} 千克 TREO，偏差 {z} σ。",
        ),
    },
)
_MORE: Final = Term("more", "多")
_LESS: Final = Term("less", "少")
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
    *,
    lines: pl.DataFrame,
    lot_facts: pl.DataFrame,
    lot_assays: pl.DataFrame,
    site_assays: pl.DataFrame,
    limits: Limits,
) -> list[Finding]:
    """One finding per site and kind of product whose yield stands out over a run of months, as `ranked`.

    Parameters: `lines` in force (columns of `ledger.movement.LINE`), the assays as in `accountancy.frames`. A lot holds
    what the site itself found in it, else what its maker says. Runs with a lot that nobody assayed are left out; a
    process with fewer than `least_months` months is not testable.
    `mass_mg` is the TREO by which the months lie off, `interval_mg` ± 1.96 σ.
    """
    values = limits.on(last_day(lines))
    rows = _run_rows(lines, lot_facts, lot_assays, site_assays)
    if rows.is_empty():
        return []
    months = _months(rows, values)
    outliers = []
    by_goods: dict[str, list[_Process]] = {}
    for one in _processes(months, values):
        by_goods.setdefault(one.key[2], []).append(one)
    for goods, processes in by_goods.items():
        peers = {ratio: _peers(processes, ratio, values, goods) for ratio in _RATIOS}
        if peers["content"] and peers["parted"]:
            # Wear shows in what the waste holds as far as this moves at all.
            peers["content"]["worn"] = min(1.0, peers["content"]["spread"] / peers["parted"]["spread"])
        outliers += [_worst(own, months, peers, values) for own in processes]
    wanted = {tuple(seen[key] for key in _PROCESS): seen for seen in outliers if seen is not None}
    evidence = _largest(rows, wanted)
    return ranked(_finding(seen, evidence.get(process, [])) for process, seen in wanted.items())


DETECTOR: Final = Detector(
    name="yield-outlier",
    label=text("Yield outlier", "收率异常"),
    mark=("up", "hold"),
    find=yield_outlier,
    texts=TEXTS,
    labels={
        "in_kg": text("Put in", "投入"),
        "out_kg": text("Came out", "产出"),
        "waste_kg": text("Waste", "废料"),
    },
)


def _run_rows(
    lines: pl.DataFrame, lot_facts: pl.DataFrame, lot_assays: pl.DataFrame, site_assays: pl.DataFrame
) -> pl.DataFrame:
    """Rows of runs whose every lot has a known total, with `treo_mg`, `period` and `goods` (what was made)."""
    rows = lines.filter((pl.col("kind") == "transformation") & pl.col("site").is_not_null()).select(
        "line", "entry", "organisation", "event", "kind", "role", "on", "site", "lot", "product", "dry_mg"
    )
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
class _Process:
    """A site and what it makes (`_PROCESS`), its months: the first of them in the table of all, and its columns; ratio
    → the places of the months that have it, what it is there, and how that moves, where they are enough."""

    key: tuple[str, str, str]
    begin: int
    months: Mapping[str, npt.NDArray[Any]]
    known: Mapping[str, tuple[npt.NDArray[np.int64], Floats, tuple[float, float, float, float]]]


def _processes(months: pl.DataFrame, values: Mapping[str, float]) -> Iterator[_Process]:
    names = ["month", "lots", "runs", "waste_mg", "in_mg", "processes"]
    columns = {name: months[name].to_numpy() for name in names}
    ratios = {ratio: (months[ratio].is_not_null().to_numpy(), months[ratio].to_numpy()) for ratio in _RATIOS}
    begin = 0
    for *key, count in months.group_by(_PROCESS, maintain_order=True).len().iter_rows():
        own = slice(begin, begin + count)
        known = {}
        for ratio, (is_there, numbers) in ratios.items():
            places = np.flatnonzero(is_there[own])
            if len(places) >= values["least_months"]:
                known[ratio] = places, numbers[own][places], _moves(numbers[own][places])
        of_process = {name: column[own] for name, column in columns.items()}
        yield _Process(key=(key[0], key[1], key[2]), begin=begin, months=of_process, known=known)
        begin += count


def _peers(processes: list[_Process], ratio: str, values: Mapping[str, float], goods: str) -> dict[str, float]:
    """What a ratio does at the sites of one process: where it lies (`centre`, `between` sites), how a month errs
    (`chance`), how the plant wanders from one month to the next (`walk`), and how far it comes in all (`spread`).

    Each but the first is one standard deviation. Wear (`worn`) shows in all ratios but the one that should be one.
    """
    moved = [own.known[ratio][2] for own in processes if ratio in own.known]
    if not moved:
        return {}
    floor = values[f"scrap_{ratio}_pct" if goods.endswith("scrap") else f"{ratio}_pct"] / 100
    centres, spreads, steps, walks = np.array(moved).T
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


def _moves(numbers: Floats) -> tuple[float, float, float, float]:
    """Of a series: middle, robust standard deviation, that of a month by the difference from the next, and the variance
    by which neighbouring months differ for good (differences over half a year grow by it, chance does not).
    """
    middle, spread = robust_spread(numbers)
    far = min(6, len(numbers) // 2)
    near2, far2 = ((median(np.abs(numbers[lag:] - numbers[:-lag])) * MAD_TO_SIGMA) ** 2 / 2 for lag in (1, far))
    return middle, spread, near2**0.5, 2 * (far2 - near2) / (far - 1)


def _covariance(process: _Process, ratio: str, peer: Mapping[str, float], values: Mapping[str, float]) -> Floats:
    """How the months of an honest process would vary together: its level among sites, its wandering (at least what any
    plant does, whoever its peers are), each month's chance, and wear, which takes a share of the feed more each month.
    """
    places, numbers, moves = process.known[ratio]
    own = {name: column[places] for name, column in process.months.items()}
    month, lots = own["month"], own["runs" if peer["worn"] else "lots"]
    # Its own movement from month to month, as far as it has been seen for longer than a year; else that of its peers.
    own2, seen = (moves[2] / peer["step"]) ** 2, len(numbers) - 1
    scale2 = (seen * own2 + 12) / (seen + 12)
    since = month - month[0]
    # What a plant gains or loses is a share of its feed, and so much more of its waste the less there is of that.
    part = peer["worn"] / max(median(own["waste_mg"] / own["in_mg"]) or 1.0, 1e-3)
    wear, wander = part * values["wear_pct"] / 100, part * values["wander_pct"] / 100
    years = (month - month.mean()) / 12
    covariance: Floats = (
        peer["between"] ** 2
        + max(scale2 * peer["walk"] ** 2, wander**2) * np.minimum(since[:, None], since[None, :])
        + np.diag(scale2 * peer["chance"] ** 2 * median(lots) / lots)
        + wear**2 * np.outer(years, years)
    )
    return covariance


def _worst(
    own: _Process, months: pl.DataFrame, peers: Mapping[str, Mapping[str, float]], values: Mapping[str, float]
) -> dict[str, Any] | None:
    """The run of months of a process that stands out most, on either side of any ratio, where it is an alarm."""
    best: dict[str, Any] | None = None
    # Spreads that few months and few peers tell have heavier tails than those that are known.
    tests = 2 * len(_RATIOS) * int(own.months["processes"][0]) * values["estimated"]
    for ratio, basis in _RATIOS.items():
        if ratio not in own.known or not peers[ratio]:
            continue
        (places, numbers, _), peer = own.known[ratio], peers[ratio]
        both = strongest_each_way(numbers - peer["centre"], _covariance(own, ratio, peer, values))
        for side, (z, first, last) in zip((1, -1), both, strict=True):
            score = score_of(upper_tail(z), tests=tests * RUNS_PER_MONTH * len(numbers))
            if score >= ALARM_SCORE and (best is None or z > best["z"]):
                run, others = slice(first, last + 1), np.delete(numbers, np.s_[first : last + 1])
                usual = median(others) if len(others) >= values["least_months"] else peer["centre"]
                more = -side if ratio in _OF_WASTE else side
                off = numbers[run] - usual
                share = -np.expm1(-off) if ratio in _OF_WASTE else np.expm1(off)
                mass_mg = abs(float((share * own.months[basis][places][run]).sum()))
                best = {
                    **dict(zip(_PROCESS, own.key, strict=True)), "ratio": ratio, "z": z, "more": more, "score": score,
                    "months": months[(own.begin + places[run]).tolist()], "mass_mg": mass_mg, "usual": usual,
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
    fed, out, waste, gross = (int(months[f"{part}_mg"].sum()) for part in ("in", "out", "waste", "gross"))
    mass_mg = round(seen["mass_mg"])
    half_mg = round(HALF_WIDTH_95 * mass_mg / seen["z"])
    over = {"parted": (waste, out), "content": (waste, gross), "closure": (out + waste, fed), "yielded": (out, fed)}
    got, usual = (Percent(float(share), 2) for share in (np.divide(*over[seen["ratio"]]), np.exp(seen["usual"])))
    goods = Key(seen["goods"])
    first, last = str(months["period"][0]), str(months["period"][-1])
    return Finding(
        detector=DETECTOR.name,
        subject={key: seen[key] for key in _PROCESS},
        first_period=first,
        last_period=last,
        score=seen["score"],
        mass_mg=mass_mg,
        interval_mg=(mass_mg - half_mg, mass_mg + half_mg),
        elements=(TREO,),
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
