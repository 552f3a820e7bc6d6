"""Screening: numbers before names, listed directly or by shares on the day, and why."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import polars as pl
import pytest

from lodeline.ledger.register import TABLES, Register
from lodeline.party.identifier import Identifier
from lodeline.party.likeness import likeness
from lodeline.party.lists import Listing, Measure, Party
from lodeline.party.ownership import Stake
from lodeline.party.reasons import explained
from lodeline.party.registered import registered
from lodeline.party.screening import Hit, Screener, Screening, _shown

DAY = date(2025, 7, 1)
USCC = Identifier("uscc", "91999999FCT000001P")
OTHER_USCC = Identifier("uscc", "91999999FCT000002T")
VAT = Identifier("vat", "DE123456789")


def party(
    key: str, *names: str, listed: Listing | None = None, numbers: tuple[Identifier, ...] = (), country: str = ""
) -> Party:
    source, _, id_ = key.partition(":")
    return Party(
        source=source, id=id_, names=names, countries=frozenset({country} if country else ()),
        identifiers=frozenset(numbers), listings=(listed,) if listed else (),
    )  # fmt: skip


def stake(owner: str, owned: str, percent: int, until: date | None = None) -> Stake:
    return Stake(owner=owner, owned=owned, share=Fraction(percent, 100), until=until)


YUNSHENG = party("register:Y", "宁波韵升股份有限公司", "Ningbo Yunsheng Co., Ltd.", numbers=(USCC,), country="CN")
NOWHERE = party("list:1", "乌有乡精密磁材股份有限公司", listed=Listing(since=date(2025, 4, 9), reason="invented"))


def register(**tables: list[dict[str, object]]) -> Register:
    empty = Register().tables
    return Register(
        tables={**empty, **{name: pl.DataFrame(rows, schema=TABLES[name]) for name, rows in tables.items()}}
    )


def codes(found: Screening) -> list[str]:
    return [one.code for one in found.hits[0].reasons]


def test_a_listed_party_is_found_in_any_spelling_with_the_reason_of_its_listing() -> None:
    screener = Screener([YUNSHENG, NOWHERE])
    found = screener.screen("烏有鄉精密磁材股份有限公司", day=DAY)
    assert found.verdict == "listed"
    assert codes(found) == ["written-same", "listed"]
    assert found.hits[0].reasons[-1].text("en") == "On list 2025-04-09 (barred, all goods): invented."
    assert screener.screen("Wu You Xiang Jing Mi Ci Cai Gu Fen You Xian Gong Si", day=DAY).verdict in (
        "listed",
        "alike",
    )


def test_before_its_day_and_after_its_end_it_is_known_and_not_listed() -> None:
    ended = Listing(since=date(2025, 1, 1), until=date(2025, 6, 30))
    screener = Screener([party("list:1", "Erewhon Rotor Works", listed=ended)])
    assert screener.screen("Erewhon Rotor Works", day=date(2025, 6, 30)).verdict == "listed"
    after = screener.screen("Erewhon Rotor Works", day=DAY)
    assert after.verdict == "known"
    assert codes(after) == ["written-same", "listing-ended"]
    assert screener.screen("Erewhon Rotor Works", day=date(2024, 12, 31)).verdict == "known"


def test_a_number_names_the_party_whatever_the_name_says() -> None:
    found = Screener([YUNSHENG, NOWHERE]).screen("Somebody Else GmbH", day=DAY, identifiers=[USCC])
    assert (found.verdict, found.hits[0].by, found.hits[0].probability) == ("known", "number", 1.0)
    assert codes(found) == ["number-same", "name-differs"]


def test_a_number_of_a_clean_firm_does_not_hide_a_listed_name() -> None:
    found = Screener([YUNSHENG, NOWHERE]).screen("乌有乡精密磁材股份有限公司", day=DAY, identifiers=[USCC])
    assert found.verdict == "listed"


def test_another_number_or_another_country_speaks_against_a_name() -> None:
    screener = Screener([YUNSHENG])
    plain = screener.screen("Ningbo Yunsheng Co Ltd", day=DAY)
    abroad = screener.screen("Ningbo Yunsheng Co Ltd", day=DAY, country="DE")
    numbered = screener.screen("Ningbo Yunsheng Co Ltd", day=DAY, identifiers=[OTHER_USCC])
    assert plain.verdict == "known"
    assert abroad.hits[0].probability < plain.hits[0].probability
    assert "country-differs" in codes(abroad) and "number-differs" in codes(numbered)
    assert numbered.verdict == "unknown"


def test_shares_of_several_listed_owners_add_up_and_the_chains_are_told() -> None:
    bermuda, daughter = party("list:2", "Laputa Holdings B.V."), party("list:3", "子虚国际贸易有限公司")
    stakes = [stake("list:1", "list:3", 30), stake("list:1", "list:2", 51), stake("list:2", "list:3", 25)]
    found = Screener([NOWHERE, bermuda, daughter], stakes).screen("子虚国际贸易有限公司", day=DAY)
    assert found.verdict == "listed"
    told = found.hits[0].reasons[-1]
    assert (told.code, told.facts["share"]) == ("owned", "55")
    assert (
        told.facts["chain"]
        == "乌有乡精密磁材股份有限公司 30 %; 乌有乡精密磁材股份有限公司 51 % → Laputa Holdings B.V. 25 %"
    )


@pytest.mark.parametrize(("percent", "until"), [(49, None), (51, date(2025, 6, 30))])
def test_less_than_half_or_sold_before_the_day_does_not_count(percent: int, until: date | None) -> None:
    screener = Screener([NOWHERE, party("list:2", "Laputa Holdings B.V.")], [stake("list:1", "list:2", percent, until)])
    assert screener.screen("Laputa Holdings B.V.", day=DAY).verdict == "known"


def test_shares_on_different_lists_do_not_add_up() -> None:
    other = party("watch:9", "Brobdingnag Motor Works", listed=Listing())
    daughter = party("list:3", "Laputa Holdings B.V.")
    screener = Screener([NOWHERE, other, daughter], [stake("list:1", "list:3", 30), stake("watch:9", "list:3", 30)])
    assert screener.screen("Laputa Holdings B.V.", day=DAY).verdict == "known"


def test_records_that_share_a_code_are_one_and_those_of_a_vat_group_are_not() -> None:
    listed = party("list:1", "韵升", listed=Listing(), numbers=(USCC,))
    found = Screener([YUNSHENG, listed]).screen("Ningbo Yunsheng Co., Ltd.", day=DAY)
    assert found.verdict == "listed"
    assert [one.key for one in found.hits[0].records] == ["register:Y", "list:1"]
    mother, sister = (
        party("register:A", "Alpha GmbH", numbers=(VAT,)),
        party("list:B", "Omega KG", numbers=(VAT,), listed=Listing()),
    )
    assert len(Screener([mother, sister])) == 2
    assert [hit.by for hit in Screener([mother, sister]).screen("Alpha GmbH", day=DAY, identifiers=[VAT]).hits] == [
        "number"
    ] * 2


def test_a_listed_party_is_not_hidden_behind_many_that_are_more_alike() -> None:
    crowd = [party(f"register:{at}", f"Ningbo Yunsheng {word} Co., Ltd.") for at, word in
             enumerate(("Electronics", "Motor", "Metal", "Machinery", "Trading", "Technology"))]  # fmt: skip
    found = Screener([*crowd, party("list:1", "宁波韵升股份有限公司", listed=Listing())]).screen(
        "Ningbo Yunsheng", day=DAY, most=2
    )
    assert found.hits[0].standings


@pytest.mark.parametrize(
    ("one", "other", "how"),
    [
        ("博世有限公司", "Bosch GmbH", "brand-transcribed"),
        ("金风科技股份有限公司", "Goldwind Science & Technology Co., Ltd.", "brand-translated"),
        ("Jin Feng Ke Ji Gu Fen You Xian Gong Si", "Goldwind Science & Technology Co., Ltd.", "brand-translated"),
        ("江铜集团", "江西铜业集团有限公司", "brand-short"),
        ("佳龙科技工程股份有限公司", "Super Dragon Technology Co., Ltd.", "brand-partly-translated"),
        # A trade of one name stands where the other has its brand, and translates nothing.
        ("Baotou Rare Earth Mining", "包头沅湾稀土高科有限公司", "brand-missing"),
        ("诺基亚公司", "Bosch GmbH", "brand-far"),
    ],
)
def test_the_reason_says_how_two_brands_stand_to_each_other(one: str, other: str, how: str) -> None:
    brands = [reason.code for reason in explained(likeness(one, other)) if reason.code.startswith("brand-")]
    assert brands == [how]


def test_of_those_that_nobody_need_look_at_the_ones_that_lead_are_shown() -> None:
    def hit(name: str, probability: float, led: float) -> Hit:
        return Hit(records=(), name=name, by="name", probability=probability, reasons=(), standings=(), led=led)

    looked_at, leads = hit("looked at", 0.4, 0), hit("leads", 0.2, 3)
    others = [hit(f"as likely {at}", 0.25, 0.1) for at in range(5)]
    shown = _shown([*others, leads, looked_at], 3, date(2026, 1, 1))
    assert [one.name for one in shown] == ["looked at", "as likely 0", "leads"]


@pytest.mark.parametrize(
    ("name", "remark"),
    [
        ("", "name.empty"),
        ("Nowhere\u200b Magnetics", "name.invisible-characters"),
        ("N\u043ewhere Magnetics", "name.lookalike-letters"),
        ("Nowhere Magnetics " * 600, "name.too-long"),
    ],
)
def test_a_bad_name_is_answered_and_its_fault_is_said(name: str, remark: str) -> None:
    found = Screener([NOWHERE]).screen(name, day=DAY)
    assert remark in {one.code for one in found.remarks}
    assert all(one.text("en") and one.text("zh") for one in found.remarks)


def test_organisations_of_a_register_are_parties_with_the_numbers_that_hold() -> None:
    row: dict[str, object] = {
        "id": "Y",
        "name_zh": "韵升",
        "name_en": None,
        "aliases": ["Yunsheng"],
        "country": "CN",
        "uscc": USCC.number,
        "lei": "wrong",
    }
    (found,) = registered(register(organisations=[row]))
    assert (found.key, found.names, found.identifiers) == ("register:Y", ("韵升", "Yunsheng"), frozenset({USCC}))


def test_shares_of_a_watched_and_of_a_barred_party_do_not_add_up() -> None:
    def listed(name: str, measure: Measure) -> Party:
        return Party(source="list", id=name, names=(f"{name} Holdings",), listings=(Listing(measure=measure),))

    owned = Party(source="list", id="C", names=("Erewhon Coils",))
    cases: tuple[tuple[tuple[Measure, Measure], list[str]], ...] = (
        (("barred", "watched"), []),
        (("watched", "watched"), ["watched"]),
    )
    for measures, found in cases:
        stakes = [Stake(owner=f"list:{who}", owned="list:C", share=Fraction(3, 10)) for who in "AB"]
        parties = [listed(who, measure) for who, measure in zip("AB", measures, strict=True)]
        standings = Screener([*parties, owned], stakes).standings("list:C", day=DAY)
        assert [one.measure for one in standings] == found
