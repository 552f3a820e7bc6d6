"""Counts that no scale has made: the same milligram month after month, or the very figure of the book.

Loophole: what was taken away stays in the count, because nobody counts; the sheet of last month, or the book, is
copied. A real weighing never gives the same figure twice but by the chance of its division, and how often that happens
is told by the division that the site's own figures show, and seen at everybody else's counts of such goods.

Innocent: sealed lots whose certificate stands for the weighing (the method says so: `carried-over`); one scale that
shows whole kilograms; a stock that a system keeps and a person confirms.
Ask: who counted, on which day, with which scale; the tickets; a count with somebody looking on.
Evidence: the site's counts and how many of them repeat a figure, then the rows that do.
Source: item identification and re-measurement in IAEA Safeguards Glossary (2022); rates by what is counted elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import polars as pl

from lodeline.accountancy.distribution import normal_tail
from lodeline.detection.alarm import ALARM_SCORE
from lodeline.detection.detector import ROW, Detector, plain
from lodeline.detection.evidence import EVIDENCE_ROWS, described, last_day, month_of, months_of, places, with_treo_mass
from lodeline.detection.finding import Finding, ranked
from lodeline.detection.limits import Limits
from lodeline.detection.need import Need
from lodeline.detection.null import RUNS_PER_MONTH, Floats, binomial_tail, closeness_tail, least_closeness, score_of
from lodeline.language import Text, text
from lodeline.ledger.register import CARRIED_OVER
from lodeline.material.element import TREO
from lodeline.message import Count, Mass, Month, Number, Percent, Texts

INNOCENT: tuple[Text, ...] = (
    text("The lots are sealed, and the certificate's mass stands for a weighing."),
    text("The scale shows coarse steps, so that figures repeat."),
    text("The count confirms what a stock system shows, and nobody weighed again."),
)
ASK: tuple[Text, ...] = (
    text("Who counted, on which day, with which scale; the tickets of the rows listed."),
    text("A count of the lots listed with somebody looking on."),
    text("Where the lots lie, and the seals on them."),
)
TEXTS: Final = Texts(
    "ghost-stock",
    {
        "repeated": text(
            "Of {counts} counted lots, {repeated} have to the milligram the mass of the book or of "
            "the count before. At others' counts of such goods about {expected} would."
        ),
        "last-count": text("The last count has {mass} kg TREO in such rows."),
        "one-lot": text(
            "One lot of {mass} kg was counted {counts} times from {first} to {last}; the counts "
            "differ by no more than {spread}."
        ),
        "weighings": text("Weighings agree less well."),
    },
)
_SITE = ["organisation", "site"]
#: (organisation, site).
_Site = tuple[str, str]
#: The part of a site's figures that may be finer than its scale is: of another scale, or computed.
_FEW: Final = 0.1


def ghost_stock(
    *, lines: pl.DataFrame, lot_assays: pl.DataFrame, counts: pl.DataFrame, movements: pl.DataFrame, limits: Limits
) -> list[Finding]:
    """One finding per site whose counts repeat the book or the count before more often than others' do, as `ranked`.

    Parameters: `lines` in force; the rest as in `accountancy.frames`.
    A site with fewer than `least_counts` repeated rows gives nothing. `mass_mg` is the TREO in the copied rows of the
    last count.
    """
    repeats = _repeats(counts=counts, movements=movements, lines=lines, limits=limits)
    values = limits.on(last_day(lines))
    rows = _with_chance(repeats)
    findings = []
    for site, months in _months(rows, values):
        worst, own = _worst_months(months, values), _of_site(rows, site)
        if worst is not None:
            first, after, score, begun = worst
            run = months[first:after]
            counted = own.filter(month_of().is_in(run["period"].implode()))
            findings.append(_site_finding(site, (counted, float(run["expected"].sum()), score, begun), lot_assays))
        elif (chain := own.filter(pl.col("frozen").is_not_null())).height:
            findings.append(_lot_finding(site, chain, chain["frozen"][0], lot_assays))
    return ranked(findings)


def _repeats(*, counts: pl.DataFrame, movements: pl.DataFrame, lines: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Each site's counts by the `kind` of goods and whether they lay `still`: `hits` of them copied, `expected` by the
    divisions of the scales alone; and the `rows` of sites that may be asked, the score of a chain that does as no
    weighings do in `frozen`.

    Parameters: frames of `accountancy.frames`; `entry` and `event` of the counts are named if they are there. Rows
    with the method `carried-over` say themselves that nobody weighed, and are left out.
    """
    values = limits.on(last_day(lines))
    rows = _with_repeats(counts, movements, lines, values)
    frozen = _frozen(rows, values)
    # Others repeat figures at least as often as their scales would: who is asked is at least asked about that.
    least = _months(rows.with_columns(chance="by_division"), values)
    asked = frozen.keys() | {site for site, months in least if _worst_months(months, values) is not None}
    schema: dict[str, Any] = {
        "organisation": pl.String,
        "site": pl.String,
        "chain": rows.schema["chain"],
        "score": pl.Float64,
    }
    sites = pl.DataFrame(
        [(*site, *frozen.get(site, (None, None))) for site in sorted(asked)], schema=schema, orient="row"
    ).rename({"chain": "the_chain"})
    is_frozen = pl.when(pl.col("chain") == pl.col("the_chain")).then("score")
    kept = rows.join(sites, on=_SITE, maintain_order="left").with_columns(frozen=is_frozen)
    by = [*_SITE, "kind", "still"]
    of_kind = rows.group_by(by, maintain_order=True).agg(
        hits=pl.col("copied").sum(), expected=pl.col("by_division").sum()
    )
    listed = kept.group_by(by).agg(rows=pl.struct(pl.exclude(*by, "chain", "the_chain", "score", "division")))
    return of_kind.join(listed, on=by, how="left", nulls_equal=True, maintain_order="left")


