"""`lodeline law replay` of a synthetic world over 4 April 2025: exactly the exports that became licensable.

What should be listed is computed here from the ledger's lots alone, by a table typed from Announcement 18 of 2025; that
of the pack is not looked at.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.cli.conftest import World
from tests.cli.program import CHINESE, Lodeline

from lodeline.material.element import SYMBOLS
from lodeline.store.opening import open_store
from lodeline.store.snapshot_opening import open_snapshot

#: Product → elements listed in that form. Of magnets: Sm–Co, and NdFeB with terbium or dysprosium, however little.
SEVEN = ("Sm", "Gd", "Tb", "Dy", "Lu", "Sc", "Y")
MAGNETS = {"magnet-smco": ("Sm",), "magnet-ndfeb": ("Tb", "Dy")}


def licensable(database: str) -> set[int]:
    """The export rows in force whose lot is a listed magnet, or metal, oxide or compound named for a listed element."""
    snapshot = open_snapshot(open_store(database))
    held: dict[int, set[str]] = {}
    for lot, element, ppb in snapshot.lot_assays.select("lot", "element", "ppb").iter_rows():
        if ppb > 0:
            held.setdefault(lot, set()).add(SYMBOLS[element])
    product = dict(snapshot.lot_facts.select("lot", "product").iter_rows())
    exports = snapshot.lines.filter((pl.col("kind") == "export") & (pl.col("dry_mg") > 0))
    found = set()
    for line, lot in exports.select("line", "lot").iter_rows():
        kind, _, named = product[lot].partition(":")
        if held.get(lot, set()) & set(MAGNETS.get(kind, ())) or named in SEVEN:
            found.add(line)
    return found


def assert_exact(lodeline: Lodeline) -> Any:
    """The document, after it was found to list what it must and nothing else."""
    document = lodeline("law", "replay", "2025-04-03", "2025-04-05", "--json").document
    rows = document["exports"]["rows"]
    assert {row["seq"] for row in rows} == licensable(lodeline.database) != set()
    assert len(rows) < document["exports"]["judged"]
    assert {(row["from"]["licence"], row["to"]["licence"]) for row in rows} == {("not-needed", "needed")}
    assert {item["instrument"] for row in rows for item in row["to"]["items"]} == {"announcement-18-2025"}
    return document


@pytest.mark.medium
def test_exactly_the_exports_that_became_licensable(world: World) -> None:
    document = assert_exact(world.lodeline)
    # A licence is a paper: what holds one is released as before.
    assert {row["to"] for row in document["declarations"]["rows"]} == {"hold"}
    # Nothing of the law changed between the two days after.
    after = world.lodeline("law", "replay", "2025-04-05", "2025-04-06", "--json").document
    assert after["law"] == after["exports"]["rows"] == after["declarations"]["rows"] == []


@pytest.mark.medium
def test_a_person_reads_it_in_either_language(world: World) -> None:
    english = world.lodeline("law", "replay", "2025-04-03", "2025-04-05")
    chinese = world.lodeline("law", "replay", "2025-04-03", "2025-04-05", language="zh")
    assert english.status == chinese.status == 0
    assert "exports come out differently" in english.out and not CHINESE.search(english.out)
    assert "1C905.a.4" in english.out
    assert "结论不同" in chinese.out and "须许可" in chinese.out and "differently" not in chinese.out


@pytest.mark.medium
def test_holmium_is_neither_in_nor_out_after_the_suspension(world: World) -> None:
    """The list of No. 57 after 10 November 2026 is not known; goods that hold none of its elements stay as they are."""
    document = world.lodeline("law", "replay", "2026-11-10", "2026-11-11", "--json").document
    assert {one["to"] for one in document["law"]} == {"unknown"}
    assert {row["to"]["licence"] for row in document["exports"]["rows"]} <= {"unknown", "needed"}


@pytest.mark.medium
def test_a_declaration_is_replayed_without_a_store(nowhere: Lodeline, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text(
        "line,on,product_name,product,hs_code,composition\n"
        "1,2025-06-01,NdFeB magnets,magnet-ndfeb,8505111000,Nd=29;Dy=3;Fe=66;B=1\n"
        "2,2025-06-01,NdFeB magnets,magnet-ndfeb,8505111000,Nd=31.2;Fe=67;B=1\n",
        "utf-8",
    )
    answer = nowhere("law", "replay", "2025-04-03", "2025-04-05", "--declaration", tmp_path / "d.csv", "--json")
    assert answer.status == 0
    (row,) = answer.document["declarations"]["rows"]
    assert (row["line"], row["to"]) == ("1", "hold")
    assert "item.no-licence" in [why["code"] for why in row["come"]]
    (tmp_path / "empty.csv").write_text("", "utf-8")
    assert nowhere("law", "replay", "2025-04-03", "2025-04-05", "--declaration", tmp_path / "empty.csv").status == 2


@pytest.fixture
def nowhere(tmp_path: Path) -> Lodeline:
    """The program where no store is."""
    return Lodeline(database=str(tmp_path / "none.sqlite3"))


@pytest.mark.slow
def test_exactly_the_exports_of_the_demo_world(tmp_path: Path) -> None:
    """The demo's world without its plants: 120 firms, 12 months, seed 7."""
    lodeline = Lodeline(database=str(tmp_path / "demo.sqlite3"), snapshots=str(tmp_path / "snapshots"))
    world = ("--no-serve", "--bare", "--organisations", 120)
    assert lodeline.as_process("demo", "--database", lodeline.database, *world).status == 0
    assert_exact(lodeline)
