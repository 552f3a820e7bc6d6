"""Linear programmes: the least that a weighted sum of bounded unknowns can be where other sums of them are bounded.

HiGHS solves them (https://highs.dev), called by its own package: SciPy has the same solver and takes .3 s to load.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The weights of unknowns in rows, one row after the other: those of row i are `value[start[i]:start[i + 1]]`, of
    the unknowns at the same places of `column`. `columns`: how many unknowns there are."""

    start: Places
    column: Places
    value: Floats
    columns: int

    @classmethod
    def of(cls, value: Floats, row: Places, column: Places, *, shape: tuple[int, int]) -> Rows:
        """Weights in any order, each with its row and its unknown; no two at one place. shape: (rows, unknowns)."""
        order = np.lexsort((column, row))
        start = np.concatenate(([0], np.cumsum(np.bincount(row, minlength=shape[0]))))
        return cls(start=start, column=column[order], value=value[order], columns=shape[1])

    @classmethod
    def dense(cls, matrix: Floats) -> Rows:
        """The weights of a matrix that are not nothing."""
        row, column = np.nonzero(matrix)
        return cls.of(matrix[row, column], row, column, shape=(matrix.shape[0], matrix.shape[1]))

    def repeated(self, times: int) -> Rows:
        """As many programmes beside each other, which have nothing in common."""
        each = np.arange(times)[:, np.newaxis]
        return Rows(
            start=np.append((self.start[:-1] + self.start[-1] * each).ravel(), self.start[-1] * times),
            column=(self.column + self.columns * each).ravel(), value=np.tile(self.value, times),
            columns=self.columns * times,
        )  # fmt: skip


def least_sum(
    cost: Floats, rows: Rows, *, row_least: Floats, row_most: Floats, least: Floats, most: Floats,
    tolerance: float = 1e-7,
) -> Floats | None:  # fmt: skip
    """The unknowns between `least` and `most` whose sum weighted by `cost` is least, where each row comes to no less
    than `row_least` and no more than `row_most`; None where there are none, or they were not found.

    tolerance: how far, in absolute terms, a bound may be missed.
    """
    import highspy  # noqa: PLC0415  (a command that needs no programme does not wait for it)

    programme = highspy.HighsLp()
    programme.num_col_, programme.num_row_ = len(cost), len(row_least)
    programme.col_cost_, programme.col_lower_, programme.col_upper_ = cost, least, most
    programme.row_lower_, programme.row_upper_ = row_least, row_most
    programme.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    programme.a_matrix_.num_col_, programme.a_matrix_.num_row_ = len(cost), len(row_least)
    programme.a_matrix_.start_ = rows.start.astype(np.int32)
    programme.a_matrix_.index_ = rows.column.astype(np.int32)
    programme.a_matrix_.value_ = rows.value
    solver = _quiet()
    for name, value in (
        ("output_flag", False), ("threads", 1), ("parallel", "off"),
        ("primal_feasibility_tolerance", tolerance), ("dual_feasibility_tolerance", tolerance),
    ):  # fmt: skip
        solver.setOptionValue(name, value)
    solver.passModel(programme)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    return np.asarray(solver.getSolution().col_value, np.float64)


def _quiet() -> Any:
    """A solver that says nothing: the package's own prints who made it when it is ready to be called back."""
    import highspy  # noqa: PLC0415

    class Quiet(highspy.Highs):
        def enableCallbacks(self) -> None:  # noqa: N802  (the package's name)
            """Nobody calls back."""

    return Quiet()  # type: ignore[no-untyped-call]
