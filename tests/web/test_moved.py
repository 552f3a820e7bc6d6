"""Addresses that pages had before they became part of another lead on, with what they were narrowed by."""

from __future__ import annotations

import pytest
from tests.web.conftest import Browser

from lodeline.web.moved import MOVED


@pytest.mark.parametrize("one", [one for one in MOVED if "<" not in one.at], ids=lambda one: one.at)
def test_an_address_of_before_leads_to_a_page(browser: Browser, one: object) -> None:
    led = browser.get(f"/en/{one.at}")  # type: ignore[attr-defined]
    assert led.status_code == 301
    assert browser.get(led["Location"]).status_code == 200


def test_what_the_address_said_is_kept_before_what_is_added(browser: Browser) -> None:
    assert browser.get("/zh/duty/?period=2025-03&state=late")["Location"] == (
        "/zh/organisations/?state=late&period=2025-03"
    )
    led = browser.get("/en/transfers/?state=exception&organisation=SEP-0002")["Location"]
    assert led == "/en/exceptions/?kind=delivery&state=exception&organisation=SEP-0002"
    assert browser.get(led).status_code == 200, "states of before are understood"
