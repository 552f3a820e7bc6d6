"""More was drawn from a lot than there ever was of it: material from nowhere under a good lot's name.

Loophole: a lot with papers (a quota, an assay, a licence) lends its number to material without any. The whole site may
still close, because another lot lies there untouched; only the lot's own book goes below nothing. Such ghost stock is
the lot-level form of laundering, which the site's balance does not see.

Innocent: a row names the wrong lot of two; the making or receipt of the rest is not filed yet, or dated later than its
use; a mass in the wrong unit.
Ask: the run sheets and weighings of the rows; which lot was really used; a count of the lot.
Evidence: the lot's totals, then the rows that drew what was not there.
Source: `unaccounted` is booked by ledger.movement.with_balances; the tolerance is that of a delivery
(ledger.transfer.closing_tolerance_mg, an assumption on weighing).

Neighbouring months of a site are one question: a lost receipt is felt as often as its goods are drawn. Sites that never
filed a count are not asked lot by lot: nobody has ever verified their book, and `unexplained-gain` asks them for all
that left beyond what came in, all lots together. Nor is a lot whose receipt may stand in a month that its firm has not
filed, from the lot's making to its use: `missing-filing` asks for that month. Nor are lots whose lack is a gain of the
site's balance: `unexplained-gain` asks for the mass, once.
"""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from lodeline.accountancy.unassayed import feasible_treo
from lodeline.detection.alarm import HALF_WIDTH_95
from lodeline.detection.detector import ROW, Detector, plain
from lodeline.detection.evidence import EVIDENCE_ROWS, described, largest_rows, months_since_year_0
from lodeline.detection.finding import Finding, ranked
from lodeline.detection.imbalance import Books
from lodeline.language import text
from lodeline.ledger.movement import makes_lot
from lodeline.ledger.transfer import closing_tolerance_mg
from lodeline.material.assay import TREO_INDEX
from lodeline.material.element import TREO
from lodeline.material.mass import format_kg, share_mg_expr
from lodeline.message import Count, Day, Lot, Mass, Month, Party, Texts

TEXTS: Final = Texts(
    "over-drawn-lot",
    {
        "drawn": text(
            "By the end of {month} the site had taken {drawn} kg from {lots}, of which it ever had "
            "{put_in} kg (dry mass): {unaccounted} kg were drawn that were not there."
        ),
        "lot": text("lot {lot}"),
        "lots": text("{lots} lots"),
        "not-received": text(
            "{shipper} filed a shipment of {mass} kg of it on {day} that the site's firm has not received."
        ),
    },
)
_LOT = ["organisation", "site", "lot", "period"]
_STRETCH = ["organisation", "site", "stretch"]
#: A balance that gained more than so many standard deviations raises an alarm whatever the other balances say.
_CLEAR: Final = 6


