"""What laboratories tell: heavy rare earths that nobody stated, scrap that no magnet was."""

from __future__ import annotations

import json
import random

import polars as pl
import pytest
from tests.unit.detection.kit import KG, look, months

from lodeline.message import localized

MONTHS = [f"2025-{number:02d}" for number in range(1, 11)]


def assayed(hidden: float, *, own: bool = True, seed: int = 1) -> pl.DataFrame:
    """Ten lots of light carbonate of 1 t, assayed by shipper and receiver; the receiver finds so much Dy more."""
    chance = random.Random(seed)
    rows = []
    for lot in range(1, 11):
        nd, la = (round(share * 1e9 * (1 + chance.gauss(0, 0.01))) for share in (0.10, 0.2))
        dy = max(100_000, round(1e9 * (0.001 + hidden) * (1 + chance.gauss(0, 0.01))))
        stated = f"La=200000000;Nd=100000000;Dy={1_000_000}"
        found = f"composition=La={la};Nd={nd};Dy={dy}" if own else f"composition={stated}"
        rows += [
            f"M O{lot} origin 1 m {lot} 1000 product=mixed-compound origin_kind=mined composition={stated}",
            f"M S{lot} shipment 2 m {lot} 1000 party=R",
            f"R R{lot} receipt 4 r {lot} 1000 party=M reference=S{lot} {found}",
        ]
    return months({"2025-06": rows})


def test_dysprosium_that_only_the_receiver_finds_is_asked_for() -> None:
    (found,) = look("composition-swap", assayed(0.004))
    assert found.subject == {"pair": "M>R"} and found.elements == ("Tb", "Dy")
    low_mg, high_mg = found.interval_mg
    # 0.4 % of ten tonnes.
    assert low_mg is not None and high_mg is not None and low_mg < 40 * KG < high_mg
    assert len(found.evidence) == 11


@pytest.mark.parametrize(("hidden", "own"), [(0.0, True), (-0.0008, True), (0.0, False)])
def test_laboratories_that_agree_find_less_or_copy_are_let_be(hidden: float, own: bool) -> None:
    assert look("composition-swap", assayed(hidden, own=own)) == []


def resold(hidden: float, receivers: str) -> pl.DataFrame:
    """Ten lots of M that T buys and sells to receivers in turn, each of whom assays what it gets."""
    whose = pl.col("lot").replace_strict({lot: receivers[lot % len(receivers)] for lot in range(1, 11)})
    lines = assayed(hidden)
    bought = lines.filter(pl.col("kind") == "receipt").with_columns(
        organisation=pl.lit("T"), site=pl.lit("t"), on=pl.col("on").dt.offset_by("-1d"),
        composition=pl.lit(None, pl.String),
    )  # fmt: skip
    sold = lines.filter(pl.col("kind") == "shipment").with_columns(
        organisation=pl.lit("T"), site=pl.lit("t"), party=whose, event="T" + pl.col("event"),
        on=pl.col("on").dt.offset_by("1d"),
    )  # fmt: skip
    last = lines.filter(pl.col("kind") == "receipt").with_columns(
        organisation=whose, site=whose.str.to_lowercase(), party=pl.lit("T"), event="T" + pl.col("event"),
        reference="T" + pl.col("reference"),
    )  # fmt: skip
    made = lines.filter(pl.col("kind") != "receipt").with_columns(
        party=pl.when(pl.col("kind") == "shipment").then(pl.lit("T")).otherwise("party")
    )
    numbers = pl.int_range(1, pl.len() + 1, dtype=pl.Int64)
    return pl.concat([made, bought, sold, last]).with_columns(line=numbers, entry=numbers)


