"""A month filed by program: checked, refused with every problem, certified by a person or by the program, corrected."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import override_settings
from tests.api.conftest import Office, Program
from tests.workbooks import workbook

from lodeline.journal.certification import Certification
from lodeline.office.access import clock
from lodeline.office.accounts import idempotency
from lodeline.office.filing import certify, draft_check, filing_now
from lodeline.office.jobs import jobs
from lodeline.office.jobs.work import work_once
from lodeline.office.models import Draft, IdempotentAnswer

pytestmark = pytest.mark.medium

APRIL = "2025-04"


def dug(event: str = "D-1", lot: str = "O-1", mass_kg: str = "1000", **more: str) -> dict[str, str]:
    return {
        "event": event, "kind": "origin", "on": f"{APRIL}-03", "site": "mine", "lot": lot, "product": "concentrate",
        "mass_kg": mass_kg, "composition": "TREO=60", "origin_kind": "mined", "origin_place": "CN", **more,
    }  # fmt: skip


def shipped(event: str = "S-1", lot: str = "O-1", mass_kg: str = "400", to: str = "SEP") -> dict[str, str]:
    return {
        "event": event, "kind": "shipment", "on": f"{APRIL}-10", "site": "mine", "lot": lot, "mass_kg": mass_kg,
        "counterparty": to, "counterparty_name": f"{to} Ltd",
    }  # fmt: skip


def month(*rows: dict[str, str], **more: Any) -> dict[str, Any]:
    return {"period": APRIL, "rows": list(rows), **more}


#: The register is entry 0, the token of the program entry 1, and what it files first entry 2.
WRITES = ("filings:read", "filings:write")


@pytest.fixture
def program(counter: Office) -> Program:
    """May file, but not certify."""
    return counter.program("MINE", *WRITES)


@pytest.fixture
def certifying(counter: Office) -> Program:
    """May file and certify."""
    return counter.program("MINE", *WRITES, "filings:certify", role="certifier")


def test_a_check_says_everything_and_writes_nothing(counter: Office, program: Program) -> None:
    found = program.post("/filings/check", month(dug(mass_kg="-1"), shipped(to="SEP") | {"on": "2025-05-10"})).json()
    assert found["accepted"] is False
    assert {(one["code"], one["where"]["row"]) for one in found["problems"]} >= {
        ("mass.negative", 2),
        ("date.outside-period", 3),
    }
    fine = program.post("/filings/check", month(dug())).json()
    assert fine["accepted"] is True
    assert '"lodeline-certify-v1"' in fine["statement"]
    assert counter.entries == 1
    assert not Draft.objects.exists()


def test_what_would_be_refused_leaves_nothing_behind(counter: Office, certifying: Program) -> None:
    refused = certifying.post("/filings", month(dug(mass_kg="-1")))
    assert refused.status_code == 422
    assert refused["Content-Type"] == "application/problem+json"
    assert refused.json()["type"] == "urn:lodeline:problem:filing-refused"
    assert [one["where"]["column"] for one in refused.json()["errors"]] == ["mass_kg"]
    assert counter.entries == 1
    assert not Draft.objects.exclude(state=Draft.State.DROPPED).exists()


def test_a_program_that_may_certify_gets_its_receipt_at_once(counter: Office, certifying: Program) -> None:
    found = certifying.post("/filings", month(dug()))
    assert found.status_code == 201, found.content
    assert found["Location"] == "/api/v1/filings/2"
    assert found.json()["receipt"]["entry"] == 2
    assert Program().post("/verify", found.json()["receipt"]).json()["ok"] is True
    assert certifying.get("/filings/2").json()["certified_by"] == "password"
    again = certifying.post("/filings", month(dug()))
    assert again.status_code == 201
    assert again.json()["repeated"] is True
    assert again.json()["receipt"]["leaf_hash"] == found.json()["receipt"]["leaf_hash"]
    assert counter.entries == 2


def test_a_store_that_goes_away_while_it_files_is_said_and_the_same_request_then_files(
    counter: Office, certifying: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "_AGAIN_S", 0.01)
    gone = OperationalError("the connection is lost")

    def lost(*_: Any, **__: Any) -> None:
        raise gone

    with monkeypatch.context() as patch:
        patch.setattr(filing_now, "submit", lost)
        patch.setattr(idempotency, "_delete", lost)
        away = certifying.post("/filings", month(dug()), Idempotency_Key="k")
        assert (away.status_code, away["Content-Type"]) == (503, "application/problem+json")
        assert away["Retry-After"]
        assert certifying.post("/filings", month(dug()), Idempotency_Key="k").status_code == 409
    until = time.monotonic() + 10
    while IdempotentAnswer.objects.exists() and time.monotonic() < until:
        time.sleep(0.01)
    found = certifying.post("/filings", month(dug()), Idempotency_Key="k")
    assert found.status_code == 201, found.content
    assert counter.entries == 2 and Draft.objects.count() == 1


def test_without_that_scope_it_waits_for_a_person(counter: Office, program: Program) -> None:
    found = program.post("/filings", month(dug()))
    assert found.status_code == 202, found.content
    number = found.json()["draft"]
    assert found.json()["state"] == "asked"
    assert program.post("/filings", month(dug())).json()["draft"] == number
    assert program.post("/filings", month(dug("D-2", "O-2"))).json()["draft"] != number
    assert counter.entries == 1
    draft = Draft.objects.get(pk=number)
    person = counter.person("certifier", "MINE")
    signed = Certification.by_password(certifier=person.pseudonym)
    statement = found.json()["statement"]
    filing_now.begin(
        certify.certify(person, draft, signed, signed=statement, seen=draft.revision, now=clock.now()), now=clock.now()
    )
    assert program.get(f"/drafts/{number}").json()["entry"] == 2
    assert program.post(f"/drafts/{number}/certify", {}).status_code == 403


def test_where_a_signature_is_asked_for_a_draft_says_what_to_sign(counter: Office) -> None:
    certifying = counter.program("MINE", *WRITES, "filings:certify", role="certifier")
    with override_settings(LODELINE_CERTIFY=""):
        found = certifying.post("/filings", month(dug()))
        assert found.status_code == 202
        assert found.json()["statement"].startswith('{"corrects":null')
        _certified_by_nobody(certifying, found.json()["draft"])


def _certified_by_nobody(certifying: Program, draft: int) -> None:
    unsigned = certifying.post(f"/drafts/{draft}/certify", {})
    assert unsigned.status_code == 202
    strange = certifying.post(f"/drafts/{draft}/certify", {"certification": {"kind": "passkey"}})
    assert strange.status_code == 422


def test_files_are_filed_as_they_came(certifying: Program) -> None:
    columns = list(dug())
    text = ",".join(columns) + "\n" + ",".join(dug()[name] for name in columns) + "\n"
    found = certifying.send("/filings", {"file": SimpleUploadedFile("april.csv", text.encode()), "period": APRIL})
    assert found.status_code == 201, found.content
    uploads = certifying.get("/filings/2/uploads").json()["rows"]
    assert [(one["name"], one["size"]) for one in uploads] == [("april.csv", len(text))]
    upload = certifying.get("/filings/2/uploads/1")
    assert upload.content == text.encode()
    assert 'filename="april.csv"' in upload["Content-Disposition"]


def test_a_workbook_of_two_far_cells_is_refused(certifying: Program) -> None:
    found = certifying.send("/filings", {"period": APRIL, "files": SimpleUploadedFile("month.xlsx", workbook())})
    assert found.status_code == 422
    assert "sheet.scattered" in found.content.decode()


def test_a_filing_is_corrected(counter: Office, certifying: Program) -> None:
    assert certifying.post("/filings", month(dug())).status_code == 201
    differs = certifying.post("/filings", month(dug(mass_kg="1001")))
    assert differs.status_code == 422
    assert differs.json()["errors"][0]["code"] == "event.exists-with-other-content"
    found = certifying.post("/filings/2/corrections", month(dug(mass_kg="1001")))
    assert found.status_code == 201, found.content
    assert certifying.get("/filings/3").json()["corrects"] == 2
    assert [row["mass_kg"] for row in certifying.get("/filings/3/rows").json()["rows"]] == ["1001"]
    other = counter.program("SEP", *WRITES, "filings:certify", role="certifier")
    assert other.post("/filings/2/corrections", month(dug(mass_kg="1001"))).status_code == 404


def test_a_month_must_be_named(certifying: Program) -> None:
    found = certifying.post("/filings", {"rows": [dug()]})
    assert found.status_code == 422
    assert "period.required" in {one["code"] for one in found.json()["errors"]}
    assert certifying.post("/filings?period=2026-04", month(dug())).status_code == 422


def test_a_program_files_for_its_own_organisation_only(counter: Office) -> None:
    stranger = counter.program("SEP", *WRITES, "filings:certify", role="certifier")
    assert stranger.post("/filings", month(dug(), organisation="MINE")).status_code == 422
    assert counter.entries == 1


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 422),
        (b"[]", "application/json", 422),
        (b"nothing", "text/plain", 415),
        (b"--x--", "multipart/form-data; boundary=x", 400),
        (b"\xff\xfe", "application/json", 422),
        (b'{"period":"2025-04","rows":[{"event":"\\u0000"}]}', "application/json", 422),
    ],
)
def test_bodies_that_cannot_be_read(certifying: Program, content: bytes, kind: str, status: int) -> None:
    found = certifying.client.post(
        "/api/v1/filings", content, content_type=kind, headers={"Authorization": f"Bearer {certifying.token}"}
    )
    assert found.status_code == status, found.content


def test_a_body_is_bounded(certifying: Program) -> None:
    with override_settings(LODELINE_FILING_BYTES=1000):
        found = certifying.send("/filings", {"file": SimpleUploadedFile("april.csv", b"x" * 200_000)})
    assert found.status_code == 413, found.content


def test_a_delivery_is_accepted_with_a_difference_and_disputed(counter: Office, certifying: Program) -> None:
    assert certifying.post("/filings", month(dug(), shipped(), shipped("S-2", mass_kg="100"))).status_code == 201
    admin = counter.program("SEP")
    waiting = admin.get("/transfers/waiting").json()["rows"]
    assert [(one["shipper"], one["shipped_kg"]) for one in waiting] == [("MINE", "400"), ("MINE", "100")]
    accepted = {
        "on": f"{APRIL}-12",
        "site": "sep",
        "receipts": [{"shipment": waiting[0]["shipment"], "received_kg": "399"}],
    }
    asked = admin.post("/transfers/accept", accepted)
    assert asked.status_code == 202, asked.content
    assert admin.post("/transfers/accept", accepted).status_code == 422
    disputed = admin.post("/transfers/dispute", {"shipment": waiting[1]["shipment"], "reason": "Nothing arrived."})
    assert disputed.status_code == 201, disputed.content
    shipper = counter.program("MINE")
    seen = shipper.get("/disputes").json()["rows"]
    assert [(one["shipment_event"], one["reason"]) for one in seen] == [("S-2", "Nothing arrived.")]
    number = seen[0]["dispute"]
    assert shipper.post(f"/disputes/{number}/withdraw", {}).status_code == 404
    assert shipper.post(f"/disputes/{number}/answer", {"answer": "It is on its way."}).status_code == 200
    assert admin.post(f"/disputes/{number}/withdraw", {}).json()["answer"] == "It is on its way."
    assert counter.program("MAG").get("/disputes").json()["rows"] == []


def test_a_program_that_certifies_closes_the_transfer(counter: Office, certifying: Program) -> None:
    certifying.post("/filings", month(dug(), shipped()))
    admin = counter.person("organisation-admin", "SEP")
    buyer = counter.program("SEP", "transfers:read", "transfers:write")
    shipment = buyer.get("/transfers/waiting").json()["rows"][0]["shipment"]
    sent = buyer.post("/transfers/accept", {"on": f"{APRIL}-12", "site": "sep", "receipts": [{"shipment": shipment}]})
    assert sent.status_code == 202, sent.content
    assert admin.may("own.people", "SEP")
    person = counter.person("certifier", "SEP")
    draft = Draft.objects.get(pk=sent.json()["draft"])
    signed = Certification.by_password(certifier=person.pseudonym)
    filing_now.begin(
        certify.certify(person, draft, signed, signed=sent.json()["statement"], seen=draft.revision, now=clock.now()),
        now=clock.now(),
    )
    (closed,) = buyer.get("/transfers").json()["rows"]
    assert (closed["state"], closed["received_kg"]) == ("matched", "400")


def test_keys_make_a_retry_harmless(counter: Office, certifying: Program) -> None:
    first = certifying.post("/filings", month(dug()), Idempotency_Key="a")
    again = certifying.post("/filings", month(dug()), Idempotency_Key="a")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again["Idempotency-Replayed"] == "true"
    other = certifying.post("/filings", month(dug("D-2", "O-2")), Idempotency_Key="a")
    assert other.status_code == 422
    assert other.json()["type"].endswith("idempotency-key-reused")
    refused = certifying.post("/filings", month(dug(mass_kg="-1")), Idempotency_Key="b")
    assert certifying.post("/filings", month(dug(mass_kg="-1")), Idempotency_Key="b").content == refused.content
    IdempotentAnswer.objects.filter(key="b").update(status=None)
    assert certifying.post("/filings", month(dug(mass_kg="-1")), Idempotency_Key="b").status_code == 409
    assert counter.entries == 2


@pytest.mark.parametrize("period", ["1609-11", "0000-01", "9999-12", "2025-13", "soon"])
def test_a_month_that_cannot_be_meant_is_said(counter: Office, certifying: Program, period: str) -> None:
    found = certifying.post("/filings", {"period": period, "rows": []})
    assert found.status_code == 422, found.content
    assert counter.entries == 1


def test_what_is_large_is_checked_and_filed_by_a_worker(
    counter: Office, certifying: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draft_check, "SMALL_BYTES", 10)
    taken = certifying.post("/filings", month(dug()))
    assert taken.status_code == 202, taken.content
    draft, job = taken.json()["draft"], taken.json()["job"]
    assert taken["Location"] == f"/api/v1/drafts/{draft}"
    assert certifying.get(f"/jobs/{job}").json()["state"] == "waiting"
    assert certifying.post(f"/drafts/{draft}/certify", {}).status_code == 409
    assert counter.program("SEP").get(f"/jobs/{job}").status_code == 404
    worker = jobs.worker_name()
    assert work_once(worker)
    assert certifying.get(f"/jobs/{job}").json()["state"] == "done"
    checked = certifying.get(f"/drafts/{draft}").json()
    assert (checked["state"], checked["accepted"], checked["rows"]) == ("open", True, 1)
    filing = certifying.post(f"/drafts/{draft}/certify", {})
    assert filing.status_code == 202, filing.content
    assert counter.entries == 1
    assert work_once(worker)
    assert certifying.get(f"/jobs/{filing.json()['job']}").json()["result"] == {"entry": 3}
    done = certifying.post(f"/drafts/{draft}/certify", {})
    assert (done.status_code, done.json()["receipt"]["entry"]) == (201, 3)


def test_what_is_large_and_wrong_stays_a_draft_with_its_problems(
    certifying: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draft_check, "SMALL_BYTES", 10)
    draft = certifying.post("/filings", month(dug(mass_kg="-1"))).json()["draft"]
    assert work_once(jobs.worker_name())
    found = certifying.get(f"/drafts/{draft}").json()
    assert (found["state"], found["accepted"]) == ("open", False)
    assert [one["code"] for one in found["problems"]] == ["mass.negative"]
    assert certifying.post(f"/drafts/{draft}/certify", {}).status_code == 409
