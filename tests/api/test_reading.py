"""What programs read: every address answers, in its published shape, whoever may ask, and nobody else."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.api.conftest import Office, Program

pytestmark = pytest.mark.medium

FIRM = "MAG-0003"


@pytest.fixture(scope="module")
def firm(looked_at: Office) -> Program:
    return looked_at.program(FIRM)


@pytest.fixture(scope="module")
def nation(looked_at: Office) -> Program:
    return looked_at.program("", "nation:read")


def test_whoever_asks_is_told_who_they_are(firm: Program) -> None:
    found = firm.get("/self")
    assert found.status_code == 200
    assert found.json()["organisation"] == FIRM
    assert "filings:write" in found.json()["scopes"]
    assert found["RateLimit-Limit"] == "600"


READS = [
    "/filings", "/transfers", "/transfers/waiting", "/disputes", "/lots", "/balances", "/quotas", "/licences",
    "/findings", "/organisations/self", "/changes", "/law", "/law/diff?from=2025-01-01&to=2025-05-01",
    "/log/checkpoint", "/log/entries/0", "/log/consistency?from=1",
]  # fmt: skip


@pytest.mark.parametrize("path", READS)
def test_a_firm_reads_its_own(firm: Program, path: str) -> None:
    found = firm.get(path)
    assert found.status_code == 200, found.content
    again = firm.get(path, If_None_Match=found["ETag"]) if "ETag" in found else None
    assert again is None or again.status_code == 304


@pytest.mark.parametrize(
    "path",
    [
        "/filings",
        "/transfers",
        "/lots",
        "/quotas",
        "/organisations",
        "/flows",
        "/where",
        "/traders",
        "/balances?element=Dy",
    ],
)
def test_the_authority_reads_everything(nation: Program, path: str) -> None:
    found = nation.get(path)
    assert found.status_code == 200, found.content
    assert found.json()["rows"]


def test_where_an_element_went_is_what_flows_abroad(nation: Program) -> None:
    told: dict[str, Decimal] = {}
    for row in nation.get("/flows?element=Nd&by=country&limit=1000").json()["rows"]:
        if row["from"] == "CN" and row["to"] not in ("CN", "?", "loss"):
            told[row["to"]] = told.get(row["to"], Decimal()) + Decimal(row["mass_kg"])
    found = nation.get("/where?element=Nd").json()
    assert {row["country"]: Decimal(row["mass_kg"]) for row in found["rows"] if row["mass_kg"] != "0"} == told != {}
    assert Decimal(found["total"]["mass_kg"]) == sum(told.values())
    country = found["rows"][0]["country"]
    own = nation.get(f"/where?element=Nd&country={country}&by=licence").json()
    assert sum(Decimal(row["mass_kg"]) for row in own["rows"]) == told[country]
    assert nation.get("/where?period=June").status_code == 400
    assert nation.get("/where?element=Xx").status_code == 404


def test_cells_of_a_row_are_as_filed(firm: Program) -> None:
    newest = firm.get("/filings?limit=1").json()
    entry = newest["rows"][0]["entry"]
    assert newest["rows"][0]["organisation"] == FIRM
    assert newest["next"] is not None
    rows = firm.get(f"/filings/{entry}/rows?limit=1000").json()["rows"]
    assert len(rows) == newest["rows"][0]["rows"]
    upload = firm.get(f"/filings/{entry}/uploads/1")
    first = dict(zip(*(line.split(",") for line in upload.content.decode("utf-8-sig").splitlines()[:2]), strict=False))
    assert rows[0]["event"] == first["event"]
    assert float(rows[0]["mass_kg"]) == float(first["mass_kg"])
    receipt = firm.get(f"/filings/{entry}/receipt").json()
    assert Program().post("/verify", receipt).json() == {"ok": True, "key_given": False, "faults": []}
    assert not Program().post("/verify", {**receipt, "filed_at": "2020-01-01T00:00:00Z"}).json()["ok"]


def test_the_filings_of_others_are_not_there(firm: Program, nation: Program) -> None:
    others = [one["entry"] for one in nation.get("/filings?limit=1000").json()["rows"] if one["organisation"] != FIRM]
    for path in ("", "/rows", "/problems", "/receipt", "/uploads", "/uploads/1"):
        assert firm.get(f"/filings/{others[0]}{path}").status_code == 404
    assert firm.get(f"/log/entries/{others[0]}").json()["envelope"] is None
    assert nation.get(f"/log/entries/{others[0]}").json()["envelope"] is not None
    assert firm.get("/filings?organisation=MAG-0001").status_code == 403


def test_a_lot_is_followed_to_its_origins(firm: Program, nation: Program) -> None:
    made = [
        one for one in firm.get("/lots?limit=1000").json()["rows"] if one["made_here"] and "magnet" in one["product"]
    ]
    lot = made[-1]["lot"]
    found = firm.get(f"/lots/{lot}").json()
    assert found["history"][0]["kind"] == "transformation"
    assert found["composition_pct"]["Nd"] > 10
    origins = firm.get(f"/lots/{lot}/origins").json()["rows"]
    assert sum(row["shares"]["Nd"] for row in origins) == pytest.approx(1)
    assert {row["organisation"] for row in origins} == {None}
    own = firm.get(f"/lots/{lot}/trace").json()
    whole = nation.get(f"/lots/{lot}/trace").json()
    assert 1 < len(own["nodes"]) < len(whole["nodes"])
    assert {node["organisation"] for node in own["nodes"]} == {FIRM, None}
    assert nation.get(f"/lots/{lot}/origins").json()["rows"][0]["organisation"] is not None


def pages(program: Program, path: str, key: str) -> list[dict[str, Any]]:
    """All pages of an answer, in small ones."""
    found, cursor = [], ""
    while True:
        page = program.get(f"{path}?limit=3{cursor}").json()
        found.append(page)
        assert len(page[key]) <= 3
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


def test_histories_and_origins_come_in_pages_that_are_the_whole(firm: Program, nation: Program) -> None:
    lot = next(
        one["lot"] for one in firm.get("/lots?limit=1000").json()["rows"] if "magnet" in (one["product"] or "")
    )  # fmt: skip
    for program in (nation, firm):
        whole = program.get(f"/lots/{lot}/trace").json()
        cut = pages(program, f"/lots/{lot}/trace", "nodes")
        assert [node for page in cut for node in page["nodes"]] == whole["nodes"]
        assert sorted(map(repr, (link for page in cut for link in page["links"]))) == sorted(map(repr, whole["links"]))
        assert {page["count"] for page in cut} == {whole["count"]} == {len(whole["nodes"])}
    whole = nation.get(f"/lots/{lot}/origins").json()
    cut = pages(nation, f"/lots/{lot}/origins", "rows")
    assert [row["lot"] for page in cut for row in page["rows"]] == [row["lot"] for row in whole["rows"]]
    assert whole["count"] == len(whole["rows"]) and whole["exact"] in (True, False)
    assert nation.get(f"/lots/{lot}/trace?cursor=999999999").json()["type"].endswith("cursor-unknown")
    assert nation.get(f"/lots/{lot}/origins?cursor=x").status_code == 400


def test_the_authority_alone_reads_routes(firm: Program, nation: Program) -> None:
    lot = next(
        one["lot"] for one in firm.get("/lots?limit=1000").json()["rows"] if "magnet" in (one["product"] or "")
    )  # fmt: skip
    found = nation.get(f"/lots/{lot}/routes?count=3&element=Nd").json()
    assert 1 <= len(found["routes"]) <= 3 and {route["lots"][-1] for route in found["routes"]} == {lot}
    assert firm.get(f"/lots/{lot}/routes").status_code == 403
    assert nation.get(f"/lots/{lot}/routes?element=Zz").status_code == 404
    assert nation.get(f"/lots/{lot}/routes?count=21").status_code == 400


def test_a_lot_of_others_is_unknown(firm: Program, nation: Program) -> None:
    lots = nation.get("/lots?limit=1000").json()["rows"]
    foreign = next(one["lot"] for one in lots if one["lot"].startswith("MIN-"))
    for path in ("", "/trace", "/origins"):
        refused = firm.get(f"/lots/{foreign}{path}")
        assert refused.status_code == 404
        assert nation.get(f"/lots/{foreign}{path}").status_code == 200


def test_a_desk_answers_for_ones_own_goods_alone(firm: Program) -> None:
    line = {"line": "1", "product_name": "NdFeB magnets", "hs_code": "8505111000", "mass_kg": "120"}
    found = firm.post("/declarations", {"rows": [{**line, "exporter": FIRM}]})
    assert found.status_code == 200, found.content
    assert found.json()["lines"][0]["verdict"] in ("query", "hold")
    assert firm.post("/declarations", {"rows": [{**line, "exporter": "MAG-0001"}]}).status_code == 403


def test_an_address_that_is_none_is_a_problem_too() -> None:
    assert Program().get("/lots/%0A/trace")["Content-Type"] == "application/problem+json"
    found = Program().get("/nothing/of/the/kind", Accept_Language="zh")
    assert found.status_code == 404
    assert found["Content-Type"] == "application/problem+json"
    assert found["Content-Language"] == "zh-Hans"
    assert found.json()["title"] == found.json()["texts"]["zh"]["title"]