def test_the_maker_answers_for_what_its_lots_hold_after_a_trader_sold_them_on() -> None:
    (one,) = look("composition-swap", resold(0.004, "R"))
    assert one.subject == {"pair": "M>R"}
    (several,) = look("composition-swap", resold(0.004, "RQ"))
    assert several.subject == {"organisation": "M"} and several.evidence[0]["totals"]["lots"] == 10
    low_mg, high_mg = several.interval_mg
    assert low_mg is not None and high_mg is not None and low_mg < 40 * KG < high_mg
    assert "of M, Q, R found" in localized(several.explanation)["en"]
    assert look("composition-swap", resold(0.0, "RQ")) == []


def test_what_two_receivers_miss_is_asked_of_the_maker_and_what_one_misses_of_nobody() -> None:
    (found,) = look("composition-swap", resold(-0.0009, "RQ"))
    assert found.subject == {"organisation": "M"} and "not in the goods" in localized(found.explanation)["en"]
    assert 8 * KG < found.mass_mg < 10 * KG
    assert look("composition-swap", resold(-0.0009, "R")) == []
    # Who states no terbium has not found that there is none.
    terbium = pl.when(pl.col("kind") == "origin").then(pl.col("composition") + ";Tb=4000000").otherwise("composition")
    assert look("composition-swap", resold(0.0, "RQ").with_columns(composition=terbium)) == []


def beside_magnets(hidden: float, *, lots: int = 10, seed: int = 2) -> pl.DataFrame:
    """`assayed`, and a magnet lot with 5 % Dy for each lot of carbonate, in which both laboratories err by 2 %."""
    chance = random.Random(seed)
    rows = []
    for lot in range(101, 111):
        dy = round(50_000_000 * (1 + chance.gauss(0, 0.02)))
        rows += [
            f"M O{lot} origin 1 m {lot} 1000 product=magnet-ndfeb origin_kind=purchased"
            " composition=Nd=250000000;Dy=50000000",
            f"M S{lot} shipment 2 m {lot} 1000 party=R",
            f"R R{lot} receipt 4 r {lot} 1000 party=M reference=S{lot} composition=Nd=250000000;Dy={dy}",
        ]
    both = pl.concat([assayed(hidden, own=True), months({"2025-06": rows})])
    numbers = pl.int_range(1, pl.len() + 1, dtype=pl.Int64)
    honest = (pl.col("lot") > lots) & (pl.col("lot") <= 10) & (pl.col("kind") == "receipt")
    label = pl.when(honest).then(None).otherwise("composition")
    return both.with_columns(line=numbers, entry=numbers, composition=label)


def test_a_pairs_heavy_magnets_do_not_hide_what_its_carbonate_brings() -> None:
    (found,) = look("composition-swap", beside_magnets(0.001))
    totals = found.evidence[0]["totals"]
    assert totals["products"] == ["mixed-compound"] and totals["lots"] == 10 and totals["z"] > 6
    assert look("composition-swap", beside_magnets(0.0)) == []


def test_what_one_lot_alone_shows_is_a_slip() -> None:
    assert look("composition-swap", beside_magnets(0.02, lots=1)) == []
    assert len(look("composition-swap", beside_magnets(0.02, lots=2))) == 1


def season(hidden: float, lots: int) -> pl.DataFrame:
    """Three years of ten lots a quarter; in one quarter the receiver finds so much Dy more in so many of them."""
    frames = []
    for quarter in range(12):
        year, month = 2024 + quarter // 4, 1 + 3 * (quarter % 4)
        honest, lying = (assayed(one, seed=quarter + 1) for one in (0.0, hidden))
        lots_of = pl.col("lot") <= lots
        both = pl.concat([lying.filter(lots_of), honest.filter(~lots_of)]) if quarter == 5 else honest
        frames.append(both.with_columns(pl.col("lot") + 100 * quarter, on=pl.date(year, month, pl.col("on").dt.day())))
    numbers = pl.int_range(1, pl.len() + 1, dtype=pl.Int64)
    return pl.concat(frames).with_columns(line=numbers, entry=numbers)


def test_what_hides_in_one_season_is_not_drowned_by_years() -> None:
    (found,) = look("composition-swap", season(0.0012, 10))
    assert found.period == {"from": "2025-04", "to": "2025-04"} and found.evidence[0]["totals"]["lots"] == 10
    assert look("composition-swap", season(0.0012, 1)) == []
    assert look("composition-swap", season(0.0, 10)) == []


