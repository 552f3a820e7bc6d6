"""Cases on pages: what an official may do and sees, what the firm sees and never sees, many at once."""

from __future__ import annotations

import io
import json
import re
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.findings import answer_of, finding_in
from tests.formerly import formerly
from tests.web.as_official import OFFICIAL
from tests.web.conftest import Browser, Page

from lodeline.office.access import clock
from lodeline.office.access.actor import Actor, RoleGrant
from lodeline.office.findings import cases
from lodeline.office.findings.cases import FindingAsSeen
from lodeline.office.models import AuditRecord, Case
from lodeline.regulation.parameter import load
from lodeline.service.findings.finding import findings
from lodeline.service.findings.recomputing import recompute
from lodeline.service.log.audit import verify
from lodeline.store.opening import open_store
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store

pytestmark = pytest.mark.medium


@pytest.fixture
def official(flawed: Store, tmp_path: Path, elsewhere: Callable[[str | Path], Browser]) -> Browser:
    """An official on a copy of the flawed world, in which cases can be opened."""
    assert flawed.database.path is not None
    flawed.database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    copy = shutil.copy(flawed.database.path, tmp_path / "store.sqlite3")
    return elsewhere(copy)


@pytest.fixture(scope="module")
def rows(flawed: Store) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = findings(flawed, open_snapshot(flawed), load("cn")).as_json()["rows"]
    return found


