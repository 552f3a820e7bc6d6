"""Applications on pages: the firm writes, hands in and answers; officers query, propose, decide; nobody else sees."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest
from django.test import Client
from tests.licences import licence_from
from tests.web.as_official import OFFICIAL
from tests.web.conftest import Browser, Page

from lodeline.ledger.problem import Where, problem
from lodeline.office.access import clock
from lodeline.office.access.actor import Actor, RoleGrant
from lodeline.office.models import Application, User
from lodeline.regulation.parameter import load
from lodeline.service.licences.licences import grant_licence, revoke_licence
from lodeline.service.parties.lists import load_list
from lodeline.store.opening import open_store
from lodeline.store.store import Store
from lodeline.web.pages.licences import application_part as part
from lodeline.web.visit import Visit

FIRM = "MAG-0001"
OWN = f"/en/firm/{FIRM}/licences/?view=applications"
PDF = b"%PDF-1.4 a rotor"
SAID = {
    "kind": "individual", "contract": "C-17", "end_users": "Muster Antriebe GmbH", "valid_from": "2025-07-01",
    "valid_to": "2026-06-30", "statement": "Servo motors.", "currency": "CNY", "destination": "DE",
    "consignee_name": "Muster Antriebe GmbH", "end_user_country": "DE", "end_use": "servo motors",
    "goods-product_name": "NdFeB magnets", "goods-product": "magnet-ndfeb", "goods-hs_code": "8505111000",
    "goods-control_item": "1C905.a.4", "goods-composition": "Nd=24;Pr=6;Dy=3.5;Fe=65.5;B=1", "goods-mass_kg": "1200",
    "goods-value": "96000", "goods-model": "38UH", "goods-basis": "",
}  # fmt: skip


@pytest.fixture
def copy(store: Store, tmp_path: Path, elsewhere: Callable[[str | Path], Browser]) -> Store:
    """A copy of the small world, in which one may apply."""
    assert store.database.path is not None
    made = shutil.copy(store.database.path, tmp_path / "store.sqlite3")
    elsewhere(made)
    for number in (11, 12):
        User.objects.create_user(
            f"officer-{number}@test.example", pk=number, name=f"Officer {number}", joined_at=clock.now()
        )
    return open_store(str(made))


def as_whom(actor: Actor) -> Browser:
    environ: Any = {"lodeline.actor": actor}
    return Browser(client=Client(HTTP_HOST="127.0.0.1", **environ))


def of_firm(organisation: str = FIRM, role: str = "filer") -> Browser:
    return as_whom(replace(OFFICIAL, pseudonym="firm", standings=(RoleGrant(organisation=organisation, role=role),)))


def officer(number: int, role: str = "licensing-officer") -> Browser:
    standing = RoleGrant(organisation="", role=role)
    return as_whom(Actor(user=number, name=f"Officer {number}", pseudonym=f"officer-{number}", standings=(standing,)))


def waiting(kind: str = "application", *, done: bool = False) -> Page:
    """What the firm has to do of a kind, or has done."""
    return of_firm().page(f"/en/firm/{FIRM}/?kind={kind}{'&state=done' if done else ''}")


def begun() -> str:
    answer = of_firm().post(OWN, {"relation": "new"})
    assert answer.status_code == 303
    return str(answer["Location"])


def handed_in(**changes: str) -> str:
    at, said = begun(), {**SAID, **changes}
    for kind in ("applicant", "contract", "technical", "end-use"):
        file = SimpleUploadedFile(f"{kind}.pdf", PDF)
        assert of_firm().post(at, {**said, "act": "attach", "document_kind": kind, "files": file}).status_code == 303
    answer = of_firm().post(at, {**said, "act": "submit"})
    assert answer.status_code == 303, Page(answer).text
    return at


def step(browser: Browser, at: str, act: str, **more: str) -> Any:
    """Sends a form of an officer's page as it stands there."""
    page = browser.page(at)
    seen = re.search(r'name="steps" value="(\d+)"', page.html)
    assert seen is not None, page.text
    return browser.post(at, {"act": act, "steps": seen[1], "text": "Because it is so.", **more})


def test_all_that_is_wrong_is_said_and_nothing_is_lost(copy: Store) -> None:
    at = begun()
    page = Page(of_firm().post(at, {**SAID, "act": "submit", "destination": "", "goods-mass_kg": "much"}))
    assert page.status == 400 and "It cannot be handed in yet" in page.text
    assert 'href="#f-destination"' in page.html and 'href="#goods-1"' in page.html
    assert "The application lacks: contract or agreement" in page.text
    assert 'value="C-17"' in of_firm().page(at).html, "what was written is kept"
    chinese = of_firm().page(at.replace("/en/", "/zh/"))
    assert chinese.status == 200 and "许可审查可能提出" in chinese.text


