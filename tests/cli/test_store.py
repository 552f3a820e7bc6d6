"""Making and finding the store: what is there is never changed, what cannot be used is said in one sentence."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client, override_settings
from tests.cli.program import CHINESE, PROGRAM, Lodeline, write_register
from tests.stores import forget, ready_store

from lodeline.store import opening
from lodeline.store.opening import open_store
from lodeline.store.store import Store

QUESTIONS = (
    ("balance",), ("flows",), ("transfers",), ("quota",), ("findings",), ("trace", "A/1"), ("origins", "A/1"),
    ("receipt", "0"), ("verify",), ("rebuild",),
)  # fmt: skip


def test_init_makes_the_store_and_its_directory(tmp_path: Path) -> None:
    lodeline = Lodeline(database=str(tmp_path / "new" / "room" / "store.sqlite3"))
    made = lodeline("init", "--json").document
    assert made["new"] is True and made["vkey"].startswith(made["origin"])
    assert (made["origin"], made["store"]) == ("lodeline.local/log", lodeline.database)
    assert lodeline("verify", "--json").document["ok"] is True


@pytest.mark.medium
def test_pages_and_programs_find_their_tables_after_init_alone(tmp_path: Path) -> None:
    lodeline = Lodeline(database=str(tmp_path / "store.sqlite3"))
    assert lodeline("init").status == 0
    with override_settings(LODELINE_DATABASE=lodeline.database):
        browser = Client(HTTP_HOST="127.0.0.1")
        assert browser.get("/en/").headers["Location"] == "/en/first-run/"
        assert browser.get("/en/first-run/").status_code == 200
        refused = browser.get("/api/v1/filings", headers={"Authorization": "Bearer lodeline_any"})
        assert refused.status_code == 401
        assert browser.get("/readyz").json()["checks"]["portal"] == {"ok": True}
    forget(str(tmp_path))


@pytest.mark.parametrize(
    ("hosts", "named"),
    [
        ("", None),
        ("localhost,10.0.0.5,[fd00::1],intranet,ree.internal,*", None),
        ("localhost,10.0.0.5,Lodeline.example,other.example", "lodeline.example/log"),
        (".lodeline.example", "lodeline.example/log"),
    ],
)
def test_a_new_log_has_the_first_name_that_others_know(hosts: str, named: str | None) -> None:
    assert opening.origin_of(hosts.split(",")) == named


@pytest.mark.ci
@pytest.mark.medium
def test_a_log_keeps_its_name(tmp_path: Path) -> None:
    lodeline = Lodeline(database=str(tmp_path / "store.sqlite3"))
    made = lodeline("init", "--json", LODELINE_HOSTS="localhost,ree.example").document
    assert made["origin"] == "ree.example/log" and made["vkey"].startswith("ree.example/log+")
    before = contents(lodeline)
    refused = lodeline("init", "--origin", "other.example/log")
    assert refused.status == 2 and "other.example/log" in refused.said and "ree.example/log" in refused.said
    assert lodeline("init", "--json", LODELINE_HOSTS="other.example").document["vkey"] == made["vkey"]
    assert contents(lodeline) == before
    moved = Lodeline(database=str(tmp_path / "moved.sqlite3"))
    assert lodeline("backup", tmp_path / "kept.tar").status == 0
    assert moved("restore", tmp_path / "kept.tar").status == 0
    assert moved("init", "--json", "--origin", "ree.example/log").document["vkey"] == made["vkey"]


@pytest.mark.parametrize("origin", ["", "two words", "a+b", "a\nb"])
def test_what_cannot_name_a_log_makes_none(tmp_path: Path, origin: str) -> None:
    lodeline = Lodeline(database=str(tmp_path / "store.sqlite3"))
    refused = lodeline("init", "--origin", origin)
    assert refused.status == 2 and "lodeline.example/log" in refused.said
    assert list(tmp_path.iterdir()) == []


def test_a_secret_that_can_be_guessed_leaves_nothing_behind(tmp_path: Path) -> None:
    lodeline = Lodeline(database=str(tmp_path / "room" / "store.sqlite3"))
    refused = lodeline("init", LODELINE_SECRET="x")
    assert refused.status == 2 and "16 characters" in refused.said
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_is_lost_is_to_be_restored(filed: Lodeline) -> None:
    assert filed("balance").status == 0
    shutil.move(filed.database, f"{filed.database}.away")
    for language, cure in (("en", "restore the newest backup"), ("zh", "恢复最新备份")):
        lost = filed("balance", language=language)
        assert lost.status == 2 and cure in lost.said and "lodeline init" not in lost.said


def contents(lodeline: Lodeline) -> list[str]:
    """Every table, row and trigger of a SQLite store."""
    with closing(sqlite3.connect(lodeline.database)) as connection:
        return sorted(connection.iterdump())


def test_init_again_says_so_and_changes_nothing(filed: Lodeline) -> None:
    before = contents(filed)
    again = filed("init")
    assert again.status == 0 and "already" in again.out and "nothing changed" in again.out
    assert filed("init", "--json").document["new"] is False
    assert contents(filed) == before


def test_init_brings_an_older_store_up_to_date_and_names_what_it_changed(filed: Lodeline) -> None:
    store = open_store(filed.database)
    call_command("migrate", "store", "0008", database=store.database.alias, verbosity=0, interactive=False)
    store.database.close()
    for question in ("verify", "balance"):
        old = filed(question)
        assert old.status == 2 and "older version" in old.said and "lodeline init" in old.said
    done = filed("init").out
    assert (
        "up to date" in done
        and "tables changed: store.0009_lines_between_parties, store.0010_entries_by_kind,"
        " store.0011_lots_of_a_filing, store.0012_other_name_of_a_counterparty\n"
        in done
        and "guards" not in done
    )
    assert filed("verify").status == 0
    assert "nothing changed" in filed("init").out


@pytest.mark.ci
@pytest.mark.parametrize(
    ("language", "line"), [("en", "guards set again: line_no_update"), ("zh", "恢复防改触发器：line_no_update")]
)
def test_init_names_the_guards_that_it_sets_again(filed: Lodeline, language: str, line: str) -> None:
    def drop() -> None:
        with closing(sqlite3.connect(filed.database)) as connection, connection:
            connection.execute("DROP TRIGGER line_no_update")

    drop()
    assert line in filed("init", language=language).out
    drop()
    done = filed("init", "--json").document
    assert (done["updated"], done["migrated"], done["guards"]) == (True, [], ["line_no_update"])
    assert filed("init", "--json").document["guards"] == []


def test_init_names_the_format_that_a_store_takes_up(filed: Lodeline) -> None:
    with closing(sqlite3.connect(filed.database)) as connection, connection:
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE tbl_name = 'fact' AND type = 'trigger'"
        ):
            connection.execute(f'DROP TRIGGER "{name}"')
        connection.execute("UPDATE fact SET value = ? WHERE key = 'format'", (str(opening.FORMAT - 1),))
    assert f"format taken up: {opening.FORMAT}\n" in filed("init").out
    assert "nothing changed" in filed("init").out


@pytest.mark.medium
def test_init_names_what_it_changed_in_the_portal(tmp_path: Path) -> None:
    lodeline = Lodeline(database=str(tmp_path / "store.sqlite3"))
    store = ready_store(lodeline.database)
    call_command("migrate", "office", "0007", database=store.database.alias, verbosity=0, interactive=False)
    store.database.close()
    assert lodeline("init", "--json").document["migrated"] == [
        "office.0008_bookmark",
        "office.0009_letters_of_invitations",
        "office.0010_strategy",
        "office.0011_acts_of_two",
        "office.0012_acts_by_name",
        "office.0013_turns_of_jobs",
        "office.0014_the_other_side_of_a_case",
    ]
    assert "nothing changed" in lodeline("init").out


@pytest.mark.ci
@pytest.mark.medium
def test_init_enters_the_law_of_an_older_store_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lodeline = Lodeline(database=str(tmp_path / "store.sqlite3"))
    assert lodeline("init").status == 0
    with monkeypatch.context() as then:
        # As programs of before did: the first entry says nothing of the law.
        then.setattr(Store, "_first", lambda self, envelope: envelope)
        assert lodeline("load", write_register(tmp_path / "dossier")).status == 0
    older = lodeline("verify")
    assert older.status == 0 and "does not say yet with which law" in older.out
    assert lodeline("verify", "--json").document["law_entered"] is False
    assert "the law of the store entered in the log" in lodeline("init").out
    assert lodeline("verify", "--json").document["law_entered"] is True
    assert lodeline("init", "--json").document["law_entered"] is False
    assert "nothing changed" in lodeline("init").out


def test_init_under_another_secret_changes_nothing(filed: Lodeline) -> None:
    before = contents(filed)
    refused = filed("init", LODELINE_SECRET="another")
    assert refused.status == 2 and "LODELINE_SECRET" in refused.said
    assert contents(filed) == before


def test_the_option_names_the_database_before_the_environment_does(lodeline: Lodeline) -> None:
    elsewhere = Lodeline(database=lodeline.database + ".none")
    assert elsewhere("quota", "--json").status == 2
    assert elsewhere("quota", "--json", "--database", lodeline.database).status == 0


@pytest.mark.parametrize("words", [*QUESTIONS, ("load", "."), ("file", "june.csv")])
def test_where_no_store_is_every_command_says_how_to_make_one(nowhere: Lodeline, words: tuple[str, ...]) -> None:
    answer = nowhere(*words)
    assert answer.status == 2 and "lodeline init" in answer.said
    assert not Path(nowhere.database).exists()


def test_it_says_so_in_chinese_too(nowhere: Lodeline) -> None:
    answer = nowhere("quota", language="zh")
    assert answer.status == 2 and "lodeline init" in answer.said and CHINESE.search(answer.said)


@pytest.mark.parametrize("words", QUESTIONS)
def test_another_secret_opens_nothing(filed: Lodeline, words: tuple[str, ...]) -> None:
    answer = filed(*words, LODELINE_SECRET="another")
    assert answer.status == 2 and "LODELINE_SECRET" in answer.said


def test_a_store_of_a_newer_format_is_left_alone(filed: Lodeline) -> None:
    with closing(sqlite3.connect(filed.database)) as connection, connection:
        connection.execute('DROP TRIGGER "fact_no_update"')
        connection.execute("UPDATE fact SET value = '3' WHERE key = 'format'")
    answer = filed("balance", "--json")
    assert answer.status == 2 and "update the program" in answer.said


#: A process without the right of root to write where a mode forbids it; another account has none anyway.
_WITHOUT = ("setpriv", "--inh-caps=-dac_override", "--bounding-set=-dac_override") if os.geteuid() == 0 else ()


@pytest.mark.ci
@pytest.mark.medium
@pytest.mark.skipif(bool(_WITHOUT) and shutil.which("setpriv") is None, reason="root writes everywhere")
def test_a_store_that_cannot_be_written_is_verified(filed: Lodeline, tmp_path: Path) -> None:
    room = tmp_path / "read # only?"
    room.mkdir()
    path = room / "store.sqlite3"
    shutil.copy(filed.database, path)

    def said(*words: str) -> tuple[int, str]:
        environment = os.environ | Lodeline(database=str(path)).environment()
        done = subprocess.run(
            [*_WITHOUT, PROGRAM, *words], env=environment, capture_output=True, text=True, check=False
        )
        return done.returncode, " ".join((done.stdout + done.stderr).split())

    path.chmod(0o444)
    room.chmod(0o555)
    try:
        status, words = said("verify")
        assert status == 0 and "all holds" in words, words
        for command in (("init",), ("rebuild",), ("file", "june.csv")):
            status, words = said(*command)
            assert "Traceback" not in words
        assert [one.name for one in room.iterdir()] == ["store.sqlite3"]
        room.chmod(0o755)
        path.with_name("store.sqlite3-wal").write_bytes(b"of a store that was not closed")
        room.chmod(0o555)
        status, words = said("verify")
        assert status == 2 and "copy it with its -wal file" in words, words
    finally:
        room.chmod(0o755)


@pytest.mark.parametrize("command", ["init", "balance", "verify"])
def test_a_file_that_is_no_database_is_not_touched(tmp_path: Path, command: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, and long enough to be taken for one at first sight\n" * 40)
    before = path.read_bytes()
    answer = Lodeline(database=str(path))(command)
    assert answer.status == 2 and "notes.txt" in answer.said and "not a database" in answer.said
    assert path.read_bytes() == before


@pytest.mark.parametrize("command", ["init", "balance"])
def test_a_directory_is_no_database(tmp_path: Path, command: str) -> None:
    answer = Lodeline(database=str(tmp_path))(command)
    assert answer.status == 2 and "database" in answer.said


@pytest.mark.parametrize("command", ["init", "balance"])
def test_an_unknown_kind_of_database_is_named(command: str) -> None:
    answer = Lodeline(database="mysql://host/name")(command)
    assert answer.status == 2 and "mysql" in answer.said and "postgresql://" in answer.said


@pytest.mark.parametrize("url", ["", "sqlite:///", "postgresql://localhost", "postgresql://localhost:port/ledger"])
@pytest.mark.parametrize("command", ["init", "balance"])
def test_an_address_that_names_no_database_is_said(nowhere: Lodeline, command: str, url: str) -> None:
    answer = nowhere(command, "--database", url)
    assert answer.status == 2 and answer.said


@pytest.mark.parametrize("command", ["init", "balance"])
def test_a_server_that_does_not_answer_is_said_without_the_password(command: str) -> None:
    answer = Lodeline(database="postgresql://me:hunter2@127.0.0.1:1/ledger")(command)
    assert answer.status == 2 and "refused" in answer.said and "hunter2" not in answer.said


def test_a_directory_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    answer = Lodeline(database=str(tmp_path / "file" / "store.sqlite3"))("init")
    assert answer.status == 2 and str(tmp_path / "file") in answer.said


def test_a_store_made_without_a_secret_keeps_its_own(nowhere: Lodeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LODELINE_SECRET")
    first = nowhere("init", "--json").document
    second = Lodeline(database=nowhere.database + ".second")
    assert second("init", "--json").document["vkey"] != first["vkey"]
    assert nowhere("verify", "--json").document["ok"] is True


def test_a_store_that_lost_its_guards_takes_nothing_in(lodeline: Lodeline, june: Path) -> None:
    with closing(sqlite3.connect(lodeline.database)) as connection, connection:
        connection.execute('DROP TRIGGER "line_no_update"')
    refused = lodeline("file", june, "--organisation", "ACME", "--period", "2025-06")
    assert refused.status == 2 and "line_no_update" in refused.said and "lodeline init" in refused.said
    assert lodeline("verify").status == 1
    assert lodeline("init").status == 0
    assert lodeline("file", june, "--organisation", "ACME", "--period", "2025-06").status == 0


def test_a_copied_store_is_the_same_log(filed: Lodeline, tmp_path: Path) -> None:
    shutil.copy(filed.database, tmp_path / "copy.sqlite3")
    copy = Lodeline(database=str(tmp_path / "copy.sqlite3"))
    assert copy("verify", "--json").document == filed("verify", "--json").document


def test_answers_follow_the_log_whatever_was_there_before(filed: Lodeline, registered: Lodeline, june: Path) -> None:
    """A snapshot that an older store left behind is not taken for the new one's."""
    rows = filed("balance", "--element", "Nd", "--json").document["rows"]
    assert rows
    shutil.copy(registered.database, filed.database)
    assert filed("balance", "--element", "Nd", "--json").document["rows"] == []
    assert filed("file", june, "--organisation", "ACME", "--period", "2025-06").status == 0
    assert filed("balance", "--element", "Nd", "--json").document["rows"] == rows


@pytest.mark.medium
def test_without_a_database_named_the_program_keeps_its_store_in_var(tmp_path: Path) -> None:
    register = write_register(tmp_path / "dossier")
    environment = {name: value for name, value in os.environ.items() if name != "LODELINE_DATABASE"}

    def run(*words: str) -> str:
        done = subprocess.run(
            [PROGRAM, *words], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        )
        assert done.stderr == ""
        return done.stdout

    assert "var/lodeline.sqlite3" in run("init")
    assert run("load", register.name).startswith("0 filings accepted")
    assert (tmp_path / "var/lodeline.sqlite3").is_file()


def test_the_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "theirs.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE customers (name TEXT)")
        connection.commit()
    answer = Lodeline(database=str(path))("init")
    assert answer.status == 2 and "another program" in answer.said
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall() == [("customers",)]


@pytest.mark.parametrize("command", ["balance", "flows"])
def test_months_the_wrong_way_round_are_said(lodeline: Lodeline, command: str) -> None:
    answer = lodeline(command, "--from", "2025-03", "--to", "2025-02")
    assert answer.status == 2 and "is after" in answer.said
