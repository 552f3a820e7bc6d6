"""A firm never learns of whom it does not deal with: not from an answer, and not from a page, a link or a CSV."""

from __future__ import annotations

import html
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import polars as pl
import pytest
from django.conf import settings
from django.test import Client, override_settings
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from tests.desk import LAW, Desk
from tests.office.trade import person
from tests.stores import ready_store
from tests.web.as_official import furnish

from lodeline.encoding import encoded
from lodeline.regulation.parameter import load as load_law
from lodeline.service.filing.loading import load
from lodeline.service.firm.organisation_view import OrganisationView
from lodeline.store.store import Store
from lodeline.web.urls import PAGES
from lodeline.world import build_world, write_world

pytestmark = pytest.mark.medium

NAMES = ("ALPHA", "BRAVO", "CHARLIE", "DELTA", "ECHO")
NOW = datetime.fromisoformat("2025-04-07T09:00:00+08:00")
_NUMBER = itertools.count()


def near(store: Store, firm: str) -> set[str]:
    """The firm and whom it deals with, by the rows of both; not by the code that is tested."""
    rows = store.database.rows(
        "SELECT organisation, party FROM line WHERE party IS NOT NULL AND (organisation = %s OR (party = %s"
        " AND kind IN ('shipment', 'receipt', 'title')))",
        (firm, firm),
    )
    return {firm, *(str(one) for row in rows for one in row)}


def texts_of(document: Any) -> Iterator[object]:
    """Every text in a JSON document."""
    if isinstance(document, list | dict):
        for one in document.values() if isinstance(document, dict) else document:
            yield from texts_of(one)
    else:
        yield document


def answers(own: OrganisationView) -> Iterator[object]:
    """Everything that a firm can be told."""
    frames = [
        own.transfers(NOW), own.transfers(NOW, waiting=True), own.lots(), own.partners(), own.sites, own.parties,
    ]  # fmt: skip
    yield from texts_of(encoded([own.quota(date(2025, 4, 7)), own.licences(date(2025, 4, 7))]))
    for called in own.lots()["called"]:
        number = own.lot_of(called)
        assert number is not None, "a firm can ask for every lot that it is told of"
        frames.append(own.lot_history(number))
    for frame in frames:
        text = frame.select(pl.col(pl.String, pl.List(pl.String)))
        for row in text.iter_rows():
            yield from row


@examples(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chains=st.lists(st.lists(st.sampled_from(NAMES), min_size=2, max_size=5, unique=True), min_size=1, max_size=4))
def test_no_answer_names_a_firm_beyond_the_edge(chains: list[list[str]], tmp_path: Path) -> None:
    """Lots go from hand to hand along random chains; each holder passes on half, and some receipts are missing."""
    desk = Desk(str(tmp_path / f"{next(_NUMBER)}.sqlite3"))
    desk.firms(*NAMES)
    for number, chain in enumerate(chains):
        maker, lot = chain[0], f"L{number}"
        desk.rows(
            maker, "2025-03",
            f"O{number} origin 2 {maker.lower()} {lot} 1000 product=concentrate composition=TREO=60 origin_kind=mined"
            " origin_place=CN-PIT",
        )  # fmt: skip
        for step, (seller, buyer) in enumerate(itertools.pairwise(chain)):
            kg = 800 >> step
            desk.rows(seller, "2025-03", f"S{number}-{step} shipment {5 + step} {seller.lower()} {maker}/{lot} {kg}"
                      f" counterparty={buyer}")  # fmt: skip
            if (number + step) % 3 != 2 or step < len(chain) - 2:
                desk.rows(buyer, "2025-03", f"R{number}-{step} receipt {5 + step} {buyer.lower()} {maker}/{lot} {kg}"
                          f" counterparty={seller} reference=S{number}-{step}")  # fmt: skip
    for firm in NAMES:
        hidden = set(NAMES) - near(desk.store, firm)
        texts = {str(text) for text in answers(OrganisationView(desk.store, LAW, firm))}
        assert [(name, text) for text in texts for name in hidden if name in text] == []
    desk.store.database.close()


@dataclass(frozen=True)
class World:
    store: Store
    #: Organisation → its id and names.
    words: dict[str, set[str]]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """20 firms, two months, and people who look."""
    room = tmp_path_factory.mktemp("edges")
    write_world(build_world(seed=11, organisations=20, months=2), room / "world")
    store = ready_store(str(room / "store.sqlite3"))
    load(store, room / "world", law=load_law("cn"))
    furnish(store.database.url)
    table = store.register(store.head()).tables["organisations"]
    words = {row[0]: {row[0], *filter(None, (row[1], row[2])), *(row[3] or ())}
             for row in table.select("id", "name_zh", "name_en", "aliases").iter_rows()}  # fmt: skip
    yield World(store, words)
    store.database.close()


@pytest.fixture
def served(world: World) -> Iterator[None]:
    who = settings.MIDDLEWARE.index("lodeline.web.access.who_asks.WhoAsks")
    middleware = [*settings.MIDDLEWARE[:who], "tests.web.as_official.AsOfficial", *settings.MIDDLEWARE[who:]]
    with override_settings(
        MIDDLEWARE=middleware, LODELINE_DATABASE=world.store.database.url,
        LODELINE_DEMO_CLOCK="2025-04-07T09:00:00+08:00",
    ):  # fmt: skip
        yield


def addresses(own: OrganisationView, language: str) -> Iterator[str]:
    """Every page of a firm: lists, each site, some lots of each kind, what waits."""
    firm = f"/{language}/firm/{own.organisation}"
    for page in PAGES:
        if page.name.startswith("firm") and page.at.count("<") == 1 and "own.read" in page.permission:
            yield f"/{language}/{page.at}".replace("<str:organisation>", own.organisation)
    yield from (f"{firm}/transfers/?view={view}" for view in ("sent", "others", "closed", "disputes"))
    yield from (f"{firm}/lots/?hold=all&format=csv", f"{firm}/transfers/?view=closed&format=csv")
    yield from (f"{firm}/sites/{site}/" for site in own.sites["id"])
    lots = own.lots()["called"].to_list()
    marked = [one for one in lots if one.startswith("~")]
    yield from (f"{firm}/lots/{lot}/" for lot in (marked[:2] + lots[:1]))
    waiting = own.transfers(NOW)["shipment_line"].drop_nulls().to_list()
    yield from (f"{firm}/transfers/{line}/" for line in waiting[:2])


@pytest.mark.parametrize("place", range(20))
def test_no_page_names_a_firm_beyond_the_edge(served: None, world: World, place: int) -> None:
    firm = sorted(one for one in world.words if world.store.register(world.store.head()).roles[one] - {"end-user"})[
        place
    ]
    own = OrganisationView(world.store, LAW, firm)
    known = near(world.store, firm)
    hidden = {word for one, its in world.words.items() if one not in known for word in its}
    # A word that somebody near bears too says nothing of whom is hidden.
    hidden -= {word for one in known for word in world.words.get(one, ())}
    assert hidden
    environ: Any = {"lodeline.actor": person(firm, "filer", "certifier")}
    client = Client(HTTP_HOST="127.0.0.1", **environ)
    for path in addresses(own, "zh" if place % 2 else "en"):
        response: Any = client.get(path)
        assert response.status_code == 200, path
        content = b"".join(response.streaming_content) if response.streaming else response.content
        if b"\0" in content:
            continue  # a workbook: test_drafting looks into that
        text = content.decode()
        text += html.unescape(unquote(text))
        seen = {word for word in hidden if word in text}
        assert seen == set(), path
