"""The pages on which two officers make a law pack the law, while anybody reads which one stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests import worlds
from tests.law_packs import LIST, notice, with_five_days, with_notice
from tests.stores import put_away
from tests.web.as_official import furnish
from tests.web.conftest import Browser, Page

from lodeline.office.access import clock
from lodeline.office.access.actor import Actor, RoleGrant
from lodeline.office.models import AuditRecord
from lodeline.regulation.pack import Pack, shipped
from lodeline.regulation.parameter import law_of
from lodeline.service.law.publishing import KINDS, proposals, publications
from lodeline.service.law.zipped import files_of_zip, zip_of
from lodeline.store.law import law_now
from lodeline.store.opening import open_store
from lodeline.store.store import DESK_KIND, Store

pytestmark = pytest.mark.medium


def officer(name: str, region: str = "", role: str = "licensing-officer") -> Actor:
    standing = RoleGrant(organisation="", role=role, region=region)
    return Actor(user=1, name=name, pseudonym=name, standings=(standing,))


class Desk:
    """Pages of one store as somebody opens them."""

    def __init__(self, store: Store, elsewhere: Callable[[str], Browser]) -> None:
        self.store = store
        elsewhere(store.database.url)

    def client(self, who: Actor | None) -> Client:
        environ: Any = {} if who is None else {"lodeline.actor": who}
        return Client(HTTP_HOST="127.0.0.1", HTTP_ACCEPT="text/html", **environ)

    def page(self, path: str, who: Actor | None = None) -> Page:
        return Page(self.client(who).get(path))

    def propose(self, pack: Pack | bytes, who: Actor, reason: str = "MOFCOM No. 99 of today") -> Any:
        content = pack if isinstance(pack, bytes) else zip_of(pack)
        file = SimpleUploadedFile("pack.zip", content)
        return self.client(who).post("/en/law/packs/", {"act": "propose", "reason": reason, "file": file})


ANN, BEN = officer("ann"), officer("ben")
NOBODY = Actor()


@pytest.fixture
def desk(run_room: Any, tmp_path: Any, elsewhere: Callable[[str], Browser]) -> Iterator[Desk]:
    store = open_store(worlds.small(run_room).copied_to(tmp_path / "store.sqlite3"))
    furnish(store.database.url)
    yield Desk(store, elsewhere)
    put_away(store)


def today() -> date:
    return clock.now().date()


def sent(page: Page) -> str:
    """What the form of a proposal says that was seen."""
    found = re.search(r'name="seen" value="([^"]+)"', page.html)
    return found[1] if found else ""


def proposed(desk: Desk, who: Actor = ANN) -> str:
    """The address of a proposal of the notice of today."""
    answer = desk.propose(with_notice(today()), who)
    assert answer.status_code == 303
    return str(answer["Location"])


def said(answer: Any) -> str:
    assert answer.status_code == 400, answer.status_code
    return Page(answer).text


def test_two_officers_make_a_pack_the_law_and_everybody_reads_which_it_is(desk: Desk) -> None:
    first, pack = law_now(desk.store), with_notice(today())
    at = proposed(desk)
    waits = desk.page("/en/law/packs/", BEN)
    assert "Waits for another officer" in waits.text and "MOFCOM No. 99 of today" in waits.text
    public = desk.page("/en/law/packs/", NOBODY)
    assert public.status == 200 and "MOFCOM" not in public.text and "Propose a pack" not in public.text
    page = desk.page(at, BEN)
    assert page.headings == ["86 of 100 exports would stand otherwise"]
    assert "announcement-99-2026/control-list.yaml" in page.text and "+parameter: control-list" in page.text
    tests = sum(len(one.tests) for one in law_of(pack).parameters.values())
    assert f"{tests} tests were run, and all hold" in page.text and pack.digest in page.text
    # Whatever the ledger holds, the neodymium magnets of the notice come out otherwise.
    probes = desk.client(BEN).get(f"{at}?format=csv&table=probes").content.decode()
    assert "control-list 9C999.a" in probes
    assert "Old values that are others or gone" not in page.text
    listed = desk.client(BEN).get(f"{at}?format=csv&table=declarations").content.decode()
    assert '"Law that stands","Proposed pack","Why"' in listed and len(listed.splitlines()) == 22
    answer = desk.client(BEN).post(at, {"act": "publish", "seen": sent(page)})
    assert (answer.status_code, answer["Location"]) == (303, "/en/law/packs/?said=published")
    (made,) = publications(desk.store)
    assert (made.pack, made.proposed_by, made.by, law_now(desk.store).digest) == (pack.digest, "ann", "ben", made.pack)
    assert made.preview["exports"] == {"judged": 100, "different": 86}
    records = AuditRecord.objects.order_by("pk").values_list("what", "who", "subject")
    assert list(records)[-2:] == [("law.proposed", "ann", "69"), ("law.published", "ben", "69")]
    public = desk.page("/zh/law/packs/", NOBODY)
    assert "起以法规包" in public.headings[0] and pack.digest in public.text and "出口86/100项" in public.text
    for digest in (pack.digest, first.digest):
        content = desk.client(NOBODY).get(f"/en/law/packs/?zip={digest}").content
        assert Pack(code="cn", files={k: v.decode() for k, v in files_of_zip(content, "cn").items()}).digest == digest
    assert desk.client(NOBODY).get("/en/law/packs/?zip=00").status_code == 404
    after = desk.page(at, BEN)
    assert after.headings == ["This pack was published"] and "86 of 100 exports" in after.text and not sent(after)


def test_what_was_asked_names_its_pack_and_comes_out_the_same_under_it(desk: Desk) -> None:
    line = {
        "product_name": "NdFeB magnets", "hs_code": "8505111000", "composition": "Nd=29.4;Fe=69.3;B=1.1",
        "mass_kg": "100", "destination": "DE", "exporter": "MAG-0001", "end_user_name": "Motoren GmbH",
    }  # fmt: skip

    def ask() -> str:
        """The page of the question that is kept."""
        desk.client(BEN).post("/en/desk/", line)
        return f"/en/desk/asked/{desk.store.entries_of(DESK_KIND)[-1].index}/"

    old, first = ask(), law_now(desk.store)
    at = proposed(desk)
    answer = desk.client(BEN).post(at, {"act": "publish", "seen": sent(desk.page(at, BEN))})
    assert answer.status_code == 303
    new, second = ask(), law_now(desk.store)
    page, short = desk.page(old, BEN), [one.digest[:4] for one in (first, second)]
    assert "This line must wait" not in page.headings and f"Another, {short[1]}" in page.text and short[0] in page.text
    again = desk.page(f"{old}?again=yes", BEN).text
    assert f"Judged again under pack {short[0]}" in again and "every verdict comes out the same" in again
    page = desk.page(new, BEN)
    assert page.headings == ["This line must wait"] and short[1] in page.text and "is the law now" not in page.text
    assert "各项结论均相同" in desk.page(f"{new.replace('/en/', '/zh/')}?again=yes", BEN).text
    assert short[1] in desk.page("/en/law/", NOBODY).text


def test_a_pack_with_a_fault_and_a_file_that_is_none_are_refused_with_every_fault(desk: Desk) -> None:
    size = desk.store.head().size
    wrong = notice(today())[LIST].replace("expect: {item: 9C999.a}", "expect: {item: 9C000}")
    files = {**with_notice(today()).files, LIST: wrong, "desk/ports.yaml": "parameter: ["}
    told = said(desk.propose(Pack(code="cn", files=files), ANN))
    assert "the law that stands goes on" in told and "cn/desk/ports.yaml" in told
    told = said(desk.propose(with_notice(today(), **{LIST: wrong}), ANN))
    assert f"cn/{LIST}" in told and "9C000" in told and "correct the value or the test" in told
    assert "no ZIP file" in said(desk.propose(b"parameter: control-list", ANN))
    assert "nothing to publish" in said(desk.propose(shipped("cn"), ANN))
    assert "on which notice" in said(desk.propose(with_notice(today()), ANN, reason=" "))
    assert "Choose the ZIP" in said(desk.client(ANN).post("/en/law/packs/", {"act": "propose", "reason": "x"}))
    assert desk.store.head().size == size and not AuditRecord.objects.filter(what__startswith="law.").exists()


def test_one_officer_alone_and_one_who_has_not_looked_do_not_publish(desk: Desk) -> None:
    at, size = proposed(desk), desk.store.head().size
    own = desk.page(at, ANN)
    assert "another officer publishes it" in own.text and 'value="publish"' not in own.html
    shown = sent(desk.page(at, BEN))
    told = said(desk.client(ANN).post(at, {"act": "publish", "seen": shown}))
    assert "You proposed this pack: another officer publishes it" in told
    for who, unseen in ((BEN, ""), (BEN, "x"), (officer("cai"), shown)):
        assert "look at it again" in said(desk.client(who).post(at, {"act": "publish", "seen": unseen}))
    assert "on which notice" in said(desk.client(BEN).post(at, {"act": "refuse", "reason": ""}))
    assert desk.store.head().size == size and not publications(desk.store)
    assert desk.client(ANN).post(at, {"act": "refuse", "reason": "A slip."}).status_code == 303
    assert proposals(desk.store)[0].state == "withdrawn"
    assert "decided already" in said(desk.client(BEN).post(at, {"act": "refuse", "reason": "No."}))
    other = proposed(desk, BEN)
    assert (
        desk.client(ANN).post(other, {"act": "refuse", "reason": "The notice is of another year."}).status_code == 303
    )
    page = desk.page(f"{other}?said=refused", BEN)
    assert page.headings == ["This pack was refused"] and "the law that stands goes on" in page.text


def test_the_law_is_published_by_officers_of_the_whole_country_alone(desk: Desk) -> None:
    at, size = proposed(desk), desk.store.head().size
    others = [officer("cai", region="Jiangxi"), officer("cai", role="customs-officer"), officer("cai", role="analyst")]
    for who in others:
        assert desk.propose(with_notice(today()), who).status_code == 403
        for act in ({"act": "publish", "seen": ""}, {"act": "refuse", "reason": "No."}):
            assert desk.client(who).post(at, act).status_code == 403
        assert "Propose a pack" not in desk.page("/en/law/packs/", who).text
    assert desk.store.head().size == size
    assert desk.propose(with_notice(today()), officer("dan", role="registrar")).status_code == 303


def test_a_change_that_touches_no_finding_is_signed_as_such_and_changes_none(
    run_room: Any, tmp_path: Any, elsewhere: Callable[[str], Browser]
) -> None:
    """Five days to answer customs for seven: the preview holds both laws on a day of control, and shows no difference
    to findings about exports before any."""
    store = open_store(worlds.flawed(run_room).copied_to(tmp_path / "store.sqlite3"))
    furnish(store.database.url)
    desk, findings = Desk(store, elsewhere), "/en/findings/?format=csv"
    analyst = officer("eva", role="analyst")
    before = desk.client(analyst).get(findings).content
    answer = desk.propose(with_five_days(shipped("cn")), ANN)
    at = str(answer["Location"])
    shown = sent(desk.page(at, BEN))
    assert desk.client(BEN).post(at, {"act": "publish", "seen": shown}).status_code == 303
    (made,) = publications(store)
    assert {kind: made.preview[kind]["different"] for kind in KINDS} == dict.fromkeys(KINDS, 0)
    assert made.preview["rules"] == 1 and made.preview["findings"]["judged"] > 0
    assert len(before.splitlines()) > 1 and desk.client(analyst).get(findings).content == before
    put_away(store)
