"""A firm finds what is its own by the names that it knows, and nothing of what another has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client, override_settings
from tests.office.trade import NOW, made_trade, person
from tests.stores import copied
from tests.web.conftest import Browser

from lodeline.office.licences import applications
from lodeline.office.models import Application

pytestmark = pytest.mark.medium


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    path = copied(made_trade, str(tmp_path_factory.mktemp("find") / "store.sqlite3"))
    with override_settings(LODELINE_DATABASE=path, LODELINE_DEMO_CLOCK="2025-02-07T09:00:00+08:00"):
        for firm in ("SEP", "MAG"):
            begun = applications.begin(person(firm), firm, now=NOW)
            Application.objects.filter(pk=begun.pk).update(reference=f"app-{firm.lower()}")
        yield path


def browser(firm: str) -> Browser:
    environ: Any = {"lodeline.actor": person(firm)}
    return Browser(client=Client(HTTP_HOST="127.0.0.1", **environ))


def found(firm: str, text: str) -> tuple[str, set[str]]:
    """Where a search leads (""), or the addresses on its page."""
    response = browser(firm).client.get(f"/en/firm/{firm}/find/", {"q": text})
    if response.status_code == 302:
        return response["Location"], set()
    page = browser(firm).page(f"/en/firm/{firm}/find/?q={text}")
    main = page.html.partition("<main")[2]
    return "", {one["href"] or "" for one in page.links if f'href="{one.get("href")}"' in main}


@pytest.mark.parametrize(
    ("text", "leads"),
    [
        ("SEP/OX", "lots/SEP/OX/"), ("LIC-1", "licences/LIC-1/"), ("app-sep", "applications/app-sep/"),
        ("sep-2", "sites/sep-2/"),
    ],
)  # fmt: skip
def test_the_one_thing_of_that_name(pages: None, url: str, text: str, leads: str) -> None:
    assert found("SEP", text)[0] == f"/en/firm/SEP/{leads}"


def test_what_is_like_it(pages: None, url: str) -> None:
    assert {"/en/firm/SEP/licences/LIC-0/", "/en/firm/SEP/licences/LIC-1/"} <= found("SEP", "lic-")[1]
    filed = found("SEP", "2025-01")[1]
    assert len([one for one in filed if "/filings/" in one]) == 1
    assert found("SEP", "T1")[0] in filed
    (delivery,) = [one for one in found("SEP", "S4")[1] | {found("SEP", "S4")[0]} if "/transfers/" in one]
    assert delivery
    assert "/en/firm/SEP/lots/?view=customers" in found("SEP", "Trade-House")[1] | {found("SEP", "Trade-House")[0]}


@pytest.mark.parametrize("text", ["ORE", "LIC", "Abroad", "S1", "mine", "2025-01", "S2", "O1", "D-2", "app-sep"])
def test_nothing_of_another_is_found(pages: None, url: str, text: str) -> None:
    assert found("MAG", text) == ("", set())


def test_what_is_on_its_way_to_a_firm_is_its_own(pages: None, url: str) -> None:
    """MAG has filed nothing; SEP has shipped it a lot (S3)."""
    (delivery,) = found("MAG", "sep")[1] | {found("MAG", "sep")[0]} - {""}
    assert delivery.startswith("/en/firm/MAG/transfers/")
    assert found("MAG", "app-")[1] == {"/en/firm/MAG/applications/app-mag/"}


def test_a_maker_that_is_not_next_to_it_is_not_looked_through(pages: None, url: str) -> None:
    """SEP has MINE's ore through TRADE, and knows it by a mark."""
    names = browser("SEP").page("/en/firm/SEP/find/?q=ORE").text
    assert "MINE/ORE" not in names
    assert "ORE" in names.replace("“ORE”", "")
    assert found("SEP", "MINE/ORE") == ("", set())


def test_others_do_not_open_it(pages: None, url: str) -> None:
    assert browser("MAG").client.get("/en/firm/SEP/find/?q=OX").status_code == 403


def test_the_field_at_the_side_is_its_own(pages: None, url: str) -> None:
    assert 'class="find" action="/en/firm/SEP/find/"' in browser("SEP").page("/en/firm/SEP/lots/").html
    for text in ("%", "_", "\\", "'", "\x00", "\ud7ff" * 300):
        assert browser("SEP").client.get("/en/firm/SEP/find/", {"q": text}).status_code in (200, 302, 400)


def test_the_authority_finds_papers_too(pages: None, url: str) -> None:
    Application.objects.filter(reference="app-sep").update(state="submitted", submitted_at=NOW)
    official = Client(HTTP_HOST="127.0.0.1")
    assert official.get("/en/find/", {"q": "LIC-1"})["Location"] == "/en/licences/LIC-1/"
    assert official.get("/en/find/", {"q": "app-sep"})["Location"] == "/en/applications/app-sep/"
    # A draft is the firm's own.
    assert "/en/applications/app-mag/" not in official.get("/en/find/", {"q": "app-"}).content.decode()
