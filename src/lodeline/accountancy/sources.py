"""Every error source of a nation's balances at once: the covariance of their differences, and σ of each by itself.

Says what `uncertainty.error_terms` says, which lists the terms of a few balances one by one, without listing them:
which estimate applies is decided once for each kind of row, and the rows are worked on as numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.accountancy.frames import text_numbers
from lodeline.accountancy.kernels import ELEMENT_BITS, add_assays, add_weighings, read_only, sorted_by
from lodeline.accountancy.uncertainty import MethodEstimates, estimated, estimates_of
from lodeline.material.element import SYMBOLS

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Shorts = npt.NDArray[np.int32]

assert len(SYMBOLS) <= 1 << ELEMENT_BITS, "every element has a number in the kernels"

_WEIGHED: Final = ("weighing", "moisture")
#: Rows above which two halves are worked on at once; and rows of one call, so that whoever interrupts waits not long.
_MANY: Final = 100_000
_BLOCK: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimates:
    """The estimates that apply somewhere: relative standard deviations, and a number for the method of each."""

    random: Floats
    systematic: Floats
    identity: Indices
    methods: int

    @classmethod
    def of(cls, frames: Sequence[pl.DataFrame]) -> tuple[Self, list[Shorts]]:
        """Those of frames with a column `place` (what each is for), as `estimated` gives them; and their numbers."""
        together = pl.concat([frame.select("random", "systematic", "method_id") for frame in frames])
        (identity,), methods = text_numbers(together["method_id"])
        ends = np.cumsum([frame.height for frame in frames])
        numbers = [np.arange(end - one.height, end, dtype=np.int32) for one, end in zip(frames, ends, strict=True)]
        random, systematic = (together[name].to_numpy() for name in ("random", "systematic"))
        return cls(random=random, systematic=systematic, identity=identity.astype(np.int64), methods=methods), numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Batches and assays as numbers, one entry a row; what the names mean stands with the kernels."""

    run: Indices
    act: Indices
    key: Indices
    signed_mg: Indices
    weighed: npt.NDArray[np.bool_]
    how: Shorts
    scale: Shorts
    weighing: Shorts
    assay_key: Indices
    kind: Shorts
    laboratory: Shorts
    part_begin: Indices
    part_element: Shorts
    part_fraction: Floats
    whole: Shorts
    parts: Shorts
    sampling: Shorts
    estimates: Estimates


def covariances(
    *,
    places: pl.DataFrame,
    matrices: int,
    size: int,
    batches: pl.DataFrame,
    assays: pl.DataFrame,
    methods: pl.DataFrame,
) -> Floats:
    """Covariance of inventory differences, (matrices, size, size) float64 in mg²; zero where nothing is placed.

    Parameters: `places` puts each `run` of the batches (one site and element from count to count) at `place` of
    `matrix`; runs of different sites share no matrix. `batches`, `assays` and `methods` as `muf_sigma` takes them. The
    diagonal is the square of what `muf_sigma` gives.
    """
    found = sources(batches=batches, assays=assays, methods=methods)
    run, matrix, place = (places[name].cast(pl.Int64).to_numpy() for name in ("run", "matrix", "place"))
    runs = 1 + max(int(run.max(initial=-1)), int(found.run.max(initial=-1)))
    matrix_of, place_of = np.full(runs, -1, np.int64), np.zeros(runs, np.int64)
    matrix_of[run], place_of[run] = matrix, place
    return _summed(found, matrix_of, place_of, matrices=matrices, size=size)


def muf_sigma(*, runs: int, batches: pl.DataFrame, assays: pl.DataFrame, methods: pl.DataFrame) -> Floats:
    """σ(MUF) in mg of each count-to-count run, shape (runs,); 0 where a run has no batch.

    Parameters
    ----------
    batches: `run` (one site and element), `element` (u8), `held` (one lot at one site), `seq`, `act` (the row in which
        it was weighed), `signed_mg` (i64, a·x), `method` (ids or null), `weighed` (false for what no scale has seen).
        Where sites stand together in one matrix, `scale` (text) is the site that weighed.
    assays: one row per (`held`, `element`): `laboratory` (site that assayed, null if unknown), `method` (ids or null),
        `product` (kind or null), `exact` (a share of 100 %, a definition unless a method of assay is named), `parts`
        (of a total that was computed from its elements, which part each makes: struct `part` u8, `fraction`; or null).
    methods: the register's table.
    """
    found = sources(batches=batches, assays=assays, methods=methods)
    run = np.arange(runs)
    return np.sqrt(_summed(found, run, np.zeros_like(run), matrices=runs, size=1)[:, 0, 0])