def test_a_maker_that_states_no_heavy_element_may_have_what_its_ore_brings() -> None:
    def unstated(hidden: float) -> pl.DataFrame:
        makers = pl.col("kind") == "origin"
        return assayed(hidden).with_columns(
            composition=pl.when(makers).then(pl.lit("La=200000000;Nd=100000000")).otherwise("composition")
        )

    assert look("composition-swap", unstated(0.0)) == []
    (found,) = look("composition-swap", unstated(0.004))
    # Nothing is stated: 0.5 % of ten tonnes, less what the ore may bring.
    low_mg, high_mg = found.interval_mg
    assert low_mg is not None and high_mg is not None and low_mg < 40 * KG < high_mg


def collected(kg: list[float], composition: str) -> pl.DataFrame:
    rows = {
        month: [f"A O{place} origin 3 a {place + 1} {mass} product=scrap-eol origin_kind=secondary {composition}"]
        for place, (month, mass) in enumerate(zip(MONTHS, kg, strict=False))
    }
    return months(rows)


MAGNETS = "composition=Nd=220000000;Pr=70000000;Fe=650000000"


def recyclers(odd: str, *, sites: int = 6, oddities: int = 1, seed: int = 1) -> pl.DataFrame:
    """Recyclers that collect two lots of magnets a month; the first gets some lots of `odd` in June."""
    chance = random.Random(seed)
    rows: dict[str, list[str]] = {month: [] for month in MONTHS}
    for place, month in enumerate(MONTHS):
        for firm in range(sites):
            for number in range(2):
                nd, pr, dy = (round(kg * (1 + chance.gauss(0, 0.06))) for kg in (220_000_000, 70_000_000, 12_000_000))
                lot = 1 + number + 2 * (firm + sites * place)
                usual = f"Nd={nd};Pr={pr};Dy={dy};Fe=650000000"
                what = odd if firm == 0 and month == "2025-06" and number < oddities else usual
                rows[month].append(
                    f"F{firm} O{lot} origin 3 f{firm} {lot} 1000 product=scrap-eol origin_kind=secondary"
                    f" composition={what}"
                )
    return months(rows)


OXIDE = "Nd=230000000;Pr=66000000"


def test_scrap_in_which_no_magnet_was_is_asked_for_with_its_ratios() -> None:
    (found,) = look("recycling-laundering", recyclers(OXIDE))
    assert found.subject == {"organisation": "F0", "site": "f0"} and found.first_period == "2025-06"
    assert found.evidence[0]["totals"]["lots"] == 1
    assert found.evidence[1]["dy_tb_pct_of_rare_earths"] == 0.01 and found.evidence[1]["nd_to_pr"] == 3.4848
    # One tonne of 29.6 % rare earths, as oxide.
    assert 340 * KG < found.mass_mg < 350 * KG


@pytest.mark.parametrize(("dy", "asked"), [(600_000, 0), (70_000, 0), (20_000, 1)])
def test_a_little_dysprosium_is_common_scrap_and_none_is_oxide(dy: int, asked: int) -> None:
    """0.2 and more than 0.02 % of the rare earths, and less than that."""
    assert len(look("recycling-laundering", recyclers(f"Nd=230000000;Pr=70000000;Dy={dy}"))) == asked


def test_scrap_of_which_nobody_states_praseodymium_has_a_dash_for_its_ratio() -> None:
    lines = recyclers("Nd=230000000;Pr=1")
    (found,) = look("recycling-laundering", lines.with_columns(pl.col("composition").str.replace("Pr=[0-9]+;?", "")))
    assert "Nd : Pr is –" in localized(found.explanation)["en"] and "has – and" in localized(found.explanation)["en"]
    assert json.dumps(found.as_json(), allow_nan=False)


