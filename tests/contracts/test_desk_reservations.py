"""A declaration that is amended or withdrawn gives back what it held; what customs saw leave is neither."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from tests.contracts.test_draws import DAY, KG, MADE, account, goods, grant, leave, said
from tests.contracts.test_races import at_once
from tests.desk import LAW, Desk

from lodeline.control.declaration import Declaration, Line, read_fields
from lodeline.control.rulebook import LawDay
from lodeline.service.customs import papers as desk_papers
from lodeline.service.customs.desk import Ledger
from lodeline.service.customs.papers import DeskError, Question
from lodeline.service.customs.release import judge, judge_again, release_kept
from lodeline.service.entries import papers
from lodeline.service.licences.draws import void
from lodeline.service.licences.exits import Exit, confirm_exits
from lodeline.store.snapshot_opening import open_snapshot

NOW = datetime(2025, 6, 10, 4, tzinfo=UTC)
MAGNETS = {
    "declaration": "D1", "on": "2025-06-10", "exporter": "MAG", "product_name": "NdFeB magnets",
    "hs_code": "8505111000", "composition": "Nd=28;Pr=2;Dy=2;Fe=66;B=1", "licence": "L1",
    "end_user_name": "Motors GmbH", "destination": "DE",
}  # fmt: skip


@pytest.fixture
def licensed(own: Desk) -> Desk:
    """L1 is MAG's general licence over 100 kg of magnets with at most 4 kg of dysprosium."""
    grant(own, "L1", mass_mg=100 * KG, elements="Dy=4")
    own.rows("MAG", "2025-06", MADE.format(kg=1000))
    return own


def declared(kg_by_line: Mapping[str, float], **changes: str) -> Declaration:
    lines: list[Line] = []
    for line, kg in kg_by_line.items():
        lines += read_fields(MAGNETS | {"line": line, "mass_kg": f"{kg:g}"} | changes).lines
    return Declaration(lines=tuple(lines))


def asked(
    desk: Desk, kg_by_line: Mapping[str, float], *, reserve: bool = True, amends: int | None = None, asker: str = "",
    **changes: str,
) -> Question:  # fmt: skip
    """Puts the question and keeps it, as `declare --log --reserve` does."""
    judged = judge(
        declared(kg_by_line, **changes),
        LawDay.of(LAW, DAY),
        Ledger(snapshot=open_snapshot(desk.store), store=desk.store, asker=asker or None),
        amends=amends,
    )
    promise = None if asker else judged.promise(desk.store, filed_at=NOW, by="customs", always=reserve)
    entry = desk_papers.put_question(
        desk.store, judged.declaration, judged.document, by="customs", channel="pre-check" if asker else "desk",
        filed_at=NOW, asker=asker, amends=amends, promise=promise,
    )  # fmt: skip
    return desk_papers.question(desk.store, entry.index)


def withdraw(desk: Desk, question: Question) -> Any:
    return desk_papers.withdraw(desk.store, question, reason="not sold", by="customs", filed_at=NOW)


def test_what_is_withdrawn_holds_nothing_any_more_and_says_what_it_gave_back(licensed: Desk) -> None:
    question = asked(licensed, {"1": 60, "2": 30})
    assert goods(licensed) == (90, 0, 10, 0)
    before = licensed.store.head().size
    paper = papers.paper_of(licensed.store, withdraw(licensed, question))
    assert goods(licensed) == (0, 0, 100, 0)
    # One entry takes both lines back, the next is the withdrawal.
    assert licensed.store.head().size == before + 2
    reserved = [line["reservation"]["reservation"] for line in question.lines]
    assert str(reserved).replace(" ", "").encode() in paper
    assert [line["verdict"] for line in asked(licensed, {"1": 100}, declaration="D2").lines] == ["release"]


def test_an_amendment_is_promised_anew_of_what_it_gave_back(licensed: Desk) -> None:
    first = asked(licensed, {"1": 60, "2": 30})
    # Only together with what the first holds are 95 kg left; they are asked for on a line that it did not have.
    second = asked(licensed, {"3": 95}, amends=first.entry.index)
    assert [line["verdict"] for line in second.lines] == ["release"]
    assert goods(licensed) == (95, 0, 5, 0)
    third = asked(licensed, {"3": 20}, amends=second.entry.index, reserve=False)
    assert third.lines[0]["reservation"]["mass_kg"] == "20"
    assert goods(licensed) == (20, 0, 80, 0)


def test_an_amendment_that_is_held_gives_back_and_reserves_nothing(licensed: Desk) -> None:
    first = asked(licensed, {"1": 60})
    second = asked(licensed, {"1": 60}, amends=first.entry.index, licence="")
    assert second.lines[0]["verdict"] == "hold"
    assert goods(licensed) == (0, 0, 100, 0)
    with pytest.raises(DeskError):
        withdraw(licensed, first)


