"""A finding answers a plant of the same firm in the same months; what answers none is false, and nothing else is."""

from __future__ import annotations

from typing import Any

from labelled.matching import by_its_detector, match, match_documents, month_after, months_between, planted, seen


def truth(number: str = "P1", **changes: Any) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": number, "loophole": "skimming", "period": {"from": "2025-03", "to": "2025-05"},
        "subjects": {"organisation": "MIN-1", "organisations": ["MIN-1", "SEP-2"], "parties": []},
    }  # fmt: skip
    return item | changes


def finding(detector: str, subject: dict[str, str], first: str, last: str, score: float | None = 0.999) -> Any:
    return {"detector": detector, "subject": subject, "period": {"from": first, "to": last}, "score": score}


def test_a_finding_of_the_pair_in_a_month_of_the_plant_answers_it() -> None:
    row = finding("skimming", {"pair": "SEP-2>REC-9"}, "2025-05", "2025-09")
    matched = match_documents({"planted": [truth()]}, {"rows": [row]})
    assert by_its_detector(matched, planted(truth())) == (seen(row),) and matched.false == ()


def test_another_month_or_another_firm_is_a_false_finding() -> None:
    late = finding("skimming", {"pair": "MIN-1>SEP-2"}, "2025-07", "2025-08")
    stranger = finding("skimming", {"pair": "MIN-7>REC-9"}, "2025-03", "2025-05")
    matched = match_documents({"planted": [truth()]}, {"rows": [late, stranger]})
    assert matched.found == {"P1": ()} and matched.false == (seen(late), seen(stranger))


def test_what_another_detector_sees_of_a_plant_is_no_hit_of_its_own_and_not_false() -> None:
    row = finding("unexplained-loss", {"organisation": "MIN-1", "site": "MIN-1-A"}, "2025-04", "2025-04")
    matched = match([planted(truth())], [seen(row)])
    assert by_its_detector(matched, planted(truth())) == ()
    assert matched.found == {"P1": (seen(row),)} and matched.false == ()


def test_firms_are_read_from_every_kind_of_subject() -> None:
    ring = seen(finding("round-trip", {"organisation": "A", "ring": "A → B → C → A"}, "2025-01", "2025-01", None))
    assert ring.organisations == {"A", "B", "C"} and ring.score == 1
    group = {"evidence": [{"shared": ["name: X"], "customers": ["X", "Y"]}]}
    shells = seen(finding("shell-customer", {"organisation": "S", "customer": "X"}, "2025-01", "2025-01") | group)
    assert shells.organisations == {"S", "X", "Y"}


def test_months_run_over_the_turn_of_the_year() -> None:
    assert month_after("2025-12") == "2026-01" and month_after("2025-09") == "2025-10"
    assert months_between("2025-11", "2026-02") == 3 and months_between("2026-02", "2025-11") == -3
