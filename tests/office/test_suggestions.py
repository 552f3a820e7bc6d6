"""What is suggested for a draft rests on the firm's own edge, is applied only by a press, and can be undone."""

from __future__ import annotations

import json

import pytest
from tests.office.filing_office import HEADER, LAW, MAGNET, MONTH, NOW, People, origin, shipment

from lodeline.filing.check import check
from lodeline.filing.table import read_bytes
from lodeline.office.access.actor import NotAllowedError
from lodeline.office.filing import draft_check, drafts, suggestions
from lodeline.office.filing.draft_content import content_of
from lodeline.office.filing.drafts import Cell, DraftError
from lodeline.office.models import Draft
from lodeline.service.filing.filing import submit
from lodeline.service.lots.aliases import give_alias
from lodeline.store.store import Store

pytestmark = pytest.mark.medium


@pytest.fixture
def people(store: Store) -> People:
    """The firm's filer and its certifier; a supplier has filed lots of its own, one of them shipped to the firm."""
    rows = (
        f"O-1,origin,,2026-01-02,ALL-1-A,ALY-100,scrap-eol,900,{MAGNET},secondary,CN,,",
        f"O-2,origin,,2026-01-02,ALL-1-A,KEPT-55,scrap-eol,900,{MAGNET},secondary,CN,,",
        "S-1,shipment,,2026-01-03,ALL-1-A,ALY-100,,800,,,,Huaxin Magnetics,",
    )
    table = read_bytes([("theirs.csv", "\n".join([HEADER, *rows, ""]).encode())])
    checked = check(table, organisation="ALL-1", period=MONTH, register=store.newest_register())
    filed = submit(store, checked, uploads=(), filed_at=NOW, law=LAW)
    assert filed.entry is not None, filed.problems
    return People.hired()


def receipt(event: str, lot: str, mass_kg: str) -> str:
    """A row: a delivery of the supplier."""
    return f"{event},receipt,,2026-01-06,MAG-1-A,{lot},scrap-eol,{mass_kg},,,,Tongling Alloy,"


def offered(draft: Draft) -> list[tuple[str, int, str, str]]:
    return [(one.kind, one.row, one.before, one.after) for one in suggestions.of_draft(draft)]


def test_guesses_come_from_the_own_edge_and_from_nobody_else(people: People) -> None:
    draft = people.draft(
        origin("O-1", "L-100"),
        receipt("R-1", "ALY-1O0", "800"),
        receipt("R-2", "ALY-100", "0.8"),
        receipt("R-3", "KEPT-5S", "10"),
        shipment("S-1", "KEPT-S5", "10", reason="as it is"),
        shipment("S-2", "L-1OO", "10"),
    )
    # The supplier's other lot is one character away, and no guess: it was never sent to the firm.
    assert offered(draft) == [("lot", 3, "ALY-1O0", "ALY-100"), ("mass", 4, "0.8", "800"), ("lot", 7, "L-1OO", "L-100")]


def test_a_lot_that_came_under_an_alias_is_guessed_by_it_alone(store: Store, people: People) -> None:
    (lot,) = store.books.lot_ids(["ALL-1/ALY-100"]).values()
    give_alias(store, "ALL-1", lot=lot, alias="BLUE-7", filed_at=NOW)
    draft = people.draft(receipt("R-1", "BLUE-77", "800"), receipt("R-2", "ALY-1O0", "800"))
    assert offered(draft) == [("lot", 2, "BLUE-77", "BLUE-7")]


def test_only_a_filer_applies_and_undoes(people: People) -> None:
    draft = people.draft(origin("O-1", "L-100"), shipment("S-1", "L-1O0", "10"))
    with pytest.raises(NotAllowedError):
        suggestions.apply(people.certifier, draft, "all", seen=draft.revision, now=NOW)
    with pytest.raises(NotAllowedError):
        suggestions.undo(people.certifier, draft, seen=draft.revision, now=NOW)


