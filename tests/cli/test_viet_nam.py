"""Viet Nam's law, as a clerk asks by it: its ore does not leave, and what it lets go leaves."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.cli.program import Lodeline, write
from tests.cli.test_own_packs import SHIPPED

HEADER = "line,on,product_name,hs_code,composition,re_total_pct,mass_kg,destination"
#: A line, the verdict, and the reason that gives it.
LINES = {
    "ore by its code": ("2026-03-01,rare earth concentrate,253090,,,1000,JP", "hold", "item.barred"),
    "ore by the name of a mineral": ("2026-03-01,monazite,261220,,,1000,JP", "hold", "item.barred"),
    "ore in Vietnamese under another code": ("2026-03-01,Quặng đất hiếm,250590,,,1000,JP", "hold", "item.barred"),
    "ore before anybody could know under which text": (
        "2025-12-31,rare earth concentrate,253090,,,1000,JP", "query", "item.state-unknown"
    ),
    "oxide that a list may name": ("2026-03-01,neodymium oxide,284690,Nd2O3=99.5,,1000,JP", "query", "item.state-unknown"),
    "a mixed carbonate": ("2026-03-01,mixed rare earth carbonate,284690,,45,1000,JP", "query", "item.state-unknown"),
    "a salt without its share": ("2026-03-01,rare earth chloride,284690,,,1000,JP", "query", "item.share-not-stated"),
    "oxide on a day before the decree": ("2026-01-15,neodymium oxide,284690,Nd2O3=99.5,,1000,JP", "release", ""),
    "magnets": ("2026-03-01,NdFeB magnets N42,850511,Nd=24;Pr=6.02;Fe=67.5;B=0.98,,1000,JP", "release", ""),
    "ore of iron": ("2026-03-01,quặng sắt,260111,,,1000,JP", "release", ""),
    "copper wire": ("2026-03-01,copper wire,740811,,,1000,JP", "release", ""),
}  # fmt: skip


def asked(tmp_path: Path, *options: str | Path) -> list[Any]:
    program = Lodeline(database=str(tmp_path / "none.sqlite3"))
    path = write(
        tmp_path / "d.csv", HEADER, *(f"{number},{line}" for number, (line, _, _) in enumerate(LINES.values()))
    )
    lines: list[Any] = program("declare", path, *options, "--json").document["lines"]
    return lines


@pytest.mark.parametrize("by", ["--jurisdiction", "--pack"])
def test_ore_is_held_and_what_the_law_lets_go_leaves(tmp_path: Path, by: str) -> None:
    options: tuple[str | Path, ...] = ("--jurisdiction", "vn")
    if by == "--pack":
        options = ("--pack", shutil.copytree(SHIPPED / "vn", tmp_path / "own/vn"))
    found = dict(zip(LINES, asked(tmp_path, *options), strict=True))
    assert {name: line["verdict"] for name, line in found.items()} == {
        name: verdict for name, (_, verdict, _) in LINES.items()
    }
    for name, (_, verdict, code) in LINES.items():
        reasons = {one["code"]: one for one in found[name]["reasons"] if one["verdict"] == verdict}
        assert not code or code in reasons, name
        if code == "item.barred":
            assert {law["instrument"] for law in reasons[code]["law"]} == {"minerals-law-amendment-2025"}


def test_without_its_bar_the_ore_is_not_held(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SHIPPED / "vn", tmp_path / "own/vn"))
    (folder / "minerals-law-amendment-2025/control-list.yaml").unlink()
    ore = asked(tmp_path, "--pack", folder)[0]
    assert ore["verdict"] == "query"
    assert "item.barred" not in {one["code"] for one in ore["reasons"]}
