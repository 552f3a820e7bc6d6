"""Every page, in both languages, as whoever opens it gets it."""

from __future__ import annotations

import gzip
import re
from typing import Any, get_args

import pytest
from django.urls import URLResolver
from tests.web.conftest import Browser, Page

from lodeline.store.store import Store
from lodeline.web.language import LANGUAGES, TAGS
from lodeline.web.urls import PAGES, Permission, urlpatterns
from lodeline.web.visit import address

CHINESE = re.compile(r"[\u4e00-\u9fff]")
#: What stands for the parts of an address in the small world. A page with a part that is not here fails.
PARTS: dict[str, str] = {
    "entry": "1",
    "organisation": "SEP-0001",
    "site": "SEP-0001-A",
    "lot": "SEP-0001/CONCENTRATE-2501-00001",
}
#: The small world raises no finding: test_finding.py looks at that page.
HTML = [page for page in PAGES if not page.at.endswith(".json") and page.name != "finding"]


def path_of(page: Any, language: str) -> str:
    at = re.sub(r"<\w+:(\w+)>", lambda part: PARTS[part[1]], page.at)
    return f"/{language}/{at}"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", HTML, ids=lambda page: page.name)
def test_page_is_whole(browser: Browser, page: Any, language: Any) -> None:
    response = browser.get(path_of(page, language))
    assert response.status_code == 200
    seen = Page(response)
    assert seen.lang == TAGS[language]
    assert len(seen.headings) == 1 and seen.headings[0].strip()
    assert seen.title.strip().removesuffix("· Lodeline").strip()
    assert "None" not in seen.text.split()
    assert not re.search(r"\{[a-z_]*\}|\{\{|\{%", seen.html), "a value was not filled in"
    if language == "zh":
        assert CHINESE.search(seen.headings[0] + seen.title)
    alternates = {link["hreflang"]: link["href"] for link in seen.links if link.get("rel") == "alternate"}
    assert set(alternates) == set(TAGS.values())
    assert browser.get(str(alternates["en"])).status_code == 200


@pytest.mark.parametrize("page", HTML, ids=lambda page: page.name)
def test_page_lets_nothing_in(browser: Browser, page: Any) -> None:
    response = browser.get(path_of(page, "en"))
    policy = dict(part.strip().partition(" ")[::2] for part in response["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    html = response.content.decode()
    assert not re.search(r"<style|<script(?! src)|\sstyle=|\son[a-z]+=", html), "the policy would not let this run"
    assert not re.search(r"(?:href|src|action)=\"(?:https?:)?//", html), "a page needs nothing from elsewhere"


def test_every_link_of_a_page_leads_somewhere(browser: Browser) -> None:
    seen = {"/en/"}
    for start in [path_of(page, "en") for page in HTML]:
        for link in browser.page(start).links:
            href = str(link.get("href") or "").partition("#")[0]
            if href.startswith("/en/") and "sort=" not in href and len(seen) < 120:
                seen.add(href)
    broken = {href: status for href in sorted(seen) if (status := browser.get(href).status_code) not in (200, 302)}
    assert broken == {}


def test_every_page_has_a_decided_permission_and_a_name_of_its_own() -> None:
    assert {page.permission for page in PAGES} <= set(get_args(Permission))
    names = [page.name for page in PAGES]
    assert len(names) == len(set(names))
    (_, under_language) = urlpatterns
    assert isinstance(under_language, URLResolver)
    assert [getattr(pattern, "name", None) for pattern in under_language.url_patterns] == names, (
        "an address that is not in the table"
    )


def test_root_leads_to_the_language_that_the_browser_asks_for(browser: Browser) -> None:
    for asked, path in (("zh-CN,zh;q=0.9,en;q=0.8", "/zh/"), ("en-GB,zh;q=0.5", "/en/"), ("fr", "/en/"), ("", "/en/")):
        assert browser.get("/", HTTP_ACCEPT_LANGUAGE=asked)["Location"] == path


def test_switching_the_language_keeps_page_and_filters(browser: Browser) -> None:
    page = browser.page("/en/?element=Dy&period=2025-02")
    (other,) = {link["href"] for link in page.links if link.get("lang") == "zh-Hans"}
    assert other == "/zh/?element=Dy&period=2025-02"


def test_frame_says_what_the_page_was_computed_from(browser: Browser, store: Store) -> None:
    page = browser.page("/en/")
    root = store.head().frontier.root().hex()
    assert f'title="{root}"' in page.html
    assert "Synthetic data" in page.text


def test_page_is_light(browser: Browser) -> None:
    response = browser.get("/en/", HTTP_ACCEPT_ENCODING="gzip")
    assert response["Content-Encoding"] == "gzip"
    total = len(response.content)
    for href in re.findall(r"/static/[^\"]+", gzip.decompress(response.content).decode()):
        asset = browser.get(href)
        assert asset.status_code == 200, href
        total += len(gzip.compress(b"".join(asset.streaming_content)))
        asset.close()
    assert total < 250_000


def test_only_forms_are_posted(browser: Browser) -> None:
    assert browser.post("/en/", {}).status_code == 405


def test_pages_that_do_not_exist_yet_have_no_address() -> None:
    assert address("en", "no-such-page") is None
