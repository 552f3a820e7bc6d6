"""Which finding answers which plant: the rule of `lodeline.detection.matching`, by which the demo's key is made too."""

from __future__ import annotations

from typing import Any

from lodeline.detection.matching import Matched, Planted, Seen, answers, match, month_after, planted, seen

__all__ = [
    "Matched", "Planted", "Seen", "answers", "by_its_detector", "match", "match_documents", "month_after",
    "months_between", "planted", "seen",
]  # fmt: skip


def months_between(first: str, last: str) -> int:
    """How many months `last` lies after `first`."""
    return (int(last[:4]) - int(first[:4])) * 12 + int(last[5:]) - int(first[5:])


def by_its_detector(matched: Matched, plant: Planted) -> tuple[Seen, ...]:
    """The findings of the detector that looks for the plant's loophole."""
    return tuple(one for one in matched.found[plant.id] if one.detector == plant.loophole)


def match_documents(truth: dict[str, Any], findings: dict[str, Any]) -> Matched:
    """The two documents as they are written."""
    return match(map(planted, truth["planted"]), map(seen, findings["rows"]))
