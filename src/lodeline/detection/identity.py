"""Which findings are one question: as long as detector, subject and first month of the cause stay, so does the id.

A cause that grows moves the last month, the mass and the evidence, and none of these is named by the id. Before, an id
named the whole period, and some subjects listed what grows: such an id is an alias of the finding that it would name
today, and what was kept under it belongs to the finding of the same matter whose months it meets.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import rfc8785

Row = Mapping[str, Any]

#: Stands between the two organisations of a pair: who shipped, who received.
PAIR: Final = ">"
#: What only tells findings of one first month apart, and was in no id before.
_MARKS: Final = frozenset({"customer", "count"})


def finding_id(detector: str, subject: Mapping[str, str], since: str) -> str:
    """SHA-256 (hex) of the canonical JSON (RFC 8785) of detector, subject and first month of the cause."""
    return _hashed({"detector": detector, "subject": dict(subject), "since": since})


def since_of(row: Row) -> str:
    """The first month of the cause of a finding as it is printed; of one that was kept before it was stated, of its
    period."""
    return str(row.get("since") or row["period"]["from"])


def alias(row: Row) -> str:
    """The id that a finding as it is printed would have had before, for its months of today."""
    subject = paired(row["subject"])
    if listed := _customers(row):
        subject["customers"] = ", ".join(sorted(listed))
    for mark in _MARKS:
        subject.pop(mark, None)
    return _hashed({"detector": row["detector"], "subject": subject, "period": dict(row["period"])})


def called(rows: Sequence[Row], finding: str) -> Row | None:
    """The finding of an id, or else of an alias; None where there is none."""
    by_id = next((row for row in rows if row["id"] == finding), None)
    return by_id or next((row for row in rows if alias(row) == finding), None)


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


def same_matter(kept: Row, row: Row) -> bool:
    """Whether two findings are of one detector and about the same, whatever their months are."""
    if kept["detector"] != row["detector"] or _settled(kept["subject"]) != _settled(row["subject"]):
        return False
    ones, others = _customers(kept), _customers(row)
    return not ones.isdisjoint(others) if ones or others else True


def nearest(kept: Row, rows: Sequence[Row]) -> Row | None:
    """Of findings of the same matter, that which a kept one has become: whose months hold its first, else with most
    months in common. None where no month is."""
    since, last = since_of(kept), str(kept["period"]["to"])

    def near(row: Row) -> tuple[bool, int]:
        begun, until = since_of(row), str(row["period"]["to"])
        return begun <= since <= until, _month(min(last, until)) - _month(max(since, begun)) + 1

    found = max(rows, key=near, default=None)
    return found if found is not None and near(found)[1] > 0 else None


def _hashed(named: Mapping[str, Any]) -> str:
    return hashlib.sha256(rfc8785.dumps(dict(named))).hexdigest()


def _customers(row: Row) -> frozenset[str]:
    """The customers that a finding is about, none where it is about no group of them."""
    if row["subject"].keys().isdisjoint({"customer", "customers"}):
        return frozenset()
    return frozenset(next((one["customers"] for one in row["evidence"] if "customers" in one), ()))


def _settled(subject: Mapping[str, str]) -> dict[str, str]:
    """A subject as it is written today, without what may grow or only tells findings apart."""
    return {key: value for key, value in paired(subject).items() if key not in _MARKS | {"customers"}}


def _month(period: str) -> int:
    return int(period[:4]) * 12 + int(period[5:7])
