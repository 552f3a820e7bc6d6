"""Traders are known by what they do: what came in is followed until it left, with days, prices and papers.

Six firms buy ore of MINE: PASS sells on all of it, BLEND makes something of most of it, HOLD keeps it, NAMES calls it
otherwise, ABOARD sells it in dollars, SHOP trades and is called no trader.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.desk import Desk, organisation, send_feed, site
from tests.web.as_official import OFFICIAL, furnish
from tests.web.conftest import Browser

from lodeline.office.access.actor import Actor, RoleGrant
from lodeline.regulation.parameter import load as load_law
from lodeline.service.trade import traders as trade
from lodeline.service.trade.dealings import dealings
from lodeline.store.opening import open_store
from lodeline.store.snapshot import Snapshot
from lodeline.store.snapshot_opening import open_snapshot

LAW = load_law("cn")
TRADERS = ("PASS", "BLEND", "HOLD", "NAMES", "ABOARD")
FIRMS = ("MINE", *TRADERS, "SHOP", "USER")
_INVOICES = """number,kind,on,seller,buyer,product_name,mass_kg,value,currency
25992000000000000001,ordinary,2025-01-04,MINE,PASS,ore,100,1000,CNY
25992000000000000002,special,2025-01-09,PASS,USER,fine ore,100,1300,CNY
"""


def file_trade(path: Path) -> str:
    """Files January into a new store; returns its address. Each lot is ore with 10 % Nd; one kilogram costs CNY 10."""
    desk = Desk(str(path))
    roles = {"MINE": "miner", "SHOP": "smelter", "USER": "smelter", **dict.fromkeys(TRADERS, "trader")}
    places = [site(firm.lower(), firm) | {"region": "CN-JX" if firm == "PASS" else "CN-NX"} for firm in FIRMS]
    desk.register(
        organisations=[
            *(organisation(firm, roles=roles[firm]) for firm in FIRMS),
            organisation("ABROAD", roles="end-user", country="DE"),
        ],
        sites=places,
    )  # fmt: skip
    buyers = (*TRADERS, "SHOP")
    mined = "product=concentrate origin_kind=mined origin_place=CN-PIT composition=TREO=50;Nd=10"
    desk.rows(
        "MINE", "2025-01",
        *(f"O{n} origin 2 mine L{n} 100 {mined}" for n, _ in enumerate(buyers)),
        *(
            f"S{n} shipment 4 mine L{n} 100 counterparty={firm} document_kind=invoice-ordinary value=1000 currency=CNY"
            f" document={'25992000000000000001' if firm == 'PASS' else f'M-{n}'}"
            for n, firm in enumerate(buyers)
        ),
    )  # fmt: skip
    came = {firm: f"R1 receipt 5 {firm.lower()} MINE/L{n} 100 counterparty=MINE reference=S{n}"
            for n, firm in enumerate(buyers)}  # fmt: skip
    sold = "counterparty=USER document_kind=invoice-special currency=CNY"
    desk.rows(
        "PASS", "2025-01",
        f"{came['PASS']} document=25992000000000000001 document_kind=invoice-ordinary",
        f"S1 shipment 8 pass MINE/L0 100 {sold} document=25992000000000000002 value=1300",
    )  # fmt: skip
    desk.rows(
        "BLEND", "2025-01", came["BLEND"],
        "T1 transformation 6 blend MINE/L1 70 role=in reason=blend",
        "T1 transformation 6 blend MIX 70 role=out product=concentrate composition=TREO=50;Nd=10 reason=blend",
        f"S1 shipment 9 blend MINE/L1 30 {sold} document=B-1 value=330",
        f"S2 shipment 9 blend MIX 70 {sold} document=B-2 value=900",
    )  # fmt: skip
    desk.rows("HOLD", "2025-01", came["HOLD"], "C1 stock 31 hold MINE/L2 100")
    desk.rows(
        "NAMES", "2025-01",
        "R1 receipt 5 names OWN-3 100 product=concentrate counterparty=MINE reference=S3",
        f"S1 shipment 25 names OWN-3 60 {sold} document=N-1 value=540",
        f"S2 shipment 25 names MINE/L3 40 {sold} document=N-2 value=360 reason=renamed",
    )  # fmt: skip
    desk.rows(
        "ABOARD", "2025-01", came["ABOARD"],
        "X1 export 12 aboard MINE/L4 60 counterparty=ABROAD counterparty_name=Abroad counterparty_country=DE"
        " destination=DE hs_code=2530902000 declaration=310120250000000001 value=120 currency=USD product=concentrate",
    )  # fmt: skip
    desk.rows(
        "SHOP", "2025-01", came["SHOP"],
        f"S1 shipment 6 shop MINE/L5 40 {sold} document=C-1 value=400",
        "S2 shipment 7 shop MINE/L5 60 counterparty=MINE document=C-2",
    )  # fmt: skip
    send_feed(desk.store, _INVOICES, "invoices.csv", filed_at=datetime.fromisoformat("2025-02-06T12:00:00+08:00"))
    url = str(desk.store.database.url)
    furnish(url)
    desk.store.database.close()
    return url


@pytest.fixture(scope="module")
def filed(tmp_path_factory: pytest.TempPathFactory) -> str:
    return file_trade(tmp_path_factory.mktemp("traders") / "store.sqlite3")


@pytest.fixture(scope="module")
def snapshot(filed: str) -> Snapshot:
    return open_snapshot(open_store(filed))


@pytest.fixture
def own(filed: str, elsewhere: Callable[[str], Browser]) -> Browser:
    return elsewhere(filed)


def asked(snapshot: Snapshot, **more: Any) -> dict[str, dict[str, Any]]:
    """Firm → its row, of January's neodymium."""
    given = {"first": "2025-01", "last": "2025-01", "element": "Nd", **more}
    return {row["organisation"]: row for row in trade.traders(snapshot, LAW, **given).iter_rows(named=True)}


