"""The tutorials print what they promise when their commands are run."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.docs.pages import REPOSITORY, run, same, session

TUTORIALS = REPOSITORY / "docs/tutorial"


def prints_what_it_promises(
    page: Path, room: Path, monkeypatch: pytest.MonkeyPatch, *, to_the_letter: bool = False
) -> None:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    # Of this checkout, wherever the command that is installed comes from.
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY / "src"))
    for name in ("LODELINE_SECRET", "LODELINE_DATABASE", "LODELINE_SNAPSHOTS"):
        monkeypatch.delenv(name, raising=False)
    for command, promised, printed in run(page, room):
        assert same(promised, printed, to_the_letter=to_the_letter), "\n".join(["$ " + command, *printed])


@pytest.mark.ci
@pytest.mark.medium
def test_the_first_filing_prints_what_it_promises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The tutorial begins at the root of a checkout and copies the verifier from there.
    verifier = Path("src/lodeline/journal/verify.py")
    (tmp_path / verifier).parent.mkdir(parents=True)
    shutil.copy(REPOSITORY / verifier, tmp_path / verifier)
    prints_what_it_promises(TUTORIALS / "first-filing.md", tmp_path, monkeypatch)


@pytest.mark.slow
def test_real_trade_prints_what_it_promises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(REPOSITORY / "examples", tmp_path / "examples")
    # The dossier brings its own moments and the page its secret, so the root itself is a promise.
    prints_what_it_promises(TUTORIALS / "real-trade.md", tmp_path, monkeypatch, to_the_letter=True)


@pytest.mark.slow
def test_taking_a_nation_over_prints_what_it_promises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prints_what_it_promises(TUTORIALS / "take-over-a-nation.md", tmp_path, monkeypatch)


#: tests/browser/test_journeys.py goes through these.
JOURNEYS = {
    "docs/tutorial/accept-a-transfer.md", "docs/tutorial/admit-a-firm.md", "docs/tutorial/correct-a-month.md",
    "docs/tutorial/file-a-month.md", "docs/tutorial/from-the-nation-to-one-lot.md",
    "docs/tutorial/verify-a-receipt-as-a-stranger.md",
}  # fmt: skip


def test_every_tutorial_is_run_by_these_tests() -> None:
    tutorials = sorted(str(page.relative_to(REPOSITORY)) for page in TUTORIALS.glob("*.md"))
    assert [name for name in tutorials if name not in JOURNEYS] == [
        "docs/tutorial/a-year-in-ten-minutes.md",  # tests/web/test_tutorial.py
        "docs/tutorial/erp-integration.md",  # tests/api/test_documents.py
        "docs/tutorial/first-filing.md",
        "docs/tutorial/real-trade.md",
        "docs/tutorial/take-over-a-nation.md",
    ]


def test_a_promise_that_is_not_kept_is_noticed() -> None:
    promised = ["a 1", "…", "b 2026-01-01T00:00:00Z"]
    assert same(promised, ["a   1", "left out", "too", "b 2027-12-31T23:59:59Z"])
    assert not same(promised, ["a 1", "b 2027-12-31T23:59:59Z"], to_the_letter=True)
    assert not same(promised, ["a 2", "b 2026-01-01T00:00:00Z"])
    assert not same(["a 1"], ["a 1", "more"])
    assert session("$ one\nout\n$ two\n") == [("one", ["out"]), ("two", [])]
