"""Months of the hour of the deadline: whole runs of the firm itself are added, and what is late is not loaded."""

from __future__ import annotations

import csv
import io
import random
from pathlib import Path

import pytest

from portal.months import Month, take_late, with_slips

COLUMNS = "event,kind,on,site,role,lot,product,mass_kg,composition,model,pieces\n"
OWN = (
    "R1,receipt,2025-06-02,S,,A/7,alloy,100,Nd=30,,\n"
    "T1,transformation,2025-06-03,S,in,A/7,,50,,,\n"
    "T1,transformation,2025-06-03,S,out,M1,magnet-ndfeb,40,Nd=30,N35,800\n"
    "T2,transformation,2025-06-04,S,in,A/7,,10,,,\n"
    "T2,transformation,2025-06-04,S,out,M2,magnet-ndfeb,9,Nd=30,N35,180\n"
    "T2,transformation,2025-06-04,S,waste,W2,swarf,1,Nd=30,,\n"
)


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


@pytest.fixture
def month() -> Month:
    return Month(organisation="A", period="2025-06", content=(COLUMNS + OWN).encode())


def test_a_month_grows_by_whole_runs_with_lots_of_their_own(month: Month) -> None:
    grown = rows(month.enlarged(100))
    own = [{**row, "reason": "as weighed"} for row in rows(month.content)]
    assert [row for row in grown[:6] if row["role"] != "in"] == [row for row in own if row["role"] != "in"]
    assert 97 <= len(grown) <= 100
    added = grown[6:]
    assert all(row["kind"] == "transformation" and not row["model"] and not row["pieces"] for row in added)
    events = {row["event"] for row in added}
    assert not events & {"T1", "T2"} and all(
        any(row["role"] == "in" for row in added if row["event"] == e) for e in events
    )
    made = [row["lot"] for row in added if row["role"] != "in"]
    assert len(made) == len(set(made)) and not set(made) & {"M1", "M2", "W2"}
    assert {row["lot"] for row in added if row["role"] == "in"} == {"A/7"}
    # The small runs use what the runs that they repeat have not used.
    assert sum(float(row["mass_kg"]) for row in added if row["role"] == "in") < 0.5
    assert sum(float(row["mass_kg"]) for row in grown if row["role"] == "in") == pytest.approx(60)
    assert [{**row, "reason": ""} for row in rows(month.content)] == rows(month.enlarged(3))


def test_runs_of_another_mark_share_no_event_and_no_lot_that_is_made(month: Month) -> None:
    one, other = rows(month.runs_alone(50, "N1-")), rows(month.runs_alone(50, "N2-"))
    assert not {row["event"] for row in one} & {row["event"] for row in other}
    assert {row["kind"] for row in one} == {"transformation"}


def test_the_first_upload_has_more_slips_than_the_second(month: Month) -> None:
    content = month.enlarged(600)
    wrong = [
        sum(a != b for a, b in zip(rows(content), rows(with_slips(content, random.Random(1), attempt=n)), strict=True))
        for n in range(2)
    ]
    assert wrong[0] > wrong[1] >= 2


def test_what_is_late_is_taken_out_once(tmp_path: Path) -> None:
    index = "sequence,organisation,period,path,filed_at,corrects\n"
    for number, (firm, period) in enumerate(
        [("A", "2025-05"), ("B", "2025-05"), ("A", "2025-06"), ("B", "2025-06"), ("C", "2025-06"), ("C", "2025-06")]
    ):
        path = f"filings/{firm}/{period}-{number}.csv"
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        # B made nothing, and C has filed the month twice.
        (tmp_path / path).write_text(COLUMNS + (OWN if firm != "B" else OWN.partition("T1")[0]))
        index += f"{number},{firm},{period},{path},2025-07-01T08:00:00+08:00,\n"
    (tmp_path / "filings" / "index.csv").write_text(index)
    late = take_late(tmp_path, 5, random.Random(1))
    assert [(one.organisation, one.period) for one in late] == [("A", "2025-06")]
    left = (tmp_path / "filings" / "index.csv").read_text()
    assert "A/2025-06" not in left and left.count("\n") == 6
    assert take_late(tmp_path, 5, random.Random(2)) == late
    assert (tmp_path / "filings" / "index.csv").read_text() == left
