"""Rows taken together: what an event has one of, what comes from nothing, what is made or counted twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lodeline.filing.check import Checked

Rows = dict[str, dict[str, str]]
Judge = Callable[..., Checked]


def found(checked: Checked) -> list[tuple[str, int | None, str | None]]:
    return [(one.code, one.where.row, one.where.column) for one in checked.problems]


MIXED = [
    ({"kind": "loss", "reason": "x"}, "event.mixes-kinds", "kind"),
    ({"site": "PLANT-2"}, "event.mixes-sites", "site"),
    ({"on": "2025-06-06"}, "event.mixes-days", "on"),
]


@pytest.mark.parametrize(("change", "code", "column"), MIXED)
def test_an_event_is_of_one_kind_at_one_site_on_one_day(
    judge: Judge, right: Rows, change: dict[str, str], code: str, column: str
) -> None:
    other = {"event": "S-0", "lot": "L0"}
    checked = judge(right["shipment"] | other, right["shipment"], right["shipment"] | {"lot": "L2"} | change)
    assert found(checked) == [(code, 4, column)]
    assert checked.problems[0].facts["first"] == right["shipment"][column]


def test_rows_of_one_event_need_not_stand_together(judge: Judge, right: Rows) -> None:
    checked = judge(right["in"], right["origin"], right["out"])
    assert checked.problems == ()


def test_rare_earths_do_not_come_out_of_nothing(judge: Judge, right: Rows) -> None:
    assert found(judge(right["out"])) == [("transformation.from-nothing", 2, "role")]
    unknown = right["out"] | {"composition": "", "composition_status": "unknown"}
    assert found(judge(unknown)) == [("transformation.from-nothing", 2, "role")]
    total = right["out"] | {"composition": "TREO=1"}
    assert found(judge(total)) == [("transformation.from-nothing", 2, "role")]


def test_iron_may_come_out_of_nothing(judge: Judge, right: Rows) -> None:
    iron = right["out"] | {"product": "alloy:FeB", "composition": "Fe=80;B=20;Nd=0"}
    assert judge(iron).problems == ()


def test_waste_alone_is_no_transformation(judge: Judge, right: Rows) -> None:
    checked = judge(right["out"] | {"role": "waste", "product": "slag"})
    assert found(checked) == [("transformation.empty", 2, "role")]


def test_a_lot_is_made_once(judge: Judge, right: Rows) -> None:
    again = right["origin"] | {"event": "O-2", "lot": "ACME/ORE-1"}
    assert found(judge(right["origin"], again)) == [("lot.made-twice", 3, "lot")]


def test_a_lot_is_not_both_consumed_and_made_by_one_event(judge: Judge, right: Rows) -> None:
    same = right["out"] | {"lot": "ACME/ORE-1"}
    assert found(judge(right["in"], same)) == [("lot.in-and-out", 3, "lot")]
    in_another_event = [right["in"] | {"event": "T-2", "lot": "OX-1"}, right["out"] | {"event": "T-2", "lot": "OX-2"}]
    assert judge(right["in"], right["out"], *in_another_event).problems == ()


def test_a_repeated_row_is_flagged(judge: Judge, right: Rows) -> None:
    checked = judge(right["shipment"], right["shipment"])
    assert found(checked) == [("row.duplicate", 3, None)]
    assert not checked.rejects
    assert judge(right["shipment"], right["shipment"] | {"mass_kg": "11"}).problems == ()


def test_one_place_counts_a_lot_once(judge: Judge, right: Rows) -> None:
    again = right["stock"] | {"event": "C-2", "mass_kg": "90"}
    assert found(judge(right["stock"], again)) == [("stock.lot-twice", 3, "lot")]
    assert judge(right["stock"], again | {"location": "WH-3"}).problems == ()
    assert judge(right["stock"], again | {"on": "2025-06-29"}).problems == ()


def test_void_only_in_a_correction(judge: Judge, right: Rows) -> None:
    assert found(judge(right["void"])) == [("void.not-a-correction", 2, "kind")]
    assert judge(right["void"], correcting=True).problems == ()


def test_an_event_is_withdrawn_once_and_not_restated(judge: Judge, right: Rows) -> None:
    twice = judge(right["void"], right["void"], correcting=True)
    assert found(twice) == [("void.twice", 3, "kind")]
    restated = judge(right["void"] | {"event": "S-1"}, right["shipment"], correcting=True)
    assert found(restated) == [("void.and-restated", 3, "kind")]


def test_rows_without_event_are_no_event_together(judge: Judge, right: Rows) -> None:
    checked = judge(right["origin"] | {"event": ""}, right["stock"] | {"event": ""})
    assert {code for code, _, _ in found(checked)} == {"cell.missing"}
