"""Booked dependence: from which origins the metal came that a buyer or a country got, to the milligram of its rows."""

from __future__ import annotations

from collections import defaultdict
from math import fsum
from typing import Any, Final

import numpy as np
import polars as pl

from lodeline.errors import UserError
from lodeline.flow.everywhere import origins_of_all
from lodeline.flow.origins import UNACCOUNTED
from lodeline.flow.stages import UNKNOWN_STAGE, Passage, passages, stages_of
from lodeline.language import text
from lodeline.material.element import SYMBOLS
from lodeline.material.mass import format_kg
from lodeline.regulation.parameter import Jurisdiction
from lodeline.regulation.span import Span
from lodeline.service.entries.subject import Json, known_element
from lodeline.service.strategy.deliveries import Way, deliveries
from lodeline.service.strategy.network import FILINGS, filed_months, network_of, origins_of_holdings
from lodeline.store.snapshot import Snapshot
from lodeline.strategy.dependence import booked, estimated
from lodeline.strategy.figure import Basis

#: What rows can be told apart by → the column of `deliveries` that says it.
BY: Final = {"country": "country", "customer": "party"}
#: Where the shares of origins are from.
_ORIGINS: Final = "origins of the lots delivered"


def dependence(
    snapshot: Snapshot, law: Jurisdiction, *, element: str, country: str | None = None, customer: str | None = None,
    period: str | None = None, by: str = "country", estimate: bool = False,
) -> Json:  # fmt: skip
    """The origins of what went abroad, by the country or the customer that got it; of the home country, of its final
    customers.

    Each row has its whole mass, the sum of its lines as `lodeline where` has it, and the origins that it is made of, of
    which `unaccounted` is what no row explains; they sum to it to the milligram. `stages`: of the total what went from
    origins into a stage and from stage to stage on its way there, of a row the stage of the goods that it is of; each
    rounded to a milligram. customer: an id or a name. Raises UnknownSubject for an element there is not, UserError for
    what else cannot be read.
    """
    symbol = SYMBOLS[known_element(element)]
    if by not in BY:
        raise UserError(text("there is no {by!r}: country or customer", by=by))
    span = _span(snapshot, period)
    narrow = _narrow(snapshot, country, customer)
    way: Way = "sale" if narrow.get("country") == law.country else "abroad"
    delivered = deliveries(snapshot, element=symbol, span=span, way=way)
    for name, value in narrow.items():
        delivered = delivered.filter(pl.col(BY[name]) == value)
    # A row of nothing is no delivery of the element, unless nobody knows its composition.
    delivered = delivered.filter((pl.col("mass_mg") > 0) | pl.col("assayed").is_null())
    shares = _shares(snapshot, delivered, symbol)
    delivered = _with_stage(snapshot, delivered)
    key = BY[by]
    found = booked(delivered.select(key, "lot", "mass_mg"), shares, (key,))
    vintage = f"entry {snapshot.entry}"
    names = _names(snapshot)
    told = []
    for (value,), of in delivered.group_by(key, maintain_order=True):
        part = found.filter(pl.col(key).eq_missing(pl.lit(value, found.schema[key])))
        about = {"country": of["country"].first()}
        if by == "customer":
            about |= {"customer": value, "name": names.get(value, value)}
        told.append(about | _whole(of, vintage) | {"origins": _origins(part, vintage), "stages": _ends(of, vintage)})
    if estimate:
        _estimate(told, snapshot, law, symbol=symbol, span=span, by=by)
    told.sort(key=lambda one: (-int(one.pop("mg")), str(one.get(by))))
    total = _whole(delivered, vintage)
    total.pop("mg")
    return {
        "stamp": {**snapshot.stamp, "as_of": snapshot.as_of}
        | ({"synthetic": True} if snapshot.register.synthetic[0] else {}),
        "settings": {
            "element": symbol, "country": narrow.get("country"), "customer": narrow.get("customer"),
            "period": str(span), "by": by, "way": way,
        },
        "total": total | {
            "origins": _origins(booked(delivered.select("lot", "mass_mg"), shares, ()), vintage),
            "stages": _passages(snapshot, delivered, symbol, vintage),
        },
        "rows": told,
    }  # fmt: skip


