"""Streams that rows of the ledger measure, made into a network: who measured each, how exactly, and what they share.

A row is weighed where it is filed and carries the composition that serves there, so two streams that used one scale,
one laboratory or one assay err together, and what both ends of a delivery took from the maker's assay cancels between
them. A stock that nobody counted is a stream that nobody measured: it is computed where the balances determine it.
Source: VDI 2048 (2000); the error model is that of `uncertainty`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.accountancy.batches import assay_acts, parts_of_totals
from lodeline.accountancy.frames import element_indices, element_mass, numbered, serving_shares
from lodeline.accountancy.reconciliation import Hypothesis, Reconciliation, locate, reconcile
from lodeline.accountancy.sources import covariances
from lodeline.material.assay import TREO_INDEX

Floats = npt.NDArray[np.float64]

#: One row for each stream; masses in mg of one element. `measured_mg` is null where nobody measured, `reconciled_mg`
#: where the balances do not determine what nobody measured; `test` is |adjustment| / σ(adjustment), null where no
#: balance checks the stream.
STREAMS: dict[str, pl.DataType] = {
    "stream": pl.String(), "source": pl.String(), "target": pl.String(), "kind": pl.String(),
    "measured_mg": pl.Float64(), "sigma_mg": pl.Float64(), "reconciled_mg": pl.Float64(),
    "reconciled_sigma_mg": pl.Float64(), "adjustment_mg": pl.Float64(), "test": pl.Float64(), "redundant": pl.Boolean(),
}  # fmt: skip
#: One row for each balance. `imbalance_mg` > 0 is missing; null, with `sigma_mg` and `test`, where a stream of the
#: node was not measured.
NODES: dict[str, pl.DataType] = {
    "node": pl.String(), "kind": pl.String(), "stage": pl.String(), "counted": pl.Boolean(),
    "imbalance_mg": pl.Float64(), "sigma_mg": pl.Float64(), "test": pl.Float64(),
}  # fmt: skip
#: Rows that measure: `stream` (its place), where and of what, `mass_mg` ≥ 0 dry.
ROWS: dict[str, pl.DataType] = {
    "stream": pl.Int64(), "area": pl.UInt32(), "site": pl.String(), "lot": pl.Int64(), "seq": pl.Int64(),
    "method": pl.String(), "mass_mg": pl.Int64(),
}  # fmt: skip
#: Hypotheses that are worth showing.
_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A leak at a node or a bias of a stream, by name, that would explain the imbalances.

    `mass_mg` ± `sigma_mg`: what leaves the node unseen (< 0 enters), or measured minus true. `p` is the probability of
    as much anywhere where nothing is wrong. `alike` (kind, name) are all that no data of this network tell apart.
    """

    kind: Literal["leak", "bias"]
    place: str
    z: float
    mass_mg: float
    sigma_mg: float
    p: float
    alike: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Balanced:
    """A network made to balance; columns STREAMS and NODES, tests as `Reconciliation` has them.

    `untold` (kind, name) are the leaks and biases of which the measurements tell nothing: they change no check, or
    all that passes the place would lie within the uncertainty of their estimate. They are no suspects.
    """

    reason: str | None
    global_test: float
    freedom: int
    p: float
    streams: pl.DataFrame
    nodes: pl.DataFrame
    suspects: tuple[Suspect, ...]
    untold: tuple[tuple[str, str], ...]


def measured_streams(
    rows: pl.DataFrame,
    *,
    streams: int,
    element: int,
    movements: pl.DataFrame,
    counts: pl.DataFrame,
    lot_assays: pl.DataFrame,
    site_assays: pl.DataFrame,
    methods: pl.DataFrame,
) -> tuple[Floats, Floats]:
    """Mass of an element in each stream, (streams,) mg, and the covariance of what was measured, (streams, streams).

    Parameters: `rows` with the columns ROWS; `element` an index into SYMBOLS; `movements` and `counts` of the whole
    ledger, the former to find who made a lot, both (with the `area` of ROWS) to find who assayed it anew.
    """
    first, number = numbered(rows["area"], rows["lot"], rows["seq"])
    held = rows.select("area", "site", "lot")[first].with_row_index("held")
    shares = serving_shares(held, lot_assays=lot_assays, site_assays=site_assays, elements=[element])
    parts = rows.with_columns(pl.Series("held", number, pl.UInt32)).join(shares, on="held")
    parts = parts.with_columns(signed_mg=element_mass("mass_mg"))
    mass = np.zeros(streams)
    sums = parts.group_by("stream").agg(pl.col("signed_mg").sum())
    mass[sums["stream"].to_numpy()] = sums["signed_mg"].to_numpy()
    batches = parts.select(
        "element", "held", "seq", "method", "signed_mg", "site",
        run="stream", act="seq", weighed=pl.lit(True),
    ).rename({"site": "scale"})  # fmt: skip
    totals = held if element == TREO_INDEX else held.clear()
    every = serving_shares(totals, lot_assays=lot_assays, site_assays=site_assays, elements=element_indices(None))
    assays = assay_acts(
        batches, held, shares, parts=parts_of_totals(every), makers=movements, receivers=movements, counts=counts
    )
    # The maker's assay is one measurement wherever it serves; a site's own is another.
    lots = held.select("held", "lot").join(shares.select("held", "own"), on="held")
    one = pl.when("own").then("held").otherwise(pl.col("held").min().over("lot", "own"))
    serving = lots.select("held", one=one)
    batches, assays = (
        frame.join(serving, on="held").drop("held").rename({"one": "held"}) for frame in (batches, assays)
    )
    covariance = covariances(
        places=pl.DataFrame({"run": np.arange(streams)}).with_columns(matrix=pl.lit(0), place="run"),
        matrices=1,
        size=streams,
        batches=batches,
        assays=assays.unique(["held", "element"], keep="first", maintain_order=True),
        methods=methods,
    )[0]
    return mass, covariance


