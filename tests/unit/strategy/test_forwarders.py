"""A buyer who passes goods on: they are the ledger's, and what holds back his holds back those of whom he supplies."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.unit.strategy.ledger import chain, tables
from tests.unit.strategy.small import ban, scenario
from tests.unit.strategy.test_customers import DELIVERED, HEAVY, bill, needs, plant, supplier
from tests.unit.strategy.test_graph import at, codes, edge

from lodeline.strategy.building.quality import quality
from lodeline.strategy.control.instrument import openness
from lodeline.strategy.draws import ranges
from lodeline.strategy.inputs.tables import EMPTY
from lodeline.strategy.network import Network, open_throughout
from lodeline.strategy.simulate import simulate

FORWARDER = "Nord GmbH/DE/onward"


def network(*suppliers: dict[str, Any], steady: bool = True, **more: Any) -> Network:
    """W1 belongs to the end user, W9 in another country to another, who needs 10 kg a day."""
    given = tables(
        plants=[plant(), plant("W9", organisation="Sued AG", country="HU")], bill=[bill(), bill("W9", kg=0.1)],
        suppliers=[{**one, "plant": "W9"} for one in suppliers], **more,
    )  # fmt: skip
    return chain().network(tables=given, steady=steady)


def test_what_goes_on_is_taken_off_the_forwarders_own_plants() -> None:
    found = network(supplier("Nord GmbH", 100.0), steady=False)
    here = at(found, FORWARDER, HEAVY)
    to, on = edge(found, "MAG-A", FORWARDER), edge(found, FORWARDER, "W9")

    assert needs(found, "W9") == {HEAVY: pytest.approx(10)}
    assert needs(found, "W1") == {HEAVY: pytest.approx(DELIVERED - 10)}
    assert found.edges.flow[[to, on]] == pytest.approx([10, 10])
    assert found.edges.border[to] and found.edges.is_filed[to] and found.edges.end_user[to] == "Nord GmbH"
    assert not found.edges.border[on] and not found.edges.is_filed[on]
    assert (found.holdings.country[here], found.holdings.organisation[here]) == ("DE", "Nord GmbH")
    assert not found.holdings.is_plant[here]
    assert (found.holdings.origin[here], found.holdings.residual[here]) == (0.0, 0.0)
    assert "goods-passed-on" in codes(found)
    # A quarter of what was filed as under way to the end user.
    assert found.arrivals is not None
    assert found.arrivals[to].sum() == pytest.approx(1240 / 4)
    # Its holding is none of the ledger's, whose books are as they were.
    plain, passing = quality(chain().network())[0], quality(found)[0]
    assert (passing.residual, passing.through) == pytest.approx((plain.residual, plain.through))


def test_a_ban_on_the_forwarders_country_stops_the_plant_beyond() -> None:
    found = network(supplier("Nord GmbH", 100.0))
    wanted = replace(scenario(ban("DE")), starts=ban().starts)
    opened = openness(found, wanted, law=None)
    ran = simulate(found, opened, days=180)
    free = simulate(found, open_throughout(found, 60), days=60)

    assert opened.in_scope[edge(found, "MAG-A", FORWARDER)]
    assert free.activity == pytest.approx(np.ones_like(free.activity))
    assert np.isfinite(ran.first_below(0.5)[found.units.name.index("W9")])


def test_days_under_way_add_up_to_what_the_plant_states() -> None:
    cover = [
        {"plant": "W9", "class": HEAVY, "stock_days": 20.0, "transit_days": 40, "on": "2025-01-31", "source": "survey"},
        {"plant": "W1", "class": HEAVY, "stock_days": 20.0, "transit_days": 25, "on": "2025-01-31", "source": "survey"},
    ]
    found = network(supplier("Nord GmbH", 100.0), cover=cover)
    to, on = edge(found, "MAG-A", FORWARDER), edge(found, FORWARDER, "W9")
    assert found.edges.transit[[to, on]].tolist() == [25, 15]
    # Nothing is left to draw of days that are stated.
    told = tables(cover=[{**one, "low_days": None, "high_days": None} for one in cover]).cover
    keys = ranges(found, scenario(ban("DE")), told, ()).transit_key
    assert [keys[to], keys[on], keys[edge(found, "MAG-A", "W1")]] == ["", "", ""]
    assert ranges(found, scenario(ban("DE")), EMPTY.cover, ()).transit_key[to] != ""


@pytest.mark.parametrize("named", ["Far Magnets", "Sued AG"])
def test_who_gets_nothing_of_the_ledger_or_is_ones_own_firm_is_no_forwarder(named: str) -> None:
    assert "goods-passed-on" not in codes(network(supplier(named, 100.0)))


def test_who_would_pass_on_more_than_it_gets_stays_outside() -> None:
    given = tables(
        plants=[plant("W9", organisation="Sued AG")], bill=[bill("W9", kg=4.0)],
        suppliers=[{**supplier("Nord GmbH", 100.0), "plant": "W9"}],
    )  # fmt: skip
    found = chain().network(tables=given)
    assert "goods-passed-on" not in codes(found)
    assert found.holdings.origin[at(found, "Nord GmbH", HEAVY)] == pytest.approx(400)
