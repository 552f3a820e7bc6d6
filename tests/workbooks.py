"""Workbooks that no spreadsheet writes, made of their parts."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from pathlib import Path

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KINDS = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": (
        f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels"'
        ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_KINDS}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_KINDS}.worksheet+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r" Type="{_OFFICE}/officeDocument"'
        ' Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets><sheet name="S" sheetId="1" r:id="r"/></sheets>'
        "</workbook>"
    ),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r" Type="{_OFFICE}/worksheet"'
        ' Target="worksheets/sheet1.xml"/></Relationships>'
    ),
}
#: Two cells at the corners of a sheet, and nothing between.
CORNERS = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>event</t></is></c></row>'
    '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
)


def sheet_xml(data: str) -> str:
    """A worksheet with these rows."""
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{data}</sheetData></worksheet>'


def workbook(data: str = CORNERS, *, shared: Iterable[str] = ()) -> bytes:
    """A workbook whose one sheet has these rows. shared: texts that cells name by their number."""
    out = io.BytesIO()
    texts = "".join(f"<si><t>{text}</t></si>" for text in shared)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        relation = f'<Relationship Id="t" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/>' if texts else ""
        for name, text in _PARTS.items():
            is_relations = name.endswith("workbook.xml.rels")
            book.writestr(name, text.replace("</R", f"{relation}</R") if is_relations else text)
        if texts:
            book.writestr("xl/sharedStrings.xml", f'<sst xmlns="{_MAIN}">{texts}</sst>')
        book.writestr("xl/worksheets/sheet1.xml", sheet_xml(data))
    return out.getvalue()


def write_workbook(path: Path, rows: Iterable[str]) -> Path:
    """The same, of rows that are many."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        for name, text in _PARTS.items():
            book.writestr(name, text)
        begin, end = sheet_xml("|").split("|")
        with book.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            part.write(begin.encode())
            for row in rows:
                part.write(row.encode())
            part.write(end.encode())
    return path