def test_what_it_would_do_to_the_books_is_what_filing_does(store: Store, people: People) -> None:
    to_supplier = shipment("S-2", "L-100", "10").replace("Shaoxing Motor", "Tongling Alloy")
    draft = people.draft(
        origin("O-1", "L-100"), receipt("R-1", "ALY-100", "800"), receipt("R-2", "OTHER-1", "5"),
        shipment("S-1", "L-100", "40"), to_supplier,
    )  # fmt: skip
    books = json.loads(draft.summary)["books"]
    assert books["sites"] == [{"site": "MAG-1-A", "before_mg": 0, "after_mg": 855_000_000}]
    assert [(one["half"], one["state"], one["count"], one["mass_mg"]) for one in books["transfers"]] == [
        ("receipt", "closes", 1, 800_000_000), ("receipt", "waits", 1, 5_000_000),
        ("shipment", "closes", 1, 40_000_000), ("shipment", "waits", 1, 10_000_000),
    ]  # fmt: skip
    assert books["quota"] == []
    people.filed(draft)
    assert store.books.held_at(["MAG-1-A"])["mass_mg"].sum() == 855_000_000
    changed = people.draft(shipment("S-1", "L-100", "30"), corrects=draft_entry(draft))
    assert json.loads(changed.summary)["books"]["sites"] == [
        {"site": "MAG-1-A", "before_mg": 855_000_000, "after_mg": 865_000_000}
    ]
    unread = people.draft(origin("O-9", "L-9", "abc"))
    assert json.loads(unread.summary)["books"] is None


def draft_entry(draft: Draft) -> int:
    entry = Draft.objects.get(pk=draft.pk).entry
    assert entry is not None
    return entry


def test_nothing_is_applied_unasked_and_what_is_applied_is_undone(people: People) -> None:
    draft = people.draft(origin("O-1", "L-100"), shipment("S-1", "L-1O0", "10"), shipment("S-2", "L100", "20"))
    assert content_of(draft).table.frame["lot"].to_list() == ["L-100", "L-1O0", "L100"]
    file = draft.files.get()
    draft = drafts.set_cells(
        people.filer, draft, [Cell(source=file.pk, row=4, column="lot", text="L1-00")], seen=draft.revision, now=NOW
    )
    with pytest.raises(DraftError):
        suggestions.apply(people.filer, draft, "lot", seen=draft.revision, now=NOW)
    draft = draft_check.begin(draft, now=NOW)
    with pytest.raises(drafts.StaleDraftError):
        suggestions.apply(people.filer, draft, "all", seen=draft.revision - 1, now=NOW)
    draft = draft_check.begin(suggestions.apply(people.filer, draft, "all", seen=draft.revision, now=NOW), now=NOW)
    assert (draft.accepted, offered(draft), suggestions.applied(draft)) == (True, [], 2)
    assert content_of(draft).table.frame["lot"].to_list() == ["L-100", "L-100", "L-100"]
    changes = content_of(draft).changes_file
    assert changes is not None and b"lot,L-1O0,L-100" in changes
    draft = draft_check.begin(suggestions.undo(people.filer, draft, seen=draft.revision, now=NOW), now=NOW)
    assert content_of(draft).table.frame["lot"].to_list() == ["L-100", "L-1O0", "L1-00"]
    assert suggestions.applied(draft) == 0
    with pytest.raises(DraftError):
        suggestions.undo(people.filer, draft, seen=draft.revision, now=NOW)


def test_one_kind_is_applied_and_the_others_wait(people: People) -> None:
    draft = people.draft(
        origin("O-1", "L-100"), shipment("S-1", "L-1O0", "10"), origin("O-2", "L-2", day="06.25.2026"),
        origin("O-3", "L-3", composition="Nd=24.1;Pr=6.0;Dy=1.6;Fe=68.5;B=1.0"),
    )  # fmt: skip
    assert [one.kind for one in suggestions.of_draft(draft)] == ["lot", "date.invalid", "composition.over-100"]
    draft = draft_check.begin(suggestions.apply(people.filer, draft, "lot", seen=draft.revision, now=NOW), now=NOW)
    assert [one.kind for one in suggestions.of_draft(draft)] == ["date.invalid", "composition.over-100"]
