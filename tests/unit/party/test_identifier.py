"""Numbers that name a firm exactly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lodeline.party.identifier import Identifier, identifier, is_lei, is_uscc


def test_blanks_width_and_case_do_not_matter() -> None:
    wanted = Identifier("uscc", "91350100M000100Y43")
    assert identifier("uscc", " 9135 0100 m000 100y 43") == wanted
    assert identifier("uscc", "９１３５０１００Ｍ０００１００Ｙ４３") == wanted


@pytest.mark.parametrize(
    ("scheme", "text"),
    [("uscc", "91350100M000100Y44"), ("uscc", "0" * 18), ("uscc", "9135010OM000100Y43"),
     ("lei", "5493001KJTIIGC8Y1R13"), ("vat", "DE12345678"), ("vat", "XX123456789"), ("eori", "D123")],
)  # fmt: skip
def test_what_is_no_number_of_the_scheme(scheme: str, text: str) -> None:
    assert identifier(scheme, text) is None


def test_a_number_of_each_scheme() -> None:
    # The example of GB 32100-2015; a published LEI; formats of VIES and of customs.
    assert is_lei("5493001KJTIIGC8Y1R12")
    assert identifier("vat", "DE 811 569 869") == Identifier("vat", "DE811569869")
    assert identifier("eori", "DE1234567") == Identifier("eori", "DE1234567")


@given(st.integers(0, 17), st.sampled_from("0123456789ABCDEFGHJKLMNPQRTUWXY"))
def test_one_wrong_character_never_passes(place: int, letter: str) -> None:
    number = "91350100M000100Y43"
    changed = number[:place] + letter + number[place + 1 :]
    assert is_uscc(changed) == (changed == number)