def test_what_customs_saw_leave_is_neither_withdrawn_nor_amended(licensed: Desk) -> None:
    question = asked(licensed, {"1": 60, "2": 30})
    leave(licensed, "1", 20, "E1")
    for attempt in (
        lambda: withdraw(licensed, question),
        lambda: asked(licensed, {"1": 50}, amends=question.entry.index),
    ):
        with pytest.raises(DeskError, match=r"20 kg left under line 1 \(E1\).*Close the line") as refused:
            attempt()
        assert "结清" in refused.value.zh
    assert goods(licensed) == (70, 20, 10, 0)
    assert desk_papers.standing(licensed.store, question).is_in_place


def test_an_exit_after_the_withdrawal_is_refused_or_booked_with_a_flag(licensed: Desk) -> None:
    withdraw(licensed, asked(licensed, {"1": 60}))
    assert said(leave(licensed, "1", 20, "E1")) == ["exit.taken-back"]
    assert goods(licensed) == (0, 0, 100, 0)
    gone = leave(licensed, "1", 20, "E1", licence="L1", organisation="MAG")
    assert said(gone) == ["exit.after-taken-back"]
    assert goods(licensed) == (0, 20, 80, 0)
    assert said(leave(licensed, "1", 20, "E1", licence="L1", organisation="MAG")) == []


def test_what_an_exporter_asks_beforehand_touches_no_reservation(licensed: Desk) -> None:
    at_customs = asked(licensed, {"1": 60})
    own = asked(licensed, {"1": 60}, asker="MAG")
    withdraw(licensed, own)
    assert goods(licensed) == (60, 0, 40, 0)
    with pytest.raises(DeskError):
        asked(licensed, {"1": 10}, asker="MAG", amends=at_customs.entry.index)
    assert goods(licensed) == (60, 0, 40, 0)


def test_lines_of_another_exporter_under_the_same_number_keep_what_they_hold(licensed: Desk) -> None:
    asked(licensed, {"1": 60})
    stranger = asked(licensed, {"1": 60}, exporter="TRADE", licence="")
    withdraw(licensed, stranger)
    assert goods(licensed) == (60, 0, 40, 0)


@pytest.mark.medium
def test_withdrawal_and_exit_at_once_end_in_one_of_two_ways(licensed: Desk) -> None:
    gone = 0
    for turn in range(6):
        declaration = f"D{turn}"
        question = asked(licensed, {"1": 10}, declaration=declaration)

        withdrawn, left = at_once(
            licensed.store.database.url, [partial(taken_back, question), partial(confirmed, declaration)]
        )
        assert withdrawn != left
        assert (desk_papers.standing(licensed.store, question).withdrawn is not None) == withdrawn
        gone += left
    found = account(licensed).account.balance("", DAY)
    assert (found.reserved, found.used, found.left) == (0, gone * 10 * KG, (10 - gone) * 10 * KG)


def taken_back(question: Question, desk: Desk) -> bool:
    try:
        withdraw(desk, question)
    except DeskError:
        return False
    return True


def confirmed(declaration: str, desk: Desk) -> bool:
    one = Exit(declaration=declaration, line="1", mass_mg=10 * KG, reference=f"E-{declaration}", closes=True)
    return confirm_exits(store=desk.store, exits=[one], law=LAW, on=DAY, filed_at=NOW)[0].draw is not None


@pytest.mark.medium
def test_whatever_happens_to_declarations_the_licence_closes(licensed: Desk) -> None:
    """A random walk: what is reserved is what the declarations in place hold and what has not left of it."""
    dice = random.Random(20261127)
    in_place: dict[str, Question] = {}
    for turn in range(60):
        declaration = f"D{dice.randint(1, 3)}"
        lines = {str(dice.randint(1, 3)): dice.randint(1, 40) for _ in range(2)}
        act = dice.choice(("ask", "amend", "amend", "withdraw", "exit", "void"))
        before = in_place.get(declaration)
        try:
            if act == "ask" and before is None:
                in_place[declaration] = asked(licensed, lines, declaration=declaration)
            elif act == "amend" and before is not None:
                in_place[declaration] = asked(licensed, lines, declaration=declaration, amends=before.entry.index)
            elif act == "withdraw" and before is not None:
                withdraw(licensed, before)
                del in_place[declaration]
            elif act == "exit" and turn > 20:
                leave(licensed, "1", dice.randint(1, 5), f"E{turn}", declaration=declaration)
            elif act == "void":
                void(
                    store=licensed.store, declaration=declaration, line="2", reason="x", on=DAY, filed_at=NOW
                )  # fmt: skip
        except DeskError as error:
            assert "left under line" in error.en
        licence = account(licensed).account
        for name in ("", "Dy"):
            one = licence.balance(name, DAY)
            assert one.granted + one.overdrawn == one.reserved + one.used + one.left
        promised = {
            (line["reservation"] or {}).get("reservation")
            for question in in_place.values() for line in question.lines
        }  # fmt: skip
        standing = {one.reserved.number for one in licence.positions if one.reserved and one.state == "open"}
        assert standing <= promised, f"turn {turn}: something stands that no declaration in place holds"


