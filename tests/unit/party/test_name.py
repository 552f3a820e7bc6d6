"""A name in its parts, whatever it is written in."""

from __future__ import annotations

import pytest

from lodeline.party.name import as_syllables, parsed
from lodeline.party.script import faults, folded


@pytest.mark.parametrize(
    "text",
    [
        "北京中科三环高技术股份有限公司",
        "北京中科三環高技術股份有限公司",
        "Beijing Zhong Ke San Huan Hi-Tech Co., Ltd.",
        "BEIJING ZHONGKE SANHUAN HI TECH CO LTD",
        "Bei Jing Zhong Ke San Huan Gao Ji Shu Gu Fen You Xian Gong Si",
    ],
)
def test_the_same_firm_in_five_spellings_has_the_same_parts(text: str) -> None:
    name = parsed(text)
    assert name.brand == "zhongkesanhuan"
    assert name.places == (frozenset({"CN-BJ"}),)
    assert name.industries == {"hi-tech"}
    assert not name.group


def test_what_has_no_brand_is_known_by_its_direction_and_trade() -> None:
    chinese = parsed("中国北方稀土(集团)高科技股份有限公司")
    english = parsed("China Northern Rare Earth (Group) High-Tech Co., Ltd.")
    assert chinese.brand == english.brand == ""
    assert chinese.directions == english.directions == {"north"}
    assert chinese.industries == english.industries == {"rare-earth", "hi-tech"}
    assert chinese.group
    assert english.group


def test_a_place_stands_for_the_brand_where_nothing_else_does() -> None:
    assert parsed("大同特殊鋼株式会社").brand_han == "大同"
    assert parsed("Daido Steel Co., Ltd.").brand in parsed("大同特殊鋼株式会社").sounds


def test_a_city_whose_spelling_two_share_may_be_either() -> None:
    (place,) = parsed("Fuzhou Mingda Magnet Co., Ltd.").places
    assert {"CN-FJ-FUZHOU", "CN-JX-FUZHOU"} <= place


def test_brackets_hold_a_place_even_after_the_brand() -> None:
    name = parsed("金力永磁(包头)科技有限公司")
    assert name.brand_han == "金力"
    assert name.places == (frozenset({"CN-NM-BAOTOU"}),)


def test_a_word_with_one_typing_error_is_still_that_word() -> None:
    assert parsed("China Southern Rare Eatrh Group Co., Ltd.").industries == {"rare-earth"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("宁波韵升股份有限公司", ()),
        ("NINGBO YUNSHENG CO LTD", ()),
        ("", ("name.empty",)),
        ("   ", ("name.empty",)),
        ("Ningbo\u200b Yunsheng", ("name.invisible-characters",)),
        ("\u202egnehsnuY", ("name.invisible-characters",)),
        ("Vаcuumschmelze", ("name.lookalike-letters",)),
        ("Соликамский магниевый завод", ()),
        ("x" * 10_000, ("name.too-long",)),
    ],
)
def test_what_is_wrong_with_a_name_is_said(text: str, found: tuple[str, ...]) -> None:
    assert faults(text) == found
    parsed(text)


def test_invisible_and_lookalike_letters_change_nothing() -> None:
    assert folded("Ｎingbo\u200b Yunѕheng") == folded("ningbo yunsheng")
    assert folded("شركة المغناطيس") == "شركة المغناطيس"


@pytest.mark.parametrize(
    ("word", "parts"),
    [("yunsheng", ("yun", "sheng")), ("zhongkesanhuan", ("zhong", "ke", "san", "huan")), ("siemens", None)],
)
def test_a_word_is_mandarin_only_if_all_of_it_is(word: str, parts: tuple[str, ...] | None) -> None:
    assert as_syllables(word) == parts
