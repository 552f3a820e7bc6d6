"""The page of laboratories and scales: empty, filled, of a region; and the command that prints the same."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings
from tests.contracts.test_verification import LOTS, measurement, put, row
from tests.desk import Desk, organisation, site
from tests.web.conftest import Browser
from tests.web.test_inspection_plans import as_
from typer.testing import CliRunner

from lodeline.cli import app
from lodeline.service.inspections.reading import visit_of
from lodeline.store.opening import open_store
from lodeline.store.store import Store

pytestmark = pytest.mark.medium

AT = "inspections/laboratories/"
FIRMS = {"MINE": "pit", "OTHER": "yard"}


@pytest.fixture
def own(pages: None, tmp_path: Path) -> Iterator[Store]:
    """Two firms that have each counted six lots."""
    url = str(tmp_path / "own.sqlite3")
    desk = Desk(url)
    desk.register(
        organisations=[organisation(firm) for firm in FIRMS],
        sites=[site(at, firm, "mine") for firm, at in FIRMS.items()],
    )
    made = "product=concentrate origin_kind=mined origin_place=CN-PIT composition=Nd=20;Pr=5"
    for firm, at in FIRMS.items():
        rows = [
            line for lot in LOTS for line in (f"O{lot} origin 2 {at} {lot} 1000 {made}", f"C1 stock 31 {at} {lot} 1000")
        ]
        desk.rows(firm, "2025-01", *rows)
        desk.rows(firm, "2025-02", *(f"C2 stock 28 {at} {lot} 1000" for lot in LOTS))
    with override_settings(LODELINE_DATABASE=url):
        made_store = open_store(url)
        yield made_store
        made_store.database.close()


#: What every paper of a visit has, where nothing was sealed or remarked.
BARE: dict[str, Any] = {"seals": [], "note": ""}


def split(store: Store, firm: str, *, bias: float, laboratory: str = "Bao Lab", lots: str = "ABCDEF") -> None:
    """A visit: each lot weighed on a scale that agrees but for a little, a sample of each analysed by both sides."""
    at = FIRMS[firm]
    weighed = []
    for number, lot in enumerate(lots):
        samples = [
            {"bag": f"{firm}{part}{lot}", "name": f"{firm}/{lot}", "part": part} for part in ("authority", "firm")
        ]
        more = {"uid": f"{firm}{lot}", "name": f"{firm}/{lot}"}
        weighed.append(row(lot, 1000 + (-1) ** number * 0.5, **more) | {"samples": samples})
    every = [one for item in weighed for one in item.pop("samples")]
    put(store, measurement(*weighed, samples=every) | BARE | {"organisation": firm, "site": at})
    for side, who, off in (("authority", "Provincial Laboratory", 0.0), ("firm", laboratory, bias)):
        rows = [
            {"bag": f"{firm}{side}{lot}", "method": "icp", "analysed_on": f"2025-03-0{number + 1}",
             "composition": f"Nd={round(200_000_000 * (1 + off + 0.002 * (-1) ** number * (side == 'firm')))};Pr="
                            f"{round(50_000_000 * (1 + 0.004 * (-1) ** number * (side == 'firm')))}"}
            for number, lot in enumerate(lots)
        ]  # fmt: skip
        put(store, {"act": "result", **BARE, "organisation": firm, "site": at, "on": "2025-03-10", "side": side,
                    "laboratory": who, "rows": rows})  # fmt: skip


def material(store: Store, laboratory: str, off: float, at: str | None = "pit") -> None:
    """A reference material that the laboratory misses by `off`, analysed for a site or for none."""
    put(store, {"act": "result", **BARE, "organisation": "MINE" if at else None, "site": at, "on": "2025-03-10",
                "side": "firm", "laboratory": laboratory, "rows": [{"reference_material": "CRM-1", "method": "icp",
                "composition": f"Nd={round(200_000_000 * (1 + off))}", "certified": "Nd=200000000",
                "analysed_on": "2025-03-01"}]})  # fmt: skip


def exported(browser: Browser, table: str = "laboratories") -> list[dict[str, str]]:
    text = browser.get(f"/en/{AT}?format=csv&table={table}").content.decode("utf-8-sig")
    return list(csv.DictReader(text.splitlines()))


def test_without_a_measurement_it_says_what_to_do(own: Store) -> None:
    page = as_("analyst").page(f"/en/{AT}")
    assert page.headings == ["Nothing was measured by two laboratories or two scales yet"]
    assert "split samples" in page.text and "<table" not in page.html
    assert "尚无" in as_("analyst").page(f"/zh/{AT}").headings[0]


def test_who_differs_is_said_first_and_led_to(own: Store) -> None:
    split(own, "MINE", bias=0.05)
    material(own, "Bao Lab", 0.05)
    material(own, "Provincial Laboratory", 0.0)
    page = as_("analyst").page(f"/en/{AT}")
    assert page.headings[0] == "1 laboratory differs beyond chance: Bao Lab by +5.0\u00a0% in neodymium"
    assert "/en/organisations/MINE/" in page.html and "/en/inspections/pit/" in page.html
    assert "Of 6 tests" in page.text and "about 0.3 would show" in page.text
    assert "d-intervals" in page.html and page.html.count("beyond chance") > 1
    rows = {(one["Kind"], one["Of what"]): one for one in exported(as_("analyst"))}
    neodymium = rows["laboratory", "Nd"]
    assert float(neodymium["Bias, %"]) == pytest.approx(5.0, abs=0.01) and neodymium["Times"] == "6"
    assert float(neodymium["Low, % (95 %)"]) < 5 < float(neodymium["High, % (95 %)"])
    assert float(neodymium["p"]) < float(neodymium["p, of all together"]) < 0.001
    assert neodymium["Who is off"] == "own"
    assert float(rows["laboratory", "Pr"]["p"]) > 0.05 and float(rows["scale", "mass"]["p"]) > 0.05
    chinese = as_("analyst").page(f"/zh/{AT}")
    assert chinese.headings[0] == "1家实验室的差异超出偶然范围：Bao Lab的钕相差+5.0%"


def test_what_was_measured_once_is_listed_with_its_reason(own: Store) -> None:
    split(own, "MINE", bias=0.05, lots="A")
    page = as_("analyst").page(f"/en/{AT}")
    assert page.headings[:1] == ["Too little was measured to compare laboratories and scales"]
    assert "There are too few measurements for an estimate. Add repeated measurements." in page.text
    assert {one["Times"] for one in exported(as_("analyst"), "untested")} == {"1"}
    assert "d-intervals" not in page.html


def test_none_differs_where_all_agree(own: Store) -> None:
    split(own, "MINE", bias=0.0)
    page = as_("analyst").page(f"/en/{AT}")
    assert page.headings[0] == "1 laboratory and 1 scale were compared: none differs beyond chance"


def test_laboratory_of_two_firms_leads_to_both(own: Store) -> None:
    split(own, "MINE", bias=0.05)
    split(own, "OTHER", bias=0.05)
    page = as_("analyst").page(f"/en/{AT}")
    assert "at 2 firms" in page.text and "2 sites" in page.text and 'href="#behind"' in page.html
    assert {one["Site"] for one in exported(as_("analyst"), "behind")} == {"pit", "yard"}


def test_an_official_of_a_region_sees_what_its_firms_measured_alone(own: Store) -> None:
    split(own, "MINE", bias=0.0)
    split(own, "OTHER", bias=0.1)
    regional = as_("analyst", firms=frozenset({"MINE"}))
    page = regional.page(f"/en/{AT}")
    assert page.headings[0] == "1 laboratory and 1 scale were compared: none differs beyond chance"
    assert "yard" not in page.html and "OTHER" not in page.html
    assert {one["Times"] for one in exported(regional)} == {"6"}


def test_no_firm_opens_it(own: Store) -> None:
    assert as_("filer", "MINE").get(f"/en/{AT}").status_code == 403


def test_command_prints_the_same(own: Store) -> None:
    split(own, "MINE", bias=0.05)
    args = ["inspect", "laboratories", "--database", str(own.database.url)]
    found = CliRunner().invoke(app, [*args, "--json"])
    assert found.exit_code == 0, found.output
    document = json.loads(found.stdout)
    assert document["tests"] == 6 and document["by_chance"] == 0.3
    assert document["rows"][0]["own"] == "Bao Lab" and document["rows"][0]["beyond_chance"]
    assert not document["rows"][-1]["beyond_chance"]
    printed = CliRunner().invoke(app, args)
    assert printed.exit_code == 0 and "Bao Lab" in printed.stdout and "6 tests" in printed.stdout


def test_results_of_reference_materials_alone_lead_to_no_visit(own: Store) -> None:
    split(own, "MINE", bias=0.0)
    material(own, "Bao Lab", 0.05, at=None)
    links = {one["href"] or "" for one in as_("inspector").page("/en/inspections/").links}
    entries = [int(one.split("/")[-2]) for one in links if re.fullmatch("/en/inspections/visits/[0-9]+/", one)]
    assert entries and all(visit_of(own, entry) is not None for entry in entries)
