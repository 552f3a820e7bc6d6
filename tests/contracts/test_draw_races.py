"""Eight processes draw on two licences at once: to the milligram nothing is lost, doubled or promised twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from tests.conftest import REPOSITORY
from tests.contracts.draw_writer import DAY, DECLARATIONS, LICENCE, NOW
from tests.contracts.test_draws import KG, MADE, account, codes, export, grant, want
from tests.contracts.test_races import WRITERS, at_once
from tests.desk import LAW, Desk

from lodeline.service.filing.posting import Outcome
from lodeline.service.licences.draws import Drawn, reserve
from lodeline.service.log.audit import rebuild

pytestmark = pytest.mark.ci
GRANTED = 200 * KG


@pytest.fixture
def licensed(own: Desk) -> Desk:
    """L1 and L2 are MAG's, over 200 kg with at most 3 kg of dysprosium each."""
    for licence in ("L1", "L2"):
        grant(own, licence, mass_mg=GRANTED, elements="Dy=3")
    own.rows("MAG", "2025-06", MADE.format(kg=100_000))
    return own


def write_at_once(url: str, rounds: int) -> list[dict[str, Any]]:
    """What eight writers were told is theirs, by the order of their numbers."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "src")])}
    command = [sys.executable, "-m", "tests.contracts.draw_writer", url, str(WRITERS), str(rounds)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment, timeout=900, check=True)
    return [taken for writer in json.loads(done.stdout) for taken in writer]


def expected_used_mg(taken: list[dict[str, Any]]) -> dict[str, int]:
    """Licence → mg of goods that are gone: of each declaration the larger of what was filed and what was confirmed."""
    taken = as_corrected(taken)
    heaps = {declaration: {"file": 0, "exit": 0} for declaration in DECLARATIONS}
    for one in taken:
        if one["act"] in ("file", "exit"):
            heaps[one["declaration"]][one["act"]] += one["mass_mg"]
    used = dict.fromkeys(("L1", "L2"), 0)
    for declaration, heap in heaps.items():
        used[LICENCE[declaration]] += max(heap.values())
    return used


def as_corrected(taken: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was taken, with each exit as its newest correction has it. A writer corrects its own, in its own order."""
    found = {one["number"]: one for one in taken if one["act"] == "exit"}
    for one in taken:
        if one["act"] == "correct":
            found[one["target"]] = found[one["target"]] | {name: one[name] for name in ("mass_mg", "closes")}
    others = [one for one in taken if one["act"] not in ("exit", "correct")]
    return [*others, *found.values()]


def check(desk: Desk, taken: list[dict[str, Any]]) -> None:
    used = expected_used_mg(taken)
    reserved = [one for one in taken if one["act"] == "reserve"]
    assert reserved and any(one["act"] == "exit" for one in taken), "the writers did nothing worth looking at"
    ended = {one["target"] for one in as_corrected(taken) if one["act"] == "void" or one.get("closes")}
    for licence in ("L1", "L2"):
        found = account(desk, licence).account
        for name in ("", "Dy"):
            for days in (0, 90, 91, 400):
                one = found.balance(name, DAY + timedelta(days=days))
                assert one.granted + one.overdrawn == one.reserved + one.used + one.left
        now = found.balance("", DAY)
        assert (now.granted, now.used) == (GRANTED, used[licence])
        # Of one line one reservation stands at a time, and what stands is what the writers were given.
        standing = [one.reserved for one in found.positions if one.reserved is not None and one.state == "open"]
        assert len({(one.declaration, one.line) for one in standing}) == len(standing)
        mine = {one["number"] for one in reserved if LICENCE[one["declaration"]] == licence}
        assert {one.number for one in standing} == mine - ended
    assert_contiguous_with_draws(desk)
    assert rebuild(desk.store)["ok"]


def assert_contiguous_with_draws(desk: Desk) -> None:
    head = desk.store.head()
    rows = desk.store.database.rows(
        "SELECT id FROM line UNION ALL SELECT id FROM record UNION ALL SELECT id FROM draw ORDER BY id"
    )
    assert [row for (row,) in rows] == list(range(1, head.next_line))
    assert [entry.index for entry in desk.store.entries()] == list(range(head.size))


def test_eight_processes_end_with_every_milligram_in_its_place(licensed: Desk) -> None:
    check(licensed, write_at_once(licensed.store.database.url, rounds=5))


@pytest.mark.slow
def test_eight_processes_for_a_long_time(licensed: Desk) -> None:
    check(licensed, write_at_once(licensed.store.database.url, rounds=150))


def test_eight_that_race_for_the_last_of_a_licence_are_not_promised_more_than_there_is(licensed: Desk) -> None:
    def one(number: int) -> Callable[[Desk], Drawn]:
        wanted = want(str(number), 60, elements_mg={})
        return lambda desk: reserve(store=desk.store, wanted=[wanted], law=LAW, on=DAY, filed_at=NOW)[0]

    answers = at_once(licensed.store.database.url, [one(number) for number in range(WRITERS)])
    assert sorted(answer.draw is not None for answer in answers) == [False] * 5 + [True] * 3
    assert {found.code for answer in answers for found in answer.problems} == {"reservation.exceeds-left"}
    assert account(licensed).account.balance("", DAY).left == 20 * KG


def test_the_same_line_eight_times_at_once_is_one_reservation(licensed: Desk) -> None:
    def ask(desk: Desk) -> Drawn:
        return reserve(store=desk.store, wanted=[want("1", 50)], law=LAW, on=DAY, filed_at=NOW)[0]

    answers = at_once(licensed.store.database.url, [ask] * WRITERS)
    assert len({answer.draw.number for answer in answers if answer.draw}) == 1
    assert [answer.repeated for answer in answers].count(False) == 1


def test_two_filings_that_race_for_the_last_of_a_licence_get_one_flag(licensed: Desk) -> None:
    # 149 kg hold 2.98 of the 3 kg of dysprosium; another kilogram fits once.
    licensed.rows("MAG", "2025-06", export(1, 149))

    def last(number: int) -> Callable[[Desk], Outcome]:
        return lambda desk: desk.try_rows("MAG", "2025-06", export(number, 1, declaration=f"D{number}"))

    outcomes = at_once(licensed.store.database.url, [last(2), last(3)])
    assert all(outcome.entry for outcome in outcomes)
    assert sorted(codes(outcome) for outcome in outcomes) == [[], ["export.licence-overdrawn"]]
