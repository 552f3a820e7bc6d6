"""A replay in a country of fiction, so that no code knows China: exports, declarations, filings and findings."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.desk import Desk, organisation, site

from lodeline.regulation.parameter import load
from lodeline.service.customs.replay import replay
from lodeline.store.snapshot_opening import open_snapshot

RURITANIA = load("zz", Path(__file__).parents[1] / "unit/regulation/packs")
MAGNET = "product=magnet-ndfeb composition=Nd=30;Fe=68.7;B=1"
ABROAD = "counterparty=ABROAD counterparty_country=DE destination=DE"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """MAG exports a neodymium magnet and a cerium oxide in June 2025, filed on 5 July; IDLE never files."""
    desk = Desk(str(tmp_path_factory.mktemp("replay") / "store.sqlite3"))
    desk.register(
        organisations=[
            organisation("MAG", roles="magnet-maker|exporter", country="ZZ"),
            organisation("IDLE", roles="magnet-maker", country="ZZ"),
            organisation("ABROAD", roles="end-user", country="DE"),
        ],
        sites=[site("mag", "MAG"), site("idle", "IDLE")],
    )
    desk.rows(
        "MAG", "2025-06",
        f"E1 origin 2 mag M1 100 origin_kind=opening {MAGNET}",
        "E2 origin 2 mag O1 100 origin_kind=opening product=oxide:Ce composition=Ce=81",
        f"E3 export 9 mag M1 40 product=magnet-ndfeb {ABROAD} declaration=D1 hs_code=8505111000",
        f"E4 export 9 mag O1 40 product=oxide:Ce {ABROAD} declaration=D2 hs_code=2846101000",
    )  # fmt: skip
    return desk


def replayed(desk: Desk, first: date, second: date, known: date | None = None) -> dict[str, Any]:
    return replay(desk.store, open_snapshot(desk.store), RURITANIA, first=first, second=second, known=known)


def test_the_export_that_came_under_the_edict_and_no_other(desk: Desk) -> None:
    found = replayed(desk, date(2031, 3, 31), date(2031, 4, 1))
    assert found["exports"]["judged"] == 2
    (row,) = found["exports"]["rows"]
    assert (row["event"], row["lot"], row["mass_kg"]) == ("E3", "MAG/M1", "40")
    assert (row["from"]["licence"], row["to"]["licence"]) == ("not-needed", "needed")
    assert [item["item"] for item in row["to"]["items"]] == ["R-1"]
    assert row["to"]["items"][0]["instrument"] == "edict-1"
    (declared,) = found["declarations"]["rows"]
    assert (declared["declaration"], declared["from"], declared["to"]) == ("D1", "release", "hold")
    assert [why["code"] for why in declared["come"]] == ["item.no-licence"]
    assert found["filings"]["rows"] == found["findings"]["rows"] == []
    assert {(one["parameter"], one["from"], one["to"]) for one in found["law"]} == {
        ("control-list", "not-yet", "in-force"), ("toll", "in-force", "ended"),
    }  # fmt: skip


def test_the_other_way_round_it_goes(desk: Desk) -> None:
    """Suspended from July on: the same answer as backwards over the first day."""
    for first, second in ((date(2031, 6, 30), date(2031, 7, 1)), (date(2031, 4, 1), date(2031, 3, 31))):
        found = replayed(desk, first, second)
        (row,) = found["exports"]["rows"]
        assert (row["from"]["licence"], row["to"]["licence"]) == ("needed", "not-needed")
        assert [why["code"] for why in found["declarations"]["rows"][0]["gone"]] == ["item.no-licence"]


def test_what_was_not_published_is_not_replayed(desk: Desk) -> None:
    """The suspension was published on 10 June: before, both days had the edict."""
    days = date(2031, 6, 30), date(2031, 7, 1)
    assert replayed(desk, *days, known=date(2031, 6, 9))["exports"]["rows"] == []
    assert len(replayed(desk, *days, known=date(2031, 6, 10))["exports"]["rows"]) == 1


def test_another_deadline_makes_a_month_late_and_another_missing(desk: Desk) -> None:
    found = replayed(desk, date(2032, 12, 31), date(2033, 1, 1))
    assert [(row["organisation"], row["from"], row["to"]) for row in found["filings"]["rows"]] == [
        ("IDLE", None, "missing"), ("MAG", "filed", "late"),
    ]  # fmt: skip
    missing = [row for row in found["findings"]["rows"] if row["detector"] == "missing-filing"]
    assert [(row["what"], row["subject"]) for row in missing] == [("comes", {"organisation": "IDLE"})]
    assert missing[0]["from"] is None
    assert found["exports"]["rows"] == found["declarations"]["rows"] == []


def test_the_same_law_answers_the_same(desk: Desk) -> None:
    found = replayed(desk, date(2031, 5, 1), date(2031, 5, 2))
    assert found["law"] == []
    assert all(not found[kind]["rows"] for kind in ("exports", "declarations", "filings", "findings"))


def test_before_there_was_a_deadline_nothing_was_due(desk: Desk) -> None:
    """The first day lies before the almanac."""
    found = replayed(desk, date(2030, 1, 1), date(2031, 1, 1))
    assert [(row["organisation"], row["from"], row["to"]) for row in found["filings"]["rows"]] == [
        ("MAG", None, "filed")
    ]
