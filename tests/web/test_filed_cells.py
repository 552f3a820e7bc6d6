"""What was filed is read in words, and stands behind them as it was filed."""

from __future__ import annotations

import pytest

from lodeline.web.templatetags.lodeline import marked
from lodeline.web.words.filed_cells import filed_cell


@pytest.mark.parametrize(
    ("column", "filed", "en", "zh"),
    [
        ("product", "oxide:PrNd", "PrNd oxide", "PrNd氧化物"),
        ("composition", "Nd=24.1;Pr=6.02", "Nd\u00a024.1 · Pr\u00a06.02", "Nd\u00a024.1 · Pr\u00a06.02"),
        ("kind", "stock", "stock count", "盘存"),
    ],
)
def test_codes_are_read_in_words_with_what_was_filed_behind_them(column: str, filed: str, en: str, zh: str) -> None:
    for language, said in (("en", en), ("zh", zh)):
        cell = filed_cell(column, filed, language)  # type: ignore[arg-type]
        assert (cell.text, cell.title, cell.value) == (said, filed, filed)
        assert cell.note == (filed if column == "product" else "")


@pytest.mark.parametrize(
    ("column", "filed"),
    [("lot", "L-1"), ("product", "unheard-of"), ("composition", "?"), ("composition", "=3"), (None, "x")],
)
def test_what_has_no_words_stands_as_filed(column: str | None, filed: str) -> None:
    cell = filed_cell(column, filed, "en")
    assert (cell.text, cell.title, cell.value) == (filed, "", filed)


def test_an_empty_cell_says_so() -> None:
    assert filed_cell("product", None, "en").text == "–"


@pytest.mark.parametrize(
    ("filed", "read"),
    [
        ("SEP-0002/MIXED-COMPOUND.SEG-2501", "SEP-0002/|MIXED-COMPOUND.|SEG-2501"),
        ("oxide:PrNd", "oxide:|PrNd"),
        ("25990000000000000001832", "2599000000000000|0|0|0|1|832"),
        ("8229.9", "8229.9"),
        ("2025-07-02", "2025-07-02"),
        ("a/<b>", "a/|&lt;b&gt;"),
    ],
)
def test_an_identifier_breaks_after_its_marks_and_where_it_is_long(filed: str, read: str) -> None:
    assert marked(filed) == read.replace("|", "<wbr>")
