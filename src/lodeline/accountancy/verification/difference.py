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
from typing import Final

import numpy as np
import polars as pl

from lodeline.accountancy.distribution import normal_quantile, normal_tail
from lodeline.accountancy.verification.drawing import drawn_variance
from lodeline.accountancy.verification.frames import DIFFERENCES, SINGLE, STATED, VERIFIED
from lodeline.accountancy.verification.joint import Evidence, evidence
from lodeline.accountancy.verification.linear_form import ROWS, covariances, errors, variances
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
            "item", "visit", "organisation", "site", "on", "lot", "difference_mg", "sigma_mg",
            element=_symbols(numbered["element"]), operator_mg="declared", inspector_mg="found",
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
    signed = pl.col("d_mg", "mass_mg") * pl.col("place").replace_strict(_SIGN, return_dtype=pl.Int64)
    sums = found.group_by("visit", index="index").agg(signed.sum(), pl.col("drawn_mg2", "drawn_mass_mg2").sum())
    every = (
        forms.join(sums, left_on=["visit", "element"], right_on=["visit", "index"], how="left", maintain_order="left")
        .join(_spread(measured, forms, books, methods), on="form", how="left", maintain_order="left")
        .join(books.balances, on=["visit", "element"], how="inner", maintain_order="left")
        .join(_counted(items, strata), on="visit", how="left", maintain_order="left")
    )
    return _judged(every, _hidden(measured, strata), budget)


def _differences(
    measured: pl.DataFrame, strata: pl.DataFrame, assays: pl.DataFrame, methods: pl.DataFrame
) -> pl.DataFrame:
    """DIFFERENCES, with `index` of the element, `mass_mg`, the part of D that weighing shows, and the variances of
    having drawn n of N, `drawn_mg2` and of that part `drawn_mass_mg2`."""
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
        mass_mg=pl.col("mass_difference").sum().round().cast(pl.Int64),
    )  # fmt: skip
    measurement = (pl.col("random_mg2") + pl.col("systematic_mg2")).sqrt()
    score = pl.when(measurement > 0).then(pl.col("d_mg").abs() / measurement)
    every = (
        groups.join(sums, on="form")
        .join(variances(found), on="form", how="left")
        .with_columns(pl.col("random_mg2", "systematic_mg2").fill_null(0.0))
        .join(drawn_variance(parts, rows, found), on="form", how="left")
        .join(strata.select(*STRATUM, "items"), on=list(STRATUM), how="left")
        .with_columns(pl.col("drawn_mg2", "drawn_mass_mg2").fill_null(0.0), index="element")
    )
    return every.sort(group).with_columns(
        pl.col("items").fill_null(pl.col("measured")),
        element=_symbols(every.sort(group)["index"]),
        sigma_d_mg=(pl.col("random_mg2") + pl.col("systematic_mg2") + pl.col("drawn_mg2")).sqrt(),
        random_mg=pl.col("random_mg2").sqrt(), systematic_mg=pl.col("systematic_mg2").sqrt(),
        p=score.map_batches(lambda z: pl.Series(2 * normal_tail(z.to_numpy())), return_dtype=pl.Float64),
    )  # fmt: skip


def _spread(measured: pl.DataFrame, forms: pl.DataFrame, books: Books, methods: pl.DataFrame) -> pl.DataFrame:
    """`form` and the variances of measurement, mg²: of MUF (`muf`), D (`d`) and its part of masses (`mass`), and their
    covariances. D is signed to be subtracted."""
    key = ["visit", "element"]
    lots = numbered_lots(measured, books.batches, books.assays)
    signed = measured.with_columns(sign=pl.col("place").replace_strict(_SIGN, return_dtype=pl.Int64))
    assays = all_assays(measured, books.assays, lots)

    def sources(items: pl.DataFrame) -> pl.DataFrame:
        parts = entering_in(items).join(forms, on=key).join(lots, on=["visit", "lot"])
        return errors(rows_of(parts, books.stated).drop("item"), assays, methods)

    of_d, of_mass = sources(signed), sources(signed.with_columns(share_weight=pl.lit(0.0)))
    batches = (
        books.batches.join(forms, on=key)
        .join(lots, on=["visit", "lot"])
        .with_columns(scale=pl.lit(None, pl.String))
        .select(list(ROWS))
    )
    of_muf = errors(batches, assays, methods)
    found = forms.select("form")
    for name, one, other in (
        ("muf", of_muf, of_muf), ("d", of_d, of_d), ("mass", of_mass, of_mass), ("covariance_mg2", of_muf, of_d),
        ("muf_mass", of_muf, of_mass), ("d_mass", of_d, of_mass),
    ):  # fmt: skip
        both = covariances(one, other).rename({"covariance_mg2": name})
        found = found.join(both, on="form", how="left", maintain_order="left")
    return found.with_columns(pl.exclude("form").fill_null(0.0))


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
        muf_mass=pl.when(closes).then("muf_mass").otherwise(0.0),
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
    found = _evidence(every, budget)
    # What is so far out shows with SEEN_WITH, however it was lost: MUF − D sees all of it.
    border = pl.Series(found.border).fill_nan(normal_quantile(1 - budget / 2))
    spread = (border + normal_quantile(SEEN_WITH)) * pl.col("null_mg")
    never_drawn = (pl.col("closing_mg").fill_null(0) - pl.col("seen_mg").fill_null(0.0)).clip(lower_bound=0.0)
    seen = pl.max_horizontal(spread, pl.col("whole_mg").fill_null(0.0), never_drawn)
    return every.with_columns(
        z=pl.when(pl.col("null_mg") > 0).then(pl.col("verified_mg") / pl.col("null_mg")),
        would_see_mg=seen.ceil().cast(pl.Int64),
        sigma_mass_mg=(pl.col("mass") + pl.col("drawn_mass_mg2")).sqrt(),
        **{name: pl.Series(getattr(found, name)).fill_nan(None) for name in ("own_z", "p", "mass_z")},
    ).select(list(VERIFIED))


def _evidence(every: pl.DataFrame, budget: float) -> Evidence:
    """That of MUF, D of the masses and D of compositions."""
    columns = ("muf_mg", "mass_mg", "d_mg", "muf", "mass", "d", "muf_mass", "covariance_mg2", "d_mass")
    muf_mg, mass_mg, d_mg, muf, mass, d, muf_mass, muf_d, d_mass = (
        every[name].cast(pl.Float64).fill_null(0.0).to_numpy() for name in columns
    )
    # Compositions are what D has beside the masses.
    muf_share, mass_share, share = muf_d - muf_mass, d_mass - mass, d + mass - 2 * d_mass
    covariance = np.stack([muf, muf_mass, muf_share, muf_mass, mass, mass_share, muf_share, mass_share, share], axis=1)
    shown = np.stack([muf_mg, mass_mg, d_mg - mass_mg], axis=1)
    return evidence(shown, covariance.reshape(-1, 3, 3), budget=budget)
