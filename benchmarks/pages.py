"""How long until a page of the demo shows something, in a real browser?

First contentful paint, from the browser's own paint timing, of every page of the table in `lodeline.web.urls`, by
somebody whose browser has none of it in its cache:

warm   median of several visits to a server that has shown the page once before; this is what the bar is for
first  the first visit after the server's start (when it answers for its static files), a server for each page

Run it with nothing else at work: browser and server share the cores, so whatever else runs is measured too. The load of
the machine at the start is printed for that reason.

    python benchmarks/pages.py [--database var/demo.sqlite3] [--visits 7] [--no-first]

Without --database it builds the world of `lodeline demo`. Exit status 1: some page missed the bar, or no page leads to
it. 2: there is no chromium.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from lodeline.web.urls import PAGES

BAR_MS = 300
PROGRAM = Path(sys.executable).with_name("lodeline")
HTML = [page for page in PAGES if not page.at.endswith(".json")]
#: Where the richest of a kind are listed: the magnets have the longest provenance.
LISTS = ["lots/?product=magnet-ndfeb", *(page.at for page in HTML if "<" not in page.at)]
SWITCHES = ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"]
PAINT = """() => new Promise((resolve) => new PerformanceObserver((list) => {
  for (const one of list.getEntries()) if (one.name === "first-contentful-paint") resolve(one.startTime);
}).observe({type: "paint", buffered: true}))"""


@contextmanager
def served(database: str) -> Iterator[int]:
    """A server of the pages; gives its port when it answers."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = int(one.getsockname()[1])
    process = subprocess.Popen(
        [PROGRAM, "serve", "--database", database, "--port", str(port)], stdout=subprocess.DEVNULL
    )
    try:
        until = time.monotonic() + 60
        while True:
            try:
                fetched(port, "/static/lodeline/mark.svg")
                break
            except OSError:
                assert time.monotonic() < until and process.poll() is None, "the server does not start"
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


def fetched(port: int, path: str) -> str:
    """The text at an address of the server."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def addresses(port: int) -> dict[str, str | None]:
    """Page → its address; of pages with parts the first that another page links to, None where none does."""
    links = [
        link for at in LISTS for link in re.findall(r'href="/en/([^"?#]+)(?:[?#][^"]*)?"', fetched(port, f"/en/{at}"))
    ]
    found: dict[str, str | None] = {}
    for page in HTML:
        pattern = re.compile(re.sub(r"<\w+:\w+>", ".+", page.at))
        at = page.at if "<" not in page.at else next((link for link in links if pattern.fullmatch(link)), None)
        found[page.name] = None if at is None else f"/en/{at}"
    return found


def first_paint_ms(browser: Browser, port: int, path: str) -> float:
    """Milliseconds from the call of the address to the first thing painted."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    response = page.goto(f"http://127.0.0.1:{port}{path}")
    assert response is not None and response.ok, path
    painted = float(page.evaluate(PAINT))
    context.close()
    return painted


def world(room: str) -> str:
    """The store of the demo's world."""
    store = str(Path(room) / "demo.sqlite3")
    subprocess.run([PROGRAM, "demo", "--no-serve", "--database", store], check=True, stdout=subprocess.DEVNULL)
    return store


def measured(browser: Browser, database: str, *, visits: int, first: bool) -> int:
    """Prints a line for each page; returns how many missed the bar."""
    missed = 0
    with served(database) as port:
        found = addresses(port)
        print(f"{'page':<14} {'warm ms':>8} {'worst ms':>9} {'first ms':>9}  address")
        for name, path in found.items():
            if path is None:
                print(f"{name:<14} no page leads to it")
                missed += 1
                continue
            first_paint_ms(browser, port, path)
            times = [first_paint_ms(browser, port, path) for _ in range(visits)]
            once = "–"
            if first:
                with served(database) as fresh:
                    once = f"{first_paint_ms(browser, fresh, path):.0f}"
            late = statistics.median(times) > BAR_MS
            missed += late
            print(
                f"{name:<14} {statistics.median(times):>8.0f} {max(times):>9.0f} {once:>9}  {path[:60]}"
                + (f"  over {BAR_MS} ms" if late else ""),
                flush=True,
            )
    return missed


def main() -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database")
    parser.add_argument("--visits", type=int, default=7)
    parser.add_argument("--no-first", dest="first", action="store_false")
    options = parser.parse_args()
    executable = shutil.which("chromium")
    if executable is None:
        print("Pages are measured in chromium. As root: apt-get install chromium fonts-noto-cjk", file=sys.stderr)
        return 2
    switches = [*SWITCHES, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with tempfile.TemporaryDirectory() as room, sync_playwright() as playwright:
        database = options.database or world(room)
        browser = playwright.chromium.launch(executable_path=executable, args=switches)
        print(
            f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, chromium"
            f" {browser.version}; load {os.getloadavg()[0]:.1f}; bar: warm ≤ {BAR_MS} ms"
        )
        missed = measured(browser, database, visits=options.visits, first=options.first)
        browser.close()
    print(f"{missed} of {len(HTML)} pages over the bar" if missed else f"all {len(HTML)} pages within the bar")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
