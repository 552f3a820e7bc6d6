"""Layers, provenance and map: nothing upon anything, nothing outside, areas true."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.web.drawing.samples import T, provenance, world_map

from lodeline.material.mass import PPB
from lodeline.web.drawing.layers import Slot, Strand, lay_out
from lodeline.web.drawing.number import mass_unit
from lodeline.web.drawing.outlines import Outline, equal_earth, natural_earth
from lodeline.web.drawing.provenance import (
    Lot,
    Provenance,
    Step,
    draw_provenance,
    lay_out_provenance,
    share_text,
)
from lodeline.web.drawing.world_map import Arc, Country, centre_of, classes, draw_world_map


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[Slot], list[Strand]]:
    slots = [
        Slot(
            column=draw(st.integers(0, 5)),
            height=draw(st.floats(0, 80)),
            above=draw(st.floats(0, 40)),
            below=draw(st.floats(0, 20)),
            group=draw(st.integers(0, 2)),
        )
        for _ in range(draw(st.integers(1, 20)))
    ]
    pairs = [(a, b) for a, b in combinations(range(len(slots)), 2) if slots[a].column != slots[b].column]
    chosen = draw(st.lists(st.sampled_from(pairs), max_size=30)) if pairs else []
    ordered = [(a, b) if slots[a].column < slots[b].column else (b, a) for a, b in chosen]
    return slots, [Strand(source=a, target=b, width=draw(st.floats(0, 30))) for a, b in ordered]


@given(graphs())
def test_marks_and_their_words_keep_apart_within_the_height(graph: tuple[list[Slot], list[Strand]]) -> None:
    slots, strands = graph
    layout = lay_out(slots, strands, gap=6)
    assert layout == lay_out(slots, strands, gap=6)
    boxes = [
        (slot.column, top - slot.above, top + slot.height + slot.below, slot.group)
        for slot, top in zip(slots, layout.tops, strict=False)
    ]
    for one, other in combinations(boxes, 2):
        if one[0] == other[0]:
            first, second = sorted((one, other), key=lambda box: (box[1], box[2]))
            assert second[1] >= first[2] + 6 - 1e-6
            assert first[3] <= second[3]
    assert all(top >= -1e-6 and bottom <= layout.height + 1e-6 for _, top, bottom, _ in boxes)


def test_two_strands_that_would_cross_are_laid_side_by_side() -> None:
    slots = [Slot(column=column, height=10) for column in (0, 0, 1, 1)]
    strands = [Strand(source=0, target=3, width=5), Strand(source=1, target=2, width=5)]
    tops = lay_out(slots, strands, gap=4).tops
    assert (tops[0] < tops[1]) == (tops[3] < tops[2])


@st.composite
def lot_graphs(draw: st.DrawFn) -> Provenance:
    count = draw(st.integers(1, 40))
    lots = [
        Lot(
            key=str(index),
            layer=draw(st.integers(0, 7)),
            product=draw(st.text(max_size=30)),
            organisation=draw(st.sampled_from(["", "华芯磁材", "Huaxin Magnetics of Ningbo, Incorporated"])),
            date=draw(st.sampled_from(["", "12 Oct"])),
            share_ppb=draw(st.none() | st.integers(0, PPB)),
        )
        for index in range(count)
    ]
    steps = [
        Step(source=lots[a].key, target=lots[b].key, event="run", share_ppb=share)
        for a, b, share in draw(
            st.lists(
                st.tuples(st.integers(0, count - 1), st.integers(0, count - 1), st.none() | st.integers(0, PPB)),
                max_size=60,
            )
        )
        if lots[a].layer < lots[b].layer
    ]
    return Provenance(name="p", lots=tuple(lots), steps=tuple(steps), asked="0", unit=mass_unit(T))


@pytest.mark.medium
@given(lot_graphs())
def test_lots_and_their_words_never_overlap(graph: Provenance) -> None:
    layout = lay_out_provenance(graph)
    labels = [label for lot in layout.lots for label in lot.labels]
    for one, other in combinations(labels, 2):
        assert not one.meets(other)
    for first, second in combinations(layout.lots, 2):
        if first.x == second.x:
            assert first.y + first.height <= second.y or second.y + second.height <= first.y
    for label in labels:
        assert label.x + label.width <= layout.width and label.top >= 0 and label.bottom <= layout.height
    for step, ribbon in layout.ribbons:
        share = 0 if step.share_ppb is None else step.share_ppb
        assert ribbon.width == pytest.approx(share / PPB * 64)
        assert all(top >= 0 and top + ribbon.width <= layout.height for _, _, top in ribbon.stops)
    ElementTree.fromstring(draw_provenance(graph))


def test_the_asked_lot_is_ringed_and_unknown_shares_are_lines() -> None:
    drawn = draw_provenance(provenance())
    assert drawn.count("d-ring") == 1
    assert "N42SH → … 12 more: run 0871" in drawn
    assert (
        "Dy oxide → N42SH: run 0871 · 1.94\u00a0kg · &lt;\u00a00.1\u00a0%" in drawn or "&lt;\u00a00.1\u00a0%" in drawn
    )
    assert draw_provenance(replace(provenance(), lots=(), steps=())) == ""


@pytest.mark.parametrize(
    ("share", "text"), [(PPB, "100 %"), (PPB * 7 // 100, "7.0 %"), (1, "< 0.1 %"), (0, "0 %"), (PPB // 1000, "0.1 %")]
)
def test_shares_are_told_as_far_as_they_say_something(share: int, text: str) -> None:
    assert share_text(share).replace("\u00a0", " ") == text


def test_the_projection_is_that_of_its_paper_and_keeps_areas() -> None:
    """Extent of the published map: x(180°, 0) = 2.7066 and y(90°) = 1.3173 on a globe of radius 1 (PROJ, eqearth)."""
    assert equal_earth(180, 0)[0] == pytest.approx(2.7066299836, abs=1e-9)
    assert equal_earth(0, 90)[1] == pytest.approx(1.3173627591574, abs=1e-9)
    small = 1e-3
    for longitude, latitude in ((0, 0), (100, 35), (-70, -45), (150, 70)):
        x0, y0 = equal_earth(longitude, latitude)
        x1, y1 = equal_earth(longitude + small, latitude)
        x2, y2 = equal_earth(longitude, latitude + small)
        area = abs((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0))
        true = math.radians(small) ** 2 * math.cos(math.radians(latitude))
        assert area / true == pytest.approx(1, abs=1e-4)


def area_km2(outline: Outline) -> float:
    total = 0.0
    for ring in outline.rings:
        points = [equal_earth(*point) for point in ring]
        pairs = zip(points, points[1:] + points[:1], strict=True)
        total += sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairs) / 2
    return abs(total) * 6371.0**2


@pytest.mark.parametrize(("code", "million_km2"), [("CN", 9.4), ("BR", 8.5), ("RU", 17.1), ("AU", 7.7), ("ZA", 1.22)])
def test_countries_are_as_large_as_they_are(code: str, million_km2: float) -> None:
    outline = next(outline for outline in natural_earth() if outline.code == code)
    assert area_km2(outline) == pytest.approx(million_km2 * 1e6, rel=0.06)


def test_no_ring_runs_round_the_back_of_the_globe() -> None:
    assert len(natural_earth()) == 176
    for outline in natural_earth():
        for ring in outline.rings:
            assert all(-180 <= x <= 180 and -90 <= y <= 90 for x, y in ring)
            jumps = [abs(a[0] - b[0]) for a, b in zip(ring, ring[1:] + ring[:1], strict=True)]
            assert max(jumps) < 180, outline.name


def test_arrows_point_into_the_main_part_of_a_country() -> None:
    france = centre_of("FR")
    assert france is not None and -5 < france[0] < 9 and 42 < france[1] < 51
    assert centre_of("SG") is None and centre_of("") is None


@given(st.lists(st.integers(-(10**15), 10**15), max_size=60))
def test_every_value_has_exactly_one_of_at_most_five_shades(values: list[int]) -> None:
    shades = classes(values)
    assert len(shades) == min(5, len(set(values)))
    for value in values:
        assert sum(least <= value <= most for least, most in shades) == 1


def test_a_country_without_an_outline_is_written_below() -> None:
    drawn = draw_world_map(world_map())
    texts = [
        "".join(text.itertext()) for text in ElementTree.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")
    ]
    assert "图上未示： 国SG 12" in texts
    assert drawn.count('href="/countries/') == 6
    assert len(drawn) < 120_000, "a page carries the whole map"


def test_a_map_of_nothing_is_nothing_and_of_one_country_is_one_shade() -> None:
    empty = replace(world_map(), countries=(), sites=(), arcs=())
    assert draw_world_map(empty) == ""
    one = replace(empty, countries=(Country(code="CN", name="中国", mass_mg=-5 * T),))
    assert "d-class-5" in draw_world_map(one)


def test_the_two_ways_between_two_places_lie_apart_and_are_told_at_their_far_end() -> None:
    china, japan = (109.9, 40.6), (138.0, 36.0)
    there = Arc(name="there", start=china, end=japan, mass_mg=2 * T)
    back = Arc(name="back", start=japan, end=china, mass_mg=T, label="from Japan", labelled_at="start")
    world = replace(world_map(), countries=(), sites=(), arcs=(there, back))
    tree = ElementTree.fromstring(draw_world_map(world))
    lines = [path.attrib["d"].split() for path in tree.iter() if path.get("class") == "d-arc d-arc-flow"]
    turns = [float(line[5]) for line in lines]
    assert turns[1] - turns[0] > 5, "the way west bulges less"
    alone = ElementTree.fromstring(draw_world_map(replace(world, arcs=(back,))))
    (label,) = (text for text in alone.iter() if text.tag.endswith("}text"))
    assert "".join(label.itertext()).startswith("from Japan ")
    assert float(label.attrib["x"]) > float(lines[1][1]) > float(lines[0][1]) + 40, "Japan lies east of China"
    assert sum(path.get("class") == "d-arc-head d-arc-head-flow" for path in tree.iter()) == 2
