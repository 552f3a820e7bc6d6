"""Lines of authors who have not seen the program: verdicts that they wrote down first, with what differs and why.

The lines, licences and verdicts are as their authors wrote them; firms that no list names are invented. What the desk
answered when it first saw them stands in docs/reference/declare.md; since then they are material for tuning.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from lodeline.control.declaration import read_fields
from lodeline.control.desk import Verdict, judge
from lodeline.control.licences.licence import draws_of, read_licences
from lodeline.control.rulebook import LawDay
from lodeline.control.sources import Sources
from lodeline.ledger.register import TABLES
from lodeline.material.mass import MG_PER_KG
from lodeline.regulation.parameter import load

FOLDER = Path(__file__).parent / "outside"
TODAY = date(2026, 12, 2)
#: Line → what the desk says, where that is not what its author wrote.
DIFFERS = {
    "one": {
        "33": "query",  # the name is misspelt: alike to a listed one
        "99": "query", "100": "query",  # gadolinium or holmium in NdFeB: a form that is not listed
        "103": "query", "112": "query",  # SmFeN, 8YSZ: whether they are the list's alloy or mixture
        "120": "query",  # no text tells whether the suspension of No. 57 goes on
    },
    "two": {
        "9": "query", "92": "query", "118": "query",  # the licence states the use in another language
        "60": "query",  # the name holds that of a listed party
        "101": "query", "116": "query",  # holmium, gadolinium
        "132": "query",  # an alloy of scandium, by its name
        "137": "release",  # boules of LYSO are crystals
    },
}  # fmt: skip


def table(folder: str, name: str) -> list[dict[str, str]]:
    with (FOLDER / folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def licences(folder: str) -> pl.DataFrame:
    rows = []
    for row in table(folder, "licences"):
        lists = {name: row[name].split("|") if row[name] else [] for name in ("end_users", "control_items", "products")}
        days = {name: date.fromisoformat(row[name]) if row[name] else None for name in ("valid_from", "valid_to")}
        texts = {name: row[name] or None for name in ("id", "kind", "exporter", "elements", "destination", "end_use")}
        rows.append({**texts, **lists, **days, "mass_mg": int(float(row["mass_kg"]) * MG_PER_KG)})
    return pl.DataFrame(rows, schema=TABLES["licences"])


def judged(folder: str) -> dict[str, Verdict]:
    """The verdicts by line, in the order of days: what one line draws on a licence is no more there for the next."""
    known, found, law = dict(read_licences(licences(folder))), {}, load("cn")
    together = defaultdict(list)
    for row in table(folder, "lines"):
        together[row["declaration"] or row["line"]].append(row)
    for rows in sorted(together.values(), key=lambda rows: rows[0]["on"]):
        read = [read_fields({name: text for name, text in row.items() if name and text}) for row in rows]
        declaration = replace(read[0], lines=tuple(line for one in read for line in one.lines))
        for verdict in judge(declaration, LawDay.of(law, TODAY), Sources(licences=known)):
            found[verdict.line["line"]] = verdict
            licence = known.get(verdict.line["licence"] or "")
            if licence is not None and verdict.verdict == "release" and verdict.case is not None:
                drawn = draws_of(verdict.line, verdict.case.needs)
                left = {element: mass - drawn.get(element, 0) for element, mass in licence.elements_mg.items()}
                used = licence.used_mg + drawn.get("", 0)
                known[licence.id] = replace(licence, used_mg=used, elements_mg=left)
    return found


@pytest.mark.parametrize("folder", DIFFERS)
def test_the_lines_of_another_author_get_his_verdicts_but_for_those_that_are_named(folder: str) -> None:
    found = judged(folder)
    wanted = {row["line"]: row["verdict"] for row in table(folder, "verdicts") if row["kind"] != "lie-no-cell"}
    differs = {line: found[line].verdict for line, verdict in wanted.items() if found[line].verdict != verdict}
    assert differs == DIFFERS[folder]