def _span(snapshot: Snapshot, period: str | None) -> Span:
    if period is None:
        first, last = snapshot.lines.select(
            first=pl.col("on").min().dt.strftime("%Y-%m"), last=pl.col("on").max().dt.strftime("%Y-%m")
        ).row(0)
        period = f"{first}..{last}" if first else "2000-01"
    try:
        return Span.read(period)
    except ValueError:
        raise UserError(
            text(
                "{period!r} is no month, quarter, year or span of months: write it like 2025-06, "
                "2025-Q2, 2025 or 2025-03..2025-08",
                period=period[:40],
            )
        ) from None


def _narrow(snapshot: Snapshot, country: str | None, customer: str | None) -> dict[str, str]:
    found = {}
    if country is not None:
        code = country.strip().upper()
        if len(code) != 2 or not code.isascii() or not code.isalpha():
            raise UserError(text("{country!r} is no country: write two letters like DE", country=country[:20]))
        found["country"] = code
    if customer is not None:
        register = snapshot.register
        name = register.organisation_by_name.get(customer.strip().casefold(), customer.strip())
        party = register.party_of.get(name, name)
        if not snapshot.lines["party"].eq(party).any():
            raise UserError(
                text(
                    "Nobody delivered to {customer!r}: give the id or the name of a customer, as rows have it.",
                    customer=customer[:60],
                )
            )
        found["customer"] = party
    return found


def _shares(snapshot: Snapshot, delivered: pl.DataFrame, symbol: str) -> pl.DataFrame:
    """`lot`, `origin_kind`, `origin_place`, `share` of the lots delivered."""
    wanted = delivered.filter(pl.col("mass_mg") > 0)["lot"].drop_nulls().unique().sort().cast(pl.Int64).to_numpy() - 1
    schema = {"lot": pl.Int64, "origin_kind": pl.String, "origin_place": pl.String, "share": pl.Float64}
    frames = []
    for part in origins_of_all(snapshot.flow_index(), wanted, (symbol,)) if len(wanted) else ():
        kinds = pl.Series([kind for kind, _ in part.places], dtype=pl.String)
        places = pl.Series([place for _, place in part.places], dtype=pl.String)
        at = pl.Series(part.origin)
        lots = pl.Series(part.lots.astype("int64") + 1)
        columns = [lots, kinds.gather(at), places.gather(at), pl.Series(part.share)]
        frames.append(pl.DataFrame(dict(zip(schema, columns, strict=True)), schema=schema))
    return pl.concat(frames) if frames else pl.DataFrame(schema=schema)


def _with_stage(snapshot: Snapshot, delivered: pl.DataFrame) -> pl.DataFrame:
    """The rows with `stage`, that of their goods."""
    lots = delivered["lot"].drop_nulls().unique().sort().cast(pl.Int64)
    stages = stages_of(snapshot.flow_index(), lots.to_numpy() - 1) if len(lots) else []
    of_lot = pl.DataFrame({"lot": lots.cast(delivered.schema["lot"]), "stage": pl.Series(stages, dtype=pl.String)})
    return delivered.join(of_lot, on="lot", how="left", maintain_order="left").with_columns(
        pl.col("stage").fill_null(UNKNOWN_STAGE)
    )


def _ends(rows: pl.DataFrame, vintage: str) -> list[Json]:
    """Of which stage the goods are that were delivered, the most first."""
    return [
        {"stage": stage} | {name: value for name, value in _whole(of, vintage).items() if name != "mg"}
        for (stage,), of in sorted(rows.group_by("stage"), key=lambda one: (-one[1]["mass_mg"].sum(), one[0]))
    ]


def _passages(snapshot: Snapshot, delivered: pl.DataFrame, symbol: str, vintage: str) -> list[Json]:
    """What went into which stage, from an origin or from another stage, the most first."""
    by_lot = delivered.filter(pl.col("mass_mg") > 0).group_by("lot").agg(pl.col("mass_mg").sum()).sort("lot")
    known = by_lot.drop_nulls()
    lots, mass = known["lot"].cast(pl.Int64).to_numpy() - 1, known["mass_mg"].cast(pl.Float64).to_numpy()
    found = passages(snapshot.flow_index(), lots, mass, symbol) if len(lots) else []
    unnamed = int(by_lot.filter(pl.col("lot").is_null())["mass_mg"].sum())
    found += [Passage(origin=(UNACCOUNTED, None), stage=None, to=UNKNOWN_STAGE, mass_mg=unnamed)] if unnamed else []
    told = []
    for one in sorted(found, key=lambda one: (-one.mass_mg, one.to, str(one.origin), one.stage or "")):
        kind, place = one.origin or (None, None)
        told.append({
            "origin_kind": kind, "origin_place": place, "from_stage": one.stage, "to_stage": one.to,
            "mass_kg": format_kg(round(one.mass_mg)), "basis": "booked", "source": _ORIGINS, "vintage": vintage,
        })  # fmt: skip
    return told


