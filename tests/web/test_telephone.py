"""The inspector's telephone page as the server sees it: what it is given, what it hands in, and who else cannot."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from datetime import date
from html import unescape
from typing import Any

import pytest
from django.test import Client, override_settings
from tests.desk import Desk, organisation, site
from tests.hostile import BODIES
from tests.stores import copied
from tests.web.as_official import furnish
from tests.web.conftest import Browser

from lodeline.office.access import clock
from lodeline.office.access.actor import AUTHORITY_ROLES, ROLES, Actor, RoleGrant
from lodeline.office.inspections.plans import enter_plan
from lodeline.service.inspections.items import site_items
from lodeline.service.inspections.planning import Wanted, propose
from lodeline.service.inspections.reading import MEASUREMENT
from lodeline.service.inspections.visits import inspections
from lodeline.store.opening import open_store
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store
from lodeline.web.pages.inspections.telephone_rows import BODY_BYTES, ROWS_MOST

pytestmark = pytest.mark.medium

#: What the clock of a demo says while these tests run.
MORNING, DAY = "2025-02-20T10:00:00+08:00", "2025-02-20"
SCALE = {"instrument": "SC-1", "calibrated_on": "2025-01-20", "method": "scale"}


def make(url: str) -> None:
    """SEP holds twelve drums of oxide, counted at the end of January."""
    desk = Desk(url)
    desk.register(
        organisations=[organisation("MINE", roles="miner"), organisation("SEP", roles="separator")],
        sites=[site("mine", "MINE", "mine"), site("sep", "SEP", "separation")],
        methods=[
            {"id": name, "quantity": quantity, "element": element, "random_pct": "0.1", "systematic_pct": "0.1",
             "calibration": None}
            for name, quantity, element in (("scale", "weighing", None), ("gun", "assay", "Nd"))
        ],
    )  # fmt: skip
    mined = "product=concentrate origin_kind=mined origin_place=CN-PIT composition=Nd=20;Pr=5"
    desk.rows("MINE", "2025-01", f"O1 origin 2 mine ORE 1000 {mined}", "S1 shipment 3 mine ORE 900 counterparty=SEP")
    drums = [f"D{number}" for number in range(12)]
    desk.rows(
        "SEP", "2025-01", "R1 receipt 4 sep MINE/ORE 900 counterparty=MINE reference=S1",
        "T1 transformation 5 sep MINE/ORE 800 role=in",
        *(f"T1 transformation 5 sep {drum} 10 role=out product=oxide:Nd composition=Nd=80" for drum in drums),
        *(f"C1 stock 31 sep {drum} 10 location=Hall" for drum in drums),
    )  # fmt: skip
    furnish(url)
    desk.put_away()


@pytest.fixture
def store(pages: None, url: str) -> Iterator[Store]:
    """What `make` makes, on each database in turn."""
    with override_settings(LODELINE_DATABASE=copied(make, url), LODELINE_DEMO_CLOCK=MORNING):
        yield open_store(url)


def actor(role: str = "inspector", *, pseudonym: str = "p", firms: frozenset[str] = frozenset()) -> Actor:
    organisation = "SEP" if role not in AUTHORITY_ROLES else ""
    standing = RoleGrant(organisation=organisation, role=role, region="CN-JX" if firms else "", firms=firms)
    return Actor(user=1, name="P", pseudonym=pseudonym, standings=(standing,))


def as_(who: Actor, **more: Any) -> Browser:
    environ: Any = {"lodeline.actor": who}
    return Browser(client=Client(HTTP_HOST="127.0.0.1", **more, **environ))


@pytest.fixture
def plan(store: Store) -> str:
    """The address of the page of a plan of an hour."""
    wanted = Wanted(site="sep", on=date.fromisoformat(DAY), goals={"Nd": 1_000_000}, minutes=60)
    snapshot = open_snapshot(store)
    items = site_items(snapshot, site="sep")
    proposal = propose(items, wanted, register=snapshot.register, entry=snapshot.entry, today=wanted.on)
    entered = enter_plan(actor(), store, proposal, now=clock.now())
    return f"/en/inspections/plans/{entered.entry.index}/telephone/"


def given(browser: Browser, plan: str) -> dict[str, Any]:
    """What the page gives to its script."""
    found = re.search(r'data-plan="([^"]*)"', browser.page(plan).html)
    assert found is not None
    return json.loads(unescape(found[1]))  # type: ignore[no-any-return]


def row(uid: str, lot: str, on: str = DAY, **cells: str) -> dict[str, Any]:
    return {"uid": uid, "on": on, "cells": {"lot": lot, "place": "stock", "outcome": "present", **cells}}


def send(browser: Browser, plan: str, *rows: dict[str, Any]) -> dict[str, Any]:
    """The answer to rows, by their number."""
    response = browser.client.post(plan, data=json.dumps({"rows": rows}), content_type="application/json")
    assert response.status_code == 200, response.content.decode()
    return {one["uid"]: one for one in response.json()["rows"]}


def test_page_is_given_the_route_and_no_more_than_it_needs(store: Store, plan: str) -> None:
    browser = as_(actor())
    data = given(browser, plan)
    assert {one["label"] for one in (*data["items"], *data["others"])} >= {"D0", "D5"}
    assert all(one["do"] for one in data["items"]) and data["methods"] == {"weighing": ["scale"], "assay": ["gun"]}
    assert data["words"]["inspection.bag-twice"]["text"].startswith("The bag")
    zh = given(browser, plan.replace("/en/", "/zh/"))
    assert zh["words"]["inspection.bag-twice"]["text"].startswith("样袋")
    response = browser.get(plan)
    assert response["Cache-Control"] == "no-store" and "unsafe" not in response["Content-Security-Policy"]
    assert "Print the route" in response.content.decode(), "without a script it says what to do instead"
    worker = browser.get(f"{plan}worker.js")
    assert worker["Content-Type"].startswith("text/javascript") and "Service-Worker-Allowed" not in worker


def test_rows_enter_once_whoever_sends_them_again(store: Store, plan: str) -> None:
    one, other = as_(actor()), as_(actor(pseudonym="q"))
    weighed = row("u1", "SEP/D0", declared_kg="10", mass_kg="9.5", **SCALE)
    first = send(one, plan, weighed, row("u2", "SEP/D1", outcome="absent"))
    assert [(one["entry"] is not None, one["stood"]) for one in first.values()] == [(True, False)] * 2
    again = send(one, plan, weighed, row("u3", "SEP/D2", declared_kg="10", mass_kg="10", **SCALE))
    assert again["u1"] == {**first["u1"], "stood": True} and again["u3"]["entry"] > first["u1"]["entry"]
    # A second inspector takes another item, and the first one's again: both stand, and it is said.
    second = send(other, plan, row("v1", "SEP/D0", mass_kg="9.6", **SCALE), row("v2", "SEP/D3"))
    assert second["v1"]["entry"] == second["v2"]["entry"]
    assert [one["code"] for one in second["v1"]["problems"]] == ["inspection.item-again"]
    papers = [one.paper for one in inspections(store, ["SEP"], site="sep") if one.act == MEASUREMENT]
    assert [[row["uid"] for row in paper["rows"]] for paper in papers] == [["u1", "u2"], ["u3"], ["v1", "v2"]]
    assert {paper["plan"] for paper in papers} == {int(plan.split("/")[4])}
    standing = other.get(f"{plan}?standing").json()
    assert {one["uid"] for one in standing["rows"]} == {"u1", "u2", "u3", "v1", "v2"}
    assert standing["person"] == "q" and standing["clock"].startswith(DAY) and standing["token"]


def test_what_is_wrong_stays_and_the_rest_enters(store: Store, plan: str) -> None:
    browser = as_(actor())
    answers = send(
        browser, plan,
        row("good", "SEP/D0", declared_kg="10", mass_kg="10", **SCALE),
        row("many", "SEP/D1", mass_kg="many", **SCALE),
        row("unit", "SEP/D2", declared_kg="10", mass_kg="10000", **SCALE),
        row("ship", "SEP/D3", outcome="shipped"),
        row("late", "SEP/D4", on="2025-02-21", outcome="absent"),
        row("bag1", "SEP/D4", bag_firm="B-1"),
        row("bag2", "SEP/D5", bag_firm="b-1"),
    )  # fmt: skip
    said = {uid: [one["code"] for one in answer["problems"]] for uid, answer in answers.items()}
    assert said == {
        "good": [], "many": ["number.invalid"], "unit": ["inspection.mass-unusual"],
        "ship": ["inspection.shipped-without-document"], "late": ["inspection"], "bag1": [],
        "bag2": ["inspection.bag-twice"],
    }  # fmt: skip
    assert {uid for uid, answer in answers.items() if answer["entry"] is not None} == {"good", "bag1"}
    (one,) = answers["many"]["problems"]
    assert one["column"] == "mass_kg" and "not a number" in one["message"]["en"] and "不是数字" in one["message"]["zh"]
    # Put right, each enters under the number that it had.
    fixed = send(browser, plan, row("many", "SEP/D1", mass_kg="10", **SCALE), row("bag2", "SEP/D5", bag_firm="B-2"))
    assert all(one["entry"] is not None for one in fixed.values())


def test_row_that_stands_is_not_changed_by_sending_it_otherwise(store: Store, plan: str) -> None:
    browser = as_(actor())
    assert send(browser, plan, row("u1", "SEP/D0", outcome="absent"))["u1"]["entry"]
    other = send(browser, plan, row("u1", "SEP/D0", note="it was there"))["u1"]
    assert other["entry"] is None and [one["code"] for one in other["problems"]] == ["inspection.uid-stands"]


def test_only_who_may_enter_inspections_of_the_firm(store: Store, plan: str) -> None:
    body = json.dumps({"rows": [row("u1", "SEP/D0", outcome="absent")]})
    for role in ROLES:
        browser = as_(actor(role))
        status = 200 if "inspection.write" in ROLES[role] else 403
        assert browser.get(plan).status_code == status, role
        assert browser.get(f"{plan}?standing").status_code == status, role
        if status == 403:
            assert browser.client.post(plan, data=body, content_type="application/json").status_code == 403
    elsewhere = as_(actor(firms=frozenset({"MINE"})))
    assert elsewhere.get(plan).status_code == 404
    assert elsewhere.client.post(plan, data=body, content_type="application/json").status_code == 404
    assert [one for one in inspections(store, ["SEP"]) if one.act == MEASUREMENT] == []
    assert as_(actor()).get(plan.replace("plans/", "plans/9")).status_code == 404


def test_rows_without_the_token_of_the_page_are_refused(store: Store, plan: str) -> None:
    browser = as_(actor(), enforce_csrf_checks=True)
    body = json.dumps({"rows": [row("u1", "SEP/D0", outcome="absent")]})
    assert browser.client.post(plan, data=body, content_type="application/json").status_code == 403
    token = browser.get(f"{plan}?standing").json()["token"]
    sent = browser.client.post(plan, data=body, content_type="application/json", headers={"X-CSRFToken": token})
    assert sent.status_code == 200 and sent.json()["rows"][0]["entry"]


def test_any_body_is_answered_and_none_of_it_is_taken(store: Store, plan: str) -> None:
    client, good = as_(actor()).client, row("u1", "SEP/D0", outcome="absent")
    bodies = {name: one for name, one in BODIES.items() if one[0]}
    wrong: dict[str, list[Any]] = {
        "uid": [None, 1, "", " u", "u\n", "é", "\ud800", "u" * 65, [], {}],
        "on": [None, 20250220, "2025-02-30", "yesterday", "-1", "\0"],
        "cells": [None, [], {"lot": 1}, {"lot": None}, {"lot": {}}],
    }
    strange: list[Any] = [{"rows": [{**good, name: one}]} for name, several in wrong.items() for one in several]
    strange += [{"rows": [good, good]}, {"rows": []}, {"rows": {}}, {"rows": [good] * (ROWS_MOST + 1)}, [good], {}]
    for at, one in enumerate(strange):
        bodies[f"strange {at}"] = json.dumps(one).encode(), "application/json"
    for name, (content, kind) in bodies.items():
        response = client.post(plan, data=content, content_type=kind)
        assert 400 <= response.status_code < 500, (name, response.status_code)
        assert set(response.json()["problem"]) == {"en", "zh"}, name
    too_long = b'{"rows": [' + b" " * BODY_BYTES
    assert client.post(plan, data=too_long, content_type="application/json").status_code == 413
    assert [one for one in inspections(store, ["SEP"]) if one.act == MEASUREMENT] == []


def test_cells_that_nobody_types_are_named_and_never_a_mistake_of_ours(store: Store, plan: str) -> None:
    strange: list[dict[str, str]] = [
        {"lot": "\ud800"}, {"lot": "D0\0"}, {"\ud800": "1"}, {"": "x"}, {"lot": ""}, {"note": "n" * 10_000},
        {"mass_kg": "9" * 400}, {"composition": "Nd=1e999"}, {"uid": "other", "outcome": "gone"},
        {"calibrated_on": "0000-00-00", "mass_kg": "1"}, {"bag_firm": "a b c d"}, {"event": "\u202e"},
    ]  # fmt: skip
    browser = as_(actor())
    for at, cells in enumerate(strange):
        row_of = {"uid": f"u{at}", "on": DAY, "cells": {"lot": f"SEP/D{at}", "outcome": "present", **cells}}
        answer = send(browser, plan, row_of, row(f"v{at}", "SEP/D11", outcome="absent", event=str(at)))[f"u{at}"]
        assert answer["entry"] is not None or answer["problems"], cells


def test_a_visit_broken_off_says_what_was_done_and_shows_the_firm_nothing_of_the_rest(store: Store) -> None:
    wanted = Wanted(site="sep", on=date.fromisoformat(DAY), goals={"Nd": 40_000_000}, minutes=2_000)
    snapshot = open_snapshot(store)
    items = site_items(snapshot, site="sep")
    proposal = propose(items, wanted, register=snapshot.register, entry=snapshot.entry, today=wanted.on)
    entered = enter_plan(actor(), store, proposal, now=clock.now())
    plan = f"/en/inspections/plans/{entered.entry.index}/"
    inspector, firm, analyst = as_(actor()), as_(actor("filer")), as_(actor("analyst"))
    drawn = [one["label"] for one in entered.paper["items"] if one["do"]]
    assert len(drawn) > 4
    promised = sights(inspector, plan)
    two = [row(f"u{n}", lot, declared_kg="10", mass_kg="10", **SCALE) for n, lot in enumerate(drawn[:2])]
    entry = max(one["entry"] for one in send(inspector, f"{plan}telephone/", *two).values())
    visit, mirror = f"/en/inspections/visits/{entry}/", f"/en/firm/SEP/inspections/{entry}/"
    own_plan = f"/en/firm/SEP/inspections/plans/{entered.entry.index}/"

    # What two drums show is less than the plan promised, and the same on every page that says it.
    shown = sights(inspector, visit)
    assert shown == sights(inspector, plan) == sights(firm, mirror)
    assert shown and all(float(one[2]) < float(other[2]) for one, other in zip(shown, promised, strict=True))
    page = inspector.page(plan)
    assert page.headings[0].startswith(f"2 of {len(drawn)} items measured")
    boxes = [
        row[-1] for row in csv.reader(inspector.get(f"{plan}?format=csv&table=route").content.decode().splitlines())
    ]
    assert [one[:5] for one in sorted(boxes[1:])[::-1]] == ["count"] * 2 + [""] * (len(drawn) - 2)
    assert all(lot in inspector.page(visit).text for lot in drawn)

    # By page, file and program the firm is shown the two drums and none of the others; so is who reads of the nation.
    def left(browser: Browser, at: str) -> set[str]:
        texts = [browser.page(at).html]
        texts += [
            browser.get(f"{at}?format=csv&table={name}").content.decode()
            for name in ("items", "verified", "differences", "bags", "analyses", "sights")
        ]
        texts.append(browser.get(f"/api/v1/inspections/{entry}/visit").content.decode())
        texts.append(browser.page("/en/firm/SEP/").html if browser is firm else "")
        return {lot for lot in drawn[2:] if any(re.search(rf"\b{lot}\b", text) for text in texts)}

    assert left(firm, mirror) == left(analyst, visit) == set()
    assert firm.get(own_plan).status_code == analyst.get(plan).status_code == 404
    assert "The visit has not ended" in firm.page(mirror).text
    # The end is of a day on which something was measured, and opens the rest.
    ended = {"act": "end", "on": "2025-02-19"}
    assert inspector.post("/en/inspections/sep/", ended).status_code == 400
    assert "The visit has ended" in page.text
    assert inspector.post("/en/inspections/sep/", {**ended, "on": DAY}).status_code == 303
    assert left(firm, mirror) == left(analyst, visit) == set(drawn[2:])
    assert firm.get(own_plan).status_code == analyst.get(plan).status_code == 200
    assert "The visit has ended" not in inspector.page(plan).text


def sights(browser: Browser, at: str) -> list[list[str]]:
    """What a page says that a visit shows: element, goal, probability."""
    lines = browser.get(f"{at}?format=csv&table=sights").content.decode().splitlines()
    return [row[:3] for row in csv.reader(lines[1:])]
