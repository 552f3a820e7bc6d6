"""For each rule of the desk there is a line that comes out otherwise without it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from lodeline.control.desk import Verdict
from lodeline.control.rulebook import PARAMETERS
from lodeline.regulation.combining import UNION
from lodeline.regulation.parameter import Jurisdiction, load
from lodeline.service.law.probes import fixed, judged, probed

LAW = load("cn")
DAYS = (date(2025, 4, 10), date(2026, 3, 1), date(2026, 12, 2))
#: What no line alone shows: it asks the ledger, or says which papers settle a question, or what an office does.
ELSEWHERE = {
    "desk-patterns", "circumvention", "record-duty", "filing-deadline", "customs-query-days", "customs-identification",
    "customs-permit", "application-documents", "end-user-promise", "controlled-parties", "general-licence-bars",
    "licence-reports", "fines", "export-fines", "desk-price-ceilings",
    # Asked of the names that the lists of a law have (`test_a_party_and_an_item_of_a_list_are_asked_about`).
    "listed-parties", "watch-list", "watch-list-papers",
}  # fmt: skip


def without(*names: str) -> Jurisdiction:
    return replace(LAW, parameters={key: one for key, one in LAW.parameters.items() if one.name not in names})


def answers(law: Jurisdiction) -> list[object]:
    return [_content(one) for day in DAYS for one in judged(law, fixed(), day)]


def _content(verdict: Verdict) -> object:
    return [(why.code, why.law, dict(why.facts)) for why in verdict.reasons]


@pytest.mark.medium
def test_each_rule_of_the_desk_has_a_line_that_needs_it() -> None:
    with_all = answers(LAW)
    silent = {name for name in {*PARAMETERS, *UNION} - ELSEWHERE if answers(without(name)) == with_all}
    assert silent == set()


@pytest.mark.medium
def test_a_party_and_an_item_of_a_list_are_asked_about() -> None:
    day = date(2026, 3, 1)
    assert probed(LAW, LAW, day)["rows"] == []
    asked = {row["asks"] for row in probed(LAW, without("listed-parties"), day)["rows"]}
    assert "Anduril Industries" in asked and len(asked) > 50
    assert probed(LAW, without("watch-list-papers"), day)["rows"]
    rows = probed(LAW, without("control-list"), day)["rows"]
    assert {"control-list 1C902.a.1", "control-list 1C905.a.4"} <= {row["asks"] for row in rows}
