"""Tables sort, turn pages and export what they show, and no cell becomes a formula."""

from __future__ import annotations

import csv
import io
import re

import polars as pl
from django.template.context import Context
from hypothesis import given
from hypothesis import strategies as st
from tests.web.conftest import Browser

from lodeline.web.parts.table import Cell, FrameRows, RowsOf, safe_cell
from lodeline.web.templatetags.lodeline import cell, heading, whole_days


def exported(browser: Browser, path: str) -> list[list[str]]:
    response = browser.get(path)
    assert response.status_code == 200
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in response["Content-Disposition"]
    return list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))


@given(st.text(max_size=20))
def test_no_text_is_taken_for_a_formula(text: str) -> None:
    cell = safe_cell(text)
    assert not re.match(r"\s*[=@+|%]", cell)
    assert cell.removeprefix("'") == text or cell == text


@given(st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False)))
def test_number_stays_a_number(value: float) -> None:
    assert type(value)(safe_cell(value)) == value


def test_formulas_of_the_usual_kinds() -> None:
    for text in ("=1+1", "+86 10", "-cmd", "@SUM(A1)", "\t=1", " =1", "|calc", "%0A"):
        assert safe_cell(text) == "'" + text
    assert safe_cell("-1.5") == "-1.5"
    assert safe_cell(None) == ""


def test_rows_are_made_of_the_things_that_are_shown_and_of_no_others() -> None:
    made: list[int] = []

    def cells(number: int) -> tuple[Cell]:
        made.append(number)
        return (Cell(text=str(number)),)

    rows = RowsOf(range(1000), cells)
    assert (len(rows), made) == (1000, [])
    assert [row[0].text for row in rows[50:53]] == ["50", "51", "52"]
    assert rows[-1][0].text == "999"
    assert made == [50, 51, 52, 999]
    assert [row[0].text for row in rows] == [str(number) for number in range(1000)]


@given(st.lists(st.integers(0, 9), max_size=40), st.integers(0, 50), st.integers(0, 50))
def test_a_page_of_rows_in_no_order_is_that_of_all_in_order(numbers: list[int], first: int, count: int) -> None:
    frame = pl.DataFrame({"n": numbers, "place": range(len(numbers))}, schema={"n": pl.Int64(), "place": pl.Int64()})

    def in_order(rows: pl.LazyFrame) -> pl.LazyFrame:
        return rows.sort("n", descending=True, maintain_order=True)

    def cells(row: dict[str, int]) -> tuple[Cell, ...]:
        return (Cell(text=f"{row['n']} {row['place']}"),)

    rows = FrameRows(frame, cells, sorts={"place": "place"}, order=in_order)
    every = [f"{n} {place}" for place, n in sorted(enumerate(numbers), key=lambda one: -one[1])]
    assert [row[0].text for row in rows] == every
    assert [row[0].text for row in rows[first : first + count]] == every[first : first + count]
    by_place = rows.sorted("place", falling=False)
    assert by_place is not None and [row[0].text for row in by_place] == [f"{n} {at}" for at, n in enumerate(numbers)]


@given(
    st.lists(st.tuples(st.none() | st.sampled_from("abc"), st.none() | st.integers(0, 3)), max_size=40),
    st.sampled_from(["word", "n"]), st.booleans(), st.integers(0, 50), st.integers(0, 50),
)  # fmt: skip
def test_a_page_of_sorted_rows_is_that_of_all_sorted(
    told: list[tuple[str | None, int | None]], key: str, falling: bool, first: int, count: int
) -> None:
    frame = pl.DataFrame(
        [(place, *one) for place, one in enumerate(told)], orient="row",
        schema={"place": pl.Int64(), "word": pl.String(), "n": pl.Int64()},
    )  # fmt: skip
    rows = FrameRows(
        frame, lambda row: (Cell(text=str(row["place"])),), sorts={"word": pl.col("word").fill_null("b"), "n": "n"}
    ).sorted(key, falling=falling)
    assert rows is not None and len(rows) == len(told)
    values = [(word or "b") if key == "word" else n for word, n in told]
    known = [place for place, value in enumerate(values) if value is not None]
    every = sorted(known, key=lambda place: values[place], reverse=falling)  # type: ignore[arg-type, return-value]
    every += [place for place, value in enumerate(values) if value is None]
    assert [int(row[0].text) for row in rows] == every
    assert [int(row[0].text) for row in rows[first : first + count]] == every[first : first + count]


