"""What exports tell: sizes below a threshold, goods that go elsewhere, goods called otherwise."""

from __future__ import annotations

import polars as pl
import pytest
from tests.desk import organisation, site
from tests.unit.detection.kit import KG, look, months, papers, register

from lodeline.detection.finding import Finding
from lodeline.ledger.register import Register
from lodeline.message import localized

MAGNET = "product=magnet-ndfeb composition=Nd=290000000;Dy=20000000;Fe=690000000"
FREE = "product=magnet-ndfeb composition=Nd=300000000;Fe=690000000"


def exports(*consignments: tuple[str, int, float, str], what: str = MAGNET, who: str = "E") -> pl.DataFrame:
    """One lot made and exported for each (month, day, kg, destination)."""
    rows: dict[str, list[str]] = {}
    for number, (month, day, kg, country) in enumerate(consignments, 1):
        rows.setdefault(month, []).extend(
            [
                f"{who} O{number} origin 1 e {number} {kg} origin_kind=opening {what}",
                f"{who} E{number} export {day} e {number} {kg} {what.split(maxsplit=1)[0]} party=BUYER-{country}"
                f" destination={country}",
            ]
        )
    return months(rows)


def sizes(*kg: float) -> pl.DataFrame:
    return exports(*((f"2025-{1 + place % 12:02d}", 2 + place % 26, mass, "DE") for place, mass in enumerate(kg)))


def test_a_crowd_just_below_the_threshold_is_asked_for() -> None:
    (found,) = look("threshold-splitting", sizes(*[470.0 + number for number in range(20)], 900.0, 1500.0, 90.0))
    assert found.subject == {"organisation": "E", "goods": "magnet-ndfeb"}
    assert found.evidence[0]["totals"] == {
        "threshold_kg": "500", "below": 20, "above": 0, "lots": 20, "parted": 0,
    }  # fmt: skip
    assert found.mass_mg > 20 * 470 * KG * 0.33


@pytest.mark.parametrize("kg", [[470.0] * 5, [400.0 + 10 * n for n in range(20)], [100.0] * 30, [501.0] * 20])
def test_sizes_on_both_sides_far_away_or_few_are_let_be(kg: list[float]) -> None:
    assert look("threshold-splitting", sizes(*kg)) == []


def parted(*lots: list[float], days: int = 2) -> pl.DataFrame:
    """One lot a month, each exported in parts of so many kg, some days apart; and 20 whole ones far away."""
    rows: dict[str, list[str]] = {}
    for number, parts in enumerate(lots, 1):
        rows[f"2025-{number:02d}"] = [
            f"E O{number} origin 1 e {number} {sum(parts)} origin_kind=opening {MAGNET}",
            *(
                f"E E{number}{place} export {2 + place * days} e {number} {kg} product=magnet-ndfeb"
                f" party=B{place} destination=DE"
                for place, kg in enumerate(parts)
            ),
        ]
    return months(rows)


def test_lots_that_leave_in_parts_just_below_are_asked_for_though_they_are_few() -> None:
    (found,) = look("threshold-splitting", parted([480, 470, 300], [490, 450, 480], [900.0], [700.0]))
    totals = found.evidence[0]["totals"]
    assert (totals["below"], totals["lots"], totals["parted"]) == (5, 2, 2)
    assert "2 of their 2 lots went out in such parts within days" in localized(found.explanation)["en"]


@pytest.mark.parametrize(
    ("lots", "days"),
    [
        ([[480, 470, 450], [900.0]], 2),  # one lot: a delivery in three containers
        ([[480, 470], [490, 450]], 20),  # weeks apart: orders of their own
        ([[300, 200], [250, 260]], 2),  # far below
    ],
)
def test_one_lot_in_parts_or_parts_of_any_size_are_let_be(lots: list[list[float]], days: int) -> None:
    assert look("threshold-splitting", parted(*lots, days=days)) == []


def cut(*lots: list[float], buyers: tuple[str, ...] = ("ACME",), days: int = 2, who: str = "E") -> pl.DataFrame:
    """One lot of SmCo a month for each list, each exported in such parts to the buyers in turn; and six whole ones."""
    what = "product=magnet-smco composition=Sm=250000000;Co=500000000"
    rows: dict[str, list[str]] = {}
    for number, parts in enumerate([*lots, *([700.0 + place] for place in range(6))], 1):
        rows[f"2025-{number:02d}"] = [
            f"{who} O{number} origin 1 {who.lower()} {number} {sum(parts)} origin_kind=opening {what}",
            *(
                f"{who} E{number}{place} export {2 + place * days} {who.lower()} {number} {kg} product=magnet-smco"
                f" party={buyers[place % len(buyers)]} destination=DE"
                for place, kg in enumerate(parts)
            ),
        ]
    return months(rows)


