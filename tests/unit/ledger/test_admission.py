"""What a filing is asked about: every code with a case for and one against, and each threshold at its border."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import polars as pl
import pytest
from tests.desk import ledger_lines, site

from lodeline.ledger.admission import Objection, judge
from lodeline.ledger.register import TABLES, Register
from lodeline.ledger.state import project
from lodeline.ledger.transfer import closing_tolerance_mg

Masses = Sequence[tuple[str, str | None, str, int]]
MASS = {"kind": pl.String(), "product": pl.String(), "on": pl.Date(), "mass_mg": pl.Int64()}
HELD = {"site": pl.String(), "lot": pl.Int64(), "name": pl.String(), "mass_mg": pl.Int64()}


@dataclass(frozen=True)
class Before:
    """Earlier masses of the organisation: (kind, product, day, mg)."""

    rows: Masses = field(default=())

    def masses(self) -> pl.DataFrame:
        typed = [(kind, product, date.fromisoformat(on), mass_mg) for kind, product, on, mass_mg in self.rows]
        return pl.DataFrame(typed, schema=MASS, orient="row")

    def smallest(self) -> dict[tuple[str, str | None], int]:
        found: dict[tuple[str, str | None], int] = {}
        for kind, product, _, mass_mg in self.rows:
            if mass_mg > 0:
                found[kind, product] = min(found.get((kind, product), mass_mg), mass_mg)
        return found


def register(**tables: list[dict[str, Any]]) -> Register:
    frames = {name: pl.DataFrame(tables.get(name, []), schema=schema) for name, schema in TABLES.items()}
    return Register(tables=frames)


def ask(
    *filing: str,
    history: Sequence[str] = (),
    known: Register | None = None,
    earlier: Masses = (),
    held: Sequence[tuple[str, int, str, int]] = (),
    maker: str = "A",
) -> list[Objection]:
    """Objections to rows that A files, on top of what others and A itself filed before."""
    lines = ledger_lines(*history, *(f"A {row}" for row in filing))
    mine = lines.tail(len(filing)).with_columns(ordinal=pl.int_range(pl.len(), dtype=pl.UInt32()))
    state = project(pl.concat([lines.head(len(history)), mine]))
    return judge(
        mine,
        state,
        organisation="A",
        register=known or register(),
        names=lambda lot: f"{maker}/{lot}",
        earlier=Before(earlier),
        held_at_sites=pl.DataFrame(held, schema=HELD, orient="row"),
    )


def codes(*filing: str, **around: Any) -> list[tuple[int | None, str]]:
    return [(objection.ordinal, objection.code) for objection in ask(*filing, **around)]


MADE = "A O origin 2 a 1 1000 product=concentrate composition=TREO=600000000 origin_kind=mined"


def test_a_lot_made_a_second_time_is_refused_and_says_where_it_was_made() -> None:
    (found,) = ask("O2 origin 5 a 1 3 product=concentrate origin_kind=mined", history=[MADE])
    assert (found.code, found.ordinal, found.column, found.facts["event"]) == ("lot.exists", 0, "lot", "O")


def test_a_lot_received_or_used_before_it_is_made_is_not_made_twice() -> None:
    history = ["B R receipt 5 b 1 3 party=A", "B T transformation 6 b 1 1 role=in"]
    assert codes("O2 origin 2 a 1 3 product=concentrate origin_kind=mined", history=history) == []


def test_a_draw_on_what_never_came_in_is_unknown() -> None:
    (found,) = ask("S shipment 5 a 7 3 party=B")
    assert (found.code, found.column, found.facts["over_kg"]) == ("lot.unknown", "lot", "3")


def test_a_lot_that_came_in_only_after_the_draw_is_unknown_on_that_day() -> None:
    assert codes("S shipment 5 a 7 3 party=B", "R receipt 6 a 7 3 party=B", maker="B") == [
        (0, "lot.unknown"),
        (1, "lot.awaiting-maker"),
    ]


def test_a_lot_that_came_in_on_the_day_of_the_draw_is_known() -> None:
    assert codes("S shipment 6 a 7 3 party=C", "R receipt 6 a 7 3 party=B", maker="A") == []


def test_more_than_came_in_on_the_day_of_the_draw_exceeds_the_holding() -> None:
    rows = ["S shipment 6 a 7 4 party=C", "R receipt 6 a 7 3 party=B"]
    assert codes(*rows) == [(0, "mass.exceeds-holding")]


def test_a_lot_held_at_another_site_is_unknown_at_this_one() -> None:
    assert codes("S shipment 5 z 1 3 party=B", history=[MADE]) == [(0, "lot.unknown")]


def test_a_lot_of_another_owner_at_the_site_is_not_the_filers_to_draw() -> None:
    held = "A R receipt 2 a 1 1000 party=B owner=B"
    assert codes("S shipment 5 a 1 3 party=C", history=[held]) == [(0, "lot.unknown")]
    assert codes("S shipment 5 a 1 3 party=C owner=B", history=[held]) == []


def test_more_than_is_held_exceeds_the_holding_and_says_by_how_much() -> None:
    (found,) = ask("S shipment 5 a 1 1100 party=B", history=[MADE])
    assert (found.code, found.column) == ("mass.exceeds-holding", "mass_kg")
    facts = found.facts
    assert (facts["mass_kg"], facts["held_kg"], facts["over_kg"], facts["site"]) == ("1100", "1000", "100", "a")


def test_what_others_drew_is_not_held_against_the_filer() -> None:
    assert codes("L loss 3 a 1 10 reason=x", history=[MADE, "A S shipment 9 a 1 1500 party=B"]) == []


def drawing(over_mg: int, held_mg: int = 997_000_000) -> list[str]:
    """A holds 997 kg and draws so much more."""
    return [f"A O origin 2 a 1 {held_mg / 1e6:.6f}", f"S shipment 5 a 1 {(held_mg + over_mg) / 1e6:.6f} party=B"]


@pytest.mark.parametrize(("over_mg", "expected"), [(3_000_000, []), (3_000_001, [(0, "mass.exceeds-holding")])])
def test_without_a_method_the_border_is_three_tenths_of_a_percent_of_the_draw(
    over_mg: int, expected: list[tuple[int, str]]
) -> None:
    made, drawn = drawing(over_mg)  # 1000 kg drawn: three times 0.1 % of it is 3 kg
    assert codes(drawn, history=[made]) == expected


def scale(random_pct: str | None, systematic_pct: str | None, name: str = "SCALE") -> dict[str, Any]:
    return {"id": name, "quantity": "weighing", "random_pct": random_pct, "systematic_pct": systematic_pct}


@pytest.mark.parametrize("method", ["SCALE", "ICP;SCALE", "ICP; SCALE"])
@pytest.mark.parametrize(("over_mg", "expected"), [(5_000_000, []), (5_000_001, ["mass.exceeds-holding"])])
def test_with_a_method_the_border_is_three_sigma_of_its_weighing(
    method: str, over_mg: int, expected: list[str]
) -> None:
    # Random 0.3 % and systematic 0.4 % make 0.5 %; 5 kg are three of these of 333.333333 kg drawn.
    known = register(methods=[scale("0.3", "0.4"), {"id": "ICP", "quantity": "assay", "random_pct": "9"}])
    lines = ledger_lines(
        f"A O origin 2 a 1 {(333_333_334 - over_mg) / 1e6:.6f}", "A S shipment 5 a 1 333.333334 party=B"
    )
    # The short notation has no spaces inside a cell.
    lines = lines.with_columns(method=pl.when(pl.col("kind") == "shipment").then(pl.lit(method)))
    found = judge(
        lines.tail(1), project(lines), organisation="A", register=known, names=str, earlier=Before(),
        held_at_sites=pl.DataFrame(schema=HELD),
    )  # fmt: skip
    assert [one.code for one in found] == expected


def test_a_later_draw_pays_for_an_earlier_shortfall_only_with_its_own_excess() -> None:
    history = [MADE, "A S1 shipment 3 a 1 1200 party=B"]
    (found,) = ask("S2 shipment 5 a 1 50 party=B", history=history)
    assert found.facts["over_kg"] == "50"


def test_a_receipt_of_a_lot_whose_maker_is_silent_awaits_him() -> None:
    assert codes("R receipt 5 a 1 3 party=B", maker="B") == [(0, "lot.awaiting-maker")]
    assert codes("R receipt 5 a 1 3 party=B", history=["B O origin 2 b 1 9"], maker="B") == []


def test_a_receipt_of_ones_own_lot_awaits_nobody() -> None:
    assert codes("R receipt 5 a 1 3 party=B", maker="A") == []


def test_a_product_that_is_not_the_makers_is_flagged() -> None:
    receipt = "R receipt 5 a 1 3 party=A product="
    assert codes(receipt + "oxide:Nd", history=[MADE]) == [(0, "product.differs-from-maker")]
    assert codes(receipt + "concentrate", history=[MADE]) == []


FED = "A R receipt 2 a 1 100 party=B product=oxide composition=Nd=500000000"
#: The same with a stated total, whose shares are whole milligrams.
HALF = "TREO=500000000"
HALF_FED = f"A R receipt 2 a 1 100 party=B product=oxide composition={HALF}"


def process(out_kg: float, *, share: str = "Nd=500000000", more: Sequence[str] = (), event: str = "T") -> list[str]:
    """100 kg of half neodymium go in, and this comes out."""
    out = f"{event} transformation 5 a 2 {out_kg:.6f} role=out product=oxide composition={share}"
    return ["T transformation 5 a 1 100 role=in", out, *more]


def test_more_of_an_element_out_than_in_is_asked_about() -> None:
    (found, total) = ask(*process(120), history=[FED])
    assert (found.code, found.ordinal, found.column) == ("element.out-exceeds-in", 1, "composition")
    assert (found.facts["element"], found.facts["in_kg"], found.facts["out_kg"]) == ("Nd", "50", "60")
    assert (total.code, total.facts["element"]) == ("element.out-exceeds-in", "TREO")


def border_kg() -> float:
    """The largest output of the same share that three sigma of two laboratories (Horwitz) and a trace still cover."""
    low, high = 100.0, 200.0
    for _ in range(60):
        middle = (low + high) / 2
        if middle / 2 <= 50 + 3 * 0.02 * 0.5**-0.1505 * (50**2 + (middle / 2) ** 2) ** 0.5 + 0.0001 * middle:
            low = middle
        else:
            high = middle
    return low


def test_the_border_is_three_sigma_of_both_assays_and_a_trace() -> None:
    assert border_kg() == pytest.approx(109.92, abs=0.01)
    within, beyond = border_kg() - 0.0001, border_kg() + 0.0001
    assert codes(*process(within, share=HALF), history=[HALF_FED]) == []
    assert codes(*process(beyond, share=HALF), history=[HALF_FED]) == [(1, "element.out-exceeds-in")]


def test_a_trace_of_an_element_that_was_not_fed_is_let_pass() -> None:
    # 0.1 % of a tenth: 100 kg out may hold 10 g of dysprosium from nowhere, and 3 g more by the assay of so little.
    at_border = process(100, share="Nd=400000000;Dy=129000")
    assert codes(*at_border, history=[FED]) == []
    beyond = process(100, share="Nd=400000000;Dy=131000")
    assert codes(*beyond, history=[FED]) == [(1, "element.out-exceeds-in")]


def test_waste_counts_as_output() -> None:
    waste = "T transformation 5 a 3 40 role=waste product=slag composition=Nd=500000000"
    assert {code for _, code in codes(*process(80, more=[waste]), history=[FED])} == {"element.out-exceeds-in"}


def test_a_run_joins_its_events_into_one_process() -> None:
    second = "T2 transformation 6 a 4 50 role=in run=R"
    fed = [FED, "A R4 receipt 2 a 4 50 party=B product=oxide composition=Nd=500000000"]
    rows = ["T transformation 5 a 1 100 role=in run=R", second]
    out = "T2 transformation 6 a 2 150 role=out product=oxide composition=Nd=500000000"
    assert codes(*rows, out + " run=R", history=fed) == []
    # Without the run on its row, the output has no feed at all and cannot be judged.
    assert codes(*rows, out, history=fed) == []
    alone = codes(rows[0], "T2 transformation 6 a 4 50 role=in", out, history=fed)
    assert {code for _, code in alone} == {"element.out-exceeds-in"}


def test_a_feed_of_unknown_composition_judges_nothing() -> None:
    unknown = "A R receipt 2 a 1 100 party=B product=oxide"
    assert codes(*process(900), history=[unknown]) == []


def test_a_feed_that_states_only_its_total_is_judged_by_the_total() -> None:
    fed = "A R receipt 2 a 1 100 party=B product=oxide composition=TREO=583200000"
    assert codes(*process(100), history=[fed]) == []
    found = ask(*process(120), history=[fed])
    assert [one.facts["element"] for one in found] == ["TREO"]


def test_iron_and_boron_may_come_from_nothing() -> None:
    assert codes(*process(100, share="Nd=300000000;Fe=650000000;B=10000000"), history=[FED]) == []


def test_a_corrected_composition_of_the_feed_is_the_one_judged_by() -> None:
    label = "A R receipt 2 a 1 100 party=B product=oxide"
    first, then = (f"B O origin 9 b 1 500 product=oxide composition=Nd={share}" for share in (500000000, 600000000))
    assert {code for _, code in codes(*process(118), history=[label, first])} == {"element.out-exceeds-in"}
    assert codes(*process(118), history=[label, then]) == []


LABEL = "B O origin 1 b 1 500 product=oxide composition=Nd=400000000;Pr=100000000;Dy=10000000"


def fed(assay: str = "") -> list[str]:
    """100 kg that B made came to A, with or without an assay of A's own."""
    return [LABEL, "A R receipt 2 a 1 100 party=B product=oxide" + (f" composition={assay}" if assay else "")]


