"""Licences on pages: the numbers close, one leads to its draw-downs, and a firm sees its own alone."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, override_settings
from tests.desk import LAW
from tests.licences import change_holder
from tests.office.trade import NOW, file_trade, furnish, person
from tests.web.conftest import Browser, Page

from lodeline.control.declaration import Declaration, read_fields
from lodeline.control.rulebook import LawDay
from lodeline.office.access import clock
from lodeline.office.access.actor import Actor, RoleGrant
from lodeline.office.customs import batches as desk_batches
from lodeline.office.customs import desk
from lodeline.office.customs import queries as customs_cases
from lodeline.office.models import AuditRecord
from lodeline.service.customs.batch import parts_of
from lodeline.service.customs.desk import Ledger, answer
from lodeline.service.licences.accounts import licence_accounts
from lodeline.service.licences.draw_facts import draws_about
from lodeline.service.licences.draws import Wanted, reserve
from lodeline.service.licences.exits import Exit, confirm_exits
from lodeline.service.licences.proposals import waiting
from lodeline.store.opening import open_store
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store

pytestmark = pytest.mark.medium
MG_PER_KG = 1_000_000
#: On which customs are asked.
DAY = date(2026, 2, 5)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SEP has exported 20 of the 50 kg of LIC-1 and is promised 10 more; LIC-0 has ended."""
    path = Path(tmp_path_factory.mktemp("licences")) / "store.sqlite3"
    desk = file_trade(str(path))
    furnish(str(path))
    wanted = Wanted(
        licence="LIC-1", organisation="SEP", declaration="D-9", line="1", mass_mg=10 * MG_PER_KG
    )  # fmt: skip
    (drawn,) = reserve(store=desk.store, wanted=[wanted], law=LAW, on=NOW.date(), filed_at=NOW)
    assert drawn.draw, drawn.problems
    desk.put_away()
    return path


@pytest.fixture
def url(made: Path, tmp_path: Path) -> Iterator[str]:
    path = tmp_path / "store.sqlite3"
    shutil.copy(made, path)
    with override_settings(LODELINE_DATABASE=str(path), LODELINE_DEMO_CLOCK="2025-02-07T09:00:00+08:00"):
        yield str(path)


def of_firm(firm: str) -> Browser:
    environ: Any = {"lodeline.actor": person(firm)}
    return Browser(client=Client(HTTP_HOST="127.0.0.1", **environ))


def official() -> Browser:
    return Browser(client=Client(HTTP_HOST="127.0.0.1"))


def test_every_licence_closes_and_leads_to_its_own_page(pages: None, url: str) -> None:
    text = official().get("/en/licences/?format=csv&table=licences").content.decode("utf-8-sig")
    head, *rows = csv.reader(io.StringIO(text))
    first = next(at for at, name in enumerate(head) if name.startswith("Granted"))
    found = {row[0]: [float(mass or 0) for mass in row[first : first + 6]] for row in rows}
    assert found == {"LIC-1": [50, 10, 20, 0, 20, 0], "LIC-0": [50, 0, 0, 0, 0, 50]}
    page = official().page("/en/licences/LIC-1/")
    assert (page.status, page.headings[0]) == (200, "Licence LIC-1")
    assert "Reserved on release" in page.text and "Filed by the exporter" in page.text
    assert "放行时预留" in official().page("/zh/licences/LIC-1/").text
    assert "LIC-1" in official().page("/en/organisations/SEP/").text
    assert official().page("/en/licences/NO-SUCH/").status == 404


def test_a_firm_sees_its_own_licence_and_no_other(pages: None, url: str) -> None:
    page = of_firm("SEP").page("/en/firm/SEP/licences/LIC-1/")
    assert page.status == 200 and "D-9" in page.text
    assert of_firm("MAG").get("/en/firm/MAG/licences/LIC-1/").status_code == 404
    assert of_firm("MAG").get("/en/firm/SEP/licences/LIC-1/").status_code in (403, 404)
    assert of_firm("SEP").get("/en/licences/LIC-1/").status_code == 403


DESK = "/en/desk/licences/LIC-1/"


def customs_officer(role: str = "customs-officer") -> Actor:
    return Actor(user=1, name="C", pseudonym="c", standings=(RoleGrant(organisation="", role=role),))


