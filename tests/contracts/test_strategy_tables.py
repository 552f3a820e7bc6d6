"""Tables of the strategic view are entries of the log: whole, together, provable, corrected by the newest."""

from __future__ import annotations

import json
import threading
import zlib
from datetime import UTC, datetime

import pytest
from django.db import Error as DjangoDatabaseError
from tests.desk import LAW, Desk

from lodeline.errors import UserError
from lodeline.journal import entry as journal
from lodeline.journal.verify import verify_receipt
from lodeline.service.entries.receipts import receipt, row_salt_key
from lodeline.service.entries.upload import Upload
from lodeline.service.log.audit import rebuild, verify
from lodeline.service.strategy.inputs import (
    Filed,
    accepted,
    check_tables,
    file_tables,
    inputs_of,
    table_file,
    tables_in_force,
)
from lodeline.store.opening import open_store
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store
from lodeline.strategy.inputs.tables import TABLES, scenario_of

NOW = datetime(2025, 8, 5, 4, 0, tzinfo=UTC)
PLANTS = "plant,organisation,country,output_per_day,source\nP1,Nordwind,DE,100.5,report\nP2,Isar,DE,,report\n"
BILL = "plant,class,kg_per_unit,essential,source\nP1,magnet-ndfeb+heavy,2,no,teardown\n"
SCENARIOS = "scenario,name_en,starts\ndy-licence,Licences,2025-10-01\n"
LAW_OF_18 = "scenario,id,kind,from\ndy-licence,announcement-18-2025,law,\n"


@pytest.fixture
def desk(url: str) -> Desk:
    made = Desk(url)
    made.firms("MINE")
    made.file(
        "MINE",
        "2025-06",
        "event,kind,on,site,lot,product,mass_kg,origin_kind,origin_place\nE1,origin,2025-06-02,mine,L1,ore,10,mined,pit\n",
    )
    return made


def tell(store: Store, *texts: tuple[str, str], by: str | None = "u1") -> list[Filed]:
    uploads = [Upload(name=f"{name}.csv", content=text.encode()) for name, text in texts]
    return file_tables(store, uploads, filed_at=NOW, by=by, law=LAW)


def test_nothing_filed_is_six_labelled_defaults(desk: Desk) -> None:
    assert inputs_of(desk.store).entry is None
    found = tables_in_force(desk.store)
    assert [one["table"] for one in found] == list(TABLES)
    assert all(one["defaults"]["en"] and one["defaults"]["zh"] and one["entry"] is None for one in found)


def test_tables_of_one_call_enter_together_each_with_rows_that_can_be_proved(desk: Desk) -> None:
    # The bill is named before the plants that it needs: the tables are read in their own order.
    filed = tell(desk.store, ("bill", BILL), ("plants", PLANTS), ("instruments", LAW_OF_18), ("scenarios", SCENARIOS))
    assert [one.table for one in filed] == ["plants", "bill", "scenarios", "instruments"]
    entries = [one.entry for one in filed]
    assert all(entry is not None and entry.kind == "strategy-table" for entry in entries)
    assert [found.code for one in filed for found in one.problems] == ["strategy.class-not-filed"]
    first = entries[0]
    assert first is not None
    envelope = journal.Envelope.from_bytes(first.envelope.encode())
    assert envelope.facts == {"table": "plants", "by": "u1", "uploads": 2}
    document = receipt(desk.store, first.index)
    assert document is not None
    assert not verify_receipt(document, vkey=desk.store.signer.verifier.vkey)
    (_, original), (_, rows) = desk.store.uploads(first.index)
    assert original == PLANTS.encode()
    lines, key = rows.splitlines(), row_salt_key(desk.store, first)
    (proof,) = journal.prove_rows({1: lines[1]}, journal.row_leaves(lines, key), key)
    assert proof.rows_root.hex() == envelope.rows_root
    assert json.loads(proof.cells)[:4] == ["P2", "Isar", "DE", None]
    assert not verify(desk.store).faults
    assert rebuild(desk.store)["ok"]


def test_what_was_filed_is_read_again_cell_by_cell(desk: Desk) -> None:
    tell(desk.store, ("plants", PLANTS), ("bill", BILL), ("scenarios", SCENARIOS), ("instruments", LAW_OF_18))
    inputs = inputs_of(desk.store)
    assert inputs.plants.select("plant", "output_per_day", "stop_below_pct").rows() == [
        ("P1", 100.5, None), ("P2", None, None),
    ]  # fmt: skip
    assert inputs.bill["essential"].to_list() == [False]
    assert scenario_of(inputs, "dy-licence").instruments[0].kind == "law"
    assert set(inputs.digests) == {"plants", "bill", "scenarios", "instruments"}
    assert inputs.entry == desk.store.head().size - 1
    assert table_file(desk.store, "bill") == Upload(name="bill.csv", content=BILL.encode())
    assert table_file(desk.store, "cover") is None