def over_drawn_lot(
    *,
    movements: pl.DataFrame,
    count_scopes: pl.DataFrame,
    transfers: pl.DataFrame,
    status: pl.DataFrame,
    lots: pl.DataFrame,
    lot_assays: pl.DataFrame,
    books: Books,
) -> list[Finding]:
    """One finding per site and run of months in which more was drawn from lots than was held, as `ranked`.

    Parameters: `books` of the sites that count;
    `movements`, `count_scopes` and `lot_assays` as in `accountancy.frames` (`event` and `entry` of the
    movements are named if they are there); `transfers` has the columns of `ledger.transfer.TRANSFER`: shipments of the
    lots to the organisation that lack their receipt are named, as the likely reason; `status` is `organisation`,
    `period`, `state`; `lots` is `lot`, `name`.

    `mass_mg` is the TREO of what was not there, by the maker's composition (0 if nobody stated one); dry masses stand
    in the evidence. What three standard deviations of two weighings of a lot explain is no finding. `score` is None:
    there is no null under which it happens.
    """
    counting = pl.col("site").is_in(count_scopes["site"].unique().implode())
    short = movements.lazy().filter(counting, pl.col("unaccounted_mg") > 0).collect()
    # Of the nation's movements a few are of such lots.
    moves = movements.lazy().join(short.lazy().select("site", "lot").unique(), on=["site", "lot"], how="semi").collect()
    moves, short = (one.with_columns(period=pl.col("on").dt.strftime("%Y-%m")) for one in (moves, short))
    over = _over_drawn(moves, short)
    over = (
        over.join(_in_silent_months(over, movements, status), on=_LOT, how="anti")
        .join(lots.select("lot", "name"), on="lot")
        .join(lot_assays.filter(pl.col("element") == TREO_INDEX).select("lot", "ppb"), on="lot", how="left")
        .with_columns(treo_mg=share_mg_expr(pl.col("unaccounted_mg"), pl.col("ppb").fill_null(0)))
        .sort(_LOT)
    )
    over = over.join(_of_a_gain(over, books.differences), on=_LOT, how="anti")
    step = (months_since_year_0("period").diff() > 1).fill_null(False)
    over = over.with_columns(stretch=step.cum_sum().over("organisation", "site", order_by="period"))
    drawn = short.join(over.select(*_LOT, "stretch"), on=_LOT)
    rows = largest_rows(drawn, _STRETCH, mass="unaccounted_mg")
    unreceived = (
        transfers.filter(pl.col("receipt_line").is_null())
        .join(
            over.select("organisation", "site", "stretch", "lot"),
            left_on=["receiver", "lot"],
            right_on=["organisation", "lot"],
        )
        .sort("shipped_mg", "shipped_on", "shipment_event", descending=[True, False, False])
        .unique(["receiver", "site", "stretch", "shipment_line"], maintain_order=True)
        .rows_by_key(["receiver", "site", "stretch"], named=True)
    )
    return ranked(
        _finding(own, rows[key], unreceived.get(key, [])) for key, own in over.group_by(_STRETCH, maintain_order=True)
    )


DETECTOR: Final = Detector(
    name="over-drawn-lot",
    label=text("Overdrawn lot"),
    mark=("up", "gain"),
    find=over_drawn_lot,
    texts=TEXTS,
    duty=True,
    question=text("What did {firm} use when its lot held too little?"),
    labels={
        "put_in_kg": text("Put into the lot, dry"),
        "drawn_kg": text("Drawn from it, dry"),
        "unaccounted_kg": text("Not there when drawn, dry"),
    },
    shown={**ROW, **plain("unaccounted_kg"), "totals": plain("lots", "put_in_kg", "drawn_kg", "unaccounted_kg")},
)


def _over_drawn(moves: pl.DataFrame, short: pl.DataFrame) -> pl.DataFrame:
    """`_LOT`, `unaccounted_mg` of the month, and what had been put in and drawn by its end; beyond weighing only."""
    months = short.group_by(_LOT).agg(pl.col("unaccounted_mg").sum())
    delta = pl.col("delta_mg")
    until = (
        months.join(moves.select("site", "lot", "delta_mg", moved="period"), on=["site", "lot"])
        .filter(pl.col("moved") <= pl.col("period"))
        .group_by(_LOT)
        .agg(put_in_mg=delta.clip(lower_bound=0).sum(), drawn_mg=-delta.clip(upper_bound=0).sum())
    )
    return (
        months.join(until, on=_LOT)
        .filter(pl.col("unaccounted_mg") > closing_tolerance_mg(pl.col("put_in_mg")))
        .sort(_LOT)
    )


def _in_silent_months(over: pl.DataFrame, movements: pl.DataFrame, status: pl.DataFrame) -> pl.DataFrame:
    """Those of `over` whose lot may have been made or received in a month that the firm has not filed: `_LOT`.

    A lot whose making nobody has filed may have come at any time.
    """
    making = movements.lazy().filter(makes_lot()).group_by("lot")
    born = making.agg(born=pl.col("on").min().dt.strftime("%Y-%m")).collect()
    silent = status.filter(pl.col("state") == "missing").select("organisation", silent="period")
    return (
        over.join(born, on="lot", how="left")
        .join(silent, on="organisation")
        .filter(pl.col("silent") <= pl.col("period"), pl.col("silent") >= pl.col("born").fill_null(""))
        .select(_LOT)
        .unique()
    )


