"""Licences held against what left on them: each breach alone, and what must not be asked about."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from tests.desk import organisation
from tests.unit.detection.kit import look

from lodeline.detection.finding import Finding
from lodeline.detection.papers import CUSTOMS, DRAWS
from lodeline.ledger.movement import LINE, lot_facts
from lodeline.ledger.register import TABLES, Register
from lodeline.material.element import SYMBOLS

KG = 1_000_000
DAY = date(2025, 8, 1)
GRANT: dict[str, Any] = dict.fromkeys(TABLES["licences"]) | {
    "id": "L1", "kind": "general", "exporter": "MAG", "end_users": ["Drives GmbH"], "control_items": ["1C905.a.4"],
    "mass_mg": 100 * KG, "destination": "DE", "valid_from": date(2025, 6, 1), "valid_to": date(2026, 5, 31),
}  # fmt: skip
EXPORT: dict[str, Any] = {"licence": "L1", "declaration": "D1", "end_user_name": "Drives GmbH", "kg": 10, "on": DAY}


def asked(
    *exports: dict[str, Any], grant: dict[str, Any] | None = None, dysprosium: float = 2.0,
    acts: tuple[dict[str, Any], ...] = (), exits: tuple[tuple[str, int], ...] = (),
) -> list[Finding]:  # fmt: skip
    """What is asked about MAG's exports of one lot of magnets, each given by what differs from EXPORT."""
    rows = [EXPORT | one for one in exports]
    made = {"kind": "origin", "lot": 1, "product": "magnet-ndfeb", "on": date(2025, 1, 2), "line": 1, "event": "O"}
    lines = [dict.fromkeys(LINE) | made | {"organisation": "MAG", "mass_mg": 1, "dry_mg": 1, "ordinal": 0, "entry": 1}]
    for number, row in enumerate(rows, 2):
        lines.append(
            dict.fromkeys(LINE)
            | {
                "kind": "export", "lot": 1, "line": number, "entry": number, "ordinal": 0, "event": f"X{number}",
                "organisation": row.get("who", "MAG"), "on": row["on"], "mass_mg": round(row["kg"] * KG),
                "dry_mg": round(row["kg"] * KG), "destination": row.get("destination", "DE"),
            }
        )  # fmt: skip
    frame = pl.DataFrame(lines, schema=LINE, orient="row")
    customs = [(number, row["licence"], row["declaration"], row["end_user_name"]) for number, row in enumerate(rows, 2)]
    tables = {name: pl.DataFrame(schema=schema) for name, schema in TABLES.items()}
    tables["organisations"] = pl.DataFrame(
        [organisation("MAG"), organisation("MOTOR-1", name_zh="易北河驱动", name_en="Antriebswerk Elbe")],
        schema=TABLES["organisations"],
    )
    tables["licences"] = pl.DataFrame([GRANT | (grant or {})], schema=TABLES["licences"])
    tables["licence_acts"] = pl.DataFrame(
        [dict.fromkeys(TABLES["licence_acts"]) | {"id": "a", "licence": "L1"} | act for act in acts],
        schema=TABLES["licence_acts"],
    )
    draws = [("L1", "MAG", "exit", declaration, DAY, kg * KG, 9) for declaration, kg in exits]
    return look(
        "licence-abuse",
        frame,
        lot_facts=lot_facts(frame),
        lot_assays=pl.DataFrame(
            [(1, SYMBOLS.index("Nd"), 280_000_000), (1, SYMBOLS.index("Dy"), round(dysprosium * 10_000_000))],
            schema={"lot": pl.Int64(), "element": pl.UInt8(), "ppb": pl.Int64()}, orient="row",
        ),
        customs=pl.DataFrame(customs, schema=dict(CUSTOMS), orient="row"),
        draws=pl.DataFrame(draws, schema=dict(DRAWS), orient="row"),
        register=Register(tables=tables),
    )  # fmt: skip


def breaches(found: list[Finding]) -> dict[str, int]:
    (one,) = found
    told: dict[str, int] = dict(one.evidence[0]["breaches"])
    return told


def test_exports_within_their_licence_raise_no_question() -> None:
    assert asked({}, {"declaration": "D2", "kg": 50, "on": date(2026, 5, 31)}, {"kg": 40}) == []


