"""What a user's tables say of plants is applied, and what they contradict is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.unit.strategy.ledger import chain, tables
from tests.unit.strategy.test_graph import at, codes, edge

from lodeline.strategy.building.quality import quality
from lodeline.strategy.network import ESSENTIAL, Network

HEAVY = "magnet-ndfeb+heavy"
#: What goes to the end user, kg a day.
DELIVERED = 40.0


def plant(name: str = "W1", **more: Any) -> dict[str, Any]:
    return {
        "plant": name,
        "organisation": "Nord GmbH",
        "country": "DE",
        "output_per_day": 100.0,
        "source": "survey",
        **more,
    }


def bill(name: str = "W1", kg: float = 0.4, **more: Any) -> dict[str, Any]:
    return {"plant": name, "class": HEAVY, "kg_per_unit": kg, **more}


def unit(network: Network, name: str) -> int:
    return network.units.name.index(name)


def needs(network: Network, name: str) -> dict[str, float]:
    at_unit = slice(*network.units.need_start[unit(network, name) : unit(network, name) + 2])
    goods = [network.holdings.goods[number] for number in network.units.need_holding[at_unit]]
    return dict(zip(goods, network.units.need_rate[at_unit].tolist(), strict=True))


def test_deliveries_are_divided_by_bill_and_output() -> None:
    given = tables(plants=[plant("W1"), plant("W2", output_per_day=300.0)], bill=[bill("W1"), bill("W2", kg=0.4)])
    network = chain().network(tables=given)
    assert network.edges.flow[edge(network, "MAG-A", "W1")] == pytest.approx(DELIVERED / 4)
    assert needs(network, "W2") == {HEAVY: pytest.approx(DELIVERED * 3 / 4)}
    assert network.holdings.organisation[at(network, "W1", HEAVY)] == "Nord GmbH"


def test_a_plant_of_another_country_gets_nothing_of_what_goes_here() -> None:
    given = tables(plants=[plant("W1"), plant("W2", country="HU")], bill=[bill("W1"), bill("W2")])
    network = chain().network(tables=given)
    assert needs(network, "W1") == {HEAVY: pytest.approx(DELIVERED)} and "W2" not in network.units.name
    assert "bill-without-supply" in codes(network)


def test_a_plant_that_is_closed_by_then_counts_no_more() -> None:
    given = tables(
        plants=[plant(valid_to="2024-12-31"), plant("W2", valid_from="2025-02-01")], bill=[bill(), bill("W2")]
    )
    network = chain().network(tables=given)
    assert "Nord GmbH/DE" in network.units.name and not {"W1", "W2"} & set(network.units.name)


def test_plants_without_a_bill_share_by_output() -> None:
    network = chain().network(tables=tables(plants=[plant("W1"), plant("W2", output_per_day=300.0)]))
    assert needs(network, "W1") == {HEAVY: pytest.approx(DELIVERED / 4)}


def test_what_a_plant_says_of_itself() -> None:
    given = tables(plants=[plant(stop_below_pct=80.0, loss_per_day=5e5, currency="EUR")], bill=[bill()])
    network = chain().network(tables=given)
    number = unit(network, "W1")
    assert (network.units.stop_below[number], network.units.loss_per_day[number]) == (0.8, 5e5)
    assert network.units.currency[number] == "EUR" and network.units.is_plant[number]


def test_cover_is_stock_in_days_of_use() -> None:
    cover = {
        "plant": "W1",
        "class": HEAVY,
        "stock_days": 12.0,
        "transit_days": 7,
        "on": "2025-01-31",
        "source": "survey",
    }
    older = {**cover, "stock_days": 99.0, "on": "2024-06-30"}
    network = chain().network(tables=tables(plants=[plant()], bill=[bill()], cover=[older, cover]))
    number = at(network, "W1", HEAVY)
    assert network.holdings.level_kg[number] == pytest.approx(12 * DELIVERED)
    assert network.holdings.level_basis[number] == "assumption"
    assert network.edges.transit[edge(network, "MAG-A", "W1")] == 7
    made_up = chain().network(
        tables=tables(plants=[plant()], bill=[bill()], cover=[{**cover, "source": "synthetic world"}])
    )
    assert made_up.holdings.level_basis[number] == "synthetic"


def supplier(name: str, share: float | None, **more: Any) -> dict[str, Any]:
    return {"plant": "W1", "class": HEAVY, "supplier": name, "share_pct": share, "source": "survey", **more}


def test_other_suppliers_bring_their_share_and_the_plant_needs_both() -> None:
    rows = [supplier("MAG", 80.0), supplier("Far Magnets", 20.0, capacity_kg_per_month=3652.5)]
    network = chain().network(tables=tables(plants=[plant()], bill=[bill()], suppliers=rows), steady=False)
    assert needs(network, "W1") == {HEAVY: pytest.approx(DELIVERED / 0.8)}
    other = edge(network, "Far Magnets", "W1")
    assert network.edges.flow[other] == pytest.approx(10) and network.edges.most[other] == pytest.approx(120)
    assert not network.edges.is_filed[other] and not network.edges.border[other]
    # Its goods are outside the ledger: they come from nowhere in it, steadily, and are as the buyer's others.
    source = network.edges.source[other]
    assert network.holdings.origin[source] == pytest.approx(10) and network.holdings.residual[source] == 0
    assert network.holdings.content[source, 0] == pytest.approx(0.04)
    assert network.arrivals is not None
    assert network.arrivals[other].sum() == pytest.approx(10 * network.edges.transit[other])
    assert network.holdings.residual[at(network, "W1", HEAVY)] == 0
    assert quality(network)[0].through == pytest.approx(quality(chain().network())[0].through)


def test_a_supplier_that_stands_by_has_its_room_and_its_day() -> None:
    rows = [
        supplier("Far Magnets", None, capacity_kg_per_month=3652.5, qualification_days=540),
        supplier("Near Magnets", 0.0, capacity_kg_per_month=365.25, qualified_on="2025-03-02"),
    ]
    network = chain().network(tables=tables(plants=[plant()], bill=[bill()], suppliers=rows))
    far, near = edge(network, "Far Magnets", "W1"), edge(network, "Near Magnets", "W1")
    assert (network.edges.flow[far], network.edges.most[far]) == (0.0, pytest.approx(120))
    assert (network.edges.qualified_from[far], network.edges.qualified_from[near]) == (540, 30)
    assert needs(network, "W1") == {HEAVY: pytest.approx(DELIVERED)}
    # There is something to send on the day when it may.
    assert network.holdings.level_kg[network.edges.source[far]] > 100 * network.edges.most[far]


def test_a_firm_of_the_register_stands_by_with_what_it_holds() -> None:
    book = chain()
    book.site("MAG-B", "MAGB", "magnet")
    book.lot("other", "magnet-ndfeb", 0.04)
    book.add("origin", "2025-01-05", "MAG-B", "other", 310, origin_kind="secondary")
    rows = [supplier("MAGB", 0.0, capacity_kg_per_month=3652.5)]
    network = book.network(tables=tables(plants=[plant()], bill=[bill()], suppliers=rows))
    other = edge(network, "MAG-B", "W1")
    assert network.edges.is_filed[other] and network.edges.border[other], "the authority controls it"
    assert network.edges.source[other] == at(network, "MAG-B", HEAVY)
    assert network.holdings.origin[at(network, "MAG-B", HEAVY)] == pytest.approx(10)


def test_shares_that_leave_nothing_for_what_was_delivered_are_left_aside() -> None:
    rows = [supplier("Far Magnets", 100.0)]
    network = chain().network(tables=tables(plants=[plant()], bill=[bill()], suppliers=rows))
    assert "shares-contradict" in codes(network)
    assert needs(network, "W1") == {HEAVY: pytest.approx(DELIVERED)}


def test_a_plant_that_the_ledger_does_not_supply_needs_its_bill() -> None:
    rows = [{**supplier("Far Magnets", 100.0), "plant": "W9"}]
    given = tables(plants=[plant("W9", organisation="Süd AG")], bill=[bill("W9")], suppliers=rows)
    network = chain().network(tables=given)
    assert needs(network, "W9") == {HEAVY: pytest.approx(40.0)}
    assert network.edges.flow[edge(network, "Far Magnets", "W9")] == pytest.approx(40.0)


@pytest.mark.parametrize("goods", ["target", "oxide:Pm"])
def test_a_bill_that_names_what_nobody_makes_is_told_and_never_filled(goods: str) -> None:
    given = tables(plants=[plant()], bill=[bill(), {**bill(), "class": goods}])
    network = chain().network(tables=given)
    assert "bill-without-supply" in codes(network)
    assert set(needs(network, "W1")) == {HEAVY}
    assert (network.holdings.residual[network.holdings.is_plant] == 0).all()


def test_a_bill_that_differs_from_deliveries_is_told() -> None:
    assert "bill-differs" in codes(chain().network(tables=tables(plants=[plant()], bill=[bill(kg=0.8)])))
    assert "bill-differs" not in codes(chain().network(tables=tables(plants=[plant()], bill=[bill(kg=0.4)])))


def test_what_a_plant_can_do_without_has_a_unit_of_its_own() -> None:
    book = chain()
    book.export("2025-01-29", "light", 31)
    rows = [bill(), {**bill(), "class": "magnet-ndfeb", "kg_per_unit": 0.01, "essential": False}]
    network = book.network(tables=tables(plants=[plant()], bill=rows))
    assert set(needs(network, "W1")) == {HEAVY} and set(needs(network, "W1>magnet-ndfeb")) == {"magnet-ndfeb"}


def test_a_full_substitute_at_once_is_one_group() -> None:
    book = chain()
    book.export("2025-01-29", "light", 31)
    light = {**bill(), "class": "magnet-ndfeb", "kg_per_unit": 0.01}
    swap = bill(substitute_class="magnet-ndfeb", substitute_pct=100.0, substitute_after_days=0)
    network = book.network(tables=tables(plants=[plant()], bill=[swap, light]))
    at_unit = slice(*network.units.need_start[unit(network, "W1") : unit(network, "W1") + 2])
    assert set(network.units.need_group[at_unit].tolist()) == {0}
    later = book.network(tables=tables(plants=[plant()], bill=[{**swap, "substitute_after_days": 365}, light]))
    assert set(later.units.need_group[at_unit].tolist()) == {ESSENTIAL}


def test_a_plant_without_output_or_use_makes_no_unit() -> None:
    given = tables(plants=[plant("W9", organisation="Süd AG", output_per_day=0.0)], bill=[bill("W9")])
    network = chain().network(tables=given)
    assert "W9" not in network.units.name and np.isfinite(network.edges.flow).all()