def test_who_assayed_what_came_is_judged_by_that_and_not_by_the_label() -> None:
    out = process(100, share="Nd=500000000")
    assert {code for _, code in codes(*out, history=fed())} == {"element.out-exceeds-in"}
    assert codes(*out, history=fed("Nd=500000000;Pr=100000000;Dy=10000000")) == []
    # Neither does a label that says more excuse what the firm itself did not find.
    found = ask(*process(100, share="Nd=400000000"), history=fed("Nd=300000000;Pr=100000000;Dy=10000000"))
    assert [one.facts["element"] for one in found] == ["Nd"]


def test_what_an_assay_leaves_out_is_taken_from_the_label() -> None:
    # Dysprosium alone was looked for: neodymium, praseodymium and the total stay the maker's.
    own = fed("Dy=20000000")
    assert codes(*process(100, share="Nd=400000000;Pr=100000000;Dy=20000000"), history=own) == []
    found = ask(*process(100, share="Nd=500000000;Dy=20000000"), history=own)
    assert [one.facts["element"] for one in found] == ["Nd"]


def test_the_newest_assay_of_the_site_itself_counts_and_no_other_sites() -> None:
    out, poor = process(100, share="Nd=500000000"), fed("Nd=400000000;Pr=100000000;Dy=10000000")
    count = "A C stock 4 {} 1 100 composition=Nd=500000000;Pr=100000000;Dy=10000000"
    assert codes(*out, history=[*poor, count.format("a")]) == []
    assert {code for _, code in codes(*out, history=[*poor, count.format("z")])} == {"element.out-exceeds-in"}


