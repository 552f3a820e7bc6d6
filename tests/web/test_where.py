"""Where it goes: the sums of its page are those of `lodeline flows` and of the rows, and each leads to its rows."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import Final

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.web.conftest import Browser

from lodeline.material.element import SYMBOLS, TREO
from lodeline.material.mass import parse_mass, share_mg
from lodeline.regulation.parameter import Jurisdiction, load
from lodeline.regulation.span import Span
from lodeline.service.overview.flow_matrix import flows
from lodeline.service.trade.where import (
    DIMENSIONS,
    NONE,
    WAYS,
    compared,
    goods_sent,
    narrowed,
    rows_sent,
    summed,
    where,
)
from lodeline.store.snapshot import Snapshot
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store

pytestmark = pytest.mark.medium
#: The months of the small world.
WHOLE: Final = "2025-01..2025-03"


@pytest.fixture(scope="module")
def law() -> Jurisdiction:
    return load("cn")


@pytest.fixture(scope="module")
def snapshot(store: Store) -> Snapshot:
    return open_snapshot(store)


@pytest.fixture(scope="module")
def goods(snapshot: Snapshot, law: Jurisdiction) -> pl.DataFrame:
    return goods_sent(snapshot, law)


def test_what_went_abroad_is_what_the_matrix_of_flows_says(
    snapshot: Snapshot, law: Jurisdiction, goods: pl.DataFrame
) -> None:
    told: Counter[tuple[str, str, str]] = Counter()
    for row in flows(snapshot, law, by="country")["rows"]:
        if row["from"] == law.country and row["to"] not in (law.country, "loss", "?"):
            told[row["element"], row["period"], row["to"]] += parse_mass(row["mass_kg"])
    abroad = narrowed(goods, way="abroad")
    sums = {
        (element, period, country): mass_mg
        for element in SYMBOLS
        for period, country, mass_mg, *_ in summed(abroad, element, "period", "country").iter_rows()
        if mass_mg
    }
    assert sums == told and len({country for *_, country in told}) > 3


def test_each_sum_is_that_of_its_lots_row_by_row(snapshot: Snapshot, goods: pl.DataFrame) -> None:
    shares: dict[int, dict[int, int]] = {}
    for lot, element, ppb in snapshot.lot_assays.iter_rows():
        shares.setdefault(lot, {})[element] = ppb
    by_rows: Counter[tuple[str, str | None, str]] = Counter()
    for row in snapshot.lines.iter_rows(named=True):
        if row["kind"] == "export" or (row["kind"] == "shipment" and row["to_site"] is None):
            for element, ppb in shares.get(row["lot"], {}).items():
                by_rows[row["organisation"], row["party"], SYMBOLS[element]] += share_mg(row["dry_mg"], ppb)
    summed_up: Counter[tuple[str, str | None, str]] = Counter()
    for element in SYMBOLS:
        for firm, party, mass_mg, *_ in summed(goods, element, "organisation", "party").iter_rows():
            summed_up[firm, party, element] += mass_mg
    assert +summed_up == +by_rows


@pytest.mark.parametrize("element", ["Dy", "Nd", TREO])
@pytest.mark.parametrize("by", sorted(DIMENSIONS))
def test_each_part_adds_up_to_the_whole_and_to_its_rows(
    snapshot: Snapshot, law: Jurisdiction, goods: pl.DataFrame, by: str, element: str
) -> None:
    column = DIMENSIONS[by]
    for way in WAYS:
        whole = narrowed(goods, way=way, span=Span.read(WHOLE))
        parts = compared(whole, whole.clear(), element, column)
        assert parts["mass_mg"].sum() == whole[element].sum()
        if by == "product" or way == "delivery":
            continue  # a product narrows by its kind too
        rows = rows_sent(snapshot, law, element=element, period=WHOLE, way=way)
        assert rows["mass_mg"].sum() == whole[element].sum()
        found = {key: mass_mg for key, mass_mg, *_ in parts.iter_rows() if mass_mg}
        behind = rows.group_by(column).agg(pl.col("mass_mg").sum())
        assert found == {key: mass_mg for key, mass_mg in behind.iter_rows() if mass_mg}
        for value in list(found)[:2]:
            narrow = ((by, value or NONE),)
            own = rows_sent(snapshot, law, element=element, period=WHOLE, way=way, narrow=narrow)
            assert own["mass_mg"].sum() == found[value]


def test_home_sales_are_to_firms_without_a_site_and_deliveries_to_those_with_one(
    snapshot: Snapshot, goods: pl.DataFrame
) -> None:
    holders = set(snapshot.register.site_organisation.values())
    by_way = {way: set(narrowed(goods, way=way)["party"].drop_nulls()) for way in WAYS}
    assert by_way["sale"] and by_way["delivery"]
    assert not by_way["sale"] & holders and by_way["delivery"] <= holders
    assert by_way["sale"] <= set(snapshot.register.tables["organisations"]["id"])
    assert not by_way["unknown"] & set(snapshot.register.tables["organisations"]["id"])


def test_exact_is_what_stands_on_an_assay_and_what_has_no_composition_is_said(
    snapshot: Snapshot, law: Jurisdiction
) -> None:
    """Three lots that were exported: one by a recipe, one that nobody says how, one that nobody assayed."""
    held = snapshot.lot_assays.filter(pl.col("element") == SYMBOLS.index("Nd"), pl.col("ppb") > 0)["lot"]
    gone = snapshot.lines.filter(pl.col("kind") == "export", pl.col("lot").is_in(held.implode()))
    lots = gone.join(snapshot.own_facts.filter("made"), on="lot")["lot"].unique().sort()
    recipe, unsaid, open_lot = lots[:3]
    made = pl.col("kind").is_in(["origin", "transformation"]) & ~(pl.col("role") == "in").fill_null(False)

    def of(lot: int) -> pl.Expr:
        return (pl.col("lot") == lot) & made

    stated = pl.when(of(recipe)).then(pl.lit("recipe")).when(of(unsaid) | of(open_lot)).then(None)
    composition = pl.when(of(open_lot) | (pl.col("lot") == open_lot)).then(None).otherwise("composition")
    lines = snapshot.lines.with_columns(
        composition_status=stated.otherwise("composition_status"), composition=composition
    )
    changed = goods_sent(replace(snapshot, lines=lines), law)
    total = summed(narrowed(changed, way="abroad"), "Nd").row(0, named=True)
    before = summed(narrowed(goods_sent(snapshot, law), way="abroad"), "Nd").row(0, named=True)
    assert before["exact_mg"] == before["mass_mg"] and before["open_mg"] == 0

    def sent(lot: int) -> int:
        ppb = snapshot.lot_assays.filter(pl.col("lot") == lot, pl.col("element") == SYMBOLS.index("Nd"))["ppb"][0]
        return sum(share_mg(mass, ppb) for mass in snapshot.lines.filter(kind="export", lot=lot)["dry_mg"])

    assert total["mass_mg"] == before["mass_mg"] - sent(open_lot)
    assert total["exact_mg"] == total["mass_mg"] - sent(recipe) - sent(unsaid)
    assert total["open_mg"] == snapshot.lines.filter(kind="export", lot=open_lot)["dry_mg"].sum()


def test_a_period_is_compared_with_as_many_months_before(goods: pl.DataFrame) -> None:
    march, february = (narrowed(goods, way="abroad", span=Span.read(f"2025-{month}")) for month in ("03", "02"))
    found = where(goods, element="nd", period="2025-03", by="customer")
    assert found["before"] == "2025-02"
    assert parse_mass(found["total"]["mass_kg"]) == march["Nd"].sum()
    assert parse_mass(found["total"]["before_kg"]) == february["Nd"].sum()
    assert sum(parse_mass(row["before_kg"]) for row in found["rows"]) == february["Nd"].sum()
    swapped = compared(february, march, "Nd", "party")
    assert_frame_equal(
        swapped.select("party", mass_mg="before_mg", before_mg="mass_mg").sort("party"),
        compared(march, february, "Nd", "party").select("party", "mass_mg", "before_mg").sort("party"),
    )


def _csv(browser: Browser, path: str) -> list[dict[str, str]]:
    answer = browser.get(f"{path}&format=csv")
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.content.decode().removeprefix("\ufeff"))))


def _milligrams(rows: list[dict[str, str]]) -> int:
    return sum(parse_mass(format(Decimal(row["Nd, kg"]), "f")) for row in rows if row["Nd, kg"] != "–")


def test_the_page_answers_in_its_headline_and_each_figure_leads_to_rows_that_add_up_to_it(
    browser: Browser, goods: pl.DataFrame
) -> None:
    page = browser.page("/en/where/?element=Nd")
    assert "of neodymium left the country" in page.text and "on own assays" in page.text
    total = narrowed(goods, way="abroad")
    (code, mass_mg, *_), *_ = summed(total, "Nd", "country").iter_rows()
    here = f"/en/where/?element=Nd&country={code}"
    assert any(f"country={code}" in one for one in page.html.split('href="'))
    assert _milligrams(_csv(browser, f"{here}&by=customer")) == mass_mg
    assert _milligrams(_csv(browser, f"{here}&by=rows")) == mass_mg
    assert _milligrams(_csv(browser, "/en/where/?element=Nd")) == total["Nd"].sum()
    chinese = browser.page(f"/zh/where/?element=Nd&country={code}").text
    assert "收到钕" in chinese and "批次实测" in chinese
    march = browser.page(f"{here}&period=2025-03").text
    assert "February 2025" in march and "Difference" in march
    assert "Nothing was filed before January 2025" in page.text


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("by", [*DIMENSIONS, "rows"])
def test_every_way_and_every_order_has_a_page(browser: Browser, way: str, by: str) -> None:
    for language in ("en", "zh"):
        assert browser.get(f"/{language}/where/?element=Nd&way={way}&by={by}&period=2025-02").status_code == 200


@pytest.mark.parametrize(
    ("query", "status", "cure"),
    [
        ("element=Xx", 400, "one of"), ("period=June", 400, "2025-Q2"), ("period=1990", 404, "choose months"),
        ("by=moon", 404, "country, customer"), ("way=moon", 404, "abroad, sale"), ("country=XX", 404, "with country"),
        ("customer=nobody", 404, "choose one in the table"), ("licence=none", 404, "choose one"),
        ("use=none", 404, "choose one"), ("grade=none", 404, "choose one"), ("product=moon", 404, "oxide"),
        ("organisation=nobody", 404, "register"), ("region=XX", 404, "region"), ("stage=moon", 404, "separation"),
        ("sort=where.moon", 400, "where.mass"), ("where.page=99", 404, "the last is"), ("format=pdf", 400, "csv"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_says_what_can(browser: Browser, query: str, status: int, cure: str) -> None:
    answer = browser.get(f"/en/where/?{query}")
    assert answer.status_code == status
    assert cure in re.sub(r"<[^>]+>", "", answer.content.decode())


def test_an_element_that_went_nowhere_is_said_in_words(browser: Browser, goods: pl.DataFrame) -> None:
    never = [one for one in ("Eu", "Gd", "Ho") if not narrowed(goods, way="abroad")[one].sum()]
    assert never
    answer = browser.get(f"/en/where/?element={never[0]}")
    assert answer.status_code == 404 or re.search(r"Abroad: no \w+", answer.content.decode())
