"""Who depends on which origin: the origins of the lots that a buyer got, in whole milligrams of an element.

*Booked*: the shares follow from the rule that material mixes in proportion, and from what was filed; the sum over the
origins of a buyer is the sum of its rows to the milligram, with what has no known origin as a row of its own.

*Estimated*, where lots end: the origins of a base window's mean flows, B = (I − S)⁻¹ R. It knows no time: what lay in
stock before came from elsewhere. Never to be called ledger.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from lodeline.flow.origins import UNACCOUNTED
from lodeline.strategy.network import Floats, Ints, Network

#: What the origins of a buyer are told apart by.
ORIGIN: Final = ("origin_kind", "origin_place")


def split(whole: int, parts: Sequence[float]) -> list[int]:
    """A whole number in parts of these proportions, which sum to it; what rounding leaves goes to the largest rests,
    the first of equal ones."""
    total = sum(parts)
    if total <= 0:
        raise ValueError("nothing to split by")
    exact = [whole * part / total for part in parts]
    found = [int(one) for one in exact]
    order = sorted(range(len(exact)), key=lambda at: (found[at] - exact[at], at))
    # The rest is below the number of parts but for the last bit of very large masses.
    rest = whole - sum(found)
    for turn in range(abs(rest)):
        found[order[turn % len(order)]] += 1 if rest > 0 else -1
    return found


def booked(delivered: pl.DataFrame, shares: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """The origins of what was delivered: `key`, `origin_kind`, `origin_place`, `mass_mg`, the largest first, what is
    not known last.

    delivered: rows with the columns of `key`, `lot`, `mass_mg` of the element. shares: `lot`, ORIGIN, `share`, which
    sum to 1 for each lot that is in it; what comes in lots that are not has no known origin.
    """
    by_lot = delivered.group_by(*key, "lot").agg(pl.col("mass_mg").sum()).filter(pl.col("mass_mg") > 0)
    mixed = (
        by_lot.join(shares, on="lot", how="left")
        .with_columns(
            origin_kind=pl.when(pl.col("share").is_null()).then(pl.lit(UNACCOUNTED)).otherwise("origin_kind"),
            mass=pl.col("mass_mg") * pl.col("share").fill_null(1.0),
        )
        .group_by(*key, *ORIGIN)
        .agg(pl.col("mass").sum())
        .with_columns(unknown=(pl.col("origin_kind") == UNACCOUNTED).fill_null(False))
        .sort(*key, "unknown", "mass", *ORIGIN, descending=[False] * len(key) + [False, True, False, False])
    )
    wholes = by_lot.group_by(key).agg(whole=pl.col("mass_mg").sum()) if key else by_lot.select(whole="mass_mg").sum()
    rows = []
    for values, part in mixed.group_by(key, maintain_order=True) if key else [((), mixed)]:
        if not part.height:
            continue
        there = wholes
        for name, value in zip(key, values, strict=True):
            there = there.filter(pl.col(name).eq_missing(pl.lit(value, there.schema[name])))
        masses = split(int(there["whole"].item()), part["mass"].to_list())
        rows.append(part.with_columns(mass_mg=pl.Series(masses, dtype=pl.Int64)).select(*key, *ORIGIN, "mass_mg"))
    return pl.concat(rows) if rows else mixed.select(*key, *ORIGIN, mass_mg=pl.lit(0, pl.Int64)).clear()


def estimated(network: Network, element: str, plants: Ints | None = None) -> tuple[Ints, Floats]:
    """The shares of origins in an element at plants, by the mean flows of the base window.

    plants: holdings, else all of plants. Given back: the holdings with an origin of it, and [plants, origins + 1]
    shares, of which the last is what comes of nowhere that is known (a positive residual); a row sums to 1, or is 0
    where none of the element arrives. An element that a unit takes goes on in its outputs as they contain it.
    """
    from scipy.sparse import coo_matrix, identity  # noqa: PLC0415  (loads slowly, and few ask)
    from scipy.sparse.linalg import splu  # noqa: PLC0415

    holdings, count = network.holdings, len(network.holdings)
    wanted = np.flatnonzero(holdings.is_plant) if plants is None else plants
    if element not in network.elements:
        return np.zeros(0, np.int64), np.zeros((len(wanted), 1))
    content = holdings.content[:, network.elements.index(element)]
    source, target, mass = _links(network, content)
    here = holdings.origin * content
    nowhere = np.maximum(holdings.residual, 0.0) * content
    into = np.bincount(target, mass, count) + here + nowhere
    # A holding whose inflow is known only as outflow is of nowhere too.
    open_ = into <= 0
    into = np.where(open_, 1.0, into)
    shares = coo_matrix((mass / into[target], (target, source)), shape=(count, count)).tocsr()
    origins = np.flatnonzero(here > 0)
    right = np.zeros((count, len(origins) + 1))
    right[origins, np.arange(len(origins))] = (here / into)[origins]
    right[:, -1] = np.where(open_, 0.0, nowhere / into)
    found = splu((identity(count, format="csc") - shares.tocsc() * (1 - 1e-12)).tocsc()).solve(right)[wanted]
    whole = found.sum(axis=1, keepdims=True)
    return origins, np.divide(found, whole, out=np.zeros_like(found), where=whole > 0)


def _links(network: Network, content: Floats) -> tuple[Ints, Ints, Floats]:
    """The element from holding to holding, kg a day: along edges, and through units in proportion to what goes in."""
    edges, units = network.edges, network.units
    sources, targets, masses = [edges.source], [edges.target], [edges.flow * content[edges.source]]
    for number in range(len(units)):
        needs = slice(units.need_start[number], units.need_start[number + 1])
        outs = slice(units.out_start[number], units.out_start[number + 1])
        taken, made = units.need_holding[needs], units.out_holding[outs]
        if not len(taken) or not len(made):
            continue
        fed, given = units.need_rate[needs] * content[taken], units.out_rate[outs] * content[made]
        if fed.sum() <= 0:
            continue
        masses.append(np.outer(given, fed / fed.sum()).ravel())
        sources.append(np.tile(taken, len(made)))
        targets.append(np.repeat(made, len(taken)))
    return np.concatenate(sources), np.concatenate(targets), np.concatenate(masses)
