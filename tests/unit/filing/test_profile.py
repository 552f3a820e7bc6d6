"""A firm's own export is read as it comes; what cannot be told is left as it stands and shown."""

from __future__ import annotations

import io
import json
from datetime import date

import pytest
from openpyxl import Workbook

from lodeline.filing.check import Checked, check
from lodeline.filing.columns.profile import Profile, ProfileError
from lodeline.filing.columns.proposal import Proposal, propose
from lodeline.filing.table import Table, read_bytes, read_sheets

EXPORT = """单据编号;业务类型;过账日期;工厂;物料批次号;物料名称;数量;计量单位;化学成分;客户名称;毛重;Farbe
S-1;销售出库;13.06.2025;PLANT;L-1;metal:Nd;1.250,5;KG;;宁波某某;9;rot
S-2;销售出库;14.06.2025;PLANT;L-2;metal:Nd;1,5;吨;;宁波某某;9;rot
S-3;销售出库;15.06.2025;PLANT;L-3;metal:Nd;2.000.000;g;Nd=99,5;宁波某某;9;rot
"""


def proposal_of(text: str) -> Proposal:
    return propose(read_sheets([("export.csv", text.encode())])[0][1])


def read_with(profile: Profile | None, text: str) -> Table:
    return read_bytes([("export.csv", text.encode())], profile=profile)


def judged(table: Table) -> Checked:
    return check(table, organisation="ACME", period="2025-06")


def test_an_export_of_a_foreign_system_is_understood_and_filed() -> None:
    proposal = proposal_of(EXPORT)
    meant = {guess.own: (guess.column, guess.how) for guess in proposal.guesses}
    assert meant == {
        "单据编号": ("event", "alias"), "业务类型": ("kind", "alias"), "过账日期": ("on", "alias"),
        "工厂": ("site", "alias"), "物料批次号": ("lot", "similar"), "物料名称": ("product", "alias"),
        "数量": ("mass_kg", "alias"), "计量单位": (None, "unit"), "化学成分": ("composition", "alias"),
        "客户名称": ("counterparty_name", "alias"), "毛重": (None, "unknown"), "Farbe": (None, "unknown"),
    }  # fmt: skip
    assert proposal.guesses[-1].samples == ("rot",)
    profile = proposal.profile
    assert (profile.date_order, profile.decimals, profile.unit_header) == ("dmy", "comma", "计量单位")
    assert profile.values == {"kind": {"销售出库": "shipment"}}
    checked = judged(read_with(profile, EXPORT))
    assert [found.code for found in checked.problems] == ["column.unknown", "column.unknown"]
    assert checked.rows["on"].to_list() == [date(2025, 6, 13), date(2025, 6, 14), date(2025, 6, 15)]
    assert checked.rows["mass_mg"].to_list() == [1_250_500_000, 1_500_000_000, 2_000_000_000]
    assert checked.rows["composition"].to_list() == [None, None, "Nd=995000000"]


def test_an_export_is_not_understood_without_the_profile() -> None:
    assert judged(read_with(None, EXPORT)).rejects


def test_a_profile_is_kept_as_plain_values() -> None:
    profile = proposal_of(EXPORT).profile
    assert Profile.from_json(json.loads(json.dumps(profile.as_json()))) == profile


def test_a_column_left_out_takes_its_faults_with_it() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for place, name in enumerate(("event", "kind", "Saldo"), start=1):
        sheet.cell(row=1, column=place, value=name)
    sheet.append(["V-1", "void", "=1+1"])
    content = io.BytesIO()
    book.save(content)

    def codes(profile: Profile | None) -> list[str]:
        table = read_bytes([("export.xlsx", content.getvalue())], profile=profile)
        return [found.code for found in check(table, correcting=True).problems]

    assert codes(None) == ["cell.formula", "column.unknown"]
    assert codes(Profile(columns={"saldo": None})) == []


