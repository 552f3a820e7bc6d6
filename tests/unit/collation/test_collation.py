"""Three records of the same goods agree, or say with one word why they do not."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from tests.unit.collation.papers import LAST_INVOICE, LAST_LINE, causes, customs, found, goods, invoices

from lodeline.collation.tolerance import tolerances

SOLD = "shipment 4 SEP>MAG 1000 document=25000000000000000017 document_kind=invoice-special value=50000 currency=CNY"
INVOICED = "special 6 SEP>MAG 1000 number=25000000000000000017 value=50000"
EXPORTED = "export 10 MAG>ABROAD 400 declaration=220120250000000001 value=9000 currency=USD"
RECEIVED = "receipt 4 MAG>USER 300 document=25000000000000000021 document_kind=invoice-special"
INVOICED_ABROAD = "ordinary 10 MAG>ABROAD 400 number=25000000000000000031 value=9000 currency=USD"
CROSSED = "export 12 MAG>ABROAD 400 declaration=220120250000000001 value=9000 currency=USD"


def test_three_records_that_agree_leave_nothing() -> None:
    assert not causes(
        goods(SOLD, EXPORTED), invoices(INVOICED, INVOICED_ABROAD, LAST_INVOICE), customs(CROSSED, LAST_LINE)
    )


@pytest.mark.parametrize(
    ("filed", "invoiced", "crossed", "cause"),
    [
        ([], [INVOICED_ABROAD], [CROSSED], "export-not-filed"),
        ([EXPORTED], [INVOICED_ABROAD], [], "filed-not-exited"),
        ([EXPORTED], [INVOICED_ABROAD], [CROSSED + " status=released"], "filed-not-exited"),
        ([], [], ["import 4 Foreign_Ore>~SEP_works 900"], "import-not-filed"),
        (["origin 4 SEP> 900"], [], [], "filed-not-entered"),
        ([], [INVOICED], [], "invoice-without-goods"),
        ([SOLD], [], [], "goods-without-invoice"),
        ([RECEIVED], [], [], "receipt-without-invoice"),
        ([RECEIVED.replace("MAG>USER", "MAG>SEP")], [], [], "receipt-without-invoice"),
        ([RECEIVED.split(" document", maxsplit=1)[0]], [], [], "receipt-without-invoice"),
        ([SOLD], [INVOICED.replace(" 1000 ", " 900 ")], [], "mass-differs"),
        ([EXPORTED], [INVOICED_ABROAD], [CROSSED.replace(" 400 ", " 380 ")], "mass-differs"),
        ([SOLD], [INVOICED.replace("=50000", "=61000")], [], "value-differs"),
        ([SOLD], [INVOICED.replace("6 SEP", "9-6 SEP")], [], "date-differs"),
        ([SOLD], [INVOICED.replace(">MAG", ">TRADE")], [], "party-differs"),
        ([SOLD], [INVOICED.replace("special", "ordinary")], [], "kind-differs"),
        ([EXPORTED], [INVOICED_ABROAD], [CROSSED + " status=returned"], "return-not-filed"),
        ([], ["special 6 SEP>MAG -70 value=-10"], [], "return-not-filed"),
    ],
)
def test_each_cause_has_its_word(filed: list[str], invoiced: list[str], crossed: list[str], cause: str) -> None:
    assert causes(goods(*filed), invoices(*invoiced, LAST_INVOICE), customs(*crossed, LAST_LINE)) == {cause}


@pytest.mark.parametrize(
    ("received", "invoiced"),
    [
        (RECEIVED, "special 6 USER>MAG 300 number=25000000000000000021"),
        (RECEIVED.split(" document", maxsplit=1)[0], "special 6 USER>MAG 300"),
        (RECEIVED + " owner=USER", LAST_INVOICE),  # work on order
        (RECEIVED + " reason=returned", LAST_INVOICE),
        ("receipt 4 MAG>SEP 300", LAST_INVOICE),  # it files: its shipment may be of another lot
        ("receipt 4 USER>ABROAD 300 document=25000000000000000021", LAST_INVOICE),
    ],
)
def test_receipt_with_its_invoice_and_one_that_takes_none_leave_nothing(received: str, invoiced: str) -> None:
    assert not causes(goods(received), invoices(*{invoiced: 0, LAST_INVOICE: 0}), customs(LAST_LINE))


def test_absent_partner_is_not_due_before_its_day_and_grows_old_after_it() -> None:
    papers = goods(SOLD), invoices(LAST_INVOICE), customs()
    (early,) = found(*papers, today=date(2025, 7, 5)).to_dicts()
    assert (early["state"], early["due"], early["age_days"]) == ("not-due", date(2025, 7, 5), 0)
    (late,) = found(*papers, today=date(2025, 7, 15)).to_dicts()
    assert (late["state"], late["age_days"], late["mass_mg"], late["value"]) == ("open", 10, 10**9, 50_000.0)
    # The tax authority's records do not reach that far yet: nobody can say that the invoice is missing.
    (unknown,) = found(goods(SOLD), invoices("ordinary 20 USER>ABROAD 1"), customs()).to_dicts()
    assert unknown["state"] == "not-due"


def test_export_is_filed_in_time_until_its_deadline() -> None:
    papers = goods(), invoices(), customs(CROSSED)
    assert causes(*papers, today=date(2025, 7, 9)) == set()
    assert causes(*papers, today=date(2025, 7, 10)) == {"export-not-filed"}


def test_one_invoice_for_several_deliveries_and_one_delivery_on_several_invoices() -> None:
    number = "document=25000000000000000017"
    filed = goods(
        f"shipment 4 SEP>MAG 600 {number}", f"shipment 5 SEP>MAG 400 {number}", "shipment 9 MAG>TRADE 50 document=A1;A2"
    )
    invoiced = invoices("special 6 SEP>MAG 1000 number=25000000000000000017", "special 9 MAG>TRADE 20 number=A1",
                        "special 9 MAG>TRADE 30 number=A2", LAST_INVOICE)  # fmt: skip
    assert not causes(filed, invoiced, customs())


def test_sums_are_found_without_any_number() -> None:
    filed = goods(
        "shipment 2 SEP>MAG 610", "shipment 9 SEP>MAG 415", "shipment 16 SEP>MAG 333", "shipment 7 MAG>TRADE 90"
    )
    invoiced = invoices("special 30 SEP>MAG 1358", "special 8 MAG>TRADE 35", "special 9 MAG>TRADE 55", LAST_INVOICE)
    assert not causes(filed, invoiced, customs())


def test_second_invoice_that_the_filer_did_not_name_completes_the_first() -> None:
    filed = goods("shipment 4 SEP>MAG 1000 document=25000000000000000017")
    invoiced = invoices("special 6 SEP>MAG 700 number=25000000000000000017", "special 7 SEP>MAG 300", LAST_INVOICE)
    assert not causes(filed, invoiced, customs())
    assert causes(filed, invoiced.filter(pl.col("number") != "N2"), customs()) == {"mass-differs"}


def test_export_that_leaves_in_parts_adds_up() -> None:
    parts = customs(
        "export 12 MAG>ABROAD 250 declaration=220120250000000001",
        "export 19 MAG>ABROAD 150 declaration=220120250000000001 line=2",
        LAST_LINE,
    )  # fmt: skip
    assert not causes(goods(EXPORTED), invoices(INVOICED_ABROAD, LAST_INVOICE), parts)


def test_mistyped_number_is_found_by_what_agrees_and_the_nearest_number_wins() -> None:
    filed = goods(SOLD.replace("0017", "0071"), SOLD.replace("0017", "0018"))
    invoiced = invoices(INVOICED, INVOICED.replace("0017", "0018"), LAST_INVOICE)
    assert not causes(filed, invoiced, customs())


def test_names_stand_for_ids_whatever_is_hidden_in_them() -> None:
    filed = goods("shipment 4 SEP>MAG 1000")
    assert not causes(filed, invoices("special 6 ~SEP_Works>~Mag_works 1000", LAST_INVOICE), customs())
    # Nobody knows this name; it is one name all the same, with and without a zero-width space.
    unknown = goods("shipment 4 SEP>Neue\u200bFirma 80")
    assert not causes(unknown, invoices("ordinary 5 SEP>~Neue_Firma 80", LAST_INVOICE), customs()) - {"kind-differs"}


def test_short_number_belongs_to_its_issuer() -> None:
    """Two sellers both have an invoice 001."""
    filed = goods("shipment 4 SEP>MAG 1000 document=001", "shipment 5 TRADE>MAG 70 document=001")
    invoiced = invoices("special 6 SEP>MAG 1000 number=1", "special 6 TRADE>MAG 70 number=0001", LAST_INVOICE)
    assert not causes(filed, invoiced, customs())


def test_red_invoice_goes_with_the_goods_that_came_back_or_undoes_its_invoice() -> None:
    back = goods(SOLD, "shipment 20 MAG>SEP 1000 reason=returned")
    red = "special 25 SEP>MAG -1000 value=-50000"
    assert not causes(back, invoices(INVOICED, red, LAST_INVOICE), customs())
    assert not causes(goods(), invoices(INVOICED, red, LAST_INVOICE), customs())


def test_goods_returned_from_abroad_need_their_own_filing() -> None:
    returned = customs(CROSSED + " status=returned", LAST_LINE)
    back = "origin 28 MAG>ABROAD 400 declaration=220120250000000001"
    assert not causes(goods(EXPORTED, back), invoices(INVOICED_ABROAD, LAST_INVOICE), returned)


def test_goods_of_another_owner_move_without_an_invoice_and_a_receipt_shows_goods() -> None:
    assert not causes(goods("shipment 4 SEP>MAG 1000 owner=MAG"), invoices(LAST_INVOICE), customs())
    assert not causes(goods("receipt 8 MAG>SEP 1000"), invoices(INVOICED, LAST_INVOICE), customs())


def test_value_with_tax_and_rounded_masses_agree() -> None:
    taxed = goods(SOLD.replace("=50000", "=56500"))
    assert not causes(taxed, invoices(INVOICED.replace(" 1000 ", " 1003.2 "), LAST_INVOICE), customs())


@pytest.mark.parametrize(
    ("filed", "invoiced", "agrees"),
    [("56500", "50000", True), ("50000", "56500", True), ("50400", "50000", True), ("57500", "50000", False),
     ("50000", "57500", False), ("58000", "50000", False), ("52500", "50000", False)],
)  # fmt: skip
def test_either_value_may_carry_the_tax_and_no_other_surplus(filed: str, invoiced: str, agrees: bool) -> None:
    found = causes(
        goods(SOLD.replace("=50000", f"={filed}")),
        invoices(INVOICED.replace("=50000", f"={invoiced}"), LAST_INVOICE),
        customs(),
    )
    assert found == (set() if agrees else {"value-differs"})


def test_tax_is_that_of_the_day() -> None:
    tax = tolerances().on
    assert [tax("tax_pct", day) for day in (date(2018, 4, 30), date(2019, 3, 31), date(2019, 4, 1))] == [17, 16, 13]


def test_customs_value_carries_no_tax() -> None:
    papers = goods(EXPORTED), invoices(INVOICED_ABROAD, LAST_INVOICE)
    assert causes(*papers, customs(CROSSED.replace("=9000", "=10170"), LAST_LINE)) == {"value-differs"}
    taxed = goods(EXPORTED.replace("=9000", "=10170")), invoices(INVOICED_ABROAD, LAST_INVOICE)
    assert not causes(*taxed, customs(CROSSED, LAST_LINE))


@pytest.mark.parametrize(("filed", "invoiced"), [(56500, 50000), (50000, 56500)])
def test_value_with_tax_joins_what_bears_no_number(filed: int, invoiced: int) -> None:
    """The masses are too far apart to say so; and where one party differs mass and value must both agree."""
    sold = f"shipment 4 SEP>MAG 1000 value={filed} currency=CNY"
    far = invoices(f"special 6 SEP>MAG 900 value={invoiced}", LAST_INVOICE)
    assert causes(goods(sold), far, customs()) == {"mass-differs"}
    other = invoices(f"special 6 SEP>TRADE 1000 value={invoiced}", LAST_INVOICE)
    assert causes(goods(sold), other, customs()) == {"party-differs"}
    wrong = invoices(f"special 6 SEP>TRADE 1000 value={invoiced + 8000}", LAST_INVOICE)
    assert causes(goods(sold), wrong, customs()) == {"goods-without-invoice", "invoice-without-goods"}


def test_order_of_arrival_changes_nothing() -> None:
    rows = [f"shipment {day} SEP>MAG {100 + day % 5}" for day in range(1, 29)]
    papers = [f"special {day} SEP>MAG {100 + day % 5}" for day in range(2, 30) if day % 6]
    filed, invoiced = goods(*rows), invoices(*papers, LAST_INVOICE)
    once = found(filed, invoiced, customs()).drop("group")
    late = invoiced.sample(fraction=1.0, shuffle=True, seed=4).with_columns(id=pl.int_range(pl.len()) + 5000)
    earlier = filed.reverse().with_columns(line=pl.int_range(pl.len()) + 1)
    assert once.equals(found(earlier, late, customs()).drop("group"))
    assert once.height
