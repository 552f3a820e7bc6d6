"""Receipts and verification: what was altered is named, offline too, and by a copied file without Lodeline."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.cli.program import CHINESE, ENVELOPE, HEADER, JUNE, ORIGIN, Lodeline, write

from lodeline.journal import verify as verifier


@pytest.fixture
def receipt(filed: Lodeline) -> dict[str, Any]:
    """The receipt of ACME's June."""
    found: dict[str, Any] = filed("receipt", 1).document
    return found


def keep(tmp_path: Path, document: object) -> Path:
    path = tmp_path / "receipt.json"
    path.write_text(json.dumps(document), "utf-8")
    return path


def flip(text: str) -> str:
    """The same with another last letter or digit."""
    return text[:-1] + ("0" if text[-1] != "0" else "1")


ALTERATIONS: dict[str, Callable[[dict[str, Any]], object]] = {
    "the time of filing": lambda one: one.update(filed_at="2025-07-01T00:00:00Z"),
    "the entry's number": lambda one: one.update(entry=0),
    "the entry's text": lambda one: one.update(envelope=one["envelope"].replace('"rows":7', '"rows":8')),
    "the hash": lambda one: one.update(leaf_hash=flip(one["leaf_hash"])),
    "the proof": lambda one: one.update(inclusion=[flip(one["inclusion"][0])]),
    "the checkpoint": lambda one: one.update(checkpoint=one["checkpoint"].replace("\n2\n", "\n3\n")),
    "a flag": lambda one: one["flags"].pop(),
    "a statement of its own": lambda one: one.update(accepted_by="the minister"),
}


class TestReceipt:
    """A receipt proves itself without the store."""

    def test_it_holds_offline(self, receipt: dict[str, Any], tmp_path: Path) -> None:
        elsewhere = Lodeline(database=str(tmp_path / "none" / "store.sqlite3"))
        path = keep(tmp_path, receipt)
        answer = elsewhere("verify", "--receipt", path)
        assert answer.status == 0 and "holds" in answer.out and "--vkey" in answer.out
        answer = elsewhere("verify", "--receipt", path, "--vkey", receipt["vkey"], "--json")
        assert answer.status == 0 and answer.document == {"ok": True, "key_given": True, "faults": []}

    def test_it_may_come_as_filing_printed_it(self, lodeline: Lodeline, june: Path, tmp_path: Path) -> None:
        printed = lodeline("file", june, *ENVELOPE, "--json").document
        assert lodeline("verify", "--receipt", keep(tmp_path, printed)).status == 0

    @pytest.mark.parametrize("what", ALTERATIONS)
    def test_whatever_is_altered_is_found(
        self, nowhere: Lodeline, receipt: dict[str, Any], tmp_path: Path, what: str
    ) -> None:
        ALTERATIONS[what](receipt)
        answer = nowhere("verify", "--receipt", keep(tmp_path, receipt), "--json")
        assert answer.status == 1 and answer.document["ok"] is False and answer.document["faults"]
        shown = nowhere("verify", "--receipt", tmp_path / "receipt.json", language="zh")
        assert shown.status == 1 and CHINESE.search(shown.out) and answer.document["faults"][0]["what"] in shown.out

    def test_another_key_than_the_authoritys_is_found(
        self, receipt: dict[str, Any], nowhere: Lodeline, tmp_path: Path
    ) -> None:
        other = Lodeline(database=str(tmp_path / "other.sqlite3"))
        key = other("init", "--json", LODELINE_SECRET="the secret of another").document["vkey"]
        answer = nowhere("verify", "--receipt", keep(tmp_path, receipt), "--vkey", key, "--json")
        assert answer.status == 1
        assert {"key.differs", "checkpoint.signature"} & {fault["what"] for fault in answer.document["faults"]}

    def test_what_is_no_receipt(self, nowhere: Lodeline, tmp_path: Path) -> None:
        refused = '{"accepted": false, "problems": [], "receipt": null}'
        for content in ("{}", "[]", "[1]", '"text"', "null", "5", refused):
            (tmp_path / "x.json").write_text(content)
            assert nowhere("verify", "--receipt", tmp_path / "x.json").status == 1, content
        (tmp_path / "x.json").write_text("{no json")
        assert "receipt.none" in nowhere("verify", "--receipt", tmp_path / "x.json").out
        (tmp_path / "x.json").write_bytes(b"\xff\xfe")
        for path in (tmp_path / "x.json", tmp_path / "none.json", tmp_path):
            answer = nowhere("verify", "--receipt", path)
            assert answer.status == 2 and path.name in answer.said

    @pytest.mark.medium
    def test_one_copied_file_and_a_bare_python_check_it(self, receipt: dict[str, Any], tmp_path: Path) -> None:
        copied = Path(shutil.copy(str(verifier.__file__), tmp_path / "check_receipt.py"))

        def check(*words: object) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [sys.executable, "-I", "-S", copied, *map(str, words)], capture_output=True, text=True, check=False,
                cwd=tmp_path, env={"PYTHONIOENCODING": "utf-8"},
            )  # fmt: skip

        path = keep(tmp_path, receipt)
        done = check(path, "--vkey", receipt["vkey"])
        assert (done.returncode, done.stderr) == (0, "") and "YES: entry 1" in done.stdout
        ALTERATIONS["the entry's text"](receipt)
        done = check(keep(tmp_path, receipt))
        assert done.returncode == 1 and "NO [1] entry.changed" in done.stdout


