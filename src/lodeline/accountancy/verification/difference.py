"""What a visit measured beside what was declared: D with its σ, and MUF − D, which estimates what is truly missing.

D is operator − inspector, extrapolated from the n items that a lot drew to the N of their stratum; what somebody chose
counts for itself. An item's difference has two parts, each extrapolated from the items in which it was measured: the
mass that is not there, and the composition that is not so. MUF − D is reckoned from the same sources of error as both,
so what the operator's scales and laboratory erred in an item that stands in both falls out, and nothing is assumed
about the covariance. Under the hypothesis that all is as declared no item differs, so z has the errors of measurement
alone; the interval of an estimate also holds what drawing n of N adds where the differences vary more than these.

Source: Jaech, Statistical Methods in Nuclear Material Control (1973); Avenhaus & Canty, Compliance Quantified (1996);
Franklin, EUR 9230 (1984), for the part of drawing; Neyman, J. Am. Stat. Assoc. 33 (1938), for two phases. That every σ
is right is shown by simulation: benchmarks/verified_sigma.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import polars as pl

from lodeline.accountancy.distribution import chi_squared_quantile, normal_quantile, normal_tail
from lodeline.accountancy.verification.frames import DIFFERENCES, SINGLE, STATED, VERIFIED
from lodeline.accountancy.verification.joint import joint_p, part_of_its_own
from lodeline.accountancy.verification.linear_form import covariances, errors, variances
from lodeline.accountancy.verification.measured_items import (
    INSPECTOR,
    STRATUM,
    UNKNOWN,
    all_assays,
    declared,
    entering_in,
    measured_items,
    numbered_lots,
    rows_of,
)
from lodeline.material.element import SYMBOLS

#: With which probability a visit would have shown `would_see_mg`.
SEEN_WITH: Final = 0.9
#: Beyond this quantile differences vary more than measurement explains.
_EXPLAINED: Final = 0.95
#: With which sign an item stands in a balance.
_SIGN: Final = {"stock": -1, "receipt": 1, "shipment": -1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What the firms' books say of the visits: frames BOOKS, BATCHES, ASSAYS and STATED."""

    balances: pl.DataFrame
    batches: pl.DataFrame
    assays: pl.DataFrame
    stated: pl.DataFrame


def differences(
    *, items: pl.DataFrame, shares: pl.DataFrame, strata: pl.DataFrame, assays: pl.DataFrame, methods: pl.DataFrame
) -> pl.DataFrame:
    """D by visit, place, stratum and element, columns DIFFERENCES, sorted by them; of what was declared at the visit.

    Parameters: frames ITEMS, SHARES, STRATA and ASSAYS, the register's methods. `operator_mg` and `inspector_mg` are of
    the items measured. Items that were only seen, and are there, count as seen and show no difference of their own.
    """
    return _differences(measured_items(items, shares, strata, declared(items)), strata, assays, methods).select(
        list(DIFFERENCES)
    )


def single_items(
    *, items: pl.DataFrame, shares: pl.DataFrame, strata: pl.DataFrame, assays: pl.DataFrame, methods: pl.DataFrame
) -> pl.DataFrame:
    """Each item by itself, columns SINGLE, sorted by item and element; parameters as `differences`.

    Items that were neither weighed nor assayed, and were there, have no row. Where nothing errs, `z` is null.
    """
    measured = measured_items(items, shares, strata, declared(items)).filter(pl.col("weighed") | pl.col("assayed"))
    alone = measured.sort("item", "element").with_columns(
        mass_weight=pl.col("weighed").cast(pl.Float64), share_weight=pl.col("assayed").cast(pl.Float64), sign=pl.lit(1)
    )
    lots = numbered_lots(measured, assays)
    numbered = alone.with_row_index("form").with_columns(pl.col("form").cast(pl.Int64))
    parts = entering_in(numbered).join(lots, on=["visit", "lot"])
    rows = rows_of(parts, declared(items)).drop("item")
    found = variances(errors(rows, all_assays(measured, assays, lots), methods))
    sigma = (pl.col("random_mg2") + pl.col("systematic_mg2")).sqrt()
    difference = pl.col("declared") - pl.col("found")
    return (
        numbered.join(found, on="form", how="left", maintain_order="left")
        .with_columns(sigma_mg=sigma.fill_null(0.0), difference_mg=difference)
        .select(
            "item", "difference_mg", "sigma_mg", element=_symbols(numbered["element"]), operator_mg="declared",
            inspector_mg="found",
            z=pl.when(pl.col("sigma_mg") > 0).then(pl.col("difference_mg") / pl.col("sigma_mg")),
        )
        .select(list(SINGLE))
    )  # fmt: skip


