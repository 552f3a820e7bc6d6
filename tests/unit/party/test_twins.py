"""Cities that are written alike are not one city, and numbered works not one works."""

from __future__ import annotations

from datetime import date

import pytest

from lodeline.party.likeness import VETO, likeness
from lodeline.party.lists import Party
from lodeline.party.name import parsed
from lodeline.party.screening import Screener

CERTAIN = 0.95


@pytest.mark.parametrize(
    ("hanzi", "letters"),
    [
        ("泰州恒源磁材有限公司", "Taizhou Hengyuan Magnetic Materials Co., Ltd."),
        ("台州恒源磁材有限公司", "Tai Zhou Heng Yuan Ci Cai You Xian Gong Si"),
        ("抚州金星稀土有限公司", "Fuzhou Jinxing Rare Earth Co., Ltd."),
        ("宿州恒源磁材有限公司", "Suzhou Hengyuan Magnetic Materials Co., Ltd."),
        ("伊春锂业有限公司", "Yichun Lithium Co., Ltd."),
        ("榆林金星稀土有限公司", "Yulin Jinxing Rare Earth Co., Ltd."),
        ("陕西金星稀土有限公司", "Shanxi Jinxing Rare Earth Co., Ltd."),
    ],
)
def test_letters_that_are_two_places_are_never_certain_of_one_and_worth_a_look(hanzi: str, letters: str) -> None:
    found = likeness(hanzi, letters)
    assert 0.35 <= found.probability < CERTAIN


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("台州恒源磁材有限公司", "泰州恒源磁材有限公司"),
        ("福州金星稀土有限公司", "抚州金星稀土有限公司"),
        ("宜春锂业有限公司", "伊春锂业有限公司"),
        ("玉林金星稀土有限公司", "榆林金星稀土有限公司"),
        ("Jiangsu Taizhou Hengyuan Magnet Co., Ltd.", "Zhejiang Taizhou Hengyuan Magnet Co., Ltd."),
        ("Taizhou (Zhejiang) Hengyuan Magnet Co., Ltd.", "泰州恒源磁材有限公司"),
        ("Jiangxi Yichun Lithium Co., Ltd.", "伊春锂业有限公司"),
    ],
)
def test_places_that_differ_in_hanzi_or_by_their_province_contradict(one: str, other: str) -> None:
    found = likeness(one, other)
    assert "place" in found.vetoes
    assert found.probability <= VETO


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Jiangxi Yichun Lithium Co., Ltd.", "宜春锂业有限公司"),
        ("Zhejiang Taizhou Hengyuan Magnetic Materials Co., Ltd.", "浙江台州恒源磁材有限公司"),
        ("Taizhou Hengyuan Magnet Co., Ltd.", "TAIZHOU HENGYUAN MAGNET"),
        ("Ningbo Yunsheng Co., Ltd.", "宁波韵升股份有限公司"),
        ("台州恒源磁材有限公司", "臺州恒源磁材有限公司"),
    ],
)
def test_a_place_that_is_one_or_written_the_same_takes_nothing_away(one: str, other: str) -> None:
    assert likeness(one, other).probability >= CERTAIN


def test_both_cities_are_shown_and_none_is_taken() -> None:
    screener = Screener(
        Party(source="register", id=id_, names=(name,), countries=frozenset(), identifiers=frozenset())
        for id_, name in (("js", "泰州恒源磁材有限公司"), ("zj", "台州恒源磁材有限公司"))
    )
    found = screener.screen("Taizhou Hengyuan Magnetic Materials Co., Ltd.", day=date(2026, 7, 1))
    assert found.verdict == "unclear"
    assert {hit.records[0].id for hit in found.hits} == {"js", "zj"}
    assert all("twins" in {reason.code for reason in hit.reasons} for hit in found.hits)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Baotou Huaxing Magnet Plant II", "Baotou Huaxing Magnet Plant III"),
        ("Baotou Magnet Plant II", "Baotou Magnet Plant III"),
        ("Huaxing Magnet I Co., Ltd.", "Huaxing Magnet II Co., Ltd."),
        ("Huaxing Ⅳ Co., Ltd.", "Huaxing V Co., Ltd."),
        ("Huaxing Magnet No. 2 Factory", "Huaxing Magnet Plant III"),
        ("包头华星磁材二厂", "包头华星磁材三厂"),
        ("包头华星磁材有限公司二分厂", "包头华星磁材有限公司一分厂"),
        ("华星磁材2号厂", "华星磁材三号厂"),
        ("华星磁材十二厂", "华星磁材二厂"),
        ("华星磁材二厂", "Huaxing Magnet Plant III"),
        ("Hua Xing Ci Cai Er Chang", "华星磁材三厂"),
    ],
)
def test_numbers_of_works_that_differ_contradict(one: str, other: str) -> None:
    found = likeness(one, other)
    assert "number" in found.vetoes
    assert found.probability <= VETO


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Baotou Huaxing Magnet No. 2 Plant", "Baotou Huaxing Magnet Plant II"),
        ("华星磁材二号厂", "华星磁材2号厂"),
        ("包头华星磁材二厂", "Baotou Huaxing Magnet Plant II"),
        ("华星磁材四厂", "Huaxing Magnet Plant Ⅳ"),
        ("Hua Xing Ci Cai Er Chang", "华星磁材二厂"),
    ],
)
def test_a_number_is_the_same_however_it_is_written(one: str, other: str) -> None:
    found = likeness(one, other)
    assert not found.vetoes
    assert found.probability > 0.75


def test_a_works_with_a_number_is_not_certainly_the_firm_without_one() -> None:
    assert likeness("包头华星磁材有限公司二厂", "包头华星磁材有限公司").probability < CERTAIN
    assert likeness("Huaxing Magnet II Co., Ltd.", "Huaxing Magnet Co., Ltd.").probability < CERTAIN


@pytest.mark.parametrize(
    "name", ["II-VI Incorporated", "中国五矿集团有限公司", "三一重工股份有限公司", "VI Magnet GmbH"]
)
def test_numerals_that_are_the_brand_count_nothing(name: str) -> None:
    assert parsed(name).brand
    assert not parsed(name).numbers
