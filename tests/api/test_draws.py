"""What is drawn on licences, by program of customs: exits, reservations taken back, tranches of ports."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from tests.api.conftest import Office, Program
from tests.licences import licence_from

from lodeline.office.access import clock
from lodeline.office.access.actor import actor_of
from lodeline.office.accounts.tokens import issue
from lodeline.office.models import AuditRecord, Membership, User
from lodeline.regulation.parameter import load
from lodeline.service.licences.draws import Wanted, reserve
from lodeline.service.licences.licences import grant_licence

LAW = load("cn")
KG = 1_000_000
LICENCE = {
    "id": "L1", "kind": "general", "exporter": "MINE", "end_users": ["Motors GmbH"], "control_items": ["1C905.a.4"],
    "mass_mg": 100 * KG, "elements": "Dy=4",
}  # fmt: skip


def official(*roles: str, scopes: tuple[str, ...], name: str = "customs") -> Program:
    user = User.objects.create_user(f"{name}@authority.example", name=name, joined_at=clock.now())
    for role in (*roles, "registrar"):
        Membership.objects.create(
            user=user, organisation="", role=role, valid_from=date(2020, 1, 1), granted_at=clock.now()
        )
    actor = actor_of(user, on=clock.today("Asia/Shanghai"))
    return Program(token=issue(actor, "", name=name, scopes=scopes, days=30, now=clock.now())[1])


@pytest.fixture
def customs(counter: Office) -> Program:
    """A program of customs; MINE has 60 of 100 kg reserved for line 1 of D1."""
    today, store = clock.today("Asia/Shanghai"), counter.store
    days = {"valid_from": today - timedelta(days=5), "valid_to": today + timedelta(days=100)}
    granted = grant_licence(store=store, licence=licence_from(LICENCE | days), law=LAW, filed_at=clock.now())
    assert granted.accepted, [one.message("en") for one in granted.problems]
    wanted = Wanted(
        licence="L1", organisation="MINE", declaration="D1", line="1", mass_mg=60 * KG, elements_mg={"Dy": KG}
    )
    (drawn,) = reserve(store=store, wanted=[wanted], law=LAW, on=today, filed_at=clock.now())
    assert drawn.draw is not None
    return official("customs-officer", scopes=("declarations:decide", "nation:read"))


def left(program: Program) -> dict[str, Any]:
    found = program.get("/licences/L1").json()
    return {name: found[name] for name in ("reserved_kg", "used_kg", "left_kg")}


def test_exits_are_confirmed_one_by_one_and_say_what_became_of_each(customs: Program) -> None:
    exits = [
        {"declaration": "D1", "line": "1", "mass_kg": "20.5", "reference": "E1"},
        {"declaration": "D9", "line": "1", "mass_kg": "1", "reference": "E2"},
    ]
    answer = customs.post("/exits", {"exits": exits})
    assert answer.status_code == 200, answer.content
    booked, nowhere = answer.json()["rows"]
    assert (booked["mass_kg"], booked["problems"]) == ("20.5", [])
    assert (nowhere["entry"], [one["code"] for one in nowhere["problems"]]) == (None, ["exit.incomplete"])
    assert left(customs) == {"reserved_kg": "39.5", "used_kg": "20.5", "left_kg": "40"}
    assert customs.post("/exits", {"exits": exits[:1]}).json()["rows"][0]["repeated"]
    last = {"declaration": "D1", "line": "1", "mass_kg": "9.5", "reference": "E3", "closes": True}
    customs.post("/exits", {"exits": [last]})
    assert left(customs) == {"reserved_kg": "0", "used_kg": "30", "left_kg": "70"}
    assert AuditRecord.objects.filter(what="licence.exits").count() == 2


def test_a_wrong_exit_is_corrected_and_both_stay(customs: Program) -> None:
    line = {"declaration": "D1", "line": "1"}
    (wrong,) = customs.post("/exits", {"exits": [line | {"mass_kg": "100000", "reference": "E1"}]}).json()["rows"]
    assert "exit.above-reservation" in [one["code"] for one in wrong["problems"]]
    fix = line | {"mass_kg": "10", "reference": "E2", "corrects": "E1"}
    (bare,) = customs.post("/exits", {"exits": [fix]}).json()["rows"]
    assert (bare["entry"], bare["problems"][0]["code"]) == (None, "exit.incomplete")
    (right,) = customs.post("/exits", {"exits": [fix | {"reason": "typed in grams"}]}).json()["rows"]
    assert (right["mass_kg"], right["problems"]) == ("10", [])
    assert left(customs) == {"reserved_kg": "50", "used_kg": "10", "left_kg": "40"}
    shown = customs.get("/licences/L1").json()
    told = {one["reference"]: one for one in shown["draws"] if one["reference"]}
    assert (told["E1"]["corrected_by"], told["E2"]["corrects"]) == (told["E2"]["number"], told["E1"]["number"])
    assert (told["E2"]["reason"], shown["flagged_exits"]) == ("typed in grams", 0)
    assert AuditRecord.objects.filter(what="licence.exits-corrected").count() == 1


def test_a_reservation_is_taken_back_with_a_reason_and_not_twice_over(customs: Program) -> None:
    void = {"declaration": "D1", "line": "1", "reason": " "}
    refused = customs.post("/reservations/void", void)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "reservation.reason-missing")
    assert customs.post("/reservations/void", void | {"reason": "by sea"}).json()["repeated"] is False
    assert customs.post("/reservations/void", void | {"reason": "by sea"}).json()["repeated"] is True
    assert left(customs) == {"reserved_kg": "0", "used_kg": "0", "left_kg": "100"}
    assert AuditRecord.objects.filter(what="licence.void", organisation="MINE").count() == 1


def test_a_tranche_is_allotted_of_what_is_left_and_taken_back(customs: Program) -> None:
    tranche = {"licence": "L1", "tranche": "T1", "port": "Erenhot", "mass_kg": "41", "elements": {"Dy": "1"}}
    refused = customs.post("/tranches", tranche)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "reservation.exceeds-left")
    assert customs.post("/tranches", tranche | {"mass_kg": "40"}).status_code == 200
    assert left(customs)["left_kg"] == "0"
    back = {"licence": "L1", "tranche": "T1", "reason": "the line is up again"}
    assert customs.post("/tranches/void", back).status_code == 200
    assert left(customs)["left_kg"] == "40"


def test_what_is_no_mass_books_nothing(customs: Program) -> None:
    exits = [{"declaration": "D1", "line": "1", "mass_kg": "much", "reference": "E1"}]
    assert customs.post("/exits", {"exits": exits}).status_code == 400
    assert customs.post("/exits", {"exits": []}).status_code == 400
    assert left(customs)["used_kg"] == "0"


def test_neither_a_firm_nor_another_officer_draws(counter: Office, customs: Program) -> None:
    firm = counter.program("MINE", "balances:read", "declarations:judge")
    void = {"declaration": "D1", "line": "1", "reason": "mine"}
    assert firm.post("/reservations/void", void).status_code == 403
    judging = official("licensing-officer", scopes=("declarations:judge",), name="licensing")
    assert judging.post("/reservations/void", void).status_code == 403
    assert left(customs)["reserved_kg"] == "60"
