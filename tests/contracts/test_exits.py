"""What customs saw leave: flagged where nothing covers it, and mended where it was confirmed wrongly.

The exit drill: `pytest tests/contracts/test_exits.py`.
"""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import pytest
from tests.contracts.test_draws import DAY, KG, MADE, NOW, account, ask, export, goods, grant, leave, said, want
from tests.contracts.test_races import at_once
from tests.desk import LAW, Desk
from tests.licences import suspend_licence

from lodeline.detection.papers import DRAWS
from lodeline.service.customs.reservations import left_already
from lodeline.service.findings.finding import SnapshotView
from lodeline.service.licences.answers import LicenceDetail, LicenceDraw, licence_list, licence_shown
from lodeline.service.licences.draw_facts import draws_of
from lodeline.service.licences.draws import Drawn, void
from lodeline.service.licences.exits import Exit, confirm_exits
from lodeline.service.licences.licences import revoke_licence
from lodeline.service.log.audit import rebuild, verify
from lodeline.store.snapshot_opening import open_snapshot

pytestmark = pytest.mark.medium


@pytest.fixture
def licensed(own: Desk) -> Desk:
    """L1 and L2 are MAG's, over 200 kg of magnets with at most 4 kg of dysprosium each."""
    for licence in ("L1", "L2"):
        grant(own, licence, mass_mg=200 * KG, elements="Dy=4")
    own.rows("MAG", "2025-06", MADE.format(kg=1000))
    return own


def correct(desk: Desk, line: str, kg: float, reference: str, corrects: str, **changed: Any) -> Drawn:
    fields = {"reason": "a slip of the keyboard"} | changed
    return leave(desk, line, kg, reference, corrects=corrects, **fields)


def shown(desk: Desk, licence: str = "L1") -> LicenceDetail:
    return licence_shown(desk.store, desk.store.register(desk.store.head()), LAW, licence, day=DAY)


def drawn(desk: Desk, reference: str) -> LicenceDraw:
    (row,) = (one for one in shown(desk).draws if one.reference == reference)
    return row


def flags(desk: Desk, reference: str) -> list[str]:
    return [one.code for one in drawn(desk, reference).problems]


def test_a_hundred_thousand_typed_for_a_hundred_is_flagged_and_mended_with_its_history(licensed: Desk) -> None:
    ask(licensed, want("1", 100))
    wrong = leave(licensed, "1", 100_000, "E1", closes=True)
    assert said(wrong) == ["exit.above-reservation", "export.licence-overdrawn", "export.licence-overdrawn"]
    assert goods(licensed) == (0, 100_000, 0, 99_800)
    assert flags(licensed, "E1") == ["exit.above-reservation"]
    mended = correct(licensed, "1", 100, "E2", "E1", closes=True)
    assert (said(mended), mended.answer.mass_mg, mended.answer.reservation) == ([], 100 * KG, None)
    assert goods(licensed) == (0, 100, 100, 0)
    first, second = drawn(licensed, "E1"), drawn(licensed, "E2")
    # The earlier one stays as it was written, and says by what it was corrected.
    assert (first.mass_mg, first.act, first.corrected_by) == (100_000 * KG, "exit", second.number)
    assert (second.corrects, second.reason) == (first.number, "a slip of the keyboard")
    assert second.reservation == first.reservation
    assert (flags(licensed, "E1"), flags(licensed, "E2")) == ([], [])
    assert rebuild(licensed.store)["ok"] and verify(licensed.store).faults == ()


