"""The desk and the queries of customs by program: kept, decided, answered; each sees what is its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.test import override_settings
from tests.api.conftest import MOMENT, Office, Program

from lodeline.office.access import clock
from lodeline.office.access.actor import actor_of
from lodeline.office.accounts.tokens import issue
from lodeline.office.jobs.work import work_once
from lodeline.office.models import AuditRecord, Membership, User
from lodeline.web.api import books

LINE = {
    "line": "1", "declaration": "D-1", "exporter": "MINE", "product_name": "NdFeB magnets", "hs_code": "8505111000",
    "composition": "Nd=24.1;Pr=6.02;Fe=67.5;B=0.98", "models_in_lot": "16", "mass_kg": "200",
}  # fmt: skip


@pytest.fixture(autouse=True)
def after_the_procedure_came_into_force(counter: Office) -> Iterator[None]:
    """GAC Announcement 123 is of June 2025."""
    with override_settings(LODELINE_DEMO_CLOCK=MOMENT.replace("2025-0", "2026-0")):
        yield


@pytest.fixture
def firm(counter: Office) -> Program:
    return counter.program("MINE", "declarations:judge", "findings:answer")


@pytest.fixture
def customs(counter: Office) -> Program:
    user = User.objects.create_user("customs@authority.example", name="Officer", joined_at=clock.now())
    for role in ("customs-officer", "registrar"):
        Membership.objects.create(
            user=user, organisation="", role=role, valid_from=date(2020, 1, 1), granted_at=clock.now()
        )
    actor = actor_of(user, on=clock.today("Asia/Shanghai"))
    scopes = ("declarations:judge", "declarations:decide")
    return Program(token=issue(actor, "", name="customs", scopes=scopes, days=30, now=clock.now())[1])


def asked(program: Program) -> dict[str, Any]:
    answer = program.post("/declarations", {"rows": [LINE]})
    assert answer.status_code == 200, answer.content
    return answer.json()  # type: ignore[no-any-return]


def test_a_question_is_kept_and_read_again_by_who_asked(firm: Program, customs: Program) -> None:
    own, theirs = asked(firm), asked(customs)
    kept = firm.get(f"/declarations/{own['entry']}").json()
    assert (kept["channel"], kept["answer"]["id"], kept["withdrawn"]) == ("pre-check", own["id"], None)
    assert firm.get(f"/declarations/{theirs['entry']}").status_code == 404
    assert customs.get(f"/declarations/{theirs['entry']}").json()["channel"] == "desk"
    assert customs.get("/declarations/0").status_code == 404
    looks = AuditRecord.objects.filter(kind="look").values_list("what", "organisation", "subject", "reason")
    assert list(looks) == [("api declaration", "MINE", str(theirs["entry"]), "clearance")], "its own is no look"


def test_a_query_from_notice_to_answer(firm: Program, customs: Program) -> None:
    kept = asked(customs)
    verdict = kept["lines"][0]["id"]
    decide = f"/declarations/{kept['entry']}/decisions"
    opened = customs.post(decide, {"act": "query", "line": verdict, "text": "Which model?"})
    assert opened.status_code == 200, opened.content
    (row,) = firm.get("/queries").json()["rows"]
    assert (row["state"], row["line"]) == ("asked", verdict)
    path = f"/queries/{row['case']}"
    assert firm.get(path).status_code == customs.get(path).status_code == 200
    looks = AuditRecord.objects.filter(kind="look").values_list("what", "organisation", "subject")
    assert list(looks) == [("api query", "MINE", row["case"])]
    answered = firm.post(f"{path}/answer", {"text": "None.", "documents": ["contract"], "files": []})
    assert (answered.status_code, answered.json()["state"]) == (200, "answered")
    step = {"act": "released", "steps": 1, "text": "as stated"}
    assert customs.post(f"{path}/steps", step).status_code == 409, "somebody took a step since"
    done = customs.post(f"{path}/steps", step | {"steps": 2})
    assert (done.status_code, done.json()["state"]) == (200, "released")
    assert [one["kind"] for one in done.json()["taken"]] == ["asked", "answered", "released"]


def test_only_customs_decides(counter: Office, firm: Program, customs: Program) -> None:
    kept = asked(customs)
    body = {"act": "override", "line": kept["lines"][0]["id"], "verdict": "hold", "text": "sixteen models"}
    path = f"/declarations/{kept['entry']}/decisions"
    assert firm.post(path, body).status_code == 403
    found = customs.post(path, body)
    assert (found.status_code, found.json()["overrides"][0]["stands"]) == (200, True)
    assert customs.post(path, body).status_code == 409
    assert customs.post(path, {"act": "override", "line": "x", "text": "y"}).status_code == 400


def test_an_amendment_takes_the_place_of_an_own_question_only(firm: Program, customs: Program) -> None:
    own, theirs = asked(firm), asked(customs)
    mended = {"rows": [LINE | {"models_in_lot": "1"}]}
    refused = firm.post(f"/declarations?amends={theirs['entry']}", mended)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:lodeline:problem:conflict")
    second = firm.post(f"/declarations?amends={own['entry']}", mended).json()
    assert firm.get(f"/declarations/{own['entry']}").json()["amended_by"] == second["entry"]
    assert firm.post(f"/declarations?amends={own['entry']}", mended).status_code == 409
    assert customs.post("/declarations?amends=0", mended).status_code == 409
    amended = customs.post(f"/declarations?reserve=true&amends={theirs['entry']}", mended)
    assert (amended.status_code, amended.json()["reserved"]) == (200, 0), amended.content


def test_what_is_too_long_to_be_answered_at_once_is_a_batch(
    firm: Program, customs: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(books, "DECLARATION_LINES_MAX", 3)
    rows = [LINE | {"line": str(number)} for number in range(5)]
    begun = firm.post("/declarations", {"rows": rows})
    assert (begun.status_code, begun.json()["state"]) == (202, "waiting"), begun.content
    path = begun["Location"].removeprefix("/api/v1")
    assert customs.get(path).status_code == 404, "an exporter's own"
    while work_once("machine:1:aaaa"):
        pass
    told = firm.get(path).json()
    assert (told["state"], told["lines"], told["judged"], told["progress"]) == ("done", 5, 5, 1.0)
    assert told["counts"] == {"release": 0, "query": 5, "hold": 0}
    (part,) = told["parts"]
    assert firm.get(f"/declarations/{part['entry']}").json()["channel"] == "pre-check"
    lines = b"".join(firm.get(f"{path}/verdicts").streaming_content).decode().splitlines()
    verdicts = [json.loads(line) for line in lines]
    assert [(one["line"], one["verdict"], one["entry"]) for one in verdicts] == [
        (str(number), "query", part["entry"]) for number in range(5)
    ]
    assert verdicts[0]["cells"] == rows[0]
    assert firm.get(f"/jobs/{told['job']}").status_code == 403, "the token has no filings:read"
    assert firm.post(f"{path}/stop", {}).status_code == 409


def test_a_batch_that_waits_is_stopped(customs: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books, "DECLARATION_LINES_MAX", 3)
    begun = customs.post("/declarations", {"rows": [LINE] * 4}, **{"Idempotency-Key": "one"})
    again = customs.post("/declarations", {"rows": [LINE] * 4}, **{"Idempotency-Key": "one"})
    assert begun.json()["batch"] == again.json()["batch"]
    path = begun["Location"].removeprefix("/api/v1")
    assert customs.post(f"{path}/stop", {}).json()["state"] == "stopped"
    assert customs.post("/declarations?amends=3", {"rows": [LINE] * 4}).status_code in (200, 409)


def test_customs_release_what_may_leave_once_and_a_firm_does_not(firm: Program, customs: Program) -> None:
    line = {**LINE, "models_in_lot": "1", "end_user_name": "Motors GmbH", "destination": "DE"}
    kept = customs.post("/declarations", {"rows": [line]}).json()
    assert kept["verdict"] == "release", kept["lines"][0]["reasons"]
    where = f"/declarations/{kept['entry']}/decisions"
    assert firm.post(where, {"act": "release"}).status_code == 403
    answer = customs.post(where, {"act": "release"})
    assert answer.status_code == 200, answer.content
    (told,) = answer.json()["releases"]
    assert told["released"] and told["reservation"] is None and told["line"] == kept["lines"][0]["id"]
    again = customs.post(where, {"act": "release"})
    assert again.status_code == 409 and "waits to be released" in again.json()["detail"]
