"""An official of a region sees and does what concerns its firms, and nothing of what lies elsewhere."""

from __future__ import annotations

import csv
import html
import io
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import unified_diff
from functools import cache
from typing import Any, Final

import polars as pl
import pytest
from django.test import Client, override_settings
from tests.web.as_official import OFFICIAL
from tests.web.test_pages import planned as planned_visit
from tests.web.test_publisher import at_work, without_frames

from lodeline.ledger.register import Register
from lodeline.ledger.resolution import maker_and_local
from lodeline.material.mass import parse_mass
from lodeline.office.access import clock
from lodeline.office.access.actor import AUTHORITY_ROLES, Actor, RoleGrant
from lodeline.office.licences import applications
from lodeline.office.matching import feeds
from lodeline.office.models import Application
from lodeline.regulation.parameter import load as load_law
from lodeline.service.findings.finding import findings
from lodeline.service.inspections.items import held_by_site
from lodeline.service.inspections.planning import plans
from lodeline.service.inspections.visits import inspections
from lodeline.service.licences.runs import announce_run
from lodeline.service.matching.exceptions import every as every_exception
from lodeline.service.trade.where import goods_sent
from lodeline.store.opening import open_store
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store
from lodeline.web import visit
from lodeline.web.api import api
from lodeline.web.published_desk import PublishedDesk
from lodeline.web.urls import PAGES
from lodeline.web.visit import FOR_EVERYBODY

