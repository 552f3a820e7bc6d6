"""Each rule hits the row that breaks it, in the column that breaks it, and leaves right rows alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from lodeline.filing.cell import PARSERS
from lodeline.filing.check import Checked
from lodeline.filing.names import CODES, product_words
from lodeline.language import LANGUAGES, Language
from lodeline.ledger.problem import CATALOGUE
from lodeline.material.assay import explode
from lodeline.material.composition import balance_shares, format_composition, read_canonical, read_stated
from lodeline.material.element import SYMBOLS, TREO
from lodeline.material.product import PRODUCTS

Row = dict[str, str]
Rows = dict[str, Row]
Judge = Callable[..., Checked]


def found(checked: Checked) -> list[tuple[str, int | None, str | None]]:
    return [(one.code, one.where.row, one.where.column) for one in checked.problems]


def test_right_rows_of_every_kind_raise_nothing(judge: Judge, right: Rows) -> None:
    checked = judge(*right.values(), correcting=True)
    assert checked.problems == ()
    assert checked.rows.height == len(right)


#: (kind of the right row, cells to change, code, column). An empty text empties the cell.
BREAKS = [
    ("origin", {"event": ""}, "cell.missing", "event"),
    ("origin", {"kind": ""}, "cell.missing", "kind"),
    ("origin", {"on": ""}, "cell.missing", "on"),
    ("origin", {"site": ""}, "cell.missing", "site"),
    ("origin", {"lot": ""}, "cell.missing", "lot"),
    ("origin", {"product": ""}, "cell.missing", "product"),
    ("origin", {"mass_kg": ""}, "cell.missing", "mass_kg"),
    ("origin", {"origin_kind": ""}, "cell.missing", "origin_kind"),
    ("origin", {"composition": ""}, "composition.missing", "composition"),
    ("origin", {"origin_place": ""}, "origin.place-missing", "origin_place"),
    ("in", {"role": ""}, "cell.missing", "role"),
    ("export", {"product": ""}, "cell.missing", "product"),
    ("loss", {"reason": ""}, "cell.missing", "reason"),
    ("adjustment", {"reason": ""}, "cell.missing", "reason"),
    ("origin", {"kind": "sale"}, "choice.unknown", "kind"),
    ("in", {"role": "through"}, "choice.unknown", "role"),
    ("origin", {"origin_kind": "found"}, "choice.unknown", "origin_kind"),
    ("origin", {"basis": "molar"}, "choice.unknown", "basis"),
    ("origin", {"composition_status": "guessed"}, "choice.unknown", "composition_status"),
    ("shipment", {"document_kind": "napkin"}, "choice.unknown", "document_kind"),
    ("origin", {"on": "2025-02-30"}, "date.invalid", "on"),
    ("origin", {"on": "01/06/2025"}, "date.invalid", "on"),
    ("origin", {"on": "2025-07-01"}, "date.outside-period", "on"),
    ("origin", {"on": "45811"}, "date.serial", "on"),
    ("origin", {"mass_kg": "twelve"}, "number.invalid", "mass_kg"),
    ("origin", {"mass_kg": "1,250"}, "number.grouped", "mass_kg"),
    ("origin", {"mass_kg": "NaN"}, "number.not-finite", "mass_kg"),
    ("origin", {"mass_kg": "1e400"}, "number.not-finite", "mass_kg"),
    ("origin", {"mass_kg": "1e999999999999999999999"}, "number.not-finite", "mass_kg"),
    ("origin", {"mass_kg": "-5"}, "mass.negative", "mass_kg"),
    ("origin", {"mass_kg": "0.0000001"}, "mass.finer-than-milligram", "mass_kg"),
    ("origin", {"mass_kg": "1.000000000000000000000000000000000000001"}, "mass.finer-than-milligram", "mass_kg"),
    ("origin", {"mass_kg": "1000000001"}, "mass.too-large", "mass_kg"),
    ("adjustment", {"mass_kg": "0.0"}, "adjustment.zero", "mass_kg"),
    ("origin", {"moisture_pct": "101"}, "number.out-of-range", "moisture_pct"),
    ("origin", {"moisture_pct": "-1"}, "number.out-of-range", "moisture_pct"),
    ("origin", {"pieces": "1.5"}, "number.too-precise", "pieces"),
    ("origin", {"pieces": "-1"}, "number.out-of-range", "pieces"),
    ("shipment", {"value": "1.1234567"}, "number.too-precise", "value"),
    ("origin", {"lot": "批次 12"}, "lot.malformed", "lot"),
    ("origin", {"lot": "A" * 65}, "lot.malformed", "lot"),
    ("origin", {"lot": "2025/06/001"}, "lot.slash", "lot"),
    ("origin", {"lot": "BETA/ORE-1"}, "lot.other-maker", "lot"),
    ("origin", {"event": "E" * 65}, "event.malformed", "event"),
    ("origin", {"event": "E\u200b1"}, "event.malformed", "event"),
    ("origin", {"product": "ndpr-oxide"}, "product.unknown", "product"),
    ("origin", {"product": "oxide:"}, "product.unknown", "product"),
    ("origin", {"composition": "Nd 24"}, "composition.malformed", "composition"),
    ("origin", {"composition": ";"}, "composition.malformed", "composition"),
    ("origin", {"composition": "Xx=3"}, "composition.unknown-element", "composition"),
    ("origin", {"composition": "Nd=1;nd=2"}, "composition.element-twice", "composition"),
    ("origin", {"composition": "Nd=-1"}, "composition.not-a-share", "composition"),
    ("origin", {"composition": "Nd=60;Fe=40.6"}, "composition.over-100", "composition"),
    ("origin", {"composition": "Nd=101"}, "composition.over-100", "composition"),
    ("origin", {"composition": "TREO=100.6"}, "composition.over-100", "composition"),
    ("origin", {"composition": "Nd=60;Pr=45", "basis": "oxide"}, "composition.over-100", "composition"),
    ("origin", {"composition": "Nd=60;Fe=40.5"}, "composition.near-100", "composition"),
    ("origin", {"composition": "Nd=80", "basis": "reo-share"}, "composition.treo-missing", "composition"),
    ("origin", {"composition": "Pm=1", "basis": "oxide"}, "composition.no-oxide-factor", "composition"),
    ("origin", {"composition_status": "unknown"}, "composition.status-differs", "composition_status"),
    ("shipment", {"counterparty": "", "counterparty_name": ""}, "party.missing", "counterparty_name"),
    ("receipt", {"counterparty": "", "counterparty_name": "", "to_site": "X"}, "party.missing", "counterparty_name"),
    ("title", {"counterparty": "", "counterparty_name": ""}, "party.missing", "counterparty_name"),
    ("shipment", {"to_site": "PLANT-2"}, "shipment.two-destinations", "to_site"),
    (
        "shipment",
        {"to_site": "PLANT", "counterparty": "", "counterparty_name": ""},
        "shipment.to-itself",
        "to_site",
    ),
    ("shipment", {"counterparty": "ACME"}, "party.self", "counterparty"),
    ("shipment", {"currency": "yuan"}, "currency.malformed", "currency"),
    ("shipment", {"counterparty_country": "ZZZ"}, "country.unknown", "counterparty_country"),
    ("export", {"hs_code": "85.05"}, "hs-code.malformed", "hs_code"),
    ("export", {"hs_code": "8505191000"}, "hs-code.differs-from-product", "hs_code"),
    ("export", {"end_use": ""}, "export.incomplete", None),
]


@pytest.mark.parametrize("case", BREAKS, ids=lambda case: f"{case[2]} {case[1]}"[:60])
def test_a_broken_cell_is_named(judge: Judge, right: Rows, case: tuple[str, Row, str, str | None]) -> None:
    kind, change, code, column = case
    checked = judge(right["stock"] | {"lot": "OTHER"}, right[kind] | change)
    assert found(checked) == [(code, 3, column)]
    assert checked.problems[0].severity == CATALOGUE[code].severity


@pytest.mark.parametrize(
    ("shares", "total"), [("Nd=101", "101"), ("Nd=60;Fe=200", "260"), ("Nd=" + "9" * 400, "1000000")]
)
def test_a_sum_above_all_is_shown_as_filed(judge: Judge, right: Rows, shares: str, total: str) -> None:
    (one,) = judge(right["origin"] | {"composition": shares}).problems
    assert (one.code, one.facts["total_pct"]) == ("composition.over-100", total)


#: What an assay of a sintered magnet states, as `composition`, its basis, and what the ledger keeps of it.
ASSAYS = [
    (
        "Nd=24.1;Pr=6.02;Dy=1.5;B=0.95;Fe=64.93;Co=1.0;Cu=0.2;Ga=0.3;Al=0.5;Nb=0.2;Zr=0.1",
        "element",
        "Al=5000000;Cu=2000000;Ga=3000000;Zr=1000000;Nb=2000000",
    ),
    ("钕=24.1；镨：6.02%；铜=0.2", "element", "Cu=2000000"),
    ("Nd2O3=30;Al2O3=10;SiO2=n.d.", "element", "Al=52925692;Si=0"),
    ("TREO=90;Nd=75;Pr=25;Ca=0.4", "reo-share", "Ca=4000000"),
]


@pytest.mark.parametrize(("text", "basis", "kept"), ASSAYS)
def test_elements_that_are_not_followed_are_kept(judge: Judge, right: Rows, text: str, basis: str, kept: str) -> None:
    checked = judge(right["origin"] | {"composition": text, "basis": basis})
    assert not checked.problems
    (canonical,) = checked.rows["composition"]
    assert canonical == format_composition(read_stated(text, basis).shares), "as the desk reads it"
    followed = {SYMBOLS[element] for element in explode(pl.Series([canonical]))["element"]}
    assert followed < set(read_canonical(canonical)) and canonical.endswith(f";{kept}")
    assert dict(balance_shares(canonical)).keys() == followed | {TREO}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_pages_show_is_understood_in_a_file(judge: Judge, right: Rows, language: Language) -> None:
    for column, codes in CODES.items():
        for code, words in codes.items():
            assert PARSERS[column].other(words[language]).value == code, (column, words)
    for kind in PRODUCTS:
        of = "PrNd" if kind in ("oxide", "salt", "metal", "alloy") else ""
        code = f"{kind}:{of}" if of else kind
        assert PARSERS["product"].other(product_words(code)[language]).value == code
    named = right["receipt"] | {"kind": CODES["kind"]["receipt"][language]}
    assert judge(named).rows["kind"].to_list() == ["receipt"]


def test_the_message_quotes_what_was_filed(judge: Judge, right: Rows) -> None:
    (one,) = judge(right["origin"] | {"mass_kg": "1,250"}).problems
    assert one.facts == {"value": "1,250"}
    assert one.message("en").startswith("1,250 has a separator")
    assert "1,250" in one.message("zh")


KEPT = [
    ("shipment", {"role": "carrier", "origin_kind": "?", "hs_code": "n/a"}),
    ("stock", {"currency": "yuan", "document_kind": "napkin", "destination": "the moon"}),
    (
        "void",
        {"on": "31.12.1999", "mass_kg": "-1e999", "lot": "批次", "product": "?", "site": "?", "composition": "Xx"},
    ),
]


@pytest.mark.parametrize(("kind", "cells"), KEPT, ids=lambda value: str(value)[:20])
def test_what_does_not_apply_is_kept_and_never_rejected(judge: Judge, right: Rows, kind: str, cells: Row) -> None:
    checked = judge(right[kind] | cells, correcting=True)
    assert not checked.rejects
    for name in ("role", "document_kind", "destination", "hs_code", "currency"):
        if name in cells:
            assert checked.rows[name][0] == cells[name]


READ = [
    ("mass_kg", "１２．５", "mass_mg", 12_500_000),
    ("mass_kg", "1e3", "mass_mg", 1_000_000_000),
    ("mass_kg", " +7 ", "mass_mg", 7_000_000),
    ("mass_kg", "0", "mass_mg", 0),
    ("mass_kg", "1000000000", "mass_mg", 10**15),
    ("mass_kg", ".5", "mass_mg", 500_000),
    ("moisture_pct", "2.5%", "moisture_ppb", 25_000_000),
    ("moisture_pct", "100", "moisture_ppb", 10**9),
    ("on", "2025/6/3", "on", "2025-06-03"),
    ("on", "2025年6月3日", "on", "2025-06-03"),
    ("on", "２０２５-０６-０３", "on", "2025-06-03"),
    ("on", "20250603", "on", "2025-06-03"),
    ("on", "2025-06-03 00:00:00", "on", "2025-06-03"),
    ("pieces", "1200.0", "pieces", 1200),
    ("value", "0100.500", "value", "100.5"),
    ("value", "-0", "value", "0"),
    ("product", "Oxide：PrNd", "product", "oxide:PrNd"),
    ("kind", "ORIGIN", "kind", "origin"),
    ("hs_code", "8505.11 1000", "hs_code", "8505111000"),
    ("destination", "deu", "destination", "DE"),
    ("currency", "cny", "currency", "CNY"),
    ("composition", "nd = 24.1；Pr=6", "composition", "Pr=60000000;Nd=241000000"),
    ("note", "  e\u0301tat ", "note", "\u00e9tat"),
    ("note", "=1+1", "note", "=1+1"),
]


@pytest.mark.parametrize("case", READ, ids=lambda case: f"{case[0]} {case[1]}"[:60])
def test_unusual_ways_of_writing_are_read(judge: Judge, right: Rows, case: tuple[str, str, str, str | int]) -> None:
    column, text, typed, value = case
    checked = judge(right["origin"] | {column: text})
    assert not checked.rejects
    cell: Any = checked.rows[typed][0]
    assert (str(cell) if typed == "on" else cell) == value


@pytest.mark.parametrize(("column", "text", "value"), [("mass_t", "1.000000001", 10**9 + 1), ("mass_g", "0.5", 500)])
def test_mass_in_tonnes_and_grams(judge: Judge, right: Rows, column: str, text: str, value: int) -> None:
    row = {name: cell for name, cell in right["origin"].items() if name != "mass_kg"} | {column: text}
    checked = judge(row)
    assert checked.problems == ()
    assert checked.rows["mass_mg"].to_list() == [value]


def test_dry_mass_is_rounded_down(judge: Judge, right: Rows) -> None:
    checked = judge(right["origin"] | {"mass_kg": "0.000003", "moisture_pct": "50"})
    assert checked.rows["dry_mg"].to_list() == [1]


def test_lots_in_the_three_canonical_forms(judge: Judge, right: Rows) -> None:
    uri = "https://id.gs1.org/01/09506000134352/10/ABC%2F1?x=1"
    lots = ["ORE-1", "BETA/ORE-1", uri, "urn:epc:class:lgtin:4012345.012345.998877"]
    checked = judge(*(right["shipment"] | {"event": f"S-{i}", "lot": lot} for i, lot in enumerate(lots)))
    assert checked.problems == ()
    assert judge(right["origin"] | {"lot": uri}).problems == ()
    assert judge(right["origin"] | {"lot": "ACME/ORE-1"}).problems == ()


def test_a_missing_column_is_named_once(judge: Judge, right: Rows) -> None:
    rows = [{k: v for k, v in right["origin"].items() if k != "site"} | {"lot": f"L{i}"} for i in range(3)]
    (one,) = judge(*rows).problems
    assert (one.code, one.where.row, one.where.column, one.facts["count"]) == ("column.missing", 1, "site", 3)


def test_all_problems_come_at_once_in_order_of_rows(judge: Judge, right: Rows) -> None:
    checked = judge(right["origin"] | {"mass_kg": "x", "on": "y"}, right["shipment"] | {"lot": "批"}, right["stock"])
    assert [(code, row) for code, row, _ in found(checked)] == [
        ("date.invalid", 2), ("number.invalid", 2), ("lot.malformed", 3),
    ]  # fmt: skip


def test_many_problems_of_one_code_are_listed_up_to_a_limit(judge: Judge, right: Rows) -> None:
    checked = judge(*(right["stock"] | {"lot": f"L{i}", "mass_kg": "x"} for i in range(1500)))
    listed = [one for one in checked.problems if one.code == "number.invalid"]
    assert len(listed) == 1000
    (more,) = [one for one in checked.problems if one.code == "problems.more"]
    assert more.facts == {"count": 500, "code": "number.invalid"}


def test_every_rule_of_a_row_is_broken_by_a_test() -> None:
    """A rule that no row of this file breaks is a rule that nobody has seen at work."""
    from lodeline.filing.rules import ROW_RULES  # noqa: PLC0415  (only this test looks inside)

    elsewhere = {"void.and-restated", "void.twice", "event.mixes-kinds", "event.mixes-sites", "event.mixes-days"}
    assert {rule.code for rule in ROW_RULES} - elsewhere <= {code for _, _, code, _ in BREAKS}
