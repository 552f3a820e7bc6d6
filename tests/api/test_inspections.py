"""Measurements, hand-overs and results by program: rows or files, who may, and what each reads of them."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from tests.api.conftest import Office, Program
from tests.api.test_official import inspector

from lodeline.journal.verify import verify_receipt

pytestmark = pytest.mark.medium

ITEM = {
    "uid": "u-1", "lot": "ORE", "product": "concentrate", "declared_kg": "12", "bag_authority": "B-1",
    "bag_firm": "B-2", "note": "seen",
}  # fmt: skip
MEASURED = {"site": "mine", "on": "2025-04-10", "rows": [ITEM]}
LIST = b"bag,method,analysed_on,Nd_pct,note\nB-2,ICP,2025-04-12,20,no register of methods\n"


def test_a_measurement_is_entered_once_and_read_by_the_firm_alone(counter: Office) -> None:
    official = Program(token=inspector())
    made = official.post("/inspections/measurements", MEASURED)
    assert made.status_code == 201, made.content
    (paper,) = made.json()["entries"]
    assert verify_receipt(paper["receipt"]) == []
    again = official.post("/inspections/measurements", MEASURED)
    assert (again.status_code, again.json()["repeated"]) == (200, {"u-1": paper["entry"]})
    mine, other = counter.program("MINE", "balances:read"), counter.program("MAG", "balances:read")
    assert mine.get(f"/inspections/{paper['entry']}").json()["rows"][0]["label"] == "ORE"
    visit = mine.get(f"/inspections/{paper['entry']}/visit").json()
    assert [(one["bag"], one["holder"]) for one in visit["bags"]] == [("B-1", "authority"), ("B-2", "MINE")]
    assert other.get(f"/inspections/{paper['entry']}/visit").status_code == 404
    assert other.get("/inspections/0/visit").status_code == 404


def test_bad_rows_come_back_with_their_places_and_nothing_enters(counter: Office) -> None:
    official, size = Program(token=inspector()), counter.entries
    row = {**ITEM, "mass_kg": "much", "bag_firm": "B-1"}
    refused = official.post("/inspections/measurements", {**MEASURED, "rows": [row]})
    assert refused.status_code == 422
    assert {(one["code"], one["where"]["column"]) for one in refused.json()["errors"]} >= {
        ("number.invalid", "mass_kg"), ("inspection.bag-twice", "bag_firm"),
    }  # fmt: skip
    for body in (
        {**MEASURED, "on": "2030-01-01"}, {**MEASURED, "plan": 0}, {**MEASURED, "rows": []}, {"site": "mine"},
        {**MEASURED, "rows": [[]]}, {**MEASURED, "colour": "red"},
    ):  # fmt: skip
        assert official.post("/inspections/measurements", body).status_code in (400, 422), body
    assert official.post("/inspections/measurements", {**MEASURED, "site": "nowhere"}).status_code == 404
    assert counter.entries == size


def test_a_firm_hands_in_its_own_half_as_a_file(counter: Office) -> None:
    Program(token=inspector()).post("/inspections/measurements", MEASURED)
    firm, other = counter.program("MINE", "filings:write"), counter.program("MAG", "filings:write")
    for program, status in ((other, 422), (firm, 201)):
        file = SimpleUploadedFile("list.csv", LIST)
        made = program.send("/inspections/results", {"laboratory": "Own", "side": "firm", "file": file})
        assert made.status_code == status, made.content
    handed = {"rows": [{"bag": "B-2", "from": "MINE", "to": "Own", "at": "2025-04-11", "seal_intact": "yes"}]}
    assert firm.post("/inspections/custody", handed).status_code == 201
    foreign = {"rows": [{**handed["rows"][0], "bag": "B-1", "from": "authority"}]}
    assert firm.post("/inspections/custody", foreign).status_code == 422
    assert firm.post("/inspections/results", {"laboratory": "Own", "side": "authority", "rows": []}).status_code == 400
    assert firm.post("/inspections/measurements", MEASURED).status_code == 403
    reader = counter.program("MINE", "balances:read")
    assert reader.post("/inspections/results", {"laboratory": "L", "side": "firm", "rows": []}).status_code == 403
