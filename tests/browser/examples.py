"""What no synthetic world holds, made through the portal's own forms once for a test session: drafts in each state, an
invitation, a dispute, a second factor, somebody halfway in. Each is found in `Portal.made` by the view's name."""

from __future__ import annotations

import csv
import io
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TypeVar

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import signing
from django.db import connections

from lodeline.service.law.zipped import zip_of
from lodeline.store.opening import open_store
from tests.browser.portal import GUARDED, HALFWAY, KEY, PEOPLE, Portal, build, served
from tests.browser.views import ADMIN, ANALYST, CERTIFIER, FILER, REGISTRAR
from tests.law_packs import with_notice
from tests.web.test_pages import planned, scenario_of

T = TypeVar("T")

#: The month that is due in these tests, and the one before.
DUE, FILED = "2025-07", "2025-06"

#: What an application for a licence says; all of it is made up.
APPLICATION: dict[str, str] = {
    "kind": "individual", "contract": "C-2025-17", "end_users": "Muster Antriebe GmbH", "valid_from": "2025-09-01",
    "valid_to": "2026-08-31", "statement": "Servo motors for packaging machines.", "currency": "CNY",
    "consignee_name": "Muster Antriebe GmbH", "destination": "DE", "end_user_country": "DE", "end_use": "servo motors",
    "goods-product_name": "Sintered NdFeB magnets", "goods-product": "magnet-ndfeb", "goods-model": "38UH",
    "goods-hs_code": "8505111000", "goods-control_item": "1C905.a.4", "goods-mass_kg": "1200", "goods-value": "96000",
    "goods-composition": "Nd=24;Pr=6;Dy=3.5;Fe=65.5;B=1", "goods-basis": "",
}  # fmt: skip


@contextmanager
def furnished(room: Path) -> Iterator[Portal]:
    """A portal on a world of `room` with all of it."""
    store = build(room)
    errors = store.with_name("errors")
    with served(store, errors) as origin, Portal(origin) as portal:
        make(portal)
        portal.made["invitation"] = invited(portal, errors.with_suffix(".said"))
        portal.made |= _visited(store, portal.firm)
        portal.made["strategy-briefing"] = _scenario(store, portal)
        yield portal


def make(portal: Portal, *, due: str = DUE, filed: str = FILED) -> None:
    """Makes all of it, for the month that is due and the newest that is filed."""
    made, firm = portal.made, f"/en/firm/{portal.firm}"
    for by in (FILER, ADMIN, ANALYST, CERTIFIER, REGISTRAR):
        portal.sign_in(by)
    made["firm-dispute"] = _dispute(portal, firm)
    made["firm-finding"] = _question(portal, firm, after=due)
    made["mail-end"] = f"mail/end/{signing.dumps(1, key=KEY, salt='lodeline.mail')}/"
    made |= _declared(portal, firm)
    _request_to_be_erased(portal)
    made |= _applications(portal, firm)
    _run_announced(portal, firm, year=due[:4])
    made["inspections"] = f"inspections/{portal.firm}-A/"
    made["party"] = f"parties/{portal.firm}/"
    made["edition"] = _frozen(portal, filed)
    made["law-pack"] = _law_proposed(portal)
    made["law-text"] = "law/texts/announcement-18-2025/"
    made["firm-draft"] = draft(portal, due, rows_with_problems())
    made["firm-draft-columns"] = draft(portal, due, rows_of_another_system()) + "columns/"
    made["draft, empty"] = draft(portal, due, None)
    made["draft, at work"] = draft(portal, due, many_rows())
    made["draft, correction"] = draft(portal, filed, filed_rows(portal), act="correct")
    made["draft, asked"] = asked = draft(portal, due, b"", act="try")
    portal.send(FILER, f"/en/{asked}", {"act": "ask", "revision": revision(portal, asked)})
    made["firm-draft-certify"] = asked + "certify/"
    made["receipt of the sandbox"] = other = draft(portal, due, b"", act="try")
    portal.send(FILER, f"/en/{other}", {"act": "ask", "revision": revision(portal, other)})
    certify = {"act": "password", "sure": "yes", "revision": revision(portal, other)}
    portal.send(CERTIFIER, f"/en/{other}certify/", certify)
    _second_factor(portal)


