"""A run of a scenario: what it says on a network by hand, and that it says what it rests on."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.based import unbased
from tests.unit.strategy.small import STARTS, ban, licence, network, scenario

from lodeline.errors import UserError
from lodeline.regulation.pack import shipped_codes
from lodeline.regulation.parameter import Jurisdiction, load
from lodeline.strategy.draws import applied, joint, middle, moved, ranges
from lodeline.strategy.inputs.assumptions import assumption
from lodeline.strategy.inputs.tables import EMPTY, schema
from lodeline.strategy.losses import crossing, curves, prices
from lodeline.strategy.run import Run, percentiles, run
from lodeline.strategy.scenario import Scenario


@cache
def _law() -> Jurisdiction:
    return load(shipped_codes()[0])


def _run(wanted: Scenario, **more: Any) -> Run:
    given = more.pop("network", None)
    return run(network() if given is None else given, wanted, law=_law(), **more)


def _plants(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["plant"]: one for one in document["plants"]}


def test_a_plant_that_gets_nothing_stops_when_stock_and_goods_under_way_are_used_up() -> None:
    found = _run(scenario(ban()), network=network(assumed=False))
    stop = dict(zip(("P1", "P2", "P3", "P4"), found.central.stop, strict=True))
    assert stop["P1"] == pytest.approx(20 + 30, abs=1)
    assert stop["P2"] == pytest.approx(40 + 30, abs=1)
    assert stop["P3"] == stop["P4"] == np.inf
    plant = _plants(found.as_json())["P1"]
    assert plant["tts_days"]["p50"] == pytest.approx(50)
    assert plant["ttr_days"]["what"] == "qualification"
    assert plant["binding"] == {"class": "magnet-ndfeb+heavy", "element": "Dy", "supplier": "MAKER"}
    assert plant["lost_kg"]["p50"] == pytest.approx((180 - 50) * 10, rel=0.15)


def test_a_licence_is_what_a_plant_waits_for() -> None:
    plant = _plants(_run(scenario(licence(days=30, approval=1.0)), network=network(assumed=False)).as_json())["P1"]
    # Of 20 to 60 working days, 30 the likeliest, half the draws are beyond 36: seven weeks and the holidays of April;
    # then goods sail for a month.
    assert plant["ttr_days"]["what"] == "licence"
    assert 80 <= plant["ttr_days"]["central"] <= 88
    assert plant["ttr_days"]["low"] < plant["ttr_days"]["central"] < plant["ttr_days"]["high"]


def test_every_number_of_the_document_says_what_it_rests_on_and_two_runs_give_the_same_bytes() -> None:
    first, second = (json.dumps(_run(scenario(licence(approval=0.5))).as_json()) for _ in range(2))
    assert first == second
    assert unbased(json.loads(first)) == []
    other = json.dumps(_run(scenario(licence(approval=0.5)), seed=2).as_json())
    assert other != first


def test_a_scenario_with_nothing_in_its_scope_says_so_and_answers_zero() -> None:
    document = _run(scenario(ban("US"))).as_json()
    assert [one["code"] for one in document["notes"]] == ["no-edge-in-scope"]
    assert document["plants"] == []
    assert document["totals"]["lost_kg"] == {"p10": 0, "p50": 0, "p90": 0}
    assert document["scope"]["edges"] == 0
    assert "nothing that was shipped" in document["headline"]["en"]
    assert set(document["loss"]["buyer"]["high"]) == {0}


def test_the_headline_names_the_assumption_on_which_most_hangs() -> None:
    document = _run(scenario(ban())).as_json()
    assert "first plant stops" in document["headline"]["en"]
    assert document["headline"]["en"].endswith("Most hangs on customers' stock, which is assumed.")
    assert "用户库存" in document["headline"]["zh"]
    assert document["tornado"][0]["key"] == document["inputs"][0]["key"] == "stock_days_customer"
    # Of stocks of 20 and 40 days, from 28/60 to 128/60 of them.
    assert document["tornado"][0]["swing_days"] == pytest.approx(30 * 100 / 60, abs=2)


def test_what_nobody_knows_is_not_what_a_table_says() -> None:
    cover = pl.DataFrame(
        {"plant": ["P1"], "class": ["magnet-ndfeb+heavy"], "stock_days": [20.0], "low_days": [16.0],
         "high_days": [25.0], "source": ["synthetic world"]},
        schema_overrides=dict(schema("cover")),
    )  # fmt: skip
    given = pl.concat([EMPTY.cover, cover], how="diagonal")
    found = ranges(network(), scenario(ban()), given, ())
    drawn = joint(found, seed=1, draws=2000)
    assert np.quantile(drawn.stock[0], [0.1, 0.5, 0.9]) * 20 == pytest.approx([16, 20, 25], rel=0.03)
    default = assumption("stock_days_customer")
    spread = np.array([default.low, default.central, default.high]) / default.central
    assert np.quantile(drawn.stock[1], [0.1, 0.5, 0.9]) == pytest.approx(spread, rel=0.06)
    assert next(one for one in found.inputs if one.key == "cover").basis == "synthetic"


def test_another_plant_changes_no_others_luck() -> None:
    few = joint(ranges(network(), scenario(ban()), EMPTY.cover, ()), seed=1, draws=20)
    more = network((20.0, 40.0, 80.0, 40.0, 9.0), countries=("DE", "DE", "JP", "CN", "DE"))
    many = joint(ranges(more, scenario(ban()), EMPTY.cover, ()), seed=1, draws=20)
    assert (few.stock == many.stock[:4]).all()
    assert not np.allclose(many.stock[4], many.stock[0])


def test_the_middle_leaves_the_network_as_it_is() -> None:
    found = ranges(network(), scenario(ban()), EMPTY.cover, ())
    same = applied(network(), found, middle(found))
    assert (same.holdings.level_kg == network().holdings.level_kg).all()
    assert (same.edges.transit == network().edges.transit).all()
    late = applied(network(), found, moved(found, middle(found), "transit_days_sea", "high"))
    assert late.edges.transit.tolist() == [40, 40, 40, 2]


def test_what_helps_is_the_run_again_with_one_thing_added() -> None:
    document = _run(scenario(ban()), network=network(assumed=False)).as_json()
    plant = _plants(document)["P1"]
    helps = {one["what"]: one for one in plant["helps"]}
    assert set(helps) == {"stock", "supplier", "substitution", "licence", "general-licence"}
    assert helps["stock"]["later_days"] == pytest.approx(30, abs=1)
    assert helps["stock"]["avoided_per_kg"] == pytest.approx(1, abs=0.01)
    assert not helps["licence"]["stops"]
    assert all(one["avoided_kg"] >= -1e-6 for one in helps.values())
    assert _plants(_run(scenario(ban()), helped=1).as_json())["P2"]["helps"] == []
    assert "helps-of-first" in [one["code"] for one in _run(scenario(ban()), helped=1).as_json()["notes"]]


def test_the_seller_loses_first_and_the_buyer_more_in_the_end() -> None:
    small = network(assumed=False, loss=20_000.0)
    found = _run(scenario(ban()), network=small)
    loss = found.as_json()["loss"]
    assert loss["seller"]["central"][3] > loss["buyer"]["central"][3] == 0
    assert loss["buyer"]["central"][-1] > loss["seller"]["central"][-1]
    assert 49 <= loss["crosses"]["p50"] <= 60
    for side in ("seller", "buyer"):
        low, central, high = (np.array(loss[side][one]) for one in ("low", "central", "high"))
        assert (low <= central + 1e-6).all()
        assert (central <= high + 1e-6).all()
    # 20 kg a day to DE at 80 a kilogram.
    assert loss["seller"]["central"][1] == pytest.approx(7 * 20 * 80, rel=0.01)


def test_money_of_two_currencies_is_not_added() -> None:
    small = network()
    mixed = replace(small, units=replace(small.units, currency=("USD", "EUR", "USD", "USD")))
    money = prices(mixed)
    assert (money.currency, money.left_out, money.plant[1].tolist()) == ("USD", 1, [0.0, 0.0, 0.0])
    foreign = replace(small, edges=replace(small.edges, currency=("EUR",) * 4))
    document = _run(scenario(ban()), network=foreign).as_json()
    assert document["loss"]["crosses"]["p50"] is None
    assert "sides-in-two-currencies" in [one["code"] for one in document["notes"]]


def test_losses_of_two_currencies_cross_at_an_assumed_rate_and_stay_in_their_own() -> None:
    small = network(assumed=False, loss=20_000.0)
    rate = assumption("rate:CNY")
    edges = small.edges
    yuan = replace(edges, currency=("CNY",) * 4, value_per_kg=edges.value_per_kg * rate.central)
    one = _run(scenario(ban()), network=small).as_json()
    other = _run(scenario(ban()), network=replace(small, edges=yuan)).as_json()
    loss, wanted = other["loss"], one["loss"]
    assert (loss["currency"], loss["seller_currency"], wanted["rate"]) == ("USD", "CNY", None)
    assert loss["seller"]["central"][1] == pytest.approx(rate.central * wanted["seller"]["central"][1], rel=1e-5)
    assert loss["buyer"] == wanted["buyer"]
    assert loss["crosses"]["p50"] == pytest.approx(wanted["crosses"]["p50"], abs=2)
    told = [loss["rate"][one] for one in ("low", "value", "high")]
    assert told == pytest.approx([rate.low, rate.central, rate.high], rel=1e-5)
    assert loss["rate"]["unit"] == rate.unit
    # A dearer yuan makes the seller's loss weigh more, and the day later.
    assert loss["rate"]["crosses"]["low"] >= loss["rate"]["crosses"]["high"]
    assert "rate:CNY" in [each["key"] for each in other["inputs"]]
    assert "rate-assumed" in [each["code"] for each in other["notes"]]
    assert unbased(other) == []


def test_a_scenario_that_does_nothing_or_is_of_another_time_says_so() -> None:
    def codes(wanted: Scenario) -> list[str]:
        return [one["code"] for one in _run(wanted).as_json()["notes"]]

    assert "no-instrument" in codes(scenario())
    assert "it has no instrument" in _run(scenario()).as_json()["headline"]["en"]
    usual = scenario(ban())
    assert not {"starts-before-window-ends", "starts-long-after-window"} & set(codes(usual))
    assert "starts-before-window-ends" in codes(replace(usual, starts=STARTS - timedelta(days=1)))
    assert "starts-long-after-window" in codes(replace(usual, starts=STARTS + timedelta(days=90)))


def test_where_nobody_said_what_a_stop_costs_the_goods_say_it() -> None:
    small = network()
    silent = replace(small, units=replace(small.units, loss_per_day=np.full(4, np.nan)))
    factor = assumption("buyer_loss_times_goods")
    assert prices(silent).plant[0] == pytest.approx([factor.low * 800, factor.central * 800, factor.high * 800])


def test_curves_cross_once_anybody_lost_anything() -> None:
    nothing, shipped = np.zeros((4, 5)), np.full((3, 5), 10.0)
    idle = curves(network(), prices(network()), idle=nothing, shipped=shipped, watched=np.arange(3))
    assert crossing(idle) == np.inf


@pytest.mark.parametrize("draws", [0, -1, 1_000_000])
def test_draws_that_nobody_waits_for_are_refused(draws: int) -> None:
    with pytest.raises(UserError, match="draws"):
        _run(scenario(ban()), draws=draws)


def test_percentiles_of_days_that_never_come() -> None:
    assert percentiles(np.array([5.0, np.inf, 3.0, np.inf, np.inf])) == (3.0, np.inf, np.inf)


def test_progress_is_told_to_the_end() -> None:
    told: list[tuple[int, int]] = []
    _run(scenario(ban(), draws=5), progress=lambda done, whole: told.append((done, whole)))
    assert told[-1][0] == told[-1][1] >= 6
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_what_befalls_plants_out_of_reach_is_not_of_the_instruments_making() -> None:
    found = _run(scenario(ban(), draws=30))
    assert {found.network.units.name[found.plants[place]] for place in found.touched} == {"P1", "P2"}
    assert found.lost_kg[2:].sum() == 0
    assert found.scenario.starts == STARTS


def test_a_plant_that_stops_with_no_control_is_on_the_first_line_and_left_out() -> None:
    small = network((20.0, 40.0, 5.0, 40.0), assumed=False)
    # Nothing is under way: who has stock for 5 days or 20 stands still for want of goods that sail for 30.
    late = replace(small, arrivals=np.zeros((4, 40)))
    found = _run(scenario(ban(), draws=10), network=late)
    names = found.network.units.name
    assert [(names[one.unit], one.day, one.edge) for one in found.alone] == [("P1", 20, -1), ("P3", 5, -1)]
    assert [names[unit] for unit in found.plants] == ["P2", "P4"]
    document = found.as_json()
    assert (
        "2 of 4 plants (50 % of all need) stop with no control at all, as what is under way comes after their stock is "
        "used up (2), and are left out." in document["headline"]["en"]
    )
    assert "4家工厂中有2家" in document["headline"]["zh"]
    assert [one["plant"] for one in document["plants"]] == ["P2"]
    assert document["totals"]["plants"] == 2
    rows = [(one["plant"], one["stop_day"], one["class"], one["why"]) for one in document["without_control"]]
    assert rows == [("P1", 20, "magnet-ndfeb+heavy", "late"), ("P3", 5, "magnet-ndfeb+heavy", "late")]
    assert unbased(document) == []
    # The loss of P2 alone: 1000 a day.
    assert document["loss"]["buyer"]["central"][-1] <= 1000 * 180
    # Of a supplier that sends less, its name stands there; and where none stops, nothing is stated.
    less = replace(small, holdings=replace(small.holdings, origin=np.array([4.0, 0, 0, 0, 0]), residual=np.zeros(5)))
    named = _run(scenario(ban(), draws=5), network=less).as_json()
    assert {(one["why"], one["supplier"]) for one in named["without_control"]} == {("supplier", "MAKER")}
    assert "as suppliers send less than in the base window (" in named["headline"]["en"]
    usual = _run(scenario(ban(), draws=5)).as_json()
    assert usual["without_control"] == [] and "no control" not in usual["headline"]["en"]


def test_a_plant_that_is_short_in_some_draws_without_any_instrument_does_not_stop_by_one() -> None:
    small = network((40.0, 40.0, 33.0, 40.0), assumed=False)
    # Nothing is under way; at sea for 30 days in the middle, and for longer than its stock in some draws.
    late = replace(small, arrivals=np.zeros((4, 40)))
    found = _run(scenario(ban(), draws=40), network=late)
    assert found.alone == ()
    assert (found.draws.transit[2] * 30 > 35).any()
    assert not np.isfinite(found.stop[2]).any()
    assert 2 not in found.touched


def test_with_a_share_of_approvals_middle_tornado_and_help_agree_with_the_draws() -> None:
    # Ten plants, and licences of which six in ten are approved: in the middle all are slowed and none stops.
    many = network((40.0,) * 10, countries=("DE",) * 10)
    act = licence(days=10, approval=0.6)
    document = (found := _run(scenario(act, draws=60), network=many)).as_json()
    lost = found.lost_kg.sum(axis=0)
    low, _, high = percentiles(lost)
    assert low <= found.central.lost_kg.sum() <= high
    assert low > 0 and not np.isfinite(found.central.stop).any()
    stopping = document["totals"]["stopping"]
    assert stopping["p10"] >= 1
    assert document["headline"]["en"].partition("Most hangs on ")[2]
    moves = {one["key"]: one["swing_days"] for one in document["tornado"]}
    assert moves["stock_days_customer"] > 5
    assert moves["approval_share"] > 5
    for plant in document["plants"]:
        for one in plant["helps"]:
            assert one["avoided_kg"] <= plant["lost_kg"]["p90"] * 1.5
            assert one["later_days"] > 0 or one["what"] != "stock"


def test_a_case_that_two_instruments_ask_for_is_approved_once() -> None:
    first = licence(days=10, approval=0.5)
    both = (first, replace(first, id="second"))
    net = network(assumed=False)
    one, two = (_run(scenario(*acts, draws=30), network=net) for acts in ((first,), both))
    assert np.isclose(one.ends["central"].edge, two.ends["central"].edge).all()
    assert (one.lost_kg == two.lost_kg).all()


def test_a_plant_that_uses_nothing_in_scope_is_never_named() -> None:
    small = network((4.0, 4.0, 40.0, 40.0), countries=("DE", "DE", "DE", "DE"), assumed=False)
    # P1 and P2 use goods without the element; they run short of what is late, with the control and without.
    plain = replace(
        small.holdings, goods=("magnet-ndfeb+heavy", "magnet-ndfeb", "magnet-ndfeb", *small.holdings.goods[3:])
    )
    sites = replace(
        plain, site=("M1", *plain.site[1:], "M2"), organisation=(*plain.organisation, "OTHER"),
        goods=(*plain.goods, "magnet-ndfeb"), country=(*plain.country, "CN"), is_plant=np.append(plain.is_plant, False),
        level_kg=np.append(plain.level_kg, 40.0), level_basis=(*plain.level_basis, "exact"),
        origin=np.append(plain.origin, 20.0), residual=np.append(plain.residual, 0.0),
        floor_kg=np.append(plain.floor_kg, 0.0), content=np.vstack([plain.content, [0.3, 0.0]]),
    )  # fmt: skip
    late = replace(
        small, holdings=sites, edges=replace(small.edges, source=np.array([5, 5, 0, 0])), arrivals=np.zeros((4, 40))
    )
    found = _run(scenario(ban(), draws=30), network=late)
    assert found.trajectory.activity[:2].min() < 0.5
    assert {found.network.units.name[found.plants[place]] for place in found.touched} == {"P3", "P4"}
    assert [found.network.units.name[one.unit] for one in found.alone] == ["P1", "P2"]
    assert len(found.plants) == 2 and np.isfinite(found.stop).all()
