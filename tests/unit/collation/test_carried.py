"""A collation that goes on from the one before is the one that would be made from nothing."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.unit.collation.papers import FILERS, OTHERS, customs, goods, invoices

from lodeline.collation import match
from lodeline.collation.carried import recollate
from lodeline.collation.exception import exceptions
from lodeline.collation.match import Collation, collate
from lodeline.collation.meeting import Search
from lodeline.collation.piece import Pieces, pieces
from lodeline.collation.tolerance import tolerances
from lodeline.splicing import spliced

DAY = date(2025, 12, 31)
SEARCH = Search.of(tolerances(), DAY)
PARTIES = ("SEP", "MAG", "TRADE", "USER", "ABROAD", "~Nemo", "~Old_Works")


def _pieces(*papers: pl.DataFrame) -> Pieces:
    return pieces(*papers, known=FILERS | OTHERS, resolve=lambda _: None, special={"oxide"})


def _collate(*papers: pl.DataFrame) -> Collation:
    return collate(
        *papers, known=FILERS | OTHERS, resolve=lambda _: None, special={"oxide"}, tolerances=tolerances(), today=DAY
    )


def _paper(stream: np.random.Generator, kind: str, *, filed: bool) -> str:
    """Papers of few parties, days and masses, so that each could be many others' partner."""
    number = f"{'D' * int(stream.integers(1, 3))}{stream.integers(1, 14)}"
    if stream.random() < 0.3:
        number = f"2500000000000000{stream.integers(1, 30):04d}"
    day, mass = int(stream.integers(1, 28)), int(stream.integers(1, 40)) * 10
    seller, buyer = stream.choice(PARTIES[:5], 2, replace=False)
    if filed and stream.random() < 0.3 and kind != "receipt":
        buyer = str(stream.choice(PARTIES[5:])).strip("~")
    words = [
        kind,
        f"{stream.integers(3, 7)}-{day}",
        f"{seller}>{buyer}",
        str(mass),
        f"value={mass * stream.integers(9, 11)}",
    ]
    if filed:
        words += ["currency=CNY", f"event=E{stream.integers(1, 40)}", f"product=oxide:{stream.integers(1, 3)}"]
    names = {"export": "declaration", "import": "declaration"} if not filed else {"export": "declaration"}
    if stream.random() < 0.5 or not filed:
        words.append(f"{names.get(kind, 'document' if filed else 'number')}={number}")
    return " ".join(words)


def _filed(stream: np.random.Generator, count: int, first: int) -> pl.DataFrame:
    kinds = stream.choice(["shipment", "shipment", "title", "export", "origin", "receipt"], count)
    rows = goods(*(_paper(stream, str(kind), filed=True) for kind in kinds))
    return rows.with_columns(pl.col("line") + first)


def _feeds(stream: np.random.Generator, filed: pl.DataFrame, count: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Some papers of what is filed, and as many of nothing."""
    invoiced = [_paper(stream, str(stream.choice(["special", "ordinary"])), filed=False) for _ in range(count)]
    for place in range(0, count, 6):
        kind, on, parties, mass, *rest = invoiced[place].split()
        invoiced[place] = " ".join((kind, on, parties, f"-{mass}", *rest))
    crossed = [_paper(stream, str(stream.choice(["export", "import"])), filed=False) for _ in range(count // 2)]
    for row in filed.filter(pl.col("document").is_not_null() | pl.col("declaration").is_not_null()).to_dicts():
        end = f"{row['on']:%m-%d} {row['organisation']}>{row['party']} {row['mass_mg'] / 1e6}"
        if row["document"] and stream.random() < 0.6:
            invoiced.append(f"special {end} number={row['document']}")
        if row["declaration"]:
            crossed.append(f"export {end} declaration={row['declaration']}")
    return invoices(*invoiced), customs(*crossed)


def _exceptions(collation: Collation) -> pl.DataFrame:
    return exceptions(
        collation, tolerances=tolerances(), today=DAY, files=FILERS.__contains__,
        due=lambda _, month: date(int(month[:4]), int(month[5:]) + 1, 9),
    )  # fmt: skip


def _with_names(collation: Collation) -> pl.DataFrame:
    """Groups with the names of parties in place of their numbers: one whom nobody names any more keeps a number."""
    named = dict(enumerate(collation.pieces.parties.to_list()))
    columns = [name for name in collation.table.columns if name.endswith(("seller", "buyer"))]
    return collation.table.sort("label").with_columns(
        pl.col(name).replace_strict(named, default="", return_dtype=pl.String) for name in columns
    )


@pytest.mark.medium
@pytest.mark.parametrize("seed", [*range(3), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(3, 100))])
def test_collation_carried_on_is_the_one_made_from_nothing(seed: int) -> None:
    stream = np.random.default_rng(seed)
    filed = _filed(stream, 50, 0)
    invoiced, crossed = _feeds(stream, filed, 30)

    def anew(rows: pl.DataFrame) -> Collation:
        return _collate(rows, invoiced, crossed)

    carried = anew(filed)
    for step in range(1, 5):
        gone = filed.sample(int(stream.integers(0, 4)), seed=seed + step)["line"]
        came = _filed(stream, int(stream.integers(0, 4)), step * 1000)
        filed = pl.concat([filed.filter(~pl.col("line").is_in(gone.implode())), came])
        found = recollate(
            carried, _pieces(came, invoiced.clear(), crossed.clear()), gone, search=SEARCH, splice=spliced
        )
        whole = anew(filed)
        if found is None:
            carried = whole
            continue
        carried = found
        assert carried.label.tolist() == whole.label.tolist()
        assert_frame_equal(_with_names(carried), _with_names(whole).select(carried.table.columns), check_exact=True)
        assert_frame_equal(_exceptions(carried), _exceptions(whole), check_exact=True)


@pytest.mark.medium
def test_groups_that_look_for_nothing_would_find_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    settled = 0
    for seed in range(4):
        stream = np.random.default_rng(seed)
        filed = _filed(stream, 60, 0)
        papers = filed, *_feeds(stream, filed, 30)
        found = _collate(*papers)
        settled += int((~match.looking(found.numbered.table, SEARCH)).sum())
        with monkeypatch.context() as patched:
            patched.setattr(match, "looking", lambda table, _: pl.Series([True] * table.height))
            whole = _collate(*papers)
        assert whole.label.tolist() == found.label.tolist()
    assert settled > 10


def test_goods_that_no_row_named_before_are_numbered_anew() -> None:
    before = _collate(goods("shipment 4 SEP>MAG 10"), invoices(), customs())
    other = goods("shipment 5 SEP>MAG 10 product=metal:Nd").with_columns(line=pl.lit(2, pl.Int64))
    came = _pieces(other, invoices(), customs())
    assert recollate(before, came, pl.Series([], dtype=pl.Int64), search=SEARCH, splice=spliced) is None
