"""The flow is exact: one scale, ribbons that fill their marks, words that keep clear of words."""

from __future__ import annotations

from itertools import combinations, pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.web.drawing.samples import T, sankey

from lodeline.web.drawing.number import mass_unit
from lodeline.web.drawing.sankey import Column, Link, Node, NodeKind, Sankey, draw_sankey
from lodeline.web.drawing.sankey_layout import SankeyLayout, lay_out_sankey

LABELS = st.text(max_size=24) | st.sampled_from(["金属镨钕", "Bastnaesite", "有限责任公司第二冶炼分厂"])
KINDS: tuple[NodeKind, ...] = ("flow", "abroad", "use", "recycled")


@st.composite
def flows(draw: st.DrawFn) -> Sankey:
    columns = draw(st.integers(1, 7))
    nodes = [
        Node(
            key=f"n{index}",
            column=draw(st.integers(0, columns - 1)),
            label=draw(LABELS),
            kind=draw(st.sampled_from(KINDS)),
            group=draw(st.sampled_from([None, "At home", "出口"])),
        )
        for index in range(draw(st.integers(1, 14)))
    ]
    open_ends: tuple[NodeKind, NodeKind] = ("gain", "loss")
    nodes += [Node(key=kind, column=0, label=draw(LABELS), kind=kind, sigma_mg=3) for kind in open_ends]
    places = st.integers(0, len(nodes) - 3)
    masses = st.integers(-(10**15), 10**15) | st.integers(-3, 3)
    links = [
        Link(source=f"n{source}", target=f"n{target}", mass_mg=mass)
        for source, target, mass in draw(st.lists(st.tuples(places, places, masses), max_size=24))
    ]
    for place, mass in draw(st.lists(st.tuples(places, st.integers(0, 10**14)), max_size=4)):
        links.append(Link(source="gain", target=f"n{place}", mass_mg=mass))
        links.append(Link(source=f"n{place}", target="loss", mass_mg=mass // 2))
    return Sankey(
        name="flow",
        columns=tuple(Column(label=draw(LABELS), mass_mg=10**14) for _ in range(columns)),
        nodes=tuple(nodes),
        links=tuple(links),
        unit=mass_unit(10**15),
    )


def check(layout: SankeyLayout, flow: Sankey) -> None:
    for one, other in combinations([label for label in layout.labels if label.width > 0], 2):
        assert not one.meets(other), (one, other)
    for label in layout.labels:
        assert label.x >= -0.01 and label.x + label.width <= layout.width + 0.01
        assert label.top >= 0 and label.bottom <= layout.height
    for first, second in combinations(layout.marks, 2):
        apart = first.y + first.height <= second.y + 1e-6 or second.y + second.height <= first.y + 1e-6
        assert first.x != second.x or apart
    drawn = [link for link in flow.links if link.mass_mg]
    assert len(layout.placed) == len(drawn)
    for mark in layout.marks:
        sides = [
            sum(p.ribbon.width for p in layout.placed if getattr(p.link, side) == mark.node.key)
            for side in ("source", "target")
        ]
        assert max(sides) == pytest.approx(mark.height)
    for placed in layout.placed:
        assert placed.ribbon.width == pytest.approx(placed.link.mass_mg * layout.scale)
        for start, end, top in placed.ribbon.stops:
            assert 0 <= start <= end <= layout.width
            assert top >= -0.01 and top + placed.ribbon.width <= layout.height + 0.01
        if placed.lane is not None:
            assert placed.lane + placed.ribbon.width <= layout.height


@given(flows())
def test_a_flow_is_exact_and_its_words_keep_clear(flow: Sankey) -> None:
    layout = lay_out_sankey(flow)
    drawn = draw_sankey(flow)
    if layout is None:
        assert drawn == ""
        assert not any(link.mass_mg for link in flow.links)
    else:
        check(layout, flow)
        ElementTree.fromstring(drawn)


def test_the_ribbons_of_a_side_lie_one_under_the_other_from_the_top() -> None:
    layout = lay_out_sankey(sankey())
    assert layout is not None
    for mark in layout.marks:
        for side, end in (("source", 0), ("target", -1)):
            ribbons = sorted(
                (p.ribbon.stops[end][2], p.ribbon.width)
                for p in layout.placed
                if getattr(p.link, side) == mark.node.key and p.kind not in ("gain", "loss")
            )
            for (top, width), (below, _) in pairwise(ribbons):
                assert below >= top + width - 1e-6


def test_a_gain_enters_at_the_top_and_a_loss_leaves_at_the_foot() -> None:
    layout = lay_out_sankey(sankey())
    assert layout is not None
    marks = {mark.node.key: mark for mark in layout.marks}
    stubs = {placed.kind: placed for placed in layout.placed if placed.kind in ("gain", "loss")}
    assert stubs["gain"].ribbon.stops[-1][2] == pytest.approx(marks["oxide"].y)
    leaving = [p.ribbon.stops[0][2] for p in layout.placed if p.link.source == "metal" and p.kind != "loss"]
    assert stubs["loss"].ribbon.stops[0][2] > max(leaving)
    words = [label.text.replace("\u00a0", " ") for label in layout.labels]
    assert "▲ No origin 31 ± 9" in words and "▼ Missing 6 ± 7" in words


def test_each_ribbon_says_from_where_to_where_and_how_much() -> None:
    drawn = draw_sankey(sankey())
    assert "Swarf → 龙南" in drawn
    assert "金属 → Germany: 124\u00a0t" in drawn
    assert 'href="/lots?stage=ore&amp;element=Nd"' in drawn


def test_a_net_correction_flows_the_other_way() -> None:
    nodes = (Node(key="a", column=0, label="A"), Node(key="b", column=1, label="B"))
    columns = (Column(label="one"), Column(label="two"))
    flow = Sankey(
        name="f",
        columns=columns,
        nodes=nodes,
        links=(Link(source="a", target="b", mass_mg=-5 * T),),
        unit=mass_unit(5 * T),
    )
    layout = lay_out_sankey(flow)
    assert layout is not None
    assert layout.placed[0].lane is not None
    assert "B → A: 5.00" in draw_sankey(flow)


def test_a_skipped_column_leaves_room_for_what_passes() -> None:
    """The ribbon from oxide to Japan passes the column of metal beside the mark of metal, not through it."""
    layout = lay_out_sankey(sankey())
    assert layout is not None
    metal = next(mark for mark in layout.marks if mark.node.key == "metal")
    passing = next(p.ribbon for p in layout.placed if (p.link.source, p.link.target) == ("oxide", "jp"))
    top = passing.stops[1][2]
    assert passing.stops[1][0] == pytest.approx(metal.x)
    assert top + passing.width <= metal.y or top >= metal.y + metal.height


def test_a_short_way_back_has_room_for_its_words() -> None:
    nodes = tuple(Node(key=f"n{at}", column=at, label="Separation and refining") for at in range(7))
    back = Link(source="n3", target="n2", mass_mg=3 * T)
    links = (*(Link(source=f"n{at}", target=f"n{at + 1}", mass_mg=9 * T) for at in range(6)), back)
    columns = tuple(Column(label=str(at)) for at in range(7))
    flow = Sankey(name="Flow", columns=columns, nodes=nodes, links=links, unit=mass_unit(9 * T))
    assert ">↩ Separation and refining → Separation and refining 3.00</text>" in draw_sankey(flow)
