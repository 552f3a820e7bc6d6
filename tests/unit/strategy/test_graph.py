"""The network is the ledger's sums, and odd rows change no more than they must."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from tests.unit.strategy.ledger import MG, Ledger, chain, tables

from lodeline.errors import UserError
from lodeline.strategy.building.quality import quality, unexplained
from lodeline.strategy.network import ESSENTIAL, Network, flows_of


def at(network: Network, site: str, goods: str) -> int:
    found = network.holdings
    return next(number for number in range(len(found)) if (found.site[number], found.goods[number]) == (site, goods))


def edge(network: Network, source: str, target: str) -> int:
    found, sites = network.edges, network.holdings.site
    return next(
        number for number in range(len(found))
        if (sites[found.source[number]], sites[found.target[number]]) == (source, target)
    )  # fmt: skip


def codes(network: Network) -> set[str]:
    return {note.code for note in network.notes}


def test_flows_are_the_sums_of_rows_over_the_days_of_the_window() -> None:
    network = chain().network()
    edges = network.edges
    assert edges.flow[edge(network, "SEP-A", "SML-A")] == pytest.approx(310 / 31)
    abroad = edge(network, "MAG-A", "Nord GmbH/DE")
    assert edges.flow[abroad] == pytest.approx((930 + 310) / 31)
    assert edges.border[abroad] and edges.end_use[abroad] == "motors" and edges.hs_code[abroad] == "8505111000"
    assert edges.value_per_kg[abroad] == pytest.approx(50.0) and edges.currency[abroad] == "EUR"
    home = edge(network, "MAG-A", "HOME")
    assert not edges.border[home] and network.holdings.is_plant[edges.target[home]]
    assert edges.flow.sum() * 31 == pytest.approx(310 + 248 + 930 + 310 + 155)


def test_transit_is_that_of_receipts_else_assumed_and_said_so() -> None:
    network = chain().network()
    first, second = edge(network, "SEP-A", "SML-A"), edge(network, "MAG-A", "Nord GmbH/DE")
    assert (network.edges.transit[first], network.edges.transit_basis[first]) == (3, "exact")
    assert (network.edges.transit[second], network.edges.transit_basis[second]) == (30, "assumption")


def test_what_is_under_way_arrives_on_its_day() -> None:
    network = chain().network(steady=False)
    assert network.arrivals is not None
    under = network.arrivals[edge(network, "MAG-A", "Nord GmbH/DE")]
    # Sent on 20 and 28 January with 30 days of transit; the first day of a run is 1 February.
    assert under.sum() == pytest.approx(1240)
    assert (under[18], under[26]) == (pytest.approx(930), pytest.approx(310))
    # Between sites as much is under way as on any day.
    assert network.arrivals[edge(network, "SEP-A", "SML-A")].sum() == pytest.approx(3 * 310 / 31)


def test_goods_that_were_sent_before_the_window_are_under_way_too() -> None:
    book = chain()
    book.export("2025-01-31", "mag", 5)
    book.export("2025-02-10", "mag", 31)
    network = book.network("2025-02", "2025-02", steady=False)
    assert network.arrivals is not None
    under = network.arrivals[edge(network, "MAG-A", "Nord GmbH/DE")]
    # With 30 days of transit what was sent on 31 January and 10 February comes on 2 and 12 March.
    assert {day + 1: kg for day, kg in enumerate(under) if kg} == {2: pytest.approx(5), 12: pytest.approx(31)}


def test_a_holding_closes_by_its_residual_and_a_plant_without_one() -> None:
    network = chain().network()
    holdings, (out, into) = network.holdings, flows_of(network.edges, network.units, len(network.holdings))
    assert np.allclose(out, into + holdings.origin + holdings.residual)
    assert (holdings.residual[holdings.is_plant] == 0).all()
    ore, slag = at(network, "SEP-A", "concentrate"), at(network, "SML-A", "slag")
    assert holdings.origin[ore] == pytest.approx(3100 / 31) and holdings.residual[ore] == pytest.approx(-100 / 31)
    # Of 31 kg of slag 15.5 were filed as lost: the rest is a stock that nobody explains.
    assert unexplained(network)[slag] == pytest.approx(-15.5 / 31)


def test_what_is_imported_says_from_where() -> None:
    book = chain()
    book.add("origin", "2025-01-02", "SEP-A", "ore", 1000, origin_kind="imported", origin_place="MM")
    book.add("origin", "2025-01-02", "SEP-A", "ore", 900, origin_kind="mined", origin_place="CN-LONGNAN")
    network = book.network()
    ore = at(network, "SEP-A", "concentrate")
    # 3100 kg more are imported from nobody knows where.
    assert network.holdings.imported[ore] == {"MM": pytest.approx(1000 / 5000)}
    assert network.holdings.imported[at(network, "SML-A", "metal:Dy")] == {}


def test_recipes_tell_what_is_essential() -> None:
    book = chain()
    book.lot("cobalt", "metal:Co")
    for number in range(9):
        book.batch(
            "2025-01-17",
            "MAG-A",
            f"H{number}",
            {"me1": 1, "iron": 9, **({"cobalt": 1} if number < 3 else {})},
            {"mag": 9},
        )
    network, name = book.network(), "MAG-A>magnet-ndfeb+heavy"
    unit = network.units.name.index(name)
    needs = range(network.units.need_start[unit], network.units.need_start[unit + 1])
    groups = {
        network.holdings.goods[network.units.need_holding[need]]: network.units.need_group[need] for need in needs
    }
    assert groups == {"metal:Dy": ESSENTIAL, "alloy": ESSENTIAL, "metal:Co": 0}
    separating = network.units.name.index("SEP-A>oxide:Dy")
    start = network.units.need_start[separating]
    assert network.units.need_group[start] == 0, "who separates takes any feed"


def test_capacity_is_the_registers_else_the_best_month() -> None:
    network = chain().network()
    most = dict(zip(network.units.name, network.units.most, strict=True))
    # 620 kg a month are registered, 248 were made in one.
    assert most["SML-A>metal:Dy"] == pytest.approx(2.5)
    assert most["SEP-A>oxide:Dy"] == 1.0
    assert "capacity-of-main-product" in codes(network)


def test_a_capacity_below_what_was_made_is_told_and_holds_nothing_back() -> None:
    book = chain()
    book.site("SML-A", "SML", "metal", 100.0)
    network = book.network()
    assert network.units.most[network.units.name.index("SML-A>metal:Dy")] == 1.0
    assert "capacity-below-use" in codes(network)


def test_stock_is_the_last_count_else_the_book_else_a_days_flow() -> None:
    network = chain().network()
    holdings = network.holdings
    magnets, oxide, metal = (
        at(network, *one) for one in (("MAG-A", "magnet-ndfeb+heavy"), ("SEP-A", "oxide:Dy"), ("SML-A", "slag"))
    )
    assert (holdings.level_kg[magnets], holdings.level_basis[magnets]) == (900, "exact")
    assert (holdings.level_kg[oxide], holdings.level_basis[oxide]) == (62, "exact")
    # The smelter never counted.
    assert (holdings.level_kg[metal], holdings.level_basis[metal]) == (pytest.approx(15.5), "booked")
    iron = at(network, "MAG-A", "alloy")
    assert (holdings.level_kg[iron], holdings.level_basis[iron]) == (pytest.approx(1860 / 31), "assumption")
    plant = at(network, "Nord GmbH/DE", "magnet-ndfeb+heavy")
    assert (holdings.level_kg[plant], holdings.level_basis[plant]) == (pytest.approx(60 * 40), "assumption")
    assert "stock-below-floor" in codes(network)


def test_what_a_later_count_no_longer_names_is_gone() -> None:
    book = chain()
    book.add("stock", "2025-01-15", "MAG-A", "swarf", 62)
    network = book.network()
    swarf = at(network, "MAG-A", "swarf")
    assert (
        network.holdings.level_kg[swarf] == pytest.approx(62 / 31)
        and network.holdings.level_basis[swarf] == "assumption"
    )


def test_content_is_the_mean_of_what_moved() -> None:
    book = chain()
    book.lot("rich", "magnet-ndfeb", 0.08)
    book.export("2025-01-29", "rich", 1240)
    network = book.network()
    plant = at(network, "Nord GmbH/DE", "magnet-ndfeb+heavy")
    assert network.elements == ("Dy",)
    assert network.holdings.content[plant, 0] == pytest.approx(0.06)


def test_light_magnets_are_another_class() -> None:
    book = chain()
    book.export("2025-01-29", "light", 31)
    network = book.network()
    found = network.holdings
    at_plants = {goods for goods, is_plant in zip(found.goods, found.is_plant, strict=True) if is_plant}
    assert at_plants == {"magnet-ndfeb", "magnet-ndfeb+heavy"}


@pytest.mark.parametrize(
    ("first", "last", "what"),
    [
        ("2025-02", "2025-01", "is no base window"),
        ("2025-13", "2025-14", "is no base window"),
        ("soon", "later", "is no base window"),
        ("2024-06", "2025-01", "goes beyond"),
        ("2025-01", "2025-06", "goes beyond"),
    ],
)
def test_a_window_that_is_none_is_said_so(first: str, last: str, what: str) -> None:
    with pytest.raises(UserError, match=what):
        chain().network(first, last)


def test_an_empty_window_is_said_so() -> None:
    book = chain()
    book.add("origin", "2025-03-01", "SEP-A", "ore", 1, origin_kind="imported")
    with pytest.raises(UserError, match="Nothing was filed of the months"):
        book.network("2025-02", "2025-02")
    with pytest.raises(UserError, match="Nothing has been filed"):
        Ledger().network()


def test_a_firm_that_sells_to_itself_moves_nothing() -> None:
    book = chain()
    before = book.network()
    book.add("shipment", "2025-01-25", "MAG-A", "mag", 500, party="MAG")
    network = book.network()
    assert network.edges.flow.sum() == pytest.approx(before.edges.flow.sum())
    assert "sold-to-itself" in codes(network) and "sold-to-itself" not in codes(before)


def test_events_without_a_recipe_are_in_the_residual() -> None:
    book = chain()
    book.batch("2025-01-25", "MAG-A", "odd", {"swarf": 31}, {})
    network = book.network()
    assert "events-without-recipe" in codes(network)
    swarf = at(network, "MAG-A", "swarf")
    out, into = flows_of(network.edges, network.units, len(network.holdings))
    assert out[swarf] == 0 and network.holdings.residual[swarf] == pytest.approx(-into[swarf])


def test_stock_without_flow_is_told() -> None:
    book = chain()
    book.lot("old", "powder")
    book.add("stock", "2025-01-31", "MAG-A", "old", 10)
    assert "stock-without-flow" in codes(book.network())


def test_titles_and_opening_stock_move_nothing() -> None:
    book = chain()
    before = book.network()
    book.add("title", "2025-01-25", "MAG-A", "mag", 500, party="HOME")
    book.add("origin", "2025-01-01", "MAG-A", "iron", 5000, origin_kind="opening")
    network = book.network()
    assert (network.edges.flow == before.edges.flow).all() and (network.holdings.origin == before.holdings.origin).all()


def test_an_end_user_spelt_three_ways_is_one_where_the_name_is_settled() -> None:
    book = chain()
    for on, name in (("2025-01-23", "NORD GmbH."), ("2025-01-24", "Nord  GMBH")):
        book.export(on, "mag", 31, name)
    apart = book.network()
    assert len({site for site in apart.holdings.site if "ord" in site.lower()}) == 3
    assert "end-users-alike" in codes(apart)
    one = book.network(names={"nord gmbh": "FOR-1"})
    assert edge(one, "MAG-A", "FOR-1/DE") >= 0 and "end-users-alike" not in codes(one)
    assert len({site for site, plant in zip(one.holdings.site, one.holdings.is_plant, strict=True) if plant}) == 2


def test_rows_in_another_order_give_the_same_network() -> None:
    book = chain()
    whole = book.network()
    again = book.network(lines=book.lines().sample(fraction=1.0, shuffle=True, seed=7))
    for table in ("holdings", "edges", "units"):
        for name in getattr(whole, table).__slots__:
            assert np.array_equal(
                np.asarray(getattr(getattr(whole, table), name)), np.asarray(getattr(getattr(again, table), name)),
                equal_nan=getattr(getattr(whole, table), name).__class__ is np.ndarray
                and getattr(getattr(whole, table), name).dtype.kind == "f",
            ), (table, name)  # fmt: skip


def test_quality_sums_what_is_not_explained() -> None:
    network = chain().network()
    whole, *classes = quality(network)
    assert whole.goods == "" and whole.residual == pytest.approx(sum(one.residual for one in classes))
    ore = next(one for one in classes if one.goods == "concentrate")
    assert ore.share == pytest.approx(100 / 3100)
    assert all("Nord" not in one.goods for one in classes)


def test_a_ledger_without_final_customers_has_a_network_too() -> None:
    book = chain()
    rows = book.lines().filter(~pl.col("kind").is_in(["export"]) & (pl.col("party").fill_null("") != "HOME"))
    network = book.network(lines=rows, steady=False)
    assert not network.holdings.is_plant.any() and network.edges.flow.sum() * 31 * MG == pytest.approx(558 * MG)


def test_tables_that_say_nothing_change_nothing() -> None:
    assert chain().network(tables=tables()).edges.flow.tolist() == chain().network().edges.flow.tolist()


@pytest.mark.parametrize(("country", "days"), [("JP", 8), ("HK", 3), ("US", 30), ("", 30)])
def test_days_under_way_that_nobody_tells_go_by_the_country(country: str, days: int) -> None:
    book = chain()
    book.export("2025-01-29", "mag", 31, "Other", end_user_country=country or None, party=None)
    network = book.network()
    number = next(place for place in range(len(network.edges)) if network.edges.end_user[place] == "Other")
    assert network.edges.transit[number] == (days if country else network.edges.transit[edge(network, "MAG-A", "HOME")])


def test_buyers_at_home_that_are_named_are_settled_like_end_users() -> None:
    book = chain()
    book.add("shipment", "2025-01-24", "MAG-A", "mag", 31, party="Home  Works")
    book.add("shipment", "2025-01-25", "MAG-A", "mag", 31, party="HOME WORKS")
    apart = book.network()
    assert "end-users-alike" in codes(apart) and edge(apart, "MAG-A", "HOME WORKS/CN") >= 0
    settled = book.network(names={"home works": "HOME"})
    assert settled.edges.flow[edge(settled, "MAG-A", "HOME")] == pytest.approx((155 + 62) / 31)


def test_goods_that_nobody_is_named_for_leave_all_the_same() -> None:
    book = chain()
    book.add("shipment", "2025-01-24", "MAG-A", "mag", 31)
    network = book.network()
    assert network.edges.flow[edge(network, "MAG-A", "?/CN")] == pytest.approx(1.0)