def test_cell_is_what_it_says_with_nothing_that_could_be_markup() -> None:
    assert cell(Cell(text="<b> & co")) == "&lt;b&gt; &amp; co"
    assert cell(Cell(text="a", href="?q=<", note="'n'")) == '<a href="?q=&lt;">a</a><small>&#x27;n&#x27;</small>'
    assert cell(Cell(text="a", title='"t"')) == '<span title="&quot;t&quot;">a</span>'
    assert cell(Cell(text="a", tone="loss")) == '<span class="c-loss">a</span>'
    assert cell(Cell(text="XK-1", whole=True)) == '<span class="nw">XK-1</span>'
    assert cell(Cell(text="XK-" * 9, note="of T-1", whole=True)) == "XK-" * 9 + '<small class="nw">of T-1</small>'
    assert cell(Cell(text="9\u00a0May 2025")) == '<span class="nw">9\u00a0May 2025</span>'
    assert cell(Cell(text="2025年5月9日 09:00")) == '<span class="nw">2025年5月9日 09:00</span>'
    assert cell(Cell(text="x", note="2025年5月9日")) == 'x<small class="nw">2025年5月9日</small>'
    shaped = str(cell(Cell(text="<a>", shape="tick", tone="flow", href="#x")))
    assert re.fullmatch(r'<a href="#x"><span class="st c-flow"><svg .*</svg>&lt;a&gt;</span></a>', shaped)


def test_symbols_in_a_heading_stay_as_they_are_written() -> None:
    def said(text: str) -> str:
        return str(heading(Context({"language": "en"}), {"en": text, "zh": text}))

    assert said("In σ") == '<span>In <span class="u">σ</span></span>'
    assert said("Nd") == '<span><span class="u">Nd</span></span>'
    assert said("On your scales, kg") == '<span>On your scales, <span class="u">kg</span></span>'
    assert said("Counted <at> both") == "Counted &lt;at&gt; both"


def test_export_has_every_row_of_every_page(browser: Browser) -> None:
    rows = exported(browser, "/en/log/?format=csv")
    assert rows[0][0] == "Entry"
    numbers = [int(row[0]) for row in rows[1:]]
    assert numbers == list(range(numbers[0], -1, -1))
    assert len(numbers) > 50, "more than one page"
    assert len(re.findall(r'<th scope="row">', browser.page("/en/log/").html)) == 50


def test_export_follows_the_filter_and_the_order(browser: Browser) -> None:
    rows = exported(browser, "/en/organisations/?format=csv&role=separator&sort=-organisations.name")[1:]
    names = [row[0] for row in rows]
    assert names == sorted(names, reverse=True)
    assert all("separator" in row[1] for row in rows)


def test_sorting_by_a_head_turns_round(browser: Browser) -> None:
    page = browser.page("/en/?sort=-stages.opening")
    assert 'aria-sort="descending"' in page.html
    assert "sort=stages.opening" in page.html
    kilograms = [float(row[2]) for row in exported(browser, "/en/?format=csv&table=stages&sort=-stages.opening")[1:]]
    assert kilograms == sorted(kilograms, reverse=True)


def test_head_says_the_unit_of_what_is_exported(browser: Browser) -> None:
    assert "Opening (kg)" in exported(browser, "/en/?format=csv&table=stages")[0]
    assert "期初 (kg)" in exported(browser, "/zh/?format=csv&table=stages")[0]


def test_pages_follow_one_another(browser: Browser) -> None:
    first, second = browser.page("/en/log/"), browser.page("/en/log/?entries.page=2")
    numbers = [set(re.findall(r'href="/en/log/(\d+)/"', page.html)) for page in (first, second)]
    assert numbers[0] and numbers[1] and not numbers[0] & numbers[1]


def test_what_has_no_rows_says_what_to_do(browser: Browser) -> None:
    assert "Take a filter away" in browser.page("/en/log/?organisation=nobody").text
    assert "请减少筛选条件" in browser.page("/zh/organisations/?q=nobody").text


def test_a_day_in_a_headline_does_not_break() -> None:
    assert whole_days("2025年7月申报（8月9日<周六>截止）") == (
        '<span class="nw">2025年7月</span>申报（<span class="nw">8月9日</span>&lt;周六&gt;截止）'
    )
    assert whole_days("7月申报") == "7月申报"
    assert whole_days("9 August 2025 & after") == "9 August 2025 &amp; after"


def test_an_organisation_that_is_synthetic_says_so_in_words(browser: Browser) -> None:
    for language, words in (("en", "no, synthetic"), ("zh", "模拟企业")):
        text = browser.page(f"/{language}/organisations/SEP-0001/").text
        assert words in text and "synthetic:" not in text
