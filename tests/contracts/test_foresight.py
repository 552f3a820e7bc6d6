"""What a filer reads of a month before signing it is what the balance says once it is filed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.desk import LAW, Desk, organisation, sheet, site

from lodeline.accountancy.balance import balance
from lodeline.filing.check import check
from lodeline.filing.table import read_bytes
from lodeline.ledger.process import JUDGED
from lodeline.service.filing.filing import preview_with_books
from lodeline.store.snapshot_opening import open_snapshot

pytestmark = pytest.mark.medium

NOW = datetime(2025, 3, 5, tzinfo=UTC)
MINED = "product=concentrate origin_kind=mined origin_place=CN-PIT composition=Nd=20"
OXIDE = "role=out product=oxide:Nd composition=Nd=80 method=scale"


@pytest.fixture
def desk(url: str) -> Desk:
    """SEP counted all that it held at the end of January: two drums, and ore that it has used up since."""
    made = Desk(url)
    made.register(
        organisations=[organisation("MINE", roles="miner"), organisation("SEP", roles="separator")],
        sites=[site("mine", "MINE", "mine"), site("sep", "SEP", "separation")],
        methods=[{"id": "scale", "quantity": "weighing", "element": None, "random_pct": "0.1",
                  "systematic_pct": "0.1", "calibration": None}],
    )  # fmt: skip
    made.rows("MINE", "2025-01", f"O1 origin 2 mine ORE 3000 {MINED}", "S1 shipment 3 mine ORE 900 counterparty=SEP")
    made.rows(
        "SEP", "2025-01", "R1 receipt 4 sep MINE/ORE 900 counterparty=MINE reference=S1 method=scale",
        "T1 transformation 5 sep MINE/ORE 600 role=in method=scale",
        f"T1 transformation 5 sep D1 70 {OXIDE}", f"T1 transformation 5 sep D2 80 {OXIDE}",
        "C1 stock 31 sep MINE/ORE 300 method=scale", "C1 stock 31 sep D1 70 method=scale",
        "C1 stock 31 sep D2 80 method=scale",
    )  # fmt: skip
    made.rows("MINE", "2025-02", f"O2 origin 2 mine ORE2 800 {MINED}", "S2 shipment 3 mine ORE2 500 counterparty=SEP")
    return made


#: February: ore came and was partly used, a drum was made; the rest of the ore of January went into it to the end.
MONTH = (
    "R2 receipt 4 sep MINE/ORE2 500 counterparty=MINE reference=S2 method=scale",
    "T2 transformation 6 sep MINE/ORE 299.9 role=in method=scale",
    f"T2 transformation 6 sep D3 75 {OXIDE}",
    "C2 stock 28 sep D1 70 method=scale",
    "C2 stock 28 sep D2 80 method=scale",
)
FORGOTTEN = ("C2 stock 28 sep MINE/ORE2 500 method=scale", "C2 stock 28 sep D3 75 method=scale")


def foreseen(desk: Desk, *rows: str, corrects: int | None = None) -> tuple[dict[str, Any], dict[str, str]]:
    """What the balance would say, and lot → what is in book of each that is flagged as not counted."""
    checked = check(
        read_bytes([("february.csv", sheet("2025-02", *rows).encode())]), organisation="SEP", period="2025-02",
        register=desk.store.register(desk.store.head()), correcting=corrects is not None,
    )  # fmt: skip
    problems, books = preview_with_books(desk.store, checked, filed_at=NOW, law=LAW, corrects=corrects)
    assert books is not None, problems
    left_out = [one for one in problems if one.code == "stock.not-listed"]
    (said,) = books["balances"]
    return said, {str(one.facts["lot"]): str(one.facts["held_kg"]) for one in left_out}


def test_what_the_filing_itself_books_and_does_not_count_is_flagged(desk: Desk) -> None:
    said, left_out = foreseen(desk, *MONTH)
    # The ore of which weighing left a tenth of a kilogram is used up.
    assert left_out == {"MINE/ORE2": "500", "SEP/D3": "75"}
    assert (said["site"], said["on"]) == ("sep", "2025-02-28") and said["z"] > 30
    whole, nothing = foreseen(desk, *MONTH, *FORGOTTEN)
    assert nothing == {} and abs(whole["z"]) < 3


def test_the_balance_that_is_foreseen_is_the_one_that_is_found(desk: Desk) -> None:
    corrects = None
    for rows in (MONTH, (*MONTH, *FORGOTTEN)):
        # The second time as a correction: the rows that it replaces do not count beside it.
        said, _ = foreseen(desk, *rows, corrects=corrects)
        entry = desk.try_rows("SEP", "2025-02", *rows, corrects=corrects).entry
        assert entry is not None
        corrects = entry.index
        snapshot = open_snapshot(desk.store)
        found = balance(
            **snapshot.accounts(JUDGED).rows, methods=snapshot.register.tables["methods"], sites=["sep"],
            elements=JUDGED, first_period="2025-02",
        ).to_dicts()  # fmt: skip
        (same,) = [one for one in found if one["element"] == said["element"]]
        assert (same["muf_mg"], f"{same['until']}") == (said["muf_mg"], said["on"])
        assert (same["sigma_mg"], same["z"]) == pytest.approx((said["sigma_mg"], said["z"]))
        assert abs(same["z"]) == max(abs(one["z"]) for one in found if one["z"] is not None)
    assert abs(said["z"]) < 3
