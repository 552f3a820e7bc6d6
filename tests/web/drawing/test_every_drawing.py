"""What holds for all drawings: the same bytes, well formed, no style, no script, no class without a look."""

from __future__ import annotations

import os
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tests.web.drawing.samples import LONG, drawings

import lodeline.web

GOLDEN = Path(__file__).parent / "golden"
STYLESHEET = Path(lodeline.web.__file__).parent / "static" / "lodeline" / "drawing.css"
DRAWN = drawings()


def parsed(markup: str) -> ElementTree.Element:
    return ElementTree.fromstring(f"<all>{markup}</all>")


@pytest.mark.parametrize("name", DRAWN)
def test_a_drawing_is_the_bytes_of_its_golden_file(name: str) -> None:
    """`LODELINE_GOLDEN=write pytest tests/web/drawing` writes them anew; look at the pictures before they are kept."""
    path = GOLDEN / f"{name}.svg"
    lines = re.sub(r"(?<=>)(?=<)", "\n", DRAWN[name]) + "\n"
    if os.environ.get("LODELINE_GOLDEN") == "write":
        path.write_text(lines, encoding="utf-8")
    assert lines == path.read_text(encoding="utf-8")


def test_every_golden_file_has_a_drawing() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(DRAWN)


@pytest.mark.parametrize("name", DRAWN)
def test_markup_carries_neither_style_nor_script(name: str) -> None:
    for part in parsed(DRAWN[name]).iter():
        assert not part.tag.endswith(("script", "style", "foreignObject"))
        assert not [key for key in part.attrib if key == "style" or key.startswith("on")]


@pytest.mark.parametrize("name", DRAWN)
def test_what_links_has_a_name_and_is_no_part_of_an_image(name: str) -> None:
    tree = parsed(DRAWN[name])
    for link in (part for part in tree.iter() if part.tag.rpartition("}")[2] == "a"):
        assert link.attrib["aria-label"].strip()
    for svg in (part for part in tree.iter() if part.tag == "{http://www.w3.org/2000/svg}svg"):
        if svg.get("aria-hidden") == "true":
            continue
        linked = any(part.tag.endswith("}a") for part in svg.iter())
        assert svg.attrib["role"] == ("group" if linked else "img")
        assert svg.attrib["aria-label"]


@pytest.mark.parametrize("name", DRAWN)
def test_numbers_keep_to_a_tenth_of_a_pixel(name: str) -> None:
    for part in parsed(DRAWN[name]).iter():
        for key in ("d", "x", "y", "width", "height", "cx", "cy", "r"):
            assert not re.search(r"\.\d\d", part.attrib.get(key, "")), part.attrib


@pytest.mark.parametrize("name", DRAWN)
def test_every_path_begins_with_a_move(name: str) -> None:
    paths = [part.attrib["d"] for part in parsed(DRAWN[name]).iter() if "d" in part.attrib]
    assert all(path.startswith("M") for path in paths)


def test_every_class_drawn_has_a_look_and_every_look_is_drawn() -> None:
    styled = set(re.findall(r"\.(d-[a-z0-9-]+)", STYLESHEET.read_text(encoding="utf-8")))
    used = {
        name for markup in DRAWN.values() for names in re.findall(r'class="([^"]*)"', markup) for name in names.split()
    }
    # Names of whole drawings, and of kinds that look like the plain one.
    plain = {"drawing", "d-sankey", "d-control-chart", "d-provenance", "d-world-map", "d-bars", "d-stacks", "d-month"}
    plain |= {"d-timeline", "d-strip", "d-intervals", "d-stops", "d-curves", "d-tornado"}
    plain |= {"d-flow", "d-abroad", "d-use", "d-recycled", "d-thin-flow", "d-thin-abroad", "d-mark-flow", "d-arc-flow"}
    plain |= {"d-arc-head-flow"}
    assert used - styled <= plain
    assert styled - used == {"d-wide", "d-narrow"}, "the page decides between a wide and a narrow drawing"


def test_a_name_too_long_is_cut_on_the_mark_and_whole_in_its_title() -> None:
    for name in ("sankey", "provenance"):
        titles = [part.text for part in parsed(DRAWN[name]).iter("{http://www.w3.org/2000/svg}title")]
        shown = ["".join(part.itertext()) for part in parsed(DRAWN[name]).iter("{http://www.w3.org/2000/svg}text")]
        assert LONG in titles
        assert any(text.endswith("…") for text in shown)