def lots_of(snapshot: Snapshot, firm: str) -> list[dict[str, Any]]:
    rows = trade.dealings_of(snapshot, LAW, organisation=firm, first="2025-01", last="2025-01", element="Nd")
    return rows.to_dicts()


def test_who_passes_on_everything(snapshot: Snapshot) -> None:
    row = asked(snapshot)["PASS"]
    assert (row["in_mg"], row["out_mg"], row["passed_mg"]) == (10_000_000,) * 3
    assert (row["share"], row["days"], row["is_trader"]) == (1.0, 3.0, True)
    assert (row["supplier"], row["customer"], row["home_mg"], row["abroad_mg"]) == ("MINE", "USER", 10_000_000, 0)


def test_the_mark_up_is_that_of_the_invoices(snapshot: Snapshot) -> None:
    row, (lot,) = asked(snapshot)["PASS"], lots_of(snapshot, "PASS")
    assert row["markup"] == pytest.approx(0.3)
    assert (lot["price_in"], lot["price_out"], lot["paper_in"], lot["paper_out"]) == (10, 13, "invoice", "invoice")
    assert lot["changed"] == ["kind", "name"]
    assert row["changed"] == 1


def test_without_an_invoice_the_price_is_what_the_seller_filed(snapshot: Snapshot) -> None:
    (lot,) = [one for one in lots_of(snapshot, "BLEND") if one["passed"]]
    assert (lot["price_in"], lot["price_out"], lot["paper_in"], lot["paper_out"]) == (10, 11, "filing", "filing")


def test_what_went_into_a_process_is_not_passed_on(snapshot: Snapshot) -> None:
    row = asked(snapshot)["BLEND"]
    assert (row["in_mg"], row["passed_mg"], row["share"]) == (10_000_000, 3_000_000, 0.3)
    # What it made itself is no trade.
    assert row["out_mg"] == 3_000_000


def test_who_holds_stock_passes_on_nothing(snapshot: Snapshot) -> None:
    row = asked(snapshot)["HOLD"]
    assert (row["in_mg"], row["passed_mg"], row["share"], row["days"], row["markup"]) == (10_000_000, 0, 0, None, None)


def test_a_lot_under_another_name_is_followed(snapshot: Snapshot) -> None:
    row, lots = asked(snapshot)["NAMES"], lots_of(snapshot, "NAMES")
    assert (row["passed_mg"], row["days"]) == (10_000_000, 20)
    assert {(one["in_called"], one["out_called"]) for one in lots} == {
        ("MINE/OWN-3", "MINE/OWN-3"), ("MINE/OWN-3", "MINE/L3"),
    }  # fmt: skip
    assert row["markup"] == pytest.approx(-0.1)


def test_two_currencies_are_not_compared(snapshot: Snapshot) -> None:
    row, lots = asked(snapshot)["ABOARD"], lots_of(snapshot, "ABOARD")
    assert (row["markup"], row["currency"], row["other_currencies"]) == (None, None, 1)
    assert (row["share"], row["abroad_mg"]) == (0.6, 6_000_000)
    sold = next(one for one in lots if one["passed"])
    assert (sold["currency_in"], sold["currency_out"], sold["markup"], sold["country"]) == ("CNY", "USD", None, "DE")


def test_whoever_trades_is_told_and_what_went_back_is_no_trade(snapshot: Snapshot) -> None:
    row = asked(snapshot)["SHOP"]
    assert (row["is_trader"], row["passed_mg"], row["in_mg"], row["share"]) == (False, 4_000_000, 4_000_000, 1.0)
    assert {"MINE", "USER"}.isdisjoint(asked(snapshot))


