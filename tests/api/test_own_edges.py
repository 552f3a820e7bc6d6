"""No answer tells a firm of anybody beyond its own edge: every address that reads, for every firm of a small world."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import polars as pl
import pytest
from tests.api.conftest import Office, Program
from tests.desk import LAW
from tests.findings import finding_in, findings_in

from lodeline.detection.detectors import round_trip
from lodeline.ledger.register import TABLES, Register
from lodeline.message import ARROW, NOTHING, Fact, Key, Lot, Mass, Name, Party, Series, Site, as_json, localized
from lodeline.office.findings.firm_view import own_findings
from lodeline.service.firm.organisation_view import OrganisationView
from lodeline.store.snapshot import Snapshot
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.web.api import api

pytestmark = pytest.mark.medium

#: What stands for a part of an address, as the firm itself finds it in its lists.
PARTS = {
    "entry", "number", "draft", "lot", "finding", "organisation", "job", "dispute", "licence", "exception", "case",
    "batch", "application", "document",
}  # fmt: skip
#: Answers that are about no firm, or about those that the test gives to be judged.
OPEN = {"/api/v1/law", "/api/v1/law/diff", "/api/v1/log/checkpoint", "/api/v1/log/consistency"}
NATION = {
    "/api/v1/flows", "/api/v1/where", "/api/v1/traders", "/api/v1/law/replay", "/api/v1/organisations",
    "/api/v1/parties/match", "/api/v1/parties/{party}", "/api/v1/licences/{licence}/proposals",
    "/api/v1/lots/{lot}/routes", "/api/v1/strategy/graph", "/api/v1/strategy/scenarios", "/api/v1/strategy/compare",
    "/api/v1/strategy/dependence", "/api/v1/strategy/runs", "/api/v1/strategy/runs/{run}", "/api/v1/strategy/releases",
    "/api/v1/strategy/aggregate",
}  # fmt: skip


def reads() -> list[str]:
    paths = api.get_openapi_schema(path_prefix="api/v1/")["paths"]
    return [path for path, operations in paths.items() if "get" in operations and path not in OPEN | NATION]


def addresses(program: Program, lots: list[str], filings: list[int], findings: list[str]) -> Iterator[str]:
    """Every address that reads, with parts that are the firm's own."""
    licences = [row["licence"] for row in program.get("/licences?limit=1000").json()["rows"]]
    licence = quote(licences[0], safe="") if licences else "none"
    exceptions = [row["id"] for row in program.get("/exceptions?limit=1000").json()["rows"]]
    exception = exceptions[0] if exceptions else "none"
    for path in reads():
        parts = set(re.findall(r"{(\w+)}", path))
        assert parts <= PARTS, f"{path}: say here what its parts are"
        for lot in lots if "lot" in parts else [""]:
            for entry in filings if "entry" in parts else [0]:
                for finding in findings if "finding" in parts else [""]:
                    filled = path.removeprefix("/api/v1").format(
                        lot=quote(lot, safe=""), entry=entry, finding=finding, organisation="self", number=1, draft=1,
                        job=1, dispute=1, licence=licence, exception=exception, case="no-such-case",
                        batch="no-such-batch", application="no-such-application", document=1,
                    )  # fmt: skip
                    yield filled
                    if "/trace" in filled:
                        yield filled + "?direction=forward"


@pytest.fixture(scope="module")
def names(looked_at: Office) -> dict[str, set[str]]:
    """Organisation → its id and every name that it has in the register."""
    table = looked_at.store.register(looked_at.store.head()).tables["organisations"]
    return {
        row["id"]: {one for one in (row["id"], row["name_zh"], row["name_en"], *(row["aliases"] or ())) if one}
        for row in table.iter_rows(named=True)
    }


def firms() -> list[str]:
    return [
        f"{kind}-{number:04d}" for kind in ("MIN", "SEP", "SML", "ALY", "MAG", "TRD", "REC") for number in (1, 2, 3)
    ]


