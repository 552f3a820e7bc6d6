"""Looking for dead cycles less often ends with the last block that asks for it, however it ends."""

from __future__ import annotations

import gc

import pytest

from lodeline.service.filing.collecting import collecting_seldom


def test_what_was_usual_is_so_again_behind_the_last_block() -> None:
    usual = gc.get_threshold()
    one, other = collecting_seldom(), collecting_seldom()
    with one:
        seldom = gc.get_threshold()
        other.__enter__()
    assert (seldom[0] > usual[0], gc.get_threshold()) == (True, seldom)
    other.__exit__(None, None, None)
    assert gc.get_threshold() == usual


def test_a_block_that_fails_ends_it_too() -> None:
    usual = gc.get_threshold()
    with pytest.raises(ValueError, match="no filing"), collecting_seldom():
        raise ValueError("no filing")
    assert gc.get_threshold() == usual
