"""The client against the API itself: typed answers, retries that are harmless, errors one can tell apart."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.wsgi import get_wsgi_application
from tests.api.conftest import Office, counter, serve, small  # noqa: F401  (fixtures)
from tests.api.test_draws import LAW, LICENCE, official
from tests.licences import licence_from

from lodeline import client as package
from lodeline.client import (
    Client,
    ConflictError,
    LodelineError,
    NotAllowedError,
    NotFoundError,
    ProblemError,
    RefusedError,
    UnreachableError,
)
from lodeline.office.access import clock
from lodeline.service.licences.licences import grant_licence

pytestmark = pytest.mark.medium

APRIL = "2025-04"
DUG = {
    "event": "D-1", "kind": "origin", "on": "2025-04-03", "site": "mine", "lot": "O-1", "product": "concentrate",
    "mass_kg": "1000", "composition": "TREO=60", "origin_kind": "mined", "origin_place": "CN",
}  # fmt: skip
SHIPPED = {
    "event": "S-1", "kind": "shipment", "on": "2025-04-10", "site": "mine", "lot": "O-1", "mass_kg": "400",
    "counterparty": "SEP", "counterparty_name": "SEP Ltd",
}  # fmt: skip
Opened = Callable[..., Client]


class Portal(httpx.WSGITransport):
    """The portal without a network between; `faults` happen first, one a request."""

    def __init__(self, faults: list[Any]) -> None:
        super().__init__(get_wsgi_application())
        self.faults = faults
        self.keys: list[str | None] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.keys.append(request.headers.get("Idempotency-Key"))
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, httpx.Response):
            return fault
        if fault == "refused":
            raise httpx.ConnectError("nobody listens")
        response = super().handle_request(request)
        response.read()
        if fault == "lost":
            raise httpx.ReadError("the answer was lost")
        return response


@pytest.fixture
def opened(counter: Office) -> Iterator[Opened]:  # noqa: F811
    """A function of an organisation and of what goes wrong first that gives a client; it never sleeps."""
    clients = []

    def make(organisation: str = "MINE", *scopes: str, faults: list[Any] | None = None) -> Client:
        role = "certifier" if "filings:certify" in scopes else None
        token = counter.token(organisation, *scopes, role=role)
        made = Client(
            "http://127.0.0.1", token, transport=Portal(faults if faults is not None else []), sleep=lambda _: None
        )
        clients.append(made)
        return made

    yield make
    for one in clients:
        one.close()


#: The register is entry 0, the token entry 1, and what is filed first entry 2.
CERTIFIES = ("filings:read", "filings:write", "filings:certify")


def test_a_month_is_checked_filed_and_proved(opened: Opened) -> None:
    client = opened("MINE", *CERTIFIES)
    assert client.self().organisation == "MINE"
    checked = client.check(period=APRIL, rows=[DUG | {"mass_kg": "-1"}])
    assert not checked.accepted
    assert [(one.code, one.row, one.column) for one in checked.problems] == [("mass.negative", 2, "mass_kg")]
    filed = client.file(period=APRIL, rows=[DUG])
    assert filed.receipt is not None and filed.entry == 2
    assert client.verify_receipt(filed.receipt) == ()
    assert client.verify_receipt({**filed.receipt, "filed_at": "2020-01-01T00:00:00Z"}) != ()
    assert client.receipt(2)["leaf_hash"] == filed.receipt["leaf_hash"]
    assert [one["entry"] for one in client.filings()] == [2]
    assert [one["lot"] for one in client.filed_rows(2)] == ["O-1"]
    assert client.checkpoint()["size"] == 3


def test_files_are_sent_as_they_are(opened: Opened, tmp_path: Path) -> None:
    path = tmp_path / "april.csv"
    path.write_text(",".join(DUG) + "\n" + ",".join(DUG.values()) + "\n", "utf-8")
    client = opened("MINE", *CERTIFIES)
    assert client.file(period=APRIL, files=[path]).entry == 2
    assert client.file(period=APRIL, files=[path]).repeated
    corrected = client.file(period=APRIL, rows=[DUG | {"mass_kg": "1001"}], corrects=2)
    assert corrected.entry == 3


def test_what_is_refused_says_everything(opened: Opened) -> None:
    client = opened("MINE", *CERTIFIES)
    with pytest.raises(RefusedError) as refused:
        client.file(period=APRIL, rows=[DUG | {"mass_kg": "-1", "on": "2025-05-01"}])
    assert {one.code for one in refused.value.errors} == {"mass.negative", "date.outside-period"}
    assert refused.value.errors[0].zh != refused.value.errors[0].en
    with pytest.raises(NotFoundError):
        client.receipt(77)
    with pytest.raises(NotAllowedError) as shut:
        list(client.transfers())
    assert shut.value.code == "scope-missing"


@pytest.mark.parametrize("fault", ["lost", "refused", httpx.Response(503, headers={"Retry-After": "1"})])
def test_an_answer_that_is_lost_is_asked_for_again_and_done_once(opened: Opened, counter: Office, fault: Any) -> None:  # noqa: F811
    client = opened("MINE", *CERTIFIES, faults=[fault])
    filed = client.file(period=APRIL, rows=[DUG])
    assert filed.entry == 2 and not filed.repeated
    assert counter.entries == 2
    transport = client._http._transport
    assert isinstance(transport, Portal)
    assert len(transport.keys) == 2 and len(set(transport.keys)) == 1 and transport.keys[0]


def test_who_never_answers_is_given_up(opened: Opened) -> None:
    with pytest.raises(UnreachableError, match="after 5 attempts"):
        opened("MINE", faults=["refused"] * 5).self()
    with pytest.raises(UnreachableError, match="no JSON object"):
        opened("MINE", faults=[httpx.Response(200, text="<html>", request=httpx.Request("GET", "http://x"))]).self()


def test_deliveries_are_accepted_disputed_and_followed(opened: Opened) -> None:
    maker = opened("MINE", *CERTIFIES)
    maker.file(period=APRIL, rows=[DUG, SHIPPED, SHIPPED | {"event": "S-2", "mass_kg": "100"}])
    buyer = opened("SEP")
    first, second = buyer.waiting()
    assert (first.shipment_event, first.shipped_kg) == ("S-1", "400")
    accepted = buyer.accept({first.shipment: "399.5"}, on="2025-04-12", site="sep")
    assert accepted.entry is None and accepted.draft is not None
    assert buyer.draft(accepted.draft).state == "asked"
    assert buyer.dispute(second.shipment, "Nothing arrived.").shipper == "MINE"
    assert [one.kind for one in buyer.changes()] == ["shipped", "shipped"]
    last = next(iter(buyer.changes()))
    assert [one.facts["event"] for one in buyer.changes(since=last.cursor)] == ["S-2"]
    assert {one.state for one in buyer.transfers(side="in")} == {"open"}
    assert list(buyer.transfers(side="out")) == []
    with pytest.raises(LodelineError):
        buyer.accept([first.shipment], on="2025-04-12", site="sep")


def test_a_job_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    states = iter(["waiting", "running", "done"])

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/api/v1/jobs/7"
        return httpx.Response(
            200, json={"job": 7, "state": next(states), "progress": 0.5, "result": {"entry": 3}, "new": 1}
        )

    with Client("http://portal/", transport=httpx.MockTransport(answer), sleep=lambda _: None) as client:
        assert client.wait(7).result == {"entry": 3}
    failed = httpx.MockTransport(
        lambda _: httpx.Response(200, json={"job": 7, "state": "failed", "progress": 1.0, "result": None})
    )
    with Client("http://portal", transport=failed) as client, pytest.raises(LodelineError, match="failed"):
        client.wait(7)


def test_a_request_in_flight_is_waited_for_and_a_conflict_is_not() -> None:
    def answering(code: str) -> httpx.MockTransport:
        document = {"type": f"urn:lodeline:problem:{code}", "detail": "…"}
        return httpx.MockTransport(lambda _: httpx.Response(409, json=document))

    for code, kind in (("idempotency-in-flight", UnreachableError), ("conflict", ConflictError)):
        with Client("http://portal", transport=answering(code), sleep=lambda _: None) as client, pytest.raises(kind):
            client.certify(1)


def test_an_answer_that_is_computed_is_waited_for_and_not_for_ever() -> None:
    document = {"type": "urn:lodeline:problem:still-computing", "detail": "…"}
    computing = httpx.Response(503, json=document, headers={"Retry-After": "5"})
    answers = iter([computing] * 20 + [httpx.Response(200, json={"rows": [], "stamp": {}})])
    paused: list[float] = []
    with Client("http://portal", transport=httpx.MockTransport(lambda _: next(answers)), sleep=paused.append) as client:
        client._asked("GET", "/api/v1/findings")
    assert paused == [5.0] * 20
    paused.clear()
    for_ever = httpx.MockTransport(lambda _: computing)
    with (
        Client("http://portal", transport=for_ever, sleep=paused.append) as client,
        pytest.raises(UnreachableError, match="503"),
    ):
        client._asked("GET", "/api/v1/findings")
    assert 600 <= sum(paused) < 660


def test_a_filing_is_rows_or_files() -> None:
    with Client("http://portal") as client:
        with pytest.raises(ValueError, match="either rows or files"):
            client.file(period=APRIL)
        with pytest.raises(ValueError, match="either rows or files"):
            client.file(period=APRIL, rows=[], files=[Path("x")])


def test_the_client_stands_on_little() -> None:
    """A program that files needs no database, no frames and no framework of pages."""
    code = "import sys, json, lodeline.client; print(json.dumps(sorted(sys.modules)))"
    loaded = json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
    assert not {"django", "polars", "numpy", "ninja", "pydantic"} & {name.partition(".")[0] for name in loaded}
    assert set(package.__all__) <= set(dir(package))


def test_a_case_is_asked_answered_and_decided(opened: Opened, counter: Office, tmp_path: Path) -> None:  # noqa: F811
    overdrawn = {**SHIPPED, "mass_kg": "4000", "reason": "weighed-again"}
    miner = opened("MINE", "filings:write", "filings:certify")
    miner.file(period=APRIL, rows=[DUG, overdrawn])
    official = Client("http://127.0.0.1", counter.official("first"), transport=Portal([]), sleep=lambda _: None)
    (finding, *_) = [row for row in official.findings() if row["subject"].get("organisation") == "MINE"]
    asked = official.take_case_step(finding["id"], "ask", steps=0, text="Where is the rest from?", until="2025-05-30")
    assert (asked.state, asked.steps, asked.until) == ("asked", 1, "2025-05-30")
    own = opened("MINE", "findings:read", "findings:answer")
    (waiting,) = own.cases(state="asked")
    slip = tmp_path / "slip.pdf"
    slip.write_bytes(b"%PDF-1.4 slip")
    answered = own.answer_case(waiting.finding, "A comma was missing.", files=[slip])
    assert answered.taken[-1].files[0]["name"] == "slip.pdf"
    with pytest.raises(ConflictError):
        official.take_case_step(finding["id"], "withdraw", steps=1, text="So it was.")
    withdrawn = official.take_case_step(finding["id"], "withdraw", steps=2, text="So it was.")
    assert [step.kind for step in withdrawn.taken] == ["asked", "answered", "withdrawn"]
    paper = own.case_step(finding["id"], 3)
    assert own.verify_receipt(paper["receipt"]) == ()
    assert official.evidence(finding["id"]).startswith(b"PK")
    with pytest.raises(NotFoundError):
        official.case("none")
    official.close()


def test_a_licence_is_applied_for(opened: Opened, tmp_path: Path) -> None:
    client = opened("MINE")
    paper = tmp_path / "paper.pdf"
    paper.write_bytes(b"%PDF-1.7 made up")
    begun = client.apply({"kind": "individual", "contract": "C-1"})
    reference = begun["application"]
    assert [one["application"] for one in client.applications()] == [reference]
    assert client.write_application(reference, {"kind": "general"})["content"]["kind"] == "general"
    (document,) = client.attach(reference, "contract", [paper])["documents"]
    assert document["name"] == "paper.pdf"
    with pytest.raises(ProblemError) as refused:
        client.application_step(reference, "submit")
    assert "application.no-goods" in {one.code for one in refused.value.errors}
    assert client.application(reference)["problems"]
    assert client.application_step(reference, "drop")["state"] == "dropped"
    with pytest.raises(NotFoundError):
        client.application(reference)


def test_a_run_is_put_off_by_its_firm_or_by_the_authority(opened: Opened) -> None:
    token = official("quota-officer", scopes=("quotas:decide", "nation:read"), name="quota").token
    assert token is not None
    with (
        opened("MINE", "filings:write", "balances:read") as firm,
        Client("http://127.0.0.1", token, transport=Portal([])) as officer,
    ):
        for run in ("R-7", "R-8"):
            firm.announce_run(run, "separation", "120")
        former = "put_off_run"
        with pytest.warns(DeprecationWarning, match=f"Client.{former} is called cancel_run now"):
            assert getattr(firm, former)("R-7", "no ore")["run"] == "R-7"
        newest, _ = officer.runs()
        with pytest.raises(NotAllowedError):
            firm.cancel_run_of_firm(newest["reservation"], "ours")
        assert officer.cancel_run_of_firm(newest["reservation"], "closed by order")["organisation"] == "MINE"
        with pytest.raises(NotFoundError):
            officer.cancel_run_of_firm(999_999, "closed by order")
        assert [(one["run"], one["state"]) for one in firm.runs()] == [("R-8", "put-off"), ("R-7", "put-off")]


def test_two_officers_suspend_a_licence(opened: Opened, counter: Office) -> None:  # noqa: F811
    today = clock.today("Asia/Shanghai")
    days = {"valid_from": today, "valid_to": today + timedelta(days=100)}
    granted = grant_licence(store=counter.store, licence=licence_from(LICENCE | days), law=LAW, filed_at=clock.now())
    assert granted.accepted
    scopes = ("licences:decide", "nation:read")
    first, second = (official("licensing-officer", scopes=scopes, name=name).token or "" for name in ("one", "two"))
    with (
        Client("http://127.0.0.1", first, transport=Portal([])) as one,
        Client("http://127.0.0.1", second, transport=Portal([])) as two,
    ):
        made = one.propose_about_licence("L1", "suspended", on=today, reason="No answer.")
        with pytest.raises(ConflictError):
            one.decide_about_licence("L1", made["proposal"], "confirm")
        assert [found["state"] for found in two.licence_proposals("L1")] == ["proposed"]
        assert two.decide_about_licence("L1", made["proposal"], "confirm")["state"] == "done"


def test_every_former_name_leads_to_a_call_and_no_other_name_does() -> None:
    with Client("http://127.0.0.1:1") as nobody:
        for name in ("decide", "answer", "bundle", "take_back", "put_off_run", "put_off_run_of"):
            with pytest.warns(DeprecationWarning, match="version 0.2.0"):
                assert callable(getattr(nobody, name))
        with pytest.raises(AttributeError, match="nothing_of_the_sort"):
            getattr(nobody, "nothing_of_the_sort")  # noqa: B009  (no such attribute for a type checker either)
