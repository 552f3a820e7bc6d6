"""What scales tell: skimming, counts that nobody made, yields, and more than a plant can make."""

from __future__ import annotations

import random

import polars as pl
import pytest
from tests.desk import site
from tests.unit.detection.kit import KG, look, months, register

from lodeline.ledger.register import TABLES, Register
from lodeline.message import localized

ORE = "product=concentrate origin_kind=imported composition=TREO=500000000"
MONTHS = [f"2025-{number:02d}" for number in range(1, 11)]


def deliveries(share_kept: float, *, kept_in: range = range(10), pairs: int = 6, seed: int = 1) -> pl.DataFrame:
    """Six pairs that ship 1 000 kg four times a month, weighed to 0.1 %; one keeps back a share in some months."""
    chance = random.Random(seed)
    rows: dict[str, list[str]] = {month: [] for month in MONTHS}
    biases = [chance.gauss(0, 0.0004) for _ in range(pairs)]
    for place, month in enumerate(MONTHS):
        for pair in range(pairs):
            for number in range(4):
                event, lot = f"S{pair}{place}{number}", 1 + number + 4 * (pair + pairs * place)
                kept = share_kept if pair == 0 and place in kept_in else 0.0
                got = round(1000 * (1 - kept + biases[pair] + chance.gauss(0, 0.001)), 3)
                rows[month] += [
                    f"M{pair} O{event} origin 1 m{pair} {lot} 1000 {ORE}",
                    f"M{pair} {event} shipment {2 + 5 * number} m{pair} {lot} 1000 party=R{pair}",
                    f"R{pair} R{event} receipt {3 + 5 * number} r{pair} {lot} {got} party=M{pair} reference={event}",
                ]
    return months(rows)


def test_a_little_of_every_lot_is_skimming_and_both_are_named() -> None:
    (found,) = look("skimming", deliveries(0.006, kept_in=range(3, 8)))
    assert found.subject == {"pair": "M0>R0"}
    assert found.first_period >= "2025-03" and found.last_period <= "2025-09"
    assert found.score is not None and found.score >= 0.995
    low_mg, high_mg = found.interval_mg
    # Five months of four lots of 500 kg TREO lost 0.6 %: 60 kg.
    assert low_mg is not None and high_mg is not None and low_mg < 60 * KG < high_mg
    assert len(found.evidence) == 11 and found.evidence[1]["event"].startswith("RS0")