def test_what_is_missing_is_called_as_in_the_form_and_once() -> None:
    visit = Visit(HttpRequest(), language="zh", name="firm-application", arguments={})
    empty = problem("application.cell-missing", Where(column="kind"), column="kind")
    unknown = problem("grant.kind-unknown", Where(column="kind"), value="…", known="individual, general")
    assert part.problems_once([empty, unknown]) == [empty]
    assert part.problem_text(visit, empty).startswith("申请书未填写 许可类型。")
    assert "可用：单项许可、通用许可" in part.problem_text(visit, unknown)
    changed = problem("application.new-needed", Where(column="end_users"), columns="end_users, destination")
    english = Visit(HttpRequest(), language="en", name="firm-application", arguments={})
    assert part.problem_text(english, changed).startswith("This changes end users, destination: ")


def test_a_licence_is_applied_for_queried_answered_and_granted(copy: Store) -> None:
    at = handed_in()
    listed = officer(11).page("/en/licences/")
    (where,) = set(re.findall(r'href="(/en/applications/[0-9a-f]{16}/)"', listed.html))
    assert officer(11).get(f"{where}?document=1").status_code == 403, "not in charge yet"
    assert "applicant.pdf" in officer(11).page(where).text and "?document=" not in officer(11).page(where).html
    assert step(officer(11), where, "take").status_code == 303
    assert officer(11).get(f"{where}?document=1").content == PDF
    assert f'href="{where}?document=1"' in officer(11).page(where).html
    page = officer(11).page(where)
    for words in (
        "1 200 kg",
        "96 000 CNY",
        "1 July 2025",
        "(magnet-ndfeb)",
        "without a licence",
        "Past exports",
        "Licences of the exporter",
        "45 working days",
    ):
        assert words in page.text
    assert step(officer(11), where, "query", text="Which machine?", until="").status_code == 303
    assert "the clock stands" in officer(11).page(where).text
    assert "1 application waits for you" in waiting().text and at in waiting().html
    own = of_firm().page(at)
    assert "Dual-Use Items, articles 17 and 26; " in own.text, "the articles are some law's, and each stands once"
    chinese = of_firm().page(at.replace("/en/", "/zh/"))
    assert "两用物项出口管制条例第十七条、第二十六条；" in chinese.text
    lost = Page(of_firm().post(at, {"act": "answer", "text": "x" * 8_001}))
    assert lost.status == 400 and "x" * 8_001 in lost.html
    assert "Which machine?" in own.text and "Taken in charge" not in own.text
    assert of_firm().post(at, {"act": "answer", "text": "A packer."}).status_code == 303
    assert at not in waiting().html and at in waiting(done=True).html
    terms = {"decision": "grant", "mass_kg": "800", "valid_from": "2025-07-01", "valid_to": "2026-06-30"}
    turned = terms | {"valid_from": "2026-06-30", "valid_to": "2025-07-01", "text": "Long reasons."}
    refused = Page(step(officer(11), where, "propose", **turned))
    assert refused.status == 400 and "before the first" in refused.text
    assert "Long reasons." in refused.html and 'value="800"' in refused.html and 'value="2026-06-30"' in refused.html
    assert step(officer(11), where, "propose", **terms).status_code == 303
    own_proposal = Page(officer(11).post(where, {"act": "return", "steps": "5", "text": "No."}))
    assert own_proposal.status == 400 and "another officer" in own_proposal.text
    assert "Grant it" in officer(12).page(where).text and "Grant it" not in officer(11).page(where).text
    assert step(officer(12), where, "decide").status_code == 303
    ((_, licence),) = [one for one in copy.register(copy.head()).licences.items() if one[0].startswith("XK-")]
    assert licence.exporter == FIRM and licence.mass_mg == 800_000_000
    assert "Granted" in of_firm().page(at).text
    decided = officer(12).get("/en/licences/?state=decided&format=csv&table=applications").content
    (row,) = csv.DictReader(io.StringIO(decided.decode("utf-8-sig")))
    assert (row["State"], row["Working days left"]) == ("granted", "–")
    assert f'href="/en/firm/{FIRM}/licences/{licence.id}/"' in of_firm().page(at).html
    assert f'href="/en/licences/{licence.id}/"' in officer(12).page(where).html
    assert {f"/en/organisations/{FIRM}/", "/en/licences/"} <= {
        link.get("href") for link in officer(12).page(f"/en/licences/{licence.id}/").links
    }
    assert "Report on the goods" in of_firm().page(at).text
    assert "准予许可" in of_firm().page(at.replace("/en/", "/zh/")).text


