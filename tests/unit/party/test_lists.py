"""Lists of parties: both forms, every fault with its line, and nothing of a list that is not whole."""

from __future__ import annotations

import json
from datetime import date
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from lodeline.party.identifier import Identifier
from lodeline.party.lists import Listing, Party, PartyList, read_list

INVENTED = Path(str(files("lodeline"))) / "data/party/lists"
HEADER = "id,names,country,uscc,listed,listed_from,listed_to,reason,source,owners,measure,scope"


def csv_list(*rows: str, header: str = HEADER) -> PartyList:
    return read_list("\n".join((header, *rows)).encode(), name="own", file="own.csv")


def entities(*some: dict[str, object]) -> PartyList:
    return read_list("\n".join(map(json.dumps, some)).encode(), name="control", file="control.ftm.json")


def company(id_: str, **properties: object) -> dict[str, object]:
    return {"id": id_, "schema": "Company", "properties": properties}


def codes(found: PartyList) -> list[tuple[str, int | None, str | None]]:
    return [(one.code, one.where.row, one.where.column) for one in found.problems]


def test_a_row_of_a_csv_is_a_party_with_all_that_it_says() -> None:
    found = csv_list(
        "W-1,乌有磁材|Nowhere Magnetics,cn,91999999FCT000001P,,2025-06,2025,samples,letter,", "W-2,B,,,no,,,,,W-1=62.5"
    )
    assert found.accepted
    # W-2 is called by one name; where each has both, nothing is asked.
    (asked,) = found.problems
    assert (asked.code, asked.severity, dict(asked.facts)) == ("list.named-once", "flag", {"count": 1})
    assert csv_list("W-1,乌有磁材|Nowhere Magnetics,cn,,,,,,,").problems == ()
    assert found.parties[0] == Party(
        source="own", id="W-1", names=("乌有磁材", "Nowhere Magnetics"), countries=frozenset({"CN"}),
        identifiers=frozenset({Identifier("uscc", "91999999FCT000001P")}),
        listings=(Listing(since=date(2025, 6, 1), until=date(2025, 12, 31), reason="samples", source="letter"),),
    )  # fmt: skip
    assert found.parties[1].listings == ()
    assert [(one.owner, one.owned, one.share) for one in found.stakes] == [("own:W-1", "own:W-2", Fraction(5, 8))]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (",A,,,,,,,,", ("list.id-missing", 2, "id")),
        ("W-1,,,,,,,,,", ("list.unnamed", 2, "names")),
        ("W-1,A,,91999999FCT0000010,,,,,,", ("list.number-wrong", 2, "uscc")),
        ("W-1,A,,,maybe,,,,,", ("list.listed-wrong", 2, "listed")),
        ("W-1,A,,,,2025-02-30,,,,", ("list.day-wrong", 2, "listed_from")),
        ("W-1,A,,,,,,,,W-1=half", ("list.share-wrong", 2, "owners")),
        ("W-1,A,,,,,,,,,blocked", ("list.measure-wrong", 2, "measure")),
        ("W-1,A,,,,,,,,,,all", ("list.scope-wrong", 2, "scope")),
        ("W-1,A,,,,,,,,X-9=60", ("list.owner-unknown", 2, None)),
        ("W-1,A, B,,,,,,,,,,,,", ("list.too-many-cells", 2, None)),
        ('W-1,"A"B,,,,,,,,', ("list.quotes", 2, None)),
    ],
)
def test_a_fault_of_a_row_is_said_with_its_place(row: str, fault: tuple[str, int, str | None]) -> None:
    assert fault in codes(csv_list(row))


def test_a_list_with_one_row_that_cannot_be_read_has_no_parties() -> None:
    found = csv_list("W-1,A,,,,,,,,", "W-1,B,,,,,,,,")
    assert codes(found) == [("list.twice", 3, "id")]
    assert not found.accepted and found.parties == ()


def test_a_misspelt_column_is_not_lost_in_silence() -> None:
    assert codes(csv_list("W-1,A,2025", header="id,names,lsited_from")) == [("list.column-unknown", 1, "lsited_from")]


def test_entities_are_listed_by_their_topics_or_by_a_sanction_with_its_days() -> None:
    found = entities(
        company("a", name=["A"], topics=["export.control"]),
        company("b", name="B", registrationNumber=["91999999FCT000001P", "HRB 1"], country=["de"]),
        {
            "id": "s",
            "schema": "Sanction",
            "properties": {"entity": ["b"], "startDate": ["2025"], "endDate": ["2025-06"]},
        },
        company("c", name=["C"], topics=["sanction.linked"]),
        {"id": "o", "schema": "Ownership", "properties": {"owner": ["a"], "asset": ["c"], "percentage": ["50-75"]}},
        {"id": "v", "schema": "Vessel", "properties": {"name": ["Flying Dutchman"]}},
    )
    assert found.accepted and dict(found.skipped) == {"Vessel": 1}
    a, b, c = found.parties
    assert a.listings == (Listing(reason="export.control", scope="dual-use"),)
    assert b.listings == (Listing(since=date(2025, 1, 1), until=date(2025, 6, 30)),)
    assert b.identifiers == {Identifier("uscc", "91999999FCT000001P")}
    assert c.listings == ()
    # A range is no share that can be reckoned with.
    assert [one.share for one in found.stakes] == [None]


