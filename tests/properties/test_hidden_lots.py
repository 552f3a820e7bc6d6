"""What hides behind an alias stays hidden: a buyer's pages, tables, answers and letters never tell a lot's true id.

MINE digs HIDDENA; TRADE buys it and sells it on as T-1. SEP has received some and waits for more, and sends some back;
MAG has confirmed nothing; SEP passes a part on to MAG under TRADE's name for it. MINE sells HIDDENB to SEP as M-2.
MAG buys some of T-1 where it lies, and sells a part of that on to FAR, which knows neither TRADE nor MINE.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest
from django.conf import settings
from django.test import Client, override_settings
from tests.desk import LAW, Desk, sheet
from tests.findings import finding_in
from tests.office.trade import FIRMS, person
from tests.properties.test_own_edges import addresses as pages
from tests.web.as_official import furnish

from lodeline.detection.detectors import round_trip
from lodeline.filing.check import check
from lodeline.filing.table import read_bytes
from lodeline.message import NOTHING, Lot, Mass, Series, as_json, localized
from lodeline.office.findings.firm_view import own_findings
from lodeline.office.models import Notice
from lodeline.service.filing.drafting import known_for_template
from lodeline.service.filing.filing import preview
from lodeline.service.firm.organisation_view import OrganisationView
from lodeline.service.lots.aliases import give_alias
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store
from lodeline.web.api import api

pytestmark = pytest.mark.medium

NOW = datetime.fromisoformat("2025-02-07T09:00:00+08:00")
HIDDEN = ("HIDDENA", "HIDDENB")
ALL = (*FIRMS, "FAR")
ORE = "1000 product=concentrate composition=TREO=60;Nd=12 origin_kind=mined origin_place=CN-PIT"
#: Who holds a lot under its own id, and is shown it.
SEES = {"HIDDENA": {"MINE", "TRADE"}, "HIDDENB": {"MINE"}}


def name(desk: Desk, who: str, lot: str, alias: str) -> None:
    give_alias(desk.store, who, lot=desk.store.books.lot_ids([lot])[lot], alias=alias, filed_at=NOW)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path: Path = tmp_path_factory.mktemp("hidden") / "store.sqlite3"
    desk = Desk(str(path))
    desk.firms(*ALL)
    desk.rows("MINE", "2025-01", f"O1 origin 2 mine HIDDENA {ORE}", f"O2 origin 2 mine HIDDENB {ORE}",
              "S1 shipment 4 mine HIDDENA 600 counterparty=TRADE", "S2 shipment 4 mine HIDDENB 300 counterparty=SEP",
              "S3 shipment 5 mine HIDDENB 200 counterparty=SEP", "E1 export 6 mine HIDDENB 9 counterparty=MAG"
              " product=concentrate counterparty_name=M counterparty_country=DE destination=DE declaration=D1"
              " hs_code=2530902000"
              " end_user_name=M end_user_country=DE end_use=magnets")  # fmt: skip
    name(desk, "MINE", "MINE/HIDDENB", "M-2")
    desk.rows("TRADE", "2025-01", "R1 receipt 6 trade HIDDENA 600 counterparty=MINE reference=S1",
              "S1 shipment 8 trade HIDDENA 300 counterparty=SEP document=D-1",
              "S2 shipment 9 trade HIDDENA 100 counterparty=SEP", "S3 shipment 9 trade HIDDENA 50 counterparty=MAG",
              "S4 shipment 9 trade HIDDENA 20 counterparty=SEP",
              "S5 shipment 9 trade HIDDENA 10 counterparty=SEP")  # fmt: skip
    name(desk, "TRADE", "MINE/HIDDENA", "T-1")
    taken = desk.try_rows(
        "SEP", "2025-01",
        "R1 receipt 9 sep T-1 280 counterparty=TRADE reference=S1", "R2 receipt 9 sep M-2 300 counterparty=MINE",
        "R4 receipt 10 sep other 20 counterparty=TRADE reference=S4",
        "S1 shipment 11 sep T-1 60 counterparty=MAG", "S2 shipment 12 sep T-1 5 counterparty=TRADE reason=returned",
        "T1 transformation 12 sep T-1 100 role=in reason=run", "T1 transformation 12 sep M-2 100 role=in reason=run",
        "T1 transformation 12 sep OX 60 role=out product=oxide:Nd composition=Nd=30 reason=run",
    )  # fmt: skip
    assert taken.entry is not None, [found.message("en") for found in taken.problems]
    desk.rows("TRADE", "2025-01", "T1 title 20 - T-1 40 counterparty=MAG")
    sold = desk.try_rows("MAG", "2025-01", "Q1 title 22 - T-1 15 counterparty=FAR", "Q2 title 23 - TRADE/T-1 5"
                         " counterparty=FAR", "Q3 title 24 - T-1 900 counterparty=FAR reason=short")  # fmt: skip
    assert sold.entry is not None, [found.message("en") for found in sold.problems]
    far = desk.try_rows("FAR", "2025-01", "F1 title 26 - MAG/T-1 8 counterparty=SEP",
                        "F2 stock 28 far T-1 1", "F3 loss 28 far T-1 2 reason=fire")  # fmt: skip
    assert far.entry is not None, [found.message("en") for found in far.problems]
    # What is restated comes again in the feed, as withdrawn and as new.
    first = desk.rows("TRADE", "2025-02", "S6 shipment 3 trade HIDDENA 7 counterparty=SEP")
    desk.rows("TRADE", "2025-02", "S6 shipment 3 trade HIDDENA 6 counterparty=SEP", corrects=first)
    furnish(desk.store.database.url)
    yield desk.store
    desk.store.database.close()


@pytest.fixture
def served(store: Store) -> Iterator[None]:
    who = settings.MIDDLEWARE.index("lodeline.web.access.who_asks.WhoAsks")
    middleware = [*settings.MIDDLEWARE[:who], "tests.web.as_official.AsOfficial", *settings.MIDDLEWARE[who:]]
    with override_settings(
        MIDDLEWARE=middleware, LODELINE_DATABASE=store.database.url, LODELINE_DEMO_CLOCK=NOW.isoformat()
    ):
        yield


def answers(own: OrganisationView) -> Iterator[str]:
    """Every address of the API that reads, with the firm's own lots and filings in it."""
    lots = [*own.lots()["called"], *own.transfers(NOW)["called"]]
    entries = [month.entry for month in own.months(NOW) if month.entry is not None]
    for path, operations in api.get_openapi_schema(path_prefix="api/v1/")["paths"].items():
        if "get" in operations:
            for lot in dict.fromkeys(lots) if "{lot}" in path else [""]:
                for entry in entries if "{entry}" in path else [0]:
                    values = dict.fromkeys(re.findall(r"{(\w+)}", path), "1")
                    yield path.format(**{**values, "lot": quote(lot, safe=""), "entry": entry, "organisation": "self"})
    yield from (f"/api/v1/lots/{quote(lot, safe='')}/trace?direction=forward" for lot in dict.fromkeys(lots))


