"""Which case is whose: every look-up of a case by a finding, or of a finding by an address, comes through this door.

A case is kept under the id that its finding had when it was opened, and is never kept under another. Where the filings
raise that id, it is that finding's. Else it is that of the finding of which the id is an alias, or else of the one of
the same detector and subject whose months meet those of the finding as it was last seen: so a cause that grew, or whose
first month was corrected, keeps its question, and what was said holds until the facts change materially.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lodeline.detection.identity import alias, called, named_in, nearest, same_matter, since_of
from lodeline.office.findings.seen import row_seen
from lodeline.office.models import Case

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """What an address leads to: the finding as the filings raise it now, its case, or both."""

    row: Row | None
    case: Case | None


def cases_of(rows: Sequence[Row]) -> dict[str, Case]:
    """Finding id → its case, of findings that have one. `rows` are all findings, or all those of a firm or detector.

    A case is of one finding at most, and a finding has one case at most; where several would do, that in which
    the last step was taken.
    """
    return {row["id"]: case for row, case in _pairs(rows, Case.objects.select_related("assignee"))}


def rows_of(rows: Sequence[Row]) -> dict[int, Row]:
    """Number of a case → its finding, of cases that have one. `rows` as for `cases_of`."""
    return {case.pk: row for row, case in _pairs(rows, Case.objects.all())}


def located(rows: Sequence[Row], finding: str) -> Located:
    """What an id or alias of a finding, or the id under which a case is kept, leads to. `rows` are all findings."""
    matched = cases_of(rows)
    kept = {case.finding: row_id for row_id, case in matched.items()}
    row = next((one for one in rows if one["id"] in (finding, kept.get(finding))), None)
    if row is None:
        gone: Case | None = Case.objects.select_related("assignee").filter(finding=finding).first()
        row = None if gone is not None else called(rows, finding)
        if row is None:
            return Located(row=None, case=gone)
    return Located(row=row, case=matched.get(row["id"]))


def _pairs(rows: Sequence[Row], cases: Iterable[Case]) -> list[tuple[Row, Case]]:
    left = sorted(cases, key=lambda one: (one.changed_at, one.pk), reverse=True)
    free = {row["id"]: row for row in rows}
    pairs = [(free.pop(case.finding), case) for case in left if case.finding in free]
    taken = {case.pk for _, case in pairs}
    left = [case for case in left if case.pk not in taken]
    about: dict[tuple[str, str], list[Row]] = {}
    wanted = {(case.detector, case.organisation) for case in left}
    for row in free.values():
        key = (row["detector"], named_in(row["subject"])[0])
        if key in wanted:
            about.setdefault(key, []).append(row)
    for find in (_by_alias, _of_first_month, _in_its_months):
        for case in left:
            some = [one for one in about.get((case.detector, case.organisation), ()) if one["id"] in free]
            found = find(case, some) if some and case.pk not in taken else None
            if found is not None:
                pairs.append((free.pop(found["id"]), case))
                taken.add(case.pk)
    return pairs


def _by_alias(case: Case, rows: Sequence[Row]) -> Row | None:
    return next((row for row in rows if case.finding == alias(row)), None)


def _of_first_month(case: Case, rows: Sequence[Row]) -> Row | None:
    seen = row_seen(case)
    return next((row for row in rows if same_matter(seen, row) and since_of(row) == since_of(seen)), None)


def _in_its_months(case: Case, rows: Sequence[Row]) -> Row | None:
    seen = row_seen(case)
    return nearest(seen, [row for row in rows if same_matter(seen, row)])
