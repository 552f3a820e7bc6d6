"""What visits found, by how they were chosen and by detector."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any

from tests.findings import finding_in

from lodeline.accountancy.verification.verdict import State
from lodeline.detection.finding import Finding, MeasuredStep
from lodeline.service.inspections.outcomes import Rate, by_choice, by_detector, results
from lodeline.service.inspections.reading import Visit


def made(entry: int, *acts: str, plan: int | None = None) -> Visit:
    papers: Any = tuple(
        SimpleNamespace(act=act, entry=SimpleNamespace(index=entry + place)) for place, act in enumerate(acts)
    )
    return Visit(entry=entry, organisation="F", site="S", on=date(2026, 1, 5), plan=plan, papers=papers)


def finding(detector: str, *steps: tuple[int, State]) -> Finding:
    figures: dict[str, Any] = {"mass_mg": 0, "before_mg": 0, "would_see_mg": 0, "interval_mg": (0, 0), "score": None}
    measured = tuple(
        MeasuredStep(visit=visit, on="2026-01-10", element="Nd", state=state, **figures) for visit, state in steps
    )
    return replace(finding_in({"detector": detector, "subject": {"site": "S"}}), measured=measured)


def test_the_strongest_of_what_stands_is_the_outcome() -> None:
    visits = [
        made(10, "measurement", plan=1), made(20, "count", "measurement", plan=2), made(30, "measurement"),
        made(40, "measurement", plan=1), made(50, "seal"), made(60, "count", "seizure"),
        made(70, "measurement", plan=2),
    ]  # fmt: skip
    rows = [
        finding("unexplained-loss", (10, "unchanged"), (21, "confirmed"), (40, "cleared")),
        finding("unexplained-gain", (10, "narrowed")),
        finding_in({"detector": "measured-difference", "subject": {"site": "S", "visit": "30"}}),
        finding("skimming"),
    ]
    found = results(visits, {1: "ranked", 2: "random"}, rows, late=[70])
    assert [one.outcome for one in found] == [
        "narrowed", "confirmed", "difference", "cleared", "unmeasured", "seized", "waiting"
    ]  # fmt: skip
    # A visit of which nothing is known yet is no visit that found nothing; without a plan somebody asked for it.
    assert [one.found for one in found] == [True, True, True, False, None, True, None]
    assert by_choice(found) == {
        "ranked": Rate(visits=2, found=1), "random": Rate(visits=1, found=1), "asked": Rate(visits=2, found=2)
    }  # fmt: skip
    assert by_detector(found) == {
        "measured-difference": Rate(visits=1, found=1), "unexplained-gain": Rate(visits=1, found=1),
        "unexplained-loss": Rate(visits=3, found=1),
    }  # fmt: skip


def test_a_measured_visit_without_a_question_found_nothing() -> None:
    (one,) = results([made(10, "measurement")], {}, [finding("unexplained-loss")])
    assert (one.outcome, one.found, one.chosen) == ("nothing", False, "asked")
