"""Streams that rows of the ledger measure, made into a network: who measured each, how exactly, and what they share.

A row is weighed where it is filed and carries the composition that serves there, so two streams that used one scale,
one laboratory or one assay err together, and what both ends of a delivery took from the maker's assay cancels between
them. A stock that nobody counted is a stream that nobody measured: it is computed where the balances determine it.
Source: VDI 2048 (2000); the error model is that of `uncertainty`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.accountancy.batches import assay_acts, parts_of_totals
from lodeline.accountancy.frames import element_indices, element_mass, numbered, serving_shares, text_numbers
from lodeline.accountancy.kernels import sorted_by
from lodeline.accountancy.reconciliation import Hypothesis, Reconciliation, locate, reconcile
from lodeline.accountancy.sources import covariances
from lodeline.material.assay import TREO_INDEX

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Shorts = npt.NDArray[np.int32]

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
#: Entries of the matrices that are filled at once.
_ROOM = 2_000_000
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


def measured(
    rows: pl.DataFrame,
    *,
    element: int,
    movements: pl.DataFrame,
    counts: pl.DataFrame,
    lot_assays: pl.DataFrame,
    site_assays: pl.DataFrame,
) -> pl.DataFrame:
    """Rows in their order, with the mass of an element in each, `element_mg` (null where its lot has no share of it),
    and the assay that says so: whether it is the site's `own`, its `laboratory`, the methods it names (`assayed_with`),
    `product`, `exact` and `parts` as `muf_sigma` takes them.

    Parameters: `rows` with the columns ROWS, if not `stream`; `element` an index into SYMBOLS; `movements` and `counts`
    of all lots of the rows, the former to find who made a lot, both (with the `area` of ROWS) to find who assayed it
    anew. What is said of a row rests on the rows of its lot.
    """
    first, number = numbered(rows["area"], rows["lot"], rows["seq"])
    held = rows.select("area", "site", "lot")[first].with_row_index("held")
    shares = serving_shares(held, lot_assays=lot_assays, site_assays=site_assays, elements=[element])
    totals = held if element == TREO_INDEX else held.clear()
    every = serving_shares(totals, lot_assays=lot_assays, site_assays=site_assays, elements=element_indices(None))
    assays = assay_acts(
        shares, held, shares, parts=parts_of_totals(every), makers=movements, receivers=movements, counts=counts
    )
    serving = shares.select("held", "ppb", "own").join(
        assays.select("held", "laboratory", "product", "exact", "parts", assayed_with="method"), on="held"
    )
    return (
        rows.with_columns(pl.Series("held", number, pl.UInt32))
        .join(serving, on="held", how="left", maintain_order="left")
        .with_columns(element_mg=element_mass("mass_mg"))
        .drop("held", "ppb")
    )


def masses(rows: pl.DataFrame, *, streams: int) -> Floats:
    """What rows of `measured` come to in each stream, (streams,) mg."""
    mass = np.zeros(streams)
    sums = rows.drop_nulls("element_mg").group_by("stream").agg(pl.col("element_mg").sum())
    mass[sums["stream"].to_numpy()] = sums["element_mg"].to_numpy()
    return mass


def covariance_in_parts(rows: pl.DataFrame, *, streams: int, element: int, methods: pl.DataFrame) -> Floats:
    """The covariance of the streams of rows of `measured`, (streams, streams): the sum of what each scale and each
    laboratory errs, which it shares with no other."""
    rows = rows.drop_nulls("element_mg")
    (scale, laboratory), _ = text_numbers(rows["site"], rows["laboratory"])
    whole = np.zeros((streams, streams))
    for what, number in (("weighed", scale), ("assayed", laboratory)):
        order = sorted_by(np.arange(rows.height, dtype=np.int32), number)
        groups = [one for one in np.split(order, np.cumsum(np.bincount(number))[:-1]) if len(one)]
        parts = dict(_parts_of(rows, groups, what=what, element=element, methods=methods))
        for place in range(len(groups)):
            own, covariance = parts[place]
            whole[np.ix_(own, own)] += covariance
    return whole


def _parts_of(
    rows: pl.DataFrame, groups: list[Shorts], *, what: str, element: int, methods: pl.DataFrame
) -> Iterator[tuple[int, tuple[Integers, Floats]]]:
    """Of each group of rows (their places) its place, its streams and their covariance; many at once: the matrix of
    each has no room for another's."""
    own = [np.unique(rows["stream"].to_numpy()[one], return_inverse=True) for one in groups]
    left = sorted(range(len(groups)), key=lambda group: len(own[group][0]))
    while left:
        sizes = np.array([len(own[one][0]) for one in left])
        # Those of about the same size, so that none has much more room than it needs.
        taken = max(1, int(np.searchsorted(np.arange(1, len(sizes) + 1) * sizes**2, _ROOM, side="right")))
        some, left = left[:taken], left[taken:]
        size = int(sizes[taken - 1])
        matrix = np.repeat(np.arange(taken), [len(groups[one]) for one in some])
        place = np.concatenate([own[one][1] for one in some])
        covariance = _covariances(
            rows[np.concatenate([groups[one] for one in some])], matrix * size + place, matrices=taken, size=size,
            element=element, methods=methods, weighed=what == "weighed", assayed=what == "assayed",
        )  # fmt: skip
        for number, one in enumerate(some):
            streams = own[one][0]
            yield one, (streams, covariance[number, : len(streams), : len(streams)].copy())


def _covariances(
    rows: pl.DataFrame, run: Integers, *, matrices: int = 1, size: int, element: int, methods: pl.DataFrame,
    weighed: bool = True, assayed: bool = True,
) -> Floats:  # fmt: skip
    """The covariances of what was `weighed`, `assayed` or both, (matrices, size, size); `run` by row: the number of its
    matrix times their size, plus its place there."""
    places = pl.DataFrame({"run": np.arange(matrices * size)})
    rows = rows.with_columns(
        pl.col(pl.Categorical).cast(pl.String),
        # The maker's assay is one measurement wherever it serves; a site's own is another.
        held=pl.col("lot") * (pl.col("area").max() + 2) + pl.when("own").then(pl.col("area") + 1).otherwise(0),
        element=pl.lit(element, pl.UInt8),
    )
    batches = rows.select(
        "element", "held", "seq", "method", pl.Series("run", run), signed_mg="element_mg", scale="site", act="seq",
        weighed=pl.lit(weighed),
    )  # fmt: skip
    assays = rows.sort("area").unique("held", keep="first", maintain_order=True) if assayed else rows.clear()
    return covariances(
        places=places.with_columns(matrix=pl.col("run") // size, place=pl.col("run") % size),
        matrices=matrices,
        size=size,
        batches=batches,
        assays=assays.select("held", "element", "laboratory", "product", "exact", "parts", method="assayed_with"),
        methods=methods,
    )


def measured_streams(
    rows: pl.DataFrame, *, streams: int, element: int, methods: pl.DataFrame, **ledger: pl.DataFrame
) -> tuple[Floats, Floats]:
    """Mass of an element in each stream, (streams,) mg, and the covariance of what was measured, (streams, streams).

    Parameters: `rows` with the columns ROWS; the rest as `measured` takes it.
    """
    found = measured(rows, element=element, **ledger)
    rows = found.drop_nulls("element_mg")
    matrix = _covariances(rows, rows["stream"].to_numpy(), size=streams, element=element, methods=methods)[0]
    return masses(found, streams=streams), matrix


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
