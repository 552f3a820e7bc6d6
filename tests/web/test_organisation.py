"""The page of an organisation: with whom it trades, also across the border."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
from tests.web.conftest import Browser

from lodeline.material.element import TREO
from lodeline.material.mass import parse_mass
from lodeline.regulation.control_list import control_items
from lodeline.regulation.parameter import load
from lodeline.service.customs import licence_review
from lodeline.service.trade.where import goods_sent, narrowed, summed
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store

pytestmark = pytest.mark.medium


def test_a_customer_abroad_is_shipped_to_by_those_who_export_to_it(
    flawed: Store, elsewhere: Callable[[str | Path], Browser]
) -> None:
    browser = elsewhere(flawed.database.url)
    gone = open_snapshot(flawed).lines.filter((pl.col("kind") == "export") & pl.col("party").is_not_null())
    abroad = gone["party"][0]
    rows = gone.filter(pl.col("party") == abroad)
    text = browser.page(f"/en/organisations/{abroad}/").text
    assert "Nobody has filed a shipment" not in text
    suppliers = browser.get(f"/en/organisations/{abroad}/?format=csv&table=suppliers").content.decode()
    for firm in rows["organisation"].unique():
        assert len([one for one in suppliers.splitlines() if firm in one]) == 1
    # In the other direction the exporter has this customer.
    customers = browser.get(f"/en/organisations/{rows['organisation'][0]}/?format=csv&table=customers")
    assert abroad in customers.content.decode()
    assert "、" in browser.page("/zh/organisations/").text


def test_origins_of_an_application_are_those_of_its_items(flawed: Store) -> None:
    law, day, snapshot = load("cn"), date(2025, 7, 1), open_snapshot(flawed)
    (item, *_) = [one.item for one in control_items(law, day, known=day) if one.element == "Dy"]
    exporter = "MAG-0001"
    products = {str(one).partition(":")[0] for one in snapshot.lot_facts["product"].drop_nulls().unique()}

    def origins_of(stated: str | None) -> pl.DataFrame:
        goods = [{"product": one, "control_item": stated} for one in products]
        application: Any = SimpleNamespace(goods=goods)
        return licence_review._origins(snapshot, law, exporter, application, day)

    assert set(origins_of(item)["element"]) == {"Dy"}
    assert "Dy" in set(origins_of(item.partition(".")[0])["element"])
    assert origins_of(None).height and set(origins_of(None)["element"]) != {"Dy"}


def test_a_firm_abroad_says_what_it_imports_and_each_number_leads_to_where_it_goes(
    browser: Browser, store: Store
) -> None:
    snapshot = open_snapshot(store)
    goods = goods_sent(snapshot, load("cn"))
    known = set(snapshot.register.tables["organisations"]["id"])
    abroad = narrowed(goods, way="abroad").filter(pl.col("party").is_in(known))
    (party, *_), *_ = summed(abroad, TREO, "party").iter_rows()
    own = abroad.filter(pl.col("party") == party)
    for path in (f"/en/organisations/{party}/", f"/en/parties/{party}/"):
        page = browser.page(path)
        assert "What it imports" in page.text and "Licences it receives under" in page.text
        found = re.findall(r'href="([^"]*/where/\?customer[^"]*)"', page.html)
        assert len(found) > 3 and all(f"customer={party}&" in one for one in found)
        assert browser.get(found[1].replace("&amp;", "&")).status_code == 200
        text = browser.get(f"{path}?format=csv&table=suppliers").content.decode()
        rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
        assert {row["Supplier"] for row in rows} == set(own["organisation"])
        total = sum(parse_mass(format(Decimal(row["TREO, kg"]), "f")) for row in rows)
        assert total == own[TREO].sum()
    home: Any = own["organisation"][0]
    assert "What it imports" not in browser.page(f"/en/organisations/{home}/").text
