"""What the law asks beyond the lists of elements: what must stop, and what must pass, for each of these rules."""

from __future__ import annotations

from datetime import date

import pytest
from tests.unit.control.conftest import CLEAN, DYSPROSIUM, LICENSED, Desk, Fields, codes, licences

from lodeline.control.reason import vocabulary
from lodeline.regulation.parameter import load

#: Lawful goods of the catalogue; with an ordinary licence they leave.
METAL = CLEAN | {
    "on": "2026-06-01", "product_name": "Neodymium metal", "hs_code": "2805301100", "composition": "Nd=99.5",
    "value": "9000",
}  # fmt: skip
OXIDE = METAL | {
    "product_name": "Neodymium oxide", "hs_code": "2846901300", "composition": "Nd2O3=99.5", "value": "6000",
}  # fmt: skip
CERIUM = METAL | {"product_name": "Cerium metal powder", "hs_code": "2805301510", "composition": "Ce=99.5", "value": ""}
PERMIT = {"export_licence": "26-AA-100001"}
#: Goods that have nothing to do with rare earths.
STEEL = CLEAN | {"product_name": "steel bolts", "hs_code": "7318150000", "composition": "", "on": "2026-11-29"}
FURNACE = STEEL | {"product_name": "strip casting furnace", "hs_code": "8514390000"}
EXTRACTANT = STEEL | {"product_name": "extractant P507", "hs_code": "2931900090"}
DRAWINGS = STEEL | {"product_name": "process specifications for sintered NdFeB magnets", "hs_code": "4906000000"}
FIRST_WEEKS = {"on": "2025-10-20"}  # No. 62 and the origin limb of No. 61 were in force
KNOWN_THEN = {"known": date(2025, 10, 20)}
DY_METAL = DYSPROSIUM | {
    "on": "2026-06-01",
    "product_name": "Dysprosium metal", "hs_code": "2805301200", "composition": "Dy=99.5", "value": "", "currency": "",
}  # fmt: skip
COVERED = {"control_items": ["1C905"], "products": ["metal"], "elements": "", "valid_to": date(2026, 12, 31)}

#: code → a line that gives it, one as near as can be that does not.
PAIRS: dict[str, tuple[Fields, Fields]] = {
    "permit.missing": (METAL, METAL | PERMIT),
    "permit.unreadable": (METAL | {"export_licence": "see contract"}, METAL | PERMIT),
    "movement.within": (DY_METAL | {"destination": "CN"}, DY_METAL | {"destination": "CN", "movement": "过境"}),
    "permit.named": (METAL | PERMIT, METAL),
    "permit.dual-use-missing": (CERIUM, CERIUM | {"licence": "LIC-1"}),
    "permit.dual-use-unsettled": (CERIUM | {"hs_code": "2805301590"}, CERIUM | {"product_name": "Cerium metal"}),
    "zone.covered": (METAL | PERMIT | {"movement": "保税区转口"}, METAL | PERMIT),
    "port.designation-unknown": (METAL | {"port": "Shekou"}, METAL | {"port": "天津新港"}),
    "listed.to-identify": (DRAWINGS | FIRST_WEEKS, DRAWINGS | {"on": "2026-06-01"}),
    "listed.no-licence": (DRAWINGS | FIRST_WEEKS | {"control_item": "1E902.a"}, DRAWINGS | FIRST_WEEKS),
    "technology.prohibited": (
        DRAWINGS | {"on": "2026-06-01", "product_name": "know-how for making sintered NdFeB magnets"},
        DRAWINGS | {"on": "2026-06-01", "product_name": "technical data sheets of NdFeB magnets"},
    ),
    "technology.restricted": (
        DRAWINGS | {"product_name": "process data: in-situ leaching of ion-adsorption rare-earth ore"},
        DRAWINGS | {"product_name": "process data: in-situ leaching of ion-adsorption rare-earth ore"} | PERMIT,
    ),
    "listed.state-unknown": (FURNACE, FURNACE | {"on": "2026-11-10"}),
    "re-export.licence": (
        CLEAN | FIRST_WEEKS | {"movement": "re-export"},
        CLEAN | {"on": "2026-06-01", "movement": "re-export"},
    ),
    "re-export.state-unknown": (
        CLEAN | {"on": "2026-11-11", "note": "转口贸易"},
        CLEAN | {"on": "2026-11-10", "note": "转口贸易"},
    ),
    "notice.no-destination": (
        DYSPROSIUM | {"on": "2026-11-20", "destination": ""},
        DYSPROSIUM | {"on": "2026-11-10", "destination": ""},
    ),
    "notice.due": (DYSPROSIUM | {"on": "2026-11-20"}, CLEAN | {"on": "2026-11-20"}),
    "materials.refused": (
        STEEL | {"on": "2025-06-01", "product_name": "gallium metal 6N", "destination": "US"},
        STEEL | {"on": "2025-06-01", "product_name": "gallium metal 6N", "destination": "DE"},
    ),
    "materials.state-unknown": (
        STEEL | {"on": "2026-11-28", "product_name": "高纯石墨块", "destination": "US"},
        STEEL | {"on": "2026-11-27", "product_name": "高纯石墨块", "destination": "US"},
    ),
}
TESTED = {*PAIRS, "permit.place-taken"}


def known_of(line: Fields) -> dict[str, date]:
    """The days of October 2025 as they could be known then: later nobody can ask about them."""
    return KNOWN_THEN if line["on"] == FIRST_WEEKS["on"] else {}


