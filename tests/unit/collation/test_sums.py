"""One paper for several deliveries is found where one sum fits and no other; what fits two ways stays a question."""

from __future__ import annotations

import time
from datetime import date

import polars as pl
import pytest
from tests.unit.collation.papers import FILERS, LAST_INVOICE, LAST_LINE, OTHERS, causes, customs, goods, invoices

from lodeline.collation.match import Collation, collate
from lodeline.collation.tolerance import tolerances

#: Deliveries of one month; those of one paper do not follow each other.
SHIPPED = [
    "shipment 2 SEP>MAG 612.4", "shipment 5 SEP>MAG 233.7", "shipment 9 SEP>MAG 871.25", "shipment 12 SEP>MAG 145.9",
    "shipment 20 SEP>MAG 408.3",
]  # fmt: skip
EXPORTED = [row.replace("shipment", "export").replace("SEP>MAG", "MAG>ABROAD") for row in SHIPPED]
OPEN = {"goods-without-invoice", "invoice-without-goods"}


def together(filed: pl.DataFrame, invoiced: pl.DataFrame, border: pl.DataFrame) -> Collation:
    return collate(
        filed, invoiced, border, known=FILERS | OTHERS, resolve=lambda name: name if name in OTHERS else None,
        special=set(), tolerances=tolerances(), today=date(2025, 12, 31),
    )  # fmt: skip


@pytest.mark.parametrize("chosen", [(0, 4), (0, 2, 4), (0, 1, 3, 4), (0, 1, 2, 3, 4)])
def test_one_invoice_for_deliveries_among_others(chosen: tuple[int, ...]) -> None:
    """The others have invoices of their own, which they do not name either."""
    mass = {place: float(row.rsplit(" ", 1)[1]) for place, row in enumerate(SHIPPED)}
    own = [f"special 22 SEP>MAG {mass[place]}" for place in mass if place not in chosen]
    summed = f"special 28 SEP>MAG {sum(mass[place] for place in chosen):.2f}"
    assert not causes(goods(*SHIPPED), invoices(summed, *own, LAST_INVOICE), customs())
    # The others stay as they are where nobody invoiced them.
    left = causes(goods(*SHIPPED), invoices(summed, LAST_INVOICE), customs())
    assert left == ({"goods-without-invoice"} if own else set())


def test_one_customs_line_for_several_exports_with_an_invoice_each() -> None:
    own = [f"ordinary 21 MAG>ABROAD {row.rsplit(' ', 1)[1]}" for row in EXPORTED]
    line = "export 25 MAG>ABROAD 1892 declaration=220120250000000009"
    papers = goods(*EXPORTED), invoices(*own, LAST_INVOICE)
    # 612.4 + 871.25 + 408.3, rounded to the kilogram.
    assert causes(*papers, customs(line, LAST_LINE)) == {"filed-not-exited"}
    found = together(*papers, customs(line, LAST_LINE)).frame
    (group,) = found.filter(pl.col("declaration") == "220120250000000009")["group"]
    assert found.filter((pl.col("group") == group) & (pl.col("side") == 0))["mass_mg"].sum() == 1_891_950_000


def test_name_of_the_consignee_may_differ_but_goods_of_two_consignees_are_no_sum() -> None:
    line = "export 25 MAG>~Overseas_GmbH 1892 declaration=220120250000000009"
    assert not causes(goods(EXPORTED[0], EXPORTED[2], EXPORTED[4]), invoices(), customs(line, LAST_LINE)) & {
        "filed-not-exited", "export-not-filed"
    }  # fmt: skip
    two = goods(EXPORTED[0], EXPORTED[2].replace("ABROAD", "USER"), EXPORTED[4])
    assert "export-not-filed" in causes(two, invoices(), customs(line, LAST_LINE))


def test_deliveries_beside_the_one_that_names_the_paper_are_found() -> None:
    named = SHIPPED[2] + " document=25000000000000000017"
    summed = "special 28 SEP>MAG 1891.95 number=25000000000000000017"
    assert not causes(goods(SHIPPED[0], named, SHIPPED[4]), invoices(summed, LAST_INVOICE), customs())
    declared = EXPORTED[2] + " declaration=220120250000000009"
    line = "export 25 MAG>ABROAD 1891.95 declaration=220120250000000009"
    left = causes(goods(EXPORTED[0], declared, EXPORTED[4]), invoices(), customs(line, LAST_LINE))
    assert not left & {"filed-not-exited", "mass-differs"}


