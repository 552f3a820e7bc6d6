"""A feed tells every problem at once, each with its cell, in both languages; what is strange but possible is kept."""

from __future__ import annotations

import json
from datetime import date

import polars as pl
import pytest

from lodeline.filing.feed import CheckedFeed, read_feed_bytes
from lodeline.filing.feed_schema import FEEDS, columns, feed_of, feed_text

TODAY = date(2025, 8, 1)
INVOICE = "number,kind,on,seller,seller_name,buyer_name,product_name,mass_kg,value,currency"
LINE = "declaration,line,on,direction,status,exporter_name,consignee_name,product_name,hs_code,mass_kg,destination"


def invoice(**cells: str) -> str:
    row = {"number": "1", "kind": "special", "on": "2025-07-04", "seller": "SEP", "seller_name": "",
           "buyer_name": "Mag Ltd", "product_name": "oxide", "mass_kg": "10", "value": "5",
           "currency": "CNY"} | cells  # fmt: skip
    return ",".join(row[name] for name in INVOICE.split(","))


def line(**cells: str) -> str:
    row = {"declaration": "D", "line": "1", "on": "2025-07-04", "direction": "export", "status": "exited",
           "exporter_name": "Mag Ltd", "consignee_name": "", "product_name": "magnet", "hs_code": "8505111000",
           "mass_kg": "10", "destination": "DE"} | cells  # fmt: skip
    return ",".join(row[name] for name in LINE.split(","))


def read(*lines: str, name: str = "feed.csv") -> CheckedFeed:
    return read_feed_bytes(name, "\n".join([*lines, ""]).encode(), today=TODAY)


def told(checked: CheckedFeed) -> set[tuple[str, int | None, str | None]]:
    return {(one.code, one.where.row, one.where.column) for one in checked.problems}


