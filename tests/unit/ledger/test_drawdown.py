"""What draws on a quota: mineral feed once, by the law's two kinds, in kilograms of oxide."""

from __future__ import annotations

import pytest
from tests.desk import ledger_lines

from lodeline.ledger.drawdown import draws
from lodeline.ledger.movement import lot_facts
from lodeline.material.product import PRODUCTS


def drawn(*rows: str, **options: str) -> list[tuple[int, str, str, str, int, float]]:
    """(lot, organisation, kind, ore type, year, kg of REO)."""
    lines = ledger_lines(*rows, **options)
    found = draws(lines, lot_facts(lines)).select("lot", "organisation", "kind", "ore_type", "year", "reo_mg")
    return sorted((*cells[:5], cells[5] / 1e6) for cells in found.iter_rows())


SHARE = "composition=TREO=600000000"
ORE = f"A O origin 2 a 1 100 product=concentrate {SHARE}"


@pytest.mark.parametrize("origin_kind", ["mined", "by-product"])
def test_what_is_mined_draws_on_the_mining_quota_in_oxide(origin_kind: str) -> None:
    assert drawn(f"{ORE} origin_kind={origin_kind}") == [(1, "A", "mining", "rock", 2025, 60)]


@pytest.mark.parametrize("origin_kind", ["imported", "secondary", "opening"])
def test_no_other_origin_draws_when_it_is_filed(origin_kind: str) -> None:
    assert drawn(f"{ORE} origin_kind={origin_kind}") == []


def test_oxide_is_computed_where_no_total_is_stated() -> None:
    # Nd₂O₃ weighs 1.1664 times its neodymium.
    ((*_, reo_kg),) = drawn("A O origin 2 a 1 100 product=concentrate composition=Nd=100000000 origin_kind=mined")
    assert reo_kg == pytest.approx(11.664, abs=0.001)


def test_a_lot_of_unknown_composition_draws_nothing_yet() -> None:
    assert drawn("A O origin 2 a 1 100 product=concentrate origin_kind=mined") == [(1, "A", "mining", "rock", 2025, 0)]


@pytest.mark.parametrize("product", ["ore", "concentrate"])
@pytest.mark.parametrize("origin_kind", ["mined", "imported", "opening"])
def test_mineral_feed_draws_on_separation_wherever_it_came_from(product: str, origin_kind: str) -> None:
    made = f"A O origin 2 a 1 100 product={product} {SHARE} origin_kind={origin_kind}"
    found = drawn(made, "B T transformation 3 b 1 40 role=in")
    assert (1, "B", "separation", "rock", 2025, 24) in found


def test_feed_whose_maker_has_not_filed_draws_by_what_the_receiver_says_of_it() -> None:
    found = drawn(f"B R receipt 2 b 1 40 party=A product=concentrate {SHARE}", "B T transformation 3 b 1 40 role=in")
    assert found == [(1, "B", "separation", "rock", 2025, 24)]


@pytest.mark.parametrize("product", sorted(kind for kind, known in PRODUCTS.items() if known.feed != "mineral"))
def test_secondary_feed_and_later_steps_do_not_draw(product: str) -> None:
    made = f"A O origin 2 a 1 100 product={product}:x {SHARE} origin_kind=secondary"
    assert drawn(made, "B T transformation 3 b 1 40 role=in") == []


def test_a_mixed_compound_from_the_mine_draws_as_ion_clay_and_one_from_a_separator_does_not_draw_again() -> None:
    leached = f"A O origin 2 a 1 100 product=mixed-compound {SHARE} origin_kind=mined"
    use = "B T transformation 3 b 1 40 role=in"
    assert drawn(leached, use) == [(1, "A", "mining", "ion", 2025, 60), (1, "B", "separation", "ion", 2025, 24)]
    intermediate = f"A T0 transformation 2 a 1 100 role=out product=mixed-compound {SHARE}"
    assert drawn(intermediate, use) == []


def test_only_what_is_consumed_draws_and_not_what_is_moved_or_lost() -> None:
    made = f"A O origin 2 a 1 100 product=concentrate {SHARE} origin_kind=imported"
    idle = ["shipment 3 a 1 5 party=B", "loss 3 a 1 5 reason=x", "stock 3 a 1 5", "shipment 3 a 1 5 party=B role=in"]
    assert drawn(made, *(f"A E{number} {row}" for number, row in enumerate(idle))) == []


def test_outputs_of_the_process_do_not_draw() -> None:
    made = f"A O origin 2 a 1 100 product=concentrate {SHARE} origin_kind=imported"
    feed = "B T transformation 3 b 1 40 role=in"
    assert drawn(made, feed, f"B T transformation 3 b 2 40 role=out product=oxide {SHARE}") == [
        (1, "B", "separation", "rock", 2025, 24)
    ]


def test_ore_that_becomes_concentrate_separates_nothing_and_the_concentrate_draws_where_it_is_consumed() -> None:
    made = f"A O origin 2 a 1 100 product=ore {SHARE} origin_kind=imported"
    dressed = (
        made,
        "A T transformation 3 a 1 100 role=in",
        f"A T transformation 3 a 2 40 role=out product=concentrate {SHARE}",
    )
    assert drawn(*dressed) == []
    assert drawn(*dressed, "B S transformation 4 b 2 40 role=in") == [(2, "B", "separation", "rock", 2025, 24)]


@pytest.mark.parametrize("also", ["oxide", "mixed-compound", "salt:Nd"])
def test_a_step_that_makes_a_compound_next_to_concentrate_draws(also: str) -> None:
    made = f"A O origin 2 a 1 100 product=ore {SHARE} origin_kind=imported"
    outputs = [
        f"A T transformation 3 a {lot} 40 role=out product={kind} {SHARE}"
        for lot, kind in ((2, "concentrate"), (3, also))
    ]
    assert drawn(made, "A T transformation 3 a 1 100 role=in", *outputs) == [(1, "A", "separation", "rock", 2025, 60)]


def test_draws_of_one_lot_add_up_by_year() -> None:
    made = f"A O origin 2 a 1 100 product=concentrate {SHARE} origin_kind=mined"
    found = drawn(made, "A T1 transformation 3 a 1 10 role=in", "A T2 transformation 4 a 1 20 role=in")
    assert found == [(1, "A", "mining", "rock", 2025, 60), (1, "A", "separation", "rock", 2025, 18)]


def test_the_year_is_that_of_the_event() -> None:
    assert [row[4] for row in drawn(f"{ORE} origin_kind=mined", year_month="2026-01")] == [2026]


def test_a_corrected_composition_changes_the_draw() -> None:
    # The lot's facts decide, not what the input row says of itself.
    found = drawn(f"{ORE} origin_kind=imported", "B T transformation 3 b 1 10 role=in composition=TREO=1000000")
    assert found == [(1, "B", "separation", "rock", 2025, 6)]


def test_tonnes_do_not_overflow() -> None:
    ((*_, reo_kg),) = drawn(f"A O origin 2 a 1 500000000 product=concentrate {SHARE} origin_kind=mined")
    assert reo_kg == 300_000_000