def draft(portal: Portal, period: str, content: bytes | None, *, act: str = "start") -> str:
    """The address below the language of a new draft of the filer's firm. `content` b"": a nil return; None: nothing."""
    answer = portal.send(FILER, f"/en/firm/{portal.firm}/file/", {"act": act, "period": period})
    at = answer.url.path
    seen = revision(portal, at.removeprefix("/en/"))
    if content == b"":
        portal.send(FILER, at, {"act": "nil", "revision": seen})
    elif content is not None:
        files = {"files": ("july.csv", content)}
        portal.send(FILER, at, {"act": "upload", "revision": seen}, files)
    return at.removeprefix("/en/")


def revision(portal: Portal, at: str) -> str:
    """The revision that a draft's page shows."""
    found = re.search(r'name="revision" value="(\d+)"', portal.html(f"/en/{at}", FILER))
    assert found is not None, f"{at} shows no draft that can be changed"
    return found[1]


def rows_with_problems() -> bytes:
    """A month with something of each kind in the way: a word, a number, another month, what is not registered."""
    return written(
        ("event", "kind", "on", "site", "role", "lot", "product", "mass_kg", "counterparty", "counterparty_name"),
        ("R1", "receipt", "2025-07-02", "MAG-0003-A", "", "B-1", "ndfeb-block", "1,200.5", "ALY-0002", ""),
        ("T1", "transformation", "2025-07-04", "MAG-0003-A", "in", "B-1", "ndfeb-block", "700", "", ""),
        ("T1", "transformation", "2025-07-04", "MAG-0003-A", "out", "M-1", "magnet-ndfeb", "650", "", ""),
        ("S1", "sale", "2025-07-09", "MAG-0003-A", "", "M-1", "magnet-ndfeb", "100", "USE-0002", ""),
        ("S2", "shipment", "2025-06-29", "MAG-0003-A", "", "M-1", "magnet-ndfeb", "50", "USE-0002", ""),
        ("S3", "shipment", "2025-07-11", "MAG-0003-B", "", "M-1", "magnet-ndfeb", "60", "", "Nobody Knows Ltd."),
    )


def rows_of_another_system() -> bytes:
    """A file whose columns have names of their own."""
    return written(
        ("Beleg", "Vorgang", "Datum", "Werk", "Charge", "Material", "Menge t"),
        ("1", "WE", "02.07.2025", "MAG-0003-A", "B-1", "NdFeB", "1,2005"),
    )


def many_rows() -> bytes:
    """So many that they are checked beside the request, for which these servers have nobody."""
    rows = (
        (
            f"S{number}",
            "shipment",
            "2025-07-09",
            "MAG-0003-A",
            f"M-{number}",
            "magnet-ndfeb",
            "1.5",
            "USE-0002",
            "x" * 80,
        )
        for number in range(20_000)
    )
    return written(("event", "kind", "on", "site", "lot", "product", "mass_kg", "counterparty", "note"), *rows)


def filed_rows(portal: Portal) -> bytes:
    """What was filed for the newest month, with one mass changed."""
    listed = portal.html(f"/en/firm/{portal.firm}/filings/", FILER)
    newest = max(map(int, re.findall(rf"/en/firm/{portal.firm}/filings/(\d+)/", listed)))
    upload = re.search(r'href="([^"]+/uploads/\d+/)"', portal.html(f"/en/firm/{portal.firm}/filings/{newest}/", FILER))
    assert upload is not None, "a filing can be taken out as it came"
    rows = list(csv.reader(io.StringIO(portal.html(upload[1], FILER))))
    mass = rows[0].index("mass_kg")
    rows[1][mass] = f"{float(rows[1][mass]) - 1.5:.1f}"
    return written(*rows)


