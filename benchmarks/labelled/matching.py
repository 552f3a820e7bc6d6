"""Which finding answers which plant: the rule of `lodeline.detection.matching`, by which the demo's key is made too."""

from lodeline.detection.matching import (
    Matched,
    Planted,
    Seen,
    answers,
    match,
    match_documents,
    month_after,
    months_between,
    planted,
    seen,
)

__all__ = [
    "Matched", "Planted", "Seen", "answers", "match", "match_documents", "month_after", "months_between", "planted",
    "seen",
]  # fmt: skip
