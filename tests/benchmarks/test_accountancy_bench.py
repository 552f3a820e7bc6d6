"""The bench of accountancy reckons a small nation from its rows, and says how long it took."""

from __future__ import annotations

import re

import pytest

from accountancy import print_speed


@pytest.mark.medium
def test_a_small_nation_is_reckoned_from_its_rows(capsys: pytest.CaptureFixture[str]) -> None:
    assert print_speed(3)
    said = capsys.readouterr().out
    # Of each site and month four lots mined, received, used, made and shipped; three counted at 37 ends of a month.
    assert "2,160 movements, 333 counts, 9,072 batches" in said
    assert re.search(r"balances \d+\.\d s .*, covariances \d+\.\d s .*, battery \d+\.\d s", said)
