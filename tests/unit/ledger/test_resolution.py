"""Which lot an identifier means: each case of the rule, and each pair of cases that compete."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from lodeline.ledger.resolution import LABELS, SHIPPED, Known, Resolved, resolve

RECEIVED = {
    "local": pl.String(), "name": pl.String(), "party": pl.String(), "held_mg": pl.Int64(), "product": pl.String(),
}  # fmt: skip
Row = tuple[str, str | None, str | None, str | None]

DAY = date(2025, 6, 9)
URN = "urn:epc:id:sgtin:0614141.107346.2017"
LINK = "https://id.gs1.org/01/09506000134352/10/ABC123"


def named(
    *rows: Row,
    made: tuple[str, ...] = (),
    received: tuple[tuple[str, str, str, int], ...] = (),
    labels: tuple[tuple[str, str, int], ...] = (),
) -> list[tuple[str | None, tuple[str, ...] | None]]:
    """(canonical name, what it may mean if that is open) of rows (kind, role, lot, party) that ACME files."""
    found = resolved(*rows, made=made, received=received, labels=labels)
    return list(zip(found.names, found.ambiguous, strict=True))


def resolved(
    *rows: Row,
    made: tuple[str, ...] = (),
    received: tuple[tuple[str, str, str, int], ...] = (),
    labels: tuple[tuple[str, str, int], ...] = (),
    shipped: tuple[tuple[str, str, str], ...] = (),
    came_as: str | None = None,
    stated: str | None = None,
    late: tuple[str, ...] = (),
) -> Resolved:
    """`came_as`: the product of all that was received or shipped; `stated`: that of all rows. What was shipped went
    on the day of the rows, and the events `late` on the day after."""

    def known(wanted: Sequence[str]) -> Known:
        return Known(
            made=[lot for lot in made if lot in wanted],
            received=pl.DataFrame(
                [(*row, came_as) for row in received if row[0] in wanted], schema=RECEIVED, orient="row"
            ),
            labels=pl.DataFrame(labels, schema=LABELS, orient="row"),
            shipped=pl.DataFrame(
                [(*row, came_as, DAY + timedelta(days=row[2] in late)) for row in shipped],
                schema=SHIPPED,
                orient="row",
            ),
        )

    return resolve(frame_of(*rows, product=stated), organisation="ACME", known=known)


def frame_of(*rows: Row, product: str | None = None) -> pl.DataFrame:
    columns = ("kind", "role", "lot", "party", "product")
    frame = pl.DataFrame([(*row, product) for row in rows], schema=dict.fromkeys(columns, pl.String()), orient="row")
    return frame.with_columns(on=DAY)


def name(row: Row, *, made: tuple[str, ...] = (), received: tuple[tuple[str, str, str, int], ...] = ()) -> str | None:
    """The canonical name of a single row that is not ambiguous."""
    ((found, ambiguous),) = named(row, made=made, received=received)
    assert ambiguous is None
    return found


SHIP: Row = ("shipment", None, "7", "BUYER")
RECEIVE: Row = ("receipt", None, "7", "MINE")


@pytest.mark.parametrize("kind_and_role", [("origin", None), ("transformation", "out"), ("transformation", "waste")])
def test_who_makes_a_lot_names_it(kind_and_role: tuple[str, str | None]) -> None:
    assert name((*kind_and_role, "7", None)) == "ACME/7"


def test_a_bare_id_nobody_knows_is_the_filers_own() -> None:
    assert name(SHIP) == "ACME/7"


def test_a_lot_made_earlier_in_the_same_filing_is_ones_own() -> None:
    found = named(SHIP, ("origin", None, "7", None), received=(("7", "MINE/7", "MINE", 5),))
    assert found == [("ACME/7", None), ("ACME/7", None)]


def test_ones_own_lot_goes_before_a_received_one_of_the_same_id() -> None:
    assert name(SHIP, made=("7",), received=(("7", "MINE/7", "MINE", 5),)) == "ACME/7"


def test_ones_own_lot_that_comes_back_is_still_ones_own() -> None:
    assert name(("receipt", None, "7", "BUYER"), made=("7",)) == "ACME/7"


def test_the_one_lot_received_under_an_id_is_meant_by_it() -> None:
    assert name(SHIP, received=(("7", "MINE/7", "MINE", 5),)) == "MINE/7"


def test_a_lot_received_and_used_up_is_still_meant() -> None:
    assert name(SHIP, received=(("7", "MINE/7", "MINE", 0),)) == "MINE/7"


def test_of_two_received_the_one_still_held_is_meant() -> None:
    assert name(SHIP, received=(("7", "MINE/7", "MINE", 0), ("7", "PIT/7", "PIT", 5))) == "PIT/7"


@pytest.mark.parametrize(
    ("came_as", "stated", "meant"),
    [
        # The number is that of a lot of its own, whose making is in a month that it has not filed.
        ("oxide:Tb", "metal:PrNd", "ACME/7"),
        ("metal:Nd", "metal:PrNd", "MINE/7"),
        ("oxide:Tb", None, "MINE/7"),
        (None, "metal:PrNd", "MINE/7"),
    ],
)
@pytest.mark.parametrize("arrived", ["received", "shipped", "same filing"])
def test_what_came_as_another_kind_of_product_is_not_meant(
    came_as: str | None, stated: str | None, meant: str, arrived: str
) -> None:
    if arrived == "received":
        found = resolved(SHIP, received=(("7", "MINE/7", "MINE", 5),), came_as=came_as, stated=stated)
    elif arrived == "shipped":
        found = resolved(SHIP, shipped=(("7", "MINE/7", "S"),), came_as=came_as, stated=stated)
    else:
        rows = pl.concat([frame_of(SHIP, product=stated), frame_of(RECEIVE, product=came_as)])
        found = resolve(rows, organisation="ACME", known=None)
    assert found.names[0] == meant
    assert found.ambiguous[0] is None
    assert (found.assumed[0] is None) == (arrived != "shipped" or meant == "ACME/7")


def test_what_was_shipped_after_the_day_of_the_row_is_meant_only_where_there_is_nothing_else() -> None:
    both = (("7", "MINE/7", "S1"), ("7", "PIT/7", "S2"))
    found = resolved(SHIP, shipped=both, late=("S2",))
    assert (found.names, found.ambiguous, found.assumed) == (["MINE/7"], [None], ["S1"])
    assert resolved(SHIP, shipped=both[1:], late=("S2",)).names == ["PIT/7"]
    assert resolved(SHIP, shipped=both, late=("S1", "S2")).ambiguous == [("MINE/7", "PIT/7")]


def test_the_full_name_means_the_lot_whatever_product_the_row_states() -> None:
    row = ("shipment", None, "MINE/7", "BUYER")
    received = (("7", "MINE/7", "MINE", 5),)
    assert resolved(row, received=received, came_as="oxide:Tb", stated="metal:PrNd").names == ["MINE/7"]


def test_of_two_received_the_one_of_the_stated_product_is_meant() -> None:
    rows = pl.concat([
        frame_of(RECEIVE, product="oxide:Tb"), frame_of(("receipt", None, "7", "PIT"), product="metal:PrNd"),
        frame_of(SHIP, product="metal:PrNd"),
    ])  # fmt: skip
    assert resolve(rows, organisation="ACME", known=None).names == ["MINE/7", "PIT/7", "PIT/7"]


@pytest.mark.parametrize("held_mg", [0, 5])
def test_two_received_that_are_both_held_or_both_gone_are_ambiguous(held_mg: int) -> None:
    both = (("7", "MINE/7", "MINE", held_mg), ("7", "PIT/7", "PIT", held_mg))
    ((_, candidates),) = named(SHIP, received=both)
    assert candidates == ("MINE/7", "PIT/7")


def test_one_lot_received_from_two_parties_is_not_ambiguous() -> None:
    assert name(SHIP, received=(("7", "MINE/7", "MINE", 5), ("7", "MINE/7", "TRADER", 5))) == "MINE/7"


def test_the_canonical_name_settles_what_the_bare_id_leaves_open() -> None:
    both = (("7", "MINE/7", "MINE", 5), ("7", "PIT/7", "PIT", 5))
    assert name(("shipment", None, "PIT/7", "BUYER"), received=both, made=("7",)) == "PIT/7"


def test_a_receipt_names_the_counterpartys_lot() -> None:
    assert name(RECEIVE) == "MINE/7"


def test_a_receipt_of_an_id_that_somebody_else_delivered_before_names_the_counterpartys_lot() -> None:
    # Two suppliers may both number their lots from 1.
    assert name(RECEIVE, received=(("7", "PIT/7", "PIT", 5),)) == "MINE/7"


def test_a_receipt_from_the_same_supplier_again_names_the_same_lot() -> None:
    passed_on = (("7", "DEEP/7", "MINE", 5),)
    assert name(RECEIVE, received=passed_on) == "DEEP/7"


def test_a_receipt_from_a_supplier_who_delivered_two_lots_of_that_id_names_the_suppliers_own() -> None:
    both = (("7", "DEEP/7", "MINE", 5), ("7", "PIT/7", "MINE", 5))
    assert name(RECEIVE, received=both) == "MINE/7"


def test_two_suppliers_in_one_filing_with_the_same_bare_id_are_two_lots_and_then_ambiguous() -> None:
    found = named(RECEIVE, ("receipt", None, "7", "PIT"), ("transformation", "in", "7", None))
    assert found[:2] == [("MINE/7", None), ("PIT/7", None)]
    assert found[2][1] == ("MINE/7", "PIT/7")


def test_what_arrives_in_a_filing_can_be_used_in_it_by_its_bare_id_whatever_the_order_of_rows() -> None:
    found = named(("transformation", "in", "7", None), RECEIVE)
    assert [row[0] for row in found] == ["MINE/7", "MINE/7"]


def test_what_arrives_under_its_canonical_name_can_be_used_by_its_bare_id() -> None:
    found = named(("receipt", None, "DEEP/7", "MINE"), ("loss", None, "7", None))
    assert [row[0] for row in found] == ["DEEP/7", "DEEP/7"]


@pytest.mark.parametrize("uri", [URN, LINK])
@pytest.mark.parametrize("kind", ["origin", "receipt", "shipment"])
def test_a_gs1_uri_is_canonical_as_it_stands(uri: str, kind: str) -> None:
    assert name((kind, None, uri, "MINE"), made=("7",)) == uri


def test_a_uri_that_arrived_is_not_found_under_its_last_part() -> None:
    found = named(("receipt", None, LINK, "MINE"), ("loss", None, "ABC123", None))
    assert [row[0] for row in found] == [LINK, "ACME/ABC123"]


def test_a_void_names_no_lot() -> None:
    void, loss = named(("void", None, None, None), ("loss", None, "7", None), received=(("7", "MINE/7", "MINE", 5),))
    assert (void, loss) == ((None, None), ("MINE/7", None))


def test_a_title_bought_can_be_sold_on_by_its_bare_id() -> None:
    assert name(("title", None, "7", "BUYER"), received=(("7", "MINE/7", "SELLER", 5),)) == "MINE/7"


def test_the_ledger_is_asked_only_for_what_the_filing_leaves_open() -> None:
    asked: list[str] = []

    def known(wanted: Sequence[str]) -> Known:
        asked.extend(wanted)
        return Known(made=(), received=pl.DataFrame(schema=RECEIVED))

    rows = [("origin", None, "1", None), ("loss", None, "1", None), ("loss", None, "PIT/2", None), SHIP, SHIP]
    resolve(frame_of(*rows), organisation="ACME", known=known)
    assert asked == ["7"]


def test_in_an_empty_ledger_every_bare_id_is_the_filers_or_the_counterpartys() -> None:
    assert resolve(frame_of(SHIP), organisation="ACME", known=None).names == ["ACME/7"]


def test_rows_keep_their_order_and_number() -> None:
    rows: list[Row] = [("loss", None, lot, None) for lot in ("9", "7", "8", "7")]
    received = (("7", "MINE/7", "MINE", 5), ("8", "PIT/8", "PIT", 5), ("8", "MINE/8", "MINE", 0))
    assert [row[0] for row in named(*rows, received=received)] == ["ACME/9", "MINE/7", "PIT/8", "MINE/7"]


ALIASED = (("T-1", "MINE/7", 5), ("ACME/T-1", "MINE/7", 5))


@pytest.mark.parametrize("filed", ["T-1", "ACME/T-1"])
@pytest.mark.parametrize("kind", ["shipment", "stock", "loss"])
def test_ones_own_alias_means_the_lot_that_it_was_given_to(kind: str, filed: str) -> None:
    assert named((kind, None, filed, None), labels=ALIASED) == [("MINE/7", None)]


def test_the_alias_of_what_was_bought_by_title_means_that_lot() -> None:
    bought = (("T-1", "MINE/7", 5), ("TRADE/T-1", "MINE/7", 5))
    assert named(("title", None, "TRADE/T-1", "BUYER"), labels=bought) == [("MINE/7", None)]


def test_a_receipt_under_an_alias_stays_the_label_that_it_came_under() -> None:
    assert named(("receipt", None, "ACME/T-1", "BUYER"), labels=ALIASED) == [("ACME/T-1", None)]


def test_who_makes_a_lot_under_an_alias_makes_a_new_lot_and_then_says_which_is_meant() -> None:
    made = ("origin", None, "T-1", None)
    found = named(made, ("loss", None, "T-1", None), labels=ALIASED)
    assert found == [("ACME/T-1", None), ("ACME/T-1", ("ACME/T-1", "MINE/7"))]


def test_an_alias_and_another_lot_of_that_id_are_ambiguous_where_both_are_held() -> None:
    got = (("T-1", "PIT/T-1", "PIT", 5),)
    assert named(("loss", None, "T-1", None), received=got, labels=ALIASED)[0][1] == ("MINE/7", "PIT/T-1")
    gone = (("T-1", "PIT/T-1", "PIT", 0),)
    assert named(("loss", None, "T-1", None), received=gone, labels=ALIASED) == [("MINE/7", None)]


SENT = (("7", "MINE/7", "S1"), ("7", "MINE/7", "S2"))


@pytest.mark.parametrize("kind_and_role", [("transformation", "in"), ("loss", None), ("stock", None), ("title", None)])
def test_a_bare_id_that_is_known_by_one_lot_on_its_way_alone_means_that_lot(
    kind_and_role: tuple[str, str | None],
) -> None:
    found = resolved((*kind_and_role, "7", "BUYER"), shipped=SENT)
    assert (found.names, found.ambiguous, found.assumed) == (["MINE/7"], [None], ["S1"])


def test_two_lots_of_that_id_on_their_way_are_ambiguous() -> None:
    found = resolved(SHIP, shipped=(*SENT, ("7", "PIT/7", "S9")))
    assert (found.names, found.ambiguous, found.assumed) == (["ACME/7"], [("MINE/7", "PIT/7")], [None])


@pytest.mark.parametrize(
    ("known", "name"),
    [
        ({"made": ("7",)}, "ACME/7"),
        ({"received": (("7", "PIT/7", "PIT", 0),)}, "PIT/7"),
        ({"labels": (("7", "DEEP/7", 5),)}, "DEEP/7"),
    ],
)
def test_what_is_on_its_way_comes_after_all_that_one_has_had(known: dict[str, Any], name: str) -> None:
    found = resolved(SHIP, shipped=SENT, **known)
    assert (found.names, found.ambiguous, found.assumed) == ([name], [None], [None])


def test_what_arrives_in_the_filing_itself_goes_before_what_is_on_its_way() -> None:
    found = resolved(("receipt", None, "7", "PIT"), SHIP, shipped=SENT)
    assert (found.names, found.assumed) == (["PIT/7", "PIT/7"], [None, None])


def test_who_makes_a_lot_of_that_id_makes_its_own() -> None:
    found = resolved(("origin", None, "7", None), ("loss", None, "7", None), shipped=SENT)
    assert (found.names, found.assumed) == (["ACME/7", "ACME/7"], [None, None])
