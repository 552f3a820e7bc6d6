"""Taking in a dossier: what is refused is listed and counted, what is no dossier is said, Ctrl-C halves nothing."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest
from tests.cli.program import HEADER, JUNE, ORIGIN, Lodeline, write, write_register


@pytest.fixture
def dossier(tmp_path: Path) -> Path:
    """ACME's June, and a July that cannot be understood."""
    room = write_register(tmp_path / "dossier")
    (room / "filings/ACME").mkdir()
    (room / "filings/ACME/2025-06.csv").write_text(JUNE, "utf-8")
    july = (line.replace("2025-06", "2025-07").replace("1250.5", "l250") for line in (HEADER, ORIGIN))
    write(room / "filings/ACME/2025-07.csv", *july)
    (room / "truth.json").write_text("no business of a loader")
    return room


class TestDossier:
    """Good ones, bad ones, and none."""

    def test_refused_filings_are_listed_and_counted(self, nowhere: Lodeline, dossier: Path) -> None:
        assert nowhere("init").status == 0
        answer = nowhere("load", dossier, "--json")
        assert answer.status == 0
        document = answer.document
        assert (document["accepted"], document["rows"], document["repeated"], document["size"]) == (1, 7, 0, 2)
        (refused,) = document["refused"]
        assert refused["path"] == "filings/ACME/2025-07.csv"
        place = refused["problems"][0]["where"]
        assert (place["file"], place["row"], place["column"]) == ("filings/ACME/2025-07.csv", 2, "mass_kg")

    @pytest.mark.parametrize(
        ("language", "count"), [("en", "1 filings accepted (7 rows), 0 already there, 1 refused"), ("zh", "1 份被拒")]
    )
    def test_people_are_told_too(self, nowhere: Lodeline, dossier: Path, language: str, count: str) -> None:
        assert nowhere("init").status == 0
        answer = nowhere("load", dossier, language=language)
        assert answer.status == 0 and count in answer.out
        assert "filings/ACME/2025-07.csv:2:mass_kg number.invalid" in answer.out

    def test_a_second_load_changes_nothing(self, nowhere: Lodeline, dossier: Path) -> None:
        assert nowhere("init").status == 0
        first, second = nowhere("load", dossier, "--json").document, nowhere("load", dossier, "--json").document
        assert (second["accepted"], second["repeated"], second["rows"]) == (0, 1, 0)
        assert (second["root"], second["refused"]) == (first["root"], first["refused"])

    def test_it_gives_the_same_log_wherever_it_lies(self, nowhere: Lodeline, dossier: Path, tmp_path: Path) -> None:
        elsewhere = tmp_path / "another place" / "资料"
        shutil.copytree(dossier, elsewhere)
        other = Lodeline(database=str(tmp_path / "other.sqlite3"))
        documents = []
        for lodeline, room in ((nowhere, dossier), (other, elsewhere)):
            assert lodeline("init").status == 0
            documents.append(lodeline("load", room, "--json").document)
        assert documents[0] == documents[1]

    @pytest.mark.parametrize(
        ("what", "expected"),
        [
            ("nothing", "room"),
            ("a file", "directory"),
            ("an empty directory", "register/organisations.csv"),
            ("a register in GBK", "register/organisations.csv"),
            ("no sites", "register/sites.csv"),
        ],
    )
    def test_what_is_no_dossier_is_said(self, lodeline: Lodeline, tmp_path: Path, what: str, expected: str) -> None:
        room = tmp_path / "room"
        if what == "a file":
            room.write_text("register")
        elif what == "an empty directory":
            room.mkdir()
        elif what != "nothing":
            write_register(room)
        organisations, sites = room / "register/organisations.csv", room / "register/sites.csv"
        if what == "a register in GBK":
            organisations.write_bytes(organisations.read_text("utf-8").encode("gbk"))
        elif what == "no sites":
            sites.unlink()
        answer = lodeline("load", room)
        assert answer.status == 2
        assert expected in answer.said
        assert lodeline("verify", "--json").document["size"] == 1

    def test_an_index_that_names_what_is_not_there(self, lodeline: Lodeline, dossier: Path) -> None:
        write(
            dossier / "filings/index.csv", "sequence,organisation,period,path,filed_at,corrects",
            "1,ACME,2025-06,filings/ACME/2025-06.csv,2025-07-05,", "2,ACME,2025-07,filings/ACME/none.csv,2025-08-05,",
            "3,ACME,2025-07,../../elsewhere.csv,2025-08-05,",
        )  # fmt: skip
        answer = lodeline("load", dossier, "--json")
        assert answer.status == 0 and answer.document["accepted"] == 1
        found = [(one["code"], one["where"]["row"]) for one in answer.document["register_problems"]]
        assert found == [("file.not-found", 3), ("path.outside", 4)]


