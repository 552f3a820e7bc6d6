"""What is asked about cases: where a finding stands today, what an organisation was asked, what was said.

A decision that does not stand any more reads as open here at once, before anybody has written that down.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Q

from lodeline.detection.finding import Finding
from lodeline.language import text
from lodeline.office.access.actor import AUTHORITY_ROLES, Actor
from lodeline.office.access.territory import firms_of_region
from lodeline.office.findings.matching import Located, cases_of, findings_of, located
from lodeline.office.findings.seen import finding_seen
from lodeline.office.findings.states import (
    DISCLOSED,
    NOT_DISCLOSED,
    STANDING,
    STATES,
    CaseError,
    Facts,
    Reason,
    State,
    has_answered_or_expired,
    reopens,
)
from lodeline.office.models import Case, CaseStep, CaseWatch, Membership


def sides(case: Case) -> tuple[str, ...]:
    """Whom the question is put to."""
    return (case.organisation, case.also) if case.also else (case.organisation,)


def unheard(case: Case) -> tuple[str, ...]:
    """Those who have not answered since they were last asked; nobody where no question is open."""
    if case.state not in ("asked", "answered"):
        return ()
    heard: set[str] = set()
    for kind, who in case.steps.order_by("number").values_list("kind", "organisation"):
        heard = set() if kind == "asked" else heard | {who}
    return tuple(one for one in sides(case) if one not in heard)


def is_heard(case: Case, today: date) -> bool:
    """Whether each firm that it asks has answered, or its day has passed: before that nothing is confirmed."""
    until = case.until
    if case.also and unheard(case):
        return until is not None and today > until
    return has_answered_or_expired(state_of(case), until=until, today=today)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseStatus:
    """Where a finding stands today: its case (None: nobody has touched it), its state, and why it is open again."""

    case: Case | None
    state: State
    reason: Reason | None = None

    @property
    def steps(self) -> int:
        return 0 if self.case is None else self.case.steps_taken

    def is_overdue(self, today: date) -> bool:
        """Whether the day to answer by has passed without an answer."""
        return self.state == "asked" and has_answered_or_expired(
            "asked", until=None if self.case is None else self.case.until, today=today
        )


def standings(actor: Actor, findings: Sequence[Finding], *, today: date) -> dict[str, CaseStatus]:
    """Finding id → where it stands, of the findings in view that the actor may see. Requires "nation.read".

    `findings` are all, or all those of a firm, a site or a detector.
    """
    actor.require("nation.read")
    seen = [one for one in findings if actor.may("nation.read", one.firm)]
    known = cases_of(seen)
    return {one.id: standing_of(known.get(one.id), one, today=today) for one in seen}


def unsettled(findings: Sequence[Finding], *, today: date) -> list[Finding]:
    """Findings that no valid decision has explained, withdrawn or left aside. `findings` as for `standings`."""
    known = cases_of(findings)
    return [one for one in findings if standing_of(known.get(one.id), one, today=today).state not in STANDING]


def without_finding(actor: Actor, findings: Sequence[Finding]) -> list[Case]:
    """Cases that were asked about and whose finding the filings do not raise any more. Requires "nation.read"."""
    actor.require("nation.read")
    present = findings_of(findings)
    cases = Case.objects.exclude(state__in=["open", "waived"]).select_related("assignee").order_by("-changed_at")
    return [case for case in cases if case.pk not in present and actor.may("nation.read", case.organisation)]


def watched(actor: Actor) -> frozenset[int]:
    """Numbers of the cases that the official watches. Requires "nation.read"."""
    actor.require("nation.read")
    if actor.user is None:
        return frozenset()
    return frozenset(CaseWatch.objects.filter(user_id=actor.user).values_list("case", flat=True))


def case_at(actor: Actor, findings: Sequence[Finding], wanted: str) -> Located:
    """What an id leads to (`matching.located`) of what the actor may see. `findings` are all. Requires
    "nation.read"."""
    actor.require("nation.read")
    found = located(findings, wanted)
    case, finding = found.case, found.finding
    return Located(
        finding=finding if finding is not None and actor.may("nation.read", finding.firm) else None,
        case=case if case is not None and actor.may("nation.read", case.organisation) else None,
    )


def touched(actor: Actor, *, organisation: str | None = None) -> list[Case]:
    """The cases in which somebody has taken a step, in the order in which they were opened. Requires "nation.read"."""
    actor.require("nation.read")
    cases = Case.objects.filter(steps_taken__gt=0).select_related("assignee").order_by("pk")
    if organisation is not None:
        cases = cases.filter(_put_to(organisation))
    return [case for case in cases if actor.may("nation.read", case.organisation)]


def about(finding: str) -> str | None:
    """The organisation that the case of a finding is about; None where there is no case."""
    return Case.objects.filter(finding=finding).values_list("organisation", flat=True).first()


def own_cases(actor: Actor, organisation: str) -> list[Case]:
    """The questions that the organisation was ever asked, those that wait for it first. Requires "own.read"."""
    actor.require("own.read", organisation)
    asked = Case.objects.filter(_put_to(organisation), steps__kind="asked").distinct()
    return sorted(
        asked,
        key=lambda one: (
            own_state(one, organisation) != "asked", one.until or date.max, -one.changed_at.timestamp()
        ),
    )  # fmt: skip


def _put_to(organisation: str) -> Q:
    return Q(organisation=organisation) | Q(also=organisation)


def own_state(case: Case, organisation: str) -> State:
    """Its state as an organisation that is asked hears of it: that it is not pursued for now is the authority's own
    affair, and what the other side has answered is none of it."""
    state = state_of(case)
    if case.also and state == "answered" and organisation in unheard(case):
        return "asked"
    return "open" if state in NOT_DISCLOSED else state


def own_case(actor: Actor, organisation: str, finding: str) -> Case:
    """One of `own_cases`. Raises CaseError where the organisation was never asked it. Requires "own.read"."""
    actor.require("own.read", organisation)
    found = Case.objects.filter(_put_to(organisation), finding=finding, steps__kind="asked").first()
    if found is None:
        raise CaseError(text("You were not asked this question."))
    return found


def steps_of(case: Case, *, reader: str | None) -> list[tuple[CaseStep, dict[str, Any]]]:
    """Its steps in order with what each holds. `reader`: the organisation that reads, which is shown neither what
    arranges the authority's work nor what another has answered; None: the authority."""
    steps = case.steps.prefetch_related("files").order_by("number")
    return [
        (one, json.loads(one.content))
        for one in steps
        if reader is None or (one.kind in DISCLOSED and one.organisation in ("", reader))
    ]


