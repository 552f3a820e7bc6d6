"""Licences as entries of the log: granted once, acted upon with reasons, and never rewritten."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from tests.desk import LAW, Desk
from tests.licences import change_holder, licence_from, resume_licence, suspend_licence

from lodeline.control.declaration import read_fields
from lodeline.control.licences.licence import read_licences
from lodeline.ledger.licence import Licence
from lodeline.service.licences import licences as service
from lodeline.service.licences.drawn import with_draws
from lodeline.service.licences.licences import Decided

NOW = datetime(2025, 6, 1, 4, tzinfo=UTC)
GRANT: dict[str, Any] = {
    "id": "L1", "kind": "individual", "exporter": "MAG", "end_users": ["Drives GmbH"], "control_items": ["1C905.a.4"],
    "mass_mg": 500_000_000, "elements": "Dy=20", "destination": "DE", "valid_from": date(2025, 6, 1),
    "valid_to": date(2026, 5, 31),
}  # fmt: skip


def grant(desk: Desk, **changed: Any) -> Decided:
    licence = licence_from(GRANT | changed)
    return service.grant_licence(store=desk.store, licence=licence, law=LAW, filed_at=NOW, by="officer")


def standing(desk: Desk) -> Licence:
    return desk.store.register(desk.store.head()).licences["L1"]


def test_a_grant_is_one_entry_and_the_register_has_it(desk: Desk) -> None:
    before = desk.store.head().size
    first = grant(desk)
    assert first.entry is not None and first.entry.kind == "register" and first.problems == ()
    again = grant(desk)
    assert (again.entry, again.repeated, again.accepted) == (None, True, True)
    assert desk.store.head().size == before + 1
    assert standing(desk).granted_mg == {"": 500_000_000, "Dy": 20_000_000}


def test_terms_that_stand_are_not_rewritten(desk: Desk) -> None:
    grant(desk)
    other = grant(desk, mass_mg=900_000_000)
    assert [one.code for one in other.problems] == ["grant.exists-with-other-terms"]
    assert standing(desk).mass_mg == 500_000_000


def test_a_grant_that_contradicts_itself_leaves_no_trace(desk: Desk) -> None:
    before = desk.store.head().size
    refused = grant(desk, mass_mg=0, valid_to=date(2027, 1, 1), elements=None)
    assert [one.code for one in refused.problems] == ["grant.mass-not-positive", "grant.term-too-long"]
    assert not refused.accepted
    assert desk.store.head().size == before


def test_acts_follow_each_other_with_reasons(desk: Desk) -> None:
    grant(desk)
    common: dict[str, Any] = {"store": desk.store, "licence": "L1", "filed_at": NOW, "by": "officer"}
    assert suspend_licence(**common, on=date(2025, 7, 1), reason="inspection").entry
    assert suspend_licence(**common, on=date(2025, 7, 1), reason="inspection").repeated
    assert resume_licence(**common, on=date(2025, 8, 1), reason="in order").entry
    assert change_holder(**common, on=date(2025, 9, 1), holder="TRADE", reason="merged").entry
    assert service.revoke_licence(**common, on=date(2025, 10, 1), reason="end use not shown").entry
    found = standing(desk)
    days = [date(2025, 7, 15), date(2025, 8, 15), date(2025, 10, 1)]
    assert [found.standing(day) for day in days] == ["suspended", "granted", "revoked"]
    assert [found.holder(day) for day in (date(2025, 8, 31), date(2025, 9, 1))] == ["MAG", "TRADE"]


def test_an_act_that_cannot_be_says_why(desk: Desk) -> None:
    grant(desk)
    common: dict[str, Any] = {"store": desk.store, "filed_at": NOW}
    july = date(2025, 7, 1)

    def codes(decided: Decided) -> list[str]:
        assert not decided.accepted
        return [one.code for one in decided.problems]

    assert codes(resume_licence(**common, licence="L1", on=july, reason="x")) == ["grant.stands-otherwise"]
    assert codes(service.revoke_licence(**common, licence="L1", on=july, reason=" ")) == ["grant.reason-missing"]
    assert codes(service.revoke_licence(**common, licence="L9", on=july, reason="x")) == ["grant.unknown"]
    nobody = change_holder(**common, licence="L1", on=july, reason="x", holder="NOBODY")
    assert codes(nobody) == ["grant.holder-unknown"]
    assert service.revoke_licence(**common, licence="L1", on=july, reason="x").accepted
    late = suspend_licence(**common, licence="L1", on=date(2025, 8, 1), reason="x")
    assert codes(late) == ["grant.stands-otherwise"]


def test_papers_filed_with_a_licence_are_of_its_records_and_change_nothing_else(desk: Desk) -> None:
    grant(desk)
    common: dict[str, Any] = {"store": desk.store, "licence": "L1", "filed_at": NOW}
    assert service.file_papers(**common, papers=["written-promise", "risk-report"], on=date(2025, 8, 1)).entry
    # An act of an earlier day is still possible: papers are no standing.
    assert suspend_licence(**common, on=date(2025, 7, 1), reason="inspection").entry
    found = standing(desk)
    assert found.papers == {"risk-report", "written-promise"}
    assert found.standing(date(2025, 8, 2)) == "suspended"
    declaration = read_fields({"line": "1", "product_name": "x", "hs_code": "8505111000", "licence": "L1"})
    left = with_draws(desk.store, desk.store.register(desk.store.head()), LAW, declaration, date(2025, 8, 2))
    assert read_licences(left)["L1"].papers == {"risk-report", "written-promise"}
    assert service.revoke_licence(**common, on=date(2025, 9, 1), reason="x").entry
    late = service.file_papers(**common, papers=["risk-report"], on=date(2025, 9, 2))
    assert [one.code for one in late.problems] == ["grant.stands-otherwise"]
