"""What an identifier means once the store has a memory: whose lot it is, whence it came, who a name stands for."""

from __future__ import annotations

import pytest
from tests.desk import Desk, amounts, assert_sound, codes, flow_row, sheet

pytestmark = pytest.mark.medium

SHARE = "product=concentrate composition=TREO=60 origin_place=P"
URI = "https://id.gs1.org/01/09506000134352/10/ABC123"


def lots(desk: Desk) -> dict[str, str]:
    """Event → the lot that its last row was taken to mean, outputs left aside."""
    found = desk.store.database.rows(
        "SELECT event, lot.name FROM line JOIN lot ON lot.id = lot_id WHERE role IS NULL OR role = 'in'"
    )
    return {str(event): str(name) for event, name in found}


def test_a_bare_id_is_ones_own_lot_in_a_later_month(desk: Desk) -> None:
    desk.rows("SEP", "2025-05", "R receipt 9 sep 7 5 counterparty=MINE")
    desk.rows("SEP", "2025-06", f"O origin 2 sep 7 10 origin_kind=secondary {SHARE}")
    desk.rows("SEP", "2025-07", "S shipment 2 sep 7 10 counterparty=MAG")
    assert lots(desk) == {"R": "MINE/7", "O": "SEP/7", "S": "SEP/7"}


def test_two_suppliers_with_the_same_bare_id_are_two_lots_and_the_id_alone_is_refused(desk: Desk) -> None:
    desk.rows("MAG", "2025-05", "R1 receipt 2 mag 7 5 counterparty=MINE", "R2 receipt 3 mag 7 6 counterparty=SEP")
    assert lots(desk) == {"R1": "MINE/7", "R2": "SEP/7"}
    asked = desk.try_rows("MAG", "2025-06", "L loss 2 mag 7 1 reason=x")
    assert asked.entry is None
    found = next(one for one in asked.problems if one.severity == "reject")
    assert (found.code, found.where.row, found.where.column) == ("lot.ambiguous", 2, "lot")
    assert found.facts["candidates"] == "MINE/7, SEP/7"
    desk.rows("MAG", "2025-06", "L loss 2 mag MINE/7 5 reason=x")
    # One of the two is used up: the id alone means the other from now on.
    desk.rows("MAG", "2025-07", "L2 loss 2 mag 7 1 reason=x")
    assert lots(desk)["L2"] == "SEP/7"


def test_what_one_firm_received_says_nothing_of_anothers_ids(desk: Desk) -> None:
    desk.rows("MAG", "2025-05", "R receipt 2 mag 7 5 counterparty=MINE")
    desk.rows("SEP", "2025-05", "L loss 2 sep 7 5 reason=x")
    assert lots(desk)["L"] == "SEP/7"


def test_a_second_delivery_under_an_id_is_the_lot_of_the_first(desk: Desk) -> None:
    desk.rows("MAG", "2025-05", "R1 receipt 2 mag MINE/7 5 counterparty=TRADE")
    desk.rows("MAG", "2025-06", "R2 receipt 2 mag 7 5 counterparty=TRADE", "R3 receipt 3 mag 7 5 counterparty=SEP")
    assert lots(desk) == {"R1": "MINE/7", "R2": "MINE/7", "R3": "SEP/7"}


def test_a_lot_bought_by_title_can_be_shipped_by_its_bare_id(desk: Desk) -> None:
    desk.rows(
        "MINE", "2025-05", f"O origin 2 mine 7 10 origin_kind=mined {SHARE}", "T title 3 - 7 10 counterparty=TRADE"
    )
    desk.rows("TRADE", "2025-06", "T title 3 - 7 10 counterparty=MAG")
    assert lots(desk)["T"] == "MINE/7"
    assert desk.held_kg() == {("MINE/7", "mine", "MAG"): (10, 0)}


def test_a_gs1_uri_is_one_lot_for_everybody(desk: Desk) -> None:
    desk.rows("MINE", "2025-05", f"O origin 2 mine {URI} 10 origin_kind=mined {SHARE}")
    desk.rows("MINE", "2025-05", f"S shipment 3 mine {URI} 10 counterparty=SEP")
    desk.rows(
        "SEP", "2025-05", f"R receipt 4 sep {URI} 10 counterparty=MINE", f"T transformation 5 sep {URI} 4 role=in",
        "T transformation 5 sep X 2 role=out product=oxide composition=TREO=90",
    )  # fmt: skip
    assert set(lots(desk).values()) == {URI}
    assert desk.held_kg() == {(URI, "sep", "SEP"): (6, 0), ("SEP/X", "sep", "SEP"): (2, 0)}


def test_a_lot_is_told_apart_by_its_letters_cases(desk: Desk) -> None:
    desk.rows("MINE", "2025-05", f"O1 origin 2 mine a 1 origin_kind=mined {SHARE}")
    desk.rows("MINE", "2025-05", f"O2 origin 2 mine A 2 origin_kind=mined {SHARE}")
    assert desk.held_kg() == {("MINE/a", "mine", "MINE"): (1, 0), ("MINE/A", "mine", "MINE"): (2, 0)}


