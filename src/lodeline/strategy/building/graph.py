"""The network of a base window: holdings, edges and units, from the rows of the ledger that are in force.

Goods that change their owner where they lie do not move: titles are left out. What the books of the window do not
explain is the residual of a holding, kept and shown; a final customer's plant has none. Pure: frames in, arrays out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from lodeline.ledger.movement import makes_lot
from lodeline.material.element import SYMBOLS, TREO
from lodeline.material.mass import PPB
from lodeline.strategy.building.customers import (
    Customers,
    Delivery,
    Forwarder,
    Names,
    Plant,
    Supply,
    Tables,
    customers,
)
from lodeline.strategy.building.recipes import Recipes, recipes
from lodeline.strategy.building.routes import (
    MG,
    ROUTE,
    Window,
    assumed_transit,
    classes,
    routes_of,
    sent_rows,
    window_of,
    with_goods,
    with_lots,
    with_users,
)
from lodeline.strategy.figure import Basis
from lodeline.strategy.inputs.assumptions import assumption
from lodeline.strategy.network import ESSENTIAL, Edges, Floats, Holdings, Ints, Network, Note, Units

#: Columns that lines must have: of `ledger.movement.LINE`, and of TRADE beside them.
LINES: Final = (
    "line", "organisation", "event", "kind", "role", "on", "site", "lot", "dry_mg", "origin_kind", "origin_place",
    "party", "counterparty_country", "to_site", "location", "destination",
)  # fmt: skip
TRADED: Final = ("value", "currency", "control_item", "hs_code", "end_user_name", "end_user_country", "end_use")
#: Days of transit at home where no receipt says (assumption).
_AT_HOME_DAYS: Final = 4
#: What a holding keeps to work with, in days of what goes through it (assumption).
FLOOR_DAYS: Final = 1.0
#: Stock of a supplier outside the ledger: nobody knows what it can send in the long run (assumption).
_OUTSIDE_DAYS: Final = 3660


def build(
    lines: pl.DataFrame, lots: pl.DataFrame, assays: pl.DataFrame, sites: pl.DataFrame, transfers: pl.DataFrame, *,
    base_from: str, base_to: str, own_country: str, countries: Mapping[str, str], names: Mapping[str, str],
    tables: Tables | None = None, vintage: str = "", is_synthetic: bool = False, steady: bool = False,
) -> Network:  # fmt: skip
    """The network of the months from `base_from` to `base_to`.

    lines: those in force, columns LINES and TRADED. lots: `lot`, `product`. assays: `lot`, `element` (row of SYMBOLS),
    `ppb`. sites: of the register. transfers: `shipment_line`, `receipt_line`. countries: organisation → country.
    names: name, folded → party. tables: `tables.Inputs`. steady: goods under way as in the base window, and not as
    filed. Raises UserError for a window that is none, has no rows, or goes beyond them.
    """
    window = window_of(lines, base_from, base_to)
    lots = classes(lots, assays)
    places = sites.select(
        site="id", holder="organisation", stage="stage", capacity=pl.col("capacity_mg_per_month") / MG
    )
    until = lines.filter(pl.col("on") <= window.last)
    inside = until.filter(pl.col("on") >= window.first)
    moved = with_goods(
        inside.filter(pl.col("kind").is_in(["transformation", "shipment", "export", "origin", "loss"])), lots
    )
    found = recipes(
        moved.filter(pl.col("kind") == "transformation").select(
            "organisation", "event", "site", "role", "goods", kg=pl.col("dry_mg") / MG,
            month=pl.col("on").dt.strftime("%Y-%m"),
        ),
        places, days=window.days, months=window.months,
    )  # fmt: skip
    sent = sent_rows(
        moved, until, lots=lots, places=places, transfers=transfers, window=window, own_country=own_country,
        countries=countries,
    )  # fmt: skip
    known = Names(names)
    settled = with_users(sent, known)
    routes = routes_of(settled)
    told = _customers(routes, tables, known, countries=countries, places=places, window=window)
    return _Assembly(
        window=window, moved=moved, until=until, lots=lots, assays=assays, places=places, found=found, sent=settled,
        routes=routes, told=told, own_country=own_country, countries=countries, names=known, steady=steady,
    ).network(vintage=vintage, months=(base_from, base_to), is_synthetic=is_synthetic)  # fmt: skip


def _customers(
    routes: pl.DataFrame, tables: Tables | None, names: Names, *, countries: Mapping[str, str], places: pl.DataFrame,
    window: Window,
) -> Customers:  # fmt: skip
    rows = routes.filter(pl.col("target") == "").select("site", "goods", "user", "country", "mg")
    deliveries = [
        Delivery(site=site, goods=goods, user=user, country=country, rate=mg / MG / window.days)
        for site, goods, user, country, mg in rows.iter_rows()
    ]
    holders = dict(places.select("site", "holder").iter_rows())
    return customers(deliveries, tables, names, homes=countries, holders=holders, on=window.last)


#: Whole days under way of each edge, and what they rest on.
_Transits = tuple[Ints, tuple[Basis, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Assembly:
    """Everything that was found, to be numbered and put into arrays."""

    window: Window
    moved: pl.DataFrame
    until: pl.DataFrame
    lots: pl.DataFrame
    assays: pl.DataFrame
    places: pl.DataFrame
    found: Recipes
    sent: pl.DataFrame
    routes: pl.DataFrame
    told: Customers
    own_country: str
    countries: Mapping[str, str]
    names: Names
    steady: bool

    def network(self, *, vintage: str, months: tuple[str, str], is_synthetic: bool) -> Network:
        notes = [*self.names.notes(), *self.told.notes]
        stock = self._counted()
        edges = self._edges()
        holdings = self._numbered(stock, edges)
        edges = edges.join(
            holdings.select(source="number", from_site="site", goods="goods", from_plant="is_plant"),
            on=["from_site", "goods", "from_plant"], how="left", maintain_order="left",
        ).join(
            holdings.select(target="number", to_site="site", goods="goods", to_plant="is_plant"),
            on=["to_site", "goods", "to_plant"], how="left", maintain_order="left",
        )  # fmt: skip
        own = edges.filter(pl.col("source") == pl.col("target"))
        if own.height:
            notes.append(_self_sold(own, self.window.days))
        edges = edges.filter(pl.col("source") != pl.col("target"))
        units = self._units(holdings)
        if self.found.without:
            notes.append(_without_recipe(self.found))
        below = int(self.found.units["below"].sum())
        if below:
            notes.append(_below_use(below))
        if self.found.units["by_register"].any():
            notes.append(_MAIN_PRODUCT)
        about = self._holdings(holdings, edges, units, stock, notes)
        transits = self._transits(edges)
        elements, content = self._content(holdings)
        return Network(
            elements=elements,
            holdings=Holdings(content=content, **about),
            edges=self._edge_arrays(edges, units, transits, len(holdings)),
            units=units, vintage=vintage, window=months, is_synthetic=is_synthetic,
            arrivals=None if self.steady else self._arrivals(edges, transits[0]), notes=tuple(notes),
        )  # fmt: skip

    def _counted(self) -> pl.DataFrame:
        """`site`, `goods`, `stock_kg`, `basis`: what the last count found; where a site never counted, its book."""
        counts = self.until.filter(pl.col("kind") == "stock").select("site", "lot", "on", "location", "dry_mg")
        whole = counts.group_by("site").agg(whole=pl.col("on").max(), parts=pl.col("location").is_not_null().any())
        last = (
            with_lots(counts, self.lots)
            .filter(pl.col("on") == pl.col("on").max().over("site", "goods"))
            .group_by("site", "goods")
            .agg(on=pl.col("on").max(), mg=pl.col("dry_mg").sum())
            .join(whole, on="site")
            # What a later count of the whole site no longer names is gone.
            .with_columns(mg=pl.when(pl.col("parts") | (pl.col("on") == pl.col("whole"))).then("mg").otherwise(0))
        )
        found = last.select("site", "goods", stock_kg=pl.col("mg") / MG, basis=pl.lit("exact"))
        return pl.concat([found, self._book(whole.select("site"))])

    def _book(self, counted: pl.DataFrame) -> pl.DataFrame:
        """The same by the book, of sites that never counted."""
        rows = self.until.filter(~pl.col("kind").is_in(["stock", "title", "void"])).join(counted, on="site", how="anti")
        # Goods of a move arrive at a site that the row is not of.
        moves = self.until.filter(pl.col("to_site").is_not_null(), pl.col("kind") == "shipment").select(
            "lot", "dry_mg", site="to_site"
        ).join(counted, on="site", how="anti")  # fmt: skip
        enters = makes_lot() | pl.col("kind").is_in(["receipt", "adjustment"])
        signed = pl.concat([
            rows.select("site", "lot", mg=pl.col("dry_mg") * pl.when(enters).then(1).otherwise(-1)),
            moves.select("site", "lot", mg="dry_mg"),
        ])  # fmt: skip
        held = (
            signed.group_by("site", "lot")
            .agg(pl.col("mg").sum())
            .filter(pl.col("mg") > 0, pl.col("site").is_not_null())
        )
        return (
            with_lots(held, self.lots)
            .group_by("site", "goods")
            .agg(stock_kg=pl.col("mg").sum() / MG)
            .with_columns(basis=pl.lit("booked"))
        )

    def _edges(self) -> pl.DataFrame:
        """An edge a row: `from_site`, `goods`, `to_site`, which are plants, `flow`, and what was filed; in order."""
        flow = pl.col("mg") / MG / self.window.days
        chain = self.routes.filter(pl.col("target") != "").with_columns(to_site="target", part=pl.lit(1.0))
        final = self.routes.filter(pl.col("target") == "")
        passed_on = pl.col("to_site").is_in(self._forwarders)
        shared = self._shares("to_site")
        sold = final.join(shared, on="route", how="inner", maintain_order="left")
        filed = pl.concat([chain.select(*sold.columns), sold]).select(
            "route", "part", from_site="site", from_plant=pl.lit(False), goods="goods", to_site="to_site",
            to_plant=(pl.col("target") == "") & ~passed_on, flow=flow * pl.col("part"),
            most=pl.lit(None, pl.Float64), transit="transit", told=pl.lit(None, pl.Int64), qualified_from=pl.lit(0),
            is_filed=pl.lit(True), value_per_kg="value_per_kg",
            currency="currency", end_use="end_use", hs_code="hs_code", items="items",
            end_user=pl.when(pl.col("target") == "").then(pl.coalesce("called", "user")).otherwise(pl.lit("")),
        )  # fmt: skip
        others = self._supplies()
        return filed if others is None else pl.concat([filed, others.select(filed.columns)])

    @property
    def _forwarders(self) -> list[str]:
        return sorted({name for name, _ in self.told.forwarders})

    def _shares(self, plant: str) -> pl.DataFrame:
        """`route`, `plant` under this name, `part`: who of an end user gets what goes to it."""
        numbers = self.routes.filter(pl.col("target") == "")["route"].to_list()
        parts = [
            (number, name, part)
            for number, shares in zip(numbers, self.told.shares, strict=True) for name, part in shares
        ]  # fmt: skip
        return pl.DataFrame(
            parts, schema={"route": pl.get_index_type(), plant: pl.String, "part": pl.Float64}, orient="row"
        )

    def _supplies(self) -> pl.DataFrame | None:
        """What plants buy of forwarders, and of suppliers of whom no row tells; a firm of the register stands by with
        what it holds."""
        if not self.told.supplies:
            return None
        sites_of: dict[str, list[str]] = {}
        for site, holder in self.places.select("site", "holder").iter_rows():
            sites_of.setdefault(holder, []).append(site)
        held = set(self.moved.select("site", "goods").unique().iter_rows())

        def source(one: Supply) -> tuple[str, bool]:
            own = [site for site in sites_of.get(one.supplier, []) if (site, one.goods) in held]
            return (own[0], True) if own else (one.supplier, False)

        rows = [
            {"from_site": source(one)[0], "goods": one.goods, "to_site": one.plant, "flow": one.rate, "most": one.most,
             "qualified_from": one.qualified_from, "is_filed": source(one)[1], "told": one.transit}
            for one in self.told.supplies
        ]  # fmt: skip
        given = pl.DataFrame(
            rows,
            schema={"from_site": pl.String, "goods": pl.String, "to_site": pl.String, "flow": pl.Float64,
                    "most": pl.Float64, "qualified_from": pl.Int32, "is_filed": pl.Boolean, "told": pl.Int64},
        )  # fmt: skip
        nothing = pl.lit("")
        return given.with_columns(
            route=pl.lit(None, pl.get_index_type()), part=pl.lit(1.0), from_plant=pl.lit(False), to_plant=pl.lit(True),
            transit=pl.lit(None, pl.Float64), value_per_kg=pl.lit(None, pl.Float64), currency=pl.lit(None, pl.String),
            end_use=nothing, hs_code=nothing, items=nothing, end_user=pl.col("to_site"),
        )  # fmt: skip

    def _numbered(self, stock: pl.DataFrame, edges: pl.DataFrame) -> pl.DataFrame:
        """Every holding once, in order: `number`, `site`, `goods`, `is_plant`."""
        at_site = pl.lit(False)
        units = self.found.units.select("unit", "site")
        used = pl.concat([one.select("unit", "goods") for one in (self.found.needs, self.found.outputs)])
        named = [
            edges.select("goods", site="from_site", is_plant="from_plant"),
            edges.select("goods", site="to_site", is_plant="to_plant"),
            self.moved.filter(_ORIGINS | (pl.col("kind") == "loss")).select("goods", "site", is_plant=at_site),
            stock.filter(pl.col("stock_kg") > 0).select("goods", "site", is_plant=at_site),
            used.join(units, on="unit").select("goods", "site", is_plant=at_site),
            pl.DataFrame(
                [(goods, one.id, True) for one in self.told.plants.values() for goods in one.needs],
                schema={"goods": pl.String, "site": pl.String, "is_plant": pl.Boolean}, orient="row",
            ),
        ]  # fmt: skip
        columns = ("site", "goods", "is_plant")
        return (
            pl.concat([one.select(columns) for one in named])
            .unique()
            .sort("is_plant", "site", "goods")
            .with_columns(number=pl.int_range(pl.len(), dtype=pl.Int64))
        )

    def _units(self, holdings: pl.DataFrame) -> Units:
        """The units of sites in order, then those of plants: one for what a plant cannot do without, and one for each
        of its other inputs."""
        found = self.found.units
        at = holdings.filter(~pl.col("is_plant")).select("site", "goods", "number")
        by_unit = found.select("unit", "site")

        def placed(rows: pl.DataFrame) -> pl.DataFrame:
            return rows.join(by_unit, on="unit", maintain_order="left").join(
                at, on=["site", "goods"], maintain_order="left"
            )

        needs, outputs = placed(self.found.needs), placed(self.found.outputs)
        at_plants = holdings.filter("is_plant").select("site", "goods", "number")
        place = {(site, goods): number for site, goods, number in at_plants.iter_rows()}
        plants: list[tuple[str, Any, list[str]]] = []
        for one in self.told.plants.values():
            bound = [goods for goods in sorted(one.needs) if goods not in one.apart]
            if bound:
                plants.append((one.id, one, bound))
            plants += [(f"{one.id}>{goods}", one, [goods]) for goods in sorted(one.apart & set(one.needs))]
        more = [(one, goods) for _, one, bound in plants for goods in bound]
        counts = np.bincount(needs["unit"].to_numpy(), minlength=len(found)) if len(found) else np.zeros(0, np.int64)
        made = np.bincount(outputs["unit"].to_numpy(), minlength=len(found)) if len(found) else np.zeros(0, np.int64)
        several = len(plants)
        exact: Basis = "exact"
        assumed: Basis = "assumption"
        return Units(
            name=(*(found["site"] + ">" + found["main"]).to_list(), *(name for name, _, _ in plants)),
            organisation=(*found["organisation"].to_list(), *(one.organisation for _, one, _ in plants)),
            country=(*[self.own_country] * len(found), *(one.country for _, one, _ in plants)),
            is_plant=np.arange(len(found) + several) >= len(found),
            need_start=_starts([*counts.tolist(), *(len(bound) for _, _, bound in plants)]),
            need_holding=np.array(
                [*needs["number"].to_list(), *(place[one.id, goods] for one, goods in more)], np.int64
            ),
            need_rate=np.array([*needs["rate"].to_list(), *(one.needs[goods] for one, goods in more)], np.float64),
            need_group=np.array(
                [*needs["group"].to_list(), *(one.groups.get(goods, ESSENTIAL) for one, goods in more)], np.int64
            ),
            out_start=_starts([*made.tolist(), *[0] * several]),
            out_holding=np.array(outputs["number"].to_list(), np.int64),
            out_rate=np.array(outputs["rate"].to_list(), np.float64),
            most=np.array([*found["most"].to_list(), *[1.0] * several], np.float64),
            most_basis=(*[exact] * len(found), *[assumed] * several),
            stop_below=np.array([*[0.0] * len(found), *(one.stop_below for _, one, _ in plants)], np.float64),
            loss_per_day=np.array([*[np.nan] * len(found), *(one.loss_per_day for _, one, _ in plants)], np.float64),
            currency=(*[""] * len(found), *(one.currency for _, one, _ in plants)),
        )  # fmt: skip

    def _holdings(
        self, holdings: pl.DataFrame, edges: pl.DataFrame, units: Units, stock: pl.DataFrame, notes: list[Note]
    ) -> dict[str, Any]:
        """The columns of Holdings but the content; tells of floors that stock did not reach."""
        count, days = len(holdings), self.window.days
        is_plant = holdings["is_plant"].to_numpy()
        at = holdings.filter(~pl.col("is_plant")).select("site", "goods", "number")

        def rate(rows: pl.DataFrame) -> Floats:
            sums = rows.group_by("site", "goods").agg(pl.col("dry_mg").sum()).join(at, on=["site", "goods"])
            found = np.zeros(count)
            found[sums["number"].to_numpy()] = sums["dry_mg"].to_numpy() / MG / days
            return found

        origin = rate(self.moved.filter(_ORIGINS))
        lost = rate(self.moved.filter(pl.col("kind") == "loss"))
        flow = edges["flow"].to_numpy()
        out = np.bincount(edges["source"].to_numpy(), flow, count) + np.bincount(
            units.need_holding, units.need_rate, count
        )
        into = np.bincount(edges["target"].to_numpy(), flow, count) + np.bincount(
            units.out_holding, units.out_rate, count
        )
        outside = self._outside(holdings, edges)
        origin = np.where(outside, out, origin)
        sites, goods = holdings["site"].to_list(), holdings["goods"].to_list()
        passing = np.array([(site, one) in self.told.forwarders for site, one in zip(sites, goods, strict=True)])
        # What a plant needs, or a forwarder passes on, is by definition what comes in; the rest is rounding.
        residual = np.where(is_plant | outside | passing, 0.0, out - into - origin)
        through = np.maximum(out, into + origin)
        level, basis = np.zeros(count), np.full(count, "exact", dtype=object)
        lying = stock.join(at, on=["site", "goods"])
        level[lying["number"].to_numpy()] = lying["stock_kg"].to_numpy()
        basis[lying["number"].to_numpy()] = lying["basis"].to_numpy()
        floor = np.where(is_plant | outside, 0.0, through * FLOOR_DAYS)
        raised = ~is_plant & ~outside & (level < floor)
        level[raised], basis[raised] = floor[raised], "assumption"
        for number in np.flatnonzero(is_plant).tolist():
            plant = self.told.plants[sites[number]]
            kept, rests_on = plant.stock_days.get(goods[number], (0.0, "assumption"))
            level[number], basis[number] = kept * plant.needs.get(goods[number], 0.0), rests_on
        most = np.bincount(edges["source"].to_numpy(), edges["most"].fill_null(0.0).to_numpy(), count)
        level[outside], basis[outside] = most[outside] * _OUTSIDE_DAYS, "assumption"
        if raised.any():
            notes.append(_raised(int(raised.sum()), count))
        idle = int(((through <= 0) & ~is_plant).sum())
        if idle:
            notes.append(_idle(idle))
        holder = dict(self.places.select("site", "holder").iter_rows())
        organisation = [
            found.organisation if (found := self._customer(site, one, is_a_plant)) else holder.get(site, site)
            for site, one, is_a_plant in zip(sites, goods, is_plant.tolist(), strict=True)
        ]  # fmt: skip
        country = [
            found.country if (found := self._customer(site, one, is_a_plant))
            else self.countries.get(firm, "" if away else self.own_country)
            for site, one, firm, is_a_plant, away in zip(
                sites, goods, organisation, is_plant.tolist(), outside.tolist(), strict=True
            )
        ]  # fmt: skip
        return {
            "site": tuple(sites), "organisation": tuple(organisation), "goods": tuple(goods), "country": tuple(country),
            "is_plant": is_plant, "level_kg": level, "level_basis": tuple(basis.tolist()), "origin": origin,
            "residual": residual, "floor_kg": floor, "lost": lost, "imported": self._imported(at, count),
        }  # fmt: skip

    def _customer(self, site: str, goods: str, is_plant: bool) -> Plant | Forwarder | None:
        """Who holds goods that left the sites of the ledger."""
        return self.told.plants[site] if is_plant else self.told.forwarders.get((site, goods))

    def _imported(self, at: pl.DataFrame, count: int) -> tuple[Mapping[str, float], ...]:
        """Of each holding, country → share of its origins that was imported from there."""
        country = pl.when(pl.col("origin_kind") == "imported").then(pl.col("origin_place").str.slice(0, 2))
        rows = (
            self.moved.filter(_ORIGINS)
            .group_by("site", "goods", country=country)
            .agg(mg=pl.col("dry_mg").sum())
            .with_columns(share=pl.col("mg") / pl.col("mg").sum().over("site", "goods"))
            .filter(pl.col("country").is_not_null(), pl.col("mg") > 0)
            .join(at, on=["site", "goods"])
            .sort("number", "country")
        )
        found: list[dict[str, float]] = [{} for _ in range(count)]
        for number, name, share in rows.select("number", "country", "share").iter_rows():
            found[number][name] = share
        return tuple(found)

    def _outside(self, holdings: pl.DataFrame, edges: pl.DataFrame) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Whether a holding is a supplier's of whom no row of the ledger tells."""
        found = np.zeros(len(holdings), np.bool_)
        from_outside = ~pl.col("is_filed") & ~pl.col("from_site").is_in(self._forwarders)
        found[edges.filter(from_outside)["source"].to_numpy()] = True
        return found

    def _edge_arrays(self, edges: pl.DataFrame, units: Units, transits: _Transits, count: int) -> Edges:
        transit, bases = transits
        flow = edges["flow"].to_numpy()
        # What a supplier can send beyond the usual: as much more as its unit can make; else assumed.
        spare = np.full(count, 1 + assumption("spare_capacity").central)
        made_by = np.repeat(np.arange(len(units)), np.diff(units.out_start))
        if len(made_by):
            best = np.zeros(count)
            np.maximum.at(best, units.out_holding, units.most[made_by])
            spare = np.where(best > 0, best, spare)
        most = edges["most"].to_numpy()
        most = np.where(np.isnan(most), flow * spare[edges["source"].to_numpy()], most)
        abroad = self._countries(edges) != self.own_country
        border = abroad & edges["is_filed"].to_numpy()
        filed = ("end_user", "end_use", "hs_code", "items", "currency")
        return Edges(
            source=edges["source"].to_numpy(), target=edges["target"].to_numpy(), flow=flow, most=most, transit=transit,
            transit_basis=bases, rank=border.astype(np.int64),
            qualified_from=edges["qualified_from"].cast(pl.Int64).to_numpy(),
            held_kg=np.zeros(len(edges)), value_per_kg=edges["value_per_kg"].fill_null(float("nan")).to_numpy(),
            border=border, is_filed=edges["is_filed"].to_numpy(),
            **{one: tuple(edges[one].fill_null("").to_list()) for one in filed},
        )  # fmt: skip

    def _countries(self, edges: pl.DataFrame) -> np.ndarray[Any, np.dtype[Any]]:
        return np.array([
            found.country if (found := self._customer(site, goods, is_plant)) else self.own_country
            for site, goods, is_plant in edges.select("to_site", "goods", "to_plant").iter_rows()
        ], dtype=object)  # fmt: skip

    def _transits(self, edges: pl.DataFrame) -> _Transits:
        """Whole days under way: as matched, else as a plant or a supplier's row told, else assumed."""
        matched = self.routes.filter(pl.col("transit").is_not_null())["transit"].median()
        home = round(float(matched)) if isinstance(matched, int | float) else _AT_HOME_DAYS
        days, bases = [], []
        rows = edges.select("goods", "to_site", "to_plant", "transit", "told")
        for (goods, site, is_plant, median, stated), country in zip(
            rows.iter_rows(), self._countries(edges), strict=True
        ):
            to = self._customer(site, goods, is_plant)
            told = to.transit.get(goods) if isinstance(to, Plant) else to.transit if to else None
            if stated is not None:
                told = stated
            basis: Basis = "assumption"
            if median is not None:
                found, basis = round(median), "exact"
            elif told is not None:
                found = told
            else:
                found = home if country == self.own_country else assumed_transit(country)
            days.append(max(1, found))
            bases.append(basis)
        return np.array(days, np.int64), tuple(bases)

    def _arrivals(self, edges: pl.DataFrame, transit: Ints) -> Floats:
        """[edges, days]: what was sent to customers by the last day of the window and comes after it.

        On its way between sites, and of what no row tells, is as much as on any day: who makes goods lives by lots that
        come every few days from many, and a month's end says little of the next week.
        """
        found = np.zeros((len(edges), int(transit.max(initial=1))))
        numbered = edges.with_columns(edge=pl.int_range(pl.len(), dtype=pl.Int64), days=pl.Series(transit))
        to_customer = pl.col("to_plant") | pl.col("to_site").is_in(self._forwarders)
        to_customers = numbered.filter(pl.col("route").is_not_null() & to_customer)
        filed = self.routes.select("route", *ROUTE).join(
            to_customers.select("route", "edge", "part", "days"), on="route"
        )  # fmt: skip
        last = pl.lit(self.window.last)
        gone = (last - pl.col("on")).dt.total_days()
        under = (
            self.sent.filter(pl.col("arrived").is_null() | (pl.col("arrived") > last))
            .join(filed, on=ROUTE)
            .with_columns(left=pl.col("days") - gone)
            .filter(pl.col("left") > 0)
            .group_by("edge", "left")
            .agg(kg=(pl.col("dry_mg") * pl.col("part")).sum() / MG)
        )
        # Day 0 is the day after the window.
        found[under["edge"].to_numpy(), under["left"].to_numpy() - 1] = under["kg"].to_numpy()
        steady = numbered.filter(pl.col("route").is_null() | ~to_customer).select("edge", "flow", "days")
        for edge, rate, away in steady.iter_rows():
            found[edge, :away] = rate
        return found

    def _content(self, holdings: pl.DataFrame) -> tuple[tuple[str, ...], Floats]:
        """The mean content of what moved at each holding; of one of which no lot tells, that of its class."""
        treo = SYMBOLS.index(TREO)
        sent = self.sent.filter("in_window").join(self.routes.select("route", *ROUTE), on=ROUTE)
        kg = pl.col("dry_mg").cast(pl.Float64)
        columns = ("site", "goods", "lot", "kg", "is_plant")
        arrived = sent.filter(pl.col("target") != "").with_columns(site="target", kg=kg, is_plant=pl.lit(False))
        shares = self._shares("plant")
        sold = sent.join(shares, on="route").with_columns(
            site="plant", kg=kg * pl.col("part"), is_plant=~pl.col("plant").is_in(self._forwarders)
        )
        left = self.moved.with_columns(kg=kg, is_plant=pl.lit(False))
        touched = pl.concat([one.select(columns) for one in (left, arrived, sold)])
        weights = (
            touched.join(holdings, on=["site", "goods", "is_plant"]).group_by("number", "lot").agg(pl.col("kg").sum())
        )
        stating = self.assays.filter(pl.col("element") != treo)
        stated = weights.join(stating.select("lot").unique(), on="lot", how="semi")
        mixed = (
            stated.join(stating, on="lot")
            .group_by("number", "element")
            .agg(kg=(pl.col("kg") * pl.col("ppb")).sum() / PPB)
            .sort("number", "element")
        )
        present = sorted(mixed["element"].unique().to_list())
        found = np.zeros((len(holdings), len(present)))
        weight = (
            np.bincount(stated["number"].to_numpy(), stated["kg"].to_numpy(), len(holdings))
            if len(stated)
            else np.zeros(len(holdings))
        )
        column = {element: place for place, element in enumerate(present)}
        found[mixed["number"].to_numpy(), np.array([column[one] for one in mixed["element"].to_list()], np.int64)] = (
            mixed["kg"].to_numpy()
        )
        goods = holdings["goods"].to_list()
        of_class: dict[str, tuple[Floats, float]] = {}
        for number, name in enumerate(goods):
            mass, whole = of_class.get(name, (np.zeros(len(present)), 0.0))
            of_class[name] = (mass + found[number], whole + weight[number])
        for number, name in enumerate(goods):
            mass, whole = (found[number], weight[number]) if weight[number] > 0 else of_class[name]
            found[number] = mass / whole if whole > 0 else 0.0
        return tuple(SYMBOLS[one] for one in present), found