def balanced(
    *, streams: pl.DataFrame, nodes: pl.DataFrame, mass_mg: Floats, covariance_mg2: Floats, stated_mg: Floats
) -> Balanced:
    """The network reconciled, and what is suspected.

    Parameters: `streams` (`stream`, `source`, `target`, `kind`, `measured`) and `nodes` (`node`, `kind`, `stage`,
    `counted`) in their order; `mass_mg` (n,) and `covariance_mg2` (n, n) of what was measured; `stated_mg` (m,) what
    the book of each node was raised by without a measurement.
    """
    place = {name: index for index, name in enumerate(nodes["node"])}
    matrix = np.zeros((nodes.height, streams.height))
    for column, (source, target) in enumerate(streams.select("source", "target").iter_rows()):
        if source is not None:
            matrix[place[source], column] -= 1
        if target is not None:
            matrix[place[target], column] += 1
    measured = streams["measured"].to_numpy()
    variance = np.diag(covariance_mg2)
    # What is measured without error (nothing moved, or a definition) is a constant of the balances.
    exact = measured & ~(variance > 0)
    open_ = ~exact
    constant = -stated_mg - matrix[:, exact] @ mass_mg[exact]
    given = np.where(measured, mass_mg, np.nan)
    result = reconcile(
        given[open_], covariance_mg2[np.ix_(open_, open_)], matrix[:, open_], constant=constant
    )  # fmt: skip
    names = {"leak": list(nodes["node"]), "bias": list(streams.filter(pl.Series(open_))["stream"])}
    passing = _passing(matrix, given, exact, result)
    found = locate(result, kinds=("leak", "bias"), at_most=passing) if result.reason is None else []
    causes = {one for hypothesis in found for one in hypothesis.alike}
    # A stream that nobody measured has no bias, and where nothing passes there is nothing to tell.
    untold = [
        (kind, names[kind][place])
        for kind in ("leak", "bias")
        for place in np.flatnonzero(~(passing[kind] == 0))
        if result.reason is None and (kind, int(place)) not in causes and (kind == "leak" or measured[open_][place])
    ]
    return Balanced(
        reason=result.reason,
        global_test=result.global_test,
        freedom=result.freedom,
        p=result.p,
        streams=_stream_table(streams, given, np.sqrt(variance), exact, result),
        nodes=_node_table(nodes, matrix, given, covariance_mg2, stated_mg),
        suspects=tuple(_suspect(one, names) for one in found[:_SHOWN]),
        untold=tuple(untold),
    )


def _passing(matrix: Floats, given: Floats, exact: npt.NDArray[np.bool_], result: Reconciliation) -> dict[str, Floats]:
    """What passes each node, and each stream that is not exact: more cannot leak there or be misread; nan: unknown."""
    mass = np.abs(given)
    # What was measured may be misread itself: the larger of both figures bounds it.
    mass[~exact] = np.fmax(np.abs(result.value), mass[~exact])
    touched = matrix != 0
    into = np.where(matrix > 0, mass, 0.0).sum(axis=1)
    out = np.where(matrix < 0, mass, 0.0).sum(axis=1)
    leak: Floats = np.where(touched.any(axis=1), np.maximum(into, out), 0.0)
    return {"leak": leak, "bias": mass[~exact]}


def _suspect(one: Hypothesis, names: dict[str, list[str]]) -> Suspect:
    return Suspect(
        kind=one.kind,
        place=names[one.kind][one.place],
        z=one.z,
        mass_mg=one.size,
        sigma_mg=one.sigma,
        p=one.p,
        alike=tuple((kind, names[kind][place]) for kind, place in one.alike),
    )


def _stream_table(
    streams: pl.DataFrame, given: Floats, sigma: Floats, exact: npt.NDArray[np.bool_], result: Reconciliation
) -> pl.DataFrame:
    value, spread, test = given.copy(), np.zeros(len(given)), np.full(len(given), np.nan)
    redundant = np.zeros(len(given), np.bool_)
    value[~exact], spread[~exact] = result.value, result.sigma
    test[~exact], redundant[~exact] = result.measurement_test, result.redundant
    columns = {
        "measured_mg": given,
        "sigma_mg": np.where(np.isnan(given), np.nan, sigma),
        "reconciled_mg": value,
        "reconciled_sigma_mg": np.where(np.isnan(value), np.nan, spread),
        "adjustment_mg": value - given,
        "test": test,
    }
    return streams.with_columns(
        *(pl.Series(name, numbers).fill_nan(None) for name, numbers in columns.items()),
        pl.Series("redundant", redundant),
    ).select(list(STREAMS))


def _node_table(
    nodes: pl.DataFrame, matrix: Floats, given: Floats, covariance: Floats, stated_mg: Floats
) -> pl.DataFrame:
    known = ~np.isnan(given)
    whole = (matrix[:, ~known] == 0).all(axis=1)
    inside = matrix[:, known]
    missing = inside @ given[known] + stated_mg
    sigma = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", inside, covariance[np.ix_(known, known)], inside), 0))
    tested = whole & (sigma > 0)
    columns = {
        "imbalance_mg": np.where(whole, missing, np.nan),
        "sigma_mg": np.where(whole, sigma, np.nan),
        "test": np.where(tested, np.abs(missing) / np.where(tested, sigma, 1.0), np.nan),
    }
    return nodes.with_columns(pl.Series(name, numbers).fill_nan(None) for name, numbers in columns.items()).select(
        list(NODES)
    )
