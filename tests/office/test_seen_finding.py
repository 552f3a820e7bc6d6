"""What a case keeps of its finding, and a query of customs of its line."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.findings import finding_in

import lodeline
from lodeline.office.customs.seen import queried_line
from lodeline.office.findings.seen import finding_seen, seen_text
from lodeline.office.models import Case

_ROW = {
    "id": "ab" * 32, "detector": "unexplained-loss", "subject": {"site": "S1"}, "score": 0.999, "elements": ["Nd"],
    "period": {"from": "2026-01", "to": "2026-03"}, "mass_kg": "900719925.474099", "interval_kg": ["1", None],
    "innocent": [], "ask": [], "evidence": [],
    "explanation": {"en": "{Nd} is missing.", "zh": "{Nd} 短少。"},
}  # fmt: skip


def test_a_kept_finding_is_read_as_it_was_to_the_milligram() -> None:
    seen = finding_seen(Case(seen=seen_text(finding_in(_ROW))))
    assert seen.as_json() == finding_in(_ROW).as_json() and seen.mass_mg == 900_719_925_474_099
    assert {**seen.as_json(), **_ROW} == seen.as_json()


@pytest.mark.parametrize("facts", [{}, {"gone": {"month": "2026-01"}}])
@pytest.mark.parametrize("code", ["measured.score", "measured.was-once-a-text"])
def test_a_kept_finding_whose_text_has_changed_has_the_words_of_then(code: str, facts: dict[str, Any]) -> None:
    row = _ROW | {"sentences": [{"code": code, "facts": facts}]}
    seen = finding_seen(Case(seen=json.dumps(row)))
    assert seen.as_json()["explanation"] == _ROW["explanation"] and seen.as_json()["sentences"] == []


@pytest.mark.parametrize("more", [{}, {"rules": ["country-rules"]}, {"before": [7, 9]}])
def test_a_query_of_customs_is_stored_as_it_was(more: dict[str, Any]) -> None:
    stored = json.dumps(
        {
            "entry": 12, "verdict_id": "ab", "line": {"verdict": "query", "product_name": "镝铁"},
            "cells": {"line": "1"}, "documents": {"model-list": None},
            "required": ["contract"], "assumed": False, **more,
        },
        ensure_ascii=False,
    )  # fmt: skip
    seen = queried_line(Case(seen=stored))
    assert seen.as_text() == stored
    assert (seen.verdict, [*seen.rules], [*seen.before]) == ("query", more.get("rules", []), more.get("before", []))


def test_what_a_case_keeps_is_opened_in_one_place_for_each_matter() -> None:
    source = Path(lodeline.__file__).parent
    opened = re.compile(r"json\.loads\(\w+\.seen\)")
    places = [
        path.relative_to(source).as_posix()
        for path in source.rglob("*.py")
        if opened.search(path.read_text(encoding="utf-8"))
    ]
    assert sorted(places) == ["office/customs/seen.py", "office/findings/seen.py"]
