"""A month's visits: the firms where most is to be expected, and some by lot, so that nobody is never visited."""

from __future__ import annotations

from collections import Counter
from datetime import date
from hashlib import sha256
from typing import Any

import polars as pl
import pytest
from tests.findings import finding_in, findings_in

from lodeline.accountancy.worth import price_year, prices, worth_usd
from lodeline.detection.battery import DETECTORS
from lodeline.ledger.roles import ROLES
from lodeline.message import localized
from lodeline.regulation.parameter import load
from lodeline.service.inspections import causes, choosing
from lodeline.service.inspections.causes import masses_mg
from lodeline.service.inspections.choosing import Choice, ChoosingError, choose, role_weights
from lodeline.service.inspections.precision import Measured, likelihood, measured, size_class
from lodeline.service.inspections.reasons import reasons

FIRMS = [f"F{number:02d}" for number in range(20)]
SITES = pl.DataFrame(
    {
        "site": [f"{one}-A" for one in FIRMS], "organisation": FIRMS, "held_mg": [10**9] * len(FIRMS),
        "shipped_mg": [0.0] * len(FIRMS), "roles": [["smelter"]] * len(FIRMS),
    }
)  # fmt: skip
#: Of detectors with so many alarms the prior says next to nothing: the one is right in .8, the other in .1.
TABLE = {
    ("good", "small"): Measured(true=80_000, alarms=100_000), ("bad", "small"): Measured(true=10_000, alarms=100_000)
}  # fmt: skip


@pytest.fixture(autouse=True)
def counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        causes, "likelihood", lambda detector, size: likelihood(detector, size, TABLE)
    )  # fmt: skip


def finding(firm: str, kg: str, detector: str = "good", **more: Any) -> dict[str, Any]:
    months = more.pop("months", ("2026-01", "2026-01"))
    score = more.pop("score", 0.999)
    return {
        "id": f"{firm}{detector}{kg}{months}", "subject": {"organisation": firm, **more.pop("subject", {})},
        "mass_kg": kg, "elements": ["Nd"], "score": score, "detector": detector,
        "period": {"from": months[0], "to": months[1]}, **more,
    }  # fmt: skip


def nd_usd(kg: float) -> float:
    """What so much neodymium is worth as oxide."""
    return worth_usd({"Nd": round(kg * 10**6)})


def chosen(*findings: dict[str, Any], seed: bytes = b"seed", **more: Any) -> list[Choice]:
    sites, last = more.pop("sites", SITES), more.pop("last", {})
    return choose(sites, findings_in(findings), last, month="2026-03", seed=seed, **{"visits": 5, **more})


def names(found: list[Choice]) -> list[str]:
    return [one.organisation for one in found]


def test_a_firm_stands_by_worth_times_probability_times_role() -> None:
    sites = SITES.with_columns(
        roles=pl.when(pl.col("organisation") == "F07").then(pl.lit(["miner", "separator"])).otherwise("roles")
    )
    found = chosen(finding("F07", "300"), finding("F03", "400"), sites=sites)
    assert names(found)[:2] == ["F07", "F03"]
    assert [one.weight_usd for one in found[:2]] == [
        pytest.approx(nd_usd(300) * 0.8 * role_weights()["separator"], rel=1e-4),
        pytest.approx(nd_usd(400) * 0.8, rel=1e-4),
    ]
    assert found[0].role == "separator" and found[0].found_usd == pytest.approx(nd_usd(300))
    assert [one.how for one in found] == ["ranked"] * 4 + ["random"]


def test_what_counts_is_how_often_a_detector_is_right_and_never_its_score() -> None:
    rare = finding("F01", "500", "bad", score=1.0)
    assert names(chosen(rare, finding("F02", "100", score=None)))[:2] == ["F02", "F01"]
    # A larger mass outweighs it; the score changes nothing either way.
    heavy = [finding("F01", "900", "bad", score=score) for score in (1.0, 0.5, None)]
    for one in heavy:
        found = chosen(one, finding("F02", "100"))
        assert names(found)[:2] == ["F01", "F02"] and found[0].expected_usd == pytest.approx(nd_usd(90), rel=1e-4)


