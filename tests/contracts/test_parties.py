"""Whom filed names mean: decided by entries of the log, and followed by all that rests on it; what was filed stays."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.desk import Desk, assert_sound, organisation, send_feed

from lodeline.ledger.register import TABLES
from lodeline.party.identifier import Identifier
from lodeline.party.screening import Screener
from lodeline.service.entries.records import put_records
from lodeline.service.parties import parties
from lodeline.service.parties.index import known_parties, screener_of
from lodeline.service.parties.lists import files_of, load_list, newest
from lodeline.service.parties.parties import Decision, PartyError, Proposal
from lodeline.store.opening import open_store
from lodeline.store.snapshot import Snapshot
from lodeline.store.snapshot_opening import open_snapshot, open_snapshot_as_of
from lodeline.store.store import Store

pytestmark = pytest.mark.medium

NOW, DAY = datetime(2025, 8, 1, 2, tzinfo=UTC), date(2025, 8, 1)
USCC = "uscc:91999999FCT000001P"


def sold(desk: Desk, *names: str) -> None:
    """MINE ships a lot of 10 kg to each of these names in June, and SEP receives the first of them."""
    header = "event,kind,on,site,lot,mass_kg,product,origin_kind,origin_place,composition,counterparty_name"
    text = [header]
    for number, name in enumerate(names, 1):
        made = f"O{number},origin,2025-06-01,mine,L{number},10,concentrate,mined,CN-PIT,Nd=20;Pr=5,"
        text += [made, f'S{number},shipment,2025-06-05,mine,L{number},10,,,,,"{name}"']
    desk.accept("MINE", "2025-06", "\n".join(text) + "\n")
    desk.rows("SEP", "2025-06", "R1 receipt 7 sep MINE/L1 10 counterparty=MINE reference=S1")


def receivers(desk: Desk) -> list[str]:
    found = desk.store.database.rows("SELECT receiver FROM transfer WHERE shipper = 'MINE'")
    return sorted(str(receiver) for (receiver,) in found)


def decide(desk: Desk, name: str, verdict: parties.Verdict, party: str = "", **more: Any) -> str | None:
    decision = Decision(name=name, verdict=verdict, party=party, reason="the contract names it", **more)
    return parties.decide(desk.store, decision, filed_at=NOW, by="analyst")[1]


def test_a_decided_name_pairs_the_transfer_and_taking_it_back_parts_it(desk: Desk) -> None:
    sold(desk, "Separating Works of the North")
    filed = desk.store.database.rows("SELECT party, counterparty_name FROM line WHERE kind = 'shipment'")
    (waiting,) = parties.unsettled(open_snapshot(desk.store)).to_dicts()
    assert (waiting["name"], waiting["by"], waiting["rows"]) == ("Separating Works of the North", ["MINE"], 1)
    apart = receivers(desk)
    assert decide(desk, "Separating Works of the North", "same", "SEP") == "SEP"
    assert receivers(desk) == ["SEP"]
    snapshot = open_snapshot(desk.store)
    assert parties.unsettled(snapshot).is_empty()
    assert snapshot.transfers["receiver"].to_list() == ["SEP"]
    assert_sound(desk.store)
    decide(desk, "Separating Works of the North", "open")
    assert receivers(desk) == apart
    assert parties.unsettled(open_snapshot(desk.store)).height == 1
    assert_sound(desk.store)
    assert desk.store.database.rows("SELECT party, counterparty_name FROM line WHERE kind = 'shipment'") == filed


def test_what_was_known_at_an_entry_stays_what_it_was(desk: Desk) -> None:
    sold(desk, "Separating Works of the North")
    before = desk.store.head().size - 1
    decide(desk, "Separating Works of the North", "same", "SEP")
    assert parties.unsettled(open_snapshot_as_of(desk.store, before)).height == 1
    assert parties.unsettled(open_snapshot(desk.store)).is_empty()


def test_a_later_filing_is_meant_as_was_decided_before(desk: Desk) -> None:
    sold(desk, "Separating Works of the North")
    decide(desk, "Separating Works of the North", "same", "SEP")
    text = "event,kind,on,site,lot,mass_kg,product,origin_kind,origin_place,composition,counterparty_name\n"
    text += "O9,origin,2025-07-01,mine,L9,10,concentrate,mined,CN-PIT,Nd=20;Pr=5,\n"
    text += "S9,shipment,2025-07-05,mine,L9,10,,,,,Separating Works of the North\n"
    desk.accept("MINE", "2025-07", text)
    desk.rows("SEP", "2025-07", "R9 receipt 7 sep MINE/L9 10 counterparty=MINE reference=S9")
    assert receivers(desk) == ["SEP", "SEP"]
    assert_sound(desk.store)


def test_a_row_that_states_both_names_means_whom_the_register_has_by_either(desk: Desk) -> None:
    text = (
        "event,kind,on,site,lot,mass_kg,product,origin_kind,origin_place,composition,counterparty_name,对方另一名称\n"
    )
    text += "O9,origin,2025-07-01,mine,L9,10,concentrate,mined,CN-PIT,Nd=20;Pr=5,,\n"
    text += "S9,shipment,2025-07-05,mine,L9,10,,,,,北方分离厂,sep\n"
    desk.accept("MINE", "2025-07", text)
    assert receivers(desk) == ["SEP"]
    assert parties.unsettled(open_snapshot(desk.store)).is_empty()
    assert_sound(desk.store)


def test_a_party_that_is_made_with_both_names_is_meant_by_either(desk: Desk) -> None:
    sold(desk, "Rotor Works GmbH", "转子制造有限公司")
    made = decide(desk, "Rotor Works GmbH", "new", country="DE", other_name="转子制造有限公司")
    assert receivers(desk) == [made, made]
    with pytest.raises(PartyError, match="already"):
        decide(desk, "Rotorwerke GmbH", "new", other_name="转子制造有限公司")


def test_new_parties_merge_with_two_persons_and_split_again(desk: Desk) -> None:
    sold(desk, "Rotor Works GmbH", "Rotorwerke GmbH")
    one = decide(desk, "Rotor Works GmbH", "new", country="DE")
    other = decide(desk, "Rotorwerke GmbH", "new", country="DE")
    assert one and other and one != other
    wanted = Proposal(kind="merge", party=other, into=one, reason="one commercial register number")
    _, proposal = parties.propose(desk.store, wanted, filed_at=NOW, by="analyst")
    with pytest.raises(PartyError, match="Another person"):
        parties.settle(desk.store, proposal, accept=True, filed_at=NOW, by="analyst")
    assert set(receivers(desk)) == {one, other}
    parties.settle(desk.store, proposal, accept=True, filed_at=NOW, by="registrar")
    assert receivers(desk) == [one, one]
    assert_sound(desk.store)
    undone = Proposal(kind="split", party=other, reason="two numbers after all")
    _, again = parties.propose(desk.store, undone, filed_at=NOW, by="registrar")
    parties.settle(desk.store, again, accept=True, filed_at=NOW, by="analyst")
    assert set(receivers(desk)) == {one, other}
    assert_sound(desk.store)
    told = parties.history(desk.store, other)
    assert [(row["table"], row["by"]) for row in told if row["table"] == "parties"] == [
        ("parties", "analyst"), ("parties", "registrar"), ("parties", "analyst"),
    ]  # fmt: skip


def test_names_of_a_party_become_another_party(desk: Desk) -> None:
    sold(desk, "Rotor Works GmbH", "Rotor Works Trading GmbH")
    one = decide(desk, "Rotor Works GmbH", "new", country="DE")
    decide(desk, "Rotor Works Trading GmbH", "same", str(one))
    wanted = Proposal(kind="split", party=str(one), names=["Rotor Works Trading GmbH"], reason="its daughter")
    _, proposal = parties.propose(desk.store, wanted, filed_at=NOW, by="analyst")
    parties.settle(desk.store, proposal, accept=True, filed_at=NOW, by="registrar")
    assert len(set(receivers(desk))) == 2 and str(one) in receivers(desk)
    assert_sound(desk.store)


def test_a_refused_proposal_changes_nothing(desk: Desk) -> None:
    sold(desk, "Rotor Works GmbH", "Rotorwerke GmbH")
    one, other = (str(decide(desk, name, "new")) for name in ("Rotor Works GmbH", "Rotorwerke GmbH"))
    _, proposal = parties.propose(
        desk.store, Proposal(kind="merge", party=other, into=one, reason="alike"), filed_at=NOW, by="a"
    )
    parties.settle(desk.store, proposal, accept=False, filed_at=NOW, by="b")
    assert set(receivers(desk)) == {one, other}
    with pytest.raises(PartyError, match="no such proposal"):
        parties.settle(desk.store, proposal, accept=True, filed_at=NOW, by="b")


def test_who_files_for_itself_is_not_merged_away(desk: Desk) -> None:
    desk.rows("MINE", "2025-06")
    wanted = Proposal(kind="merge", party="MINE", into="SEP", reason="bought")
    with pytest.raises(PartyError, match="succession"):
        parties.propose(desk.store, wanted, filed_at=NOW, by="analyst")


def test_names_that_need_no_person_are_settled_by_a_run_and_others_wait(desk: Desk) -> None:
    desk.register(
        organisations=[organisation("YS", name_zh="宁波韵升股份有限公司", name_en="Ningbo Yunsheng Co., Ltd.")]
    )
    sold(desk, "NINGBO YUNSHENG CO LTD", "Ningbo Yusheng Co., Ltd.", "Ningbo Yun\u200bsheng Co., Ltd.")
    done = parties.settle_names(desk.store, open_snapshot(desk.store), day=DAY, filed_at=NOW)
    assert [(name, party) for name, party, _ in done.names] == [("NINGBO YUNSHENG CO LTD", "YS")]
    # Another syllable is another firm, and what deceives the eye is looked at.
    assert done.waiting == 2
    assert "YS" in receivers(desk)
    assert_sound(desk.store)
    decide(desk, "NINGBO YUNSHENG CO LTD", "open")
    again = parties.settle_names(desk.store, open_snapshot(desk.store), day=DAY, filed_at=NOW)
    assert (again.names, again.waiting) == ((), 3), "what a person has left open stays open"


INVOICES = "number,kind,on,seller,seller_name,buyer,buyer_name,product_name,mass_kg,value,currency\n"


def test_a_name_beside_a_number_is_recorded_with_its_paper_and_can_be_split_off(desk: Desk) -> None:
    number = USCC.removeprefix("uscc:")
    desk.register(organisations=[organisation("YS", name_zh="宁波韵升股份有限公司", uscc=number)])
    # No comparison of two texts can know this one.
    called = "Innovative Magnet Partners Ltd"
    sold(desk, called)
    send_feed(
        desk.store, INVOICES + f'001,special,2025-07-04,MINE,,{number},"{called}",oxide,1000,4000.5,CNY\n',
        "2025-07.csv", filed_at=NOW, authority="TAX", by="u1",
    )  # fmt: skip
    done = parties.settle_names(desk.store, open_snapshot(desk.store), day=DAY, filed_at=NOW)
    assert done.names == ((called, "YS", 1.0),) and done.waiting == 0
    assert "YS" in receivers(desk)
    assert_sound(desk.store)
    (told,) = parties.history(desk.store, called)
    assert (told["basis"], told["valid_from"]) == ("evidence", "2025-07-04")
    assert told["reason"].startswith(f"USCC {number} stands beside this name, invoice in entry ")
    assert told["reason"].endswith(f"号条目的发票中，USCC {number} 与此名称并列")
    wanted = Proposal(kind="split", party="YS", names=[called], reason="the number was mistyped")
    _, proposal = parties.propose(desk.store, wanted, filed_at=NOW, by="analyst")
    parties.settle(desk.store, proposal, accept=True, filed_at=NOW, by="registrar")
    assert "YS" not in receivers(desk)
    again = parties.settle_names(desk.store, open_snapshot(desk.store), day=DAY, filed_at=NOW)
    assert again.names == (), "what people have decided stands against the paper"


def test_where_no_name_is_left_to_look_for_no_index_of_names_is_made(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Snapshot] = []

    def index(store: Store, snapshot: Snapshot) -> Screener:
        made.append(snapshot)
        return screener_of(store, snapshot)

    monkeypatch.setattr(parties, "screener_of", index)
    desk.rows("MINE", "2025-06")
    done = parties.settle_names(desk.store, open_snapshot(desk.store), day=DAY, filed_at=NOW)
    assert (done.names, done.waiting, made) == ((), 0, [])
    sold(desk, "NINGBO YUNSHENG CO LTD")
    done = parties.settle_names(desk.store, open_snapshot(desk.store), day=DAY, filed_at=NOW)
    assert (done.waiting, len(made)) == (1, 1)


def test_what_papers_tie_to_two_parties_or_an_id_to_another_name_is_not_recorded(desk: Desk) -> None:
    number = USCC.removeprefix("uscc:")
    desk.register(
        organisations=[organisation("YS", name_zh="宁波韵升股份有限公司", uscc=number),
                       organisation("XT", name_zh="包头新塔有限公司", lei="5493001KJTIIGC8Y1R12")]
    )  # fmt: skip
    rows = [
        f'001,special,2025-07-04,MINE,,{number},"Two Towers Ltd",oxide,1,1,CNY',
        '002,special,2025-07-05,MINE,,5493001KJTIIGC8Y1R12,"Two Towers Ltd",oxide,1,1,CNY',
        # A number that its check digit refuses, an id beside another firm's name, letters that deceive the eye.
        f'003,special,2025-07-06,MINE,,{number[:-1]}0,"Third Ltd",oxide,1,1,CNY',
        '004,special,2025-07-07,MINE,,XT,"Bosch GmbH",oxide,1,1,CNY',
        f'005,special,2025-07-08,MINE,,{number},"Yun\u200bsheng",oxide,1,1,CNY',
        '006,special,2025-07-09,MINE,,XT,"Baotou Xinta Co., Ltd.",oxide,1,1,CNY',
    ]  # fmt: skip
    send_feed(desk.store, INVOICES + "\n".join(rows) + "\n", "a.csv", filed_at=NOW, authority="TAX", by="u1")
    done = parties.settle_names(desk.store, open_snapshot(desk.store), day=DAY, filed_at=NOW)
    assert done.names == (("Baotou Xinta Co., Ltd.", "XT", 1.0),)


def test_resolver_answers_by_decision_by_name_and_by_likeness(desk: Desk) -> None:
    desk.register(
        organisations=[organisation("YS", name_zh="宁波韵升股份有限公司", name_en="Ningbo Yunsheng Co., Ltd.")]
    )
    sold(desk, "Separating Works of the North")
    resolve = parties.resolver(desk.store, day=DAY)
    asked = (
        "宁波韵升股份有限公司",
        "寧波韻升股份有限公司",
        "ningbo yunsheng co ltd",
        "Separating Works of the North",
        " ",
    )
    assert [resolve(name) for name in asked] == ["YS", "YS", "YS", None, None]
    decide(desk, "Separating Works of the North", "same", "SEP")
    assert parties.resolver(desk.store, day=DAY)("Separating Works of the North") == "SEP"


def test_a_listed_owner_reaches_a_party_of_the_register_by_its_number_and_shares(desk: Desk) -> None:
    sold(desk, "Laputa Trading B.V.", "Nowhere Holding")
    daughter = decide(desk, "Laputa Trading B.V.", "new", country="NL")
    parent = parties.decide(
        desk.store,
        Decision(name="Nowhere Holding", verdict="new", reason="seen", identifiers=[USCC]),
        filed_at=NOW, by="analyst",
    )[1]  # fmt: skip
    content = "id,names,uscc,listed_from\nW-1,乌有乡控股有限公司," + USCC.partition(":")[2] + ",2025-04-09\n"
    entry, read = load_list(desk.store, content.encode(), name="watch", file="watch.csv", filed_at=NOW, by="analyst")
    assert entry is not None and read.accepted
    parties.own(
        desk.store, owner=str(parent), owned=str(daughter), share_pct="50", since=date(2025, 1, 1), until=None,
        source="its annual report", filed_at=NOW, by="analyst",
    )  # fmt: skip
    screener = screener_of(desk.store, open_snapshot(desk.store))
    assert [one.list for one in screener.standings(f"register:{parent}", day=DAY)] == ["watch"]
    assert screener.screen("Laputa Trading B.V.", day=DAY).verdict == "listed"
    assert screener.screen("Laputa Trading B.V.", day=date(2025, 4, 8)).verdict == "known"
    assert_sound(desk.store)


def test_a_list_is_loaded_whole_once_and_its_editions_stay(desk: Desk) -> None:
    content = b"id,names\nW-1,Nowhere Works\n"
    first, _ = load_list(desk.store, content, name="watch", file="watch.csv", filed_at=NOW, by="a")
    again, _ = load_list(desk.store, content, name="watch", file="watch.csv", filed_at=NOW, by="a")
    assert first is not None and again == first
    refused, read = load_list(desk.store, b"id,names\nW-1\n", name="watch", file="watch.csv", filed_at=NOW, by="a")
    assert refused is None and read.problems
    second, _ = load_list(desk.store, b"id,names\nW-2,A\nW-3,B\n", name="watch", file="watch.csv", filed_at=NOW, by="a")
    assert second is not None and len(newest(desk.store)["watch"].list.parties) == 2
    assert len(newest(desk.store, before=second.index)["watch"].list.parties) == 1


def test_a_list_that_is_said_to_be_something_else_is_another_edition(desk: Desk) -> None:
    def load(**said: Any) -> int:
        entry, _ = load_list(
            desk.store, b"id,names\nW-1,A\n", name="watch", file="watch.csv", filed_at=NOW, by="a", **said
        )  # fmt: skip
        assert entry is not None
        return entry.index

    first = load()
    assert load(measure="watched", scope="dual-use") > first
    (listing,) = newest(desk.store)["watch"].list.parties[0].listings
    assert (listing.measure, listing.scope) == ("watched", "dual-use")
    (held,) = screener_of(desk.store, open_snapshot(desk.store)).standings("watch:W-1", day=DAY)
    assert held.measure == "watched"
    assert files_of(desk.store)["watch"]["measure"] == "watched"
    assert load(measure="watched", scope="dual-use") == load(measure="watched", scope="dual-use")
    assert_sound(desk.store)


@pytest.mark.parametrize(
    ("decision", "told"),
    [
        (Decision(name="X", verdict="same", party="NOBODY", reason="r"), "no party"),
        (Decision(name="X", verdict="new"), "Say why"),
        (Decision(name="", verdict="new", reason="r"), "Give the name"),
        (Decision(name="X", verdict="new", reason="r", identifiers=["uscc:123"]), "no number"),
        (Decision(name="X" * 10_000, verdict="new", reason="r"), "at most"),
        (Decision(name="MINE", verdict="new", reason="r"), "id of a party"),
    ],
)
def test_what_cannot_be_decided_is_told(desk: Desk, decision: Decision, told: str) -> None:
    size = desk.store.head().size
    with pytest.raises(PartyError, match=told):
        parties.decide(desk.store, decision, filed_at=NOW, by="analyst")
    assert desk.store.head().size == size


def test_the_index_follows_what_is_decided(desk: Desk) -> None:
    sold(desk, "Rotor Works GmbH")
    screener = screener_of(desk.store, open_snapshot(desk.store))
    assert screener.screen("Rotor Works GmbH", day=DAY).verdict == "unknown"
    assert screener.screen("Rotor Works GmbH", day=DAY).hits[0].records[0].source == "filed"
    party = decide(desk, "Rotor Works GmbH", "new", identifiers=[USCC])
    after = screener_of(desk.store, open_snapshot(desk.store))
    assert after is screener
    found = after.screen("Rotor Works GmbH", day=DAY)
    assert (found.verdict, found.hits[0].records[0].id) == ("known", party)
    by_number = after.screen("?", day=DAY, identifiers=[Identifier("uscc", USCC.partition(":")[2])])
    assert by_number.hits[0].records[0].id == party


def test_every_table_of_parties_can_be_loaded_from_a_dossier() -> None:
    assert {"parties", "party_names", "ownership", "party_proposals"} <= set(TABLES)


def test_another_store_at_the_same_address_is_not_resolved_against_the_old_one(tmp_path: Path) -> None:
    address = tmp_path / "store.sqlite3"

    def put(room: str, name: str) -> Store:
        """A store of its own, put where the one before it was."""
        desk = Desk(str(tmp_path / f"{room}.sqlite3"))
        desk.register(organisations=[organisation(room, name_en=name)])
        desk.put_away()
        desk.store.database.close()
        shutil.copy(tmp_path / f"{room}.sqlite3", address)
        return open_store(str(address))

    def verdict(store: Store, name: str) -> str:
        return known_parties(store).screen(name, day=DAY).verdict

    first = put("OLD", "Laputa Trading B.V.")
    assert verdict(first, "Laputa Trading B.V.") == "known"
    first_register = first.head().register_entry
    first.database.close()
    second = put("NEW", "Luggnagg Metals")
    assert second.head().register_entry == first_register
    assert verdict(second, "Luggnagg Metals") == "known"
    assert verdict(second, "Laputa Trading B.V.") == "unknown"
    # The log goes on: the same index follows it.
    kept = known_parties(second)
    more = pl.DataFrame([organisation("ELSE", name_en="Balnibarbi Works")], schema=TABLES["organisations"])
    put_records(second, {"organisations": more}, filed_at=NOW)
    assert verdict(second, "Balnibarbi Works") == "known" and known_parties(second) is kept
    second.database.close()
    # The first again, whose log is shorter than what was seen here.
    assert verdict(put("OLD2", "Laputa Trading B.V."), "Balnibarbi Works") == "unknown"
