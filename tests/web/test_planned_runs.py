"""Planned runs on pages: a firm announces and puts off its own, the authority sees what they reserve."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, override_settings
from tests.office.trade import NOW, made_trade, person
from tests.stores import copied
from tests.web.conftest import Browser, Page

from lodeline.office.models import AuditRecord
from lodeline.service.runs import planned_runs
from lodeline.store.opening import open_store
from lodeline.store.store import Store

pytestmark = pytest.mark.medium
QUOTA = "/en/firm/SEP/quota/"
RUN = {
    "act": "announce", "run": "R-7", "kind": "separation", "ore_type": "", "year": "2025", "reo_kg": "120",
}  # fmt: skip


@pytest.fixture
def store(tmp_path: Path, pages: None) -> Iterator[Store]:
    path = copied(made_trade, str(tmp_path / "store.sqlite3"))
    with override_settings(LODELINE_DATABASE=path, LODELINE_DEMO_CLOCK="2025-02-07T09:00:00+08:00"):
        yield open_store(path)


def of_firm(firm: str, *roles: str) -> Browser:
    environ: Any = {"lodeline.actor": person(firm, *roles)}
    return Browser(client=Client(HTTP_HOST="127.0.0.1", **environ))


def states(store: Store) -> list[tuple[str, str, int]]:
    """Run, state and kg that it still reserves, the newest first."""
    found = planned_runs(store, store.register(store.head()), day=NOW.date())
    return [
        (run, state, open_mg // 1_000_000) for run, state, open_mg in found.select("run", "state", "open_mg").rows()
    ]


def test_a_firm_announces_a_run_and_puts_it_off(store: Store) -> None:
    browser = of_firm("SEP")
    assert "No run is announced" in browser.page(QUOTA).text
    done = browser.post(QUOTA, RUN)
    assert done.status_code == 303
    page = browser.page(done["Location"])
    assert "its quota set aside" in page.text and "R-7" in page.text and "Waits for its rows" in page.text
    assert states(store) == [("R-7", "awaited", 120)]
    again = browser.post(QUOTA, RUN)
    assert "That stood already" in browser.page(again["Location"]).text
    official = Browser(client=Client(HTTP_HOST="127.0.0.1"))
    assert "R-7" in official.page("/en/quotas/").text and "计划批次" in official.page("/zh/quotas/").text
    browser.post(QUOTA, {"act": "put-off", "run": "R-7", "reason": "the furnace is down"})
    assert states(store) == [("R-7", "put-off", 0)]
    assert "已取消" in browser.page(QUOTA.replace("/en/", "/zh/")).text
    assert [one.what for one in AuditRecord.objects.filter(kind="act")] == ["quota.run", "quota.run-void"]


def test_what_passes_the_quota_is_accepted_and_said(store: Store) -> None:
    browser = of_firm("SEP")
    done = browser.post(QUOTA, RUN | {"reo_kg": "5000"})
    assert "It passes your quota" in browser.page(done["Location"]).text
    assert states(store) == [("R-7", "awaited", 5000)]


def test_what_cannot_be_announced_says_why_and_keeps_what_was_typed(store: Store) -> None:
    browser = of_firm("SEP")
    browser.post(QUOTA, RUN)
    head = store.head().size
    mass = Page(browser.post(QUOTA, RUN | {"run": "R-8", "reo_kg": "much"}))
    assert mass.status == 400 and "'much' is no mass" in mass.text and 'value="R-8"' in mass.html
    other = Page(browser.post(QUOTA, RUN | {"reo_kg": "90"}))
    assert other.status == 400 and "R-7" in other.text
    past = Page(browser.post(QUOTA, RUN | {"run": "R-9", "year": "2019"}))
    assert past.status == 400 and "Give this year or the next" in past.text
    assert Page(browser.post(QUOTA, {"act": "put-off", "run": "R-7", "reason": ""})).status == 400
    assert Page(browser.post(QUOTA, {"act": "put-off", "run": "R-0", "reason": "x"})).status == 400
    assert browser.post(QUOTA, RUN | {"kind": "smelting"}).status_code == 400
    assert store.head().size == head


def test_who_may_not_file_sees_the_runs_and_announces_none(store: Store) -> None:
    of_firm("SEP").post(QUOTA, RUN)
    certifier = of_firm("SEP", "certifier")
    page = certifier.page(QUOTA)
    assert "R-7" in page.text and "Announce a run" not in page.text
    assert certifier.post(QUOTA, RUN | {"run": "R-8"}).status_code == 403
    assert of_firm("MAG").post(QUOTA, RUN | {"run": "R-8"}).status_code == 403
    assert [run for run, *_ in states(store)] == ["R-7"]
