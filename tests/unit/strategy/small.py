"""A network by hand: one maker of heavy magnets who sells to plants abroad and at home."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from lodeline.strategy.figure import Basis
from lodeline.strategy.network import ESSENTIAL, Edges, Holdings, Network, Units
from lodeline.strategy.scenario import Instrument, Scenario

STARTS = date(2026, 3, 1)
_ASSUMED: Basis = "assumption"
_EXACT: Basis = "exact"


def network(
    stocks: Sequence[float] = (20.0, 40.0, 80.0, 40.0), *, countries: Sequence[str] = ("DE", "DE", "JP", "CN"),
    transit: int = 30, need: float = 10.0, assumed: bool = True, loss: float = 1000.0,
) -> Network:  # fmt: skip
    """Plants P1, P2, … that use `need` kg a day each and have stock for so many days, all supplied by MAKER."""
    count = len(stocks)
    flow = np.full(count, need)
    buyers = tuple(f"BUYER-{one + 1}" for one in range(count))
    no_basis: tuple[Basis, ...] = tuple(_ASSUMED for _ in range(count))
    abroad = np.array([one != "CN" for one in countries])
    holdings = Holdings(
        site=("M1", *(f"P{one + 1}" for one in range(count))), organisation=("MAKER", *buyers),
        goods=("magnet-ndfeb+heavy",) * (count + 1), country=("CN", *countries),
        is_plant=np.array([False] + [True] * count),
        level_kg=np.array([2 * need * count, *(need * one for one in stocks)]),
        level_basis=(_EXACT, *(_ASSUMED if assumed else _EXACT for _ in range(count))),
        origin=np.array([need * count] + [0.0] * count), residual=np.zeros(count + 1), floor_kg=np.zeros(count + 1),
        content=np.tile([0.28, 0.03], (count + 1, 1)),
    )  # fmt: skip
    edges = Edges(
        source=np.zeros(count, np.int64), target=np.arange(1, count + 1), flow=flow, most=2 * flow,
        transit=np.where(abroad, transit, 2), transit_basis=no_basis, rank=np.arange(count),
        qualified_from=np.zeros(count, np.int64), held_kg=np.zeros(count), value_per_kg=np.full(count, 80.0),
        border=abroad, is_filed=np.ones(count, np.bool_), end_user=buyers,
        end_use=("motor",) * count, hs_code=("850511",) * count, items=("1C902",) * count, currency=("USD",) * count,
    )  # fmt: skip
    units = Units(
        name=tuple(f"P{one + 1}" for one in range(count)), organisation=buyers,
        country=tuple(countries), is_plant=np.ones(count, np.bool_), need_start=np.arange(count + 1),
        need_holding=np.arange(1, count + 1), need_rate=flow.copy(), need_group=np.full(count, ESSENTIAL),
        out_start=np.zeros(count + 1, np.int64), out_holding=np.zeros(0, np.int64), out_rate=np.zeros(0),
        most=np.ones(count), most_basis=no_basis, stop_below=np.full(count, 0.5),
        loss_per_day=np.full(count, loss), currency=("USD",) * count,
    )  # fmt: skip
    return Network(
        elements=("Nd", "Dy"), holdings=holdings, edges=edges, units=units, vintage="7",
        window=("2025-09", "2026-02"), is_synthetic=False,
    )  # fmt: skip


def scenario(*instruments: Instrument, horizon: int = 180, draws: int = 40, seed: int = 1) -> Scenario:
    return Scenario(
        name="dy-licence", name_en="Dy goods to DE without licences", name_zh="对德国的含镝货物停发许可",
        base_from="2025-09", base_to="2026-02", starts=STARTS,
        horizon_days=horizon, draws=draws, seed=seed, instruments=instruments,
    )  # fmt: skip


def ban(country: str = "DE") -> Instrument:
    return Instrument(id="ban", kind="ban", starts=STARTS, elements=("Dy",), to_country=(country,))


def licence(country: str = "DE", days: float = 45, approval: float | None = None) -> Instrument:
    return Instrument(
        id="licence", kind="licence", starts=STARTS, elements=("Dy",), to_country=(country,), delay_working_days=days,
        low=days * 2 / 3, high=days * 2, approval=approval,
    )  # fmt: skip