def customs(role: str = "customs-officer") -> Browser:
    environ: Any = {"lodeline.actor": customs_officer(role)}
    return Browser(client=Client(HTTP_HOST="127.0.0.1", **environ))


def sent(browser: Browser, act: str, **fields: str) -> Any:
    return browser.post(DESK, {"act": act, **fields})


def masses(store: Store) -> tuple[int, ...]:
    """Reserved, used, overdrawn, left of LIC-1, in kg."""
    accounts = licence_accounts(store, store.register(store.head()), LAW, ["LIC-1"])
    found = accounts["LIC-1"].account.balance("", NOW.date())
    return tuple(mass // MG_PER_KG for mass in (found.reserved, found.used, found.overdrawn, found.left))


def number_of(store: Store) -> str:
    return str(draws_about(store, ["D-9"])[0].number)


def test_customs_confirm_an_exit_on_the_page_of_the_licence(pages: None, url: str) -> None:
    browser, store = customs(), open_store(url)
    assert "/en/desk/licences/" in {link.get("href") for link in browser.page("/en/desk/").links}
    assert 'href="/en/desk/licences/LIC-1/"' in browser.page("/en/desk/licences/").html
    page = browser.page(DESK)
    assert page.status == 200 and "D-9, line 1: 10 kg may still leave" in page.html and "Waits to leave" in page.text
    leaves = {"reservation": number_of(store), "mass_kg": "6", "reference": "E-1"}
    done = sent(browser, "exit", **leaves)
    assert done.status_code == 303 and "The exit is booked" in browser.page(done["Location"]).text
    assert masses(store) == (4, 26, 0, 20)
    again = sent(browser, "exit", **leaves)
    assert "That stood already" in browser.page(again["Location"]).text
    sent(browser, "exit", **leaves | {"mass_kg": "1", "reference": "E-2", "closes": "yes"})
    assert masses(store) == (0, 27, 0, 23)
    assert "已结清" in browser.page(DESK.replace("/en/", "/zh/")).text
    records = AuditRecord.objects.filter(what="licence.exits")
    assert records.count() == 2
    # The exporter is told of each, once.
    told = of_firm("SEP").page("/en/firm/SEP/?kind=notice")
    for mass in ("6", "1"):
        assert told.text.count(f"Customs confirms that {mass} kg left under declaration D-9, line 1") == 1
    assert 'href="/en/firm/SEP/licences/LIC-1/"' in told.html
    assert "海关确认报关单 D-9 第 1 项的 6 千克货物已出境" in of_firm("SEP").page("/zh/firm/SEP/?kind=notice").text


def test_a_wrong_exit_is_flagged_and_corrected_on_the_page(pages: None, url: str) -> None:
    browser, store = customs(), open_store(url)
    assert "Correct an exit" not in browser.page(DESK).text
    wrong = sent(browser, "exit", reservation=number_of(store), mass_kg="10000", reference="E-1", closes="yes")
    flagged = browser.page(wrong["Location"])
    assert "It is flagged" in flagged.text and "1 exit flagged" in flagged.text
    assert "9990 kg more of goods left than the 10 kg that were reserved" in flagged.text
    assert "1 exit flagged" in browser.page("/en/desk/licences/").text
    chinese = browser.page(DESK.replace("/en/", "/zh/")).text
    assert "1 次出境有提示" in chinese and "多 9990 千克" in chinese and "更正出境确认" in chinese
    fix = {"corrects": "E-1", "mass_kg": "8", "reference": "E-2", "closes": "yes"}
    assert sent(browser, "correct", **fix, reason=" ").status_code == 400
    assert sent(browser, "correct", **fix | {"corrects": "E-9"}, reason="typed in grams").status_code == 400
    done = sent(browser, "correct", **fix, reason="typed in grams")
    assert done.status_code == 303
    page = browser.page(done["Location"])
    assert "The exit is corrected" in page.text and "flagged" not in page.text
    assert masses(store) == (0, 28, 0, 22)
    # The earlier one stays to be seen, at customs and at the firm.
    own = of_firm("SEP")
    for text in (page.text, own.page("/en/firm/SEP/licences/LIC-1/").text):
        assert "in place of 10000 kg (E-1)" in text and "does not count: corrected by E-2" in text
        assert "typed in grams" in text
    notices = own.page("/en/firm/SEP/?kind=notice").text
    assert "Flagged: Under line 1 of D-9 9990 kg more of goods left" in notices
    assert "Customs corrects a confirmation under declaration D-9, line 1: 8 kg left" in notices
    assert "The reason: typed in grams" in notices
    assert "理由：typed in grams" in own.page("/zh/firm/SEP/?kind=notice").text


def test_what_cannot_be_booked_says_why_and_keeps_what_was_typed(pages: None, url: str) -> None:
    browser, store = customs(), open_store(url)
    head = store.head().size
    wrong = Page(sent(browser, "exit", reservation=number_of(store), mass_kg="six", reference="E-1"))
    assert wrong.status == 400 and "'six' is no mass in kilograms" in wrong.text and 'value="E-1"' in wrong.html
    missing = Page(sent(browser, "void", reservation=number_of(store), reason=" "))
    assert missing.status == 400
    beyond = Page(sent(browser, "allot", tranche="T1", port="Erenhot", mass_kg="21"))
    assert beyond.status == 400 and "21 kg" in beyond.text
    assert sent(browser, "burn").status_code == 400
    assert store.head().size == head


def test_a_reservation_is_taken_back_and_a_tranche_allotted_and_taken_back(pages: None, url: str) -> None:
    browser, store = customs(), open_store(url)
    done = sent(browser, "void", reservation=number_of(store), reason="not sold")
    assert done.status_code == 303 and masses(store) == (0, 20, 0, 30)
    assert "Taken back" in browser.page(DESK).text
    sent(browser, "allot", tranche="T1", port="Erenhot", mass_kg="30")
    assert masses(store) == (30, 20, 0, 0)
    page = browser.page(DESK)
    assert "tranche T1" in page.text and "With the port" in page.text
    sent(browser, "void-tranche", tranche="T1", reason="the line is up again")
    assert masses(store) == (0, 20, 0, 30)
    told = {one.what for one in AuditRecord.objects.all()}
    assert told >= {"licence.void", "licence.tranche", "licence.tranche-void"}
    notices = of_firm("SEP").page("/en/firm/SEP/?kind=notice").text
    assert "for declaration D-9, line 1 is taken back. The reason: not sold" in notices


def test_an_exit_without_a_reservation_is_booked_on_this_licence_and_not_on_that_of_another(
    pages: None, url: str
) -> None:
    browser, store = customs(), open_store(url)
    other = {"reservation": "none", "declaration": "D-9", "line": "1", "mass_kg": "5", "reference": "E-7"}
    elsewhere = Page(browser.post("/en/desk/licences/LIC-0/", {"act": "exit", **other}))
    assert elsewhere.status == 400 and "reserved on LIC-1" in elsewhere.text
    done = sent(browser, "exit", **other | {"declaration": "D-20", "mass_kg": "40"})
    page = browser.page(done["Location"])
    assert "It is flagged" in page.text and masses(store) == (10, 60, 20, 0)


def test_who_may_not_decide_at_the_desk_sees_no_form_and_enters_nothing(pages: None, url: str) -> None:
    store = open_store(url)
    officer = customs("licensing-officer")
    assert "Licences: exits" not in officer.page("/en/desk/").text
    assert officer.get(DESK).status_code == 403 and officer.get("/en/desk/licences/").status_code == 403
    assert "Waits to leave" in officer.page("/en/licences/LIC-1/").text
    assert "Confirm an exit" not in officer.page("/en/licences/LIC-1/").text
    assert sent(officer, "void", reservation=number_of(store), reason="because").status_code == 403
    assert of_firm("SEP").get(DESK).status_code == 403
    assert masses(store) == (10, 20, 0, 20)
    own = of_firm("SEP").page("/en/firm/SEP/licences/LIC-1/")
    assert "Waits to leave" in own.text and "Confirm an exit" not in own.text


def looks() -> list[tuple[str, str, str, str]]:
    """Of every look that was written down: the page, whose business, what of it, why."""
    found = AuditRecord.objects.filter(kind="look").order_by("pk")
    return list(found.values_list("what", "organisation", "subject", "reason"))


def asked_and_queried(store: Store) -> tuple[int, str]:
    """The entry of SEP's declaration at the desk, and customs' query about it."""
    line = {
        "line": "1", "declaration": "D-1", "on": "2026-02-04", "exporter": "SEP", "product_name": "NdFeB magnets N45",
        "hs_code": "8505111000", "composition": "Nd=24.1;Pr=6.02;Fe=67.5;B=0.98", "models_in_lot": "16",
        "mass_kg": "200",
    }  # fmt: skip
    now, officer = datetime(2026, 2, 5, 2, tzinfo=UTC), customs_officer()
    declaration = read_fields(line)
    answered = answer(declaration, LawDay.of(LAW, DAY), Ledger(snapshot=open_snapshot(store), store=store))
    entry = desk.ask(officer, store, declaration, answered, now=now).index
    case = customs_cases.open_case(
        officer, store, entry, verdict_id=answered["lines"][0]["id"], text="Which of the 16?", law=LAW, today=DAY,
        now=now,
    )  # fmt: skip
    return entry, case.reference


def test_what_customs_look_at_is_written_down_for_its_firm(pages: None, url: str) -> None:
    entry, case = asked_and_queried(open_store(url))
    browser = customs()
    for at in (DESK, f"/en/desk/asked/{entry}/", f"/en/desk/queries/{case}/"):
        assert browser.page(at).status == 200
    assert looks() == [
        ("desk-licence", "SEP", "LIC-1", "clearance"),
        ("desk-asked-one", "SEP", str(entry), "clearance"),
        ("desk-query", "SEP", case, "clearance"),
    ]
    auditor = customs("auditor").page("/en/audit/?organisation=SEP")
    assert "Goods at the customs desk" in auditor.text
    assert "海关通关" in customs("auditor").page("/zh/audit/?organisation=SEP").text


def test_an_official_with_another_reason_gives_it_at_the_desk_too(pages: None, url: str) -> None:
    entry, _ = asked_and_queried(open_store(url))
    inspector = customs("inspector")
    inspector.post("/en/reason/", {"reason": "court"})
    assert inspector.page(f"/en/desk/asked/{entry}/").status == 200
    assert looks() == [("desk-asked-one", "SEP", str(entry), "court")]


def test_what_shows_nothing_of_a_firm_and_what_is_its_own_is_no_look(pages: None, url: str) -> None:
    asked_and_queried(open_store(url))
    browser, own = customs(), of_firm("SEP")
    for at in ("/en/desk/licences/NO-SUCH/", "/en/desk/queries/NO-SUCH/", "/en/desk/asked/1/", "/en/desk/asked/9999/"):
        assert browser.get(at).status_code == 404, at
    assert own.get(DESK).status_code == 403
    assert own.page("/en/firm/SEP/licences/LIC-1/").status == 200
    assert looks() == []


def test_of_a_licence_each_who_held_it_or_drew_on_it_is_looked_at_on_its_pages_and_by_program(
    pages: None, url: str
) -> None:
    store = open_store(url)
    done = change_holder(store=store, licence="LIC-1", holder="MAG", on=NOW.date(), filed_at=NOW, reason="sold")
    assert done.entry, done.problems
    strange = Exit(
        declaration="D-30", line="1", mass_mg=MG_PER_KG, reference="E-1", licence="LIC-0", organisation="TRADE"
    )
    (left,) = confirm_exits(store=store, exits=[strange], law=LAW, on=NOW.date(), filed_at=NOW)
    assert left.draw, left.problems
    for licence, firms in (("LIC-1", ["MAG", "SEP"]), ("LIC-0", ["SEP", "TRADE"])):
        before = len(looks())
        for at in (f"/en/licences/{licence}/", f"/en/desk/licences/{licence}/", f"/api/v1/licences/{licence}"):
            assert official().get(at).status_code == 200, at
        found = [(organisation, subject) for _, organisation, subject, _ in looks()[before:]]
        assert found == [(firm, licence) for firm in firms] * 3


def lines_of(*exporters: str) -> list[dict[str, str]]:
    """A line of each exporter, by its id or its name; they share a declaration."""
    goods = {"declaration": "D-1", "on": "2026-02-04", "product_name": "NdFeB magnets N45", "hs_code": "8505111000"}
    return [
        goods | {"line": str(number), "exporter_name" if one.endswith("公司") else "exporter": one}
        for number, one in enumerate(exporters, 1)
    ]


def test_a_declaration_of_several_exporters_is_looked_at_for_each(pages: None, url: str) -> None:
    store, officer = open_store(url), customs_officer()
    declaration = Declaration(
        lines=tuple(line for one in lines_of("SEP", "MAG公司", "SEP") for line in read_fields(one).lines)
    )
    answered = answer(declaration, LawDay.of(LAW, DAY), Ledger(snapshot=open_snapshot(store), store=store))
    entry = desk.ask(officer, store, declaration, answered, now=datetime(2026, 2, 5, 2, tzinfo=UTC)).index
    assert customs().page(f"/en/desk/asked/{entry}/").status == 200
    assert looks() == [("desk-asked-one", firm, str(entry), "clearance") for firm in ("MAG", "SEP")]


def test_a_batch_is_looked_at_once_for_each_exporter_whose_goods_are_judged(
    pages: None, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_batches, "parts_of", lambda declaration: parts_of(declaration, most=2))
    content = json.dumps({"rows": lines_of("SEP", "MAG公司", "SEP", "MINE")}).encode()
    batch = desk_batches.begin(customs_officer(), name="many.json", content=content, now=clock.now())
    at = f"/en/desk/batches/{batch.reference}/"
    browser, keep = customs(), desk_batches._keep

    def seen_twice(*given: Any) -> bool:
        kept = keep(*given)
        for _ in range(2):
            assert browser.page(at).status == 200
        return kept

    monkeypatch.setattr(desk_batches, "_keep", seen_twice)
    assert browser.page(at).status == 200
    assert looks() == [], "nothing of a firm is shown yet"
    desk_batches.judge_job({"batch": batch.reference}, lambda _share: None)
    page = ("desk-batch", "clearance")
    assert [(what, who, why) for what, who, _, why in looks()] == [
        (page[0], who, page[1]) for who in ("MAG", "SEP", "MINE")
    ], "while one waits the page is asked for again and again"
    assert browser.get(f"{at}?format=csv&table=verdicts").status_code == 200
    assert official().get(f"/api/v1/batches/{batch.reference}").status_code == 200
    assert official().get(f"/api/v1/batches/{batch.reference}/verdicts").status_code == 200
    assert [(what, who) for what, who, subject, _ in looks()[3:] if subject == batch.reference] == [
        (what, who) for what in ("desk-batch", "api batch", "api batch verdicts") for who in ("MAG", "MINE", "SEP")
    ]


def test_a_firm_that_looks_at_its_own_batch_is_nobody_s_business(pages: None, url: str) -> None:
    content = json.dumps({"rows": lines_of("SEP")}).encode()
    batch = desk_batches.begin(person("SEP"), name="own.json", content=content, asker="SEP", now=clock.now())
    desk_batches.judge_job({"batch": batch.reference}, lambda _share: None)
    assert of_firm("SEP").page(f"/en/firm/SEP/desk/batches/{batch.reference}/").status == 200
    assert customs().get(f"/en/desk/batches/{batch.reference}/").status_code == 404
    assert looks() == []


AUTHORITY = "/en/licences/LIC-1/"


def licensing(name: str) -> Browser:
    standings = (RoleGrant(organisation="", role="licensing-officer"),)
    environ: Any = {"lodeline.actor": Actor(user=1, name=name, pseudonym=name, standings=standings)}
    return Browser(client=Client(HTTP_HOST="127.0.0.1", **environ))


def proposed(browser: Browser, deed: str = "suspended", **changes: str) -> Any:
    fields = {"deed": deed, "on": "2025-02-10", "reason": "The end use could not be seen."}
    return browser.post(AUTHORITY, {"act": "propose", **fields, **changes})


def test_two_officers_suspend_a_licence_on_its_page_and_its_firm_reads_why(pages: None, url: str) -> None:
    first, second, store = licensing("first"), licensing("second"), open_store(url)
    assert "Propose to suspend, resume, revoke or hand over" in first.page(AUTHORITY).text
    done = proposed(first)
    assert done.status_code == 303 and "Another officer decides" in first.page(done["Location"]).text
    (waits,) = waiting(store.newest_register()).values()
    own, other = first.page(AUTHORITY), second.page(AUTHORITY)
    assert "Proposed: to suspend it from 10 February 2025" in other.text
    assert 'value="confirm"' in other.html and 'value="confirm"' not in own.html and "Take it back" in own.text
    assert "提议中止，自2025年2月10日起" in second.page(AUTHORITY.replace("/en/", "/zh/")).text
    assert "Proposed: to suspend it" in official().page("/en/licences/").text
    assert "roposed" not in of_firm("SEP").page("/en/firm/SEP/licences/LIC-1/").text
    assert "roposed" not in customs().page(DESK).text
    refused = Page(first.post(AUTHORITY, {"act": "confirm", "proposal": waits.id}))
    assert refused.status == 400 and "another officer confirms it" in refused.text
    assert store.newest_register().licences["LIC-1"].acts == ()
    done = second.post(AUTHORITY, {"act": "confirm", "proposal": waits.id})
    assert done.status_code == 303 and "the firm is told" in second.page(done["Location"]).text
    assert store.newest_register().licences["LIC-1"].standing(date(2025, 2, 10)) == "suspended"
    firm = of_firm("SEP").page("/en/firm/SEP/licences/LIC-1/")
    assert "suspended" in firm.text and "The end use could not be seen." in firm.text
    notices = of_firm("SEP").page("/zh/firm/SEP/?kind=notice")
    assert "许可证 LIC-1 自2025年2月10日起中止。主管部门理由：The end use could not be seen." in notices.text
    assert 'href="/zh/firm/SEP/licences/LIC-1/"' in notices.html


def test_a_proposal_that_cannot_be_says_why_and_keeps_what_was_typed(pages: None, url: str) -> None:
    browser, store = licensing("first"), open_store(url)
    head = store.head().size
    for changes, says in (
        ({"on": "2025-02-06"}, "has passed"),
        ({"on": "soon"}, "Give the day"),
        ({"reason": "  "}, "gives its reason"),
        ({"deed": "holder", "holder": "NOBODY"}, "cannot hold the licence"),
        ({"deed": "burnt"}, "is none of"),
    ):
        page = Page(proposed(browser, **{"reason": "Kept words.", **changes}))
        assert page.status == 400 and says in page.text, changes
        assert "reason" in changes or "Kept words." in page.html
    assert browser.post(AUTHORITY, {"act": "burn"}).status_code == 400
    assert store.head().size == head


def test_who_is_no_licensing_officer_sees_no_form_and_decides_nothing(pages: None, url: str) -> None:
    store = open_store(url)
    proposed(licensing("first"))
    (waits,) = waiting(store.newest_register()).values()
    head = store.head().size
    auditor = customs("auditor")
    assert (
        "Proposed: to suspend" in auditor.page(AUTHORITY).text and 'value="confirm"' not in auditor.page(AUTHORITY).html
    )
    for browser in (auditor, customs(), of_firm("SEP")):
        for sent_too in (
            {"act": "confirm", "proposal": waits.id},
            {"act": "refuse", "proposal": waits.id, "answer": "x"},
        ):
            assert browser.post(AUTHORITY, sent_too).status_code == 403
    assert of_firm("SEP").post("/en/firm/SEP/licences/LIC-1/", {"act": "confirm"}).status_code in (403, 405)
    assert store.head().size == head


def test_what_is_left_of_a_licence_that_is_used_up_says_why() -> None:
    from types import SimpleNamespace  # noqa: PLC0415

    from lodeline.web.pages.licences.licence import why_used_up  # noqa: PLC0415

    visit: Any = SimpleNamespace(text=lambda english, **_: english)
    assert "its one export is made" in why_used_up(visit, "exhausted", "individual", left_mg=0, lapsed_mg=24_500)
    assert "is declared" in why_used_up(visit, "exhausted", "individual", left_mg=24_500, lapsed_mg=0)
    assert "elements" in why_used_up(visit, "exhausted", "general", left_mg=0, lapsed_mg=1)
    for state, left in (("exhausted", 0), ("exhausted", None), ("granted", 5)):
        assert why_used_up(visit, state, "individual", left_mg=left, lapsed_mg=0) == ""