def _of_a_gain(over: pl.DataFrame, differences: pl.DataFrame) -> pl.DataFrame:
    """Those of `over` whose mass, or at most the oxide that so much of anything can hold, is what a balance gained."""
    gains = differences.filter(pl.col("element") == TREO, pl.col("muf_mg") < -_CLEAR * pl.col("sigma_mg"))
    first = pl.concat_str("period", pl.lit("-01")).str.to_date()
    most_ppb = feasible_treo()["high_ppb"].max()
    stated = (pl.col("muf_mg") + pl.col("treo_mg")).abs() <= HALF_WIDTH_95 * pl.col("sigma_mg")
    unknown = pl.col("muf_mg").abs() <= share_mg_expr(pl.col("unaccounted_mg"), pl.lit(most_ppb))
    return (
        over.join(gains.select("site", "since", "until", "muf_mg", "sigma_mg"), on="site")
        .filter(first <= pl.col("until"), first.dt.month_end() > pl.col("since"))
        .filter(pl.when(pl.col("treo_mg") > 0).then(stated).otherwise(unknown))
        .select(_LOT)
        .unique()
    )


def _finding(over: pl.DataFrame, rows: list[dict[str, Any]], unreceived: list[dict[str, Any]]) -> Finding:
    """Of the lots and months of one run, `over`."""
    site, treo_mg = over.row(0, named=True), int(over["treo_mg"].sum())
    first, last = str(over["period"].min()), str(over["period"].max())
    # What had been put in and drawn of each lot by the last of its months.
    lots = (
        over.sort("period")
        .group_by("lot", maintain_order=True)
        .agg(pl.col("put_in_mg", "drawn_mg", "name").last(), pl.col("unaccounted_mg").sum())
    )
    totals = {name: int(lots[f"{name}_mg"].sum()) for name in ("put_in", "drawn", "unaccounted")}
    which = (
        TEXTS.message("lot", lot=Lot(str(lots["lot"][0]), lots["name"][0]))
        if lots.height == 1
        else TEXTS.message("lots", lots=Count(lots.height))
    )
    masses = {name: Mass(mass_mg) for name, mass_mg in totals.items()}
    return Finding(
        detector=DETECTOR.name, subject={"organisation": site["organisation"], "site": site["site"]},
        first_period=first, last_period=last, score=None, mass_mg=treo_mg, interval_mg=(None, None),
        elements=(TREO,) if treo_mg else (),
        explanation=(
            TEXTS.message("drawn", month=Month(last), lots=which, **masses),
            *(
                TEXTS.message(
                    "not-received",
                    shipper=Party(one["shipper"]),
                    mass=Mass(one["shipped_mg"]),
                    day=Day(one["shipped_on"].isoformat()),
                )
                for one in unreceived[:1]
            ),
        ),
        innocent=(), ask=(),
        evidence=(
            {"totals": {"lots": lots.height, **{f"{name}_kg": format_kg(mass_mg) for name, mass_mg in totals.items()}}},
            *(described(row, mass=row["delta_mg"], unaccounted=row["unaccounted_mg"]) for row in rows),
            *(_unreceived(one) for one in unreceived[:EVIDENCE_ROWS]),
        ),
    )  # fmt: skip


def _unreceived(shipment: dict[str, Any]) -> dict[str, Any]:
    """A shipment whose receipt is missing, as the shipper filed it."""
    return {
        "organisation": shipment["shipper"],
        **described(
            {
                "seq": shipment["shipment_line"],
                "event": shipment["shipment_event"],
                "kind": "shipment",
                "on": shipment["shipped_on"],
            },
            mass=shipment["shipped_mg"],
        ),
    }
