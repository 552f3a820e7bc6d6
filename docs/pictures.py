"""Takes the pictures of the README and the first tutorial from a running demo, whose pages say what is worth showing.

    python docs/pictures.py [http://127.0.0.1:8000] [--into docs/pictures]

Start `make demo` first. A picture is a PNG of at most 300 kB. Those of the other tutorials are taken by the journeys
that they tell: tests/browser/test_journeys.py.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin

from playwright.sync_api import Browser, Error, Page, sync_playwright

HEAVIEST: Final = 300_000
SWITCHES: Final = ["--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update"]

#: The sample account that looks: everything that is shown here is open to it.
WHO: Final = re.compile("^Inspector")

#: Brings a page to what is to be seen, starting at the portal's address.
Way = Callable[[Page, str], None]


def overview(page: Page, portal: str) -> None:
    """The flow of the month in which most came from nowhere: the newest month names it where it is another."""
    page.goto(f"{portal}/en/")
    _to_worst_month(page)


def overview_zh(page: Page, portal: str) -> None:
    """The same in Chinese."""
    page.goto(f"{portal}/zh/")
    _to_worst_month(page)


def _to_worst_month(page: Page) -> None:
    named = page.locator("main .lede a")
    if named.count():
        page.goto(urljoin(page.url, str(named.first.get_attribute("href"))))


def balance(page: Page, portal: str) -> None:
    """A site that has more than came in: the first about which there is such a finding."""
    page.goto(f"{portal}/en/findings/?detector=unexplained-gain")
    _follow(page, r"/en/findings/[0-9a-f]+/")
    _follow(page, r"/en/sites/.+")


def lot(page: Page, portal: str) -> None:
    """The newest lot of magnets, back to where it came from."""
    page.goto(f"{portal}/en/lots/?product=magnet-ndfeb")
    _follow(page, r"/en/lots/[^?#]+/")


def desk_hold(page: Page, portal: str) -> None:
    """A published case, held."""
    page.goto(f"{portal}/en/desk/?case=2")
    page.get_by_label("Composition, %").press("Enter")
    page.locator("article.is-hold").first.wait_for()


def receipt_verified(page: Page, portal: str) -> None:
    """The receipt of the newest filing, verified in the page."""
    page.goto(f"{portal}/en/log/")
    _follow(page, r"/en/log/\d+/")
    receipt = page.request.get(f"{page.url}receipt.json").text()
    page.goto(f"{portal}/en/verify/")
    page.get_by_label("Receipt (JSON)").fill(receipt)
    page.get_by_role("button", name="Verify").click()
    page.get_by_role("heading", name="This receipt holds").wait_for()


def _follow(page: Page, pattern: str) -> None:
    """To the first address of the page's own links that is wholly like `pattern`."""
    links = [str(link.get_attribute("href")) for link in page.locator("main a").all()]
    found = next((link for link in links if re.fullmatch(pattern, link)), None)
    if found is None:
        raise Error(f"{page.url} has no link like {pattern}")
    page.goto(urljoin(page.url, found))


#: Name → the way to it, window, colours.
PICTURES: Final[Mapping[str, tuple[Way, tuple[int, int], str]]] = {
    "overview-light-en": (overview, (1440, 1000), "light"),
    "overview-dark-zh": (overview_zh, (1440, 1000), "dark"),
    "balance": (balance, (1440, 1180), "light"),
    "lot": (lot, (1440, 900), "light"),
    "desk-hold": (desk_hold, (1440, 900), "light"),
    "receipt-verified": (receipt_verified, (1440, 900), "light"),
    "overview-narrow": (overview, (390, 844), "light"),
}


def taken(browser: Browser, portal: str, name: str) -> bytes:
    """The picture of that name, as PNG."""
    way, (width, height), scheme = PICTURES[name]
    options: dict[str, Any] = {"viewport": {"width": width, "height": height}, "color_scheme": scheme}
    context = browser.new_context(**options)
    page = context.new_page()
    page.goto(f"{portal}/en/account/login/")
    page.get_by_role("button", name=WHO).first.click()
    page.wait_for_url(lambda url: "/account/" not in url)
    way(page, portal)
    # No field has the focus, and nothing moves any more.
    page.evaluate("document.activeElement?.blur()")
    picture = page.screenshot(animations="disabled")
    context.close()
    return picture


def main() -> int:
    """The exit status: 1 where there is no portal, no browser, or a picture is too large."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("portal", nargs="?", default="http://127.0.0.1:8000")
    parser.add_argument("--into", type=Path, default=Path(__file__).with_name("pictures"))
    options = parser.parse_args()
    executable = shutil.which("chromium")
    if executable is None:
        print("Pictures are taken in chromium. As root: apt-get install chromium fonts-noto-cjk", file=sys.stderr)
        return 1
    options.into.mkdir(exist_ok=True)
    switches = [*SWITCHES, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=switches)
        for name in PICTURES:
            try:
                picture = taken(browser, options.portal.rstrip("/"), name)
            except Error as error:
                print(f"{name}: {error}\nIs the demo running at {options.portal}? `make demo`", file=sys.stderr)
                return 1
            if len(picture) > HEAVIEST:
                print(f"{name}: {len(picture):,} bytes are more than {HEAVIEST:,}", file=sys.stderr)
                return 1
            (options.into / f"{name}.png").write_bytes(picture)
            print(f"{name}.png  {len(picture) / 1000:.0f} kB")
        browser.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
