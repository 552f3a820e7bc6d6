"""A balance is kept from being tested by lots of which nobody states a composition.

Loophole: what nobody has assayed may hold anything, so a firm that files `unknown` for one lot a month has no balance
that anybody can judge. The balance is tested all the same wherever even the most innocent composition leaves a
difference (`accountancy.unassayed`); where none is left because too much is unknown, the lots are asked about by name.
That is no accusation: it says what cannot be tested, by how much, and which assays would mend it. A composition is
stated where a lot is made or received; of a lot of which neither is filed that paper is missing, and no assay:
`missing-filing` and `over-drawn-lot` ask for it.

Innocent: waste that is sold by weight and never analysed; an assay that is on its way; a laboratory that was closed.
Ask: an assay of the lots listed, or of a sample that was kept; the buyer's assay, where they were sold.
Evidence: the balances that say nothing, with the bounds of each, then the lots that make them wide.
Source: the bounds are `data/reference/feasible_treo.csv`, assumptions from stoichiometry and trade.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import polars as pl

from lodeline.accountancy.unassayed import bounds, most_innocent
from lodeline.detection.detector import Detector
from lodeline.detection.evidence import EVIDENCE_ROWS
from lodeline.detection.finding import Finding, ranked
from lodeline.detection.imbalance import Books, watched
from lodeline.detection.limits import Limits
from lodeline.language import Text, text
from lodeline.material.element import TREO
from lodeline.material.mass import format_kg
from lodeline.message import NOTHING, Count, Lot, Mass, Month, Series, Texts

INNOCENT: tuple[Text, ...] = (
    text("The waste is sold by weight and nobody needs to know what it holds."),
    text("The assay was made and is not filed yet."),
    text("The laboratory was closed, or the sample was lost."),
)
ASK: tuple[Text, ...] = (
    text("An assay of the lots listed, or of samples that were kept."),
    text("Where a lot was sold: the buyer's assay."),
    text("Total oxide alone is enough for the balance to be tested."),
)
TEXTS: Final = Texts(
    "unassayed-lot",
    {
        "untested": text(
            "From {first} to {last}, {balances} balances of the site cannot be tested, because "
            "nobody has stated the composition of {listed}{more}."
        ),
        "more": text(" and {more} more"),
        "open": text(
            "What these lots may hold leaves up to {mass} kg TREO open in one balance, where "
            "measurement is good to {sigma} kg."
        ),
        "mended": text("An assay of them would let the balance be tested."),
    },
)


def unassayed_lot(
    *,
    books: Books,
    movements: pl.DataFrame,
    lots: pl.DataFrame,
    limits: Limits,
    status: pl.DataFrame | None = None,
) -> list[Finding]:
    """One finding per site some of whose balances say nothing for want of assays, as `ranked`.

    Parameters: `books` of the sites; `movements` as in `accountancy.frames`; `lots` names them (`lot`, `name`);
    `status` as all who ask these books have it.
    Bounds that are no further apart than `least_sigmas` σ of the balance hide no more than measurement does and are let
    be. `score` is None, because nothing is measured; `mass_mg` is how far apart the bounds of the widest balance lie.
    """
    entered = movements.lazy().filter(pl.col("delta_mg") > 0).select("lot").unique().collect()
    seen = books.once(watched, status)
    unknown = seen.unknown.join(entered, on="lot", how="semi", maintain_order="left")
    total = books.differences.filter(pl.col("element") == TREO)
    if unknown.is_empty() or total.is_empty():
        return []
    spans = total.hstack(bounds(unknown, total))
    left = most_innocent(*(spans[name].to_numpy().astype(np.float64) for name in _FIGURES))
    values = limits.on(total["until"].max())  # type: ignore[arg-type]
    width = pl.col("high_mg") - pl.col("low_mg")
    silent = spans.filter(pl.Series(np.isnan(left)) & (width > values["least_sigmas"] * pl.col("sigma_mg")))
    named = lots.select("lot", "name").filter(pl.col("lot").is_in(unknown["lot"].unique().implode()))
    names = dict(named.iter_rows())
    return ranked(
        _finding(rows, unknown, names)
        for _, rows in silent.sort("site", "until").group_by("organisation", "site", maintain_order=True)
    )


DETECTOR: Final = Detector(
    name="unassayed-lot",
    label=text("Unassayed lots"),
    mark=("ring", "flow"),
    find=unassayed_lot,
    texts=TEXTS,
    labels={
        "dry_kg": text("Came in or went, dry"),
        "open_kg": text("What it may hold"),
    },
)


_FIGURES: Final = ("muf_mg", "sigma_mg", "low_mg", "high_mg")


def _finding(rows: pl.DataFrame, unknown: pl.DataFrame, names: Mapping[int, str]) -> Finding:
    """The finding of one site; `rows` are its balances that say nothing, oldest first."""
    first, last = f"{rows['since'].dt.offset_by('1d')[0]:%Y-%m}", f"{rows['until'][-1]:%Y-%m}"
    here = unknown.join(rows.select("site", "since", "until"), on=["site", "since", "until"], how="semi")
    width = pl.col("high_mg") - pl.col("low_mg")
    lots = (
        here.group_by("lot", maintain_order=True)
        .agg(pl.col("product").first(), pl.col("net_mg").abs().max(), width_mg=width.max())
        .sort("width_mg", "lot", descending=[True, False])
    )
    mass_mg = int(rows.select(width.max()).item())
    listed = tuple(Lot(str(lot), names.get(lot, str(lot))) for lot in lots["lot"].head(_NAMED))
    more = TEXTS.message("more", more=Count(lots.height - _NAMED), lots=Count(lots.height))
    sigma_mg = float(rows["sigma_mg"].max() or 0.0)  # type: ignore[arg-type]
    return Finding(
        detector=DETECTOR.name, subject={"organisation": str(rows["organisation"][0]), "site": str(rows["site"][0])},
        first_period=first, last_period=last, score=None, mass_mg=mass_mg, interval_mg=(0, mass_mg), elements=(TREO,),
        explanation=(
            TEXTS.message(
                "untested",
                first=Month(first),
                last=Month(last),
                balances=Count(rows.height),
                listed=Series(listed),
                more=more if lots.height > _NAMED else NOTHING,
            ),
            TEXTS.message("open", mass=Mass(mass_mg), sigma=Mass(round(sigma_mg))),
            TEXTS.message("mended"),
        ),
        innocent=INNOCENT, ask=ASK,
        evidence=(
            *(_silent(row) for row in rows.tail(EVIDENCE_ROWS).iter_rows(named=True)),
            *(_lot(row, names) for row in lots.head(EVIDENCE_ROWS).iter_rows(named=True)),
        ),
    )  # fmt: skip


#: Lots that the sentence names; the evidence names more.
_NAMED: Final = 3


def _silent(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "untested": {
            "element": row["element"], "since": row["since"].isoformat(), "until": row["until"].isoformat(),
            "muf_kg": format_kg(row["muf_mg"]), "sigma_kg": format_kg(round(row["sigma_mg"])),
            "unassayed_kg": [format_kg(row["low_mg"]), format_kg(row["high_mg"])],
        }
    }  # fmt: skip


def _lot(row: Mapping[str, Any], names: Mapping[int, str]) -> dict[str, Any]:
    return {
        "lot": names.get(row["lot"], str(row["lot"])), "product": row["product"], "dry_kg": format_kg(row["net_mg"]),
        "open_kg": format_kg(row["width_mg"]),
    }  # fmt: skip
