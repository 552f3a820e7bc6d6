"""An inspector's day on a telephone: a plan is opened, the network goes, items are entered, the browser is closed.

Then the network comes back: all of it is sent and merges with what a second inspector sent; the firm has its receipt.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.test import override_settings
from playwright.sync_api import Browser, BrowserContext, Error, Locator, Page, Route, expect

from lodeline.journal.verify import verify_receipt
from lodeline.office.access import clock
from lodeline.office.accounts.demonstration import PASSWORD
from lodeline.office.models import Membership, User
from lodeline.service.inspections.visits import inspections
from lodeline.store.opening import open_store
from tests.browser.conftest import PATIENCE_MS, Workshop, context_of
from tests.browser.looking import Watch, barriers, is_dark, scrolls_sideways
from tests.browser.portal import PEOPLE, Portal

pytestmark = pytest.mark.medium
FIRST, SECOND = PEOPLE["inspector"], "inspector.second@demo.example"
#: What lies in the browser: names of caches, and the state of each entry.
LEFT = """async () => {
  const given = (asked) => new Promise((done) => { asked.onsuccess = () => done(asked.result); });
  const opened = await given(indexedDB.open("lodeline-telephone"));
  const kept = await given(opened.transaction("kept").objectStore("kept").getAll());
  opened.close();
  const registered = await navigator.serviceWorker.getRegistrations();
  return [await caches.keys(), kept.map((one) => one.state ?? "tools"), registered.length];
}"""


def employ(store: Path) -> None:
    """Gives the authority a second inspector."""
    with override_settings(LODELINE_DATABASE=str(store)):
        user = User.objects.create_user(SECOND, PASSWORD, name="Ou Yang", joined_at=clock.now())
        Membership.objects.create(
            user=user, organisation="", role="inspector", valid_from=date(2025, 1, 1), granted_at=clock.now()
        )
        connections.close_all()


def measured(store: Path, plan: int) -> list[dict[str, Any]]:
    """What stands in the log of a plan, row by row."""
    with override_settings(LODELINE_DATABASE=str(store)):
        papers = [one.paper for one in inspections(open_store(str(store))) if one.act == "measurement"]
        connections.close_all()
    return [row for paper in papers if paper["plan"] == plan for row in paper["rows"]]


def elsewhere(act: Any, *arguments: Any) -> Any:
    """In a thread of its own: this one has the browser's event loop, which Django's database refuses."""
    with ThreadPoolExecutor(1) as another:
        return another.submit(act, *arguments).result()


def planned(portal: Portal, site: str) -> str:
    """The address of the telephone page of a plan with time for samples of everything."""
    portal.sign_in(FIRST)
    wanted = {"minutes": "2000", "goal-Nd": "100", "detect-gross": "90", "detect-bias": "50", "chosen": "asked"}
    entered = portal.send(FIRST, f"/en/inspections/{site}/plan/", wanted)
    assert re.fullmatch(r"/en/inspections/plans/\d+/", entered.url.path), entered.url.path
    return f"{entered.url}telephone/"


@dataclass(kw_only=True)
class Telephone:
    """A telephone on which somebody has signed in, and the page on it."""

    context: BrowserContext
    address: str
    page: Page = field(init=False)

    @classmethod
    def of(cls, browser: Browser, portal: Portal, by: str, address: str, **options: Any) -> Telephone:
        look = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, **options}
        context = context_of(browser, **look)
        context.add_cookies(portal.cookies(by))
        return cls(context=context, address=address)

    def open(self) -> Page:
        """Opens the page, as at first and after the browser was closed."""
        self.page = self.context.new_page()
        self.page.goto(self.address)
        return self.page

    def ready(self) -> None:
        """Waits until the page would open without a network, and knows the portal's day."""
        expect(self.page.get_by_text("kept for when there is none")).to_be_visible()
        self.page.wait_for_load_state("networkidle")

    def item(self, number: int) -> Locator:
        """An item of the route, unfolded."""
        item = self.page.locator("#work li").nth(number)
        head = item.locator(".row")
        if head.get_attribute("aria-expanded") != "true":
            head.click()
        return item

    def bag(self, number: int, part: str, bag: str) -> Locator:
        """Writes the number of a bag at an item, whether the plan has a sample of it or not; gives the item."""
        item = self.item(number)
        if not item.get_by_label(f"Bag: {part}").is_visible():
            item.locator("summary").click()
        item.get_by_label(f"Bag: {part}").fill(bag)
        item.get_by_label("Seal on the item").click()
        return item

    def name(self, scale: str, calibrated: str = "2025-07-01") -> None:
        """Names the scale and the methods, once for all items."""
        tools = self.page.locator("#tools")
        if tools.get_attribute("open") is None:
            tools.locator("summary").click()
        tools.get_by_label("Number of the scale").fill(scale)
        tools.get_by_label("Its last calibration").fill(calibrated)
        for label in ("Method of weighing", "Method of the XRF"):
            tools.get_by_label(label).select_option(index=1)
        tools.get_by_label("The XRF reads as").select_option("element")

    def done(self, number: int, *, outcome: str = "Present") -> None:
        """An item that is seen, or not, and nothing more."""
        self.item(number).get_by_role("button", name=outcome, exact=True).click()
        self.finish(number)

    def finish(self, number: int, *, said: str = "") -> None:
        """What was entered of an item is all of it. `said`: of one that the portal sends back, which is done for a
        moment alone."""
        item = self.item(number)

        def ended(patience_ms: float) -> None:
            if said:
                expect(self.page.locator("#said")).to_contain_text(said, timeout=patience_ms)
            else:
                expect(item).to_have_class("is-done", timeout=patience_ms)

        item.get_by_role("button", name="Done with this item").click()
        try:
            ended(PATIENCE_MS / 8)
        except AssertionError:
            # A notice that came above it between press and release moved the button away: a finger presses again.
            self.item(number).get_by_role("button", name="Done with this item").click()
            ended(PATIENCE_MS)

    @property
    def far(self) -> str:
        return self.page.locator("#far").text_content() or ""

    def sent(self, words: str) -> None:
        """Waits for what is said of sending."""
        expect(self.page.locator("#said")).to_contain_text(words)