def test_one_bad_table_keeps_all_of_a_call_out(desk: Desk) -> None:
    head = desk.store.head()
    filed = tell(desk.store, ("plants", PLANTS), ("bill", BILL.replace("P1", "P9")))
    assert not accepted(filed)
    assert [one.entry for one in filed] == [None, None]
    assert {found.code for one in filed for found in one.problems} >= {"strategy.plant-unknown"}
    assert desk.store.head() == head
    with pytest.raises(UserError, match="two of the files"):
        tell(desk.store, ("plants", PLANTS), ("plants", PLANTS))


def test_a_check_files_nothing(desk: Desk) -> None:
    head = desk.store.head()
    (found,) = check_tables(desk.store, [Upload(name="p.csv", content=PLANTS.encode())], law=LAW)
    assert (found.table, found.rows, found.problems) == ("plants", 2, ())
    assert desk.store.head() == head


def test_the_newest_table_is_in_force_and_each_entry_keeps_its_own(desk: Desk) -> None:
    (first,) = tell(desk.store, ("plants", PLANTS))
    (again,) = tell(desk.store, ("plants", PLANTS))
    assert first.entry is not None and again.entry is not None
    assert (again.repeated, again.entry.index) == (True, first.entry.index)
    (second,) = tell(desk.store, ("plants", PLANTS.replace("100.5", "90")))
    (third,) = tell(desk.store, ("plants", PLANTS))
    assert second.entry is not None and third.entry is not None
    assert third.entry.index > second.entry.index, "what stood before the correction can be filed again"
    assert inputs_of(desk.store).plants["output_per_day"][0] == 100.5
    assert inputs_of(desk.store, second.entry.index).plants["output_per_day"][0] == 90
    assert inputs_of(desk.store, first.entry.index - 1).plants.is_empty()
    assert not verify(desk.store).faults


def test_a_table_without_rows_takes_back_what_was_told(desk: Desk) -> None:
    tell(desk.store, ("plants", PLANTS))
    (empty,) = tell(desk.store, ("plants", PLANTS.splitlines()[0] + "\n"))
    assert empty.entry is not None, empty.problems
    assert inputs_of(desk.store).plants.is_empty()
    assert tables_in_force(desk.store)[0]["defaults"] is not None
    assert not verify(desk.store).faults


def test_tables_filed_at_once_enter_once(desk: Desk) -> None:
    failed: list[BaseException] = []

    def work(texts: list[tuple[str, str]]) -> None:
        store = open_store(desk.store.database.url)
        try:
            assert accepted(tell(store, *texts))
        except BaseException as error:
            failed.append(error)
        finally:
            store.database.close()

    both = [("plants", PLANTS), ("bill", BILL)]
    threads = [threading.Thread(target=work, args=(texts,)) for texts in (both, both, both[:1], both)]
    size = desk.store.head().size
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert desk.store.head().size == size + 2
    assert not verify(desk.store).faults


def test_a_table_changes_no_answer_about_goods(desk: Desk) -> None:
    size = desk.store.head().size
    before = open_snapshot(desk.store).lines
    tell(desk.store, ("plants", PLANTS))
    assert open_snapshot(desk.store).lines.equals(before)
    assert desk.store.last_goods_entry(desk.store.head().size)[0] < size
    outcome = desk.file(
        "MINE", "2025-07", "event,kind,on,site,lot,product,mass_kg\nE2,stock,2025-07-31,mine,L1,ore,10\n"
    )
    assert outcome.entry is not None, "and the numbers of rows go on behind it"
    assert open_snapshot(desk.store).lines.height == before.height + 1
    assert not verify(desk.store).faults


def test_a_law_that_the_pack_does_not_have_is_refused(desk: Desk) -> None:
    tell(desk.store, ("scenarios", SCENARIOS))
    filed = tell(desk.store, ("instruments", LAW_OF_18.replace("18", "99")))
    assert [found.code for one in filed for found in one.problems] == ["strategy.law-unknown"]


def test_kept_rows_cannot_be_changed_and_a_change_would_be_seen(desk: Desk) -> None:
    (filed,) = file_tables(desk.store, [Upload(name="p.csv", content=PLANTS.encode())], filed_at=NOW, tables=["plants"])
    assert filed.entry is not None
    entry = filed.entry.index
    with pytest.raises(DjangoDatabaseError, match="append-only"), desk.store.database.transaction():
        desk.store.database.execute("UPDATE upload SET content = content")
    for action in ("upload_no_update", "upload_no_change"):
        on = "" if desk.store.database.is_sqlite else " ON upload"
        desk.store.database.execute(f"DROP TRIGGER IF EXISTS {action}{on}")
    desk.store.database.execute(
        "UPDATE upload SET content = %s WHERE entry = %s AND name LIKE 'plants-rows%%'", (b"x", entry)
    )
    assert (entry, "upload.changed") in {(fault.entry, fault.what) for fault in verify(desk.store).faults}
    with pytest.raises(UserError, match="damaged"):
        inputs_of(desk.store)
    other = zlib.compress(b'["P1"]\n')
    desk.store.database.execute(
        "UPDATE upload SET content = %s WHERE entry = %s AND name LIKE 'plants-rows%%'", (other, entry)
    )
    found = {(fault.entry, fault.what) for fault in verify(desk.store).faults}
    assert {(entry, "upload.changed"), (entry, "entry.columns-differ")} <= found
