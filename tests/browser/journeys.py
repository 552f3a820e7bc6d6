"""What a person does in the portal, step by step, by what stands on the pages; and the tutorial that tells the same.

A journey writes down what it pressed, filled in and read. Its tutorial has exactly these in bold, in this order, and
what it quotes as a page's own words the journey has seen there. With LODELINE_PICTURES a journey takes its pictures.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final, Literal

from playwright.sync_api import Locator, Page, expect

from tests.conftest import REPOSITORY

Role = Literal["button", "link", "radio", "checkbox", "tab", "searchbox"]
TUTORIALS: Final = REPOSITORY / "docs/tutorial"
PICTURES: Final = REPOSITORY / "docs/pictures"
#: Where pictures go that are asked for; without it none are taken.
ASKED: Final = os.environ.get("LODELINE_PICTURES")
HEAVIEST: Final = 150_000
#: The window of a picture: it is read in a column of text.
WINDOW: Final = {"width": 1080, "height": 660}
_CHINESE: Final = re.compile(r"[\u4e00-\u9fff]")


class Journey:
    """One person's way, or several's in turn. `told` and `quoted` are what its tutorial must have."""

    def __init__(self, page: Page, tutorial: str) -> None:
        self.page = page
        self.told: list[str] = []
        self.quoted: list[str] = []
        self.pictures: list[str] = []
        self._tutorial = tutorial

    def be(self, page: Page) -> None:
        """Somebody else goes on, in a browser of their own."""
        self.page = page

    def press(self, name: str, role: Role = "button", *, within: Locator | None = None, begins: bool = False) -> None:
        """Presses what has this name; `begins`: whose name only begins so."""
        self._find(name, role, within, begins=begins).click()
        self.told.append(name)

    def follow(self, name: str, *, within: Locator | None = None, begins: bool = False) -> None:
        """Follows a link."""
        self.press(name, "link", within=within, begins=begins)

    def unfold(self, name: str) -> None:
        """Opens what is folded below a name."""
        self.page.locator("summary").filter(has_text=name).first.click()
        self.told.append(name)

    def choose(self, name: str, role: Role = "radio", *, within: Locator | None = None, begins: bool = False) -> None:
        """Ticks what has this name."""
        self._find(name, role, within, begins=begins).check()
        self.told.append(name)

    def fill(self, label: str, text: str, *, within: Locator | None = None) -> None:
        """Writes into a field."""
        place = within if within is not None else self.page
        field = place.get_by_label(re.compile(rf"^{re.escape(label)}( \(optional\))?$")).first
        field.fill(text)
        self.told.append(label)

    def select(self, label: str, option: str, *, within: Locator | None = None) -> None:
        """Chooses an option of a field."""
        place = within if within is not None else self.page
        place.get_by_label(label, exact=True).first.select_option(label=option)
        self.told += [label, option]

    def reads(self, heading: str, *, begins: bool = False) -> None:
        """Sees a heading, and goes on from there."""
        name = re.compile("^" + re.escape(heading)) if begins else heading
        expect(self.page.get_by_role("heading", name=name, exact=not begins).first).to_be_visible()
        self.told.append(heading)

    def quotes(self, sentence: str) -> None:
        """Sees a sentence of the page."""
        expect(self.page.locator("main")).to_contain_text(sentence)
        self.quoted.append(sentence)

    def picture(self, name: str, *, of: str | None = None) -> None:
        """Takes a picture of the window for the tutorial: the top of the page, or from the heading `of` on."""
        self.pictures.append(name)
        if ASKED is None:
            return
        if of is not None:
            heading = self.page.get_by_role("heading", name=of, exact=True).first
            heading.evaluate("(element) => window.scrollTo(0, element.getBoundingClientRect().top + scrollY - 24)")
        # No field has the focus, and nothing moves any more.
        self.page.evaluate("document.activeElement?.blur()")
        picture = self.page.screenshot(animations="disabled")
        assert len(picture) <= HEAVIEST, f"{name}: {len(picture):,} bytes are more than {HEAVIEST:,}"
        (Path(ASKED) / f"{name}.png").write_bytes(picture)

    def is_told(self) -> None:
        """The tutorial names what was pressed, filled in and read, and nothing else, and shows the pictures."""
        text = (TUTORIALS / f"{self._tutorial}.md").read_text("utf-8")
        bold = [one for one in re.findall(r"\*\*(.+?)\*\*", text) if not _CHINESE.search(one)]
        assert bold == self.told
        assert re.findall(r"^> (.*)$", text, re.MULTILINE) == self.quoted
        assert re.findall(r"!\[[^]]+\]\(\.\./pictures/(.+)\.png\)", text) == self.pictures
        for name in self.pictures:
            assert (PICTURES / f"{name}.png").stat().st_size <= HEAVIEST

    def _find(self, name: str, role: Role, within: Locator | None, *, begins: bool) -> Locator:
        place = within if within is not None else self.page
        if begins:
            return place.get_by_role(role, name=re.compile("^" + re.escape(name))).first
        return place.get_by_role(role, name=name, exact=True).first
