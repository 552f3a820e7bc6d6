"""Whoever pages through a list while filings arrive gets every row once, on both databases; so does whoever follows."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.desk import LAW, Desk

from lodeline.office.log import changes as feed
from lodeline.office.log import listing
from lodeline.office.log.changes import changes, read_cursor
from lodeline.office.log.listing import BadCursorError, RowsPage

pytestmark = pytest.mark.medium
_NUMBER = itertools.count(1)
Paged = Callable[[str | None, int], RowsPage]


def arrive(desk: Desk, filings: int) -> None:
    """MINE digs and ships to SEP, SEP confirms some of it; now and then a shipment is corrected."""
    for _ in range(filings):
        number = next(_NUMBER)
        entry = desk.rows(
            "MINE", "2025-04",
            f"D{number} origin 3 mine L{number} 10 product=concentrate composition=TREO=60 origin_kind=mined"
            " origin_place=CN",
            f"S{number} shipment 4 mine L{number} 6 counterparty=SEP counterparty_name=SEP",
        )  # fmt: skip
        if number % 2:
            desk.rows(
                "SEP", "2025-04",
                f"R{number} receipt 5 sep MINE/L{number} 6 counterparty=MINE counterparty_name=M reference=S{number}",
            )  # fmt: skip
        if number % 3 == 0:
            desk.rows(
                "MINE", "2025-04",
                f"S{number} shipment 4 mine L{number} 5 counterparty=SEP counterparty_name=SEP",
                corrects=entry,
            )  # fmt: skip


@pytest.fixture
def busy(url: str) -> Iterator[Desk]:
    desk = Desk(url)
    desk.firms("MINE", "SEP")
    arrive(desk, 4)
    yield desk
    desk.store.database.close()


def everything(page: Paged) -> list[dict[str, Any]]:
    return paged(page, 1000, lambda: None)


def paged(page: Paged, limit: int, between: Callable[[], None]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        found = page(cursor, limit)
        assert len(found.rows) <= limit
        rows += found.rows
        if found.next is None:
            return rows
        cursor = found.next
        between()


@pytest.mark.parametrize("listed", ["filings", "transfers", "lots", "rows"])
def test_every_row_comes_once_while_filings_arrive(busy: Desk, listed: str) -> None:
    store = busy.store
    pages: dict[str, tuple[Paged, str]] = {
        "filings": (lambda cursor, limit: listing.filings(store, "MINE", cursor=cursor, limit=limit), "entry"),
        "transfers": (lambda cursor, limit: listing.transfers(store, LAW, "SEP", cursor=cursor, limit=limit), "cursor"),
        "lots": (lambda cursor, limit: listing.lots(store, "MINE", cursor=cursor, limit=limit), "cursor"),
        "rows": (lambda cursor, limit: listing.filing_rows(store, 1, cursor=cursor, limit=limit) or _none(), "ordinal"),
    }
    page, key = pages[listed]
    before = [row[key] for row in everything(page)]
    assert len(set(before)) == len(before) > 1

    @settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(limit=st.integers(1, 4), coming=st.lists(st.integers(0, 2), max_size=4))
    def holds(limit: int, coming: list[int]) -> None:
        stood = {row[key] for row in everything(page)}
        arriving = iter(coming)
        seen = [row[key] for row in paged(page, limit, lambda: arrive(busy, next(arriving, 0)))]
        assert len(set(seen)) == len(seen), "a row came twice"
        stands = {row[key] for row in everything(page)}
        # A corrected shipment is another line, and comes as that: what stood all the time has come.
        assert (stood & stands) <= set(seen)

    holds()


def _none() -> RowsPage:
    raise AssertionError("entry 1 is a filing")


def follow(desk: Desk, limit: int, between: Callable[[], None]) -> list[dict[str, Any]]:
    """All that SEP is told, from the beginning until nothing is left."""
    rows: list[dict[str, Any]] = []
    cursor = None
    while True:
        found = changes(desk.store, "SEP", since=cursor, limit=limit)
        rows += found.rows
        cursor = found.next
        if not found.rows and not found.more:
            return rows
        between()


def test_the_feed_loses_nothing_and_repeats_nothing(busy: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    @settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(limit=st.integers(1, 5), scanned=st.integers(1, 12), coming=st.lists(st.integers(0, 2), max_size=4))
    def holds(limit: int, scanned: int, coming: list[int]) -> None:
        arriving = iter(coming)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(feed, "SCANNED_MAX", scanned)
            seen = follow(busy, limit, lambda: arrive(busy, next(arriving, 0)))
        places = [read_cursor(row["cursor"]) for row in seen]
        assert places == sorted(set(places))
        assert seen == changes(busy.store, "SEP", since=None, limit=10_000).rows

    holds()
    told = changes(busy.store, "SEP", since=None, limit=10_000).rows
    assert {row["kind"] for row in told} == {"filed", "shipped", "withdrawn"}
    for row in told:
        if row["kind"] == "withdrawn":
            (was,) = [one for one in told if one["entry"] == row["was_entry"] and one.get("event") == row["event"]]
            assert (was["kind"], was["mass_kg"], row["mass_kg"]) == ("shipped", "6", "6")
    shipper = changes(busy.store, "MINE", since=None, limit=10_000).rows
    assert {row["kind"] for row in shipper} == {"filed", "received"}


def test_whoever_waits_is_told_at_once(busy: Desk) -> None:
    start = changes(busy.store, "SEP", since=None, limit=10_000).next
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            arrive(busy, 1)

    found = feed.wait_for_changes(busy.store, "SEP", since=start, limit=10, wait_s=25, sleep=sleep)
    assert found.rows[0]["kind"] == "shipped"
    assert len(slept) == 3
    nothing = feed.wait_for_changes(busy.store, "SEP", since=found.next, limit=10, wait_s=1, sleep=lambda _: None)
    assert (nothing.rows, nothing.more) == ([], False)


@given(st.text(max_size=30))
def test_any_other_text_is_no_cursor(text: str) -> None:
    for read in (lambda: read_cursor(text), lambda: listing.cursor_number(text, 0), lambda: listing.read_key_cursor(text, 2)):  # fmt: skip  # noqa: E501
        try:
            read()
        except BadCursorError as error:
            assert error.zh
