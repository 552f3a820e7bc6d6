"""How statements of several instruments about one parameter are one rule: by what is declared of the parameter here.

`UNION`: the rows of all that are in force. `STRICTEST`: the one that leaves least free. Of any other parameter one
instrument alone states what holds: a second file that sets it is refused, for nothing says which of the two counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from lodeline.regulation.document import EVIDENCE
from lodeline.regulation.value import Value

UNION: Final = frozenset(
    {
        "control-list", "technology-list", "equipment-list", "materials-list", "us-materials",
        "listed-parties", "military-users", "barred-end-use", "military-words", "end-use-words", "watch-list-papers",
        "application-documents", "end-user-promise", "general-licence-bars", "customs-permit", "licence-reports",
        "customs-identification", "declaration-wording", "compliance-notice", "re-export-review", "zones",
        "circumvention", "record-duty", "supervision-flags", "fines", "export-fines",
    }
)  # fmt: skip
#: Parameter → what of a value is the less, the stricter it is.
STRICTEST: Final[Mapping[str, Callable[[Any], Any]]] = {
    "record-years": lambda value: -value["years_least"],
    "personal-record-years": lambda value: -value["years_least"],
    "de-minimis": lambda value: value["share_ppb"],
    "trace-band": lambda value: value["share_ppb"],
    "re-export-value-share": lambda value: value["value_share_ppb"],
    "re-export-ownership-share": lambda value: value["ownership_share_ppb"],
    "filing-deadline": lambda value: (value.get("every_months", 1), value["day"], value["time"]),
}


def is_combined(name: str) -> bool:
    """Whether several instruments may set the parameter."""
    return name in UNION or name in STRICTEST


def combined(name: str, values: Sequence[Value]) -> Value:
    """What values of several instruments are together; each has a `value`. `parts` keeps them, with their citations.

    What may be combined by no rule and was published so by an older program counts as published last.
    """
    if len(values) == 1:
        return values[0]
    if name in STRICTEST:
        return min(values, key=lambda one: STRICTEST[name](one.value))
    if name not in UNION:
        return max(values, key=lambda one: one.published)
    rows = [row for one in values for row in one.value]
    first = min(values, key=lambda one: one.in_force_from)
    # Where one row is an assumption, so is the whole; a row keeps its own through `parts`.
    evidence = max((one.evidence for one in values), key=EVIDENCE.index)
    return replace(first, value=rows, evidence=evidence, parts=tuple(values))
