"""By the keyboard alone, the ways that matter: a lot to its receipt, a consignment to the law that holds it, a receipt
to whether it holds. Wherever the focus goes, it is seen."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.portal import Portal
from tests.browser.views import Places

# With those who do things, so that the portal is furnished while the other worker has something else to do.
pytestmark = pytest.mark.medium

#: Steps that anything on a page may be away.
FARTHEST = 400
#: Whether the focus is on the element and can be seen: an outline on it, or on the label that stands for it.
FOCUS_IS_SEEN = """(element) => element === document.activeElement &&
  [element, element.closest("label")].some((one) => one && getComputedStyle(one).outlineStyle !== "none"
    && parseFloat(getComputedStyle(one).outlineWidth) >= 2)"""


def tab_to(page: Page, target: Locator, *, key: str = "Tab") -> None:
    """Presses Tab until the target has the focus, and looks whether that can be seen."""
    for _ in range(FARTHEST):
        page.keyboard.press(key)
        if target.evaluate("(element) => element === document.activeElement"):
            assert target.evaluate(FOCUS_IS_SEEN), "the focus is not seen"
            return
    raise AssertionError(f"{target} was not reached in {FARTHEST} steps")


def main_link(page: Page, part: str) -> Locator:
    """The first link of the page's own whose address holds `part`."""
    return page.locator(f'main a[href*="{part}"]').first


def skip_to_content(page: Page) -> None:
    """Past the menu, by the first thing that Tab leads to."""
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_from_a_lot_to_the_receipt_of_what_proves_it(places: Places, page: Page, tmp_path: Path) -> None:
    lot = places.path("lot").removeprefix("/en/lots/").rstrip("/")
    page.goto(places.url("overview"))
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type(lot)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{places.path('lot')}")
    expect(page.get_by_role("heading", name="came from")).to_be_visible()
    skip_to_content(page)
    behind = page.locator("details.behind > summary").first
    tab_to(page, behind)
    page.keyboard.press("Enter")
    expect(page.locator("#relations table")).to_be_visible()
    tab_to(page, main_link(page, "/en/log/"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/en/log/*/")
    skip_to_content(page)
    receipt = page.get_by_role("link", name="Download the receipt")
    tab_to(page, receipt)
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    download.value.save_as(tmp_path / "receipt.json")
    tab_to(page, main_link(page, "/verify/"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/en/verify/")
    verify_by_keyboard(page, (tmp_path / "receipt.json").read_text())
    expect(page.get_by_role("heading", level=1)).to_have_text("This receipt holds")


def verify_by_keyboard(page: Page, receipt: str) -> None:
    """Puts a receipt into the form as one pastes, and sends it."""
    skip_to_content(page)
    tab_to(page, page.get_by_label("Receipt (JSON)"))
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(receipt)
    with page.expect_navigation():
        tab_to(page, page.get_by_role("button", name="Verify"))
        page.keyboard.press("Enter")


@pytest.mark.slow
def test_receipt_with_one_character_changed_does_not_hold(portal: Portal, places: Places, page: Page) -> None:
    text = portal.receipt
    at = text.index('"leaf_hash"') + len('"leaf_hash": "') + 7
    changed = text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :]
    page.goto(places.url("verify"))
    verify_by_keyboard(page, changed)
    expect(page.get_by_role("heading", level=1)).to_have_text("This receipt does not hold")
    # What was pasted is still there to be looked at.
    assert page.get_by_label("Receipt (JSON)").input_value().strip() == changed.strip()


@pytest.mark.ci
@pytest.mark.slow
def test_published_case_is_held_by_a_law_that_can_be_read(places: Places, page: Page) -> None:
    page.goto(places.url("desk"))
    skip_to_content(page)
    tab_to(page, main_link(page, "?case=2"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/en/desk/?case=2")
    assert "Nd=13.5" in page.get_by_label("Composition, %").input_value()
    skip_to_content(page)
    tab_to(page, page.get_by_label("Composition, %"))
    # A field sends its form.
    page.keyboard.press("Enter")
    page.wait_for_url("**/en/desk/?answer=*")
    expect(page.get_by_role("heading", level=1)).to_have_text("This line must wait")
    expect(page.locator("article.is-hold .v")).to_have_text("Hold")
    cited = page.locator("article.is-hold .cite a").first
    instrument = str(cited.get_attribute("href")).partition("#")[2]
    skip_to_content(page)
    tab_to(page, cited)
    page.keyboard.press("Enter")
    page.wait_for_url("**/en/law/?on=*")
    expect(page.locator(f"[id='{instrument}']")).to_be_in_viewport()


@pytest.mark.ci
def test_slash_is_a_letter_where_one_writes(places: Places, page: Page) -> None:
    page.goto(places.url("verify"))
    receipt = page.get_by_label("Receipt (JSON)")
    receipt.focus()
    page.keyboard.type("a/b")
    assert receipt.input_value() == "a/b"
    expect(receipt).to_be_focused()


@pytest.mark.ci
def test_colours_are_chosen_by_arrows_and_remembered(places: Places, page: Page) -> None:
    page.goto(places.url("quotas"))
    dark = page.get_by_role("radio", name="Dark")
    tab_to(page, page.get_by_role("radio", name="Auto"))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(dark).to_be_checked()
    assert dark.evaluate(FOCUS_IS_SEEN)
    page.goto(places.url("law"))
    expect(dark).to_be_checked()
