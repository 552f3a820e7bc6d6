"""Pages print without what only a screen needs, and weigh little."""

from __future__ import annotations

import gzip
import re
from functools import cache
from http.client import HTTPConnection

import pytest
from playwright.sync_api import Page
from tests.browser.portal import VIEWS, Portal

pytestmark = pytest.mark.medium

#: Bytes that a page may weigh as it is transferred to somebody who comes for the first time.
HEAVIEST = 250_000
ONLY_ON_SCREENS = "#nav, .menu-btn, .find, .skip, fieldset.seg, .seg.lang, .filters, .pager, .elems, .acts .btn"


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("view", ["balance", "lot", "finding", "entry", "desk, answer"])
def test_page_prints(portal: Portal, page: Page, view: str, language: str) -> None:
    page.goto(portal.url(view, language))
    page.emulate_media(media="print")
    assert page.locator("h1").is_visible()
    shown = [one.get_attribute("class") for one in page.locator(ONLY_ON_SCREENS).all() if one.is_visible()]
    assert shown == []
    pdf = page.pdf(format="A4")
    assert pdf.startswith(b"%PDF-")
    # Text as text: fonts are in it, and it has more than a blank sheet's worth of them.
    assert b"/FontFile" in pdf and len(pdf) > 20_000
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) >= 1


@pytest.mark.parametrize("view", VIEWS)
def test_page_is_light(portal: Portal, view: str) -> None:
    html, weight = fetched(portal.origin, portal.path(view))
    parts = sorted(set(re.findall(r'/static/[^"]+', html)))
    assert len(parts) >= 4
    assert weight + sum(fetched_once(portal.origin, part) for part in parts) <= HEAVIEST


@cache
def fetched_once(origin: str, path: str) -> int:
    return fetched(origin, path)[1]


def fetched(origin: str, path: str) -> tuple[str, int]:
    """The text at an address, and the bytes that came over the wire for it."""
    connection = HTTPConnection(origin.removeprefix("http://"), timeout=60)
    connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    assert response.status == 200, path
    text = gzip.decompress(body) if response.headers["Content-Encoding"] == "gzip" else body
    return text.decode(), len(body)