@pytest.mark.parametrize("code", PAIRS)
def test_a_line_that_gives_the_reason_and_one_that_does_not(code: str, desk: Desk) -> None:
    gives, gives_not = PAIRS[code]
    found = desk(gives, **known_of(gives))
    assert code in codes(found)
    assert code not in codes(desk(gives_not, **known_of(gives_not)))
    if vocabulary()[code].verdict != "release":
        assert found.verdict != "release"


def test_the_texts_of_these_reasons_render_in_both_languages(desk: Desk) -> None:
    for line in (line for pair in PAIRS.values() for line in pair):
        for one in desk(line, **known_of(line)).reasons:
            document = one.as_json()
            assert all(document["text"].values()), one.code  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        (METAL, "hold"),
        (METAL | {"export_licence": "applied for"}, "query"),
        (METAL | PERMIT, "release"),
        (METAL | {"licence": "26-AA-100001"}, "release"),
        (OXIDE, "hold"),
        (OXIDE | PERMIT, "release"),
        (OXIDE | PERMIT | {"on": "2025-07-04"}, "release"),
        (OXIDE | {"on": "2025-07-04"}, "hold"),
        # The catalogue goes by the code, whatever dual-use lists say of goods that are worked further.
        (
            OXIDE | {"product_name": "cerium polishing powder", "hs_code": "2846101000", "composition": "CeO2=95"},
            "hold",
        ),
        # The flags name a dual-use licence in place of the ordinary one, which therefore does not do.
        (CERIUM, "hold"),
        (CERIUM | PERMIT, "hold"),
        # Magnets stand in no catalogue of ordinary licences.
        (CLEAN | {"on": "2026-06-01"}, "release"),
        (CLEAN | {"on": "2026-06-01", "port": "Shekou"}, "release"),
        (METAL | PERMIT | {"port": "Ningbo"}, "release"),
        (METAL | PERMIT | {"port": "Shenzhen"}, "query"),
        (METAL | PERMIT | {"port": "Shenzhen", "on": "2023-06-01"}, "release"),
        (METAL | PERMIT | {"port": "Shenzhen", "on": "2017-06-01"}, "query"),
        (STEEL, "release"),
        (STEEL | {"product_name": "sintering furnace for ceramics", "hs_code": "8514390000"}, "release"),
        (STEEL | {"product_name": "烧结炉（钕铁硼）", "hs_code": "8514390000"}, "query"),
        (EXTRACTANT, "query"),
        (EXTRACTANT | {"product_name": "萃取剂P507"}, "query"),
        (EXTRACTANT | {"on": "2026-06-01"}, "release"),
        (STEEL | {"product_name": "graphite pencils", "hs_code": "9609101000", "destination": "US"}, "release"),
        (STEEL | {"product_name": "technical drawings of a bridge", "hs_code": "4906000000"}, "release"),
    ],
)
def test_what_must_stop_stops_and_what_must_pass_passes(line: Fields, verdict: str, desk: Desk) -> None:
    assert desk(line).verdict == verdict


def test_a_dual_use_licence_of_the_register_is_no_ordinary_one(desk: Desk) -> None:
    assert "permit.missing" in codes(desk(METAL | {"licence": "LIC-1"}, licences=licences()))


def test_what_a_dual_use_licence_covers_leaves_without_the_ordinary_one_and_says_that_this_is_assumed(
    desk: Desk,
) -> None:
    line = DY_METAL | {"licence": "LIC-1"}
    found = desk(line, licences=licences(**COVERED))
    assert found.verdict == "release"
    (taken,) = (one for one in found.reasons if one.code == "permit.place-taken")
    assert "assumption" in {cited.evidence for cited in taken.law}


def test_a_licence_for_the_list_covers_what_it_names(desk: Desk) -> None:
    stated = DRAWINGS | FIRST_WEEKS | {"control_item": "1E902.a", "licence": "LIC-1"}
    options = {"licences": licences(control_items=["1E902"]), **KNOWN_THEN}
    assert "listed.no-licence" not in codes(desk(stated, **options))
    assert "listed.no-licence" in codes(desk(stated, licences=licences(), **KNOWN_THEN))


def test_a_re_export_that_a_licence_covers_is_not_asked_about(desk: Desk) -> None:
    line = LICENSED | FIRST_WEEKS | {"movement": "re-export"}
    assert "re-export.licence" not in codes(desk(line, licences=licences(), **KNOWN_THEN))
    assert "re-export.licence" in codes(desk(line, licences=licences(destination="VN"), **KNOWN_THEN))


def test_pieces_of_ndfeb_stand_under_the_code_of_ferro_alloys(desk: Desk) -> None:
    pieces = CLEAN | {"product_name": "NdFeB alloy pieces", "hs_code": "7202999900"}
    assert "code.differs" not in codes(desk(pieces))
    assert "code.not-rare-earth" not in codes(desk(pieces))
    ferro = STEEL | {"product_name": "ferro-phosphorus", "hs_code": "7202999900", "composition": "Fe=75;P=25"}
    assert desk(ferro | {"on": "2026-06-01"}).verdict != "hold"
    assert "content.missing" not in codes(desk(ferro))


def test_the_nine_customs_are_named_in_both_languages() -> None:
    value = load("cn").parameters["desk-ports"].at(date(2017, 1, 1), known=date(2017, 1, 1)).value
    assert len(value["designated"]) == 9
    for one in value["designated"]:
        assert any(name.isascii() for name in one["names"]) and any(not name.isascii() for name in one["names"])
