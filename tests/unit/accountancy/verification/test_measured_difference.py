"""D by hand: extrapolation, both sides' errors, what falls out of MUF − D, and what drawing adds."""

from __future__ import annotations

from datetime import date
from math import hypot, sqrt
from typing import Any

import numpy as np
import polars as pl
import pytest

from lodeline.accountancy.verification.difference import Books, defects_seen, differences, single_items, verified
from lodeline.accountancy.verification.frames import ASSAYS, BATCHES, BOOKS, ITEMS, SHARES, STATED, STRATA
from lodeline.ledger.register import TABLES
from lodeline.material.element import SYMBOLS

KG, PPB = 1_000_000, 1_000_000_000
ND = SYMBOLS.index("Nd")
#: δ_r and δ_s in percent, weighings; and an assay.
THEIRS, OURS, ASSAY = (0.3, 0.2), (0.1, 0.05), (1.0, 0.5)
ON = date(2026, 6, 30)


def methods() -> pl.DataFrame:
    rows = [
        {"id": name, "quantity": quantity, "random_pct": str(random), "systematic_pct": str(systematic)}
        for name, quantity, (random, systematic) in (
            ("theirs", "weighing", THEIRS), ("ours", "weighing", OURS), ("lab", "assay", ASSAY),
        )
    ]  # fmt: skip
    schema = TABLES["methods"]
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=dict(schema))


def frame(schema: Any, rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=dict(schema), orient="row")


class Visit:
    """Items of 1000 kg of pure neodymium (`share` of it) at one stratum, of which a few were measured."""

    def __init__(self, population: int, *, share_ppb: int = PPB, exact: bool = True, place: str = "stock") -> None:
        self.items: list[dict[str, Any]] = []
        self.shares: list[dict[str, Any]] = []
        self.share_ppb, self.exact, self.place = share_ppb, exact, place
        row = {"visit": 1, "place": place, "stratum": "s", "product": "metal:nd", "items": population}
        self.strata = frame(STRATA, [{**row, "dry_mg": population * 1000 * KG}])

    def item(
        self, found_kg: float | None, *, found_ppb: int | None = None, declared_kg: float = 1000, **more: Any
    ) -> None:
        number = len(self.items)
        row = {
            "item": number, "visit": 1, "organisation": "o", "site": "w", "on": ON, "place": self.place, "stratum": "s",
            "random": True, "lot": number, "product": "metal:nd", "outcome": "present",
            "operator_mg": round(declared_kg * KG), "operator_seq": 100 + number, "operator_method": "theirs",
            "inspector_mg": None if found_kg is None else round(found_kg * KG), "instrument": "scale",
            "calibration": "c", "inspector_method": "ours",
        }  # fmt: skip
        self.items.append({**row, **more})
        share = {"item": number, "element": ND, "operator_ppb": self.share_ppb, "inspector_ppb": found_ppb}
        self.shares.append({**share, "laboratory": "a", "assay_method": "lab", "how": "laboratory"})

    def frames(self) -> dict[str, pl.DataFrame]:
        return {
            "items": frame(ITEMS, self.items), "shares": frame(SHARES, self.shares), "strata": self.strata,
            "methods": methods(),
        }  # fmt: skip

    def assays(self, lots: int) -> pl.DataFrame:
        row = {
            "visit": 1,
            "element": ND,
            "laboratory": "w",
            "method": None if self.exact else "lab",
            "exact": self.exact,
        }
        return frame(ASSAYS, [{**row, "lot": lot, "product": "metal"} for lot in range(lots)])

    def difference(self) -> dict[str, Any]:
        (row,) = differences(**self.frames(), assays=self.assays(len(self.items))).to_dicts()
        return row

    def verified(self, *, lots: int, muf_kg: float = 0.0, closes: bool = True, budget: float = 0.05) -> dict[str, Any]:
        """With a balance whose closing count is of `lots` lots, weighed with `theirs`, and nothing else."""
        sign = {"stock": -1, "shipment": -1, "receipt": 1}[self.place]
        stock = {row["lot"]: row for row in self.items}
        batches = [
            {
                "visit": 1, "lot": lot, "element": ND, "act": 100 + lot, "method": "theirs", "weighed": True,
                "signed_mg": sign * stock.get(lot, {"operator_mg": 1000 * KG})["operator_mg"],
            }
            for lot in range(lots)
        ]  # fmt: skip
        book = {"visit": 1, "organisation": "o", "site": "w", "on": ON, "since": date(2026, 5, 31), "element": ND}
        books = Books(
            balances=frame(BOOKS, [
                {**book, "muf_mg": round(muf_kg * KG) if closes else None, "closing_mg": lots * 1000 * KG,
                 "state": "compared"}
            ]),
            batches=frame(BATCHES, batches if closes else []), assays=self.assays(lots),
            stated=frame(STATED, [
                {"item": row["item"], "act": row["operator_seq"], "method": "theirs", "dry_mg": row["operator_mg"]}
                for row in self.items
            ]),
        )  # fmt: skip
        (row,) = verified(**self.frames(), books=books, budget=budget).to_dicts()
        return row


