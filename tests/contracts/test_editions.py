"""A frozen month can be computed again from the log as it was, byte for byte, and a later edition says what changed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.desk import Desk, organisation, sheet, site

from lodeline.journal.verify import verify_receipt
from lodeline.regulation.parameter import load
from lodeline.service.entries.receipts import receipt
from lodeline.service.log.audit import verify
from lodeline.service.log.editions import (
    Edition,
    EditionError,
    causes,
    differences,
    editions,
    entered_mg,
    figures,
    freeze,
    recompute,
)
from lodeline.store.queries.log import entries
from lodeline.store.snapshot_opening import open_snapshot, open_snapshot_as_of
from lodeline.store.store import Store

LAW = load("cn")
#: January 2025 was in time until the end of 9 February (Beijing).
LATE, NOW = datetime(2025, 2, 12, 2, 0, tzinfo=UTC), datetime(2025, 2, 20, 2, 0, tzinfo=UTC)
MINED = "product=concentrate origin_kind=mined origin_place=CN-PIT composition=Nd=20;Pr=5"


@pytest.fixture
def desk(url: str) -> Desk:
    """A mine that has sent 600 of 1000 kg to a separator in January; the separator has not filed."""
    made = Desk(url)
    made.register(
        organisations=[organisation("MINE", roles="miner"), organisation("SEP", roles="separator")],
        sites=[site("mine", "MINE", "mine"), site("sep", "SEP", "separation")],
    )
    made.rows("MINE", "2025-01", f"O1 origin 2 mine ORE 1000 {MINED}", "S1 shipment 5 mine ORE 600 counterparty=SEP")
    return made


def frozen(store: Store, reason: str = "") -> Edition:
    return freeze(store, open_snapshot(store), LAW, "2025-01", reason=reason, filed_at=NOW, by="analyst")


def test_edition_is_computed_again_byte_for_byte_whatever_came_later(desk: Desk) -> None:
    first = frozen(desk.store)
    desk.rows("SEP", "2025-01", "R1 receipt 7 sep MINE/ORE 600 counterparty=MINE reference=S1")
    desk.rows("MINE", "2025-01", f"O1 origin 2 mine ORE 1500 {MINED}", corrects=first.stamp[0])
    desk.register(sites=[site("sep", "SEP", "metal")])
    (kept,) = editions(desk.store, "2025-01")
    assert recompute(desk.store, kept) == kept.content == first.content
    assert figures(desk.store, open_snapshot(desk.store), LAW, "2025-01") != kept.content
    assert not verify(desk.store).faults


def test_later_edition_says_what_changed_and_by_which_filings(desk: Desk) -> None:
    frozen(desk.store)
    late = sheet("2025-01", "R1 receipt 7 sep MINE/ORE 600 counterparty=MINE reference=S1")
    assert desk.file("SEP", "2025-01", late, filed_at=LATE).entry is not None
    desk.rows("MINE", "2025-01", f"O1 origin 2 mine ORE 1500 {MINED}", corrects=1)
    with pytest.raises(EditionError, match="Say why"):
        frozen(desk.store)
    frozen(desk.store, "A correction of MINE and the late filing of SEP")
    first, second = editions(desk.store, "2025-01")
    assert (first.number, second.number) == (1, 2)
    assert entered_mg(second.figures, "Nd") - entered_mg(first.figures, "Nd") == 100_000_000
    found = differences(first.figures, second.figures)
    assert {"organisation": "SEP", "field": "state", "before": None, "after": "late"} in found["filed"]
    (moved,) = [row for row in found["flows"] if (row["from"], row["element"]) == ("origin:mined", "Nd")]
    assert (moved["before"], moved["after"]) == (200_000_000, 300_000_000)
    why = causes(entries(desk.store), period="2025-01", after=first.stamp[0], until=second.stamp[0])
    assert why["cause"].to_list() == ["late-filing", "correction"]


def test_what_cannot_be_frozen(desk: Desk) -> None:
    snapshot = open_snapshot(desk.store)
    with pytest.raises(EditionError, match="Nobody has filed"):
        freeze(desk.store, snapshot, LAW, "2025-04", filed_at=NOW, by="analyst")
    with pytest.raises(EditionError, match="still be filed"):
        freeze(desk.store, snapshot, LAW, "2025-01", filed_at=datetime(2025, 2, 3, tzinfo=UTC), by="analyst")
    frozen(desk.store)
    with pytest.raises(EditionError, match="Nothing has changed"):
        frozen(desk.store, "Once more")
    assert len(editions(desk.store)) == 1


def test_receipt_proves_the_figures_to_whoever_holds_them(desk: Desk, tmp_path: Path) -> None:
    frozen(desk.store)
    (kept,) = editions(desk.store)
    document = receipt(desk.store, kept.entry.index)
    vkey = desk.store.signer.verifier.vkey
    assert document is not None
    assert verify_receipt(document, vkey, upload=kept.content) == []
    assert [one.what for one in verify_receipt(document, vkey, upload=kept.content + b" ")] == ["upload.changed"]


def test_edition_of_a_state_that_never_was_is_a_fault(desk: Desk) -> None:
    snapshot = open_snapshot(desk.store)
    object.__setattr__(snapshot, "root", "00" * 32)
    freeze(desk.store, snapshot, LAW, "2025-01", filed_at=NOW, by="analyst")
    assert [one.what for one in verify(desk.store).faults] == ["figures.stamp-differs"]


def test_readers_keep_what_they_computed(desk: Desk) -> None:
    before = open_snapshot(desk.store)
    assert before.balanced.height
    frozen(desk.store)
    after = open_snapshot(desk.store, before)
    assert after.balanced is before.balanced and after.entry == before.entry + 1
    assert open_snapshot_as_of(desk.store, before.entry).root == before.root
    assert json.loads(editions(desk.store)[0].content)["root"] == before.root
