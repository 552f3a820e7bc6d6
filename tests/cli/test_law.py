"""`lodeline law`: the law on a day, what changed, in two languages; and the documents behind it."""

from __future__ import annotations

import json
import shutil
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.cli.program import CHINESE, Lodeline

from lodeline.regulation.parameter import load
from lodeline.service.law.law import diff, in_force, timeline

CHINA = load("cn")
RURITANIA = load("zz", Path(__file__).parents[1] / "unit/regulation/packs")
ROW = {
    "parameter", "label", "instrument", "title", "status", "value", "in_force_from", "in_force_to", "published", "citation",
    "evidence", "note", "suspension", "informs",
}  # fmt: skip
CHANGE = {
    "on", "what", "parameter", "label", "instrument", "title", "from", "to", "published", "citation", "evidence",
}  # fmt: skip


@pytest.fixture
def lodeline(tmp_path: Path) -> Lodeline:
    # There is no store: the law needs none.
    return Lodeline(database=str(tmp_path / "none.sqlite3"))


def test_the_law_on_a_day_has_every_parameter_with_status_and_citation(lodeline: Lodeline) -> None:
    document = lodeline("law", "--on", "2025-11-08", "--known", "2025-11-08", "--json").document
    assert (document["on"], document["known"]) == ("2025-11-08", "2025-11-08")
    rows = {(row["instrument"], row["parameter"]): row for row in document["rows"]}
    for row in rows.values():
        assert row.keys() == ROW
        assert row["title"].keys() == row["label"].keys() == row["citation"]["article"].keys() == {"en", "zh"}
    holmium = rows["announcement-57-2025", "control-list"]
    assert holmium["status"] == "suspended"
    assert holmium["citation"]["instrument"] == "announcement-57-2025"
    assert holmium["suspension"]["citation"]["instrument"] == "announcement-70-2025"
    assert (holmium["suspension"]["from"], holmium["suspension"]["to"]) == ("2025-11-07", "2026-11-10")
    assert rows["announcement-18-2025", "control-list"]["status"] == "in-force"
    assert rows["announcement-18-2025", "control-list"]["suspension"] is None
    assert rows["quota-notices", "quota-mining"]["status"] == "unknown"
    assert rows["quota-notices", "quota-mining"]["value"] is None


def test_what_nobody_could_know_is_not_told(lodeline: Lodeline) -> None:
    document = lodeline("law", "--on", "2025-11-08", "--known", "2025-10-08", "--json").document
    assert "announcement-57-2025" not in {row["instrument"] for row in document["rows"]}
    document = lodeline("law", "--on", "2025-11-08", "--known", "2025-11-06", "--json").document
    assert ("announcement-57-2025", "in-force") in {(row["instrument"], row["status"]) for row in document["rows"]}


def test_without_days_it_is_today_in_the_packs_own_time(lodeline: Lodeline) -> None:
    before = datetime.now(ZoneInfo(CHINA.timezone)).date()
    document = lodeline("law", "--json").document
    after = datetime.now(ZoneInfo(CHINA.timezone)).date()
    assert before <= date.fromisoformat(document["on"]) <= after
    assert document["known"] == document["on"]


def test_the_difference_lists_the_october_package_and_its_suspension(lodeline: Lodeline) -> None:
    document = lodeline("law", "diff", "2025-10-01", "2025-11-09", "--json").document
    assert (document["from"], document["to"], document["known"]) == ("2025-10-01", "2025-11-09", "2025-11-09")
    assert all(row.keys() == CHANGE for row in document["rows"])
    rows = [row for row in document["rows"] if row["instrument"].endswith("-2025")]
    suspended = [row for row in rows if row["what"] == "suspended"]
    assert {row["instrument"] for row in suspended} == {f"announcement-{n}-2025" for n in (56, 57, 61, 62)}
    assert {row["on"] for row in suspended} == {"2025-11-07"}
    assert {row["citation"]["instrument"] for row in suspended} == {"announcement-70-2025"}
    unaware = lodeline("law", "diff", "2025-10-01", "2025-11-09", "--known", "2025-11-06", "--json").document
    assert "suspended" not in {row["what"] for row in unaware["rows"]}
    assert "came" in {row["what"] for row in unaware["rows"] if row["instrument"] == "announcement-57-2025"}


@pytest.mark.parametrize(
    "words", [("law", "--on", "2025-11-08", "--known", "2025-11-08"), ("law", "diff", "2025-10-01", "2025-11-09")]
)
def test_a_person_reads_it_in_either_language(lodeline: Lodeline, words: tuple[str, ...]) -> None:
    english, chinese = lodeline(*words), lodeline(*words, language="zh")
    assert english.status == chinese.status == 0
    assert "suspended" in english.out
    assert "No. 70" in english.out
    assert not CHINESE.search(english.out)
    assert "暂停实施" in chinese.out
    assert "第70号" in chinese.out
    assert "suspended" not in chinese.out