def test_sigma_of_d_is_that_of_the_textbooks() -> None:
    # σ_D² = N² x̄² [(σ_ro² + σ_ri²)/n + σ_so² + σ_si²].
    visit = Visit(20)
    for _ in range(5):
        visit.item(999)
    row = visit.difference()
    assert row["d_mg"] == 20 * KG
    random = 20_000 * hypot(THEIRS[0], OURS[0] * 0.999) / 100 / sqrt(5)
    systematic = 20_000 * hypot(THEIRS[1], OURS[1] * 0.999) / 100
    assert row["random_mg"] / KG == pytest.approx(random, rel=1e-6)
    assert row["systematic_mg"] / KG == pytest.approx(systematic, rel=1e-6)
    # Differences that are all alike were not made larger by drawing.
    assert row["sigma_d_mg"] == pytest.approx(hypot(row["random_mg"], row["systematic_mg"]))


def test_sigma_of_one_item_is_that_of_two_scales_as_printed() -> None:
    # РБ-066-11 (Rostekhnadzor order 535 of 2011), appendix 5: 25 kg on scales of 0.2 % and 0.3 %, which are 50 g and
    # 75 g: 90.1 g, or 0.09 kg.
    visit = Visit(1)
    visit.item(25, declared_kg=25)
    percent = pl.when(pl.col("id") == "theirs").then(pl.lit("0.2")).otherwise(pl.lit("0.3"))
    scales = methods().with_columns(random_pct=percent, systematic_pct=pl.lit("0"))
    row = differences(**{**visit.frames(), "methods": scales}, assays=visit.assays(1)).row(0, named=True)
    assert round(row["sigma_d_mg"] / 1000, 1) == 90.1


