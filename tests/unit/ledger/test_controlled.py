"""Which goods are on the control list of a day, whatever other law was asked about before."""

from __future__ import annotations

from datetime import date

from lodeline.ledger.controlled import ControlledForms
from lodeline.regulation.parameter import load
from lodeline.regulation.replay import held

CHINA = load("cn")
#: Dysprosium metal was put on the list on 4 April 2025.
BEFORE, AFTER = date(2025, 1, 8), date(2025, 4, 5)


def listed(law: object, day: date) -> tuple[str, ...]:
    return ControlledForms(law).of("metal:Dy", ["Dy"], day)  # type: ignore[arg-type]


def test_a_law_of_another_day_that_was_asked_before_answers_for_itself_alone() -> None:
    frozen = held(CHINA, AFTER, known=AFTER)
    assert listed(frozen, BEFORE) == ("Dy",)
    assert listed(CHINA, BEFORE) == ()
    assert listed(held(CHINA, BEFORE, known=BEFORE), AFTER) == ()
    assert (listed(CHINA, AFTER), listed(frozen, BEFORE)) == (("Dy",), ("Dy",))