CUT = ([61.0, 60.0, 63.0, 20.0], [60.0, 62.0, 61.0], [420.0, 400.0, 410.0])


UNEVEN = ([61.0, 220.0, 9.0], [60.0, 150.0, 33.0], [420.0, 20.0, 70.0, 8.0])


@pytest.mark.parametrize("lots", [CUT, UNEVEN])
def test_lots_in_parts_for_one_owner_are_asked_for_whatever_a_part_weighs(lots: list[list[float]]) -> None:
    (found,) = look("threshold-splitting", cut(*lots))
    assert found.evidence[0]["totals"] == {"lots": 9, "cut": 3, "parts": 10, "buyers": 1, "owners": 1}
    assert "3 of 9 lots" in localized(found.explanation)["en"]


def test_two_lots_in_very_many_parts_are_enough() -> None:
    assert len(look("threshold-splitting", cut([30.0] * 2, [30.0] * 9))) == 1
    assert look("threshold-splitting", cut([30.0] * 2, [30.0] * 3)) == []


def test_several_names_of_one_owner_are_one_buyer() -> None:
    lines = cut(*CUT, buyers=("B1", "B2", "B3", "B4"))

    def named(*names: str) -> Register:
        buyers = [
            organisation(f"B{number}", roles="foreign-buyer", name_en=name) for number, name in enumerate(names, 1)
        ]
        return register(lines, organisations=buyers)

    alike = named("Acme Motors GmbH", "Acme Motors Trading GmbH", "ACME MOTOR GMBH", "Acme Motors Technology GmbH")
    (found,) = look("threshold-splitting", lines, register=alike)
    totals = found.evidence[0]["totals"]
    assert (totals["buyers"], totals["owners"]) == (4, 1)
    others = named("Acme Motors GmbH", "Zenith Pumps AG", "Borealis Drives GmbH", "Kestrel Sound Ltd")
    assert look("threshold-splitting", lines, register=others) == []


@pytest.mark.parametrize(
    ("lots", "days"),
    [
        (CUT, 9),  # an order of its own each time
        (CUT[:1], 2),  # one lot: a delivery in four drums
        (([61.0, 220.0], [420.0, 20.0]), 2),  # two containers each
        (([20_000.0] * 4, [21_000.0] * 3, [19_000.0] * 5), 2),  # as much as containers hold
    ],
)
def test_orders_of_their_own_containers_and_one_lot_are_let_be(lots: list[list[float]], days: int) -> None:
    assert look("threshold-splitting", cut(*lots, days=days)) == []


def test_what_a_whole_trade_does_is_its_way_of_packing() -> None:
    numbers = pl.int_range(1, pl.len() + 1, dtype=pl.Int64)
    firms = [
        cut(*CUT, who=who).with_columns(lot=pl.col("lot") + 100 * place) for place, who in enumerate(("E", "F", "G"))
    ]
    assert look("threshold-splitting", pl.concat(firms).with_columns(line=numbers, entry=numbers)) == []


def trade(*, after: dict[str, int], what: str = FREE) -> pl.DataFrame:
    """Twelve consignments to DE and six to US before 4 April 2025; then so many to each country."""
    before = [("2025-02", 1 + place, 50.0, "DE" if place % 3 else "US") for place in range(18)]
    later = [(country, number) for country, count in after.items() for number in range(count)]
    moved = [(f"2025-{5 + place % 8:02d}", 1 + place % 27, 50.0, country) for place, (country, _) in enumerate(later)]
    return exports(*before, *moved, what=what)


def test_goods_that_went_to_one_country_and_go_to_a_new_one_after_the_control_are_asked_for() -> None:
    (found,) = look("destination-shift", trade(after={"US": 6, "TH": 14, "DE": 1}))
    assert found.subject == {"organisation": "E", "country": "TH", "party": "BUYER-TH"}
    totals = found.evidence[0]["totals"]
    assert (totals["before"], totals["after"]["TH"]) == ({"DE": 12, "US": 6}, 14)
    assert "DE had 12 before and has had 1 since" in localized(found.explanation)["en"]