def test_each_item_by_itself() -> None:
    visit = Visit(50, share_ppb=PPB // 2, exact=False)
    visit.item(900)
    visit.item(None)
    visit.item(1000, found_ppb=PPB * 4 // 10)
    weighed, assayed = single_items(**visit.frames(), assays=visit.assays(3)).to_dicts()
    assert (weighed["item"], weighed["difference_mg"], assayed["item"], assayed["difference_mg"]) == (
        0,
        50 * KG,
        2,
        100 * KG,
    )
    # A composition that the firm alone states is uncertain by what is not there.
    sigma = hypot(500 * hypot(*THEIRS), 450 * hypot(*OURS), 50 * hypot(*ASSAY)) / 100
    assert weighed["z"] == pytest.approx(50 / sigma, rel=1e-6)
    sigma = hypot(500 * hypot(*THEIRS), 400 * hypot(*OURS), 500 * hypot(*ASSAY), 400 * hypot(*ASSAY)) / 100
    assert assayed["z"] == pytest.approx(100 / sigma, rel=1e-6)


def test_what_the_operator_erred_in_an_item_falls_out_of_muf_minus_d() -> None:
    visit = Visit(4)
    for _ in range(4):
        visit.item(1000)
    row = visit.verified(lots=4)
    # All of the stock was measured anew: what is left is the inspector's.
    ours = 4000 * hypot(OURS[0] / 2, OURS[1]) / 100
    assert row["sigma_mg"] / KG == pytest.approx(ours, rel=1e-6)
    theirs = 4000 * hypot(THEIRS[0] / 2, THEIRS[1]) / 100
    assert row["sigma_muf_mg"] / KG == pytest.approx(theirs, rel=1e-6)
    assert row["sigma_d_mg"] / KG == pytest.approx(hypot(ours, theirs), rel=1e-6)
    assert row["covariance_mg2"] / KG**2 == pytest.approx(theirs**2, rel=1e-6)


def test_a_lot_that_was_counted_in_two_places_is_one_item_of_two_weighings() -> None:
    visit = Visit(1)
    visit.item(1000)
    row = {"visit": 1, "lot": 0, "element": ND, "method": "theirs", "weighed": True, "signed_mg": -500 * KG}
    book = {"visit": 1, "organisation": "o", "site": "w", "on": ON, "element": ND, "muf_mg": 0, "state": "compared"}
    books = Books(
        balances=frame(BOOKS, [book]), batches=frame(BATCHES, [{**row, "act": act} for act in (7, 8)]),
        assays=visit.assays(1),
        stated=frame(STATED, [{"item": 0, "act": act, "method": "theirs", "dry_mg": 500 * KG} for act in (7, 8)]),
    )  # fmt: skip
    (found,) = verified(**visit.frames(), books=books, budget=0.05).to_dicts()
    assert found["sigma_muf_mg"] / KG == pytest.approx(1000 * hypot(THEIRS[0] / sqrt(2), THEIRS[1]) / 100, rel=1e-6)
    assert found["null_mg"] / KG == pytest.approx(1000 * hypot(*OURS) / 100, rel=1e-6)


def test_half_of_the_stock_measured_leaves_the_random_errors_of_the_weights() -> None:
    visit = Visit(4)
    for _ in range(2):
        visit.item(1000)
    row = visit.verified(lots=4)
    # Measured lots stand for two: the operator's random error enters with 2 − 1, that of the others with −1.
    theirs = 2000 * THEIRS[0] / 100
    ours = hypot(4000 * OURS[0] / 100 / sqrt(2), 4000 * OURS[1] / 100)
    assert row["sigma_mg"] / KG == pytest.approx(hypot(theirs, ours), rel=1e-6)


@pytest.mark.parametrize(("place", "sign"), [("stock", -1), ("receipt", 1), ("shipment", -1)])
def test_d_has_the_sign_of_its_place_in_the_balance(place: str, sign: int) -> None:
    visit = Visit(2, place=place)
    for _ in range(2):
        visit.item(990)
    row = visit.verified(lots=2, muf_kg=7)
    assert (row["d_mg"], row["verified_mg"]) == (sign * 20 * KG, (7 - sign * 20) * KG)


def test_a_composition_that_the_inspector_did_not_measure_is_on_both_sides() -> None:
    visit = Visit(2, share_ppb=PPB // 4, exact=False)
    visit.item(1000)
    visit.item(1000)
    row = visit.difference()
    assert row["sigma_d_mg"] / KG == pytest.approx(
        500 * hypot(hypot(THEIRS[0], OURS[0]) / sqrt(2), THEIRS[1], OURS[1]) / 100, rel=1e-6
    )


def test_each_part_of_a_difference_is_extrapolated_from_the_items_in_which_it_was_measured() -> None:
    visit = Visit(100, share_ppb=PPB // 2, exact=False)
    # Ten were seen, of which one was gone; four of those there were weighed, two of these assayed.
    visit.item(0, outcome="absent")
    for _ in range(5):
        visit.item(None)
    visit.item(980)
    visit.item(980)
    visit.item(980, found_ppb=PPB * 3 // 8)
    visit.item(980, found_ppb=PPB * 3 // 8)
    gone, short, poor = 100 / 10 * 500, 90 * 20 / 2, 90 * 980 / 8
    row = visit.difference()
    assert row["d_mg"] / KG == pytest.approx(gone + short + poor, abs=1e-3)
    assert (row["measured"], row["gross"]) == (10, 1)


def test_what_somebody_chose_is_not_extrapolated() -> None:
    visit = Visit(10)
    visit.item(900, random=False)
    visit.item(990)
    visit.item(990)
    # Nine are left, of which two were drawn.
    assert visit.difference()["d_mg"] / KG == pytest.approx(100 + 9 * 10, abs=1e-3)


def test_what_was_shipped_meanwhile_is_no_item() -> None:
    visit = Visit(10)
    visit.item(990)
    visit.item(None, outcome="shipped")
    row = visit.difference()
    assert (row["d_mg"], row["measured"]) == (100 * KG, 1)


def test_drawing_adds_to_the_interval_and_not_to_the_test() -> None:
    visit = Visit(10)
    for kg in (0, 1000, 1000, 1000, 1000):
        visit.item(kg)
    row = visit.difference()
    # N² (1 − n/N) s² / n, less what measuring explains; s² of one in five is 1000²/5 kg².
    drawn = 10**2 * 0.5 * (1000**2 / 5) / 5
    assert row["sigma_d_mg"] / KG == pytest.approx(sqrt(drawn), rel=1e-3)
    assert row["p"] < 1e-9
    verified_row = visit.verified(lots=10)
    assert verified_row["verified_mg"] == 2000 * KG
    assert verified_row["z"] > 20
    assert verified_row["verified_mg"] / verified_row["sigma_mg"] < 2


def test_one_absent_of_those_counted_spreads_the_estimate_by_all_that_were_counted() -> None:
    # Sixteen of forty were counted and none was weighed; one was gone. Of zeros and one x: s² = x² / 16.
    visit = Visit(40)
    visit.item(0, outcome="absent")
    for _ in range(15):
        visit.item(None)
    row = visit.difference()
    assert row["d_mg"] == 2500 * KG
    assert row["sigma_d_mg"] / KG == pytest.approx(sqrt(40**2 * (1 - 16 / 40) * 1000**2 / 16 / 16), rel=1e-3)
    assert row["random_mg"] < 20 * KG and row["p"] < 1e-9


def test_two_phases_of_drawing() -> None:
    # Ten of forty were looked at and are there; four of them were weighed, one of which is half empty.
    visit = Visit(40)
    for kg in (500, 1000, 1000, 1000):
        visit.item(kg)
    for _ in range(6):
        visit.item(None)
    spread = 500**2 / 4
    drawn = 40**2 * (1 - 10 / 40) * spread / 10 + 40**2 * (1 - 4 / 10) * spread / 4
    # That is what one draw of four of forty would give.
    assert drawn == pytest.approx(40**2 * (1 - 4 / 40) * spread / 4)
    assert visit.difference()["sigma_d_mg"] / KG == pytest.approx(sqrt(drawn), rel=1e-2)


def test_all_that_was_looked_at_is_gone_and_one_alone_is_no_certainty() -> None:
    gone = Visit(10)
    gone.item(0, outcome="absent")
    gone.item(0, outcome="absent")
    # As if a third had been there: s² = 1000² / 3.
    assert gone.difference()["sigma_d_mg"] / KG == pytest.approx(sqrt(10**2 * 0.8 * 1000**2 / 3 / 2), rel=1e-2)
    half = Visit(10)
    half.item(500)
    assert half.difference()["sigma_d_mg"] / KG == pytest.approx(sqrt(10**2 * 0.9 * 500**2), rel=1e-2)
    whole = Visit(1)
    whole.item(500)
    assert whole.difference()["sigma_d_mg"] < 5 * KG


def test_masses_are_a_part_of_d_by_themselves() -> None:
    visit = Visit(4, share_ppb=PPB // 2, exact=False)
    for _ in range(4):
        visit.item(990, found_ppb=PPB // 2 * 102 // 100)
    row = visit.verified(lots=4)
    assert row["mass_mg"] == -20 * KG
    assert row["d_mg"] == pytest.approx(-20 * KG + 4 * 9.9 * KG, abs=10)
    # Half of the scales' errors of 4000 kg; the operator's laboratory erred in what is not there.
    ours, theirs = (2000 * hypot(random / 2, systematic) / 100 for random, systematic in (OURS, THEIRS))
    assert row["sigma_mass_mg"] / KG == pytest.approx(hypot(ours * 0.99, theirs), rel=1e-2)
    assert row["mass_z"] > 3.5 and row["own_z"] > 3 and row["p"] < 5e-3


def test_the_part_of_drawing_is_that_of_a_textbook_on_samples() -> None:
    # Lohr, Sampling: Design and Analysis: acres of farms of 300 of 3078 counties, s = 344 551.9, SE of the total
    # 58 169 381; as R's survey package and SAS print it. Our errors of measuring are far smaller than s.
    deviation, population, drawn = 344_551.9, 3078, 300
    visit = Visit(population)
    # Half of the differences above the mean, half below, with that standard deviation.
    step = deviation * sqrt((drawn - 1) / drawn)
    for number in range(drawn):
        visit.item(2_000_000 + (step if number % 2 else -step), declared_kg=2_000_000)
    row = visit.difference()
    own = row["random_mg"] ** 2 * (1 - drawn / population)
    drawn_mg = sqrt(row["sigma_d_mg"] ** 2 - row["random_mg"] ** 2 - row["systematic_mg"] ** 2 + own)
    assert drawn_mg / KG == pytest.approx(58_169_381, rel=1e-6)


def test_a_visit_says_what_it_would_have_seen() -> None:
    visit = Visit(4)
    for _ in range(4):
        visit.item(1000)
    row = visit.verified(lots=4)
    # Everything was measured: 1.28 standard deviations beyond the border of the test, which asks in three directions.
    assert (2.0 + 1.281552) * row["null_mg"] < row["would_see_mg"] < (2.3 + 1.281552) * row["null_mg"]
    alone = visit.verified(lots=4, closes=False)
    assert alone["would_see_mg"] == pytest.approx((1.959964 + 1.281552) * alone["null_mg"], rel=1e-6)
    few = Visit(20)
    for _ in range(2):
        few.item(1000)
    # Of twenty, two drawn hold one of d that are gone with probability .9 from d = 14 on.
    assert defects_seen(20, 2, 0.9) == 14
    assert few.verified(lots=20)["would_see_mg"] == 14_000 * KG
    # What no lot could draw could all be gone.
    assert few.verified(lots=60)["would_see_mg"] == 40_000 * KG


def test_without_a_count_muf_is_nothing_and_d_says_it_all() -> None:
    visit = Visit(2)
    visit.item(990)
    visit.item(990)
    row = visit.verified(lots=2, closes=False)
    assert (row["muf_mg"], row["sigma_muf_mg"], row["covariance_mg2"]) == (0, 0.0, 0.0)
    assert row["verified_mg"] == 20 * KG and row["sigma_mg"] == pytest.approx(row["sigma_d_mg"])


def test_a_stratum_that_is_gone_from_the_list_is_no_fault() -> None:
    visit = Visit(0)
    visit.item(900, random=False)
    assert visit.difference()["d_mg"] == 100 * KG
    assert visit.verified(lots=1)["would_see_mg"] > 0


def test_nothing_measured_is_no_row() -> None:
    visit = Visit(3)
    assert differences(**visit.frames(), assays=visit.assays(0)).is_empty()


def test_the_fewest_gone_that_a_draw_would_meet() -> None:
    assert [defects_seen(10, drawn, 0.9) for drawn in (0, 1, 5, 9, 10)] == [10, 9, 3, 1, 1]
    # All of one: a draw of everything meets it.
    chances = [1 - np.prod([(8 - d - i) / (8 - i) for i in range(3)]) for d in range(6)]
    assert defects_seen(8, 3, 0.9) == next(d for d, chance in enumerate(chances) if chance >= 0.9)
