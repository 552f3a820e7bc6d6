"""`lodeline declare`: the answer in a table and in JSON, its exit status, with and without a store."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.cli.program import CHINESE, Lodeline, write, write_register

from lodeline.control.declaration import read_fields
from lodeline.control.rulebook import LawDay
from lodeline.regulation.parameter import load
from lodeline.service.customs.desk import answer, declare

HEADER = "line,on,exporter_name,product_name,hs_code,composition,mass_kg,licence,destination,end_user_name"
CLEAN = "1,2025-07-04,Acme Magnets,NdFeB magnets,8505111000,Nd=30;Fe=68,100,,DE,Example Motors"
LICENSED = "2,2025-07-04,Acme Magnets,NdFeB magnets,8505111000,Nd=30;Dy=1,100,LIC-1,DE,Example Motors"
HELD = "3,2025-07-04,Acme Magnets,NdFeB magnets,8505111000,Nd=30;Dy=1,100,,DE,Example Motors"
GRANT = (
    "id,kind,exporter,end_users,control_items,products,mass_kg,elements,destination,end_use,valid_from,valid_to",
    "LIC-1,general,ACME,Example Motors,1C905.a.4,magnet-ndfeb,1000,Dy=20,DE,,2025-05-01,2026-04-30",
)


#: The same, and it stands on the day of the test: what a port promises, it promises of a licence in force.
STANDING = f"LIC-2,{GRANT[1].split(',', 1)[1].rsplit(',', 1)[0]},{date.today() + timedelta(days=60)}"
PROMISED = LICENSED.replace("LIC-1", "LIC-2")


@pytest.fixture(scope="module")
def licensed(tmp_path_factory: pytest.TempPathFactory) -> Lodeline:
    """A store whose register holds a licence of ACME. Not to be changed."""
    room = tmp_path_factory.mktemp("licensed")
    lodeline = Lodeline(database=str(room / "store.sqlite3"), snapshots=str(room / "snapshots"))
    dossier = write_register(room / "dossier")
    (dossier / "grants").mkdir()
    write(dossier / "grants/licences.csv", *GRANT, STANDING)
    assert lodeline("init").status == 0
    assert lodeline("load", dossier).status == 0
    return lodeline


@pytest.mark.parametrize(
    ("lines", "status", "verdict"),
    [([CLEAN], 0, "release"), ([CLEAN, LICENSED], 1, "query"), ([CLEAN, HELD], 1, "hold")],
)
def test_without_a_store_it_answers_and_says_what_it_did_not_know(
    nowhere: Lodeline, tmp_path: Path, lines: list[str], status: int, verdict: str
) -> None:
    answer = nowhere("declare", write(tmp_path / "d.csv", HEADER, *lines), "--json")
    assert answer.status == status
    assert answer.document["verdict"] == verdict
    assert (answer.document["licences"], answer.document["stamp"]) == ("unknown", None)


def test_with_a_store_a_licence_of_the_register_covers_the_line(licensed: Lodeline, tmp_path: Path) -> None:
    path = write(tmp_path / "d.csv", HEADER, CLEAN, LICENSED)
    answer = licensed("declare", path, "--json")
    assert answer.status == 0
    document = answer.document
    assert document["licences"] == "register"
    assert set(document["stamp"]) == {"entry", "root"}
    assert [line["verdict"] for line in document["lines"]] == ["release", "release"]
    assert "licence.covers" in {reason["code"] for reason in document["lines"][1]["reasons"]}
    assert licensed("declare", path, "--json").document["id"] == document["id"]


def test_the_shape_is_the_one_promised(nowhere: Lodeline, tmp_path: Path) -> None:
    document = nowhere("declare", write(tmp_path / "d.csv", HEADER, HELD), "--json").document
    (line,) = document["lines"]
    assert (line["line"], line["verdict"], line["day"]) == ("3", "hold", "2025-07-04")
    (reason,) = (one for one in line["reasons"] if one["verdict"] == "hold")
    assert reason["code"] == "item.no-licence"
    assert reason["text"].keys() == {"en", "zh"}
    assert reason["law"][0]["instrument"] == "announcement-18-2025"
    assert "composition" in reason["fields"]
    assert len(line["id"]) == len(document["id"]) == 64


@pytest.mark.parametrize(("language", "word"), [("en", "HOLD"), ("zh", "暂缓放行")])
def test_a_person_reads_verdict_reason_and_law_in_one_language(
    nowhere: Lodeline, tmp_path: Path, language: str, word: str
) -> None:
    answer = nowhere("declare", write(tmp_path / "d.csv", HEADER, HELD, "4,,,,,,bad,,,"), language=language)
    assert answer.status == 1
    assert word in answer.out
    assert "1C905.a.4" in answer.out
    assert "mass_kg" in answer.out
    assert bool(CHINESE.search(answer.out)) == (language == "zh")


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("d.csv", HEADER + "\n", "declaration.no-lines"),
        ("d.pdf", "x", "file.unknown-format"),
        ("d.json", '{"rows": [', "json.malformed"),
        ("d.csv", "", "file.empty"),
    ],
)
def test_what_cannot_be_read_at_all_is_status_2_with_the_reason(
    nowhere: Lodeline, tmp_path: Path, name: str, content: str, code: str
) -> None:
    (tmp_path / name).write_text(content, "utf-8")
    answer = nowhere("declare", tmp_path / name, "--json")
    assert answer.status == 2
    assert code in {one["code"] for one in answer.document["problems"]}
    assert answer.document["lines"] == []


def test_a_file_that_is_not_there(nowhere: Lodeline, tmp_path: Path) -> None:
    answer = nowhere("declare", tmp_path / "none.csv")
    assert answer.status == 2
    assert "file.not-found" in answer.out


def test_a_form_and_a_file_and_its_bytes_give_the_same_verdict(tmp_path: Path) -> None:
    path = write(tmp_path / "d.csv", HEADER, HELD)
    law, today = load("cn"), date(2026, 11, 24)
    by_form = answer(read_fields(dict(zip(HEADER.split(","), HELD.split(","), strict=True))), LawDay.of(law, today))
    by_path = declare(path, LawDay.of(law, today))
    by_bytes = declare(path.read_bytes(), LawDay.of(law, today), name="d.csv")
    assert by_form["id"] == by_path["id"] == by_bytes["id"]


def test_the_verdict_s_id_changes_with_what_is_asked() -> None:
    law, today = load("cn"), date(2026, 11, 24)
    cells = dict(zip(HEADER.split(","), CLEAN.split(","), strict=True))
    ids = {
        answer(read_fields(fields), LawDay.of(law, day))["lines"][0]["id"]
        for fields, day in ((cells, today), (cells | {"mass_kg": "101"}, today), (cells, date(2026, 11, 23)))
    }
    assert len(ids) == 3


def test_a_port_asks_without_a_store_and_its_questions_come_home(
    licensed: Lodeline, nowhere: Lodeline, tmp_path: Path
) -> None:
    home = licensed.copied_to(tmp_path / "home.sqlite3")
    rows = [f"{row},D-1" for row in (PROMISED, HELD)]
    path, packed = write(tmp_path / "d.csv", f"{HEADER},declaration", *rows), tmp_path / "port.bundle"
    home("licence", "tranche", "LIC-2", "T1", "--port", "Ningbo", "--kg", "150", "--elements", "Dy=5")
    made = home("bundle", packed, "--port", "Ningbo", "--json").document
    assert (made["port"], made["pinned"]) == ("Ningbo", True)
    answer = nowhere("declare", path, "--bundle", packed, "--key", made["key"], "--json")
    assert [line["verdict"] for line in answer.document["lines"]] == ["release", "hold"]
    assert answer.document["bundle"]["sha256"] == made["sha256"]
    assert nowhere("declare", path, "--bundle", packed, "--log").status == 2
    # The licence is over 1000 kg, of which 20 kg of dysprosium: 100 kg with one per cent leave 19.
    many = write(tmp_path / "many.csv", f"{HEADER},declaration", PROMISED.replace("Dy=1,100", "Dy=2,951") + ",D-2")
    refused = nowhere("declare", many, "--bundle", packed, "--key", made["key"], "--json").document["lines"][0]
    assert refused["verdict"] == "hold"
    # The tranche has 50 kg left, and another port none.
    home("bundle", tmp_path / "other.bundle", "--port", "Xiamen")
    for bundle in ("port.bundle", "other.bundle"):
        more = write(tmp_path / "more.csv", f"{HEADER},declaration", PROMISED.replace("Dy=1,100", "Dy=1,51") + ",D-3")
        asked = nowhere("declare", more, "--bundle", tmp_path / bundle)
        assert asked.status == 1 and re.search("(A|Another) tranche (of|for)", asked.out)
    merged = home("declare", "merge", tmp_path / "port.bundle.questions", "--json").document
    assert (merged["taken"], merged["conflicts"], merged["rows"][0]["verdict"]) == (3, 0, "hold")
    assert merged["rows"][0]["reservations"][0]["mass_kg"] == "100"
    assert merged["rows"][0]["otherwise"] == []
    assert home("declare", "merge", tmp_path / "port.bundle.questions", "--json").document["taken"] == 0
    shown = home("licence", "show", "LIC-2", "--json").document
    assert (shown["reserved_kg"], shown["left_kg"]) == ("150", "850")
    packed.write_bytes(packed.read_bytes()[:-9])
    assert nowhere("declare", path, "--bundle", packed).status == 2


def test_a_question_is_kept_and_amended_where_one_says_so(licensed: Lodeline, tmp_path: Path) -> None:
    home = licensed.copied_to(tmp_path / "home.sqlite3")
    path = write(tmp_path / "d.csv", HEADER, LICENSED)
    assert "entry" not in home("declare", path, "--json").document
    first = home("declare", path, "--log", "--json").document["entry"]
    second = home("declare", path, "--amends", first, "--json").document["entry"]
    assert second == first + 1
    assert home("declare", path, "--amends", first).status == 2


@pytest.mark.parametrize(("language", "said"), [("en", "Stop the goods"), ("zh", "请截停")])
def test_a_release_of_a_port_that_finds_no_room_is_said_with_its_cure(
    licensed: Lodeline, nowhere: Lodeline, tmp_path: Path, language: str, said: str
) -> None:
    home = licensed.copied_to(tmp_path / "home.sqlite3")
    packed = tmp_path / "port.bundle"
    home("licence", "tranche", "LIC-2", "T1", "--port", "Ningbo", "--kg", "100", "--elements", "Dy=5")
    home("bundle", packed, "--port", "Ningbo")
    path = write(tmp_path / "d.csv", f"{HEADER},declaration", f"{PROMISED},D-1")
    assert nowhere("declare", path, "--bundle", packed).status == 0
    assert home("licence", "tranche", "LIC-2", "T1", "--withdraw", "the line is up").status == 0
    assert home("licence", "reserve", "LIC-2", "D-0", "1", "--kg", "950", "--exporter", "ACME").status == 0
    merged = home("declare", "merge", tmp_path / "port.bundle.questions", language=language)
    assert merged.status == 1
    assert "offline.no-room" in merged.out and "reservation.tranche-unknown" in merged.out and said in merged.out
