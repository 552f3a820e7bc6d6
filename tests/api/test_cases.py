"""A case from its question to its decision by two programs, as on the pages: heard first, by four eyes, proved."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from datetime import date, timedelta
from typing import Any

import pytest
from tests.api.conftest import Office, Program
from tests.api.test_access import code
from tests.findings import finding_in
from tests.formerly import formerly

from lodeline.journal.verify import verify_receipt
from lodeline.office.access import clock
from lodeline.office.findings import cases
from lodeline.office.findings.cases import FindingAsSeen
from lodeline.office.models import AuditRecord, Case, User
from lodeline.regulation.parameter import load as load_law
from lodeline.service.findings.finding import findings
from lodeline.store.snapshot_opening import open_snapshot

pytestmark = pytest.mark.medium


@pytest.fixture
def finding(office: Office) -> dict[str, Any]:
    """The largest about a firm."""
    rows = findings(office.store, open_snapshot(office.store), load_law("cn")).as_json()["rows"]
    return next(row for row in rows if "organisation" in row["subject"])


def day(later: int) -> str:
    return (clock.today("Asia/Shanghai") + timedelta(days=later)).isoformat()


@pytest.fixture
def first(office: Office) -> Program:
    return Program(token=office.official("first"))


def taken(program: Program, finding: dict[str, Any], act: str, steps: int, **more: Any) -> Any:
    return program.post(f"/findings/{finding['id']}/case", {"act": act, "steps": steps, **more})


def test_causes_are_read_by_the_authority_and_by_no_firm(
    office: Office, first: Program, finding: dict[str, Any]
) -> None:
    found = findings(office.store, open_snapshot(office.store), load_law("cn")).as_json()
    page = first.get("/findings?limit=1").json()
    assert len(page["rows"]) == 1 and page["causes"] == found["causes"], "of all rows, in the order of the service"
    one = page["causes"][0]
    assert one["worth_usd"] > 0 and one["price_year"] == 2025 and 0 < one["innocent"] < 1 and one["ask"]["zh"]
    firm = finding["subject"]["organisation"]
    about = first.get(f"/findings?organisation={firm}").json()["causes"]
    assert about == [cause for cause in found["causes"] if cause["organisation"] == firm]
    own = office.program(firm, "findings:read").get("/findings").json()
    assert own["rows"] and own["causes"] == [] and "worth_usd" not in json.dumps(own)


def test_a_question_is_answered_and_decided_by_programs(
    office: Office, first: Program, finding: dict[str, Any]
) -> None:
    at, firm = f"/findings/{finding['id']}", finding["subject"]["organisation"]
    asked = taken(first, finding, "ask", 0, text="Where did it come from?", until=day(15))
    assert asked.status_code == 200, asked.content
    assert (asked.json()["state"], asked.json()["steps"], asked.json()["until"]) == ("asked", 1, day(15))
    own = office.program(firm, "findings:read", "findings:answer")
    (waiting,) = own.get("/cases?state=asked").json()["rows"]
    assert waiting["finding"] == finding["id"] and waiting["assignee"] is None
    slip = {"name": "slip.pdf", "content_base64": base64.b64encode(b"%PDF-1.4 slip").decode()}
    answered = own.post(f"{at}/answer", {"text": "It was filed late.", "files": [slip]})
    assert answered.status_code == 200, answered.content
    step = answered.json()["taken"][-1]
    assert (step["kind"], step["organisation"], step["files"][0]["name"]) == ("answered", firm, "slip.pdf")
    assert first.get(at).json()["state"] == "answered", "what was answered is seen at once"
    refused = taken(first, finding, "confirm", 2, text="It is so.")
    assert (refused.status_code, code(refused)) == (422, "not-possible"), "whoever asked does not confirm"
    confirmed = taken(Program(token=office.official("second")), finding, "confirm", 2, text="It is so.")
    assert confirmed.json()["state"] == "confirmed"
    withdrawn = taken(first, finding, "withdraw", 3, text="The slip shows it.")
    assert [one["kind"] for one in withdrawn.json()["taken"]] == ["asked", "answered", "confirmed", "withdrawn"]
    acts = set(AuditRecord.objects.filter(subject=finding["id"]).values_list("what", flat=True))
    assert {"finding.asked", "finding.answered", "finding.confirmed", "finding.withdrawn"} <= acts


def test_what_was_said_is_proved_to_either_side(office: Office, first: Program, finding: dict[str, Any]) -> None:
    taken(first, finding, "ask", 0, text="Why?", until=day(15))
    own = office.program(finding["subject"]["organisation"], "findings:read")
    for program in (first, own):
        paper = program.get(f"/findings/{finding['id']}/case/steps/1").json()
        assert "Why?" in paper["content"]
        assert verify_receipt(paper["receipt"], upload=paper["content"].encode()) == []
        assert verify_receipt(paper["receipt"], upload=paper["content"].replace("Why", "Who").encode()) != []
    assert own.get(f"/findings/{finding['id']}/case/steps/9").status_code == 404


def test_more_time_an_explanation_a_waiver_and_opening_again(
    office: Office, first: Program, finding: dict[str, Any]
) -> None:
    assert taken(first, finding, "waive", 0, text="Small.", until=day(30)).json()["state"] == "waived"
    own = office.program(finding["subject"]["organisation"], "findings:read")
    assert own.get("/cases").json()["rows"] == [], "that it is not pursued is the authority's own affair"
    assert own.get(f"/findings/{finding['id']}/case").status_code == 404
    assert taken(first, finding, "reopen", 1, text="Larger now.").json()["state"] == "open"
    taken(first, finding, "ask", 2, text="Why?", until=day(15))
    longer = taken(first, finding, "extend", 3, text="", until=day(20))
    assert longer.json()["until"] == day(20)
    explained = taken(first, finding, "explain", 4, text="A late receipt.", until=day(90))
    assert (explained.json()["state"], explained.json()["stands_until"]) == ("explained", day(90))


def test_cases_are_assigned_watched_and_found_by_it(first: Program, finding: dict[str, Any]) -> None:
    account = User.objects.get(name="first").pk
    taken(first, finding, "assign", 0, to=account)
    assert taken(first, finding, "watch", 1).json()["watched"] is True
    for assigned, count in (("mine", 1), ("watched", 1), ("nobody", 0), ("overdue", 0)):
        assert len(first.get(f"/cases?assigned={assigned}").json()["rows"]) == count, assigned
        assert len(first.get(f"/cases?whose={assigned}").json()["rows"]) == count, "its name until version 0.2.0"
    assert taken(first, finding, "assign", 1).json()["assignee"] is None
    assert taken(first, finding, "unwatch", 2).json()["watched"] is False
    nobody = taken(first, finding, "assign", 2, to=10**9)
    assert (nobody.status_code, code(nobody)) == (422, "not-possible")


def test_whoever_is_slower_looks_again(first: Program, finding: dict[str, Any]) -> None:
    taken(first, finding, "waive", 0, text="Small.", until=day(30))
    late = taken(first, finding, "ask", 0, text="Why?", until=day(15))
    assert (late.status_code, code(late)) == (409, "conflict")


def test_a_step_that_is_sent_twice_is_taken_once(first: Program, finding: dict[str, Any]) -> None:
    document = {"act": "ask", "steps": 0, "text": "Why?", "until": day(15)}
    at = f"/findings/{finding['id']}/case"
    once, again = (first.post(at, document, Idempotency_Key="k") for _ in range(2))
    assert again.json() == once.json() and again["Idempotency-Replayed"] == "true"
    assert first.get(at).json()["steps"] == 1
    other = first.post(at, {**document, "text": "Who?"}, Idempotency_Key="k")
    assert (other.status_code, code(other)) == (422, "idempotency-key-reused")


@pytest.mark.parametrize(
    ("document", "status", "said"),
    [
        ({"act": "ask", "steps": 0, "text": "Why?"}, 400, "request-malformed"),
        ({"act": "ask", "steps": 0, "text": "Why?", "until": "soon"}, 400, "request-malformed"),
        ({"act": "ask", "steps": 0, "text": " ", "until": "2025-06-01"}, 422, "not-possible"),
        ({"act": "ask", "steps": 0, "text": "Why?", "until": "2025-05-06"}, 422, "not-possible"),
        ({"act": "confirm", "steps": 0, "text": "So it is."}, 422, "not-possible"),
        ({"act": "burn", "steps": 0}, 400, "request-malformed"),
    ],
)
def test_what_cannot_be_done_says_why(
    first: Program, finding: dict[str, Any], document: dict[str, Any], status: int, said: str
) -> None:
    refused = first.post(f"/findings/{finding['id']}/case", document)
    assert (refused.status_code, code(refused)) == (status, said), refused.content
    assert first.get("/cases").json()["rows"] == []


def test_cases_come_page_by_page_and_none_is_lost(office: Office, first: Program) -> None:
    *rows, last = findings(office.store, open_snapshot(office.store), load_law("cn")).as_json()["rows"][:5]
    for row in rows:
        taken(first, row, "waive", 0, text="Small.", until=day(30))
    limit = len(rows) - 1
    page = first.get(f"/cases?limit={limit}").json()
    assert [row["finding"] for row in page["rows"]] == [row["id"] for row in rows[:limit]]
    taken(first, last, "waive", 0, text="Small.", until=day(30))
    rest = first.get(f"/cases?cursor={page['next']}").json()
    assert [row["finding"] for row in rest["rows"]] == [rows[-1]["id"], last["id"]] and rest["next"] is None


def test_the_authority_takes_the_evidence_and_nobody_else(
    office: Office, first: Program, finding: dict[str, Any]
) -> None:
    taken(first, finding, "ask", 0, text="Why?", until=day(15))
    bundle = first.get(f"/findings/{finding['id']}/bundle")
    assert (bundle.status_code, bundle["Content-Type"]) == (200, "application/zip")
    names = zipfile.ZipFile(io.BytesIO(bundle.content)).namelist()
    assert any(name.endswith("001-asked.json") for name in names)
    assert first.get("/findings/none/bundle").status_code == 404
    own = office.program(finding["subject"]["organisation"], "findings:read")
    assert own.get(f"/findings/{finding['id']}/bundle").status_code == 403
    assert AuditRecord.objects.filter(what="finding.bundle", subject=finding["id"]).count() == 1


def test_only_who_may_decide_gets_a_program_that_may(office: Office, finding: dict[str, Any]) -> None:
    reader = office.program("", "nation:read")
    refused = taken(reader, finding, "ask", 0, text="Why?", until=day(15))
    assert (refused.status_code, code(refused)) == (403, "scope-missing")
    never_asked = office.program(finding["subject"]["organisation"], "findings:read", "findings:answer")
    assert never_asked.post(f"/findings/{finding['id']}/answer", {"text": "It was us."}).status_code == 404


def test_a_case_and_an_id_of_before_lead_to_what_the_finding_has_become(
    office: Office, first: Program, finding: dict[str, Any]
) -> None:
    old, firm = formerly(finding), finding["subject"]["organisation"]
    seen = FindingAsSeen(
        finding=finding_in(old), stamp=open_snapshot(office.store).stamp, today=clock.today("Asia/Shanghai"), steps=0
    )
    analyst = office.person("analyst")
    cases.ask(analyst, office.store, seen, text="Why?", until=date.fromisoformat(day(15)), now=clock.now())
    own = office.program(firm, "findings:read", "findings:answer")
    for program in (first, own):
        (listed,) = program.get("/cases").json()["rows"]
        assert (listed["finding"], listed["raised"], listed["state"]) == (finding["id"], True, "asked")
        for one in (old["id"], finding["id"]):
            assert program.get(f"/findings/{one}").json()["state"] == "asked"
            assert program.get(f"/findings/{one}/case").json()["steps"] == 1
            assert program.get(f"/findings/{one}/case/steps/1").status_code == 200
    assert own.post(f"/findings/{finding['id']}/answer", {"text": "A scale."}).status_code == 200
    assert own.post(f"/findings/{old['id']}/answer", {"text": "And a late receipt."}).status_code == 200
    assert taken(first, old, "withdraw", 3, text="So it is.").json()["state"] == "withdrawn"
    assert taken(first, finding, "reopen", 4, text="Once more.").json()["steps"] == 5
    assert Case.objects.get().finding == old["id"]
    assert first.get(f"/findings/{old['id']}/bundle").content == first.get(f"/findings/{finding['id']}/bundle").content
    assert first.get(f"/findings/{'00' * 32}").status_code == 404
