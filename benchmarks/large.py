"""A filing of 100 000 rows in a real browser: how soon are its problems shown, how soon is it certified?

One person of the demo's world uploads a file in which three rows are wrong, then one in which none is; another one
certifies that. Timed is what they wait for: from pressing the button until the page says what became of it. Meanwhile
the browser tells how long its page was ever too busy to take a key (its longest task), and a second page of the portal
is opened time and again.

    python benchmarks/large.py [--rows 100000] [--runs 3] [--workers 2]

Run it with nothing else at work: browser, server and database share the cores. Exit status 1: a bar was missed, medians
of the runs. 2: there is no chromium.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path
from threading import Event, Thread

import django
import httpx
from playwright.sync_api import Browser, Page, expect, sync_playwright

REPOSITORY = Path(__file__).parents[1]
sys.path.insert(0, str(REPOSITORY))
os.environ["DJANGO_SETTINGS_MODULE"] = "lodeline.web.settings"
django.setup()
del os.environ["DJANGO_SETTINGS_MODULE"]

from tests.browser import looking  # noqa: E402
from tests.browser.portal import PEOPLE, Portal, build, chromium, served  # noqa: E402

#: Seconds: problems shown, certified.
SHOWN_S, CERTIFIED_S = 10, 20
#: Milliseconds for which a page may let a key wait before people notice.
BUSY_MS = 200
WAIT_MS = 240_000
HEADER = "event,kind,on,site,lot,product,mass_kg,composition,origin_kind,origin_place"
#: Kept over the pages of a tab: the one that uploads makes place for the one that shows problems.
WATCH = """() => { new PerformanceObserver((list) => {
  for (const one of list.getEntries())
    sessionStorage.longest = Math.max(Number(sessionStorage.longest || 0), one.duration);
}).observe({type: "longtask", buffered: true}); }"""


def filing(firm: str, rows: int, mark: str, *, wrong: int) -> bytes:
    """Collected scrap, a lot in each row; so many rows hold more than they weigh."""
    lines = [HEADER]
    for number in range(rows):
        composition = "Nd=60.1;Fe=68.5" if number < wrong else f"Nd={20 + number % 9}.{number % 10};Pr=6"
        day = f"2025-07-{number % 28 + 1:02d}"
        lot = f"{mark}{number}"
        lines.append(f"{lot},origin,{day},{firm}-A,{lot},scrap-eol,{900 + number % 90},{composition},secondary,CN")
    return "\n".join(lines).encode()


class Reader(Thread):
    """Opens a page of the portal time and again; `waits`: the seconds of each."""

    def __init__(self, portal: Portal) -> None:
        super().__init__()
        self.waits: list[float] = []
        self._done = Event()
        self._client = httpx.Client(base_url=portal.origin, trust_env=False, timeout=60)
        for one in portal.cookies(PEOPLE["inspector"]):
            self._client.cookies.set(one["name"], one["value"])

    def run(self) -> None:
        """Until it is told to stop."""
        while not self._done.wait(0.5):
            began = time.monotonic()
            # 503: the page that says what is being computed.
            assert self._client.get("/en/organisations/").status_code in (200, 503)
            self.waits.append(time.monotonic() - began)

    def stop(self) -> None:
        """Ends it."""
        self._done.set()
        self.join()
        self._client.close()


def page_of(browser: Browser, portal: Portal, role: str) -> Page:
    """A browser in which somebody has signed in, which tells how busy its pages are."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(WAIT_MS)
    context.add_cookies(portal.cookies(PEOPLE[role]))
    context.add_init_script(f"({WATCH})()")
    return context.new_page()


