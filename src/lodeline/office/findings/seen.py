"""A finding as it was when an official last decided about it: `Case.seen` of a finding is written and read here."""

from __future__ import annotations

import json

from lodeline.detection.battery import finding_of
from lodeline.detection.finding import Finding
from lodeline.office.models import Case


def seen_text(finding: Finding) -> str:
    """What a case keeps of its finding."""
    return json.dumps(finding.as_json(), ensure_ascii=False)


def finding_seen(case: Case) -> Finding:
    """The finding that a case keeps."""
    return finding_of(json.loads(case.seen))