def test_causes_are_joined_without_counting_anything_twice() -> None:
    row = {"organisation": "F01", "event": "S1", "on": "2026-01-03"}
    same = [finding("F01", "300", evidence=[row]), finding("F01", "200", "bad", evidence=[row, {"totals": {}}])]
    found = chosen(*same)[0]
    assert len(found.causes) == 1 and [one.mass_mg for one in found.causes[0].others] == [200 * 10**6]
    assert found.probability == pytest.approx(0.8, rel=1e-4)
    assert found.expected_usd == pytest.approx(nd_usd(240), rel=1e-4)
    # Another event of that name on another day is another row.
    other = finding("F01", "200", "bad", evidence=[{**row, "on": "2026-02-03"}])
    found = chosen(same[0], other)[0]
    assert len(found.causes) == 2
    assert found.probability == pytest.approx(1 - 0.2 * 0.9, rel=1e-3)
    assert found.expected_usd == pytest.approx(nd_usd(260), rel=1e-3)
    assert found.found_usd * found.probability == pytest.approx(found.expected_usd)


def test_nine_findings_of_one_cause_stand_before_more_kilograms_of_cerium() -> None:
    """Months that do not meet add up, element by element; of those that meet the largest counts once."""

    def loss(element: str, kg: str, month: int, firm: str = "F01", until: int = 0) -> dict[str, Any]:
        row = {"organisation": firm, "event": "COUNT", "on": "2026-12-31"}
        months = f"2026-{month:02d}", f"2026-{until or month:02d}"
        run = {"run": {"element": element, "mass_kg": kg}}
        return finding(firm, kg, months=months, evidence=[run, row], subject={"site": f"{firm}-A"}, elements=[element])

    nine = [loss("Dy", "500", month) for month in range(1, 7)] + [loss("Nd", "900", month) for month in (2, 3, 4)]
    cerium = finding("F02", "90000", elements=["Ce"])
    first, second = chosen(*nine, cerium)[:2]
    assert (first.organisation, second.organisation) == ("F01", "F02"), "a kilogram of Dy is not one of Ce"
    (cause,) = first.causes
    assert cause.masses_mg == {"Dy": 3_000 * 10**6, "Nd": 2_700 * 10**6} and len(cause.others) == 8
    assert cause.finding.elements == ("Dy",) and cause.worth_usd > 3_000 * prices()["Dy"]
    # The whole year in one finding says what its months say: it is no more of the same.
    year = loss("Dy", "2000", 1, until=12)
    assert chosen(*nine, year)[0].causes[0].masses_mg["Dy"] == 3_000 * 10**6
    assert chosen(year, *nine[:2])[0].causes[0].masses_mg["Dy"] == 2_000 * 10**6
    # One month of it, counted alone as before, is worth less than the cerium.
    assert names(chosen(nine[0], cerium))[:2] == ["F02", "F01"]
    why = localized(reasons(first))
    assert "In all this is 3000 kg Dy, 2700 kg Nd, worth USD " in why["en"]
    assert "oxide prices of 2025" in why["en"] and "按 2025 年氧化物均价计值" in why["zh"]