#: Most firms of the small world are elsewhere.
REGION: Final = "CN-JX"
#: Operations that take no organisation: they answer of whoever asks.
#: The queries of customs are no region's: `desk.use` is for the whole country (office.access.actor.UNBOUNDED).
_OF_WHO_ASKS: Final = frozenset({"get_self", "list_queries"})
#: An invoice makes the feed that filings can disagree with: each delivery without one is an exception.
_INVOICE: Final = (
    "number,kind,on,seller,buyer_name,product_name,mass_kg,value\n"
    "25992000000000000001,special,2025-02-04,{seller},Muster AG,NdFeB magnets,40,1600\n"
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Divided:
    """The small world from the region: its register, its firms, and the others."""

    store: Store
    register: Register
    here: frozenset[str]
    elsewhere: frozenset[str]

    def official(self) -> Actor:
        """An official of every role, for the region."""
        standings = tuple(
            RoleGrant(organisation="", role=role, region=REGION, firms=self.here) for role in AUTHORITY_ROLES
        )
        return Actor(user=1, name=OFFICIAL.name, pseudonym="regional", standings=standings)

    def told_elsewhere(self) -> list[str]:
        """What only the register and their own filings tell of the others: names of firms, names and ids of sites."""
        firms = self.register.tables["organisations"].filter(pl.col("id").is_in(self.elsewhere))
        sites = self.register.tables["sites"].filter(pl.col("organisation").is_in(self.elsewhere))
        # A firm abroad and a customer at home may be called alike in part: names are looked for whole.
        names = [*firms["name_en"], *firms["name_zh"], *sites["id"]]
        return [name for name in names if name]

    def end_users(self) -> frozenset[str]:
        """To whom the firms of the region have exported, as they filed it: an officer who decides sees it."""
        rows = self.store.database.rows("SELECT organisation, end_user_name FROM line WHERE kind = 'export'")
        return frozenset(str(name) for who, name in rows if who in self.here and name)


@pytest.fixture(scope="module")
def divided(flawed: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Divided]:
    assert flawed.database.path is not None
    flawed.database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    url = str(shutil.copy(flawed.database.path, tmp_path_factory.mktemp("divided") / "store.sqlite3"))
    with override_settings(LODELINE_DATABASE=url):
        store, now = open_store(url), clock.now()
        register = store.register(store.head())
        here = register.firms_of_region[REGION]
        elsewhere = frozenset(register.tables["organisations"]["id"]) - here
        assert here and elsewhere
        for firm in (min(here), min(elsewhere)):
            applied(firm)
            planned(store, firm)
        holding = held_by_site(open_snapshot(store))
        for firms in (here, elsewhere):
            site = holding.filter(pl.col("organisation").is_in(firms))["site"][0]
            planned_visit(store, str(site))
        content = _INVOICE.format(seller=min(here)).encode()
        assert feeds.submit(OFFICIAL, store, feed="invoices", name="invoices.csv", content=content, now=now).entry
        yield Divided(store=store, register=register, here=here, elsewhere=elsewhere)


def planned(store: Store, firm: str) -> None:
    """Announces a run of the firm."""
    now = clock.now()
    announce_run(
        store=store, organisation=firm, kind="separation", ore_type="", year=now.year, run=f"RUN-{firm}",
        reo_mg=1_000_000, on=now.date(), filed_at=now,
    )  # fmt: skip


def applied(firm: str) -> None:
    """Leaves an application of the firm with the authority."""
    filer = replace(OFFICIAL, standings=(RoleGrant(organisation=firm, role="filer"),))
    begun = applications.begin(filer, firm, now=clock.now())
    Application.objects.filter(pk=begun.pk).update(state="submitted", submitted_at=clock.now())


@pytest.fixture
def client(pages: None, divided: Divided) -> Client:
    environ: Any = {"lodeline.actor": divided.official()}
    return Client(HTTP_HOST="127.0.0.1", **environ)


@cache
def addresses(divided: Divided, firms: frozenset[str]) -> dict[str, list[dict[str, str]]]:
    """Name of a part of an address → what it may be for these firms. No test changes it."""
    sites = [one for one, holder in divided.register.site_organisation.items() if holder in firms]
    lots = [str(lot) for (lot,) in divided.store.database.rows("SELECT name FROM lot ORDER BY id")]
    entries = divided.store.database.rows('SELECT "index", organisation FROM entry ORDER BY "index"')
    snapshot = open_snapshot(divided.store)
    seen = findings(divided.store, snapshot, load_law("cn")).as_json()["rows"]
    disagree = every_exception(divided.store, snapshot, load_law("cn")).filter(pl.col("organisation").is_in(firms))
    visits = [plan for plan in plans(divided.store) if plan.paper["organisation"] in firms]
    measured = [str(one.entry.index) for one in inspections(divided.store, firms)]
    planned = divided.store.database.rows("SELECT id, organisation FROM draw WHERE book = 'quota' ORDER BY id")
    handed = Application.objects.filter(organisation__in=firms).values_list("reference", flat=True)
    return {
        "organisation": [{"organisation": one} for one in sorted(firms)],
        "site": [{"site": one} for one in sorted(sites)],
        "lot": [{"lot": one} for one in lots if maker_and_local(one, "")[0] in firms][:5],
        "entry": [*({"entry": str(one)} for one, who in entries if who in firms)][:5]
        + [{"entry": one} for one in measured],
        "plan": [{"plan": str(plan.entry.index)} for plan in visits],
        "finding": [{"finding": row["id"]} for row in seen if row["subject"].get("organisation") in firms],
        "application": [{"application": one} for one in handed],
        "exception": [{"exception": one} for one in disagree["id"]][:5],
        "run": [{"run": str(number)} for number, who in planned if who in firms],
    }


def paths(divided: Divided, page: Any, firms: frozenset[str], language: str = "en") -> list[str]:
    """Every address of a page for the firms; a page about nobody has one."""
    parts = re.findall(r"<\w+:(\w+)>", page.at)
    if not parts:
        return [f"/{language}/{page.at}"]
    found = addresses(divided, firms).get(parts[0], [])
    return [
        f"/{language}/" + re.sub(r"<\w+:(\w+)>", lambda part: one.get(part[1], "1"), page.at)  # noqa: B023
        for one in found
    ]


def bounded() -> list[Any]:
    """The pages that a region bounds."""
    return [page for page in PAGES if page.permission not in FOR_EVERYBODY]


@pytest.mark.medium
@pytest.mark.parametrize("language", ["zh", pytest.param("en", marks=pytest.mark.ci)])
def test_no_page_names_a_firm_or_a_site_elsewhere(client: Client, divided: Divided, language: str) -> None:
    elsewhere, opened, leaks = divided.told_elsewhere(), set(), []
    filed_here = {"application": divided.end_users()}
    for page in bounded():
        for path in paths(divided, page, divided.here, language):
            for asked in (path, f"{path}?format=csv", f"{path}?csv={page.name}"):
                response = client.get(asked)
                if response.status_code == 200:
                    opened.add(page.name)
                    text = html.unescape(response.content.decode())
                    known = filed_here.get(page.name, frozenset())
                    leaks += [(asked, name) for name in elsewhere if name in text and name not in known]
    assert leaks == []
    # Nothing of this world waits to be handed over: tests/web/test_register_changes.py does.
    assert {page.name for page in bounded() if page.regional} - {"register-person", "handover-file"} <= opened


@pytest.mark.medium
def test_pages_read_from_a_publication_are_the_same_and_open_no_frames(
    client: Client, divided: Divided, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each look at a firm is one more on the page of looks, and a row on that of the firm.
    asked = [
        path
        for page in bounded()
        if page.regional and page.name != "audit"
        for path in paths(divided, page, divided.here)[:2]
    ]

    def seen() -> dict[str, list[str]]:
        found = {path: client.get(path) for path in asked}
        return {
            path: [
                str(one.status_code),
                *(
                    re.sub(r'(nonce|token" value)="[^"]*"', "", line)
                    for line in one.content.decode().splitlines()
                    if line.strip() and "Routine oversight" not in line and " rows ·" not in line
                ),
            ]
            for path, one in found.items()
        }

    computed = seen()
    desk = PublishedDesk(divided.store.database.url)
    monkeypatch.setattr(visit, "desk", lambda _: desk)
    without_frames(monkeypatch)
    with at_work(divided.store):
        desk.reading(at_least=divided.store.head().size - 1)
        read = seen()
    differing = {
        path: list(unified_diff(computed[path], lines, n=0, lineterm=""))
        for path, lines in read.items()
        if lines != computed[path]
    }
    assert differing == {}


@pytest.mark.medium
def test_what_lies_elsewhere_is_answered_like_what_there_is_not(client: Client, divided: Divided) -> None:
    answers = {
        path: client.get(path).status_code
        for page in bounded()
        if "<" in page.at
        for path in paths(divided, page, divided.elsewhere)
        if client.get(path).status_code != 404
    }
    # A page of the whole country is refused whomever it is about.
    assert set(answers.values()) <= {403}
    assert all(any(one in path for one in ("/lots/", "/people/", "/law/packs/")) for path in answers)


def test_pages_of_the_whole_country_say_whose_they_are(client: Client) -> None:
    for path in ("/en/lots/", "/en/people/", "/en/tokens/", "/en/register/new/"):
        response = client.get(path)
        assert response.status_code == 403
        assert "whole country" in response.content.decode()
    assert client.get("/en/")["Location"] == "/en/home/"
    assert client.get("/en/home/")["Location"] == "/en/organisations/"


def test_menu_offers_only_what_is_open(client: Client) -> None:
    page = client.get("/en/findings/").content.decode()
    assert 'href="/en/organisations/"' in page
    assert 'href="/en/lots/"' not in page


def test_lists_hold_the_firms_of_the_region_and_no_others(client: Client, divided: Divided) -> None:
    def linked(path: str) -> set[str]:
        return set(re.findall(r'href="/en/organisations/([^/"]+)/"', client.get(path).content.decode()))

    assert linked("/en/organisations/") == divided.here
    assert (
        set().union(*(linked(f"/en/organisations/?state={state}") for state in ("missing", "late", "filed")))
        <= divided.here
    )
    assert linked("/en/findings/") <= divided.here
    whole = divided.store, open_snapshot(divided.store), load_law("cn")
    elsewhere = [
        one["finding"] for one in findings(*whole).as_json()["causes"] if one["organisation"] not in divided.here
    ]
    seen = client.get("/en/findings/").content.decode() + client.get("/en/findings/?view=firms").content.decode()
    assert elsewhere and not [one for one in elsewhere if one in seen]


def test_the_year_of_a_region_rests_on_its_firms_alone(client: Client, divided: Divided) -> None:
    found = read_csv(client.get("/en/year/?format=csv&table=cells").content)
    treo = [row for row in found if row["Element"] == "TREO"]
    behind = read_csv(client.get("/en/balances/?element=TREO&format=csv").content)
    assert sum(int(row["Sites"]) for row in treo) == len(behind) > 0
    owners = divided.register.site_organisation
    assert {owners[row["Site"]] for row in behind} <= divided.here
    page = client.get("/en/year/").content.decode()
    assert 'id="method"' not in page and "Freeze a month" not in page, "both are of the whole country"
    assert client.post("/en/year/", {"period": "2025-01"}).status_code == 403


def read_csv(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_where_it_goes_is_told_of_what_the_firms_of_the_region_sent(client: Client, divided: Divided) -> None:
    def read(query: str, column: str) -> tuple[set[str], int]:
        text = client.get(f"/en/where/?element=Nd&way=delivery&{query}&format=csv").content.decode()
        rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
        return {row[column] for row in rows}, sum(parse_mass(row["Nd, kg"]) for row in rows if row["Nd, kg"] != "–")

    law = load_law("cn")
    goods = goods_sent(open_snapshot(divided.store), law).filter(way="delivery")
    own = goods.filter(pl.col("organisation").is_in(divided.here))
    assert 0 < own["Nd"].sum() < goods["Nd"].sum()
    for by in ("firm", "rows"):
        firms, mass_mg = read(f"by={by}", "Sent by")
        assert firms == set(own.filter(pl.col("Nd") > 0)["organisation"])
        assert mass_mg == own["Nd"].sum()
    there = min(divided.elsewhere)
    assert client.get(f"/en/where/?organisation={there}").status_code == 404
    # Whom nobody of the region has sent anything is answered like whom there is not.
    other = goods.join(own, on="party", how="anti")["party"].drop_nulls()[0]
    assert client.get(f"/en/where/?way=delivery&customer={other}").status_code == 404


def test_acts_reach_nobody_elsewhere(client: Client, divided: Divided) -> None:
    from lodeline.office.models import Notice  # noqa: PLC0415  (the store is chosen by the fixture)

    before = Notice.objects.count()
    chosen = {"kind": "reminded", "organisation": sorted(divided.elsewhere)}
    assert client.post("/en/organisations/?period=2025-01", chosen).status_code == 400
    assert Notice.objects.count() == before


@pytest.mark.medium
def test_no_operation_answers_about_a_firm_elsewhere(client: Client, divided: Divided) -> None:
    elsewhere, here = divided.told_elsewhere(), sorted(divided.here)[0]
    there = {name: found[0][name] for name, found in addresses(divided, divided.elsewhere).items() if found}
    for path, operations in api.get_openapi_schema()["paths"].items():
        # What is open to anyone says nothing of anybody; see the permission of each operation.
        if "get" not in operations or path.startswith(("/api/v1/law", "/api/v1/log/")):
            continue
        other = re.sub(r"\{(?:\w+:)?(\w+)\}", lambda part: there.get(part[1], "1"), path)
        for asked in (other, f"{other}?organisation={there['organisation']}", f"{other}?organisation={here}"):
            response = client.get(asked)
            text = response.content.decode()
            assert response.status_code < 500, asked
            if response.status_code == 200:
                assert not [name for name in elsewhere if name in text], asked
                assert operations["get"]["operationId"] in _OF_WHO_ASKS or f"={there['organisation']}" not in asked, (
                    asked
                )
    ((entry,),) = divided.store.database.rows(
        'SELECT MIN("index") FROM entry WHERE organisation = %s', (there["organisation"],)
    )
    assert client.get(f"/api/v1/log/entries/{entry}").json()["envelope"] is None
    mine = client.get(f"/api/v1/balances?organisation={here}")
    assert mine.status_code == 200 and mine.json()["rows"]
