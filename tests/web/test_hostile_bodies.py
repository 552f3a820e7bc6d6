"""Bodies that nobody sends by mistake: none of them is a mistake of ours, and each is answered with what to do."""

from __future__ import annotations

import json

import pytest
from tests.hostile import BODIES, DEEP
from tests.web.conftest import Browser, Page

MONTHS = ("2024-12", "2025-01", "2025-02", "2025-03", "2025-04", "0001-01", "9999-12")

RECEIPTS: dict[str, str] = {
    "deep arrays": DEEP,
    "deep objects": '{"receipt":' * 100_000,
    "deep and closed": DEEP + "]" * 100_000,
    "deep in a receipt": json.dumps({"envelope": DEEP, "entry": 0}),
    "a number of many digits": "9" * 10_000,
    "half a character": '{"envelope": "\\ud800"}',
    "zero bytes": "\0" * 1000,
    "no object": "[1, 2]",
    "wrong kinds": json.dumps({"envelope": 1, "entry": [], "checkpoint": {}, "proof": "x", "leaf_hash": None}),
    "numbers that are none": '{"entry": NaN, "checkpoint": Infinity, "size": -Infinity}',
    "a line break in a checkpoint": json.dumps({"checkpoint": "\n" * 1000, "envelope": "{}"}),
}


@pytest.mark.medium
@pytest.mark.parametrize("name", RECEIPTS)
def test_what_is_no_receipt_never_holds(browser: Browser, name: str) -> None:
    response = browser.post("/en/verify/", {"receipt": RECEIPTS[name]})
    assert response.status_code == 200
    assert {"This receipt does not hold", "This is not a receipt"} & {*Page(response).headings}


@pytest.mark.medium
@pytest.mark.parametrize("month", MONTHS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_month_without_counts_is_no_mistake_of_ours(browser: Browser, month: str, language: str) -> None:
    response = browser.get(f"/{language}/year/?period={month}")
    assert response.status_code == (200 if month in ("2025-01", "2025-02", "2025-03") else 404)


@pytest.mark.medium
@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("path", ["/en/verify/", "/en/account/login/", "/en/desk/", "/zh/parties/"])
def test_a_page_answers_any_body(browser: Browser, path: str, name: str) -> None:
    content, kind = BODIES[name]
    response = browser.client.post(path, data=content, content_type=kind)
    assert response.status_code < 500
    assert "<h1" in response.content.decode()


@pytest.mark.medium
@pytest.mark.parametrize("name", [name for name, (_, kind) in BODIES.items() if "multipart" in kind])
def test_a_form_that_cannot_be_read_is_told_so(browser: Browser, name: str) -> None:
    content, kind = BODIES[name]
    response = browser.client.post("/en/verify/", data=content, content_type=kind)
    assert "LODELINE_HOSTS" not in response.content.decode()
