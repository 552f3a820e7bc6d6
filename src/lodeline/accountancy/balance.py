"""The material balance of every site, element and month: what the filings say, and what does not close.

A balance never guesses. Both identities hold to the milligram in every row:

    book = opening + origin + in + made − consumed − out − export − loss + adjustment + unaccounted
    muf  = Σ (consumed − made − unaccounted) since the last count + (book − physical)
         = opening + Σ (origin + in − out − export − loss + adjustment) − physical

What lay at a site when its records began (an origin of kind `opening` on its first day) is opening stock, and no origin
of that month. A missing mass is positive, a gain negative. Definitions: IAEA Safeguards Glossary (2022), material
balance and MUF; rows are cut at physical counts, because only between two counts is the difference known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.accountancy.batches import assay_acts, measured_batches, parts_of_totals
from lodeline.accountancy.frames import AREA, element_indices, element_mass, serving_shares
from lodeline.accountancy.grid import Grid, cut
from lodeline.accountancy.physical import inventory_days
from lodeline.accountancy.sources import muf_sigma
from lodeline.material.assay import OXIDE_FACTORS, TREO_INDEX
from lodeline.material.element import SYMBOLS
from lodeline.material.mass import format_kg

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

#: Flow → sign with which it enters the book.
FLOWS = {
    "origin": 1,
    "in": 1,
    "consumed": -1,
    "made": 1,
    "out": -1,
    "export": -1,
    "loss": -1,
    "adjustment": 1,
}
#: Beside the flows: what lay at the site when its records began. Elsewhere it counts as an origin.
_BEGAN: Final = len(FLOWS)
#: Flows inside a site, which no balance over it sees.
_INSIDE = [list(FLOWS).index(flow) for flow in ("consumed", "made")]

#: The columns of a balance. Dates are inclusive ends of days: a row covers what happened after `since`, in `period`,
#: up to `until`; sums of differences start at `since`.
BALANCE: dict[str, pl.DataType] = {
    "organisation": pl.String(), "site": pl.String(), "element": pl.String(), "period": pl.String(),
    "since": pl.Date(), "until": pl.Date(), "opening_mg": pl.Int64(),
    **{f"{flow}_mg": pl.Int64() for flow in FLOWS},
    "unaccounted_mg": pl.Int64(), "book_mg": pl.Int64(), "physical_mg": pl.Int64(),
    "process_difference_mg": pl.Int64(), "count_difference_mg": pl.Int64(), "muf_mg": pl.Int64(),
    "sigma_mg": pl.Float64(), "z": pl.Float64(),
}  # fmt: skip
#: Rows whose balances are reckoned at once, if sites are not larger: each becomes one for each element of its lot.
AT_ONCE: Final = 100_000
#: Which balance it is.
IDENTITY: Final = ("organisation", "site", "element", "until")
#: By which balances are sorted.
BALANCED_BY = ("organisation", "site", "element", "period", "since")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rolled:
    """Integer mg by cell. `run` numbers what lies between two inventories; `closed` where one ends that began so."""

    flows: Integers
    unaccounted: Integers
    opening: Integers
    book: Integers
    physical: Integers
    process: Integers
    muf: Integers
    run: Integers
    closed: Flags


@dataclass(frozen=True, slots=True, kw_only=True)
class Reckoning:
    """Balances by cell of the grid, with the measured batches of the runs that inventories close (see `batches`)."""

    areas: pl.DataFrame
    grid: Grid
    rolled: Rolled
    batches: pl.DataFrame
    assays: pl.DataFrame


def balance(
    *,
    movements: pl.DataFrame,
    counts: pl.DataFrame,
    count_scopes: pl.DataFrame,
    lot_assays: pl.DataFrame,
    site_assays: pl.DataFrame,
    methods: pl.DataFrame,
    elements: Iterable[str] | None = None,
    sites: Iterable[str] | None = None,
    organisations: Iterable[str] | None = None,
    first_period: str | None = None,
    last_period: str | None = None,
) -> pl.DataFrame:
    """Balances of all sites that have a movement or a physical inventory, columns `BALANCE`, sorted by `BALANCED_BY`.

    Parameters: the frames of `lodeline.accountancy.frames` and the register's methods, for the whole ledger; the
    filters (symbols, ids, months 'YYYY-MM', inclusive) select rows and change none. Masses are integer mg of the
    element; `physical_mg`, `count_difference_mg` and `muf_mg` stand on rows that end in a physical inventory,
    `sigma_mg` and `z` = muf/σ where the run also began with one. Raises ValueError for an unknown element.
    """
    parts = reckon_parts(
        movements=movements, counts=counts, count_scopes=count_scopes, lot_assays=lot_assays, site_assays=site_assays,
        elements=elements, sites=sites, organisations=organisations, first_period=first_period,
        last_period=last_period,
    )  # fmt: skip
    # One after the other: what balances are made of is many times as large as they are.
    found = pl.concat([balances_of(None, methods), *(balances_of(one, methods) for one in parts)])
    # A site that another firm has taken over stands in one part, where its areas are far from each other.
    return found.sort(BALANCED_BY, maintain_order=True)


def balances_of(reckoned: Reckoning | None, methods: pl.DataFrame, *, sigma_mg: Floats | None = None) -> pl.DataFrame:
    """The balances of what was reckoned, as `balance` gives them; `sigma_mg` by run where it is known already."""
    if reckoned is None:
        return pl.DataFrame(schema=BALANCE)
    rolled, grid = reckoned.rolled, reckoned.grid
    sigma = np.full(grid.size, np.nan)
    if rolled.closed.any():
        runs = int(rolled.run[-1]) + 1
        if sigma_mg is None:
            sigma_mg = muf_sigma(runs=runs, batches=reckoned.batches, assays=reckoned.assays, methods=methods)
        sigma = np.where(rolled.closed, sigma_mg[rolled.run], np.nan)
    return _table(rolled, sigma, grid, reckoned.areas)


def reckon_parts(
    *, movements: pl.DataFrame, counts: pl.DataFrame, count_scopes: pl.DataFrame, sites: Iterable[str] | None = None,
    **others: Any,
) -> Iterator[Reckoning]:  # fmt: skip
    """What `reckon` gives, of some sites after the others, so that memory need not hold all at once; what follows from
    the parts in their order follows from the whole. Parameters as `reckon`."""
    wanted = None if sites is None else list(sites)
    moves = movements.lazy().filter(pl.col("kind") != "title")
    for part in _parts_of_sites([moves, counts.lazy(), count_scopes.lazy()], wanted):
        reckoned = reckon(movements=movements, counts=counts, count_scopes=count_scopes, sites=part, **others)
        if reckoned is not None:
            yield reckoned


def _parts_of_sites(frames: list[pl.LazyFrame], wanted: list[str] | None) -> Iterator[list[str] | None]:
    """Sites whose movements can be worked on at once, in the order of their first areas: what a site is belongs
    together, whoever held it."""
    areas = pl.concat([one.group_by(AREA).len() for one in frames]).group_by(AREA).agg(pl.col("len").sum()).collect()
    if areas["len"].sum() <= AT_ONCE:
        yield wanted
        return
    if wanted is not None:
        areas = areas.filter(pl.col("site").is_in(wanted))
    rows = areas.sort(AREA).group_by("site", maintain_order=True).agg(pl.col("len").sum())
    part = (rows["len"].cum_sum() - rows["len"]) // AT_ONCE
    for one in rows.with_columns(part=part).partition_by("part", maintain_order=True):
        yield one["site"].to_list()


def reckon(
    *,
    movements: pl.DataFrame,
    counts: pl.DataFrame,
    count_scopes: pl.DataFrame,
    lot_assays: pl.DataFrame,
    site_assays: pl.DataFrame,
    elements: Iterable[str] | None = None,
    sites: Iterable[str] | None = None,
    organisations: Iterable[str] | None = None,
    first_period: str | None = None,
    last_period: str | None = None,
) -> Reckoning | None:
    """What balances and their covariances are made of, parameters as `balance`; None where nothing was filed."""
    wanted = element_indices(elements)
    chosen = _choice(sites=sites, organisations=organisations)
    moves = movements.filter((pl.col("kind") != "title") & chosen).with_columns(
        began=(pl.col("origin_kind") == "opening").fill_null(False) & (pl.col("on") == pl.col("on").min().over(AREA))
    )
    named = [movements, counts]
    counts, scopes = counts.filter(chosen), count_scopes.filter(chosen)
    if sites is not None:
        # Whoever made them, no other lots are asked for.
        here = pl.concat([frame.select("lot") for frame in (moves, counts)]).unique()
        movements, *_ = named = [frame.join(here, on="lot", how="semi", maintain_order="left") for frame in named]
    areas = pl.concat([frame.select(AREA).unique() for frame in (moves, counts, scopes)]).unique().sort(AREA)
    areas = areas.with_row_index("area")
    moves, counts, scopes = (frame.join(areas, on=AREA) for frame in (moves, counts, scopes))
    inventories = inventory_days(movements=moves, counts=counts, scopes=scopes, named=named)
    segments = cut(moves, inventories, first_period=first_period, last_period=last_period)
    held = pl.concat([frame.select("area", "site", "lot") for frame in (moves, counts)]).unique().sort("area", "lot")
    held = held.with_row_index("held")
    shares = serving_shares(held, lot_assays=lot_assays, site_assays=site_assays, elements=wanted)
    grid = Grid.build(segments, _carried(segments, held, shares, wanted))
    if grid.size == 0:
        return None

    flows = _flow_parts(grid.locate(moves), held, shares, grid)
    found = _found_parts(grid.locate_counts(counts), held, shares, grid)
    rolled = _roll(grid, flows, found)
    if not rolled.closed.any():
        flows, found = flows.clear(), found.clear()  # Nothing lies between two inventories.
    crossing = flows.filter(~pl.col("flow").is_in(_INSIDE))
    crossing = crossing.with_columns(weighed=pl.col("flow") != list(FLOWS).index("adjustment"))
    batches = measured_batches(crossing, found, run=rolled.run, closed=rolled.closed, follows=~grid.begins)
    return Reckoning(
        areas=areas,
        grid=grid,
        rolled=rolled,
        batches=batches,
        assays=assay_acts(
            batches,
            held,
            shares,
            parts=_parts(batches, held, shares, wanted=wanted, lot_assays=lot_assays, site_assays=site_assays),
            makers=movements,
            receivers=moves,
            counts=counts,
        ),
    )


def balance_json(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """The rows of a balance as the exchange format gives them: masses as decimal kg text, `z` to six decimals."""
    masses = [name.removesuffix("_mg") for name in BALANCE if name.endswith("_mg")]
    return [
        {
            **{key: row[key] for key in ("organisation", "site", "element", "period")},
            "since": row["since"].isoformat(),
            **{
                f"{mass}_kg": None if row[f"{mass}_mg"] is None else format_kg(round(row[f"{mass}_mg"]))
                for mass in masses
            },
            "z": None if row["z"] is None else round(row["z"], 6),
        }
        for row in frame.sort(BALANCED_BY, maintain_order=True).iter_rows(named=True)
    ]


def _choice(*, sites: Iterable[str] | None, organisations: Iterable[str] | None) -> pl.Expr:
    chosen = pl.lit(True)
    for column, ids in (("site", sites), ("organisation", organisations)):
        if ids is not None:
            chosen &= pl.col(column).is_in(list(ids))
    return chosen


def _carried(segments: pl.DataFrame, held: pl.DataFrame, shares: pl.DataFrame, wanted: list[int]) -> pl.DataFrame:
    """`area`, `element`: what any lot at the area carries; total oxide always, so that no site is without a balance."""
    carried = held.join(shares, on="held").select("area", "element").unique()
    if TREO_INDEX not in wanted:
        return carried
    total = segments.select("area", element=pl.lit(TREO_INDEX, pl.UInt8)).unique()
    return pl.concat([carried, total]).unique()


def _parts(
    batches: pl.DataFrame,
    held: pl.DataFrame,
    shares: pl.DataFrame,
    *,
    wanted: list[int],
    lot_assays: pl.DataFrame,
    site_assays: pl.DataFrame,
) -> pl.DataFrame:
    """What the totals of the batches are computed from; none where no total is asked for."""
    here = batches.select("held").unique()
    if TREO_INDEX not in wanted:
        return parts_of_totals(shares.clear())
    if set(wanted) >= {*OXIDE_FACTORS["element"], TREO_INDEX}:
        return parts_of_totals(shares.join(here, on="held", how="semi"))
    held, every = held.join(here, on="held", how="semi"), element_indices(None)
    return parts_of_totals(serving_shares(held, lot_assays=lot_assays, site_assays=site_assays, elements=every))


def _flow() -> pl.Expr:
    """The flow of a movement, as an index into FLOWS."""
    kind, index = pl.col("kind"), {flow: pl.lit(place, pl.UInt8) for place, flow in enumerate(FLOWS)}
    return (
        pl.when("began")
        .then(pl.lit(_BEGAN, pl.UInt8))
        .when(kind == "transformation")
        .then(pl.when(pl.col("role") == "in").then(index["consumed"]).otherwise(index["made"]))
        .when((kind == "receipt") | ((kind == "move") & (pl.col("delta_mg") >= 0)))
        .then(index["in"])
        .when(kind.is_in(["shipment", "move"]))
        .then(index["out"])
        .otherwise(kind.replace_strict(list(index), range(len(index)), default=None, return_dtype=pl.UInt8))
    )


def _flow_parts(moves: pl.DataFrame, held: pl.DataFrame, shares: pl.DataFrame, grid: Grid) -> pl.DataFrame:
    """One row per movement and element: `cell`, `element`, `held`, `flow`, `seq`, `method` and the masses in mg."""
    parts = (
        moves.select("area", "lot", "segment", "delta_mg", "unaccounted_mg", "seq", "method", flow=_flow())
        .join(held.select("area", "lot", "held"), on=["area", "lot"])
        .join(shares, on="held")
    )
    return parts.select(
        "element", "held", "flow", "seq", "method",
        pl.Series("cell", grid.cells(parts)),
        mass_mg=element_mass(),
        unaccounted_mg=element_mass("unaccounted_mg"),
    )  # fmt: skip


def _found_parts(counts: pl.DataFrame, held: pl.DataFrame, shares: pl.DataFrame, grid: Grid) -> pl.DataFrame:
    """One row per item of a physical inventory and element: `cell`, `element`, `held`, `seq`, `method`, `mass_mg`."""
    parts = counts.join(held.select("area", "lot", "held"), on=["area", "lot"]).join(shares, on="held")
    return parts.select(
        "element", "held", "seq", "method",
        pl.Series("cell", grid.cells(parts)),
        counted_mg="mass_mg",
        mass_mg=element_mass("mass_mg"),
    )  # fmt: skip


def _roll(grid: Grid, flows: pl.DataFrame, found: pl.DataFrame) -> Rolled:
    """Carry each (area, element) from cell to cell; at an inventory the book starts anew from what was found."""
    signed = np.zeros((len(FLOWS) + 1, grid.size), np.int64)
    sums = flows.group_by("flow", "cell").agg(pl.col("mass_mg").sum())
    signed[sums["flow"].to_numpy(), sums["cell"].to_numpy()] = sums["mass_mg"].to_numpy()
    began = np.where(grid.begins, signed[_BEGAN], 0)
    signed[list(FLOWS).index("origin")] += signed[_BEGAN] - began
    signed = signed[:_BEGAN]
    unaccounted = _by_cell(flows.filter(pl.col("unaccounted_mg") > 0), "unaccounted_mg", grid.size)
    physical = _by_cell(found, "mass_mg", grid.size)

    after_count = np.zeros(grid.size, np.bool_)
    after_count[1:] = grid.counted[:-1] & ~grid.begins[1:]
    starts = np.flatnonzero(grid.begins | after_count)
    run = np.cumsum(grid.begins | after_count) - 1
    counted_run = after_count[starts]
    base = np.where(counted_run, physical[starts - 1], 0)

    net = signed.sum(axis=0) + unaccounted
    book = base[run] + _since(net + began, starts, run)
    consumed, made = list(FLOWS).index("consumed"), list(FLOWS).index("made")
    process = -signed[consumed] - signed[made]
    return Rolled(
        flows=signed * np.array(list(FLOWS.values()))[:, None],
        unaccounted=unaccounted,
        opening=book - net,
        book=book,
        physical=physical,
        process=process,
        muf=_since(process - unaccounted, starts, run) + book - physical,
        run=run,
        closed=grid.counted & counted_run[run],
    )


def _since(values: Integers, starts: Integers, run: Integers) -> Integers:
    """Running sums that begin anew at each start."""
    total = np.cumsum(values)
    return total - (total - values)[starts][run]


def _by_cell(parts: pl.DataFrame, mass: str, size: int) -> Integers:
    sums = parts.group_by("cell").agg(pl.col(mass).sum())
    result = np.zeros(size, np.int64)
    result[sums["cell"].to_numpy()] = sums[mass].to_numpy()
    return result


def _table(rolled: Rolled, sigma_mg: Floats, grid: Grid, areas: pl.DataFrame) -> pl.DataFrame:
    counted = pl.Series(grid.counted)
    segments = grid.segments[grid.segment]
    frame = segments.select("area", "period", "since", "until", "shown").with_columns(
        element=pl.Series(np.array(SYMBOLS)[grid.element], dtype=pl.String),
        opening_mg=rolled.opening,
        **{f"{flow}_mg": pl.Series(rolled.flows[place]) for place, flow in enumerate(FLOWS)},
        unaccounted_mg=rolled.unaccounted,
        book_mg=rolled.book,
        physical_mg=pl.when(counted).then(pl.Series(rolled.physical)),
        process_difference_mg=rolled.process,
        count_difference_mg=pl.when(counted).then(pl.Series(rolled.book - rolled.physical)),
        muf_mg=pl.when(counted).then(pl.Series(rolled.muf)),
        sigma_mg=pl.Series(sigma_mg).fill_nan(None),
    )
    frame = frame.filter("shown").join(areas, on="area", maintain_order="left")
    uncertain = pl.when(pl.col("sigma_mg") > 0).then(pl.col("sigma_mg"))
    return frame.with_columns(z=pl.col("muf_mg") / uncertain).select(list(BALANCE))