@pytest.mark.parametrize(("part", "asked"), [(10, 1), (100, 0)])
def test_what_is_less_than_a_kilogram_is_no_question_however_sure(part: int, asked: int) -> None:
    """0.6 % of five months of small lots: 6 kg, and 600 g."""
    lines = deliveries(0.006, kept_in=range(3, 8)).with_columns(pl.col("mass_mg", "dry_mg") // part)
    assert len(look("skimming", lines)) == asked


@pytest.mark.parametrize("seed", range(3))
def test_scales_that_differ_within_their_error_skim_nothing(seed: int) -> None:
    assert look("skimming", deliveries(0.0, seed=seed)) == []


@pytest.mark.parametrize("seed", range(3))
def test_parts_of_one_lot_were_weighed_and_dried_once(seed: int) -> None:
    """What a lot of four parts is off by is one error and not four; what many lots lack is skimmed."""
    chance = random.Random(seed)
    lots = deliveries(0.0).with_columns(lot=pl.col("lot").min().over("organisation", pl.col("on").dt.month()))
    places = lots.select("organisation", "lot").unique().sort("organisation", "lot")
    off = places.with_columns(off=pl.Series([chance.gauss(0, 0.002) for _ in range(places.height)]))
    received = (1 - pl.when(pl.col("kind") == "receipt").then("off").otherwise(0.0)) * pl.col("dry_mg")
    lines = lots.join(off, on=["organisation", "lot"], maintain_order="left").with_columns(
        dry_mg=received.cast(pl.Int64)
    )
    assert look("skimming", lines.drop("off")) == []


def test_a_part_of_a_delivery_is_no_skimming() -> None:
    assert look("skimming", deliveries(0.4)) == []


@pytest.mark.parametrize(("kept", "pairs"), [(0.0, []), (0.006, ["M0>R0"])])
def test_the_rest_of_a_lot_that_went_with_the_books_figure_is_no_habit(kept: float, pairs: list[str]) -> None:
    """One delivery of M1 carries what a year of weighings of its lot were off by; M0 keeps back from each, or not."""
    rest = (pl.col("kind") == "receipt") & (pl.col("event") == "RS152")
    lines = deliveries(kept, kept_in=range(3, 8)).with_columns(
        pl.when(rest).then(pl.col(mass) * 96 // 100).otherwise(mass).alias(mass) for mass in ("mass_mg", "dry_mg")
    )
    assert [one.subject["pair"] for one in look("skimming", lines)] == pairs


def hub(*, scale: float, kept: float, seed: int = 1) -> pl.DataFrame:
    """Eight shippers to one receiver, six transfers a month; its scale reads a share too little for all of them, and it
    keeps a share of what the first sends from May on.
    """
    chance = random.Random(seed)
    rows: dict[str, list[str]] = {month: [] for month in MONTHS}
    for place, month in enumerate(MONTHS):
        for pair in range(8):
            for number in range(6):
                event, lot = f"S{pair}{place}{number}", 1 + number + 6 * (pair + 8 * place)
                short = scale + (kept if pair == 0 and place >= 4 else 0.0)
                got = round(1000 * (1 - short + chance.gauss(0, 0.001)), 3)
                rows[month] += [
                    f"M{pair} O{event} origin 1 m{pair} {lot} 1000 {ORE}",
                    f"M{pair} {event} shipment {2 + 4 * number} m{pair} {lot} 1000 party=R",
                    f"R R{event} receipt {3 + 4 * number} r {lot} {got} party=M{pair} reference={event}",
                ]
    return months(rows)


def test_a_scale_that_reads_short_for_everybody_hides_nobody_and_accuses_nobody() -> None:
    assert look("skimming", hub(scale=0.0008, kept=0.0)) == []
    (found,) = look("skimming", hub(scale=0.0008, kept=0.0025))
    assert found.subject == {"pair": "M0>R"} and found.first_period == "2025-05"
    # 36 lots of 500 kg TREO lost 0.25 %: 45 kg; the scale's own 0.08 % are not counted.
    assert abs(found.mass_mg - 45 * KG) < 12 * KG


def test_a_receiver_that_keeps_from_everybody_has_no_better_scale_for_it() -> None:
    found = look("skimming", hub(scale=0.005, kept=0.0))
    assert {one.subject["pair"] for one in found} == {f"M{pair}>R" for pair in range(8)}


def test_small_lots_in_whole_kilograms_are_not_skimmed() -> None:
    chance = random.Random(1)
    rows: dict[str, list[str]] = {month: [] for month in MONTHS}
    for place, month in enumerate(MONTHS):
        for number in range(6):
            lot = 1 + number + 6 * place
            kg = chance.uniform(60, 80)
            sent, got = (round(kg * (1 + chance.gauss(0, 0.001))) for _ in range(2))
            rows[month] += [
                f"M O{lot} origin 1 m {lot} {sent} {ORE}",
                f"M S{lot} shipment 2 m {lot} {sent} party=R",
                f"R R{lot} receipt 3 r {lot} {got} party=M reference=S{lot}",
            ]
    assert look("skimming", months(rows)) == []


def methods(random_pct: str, systematic_pct: str) -> Register:
    """A register of one scale, P."""
    row = {"id": "P", "quantity": "weighing", "random_pct": random_pct, "systematic_pct": systematic_pct}
    return Register(
        tables={
            name: pl.DataFrame([row] if name == "methods" else [], schema=schema) for name, schema in TABLES.items()
        }
    )  # fmt: skip


def test_scales_err_as_their_firms_registered_them() -> None:
    """0.25 % of every lot is much for scales of 0.1 %, and nothing for such as their certificates let err by 0.5 %."""
    lines = hub(scale=0.0, kept=0.0025).with_columns(method=pl.lit("P"))
    assert len(look("skimming", lines, register=methods("0.08", "0.05"))) == 1
    assert look("skimming", lines, register=methods("0.5", "0.5")) == []


def test_dry_goods_are_not_held_against_what_moisture_makes_of_moist_ones() -> None:
    """The moist goods of three firms in four differ by 1 % from weighing to weighing: 0.25 % of dry ones are seen."""
    chance = random.Random(2)
    lines = [hub(scale=0.0, kept=0.0025)]
    for firm in range(3):
        moist = hub(scale=0.0, kept=0.0, seed=3 + firm)
        names = ("organisation", "party", "event", "reference", "site")
        dry_mg = [round(1000 * KG * (1 + chance.gauss(0, 0.01))) for _ in range(moist.height)]
        lines.append(
            moist.with_columns(
                *((pl.lit(f"X{firm}") + pl.col(name)).alias(name) for name in names),
                pl.col("lot") + 10_000 * (firm + 1), pl.col("mass_mg") * 2, pl.Series("dry_mg", dry_mg),
            )
        )  # fmt: skip
    number = pl.int_range(1, pl.len() + 1, dtype=pl.Int64)
    (found,) = look("skimming", pl.concat(lines).with_columns(line=number, entry=number))
    assert found.subject == {"pair": "M0>R"}


def counted(copied: bool, seed: int = 1) -> pl.DataFrame:
    """Five firms that hold eight lots each and count them for ten months; the first may copy the book."""
    chance = random.Random(seed)
    rows: dict[str, list[str]] = {month: [] for month in MONTHS}
    for firm in range(5):
        for number in range(80):
            made, lot = MONTHS[number // 8], 1 + number + 100 * firm
            kg = round(chance.uniform(400, 460), 2)
            rows[made].append(f"F{firm} O{lot} origin 2 f{firm} {lot} {kg} {ORE}")
            seen = kg if copied and firm == 0 else round(kg * (1 + chance.gauss(0, 0.0006)), 2)
            rows[made].append(f"F{firm} C{made} stock 27 f{firm} {lot} {seen} product=concentrate")
            rows[made].append(f"F{firm} L{lot} loss 28 f{firm} {lot} {kg} reason=used")
    return months(rows)


def test_counts_that_are_the_book_are_no_counts() -> None:
    (found,) = look("ghost-stock", counted(copied=True))
    assert found.subject == {"organisation": "F0", "site": "f0"}
    assert (found.first_period, found.last_period) == ("2025-01", "2025-10")
    assert found.evidence[0]["totals"]["repeated"] == 80
    assert look("ghost-stock", counted(copied=False)) == []


def test_copying_that_goes_on_is_one_question() -> None:
    lines = counted(copied=True)
    found = [
        one for month in range(4, 11) for one in look("ghost-stock", lines.filter(pl.col("on").dt.month() <= month))
    ]
    assert len(found) == 7 and {one.last_period for one in found} == set(MONTHS[3:10])
    assert len({one.id for one in found}) == 1


@pytest.mark.parametrize("firm", [0, 4])
def test_a_scale_of_whole_kilograms_repeats_itself(firm: int) -> None:
    """One firm of five reads whole kilograms, so that two figures in three are alike, though nobody else's are."""
    chance = random.Random(7)
    rows: dict[str, list[str]] = {month: [] for month in MONTHS}
    for one in range(5):
        digits = 0 if one == firm else 2
        for number in range(80):
            made, lot = MONTHS[number // 8], 1 + number + 100 * one
            kg = chance.uniform(400, 460)
            filed, seen = (round(kg * (1 + chance.gauss(0, 0.0006)), digits) for _ in range(2))
            rows[made] += [
                f"F{one} O{lot} origin 2 f{one} {lot} {filed} {ORE}",
                f"F{one} C{made} stock 27 f{one} {lot} {seen} product=concentrate",
                f"F{one} L{lot} loss 28 f{one} {lot} {filed} reason=used",
            ]
    assert look("ghost-stock", months(rows)) == []


def lot_counted(*kg: float, others: int = 12, seed: int = 1) -> pl.DataFrame:
    """A lot that lies untouched and is counted at these masses, beside others that come and go."""
    chance = random.Random(seed)
    rows: dict[str, list[str]] = {month: [] for month in MONTHS[: len(kg)]}
    rows[MONTHS[0]].append(f"A O1 origin 1 a 1 {kg[0]} {ORE}")
    for place, mass in enumerate(kg):
        month = MONTHS[place]
        rows[month].append(f"A C{month} stock 28 a 1 {mass} product=concentrate")
        for other in range(others):
            lot, made = 10 + other + others * place, round(chance.uniform(420, 450), 2)
            seen = round(made * (1 + chance.gauss(0, 0.0006)), 2)
            rows[month] += [
                f"A O{lot} origin 1 a {lot} {made} {ORE}", f"A D{month} stock 27 a {lot} {seen} product=concentrate",
                f"A L{lot} loss 28 a {lot} {made} reason=used",
            ]  # fmt: skip
    return months(rows)


def test_a_lot_that_weighs_the_same_each_month_is_asked_for() -> None:
    (found,) = look("ghost-stock", lot_counted(445.1, 445.1, 445.11, 445.1, 445.1, 445.1))
    assert found.evidence[0]["totals"]["counts"] == 6
    assert look("ghost-stock", lot_counted(445.1, 445.45, 444.8, 445.3, 444.95, 445.2)) == []


@pytest.mark.parametrize(("kg", "asked"), [([2565.622] * 8, 1), ([round(2565.622 + 2.7 * n, 3) for n in range(8)], 0)])
def test_one_figure_of_a_lot_of_which_some_came_and_went_is_asked_for(kg: list[float], asked: int) -> None:
    """Each month 100 kg are taken out of the lot and as much is put in: its scale does not show the gram again."""
    lines = lot_counted(*kg)
    moves = months({
        month: [f"A I{month} adjustment 2 a 1 100 reason=other", f"A L{month} loss 9 a 1 100 reason=used"]
        for month in MONTHS[1:8]
    })  # fmt: skip
    number = pl.int_range(1, pl.len() + 1, dtype=pl.Int64)
    both = pl.concat([lines, moves]).with_columns(line=number, entry=number)
    assert len(look("ghost-stock", both)) == asked


def test_two_counts_that_are_the_book_are_enough_where_the_scale_is_fine_and_not_where_it_is_coarse() -> None:
    assert len(look("ghost-stock", lot_counted(445.13, 445.13))) == 1
    # Copied with a jitter that no scale has.
    assert len(look("ghost-stock", lot_counted(445.13, 445.15, 445.12, 445.14))) == 1
    assert look("ghost-stock", lot_counted(445.13, 445.41)) == []
    coarse = lot_counted(445, 445, 445).filter(pl.col("lot") == 1)
    assert look("ghost-stock", coarse) == []


@pytest.mark.parametrize(("whole_wet", "asked"), [(True, 0), (False, 1)])
def test_the_scale_that_shows_whole_kilograms_of_wet_goods_is_told_by_the_mass_as_filed(
    whole_wet: bool, asked: int
) -> None:
    """Dry masses that were computed from it have many digits, which no scale has shown."""
    lines = lot_counted(400, 400, others=0).with_columns(dry_mg=pl.col("mass_mg") * 912_345 // 1_000_000)
    if not whole_wet:
        lines = lines.with_columns(mass_mg="dry_mg")
    assert len(look("ghost-stock", lines)) == asked


@pytest.mark.parametrize("kind", ["residue", "concentrate"])
def test_the_scale_of_one_kind_of_goods_says_nothing_of_that_of_another(kind: str) -> None:
    """A site weighs its oxides to ten grams and what is left over in whole kilograms."""
    chance = random.Random(3)
    rows: dict[str, list[str]] = {month: [] for month in MONTHS}
    for number in range(160):
        month, digits = MONTHS[number // 16], 2 if number % 2 else 0
        goods = "oxide" if digits else kind
        weighed = chance.uniform(200, 220)
        filed, seen = (round(weighed * (1 + chance.gauss(0, 0.0006)), digits) for _ in range(2))
        rows[month] += [
            f"A O{number} origin 2 a {1 + number} {filed} {ORE.replace('concentrate', goods)}",
            f"A C{month} stock 27 a {1 + number} {seen} product={goods}",
            f"A L{number} loss 28 a {1 + number} {filed} reason=used",
        ]
    assert look("ghost-stock", months(rows)) == []


def test_a_certificate_that_stands_for_a_count_says_so_and_is_not_asked_for() -> None:
    lines = lot_counted(445.1, 445.1, 445.1, 445.1, 445.1, 445.1)
    carried = lines.with_columns(
        method=pl.when((pl.col("kind") == "stock") & (pl.col("lot") == 1)).then(pl.lit("carried-over"))
    )
    assert look("ghost-stock", carried) == []


def test_counts_that_name_no_scale_where_others_do_were_not_weighed() -> None:
    lines = lot_counted(445.1, 445.1, 445.1, 445.1, 445.1, 445.1)
    counted = pl.col("kind") == "stock"
    scale = pl.when(counted & (pl.col("lot") != 1)).then(pl.lit("A-SCALE"))
    assert (lines.filter(counted)["lot"] != 1).any(), "others are counted too"
    assert look("ghost-stock", lines.with_columns(method=scale)) == []
    assert len(look("ghost-stock", lines.with_columns(method=pl.when(counted).then(pl.lit("A-SCALE"))))) == 1


def smelted(
    shift: dict[str, float], waste_too: bool = True, seed: int = 1, content: dict[str, float] | None = None
) -> pl.DataFrame:
    """Six smelters, six runs a month at 95 %; the first gives more or less in some months, or its waste holds more."""
    chance = random.Random(seed)
    rows: dict[str, list[str]] = {month: [] for month in MONTHS}
    for firm in range(6):
        for place, month in enumerate(MONTHS):
            for number in range(6):
                lot = 3 * (number + 6 * (place + 10 * firm)) + 1
                share = 0.95 + (shift.get(month, 0.0) if firm == 0 else 0.0)
                out = round(1000 * share * (1 + chance.gauss(0, 0.004)), 2)
                waste = round(1000 * (1 - share if waste_too else 0.05) * (1 + chance.gauss(0, 0.004)), 2)
                held = round(990_000_000 * (1 + (content or {}).get(month, 0.0) * (firm == 0) + chance.gauss(0, 0.002)))
                run = f"F{firm} T{lot} transformation {2 + number} f{firm}"
                rows[month] += [
                    f"F{firm} O{lot} origin 1 f{firm} {lot} 1000 product=oxide origin_kind=imported"
                    " composition=TREO=990000000",
                    f"{run} {lot} 1000 role=in",
                    f"{run} {lot + 1} {out} role=out product=metal composition=TREO=990000000",
                    f"{run} {lot + 2} {waste} role=waste product=slag composition=TREO={held}",
                ]
    return months(rows)


def fed(kinds: dict[str, str], *, poor: float = 0.0) -> pl.DataFrame:
    """`smelted`, where a month's feed is a mixed compound its waste holds a third of what it holds else, at every firm;
    the first firm's waste holds a share `poor` less in March, of whatever feed."""
    lines = smelted({}, content={MONTHS[2]: -poor})
    of_kind = pl.col("on").dt.strftime("%Y-%m").replace_strict(kinds, default="oxide")
    compound = of_kind == "mixed-compound"
    waste = pl.col("role") == "waste"
    part = pl.col("composition").str.extract(r"TREO=(\d+)").cast(pl.Int64)
    poorer = pl.concat_str(pl.lit("TREO="), (part / 3).round().cast(pl.Int64))
    return lines.with_columns(
        product=pl.when(pl.col("kind") == "origin").then(of_kind).otherwise("product"),
        composition=pl.when(waste & compound).then(poorer).otherwise("composition"),
    )


def test_another_raw_material_is_another_process() -> None:
    """Months of leached clay leave another waste than months of oxide: each is held against its like."""
    clay = {month: "mixed-compound" for month in MONTHS if month not in MONTHS[1:9:3]}
    assert look("yield-outlier", fed(clay)) == []
    (found,) = look("yield-outlier", fed(clay, poor=0.3))
    assert found.subject["goods"] == "metal < mixed-compound" and found.first_period == MONTHS[2]


def test_a_yield_too_good_for_a_season_is_found_and_weighed() -> None:
    better = dict.fromkeys(MONTHS[3:6], 0.03)
    (found,) = look("yield-outlier", smelted(better))
    assert found.subject["site"] == "f0" and MONTHS[3] <= found.first_period <= found.last_period <= MONTHS[5]
    # Each month has six runs of 990 kg, so 3 % are 178 kg.
    number = int(found.last_period[5:]) - int(found.first_period[5:]) + 1
    assert abs(found.mass_mg - number * 178 * KG) < number * 30 * KG
    assert "more" in localized(found.explanation)["en"] and "多" in localized(found.explanation)["zh"]


def test_waste_that_suddenly_holds_more_than_such_waste_does_is_product_that_is_missing() -> None:
    # 0.1 % of the feed, which no balance shows: 2 % of what the waste holds.
    richer = dict.fromkeys(MONTHS[3:7], 0.02)
    (found,) = look("yield-outlier", smelted({}, content=richer))
    assert (found.first_period, found.last_period) == (MONTHS[3], MONTHS[6])
    assert "less" in localized(found.explanation)["en"] and "少" in localized(found.explanation)["zh"]
    # 24 runs with 49.5 kg of waste each, of which a fiftieth.
    assert abs(found.mass_mg - 24 * 50 * KG * 0.02) < 8 * KG


def test_a_plant_that_wears_or_is_one_of_a_kind_is_let_be() -> None:
    worn = {month: -0.001 * place for place, month in enumerate(MONTHS)}
    assert look("yield-outlier", smelted(worn)) == []
    lines = smelted({}).filter(pl.col("organisation") == "F0")
    assert look("yield-outlier", lines) == []


def test_more_out_than_in_all_year_is_found_against_others() -> None:
    (found,) = look("yield-outlier", smelted(dict.fromkeys(MONTHS, 0.03), waste_too=False))
    assert found.subject["site"] == "f0" and "other sites' runs" in localized(found.explanation)["en"]


def test_a_label_that_is_off_is_no_yield_of_who_assayed_the_lots_itself() -> None:
    """From June to August the first smelter buys what its supplier overstates by 6 %, or so it found itself."""
    made_here = (pl.col("kind") == "origin") & (pl.col("organisation") == "F0")
    label = pl.when(pl.col("on").dt.month().is_between(6, 8)).then(pl.lit("TREO=1049400000"))
    lines = smelted({})
    bought = lines.filter(made_here)
    others = lines.with_columns(
        organisation=pl.when(made_here).then(pl.lit("SUPPLIER")).otherwise("organisation"),
        site=pl.when(made_here).then(pl.lit("supplier")).otherwise("site"),
        composition=pl.when(made_here).then(pl.coalesce(label, "composition")).otherwise("composition"),
    )
    receipts = bought.with_columns(
        kind=pl.lit("receipt"), event=pl.lit("R") + pl.col("event"), origin_kind=pl.lit(None, pl.String),
        party=pl.lit("SUPPLIER"), line=pl.col("line") + lines.height,
    )  # fmt: skip
    assert look("yield-outlier", pl.concat([others, receipts])) == []
    unassayed = receipts.with_columns(composition=pl.lit(None, pl.String))
    (found,) = look("yield-outlier", pl.concat([others, unassayed]))
    assert found.subject["site"] == "f0"


def test_yields_that_wander_are_let_be_and_few_months_say_nothing() -> None:
    assert look("yield-outlier", smelted({})) == []
    short = smelted(dict.fromkeys(MONTHS[:2], 0.03)).filter(pl.col("on").dt.month() <= 4)
    assert look("yield-outlier", short) == []


def made(*kg: float) -> pl.DataFrame:
    return months(
        {
            month: [f"A O{place} origin 1 a {place + 1} {mass} {ORE.replace('imported', 'mined')}"]
            for place, (month, mass) in enumerate(zip(MONTHS, kg, strict=False))
        }
    )


def capacity(kg: int | None) -> dict[str, object]:
    return {**site("a", "A"), "capacity_mg_per_month": None if kg is None else kg * KG}


def test_more_than_the_plant_can_make_is_asked_for_and_runs_of_months_are_one_question() -> None:
    lines = made(90, 120, 130, 90, 140)
    one, two = look("capacity-excess", lines, register=register(lines, sites=[capacity(100)]))
    spans = {(found.first_period, found.last_period): found.mass_mg for found in (one, two)}
    assert spans == {("2025-02", "2025-03"): 25 * KG, ("2025-05", "2025-05"): 20 * KG}


@pytest.mark.parametrize("kg", [None, 140, 1000])
def test_within_capacity_or_without_one_nothing_is_asked(kg: int | None) -> None:
    lines = made(90, 120, 130, 90, 141)
    assert look("capacity-excess", lines, register=register(lines, sites=[capacity(kg)])) == []


def test_imports_opening_stock_and_collected_scrap_are_not_the_plant_s_own() -> None:
    lines = made(500).with_columns(origin_kind=pl.lit("imported"))
    assert look("capacity-excess", lines, register=register(lines, sites=[capacity(100)])) == []


def magnets(kg: int) -> pl.DataFrame:
    """What a plant makes of 150 kg of bought metal a month: flake that it works on, magnets, and alloy beside them."""
    return months({
        month: [
            f"A O{place} origin 1 a {6 * place + 1} 150 product=metal origin_kind=imported composition=TREO=500000000",
            f"A T{place} transformation 2 a {6 * place + 1} 150 role=in",
            f"A T{place} transformation 2 a {6 * place + 2} 150 role=out product=strip-cast composition=TREO=500000000",
            f"A U{place} transformation 3 a {6 * place + 2} 150 role=in",
            f"A U{place} transformation 3 a {6 * place + 3} {kg} role=out product=magnet-ndfeb"
            " composition=TREO=500000000",
            f"A U{place} transformation 3 a {6 * place + 4} 40 role=out product=alloy composition=TREO=500000000",
        ]
        for place, month in enumerate(MONTHS[:3])
    })  # fmt: skip


def test_of_a_run_the_largest_product_counts_and_of_a_month_all_grades() -> None:
    """Cerium and lanthanum come with the neodymium of each run; three runs of 45 kg are too much."""
    feed = "product=mixed-compound origin_kind=imported composition=TREO=500000000"
    rows = [
        row
        for run, grade in enumerate(("oxide:PrNd", "oxide:Nd", "oxide:PrNd"))
        for row in (
            f"A O{run} origin 1 a {9 * run + 1} 150 {feed}",
            f"A T{run} transformation 2 a {9 * run + 1} 150 role=in",
            f"A T{run} transformation 2 a {9 * run + 2} 45 role=out product={grade} composition=TREO=990000000",
            f"A T{run} transformation 2 a {9 * run + 3} 44 role=out product=oxide:Ce composition=TREO=990000000",
            f"A T{run} transformation 2 a {9 * run + 4} 40 role=out product=salt:La composition=TREO=500000000",
        )
    ]
    lines = months({"2025-01": rows})
    assert look("capacity-excess", lines, register=register(lines, sites=[capacity(140)])) == []
    assert len(look("capacity-excess", lines, register=register(lines, sites=[capacity(130)]))) == 1


@pytest.mark.parametrize(("kg", "over_kg"), [(90, None), (120, 30)])
def test_a_capacity_is_that_of_the_main_product(kg: int, over_kg: int | None) -> None:
    """What the site works on itself is no output, and what comes out beside the magnets is not added to them."""
    lines = magnets(kg)
    found = look("capacity-excess", lines, register=register(lines, sites=[capacity(100)]))
    assert [one.mass_mg for one in found] == ([] if over_kg is None else [over_kg * KG])
