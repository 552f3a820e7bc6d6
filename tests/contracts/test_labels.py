"""Labels and aliases: goods passed on close without a difference, whoever files first and whenever a name is given."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.contracts.conftest import Backup
from tests.desk import LAW, Desk, amounts, codes

from lodeline.journal.verify import verify_receipt
from lodeline.service.entries.receipts import receipt
from lodeline.service.filing.transfers import transfers
from lodeline.service.firm.organisation_view import OrganisationView
from lodeline.service.log.audit import rebuild_differences, verify
from lodeline.service.lots.aliases import AliasError, give_alias, paper
from lodeline.service.lots.flow import origins, trace
from lodeline.store.queries.lots import alias_history
from lodeline.store.snapshot_opening import open_snapshot

pytestmark = pytest.mark.medium

NOW = datetime(2025, 8, 1, tzinfo=UTC)
CONCENTRATE = "product=concentrate composition=Nd=12;Pr=4;TREO=60 origin_kind=mined origin_place=P"
MINED = ("MINE", f"O origin 2 mine 7 1000 {CONCENTRATE}", "S shipment 3 mine 7 500 counterparty=TRADE")
TRADED = ("TRADE", "R receipt 4 trade 7 500 counterparty=MINE", "S shipment 5 trade 7 400 counterparty=MAG")
BOUGHT = ("MAG", "R receipt 6 mag 7 400 counterparty=TRADE")
#: A step is rows that somebody files, or an alias: (who, lot, alias).
Step = tuple[str, ...]


def take(desk: Desk, step: Step) -> list[str]:
    """Files the rows, or gives the alias; the codes of what was flagged."""
    who, *rest = step
    if rest[0] == "alias":
        name(desk, who, rest[1], rest[2])
        return []
    told = desk.try_rows(who, "2025-06", *rest)
    assert told.entry is not None, codes(told)
    return codes(told)


def name(desk: Desk, who: str, lot: str, alias: str) -> int:
    number = desk.store.books.lot_ids([lot])[lot]
    return give_alias(desk.store, who, lot=number, alias=alias, filed_at=NOW).index


def causes(desk: Desk) -> dict[tuple[str, str], tuple[str, str | None]]:
    """(shipper, its event) → (state, cause)."""
    rows = transfers(open_snapshot(desk.store), LAW)["rows"]
    return {(row["shipper"], row["shipment_event"]): (row["state"], row["cause"]) for row in rows}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (0, 2, 1), (1, 2, 0)])
def test_goods_that_were_passed_on_close_without_a_difference(desk: Desk, order: Sequence[int]) -> None:
    flags = {step[0]: take(desk, step) for step in ([MINED, TRADED, BOUGHT][place] for place in order)}
    assert causes(desk) == {("MINE", "S"): ("matched", None), ("TRADE", "S"): ("matched", None)}
    in_order = order.index(0) < order.index(1) < order.index(2)
    assert flags["MAG"] == ([] if in_order else ["lot.awaiting-maker"])
    snapshot = open_snapshot(desk.store)
    (row,) = origins(snapshot, "TRADE/7")["rows"]
    assert (row["lot"], row["shares"]["Nd"]) == ("MINE/7", 1)
    assert {node["lot"] for node in trace(snapshot, "MINE/7", forward=True)["nodes"]} == {"MINE/7", "TRADE/7"}
    (balance,) = snapshot.lot_facts.filter(snapshot.lot_facts["lot"] == number_of(desk, "TRADE/7")).to_dicts()
    assert (balance["product"], balance["made"]) == ("concentrate", False)


def number_of(desk: Desk, lot: str) -> int:
    return desk.store.books.lot_ids([lot])[lot]


def test_a_label_of_two_lots_is_flagged_and_an_alias_or_the_makers_name_cures_it(desk: Desk) -> None:
    take(desk, MINED)
    take(desk, ("SEP", "O origin 2 sep 7 90 product=oxide composition=Nd=80 origin_kind=opening",
                "S shipment 3 sep 7 90 counterparty=TRADE"))  # fmt: skip
    take(
        desk,
        (
            "TRADE",
            "R receipt 4 trade 7 500 counterparty=MINE",
            "Q receipt 4 trade 7 90 counterparty=SEP",
            "S shipment 5 trade MINE/7 400 counterparty=MAG",
            "T shipment 5 trade SEP/7 90 counterparty=MAG",
        ),
    )
    first = desk.try_rows("MAG", "2025-06", "R receipt 6 mag 7 400 counterparty=TRADE")
    assert codes(first) == ["lot.awaiting-maker", "transfer.label-ambiguous"]
    (flag,) = [found for found in first.problems if found.code == "transfer.label-ambiguous"]
    assert "MINE" not in flag.message("en"), "who made it is the shipper's business"
    assert first.entry is not None
    assert origins(open_snapshot(desk.store), "TRADE/7")["rows"] == [], "of two lots, neither is taken for the other"
    name(desk, "TRADE", "MINE/7", "A-1")
    name(desk, "TRADE", "SEP/7", "A-2")
    fixed = desk.try_rows("MAG", "2025-06", "R receipt 6 mag A-1 400 counterparty=TRADE",
                          "R2 receipt 6 mag A-2 90 counterparty=TRADE", corrects=first.entry.index)  # fmt: skip
    assert codes(fixed) == []
    assert causes(desk)["TRADE", "S"] == causes(desk)["TRADE", "T"] == ("matched", None)
    (found,) = origins(open_snapshot(desk.store), "TRADE/A-2")["rows"]
    assert found["lot"] == "SEP/7"
    assert fixed.entry is not None
    desk.rows("MAG", "2025-06", "R receipt 6 mag MINE/7 400 counterparty=TRADE", corrects=fixed.entry.index)
    assert causes(desk)["TRADE", "S"] == ("matched", None)


def test_a_lot_that_the_trader_makes_later_under_that_number_is_told_apart(desk: Desk) -> None:
    for step in (MINED, TRADED, BOUGHT):
        take(desk, step)
    made = desk.try_rows("TRADE", "2025-07", "O origin 9 trade 7 5 product=oxide composition=Nd=80 origin_kind=opening")
    assert made.entry is not None
    assert causes(desk)["TRADE", "S"] == ("matched", "lot-differs")
    desk.rows("TRADE", "2025-07", "O void", corrects=made.entry.index)
    assert causes(desk)["TRADE", "S"] == ("matched", None)


STEPS: tuple[Step, ...] = (
    ("MINE", f"O origin 2 mine 7 1000 {CONCENTRATE}", f"P origin 2 mine 8 50 {CONCENTRATE}",
     "S shipment 3 mine 7 500 counterparty=TRADE", "T shipment 3 mine 8 50 counterparty=SEP"),
    ("MINE", "alias", "MINE/8", "M-8"),
    ("TRADE", "R receipt 4 trade 7 500 counterparty=MINE", "S shipment 5 trade MINE/7 400 counterparty=MAG",
     "T shipment 5 trade MINE/7 90 counterparty=SEP"),
    ("TRADE", "alias", "MINE/7", "T-1"),
    ("TRADE", "alias", "MINE/7", "T-2"),
    ("MAG", "R receipt 6 mag T-1 400 counterparty=TRADE reference=S", "T transformation 8 mag T-1 400 role=in",
     "T transformation 8 mag X 100 role=out product=metal:Nd composition=Nd=99 reason=recipe"),
    ("SEP", "R receipt 6 sep T-2 90 counterparty=TRADE", "Q receipt 6 sep M-8 50 counterparty=MINE",
     "U shipment 8 sep M-8 20 counterparty=MAG"),
    ("MAG", "V receipt 9 mag M-8 20 counterparty=SEP"),
)  # fmt: skip


def interleaved(chance: random.Random) -> list[Step]:
    """The steps in some order; nobody can name a lot of which nobody has filed yet, nor a second time first."""
    turns = list(STEPS)
    chance.shuffle(turns)
    done: list[Step] = []
    while turns:
        for step in turns:
            maker = next(one for one in STEPS if one[0] == step[0] and one[1] != "alias")
            names = [one for one in STEPS if one[:2] == step[:2]] if step[1] == "alias" else []
            if step[1] != "alias" or (maker in done and all(one in done for one in names[: names.index(step)])):
                done.append(step)
                turns.remove(step)
                break
    return done


@pytest.mark.parametrize("seed", range(6))
def test_when_a_name_is_given_makes_no_difference(own: Desk, seed: int) -> None:
    for step in interleaved(random.Random(seed)):
        take(own, step)
        assert rebuild_differences(own.store) == []
    assert set(causes(own).values()) == {("matched", None)}
    snapshot = open_snapshot(own.store)
    assert {row["lot"] for row in origins(snapshot, "MAG/X")["rows"]} == {"MINE/7"}
    assert {row["lot"] for row in origins(snapshot, "SEP/M-8")["rows"]} == {"MINE/8"}
    held = {account: mass for account, mass in own.held_kg().items() if mass[0]}
    assert held == {
        ("MINE/7", "mine", "MINE"): (500, 0), ("MINE/7", "trade", "TRADE"): (10, 0),
        ("TRADE/T-2", "sep", "SEP"): (90, 0),
        ("MINE/M-8", "sep", "SEP"): (30, 0), ("SEP/M-8", "mag", "MAG"): (20, 0), ("MAG/X", "mag", "MAG"): (100, 0),
    }  # fmt: skip
    assert len(amounts(own.store)["transfer"]) == 5


def test_an_alias_is_given_once_and_never_again_to_another(desk: Desk) -> None:
    take(desk, MINED)
    desk.rows("MINE", "2025-07", f"O8 origin 2 mine 8 1 {CONCENTRATE}")
    given = name(desk, "MINE", "MINE/7", "A")
    assert name(desk, "MINE", "MINE/7", "A") == given, "the same again is the same entry"
    second = name(desk, "MINE", "MINE/7", "B")
    for lot, alias in (("MINE/8", "A"), ("MINE/8", "B"), ("MINE/7", "A"), ("MINE/7", "8"), ("MINE/8", "8")):
        with pytest.raises(AliasError):
            name(desk, "MINE", lot, alias)
    for alias in ("", "a b", "MINE/9", "urn:x", "x" * 65, "批"):
        with pytest.raises(AliasError, match="1 to 64"):
            name(desk, "MINE", "MINE/8", alias)
    assert alias_history(desk.store, number_of(desk, "MINE/7"))["alias", "entry"].rows() == [
        ("A", given),
        ("B", second),
    ]
    take(desk, TRADED)
    assert name(desk, "TRADE", "MINE/7", "A") == desk.store.head().size - 1, "another's names are his own"


def test_the_entry_shows_nothing_and_its_receipt_opens_it(desk: Desk) -> None:
    take(desk, MINED)
    entry = desk.store.entry(name(desk, "MINE", "MINE/7", "HIDDEN-1"))
    assert entry is not None
    assert not {"MINE", "HIDDEN-1"} & set(entry.envelope.split('"')), entry.envelope
    shown = receipt(desk.store, entry.index)
    assert shown is not None
    content = paper("MINE", "MINE/7", "HIDDEN-1")
    assert verify_receipt(shown, desk.store.signer.verifier.vkey, upload=content) == []
    assert verify_receipt(shown, desk.store.signer.verifier.vkey, upload=content + b" ") != []


def test_a_name_that_was_changed_behind_the_guards_is_found(ledger: Desk) -> None:
    take(ledger, MINED)
    entry = name(ledger, "MINE", "MINE/7", "A")
    database = ledger.store.database
    trigger = "alias_no_update" if database.is_sqlite else "alias_no_change"
    database.execute(f"DROP TRIGGER {trigger}" + ("" if database.is_sqlite else " ON alias"))
    database.execute("UPDATE alias SET alias = 'B'")
    faults = {(fault.entry, fault.what) for fault in verify(ledger.store).faults}
    assert (entry, "alias.changed") in faults


def test_names_outlive_a_backup_of_the_store(own: Desk, back_up: Any) -> None:
    take(own, MINED)
    name(own, "MINE", "MINE/7", "A")
    kept: Backup = back_up(own)
    again = kept.restore(own)
    assert again.store.books.all_aliases().rows() == [("MINE", number_of(again, "MINE/7"), "A")]
    own.store = again.store


def test_a_buyer_knows_a_lot_by_the_alias_alone(desk: Desk) -> None:
    take(desk, MINED)
    take(desk, ("TRADE", "R receipt 4 trade 7 500 counterparty=MINE"))
    before = desk.store.books.lot_ids(["MINE/7"])["MINE/7"]
    name(desk, "TRADE", "MINE/7", "T-1")
    take(desk, ("TRADE", "S shipment 5 trade MINE/7 400 counterparty=MAG"))
    mag, trade = (OrganisationView(desk.store, LAW, who) for who in ("MAG", "TRADE"))
    (waiting,) = mag.transfers(NOW, waiting=True).to_dicts()
    assert (waiting["called"], waiting["local"]) == ("TRADE/T-1", "T-1")
    assert mag.lot_of("TRADE/T-1") == before
    assert mag.lot_of("MINE/7") is None and mag.lot_of("TRADE/7") is None, "to guess the id tells nothing"
    take(desk, ("MAG", "R receipt 6 mag T-1 400 counterparty=TRADE"))
    name(desk, "TRADE", "MINE/7", "T-2")
    (closed,) = OrganisationView(desk.store, LAW, "MAG").transfers(NOW).to_dicts()
    assert (closed["called"], closed["standing"], closed["lot"]) == (
        "TRADE/T-1",
        "closed",
        number_of(desk, "TRADE/T-1"),
    )
    history_ = OrganisationView(desk.store, LAW, "MAG").lot_history(number_of(desk, "TRADE/T-1"))
    assert history_.select("own", "kind").rows() == [(False, "shipment"), (True, "receipt")]
    (out,) = trade.transfers(NOW).filter(trade.transfers(NOW)["receiver"] == "MAG").to_dicts()
    assert out["called"] == "MINE/7"
    assert trade.lots().filter(trade.lots()["called"] == "MINE/7")["alias"].to_list() == ["T-2"]


def test_what_is_said_of_a_difference_names_the_alias(desk: Desk) -> None:
    take(desk, MINED)
    take(desk, ("TRADE", "R receipt 4 trade 7 500 counterparty=MINE", "S shipment 5 trade 7 400 counterparty=MAG"))
    name(desk, "TRADE", "MINE/7", "T-1")
    told = desk.try_rows("MAG", "2025-06", "R receipt 6 mag other 400 counterparty=TRADE reference=S")
    (flag,) = [found for found in told.problems if found.code == "transfer.lot-differs"]
    assert flag.facts == {"shipped_lot": "TRADE/T-1", "received_lot": "TRADE/other"}


def test_a_holder_files_its_alias_as_it_would_the_lots_name(desk: Desk) -> None:
    take(desk, MINED)
    take(desk, ("TRADE", "R receipt 4 trade 7 500 counterparty=MINE"))
    name(desk, "TRADE", "MINE/7", "T-1")
    assert take(desk, ("TRADE", "S shipment 5 trade T-1 400 counterparty=MAG", "C stock 6 trade TRADE/T-1 100")) == []
    assert take(desk, ("MAG", "R receipt 6 mag T-1 400 counterparty=TRADE", "L loss 7 mag TRADE/T-1 1 reason=x")) == []
    assert causes(desk)["TRADE", "S"] == ("matched", None)
    assert desk.held_kg()["MINE/7", "trade", "TRADE"] == (100, 0)
    assert desk.held_kg()["TRADE/T-1", "mag", "MAG"] == (399, 0)
    assert rebuild_differences(desk.store) == []


def test_an_alias_that_is_also_a_lot_which_is_held_must_be_said_which(desk: Desk) -> None:
    take(desk, MINED)
    take(desk, ("TRADE", "R receipt 4 trade 7 500 counterparty=MINE"))
    name(desk, "TRADE", "MINE/7", "T-1")
    take(desk, ("SEP", f"O origin 2 sep T-1 9 {CONCENTRATE}", "S shipment 3 sep T-1 9 counterparty=TRADE"))
    take(desk, ("TRADE", "Q receipt 4 trade T-1 9 counterparty=SEP"))
    refused = desk.try_rows("TRADE", "2025-06", "L loss 7 trade T-1 1 reason=x")
    (found,) = [one for one in refused.problems if one.severity == "reject"]
    assert (found.code, found.where.row, found.where.column) == ("lot.ambiguous", 2, "lot")
    assert found.facts == {"lot": "T-1", "candidates": "MINE/7, SEP/T-1"}
    take(desk, ("TRADE", "L loss 7 trade TRADE/T-1 1 reason=x"))
    assert desk.held_kg()["MINE/7", "trade", "TRADE"] == (499, 0)


def test_a_lot_bought_by_title_goes_by_the_sellers_alias_and_is_shipped_on_under_it(own: Desk) -> None:
    """MINE's 7 lies at TRADE, who sells some of it as T-1 to MAG; MAG ships that to SEP, which knows neither."""
    take(own, MINED)
    take(own, ("TRADE", "R receipt 4 trade 7 500 counterparty=MINE"))
    name(own, "TRADE", "MINE/7", "T-1")
    take(own, ("TRADE", "T title 5 - T-1 300 counterparty=MAG"))
    refused = own.try_rows("MAG", "2025-06", "Q title 7 - 7 10 counterparty=SEP")
    assert codes(refused) == ["lot.unknown"], "the id is not the buyer's to know"
    take(own, ("MAG", "Q title 7 - T-1 300 counterparty=SEP"))
    for who, called in (("MAG", "TRADE/T-1"), ("SEP", "MAG/T-1")):
        assert OrganisationView(own.store, LAW, who).lot_naming.lot_name("MINE/7", "MINE", "7") == called
        assert OrganisationView(own.store, LAW, who).lot_of("MINE/7") is None
    assert OrganisationView(own.store, LAW, "MINE").lot_naming.lot_name("MINE/7", "MINE", "7") == "MINE/7"
    assert rebuild_differences(own.store) == []
    own.rows("MAG", "2025-06", f"O origin 2 mag Z 9 {CONCENTRATE}")
    with pytest.raises(AliasError, match="used the alias"):
        name(own, "MAG", "MAG/Z", "T-1")


def test_what_was_bought_by_title_closes_under_the_alias_that_it_is_shipped_under(own: Desk) -> None:
    take(own, MINED)
    take(own, ("TRADE", "R receipt 4 trade 7 500 counterparty=MINE"))
    name(own, "TRADE", "MINE/7", "T-1")
    steps = [
        ("TRADE", "T title 5 - T-1 300 counterparty=MAG"),
        ("MAG", "S shipment 8 mag T-1 300 counterparty=SEP reason=direct"),
        ("SEP", "R receipt 9 sep T-1 300 counterparty=MAG"),
    ]
    for step in steps:
        take(own, step)
        assert rebuild_differences(own.store) == []
    assert causes(own)["MAG", "S"] == ("matched", None)
    assert own.held_kg()["MAG/T-1", "sep", "SEP"] == (300, 0)
