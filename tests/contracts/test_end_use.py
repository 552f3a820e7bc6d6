"""What is known of an end user: licences and exports of every exporter, under every name that certainly means it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from tests.contracts.test_draws import DAY, KG, MADE, ask, export, grant, want
from tests.desk import LAW, Desk

from lodeline.control.licences import application as written
from lodeline.control.licences.application import Application
from lodeline.service.licences.end_use import EndUses, end_uses
from lodeline.store.snapshot_opening import open_snapshot

pytestmark = pytest.mark.medium
SAID: dict[str, Any] = {
    "kind": "general", "end_users": "ABROAD Ltd", "valid_from": "2025-07-01", "valid_to": "2026-06-30",
    "goods": [
        {
            "product_name": "NdFeB magnets", "product": "magnet-ndfeb", "hs_code": "8505111000", "mass_kg": "1000",
            "control_item": "1C905.a.4", "composition": "Nd=28;Pr=2;Dy=2;Fe=67;B=1", "value": "1",
        }
    ],
}  # fmt: skip


def application(**changes: Any) -> Application:
    return written.read(written.plain({**SAID, **changes}), exporter="MAG")


def seen(
    desk: Desk, asked: Application, *pending: Application, day: date = DAY, **granted: Application
) -> EndUses:  # fmt: skip
    return end_uses(
        desk.store, open_snapshot(desk.store), LAW, application=asked, pending=pending,
        granted=lambda licences: {one: granted[one] for one in licences if one in granted}, today=day,
    )  # fmt: skip


def test_an_application_alone_is_what_it_asks_for(desk: Desk) -> None:
    (row,) = seen(desk, application()).rows
    assert (row.end_user, row.element, row.asked_mg, row.next_year_mg) == ("ABROAD Ltd", "Dy", 20 * KG, 20 * KG)
    assert (row.pending_mg, row.licensed_mg, row.exported_mg, row.questions) == (0, 0, 0, ())


def test_licences_reservations_and_exports_of_all_exporters_are_summed_under_all_its_names(desk: Desk) -> None:
    # An alias of the register, another way to write it, and somebody else.
    grant(desk, "L1", mass_mg=1000 * KG, elements="Dy=40", end_users=["Abroad Magnets"])
    grant(desk, "L2", exporter="TRADE", mass_mg=500 * KG, elements="Dy=10", end_users=["abroad  ltd."])
    grant(desk, "L3", exporter="SEP", mass_mg=500 * KG, elements="Dy=7", end_users=["Drives GmbH"])
    desk.rows("MAG", "2025-06", MADE.format(kg=1000), export(1, 100, day=5) + " end_user_name=ABROAD-Ltd")
    ask(desk, want("1", 100, declaration="D2"))
    used = seen(desk, application(needs="Dy; 60; 60"), application(end_users="Abroad Magnets"))
    (row,) = used.rows
    # 2 of 40 kg have left on L1 and 2 are reserved, which may still leave; 10 on L2, 20 pending, 20 asked for.
    assert (row.licensed_mg, row.exported_mg) == (48 * KG, 2 * KG)
    assert (row.pending_mg, row.asked_mg, row.next_year_mg) == (20 * KG, 20 * KG, 88 * KG)
    assert (row.over_need_mg, row.questions) == (28 * KG, ("need-exceeded",))
    assert {"Abroad Magnets"} <= used.names["ABROAD Ltd"]
    assert seen(desk, application(needs="Dy; 88; 88")).rows[0].questions == ()


def test_what_was_granted_on_an_application_is_counted_once(desk: Desk) -> None:
    grant(desk, "L1", mass_mg=1000 * KG, elements="Dy=20", end_users=["ABROAD Ltd"])
    asked = application()
    used = end_uses(
        desk.store, open_snapshot(desk.store), LAW, application=asked, pending=(),
        granted=lambda licences: dict.fromkeys(licences, asked), today=DAY, is_decided=True,
    )  # fmt: skip
    (row,) = used.rows
    assert (row.asked_mg, row.licensed_mg, row.next_year_mg) == (0, 20 * KG, 20 * KG)


def test_what_left_counts_for_twelve_months_and_no_longer(desk: Desk) -> None:
    desk.rows("MAG", "2025-06", MADE.format(kg=1000), export(1, 100, licence="", day=5) + " end_user_name=ABROAD-Ltd")
    left = date(2025, 6, 5)
    for day, kg in ((left, 2), (left + timedelta(days=364), 2), (left + timedelta(days=365), 0)):
        assert seen(desk, application(), day=day).rows[0].exported_mg == kg * KG, day


def test_a_buyer_that_buys_for_others_is_seen_and_asked_about(desk: Desk) -> None:
    bought = " counterparty=ABROAD counterparty_name=Abroad-Magnets counterparty_country=DE"
    desk.rows(
        "MAG", "2025-06", MADE.format(kg=1000),
        export(1, 100, licence="", day=5) + " end_user_name=Drives-GmbH" + bought,
        export(2, 300, licence="", day=6) + bought,
    )  # fmt: skip
    (row,) = seen(desk, application(needs="Dy; 60; 60")).rows
    assert (row.exported_mg, row.onward_mg, row.onward_ppb) == (6 * KG, 2 * KG, 250_000_000)
    assert row.questions == ("onward",)
    both = seen(desk, application(end_users="ABROAD Ltd\nDrives GmbH")).rows
    assert [(one.end_user, one.exported_mg, one.onward_mg) for one in both] == [
        ("ABROAD Ltd", 6 * KG, 2 * KG), ("Drives GmbH", 2 * KG, 0),
    ]  # fmt: skip


def test_a_licence_that_states_no_element_counts_by_its_application_or_is_said(desk: Desk) -> None:
    grant(desk, "L1", mass_mg=500 * KG, elements=None, end_users=["ABROAD Ltd"])
    unknown = seen(desk, application())
    assert (unknown.rows[0].licensed_mg, dict(unknown.unstated_mg)) == (0, {"ABROAD Ltd": 500 * KG})
    known = seen(desk, application(), L1=application())
    assert (known.rows[0].licensed_mg, dict(known.unstated_mg)) == (10 * KG, {})


def test_what_is_over_counts_no_more(desk: Desk) -> None:
    grant(desk, "L1", mass_mg=500 * KG, elements="Dy=10", end_users=["ABROAD Ltd"])
    assert seen(desk, application(), day=date(2026, 5, 31)).rows[0].licensed_mg == 10 * KG
    assert seen(desk, application(), day=date(2026, 6, 1)).rows[0].licensed_mg == 0


def test_two_names_of_one_end_user_on_one_application_are_one(desk: Desk) -> None:
    asked = application(end_users="ABROAD Ltd\nAbroad Magnets\nDrives GmbH", needs="Dy; 19; 19; Abroad Magnets")
    first, second = seen(desk, asked).rows
    assert (first.end_user, first.asked_mg, first.need_mg, first.over_need_mg) == ("ABROAD Ltd", 20 * KG, 19 * KG, KG)
    assert (second.end_user, second.asked_mg, second.need_mg) == ("Drives GmbH", 20 * KG, None)


def test_a_licence_for_one_export_that_has_left_allows_no_more(desk: Desk) -> None:
    grant(desk, "L1", kind="individual", mass_mg=1000 * KG, elements="Dy=40", end_users=["ABROAD Ltd"])
    assert seen(desk, application()).rows[0].licensed_mg == 40 * KG
    desk.rows("MAG", "2025-06", MADE.format(kg=1000), export(1, 100, day=5) + " end_user_name=ABROAD-Ltd")
    row = seen(desk, application()).rows[0]
    assert (row.licensed_mg, row.exported_mg) == (0, 2 * KG)