_ORIGINS: Final = (pl.col("kind") == "origin") & (pl.col("origin_kind").fill_null("") != "opening")


def _starts(counts: Sequence[int]) -> Ints:
    return np.concatenate(([0], np.cumsum(np.array(counts, np.int64)))).astype(np.int64)


_MAIN_PRODUCT: Final = Note(
    code="capacity-of-main-product",
    en="A capacity in the register is of a site's main product; of its other products the best month stands for it.",
    zh="登记产能仅为场所主产品的产能；其余产品以基准期最高月产量代替。",
)  # fmt: skip


def _self_sold(own: pl.DataFrame, days: int) -> Note:
    kg = float(own["flow"].sum()) * days
    return Note(
        code="sold-to-itself", en=f"{own.height} flows go from a site to itself, {kg:.0f} kg: left out.",
        zh=f"有 {own.height} 条流向的收发场所相同，共 {kg:.0f} 千克：不计。",
    )  # fmt: skip


def _without_recipe(found: Recipes) -> Note:
    return Note(
        code="events-without-recipe",
        en=f"{found.without} transformations take nothing or make nothing, {found.without_kg:.0f} kg: in the residual.",
        zh=f"有 {found.without} 个加工事件只有投入或只有产出，共 {found.without_kg:.0f} 千克：计入残差。",
    )  # fmt: skip


def _below_use(count: int) -> Note:
    return Note(
        code="capacity-below-use",
        en=f"{count} units made more than the capacity in the register: what they made stands for it.",
        zh=f"有 {count} 个工序单元的产量高于登记产能：以实际产量为准。",
    )  # fmt: skip


def _raised(raised: int, count: int) -> Note:
    return Note(
        code="stock-below-floor",
        en=f"At {raised} of {count} holdings less was counted than a day takes: a day's flow is assumed to lie there.",
        zh=f"{count} 处持有中有 {raised} 处盘点量不足一日流量：假定留有一日流量。",
    )  # fmt: skip


def _idle(count: int) -> Note:
    return Note(
        code="stock-without-flow", en=f"At {count} holdings goods lie that did not move in the base window.",
        zh=f"有 {count} 处持有的货物在基准期内没有流动。",
    )  # fmt: skip