@pytest.mark.parametrize(
    ("export", "breach"),
    [
        ({"licence": None}, "without"),
        ({"licence": "L9"}, "unknown"),
        ({"who": "TRADE"}, "of-other"),
        ({"on": date(2026, 6, 1)}, "not-in-force"),
        ({"on": date(2025, 5, 31)}, "not-in-force"),
        ({"kg": 101}, "beyond"),
        ({"end_user_name": "Somebody Else GmbH"}, "end-user"),
        ({"destination": "US"}, "destination"),
    ],
)
def test_each_breach_is_asked_about(export: dict[str, Any], breach: str) -> None:
    assert breaches(asked(export)) == {breach: 1}


def test_a_general_licence_may_name_several_countries() -> None:
    several = {"destination": "DE|US"}
    assert asked({}, {"declaration": "D2", "destination": "US"}, grant=several) == []
    assert breaches(asked({"destination": "VN"}, grant=several)) == {"destination": 1}


def test_goods_that_no_list_names_need_none() -> None:
    assert asked({"licence": None}, dysprosium=0.05) == []
    assert asked({"licence": None, "on": date(2025, 4, 3)}) == []
    assert asked({"licence": None, "destination": "CN"}) == []


def test_the_consignments_from_the_passing_on_are_beyond_and_a_scale_may_err() -> None:
    three = [{"declaration": f"D{number}", "kg": 40, "on": DAY + timedelta(days=number)} for number in range(3)]
    found = asked(*three)
    assert breaches(found) == {"beyond": 1}
    assert found[0].evidence[0]["totals"] == {"not_covered_kg": "40", "filed_kg": "120", "granted_kg": "100"}
    assert asked({"kg": 100.4}) == []


def test_what_customs_saw_leave_counts_where_it_is_more_than_was_filed() -> None:
    found = asked({"kg": 90}, exits=(("D1", 60), ("D1", 50)))
    assert breaches(found) == {"beyond": 1}
    assert [one["kind"] for one in found[0].evidence if "declaration" in one] == ["draw-exit", "draw-exit"]
    assert asked({"kg": 90}, exits=(("D1", 60), ("D1", 40))) == []


def test_an_individual_licence_is_for_one_export() -> None:
    again: list[dict[str, Any]] = [{}, {"kg": 5}, {"declaration": "D2", "on": DAY + timedelta(days=9)}]
    assert breaches(asked(*again, grant={"kind": "individual"})) == {"twice": 1}
    assert asked(*again[:2], grant={"kind": "individual"}) == []
    assert asked(*again) == []


def test_a_suspended_or_revoked_licence_does_not_cover() -> None:
    july = {"on": date(2025, 7, 1), "reason": "x"}
    assert breaches(asked({}, acts=({"deed": "suspended", **july},))) == {"not-in-force": 1}
    assert asked({"on": date(2025, 6, 30)}, acts=({"deed": "revoked", **july},)) == []


@pytest.mark.parametrize(
    ("granted", "filed"),
    [
        ("Drives GmbH", "DRIVES  G.m.b.H."),
        ("Nordwind Motoren GmbH", "Nordwind Motoren"),
        ("Müller Antriebe GmbH", "Mueller Antriebe GmbH"),
        ("Nordwind Motoren GmbH", "Nordwnd Motoren GmbH"),
        ("西门子股份公司", "Siemens AG"),
        ("MOTOR-1", "Antriebswerk Elbe"),
        ("易北河驱动", "Antriebswerk Elbe"),
    ],
)
def test_a_user_in_another_spelling_form_or_script_is_the_same(granted: str, filed: str) -> None:
    assert asked({"end_user_name": filed}, grant={"end_users": [granted]}) == []


@pytest.mark.parametrize("filed", ["Südwind Motoren GmbH", "Ostermann Pumpen GmbH", "Nordwind Handel GmbH"])
def test_a_user_with_a_name_of_its_own_is_another(filed: str) -> None:
    assert breaches(asked({"end_user_name": filed}, grant={"end_users": ["Nordwind Motoren GmbH"]})) == {"end-user": 1}
