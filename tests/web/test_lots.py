"""Lots are found by what stands on the label, and each says where it came from, where it went and who proves it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from html import unescape
from urllib.parse import quote, unquote, urlsplit

import polars as pl
import pytest
from django.urls import resolve
from hypothesis import given
from hypothesis import strategies as st
from tests.web.books import DOTS, MAGNET, OXIDE, URI, file_books
from tests.web.conftest import Browser

from lodeline.material.element import SYMBOLS
from lodeline.service.lots import lots
from lodeline.store.opening import open_store
from lodeline.store.snapshot import Snapshot
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store
from lodeline.web.named import NamedConverter
from lodeline.web.visit import address
from lodeline.web.words import lots as lot_words

pytestmark = pytest.mark.medium


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> str:
    return file_books(tmp_path_factory.mktemp("books") / "store.sqlite3")


@pytest.fixture
def own(books: str, elsewhere: Callable[[str], Browser]) -> Browser:
    return elsewhere(books)


@pytest.fixture(scope="module")
def snapshot(store: Store) -> Snapshot:
    return open_snapshot(store)


def exported(browser: Browser, path: str) -> list[dict[str, str]]:
    text = browser.get(path).content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


# names in addresses


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1))
def test_any_name_comes_through_an_address(name: str) -> None:
    converter = NamedConverter()
    assert converter.to_python(converter.to_url(name)) == name


@pytest.mark.parametrize("name", ["..", ".", "a/../b", "../..", "a/./b", "x/.."])
def test_no_segment_is_left_that_a_browser_would_resolve(name: str) -> None:
    encoded = quote(NamedConverter().to_url(name)).lower()
    assert not {".", "..", "%2e", "%2e%2e"} & set(encoded.split("/"))


@pytest.mark.parametrize("name", [URI, DOTS, "制造者/批次/七", "A/50%25 ?#&x", "A//B/"])
def test_address_of_a_lot_leads_to_it(pages: None, name: str) -> None:
    path = address("en", "lot", lot=name)
    assert path is not None
    assert resolve(unquote(urlsplit(path).path)).kwargs["lot"] == name


@pytest.mark.parametrize("name", [URI, DOTS])
def test_lot_of_an_odd_name_has_its_page(own: Browser, name: str) -> None:
    (link,) = {one["href"] for one in own.page("/en/lots/").links if str(one.get("href")).endswith(f"{quoted(name)}/")}
    page = own.page(str(link))
    assert page.status == 200 and name in page.text


def quoted(name: str) -> str:
    path = address("en", "lot", lot=name)
    assert path is not None
    return path.removeprefix("/en/lots/").removesuffix("/")


# finding lots


def test_lots_are_found_by_part_of_the_id_product_and_maker(own: Browser) -> None:
    def found(query: str) -> set[str]:
        return {row["Lot"] for row in exported(own, f"/en/lots/?{query}&format=csv")}

    assert found("q=gs1.ORG") == {URI}
    assert found("product=oxide") == found("product=oxide:Nd") == {OXIDE}
    assert found("maker=mine") == found("maker=MINE+L") == {"MINE/ORE", DOTS}
    assert found("q=m&maker=MAG&product=magnet-ndfeb") == {MAGNET}
    assert found("") >= {MAGNET, OXIDE, URI, DOTS, "MAG/GHOST"}


def test_no_lot_found_says_what_to_type(own: Browser) -> None:
    page = own.page("/en/lots/?q=nothing-like-it")
    assert page.headings == ["No lot is like that"] and "Type a part of the lot's id" in page.text
    assert "请输入标签上批次号" in own.page("/zh/lots/?q=nothing-like-it").text


def test_lots_are_turned_page_by_page(browser: Browser, snapshot: Snapshot) -> None:
    first, second = browser.page("/en/lots/"), browser.page("/en/lots/?lots.page=2")
    names = [{link["href"] for link in page.links if "/lots/" in str(link["href"])} for page in (first, second)]
    assert names[0] != names[1]
    assert browser.page("/en/lots/?lots.page=99999").status == 404
    assert len(exported(browser, "/en/lots/?format=csv")) == snapshot.lots.height


@pytest.mark.parametrize("key", ["name", "product", "maker", "on", "mass", "treo"])
def test_lots_are_sorted_by_what_they_are(browser: Browser, snapshot: Snapshot, key: str) -> None:
    are_sorted(browser, lots.catalogue(snapshot), key)


@pytest.mark.parametrize("key", ["product", "on", "mass", "treo"])
def test_lots_of_which_something_is_not_stated_are_sorted(own: Browser, books: str, key: str) -> None:
    every = lots.catalogue(open_snapshot(open_store(books)))
    assert every.filter(pl.any_horizontal(pl.col("product", "on", "made_mg", "treo_ppb").is_null())).height
    are_sorted(own, every, key)


def are_sorted(browser: Browser, every: pl.DataFrame, key: str) -> None:
    """Both ways, those without a value last; a product that is not stated is shown as words, and sorted by them."""
    column = {"mass": "made_mg", "treo": "treo_ppb"}.get(key, key)
    values = dict(every.select("name", value=pl.col(column)).iter_rows())
    if key == "product":
        values = {name: lot_words.product(None, "en") if one is None else one for name, one in values.items()}
    for falling in (False, True):
        known = sorted((one for one in values if values[one] is not None), key=values.__getitem__, reverse=falling)
        rows = exported(browser, f"/en/lots/?sort={'-' if falling else ''}lots.{key}&format=csv")
        assert [row["Lot"] for row in rows] == known + [one for one in values if values[one] is None]


def test_lots_of_a_kind_are_those_of_its_products(browser: Browser, snapshot: Snapshot) -> None:
    every = lots.catalogue(snapshot)
    products = {one for one in every["product"] if one is not None}
    assert len(products) > 3
    for asked in products | {one.partition(":")[0] for one in products}:
        names = [
            row["name"] for row in every.iter_rows(named=True)
            if row["product"] is not None and asked in (row["product"], row["product"].partition(":")[0])
        ]  # fmt: skip
        rows = exported(browser, f"/en/lots/?product={quote(asked)}&format=csv")
        assert names and [row["Lot"] for row in rows] == names


@pytest.mark.parametrize(
    ("path", "status", "cure"),
    [
        ("lots/?product=cheese", 400, "magnet-ndfeb"),
        ("lots/MAG/M2/", 404, "MAG/M1"),
        ("lots/MAG/M1/?element=Zz", 400, "one of"),
        ("lots/MAG/M1/?element=Pr", 404, "look at one of Nd"),
        ("lots/MAG/GHOST/?element=Nd", 404, "states nothing at all"),
        ("lots/MAG/M1/?direction=up", 400, "backward or forward"),
        ("lots/MAG/M1/?format=pdf", 400, "csv"),
        ("lots/MAG/M1/?format=csv&table=cheese", 404, "relations"),
    ],
)
def test_bad_questions_about_lots(own: Browser, path: str, status: int, cure: str) -> None:
    page = own.page(f"/en/{path}")
    assert page.status == status and cure in page.text


# one lot


def test_lot_names_its_origin(own: Browser) -> None:
    page = own.page("/en/lots/MAG/M1/")
    assert page.headings == ["All of its neodymium has one origin: mined, CN-PIT"]
    assert "开采" in own.page("/zh/lots/MAG/M1/").headings[0]
    rows = {row["Origin"]: row for row in exported(own, "/en/lots/MAG/M1/?format=csv&table=origins")}
    assert float(rows["CN-PIT"]["Nd"]) == 100


def test_the_share_of_an_origin_stands_between_its_bounds(own: Browser) -> None:
    page, chinese = own.page("/en/lots/MAG/M1/"), own.page("/zh/lots/MAG/M1/")
    assert "At least, at most: what conservation of mass allows" in page.text and "质量守恒所允许的范围" in chinese.text
    (row,) = exported(own, "/en/lots/MAG/M1/?format=csv&table=origins")
    assert [key for key in row if key.startswith("Nd")] == ["Nd at least", "Nd", "Nd at most"]
    assert float(row["Nd at least"]) <= float(row["Nd"]) <= float(row["Nd at most"])
    # Another element chosen: its bounds, and not those of neodymium.
    (other,) = exported(own, "/en/lots/MAG/M1/?element=TREO&format=csv&table=origins")
    assert [key for key in other if " at " in key] == ["TREO at least", "TREO at most"]
    # Nothing is stated, so nothing is bounded.
    assert "At least, at most" not in own.page("/en/lots/MAG/GHOST/").text


def test_lot_that_is_an_origin_and_lot_that_nobody_made(own: Browser) -> None:
    assert own.page("/en/lots/MINE/ORE/").headings == ["This lot is itself an origin: mined"]
    ghost = own.page("/en/lots/MAG/GHOST/")
    assert ghost.headings == ["No composition is stated, so nothing of it can be traced"]
    assert "Nobody has filed the making of this lot" in ghost.text
    assert "took 1.00 kg of it beyond what they had" in ghost.text.replace("\u00a0", " ")


def test_lot_says_where_it_went(own: Browser) -> None:
    page = own.page("/en/lots/MINE/ORE/?direction=forward")
    assert page.headings == ["2 lots were made with it"]
    rows = exported(own, "/en/lots/MINE/ORE/?direction=forward&format=csv&table=relations")
    assert [(row["Lot"], row["Events away"]) for row in rows] == [(OXIDE, "1"), (MAGNET, "2")]
    assert own.page("/en/lots/MAG/M1/?direction=forward").headings == ["Nothing has been made with this lot yet"]


def test_lot_lists_movements_transfers_and_entries(own: Browser) -> None:
    moved = exported(own, "/en/lots/SEP/OX/?format=csv&table=movements")
    assert [row["Event"] for row in moved] == [
        "transformation", "shipment", "stock", "receipt", "transformation", "stock",
    ]  # fmt: skip
    (transfer,) = exported(own, "/en/lots/SEP/OX/?format=csv&table=transfers")
    assert (transfer["From"], transfer["To"], transfer["State"]) == ("SEP", "MAG", "matched")
    entries = exported(own, "/en/lots/SEP/OX/?format=csv&table=entries")
    assert [row["Filed by"] for row in entries] == ["SEP", "SEP", "MAG"]
    page = own.page("/en/lots/SEP/OX/")
    addresses = {str(link.get("href")) for link in page.links}
    assert {f"/en/log/{row['Entry']}/" for row in entries} <= addresses
    assert {f"/en/log/{row['Entry']}/receipt.json" for row in entries} <= addresses


def test_holders_hold_what_the_ledger_says(own: Browser) -> None:
    rows = exported(own, "/en/lots/SEP/OX/?format=csv&table=holders")
    assert {row["Site"]: float(row["Holds now (kg)"]) for row in rows} == {"sep": 100, "mag": 0}


# the picture of a lot


@pytest.mark.parametrize("forward", [False, True])
@pytest.mark.parametrize("element", ["Nd", "Dy", "TREO"])
def test_ways_carry_what_the_lots_behind_them_carry(snapshot: Snapshot, element: str, forward: bool) -> None:
    """Every way into (out of) a lot that is not cut off sums up to the share of that lot."""
    names = lots.catalogue(snapshot).filter(pl.col("product").is_in(["magnet-ndfeb", "concentrate"]))["name"]
    checked = 0
    for name in names[:: max(1, len(names) // 25)]:
        found = lots.relations(snapshot, lot=name, element=element, forward=forward)
        share = found.table["share"].to_list()
        assert len(found.picked) <= lots.PICKED + 1
        assert {one.place for one in found.picked if one.depth == 0} == {0}
        behind: dict[int, float] = {}
        for way in found.passages:
            assert 0 <= way.share <= 1 + 1e-9
            behind[way.near] = behind.get(way.near, 0.0) + way.share
        for near, carried in behind.items():
            # What was drawn beyond the book has no way behind it, what was not used no way on. Downstream a little more
            # may go on than was made, for each site weighs a lot anew.
            assert carried <= share[near] * (1.01 if forward else 1) + 1e-9
            checked += carried > 0.99 * share[near] > 0
    assert checked > 5


def test_what_is_picked_hangs_together_and_the_rest_is_counted(snapshot: Snapshot) -> None:
    names = lots.catalogue(snapshot).filter(pl.col("product") == "magnet-ndfeb")["name"]
    most = max((lots.relations(snapshot, lot=name, element="Nd") for name in names[:60]), key=lambda one: one.reached)
    assert most.reached > len(most.picked), "the world has lots with more behind them than a page takes in"
    depth = {one.place: one.depth for one in most.picked}
    joined = {way.far for way in most.passages if way.far is not None}
    assert set(depth) - joined == {0}
    for way in most.passages:
        assert depth[way.near] < way.depth <= lots.DEPTH + 1
        if way.far is not None:
            assert depth[way.far] > depth[way.near]
    assert set(most.left_out) == {way.depth for way in most.passages if way.far is None}


def test_graph_is_drawn_and_told_as_a_table(browser: Browser, snapshot: Snapshot) -> None:
    names = lots.catalogue(snapshot).filter(pl.col("product") == "magnet-ndfeb")["name"]
    page = browser.page(f"/en/lots/{names[0]}/")
    assert "d-provenance" in page.html and "d-mark-asked" in page.html
    rows = exported(browser, f"/en/lots/{names[0]}/?format=csv&table=relations")
    assert len(rows) == lots.relations(snapshot, lot=names[0], element="Nd").reached


def test_products_have_a_word_in_both_languages_or_stand_as_filed() -> None:
    assert lot_words.product("oxide:PrNd", "en") == "PrNd oxide"
    assert lot_words.product("oxide:PrNd", "zh") == "PrNd氧化物"
    assert lot_words.product("unobtainium", "zh") == "unobtainium"
    assert lot_words.product(None, "zh") == "产品未申报"


def test_every_lot_of_a_graph_has_its_page_about_the_same_element(browser: Browser, snapshot: Snapshot) -> None:
    with_dysprosium = snapshot.lot_assays.filter((pl.col("element") == SYMBOLS.index("Dy")) & (pl.col("ppb") > 0))
    magnets = lots.catalogue(snapshot).filter(pl.col("product") == "magnet-ndfeb")
    names = magnets.join(with_dysprosium, on="lot", how="semi", maintain_order="left")["name"]
    page = browser.page(f"/en/lots/{names[0]}/?element=Dy")
    graph = page.html.partition("d-provenance")[2].partition("</svg>")[0]
    addresses = [unescape(one) for one in re.findall(r'href="([^"]+)"', graph)]
    assert addresses and {browser.get(one).status_code for one in addresses} == {200}