DETECTOR: Final = Detector(
    name="ghost-stock",
    label=text("Ghost stock"),
    mark=("ring", "loss"),
    find=ghost_stock,
    need=Need(counts=2),
    texts=TEXTS,
    labels={
        "counts": text("Stock counts"),
        "repeated": text("The same as the book or the count before"),
        "expected": text("Expected by chance"),
        "book_kg": text("In the books"),
    },
    shown={**ROW, **plain("book_kg"), "totals": plain("counts", "repeated", "expected")},
)


def _with_repeats(
    counts: pl.DataFrame, movements: pl.DataFrame, lines: pl.DataFrame, values: Mapping[str, float]
) -> pl.DataFrame:
    """Counts of a lot: `copied`, how likely `by_division` (of the scale, a part of the mass), `chain` (not moved, or of
    one figure).

    The first count of a lot is compared with the book, a later one with the count before too.
    """
    method = pl.col("method").fill_null("")
    # Where a site names the scale of some counts, those without one were not weighed: sealed goods go by their labels.
    weighed = counts.filter(
        ~method.str.contains(CARRIED_OVER, literal=True), (method != "") | ~(method != "").any().over(_SITE)
    )
    where = [column for column in places(counts) if column != "seq"]
    # What the scale showed is the mass as filed, and a dry mass is computed from it.
    shown = lines.filter(pl.col("line").is_in(weighed["seq"].implode())).select(seq="line", shown_mg="mass_mg")
    held = (
        weighed.join(shown, on="seq", how="left")
        .with_columns(pl.col("shown_mg").fill_null(pl.col("mass_mg")))
        .group_by("organisation", "site", "lot", "on")
        .agg(
            pl.col("mass_mg", "shown_mg").sum(),
            pl.col("product", "method").first(),
            pl.col("seq").min(),
            *(pl.col(one).first() for one in where),
        )
        .filter(pl.col("mass_mg") > 0)
        .sort("on")
    )
    book = (
        movements.lazy()
        .join(held.lazy().select("site", "lot").unique(), on=["site", "lot"], how="semi")
        .group_by("site", "lot", "on")
        .agg(pl.col("delta_mg").sum() + pl.col("unaccounted_mg").sum())
        .collect()
        .sort("on")
        .with_columns(book_mg=pl.col("delta_mg").cum_sum().over("site", "lot"), moved_on=pl.col("on"))
        .select("site", "lot", "on", "book_mg", "moved_on")
    )
    joined = held.join_asof(book, on="on", by=["site", "lot"], check_sortedness=False).sort(*_SITE, "lot", "on")
    lot = [*_SITE, "lot"]
    rows = joined.with_columns(before_mg=pl.col("mass_mg").shift(1).over(lot), before=pl.col("on").shift(1).over(lot))
    still = (pl.col("moved_on") <= pl.col("before")).fill_null(False)
    # A lot of which some went weighs the same again no oftener than one that lay still.
    again = (pl.col("mass_mg") == pl.col("before_mg")).fill_null(False)
    copied = (pl.col("mass_mg") == pl.col("book_mg")) | again
    rows = rows.with_columns(still=still, copied=copied.fill_null(False))
    rows = rows.with_columns(kind=pl.col("product").str.split(":").list.first())
    zeros = pl.sum_horizontal((pl.col("shown_mg") % 10**power == 0).cast(pl.Int32) for power in range(1, 12))
    # The division of a scale is the finest that it shows for masses of that size; few figures are of another scale.
    size = (pl.col("shown_mg").log10() * 3).floor()
    finest = zeros.quantile(_FEW, "lower").over(*_SITE, "method", "kind", size)
    rows = rows.with_columns(division=pl.lit(10.0).pow(finest) / pl.col("shown_mg"))
    return rows.select(
        *_SITE, "lot", "on", "mass_mg", "book_mg", "seq", *where, "kind", "still", "copied", "division",
        by_division=pl.Series(_alike(rows["division"].to_numpy(), values)).clip(values["least_chance"], 1.0),
        chain=pl.struct("lot", run=(~(still | again)).cum_sum().over(lot)).rle_id(),
    )  # fmt: skip