def test_a_role_where_it_does_not_belong_makes_no_lot(desk: Desk) -> None:
    desk.rows("SEP", "2025-05", "R receipt 2 sep 7 5 counterparty=MINE", "L loss 3 sep SEP/7 0 role=out reason=x")
    desk.rows("SEP", "2025-06", "L2 loss 2 sep 7 5 reason=x")
    assert lots(desk)["L2"] == "MINE/7"


@pytest.mark.parametrize("name", ["MINE Ltd", "mine ltd", "  MINE Ltd "])
def test_a_supplier_is_found_by_its_name_in_the_register(desk: Desk, name: str) -> None:
    cells = flow_row("R receipt 2 sep 7 5", "2025-05") | {"counterparty_name": name}
    desk.accept("SEP", "2025-05", ",".join(cells) + "\n" + ",".join(cells.values()) + "\n")
    assert lots(desk) == {"R": "MINE/7"}
    assert desk.store.database.rows("SELECT party FROM line") == [("MINE",)]


def test_a_customer_is_found_by_an_alias(desk: Desk) -> None:
    desk.rows("MINE", "2025-05", f"O origin 2 mine 7 10 origin_kind=mined {SHARE}")
    cells = flow_row("S shipment 3 mine 7 5", "2025-05") | {"counterparty_name": "ABROAD magnets"}
    desk.accept("MINE", "2025-05", ",".join(cells) + "\n" + ",".join(cells.values()) + "\n")
    assert desk.store.database.rows("SELECT receiver FROM transfer") == [("ABROAD",)]


def test_a_name_that_nobody_bears_stands_for_itself_and_cannot_pass_for_a_path(desk: Desk) -> None:
    cells = flow_row("R receipt 2 sep 7 5", "2025-05") | {"counterparty_name": "Smith/Jones"}
    desk.accept("SEP", "2025-05", ",".join(cells) + "\n" + ",".join(cells.values()) + "\n")
    ((party,),) = desk.store.database.rows("SELECT party FROM line")
    assert "/" not in str(party)
    assert lots(desk)["R"] == f"{party}/7"


def test_what_a_firm_keeps_for_another_is_not_its_own(desk: Desk) -> None:
    desk.rows("SEP", "2025-05", "R receipt 2 sep 7 5 counterparty=MINE owner=MINE")
    assert desk.held_kg() == {("MINE/7", "sep", "MINE"): (5, 0)}
    assert codes(desk.try_rows("SEP", "2025-06", "S shipment 2 sep 7 5 counterparty=MAG")) == ["lot.unknown"]
    desk.rows(
        "SEP", "2025-06", "T transformation 3 sep 7 5 role=in owner=MINE",
        "T transformation 3 sep X 2 role=out owner=MINE product=oxide composition=TREO=90",
    )  # fmt: skip
    assert desk.held_kg() == {("SEP/X", "sep", "MINE"): (2, 0)}


def test_text_that_a_database_could_stumble_over_is_kept_to_the_letter(desk: Desk) -> None:
    for number, note in enumerate((r"\N", "''; DROP TABLE line", "稀土 %s {0}", r"\x00", '"quoted"', "a\tb")):
        cells = flow_row(f"L{number} loss 2 mine 7 0", "2025-05") | {"reason": note.replace('"', '""')}
        values = ",".join(f'"{value}"' for value in cells.values())
        desk.accept("MINE", "2025-05", ",".join(cells) + "\n" + values + "\n")
        ((kept,),) = desk.store.database.rows("SELECT reason FROM line WHERE event = %s", (f"L{number}",))
        assert kept == note
    assert codes(desk.file("MINE", "2025-05", sheet("2025-05"))) == []


def test_ore_that_became_concentrate_draws_no_quota_when_only_the_ore_is_filed_about_again(desk: Desk) -> None:
    made = "T transformation 3 mine C 4 role=out product={} composition=TREO=60"
    step = "T transformation 3 mine ORE 6 role=in"
    ore = f"O origin 2 mine ORE 9 origin_kind=imported {SHARE.replace('concentrate', 'ore')}"
    first = desk.rows("MINE", "2025-05", ore, step, made.format("concentrate"))
    desk.rows("MINE", "2025-06", "L loss 2 mine ORE 1 reason=x")
    assert amounts(desk.store)["drawdown"] == []
    assert_sound(desk.store)
    desk.rows("MINE", "2025-05", ore, step, made.format("oxide"), corrects=first)
    desk.rows("MINE", "2025-07", "L2 loss 2 mine ORE 1 reason=x")
    assert [row[2] for row in amounts(desk.store)["drawdown"]] == ["separation"]
    assert_sound(desk.store)