def lot_of(product: str) -> str:
    """A lot of the firm of a kind of product, of which something is held."""
    listed = of_firm().get(f"/en/firm/{FIRM}/lots/?format=csv&table=lots").content.decode("utf-8-sig")
    return next(row["Lot"] for row in csv.DictReader(io.StringIO(listed)) if row["Product"].startswith(product))


def fields_of(page: Page) -> dict[str, str]:
    """What stands in the fields of a draft, of goods in their first line."""
    found = dict(re.findall(r'<textarea[^>]* name="([^"]+)"[^>]*>([^<]*)</textarea>', page.html, re.DOTALL))
    for tag in re.findall(r"<input[^>]*>", page.html):
        name, value = (re.search(rf'{key}="([^"]*)"', tag) for key in (" name", " value"))
        if name is not None:
            found.setdefault(name[1], "" if value is None else value[1])
    chosen = re.search(r'<select[^>]* name="kind"[^>]*>.*?<option value="(\w+)" selected', page.html, re.DOTALL)
    return {**found, "kind": "" if chosen is None else chosen[1]}


def begun_from(source: str) -> str:
    answer = of_firm().post(OWN, {"from": source})
    assert answer.status_code == 303, Page(answer).text
    return str(answer["Location"])


def test_a_lot_is_applied_for_with_what_is_known_and_handed_in_at_once(copy: Store) -> None:
    before, lot = handed_in(), lot_of("magnet-ndfeb")
    page = of_firm().page(f"/en/firm/{FIRM}/lots/{lot}/")
    assert f'value="lot:{lot}"' in page.html and f'action="{OWN}"' in page.html
    assert "Apply for a licence for this" not in of_firm(role="certifier").page(f"/en/firm/{FIRM}/lots/{lot}/").text
    at = begun_from(f"lot:{lot}")
    draft = of_firm().page(at)
    fields = fields_of(draft)
    for name in ("contract", "statement", "end_use", "destination", "consignee_name", "end_users", "kind"):
        assert fields[name] == SAID[name], name
    assert fields["goods-product"].startswith("magnet-ndfeb") and "Nd=" in fields["goods-composition"]
    assert fields["goods-control_item"] == "1C905.a.4" and fields["goods-hs_code"] == "8505111000"
    assert float(fields["goods-value"]) == pytest.approx(80 * float(fields["goods-mass_kg"]), rel=1e-6)
    assert "It can be handed in" in draft.headings[0] and "可以提交" in of_firm().page(at.replace("/en/", "/zh/")).text
    assert all(f"{kind}.pdf" in draft.text for kind in ("applicant", "contract", "technical", "end-use"))
    assert before in draft.html, "from where it is is said"
    answer = of_firm().post(at, {**fields, "act": "submit"})
    assert answer.status_code == 303, Page(answer).text
    assert "Handed in" in of_firm().page(answer["Location"]).text
    document = Application.objects.get(reference=at.split("/")[5]).documents.get(kind="technical")
    assert of_firm().get(f"{at.partition('?')[0]}?document={document.pk}").content == PDF, "sealed anew for this one"


def test_a_model_and_an_old_licence_are_applied_for_again(copy: Store) -> None:
    handed_in()
    fields = fields_of(of_firm().page(begun_from("model:38UH")))
    assert fields["goods-model"] == "38UH" and fields["goods-composition"] == SAID["goods-composition"]
    assert 'value="model:38UH"' in of_firm().page(OWN).html
    law, now = load("cn"), clock.now()
    today = law.day_of(now)
    terms = {
        "id": "XK-7", "kind": "individual", "exporter": FIRM, "end_users": ["Motors GmbH"], "mass_mg": 100_000_000,
        "products": ["magnet-ndfeb"], "control_items": ["1C905.a.4"], "destination": "DE", "end_use": "motors",
        "valid_from": today - timedelta(days=300), "valid_to": today - timedelta(days=200),
    }  # fmt: skip
    grant_licence(store=copy, licence=licence_from(terms), law=law, filed_at=now)
    at = f"/en/firm/{FIRM}/licences/XK-7/"
    assert 'value="licence:XK-7"' in of_firm().page(at).html
    fields = fields_of(of_firm().page(begun_from("licence:XK-7")))
    assert (fields["end_users"], fields["end_use"], fields["goods-mass_kg"]) == ("Motors GmbH", "motors", "100")
    assert (fields["goods-control_item"], fields["valid_from"]) == ("1C905.a.4", today.isoformat())


