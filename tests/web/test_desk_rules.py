"""What no text tells, on the page of the desk: what waits, an answer of two officers, and what it settles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, override_settings
from tests import worlds
from tests.web.as_official import furnish
from tests.web.conftest import Browser, Page

from lodeline.office.access.actor import Actor, RoleGrant
from lodeline.store.opening import open_store

pytestmark = pytest.mark.medium

PAGE = "/en/desk/rules/"
#: A firm that has never exported: nothing else is asked about its goods.
FIRM = "SEP-0001"
LIST = "announcement-57-2025/control-list"
HOLMIUM = {
    "on": "2026-11-20", "exporter": FIRM, "product_name": "NdFeB magnets N45", "hs_code": "8505111000",
    "controlled_declared": "no", "destination": "DE", "composition": "Nd=30;Ho=1;Dy=0", "mass_kg": "100",
    "end_user_name": "Example Motors GmbH", "value": "4500", "currency": "USD",
}  # fmt: skip
ANSWER = {
    "act": "propose", "rules": LIST, "exporter": "", "verdict": "release", "document": "", "first": "2026-11-11",
    "last": "2027-01-31", "citation": "Letter 7 of the ministry", "grounds": "Suspended lists are not applied.",
}  # fmt: skip


@pytest.fixture
def room(pages: None, run_room: Path, tmp_path: Path) -> Iterator[str]:
    """The small world on 24 November 2026: the suspension of No. 57 has ended, and no text tells what follows."""
    url = worlds.small(run_room).copied_to(tmp_path / "store.sqlite3")
    furnish(str(url))
    open_store(str(url)).database.close()
    with override_settings(LODELINE_DATABASE=str(url), LODELINE_DEMO_CLOCK="2026-11-24T10:00:00+08:00"):
        yield str(url)


def officer(name: str, role: str = "customs-officer") -> Browser:
    environ: Any = {
        "lodeline.actor": Actor(user=1, name=name, pseudonym=name, standings=(RoleGrant(organisation="", role=role),))
    }
    return Browser(client=Client(HTTP_HOST="127.0.0.1", **environ))


def asked(browser: Browser, **changes: str) -> tuple[Page, str]:
    """The answer, and the address of the question as the log keeps it."""
    answer = browser.page(browser.post("/en/desk/", HOLMIUM | changes)["Location"])
    (kept,) = set(re.findall(r'"(/en/desk/asked/[0-9]+/)"', answer.html))
    return answer, kept


def test_one_query_one_answer_of_two_officers_and_every_line_of_the_exporter_goes(room: str) -> None:
    first, second, inspector = officer("first"), officer("second"), officer("looks", "inspector")
    assert first.page(PAGE).headings[0] == "No line waits for a rule that no text tells"
    answer, kept = asked(first)
    assert answer.headings[0] == "This line needs an answer before it leaves"
    _, later = asked(first, mass_kg="200", declaration="D-2")
    assert "One question waits for a rule that no text tells" in first.page("/en/desk/").text
    page = first.page(PAGE)
    assert page.headings[0] == "One question waits for a rule that no text tells"
    assert "Items controlled for export" in page.text and "2" in page.text
    assert "有1项问题因规定状态不明待决" in first.page(PAGE.replace("/en/", "/zh/")).text

    (verdict,) = set(re.findall(r'<option value="([0-9a-f]{64})"', first.page(kept).html))
    case = first.post(kept, {"act": "query", "line": verdict, "text": "Under which text?"})["Location"]
    pointing = first.page(later)
    assert "Asked already about the rule" in pointing.text and case in pointing.html
    assert "Give notice to the shipper" not in pointing.text
    assert case in first.page(PAGE).html
    about = first.page(case)
    assert "Send to a laboratory" not in about.text and PAGE in about.html

    done = first.post(PAGE, ANSWER)
    assert done.status_code == 303 and "another officer confirms it" in first.page(done["Location"]).text
    (entry,) = set(re.findall(r'name="entry" value="([0-9]+)"', second.page(PAGE).html))
    assert 'value="confirm"' in second.page(PAGE).html
    for one in (first, inspector):
        assert 'value="confirm"' not in one.page(PAGE).html
    assert "Propose an answer" not in inspector.page(PAGE).text
    refused = Page(first.post(PAGE, {"act": "confirm", "entry": entry}))
    assert refused.status == 400 and "another officer confirms it" in refused.text
    done = second.post(PAGE, {"act": "confirm", "entry": entry})
    assert done.status_code == 303 and "It stands" in second.page(done["Location"]).text

    page = first.page(PAGE)
    assert page.headings[0] == "No line waits for a rule that no text tells" and "Letter 7 of the ministry" in page.text
    assert "Settled by a standing answer" in first.page(case).text
    answer, _ = asked(second, declaration="D-3")
    assert answer.headings[0] == "This line may leave"
    said = "Two officers have answered for the time until 31 January 2027"
    assert said in answer.text and "Letter 7 of the ministry" in answer.text and LIST not in answer.text
    # What was asked before keeps its answer, and is released without being asked again.
    assert first.page(later).headings[0] == "This line needs an answer before it leaves"
    assert first.post(later, {"act": "release", "line": "all"}).status_code == 303
    assert "1 released" in first.page(later).text
    ended = second.post(PAGE, {"act": "end", "entry": entry, "reason": "a text was found"})
    assert ended.status_code == 303
    assert asked(second, declaration="D-4")[0].headings[0] == "This line needs an answer before it leaves"


@pytest.mark.parametrize(
    "changes",
    [
        {"act": "love"}, {"rules": ""}, {"rules": "announcement-18-2025/control-list"}, {"verdict": "never"},
        {"first": "soon"}, {"last": "2026-11-01"}, {"last": "2029-11-01"}, {"document": "contract"},
        {"exporter": "NOBODY"}, {"citation": ""}, {"act": "confirm", "entry": "9" * 30}, {"act": "end", "entry": "0"},
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused_in_words_and_keeps_what_was_typed(room: str, changes: dict[str, str]) -> None:
    browser = officer("first")
    for language in ("en", "zh"):
        page = Page(browser.post(PAGE.replace("en", language), ANSWER | changes))
        assert page.status == 400
        assert ANSWER["grounds"] in page.html
    assert "Nothing was answered yet." in browser.page(PAGE).text