FIRMS, ROWS = 205, 40


def write_many(room: Path) -> Path:
    """So many filings that they are checked in a process of their own, in several commits."""
    (room / "register").mkdir(parents=True)
    firms = [f"F{number:03d}" for number in range(FIRMS)]
    write(
        room / "register/organisations.csv", "id,name_zh,name_en,aliases,country,roles,uscc,lei,valid_from,valid_to",
        *(f"{firm},,Firm {firm},,CN,miner,,,2020-01-01," for firm in firms),
    )  # fmt: skip
    write(
        room / "register/sites.csv",
        "id,organisation,name,stage,region,lat,lon,capacity_kg_per_month,valid_from,valid_to",
        *(f"{firm}-A,{firm},{firm},mine,,,,,2020-01-01," for firm in firms),
    )  # fmt: skip
    for firm in firms:
        (room / "filings" / firm).mkdir(parents=True)
        write(
            room / "filings" / firm / "2025-06.csv", HEADER,
            *(f"O-{n},origin,2025-06-{n % 30 + 1:02d},{firm}-A,ORE-{n},concentrate,{n}.5,TREO=60,mined,M"
              for n in range(1, ROWS + 1)),
        )  # fmt: skip
    return room


def log_size(path: str) -> int:
    """Entries that are committed, as anybody may read them while the load goes on."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            return int(connection.execute("SELECT size FROM head").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def nobody_is_left(group: int) -> bool:
    """Whether every process of the group has ended, within some seconds."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.ci
@pytest.mark.medium
def test_ctrl_c_leaves_whole_filings_and_a_second_load_completes_them(nowhere: Lodeline, tmp_path: Path) -> None:
    dossier = write_many(tmp_path / "many")
    assert nowhere("init").status == 0
    with nowhere.started("load", dossier) as process:
        deadline = time.monotonic() + 120
        while log_size(nowhere.database) < 10 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        # As a terminal does: every process of the group gets it.
        os.killpg(process.pid, signal.SIGINT)
        try:
            out, err = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            # Else whoever runs the tests would wait for it as long.
            os.killpg(process.pid, signal.SIGKILL)
            raise
    assert process.returncode == 130, (out, err)
    assert "Stopped" in err and "Traceback" not in out + err
    # Helpers of the interpreter may take a moment to see that their parent is gone.
    deadline = time.monotonic() + 10
    with pytest.raises(ProcessLookupError):
        while time.monotonic() < deadline:
            os.killpg(process.pid, 0)
            time.sleep(0.05)
    stopped = nowhere("verify", "--json").document
    assert stopped["ok"] is True and 10 <= stopped["size"] <= FIRMS
    with closing(sqlite3.connect(nowhere.database)) as connection:
        rows = connection.execute("SELECT entry, COUNT(*) FROM line GROUP BY entry").fetchall()
    assert {count for _, count in rows} == {ROWS} and len(rows) == stopped["size"] - 1

    completed = nowhere.as_process("load", dossier, "--json").document
    assert (completed["accepted"], completed["repeated"]) == (FIRMS - len(rows), len(rows))
    assert completed["size"] == FIRMS + 1
    assert nowhere("verify").status == 0
