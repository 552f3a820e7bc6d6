"""The industry behaves like one: magnets go back to mines, goods pass at arm's length, controls bite."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from statistics import mean, pstdev

import pytest

from tests.world.reading import Dossier, Row, canonical, dry_mg, makes, net_mg, shares, table

CONTROLLED_FROM = "2025-04-04"


def origins(rows: list[Row]) -> dict[str, frozenset[str]]:
    """Lot → kinds of origin it goes back to; `?MAKER` where the trail ends without one."""
    parents: dict[str, list[str]] = {}
    kinds: dict[str, str] = {}
    inputs: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows:
        if row.get("role") == "in":
            inputs[row["organisation"], row["event"]].append(canonical(row))
    for row in rows:
        if row["kind"] == "origin":
            kinds[canonical(row)] = row["origin_kind"]
        elif makes(row):
            parents[canonical(row)] = inputs[row["organisation"], row["event"]]
    found: dict[str, frozenset[str]] = {}

    def of(lot: str) -> frozenset[str]:
        if lot not in found:
            found[lot] = frozenset({kinds[lot]}) if lot in kinds else frozenset()
            if lot not in kinds:
                found[lot] = (
                    frozenset().union(*map(of, parents[lot]))
                    if lot in parents
                    else frozenset({"?" + lot.split("/", maxsplit=1)[0]})
                )
        return found[lot]

    for lot in [*kinds, *parents]:
        of(lot)
    return found


def test_every_magnet_goes_back_to_an_origin(year: Dossier) -> None:
    rows = year.standing()
    reached = origins(rows)
    magnets = [row for row in rows if makes(row) and row["product"].startswith("magnet")]
    assert len(magnets) > 1000
    dead_ends = {kind[1:] for row in magnets for kind in reached[canonical(row)] if kind.startswith("?")}
    assert dead_ends <= {deed["organisation"] for deed in year.dirt("month-not-filed")}
    assert all(reached[canonical(row)] for row in magnets)
    late = [row for row in magnets if row["product"] == "magnet-ndfeb" and row["period"] >= "2025-06"]
    mined = [row for row in late if reached[canonical(row)] & {"mined", "by-product"}]
    assert len(mined) > 0.9 * len(late)


def test_stocks_are_short_enough_to_trace_within_three_months(small: Dossier) -> None:
    rows = small.standing()
    reached = origins(rows)
    magnets = [row for row in rows if makes(row) and row["product"] == "magnet-ndfeb"]
    assert any("mined" in reached[canonical(row)] for row in magnets)
    kinds = {kind for row in magnets for kind in reached[canonical(row)]}
    assert kinds >= {"opening", "mined", "imported"}


def test_makers_use_bare_ids_and_everybody_else_the_full_name(year: Dossier) -> None:
    for row in year.standing():
        maker = canonical(row).split("/")[0]
        assert ("/" in row["lot"]) == (maker != row["organisation"])
        assert not makes(row) or "/" not in row["lot"]


def pairs(dossier: Dossier) -> list[tuple[Row, Row]]:
    """(shipment row, receipt row) tied by reference and lot."""
    rows = dossier.standing()
    shipped = {
        (row["organisation"], row["event"], canonical(row)): row for row in rows if row["kind"] == "shipment"
    }  # fmt: skip
    found = []
    for row in rows:
        if row["kind"] == "receipt" and row.get("reference"):
            shipment = shipped.get((row["counterparty"], row["reference"], canonical(row)))
            if shipment:
                found.append((shipment, row))
    return found


def test_receipts_agree_with_shipments_within_weighing(year: Dossier) -> None:
    differences = []
    for shipment, receipt in pairs(year):
        assert receipt["on"] > shipment["on"]
        assert receipt["document"] == shipment["document"]
        differences.append((dry_mg(receipt) - dry_mg(shipment)) / dry_mg(shipment))
    assert len(differences) > 1000
    assert max(map(abs, differences)) < 0.01
    assert abs(mean(differences)) < 0.0005
    assert 0.0003 < pstdev(differences) < 0.002


def test_most_receipts_quote_the_shipment_and_the_others_are_listed(year: Dossier) -> None:
    receipts = [row for row in year.standing() if row["kind"] == "receipt"]
    unquoted = {row["event"] for row in receipts if not row.get("reference")}
    listed = {deed["event"] for deed in year.dirt("receipt-without-reference")}
    assert unquoted <= listed
    assert 0.03 < sum(not row.get("reference") for row in receipts) / len(receipts) < 0.15


def test_some_goods_are_under_way_over_the_end_of_a_month(year: Dossier) -> None:
    crossing = [1 for shipment, receipt in pairs(year) if shipment["period"] < receipt["period"]]
    assert len(crossing) > 50


def test_titles_pass_through_a_trader_without_a_warehouse(year: Dossier) -> None:
    rows = year.standing()
    homeless = {row["id"] for row in table(year.root / "register/organisations.csv")} - {
        row["organisation"] for row in table(year.root / "register/sites.csv")
    }
    titles = [row for row in rows if row["kind"] == "title"]
    bought = {(canonical(row), row["counterparty"]) for row in titles if row["counterparty"] in homeless}
    sold = {(canonical(row), row["organisation"]) for row in titles if row["organisation"] in homeless}
    assert bought == sold
    assert bought
    shipped = [row for row in rows if row["kind"] == "shipment" and row.get("owner")]
    assert all(row["owner"] == row["counterparty"] for row in shipped if row["counterparty"])


def is_controlled(row: Row, composition: dict[str, str]) -> bool:
    """Announcement 18: Sm-Co magnets, and NdFeB with dysprosium or terbium."""
    found = shares(composition[canonical(row)])
    return row["product"] == "magnet-smco" or (row["product"] == "magnet-ndfeb" and bool(found.keys() & {"Dy", "Tb"}))


def test_controlled_exports_stop_in_april_and_come_back_with_licences(year: Dossier) -> None:
    rows = year.standing()
    composition = {canonical(row): row["composition"] for row in rows if makes(row)}
    silent = {deed["organisation"] for deed in year.dirt("month-not-filed")}
    exports = [row for row in rows if row["kind"] == "export" and canonical(row).split("/")[0] not in silent]
    controlled = [row for row in exports if is_controlled(row, composition)]
    by_month: dict[str, int] = defaultdict(int)
    for row in controlled:
        by_month[row["period"]] += 1
        if row["on"] >= CONTROLLED_FROM:
            assert row["licence"]
            assert row["control_item"]
        else:
            assert not row.get("licence")
    assert by_month["2025-02"] + by_month["2025-03"] > 10
    assert by_month["2025-05"] == 0
    assert by_month["2025-08"] + by_month["2025-09"] > 10
    assert all(not row.get("licence") for row in exports if not is_controlled(row, composition))


def test_every_licence_covers_what_is_drawn_on_it(year: Dossier) -> None:
    licences = {row["id"]: row for row in table(year.root / "grants/licences.csv")}
    used: dict[str, int] = defaultdict(int)
    elements: dict[tuple[str, str], float] = defaultdict(float)
    rows = year.standing()
    composition = {canonical(row): row["composition"] for row in rows if makes(row)}
    for row in (row for row in rows if row["kind"] == "export" and row.get("licence")):
        licence = licences[row["licence"]]
        assert licence["exporter"] == row["organisation"]
        assert row["end_user_name"] in licence["end_users"].split("|")
        assert licence["destination"] == row["destination"] == row["end_user_country"]
        assert set(row["control_item"].split(";")) <= set(licence["control_items"].split("|"))
        assert licence["products"] == row["product"]
        assert licence["valid_from"] <= row["on"] <= licence["valid_to"]
        used[row["licence"]] += net_mg(row)
        for symbol, share in shares(composition.get(canonical(row), "")).items():
            elements[row["licence"], symbol] += net_mg(row) * share / 100
    assert used
    for name, mass in used.items():
        assert mass <= int(licences[name]["mass_kg"]) * 10**6
        for part in filter(None, licences[name]["elements"].split("|")):
            symbol, limit = part.split("=")
            assert elements[name, symbol] <= int(limit) * 10**6
    for licence in licences.values():
        days = date.fromisoformat(licence["valid_to"]) - date.fromisoformat(licence["valid_from"])
        assert days.days < 366
        assert licence["valid_from"] >= "2025-06-01"


def test_exports_fill_the_customs_line(year: Dossier) -> None:
    for row in (row for row in year.standing() if row["kind"] == "export"):
        for column in [
            "declaration",
            "hs_code",
            "destination",
            "end_user_name",
            "end_user_country",
            "end_use",
            "port",
            "product",
        ]:
            assert row[column], f"{column} is empty"
        assert row["currency"] == "USD"
        assert float(row["value"]) > 0
        assert not row["product"].startswith("magnet") or row["hs_code"] == "8505111000"


def test_quotas_cover_all_but_the_listed_use(year: Dossier) -> None:
    """Mining on what origins made, separation on mineral lots consumed, in REO."""
    granted = {
        (row["organisation"], row["kind"], row["year"]): int(row["reo_kg"]) * 10**6
        for row in table(year.root / "grants/quotas.csv")
    }
    rows = year.standing()
    treo = {
        canonical(row): shares(row["composition"])["TREO"]
        for row in rows
        if row["kind"] == "origin" and "TREO" in row["composition"]
    }
    used: dict[tuple[str, str, str], float] = defaultdict(float)
    for row in rows:
        key = (row["organisation"], "mining" if row["kind"] == "origin" else "separation", row["on"][:4])
        mined = row["kind"] == "origin" and row["origin_kind"] in ("mined", "by-product")
        if mined or (row.get("role") == "in" and canonical(row) in treo and "OXIDE" not in row["lot"]):
            used[key] += dry_mg(row) * treo[canonical(row)] / 100
    over = {key[0] for key, mass in used.items() if mass > granted[key]}
    assert over == {deed["organisation"] for deed in year.dirt("quota-passed")}
    assert len(over) <= 0.1 * len(used)


def test_counts_are_kept_by_most_sites_and_not_by_all(year: Dossier) -> None:
    sites = {row["id"] for row in table(year.root / "register/sites.csv")}
    months: dict[str, set[str]] = defaultdict(set)
    for row in year.standing():
        if row["kind"] == "stock":
            months[row["site"]].add(row["period"])
    monthly = [site for site in sites if len(months[site]) >= 6]
    assert len(monthly) > 0.55 * len(sites)
    assert any(not months[site] for site in sites)


@pytest.mark.parametrize("stage", ["separation", "metal", "alloy", "magnet", "recycling"])
def test_plants_do_not_exceed_their_capacity(year: Dossier, stage: str) -> None:
    capacity = {
        row["id"]: int(row["capacity_kg_per_month"]) * 10**6
        for row in table(year.root / "register/sites.csv")
        if row["stage"] == stage
    }
    made: dict[tuple[str, str], int] = defaultdict(int)
    for row in year.standing():
        if row.get("role") == "out" and row["site"] in capacity:
            made[row["site"], row["period"]] += dry_mg(row)
    assert made
    assert all(mass <= capacity[site] for (site, _), mass in made.items())