def test_the_only_lot_of_a_recycler_is_asked_for_from_less_than_one_of_many() -> None:
    """One lot in two hundred is so far out by chance: of one lot that is rare, of twenty it is not."""
    asked, share, step = [], "Nd=220000000;Pr=70000000", 1_000_000
    numbers = pl.int_range(1, pl.len() + 1, dtype=pl.Int64)
    for dy in range(24 * step, 44 * step, step):
        lot = f"F9 O999 origin 3 f9 999 1000 product=scrap-eol origin_kind=secondary composition={share};Dy={dy}"
        lines = pl.concat([recyclers(f"{share};Dy=12000000"), months({"2025-06": [lot]})])
        found = look("recycling-laundering", lines.with_columns(line=numbers, entry=numbers))
        asked += [(dy, one.evidence[0]["totals"]["lots"]) for one in found if one.subject["site"] == "f9"]
    begins = min(dy for dy, _ in asked)
    # What others hold errs by 30 %: three times as much is far for the only lot of a site.
    assert 30 * step < begins < 38 * step
    assert {dy for dy, _ in asked} == set(range(begins, 44 * step, step)) and {lots for _, lots in asked} == {1}


def test_scrap_as_others_collect_it_a_total_alone_and_few_recyclers_say_nothing() -> None:
    assert look("recycling-laundering", recyclers("Nd=215000000;Pr=73000000;Dy=10500000;Fe=650000000")) == []
    assert look("recycling-laundering", recyclers("TREO=350000000")) == []
    assert look("recycling-laundering", recyclers(OXIDE, sites=3)) == []


def test_a_kind_of_scrap_that_the_whole_trade_gets_is_no_ore() -> None:
    lines = recyclers(OXIDE, oddities=2)
    plain = pl.when((pl.col("lot") % 8 == 0) & pl.col("composition").is_not_null()).then(
        pl.lit(f"composition={OXIDE}"[12:])
    )
    assert look("recycling-laundering", lines.with_columns(composition=pl.coalesce(plain, "composition"))) == []


def test_scrap_with_lanthanum_is_ore() -> None:
    lines = collected([1000.0] * 10, "composition=La=70000000;Nd=150000000;Pr=50000000")
    (found,) = look("recycling-laundering", lines)
    assert found.elements == ("TREO", "La") and found.evidence[0]["totals"]["lots"] == 10
    assert "25.9 %" in localized(found.explanation)["en"] and "25.9 %" in localized(found.explanation)["zh"]


def test_more_scrap_than_ever_is_asked_for_with_what_is_too_much() -> None:
    (found,) = look("recycling-laundering", collected([1000.0] * 4 + [2500.0] * 3 + [1000.0] * 3, MAGNETS))
    assert (found.first_period, found.last_period) == ("2025-05", "2025-07")
    # 4.5 t more of 29 % rare earths, about 0.34 of it as oxide.
    assert 1400 * KG < found.mass_mg < 1600 * KG


def test_five_months_of_fifteen_times_the_usual_do_not_hide_in_the_spread_that_they_make() -> None:
    usual = [1000.0, 1300.0, 800.0, 1100.0, 900.0]
    (found,) = look("recycling-laundering", collected([*usual, *(15 * kg for kg in usual)], MAGNETS))
    assert (found.first_period, found.last_period) == ("2025-06", "2025-10")
    # 71.4 t more of 29 % rare earths, about 0.34 of it as oxide.
    assert 22_000 * KG < found.mass_mg < 26_000 * KG


@pytest.mark.parametrize("kg", [[1000.0, 1200.0, 900.0, 1100.0, 1250.0, 800.0], [1000.0, 9000.0]])
def test_uneven_collection_and_few_months_are_let_be(kg: list[float]) -> None:
    assert look("recycling-laundering", collected(kg, MAGNETS)) == []


def test_traces_of_lanthanum_are_let_be() -> None:
    traces = MAGNETS.replace("Nd=", "La=1500000;Nd=")
    assert look("recycling-laundering", collected([1000.0] * 10, traces)) == []