class TestCheckpoint:
    """What one store cannot tell about itself: that it is an old backup, or a fork of what was."""

    def move_on(self, lodeline: Lodeline, tmp_path: Path, lot: str) -> Path:
        """Files one more month and keeps the receipt."""
        path = write(tmp_path / f"{lot}.csv", HEADER, ORIGIN.replace("2025-06", "2025-07").replace("ORE-1", lot))
        answer = lodeline("file", path, "--organisation", "ACME", "--period", "2025-07", "--json")
        assert answer.status == 0
        return keep(tmp_path, answer.document)

    def note(self, kept: Path, tmp_path: Path) -> Path:
        path = tmp_path / "checkpoint.txt"
        path.write_text(json.loads(kept.read_text())["receipt"]["checkpoint"], "utf-8")
        return path

    def test_an_earlier_one_of_the_same_log_holds(self, filed: Lodeline, tmp_path: Path) -> None:
        earlier = filed("receipt", 1).document
        self.move_on(filed, tmp_path, "ORE-1")
        assert filed("verify", "--checkpoint", keep(tmp_path, earlier)).status == 0

    def test_an_old_backup_is_detected(self, filed: Lodeline, tmp_path: Path) -> None:
        shutil.copy(filed.database, tmp_path / "backup.sqlite3")
        backup = Lodeline(database=str(tmp_path / "backup.sqlite3"))
        kept = self.move_on(filed, tmp_path, "ORE-1")
        alone = backup("verify")
        assert alone.status == 0 and "--checkpoint" in alone.out
        for path in (kept, self.note(kept, tmp_path)):
            answer = backup("verify", "--checkpoint", path, "--json")
            assert answer.status == 1 and [fault["what"] for fault in answer.document["faults"]] == [
                "log.older-than-checkpoint"
            ]

    def test_a_fork_is_detected(self, filed: Lodeline, tmp_path: Path) -> None:
        shutil.copy(filed.database, tmp_path / "fork.sqlite3")
        fork = Lodeline(database=str(tmp_path / "fork.sqlite3"))
        kept = self.move_on(filed, tmp_path, "ORE-1")
        self.move_on(fork, tmp_path / "..", "ORE-2")
        assert fork("verify").status == 0
        answer = fork("verify", "--checkpoint", self.note(kept, tmp_path), "--json")
        assert answer.status == 1 and [fault["what"] for fault in answer.document["faults"]] == ["log.fork"]
        assert filed("verify", "--checkpoint", tmp_path / "checkpoint.txt").status == 0

    def test_a_receipt_is_compared_with_it_offline(self, filed: Lodeline, nowhere: Lodeline, tmp_path: Path) -> None:
        shutil.copy(filed.database, tmp_path / "fork.sqlite3")
        fork = Lodeline(database=str(tmp_path / "fork.sqlite3"))
        note = self.note(self.move_on(filed, tmp_path, "ORE-1"), tmp_path)
        receipt = self.move_on(fork, tmp_path, "ORE-2")
        assert nowhere("verify", "--receipt", receipt).status == 0
        answer = nowhere("verify", "--receipt", receipt, "--checkpoint", note, "--json")
        assert answer.status == 1 and [fault["what"] for fault in answer.document["faults"]] == ["log.fork"]

    def test_what_is_no_checkpoint(self, filed: Lodeline, tmp_path: Path) -> None:
        (tmp_path / "note.txt").write_text("a note")
        answer = filed("verify", "--checkpoint", tmp_path / "note.txt", "--json")
        assert answer.status == 1
        assert [fault["what"] for fault in answer.document["faults"]] == ["checkpoint.malformed"]
        missing = filed("verify", "--checkpoint", tmp_path / "none.txt")
        assert missing.status == 2 and "none.txt" in missing.said