def test_an_account_that_was_corrected_is_the_one_that_was_right_from_the_first(licensed: Desk) -> None:
    """A random walk on two licences: L1 with slips that are corrected at some time, L2 without any."""
    dice = random.Random(20261128)
    for line in ("1", "2", "3"):
        masses = {"elements_mg": {"Dy": KG // 2}}
        ask(licensed, want(line, 40, "A", **masses), want(line, 40, "B", licence="L2", **masses))
    slips: dict[str, tuple[str, float, bool]] = {}
    for turn in range(12):
        line, kg, closes = str(dice.randint(1, 3)), dice.randint(1, 60) / 2, dice.random() < 0.2
        is_slip = dice.random() < 0.6
        typed, ended = (kg * dice.choice((0.1, 10, 1000)), dice.random() < 0.3) if is_slip else (kg, closes)
        leave(licensed, line, typed, f"A{turn}", declaration="A", closes=ended)
        leave(licensed, line, kg, f"B{turn}", declaration="B", closes=closes)
        if is_slip:
            slips[f"A{turn}"] = (line, kg, closes)
        if slips and dice.random() < 0.5:
            mend(licensed, dice, slips)
    while slips:
        mend(licensed, dice, slips)
    licensed.rows("MAG", "2025-06", export(1, 70, "L1", "A"), export(2, 70, "L2", "B"))
    for name in ("", "Dy"):
        for days in (0, 90, 91):
            day = DAY + timedelta(days=days)
            one, other = (account(licensed, licence).account.balance(name, day) for licence in ("L1", "L2"))
            assert one == other, (name, days)
    stored = [
        licensed.store.database.rows(
            "SELECT line, mass_mg, used_mg, open_mg, until, state FROM reservation WHERE account = %s"
            " ORDER BY line, used_mg",
            (licence,),
        )
        for licence in ("L1", "L2")
    ]
    assert stored[0] == stored[1]
    assert rebuild(licensed.store)["ok"] and verify(licensed.store).faults == ()


def mend(desk: Desk, dice: random.Random, slips: dict[str, tuple[str, float, bool]]) -> None:
    """Corrects one of the slips: at once, or with another slip between."""
    reference = dice.choice(list(slips))
    line, kg, closes = slips.pop(reference)
    if dice.random() < 0.3:
        assert correct(desk, line, kg * 7, f"{reference}-x", reference, declaration="A").draw
        reference = f"{reference}-x"
    assert correct(desk, line, kg, f"{reference}-c", reference, declaration="A", closes=closes).draw


def test_a_line_that_was_closed_by_a_slip_is_open_again(licensed: Desk) -> None:
    ask(licensed, want("1", 100))
    leave(licensed, "1", 40, "E1", closes=True)
    assert goods(licensed) == (0, 40, 160, 0)
    correct(licensed, "1", 40, "E2", "E1")
    assert goods(licensed) == (60, 40, 100, 0)
    assert void(store=licensed.store, declaration="D1", line="1", reason="not sold", on=DAY, filed_at=NOW).draw
    assert goods(licensed) == (0, 40, 160, 0)


def test_goods_that_never_left_are_corrected_to_nothing(licensed: Desk) -> None:
    ask(licensed, want("1", 50), want("2", 50))
    leave(licensed, "2", 30, "E1")
    lines = {("D1", "1", "MAG"), ("D1", "2", "MAG")}
    assert [one.line for one in left_already(licensed.store, lines)] == ["2"]
    correct(licensed, "2", 0, "E2", "E1", reason="booked on the wrong line")
    # Nothing of it has left any more, so that the declaration may be amended or withdrawn.
    assert left_already(licensed.store, lines) == []
    assert said(leave(licensed, "1", 30, "E3")) == []
    assert goods(licensed) == (70, 30, 100, 0)
    assert account(licensed).account.exports == {"D1"}


def test_what_cannot_be_corrected_says_why_and_writes_nothing(licensed: Desk) -> None:
    ask(licensed, want("1", 100), want("2", 50))
    leave(licensed, "1", 60, "E1")
    head = licensed.store.head().size
    assert said(correct(licensed, "1", 6, "E2", "E1", reason=" ")) == ["exit.incomplete"]
    assert said(correct(licensed, "1", 6, "", "E1")) == ["exit.incomplete"]
    assert said(correct(licensed, "1", 6, "E2", "E9")) == ["exit.corrected-unknown"]
    assert said(correct(licensed, "2", 6, "E2", "E1")) == ["exit.corrected-unknown"]
    # A reservation is no confirmation, and a confirmation is not corrected under its own number.
    assert said(correct(licensed, "1", 6, "E1", "E1")) == ["exit.exists-with-other-content"]
    assert licensed.store.head().size == head
    assert correct(licensed, "1", 6, "E2", "E1").draw
    assert correct(licensed, "1", 6, "E2", "E1").repeated
    assert said(correct(licensed, "1", 7, "E2", "E1")) == ["exit.exists-with-other-content"]
    # Whoever has not seen the first correction is told of it.
    late = correct(licensed, "1", 8, "E3", "E1")
    assert said(late) == ["exit.corrected-since"] and late.problems[0].facts["newest"] == "E2"
    assert correct(licensed, "1", 8, "E3", "E2").draw
    # The first confirmation told again is a repetition still, and the number of a correction is taken.
    assert leave(licensed, "1", 60, "E1").repeated
    assert said(leave(licensed, "1", 8, "E3")) == ["exit.exists-with-other-content"]
    assert goods(licensed) == (142, 8, 50, 0)


def test_two_who_correct_one_exit_at_once_find_one_winner(licensed: Desk) -> None:
    ask(licensed, want("1", 100))
    leave(licensed, "1", 60, "E1")

    def one(number: int) -> Any:
        return lambda desk: correct(desk, "1", number, f"C{number}", "E1")

    answers = at_once(licensed.store.database.url, [one(number) for number in range(1, 5)])
    assert sorted(said(answer) for answer in answers) == [[], *[["exit.corrected-since"]] * 3]


def test_an_exit_without_a_reservation_is_corrected_on_its_licence(licensed: Desk) -> None:
    leave(licensed, "7", 150, "E1", licence="L1", organisation="MAG", elements_mg={"Dy": KG})
    assert said(correct(licensed, "7", 15, "E2", "E1", elements_mg={"Dy": KG // 10})) == []
    assert goods(licensed) == (0, 15, 185, 0)
    assert account(licensed).account.used("Dy") == KG // 10


def test_a_batch_may_confirm_and_correct_and_each_exit_is_corrected_once_in_it(licensed: Desk) -> None:
    ask(licensed, want("1", 100))
    leave(licensed, "1", 60, "E1")
    line: dict[str, Any] = {"declaration": "D1", "line": "1"}
    fixes = [
        Exit(**line, mass_mg=6 * KG, reference="E2", corrects="E1", reason="x"),
        Exit(**line, mass_mg=7 * KG, reference="E3", corrects="E1", reason="x"),
        Exit(**line, mass_mg=10 * KG, reference="E4"),
    ]
    found = confirm_exits(store=licensed.store, exits=fixes, law=LAW, on=DAY, filed_at=NOW)
    assert [said(one) for one in found] == [[], ["exit.corrected-since"], []]
    assert goods(licensed) == (84, 16, 100, 0)


@pytest.mark.parametrize("decide", [revoke_licence, suspend_licence])
def test_an_exit_on_a_licence_that_does_not_stand_is_booked_and_flagged(licensed: Desk, decide: Any) -> None:
    ask(licensed, want("1", 50))
    assert said(leave(licensed, "1", 10, "E1")) == []
    decide(store=licensed.store, licence="L1", on=DAY + timedelta(days=1), reason="x", filed_at=NOW)
    assert said(leave(licensed, "1", 10, "E2")) == [], "it stood on that day"
    tomorrow = Exit(declaration="D1", line="1", mass_mg=10 * KG, reference="E3")
    (late,) = confirm_exits(
        store=licensed.store, exits=[tomorrow], law=LAW, on=DAY + timedelta(days=1), filed_at=NOW
    )  # fmt: skip
    assert said(late) == ["exit.licence-not-in-force"]
    word = {"revoke_licence": ("revoked", "撤销"), "suspend_licence": ("suspended", "中止")}[decide.__name__]
    assert word[0] in late.problems[0].message("en") and word[1] in late.problems[0].message("zh")
    assert account(licensed).account.used("") == 30 * KG
    assert [flags(licensed, one) for one in ("E1", "E2", "E3")] == [[], [], ["exit.licence-not-in-force"]]
    rows = licence_list(licensed.store, licensed.store.register(licensed.store.head()), LAW, day=DAY).rows
    assert {one.id: one.flagged_exits for one in rows} == {"L1": 1, "L2": 0}
    # Corrected to nothing, nothing is flagged any more.
    correct(licensed, "1", 0, "E4", "E3")
    assert shown(licensed).flagged_exits == 0


def test_a_decision_that_is_entered_late_flags_what_left_after_its_day(licensed: Desk) -> None:
    ask(licensed, want("1", 50))
    leave(licensed, "1", 10, "E1")
    assert flags(licensed, "E1") == []
    revoke_licence(store=licensed.store, licence="L1", on=DAY, reason="x", filed_at=NOW)
    assert flags(licensed, "E1") == ["exit.licence-not-in-force"]


def test_an_exit_above_its_reservation_is_flagged_and_one_that_fills_it_is_not(licensed: Desk) -> None:
    ask(licensed, want("1", 50), want("2", 50))
    assert said(leave(licensed, "1", 30, "E1"), leave(licensed, "1", 20, "E2")) == []
    over = leave(licensed, "1", 0.5, "E3", closes=True)
    assert said(over) == ["exit.above-reservation"]
    assert over.problems[0].facts["over_kg"] == "0.5" and "50" in over.problems[0].message("zh")
    # Goods within the reservation, and more of an element than it holds.
    assert said(leave(licensed, "2", 10, "E4", elements_mg={"Dy": 2 * KG})) == ["exit.above-reservation"]
    assert [flags(licensed, one) != [] for one in ("E1", "E2", "E3", "E4")] == [False, False, True, True]
    # The first is corrected: what follows fits.
    correct(licensed, "1", 29, "E5", "E1")
    assert flags(licensed, "E3") == []


def test_findings_see_what_stands_and_not_the_slip(licensed: Desk) -> None:
    ask(licensed, want("1", 100))
    leave(licensed, "1", 100_000, "E1")
    correct(licensed, "1", 100, "E2", "E1")
    licensed.rows("MAG", "2025-06", export(1, 100))
    draws = SnapshotView(store=licensed.store, snapshot=open_snapshot(licensed.store), law=LAW).draws
    assert draws.schema == DRAWS
    assert draws.select("act", "mass_mg").rows() == [("reserve", 100 * KG), ("exit", 100 * KG)]
    assert [one.act for one in draws_of(licensed.store, "licence")] == ["reserve", "exit", "correct"]


def test_the_day_of_these_tests_lies_within_the_licences() -> None:
    assert date(2025, 6, 1) <= DAY <= date(2026, 5, 31)
