"""A loss of the books and a visit to its site: the finding is confirmed or cleared, with a history."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.test import override_settings
from tests.desk import LAW, Desk, organisation, site
from tests.office.conftest import official
from tests.stores import copied

from lodeline.detection.battery import finding_of
from lodeline.office.inspections.measuring import measure
from lodeline.service.findings.finding import findings
from lodeline.service.inspections.measuring import Weighing
from lodeline.service.log.audit import verify
from lodeline.store.opening import open_store
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store

pytestmark = pytest.mark.medium

NOW, ON = datetime(2025, 3, 12, 2, 0, tzinfo=UTC), date(2025, 2, 28)
MADE = "product=concentrate origin_kind=mined origin_place=CN-PIT composition=Nd=20;Pr=5 method=scale"


def make(url: str) -> None:
    """Of the 2 000 kg that MINE had counted in January, its count of February lacks 200."""
    desk = Desk(url)
    desk.register(
        organisations=[organisation("MINE", roles="miner")], sites=[site("mine", "MINE", "mine")],
        methods=[
            {"id": name, "quantity": quantity, "element": None, "random_pct": random, "systematic_pct": "0.1",
             "calibration": None}
            for name, quantity, random in (("scale", "weighing", "0.1"), ("xrf", "assay", "2"))
        ],
    )  # fmt: skip
    desk.rows("MINE", "2025-01", f"O1 origin 2 mine ORE 1000 {MADE}", f"O2 origin 2 mine OLD 1000 {MADE}",
              "C1 stock 31 mine ORE 1000 method=scale", "C1 stock 31 mine OLD 1000 method=scale")  # fmt: skip
    desk.rows("MINE", "2025-02", "C2 stock 28 mine ORE 800 method=scale", "C2 stock 28 mine OLD 1000 method=scale")
    desk.put_away()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with override_settings(LODELINE_DATABASE=copied(make, url)):
        made = open_store(url)
        yield made
        made.database.close()


def seen(store: Store) -> dict[str, Any]:
    """The findings by detector, carried over and from nothing: both alike."""
    carried = findings(store, open_snapshot(store, open_snapshot(store)), LAW).as_json()["rows"]
    return {row["detector"]: row for row in carried}


def visited(store: Store, *rows: str) -> None:
    head = "lot,declared_kg,mass_kg,note,outcome,instrument,calibrated_on,method"
    file = "\n".join((head, *(f"{row},present,S-1,2025-01-10,scale" for row in rows))).encode()
    weighing = Weighing(site="mine", on=ON, files=[("visit.csv", file)])
    done = measure(official("inspector"), store, weighing, organisation="MINE", now=NOW, today=NOW.date())
    assert done.entries, [one.message("en") for one in done.problems]


def test_a_loss_that_the_stock_shows_too_is_confirmed(store: Store) -> None:
    before = seen(store)["unexplained-loss"]
    visited(store, "ORE,800,800,", "OLD,1000,1000,")
    after = seen(store)["unexplained-loss"]
    (step,) = after["measured"]["steps"]
    assert (step["state"], step["before_kg"]) == ("confirmed", before["mass_kg"])
    assert after["id"] == before["id"]
    assert finding_of(after).by_books().as_json() == before
    assert not verify(store).faults


def test_goods_that_the_count_left_out_clear_it(store: Store) -> None:
    before = seen(store)
    assert "measured-difference" not in before
    visited(
        store,
        "ORE,800,1000,the rest lay in the second hall",
        "OLD,1000,1000,",
    )
    after = seen(store)
    (step,) = after["unexplained-loss"]["measured"]["steps"]
    assert step["state"] == "cleared"
    assert after["unexplained-loss"]["score"] < 0.99 < before["unexplained-loss"]["score"]
    assert "more was there" in after["measured-difference"]["explanation"]["en"]


def test_declared_goods_that_are_gone_are_a_finding_though_the_books_close(store: Store) -> None:
    visited(store, "ORE,800,800,", "OLD,1000,600,")
    found = seen(store)["measured-difference"]
    assert found["subject"]["site"] == "mine"
    assert "was not there" in found["explanation"]["en"]
    low, high = map(float, found["interval_kg"])
    assert low < float(found["mass_kg"]) < high