def test_a_yield_that_rests_on_anothers_label_is_only_told() -> None:
    known = register(processes=[BAND], sites=[site("a", "A", "separation")])
    rows = process(10, share="Nd=400000000")
    for history, only_flag in ((fed(), True), (fed("Nd=300000000;Pr=100000000;Dy=10000000"), False)):
        lines = ledger_lines(*history, *(f"A {row}" for row in rows))
        # The short notation says no makers.
        lines = lines.with_columns(maker=pl.when(pl.col("lot") == 1).then(pl.lit("B")).otherwise(pl.lit("A")))
        mine = lines.tail(2).with_columns(ordinal=pl.int_range(pl.len(), dtype=pl.UInt32()))
        found = judge(
            mine, project(lines), organisation="A", register=known, names=str, earlier=Before(),
            held_at_sites=pl.DataFrame(schema=HELD),
        )  # fmt: skip
        assert [(one.code, one.only_flag) for one in found] == [("yield.outside-band", only_flag)]


BAND = {"id": "p", "stage": "separation", "yield_low_pct": "90", "yield_high_pct": "98"}


@pytest.mark.parametrize(("out_kg", "asked"), [(82, False), (81.9, True), (98, False), (106, False), (106.1, True)])
def test_a_yield_is_asked_about_beyond_its_band_by_more_than_the_band_is_wide(out_kg: float, asked: bool) -> None:
    # The band is 90 to 98 %, eight wide: from 82 to 106 % nothing is asked.
    known = register(processes=[BAND], sites=[site("a", "A", "separation")])
    found = codes(*process(out_kg, share=HALF), history=[HALF_FED], known=known)
    assert [one for one in found if one[1].startswith("yield")] == ([(1, "yield.outside-band")] if asked else [])