@pytest.fixture(scope="module")
def second(workshop: Workshop) -> str:
    elsewhere(employ, workshop.store)
    return SECOND


@pytest.fixture
def phone(browser: Browser, workshop: Workshop) -> Iterator[Telephone]:
    portal = workshop.portal
    made = Telephone.of(browser, portal, FIRST, planned(portal, f"{portal.firm}-A"))
    yield made
    made.context.close()


def weigh_short(phone: Telephone, number: int) -> str:
    """An item whose label says more than the scale; gives its name. What a device can see is said on the way."""
    items = phone.page.evaluate("JSON.parse(document.getElementById('data').dataset.plan).items")
    declared, item = items[number]["book"], phone.item(number)
    assert {"weigh", "laboratory"} <= set(items[number]["do"]), "the plan has a sample of it"
    # What is declared is written down before anything is weighed.
    mass = item.get_by_label("Net mass as weighed")
    expect(mass).to_be_disabled()
    item.get_by_label("Net mass on the label").fill(declared)
    item.get_by_role("button", name="Write it down").click()
    expect(mass).to_be_enabled()
    expect(item.get_by_text("In the books")).to_have_count(0)
    mass.fill(str(float(declared) * 1000))
    item.get_by_label("Moisture").click()
    expect(item.get_by_text("perhaps another unit")).to_be_visible()
    mass.fill(f"{float(declared) * 0.8:.3f}")
    item.get_by_label("Moisture").fill("0.1")
    expect(item.get_by_text("In the books")).to_be_visible()
    if not item.get_by_role("button", name="+ Nd").is_visible():
        item.locator("summary").click()
    item.get_by_role("button", name="+ Nd").click()
    item.get_by_label("Nd", exact=True).fill("130")
    item.get_by_label("Moisture").click()
    expect(item.get_by_text("add up to 130 %")).to_be_visible()
    item.get_by_label("Nd", exact=True).fill("25.5")
    item.get_by_role("button", name="The three bags of the plan").click()
    phone.finish(number)
    return str(items[number]["lot"])


