"""What several instruments state of one parameter is one rule, on every day and in every replay."""

from __future__ import annotations

from datetime import date

import pytest

from lodeline.control.rulebook import rulebook
from lodeline.regulation.combining import STRICTEST, UNION
from lodeline.regulation.pack import Pack, shipped
from lodeline.regulation.parameter import Jurisdiction, NoLawError, law_of
from lodeline.regulation.replay import differing, held
from lodeline.service.law.checking import READ

HEAD = """\
id: {id}
title: {{en: "Notice {id}", zh: "{id}号公告"}}
issuer: {{en: Crown, zh: 王室}}
published: 2031-01-01
source: {{en: gazette, zh: 公报}}
evidence: text
{more}"""
FILE = """\
parameter: {name}
{key}label: {{en: "{name}", zh: 规定}}
values:
  - in_force_from: {day}
    published: 2031-01-01
    citation: {{article: {{en: article 1, zh: 第一条}}}}
    evidence: {evidence}
    value: {value}
"""
DAY, KNOWN = date(2031, 6, 1), date(2031, 6, 1)
SUSPENDS = """\
suspends:
  - instruments: [{0}]
    from: 2031-07-01
    to: 2031-07-31
    afterwards: unknown
    article: {{en: article 2, zh: 第二条}}
"""


def law(name: str, *values: str, key: str = "", suspends: str = "", days: tuple[str, ...] = ()) -> Jurisdiction:
    """A law in which each of the values is that of an instrument of its own; `suspends`: one that is, in July."""
    files = {"jurisdiction.yaml": shipped("my").files["jurisdiction.yaml"]}
    for number, value in enumerate(values):
        id_ = f"notice-{number}"
        more = SUSPENDS.format(suspends) if suspends and number == 0 else ""
        files[f"{id_}/instrument.yaml"] = HEAD.format(id=id_, more=more)
        files[f"{id_}/{name}.yaml"] = FILE.format(
            name=name, value=value, key=key, day=days[number] if days else "2031-02-01",
            evidence="assumption" if number else "text",
        )  # fmt: skip
    return law_of(Pack(code="rr", files=files))


def zone(kind: str) -> str:
    return f"[{{kind: {kind}, label: {{en: {kind}, zh: 区}}}}]"


def kinds(one: Jurisdiction, day: date) -> list[str]:
    return [row["kind"] for row in one.at("zones", day, known=day).value]


def test_rows_of_all_hold_each_with_where_it_stands() -> None:
    one = law("zones", zone("bonded"), zone("transit"), zone("free"))
    assert kinds(one, DAY) == ["bonded", "transit", "free"]
    found = one.at("zones", DAY, known=KNOWN)
    assert [part.citation.instrument for part in found.parts] == ["notice-0", "notice-1", "notice-2"]
    assert found.evidence == "assumption" and found.parts[0].evidence == "text"
    rules = rulebook(one, DAY, known=KNOWN)
    assert [cited.instrument for cited in rules.cited("zones")] == ["notice-0", "notice-1", "notice-2"]


def test_what_is_suspended_adds_nothing_and_what_nobody_knows_is_open() -> None:
    one = law("zones", zone("bonded"), zone("transit"), suspends="notice-1")
    assert kinds(one, date(2031, 6, 30)) == ["bonded", "transit"]
    assert kinds(one, date(2031, 7, 1)) == ["bonded"]
    assert kinds(one, date(2031, 8, 1)) == ["bonded"]
    after = rulebook(one, date(2031, 8, 1), known=date(2031, 8, 1))
    assert after.is_open("zones") and after.open_rules("zones") == ("notice-1/zones",)
    alone = law("zones", zone("bonded"), suspends="notice-0")
    with pytest.raises(NoLawError) as refused:
        alone.at("zones", date(2031, 7, 1), known=DAY)
    assert refused.value.status == "suspended"


def test_the_strictest_holds_whole() -> None:
    one = law(
        "record-years", "{years_least: 5}", "{years_least: 8, records: [book]}", days=("2031-02-01", "2031-06-01")
    )
    assert one.at("record-years", date(2031, 5, 31), known=KNOWN).value == {"years_least": 5}
    found = one.at("record-years", DAY, known=KNOWN)
    assert (found.value["records"], found.citation.instrument) == (["book"], "notice-1")
    share = law("de-minimis", "{share_ppb: 1000}", "{share_ppb: 10}")
    assert share.at("de-minimis", DAY, known=KNOWN).value == {"share_ppb": 10}


def test_a_law_that_is_held_says_the_same_and_a_replay_sees_one_statement_change() -> None:
    one = law("zones", zone("bonded"), zone("transit"), suspends="notice-1")
    before, after = (held(one, day, known=day) for day in (date(2031, 6, 30), date(2031, 7, 1)))
    assert kinds(before, DAY) == ["bonded", "transit"] and kinds(after, DAY) == ["bonded"]
    assert differing(before, after) == {"zones"}
    # A second instrument that states what it always had changes the rule, and the first statement is the same.
    more = held(law("zones", zone("bonded"), zone("free")), DAY, known=DAY)
    alone = held(law("zones", zone("bonded")), DAY, known=DAY)
    assert differing(alone, more) == {"zones"} and differing(alone, alone) == frozenset()


def test_a_law_that_an_older_program_published_is_read() -> None:
    one = law("desk-rates", "{currency: USD, per_dollar: {CNY: 7}}", "{currency: USD, per_dollar: {CNY: 8}}",
              key="shared: true\n")  # fmt: skip
    assert one.at("desk-rates", DAY, known=KNOWN).value["per_dollar"] == {"CNY": 7}
    assert rulebook(one, DAY, known=KNOWN).parameter("desk-rates") is not None


def test_what_is_declared_to_combine_is_read_by_a_rule() -> None:
    assert not UNION & STRICTEST.keys()
    assert {*UNION, *STRICTEST} <= READ
