"""A firm that must file a month has not, although others say that they dealt with it.

Loophole: what is never filed is in no balance. A firm that buys and sells and stays silent takes material out of sight
for everybody; its counterparties' rows are the only trace.

Innocent: nothing happened and no nil return was filed; the firm closed and the register does not say so; the filing was
refused and not sent again; it was filed under another id.
Ask: the filing; the firm's own books of the months; confirmation of the rows that name it.
Evidence: the months with their deadlines, then the transfers in which others name the firm and its own half is missing.
Source: the deadline is the parameter `filing-deadline` of the law (Order 71 of 2025), or what the authority has
extended it to (ledger.extension).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import polars as pl

from lodeline.detection.detector import Detector
from lodeline.detection.evidence import described, largest_rows
from lodeline.detection.finding import Finding, ranked
from lodeline.language import text
from lodeline.ledger.extension import due
from lodeline.ledger.register import Register
from lodeline.material.assay import TREO_INDEX
from lodeline.material.element import TREO
from lodeline.material.mass import share_mg_expr
from lodeline.message import Count, Key, Mass, Month, Party, Series, Texts
from lodeline.regulation.duty import next_month
from lodeline.regulation.parameter import Jurisdiction

TEXTS: Final = Texts(
    "missing-filing",
    {
        "month": text("{month} was not filed by its deadline."),
        "months": text("{months} months were not filed by their deadlines: {runs}."),
        "run": text("{first} to {last}", context="detectors"),
        "named": text("In that time {others} others ({listed}{more}) name it in transfers of {mass} kg TREO."),
        "not-named": text("Nobody else names it in that time."),
    },
)
#: Firms that a sentence names.
_LISTED: Final = 5


def missing_filing(
    *,
    status: pl.DataFrame,
    transfers: pl.DataFrame,
    lines: pl.DataFrame,
    lot_assays: pl.DataFrame,
    law: Jurisdiction,
    register: Register,
) -> list[Finding]:
    """One finding per organisation, of all months that it did not file, as `ranked`: there is one desk to ask.

    Parameters: `status` is `organisation`, `period`, `state` (`filed`, `late`, `missing`; a month is missing once its
    deadline has passed at the last filing in the log); `transfers` has the columns of `ledger.transfer.TRANSFER`;
    `lines` is `line`, `entry`; `lot_assays` as in `accountancy.frames`. `mass_mg` is the TREO that others
    say they shipped to the firm or received from it in these months and that it never confirmed; 0 where nobody did.

    A month that nobody at all has filed is no month of this ledger: its filers report less often, or it began later.
    """
    reported = status.filter(pl.col("state") != "missing")["period"].unique()
    missing = status.filter((pl.col("state") == "missing") & pl.col("period").is_in(reported.implode()))
    if missing.is_empty():
        return []
    months = missing.sort("organisation", "period")
    named = _named(transfers, lines, lot_assays).join(months, on=["organisation", "period"])
    rows = largest_rows(named, ["organisation"], mass="mass_mg")
    totals = {
        firm: (treo_mg, others)
        for firm, treo_mg, others in named.group_by("organisation")
        .agg(pl.col("treo_mg").sum(), pl.col("other").unique().sort())
        .iter_rows()
    }
    return ranked(
        _finding(firm, periods, (law, register), named=(*totals.get(firm, (0, [])), rows.get(firm, [])))
        for firm, periods in months.group_by("organisation", maintain_order=True).agg("period").iter_rows()
    )


DETECTOR: Final = Detector(
    name="missing-filing",
    label=text("Missing filing"),
    mark=("ring", "ink"),
    find=missing_filing,
    texts=TEXTS,
    duty=True,
    question=text("Why has {firm} not filed {months}?"),
)


def _named(transfers: pl.DataFrame, entries: pl.DataFrame, lot_assays: pl.DataFrame) -> pl.DataFrame:
    """Half transfers by the organisation whose half is missing.

    `organisation`, `other` (who filed), `period`, `seq`, `entry`, `event`, `kind`, `on`, `mass_mg` (dry), `treo_mg`.
    """
    halves = pl.concat(
        transfers.filter(pl.col(f"{lacking}_line").is_null() & pl.col(silent).is_not_null()).select(
            "lot",
            organisation=silent,
            other=speaking,
            seq=f"{filed}_line",
            event=f"{filed}_event",
            on=f"{verb}_on",
            mass_mg=f"{verb}_mg",
            kind=pl.lit(filed),
        )
        for silent, speaking, lacking, filed, verb in (
            ("receiver", "shipper", "receipt", "shipment", "shipped"),
            ("shipper", "receiver", "shipment", "receipt", "received"),
        )
    )
    treo = lot_assays.filter(pl.col("element") == TREO_INDEX).select("lot", "ppb")
    return (
        halves.join(treo, on="lot", how="left")
        .join(entries.select("entry", seq="line"), on="seq", how="left")
        .with_columns(
            period=pl.col("on").dt.strftime("%Y-%m"),
            # A lot whose composition nobody has stated has no TREO that is known.
            treo_mg=share_mg_expr(pl.col("mass_mg"), pl.col("ppb").fill_null(0)),
        )
    )


def _deadline(moment: datetime | None) -> str:
    assert moment is not None, "a month is missing only where a law has it filed"
    return moment.isoformat()


def _runs(periods: list[str]) -> list[tuple[str, str]]:
    """Months, in order, as runs of neighbours: the first and the last of each."""
    runs: list[tuple[str, str]] = []
    for period in periods:
        if runs and next_month(runs[-1][1]) == period:
            runs[-1] = runs[-1][0], period
        else:
            runs.append((period, period))
    return runs


def _finding(
    organisation: str,
    periods: list[str],
    when: tuple[Jurisdiction, Register],
    *,
    named: tuple[int, list[str], list[dict[str, Any]]],
) -> Finding:
    """`when`: what says when a month is due; `named`: the TREO that others name, who they are, and their rows."""
    treo_mg, others, rows = named
    first, last = periods[0], periods[-1]
    runs = [
        Month(one) if one == other else TEXTS.message("run", first=Month(one), last=Month(other))
        for one, other in _runs(periods)
    ]
    months = (
        TEXTS.message("month", month=Month(first))
        if first == last
        else TEXTS.message("months", months=Count(len(periods)), runs=Series(tuple(runs)))
    )
    by_others = (
        TEXTS.message(
            "named",
            others=Count(len(others)),
            listed=Series(tuple(map(Party, others[:_LISTED]))),
            more=Key("…" if len(others) > _LISTED else ""),
            mass=Mass(treo_mg),
        )
        if others
        else TEXTS.message("not-named")
    )
    return Finding(
        detector=DETECTOR.name, subject={"organisation": organisation}, first_period=first, last_period=last,
        score=None, mass_mg=treo_mg, interval_mg=(treo_mg, None), elements=(TREO,) if treo_mg else (),
        explanation=(months, by_others),
        innocent=(), ask=(),
        evidence=(
            *({"period": period, "deadline": _deadline(due(organisation, period, *when))} for period in periods),
            *({"organisation": row["other"], **described(row, mass=row["mass_mg"])} for row in rows),
        ),
    )  # fmt: skip
