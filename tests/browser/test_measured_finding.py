"""The journey that a plan is for: a loss in the books, a plan, items on a telephone without a network, results that
merge, the finding narrowed by them, and the firm's receipt."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from unittest.mock import patch

import pytest
from django.db import connections
from django.test import override_settings
from playwright.sync_api import Browser, expect

from lodeline.journal.verify import verify_receipt
from lodeline.office.access import clock
from lodeline.office.accounts.demonstration import PASSWORD
from lodeline.office.models import Membership, User
from lodeline.store.opening import open_store
from lodeline.web.server.serving import prepare
from tests.browser.conftest import context_of
from tests.browser.portal import PEOPLE, Portal, _environment, served
from tests.browser.test_telephone import Telephone, elsewhere
from tests.desk import Desk
from tests.office.test_measured_findings import MADE, make

pytestmark = pytest.mark.ci

FILER, MORNING = "filer.mine@demo.example", "2025-03-12T09:00:00+08:00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mine:
    """A portal on the store of one firm, of whose last count 200 kg lack."""

    portal: Portal
    store: Path


def build(store: Path) -> None:
    """The store, its tables, and somebody of the firm who signs in."""
    make(str(store))
    with patch.dict(os.environ, _environment(MORNING)), override_settings(LODELINE_DATABASE=str(store)):
        prepare(str(store))
        user = User.objects.create_user(FILER, PASSWORD, name="Xu Ning", joined_at=clock.now())
        Membership.objects.create(
            user=user, organisation="MINE", role="filer", valid_from=date(2025, 1, 1), granted_at=clock.now()
        )
        connections.close_all()


def file_march(store: Path) -> None:
    """The firm files the month of the visit."""
    with override_settings(LODELINE_DATABASE=str(store)):
        Desk(open_store(str(store))).rows("MINE", "2025-03", f"O3 origin 20 mine NEW 10 {MADE}")
        connections.close_all()


@pytest.fixture(scope="module")
def mine(executable: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mine]:
    store = tmp_path_factory.mktemp("mine") / "store.sqlite3"
    elsewhere(build, store)
    with served(store, store.with_name("errors"), clock=MORNING) as origin, Portal(origin) as portal:
        yield Mine(portal=portal, store=store)


def test_from_a_plan_to_a_finding_that_is_narrowed_and_the_receipt_of_the_firm(browser: Browser, mine: Mine) -> None:
    portal, inspector = mine.portal, PEOPLE["inspector"]
    portal.sign_in(inspector)
    listed = portal.html("/en/findings/", inspector)
    found = re.search(r'href="(/en/findings/[0-9a-f]{64}/)"', listed)
    assert found is not None and "Unexplained loss" in listed
    wanted = {"minutes": "2000", "on": "2025-03-12", "goal-Nd": "20", "detect-partial": "99", "chosen": "ranked"}
    entered = portal.send(inspector, "/en/inspections/mine/plan/", wanted)

    phone = Telephone.of(browser, portal, inspector, f"{entered.url}telephone/")
    page = phone.open()
    phone.ready()
    phone.context.set_offline(True)
    page.reload()
    phone.name("SC-7", calibrated="2025-01-10")
    for number in range(page.locator("#work li").count()):
        item = phone.item(number)
        lot = item.locator(".row").text_content() or ""
        item.get_by_label("Net mass on the label").fill("800" if "ORE" in lot else "1000")
        item.get_by_role("button", name="Write it down").click()
        # A hundred kilograms of what the count lacks lay in another hall.
        item.get_by_label("Net mass as weighed").fill("900" if "ORE" in lot else "1000")
        for element, share in (("Nd", "20"), ("Pr", "5")):
            reading = item.get_by_label(element, exact=True)
            if not reading.is_visible():
                item.get_by_role("button", name=f"+ {element}").click()
            reading.fill(share)
        if item.get_by_role("button", name="The three bags of the plan").is_visible():
            item.get_by_role("button", name="The three bags of the plan").click()
        phone.finish(number)
    # With the network back it is sent by itself.
    phone.context.set_offline(False)
    phone.sent("sent. They stand in the log.")

    page = phone.context.new_page()
    page.goto(f"{portal.origin}{found[1]}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_text("What inspectors measured")).to_have_count(0)
    elsewhere(file_march, mine.store)
    narrowed = page.get_by_role("link", name="Narrowed by measurement")
    for _ in range(60):
        if narrowed.count():
            break
        page.wait_for_timeout(500)
        page.reload()
    narrowed.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("more rare-earth oxide than it declared")

    firm = context_of(browser)
    firm.add_cookies(portal.cookies(FILER))
    page = firm.new_page()
    page.goto(f"{portal.origin}/en/firm/MINE/inspections/")
    page.locator("tbody a").first.click()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Receipt", exact=True).first.click()
    assert verify_receipt(waiting.value.path().read_text("utf-8")) == []
    firm.close()
    phone.context.close()
