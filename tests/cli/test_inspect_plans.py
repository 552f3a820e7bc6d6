"""Plans and choices by command: tried without a trace, entered with a word, refused with what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.program import Lodeline
from tests.office.test_inspection_plans import make

pytestmark = pytest.mark.medium


def test_firms_are_chosen_and_a_plan_is_tried_and_entered(tmp_path: Path) -> None:
    make(str(tmp_path / "store.sqlite3"))
    run = Lodeline(database=str(tmp_path / "store.sqlite3"))
    chosen = json.loads(run("inspect", "choose", "--month", "2025-03", "--visits", "2", "--share", "50", "--json").out)
    assert [(one["organisation"], one["site"], one["how"]) for one in chosen["rows"]] == [
        ("SEP", "sep", "ranked"), ("MINE", "mine", "random")
    ]  # fmt: skip
    first, drawn = chosen["rows"]
    assert first["take_along"]["uses"] and first["take_along"]["settles"] and not first["causes"]
    assert len(first["sentences"]) == 3 == len(drawn["sentences"]) and drawn["chance"] > 0
    told = run("inspect", "choose", "--month", "2025-03", "--visits", "2", "--share", "50").out
    assert "SEP: Nothing is asked of it" in told and "MINE: Drawn by lot" in told
    asked = ("inspect", "plan", "sep", "--goal", "Nd=50kg", "--minutes", "240", "--on", "2099-01-01")
    tried = run(*asked)
    assert tried.status == 0 and "Entered" not in tried.out and "oxide:Nd" in tried.out
    entered = json.loads(run(*asked, "--enter", "--json").out)
    assert entered["plan"] > 0 and entered["goals"] == {"Nd": 50_000_000}
    refused = run("inspect", "plan", "sep", "--goal", "Nd=much")
    assert refused.status == 2 and "is no goal" in refused.err
    assert run("inspect", "choose", "--share", "0").status == 2
    assert "all holds" in run("verify").out
