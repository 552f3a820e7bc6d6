"""The tours of the demo: every station opens for its role; the answer key says what was planted and what was seen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, override_settings
from django.urls import include, path
from tests import worlds
from tests.web.signing_in import signed_in

from lodeline.office.accounts.demonstration import PASSWORD, SAMPLE_ACCOUNTS
from lodeline.service.findings.finding import findings
from lodeline.service.overview.demonstration import Demo, answer_key, demo_of, note_demo
from lodeline.store.law import law_now
from lodeline.store.opening import open_store
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store
from lodeline.web import urls
from lodeline.web.page import served_view
from lodeline.web.pages.tour.pages import PAGES
from lodeline.web.pages.tour.stations import MOST, TOURS

pytestmark = pytest.mark.medium

urlpatterns = [
    path("<language:language>/", include([path(one.at, served_view(one), name=one.name) for one in PAGES])),
    *urls.urlpatterns,
]
handler404 = urls.handler404


@pytest.fixture(scope="module")
def demo(run_room: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The store of a demo."""
    url = worlds.living(run_room).copied_to(tmp_path_factory.mktemp("tour") / "store.sqlite3")
    store = open_store(url)
    with override_settings(
        LODELINE_DATABASE=url, LODELINE_DEMO=True, LODELINE_DEMO_CLOCK=worlds.MORNING, ROOT_URLCONF=__name__,
        LODELINE_MFA="optional",
    ):  # fmt: skip
        yield store
    store.database.close()


@pytest.fixture(autouse=True)
def note(demo: Store) -> None:
    """Three plants: found by their own detector, seen by another one, missed. Where notes lie is each test's own."""
    rows = findings(demo, open_snapshot(demo), law_now(demo)).as_json()["rows"]
    first = next(row for row in rows if row["detector"] == "quota-overrun")
    plants = [
        plant("P1", first["detector"], first["subject"]["organisation"], first["period"]),
        plant("P2", "ghost-stock", first["subject"]["organisation"], first["period"]),
        plant("P3", "unexplained-gain", "ALY-0001", {"from": "2024-01", "to": "2024-01"}),
    ]
    mistake = {"kind": "late", "organisation": "ALY-0001", "period": "2025-01", "cause": {"en": "ill", "zh": "病假"}}
    note_demo(
        demo.database,
        Demo(world={}, entry=0, root="", bare=False, planted=plants, mistakes=[mistake]),
    )  # fmt: skip


def plant(number: str, loophole: str, firm: str, period: dict[str, str]) -> dict[str, Any]:
    return {
        "id": number, "loophole": loophole, "manner": "", "adversary": "plain", "period": period, "mass_kg": "12.5",
        "subjects": {"organisation": firm, "site": f"{firm}-A", "organisations": [firm], "parties": []},
    }  # fmt: skip


def stations_of(page: str) -> list[str]:
    return [unescape(one) for one in re.findall(r'<b>\d+\.</b> <a href="([^"]+)"', page)]


@pytest.mark.parametrize("who", TOURS)
def test_every_station_opens_for_its_role(demo: Store, who: str) -> None:
    account = next((one.email for one in SAMPLE_ACCOUNTS if one.role == who), None)
    browser = Client(HTTP_HOST="127.0.0.1") if account is None else signed_in(account, PASSWORD)
    for language in ("en", "zh"):
        page = browser.get(f"/{language}/tour/{who}/")
        assert page.status_code == 200
        stops = stations_of(page.content.decode())
        assert 5 <= len(stops) <= MOST
    assert {stop: browser.get(stop).status_code for stop in stops} == dict.fromkeys(stops, 200)


def test_the_key_says_what_was_found_and_what_was_missed(demo: Store) -> None:
    page = Client(HTTP_HOST="127.0.0.1").get("/en/tour/").content.decode()
    told = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert "3 loopholes are planted in this year: 1 were found, 2 missed" in told
    assert re.search(r"P1 .* found .* P2 .* missed, others ask .* P3 .* missed –", told)
    noted = demo_of(demo.database)
    assert noted is not None
    rows = findings(demo, open_snapshot(demo), law_now(demo)).rows
    key = answer_key(noted, rows)
    assert (key.found, key.touched, key.missed) == (1, 1, 1)
    near = {row.id for one in key.rows for row in ([one.found] if one.found else []) + list(one.touched)}
    false = {one.finding.id for one in key.false}
    assert near | false | {row.id for row in key.shown} == {row.id for row in rows}
    assert not near & false


def test_where_there_is_no_demo_there_is_no_tour(demo: Store) -> None:
    browser = Client(HTTP_HOST="127.0.0.1")
    assert browser.get("/en/tour/nobody/").status_code == 404
    with override_settings(LODELINE_DEMO=False):
        assert browser.get("/en/tour/").status_code == 404
