"""People with browsers: those who file a month and certify it, and those who read; and what was seen of them."""

from __future__ import annotations

import asyncio
import random
import re
import statistics
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx

from portal.months import with_slips
from portal.server import entry_of

#: Seconds between two acts of a person.
PAUSE_S = (5.0, 15.0)
#: What people look at, and how often.
OFFICIAL_PAGES = {
    "overview": 25, "balances": 15, "findings": 20, "transfers": 10, "organisation": 10, "lot": 10, "duty": 5, "site": 5
}  # fmt: skip
FIRM_PAGES = {"home": 30, "file": 15, "lots": 15, "lot": 10, "balances": 10, "transfers": 10, "filings": 10}
#: Pages that speak of an entry of the log which the analyst has published.
_OF_THE_NATION = ("overview", "balances", "findings", "transfers")


@dataclass(slots=True)
class Seen:
    """What was seen of all people: seconds of each kind of act, what went wrong, how old the nation's answers were."""

    took: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    wrong: list[str] = field(default_factory=list)
    #: Pages that said at first that they were being computed; what a person waited for them is in `took`.
    computed: int = 0
    #: Entries that were filed, each with its moment; and pages of the nation: when asked, of which entry.
    filed: list[tuple[float, int]] = field(default_factory=list)
    spoke: list[tuple[float, int]] = field(default_factory=list)

    def ages_s(self) -> list[float]:
        """For each page of the nation: for how long something had been filed that it did not know of."""
        ages = []
        for asked, entry in self.spoke:
            unknown = [at for at, filed in self.filed if filed > entry and at < asked]
            ages.append(asked - min(unknown) if unknown else 0.0)
        return ages