def test_a_line_that_names_its_exporter_in_words_gives_back_too(licensed: Desk) -> None:
    named: dict[str, Any] = {"exporter": "", "exporter_name": "mag ltd"}
    first = asked(licensed, {"1": 60}, **named)
    assert goods(licensed) == (60, 0, 40, 0)
    second = asked(licensed, {"1": 95}, amends=first.entry.index, **named)
    assert [line["verdict"] for line in second.lines] == ["release"] and goods(licensed) == (95, 0, 5, 0)
    withdraw(licensed, second)
    assert goods(licensed) == (0, 0, 100, 0)


def release(desk: Desk, question: Question, **options: Any) -> Mapping[str, Any]:
    """Releases what was asked without a reservation, as the officer's page does; what the question then says."""
    again = judge_again(store=desk.store, snapshot=open_snapshot(desk.store), asked=question, law=LAW, today=DAY)
    release_kept(store=desk.store, asked=question, judged=again, filed_at=NOW, by="customs", **options)
    told = desk_papers.standing(desk.store, question).releases
    return {one["line"]: one for one in told.values()}


def test_a_first_release_reserves_in_the_same_transaction_and_once(licensed: Desk) -> None:
    question = asked(licensed, {"1": 60, "2": 30}, reserve=False)
    assert goods(licensed) == (0, 0, 100, 0)
    told = release(licensed, question)
    assert goods(licensed) == (90, 0, 10, 0)
    assert {line: one["reservation"]["mass_kg"] for line, one in told.items()} == {"1": "60", "2": "30"}
    with pytest.raises(DeskError, match="waits"):
        release(licensed, question)
    withdraw(licensed, question)
    assert goods(licensed) == (0, 0, 100, 0)
    with pytest.raises(DeskError, match="withdrawn"):
        release(licensed, question)


def test_lines_are_released_one_by_one_and_one_that_customs_ask_about_stays(licensed: Desk) -> None:
    question = asked(licensed, {"1": 60, "2": 30}, reserve=False)
    first, second = (line["id"] for line in question.lines)
    assert list(release(licensed, question, only={second})) == ["2"]
    assert goods(licensed) == (30, 0, 70, 0)
    with pytest.raises(DeskError):
        release(licensed, question, besides={first})
    assert set(release(licensed, question)) == {"1", "2"}
    assert goods(licensed) == (90, 0, 10, 0)


def test_what_somebody_else_has_reserved_meanwhile_is_not_released(licensed: Desk) -> None:
    question = asked(licensed, {"1": 60}, reserve=False)
    again = judge_again(
        store=licensed.store, snapshot=open_snapshot(licensed.store), asked=question, law=LAW, today=DAY
    )
    asked(licensed, {"1": 70}, declaration="D2")
    before = licensed.store.head().size
    # Judged before the other was quicker: the head refuses it, with what is left.
    with pytest.raises(DeskError, match="30 kg are left"):
        release_kept(store=licensed.store, asked=question, judged=again, filed_at=NOW, by="customs")
    # Judged after it: the desk holds the line now.
    with pytest.raises(DeskError, match="waits"):
        release(licensed, question)
    assert licensed.store.head().size == before
    assert goods(licensed) == (70, 0, 30, 0)
    assert desk_papers.standing(licensed.store, question).releases == {}


def test_what_was_reserved_when_it_was_asked_does_not_wait_and_what_an_exporter_asked_is_not_released(
    licensed: Desk,
) -> None:
    with pytest.raises(DeskError, match="waits"):
        release(licensed, asked(licensed, {"1": 60}))
    with pytest.raises(DeskError, match="asked beforehand by the exporter"):
        release(licensed, asked(licensed, {"2": 10}, asker="MAG"))
    assert goods(licensed) == (60, 0, 40, 0)


def test_a_line_that_an_officer_released_otherwise_is_reserved_and_a_hold_needs_two(licensed: Desk) -> None:
    question = asked(licensed, {"1": 60}, reserve=False, models_in_lot="16", licence="L9")
    (line,) = question.lines
    assert line["verdict"] == "hold"
    put = desk_papers.override(
        licensed.store, question, verdict_id=line["id"], verdict="release", reason="paper seen", by="one", filed_at=NOW
    )
    with pytest.raises(DeskError, match="waits"):
        release(licensed, question)
    desk_papers.confirm(licensed.store, question, override_entry=put.index, by="two", filed_at=NOW)
    # Two officers may let it go; the register still has no such licence, and nothing can be promised on it.
    with pytest.raises(DeskError, match="L9"):
        release(licensed, question)
    assert goods(licensed) == (0, 0, 100, 0)
