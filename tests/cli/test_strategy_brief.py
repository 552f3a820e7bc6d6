"""`lodeline strategy brief`: a scenario on one sheet, as a file that needs nothing else, in both languages."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from tests.based import unbased
from tests.cli.conftest import World
from tests.cli.program import CHINESE, Lodeline

pytestmark = pytest.mark.medium
SCENARIOS = (
    "scenario,name_en,name_zh,base_from,base_to,starts,horizon_days,draws\n"
    "nd-licence,Licences for magnets,磁体许可,2025-01,2025-03,2025-04-01,60,5\n"
)
INSTRUMENTS = (
    "scenario,id,kind,from,class,delay_working_days,approval_pct\nnd-licence,a,licence,2025-04-01,magnet-ndfeb,30,50\n"
)


@pytest.fixture
def told(world: World, tmp_path: Path) -> Lodeline:
    """The small world, of which somebody has filed a scenario."""
    lodeline = Lodeline(database=str(shutil.copy(world.lodeline.database, tmp_path / "store.sqlite3")))
    paths = [tmp_path / "scenarios.csv", tmp_path / "instruments.csv"]
    for path, text in zip(paths, (SCENARIOS, INSTRUMENTS), strict=True):
        path.write_text(text, "utf-8")
    assert lodeline("strategy", "file", *paths).status == 0
    return lodeline


def test_the_sheet_is_written_in_either_language_and_is_the_same_again(told: Lodeline, tmp_path: Path) -> None:
    sheets: dict[str, str] = {}
    for language in ("en", "zh", "en"):
        out = tmp_path / f"{language}.html"
        said = told("strategy", "brief", "nd-licence", "--out", out, "--language", language)
        assert (said.status, out.name in said.out) == (0, True)
        html = out.read_text("utf-8")
        assert sheets.setdefault(language, html) == html
        assert html.count("<figure>") == 3 and html.count("<h1>") == 1
        assert not re.search(r"<script|<link|src=|https?://(?!www\.w3\.org/2000/svg)", html)
    assert "Licences for magnets" in sheets["en"] and "磁体许可" in sheets["zh"]
    (chinese,) = re.findall(r"<h1>(.*?)</h1>", sheets["zh"])
    assert CHINESE.search(chinese)
    assert not CHINESE.search(re.findall(r"<h1>(.*?)</h1>", sheets["en"])[0])


def test_its_data_say_what_each_figure_rests_on(told: Lodeline) -> None:
    sheet = told("strategy", "brief", "nd-licence", "--json").document
    assert unbased(sheet) == []
    assert [one["key"] for one in sheet["figures"]][:4] == ["first-stop", "stopping", "lost", "crosses"]


def test_who_asks_for_what_is_not_there_is_told_what_is(told: Lodeline, tmp_path: Path) -> None:
    missing = told("strategy", "brief", "dy-licence")
    assert (missing.status, "nd-licence" in missing.said) == (2, True)
    nowhere = told("strategy", "brief", "nd-licence", "--out", tmp_path / "no" / "brief.html")
    assert (nowhere.status, "cannot be written" in nowhere.said) == (2, True)