def test_what_is_not_the_firms_begins_nothing(copy: Store) -> None:
    began = Application.objects.count()
    for source in ("lot:NOBODY/LOT", "model:NONE", "licence:XK-99", "asked:7.0", "asked:999999.0", "asked:x", "moon:1"):
        answer = of_firm().post(OWN, {"from": source})
        assert answer.status_code == 400, source
    assert of_firm(role="certifier").post(OWN, {"from": "model:38UH"}).status_code == 403
    assert Application.objects.count() == began


def test_the_check_says_what_licensing_would_and_keeps_what_was_written(copy: Store) -> None:
    at = begun()
    said = {**SAID, "goods-control_item": "1C902", "goods-composition": "Nd=24;Pr=6;Dy=3.5;Fe=65.5;B=1"}
    assert of_firm().post(at, {**said, "act": "check"}).status_code == 303
    page = of_firm().page(at)
    assert "4 things stand against handing it in" in page.headings[0], "four papers"
    for words in (
        "Papers that are not attached",
        "contract or agreement",
        "on no list that is known here",
        "control item 1C905.a.4, and 1C902 is stated",
    ):
        assert words in page.text, words
    assert fields_of(page)["contract"] == "C-17"
    chinese = of_firm().page(at.replace("/en/", "/zh/")).text
    assert "许可审查可能提出" in chinese and "尚有4项" in chinese


def test_the_officer_sees_how_the_exporter_s_licences_stand(copy: Store) -> None:
    at = f"/en/applications/{handed_in().rstrip('/').rpartition('/')[2]}/"
    law, now = load("cn"), clock.now()
    today = law.day_of(now)
    terms = {
        "id": "XK-7", "kind": "general", "exporter": FIRM, "end_users": ["Motors GmbH"], "mass_mg": 100_000_000,
        "control_items": ["1C905.a.4"], "valid_from": today, "valid_to": today + timedelta(days=60),
    }  # fmt: skip
    granted = grant_licence(store=copy, licence=licence_from(terms), law=law, filed_at=now)
    assert granted.accepted, [one.message("en") for one in granted.problems]
    page = officer(11).page(at)
    assert 'href="/en/licences/XK-7/"' in page.html and "In force" in page.text and "Revoked" not in page.text
    assert revoke_licence(store=copy, licence="XK-7", on=today, filed_at=now, reason="by order").entry
    page = officer(11).page(at)
    assert "Revoked" in page.text and "In force" not in page.text


def test_the_officer_sees_what_exceeds_the_need_of_an_end_user_and_a_query_is_on_offer(copy: Store) -> None:
    law, now = load("cn"), clock.now()
    today = law.day_of(now)
    terms = {
        "id": "XK-8", "kind": "general", "exporter": "MIN-0001", "end_users": ["Muster Antriebe GmbH"],
        "mass_mg": 900_000_000, "elements": "Dy=30", "control_items": ["1C905.a.4"], "valid_from": today,
        "valid_to": today + timedelta(days=60),
    }  # fmt: skip
    granted = grant_licence(store=copy, licence=licence_from(terms), law=law, filed_at=now)
    assert granted.accepted, [one.message("en") for one in granted.problems]
    at = handed_in(needs="Dy; 60; 50")
    where = f"/en/applications/{at.rstrip('/').rpartition('/')[2]}/"
    assert "60 kg of Dy a year, 50 kg for its own use" in of_firm().page(at).text
    page = officer(11).page(where)
    assert "Dy to Muster Antriebe GmbH: 72 kg a year, 12 kg more than the stated need." in page.text
    assert "每年 72 千克，超出所述需求 12 千克" in officer(11).page(where.replace("/en/", "/zh/")).text
    step(officer(11), where, "take")
    offered = officer(11).page(where).html
    assert "exceeds the need stated for a year" in offered and "超出所述年需求" in offered
    table = officer(11).get(f"{where}?format=csv&table=end-use").content.decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(table))
    assert [row[name] for name in row if "kg" in name][:3] == ["42.0", "–", "30.0"]


