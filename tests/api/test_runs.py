"""Planned runs by program: a firm announces and puts off its own, the authority sees all."""

from __future__ import annotations

from tests.api.conftest import Office
from tests.api.test_draws import official

RUN = {"run": "R-7", "kind": "separation", "reo_kg": "120"}


def test_a_run_is_announced_once_listed_and_put_off(counter: Office) -> None:
    firm = counter.program("MINE", "filings:write", "balances:read")
    answer = firm.post("/runs", RUN)
    assert answer.status_code == 200, answer.content
    assert (answer.json()["reo_kg"], answer.json()["repeated"]) == ("120", False)
    assert firm.post("/runs", RUN).json()["repeated"]
    (row,) = firm.get("/runs").json()["rows"]
    assert (row["organisation"], row["run"], row["state"], row["open_kg"]) == ("MINE", "R-7", "awaited", "120")
    assert firm.post("/runs/void", {"run": "R-7", "reason": "the furnace is down"}).status_code == 200
    assert firm.get("/runs").json()["rows"][0]["state"] == "put-off"


def test_an_officer_puts_a_firms_run_off_by_its_reservation(counter: Office) -> None:
    firm = counter.program("MINE", "filings:write", "balances:read")
    firm.post("/runs", RUN)
    officer = official("quota-officer", scopes=("quotas:decide", "nation:read"), name="quota")
    (row,) = officer.get("/runs").json()["rows"]
    at = f"/runs/{row['reservation']}/void"
    assert firm.post(at, {"reason": "ours"}).status_code == 403
    assert officer.post(at, {"reason": ""}).status_code == 422
    answer = officer.post(at, {"reason": "the line was closed by order"})
    assert answer.status_code == 200, answer.content
    assert (answer.json()["organisation"], answer.json()["run"], answer.json()["repeated"]) == ("MINE", "R-7", False)
    assert officer.post(at, {"reason": "once more"}).json()["repeated"]
    assert officer.post("/runs/999999/void", {"reason": "x"}).status_code == 404
    assert officer.post(f"/runs/{'9' * 30}/void", {"reason": "x"}).status_code == 400
    assert firm.get("/runs").json()["rows"][0]["state"] == "put-off"


def test_what_is_no_run_books_nothing(counter: Office) -> None:
    firm = counter.program("MINE", "filings:write", "balances:read")
    firm.post("/runs", RUN)
    head = counter.store.head().size
    other = firm.post("/runs", RUN | {"reo_kg": "90"})
    assert other.status_code == 422 and other.json()["errors"][0]["code"] == "run.exists-with-other-content"
    assert firm.post("/runs", RUN | {"run": "R-8", "reo_kg": "much"}).status_code == 400
    past = firm.post("/runs", RUN | {"run": "R-8", "year": 2019})
    assert past.status_code == 422 and past.json()["errors"][0]["code"] == "run.year"
    assert firm.post("/runs/void", {"run": "R-0", "reason": "x"}).status_code == 422
    assert counter.store.head().size == head


def test_only_who_may_file_announces_and_nobody_sees_another_s(counter: Office) -> None:
    reader = counter.program("MINE", "balances:read")
    assert reader.post("/runs", RUN).status_code == 403
    counter.program("MINE", "filings:write").post("/runs", RUN)
    assert counter.program("SEP", "balances:read").get("/runs").json()["rows"] == []
    assert reader.get("/runs?organisation=SEP").status_code == 403