def test_a_firm_is_told_of_no_one_beyond_its_edge(looked_at: Office, names: dict[str, set[str]]) -> None:
    asked = 0
    for firm in sorted(set(firms()) & names.keys()):
        own = OrganisationView(looked_at.store, LAW, firm)
        # Whoever has ever named the firm has told it so, even if it took that back.
        told_it = {
            str(one)
            for (one,) in looked_at.store.database.rows(
                "SELECT DISTINCT organisation FROM line WHERE party = %s", (firm,)
            )
        }
        # An invoice of its own names who is at its other end, whether either has filed the goods or not.
        invoiced = looked_at.store.database.rows("SELECT seller, seller_name, buyer, buyer_name FROM invoice_line")
        whose = {name: other for other, told in names.items() for name in told}
        papers = [{whose[name] for name in paper if name in whose} for paper in invoiced]
        told_it |= {one for paper in papers if firm in paper for one in paper}
        edge = {firm, *own.next_to, *told_it}
        strangers = {name for other, told in names.items() if other not in edge for name in told}
        near = {name for other in edge for name in names.get(other, ())}
        # A name that is part of one next door says nothing.
        strangers = {name for name in strangers if not any(name in one for one in near)}
        program = looked_at.program(firm)
        lots = [row["lot"] for row in program.get("/lots?limit=1000").json()["rows"]]
        filings = [row["entry"] for row in program.get("/filings?limit=1000").json()["rows"]]
        findings = [row["id"] for row in program.get("/findings?limit=1000").json()["rows"]]
        chosen = [*lots[:1], *lots[-1:], *[lot for lot in lots if lot.startswith("~")][:1]]
        for path in addresses(program, chosen, filings[:1], findings[:2]):
            found = program.get(path)
            text = found.content.decode()
            # Evidence bundles and plans of visits are for officials.
            closed = path.endswith("/bundle") or path.startswith("/inspection-plans")
            assert found.status_code in ((403,) if closed else (200, 404)), (firm, path, text)
            beyond = {name for name in strangers if name in text}
            # Who filed it wrote these down: the firm itself, in rows that are its own.
            if "/rows" in path or "/uploads/" in path:
                continue
            assert not beyond, (firm, path, beyond)
            asked += 1
    assert asked > 100


def test_what_is_anothers_is_not_there(looked_at: Office) -> None:
    firm, nation = looked_at.program("MAG-0003"), looked_at.program("", "nation:read")
    seen = {row["lot"] for row in firm.get("/lots?limit=1000").json()["rows"]}
    others = [row["lot"] for row in nation.get("/lots?limit=1000").json()["rows"] if row["lot"] not in seen][:5]
    for lot in others:
        for path in ("", "/trace", "/origins"):
            assert firm.get(f"/lots/{quote(lot, safe='')}{path}").status_code == 404
    for row in nation.get("/findings").json()["rows"]:
        if row["subject"].get("organisation") != "MAG-0003":
            assert firm.get(f"/findings/{row['id']}").status_code == 404
    assert firm.get("/balances?site=MAG-0001-A").status_code == 404


