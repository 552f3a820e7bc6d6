"""The overview says what the ledger says: its sums are those of balances and flows, its headline the findings'."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
from tests import worlds
from tests.findings import answer_of
from tests.web.as_official import furnish
from tests.web.conftest import Browser

from lodeline.ledger.register import TABLES, Register
from lodeline.regulation.duty import deadline_without_extension
from lodeline.regulation.parameter import load as load_law
from lodeline.service.balance.book import balances
from lodeline.service.entries.records import put_records
from lodeline.service.overview import flow_matrix
from lodeline.service.overview import overview as questions
from lodeline.store.opening import open_store
from lodeline.store.snapshot import Snapshot
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store
from lodeline.web.pages.overview import scene

LAW = load_law("cn")


@pytest.fixture
def snapshot(store: Store) -> Snapshot:
    return open_snapshot(store)


def kilograms(rows: list[dict[str, Any]], end: str, prefix: str) -> float:
    return sum(float(row["mass_kg"]) for row in rows if row[end].startswith(prefix))


def test_seeing_through_traders_loses_nothing_that_leaves(snapshot: Snapshot) -> None:
    chain = questions.chain(snapshot, LAW).filter(pl.col("element") == "Nd")
    rows = flow_matrix.flows(snapshot, LAW, element="Nd")["rows"]
    rows = [row for row in rows if row["from"] not in ("origin:opening", row["to"])]
    for end in ("abroad:", "use", "loss", "magnet", "alloy", "metal", "separation"):
        moved = chain.filter(pl.col("to").str.starts_with(end))["mass_mg"].sum() / 1_000_000
        assert moved == pytest.approx(kilograms(rows, "to", end), abs=1e-6), end
    assert "trade" not in {*chain["from"], *chain["to"]}
    assert "origin:imported" in set(chain["from"]), "what an importer brought in comes from abroad, not from trade"


def test_stages_sum_up_the_balances(store: Store, snapshot: Snapshot) -> None:
    every = balances(store, snapshot, LAW)
    rows = every.filter((pl.col("element") == "Nd") & (pl.col("period") == "2025-02"))
    stages = questions.by_stage(snapshot, every, element="Nd", period="2025-02")
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


def extended(**granted: Any) -> dict[str, pl.DataFrame]:
    """March 2025 extended until the end of 30 April."""
    row = {"id": "x", "period": "2025-03", "until": date(2025, 4, 30), "reason": "outage", "organisations": []}
    return {"extensions": pl.DataFrame([row | granted], schema=TABLES["extensions"])}


@pytest.mark.parametrize(
    ("tables", "newest"),
    [
        ({}, "2025-03"),
        (extended(), "2025-02"),
        (extended(until=date(2025, 4, 15)), "2025-03"),
        (extended(region="CN-ZJ"), "2025-03"),
    ],
)
def test_a_month_that_is_extended_for_everybody_is_a_running_one(
    monkeypatch: pytest.MonkeyPatch, tables: dict[str, pl.DataFrame], newest: str
) -> None:
    """Half have filed March by 20 April; its deadline by the law was the 10th."""
    filed = [(f"F-{n}", month, "filed") for month, n in (("2025-02", 1), ("2025-02", 2), ("2025-03", 1))]
    status = pl.DataFrame(filed, schema=["organisation", "period", "state"], orient="row")
    monkeypatch.setattr(questions, "filing_status", lambda *_: status)
    known: Any = SimpleNamespace(
        as_of="2025-04-20T00:00:00Z", register=Register(tables={**Register().tables, **tables})
    )
    months = questions.months(known, known, LAW)
    assert months is not None and months.newest == newest


@pytest.mark.parametrize(("granted", "day"), [({}, "30 April 2025"), ({"organisations": ["SEP-0001"]}, "9 April 2025")])
def test_the_day_by_which_a_month_was_filed_is_that_of_everybody(
    run_room: Path, tmp_path: Path, elsewhere: Callable[[str], Browser], granted: dict[str, Any], day: str
) -> None:
    url = worlds.small(run_room).copied_to(tmp_path / "store.sqlite3")
    put_records(open_store(url), extended(**granted), filed_at=datetime(2025, 4, 10, tzinfo=UTC))
    furnish(url)
    page = elsewhere(url).page("/en/?period=2025-03").text.replace("\u00a0", " ")
    assert f"due by {day}" in page and f"Filed by {day}" in page


def finding(side: str, muf_kg: str) -> dict[str, Any]:
    return {
        "id": "0" * 64, "detector": side, "subject": {"organisation": "SEP-0001", "site": "SEP-0001-A"},
        "period": {"from": "2025-01", "to": "2025-02"}, "score": 0.999, "mass_kg": muf_kg.lstrip("-"),
        "explanation": {"en": "Seen. More.", "zh": "看到。更多。"}, "state": "open",
        "evidence": [{
            "balance": {
                "element": "Nd", "since": "2024-12-31", "until": "2025-02-28", "muf_kg": muf_kg, "sigma_kg": "250",
                "z": float(muf_kg) / 250,
            }
        }],
    }  # fmt: skip


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """Findings that the overview is to find instead of the detectors' own."""
    rows: list[dict[str, Any]] = []
    monkeypatch.setattr(scene, "findings", lambda *_: answer_of(rows))
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
    due = deadline_without_extension("2025-02", LAW) - timedelta(seconds=1)
    html = browser.page("/en/?period=2025-02").html
    cell = html.partition('class="d-due')[2].partition("</td>")[0]
    assert f"<span>{due.day}</span>" in cell


