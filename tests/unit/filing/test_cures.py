"""A cure is offered where the cell can have meant one thing, and mends it; elsewhere nothing is offered."""

from __future__ import annotations

from typing import Any

import pytest

from lodeline.filing.check import check
from lodeline.filing.edits import Addition, Changes, apply
from lodeline.filing.mending.cures import Cure, suggest
from lodeline.filing.table import Table, blank
from lodeline.ledger.problem import Where, problem

Rows = dict[str, dict[str, str]]


def typed_in(row: dict[str, str]) -> Table:
    return apply(blank(), Changes(additions=(Addition(row=2, cells=row),)))


def cure_of(table: Table, code: str) -> Cure | None:
    checked = check(table, organisation="ACME", period="2025-06")
    found = next(one for one in checked.problems if one.code == code)
    return suggest(found, table.frame.row(0, named=True))


MAGNET = {"composition": "Nd=24.1;Pr=6.0;Dy=1.6; Fe = 68.5;B=1.0"}

CURED: list[tuple[str, dict[str, str], str, str]] = [
    ("origin", MAGNET, "composition.over-100", "Nd=24.1;Pr=6.0;Dy=1.6; Fe = 67.3;B=1.0"),
    ("origin", {"composition": "Nd=30;Fe=70.2"}, "composition.near-100", "Nd=30;Fe=70"),
    ("origin", {"on": "25/06/2025"}, "date.invalid", "2025-06-25"),
    ("origin", {"on": "06.25.2025"}, "date.invalid", "2025-06-25"),
    ("origin", {"on": "06/06/2025"}, "date.invalid", "2025-06-06"),
    ("origin", {"on": "45818"}, "date.serial", "2025-06-10"),
    ("origin", {"mass_kg": "1,250.5"}, "number.grouped", "1250.5"),
    ("origin", {"mass_kg": "1,250,000"}, "number.grouped", "1250000"),
    ("origin", {"mass_kg": "1 250"}, "number.grouped", "1250"),
    ("origin", {"mass_kg": "0,125"}, "number.grouped", "0.125"),
    ("origin", {"mass_kg": "12,34"}, "number.grouped", "12.34"),
    ("origin", {"mass_kg": "1250,500"}, "number.grouped", "1250.500"),
    ("origin", {"mass_kg": "0.30000000000000004"}, "mass.finer-than-milligram", "0.3"),
    ("origin", {"kind": "orign"}, "choice.unknown", "origin"),
    ("in", {"role": "投料"}, "choice.unknown", "in"),
    ("origin", {"product": "稀土氧化物:PrNd"}, "product.unknown", "oxide:PrNd"),
    ("origin", {"product": "oxyde:Dy"}, "product.unknown", "oxide:Dy"),
    ("shipment", {"value": "5", "currency": "人民币"}, "currency.malformed", "CNY"),
    ("shipment", {"mass_kg": "-10"}, "mass.negative", "10"),
]


@pytest.mark.parametrize(("kind", "cells", "code", "text"), CURED)
def test_what_a_cell_can_only_mean_is_offered_and_mends_it(
    kind: str, cells: dict[str, str], code: str, text: str, right: Rows
) -> None:
    table = typed_in(right[kind] | cells)
    cure = cure_of(table, code)
    assert cure is not None
    assert cure.edit.text == text
    assert text in cure.en + cure.zh or code.startswith("composition")
    mended = check(apply(table, Changes(edits=(cure.edit,))), organisation="ACME", period="2025-06")
    assert code not in [one.code for one in mended.problems]


UNCERTAIN: list[tuple[str, dict[str, str], str]] = [
    ("origin", {"mass_kg": "1,250"}, "number.grouped"),
    ("origin", {"on": "05/06/2025"}, "date.invalid"),
    ("origin", {"on": "31/02/2025"}, "date.invalid"),
    ("origin", {"composition": "Nd=60;Dy=50"}, "composition.over-100"),
    ("origin", {"composition": "Nd=60;Fe=50"}, "composition.over-100"),
    ("origin", {"composition": "Nd=10;Fe=190"}, "composition.over-100"),
    ("origin", {"composition": "Nd=60;Fe=65;TREO=90", "basis": "reo-share"}, "composition.over-100"),
    ("origin", {"kind": "sold"}, "choice.unknown"),
    ("origin", {"product": "氧化物"}, "product.unknown"),
    ("shipment", {"value": "5", "currency": "¥"}, "currency.malformed"),
]


@pytest.mark.parametrize(("kind", "cells", "code"), UNCERTAIN)
def test_what_may_mean_two_things_has_no_cure(kind: str, cells: dict[str, str], code: str, right: Rows) -> None:
    assert cure_of(typed_in(right[kind] | cells), code) is None


@pytest.mark.parametrize(
    ("cells", "mass_kg", "median_kg", "text"),
    [
        ({"mass_kg": "48200"}, "48200", "47.9", "48.2"),
        ({"mass_t": "48200"}, "48200000", "47900", "48200"),
        ({"mass_kg": "48200"}, "48200", "0.001", None),
    ],
)
def test_a_mass_a_thousand_times_the_usual_is_asked_about(
    cells: dict[str, Any], mass_kg: str, median_kg: str, text: str | None
) -> None:
    found = problem("mass.unusual", Where(column="mass_kg"), mass_kg=mass_kg, median_kg=median_kg)
    cure = suggest(found, cells | {"source": 0, "row": 7})
    if text is None:
        assert cure is None
        return
    assert cure is not None
    assert cure.asks
    assert (cure.edit.row, cure.edit.column, cure.edit.text) == (7, "mass_kg", text)


def test_a_problem_without_a_cure_has_none(right: Rows) -> None:
    assert cure_of(typed_in(right["loss"] | {"reason": ""}), "cell.missing") is None
