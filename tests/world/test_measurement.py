"""The numbers behind the rows: streams that never change, errors of the stated size, plants that make no metal."""

from __future__ import annotations

from statistics import mean, pstdev

import pytest

from lodeline.world.gauge import Instruments, composition_text, percent
from lodeline.world.process import cast, separate, shape, smelt
from lodeline.world.stream import Stream
from lodeline.world.tables import Content, deposit_reo, table, treo_of


def test_a_stream_is_the_same_for_ever() -> None:
    stream = Stream(7, 1, 2)
    # Pinned: PCG64's raw words are guaranteed by NumPy, and nothing else may enter.
    assert [stream.integer(0, 999) for _ in range(5)] == [370, 673, 156, 946, 553]
    assert stream.normal() == -1.2878806120716035


def test_normal_deviates_are_standard() -> None:
    deviates = Stream(3, 1).normals(200_000)
    assert abs(float(deviates.mean())) < 0.01
    assert abs(float(deviates.std()) - 1) < 0.01
    assert float((abs(deviates) > 1.96).mean()) == pytest.approx(0.05, abs=0.003)


def test_choices_follow_their_weights() -> None:
    stream = Stream(3, 2)
    drawn = [stream.weighted([("a", 3.0), ("b", 1.0)]) for _ in range(20_000)]
    assert drawn.count("a") / 20_000 == pytest.approx(0.75, abs=0.01)


def test_weighing_has_the_random_error_of_its_method_and_one_bias() -> None:
    instruments, stream = Instruments(Stream(5, 1)), Stream(5, 2)
    gauge = instruments.gauge("oxide")
    errors = [gauge.weigh(stream, 1000.0, 0.0)[0] / 1e9 - 1 for _ in range(5_000)]
    assert pstdev(errors) == pytest.approx(0.0006, rel=0.05)
    assert mean(errors) == pytest.approx(instruments.bias("PLATFORM"), abs=0.00004)


def test_a_recalibrated_scale_has_another_bias() -> None:
    instruments = Instruments(Stream(5, 1))
    before = instruments.gauge("oxide")
    instruments.recalibrate()
    after = instruments.gauge("oxide")
    assert before.weigh_bias != after.weigh_bias
    assert (before.weigh_cell, after.weigh_cell) == ("PLATFORM-A", "PLATFORM-B")


def test_moist_goods_have_whole_milligrams_of_dry_mass() -> None:
    gauge, stream = Instruments(Stream(5, 1)).gauge("concentrate"), Stream(5, 3)
    for _ in range(200):
        net_mg, moisture = gauge.weigh(stream, 40_000.0, 0.08)
        assert net_mg * (10_000 - moisture) % 10_000 == 0
        assert net_mg * (10_000 - moisture) / 10_000 / 1e6 == pytest.approx(40_000, rel=0.01)


def test_percent_is_the_shortest_decimal() -> None:
    assert [percent(ppb) for ppb in (241_000_000, 1_000, 10_000_000, 0)] == ["24.1", "0.0001", "1", "0"]


def test_shares_of_the_total_never_pass_a_hundred() -> None:
    text = composition_text({"La": 250_000_000, "Nd": 250_000_000, "TREO": 584_799_000}, "reo-share")
    shares = dict(part.split("=") for part in text.split(";"))
    assert float(shares["La"]) + float(shares["Nd"]) <= 100
    assert shares["TREO"] == "58.4799"


FEED: Content = {"La": 100.0, "Ce": 200.0, "Pr": 20.0, "Nd": 80.0, "Sm": 5.0, "Tb": 0.5, "Dy": 2.0, "Y": 10.0}


@pytest.mark.parametrize("route", ["light", "heavy", "recycling"])
def test_separation_keeps_every_element(route: str) -> None:
    made = separate(Stream(5, 4), FEED, route, 0.93)
    for element, fed in FEED.items():
        out = sum(lot.mass_kg * lot.content.get(element, 0.0) for lot in made)
        assert out <= fed
        assert out == pytest.approx(fed, rel=0.001)
    assert sum(lot.waste for lot in made) == 1
    for lot in made:
        if not lot.waste:
            assert lot.content["TREO"] == pytest.approx(treo_of({k: v for k, v in lot.content.items() if k != "TREO"}))


def test_smelting_casting_and_shaping_keep_every_element() -> None:
    fed = {"Pr": 25.0, "Nd": 75.0}
    for made in (smelt(fed, "metal:PrNd", 0.96), cast(fed, "N", 0.98)):
        for element, kg in fed.items():
            assert sum(lot.mass_kg * lot.content.get(element, 0.0) for lot in made) == pytest.approx(kg, rel=0.001)
    content = {"Nd": 0.25, "Fe": 0.7}
    made = shape(100.0, content, [("magnet-ndfeb", "a", 0.4), ("magnet-ndfeb", "b", 0.6)], 0.75)
    assert sum(lot.mass_kg * lot.content["Nd"] for lot in made) == pytest.approx(25.0, rel=0.001)
    assert sum(lot.mass_kg for lot in made if not lot.waste) == pytest.approx(75.0)


def test_ore_vectors_keep_the_published_figures() -> None:
    ores = deposit_reo()
    light = ("La", "Ce", "Pr", "Nd")
    assert ores["bayan-obo"]["Ce"] == pytest.approx(0.50, abs=0.01)
    assert sum(ores["bayan-obo"][e] for e in light) > 0.95
    assert ores["longnan"]["Y"] == pytest.approx(0.6483, abs=0.001)
    assert sum(ores["longnan"].get(e, 0) for e in (*light, "Sm", "Eu")) == pytest.approx(0.1053, abs=0.003)
    assert sum(ores["mountain-pass"].get(e, 0) for e in (*light, "Sm", "Eu")) > 0.98
    assert all(sum(vector.values()) == pytest.approx(1) for vector in ores.values())


@pytest.mark.parametrize(
    "name",
    [
        "brands",
        "deposits",
        "foreign",
        "hs",
        "industry",
        "methods",
        "models",
        "places",
        "ports",
        "prices",
        "recipes",
        "reo",
        "season",
        "separation",
        "uses",
        "words",
        "yields",
    ],
)
def test_every_figure_names_its_source(name: str) -> None:
    assert all(row["source"].strip() for row in table(name))
