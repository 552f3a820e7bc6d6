"""How long until a page of the demo shows something, in a real browser?

First contentful paint, from the browser's own paint timing, of everything that the tests of the portal look at
(tests/browser/views.py), by the sample account that looks at it there, in a browser that has none of it in its cache:

warm   median of several visits to a server that has shown the page once before; this is what the bar is for
first  with --first: the first visit after the server's start, a server for each page

Run it with nothing else at work: browser and server share the cores, so whatever else runs is measured too. The load of
the machine at the start is printed for that reason.

    python benchmarks/pages.py [--database var/demo.sqlite3] [--visits 7] [--first]

Works on a copy of the store that --database names, as the demo has made it; without, it builds the demo's world. Exit
status 1: some page missed the bar. 2: there is no chromium.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import django
from playwright.sync_api import Browser, sync_playwright

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
#: The morning on which the demo's clock starts, the month that is then due, and the newest that is filed.
MORNING, DUE, FILED = "2026-02-05T09:00:00+08:00", "2026-01", "2025-12"
PAINT = """() => new Promise((resolve) => new PerformanceObserver((list) => {
  for (const one of list.getEntries()) if (one.name === "first-contentful-paint") resolve(one.startTime);
}).observe({type: "paint", buffered: true}))"""
SEEN = {name: view for name, view in VIEWS.items() if view.status == 200}


def first_paint_ms(browser: Browser, portal: Portal, url: str, by: str) -> float:
    """Milliseconds from the call of the address to the first thing painted."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_cookies(portal.cookies(by))
    page = context.new_page()
    response = page.goto(url)
    assert response is not None and response.ok and page.url.partition("#")[0] == url, url
    painted = float(page.evaluate(PAINT))
    context.close()
    return painted


def world(room: Path, database: str | None) -> Path:
    """The store of the demo's world in `room`, a copy or made anew."""
    store = room / "store.sqlite3"
    if database is None:
        command = [str(PROGRAM), "demo", "--no-serve", "--database", str(store)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    else:
        for part in Path(database).parent.glob(f"{Path(database).name}*"):
            to = room / part.name.replace(Path(database).name, store.name)
            (shutil.copytree if part.is_dir() else shutil.copy)(part, to)
    return store


def measured(browser: Browser, store: Path, *, visits: int, first: bool) -> int:
    """Prints a line for each page; returns how many missed the bar."""
    missed = 0
    log = store.with_name("errors")
    with served(store, log, clock=MORNING) as origin, Portal(origin) as portal:
        make(portal, due=DUE, filed=FILED)
        places = Places(portal)
        print(f"{'page':<38} {'warm ms':>8} {'worst ms':>9} {'first ms':>9}  address")
        for name, view in SEEN.items():
            url = places.url(name)
            first_paint_ms(browser, portal, url, view.by)
            times = [first_paint_ms(browser, portal, url, view.by) for _ in range(visits)]
            once = "–"
            if first:
                with served(store, log, clock=MORNING) as fresh:
                    once = f"{first_paint_ms(browser, portal, url.replace(origin, fresh), view.by):.0f}"
            late = statistics.median(times) > BAR_MS
            missed += late
            print(
                f"{name:<38} {statistics.median(times):>8.0f} {max(times):>9.0f} {once:>9}"
                f"  {places.path(name)[:60]}" + (f"  over {BAR_MS} ms" if late else ""),
                flush=True,
            )
    return missed


def main() -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database")
    parser.add_argument("--visits", type=int, default=7)
    parser.add_argument("--first", action="store_true")
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
        missed = measured(browser, store, visits=options.visits, first=options.first)
        browser.close()
    print(f"{missed} of {len(SEEN)} views over the bar" if missed else f"all {len(SEEN)} views within the bar")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