def _symbols(index: pl.Series) -> pl.Series:
    return pl.Series([SYMBOLS[place] for place in index], dtype=pl.String)


def verified(
    *, items: pl.DataFrame, shares: pl.DataFrame, strata: pl.DataFrame, books: Books, methods: pl.DataFrame,
    budget: float,
) -> pl.DataFrame:  # fmt: skip
    """MUF − D of each visit and element, columns VERIFIED, sorted by them.

    Parameters as `differences`, with the books; `budget` is the probability of a false alarm, both sides together.
    D here is of what stands in the balance: where a firm filed other than it declared, its filing has changed MUF
    already. `sigma_mg` holds the part of drawing, `z` = verified / σ of measurement does not. While a month is
    waiting, D is of what was declared, and what needs MUF is null.
    """
    waiting = books.balances.filter(pl.col("state") == "waiting")["visit"].unique()
    spoken = items.filter(pl.col("visit").is_in(waiting.implode()))
    stated = pl.concat([books.stated.select(list(STATED)).join(spoken, on="item", how="anti"), declared(spoken)])
    measured = measured_items(items, shares, strata, stated)
    found = _differences(measured, strata, books.assays, methods)
    forms = measured.select("visit", "element").unique().sort("visit", "element").with_row_index("form")
    forms = forms.with_columns(pl.col("form").cast(pl.Int64))
    of_d, of_muf = _sources(measured, forms, books, methods)
    sums = found.group_by("visit", index="index").agg(
        d_mg=(pl.col("d_mg") * pl.col("place").replace_strict(_SIGN, return_dtype=pl.Int64)).sum(),
        drawn_mg2=pl.col("drawn_mg2").sum(),
    )
    every = (
        forms.join(sums, left_on=["visit", "element"], right_on=["visit", "index"], how="left", maintain_order="left")
        .join(_total(of_d, "d"), on="form", how="left", maintain_order="left")
        .join(_total(of_muf, "muf"), on="form", how="left", maintain_order="left")
        .join(covariances(of_muf, of_d), on="form", how="left", maintain_order="left")
        .with_columns(pl.col("d", "muf", "covariance_mg2").fill_null(0.0))
        .join(books.balances, on=["visit", "element"], how="inner", maintain_order="left")
        .join(_counted(items, strata), on="visit", how="left", maintain_order="left")
    )
    return _judged(every, _hidden(measured, strata), budget)


def _differences(
    measured: pl.DataFrame, strata: pl.DataFrame, assays: pl.DataFrame, methods: pl.DataFrame
) -> pl.DataFrame:
    """DIFFERENCES, with `index` of the element and `drawn_mg2`, the variance of having drawn n of N."""
    group = [*STRATUM, "element"]
    groups = (
        measured.select(group).unique().sort(group).with_row_index("form").with_columns(pl.col("form").cast(pl.Int64))
    )
    lots = numbered_lots(measured, assays)
    parts = entering_in(measured).join(groups, on=group).join(lots, on=["visit", "lot"]).with_columns(sign=pl.lit(1))
    stated = parts.select("item", "operator_seq", "operator_method", "stated_dry_mg").unique("item")
    rows = rows_of(parts, stated.select(
        "item", act=pl.coalesce("operator_seq", UNKNOWN + INSPECTOR * pl.col("item")), method="operator_method",
        dry_mg="stated_dry_mg",
    ))  # fmt: skip
    found = errors(rows.drop("item"), all_assays(measured, assays, lots), methods)
    sums = parts.group_by("form").agg(
        measured=pl.col("seen").first() + pl.col("chosen").first(), operator_mg=pl.col("stated").sum(),
        inspector_mg=pl.col("found").sum(), gross=(2 * pl.col("found") < pl.col("stated")).sum().cast(pl.Int64),
        d_mg=(pl.col("mass_difference") + pl.col("share_difference")).sum().round().cast(pl.Int64),
    )  # fmt: skip
    measurement = (pl.col("random_mg2") + pl.col("systematic_mg2")).sqrt()
    score = pl.when(measurement > 0).then(pl.col("d_mg").abs() / measurement)
    every = (
        groups.join(sums, on="form")
        .join(variances(found), on="form", how="left")
        .with_columns(pl.col("random_mg2", "systematic_mg2").fill_null(0.0))
        .join(_drawn(parts, rows, found), on="form", how="left")
        .join(strata.select(*STRATUM, "items"), on=list(STRATUM), how="left")
        .with_columns(pl.col("drawn_mg2").fill_null(0.0), index="element")
    )
    return every.sort(group).with_columns(
        pl.col("items").fill_null(pl.col("measured")),
        element=_symbols(every.sort(group)["index"]),
        sigma_d_mg=(pl.col("random_mg2") + pl.col("systematic_mg2") + pl.col("drawn_mg2")).sqrt(),
        random_mg=pl.col("random_mg2").sqrt(), systematic_mg=pl.col("systematic_mg2").sqrt(),
        p=score.map_batches(lambda z: pl.Series(2 * normal_tail(z.to_numpy())), return_dtype=pl.Float64),
    )  # fmt: skip


