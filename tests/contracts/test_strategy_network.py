"""The network of a world is the sums of its ledger to the gram, and booked dependence those of `where`."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests import worlds
from tests.based import unbased
from tests.cli.program import Lodeline

from lodeline.errors import UserError
from lodeline.material.mass import parse_mass
from lodeline.regulation.parameter import Jurisdiction, load
from lodeline.service.strategy.dependence import dependence
from lodeline.service.strategy.network import base_window, graph_json, network_of
from lodeline.service.trade.where import goods_sent, where
from lodeline.store.opening import open_store
from lodeline.store.snapshot import Snapshot
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.strategy.building.quality import quality
from lodeline.strategy.network import Network, flows_of, open_throughout

pytestmark = pytest.mark.medium
#: The months of the small world: days, and milligrams of a kilogram.
DAYS = 31 + 28 + 31
MG = 1_000_000
GRAM = 1e-3


@pytest.fixture(scope="module")
def program(run_room: Path, tmp_path_factory: pytest.TempPathFactory) -> Lodeline:
    return Lodeline(database=worlds.small(run_room).copied_to(tmp_path_factory.mktemp("strategy") / "s.sqlite3"))


@pytest.fixture(scope="module")
def snapshot(program: Lodeline) -> Snapshot:
    return open_snapshot(open_store(program.database))


@pytest.fixture(scope="module")
def law() -> Jurisdiction:
    return load("cn")


@pytest.fixture(scope="module")
def network(snapshot: Snapshot, law: Jurisdiction) -> Network:
    return network_of(snapshot, law)


def filed(snapshot: Snapshot, *what: pl.Expr) -> float:
    return float(snapshot.lines.filter(*what)["dry_mg"].sum()) / MG


def test_flows_are_the_ledgers_sums_to_the_gram(snapshot: Snapshot, network: Network) -> None:
    edges, holdings, units = network.edges, network.holdings, network.units
    kind, role = pl.col("kind"), pl.col("role")
    assert network.window == ("2025-01", "2025-03")
    assert edges.flow[edges.border].sum() * DAYS == pytest.approx(filed(snapshot, kind == "export"), abs=GRAM)
    sent = filed(snapshot, kind.is_in(["shipment", "export"]))
    assert edges.flow.sum() * DAYS == pytest.approx(sent, abs=GRAM)
    assert holdings.lost is not None
    assert holdings.lost.sum() * DAYS == pytest.approx(filed(snapshot, kind == "loss"), abs=GRAM)
    mined = filed(snapshot, kind == "origin", pl.col("origin_kind") != "opening")
    assert holdings.origin.sum() * DAYS == pytest.approx(mined, abs=GRAM)
    ours = ~units.is_plant
    taken = units.need_rate[: units.need_start[ours.sum()]].sum()
    assert taken * DAYS == pytest.approx(filed(snapshot, role == "in"), abs=GRAM)
    assert units.out_rate.sum() * DAYS == pytest.approx(filed(snapshot, role.is_in(["out", "waste"])), abs=GRAM)


def test_every_holding_closes_and_plants_need_what_they_get(network: Network) -> None:
    holdings, (out, into) = network.holdings, flows_of(network.edges, network.units, len(network.holdings))
    assert np.allclose(out, into + holdings.origin + holdings.residual, rtol=1e-9)
    assert np.allclose(out[holdings.is_plant], into[holdings.is_plant]) and holdings.is_plant.sum() > 5
    assert (holdings.level_kg >= 0).all() and (holdings.level_kg + 1e-9 >= holdings.floor_kg).all()
    assert (network.edges.transit >= 1).all() and (network.units.most >= 1).all()
    assert (quality(network)[0].share or 1) < 0.25


def test_an_exports_elements_are_those_of_its_lots(snapshot: Snapshot, law: Jurisdiction, network: Network) -> None:
    rows = goods_sent(snapshot, law).filter(pl.col("way") == "abroad")
    edges, holdings = network.edges, network.holdings
    for symbol in ("Nd", "Dy", "Sm"):
        column = holdings.content[:, network.elements.index(symbol)]
        there = float((edges.flow * column[edges.target])[edges.border].sum()) * DAYS
        assert there == pytest.approx(rows[symbol].sum() / MG, rel=1e-6)


def test_the_document_says_what_each_number_rests_on(snapshot: Snapshot, law: Jurisdiction) -> None:
    document = graph_json(snapshot, law)
    assert unbased(document) == [] and document["stamp"]["synthetic"] is True
    assert len(document["holdings"]) == document["totals"]["holdings"]
    assert {one["code"] for one in document["notes"]} >= {"capacity-of-main-product", "stock-below-floor"}
    assert json.dumps(document) == json.dumps(graph_json(open_snapshot_again(snapshot), law))


def open_snapshot_again(snapshot: Snapshot) -> Snapshot:
    """The same rows with nothing computed yet."""
    assert snapshot.files is not None
    return open_snapshot(snapshot.files.store)


def test_a_network_is_made_once_for_each_window(snapshot: Snapshot, law: Jurisdiction) -> None:
    assert network_of(snapshot, law).edges is network_of(snapshot, law).edges
    assert network_of(snapshot, law, base_to="2025-02").edges is not network_of(snapshot, law).edges
    assert base_window(snapshot, base_to="2025-02") == ("2025-01", "2025-02")
    with pytest.raises(UserError, match="goes beyond"):
        network_of(snapshot, law, base_from="2025-01", base_to="2025-09")


@pytest.mark.parametrize("symbol", ["Dy", "Nd", "TREO"])
@pytest.mark.parametrize("by", ["country", "customer"])
def test_booked_origins_sum_to_what_where_says(snapshot: Snapshot, law: Jurisdiction, symbol: str, by: str) -> None:
    document = dependence(snapshot, law, element=symbol, by=by, period="2025-02..2025-03")
    told = where(goods_sent(snapshot, law), element=symbol, by=by, period="2025-02..2025-03")
    assert document["total"]["mass_kg"] == told["total"]["mass_kg"]
    assert document["total"]["exact_kg"] == told["total"]["exact_kg"]
    assert {row[by]: row["mass_kg"] for row in document["rows"]} == {row[by]: row["mass_kg"] for row in told["rows"]}
    for row in (document["total"], *document["rows"]):
        assert sum(parse_mass(one["mass_kg"]) for one in row["origins"]) == parse_mass(row["mass_kg"])
        assert sum(one["share_pct"] for one in row["origins"]) == pytest.approx(100, abs=0.01)
    assert unbased(document) == []


def test_what_goes_into_a_stage_goes_on_from_it_or_to_a_buyer(snapshot: Snapshot, law: Jurisdiction) -> None:
    document = dependence(snapshot, law, element="Nd", by="customer")
    passages, into, left = document["total"]["stages"], Counter[str](), Counter[str]()
    came: Counter[tuple[str, str]] = Counter()
    for one in passages:
        into[one["to_stage"]] += parse_mass(one["mass_kg"])
        if one["from_stage"] is None:
            came[one["origin_kind"], one["origin_place"]] += parse_mass(one["mass_kg"])
        else:
            left[one["from_stage"]] += parse_mass(one["mass_kg"])
    for row in document["rows"]:
        assert sum(parse_mass(one["mass_kg"]) for one in row["stages"]) == parse_mass(row["mass_kg"])
        for one in row["stages"]:
            left[one["stage"]] += parse_mass(one["mass_kg"])
    assert {"separation", "metal", "alloy", "magnet"} <= set(into)
    # Each passage is rounded to a milligram by itself.
    assert dict(into) == pytest.approx(dict(left), abs=len(passages))
    origins = {
        (one["origin_kind"], one["origin_place"]): parse_mass(one["mass_kg"]) for one in document["total"]["origins"]
    }
    assert dict(came) == pytest.approx(origins, abs=len(passages))


def test_at_home_they_sum_to_the_sales_of_where(snapshot: Snapshot, law: Jurisdiction) -> None:
    document = dependence(snapshot, law, element="Nd", country=law.country, by="customer")
    told = where(goods_sent(snapshot, law), element="Nd", by="customer", way="sale")
    assert {row["customer"]: row["mass_kg"] for row in document["rows"]} == {
        row["customer"]: row["mass_kg"] for row in told["rows"]
    }
    assert len(told["rows"]) > 1


def test_a_country_and_a_customer_can_be_asked_for(snapshot: Snapshot, law: Jurisdiction) -> None:
    every = dependence(snapshot, law, element="Nd", by="customer")
    first = every["rows"][0]
    by_id = dependence(snapshot, law, element="nd", customer=first["customer"], by="customer")
    assert [row["mass_kg"] for row in by_id["rows"]] == [first["mass_kg"]]
    assert dependence(snapshot, law, element="Nd", customer=first["name"], by="customer")["rows"] == by_id["rows"]
    there = dependence(snapshot, law, element="Nd", country=first["country"].lower())
    assert [row["country"] for row in there["rows"]] == [first["country"]]
    assert dependence(snapshot, law, element="Nd", country=law.country)["settings"]["way"] == "sale"
    nothing = dependence(snapshot, law, element="Nd", country="AQ")
    assert nothing["rows"] == [] and nothing["total"]["mass_kg"] == "0" and nothing["total"]["origins"] == []


def test_an_estimate_stands_beside_and_is_called_one(snapshot: Snapshot, law: Jurisdiction) -> None:
    document = dependence(snapshot, law, element="Nd", estimate=True)
    assert unbased(document) == []
    for row in document["rows"]:
        found = row["estimated"]
        assert {one["basis"] for one in (found, *found["origins"])} == {"estimated"}
        assert sum(one["share_pct"] for one in found["origins"]) == pytest.approx(100, abs=0.01)
        # A mean of flows knows of no opening stock.
        opening = sum(one["share_pct"] for one in row["origins"] if one["origin_kind"] == "opening")
        assert opening - 0.01 <= found["gap_pct"] <= 100
    plain = dependence(snapshot, law, element="Nd")
    assert [{**row, "estimated": None} for row in plain["rows"]] == [
        {**row, "estimated": None} for row in document["rows"]
    ]


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        ({"element": "Xx"}, "no element"),
        ({"element": "Dy", "country": "Germany"}, "is no country"),
        ({"element": "Dy", "customer": "Nobody AG"}, "Nobody delivered to"),
        ({"element": "Dy", "period": "2025-13"}, "is no month"),
        ({"element": "Dy", "by": "ship"}, "country or customer"),
    ],
)
def test_what_cannot_be_read_is_said(snapshot: Snapshot, law: Jurisdiction, asked: dict[str, Any], what: str) -> None:
    with pytest.raises(UserError, match=what):
        dependence(snapshot, law, **asked)


def test_commands_print_both(program: Lodeline) -> None:
    document = program("strategy", "graph", "--json").document
    assert document["settings"] == {"base_from": "2025-01", "base_to": "2025-03"}
    table = program("strategy", "graph", "--csv").out.splitlines()
    assert len(table) == document["totals"]["edges"] + 1 and table[0].startswith("from,to,class,kg_per_day")
    assert table[0].endswith("basis,low,high,source,vintage")
    assert "not explained" in program("strategy", "graph", "--from", "2025-02").out
    assert "goes beyond" in program("strategy", "graph", "--to", "2031-01").said
    origins = program("strategy", "dependence", "--element", "Nd", "--csv").out.splitlines()
    assert origins[0].startswith("country,customer,element,period,origin_kind")
    assert origins[0].endswith("basis,low,high,source,vintage")
    whole = sum(Decimal(line.split(",")[6]) for line in origins[1:])
    assert whole == Decimal(program("where", "--element", "Nd", "--json").document["total"]["mass_kg"])
    assert "booked" in program("strategy", "dependence").out
    assert "no element" in program("strategy", "dependence", "--element", "Qq").said


def test_a_normal_time_goes_on_as_it_is(snapshot: Snapshot, law: Jurisdiction) -> None:
    engine = pytest.importorskip("lodeline.strategy.simulate")
    network = network_of(snapshot, law, steady=True)
    run = engine.simulate(network, open_throughout(network, 60), days=60)
    level = network.holdings.level_kg[:, np.newaxis]
    assert np.abs(run.stock - level).max() <= 1e-9 * max(1.0, level.max())
    assert np.abs(run.activity - 1).max() <= 1e-9
