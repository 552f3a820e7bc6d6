"""A label is the lot that was shipped under it, as long as it stands for one lot only."""

from __future__ import annotations

import itertools
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.desk import ledger_lines

from lodeline.ledger.label import ALIAS, drawn_as, on_the_label, run_together
from lodeline.ledger.movement import lot_facts
from lodeline.ledger.state import project
from lodeline.ledger.transfer import match, passed_on

MADE = "M O origin 1 m 1 100 maker=M local=7"
SENT = "T S shipment 2 t 1 10 party=B maker=M local=7"
GOT = "B R receipt 9 b 2 10 party=T maker=T local=7"


def aliases(*rows: tuple[str, int, str]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=ALIAS, orient="row")


def pairs(*lines: str, named: pl.DataFrame | None = None) -> list[tuple[Any, ...]]:
    """(lot shipped, receipt event, lot differs) by shipment event, whatever the order of the lines."""
    named = aliases() if named is None else named
    found = []
    for order in itertools.islice(itertools.permutations(lines), 24):
        rows = match(ledger_lines(*order), named).filter(pl.col("shipment_line").is_not_null())
        chosen = rows.select("shipment_event", "lot", "receipt_event", "lot_differs")
        found.append(sorted(chosen.iter_rows(), key=repr))
    assert all(one == found[0] for one in found), "the order of filing changes what is paired"
    return [row[1:] for row in found[0]]


def joined(*lines: str, named: pl.DataFrame | None = None) -> dict[int, int]:
    """Name → the lot that it is."""
    frame = ledger_lines(*lines)
    transfers = match(frame, aliases() if named is None else named)
    return dict(passed_on(transfers, frame, lot_facts(frame)).select("lot", "shipped_lot").iter_rows())


def test_the_shippers_label_is_the_lot_that_was_shipped() -> None:
    assert pairs(MADE, SENT, GOT) == [(1, "R", False)]
    assert joined(MADE, SENT, GOT) == {2: 1}


def test_the_same_number_of_somebody_else_is_another_lot() -> None:
    theirs = GOT.replace("maker=T", "maker=X")
    assert pairs(MADE, SENT, theirs) == [(1, "R", True)]


def test_a_lot_of_that_number_that_the_shipper_made_is_another_lot() -> None:
    own = "T O origin 1 t 2 10 maker=T local=7"
    assert pairs(MADE, SENT, GOT, own) == [(1, "R", True)]
    assert joined(MADE, SENT, GOT, own) == {}


def test_a_label_under_which_two_lots_were_shipped_joins_neither() -> None:
    other = "T S2 shipment 3 t 3 10 party=C maker=X local=7"
    again = "C R2 receipt 9 c 2 10 party=T maker=T local=7"
    assert pairs(MADE, SENT, GOT, other, again) == [(1, "R", True), (3, "R2", True)]
    assert joined(MADE, SENT, GOT, other, again) == {}
    # Until somebody else calls it so too, the first name is clear.
    assert pairs(MADE, SENT, GOT, other) == [(1, "R", False), (3, None, False)]


def test_a_receipt_that_could_be_either_of_two_lots_on_their_way_joins_neither() -> None:
    other = "T S2 shipment 3 t 3 10 party=B maker=X local=7"
    assert pairs(MADE, SENT, other, GOT) == [(1, "R", True), (3, None, False)]
    assert joined(MADE, SENT, other, GOT) == {}


def test_who_names_the_maker_is_paired_with_that_lot_and_not_with_the_oldest() -> None:
    other = "T S2 shipment 3 t 3 10 party=B maker=X local=7"
    named = "B R receipt 9 b 3 10 party=T maker=X local=7"
    assert pairs(SENT, other, named) == [(1, None, False), (3, "R", False)]


def test_labels_of_one_quoted_event_are_paired_by_their_numbers() -> None:
    sent = (SENT, "T S shipment 2 t 3 20 party=B maker=M local=8")
    got = ("B R1 receipt 9 b 4 20 party=T maker=T local=8 reference=S",
           "B R2 receipt 9 b 2 10 party=T maker=T local=7 reference=S")  # fmt: skip
    found = match(ledger_lines(*sent, *got)).select("lot", "receipt_event", "lot_differs").sort("lot").rows()
    assert found == [(1, "R2", False), (3, "R1", False)]


def test_a_label_goes_on_along_a_chain_of_traders() -> None:
    second = "B S2 shipment 10 b 2 10 party=C maker=T local=7"
    third = "C R2 receipt 12 c 4 10 party=B maker=B local=7"
    assert pairs(MADE, SENT, GOT, second, third) == [(1, "R", False), (2, "R2", False)]
    assert joined(MADE, SENT, GOT, second, third) == {2: 1, 4: 2}


def test_goods_that_come_back_are_the_lot_that_left() -> None:
    back = "B S2 shipment 10 b 2 10 party=T maker=T local=7"
    again = "T R2 receipt 11 t 4 10 party=B maker=B local=7"
    third = "T S3 shipment 12 t 4 10 party=B maker=B local=7"
    lines = (MADE, SENT, GOT, back, again, third, "B R3 receipt 13 b 2 10 party=T maker=T local=7")
    found = match(ledger_lines(*lines)).select("shipment_event", "lot_differs").sort("shipment_event").rows()
    assert found == [("S", False), ("S2", False), ("S3", False)]


def test_an_alias_is_the_lot_for_which_it_stands() -> None:
    got = GOT.replace("local=7", "local=Q")
    for shipper, maker in (("T", "M"), ("T", "T")):
        sent = SENT.replace("maker=M", f"maker={maker}")
        assert pairs(sent, got, named=aliases((shipper, 1, "Q"))) == [(1, "R", False)]
        assert joined(MADE, sent, got, named=aliases((shipper, 1, "Q"))) == {2: 1}
    assert pairs(SENT, got, named=aliases(("X", 1, "Q"))) == [(1, None, False)], "somebody else's alias means nothing"