def uploaded(page: Page, portal: Portal, file: Path, heading: str) -> tuple[float, float]:
    """Seconds from the upload of a new draft until its page says so in its heading, and its longest task in ms."""
    page.goto(f"{portal.origin}/en/firm/{portal.firm}/file/")
    page.get_by_label("Month, as 2025-12").fill("2025-07")
    page.get_by_role("button", name="Begin a draft").click()
    page.wait_for_url("**/file/*/")
    page.get_by_label("Files").set_input_files(file)
    began = time.monotonic()
    page.get_by_role("button", name="Upload and check").click()
    expect(page.locator("h1")).to_contain_text(heading, timeout=WAIT_MS)
    return time.monotonic() - began, float(page.evaluate("Number(sessionStorage.longest || 0)"))


def certified(page: Page, signer: Page) -> float:
    """Seconds from signing until the filing's own page has come."""
    address = page.url.partition("?")[0]
    page.get_by_role("link", name="Certify").first.click()
    page.get_by_role("button", name="Ask for certification").click()
    expect(page.locator("h1")).to_contain_text("waits for a signature", timeout=WAIT_MS)
    signer.goto(f"{address}certify/")
    signer.locator("#password input[name=sure]").check()
    began = time.monotonic()
    signer.get_by_role("button", name="Confirm as").click()
    signer.wait_for_url("**/filings/*/")
    expect(signer.locator("h1")).to_contain_text("is filed", timeout=WAIT_MS)
    return time.monotonic() - began


def run(browser: Browser, room: Path, rows: int) -> tuple[float, float, float, float]:
    """Seconds until problems are shown and until it is certified, ms of the longest task, seconds of other pages."""
    store = build(room)
    with served(store, store.with_name("errors")) as origin, Portal(origin) as portal:
        files = {name: room / f"{name}.csv" for name in ("wrong", "right")}
        for name, file in files.items():
            file.write_bytes(filing(portal.firm, rows, name[0].upper(), wrong=3 if name == "wrong" else 0))
        page, signer = page_of(browser, portal, "filer"), page_of(browser, portal, "certifier")
        reader = Reader(portal)
        reader.start()
        try:
            shown_s, busy_ms = uploaded(page, portal, files["wrong"], "stand in the way of July")
            _, busy_too_ms = uploaded(page, portal, files["right"], "Nothing stands in the way of July")
            certified_s = certified(page, signer)
        finally:
            reader.stop()
        for one in (page, signer):
            one.context.close()
    return shown_s, certified_s, max(busy_ms, busy_too_ms), statistics.quantiles(reader.waits, n=20)[-1]


def main() -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    executable = chromium()
    if executable is None:
        print("Pages are measured in chromium. As root: apt-get install chromium fonts-noto-cjk", file=sys.stderr)
        return 2
    os.environ.setdefault("LODELINE_WORKERS", str(options.workers))
    os.environ.setdefault("LODELINE_JOB_WORKERS", "1")
    found = []
    with sync_playwright() as playwright:
        browser = looking.launch(playwright, executable)
        print(
            f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, chromium"
            f" {browser.version}, SQLite; load {os.getloadavg()[0]:.1f}; {options.rows:,} rows, synthetic"
        )
        for number in range(options.runs):
            with tempfile.TemporaryDirectory() as room:
                found.append(run(browser, Path(room), options.rows))
            shown, certified_, busy, other = found[-1]
            print(
                f"run {number + 1}: problems shown {shown:.1f} s, certified {certified_:.1f} s, longest task of a page"
                f" {busy:.0f} ms, another page p95 {other:.2f} s",
                flush=True,
            )
        browser.close()
    shown, certified_, busy, other = (statistics.median(column) for column in zip(*found, strict=True))
    print(
        f"median: problems shown {shown:.1f} s (bar {SHOWN_S}), certified {certified_:.1f} s (bar {CERTIFIED_S}),"
        f" longest task {busy:.0f} ms (bar {BUSY_MS}), another page p95 {other:.2f} s; load {os.getloadavg()[0]:.1f}"
    )
    return 0 if shown <= SHOWN_S and certified_ <= CERTIFIED_S and busy <= BUSY_MS else 1


if __name__ == "__main__":
    raise SystemExit(main())