@pytest.mark.parametrize(
    "summed",
    [
        "special 28 SEP>TRADE 1891.95",
        "special 28 SEP>MAG 1700",
        "special 9-28 SEP>MAG 1891.95",
        "special 28 SEP>MAG 1891.95 value=70000",
    ],
)
def test_other_parties_masses_days_and_values_make_no_sum(summed: str) -> None:
    filed = goods(*(f"{SHIPPED[place]} value=20000 currency=CNY" for place in (0, 2, 4)))
    assert causes(filed, invoices(summed, LAST_INVOICE), customs()) == OPEN
    good = "special 28 SEP>MAG 1891.95 value=60000"
    assert not causes(filed, invoices(good, LAST_INVOICE), customs())


def test_goods_must_agree_as_far_as_papers_say() -> None:
    metal = SHIPPED[2] + " product=metal:Nd"
    filed = goods(SHIPPED[0], metal, SHIPPED[4])
    assert causes(filed, invoices("special 28 SEP>MAG 1891.95", LAST_INVOICE), customs()) == OPEN
    rows = ["special 28 SEP>MAG {} number=A line=1", "special 28 SEP>MAG {} number=A line=2 product_name=metal"]
    agree = invoices(rows[0].format(1020.7), rows[1].format(871.25), LAST_INVOICE)
    assert not causes(filed, agree, customs())
    differ = invoices(rows[0].format(1120.7), rows[1].format(771.25), LAST_INVOICE)
    assert causes(filed, differ, customs()) == OPEN
    exported = goods(*(f"{EXPORTED[place]} hs_code=2846901991" for place in (0, 2, 4)))
    line = "export 25 MAG>ABROAD 1891.95 declaration=220120250000000009"
    assert "export-not-filed" in causes(exported, invoices(), customs(line, LAST_LINE))


def test_what_fits_two_ways_is_left_open() -> None:
    """300 kg with 500 kg, or 350 kg with 450 kg: nobody can say which."""
    filed = goods(
        "shipment 2 SEP>MAG 300.1", "shipment 4 SEP>MAG 350.2", "shipment 6 SEP>MAG 449.9", "shipment 8 SEP>MAG 500"
    )
    summed = "special 28 SEP>MAG 800.1"
    assert causes(filed, invoices(summed, LAST_INVOICE), customs()) == OPEN
    # Values that only one of the two has settle it.
    worth = goods(*(
        f"shipment {day} SEP>MAG {mass} value={value} currency=CNY"
        for day, mass, value in ((2, 300.1, 12000), (4, 350.2, 14900), (6, 449.9, 18500), (8, 500, 20700))
    ))  # fmt: skip
    collation = together(worth, invoices(summed + " value=32700"), customs())
    (group,) = collation.frame.filter(pl.col("side") == 1)["group"]
    assert collation.frame.filter((pl.col("group") == group) & (pl.col("side") == 0))["mass_mg"].to_list() == [
        300_100_000, 500_000_000
    ]  # fmt: skip


def test_hundreds_of_equal_deliveries_make_no_sum_and_take_no_time() -> None:
    filed = goods(*(f"shipment {1 + n % 12}-{1 + n % 28} SEP>MAG 100" for n in range(600)))
    invoiced = invoices(*(f"special {1 + n % 12}-{1 + n % 28} SEP>MAG 300" for n in range(120)))
    started = time.process_time()
    frame = together(filed, invoiced, customs()).frame
    assert (
        frame.filter(pl.col("side") == 1)["group"].is_in(frame.filter(pl.col("side") == 0)["group"].implode()).sum()
        == 0
    )
    assert time.process_time() - started < 20


def test_order_of_arrival_changes_no_sum() -> None:
    mass = [100 + 37.3 * (n * n % 29) for n in range(14)]
    filed = goods(*(f"shipment {n + 1} SEP>MAG {one:.1f}" for n, one in enumerate(mass)))
    invoiced = invoices(*(
        f"special 28 SEP>MAG {mass[a] + mass[b]:.1f}" for a, b in ((0, 3), (1, 8), (2, 4), (5, 12))
    ))  # fmt: skip

    def sets(collation: Collation) -> set[frozenset[tuple[int, int, int]]]:
        rows = collation.frame.select("group", "side", "on", "mass_mg").group_by("group").agg(pl.all())
        return {
            frozenset(zip(row["side"], row["on"], row["mass_mg"], strict=True)) for row in rows.to_dicts()
        }  # fmt: skip

    once = sets(together(filed, invoiced, customs()))
    shuffled = filed.sample(fraction=1.0, shuffle=True, seed=7).with_columns(line=pl.int_range(pl.len()) + 1)
    late = invoiced.reverse().with_columns(id=pl.int_range(pl.len()) + 9000)
    assert sets(together(shuffled, late, customs())) == once
    assert max(map(len, once)) > 2
