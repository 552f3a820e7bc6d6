"""Planned runs by command: quota is set aside until rows draw it, passing it is flagged, and it can be put off."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.cli.program import Lodeline
from tests.desk import Desk, organisation, quota, site

YEAR = datetime.now(UTC).year


@pytest.fixture
def lodeline(tmp_path: Path) -> Lodeline:
    """MINE may mine 600 kg of oxide this year."""
    path = str(tmp_path / "store.sqlite3")
    desk = Desk(path)
    desk.register(
        organisations=[organisation("MINE")], sites=[site("mine", "MINE")], quotas=[quota("MINE", "mining", 600, YEAR)]
    )
    desk.store.database.close()
    return Lodeline(database=path, snapshots=str(tmp_path / "snapshots"))


def reserved(lodeline: Lodeline) -> tuple[str, str, str]:
    (row,) = lodeline("quota", "--json").document["rows"]
    return row["reserved_kg"], row["left_kg"], row["overdrawn_kg"]


def test_a_run_is_announced_once_passes_the_quota_with_a_flag_and_is_put_off(lodeline: Lodeline) -> None:
    words = ("run", "announce", "MINE", "R1", "--kind", "mining", "--kg", "400.5")
    first = lodeline(*words, "--json")
    assert (first.status, first.document["reo_kg"], first.document["problems"]) == (0, "400.5", [])
    assert lodeline(*words, "--json").document["repeated"] is True
    assert reserved(lodeline) == ("400.5", "199.5", "0")
    beyond = lodeline("run", "announce", "MINE", "R2", "--kind", "mining", "--kg", "200", "--json")
    assert (beyond.status, [one["code"] for one in beyond.document["problems"]]) == (0, ["quota.exceeded"])
    assert reserved(lodeline) == ("600.5", "0", "0.5")
    assert lodeline("run", "void", "MINE", "R2", "--reason", "put off").status == 0
    assert reserved(lodeline) == ("400.5", "199.5", "0")


def test_a_run_may_be_of_the_next_year_too(lodeline: Lodeline) -> None:
    next_year = ("run", "announce", "MINE", "R1", "--kind", "mining", "--kg", "1", "--year", str(YEAR + 1))
    assert lodeline(*next_year).status == 0


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("announce", "MINE", "R1", "--kind", "mining", "--kg", "much"), 2, "no mass"),
        (("announce", "NOBODY", "R1", "--kind", "mining", "--kg", "1"), 2, "no organisation NOBODY"),
        (("announce", "MINE", "R1", "--kind", "mining", "--kg", "0"), 1, "reservation.incomplete"),
        (("announce", "MINE", "R1", "--kind", "mining", "--kg", "1", "--year", str(YEAR - 1)), 1, "run.year"),
        (("announce", "MINE", "R1", "--kind", "mining", "--kg", "1", "--year", str(YEAR + 2)), 1, "run.year"),
        (("void", "MINE", "R9", "--reason", "x"), 1, "reservation.unknown"),
    ],
)
def test_what_cannot_be_announced_or_put_off_says_why(
    lodeline: Lodeline, words: tuple[str, ...], status: int, said: str
) -> None:
    answer = lodeline("run", *words)
    assert answer.status == status
    assert said in answer.out + answer.err
    assert reserved(lodeline) == ("0", "600", "0")
