"""The good events now, the others later: a table is divided between events, and no event is ever cut in two.

The good part stands by itself: what it needs from an event that is held back holds it back too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace

import polars as pl

from lodeline.filing.cell import trimmed
from lodeline.filing.check import Checked
from lodeline.filing.rules import own_lot
from lodeline.filing.schema import COLUMNS, MASS_COLUMNS
from lodeline.filing.table import Table
from lodeline.ledger.movement import makes_lot
from lodeline.ledger.problem import CATALOGUE, Problem

#: Rows checked at a time where a whole filing has more problems than are listed.
_PIECE_ROWS = 1_000
#: Rows that cannot stand before the lot that they are about; a count and a receipt can.
_NEEDING = ("transformation", "shipment", "title", "export", "loss", "adjustment")
_EVENT = trimmed(pl.col("event").str.normalize("NFC"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """A table in two: `good` can be filed as it is, `rest` keeps every other row. Events by their reference.

    `checked`: what the check says of `good`; None where there is no such row.
    """

    good: Table
    rest: Table
    good_events: frozenset[str]
    rest_events: frozenset[str]
    checked: Checked | None


def good_events(table: Table, problems: Iterable[Problem]) -> tuple[set[str], set[str]]:
    """(events without, events with) a problem that stands in the way; rows without a reference are in neither.

    A problem of the whole filing (its header, its period) stands in the way of every event.
    """
    everything = set(events(table)["event"].drop_nulls())
    bad = _blocked(table, problems)
    return (set(), everything) if bad is None else (everything - bad, everything & bad)


def events(table: Table) -> pl.DataFrame:
    """`event` as the check reads it (null where a row has none), `source`, `row` of every row of the table."""
    event = _EVENT if "event" in table.frame.columns else pl.lit(None, pl.String())
    return table.frame.select(event.alias("event"), "source", "row")


def divide(table: Table, chosen: Collection[str]) -> tuple[Table, Table]:
    """(rows of the chosen events, all other rows), each with the readers' problems about it."""
    is_chosen = events(table)["event"].is_in(list(chosen)).fill_null(False)
    return _part(table, table.frame.filter(is_chosen)), _part(table, table.frame.filter(~is_chosen))


def settle(
    table: Table,
    check: Callable[[Table], Checked],
    ledger: Callable[[Checked], Iterable[Problem]] | None = None,
    *,
    known: Checked | None = None,
) -> Division:
    """The largest part that nothing stands in the way of, found by holding back what is bad until nothing is.

    `check` judges a table by itself; `ledger`, asked only of parts that it can be asked of, against what is held.
    `known`: what `check` says of the table.
    """
    every = set(events(table)["event"].drop_nulls())
    part = divide(_with_every_column(table), every)[0]
    if part.frame.shape != table.frame.shape:
        known = None
    of_part: Checked | None = None
    while part.frame.height:
        problems, checked = _judged(part, check, known)
        known = None
        if ledger is not None and not checked.rejects:
            problems = list(ledger(checked))
        bad = _blocked(part, problems)
        if bad is None:
            part = divide(part, ())[0]
            break
        if not bad:
            of_part = checked
            break
        part = divide(part, bad | _needing(checked, bad))[1]
    good = frozenset(events(part)["event"].drop_nulls())
    of_good, of_rest = divide(table, good)
    return Division(good=of_good, rest=of_rest, good_events=good, rest_events=frozenset(every - good), checked=of_part)


def other_months(rows: pl.DataFrame, period: str) -> dict[str, set[str]]:
    """Month (`YYYY-MM`) → the events wholly dated in it, for months other than the filing's own.

    `rows` as checked. An event with a day that cannot be read, or with days of two months, belongs to none.
    """
    of_event = (
        rows.lazy()
        .filter(pl.col("event").is_not_null() & (pl.col("kind") != "void").fill_null(True))
        .select("event", month=pl.col("on").dt.strftime("%Y-%m"))
        .group_by("event")
        .agg(first=pl.col("month").min(), last=pl.col("month").max(), unread=pl.col("month").is_null().any())
        .filter(~pl.col("unread") & (pl.col("first") == pl.col("last")) & (pl.col("first") != period))
        .sort("first", "event")
        .collect()
    )
    found: dict[str, set[str]] = {}
    for event, month in of_event.select("event", "first").iter_rows():
        found.setdefault(month, set()).add(event)
    return found


