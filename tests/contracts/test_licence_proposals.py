"""What one officer proposes about a licence another decides: in the log, once, and the desk goes by it on its days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from tests.contracts.test_desk_reservations import declared, licensed
from tests.contracts.test_draws import DAY
from tests.contracts.test_races import at_once
from tests.desk import LAW, Desk

from lodeline.control.rulebook import LawDay
from lodeline.ledger.licence import Licence
from lodeline.service.customs.desk import Ledger
from lodeline.service.customs.release import judge
from lodeline.service.licences import proposals as service
from lodeline.service.licences.licences import revoke_licence
from lodeline.service.licences.proposals import LicenceProposalError, ProposalAnswer
from lodeline.service.log.audit import verify
from lodeline.store.snapshot_opening import open_snapshot

__all__ = ["licensed"]  # the fixture: L1 is MAG's general licence over 100 kg of magnets

pytestmark = pytest.mark.medium
NOW = datetime(2025, 6, 10, 4, tzinfo=UTC)


def propose(desk: Desk, deed: str, *, by: str = "first", on: date = DAY, **more: Any) -> ProposalAnswer:
    return service.propose(
        desk.store, "L1", deed, on=on, reason="The end use could not be seen.", today=DAY, filed_at=NOW, by=by, **more
    )  # fmt: skip


def confirm(desk: Desk, made: ProposalAnswer, *, by: str = "second", today: date = DAY) -> ProposalAnswer:
    assert made.proposal is not None
    return service.confirm(desk.store, made.proposal.id, today=today, filed_at=NOW, by=by)


def refuse(desk: Desk, made: ProposalAnswer, *, by: str = "second", answer: str = "Hear them first.") -> ProposalAnswer:
    assert made.proposal is not None
    return service.refuse(desk.store, made.proposal.id, answer=answer, filed_at=NOW, by=by)


def standing(desk: Desk) -> Licence:
    return desk.store.register(desk.store.head()).licences["L1"]


def verdict(desk: Desk, day: date, exporter: str = "MAG") -> tuple[str, set[str]]:
    """What the desk says on a day of 10 kg on the licence, and the codes of the law of licences among its reasons."""
    found = judge(
        declared({"1": 10}, on=day.isoformat(), exporter=exporter),
        LawDay.of(LAW, day),
        Ledger(snapshot=open_snapshot(desk.store), store=desk.store),
    )
    (line,) = found.document["lines"]
    return line["verdict"], {one["code"] for one in line["reasons"] if one["code"].startswith("licence.")}


def test_a_licence_that_two_officers_suspend_holds_at_the_desk_until_two_resume_it(licensed: Desk) -> None:
    made = propose(licensed, "suspended", on=DAY + timedelta(days=2))
    assert verdict(licensed, DAY + timedelta(days=2))[0] == "release", "a proposal stops nothing"
    assert confirm(licensed, made).proposal == service.proposals(licensed.store.newest_register())[0]
    assert verdict(licensed, DAY + timedelta(days=1))[0] == "release"
    assert verdict(licensed, DAY + timedelta(days=2)) == ("hold", {"licence.suspended"})
    again = propose(licensed, "resumed", on=DAY + timedelta(days=5), by="second")
    confirm(licensed, again, by="first")
    assert verdict(licensed, DAY + timedelta(days=4)) == ("hold", {"licence.suspended"})
    assert verdict(licensed, DAY + timedelta(days=5))[0] == "release"
    assert verify(licensed.store).faults == ()


def test_a_revoked_licence_holds_for_good(licensed: Desk) -> None:
    confirm(licensed, propose(licensed, "revoked", on=DAY + timedelta(days=1)))
    assert verdict(licensed, DAY)[0] == "release"
    assert verdict(licensed, DAY + timedelta(days=1))[0] == "hold"
    assert [one.code for one in propose(licensed, "resumed", on=DAY + timedelta(days=1)).problems] == [
        "grant.stands-otherwise"
    ]


def test_a_licence_that_is_handed_over_holds_for_its_former_holder(licensed: Desk) -> None:
    confirm(licensed, propose(licensed, "holder", holder="TRADE"))
    assert standing(licensed).holder(DAY) == "TRADE"
    assert verdict(licensed, DAY) == ("hold", {"licence.exporter"})
    assert [one.code for one in propose(licensed, "holder", holder="NOBODY").problems] == ["grant.holder-unknown"]


def test_who_proposed_does_not_confirm_and_may_take_it_back(licensed: Desk) -> None:
    made = propose(licensed, "revoked")
    size = licensed.store.head().size
    with pytest.raises(LicenceProposalError, match="another officer confirms"):
        confirm(licensed, made, by="first")
    assert licensed.store.head().size == size and standing(licensed).acts == ()
    assert refuse(licensed, made, by="first").proposal.state == "withdrawn"  # type: ignore[union-attr]
    with pytest.raises(LicenceProposalError, match="decided already"):
        confirm(licensed, made)
    assert verdict(licensed, DAY)[0] == "release"


def test_a_refusal_gives_its_reason_and_changes_nothing(licensed: Desk) -> None:
    made = propose(licensed, "suspended")
    with pytest.raises(LicenceProposalError, match="Say why"):
        refuse(licensed, made, answer="  ")
    ended = refuse(licensed, made).proposal
    assert ended is not None and (ended.state, ended.answer) == ("refused", "Hear them first.")
    assert standing(licensed).acts == ()
    assert confirm(licensed, propose(licensed, "suspended")).entry, "it may be proposed again"


def test_no_decision_reaches_back(licensed: Desk) -> None:
    with pytest.raises(LicenceProposalError, match="has passed"):
        propose(licensed, "suspended", on=DAY - timedelta(days=1))
    late = confirm(licensed, propose(licensed, "suspended"), today=DAY + timedelta(days=3))
    assert late.proposal is not None and late.proposal.on == DAY + timedelta(days=3)
    assert standing(licensed).standing(DAY + timedelta(days=2)) == "granted"
    assert standing(licensed).standing(DAY + timedelta(days=3)) == "suspended"


def test_what_stands_otherwise_by_now_is_not_confirmed_and_waits(licensed: Desk) -> None:
    made = propose(licensed, "suspended")

    assert revoke_licence(store=licensed.store, licence="L1", on=DAY, reason="amended", filed_at=NOW).entry
    size = licensed.store.head().size
    assert [one.code for one in confirm(licensed, made).problems] == ["grant.stands-otherwise"]
    assert licensed.store.head().size == size
    assert service.waiting(licensed.store.newest_register())["L1"].deed == "suspended"


def test_the_same_on_one_day_for_one_reason_is_as_many_acts(licensed: Desk) -> None:
    for deed in ("suspended", "resumed", "suspended"):
        assert confirm(licensed, propose(licensed, deed)).entry
    assert [act.deed for act in standing(licensed).acts] == ["suspended", "resumed", "suspended"]
    assert standing(licensed).standing(DAY) == "suspended"


def test_of_eight_proposals_at_once_one_waits(licensed: Desk) -> None:
    def attempt(desk: Desk, number: int) -> str:
        try:
            return "made" if propose(desk, "suspended", by=f"officer {number}").entry else "problem"
        except LicenceProposalError:
            return "refused"

    tasks = [lambda desk, n=number: attempt(desk, n) for number in range(8)]
    outcomes = at_once(licensed.store.database.url, tasks)
    assert (outcomes.count("made"), outcomes.count("refused")) == (1, 7)


def test_of_confirmations_and_refusals_at_once_one_counts(licensed: Desk) -> None:
    made = propose(licensed, "revoked")

    def attempt(desk: Desk, number: int) -> str:
        verb = confirm if number % 2 else refuse
        try:
            found = verb(desk, made, by=f"officer {number}")
        except LicenceProposalError:
            return "slower"
        assert found.proposal is not None
        return found.proposal.state

    tasks = [lambda desk, n=number: attempt(desk, n) for number in range(8)]
    outcomes = at_once(licensed.store.database.url, tasks)
    assert outcomes.count("slower") == 7
    licensed.store.forget_register()
    acts = standing(licensed).acts
    assert len(acts) == outcomes.count("done"), outcomes
    assert verify(licensed.store).faults == ()
