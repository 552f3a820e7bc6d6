"""Whom the law pack lists, and what that means for which goods: hand-made lines, in both directions.

The verdicts were written down from the announcements before the first run.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import polars as pl
import pytest
from tests.unit.control.conftest import CLEAN, DYSPROSIUM, Desk, Fields, codes, licences, verdict_on

from lodeline.control.military import EndWords, military_ends
from lodeline.control.rulebook import LawDay
from lodeline.control.screened import Screened
from lodeline.party.lists import Listing, Measure, Party, Scope
from lodeline.party.packed import Roll, packed, unnamed
from lodeline.party.screening import Screener
from lodeline.regulation.parameter import load
from lodeline.service.customs.desk import declare

#: Reasons that are tested here (test_rules asks for all of the vocabulary).
TESTED = {
    "parties.not-concerned", "parties.watched", "parties.watched-papers", "parties.watched-licence",
    "parties.use-to-prove", "parties.use-barred", "parties.state-unknown", "parties.military-use",
    "parties.military-strength", "parties.other-goods", "end-use.to-clear", "end-use.not-licensed",
    "destination.barred", "destination.to-clear",
}  # fmt: skip
DAY = date(2026, 11, 29)
NOW: Fields = {"on": "2026-11-29", "destination": "JP", "end_user_country": "JP", "end_use": "traction motors"}
#: A control item, magnets without heavy rare earths by test report, and magnets without rare earths.
DY = DYSPROSIUM | NOW
LIGHT = CLEAN | NOW
FERRITE = {
    "line": "1", "exporter": "ACME", "product_name": "Ferrite magnet arcs", "hs_code": "8505190090",
    "controlled_declared": "no", "composition": "Fe=60.1;Sr=9.2;O=28.3", "mass_kg": "100", "value": "300",
    "currency": "USD",
} | NOW  # fmt: skip
#: A magnet whose composition is not stated: nobody can say whether it is a control item.
DOUBTFUL = {name: cell for name, cell in LIGHT.items() if name != "composition"}


def about_parties(found: Iterable[str]) -> set[str]:
    return {code for code in found if code.startswith(("parties.", "end-use.", "destination."))}


def licensed(line: Fields, kind: str = "general", **terms: Any) -> tuple[Fields, Any]:
    """The line with a licence of the kind that covers its goods, its end user and its destination on the day."""
    usual: dict[str, Any] = {
        "kind": kind, "end_users": [line.get("end_user_name", "")], "destination": line["destination"],
        "end_use": None, "valid_from": date(2026, 1, 1), "valid_to": date(2026, 12, 31),
    }  # fmt: skip
    return line | {"licence": "LIC-1"}, licences(**usual | terms)


def to(name: str, **cells: str) -> Fields:
    return {"end_user_name": name} | cells


NO_PARTY: set[str] = set()
LINES: list[tuple[str, Fields, str | None, str, set[str]]] = [
    # what, line, kind of licence, verdict, reasons about parties
    # No. 1/2026: military users and uses of Japan
    ("ATLA, radar", DY | to("防卫装备厅", end_use="radar"), "general", "hold",
     {"parties.listed", "parties.military-strength"}),
    ("ATLA in English", DY | to("Acquisition, Technology & Logistics Agency (ATLA)", end_use="radar"), "individual",
     "hold", {"parties.listed", "parties.military-strength"}),
    ("ATLA in Japanese, a branch", DY | to("防衛装備庁 艦艇装備研究所"), "general", "hold", {"parties.listed"}),
    ("maritime force", DY | to("海上自衛隊 横須賀地方総監部"), "general", "hold", {"parties.listed"}),
    ("air force in English", DY | to("Japan Air Self-Defense Force"), "general", "hold", {"parties.listed"}),
    ("ministry as consignee", DY | to("Example Motors KK", consignee_name="Ministry of Defense, Japan"), "general",
     "hold", {"parties.listed"}),
    ("light magnets to ATLA", LIGHT | to("防卫装备厅", end_use="office motors"), None, "query",
     {"parties.other-goods", "end-use.to-clear"}),
    ("ferrite to ATLA for radar", FERRITE | to("防卫装备厅", end_use="radar"), None, "query",
     {"parties.other-goods", "end-use.to-clear"}),
    ("missile guidance", DY | to("Example Motors KK", end_use="missile guidance"), "general", "hold",
     {"parties.military-use"}),
    ("军用雷达", DY | to("Example Motors KK", end_use="军用雷达"), "general", "hold", {"parties.military-use"}),
    ("誘導弾", DY | to("Example Motors KK", end_use="誘導弾の翼駆動用モーター"), "general", "hold",
     {"parties.military-use"}),
    ("through Korea for the JMSDF", DY | to("Example Motors Co.", destination="KR", end_user_country="KR",
     end_use="pump motors, to be supplied to the JMSDF"), "general", "hold", {"parties.military-use"}),
    ("through Germany to a Japanese user", DY | to("防衛装備庁", destination="DE", end_user_country="JP"), "general",
     "hold", {"parties.listed"}),
    ("radar in Japan", DY | to("Example Radar KK", end_use="radar"), "general", "query", {"parties.military-strength"}),
    ("name speaks of defence", DY | to("Nippon Defense Electronics KK"), "general", "query",
     {"parties.military-strength"}),
    ("weather radar", DY | to("Example Radar KK", end_use="weather radar"), "general", "release", NO_PARTY),
    ("车载雷达", DY | to("Example Motors KK", end_use="车载毫米波雷达"), "general", "release", NO_PARTY),
    ("denied", DY | to("Example Motors KK", end_use="industrial servo motors, not for military use"), "general",
     "release", NO_PARTY),
    ("denied in Chinese", DY | to("Example Motors KK", end_use="工业伺服电机，不用于军事用途"), "general",
     "release", NO_PARTY),
    ("denied in Japanese", DY | to("Example Motors KK", end_use="産業用モーター、軍事用途には使用しない"), "general",
     "release", NO_PARTY),
    ("not denied", DY | to("Example Motors KK", end_use="not only for military use"), "general", "hold",
     {"parties.military-use"}),
    ("civil firm", DY | to("Example Motors KK"), "general", "release", NO_PARTY),
    ("parent that is not listed", DY | to("三菱電機株式会社"), "general", "release", NO_PARTY),
    ("parent in English", DY | to("Mitsubishi Heavy Industries, Ltd."), "general", "release", NO_PARTY),
    ("science and technology agency", DY | to("Japan Science and Technology Agency"), "general", "release", NO_PARTY),
    ("military use in Germany", DY | to("Example Motors GmbH", destination="DE", end_user_country="DE",
     end_use="military radar"), "general", "hold", {"end-use.not-licensed"}),
    ("military use, ferrite", FERRITE | to("Example Motors KK", end_use="military radar"), None, "query",
     {"end-use.to-clear"}),
    ("before the announcement", DY | to("防卫装备厅", on="2026-01-05"), "general", "release", NO_PARTY),
    # Control list
    ("三菱造船", DY | to("三菱造船株式会社"), "individual", "hold", {"parties.listed"}),
    ("its Japanese name", DY | to("(株)IHIエアロスペース"), "general", "hold", {"parties.listed"}),
    ("JAXA as consignee", DY | to("Example Motors KK", consignee_name="JAXA"), "general", "hold", {"parties.listed"}),
    ("ferrite to a listed party", FERRITE | to("三菱造船株式会社"), None, "query", {"parties.other-goods"}),
    ("light magnets to a listed party", LIGHT | to("三菱造船株式会社"), None, "query", {"parties.other-goods"}),
    ("doubtful goods to a listed party", DOUBTFUL | to("三菱造船株式会社"), None, "hold", {"parties.listed"}),
    ("the day before", DY | to("三菱造船株式会社", on="2026-02-23"), "general", "release", NO_PARTY),
    ("FN Herstal", DY | to("FN Herstal SA", destination="BE", end_user_country="BE"), "general", "hold",
     {"parties.listed"}),
    ("a daughter by its name", DY | to("Hensoldt Sensors GmbH", destination="DE", end_user_country="DE"), "general",
     "query", {"parties.alike"}),
    ("ferrite to that daughter", FERRITE | to("Hensoldt Sensors GmbH", destination="DE", end_user_country="DE"), None,
     "release", NO_PARTY),
    ("a letter wrong", DY | to("Excalibur Armi spol. s r.o.", destination="CZ", end_user_country="CZ"), "general",
     "query", {"parties.alike"}),
    ("汉翔", DY | to("漢翔航空工業股份有限公司", destination="TW", end_user_country="TW"), "general", "hold",
     {"parties.listed"}),
    # The 16 of April 2025: listed, suspended, and unknown since
    ("listed", DY | to("Cubic Corporation", on="2025-05-13", destination="US", end_user_country="US"), "general",
     "hold", {"parties.listed"}),
    ("suspended", DY | to("Cubic Corporation", on="2026-03-01", destination="US", end_user_country="US"), "general",
     "release", NO_PARTY),
    ("unknown since", DY | to("Cubic Corporation", destination="US", end_user_country="US"), "general", "query",
     {"parties.state-unknown"}),
    ("ended", DY | to("Echodyne", destination="US", end_user_country="US"), "general", "release", NO_PARTY),
    # Watch list
    ("general licence", DY | to("SUBARU Corporation"), "general", "hold", {"parties.watched-licence"}),
    ("registration", DY | to("TDK"), "registration", "hold", {"parties.watched-licence"}),
    ("individual licence", DY | to("日東電工株式会社"), "individual", "query", {"parties.watched-papers"}),
    ("former name", DY | to("Tokyo Institute of Technology"), "individual", "query", {"parties.watched-papers"}),
    ("light magnets to a watched party", LIGHT | to("SUBARU Corporation"), None, "release", {"parties.not-concerned"}),
    ("ferrite to a watched party", FERRITE | to("TDK Corporation"), None, "release", {"parties.not-concerned"}),
    ("another university", DY | to("東京大学"), "general", "release", NO_PARTY),
    ("listed in June", DY | to("Terra Drone Corporation", on="2026-06-28"), "general", "release", NO_PARTY),
    ("from that day", DY | to("Terra Drone Corporation", on="2026-06-29"), "general", "hold",
     {"parties.watched-licence"}),
]  # fmt: skip


@pytest.mark.parametrize(("what", "line", "kind", "verdict", "reasons"), LINES, ids=[one[0] for one in LINES])
def test_whom_the_pack_lists(
    *, what: str, line: Fields, kind: str | None, verdict: str, reasons: set[str], desk: Desk
) -> None:
    del what
    register = None
    if kind is not None:
        valid = {"valid_from": date(2025, 1, 1)} if line["on"] < "2026" else {}
        line, register = licensed(line, kind, **valid)
    found = desk(line, licences=register, day=DAY, known=DAY)
    assert about_parties(codes(found)) == reasons
    assert found.verdict == verdict
    for one in found.reasons:
        assert "{" not in one.text("en") + one.text("zh") + one.settle("en") + one.settle("zh")


def test_an_individual_licence_with_the_papers_of_the_watch_list_is_enough(desk: Desk) -> None:
    line, register = licensed(DY | to("日東電工株式会社"), "individual")
    for papers, verdict in ((["risk-report"], "query"), (["risk-report", "written-promise"], "release")):
        held = register.with_columns(pl.Series("papers", [papers]))
        assert desk(line, licences=held, day=DAY, known=DAY).verdict == verdict
    asked = next(one for one in desk(line, licences=register).reasons if one.code == "parties.watched-papers")
    assert "风险评估报告" in asked.text("zh") and "promise" in asked.settle("en")


def test_what_was_not_known_is_not_asked(desk: Desk) -> None:
    """On the day before it was published nobody could know of a listing."""
    line, register = licensed(DY | to("三菱造船株式会社", on="2026-03-01"))
    assert desk(line, licences=register, known=date(2026, 2, 23)).verdict == "release"
    assert desk(line, licences=register, known=date(2026, 2, 24)).verdict == "hold"


def own(measure: Measure, scope: Scope, *, unsure: bool = False) -> Screened:
    listing = Listing(since=date(2025, 4, 9), measure=measure, scope=scope, unsure=unsure)
    party = Party(source="own", id="W-1", names=("Laputa Holdings B.V.",), listings=(listing,))
    return Screened(Screener([party]), lists=1)


@pytest.mark.parametrize(
    ("measure", "scope", "goods", "use", "code", "verdict"),
    [
        ("barred", "all-goods", FERRITE, "toys", "parties.listed", "hold"),
        ("barred", "dual-use", FERRITE, "toys", "parties.other-goods", "query"),
        ("barred", "dual-use", DY, "toys", "parties.listed", "hold"),
        ("watched", "dual-use", DY, "toys", "parties.watched-licence", "hold"),
        ("watched", "dual-use", LIGHT, "toys", "parties.not-concerned", "release"),
        ("watched", "all-goods", FERRITE, "toys", "parties.watched-papers", "query"),
        ("end-user-ban", "dual-use", DY, "military radar", "parties.use-barred", "hold"),
        ("end-user-ban", "dual-use", DY, "", "parties.use-barred", "hold"),
        ("end-user-ban", "dual-use", DY, "traction motors", "parties.use-to-prove", "query"),
        ("end-user-ban", "dual-use", FERRITE, "radar", "parties.not-concerned", "release"),
    ],
)
def test_a_list_that_was_loaded_does_what_its_measure_and_scope_say(
    *, measure: Measure, scope: Scope, goods: Fields, use: str, code: str, verdict: str, desk: Desk
) -> None:
    line = goods | {"destination": "NL", "end_user_country": "NL", "end_user_name": "Laputa Holdings", "end_use": use}
    line, register = licensed(line) if "Dy" in line["composition"] else (line, None)
    line = {name: cell for name, cell in line.items() if cell}
    found = desk(line, licences=register, day=DAY, known=DAY, screened=own(measure, scope))
    assert [one for one in codes(found) if one.startswith("parties.")] == [code]
    assert found.verdict == verdict


@pytest.mark.parametrize(
    ("use", "told"),
    [
        ("military radar", "military-use"), ("Military", "military-use"), ("非军事用途", None), ("仅供民用", None),
        ("not for military or naval use", None), ("non-military", None), ("不锈钢军用水泵", "military-use"),
        ("radar", "military-strength"), ("marine radar, commercial", None), ("paramilitary", None),
        ("not for toys, for missiles", "military-use"), ("水上舰艇用电机", "military-use"), ("no army use", None),
        ("storage tank", None), ("衛星", "military-strength"),
    ],
)  # fmt: skip
def test_what_a_stated_use_tells_of_military_ends(use: str, told: str | None) -> None:
    words = load("cn").parameters["military-words"].at(DAY, known=DAY).value
    found = military_ends(use, EndWords.of(words))
    assert (found[0].end if found else None) == told


def test_the_pack_says_how_many_it_has_no_name_of() -> None:
    found = unnamed(load("cn"), DAY, known=DAY)
    assert found["announcements-27-28-2026"] == (40, 14)
    assert "announcements-11-12-2026" not in found


@pytest.mark.parametrize(
    ("asked", "country", "known"),
    [
        ("寧波韻升股份有限公司", None, ""), ("三菱造船", "JP", "三菱造船株式会社"), ("HENSOLDT", "DE", "HENSOLDT AG"),
        ("Novotech", "AU", ""), ("ATLA Motors GmbH", "DE", ""), ("General Motors", "US", ""), ("", None, ""),
        ("股份有限公司", None, ""), ("\u202eHbmG", None, ""),
    ],
)  # fmt: skip
def test_a_roll_is_asked_for_names_as_they_are_written(asked: str, country: str | None, known: str) -> None:
    hits = Roll(packed(load("cn"), DAY, known=DAY)).find(asked, country=country)
    assert (hits[0].name if hits else "") == known


def test_why_names_are_alike_is_told_of_both() -> None:
    (hit, *_) = Roll(packed(load("cn"), DAY, known=DAY)).find("Hensoldt Optronics GmbH", country="DE")
    assert "Hensoldt Optronics GmbH, HENSOLDT AG" in hit.reasons[0].text("en")


def test_many_lines_of_one_day_make_one_roll() -> None:
    lines = [DY | to(f"Motor Works {at % 7} KK") | {"line": str(at)} for at in range(300)]
    assert len(verdict_on(*lines, day=DAY, known=DAY)) == 300


def of(country: str, name: str, use: str, **cells: str) -> Fields:
    return {"destination": country, "end_user_country": country, "end_user_name": name, "end_use": use} | cells


@pytest.mark.parametrize(
    ("line", "terms", "verdict", "expected"),
    [
        # Announcement 46/2024, article 1: dual-use items to military users and uses of the United States.
        (DY | of("US", "Example Motors Inc.", "torpedo drives"), {}, "hold", {"parties.military-use"}),
        (DY | of("US", "U.S. Department of Defense", "motors"), {}, "hold", {"parties.military-use"}),
        (DY | of("US", "Example Motors Inc.", "washing machines"), {}, "release", NO_PARTY),
        (DY | of("US", "Example Motors Inc.", "torpedo drives", on="2024-12-02"), {}, "query", {"end-use.to-clear"}),
        # A licence answers for the end use and the end user that it was granted for, and for no other question.
        (DY | of("DE", "Example Motors GmbH", "missile fins"), {}, "hold", {"end-use.not-licensed"}),
        (DY | of("DE", "Example Motors GmbH", "gas-centrifuge bearings"), {}, "hold", {"end-use.not-licensed"}),
        (DY | of("DE", "Example Motors GmbH", "naval sonar"), {"end_use": "naval sonar"}, "release", NO_PARTY),
        (DY | of("TH", "Royal Thai Navy", "pump motors"), {}, "release", NO_PARTY),
        (DY | of("DE", "Example Motors GmbH", "fuel pumps", consignee_name="Example Armaments GmbH"), {}, "hold",
         {"end-use.not-licensed"}),
        # Goods on no list: article 12 of the Export Control Law.
        (LIGHT | of("DE", "Example Motors GmbH", "uranium enrichment"), None, "query", {"end-use.to-clear"}),
        (LIGHT | of("RU", "Example Motors OOO", "attack drones"), None, "query", {"end-use.to-clear"}),
        (LIGHT | of("KR", "Example Motors Co.", "미사일"), None, "query", {"end-use.to-clear"}),
        (LIGHT | of("BR", "Example Motores", "guiamento de mísseis"), None, "query", {"end-use.to-clear"}),
        (FERRITE | of("VN", "Bộ Quốc phòng", "loa"), None, "query", {"end-use.to-clear"}),
        (LIGHT | of("DE", "Example Motors GmbH", "pumps of a civil nuclear power station"), None, "release", NO_PARTY),
        (LIGHT | of("DE", "Example Motors GmbH", "nuclear medicine scanners"), None, "release", NO_PARTY),
        (LIGHT | of("AU", "Defence Road Motors Pty", "pool pumps"), None, "release", NO_PARTY),
        (LIGHT | of("GB", "Army & Navy Stores Ltd", "shop displays"), None, "release", NO_PARTY),
        # A country to which no one sells: Announcement 4/2018.
        (LIGHT | of("KP", "Example Trading", "loudspeakers"), None, "hold", {"destination.barred"}),
        # What is sold on goes where it is sold to.
        (LIGHT | of("DE", "Example Trading GmbH", "resale to North Korea"), None, "hold", {"destination.barred"}),
        (LIGHT | of("DE", "Example Trading GmbH", "for resale to 三菱造船株式会社"), None, "query",
         {"parties.other-goods"}),
        (DY | of("DE", "Example Trading GmbH", "for resale to 三菱造船株式会社"), {}, "hold", {"parties.listed"}),
        (LIGHT | of("DE", "Example Trading GmbH", "for resale to France"), None, "release", NO_PARTY),
        # What a name says that goods are for.
        (DY | of("DE", "Example Motors GmbH", "motors", product_name="NdFeB magnets for missile fins"),
         {"end_use": "motors"}, "hold", {"end-use.not-licensed"}),
        (LIGHT | of("DE", "Example Motors GmbH", "motors", product_name="NdFeB magnets for missile fins"), None,
         "query", {"end-use.to-clear"}),
    ],
    ids=lambda one: None if isinstance(one, dict | set) else str(one),
)  # fmt: skip
def test_end_use_and_end_user_are_asked_of_every_country_and_every_good(
    line: Fields, terms: dict[str, Any] | None, verdict: str, expected: set[str], desk: Desk
) -> None:
    line, register = (line, None) if terms is None else licensed(line, **terms)
    line = {"on": "2026-11-29"} | line
    found = desk(line, licences=register, day=DAY, known=DAY)
    assert (found.verdict, about_parties(codes(found))) == (verdict, expected)


def test_every_answer_reports_how_many_barred_names_have_no_source() -> None:
    text = ",".join(LIGHT) + "\n" + ",".join(LIGHT.values())
    document = declare(text.encode(), LawDay.of(load("cn"), DAY), name="one.csv")
    missing = sum(one for _, one in unnamed(load("cn"), DAY, known=DAY).values())
    assert any(str(missing) in one["en"] and "no source" in one["en"] for one in document["not_checked"])


@pytest.mark.parametrize(
    ("use", "is_military"),
    [
        ("couplings of pumps. NOT for military, nuclear, missile, chemical or biological weapons use", False),
        ("不用于军事、导弹、核武器", False),
        ("no lead, missile fins", True),
        ("not for ships, for torpedoes", True),
        ("torpedo ladle cars", False),
        ("navy blue housings", False),
        ("magnets for torpedo levels", False),
        ("nuclear magnetic resonance", False),
        ("laboratory of the enrichment plant", True),
        ("유도무기", True),
        ("jumelles de vision nocturne de la Défense nationale", True),
    ],
)
def test_words_within_civil_names_and_lists_of_denials_show_nothing(use: str, is_military: bool, desk: Desk) -> None:
    found = desk(LIGHT | of("DE", "Example Motors GmbH", use), day=DAY, known=DAY)
    assert ("end-use.to-clear" in codes(found)) == is_military


def test_a_licence_for_one_country_does_not_serve_a_resale_to_another(desk: Desk) -> None:
    line, register = licensed(DY | of("DE", "Example Motors GmbH", "resale to Vietnam"))
    found = desk(line, licences=register, day=DAY, known=DAY)
    assert "licence.destination" in codes(found)
    assert found.verdict == "hold"
