"""Tables of the strategic view by command and from a dossier: filed together, told apart, kept by a backup."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.program import CHINESE, JUNE, Lodeline, write_register

PLANTS = "plant,organisation,country,output_per_day,source\nP1,Nordwind,DE,100,synthetic: by hand\n"
COVER = "plant,class,stock_days,source\nP1,magnet-ndfeb,45,synthetic: by hand\n"
SCENARIOS = "scenario,name_en,starts,draws\ndy-licence,Licences,2025-10-01,500\n"


@pytest.fixture
def tables(tmp_path: Path) -> list[Path]:
    room = tmp_path / "strategy"
    room.mkdir()
    texts = {"cover": COVER, "plants": PLANTS, "scenarios": SCENARIOS}
    for name, text in texts.items():
        (room / f"{name}.csv").write_text(text, "utf-8")
    return sorted(room.iterdir())


def test_tables_are_filed_together_and_told(lodeline: Lodeline, tables: list[Path]) -> None:
    empty = lodeline("strategy", "tables", "--json").document["tables"]
    assert [one["rows"] for one in empty] == [0] * 6
    assert all(CHINESE.search(one["defaults"]["zh"]) for one in empty)
    checked = lodeline("strategy", "file", *tables, "--check", "--json").document
    assert (checked["checked_only"], checked["accepted"]) == (True, True)
    assert {row["entry"] for row in checked["rows"]} == {None}
    filed = lodeline("strategy", "file", *tables, "--json").document
    assert [row["table"] for row in filed["rows"]] == ["plants", "cover", "scenarios"]
    after = lodeline("strategy", "tables", "--json").document
    by_table = {one["table"]: one for one in after["tables"]}
    assert by_table["plants"]["basis"] == "synthetic"
    assert by_table["plants"]["empty_cells"] == [{"column": "stop_below_pct", "default": 50.0, "rows": 1}]
    assert by_table["cover"]["entry"] == filed["rows"][1]["entry"] == after["entry"] - 1
    again = lodeline("strategy", "file", *tables, "--json").document
    assert all(row["repeated"] for row in again["rows"])
    before = lodeline("strategy", "tables", "--entry", filed["rows"][0]["entry"], "--json").document["tables"]
    assert [one["rows"] for one in before] == [1, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("language", "said"), [("en", "strategy.plant-unknown"), ("zh", "现行 plants 表中没有工厂 P1")]
)
def test_what_is_wrong_is_said_at_its_cell_and_nothing_is_filed(
    lodeline: Lodeline, tables: list[Path], language: str, said: str
) -> None:
    answer = lodeline("strategy", "file", tables[0], language=language)
    assert (answer.status, said in answer.out, "cover.csv:2:plant" in answer.out) == (1, True, True)
    assert {one["rows"] for one in lodeline("strategy", "tables", "--json").document["tables"]} == {0}
    missing = lodeline("strategy", "file", tables[0].with_name("none.csv"))
    assert missing.status == 2
    assert "none.csv cannot be read" in missing.said


@pytest.mark.medium
def test_a_dossier_brings_them_and_a_backup_keeps_them(nowhere: Lodeline, tables: list[Path], tmp_path: Path) -> None:
    room = write_register(tmp_path / "dossier")
    (room / "filings/ACME").mkdir()
    (room / "filings/ACME/2025-06.csv").write_text(JUNE, "utf-8")
    tables[0].parent.rename(room / "strategy")
    (room / "strategy/note.md").write_text("no business of a loader")
    assert nowhere("init").status == 0
    loaded = nowhere("load", room, "--json").document
    assert loaded["strategy"] == {"accepted": 3, "repeated": 0, "rows": 3, "refused": []}
    assert nowhere("load", room, "--json").document["strategy"]["repeated"] == 3
    stood = nowhere("strategy", "tables", "--json").document
    assert stood["tables"][0]["filed_at"] == "2025-07-05T04:00:00Z", "with the last filing"
    assert nowhere("backup", tmp_path / "kept").status == 0
    (archive,) = [path for path in (tmp_path / "kept", *(tmp_path / "kept").glob("*")) if path.is_file()]
    restored = Lodeline(database=str(tmp_path / "restored.sqlite3"))
    assert restored("restore", archive).status == 0
    assert restored("strategy", "tables", "--json").document == stood
    assert restored("verify", "--json").document["ok"]


def test_one_bad_table_of_a_dossier_keeps_the_tables_out_and_the_filings_in(
    nowhere: Lodeline, tables: list[Path], tmp_path: Path
) -> None:
    room = write_register(tmp_path / "dossier")
    tables[0].write_text(COVER.replace("45", "NaN"), "utf-8")
    tables[0].parent.rename(room / "strategy")
    assert nowhere("init").status == 0
    loaded = nowhere("load", room, "--json").document["strategy"]
    (refused,) = loaded["refused"]
    assert (loaded["accepted"], refused["path"]) == (0, "strategy/cover.csv")
    assert refused["problems"][0]["code"] == "number.not-finite"
    assert "strategy/cover.csv" in nowhere("load", room).out