def test_what_crosses_the_border_is_what_was_imported_and_what_went_abroad(snapshot: Snapshot) -> None:
    crossings = questions.crossings(snapshot, LAW)
    flows = flow_matrix.flows(snapshot, LAW)["rows"]
    for near, far, prefix in (("to", "from", "origin:imported"), ("from", "to", "abroad:")):
        moved: dict[tuple[str, str], Decimal] = {}
        for row in flows:
            if row[far].startswith(prefix):
                key = (row["element"], row["period"])
                moved[key] = moved.get(key, Decimal(0)) + Decimal(row["mass_kg"])
        sums = crossings.filter(pl.col(near) == "CN").group_by("element", "period").agg(pl.col("mass_mg").sum())
        assert {(symbol, period): Decimal(mass) / 1_000_000 for symbol, period, mass in sums.iter_rows()} == moved
        assert moved, "the world trades"
    assert set(crossings.filter(pl.col("from") != "CN")["to"]) == {"CN"}
    assert "?" not in {*crossings["from"], *crossings["to"]}


def crossed(*rows: tuple[str, str, str, int]) -> pl.DataFrame:
    """From, to, month, tonnes of neodymium."""
    frame = pl.DataFrame(rows, schema=["from", "to", "period", "t"], orient="row")
    return frame.select("from", "to", "period", element=pl.lit("Nd"), mass_mg=pl.col("t") * 1_000_000_000)


