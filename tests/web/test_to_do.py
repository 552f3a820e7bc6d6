"""A firm's first page: every kind of thing that waits appears with one act, is gone when it is done, and is nobody
else's. Questions, discrepancies and applications are followed where they are answered: test_cases, test_exceptions,
test_applications.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, override_settings
from tests.office.trade import LATER, NOW, made_trade, person
from tests.stores import copied
from tests.web.conftest import Browser, Page

from lodeline.office.access.actor import Actor, RoleGrant
from lodeline.office.customs.seen import QueriedLine
from lodeline.office.filing import disputes
from lodeline.office.models import CustomsCase, Draft
from lodeline.office.notices.notices import notify
from lodeline.regulation.parameter import load
from lodeline.service.firm.organisation_view import OrganisationView
from lodeline.store.opening import open_store
from lodeline.web.moved import MOVED

pytestmark = pytest.mark.medium
CLOCK = "2025-02-07T09:00:00+08:00"
#: Somebody of an agent to whom MAG has delegated its filing.
AGENT = Actor(
    user=1, name="Agent", pseudonym="agent",
    standings=(
        RoleGrant(organisation="TRADE", role="filer"), RoleGrant(organisation="MAG", role="filer", agent="TRADE"),
    ),
)  # fmt: skip


@pytest.fixture
def url(pages: None, tmp_path: Path) -> Iterator[str]:
    """The trade for one test, shortly before January is due."""
    path = copied(made_trade, str(tmp_path / "store.sqlite3"))
    with override_settings(LODELINE_DATABASE=path, LODELINE_DEMO_CLOCK=CLOCK):
        yield path


def browser(actor: Actor) -> Browser:
    environ: Any = {"lodeline.actor": actor}
    return Browser(client=Client(HTTP_HOST="127.0.0.1", **environ))


def of(firm: str, *roles: str) -> Browser:
    return browser(person(firm, *roles))


def waiting(firm: str, query: str = "", actor: Actor | None = None) -> list[dict[str, str]]:
    """What the firm has to do, as exported."""
    response = browser(actor or person(firm)).get(f"/en/firm/{firm}/?format=csv{query}")
    assert response.status_code == 200
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))


def kinds(firm: str, **more: Any) -> list[str]:
    return [row["Kind"] for row in waiting(firm, **more)]


def at(clock: str) -> Any:
    return override_settings(LODELINE_DEMO_CLOCK=clock)


def test_what_waits_stands_by_urgency_with_its_day_and_one_act(url: str) -> None:
    assert [(row["Kind"], row["By"], row["To do"]) for row in waiting("MAG")] == [
        ("month", "2025-02-09", "File it"), ("delivery", "2025-01-15", "Accept"),
    ]  # fmt: skip
    page = of("MAG").page("/en/firm/MAG/")
    assert 'href="/en/firm/MAG/file/?period=2025-01"' in page.html and "in 2 days" in page.text
    assert "By a day" in page.text and "When you can" in page.text
    with at(LATER.isoformat()):
        late = of("MAG").page("/zh/firm/MAG/")
    assert "已逾期" in late.text and "双方均已逾期" in late.text
    assert waiting("MINE") == [] and "Nothing waits for you" in of("MINE").page("/en/firm/MINE/").text


def test_a_month_that_is_begun_waits_as_its_draft_and_then_for_whoever_certifies(url: str) -> None:
    Draft.objects.create(organisation="MAG", period="2025-01", created_at=NOW, changed_at=NOW, rows=1)
    assert kinds("MAG") == ["draft", "delivery"], "the month is begun: one act"
    assert "Finish it" in of("MAG").page("/en/firm/MAG/").text
    Draft.objects.update(state=Draft.State.ASKED)
    assert "Read and sign" not in of("MAG").page("/en/firm/MAG/").text
    certifier = of("MAG", "certifier").page("/en/firm/MAG/")
    assert "Read and sign" in certifier.text and "January 2025 waits for your signature" in certifier.text
    Draft.objects.update(state=Draft.State.FILED)
    assert kinds("MAG") == ["month", "delivery"]


def test_a_delivery_with_a_difference_is_accepted_in_four_clicks(url: str) -> None:
    mag = of("MAG")
    todo = mag.page("/en/firm/MAG/")
    (line,) = {href for one in todo.links if re.fullmatch(r"/en/firm/MAG/transfers/\d+/", href := str(one.get("href")))}
    # 1: Accept; then the mass (2) and why (3) are typed, for day and site stand there; 4: Accept.
    number = line.rstrip("/").rpartition("/")[2]
    page = mag.page(line)
    assert 'value="2025-02-07"' in page.html
    form = {"line": number, "on": "2025-02-07", "site": "mag", f"mass-{number}": "98.5", "reason": "spilt"}
    assert mag.post(line, form).status_code == 303
    assert "delivery" not in kinds("MAG") and "draft" in kinds("MAG")
    assert "One delivery is accepted and waits for certification." in mag.page("/en/firm/MAG/").text


def test_a_dispute_waits_for_the_shipper_until_it_is_answered(url: str) -> None:
    store = open_store(url)
    own = OrganisationView(store, load("cn"), "MAG")
    line = own.transfers(NOW, waiting=True)["shipment_line"][0]
    made = disputes.dispute(person("MAG"), own, line, "It never came.", now=NOW)
    assert "MAG Ltd disputes your shipment" in of("SEP").page("/en/firm/SEP/?kind=delivery").text
    assert "disputes" not in of("TRADE").page("/en/firm/TRADE/").text
    disputes.answer(person("SEP"), "SEP", made.pk, "It is on its way.", now=NOW)
    assert "disputes" not in of("SEP").page("/en/firm/SEP/?kind=delivery").text


def test_a_query_of_customs_waits_until_it_is_answered_and_is_the_exporters_alone(url: str) -> None:
    seen = QueriedLine(
        entry=1, verdict_id="a", cells={}, documents={}, required=[], assumed=False,
        line={"product_name": "Oxide", "declaration": "D-1", "verdict": "query", "reasons": []},
    )  # fmt: skip
    case = CustomsCase.objects.create(
        matter="customs", finding="1:a", organisation="SEP", state="asked", until=date(2025, 2, 6),
        seen=seen.as_text(), opened_at=NOW, changed_at=NOW,
    )  # fmt: skip
    (first, *_) = waiting("SEP")
    assert (first["What"], first["Kind"], first["By"], first["To do"]) == ("Oxide", "query", "2025-02-06", "Answer")
    assert f"/zh/firm/SEP/queries/{case.reference}/" in of("SEP").page("/zh/firm/SEP/").html
    assert "Open" in waiting("SEP", actor=person("SEP", "organisation-admin"))[0]["To do"], "who may not answer looks"
    assert "query" not in kinds("MAG")
    CustomsCase.objects.update(state="answered")
    assert "query" not in kinds("SEP")
    assert [row["State"] for row in waiting("SEP", "&state=done&kind=query")] == ["Answered"]


def test_many_of_a_kind_fold_into_one_line(url: str) -> None:
    for number in range(8):
        facts = {"other": "SEP", "event": f"S{number}", "dispute": 1}
        notify("MAG", "dispute-answered", facts, key=f"n{number}", now=NOW + timedelta(number))
    page = of("MAG").page("/en/firm/MAG/")
    assert page.html.count('name="notice" value="') == 5 + 1, "five, and all of them"
    assert "3 more: notices" in page.text and 'href="/en/firm/MAG/?kind=notice"' in page.html
    assert len(waiting("MAG", "&kind=notice")) == 8
    of("MAG").post("/en/firm/MAG/", {"notice": "all"})
    assert "notice" not in kinds("MAG") and len(waiting("MAG", "&kind=notice&state=done")) == 8


def test_whoever_files_for_a_firm_has_the_same_to_do_and_what_is_not_delegated_stays_closed(url: str) -> None:
    assert waiting("MAG", actor=AGENT) == waiting("MAG")
    assert browser(AGENT).get("/en/firm/SEP/").status_code == 403
    assert browser(AGENT).get("/en/firm/MAG/people/1/").status_code == 403


@pytest.mark.parametrize("query", ["kind=moon", "state=moon", "sort=todo.moon", "todo.page=9", "format=xml"])
def test_what_cannot_be_read_is_said(url: str, query: str) -> None:
    response = of("MAG").get(f"/en/firm/MAG/?{query}")
    assert response.status_code in (400, 404) and "MAG" not in Page(response).headings[0]
    assert of("MAG").get("/en/firm/MAG/lots/?view=moon").status_code == 400
    assert of("MAG").get("/en/firm/MAG/licences/?view=moon").status_code == 400


def test_what_stood_on_pages_of_its_own_is_found_from_the_address_of_before(url: str) -> None:
    mag, those = of("MAG"), [one for one in MOVED if one.at.startswith("firm/<str:organisation>/")]
    assert len(those) >= 7
    for one in those:
        before = mag.get(f"/zh/{one.at.replace('<str:organisation>', 'MAG')}?sort=x.y")
        assert before.status_code == 301 and before["Location"].startswith("/zh/firm/MAG/")
        assert all(f"{name}={value}" in before["Location"] for name, value in one.query.items())
        assert mag.get(before["Location"]).status_code == 200
        assert mag.get(before["Location"].replace("/MAG/", "/SEP/")).status_code == 403
