"""Plans and choices by command: tried without a trace, entered with a word, refused with what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.program import Lodeline
from tests.office.test_inspection_plans import make

pytestmark = pytest.mark.medium


def test_sites_are_chosen_and_a_plan_is_tried_and_entered(tmp_path: Path) -> None:
    make(str(tmp_path / "store.sqlite3"))
    run = Lodeline(database=str(tmp_path / "store.sqlite3"))
    chosen = json.loads(run("inspect", "choose", "--month", "2025-03", "--visits", "2", "--share", "50", "--json").out)
    assert [(one["site"], one["how"]) for one in chosen["rows"]] == [("sep", "ranked"), ("mine", "random")]
    asked = ("inspect", "plan", "sep", "--goal", "Nd=50kg", "--minutes", "240", "--on", "2099-01-01")
    tried = run(*asked)
    assert tried.status == 0 and "Entered" not in tried.out and "oxide:Nd" in tried.out
    entered = json.loads(run(*asked, "--enter", "--json").out)
    assert entered["plan"] > 0 and entered["goals"] == {"Nd": 50_000_000}
    refused = run("inspect", "plan", "sep", "--goal", "Nd=much")
    assert refused.status == 2 and "is no goal" in refused.err
    assert run("inspect", "choose", "--share", "0").status == 2
    assert "all holds" in run("verify").out