def seen_by(own: OrganisationView, snapshot: Snapshot, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    """The findings of these rows as the firm sees them."""
    return [one.as_json() for one in own_findings(findings_in(rows), own, snapshot)]


def told(*parties: Fact) -> dict[str, Any]:
    """The sentence of a finding that names these."""
    one = round_trip.TEXTS.message("went-round", ring=Series(parties, ARROW), times=NOTHING, mass=Mass(7))
    return {"detector": "round-trip", "explanation": localized([one]), "sentences": [as_json(one)]}


def test_a_finding_names_no_stranger(looked_at: Office, names: dict[str, set[str]]) -> None:
    own = OrganisationView(looked_at.store, LAW, "MAG-0003")
    stranger = next(one for one in sorted(names) if one not in own.next_to and one != "MAG-0003")
    supplier = next(iter(sorted(own.next_to)))
    snapshot = open_snapshot(looked_at.store)
    entries = dict(snapshot.lines.group_by("organisation").agg(pl.col("entry").max()).iter_rows())
    name = max(names[stranger], key=len)
    row = {
        "id": "1", "subject": {"organisation": "MAG-0003", "lot": f"{stranger}/L-1", "ring": f"{stranger} → MAG-0003"},
        **told(Party(stranger), Name(name), Site(f"{stranger}-A"), Lot("1", f"{stranger}/L-1"), Party(supplier)),
        "evidence": [
            {"entry": entries["MAG-0003"], "to": name, "shipper": stranger, "receiver": [name, supplier]},
            {"entry": entries[supplier], "kind": "receipt"}, {"mass_kg": "1"}, {"totals": {"rounds": 1, "of": name}},
        ],
    }  # fmt: skip
    elsewhere = {**row, "subject": {"organisation": supplier}}
    (shown,) = seen_by(own, snapshot, row, elsewhere)
    called = own.lot_name(f"{stranger}/L-1", stranger, "L-1")
    mark = called.removesuffix("/L-1")
    assert mark.startswith("~")
    assert shown["evidence"] == [
        {"entry": entries["MAG-0003"], "shipper": mark, "receiver": [mark, supplier]},
        {"totals": {"rounds": 1}},
    ]
    assert shown["subject"] == {"organisation": "MAG-0003", "lot": called}
    assert f"{mark} → {mark} → {mark} → {called} → {supplier}" in shown["explanation"]["en"]
    assert not any(word in str(shown) for word in names[stranger])


def test_a_finding_kept_without_facts_tells_no_more_than_its_kind(looked_at: Office) -> None:
    own = OrganisationView(looked_at.store, LAW, "MAG-0003")
    row = {
        "detector": "round-trip", "subject": {"organisation": "MAG-0003"}, "evidence": [],
        "explanation": {"en": "Goods of SEP-0001 went round.", "zh": "-"},
    }  # fmt: skip
    (shown,) = seen_by(own, open_snapshot(looked_at.store), row)
    assert shown["explanation"] == round_trip.DETECTOR.label


def _renamed(own: OrganisationView, organisation: str, *aliases: str) -> None:
    """The firm as others write it too, for whoever asks by `own`."""
    firms = own.register.tables["organisations"]
    mine = pl.col("id") == organisation
    changed = firms.with_columns(aliases=pl.when(mine).then(pl.lit(list(aliases))).otherwise("aliases"))
    own.__dict__["register"] = Register(tables={**own.register.tables, "organisations": changed})


def test_a_name_changes_no_key_and_no_word_of_the_program(looked_at: Office, names: dict[str, set[str]]) -> None:
    own = OrganisationView(looked_at.store, LAW, "MAG-0003")
    stranger = next(one for one in sorted(names) if one not in own.next_to and one != "MAG-0003")
    snapshot = open_snapshot(looked_at.store)
    entry = snapshot.lines.filter(pl.col("organisation") == "MAG-0003")["entry"].max()
    row: dict[str, Any] = {
        "id": "1", **told(Key("mass Nd open")), "subject": {"organisation": "MAG-0003"}, "mass_kg": "8",
        "interval_kg": ["8", None], "elements": ["Nd"], "state": "open", "period": {"from": "2025-01", "to": "2025-02"},
        "evidence": [{"entry": entry, "kind": "export", "event": "Nd-1"}],
    }  # fmt: skip
    _renamed(own, stranger, "mass", "Nd", "open", "export", "entry", "8", "2025", "quota", "zh")
    assert seen_by(own, snapshot, row) == [finding_in(row).as_json()]


@pytest.mark.parametrize(
    ("alias", "named", "hidden"),
    [
        ("Star", "Global Star Metal", False), ("Star", "Starlight", True), ("Star", "Star", True),
        ("星", "环球星金属", False), ("星", "星", True), ('A "B" \\ C', 'A "B" \\ C', True),
    ],
)  # fmt: skip
def test_a_name_is_compared_as_a_whole_and_one_that_nobody_bears_is_hidden(
    looked_at: Office, names: dict[str, set[str]], alias: str, named: str, hidden: bool
) -> None:
    own = OrganisationView(looked_at.store, LAW, "MAG-0003")
    stranger = next(one for one in sorted(names) if one not in own.next_to and one != "MAG-0003")
    _renamed(own, stranger, alias)
    _renamed(own, "MAG-0003", "Global Star Metal", "环球星金属")
    row = {"subject": {"organisation": "MAG-0003"}, **told(Name(named)), "evidence": []}
    (shown,) = seen_by(own, open_snapshot(looked_at.store), row)
    assert (f"round {named} :" in shown["explanation"]["en"]) is not hidden
    assert ("round ~" in shown["explanation"]["en"]) is hidden


def test_a_name_that_was_decided_to_mean_a_stranger_is_hidden_too(
    looked_at: Office, names: dict[str, set[str]]
) -> None:  # fmt: skip
    own = OrganisationView(looked_at.store, LAW, "MAG-0003")
    stranger = next(one for one in sorted(names) if one not in own.next_to and one != "MAG-0003")
    mark = own.lot_name(f"{stranger}/", stranger, "").removesuffix("/")
    decided = pl.DataFrame([{"name": "Polar Star BV", "party": stranger}], schema=TABLES["party_names"])
    own.__dict__["register"] = Register(tables={**own.register.tables, "party_names": decided})
    row = {"subject": {"organisation": "MAG-0003"}, **told(Name("Polar Star BV")), "evidence": []}
    (shown,) = seen_by(own, open_snapshot(looked_at.store), row)
    assert f"round {mark} " in shown["explanation"]["en"] and "Polar" not in str(shown)
