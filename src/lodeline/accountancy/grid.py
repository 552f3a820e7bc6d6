"""The cells of a balance: each area's time cut at month ends and inventories, times the elements it carries.

No month between the first and the last is left out, so sums run on through months in which nothing moved.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.material.element import SYMBOLS

Integers = npt.NDArray[np.int64]

#: Elements in the order of their symbols as text, in which rows are given.
_RANK = np.argsort(np.argsort(np.array(SYMBOLS)))
#: Room for a day (signed, from 1970) beside the number of an area in one integer.
_DAYS = 1 << 32


def cut(
    moves: pl.DataFrame, inventories: pl.DataFrame, *, first_period: str | None, last_period: str | None
) -> pl.DataFrame:
    """Segments of each area, sorted: `area`, `period`, `since`, `until`, `counted`, `opens`, `shown`.

    A site's history begins with its first movement, or with its first inventory when that came before any movement,
    and ends with the month of the last of either. `since` is the last inventory before the segment, else the
    day before the history's first month. What lies before the last inventory ahead of `first_period` changes no row
    that is asked for and is left out; an inventory that opens the history stays (`opens`) but is not shown.
    """
    first_day = pl.lit(_month(first_period) if first_period else date.min)
    last_day = pl.lit(_month(last_period) if last_period else date(9999, 12, 1)).dt.month_end()
    acts = pl.concat([moves.select("area", "on"), inventories.select("area", "on")])
    first_move = moves.group_by("area").agg(first_move=pl.col("on").min())
    ahead_of_all = pl.col("first_move").is_null() | (pl.col("on") < pl.col("first_move"))
    begin = (
        inventories.join(first_move, on="area", how="left")
        .group_by("area")
        .agg(
            pl.col("on").min().filter(ahead_of_all.first()).first().alias("begin"),
            pl.col("on").filter(pl.col("on") < first_day).max().alias("begin_asked"),
        )
        .select("area", begin=pl.coalesce("begin_asked", "begin"))
    )
    span = acts.group_by("area").agg(
        first=pl.col("on").min().dt.month_start(), last=pl.col("on").max().dt.month_start()
    )
    months = span.select("area", until=pl.date_ranges("first", "last", "1mo")).explode("until")
    return (
        pl.concat(
            [
                months.select("area", pl.col("until").dt.month_end(), counted=pl.lit(False)),
                inventories.select("area", until="on", counted=pl.lit(True)),
            ]
        )
        .group_by("area", "until")
        .agg(pl.col("counted").any())
        .filter(pl.col("until") <= last_day)
        .join(begin, on="area", how="left")
        .join(span.select("area", "first"), on="area")
        .filter(pl.col("begin").is_null() | (pl.col("until") >= pl.col("begin")))
        .sort("area", "until")
        .select(
            "area",
            "until",
            "counted",
            period=pl.col("until").dt.strftime("%Y-%m"),
            since=pl.when("counted")
            .then("until")
            .forward_fill()
            .shift(1)
            .over("area", order_by="until")
            .fill_null(pl.col("first").dt.offset_by("-1d")),
            opens=(pl.col("until") == pl.col("begin")).fill_null(False),
        )
        .with_columns(shown=~pl.col("opens") & (pl.col("until") >= first_day))
    )


def _month(period: str) -> date:
    return date.fromisoformat(f"{period}-01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Cells in the order area, element (by symbol), time; all arrays are one entry per cell unless said otherwise.

    `segments` is what `cut` made; `segment` its row and `element` the index into SYMBOLS of each cell; `begins` marks
    the first cell of an (area, element); `counted` where a physical inventory ends the cell.
    """

    segments: pl.DataFrame
    segment: Integers
    element: Integers
    begins: npt.NDArray[np.bool_]
    counted: npt.NDArray[np.bool_]
    #: (areas, len(SYMBOLS)): the first cell of each, −1 where the area does not carry the element.
    first_cell: Integers
    #: (areas,): the first segment of each.
    first_segment: Integers

    @classmethod
    def build(cls, segments: pl.DataFrame, carried: pl.DataFrame) -> Self:
        """The cells of `carried` (`area`, `element`) over `segments`; an area without segments has none."""
        area = segments["area"].to_numpy().astype(np.int64)
        areas = max(int(area.max(initial=-1)), _largest(carried["area"])) + 1
        lengths = np.bincount(area, minlength=areas)
        first_segment = np.cumsum(lengths) - lengths

        line_area = carried["area"].to_numpy().astype(np.int64)
        line_element = carried["element"].to_numpy().astype(np.int64)
        order = np.lexsort((_RANK[line_element], line_area))
        order = order[lengths[line_area[order]] > 0]
        line_area, line_element = line_area[order], line_element[order]
        line_length = lengths[line_area]
        line_start = np.cumsum(line_length) - line_length
        first_cell = np.full((areas, len(SYMBOLS)), -1, np.int64)
        first_cell[line_area, line_element] = line_start

        size = int(line_length.sum())
        step = np.arange(size) - np.repeat(line_start, line_length)
        segment = np.repeat(first_segment[line_area], line_length) + step
        return cls(
            segments=segments,
            segment=segment,
            element=np.repeat(line_element, line_length),
            begins=step == 0,
            counted=segments["counted"].to_numpy()[segment],
            first_cell=first_cell,
            first_segment=first_segment,
        )

    @property
    def size(self) -> int:
        return len(self.segment)

    def locate(self, moves: pl.DataFrame) -> pl.DataFrame:
        """The movements that lie in a segment, with its row `segment`; those up to an opening inventory do not."""
        place = self._place(moves)
        opens = self.segments["opens"].to_numpy()
        inside = self._inside(moves, place)
        inside[inside] = ~opens[place[inside]]
        return moves.with_columns(segment=pl.Series(place)).filter(pl.Series(inside))

    def locate_counts(self, counts: pl.DataFrame) -> pl.DataFrame:
        """The counts that belong to a physical inventory, with the row `segment` which that inventory ends."""
        place = self._place(counts)
        inside = self._inside(counts, place)
        found = counts.with_columns(segment=pl.Series(place)).filter(pl.Series(inside))
        ends = self.segments[found["segment"].to_numpy()]
        return found.filter(ends["counted"] & (ends["until"] == found["on"]))

    def cells(self, parts: pl.DataFrame) -> Integers:
        """The cell of each row of `area`, `segment`, `element`."""
        area = parts["area"].to_numpy()
        first = self.first_cell[area, parts["element"].to_numpy()]
        assert (first >= 0).all(), "every element that a lot carries at an area has its cells there"
        cells: Integers = first + parts["segment"].to_numpy() - self.first_segment[area]
        return cells

    def _place(self, frame: pl.DataFrame) -> Integers:
        """The first segment in (area, day) order that ends on or after the day."""
        return np.searchsorted(_moment(self.segments, "until"), _moment(frame, "on"))

    def _inside(self, frame: pl.DataFrame, place: Integers) -> npt.NDArray[np.bool_]:
        inside = place < self.segments.height
        inside[inside] = self.segments["area"].to_numpy()[place[inside]] == frame["area"].to_numpy()[inside]
        return inside


def _moment(frame: pl.DataFrame, day: str) -> Integers:
    """(area, day) as one integer that sorts alike."""
    moment: Integers = frame["area"].to_numpy().astype(np.int64) * _DAYS + frame[day].to_physical().to_numpy()
    return moment


def _largest(column: pl.Series) -> int:
    return int(column.to_numpy().astype(np.int64).max(initial=-1))