def written(*rows: tuple[str, ...] | list[str]) -> bytes:
    """Rows as CSV."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def invited(portal: Portal, log: Path) -> str:
    """Invites somebody into the portal's firm; gives the address below the language, as the demo's log has it."""
    form = {"do": "invite", "name": "Wu Dan", "email": "wu.dan@example.org", "role": "filer"}
    portal.send(ADMIN, f"/en/firm/{portal.firm}/people/", form)
    (link,) = re.findall(r"wu\.dan@example\.org: \S+/en/(invitation/\S+/)", log.read_text("utf-8"))
    return str(link)


def _dispute(portal: Portal, firm: str) -> str:
    delivery = re.search(rf'href="({firm}/transfers/\d+/)', portal.html(f"{firm}/transfers/", FILER))
    assert delivery is not None, "no delivery waits"
    answer = portal.send(FILER, delivery[1], {"dispute": "Eleven drums came, and the papers say twelve."})
    return answer.url.path.removeprefix("/en/")


def _question(portal: Portal, firm: str, *, after: str) -> str:
    """What the authority asks the firm about a finding, where the firm answers it: late in the month after this one."""
    year, month = map(int, after.split("-"))
    until = date(year + month // 12, month % 12 + 1, 28)
    listed = portal.html(f"/en/findings/?organisation={portal.firm}", ANALYST)
    finding = re.search(r'href="/en/(findings/[0-9a-f]{64}/)"', listed)
    assert finding is not None, "no finding is about the firm"
    page = portal.html(f"/en/{finding[1]}", ANALYST)
    steps = re.search(r'name="steps" value="(\d+)"', page)
    assert steps is not None, "the finding can be asked about"
    asked = {"act": "ask", "text": "Which paper is missing?", "until": f"{until}", "steps": steps[1]}
    portal.answer(ANALYST, f"/en/{finding[1]}", page, asked)
    return f"{firm.removeprefix('/en/')}/{finding[1]}"


def _declared(portal: Portal, firm: str) -> dict[str, str]:
    """What the firm asked before packing, and what customs asked the firm about a line that it declared."""
    line = {
        "product_name": "NdFeB magnets N45", "hs_code": "8505111000", "models_in_lot": "16", "exporter": portal.firm,
        "composition": "Nd=24.1;Pr=6.02;Fe=67.5;B=0.98", "mass_kg": "200", "destination": "DE", "declaration": "D-1",
    }  # fmt: skip
    portal.send(FILER, f"{firm}/desk/", line)
    own = re.search(rf'href="/en/(firm/{portal.firm}/desk/asked/\d+/)"', portal.html(f"{firm}/desk/asked/", FILER))
    portal.sign_in(GUARDED)
    portal.send(GUARDED, "/en/desk/", line)
    kept = re.search(r'href="/en/(desk/asked/\d+/)"', portal.html("/en/desk/asked/", GUARDED))
    assert own is not None, "the firm's question is listed"
    assert kept is not None, "the officer's question is listed"
    page = portal.html(f"/en/{kept[1]}", GUARDED)
    verdict = re.search(r'<option value="([0-9a-f]{64})"', page)
    assert verdict is not None, "the line can be asked about"
    query = {"act": "query", "line": verdict[1], "text": "Which of the 16 models holds dysprosium?"}
    at = portal.answer(GUARDED, f"/en/{kept[1]}", page, query).url.path
    rows = "".join(f"{number},NdFeB magnets,8505111000\n" for number in range(2_001))
    file = {"file": ("many.csv", f"line,product_name,hs_code\n{rows}".encode())}
    batch = portal.send(GUARDED, "/en/desk/", {}, file).url.path
    own_batch = portal.send(FILER, f"{firm}/desk/", {}, file).url.path
    return {
        "desk-batch": batch.removeprefix("/en/"),
        "firm-batch": own_batch.removeprefix("/en/"),
        "firm-asked-one": own[1],
        "desk-asked-one": kept[1],
        "desk-query": at.removeprefix("/en/"),
        "firm-query": f"{firm.removeprefix('/en/')}/queries/{at.rstrip('/').rpartition('/')[2]}/",
    }


def _applications(portal: Portal, firm: str) -> dict[str, str]:
    """An application that was granted, one that waits for a decision, and one that is still a draft."""
    granted = _handed_in(portal, firm)
    _grant(portal, granted)
    return {
        "application, granted": granted.removeprefix("/en/"),
        "application": _examined(_handed_in(portal, firm)),
        "firm-application": _drafted(portal, firm).removeprefix("/en/"),
    }


def _drafted(portal: Portal, firm: str) -> str:
    """Where the firm goes on writing an application."""
    at = f"{firm}/licences/?view=applications"
    where = str(portal.answer(FILER, at, portal.html(at, FILER), {"relation": "new"}).url.path)
    portal.answer(FILER, where, portal.html(where, FILER), {**APPLICATION, "act": "save"})
    return where


def _handed_in(portal: Portal, firm: str) -> str:
    """Where the firm sees an application that the authority has."""
    where = _drafted(portal, firm)
    for kind in ("applicant", "contract", "technical", "end-use"):
        files = {"files": (f"{kind}.pdf", b"%PDF-1.7 made up")}
        portal.send(FILER, where, {**APPLICATION, "act": "attach", "document_kind": kind}, files)
    portal.answer(FILER, where, portal.html(where, FILER), {**APPLICATION, "act": "submit"})
    return where


def _examined(application: str) -> str:
    """Where officers examine what the firm sees at this address; below the language."""
    return f"applications/{application.rstrip('/').rpartition('/')[2]}/"


def _grant(portal: Portal, application: str) -> None:
    """One officer takes it and proposes to grant it, another does."""
    at = f"/en/{_examined(application)}"
    first, second = PEOPLE["licensing-officer"], "licensing-2@demo.example"
    terms = {"decision": "grant", "mass_kg": "800", "valid_from": "2025-09-01", "valid_to": "2026-08-31"}
    for by, form in (first, {"act": "take"}), (first, {"act": "propose", **terms}), (second, {"act": "decide"}):
        portal.sign_in(by)
        page = portal.html(at, by)
        steps = re.search(r'name="steps" value="(\d+)"', page)
        assert steps is not None, "the application can be decided"
        portal.answer(by, at, page, {"steps": steps[1], "text": "In order.", **form})


def _elsewhere(look: Callable[[], T]) -> T:
    """In a thread of its own: where a browser runs, this one has its event loop, which Django's database refuses."""

    def alone() -> T:
        try:
            return look()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as another:
        return another.submit(alone).result()