def deciders(actor: Actor, now: datetime, *, about: str | None = None) -> list[tuple[int, str]]:
    """Account and name of the officials who may decide findings (`about` an organisation). Requires "nation.read"."""
    actor.require("nation.read")
    roles = [role for role, permissions in AUTHORITY_ROLES.items() if "finding.decide" in permissions]
    in_force = Q(valid_from__lte=now.date()) & (Q(valid_to__isnull=True) | Q(valid_to__gte=now.date()))
    found = Membership.objects.filter(in_force, organisation="", role__in=roles, user__is_active=True)
    if about is not None:
        here = [
            one for one in found.exclude(region="").values_list("region", flat=True) if about in firms_of_region(one)
        ]
        found = found.filter(region__in=["", *here])
    return sorted(set(found.values_list("user_id", "user__name")), key=lambda one: (one[1], one[0]))


def facts_seen(case: Case) -> Facts:
    """The facts as they were when an official last decided."""
    return Facts.of(finding_seen(case))


def standing_of(case: Case | None, finding: Finding, *, today: date) -> CaseStatus:
    """Where a finding stands that has this case, or none."""
    if case is None:
        return CaseStatus(case=None, state="open")
    state = state_of(case)
    reason = reopens(state, stands_until=case.stands_until, seen=facts_seen(case), now=Facts.of(finding), today=today)
    return CaseStatus(case=case, state=state if reason is None else "open", reason=reason)


def state_of(case: Case) -> State:
    """Its state as it is written."""
    return next(one for one in STATES if one == case.state)
