"""Every page, in both languages, as whoever opens it gets it."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import polars as pl
import pytest
from django.core import signing
from django.test import Client, override_settings
from django.urls import URLResolver
from tests.findings import finding_in
from tests.law_packs import with_notice
from tests.stores import made_once, put_away
from tests.web.as_official import OFFICIAL
from tests.web.conftest import Browser, Page

from lodeline.control.declaration import read_fields
from lodeline.control.rulebook import LawDay
from lodeline.journal.entry import canonical_json
from lodeline.language import LANGUAGES
from lodeline.ledger.register import TABLES
from lodeline.office.access import clock
from lodeline.office.access.actor import AUTHORITY, ORGANISATION_ROLES, PERMISSIONS, Actor, RoleGrant
from lodeline.office.accounts import erasure
from lodeline.office.accounts.email_change import token_of
from lodeline.office.accounts.invitations import invite
from lodeline.office.customs import batches as desk_batches
from lodeline.office.customs import desk
from lodeline.office.customs import queries as customs_cases
from lodeline.office.filing import disputes, draft_check, drafts
from lodeline.office.filing.drafts import FileIn
from lodeline.office.findings import cases
from lodeline.office.licences import applications
from lodeline.office.log.editions import freeze
from lodeline.office.matching import feeds
from lodeline.office.models import Application, Membership, User
from lodeline.regulation.parameter import load as load_law
from lodeline.service.customs.desk import Ledger
from lodeline.service.customs.desk import answer as judged
from lodeline.service.entries.papers import put_paper
from lodeline.service.entries.records import put_records
from lodeline.service.entries.upload import Upload
from lodeline.service.firm.organisation_view import OrganisationView
from lodeline.service.inspections import planning
from lodeline.service.inspections.items import site_items
from lodeline.service.law import publishing
from lodeline.service.licences.runs import announce_run
from lodeline.service.matching.exceptions import every as every_exception
from lodeline.service.strategy.inputs import accepted, file_tables
from lodeline.store.opening import open_store
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import INSPECTION_KIND, Store
from lodeline.web.moved import MOVED
from lodeline.web.urls import PAGES, urlpatterns
from lodeline.web.visit import address
from lodeline.web.words.language import TAGS

pytestmark = pytest.mark.medium

CHINESE = re.compile(r"[\u4e00-\u9fff]")
#: Files, of which there is no page.
FILES: Final = {
    "receipt", "firm-file-template", "firm-file-copy", "firm-draft-file", "firm-filing-receipt", "firm-filing-upload",
    "firm-filing-key", "edition-file", "handover-file", "firm-inspection-receipt",
    "inspection-worker",
}  # fmt: skip
#: Pages that lead elsewhere here: to the own home, to signing in, to giving the password once more.
LEAD_ON: Final = {"home", "first-run", "firm-draft-certify"}
#: Pages whose headline is a person's name, in whatever script that is.
CALLED_BY_A_PERSON: Final = {"official", "register-person", "firm-person"}
#: The small world raises no finding: test_finding.py looks at such pages.
HTML: Final = [page for page in PAGES if page.name not in FILES | LEAD_ON | {"finding", "firm-finding"}]
#: A month that nobody has filed, with the columns of another system.
FILE: Final = b"Beleg,Vorgang,Datum,Menge kg\n1,WE,02.04.2025,1200.5\n"
Examples = dict[str, dict[str, str]]
#: Somebody of another state's agency, who sees what is published to it and nothing else.
AGENT: Final[Any] = {
    "lodeline.actor": Actor(
        user=1, name="A", pseudonym="a", standings=(RoleGrant(organisation="", role="agency", region="DE"),)
    )
}


@pytest.fixture(scope="module")
def examples(store: Store, run_room: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Examples]]:
    """URL of a copy of the small world with an example of everything, and what its parts of addresses are.

    Under "" those of every page, under a page's name its own. A page with a part that is not here fails.
    """
    file = store.database.path
    assert file is not None

    def make(room: Path) -> None:
        copy = str(shutil.copy(file, room / file.name))
        with override_settings(LODELINE_DATABASE=copy):
            parts = _made(copy)
        put_away(open_store(copy))
        (room / "parts.json").write_text(json.dumps(parts), "utf-8")

    room = made_once(run_room / "examples", make)
    copy = str(shutil.copy(room / file.name, tmp_path_factory.mktemp("examples") / file.name))
    with override_settings(LODELINE_DATABASE=copy):
        yield copy, json.loads((room / "parts.json").read_text("utf-8"))


def _made(url: str) -> Examples:
    store, law, now = open_store(url), load_law("cn"), clock.now()
    ((line, firm, lot),) = store.database.rows(
        "SELECT t.shipment_line, t.receiver, l.name FROM transfer t JOIN lot l ON l.id = t.lot"
        " WHERE t.receipt_line IS NULL AND t.receiver IN (SELECT organisation FROM entry WHERE kind = 'filing')"
        " AND l.maker IN (SELECT organisation FROM entry) ORDER BY t.id LIMIT 1"
    )
    ((entry,),) = store.database.rows('SELECT MIN("index") FROM entry WHERE organisation = %s', (str(firm),))
    member = member_of(str(firm))
    today = clock.today(law.timezone)
    for organisation, role in ((str(firm), "filer"), (AUTHORITY, "registrar")):
        Membership.objects.create(
            user_id=member.user, organisation=organisation, role=role, valid_from=today, granted_at=now
        )
    draft = drafts.start(member, str(firm), "2025-04", law=law, now=now)
    draft = drafts.add_files(member, draft, [FileIn(name="april.csv", content=FILE)], seen=draft.revision, now=now)
    draft_check.begin(draft, now=now)
    invited = invite(
        member, email="wu.dan@example.org", name="Wu Dan", organisation=str(firm), role="filer", today=today, now=now
    )
    dispute = disputes.dispute(
        member, OrganisationView(store, law, str(firm)), int(str(line)), "Two drums are missing.", now=now
    )
    row = {
        "id": "ab" * 32, "detector": "unexplained-gain", "subject": {"organisation": firm, "site": f"{firm}-A"},
        "period": {"from": "2025-01", "to": "2025-02"}, "score": 0.9967, "mass_kg": "1234.5", "elements": ["Nd"],
        "interval_kg": ["744.5", "1724.5"], "evidence": [], "innocent": [], "ask": [], "state": "open",
        "explanation": {"en": "Seen.", "zh": "所见。"},
    }  # fmt: skip
    seen = cases.FindingAsSeen(finding=finding_in(row), stamp={"entry": 0, "root": "00" * 32}, today=today, steps=0)
    cases.ask(member, store, seen, text="Where is it from?", until=today + timedelta(days=15), now=now)
    application = applications.begin(member, str(firm), now=now)
    Application.objects.filter(pk=application.pk).update(state="submitted", submitted_at=now)
    common = {
        "application": application.reference,
        "organisation": firm, "site": f"{firm}-A", "lot": lot, "entry": entry, "line": line, "draft": draft.pk,
        "dispute": dispute.pk, "person": member.user,
        "finding": row["id"], "party": str(firm),
    }  # fmt: skip
    asked, own, query = declared(store, member, str(firm))
    common["licence"] = licensed(store, str(firm))
    common["run"] = announced(store, str(firm))
    common["plan"], measured = planned(store, f"{firm}-A")
    common["exception"] = disagreed(store, member, str(firm))
    edition = freeze(member, store, law, "2025-01", reason="", now=now)
    files = {path: text.encode() for path, text in with_notice(today).files.items()}
    pack = publishing.propose(store, files, reason="No. 99 of 2026", filed_at=now, by="another")
    return {
        "": {name: str(value) for name, value in common.items()},
        "desk-asked-one": {"entry": str(asked)},
        "firm-asked-one": {"entry": str(own)},
        "desk-batch": {"batch": batch_of(member, "")},
        "firm-batch": {"batch": batch_of(member, str(firm))},
        "desk-query": {"case": query},
        "firm-query": {"case": query},
        "law-pack": {"entry": str(pack.entry.index)},
        "law-text": {"instrument": "announcement-18-2025"},
        "strategy-briefing": {"scenario": scenario_of(store)},
        "inspection-visit": {"entry": str(measured)},
        "firm-inspection-visit": {"entry": str(measured)},
        "firm-inspection-receipt": {"entry": str(measured)},
        "handover-file": {"successor": "MIN-0001"},
        "edition": {"period": edition.period},
        "edition-file": {"period": edition.period, "edition": str(edition.number)},
        "invitation": {"token": invited.token},
        "erasure": {"asked": str(erasure.ask(member, ground="consent", reason="I leave.", now=now).pk)},
        "account-email": {"token": token_of(User.objects.get(pk=member.user), "new@test.example", now=now)},
        "mail-end": {"token": signing.dumps(member.user, salt="lodeline.mail")},
    }


def declared(store: Store, member: Any, firm: str) -> tuple[int, int, str]:
    """The entries of an officer's question about a line of the firm and of the firm's own, and a query about it."""
    law, now = load_law("cn"), clock.now()
    today = clock.today(law.timezone)
    line = {"line": "1", "exporter": firm, "product_name": "NdFeB magnets", "hs_code": "8505111000", "model": "P1;P2"}
    declaration = read_fields(line)
    answered = judged(declaration, LawDay.of(law, today), Ledger(snapshot=open_snapshot(store), store=store))
    asked, own = (desk.ask(member, store, declaration, answered, now=now, asker=who).index for who in ("", firm))
    query = customs_cases.open_case(
        member, store, asked, verdict_id=answered["lines"][0]["id"], text="Which model?", law=law, today=today, now=now
    )
    return asked, own, query.reference


def batch_of(member: Any, asker: str) -> str:
    """A batch of two lines that a worker has judged."""
    content = b"line,product_name,hs_code\n1,NdFeB magnets,8505111000\n2,Neodymium metal,2805301100\n"
    batch = desk_batches.begin(member, name="many.csv", content=content, asker=asker, now=clock.now())
    desk_batches.judge_job({"batch": batch.reference}, lambda _share: None)
    return str(batch.reference)


def licensed(store: Store, firm: str) -> str:
    """A licence that the register has of the firm."""
    today = clock.today(load_law("cn").timezone)
    licence = {
        "id": "LIC-1", "kind": "general", "exporter": firm, "end_users": ["Abroad GmbH"], "control_items": ["1C902"],
        "products": ["oxide"], "mass_mg": 50_000_000, "elements": None, "destination": "DE", "end_use": "motors",
        "valid_from": today, "valid_to": today + timedelta(days=365),
    }  # fmt: skip
    put_records(store, {"licences": pl.DataFrame([licence], schema=dict(TABLES["licences"]))}, filed_at=clock.now())
    return str(licence["id"])


def announced(store: Store, firm: str) -> str:
    """A run that the firm plans."""
    now = clock.now()
    drawn = announce_run(
        store=store, organisation=firm, kind="separation", ore_type="", year=now.year, run="R-7", reo_mg=1_000_000,
        on=now.date(), filed_at=now,
    )  # fmt: skip
    assert drawn.draw is not None
    return str(drawn.draw.number)


def planned(store: Store, site: str) -> tuple[str, int]:
    """A plan of a visit, and the entry of what was measured under it: the first item was not there."""
    snapshot, today = open_snapshot(store), clock.today(load_law("cn").timezone)
    items = site_items(snapshot, site=site)
    proposal = planning.propose(
        items, planning.Wanted(site=site, on=today), register=snapshot.register, entry=snapshot.entry, today=today
    )
    plan = planning.enter_plan(store, proposal, filed_at=clock.now(), by="p")
    drawn = next(one for one in plan.paper["items"] if one["do"])
    nothing = dict.fromkeys(
        ("event", "declared_mg", "declared_dry_mg", "mass_mg", "moisture_ppb", "dry_mg", "instrument", "calibrated_on",
         "method", "composition", "assay_method", "seal", "note")
    )  # fmt: skip
    row = {**nothing, "uid": "u1", "lot": drawn["label"], "name": drawn["lot"], "product": drawn["product"],
           "place": "stock", "outcome": "absent", "extra": {}}  # fmt: skip
    paper = {
        "format": "lodeline-inspection-v1", "act": "measurement", "organisation": proposal.organisation, "site": site,
        "on": today.isoformat(), "plan": plan.entry.index, "rows": [row], "samples": [], "seals": [], "whole": False,
        "note": "", "flags": [],
    }  # fmt: skip
    with store.database.transaction():
        entry = put_paper(
            store, store.head(lock=True), canonical_json(paper), kind=INSPECTION_KIND, name="inspection.json",
            filed_at=clock.now(), facts={"act": "measurement"}, organisation=proposal.organisation,
            period=f"{today:%Y-%m}",
        )  # fmt: skip
    return str(plan.entry.index), entry.index


def scenario_of(store: Store) -> str:
    """A scenario of the tables in force, one of two."""
    scenarios = (
        b"scenario,name_en,name_zh,base_from,base_to,starts,horizon_days,draws\n"
        b"one,One,\xe4\xb8\x80,2025-01,2025-03,2025-04-01,60,5\ntwo,Two,\xe4\xba\x8c,2025-01,2025-03,2025-04-01,60,5\n"
    )
    instruments = (
        b"scenario,id,kind,from,class,delay_working_days,approval_pct\none,a,licence,2025-04-01,magnet-ndfeb,30,50\n"
    )
    uploads = [Upload(name="scenarios.csv", content=scenarios), Upload(name="instruments.csv", content=instruments)]
    filed = file_tables(store, uploads, filed_at=clock.now())
    assert accepted(filed), filed
    return "one"


def disagreed(store: Store, member: Any, firm: str) -> str:
    """Where an invoice that another authority handed in says other than the firm has filed."""
    content = (
        "number,kind,on,seller,buyer_name,product_name,mass_kg,value\n"
        f"25992000000000000001,special,2025-02-04,{firm},Muster AG,NdFeB magnets,40,1600\n"
    )
    done = feeds.submit(
        member, store, feed="invoices", name="invoices.csv", content=content.encode(), now=clock.now()
    )  # fmt: skip
    assert done.entry is not None, done.problems
    found = every_exception(store, open_snapshot(store), load_law("cn"))
    return str(found.filter(pl.col("organisation") == firm)["id"][0])


def member_of(firm: str) -> Any:
    """The official of every role, who has every role in a firm besides."""
    own = tuple(RoleGrant(organisation=firm, role=role) for role in ORGANISATION_ROLES)
    return replace(OFFICIAL, standings=(*OFFICIAL.standings, *own))


def path_of(page: Any, language: str, made: Examples) -> str:
    parts = {**made[""], **made.get(page.name, {})}
    return f"/{language}/" + re.sub(r"<\w+:(\w+)>", lambda part: parts[part[1]], page.at)


@pytest.fixture
def browser(pages: None, examples: tuple[str, Examples]) -> Browser:
    """On the copy; of the national pages."""
    return Browser(client=Client(HTTP_HOST="127.0.0.1"))


@pytest.fixture
def of_firm(pages: None, examples: tuple[str, Examples]) -> Browser:
    """On the copy; of who also belongs to the firm."""
    member: Any = {"lodeline.actor": member_of(examples[1][""]["organisation"])}
    return Browser(client=Client(HTTP_HOST="127.0.0.1", **member))


@pytest.fixture(scope="module")
def kept_answers() -> dict[tuple[str, str], Any]:
    """(page, language) → the answer in which several tests look for something."""
    return {}


@pytest.fixture
def opened(
    browser: Browser, of_firm: Browser, examples: tuple[str, Examples], kept_answers: dict[tuple[str, str], Any]
) -> Any:
    """Opens a page in a language as who may; each is asked once."""

    def open_page(page: Any, language: str) -> Any:
        who = of_firm if page.at.startswith("firm/") else browser
        if page.permission == "strategy.aggregate":
            who = Browser(client=Client(HTTP_HOST="127.0.0.1", **AGENT))
        key = (page.name, language)
        if key not in kept_answers:
            kept_answers[key] = who.get(path_of(page, language, examples[1]))
        return kept_answers[key]

    return open_page


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", HTML, ids=lambda page: page.name)
def test_page_is_whole(opened: Any, page: Any, language: Any) -> None:
    response = opened(page, language)
    assert response.status_code == 200
    seen = Page(response)
    assert seen.lang == TAGS[language]
    assert len(seen.headings) == 1 and seen.headings[0].strip()
    assert seen.title.strip().removesuffix("· Lodeline").strip()
    assert ("模拟数据" if language == "zh" else "Synthetic data") in seen.text, "made up, and not said so"
    assert 'href=""' not in seen.html, "a link leads nowhere"
    # Of the API's page, what stands in braces is meant.
    assert page.name == "api" or not re.search(r"\{[a-z_]*\}|\{\{|\{%", seen.html), "a value was not filled in"
    if language == "zh":
        assert page.name in CALLED_BY_A_PERSON or CHINESE.search(seen.headings[0] + seen.title)
        # In English it is a word.
        assert "None" not in seen.text.split()
    alternates = {link["hreflang"]: link["href"] for link in seen.links if link.get("rel") == "alternate"}
    assert set(alternates) == set(TAGS.values())
    assert str(alternates["en"]).startswith("/en/")


@pytest.mark.parametrize("page", HTML, ids=lambda page: page.name)
def test_page_lets_nothing_in(opened: Any, page: Any) -> None:
    response = opened(page, "en")
    policy = dict(part.strip().partition(" ")[::2] for part in response["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    html = response.content.decode()
    assert not re.search(r"<style|<script(?! src)|\sstyle=|\son[a-z]+=", html), "the policy would not let this run"
    assert not re.search(r"(?:href|src|action)=\"(?:https?:)?//", html), "a page needs nothing from elsewhere"


@pytest.mark.parametrize("path", ["/en/", "/en/lots/?format=csv", "/api/v1/openapi.json", "/no/such/page/", "/health"])
def test_every_answer_says_how_it_may_be_used(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    kind = answer["Content-Type"]
    assert kind == "application/json" or "charset=utf-8" in kind.lower()


def test_every_link_of_a_page_leads_somewhere(opened: Any, browser: Browser, of_firm: Browser) -> None:
    seen: dict[str, Browser] = {}
    for page in HTML:
        for number, link in enumerate(Page(opened(page, "en")).links):
            href = str(link.get("href") or "").partition("#")[0]
            # Of each page the first few of its own, behind the menu: the last page is looked at like the first.
            if href.startswith("/en/") and "sort=" not in href and number < 60:
                seen.setdefault(href, of_firm if href.startswith("/en/firm/") else browser)
    broken = {href: status for href, who in seen.items() if (status := who.get(href).status_code) not in (200, 302)}
    assert broken == {}
    assert len(seen) > 150


def test_every_page_has_a_decided_permission_and_a_name_of_its_own() -> None:
    assert {page.permission for page in PAGES} <= set(PERMISSIONS)
    names = [page.name for page in PAGES]
    assert len(names) == len(set(names))
    under_language = next(one for one in urlpatterns if "language:language" in str(getattr(one, "pattern", "")))
    assert isinstance(under_language, URLResolver)
    moved = [None] * len(MOVED)
    assert [getattr(pattern, "name", None) for pattern in under_language.url_patterns] == [*moved, *names], (
        "an address that is not in the table"
    )


def test_root_leads_to_the_language_that_the_browser_asks_for(browser: Browser) -> None:
    for asked, path in (
        ("zh-CN,zh;q=0.9,en;q=0.8", "/zh/home/"),
        ("en-GB,zh;q=0.5", "/en/home/"),
        ("fr", "/en/home/"),
        ("", "/en/home/"),
    ):
        assert browser.get("/", HTTP_ACCEPT_LANGUAGE=asked)["Location"] == path


def test_switching_the_language_keeps_page_and_filters(browser: Browser) -> None:
    page = browser.page("/en/?element=Dy&period=2025-02")
    (other,) = {link["href"] for link in page.links if link.get("lang") == "zh-Hans"}
    assert other == "/zh/?element=Dy&period=2025-02"


def test_frame_says_what_the_page_was_computed_from(browser: Browser, examples: tuple[str, Examples]) -> None:
    page = browser.page("/en/")
    root = open_store(examples[0]).head().frontier.root().hex()
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
