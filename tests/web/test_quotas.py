"""Quotas: what adds up, what is not judged, and what the nation's quota is allowed to say."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from tests.web.conftest import Browser

from lodeline.ledger.roles import QUOTAS
from lodeline.regulation.pack import Pack
from lodeline.regulation.parameter import Jurisdiction, load
from lodeline.service.licences import quotas as questions
from lodeline.service.licences.quotas import grants, national_quota
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store

LAW = load("cn")


@pytest.fixture
def on_flawed(flawed: Store, elsewhere: Callable[[str | Path], Browser]) -> Browser:
    return elsewhere(flawed.database.url)


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u202f", " ")


def test_grants_add_up_row_by_row(flawed: Store) -> None:
    rows = grants(flawed, open_snapshot(flawed))
    assert rows.filter(pl.col("overdrawn_mg") > 0)["organisation"].to_list() == ["SEP-0002"]
    granted = pl.col("granted_mg") + pl.col("overdrawn_mg")
    assert rows.filter(granted != pl.col("reserved_mg") + pl.col("used_mg") + pl.col("left_mg")).is_empty()


@pytest.mark.parametrize(("year", "total", "ion"), [(2020, 140_000, 19_150), (2024, 270_000, None)])
def test_national_quota_is_that_of_the_pack(year: int, total: int, ion: int | None) -> None:
    found = national_quota(LAW, "mining", year)
    assert found is not None
    assert (found.status, found.total_t, found.ion_t) == ("published", total, ion)
    assert found.source is not None and found.source.citation.instrument == "quota-notices"


def test_rough_figures_are_marked_as_such() -> None:
    separation, mining = national_quota(LAW, "separation", 2022), national_quota(LAW, "mining", 2023)
    assert separation is not None and mining is not None
    assert (separation.total_t, separation.about) == (202_000, frozenset({"total"}))
    assert (mining.ion_t, mining.about) == (19_150, frozenset({"ion"}))


@pytest.mark.parametrize("kind", QUOTAS)
def test_what_was_not_published_has_no_number(kind: str) -> None:
    found = national_quota(LAW, kind, 2025)
    assert found is not None
    assert (found.status, found.total_t) == ("unpublished", None)
    assert found.source is not None and found.source.note is not None
    before = national_quota(LAW, kind, 1999)
    assert before is not None and (before.status, before.source) == ("unknown", None)


def test_pack_without_quotas_has_none() -> None:
    bare = Jurisdiction(
        code="xx",
        country="XX",
        label={"en": "X", "zh": "X"},
        timezone="UTC",
        instruments={},
        parameters={},
        pack=Pack(code="xx", files={}),
    )
    assert national_quota(bare, "mining", 2025) is None


def test_headline_names_who_is_over_and_by_how_much(on_flawed: Browser) -> None:
    page = on_flawed.page("/en/quotas/")
    assert plain(page.headings[0]).endswith(" is 90.9 t beyond its quota of 2025")
    assert page.text.count("not published") == 4, "two rows, and the articles that say so"
    assert "Reuters, 18 July 2025" in page.text
    assert plain(on_flawed.page("/zh/quotas/").headings[0]).endswith("超出2025年指标90.9吨")


def test_heading_says_that_no_grant_is_overdrawn(browser: Browser) -> None:
    assert browser.page("/en/quotas/").headings == ["No grant of 2025 is overdrawn"]


@pytest.mark.parametrize(
    ("query", "firms"),
    [
        ("kind=separation", ["SEP-0002", "SEP-0001"]),
        ("ore=ion", ["SEP-0002", "MIN-0002"]),
        ("organisation=MIN-0001", ["MIN-0001"]),
        ("kind=mining&organisation=SEP-0001", []),
    ],
)
def test_filters_keep_what_they_say_most_used_first(on_flawed: Browser, query: str, firms: list[str]) -> None:
    text = on_flawed.get(f"/en/quotas/?format=csv&{query}").content.decode("utf-8-sig")
    assert [row[0] for row in csv.reader(io.StringIO(text))][1:] == firms


def test_kind_that_nobody_was_granted_is_not_judged(
    on_flawed: Browser, flawed: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = grants(flawed, open_snapshot(flawed))
    ungranted = every.with_columns(
        granted_mg=pl.lit(0, pl.Int64), overdrawn_mg=pl.lit(None, pl.Int64), left_mg=pl.lit(None, pl.Int64),
        judged=False, share=pl.lit(None, pl.Float64),
    )  # fmt: skip
    monkeypatch.setattr(questions, "grants", lambda *_, **__: ungranted)
    page = on_flawed.page("/en/quotas/")
    assert page.headings == ["No grant of 2025 is in the register"]
    assert "not known is not zero" in page.text
    assert "beyond" not in page.text


def test_register_without_quotas_says_how_they_enter(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    none = pl.DataFrame(schema={**questions.GRANT, "share": pl.Float64()})
    monkeypatch.setattr(questions, "grants", lambda *_, **__: none)
    page = browser.page("/en/quotas/")
    assert (page.status, page.headings) == (200, ["No quota has been granted or drawn on"])
    assert "quotas.csv" in page.text


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("year=2024", 200, "No grant of 2024 is in the register"),
        ("year=next", 400, "write it like 2025"),
        ("kind=export", 404, "mining, separation"),
        ("ore=monazite", 404, "rock, ion"),
        ("organisation=nobody", 404, "Find it by its name"),
    ],
)
def test_bad_questions_get_the_cure(browser: Browser, query: str, status: int, said: str) -> None:
    page = browser.page(f"/en/quotas/?{query}")
    assert page.status == status
    assert said in page.text
