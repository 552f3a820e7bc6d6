"""Plans by program of an inspector: tried without a trace, entered once, and told to nobody else."""

from __future__ import annotations

import pytest
from tests.api.conftest import Office, Program
from tests.api.test_official import inspector
from tests.desk import Desk

from lodeline.store.opening import open_store

pytestmark = pytest.mark.medium

PLAN = {"site": "mine", "on": "2099-01-01", "goals": {"Nd": "10"}, "minutes": 240}


def test_a_plan_is_tried_entered_once_and_told_to_inspectors_alone(counter: Office) -> None:
    made = "product=concentrate origin_kind=mined origin_place=CN-PIT composition=Nd=20"
    Desk(open_store(counter.url)).rows("MINE", "2025-01", f"O1 origin 2 mine ORE 1000 {made}")
    official, size = Program(token=inspector()), counter.entries
    tried = official.post("/inspection-plans", PLAN)
    assert tried.status_code == 200, tried.content
    assert (tried.json()["plan"], counter.entries) == (None, size)
    entered = [official.post("/inspection-plans", {**PLAN, "enter": True}, Idempotency_Key="k1") for _ in range(2)]
    assert [one.status_code for one in entered] == [201, 201] and entered[0].json() == entered[1].json()
    assert counter.entries == size + 1
    plan = entered[0].json()["plan"]
    assert [one["plan"] for one in official.get("/inspection-plans").json()["rows"]] == [plan]
    assert official.get(f"/inspection-plans/{plan}").json()["goals"] == {"Nd": 10_000_000}
    mine = counter.program("MINE", "balances:read")
    for path in ("/inspection-plans", f"/inspection-plans/{plan}"):
        assert mine.get(path).status_code == 403
    assert mine.get("/inspections").json()["rows"] == []


def test_what_cannot_be_planned_is_said(counter: Office) -> None:
    official, size = Program(token=inspector()), counter.entries
    for wrong in (
        {"goals": {"Nd": "-1"}}, {"goals": {"Xx": "1"}}, {"minutes": 0}, {"site": "nowhere"}, {"on": "2001-01-01"},
        {"detect": {"loud": 0.5}}, {"chosen": "liked"},
    ):  # fmt: skip
        answer = official.post("/inspection-plans", {**PLAN, **wrong, "enter": True})
        assert 400 <= answer.status_code < 500, (wrong, answer.content)
    assert official.get("/inspection-plans/0").status_code == 404
    assert counter.entries == size
