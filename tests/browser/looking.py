"""What a browser has to complain of in a page: on its console, on the network, and to those who read it otherwise."""

from __future__ import annotations

import os
from importlib.resources import files
from typing import Any, Final

from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, Request, Response

#: WCAG 2.2, levels A and AA.
RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
#: Nothing leaves for elsewhere by the browser's own will.
SWITCHES: Final = [
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
_AXE: Final = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
_RUN: Final = f"axe.run(document, {{resultTypes: ['violations'], runOnly: {{type: 'tag', values: {RULES}}}}})"


def launch(playwright: Playwright, executable: str) -> Browser:
    """A browser without a window."""
    # The browser's sandbox cannot be had by root.
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    return playwright.chromium.launch(executable_path=executable, args=[*SWITCHES, *root])


class Watch:
    """Listens to a page from before it is opened. `complaints`: one line for each thing that should not be.

    allowed: the status that the page itself is meant to have, and that the browser then calls an error.
    """

    def __init__(self, page: Page, origin: str, allowed: int = 200) -> None:
        self.complaints: list[str] = []
        self._origin = origin
        self._page = page
        self._allowed = allowed
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        page.on("request", self._asked)
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)

    def _said(self, message: ConsoleMessage) -> None:
        own = message.location.get("url") == self._page.url and f"status of {self._allowed} " in message.text
        if message.type in ("error", "warning") and not own:
            self.complaints.append(f"console {message.type}: {message.text}")

    def _failed(self, request: Request) -> None:
        # What is let go because the reader has gone on is no failure.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"failed: {request.url} {request.failure}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((f"{self._origin}/", "data:")):
            self.complaints.append(f"elsewhere: {request.url}")

    def _answered(self, response: Response) -> None:
        own = response.status == self._allowed and response.request.is_navigation_request()
        if response.status >= 400 and not own:
            self.complaints.append(f"{response.status}: {response.url}")


def barriers(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2 AA in a page as it stands: rule, place, what is wrong."""
    # The policy of the page stands: the script comes in by the debugger's door, not through the page.
    page.evaluate(_AXE)
    found: dict[str, Any] = page.evaluate(_RUN)
    return [
        f"{violation['id']} at {' '.join(map(str, node['target']))}: {' '.join(node['failureSummary'].split())}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def scrolls_sideways(page: Page) -> int:
    """Pixels by which the document is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def is_dark(page: Page) -> bool:
    """Whether the paper is darker than the ink."""
    paper, ink = page.evaluate(
        "(() => { const style = getComputedStyle(document.body);"
        " return [style.backgroundColor, style.color].map("
        "   (colour) => colour.match(/[0-9.]+/g).slice(0, 3).reduce((sum, one) => sum + Number(one), 0)); })()"
    )
    return float(paper) < float(ink)
