"""Parties of the Unreliable Entity List are barred from all goods; names found later are known from the day of finding.

The verdicts were written down from the announcements before the first run.
"""

from __future__ import annotations

from datetime import date

import pytest
from tests.unit.control.conftest import CLEAN, DYSPROSIUM, Desk, Fields, codes, licences

from lodeline.party.packed import unnamed
from lodeline.regulation.parameter import load

DAY = date(2026, 12, 2)
NOW: Fields = {"on": "2026-12-02", "destination": "US", "end_user_country": "US", "end_use": "office motors"}
LIGHT = CLEAN | NOW
FERRITE = {
    "line": "1", "exporter": "ACME", "product_name": "Ferrite magnet arcs", "hs_code": "8505190090",
    "controlled_declared": "no", "composition": "Fe=60.1;Sr=9.2;O=28.3", "mass_kg": "100", "value": "300",
    "currency": "USD",
} | NOW  # fmt: skip

LINES: list[tuple[str, Fields, str, set[str]]] = [
    ("ferrite", FERRITE | {"end_user_name": "Saronic Technologies, Inc."}, "hold", {"parties.listed"}),
    ("as consignee", FERRITE | {"end_user_name": "Example Inc.", "consignee_name": "Oceaneering International, Inc."},
     "hold", {"parties.listed", "parties.not-concerned"}),
    ("light magnets, 2023", LIGHT | {"end_user_name": "Lockheed Martin Corporation"}, "hold", {"parties.listed"}),
    ("in Chinese", FERRITE | {"end_user_name": "通用动力任务系统公司"}, "hold", {"parties.listed"}),
    ("a branch in Japan", FERRITE | {"end_user_name": "TechInsights Japan KK", "destination": "JP",
     "end_user_country": "JP"}, "hold", {"parties.listed"}),
    ("the day before", FERRITE | {"end_user_name": "Recorded Future, Inc.", "on": "2025-10-08"}, "release", set()),
    ("from that day", FERRITE | {"end_user_name": "Recorded Future, Inc.", "on": "2025-10-09"}, "hold",
     {"parties.listed"}),
    ("before the suspension", FERRITE | {"end_user_name": "HavocAI", "on": "2025-05-13"}, "hold", {"parties.listed"}),
    ("suspended", FERRITE | {"end_user_name": "HavocAI", "on": "2026-03-01"}, "release", set()),
    ("unknown since", FERRITE | {"end_user_name": "HavocAI"}, "query", {"parties.state-unknown"}),
    ("ended", FERRITE | {"end_user_name": "Shield AI, Inc."}, "release", set()),
    ("ended in November", FERRITE | {"end_user_name": "TextOre", "on": "2025-11-10"}, "release", set()),
    ("no bar of what leaves", FERRITE | {"end_user_name": "Illumina, Inc."}, "release", set()),
    ("a parent that is not listed", FERRITE | {"end_user_name": "The Boeing Company"}, "release", set()),
]  # fmt: skip


@pytest.mark.parametrize(("line", "verdict", "reasons"), [one[1:] for one in LINES], ids=[one[0] for one in LINES])
def test_whom_the_unreliable_entity_list_bars(line: Fields, verdict: str, reasons: set[str], desk: Desk) -> None:
    found = desk(line, day=DAY, known=DAY)
    # The control list names some of them too, and asks about goods that are no item.
    also = {"parties.not-concerned", "parties.other-goods"}
    assert {code for code in codes(found) if code.startswith("parties.")} - also == reasons - also
    assert found.verdict == verdict


@pytest.mark.parametrize(
    ("name", "country"),
    [
        ("MP Materials", "US"), ("USA Rare Earth, Inc.", "US"), ("Aveox", "US"), ("Rheinmetall AG", "DE"),
        ("太脱拉卡车公司", "CZ"), ("Clear Align LLC", "US"), ("Lockheed Martin Ventures", "US"),
    ],
)  # fmt: skip
def test_a_name_that_was_found_later_is_known_from_that_day(name: str, country: str, desk: Desk) -> None:
    line = DYSPROSIUM | NOW | {"end_user_name": name, "end_user_country": country, "destination": country}
    line |= {"licence": "LIC-1", "on": "2026-09-01"}
    register = licences(end_users=[name], destination=country, valid_from=date(2026, 1, 1), valid_to=date(2026, 12, 31))
    before = desk(line, licences=register, day=DAY, known=date(2026, 12, 1))
    now = desk(line, licences=register, day=DAY, known=DAY)
    assert "parties.listed" in codes(now) and now.verdict == "hold"
    assert name == "Lockheed Martin Ventures" or "parties.listed" not in codes(before)


def test_fourteen_barred_names_have_no_source() -> None:
    assert unnamed(load("cn"), DAY, known=DAY) == {"announcements-27-28-2026": (40, 14)}
    assert sum(missing for _, missing in unnamed(load("cn"), DAY, known=date(2026, 12, 1)).values()) == 58
