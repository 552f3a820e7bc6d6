"""A page that is being computed turns by itself into the one that was asked for, or into the one that says why not."""

from __future__ import annotations

import re
from typing import Final

import pytest
from django.template.loader import render_to_string
from playwright.sync_api import Browser, Page, Route, expect

from lodeline.web.parts.values import Progress
from tests.browser.conftest import context_of
from tests.browser.looking import Watch, barriers
from tests.browser.portal import PEOPLE, Portal

pytestmark = pytest.mark.medium
TITLE: Final = "This page is being computed"


def held_back(page: Page, at: str, *, times: int, end: int = 200) -> None:
    """Lets the address answer so many times that it is still computing; then what is there, under the status `end`."""
    left = [times]

    def answer(route: Route) -> None:
        found = route.fetch()
        if not left[0]:
            route.fulfill(response=found, status=end)
            return
        left[0] -= 1
        step = Progress(
            id="computing", label="Computing", text="Step 3 of 3.", done=times - left[0], total=9, seconds=1
        )
        part = render_to_string("lodeline/parts/progress.html", {"progress": step})
        head = render_to_string("lodeline/parts/progress_head.html", {"progress": step})
        main = f'<main id="main" tabindex="-1"><h1>{TITLE}</h1>{part}</main>'
        body = re.sub(r"<main.*</main>", lambda _: main, found.text(), flags=re.DOTALL)
        route.fulfill(response=found, status=202, body=body.replace("</head>", f"{head}</head>"))

    page.route(at, answer)


def test_page_turns_into_the_one_asked_for(portal: Portal, page: Page) -> None:
    watch = Watch(page, portal.origin, allowed=202)
    held_back(page, f"{portal.origin}/en/law/", times=3)
    answer = page.goto(f"{portal.origin}/en/law/")
    assert answer is not None and answer.status == 202
    bar = page.locator("#computing progress")
    expect(bar).to_have_attribute("value", "1")
    assert barriers(page) == []
    expect(bar).to_have_attribute("value", "2")
    expect(page.get_by_role("heading", level=1)).not_to_have_text(TITLE)
    expect(bar).to_have_count(0)
    assert watch.complaints == []


@pytest.mark.ci
@pytest.mark.parametrize("status", [500, 503])
def test_page_turns_into_what_went_wrong_and_asks_no_more(portal: Portal, page: Page, status: int) -> None:
    held_back(page, f"{portal.origin}/en/law/", times=2, end=status)
    asked: list[str] = []
    page.goto(f"{portal.origin}/en/law/")
    expect(page.locator("#computing")).to_have_count(0)
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(2_500)
    assert f"{portal.origin}/en/law/" not in asked


@pytest.mark.ci
def test_page_turns_without_a_script_too(browser: Browser, portal: Portal) -> None:
    context = context_of(browser, java_script_enabled=False)
    context.add_cookies(portal.cookies(PEOPLE["inspector"]))
    page = context.new_page()
    held_back(page, f"{portal.origin}/zh/law/", times=2)
    page.goto(f"{portal.origin}/zh/law/")
    expect(page.get_by_role("heading", level=1)).to_have_text(TITLE)
    expect(page.get_by_role("heading", level=1)).not_to_have_text(TITLE)
    context.close()