def _with_chance(repeats: pl.DataFrame) -> pl.DataFrame:
    """The rows of sites that may be asked, with the `chance` that a row is copied."""
    by = [*_SITE, "kind", "still"]
    # Others repeat figures so many times as often as their scales alone would: of such goods, moved or not. The site's
    # own counts are no witnesses for it. A hit more on both sides, so that few say little.
    hits, expected = (
        pl.col(one).sum().over("kind", "still") - pl.col(one).sum().over("kind", "still", "site")
        for one in ("hits", "expected")
    )
    others = repeats.drop("rows").sort(by).select(*by, others=((hits + 1) / (expected + 1)).clip(1.0))
    return (
        repeats.filter(pl.col("rows").is_not_null())
        .join(others, on=by, nulls_equal=True, maintain_order="left")
        .explode("rows")
        .unnest("rows")
        .with_columns(chance=(pl.col("by_division") * pl.col("others")).clip(upper_bound=1.0))
        .sort(*_SITE, "lot", "on")
    )


def _alike(division: Floats, values: Mapping[str, float]) -> Floats:
    """The chance that two weighings of one thing give one figure, by the scale's `division` as a part of the mass.

    Their difference is normal, and figures that lie closer than a division are rounded to one as often as the part of
    it that is left: E[max(0, 1 − |difference| / division)].
    """
    reach = division / (2**0.5 * values["weighing_pct"] / 100)
    within = 1 - 2 * normal_tail(reach)
    alike: Floats = within - np.sqrt(2 / np.pi) * -np.expm1(-(reach**2) / 2) / reach
    return alike


def _months(rows: pl.DataFrame, values: Mapping[str, float]) -> Iterator[tuple[_Site, pl.DataFrame]]:
    """Each site with its months: `period`, how many `rows` were counted in it, `hits` of them copied, `expected`."""
    months = (
        rows.group_by(*_SITE, period=month_of())
        .agg(rows=pl.len(), hits=pl.col("copied").sum(), expected=pl.col("chance").sum() * values["spread"])
        .sort(*_SITE, "period")
    )
    for (organisation, site), of_site in months.group_by(_SITE, maintain_order=True):
        yield (str(organisation), str(site)), of_site


def _of_site(rows: pl.DataFrame, site: _Site) -> pl.DataFrame:
    return rows.filter((pl.col("organisation") == site[0]) & (pl.col("site") == site[1]))


def _worst_months(months: pl.DataFrame, values: Mapping[str, float]) -> tuple[int, int, float, str] | None:
    """Of a site, the run of months that repeats most (its first, and the one after it), its score, and the first month
    of the run that would have been the first alarm; None for no alarm."""
    rows, hits, expected = (months[column].to_list() for column in ("rows", "hits", "expected"))
    if sum(hits) < values["least_counts"]:
        return None
    best = (1.0, 0, 0)
    score, begun = 0.0, None
    for after in range(1, months.height + 1):
        for first in range(after):
            seen = sum(hits[first:after])
            if seen >= values["least_counts"]:
                # Rows of different chances: no more often above their mean than as many of the mean chance (Hoeffding).
                counted, chance = sum(rows[first:after]), sum(expected[first:after]) / sum(rows[first:after])
                p = binomial_tail(seen, counted, chance) if chance < seen / counted else 1.0
                best = min(best, (p, first, after))
        score = score_of(best[0], tests=RUNS_PER_MONTH * after)
        if begun is None and score >= ALARM_SCORE:
            begun = str(months["period"][best[1]])
    return None if begun is None or score < ALARM_SCORE else (best[1], best[2], score, begun)


