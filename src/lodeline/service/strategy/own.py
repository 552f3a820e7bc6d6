"""What a firm reads of itself in the network: its goods, what comes in and goes out, and how long it lasts without.

Its own rows and those of its own edge alone: of a neighbour the id and the flow between them, never what it holds, what
it makes, or how long it lasts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.strategy.inputs import inputs_of
from lodeline.service.strategy.network import network_of
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store
from lodeline.strategy.figure import Basis, weakest
from lodeline.strategy.network import Network

_DIGITS: Final = 6
_FILINGS: Final = "filings"
Json = dict[str, Any]


def own_network(store: Store, snapshot: Snapshot, law: Jurisdiction, *, organisation: str) -> Json:
    """The firm's part of the network of the usual base window. Rates are kg a day, masses kg.

    `units`: of each unit or plant how many days each input lasts at the usual rate, `days` from what lies there and
    `under_way_days` from what is on its way, and the class that runs out first. Raises UserError where nothing has been
    filed.
    """
    network = network_of(snapshot, law, inputs_of(store, snapshot.entry))
    return {
        "stamp": {**snapshot.stamp, "as_of": snapshot.as_of} | ({"synthetic": True} if network.is_synthetic else {}),
        "settings": {"base_from": network.window[0], "base_to": network.window[1]},
        "organisation": organisation,
        "holdings": list(_holdings(network, organisation)),
        "edges": list(_edges(network, organisation)),
        "units": list(_units(network, organisation)),
    }  # fmt: skip


def _stated(network: Network, basis: Basis, source: str = _FILINGS) -> Json:
    return {"basis": basis, "source": source, "vintage": network.vintage}


def _rounded(value: float) -> float:
    return round(float(value), _DIGITS)


def _holdings(network: Network, organisation: str) -> Iterator[Json]:
    found = network.holdings
    for place, owner in enumerate(found.organisation):
        # What an authority's table says of a customer's stock is not the firm's own word: it is not repeated to it.
        if owner == organisation and not found.is_plant[place]:
            yield {
                "site": found.site[place], "class": found.goods[place], "stock_kg": _rounded(found.level_kg[place]),
                "origin_kg_per_day": _rounded(found.origin[place]),
                "residual_kg_per_day": _rounded(found.residual[place]), **_stated(network, found.level_basis[place]),
            }  # fmt: skip


def _edges(network: Network, organisation: str) -> Iterator[Json]:
    edges, holdings = network.edges, network.holdings
    for place, (source, target) in enumerate(zip(edges.source.tolist(), edges.target.tolist(), strict=True)):
        sender, receiver = holdings.organisation[source], holdings.organisation[target]
        if organisation not in (sender, receiver) or not edges.is_filed[place]:
            continue
        is_out = sender == organisation
        yield {
            "way": "out" if is_out else "in", "class": holdings.goods[source],
            "site": holdings.site[source] if is_out else holdings.site[target],
            "with": receiver if is_out else sender, "kg_per_day": _rounded(edges.flow[place]),
            "transit_days": int(edges.transit[place]),
            **_stated(network, weakest(["exact", edges.transit_basis[place]])),
        }  # fmt: skip


def _units(network: Network, organisation: str) -> Iterator[Json]:
    units, holdings, edges = network.units, network.holdings, network.edges
    under_way = np.bincount(
        edges.target, weights=edges.flow * edges.transit * edges.is_filed, minlength=len(holdings)
    )  # fmt: skip
    for place, owner in enumerate(units.organisation):
        if owner != organisation:
            continue
        needs = range(int(units.need_start[place]), int(units.need_start[place + 1]))
        rows: list[Json] = []
        for need in needs:
            holding, rate = int(units.need_holding[need]), float(units.need_rate[need])
            level = float(holdings.level_kg[holding])
            rows.append(
                {
                    "class": holdings.goods[holding], "need_kg_per_day": _rounded(rate),
                    "essential": bool(units.need_group[need] < 0), "days": _days(level, rate),
                    "under_way_days": _days(float(under_way[holding]), rate),
                    **_stated(network, holdings.level_basis[holding]),
                }
            )  # fmt: skip
        lasting = [row for row in rows if row["essential"] and row["days"] is not None] or [
            row for row in rows if row["days"] is not None
        ]
        first = min(lasting, key=lambda row: float(row["days"]), default=None)
        yield {
            "unit": units.name[place], "is_plant": bool(units.is_plant[place]), "inputs": rows,
            "days": None if first is None else first["days"], "first_out": None if first is None else first["class"],
            **_stated(network, weakest(row["basis"] for row in rows)),
        }  # fmt: skip


def _days(mass_kg: float, rate: float) -> float | None:
    """How long a mass lasts; None where nothing is used."""
    return round(mass_kg / rate, 2) if rate > 0 else None
