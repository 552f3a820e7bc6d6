"""An account by small examples: what its positions say, and what does not close is our own mistake."""

from __future__ import annotations

from datetime import date

import pytest

from lodeline.ledger.reservation import Balance, Gone, Reserved, account, balance_of, natural

DAY = date(2025, 6, 10)


def reserved(number: int, line: str = "1", mass: int = 10, **changed: object) -> Reserved:
    return Reserved(declaration="D", line=line, number=number, masses_mg={"": mass}, **changed)  # type: ignore[arg-type]


def gone(mass: int, line: str = "", declaration: str = "D") -> Gone:
    return Gone(declaration=declaration, line=line, masses_mg={"": mass})


def test_what_is_left_or_overdrawn_follows() -> None:
    assert balance_of(10, 4, 3) == Balance(granted=10, overdrawn=0, reserved=3, used=4, left=3)
    assert balance_of(10, 9, 3) == Balance(granted=10, overdrawn=2, reserved=3, used=9, left=0)


def test_an_account_that_does_not_close_stops_the_program() -> None:
    with pytest.raises(AssertionError, match="does not close"):
        Balance(granted=10, overdrawn=0, reserved=3, used=4, left=2)


def test_a_confirmation_serves_its_own_line_and_rows_the_lines_in_turn() -> None:
    two = [reserved(1, "10"), reserved(2, "2")]
    found = account({"": 30}, two, [gone(14)], [gone(6, "10")])
    assert [(one.reserved.line, one.used_mg[""], one.open_mg[""]) for one in found.positions if one.reserved] == [
        ("2", 8, 2), ("10", 6, 4),
    ]  # fmt: skip


def test_what_no_reservation_awaits_stands_beside() -> None:
    found = account({"": 30}, [reserved(1)], [gone(12), gone(5, declaration="E")], [])
    assert [(one.declaration, one.state, one.used_mg[""]) for one in found.positions] == [
        ("D", "open", 10), ("D", "use", 2), ("E", "use", 5),
    ]  # fmt: skip
    assert found.exports == {"D", "E"}


def test_a_tranche_is_spent_by_reservations_that_name_it() -> None:
    tranche = Reserved(declaration="", line="", number=1, masses_mg={"": 20}, tranche="T", is_tranche=True)
    spent = [tranche, reserved(2, tranche="T"), reserved(3, "2", tranche="T", voided=True)]
    assert account({"": 30}, spent, [], []).balance("", DAY) == balance_of(30, 0, 20)
    closed = [tranche, reserved(2, tranche="T", closed=True)]
    assert account({"": 30}, closed, [], [gone(4, "1")]).balance("", DAY) == balance_of(30, 4, 16)


def test_it_is_exhausted_when_nothing_can_be_promised() -> None:
    full = account({"": 10, "Dy": 5}, [reserved(1)], [], [])
    assert full.is_exhausted(DAY)
    elements = account({"Dy": 5, "Tb": 1}, [], [Gone(declaration="D", line="", masses_mg={"Dy": 5})], [])
    assert not elements.is_exhausted(DAY)
    assert elements.is_exhausted(DAY, exports_most=1)


def test_line_2_comes_before_line_10() -> None:
    assert sorted(["10", "2", "1a", "1"], key=natural) == ["1", "1a", "2", "10"]
