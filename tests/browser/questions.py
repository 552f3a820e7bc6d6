"""Questions that people come with: in how many clicks the answer stands in the first window of a desk's screen.

A walk starts at the home page of whoever has signed in. What is pressed, followed or chosen is a click; typing is none.
"""

from __future__ import annotations

import re
from typing import Final

from playwright.sync_api import Locator, Page, expect

from tests.browser.journeys import Role

#: The screen that the house measures by.
SCREEN: Final = {"width": 1440, "height": 900}


class Walk:
    """Somebody's way from the home page to an answer. `clicks`: how many there were so far."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.clicks = 0

    def start(self, address: str = "/en/home/") -> None:
        """Comes home, where the count begins."""
        self.page.set_viewport_size(SCREEN)  # type: ignore[arg-type]
        self.page.goto(address)
        self.waits()
        self.clicks = 0

    def press(self, name: str, role: Role = "link", *, within: str = "body", begins: bool = False) -> None:
        """Presses what has this name; `begins`: whose name only begins so."""
        wanted = re.compile("^" + re.escape(name)) if begins else name
        self.click(self.page.locator(within).get_by_role(role, name=wanted, exact=not begins).first)

    def click(self, what: Locator) -> None:
        """Presses something that has no name of its own."""
        what.click()
        self.clicks += 1
        self.waits()

    def waits(self) -> None:
        """Until what is asked for has been computed."""
        self.page.wait_for_load_state()
        expect(self.page.locator("#computing")).to_have_count(0)

    def reads(self, answer: str | re.Pattern[str], *, within: int) -> None:
        """The answer stands in the first window, after so many clicks at most."""
        found = self.page.locator("main").get_by_text(answer).first
        expect(found).to_be_visible()
        self.page.evaluate("window.scrollTo(0, 0)")
        box = found.bounding_box()
        assert box is not None and box["y"] + box["height"] <= SCREEN["height"], f"{answer} stands below the window"
        assert self.clicks <= within, f"{self.clicks} clicks to {answer}, and not {within}"
