"""A filing of several files: each is one of them by itself, and none is changed, renamed or left out unseen."""

from __future__ import annotations

import datetime
import zlib
from hashlib import sha256
from pathlib import Path

import pytest
from tests.contracts.harm import unguarded
from tests.contracts.test_certification import ORIGIN, SHIP, checked_rows
from tests.desk import LAW, Desk, assert_sound

from lodeline.journal.verify import verify_receipt
from lodeline.service.entries.receipts import receipt
from lodeline.service.entries.upload import Upload
from lodeline.service.filing.filing import submit
from lodeline.service.log.audit import verify

pytestmark = pytest.mark.medium

NOON = datetime.datetime(2025, 7, 5, 4, tzinfo=datetime.UTC)
ONE, TWO = b"a workbook", b"what was mended"


def filed(desk: Desk, room: Path, *uploads: Upload) -> int:
    """The entry of a filing that came as these files."""
    outcome = submit(
        desk.store, checked_rows(desk, room, ORIGIN, SHIP), uploads=uploads, filed_at=NOON, law=LAW, corrects=None
    )
    assert outcome.entry is not None
    return outcome.entry.index


def accepts(desk: Desk, entry: int, content: bytes) -> bool:
    proof = receipt(desk.store, entry)
    assert proof is not None
    return verify_receipt(proof, upload=content) == []


def test_each_file_is_accepted_and_none_can_be_changed(ledger: Desk, tmp_path: Path) -> None:
    desk = ledger
    entry = filed(desk, tmp_path, Upload(name="june.xlsx", content=ONE), Upload(name="changes.csv", content=TWO))
    assert accepts(desk, entry, ONE) and accepts(desk, entry, TWO)
    assert not accepts(desk, entry, ONE + TWO)
    assert_sound(desk.store)
    for harm in (
        "UPDATE upload SET name = 'may.xlsx' WHERE name = 'june.xlsx'",
        "DELETE FROM upload WHERE name = 'changes.csv'",
    ):
        with unguarded(desk.store):
            desk.store.database.execute(harm)
        assert (entry, "upload.changed") in [(fault.entry, fault.what) for fault in verify(desk.store).faults]


def test_an_entry_that_commits_to_its_files_one_after_the_other_still_holds(desk: Desk, tmp_path: Path) -> None:
    # Such an entry is that of one file with the bytes of both.
    entry = filed(desk, tmp_path, Upload(name="june.xlsx", content=ONE + TWO))
    with unguarded(desk.store):
        desk.store.database.execute(
            "UPDATE upload SET content = %s, sha256 = %s WHERE entry = %s",
            (zlib.compress(ONE), sha256(ONE).hexdigest(), entry),
        )
        desk.store.put_upload(entry, name="changes.csv", content=TWO)
    assert_sound(desk.store)
    assert accepts(desk, entry, ONE + TWO)
    assert not accepts(desk, entry, ONE)
