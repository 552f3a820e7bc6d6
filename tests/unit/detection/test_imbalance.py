"""Gains and losses between two stock counts: one happening, one question, with everything needed to recompute it."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lodeline.accountancy.accounts import Accounts
from lodeline.accountancy.frames import COUNT_SCOPES, COUNTS, LOT_ASSAYS, MOVEMENTS, SITE_ASSAYS
from lodeline.accountancy.signature import SIGNATURES
from lodeline.detection.alarm import ALARM_SCORE
from lodeline.detection.detectors.unexplained_gain import unexplained_gain
from lodeline.detection.detectors.unexplained_loss import unexplained_loss
from lodeline.detection.finding import Finding
from lodeline.detection.imbalance import TESTED
from lodeline.ledger.label import DRAWN_AS
from lodeline.ledger.register import TABLES
from lodeline.ledger.transfer import TRANSFER
from lodeline.material.element import SYMBOLS
from lodeline.message import localized

KG = 1_000_000
HERE = {"organisation": "acme", "site": "acme-1"}
PURE = {"TREO": 100.0}


def frame(rows: list[dict[str, Any]], schema: Any) -> pl.DataFrame:
    places = {"entry": pl.Int64(), "event": pl.String()}
    return pl.DataFrame([{key: row.get(key) for key in {**schema, **places}} for row in rows], {**schema, **places})


def book(
    moves: list[tuple[str, str, float]], counts: list[tuple[str, float]], percent: dict[str, float] = PURE
) -> dict[str, pl.DataFrame]:
    """Frames of one site and one lot: moves are (kind, 'MM-DD', kg), counts ('MM-DD', kg); row n is in entry n."""
    movements = [
        {
            **HERE, "seq": seq, "entry": seq, "event": f"E{seq}", "lot": 1, "owner": "acme", "unaccounted_mg": 0,
            "kind": kind, "on": date.fromisoformat(f"2026-{on}"), "delta_mg": round(kg * KG),
        }
        for seq, (kind, on, kg) in enumerate(moves)
    ]  # fmt: skip
    found = [
        {
            **HERE, "seq": seq, "entry": seq, "event": f"C{seq}", "lot": 1,
            "on": date.fromisoformat(f"2026-{on}"), "mass_mg": round(kg * KG),
        }
        for seq, (on, kg) in enumerate(counts, len(moves))
    ]  # fmt: skip
    assay = [
        {"lot": 1, "element": SYMBOLS.index(symbol), "ppb": round(share * 10_000_000)}
        for symbol, share in percent.items()
    ]
    return {
        "movements": frame(movements, MOVEMENTS), "counts": frame(found, COUNTS),
        "count_scopes": pl.DataFrame([{**HERE, "on": row["on"]} for row in found], dict(COUNT_SCOPES)),
        "lot_assays": pl.DataFrame(assay, dict(LOT_ASSAYS)), "site_assays": pl.DataFrame(schema=dict(SITE_ASSAYS)),
    }  # fmt: skip


def books(frames: dict[str, pl.DataFrame], **more: Any) -> Accounts:
    """The books of a ledger in which nothing is under way, all methods have their default uncertainty."""
    made: dict[str, Any] = {
        **frames, "methods": pl.DataFrame(schema=TABLES["methods"]), "transfers": pl.DataFrame(schema=TRANSFER),
        "names": pl.DataFrame(schema=DRAWN_AS), "elements": TESTED, **more,
    }  # fmt: skip
    return Accounts(**made)


def gains(frames: dict[str, pl.DataFrame], **more: Any) -> list[Finding]:
    return unexplained_gain(books=books(frames, **more), **frames)


def losses(frames: dict[str, pl.DataFrame], status: pl.DataFrame | None = None, **more: Any) -> list[Finding]:
    asked = {name: one for name, one in frames.items() if name != "count_scopes"}
    return unexplained_loss(books=books(frames, **more), status=status, **asked)


JANUARY = ("01-31", 1000.0)
MONTH: list[tuple[str, str, float]] = [
    ("origin", "01-05", 1000), ("receipt", "02-10", 500), ("shipment", "02-20", -400)
]  # fmt: skip


@pytest.mark.parametrize(
    ("counted", "gained", "lost"),
    [(1100, [], []), (1101, [], []), (1099, [], []), (1200, [100], []), (1000, [], [100])],
)
def test_what_measurement_explains_is_no_finding_and_the_rest_is_one_of_its_side(
    counted: float, gained: list[float], lost: list[float]
) -> None:
    frames = book(MONTH, [JANUARY, ("02-28", counted)])
    assert [found.mass_mg / KG for found in gains(frames)] == gained
    assert [found.mass_mg / KG for found in losses(frames)] == lost


def test_a_loss_says_who_when_how_much_and_how_sure() -> None:
    (found,) = losses(book(MONTH, [JANUARY, ("02-28", 1000)]))
    assert (found.detector, found.subject) == ("unexplained-loss", HERE)
    assert found.period == {"from": "2026-02", "to": "2026-02"}
    assert found.score is not None and ALARM_SCORE <= found.score <= 1
    shown = found.evidence[0]["balance"]
    half_kg = 1.96 * float(shown["sigma_kg"])
    assert [mass_mg / KG for mass_mg in found.interval_mg if mass_mg] == pytest.approx([100 - half_kg, 100 + half_kg])
    text = localized(found.explanation)
    assert "2026-01-31 and 2026-02-28, 100 kg TREO went missing" in text["en"]
    assert "2026-01-31 与 2026-02-28 两次盘存之间，100 千克 TREO 去向不明" in text["zh"]


def test_the_evidence_recomputes_the_difference_and_leads_to_the_log() -> None:
    # What came on the day of the first count is in that count.
    (found,) = gains(book([*MONTH, ("receipt", "01-31", 20)], [JANUARY, ("02-28", 1200)]))
    first, run, likely, *rows = found.evidence
    kg = {name.removesuffix("_kg"): float(mass) for name, mass in first["balance"].items() if name.endswith("_kg")}
    assert kg["muf"] == -100 == (
        kg["opening"] + kg["origin"] + kg["in"] - kg["out"] - kg["export"] - kg["loss"] + kg["adjustment"]
        - kg["physical"]
    )  # fmt: skip
    assert first["balance"]["z"] == pytest.approx(kg["muf"] / kg["sigma"], rel=1e-5)
    assert run["run"]["z"] == pytest.approx(-first["balance"]["z"]) and run["run"]["mass_kg"] == "100"
    assert 0 < run["run"]["p"] < run["run"]["budget"] < 1 / 200 and run["run"]["ceiling"] == 1
    assert likely == {"signature": {"reason": "no-counts"}}  # No rare earth but their total was ever assayed.
    assert rows == [
        {"entry": 4, "event": "C4", "kind": "stock", "on": "2026-01-31", "mass_kg": "1000"},
        {"entry": 5, "event": "C5", "kind": "stock", "on": "2026-02-28", "mass_kg": "1200"},
        {"entry": 1, "movement": 1, "event": "E1", "kind": "receipt", "on": "2026-02-10", "mass_kg": "500"},
        {"entry": 2, "movement": 2, "event": "E2", "kind": "shipment", "on": "2026-02-20", "mass_kg": "-400"},
    ]


def year(lost_kg: list[float]) -> dict[str, pl.DataFrame]:
    """A site that takes in 500 kg and sends out 400 each month and counts at its end; of each month so much is lost."""
    moves: list[tuple[str, str, float]] = [("origin", "01-05", 1000)]
    counts, held = [], 1000.0
    for month in range(1, 13):
        moves += [("receipt", f"{month:02d}-10", 500), ("shipment", f"{month:02d}-20", -400)]
        held += 100 - lost_kg[month - 1]
        counts.append((f"{month:02d}-{monthrange(2026, month)[1]}", held))
    return book(moves, counts)


SLOW = [0.0, 0, 0, 5, 5, 5, 5, 5, 5, 0, 0, 0]


def test_a_loss_too_small_for_any_month_is_found_over_several() -> None:
    assert losses(year([0.0, 5, *[0] * 10])) == []
    first, *_ = losses(year(SLOW))
    run = next(one["run"] for one in first.evidence if "run" in one)
    assert run["balances"] > 1 and "2026-04" <= first.first_period < first.last_period <= "2026-09"
    assert "over" in localized(first.explanation)["en"] and "个平衡期" in localized(first.explanation)["zh"]
    balances = [one["balance"] for one in first.evidence if "balance" in one]
    assert len(balances) == run["balances"] and balances[0]["since"] == run["since"]


def test_a_month_that_comes_later_changes_no_finding_and_no_id() -> None:
    frames = year(SLOW)
    everything = [one.as_json() for one in sorted(losses(frames), key=lambda one: one.last_period)]
    assert len(everything) > 1
    for month in range(2, 13):
        day = date(2026, month, monthrange(2026, month)[1])
        known = {name: one.filter(pl.col("on") <= day) if "on" in one.columns else one for name, one in frames.items()}
        seen = [one.as_json() for one in sorted(losses(known), key=lambda one: one.last_period)]
        assert seen == everything[: len(seen)]


def test_after_a_loss_the_other_months_are_no_gain() -> None:
    assert gains(year([0.0, 0, 0, 0, 60, *[0] * 7])) == []


def test_a_month_that_was_never_filed_is_not_tested() -> None:
    frames = year([0.0, 0, 0, 60, *[0] * 8])
    silent = pl.DataFrame({"organisation": ["acme"], "period": ["2026-04"], "state": ["missing"]})
    assert len(losses(frames)) == 1
    assert losses(frames, silent) == []
    assert len(losses(frames, silent.with_columns(state=pl.lit("late")))) == 1


def test_goods_that_were_sent_and_are_there_are_no_gain_though_their_receipt_is_missing() -> None:
    frames = book(MONTH, [JANUARY, ("02-28", 1200)])
    sent = {
        "lot": 1, "shipment_line": 99, "shipper": "mine", "receiver": "acme", "shipped_mg": 100 * KG,
        "shipped_on": date(2026, 2, 12),
    }  # fmt: skip
    transfers = pl.DataFrame([{name: sent.get(name) for name in TRANSFER}], TRANSFER)
    assert [one.mass_mg for one in gains(frames)] == [100 * KG]
    assert gains(frames, transfers=transfers) == []
    # Half of it was sent by somebody: the rest came from nowhere, and the evidence says what was taken as received.
    (half,) = gains(frames, transfers=transfers.with_columns(shipped_mg=pl.lit(50 * KG)))
    assert half.mass_mg == 50 * KG and half.evidence[0]["balance"]["implied_kg"] == "50"
    assert gains(frames, transfers=transfers.with_columns(receipt_line=pl.lit(5, pl.Int64))) == gains(frames)


def test_a_gain_says_what_its_elements_look_like() -> None:
    clay = {one.name: one for one in SIGNATURES}["ion-clay-heavy"]
    percent = {symbol: 40 * share for symbol, share in clay.shares.items()}
    (found,) = gains(book(MONTH, [JANUARY, ("02-28", 1500)], {**percent, "TREO": 48.0}))
    named = next(one["signature"]["named"] for one in found.evidence if "signature" in one)
    assert named[0]["signature"] == "ion-clay-heavy" and named[0]["probability"] > 0.9
    assert clay.name_en in localized(found.explanation)["en"] and clay.name_zh in localized(found.explanation)["zh"]


def test_a_run_of_months_is_one_balance_with_the_flows_of_all() -> None:
    moves = [*MONTH, ("receipt", "03-10", 100.0), ("loss", "04-02", -50.0)]
    (found,) = losses(book(moves, [JANUARY, ("04-20", 1000)]))
    assert found.period == {"from": "2026-02", "to": "2026-04"}
    shown = found.evidence[0]["balance"]
    assert [shown[name] for name in ("in_kg", "out_kg", "loss_kg", "muf_kg")] == ["600", "400", "50", "150"]


def test_all_elements_of_one_count_are_one_finding_led_by_the_total() -> None:
    ore = {"Nd": 20.0, "Pr": 6.0, "Fe": 30.0, "TREO": 30.3}
    (found,) = losses(book(MONTH, [JANUARY, ("02-28", 900)], ore))
    assert found.elements == ("Pr", "Nd", "TREO")
    assert found.mass_mg == pytest.approx(200 * 0.303 * KG, abs=5)
    assert [one["balance"]["element"] for one in found.evidence if "balance" in one] == ["TREO", "Nd", "Pr"]
    assert "Nd 40 kg" in localized(found.explanation)["en"] and "Nd 40 千克" in localized(found.explanation)["zh"]


def test_elements_that_the_system_does_not_follow_are_not_tested() -> None:
    # Iron is bought outside the system: an alloy maker gains it every month.
    assert gains(book(MONTH, [JANUARY, ("02-28", 1500)], {"Fe": 70.0, "B": 1.0})) == []


def test_without_the_total_the_mass_is_the_sum_of_elements_with_the_widest_interval() -> None:
    frames = book(MONTH, [JANUARY, ("02-28", 900)], {"Nd": 20.0, "Pr": 6.0, "TREO": 30.3})
    (found,) = losses(frames, elements=("Nd", "Pr"))
    assert found.elements == ("Pr", "Nd")
    assert found.mass_mg == pytest.approx(200 * 0.26 * KG, abs=5)
    sigmas_kg = [float(one["balance"]["sigma_kg"]) for one in found.evidence if "balance" in one]
    low_mg, high_mg = found.interval_mg
    assert low_mg is not None and high_mg is not None
    assert (high_mg - low_mg) / 2 / KG == pytest.approx(1.96 * sum(sigmas_kg), abs=1e-5)


def test_two_counts_in_one_month_are_one_question() -> None:
    (found,) = losses(book(MONTH, [JANUARY, ("02-15", 1300), ("02-28", 700)]))
    assert found.period == {"from": "2026-02", "to": "2026-02"}
    assert found.mass_mg == (200 + 200) * KG
    assert [one["balance"]["until"] for one in found.evidence if "balance" in one] == ["2026-02-15", "2026-02-28"]


def test_one_count_tests_nothing() -> None:
    frames = book(MONTH, [("02-28", 5000)])
    assert gains(frames) == losses(frames) == []


def test_a_difference_of_rounded_milligrams_is_no_finding() -> None:
    frames = book([("origin", "01-05", 3e-6), ("shipment", "02-05", -1e-6)], [("01-31", 3e-6), ("02-28", 1e-6)])
    # Two milligrams should be left and one was found; σ is far below a milligram.
    (part,) = books(frames).parts()
    assert part.balances.filter(pl.col("z") > 50).height
    assert losses(frames) == []


@pytest.mark.medium
@given(
    st.lists(st.tuples(st.sampled_from(["02-05", "02-19", "03-03", "03-28"]), st.integers(1, 400)), max_size=6),
    st.dictionaries(st.sampled_from(["02-10", "02-28", "03-15", "03-31"]), st.integers(0, 3000)),
)
def test_each_month_of_a_site_is_asked_once_a_side_and_in_whatever_order_rows_come(
    receipts: list[tuple[str, int]], counts: dict[str, int]
) -> None:
    moves = [("origin", "01-05", 1000.0), *(("receipt", on, float(kg)) for on, kg in receipts)]
    frames = book(
        moves, [JANUARY, *((on, float(kg)) for on, kg in counts.items())], {"Nd": 20.0, "Dy": 2.0, "TREO": 25.7}
    )
    for side in (gains, losses):
        found = side(frames)
        assert len({one.id for one in found}) == len(found) == len({one.last_period for one in found})
        assert all((one.score or 0) >= ALARM_SCORE for one in found)
        again = side({name: one.reverse() for name, one in frames.items()})
        assert [one.as_json() for one in again] == [one.as_json() for one in found]


def test_two_windows_that_begin_in_one_month_are_told_apart_by_the_count_they_begin_with() -> None:
    stock = [("origin", "01-05", 1000.0)]
    first, second = sorted(
        losses(book(stock, [JANUARY, ("02-14", 850), ("03-14", 700)])), key=lambda one: one.last_period
    )
    assert [one.first_period for one in (first, second)] == ["2026-02", "2026-02"]
    assert (first.subject, second.subject) == (HERE, {**HERE, "count": "2026-02-14"})
    assert first.id != second.id
    (alone,) = losses(book(stock, [JANUARY, ("02-14", 850)]))
    assert alone.id == first.id, "a later month changes nothing"


MISCOUNT = [("01-31", 1000.0), ("02-28", 800.0), ("03-31", 1000.0)]


def test_one_wrong_count_is_one_question_of_the_later_side_that_names_the_day() -> None:
    """200 kg short at the end of February and there again at the end of March: nothing is amiss over both months."""
    frames = book([("origin", "01-05", 1000)], MISCOUNT)
    assert losses(frames) == []
    (found,) = gains(frames)
    assert found.period == {"from": "2026-03", "to": "2026-03"}
    assert "a wrong count of that day explains both" in localized(found.explanation)["en"]
    assert (
        "2026-02-28" in localized(found.explanation)["en"] and "截至 2026-02-28" in localized(found.explanation)["zh"]
    )


def test_a_loss_of_which_only_a_part_comes_back_is_two_questions() -> None:
    frames = book([("origin", "01-05", 1000)], [*MISCOUNT[:2], ("03-31", 900.0)])
    assert [found.mass_mg // KG for found in (*losses(frames), *gains(frames))] == [200, 100]
    assert all("wrong count" not in localized(found.explanation)["en"] for found in (*losses(frames), *gains(frames)))


def test_the_mass_of_an_alarm_of_elements_is_of_these_alone() -> None:
    """Dysprosium went and neodymium came in its place, so that the total closes."""
    percent = {"Nd": 50.0, "TREO": 60.0}
    frames = book(MONTH, [JANUARY, ("02-28", 1100)], percent)
    swapped = frames["counts"].with_columns(lot=pl.when(pl.col("seq") == 4).then(2).otherwise("lot"))
    assays = pl.DataFrame(
        [(2, SYMBOLS.index("Nd"), 400_000_000), (2, SYMBOLS.index("TREO"), 600_000_000)],
        dict(LOT_ASSAYS), orient="row",
    )  # fmt: skip
    frames |= {"counts": swapped, "lot_assays": pl.concat([frames["lot_assays"], assays])}
    (found,) = losses(frames)
    assert found.elements == ("Nd",)
    assert found.mass_mg == pytest.approx(110 * KG, rel=0.01)
    assert "of these elements alone (Nd)" in localized(found.explanation)["en"]
    assert "仅就这些元素而言（Nd）" in localized(found.explanation)["zh"]
    (whole,) = losses(book(MONTH, [JANUARY, ("02-28", 1000)]))
    assert "of these elements alone" not in localized(whole.explanation)["en"]
