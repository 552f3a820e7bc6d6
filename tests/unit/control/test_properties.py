"""What holds of the desk whatever is declared."""

from __future__ import annotations

import random
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.unit.control.conftest import CLEAN, TODAY, Fields, licences, verdict_on

from lodeline.control.declaration import columns
from lodeline.control.reason import VERDICTS
from lodeline.regulation.control_list import control_items
from lodeline.regulation.parameter import load

pytestmark = pytest.mark.medium

LISTED = sorted({item.element for item in control_items(load("cn"), date(2025, 7, 4), known=TODAY)})
NAMES = (
    "NdFeB magnets", "SmCo magnets", "permanent magnets", "neodymium metal", "rare earth oxide", "alloy", "钕铁硼废料",
    "ferrite magnets", "Rotor assembly with magnets", "washing powder", "靶材样品", "传感器", "催化剂", "荧光粉",
    "YAG 晶体", "steel scrap", "废旧电机", "handbag with magnets", "钬激光治疗机",
)  # fmt: skip
CODES = ("8505111000", "8505119000", "2805301100", "2846901993", "8503009090", "3402900000", "3815120000", "9001909090")
SHARES = st.dictionaries(st.sampled_from(["Nd", "Pr", "Fe", "B", "Co", *LISTED]), st.integers(0, 700), max_size=6)


@st.composite
def declared(draw: st.DrawFn) -> Fields:
    """A line that can be read; shares in hundredths of a percent, so that they stay far from 100 together."""
    shares = draw(SHARES)
    light = draw(st.integers(0, 40))
    text = ";".join(f"{symbol}={share / 100}" for symbol, share in ({"Nd": light * 100} | shares).items())
    line = {"product_name": draw(st.sampled_from(NAMES)), "hs_code": draw(st.sampled_from(CODES)), "composition": text}
    if draw(st.booleans()):
        line["controlled_declared"] = draw(st.sampled_from(["yes", "no"]))
    return CLEAN | line


def strictness(line: Fields, **options: object) -> int:
    (found,) = verdict_on(line, **options)
    return VERDICTS.index(found.verdict)


#: Of a rotor no element is controlled: what its composition leaves out hides nothing.
ROTOR = CLEAN | {"product_name": "Rotor assembly with magnets", "hs_code": "8503009090", "composition": "Nd=37;Y=0.3"}


@given(line=declared(), element=st.sampled_from(LISTED), share=st.integers(20, 1000))
@example(line=ROTOR, element="Dy", share=20)
def test_a_listed_element_above_the_band_never_makes_the_verdict_milder(line: Fields, element: str, share: int) -> None:
    assert strictness(line | {"assay_composition": f"{element}={share / 100}"}) >= strictness(without(line, element))


def without(line: Fields, element: str) -> Fields:
    parts = [part for part in line["composition"].split(";") if not part.startswith(f"{element}=")]
    return line | {"composition": ";".join(parts)}


@given(line=declared())
def test_a_licence_that_covers_never_makes_the_verdict_stricter(line: Fields) -> None:
    items = sorted({item.item for item in control_items(load("cn"), date(2025, 7, 4), known=TODAY)})
    register = licences(control_items=items, products=[], elements="")
    assert strictness(line | {"licence": "LIC-1"}, licences=register) <= strictness(line, licences=register)


@given(lines=st.lists(declared(), min_size=1, max_size=5), seed=st.randoms(use_true_random=False))
def test_the_order_of_lines_and_columns_is_irrelevant(lines: list[Fields], seed: random.Random) -> None:
    lines = [line | {"line": str(number), "licence": "LIC-1"} for number, line in enumerate(lines)]
    mixed = [dict(seed.sample(list(line.items()), len(line))) for line in seed.sample(lines, len(lines))]
    expected = {one.line["line"]: one.reasons for one in verdict_on(*lines, licences=licences())}
    assert {one.line["line"]: one.reasons for one in verdict_on(*mixed, licences=licences())} == expected


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
CELLS = st.one_of(
    TEXT, st.sampled_from(["Nd=30", "Dy=1e9", "=;=", "；；", "1C905.a.4;", "NaN", "9" * 70, "2025-07-04"])
)


@given(line=st.dictionaries(st.sampled_from(sorted(columns())), CELLS))
def test_no_text_raises_and_what_cannot_be_read_is_never_released(line: Fields) -> None:
    (found,) = verdict_on(line, licences=licences())
    if not found.line.is_read:
        assert found.verdict != "release"
    for reason in found.reasons:
        assert reason.as_json()