def test_nothing_changed_is_said(lodeline: Lodeline) -> None:
    assert "Nothing changed" in lodeline("law", "diff", "2025-12-10", "2025-12-11").out
    assert "没有变化" in lodeline("law", "diff", "2025-12-10", "2025-12-11", language="zh").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("law", "--on", "2025-02-30"), "'2025-02-30' is no day"),
        (("law", "--known", "yesterday"), "'yesterday' is no day"),
        (("law", "--on", "2025-11"), "'2025-11' is no day"),
        (("law", "--on", "2025-1-1"), "'2025-1-1' is no day"),
        (("law", "--on", "9999-12-31"), "'9999-12-31' is no day"),
        (("law", "diff", "2025-11-31", "2025-12-01"), "'2025-11-31' is no day"),
        (("law", "diff", "2025-12-01", "2025-11-01"), "2025-12-01 is after 2025-11-01"),
        (("law", "--on", "2025-11-01", "diff", "2025-12-01", "2025-12-02"), "write the options after `diff`"),
    ],
)
def test_a_day_that_is_none_is_said(lodeline: Lodeline, words: tuple[str, ...], said: str) -> None:
    english, chinese = lodeline(*words), lodeline(*words, language="zh")
    assert english.status == chinese.status == 2
    assert said in english.said
    assert CHINESE.search(chinese.said)


def test_the_timeline_runs_without_gaps_and_is_json() -> None:
    document = json.loads(json.dumps(timeline(CHINA)))
    rows = {(row["instrument"], row["parameter"]): row for row in document["rows"]}
    assert len(rows) == len(CHINA.parameters)
    spans = rows["announcement-57-2025", "control-list"]["spans"]
    assert [(span["from"], span["to"], span["status"]) for span in spans] == [
        ("2025-10-09", "2025-11-06", "not-yet"),
        ("2025-11-07", "2026-11-10", "suspended"),
        ("2026-11-11", None, "unknown"),
    ]
    assert spans[1]["citation"]["instrument"] == "announcement-70-2025"
    assert spans[1]["published"] == "2025-11-07"


def test_another_countrys_law_is_told_by_the_same_code() -> None:
    on = date(2031, 7, 15)
    document = in_force(RURITANIA, on, on)
    assert {(row["parameter"], row["status"]) for row in document["rows"]} == {
        ("control-list", "suspended"), ("day-count", "in-force"), ("filing-deadline", "in-force"), ("toll", "in-force"),
        ("working-days", "in-force"),
    }  # fmt: skip
    changed = diff(RURITANIA, date(2031, 7, 1), date(2031, 8, 1))
    assert [row["what"] for row in changed["rows"]] == ["suspended", "published", "resumed"]
    assert changed["rows"][1]["citation"]["instrument"] == "edict-3"


def test_a_pack_is_checked_with_every_fault_and_its_cure(lodeline: Lodeline, tmp_path: Path) -> None:
    sound = Path(__file__).parents[1] / "unit/regulation/packs/zz"
    document = lodeline("law", "check", str(sound), "--json").document
    assert (document["faults"], document["tests"], document["pack"]) == ([], 16, RURITANIA.digest)
    shutil.copytree(sound, tmp_path / "zz")
    toll = tmp_path / "zz/almanac/toll.yaml"
    toll.write_text(toll.read_text("utf-8").replace("expect: {value: 8}", "expect: {value: 9}"), "utf-8")
    refused = lodeline("law", "check", str(tmp_path / "zz"))
    assert refused.status == 1
    assert "zz/almanac/toll.yaml, tests[1]: fails: expected value 9, found 8" in refused.out
    assert lodeline("law", "check", str(tmp_path / "nowhere")).status == 2


def test_two_officers_publish_a_pack_by_commands(tmp_path: Path) -> None:
    filed = Lodeline(database=str(tmp_path / "store.sqlite3"))
    assert filed("init").status == 0
    first = filed("law", "packs", "--json").document["pack"]
    assert filed("law", "export", str(tmp_path / "out")).status == 0
    ports = tmp_path / "out/cn/desk/ports.yaml"
    ports.write_text(ports.read_text("utf-8").replace("Ports from which", "The ports from which"), "utf-8")
    folder = str(tmp_path / "out/cn")
    made = filed("law", "propose", folder, "--reason", "a better label", "--by", "ann", "--json").document
    proposal = str(made["proposal"])
    assert filed("law", "packs", "--json").document["pack"] == first
    alone = filed("law", "publish", proposal, "--by", "ann")
    assert alone.status == 2 and "another officer" in alone.said
    assert "Not published" in filed("law", "publish", proposal).out
    done = filed("law", "publish", proposal, "--by", "ben", "--json").document["publication"]
    assert done["pack"] == made["pack"] == filed("law", "--json").document["pack"] != first
    assert filed("law", "--jurisdiction", "my", "--json").document["jurisdiction"] == "my"
    assert filed("verify").status == 0
    again = filed("law", "propose", folder, "--reason", "again", "--by", "ann")
    assert again.status == 2 and "nothing to publish" in again.said
