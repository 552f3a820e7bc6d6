"""The world's real rare-earth trade of 2023 and 2024 in the ledger: everything matches, and Türkiye's gain is first."""

from __future__ import annotations

import csv
import random
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.cli.program import KILOGRAMS, Lodeline
from tests.conftest import SHARED, new_database

WORLD_TRADE = SHARED / "data" / "world-trade"

pytestmark = [
    pytest.mark.medium,
    pytest.mark.skipif(not WORLD_TRADE.is_dir(), reason="the shared world-trade data is not here; set LODELINE_SHARED"),
]

FILINGS, ROWS, FLOWS = 300, 8926, 4451
#: The reported shipment of 40 700 t to Benin, which no trade partner of Türkiye could have taken.
TURKIYE_KG = "39836707"
FINDING = {
    "id", "detector", "subject", "period", "score", "mass_kg", "interval_kg", "elements", "explanation", "innocent",
    "ask", "evidence", "state",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What the ledger says once it has taken in the trade; the stamps of the log are left out."""

    loaded: Any
    transfers: Any
    still_open: Any
    findings: Any
    quota: Any
    balance: Any

    @property
    def of_the_ledger(self) -> tuple[Any, ...]:
        """All that must not depend on the order of filing."""
        return self.transfers, self.still_open, self.findings, self.quota, self.balance


def take_in(lodeline: Lodeline, dossier: Path) -> Answers:
    """Loads a dossier with the installed program into a new store, and asks."""
    assert lodeline("init").status == 0
    loaded = lodeline.as_process("load", dossier, "--json")
    assert loaded.status == 0, loaded.err

    def ask(*words: str) -> Any:
        answer = lodeline(*words, "--json")
        assert answer.status == 0, answer.err
        return answer.document["rows"]

    findings = ask("findings")
    for finding in findings:
        # Movements are numbered in the order of the log.
        finding["evidence"] = [{**one, "movement": None} for one in finding["evidence"]]
    return Answers(
        loaded=loaded.document, transfers=ask("transfers"), still_open=ask("transfers", "--open"), findings=findings,
        quota=ask("quota"), balance=ask("balance", "--element", "TREO"),
    )  # fmt: skip


def shuffled(out: Path, seed: int) -> Path:
    """The dossier with its files filed in a random order, at random times of the year after."""
    shutil.copytree(WORLD_TRADE, out)
    filings = sorted(path.relative_to(out) for path in (out / "filings").glob("*/*.csv"))
    random.Random(seed).shuffle(filings)
    with (out / "filings/index.csv").open("w", encoding="utf-8", newline="") as stream:
        index = csv.writer(stream)
        index.writerow(["sequence", "organisation", "period", "path", "filed_at", "corrects"])
        for number, path in enumerate(filings, 1):
            filed_at = f"2025-03-{number % 28 + 1:02d}T12:00:00+08:00"
            index.writerow([number, path.parent.name, path.stem, path.as_posix(), filed_at, ""])
    return out


def assert_everything_is_matched(answers: Answers) -> None:
    loaded = answers.loaded
    assert (loaded["accepted"], loaded["rows"], loaded["refused"]) == (FILINGS, ROWS, [])
    assert answers.still_open == []
    assert len(answers.transfers) == FLOWS
    assert {(row["state"], row["cause"]) for row in answers.transfers} == {("matched", None)}
    # Nobody was granted anything, so what was mined is overdrawn to the last gram.
    assert answers.quota
    for row in answers.quota:
        assert (row["granted_kg"], row["overdrawn_kg"], row["left_kg"]) == ("0", row["used_kg"], "0")


def assert_turkiye_ranks_first(findings: list[dict[str, Any]]) -> None:
    first, second = findings[:2]
    assert first.keys() >= FINDING
    assert first["subject"] == {"organisation": "TUR", "site": "TUR-national"}
    assert first["period"] == {"from": "2024-12", "to": "2024-12"} and first["elements"] == ["TREO"]
    assert (first["mass_kg"], first["interval_kg"]) == (TURKIYE_KG, [TURKIYE_KG, None])
    assert "TUR-2024-284690-BEN" in {one.get("event") for one in first["evidence"]}
    assert "lower bound" in first["explanation"]["en"] and "下限" in first["explanation"]["zh"]
    assert first["innocent"] and first["ask"]
    assert second["subject"]["organisation"] != "TUR"
    masses = [finding["mass_kg"] for finding in findings]
    assert all(KILOGRAMS.fullmatch(mass) for mass in masses)
    assert masses == sorted(masses, key=float, reverse=True)
    # A country is asked about a year once.
    asked = [(one["subject"]["site"], one["period"]["from"]) for one in findings]
    assert len(asked) == len(set(asked))


@pytest.fixture(scope="session")
def in_order(tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """The trade filed by period, then country."""
    room = tmp_path_factory.mktemp("trade")
    return take_in(Lodeline(database=str(room / "s.sqlite3"), snapshots=str(room / "snapshots")), WORLD_TRADE)


def test_the_trade_closes_and_turkiyes_gain_is_first_in_another_order_on_another_database_too(
    in_order: Answers, tmp_path: Path, postgresql: Any
) -> None:
    assert_everything_is_matched(in_order)
    assert_turkiye_ranks_first(in_order.findings)
    lodeline = Lodeline(database=new_database(postgresql))
    answers = take_in(lodeline, shuffled(tmp_path / "trade", seed=11))
    assert_everything_is_matched(answers)
    assert answers.of_the_ledger == in_order.of_the_ledger
    assert answers.loaded["root"] != in_order.loaded["root"]
    assert lodeline("verify").status == 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_any_order_changes_no_answer(in_order: Answers, tmp_path: Path, seed: int) -> None:
    lodeline = Lodeline(database=str(tmp_path / "s.sqlite3"))
    answers = take_in(lodeline, shuffled(tmp_path / "trade", seed))
    assert answers.of_the_ledger == in_order.of_the_ledger
    assert lodeline("verify").status == 0


@pytest.mark.slow
def test_the_same_order_gives_the_same_root_on_postgresql(in_order: Answers, postgresql: Any) -> None:
    answers = take_in(Lodeline(database=new_database(postgresql)), WORLD_TRADE)
    assert answers == in_order
