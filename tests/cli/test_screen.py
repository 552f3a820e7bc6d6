"""`lodeline screen`: the verdict, its exit status, the register where there is one, lists alone where there is none."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest
from tests.cli.program import Lodeline, write, write_register

LISTS = Path(str(files("lodeline"))) / "data/party/lists"
CONTROL = LISTS / "invented-control-list.ftm.json"


@pytest.fixture(scope="module")
def registered(tmp_path_factory: pytest.TempPathFactory) -> Lodeline:
    """A store with the register of the tests and nothing filed. Not to be changed."""
    room = tmp_path_factory.mktemp("registered")
    lodeline = Lodeline(database=str(room / "store.sqlite3"), snapshots=str(room / "snapshots"))
    assert lodeline("init").status == 0
    assert lodeline("load", write_register(room / "dossier")).status == 0
    return lodeline


@pytest.mark.parametrize(
    ("name", "on", "status", "verdict"),
    [
        ("烏有鄉精密磁材股份有限公司", "2025-07-01", 1, "listed"),
        ("子虚国际贸易有限公司", "2025-07-01", 1, "listed"),
        ("Erewhon Rotor Works", "2025-12-01", 0, "known"),
        ("Some Other Firm of Lyon", "2025-07-01", 0, "unknown"),
    ],
)
def test_lists_are_asked_without_a_store(nowhere: Lodeline, name: str, on: str, status: int, verdict: str) -> None:
    answer = nowhere("screen", name, "--list", CONTROL, "--on", on, "--json")
    assert answer.status == status
    assert (answer.document["verdict"], answer.document["stamp"]) == (verdict, None)
    assert (answer.document["lists"][0]["list"], answer.document["lists"][0]["listed"]) == ("invented-control-list", 2)


def test_the_register_is_asked_where_there_is_a_store(registered: Lodeline) -> None:
    answer = registered("screen", "ACME MAGNETS", "--json")
    assert answer.status == 0
    hit = answer.document["names"][0]["hits"][0]
    assert hit["parties"][0]["source"] == "register"
    assert set(answer.document["stamp"]) == {"entry", "root"}


def test_it_answers_in_both_languages_with_its_reasons(nowhere: Lodeline) -> None:
    asked = ("screen", "子虚国际贸易有限公司", "--list", CONTROL, "--on", "2025-07-01")
    english, chinese = nowhere(*asked), nowhere(*asked, language="zh")
    assert "LISTED" in english.out and "51 % → Laputa Holdings B.V. 25 %" in english.out
    assert "列入名录" in chinese.out and "合计持股 55%" in chinese.out


@pytest.mark.parametrize(
    "words",
    [
        ("--id", "uscc:123"), ("--id", "duns:1"), ("--country", "Atlantis"), ("--on", "yesterday"),
        ("Another", "--country", "DE"), ("--list", CONTROL),
    ],
)  # fmt: skip
def test_wrong_usage_is_a_sentence(nowhere: Lodeline, words: tuple[str, ...]) -> None:
    answer = nowhere("screen", "Acme", "--list", CONTROL, *words)
    assert answer.status == 2
    assert "Traceback" not in answer.err


def test_nothing_to_ask_and_a_list_that_is_not_whole_are_said(nowhere: Lodeline, tmp_path: Path) -> None:
    answer = nowhere("screen", "Acme", "--json")
    assert answer.status == 0 and answer.document["law_lists"], "the lists of the law are at hand without a store"
    broken = write(tmp_path / "own.csv", "id,names", "W-1,Acme", "W-1,Twice")
    answer = nowhere("screen", "Acme", "--list", broken, "--json")
    assert answer.status == 2
    assert [one["code"] for one in answer.document["lists"][0]["problems"]] == ["list.twice"]
    assert answer.document["verdict"] == "unknown"


def test_the_lists_of_the_law_are_asked_on_the_day(nowhere: Lodeline) -> None:
    for name, day, verdict in (
        ("防衛装備庁", "2026-11-29", "listed"), ("防衛装備庁", "2026-01-05", "unknown"),
        ("SUBARU Corp.", "2026-02-24", "listed"), ("SUBARU Corp.", "2026-02-23", "unknown"),
        ("Hensoldt Sensors GmbH", "2026-11-29", "alike"), ("三菱電機株式会社", "2026-11-29", "unknown"),
    ):  # fmt: skip
        answer = nowhere("screen", name, "--on", day, "--json")
        assert (answer.document["verdict"], answer.status) == (verdict, 1 if verdict in ("listed", "alike") else 0)
    watched = nowhere("screen", "SUBARU Corp.", "--on", "2026-11-29", "--json").document
    (standing,) = watched["names"][0]["hits"][0]["listed"]
    assert (standing["measure"], standing["scope"]) == ("watched", "dual-use")
    now = nowhere("screen", "S3航空防务公司", "--on", "2026-12-02", "--json").document
    assert now["verdict"] == "listed" and now["names"][0]["hits"][0]["parties"][0]["names"][-1] == "S3 AeroDefense"
    assert {one["list"]: one["named_once"] for one in now["law_lists"]}["announcement-21-2025"] == 6
    missing = {one["list"]: one["unnamed"] for one in watched["law_lists"]}
    assert missing["announcements-27-28-2026"] == 14 and missing["announcements-11-12-2026"] == 0
