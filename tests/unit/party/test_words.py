"""The words of the tables: what they take of a name, what they leave to the brand, and what they say in English."""

from __future__ import annotations

import csv
from importlib.resources import files

import pytest

from lodeline.party import transcription
from lodeline.party.brand import in_pinyin, meaning, meaning_of_trades
from lodeline.party.likeness import likeness
from lodeline.party.name import parsed
from lodeline.party.script import as_syllables, pinyin_syllables
from lodeline.party.words import phrase_words, vocabulary


@pytest.mark.parametrize(
    ("name", "brand"),
    [
        # 信息 is information, and no firm is called 望.
        ("Xin Xi Wang Ji Tuan You Xian Gong Si", "xinxiwang"),
        ("摩托罗拉公司", "motuoluola"),
        ("丹佛斯公司", "danfusi"),
        # 铝业 sounds the same, and then the firm would be called nothing.
        ("Lv Ye Zhi Yao Ji Tuan You Xian Gong Si", "lvye"),
        ("中国中化集团有限公司", "zhonghua"),
        ("Zhong Guo Zhong Hua Ji Tuan You Xian Gong Si", "zhonghua"),
        ("Light of Hope Electronics Co., Ltd.", "lighthope"),
        ("中国五矿集团有限公司", "wukuang"),
    ],
)
def test_a_brand_keeps_what_a_word_of_the_table_would_take_of_it(name: str, brand: str) -> None:
    assert parsed(name).brand == brand


def test_a_word_that_stands_where_trades_and_places_stand_is_one() -> None:
    assert {"petroleum", "gas"} <= parsed("Zhong Guo Shi You Tian Ran Qi Ji Tuan You Xian Gong Si").industries
    assert parsed("丹佛磁业有限公司").places == (frozenset({"US-DENVER"}),)
    assert parsed("第五稀土冶炼厂").numbers == parsed("Fifth Rare Earth Smelting Works").numbers == {"5"}
    assert parsed("China National Building Material Group").places == parsed("中国建材集团").places
    assert as_syllables("lvyuan") == ("lv", "yuan")
    assert in_pinyin(parsed("Ace Magnetics")) is None and in_pinyin(parsed("Emei Magnetics")) == ("e", "mei")
    # Syllables that no Chinese brand has are no pinyin, unless somebody spelt them out.
    assert in_pinyin(parsed("Orica Limited")) is None and in_pinyin(parsed("Nagase Limited")) is None
    assert in_pinyin(parsed("Sai La Ni Si Gong Si")) == ("sai", "la", "ni", "si")
    # A county that lies elsewhere is what the firm is called.
    assert parsed("包头万安磁材有限公司").brand == parsed("Baotou Wanan Magnetics").brand == "wanan"
    assert parsed("江西万安磁材有限公司").places == (frozenset({"CN-JX"}), frozenset({"CN-JX-WANAN"}))


def test_a_phrase_is_told_whole_or_by_its_words() -> None:
    assert phrase_words(frozenset({"great wall"})) == {"great", "wall", "greatwall"}
    assert meaning(parsed("长城磁材有限公司"), parsed("Great Wall Magnetics")) == 1.0
    assert meaning(parsed("长城磁材有限公司"), parsed("Great Hall Magnetics")) < 1.0
    assert meaning(parsed("白鹭金属有限公司"), parsed("White Egret Metal")) == 1.0
    # The country is said beside the brand, and so is what the firm makes.
    assert meaning_of_trades(parsed("中国铁建股份有限公司"), parsed("China Railway Construction Corporation")) == 1.0
    assert meaning_of_trades(parsed("宁波永久磁材有限公司"), parsed("Ningbo Permanent Magnetics Ltd")) == 1.0
    assert meaning_of_trades(parsed("宁波韵升磁材有限公司"), parsed("Ningbo Permanent Magnetics Ltd")) == 0.0


