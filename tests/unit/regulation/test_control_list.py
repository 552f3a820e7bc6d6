"""Which element in which form is listed on a day, by whom, and on what evidence."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from lodeline.regulation.control_list import ControlItem, control_items, control_items_by_status
from lodeline.regulation.parameter import load

CHINA = load("cn")
APRIL, OCTOBER, NOVEMBER = date(2025, 4, 4), date(2025, 10, 20), date(2025, 11, 8)


def listed(on: date, known: date) -> dict[tuple[str, str], ControlItem]:
    return {(item.element, item.form): item for item in control_items(CHINA, on, known=known)}


def test_magnets_are_listed_by_element_and_kind() -> None:
    items = listed(APRIL, APRIL)
    magnets = {key: items[key].item for key in items if key[1].startswith("magnet")}
    assert magnets == {
        ("Sm", "magnet-smco"): "1C902.a.4",
        ("Tb", "magnet-ndfeb"): "1C904.a.4",
        ("Dy", "magnet-ndfeb"): "1C905.a.4",
    }


def test_the_list_of_a_day_is_the_union_of_what_is_in_force() -> None:
    expected = listed(NOVEMBER, OCTOBER)
    assert expected["Ho", "magnet"].instrument == "announcement-57-2025"
    assert expected["Dy", "magnet-ndfeb"].instrument == "announcement-18-2025"
    assert {element for element, _ in expected} == {
        "Sm", "Gd", "Tb", "Dy", "Lu", "Sc", "Y", "Ho", "Er", "Tm", "Eu", "Yb",
    }  # fmt: skip
    assert {element for element, _ in listed(NOVEMBER, NOVEMBER)} == {"Sm", "Gd", "Tb", "Dy", "Lu", "Sc", "Y"}
    assert listed(date(2025, 4, 3), NOVEMBER) == {}


def test_what_became_unknown_is_not_in_force_and_not_lost() -> None:
    day = date(2026, 11, 20)
    assert ("Ho", "magnet") not in listed(day, day)
    unknown = control_items_by_status(CHINA, day, "unknown", known=day)
    assert "1C909.a.4" in {item.item for item in unknown}


@pytest.mark.parametrize(
    ("element", "form", "evidence"),
    [
        ("Dy", "magnet-ndfeb", "case"),
        ("Sm", "metal", "text"),
        ("Lu", "metal", "assumption"),
        ("Y", "oxide", "assumption"),
    ],
)
def test_an_item_says_how_it_is_known(element: str, form: str, evidence: str) -> None:
    item = listed(APRIL, APRIL)[element, form]
    assert item.evidence == evidence
    assert item.item in item.citation.article["en"]


def test_alloys_are_those_that_the_list_names_and_none_is_invented() -> None:
    items = listed(APRIL, APRIL)
    assert items["Gd", "alloy"].named == ("Gd-Mg", "Gd-Al")
    assert items["Dy", "alloy"].named == ()
    assert items["Sm", "metal"].codes == ("2805301910",)
    assert items["Dy", "magnet-ndfeb"].codes == ()


def test_another_country_lists_other_goods() -> None:
    ruritania = load("zz", Path(__file__).parent / "packs")
    day = date(2031, 4, 1)
    assert [(item.item, item.element) for item in control_items(ruritania, day, known=day)] == [("R-1", "Nd")]
