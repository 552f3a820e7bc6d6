"""What the register adds: sites, parties, methods and models."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lodeline.filing.check import Checked
from lodeline.ledger.register import Register

Rows = dict[str, dict[str, str]]
Judge = Callable[..., Checked]

MOVE = {"counterparty": "", "counterparty_name": ""}
UNKNOWN = [
    ("shipment", {"site": "PLANT-9"}, "site.unknown", "site", "reject"),
    ("shipment", {"site": "BETA-1"}, "site.other-organisation", "site", "reject"),
    ("shipment", {"site": "CLOSED"}, "site.not-valid", "site", "flag"),
    ("shipment", MOVE | {"to_site": "PLANT-9"}, "site.unknown", "to_site", "reject"),
    ("shipment", {"counterparty": "GAMMA"}, "party.unknown", "counterparty", "flag"),
    ("shipment", {"owner": "GAMMA"}, "owner.unknown", "owner", "flag"),
    ("shipment", {"method": "SCALE; XRF-3"}, "method.unknown", "method", "flag"),
    ("shipment", {"model": "N99"}, "model.unknown", "model", "flag"),
]  # fmt: skip


@pytest.mark.parametrize("case", UNKNOWN, ids=lambda case: f"{case[2]} {case[3]}")
def test_unknown_names(
    judge: Judge, right: Rows, register: Register, case: tuple[str, dict[str, str], str, str, str]
) -> None:
    kind, change, code, column, severity = case
    (one,) = judge(right[kind], right[kind] | {"event": "E-2"} | change, register=register).problems
    assert (one.code, one.where.row, one.where.column, one.severity) == (code, 3, column, severity)


@pytest.mark.parametrize(("method", "codes"), [("carried-over", []), ("carried-over; XRF-3", ["method.unknown"])])
def test_a_mass_that_was_carried_over_names_no_method(
    judge: Judge, right: Rows, register: Register, method: str, codes: list[str]
) -> None:
    found = judge(right["stock"] | {"method": method}, register=register).problems
    assert [one.code for one in found] == codes


def test_who_is_named_by_one_name_that_the_register_lacks_is_asked_for_the_other_and_once_a_name(
    judge: Judge, right: Rows, register: Register
) -> None:
    named_once = right["export"] | {"counterparty_other_name": ""}
    again, another = named_once | {"event": "X-2"}, named_once | {"event": "X-3", "counterparty_name": "Rotor Works"}
    asked = judge(named_once, again, another, register=register).problems
    assert [(one.code, one.severity, one.where.row, one.where.column) for one in asked] == [
        ("party.named-once", "flag", row, "counterparty_name") for row in (2, 4)
    ]
    # An id, or a name that the register has, says who it is.
    for known in ({"counterparty": "BETA"}, {"counterparty_name": "beta"}):
        assert judge(named_once | known, register=register).problems == ()


def test_known_names_raise_nothing(judge: Judge, right: Rows, register: Register) -> None:
    row = right["shipment"] | {"owner": "BETA", "method": "SCALE", "model": "N52"}
    assert judge(row, register=register).problems == ()


def test_the_site_of_a_title_is_not_asked_for(judge: Judge, right: Rows, register: Register) -> None:
    assert judge(right["title"] | {"site": "NOWHERE"}, register=register).problems == ()


def test_unknown_organisation(judge: Judge, right: Rows, register: Register) -> None:
    codes = [one.code for one in judge(right["title"], register=register, organisation="GAMMA").problems]
    assert codes == ["organisation.unknown"]


def test_model_and_pieces_fill_mass_and_composition(judge: Judge, right: Rows, register: Register) -> None:
    magnets = right["out"] | {
        "product": "magnet-ndfeb", "model": "N52", "pieces": "1000", "mass_kg": "", "composition": "",
    }  # fmt: skip
    checked = judge(right["in"], magnets, register=register)
    assert checked.problems == ()
    assert checked.rows["mass_mg"].to_list()[1] == 2_500_000
    assert checked.rows["composition"].to_list()[1] == "Nd=240000000;Dy=10000000;B=10000000;Fe=680000000"
    assert checked.assays.filter(checked.assays["ordinal"] == 1)["ppb"].to_list() == [
        240_000_000,
        10**7,
        10**7,
        680_000_000,
    ]


def test_a_model_fills_nothing_that_is_stated(judge: Judge, right: Rows, register: Register) -> None:
    magnets = right["out"] | {"product": "magnet-ndfeb", "model": "N52", "pieces": "1000", "mass_kg": "3"}
    checked = judge(right["in"], magnets, register=register)
    assert checked.rows["mass_mg"].to_list()[1] == 3_000_000
    assert checked.rows["composition"].to_list()[1] == "Pr=200000000;Nd=600000000"
    unknown = judge(right["in"], magnets | {"composition": "", "composition_status": "unknown"}, register=register)
    assert unknown.problems == ()
    assert unknown.rows["composition"].to_list()[1] is None


def test_a_model_makes_no_assay_of_a_receipt(judge: Judge, right: Rows, register: Register) -> None:
    row = right["receipt"] | {"model": "N52", "pieces": "4", "mass_kg": ""}
    checked = judge(row, register=register)
    assert checked.rows["mass_mg"].to_list() == [10_000]
    assert checked.assays.height == 0


def test_a_model_whose_composition_cannot_be_read_fills_none(judge: Judge, right: Rows, register: Register) -> None:
    magnets = right["out"] | {"model": "BROKEN", "pieces": "1000", "composition": ""}
    checked = judge(right["in"], magnets, register=register)
    assert [one.code for one in checked.problems] == ["composition.missing"]
