"""How far measurement alone can throw a balance: σ(MUF), and the covariance of a run of balances.

An error that two quantities share enters both with its sign and is squared once, after summing: so a
carried-over item cancels, a calibration error does not average out, and neighbouring periods are
correlated through the stock between them.

Model: observed = true · (1 + R + S), R ~ N(0, δ_r²) per act of measurement, S ~ N(0, δ_s²) shared by all that
one site measures with one method and calibration. Source: Jaech, Statistical Methods in Nuclear Material Control
(1973); Avenhaus & Jaech, J. Inst. Nucl. Mater. Manage. 10 (1981); Burr & Hamada, Stat. 3 (2013).
"""

from __future__ import annotations

import csv
import math
from importlib.resources import files

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.material.element import SYMBOLS, TREO

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

#: In the `method` of a stock row: the mass is repeated from the count before, nobody weighed it again.
CARRIED_OVER = "carried-over"
_ESTIMATE = ["random", "systematic", "method_id"]


def muf_covariance(
    *,
    periods: int,
    period: Indices,
    signed_mass: Floats,
    act: Indices,
    random: Floats,
    key: Indices,
    systematic: Floats,
) -> Floats:
    """Covariance matrix of the inventory differences of a run of periods, shape (periods, periods).

    Parameters, all of shape (n,), one entry per batch and kind of measurement: `period` from 0; `signed_mass` = a·x
    with a = +1 for opening stock and inputs, −1 for outputs and closing stock; `act` numbers the act of measurement
    (a closing item and the opening item it becomes are one act); `random` = δ_r; `key` numbers what shares a
    systematic error; `systematic` = δ_s (relative, one σ). The result has the square of the unit of mass.

    Var = Σ_b x² δ_r² + Σ_m (Σ a x)² δ_s²; Cov = Σ_m (Σ_i a x)(Σ_j a x) δ_s² − [neighbours] Σ_shared x² δ_r².
    """
    return _shared(periods, period, signed_mass * random, act) + _shared(periods, period, signed_mass * systematic, key)


def _shared(periods: int, period: Indices, contribution: Floats, source: Indices) -> Floats:
    """Σ over error sources of s sᵀ, where s[i] is what the source contributes to period i."""
    place, inverse = np.unique(np.stack([source, period]), axis=1, return_inverse=True)
    total = np.bincount(inverse.ravel(), weights=contribution, minlength=place.shape[1])
    covariance = np.zeros((periods, periods))
    np.add.at(covariance, (place[1], place[1]), total**2)
    # Entries are sorted by source, so what shares a source lies at most its number of periods apart.
    for distance in range(1, place.shape[1]):
        same = np.flatnonzero(place[0, distance:] == place[0, :-distance])
        if same.size == 0:
            break
        first, second = place[1, same], place[1, same + distance]
        product = total[same] * total[same + distance]
        np.add.at(covariance, (first, second), product)
        np.add.at(covariance, (second, first), product)
    return covariance