def test_a_header_of_ours_can_mean_something_else_to_a_firm() -> None:
    text = "event,kind,reference,Lieferung\nV-1,void,X,Y\n"
    table = read_with(Profile(columns={"reference": None, "LIEFERUNG": "reference"}), text)
    assert table.frame["reference"].to_list() == ["Y"]


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("净重(t),重量,Weight [kg]", ["mass_t", None, None]),
        ("Net weight (t),lot", ["mass_t", "lot"]),
        ("净重吨数,lot", ["mass_t", "lot"]),
        ("Gross weight,Netweight", [None, "mass_kg"]),
        ("批号,lot", [None, "lot"]),
    ],
)
def test_the_surer_name_keeps_the_column_and_a_header_may_carry_its_unit(header: str, columns: list[str]) -> None:
    assert [guess.column for guess in proposal_of(header + "\n1,2,3\n").guesses] == columns


@pytest.mark.parametrize(
    ("text", "decimals", "filed"),
    [
        ("1,250.5", "point", "1250.5"),
        ("1,25", "point", "1,25"),
        ("1.250,5", "comma", "1250.5"),
        ("1.250", "comma", "1,250"),
        ("1.25", "comma", "1.25"),
        ("1250,5", "comma", "1250.5"),
        ("12 kg", "comma", "12 kg"),
        ("1.250", "as-filed", "1.250"),
    ],
)
def test_a_number_that_may_be_two_is_never_taken_for_one(text: str, decimals: str, filed: str) -> None:
    profile = Profile.from_json({"date_order": "ymd", "decimals": decimals})
    assert read_with(profile, f'event,mass_kg\nE,"{text}"\n').frame["mass_kg"].to_list() == [filed]


def test_a_workbook_keeps_its_numbers_whatever_the_profile_says() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["event", "mass_kg", "value"])
    sheet.append(["E", 1.125, "1,125"])
    content = io.BytesIO()
    book.save(content)
    table = read_bytes([("export.xlsx", content.getvalue())], profile=Profile(decimals="comma"))
    assert table.frame.select("mass_kg", "value").rows() == [("1.125", "1.125")]


@pytest.mark.parametrize(
    ("order", "text", "filed"),
    [
        ("dmy", "5.6.2025", "2025-06-05"),
        ("mdy", "6/5/25 00:00", "2025-06-05"),
        ("dmy", "2025-06-05", "2025-06-05"),
        ("dmy", "soon", "soon"),
        ("ymd", "5.6.2025", "5.6.2025"),
    ],
)
def test_days_are_read_in_the_order_of_the_firm(order: str, text: str, filed: str) -> None:
    profile = Profile.from_json({"date_order": order, "decimals": "as-filed"})
    assert read_with(profile, f"event,on\nE,{text}\n").frame["on"].to_list() == [filed]


def test_a_unit_that_is_none_of_mass_leaves_the_mass_unread() -> None:
    text = "event,qty,unit\nA,5,PCS\nB,5,kg\nC,0.5,t\nD,5,\nE,,kg\n"
    profile = Profile(columns={"qty": "mass_kg"}, unit_header="Unit")
    assert read_with(profile, text).frame["mass_kg"].to_list() == ["5 PCS", "5", "500", "5 ?", None]


def test_values_tell_what_a_name_does_not() -> None:
    proposal = proposal_of("a,b,c,d\n2025-06-05,Nd=30;Fe=70,发货,8505111000\n")
    assert [guess.column for guess in proposal.guesses] == ["on", "composition", "kind", "hs_code"]
    assert {guess.how for guess in proposal.guesses} == {"values"}
    assert proposal.profile.values == {"kind": {"发货": "shipment"}}


@pytest.mark.parametrize(
    "stored",
    [
        {"columns": {"a": "no_such_column"}},
        {"columns": {"a": "lot", "b": "lot"}},
        {"columns": ["a"]},
        {"columns": {"a" * 300: "lot"}},
        {"columns": {str(i): None for i in range(500)}},
        {"columns": {"a": "x" * 70_000}},
        {"values": {"kind": {"a": "sale"}}},
        {"values": {"lot": {"a": "b"}}},
        {"unit_header": 5},
        {"date_order": "ydm"},
        {"decimals": "dot"},
    ],
)
def test_what_is_no_profile_is_refused_in_both_languages(stored: dict[str, object]) -> None:
    with pytest.raises(ProfileError) as refusal:
        Profile.from_json({"date_order": "ymd", "decimals": "as-filed"} | stored)
    assert refusal.value.en and refusal.value.zh