class Person:
    """One person with a browser's cookies."""

    def __init__(self, client: httpx.AsyncClient, seen: Seen, chance: random.Random) -> None:
        self.client = client
        self.seen = seen
        self.chance = chance

    async def pause(self) -> None:
        """Reads what has come."""
        await asyncio.sleep(self.chance.uniform(*PAUSE_S))

    async def _done(self, answer: httpx.Response, asked: str) -> str:
        """The page, once it is there."""
        if answer.status_code == 202:
            self.seen.computed += 1
        while answer.status_code == 202:
            await asyncio.sleep(1)
            answer = await self.client.get(answer.url)
        assert answer.status_code == 200, f"{asked}: {answer.status_code}"
        self.at = answer.url.path
        return answer.text

    async def get(self, path: str, kind: str) -> str:
        """A page, and the seconds until it was there."""
        began = time.monotonic()
        page = await self._done(await self.client.get(path), f"GET {kind}")
        self.seen.took[kind].append(time.monotonic() - began)
        return page

    async def send(self, path: str, page: str, data: dict[str, str], kind: str, file: bytes | None = None) -> str:
        """The page that follows a form of `page`; the form's token and revision go with it."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token is not None, f"{kind}: there is no form"
        revision = re.search(r'name="revision" value="(\d+)"', page)
        fields = {**data, "csrfmiddlewaretoken": token[1], "revision": revision[1] if revision else "0"}
        files: Any = None if file is None else {"files": ("month.csv", file, "text/csv")}
        began = time.monotonic()
        page = await self._done(await self.client.post(path, data=fields, files=files), f"POST {kind}")
        self.seen.took[kind].append(time.monotonic() - began)
        return page


class Filer(Person):
    """A person who files for a firm, and certifies."""

    def __init__(
        self, client: httpx.AsyncClient, seen: Seen, chance: random.Random, *, organisation: str, period: str
    ) -> None:
        super().__init__(client, seen, chance)
        self.firm = f"/en/firm/{organisation}/"
        self.period = period
        self.draft = self.page = ""

    async def start(self) -> None:
        """Begins a draft of the month."""
        page = await self.get(self.firm + "file/", "read: own")
        self.page = await self.send(self.firm + "file/", page, {"act": "start", "period": self.period}, "start")
        self.draft = self.at

    async def upload(self, content: bytes, *, again: bool = False) -> None:
        """Sends a file; answered is the page with its problems."""
        act = "upload:replace" if again else "upload"
        self.page = await self.send(self.draft, self.page, {"act": act}, f"check {_size(content)}", content)

    async def certify(self) -> None:
        """Puts the draft before its certifier, signs it, and has the receipt."""
        await self.send(self.draft, self.page, {"act": "ask"}, "ask")
        page = await self.get(self.draft + "certify/", "read: own")
        page = await self.send(self.draft + "certify/", page, {"act": "password", "sure": "yes"}, "certify")
        entry = re.search(r"/filings/(\d+)/$", self.at)
        title = re.search(r"<title>(.*?)</title>", page, re.DOTALL)
        assert entry is not None, f"{self.firm} has no receipt, but: {title and title[1].strip()}"
        self.seen.filed.append((time.monotonic(), int(entry[1])))

    async def live(self, content: bytes, begins: float) -> None:
        """The evening of the deadline: twice with slips, then as it should be."""
        await asyncio.sleep(max(0.0, begins - time.monotonic()))
        try:
            await self.get(self.firm, "read: own")
            await self.start()
            for attempt in range(2):
                await self.pause()
                await self.upload(with_slips(content, self.chance, attempt=attempt), again=attempt > 0)
            await self.pause()
            await self.upload(content, again=True)
            await self.pause()
            await self.certify()
            await self.pause()
            await self.get(self.firm, "read: own")
        except (AssertionError, httpx.HTTPError) as error:
            self.seen.wrong.append(str(error) or type(error).__name__)


def address(name: str, lot: str, organisation: str = "") -> str:
    """Where a page is, of the authority or of a firm; of pages of one thing it is this lot, or its maker or first
    site."""
    maker = quote(lot.partition("/")[0])
    at = {
        "overview": "", "home": "", "organisation": f"organisations/{maker}/", "lot": f"lots/{quote(lot)}/",
        "site": f"sites/{maker}-A/",
    }.get(name, f"{name}/")  # fmt: skip
    return f"/en/firm/{organisation}/{at}" if organisation else f"/en/{at}"


class Reader(Person):
    """A person who reads: of the authority, or of a firm."""

    def __init__(
        self, client: httpx.AsyncClient, seen: Seen, chance: random.Random, *, lots: Sequence[str], organisation: str
    ) -> None:
        super().__init__(client, seen, chance)
        self.organisation = organisation
        self.lots = lots

    def _page(self) -> tuple[str, str]:
        """The name and the address of what is read next."""
        pages = FIRM_PAGES if self.organisation else OFFICIAL_PAGES
        (name,) = self.chance.choices(list(pages), list(pages.values()))
        return name, address(name, self.chance.choice(self.lots), self.organisation)

    async def live(self, until: float) -> None:
        """Reads, and rests, and reads."""
        await asyncio.sleep(self.chance.uniform(0, PAUSE_S[1]))
        while time.monotonic() < until:
            name, at = self._page()
            asked = time.monotonic()
            try:
                page = await self.get(at, f"read: {'firm' if self.organisation else 'nation'} {name}")
                if not self.organisation and name in _OF_THE_NATION:
                    self.seen.spoke.append((asked, entry_of(page)))
            except (AssertionError, httpx.HTTPError) as error:
                self.seen.wrong.append(str(error) or type(error).__name__)
            await self.pause()


@asynccontextmanager
async def browsers(origin: str, sessions: Iterable[str]) -> AsyncIterator[list[httpx.AsyncClient]]:
    """A browser for each session."""
    clients = [
        httpx.AsyncClient(
            base_url=origin, follow_redirects=True, timeout=120, cookies={"lodeline_session": session},
            headers={"Origin": origin, "Accept": "text/html"},
        )
        for session in sessions
    ]  # fmt: skip
    try:
        yield clients
    finally:
        await asyncio.gather(*(one.aclose() for one in clients))


def _size(content: bytes) -> str:
    rows = content.count(b"\n") - 1
    return next(f"of {least}-{most} rows" for least, most in ((0, 300), (300, 800), (800, 9999)) if rows < most)


def print_table(took: dict[str, list[float]], groups: dict[str, Callable[[str], bool]]) -> dict[str, float]:
    """Prints what each kind of act took, then groups of kinds; returns the p99 of each group in seconds."""
    print(f"{'what':<26}{'count':>8}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'most':>9}")
    found = {}
    rows = [(name, times) for name, times in sorted(took.items())]
    for name, holds in groups.items():
        rows.append((name.upper(), [one for kind, times in took.items() if holds(kind) for one in times]))
    for name, times in rows:
        if len(times) > 1:
            cut = statistics.quantiles(times, n=100, method="inclusive")
            shown = "".join(f"{one * 1000:>9.0f}" for one in (cut[49], cut[94], cut[98], max(times)))
            print(f"{name:<26}{len(times):>8}{shown}")
            found[name.lower()] = cut[98]
    return found
