"""Detectors asked to name what they would let pass: for curves of recall against false findings, never for an alarm.

A detector keeps what reaches its budget. To see what lies below, the budget is another one while this context lasts,
in every module that has taken it from `detection.alarm`; production code has no such switch.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from unittest.mock import patch

#: Twenty times the budget of false findings: what is seen with less is as good as nothing.
LEAST_SCORE = 0.9


@contextmanager
def asking_for(score: float = LEAST_SCORE) -> Iterator[None]:
    """While it lasts, every detector of this process gives what scores at least so much."""
    changed = {
        "ALARM_SCORE": score,
        "FALSE_FINDINGS_PER_SITE_YEAR": 1 - score,
        "alarm_score": lambda **_: score,
    }
    with ExitStack() as stack:
        for name, module in list(sys.modules.items()):
            if name.startswith("lodeline.detection"):
                for constant, value in changed.items():
                    if hasattr(module, constant):
                        stack.enter_context(patch.object(module, constant, value))
        yield
