"""The synthetic world as a dossier, and the demo that loads one and tells what an authority would want to know."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.core.management import call_command
from tests.cli.program import CHINESE, Lodeline

from lodeline.cli.report import PLANTED
from lodeline.cli.sample_visit import LABORATORIES
from lodeline.service.overview.demonstration import plant_of
from lodeline.store.database import Database

pytestmark = pytest.mark.ci


def files(room: Path) -> dict[str, bytes]:
    return {str(path.relative_to(room)): path.read_bytes() for path in sorted(room.rglob("*")) if path.is_file()}


def test_the_same_seed_writes_the_same_world(nowhere: Lodeline, tmp_path: Path) -> None:
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        answer = nowhere("world", tmp_path / name, "--seed", seed, "--organisations", 20, "--months", 1)
        assert answer.status == 0 and name in answer.out
    written = files(tmp_path / "a")
    assert written == files(tmp_path / "b") != files(tmp_path / "c")
    assert {"register/organisations.csv", "grants/quotas.csv", "filings/index.csv"} <= written.keys()
    truth = json.loads((tmp_path / "a.truth.json").read_text())
    assert truth["synthetic"] is True and truth["planted"] == [] and truth["world"]["seed"] == 5


def test_a_world_of_other_habits_says_so_and_an_unknown_profile_is_refused(nowhere: Lodeline, tmp_path: Path) -> None:
    size = ("--organisations", 20, "--months", 1)
    assert nowhere("world", tmp_path / "w", *size, "--profile", "stranger").status == 0
    assert json.loads((tmp_path / "w.truth.json").read_text("utf-8"))["world"]["profile"] == "stranger"
    refused = nowhere("world", tmp_path / "x", *size, "--profile", "friend", language="zh")
    assert refused.status == 2 and "friend" in refused.said and CHINESE.search(refused.said)
    assert not (tmp_path / "x").exists()


def test_a_directory_with_something_in_it_is_spared(nowhere: Lodeline, tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "mine.txt").write_text("mine")
    answer = nowhere("world", tmp_path / "w")
    assert answer.status == 2 and "not empty" in answer.said
    assert files(tmp_path / "w") == {"mine.txt": b"mine"} and not (tmp_path / "w.truth.json").exists()
    (tmp_path / "file").write_text("in the way")
    assert nowhere("world", tmp_path / "file").status == 2


def test_the_demo_prints_its_report_and_can_be_run_again(tmp_path: Path) -> None:
    lodeline = Lodeline(database=str(tmp_path / "demo.sqlite3"), snapshots=str(tmp_path / "snapshots"))
    answer = lodeline.as_process(
        "demo", "--database", lodeline.database, "--no-serve", "--organisations", 20, "--months", 3
    )
    assert (answer.status, answer.err) == (0, "")
    report = answer.out
    assert re.search(r"\d+ months filed in time, \d+ late, \d+ missing", report)
    for part in ("Flow of neodymium", "Transfers: ", "process differences", "count differences", "Magnet lot"):
        assert part in report
    shares = [float(share) for share in re.findall(r"(\d+\.\d)% ", report.partition("Magnet lot")[2])]
    assert shares and 50 < sum(shares) <= 100.5
    size = int(re.search(r"\n(\d+)\n[A-Za-z0-9+/]{43}=\n", report)[1])  # type: ignore[index]
    assert f"Receipt of entry {size - 1}: holds" in report
    assert len(report.splitlines()) <= 60
    verdict = lodeline("verify", "--json").document
    assert verdict["ok"] is True and verdict["size"] == size
    # What is planted is noted, as the same world writes it, and people are at work beside the filings.
    (note,) = (tmp_path / "snapshots").glob("*.demo.json")
    noted = json.loads(note.read_text("utf-8"))["planted"]
    assert f"{len(noted)} loopholes are planted" in report
    assert lodeline(
        "world", tmp_path / "w", "--organisations", 20, "--months", 3, "--seed", 7, "--plant", PLANTED
    ).status == 0  # fmt: skip
    truth = json.loads((tmp_path / "w.truth.json").read_text("utf-8"))
    assert [plant_of(one) for one in truth["planted"]] == noted != []
    assert re.search(r"[1-9]\d* steps of theirs", report)
    # A visit that says it is made up, and a plan; what the firm's laboratory reads high is found.
    assert "A made-up visit to" in report
    papers = lodeline("inspect", "list", "--json").document["rows"]
    assert [one["act"] for one in papers].count("measurement") == 1
    assert {one["laboratory"] for one in papers if one["act"] == "result"} == set(LABORATORIES)
    marked = [one for one in lodeline("inspect", "laboratories", "--json").document["rows"] if one["beyond_chance"]]
    assert marked and {(one["own"], one["anchor"]) for one in marked} == {(LABORATORIES[1], "own")}
    small = ("--organisations", 20, "--months", 1, "--bare")
    again = lodeline("demo", "--database", lodeline.database, "--no-serve", *small, language="zh")
    assert again.status == 0 and CHINESE.search(again.out) and "Magnet lot" not in again.out
    assert lodeline("verify", "--json").document["size"] < size


def test_a_second_demo_leaves_what_stands(tmp_path: Path) -> None:
    # A name of one's own: once such a store was refused as not empty.
    lodeline = Lodeline(database=str(tmp_path / "mine.sqlite3"))
    small = ("--organisations", 20, "--months", 1, "--bare")
    assert lodeline("demo", "--database", lodeline.database, "--no-serve", *small).status == 0
    before = lodeline("verify", "--json").document
    for asked in (("--bare",), small):
        again = lodeline("demo", "--database", lodeline.database, "--no-serve", *asked)
        assert again.status == 0 and "holds a demo already" in again.out and "1 months" in again.out
    assert lodeline("verify", "--json").document == before
    other = lodeline("demo", "--database", lodeline.database, "--no-serve", "--months", 2, "--bare")
    assert other.status == 2 and "not empty" in other.said


def test_the_demo_makes_its_own_store_anew_whatever_secret_the_old_one_had(tmp_path: Path) -> None:
    lodeline = Lodeline(database=str(tmp_path / "demo.sqlite3"))
    assert lodeline("init", LODELINE_SECRET="the secret of another").status == 0
    small = ("--no-serve", "--organisations", 20, "--months", 1, "--bare")
    answer = lodeline("demo", "--database", lodeline.database, *small)
    assert answer.status == 0 and "Receipt of entry" in answer.out


def test_a_demo_of_an_older_version_is_made_anew(tmp_path: Path) -> None:
    lodeline = Lodeline(database=str(tmp_path / "demo.sqlite3"), snapshots=str(tmp_path / "snapshots"))
    small = ("demo", "--database", lodeline.database, "--no-serve", "--organisations", 20, "--months", 1, "--bare")
    assert lodeline(*small).status == 0
    database = Database(lodeline.database)
    call_command("migrate", "store", "0008", database=database.alias, verbosity=0, interactive=False)
    database.close()
    again = lodeline(*small)
    assert again.status == 0 and "holds a demo already" not in again.out
    assert lodeline("verify").status == 0


def test_the_demo_touches_no_other_store(filed: Lodeline) -> None:
    before = filed("verify", "--json").document
    answer = filed("demo", "--database", filed.database, "--no-serve", "--organisations", 20, "--months", 1)
    assert answer.status == 2 and "not empty" in answer.said
    assert filed("verify", "--json").document == before


def test_benchmarks_are_listed_and_an_unknown_one_is_refused(nowhere: Lodeline) -> None:
    listed = nowhere("bench")
    assert listed.status == 0 and {"ingest", "flow"} <= set(re.findall(r"\w+", listed.out))
    unknown = nowhere("bench", "nonsense")
    assert unknown.status == 2 and "ingest" in unknown.out + unknown.err
