"""The tables of what is filed are read without scrolling sideways: receipts of every stage, drafts, corrections.

On a desk's screen a table fits its page; on a telephone's at least the page does, and a grid of fields scrolls in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from django.db import connections
from django.test import override_settings
from playwright.sync_api import Browser, Page

from lodeline.language import LANGUAGES, Language
from lodeline.office.access import clock
from lodeline.office.accounts.demonstration import PASSWORD
from lodeline.office.models import Membership, User
from lodeline.store.opening import open_store
from tests.browser.conftest import Workshop, context_of
from tests.browser.examples import DUE, rows_with_problems, written
from tests.browser.looking import scrolls_sideways
from tests.browser.portal import Portal

pytestmark = pytest.mark.ci

READER = "reader.of.tables@demo.example"
#: A firm of each stage, as the ids of the synthetic world begin: mine, separation, metal and alloy, magnets, trade.
STAGES = ("MIN", "SEP", "SML", "ALY", "MAG", "TRD", "EXP", "IMP", "REC")
DESK, TELEPHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
#: The tables that are wider than their box: what they are called, and by how many pixels.
_WIDER = """[...document.querySelectorAll('.tw')].filter((one) => one.scrollWidth > one.clientWidth)
    .map((one) => `${one.getAttribute('aria-label')}: ${one.scrollWidth - one.clientWidth}`)"""


def employ(workshop: Workshop) -> dict[str, str]:
    """Lets somebody read the books of a firm of each stage; gives the address of the longest filing of each."""
    with override_settings(LODELINE_DATABASE=str(workshop.store)):
        found = open_store(str(workshop.store)).database.rows(
            'SELECT organisation, "index" FROM entry WHERE kind = \'filing\' ORDER BY row_count DESC, "index"'
        )
        longest: dict[str, tuple[str, int]] = {}
        for organisation, entry in found:
            longest.setdefault(str(organisation)[:3], (str(organisation), int(str(entry))))
        user = User.objects.create_user(READER, PASSWORD, name="Tian Yu", joined_at=clock.now())
        for stage in STAGES:
            Membership.objects.create(
                user=user, organisation=longest[stage][0], role="filer", valid_from=date(2025, 1, 1),
                granted_at=clock.now(),
            )  # fmt: skip
        connections.close_all()
    return {stage: f"firm/{longest[stage][0]}/filings/{longest[stage][1]}/" for stage in STAGES}


def rows_of_strangers() -> bytes:
    """Names as another system writes them, long and without a blank; and everything that an assay can say."""
    assay = "La=24.1;Ce=30.02;Pr=5.123;Nd=16.4;Sm=2.3;Eu=0.44;Gd=1.9;Tb=0.3;Dy=1.5;Ho=0.27;Er=0.7;Tm=0.1;Yb=0.5;Y=8.8"
    lot = "WERK7_CHARGE/2025/07/MISCHOXID.UNKALZINIERT_0000000000000000004711"
    return written(
        ("event", "kind", "on", "site", "role", "lot", "product", "mass_kg", "composition", "counterparty_name",
         "document"),
        ("GOODSRECEIPT202507000000000000001", "receipt", "2025-07-02", "MAG-0003-A", "", lot, "mixed-compound",
         "1234567.891234", assay, "Internationale Handelsgesellschaft für Seltenerdverbindungen mbH & Co. KG",
         "25990000000000000001832"),
        ("GOODSRECEIPT202507000000000000002", "receipt", "2025-06-29", "NO-SUCH-SITE", "", lot, "no-such-product",
         "1,234", assay, "", "x" * 60),
    )  # fmt: skip


def drafted(portal: Portal, firm: str, content: bytes) -> str:
    """The address below the language of a new draft of a firm."""
    at = portal.send(READER, f"/en/firm/{firm}/file/", {"act": "start", "period": DUE}).url.path
    page = portal.html(at, READER)
    revision = page.partition('name="revision" value="')[2].partition('"')[0]
    portal.answer(READER, at, page, {"act": "upload", "revision": revision}, {"files": ("july.csv", content)})
    return at.removeprefix("/en/")


@pytest.fixture(scope="module")
def addresses(workshop: Workshop) -> dict[str, str]:
    """What is looked at, by what it is called."""
    # In a thread of its own: this one has the browser's event loop, which Django's database refuses.
    with ThreadPoolExecutor(1) as another:
        receipts = another.submit(employ, workshop).result()
    portal = workshop.portal
    portal.sign_in(READER)
    firm = receipts["MAG"].split("/")[1]
    wrong, strange = (drafted(portal, firm, rows) for rows in (rows_with_problems(), rows_of_strangers()))
    return {
        **receipts,
        "draft": wrong,
        "draft, strange": strange,
        "draft, fields": f"{wrong}?edit=cells",
    }


@pytest.fixture(scope="module")
def reader(browser: Browser, workshop: Workshop, addresses: dict[str, str]) -> Iterator[Page]:
    context = context_of(browser)
    context.add_cookies(workshop.portal.cookies(READER))
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", [*STAGES, "draft", "draft, strange", "draft, fields"])
def test_tables_of_what_is_filed_fit_a_desk(
    workshop: Workshop, reader: Page, addresses: dict[str, str], name: str, language: Language
) -> None:
    reader.set_viewport_size(DESK)  # type: ignore[arg-type]
    answer = reader.goto(f"{workshop.portal.origin}/{language}/{addresses[name]}")
    assert answer is not None and answer.status == 200
    assert reader.locator("table.grid tbody tr").count() > 0
    assert reader.evaluate(_WIDER) == []
    # No head breaks inside a word, which Chinese would do after each letter: it has three lines at most.
    heights = reader.locator("table.grid thead th").evaluate_all("(all) => all.map((one) => one.offsetHeight)")
    assert max(heights) <= 64
    # A day stands in one line, however little room there is.
    days = reader.locator("table.grid :is(span.nw, td.nw > span)")
    lines = days.evaluate_all("(all) => all.map((one) => one.getClientRects().length)")
    assert set(lines) == ({1} if name != "draft, fields" else set())
    reader.set_viewport_size(TELEPHONE)  # type: ignore[arg-type]
    assert scrolls_sideways(reader) == 0


def test_a_table_that_is_too_wide_is_seen(reader: Page) -> None:
    reader.goto("about:blank")
    reader.set_content("<div class=tw aria-label=Wide style='overflow-x: auto; width: 90px'><p style='width: 99px'>.")
    assert reader.evaluate(_WIDER) == ["Wide: 9"]
