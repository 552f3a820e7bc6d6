"""What did not close in a year, or in any months: by site, and by element and stage (and region) over the sites.

No second accountancy: differences are those of `sites.judged`, and how two of a site hang together is what
`accountancy.covariance` says of them. What nobody counted is counted as such, and is neither zero nor closed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import polars as pl

from lodeline.accountancy.frames import AREA
from lodeline.material.element import TREO
from lodeline.service.balance.book import SIGMAS
from lodeline.service.balance.reconciling import FAMILY_RATE, Reconciled
from lodeline.store.snapshot import Snapshot

#: States of a site whose difference and σ are both known, and those for which no σ can be stated.
_KNOWN: Final = ("loss", "gain", "beyond", "closes")
_UNKNOWN: Final = ("unfiled", "untested", "once")
_OF_SITE: Final = (*AREA, "element")
#: One row for each site and element that the books of these months hold.
SITE_YEARS: Final[Mapping[str, pl.DataType]] = {
    "organisation": pl.String(), "site": pl.String(), "stage": pl.String(), "region": pl.String(),
    "element": pl.String(), "since": pl.Date(), "until": pl.Date(), "muf_mg": pl.Int64(), "sigma_mg": pl.Float64(),
    "z": pl.Float64(), "state": pl.String(), "finding": pl.String(), "tested": pl.Int64(), "wrong": pl.Int64(),
    "wrong_mg": pl.Int64(), "wrong_sigma_mg": pl.Float64(),
}  # fmt: skip


def site_years(
    snapshot: Snapshot, judged: pl.DataFrame, shared: pl.DataFrame, *, first: str, last: str
) -> pl.DataFrame:
    """What each site's balances that ended in the months `first` to `last` come to (SITE_YEARS), element by element.

    `judged`: the answer of `sites.judged`; `shared`: that of `book.shared_errors`. `state` is one of `sites.STATES`:
    what a finding says of any balance of these months, else what their sum shows. Where a month was never filed, some
    lots were never assayed, or no two counts bound a balance, there is neither a sum nor σ. `since` to `until`: the
    counts at both ends of the sum. `tested`: how many balances are; `wrong`: of how many a finding says that they do
    not close, which come to `wrong_mg` ± `wrong_sigma_mg`.
    """
    within = judged.filter(pl.col("period").is_between(pl.lit(first), pl.lit(last)))
    closed = pl.col("sigma_mg").is_not_null()
    stated = pl.col("state").is_in(["gain", "loss"])
    largest = pl.col("finding").sort_by(pl.col("muf_mg").abs(), descending=True, nulls_last=True).drop_nulls().first()
    ends = [*_OF_SITE, "until"]
    tested, wrong = (
        shared.join(within.filter(chosen).select(ends), on=ends, how="semi") for chosen in (closed, stated)
    )
    rows = (
        within.group_by(_OF_SITE)
        .agg(
            since=pl.col("since").filter(closed).min(), until=pl.col("until").filter(closed).max(),
            counted=pl.col("until").filter(pl.col("muf_mg").is_not_null()).max(), tested=closed.sum(),
            muf_mg=pl.col("muf_mg").filter(closed).sum(), wrong=stated.sum(),
            wrong_mg=pl.when(stated.any()).then(pl.col("muf_mg").filter(stated).sum()),
            **{one: (pl.col("state") == one).any() for one in ("unfiled", "untested")}, finding=largest,
        )
        .join(_sigma_of_sum(tested), on=_OF_SITE, how="left")
        .join(_sigma_of_sum(wrong).rename({"sigma_mg": "wrong_sigma_mg"}).drop("rounding_mg2"), on=_OF_SITE, how="left")
    )  # fmt: skip
    # What rounding leaves is no difference (detection.imbalance).
    limit = SIGMAS * (pl.col("sigma_mg") ** 2 + pl.col("rounding_mg2")).sqrt()
    state = (
        pl.when(pl.col("wrong") > 0)
        .then(pl.when(pl.col("wrong_mg") < 0).then(pl.lit("gain")).otherwise(pl.lit("loss")))
        .when("unfiled").then(pl.lit("unfiled"))
        .when("untested").then(pl.lit("untested"))
        .when(pl.col("tested") == 0)
        .then(pl.when(pl.col("counted").is_null()).then(pl.lit("none")).otherwise(pl.lit("once")))
        .when(pl.col("muf_mg").abs() <= limit).then(pl.lit("closes"))
        # What is said to be without error and yet differs, no σ measures.
        .when(pl.col("sigma_mg") == 0).then(pl.lit("once"))
        .otherwise(pl.lit("beyond"))
    )  # fmt: skip
    known = pl.col("state").is_in(_KNOWN)
    sites = snapshot.register.tables["sites"].select("stage", "region", site="id")
    return (
        rows.with_columns(pl.col("sigma_mg", "rounding_mg2").fill_null(0))
        .with_columns(state=state)
        .with_columns(
            *(pl.when(known).then(name).alias(name) for name in ("muf_mg", "sigma_mg")),
            pl.coalesce("until", "counted"),
        )
        .with_columns(z=pl.when(pl.col("sigma_mg") > 0).then(pl.col("muf_mg") / pl.col("sigma_mg")))
        .join(sites, on="site", how="left")
        .with_columns(pl.col("stage", "region").fill_null(""))
        .select(pl.col(name).cast(kind) for name, kind in SITE_YEARS.items())
        .sort(_OF_SITE)
    )


def _sigma_of_sum(shared: pl.DataFrame) -> pl.DataFrame:
    """By site and element `sigma_mg` of the sum of these balances (rows of SHARED): what several of them share enters
    once, with its sign in each; and `rounding_mg2`."""
    rows = shared.with_columns(place=pl.col("covariance_mg2").list.len() - 1)
    chosen = rows.select(*_OF_SITE, other="place")
    pairs = (
        rows.select(*_OF_SITE, "place", "covariance_mg2")
        .with_columns(other=pl.int_ranges(0, pl.col("place") + 1, dtype=pl.UInt32))
        .explode("covariance_mg2", "other")
        .join(chosen, on=[*_OF_SITE, "other"], how="semi")
    )
    twice = pl.when(pl.col("other") == pl.col("place")).then(1.0).otherwise(2.0)
    sums = pairs.group_by(_OF_SITE).agg(sigma_mg=(pl.col("covariance_mg2") * twice).sum().clip(lower_bound=0).sqrt())
    return sums.join(rows.group_by(_OF_SITE).agg(pl.col("rounding_mg2").sum()), on=_OF_SITE, how="left")


def cells(rows: pl.DataFrame, by: Sequence[str] = ("element", "stage")) -> pl.DataFrame:
    """The sites' sums (rows of `site_years`) added up: by element and stage, or by what else is asked.

    `muf_mg` ± `sigma_mg` over the sites whose balance can be tested (they err independently; null where none can);
    `state`: `loss` or `gain` where a finding says so of a site in it; `beyond` where the sum lies outside of 3 σ and no
    finding says so; `closes`; `unknown` where no σ can be stated; `none` where nobody counted in these months. How many
    `sites` there are, and how many of each state. `wrong_mg` ± `wrong_sigma_mg`: what findings say is missing (> 0) or
    too much (< 0) at the sites that `state` speaks of, null where it is neither. A site `beyond` does not make its cell
    so: of many, one in 370 is.
    """
    known = pl.col("state").is_in(_KNOWN)
    groups = {one: pl.col("state") == one for one in (*_KNOWN, "none")} | {"unknown": pl.col("state").is_in(_UNKNOWN)}
    found = rows.group_by(by).agg(
        pl.len().alias("sites"), pl.col("muf_mg").sum(), sigma_mg=(pl.col("sigma_mg") ** 2).sum().sqrt(),
        tested=known.sum(),
        **{one: chosen.sum() for one, chosen in groups.items()},
        **{f"{one}_mg": pl.col("wrong_mg").filter(groups[one]).sum() for one in _SIDES},
        **{f"{one}_sigma_mg": (pl.col("wrong_sigma_mg").filter(groups[one]) ** 2).sum().sqrt() for one in _SIDES},
    )  # fmt: skip
    more_missing = pl.col("loss_mg").abs() >= pl.col("gain_mg").abs()
    state = (
        pl.when((pl.col("loss") > 0) & (more_missing | (pl.col("gain") == 0))).then(pl.lit("loss"))
        .when(pl.col("gain") > 0).then(pl.lit("gain"))
        .when((pl.col("tested") > 0) & (pl.col("muf_mg").abs() > SIGMAS * pl.col("sigma_mg"))).then(pl.lit("beyond"))
        .when(pl.col("tested") > 0).then(pl.lit("closes"))
        .when(pl.col("unknown") > 0).then(pl.lit("unknown"))
        .otherwise(pl.lit("none"))
    )  # fmt: skip
    said = pl.col("tested") > 0
    found = found.with_columns(*(pl.when(said).then(one).alias(one) for one in ("muf_mg", "sigma_mg")), state=state)
    wrong = [
        pl.when(pl.col("state") == one).then(f"{one}{which}").alias(f"_{one}{which}")
        for one in _SIDES for which in ("_mg", "_sigma_mg")
    ]  # fmt: skip
    return (
        found.with_columns(wrong)
        .with_columns(
            wrong_mg=pl.coalesce("_loss_mg", "_gain_mg"), wrong_sigma_mg=pl.coalesce("_loss_sigma_mg", "_gain_sigma_mg")
        )
        .select(
            *by, "state", "muf_mg", "sigma_mg", "wrong_mg", "wrong_sigma_mg", "sites",
            *(pl.col(one).cast(pl.Int64) for one in ("tested", *groups)),
        )
        .sort(by)
    )  # fmt: skip


_SIDES: Final = ("loss", "gain")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the months come to: of one element, or of those that do not close the one that says most.

    `cell`: the row of `cells` of the element over all stages; `worst`: that of its stage with most missing or too much,
    where a finding says so. `closing`, `of`: how many elements close, of those of which anything can be said;
    `not_closing`: the others, the farthest from closing first. `nation`: whether the books made to balance agree
    (`agrees`), raise a doubt, or cannot be tested; None where nobody asked.
    """

    element: str
    cell: Mapping[str, Any]
    worst: Mapping[str, Any] | None
    closing: int
    of: int
    not_closing: tuple[str, ...]
    nation: Literal["agrees", "doubts", "untestable"] | None = None


