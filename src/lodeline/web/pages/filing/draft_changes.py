"""A month filed again: what it would change of what stands, event by event, cell by cell and in masses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse

from lodeline.language import text
from lodeline.office.models import Draft
from lodeline.web.parts.table import Cell, Column, Table, shown, wanted_csv
from lodeline.web.visit import Visit
from lodeline.web.words import filing as words
from lodeline.web.words import format as written
from lodeline.web.words.filed_cells import filed_cell

_STATES = ("unchanged", "changed", "new", "missing")


def changes(visit: Visit, draft: Draft, summary: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the template shows of the comparison; None where the draft corrects nothing."""
    compared = summary.get("comparison")
    if draft.corrects is None or compared is None:
        return None
    voided = set(json.loads(draft.voided))
    counts = compared["counts"]
    return {
        "counts": {state: written.count(counts[state]) for state in _STATES},
        "is_some": counts["changed"] + counts["new"] + len(voided) > 0,
        "missing": [(event, event in voided) for event in compared["missing"]],
        "more_missing": max(0, counts["missing"] - len(compared["missing"])),
        "cells": shown(visit, _cells(visit, compared["differences"])),
        "masses": shown(visit, _masses(visit, compared["masses"])),
    }


def changes_csv(visit: Visit, draft: Draft) -> HttpResponse | None:
    """The CSV of one of the tables, where the visit asks for it."""
    compared = (json.loads(draft.summary) or {}).get("comparison")
    if visit.query("format") is None or compared is None:
        return None
    return wanted_csv(visit, _cells(visit, compared["differences"]), _masses(visit, compared["masses"]))


def _cells(visit: Visit, differences: list[dict[str, Any]]) -> Table:
    language = visit.language
    what = {"added": visit.text("row is new"), "removed": visit.text("row is gone")}
    rows = tuple(
        (
            Cell(text=one["event"]),
            Cell(
                text=" · ".join(part for part in (words.shown("role", one["role"] or "", language), one["lot"]) if part)
            ),
            Cell(text=what.get(one["what"]) or words.label(one["column"], language)),
            filed_cell(one["column"], one["before"], language),
            filed_cell(one["column"], one["after"], language),
        )
        for one in differences
    )
    return Table(
        name="cells",
        caption=visit.text("Cells that differ"),
        columns=(
            Column(key="event", label=text("Event", context="filing, draft changes")),
            Column(key="row", label=text("Row", context="filing")),
            Column(key="what", label=text("What", context="filing, draft changes")),
            Column(key="before", label=text("As filed")),
            Column(key="after", label=text("Now", context="filing, draft changes")),
        ),
        rows=rows,
        empty=visit.text("No event differs from what is filed."),
    )


def _masses(visit: Visit, masses: list[dict[str, Any]]) -> Table:
    language = visit.language
    what = {"book": visit.text("book"), "counted": visit.text("counted")}
    rows = tuple(
        (
            Cell(text=one["site"] or written.NOTHING),
            Cell(text=what[one["what"]]),
            Cell(text=one["element"] or visit.text("dry mass")),
            Cell(text=written.mass(one["before_mg"], language), value=one["before_mg"]),
            Cell(text=written.mass(one["after_mg"], language), value=one["after_mg"]),
            Cell(
                text=written.mass(one["after_mg"] - one["before_mg"], language, signed=True),
                value=one["after_mg"] - one["before_mg"],
            ),
        )
        for one in masses
    )
    return Table(
        name="masses",
        caption=visit.text("Masses as filed and after"),
        columns=(
            Column(key="site", label=text("Site")),
            Column(key="what", label=text("Of", context="filing")),
            Column(key="element", label=text("Element")),
            Column(key="before", label=text("As filed"), number=True),
            Column(key="after", label=text("After", context="filing"), number=True),
            Column(key="change", label=text("Change", context="filing, draft changes"), number=True),
        ),
        rows=rows,
        empty=visit.text("It changes no mass."),
    )
