"""An empty filing workbook: Chinese headers, choices to pick from, and every column explained in both languages.

What is filled into it and read back needs no change to pass `check`. A workbook made for an organisation offers what
is its own: its sites and models, the lots it holds, the parties it has named before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO

import polars as pl
from openpyxl import Workbook
from openpyxl.cell.cell import Cell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from lodeline.filing.columns.guide import guides
from lodeline.filing.formats.xlsx import TEMPLATE_SHEETS
from lodeline.filing.schema import COLUMNS, Column
from lodeline.ledger.register import Register
from lodeline.ledger.succession import sites_held_before
from lodeline.material.product import PRODUCTS

GUIDE_SHEET, LISTS_SHEET = TEMPLATE_SHEETS
#: Rows that carry formats and drop-downs; more may be filled.
PREPARED_ROWS = 5000
#: A list written into a drop-down itself may have so many characters; a longer one stands on a hidden sheet.
_INLINE_LIMIT = 255
_FORMATS = {"date": "yyyy-mm-dd", "mass": "0.######", "percent": "0.#######", "integer": "0", "decimal": "0.00####"}
#: A spreadsheet keeps so many digits of a number; a longer one stays text.
_EXACT_DIGITS = 15
_REQUIRED_FILL = PatternFill("solid", fgColor="FFE8F0FE")
_WIDTHS = {"composition": 30, "counterparty_name": 28, "note": 28, "event": 18, "lot": 20}


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnNames:
    """What an organisation may want to pick, beside what the register says of it: lots that it holds, other parties
    by id and by the names that it has used for them."""

    lots: Sequence[str] = ()
    counterparties: Sequence[str] = ()
    counterparty_names: Sequence[str] = ()


def write_template(
    out: Path | IO[bytes],
    *,
    organisation: str | None = None,
    register: Register | None = None,
    own: OwnNames | None = None,
    rows: pl.DataFrame | None = None,
) -> None:
    """Write the workbook; with a register, the organisation's sites and models and the known parties to pick from.

    With `own`, only the parties in it are offered. `rows` (text columns of the format, as `written` gives them) are
    filled in below the header.
    """
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet), "a new workbook opens on a worksheet"
    sheet.title = "申报 Filing"
    guide = book.create_sheet(GUIDE_SHEET)
    lists = book.create_sheet(LISTS_SHEET)
    lists.sheet_state = "hidden"
    choices = _choices(organisation, register, own)
    prepared = PREPARED_ROWS + (0 if rows is None else rows.height)
    for place, column in enumerate(COLUMNS, start=1):
        _head(sheet, place, column)
        if values := choices.get(column.name):
            _drop_down(sheet, lists, place, values, last_row=prepared + 1, strict=bool(column.choices))
    if rows is not None:
        _fill(sheet, rows)
    sheet.freeze_panes = "B2"
    _explain(guide)
    book.save(out)


def _choices(organisation: str | None, register: Register | None, own: OwnNames | None) -> dict[str, Sequence[str]]:
    found: dict[str, Sequence[str]] = {column.name: column.choices for column in COLUMNS if column.choices}
    found["product"] = list(PRODUCTS)
    if register is not None:
        sites = [site for site, holder in register.site_organisation.items() if organisation in (None, holder)]
        # What it files of a site that it handed over is of its own days there.
        sites += [] if organisation is None else sites_held_before(register, organisation)
        models = register.tables["models"]
        if organisation is not None:
            models = models.filter(models["organisation"] == organisation)
        found["site"] = found["to_site"] = sorted(sites)
        found["model"] = sorted(models["id"].unique().to_list())
        found["counterparty"] = found["owner"] = sorted(party for party in register.roles if party != organisation)
        found["method"] = sorted(register.tables["methods"]["id"].unique().to_list())
    if own is not None:
        found["lot"] = own.lots
        found["counterparty"] = found["owner"] = own.counterparties
        found["counterparty_name"] = own.counterparty_names
    return found


def _fill(sheet: Worksheet, rows: pl.DataFrame) -> None:
    """The rows as cells: days as days and plain numbers as numbers, so that a spreadsheet can calculate with them."""
    for place, column in enumerate(COLUMNS, start=1):
        if column.name not in rows.columns:
            continue
        for number, text in enumerate(rows[column.name].to_list(), start=2):
            if text is None:
                continue
            cell = sheet.cell(row=number, column=place)
            if column.type == "date":
                cell.value = date.fromisoformat(text)
                cell.number_format = _FORMATS["date"]
            elif column.type in _FORMATS and len(text) <= _EXACT_DIGITS:
                cell.value = float(text)
                cell.number_format = _FORMATS[column.type]
            else:
                _write(cell, text)
                cell.number_format = "@"


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


def _drop_down(
    sheet: Worksheet, lists: Worksheet, place: int, values: Sequence[str], *, last_row: int, strict: bool
) -> None:
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
    validation.add(f"{letter}2:{letter}{last_row}")
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
    if text.startswith(("=", "+", "-", "@")):
        cell.quotePrefix = True
