"""Three records beside each other: what is open, whose it is, and every paper behind one; a firm sees its own alone."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from django.test import Client, override_settings
from tests.stores import ready_store
from tests.web.as_official import furnish
from tests.web.conftest import Browser, Page

from lodeline.collation.exception import CAUSES
from lodeline.office.access.actor import Actor, RoleGrant
from lodeline.office.models import AuditRecord
from lodeline.regulation.parameter import load as load_law
from lodeline.service.filing.loading import load
from lodeline.service.matching import exceptions as questions
from lodeline.store.opening import open_store
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store
from lodeline.web.words import words
from lodeline.world import build_world, write_world

pytestmark = pytest.mark.medium
LIST = "/en/exceptions/"


@pytest.fixture(scope="module")
def fed(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A world with feeds. Not to be changed."""
    room = tmp_path_factory.mktemp("fed")
    write_world(build_world(seed=5, organisations=20, months=3), room / "world", feeds=True)
    made = ready_store(str(room / "store.sqlite3"))
    load(made, room / "world", law=load_law("cn"), own_process=False)
    furnish(made.database.url)
    made.database.close()
    return made


@pytest.fixture(scope="module")
def every(fed: Store) -> pl.DataFrame:
    store = open_store(fed.database.url)
    return questions.every(store, open_snapshot(store), load_law("cn"))


@pytest.fixture
def official(fed: Store, elsewhere: Callable[[str | Path], Browser]) -> Browser:
    return elsewhere(fed.database.url)


@pytest.fixture
def of_firm(pages: None, fed: Store) -> Iterator[Callable[[str], Browser]]:
    """A function of a firm that gives the browser of somebody of it."""

    def browser(firm: str) -> Browser:
        actor = Actor(user=1, name="A", pseudonym="a", standings=(RoleGrant(organisation=firm, role="filer"),))
        environ: Any = {"lodeline.actor": actor}
        return Browser(client=Client(HTTP_HOST="127.0.0.1", **environ))

    with override_settings(LODELINE_DATABASE=fed.database.url):
        yield browser


def exported(browser: Browser, path: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(browser.get(path).content.decode("utf-8-sig"))))


def test_page_counts_what_is_open_and_tells_what_may_still_come_apart(official: Browser, every: pl.DataFrame) -> None:
    opened = every.filter(pl.col("state") == "open")
    assert 0 < opened.height < every.height
    page = official.page(LIST)
    invoices = opened.filter(~pl.col("between").str.contains("border")).height
    assert page.status == 200 and f"{invoices} invoices" in page.headings[0]
    rows = exported(official, f"{LIST}?format=csv&table=mismatches&state=all")
    assert len([row for row in rows if row["Cause"] in CAUSES]) >= every.height
    kept = exported(official, f"{LIST}?format=csv&table=mismatches&kind=invoice")
    assert len(kept) == invoices


def test_cause_and_firm_narrow_the_list(official: Browser, every: pl.DataFrame) -> None:
    cause, firm = every.filter(pl.col("state") == "open").select("cause", "organisation").row(0)
    rows = exported(official, f"{LIST}?format=csv&table=mismatches&cause={cause}&organisation={firm}")
    wanted = every.filter(pl.col("state") == "open", pl.col("cause") == cause, pl.col("organisation") == firm)
    assert len(rows) == wanted.height and {row["Cause"] for row in rows} == {cause}
    assert official.get(f"{LIST}?cause=nonsense").status_code == 404


def test_one_exception_shows_its_papers_in_both_languages(official: Browser, every: pl.DataFrame) -> None:
    row = every.filter(pl.col("cause") == "date-differs").row(0, named=True)
    english, chinese = official.page(f"{LIST}{row['id']}/"), official.page(f"/zh/exceptions/{row['id']}/")
    assert english.status == chinese.status == 200
    assert english.headings == ["Dates far apart"] and chinese.headings == ["日期相距过远"]
    assert row["number"] in english.text and re.search(r"/en/log/\d+/", english.html)
    assert any(link.get("href") == LIST for link in english.links) and "Numbers lead to the entry" in english.text
    # Goods of filings are called by their words, and money is written as masses are.
    assert not re.search(r"magnet-ndfeb(?!\w)", english.text)
    assert re.search(r"CNY\s\d{1,3}(\u202f\d{3})*\b", english.html)
    assert official.get(f"{LIST}0123456789abcdef/").status_code == 404


def test_who_looks_at_an_exception_is_written_down_for_its_firm(
    official: Browser, every: pl.DataFrame, fed: Store
) -> None:
    one, firm = every.row(0, named=True)["id"], every.row(0, named=True)["organisation"]
    before = AuditRecord.objects.count()
    assert official.get(f"{LIST}{one}/").status_code == 200
    looks = list(AuditRecord.objects.order_by("id").values_list("what", "organisation", "subject"))[before:]
    assert looks == [("exception", firm, one)]
    assert official.get(f"{LIST}no-such-one/").status_code == 404
    assert AuditRecord.objects.count() == before + 1
    names = words.organisation_names(fed.newest_register(), "zh")
    read = official.page("/zh/audit/")
    assert "核对差异" in read.text and names[firm] in read.text
    assert exported(official, "/en/audit/?format=csv")[0]["What"] == "exception"


def test_firm_sees_its_own_and_what_to_do_and_nobody_elses(
    of_firm: Callable[[str], Browser], every: pl.DataFrame
) -> None:
    firm = every.filter(pl.col("state") == "open")["organisation"].value_counts(sort=True)["organisation"][0]
    browser, own = of_firm(firm), every.filter(pl.col("organisation") == firm)
    rows = exported(browser, f"/en/firm/{firm}/?kind=discrepancy&format=csv")
    assert len(rows) == own.height
    waiting = own.filter(pl.col("state") == "open").height
    assert f"{waiting} discrepanc" in browser.page(f"/en/firm/{firm}/?kind=discrepancy").headings[0]
    assert not exported(browser, f"/en/firm/{firm}/?kind=discrepancy&state=done&format=csv")
    page: Page = browser.page(f"/en/firm/{firm}/exceptions/{own['id'][0]}/")
    assert page.status == 200
    assert "What to do:" in page.text and "Numbers lead to the entry" not in page.text
    assert any(link.get("href") == f"/en/firm/{firm}/?kind=discrepancy" for link in page.links)
    other = every.filter(pl.col("organisation") != firm)
    assert browser.get(f"/en/firm/{firm}/exceptions/{other['id'][0]}/").status_code == 404
    assert browser.get(f"/en/firm/{other['organisation'][0]}/?kind=discrepancy").status_code == 403
    assert browser.get(LIST).status_code == 403


def test_papers_of_a_firm_hold_of_filings_its_own_rows_alone(fed: Store, every: pl.DataFrame) -> None:
    store = open_store(fed.database.url)
    snapshot, law = open_snapshot(store), load_law("cn")
    both = every.filter(pl.col("filed_mg").is_not_null() & pl.col("invoiced_mg").is_not_null()).row(0, named=True)
    seen = questions.one(store, snapshot, law, both["id"], only=[both["organisation"]])
    assert {one["organisation"] for one in seen["filed"]} == {both["organisation"]}
    with pytest.raises(questions.UnknownExceptionError):
        questions.one(store, snapshot, law, both["id"], only=["SOMEBODY"])
