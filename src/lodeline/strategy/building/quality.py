"""How well the books of a base window close: what of each class the network cannot explain, against what went through.

A holding's residual is what went out of it less what came in, filed losses being part of what went out: a change of
stock, or rows that are missing or wrong. A plant of a final customer files nothing, and has none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lodeline.strategy.network import Floats, Network, flows_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Of the holdings of a class ("" of all), in kg a day: `through`, what went through them; `residual`, the sum of
    what none explains, each without its sign; `lost`, filed losses. `assumed_stock`: of `holdings`, those whose stock
    is a floor that nobody counted."""

    goods: str
    holdings: int
    through: float
    residual: float
    lost: float
    assumed_stock: int

    @property
    def share(self) -> float | None:
        """What is not explained of what went through; None where nothing did."""
        return self.residual / self.through if self.through > 0 else None


def unexplained(network: Network) -> Floats:
    """Outflow with losses, less inflow, of each holding; kg a day, with its sign."""
    lost = network.holdings.lost
    return network.holdings.residual + (0.0 if lost is None else lost)


def quality(network: Network) -> list[Quality]:
    """All holdings of the ledger first, then each class, the largest residual first."""
    holdings = network.holdings
    outside = np.zeros(len(holdings), np.bool_)
    outside[network.edges.source[~network.edges.is_filed]] = True
    ours = ~holdings.is_plant & ~outside
    lost = np.zeros(len(holdings)) if holdings.lost is None else holdings.lost
    out, into = flows_of(network.edges, network.units, len(holdings))
    through, open_ = np.maximum(out + lost, into + holdings.origin), np.abs(unexplained(network))
    assumed = np.array([basis == "assumption" for basis in holdings.level_basis], np.bool_)
    goods = np.array(holdings.goods, dtype=object)

    def of(name: str, which: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Quality:
        return Quality(
            goods=name, holdings=int(which.sum()), through=float(through[which].sum()),
            residual=float(open_[which].sum()), lost=float(lost[which].sum()), assumed_stock=int(assumed[which].sum()),
        )  # fmt: skip

    classes = [of(name, ours & (goods == name)) for name in sorted(set(goods[ours].tolist()))]
    return [of("", ours), *sorted(classes, key=lambda one: (-one.residual, one.goods))]
