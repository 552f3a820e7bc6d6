"""A cause that grows has one case; a case that was opened under an id of before shows, is decided and opens again."""

from __future__ import annotations

import json
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from tests.findings import finding_in, findings_in
from tests.formerly import formerly
from tests.office.conftest import NOW
from tests.office.test_cases import ANALYST, BY, FILER, FIRM, INSPECTOR, STAMP, TODAY

from lodeline.detection.identity import finding_id
from lodeline.office.findings import cases, review
from lodeline.office.findings.cases import FindingAsSeen
from lodeline.office.findings.matching import cases_of, findings_of, located
from lodeline.office.findings.views import case_at, standings, without_finding
from lodeline.office.models import Case, CaseStep
from lodeline.regulation.parameter import load
from lodeline.service.log.audit import verify
from lodeline.store.store import Store

pytestmark = pytest.mark.medium


def gain(first: str, last: str, mass_kg: str = "100", site: str = "MAG-A") -> dict[str, Any]:
    """A finding as the filings raise it now."""
    subject = {"organisation": FIRM, "site": site}
    return {
        "id": finding_id("unexplained-gain", subject, first), "detector": "unexplained-gain", "subject": subject,
        "since": first, "period": {"from": first, "to": last}, "score": None, "mass_kg": mass_kg, "elements": ["TREO"],
        "interval_kg": [mass_kg, None], "evidence": [], "innocent": [], "ask": [], "state": "open",
        "explanation": {"en": "Seen.", "zh": "所见。"},
    }  # fmt: skip


def sight(row: dict[str, Any], every: list[dict[str, Any]] | None = None, *, today: date = TODAY) -> FindingAsSeen:
    """The finding as the page of an official has it, among all that the filings raise."""
    case = case_at(ANALYST, findings_in(every or [row]), row["id"]).case
    return FindingAsSeen(
        finding=finding_in(row),
        stamp=STAMP,
        today=today,
        steps=case.steps_taken if case else 0,
        case=case.finding if case else None,
    )


def explained(store: Store, row: dict[str, Any]) -> Case:
    cases.ask(ANALYST, store, sight(row), text="Where is it from?", until=BY, now=NOW)
    kept = located(findings_in([row]), row["id"]).case
    assert kept is not None
    cases.answer(FILER, store, FIRM, kept.finding, text="A receipt came late.", now=NOW)
    return cases.explain(ANALYST, store, sight(row), text="So it is.", stands_until=date(2026, 6, 1), now=NOW)


def state(row: dict[str, Any], every: list[dict[str, Any]] | None = None) -> tuple[str, str | None]:
    one = standings(ANALYST, findings_in(every or [row]), today=TODAY)[row["id"]]
    return one.state, one.reason


def test_a_finding_that_grows_month_by_month_has_one_case(store: Store) -> None:
    explained(store, gain("2025-09", "2025-09"))
    for last, mass, expected in (
        ("2025-10", "105", ("explained", None)), ("2025-11", "109", ("explained", None)),
        ("2025-12", "140", ("open", "mass")),
    ):  # fmt: skip
        assert state(gain("2025-09", last, mass)) == expected
    now = gain("2025-09", "2025-12", "140")
    cases.ask(ANALYST, store, sight(now), text="And the rest?", until=BY, now=NOW)
    (case,) = Case.objects.all()
    kinds = list(CaseStep.objects.order_by("number").values_list("kind", flat=True))
    assert kinds == ["asked", "answered", "explained", "reopened", "asked"]
    assert json.loads(case.seen)["period"]["to"] == "2025-12"
    assert verify(store).faults == ()


