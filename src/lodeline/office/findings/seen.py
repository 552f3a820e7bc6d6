"""A finding as it was when an official last decided about it. `Case.seen` of a finding is opened here alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from lodeline.material.mass import MG_PER_KG
from lodeline.office.models import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenFinding:
    """What a case keeps of its finding."""

    first_month: str
    last_month: str
    mass_mg: int
    #: "" where it is about no site.
    site: str
    #: Entry of the visit that it is about.
    visit: int | None
    #: The whole of it, in the shape of `lodeline findings --json`.
    row: Mapping[str, Any]


def row_seen(case: Case) -> dict[str, Any]:
    """The finding that a case keeps, in the shape of `lodeline findings --json`."""
    row: dict[str, Any] = json.loads(case.seen)
    return row


def finding_seen(case: Case) -> SeenFinding:
    """The finding that a case keeps."""
    row = row_seen(case)
    subject, period = row["subject"], row["period"]
    return SeenFinding(
        first_month=period["from"],
        last_month=period["to"],
        mass_mg=int(Decimal(row["mass_kg"]) * MG_PER_KG),
        site=subject.get("site", ""),
        visit=int(subject["visit"]) if "visit" in subject else None,
        row=row,
    )
