"""Groups that grow step by step are those that would be made from all pieces at once."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from polars.testing import assert_frame_equal
from tests.unit.collation.papers import customs, goods, invoices

from lodeline.collation.joining import merged
from lodeline.collation.match import PREPARED, described, groups, regrouped
from lodeline.collation.piece import pieces
from lodeline.collation.tolerance import special_kinds

DAY = date(2025, 12, 31)


@pytest.mark.parametrize("seed", range(6))
def test_groups_that_grew_are_made_anew_and_all_others_are_kept(seed: int) -> None:
    stream = np.random.default_rng(seed)
    filed = goods(
        *(
            f"shipment {day} SEP>MAG {day * 0.1} document=D{day};E{day} value={day / 3} currency=CNY"
            for day in range(1, 9)
        ),
        *(f"export {day} MAG>ABROAD {day} declaration=D{day}" for day in range(1, 5)),
    )
    invoiced = invoices(*(f"special {day} SEP>MAG {day} number=D{day} value={day / 7}" for day in range(1, 7)))
    crossed = customs(*(f"export {day} MAG>ABROAD {day} declaration=D{day}" for day in range(1, 6)))
    known = {"SEP", "MAG", "ABROAD"}
    made = pieces(filed, invoiced, crossed, known=known, resolve=lambda _: None, special=special_kinds(DAY))
    products = made.frame["product"].unique().sort()
    frame = described(made.frame, products).select(*PREPARED)
    label = np.arange(frame.height, dtype=np.int64)
    table = groups(frame, label)
    for _ in range(5):
        one, other = stream.choice(np.unique(label), (2, 2), replace=False)
        after = merged(label, one, other)
        table, label = regrouped(frame, table, label, after), after
        assert_frame_equal(table.sort("label"), groups(frame, label))
    assert regrouped(frame, table, label, label) is table