class TestVerifyAndRebuild:
    """`verify` recomputes and `rebuild` mends what follows from the filings."""

    def change(self, lodeline: Lodeline, sql: str) -> None:
        with closing(sqlite3.connect(lodeline.database)) as connection, connection:
            connection.execute(sql)

    def test_a_sound_log_is_said_to_hold(self, filed: Lodeline) -> None:
        document = filed("verify", "--json").document
        assert document.keys() >= {"ok", "size", "root", "faults"}
        assert (document["ok"], document["size"], document["faults"]) == (True, 2, [])
        for language, word in (("en", "all holds"), ("zh", "全部成立")):
            answer = filed("verify", language=language)
            assert answer.status == 0 and word in answer.out and document["root"] in answer.out

    def test_a_changed_holding_is_named_by_its_entry_and_mended(self, filed: Lodeline) -> None:
        self.change(filed, "UPDATE holding SET mass_mg = mass_mg + 1 WHERE mass_mg > 0")
        found = filed("verify", "--json")
        assert found.status == 1
        assert {(fault["entry"], fault["what"]) for fault in found.document["faults"]} == {(1, "state.differs")}
        mended = filed("rebuild", "--json")
        assert mended.status == 1 and mended.document["ok"] is False and mended.document["differences"]
        assert filed("verify").status == 0
        again = filed("rebuild")
        assert again.status == 0 and "stood" in again.out
        assert filed("rebuild", "--json").document == {"ok": True, "differences": []}

    def test_the_fault_is_told_in_both_languages(self, filed: Lodeline) -> None:
        self.change(filed, "DROP TRIGGER line_no_update")
        self.change(filed, "UPDATE line SET mass_mg = mass_mg + 1 WHERE event = 'S-1'")
        for language, entry, verdict in (("en", "entry 1: ", "does NOT hold"), ("zh", "条目 1: ", "不成立")):
            answer = filed("verify", language=language)
            assert answer.status == 1 and entry in answer.out and verdict in answer.out

    def test_rebuild_finds_nothing_after_corrections(self, filed: Lodeline, tmp_path: Path) -> None:
        correction = write(
            tmp_path / "c.csv", JUNE.splitlines()[0], "S-1,shipment,2025-06-20,PLANT,,M-1,magnet-ndfeb,390,,客户,",
        )  # fmt: skip
        assert filed("file", correction, *ENVELOPE, "--corrects", "1").status == 0
        assert filed("rebuild", "--json").document == {"ok": True, "differences": []}
