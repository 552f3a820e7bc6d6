"""Pages print without what only a screen needs, and weigh little."""

from __future__ import annotations

import re
from functools import cache

import httpx
import pytest

from lodeline.language import LANGUAGES, Language
from lodeline.service.strategy.briefing import briefing
from lodeline.web.words.strategy_sheet import document
from tests.browser.conftest import Eyes
from tests.browser.views import USUAL, VIEWS, Places
from tests.web.strategy_sample import run

pytestmark = pytest.mark.ci

#: Bytes that a page may weigh as it is transferred to somebody who comes for the first time.
HEAVIEST = 250_000
ONLY_ON_SCREENS = "#nav, .menu-btn, .find, .skip, fieldset.seg, .seg.lang, .filters, .pager, .elems, .acts .btn"
#: What people take to a meeting, hand to an inspector, or put into a file; the first of it in every run.
PRINTED = ("balance", "finding", "desk, answer", "firm-filing", "lot", "entry", "firm-balance", "firm-draft", "audit")
OFTEN = 2


@pytest.mark.parametrize(
    ("view", "language"),
    [
        pytest.param(view, ("en", "zh")[place % 2], marks=() if place < OFTEN else pytest.mark.slow)
        for place, view in enumerate(PRINTED)
    ],
)
def test_page_prints(eyes: Eyes, view: str, language: Language) -> None:
    with eyes.on(view, language) as (page, _):
        page.emulate_media(media="print")
        assert page.locator("h1").is_visible()
        shown = [one.get_attribute("class") for one in page.locator(ONLY_ON_SCREENS).all() if one.is_visible()]
        assert shown == []
        pdf = page.pdf(format="A4")
    assert pdf.startswith(b"%PDF-")
    # Text as text: fonts are in it, and it has more than a blank sheet's worth of them.
    assert re.search(rb"/FontFile|/Type3", pdf) and len(pdf) > 20_000
    assert _pages(pdf) >= 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_briefing_prints_on_one_page(eyes: Eyes, language: Language) -> None:
    with eyes.on("strategy-briefing", language) as (page, _):
        assert _pages(page.pdf(prefer_css_page_size=True)) == 1
        # The file for whoever has no portal, of a run in which there is most to say; the portal's own pages take no
        # styles from within.
        file = page.context.new_page()
        file.set_content(document(briefing(run()), language))
        assert _pages(file.pdf(prefer_css_page_size=True)) == 1


def _pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


@pytest.mark.parametrize(
    "view", [pytest.param(view, marks=() if view in USUAL else pytest.mark.slow) for view in VIEWS]
)
def test_page_is_light(places: Places, view: str) -> None:
    seen = VIEWS[view]
    path = places.path(view)
    places.portal.sign_in(seen.by)
    client = places.portal.client(seen.by)
    html, weight = fetched(client, path, seen.status)
    parts = sorted(set(re.findall(r'/static/[^"]+', html)))
    assert len(parts) >= 4
    assert weight + sum(fetched_once(places.portal.origin, part) for part in parts) <= HEAVIEST


@cache
def fetched_once(origin: str, path: str) -> int:
    with httpx.Client(base_url=origin, trust_env=False) as client:
        return fetched(client, path)[1]


def fetched(client: httpx.Client, path: str, status: int = 200) -> tuple[str, int]:
    """The text at an address, and the bytes that came over the wire for it."""
    with client.stream("GET", path, headers={"Accept-Encoding": "gzip"}, follow_redirects=False) as response:
        assert response.status_code == status, (path, response.status_code)
        response.read()
        return response.text, response.num_bytes_downloaded
