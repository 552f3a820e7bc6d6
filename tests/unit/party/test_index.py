"""The index finds what a search through all names finds, whatever is added and taken out, and in whichever script."""

from __future__ import annotations

import random
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lodeline.party import index as module
from lodeline.party.index import NameIndex
from lodeline.party.likeness import Likeness, compared
from lodeline.party.name import Name, parsed
from lodeline.party.terms import terms, weights_of

BRANDS = ("韵升", "金力", "正海", "天和", "银河", "大地熊", "东磁", "中科三环", "英洛华", "和利", "盛和", "晨光")
CITIES = ("宁波", "包头", "赣州", "烟台", "成都")
TRADES = ("磁材科技", "稀土新材料", "国际贸易", "永磁")
NAMES = [f"{city}{brand}{trade}有限公司" for city in CITIES for brand in BRANDS for trade in TRADES]


def test_hanzi_are_found_by_pinyin_and_by_english() -> None:
    index = NameIndex((str(number), name) for number, name in enumerate(NAMES))
    wanted = "宁波韵升磁材科技有限公司"
    for spelling in (wanted, "寧波韻升磁材科技有限公司", "Ningbo Yunsheng Magnetic Material Technology Co., Ltd.",
                     "Ning Bo Yun Sheng Ci Cai Ke Ji You Xian Gong Si"):  # fmt: skip
        assert index.find(spelling)[0].name == wanted, spelling


def test_a_key_with_two_names_is_found_once_by_the_better_one() -> None:
    index = NameIndex(
        [("a", "宁波韵升股份有限公司"), ("a", "Ningbo Yunsheng Co., Ltd."), ("b", "包头韵升强磁材料有限公司")]
    )
    found = index.find("NINGBO YUNSHENG CO LTD")
    assert [one.key for one in found].count("a") == 1
    assert (found[0].key, found[0].name) == ("a", "Ningbo Yunsheng Co., Ltd.")


def test_the_only_name_of_an_index_is_found() -> None:
    assert NameIndex([("a", "宁波韵升股份有限公司")]).find("Ningbo Yunsheng")[0].key == "a"


def test_a_short_brand_with_two_errors_is_found_by_its_letters() -> None:
    crowd = [
        f"Ganzhou {one}{other} Metal Co., Ltd." for one in ("Zhan", "Quan", "Dong") for other in ("li", "bo", "mei")
    ]
    index = NameIndex((name, name) for name in [*NAMES, *crowd])
    assert "Ganzhou Zhanli Metal Co., Ltd." in {
        index._names[at] for at in index.nearest("Gazhou Zanli Metal Co., Ltd.")[:3]
    }


def test_nothing_is_found_by_an_empty_name_or_in_an_empty_index() -> None:
    assert NameIndex().find("宁波韵升") == []
    assert NameIndex([("a", "宁波韵升")]).find("") == []


@given(st.integers(0, 2**32 - 1))
def test_added_one_after_the_other_it_answers_as_if_made_at_once(seed: int) -> None:
    chance = random.Random(seed)
    names = chance.sample(NAMES, 60)
    small = NameIndex((name, name) for name in names[:5])
    with patch.object(module, "_OPEN", 7):
        for name in names[5:]:
            small.add(name, name)
    gone = chance.sample(names, 10)
    for name in gone:
        small.remove(name, name)
        small.remove(name, name)
    at_once = NameIndex((name, name) for name in names if name not in gone)
    assert len(small) == len(at_once) == 50
    for name in chance.sample(NAMES, 5):
        # Rarity is counted over names that were taken out as well: whom both find is told, not in which order.
        assert {one.key for one in small.find(name, most=3) if one.likeness.probability > 0.5} == {
            one.key for one in at_once.find(name, most=3) if one.likeness.probability > 0.5
        }


def test_candidates_are_those_with_the_largest_cosine_of_all() -> None:
    index = NameIndex((name, name) for name in NAMES)
    every = [terms(parsed(name)) for name in NAMES]
    wanted = terms(parsed("Ganzhou Zhenghai Rare Earth Co., Ltd."))
    rarity = {int(code): np.log1p(len(NAMES) / (sum(code in one for one in every) + 1)) for code in wanted}

    def score(codes: np.ndarray) -> float:
        shared = sum(rarity[int(code)] * weights_of(np.array([code]))[0] for code in wanted if code in codes)
        return float(shared / np.sqrt(1 + (weights_of(codes) ** 2).sum()))

    by_hand = sorted((round(score(codes), 4) for codes in every), reverse=True)[:20]
    found = [round(score(every[place]), 4) for place in index._common(wanted, most=20)]
    assert found == by_hand