def _names(snapshot: Snapshot) -> dict[str, str]:
    firms = snapshot.register.tables["organisations"].select("id", pl.coalesce("name_en", "name_zh"))
    return {one: name for one, name in firms.iter_rows() if name}


def _whole(rows: pl.DataFrame, vintage: str) -> dict[str, Any]:
    """The mass of rows: exact where each lot was measured or certified itself, else booked of recipes."""
    mass, exact = int(rows["mass_mg"].sum()), int(rows.filter(pl.col("assayed").fill_null(False))["mass_mg"].sum())
    open_ = int(rows.filter(pl.col("assayed").is_null())["dry_mg"].sum())
    basis: Basis = "exact" if exact == mass else "booked"
    return {
        "mg": mass, "mass_kg": format_kg(mass), "exact_kg": format_kg(exact), "open_goods_kg": format_kg(open_),
        "basis": basis, "source": FILINGS, "vintage": vintage,
    }  # fmt: skip


def _origins(rows: pl.DataFrame, vintage: str) -> list[Json]:
    whole = int(rows["mass_mg"].sum())
    return [
        {
            "origin_kind": kind, "origin_place": place, "known": kind != UNACCOUNTED, "mass_kg": format_kg(mass),
            "share_pct": round(100 * mass / whole, 4) if whole else 0.0, "basis": "booked", "source": _ORIGINS,
            "vintage": vintage,
        }
        for kind, place, mass in rows.select("origin_kind", "origin_place", "mass_mg").iter_rows() if mass
    ]  # fmt: skip


def _estimate(rows: list[Json], snapshot: Snapshot, law: Jurisdiction, *, symbol: str, span: Span, by: str) -> None:
    """Adds to each row `estimated`: the origins by the mean flows of these months, and the gap to the booked ones, in
    percentage points that lie elsewhere; None where the model has no such buyer."""
    first, last = filed_months(snapshot)
    network = network_of(snapshot, law, base_from=max(span.first, first), base_to=min(span.last, last), steady=True)
    holdings, edges = network.holdings, network.edges
    plants = np.flatnonzero(holdings.is_plant)
    origins, shares = estimated(network, symbol, plants)
    column = network.elements.index(symbol) if symbol in network.elements else None
    content = np.zeros(len(holdings)) if column is None else holdings.content[:, column]
    got = np.bincount(edges.target, edges.flow * content[edges.source], len(holdings))[plants]
    labels = origins_of_holdings(snapshot, network)
    buyers = holdings.country if by == "country" else holdings.organisation
    stated = {"basis": "estimated", "source": "mean flows of the base window", "vintage": f"entry {snapshot.entry}"}
    for row in rows:
        mine = np.array([buyers[at] == row[by] for at in plants.tolist()], np.bool_)
        mass = got[mine] @ shares[mine]
        if mass.sum() <= 0:
            row["estimated"] = None
            continue
        parts: dict[tuple[str, str | None], float] = defaultdict(float)
        for place, part in zip([*origins.tolist(), None], (mass / mass.sum()).tolist(), strict=True):
            known = {} if place is None else labels.get((holdings.site[place], holdings.goods[place]), {})
            for label, share in (known or {(UNACCOUNTED, None): 1.0}).items():
                parts[label] += part * share
        booked_pct = {(one["origin_kind"], one["origin_place"]): one["share_pct"] for one in row["origins"]}
        apart = fsum(abs(booked_pct.get(one, 0.0) - 100 * parts.get(one, 0.0)) for one in {*booked_pct, *parts})
        ordered = sorted(parts.items(), key=lambda one: (one[0][0] == UNACCOUNTED, -one[1], str(one[0])))
        row["estimated"] = {
            "gap_pct": round(apart / 2, 4),
            "origins": [
                {"origin_kind": kind, "origin_place": at, "share_pct": round(100 * share, 4), **stated}
                for (kind, at), share in ordered if share > 0
            ],
            **stated,
        }  # fmt: skip