def test_a_buyer_is_told_by_its_id_where_the_register_has_it_and_else_by_name() -> None:
    lines = trade(after={"US": 6, "TH": 14, "DE": 1})
    nobody = register(lines.with_columns(party=pl.lit(None, pl.String)))
    for kind, known in (("party", register(lines)), ("name", nobody)):
        (found,) = look("destination-shift", lines, register=known)
        assert found.as_json()["sentences"][0]["facts"]["where"]["facts"]["party"] == {kind: "BUYER-TH"}


@pytest.mark.parametrize(
    "after",
    [
        {"DE": 12, "US": 6},
        {"DE": 10, "US": 5, "TH": 3},
        {"US": 18},  # an old country, however much it rose
        {},
    ],
)
def test_old_ways_and_trial_orders_are_let_be(after: dict[str, int]) -> None:
    assert look("destination-shift", trade(after=after)) == []


def newly_sold(month: str, *, name: str | None = None) -> list[Finding]:
    """Forty exporters that sell to DE and US all year, thrice before April 2025; one wins a buyer in TH in `month`.

    With `name` the new buyer is in DE under that name, and none of the three buyers is in the register.
    """
    days = [(f"2025-{number:02d}", 1 + number, 50.0, "DE" if number % 2 else "US") for number in range(1, 13)]
    won = exports(*days, *[(month, 3 + 2 * place, 50.0, "TH") for place in range(5)], what=FREE, who="E0")
    usual = exports(*days, what=FREE)
    others = [
        usual.with_columns(pl.col("line", "lot", "entry") + 100 * number, organisation=pl.lit(f"E{number}"))
        for number in range(1, 40)
    ]
    lines = registered = pl.concat([won, *others])
    if name is not None:
        names = {"BUYER-DE": "Nordlohe Antriebstechnik GmbH", "BUYER-US": "Larkhollow Motion Inc.", "BUYER-TH": name}
        lines = lines.with_columns(pl.col("party").replace(names), pl.col("destination").replace("TH", "DE"))
        registered = lines.with_columns(party=pl.lit(None, pl.String))
    sites = [site(f"s{number}", "E") for number in range(320)]
    return look("destination-shift", lines, register=register(registered, sites=sites))


def test_a_buyer_that_nobody_knew_right_after_the_control_is_asked_for_without_a_long_history() -> None:
    (found,) = newly_sold("2025-05")
    assert found.subject == {"organisation": "E0", "country": "TH", "party": "BUYER-TH"}
    assert len(found.evidence) == 6


def test_an_old_buyer_whose_name_is_written_in_another_way_is_no_new_one() -> None:
    assert newly_sold("2025-05", name="NORDLOHE ANTRIEBSTECHNIK G.M.B.H.") == []
    assert len(newly_sold("2025-05", name="Brückstett Kompressoren GmbH")) == 1


def test_a_buyer_won_half_a_year_later_is_no_bypass() -> None:
    assert newly_sold("2025-09") == []


def test_goods_that_a_list_names_go_where_licences_let_them_and_are_not_looked_at() -> None:
    assert look("destination-shift", trade(after={"TH": 20}, what=MAGNET)) == []


def test_magnets_that_become_parts_after_the_control_are_asked_for() -> None:
    before = exports(*[("2025-02", 1 + place, 50.0, "DE") for place in range(10)])
    after = exports(*[("2025-06", 1 + place, 90.0, "DE") for place in range(9)], what="product=assembly who=x")
    moved = after.drop("line", "lot").with_columns(
        line=after["line"] + 100, lot=after["lot"] + 100, event=pl.concat_str(pl.lit("N"), "event")
    )
    lines = pl.concat([before, moved.select(before.columns)])
    (found,) = look("one-more-step", lines)
    assert found.subject == {"organisation": "E"}
    assert found.evidence[0]["totals"]["excluded_after"] == 9
    assert look("one-more-step", before) == []


def test_a_code_of_excluded_goods_counts_as_they_do_and_who_always_made_parts_is_let_be() -> None:
    days = [("2025-02", 1 + place, 50.0, "DE") for place in range(10)]
    lines = exports(*days, *[("2025-07", 1 + place, 50.0, "DE") for place in range(10)])
    late = pl.when(pl.col("on").dt.month() == 7).then(pl.lit("8503009090"))
    assert len(look("one-more-step", lines, papers=papers(lines, hs_code=late))) == 1
    assert look("one-more-step", lines, papers=papers(lines, hs_code="8503009090")) == []


def declared(lines: pl.DataFrame, **columns: object) -> pl.DataFrame:
    """Papers that fit magnets with dysprosium; `columns` say otherwise."""
    usual: dict[str, object] = {
        "hs_code": "8505111000", "control_item": "1C905.a.4", "currency": "USD",
        "value": (pl.col("mass_mg") / KG * 50).cast(pl.String),
    }  # fmt: skip
    return papers(lines, **{**usual, **columns})


