"""Whom a filing touches: not all who bought of a lot, as long as it says nothing new of the lot."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.desk import LAW, Desk

from lodeline.service.findings.finding import SnapshotView, carried
from lodeline.service.overview import overview
from lodeline.store.carrying import Touched
from lodeline.store.snapshot import Snapshot
from lodeline.store.snapshot_opening import open_snapshot

pytestmark = pytest.mark.medium

OXIDE = "product=oxide:PrNd composition=Nd=60;Pr=20"
MADE = f"O origin 2 sep 1 100 {OXIDE} origin_kind=opening origin_place=CN-P"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """SEP has shipped parts of a lot to ALY and to MAG, who has received it; ALY files late."""
    found = Desk(str(tmp_path / "store.sqlite3"))
    found.firms("SEP", "ALY", "MAG")
    sold = [f"{one} shipment 3 sep 1 30 counterparty={one}" for one in ("ALY", "MAG")]
    found.rows("SEP", "2025-06", MADE, *sold)
    found.rows("MAG", "2025-06", "R receipt 4 mag SEP/1 30 counterparty=SEP")
    return found


def looked_at(desk: Desk) -> Snapshot:
    snapshot = open_snapshot(desk.store)
    overview.balances(snapshot)
    snapshot.made.keep("seen", "all")
    return snapshot


def touched(desk: Desk, before: Snapshot) -> Touched:
    return open_snapshot(desk.store, before).made.latest("seen")[1]


def test_who_takes_in_and_uses_of_a_lot_touches_who_shipped_it(desk: Desk) -> None:
    before = looked_at(desk)
    desk.rows(
        "ALY", "2025-06", "R receipt 4 aly SEP/1 30 counterparty=SEP", "T transformation 5 aly SEP/1 10 role=in",
        "T transformation 5 aly 7 8 role=out product=metal:PrNd composition=Nd=75;Pr=25",
    )  # fmt: skip
    found = touched(desk, before)
    assert (set(found.sites), set(found.organisations)) == ({"sep", "aly"}, {"SEP", "ALY"})


def test_who_says_anew_what_a_lot_is_touches_all_who_have_it(desk: Desk) -> None:
    desk.rows("ALY", "2025-06", "R receipt 4 aly SEP/1 30 counterparty=SEP")
    before = looked_at(desk)
    made_otherwise = f"{MADE} reason=assayed-again".replace("Nd=60", "Nd=61")
    filed = desk.store.database.rows("SELECT MIN(\"index\") FROM entry WHERE organisation = 'SEP'")
    desk.rows("SEP", "2025-06", made_otherwise, corrects=int(str(filed[0][0])))
    found = touched(desk, before)
    assert (set(found.sites), set(found.organisations)) == ({"sep", "aly", "mag"}, {"SEP", "ALY", "MAG"})


def test_a_month_that_was_missing_has_customers_looked_at_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for month in ("2025-07", "2025-08"):
        desk.rows("MAG", month)
    before = open_snapshot(desk.store)
    carried(SnapshotView(store=desk.store, snapshot=before, law=LAW))
    desk.rows("SEP", "2025-07", MADE.replace("O origin 2 sep 1", "P origin 2 sep 2"))
    looked: set[str] = set()
    of_firms = Snapshot.of_firms

    def noting(self: Snapshot, firms: frozenset[str]) -> Snapshot:
        looked.update(firms)
        return of_firms(self, firms)

    monkeypatch.setattr(Snapshot, "of_firms", noting)
    carried(SnapshotView(store=desk.store, snapshot=open_snapshot(desk.store, before), law=LAW))
    assert {"ALY", "MAG"} <= looked
