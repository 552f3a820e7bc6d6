"""Every reason of the vocabulary has a line that gives it and one, as near as can be, that does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.control import test_barred, test_limits, test_listed_forms, test_parties, test_permits, test_records
from tests.unit.control.conftest import CLEAN, DYSPROSIUM, LICENSED, TODAY, Desk, Fields, codes, licences, verdict_on

from lodeline.control.declaration import read_fields
from lodeline.control.desk import judge
from lodeline.control.reason import VERDICTS, vocabulary
from lodeline.control.rulebook import LawDay
from lodeline.regulation.parameter import load


def without(line: Fields, *columns: str) -> Fields:
    return {column: text for column, text in line.items() if column not in columns}


NAMED = {"product_name": "NdFeB magnets containing dysprosium"}
PERMIT = {"export_licence": "25-AA-100001"}
OXIDE = PERMIT | {
    "product_name": "Neodymium oxide", "hs_code": "2846901990", "composition": "Nd2O3=99.5", "value": "6000",
}  # fmt: skip
METAL = PERMIT | {
    "product_name": "Neodymium metal", "hs_code": "2805301100", "composition": "Nd=99.5", "value": "9000",
}  # fmt: skip
ROTOR = without(CLEAN, "composition") | {
    "product_name": "Rotor assembly with surface-mounted NdFeB magnets", "hs_code": "8503009090", "value": "9000",
}  # fmt: skip

#: What a rotor states of the magnets in it.
MAGNET_INSIDE = DYSPROSIUM | {"composition_of": "magnet"}
#: A laser rod of ytterbium in a garnet.
ROD = {"product_name": "Yb:YAG crystal rods", "hs_code": "9001909090", "composition": "Yb2O3=9;Y2O3=45.1;Al2O3=43"}
FERRITE = {"product_name": "铁氧体永磁 环形", "hs_code": "8505190090", "composition": ""}
SENSOR = {"product_name": "传感器", "hs_code": "9031809090", "composition": ""}

#: code → a line that gives it, a line that does not.
PAIRS: dict[str, tuple[Fields, Fields]] = {
    "goods.not-rare-earth": (
        CLEAN | {"product_name": "washing powder", "hs_code": "3402900000", "composition": ""},
        CLEAN,
    ),
    "goods.other-magnet": (
        CLEAN | {"product_name": "ferrite magnets", "hs_code": "8505190090", "composition": "Fe=60;Sr=8"},
        CLEAN | {"product_name": "permanent magnets", "hs_code": "8505190090", "composition": ""},
    ),
    "goods.deeply-processed": (ROTOR, ROTOR | {"product_name": "NdFeB magnets for rotors"}),
    "item.none": (CLEAN, DYSPROSIUM),
    "item.no-list": (DYSPROSIUM | {"on": "2025-04-03"}, DYSPROSIUM | {"on": "2025-04-04"}),
    "licence.not-needed": (CLEAN | {"licence": "LIC-1"}, CLEAN),
    "line.not-stated": (without(CLEAN, "destination"), CLEAN),
    "value.not-checked": (CLEAN | {"currency": "XAF"}, CLEAN | {"currency": "CNY", "value": "32400"}),
    "line.unread": (CLEAN | {"mass_kg": "1,25"}, CLEAN | {"mass_kg": "１００"}),
    "goods.unclear": (
        CLEAN | {"product_name": "rare earth product", "hs_code": "3824999999", "composition": ""},
        CLEAN,
    ),
    "goods.told-differently": (
        CLEAN | {"product_name": "Samarium cobalt magnets", "product": "magnet-ndfeb"},
        CLEAN | {"product": "magnet-ndfeb"},
    ),
    "code.differs": (CLEAN | {"hs_code": "8505119000"}, CLEAN | {"hs_code": "850511"}),
    "code.not-rare-earth": (CLEAN | {"hs_code": "7326909000"}, CLEAN),
    "code.element-differs": (CLEAN | METAL | {"hs_code": "2805301600"}, CLEAN | METAL),
    "content.missing": (CLEAN | {"composition": "TREO=30"}, CLEAN),
    "value.heading": (
        {
            "line": "1",
            "product_name": "bismuth ingots",
            "hs_code": "8106101000",
            "mass_kg": "10",
            "value": "9000",
            "currency": "USD",
            "on": "2025-07-04",
        },
        {
            "line": "1",
            "product_name": "bismuth ingots",
            "hs_code": "8106101000",
            "mass_kg": "1000",
            "value": "9000",
            "currency": "USD",
            "on": "2025-07-04",
        },
    ),
    "content.total-differs": (CLEAN | {"re_total_pct": "33"}, CLEAN | {"re_total_pct": "30.1"}),
    "content.neighbours-without": (
        CLEAN | {"composition": "Nd=30;Gd=0.3;Fe=68"},
        CLEAN | {"composition": "Nd=30;Gd=0.3;Dy=0;Fe=68"},
    ),
    "content.samarium-in-ndfeb": (CLEAN | {"composition": "Nd=30;Sm=0.3;Fe=68"}, CLEAN),
    "band.trace": (CLEAN | {"composition": "Nd=30;Dy=0.06;Tb=0.04"}, CLEAN | {"composition": "Nd=30;Dy=0.06;Tb=0.05"}),
    "item.form-not-listed": (CLEAN | {"composition": "Nd=30;Gd=2;Dy=0"}, CLEAN | {"composition": "Nd=30;Gd=0;Dy=0"}),
    "item.impurity": (CLEAN | METAL | {"composition": "Nd=99.5;Sm=0.02"}, CLEAN | METAL),
    "item.other-partner": (
        CLEAN | METAL | {"product_name": "samarium zinc alloy", "hs_code": "7901200000", "composition": "Sm=80;Zn=19"},
        CLEAN | METAL | {"product_name": "neodymium alloy", "composition": "Nd=80;Fe=19;Sm=0.02"},
    ),
    "item.state-unknown": (
        CLEAN | {"on": "2026-11-20", "composition": "Nd=30;Ho=1"},
        CLEAN | {"on": "2026-11-09", "composition": "Nd=30;Ho=1"},
    ),
    "item.declared-unexplained": (CLEAN | {"controlled_declared": "是"}, DYSPROSIUM | {"controlled_declared": "是"}),
    "item.number-unknown": (CLEAN | {"control_item": "1C999.a"}, CLEAN | {"control_item": "1C905.a.4"}),
    "grade.suggests-heavy": (
        CLEAN | {"model": "N42SH"},
        CLEAN | {"model": "N42SH", "assay_composition": "Dy=0;Tb=0"},
    ),
    "models.many": (CLEAN | {"models_in_lot": "16"}, CLEAN | {"models_in_lot": "1"}),
    "deeply-processed.doubtful": (ROTOR | {"hs_code": "8505111000"}, ROTOR),
    "deeply-processed.refuted": (
        CLEAN | SENSOR | {"assay_composition": "Dy=99.8"},
        CLEAN | SENSOR | {"assay_composition": "Fe=60;Cu=20;Nd=2;Dy=0.2"},
    ),
    "deeply-processed.contradicted": (
        DYSPROSIUM | {"product_name": "rotor", "hs_code": "8503009090"},
        MAGNET_INSIDE | {"product_name": "rotor", "hs_code": "8503009090"},
    ),
    "deeply-processed.code": (
        CLEAN | SENSOR | {"hs_code": "3824999999"},
        CLEAN | SENSOR,
    ),
    "deeply-processed.price": (CLEAN | SENSOR | {"value": "100"}, CLEAN | SENSOR),
    "deeply-processed.weight": (
        CLEAN | SENSOR | {"mass_kg": "480", "value": "36000"},
        CLEAN | SENSOR | {"mass_kg": "480", "value": "96000"},
    ),
    "magnet.price": (
        CLEAN | FERRITE | {"value": "51120", "currency": "CNY"},
        CLEAN | FERRITE | {"value": "3600", "currency": "CNY"},
    ),
    "deeply-processed.bulk": (CLEAN | SENSOR | {"product_name": "传感器 散装"}, CLEAN | SENSOR),
    "goods.worked-form": (CLEAN | ROD, CLEAN | ROD | {"on": "2026-11-20", "composition": "Yb2O3=12;Al2O3=43"}),
    "waste.holds-magnets": (
        CLEAN | {"product_name": "废旧电机", "hs_code": "8549990000", "composition": ""},
        CLEAN | {"product_name": "电机", "hs_code": "8501310000", "composition": ""},
    ),
    "pattern.sample": (CLEAN | {"composition": "", "transport": "快件"}, CLEAN | {"transport": "快件"}),
    "value.low": (CLEAN | {"value": "900"}, CLEAN | {"value": "1500"}),
    "value.high": (CLEAN | {"value": "40000"}, CLEAN | {"value": "20000"}),
    "licence.not-verified": (LICENSED, CLEAN | {"licence": "LIC-1"}),
    "item.no-licence": (CLEAN | NAMED | {"composition": ""}, CLEAN | {"product_name": "dysprosium-free NdFeB magnets"}),
    "declared.no-licence": (CLEAN | {"controlled_declared": "yes"}, CLEAN),
}
#: Licence codes → what of the licence, or of the line, is changed; without the change the licence covers the line.
LICENCE_PAIRS: dict[str, tuple[dict[str, Any], Fields]] = {
    "licence.unknown": ({}, {"licence": "LIC-2"}),
    "licence.other-item": ({"control_items": ["1C904.a.4"]}, {}),
    "licence.other-element": ({"elements": "Tb=8"}, {}),
    "licence.other-product": ({"products": ["oxide"]}, {}),
    "licence.mass": ({"used_mg": 950_000_000}, {}),
    "licence.element-mass": ({"elements": "Dy=1.4"}, {}),
    "licence.exporter": ({}, {"exporter": "BETA"}),
    "licence.end-user": ({}, {"end_user_name": "Other Motors GmbH"}),
    "licence.destination": ({}, {"destination": "VN"}),
    "licence.dates": ({}, {"on": "2026-05-01"}),
    "licence.suspended": ({"standing": "suspended"}, {}),
    "licence.detail-missing": ({}, {"exporter": ""}),
    "licence.record-incomplete": ({"control_items": []}, {}),
    "licence.end-use": ({"end_use": "motors of pumps"}, {"end_use": "motors"}),
    "licence.other-end-use": ({"end_use": "pumps"}, {"end_use": "motors"}),
    "licence.used-once": ({"kind": "individual", "used_mg": 1}, {}),
}


@pytest.mark.parametrize("code", PAIRS)
def test_a_line_that_gives_the_reason_and_one_that_does_not(code: str, desk: Desk) -> None:
    gives, gives_not = PAIRS[code]
    assert code in codes(desk(gives))
    assert code not in codes(desk(gives_not))


@pytest.mark.parametrize("code", LICENCE_PAIRS)
def test_a_licence_that_covers_does_so_in_every_point(code: str, desk: Desk) -> None:
    changed, line = LICENCE_PAIRS[code]
    found = desk(LICENSED | line, licences=licences(**changed))
    assert code in codes(found)
    assert found.verdict == vocabulary()[code].verdict
    covered = desk(LICENSED, licences=licences())
    assert covered.verdict == "release"
    assert codes(covered) == ["licence.covers"]


def test_a_general_licence_may_name_several_countries(desk: Desk) -> None:
    several = licences(destination="DE|US")
    assert codes(desk(LICENSED, licences=several)) == ["licence.covers"]
    assert "licence.destination" in codes(desk(LICENSED | {"destination": "VN"}, licences=several))


def test_a_file_that_is_unclear_releases_none_of_its_lines() -> None:
    doubtful = read_fields(CLEAN | {"colour": "grey"})
    assert judge(doubtful, LawDay.of(load("cn"), TODAY))[0].verdict == "release"
    unclear = replace(doubtful, problems=tuple(replace(one, severity="reject") for one in doubtful.problems))
    assert codes(judge(unclear, LawDay.of(load("cn"), TODAY))[0])[0] == "line.file-unclear"


def test_every_reason_of_the_vocabulary_is_tested() -> None:
    assert {
        *PAIRS,
        *LICENCE_PAIRS,
        *test_records.TESTED,
        *test_barred.TESTED,
        *test_parties.TESTED,
        *test_permits.TESTED,
        *test_listed_forms.TESTED,
        *test_limits.TESTED,
        *(f"standing.{verdict}" for verdict in VERDICTS),  # test_standing_answer.py
        # At a port without a network: tests/contracts/test_port.py.
        "licence.no-tranche",
        "licence.tranche-mass",
        "licence.covers",
        "item.worked-form",
        "line.file-unclear",
    } == vocabulary().keys()


def test_every_reason_renders_in_both_languages_with_its_facts(desk: Desk) -> None:
    shown = [desk(line) for pair in PAIRS.values() for line in pair]
    shown += [desk(LICENSED | line, licences=licences(**changed)) for changed, line in LICENCE_PAIRS.values()]
    for reason in (one for verdict in shown for one in verdict.reasons):
        document = reason.as_json()
        texts = [document["text"], document.get("settle", document["text"])]
        assert all(isinstance(text, dict) and text["en"] and text["zh"] for text in texts), reason.code
        assert ("settle" in document) == (reason.verdict == "query")


def test_what_comes_under_the_law_cites_it(desk: Desk) -> None:
    (held,) = (one for one in desk(DYSPROSIUM).reasons if one.verdict == "hold")
    assert held.law[0].instrument == "announcement-18-2025"
    assert held.fields[0] == "composition"
    (traces,) = (one for one in desk(PAIRS["band.trace"][0]).reasons if one.code == "band.trace")
    assert [citation.instrument for citation in traces.law][:2] == ["trade-practice", "announcement-18-2025"]
    assert "not law" in traces.text("en")


@pytest.mark.parametrize(
    ("line", "item"),
    [
        (CLEAN | {"product_name": "SmCo magnets", "composition": "Sm=25;Co=50;Fe=15"}, "1C902.a.4"),
        (CLEAN | {"composition": "Sm=22.6;Co=50;Fe=15"}, "1C902.a.4"),
        (CLEAN | {"product_name": "钐钴磁钢", "composition": ""}, "1C902.a.4"),
        (CLEAN | {"composition": "钕=29；铽=0.4"}, "1C904.a.4"),
        (CLEAN | {"composition": "Nd2O3=30;Tb4O7=0.4"}, "1C904.a.4"),
        (CLEAN | {"composition": "", "assay_composition": "Dy=0.36"}, "1C905.a.4"),
        (CLEAN | {"control_item": "1C905.a.4"}, "1C905.a.4"),
        (CLEAN | {"product": "powder", "composition": "Nd=29;B=1;Dy=1"}, "1C905.a.4"),
        (CLEAN | {"product_name": "Dysprosium oxide", "hs_code": "2846901500", "composition": ""}, "1C905.b"),
        (CLEAN | {"product_name": "氧化镝", "hs_code": "2846901999", "composition": ""}, "1C905.b"),
        (CLEAN | {"product_name": "powder", "hs_code": "2846902200", "composition": ""}, "1C905.c"),
        (
            CLEAN | {"product_name": "yttrium metal target samples", "hs_code": "8112999090", "composition": ""},
            "1C908.a.1",
        ),
        (CLEAN | {"product_name": "rare earth metal", "hs_code": "2805301910", "composition": ""}, "1C903.a.1"),
    ],
)
def test_a_control_item_is_seen_wherever_it_is_told(line: Fields, item: str, desk: Desk) -> None:
    found = desk(line)
    assert found.verdict == "hold"
    assert item in {one.facts["item"] for one in found.reasons if one.code == "item.no-licence"}


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        (OXIDE, "release"),
        (METAL | {"composition": ""}, "release"),
        (MAGNET_INSIDE | {"product_name": "Rotor with embedded magnets", "hs_code": "8503009090"}, "release"),
        (MAGNET_INSIDE | {"product_name": "装有磁钢的转子组件", "hs_code": "8503009090"}, "release"),
        (DYSPROSIUM | {"product_name": "转子用磁钢"}, "hold"),
        (DYSPROSIUM | {"product": "assembly", "product_name": "NdFeB magnets"}, "hold"),
        (DYSPROSIUM | {"product": "swarf", "product_name": "NdFeB swarf", "hs_code": "3825690000"}, "query"),
        ({"product_name": "electric motor", "hs_code": "8501310000", "composition": ""}, "release"),
        (
            {"product_name": "aluminium alloy, metal oxide coated", "hs_code": "7606120000", "composition": ""},
            "release",
        ),
        ({"product_name": "permanent magnets", "hs_code": "8505119000", "composition": ""}, "query"),
    ],
)
def test_goods_are_what_all_fields_together_tell(line: Fields, verdict: str, desk: Desk) -> None:
    assert desk(CLEAN | line).verdict == verdict


def test_holmium_was_listed_only_as_far_as_was_known_then(desk: Desk) -> None:
    line = CLEAN | {"on": "2025-11-08", "composition": "Nd=30;Ho=1;Dy=0"}
    october = TODAY.replace(year=2025, month=10, day=20)
    assert desk(line, known=october).verdict == "hold"
    assert desk(line).verdict == "release"


def test_a_crystal_was_listed_only_as_far_as_was_known_then(desk: Desk) -> None:
    rod = CLEAN | ROD | {"on": "2025-11-08"}
    assert "item.worked-form" in codes(desk(rod, known=TODAY.replace(year=2025, month=10, day=20)))
    assert codes(desk(rod)) == ["goods.worked-form"]
    assert codes(desk(rod | {"on": "2026-11-20"})) == ["item.state-unknown"]


def test_prices_are_those_that_could_be_known(desk: Desk) -> None:
    # 11 USD/kg is more than half of what the rare earths were worth in 2024, and less than half in 2025.
    line = CLEAN | {"value": "1100"}
    assert "value.low" not in codes(desk(line, known=TODAY.replace(year=2025, month=7)))
    assert "value.low" in codes(desk(line))


def test_all_lines_on_a_licence_share_what_is_left_of_it() -> None:
    line = LICENSED | {"mass_kg": "600", "value": "27000"}
    alone = verdict_on(line, licences=licences())
    assert [one.verdict for one in alone] == ["release"]
    both = verdict_on(line, line | {"line": "2"}, licences=licences())
    assert [codes(one) for one in both] == [["licence.mass"]] * 2


def test_a_licence_for_the_element_covers_its_items_and_traces(desk: Desk) -> None:
    assert desk(LICENSED, licences=licences(control_items=["1C905"])).verdict == "release"
    traces = LICENSED | {"composition": "Nd=30;Dy=0.05"}
    assert desk(traces, licences=licences()).verdict == "release"
    assert desk(traces, licences=licences(destination="VN")).verdict == "query"


def test_an_empty_register_of_licences_refutes_nothing(desk: Desk) -> None:
    assert codes(desk(LICENSED, licences=licences().clear())) == ["licence.not-verified"]


def test_a_name_of_the_register_stands_for_the_exporter(desk: Desk) -> None:
    line = without(LICENSED, "exporter") | {"exporter_name": "Acme Magnets"}
    assert desk(line, licences=licences()).verdict == "query"
    assert desk(line, licences=licences(), exporters={"acme magnets": "ACME"}).verdict == "release"


def test_a_pack_without_the_desk_s_own_data_still_knows_its_list(desk: Desk) -> None:
    law = load("cn")
    bare = replace(law, parameters={name: one for name, one in law.parameters.items() if not name.startswith("desk-")})
    assert desk(DYSPROSIUM, law=bare).verdict == "hold"
    assert desk(CLEAN, law=bare).verdict == "release"
