"""A standing answer settles the question about a rule that no text tells, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.control.conftest import CLEAN, DYSPROSIUM, TODAY, Desk, Fields, codes, verdict_on
from tests.unit.control.test_permits import FURNACE, STEEL
from tests.unit.control.test_properties import declared

from lodeline.control.reason import VERDICTS, worst
from lodeline.control.standing_answer import StandingAnswer, answer_for, basis_of, is_open
from lodeline.regulation.parameter import Jurisdiction, load

LAW = load("cn")
LIST, EQUIPMENT = "announcement-57-2025/control-list", "announcement-56-2025/equipment-list"
LIMBS = tuple(
    f"announcement-61-2025/{name}" for name in ("re-export-origin", "re-export-value-share", "re-export-technology")
)
US = "announcement-46-2024-2/us-materials"
PARTIES = "announcement-21-2025/listed-parties"
NOTICE = "announcement-61-2025/compliance-notice"
HOLMIUM = CLEAN | {"on": "2026-11-20", "composition": "Nd=30;Ho=1;Dy=0"}


def answer(*rules: str, law: Jurisdiction = LAW, **changes: Any) -> StandingAnswer:
    usual: dict[str, Any] = {
        "entry": 7, "bases": tuple((rule, basis_of(law, rule)) for rule in rules or (LIST,)), "exporter": None,
        "first": date(2026, 11, 11), "last": date(2026, 12, 31), "verdict": "release", "document": "",
        "citation": "letter 7 of the ministry", "by": "officer-1", "confirmed_by": "officer-2",
    }  # fmt: skip
    return StandingAnswer(**usual | changes)


#: Rules → a line that waits for them.
WAITING: dict[tuple[str, ...], Fields] = {
    (LIST,): HOLMIUM,
    (EQUIPMENT,): FURNACE,
    LIMBS: CLEAN | {"on": "2026-11-11", "note": "转口贸易"},
    (US,): STEEL | {"on": "2026-11-28", "product_name": "高纯石墨块", "destination": "US"},
    (PARTIES,): DYSPROSIUM | {"on": "2026-11-20", "end_user_name": "Cubic Corporation", "end_user_country": "US"},
    (NOTICE,): DYSPROSIUM | {"on": "2026-11-20", "destination": ""},
}


@pytest.mark.parametrize("rules", WAITING)
def test_each_reason_that_no_text_tells_names_its_rules_and_is_settled_alone(
    rules: tuple[str, ...], desk: Desk
) -> None:
    asked = desk(WAITING[rules])
    (waiting,) = [one for one in asked.reasons if one.open]
    assert waiting.open == rules
    assert all(is_open(LAW, rule, asked.day, known=TODAY) for rule in rules)
    found = desk(WAITING[rules], answers=[answer(*rules)])
    assert [one for one in found.reasons if one.code != "standing.release"] == [
        one for one in asked.reasons if one is not waiting and not one.open
    ]
    (settled,) = [one for one in found.reasons if one.code == "standing.release"]
    assert settled.facts["settles"] == waiting.code
    assert (settled.law, settled.fields) == (waiting.law, waiting.fields)
    text = settled.text("en")
    assert all(fact in text for fact in ("2026-12-31", "entry 7", "officer-1", "officer-2", "letter 7"))
    assert codes(desk(WAITING[rules], answers=[])) == codes(asked)


def test_a_line_that_waits_for_nothing_else_goes_waits_or_shows_a_document(desk: Desk) -> None:
    assert desk(HOLMIUM).verdict == "query"
    assert desk(HOLMIUM, answers=[answer()]).verdict == "release"
    assert desk(HOLMIUM, answers=[answer(verdict="hold")]).verdict == "hold"
    asked = desk(HOLMIUM, answers=[answer(verdict="query", document="end-use-certificate")])
    (one,) = [one for one in asked.reasons if one.code == "standing.query"]
    assert (asked.verdict, one.documents, one.open) == ("query", ("end-use-certificate",), (LIST,))
    assert one.settle("en") == "Certificate of end user and end use."
    assert one.as_json()["documents"] == ["end-use-certificate"]


@pytest.mark.parametrize(
    "changes",
    [
        {"last": date(2026, 11, 19)}, {"first": date(2026, 11, 21)}, {"exporter": "ANOTHER"},
        {"bases": ((LIST, "of a pack that says more"),)}, {"bases": ((EQUIPMENT, basis_of(LAW, EQUIPMENT)),)},
    ],
)  # fmt: skip
def test_past_its_day_for_another_or_under_another_pack_it_settles_nothing(changes: dict[str, Any], desk: Desk) -> None:
    assert codes(desk(HOLMIUM, answers=[answer(**changes)])) == codes(desk(HOLMIUM))


def test_it_says_nothing_where_the_rule_is_known(desk: Desk) -> None:
    """Before it was suspended the list was in force, and while it is suspended it is not: both are known."""
    october = TODAY.replace(year=2025, month=10, day=20)
    always = answer(first=date(2025, 1, 1))
    for line, known in ((HOLMIUM | {"on": "2025-11-08"}, october), (HOLMIUM | {"on": "2026-03-01"}, TODAY)):
        assert codes(desk(line, known=known, answers=[always])) == codes(desk(line, known=known))


def test_of_two_the_exporter_s_own_counts_and_the_strictest_of_several_alike() -> None:
    own, every = answer(exporter="ACME", entry=3), answer(verdict="hold", entry=5)
    strict = answer(verdict="query", document="contract", exporter="ACME", entry=2)

    def of(*answers: StandingAnswer, exporter: str = "ACME") -> StandingAnswer | None:
        return answer_for(answers, LIST, exporter=exporter, day=date(2026, 11, 20), law=LAW)

    assert of(every, own) is own
    assert of(every, own, strict) is strict
    assert of(own, every, exporter="OTHER") is every
    assert of(own, exporter="OTHER") is None


def test_of_several_rules_what_nobody_answered_stays_a_question(desk: Desk) -> None:
    line = WAITING[LIMBS]
    partly = desk(line, answers=[answer(*LIMBS[:2])])
    assert {"re-export.state-unknown", "standing.release"} <= set(codes(partly))
    assert partly.verdict == "query"
    assert desk(line, answers=[answer(*LIMBS[:2]), answer(LIMBS[2], verdict="hold", entry=8)]).verdict == "hold"


def test_what_may_be_an_item_is_still_not_sent_to_who_is_barred(desk: Desk) -> None:
    line = HOLMIUM | {"end_user_name": "三菱造船株式会社", "end_user_country": "JP", "destination": "JP"}
    found = desk(line, answers=[answer()])
    assert "parties.listed" in codes(found)
    assert found.verdict == "hold"


def test_a_correction_a_suspension_or_another_value_ends_it_and_a_better_note_does_not() -> None:
    parameter = LAW.parameters[LIST]
    last = parameter.values[-1]

    def basis(**changes: Any) -> str:
        pack = replace(LAW.pack, files={**LAW.pack.files, "x.yaml": repr(changes)})
        changed = replace(LAW, pack=pack, parameters={**LAW.parameters, LIST: replace(parameter, **changes)})
        return basis_of(changed, LIST)

    assert basis() == basis_of(LAW, LIST)
    assert basis(values=(*parameter.values[:-1], replace(last, note={"en": "n", "zh": "n"}))) == basis()
    assert basis(values=(*parameter.values, replace(last, in_force_from=date(2027, 1, 1)))) != basis()
    assert basis(effects=()) != basis()
    assert basis_of(LAW, "announcement-57-2025/no-such-thing") == ""


def test_it_is_read_back_as_it_was_written() -> None:
    made = answer(LIST, EQUIPMENT, exporter="ACME", verdict="query", document="contract")
    assert StandingAnswer.read(made.as_json()) == made


@st.composite
def answered(draw: st.DrawFn) -> StandingAnswer:
    rules = draw(st.lists(st.sampled_from([LIST, EQUIPMENT, *LIMBS, US, PARTIES, NOTICE]), min_size=1, unique=True))
    verdict = draw(st.sampled_from(VERDICTS))
    first = date(2026, 11, 1) + timedelta(days=draw(st.integers(0, 20)))
    return answer(
        *rules, verdict=verdict, document="contract" if verdict == "query" else "", first=first,
        last=first + timedelta(days=draw(st.integers(0, 40))), exporter=draw(st.sampled_from([None, "ACME", "OTHER"])),
        entry=draw(st.integers(0, 99)),
    )  # fmt: skip


@pytest.mark.medium
@given(line=declared(), more=st.sampled_from([{}, *WAITING.values()]), answers=st.lists(answered(), max_size=3))
def test_no_verdict_changes_but_by_the_reasons_that_are_settled(
    line: Fields, more: Fields, answers: list[StandingAnswer]
) -> None:
    asked = line | {"on": "2026-11-20"} | {name: text for name, text in more.items() if name != "composition"}
    (before,) = verdict_on(asked)
    (after,) = verdict_on(asked, answers=answers)
    kept = tuple(one for one in after.reasons if not one.code.startswith("standing."))
    gone = [one for one in before.reasons if one not in kept]
    assert [one for one in before.reasons if one in kept] == list(kept)
    assert all(one.open for one in gone)
    new = [one for one in after.reasons if one.code.startswith("standing.")]
    assert {one.facts["settles"] for one in new} >= {one.code for one in gone}
    assert after.verdict == worst([*(one.verdict for one in kept), *(one.verdict for one in new)])
    if before.verdict == "hold" and not any(one.verdict == "hold" and one.open for one in before.reasons):
        assert after.verdict == "hold"
