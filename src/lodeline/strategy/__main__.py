"""Compiles the kernels once, so that nobody waits for it later: `python -m lodeline.strategy`."""

from __future__ import annotations

import numpy as np

from lodeline.strategy.network import ESSENTIAL, Edges, Holdings, Network, Units, open_throughout
from lodeline.strategy.simulate import simulate


def warm() -> None:
    """Runs a seller and a plant for a day."""
    one, none = np.ones(1), np.zeros(1, np.int64)
    holdings = Holdings(
        site=("a", "b"), organisation=("a", "b"), goods=("oxide", "oxide"), country=("", ""),
        is_plant=np.array([False, True]), level_kg=np.ones(2), level_basis=("assumption", "assumption"),
        origin=np.array([1.0, 0.0]), residual=np.zeros(2), floor_kg=np.zeros(2), content=np.ones((2, 1)),
    )  # fmt: skip
    edges = Edges(
        source=none, target=none + 1, flow=one, most=one, transit=none + 1, transit_basis=("assumption",), rank=none,
        qualified_from=none, held_kg=np.zeros(1), value_per_kg=one, border=np.ones(1, np.bool_),
        is_filed=np.ones(1, np.bool_), end_user=("",), end_use=("",), hs_code=("",), items=("",),
    )  # fmt: skip
    units = Units(
        name=("b",), organisation=("b",), country=("",), is_plant=np.ones(1, np.bool_), need_start=np.array([0, 1]),
        need_holding=none + 1, need_rate=one, need_group=none + ESSENTIAL, out_start=np.zeros(2, np.int64),
        out_holding=np.zeros(0, np.int64), out_rate=np.zeros(0), most=one, most_basis=("assumption",),
        stop_below=one / 2, loss_per_day=one, currency=("",),
    )  # fmt: skip
    network = Network(
        elements=("Dy",), holdings=holdings, edges=edges, units=units, vintage="", window=("2026-01", "2026-01")
    )
    simulate(network, open_throughout(network, 1), days=1)


if __name__ == "__main__":
    warm()
    print("kernels compiled")
