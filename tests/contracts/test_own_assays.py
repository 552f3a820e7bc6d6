"""Assays differ from laboratory to laboratory: nobody's month is stopped for it, and an element from nowhere shows."""

from __future__ import annotations

import random

import pytest
from tests.desk import Desk, codes

pytestmark = pytest.mark.medium

MONTHS = [f"2025-{number:02d}" for number in range(1, 7)]
#: True mass fractions in % of the concentrate; what leaves the separator is twice as rich, the alloy as rich as that.
TRUE = {"La": 7.0, "Ce": 14.0, "Pr": 1.6, "Nd": 5.2, "Sm": 0.4, "Dy": 0.06, "Tb": 0.01}
MAJOR, MINOR = 0.03, 0.10


class Laboratory:
    """One standard deviation is 3 % of an element, 10 % of a minor one, most of it the laboratory's own for good."""

    def __init__(self, seed: str) -> None:
        self._chance = random.Random(seed)
        self.bias = {element: self._error(element) for element in TRUE}

    def _error(self, element: str) -> float:
        return self._chance.gauss(0, MAJOR if TRUE[element] > 1 else MINOR)

    def finds(self, richness: float) -> str:
        shares = {
            element: share * richness * (1 + self.bias[element] + self._error(element) / 3)
            for element, share in TRUE.items()
        }
        return ";".join(f"{element}={share:.4f}" for element, share in shares.items())


def chain(desk: Desk, seed: int, *, own_assays: bool) -> list[list[str]]:
    """Half a year of a mine, a separator and an alloy maker that lose 1 %; the codes of each filing, all accepted.

    The mine's label states a sixth too little neodymium.
    """
    mine, separator, maker = (Laboratory(f"{seed} {firm}") for firm in ("MINE", "SEP", "MAG"))
    mine.bias["Nd"] = -1 / 6
    told = []

    def file(firm: str, month: str, *rows: str) -> None:
        outcome = desk.try_rows(firm, month, *rows)
        assert outcome.entry is not None, [found.message("en") for found in outcome.problems]
        told.append(codes(outcome))

    def assay(laboratory: Laboratory, richness: float) -> str:
        return f" composition={laboratory.finds(richness)}" if own_assays else ""

    for number, month in enumerate(MONTHS):
        file(
            "MINE", month,
            f"O{number} origin 1 mine C{number} 1000 product=concentrate composition={mine.finds(1)}"
            " origin_kind=mined origin_place=P",
            f"S{number} shipment 2 mine C{number} 1000 counterparty=SEP",
        )  # fmt: skip
        file(
            "SEP", month,
            f"R{number} receipt 3 sep C{number} 1000 counterparty=MINE{assay(separator, 1)}",
            f"T{number} transformation 8 sep C{number} 1000 role=in",
            f"T{number} transformation 8 sep X{number} 495 role=out product=mixed-compound"
            f" composition={separator.finds(2)}",
            f"S{number} shipment 9 sep X{number} 495 counterparty=MAG",
        )  # fmt: skip
        file(
            "MAG", month,
            f"R{number} receipt 12 mag X{number} 495 counterparty=SEP{assay(maker, 2)}",
            f"T{number} transformation 20 mag X{number} 495 role=in",
            f"T{number} transformation 20 mag A{number} 490 role=out product=alloy composition={maker.finds(2)}",
        )  # fmt: skip
    return told


@pytest.mark.parametrize("own_assays", [True, False])
def test_no_month_of_an_honest_chain_is_stopped_by_what_laboratories_differ_in(desk: Desk, own_assays: bool) -> None:
    told = chain(desk, 1, own_assays=own_assays)
    # Who works by its own assay has one laboratory at both ends; who has the label alone is told each month.
    assert sum("element.out-exceeds-in" in found for found in told) == (0 if own_assays else len(MONTHS))


def test_an_element_that_nobody_sold_is_flagged_and_the_filing_stands(desk: Desk) -> None:
    chain(desk, 2, own_assays=True)
    outcome = desk.try_rows(
        "SEP", "2025-07",
        "R9 receipt 3 sep MINE/C9 1000 counterparty=MINE composition=Ce=14;Nd=5.2;Pr=1.6",
        "T9 transformation 8 sep MINE/C9 1000 role=in",
        "T9 transformation 8 sep X9 495 role=out product=mixed-compound composition=Ce=28;Nd=10.4;Pr=3.2;Dy=1.5",
    )  # fmt: skip
    assert outcome.entry is not None
    (found,) = (one for one in outcome.problems if one.code == "element.out-exceeds-in")
    assert (found.severity, found.facts["element"], found.facts["in_kg"]) == ("flag", "Dy", "0")