def test_what_an_oxide_is_worth() -> None:
    tonne = 10**9
    # 1 t of dysprosium is 1.1477 t of its oxide.
    assert worth_usd({"Dy": tonne}) == pytest.approx(1_147.7 * prices()["Dy"], rel=1e-4)
    treo = worth_usd({"TREO": tonne})
    assert worth_usd({"Ce": tonne}) < treo < worth_usd({"Nd": tonne}), "bastnaesite: much cerium, some neodymium"
    # What names its elements is in the total, and not once more.
    assert worth_usd({"TREO": tonne, "Nd": tonne // 2}) < treo / 2 + worth_usd({"Nd": tonne // 2})
    assert worth_usd({"TREO": 10**6, "Nd": tonne}) == worth_usd({"Nd": tonne})
    # An element without a price counts as the ore does.
    assert "Y" not in prices() and worth_usd({"Y": tonne}) == pytest.approx(1.27 * treo, rel=0.01)
    assert worth_usd({}) == 0


def test_what_a_finding_speaks_of_by_element() -> None:
    both = masses_mg(finding_in(finding("F01", "1000", elements=["Tb", "Dy"])))
    assert sum(both.values()) == pytest.approx(10**9, abs=2) and both["Dy"] > both["Tb"] > 0
    assert masses_mg(finding_in(finding("F01", "7", "licence-abuse", elements=["Dy"]))) == {"TREO": 7 * 10**6}
    runs = [{"run": {"element": "TREO", "mass_kg": "10"}}, {"run": {"element": "Nd", "mass_kg": "4"}}]
    row = finding("F01", "10", elements=["Nd", "TREO"], evidence=runs)
    assert masses_mg(finding_in(row)) == {"TREO": 10 * 10**6, "Nd": 4 * 10**6}
    # A visit has found half of it.
    after = {
        **row,
        "mass_kg": "5",
        "measured": {"books": {"mass_kg": "10", "interval_kg": [None, None], "score": None}, "steps": []},
    }
    assert masses_mg(finding_in(after)) == {"TREO": 5 * 10**6, "Nd": 2 * 10**6}


def test_the_desk_and_the_lists_have_the_same_prices() -> None:
    """The law pack dates them for the desk; of the year of the table both say the same."""
    stated = load("cn").at("desk-prices", date(price_year(), 6, 1), known=date(price_year() + 1, 12, 31))
    oxides = stated.value["oxides"]
    assert {element: prices()[element] for element in oxides} == oxides


def test_a_site_in_months_that_meet_is_one_cause_whatever_stands_between() -> None:
    here: Any = {"subject": {"site": "F01-A"}}
    first = finding("F01", "100", months=("2026-01", "2026-02"), **here)
    last = finding("F01", "90", months=("2026-05", "2026-06"), **here)
    assert len(chosen(first, last)[0].causes) == 2
    between = finding("F01", "80", months=("2026-02", "2026-05"), **here)
    assert [len(one.others) for one in chosen(first, last, between)[0].causes] == [2]
    elsewhere = finding("F01", "80", months=("2026-02", "2026-05"), subject={"site": "F01-B"})
    assert len(chosen(first, last, elsewhere)[0].causes) == 3


def test_of_a_pair_the_first_is_asked_and_who_has_no_site_here_counts_for_nobody() -> None:
    pair = finding("F09", "900") | {"subject": {"pair": "F09>F02"}}
    found = chosen(pair, finding("NOBODY", "5000"))
    assert names(found)[0] == "F09" and "NOBODY" not in names(found)


def test_the_site_with_most_at_stake_is_where_to_go() -> None:
    two = pl.concat([SITES, SITES.head(1).with_columns(site=pl.lit("F00-B"), held_mg=pl.lit(1, pl.Int64()))])
    assert chosen(finding("F00", "300", subject={"site": "F00-B"}), sites=two)[0].site == "F00-B"
    assert chosen(finding("F00", "300"), sites=two)[0].site == "F00-A"


def test_who_was_just_visited_waits() -> None:
    questions = finding("F01", "500"), finding("F02", "100")
    assert names(chosen(*questions))[0] == "F01"
    assert names(chosen(*questions, last={"F01-A": date(2026, 2, 20)}))[0] == "F02"
    # Without questions it is who was never visited, then who has waited longest.
    last = dict.fromkeys(SITES["site"][:18], date(2026, 2, 1)) | {"F18-A": date(2025, 6, 1)}
    assert names(chosen(last=last))[:2] == ["F19", "F18"]


def test_few_alarms_are_drawn_towards_what_is_known_of_more() -> None:
    table = {("a", "small"): Measured(true=1, alarms=1), ("a", "large"): Measured(true=50, alarms=100)}
    small, middle, other = (
        likelihood("a", "small", table),
        likelihood("a", "middle", table),
        likelihood("b", "small", table),
    )
    assert 0.5 < small.probability < 0.65 and (small.basis, small.true, small.alarms) == ("class", 1, 1)
    assert middle.probability == pytest.approx(0.5, abs=0.02) and (middle.basis, middle.alarms) == ("detector", 101)
    assert other.probability == pytest.approx(51 / 101) and (other.basis, other.alarms) == ("all", 101)
    never = {("c", "small"): Measured(true=0, alarms=3), **table}
    assert 0 < likelihood("c", "small", never).probability < likelihood("b", "small", never).probability


def test_tables_are_whole() -> None:
    """Every detector and every role has its rows; counts, intervals and classes agree."""
    assert {name for name, _ in measured()} == {one.name for one in DETECTORS}
    assert all(0 <= one.true <= one.alarms and one.seeds and "one author" in one.author for one in measured().values())
    assert role_weights().keys() == ROLES.keys() - {"authority", "customs"}
    assert all(weight > 0 for weight in role_weights().values())
    assert [size_class(tonnes * 10**9) for tonnes in (0, 199.9, 200, 499, 500)] == [
        "small", "small", "middle", "middle", "large"
    ]  # fmt: skip


def test_the_draw_can_be_made_again_and_moves_nobody_else() -> None:
    assert chosen() == chosen()
    assert chosen(visits=5, share=1) != chosen(visits=5, share=1, seed=b"another")
    by_lot = [one.organisation for one in chosen(visits=4, share=1) if one.how == "random"]
    gone = SITES.filter(pl.col("organisation") != by_lot[0])
    assert names(chosen(sites=gone, visits=4, share=1))[:3] == by_lot[1:]


def test_no_firm_and_no_site_is_never_visited() -> None:
    """Over many months the lot falls on each firm about as often as it says, and on each site of it."""
    questions = [finding("F00", "900")]
    two = pl.concat([SITES, SITES.filter(pl.col("organisation") == "F05").with_columns(site=pl.lit("F05-B"))])
    months = [f"{year}-{month:02d}" for year in range(2026, 2076) for month in range(1, 13)]
    drawn: Counter[str] = Counter()
    at: Counter[str] = Counter()
    chance = 0.0
    for month in months:
        seed = sha256(month.encode()).digest()
        found = choose(two, findings_in(questions), {}, month=month, seed=seed, visits=2, share=0.5)
        drawn.update(one.organisation for one in found if one.how == "random")
        at.update(one.site for one in found if one.how == "random")
        chance = found[0].chance
    assert chance == pytest.approx(1 / 19)
    # Five σ of a binomial on each side.
    expected, sigma = len(months) * chance, (len(months) * chance * (1 - chance)) ** 0.5
    assert set(drawn) == set(FIRMS[1:])
    assert all(abs(count - expected) < 5 * sigma for count in drawn.values())
    assert at["F05-A"] and at["F05-B"]


def test_who_holds_nothing_is_asked_and_not_drawn() -> None:
    empty = SITES.with_columns(held_mg=pl.when(pl.col("organisation") == "F03").then(0).otherwise("held_mg"))
    assert names(chosen(finding("F03", "5"), sites=empty))[0] == "F03"
    assert "F03" not in names(chosen(sites=empty, visits=20, share=1))


@pytest.mark.parametrize("wrong", [{"share": 0}, {"share": 1.5}, {"visits": 0}, {"visits": 10_000}])
def test_nobody_can_take_the_lot_out(wrong: dict[str, Any]) -> None:
    with pytest.raises(ChoosingError, match="nobody is never visited"):
        chosen(**wrong)
    assert choosing.RANDOM_SHARE > 0
