"""A feed enters whole or not at all, once, and each row can be proved; a line stated again replaces what stood."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import polars as pl
import pytest
from django.db import Error as DjangoDatabaseError
from tests.desk import LAW, Desk, organisation, send_feed, site

from lodeline.filing.feed_schema import feed_text
from lodeline.journal import entry as journal
from lodeline.journal.verify import verify_receipt
from lodeline.service.entries.receipts import receipt, row_salt_key
from lodeline.service.findings.finding import findings
from lodeline.service.log.audit import verify
from lodeline.service.matching.exceptions import disagreements
from lodeline.service.matching.feeds import Received
from lodeline.store.opening import open_store
from lodeline.store.snapshot_opening import open_snapshot, open_snapshot_as_of
from lodeline.store.store import Store

NOW = datetime(2025, 8, 5, 4, 0, tzinfo=UTC)
HEAD = "number,kind,on,seller,buyer,product_name,mass_kg,value,currency\n"
INVOICES = (
    HEAD
    + "001,special,2025-07-04,MINE,MAG,oxide,1000,4000.5,CNY\n002,ordinary,2025-07-09,MAG,MINE,magnet,12.5,99,CNY\n"
)
CUSTOMS_HEAD = "declaration,line,on,direction,status,exporter,consignee_name,product_name,hs_code,mass_kg\n"
CUSTOMS = CUSTOMS_HEAD + "D1,1,2025-07-20,export,released,MAG,Abroad,magnets,8505111000,400\n"


@pytest.fixture
def desk(url: str) -> Desk:
    made = Desk(url)
    made.register(
        organisations=[organisation("MINE", roles="miner"), organisation("MAG", roles="magnet-maker")],
        sites=[site("mine", "MINE", "mine"), site("mag", "MAG", "magnet")],
    )
    return made


def send(store: Store, text: str, name: str = "2025-07.csv") -> Received:
    return send_feed(store, text, name, filed_at=NOW, authority="TAX", by="u1")


def test_feed_is_an_entry_whose_rows_can_be_proved_one_by_one(desk: Desk) -> None:
    received = send(desk.store, INVOICES)
    assert received.entry is not None and (received.entry.kind, received.entry.row_count) == ("feed", 2)
    document = receipt(desk.store, received.entry.index)
    assert document is not None
    assert not verify_receipt(document, vkey=desk.store.signer.verifier.vkey)
    rows = desk.store.feed_rows("invoices", received.entry.index)
    text = feed_text(rows, "invoices")
    key = row_salt_key(desk.store, received.entry)
    (proof,) = journal.prove_rows({1: text[1].encode()}, b"".join(rows["leaf"].to_list()), key)
    proof.check()
    envelope = journal.Envelope.from_bytes(received.entry.envelope.encode())
    assert proof.rows_root.hex() == envelope.rows_root
    assert proof.cells == text[1].encode() and rows["mass_mg"][1] == 12_500_000
    (name,) = desk.store.upload_names(received.entry.index)
    named = journal.name_commitment(name, key)
    assert envelope.facts == {"feed": "invoices", "authority": "TAX", "by": "u1", "upload_name": named}
    assert not verify(desk.store).faults


def test_feed_sent_twice_gives_the_old_entry(desk: Desk) -> None:
    first, second = send(desk.store, INVOICES), send(desk.store, INVOICES, "again.csv")
    assert first.entry is not None and second.entry is not None
    assert (second.repeated, second.entry.index) == (True, first.entry.index)
    assert desk.store.head().size == first.entry.index + 1


def test_line_stated_again_replaces_what_stood_and_both_are_kept(desk: Desk) -> None:
    send(desk.store, CUSTOMS)
    before = desk.store.head().size - 1
    exited = CUSTOMS.replace("released", "exited").replace(",400", ",399.5")
    send(desk.store, exited + "D1,2,2025-07-20,export,exited,MAG,Abroad,magnets,8505111000,7\n", "exited.csv")
    found = open_snapshot(desk.store).customs.select("declaration", "line", "status", "mass_mg")
    assert found.rows() == [("D1", "1", "exited", 399_500_000), ("D1", "2", "exited", 7_000_000)]
    as_of = open_snapshot_as_of(desk.store, before).customs
    assert as_of["status"].to_list() == ["released"]
    assert not verify(desk.store).faults


def test_invoice_stated_again_is_replaced_with_all_its_rows(desk: Desk) -> None:
    send(desk.store, INVOICES + "001,special,2025-07-04,MINE,MAG,carbonate,50,10,CNY\n")
    send(desk.store, HEAD + "001,special,2025-07-04,MINE,MAG,oxide,1050,4010.5,CNY\n", "later.csv")
    found = open_snapshot(desk.store).invoices.sort("number").select("number", "product_name", "mass_mg")
    assert found.rows() == [("001", "oxide", 1_050_000_000), ("002", "magnet", 12_500_000)]


def test_rows_of_one_goods_name_are_kept_with_their_numbers(desk: Desk) -> None:
    """Stated or by order; an invoice that is stated again keeps none of its former rows."""
    row = "001,special,2025-07-04,MINE,MAG,oxide,{},10,CNY"
    send(desk.store, HEAD + "".join(row.format(mass) + "\n" for mass in (50, 70, 90)))
    found = open_snapshot(desk.store).invoices
    assert found.select("line", "mass_mg").rows() == [("1", 50_000_000), ("2", 70_000_000), ("3", 90_000_000)]
    stated = "".join(f"{row.format(60)},{number}\n" for number in (10, 20))
    send(desk.store, HEAD.replace("currency", "currency,line") + stated, "later.csv")
    found = open_snapshot(desk.store).invoices
    assert found.select("line", "mass_mg").rows() == [("10", 60_000_000), ("20", 60_000_000)]
    assert not verify(desk.store).faults


def test_feed_with_one_bad_row_leaves_no_trace(desk: Desk) -> None:
    head = desk.store.head()
    received = send(desk.store, INVOICES + "003,special,2025-07-04,MINE,MAG,oxide,0,1,CNY\n")
    assert received.entry is None
    (found,) = [one for one in received.problems if one.severity == "reject"]
    assert (found.code, found.where.row, found.where.column) == ("feed.mass-zero", 4, "mass_kg")
    assert desk.store.head() == head
    assert open_snapshot(desk.store).invoices.is_empty()


def test_rows_of_a_feed_cannot_be_changed_and_a_change_would_be_seen(desk: Desk) -> None:
    received = send(desk.store, INVOICES)
    assert received.entry is not None
    with pytest.raises(DjangoDatabaseError, match="append-only"), desk.store.database.transaction():
        desk.store.database.execute("UPDATE invoice_line SET mass_mg = 1")
    for action in ("invoice_line_no_update", "invoice_line_no_change"):
        on = "" if desk.store.database.is_sqlite else " ON invoice_line"
        desk.store.database.execute(f"DROP TRIGGER IF EXISTS {action}{on}")
    desk.store.database.execute("UPDATE invoice_line SET mass_mg = 999000000 WHERE number = '001'")
    found = {(fault.entry, fault.what) for fault in verify(desk.store).faults}
    assert any(entry == received.entry.index and what.startswith("row.") for entry, what in found)
    assert any(what == "store.guard-missing" for _, what in found)


def test_feeds_from_two_senders_at_once_both_enter_once(desk: Desk) -> None:
    texts = [INVOICES, INVOICES, CUSTOMS, CUSTOMS]
    failed: list[BaseException] = []

    def work(text: str) -> None:
        store = open_store(desk.store.database.url)
        try:
            send(store, text)
        except BaseException as error:
            failed.append(error)
        finally:
            store.database.close()

    threads = [threading.Thread(target=work, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    snapshot = open_snapshot(desk.store)
    assert len(desk.store.entries_of("feed")) == 2
    assert (snapshot.invoices.height, snapshot.customs.height) == (2, 1)
    assert not verify(desk.store).faults


def test_filing_and_feed_share_the_numbers_of_rows(desk: Desk) -> None:
    """A feed between two filings shifts no row of theirs: the ledger reads its own alone."""
    mined = "product=concentrate origin_kind=mined origin_place=CN-PIT composition=Nd=20;Pr=5"
    desk.rows("MINE", "2025-01", f"O1 origin 2 mine ORE 1000 {mined}")
    send(desk.store, INVOICES)
    desk.rows("MINE", "2025-02", f"O2 origin 2 mine ORE2 500 {mined}")
    assert open_snapshot(desk.store).lines["event"].to_list() == ["O1", "O2"]
    assert not verify(desk.store).faults


def circles(desk: Desk) -> list[str]:
    found = findings(desk.store, open_snapshot(desk.store), LAW, detector="circular-invoicing")
    return [one.subject["ring"] for one in found.rows]


def test_circle_in_the_invoices_alone_is_asked_about_until_the_goods_are_filed(desk: Desk) -> None:
    """MINE invoices MAG, MAG a firm that no register has, and that MINE; nobody files goods."""
    rows = ["A1,special,2025-05-04,MINE,,MAG,,oxide,1000", "A2,special,2025-05-09,MAG,,,Nemo,oxide,1000",
            "A3,ordinary,2025-05-20,,Nemo,MINE,,oxide,1000", "A4,ordinary,2025-07-29,MAG,,MINE,,magnet,3"]  # fmt: skip
    mined = "product=oxide:Nd composition=TREO=60 origin_kind=mined origin_place=CN-PIT"
    desk.rows("MINE", "2025-04", f"O1 origin 2 mine ORE 9000 {mined}")
    send(desk.store, "\n".join(["number,kind,on,seller,seller_name,buyer,buyer_name,product_name,mass_kg", *rows, ""]))
    assert circles(desk) == ["MINE → MAG → nemo → MINE"]
    desk.rows("MINE", "2025-05", "S1 shipment 4 mine ORE 1000 counterparty=MAG document=A1")
    assert circles(desk) == []


@pytest.mark.parametrize(("owner", "causes"), [("", {"goods-without-invoice"}), ("MINE", set())])
def test_goods_sent_out_for_tolling_are_no_uninvoiced_sale(desk: Desk, owner: str, causes: set[str]) -> None:
    """The shipper files them as any of its own; the receipt states whose they are."""
    share = "product=concentrate composition=TREO=60"
    sent = f"O origin 1 mine 1 9 origin_kind=mined origin_place=P {share}", "S shipment 2 mine 1 9 counterparty=MAG"
    desk.rows("MINE", "2025-06", *sent)
    desk.rows("MAG", "2025-06", f"R receipt 3 mag 1 9 counterparty=MINE {f'owner={owner}' if owner else ''}")
    send(desk.store, INVOICES)
    found = disagreements(desk.store, open_snapshot(desk.store), LAW).rows
    assert set(found.filter(pl.col("lane") == "domestic")["cause"]) - {"invoice-without-goods"} == causes
