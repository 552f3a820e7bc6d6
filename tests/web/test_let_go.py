"""What a page was computed from goes when the page is sent, and not when Python looks for rings of dead objects."""

from __future__ import annotations

import gc
import weakref

import pytest
from tests.web.conftest import Browser

from lodeline.store.store import Store
from lodeline.web import visit

pytestmark = pytest.mark.medium

READ = (
    "", "balances/", "findings/", "exceptions/", "exceptions/?state=all", "organisations/", "lots/", "where/", "log/",
    "findings/?q=nothing-is-called-so", "lots/nothing-is-called-so/",
)  # fmt: skip


@pytest.mark.parametrize("at", READ)
def test_a_reading_goes_with_the_desk_that_gave_it(browser: Browser, store: Store, at: str) -> None:
    browser.get(f"/en/{at}")
    visit.desk.cache_clear()
    gc.collect()
    gc.disable()
    try:
        assert browser.get(f"/en/{at}", follow=True).status_code in (200, 404)
        read = weakref.ref(visit.desk(store.database.url).reading())
        assert read() is not None
        visit.desk.cache_clear()
        assert read() is None
    finally:
        gc.enable()
