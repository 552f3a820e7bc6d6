"""The pages of a store whose law is another country's: each opens, and says what that law does not have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, override_settings
from django.urls import URLResolver, get_resolver
from tests import worlds
from tests.web.conftest import Browser, _furnished

from lodeline.regulation.pack import shipped_codes
from lodeline.regulation.parameter import Jurisdiction, load
from lodeline.web import reading, visit

pytestmark = pytest.mark.medium
_, FIRST, *OTHERS = shipped_codes()


def paths(resolver: URLResolver | None = None, before: str = "/") -> Iterator[str]:
    """Every page of the portal that needs no argument."""
    for one in (resolver or get_resolver()).url_patterns:
        route = re.sub("<[^<>]*language>", "en", before + str(one.pattern))
        if "<" in route or "/account/" in route or route.startswith("/api/"):
            continue
        if isinstance(one, URLResolver):
            yield from paths(one, route)
        else:
            yield route


@pytest.fixture(scope="module", params=[FIRST, *(pytest.param(one, marks=pytest.mark.ci) for one in OTHERS)])
def abroad(
    request: pytest.FixtureRequest, pages: None, run_room: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Browser, Jurisdiction]]:
    """A browser on a copy of the small world, read under another law."""
    law = load(request.param)
    store = _furnished(worlds.small(run_room), tmp_path_factory.mktemp(law.code))

    def its_law(*_: Any) -> Jurisdiction:
        return law

    with pytest.MonkeyPatch.context() as patch, override_settings(LODELINE_DATABASE=store.database.url):
        patch.setattr(reading, "law_before", its_law)
        patch.setattr(visit, "law_now", its_law)
        yield Browser(client=Client(HTTP_HOST="127.0.0.1")), law


def test_every_page_opens(abroad: tuple[Browser, Jurisdiction]) -> None:
    browser, _ = abroad
    opened = {path: browser.get(path).status_code for path in sorted(set(paths())) if path.startswith("/en/")}
    assert {path: status for path, status in opened.items() if status >= 500} == {}
    assert list(opened.values()).count(200) > 20


def test_the_law_is_shown_and_that_nobody_has_to_file(abroad: tuple[Browser, Jurisdiction]) -> None:
    browser, law = abroad
    shown = " ".join(browser.page("/en/law/?on=2026-11-24&known=2026-11-24").words)
    assert all(one.label["en"] in shown for one in law.parameters.values() if one.informs is not None)
    assert "has nobody file a month" in " ".join(browser.page("/en/organisations/").words)
    assert "未规定月度申报义务" in " ".join(browser.page("/zh/organisations/").words)
