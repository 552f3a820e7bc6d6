"""How far measurement alone can throw a balance: σ(MUF), and the covariance of a run of balances.

An error that two quantities share enters both with its sign and is squared once, after summing: so a
carried-over item cancels, a calibration error does not average out, and neighbouring periods are
correlated through the stock between them.

Model: observed = true · (1 + R + S), R ~ N(0, δ_r²) per act of measurement, S ~ N(0, δ_s²) shared by all that
one site measures with one method and calibration. Source: Jaech, Statistical Methods in Nuclear Material Control
(1973); Avenhaus & Jaech, J. Inst. Nucl. Mater. Manage. 10 (1981); Burr & Hamada, Stat. 3 (2013).
"""

from __future__ import annotations

import math

import polars as pl

from lodeline.material.element import SYMBOLS, TREO
from lodeline.tables import table_rows

#: The random and the systematic part (relative, one σ), and the method that they are of.
Estimate = tuple[float, float, str]


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


def _assayed(terms: pl.DataFrame, estimates: MethodEstimates) -> pl.DataFrame:
    """The terms of the assays.

    A total that nobody measured as such has the errors of the elements it was computed from, where their methods are
    named, whatever is registered of a total; else the default of a total.
    """
    whole = estimated(terms.drop("parts", strict=False), "assay", estimates)
    if "parts" not in terms.columns:
        return whole
    computed = (
        terms.filter(pl.col("parts").is_not_null())
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


def estimated(terms: pl.DataFrame, quantity: str, estimates: MethodEstimates) -> pl.DataFrame:
    """The terms with `random`, `systematic` (relative) and `method_id` of one quantity; without any, left out.

    The first method that the row names for the quantity counts; its figure for the element goes before its
    figure for all. Where none is named the default stands.
    """
    by = ["method", "element", *(["product"] if "product" in terms.columns else [])]
    # They are few: to look each up costs less than frames that are joined.
    kinds = terms.select(by).unique()
    found = [
        estimates.of(method, element, quantity) or _default(quantity, element, *product)
        for method, element, *product in kinds.iter_rows()
    ]
    known = pl.DataFrame(
        [one or (None, None, None) for one in found],
        schema={"random": pl.Float64(), "systematic": pl.Float64(), "method_id": pl.String()}, orient="row",
    )  # fmt: skip
    named = kinds.hstack(known).filter(pl.col("random").is_not_null())
    return terms.join(named, on=by, how="inner", nulls_equal=True, maintain_order="left")


def _default(quantity: str, element: int, product: str | None = None) -> Estimate | None:
    """The default estimate; None where the reference table has none."""
    for row in DEFAULTS:
        # Particular rows stand before general ones.
        of_element = not row["element"] or element == SYMBOLS.index(row["element"])
        if row["quantity"] == quantity and of_element and row["product"] in ("", product):
            # No registered id holds the separator of ids, so a default shares its error with no method.
            return float(row["random_pct"]) / 100, float(row["systematic_pct"]) / 100, f";{row['product']}"
    return None


class MethodEstimates:
    """The register's methods as numbers. `methods`: its table."""

    def __init__(self, methods: pl.DataFrame) -> None:
        #: (id, quantity) → by element (None: for all that have none of their own) the random and the systematic part.
        self._of: dict[tuple[str, str], dict[int | None, tuple[float, float]]] = {}
        indices = {symbol.casefold(): place for place, symbol in enumerate(SYMBOLS)}
        columns = ("id", "quantity", "element", "random_pct", "systematic_pct")
        for one, quantity, element, *percents in methods.select(columns).iter_rows():
            symbol = (element or "").strip().casefold()
            if symbol and symbol not in indices:
                continue
            random, systematic = (float(percent or 0) / 100 for percent in percents)
            self._of.setdefault((one, quantity), {})[indices[symbol] if symbol else None] = random, systematic

    def of(self, method: str | None, element: int, quantity: str) -> Estimate | None:
        """That of the first of these methods (ids with semicolons between) that has one of the quantity."""
        for one in (method or "").split(";"):
            found = self._of.get((one.strip(), quantity), {})
            if (estimate := found.get(element, found.get(None))) is not None:
                return *estimate, one.strip()
        return None


def estimates_of(methods: pl.DataFrame) -> MethodEstimates:
    """The estimates of the register's methods, by its table; of the table that was asked last they are at hand."""
    known = _asked[0] if _asked else None
    if known is None or known[0] is not methods:
        known = methods, MethodEstimates(methods)
        _asked[:] = [known]
    return known[1]


_asked: list[tuple[pl.DataFrame, MethodEstimates]] = []


def default_weighing() -> float:
    """Relative standard deviation of a mass weighed with no named method: random and systematic part together."""
    (row,) = (one for one in DEFAULTS if one["quantity"] == "weighing" and not one["element"] and not one["product"])
    return math.hypot(float(row["random_pct"]), float(row["systematic_pct"])) / 100


def _load_defaults() -> list[dict[str, str]]:
    return table_rows("reference/default_uncertainty.csv")


#: Rows of the reference table; every one is an assumption until an estimate of the site's own replaces it.
DEFAULTS: list[dict[str, str]] = _load_defaults()
assert any(row["element"] == TREO for row in DEFAULTS), "the total oxide has a default of its own"
