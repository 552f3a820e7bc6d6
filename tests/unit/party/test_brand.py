"""Transcriptions and translations of a brand."""

from __future__ import annotations

import numpy as np
import pytest

from lodeline.party import transcription
from lodeline.party.brand import bits_meant, in_pinyin, meaning, meaning_by_sound, meaning_of_trades
from lodeline.party.index import NameIndex
from lodeline.party.likeness import likeness
from lodeline.party.name import parsed
from lodeline.party.script import folded, pinyin_syllables
from lodeline.party.terms import as_transcribed_anyhow
from lodeline.party.words import characters


def test_the_table_of_characters_has_single_words() -> None:
    known = characters()
    assert len(known) > 5_300
    assert known["金"][0] == "gold"
    assert all(word.isalpha() and word.islower() for words in known.values() for word in words)


@pytest.mark.parametrize(
    ("hanzi", "foreign"),
    [("博世", "bosch"), ("索尔维", "solvay"), ("西门子", "siemens"), ("诺维恩", "noveon"), ("施耐德", "schneider"),
     ("诺基亚", "nokia"), ("阿诺德", "arnold"), ("汉高", "henkel")],
)  # fmt: skip
def test_evidence_speaks_for_a_transcription_and_against_another_word(hanzi: str, foreign: str) -> None:
    assert (
        transcription.evidence(transcription.sound_signs(pinyin_syllables(hanzi)), transcription.written((foreign,)))
        > 3
    )
    assert (
        transcription.evidence(transcription.sound_signs(pinyin_syllables("卡塔昆")), transcription.written((foreign,)))
        < 0
    )


def test_of_several_words_one_alone_may_be_transcribed_and_a_trade_may_be_joined_to_it() -> None:
    maersk = transcription.sound_signs(pinyin_syllables("马士基"))
    alone = transcription.evidence(maersk, transcription.written(("maersk",)))
    assert transcription.evidence(maersk, transcription.written(("moller", "maersk"))) == pytest.approx(alone)
    assert transcription.evidence(maersk, transcription.written(("moller",))) < alone
    assert as_transcribed_anyhow(parsed("Kennametal Inc.")) == "kenametal kena"


def test_what_is_kept_joined_is_judged_as_each_by_itself() -> None:
    texts = [
        transcription.written(("bosch",)),
        transcription.sound_signs(pinyin_syllables("韵升")),
        transcription.written(("nokia",)),
    ]
    offsets = np.cumsum([0, *map(len, texts)])
    asked = transcription.sound_signs(pinyin_syllables("博世"))
    bits = transcription.evidences(asked, transcription.as_units("".join(texts)), offsets, np.arange(3))
    for one, text in enumerate(texts):
        whole, first = np.array([0, len(text)]), np.zeros(1, np.int64)
        assert transcription.evidences(asked, transcription.as_units(text), whole, first)[0] == bits[one]
    # What is heard is compared with what is written alone.
    assert bits[0] > 6
    assert 0.0 > bits[2] > bits[1] == -np.inf


def test_what_a_syllable_was_seen_to_stand_for_counts_more_than_its_sounds() -> None:
    def bits(hanzi: str, foreign: str) -> float:
        return transcription.evidence(
            transcription.sound_signs(pinyin_syllables(hanzi)), transcription.written((foreign,))
        )

    # 逊 is the "son" of many names, though x is no s by its sounds; 荀 is read like it and counts as it does.
    assert bits("约翰逊", "johnson") > bits("约翰轩", "johnson")
    assert bits("约翰逊", "johnson") == bits("约翰荀", "johnson")
    assert len(transcription.syllables_of(transcription.sound_signs(pinyin_syllables("约翰逊"))[:-1])) == 3
    # What was never seen is judged by its sounds.
    assert bits("博世", "bosch") > 6 > -6 > bits("博世", "nokia")


def test_without_sounds_or_letters_there_is_no_evidence() -> None:
    assert transcription.sound_signs(()) == transcription.written(()) == ""
    assert likeness("永磁有限公司", "Bosch GmbH").features["transcribed"] == 0.0


def test_a_form_of_another_tongue_makes_letters_none_of_pinyin() -> None:
    assert in_pinyin(parsed("Boliden AB")) is None
    assert in_pinyin(parsed("Boliden Co., Ltd.")) == ("bo", "li", "den")


def test_a_brand_is_translated_whole_or_in_part() -> None:
    panda = parsed("Earth-Panda Advanced Magnetic Material Co., Ltd.")
    assert meaning(parsed("安徽大地熊新材料股份有限公司"), panda) == 1.0
    assert meaning(parsed("Goldwind"), parsed("新疆金风科技股份有限公司")) == 1.0
    assert 0 < meaning(parsed("Golden Horse Metal"), parsed("金熊金属有限公司")) < 1
    assert meaning(parsed("安徽大地熊新材料股份有限公司"), parsed("Ningbo Yunsheng")) == 0.0


