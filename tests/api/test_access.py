"""Who gets in: tokens and what becomes of them, scopes, how often one may ask, sessions that only read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from tests.api.conftest import Office, Program

from lodeline.office.access import clock
from lodeline.office.access.actor import NotAllowedError
from lodeline.office.accounts import tokens as office_tokens
from lodeline.office.accounts.tokens import WrongRequestError, grantable, issue, revoke, tokens
from lodeline.office.models import AuditRecord, Membership, Token

#: Every address that is not open to anyone, with a scope that opens it.
GUARDED = {
    "/filings": "filings:read",
    "/filings/1": "filings:read",
    "/filings/1/rows": "filings:read",
    "/drafts/1": "filings:read",
    "/jobs/1": "filings:read",
    "/transfers": "transfers:read",
    "/transfers/waiting": "transfers:read",
    "/disputes": "transfers:read",
    "/lots": "lots:read",
    "/lots/X": "lots:read",
    "/lots/X/trace": "lots:read",
    "/lots/X/origins": "lots:read",
    "/balances": "balances:read",
    "/quotas": "balances:read",
    "/licences": "balances:read",
    "/licences/X": "balances:read",
    "/findings": "findings:read",
    "/findings/1": "findings:read",
    "/findings/1/case": "findings:read",
    "/findings/1/case/steps/1": "findings:read",
    "/findings/1/bundle": "nation:read",
    "/cases": "findings:read",
    "/parties/queue": "transfers:read",
    "/declarations/1": "declarations:judge",
    "/queries": "declarations:judge",
    "/queries/x": "declarations:judge",
    "/batches/x": "declarations:judge",
    "/batches/x/verdicts": "declarations:judge",
    "/applications": "applications:read",
    "/applications/x": "applications:read",
    "/applications/x/documents/1": "applications:read",
    "/changes": "changes:read",
    "/strategy/own": "balances:read",
}
WRITTEN = {
    "/filings/check": "filings:write",
    "/filings": "filings:write",
    "/filings/1/corrections": "filings:write",
    "/drafts/1/certify": "filings:certify",
    "/transfers/accept": "transfers:write",
    "/transfers/dispute": "transfers:write",
    "/disputes/1/answer": "transfers:write",
    "/disputes/1/withdraw": "transfers:write",
    "/lots/X/alias": "transfers:write",
    "/declarations": "declarations:judge",
    "/declarations/1/decisions": "declarations:decide",
    "/queries/x/steps": "declarations:decide",
    "/batches/x/stop": "declarations:judge",
    "/exits": "declarations:decide",
    "/reservations/void": "declarations:decide",
    "/tranches": "declarations:decide",
    "/tranches/void": "declarations:decide",
    "/runs": "filings:write",
    "/runs/void": "filings:write",
    "/runs/1/void": "quotas:decide",
    "/applications": "applications:write",
    "/applications/x/content": "applications:write",
    "/applications/x/documents": "applications:write",
    "/applications/x/steps": "applications:write",
    "/applications/x/decisions": "applications:decide",
    "/queries/x/answer": "findings:answer",
    "/findings/1/case": "findings:decide",
    "/findings/1/answer": "findings:answer",
    "/parties/decisions": "parties:decide",
    "/strategy/runs": "strategy:run",
    "/strategy/runs/x/publish": "strategy:run",
    "/strategy/runs/x/confirm": "strategy:run",
    "/strategy/tables": "strategy:run",
}


def code(response: Any) -> str:
    assert response["Content-Type"] == "application/problem+json"
    return str(response.json()["type"]).rpartition(":")[2]


def test_nobody_gets_in_without_a_token(counter: Office) -> None:
    for path in (*GUARDED, "/flows", "/organisations", "/self"):
        refused = Program().get(path)
        assert (refused.status_code, code(refused)) == (401, "token-missing"), path
        assert refused["WWW-Authenticate"].startswith("Bearer")
    for path in WRITTEN:
        assert Program().post(path, {}).status_code == 401, path


def test_a_scope_opens_its_addresses_and_no_others(counter: Office) -> None:
    reader = counter.program("MINE", "lots:read")
    for path, scope in GUARDED.items():
        found = reader.get(path)
        if scope == "lots:read":
            assert found.status_code in (200, 404), path
        else:
            assert (found.status_code, code(found)) == (403, "scope-missing"), path
    for path in WRITTEN:
        refused = reader.post(path, {"rows": []})
        assert (refused.status_code, code(refused)) == (403, "scope-missing"), path
    for path in ("/flows", "/organisations", "/lots/X/routes"):
        assert reader.get(path).status_code == 403, path
    assert reader.get("/organisations/MINE").status_code == 200
    assert reader.get("/organisations/SEP").status_code == 403


@pytest.mark.parametrize("what", ["unknown", "revoked", "expired"])
def test_a_token_that_opens_nothing_says_why(counter: Office, what: str) -> None:
    text = counter.token("MINE")
    token = Token.objects.get()
    if what == "unknown":
        text = text[:-1] + ("a" if text[-1] != "a" else "b")
    if what == "revoked":
        assert revoke(counter.person("organisation-admin", "MINE"), "MINE", token.pk, now=clock.now()) is not None
    if what == "expired":
        Token.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    refused = Program(token=text).get("/self", Accept_Language="zh-CN")
    assert (refused.status_code, code(refused)) == (401, f"token-{what}")
    assert refused.json()["detail"] == refused.json()["texts"]["zh"]["detail"]
    if what == "expired":
        assert "by the clock of this server" in refused.json()["texts"]["en"]["detail"]


def test_the_text_of_a_token_is_kept_nowhere(counter: Office) -> None:
    text = counter.token("MINE")
    assert text.startswith("lodeline_") and len(text) > 50
    for table in ("office_token", "office_audit_record"):
        rows = counter.store.database.rows(f"SELECT * FROM {table}")
        assert rows
        assert text not in str(rows) and text[20:] not in str(rows)
    assert AuditRecord.objects.filter(what="token.issue", organisation="MINE").count() == 1


def test_nobody_gives_a_program_more_than_is_theirs_to_give(counter: Office) -> None:
    admin, filer = counter.person("organisation-admin", "MINE"), counter.person("filer", "MINE")
    certifier, stranger = counter.person("certifier", "MINE"), counter.person("organisation-admin", "SEP")
    given: dict[str, Any] = {"name": "x", "days": 1, "now": clock.now()}
    for actor, scopes in (
        (admin, ["filings:certify"]), (filer, ["filings:read"]), (certifier, ["lots:read"]),
        (stranger, ["filings:read"]), (counter.person("analyst"), ["filings:read"]),
    ):  # fmt: skip
        with pytest.raises(NotAllowedError):
            issue(actor, "MINE", scopes=scopes, **given)
    faults: list[dict[str, Any]] = [
        {"scopes": ["filings:eat"]},
        {"scopes": []},
        {"name": " "},
        {"days": 366},
        {"name": "x" * 99},
    ]
    for wrong in faults:
        with pytest.raises(WrongRequestError):
            issue(admin, "MINE", **{**given, "scopes": ["filings:read"], **wrong})
    assert grantable(counter.person("registrar"), "MINE") == ()
    assert [one.name for one in grantable(counter.person("registrar"), "")] == [
        "nation:read", "parties:decide", "register:write", "feeds:invoices", "feeds:customs",
    ]  # fmt: skip
    with pytest.raises(NotAllowedError):
        revoke(filer, "MINE", 1, now=clock.now())
    with pytest.raises(NotAllowedError):
        tokens(stranger, "MINE")
    assert tokens(filer, "MINE") == []


def test_certifying_ends_with_the_membership_of_whoever_allowed_it(counter: Office) -> None:
    program = counter.program("MINE", "filings:write", "filings:certify", role="certifier")
    assert program.get("/self").json()["scopes"] == ["filings:certify", "filings:write"]
    Membership.objects.filter(role="certifier").update(valid_to=clock.now().date() - timedelta(days=1))
    assert program.get("/self").json()["scopes"] == ["filings:write"]


def test_an_official_who_leaves_takes_the_token_along(counter: Office) -> None:
    program = counter.program("", "nation:read")
    assert program.get("/filings").status_code == 200
    Membership.objects.filter(role="registrar").update(valid_to=clock.now().date() - timedelta(days=1))
    assert code(program.get("/filings")) == "token-creator"


def test_who_asks_too_often_waits_for_the_next_minute(counter: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office_tokens, "REQUESTS_PER_MINUTE", 40)
    frozen = clock.now().replace(second=10, microsecond=0)
    monkeypatch.setattr(clock, "now", lambda: frozen)
    program, other = counter.program("MINE"), counter.program("MINE")
    left = [int(program.get("/self")["RateLimit-Remaining"]) for _ in range(40)]
    assert left == list(range(39, -1, -1))
    refused = program.get("/self")
    assert (refused.status_code, code(refused)) == (429, "too-many-requests")
    assert (refused["Retry-After"], refused["RateLimit-Remaining"]) == ("50", "0")
    assert other.get("/self").status_code == 200
    monkeypatch.setattr(clock, "now", lambda: frozen + timedelta(minutes=1))
    assert program.get("/self").status_code == 200


def test_two_processes_share_one_count(counter: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office_tokens, "REQUESTS_PER_MINUTE", 40)
    frozen = clock.now().replace(second=10, microsecond=0)
    program = counter.program("MINE")
    token = Token.objects.get().pk
    office_tokens.count(token, now=frozen)
    monkeypatch.setattr(office_tokens, "_taken", {})
    for _ in range(20):
        office_tokens.count(token, now=frozen)
    with pytest.raises(office_tokens.TooManyError):
        office_tokens.count(token, now=frozen)
    assert program.token


def test_a_session_reads_and_does_not_write(counter: Office) -> None:
    person = counter.person("filer", "MINE")
    client = Client(HTTP_HOST="127.0.0.1")
    client.force_login(
        Membership.objects.get(role="filer").user, backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    assert person.user is not None
    assert client.get("/api/v1/filings").status_code == 200
    assert client.get("/api/v1/filings?organisation=SEP").status_code == 403
    refused = client.post("/api/v1/filings/check", "{}", content_type="application/json")
    assert (refused.status_code, code(refused)) == (403, "session-reads-only")


def test_a_person_of_two_firms_names_one(counter: Office) -> None:
    counter.person("filer", "MINE")
    member = Membership.objects.get()
    Membership.objects.create(
        user=member.user, organisation="SEP", role="filer", valid_from=member.valid_from, granted_at=clock.now()
    )
    client = Client(HTTP_HOST="127.0.0.1")
    client.force_login(member.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert code(client.get("/api/v1/filings")) == "organisation-unnamed"
    assert client.get("/api/v1/filings?organisation=SEP").status_code == 200


def test_the_authority_is_seen_to_look(counter: Office) -> None:
    program = counter.program("", "nation:read")
    program.get("/filings?organisation=MINE")
    program.get("/filings")
    looks = AuditRecord.objects.filter(kind="look").values_list("what", "organisation", "token")
    assert list(looks) == [("api filings", "MINE", Token.objects.get().pk)]


@pytest.mark.parametrize("path", ["/filings?cursor=x", "/changes?since=9", "/lots?cursor=-1", "/balances?cursor=!"])
def test_a_cursor_that_is_none_is_said(counter: Office, path: str) -> None:
    assert code(counter.program("MINE").get(path)) == "cursor-unknown"


@pytest.mark.parametrize(
    "path",
    ["/filings?limit=0", "/filings?limit=1001", "/filings/x", "/lots?organisation=%00", f"/filings/{10**20}"],
)  # fmt: skip
def test_what_cannot_be_read_is_said(counter: Office, path: str) -> None:
    assert code(counter.program("MINE").get(path)) == "request-malformed"


def test_a_store_that_is_away_is_said_without_a_word_of_the_machine(
    serve: Callable[..., Office], tmp_path: Path
) -> None:
    serve(str(tmp_path / "no-such-store.sqlite3"))
    refused = Program().get("/log/checkpoint")
    assert (refused.status_code, code(refused)) == (503, "store-away")
    assert refused["Retry-After"] == "5"
    assert "no-such-store" not in refused.content.decode()