def error_terms(*, batches: pl.DataFrame, assays: pl.DataFrame, methods: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The measured masses by quantity: `weighing`, `moisture`, `assay`, `sampling`; parameters as
    `sources.muf_sigma`.

    Columns: `run`, `element` (whose assay it is: a total that was computed errs as its elements do), `act` (rows of one
    act share a random error: the row weighed, the lot at the site assayed), `laboratory` and `method_id` (rows of both
    alike share a systematic error), `signed_mg` = a·x,
    `random` and `systematic` (relative, one σ).
    """
    estimates = estimates_of(methods)
    scale = pl.col("scale") if "scale" in batches.columns else pl.lit(None, pl.String)
    weighed = batches.filter("weighed").with_columns(laboratory=scale)
    # One assay serves every row of its lot, so its error multiplies their sum: what comes in and stays, or leaves
    # again, cancels.
    assayed = (
        batches.group_by("run", "held")
        .agg(pl.col("element").first(), pl.col("signed_mg").sum())
        .join(assays, on=["held", "element"])
        .with_columns(act=pl.col("held").cast(pl.Int64))
    )
    measured = ~pl.col("exact") | ~pl.col("method_id").str.starts_with(";")
    return {
        "weighing": estimated(weighed, "weighing", estimates),
        "moisture": estimated(weighed, "moisture", estimates),
        "assay": _assayed(assayed, estimates).filter(measured),
        "sampling": estimated(assayed, "sampling", estimates).filter(measured),
    }


def _assayed(terms: pl.DataFrame, estimates: pl.DataFrame) -> pl.DataFrame:
    """The terms of the assays.

    A total that nobody measured as such has the errors of the elements it was computed from, where their methods are
    named; else the default of a total.
    """
    whole = estimated(terms.drop("parts", strict=False), "assay", estimates)
    if "parts" not in terms.columns:
        return whole
    computed = (
        terms.filter(pl.col("parts").is_not_null())
        .join(whole.filter(~pl.col("method_id").str.starts_with(";")), on=["run", "act", "element"], how="anti")
        .with_columns(total="element")
        .explode("parts", empty_as_null=True)
        .unnest("parts")
        .with_columns(element="part", signed_mg=(pl.col("signed_mg") * pl.col("fraction")).round().cast(pl.Int64))
        .drop("part", "fraction")
    )
    parts = estimated(computed, "assay", estimates)
    key = ["run", "act"]
    unknown = parts.filter(pl.col("method_id").str.starts_with(";")).select(key)
    parts = parts.join(unknown, on=key, how="anti")
    totals = parts.select(*key, element="total").unique()
    kept = whole.join(totals, on=[*key, "element"], how="anti")
    return pl.concat([kept, parts.select(kept.columns)])


def estimated(terms: pl.DataFrame, quantity: str, estimates: pl.DataFrame) -> pl.DataFrame:
    """The terms with `random`, `systematic` (relative) and `method_id` of one quantity; without any, left out.

    The first method that the row names for the quantity counts; its figure for the element goes before its
    figure for all. Where none is named the default stands.
    """
    named = (
        terms.select("method", "element")
        .unique()
        .with_columns(pl.col("method").str.split(";").alias("id"))
        .explode("id", keep_nulls=False, empty_as_null=False)
        .with_columns(pl.col("id").str.strip_chars(), position=pl.int_range(pl.len()).over("method", "element"))
        .join(estimates.filter(pl.col("quantity") == quantity), on="id")
        .filter(pl.col("element_of_method").is_null() | (pl.col("element_of_method") == pl.col("element")))
        .sort("position", pl.col("element_of_method").is_null())
        .unique(["method", "element"], keep="first", maintain_order=True)
        .select("method", "element", "random", "systematic", method_id="id")
    )
    found = terms.join(named, on=["method", "element"], how="left", maintain_order="left")
    default = _default(quantity, product="product" in terms.columns)
    usual = pl.col("method_id").is_null()
    return found.with_columns(
        pl.when(usual).then(default.struct.field(name)).otherwise(pl.col(name)).alias(name) for name in _ESTIMATE
    ).drop_nulls("random")


def _default(quantity: str, *, product: bool) -> pl.Expr:
    """The default estimate as a struct of `_ESTIMATE`, null where the reference table has none."""
    chosen = pl.lit(None, pl.Struct(dict.fromkeys(_ESTIMATE[:2], pl.Float64()) | {"method_id": pl.String()}))
    # Particular rows stand before general ones in the file, so they are tried last and win.
    for row in reversed(DEFAULTS):
        if row["quantity"] != quantity:
            continue
        applies = pl.lit(True)
        if row["element"]:
            applies &= pl.col("element") == SYMBOLS.index(row["element"])
        if row["product"]:
            applies &= pl.col("product") == row["product"] if product else pl.lit(False)
        estimate = pl.struct(
            random=pl.lit(float(row["random_pct"]) / 100),
            systematic=pl.lit(float(row["systematic_pct"]) / 100),
            # No registered id holds the separator of ids, so a default shares its error with no method.
            method_id=pl.lit(f";{row['product']}"),
        )
        chosen = pl.when(applies).then(estimate).otherwise(chosen)
    return chosen


def estimates_of(methods: pl.DataFrame) -> pl.DataFrame:
    """The register's methods as numbers: `id`, `quantity`, `element_of_method` (u8|null), `random`, `systematic`."""
    indices = {symbol.casefold(): place for place, symbol in enumerate(SYMBOLS)}
    symbol = pl.col("element").str.strip_chars().str.to_lowercase()
    return (
        methods.filter(pl.col("element").is_null() | (symbol == "") | symbol.is_in(list(indices)))
        .with_columns(symbol.replace_strict(indices, default=None, return_dtype=pl.UInt8).alias("element_of_method"))
        .unique(["id", "quantity", "element_of_method"], keep="last", maintain_order=True)
        .select(
            "id",
            "quantity",
            "element_of_method",
            random=pl.col("random_pct").cast(pl.Float64).fill_null(0.0) / 100,
            systematic=pl.col("systematic_pct").cast(pl.Float64).fill_null(0.0) / 100,
        )
    )


def default_weighing() -> float:
    """Relative standard deviation of a mass weighed with no named method: random and systematic part together."""
    (row,) = (one for one in DEFAULTS if one["quantity"] == "weighing" and not one["element"] and not one["product"])
    return math.hypot(float(row["random_pct"]), float(row["systematic_pct"])) / 100


def _load_defaults() -> list[dict[str, str]]:
    text = (files("lodeline") / "data/reference/default_uncertainty.csv").read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


#: Rows of the reference table; every one is an assumption until an estimate of the site's own replaces it.
DEFAULTS: list[dict[str, str]] = _load_defaults()
assert any(row["element"] == TREO for row in DEFAULTS), "the total oxide has a default of its own"