def test_a_need_that_is_met_says_nothing_and_one_that_cannot_be_read_is_said_at_its_field(copy: Store) -> None:
    at = begun()
    page = Page(of_firm().post(at, {**SAID, "act": "submit", "needs": "Dy 60 kg"}))
    assert page.status == 400 and 'href="#f-needs"' in page.html and "Dy 60 kg" in page.html
    assert "asked for from 100 kg of an element a year" in page.text.lower()
    where = f"/en/applications/{handed_in(needs='Dy; 60; 60').rstrip('/').rpartition('/')[2]}/"
    step(officer(11), where, "take")
    page = officer(11).page(where)
    assert "more than the stated need" not in page.text and "bill of materials" not in page.html


def test_an_application_from_before_needs_could_be_stated_is_shown(copy: Store) -> None:
    at = begun()
    kept = Application.objects.get()
    content = json.loads(kept.content)
    del content["needs"]
    kept.content = json.dumps(content)
    kept.save()
    assert of_firm().page(at).status == 200


def test_a_draft_whose_day_is_none_is_shown(copy: Store) -> None:
    at = begun()
    assert of_firm().post(at, {**SAID, "act": "save", "valid_from": "next spring"}).status_code in (303, 400)
    page = of_firm().page(at)
    assert page.status == 200


def test_the_officer_sees_whether_an_end_user_is_listed_and_who_is_known(copy: Store) -> None:
    at = f"/en/applications/{handed_in().rstrip('/').rpartition('/')[2]}/"
    assert "Muster Antriebe GmbH: nobody known by this name" in officer(11).page(at).text.replace(" :", ":")
    content = b"id,names,listed_from\nW-1,Muster Antriebe GmbH,2025-01-01\n"
    entry, read = load_list(copy, content, name="watch", file="watch.csv", filed_at=clock.now(), by="analyst")
    assert entry is not None, read.problems
    page = officer(11).page(at)
    assert "Muster Antriebe GmbH (0.99), listed" in page.text and "nobody known" not in page.text


def test_nobody_else_sees_it(copy: Store) -> None:
    at = handed_in()
    reference = at.rstrip("/").rpartition("/")[2]
    other = "MIN-0001"
    assert of_firm(other).get(at).status_code == 403
    assert of_firm(other).get(at.replace(FIRM, other)).status_code == 404
    assert of_firm().get(f"/en/applications/{reference}/").status_code == 403
    customs = officer(11, "customs-officer")
    assert customs.get("/en/licences/").status_code == 403
    analyst = officer(11, "analyst")
    page = analyst.page(f"/en/applications/{reference}/")
    assert page.status == 200 and "Take it in charge" not in page.text
    assert analyst.post(f"/en/applications/{reference}/", {"act": "take", "steps": "1"}).status_code == 403
    assert of_firm(role="certifier").post(OWN, {"relation": "new"}).status_code == 403


def test_a_draft_is_saved_thrown_away_and_its_documents_with_it(copy: Store) -> None:
    at = begun()
    reference = at.rstrip("/").rpartition("/")[2]
    assert officer(11).get(f"/en/applications/{reference}/").status_code == 404, "a draft is the firm's own"
    contract = SimpleUploadedFile("c.pdf", PDF)
    of_firm().post(at, {**SAID, "act": "attach", "document_kind": "contract", "files": contract})
    (number,) = re.findall(r'value="detach-(\d+)"', of_firm().page(at).html)
    assert of_firm().post(at, {**SAID, "act": f"detach-{number}"}).status_code == 303
    assert "detach-" not in of_firm().page(at).html
    wrong = SimpleUploadedFile("c.exe", b"MZ\x00")
    page = Page(of_firm().post(at, {**SAID, "act": "attach", "document_kind": "contract", "files": wrong}))
    assert page.status == 400 and "no PDF, PNG, JPEG or CSV" in page.text and 'value="C-17"' in page.html
    assert of_firm().post(at, {"act": "drop"}).status_code == 303
    assert of_firm().get(at).status_code == 404


def test_old_forms_and_wrong_acts_change_nothing(copy: Store) -> None:
    at = handed_in()
    where = f"/en/applications/{at.rstrip('/').rpartition('/')[2]}/"
    size = copy.head().size
    late = officer(11).post(where, {"act": "take", "steps": "0"})
    assert Page(late).status == 400 and "after you opened the page" in Page(late).text
    assert officer(11).post(where, {"act": "burn", "steps": "1"}).status_code == 400
    assert of_firm().post(at, {**SAID, "act": "save", "contract": "other"}).status_code == 400
    assert copy.head().size == size
