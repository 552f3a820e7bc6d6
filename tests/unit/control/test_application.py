"""An application says all that is wrong with it at once, each with its place; a whole one becomes a licence."""

from __future__ import annotations

from datetime import date
from typing import Any

from lodeline.control.licences.application import (
    as_licence,
    differences,
    is_amendment,
    missing_documents,
    needed_documents,
    plain,
    read,
)
from lodeline.regulation.parameter import load

LAW = load("cn")
GOODS = {
    "product_name": "Sintered NdFeB magnets", "product": "magnet-ndfeb", "model": "38UH", "hs_code": "8505111000",
    "control_item": "1C905.a.4", "composition": "Nd=24;Pr=6;Dy=3.5;Fe=65.5;B=1", "mass_kg": "1200.5", "value": "96000",
}  # fmt: skip
WHOLE: dict[str, Any] = {
    "kind": "individual", "contract": "C-2025-17", "end_users": "Muster Antriebe GmbH", "valid_from": "2025-07-01",
    "valid_to": "2026-06-30", "statement": "Servo motors for packaging machines.", "currency": "CNY",
    "consignee_name": "Muster Antriebe GmbH", "destination": "DE", "end_user_country": "DE", "end_use": "servo motors",
    "goods": [GOODS],
}  # fmt: skip


def problems(**changes: Any) -> list[tuple[int | None, str | None, str]]:
    found = read(plain({**WHOLE, **changes}), exporter="EXP").problems
    return [(one.where.row, one.where.column, one.code) for one in found]


def test_what_is_whole_has_no_problem_and_is_the_licence_that_it_asks_for() -> None:
    found = read(plain(WHOLE), exporter="EXP")
    assert found.problems == () and found.is_clear
    licence = as_licence(found, licence="XK-1", exporter="EXP")
    assert (licence.mass_mg, licence.control_items, licence.products) == (
        1_200_500_000,
        ("1C905.a.4",),
        ("magnet-ndfeb",),
    )
    assert (licence.destination, licence.end_use, licence.end_users) == (
        "DE",
        "servo motors",
        ("Muster Antriebe GmbH",),
    )
    assert (licence.valid_from, licence.valid_to) == (date(2025, 7, 1), date(2026, 6, 30))


def test_a_grant_may_say_less_than_was_asked_for() -> None:
    licence = as_licence(read(plain(WHOLE), exporter="EXP"), licence="XK-1", exporter="EXP", changes={"mass_mg": 10})
    assert licence.mass_mg == 10


def test_everything_missing_is_said_at_once() -> None:
    found = read(plain({}), exporter="EXP").problems
    assert [one.where.column for one in found if one.code == "application.cell-missing"] == [
        "kind", "contract", "end_users", "consignee_name", "destination", "end_user_country", "end_use", "valid_from",
        "valid_to", "statement",
    ]  # fmt: skip
    assert found[-1].code == "application.no-goods"


def test_what_is_wrong_has_its_line_and_column() -> None:
    second = {**GOODS, "hs_code": "85", "mass_kg": "0", "composition": "Xx=3"}
    assert set(problems(goods=[GOODS, second])) == {
        (2, "hs_code", "hs-code.malformed"), (2, "mass_kg", "grant.mass-not-positive"),
        (2, "composition", "composition.unknown-element"),
    }  # fmt: skip


def test_what_all_goods_share_is_said_once() -> None:
    assert problems(destination="Atlantis", goods=[GOODS, GOODS]) == [(None, "destination", "country.unknown")]


def test_days_that_are_none() -> None:
    assert problems(valid_to="31.06.2026") == [(None, "valid_to", "date.invalid")]


def test_documents_follow_the_kind_of_licence() -> None:
    day = date(2025, 6, 1)
    assert set(needed_documents(LAW, "individual", day=day)) == {
        "applicant",
        "contract",
        "technical",
        "end-use",
        "other",
    }
    lacking = missing_documents(LAW, "individual", {"applicant", "contract"}, day=day)
    assert [one.where.column for one in lacking] == ["document-technical", "document-end-use"]
    assert len(missing_documents(LAW, "general", (), day=day)) == 7
    assert missing_documents(LAW, "registration", (), day=day) == []


def test_unknown_names_and_empty_lines_fall_away() -> None:
    kept = plain({**WHOLE, "secret": "x", "goods": [{}, {"mass_kg": " "}, GOODS, {"lot": "L"}]})
    assert "secret" not in kept and kept["goods"] == [GOODS]


def test_differences_of_a_renewal() -> None:
    after = plain({**WHOLE, "valid_to": "2027-06-30", "goods": [{**GOODS, "mass_kg": "900"}]})
    found = differences(plain(WHOLE), after)
    assert [name for name, _, _ in found] == ["valid_to", "goods", "goods"]
    assert ("valid_to", "2026-06-30", "2027-06-30") in found


def test_another_end_user_is_a_new_application() -> None:
    law = LAW.parameters["licence-amendment-days"].at(date(2025, 6, 1), known=date(2025, 6, 1)).value["new_application"]
    assert is_amendment({"contract", "valid_to"}, new_application=law)
    for column in ("end_users", "destination", "end_use", "goods"):
        assert not is_amendment({column}, new_application=law)
