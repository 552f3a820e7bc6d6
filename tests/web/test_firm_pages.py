"""A firm's own pages: what waits is said first, what is accepted becomes a draft, what is another's stays closed."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core import signing
from django.db import connections
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from tests.desk import Desk
from tests.office.trade import NOW, made_trade, member, person
from tests.stores import copied
from tests.web.conftest import Browser, Page

from lodeline.office.models import Dispute, Draft, DraftEdit, Notice, User
from lodeline.office.notices.notices import notify
from lodeline.office.router import OneStore
from lodeline.store.opening import open_store

pytestmark = pytest.mark.medium
CLOCK = "2025-02-07T09:00:00+08:00"


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """The trade for one test, shortly before January is due."""
    path = copied(made_trade, str(tmp_path / "store.sqlite3"))
    with override_settings(LODELINE_DATABASE=path, LODELINE_DEMO_CLOCK=CLOCK):
        yield path


def browser(firm: str, *roles: str, user: int = 1) -> Browser:
    environ: Any = {"lodeline.actor": person(firm, *roles, user=user)}
    return Browser(client=Client(HTTP_HOST="127.0.0.1", **environ))


def at(clock: str) -> Any:
    return override_settings(LODELINE_DEMO_CLOCK=clock)


def headline(firm: str, path: str = "", language: str = "en") -> str:
    (h1,) = browser(firm).page(f"/{language}/firm/{firm}/{path}").headings
    return " ".join(h1.split())


def lines(page: Page) -> list[str]:
    return re.findall(r'name="line" value="(\d+)"', page.html)


def test_home_says_what_is_due_and_what_waits(pages: None, url: str) -> None:
    assert headline("MAG") == "January 2025 is due by Sunday 9 February, in 2 days; one more thing waits for you"
    assert headline("MAG", language="zh") == "2025年1月的申报2月9日（星期日）截止，还有2天；另有1项待办"
    assert headline("MINE") == "Every month is filed; February 2025 is the next, due by Sunday 9 March"
    with at("2025-02-09T20:00:00+08:00"):
        assert headline("MAG").startswith("January 2025 is due by Sunday 9 February, today")
    with at("2025-02-10T00:00:00+08:00"):
        assert headline("MAG").startswith("January 2025 is late: it was due by Sunday 9 February")
    with at("2025-03-10T00:00:00+08:00"):
        assert headline("MAG").startswith("January 2025 is late, and so is one more month")


def test_home_asks_few_questions_and_not_the_nations_snapshot(pages: None, url: str) -> None:
    mag = browser("MAG")
    mag.get("/en/firm/MAG/")
    with CaptureQueriesContext(connections[OneStore().db_for_read(Draft)]) as asked:
        assert mag.get("/en/firm/MAG/").status_code == 200
    texts = [one["sql"] for one in asked.captured_queries]
    assert len(texts) <= 30
    assert not [text for text in texts if re.search(r"FROM line l LEFT JOIN lot", text)], "no whole table is read"


def test_home_shows_balances_and_questions_when_they_are_at_hand(pages: None, url: str) -> None:
    sep = browser("SEP")
    assert sep.get("/en/firm/SEP/balances/").status_code == 200
    end = time.monotonic() + 20
    while "Discrepancies are being looked for" in (text := sep.page("/en/firm/SEP/").text):
        assert time.monotonic() < end, "they are never at hand"
        time.sleep(0.02)
    assert "What detectors see in your filings" in text


@pytest.mark.parametrize(
    "page",
    [
        "",
        "?state=done",
        "?kind=notice",
        "transfers/",
        "lots/",
        "balances/",
        "lots/?view=customers",
        "licences/?view=quota",
        "licences/",
    ],
)
def test_every_page_is_the_firms_alone(pages: None, url: str, page: str) -> None:
    assert browser("SEP").get(f"/en/firm/SEP/{page}").status_code == 200
    assert browser("MAG").get(f"/en/firm/SEP/{page}").status_code == 403


def test_a_delivery_that_is_ticked_becomes_a_receipt_in_a_draft(pages: None, url: str) -> None:
    mag = browser("MAG")
    (line,) = lines(mag.page("/en/firm/MAG/transfers/"))
    form = {"line": [line], f"mass-{line}": "98.5", "on": "2025-02-05", "site": "mag"}
    response = mag.post("/en/firm/MAG/transfers/", form)
    assert response.status_code == 303
    draft = Draft.objects.get()
    assert (draft.organisation, draft.period) == ("MAG", "2025-02")
    cells = dict(DraftEdit.objects.filter(draft=draft).values_list("column", "text"))
    assert (cells["kind"], cells["mass_kg"], cells["reference"], cells["counterparty"]) == (
        "receipt",
        "98.5",
        "S3",
        "SEP",
    )
    after = mag.page(response["Location"])
    assert "Accepted, waits for certification" in after.text and lines(after) == []
    assert f"/en/firm/MAG/file/{draft.pk}/" in {link.get("href") for link in after.links}
    assert headline("MAG") == "January 2025 is due by Sunday 9 February, in 2 days; one more thing waits for you"


def test_all_on_the_page_are_accepted_by_one_button(pages: None, url: str) -> None:
    sep = browser("SEP")
    shown = re.findall(r'name="shown" value="(\d+)"', sep.page("/en/firm/SEP/transfers/").html)
    response = sep.post("/en/firm/SEP/transfers/", {"all": "yes", "shown": shown, "on": "2025-02-05", "site": "sep-2"})
    assert response.status_code == 303
    assert DraftEdit.objects.filter(column="kind", text="receipt").count() == len(shown) == 1
    assert DraftEdit.objects.filter(column="site", text="sep-2").count() == 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"mass": "1,250.5"}, "no mass in kg"),
        ({"on": "5 February"}, "2026-01-31"),
        ({"on": "2025-02-08"}, "later than today"),
        ({"site": "sep"}, "your own sites"),
        ({"line": []}, "at least one delivery"),
    ],
)
def test_what_cannot_be_accepted_so_is_said_and_nothing_typed_is_lost(
    pages: None, url: str, change: dict[str, Any], says: str
) -> None:
    mag = browser("MAG")
    (line,) = lines(mag.page("/en/firm/MAG/transfers/"))
    wish = {"line": [line], "mass": "98.25", "on": "2025-02-05", "site": "mag"} | change
    form = {"line": wish["line"], f"mass-{line}": wish["mass"], "on": wish["on"], "site": wish["site"]}
    response = mag.post("/en/firm/MAG/transfers/", form)
    assert response.status_code == 400
    page = Page(response)
    assert says in page.text
    assert f'name="mass-{line}" value="{wish["mass"]}"' in page.html
    assert not Draft.objects.exists()


def test_who_may_not_file_sees_and_does_nothing(pages: None, url: str) -> None:
    certifier = browser("MAG", "certifier")
    page = certifier.page("/en/firm/MAG/transfers/")
    assert "S3" in page.text and lines(page) == []
    assert (
        certifier.post("/en/firm/MAG/transfers/", {"line": ["1"], "on": "2025-02-05", "site": "mag"}).status_code == 403
    )


def test_a_delivery_is_disputed_answered_and_withdrawn_on_its_pages(pages: None, url: str) -> None:
    mag, sep = browser("MAG"), browser("SEP")
    (line,) = lines(mag.page("/en/firm/MAG/transfers/"))
    empty = mag.post(f"/en/firm/MAG/transfers/{line}/", {"dispute": " "})
    assert empty.status_code == 400 and "in a sentence" in Page(empty).text
    raised = mag.post(f"/en/firm/MAG/transfers/{line}/", {"dispute": "<b>wet</b> through"})
    assert raised.status_code == 303
    number = Dispute.objects.get().pk
    for_sep = f"/en/firm/SEP/disputes/{number}/"
    seen = sep.page(for_sep)
    assert "MAG Ltd disputes your S3" in seen.headings[0] and "&lt;b&gt;wet" in seen.html
    assert browser("TRADE").get(f"/en/firm/TRADE/disputes/{number}/").status_code == 404
    assert sep.post(for_sep, {"answer": "They dried."}).status_code == 303
    assert "They dried." in mag.page(raised["Location"]).text
    assert mag.post(raised["Location"], {"withdraw": "yes"}).status_code == 303
    assert "has withdrawn it" in sep.page(for_sep).text
    assert "Withdrawn" in mag.page("/en/firm/MAG/transfers/?view=disputes").text


def test_a_buyer_is_reminded_from_the_page_of_what_was_sent(pages: None, url: str) -> None:
    sep = browser("SEP")
    assert 'value="MAG"' in sep.page("/en/firm/SEP/transfers/?view=sent").html
    response = sep.post("/en/firm/SEP/transfers/?view=sent", {"remind": "MAG"})
    assert "The buyer finds it in its notices." in sep.page(response["Location"]).text
    assert headline("MAG", "?kind=notice") == "1 notice waits for you"


def test_a_lot_shows_kinds_and_countries_and_no_maker_beyond_the_edge(pages: None, url: str) -> None:
    sep = browser("SEP")
    listed = sep.page("/en/firm/SEP/lots/?hold=all")
    (marked,) = {str(link["href"]) for link in listed.links if "/lots/~" in str(link.get("href"))}
    page = sep.page(marked)
    assert "Mined, China" in page.text and "CN-PIT" not in page.text
    assert "from TRADE Ltd" in page.headings[0]
    assert "MINE" not in page.html and "MINE" not in listed.html
    assert sep.get("/en/firm/SEP/lots/MINE/ORE/").status_code == 404
    own = sep.page("/en/firm/SEP/lots/SEP/OX/?element=Nd")
    assert "made here; 80.0 kg are left" in " ".join(own.headings[0].split())


def test_an_own_sites_balance_is_the_authoritys_page_with_own_links(pages: None, url: str) -> None:
    sep = browser("SEP")
    page = sep.page("/en/firm/SEP/sites/sep/")
    assert "The authority sees this same page" in page.text
    hrefs = {str(link.get("href")) for link in page.links if str(link.get("href", "")).startswith("/en/")}
    shared = ("/en/firm/SEP/", "/en/home/", "/en/law/", "/en/verify/", "/en/self/")
    assert {href for href in hrefs if not href.startswith(shared)} == set()
    assert all(sep.get(href).status_code == 200 for href in hrefs if "/sites/" in href or "/filings/" in href)
    elsewhere = sep.get("/en/firm/SEP/sites/mine/")
    assert elsewhere.status_code == 404 and "sep, sep-2" in Page(elsewhere).text


def test_every_table_is_exported(pages: None, url: str) -> None:
    for path, table in (
        ("lots/?view=customers", "customers"), ("lots/?view=customers", "suppliers"), ("licences/", "licences"),
        ("licences/?view=quota", "quota"), ("lots/", "lots"), ("transfers/", "in"), ("transfers/?view=sent", "sent"),
        ("?state=done", "todo"),
    ):  # fmt: skip
        glue = "&" if "?" in path else "?"
        response = browser("SEP").get(f"/en/firm/SEP/{path}{glue}format=csv&table={table}")
        assert response["Content-Type"].startswith("text/csv"), path
        assert len(response.content.decode().splitlines()) >= 2, path


def test_quota_and_licences_answer_in_the_headline(pages: None, url: str) -> None:
    assert headline("SEP", "licences/?view=quota") == "40.0 kg REO beyond your quota of 2025"
    assert headline("MINE", "licences/?view=quota") == "300 kg REO are left of your quota of 2025"
    assert headline("MAG", "licences/?view=quota") == "You have no quota for 2025 and have drawn on none"
    assert headline("SEP", "licences/") == "One export licence is in force"
    assert headline("MAG", "licences/") == "No export licence of yours is in force"


def test_a_notice_is_marked_read_and_stays(pages: None, url: str) -> None:
    facts = {"other": "SEP", "event": "S3", "dispute": 1}
    for key in ("a", "b"):
        notify("MAG", "dispute-answered", facts, key=key, now=NOW)
    mag = browser("MAG")
    assert headline("MAG", "?kind=notice") == "2 notices wait for you"
    assert "SEP Ltd has answered your dispute of shipment S3." in mag.page("/en/firm/MAG/").text
    assert (
        mag.post("/en/firm/MAG/?kind=notice", {"notice": str(Notice.objects.filter(key="a").get().pk)}).status_code
        == 303
    )
    assert headline("MAG", "?kind=notice") == "1 notice waits for you"
    mag.post("/en/firm/MAG/?kind=notice", {"notice": "all"})
    assert headline("MAG", "?kind=notice") == "Notices: nothing waits for you"
    assert mag.page("/en/firm/MAG/?kind=notice&state=done").text.count("S3") >= 2
    assert mag.post("/en/firm/MAG/?kind=notice", {"notice": "x1"}).status_code == 303


def test_the_link_of_a_mail_asks_before_it_ends_them(pages: None, url: str) -> None:
    user = member(5, "MAG")
    link = f"/en/mail/end/{signing.dumps(user.pk, salt='lodeline.mail')}/"
    stranger = Browser(client=Client(HTTP_HOST="127.0.0.1"))
    assert "No more mails" in stranger.page(link).headings[0]
    assert User.objects.get(pk=5).wants_mail, "a program that follows the link ends nothing"
    assert stranger.post(link, {}).status_code == 303
    assert not User.objects.get(pk=5).wants_mail
    assert "You get no more mails" in stranger.page(link).headings[0]
    assert stranger.get("/en/mail/end/nonsense/").status_code == 404


def test_peers_of_a_site_have_no_names_for_the_firm(pages: None, url: str) -> None:
    desk = Desk(open_store(url))
    for firm, site, rows in (("MINE", "mine", ("ORE 400",)), ("SEP", "sep", ("MINE/ORE 80", "OX 80"))):
        counts = [f"C{day} stock {day} {site} {row}" for day in (5, 25) for row in rows]
        desk.rows(firm, "2025-02", *counts)
    page = browser("SEP").page("/en/firm/SEP/sites/sep/?element=Nd")
    assert "another site" in page.html, "the other site is a dot"
    assert not re.search(r"\bmine\b|MINE", page.html)
    assert "<table" not in page.html.partition("Peers at this stage")[2].partition("<details")[0]
    assert "All balances together" in page.text
    for table in ("sources", "explanations", "yields", "tests"):
        exported = browser("SEP").get(f"/en/firm/SEP/sites/sep/?element=Nd&format=csv&table={table}")
        assert exported.status_code == 200
        assert not re.search(r"\bmine\b", exported.content.decode()), table
