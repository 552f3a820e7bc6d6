"""The desk looks up what a declaration names: a lot, its earlier versions, what it was made of, and earlier exports."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
from tests.desk import Desk, organisation, send_feed, site

from lodeline.control.declaration import read_fields
from lodeline.control.rulebook import LawDay
from lodeline.ledger.register import TABLES
from lodeline.regulation.parameter import load
from lodeline.service.customs.desk import Ledger, answer
from lodeline.service.customs.papers import put_question
from lodeline.service.customs.records import records_of
from lodeline.service.entries.records import put_records
from lodeline.service.parties.lists import load_list
from lodeline.service.parties.owners import owners_behind
from lodeline.store.snapshot_opening import open_snapshot

TODAY = date(2025, 9, 1)
LINE = {
    "line": "1", "on": "2025-07-04", "exporter": "MAG", "product_name": "NdFeB magnets", "hs_code": "8505111000",
    "controlled_declared": "no", "destination": "DE", "end_user_name": "Abroad Magnets", "mass_kg": "60",
    "composition": "Nd=24.1;Pr=6.02;Fe=67.5;B=0.98", "value": "2700", "currency": "USD", "lot": "MAG/M1",
}  # fmt: skip
PLAIN = "Nd=24.1;Pr=6.02;Fe=67.5;B=0.98"


@pytest.fixture
def desk(url: str) -> Desk:
    """Metal with dysprosium (lot DY) and without (lot ND) became magnets M1 whose filing does not say so, in June."""
    made = Desk(url)
    made.register(
        organisations=[
            organisation("MAG", roles="magnet-maker|exporter"), organisation("OTHER", roles="trader"),
            organisation("ABROAD", roles="end-user", country="DE", aliases=["Abroad Magnets"]),
        ],
        sites=[site("mag", "MAG"), site("other", "OTHER")],
    )  # fmt: skip
    made.rows(
        "MAG", "2025-06",
        "O1 origin 2 mag ND 995 product=metal:Nd origin_kind=opening composition=Nd=30;Pr=7;Fe=60",
        "O2 origin 2 mag DY 15 product=metal:Dy origin_kind=opening composition=Dy=99",
        "T1 transformation 9 mag ND 995 role=in", "T1 transformation 9 mag DY 15 role=in",
        f"T1 transformation 9 mag M1 1000 role=out product=magnet-ndfeb composition={PLAIN}",
        *(
            f"X{day} export {day} mag M1 60 product=magnet-ndfeb counterparty=ABROAD counterparty_country=DE"
            " destination=DE" for day in (12, 19, 26)
        ),
    )  # fmt: skip
    return made


def asked(desk: Desk, asker: str | None = None, **changes: str) -> dict[str, Any]:
    """The one line of the answer."""
    document = answer(
        read_fields(LINE | changes),
        LawDay.of(load("cn"), TODAY),
        Ledger(snapshot=open_snapshot(desk.store), store=desk.store, asker=asker),
    )
    return document["lines"][0]  # type: ignore[no-any-return]


def codes(line: dict[str, Any]) -> set[str]:
    return {one["code"] for one in line["reasons"]}


def test_dysprosium_that_went_into_the_lot_is_asked_about(desk: Desk) -> None:
    line = asked(desk)
    assert line["verdict"] == "query"
    assert "history.fed-with" in codes(line)
    assert "test-report" in line["documents"]


def test_a_composition_that_a_correction_took_out_is_remembered(desk: Desk) -> None:
    first = desk.rows(
        "MAG", "2025-05", "O5 origin 5 mag M2 100 product=magnet-ndfeb origin_kind=opening composition=Nd=29;Dy=1.5"
    )
    assert asked(desk, lot="M2", composition="")["verdict"] == "hold"
    desk.rows(
        "MAG", "2025-05", "O5 origin 5 mag M2 100 product=magnet-ndfeb origin_kind=opening composition=Nd=29",
        corrects=first,
    )  # fmt: skip
    line = asked(desk, lot="M2", composition="")
    assert {"history.restated", "content.from-record"} <= codes(line)
    assert str(first) in str(next(one["text"] for one in line["reasons"] if one["code"] == "history.restated"))


def test_a_lot_of_an_extended_month_is_not_due_yet_and_a_firm_is_told_of_no_extension_of_another(desk: Desk) -> None:
    def told(lot: str, asker: str | None = None) -> set[str]:
        return codes(asked(desk, asker, lot=lot)) & {"history.lot-unknown", "history.not-due-yet"}

    assert told("OTHER/L1") == {"history.lot-unknown"}
    row = {"id": "x", "period": LINE["on"][:7], "until": TODAY, "reason": "outage", "organisations": ["OTHER"]}
    extended = pl.DataFrame([row], schema=TABLES["extensions"])
    put_records(desk.store, {"extensions": extended}, filed_at=datetime(2025, 8, 20, tzinfo=UTC))
    assert told("OTHER/L1") == {"history.not-due-yet"}
    assert told("MAG/L1") == told("L1") == told("OTHER/L1", "MAG") == {"history.lot-unknown"}


def test_earlier_exports_count_until_they_are_corrected_away(desk: Desk) -> None:
    assert "pattern.repeats" in codes(asked(desk))
    assert "pattern.repeats" not in codes(asked(desk, end_user_name="Somebody Else"))


CUSTOMS = """declaration,line,on,exporter,product_name,hs_code,destination,end_user_name,mass_kg,direction,status
{number},1,{day},MAG,NdFeB magnets,8505111000,DE,New Buyer GmbH,60,export,released
"""


def test_what_customs_sent_and_what_the_desk_was_asked_are_the_exporter_s_past_too(desk: Desk) -> None:
    """Rows are filed up to forty days later: three small consignments of this week are no less than a habit."""
    new = {"end_user_name": "New Buyer GmbH", "declaration": "D-9"}
    assert "pattern.repeats" not in codes(asked(desk, **new))
    at = datetime(2025, 7, 3, tzinfo=UTC)
    for day in (1, 2):
        text = CUSTOMS.format(number=f"D-{day}", day=f"2025-07-0{day}")
        send_feed(desk.store, text, f"2025-07-{day}.csv", filed_at=at)
    assert "pattern.repeats" not in codes(asked(desk, **new))
    for number in ("D-2", "D-3"):  # customs have sent the former: it is one consignment
        line = read_fields(LINE | new | {"declaration": number, "on": "2025-07-03"})
        found = answer(line, LawDay.of(load("cn"), TODAY), Ledger(snapshot=open_snapshot(desk.store), store=desk.store))
        put_question(desk.store, line, found, by="officer-1", channel="desk", filed_at=at)
    repeats = next(one for one in asked(desk, **new)["reasons"] if one["code"] == "pattern.repeats")
    assert repeats["facts"]["count"] == "4"
    # A firm that asks beforehand sees its own questions alone.
    assert "pattern.repeats" not in codes(asked(desk, "MAG", **new))


def owned(desk: Desk, *stakes: tuple[str, str, str]) -> None:
    """Registers SISTER, whose name no export has, and who holds how much per cent of whom."""
    desk.register(
        organisations=[organisation("SISTER", roles="end-user", country="DE", aliases=["Sister Motors"]),
                       organisation("HOLD", roles="end-user", country="DE", aliases=["Top Holding"])],
        ownership=[
            {"owner": owner, "owned": firm, "share_pct": share, "valid_from": None, "valid_to": None, "source": None}
            for owner, firm, share in stakes
        ],
    )  # fmt: skip


def test_a_sister_of_an_earlier_buyer_is_one_beneficial_owner_with_it(desk: Desk) -> None:
    assert "pattern.repeats" not in codes(asked(desk, end_user_name="Sister Motors"))
    owned(desk, ("HOLD", "ABROAD", "80"), ("HOLD", "SISTER", "50"))
    for name in ("Sister Motors", "SISTER MOTORS", "Top Holding", "Abroad Magnets"):
        assert "pattern.repeats" in codes(asked(desk, end_user_name=name)), name
    assert "pattern.repeats" not in codes(asked(desk, end_user_name="Somebody Else"))
    # It is an end user of its own all the same, and an exporter does not learn who owns whom.
    snapshot = open_snapshot(desk.store)
    records = records_of(
        read_fields(LINE | {"end_user_name": "Sister Motors"}), snapshot, store=desk.store,
        owners=owners_behind(snapshot.register, [], day=TODAY),
    )  # fmt: skip
    assert (records.owner("Sister Motors"), records.user("Sister Motors")) == ("@HOLD", "@SISTER")
    assert (records.trades or {})["MAG"].owners[0] == "@HOLD" and (records.trades or {})["MAG"].end_users[
        0
    ] == "@ABROAD"
    assert "pattern.repeats" not in codes(asked(desk, asker="MAG", end_user_name="Sister Motors"))


def test_less_than_half_or_half_each_is_nobody_s(desk: Desk) -> None:
    owned(desk, ("HOLD", "ABROAD", "49"), ("HOLD", "SISTER", "50"), ("OTHER", "SISTER", "50"))
    assert "pattern.repeats" not in codes(asked(desk, end_user_name="Sister Motors"))


def test_a_list_says_who_owns_whom_as_well(desk: Desk) -> None:
    text = (
        "id,names,country,listed,owners\nx1,Shadow Holding,DE,yes,\nx2,Abroad Magnets,DE,no,x1=60\n"
        "x3,Sister Motors,DE,no,x1=60\n"
    )
    entry, read = load_list(
        desk.store, text.encode(), name="own", file="own.csv", filed_at=datetime(2025, 9, 1, tzinfo=UTC), by="x"
    )
    assert entry, [one.message("en") for one in read.problems]
    assert "pattern.repeats" in codes(asked(desk, end_user_name="Sister Motors"))


def test_a_firm_that_asks_about_another_s_lot_learns_nothing_of_it(desk: Desk) -> None:
    own, other = asked(desk, asker="MAG"), asked(desk, asker="OTHER", exporter="OTHER")
    assert "history.fed-with" in codes(own)
    assert codes(other) & {"history.fed-with", "history.agrees", "pattern.repeats"} == set()
    # As if there were no such lot: whether there is one is not told.
    assert "history.lot-unknown" in codes(other)
    assert "history.lot-unknown" in codes(asked(desk, asker="OTHER", exporter="OTHER", lot="MAG/NO-SUCH"))