def test_a_day_without_network_is_sent_and_merges(
    browser: Browser, workshop: Workshop, phone: Telephone, second: str
) -> None:
    portal, page = workshop.portal, phone.open()
    watch = Watch(page, portal.origin)
    phone.ready()
    plan = int(phone.address.split("/")[-3])
    # The network goes; the page opens all the same, and no other page of the portal does.
    phone.context.set_offline(True)
    page.reload()
    expect(page.get_by_text("No network: go on")).to_be_visible()
    other_page = phone.context.new_page()
    with pytest.raises(Error, match="ERR_INTERNET_DISCONNECTED"):
        other_page.goto(phone.address.removesuffix("telephone/"))
    other_page.close()
    phone.name("SC-0412")
    lot = weigh_short(phone, 0)
    phone.done(1, outcome="Absent")
    # A bag that is in use already is seen at once, in the words of the portal.
    bags = page.evaluate("JSON.parse(document.getElementById('data').dataset.plan).items[0].bags")
    expect(phone.bag(2, "Authority", bags[0]).get_by_text("stands in row 1 as well")).to_be_visible()
    phone.bag(2, "Authority", "")
    phone.finish(2)
    count = page.locator("#work li").count()
    assert phone.far == f"3 of {count} done, {count - 3} left; 3 not sent yet"
    # The browser is closed and opened again, still without a network.
    page.close()
    page = phone.open()
    expect(page.locator("#far")).to_have_text(f"3 of {count} done, {count - 3} left; 3 not sent yet")
    assert elsewhere(measured, workshop.store, plan) == []

    # Meanwhile a second inspector has sent what he saw, an item of the first's among it.
    other = Telephone.of(browser, portal, second, phone.address, color_scheme="dark")
    other.open()
    other.ready()
    other.done(3)
    other.sent("1 sent. They stand in the log.")
    assert is_dark(other.page) and barriers(other.page) == [] and scrolls_sideways(other.page) == 0

    # The network is back: what was kept is sent by itself, each row once.
    phone.context.set_offline(False)
    phone.sent("3 sent. They stand in the log.")
    expect(page.get_by_text("Measured by another inspector")).to_be_visible()
    assert phone.far == f"3 of {count} done, {count - 3} left"
    rows = elsewhere(measured, workshop.store, plan)
    assert len(rows) == len({row["uid"] for row in rows}) == 4
    weighed = next(row for row in rows if row["name"] == lot)
    assert weighed["mass_mg"] < weighed["declared_mg"] and weighed["instrument"] == "SC-0412"
    assert [row["outcome"] for row in rows].count("absent") == 1
    assert [one for one in watch.complaints if "INTERNET_DISCONNECTED" not in one] == []
    other.context.close()
    shown_to_both(browser, workshop, phone)


def shown_to_both(browser: Browser, workshop: Workshop, phone: Telephone) -> None:
    """The visit stands on the authority's pages and on the firm's, whose receipt holds."""
    portal, page = workshop.portal, phone.context.new_page()
    page.goto(phone.address.removesuffix("telephone/"))
    page.get_by_text("Measured in entry").get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_text("SC-0412").first).to_be_visible()
    firm = context_of(browser)
    firm.add_cookies(portal.cookies(PEOPLE["filer"]))
    page = firm.new_page()
    page.goto(f"{portal.origin}/en/firm/{portal.firm}/inspections/")
    page.locator("tbody a").first.click()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Receipt", exact=True).first.click()
    assert verify_receipt(waiting.value.path().read_text("utf-8")) == []
    firm.close()


@pytest.mark.ci
def test_nothing_is_lost_when_sending_breaks_off_or_the_login_ends(workshop: Workshop, phone: Telephone) -> None:
    page = phone.open()
    phone.ready()
    plan = int(phone.address.split("/")[-3])
    taken: list[str] = []

    def broken(route: Route) -> None:
        if route.request.method == "POST":
            taken.append(route.request.url)
            route.fetch()  # the portal takes the rows, and its answer does not arrive
            route.abort()
        elif taken:
            route.abort()  # nor is it reached afterwards
        else:
            route.continue_()

    page.route("**/telephone/**", broken)
    phone.done(0)
    phone.sent("There is no network")
    expect(page.get_by_text("sent, no answer yet")).to_be_visible()
    page.unroute_all()
    # The network is back and no browser says so: the portal is asked again some seconds later, and has the row.
    expect(page.locator("#work li").first).to_contain_text("Sent")
    # The login ends, the page is closed and opened: the entry waits, and goes once after signing in.
    phone.done(1, outcome="Absent")
    phone.sent("1 sent. They stand in the log.")
    phone.context.clear_cookies()
    phone.done(2)
    phone.sent("Your login has ended")
    page.reload()
    assert "/account/login/" in page.url, "with a network, the page is for who has signed in"
    page.goto(f"{workshop.portal.origin}/en/account/login/?next=/en/inspections/plans/{plan}/telephone/")
    page.get_by_label("E-mail address").fill(FIRST)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password", exact=True).press("Enter")
    phone.sent("1 sent. They stand in the log.")
    assert page.url == phone.address
    assert len(elsewhere(measured, workshop.store, plan)) == 3


#: A camera that sees one label, and a browser that reads it.
CAMERA = """
  window.BarcodeDetector = class { async detect() { return [{ rawValue: " Z-77 " }]; } };
  navigator.mediaDevices.getUserMedia = async () => document.createElement("canvas").captureStream();
  HTMLMediaElement.prototype.play = async () => {};
"""


