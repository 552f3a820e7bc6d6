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
from tests.conftest import SHARED
from tests.stores import new_database

WORLD_TRADE = SHARED / "data" / "world-trade"

pytestmark = [
    pytest.mark.ci,
    pytest.mark.skipif(not WORLD_TRADE.is_dir(), reason="the shared world-trade data is not here; set LODELINE_SHARED"),
]

FILINGS, ROWS, FLOWS = 300, 8926, 4451
#: The reported shipment of 40 700 t to Benin, which no trade partner of Türkiye could have taken.
TURKIYE_KG = "39836707"
FINDING = {
    "id",
    "detector",
    "subject",
    "period",
    "since",
    "score",
    "mass_kg",
    "interval_kg",
    "elements",
    "explanation",
    "innocent",
    "ask",
    "evidence",
    "state",
}  # fmt: skipfrom tests.stores import new_database


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
        finding["evidence"] = [{**one, "movement": None, "entry": None} for one in finding["evidence"]]
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What the files say, added up here without the program: masses in kg, all of them whole numbers."""

    #: (shipper, receiver, shipment, receipt, shipped, received)
    shipments: list[tuple[str, str, str, str, str, str]]
    mined: dict[tuple[str, int], int]
    #: (country, month) → what was sent out beyond anything mined, taken in or left over from the year before.
    gains: dict[tuple[str, str], int]


def published() -> Published:
    """Reads the dossier as the tables that it consists of."""
    rows = []
    for path in sorted((WORLD_TRADE / "filings").glob("*/*.csv")):
        with path.open(encoding="utf-8", newline="") as stream:
            rows += [(path.parent.name, path.stem, row) for row in csv.DictReader(stream)]
    received = {row["reference"]: (country, row) for country, _, row in rows if row["kind"] == "receipt"}
    shipments = []
    mined: dict[tuple[str, int], int] = {}
    net: dict[str, dict[str, int]] = {}
    for country, month, row in rows:
        mass_kg = int(row["mass_kg"])
        months = net.setdefault(country, {})
        months[month] = months.get(month, 0) + (-mass_kg if row["kind"] == "shipment" else mass_kg)
        if row["kind"] == "origin":
            mined[country, int(month[:4])] = mass_kg
        if row["kind"] == "shipment":
            receiver, receipt = received[row["event"]]
            shipments.append(
                (country, receiver, row["event"], receipt["event"], row["mass_kg"], receipt["mass_kg"])
            )  # fmt: skip
    gains = {}
    for country, months in net.items():
        left_over = 0
        for month, change_kg in sorted(months.items()):
            if left_over + change_kg < 0:
                gains[country, month] = -(left_over + change_kg)
            left_over = max(0, left_over + change_kg)
    return Published(shipments=sorted(shipments), mined=mined, gains=gains)


def assert_it_is_what_was_published(answers: Answers) -> None:
    loaded, expected = answers.loaded, published()
    assert (loaded["accepted"], loaded["rows"], loaded["refused"]) == (FILINGS, ROWS, [])
    # Its countries are organisations whose role the format does not know, each with its English name alone.
    assert [one["code"] for one in loaded["register_problems"]] == ["role.unknown", "organisation.named-once"]
    assert answers.still_open == []
    columns = ("shipper", "receiver", "shipment_event", "receipt_event", "shipped_kg", "received_kg")
    assert sorted(tuple(row[name] for name in columns) for row in answers.transfers) == expected.shipments
    assert len(expected.shipments) == FLOWS
    assert {(row["state"], row["cause"], row["difference_kg"]) for row in answers.transfers} == {("matched", None, "0")}
    # Nobody was granted anything, so what was mined is overdrawn to the last kilogram.
    assert {(row["organisation"], row["year"]): int(row["used_kg"]) for row in answers.quota} == expected.mined
    for row in answers.quota:
        assert (row["kind"], row["granted_kg"], row["overdrawn_kg"], row["left_kg"]) == (
            "mining",
            "0",
            row["used_kg"],
            "0",
        )
    found = {(one["subject"]["organisation"], one["period"]["to"]): int(one["mass_kg"]) for one in answers.findings}
    assert found == expected.gains


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
    assert all(KILOGRAMS.fullmatch(finding["mass_kg"]) for finding in findings)
    # Worth × probability ranks questions, and how probable one is depends on how much a firm ships: of these ten alike.
    largest = [float(finding["mass_kg"]) for finding in findings[:10]]
    assert largest == sorted(largest, reverse=True)
    # A country is asked about a year once.
    asked = [(one["subject"]["site"], one["period"]["from"]) for one in findings]
    assert len(asked) == len(set(asked))


def test_filed_in_any_order_the_trade_is_what_was_published_and_turkiyes_gain_is_first(tmp_path: Path) -> None:
    lodeline = Lodeline(database=str(tmp_path / "s.sqlite3"))
    answers = take_in(lodeline, shuffled(tmp_path / "trade", seed=11))
    assert_it_is_what_was_published(answers)
    assert_turkiye_ranks_first(answers.findings)
    assert lodeline("verify").status == 0


@pytest.fixture(scope="session")
def in_order(tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """The trade filed by period, then country."""
    room = tmp_path_factory.mktemp("trade")
    return take_in(Lodeline(database=str(room / "s.sqlite3"), snapshots=str(room / "snapshots")), WORLD_TRADE)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_no_order_changes_any_answer(in_order: Answers, tmp_path: Path, postgresql: Any, seed: int) -> None:
    on_sqlite = seed % 2 == 0
    lodeline = Lodeline(database=str(tmp_path / "s.sqlite3") if on_sqlite else new_database(postgresql))
    answers = take_in(lodeline, shuffled(tmp_path / "trade", seed))
    assert answers.of_the_ledger == in_order.of_the_ledger
    assert answers.loaded["root"] != in_order.loaded["root"]


@pytest.mark.slow
def test_the_same_order_gives_the_same_root_on_postgresql(in_order: Answers, postgresql: Any) -> None:
    assert_it_is_what_was_published(in_order)
    assert_turkiye_ranks_first(in_order.findings)
    assert take_in(Lodeline(database=new_database(postgresql)), WORLD_TRADE) == in_order
