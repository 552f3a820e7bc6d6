"""Many lines of a declaration decided at once: all of what was chosen, or nothing, with the line that refuses."""

from __future__ import annotations

import pytest
from tests.office.conftest import NOW
from tests.office.test_customs_cases import FILER, FIRM, LAW, LINE, OFFICER, TODAY

from lodeline.control.declaration import Declaration, read_fields
from lodeline.control.rulebook import LawDay
from lodeline.office.access.actor import NotAllowedError
from lodeline.office.customs import desk
from lodeline.office.customs.history import exporter_history
from lodeline.office.customs.many import Decided, decide_lines
from lodeline.office.findings.states import CaseError
from lodeline.office.models import CustomsCase
from lodeline.service.customs import papers as desk_papers
from lodeline.service.customs.desk import Ledger, answer
from lodeline.service.customs.papers import DeskError
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store

#: A line that may leave, one with a question, one that is held.
FREE = {
    "composition": "Nd=24.1;Pr=6.02;Fe=67.5;B=0.98",
    "assay_composition": "Nd=24;Pr=6;Fe=69;B=1",
    "models_in_lot": "1",
}
OPEN: dict[str, str] = {}
HELD = {"composition": "Nd=24;Pr=6;Dy=4;Fe=65;B=1", "models_in_lot": "1"}


def asked(store: Store, *changes: dict[str, str]) -> tuple[int, list[dict[str, str]]]:
    """The entry of a question about lines, and the lines of its answer."""
    lines = tuple(
        read_fields(LINE | {"line": str(number)} | change).lines[0] for number, change in enumerate(changes, start=1)
    )
    declaration = Declaration(lines=lines)
    answered = answer(declaration, LawDay.of(LAW, TODAY), Ledger(snapshot=open_snapshot(store), store=store))
    return desk.ask(OFFICER, store, declaration, answered, now=NOW).index, answered["lines"]


def decide(store: Store, entry: int, decisions: dict[str, str], text: str = "Which model?") -> Decided:
    return decide_lines(
        OFFICER, store, entry, decisions, text=text, snapshot=open_snapshot(store), law=LAW, today=TODAY, now=NOW,  # type: ignore[arg-type]
    )  # fmt: skip


def test_held_lines_are_queried_and_another_is_held_at_once(store: Store) -> None:
    entry, lines = asked(store, OPEN, HELD, HELD | {"mass_kg": "300"})
    assert [one["verdict"] for one in lines] == ["query", "hold", "hold"]
    found = decide(store, entry, {lines[0]["id"]: "hold", lines[1]["id"]: "query", lines[2]["id"]: "query"})
    assert (found.held, found.queried, found.released) == (1, 2, 0)
    assert CustomsCase.objects.filter(organisation=FIRM, state="asked").count() == 2
    state = desk_papers.standing(store, desk_papers.question(store, entry))
    assert state.overrides[lines[0]["id"]].verdict == "hold"
    assert found.last == store.head().size - 1


def test_what_one_line_refuses_leaves_all_as_they_were(store: Store) -> None:
    entry, lines = asked(store, OPEN, HELD)
    decide(store, entry, {lines[1]["id"]: "query"})
    head, cases = store.head().size, CustomsCase.objects.count()
    with pytest.raises(CaseError, match="Line 2: "):
        decide(store, entry, {lines[0]["id"]: "query", lines[1]["id"]: "query"})
    assert (store.head().size, CustomsCase.objects.count()) == (head, cases)


@pytest.mark.parametrize("text", ["", "x" * 100_000])
def test_a_query_without_words_or_with_too_many_is_none(store: Store, text: str) -> None:
    entry, lines = asked(store, HELD)
    with pytest.raises((CaseError, DeskError)):
        decide(store, entry, {lines[0]["id"]: "query"}, text)
    assert not CustomsCase.objects.exists()


def test_nothing_chosen_and_a_line_of_another_question_are_said(store: Store) -> None:
    entry, _ = asked(store, HELD)
    with pytest.raises(DeskError):
        decide(store, entry, {})
    with pytest.raises(DeskError):
        decide(store, entry, {"no-such-verdict": "query"})


def test_only_customs_officers_decide(store: Store) -> None:
    entry, lines = asked(store, HELD)
    with pytest.raises(NotAllowedError):
        decide_lines(
            FILER, store, entry, {lines[0]["id"]: "query"}, text="?", snapshot=open_snapshot(store), law=LAW,
            today=TODAY, now=NOW,
        )  # fmt: skip


def test_history_counts_what_was_before_and_not_the_question_itself(store: Store) -> None:
    first, lines = asked(store, HELD, OPEN)
    decide(store, first, {lines[0]["id"]: "query"})
    second, _ = asked(store, HELD | {"mass_kg": "5"})
    found = exporter_history(OFFICER, store, FIRM, before=second)
    assert (found.questions, dict(found.lines), found.held_in) == (1, {"hold": 1, "query": 1}, (first,))
    assert found.queries["open"] == 1
    assert exporter_history(OFFICER, store, FIRM, before=first).questions == 0
    with pytest.raises(NotAllowedError):
        exporter_history(FILER, store, FIRM, before=second)