@pytest.mark.ci
def test_items_are_added_by_hand_and_bags_are_scanned(browser: Browser, workshop: Workshop) -> None:
    phone = Telephone.of(browser, workshop.portal, FIRST, planned(workshop.portal, "MAG-0006-A"))
    phone.context.add_init_script(CAMERA)
    page = phone.open()
    phone.ready()
    planned_items = page.locator("#work li").count()
    page.get_by_text("Add an item that is not in the plan").click()
    page.get_by_label("What stands on its label").fill("DRUM-9")
    page.get_by_label("Where it is").select_option("receipt")
    page.get_by_role("button", name="Add it", exact=True).click()
    item = phone.item(planned_items)
    expect(item).to_contain_text("chosen by hand")
    item.get_by_role("button", name="Scan").nth(1).click()
    expect(item.get_by_label("Bag: Firm")).to_have_value("Z-77")
    # Of goods that no book knows, the portal wants to be told what they are.
    phone.finish(planned_items, said="1 came back with a problem")
    item = phone.item(planned_items)
    expect(item).to_contain_text("The row needs product")
    item.get_by_label("Code of the product").fill("oxide:Nd")
    item.get_by_label("Note").fill("It stands behind the furnace, and nobody says whose it is.")
    phone.finish(planned_items)
    phone.sent("1 sent")
    # What was shipped has a document, or is not done.
    item = phone.item(0)
    item.get_by_role("button", name="Shipped", exact=True).click()
    item.get_by_role("button", name="Done with this item").click()
    expect(item).to_contain_text("no document is named")
    item.get_by_label("Document: number and day").fill("DN-2025-118, 4 August 2025")
    phone.finish(0)
    phone.sent("1 sent")
    # A second tab would write over the first: it waits.
    second = phone.context.new_page()
    second.goto(phone.address)
    expect(second.get_by_text("open in another tab")).to_be_visible()
    page.close()
    expect(second.locator("#far")).to_contain_text("2 of")
    phone.context.close()


@pytest.mark.ci
def test_what_the_portal_refuses_is_shown_at_its_item(browser: Browser, workshop: Workshop) -> None:
    phone = Telephone.of(browser, workshop.portal, FIRST, planned(workshop.portal, "MAG-0004-A"))
    page = phone.open()
    phone.name("SC-0412")
    phone.bag(0, "Firm", "X-1")
    phone.finish(0)
    phone.sent("1 sent")
    # The same bag on another telephone, which cannot know of it.
    again = Telephone(context=phone.context, address=phone.address.replace("/en/", "/zh/"))
    page.close()
    page = again.open()
    expect(page.locator("#work li").first).to_contain_text("已发送")
    page.evaluate("entries => indexedDB", None)
    item = again.item(1)
    if not item.get_by_label("样袋：企业").is_visible():
        item.locator("summary").click()
    item.get_by_label("样袋：企业").fill("X-2")
    item.get_by_label("检查件封志号").fill("S-1")
    page.route("**/telephone/", altered)
    item.get_by_role("button", name="此件完成").click()
    again.sent("1 件有问题")
    expect(again.item(1)).to_contain_text("已在条目")
    page.unroute_all()
    again.item(1).get_by_role("button", name="此件完成").click()
    again.sent("已发送 1 件")
    phone.context.close()


def altered(route: Route) -> None:
    """Sends the bag of the item before: what a second telephone would."""
    body = route.request.post_data
    if body is None:
        route.continue_()
        return
    route.continue_(post_data=json.dumps(json.loads(body)).replace("X-2", "X-1"))


@pytest.mark.ci
def test_signing_out_leaves_what_was_not_sent_and_nothing_else(workshop: Workshop, phone: Telephone) -> None:
    signed_in_anew(workshop, phone)
    page = phone.open()
    phone.ready()
    phone.done(0)
    phone.sent("1 sent")
    phone.item(1).get_by_label("Net mass on the label").fill("12.5")
    caches, entries, workers = page.evaluate(LEFT)
    assert len(caches) == 1 and sorted(entries) == ["begun", "sent", "tools"] and workers == 1
    page.get_by_role("link", name="Sign out").click()
    page.locator("main").get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/account/login/")
    assert page.evaluate(LEFT) == [[], ["begun"], 0]
    # Without a network there is no page any more; with one, and signed in, the entry is where it was.
    phone.context.set_offline(True)
    with pytest.raises(Error, match="ERR_INTERNET_DISCONNECTED"):
        page.goto(phone.address)
    phone.context.set_offline(False)
    signed_in_anew(workshop, phone)
    page.goto(phone.address)
    expect(phone.item(1).get_by_label("Net mass on the label")).to_have_value("12.5")


def signed_in_anew(workshop: Workshop, phone: Telephone) -> None:
    """In a session of this telephone alone, which may end without anybody else's."""
    with Portal(workshop.portal.origin) as own:
        phone.context.add_cookies(own.cookies(FIRST))


@pytest.mark.ci
def test_without_script_it_says_what_to_do(browser: Browser, workshop: Workshop) -> None:
    portal = workshop.portal
    address = planned(portal, f"{portal.firm}-A")
    phone = Telephone.of(browser, portal, FIRST, address, java_script_enabled=False)
    page = phone.open()
    expect(page.get_by_text("Print the route, write on it")).to_be_visible()
    page.get_by_role("link", name="The route, to print").click()
    expect(page.get_by_role("heading", name="The way through the site")).to_be_visible()
    phone.context.close()
