"""Licences of the ledger in a run: what is left of each goes first; and both databases give one answer."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
from tests.desk import LAW, Desk, organisation, site
from tests.licences import licence_from, suspend_licence
from tests.stores import drop, new_database

from lodeline.service.licences.draws import Wanted, reserve
from lodeline.service.licences.licences import grant_licence
from lodeline.service.strategy.held import accounts_at, with_licences
from lodeline.service.strategy.network import network_of
from lodeline.service.strategy.runs import run_scenario
from lodeline.store.opening import open_store
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.strategy.inputs.tables import EMPTY, Inputs, Table, scenario_of, schema
from lodeline.strategy.network import Network

pytestmark = pytest.mark.medium
NOW = datetime(2025, 7, 10, 4, tzinfo=UTC)
KG = 1_000_000
STARTS = date(2025, 8, 1)
MADE = "M origin 1 mag 1 1000 product=magnet-ndfeb origin_kind=opening composition=Nd=28;Pr=2;Dy=2;Fe=65;B=1"
SOLD = "{event} export {day} mag 1 {kg} product=magnet-ndfeb control_item=1C905.a.4 end_user_country=DE licence={by}"
DRIVES, MOTORS = "Drives GmbH", "Motors GmbH"


def filed(address: str) -> Desk:
    """MAG has 1 t and sends two firms abroad 155 kg each in a month, on a licence for both."""
    desk = Desk(address)
    desk.register(organisations=[organisation("MAG")], sites=[site("mag", "MAG")])
    grant(desk, "BOTH", end_users=[DRIVES, MOTORS], mass_mg=1310 * KG)
    rows = [
        SOLD.format(event=f"X{day}{place}", day=day, kg=5, by="BOTH").split(" licence=")
        for day in range(1, 32) for place in (0, 1)
    ]  # fmt: skip
    sold = [f"{start} end_user_name={(DRIVES, MOTORS)[at % 2].replace(' ', '_')} licence={by}"
            for at, (start, by) in enumerate(rows)]  # fmt: skip
    desk.rows("MAG", "2025-07", MADE, *sold)
    return desk


def grant(desk: Desk, id_: str, **changed: Any) -> None:
    row = {
        "id": id_, "kind": "general", "exporter": "MAG", "end_users": [DRIVES], "control_items": ["1C905"],
        "valid_from": date(2025, 6, 1), "valid_to": date(2026, 5, 31),
    } | changed  # fmt: skip
    decided = grant_licence(store=desk.store, licence=licence_from(row), law=LAW, filed_at=NOW)
    assert decided.entry, [one.message("en") for one in decided.problems]


def inputs() -> Inputs:
    def table(name: Table, row: dict[str, Any]) -> pl.DataFrame:
        types = dict(schema(name))
        return pl.DataFrame([{column: row.get(column) for column in types}], schema=types)

    scenario = {"scenario": "s", "name_en": "S", "name_zh": "S", "base_from": "2025-07", "base_to": "2025-07",
                "starts": STARTS, "horizon_days": 120, "draws": 4}  # fmt: skip
    act = {"scenario": "s", "id": "l", "kind": "licence", "from": STARTS, "class": "magnet-ndfeb",
           "delay_working_days": 300.0, "approval_pct": 0.0}  # fmt: skip
    return EMPTY.having("scenarios", table("scenarios", scenario)).having("instruments", table("instruments", act))


def held(desk: Desk) -> Network:
    snapshot = open_snapshot(open_store(desk.store.database.url))
    network = network_of(snapshot, LAW, inputs(), base_from="2025-07", base_to="2025-07")
    accounts = accounts_at(desk.store, snapshot, LAW)
    return with_licences(network, accounts, snapshot.register, scenario_of(inputs(), "s"))


def test_what_is_left_of_a_licence_is_shared_among_what_it_covers(sqlite_url: str) -> None:
    desk = filed(sqlite_url)
    # 310 of 1310 have left; the two buyers get the same.
    assert held(desk).edges.held_kg.tolist() == pytest.approx([500, 500])
    wanted = Wanted(licence="BOTH", organisation="MAG", declaration="D", line="1", mass_mg=100 * KG, elements_mg={})
    assert reserve(store=desk.store, wanted=[wanted], law=LAW, on=STARTS, filed_at=NOW)[0].draw
    assert held(desk).edges.held_kg.sum() == pytest.approx(900)
    # For one buyer, for others' goods, places and items, of other days, at rest: only the first counts.
    grant(desk, "ONE", mass_mg=40 * KG, control_items=["1C904"], end_users=["DRIVES  GMBH", "Else AG"])
    grant(desk, "ITEM", mass_mg=40 * KG, control_items=["1C902"])
    grant(desk, "PLACE", mass_mg=40 * KG, destination="FR", valid_from=date(2024, 1, 1), valid_to=date(2025, 8, 9))
    grant(desk, "ENDED", mass_mg=40 * KG, valid_from=date(2024, 1, 1), valid_to=date(2024, 12, 31))
    grant(desk, "LATER", mass_mg=40 * KG, valid_from=date(2026, 6, 1), valid_to=date(2026, 12, 31))
    assert held(desk).edges.held_kg.sum() == pytest.approx(900)
    suspend_licence(store=desk.store, licence="BOTH", on=STARTS, reason="a review", filed_at=NOW)
    assert held(desk).edges.held_kg.sum() == 0


def test_both_databases_give_one_answer(sqlite_url: str, postgresql: Any) -> None:
    address = new_database(postgresql)
    try:
        told = []
        for url in (sqlite_url, address):
            store = filed(url).store
            snapshot = open_snapshot(open_store(store.database.url))
            document = run_scenario(snapshot, LAW, inputs(), "s", licences=accounts_at(store, snapshot, LAW))
            told.append(json.dumps({key: one for key, one in document.items() if key != "stamp"}))
            store.database.close()
    finally:
        drop(address)
    assert told[0] == told[1]
    found = json.loads(told[0])
    assert found["scope"]["held_kg"]["value"] == 1000
    assert "licences-held" in [one["code"] for one in found["notes"]]