def test_every_alias_that_a_lot_ever_had_goes_on_meaning_it() -> None:
    named = aliases(("T", 1, "Q"), ("T", 1, "P"))
    for word in "QP":
        assert pairs(SENT, GOT.replace("local=7", f"local={word}"), named=named) == [(1, "R", False)]


def test_aliases_keep_two_lots_of_one_number_apart() -> None:
    other = "T S2 shipment 3 t 3 10 party=B maker=X local=7"
    got = (GOT.replace("local=7", "local=Q"), "B R2 receipt 9 b 4 10 party=T maker=T local=P")
    named = aliases(("T", 1, "P"), ("T", 3, "Q"))
    assert pairs(SENT, other, *got, named=named) == [(1, "R2", False), (3, "R", False)]


def test_an_alias_on_the_papers_of_another_lot_is_another_lot() -> None:
    quoted = GOT.replace("local=7", "local=Q") + " reference=S"
    assert pairs(SENT, quoted, named=aliases(("T", 3, "Q"))) == [(1, "R", True)]


def test_what_stands_in_for_a_name_is_what_the_maker_says_of_the_lot() -> None:
    state = project(ledger_lines(MADE + " product=oxide composition=Nd=5", SENT, GOT))
    assert state.lots.filter(pl.col("lot") == 2).select("made", "product", "composition").rows() == [
        (False, "oxide", "Nd=5")
    ]


@pytest.mark.parametrize(
    ("maker", "reader", "alias", "called"),
    [
        ("T", "B", None, "T/7"),
        ("M", "B", None, "T/7"),
        ("M", "M", None, "M/7"),
        ("M", "M", "Q", "T/Q"),
        ("T", "B", "Q", "T/Q"),
    ],
)
def test_a_receiver_is_told_what_stands_on_the_papers(maker: str, reader: str, alias: str | None, called: str) -> None:
    found = on_the_label(shipper="T", reader=reader, name=f"{maker}/7", maker=maker, local="7", alias=alias)
    assert found == called


def test_a_uri_says_by_itself_who_made_a_lot_unless_an_alias_hides_it() -> None:
    uri = "https://id.gs1.org/01/09506000134352/10/7"
    for alias, called in ((None, uri), ("Q", "T/Q")):
        assert on_the_label(shipper="T", reader="B", name=uri, maker="M", local=uri, alias=alias) == called


@given(st.dictionaries(st.integers(10, 16), st.sets(st.integers(1, 16), min_size=1, max_size=3), max_size=6))
# A circle that nothing enters is no lot that another name could stand for.
@example({12: {13}, 13: {12}, 10: {1, 12}})
def test_names_run_together_where_they_stand_for_two_lots(sources: dict[int, set[int]]) -> None:
    """In whatever order the names are looked at; what is clear stands for one lot that no name hides."""
    sources = {name: lots - {name} for name, lots in sources.items() if lots - {name}}
    confused = run_together(sources)
    assert confused == run_together(dict(reversed(sources.items())))
    for name in sources.keys() - confused:
        seen: set[int] = set()
        behind, ends = [name], set()
        while behind:
            lot = behind.pop()
            if lot in sources and lot not in confused:
                behind += [one for one in sources[lot] if one not in seen]
                seen |= sources[lot]
            else:
                ends.add(lot)
        assert len(ends) == 1, (sources, confused, name)


def used_as(*lines: str) -> set[tuple[str, int, int]]:
    """(organisation, its name for a lot, the lot that was shipped), whatever the order of the lines."""
    found = set()
    for order in itertools.islice(itertools.permutations(lines), 24):
        frame = ledger_lines(*order)
        found.add(frozenset(drawn_as(match(frame, aliases()), frame, aliases()).rows()))
    assert len(found) == 1, "the order of filing changes what a name means"
    return set(found.pop())


USED = "B U loss 9 b 2 10 maker=T local=7"


def test_a_name_under_which_a_part_was_received_means_the_rest_too() -> None:
    part, rest = SENT.replace(" S ", " S1 "), "T S2 shipment 3 t 1 20 party=B maker=M local=7"
    assert used_as(MADE, part, rest, GOT, USED) == {("B", 2, 1)}
    # … unless another lot was received under it.
    other = "T S3 shipment 2 t 3 10 party=B maker=X local=7"
    assert used_as(MADE, other, rest, "B R3 receipt 9 b 2 10 party=T maker=T local=7 reference=S3") == set()


def test_a_bare_number_means_what_was_received_of_it_later() -> None:
    got, counted = "B R receipt 5 b 1 10 party=T maker=M local=7", "B C stock 9 b 4 10 maker=B local=7"
    assert used_as(MADE, SENT, got, counted) == {("B", 4, 1)}
    # Nor does it matter that the shipper is silent.
    assert used_as(MADE, got, counted) == {("B", 4, 1)}


@pytest.mark.parametrize(
    "more",
    [
        pytest.param("B O origin 1 b 4 10 maker=B local=7", id="its own lot, made by itself"),
        pytest.param("B R2 receipt 6 b 5 10 party=X maker=X local=7", id="two lots of that number"),
        pytest.param("B C2 stock 10 b 4 10 maker=B local=7 product=metal:Dy", id="another kind of product"),
    ],
)
def test_a_bare_number_that_may_be_another_lot_means_nothing(more: str) -> None:
    got = "B R receipt 5 b 1 10 party=T maker=M local=7 product=oxide:Dy"
    sent = SENT + " product=oxide:Dy"
    assert used_as(MADE, sent, got, "B C stock 9 b 4 10 maker=B local=7", more) == set()
