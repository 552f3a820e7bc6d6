"""What words of a declaration mean: names that differ in their figures alone mean the same, formulae keep theirs."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lodeline.control.goods import words
from lodeline.control.goods.listed import kinds
from lodeline.control.goods.words import read_words
from lodeline.material.element import RARE_EARTHS

PIECES = st.sampled_from(
    [
        "Nd2O3", "Dy2O3 99", "Sm2Co17", "Sm 2 Co 17", "N45SH", "20x10x2", "12 pcs", "NdFeB", "Pr6O11/4", "(3)", "2845",
        "without", "no", "Dy", "free", "磁钢", "氧化镝", "７", "²", "D\u200b2O3", "Y2O3", "Nd\uff12O3", "Tb 4O7",
    ]
)  # fmt: skip


@given(st.lists(PIECES, max_size=9), st.sampled_from([" ", "", ", ", "-", "/", ";"]))
def test_a_figure_changes_nothing_that_is_read(pieces: list[str], between: str) -> None:
    text = between.join(pieces)
    assert read_words(text) == words._read_words.__wrapped__(text)


def test_names_that_differ_in_figures_alone_are_read_once() -> None:
    words._read_words.cache_clear()
    for number in range(100, 900):
        read_words(f"NdFeB magnets, lot {number} of 900")
    assert words._read_words.cache_info().misses == 1


def test_a_denial_is_looked_for_within_the_same_distance() -> None:
    assert read_words("without 1234567 dysprosium").elements == {"Dy"}
    assert read_words("without dysprosium").elements == set()
    far = "without cerium or " + "9" * 60 + " dysprosium"
    assert read_words(far).elements == {"Dy"}


@pytest.mark.parametrize(
    ("text", "elements"),
    [
        ("Ytterbium oxide", {"Yb"}),
        ("terbium metal", {"Tb"}),
        ("Erbium oxide", {"Er"}),
        ("ytterbium-terbium-erbium alloy", {"Yb", "Tb", "Er"}),
        ("ferrodysprosium", {"Dy"}),
    ],
)
def test_the_name_of_an_element_within_that_of_another_is_not_its_own(text: str, elements: set[str]) -> None:
    assert read_words(text).elements == elements


@pytest.mark.parametrize("table", ["goods_words", "listed_words", "element_words"])
def test_every_pattern_is_whole(table: str) -> None:
    """A comma within a pattern, as in {0,4}, parts the row where nobody quotes it."""
    for row in words.rows(table):
        assert None not in row and re.compile(row["pattern"]), row
        assert row.get("context", "no") in ("yes", "no"), row


@pytest.mark.parametrize(
    ("text", "heads"),
    [
        ("ネオジム焼結磁石", {"ndfeb"}), ("モーター用磁石", {"magnet"}), ("酸化ジスプロシウム", {"oxide"}),
        ("研磨剤", {"worked"}), ("네오디뮴 자석", {"ndfeb"}), ("모터용 자석", {"magnet"}),
        ("디스프로슘 금속", {"metal"}), ("스피커", {"assembly"}), ("неодимовые магниты", {"ndfeb"}),
        ("магниты для электродвигателей", {"magnet"}), ("асинхронный электродвигатель", {"assembly"}),
        ("оксид диспрозия", {"oxide"}), ("nam châm cho động cơ", {"magnet"}),
        ("động cơ điện", {"assembly"}), ("oxit dysprosi", {"oxide"}), ("ímãs para motores", {"magnet"}),
        ("óxido de disprósio", {"oxide"}), ("disprósio metálico", {"metal"}), ("alto-falante", {"assembly"}),
        ("Vietnam loam soil", set()), ("лантанный", set()),
    ],
)  # fmt: skip
def test_goods_are_told_in_five_more_languages(text: str, heads: set[str]) -> None:
    assert read_words(text).heads == heads


@pytest.mark.parametrize("language", ["ja", "ko", "ru", "vi", "pt"])
def test_every_language_names_every_element_once(language: str) -> None:
    rows = [row["element"] for row in words.rows("element_words") if row["language"] == language]
    assert sorted(rows) == sorted(set(RARE_EARTHS) - {"Pm"})


def test_an_extractant_is_seen_next_to_hanzi() -> None:
    assert kinds("materials-list", "稀土萃取剂P507") == ("extractant",)
