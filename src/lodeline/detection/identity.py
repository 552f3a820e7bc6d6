"""Which findings are one question: as long as detector, subject and first month of the cause stay, so does the id.

A cause that grows moves the last month, the mass and the evidence, and none of these is named by the id. Before, an id
named the whole period, and some subjects listed what grows: such an id is an alias of the finding that it would name
today, and what was kept under it belongs to the finding of the same matter whose months it meets.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import rfc8785

if TYPE_CHECKING:
    from lodeline.detection.finding import Finding

#: Stands between the two organisations of a pair: who shipped, who received.
PAIR: Final = ">"
#: What only tells findings of one first month apart, and was in no id before.
_MARKS: Final = frozenset({"customer", "count"})


def finding_id(detector: str, subject: Mapping[str, str], since: str) -> str:
    """SHA-256 (hex) of the canonical JSON (RFC 8785) of detector, subject and first month of the cause."""
    return _hashed({"detector": detector, "subject": dict(subject), "since": since})


def alias(finding: Finding) -> str:
    """The id that a finding would have had before, for its months of today."""
    subject = paired(finding.subject)
    if listed := _customers(finding):
        subject["customers"] = ", ".join(sorted(listed))
    for mark in _MARKS:
        subject.pop(mark, None)
    return _hashed({"detector": finding.detector, "subject": subject, "period": finding.period})


def called(findings: Sequence[Finding], wanted: str) -> Finding | None:
    """The finding of an id, or else of an alias; None where there is none."""
    by_id = next((one for one in findings if one.id == wanted), None)
    return by_id or next((one for one in findings if alias(one) == wanted), None)


def named_in(subject: Mapping[str, str]) -> tuple[str, ...]:
    """What a subject names, of a pair both organisations; whoever is asked comes first."""
    named, first = list(paired(subject).values()), subject.get("organisation")
    return tuple(dict.fromkeys([first, *named] if first else named))


def paired(subject: Mapping[str, str]) -> dict[str, str]:
    """A subject with `shipper` and `receiver` in the place of a pair."""
    if "pair" not in subject:
        return dict(subject)
    shipper, _, receiver = subject["pair"].partition(PAIR)
    others = {key: value for key, value in subject.items() if key != "pair"}
    return {**others, "shipper": shipper, "receiver": receiver}


def same_matter(kept: Finding, now: Finding) -> bool:
    """Whether two findings are of one detector and about the same, whatever their months are."""
    if kept.detector != now.detector or _settled(kept.subject) != _settled(now.subject):
        return False
    ones, others = _customers(kept), _customers(now)
    return not ones.isdisjoint(others) if ones or others else True


def nearest(kept: Finding, findings: Sequence[Finding]) -> Finding | None:
    """Of findings of the same matter, that which a kept one has become: whose months hold its first, else with most
    months in common. None where no month is."""
    since, last = kept.since, kept.last_period

    def near(one: Finding) -> tuple[bool, int]:
        begun, until = one.since, one.last_period
        return begun <= since <= until, _month(min(last, until)) - _month(max(since, begun)) + 1

    found = max(findings, key=near, default=None)
    return found if found is not None and near(found)[1] > 0 else None


def _hashed(named: Mapping[str, Any]) -> str:
    return hashlib.sha256(rfc8785.dumps(dict(named))).hexdigest()


def _customers(finding: Finding) -> frozenset[str]:
    """The customers that a finding is about, none where it is about no group of them."""
    if finding.subject.keys().isdisjoint({"customer", "customers"}):
        return frozenset()
    return frozenset(next((one["customers"] for one in finding.evidence if "customers" in one), ()))


def _settled(subject: Mapping[str, str]) -> dict[str, str]:
    """A subject as it is written today, without what may grow or only tells findings apart."""
    return {key: value for key, value in paired(subject).items() if key not in _MARKS | {"customers"}}


def _month(period: str) -> int:
    return int(period[:4]) * 12 + int(period[5:7])