@pytest.mark.parametrize(
    ("content", "file", "code"),
    [
        (b"", "a.csv", "list.nobody"),
        (b"id,names,listed\nW-1,A,no\n", "a.csv", "list.nobody"),
        ("id,names\nW-1,韵升\n".encode("gbk"), "a.csv", "list.not-utf-8"),
        (b"anything", "a.xlsx", "list.unknown-format"),
        (b'[{"id": "a"}]', "a.json", "list.no-entity"),
        (b"[" * 100_000, "a.jsonl", "list.no-entity"),
        (b'{"id": 1, "schema": "Company", "properties": {}}', "a.jsonl", "list.no-entity"),
    ],
)
def test_what_is_no_list_is_said(content: bytes, file: str, code: str) -> None:
    found = read_list(content, name="a", file=file)
    assert not found.accepted
    assert [one.code for one in found.problems] == [code]


def test_faults_are_said_where_their_row_begins() -> None:
    assert codes(csv_list('W-1,"A', 'B",,,,,,,,', 'W-2,"A"B'))[0] == ("list.quotes", 4, None)
    assert codes(read_list(b'id,"names"x\nW-1,A\n', name="own", file="own.csv"))[0] == ("list.quotes", 1, None)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    assert [one.code for one in read_list(tmp_path / "none.csv", name="none").problems] == ["file.not-found"]


@pytest.mark.parametrize(
    "path", sorted(INVENTED.glob("*.*sv")) + sorted(INVENTED.glob("*.json")), ids=lambda path: path.name
)
def test_the_invented_lists_are_whole_and_say_that_they_are_invented(path: Path) -> None:
    found = read_list(path, name="invented")
    assert found.accepted and [one.code for one in found.problems] == ["list.named-once"]
    assert path.name.startswith("invented-")
    assert all("nvented for Lodeline" in line for line in path.read_text("utf-8").splitlines()[path.suffix == ".csv" :])


@pytest.mark.parametrize(
    ("row", "said", "kind"),
    [
        ("W-1,A,,,,,,,,,,", {}, ("barred", "all-goods")),
        ("W-1,A,,,,,,,,,watched,dual-use", {}, ("watched", "dual-use")),
        ("W-1,A,,,,,,,,,Watched,", {"measure": "barred", "scope": "dual-use"}, ("watched", "dual-use")),
        ("W-1,A,,,,,,,,,,", {"measure": "watched", "scope": "dual-use"}, ("watched", "dual-use")),
        ("W-1,A,,,,,,,,,end-user-ban,", {}, ("end-user-ban", "all-goods")),
    ],
)
def test_a_row_says_its_measure_and_scope_else_the_list_does(
    row: str, said: dict[str, Any], kind: tuple[str, str]
) -> None:
    found = read_list(f"{HEADER}\n{row}".encode(), name="own", file="own.csv", **said)
    (listing,) = found.parties[0].listings
    assert (listing.measure, listing.scope) == kind


def test_a_list_of_before_without_these_columns_bars_from_all_goods() -> None:
    found = read_list(b"id,names,listed\nW-1,A,yes\n", name="own", file="own.csv")
    assert found.parties[0].listings == (Listing(measure="barred", scope="all-goods"),)


@pytest.mark.parametrize(
    ("topics", "program", "said", "kind"),
    [
        (["export.control"], "", {}, ("barred", "dual-use")),
        (["export.risk"], "", {}, ("watched", "dual-use")),
        (["export.risk", "sanction"], "", {}, ("barred", "all-goods")),
        (["export.control"], "", {"measure": "watched"}, ("watched", "dual-use")),
        (["export.control"], "商务部关注名单", {"measure": "barred"}, ("watched", "dual-use")),
        ([], "China Export Control Watch List", {}, ("watched", "dual-use")),
        ([], "出口管制管控名单", {"scope": "all-goods"}, ("barred", "dual-use")),
        ([], "Unreliable Entity List", {}, ("barred", "all-goods")),
        ([], "", {}, ("barred", "all-goods")),
    ],
)
def test_an_entity_has_its_measure_by_programme_then_list_then_topic(
    topics: list[str], program: str, said: dict[str, Any], kind: tuple[str, str]
) -> None:
    rows = [company("a", name=["A"], topics=topics)]
    if program or not topics:
        rows.append({"id": "s", "schema": "Sanction", "properties": {"entity": ["a"], "program": [program or "x"]}})
    content = "\n".join(map(json.dumps, rows)).encode()
    (listing,) = read_list(content, name="c", file="c.json", **said).parties[0].listings
    assert (listing.measure, listing.scope) == kind
