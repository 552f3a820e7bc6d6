"""Parties by program: match, queue, one party, decide; an organisation sees its own counterparties alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.api.conftest import Office
from tests.api.test_access import code
from tests.desk import Desk
from tests.web.books import file_books
from tests.web.test_parties import ROWS

from lodeline.service.parties.parties import unsettled
from lodeline.store.opening import open_store
from lodeline.store.snapshot_opening import open_snapshot

pytestmark = pytest.mark.medium


@pytest.fixture
def office(serve: Callable[..., Office], tmp_path: Path) -> Office:
    """Books in which MINE ships to three names that nobody knows, and SEP to none."""
    url = file_books(tmp_path / "books.sqlite3")
    Desk(open_store(url)).accept("MINE", "2025-04", ROWS)
    return serve(url)


def test_the_authority_matches_decides_and_takes_back(office: Office) -> None:
    waiting = unsettled(open_snapshot(office.store))
    assert waiting.height, "the small world has names that are no party"
    name, by = waiting["name"][0], waiting["by"][0][0]
    program = office.program("")
    found = program.get("/parties/queue?most=1").json()
    assert "names" in found, found
    assert (found["waiting"], found["names"][0]["name"]) == (waiting.height, name)
    assert "candidates" in found["names"][0]
    decision = {"name": name, "verdict": "new", "reason": "seen in the contract", "country": "de"}
    decided = program.post("/parties/decisions", decision)
    assert decided.status_code == 200, decided.json()
    party = decided.json()["party"]
    shown = program.get(f"/parties/{party}").json()
    assert shown["names"] == [name] and shown["seen"][0]["by"] == by
    assert program.get("/parties/queue").json()["waiting"] == waiting.height - 1
    match = program.client.get(
        "/api/v1/parties/match", {"name": name}, headers={"Authorization": f"Bearer {program.token}"}
    )  # fmt: skip
    assert match.json()["verdict"] == "known"
    again = program.post("/parties/decisions", {**decision, "verdict": "open"})
    assert again.json()["party"] is None
    assert program.get("/parties/queue").json()["waiting"] == waiting.height


def test_what_cannot_be_decided_is_a_problem_and_leaves_no_entry(office: Office) -> None:
    program, size = office.program(""), office.store.head().size
    wrong = program.post("/parties/decisions", {"name": "X", "verdict": "same", "party": "NOBODY", "reason": "r"})
    assert code(wrong) == "not-possible"
    assert program.post("/parties/decisions", {"name": "X", "verdict": "merge", "reason": "r"}).status_code == 400
    assert program.get("/parties/NOBODY").status_code == 404
    assert office.store.head().size == size


def test_an_organisation_sees_its_own_names_and_nothing_of_whom_they_may_be(office: Office) -> None:
    waiting = unsettled(open_snapshot(office.store))
    assert waiting["by"].to_list() == [["MINE"]] * 3
    program = office.program("MINE")
    found = program.get("/parties/queue?most=100").json()
    assert len(found["names"]) == 3
    assert all(one.get("candidates") is None for one in found["names"])
    assert office.program("SEP").get("/parties/queue").json()["names"] == []
    assert program.get("/parties/match?name=x").status_code == 403
    assert program.get("/parties/X").status_code == 403
