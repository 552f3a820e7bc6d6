"""The parties of a line: barred by a list or by shares, alike to one that is, or written so that nobody can tell."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from unittest.mock import patch

import pytest
from tests.unit.control.conftest import CLEAN, LICENSED, Desk, Fields, codes, licences, verdict_on

from lodeline.control.screened import Screened
from lodeline.party.index import NameIndex
from lodeline.party.lists import Listing, Party
from lodeline.party.ownership import Stake
from lodeline.party.screening import Screener

#: Reasons that are tested here (test_rules asks for all of the vocabulary).
TESTED = {"parties.listed", "parties.owned", "parties.alike", "parties.name-unclear"}
YUNSHENG = "宁波韵升股份有限公司"


def screened() -> Screened:
    """A list with one firm from 9 April 2025 on, its daughter by 60 %, and a register with one firm."""
    listed = Party(
        source="watch", id="W-1", names=("乌有乡精密磁材股份有限公司",), listings=(Listing(since=date(2025, 4, 9)),)
    )
    daughter = Party(source="watch", id="W-2", names=("Laputa Holdings B.V.",))
    clean = Party(source="register", id="MOTORS", names=("Example Motors GmbH",), countries=frozenset({"DE"}))
    stake = Stake(owner="watch:W-1", owned="watch:W-2", share=Fraction(60, 100))
    return Screened(Screener([listed, daughter, clean], [stake]), lists=1)


@pytest.mark.parametrize(
    ("line", "code", "verdict"),
    [
        ({"end_user_name": "烏有鄉精密磁材股份有限公司"}, "parties.listed", "hold"),
        ({"consignee_name": "乌有乡精密磁材股份有限公司"}, "parties.listed", "hold"),
        ({"end_user_name": "LAPUTA HOLDINGS BV"}, "parties.owned", "hold"),
        ({"consignee_name": "Wuyouxiang Magnetic Materials"}, "parties.alike", "query"),
        ({"end_user_name": "Ex\u0430mple Motors GmbH"}, "parties.name-unclear", "query"),
        ({"end_user_name": "Example\u200b Motors GmbH"}, "parties.name-unclear", "query"),
        ({"end_user_name": "\u202eHbmG srotoM elpmaxE"}, "parties.name-unclear", "query"),
        ({"end_user_name": "Example Motors " * 700}, "parties.name-unclear", "query"),
    ],
)
def test_who_is_barred_alike_or_unclear(line: Fields, code: str, verdict: str, desk: Desk) -> None:
    found = desk(CLEAN | line, screened=screened())
    assert code in codes(found)
    assert found.verdict == verdict
    (reason,) = (one for one in found.reasons if one.code == code)
    assert reason.fields == tuple(line)
    document = reason.as_json()
    assert ("settle" in document) == (verdict == "query")
    assert "{" not in reason.text("en") + reason.text("zh")


def test_whoever_is_clean_or_was_listed_later_is_released(desk: Desk) -> None:
    assert desk(CLEAN, screened=screened()).verdict == "release"
    before = CLEAN | {"consignee_name": "乌有乡精密磁材股份有限公司", "on": "2025-04-08"}
    assert not {*codes(desk(before, screened=screened()))} & TESTED
    assert not {*codes(desk(before | {"on": "2025-05-01"}))} & TESTED, "nothing is at hand"


def test_a_licensed_end_user_is_covered_in_another_script_and_its_daughter_is_not(desk: Desk) -> None:
    licence = licences(end_users=[YUNSHENG])
    for name in ("Ning Bo Yun Sheng Gu Fen You Xian Gong Si", "寧波韻升股份有限公司", "Ningbo Yunsheng Co., Ltd."):
        assert codes(desk(LICENSED | {"end_user_name": name}, licences=licence, screened=screened())) == [
            "licence.covers"
        ], name
    for name in ("宁波韵升磁体元件技术有限公司", "Ningbo Yusheng Co., Ltd.", "宁波韵升国际贸易有限公司"):
        held = desk(LICENSED | {"end_user_name": name}, licences=licence, screened=screened())
        assert "licence.end-user" in codes(held), name
    plain = desk(LICENSED | {"end_user_name": "寧波韻升股份有限公司"}, licences=licence)
    assert "licence.end-user" in codes(plain), "without anything at hand names are compared as they are written"


def test_each_name_is_looked_for_once_however_many_lines_and_days_have_it() -> None:
    lines = [
        CLEAN | {"line": f"{at}", "end_user_name": f"Motor Works {at % 7} GmbH", "on": f"2025-07-{at % 28 + 1:02d}"}
        for at in range(200)
    ]
    known = screened()
    with patch.object(NameIndex, "find", autospec=True, side_effect=NameIndex.find) as find:
        verdict_on(*lines, screened=known)
    assert find.call_count == 7