@pytest.mark.medium
def test_several_processes_make_the_same_index() -> None:
    names = [(str(at), name) for at, name in enumerate(NAMES * 3)]
    one = NameIndex(names)
    with patch("lodeline.party.index._PART", 20):
        several = NameIndex(names, processes=2)
    for _, name in names[::100]:
        assert one.nearest(name) == several.nearest(name)


def test_where_nothing_convinces_more_is_compared() -> None:
    first, second = "安阿马达田满曼大宏德", "马达满曼大田安阿盛隆"
    names = [f"苏州{a}{b}电机有限公司" for a in first for b in second]
    index = NameIndex((name, name) for name in names)
    with patch.object(module, "compared", side_effect=compared) as comparing:
        index.find(names[0], most=1)
        convinced = comparing.call_count
        index.find("Wuxi Zhenggui Ceramics GmbH", most=1)
        unsure = comparing.call_count - convinced
    assert convinced < unsure < len(names)


def test_a_name_that_is_spelt_is_found_though_it_sounds_like_another_place() -> None:
    # 鹤岗, a town of the north-east, is "he gang" as well.
    index = NameIndex((name, name) for name in ["河钢集团有限公司", "鹤岗和发集团有限公司", "鹤岗宝业集团有限公司"])
    assert index.find("He Gang Ji Tuan You Xian Gong Si", most=1)[0].name == "河钢集团有限公司"


def test_a_brand_that_a_place_sounds_like_says_none() -> None:
    # "Baoshan" is a town of Yunnan, and names that are of another place are left out.
    others = [f"{one}{other}钢铁股份有限公司" for one in "安阿马达田满曼大宏" for other in "盛隆和发德鑫泰"]
    index = NameIndex((name, name) for name in [*others, "宝山钢铁股份有限公司"])
    assert index.find("Baoshan Iron & Steel Co., Ltd.", most=1)[0].name == "宝山钢铁股份有限公司"
    town = parsed("Baoshan Iron & Steel Co., Ltd.")
    own = NameIndex([("brand", "宝山钢铁股份有限公司"), ("town", "宝鸡钢铁股份有限公司")])
    assert own._elsewhere(town, np.arange(2)).tolist() == [False, True]


def test_transcriptions_are_led_by_what_their_syllables_stand_for() -> None:
    # Only by syllable is 九阳, which sounds less like it, "Joyoung".
    index = NameIndex(
        (name, name) for name in [f"{one}{other}股份有限公司" for one in "乔巧九久" for other in "勇阳英扬"]
    )
    asked, here = parsed("Joyoung Co., Ltd."), np.arange(len(index))
    with patch.object(module, "_WEIGHED", 0):
        by_sounds = [index._names[at] for at in index._by_transcription(asked, here)]
    by_syllables = [index._names[at] for at in index._by_transcription(asked, here)]
    assert sorted(by_sounds) == sorted(by_syllables)
    assert by_sounds.index("九阳股份有限公司") > by_syllables.index("九阳股份有限公司")


def test_what_leads_in_several_orders_is_shown_before_what_is_as_likely() -> None:
    index = NameIndex((name, name) for name in NAMES)
    asked = "Ningbo Jinli Permanent Magnet Co., Ltd."
    leads, *_, behind = (index._names[at] for at in index._leading(parsed(asked)).common)
    told = dict.fromkeys(NAMES, 0.31) | {behind: 0.5, leads: 0.3}

    def judged(one: Name, other: Name) -> Likeness:
        return replace(compared(one, other), probability=told[other.text])

    # All are compared: that a few are not is another matter.
    with patch.object(module, "compared", judged), patch.object(module, "_BREADTH", len(NAMES)):
        found = [one.name for one in index.find(asked, most=3)]
        assert found[0] == behind, "the likeliest is shown, as the first"
        assert leads in found
        told[leads] = 0.001
        assert leads not in [one.name for one in index.find(asked, most=3)]
