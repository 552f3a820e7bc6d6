"""Records of other authorities by program: whose token may hand in what, once, and who reads where they disagree."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from tests.api.conftest import Office
from tests.workbooks import workbook

pytestmark = pytest.mark.medium

INVOICE = {
    "number": "25990000000000099999", "kind": "special", "on": "2025-03-04", "seller": "SEP-0001",
    "buyer_name": "Somebody Ltd", "product_name": "oxide", "mass_kg": "4000", "value": "1600000",
}  # fmt: skip
LINE = {
    "declaration": "220120250000099999", "line": "1", "on": "2025-02-04", "direction": "export", "status": "exited",
    "exporter": "MAG-0001", "consignee_name": "Abroad GmbH", "product_name": "magnets", "hs_code": "8505111000",
    "mass_kg": "400",
}  # fmt: skip


def test_feed_is_handed_in_once_by_the_authority_concerned(office: Office) -> None:
    tax = office.program("", "feeds:invoices")
    first = tax.post("/feeds/invoices", {"rows": [INVOICE]})
    assert (first.status_code, first.json()["accepted"], first.json()["rows"]) == (201, True, 1)
    again = tax.post("/feeds/invoices", {"rows": [INVOICE]})
    assert (again.status_code, again.json()["repeated"]) == (200, True)
    assert again.json()["receipt"]["entry"] == first.json()["receipt"]["entry"]
    assert tax.post("/feeds/customs", {"rows": [LINE]}).status_code == 403
    assert tax.post("/feeds/gossip", {"rows": [LINE]}).status_code == 404


def test_every_problem_of_a_feed_comes_at_once_and_nothing_is_taken_in(office: Office) -> None:
    tax = office.program("", "feeds:invoices")
    bad: list[dict[str, Any]] = [INVOICE | {"mass_kg": "0"}, INVOICE | {"number": "2", "on": "2025-13-01"}]
    answer = tax.post("/feeds/invoices", {"rows": bad})
    assert (answer.status_code, answer.json()["accepted"], answer.json()["receipt"]) == (422, False, None)
    assert {one["code"] for one in answer.json()["problems"]} >= {"feed.mass-zero", "date.invalid"}


def test_a_feed_of_two_far_cells_is_refused(office: Office) -> None:
    tax = office.program("", "feeds:invoices")
    answer = tax.send("/feeds/invoices", {"files": SimpleUploadedFile("feed.xlsx", workbook())})
    assert answer.status_code == 422
    assert "sheet.scattered" in {one["code"] for one in answer.json()["problems"]}


def test_nobody_else_hands_in_and_a_firm_reads_its_own_alone(office: Office) -> None:
    office.program("", "feeds:customs").post("/feeds/customs", {"rows": [LINE]})
    firm = office.program("MAG-0001", "findings:read")
    assert firm.post("/feeds/customs", {"rows": [LINE]}).status_code == 403
    rows = firm.get("/exceptions?cause=export-not-filed").json()["rows"]
    assert [one["declaration"] for one in rows] == [LINE["declaration"]]
    one = firm.get(f"/exceptions/{rows[0]['id']}").json()
    assert one["filed"] == [] and one["border"][0]["mass_kg"] == "400"
    other = office.program("MAG-0002", "findings:read")
    assert other.get("/exceptions?cause=export-not-filed").json()["rows"] == []
    assert other.get(f"/exceptions/{rows[0]['id']}").status_code == 404
