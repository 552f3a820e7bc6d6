"""The lines of a declaration as a table: short on the page, with every column in a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lodeline.language import text
from lodeline.web.pages.customs.many import presets, row_choices
from lodeline.web.pages.customs.reasons import reason_text
from lodeline.web.pages.customs.verdicts import MARKS, VERDICTS, Pair
from lodeline.web.parts.table import Cell, Column, Row, Table, shown
from lodeline.web.visit import NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words


def opened(visit: Visit, pairs: list[Pair]) -> list[Pair]:
    """The line whose card is open: `?line=` its row in the file. Raises NotHereError."""
    row = visit.query("line")
    if row is None:
        return []
    found = [pair for pair in pairs if str(pair[0]["row"]) == row]
    if not found:
        raise NotHereError(text("This question has no row {row!r}.", row=row[:20]))
    return found


def lines_of(
    visit: Visit, pairs: list[Pair], names: Mapping[str, str], open_to: Any, decided: Mapping[str, Cell]
) -> dict[str, object]:
    """The lines as a table; where `open_to` says what may be done with which, with the choice of each."""
    rows = [_line_row(visit, pair, names, decided) for pair in pairs]
    ids = {id(row): pair[0]["id"] for row, pair in zip(rows, pairs, strict=True)}
    table = shown(visit, Table(
        name="verdicts",
        caption=visit.text("Verdict of each line"),
        columns=(
            Column(key="line", label=text("Line", context="customs")),
            Column(key="verdict", label=text("Verdict", context="customs")),
            Column(key="goods", label=text("Goods", context="customs")),
            Column(key="mass", label=text("Mass, kg", context="customs"), number=True),
            Column(key="to", label=text("To", context="customs")),
            Column(key="why", label=text("Why", context="customs, line table")),
            *([Column(key="decided", label=text("Decided", context="customs"))] if decided else []),
        ),
        rows=rows,
        empty=visit.text("No line has this verdict."),
    ))  # fmt: skip
    return {
        "table": table,
        "rows": row_choices(visit, [ids[id(row)] for row in table.rows], table.rows, open_to) if open_to else None,
        "presets": presets(visit, open_to) if open_to else [],
    }


def _line_row(visit: Visit, pair: Pair, names: Mapping[str, str], decided: Mapping[str, Cell]) -> Row:
    answer, line = pair
    shape, tone = MARKS[answer["verdict"]]
    those = [one for one in answer["reasons"] if one["verdict"] == answer["verdict"]]
    kilograms = None if line["mass_kg"] is None else line["mass_kg"] / written.MG_PER_KG
    to = words.country(line["destination"], visit.language) if line["destination"] else written.NOTHING
    why = reason_text(visit, those[0], names) if those else ""
    others = visit.text("and {those} more", those=len(those) - 1) if len(those) > 1 else ""
    name = str(answer["line"] or answer["row"])
    return (
        Cell(
            text=name, value=int(name) if name.isdecimal() and len(name) < 10 else name,
            href=visit.here(line=answer["row"]) + "#card", note=answer["declaration"] or "",
        ),
        Cell(text=visit.localized(VERDICTS[answer["verdict"]]), shape=shape, tone=tone),
        Cell(text=answer["product_name"] or written.NOTHING, note=answer["hs_code"] or ""),
        Cell(text=written.NOTHING if kilograms is None else written.number(kilograms), value=kilograms),
        Cell(text=to, note=str(line["end_user_name"] or line["consignee_name"] or "")),
        Cell(text=why or written.NOTHING, note=others),
        *([decided.get(answer["id"], Cell(text=written.NOTHING))] if decided else []),
    )  # fmt: skip


def verdict_table(visit: Visit, pairs: list[Pair], names: Mapping[str, str]) -> Table:
    return Table(
        name="verdicts",
        caption=visit.text("Verdict of each line"),
        columns=(
            Column(key="line", label=text("Line", context="customs")),
            Column(key="declaration", label=text("Declaration", context="customs")),
            Column(key="verdict", label=text("Verdict", context="customs")),
            Column(key="goods", label=text("Goods", context="customs")),
            Column(key="code", label=text("HS code")),
            Column(key="mass", label=text("Mass, kg", context="customs"), number=True),
            Column(key="why", label=text("Why", context="customs, line table")),
            Column(key="settle", label=text("What would settle it", context="customs, line table")),
            Column(key="codes", label=text("Codes of the reasons")),
            Column(key="day", label=text("Day of law")),
            Column(key="id", label=text("Id of the verdict")),
        ),
        rows=[_verdict_row(visit, pair, names) for pair in pairs],
        empty=visit.text("No line could be read."),
    )


def _verdict_row(visit: Visit, pair: Pair, names: Mapping[str, str]) -> Row:
    answer, line = pair
    shape, tone = MARKS[answer["verdict"]]
    those = [one for one in answer["reasons"] if one["verdict"] == answer["verdict"]]
    settle = dict.fromkeys(visit.localized(one["settle"]) for one in answer["reasons"] if "settle" in one)
    kilograms = None if line["mass_kg"] is None else line["mass_kg"] / written.MG_PER_KG
    return (
        Cell(text=str(answer["line"] or answer["row"])),
        Cell(text=answer["declaration"] or written.NOTHING, value=answer["declaration"] or "", whole=True),
        Cell(text=visit.localized(VERDICTS[answer["verdict"]]), shape=shape, tone=tone),
        Cell(text=answer["product_name"] or written.NOTHING),
        Cell(text=answer["hs_code"] or written.NOTHING),
        Cell(text=written.NOTHING if kilograms is None else written.number(kilograms), value=kilograms),
        Cell(text=" ".join(reason_text(visit, one, names) for one in those)),
        Cell(text=" ".join(settle) or written.NOTHING),
        Cell(text=", ".join(one["code"] for one in those)),
        Cell(text=written.day(answer["day"], visit.language), value=answer["day"]),
        Cell(text=written.short_hash(answer["id"]), value=answer["id"]),
    )
