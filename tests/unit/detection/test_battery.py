"""All detectors together: names, order, and one story told from filings to findings."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.desk import LAW, Desk, quota

from lodeline.detection import detectors
from lodeline.detection.battery import DETECTORS
from lodeline.detection.finding import Finding, ranked
from lodeline.service.entries.subject import UnknownSubject
from lodeline.service.findings.finding import findings
from lodeline.store.snapshot_opening import open_snapshot


def test_every_detector_is_a_file_and_every_file_a_detector() -> None:
    files = {path.stem.replace("_", "-") for path in Path(str(detectors.__file__)).parent.glob("[a-z]*.py")}
    names = [one.name for one in DETECTORS]
    assert len(names) == len(set(names)) and set(names) == files


def finding(score: float | None, mass_mg: int, site: str) -> Finding:
    return Finding(
        detector="d", subject={"site": site}, first_period="2026-01", last_period="2026-01", score=score,
        mass_mg=mass_mg, interval_mg=(None, None), elements=(), explanation=(), innocent=(), ask=(),
        evidence=(),
    )  # fmt: skip


@given(
    st.lists(
        st.builds(
            finding,
            st.sampled_from([None, 0.0, 0.995, 1.0]),
            st.integers(0, 2),
            st.sampled_from(["a", "b"]),
        )
    )
)  # fmt: skip
def test_the_surest_come_first_then_the_heaviest_then_those_without_a_score(found: list[Finding]) -> None:
    order = ranked(found)
    assert sorted(map(repr, order)) == sorted(map(repr, found))
    for one, next_one in itertools.pairwise(order):
        ranks = [(two.score is not None, two.score or 0.0, two.mass_mg) for two in (one, next_one)]
        assert ranks[0] >= ranks[1]


@pytest.fixture
def desk(sqlite_url: str) -> Desk:
    """Three firms: A mines more than granted and counts more than it can have; B draws from a lot it never got."""
    desk = Desk(sqlite_url)
    desk.firms("A", "B", "C")
    desk.register(quotas=[quota("A", "mining", 50)])
    ore = "product=concentrate composition=TREO=60 origin_kind=mined"
    desk.rows("A", "2025-06", f"O1 origin 2 a L1 100 {ore}", "C1 stock 30 a L1 100")
    desk.rows("B", "2025-06", f"O1 origin 2 b M1 100 {ore.replace('mined', 'imported')}", "C1 stock 30 b M1 100")
    desk.rows("C", "2025-06", f"O1 origin 2 c N1 9 {ore.replace('mined', 'imported')}")
    desk.rows("A", "2025-07", "S1 shipment 10 a L1 40 counterparty=C", "C2 stock 31 a L1 80")
    desk.rows("B", "2025-07", "S1 shipment 10 b M1 130 counterparty=A reason=found", "C2 stock 31 b M1 0")
    desk.rows("A", "2025-08")
    desk.rows("B", "2025-08")
    return desk


def ask(desk: Desk, detector: str | None = None) -> dict[str, Any]:
    return findings(desk.store, open_snapshot(desk.store), LAW, detector=detector).as_json()


def test_one_story_from_filings_to_findings(desk: Desk) -> None:
    answer = ask(desk)
    rows = answer["rows"] + answer["duties"]
    seen = {(row["detector"], row["subject"]["organisation"], row["mass_kg"]) for row in rows}
    assert seen == {
        ("unexplained-gain", "A", "12"),  # 100 − 40 should be left, 80 are: 20 kg of ore at 60 %
        ("unexplained-gain", "B", "18"),  # 130 of 100 left, and the count found none: 30 kg of a lot, asked once
        ("quota-overrun", "A", "10"),
        ("missing-filing", "C", "24"),  # of July; A says it shipped 40 kg to it
    }
    assert [row["detector"] for row in answer["duties"]] == ["missing-filing"], "a duty is no question"
    expected = [one["worth_usd"] * one["probability"] for one in answer["causes"]]
    assert expected == sorted(expected, reverse=True) and all(expected)
    together = [name for one in answer["causes"] for name in (one["finding"], *one["same_cause"])]
    assert together == [row["id"] for row in answer["rows"]], "every question stands under one cause, in their order"
    entries = [item["entry"] for row in rows for item in row["evidence"] if "kind" in item]
    assert entries and all(isinstance(entry, int) for entry in entries)


def test_one_detector_gives_its_part_of_all(desk: Desk) -> None:
    every = [row for part in ("rows", "duties") for row in ask(desk)[part]]
    for one in DETECTORS:
        assert ask(desk, one.name)["rows"] == [row for row in every if row["detector"] == one.name]


def test_an_unknown_detector_is_answered_with_the_list(desk: Desk) -> None:
    with pytest.raises(UnknownSubject) as refused:
        ask(desk, "nonsense")
    assert all(one.name in refused.value.en and one.name in refused.value.zh for one in DETECTORS)
