"""Hanzi as other tongues spell them, the consonants of transcriptions, and what stands for a brand in short."""

from __future__ import annotations

import pytest

from lodeline.party import transcription
from lodeline.party.abroad import cantonese, characters, korean, read_abroad, wade
from lodeline.party.brand import acronym, in_pinyin, meaning, meaning_by_sound, shortens
from lodeline.party.index import NameIndex
from lodeline.party.name import parsed
from lodeline.party.script import spoken


@pytest.mark.parametrize(
    ("hanzi", "spelling"),
    [("清", "ching"), ("永发", "wingfat"), ("广", "kwong"), ("星林", "sungrim"), ("昭和", "showa"), ("兴海", "hunghai"),
     ("星宇", "sungwoo"), ("大同", "tatung")],
)  # fmt: skip
def test_hanzi_are_spelt_as_they_sound_abroad(hanzi: str, spelling: str) -> None:
    assert spelling in read_abroad(hanzi, spoken(hanzi))


def test_spellings_are_made_by_rule_from_one_reading_of_each_character() -> None:
    assert [wade(one) for one in ("qing", "xing", "zhong", "guo")] == ["ching", "hsing", "chung", "kuo"]
    assert [cantonese(one) for one in ("gwong", "zoeng", "waa", "hing")] == ["kwong", "cheung", "wah", "hing"]
    assert korean("성림") == ("seongrim", "sungrim")
    assert korean("abc") == ()
    # A character that the table does not have is not spelt, but its pinyin is.
    assert read_abroad("\U00020000", ("he",)) == ("ho",)


def test_the_table_of_characters_has_readings_and_single_words() -> None:
    known = characters()
    assert len(known) > 6_700
    assert known["金"]["english"][0] == "gold"
    assert all(word.isalpha() and word.islower() for row in known.values() for word in row["english"])


@pytest.mark.parametrize(
    ("hanzi", "foreign"),
    [("博世", "bosch"), ("索尔维", "solvay"), ("西门子", "siemens"), ("诺维恩", "noveon"), ("施耐德", "schneider"),
     ("诺基亚", "nokia"), ("阿诺德", "arnold"), ("汉高", "henkel")],
)  # fmt: skip
def test_a_transcription_keeps_the_consonants(hanzi: str, foreign: str) -> None:
    consonants = transcription.of_letters(foreign)
    assert transcription.likeness(transcription.of_hanzi(spoken(hanzi)), consonants) > 0.75
    assert transcription.likeness(transcription.of_hanzi(spoken("卡塔昆")), consonants) < 0.5


def test_no_consonants_are_like_none() -> None:
    assert transcription.likeness((), transcription.of_letters("bosch")) == 0.0
    assert transcription.letters(()) == ""


def test_a_brand_is_translated_whole_or_in_part() -> None:
    panda = parsed("Earth-Panda Advanced Magnetic Material Co., Ltd.")
    assert meaning(parsed("安徽大地熊新材料股份有限公司"), panda) == 1.0
    assert meaning(parsed("Goldwind"), parsed("新疆金风科技股份有限公司")) == 1.0
    assert 0 < meaning(parsed("Golden Horse Metal"), parsed("金熊金属有限公司")) < 1
    assert meaning(parsed("安徽大地熊新材料股份有限公司"), parsed("Ningbo Yunsheng")) == 0.0


def test_what_is_translated_is_told_by_pinyin_too() -> None:
    assert meaning_by_sound(parsed("Jin Long Xi Tu You Xian Gong Si"), parsed("Golden Dragon Rare-Earth")) == 1.0
    assert meaning_by_sound(parsed("Yun Sheng Xi Tu You Xian Gong Si"), parsed("Golden Dragon Rare-Earth")) < 1.0
    # Panda and sunshine are English, though they could be spelt as Mandarin.
    assert in_pinyin(parsed("Panda Medical Ltd")) is None
    assert in_pinyin(parsed("Yunsheng Medical Ltd")) == ("yun", "sheng")


def test_first_letters_and_a_place_with_a_trade_stand_for_a_brand() -> None:
    assert acronym(parsed("BYD Company Limited"), parsed("比亚迪股份有限公司"))
    assert acronym(parsed("江西金力永磁科技股份有限公司"), parsed("JL MAG Rare-Earth Co., Ltd."))
    assert not acronym(parsed("BYD Company Limited"), parsed("比亚酷股份有限公司"))
    assert shortens(parsed("四川江铜稀土有限公司"), parsed("Sichuan Jiangxi Copper Rare Earth"))
    assert not shortens(parsed("四川江铜稀土有限公司"), parsed("Sichuan Jiangxi Steel Rare Earth"))


@pytest.mark.parametrize(
    ("stands", "asked"),
    [
        ("Phoenix Optical Co., Ltd.", "凤凰光学股份有限公司"),
        ("凤凰光学股份有限公司", "Phoenix Optical Co., Ltd."),
        ("星林尖端产业株式会社", "Sungrim Advanced Industry Co., Ltd."),
        ("Schneider Electric SE", "施耐德电气有限公司"),
        ("BYD Company Limited", "Bi Ya Di Gu Fen You Xian Gong Si"),
        ("永發貿易(香港)有限公司", "Wing Fat Trading (Hong Kong) Limited"),
    ],
)
def test_the_index_finds_a_name_by_what_it_is_elsewhere(stands: str, asked: str) -> None:
    crowd = [f"{city}{brand}{trade}有限公司" for city in ("宁波", "包头") for brand in ("韵升", "正海", "天和", "晨光")
             for trade in ("磁材", "贸易", "光学")]  # fmt: skip
    index = NameIndex((name, name) for name in [*crowd, "Ningbo Yunsheng Optical Co., Ltd.", stands])
    assert index.find(asked)[0].name == stands
