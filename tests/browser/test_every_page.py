"""Every page, as whoever may open it: quiet on the console, nothing from elsewhere, WCAG 2.2 AA, at a desk and on a
telephone. In every run those that stand for the rest are seen once, in languages and colours that take turns; with the
slow tests all of them in all.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import product

import pytest
from playwright.sync_api import Page, Route

from lodeline.language import LANGUAGES, Language
from lodeline.web.accounts.addresses import urlpatterns as account_addresses
from lodeline.web.words.language import TAGS
from tests.browser.conftest import Eyes
from tests.browser.looking import Watch, barriers, is_dark, scrolls_sideways
from tests.browser.portal import Portal
from tests.browser.views import (
    ACCOUNT,
    HTML,
    LISTED,
    LOOKS,
    MAILED,
    ONCE,
    SCHEMES,
    SIGHTS,
    USUAL,
    VIEWS,
    Places,
    marks_of,
    template_of,
    usual,
)  # fmt: skip

pytestmark = pytest.mark.medium

DESK, TELEPHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
#: Account addresses behind which there is no page of their own.
NO_PAGE = {"mfa_index", "mfa_list_webauthn", "mfa_login_webauthn", "mfa_download_recovery_codes"}
#: Account pages that only follow something else: test_sign_in.py goes through them.
FOLLOW = {
    "mfa_view_recovery_codes", "mfa_reauthenticate_webauthn", "mfa_remove_webauthn", "mfa_edit_webauthn",
}  # fmt: skip


def look_at(eyes: Eyes, view: str, language: Language, scheme: str, *, widths: tuple[dict[str, int], ...]) -> None:
    """Opens a view at the first width, and goes to the others; of each, barriers and what scrolls sideways."""
    with eyes.on(view, language, color_scheme=scheme, viewport=widths[0]) as (page, watch):
        assert page.locator("html").get_attribute("lang") == TAGS[language]
        assert page.locator("h1").count() == 1
        assert page.title().removesuffix("· Lodeline").strip()
        assert is_dark(page) == (scheme == "dark")
        found = barriers(page)
        sideways = [scrolls_sideways(page)]
        for width in widths[1:]:
            page.set_viewport_size(width)  # type: ignore[arg-type]
            sideways.append(scrolls_sideways(page))
        complaints = watch.complaints
    assert complaints == []
    assert found == []
    assert sideways == [0] * len(widths)


@pytest.mark.parametrize(("view", "language", "scheme"), ONCE)
def test_page_is_quiet_and_open_to_all(eyes: Eyes, view: str, language: Language, scheme: str) -> None:
    look_at(eyes, view, language, scheme, widths=(DESK, TELEPHONE))


@pytest.mark.slow
@pytest.mark.parametrize(("view", "language", "scheme"), [sight for sight in SIGHTS if sight not in ONCE])
def test_page_is_quiet_and_open_to_all_in_every_look(eyes: Eyes, view: str, language: Language, scheme: str) -> None:
    look_at(eyes, view, language, scheme, widths=(DESK,))


@pytest.mark.slow
@pytest.mark.parametrize(("view", "language", "scheme"), SIGHTS)
def test_page_fits_a_telephone_in_every_look(eyes: Eyes, view: str, language: Language, scheme: str) -> None:
    # Among the rules: targets are 24 pixels wide and high, or far enough apart.
    look_at(eyes, view, language, scheme, widths=(TELEPHONE,))


def test_every_page_is_looked_at(places: Places) -> None:
    """Pages with parts have an example; the library's account pages are all there."""
    with_parts = {page.name for page in HTML if "<" in page.at.replace("<str:organisation>", "")}
    assert with_parts == {*LISTED, *MAILED} | {name for name in places.portal.made if name in with_parts}
    seen = {view.name.partition(",")[0] for view in ACCOUNT}
    assert seen >= {one.name for one in account_addresses} - NO_PAGE - FOLLOW


def test_what_every_run_looks_at_shows_every_part_in_every_look_and_takes_in_what_is_new() -> None:
    shown = {name: marks_of(template_of(view)) for name, view in VIEWS.items()}
    parts = {one: {mark for mark in marks if mark[0] == "part"} for one, marks in shown.items()}
    assert set().union(*parts.values()) == set().union(*(parts[name] for name in USUAL))
    assert len(USUAL) <= LOOKS
    looks = Counter((language, scheme) for _, language, scheme in ONCE)
    assert set(looks) == set(product(LANGUAGES, SCHEMES)) and max(looks.values()) - min(looks.values()) <= 1
    # A view that shows most that is new stands first; one that shows nothing new is left out.
    first = VIEWS[USUAL[0]]
    others = [view for view in VIEWS.values() if template_of(view) != template_of(first)]
    assert usual([*others, first]) == USUAL
    assert set(usual([*others, first, replace(first, name="the same")])) == set(USUAL)
    assert first.name not in usual(others) and len(usual(others, most=3)) == 3


def test_what_a_page_must_not_do_is_seen(portal: Portal, page: Page) -> None:
    """The watch and the rules themselves: a page that breaks what every page keeps."""
    watch = Watch(page, portal.origin)

    def broken(route: Route) -> None:
        response = route.fetch()
        body = response.text().replace(
            "</main>",
            "<script>document.title = 'run'</script><p style='color: red'>red</p><img src='https://example.org/a.png'>"
            "<script src='/static/lodeline/no-such.js'></script></main>",
        )
        route.fulfill(response=response, body=body)

    page.route("**/en/verify/", broken)
    page.goto(f"{portal.origin}/en/verify/")
    told = "\n".join(watch.complaints)
    assert page.title() != "run"
    for part in ("inline script", "inline style", "example.org", "404: "):
        assert part in told, part
    assert any(barrier.startswith("image-alt at ") for barrier in barriers(page))
