"""A month filed again, held against what stands: what is the same, what differs cell by cell, what is new or missing.

The order of events, and of the rows in an event, says nothing; what an ERP writes out in another order is unchanged.
What is missing stays in force unless the filer says otherwise, event by event.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

from lodeline.filing.canonical import cells
from lodeline.filing.division import divide
from lodeline.filing.edits import Addition, Changes, apply
from lodeline.filing.schema import CELLS
from lodeline.filing.table import Table
from lodeline.filing.written import TYPED, cell_text

State = Literal["unchanged", "changed", "new", "missing"]

#: What can be shown of a row that differs: column → its text, in the order of the format.
_SHOWN: Final = tuple(name for name in TYPED if name != "event")
DIFFERENCES: Final[dict[str, pl.DataType]] = {
    "event": pl.String(), "what": pl.String(), "role": pl.String(), "lot": pl.String(), "column": pl.String(),
    "before": pl.String(), "after": pl.String(), "source": pl.UInt16(), "row": pl.UInt32(),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What is filed again, against what stands.

    `events`: `event`, `state` (`unchanged` `changed` `new` `missing`), in the order of the new rows, then the missing.
    `differences`: one row for each cell that differs in a changed event, `DIFFERENCES`: `what` is `cell`, or `added`
    or `removed` for a row that the other side does not have (then `column` is `mass_kg`); `before` and `after` are text
    as filed (kg, %, ISO days), null where a cell is empty; `source`, `row` say where the new row is, null for
    `removed`. `new` and `stands` are the rows compared.
    """

    events: pl.DataFrame
    differences: pl.DataFrame
    new: pl.DataFrame
    stands: pl.DataFrame

    def of(self, state: State) -> list[str]:
        """The events in a state."""
        return self.events.filter(pl.col("state") == state)["event"].to_list()


def compare(new: pl.DataFrame, stands: pl.DataFrame) -> Comparison:
    """Compares rows as checked (columns of `schema.ROWS`) with rows in force (columns of `schema.CELLS`).

    Withdrawals among the new rows are left out: an event that is withdrawn is missing.
    """
    new = new.filter(pl.col("kind").ne_missing(pl.lit("void")) & pl.col("event").is_not_null())
    sides = [
        frame.select("event", text=cells(frame))
        .group_by("event", maintain_order=True)
        .agg(pl.col("text").sort())
        .with_columns(here=pl.lit(True))
        for frame in (new, stands)
    ]
    both = sides[0].join(sides[1], on="event", how="full", coalesce=True, maintain_order="left_right")
    state = (
        pl.when(pl.col("here_right").is_null())
        .then(pl.lit("new"))
        .when(pl.col("here").is_null())
        .then(pl.lit("missing"))
        .when(pl.col("text") == pl.col("text_right"))
        .then(pl.lit("unchanged"))
        .otherwise(pl.lit("changed"))
    )
    found = both.select("event", state=state)
    return Comparison(events=found, differences=_differences(found, new, stands), new=new, stands=stands)


def as_correction(comparison: Comparison, table: Table, *, void: Collection[str] = ()) -> Table:
    """The rows that make what stands into what was filed again: changed and new events in full, as filed.

    `table` is what `comparison.new` was checked from. Missing events are withdrawn only where `void` names them; names
    in it that are not missing withdraw nothing.
    """
    restated = divide(table, {*comparison.of("changed"), *comparison.of("new")})[0]
    withdrawn = [event for event in comparison.of("missing") if event in void]
    additions = tuple(
        Addition(row=number, cells={"event": event, "kind": "void"}) for number, event in enumerate(withdrawn, start=2)
    )
    return apply(restated, Changes(additions=additions))


def _differences(events: pl.DataFrame, new: pl.DataFrame, stands: pl.DataFrame) -> pl.DataFrame:
    changed = events.filter(pl.col("state") == "changed")["event"].implode()
    after = new.filter(pl.col("event").is_in(changed)).with_row_index("place")
    before = stands.filter(pl.col("event").is_in(changed)).with_row_index("place")
    if not after.height:
        return pl.DataFrame(schema=DIFFERENCES)
    pairs = _pairs(after, before)
    after = after.with_columns(_text.alias(f"_{name}") for name, _text in _TEXTS.items())
    before = before.with_columns(_text.alias(f"_{name}") for name, _text in _TEXTS.items())
    joined = (
        pairs.join(after, left_on="after", right_on="place", how="left")
        .join(before, left_on="before", right_on="place", how="left", suffix="_before")
        .with_columns(pl.coalesce(name, f"{name}_before").alias(name) for name in ("event", "role", "lot"))
    )
    order = pl.coalesce("after", "before")
    one_sided = joined.filter(pl.col("after").is_null() | pl.col("before").is_null()).select(
        "event", "role", "lot", "source", "row", order.alias("order"),
        what=pl.when(pl.col("before").is_null()).then(pl.lit("added")).otherwise(pl.lit("removed")),
        column=pl.lit("mass_kg"), before_text="_mass_kg_before", after_text="_mass_kg", place=pl.lit(0),
    )  # fmt: skip
    two_sided = joined.filter(pl.col("after").is_not_null() & pl.col("before").is_not_null())
    by_cell = [
        two_sided.filter(pl.col(f"_{name}").ne_missing(pl.col(f"_{name}_before"))).select(
            "event", "role", "lot", "source", "row", order.alias("order"), what=pl.lit("cell"),
            column=pl.lit(name), before_text=f"_{name}_before", after_text=f"_{name}", place=pl.lit(place),
        )
        for place, name in enumerate(_TEXTS)
    ]  # fmt: skip
    names = one_sided.columns
    whole = pl.concat([one_sided, *(frame.select(names) for frame in by_cell)])
    position = events.with_row_index("number").select("event", "number")
    return (
        whole.join(position, on="event", how="left")
        .sort("number", pl.col("what") == "removed", "order", "place")
        .rename({"before_text": "before", "after_text": "after"})
        .select(*DIFFERENCES)
    )


_TEXTS: Final = {name: cell_text(name) for name in _SHOWN} | {"extra": pl.col("extra")}
assert set(CELLS) == {*TYPED.values(), "extra"}, "every cell of a row can differ and is shown"


def _pairs(after: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """`after`, `before`: positions of rows that belong together, null where a row has no other.

    Rows are paired by event, role and lot; those left over, whose lot was written differently, by event and role.
    """
    same_lot = _paired(after, before, ["event", "role", "lot"])
    rest_after = after.join(same_lot, left_on="place", right_on="after", how="anti")
    rest_before = before.join(same_lot, left_on="place", right_on="before", how="anti")
    other_lot = _paired(rest_after, rest_before, ["event", "role"])
    alone_after = rest_after.join(other_lot, left_on="place", right_on="after", how="anti").select(after="place")
    alone_before = rest_before.join(other_lot, left_on="place", right_on="before", how="anti").select(before="place")
    return pl.concat([same_lot, other_lot, alone_after, alone_before], how="diagonal")


def _paired(after: pl.DataFrame, before: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """First with first, second with second, of the rows with one key."""
    numbered = [
        frame.select("place", *key, number=pl.int_range(pl.len(), dtype=pl.UInt32()).over(key))
        for frame in (after, before)
    ]
    joined = numbered[0].join(numbered[1], on=[*key, "number"], how="inner", nulls_equal=True)
    return joined.select(after="place", before="place_right")
