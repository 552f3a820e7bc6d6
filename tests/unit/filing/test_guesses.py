"""A guess is offered where one thing at hand is meant, and not where two may be, or where nothing is a slip."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lodeline.filing.check import check
from lodeline.filing.edits import Addition, Changes, apply
from lodeline.filing.mending.guesses import UNKNOWN_LIMIT, Edge, guesses
from lodeline.filing.table import blank

KG = 1_000_000
EDGE = Edge(
    known=frozenset({"M-2501", "ALL/MO-77", "MO-77", "M-OLD9"}),
    held=frozenset({"M-2501", "ALL/MO-77"}),
    sent={"ALL/S-10": (500 * KG,)},
    books={("A", "M-2501"): 400 * KG, ("A", "MO-77"): 90 * KG},
    made={"magnet-ndfeb": (80 * KG, 120 * KG)},
    names={"Shaoxing Motor": "SHX", "Plant 11 Ningbo": "P11"},
    registered=frozenset({"shaoxing motors"}),
)
SHIPMENT = {
    "event": "S-1", "kind": "shipment", "on": "2025-06-10", "site": "A", "lot": "M-2501", "mass_kg": "100",
    "counterparty_name": "Shaoxing Motor",
}  # fmt: skip
RECEIPT = {**SHIPMENT, "event": "R-1", "kind": "receipt", "lot": "S-10", "mass_kg": "500"}
MADE = {
    "event": "O-1", "kind": "origin", "on": "2025-06-10", "site": "A", "lot": "N-1", "mass_kg": "100",
    "product": "magnet-ndfeb", "origin_kind": "secondary", "origin_place": "CN",
}  # fmt: skip


def offered(*rows: dict[str, str], edge: Edge = EDGE) -> list[tuple[str, int, str, str | None]]:
    table = apply(blank(), Changes(additions=tuple(Addition(row=n, cells=row) for n, row in enumerate(rows, start=2))))
    checked = check(table, organisation="ACME", period="2025-06")
    found = guesses(checked.rows, table.frame, edge, period="2025-06")
    return [(one.kind, one.edit.row, one.edit.column, one.edit.text) for one in found]


OFFERED: list[tuple[dict[str, str], dict[str, str], tuple[str, str, str]]] = [
    (SHIPMENT, {"lot": "M-2510"}, ("lot", "lot", "M-2501")),
    (SHIPMENT, {"lot": "m-25o1"}, ("lot", "lot", "M-2501")),
    (SHIPMENT, {"lot": "M2501"}, ("lot", "lot", "M-2501")),
    (SHIPMENT, {"lot": "M0-77"}, ("lot", "lot", "MO-77")),
    (SHIPMENT, {"lot": "ALL/M0-77"}, ("lot", "lot", "ALL/MO-77")),
    (RECEIPT, {"lot": "S-1O"}, ("lot", "lot", "S-10")),
    (RECEIPT, {"mass_kg": "0.5"}, ("mass", "mass_kg", "500")),
    (RECEIPT, {"mass_kg": "498000"}, ("mass", "mass_kg", "498")),
    (RECEIPT, {"mass_kg": "", "mass_g": "500"}, ("mass", "mass_kg", "500")),
    (SHIPMENT, {"mass_kg": "300000"}, ("mass", "mass_kg", "300")),
    (SHIPMENT, {"mass_kg": "0.4"}, ("mass", "mass_kg", "400")),
    (MADE, {"mass_kg": "110000"}, ("mass", "mass_kg", "110")),
    (MADE, {"mass_kg": "0.09"}, ("mass", "mass_kg", "90")),
    (SHIPMENT, {"on": "2025-07-10"}, ("day", "on", "2025-06-10")),
    (SHIPMENT, {"counterparty_name": "Shaoxin Motor"}, ("name", "counterparty_name", "Shaoxing Motor")),
    (SHIPMENT, {"counterparty_name": "Shaoxing Mtoor"}, ("name", "counterparty_name", "Shaoxing Motor")),
]


@pytest.mark.parametrize(("row", "cells", "guess"), OFFERED)
def test_a_slip_is_guessed(row: dict[str, str], cells: dict[str, str], guess: tuple[str, str, str]) -> None:
    kind, column, text = guess
    assert offered(row | cells) == [(kind, 2, column, text)]
    assert offered(row) == []


NOT_OFFERED: list[tuple[dict[str, str], dict[str, str]]] = [
    (SHIPMENT, {"lot": "M-OLD9"}),
    (SHIPMENT, {"lot": "X-9999"}),
    (SHIPMENT, {"lot": "S-10"}),
    (RECEIPT, {"lot": "M-2510"}),
    (MADE, {"lot": "M-2510"}),
    (SHIPMENT, {"mass_kg": "0.3"}),
    (SHIPMENT, {"mass_kg": "5000"}),
    (MADE, {"mass_kg": "5000"}),
    (MADE, {"mass_kg": "100000", "product": "oxide:Nd"}),
    (SHIPMENT, {"on": "2025-05-31"}),
    (SHIPMENT, {"counterparty_name": "Shaoxing Motors"}),
    (SHIPMENT, {"counterparty_name": "Plant 12 Ningbo"}),
    (SHIPMENT, {"counterparty_name": "Hangzhou Motor"}),
]


@pytest.mark.parametrize(("row", "cells"), NOT_OFFERED)
def test_what_is_no_slip_is_left_alone(row: dict[str, str], cells: dict[str, str]) -> None:
    assert offered(row | cells) == []


def test_two_candidates_are_none() -> None:
    two = replace(EDGE, held=EDGE.held | {"M-2511"}, known=EDGE.known | {"M-2511"})
    assert offered(SHIPMENT | {"lot": "M-251"}, edge=two) == []
    names = replace(EDGE, names={**EDGE.names, "Shaoxing Rotor": "SHR"})
    assert offered(SHIPMENT | {"counterparty_name": "Shaoxing Xotor"}, edge=names) == []


def test_a_lot_of_the_same_file_is_at_hand_and_a_file_of_another_month_is_left() -> None:
    assert offered(MADE, SHIPMENT | {"lot": "N-l"}) == [("lot", 3, "lot", "N-1")]
    july = [SHIPMENT | {"event": f"S-{n}", "on": f"2025-07-{n:02d}"} for n in range(1, 4)]
    assert offered(*july) == []
    assert offered(SHIPMENT | {"event": "S-9"}, SHIPMENT | {"event": "S-8"}, july[0]) == [
        ("day", 4, "on", "2025-06-01")
    ]


def test_a_guess_says_what_it_rests_on() -> None:
    table = apply(blank(), Changes(additions=(Addition(row=2, cells=RECEIPT | {"mass_kg": "0.5"}),)))
    checked = check(table, organisation="ACME", period="2025-06")
    (guess,) = guesses(checked.rows, table.frame, EDGE, period="2025-06")
    assert (guess.before, guess.en) == ("0.5", "Is it 500 kg? 500 kg of it were shipped to you")


def test_more_unknown_lots_than_anybody_mistypes_are_no_slips() -> None:
    rows = [SHIPMENT | {"event": f"S-{n}", "lot": f"X-{n:04d}"} for n in range(UNKNOWN_LIMIT)]
    slip = SHIPMENT | {"event": "S-0", "lot": "M-2510"}
    assert offered(*rows[1:], slip) == [("lot", UNKNOWN_LIMIT + 1, "lot", "M-2501")]
    assert offered(*rows, slip) == []
