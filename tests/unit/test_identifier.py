"""Check digits of organisations' numbers: published examples hold, and a slip of one character does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lodeline.material.identifier import lei_holds, uscc_holds

#: GB 32100-2015 prints the first; the others are public records of GLEIF.
USCC = "91350100M000100Y43"
LEIS = ("506700GE1G29325QX363", "5493001KJTIIGC8Y1R12")
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def test_published_numbers_hold() -> None:
    assert uscc_holds(USCC)
    assert all(map(lei_holds, LEIS))


@given(st.integers(0, 17), st.sampled_from(ALPHABET))
def test_one_wrong_character_of_a_credit_code_is_seen(place: int, character: str) -> None:
    changed = USCC[:place] + character + USCC[place + 1 :]
    assert uscc_holds(changed) == (changed == USCC)


@given(st.sampled_from([place for place, one in enumerate(LEIS[0]) if one.isdigit()]), st.sampled_from("0123456789"))
def test_one_wrong_digit_of_an_lei_is_seen(place: int, character: str) -> None:
    changed = LEIS[0][:place] + character + LEIS[0][place + 1 :]
    assert lei_holds(changed) == (changed == LEIS[0])


@pytest.mark.parametrize("text", ["", "9135", "91350100m000100y43", "９１350100M000100Y43"])
def test_what_is_no_number_does_not_hold(text: str) -> None:
    assert not uscc_holds(text) and not lei_holds(text)
