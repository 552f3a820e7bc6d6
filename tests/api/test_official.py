"""What the authority enters by program: who may, what is refused, and what the firm reads of it."""

from __future__ import annotations

from datetime import date

import pytest
from tests.api.conftest import Office, Program

from lodeline.office.access import clock
from lodeline.office.access.actor import actor_of
from lodeline.office.accounts.tokens import issue
from lodeline.office.models import Membership, Notice, User

pytestmark = pytest.mark.medium

COUNT = {"act": "count", "site": "mine", "on": "2025-04-10", "rows": [{"lot": "ORE", "mass_kg": "12"}], "note": "seen"}
CLOSURE = {"kind": "closure", "organisation": "MAG", "site": "mag", "on": "2025-06-01", "reason": "Decision 1"}


def inspector() -> str:
    """A token of an official who registers and inspects."""
    user = User.objects.create_user("both@authority.example", name="Both", joined_at=clock.now())
    for role in ("registrar", "inspector"):
        Membership.objects.create(
            user=user, organisation="", role=role, valid_from=date(2020, 1, 1), granted_at=clock.now()
        )
    actor = actor_of(user, on=clock.today("Asia/Shanghai"))
    scopes = ("nation:read", "inspections:write", "register:write")
    return issue(actor, "", name="both", scopes=scopes, days=30, now=clock.now())[1]


def test_an_inspection_is_entered_read_by_the_firm_and_by_nobody_else(counter: Office) -> None:
    official = Program(token=inspector())
    made = official.post("/inspections", COUNT, Idempotency_Key="k1")
    assert made.status_code == 201, made.content
    entry = made.json()["entry"]
    assert official.post("/inspections", COUNT, Idempotency_Key="k1").json()["entry"] == entry, "sent twice, done once"
    mine = counter.program("MINE", "balances:read")
    (row,) = mine.get("/inspections").json()["rows"]
    assert (row["entry"], row["site"], row["mass_kg"], row["lots"]) == (entry, "mine", "12", 1)
    whole = mine.get(f"/inspections/{entry}").json()
    assert whole["rows"][0]["lot"] == "MINE/ORE" and whole["receipt"] is not None
    other = counter.program("MAG", "balances:read")
    assert other.get("/inspections").json()["rows"] == [] and other.get(f"/inspections/{entry}").status_code == 404
    assert Notice.objects.get(kind="inspected").organisation == "MINE"


def test_bad_rows_come_back_with_their_places(counter: Office) -> None:
    official = Program(token=inspector())
    refused = official.post("/inspections", {**COUNT, "rows": [{"lot": "ORE", "mass_kg": "much"}]})
    assert refused.status_code == 422 and refused.json()["errors"][0]["where"]["column"] == "mass_kg"
    assert official.post("/inspections", {**COUNT, "on": "2030-01-01"}).status_code == 422
    assert official.post("/inspections", {**COUNT, "site": "nowhere"}).status_code == 404
    assert official.get("/inspections").json()["rows"] == []


def test_a_closure_is_entered_and_a_wrong_one_says_why(counter: Office) -> None:
    official = Program(token=inspector())
    wrong = official.post("/successions", {**CLOSURE, "site": "mine"})
    assert wrong.status_code == 422 and "Choose a site that it holds." in wrong.json()["detail"]
    made = official.post("/successions", CLOSURE)
    assert made.status_code == 201 and made.json()["kind"] == "closure"
    (row,) = counter.program("MAG", "balances:read").get("/successions").json()["rows"]
    assert (row["site"], row["on"]) == ("mag", "2025-06-01")
    assert counter.program("MINE", "balances:read").get("/successions").json()["rows"] == []


@pytest.mark.parametrize(("path", "body"), [("/inspections", COUNT), ("/successions", CLOSURE)])
def test_nobody_enters_without_the_scope(counter: Office, path: str, body: dict[str, object]) -> None:
    size = counter.entries
    for program in (counter.program("MINE"), counter.program("", "nation:read", role="registrar")):
        assert program.post(path, body).status_code == 403
    assert counter.entries == size
