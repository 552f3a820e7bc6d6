"""What becomes of a licence, by programs of two officers: one proposes, the other decides, its firm sees neither."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.api.conftest import Office, Program
from tests.api.test_draws import customs, official

from lodeline.office.access import clock
from lodeline.office.models import AuditRecord, Notice

__all__ = ["customs"]  # the fixture: L1 is MINE's

pytestmark = pytest.mark.medium
AT = "/licences/L1/proposals"
SCOPES = ("licences:decide", "nation:read")


@pytest.fixture
def two(customs: Program) -> tuple[Program, Program]:
    """Programs of two licensing officers."""
    return (
        official("licensing-officer", scopes=SCOPES, name="first"),
        official("licensing-officer", scopes=SCOPES, name="second"),
    )


def proposal(**changes: Any) -> dict[str, Any]:
    on = clock.today("Asia/Shanghai") + timedelta(days=1)
    return {"deed": "suspended", "on": on.isoformat(), "reason": "No answer.", **changes}


def test_one_officer_s_program_proposes_and_another_s_confirms(two: tuple[Program, Program]) -> None:
    first, second = two
    made = first.post(AT, proposal())
    assert made.status_code == 200, made.content
    assert (made.json()["state"], made.json()["problems"]) == ("proposed", [])
    at = f"{AT}/{made.json()['proposal']}"
    own = first.post(at, {"act": "confirm"})
    assert (own.status_code, "another officer" in own.json()["detail"]) == (409, True)
    done = second.post(at, {"act": "confirm"})
    assert (done.status_code, done.json()["state"]) == (200, "done")
    assert second.get("/licences/L1").json()["acts"][0]["deed"] == "suspended"
    assert [one["state"] for one in second.get(AT).json()["rows"]] == ["done"]
    assert second.post(at, {"act": "confirm"}).status_code == 409
    assert Notice.objects.filter(organisation="MINE", kind="licence-act").count() == 1
    assert AuditRecord.objects.filter(what="licence.confirmed", organisation="MINE").count() == 1


def test_it_is_refused_with_a_reason_and_what_cannot_be_is_422(two: tuple[Program, Program]) -> None:
    first, second = two
    resumed = first.post(AT, proposal(deed="resumed"))
    assert (resumed.status_code, resumed.json()["errors"][0]["code"]) == (422, "grant.stands-otherwise")
    at = f"{AT}/{first.post(AT, proposal()).json()['proposal']}"
    assert first.post(AT, proposal(deed="revoked")).status_code == 409, "one waits already"
    assert second.post(at, {"act": "refuse"}).status_code == 409
    ended = second.post(at, {"act": "refuse", "answer": "Hear them."}).json()
    assert (ended["state"], ended["answer"]) == ("refused", "Hear them.")
    assert first.post(AT, proposal(deed="burnt")).status_code == 400
    assert first.post(AT, proposal(on="2020-01-01")).status_code == 409
    assert second.post(f"{AT}/LP-0", {"act": "confirm"}).status_code == 404


def test_neither_a_firm_nor_customs_nor_another_scope_reads_or_decides(
    counter: Office, customs: Program, two: tuple[Program, Program]
) -> None:
    at = f"{AT}/{two[0].post(AT, proposal()).json()['proposal']}"
    firm = counter.program("MINE", "balances:read", "applications:write")
    applications = official("licensing-officer", scopes=("applications:decide",), name="third")
    for program in (firm, customs, applications):
        assert program.post(AT, proposal()).status_code == 403
        assert program.post(at, {"act": "confirm"}).status_code == 403
    assert firm.get(AT).status_code == 403
    assert firm.get("/licences/L1").json()["acts"] == []
    assert two[1].get("/licences/L1").json()["state"] == "granted"