@pytest.fixture(scope="module")
def row(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return next(one for one in rows if one["detector"] == "quota-overrun")


def as_whom(actor: Actor) -> Browser:
    environ: Any = {"lodeline.actor": actor}
    return Browser(client=Client(HTTP_HOST="127.0.0.1", **environ))


def of_firm(organisation: str, role: str = "filer") -> Browser:
    return as_whom(replace(OFFICIAL, pseudonym="firm", standings=(RoleGrant(organisation=organisation, role=role),)))


def by(days: int = 15) -> str:
    return (clock.today("Asia/Shanghai") + timedelta(days=days)).isoformat()


def sent(page: Page, act: str, **more: str) -> dict[str, str]:
    """A form of a finding's page, as it stands there."""
    steps = re.search(r'name="steps" value="(\d+)"', page.html)
    assert steps is not None
    return {"act": act, "steps": steps[1], "text": "Why is that?", "until": by(), **more}


def ask(official: Browser, row: dict[str, Any]) -> str:
    at = f"/en/findings/{row['id']}/"
    answer = official.post(at, sent(official.page(at), "ask"))
    assert answer.status_code == 303, answer.content
    return at


def test_a_question_goes_to_the_firm_and_its_answer_comes_back(official: Browser, row: dict[str, Any]) -> None:
    at, firm = ask(official, row), row["subject"]["organisation"]
    own = f"/en/firm/{firm}/findings/{row['id']}/"
    for language in ("en", "zh"):
        page = of_firm(firm).page(own.replace("/en/", f"/{language}/"))
        assert page.status == 200
        assert "Why is that?" in page.text
        waits = of_firm(firm).page(f"/{language}/firm/{firm}/?kind=question")
        assert own.replace("/en/", f"/{language}/") in waits.html
        assert ("1 question of the authority waits for you" if language == "en" else "询问：1项待办") in waits.text
    files = SimpleUploadedFile("../<b>ticket.pdf", b"%PDF-1.7", content_type="text/html")
    assert of_firm(firm).post(own, {"text": "A typing error.\n<b>Sorry.</b>", "files": files}).status_code == 303
    assert "Questions: nothing waits for you" in of_firm(firm).page(f"/en/firm/{firm}/?kind=question").text
    assert "Answered" in of_firm(firm).page(f"/en/firm/{firm}/?kind=question&state=done").text
    page = official.page(at)
    assert "A typing error." in page.text and "<b>Sorry" not in page.html
    (href,) = re.findall(r'href="(\?file=\d+|[^"]*[?&]file=\d+)"', page.html)
    got = official.get(href.replace("&amp;", "&"))
    assert got.content == b"%PDF-1.7"
    assert got["Content-Disposition"].startswith("attachment;")
    assert got["Content-Type"] == "application/octet-stream"
    words = of_firm(firm).get(f"{own}?words=2")
    assert json.loads(words.content)["text"] == "A typing error.\n<b>Sorry.</b>"
    assert json.loads(of_firm(firm).get(f"{own}?receipt=2").content)["upload_sha256"]


def test_the_firm_is_shown_its_own_question_and_nothing_else(
    official: Browser, row: dict[str, Any], rows: list[dict[str, Any]]
) -> None:  # fmt: skip
    firm, own = row["subject"]["organisation"], f"/en/firm/{row['subject']['organisation']}/findings/"
    other = next(one for one in rows if one["subject"].get("organisation") not in (None, firm))
    assert of_firm(firm).get(f"{own}{row['id']}/").status_code == 404, "not asked yet"
    ask(official, row)
    ask(official, other)
    assert of_firm(firm).get(f"{own}{row['id']}/").status_code == 200
    assert of_firm(firm).get(f"{own}{other['id']}/").status_code == 404
    assert of_firm("MIN-0001").get(f"{own}{row['id']}/").status_code == 403
    assert of_firm(firm).get(f"/en/findings/{row['id']}/").status_code == 403
    admin = of_firm(firm, "organisation-admin")
    assert "Send the answer" not in admin.page(f"{own}{row['id']}/").text
    assert admin.post(f"{own}{row['id']}/", {"text": "I say so."}).status_code == 403
    # An official's own arrangements are none of the firm's.
    official.post(f"/en/findings/{row['id']}/", sent(official.page(f"/en/findings/{row['id']}/"), "assign", to=""))
    assert "Assigned" not in of_firm(firm).page(f"{own}{row['id']}/").text
    assert of_firm(firm).get(f"{own}{row['id']}/?words=2").status_code == 404


def test_whoever_only_reads_is_offered_nothing_and_may_do_nothing(official: Browser, row: dict[str, Any]) -> None:
    del official
    auditor = as_whom(replace(OFFICIAL, pseudonym="auditor", standings=(RoleGrant(organisation="", role="auditor"),)))
    at = f"/en/findings/{row['id']}/"
    page = auditor.page(at)
    assert "Ask the firm" not in page.text
    assert auditor.post(at, {"act": "ask", "steps": "0", "text": "Why?", "until": by()}).status_code == 403
    assert "Do something with those chosen" not in auditor.page("/en/findings/").text
    assert auditor.post("/en/findings/", {"act": "ask", "finding": f"{row['id']}:0", "until": by()}).status_code == 403
    assert not Case.objects.exists()


def test_who_is_slower_is_told_to_look_again(official: Browser, row: dict[str, Any]) -> None:
    at = f"/en/findings/{row['id']}/"
    form = sent(official.page(at), "waive")
    ask(official, row)
    answer = official.post(at, form)
    assert answer.status_code == 400
    assert "Look at it and decide again" in Page(answer).text
    assert Case.objects.get().state == "asked"


def test_what_cannot_be_read_comes_back_with_what_was_written(official: Browser, row: dict[str, Any]) -> None:
    at = f"/en/findings/{row['id']}/"
    for wrong in ({"until": "soon"}, {"until": by(1)}, {"until": "9999-12-31"}):
        answer = official.post(at, sent(official.page(at), "ask", text="My long question", **wrong))
        assert answer.status_code == 400
        assert "My long question" in Page(answer).text
    assert official.post(at, sent(official.page(at), "no-such-act")).status_code == 400
    assert official.post(at, {"act": "ask", "steps": "9" * 30, "text": "?", "until": by()}).status_code == 303


def test_many_are_asked_at_once_each_with_its_own_question(official: Browser, rows: list[dict[str, Any]]) -> None:
    chosen = re.findall(r'name="finding" value="([0-9a-f]{64}:0)"', official.page("/en/findings/").html)
    assert len(chosen) == len(rows)
    assert official.post("/en/findings/", {"act": "ask", "until": by()}).status_code == 400, "nothing is chosen"
    answer = official.client.post("/en/findings/", {"act": "ask", "finding": [*chosen, "no:0"], "until": by()})
    assert answer.status_code == 303
    assert f"Done for {len(rows)}" in official.page(answer["Location"]).text
    for row in rows:
        (asked,) = Case.objects.get(finding=row["id"]).steps.all()
        assert row["ask"][0]["en"] in json.loads(asked.content)["text"]
    assert AuditRecord.objects.filter(what="finding.asked").count() == len(rows)


def test_the_queue_is_narrowed_by_state_and_by_whose_it_is(
    official: Browser, row: dict[str, Any], rows: list[dict[str, Any]]
) -> None:  # fmt: skip
    at = ask(official, row)

    def listed(query: str) -> int:
        return len(set(re.findall(r"/en/findings/([0-9a-f]{64})/", official.page(f"/en/findings/?{query}").html)))

    assert listed("state=asked") == 1
    assert listed("state=open") == len(rows) - 1
    assert (listed("assigned=mine"), listed("assigned=watched"), listed("whose=nobody")) == (0, 0, len(rows))
    official.post(at, sent(official.page(at), "watch"))
    # Its former name, until version 0.2.0.
    assert listed("assigned=watched") == listed("whose=watched") == 1
    official.post(at, sent(official.page(at), "unwatch"))
    assert listed("assigned=watched") == 0
    assert official.get("/en/findings/?state=guilty").status_code == 404


def test_a_case_outlives_its_finding(official: Browser, row: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    at = ask(official, row)
    monkeypatch.setattr("lodeline.web.pages.findings.finding.ask", lambda *_: answer_of([]))
    page = official.page(at)
    assert page.status == 200
    assert "do not raise this question any more" in page.text
    assert "Evidence bundle" not in page.text
    monkeypatch.setattr("lodeline.web.pages.findings.findings.ask", lambda *_: answer_of([]))
    assert "Not raised any more" in official.page("/en/findings/").text


def test_the_bundle_holds_what_was_said(official: Browser, row: dict[str, Any]) -> None:
    at = ask(official, row)
    answer = official.get(f"{at}?bundle=zip")
    assert answer["Content-Type"] == "application/zip"
    assert recompute(answer.content).ok
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert json.loads(archive.read("case/001-asked.json"))["text"] == "Why is that?"
        assert "Why is that?" in archive.read("index.html").decode()
    assert AuditRecord.objects.filter(what="finding.bundle").count() == 1


def test_the_ledger_verifies_with_cases_in_its_log(official: Browser, row: dict[str, Any], tmp_path: Path) -> None:
    ask(official, row)
    page = official.page("/en/log/?kind=case")
    assert page.status == 200
    store = open_store(str(tmp_path / "store.sqlite3"))
    assert verify(store).faults == ()
    store.database.close()


def test_a_case_and_an_address_of_before_lead_to_what_the_finding_has_become(
    official: Browser, row: dict[str, Any], tmp_path: Path
) -> None:  # fmt: skip
    old = formerly(row, period={"from": row["period"]["from"], "to": row["period"]["from"]})
    copy = open_store(str(tmp_path / "store.sqlite3"))
    seen = FindingAsSeen(
        finding=finding_in(old), stamp=open_snapshot(copy).stamp, today=clock.today("Asia/Shanghai"), steps=0
    )
    cases.ask(OFFICIAL, copy, seen, text="Why is that?", until=date.fromisoformat(by()), now=clock.now())
    copy.database.close()
    at, firm = f"/en/findings/{row['id']}/", row["subject"]["organisation"]
    assert "Why is that?" in official.page(at).text
    moved = official.get(f"/en/findings/{old['id']}/?said=ask")
    assert (moved.status_code, moved["Location"]) == (302, f"{at}?said=ask")
    alias = official.get(f"/en/findings/{formerly(row)['id']}/")
    assert (alias.status_code, alias["Location"]) == (302, at), "an id of before without a case"
    own = f"/en/firm/{firm}/findings/{old['id']}/"
    assert own in of_firm(firm).page(f"/en/firm/{firm}/?kind=question").html
    assert of_firm(firm).get(f"/en/firm/{firm}/findings/{row['id']}/")["Location"] == own
    stranger = next(one for one in ("SEP-0001", "MIN-0001") if one != firm)
    for one in (row["id"], old["id"]):
        assert of_firm(stranger).get(f"/en/firm/{stranger}/findings/{one}/").status_code == 404
    assert of_firm(firm).post(own, {"text": "A typing error."}).status_code == 303
    answer = official.post(at, sent(official.page(at), "withdraw", text="The register was wrong."))
    assert answer.status_code == 303, answer.content
    kept = Case.objects.get()
    assert (kept.finding, kept.steps_taken, kept.state) == (old["id"], 3, "withdrawn")
    assert "Cases without a finding" not in official.page("/en/findings/").text


def test_watching_and_choosing_many_reach_a_case_of_before(
    official: Browser, row: dict[str, Any], tmp_path: Path
) -> None:  # fmt: skip
    old = formerly(row)
    copy = open_store(str(tmp_path / "store.sqlite3"))
    seen = FindingAsSeen(
        finding=finding_in(old), stamp=open_snapshot(copy).stamp, today=clock.today("Asia/Shanghai"), steps=0
    )
    cases.watch(OFFICIAL, seen, on=True, now=clock.now())
    copy.database.close()
    listed = official.page("/en/findings/?assigned=watched")
    assert f"/en/findings/{row['id']}/" in listed.html
    firm = row["subject"]["organisation"]
    for one in (row["id"], old["id"]):
        assert of_firm(firm).get(f"/en/firm/{firm}/findings/{one}/").status_code == 404, "not asked yet"
    chosen = {"act": "ask", "finding": f"{row['id']}:0", "text": "", "until": by()}
    assert official.post("/en/findings/", chosen).status_code == 303
    assert (Case.objects.get().finding, Case.objects.get().state) == (old["id"], "asked")
