"""Small networks of which everybody can say on which day a plant stops."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.networks import Making, network

from lodeline.errors import UserError
from lodeline.strategy.network import Network, Openness, open_throughout
from lodeline.strategy.scenario import Rule
from lodeline.strategy.simulate import binding, simulate
from lodeline.strategy.soundness import check_draws, validate

DAYS = 60


def closed(net: Network, *edges: int, since: int = 0, until: int = DAYS, held: bool = False) -> Openness:
    openness = open_throughout(net, DAYS)
    openness.edge[list(edges), since:until] = 0.0
    openness.held[list(edges)] = held
    return openness


def changed(net: Network, **columns: Any) -> Network:
    return replace(net, edges=replace(net.edges, **columns))


#: A maker sells 10 kg a day to a plant with stock for 8 days, 5 days away.
SALE = network(level=[100.0, 80.0], links=[(0, 1, 10.0)], plants=[1], transit=5)


def test_a_plant_stops_when_its_stock_and_what_was_under_way_are_used() -> None:
    ran = simulate(SALE, closed(SALE, 0, since=3), days=DAYS)

    # 3 days of shipments, 5 days under way, 8 days of stock.
    assert ran.activity[0, :16].tolist() == [1.0] * 16
    assert ran.activity[0, 16] == pytest.approx(0, abs=1e-9)
    assert ran.first_below(0.5).tolist() == [16.0]
    assert ran.lost_days().tolist() == pytest.approx([DAYS - 16])
    assert ran.stock[1, 15] == pytest.approx(0, abs=1e-9)


def test_a_control_that_is_shorter_than_the_cover_stops_nobody() -> None:
    ran = simulate(SALE, closed(SALE, 0, since=3, until=10), days=DAYS)

    assert np.isnan(ran.first_below(1.0)).all()


def test_goods_under_way_as_filed_arrive_on_their_days() -> None:
    filed = np.zeros((1, 4))
    filed[0, 3] = 25.0
    ran = simulate(replace(SALE, arrivals=filed), closed(SALE, 0), days=DAYS)

    # 80 kg of stock and 25 that arrive: ten and a half days.
    assert ran.activity[0, 9:12].tolist() == pytest.approx([1.0, 0.5, 0.0], abs=1e-9)


def test_what_waited_for_a_licence_comes_back_at_a_stated_rate() -> None:
    # Two makers of half the need each; the licence of one comes on day 20, of the other within no day of the run.
    net = network(
        level=[100.0, 100.0, 60.0], links=[(0, 2, 5.0), (1, 2, 5.0)], plants=[2], transit=5, spare=1.0,
        origin=[5.0, 5.0, 0.0],
    )  # fmt: skip
    openness = closed(net, 0, until=20)
    openness.edge[1] = 0.0
    waiting = replace(openness, waits=np.array([True, True]))
    ran, returned, hurried = (
        simulate(net, one, days=DAYS, returning=rate) for one, rate in ((openness, 3.0), (waiting, 0.5), (waiting, 3.0))
    )

    assert returned.shipped is not None
    assert hurried.shipped is not None
    assert returned.shipped[0, :20].sum() == 0
    # The base of 5 kg, and as much more of what waited as the rate says; of what is never granted nothing was kept.
    assert returned.shipped[0, 20:40].tolist() == pytest.approx([7.5] * 20)
    assert hurried.shipped[0, 20:24].tolist() == pytest.approx([20.0] * 4)
    assert hurried.shipped[1].sum() == 0
    assert max(hurried.lost_days()[0], returned.lost_days()[0]) < ran.lost_days()[0] - 5
    assert hurried.shipped[0].sum() + hurried.stock[0, -1] == pytest.approx(100 + 5 * DAYS)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.8])
def test_a_share_is_of_the_base_and_no_wider_order_cures_it(share: float) -> None:
    # Ten plants with stock for 8 days, of which as many kilograms as the share says may come.
    net = network(
        level=[1000.0, *[80.0] * 10], links=[(0, place, 10.0) for place in range(1, 11)], plants=[*range(1, 11)],
        transit=5, spare=2.0, origin=[100.0, *[0.0] * 10],
    )  # fmt: skip
    openness = open_throughout(net, 200)
    openness.edge[:] = share
    ran = simulate(net, openness, days=200)

    assert ran.shipped is not None
    assert ran.shipped.max() == pytest.approx(10 * share)
    assert ran.activity[:, -1] == pytest.approx(np.full(10, share))


def test_a_granted_licence_lets_the_base_through_and_not_twice() -> None:
    shut = closed(SALE, 0, until=20)
    granted = replace(shut, capped=np.ones((1, DAYS), np.bool_))
    ran, free = (simulate(SALE, one, days=DAYS) for one in (granted, shut))

    assert ran.shipped is not None
    assert free.shipped is not None
    assert ran.shipped[0, 20:].tolist() == pytest.approx([10.0] * (DAYS - 20))
    # Where no control acts any more, orders rise to fill the stock again.
    assert free.shipped[0, 20:].max() > 14


def test_a_licence_that_is_held_lets_no_more_than_the_base_through() -> None:
    net = changed(SALE, held_kg=np.array([1e6]))
    openness = replace(closed(net, 0, held=True), capped=np.ones((1, DAYS), np.bool_))
    openness.edge[:] = 0.4
    ran = simulate(net, openness, days=DAYS)

    assert ran.shipped is not None
    assert ran.shipped[0].tolist() == pytest.approx([10.0] * DAYS)


def test_plants_make_up_what_they_lost_up_to_their_capacity() -> None:
    net = replace(SALE, units=replace(SALE.units, most=np.array([1.25])))
    shut = closed(SALE, 0, until=12)
    ran, never = simulate(net, shut, days=DAYS), simulate(SALE, shut, days=DAYS)

    # Stock for 8 days, 5 of shipments under way, 12 days without any: 4 lost but for what orders bring.
    assert never.activity.max() == pytest.approx(1)
    assert ran.activity.max() == pytest.approx(1.25)
    assert ran.lost_days()[0] == pytest.approx(0, abs=1e-9)
    assert never.lost_days()[0] > 3


def test_a_buyer_who_lacks_nothing_any_more_takes_no_goods_that_waited() -> None:
    net = network(level=[100.0, 900.0, 80.0], links=[(0, 2, 10.0), (1, 2, 0.0)], plants=[2], transit=5)
    net = changed(net, most=np.array([20.0, 10.0]))
    waiting = replace(closed(net, 0, until=30), waits=np.array([True, False]))
    ran = simulate(net, waiting, days=DAYS)

    assert ran.shipped is not None
    assert ran.shipped[0, 30] < 30 * 10 / 2
    assert ran.activity[0] == pytest.approx(np.ones(DAYS))


def test_licences_that_are_held_count_first() -> None:
    net = changed(SALE, held_kg=np.array([40.0]))

    assert simulate(net, closed(net, 0, held=True), days=DAYS).first_below(0.5).tolist() == [17.0]
    assert simulate(net, closed(net, 0), days=DAYS).first_below(0.5).tolist() == [13.0]


def test_another_supplier_steps_in_once_it_is_qualified() -> None:
    net = network(level=[100.0, 900.0, 80.0], links=[(0, 2, 10.0), (1, 2, 0.0)], plants=[2], transit=5)
    ready = changed(net, most=np.array([15.0, 10.0]))
    late = changed(ready, qualified_from=np.array([0, 20]))

    assert np.isnan(simulate(ready, closed(net, 0), days=DAYS).first_below(0.5)).all()
    ran = simulate(late, closed(net, 0), days=DAYS)
    assert ran.first_below(0.5).tolist() == [13.0]
    assert ran.activity[0, 25:].tolist() == pytest.approx([1.0] * 35)
    # Where a quarter of what is blocked can be stood in for, a quarter of the work goes on.
    part = simulate(ready, closed(net, 0), days=DAYS, substitution=0.25)
    assert part.activity[0, 50] == pytest.approx(0.25, abs=0.2)


@pytest.mark.parametrize(
    ("rule", "guarantee", "first", "second"),
    [("proportional", 0.0, 0.5, 0.5), ("priority", 0.0, 1.0, 0.0), ("guarantee", 0.4, 0.6, 0.4)],
)
def test_a_maker_that_has_half_serves_by_the_rule(rule: Rule, guarantee: float, first: float, second: float) -> None:
    net = network(
        level=[10.0, 20.0, 20.0], links=[(0, 1, 10.0), (0, 2, 10.0)], plants=[1, 2], origin=[20.0, 0, 0], spare=1.0
    )
    net = changed(net, rank=np.array([0, 1]))
    openness = open_throughout(net, DAYS)
    openness.origin[0] = 0.5
    ran = simulate(net, openness, days=DAYS, rule=rule, guarantee=guarantee)

    assert ran.activity[:, -1].tolist() == pytest.approx([first, second], abs=1e-6)


def test_the_scarcest_essential_class_binds_and_its_supplier_is_named() -> None:
    net = network(
        level=[50.0, 50.0, 30.0, 90.0], links=[(0, 2, 10.0), (1, 3, 5.0)], plants=[(2, 3)], origin=[10.0, 5.0, 0, 0]
    )
    ran = simulate(net, closed(net, 0), days=DAYS)
    found = binding(net, ran, 0)

    assert found is not None
    assert (int(net.units.need_holding[found.need]), found.edge) == (2, 0)
    # It stops ordering what it cannot use: of the other class no more than its level lies there.
    assert ran.stock[3, -1] == pytest.approx(90.0, rel=0.12)
    assert binding(net, simulate(net, open_throughout(net, DAYS), days=DAYS), 0) is None


def test_inputs_that_stand_in_for_each_other_count_together() -> None:
    alike = Making(needs=[(2, 5.0, 1), (3, 5.0, 1)], outputs=[(4, 8.0)])
    apart = Making(needs=[(2, 5.0), (3, 5.0)], outputs=[(4, 8.0)])
    for making, stopped in ((apart, 5.0), (alike, np.nan)):
        net = network(
            level=[50.0, 50.0, 20.0, 500.0, 9.0, 8.0], links=[(0, 2, 5.0), (1, 3, 5.0), (4, 5, 8.0)],
            makings=[making], plants=[5], origin=[5.0, 5.0, 0, 0, 0, 0],
        )  # fmt: skip
        ran = simulate(net, closed(net, 0), days=40)
        assert ran.first_below(0.5)[0] == pytest.approx(stopped, nan_ok=True)


def test_a_joint_product_that_nobody_may_buy_does_not_stop_the_others() -> None:
    splits = Making(needs=[(0, 20.0)], outputs=[(1, 18.0), (2, 2.0)])
    net = network(
        level=[60.0, 40.0, 4.0, 60.0, 6.0], links=[(1, 3, 18.0), (2, 4, 2.0)], makings=[splits], plants=[3, 4],
        origin=[20.0, 0, 0, 0, 0],
    )  # fmt: skip
    ran = simulate(net, closed(net, 1), days=DAYS)

    assert ran.activity[1].min() == pytest.approx(1.0)
    assert ran.activity[2, -1] == 0.0
    assert ran.stock[2, -1] > 100.0


def test_an_outage_stops_a_unit_and_no_more_than_its_part() -> None:
    makes = Making(needs=[(0, 10.0)], outputs=[(1, 10.0)])
    net = network(
        level=[50.0, 20.0, 30.0], links=[(1, 2, 10.0)], makings=[makes], plants=[2], origin=[10.0, 0, 0], transit=2
    )
    openness = open_throughout(net, DAYS)
    openness.unit[0] = 0.0
    ran = simulate(net, openness, days=DAYS)

    # Two days lie at the maker, two are under way, three lie at the plant; it orders less as nothing more comes.
    assert ran.activity[0].max() == 0.0
    assert ran.first_below(0.5).tolist()[1] == pytest.approx(7.0, abs=1)


def test_only_plants_are_kept_where_draws_need_no_more() -> None:
    ran, whole = (simulate(SALE, closed(SALE, 0), days=DAYS, at_plants_only=only) for only in (True, False))

    assert ran.shipped is None and ran.holdings.tolist() == [1] and ran.units.tolist() == [0]
    assert ran.activity.tolist() == whole.activity.tolist()
    assert ran.shipped_kg.tolist() == whole.shipped_kg.tolist()


def test_first_below_can_ask_for_days_in_a_row() -> None:
    blip = replace(simulate(SALE, open_throughout(SALE, 6), days=6), activity=np.array([[1, 0, 1, 0, 0, 1.0]]))

    assert blip.first_below(0.5).tolist() == [1.0]
    assert blip.first_below(0.5, for_days=2).tolist() == [3.0]
    assert np.isnan(blip.first_below(0.5, for_days=3)).all()


def test_oddities_are_run_as_they_stand() -> None:
    makes = Making(needs=[(1, 3.0)], outputs=[(2, 3.0)], most=0.4)
    net = network(
        # A circle, a firm that sells to itself, stock without flow, flow without a recipe, a plant that needs nothing,
        # capacity below use, a residual that takes what is not there.
        level=[5.0, 6.0, 7.0, 8.0, 9.0, 0.0],
        links=[(0, 1, 3.0), (2, 0, 3.0), (1, 1, 1.0), (2, 3, 0.0)], makings=[makes], plants=[3],
    )  # fmt: skip
    taken = replace(net.holdings, residual=net.holdings.residual - np.array([0, 0, 0, 0, 0, 40.0]))
    net = changed(replace(net, holdings=taken), most=np.zeros(4))
    ran = simulate(net, open_throughout(net, DAYS), days=DAYS)

    assert ran.activity == pytest.approx(np.ones((2, DAYS)), rel=1e-9)
    assert ran.shipped is not None
    assert ran.shipped[:, -1].tolist() == pytest.approx([3.0, 3.0, 1.0, 0.0])
    assert ran.stock[4].tolist() == pytest.approx([9.0] * DAYS)
    assert ran.raised.tolist() == [0, 0, 0, 0, 0, 40.0]
    assert ran.stock[5, -1] == 0.0


def test_what_is_no_network_is_refused_with_its_place() -> None:
    for table, column, value, place in (
        ("holdings", "level_kg", np.array([1.0, np.nan]), "s1 goods"),
        ("holdings", "residual", np.array([np.inf, 0.0]), "s0 goods"),
        ("edges", "flow", np.array([-1.0]), "row 0"),
        ("edges", "most", np.array([np.inf]), "most"),
        ("edges", "target", np.array([2]), "target"),
        ("edges", "rank", np.array([1, 2]), "rank"),
        ("units", "need_rate", np.array([np.nan]), "need_rate"),
        ("units", "need_start", np.array([0, 7]), "need_start"),
    ):
        net = replace(SALE, **{table: replace(getattr(SALE, table), **{column: value})})
        with pytest.raises(UserError, match=place):
            validate(net)
        with pytest.raises(UserError):
            simulate(net, open_throughout(SALE, 5), days=5)


def test_a_run_that_is_too_large_or_has_no_settings_is_refused() -> None:
    openness = open_throughout(SALE, DAYS)
    for days in (0, DAYS + 1, 10**6):
        with pytest.raises(UserError):
            simulate(SALE, openness, days=days)
    unfit: list[dict[str, Any]] = [
        {"guarantee": 1.1},
        {"substitution": float("nan")},
        {"smoothing_days": 0.0},
        {"rule": "first"},
    ]
    for settings in unfit:
        with pytest.raises(UserError):
            simulate(SALE, openness, days=5, **settings)
    openness.edge[0, 3] = 1.5
    with pytest.raises(UserError, match="share"):
        simulate(SALE, openness, days=5)
    for draws in (0, 10**6):
        with pytest.raises(UserError):
            check_draws(draws)
    check_draws(200)