@pytest.mark.parametrize(
    ("row", "code", "column"),
    [
        (invoice(mass_kg="0"), "feed.mass-zero", "mass_kg"),
        (invoice(mass_kg="-5"), "feed.sign-differs", "value"),
        (invoice(mass_kg="1,250").replace("1,250", '"1,250"'), "number.grouped", "mass_kg"),
        (invoice(mass_kg="10 kg"), "number.invalid", "mass_kg"),
        (invoice(kind="sonstige"), "choice.unknown", "kind"),
        (invoice(on="2025-07-32"), "date.invalid", "on"),
        (invoice(on="2025-08-02"), "feed.day-not-come", "on"),
        (invoice(number=""), "feed.cell-missing", "number"),
        (invoice(buyer_name=""), "feed.party-missing", "buyer_name"),
        (invoice(currency="yuan"), "currency.malformed", "currency"),
        (invoice(buyer_name="x" * 10_000), "cell.too-long", "buyer_name"),
        (line(hs_code="85.05"), "hs-code.malformed", "hs_code"),
        (line(mass_kg="-1"), "mass.negative", "mass_kg"),
        (line(direction="import"), "feed.party-missing", "consignee_name"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_refuses_the_file(row: str, code: str, column: str) -> None:
    checked = read(INVOICE if row.count(",") == INVOICE.count(",") or '"' in row else LINE, row)
    assert (code, 2, column) in told(checked)
    assert checked.rejects
    (found,) = [one for one in checked.problems if one.code == code]
    assert found.message("en") and found.message("zh") != found.message("en")


@pytest.mark.parametrize(
    ("row", "code", "column"),
    [
        (invoice(buyer_name="Mag\u200b Ltd"), "feed.name-hidden", "buyer_name"),
        (invoice(buyer_name="\u202egaM"), "feed.name-hidden", "buyer_name"),
        (invoice(buyer_name="M\u0430g Ltd"), "feed.name-mixed", "buyer_name"),
        (line(destination="ZZ9"), "country.unknown", "destination"),
    ],
)
def test_what_is_strange_is_flagged_and_kept_as_sent(row: str, code: str, column: str) -> None:
    checked = read(INVOICE if row.count(",") == INVOICE.count(",") else LINE, row)
    assert (code, 2, column) in told(checked)
    assert not checked.rejects and checked.rows.height == 1
    assert checked.rows[column][0] in row


def test_name_in_a_script_from_right_to_left_is_a_name() -> None:
    checked = read(INVOICE, invoice(buyer_name="شركة المغناطيس"))
    assert not checked.problems


def test_all_problems_come_at_once_in_the_order_of_the_rows() -> None:
    checked = read(INVOICE, invoice(mass_kg="0", currency="x"), invoice(number="2"), invoice(number="3", kind="?"))
    assert [one.where.row for one in checked.problems] == [2, 2, 4]


def test_slip_of_the_unit_is_remarked_in_both_directions() -> None:
    rows = [invoice(number=str(n), mass_kg=mass) for n, mass in enumerate(["10", "11", "9", "10", "10000", "0.009"])]
    checked = read(INVOICE, *rows)
    assert told(checked) == {("feed.mass-unusual", 6, "mass_kg"), ("feed.mass-unusual", 7, "mass_kg")}
    assert not checked.rejects
    assert not read(INVOICE, *rows[:4]).problems


def test_row_that_repeats_counts_once_and_one_that_contradicts_refuses() -> None:
    again = read(INVOICE, invoice(), invoice())
    assert told(again) == {("feed.row-repeated", 3, "product_name")}
    assert again.rows.height == 1
    other = read(LINE, line(), line(mass_kg="11"))
    assert ("feed.contradicts", 3, "line") in told(other) and other.rejects
    two_goods = read(INVOICE, invoice(), invoice(product_name="metal", mass_kg="11"))
    assert not two_goods.problems and two_goods.rows.height == 2
    two_buyers = read(INVOICE, invoice(), invoice(product_name="metal", buyer_name="Other Ltd"))
    assert ("feed.contradicts", 3, "buyer_name") in told(two_buyers)


def test_two_rows_of_one_goods_name_are_two_rows_of_the_invoice() -> None:
    by_order = read(INVOICE, invoice(), invoice(mass_kg="11", value="6"))
    assert not by_order.problems and by_order.rows.height == 2
    numbered = read(INVOICE + ",line", invoice() + ",1", invoice() + ",2", invoice(number="2") + ",1")
    assert not numbered.problems and numbered.rows.height == 3
    chinese = read(INVOICE + ",行号", invoice() + ",1", invoice() + ",2")
    assert chinese.rows["line"].to_list() == ["1", "2"]


def test_line_number_of_an_invoice_that_contradicts_or_is_left_out_refuses() -> None:
    twice = read(INVOICE + ",line", invoice() + ",1", invoice(mass_kg="11") + ",1")
    assert told(twice) == {("feed.contradicts", 2, "line"), ("feed.contradicts", 3, "line")} and twice.rejects
    some = read(INVOICE + ",line", invoice() + ",1", invoice(mass_kg="11") + ",", invoice(number="2") + ",")
    assert told(some) == {("feed.cell-missing", 3, "line")} and some.rejects
    pasted = read(INVOICE + ",line", invoice() + ",1", invoice() + ",1")
    assert told(pasted) == {("feed.row-repeated", 3, "product_name")} and pasted.rows.height == 1


def test_row_without_a_line_number_has_the_text_that_it_had_before_there_were_any() -> None:
    plain = feed_text(read(INVOICE, invoice()).rows, "invoices")[0]
    assert plain == "1|1:17:special10:2025-07-043:SEP--7:Mag Ltd5:oxide8:100000001:53:CNY-"
    numbered = feed_text(read(INVOICE + ",line", invoice() + ",1").rows, "invoices")[0]
    assert numbered == plain + "1:1"


def test_red_invoice_has_both_signs() -> None:
    checked = read(INVOICE, invoice(mass_kg="-10", value="-5"))
    assert not checked.problems and checked.rows["mass_mg"][0] == -10_000_000


def test_chinese_header_and_words_mean_the_same() -> None:
    chinese = read(
        "发票号码,发票种类,开票日期,销售方编号,购买方名称,货物名称,净重千克", "1,专用,2025-07-04,SEP,Mag Ltd,oxide,10"
    )
    english = read(INVOICE, invoice(value="", currency=""))
    assert not chinese.problems
    assert chinese.rows.equals(english.rows)


def test_json_lines_give_the_same_rows() -> None:
    row = {"number": "1", "kind": "special", "on": "2025-07-04", "seller": "SEP", "buyer_name": "Mag Ltd"}
    text = json.dumps(row | {"product_name": "oxide", "mass_kg": 10})
    assert read(text, name="feed.ndjson").rows.equals(read(INVOICE, invoice(value="", currency="")).rows)


def test_header_tells_the_feed_and_an_unknown_column_is_kept() -> None:
    assert {feed: feed_of(tuple(columns(feed))) for feed in FEEDS} == {"invoices": "invoices", "customs": "customs"}
    assert told(read("price,colour", "1,red")) == {("feed.unknown-kind", 1, None)}
    extra = read(INVOICE + ",colour", invoice() + ",red")
    assert told(extra) == {("column.unknown", 1, "colour")}
    assert extra.rows["extra"].to_list() == ['{"colour":"red"}']


def test_a_column_of_bad_cells_is_listed_up_to_a_thousand_and_counted() -> None:
    checked = read(INVOICE, *(invoice(number=str(n), currency="x") for n in range(1200)))
    counts = pl.Series([one.code for one in checked.problems]).value_counts()
    assert dict(counts.iter_rows()) == {"currency.malformed": 1000, "problems.more": 1}
    assert checked.problems[-1].facts["count"] == 200