def verdict(rows: pl.DataFrame, *, element: str | None, fallback: str) -> Verdict | None:
    """The verdict of some rows of `site_years`; None where they are none.

    `element`: what is asked about; else that which is farthest from closing, else `fallback` or, without it, the first.
    """
    by_element = {row["element"]: row for row in cells(rows, ["element"]).iter_rows(named=True)}
    if not by_element or (element is not None and element not in by_element):
        return None
    # Their total is not one more of them.
    single = {symbol: row for symbol, row in by_element.items() if symbol != TREO} or by_element
    wrong = sorted(
        (symbol for symbol, row in single.items() if row["state"] in ("loss", "gain", "beyond")),
        key=lambda symbol: (single[symbol]["state"] == "beyond", -_sureness(single[symbol]), symbol),
    )
    about = element or (wrong[0] if wrong else fallback if fallback in by_element else next(iter(single)))
    cell = by_element[about]
    stages = cells(rows.filter(pl.col("element") == about)).filter(pl.col("state") == cell["state"])
    worst = stages.sort(pl.col("wrong_mg").abs(), descending=True, nulls_last=True)
    return Verdict(
        element=about,
        cell=cell,
        worst=worst.row(0, named=True) if cell["state"] in _SIDES and worst.height else None,
        closing=sum(row["state"] == "closes" for row in single.values()),
        of=sum(row["state"] in _KNOWN for row in single.values()),
        not_closing=tuple(wrong),
    )


def _sureness(row: Mapping[str, Any]) -> float:
    """How many σ lie between the sum, or what findings speak of, and nothing."""
    mass, sigma = (row["wrong_mg"], row["wrong_sigma_mg"]) if row["wrong_mg"] else (row["muf_mg"], row["sigma_mg"])
    return float(abs(mass or 0) / (sigma or 1.0))


def nation(found: Reconciled) -> Literal["agrees", "doubts", "untestable"]:
    """Whether the nation made to balance bears out what the sites say by themselves."""
    if found.reason is not None:
        return "untestable"
    return "doubts" if found.suspects and found.suspects[0].p <= FAMILY_RATE else "agrees"
