"""The industry that speed is measured on is one: balanced, and stopped by a licence that is late."""

import numpy as np
import pytest

from lodeline.strategy.network import open_throughout
from lodeline.strategy.simulate import simulate
from strategic.industry import chain, drawn, industry, licence, without_ore


def test_the_industry_keeps_going_until_licences_are_late() -> None:
    network = industry(120)
    steady = simulate(network, open_throughout(network, 60), days=60)
    late = simulate(network, licence(network, 200), days=200)
    plants = network.units.is_plant

    assert steady.activity == pytest.approx(np.ones_like(steady.activity))
    assert late.elements is not None and late.elements.error.max() < 1e-9
    assert 0.2 < np.isfinite(late.first_below(0.5)[plants]).mean() <= 1.0


def test_a_draw_differs_from_the_next_and_can_be_drawn_again() -> None:
    network = industry(120)

    def stops(seed: int) -> np.ndarray:
        one, openness = drawn(network, np.random.default_rng(seed), 150)
        return simulate(one, openness, days=150, with_elements=False, at_plants_only=True).first_below(0.5)

    assert np.array_equal(stops(1), stops(1), equal_nan=True)
    assert not np.array_equal(stops(1), stops(2), equal_nan=True)


def test_the_chain_stops_when_thirty_days_of_ore_are_used() -> None:
    network = chain(30)
    ran = simulate(network, without_ore(network, since=10, days=80), days=80)

    # From day 10 on no ore is made; a day of it lies at the mine, one is under way, thirty at the maker.
    assert ran.first_below(0.5)[1] == 42.0
