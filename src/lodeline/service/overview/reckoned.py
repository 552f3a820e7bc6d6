"""The books of sites, reckoned once for two answers: their balances, and which errors these share."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from lodeline.accountancy.balance import BALANCE, BALANCED_BY, balances_of, reckon_parts
from lodeline.accountancy.covariance import BalanceRuns, runs_of, sigma_of_runs
from lodeline.accountancy.frames import AREA
from lodeline.detection.imbalance import TESTED, rounding_mg2, rows_until
from lodeline.engine.running import Engine, Frames, buckets, parted
from lodeline.store.snapshot import Snapshot

#: One row for each balance from count to count: with each earlier one of its run, and with itself, oldest first.
SHARED: Final[Mapping[str, pl.DataType]] = {
    "organisation": pl.String(), "site": pl.String(), "element": pl.String(), "until": pl.Date(),
    "covariance_mg2": pl.List(pl.Float64()), "rounding_mg2": pl.Float64(),
}  # fmt: skip
SHARED_BY: Final = (*AREA, "element", "until")
_SITE: Final = pl.col("site")


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteAccounts:
    """`balances` (columns BALANCE, by BALANCED_BY) of the rare earths and their total, and which errors they `shared`
    (SHARED, by SHARED_BY)."""

    balances: pl.DataFrame
    shared: pl.DataFrame


def site_accounts(snapshot: Snapshot) -> SiteAccounts:
    """The books of all sites. Asked by `Snapshot.once`: two answers rest on them.

    They rest on the rows that detectors judge: goods that are there without a receipt count as received.
    """
    return _whole(snapshot, [reckoned(_of(snapshot))])


def keep_site_accounts(snapshot: Snapshot, engine: Engine) -> None:
    """Has an engine make them, by site."""
    sites = pl.concat([snapshot.balanced.select("site"), snapshot.counts.select("site")]).unique().drop_nulls()
    number = buckets(engine, snapshot.balanced.height)
    of_sites = (
        {**one, **_of(snapshot.of_sites(frozenset(one["sites"]["site"])))}
        for one in parted(number, sites=(sites, _SITE))
    )
    snapshot.keep(site_accounts, _whole(snapshot, engine.run(reckoned, of_sites)))


def reckoned(part: Frames) -> Frames:
    """The `balances` of the sites of a part and what they `shared`."""
    methods = part["methods"]
    days = rows_until(part["movements"], part["counts"])
    balances, shared = [pl.DataFrame(schema=BALANCE)], [pl.DataFrame(schema=dict(SHARED))]
    for one in reckon_parts(
        movements=part["movements"], counts=part["counts"], count_scopes=part["count_scopes"],
        lot_assays=part["lot_assays"], site_assays=part["site_assays"], elements=TESTED,
        sites=part["sites"]["site"] if "sites" in part else None,
    ):  # fmt: skip
        runs = runs_of(one, methods)
        # σ is that of the runs, which is the same.
        balances.append(balances_of(one, methods, sigma_mg=sigma_of_runs(one, runs)))
        shared.append(_lower_triangles(runs, days))
    return {"balances": pl.concat(balances), "shared": pl.concat(shared)}


def _whole(snapshot: Snapshot, parts: Collection[Frames]) -> SiteAccounts:
    balances, shared = (
        snapshot.at_rest(pl.concat([one[name] for one in parts]).sort(order, maintain_order=True))
        for name, order in (("balances", BALANCED_BY), ("shared", SHARED_BY))
    )
    return SiteAccounts(balances=balances, shared=shared)


def _of(snapshot: Snapshot) -> Frames:
    """What books are reckoned from."""
    return {
        "movements": snapshot.booked, "counts": snapshot.counts, "count_scopes": snapshot.count_scopes,
        "lot_assays": snapshot.lot_assays, "site_assays": snapshot.site_assays,
        "methods": snapshot.register.tables["methods"],
    }  # fmt: skip


def _lower_triangles(runs: BalanceRuns, days: pl.DataFrame) -> pl.DataFrame:
    """The lower triangle of each matrix, a row for each of its own; `days`: `detection.imbalance.rows_until`."""
    if runs.differences.is_empty():
        return pl.DataFrame(schema=dict(SHARED))
    matrix, place = (runs.differences[name].to_numpy() for name in ("matrix", "place"))
    length = place + 1
    row = np.repeat(np.arange(len(place)), length)
    column = np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length)
    values = runs.covariance_mg2[matrix[row], place[row], column]
    lists = pl.DataFrame({"row": row, "covariance_mg2": values}).group_by("row", maintain_order=True).all()
    rounding = pl.Series(rounding_mg2(runs.differences, days))
    return runs.differences.with_columns(lists["covariance_mg2"], rounding_mg2=rounding).select(list(SHARED))
