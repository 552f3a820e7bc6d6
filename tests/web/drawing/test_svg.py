"""Words enter safely, numbers are written as people read them, text keeps to its room."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lodeline.web.drawing.lettering import boxed, fit, text_width
from lodeline.web.drawing.number import Unit, grouped, mass_unit, nice_ticks, tick_decimals
from lodeline.web.drawing.svg import coordinate, element, escape, hatch, link


@given(st.text(alphabet=st.characters()))
def test_any_text_survives_as_element_and_as_attribute(text: str) -> None:
    node = ElementTree.fromstring(element("text", escape(text), aria_label=text))
    assert len(node) == 0
    kept = "".join(character for character in text if character.isprintable())
    shown = "".join(character for character in (node.text or "") if character.isprintable())
    assert shown.replace("\ufffd", "") == kept.replace("\ufffd", "")
    assert set(node.attrib) == {"aria-label"}


def test_looks_behaviour_and_strange_addresses_are_our_own_mistakes() -> None:
    attempts: tuple[Callable[[], object], ...] = (
        lambda: element("g", style="fill: red"),
        lambda: element("g", onclick="go()"),
        lambda: element("script"),
        lambda: link("javascript:alert(1)", "name"),
        lambda: link(" DATA:text/html,x", "name"),
        lambda: hatch('x" onload="'),
    )
    for attempt in attempts:
        with pytest.raises(AssertionError):
            attempt()


@pytest.mark.parametrize(
    ("value", "text"), [(12.04, "12"), (-0.04, "0"), (12.06, "12.1"), (-3.25, "-3.2"), (1e9, "1000000000")]
)
def test_coordinates_keep_a_tenth(value: float, text: str) -> None:
    assert coordinate(value) == text


@pytest.mark.parametrize(
    ("value", "decimals", "signed", "text"),
    [
        (1234567, 0, False, "1\u202f234\u202f567"),
        (-3.2, 1, False, "\u22123.2"),
        (3.2, 1, True, "+3.2"),
        (-0.04, 1, True, "0.0"),
        (0, 0, True, "0"),
    ],
)
def test_numbers_have_groups_and_a_real_minus(value: float, decimals: int, signed: bool, text: str) -> None:
    assert grouped(value, decimals, signed=signed) == text


def test_the_unit_follows_the_largest_mass_and_its_word_the_language() -> None:
    assert mass_unit(4478 * 10**9).full(4478 * 10**9) == "4\u202f478\u00a0t"
    assert mass_unit(12_300_000, kilogram="千克").full(12_300_000) == "12.3千克"
    assert mass_unit(999_999).word == "g"
    assert mass_unit(-5 * 10**9).bare(-5 * 10**9) == "\u22125.00"
    assert Unit(word="t", mg=10**9, decimals=0).uncertain(31 * 10**9, 9 * 10**9) == "31\u00a0±\u00a09"


@given(st.floats(-1e18, 1e18), st.floats(0, 1e18))
def test_ticks_are_few_round_and_cover_the_range(low: float, extent: float) -> None:
    if extent < abs(low) * 1e-6:
        extent = 0.0
    ticks = nice_ticks(low, low + extent)
    step = ticks[1] - ticks[0]
    assert 2 <= len(ticks) <= 12
    assert ticks[0] <= low + step * 1e-6 and ticks[-1] >= low + extent - step * 1e-6
    assert f"{step:.0e}"[0] in "125"


def test_tick_decimals_tell_neighbours_apart() -> None:
    assert tick_decimals((0.0, 0.2)) == 1
    assert tick_decimals((0.0, 0.05)) == 2
    assert tick_decimals((0.0, 10.0)) == 0


@given(st.text(), st.floats(0, 300))
def test_what_is_cut_fits_its_room(text: str, width: float) -> None:
    shown = fit(text, width)
    assert text_width(shown) <= width + 0.02
    assert shown in (text, "") or shown.endswith("…")


def test_chinese_takes_a_whole_em_and_bold_takes_more() -> None:
    assert text_width("稀土", 12) == 24
    assert boxed(0, 0, "Nd", class_="d-strong").width > boxed(0, 0, "Nd").width
    assert boxed(100, 0, "Nd", anchor="end").x < boxed(100, 0, "Nd", anchor="middle").x < 100
