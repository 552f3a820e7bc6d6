"""Applications for licences by program: drafted and handed in by a firm, decided by two officers, read by who may."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import override_settings
from tests.api.conftest import MOMENT, Office, Program
from tests.api.test_draws import official
from tests.office.test_applications import CONTENT, PDF

FILE = {"name": "paper.pdf", "content_base64": b64encode(PDF).decode()}
DECIDES = ("applications:decide", "nation:read")


@pytest.fixture(autouse=True)
def after_the_regulations(counter: Office) -> Iterator[None]:
    """The application asks for days of 2026."""
    with override_settings(LODELINE_DEMO_CLOCK=MOMENT.replace("2025-05", "2026-02")):
        yield


@pytest.fixture
def firm(counter: Office) -> Program:
    return counter.program("MINE", "applications:read", "applications:write")


def drafted(firm: Program) -> str:
    begun = firm.post("/applications", {"content": CONTENT})
    assert begun.status_code == 201, begun.content
    path = begun["Location"].removeprefix("/api/v1")
    for kind in begun.json()["needed"]:
        if kind != "other":
            sent = firm.post(f"{path}/documents", {"kind": kind, "files": [FILE]})
            assert sent.status_code == 200, sent.content
    return str(path)


def handed_in(firm: Program) -> str:
    path = drafted(firm)
    answer = firm.post(f"{path}/steps", {"act": "submit"})
    assert (answer.status_code, answer.json()["state"]) == (200, "submitted"), answer.content
    return path


def test_what_stands_against_handing_in_is_said_at_once_and_the_draft_stays(firm: Program) -> None:
    begun = firm.post("/applications", {"content": {**CONTENT, "destination": "", "goods": []}}).json()
    path = f"/applications/{begun['application']}"
    codes = {one["code"] for one in begun["problems"]}
    assert {"application.cell-missing", "application.no-goods", "application.document-missing"} <= codes
    refused = firm.post(f"{path}/steps", {"act": "submit"})
    assert refused.status_code == 422
    assert {one["code"] for one in refused.json()["errors"]} == codes
    mended = firm.post(f"{path}/content", {"content": CONTENT}).json()
    assert (mended["state"], {one["code"] for one in mended["problems"]}) == ("draft", {"application.document-missing"})
    assert firm.post(f"{path}/documents", {"kind": "love-letter", "files": [FILE]}).status_code == 400
    assert firm.post(f"{path}/content", {"content": {"goods": "many"}}).status_code == 400
    assert firm.post(f"{path}/steps", {"act": "drop"}).json()["state"] == "dropped"
    assert firm.get(path).status_code == 404


def test_from_draft_to_licence_by_two_officers(firm: Program) -> None:
    path = handed_in(firm)
    first = official("licensing-officer", scopes=DECIDES, name="first")
    second = official("licensing-officer", scopes=DECIDES, name="second")

    def step(officer: Program, act: str, steps: int, **more: Any) -> Any:
        return officer.post(f"{path}/decisions", {"act": act, "steps": steps, "text": "In order.", **more})

    assert step(first, "query", 1).status_code == 403, "the officer in charge asks"
    assert step(first, "take", 1).status_code == 200
    assert step(first, "query", 2, until="2026-02-20").json()["state"] == "queried"
    assert firm.get(path).json()["clock"]["status"] == "stopped"
    answered = firm.post(f"{path}/steps", {"act": "answer", "text": "Servo motors.", "files": [FILE]})
    assert answered.json()["state"] == "submitted"
    assert step(first, "propose", 4).status_code == 400, "a proposal says what"
    proposed = step(first, "propose", 4, proposal={"grant": True, "mass_kg": "1000"})
    assert proposed.json()["state"] == "proposed", proposed.content
    assert step(first, "decide", 5).status_code == 409, "another officer decides"
    assert step(second, "decide", 4).status_code == 409, "somebody was faster"
    granted = step(second, "decide", 5)
    assert granted.json()["state"] == "granted", granted.content
    assert second.get(f"/licences/{granted.json()['licence']}").json()["granted_kg"] == "1000"
    own = firm.get(path).json()
    assert [one["kind"] for one in own["taken"]] == ["submitted", "queried", "answered", "granted"]
    assert own["proposal"] is None
    assert [one["kind"] for one in second.get(path).json()["taken"]][-2:] == ["proposed", "granted"]
    report = {"act": "report", "text": "By sea."}
    assert firm.post(f"{path}/steps", report).status_code == 400
    assert firm.post(f"{path}/steps", report | {"what": "shipment"}).status_code == 200


def test_who_reads_an_application_and_its_documents(counter: Office, firm: Program) -> None:
    path = handed_in(firm)
    stranger = counter.program("SEP", "applications:read", "applications:write")
    assert stranger.get(path).status_code == 404
    assert stranger.post(f"{path}/steps", {"act": "withdraw", "text": "x"}).status_code == 404
    assert stranger.get("/applications").json()["rows"] == []
    (document, *_) = firm.get(path).json()["documents"]
    own = firm.get(f"{path}/documents/{document['document']}")
    assert own.status_code == 200 and own.content == PDF
    officer = official("licensing-officer", scopes=DECIDES, name="first")
    (row,) = officer.get("/applications").json()["rows"]
    assert (row["organisation"], row["state"]) == ("MINE", "submitted")
    assert officer.get(f"{path}/documents/{document['document']}").status_code == 403
    officer.post(f"{path}/decisions", {"act": "take", "steps": 1})
    assert officer.get(f"{path}/documents/{document['document']}").content == PDF
    draft = drafted(firm)
    assert officer.get(draft).status_code == 404, "a draft is the firm's own"
    assert firm.get("/applications/none").status_code == 404


def test_what_was_handed_in_stands_and_is_withdrawn_with_a_word(firm: Program) -> None:
    path = handed_in(firm)
    assert firm.post(f"{path}/content", {"content": CONTENT}).status_code == 409
    assert firm.post(f"{path}/steps", {"act": "withdraw", "text": " "}).status_code == 409
    assert firm.post(f"{path}/steps", {"act": "withdraw", "text": "Not sold."}).json()["state"] == "withdrawn"