def _visited(store: Path, firm: str) -> dict[str, str]:
    """A visit to the filer's first site: its plan, and what was measured under it."""
    plan, entry = _elsewhere(lambda: planned(open_store(str(store)), f"{firm}-A"))
    return {
        "inspection-plan": f"inspections/plans/{plan}/", "inspection-labels": f"inspections/plans/{plan}/labels/",
        "inspection-telephone": f"inspections/plans/{plan}/telephone/",
        "inspection-plan-new": f"inspections/{firm}-A/plan/", "inspection-visit": f"inspections/visits/{entry}/",
        "firm-inspection-plan": f"firm/{firm}/inspections/plans/{plan}/",
        "firm-inspection-visit": f"firm/{firm}/inspections/{entry}/",
    }  # fmt: skip


def _scenario(store: Path, portal: Portal) -> str:
    """The briefing of a scenario that somebody has filed, once the pages have read of it."""
    name = _elsewhere(lambda: scenario_of(open_store(str(store))))
    at, until = f"strategy/scenarios/{name}/briefing/", time.monotonic() + 40
    while portal.client(ANALYST).get(f"/en/{at}").status_code == 404:
        assert time.monotonic() < until, "the scenario is read"
        time.sleep(0.2)
    return at


def _frozen(portal: Portal, period: str) -> str:
    """The edition of a month that the analyst freezes."""
    at = "/en/year/"
    page = portal.html(at, ANALYST)
    portal.answer(ANALYST, at, page, {"period": period, "reason": ""})
    return f"editions/{period}/"


def _run_announced(portal: Portal, firm: str, *, year: str) -> None:
    """Quota set aside for a run of the filer's firm: listed beside the quotas of the year."""
    run = {"run": "R-2025-31", "kind": "separation", "ore_type": "", "year": year, "reo_kg": "1200"}
    portal.send(FILER, f"{firm}/licences/?view=quota", {"act": "announce", **run})


def _law_proposed(portal: Portal) -> str:
    """A pack with a notice of the day, which waits for another officer."""
    content = zip_of(with_notice(date(2025, 8, 5)))
    answer = portal.send(
        REGISTRAR,
        "/en/law/packs/",
        {"act": "propose", "reason": "Announcement No. 99 of 2026"},
        {"file": ("cn.zip", content)},
    )
    return answer.url.path.removeprefix("/en/")


def _request_to_be_erased(portal: Portal) -> None:
    """Somebody of the filer's firm asks to be erased; an official finds it in the list."""
    at = "/en/self/erasure/"
    page = portal.html(at, ADMIN)
    portal.answer(ADMIN, at, page, {"do": "ask", "ground": "not-needed", "said": "I have left the firm."})


def _second_factor(portal: Portal) -> None:
    """Gives GUARDED codes, and brings somebody up to the question for one."""
    at = "/en/account/2fa/totp/activate/"
    # Each visit makes another secret: what is sent belongs to the page as it was read.
    page = portal.html(at, GUARDED)
    secret = re.search(r">([A-Z2-7]{32})<", page)
    assert secret is not None, "the secret can be typed in"
    code = format_hotp_value(hotp_value(secret[1], int(time.time()) // 30))
    portal.answer(GUARDED, at, page, {"code": code})
    portal.sign_in(HALFWAY)
