"""Pages of parties: a name waits, is decided beside its candidates, and what rests on it follows; two persons merge."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings
from tests.desk import Desk, organisation
from tests.web.books import file_books
from tests.web.conftest import Browser, Page

from lodeline.office.access.actor import Actor, RoleGrant
from lodeline.office.models import AuditRecord
from lodeline.store.opening import open_store
from lodeline.store.store import Store

pytestmark = pytest.mark.medium
COLUMNS = "event,kind,on,site,lot,mass_kg,product,origin_kind,origin_place,composition,counterparty_name"
ROWS = f"""{COLUMNS},counterparty_country
O9,origin,2025-04-01,mine,L9,10,concentrate,mined,CN-PIT,Nd=20;Pr=5,,
S9,shipment,2025-04-05,mine,L9,4,,,,,NINGBO YUNSHENG MAGNET CO LTD,CN
S8,shipment,2025-04-05,mine,L9,2,,,,,Rotor Works GmbH,DE
S7,shipment,2025-04-05,mine,L9,1,,,,,Rotorwerke GmbH,DE
"""
AT = "/en/parties/name/?name="


@pytest.fixture
def own(pages: None, tmp_path: Path) -> Iterator[tuple[Browser, Store]]:
    """The books that are known by heart, and a firm that one of the names may mean."""
    url = file_books(tmp_path / "books.sqlite3")
    desk = Desk(open_store(url))
    desk.register(
        organisations=[organisation("YS", name_zh="宁波韵升股份有限公司", name_en="Ningbo Yunsheng Co., Ltd.")]
    )
    desk.accept("MINE", "2025-04", ROWS)
    with override_settings(LODELINE_DATABASE=url):
        yield Browser(client=Client(HTTP_HOST="127.0.0.1")), desk.store
        desk.store.database.close()


def as_(name: str, *roles: str) -> Browser:
    standings = tuple(RoleGrant(organisation="", role=role) for role in roles)
    environ: Any = {"lodeline.actor": Actor(user=1, name=name, pseudonym=name, standings=standings)}
    return Browser(client=Client(HTTP_HOST="127.0.0.1", **environ))


def receivers(store: Store) -> set[str]:
    found = store.database.rows("SELECT receiver FROM transfer WHERE shipper = 'MINE' AND shipment_event LIKE 'S%'")
    return {str(receiver) for (receiver,) in found}


def test_a_name_is_decided_beside_its_candidates_with_reasons(own: tuple[Browser, Store]) -> None:
    browser, store = own
    page = browser.page("/en/parties/")
    assert page.headings[0] == "3 names wait to be known"
    asked = AT + quote("NINGBO YUNSHENG MAGNET CO LTD")
    page = browser.page(asked)
    assert (
        "It is this one Ningbo Yunsheng Co., Ltd." in page.text and "The place in the names is the same." in page.text
    )
    refused = browser.post(asked, {"do": "same", "party": "YS", "reason": ""})
    assert refused.status_code == 400 and "Say why." in Page(refused).text
    sent = browser.post(asked, {"do": "same", "party": "YS", "reason": "the contract names it"})
    assert sent.status_code == 303
    page = Page(browser.get(sent["Location"]))
    assert page.headings[0] == "Ningbo Yunsheng Co., Ltd."
    assert "the contract names it" in page.text and "NINGBO YUNSHENG MAGNET CO LTD → YS" in page.text
    assert "YS" in receivers(store)
    assert browser.page("/zh/parties/").headings[0] == "2 个名称待归并"
    (record,) = AuditRecord.objects.filter(what="party.same")
    assert record.subject == "NINGBO YUNSHENG MAGNET CO LTD"
    # Whoever comes later is led to the party.
    assert browser.get(asked)["Location"].endswith("/parties/YS/")


def test_a_party_of_its_own_is_merged_by_two_and_split_again(own: tuple[Browser, Store]) -> None:
    browser, store = own
    made = [
        browser.post(
            AT + quote(name),
            {"do": "new", "called": name, "other_name": zh, "country": "DE", "identifiers": "", "reason": "seen"},
        )["Location"].partition("?")[0]
        for name, zh in (("Rotor Works GmbH", "转子制造有限公司"), ("Rotorwerke GmbH", ""))
    ]
    into = made[0].rstrip("/").rpartition("/")[2]
    assert "转子制造有限公司" in browser.page(made[0]).text
    wang, li = as_("wang", "analyst"), as_("li", "registrar")
    assert wang.post(made[1], {"do": "merge", "into": into, "reason": "one number"}).status_code == 303
    proposal = store.register(store.head()).tables["party_proposals"]["id"][0]
    assert "You proposed it" in wang.page(made[1]).text
    own_word = wang.post(made[1], {"do": "accept", "proposal": proposal})
    assert own_word.status_code == 400 and "Another person" in Page(own_word).text
    assert li.post("/en/parties/", {"do": "accept", "proposal": proposal}).status_code == 303
    assert into in receivers(store) and made[1].rstrip("/").rpartition("/")[2] not in receivers(store)
    page = li.page(made[0])
    assert "Rotorwerke GmbH" in page.text and "Propose to split" in page.text


def test_lists_are_loaded_whole_and_screening_finds_who_is_on_them(own: tuple[Browser, Store]) -> None:
    browser, _ = own
    wrong = browser.post("/en/parties/", {"do": "list", "file": SimpleUploadedFile("w.csv", b"id,names\nW-1\n")})
    assert wrong.status_code == 400 and "was not loaded" in Page(wrong).text
    good = SimpleUploadedFile("watch.csv", b"id,names,listed_from\nW-1,Rotor Works GmbH,2025-04-09\n")
    assert browser.post("/en/parties/", {"do": "list", "file": good}).status_code == 303
    asked = "/en/parties/?name=" + quote("ROTOR WORKS")
    assert "Listed" in browser.page(asked + "&on=2025-05-01").text
    assert "Listed" not in browser.page(asked + "&on=2025-04-01").text
    assert "Alike to a party that counts as listed" in browser.page(AT + quote("Rotor Works GmbH")).text
    hidden = browser.page("/zh/parties/?name=" + quote("R\u043etor Works GmbH") + "&on=2025-05-01")
    assert "混用外形相似的两种字母" in hidden.text
    assert browser.get("/en/parties/?name=" + "x" * 3_000).status_code == 200


def test_only_those_who_may_decide_and_nobody_of_a_region(own: tuple[Browser, Store]) -> None:
    size = own[1].head().size
    for roles in (("auditor",), ("quota-officer",)):
        page = as_("p", *roles).page(AT + quote("Rotor Works GmbH"))
        assert "Make it a new party" not in page.text
        sent = as_("p", *roles).post(AT + quote("Rotor Works GmbH"), {"do": "new", "called": "x", "reason": "y"})
        assert sent.status_code == 403
    assert own[1].head().size == size


def test_unknown_party_is_404_and_a_wrong_day_400(own: tuple[Browser, Store]) -> None:
    browser, _ = own
    assert browser.get("/en/parties/P-0/").status_code == 404
    assert browser.get(AT + "nobody").status_code == 404
    assert browser.page("/en/parties/name/").headings == ["Which name?"]
    assert browser.get("/en/parties/YS/?on=tomorrow").status_code == 400