def test_a_yield_is_judged_by_the_stage_of_its_site_and_not_where_there_is_no_band() -> None:
    assert codes(*process(10), history=[FED], known=register(processes=[BAND], sites=[site("a", "A", "metal")])) == []
    assert codes(*process(10), history=[FED], known=register(sites=[site("a", "A", "separation")])) == []


def test_waste_is_no_yield() -> None:
    known = register(processes=[BAND], sites=[site("a", "A", "separation")])
    waste = "T transformation 5 a 3 90 role=waste product=slag composition=Nd=500000000"
    assert codes(*process(10, more=[waste]), history=[FED], known=known) == [(1, "yield.outside-band")]


FIVE = [("loss", None, f"2025-06-0{day}", mass_mg) for day, mass_mg in enumerate((1, 2, 3, 4, 5), 1)]
PILE = ["A O origin 1 a 1 900000"]


@pytest.mark.parametrize(("mass_mg", "unusual"), [(3000, False), (3001, True)])
def test_over_a_thousand_times_the_median_of_five_earlier_rows_is_unusual(mass_mg: int, unusual: bool) -> None:
    found = codes(f"L loss 6 a 1 {mass_mg / 1e6:.6f} reason=x", history=PILE, earlier=FIVE)
    assert found == ([(0, "mass.unusual")] if unusual else [])