def test_a_country_is_compared_with_the_last_month_in_which_anything_crossed() -> None:
    rows = crossed(("US", "CN", "2025-03", 5), ("CN", "JP", "2025-03", 4), ("CN", "DE", "2025-01", 3),
                   ("US", "CN", "2025-01", 7), ("US", "CN", "2024-12", 90))  # fmt: skip
    before, countries = questions.by_country(rows, element="Nd", period="2025-03")
    assert before == "2025-01"
    tonnes = {row[0]: tuple(mass // 1_000_000_000 for mass in row[1:]) for row in countries.iter_rows()}
    assert tonnes == {"CN": (5, 4, -2, 1), "US": (0, 5, 0, -2), "JP": (4, 0, 4, 0), "DE": (0, 0, -3, 0)}
    assert countries["country"][0] == "CN"


def test_the_first_month_has_nothing_to_compare_with() -> None:
    before, countries = questions.by_country(crossed(("CN", "JP", "2025-01", 4)), element="Nd", period="2025-01")
    assert before is None
    assert countries["in_change_mg"].null_count() == countries.height == 2


@pytest.fixture
def border(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function of rows that the overview is to find crossing the border, and of the homes of sites."""

    def put(rows: pl.DataFrame, homes: dict[str, str] | None = None) -> None:
        monkeypatch.setattr(questions, "crossings", lambda *_: rows)
        if homes is not None:
            frame = pl.DataFrame(list(homes.items()), schema=["site", "home"], orient="row")
            monkeypatch.setattr(questions, "home", lambda *_: frame)

    return put


def section(browser: Browser, path: str) -> str:
    html: str = browser.page(path).html
    return html.partition("<h2>Across the border")[2].partition("<h2>")[0].replace("\u00a0", " ")


def test_the_border_says_where_from_and_where_to(browser: Browser, border: Any) -> None:
    border(crossed(("US", "CN", "2025-02", 60), ("CN", "JP", "2025-02", 9), ("CN", "SG", "2025-02", 8),
                   ("CN", "DE", "2025-02", 7), ("CN", "FR", "2025-02", 2), ("CN", "IT", "2025-02", 1)))  # fmt: skip
    html = section(browser, "/en/?period=2025-02&element=Nd")
    assert "60.0 t of neodymium came into China: United States 60.0 t." in html
    assert "27.0 t left it: Japan 9.00 t, Singapore 8.00 t, Germany 7.00 t, 2 others 3.00 t." in html
    assert "Shade: received from China" in html
    assert "from United States 60" in html
    assert "to Japan 9" in html
    assert html.count('class="d-arc-head') == 5, "Singapore has no outline"
    assert "Not drawn, for want of an outline: China → Singapore 8.00 t." in html
    page = browser.page("/zh/?period=2025-02&element=Nd").text.replace("\u00a0", " ")
    assert "进入中国的钕为60.0吨" in page
    assert "其他2个国家和地区 3.00吨" in page


def test_the_border_as_a_table(browser: Browser, border: Any) -> None:
    border(crossed(("US", "CN", "2025-01", 50), ("US", "CN", "2025-02", 60), ("CN", "JP", "2025-02", 9)))
    response = browser.get("/en/?period=2025-02&element=Nd&format=csv&table=border")
    head, *rows = csv.reader(io.StringIO(response.content.decode("utf-8-sig")))
    assert "Change since January" in head[2].replace("\u00a0", " ")
    assert sorted([row[0], *(float(mass) for mass in row[1:])] for row in rows) == [
        ["CN", 60_000, 10_000, 9_000, 9_000], ["JP", 9_000, 9_000, 0, 0], ["US", 0, 0, 60_000, 10_000],
    ]  # fmt: skip


def test_nothing_across_the_border_is_said_and_not_drawn(browser: Browser, border: Any) -> None:
    border(crossed(("US", "CN", "2025-01", 50)))
    html = section(browser, "/en/?period=2025-02&element=Nd")
    assert "No neodymium crossed a border in this month." in html
    assert "<svg" not in html
    border(crossed())
    assert "<table" not in section(browser, "/en/?period=2025-02&element=Nd")


def test_between_countries_the_shade_is_what_came_from_nowhere(
    browser: Browser, seen: list[dict[str, Any]], border: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = crossed(("MM", "CN", "2025-02", 60), ("CN", "JP", "2025-02", 9)).with_columns(element=pl.lit("TREO"))
    border(rows, {"SEP-0001-A": "MM", "SEP-0002-A": "CN"})
    path = "/en/?period=2025-02&element=TREO"
    html = section(browser, path)
    assert "the largest: Myanmar → China, 60.0 t." in html
    assert "Shade: received from others" in html
    bound = finding("unexplained-gain", "40000") | {"score": None, "mass_kg": "40000"}
    seen.append(bound | {"period": {"from": "2025-02", "to": "2025-02"}, "evidence": []})
    # Another question: an answer that was given is kept.
    monkeypatch.setattr(scene, "findings", lambda *_: answer_of(seen))
    html = section(browser, path)
    assert "whose sites sent out more than they had and took in: 1; the most: Myanmar, at least 40.0 t." in html
    assert "Shade: sent out by sites beyond what they had and took in" in html
    assert html.count('class="d-part d-class-5"') == html.count('class="d-part ') == 1, "Myanmar alone is shaded"
    table = browser.get(f"{path}&format=csv&table=border").content.decode()
    assert re.search(r'"MM",.*,"40000\.0"', table)


def test_a_chain_of_one_flow_is_a_low_drawing(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def height() -> float:
        html: str = browser.page("/en/?period=2025-02&element=Nd").html
        drawn = re.search(r'class="drawing d-sankey"[^>]*viewBox="0 0 \S+ ([\d.]+)"', html)
        assert drawn is not None
        return float(drawn[1])

    long = height()
    one = {"from": ["origin:mined"], "to": ["mixed"], "element": ["Nd"], "period": ["2025-02"], "mass_mg": [10**12]}
    monkeypatch.setattr(questions, "chain", lambda *_: pl.DataFrame(one))
    assert height() < long / 2


@pytest.mark.parametrize(
    ("running", "as_of", "newest"),
    [
        (1, "2025-04-02T00:00:00Z", "2025-02"),  # one nil return of a month that still runs
        (6, "2025-04-02T00:00:00Z", "2025-02"),  # more than half, and not due
        (6, "2025-05-30T00:00:00Z", "2025-03"),  # due by now; the others are missing
        (1, "2025-05-30T00:00:00Z", "2025-02"),  # due, and nearly nobody has filed
        (10, "2025-04-02T00:00:00Z", "2025-03"),  # everybody was early
    ],
)
def test_a_month_that_runs_ends_nothing(monkeypatch: pytest.MonkeyPatch, running: int, as_of: str, newest: str) -> None:
    filed = [(f"F-{n}", period, "filed") for period in ("2025-01", "2025-02") for n in range(10)]
    filed += [(f"F-{n}", "2025-03", "filed") for n in range(running)]
    frame = pl.DataFrame(filed, schema=["organisation", "period", "state"], orient="row")
    monkeypatch.setattr(questions, "filing_status", lambda *_: frame)
    nothing: Any = SimpleNamespace(as_of=as_of, register=Register())
    months = questions.months(nothing, nothing, LAW)
    assert months is not None and (months.newest, months.all[-1]) == (newest, "2025-03")


def test_overview_and_reconciled_nation_give_one_answer(browser: Browser) -> None:
    for language, why in (("en", "A doubt is no finding"), ("zh", "疑点不是线索")):
        overview = browser.page(f"/{language}/")
        (link,) = [one for one in overview.links if "/year/?element=" in (one.get("href") or "")]
        nation = browser.page(str(link.get("href")))
        (doubt,) = re.findall(r'<a href="#method">([^<]+)</a>', nation.html)
        assert doubt in overview.text
        assert why in overview.text and why in nation.text