def sources(*, batches: pl.DataFrame, assays: pl.DataFrame, methods: pl.DataFrame) -> Sources:
    """The rows as numbers, with the estimate of each kind of row; parameters as `muf_sigma`."""
    known = estimates_of(methods)
    element = batches["element"].to_numpy()
    (method,), _ = text_numbers(batches["method"])
    how = (method << ELEMENT_BITS) | element
    hows = pl.DataFrame({"method": batches["method"], "element": batches["element"], "place": how}).unique("place")
    weighed = [estimated(hows, quantity, known) for quantity in _WEIGHED]
    lots = _assays(assays, known)
    estimates, numbers = Estimates.of([*weighed, lots.whole, lots.parts, lots.sampling])
    weighing = np.full((len(_WEIGHED), int(how.max(initial=0)) + 1), -1, np.int32)
    for quantity, frame in enumerate(weighed):
        weighing[quantity, frame["place"].to_numpy()] = numbers[quantity]
    whole, parts = np.full(lots.kinds, -1, np.int32), np.full((lots.kinds, 1 << ELEMENT_BITS), -1, np.int32)
    sampling = whole.copy()
    whole[lots.whole["place"].to_numpy()] = numbers[2]
    whole[lots.parts["place"].to_numpy()] = -2
    parts[lots.parts["place"].to_numpy(), lots.parts["element"].to_numpy()] = numbers[3]
    sampling[lots.sampling["place"].to_numpy()] = numbers[4]
    scale = np.zeros(len(how), np.int32)
    if "scale" in batches.columns:
        (scale,), _ = text_numbers(batches["scale"])
    return Sources(
        run=_integers(batches["run"]), act=_integers(batches["act"]), key=_key(batches),
        signed_mg=_integers(batches["signed_mg"]), weighed=batches["weighed"].to_numpy(), how=how, scale=scale,
        weighing=weighing, assay_key=lots.key, kind=lots.kind, laboratory=lots.laboratory, part_begin=lots.part_begin,
        part_element=lots.part_element, part_fraction=lots.part_fraction, whole=whole, parts=parts, sampling=sampling,
        estimates=estimates,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Assays:
    """Assays sorted by key, and the estimates of their kinds: `place` is the kind, `parts` those of a total's parts."""

    key: Indices
    kind: Shorts
    laboratory: Shorts
    part_begin: Indices
    part_element: Shorts
    part_fraction: Floats
    kinds: int
    whole: pl.DataFrame
    parts: pl.DataFrame
    sampling: pl.DataFrame


def _assays(assays: pl.DataFrame, known: MethodEstimates) -> _Assays:
    key = _key(assays)
    order = sorted_by(np.arange(len(key), dtype=np.int32), key)
    count, part, fraction = _parts(assays)
    # A total's estimates depend on which elements it was computed from, not on how much of each.
    which = np.zeros(len(key), np.int64)
    np.bitwise_or.at(which, np.repeat(np.arange(len(key)), count), np.int64(1) << part)
    kind, kinds = _kinds(assays, which)
    every = estimated(kinds, "assay", known)
    unnamed = pl.col("method_id").str.starts_with(";")
    parts = _estimated_parts(kinds, known)
    # A share of 100 % is a definition and no measurement, unless a method is named.
    whole, sampling = (
        frame.filter(~(unnamed & pl.col("exact"))) for frame in (every, estimated(kinds, "sampling", known))
    )
    begin = np.cumsum(count) - count
    count = count[order]
    part_begin = np.concatenate([[0], np.cumsum(count)])
    flat = np.arange(part_begin[-1]) + np.repeat(begin[order] - part_begin[:-1], count)
    (laboratory,), _ = text_numbers(assays["laboratory"])
    return _Assays(
        key=key[order], kind=kind[order], laboratory=laboratory[order], part_begin=part_begin,
        part_element=part[flat].astype(np.int32), part_fraction=fraction[flat], kinds=kinds.height,
        whole=whole.join(parts, on="place", how="anti"), parts=parts, sampling=sampling,
    )  # fmt: skip


def _kinds(assays: pl.DataFrame, which: Indices) -> tuple[Shorts, pl.DataFrame]:
    """The kind of each assay, and by kind (`place`) what decides its estimates: its columns and `which` parts."""
    columns = {"method": pl.String(), "product": pl.String(), "element": pl.UInt8(), "exact": pl.Boolean()}
    rows = assays.select(
        pl.col(name) if name in assays.columns else pl.lit(None, dtype).alias(name) for name, dtype in columns.items()
    ).with_columns(which=which)
    number = np.zeros(assays.height, np.int64)
    for name in ("method", "product"):
        (texts,), count = text_numbers(rows[name])
        number = number * count + texts
    masks, code = np.unique(which[which > 0], return_inverse=True)
    of_parts = np.zeros(assays.height, np.int64)
    of_parts[which > 0] = code + 1
    number = (number * (len(masks) + 1) + of_parts) << ELEMENT_BITS | assays["element"].to_numpy()
    number = number << 1 | assays["exact"].to_numpy()
    numbered = pl.DataFrame({"number": number}).with_row_index("row")
    first = numbered.unique("number", keep="first", maintain_order=True).with_row_index("place")
    kind = numbered.join(first.drop("row"), on="number", how="left", maintain_order="left")["place"]
    return kind.cast(pl.Int32).to_numpy(), rows[first["row"]].with_columns(first["place"])


def _estimated_parts(kinds: pl.DataFrame, known: MethodEstimates) -> pl.DataFrame:
    """The estimates of the elements that totals were computed from, where a method is named for every one of them."""
    row, element = np.nonzero(kinds["which"].to_numpy()[:, None] >> np.arange(1 << ELEMENT_BITS) & 1)
    parts = kinds[row].with_columns(pl.Series("element", element, pl.UInt8()))
    found = estimated(parts, "assay", known)
    return found.join(found.filter(pl.col("method_id").str.starts_with(";")), on="place", how="anti")


def _parts(assays: pl.DataFrame) -> tuple[Indices, Indices, Floats]:
    """How many parts each assay has, (rows,), and the element and fraction of each, one after the other."""
    count = np.zeros(assays.height, np.int64)
    if "parts" not in assays.columns:
        return count, np.zeros(0, np.int64), np.zeros(0)
    count = assays["parts"].list.len().fill_null(0).cast(pl.Int64).to_numpy()
    flat = assays["parts"].filter(pl.Series(count > 0)).explode().struct.unnest()
    return count, _integers(flat["part"]), flat["fraction"].cast(pl.Float64).to_numpy()


def _summed(found: Sources, matrix_of: Indices, place_of: Indices, *, matrices: int, size: int) -> Floats:
    """The covariances of the runs at their places of their matrices (−1: of none)."""
    result = np.zeros((matrices, size, size))
    matrix = matrix_of[found.run]
    rows = np.flatnonzero(matrix >= 0).astype(np.int32)
    begins = np.concatenate([[0], np.cumsum(np.bincount(matrix[rows], minlength=matrices))])
    by_run = sorted_by(rows, found.run)
    by_act = sorted_by(sorted_by(by_run, found.act - found.act.min(initial=0)), matrix)
    by_lot = sorted_by(sorted_by(by_run, found.key), matrix)
    of = found.estimates
    estimates = (*read_only(of.random, of.systematic, of.identity), of.methods)
    weighings = read_only(
        found.act, place_of, found.run, found.signed_mg, found.weighed, found.how, found.scale, found.weighing
    )
    assays = read_only(
        found.key, place_of, found.run, found.signed_mg, found.assay_key, found.kind, found.laboratory,
        found.part_begin, found.part_element, found.part_fraction, found.whole, found.parts, found.sampling,
    )  # fmt: skip

    def add(part: tuple[int, int]) -> None:
        for first, last in _blocks(begins, *part):
            add_weighings(result, begins, by_act, first, last, *weighings, *estimates)
            add_assays(result, begins, by_lot, first, last, *assays, *estimates)

    middle = int(np.searchsorted(begins, len(rows) // 2))
    if len(rows) < _MANY or not 0 < middle < matrices:
        add((0, matrices))
    else:
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(add, ((0, middle), (middle, matrices))))
    return result


def _blocks(begins: Indices, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Matrices with so many rows that who interrupts need not wait for all."""
    while first < last:
        after = int(np.searchsorted(begins, begins[first] + _BLOCK, side="right")) - 1
        after = min(max(after, first + 1), last)
        yield first, after
        first = after


def _key(rows: pl.DataFrame) -> Indices:
    key: Indices = _integers(rows["held"]) << ELEMENT_BITS | rows["element"].to_numpy()
    return key


def _integers(column: pl.Series) -> Indices:
    numbers: Indices = column.cast(pl.Int64).to_numpy()
    return numbers
