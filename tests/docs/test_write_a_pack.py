"""The page *How to write a pack* is walked: what it writes is a sound pack, and the desk judges by it."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from lodeline.control.rulebook import LawDay
from lodeline.regulation.fines import RECORDS
from lodeline.regulation.pack import shipped
from lodeline.regulation.parameter import Jurisdiction, load
from lodeline.service.customs.desk import declare
from lodeline.service.law.altered import altered
from lodeline.service.law.checking import check_folder

PAGE = Path(__file__).parents[2] / "docs/howto/write-a-pack.md"
#: What is added to a file that is there: below its values, or below its tests.
MORE = re.compile(r"^```yaml\+ (\S+?)(?: (tests))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```yaml (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINES = """line,product_name,hs_code,composition,destination
1,monazite concentrate,261220,,DE
2,NdFeB magnets,850511,Nd=24;Dy=1.5;Fe=66;B=0.98,DE
3,NdFeB magnets N45,850511,Nd=24;Pr=6.02;Fe=67.5;B=0.98,DE
4,gallium metal,811292,Ga=99.99,DE
5,rare earth carbonate,284690,Nd=20;Ce=20,DE
6,neodymium oxide,284690,Nd2O3=99.5,DE
"""


def _blocks(code: str) -> list[tuple[str, str]]:
    return [(file, text) for file, text in BLOCK.findall(PAGE.read_text("utf-8")) if file.startswith(f"{code}/")]


def written(folder: Path) -> Path:
    """The files that the page tells to write."""
    for file, text in _blocks("rr"):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text, "utf-8")
    return folder / "rr"


@pytest.fixture(scope="module")
def law(tmp_path_factory: pytest.TempPathFactory) -> Jurisdiction:
    checked = check_folder(written(tmp_path_factory.mktemp("pack")))
    assert checked.faults == ()
    assert checked.law is not None
    assert checked.tests == 8
    return checked.law


@pytest.mark.parametrize(
    ("day", "verdicts"),
    [
        (date(2031, 3, 31), ["release"] * 6),
        (date(2031, 4, 1), ["hold", "hold", "release", "hold", "query", "release"]),
        (date(2031, 7, 1), ["release"] * 6),  # suspended
        (date(2031, 10, 1), ["query", "query", "release", "query", "query", "release"]),  # nobody knows
    ],
)
def test_the_desk_judges_by_the_pack_of_the_page(law: Jurisdiction, day: date, verdicts: list[str]) -> None:
    answer = declare(LINES.encode(), LawDay.of(law, day), name="lines.csv")
    assert [line["verdict"] for line in answer["lines"]] == verdicts


def test_the_correction_counts_from_the_day_on_which_it_was_published(law: Jurisdiction) -> None:
    made = date(2031, 4, 15)
    assert law.at(RECORDS, made, known=date(2031, 5, 1)).value["years_least"] == 15
    assert law.at(RECORDS, made, known=date(2031, 5, 2)).value["years_least"] == 5


def test_a_notice_is_a_second_value_with_its_own_citation(tmp_path: Path) -> None:
    folder = tmp_path / "cn"
    for path, text in shipped("cn").files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
    for path, text in _blocks("cn"):
        (tmp_path / path).parent.mkdir()
        (tmp_path / path).write_text(text, "utf-8")
    for path, is_test, text in MORE.findall(PAGE.read_text("utf-8")):
        before = (tmp_path / path).read_text("utf-8")
        now = before + text if is_test else before.replace("tests:\n", f"{text}tests:\n")
        (tmp_path / path).write_text(now, "utf-8")
    checked = check_folder(folder)
    assert checked.faults == () and checked.law is not None
    assert altered(load("cn"), checked.law) == []
    known = date(2031, 2, 1)
    for day, days in ((date(2031, 2, 28), 7), (date(2031, 3, 1), 5)):
        value = checked.law.at("customs-query-days", day, known=known)
        assert value.value["working_days"] == days
    assert value.citation.instrument == "announcement-99-2031"


def test_a_slip_in_a_name_is_told(tmp_path: Path) -> None:
    folder = written(tmp_path)
    file = folder / "edict-8/record-years.yaml"
    file.write_text(file.read_text("utf-8").replace("record-years", "record-year"), "utf-8")
    (fault,) = check_folder(folder).faults
    assert fault.en.startswith("rr/edict-8/record-years.yaml, parameter: record-year is read by no rule")
