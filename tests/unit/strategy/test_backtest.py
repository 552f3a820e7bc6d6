"""The back-test of April 2025, and of an event that is not in the program."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import pytest
from tests.based import unbased

from lodeline.errors import UserError
from lodeline.language import bilingual
from lodeline.regulation.pack import shipped_codes
from lodeline.regulation.parameter import Jurisdiction, load
from lodeline.service.strategy import asked
from lodeline.strategy.judged.backtest import Event, Json, april_2025, backtest, days_short, event_of

_ANSWERS = Path(os.environ.get("LODELINE_SHARED", "../shared")) / "data/strategy/known_answers.json"


@cache
def _law() -> Jurisdiction:
    return load(shipped_codes()[0])


@cache
def _april() -> Json:
    return backtest(april_2025(), law=_law(), draws=40)


def test_what_crossed_the_border_in_2025_is_short_by_as_many_days_as_published() -> None:
    if not _ANSWERS.exists():
        pytest.skip(f"known answers are not at {_ANSWERS}")
    known = json.loads(_ANSWERS.read_text("utf-8"))["magnet_cover_2025"]
    event = april_2025()
    found = days_short(event.exports, event.use_t_per_year)
    for month, days in known["days"].items():
        assert found[month] == pytest.approx(days, abs=known["tolerance_days"])


def test_april_2025_tells_its_error_and_that_it_was_calibrated_after_the_event() -> None:
    found = _april()
    calibrated, before = found["first_stop"]
    assert calibrated["error_days"] == calibrated["p50"] - 52
    assert before["stock_days"] == 30
    assert before["p50"] < calibrated["p50"]
    assert f"{abs(calibrated['error_days']):.0f} days too" in found["headline"]["en"]
    assert "after calibration" in found["headline"]["en"]
    assert "not proof" in found["calibration"]["en"]
    assert unbased(found) == []


def test_a_minimum_comes_earlier_with_more_plants() -> None:
    found = _april()
    by_plants = {one["plants"]: one["p50"] for one in [*found["by_number_of_plants"], found["first_stop"][0]]}
    days = [by_plants[one] for one in sorted(by_plants)]
    assert days == sorted(days, reverse=True)
    assert days[0] > days[-1]


def test_an_event_that_nobody_knew_is_held_against_what_was_seen() -> None:
    event = Event(
        name="other", words=bilingual("Other", "另一"), starts=date(2025, 10, 1), horizon_days=120,
        delay_working_days=(20.0, 20.0, 20.0), approval=(1.0, 1.0, 1.0), use_kg_per_day=1000.0, plants=5,
        stock_days=20.0, transit_days=10, first_stop=25.0, first_stop_source="a report",
    )  # fmt: skip
    found = backtest(event, law=_law(), draws=10)
    assert found["calibration"] is None
    assert len(found["first_stop"]) == 1
    assert "days too" in found["headline"]["en"]
    unseen = backtest(replace(event, first_stop=None), law=_law(), draws=10)
    assert "no stop was reported" in unseen["headline"]["en"]


def test_an_event_is_read_from_a_document_and_one_that_is_none_is_refused() -> None:
    told = {
        "name": "other", "words": {"en": "Other", "zh": "另一"}, "starts": "2025-10-01", "horizon_days": 120,
        "delay_working_days": [20, 20, 20], "approval": [1, 1, 1], "use_kg_per_day": 1000.0, "plants": 5,
        "exports": {"2025-09": 30.0, "2025-10": 10.0}, "seen_months": ["2025-10"], "use_t_per_year": 365.0,
    }  # fmt: skip
    found = backtest(event_of(told), law=_law(), draws=5)
    assert [one["month"] for one in found["national"]] == ["2025-10"]
    for wrong in ({"starts": "soon"}, {"approval": [1, 1]}, {"seen_months": ["2026-01"]}, {"other": 1}):
        with pytest.raises(UserError):
            event_of({**told, **wrong})


def test_the_page_has_it_computed_once_for_a_law(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    def tested(_: Event, *, law: Jurisdiction) -> Json:
        told.append(law.code)
        return {"headline": law.code}

    monkeypatch.setattr(asked, "tested", tested)
    monkeypatch.setattr(asked, "_TESTED", {})
    codes = shipped_codes()[:2]
    for _ in range(2):
        assert [asked.backtest(load(code))["headline"] for code in codes] == list(codes)
    assert told == list(codes)
