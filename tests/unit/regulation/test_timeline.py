"""Spans and changes tell the same as asking day by day, and nothing published later changes what was known."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lodeline.regulation.instrument import Citation, Effect
from lodeline.regulation.parameter import Jurisdiction, Parameter, State, load
from lodeline.regulation.timeline import changes, spans
from lodeline.regulation.value import Value

CHINA = load("cn")
RURITANIA = load("zz", Path(__file__).parent / "packs")
START = date(2031, 1, 1)
DAYS = st.integers(0, 60).map(lambda number: START + timedelta(days=number))
CITATION = Citation(instrument="edict", article={"en": "1", "zh": "1"})


@st.composite
def parameters(draw: st.DrawFn) -> Parameter:
    """A parameter of some values and some suspensions or resumptions, in any order and overlap."""
    values = []
    for number in range(draw(st.integers(1, 3))):
        first = draw(DAYS)
        length = draw(st.none() | st.integers(0, 30))
        values.append(
            Value(
                value=number, unknown=draw(st.booleans()), corrects=draw(st.booleans()), in_force_from=first,
                in_force_to=None if length is None else first + timedelta(days=length), published=draw(DAYS),
                citation=CITATION, evidence="text", note=None,
            )
        )  # fmt: skip
    effects = []
    for _ in range(draw(st.integers(0, 3))):
        first, suspends = draw(DAYS), draw(st.booleans())
        length = draw(st.none() | st.integers(0, 30)) if suspends else None
        effects.append(
            Effect(
                suspends=suspends, instruments=("edict",), first=first,
                last=None if length is None else first + timedelta(days=length), published=draw(DAYS),
                afterwards=draw(st.sampled_from(["in-force", "unknown"])), citation=CITATION,
                evidence="text", note=None,
            )
        )  # fmt: skip
    return Parameter(
        name="toll", instrument="edict", label={"en": "toll", "zh": "费"}, values=tuple(values), effects=tuple(effects),
        tests=(),
    )  # fmt: skip


@given(parameters(), DAYS)
def test_spans_have_no_gap_and_agree_with_asking_day_by_day(parameter: Parameter, known: date) -> None:
    found = spans(parameter, known=known)
    for before, after in pairwise(found):
        assert before.last == after.first - timedelta(days=1)
        assert before.state != after.state
    if found:
        assert found[-1].last is None
    for number in range(-1, 130):
        day = START + timedelta(days=number)
        inside = [span.state for span in found if span.first <= day and (span.last is None or day <= span.last)]
        # Before the first span there is nothing to say but that it is not yet.
        assert inside in ([parameter.state(day, known=known)], [])
        if not inside:
            assert parameter.state(day, known=known).status == "not-yet"


@given(parameters(), DAYS, DAYS)
def test_what_is_published_later_changes_nothing_known_before(parameter: Parameter, day: date, known: date) -> None:
    then = replace(
        parameter,
        values=tuple(value for value in parameter.values if value.published <= known),
        effects=tuple(effect for effect in parameter.effects if effect.published <= known),
    )
    assert parameter.state(day, known=known) == then.state(day, known=known)


@given(parameters(), DAYS, DAYS, DAYS)
def test_changes_of_two_stretches_are_those_of_the_whole(parameter: Parameter, a: date, b: date, c: date) -> None:
    a, b, c = sorted((a, b, c))
    law = replace(RURITANIA, parameters={"toll": parameter})
    known = START + timedelta(days=60)
    after = b + timedelta(days=1)
    second = changes(law, after, c, known=known) if after <= c else ()
    assert changes(law, a, b, known=known) + second == changes(law, a, c, known=known)


@given(parameters(), DAYS)
def test_a_status_changes_only_with_a_change_that_is_told(parameter: Parameter, day: date) -> None:
    law = replace(RURITANIA, parameters={"toll": parameter})
    known = START + timedelta(days=60)
    before: State = parameter.state(day - timedelta(days=1), known=known)
    after = parameter.state(day, known=known)
    told = {change.what for change in changes(law, day, day, known=known)} - {"published", "corrected"}
    if after.status not in (before.status, "not-yet"):
        assert len(told) == 1
    elif after == before:
        assert told == set()


def said(law: Jurisdiction, a: str, b: str, known: str | None = None) -> list[tuple[str, str, str]]:
    found = changes(law, date.fromisoformat(a), date.fromisoformat(b), known=date.fromisoformat(known or b))
    return [(change.on.isoformat(), change.what, change.parameter.instrument) for change in found]


def test_the_october_package_and_its_suspension() -> None:
    every = said(CHINA, "2025-10-01", "2025-11-09")
    october = {f"announcement-{number}-2025" for number in (56, 57, 61, 62)}
    # What the texts say item by item was read later than the summaries.
    assert {on for on, what, name in every if what == "corrected" and name in october} == {"2025-10-13"}
    found = [one for one in every if one[1] != "corrected"]
    assert {what for _, what, name in found if name == "announcement-57-2025"} == {"published", "suspended"}
    assert {name for on, what, name in found if (on, what) == ("2025-10-09", "published")} == october - {
        "announcement-62-2025"
    }
    # The fourteen foreign parties of the same day are no part of the package, and were never suspended.
    assert {name for on, what, name in found if (on, what) == ("2025-10-09", "came")} == {
        "announcement-61-2025", "announcement-62-2025", "unreliable-entities-10-2025",
    }  # fmt: skip
    assert {name for on, what, name in found if (on, what) == ("2025-11-07", "suspended")} == october
    assert {on for on, _, name in found if name in october} == {"2025-10-09", "2025-11-07"}


def test_before_the_suspension_was_published_the_package_was_to_come() -> None:
    found = said(CHINA, "2025-11-08", "2025-12-01", known="2025-11-06")
    assert ("2025-11-08", "came", "announcement-57-2025") in found
    assert ("2025-12-01", "came", "announcement-61-2025") in found
    assert "suspended" not in {what for _, what, _ in found}


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("2026-11-09", "2026-11-09", []),
        (
            "2026-11-10",
            "2026-11-10",
            ["unknown"] * 2,
        ),  # the control list and the Unreliable Entity List of 4 April 2025
        ("2026-11-11", "2026-11-11", ["unknown"] * 13),
        ("2025-04-04", "2025-04-04", ["came"] * 8),
        ("2025-08-22", "2025-08-22", ["published"] * 7),  # in force since July, made public in August
    ],
)
def test_both_days_are_included_and_no_other(a: str, b: str, expected: list[str]) -> None:
    assert [what for _, what, _ in said(CHINA, a, b)] == expected


def test_corrections_ends_and_resumptions_are_told_by_name() -> None:
    found = {(on, what) for on, what, name in said(RURITANIA, "2031-01-01", "2031-12-31")}
    assert {
        ("2031-02-02", "corrected"),
        ("2031-03-01", "published"),
        ("2031-04-01", "ended"),
        ("2031-05-01", "came"),
        ("2031-06-10", "published"),
        ("2031-07-01", "suspended"),
        ("2031-08-01", "resumed"),
    } <= found