def told(client: Client, path: str) -> tuple[int, str]:
    response: Any = client.get(path)
    content = b"".join(response.streaming_content) if response.streaming else response.content
    text = "" if b"\0" in content else content.decode()
    return response.status_code, text + html.unescape(unquote(text)) + str(dict(response.headers))


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("firm", ALL)
def test_no_page_and_no_answer_tells_a_buyer_the_id(served: None, store: Store, firm: str, language: str) -> None:
    own = OrganisationView(store, LAW, firm)
    environ: Any = {"lodeline.actor": person(firm, "filer", "certifier")}
    client = Client(HTTP_HOST="127.0.0.1", **environ)
    hidden = [word for word in HIDDEN if firm not in SEES[word]]
    hidden += ["MINE", "TRADE"] if firm == "FAR" else []
    shown, good = "", {"page": 0, "api": 0}
    waiting = own.transfers(NOW)["shipment_line"].drop_nulls().to_list()
    lots = {*own.lots()["called"], *own.transfers(NOW)["called"]}
    entries = [month.entry for month in own.months(NOW) if month.entry is not None]
    parts = [f"lots/{quote(lot, safe='/')}/" for lot in lots] + [f"transfers/{line}/" for line in waiting]
    more = [f"/{language}/firm/{firm}/{part}" for part in (*parts, *(f"filings/{entry}/" for entry in entries))]
    for path in (*pages(own, language), *more, *(answers(own) if language == "en" else ())):
        status, text = told(client, path)
        good["api" if path.startswith("/api") else "page"] += status == 200
        assert [word for word in hidden if word in text] == [], (path, status)
        shown += text
    assert good["page"] > 20 and (language == "zh" or good["api"] > 15), "it was answered"
    assert all(word in shown for word in HIDDEN if firm in SEES[word])
    for word in {"SEP": ("TRADE/T-1", "MINE/M-2"), "MAG": ("TRADE/T-1",), "FAR": ("MAG/T-1",)}.get(firm, ()):
        assert word in shown, "the buyer sees the alias instead"


@pytest.mark.parametrize("firm", ["SEP", "MAG", "FAR"])
def test_to_guess_the_id_is_no_way_to_learn_that_it_is_right(served: None, store: Store, firm: str) -> None:
    environ: Any = {"lodeline.actor": person(firm, "filer")}
    client = Client(HTTP_HOST="127.0.0.1", **environ)
    for name_ in ("MINE/HIDDENA", "TRADE/HIDDENA", "MINE/HIDDENB", "MINE/NEVER"):
        assert told(client, f"/en/firm/{firm}/lots/{name_}/")[0] == 404
        for end in ("", "/trace", "/origins"):
            assert told(client, f"/api/v1/lots/{quote(name_, safe='')}{end}")[0] in (403, 404)


