"""An empty filing workbook: Chinese headers, choices to pick from, and every column explained in both languages.

What is filled into it and read back needs no change to pass `check`.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from openpyxl import Workbook
from openpyxl.cell.cell import Cell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from lodeline.filing.formats.xlsx import TEMPLATE_SHEETS
from lodeline.filing.schema import COLUMNS, Column
from lodeline.ledger.register import Register
from lodeline.material.product import PRODUCTS

GUIDE_SHEET, LISTS_SHEET = TEMPLATE_SHEETS
#: Rows that carry formats and drop-downs; more may be filled.
PREPARED_ROWS = 5000
#: A list written into a drop-down itself may have so many characters; a longer one stands on a hidden sheet.
_INLINE_LIMIT = 255
_FORMATS = {"date": "yyyy-mm-dd", "mass": "0.######", "percent": "0.#######", "integer": "0", "decimal": "0.00####"}
_REQUIRED_FILL = PatternFill("solid", fgColor="FFE8F0FE")
_WIDTHS = {"composition": 30, "counterparty_name": 28, "note": 28, "event": 18, "lot": 20}


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """What the format's documentation says of one column; `required_for` lists kinds of rows."""

    name: str
    required_for: str
    description_en: str
    description_zh: str
    example: str


@cache
def guides() -> dict[str, Guide]:
    """Column name → its documentation, in the order of the columns."""
    text = (files("lodeline") / "data/reference/columns.csv").read_text("utf-8")
    return {row["name"]: Guide(**row) for row in csv.DictReader(text.splitlines())}


def write_template(path: Path, *, organisation: str | None = None, register: Register | None = None) -> None:
    """Write the workbook; with a register, the organisation's sites and models and the known parties to pick from."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet), "a new workbook opens on a worksheet"
    sheet.title = "申报 Filing"
    guide = book.create_sheet(GUIDE_SHEET)
    lists = book.create_sheet(LISTS_SHEET)
    lists.sheet_state = "hidden"
    choices = _choices(organisation, register)
    for place, column in enumerate(COLUMNS, start=1):
        _head(sheet, place, column)
        if values := choices.get(column.name):
            _drop_down(sheet, lists, place, values, strict=bool(column.choices))
    sheet.freeze_panes = "B2"
    _explain(guide)
    book.save(path)


def _choices(organisation: str | None, register: Register | None) -> dict[str, Sequence[str]]:
    found: dict[str, Sequence[str]] = {column.name: column.choices for column in COLUMNS if column.choices}
    found["product"] = list(PRODUCTS)
    if register is None:
        return found
    sites = [site for site, holder in register.site_organisation.items() if organisation in (None, holder)]
    models = register.tables["models"]
    if organisation is not None:
        models = models.filter(models["organisation"] == organisation)
    found["site"] = found["to_site"] = sorted(sites)
    found["model"] = sorted(models["id"].unique().to_list())
    found["counterparty"] = found["owner"] = sorted(party for party in register.roles if party != organisation)
    found["method"] = sorted(register.tables["methods"]["id"].unique().to_list())
    return found


def _head(sheet: Worksheet, place: int, column: Column) -> None:
    guide = guides()[column.name]
    cell = sheet.cell(row=1, column=place)
    _write(cell, column.name_zh)
    cell.font = Font(bold=True)
    if guide.required_for.startswith("all"):
        cell.fill = _REQUIRED_FILL
    note = f"{column.name}\n{guide.description_en}\nRequired for: {guide.required_for}\nExample: {guide.example}"
    cell.comment = Comment(note, "Lodeline", width=320, height=140)
    letter = get_column_letter(place)
    sheet.column_dimensions[letter].width = _WIDTHS.get(column.name, 14)
    # Whatever has no format of its own is text: a lot 00012 keeps its zeros.
    sheet.column_dimensions[letter].number_format = _FORMATS.get(column.type, "@")


def _drop_down(sheet: Worksheet, lists: Worksheet, place: int, values: Sequence[str], *, strict: bool) -> None:
    """A drop-down below the header; only the format's own codes refuse what is not in the list."""
    inline = ",".join(values)
    if len(inline) <= _INLINE_LIMIT and not any('"' in value or "," in value for value in values):
        formula = f'"{inline}"'
    else:
        column = lists.max_column + 1 if lists.cell(row=1, column=1).value is not None else 1
        for row, value in enumerate(values, start=1):
            _write(lists.cell(row=row, column=column), value)
        letter = get_column_letter(column)
        formula = f"{quote_sheetname(LISTS_SHEET)}!${letter}$1:${letter}${len(values)}"
    validation = DataValidation(type="list", formula1=formula, allow_blank=True, showErrorMessage=strict)
    letter = get_column_letter(place)
    validation.add(f"{letter}2:{letter}{PREPARED_ROWS + 1}")
    sheet.add_data_validation(validation)


def _explain(guide: Worksheet) -> None:
    header = ("列", "Column", "必填范围 Required for", "说明", "Description", "例 Example", "可选值 Choices")
    rows = [header]
    for column in COLUMNS:
        one = guides()[column.name]
        choices = ", ".join(column.choices)
        about = (one.required_for, one.description_zh, one.description_en, one.example, choices)
        rows.append((column.name_zh, column.name, *about))
    for row, cells in enumerate(rows, start=1):
        for place, text in enumerate(cells, start=1):
            cell = guide.cell(row=row, column=place)
            _write(cell, text)
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.font = Font(bold=row == 1)
    for place, width in enumerate((16, 22, 24, 48, 60, 26, 40), start=1):
        guide.column_dimensions[get_column_letter(place)].width = width
    guide.freeze_panes = "A2"


def _write(cell: Cell | object, text: str) -> None:
    """Text as text: a name that begins with = + - or @ never becomes a formula."""
    assert isinstance(cell, Cell), "no cell of a template is merged"
    cell.value = text
    cell.data_type = "s"
    cell.quotePrefix = text.startswith(("=", "+", "-", "@"))