def consignments() -> pl.DataFrame:
    """Four exporters, ten consignments each in one month."""
    frames = []
    for number, who in enumerate("EFGH"):
        lines = exports(*[("2025-06", 1 + place, 50.0 + place, "DE") for place in range(10)], who=who)
        shift = 100 * number
        frames.append(lines.with_columns(pl.col("line", "lot", "entry") + shift))
    return pl.concat(frames)


LIARS = pl.col("organisation") == "E"


@pytest.mark.parametrize(
    ("aspect", "columns"),
    [
        ("code", {"hs_code": pl.when(LIARS).then(pl.lit("8505119000")).otherwise(pl.lit("8505111000"))}),
        ("control", {"control_item": pl.when(~LIARS).then(pl.lit("1C905.a.4"))}),
        (
            "value",
            {"value": (pl.col("mass_mg") / KG * pl.when(LIARS).then(15).otherwise(50)).cast(pl.String)},
        ),
    ],
)
def test_papers_that_contradict_the_lot_are_asked_for(aspect: str, columns: dict[str, pl.Expr]) -> None:
    lines = consignments()
    (found,) = look("misdeclaration", lines, papers=declared(lines, **columns))
    assert found.subject == {"organisation": "E"}
    assert found.evidence[0]["totals"][aspect] == 10
    assert found.evidence[1]["contradicts"] == [aspect]


@pytest.mark.parametrize(("liars", "asked"), [("E", "E"), ("EF", "EF"), ("EFGH", "")])
def test_what_is_usual_is_the_middle_exporter_and_not_other_cheats(liars: str, asked: str) -> None:
    """Of five exporters one or two leave the item out of a third of their rows; what most do is how it is written."""
    honest = exports(*[("2025-06", 1 + place, 50.0 + place, "DE") for place in range(10)], who="I")
    lines = pl.concat([consignments(), honest.with_columns(pl.col("line", "lot", "entry") + 400)])
    lie = pl.col("organisation").is_in(list(liars)) & (pl.col("line") % 3 == 0)
    found = look("misdeclaration", lines, papers=declared(lines, control_item=pl.when(~lie).then(pl.lit("1C905.a.4"))))
    assert {one.subject["organisation"] for one in found} == set(asked)


def test_a_composition_that_leaves_out_dysprosium_is_asked_for() -> None:
    lines = consignments()
    told = pl.when((pl.col("kind") == "export") & LIARS).then(pl.lit("Fe=690000000;Nd=300000000"))
    lying = lines.with_columns(composition=pl.coalesce(told, "composition"))
    (found,) = look("misdeclaration", lying, papers=declared(lines))
    assert found.evidence[0]["totals"]["composition"] == 10


def wrong_codes(*months_of: str, same_declaration: bool = False) -> list[Finding]:
    """Of 60 consignments in five years, some with the code of other magnets."""
    kept = [(f"{2021 + place // 12}-{1 + place % 12:02d}", 3, 50.0, "DE") for place in range(60)]
    lines = exports(*kept, *((month, 5, 50.0, "DE") for month in months_of))
    wrong = pl.col("on").dt.day() == 5
    if same_declaration:
        lines = lines.with_columns(
            event=pl.when(wrong & (pl.col("kind") == "export")).then(pl.lit("E5")).otherwise("event")
        )
    code = pl.when(wrong & (pl.col("kind") == "export")).then(pl.lit("8505119000")).otherwise(pl.lit("8505111000"))
    return look("misdeclaration", lines, papers=declared(lines, hs_code=code))


def test_two_wrong_declarations_of_one_quarter_are_asked_for_and_rows_of_one_or_far_apart_are_not() -> None:
    assert len(wrong_codes("2025-04", "2025-05")) == 1
    assert wrong_codes("2022-04", "2025-05") == []
    assert wrong_codes("2025-04", "2025-05", same_declaration=True) == []


def test_papers_that_fit_one_slip_and_no_papers_are_let_be() -> None:
    lines = consignments()
    assert look("misdeclaration", lines, papers=declared(lines)) == []
    once = pl.when(pl.col("line") == 2).then(pl.lit("8505119000")).otherwise(pl.lit("8505111000"))
    assert look("misdeclaration", lines, papers=declared(lines, hs_code=once)) == []
    free = exports(*[("2025-06", 1 + place, 50.0, "DE") for place in range(10)], what=FREE)
    assert look("misdeclaration", free, register=register(free)) == []
