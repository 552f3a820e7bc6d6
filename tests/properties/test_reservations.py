"""Random histories of a licence against a model of dictionaries and loops that shares nothing with the account.

The model plays the history act by act, as somebody with a slip of paper for each reservation would; the account is
computed from everything that was said, in another order. Both give the same milligrams on every day. What was confirmed
wrongly and corrected gives the account that the right figures would have given from the first.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from lodeline.ledger.reservation import Gone, Reserved, account
from lodeline.service.licences.draw_facts import Draw, draw_totals

NAMES = ("", "Dy", "Tb")
DECLARATIONS = ("D1", "D2", "D10")
LINES = ("1", "2", "10")
FIRST = date(2025, 6, 1)

small = st.integers(0, 9)
masses = st.fixed_dictionaries(dict.fromkeys(NAMES, small))


class Slips:
    """One declaration: a slip for each reservation, and two heaps of what is said to have gone."""

    def __init__(self) -> None:
        self.slips: list[dict[str, Any]] = []
        self.filed = dict.fromkeys(NAMES, 0)
        self.confirmed: dict[str, dict[str, int]] = {}

    def gone(self, name: str) -> int:
        return max(self.filed[name], sum(heap[name] for heap in self.confirmed.values()))

    def open_slips(self) -> list[dict[str, Any]]:
        live = [slip for slip in self.slips if slip["state"] == "open"]
        return sorted(live, key=lambda slip: (int(slip["line"]), slip["number"]))

    def awaited(self, name: str, day: date) -> int:
        """Tears off what has gone, milligram by milligram, and adds up what the slips still promise on the day."""
        rest = {id(slip): slip["mg"][name] for slip in self.slips}
        to_place = self.gone(name)
        order = {"open": 0, "closed": 1, "voided": 2}
        for line, heap in self.confirmed.items():
            of_line = [slip for slip in self.slips if slip["line"] == line]
            of_line.sort(key=lambda slip: (order[slip["state"]], slip["number"]))
            for _ in range(heap[name]):
                slip = next((slip for slip in of_line if rest[id(slip)]), None)
                if slip is not None:
                    rest[id(slip)] -= 1
                    to_place -= 1
        for _ in range(to_place):
            slip = next((slip for slip in self.open_slips() if rest[id(slip)]), None)
            if slip is not None:
                rest[id(slip)] -= 1
        return sum(rest[id(slip)] for slip in self.open_slips() if slip["until"] is None or day <= slip["until"])


class Draws(RuleBasedStateMachine):
    """Reserve, file, take a filing back, confirm, close, void, wait."""

    @initialize(granted=masses, ends=st.one_of(st.none(), st.integers(0, 12)))
    def begin(self, granted: dict[str, int], ends: int | None) -> None:
        self.granted = {name: mass * 3 for name, mass in granted.items()}
        self.ends = None if ends is None else FIRST + timedelta(days=ends)
        self.day = FIRST
        self.model = {name: Slips() for name in DECLARATIONS}
        self.reserved: list[Reserved] = []
        self.filed: list[Gone] = []
        self.confirmed: list[Gone] = []

    @rule(d=st.sampled_from(DECLARATIONS), line=st.sampled_from(LINES), mg=masses, term=st.one_of(st.none(), small))
    def reserve(self, d: str, line: str, mg: dict[str, int], term: int | None) -> None:
        until = None if term is None else self.day + timedelta(days=term)
        number = len(self.reserved)
        self.reserved.append(Reserved(declaration=d, line=line, number=number, masses_mg=mg, until=until))
        self.model[d].slips.append({"line": line, "number": number, "mg": mg, "until": until, "state": "open"})

    @rule(d=st.sampled_from(DECLARATIONS), mg=masses)
    def file_a_row(self, d: str, mg: dict[str, int]) -> None:
        self.filed.append(Gone(declaration=d, line="", masses_mg=mg))
        for name in NAMES:
            self.model[d].filed[name] += mg[name]

    @rule(data=st.data())
    def take_a_row_back(self, data: st.DataObject) -> None:
        if self.filed:
            gone = self.filed.pop(data.draw(st.integers(0, len(self.filed) - 1)))
            for name in NAMES:
                self.model[gone.declaration].filed[name] -= gone.masses_mg[name]

    @rule(d=st.sampled_from(DECLARATIONS), line=st.sampled_from(LINES), mg=masses)
    def confirm_an_exit(self, d: str, line: str, mg: dict[str, int]) -> None:
        self.confirmed.append(Gone(declaration=d, line=line, masses_mg=mg))
        heap = self.model[d].confirmed.setdefault(line, dict.fromkeys(NAMES, 0))
        for name in NAMES:
            heap[name] += mg[name]

    @rule(data=st.data(), how=st.sampled_from(["closed", "voided"]))
    def end_a_reservation(self, data: st.DataObject, how: str) -> None:
        live = [one for one in self.reserved if not (one.closed or one.voided)]
        if not live:
            return
        ended = data.draw(st.sampled_from(live))
        place = self.reserved.index(ended)
        self.reserved[place] = Reserved(
            declaration=ended.declaration, line=ended.line, number=ended.number, masses_mg=ended.masses_mg,
            until=ended.until, closed=how == "closed", voided=how == "voided",
        )  # fmt: skip
        slip = next(one for one in self.model[ended.declaration].slips if one["number"] == ended.number)
        slip["state"] = how

    @rule(days=st.integers(1, 4))
    def wait(self, days: int) -> None:
        self.day += timedelta(days=days)

    @invariant()
    def the_account_is_the_slips(self) -> None:
        # What was said last is told first: the order does not matter.
        found = account(
            self.granted, self.reserved[::-1], self.filed[::-1], self.confirmed[::-1], ends=self.ends
        )  # fmt: skip
        for name in NAMES:
            balance = found.balance(name, self.day)
            used = sum(slips.gone(name) for slips in self.model.values())
            is_over = self.ends is not None and self.day > self.ends
            awaited = 0 if is_over else sum(slips.awaited(name, self.day) for slips in self.model.values())
            assert (balance.used, balance.reserved) == (used, awaited), name
            assert balance.granted + balance.overdrawn == balance.reserved + balance.used + balance.left
            assert balance.left == max(0, self.granted[name] - used - awaited)


TestDraws = Draws.TestCase
TestDraws.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


def row(number: int, act: Any, mg: dict[str, int], *, closes: bool = False, target: int = 0) -> Draw:
    return Draw(
        book="licence", act=act, account="L1", organisation="MAG", masses_mg=mg, on=FIRST, declaration="D1",
        line=str(number % 2), closes=closes, target=target, number=number,
    )  # fmt: skip


@given(data=st.data())
def test_what_was_corrected_is_what_was_right_from_the_first(data: st.DataObject) -> None:
    """`right` is told without a slip; `corrected` has slips that are corrected later, some of them several times."""
    right: dict[int, Draw] = {}
    corrected: list[Draw] = []
    for number in range(1, data.draw(st.integers(2, 14))):
        reserved = [one.number for one in right.values() if one.act == "reserve"]
        exits = [one for one in right.values() if one.act == "exit"]
        act = data.draw(st.sampled_from(["reserve", "exit", "exit", "correct", "correct", "void"]))
        mg, closes = data.draw(masses), data.draw(st.booleans())
        target = data.draw(st.sampled_from([0, *reserved]))
        if act == "reserve":
            right[number] = row(number, act, mg)
        elif act == "exit":
            right[number] = row(number, act, mg, closes=closes, target=target)
        elif act == "void" and target:
            right[number] = row(number, act, {}, target=target)
        elif act == "correct" and exits:
            wrong = data.draw(st.sampled_from(exits))
            right[wrong.number] = row(wrong.number, "exit", mg, closes=closes, target=wrong.target)
            corrected.append(row(number, act, mg, closes=closes, target=wrong.number))
            continue
        else:
            continue
        corrected.append(right[number])
    one, other = (draw_totals(told).get(("L1", "MAG")) for told in (corrected, list(right.values())))
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        positions = [account({}, it.reserved.values(), (), it.confirmed).positions for it in (one, other)]
        assert positions[0] == positions[1]
