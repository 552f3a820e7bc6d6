"""What a lot's own history says of its content: which elements went into it, by what the lots upstream state.

A lot that states an element answers for all that lies above it; one that does not passes the question on. So an element
that was left out of an alloy on paper is found in the metal that it was melted from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from lodeline.material.element import SYMBOLS, TREO

#: Events upstream that are followed: ore to magnet takes fewer, and a circle of lots ends here.
_HOPS = 16
#: A contribution smaller than this part of a lot is followed no farther.
_LEAST_PART = 1e-4
_FRONT: Mapping[str, pl.DataType] = {
    "asked": pl.Int64(), "lot": pl.Int64(), "part": pl.Float64(), "answered": pl.Int64(),
}  # fmt: skip


def fed(lots: Sequence[int], *, lines: pl.DataFrame, lot_assays: pl.DataFrame) -> dict[int, dict[str, int]]:
    """Lot → element → ppb that it would hold, had the elements stated upstream gone evenly into what was made.

    Parameters: `lines` in force (columns of `ledger.movement.LINE`), `lot_assays` as in `accountancy.frames`. A figure
    of statistics: it says what went in, and not where in the run it stayed.
    """
    steps = lines.filter(pl.col("kind") == "transformation")
    key = ["organisation", "event"]
    made = steps.filter(pl.col("role").is_in(["out", "waste"])).with_columns(out_mg=pl.col("dry_mg").sum().over(key))
    made = made.filter(pl.col("out_mg") > 0).select(*key, "lot", "out_mg").unique(["lot"], keep="first")
    used = steps.filter(pl.col("role") == "in").select(*key, source="lot", used_mg="dry_mg")
    stated = lot_assays.filter(pl.col("element") != SYMBOLS.index(TREO))
    # `answered`: one bit for each element that a lot on the way down has answered for.
    whole = {"asked": list(lots), "lot": list(lots), "part": [1.0] * len(lots), "answered": [0] * len(lots)}
    front = pl.DataFrame(whole, schema=dict(_FRONT))
    found: dict[int, dict[str, int]] = {}
    for _ in range(_HOPS):
        above = (
            front.join(made, on="lot")
            .join(used, on=key)
            .with_columns(part=pl.col("part") * pl.col("used_mg") / pl.col("out_mg"))
            .filter(pl.col("part") >= _LEAST_PART)
            .group_by("asked", "source", "answered")
            .agg(pl.col("part").sum())
            .rename({"source": "lot"})
        )
        if above.is_empty():
            break
        stated_content = above.join(stated, on="lot").filter(
            (pl.col("ppb") > 0) & ((pl.col("answered") // (2 ** pl.col("element").cast(pl.Int64()))) % 2 == 0)
        )
        for asked, element, ppb in (
            stated_content.group_by("asked", "element").agg((pl.col("part") * pl.col("ppb")).sum()).iter_rows()
        ):
            own = found.setdefault(asked, {})
            own[SYMBOLS[element]] = own.get(SYMBOLS[element], 0) + round(ppb)
        bits = stated_content.group_by("asked", "lot", "answered").agg(
            more=(2 ** pl.col("element").cast(pl.Int64())).sum().cast(pl.Int64())
        )
        front = above.join(bits, on=["asked", "lot", "answered"], how="left").select(
            "asked", "lot", "part", answered=pl.col("answered") + pl.col("more").fill_null(0)
        )
    return found
