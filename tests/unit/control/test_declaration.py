"""A declaration is read whatever its columns are called and however they stand; what cannot be read is named."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from lodeline.control.declaration import columns, read_declaration, read_fields
from lodeline.control.labels import LABELS, SHORT_LABELS
from lodeline.language import LANGUAGES, Language, Text
from lodeline.material.composition import CompositionError, read_stated

ENGLISH = (
    "line,on,product_name,hs_code,composition,mass_kg,controlled_declared\n"
    "1,2025-07-04,NdFeB magnets,8505111000,Nd=30;Fe=68,12.5,no\n"
)
CHINESE = (
    "是否管制物项,净重（千克）,成分,商品编码,品名,申报日期,项号\n"
    "否,１２．５,钕＝30；铁＝68,8505.11.1000,NdFeB magnets,2025年7月4日,1\n"
)


def test_english_and_chinese_columns_in_any_order_read_the_same(tmp_path: Path) -> None:
    for name, text in (("en.csv", ENGLISH), ("zh.csv", CHINESE)):
        (tmp_path / name).write_text(text, "utf-8")
    english, chinese = (read_declaration(tmp_path / name) for name in ("en.csv", "zh.csv"))
    assert english.problems == chinese.problems == ()
    (one,), (other,) = english.lines, chinese.lines
    assert one["on"] == other["on"] == date(2025, 7, 4)
    assert one["mass_kg"] == other["mass_kg"] == 12_500_000
    assert one["hs_code"] == other["hs_code"] == "8505111000"
    assert one["controlled_declared"] is other["controlled_declared"] is False
    assert one.composition == other.composition


def test_csv_xlsx_and_json_read_the_same(tmp_path: Path) -> None:
    header, row = (line.split(",") for line in ENGLISH.splitlines())
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(header)
    book.active.append(row)
    book.save(tmp_path / "d.xlsx")
    (tmp_path / "d.json").write_text(json.dumps({"rows": [dict(zip(header, row, strict=True))]}), "utf-8")
    (tmp_path / "d.csv").write_text(ENGLISH, "utf-8")
    read = [read_declaration(tmp_path / f"d.{ending}").lines for ending in ("csv", "xlsx", "json")]
    assert read[0] == read[1] == read[2] != ()


@pytest.mark.parametrize(
    ("column", "text", "code"),
    [
        ("on", "2025-02-30", "date.invalid"),
        ("mass_kg", "1,25", "number.grouped"),
        ("mass_kg", "-1", "mass.negative"),
        ("value", "-1", "number.out-of-range"),
        ("hs_code", "85.05", "hs-code.malformed"),
        ("product", "magnets", "product.unknown"),
        ("destination", "Atlantis", "country.unknown"),
        ("currency", "dollars", "currency.malformed"),
        ("controlled_declared", "perhaps", "choice.unknown"),
        ("basis", "weight", "choice.unknown"),
        ("models_in_lot", "1.5", "number.too-precise"),
        ("re_total_pct", "120", "number.out-of-range"),
        ("composition", "Nd some 24", "composition.malformed"),
        ("composition", "Xx=3", "composition.unknown-element"),
        ("composition", "Dy=~0.1", "composition.not-a-share"),
        ("composition", "Nd=30;钕=30", "composition.element-twice"),
        ("composition", "Nd=60;Fe=50", "composition.over-100"),
        ("assay_composition", "Dy=trace", "composition.not-a-share"),
    ],
)
def test_a_cell_that_cannot_be_read_is_named_in_both_languages(
    tmp_path: Path, column: str, text: str, code: str
) -> None:
    cells = {"line": "1", "product_name": "NdFeB magnets", "hs_code": "8505111000"} | {column: text}
    path = tmp_path / "d.csv"
    path.write_text(",".join(cells) + "\n" + ",".join(f'"{cell}"' for cell in cells.values()) + "\n", "utf-8")
    (line,) = read_declaration(path, file="d.csv").lines
    (found,) = line.problems
    assert (found.code, found.severity) == (code, "reject")
    assert (found.where.file, found.where.row, found.where.column) == ("d.csv", 2, column)
    assert found.message("en") != found.message("zh")
    assert line[column] is None
    assert not line.is_read


def test_what_is_needed_and_missing_is_said(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("line,product_name\n1,magnets\n,\n2,\n", "utf-8")
    read = read_declaration(path)
    assert [one.code for one in read.problems] == ["column.missing"]
    assert [line["line"] for line in read.lines] == ["1", "2"]
    assert [[one.where.column for one in line.problems] for line in read.lines] == [
        ["hs_code"],
        ["product_name", "hs_code"],
    ]
    assert not read.is_clear


def test_a_number_that_stands_twice_is_asked_about_on_both_lines(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("declaration,line,product_name,hs_code\nA,1,m,850511\nA,1,m,850511\nB,1,m,850511\n", "utf-8")
    assert [[one.code for one in line.problems] for line in read_declaration(path).lines] == [
        ["declaration.line-twice"], ["declaration.line-twice"], [],
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "text"), [("d.csv", "line,product_name,hs_code\n"), ("d.pdf", "x"), ("d.json", "[1")])
def test_a_file_without_any_line_is_not_readable(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    read = read_declaration(tmp_path / name)
    assert not read.readable
    assert read.problems


def test_an_unknown_column_is_named_and_a_doubled_one_makes_the_file_unclear(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("line,product_name,hs_code,colour\n1,m,850511,grey\n", "utf-8")
    read = read_declaration(path)
    assert ([one.code for one in read.problems], read.is_clear) == (["column.unknown"], True)
    path.write_text("line,product_name,品名,hs_code\n1,m,n,850511\n", "utf-8")
    read = read_declaration(path)
    assert ([one.code for one in read.problems], read.is_clear) == (["column.twice"], False)


def test_a_form_is_read_as_a_file_is() -> None:
    (line,) = read_fields(
        {"项号": "1", "Product Name": " NdFeB magnets ", "hs_code": "8505111000", "mass_kg": ""}
    ).lines
    assert dict(line.cells) == {"line": "1", "product_name": "NdFeB magnets", "hs_code": "8505111000"}
    assert line.is_read


def test_elements_beyond_the_ledger_s_count_in_the_sum() -> None:
    stated = read_stated("Fe=65;Nd=28;Pr=5.9;B=1;Al=0.1")
    assert stated.sum_ppb == 1_000_000_000
    assert stated.rare_earth_ppb == 339_000_000


def test_oxides_become_elements_by_their_formula_or_the_basis() -> None:
    by_formula, by_basis = read_stated("Dy2O3=100"), read_stated("Dy=100", "oxide")
    assert by_formula.shares == by_basis.shares == {"Dy": 871_320_681}
    assert read_stated("Dy=50;TREO=2", "reo-share").shares["Dy"] == 8_713_207
    with pytest.raises(CompositionError, match="treo-missing"):
        read_stated("Dy=50", "reo-share")


def test_the_guide_s_examples_can_be_read() -> None:
    fields = {name: one.example for name, one in columns().items() if one.example}
    assert read_fields(fields).lines[0].problems == ()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("labels", [LABELS, SHORT_LABELS])
def test_every_label_of_the_desk_is_understood_in_a_file(labels: Mapping[str, Text], language: Language) -> None:
    mine = {label[language]: name for name, label in labels.items()}
    shared = Counter(label[language] for label in labels.values())
    for header, name in mine.items():
        if shared[header] == 1:
            text = columns()[name].example or "x"
            (line,) = read_fields({header: text}).lines
            assert line.cells == {name: text}, header


def test_a_column_that_is_not_understood_is_named_with_its_values(tmp_path: Path) -> None:
    path = tmp_path / "batch.csv"
    path.write_text("line,product_name,hs_code,许可,colour\n1,a,8505111000,L-1,\n2,b,8505111000,L-2,\n", "utf-8")
    found = [one for one in read_declaration(path).problems if one.code == "column.unknown"]
    assert [(one.facts["header"], one.facts["count"]) for one in found] == [("许可", 2), ("colour", 0)]
    assert "2" in found[0].message("en") and "othing" not in found[0].message("en")
    assert "未采用的值：2 个" in found[0].message("zh") and "无需处理" not in found[0].message("zh")