def _drawn(entering: pl.DataFrame, rows: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """`form`, `drawn_mg2`: what having drawn n of N adds, where differences vary more than measurement explains.

    Of a sum of n extrapolated differences y it is n (1 − n/N) (s_y² − the mean variance of measuring one).
    """
    random = found.filter(pl.col("act").is_not_null())
    scales = pl.col("quantity").is_in(["weighing", "moisture"])
    of_scale = rows.filter("weighed").select("form", "act", "item").unique()
    of_assay = rows.select("form", "item", act="held").unique()
    parts = []
    for which, of_item, value, weight in (
        (scales, of_scale, "mass_difference", "mass_weight"),
        (~scales, of_assay, "share_difference", "share_weight"),
    ):
        own = random.filter(which).join(of_item, on=["form", "act"]).group_by("form", "item")
        spread = (
            entering.filter(pl.col("random") & (pl.col(weight) > 0))
            .join(own.agg(own_mg2=(pl.col("error_mg") ** 2).sum()), on=["form", "item"], how="left")
            .group_by("form")
            .agg(
                n=pl.len().cast(pl.Int64), population=pl.col("population").first(), variance=pl.col(value).var(),
                own=pl.col("own_mg2").fill_null(0.0).mean(),
            )
            .filter((pl.col("n") > 1) & (pl.col("n") < pl.col("population")))
        )  # fmt: skip
        most = pl.Series([_explained(n) for n in spread["n"]], dtype=pl.Float64)
        more = (pl.col("n") - 1) * pl.col("variance") > most * pl.col("own")
        drawn = pl.col("n") * (1 - pl.col("n") / pl.col("population")) * (pl.col("variance") - pl.col("own"))
        parts.append(spread.filter(more).select("form", drawn_mg2=drawn))
    return pl.concat(parts).group_by("form").agg(pl.col("drawn_mg2").sum())


@cache
def _explained(items: int) -> float:
    return chi_squared_quantile(_EXPLAINED, items - 1)


def _sources(
    measured: pl.DataFrame, forms: pl.DataFrame, books: Books, methods: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The sources of error of D, signed to be subtracted, and of MUF, by form (visit and element)."""
    key = ["visit", "element"]
    lots = numbered_lots(measured, books.batches, books.assays)
    signed = measured.with_columns(sign=pl.col("place").replace_strict(_SIGN, return_dtype=pl.Int64))
    parts = entering_in(signed).join(forms, on=key).join(lots, on=["visit", "lot"])
    rows = rows_of(parts, books.stated).drop("item")
    batches = (
        books.batches.join(forms, on=key)
        .join(lots, on=["visit", "lot"])
        .select("form", "element", "held", "act", "method", "signed_mg", "weighed", scale=pl.lit(None, pl.String))
        .select(rows.columns)
    )
    assays = all_assays(measured, books.assays, lots)
    return errors(rows, assays, methods), errors(batches, assays, methods)


def _total(sources: pl.DataFrame, name: str) -> pl.DataFrame:
    """`form` and the variance of the form, both parts together."""
    return variances(sources).select("form", (pl.col("random_mg2") + pl.col("systematic_mg2")).alias(name))


def _counted(items: pl.DataFrame, strata: pl.DataFrame) -> pl.DataFrame:
    """`visit`, `items` that were looked at, and the `population` of all strata."""
    looked = items.filter(pl.col("outcome") != "shipped").group_by("visit").agg(items=pl.len().cast(pl.Int64))
    every = strata.group_by("visit").agg(population=pl.col("items").sum())
    return looked.join(every, on="visit", how="left").with_columns(pl.max_horizontal("population", "items"))


def _hidden(measured: pl.DataFrame, strata: pl.DataFrame) -> pl.DataFrame:
    """`visit`, `element`, `seen_mg` (of the stock that the lot could have drawn or that was measured), `whole_mg`: the
    most that could be gone from one stratum as whole items without one of them being drawn with probability SEEN_WITH.
    """
    key = [*STRATUM, "element"]
    mean = measured.group_by(key).agg(
        share=pl.col("declared").sum() / pl.col("operator_mg").sum(), population=pl.col("population").first(),
        seen=pl.col("seen").first(), chosen_mg=pl.col("declared").filter(~pl.col("random")).sum(),
    ).join(strata.select(*STRATUM, "items", "dry_mg"), on=list(STRATUM))  # fmt: skip
    one = pl.col("share").fill_nan(0.0) * pl.col("dry_mg") / pl.max_horizontal("items", pl.lit(1))
    mean = mean.filter(pl.col("place") == "stock").with_columns(one_mg=one)
    sizes = mean.select("population", "seen").unique()
    gone = [(N, n, defects_seen(N, n, SEEN_WITH)) for N, n in sizes.iter_rows()]
    found = pl.DataFrame(gone, schema={"population": pl.Int64, "seen": pl.Int64, "defects": pl.Int64}, orient="row")
    drawn = pl.col("population").filter(pl.col("seen") > 0) * pl.col("one_mg").filter(pl.col("seen") > 0)
    return (
        mean.join(found, on=["population", "seen"])
        .group_by("visit", "element")
        .agg(
            seen_mg=drawn.sum() + pl.col("chosen_mg").sum(),
            # Where one is met already, less than one is a matter of the scales.
            whole_mg=(pl.col("defects") * pl.col("one_mg"))
            .filter((pl.col("seen") > 0) & (pl.col("defects") > 1))
            .max()
            .fill_null(0.0),
        )
    )


def defects_seen(population: int, drawn: int, probability: float) -> int:
    """The fewest whole items gone of a population of which n drawn hold one with this probability; the population where
    nothing was drawn."""
    if drawn == 0:
        return population
    missed = 1.0
    for defects in range(1, population - drawn + 1):
        missed *= (population - drawn - defects + 1) / (population - defects + 1)
        if 1 - missed >= probability:
            return defects
    return population - drawn + 1


def _judged(every: pl.DataFrame, hidden: pl.DataFrame, budget: float) -> pl.DataFrame:
    """VERIFIED of what is known by form: sums, variances, books and what could be hidden."""
    waits, closes = pl.col("state") == "waiting", pl.col("muf_mg").is_not_null() & (pl.col("state") != "waiting")
    # What no count closes is what the book says, of which MUF is zero by identity.
    every = every.join(hidden, on=["visit", "element"], how="left", maintain_order="left").with_columns(
        muf_mg=pl.when(~waits).then(pl.col("muf_mg").fill_null(0)),
        muf=pl.when(closes).then("muf").otherwise(0.0),
        covariance_mg2=pl.when(closes).then("covariance_mg2").otherwise(0.0),
    )
    variance = (pl.col("muf") + pl.col("d") - 2 * pl.col("covariance_mg2")).clip(lower_bound=0.0)
    every = every.with_columns(
        null_mg=variance.sqrt(),
        sigma_muf_mg=pl.when(~waits).then(pl.col("muf").sqrt()),
        sigma_d_mg=(pl.col("d") + pl.col("drawn_mg2")).sqrt(),
        sigma_mg=pl.when(~waits).then((variance + pl.col("drawn_mg2")).sqrt()),
        verified_mg=pl.col("muf_mg") - pl.col("d_mg"),
        element=_symbols(every["element"]),
    )
    figures = [
        every[name].cast(pl.Float64).fill_null(0.0).to_numpy()
        for name in ("muf_mg", "muf", "d_mg", "d", "covariance_mg2")
    ]
    spread = (normal_quantile(1 - budget / 2) + normal_quantile(SEEN_WITH)) * pl.col("null_mg")
    never_drawn = (pl.col("closing_mg").fill_null(0) - pl.col("seen_mg").fill_null(0.0)).clip(lower_bound=0.0)
    seen = pl.max_horizontal(spread, pl.col("whole_mg").fill_null(0.0), never_drawn)
    return every.with_columns(
        z=pl.when(pl.col("null_mg") > 0).then(pl.col("verified_mg") / pl.col("null_mg")),
        would_see_mg=seen.ceil().cast(pl.Int64),
        own_z=pl.Series(part_of_its_own(*figures)).fill_nan(None),
        p=pl.Series(joint_p(*figures)).fill_nan(None),
    ).select(list(VERIFIED))
