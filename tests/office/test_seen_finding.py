"""What a case keeps of its finding."""

from __future__ import annotations

import json
from pathlib import Path

import lodeline
from lodeline.office.findings.seen import finding_seen
from lodeline.office.models import Case

_ROW = {"period": {"from": "2026-01", "to": "2026-03"}, "mass_kg": "900719925.474099", "subject": {"site": "S1"}}


def test_a_kept_finding_has_its_mass_to_the_milligram() -> None:
    seen = finding_seen(Case(seen=json.dumps(_ROW)))
    assert (seen.mass_mg, seen.site, seen.visit) == (900_719_925_474_099, "S1", None)
    assert (seen.first_month, seen.last_month) == ("2026-01", "2026-03")


def test_a_kept_finding_of_a_visit_names_its_entry() -> None:
    seen = finding_seen(Case(seen=json.dumps(_ROW | {"subject": {"visit": "12"}})))
    assert (seen.site, seen.visit) == ("", 12)


def test_what_a_case_of_a_finding_keeps_is_opened_in_one_place() -> None:
    source = Path(lodeline.__file__).parent
    places = [
        path.relative_to(source).as_posix()
        for path in source.rglob("*.py")
        if "customs" not in path.as_posix() and "json.loads(case.seen)" in path.read_text(encoding="utf-8")
    ]
    assert places == ["office/findings/seen.py"]
