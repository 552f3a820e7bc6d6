"""What a visit of inspectors makes of findings: history that says what stood before, and a finding of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

from lodeline.accountancy.verification.frames import SINGLE, VERIFIED
from lodeline.accountancy.verification.joint import evidence
from lodeline.accountancy.verification.verdict import Estimate, verdict
from lodeline.detection.battery import finding_of
from lodeline.detection.detectors.measured_difference import measured_difference
from lodeline.detection.finding import Finding
from lodeline.detection.measured import after_visits

KG = 1_000_000
NO_ITEMS = pl.DataFrame(schema=dict(SINGLE))


def loss(mass_kg: float = 100, sigma_kg: float = 20, **more: Any) -> Finding:
    """A loss of TREO at the site `S`, from the count of January to that of February."""
    run = {"element": "TREO", "since": "2025-01-31", "until": "2025-02-28", "mass_kg": f"{mass_kg}",
           "sigma_kg": f"{sigma_kg}"}  # fmt: skip
    made = Finding(
        detector="unexplained-loss", subject={"organisation": "A", "site": "S"}, first_period="2025-02",
        last_period="2025-02", score=0.999, mass_mg=int(mass_kg * KG), interval_mg=(60 * KG, 140 * KG),
        elements=("TREO",), explanation=(), innocent=(), ask=(), evidence=({"run": run},),
    )  # fmt: skip
    return replace(made, **more)


def visited(*visits: dict[str, Any]) -> pl.DataFrame:
    """Visits to `S` after the count of February, that found what was declared; each with what is said otherwise."""
    usual = {
        "visit": 7, "organisation": "A", "site": "S", "on": date(2025, 3, 10), "since": date(2025, 2, 28),
        "element": "TREO", "items": 30, "population": 100, "muf_mg": 0, "sigma_muf_mg": 0.0, "d_mg": 0,
        "sigma_d_mg": 5.0 * KG, "covariance_mg2": 0.0, "verified_mg": 0, "sigma_mg": 5.0 * KG, "z": 0.0,
        "would_see_mg": 15 * KG, "state": "compared",
    }  # fmt: skip
    rows = [{**usual, **one} for one in visits]
    for row in rows:
        muf, d, covariance = row["sigma_muf_mg"] ** 2, row["sigma_d_mg"] ** 2, row["covariance_mg2"]
        # Unless said otherwise nothing was assayed, and D is of the masses.
        mass_mg, mass = row.setdefault("mass_mg", row["d_mg"]), row.setdefault("sigma_mass_mg", row["sigma_d_mg"]) ** 2
        spread = np.array([[[muf, covariance, 0], [covariance, mass, 0], [0, 0, d - mass]]])
        found = evidence(np.array([[row["muf_mg"], mass_mg, row["d_mg"] - mass_mg]], float), spread, budget=0.05)
        row |= {
            "verified_mg": row["muf_mg"] - row["d_mg"], "null_mg": (muf + d - 2 * covariance) ** 0.5,
            "own_z": float(found.own_z[0]), "p": float(found.p[0]), "mass_z": float(found.mass_z[0]),
        }  # fmt: skip
    return pl.DataFrame(rows, schema=dict(VERIFIED))


def test_books_that_agree_with_the_stock_confirm_the_loss() -> None:
    (found,) = after_visits([loss()], visited({}))
    (step,) = found.measured
    assert step.state == "confirmed"
    assert (step.before_mg, found.mass_mg) == (100 * KG, 100 * KG)


def test_goods_that_the_count_left_out_clear_it_and_the_books_stay_readable() -> None:
    # 95 kg more lay there than the firm had counted: D = operator − inspector enters with the sign of a closing stock.
    (found,) = after_visits([loss()], visited({"d_mg": 95 * KG}))
    (step,) = found.measured
    assert step.state == "cleared"
    assert found.mass_mg == 5 * KG
    assert found.score is not None and found.score < 0.7
    row = found.as_json()
    assert row["measured"]["books"] == {"score": 0.999, "mass_kg": "100", "interval_kg": ["60", "140"]}
    assert finding_of(row).by_books().as_json() == loss().as_json()
    assert "99.9" in row["measured"]["steps"][0]["explanation"]["en"], "what stood before is named"


def test_half_of_it_found_narrows() -> None:
    (found,) = after_visits([loss()], visited({"d_mg": 40 * KG, "sigma_d_mg": 2.0 * KG}))
    assert found.measured[0].state == "narrowed"
    assert found.mass_mg == 60 * KG


def test_a_visit_that_could_not_have_seen_it_changes_nothing_and_says_so() -> None:
    blind = {"d_mg": 10 * KG, "sigma_d_mg": 90.0 * KG, "would_see_mg": 260 * KG}
    (found,) = after_visits([loss()], visited(blind))
    (step,) = found.measured
    assert step.state == "unchanged"
    assert (found.mass_mg, found.interval_mg, found.score) == (100 * KG, (60 * KG, 140 * KG), 0.999)
    assert "260 kg" in step.as_json()["explanation"]["en"]


@pytest.mark.parametrize(
    ("visit", "why"),
    [
        ({"since": date(2025, 3, 5)}, "the firm has counted again between"),
        ({"on": date(2025, 2, 10), "since": date(2025, 1, 31)}, "the balance was not closed yet"),
        ({"site": "T"}, "another site"),
        ({"element": "Nd"}, "another element"),
        ({"state": "waiting"}, "the firm has not filed the month yet"),
    ],
)
def test_other_visits_do_not_bear_on_it(visit: dict[str, Any], why: str) -> None:
    assert after_visits([loss()], visited(visit)) == [loss()], why


def test_errors_that_stand_in_both_fall_out() -> None:
    # All of σ(MUF) came from the closing count, and the visit weighed all of it anew.
    shared = {"sigma_muf_mg": 20.0 * KG, "on": date(2025, 2, 28), "since": date(2025, 1, 31), "muf_mg": 100 * KG,
              "sigma_d_mg": (400 + 4) ** 0.5 * KG, "covariance_mg2": 400.0 * KG * KG}  # fmt: skip
    (found,) = after_visits([loss()], visited(shared))
    low, high = found.interval_mg
    assert low is not None and high is not None
    assert (high - low) / 2 / 1.96 / KG == pytest.approx(2, rel=0.01)


def test_a_later_visit_takes_the_place_of_the_earlier_and_both_stay_in_the_history() -> None:
    later = {"visit": 9, "on": date(2025, 3, 20), "d_mg": 98 * KG}
    (found,) = after_visits([loss()], visited({"d_mg": 30 * KG}, later))
    assert [(one.visit, one.before_mg // KG, one.mass_mg // KG) for one in found.measured] == [(7, 100, 70), (9, 70, 2)]
    assert found.of_books == (100 * KG, (60 * KG, 140 * KG), 0.999)


def test_a_gain_is_measured_with_its_own_sign() -> None:
    gain = loss(detector="unexplained-gain")
    # The count held 95 kg that are not there: they were the gain.
    (found,) = after_visits([gain], visited({"d_mg": -95 * KG}))
    assert (found.measured[0].state, found.mass_mg) == ("cleared", 5 * KG)


@pytest.mark.parametrize(
    ("claimed", "measured", "expected"),
    [
        ((100, 20), (100, 5), "confirmed"),
        ((100, 20), (130, 5), "confirmed"),
        ((100, 20), (50, 5), "narrowed"),
        ((100, 20), (3, 5), "cleared"),
        ((100, 20), (-40, 5), "cleared"),
        ((100, 60), (100, 50), "narrowed"),
        ((100, 60), (100, 59), "unchanged"),
    ],
)
def test_verdicts(claimed: tuple[float, float], measured: tuple[float, float], expected: str) -> None:
    before, after = (Estimate(mass_mg=mass, sigma_mg=sigma) for mass, sigma in (claimed, measured))
    assert verdict(claimed=before, measured=after) == expected


def test_declared_goods_that_are_not_there_are_a_finding_of_their_own() -> None:
    seen = {"d_mg": -60 * KG}
    (found,) = measured_difference(verified=visited(seen, {**seen, "element": "Nd", "d_mg": -15 * KG}), single=NO_ITEMS)
    assert found.subject == {"organisation": "A", "site": "S", "visit": "7"}
    assert (found.mass_mg, found.first_period, found.elements) == (60 * KG, "2025-03", ("TREO",))
    assert found.score is not None and found.score > 0.999


def test_goods_that_were_not_declared_are_too() -> None:
    (found,) = measured_difference(verified=visited({"d_mg": 60 * KG}), single=NO_ITEMS)
    assert "more was there" in found.as_json()["explanation"]["en"]


def test_what_weighing_shows_is_said_with_its_own_interval() -> None:
    # An XRF that errs much hides a loss that the scales show, and points the other way.
    swamped = {"d_mg": 20 * KG, "sigma_d_mg": 80.0 * KG, "mass_mg": -40 * KG, "sigma_mass_mg": 6.0 * KG}
    (found,) = measured_difference(verified=visited(swamped), single=NO_ITEMS)
    said = found.as_json()["explanation"]
    assert "weighing alone show that 40 kg" in said["en"] and "±11.76" in said["en"] and "仅凭清点和称重" in said["zh"]
    assert found.mass_mg == 40 * KG
    assert found.interval_mg == pytest.approx((28.24 * KG, 51.76 * KG), rel=1e-4)
    assert found.score is not None and found.score > 0.95
    assert found.as_json()["evidence"][0]["measured"]["weighed_kg"] == "-40"
    # Where all of D says it as well, all of D is what is said.
    (whole,) = measured_difference(verified=visited({**swamped, "d_mg": -400 * KG}), single=NO_ITEMS)
    assert whole.mass_mg == 400 * KG or "weighing alone" in whole.as_json()["explanation"]["en"]
    assert measured_difference(verified=visited({**swamped, "mass_mg": 0}), single=NO_ITEMS) == []


def test_the_balance_and_the_visit_are_judged_together_where_they_point_the_same_way() -> None:
    weak = {"d_mg": -13 * KG, "muf_mg": 30 * KG, "sigma_muf_mg": 9.0 * KG, "sigma_mg": 10.0 * KG}
    (found,) = measured_difference(verified=visited(weak), single=NO_ITEMS)
    assert found.mass_mg == 13 * KG
    assert measured_difference(verified=visited({**weak, "muf_mg": 0}), single=NO_ITEMS) == []
    # A loss in the books that the stock does not show is the books' finding, and not this one.
    assert measured_difference(verified=visited({**weak, "d_mg": 0, "muf_mg": 90 * KG}), single=NO_ITEMS) == []


def test_what_was_measured_as_declared_or_waits_for_the_filing_is_no_finding() -> None:
    assert measured_difference(verified=visited({}), single=NO_ITEMS) == []
    assert measured_difference(verified=visited({"d_mg": -60 * KG, "state": "waiting"}), single=NO_ITEMS) == []
    assert measured_difference(verified=pl.DataFrame(schema=dict(VERIFIED)), single=NO_ITEMS) == []


def alone(*items: tuple[float, float]) -> pl.DataFrame:
    """Items of visit 7 with what was declared and found of neodymium, in kg; measuring one errs by 1 kg."""
    rows = [
        {"item": number, "visit": 7, "organisation": "A", "site": "S", "on": date(2025, 3, 10), "lot": number,
         "element": "Nd", "operator_mg": int(declared * KG), "inspector_mg": int(found * KG),
         "difference_mg": int((declared - found) * KG), "sigma_mg": 1.0 * KG, "z": declared - found}
        for number, (declared, found) in enumerate(items)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=dict(SINGLE))


def test_one_item_that_is_short_is_a_finding_though_the_sum_says_nothing() -> None:
    (found,) = measured_difference(verified=visited({}), single=alone((50, 50.5), (50, 42), (50, 49)))
    assert (found.mass_mg, found.elements, found.subject["visit"]) == (8 * KG, ("Nd",), "7")
    assert "1 of 3 items" in found.as_json()["explanation"]["en"]
    assert measured_difference(verified=visited({}), single=alone((50, 50.5), (50, 46.8), (50, 49))) == []


def test_a_visit_is_one_finding_whatever_shows_it() -> None:
    (found,) = measured_difference(verified=visited({"d_mg": -60 * KG}), single=alone((50, 42), (50, 90)))
    assert found.mass_mg == 60 * KG
