"""A law is published while a server runs: no process is restarted, and none judges by the old one after it."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.browser.portal import PEOPLE, Portal
from tests.cli.program import Lodeline
from tests.law_packs import LIST, notice, with_notice
from tests.web.test_serving import eventually, running

from lodeline.office.access import clock
from lodeline.regulation.pack import Pack
from lodeline.service.customs.papers import question
from lodeline.service.law.zipped import zip_of
from lodeline.store.law import law_now
from lodeline.store.opening import open_store
from lodeline.store.store import DESK_KIND, LAW_PROPOSAL_KIND, Store

pytestmark = pytest.mark.ci

FIRST, SECOND = PEOPLE["registrar"], PEOPLE["licensing-officer"]
LINE = {
    "declaration": "D-1", "product_name": "NdFeB magnets", "hs_code": "8505111000", "mass_kg": "100",
    "composition": "Nd=29.4;Fe=69.3;B=1.1", "destination": "DE", "exporter": "MAG-0001",
}  # fmt: skip


class Office:
    """Officers at the pages of a server, each request on a connection of its own, so that any process answers."""

    def __init__(self, portal: Portal, store: Store) -> None:
        self.portal, self.store = portal, store
        for by in (FIRST, SECOND):
            portal.sign_in(by)
            portal.client(by).headers["Connection"] = "close"

    def post(self, by: str, path: str, form: dict[str, str], pack: Pack | None = None) -> tuple[int, str]:
        """Status and address of what is answered to a form, or its text where it is refused."""
        client = self.portal.client(by)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', client.get(path).text)
        assert token is not None
        files = None if pack is None else {"file": ("cn.zip", zip_of(pack))}
        answer = client.post(path, data={"csrfmiddlewaretoken": token[1], **form}, files=files)
        return answer.status_code, answer.url.path if answer.status_code == 200 else answer.text

    def propose(self, pack: Pack) -> tuple[int, str]:
        return self.post(FIRST, "/en/law/packs/", {"act": "propose", "reason": "No. 99 of today"}, pack)

    def ask(self) -> tuple[int, dict[str, Any]]:
        """A question put to the desk: its entry, and the answer that is kept."""
        self.portal.answer(SECOND, "/en/desk/", self.portal.client(SECOND).get("/en/desk/").text, LINE)
        entry = self.store.entries_of(DESK_KIND)[-1].index
        return entry, dict(question(self.store, entry).paper["answer"])


def bundle_of(lodeline: Lodeline, room: Path, name: str, number: str) -> dict[str, Any]:
    """A bundle that the port fetches, and what it answers from it; the question is kept in the room's record."""
    lodeline("bundle", room / name, "--port", "Ningbo", "--json")
    (room / "line.csv").write_text(
        ",".join(LINE) + "\n" + ",".join((LINE | {"declaration": number}).values()) + "\n", "utf-8"
    )
    asked = lodeline("declare", room / "line.csv", "--bundle", room / name, "--record", room / "record", "--json")
    return dict(asked.document)


def merged(lodeline: Lodeline, room: Path) -> list[dict[str, Any]]:
    """What is said of bundles when the port's record comes home; the port begins another."""
    told = lodeline("declare", "merge", room / "record", "--json").document["problems"]
    (room / "record").unlink()
    return list(told)


@pytest.mark.medium
def test_a_law_is_published_while_the_server_runs(store: Store, tmp_path: Path) -> None:
    today: date = clock.now().date()
    pack = with_notice(today)
    wrong = with_notice(today, **{LIST: notice(today)[LIST].replace("expect: {item: 9C999.a}", "expect: {item: 9C0}")})
    demo = {"LODELINE_DEMO": "1", "LODELINE_PUBLISHER": "1"}
    with running(store, tmp_path, workers=2, **demo) as server, Portal(f"http://localhost:{server.port}") as portal:
        kept = open_store(str(tmp_path / "store.sqlite3"))
        office, lodeline = Office(portal, kept), Lodeline(database=str(tmp_path / "store.sqlite3"))
        eventually(lambda: server.get("/readyz")[0] == 200)
        processes, first = server.children(), law_now(kept)
        old, was = office.ask()
        before = question(kept, old).content
        port = bundle_of(lodeline, tmp_path, "old.bundle", "P-1")

        status, told = office.propose(wrong)
        assert status == 400 and LIST in told and "correct the value or the test" in told
        assert not kept.entries_of(LAW_PROPOSAL_KIND) and law_now(kept) is first
        status, at = office.propose(pack)
        assert status == 200 and re.fullmatch(r"/en/law/packs/\d+/", at), at
        own = portal.client(FIRST).get(at).text
        assert 'value="publish"' not in own and "another officer publishes it" in own
        status, told = office.post(FIRST, at, {"act": "publish", "seen": ""})
        assert status == 400 and "You proposed this pack: another officer publishes it" in told
        status, told = office.post(SECOND, at, {"act": "publish", "seen": seen(portal.client(SECOND).get(at).text)})
        assert (status, told) == (200, "/en/law/packs/"), told

        # From the next question on, whichever process is asked: one judges what is declared, two show what was.
        shown_by: set[int] = set()

        def all_go_by_it() -> bool:
            assert office.ask()[1]["pack"] == pack.digest, "no process judges by the old law"
            assert "is the law now" in portal.client(SECOND).get(f"/en/desk/asked/{old}/?again=yes").text
            shown = [one for one in server.lines() if one.get("method") == "GET"]
            shown_by.add(shown[-1]["worker"])
            return len(shown_by) == 2

        eventually(all_go_by_it)
        _, now = office.ask()
        assert (was["pack"], now["verdict"]) == (first.digest, "hold") and was["verdict"] != "hold"
        assert question(kept, old).content == before
        again = portal.client(SECOND).get(f"/en/desk/asked/{old}/?again=yes").text
        assert "every verdict comes out the same" in again and "is the law now" in again

        stale = merged(lodeline, tmp_path)
        assert [one["code"] for one in stale] == ["offline.other-law"]
        named = f"Bundle {port['bundle']['sha256'][:12]}… for Ningbo rests on law pack {first.digest[:12]}…"
        assert stale[0]["message"]["en"].startswith(named)
        assert named in portal.client(SECOND).get("/en/desk/asked/").text
        fetched = bundle_of(lodeline, tmp_path, "new.bundle", "P-2")
        assert merged(lodeline, tmp_path) == [] and named not in portal.client(SECOND).get("/en/desk/asked/").text
        assert (port["pack"], port["verdict"]) == (first.digest, was["verdict"])
        assert (fetched["pack"], fetched["verdict"], fetched["bundle"]["pack"]) == (pack.digest, "hold", pack.digest)
        assert server.children() == processes, "nothing was restarted"
        kept.database.close()
    assert server.errors.read_text() == ""


def seen(page: str) -> str:
    found = re.search(r'name="seen" value="([^"]+)"', page)
    assert found is not None
    return found[1]
