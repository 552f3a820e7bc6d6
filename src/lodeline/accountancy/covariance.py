"""How the inventory differences of a site hang together: over the periods of a run, over elements, or over both.

One rule makes every entry: an error that two differences share enters both with its sign. So the closing count that
is the next opening count ties neighbours together, a calibration ties all periods, one weighing ties all elements of
a lot, and what was carried over unmeasured cancels.
Source: Jaech, Statistical Methods in Nuclear Material Control (1973); Avenhaus & Jaech, J. Inst. Nucl. Mater. Manage.
10 (1981). That the matrices are right is shown by simulation, see tests/properties/test_covariance.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.accountancy.balance import Reckoning, reckon
from lodeline.accountancy.frames import AREA
from lodeline.accountancy.sources import covariances
from lodeline.material.element import SYMBOLS

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

#: What the rows and columns of one matrix are: the periods of one element, the elements of one period, or all
#: periods of all elements of a site, periods first.
Along = Literal["periods", "elements", "both"]
#: One row for each difference: which `matrix` and `place` in it, and what it is the difference of.
DIFFERENCES: dict[str, pl.DataType] = {
    "matrix": pl.Int64(), "place": pl.Int64(), "organisation": pl.String(), "site": pl.String(),
    "element": pl.String(), "since": pl.Date(), "until": pl.Date(), "muf_mg": pl.Int64(), "sigma_mg": pl.Float64(),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceRuns:
    """The inventory differences of sites, from count to count, with their covariances.

    `differences` has the columns DIFFERENCES, sorted by matrix and place. `size` (m,) is how many differences each
    matrix has. `muf_mg` (m, n) float64, milligrams, > 0 missing, and `covariance_mg2` (m, n, n), milligrams squared,
    are filled with zeros beyond each size.
    """

    differences: pl.DataFrame
    size: Indices
    muf_mg: Floats
    covariance_mg2: Floats


def balance_runs(
    *,
    movements: pl.DataFrame,
    counts: pl.DataFrame,
    count_scopes: pl.DataFrame,
    lot_assays: pl.DataFrame,
    site_assays: pl.DataFrame,
    methods: pl.DataFrame,
    along: Along = "periods",
    elements: Iterable[str] | None = None,
    sites: Iterable[str] | None = None,
    organisations: Iterable[str] | None = None,
    first_period: str | None = None,
    last_period: str | None = None,
) -> BalanceRuns:
    """The balances that begin and end with a physical inventory, and their covariances.

    Parameters: as `balance`, which gives the same differences and the same σ. `along` says what one matrix holds:
    "periods" a matrix for each site and element, in order of time; "elements" one for each site and period, in
    the order of SYMBOLS; "both" one for each site. Elements must be chosen for what is asked: TREO is nearly the sum
    of the others. A site that never counted twice has no matrix. Raises ValueError for an unknown element.
    """
    reckoned = reckon(
        movements=movements,
        counts=counts,
        count_scopes=count_scopes,
        lot_assays=lot_assays,
        site_assays=site_assays,
        elements=elements,
        sites=sites,
        organisations=organisations,
        first_period=first_period,
        last_period=last_period,
    )
    return runs_of(reckoned, methods, along=along)


def runs_of(reckoned: Reckoning | None, methods: pl.DataFrame, *, along: Along = "periods") -> BalanceRuns:
    """The runs of what was reckoned, as `balance_runs` gives them."""
    if reckoned is None or not reckoned.rolled.closed.any():
        none = np.zeros((0, 0))
        return BalanceRuns(
            differences=pl.DataFrame(schema=DIFFERENCES),
            size=np.zeros(0, np.int64),
            muf_mg=none,
            covariance_mg2=none[..., None],
        )
    cells = _placed(reckoned, along)
    size = np.bincount(cells["matrix"].to_numpy())
    covariance = covariances(
        places=cells.select("run", "matrix", "place"),
        matrices=len(size),
        size=int(size.max()),
        batches=reckoned.batches,
        assays=reckoned.assays,
        methods=methods,
    )
    matrix, place = cells["matrix"].to_numpy(), cells["place"].to_numpy()
    muf = np.zeros((len(size), int(size.max())))
    muf[matrix, place] = cells["muf_mg"].to_numpy()
    # A variance of nothing may come out a hair below nothing.
    variance = np.maximum(covariance[matrix, place, place], 0)
    cells = cells.with_columns(sigma_mg=pl.Series(np.sqrt(variance)))
    return BalanceRuns(differences=cells.select(list(DIFFERENCES)), size=size, muf_mg=muf, covariance_mg2=covariance)


def sigma_of_runs(reckoned: Reckoning, runs: BalanceRuns) -> Floats:
    """σ in mg of each run of what was reckoned (`Rolled.run`), read from its `runs` along periods; 0 where none is."""
    sigma = np.zeros(int(reckoned.rolled.run[-1]) + 1)
    if len(runs.size):
        sigma[_placed(reckoned, "periods")["run"].to_numpy()] = runs.differences["sigma_mg"].to_numpy()
    return sigma


def window_over_elements(
    reckoned: Reckoning, methods: pl.DataFrame, *, site: str, since: date, until: date, elements: Sequence[str]
) -> tuple[list[str], Floats, Floats]:
    """What a site's differences from one count to another come to, element by element, and how they hang together.

    Returns the elements of those asked that have a variance there, their sums (e,) in mg, > 0 missing, and the
    covariance (e, e) in mg². An error that several balances of the window share counts once, with its sum.
    """
    cells = _placed(reckoned, "both", site=site).filter(
        (pl.col("since") >= since) & (pl.col("until") <= until) & pl.col("element").is_in(list(elements))
    )
    present = [symbol for symbol in elements if symbol in set(cells["element"])]
    if not present:
        return [], np.zeros(0), np.zeros((0, 0))
    at = {symbol: place for place, symbol in enumerate(present)}
    cells = cells.with_columns(place=pl.col("element").replace_strict(at, return_dtype=pl.Int64), matrix=pl.lit(0))
    # Of a nation's batches those of the window alone: errors are shared within a site.
    batches = reckoned.batches.filter(pl.col("run").is_in(cells["run"].implode()))
    covariance = covariances(
        places=cells.select("run", "matrix", "place"),
        matrices=1,
        size=len(present),
        batches=batches,
        assays=reckoned.assays.join(batches.select("held").unique(), on="held", how="semi"),
        methods=methods,
    )[0]
    sums = np.zeros(len(present))
    np.add.at(sums, cells["place"].to_numpy(), cells["muf_mg"].to_numpy())
    varied = np.flatnonzero(np.diag(covariance) > 0)
    return [present[place] for place in varied], sums[varied], covariance[np.ix_(varied, varied)]


def _placed(reckoned: Reckoning, along: Along, *, site: str | None = None) -> pl.DataFrame:
    """Every closed run, of one site or of all, with its `matrix` and `place`, sorted by both."""
    rolled, grid = reckoned.rolled, reckoned.grid
    closed = np.flatnonzero(rolled.closed)
    if site is not None:
        areas = reckoned.areas.filter(pl.col("site") == site)["area"].to_numpy()
        closed = closed[np.isin(grid.segments["area"].to_numpy()[grid.segment[closed]], areas)]
    segments = grid.segments[grid.segment[closed]]
    cells = segments.select("area", "since", "until").with_columns(
        run=pl.Series(rolled.run[closed]),
        index=pl.Series(grid.element[closed].astype(np.int64)),
        muf_mg=pl.Series(rolled.muf[closed]),
    )
    by = {"periods": ["area", "index"], "elements": ["area", "until"], "both": ["area"]}[along]
    cells = cells.sort("area", *(("index", "until") if along == "periods" else ("until", "index")))
    number = pl.struct(by).rle_id().cast(pl.Int64)
    return (
        cells.with_columns(matrix=number)
        .with_columns(
            place=pl.int_range(pl.len()).over("matrix"),
            element=pl.col("index").replace_strict(range(len(SYMBOLS)), list(SYMBOLS), return_dtype=pl.String),
        )
        .join(reckoned.areas.select("area", *AREA), on="area", how="left", maintain_order="left")
    )


def window_of_elements(muf: Floats, covariance: Floats, *, periods: slice, elements: int) -> tuple[Floats, Floats]:
    """Sums of a window of periods of one matrix made along "both": ((elements,), (elements, elements)).

    Parameters: `muf` (p · elements,) and `covariance` of one site, every period having the same `elements`; units are
    kept. Raises AssertionError when the size is no whole number of periods.
    """
    assert len(muf) % elements == 0, "every period of a site has every element"
    count = len(muf) // elements
    sums = muf.reshape(count, elements)[periods].sum(axis=0)
    blocks = covariance.reshape(count, elements, count, elements)
    chosen: Floats = blocks[periods][:, :, periods].sum(axis=(0, 2))
    return sums, chosen