def _frozen(rows: pl.DataFrame, values: Mapping[str, float]) -> dict[_Site, tuple[int, float]]:
    """Site → the lot (its `chain`) whose counts agree better than weighings do, and the score, where that is an
    alarm."""
    least, sigma = values["least_repeats"], values["weighing_pct"] / 100
    chains = (
        rows.group_by(*_SITE, "chain", maintain_order=True)
        .agg(pl.col("mass_mg"), pl.col("book_mg", "division").first())
        .filter(pl.col("mass_mg").list.len() >= least)
    )
    weighed: dict[_Site, list[tuple[int, float, float, int]]] = {}
    for organisation, site, chain, masses, book_mg, division in chains.iter_rows():
        # The book is a weighing too, or several; whoever counts what he wrote before copies the first or the last.
        for figures in ([book_mg, *masses] if book_mg else [], masses):
            if len(figures) > least:
                apart = (max(figures) - min(figures)) / masses[-1]
                one = (chain, apart / sigma, division / sigma, len(figures))
                weighed.setdefault((organisation, site), []).append(one)
    found = {}
    for site, tested in weighed.items():
        tests = len(tested)
        # What is no alarm at half its least probability is none; the probability itself costs a thousand times more.
        likely = [one for one in tested if score_of(least_closeness(*one[1:]) / 2, tests=tests) >= ALARM_SCORE]
        p, chain = min(
            ((closeness_tail(*one[1:]), one[0]) for one in likely), default=(1.0, -1), key=lambda one: one[0]
        )
        if (score := score_of(p, tests=tests)) >= ALARM_SCORE:
            found[site] = chain, score
    return found


def _evidence(rows: pl.DataFrame) -> tuple[dict[str, Any], ...]:
    largest = rows.sort("mass_mg", "seq", descending=[True, False]).head(EVIDENCE_ROWS)
    return tuple(
        described({**row, "kind": "stock"}, mass=row["mass_mg"], **({"book": row["book_mg"]} if row["book_mg"] else {}))
        for row in largest.iter_rows(named=True)
    )


def _site_finding(site: _Site, months: tuple[pl.DataFrame, float, float, str], lot_assays: pl.DataFrame) -> Finding:
    group, expected, score, begun = months
    hits = int(group["copied"].sum())
    copied = group.filter("copied")
    first, last = months_of(copied)
    newest = with_treo_mass(copied.filter(pl.col("on") == copied["on"].max()), lot_assays, mass="mass_mg")
    mass_mg = int(newest["treo_mg"].sum())
    return Finding(
        detector=DETECTOR.name, subject={"organisation": site[0], "site": site[1]}, first_period=first,
        last_period=last, cause_from=begun, score=score, mass_mg=mass_mg, interval_mg=(0, mass_mg),
        elements=(TREO,) if mass_mg else (),
        explanation=(
            TEXTS.message("repeated", counts=Count(group.height), repeated=Count(hits), expected=Number(expected, 1)),
            TEXTS.message("last-count", mass=Mass(mass_mg)),
        ),
        innocent=INNOCENT, ask=ASK,
        evidence=(
            {"totals": {"counts": group.height, "repeated": hits, "expected": round(expected, 3)}},
            *_evidence(copied),
        ),
    )  # fmt: skip


def _lot_finding(site: _Site, chain: pl.DataFrame, score: float, lot_assays: pl.DataFrame) -> Finding:
    first, last = months_of(chain)
    masses, counted = chain["mass_mg"].to_list(), Count(chain.height)
    apart = Percent((max(masses) - min(masses)) / masses[-1], 4)
    mass_mg = int(with_treo_mass(chain.tail(1), lot_assays, mass="mass_mg")["treo_mg"][0])
    return Finding(
        detector=DETECTOR.name, subject={"organisation": site[0], "site": site[1]}, first_period=first,
        last_period=last, score=score, mass_mg=mass_mg, interval_mg=(0, mass_mg), elements=(TREO,) if mass_mg else (),
        explanation=(
            TEXTS.message(
                "one-lot", mass=Mass(masses[-1]), counts=counted, first=Month(first), last=Month(last), spread=apart
            ),
            TEXTS.message("weighings"),
        ),
        innocent=INNOCENT, ask=ASK,
        evidence=({"totals": {"counts": chain.height, "repeated": int(chain["copied"].sum())}}, *_evidence(chain)),
    )  # fmt: skip