def test_a_case_of_before_shows_stands_and_opens_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    old = formerly(gain("2025-09", "2025-10"))
    kept = explained(store, old)
    same = gain("2025-09", "2025-10")
    assert located(findings_in([same]), old["id"]) == located(findings_in([same]), same["id"])
    assert state(same) == ("explained", None), "the id of before is an alias"
    grown = gain("2025-09", "2025-12", "104")
    found = located(findings_in([grown]), old["id"])
    assert (found.finding, found.case) == (finding_in(grown), kept), (
        "the address of before leads to what the finding has become"
    )
    assert state(grown) == ("explained", None) and without_finding(ANALYST, findings_in([grown])) == []
    more = gain("2025-09", "2026-01", "150")
    assert state(more) == ("open", "mass")
    monkeypatch.setattr(review, "findings", lambda *_: SimpleNamespace(raised=findings_in([more])))
    monkeypatch.setattr(review, "_looked", {})
    assert review.review(store, load("cn"), now=NOW) == 1
    assert Case.objects.get().state == "open"
    cases.ask(ANALYST, store, sight(more), text="And the rest?", until=BY, now=NOW)
    cases.answer(FILER, store, FIRM, kept.finding, text="A scale.", now=NOW)
    cases.confirm(INSPECTOR, store, sight(more), text="It is so.", now=NOW)
    (case,) = Case.objects.all()
    assert (case.finding, case.state, json.loads(case.seen)["id"]) == (old["id"], "confirmed", more["id"])
    assert verify(store).faults == (), "what the log holds of the case is what it held"


@pytest.mark.parametrize("first", ["2025-07", "2025-11"])
def test_a_case_follows_where_the_first_month_moved(store: Store, first: str) -> None:
    for old in (formerly(gain("2025-09", "2025-12")), gain("2025-09", "2025-12", site="MAG-B")):
        explained(store, old)
    here, there = gain(first, "2026-01"), gain(first, "2026-01", site="MAG-B")
    assert state(here) == ("explained", None) and state(there) == ("explained", None)


def test_a_case_is_of_one_finding_and_never_of_a_stranger(store: Store) -> None:
    kept = explained(store, formerly(gain("2025-09", "2025-10")))
    strangers = [
        gain("2025-12", "2026-01"), gain("2025-09", "2025-10", site="MAG-B"),
        {**gain("2025-09", "2025-10"), "detector": "unexplained-loss", "id": "cd" * 32},
    ]  # fmt: skip
    assert cases_of(findings_in(strangers)) == {} and without_finding(ANALYST, findings_in(strangers)) == [kept]
    assert all(state(row, strangers) == ("open", None) for row in strangers)
    gone = located(findings_in(strangers), kept.finding)
    assert (gone.finding, gone.case) == (None, kept)
    two = [gain("2025-08", "2025-09"), gain("2025-10", "2026-01")]
    assert [one.id for one in findings_of(findings_in(two)).values()] == [two[0]["id"]]


def test_of_two_cases_of_before_the_finding_has_the_one_whose_id_it_had_and_the_other_stays_by_itself(
    store: Store,
) -> None:
    first, second = (formerly(gain("2025-09", last)) for last in ("2025-10", "2025-11"))
    early, late = (
        cases.ask(
            ANALYST,
            store,
            FindingAsSeen(finding=finding_in(one), stamp=STAMP, today=TODAY, steps=0),
            text="Why?",
            until=BY,
            now=NOW,
        )
        for one in (first, second)
    )
    Case.objects.filter(pk=early.pk).update(changed_at=NOW + timedelta(hours=1))
    now = gain("2025-09", "2025-11")
    assert cases_of(findings_in([now]))[now["id"]].pk == late.pk
    grown = gain("2025-09", "2026-01")
    assert cases_of(findings_in([grown]))[grown["id"]].pk == early.pk, "else that in which the last step was taken"
    assert without_finding(ANALYST, findings_in([grown])) == [late]
    assert located(findings_in([grown]), late.finding).case == late


def test_a_pair_and_a_group_of_customers_are_found_by_their_old_subjects(store: Store) -> None:
    made = gain("2025-09", "2025-10")
    members = {"evidence": [{"shared": ["addr:x"], "customers": ["U1, Ltd.", "U2"]}]}
    for detector, subject, before, more in (
        ("skimming", {"pair": f"{FIRM}>SEP"}, {"shipper": FIRM, "receiver": "SEP"}, {}),
        ("shell-customer", {"organisation": FIRM, "customer": "U2"},
         {"organisation": FIRM, "customers": "U1, Ltd., U2"}, members),
    ):  # fmt: skip
        now = {**made, **more, "detector": detector, "subject": subject}
        now["id"] = finding_id(detector, subject, "2025-09")
        kept = explained(store, formerly(now, subject=before))
        later = {**now, "period": {"from": "2025-09", "to": "2026-01"}}
        assert cases_of(findings_in([later])) == {later["id"]: kept}
        assert located(findings_in([later]), kept.finding).finding == finding_in(later)