def test_four_earlier_rows_are_too_few_to_know_what_is_usual() -> None:
    assert codes("L loss 6 a 1 5000 reason=x", history=PILE, earlier=FIVE[:4]) == []


def test_rows_of_the_same_day_or_later_are_not_earlier() -> None:
    assert codes("L loss 5 a 1 5000 reason=x", history=PILE, earlier=FIVE) == []


@pytest.mark.parametrize("other", [("export", None), ("loss", "oxide")])
def test_rows_of_another_kind_or_product_say_nothing(other: tuple[str, str | None]) -> None:
    earlier = [(*other, on, mass_mg) for _, _, on, mass_mg in FIVE]
    assert codes("L loss 6 a 1 5000 reason=x", history=PILE, earlier=earlier) == []


def test_rows_of_the_filing_itself_that_are_dated_earlier_count() -> None:
    small = [f"L{day} loss {day} a 1 0.00000{day} reason=x" for day in range(2, 7)]
    assert codes(*small, "L9 loss 9 a 1 5 reason=x", history=PILE) == [(5, "mass.unusual")]


SHIPPED = "B S shipment 3 b 1 100 party=A"
MAKER = "B O origin 1 b 1 1000 product=oxide"


def test_a_receipt_that_differs_from_the_shipment_is_flagged_with_both_masses() -> None:
    edge = 100 - closing_tolerance_mg(100_000_000) / 1e6
    (found,) = ask(f"R receipt 9 a 1 {edge - 0.000001:.6f} party=B", history=[MAKER, SHIPPED])
    assert (found.code, found.column, found.facts["shipped_kg"]) == ("transfer.mass-differs", "mass_kg", "100")
    assert codes(f"R receipt 9 a 1 {edge:.6f} party=B", history=[MAKER, SHIPPED]) == []