def test_flags_and_letters_name_the_alias(store: Store) -> None:
    flags = [json.dumps(entry.flags) for entry in store.entries() if entry.organisation in ("SEP", "MAG", "FAR")]
    assert any("transfer.lot-differs" in one and "TRADE/T-1" in one for one in flags)
    assert [one for one in flags if any(word in one for word in HIDDEN)] == []
    assert any("mass.exceeds-holding" in one and "TRADE/T-1" in one for one in flags), "of what was bought by title"
    with override_settings(LODELINE_DATABASE=store.database.url):
        letters = [json.dumps(one.facts) for one in Notice.objects.filter(organisation__in=("SEP", "MAG", "FAR"))]
    assert [one for one in letters if any(word in one for word in HIDDEN)] == []


def test_a_finding_about_the_buyer_names_the_alias(store: Store) -> None:
    lots = Series((Lot("1", "MINE/HIDDENA"), Lot("2", "MINE/HIDDENB")))
    told = round_trip.TEXTS.message("went-round", ring=lots, times=NOTHING, mass=Mass(7))
    row = {"subject": {"organisation": "SEP", "lot": "MINE/HIDDENA"}, "evidence": [], "detector": "round-trip",
           "explanation": localized([told]), "sentences": [as_json(told)]}  # fmt: skip
    (one,) = own_findings([finding_in(row)], OrganisationView(store, LAW, "SEP"), open_snapshot(store))
    found = one.as_json()
    assert found["subject"]["lot"] == "TRADE/T-1"
    assert "TRADE/T-1, MINE/M-2" in found["explanation"]["en"] and "HIDDEN" not in str(found)


def test_the_authority_sees_both(served: None, store: Store) -> None:
    client = Client(HTTP_HOST="127.0.0.1")
    assert "T-1" in told(client, "/en/lots/MINE/HIDDENA/")[1]
    assert "HIDDENA" in told(client, "/zh/lots/TRADE/T-1/")[1]
    status, text = told(client, "/api/v1/lots/MINE%2FHIDDENA")
    assert status == 200 and "T-1" in text


def test_a_holder_gives_an_alias_on_the_page_of_the_lot(served: None, store: Store) -> None:
    filer: Any = {"lodeline.actor": person("SEP", "filer")}
    page = "/en/firm/SEP/lots/SEP/OX/"
    client = Client(HTTP_HOST="127.0.0.1", **filer)
    assert "your buyers see the id that you file" in told(client, page)[1]
    refused = client.post(page, {"alias": "no spaces"})
    assert refused.status_code == 400 and "An alias is 1 to 64" in refused.content.decode()
    assert client.post("/en/firm/SEP/lots/TRADE/HIDDENA/", {"alias": "Q"}).status_code == 404
    given = client.post(page, {"alias": " OX-9 "})
    assert given.status_code == 303
    assert "Your buyers see OX-9 now" in told(client, given["Location"])[1]
    assert "to buyers: OX-9" in told(client, "/en/firm/SEP/lots/")[1]
    certifier: Any = {"lodeline.actor": person("SEP", "certifier")}
    looking = Client(HTTP_HOST="127.0.0.1", **certifier)
    assert "OX-9" in told(looking, page)[1]
    assert looking.post(page, {"alias": "OX-10"}).status_code == 403


def test_a_lot_that_is_only_on_its_way_is_not_the_receivers_to_name(served: None, store: Store) -> None:
    filer: Any = {"lodeline.actor": person("MAG", "filer")}
    page = "/en/firm/MAG/lots/SEP/T-1/"
    client = Client(HTTP_HOST="127.0.0.1", **filer)
    status, text = told(client, page)
    assert status == 200 and 'name="alias"' not in text
    assert client.post(page, {"alias": "mine"}).status_code == 404


def test_a_workbook_offers_a_buyer_the_alias(store: Store) -> None:
    for firm in ALL:
        lots = known_for_template(store, firm).lots
        assert [one for one in lots if any(word in one for word in HIDDEN if firm not in SEES[word])] == []
        assert firm != "FAR" or "MAG/T-1" in lots, "what it owns where it lies"


def test_what_a_file_would_meet_names_no_lot_by_its_id(store: Store) -> None:
    """The problems of drafts, of checks and of the API are those of the preview."""
    rows = ("A loss 28 {site} T-1 5", "B title 28 - T-1 9000 counterparty=SEP", "C receipt 28 {site} T-1 3"
            " counterparty=MINE reference=S1", "D transformation 28 {site} TRADE/T-1 9 role=in",
            "D transformation 28 {site} NEW 9 role=out product=metal:Nd composition=Nd=99")  # fmt: skip
    for firm in ("MAG", "FAR"):
        text = sheet("2025-02", *(row.format(site=firm.lower()) for row in rows))
        checked = check(
            read_bytes([("f.csv", text.encode())]), organisation=firm, period="2025-02",
            register=store.register(store.head()),
        )  # fmt: skip
        found = preview(store, checked, filed_at=NOW, law=LAW)
        told_ = json.dumps([one.as_json() for one in found])
        assert "mass.exceeds-holding" in told_ or "lot.unknown" in told_
        assert [word for word in HIDDEN if word in told_] == []
