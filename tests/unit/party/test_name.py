"""A name in its parts, whatever it is written in."""

from __future__ import annotations

import random

import pytest
from pypinyin import lazy_pinyin
from pypinyin.constants import PHRASES_DICT

from lodeline.party import script
from lodeline.party.name import parsed
from lodeline.party.script import as_syllables, faults, folded, pinyin_syllables
from lodeline.party.words import characters


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


def test_hanzi_of_the_mainland_are_folded_without_a_dictionary_and_as_with_one() -> None:
    some = [phrase for phrase in PHRASES_DICT if script._plain().issuperset(phrase)]
    assert len(some) > 40_000
    assert [script.folded(phrase) for phrase in some] == [script.simplified(phrase) for phrase in some]
    assert script.folded("沈思乾坤") == script.simplified("沈思乾坤")


def test_invisible_and_lookalike_letters_change_nothing() -> None:
    assert folded("Ｎingbo\u200b Yunѕheng") == folded("ningbo yunsheng")
    assert folded("شركة المغناطيس") == "شركة المغناطيس"


@pytest.mark.parametrize(
    ("word", "parts"),
    [("yunsheng", ("yun", "sheng")), ("zhongkesanhuan", ("zhong", "ke", "san", "huan")), ("siemens", None)],
)
def test_a_word_is_mandarin_only_if_all_of_it_is(word: str, parts: tuple[str, ...] | None) -> None:
    assert as_syllables(word) == parts


def test_words_are_parted_so_that_least_is_left_over() -> None:
    assert parsed("北京京磁电工科技有限公司").brand_han == "京磁"
    assert parsed("Gan Zhou Jia Tong Xin Cai Liao You Xian Gong Si").brand == "jiatong"


def test_what_is_spelt_by_syllables_is_a_place_only_if_each_of_its_hanzi_is_a_syllable() -> None:
    # "Jian" is 健 here and not 吉安, and what lies elsewhere is no second place.
    spelt = parsed("Xiang Yang Jian Kang Ju Xing Tong Xin You Xian Gong Si")
    assert (spelt.brand, len(spelt.places)) == ("jiankangjuxing", 1)
    assert parsed("An Kang Da Tong Long Yuan Jin Shu You Xian Gong Si").brand == "datonglongyuan"


def test_a_brand_that_sounds_like_a_trade_is_a_brand_in_a_name_that_is_english_otherwise() -> None:
    assert parsed("Ningbo Tongxin Magnets Co., Ltd.").brand == "tongxin"
    assert parsed("Ning Bo Ke Ji You Xian Gong Si").placed


def test_a_country_behind_the_brand_is_a_place_and_a_town_in_the_name_of_a_foreign_firm_is_none() -> None:
    assert parsed("Shin-Etsu Magnetic Materials Vietnam Co., Ltd.").places == (frozenset({"VN"}),)
    assert parsed("大同特殊钢株式会社").brand_han == "大同"
    assert parsed("大同股份有限公司(台湾)").places == (frozenset({"TW"}),)
    assert parsed("大同股份有限公司").placed


def test_a_compound_of_german_says_both_trades_and_hangul_is_no_hanzi() -> None:
    assert parsed("Vacuumschmelze GmbH & Co. KG").industries == {"vacuum", "smelting"}
    assert parsed("성림첨단산업 주식회사").sounds == ("seonglim",)
    assert parsed("성림첨단산업 주식회사").brand_han == ""


def test_hanzi_are_read_as_the_dictionary_of_phrases_reads_them_whether_they_are_a_phrase_or_not() -> None:
    chance = random.Random(5)
    usual = list(characters())[:3345]
    some = ["".join(chance.choices(usual, k=chance.choice((1, 2, 3, 4)))) for _ in range(500)]
    for hanzi in [*some, "重庆", "长春银行", "厦门钨业"]:
        assert pinyin_syllables(hanzi) == tuple(lazy_pinyin(hanzi)), hanzi
    assert pinyin_syllables("重庆") == ("chong", "qing")


def test_a_town_far_away_is_none_in_pinyin_and_one_behind_a_name_that_is_spelt_is_where_the_firm_is() -> None:
    assert parsed("挪威磁业有限公司").places == (frozenset({"NO"}),)
    assert parsed("Nuo Wei En Ci Ti Gong Si").brand == "nuoweien"
    spelt = parsed("Mai Ge Kun Ci Tian Jin You Xian Gong Si")
    assert (spelt.brand, spelt.places) == ("maigekunci", (frozenset({"CN-TJ"}),))


def test_a_word_that_means_something_is_no_typing_error_of_a_trade() -> None:
    assert parsed("Lightning Motor Co., Ltd.").brand == "lightning"
    assert "lighting" in parsed("Lightinng Motor Co., Ltd.").industries


def test_what_words_of_the_table_may_hide_is_told_beside_the_likeliest_parts() -> None:
    def brands(text: str) -> list[str]:
        return [one.brand for one in parsed(text).every]

    # 平显 is a display; the firm is called 地平线, or 东方 with what stands before it.
    assert brands("Di Ping Xian Kuang Ye Gong Si") == ["di", "dipingxian"]
    assert brands("Xin Dong Fang Jiao Yu Ke Ji Ji Tuan You Xian Gong Si") == ["xin", "xindongfang"]
    assert brands("Nuo Ji Ya Gong Si") == ["nuo", "nuojiya"]
    # Bruker is no broker, and recycling goes round in circles.
    assert brands("Bruker Corporation") == ["", "bruker"]
    assert brands("循环磁体有限公司") == ["", "xunhuan"]
    assert brands("Crystal Optech Co., Ltd.") == ["optech", "crystaloptech", "op"]
    # What a branch of trade is joined to may be the brand alone, but not what is pinyin.
    assert brands("HGTECH Co., Ltd.")[1:] == ["hgtech", "hg"]
    assert brands("Eontec Co., Ltd.") == ["eontec", "eon"]
    assert brands("Jintian Co., Ltd.") == ["jintian"]


@pytest.mark.parametrize(
    "text",
    ["Ning Bo Yun Sheng Gu Fen You Xian Gong Si", "宁波韵升股份有限公司", "Zhong Guo Gang Tie Gong Si", "钛业有限公司"],
)
def test_a_name_that_can_be_parted_in_one_way_is_that_alone(text: str) -> None:
    assert [(one.brand, one.placed) for one in parsed(text).every][1:] in ([], [("gangtie", False)])


def test_a_metal_before_a_trade_is_one_by_its_sound_as_well() -> None:
    assert any(one.industries == {"metal", "titanium"} for one in parsed("Tai Jin Shu Gong Si").every)
    assert all("titanium" not in one.industries for one in parsed("Tai Yuan Gong Si").every)
