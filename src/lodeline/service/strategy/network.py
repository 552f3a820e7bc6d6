"""The network of a snapshot, and what there is to say of it: who holds what, sends how much to whom, makes what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from math import isnan
from typing import Any, Final

import numpy as np
import polars as pl

from lodeline.errors import UserError
from lodeline.language import text
from lodeline.regulation.parameter import Jurisdiction
from lodeline.regulation.span import month_after
from lodeline.service.entries.subject import Json
from lodeline.store.snapshot import Snapshot
from lodeline.strategy.building.goods import classes, with_goods
from lodeline.strategy.building.graph import TRADED, build
from lodeline.strategy.building.quality import Quality, quality, unexplained
from lodeline.strategy.building.told import Tables
from lodeline.strategy.figure import Basis, weakest
from lodeline.strategy.network import Network, flows_of

#: Months of a base window that nobody chose.
_MONTHS: Final = 6
#: Networks that are kept beside a snapshot.
_KEPT: Final = 4
#: Where sums of rows are from.
FILINGS: Final = "filings"
#: Digits behind the point of a kilogram: a milligram.
_DIGITS: Final = 6


def base_window(snapshot: Snapshot, base_from: str | None = None, base_to: str | None = None) -> tuple[str, str]:
    """First and last month; where they are not given, the last six that are complete. Raises UserError."""
    earliest, newest = filed_months(snapshot)
    last = snapshot.lines["on"].max()
    assert isinstance(last, date), "something was filed"
    complete = newest if (last + timedelta(days=1)).day == 1 else month_after(newest, -1)
    to = base_to or max(earliest, complete)
    return base_from or max(earliest, min(to, month_after(to, 1 - _MONTHS))), to


def filed_months(snapshot: Snapshot) -> tuple[str, str]:
    """The first and the last month of which something was filed. Raises UserError where nothing was."""
    first, last = snapshot.lines.select(first=pl.col("on").min(), last=pl.col("on").max()).row(0)
    if not isinstance(first, date) or not isinstance(last, date):
        raise UserError(text("Nothing has been filed: there is no base window."))
    return f"{first:%Y-%m}", f"{last:%Y-%m}"


def origins_of_holdings(
    snapshot: Snapshot, network: Network
) -> dict[tuple[str, str], dict[tuple[str, str | None], float]]:
    """Site and class → the shares of kinds and places in what came in there from nowhere in the network."""
    month = pl.col("on").dt.strftime("%Y-%m")
    rows = snapshot.lines.filter(
        pl.col("kind") == "origin", pl.col("origin_kind").fill_null("") != "opening",
        month.is_between(pl.lit(network.window[0]), pl.lit(network.window[1])),
    )  # fmt: skip
    lots = classes(snapshot.known_facts.select("lot", "product"), snapshot.lot_assays)
    sums = (
        with_goods(rows, lots)
        .group_by("site", "goods", "origin_kind", "origin_place")
        .agg(mg=pl.col("dry_mg").sum())
        .with_columns(share=pl.col("mg") / pl.col("mg").sum().over("site", "goods"))
        .sort("site", "goods", "origin_kind", "origin_place", nulls_last=True)
    )
    found: dict[tuple[str, str], dict[tuple[str, str | None], float]] = {}
    columns = sums.select("site", "goods", "origin_kind", "origin_place", "share")
    for site, goods, kind, place, share in columns.iter_rows():
        found.setdefault((site, goods), {})[kind or "?", place] = share
    return found


def network_of(
    snapshot: Snapshot, law: Jurisdiction, inputs: Tables | None = None, *, base_from: str | None = None,
    base_to: str | None = None, steady: bool = False,
) -> Network:  # fmt: skip
    """The network of a base window (`graph.build`), made once for each. Raises UserError for a window that is none."""
    window = base_window(snapshot, base_from, base_to)
    kept = snapshot.once(_kept)
    key = (law.country, _digests(inputs), *window, steady)
    if key not in kept:
        while len(kept) >= _KEPT:
            kept.pop(next(iter(kept)))
        kept[key] = _made(snapshot, law, inputs, window, steady=steady)
    # What is kept goes on with later snapshots of the same goods, under their own stamp.
    return replace(kept[key], vintage=f"entry {snapshot.entry}")


def _kept(snapshot: Snapshot) -> dict[tuple[object, ...], Network]:
    del snapshot
    return {}


def _digests(inputs: Tables | None) -> object:
    """What tells inputs apart: the digests of their files, else the very object."""
    digests = getattr(inputs, "digests", None)
    return tuple(sorted(digests.items())) if isinstance(digests, Mapping) and digests else _rows(inputs)


def _rows(inputs: Tables | None) -> object:
    if inputs is None or not any(one.height for one in (inputs.plants, inputs.bill, inputs.cover, inputs.suppliers)):
        return ()
    return id(inputs), inputs


def _made(
    snapshot: Snapshot, law: Jurisdiction, inputs: Tables | None, window: tuple[str, str], *, steady: bool
) -> Network:
    register = snapshot.register
    firms = register.tables["organisations"].select("id", "country").drop_nulls()
    names = {name.strip().casefold(): party for name, party in register.party_of.items()}
    return build(
        snapshot.lines_with(*TRADED), snapshot.known_facts.select("lot", "product"), snapshot.lot_assays,
        register.tables["sites"], snapshot.transfers, base_from=window[0], base_to=window[1], own_country=law.country,
        countries=dict(firms.iter_rows()), names={**register.organisation_by_name, **names}, tables=inputs,
        is_synthetic=register.synthetic[0] > 0, steady=steady,
    )  # fmt: skip


def stamp_of(snapshot: Snapshot, network: Network) -> Json:
    """The stamp of an answer that rests on a network."""
    return {**snapshot.stamp, "as_of": snapshot.as_of} | ({"synthetic": True} if network.is_synthetic else {})


def graph_json(
    snapshot: Snapshot, law: Jurisdiction, inputs: Tables | None = None, *, base_from: str | None = None,
    base_to: str | None = None,
) -> Json:  # fmt: skip
    """The network of a base window as a document: holdings, edges, units, how well the books close, and what to know.

    Rates are kilograms a day, masses kilograms. Every number has its basis, source and vintage beside it.
    """
    network = network_of(snapshot, law, inputs, base_from=base_from, base_to=base_to)
    holdings, edges, units = network.holdings, network.edges, network.units
    return {
        "stamp": stamp_of(snapshot, network),
        "settings": {"base_from": network.window[0], "base_to": network.window[1]},
        "notes": [{"code": one.code, "en": one.en, "zh": one.zh} for one in network.notes],
        "totals": {
            "holdings": len(holdings), "plants": len({holdings.site[at] for at in np.flatnonzero(holdings.is_plant)}),
            "edges": len(edges), "units": len(units), "kg_per_day": _kg(edges.flow.sum()),
            **_stated(network, weakest("exact" if one else "assumption" for one in edges.is_filed)),
        },
        "quality": [_quality(network, one) for one in quality(network)],
        "holdings": list(_holdings(network)), "edges": list(_edges(network)), "units": list(_units(network)),
    }  # fmt: skip


def _kg(value: float) -> float:
    return round(float(value), _DIGITS)


def _stated(network: Network, basis: Basis, source: str = FILINGS) -> Json:
    return {"basis": basis, "source": source, "vintage": network.vintage}


def _quality(network: Network, one: Quality) -> Json:
    share = one.share
    return {
        "class": one.goods, "holdings": one.holdings, "throughput_kg_per_day": _kg(one.through),
        "residual_kg_per_day": _kg(one.residual), "loss_kg_per_day": _kg(one.lost),
        "residual_pct": None if share is None else round(100 * share, 4), "stock_assumed": one.assumed_stock,
        **_stated(network, "exact"),
    }  # fmt: skip


#: What stands behind the stock of a holding.
_STOCK_SOURCES: Final[Mapping[Basis, str]] = {
    "exact": "last count", "booked": "book", "assumption": "assumed days of flow", "synthetic": "cover.csv",
}  # fmt: skip


def _holdings(network: Network) -> Iterator[Json]:
    found, edges, open_ = network.holdings, network.edges, unexplained(network)
    out, into = flows_of(edges, network.units, len(found))
    # What a table says of suppliers makes the need of the plants that buy of them.
    outside = {*edges.source[~edges.is_filed].tolist(), *edges.target[~edges.is_filed].tolist()}
    for number, goods in enumerate(found.goods):
        basis = found.level_basis[number]
        is_ours = number not in outside
        yield {
            "site": found.site[number], "organisation": found.organisation[number], "class": goods,
            "country": found.country[number], "is_plant": bool(found.is_plant[number]),
            "stock": {"value": _kg(found.level_kg[number]), **_stated(network, basis, _STOCK_SOURCES[basis])},
            "out_kg_per_day": _kg(out[number]), "in_kg_per_day": _kg(into[number]),
            "origin_kg_per_day": _kg(found.origin[number]),
            "loss_kg_per_day": 0.0 if found.lost is None else _kg(found.lost[number]),
            "residual_kg_per_day": _kg(open_[number]),
            "elements_pct": {
                symbol: round(100 * float(share), 7)
                for symbol, share in zip(network.elements, found.content[number], strict=True) if share > 0
            },
            **_stated(network, "exact" if is_ours else "assumption", FILINGS if is_ours else "suppliers.csv"),
        }  # fmt: skip


def _edges(network: Network) -> Iterator[Json]:
    found, holdings = network.edges, network.holdings
    for number, (source, target) in enumerate(zip(found.source.tolist(), found.target.tolist(), strict=True)):
        value, is_filed = float(found.value_per_kg[number]), bool(found.is_filed[number])
        transit = found.transit_basis[number]
        yield {
            "from": holdings.site[source], "to": holdings.site[target], "class": holdings.goods[source],
            "kg_per_day": _kg(found.flow[number]), "border": bool(found.border[number]), "is_filed": is_filed,
            "transit": {
                "value": int(found.transit[number]),
                **_stated(network, transit, "shipments and receipts" if transit == "exact" else "assumed transit"),
            },
            "most": {"value": _kg(found.most[number]), **_stated(network, "assumption", "spare capacity")},
            "end_user": found.end_user[number], "end_use": found.end_use[number], "hs_code": found.hs_code[number],
            "items": found.items[number], "value_per_kg": None if isnan(value) else round(value, 4),
            "currency": found.currency[number] if found.currency else "",
            **_stated(network, "exact" if is_filed else "assumption", FILINGS if is_filed else "suppliers.csv"),
        }  # fmt: skip


def _units(network: Network) -> Iterator[Json]:
    found, holdings = network.units, network.holdings

    def listed(places: Any, rates: Any, groups: Any = None) -> list[Json]:
        rows = [{"class": holdings.goods[at], "kg_per_day": _kg(rate)} for at, rate in zip(places, rates, strict=True)]
        if groups is None:
            return rows
        return [row | {"essential": bool(group < 0)} for row, group in zip(rows, groups, strict=True)]

    for number, name in enumerate(found.name):
        needs = slice(found.need_start[number], found.need_start[number + 1])
        outs = slice(found.out_start[number], found.out_start[number + 1])
        yield {
            "unit": name, "organisation": found.organisation[number], "is_plant": bool(found.is_plant[number]),
            "needs": listed(found.need_holding[needs], found.need_rate[needs], found.need_group[needs]),
            "outputs": listed(found.out_holding[outs], found.out_rate[outs]),
            "most_activity": {
                "value": round(float(found.most[number]), _DIGITS),
                **_stated(network, found.most_basis[number], "register, else best month"),
            },
            **_stated(network, "exact"),
        }  # fmt: skip
