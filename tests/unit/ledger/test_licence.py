"""Where a licence stands on a day, and what of a grant contradicts itself, the law or the licences that stand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import polars as pl
import pytest
from tests.desk import LAW, organisation

from lodeline.ledger.licence import Act, Licence, elements_mg
from lodeline.ledger.licence_terms import faults
from lodeline.ledger.register import TABLES, Register

KG = 1_000_000
GOOD = Licence(
    id="L1", kind="individual", exporter="MAG", end_users=("Drives GmbH",), control_items=("1C905.a.4",),
    products=("magnet-ndfeb",), mass_mg=500 * KG, elements_mg={"Dy": 20 * KG}, destination="DE", end_use="motors",
    valid_from=date(2025, 6, 1), valid_to=date(2026, 5, 31),
)  # fmt: skip
REGISTER = Register(tables={
    name: pl.DataFrame([organisation("MAG"), organisation("NEW")], schema=schema) if name == "organisations"
    else pl.DataFrame(schema=schema) for name, schema in TABLES.items()
})  # fmt: skip


def act(deed: str, on: date, holder: str = "") -> Act:
    return Act(id=f"{deed}-{on}", deed=deed, on=on, holder=holder, reason="x")  # type: ignore[arg-type]


def codes(licence: Licence, *others: Licence) -> list[str]:
    return [one.code for one in faults(licence, others=others, register=REGISTER, law=LAW)]


def test_a_licence_passes_through_its_days() -> None:
    days = [date(2025, 5, 31), date(2025, 6, 1), date(2026, 5, 31), date(2026, 6, 1)]
    assert [GOOD.standing(day) for day in days] == ["to-come", "granted", "granted", "expired"]
    assert GOOD.standing(days[1], is_exhausted=True) == "exhausted"
    assert GOOD.standing(days[3], is_exhausted=True) == "expired"


def test_it_rests_from_its_suspension_until_it_is_resumed() -> None:
    rested = replace(GOOD, acts=(act("suspended", date(2025, 7, 1)), act("resumed", date(2025, 8, 1))))
    days = [date(2025, 6, 30), date(2025, 7, 1), date(2025, 7, 31), date(2025, 8, 1)]
    assert [rested.standing(day) for day in days] == ["granted", "suspended", "suspended", "granted"]


def test_a_revocation_outlasts_everything() -> None:
    ended = replace(GOOD, acts=(act("suspended", date(2025, 7, 1)), act("revoked", date(2025, 9, 1))))
    days = [date(2025, 8, 31), date(2025, 9, 1), date(2030, 1, 1)]
    assert [ended.standing(day) for day in days] == ["suspended", "revoked", "revoked"]


def test_it_is_another_exporters_from_the_day_on() -> None:
    passed = replace(GOOD, acts=(act("holder", date(2025, 10, 1), "NEW"),))
    assert [passed.holder(date(2025, 9, 30)), passed.holder(date(2025, 10, 1))] == ["MAG", "NEW"]
    assert passed.holders == {"MAG", "NEW"}


def test_the_register_gives_licences_with_their_acts_by_day() -> None:
    rows = [
        {"id": f"a{number}", "licence": "L1", "deed": deed, "on": on, "holder": None, "reason": "x"}
        for number, (deed, on) in enumerate([("revoked", date(2025, 9, 1)), ("suspended", date(2025, 7, 1))])
    ]  # fmt: skip
    grant = dict.fromkeys(TABLES["licences"]) | {"id": "L1", "kind": "general", "elements": "Dy=120|Tb=0.5"}
    tables = {**REGISTER.tables} | {
        "licences": pl.DataFrame([grant], schema=TABLES["licences"]),
        "licence_acts": pl.DataFrame(rows, schema=TABLES["licence_acts"]),
    }  # fmt: skip
    found = Register(tables=tables).licences["L1"]
    assert [one.deed for one in found.acts] == ["suspended", "revoked"]
    assert found.granted_mg == {"Dy": 120 * KG, "Tb": KG // 2}


def test_what_is_no_number_allows_nothing_of_its_element() -> None:
    assert elements_mg("Dy=a lot|Tb = 2") == {"Dy": 0, "Tb": 2 * KG}


def test_a_grant_in_order_has_no_fault() -> None:
    assert codes(GOOD) == []


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"kind": "single"}, "grant.kind-unknown"),
        ({"mass_mg": None}, "grant.incomplete"),
        ({"end_users": ()}, "grant.incomplete"),
        ({"mass_mg": 0, "elements_mg": {}}, "grant.mass-not-positive"),
        ({"elements_mg": {"Dy": 0}}, "grant.mass-not-positive"),
        ({"elements_mg": {"Dx": KG}}, "grant.element-unknown"),
        ({"elements_mg": {"Dy": 501 * KG}}, "grant.element-exceeds-goods"),
        ({"elements_mg": {"Tb": KG}}, "grant.element-without-item"),
        ({"valid_to": date(2026, 6, 1)}, "grant.term-too-long"),
        ({"valid_to": date(2025, 5, 1)}, "validity.reversed"),
        ({"end_users": ("A", "B")}, "grant.end-users-too-many"),
        ({"control_items": ("1C999",), "elements_mg": {}}, "grant.item-unknown"),
        ({"exporter": "NOBODY"}, "grant.holder-unknown"),
    ],
)
def test_each_contradiction_of_a_grant_is_told(changed: dict[str, object], code: str) -> None:
    assert codes(replace(GOOD, **changed)) == [code]  # type: ignore[arg-type]


def test_a_general_licence_may_name_several_and_last_three_years() -> None:
    general = replace(GOOD, kind="general", end_users=("A", "B"), valid_to=date(2028, 5, 31))
    assert codes(general) == []
    assert codes(replace(general, valid_to=date(2028, 6, 1))) == ["grant.term-too-long"]


def test_all_contradictions_come_at_once() -> None:
    bad = replace(GOOD, mass_mg=-1, elements_mg={"Dx": KG}, end_users=("A", "B"), valid_to=date(2027, 1, 1))
    assert codes(bad) == [
        "grant.mass-not-positive", "grant.element-unknown", "grant.end-users-too-many", "grant.term-too-long"
    ]  # fmt: skip


def test_another_licence_for_the_same_trade_on_the_same_days_is_flagged() -> None:
    other = replace(GOOD, id="L0", kind="general", valid_from=date(2025, 1, 1), valid_to=date(2025, 6, 1))
    assert codes(GOOD, other) == codes(replace(GOOD, kind="general"), other) == ["grant.overlaps"]
    assert codes(GOOD, replace(other, valid_to=date(2025, 5, 31))) == []
    assert codes(GOOD, replace(other, end_users=("Somebody else",))) == []
    assert codes(GOOD, replace(other, exporter="NEW")) == []


def test_two_licences_for_one_consignment_each_are_no_overlap() -> None:
    assert GOOD.kind == "individual" and codes(GOOD, replace(GOOD, id="L0")) == []


def test_a_mass_a_thousand_times_the_usual_is_flagged() -> None:
    usual = [
        replace(GOOD, id=f"O{number}", valid_from=date(2020, 1, 1), valid_to=date(2020, 2, 1), mass_mg=400 * KG)
        for number in range(5)
    ]
    assert codes(replace(GOOD, mass_mg=500_000 * KG), *usual) == ["grant.mass-unusual"]
    assert codes(replace(GOOD, mass_mg=500_000 * KG), *usual[:4]) == []