def _part(table: Table, frame: pl.DataFrame) -> Table:
    kept = set(frame.select("source", "row").iter_rows()) if table.problems else set()
    problems = tuple(
        found for found in table.problems if not (at := set(_addresses(table, found))) or not at.isdisjoint(kept)
    )
    return replace(table, frame=frame, problems=problems)


def _addresses(table: Table, found: Problem) -> Iterator[tuple[int, int]]:
    """The rows that a problem is about: none for one of the header or of the whole file."""
    where = found.where
    if where.row is None or where.row == 1:
        return
    first = last = where.row
    if match := re.fullmatch(r"[A-Z]+([0-9]+):[A-Z]+([0-9]+)", str(found.facts.get("cells", ""))):
        first, last = int(match[1]), int(match[2])
    for number, source in enumerate(table.sources):
        if (source.file, source.sheet) == (where.file, where.sheet):
            yield from ((number, row) for row in range(first, last + 1))


def _blocked(table: Table, problems: Iterable[Problem]) -> set[str] | None:
    """The events that problems stand in the way of; None where one stands in the way of them all."""
    at: set[tuple[int, int]] = set()
    for found in problems:
        if found.severity == "flag":
            continue
        addresses = set(_addresses(table, found))
        if not addresses:
            return None
        at |= addresses
    if not at:
        return set()
    wanted = pl.DataFrame(sorted(at), schema={"source": pl.UInt16(), "row": pl.UInt32()}, orient="row")
    return set(events(table).join(wanted, on=["source", "row"], how="semi")["event"].drop_nulls())


def _with_every_column(table: Table) -> Table:
    """A column that the file lacks is empty in every row: then each row that needs it is named, and not the header."""
    absent = [column.name for column in COLUMNS if column.name not in table.frame.columns]
    if any(name in table.frame.columns for name in MASS_COLUMNS):
        absent = [name for name in absent if name != "mass_kg"]
    return replace(table, frame=table.frame.with_columns(pl.lit(None, pl.String()).alias(name) for name in absent))


def _judged(table: Table, check: Callable[[Table], Checked], known: Checked | None) -> tuple[list[Problem], Checked]:
    """The problems of a table; piece by piece where it has more of one code than are listed."""
    checked = check(table) if known is None else known
    cut = [str(found.facts["code"]) for found in checked.problems if found.code == "problems.more"]
    if all(CATALOGUE[code].severity == "flag" for code in cut):
        return list(checked.problems), checked
    firsts = events(table).with_row_index("place").select(pl.col("place").min().over("event")).to_series()
    pieces = (firsts // _PIECE_ROWS).rename("_piece")
    parts = table.frame.with_columns(pieces).partition_by("_piece", include_key=False, maintain_order=True)
    found = [one for part in parts for one in check(_part(table, part)).problems]
    return [*checked.problems, *found], checked


def _needing(checked: Checked, bad: Collection[str]) -> set[str]:
    """The events that draw on a lot which only an event held back makes, and those that draw on theirs."""
    rows = checked.rows.select("event", own_lot(checked.organisation), "kind", makes=makes_lot().fill_null(False))
    makers = rows.filter("makes")
    users = rows.filter(~pl.col("makes") & pl.col("kind").is_in(_NEEDING))
    held: set[str] = set(bad)
    while True:
        lots = makers.filter(pl.col("event").is_in(list(held)))["lot"]
        needing = set(users.filter(pl.col("lot").is_in(lots.implode()))["event"].drop_nulls()) - held
        if not needing:
            return held
        held |= needing
