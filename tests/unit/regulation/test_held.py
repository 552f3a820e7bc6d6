"""The law of one day held on every day, and in what two such laws differ."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lodeline.control.standing_answer import basis_of
from lodeline.detection.limits import control_days
from lodeline.regulation.control_list import control_items
from lodeline.regulation.instrument import Citation, Effect
from lodeline.regulation.pack import Pack
from lodeline.regulation.parameter import NoLawError, law_of, load
from lodeline.regulation.replay import differing, held

CHINA = load("cn")
RURITANIA = load("zz", Path(__file__).parent / "packs")
BEFORE, AFTER = date(2025, 4, 3), date(2025, 4, 5)
FAR = date(1999, 1, 1), date(2099, 1, 1)
SUSPENSION = Effect(
    suspends=True, instruments=("announcement-18-2025",), first=AFTER, last=None, published=AFTER, afterwards="unknown",
    citation=Citation(instrument="announcement-99", article={"en": "1", "zh": "一"}), evidence="assumption", note=None,
)  # fmt: skip


def test_every_day_has_the_law_of_the_one() -> None:
    before, after = held(CHINA, BEFORE, known=BEFORE), held(CHINA, AFTER, known=AFTER)
    expected = control_items(CHINA, AFTER, known=AFTER)
    for on in FAR:
        assert control_items(before, on, known=on) == ()
        assert control_items(after, on, known=on) == expected
    with pytest.raises(NoLawError):
        before.parameters["trace-band"].at(AFTER, known=AFTER)


def test_since_when_a_list_is_in_force_is_told_truly() -> None:
    assert control_days(held(CHINA, AFTER, known=AFTER)) == [date(2025, 4, 4)]
    assert control_days(held(CHINA, BEFORE, known=BEFORE)) == []
    suspended = date(2025, 12, 1)
    assert control_days(held(CHINA, suspended, known=suspended)) == [date(2025, 4, 4)]


def test_what_differs_is_named() -> None:
    before, after = held(CHINA, BEFORE, known=BEFORE), held(CHINA, AFTER, known=AFTER)
    assert {"control-list", "de-minimis", "trace-band"} <= differing(before, after)
    assert "filing-deadline" not in differing(before, after)
    assert differing(after, held(CHINA, date(2025, 4, 6), known=date(2025, 4, 6))) == set()
    edict = [held(RURITANIA, on, known=on) for on in (date(2031, 3, 31), date(2031, 4, 1))]
    assert differing(*edict) == {"control-list", "toll"}


def test_a_law_of_another_day_is_another_law_of_the_same_pack() -> None:
    """A key of a cache is the law: equal where it sets the same, and only there."""
    held_twice = [held(CHINA, AFTER, known=AFTER) for _ in range(2)]
    assert held_twice[0] == held_twice[1] and hash(held_twice[0]) == hash(held_twice[1])
    assert CHINA not in held_twice and held_twice[0].digest == CHINA.digest
    assert len({CHINA, *held_twice, held(CHINA, BEFORE, known=BEFORE)}) == 3
    assert law_of(Pack(code="cn", files=dict(CHINA.pack.files))) == CHINA


@given(st.sampled_from(sorted(CHINA.parameters)), st.dates(date(2020, 1, 1), date(2030, 1, 1)))
def test_laws_that_differ_in_one_parameter_are_two_keys(name: str, day: date) -> None:
    """Whichever parameter it is, and whatever of it decides: its values, what suspends it, how it is held."""
    one = CHINA.parameters[name]
    others = [
        replace(one, values=one.values[:-1]), replace(one, always=one.state(day, known=day)),
        replace(one, effects=(*one.effects, SUSPENSION)),
        replace(one, values=(*one.values[:-1], replace(one.values[-1], in_force_from=date(2040, 1, 1)))),
    ]  # fmt: skip
    laws = [replace(CHINA, parameters={**CHINA.parameters, name: each}) for each in others]
    laws.append(replace(CHINA, parameters={key: each for key, each in CHINA.parameters.items() if key != name}))
    kept = {law: number for number, law in enumerate([CHINA, *laws])}
    assert [kept[law] for law in [CHINA, *laws]] == list(range(6))
    assert {law.digest for law in laws} == {CHINA.digest}


def test_what_a_rule_rests_on_is_of_the_law_that_is_asked() -> None:
    rule = CHINA.named("control-list")[0].rule
    assert basis_of(CHINA, rule) != basis_of(held(CHINA, BEFORE, known=BEFORE), rule)
