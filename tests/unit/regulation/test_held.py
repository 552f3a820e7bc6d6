"""The law of one day held on every day, and in what two such laws differ."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from lodeline.detection.limits import control_days
from lodeline.regulation.control_list import control_items
from lodeline.regulation.parameter import NoLawError, load
from lodeline.regulation.replay import differing, held

CHINA = load("cn")
RURITANIA = load("zz", Path(__file__).parent / "packs")
BEFORE, AFTER = date(2025, 4, 3), date(2025, 4, 5)
FAR = date(1999, 1, 1), date(2099, 1, 1)


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
