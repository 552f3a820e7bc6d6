"""Whose scales disagree: shippers and receivers that weigh the same deliveries, and differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from lodeline.language import text
from lodeline.service.filing import transfers as questions
from lodeline.web.parts.table import Cell, Column, FrameRows, Row, Table
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words.words import Tone

#: Shape and tone of a mean difference, by whether less arrives than was shipped.
_SIGNS: Final[Mapping[bool, tuple[str, Tone]]] = {True: ("down", "loss"), False: ("up", "gain")}
_PAIRS_SHOWN: Final = 12


def weighed(visit: Visit, about: pl.DataFrame) -> dict[str, str]:
    """How many deliveries both sides have weighed, and what is lost between them; empty where none was."""
    every, both, shipped, missing = (
        int(about[column].sum()) for column in ("deliveries", "weighed", "weighed_mg", "missing_mg")
    )
    if not both:
        return {}
    return {
        "all": written.count(every),
        "weighed": written.count(both),
        "difference": written.mass(missing, visit.language, signed=True),
        "share": written.percent(missing / shipped if shipped else None, visit.language, 4, signed=True),
        "fewest": written.count(questions.FEWEST_WEIGHINGS),
    }


def pairs_table(visit: Visit, about: pl.DataFrame, names: Mapping[str, str]) -> Table:
    """Shipper and receiver whose masses differ, furthest from zero first; `about`: what was weighed."""
    return Table(
        name="pairs",
        caption=visit.text("Shipper–receiver differences"),
        columns=(
            Column(key="shipper", label=text("From", context="matching, scales")),
            Column(key="receiver", label=text("To", context="matching, scales")),
            Column(key="weighings", label=text("Weighed by both"), number=True),
            Column(key="mean", label=text("Mean difference"), number=True),
            Column(key="distance", label=text("In its errors"), number=True),
            Column(key="less", label=text("Less, more arrived"), number=True),
            Column(key="sum", label=text("In all"), number=True, unit="kg"),
        ),
        rows=FrameRows(questions.differences(about), lambda row: _pair_row(visit, row, names)),
        per_page=_PAIRS_SHOWN,
        empty=visit.text("No delivery here has been weighed by both sides."),
    )


def _pair_row(visit: Visit, row: Mapping[str, Any], names: Mapping[str, str]) -> Row:
    language = visit.language
    error = "" if row["error"] is None else f"± {written.percent(row['error'], language, 3)}"
    shape, tone = _SIGNS[row["mean"] > 0]
    return (
        Cell(
            text=names.get(row["shipper"], row["shipper"]), value=row["shipper"],
            href=_deliveries_of(visit, row["shipper"], names),
        ),
        Cell(
            text=names.get(row["receiver"], row["receiver"]), value=row["receiver"],
            href=_deliveries_of(visit, row["receiver"], names),
        ),
        Cell(text=written.count(row["weighings"]), value=row["weighings"]),
        Cell(
            text=written.percent(row["mean"], language, 3, signed=True), value=row["mean"], note=error,
            shape=shape if row["mean"] else "", tone=tone if row["mean"] else None,
        ),
        Cell(text=written.sigmas(row["distance"]), value=row["distance"]),
        Cell(text=f"{written.count(row['less'])} : {written.count(row['more'])}", value=row["less"] - row["more"]),
        Cell(
            text=written.mass(row["difference_mg"], language, signed=True),
            value=row["difference_mg"] / written.MG_PER_KG,
        ),
    )  # fmt: skip


def _deliveries_of(visit: Visit, firm: str, names: Mapping[str, str]) -> str | None:
    """Every delivery of a firm."""
    known = firm in names
    return visit.here(organisation=firm, kind="delivery", state="all", cause=None) if known else None