def test_hanzi_that_transcribe_are_told_from_those_that_brands_are_made_of() -> None:
    assert transcription.habit(transcription.sound_signs(pinyin_syllables("特斯拉"), "特斯拉")) > 3
    assert transcription.habit(transcription.sound_signs(pinyin_syllables("特斯拉"))) > 3
    assert transcription.habit(transcription.sound_signs(pinyin_syllables("盛鑫"), "盛鑫")) < 0
    assert transcription.habit(transcription.written(("tesla",))) == 0


def test_a_transcription_may_end_before_the_word_does() -> None:
    novartis = transcription.written(("novartis",))
    assert transcription.evidence(transcription.sound_signs(pinyin_syllables("诺华")), novartis) > 3
    assert transcription.evidence(transcription.sound_signs(pinyin_syllables("韵升")), novartis) < 0


def test_the_last_of_the_hanzi_may_say_what_the_firm_does() -> None:
    steel = likeness("鞍钢股份有限公司", "Angang Steel Company Limited")
    food = likeness("鞍钢股份有限公司", "Angang Food Company Limited")
    assert (steel.features["industry-shared"], steel.features["industry-one-sided"]) == (1.0, 0.0)
    assert food.features["industry-one-sided"] == 1.0 and food.probability < steel.probability


def test_no_word_has_two_kinds_and_no_hanzi_of_the_tables_stand_twice() -> None:
    every = vocabulary()
    assert {word.kind for word in every.cjk.values()} == {"form", "group", "direction", "industry", "place"}
    table = files("lodeline").joinpath("data", "party", "glosses.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(table.splitlines()))
    assert len({row["han"] for row in rows}) == len(rows) > 3_000
    assert all(word == word.strip().lower() and word.isascii() for row in rows for word in row["words"].split("|"))


def test_the_sign_of_a_metal_before_a_trade_is_a_trade() -> None:
    titanium = parsed("钛金属公司")
    assert titanium.industries == {"titanium", "metal"} and not titanium.brand_han
    assert parsed("华铜金属有限公司").brand_han == "华铜", "behind another sign it is of the brand"


def test_the_first_letters_of_a_name_before_it_are_no_brand() -> None:
    own = parsed("HTC Harbin Turbine Company Limited")
    assert own.industries == {"turbine"} and own.placed and own.text.startswith("htc")
    assert parsed("HTC Motor Company Limited").brand == "htc"


def test_a_country_lies_within_its_continent() -> None:
    assert likeness("江苏亚星锚链股份有限公司", "Asian Star Anchor Chain Co., Ltd. Jiangsu").vetoes == ()
    assert "place" in likeness("江苏亚星锚链股份有限公司", "European Star Anchor Chain Co., Ltd.").vetoes


@pytest.mark.parametrize(
    ("han", "english", "brand"),
    [
        ("宁波大通新材料有限公司", "Ningbo Datong New Materials Co., Ltd.", "datong"),
        ("包头岳阳稀土股份有限公司", "Baotou Yueyang Rare Earth Co., Ltd.", "yueyang"),
    ],
)
def test_a_town_behind_a_place_that_it_does_not_lie_in_is_the_brand(han: str, english: str, brand: str) -> None:
    assert parsed(han).brand == parsed(english).brand == brand
    assert likeness(han, english).vetoes == ()
    # A town of the place is one, and so is one that stands in brackets or behind what the firm does.
    assert len(parsed("浙江宁波韵升股份有限公司").places) == 2
    assert len(parsed("Hangzhou Magnets (Ningbo) Co., Ltd.").places) == 2
    assert len(parsed("Sichuan Jiangxi Copper Rare Earth Co., Ltd.").places) == 2


def test_a_trade_may_say_that_a_firm_is_a_group() -> None:
    assert parsed("江铃汽车集团有限公司").group and parsed("Jiang Ling Qi Che Ji Tuan You Xian Gong Si").group
    assert not parsed("江铃汽车有限公司").group


def test_first_letters_may_stand_apart() -> None:
    assert parsed("L.K. Technology Holdings Limited").brand == parsed("LK Technology Holdings Limited").brand == "lk"
    assert parsed("Xiamen C&D Inc.").brand == "cd"
    # Syllables do as well, and are no letters.
    assert parsed("A Bo Magnetics Ltd").brand_words != ("abo",)
