"""How long until a page of the demo shows something, in a real browser?

First contentful paint, from the browser's own paint timing, of everything that the tests of the portal look at
(tests/browser/views.py), by the sample account that looks at it there, in a browser that has none of it in its cache:

paint   median of the visits to a server that has shown the page once before; this is what the bar is for
worst   the slowest of these
answer  of the median, the part until the page has come: what the server takes, without the browser's drawing
first   with --first: the first visit after the server's start, a server for each page

Pages are visited in rounds, each page once, so that a moment of other work is shared by all. No round begins after
--seconds, so the whole is bounded: about six minutes on two quiet cores, less with a database that is there.

A page is visited in a window of its own, once that has opened: opening costs the browser a quarter of a second of
processor, which people do not wait for, as theirs is open.

Run it with nothing else at work: browser and server share the cores, so whatever else runs is measured too. The load of
the machine is printed at the start and at the end for that reason.

    python benchmarks/pages.py [--database var/demo.sqlite3] [--visits 5] [--seconds 150] [--first] [--only law balance]

Works on a copy of the store that --database names, as the demo has made it; without, it builds the demo's world. Exit
status 1: some page missed the bar, or did not come. 2: there is no chromium.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import django
from playwright.sync_api import Browser, sync_playwright
from playwright.sync_api import Error as BrowserError

REPOSITORY = Path(__file__).parents[1]
sys.path.insert(0, str(REPOSITORY))
os.environ["DJANGO_SETTINGS_MODULE"] = "lodeline.web.settings"
django.setup()
del os.environ["DJANGO_SETTINGS_MODULE"]

from tests.browser import looking  # noqa: E402
from tests.browser.examples import make  # noqa: E402
from tests.browser.portal import PROGRAM, Portal, chromium, served  # noqa: E402
from tests.browser.views import VIEWS, Places  # noqa: E402

BAR_MS = 300
#: What a window is given to open.
OPENING_MS = 500
#: The morning on which the demo's clock starts, the month that is then due, and the newest that is filed.
MORNING, DUE, FILED = "2026-02-05T09:00:00+08:00", "2026-01", "2025-12"
#: The browser is asked for both times at once; a page that shows nothing for ten seconds has none.
TIMES = """() => new Promise((resolve) => {
  const answered = performance.getEntriesByType("navigation")[0].responseEnd;
  setTimeout(() => resolve(null), 10000);
  new PerformanceObserver((list) => {
    for (const one of list.getEntries())
      if (one.name === "first-contentful-paint") resolve([one.startTime, answered]);
  }).observe({type: "paint", buffered: true});
})"""
SEEN = {name: view for name, view in VIEWS.items() if view.status == 200}


@dataclass(slots=True)
class Seen:
    """A page's visits: milliseconds from the call of its address to the first paint, and until it had come."""

    url: str
    by: str
    visits: list[tuple[float, float]] = field(default_factory=list)
    first_ms: float | None = None
    failure: str = ""

    @property
    def median(self) -> tuple[float, float]:
        """Of the paint, with the answer of that visit."""
        return sorted(self.visits)[len(self.visits) // 2]


def visited(browser: Browser, portal: Portal, url: str, by: str) -> tuple[float, float]:
    """Milliseconds to the first paint, and to the page's last byte. Raises BrowserError where it does not come."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    try:
        context.add_cookies(portal.cookies(by))
        page = context.new_page()
        page.wait_for_timeout(OPENING_MS)
        response = page.goto(url)
        if response is None or not response.ok or page.url.partition("#")[0] != url:
            raise BrowserError(f"leads to {page.url}, status {response and response.status}")
        times = page.evaluate(TIMES)
        if times is None:
            raise BrowserError("paints nothing")
        return float(times[0]), float(times[1])
    finally:
        context.close()


def world(room: Path, database: str | None) -> Path:
    """The store of the demo's world in `room`, a copy or made anew."""
    store = room / "store.sqlite3"
    if database is None:
        command = [str(PROGRAM), "demo", "--bare", "--organisations=120", "--no-serve", "--database", str(store)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    else:
        for part in Path(database).parent.glob(f"{Path(database).name}*"):
            to = room / part.name.replace(Path(database).name, store.name)
            (shutil.copytree if part.is_dir() else shutil.copy)(part, to)
    return store


def measured(
    browser: Browser, store: Path, names: Iterable[str], *, visits: int, seconds: float, first: bool
) -> dict[str, Seen]:
    """Each of the views, by its name. Tells on the error stream how far it is."""
    log = store.with_name("errors")
    with served(store, log, clock=MORNING) as origin, Portal(origin) as portal:
        make(portal, due=DUE, filed=FILED)
        places = Places(portal)
        seen: dict[str, Seen] = {}
        for name in names:
            try:
                seen[name] = Seen(url=places.url(name), by=SEEN[name].by)
            except AssertionError as error:
                print(f"not measured, as this store has no example: {name} ({error})", flush=True)
        until = time.monotonic() + seconds
        for turn in range(visits + 1):
            if turn > 1 and time.monotonic() > until:
                break
            print(f"round {turn} of {visits}", file=sys.stderr, flush=True)
            for one in seen.values():
                if one.failure:
                    continue
                try:
                    times = visited(browser, portal, one.url, one.by)
                except BrowserError as error:
                    one.failure = str(error).splitlines()[0]
                    continue
                # The first round is for the server, which then has its answers.
                if turn:
                    one.visits.append(times)
        for one in seen.values() if first else ():
            with served(store, log, clock=MORNING) as fresh:
                one.first_ms, _ = visited(browser, portal, one.url.replace(origin, fresh), one.by)
    return seen


def told(seen: dict[str, Seen]) -> int:
    """Prints a line for each page, the slowest first; returns how many missed the bar or did not come."""
    missed = 0
    print(f"{'page':<38} {'paint ms':>8} {'worst ms':>9} {'answer ms':>10} {'first ms':>9}  address")
    for name, one in sorted(seen.items(), key=lambda item: item[1].median if item[1].visits else (0, 0), reverse=True):
        at = one.url.partition("//")[2].partition("/")[2][:60]
        if one.failure:
            missed += 1
            print(f"{name:<38} {one.failure}  /{at}")
            continue
        paint, answer = one.median
        missed += paint > BAR_MS
        first = "–" if one.first_ms is None else f"{one.first_ms:.0f}"
        print(
            f"{name:<38} {paint:>8.0f} {max(one.visits)[0]:>9.0f} {answer:>10.0f} {first:>9}  /{at}"
            + (f"  over {BAR_MS} ms" if paint > BAR_MS else "")
        )
    return missed


def main() -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database")
    parser.add_argument("--visits", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=150)
    parser.add_argument("--first", action="store_true")
    parser.add_argument("--only", nargs="+", metavar="VIEW", choices=SEEN, default=list(SEEN), help="views by name")
    options = parser.parse_args()
    executable = chromium()
    if executable is None:
        print("Pages are measured in chromium. As root: apt-get install chromium fonts-noto-cjk", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as room, sync_playwright() as playwright:
        store = world(Path(room), options.database)
        browser = looking.launch(playwright, executable)
        print(
            f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, chromium"
            f" {browser.version}; load {os.getloadavg()[0]:.1f}; bar: warm ≤ {BAR_MS} ms"
        )
        seen = measured(
            browser, store, options.only, visits=options.visits, seconds=options.seconds, first=options.first
        )
        browser.close()
    missed = told(seen)
    print(f"{min(len(one.visits) for one in seen.values())} visits or more; load at the end {os.getloadavg()[0]:.1f}")
    print(f"{missed} of {len(seen)} views over the bar" if missed else f"all {len(seen)} views within the bar")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
