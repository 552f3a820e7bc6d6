"""Rows of a control list with shares, what is free, another permit, and words of their own: both ways of each."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from lodeline.control.declaration import Declaration, read_fields
from lodeline.control.desk import judge
from lodeline.control.rulebook import LawDay
from lodeline.regulation.checking import check
from lodeline.regulation.duty import deadline_without_extension
from lodeline.regulation.pack import Pack, shipped
from lodeline.regulation.parameter import Jurisdiction, law_of

#: The reasons that are tried here.
TESTED = ("item.share-not-stated", "item.permit-missing", "item.permit-named")
DAY = date(2031, 6, 1)
HEAD = """\
id: edict
title: {en: An edict, zh: 敕令}
issuer: {en: Crown, zh: 王室}
published: 2031-01-01
source: {en: gazette, zh: 公报}
evidence: text
"""
FILE = """\
parameter: {name}
label: {{en: What may not leave, zh: 禁止出口}}
values:
  - in_force_from: 2031-01-01
    published: 2031-01-01
    citation: {{article: {{en: article 1, zh: 第一条}}}}
    evidence: text
    value: {value}
tests: [{{on: 2031-06-01, known: 2031-06-01, expect: {{status: in-force}}}}]
"""
ROW = "{{item: {item}, evidence: text, label: {{en: {item}, zh: 项}}, {rest}}}"


def pack(value: str, name: str = "control-list") -> Pack:
    my = shipped("my").files
    files = {path: my[path] for path in ("jurisdiction.yaml", "desk/instrument.yaml", "desk/tariff-codes.yaml")}
    return Pack(
        code="rr",
        files={**files, "edict/instrument.yaml": HEAD, f"edict/{name}.yaml": FILE.format(name=name, value=value)},
    )


def law(*rows: str) -> Jurisdiction:
    listed = ", ".join(ROW.format(item=f"R-{number}", rest=rest) for number, rest in enumerate(rows, 1))
    return law_of(pack(f"[{listed}]"))


def codes(one: Jurisdiction, name: str, hs_code: str, **more: str) -> tuple[str, set[str]]:
    fields = {"line": "1", "product_name": name, "hs_code": hs_code, "destination": "JP", "mass_kg": "10", **more}
    (verdict,) = judge(Declaration(lines=(read_fields(fields).lines[0],)), LawDay.of(one, DAY))
    return verdict.verdict, {why.code for why in verdict.reasons}


@pytest.mark.parametrize(
    ("share", "verdict", "code"),
    [
        ({"composition": "Nd2O3=95"}, "release", "item.none"),
        ({"composition": "Nd2O3=89"}, "hold", "item.barred"),
        ({"re_total_pct": "90"}, "release", "item.none"),
        ({"re_total_pct": "89.99"}, "hold", "item.barred"),
        ({}, "query", "item.share-not-stated"),
    ],
)
def test_a_row_reaches_up_to_its_share_and_no_further(share: dict[str, str], verdict: str, code: str) -> None:
    below = law("element: REE, form: oxide, to: 90, barred: true")
    found = codes(below, "rare earth oxide", "284690", **share)
    assert code in found[1]
    # That a composition by element is asked for besides is another rule's matter.
    assert found[0] == verdict or (verdict == "release" and found[1] & {"content.missing"})


def test_a_row_of_one_element_reaches_from_its_share_on() -> None:
    rich = law("element: Dy, form: magnet-ndfeb, from: 2, barred: true")
    magnets = ("NdFeB magnets", "850511")
    assert codes(rich, *magnets, composition="Nd=27;Dy=2;Fe=70;B=1")[0] == "hold"
    found = codes(rich, *magnets, composition="Nd=27.1;Dy=1.9;Fe=70;B=1")[1]
    assert "item.barred" not in found and "item.form-not-listed" not in found


def test_everything_but_what_is_free() -> None:
    but = law("element: REE, form: any, barred: true", "element: REE, form: magnet, free: true",
              "element: REE, form: oxide, from: 99, free: true")  # fmt: skip
    assert codes(but, "rare earth concentrate", "253090")[0] == "hold"
    assert codes(but, "neodymium metal", "280530", composition="Nd=99.5")[0] == "hold"
    assert "item.barred" not in codes(but, "NdFeB magnets", "850511", composition="Nd=29;Fe=70;B=1")[1]
    assert "item.barred" not in codes(but, "neodymium oxide", "284690", composition="Nd2O3=99.5")[1]
    assert codes(but, "neodymium oxide", "284690", composition="Nd2O3=98")[0] == "hold"
    # What nobody states is not taken for free.
    assert codes(but, "neodymium oxide", "284690")[0] == "hold"
    assert codes(but, "copper wire", "740811")[0] == "release"


def test_another_permit_is_asked_for_besides_the_licence() -> None:
    ore = law("element: REE, form: ore, permit: {en: permit for radioactive goods, zh: 放射性物品许可}")
    assert "item.permit-missing" in codes(ore, "monazite", "261220")[1]
    named = codes(ore, "monazite", "261220", export_licence="R-77")[1]
    assert "item.permit-named" in named and "item.permit-missing" not in named
    assert not codes(ore, "copper wire", "740811")[1] & set(TESTED)


def test_words_of_the_countrys_language_name_goods_and_no_part_of_another_word() -> None:
    swahili = law("element: REE, form: ore, barred: true, words: {sw: [madini adimu]}")
    assert codes(swahili, "Madini Adimu, mifuko 20", "251749")[0] == "hold"
    assert codes(swahili, "madini adimuni", "251749")[0] == "release"
    assert codes(swahili, "madini ya chuma", "260111")[0] == "release"


@pytest.mark.parametrize(
    ("rest", "place", "told"),
    [
        ("element: REE, form: ore, from: 90, to: 80", "to", "must be above `from`"),
        ("element: REE, form: ore, from: 900", "from", "a share from 0 to 100 %"),
        ("element: REE, form: ore, from: much", "from", "a share from 0 to 100 %"),
        ("element: REE, form: ore, permit: a permit", "permit", "must be a table"),
        ("element: REE, form: ore, words: [ore]", "words", "must be a table"),
        ("element: REE, form: ore, free: no", "free", "can only be `true`"),
    ],
)
def test_a_row_that_is_wrong_is_refused_by_its_place(rest: str, place: str, told: str) -> None:
    files = {path: text.encode() for path, text in pack(f"[{ROW.format(item='R-1', rest=rest)}]").files.items()}
    faults = check("rr", files, reads=frozenset({"control-list", "desk-tariff-codes"})).faults
    assert any(f"values[0].value[0].{place}" in one.en and told in one.en for one in faults), faults


def test_months_that_are_filed_together_are_due_after_the_last_of_them() -> None:
    quarterly = law_of(pack('{day: 15, time: "00:00", every_months: 3}', "filing-deadline"))
    due = {
        month: deadline_without_extension(month, quarterly) for month in ("2031-04", "2031-05", "2031-06", "2031-12")
    }
    assert {month: moment.date() for month, moment in due.items()} == {
        "2031-04": date(2031, 7, 15), "2031-05": date(2031, 7, 15), "2031-06": date(2031, 7, 15),
        "2031-12": date(2032, 1, 15),
    }  # fmt: skip
    assert all(isinstance(moment, datetime) and moment.tzinfo for moment in due.values())
    monthly = law_of(pack('{day: 15, time: "00:00"}', "filing-deadline"))
    assert deadline_without_extension("2031-04", monthly).date() == date(2031, 5, 15)
