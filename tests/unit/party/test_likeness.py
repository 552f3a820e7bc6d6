"""Whether two names are one firm's: the brand dominates, what contradicts is a veto."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lodeline.party.likeness import ANOTHER_BRAND, ANOTHER_TRADE, NOTHING, SAME_PARTS, VETO, likeness


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("宁波韵升股份有限公司", "Ningbo Yunsheng Co., Ltd."),
        ("江西金力永磁科技股份有限公司", "Jiangxi Jinli Permanent Magnet Technology Co., Ltd."),
        ("四川江铜稀土有限责任公司", "四川江銅稀土有限責任公司"),
        ("信越化学工業株式会社", "Shin-Etsu Chemical Co., Ltd."),
        ("Công ty Cổ phần Đất hiếm Việt Nam", "Vietnam Rare Earth Joint Stock Company"),
        ("Robert Bosch GmbH", "ROBERT BOSCH Gesellschaft mit beschränkter Haftung"),
    ],
)
def test_one_firm(one: str, other: str) -> None:
    assert likeness(one, other).probability > 0.5


@pytest.mark.parametrize(
    ("one", "other", "veto"),
    [
        ("中国稀土集团有限公司", "China Northern Rare Earth (Group) High-Tech Co., Ltd.", "direction"),
        ("中国南方稀土集团有限公司", "China Northern Rare Earth Group Co., Ltd.", "direction"),
        ("宁波永久磁业有限公司", "Baotou Permanent Magnetics Co., Ltd.", "place"),
        ("第一稀土冶炼厂", "第二稀土冶炼厂", "number"),
    ],
)
def test_what_contradicts_is_a_veto(one: str, other: str, veto: str) -> None:
    found = likeness(one, other)
    assert veto in found.vetoes
    assert found.probability <= VETO


def test_another_syllable_is_another_firm() -> None:
    assert likeness("Ningbo Yunsheng Co., Ltd.", "宁波余盛股份有限公司").probability < 0.5
    assert likeness("Ningbo Yunsheng Co., Ltd.", "Ningbo Yusheng Co., Ltd.").probability < 0.5


def test_another_word_in_the_same_script_is_another_firm_and_a_translation_is_not_judged_by_its_letters() -> None:
    assert likeness("Ericsson", "Erewhon Rotor Works").vetoes == ("brand",)
    assert likeness("宁波韵升股份有限公司", "宁波金鸡股份有限公司").probability <= 0.3
    assert likeness("安徽大地熊新材料股份有限公司", "Earth-Panda Advanced Magnetic Material Co., Ltd.").vetoes == ()


def test_names_of_one_script_whose_parts_are_the_same_are_nearly_certain() -> None:
    assert likeness("Lilliput Magnetics Limited", "LILLIPUT MAGNETICS, LTD.").probability >= SAME_PARTS
    assert likeness("Lilliput Magnetics Limited", "Lilliput Magnetics").probability >= SAME_PARTS
    # A GmbH and an AG of one name are two firms.
    assert likeness("Lilliput Magnetics GmbH", "Lilliput Magnetics AG").probability < SAME_PARTS
    assert likeness("Ningbo Yunsheng Co., Ltd.", "宁波韵升股份有限公司").probability < SAME_PARTS


def test_a_trading_daughter_is_not_its_mother() -> None:
    assert likeness("宁波韵升股份有限公司", "宁波韵升国际贸易有限公司").probability < 0.5


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_two_texts_are_compared_the_same_both_ways(one: str, other: str) -> None:
    here, there = likeness(one, other), likeness(other, one)
    assert 0 <= here.probability <= 1
    assert here.probability == pytest.approx(there.probability)
    assert set(here.vetoes) == set(there.vetoes)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # Transcribed, and translated.
        ("博世有限公司", "Bosch GmbH"),
        ("凤凰光学股份有限公司", "Phoenix Optical Co., Ltd."),
    ],
)
def test_a_brand_that_is_the_other_in_another_tongue_is_likely_it(one: str, other: str) -> None:
    assert likeness(one, other).probability > 0.5


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("卡塔昆有限公司", "Bosch GmbH"),
        ("星宇尖端产业株式会社", "Sungrim Advanced Industry Co., Ltd."),
        ("凤凰光学股份有限公司", "Dragon Optical Co., Ltd."),
        ("四川江铜稀土有限责任公司", "Sichuan Jiangxi Steel Rare Earth Co., Ltd."),
    ],
)
def test_and_one_that_is_not_is_not(one: str, other: str) -> None:
    assert likeness(one, other).probability < 0.5


def test_a_daughter_is_not_certainly_its_parent_and_strangers_in_pinyin_are_not_alike() -> None:
    parent = "宁波韵升股份有限公司"
    assert likeness(parent, "宁波韵升磁体元件技术有限公司").probability <= ANOTHER_TRADE
    pinyin = likeness("Ning Bo Yun Sheng Gu Fen You Xian Gong Si", "乌有乡精密磁材股份有限公司")
    assert pinyin.vetoes == ("brand",) and pinyin.probability <= 0.3


def test_strangers_in_hanzi_and_letters_that_have_nothing_in_common_are_not_worth_a_look() -> None:
    assert likeness("宁波韵升股份有限公司", "Separating Works of the North").probability <= NOTHING
    # A brand that is translated, or letters that transcribe the hanzi, speak for it.
    assert likeness("宁波永久磁材有限公司", "Ningbo Permanent Magnetics Ltd").probability > NOTHING
    assert likeness("博世有限公司", "Bosch GmbH").probability > NOTHING


@pytest.mark.parametrize(
    ("hanzi", "read"),
    [
        ("地平线矿业公司", "Di Ping Xian Kuang Ye Gong Si"),
        ("宝山钢铁股份有限公司", "Bao Shan Gang Tie Gu Fen You Xian Gong Si"),
        ("长城磁业(包头)有限公司", "Chang Cheng Ci Ye Bao Tou You Xian Gong Si"),
    ],
)
def test_a_name_that_is_the_other_read_out_is_nearly_certain(hanzi: str, read: str) -> None:
    assert likeness(hanzi, read).probability >= SAME_PARTS
    assert likeness(hanzi, read).vetoes == ()


@pytest.mark.parametrize(
    ("hanzi", "read"),
    [
        ("地平线矿业公司", "Di Ping Xin Kuang Ye Gong Si"),
        ("三共理化学株式会社", "Sankyo Rikagaku Co., Ltd."),
    ],
)
def test_and_not_with_another_syllable_or_of_a_firm_that_is_not_read_so(hanzi: str, read: str) -> None:
    assert likeness(hanzi, read).probability < SAME_PARTS


@pytest.mark.parametrize(
    ("name", "nearer", "farther", "most"),
    [
        ("宁波永久磁业有限公司", "Baotou Permanent Magnetics Co., Ltd.", "Baotou Permanent Materials Co., Ltd.", VETO),
        # Spelt, its brand is another one by ear each time.
        ("Ning Bo Yun Sheng Ci Cai You Xian Gong Si", "Ningbo Jinji Magnetic Materials Co., Ltd.",
         "Ningbo Jinji Materials Co., Ltd.", ANOTHER_BRAND),
    ],
)  # fmt: skip
def test_names_that_something_speaks_against_keep_their_order(
    name: str, nearer: str, farther: str, most: float
) -> None:
    near, far = likeness(name, nearer), likeness(name, farther)
    assert near.vetoes and far.vetoes
    assert most > near.probability > far.probability


def test_of_several_ways_to_part_a_name_the_likeliest_counts_and_is_told() -> None:
    alike = likeness("Bruker Corporation", "布鲁克公司")
    assert alike.probability > 0.8 and alike.one.brand == "bruker"
    assert likeness("Circular Magnets GmbH", "循环磁体有限公司").probability > 0.3
    assert likeness("Recycling Magnets GmbH", "循环磁体有限公司").one.brand == ""