def test_what_is_the_brand_in_one_name_may_be_a_branch_of_trade_in_the_other() -> None:
    han, english = parsed("水晶磁业有限公司"), parsed("Crystal Magnetics Co., Ltd.")
    assert not han.industries & english.industries - {"magnetic-material"}
    assert english.trades[0][0] == "crystal"
    assert (meaning(han, english), meaning_of_trades(han, english)) == (0.0, 1.0)
    assert meaning_of_trades(han, parsed("Wind Magnetics Co., Ltd.")) < 0.5
    # Where no trade is left over there is nothing to explain.
    assert meaning_of_trades(parsed("金龙磁业有限公司"), parsed("Golden Dragon Magnetics Co., Ltd.")) == 0.0


def test_what_is_translated_is_told_by_pinyin_too() -> None:
    assert meaning_by_sound(parsed("Jin Long Xi Tu You Xian Gong Si"), parsed("Golden Dragon Rare-Earth")) == 1.0
    assert meaning_by_sound(parsed("Yun Sheng Xi Tu You Xian Gong Si"), parsed("Golden Dragon Rare-Earth")) < 1.0
    # Panda and sunshine are English, though they could be spelt as Mandarin.
    assert in_pinyin(parsed("Panda Medical Ltd")) is None
    assert in_pinyin(parsed("Yunsheng Medical Ltd")) == ("yun", "sheng")


def test_a_japanese_name_is_the_same_however_its_characters_are_written() -> None:
    assert folded("長瀬産業") == folded("长濑产业") == folded("長瀨產業") == "长濑产业"
    assert folded("戸田鉱業") == "户田矿业"
    # 浜 is a creek in Shanghai, and a beach where the form of the company is Japanese.
    assert folded("浜松ホトニクス株式会社").startswith("滨松") and folded("洋泾浜贸易有限公司").startswith("洋泾浜")


@pytest.mark.parametrize(
    ("stands", "asked"),
    [
        ("Phoenix Optical Co., Ltd.", "凤凰光学股份有限公司"),
        ("凤凰光学股份有限公司", "Phoenix Optical Co., Ltd."),
        ("Schneider Electric SE", "施耐德电气有限公司"),
        ("HGTECH Co., Ltd.", "华工科技产业股份有限公司"),
        ("得克萨斯矿产资源公司", "Texas Mineral Resources Corp."),
    ],
)
def test_the_index_finds_a_name_by_what_it_is_elsewhere(stands: str, asked: str) -> None:
    crowd = [f"{city}{brand}{trade}有限公司" for city in ("宁波", "包头") for brand in ("韵升", "正海", "天和", "晨光")
             for trade in ("磁材", "贸易", "光学")]  # fmt: skip
    index = NameIndex((name, name) for name in [*crowd, "Ningbo Yunsheng Optical Co., Ltd.", stands])
    assert index.find(asked)[0].name == stands


def test_what_many_brands_may_mean_says_less_than_what_few_do() -> None:
    def bits(one: str, other: str) -> float:
        return bits_meant(parsed(one), parsed(other))

    river, gold = (
        bits("中国长江电力股份有限公司", "China Yangtze Power"),
        bits("宁波金韵电机有限公司", "Golden Motor Ltd"),
    )
    assert river > 10 > gold > 0 == bits("珲春韵升塑料股份有限公司", "China Yangtze Power")
    # By ear there are more that it may be.
    assert 10 > bits("Ning Bo Jin Yun Dian Ji You Xian Gong Si", "Golden Motor Ltd") >= 0
    assert bits("Dong Fang Ming Zhu You Xian Gong Si", "Oriental Pearl Group") > 10
    # Nor does it say anything where no brand stands.
    assert bits("Suzhou Yichang Electronics Co., Ltd.", "China Oilfield Services Limited") == 0


def test_a_brand_is_parted_as_the_other_name_translates_it() -> None:
    # 世纪 and 星 and 源, though 星源 sounds like other words.
    assert meaning_by_sound(parsed("Shi Ji Xing Yuan You Xian Gong Si"), parsed("Century Star Source Ltd")) == 1.0
    assert meaning(parsed("宇宙锂业有限公司"), parsed("Universal Lithium Corporation")) == 1.0, "universe, universal"


def test_a_short_word_of_english_is_no_syllable() -> None:
    assert in_pinyin(parsed("Fujian Nanping Sun Cable Co., Ltd.")) is None
    assert in_pinyin(parsed("Ningbo Yunsheng Co., Ltd.")) == ("yun", "sheng")
    assert likeness("Fu Jian Nan Ping Tai Yang Dian Lan You Xian Gong Si", "Fujian Nanping Sun Cable").vetoes == ()