def test_a_shipment_filed_after_its_receipt_is_flagged_too() -> None:
    history = ["B R receipt 9 b 1 90 party=A", "A O origin 1 a 1 1000 product=oxide"]
    assert codes("S shipment 3 a 1 100 party=B", history=history) == [(0, "transfer.mass-differs")]


def test_a_quoted_shipment_of_another_lot_or_to_another_party_is_flagged() -> None:
    other_lot = ["B O2 origin 1 b 2 9 product=oxide", MAKER, SHIPPED]
    assert codes("R receipt 9 a 2 100 party=B reference=S", history=other_lot) == [(0, "transfer.lot-differs")]
    to_c = [MAKER, "B S shipment 3 b 1 100 party=C"]
    (found,) = ask("R receipt 9 a 1 90 party=B reference=S", history=to_c)
    assert (found.code, found.facts) == ("transfer.for-another", {"shipper": "B", "shipment": "S"})


def test_the_shipper_is_told_who_received_instead_and_the_receiver_not_for_whom_it_was() -> None:
    history = ["C R receipt 9 c 1 90 party=A reference=S", "A O origin 1 a 1 1000 product=oxide"]
    found = {one.code: one.facts for one in ask("S shipment 3 a 1 100 party=B", history=history)}
    assert found["transfer.party-differs"] == {"shipment_party": "B", "receipt_party": "C"}
    assert found["transfer.mass-differs"] == {"shipped_kg": "100", "received_kg": "90"}


def test_a_lot_that_another_made_is_refused_without_naming_its_event() -> None:
    (found,) = ask("O origin 5 a 1 10 product=oxide", history=["B SECRET origin 1 b 1 9 product=oxide"])
    assert (found.code, "event" in found.facts) == ("lot.made-elsewhere", False)


def test_transfers_between_others_are_not_the_filers_business() -> None:
    history = [MAKER, "B S shipment 3 b 1 100 party=C", "C R receipt 9 c 1 50 party=B"]
    assert codes("L loss 5 a 1 0 reason=x", history=history) == []


HELD_AT_A = [("a", 1, "A/1", 5_000_000), ("a", 2, "A/2", 7_000_000), ("z", 3, "A/3", 9_000_000)]


def test_a_held_lot_missing_from_a_count_of_the_whole_site_is_shown() -> None:
    history = ["A O1 origin 1 a 1 5", "A O2 origin 1 a 2 7"]
    (found,) = ask("C stock 30 a 1 5", history=history, held=HELD_AT_A)
    assert (found.code, found.ordinal, found.facts["site"]) == ("stock.not-listed", 0, "a")
    assert codes("C stock 30 a 1 5", "C stock 30 a 2 0", history=history, held=HELD_AT_A) == []


@pytest.mark.parametrize("scope", ["location=shed", "product=oxide"])
def test_a_count_of_a_place_or_a_product_does_not_ask_for_the_rest(scope: str) -> None:
    assert codes(f"C stock 30 a 1 5 {scope}", history=["A O1 origin 1 a 1 5"], held=HELD_AT_A) == []


def test_objections_come_in_the_order_of_the_rows() -> None:
    rows = ["S3 shipment 5 a 9 3 party=B", "R receipt 5 a 7 3 party=B", "S1 shipment 5 a 8 3 party=B"]
    assert [ordinal for ordinal, _ in codes(*rows, maker="B")] == [0, 1, 2]
