"""Which case is whose: every look-up of a case by a finding, or of a finding by an address, comes through this door.

A case is kept under the id that its finding had when it was opened, and is never kept under another. Where the filings
raise that id, it is that finding's. Else it is that of the finding of which the id is an alias, or else of the one of
the same detector and subject whose months meet those of the finding as it was last seen: so a cause that grew, or whose
first month was corrected, keeps its question, and what was said holds until the facts change materially.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lodeline.detection.finding import Finding
from lodeline.detection.identity import alias, called, nearest, same_matter
from lodeline.office.findings.seen import finding_seen
from lodeline.office.models import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """What an address leads to: the finding as the filings raise it now, its case, or both."""

    finding: Finding | None
    case: Case | None


def cases_of(findings: Sequence[Finding]) -> dict[str, Case]:
    """Finding id → its case, of findings that have one. `findings` are all, or all those of a firm or detector.

    A case is of one finding at most, and a finding has one case at most; where several would do, that in which
    the last step was taken.
    """
    return {finding.id: case for finding, case in _pairs(findings, Case.objects.select_related("assignee"))}


def findings_of(findings: Sequence[Finding]) -> dict[int, Finding]:
    """Number of a case → its finding, of cases that have one. `findings` as for `cases_of`."""
    return {case.pk: finding for finding, case in _pairs(findings, Case.objects.all())}


def located(findings: Sequence[Finding], wanted: str) -> Located:
    """What an id or alias of a finding, or the id under which a case is kept, leads to. `findings` are all."""
    matched = cases_of(findings)
    kept = {case.finding: one for one, case in matched.items()}
    found = next((one for one in findings if one.id in (wanted, kept.get(wanted))), None)
    if found is None:
        gone: Case | None = Case.objects.select_related("assignee").filter(finding=wanted).first()
        found = None if gone is not None else called(findings, wanted)
        if found is None:
            return Located(finding=None, case=gone)
    return Located(finding=found, case=matched.get(found.id))


def _pairs(findings: Sequence[Finding], cases: Iterable[Case]) -> list[tuple[Finding, Case]]:
    left = sorted(cases, key=lambda one: (one.changed_at, one.pk), reverse=True)
    free = {one.id: one for one in findings}
    pairs = [(free.pop(case.finding), case) for case in left if case.finding in free]
    taken = {case.pk for _, case in pairs}
    left = [case for case in left if case.pk not in taken]
    about: dict[tuple[str, str], list[Finding]] = {}
    wanted = {(case.detector, case.organisation) for case in left}
    for one in free.values():
        key = (one.detector, one.firm)
        if key in wanted:
            about.setdefault(key, []).append(one)
    for find in (_by_alias, _of_first_month, _in_its_months):
        for case in left:
            some = [one for one in about.get((case.detector, case.organisation), ()) if one.id in free]
            found = find(case, some) if some and case.pk not in taken else None
            if found is not None:
                pairs.append((free.pop(found.id), case))
                taken.add(case.pk)
    return pairs


def _by_alias(case: Case, findings: Sequence[Finding]) -> Finding | None:
    return next((one for one in findings if case.finding == alias(one)), None)


def _of_first_month(case: Case, findings: Sequence[Finding]) -> Finding | None:
    seen = finding_seen(case)
    return next((one for one in findings if same_matter(seen, one) and one.since == seen.since), None)


def _in_its_months(case: Case, findings: Sequence[Finding]) -> Finding | None:
    seen = finding_seen(case)
    return nearest(seen, [one for one in findings if same_matter(seen, one)])