def test_each_row_counts_once_and_nothing_is_lost(snapshot: Snapshot) -> None:
    found = dealings(snapshot, LAW)
    assert not found.select("in_line", "out_line", "lot").is_duplicated().any()
    for firm, row in asked(snapshot).items():
        rows = pl.DataFrame(lots_of(snapshot, firm))
        assert rows.filter("came")["element_mg"].sum() == row["in_mg"]
        assert rows.filter("passed")["element_mg"].sum() == row["passed_mg"]


def test_other_months_and_elements_have_none(snapshot: Snapshot) -> None:
    assert asked(snapshot, first="2025-02", last="2025-12") == {}
    assert asked(snapshot, element="Dy") == {}


def test_a_region_sees_its_firms_and_no_price_that_others_filed(snapshot: Snapshot) -> None:
    assert set(asked(snapshot, firms=frozenset({"BLEND"}))) == {"BLEND"}
    assert asked(snapshot, firms=frozenset({"BLEND"}))["BLEND"]["markup"] is None
    assert asked(snapshot, firms=frozenset({"BLEND", "MINE"}))["BLEND"]["markup"] == pytest.approx(0.1)
    # An invoice names the firm itself.
    assert asked(snapshot, firms=frozenset({"PASS"}))["PASS"]["markup"] == pytest.approx(0.3)


# the page


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u202f", " ")


def test_the_headline_is_the_answer(own: Browser) -> None:
    page = own.page("/en/traders/")
    # Of those that moved as much the first by name.
    assert plain(page.headings[0]) == (
        "4 firms pass on half or more of the neodymium that they buy; the largest moved 10.0 kg in 20 days at −10.0 %"
    )
    assert "not registered as a trader" in page.text
    assert own.page("/zh/traders/").headings[0].startswith("4家企业将所购钕的一半以上转手")


def test_the_overview_leads_to_it(own: Browser) -> None:
    """The home of whoever watches the nation is one click from who stands between."""
    (href,) = {one["href"] for one in own.page("/en/").links if "/traders/" in (one.get("href") or "")}
    assert own.page(str(href)).headings[0].startswith("4 firms pass on half or more")


def test_a_share_narrows_the_list(own: Browser) -> None:
    def listed(query: str) -> set[str]:
        text = own.get(f"/en/traders/?format=csv&{query}").content.decode("utf-8-sig")
        return {row["Firm"] for row in csv.DictReader(io.StringIO(text))}

    assert listed("passed=0") == {*TRADERS, "SHOP"}
    assert listed("passed=25") == {*TRADERS, "SHOP"} - {"HOLD"}
    assert listed("passed=100") == {"PASS", "NAMES", "SHOP"}
    assert listed("passed=100&region=CN-JX") == {"PASS"}


def test_a_figure_leads_to_its_rows(own: Browser) -> None:
    page = own.page("/en/traders/")
    links = [one["href"] for one in page.links if "organisation=PASS" in (one.get("href") or "")]
    assert any("show=changed" in (href or "") for href in links)
    firm = own.page("/en/traders/?organisation=PASS&show=changed")
    assert plain(firm.headings[0]) == (
        "PASS Ltd passed on 100 % of the 10.0 kg of neodymium that it bought in 2025, in 3 days at +30.0 %"
    )
    assert "/en/lots/MINE/L0/" in {one.get("href") for one in firm.links}
    assert "kind of invoice, name of the goods" in firm.text
    assert "CNY 13" in plain(firm.text)
    listed = own.get("/en/traders/?organisation=PASS&format=csv").content.decode("utf-8-sig")
    assert "25992000000000000001 → 25992000000000000002" in listed


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("passed=half", 400), ("passed=101", 400), ("passed=-1", 400), ("passed=%D9%A3", 400), ("element=Xx", 400),
        ("element=Dy", 404), ("period=2019", 404), ("period=2025-13", 400), ("region=CN-XX", 404),
        ("organisation=NOBODY", 404), ("organisation=PASS&show=all", 404), ("organisation=PASS&sort=dealings.x", 400),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_said(own: Browser, query: str, status: int) -> None:
    for language in ("en", "zh"):
        assert own.get(f"/{language}/traders/?{query}").status_code == status


def test_a_firm_outside_the_region_is_not_there(own: Browser) -> None:
    grants = tuple(RoleGrant(organisation="", role="analyst", region="CN-JX", firms=frozenset({"PASS"})) for _ in "1")
    actor = Actor(user=1, name=OFFICIAL.name, pseudonym="regional", standings=grants)
    here: Any = {"lodeline.actor": actor}
    assert own.client.get("/en/traders/?organisation=BLEND", **here).status_code == 404
    listed = own.client.get("/en/traders/?passed=0", **here)
    assert listed.status_code == 200
    assert "PASS Ltd" in listed.content.decode()
    assert "BLEND" not in listed.content.decode()
