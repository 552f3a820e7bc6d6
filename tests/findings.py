"""Findings for tests: made of rows in the shape of `lodeline findings --json`, of which parts may be missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from lodeline.detection.battery import finding_of
from lodeline.detection.finding import Finding
from lodeline.service.findings.finding import Found
from lodeline.service.inspections.causes import Cause
from lodeline.service.inspections.precision import likelihood

_BLANK = {
    "id": "", "detector": "", "subject": {}, "period": {"from": "2025-01", "to": "2025-01"}, "score": None,
    "mass_kg": "0", "interval_kg": [None, None], "elements": [], "innocent": [], "ask": [], "evidence": [],
    "explanation": {"en": "", "zh": ""},
}  # fmt: skip


def finding_in(row: Mapping[str, Any]) -> Finding:
    """The finding of a row; without a sentence where the row has none."""
    found = finding_of({**_BLANK, **row})
    return found if "explanation" in row else replace(found, explanation=())


def answer_of(rows: Iterable[Mapping[str, Any]]) -> Found:
    """What detectors would have answered with, had they seen these, each a cause by itself."""
    unknown = likelihood("", "small")
    made = (
        Cause(finding=one, others=(), site=None, masses_mg={}, worth_usd=0, likelihood=unknown)
        for one in findings_in(rows)
    )
    return Found(stamp={}, pack="", causes=tuple(made), duties=(), seeing=())


def findings_in(rows: Iterable[Mapping[str, Any]]) -> list[Finding]:
    """Those of several rows."""
    return [finding_in(row) for row in rows]
