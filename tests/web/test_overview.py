"""The overview says what the ledger says: its sums are those of balances and flows, its headline the findings'."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from tests.web.conftest import Browser

from lodeline.regulation.duty import deadline
from lodeline.regulation.parameter import load as load_law
from lodeline.service import answers
from lodeline.service import overview as questions
from lodeline.store.snapshot import Snapshot, open_snapshot
from lodeline.store.store import Store
from lodeline.web.pages import scene

LAW = load_law()


@pytest.fixture
def snapshot(store: Store) -> Snapshot:
    return open_snapshot(store)


def kilograms(rows: list[dict[str, Any]], end: str, prefix: str) -> float:
    return sum(float(row["mass_kg"]) for row in rows if row[end].startswith(prefix))


def test_seeing_through_traders_loses_nothing_that_leaves(snapshot: Snapshot) -> None:
    chain = questions.chain(snapshot, LAW).filter(pl.col("element") == "Nd")
    rows = answers.flows(snapshot, LAW, element="Nd")["rows"]
    rows = [row for row in rows if row["from"] not in ("origin:opening", row["to"])]
    for end in ("abroad:", "use", "loss", "magnet", "alloy", "metal", "separation"):
        moved = chain.filter(pl.col("to").str.starts_with(end))["mass_mg"].sum() / 1_000_000
        assert moved == pytest.approx(kilograms(rows, "to", end), abs=1e-6), end
    assert "trade" not in {*chain["from"], *chain["to"]}
    assert "origin:imported" in set(chain["from"]), "what an importer brought in comes from abroad, not from trade"


def test_stages_sum_up_the_balances(snapshot: Snapshot) -> None:
    balances = questions.balances(snapshot)
    rows = balances.filter((pl.col("element") == "Nd") & (pl.col("period") == "2025-02"))
    stages = questions.by_stage(snapshot, balances, element="Nd", period="2025-02")
    # The difference is computed from what entered and left; the balance has it from its own three parts.
    parts = rows.select(
        pl.col("process_difference_mg").sum() - pl.col("unaccounted_mg").sum() + pl.col("count_difference_mg").sum()
    )
    assert stages["difference_mg"].sum() == parts.item()
    assert stages["sites"].sum() == rows["site"].n_unique()


def test_months_end_with_the_newest_that_was_due(store: Store, snapshot: Snapshot) -> None:
    months = questions.months(store, snapshot, LAW)
    assert months is not None
    assert months.all == ("2025-01", "2025-02", "2025-03")
    assert months.newest in months.all


def finding(side: str, muf_kg: str) -> dict[str, Any]:
    return {
        "id": "0" * 64, "detector": side, "subject": {"organisation": "SEP-0001", "site": "SEP-0001-A"},
        "period": {"from": "2025-01", "to": "2025-02"}, "score": 0.999, "mass_kg": muf_kg.lstrip("-"),
        "explanation": {"en": "Seen. More.", "zh": "看到。更多。"}, "state": "open",
        "evidence": [{"balance": {"element": "Nd", "muf_kg": muf_kg, "sigma_kg": "250", "z": float(muf_kg) / 250}}],
    }  # fmt: skip


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """Findings that the overview is to find instead of the detectors' own."""
    rows: list[dict[str, Any]] = []
    monkeypatch.setattr(scene, "findings", lambda *_: {"rows": rows})
    yield rows


@pytest.mark.parametrize(
    ("side", "muf_kg", "en", "zh"),
    [
        ("unexplained-gain", "-1234.5", "By February, 1.23 t of neodymium had appeared in separation", "多出1.23吨钕"),
        ("unexplained-loss", "1234.5", "By February, 1.23 t of neodymium had left separation", "短少1.23吨钕"),
    ],
)
def test_headline_is_the_largest_unexplained_mass(
    *, browser: Browser, seen: list[dict[str, Any]], side: str, muf_kg: str, en: str, zh: str
) -> None:
    seen.append(finding(side, muf_kg))
    page = browser.page("/en/?period=2025-02")
    assert page.headings[0].replace("\u00a0", " ").startswith(en)
    assert "1.23 ± 0.25 t" in page.text.replace("\u00a0", " ")
    assert zh in browser.page("/zh/?period=2025-02").headings[0]


def test_other_months_and_elements_do_not_take_the_headline(browser: Browser, seen: list[dict[str, Any]]) -> None:
    seen.append(finding("unexplained-gain", "-1234.5"))
    assert "without an origin" not in browser.page("/en/?period=2025-02&element=Dy").headings[0]
    page = browser.page("/en/?period=2025-03")
    assert "without an origin" not in page.headings[0]
    assert "February 2025, 1.23 ± 0.25 t without an origin" in page.text.replace("\u00a0", " ")


def test_nothing_wrong_is_said_as_plainly(browser: Browser, seen: list[dict[str, Any]]) -> None:
    assert seen == []
    months = [browser.page(f"/en/?period=2025-0{month}").headings[0] for month in (1, 2, 3)]
    assert all("closes" in heading or "No site closed" in heading for heading in months)


def test_calendar_shows_the_last_day_in_time(browser: Browser) -> None:
    due = deadline("2025-02", LAW) - timedelta(seconds=1)
    html = browser.page("/en/?period=2025-02").html
    cell = html.partition('class="d-due')[2].partition("</td>")[0]
    assert f"<span>{due.day}</span>" in cell
