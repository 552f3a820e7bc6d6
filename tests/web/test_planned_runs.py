"""Planned runs on pages: a firm announces and puts off its own, the authority sees what they reserve."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, override_settings
from tests.desk import Desk
from tests.office.trade import NOW, made_trade, person
from tests.stores import copied
from tests.web.conftest import Browser, Page

from lodeline.office.access.actor import Actor, RoleGrant
from lodeline.office.models import AuditRecord
from lodeline.service.licences.runs import planned_runs
from lodeline.store.opening import open_store
from lodeline.store.store import Store

pytestmark = pytest.mark.medium
QUOTA = "/en/firm/SEP/licences/?view=quota"
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
    return [(one.run, one.state, one.open_mg // 1_000_000) for one in found]


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


def officer(*roles: str, firms: frozenset[str] = frozenset()) -> Browser:
    standings = tuple(
        RoleGrant(organisation="", role=role, region="CN-JX" if firms else "", firms=firms) for role in roles
    )
    environ: Any = {"lodeline.actor": Actor(user=1, name="Officer", pseudonym="officer", standings=standings)}
    return Browser(client=Client(HTTP_HOST="127.0.0.1", **environ))


def page_of_run(store: Store, run: str = "R-7") -> str:
    """Where the list of the authority leads."""
    page = officer("quota-officer").page("/en/quotas/")
    (found,) = re.findall(rf'href="(/en/quotas/runs/\d+/)"><span class="nw">{run}<', page.html)
    return str(found)


def test_a_quota_officer_puts_a_run_off_and_the_firm_is_told(store: Store) -> None:
    of_firm("SEP").post(QUOTA, RUN)
    browser, at = officer("quota-officer"), page_of_run(store)
    page = browser.page(at)
    assert (page.status, page.headings[0]) == (200, "Run R-7 of SEP Ltd") and "120 kg become free again" in page.text
    assert "SEP公司的计划批次 R-7" in browser.page(at.replace("/en/", "/zh/")).text
    assert AuditRecord.objects.filter(kind="look", what="planned-run", organisation="SEP").count() == 2
    missing = Page(browser.post(at, {"reason": " "}))
    assert missing.status == 400 and "needs a reason" in missing.text and "or the planned run" in missing.text
    assert "计划批次的变化" in Page(browser.post(at.replace("/en/", "/zh/"), {"reason": " "})).text
    assert states(store) == [("R-7", "awaited", 120)]
    done = browser.post(at, {"reason": "the line was closed by order"})
    page = browser.page(done["Location"])
    assert "what it has not drawn is free again" in page.text and "the line was closed by order" in page.text
    assert "Call it off" not in page.text and states(store) == [("R-7", "put-off", 0)]
    again = browser.post(at, {"reason": "once more"})
    assert "That stood already" in browser.page(again["Location"]).text
    (record,) = AuditRecord.objects.filter(what="quota.run-void")
    assert (record.who, record.organisation, record.subject) == ("officer", "SEP", "R-7")
    told = of_firm("SEP").page("/en/firm/SEP/?kind=notice")
    assert told.text.count("The authority has called your planned run R-7 off") == 1
    assert "The reason: the line was closed by order" in told.text and f'href="{QUOTA}"' in told.html
    assert "主管部门已取消贵企业的计划批次 R-7" in of_firm("SEP").page("/zh/firm/SEP/?kind=notice").text


def test_what_a_run_has_drawn_is_not_put_off(store: Store) -> None:
    of_firm("SEP").post(QUOTA, RUN | {"reo_kg": "1"})
    at = page_of_run(store)
    Desk(store).rows(
        "SEP", "2025-02",
        "T9 transformation 3 sep MINE/ORE 20 role=in reason=run run=R-7",
        "T9 transformation 3 sep OX9 10 role=out product=oxide:Nd composition=Nd=24 reason=run run=R-7",
    )  # fmt: skip
    assert states(store) == [("R-7", "drawn", 0)]
    browser, head = officer("quota-officer"), store.head().size
    assert "Call it off" not in browser.page(at).text
    refused = Page(browser.post(at, {"reason": "too late"}))
    assert refused.status == 400 and "it has drawn all of it" in refused.text
    assert store.head().size == head


def test_others_see_the_run_and_cannot_put_it_off(store: Store) -> None:
    of_firm("SEP").post(QUOTA, RUN)
    at = page_of_run(store)
    for roles in ("auditor", "analyst", "licensing-officer", "registrar"):
        page = officer(roles).page(at)
        assert page.status == 200 and "Call it off" not in page.text
        assert officer(roles).post(at, {"reason": "because"}).status_code == 403
    elsewhere = officer("quota-officer", firms=frozenset({"MAG"}))
    assert elsewhere.get(at).status_code == elsewhere.post(at, {"reason": "because"}).status_code == 404
    assert of_firm("SEP").post(at, {"reason": "because"}).status_code == 403
    assert officer("quota-officer").get("/en/quotas/runs/999999/").status_code == 404
    assert states(store) == [("R-7", "awaited", 120)]
    assert officer("quota-officer", firms=frozenset({"SEP"})).post(at, {"reason": "by the region"}).status_code == 303
    assert states(store) == [("R-7", "put-off", 0)]


def test_who_may_not_file_sees_the_runs_and_announces_none(store: Store) -> None:
    of_firm("SEP").post(QUOTA, RUN)
    certifier = of_firm("SEP", "certifier")
    page = certifier.page(QUOTA)
    assert "R-7" in page.text and "Announce a run" not in page.text
    assert certifier.post(QUOTA, RUN | {"run": "R-8"}).status_code == 403
    assert of_firm("MAG").post(QUOTA, RUN | {"run": "R-8"}).status_code == 403
    assert [run for run, *_ in states(store)] == ["R-7"]
