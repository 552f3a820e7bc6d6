"""What does not agree between the three records: one row for each group of papers and cause, aged, with three sides.

A cause is a word that never changes its meaning. What has no partner yet is `not-due` until the day on which the
partner must have come: the deadline of the filing, or the days that an invoice or a border may take, and never before
the other authority's records reach that far. From then on it is `open` and grows older.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Final, Literal, get_args

import numpy as np
import polars as pl

from lodeline.collation.match import SIDES, Collation
from lodeline.collation.meeting import PAIR
from lodeline.collation.piece import BORDER, EXPORT, FILED, INVOICED, day
from lodeline.collation.tolerance import Tolerances

Cause = Literal[
    "export-not-filed", "filed-not-exited", "import-not-filed", "filed-not-entered", "invoice-without-goods",
    "goods-without-invoice", "receipt-without-invoice", "return-not-filed", "mass-differs", "value-differs",
    "party-differs", "date-differs", "kind-differs",
]  # fmt: skip
CAUSES: Final[tuple[Cause, ...]] = get_args(Cause)

#: `between`: which two records. `state`: open, or not-due (then `due` says from when). `mass_mg`, `value`: what is
#: missing or how far the two are apart. `filed_*` … None where the record has nothing. `group` is of `Collation.label`.
EXCEPTION: Final[Mapping[str, pl.DataType]] = {
    "id": pl.String(), "cause": pl.String(), "between": pl.String(), "state": pl.String(), "organisation": pl.String(),
    "counterparty": pl.String(), "lane": pl.String(), "on": pl.Date(), "due": pl.Date(), "age_days": pl.Int64(),
    "mass_mg": pl.Int64(), "value": pl.Float64(), "currency": pl.String(), "product": pl.String(),
    "filed_mg": pl.Int64(), "invoiced_mg": pl.Int64(), "border_mg": pl.Int64(),
    "filed_value": pl.Float64(), "invoiced_value": pl.Float64(), "border_value": pl.Float64(),
    "filed_currency": pl.String(), "invoiced_currency": pl.String(), "border_currency": pl.String(),
    "filed_on": pl.Date(), "invoiced_on": pl.Date(), "border_on": pl.Date(), "number": pl.String(),
    "declaration": pl.String(), "group": pl.Int64(),
}  # fmt: skip

#: (organisation, month) → the last day on which its filing for the month is in time.
Due = Callable[[str, str], date]
_FILING, _INVOICES, _CUSTOMS = "filing", "invoices", "customs"
_LANES: Final = {0: "domestic", 1: "export", 2: "import"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Absent:
    """A side that is missing: when, whose it is, from which side the day and mass are, and what it waits for."""

    cause: Cause
    when: pl.Expr
    whose: str
    other: str
    side: str
    waits_for: str
    #: Days that the partner may come later, in the table of tolerances.
    within: str = ""


def exceptions(
    collation: Collation, *, tolerances: Tolerances, today: date, due: Due, files: Callable[[str], bool]
) -> pl.DataFrame:
    """Every exception (`EXCEPTION`), the oldest and heaviest first.

    Parameters: `today`, the day as of which is judged; `files`: whether an organisation must file at all. Papers
    between two that need not are nobody's exception; goods that cross the border always are somebody's.
    """
    frame = collation.pieces.frame
    if not frame.height:
        return pl.DataFrame(schema=dict(EXCEPTION))
    table = collation.table
    who = collation.pieces.parties.to_list()
    filing = pl.Series([files(one) for one in who], dtype=pl.Boolean)
    concerned = {side: _at(filing, table[side]) for side in ("seller", "buyer")}
    table = table.with_columns(**{f"{side}_files": column for side, column in concerned.items()})
    horizon = {
        _INVOICES: frame.filter(pl.col("side") == INVOICED)["on"].max(),
        _CUSTOMS: frame.filter(pl.col("side") == BORDER)["on"].max(),
    }
    needs_invoice = tolerances.on("export_invoice_needed", today) > 0
    judged = [
        _absent(table, rule, tolerances=tolerances, horizon=horizon, due=due, who=who) for rule in _rules(needs_invoice)
    ]
    judged += _differences(table, tolerances, who, horizon)
    found = pl.concat([one for one in judged if one.height] or [judged[0]], how="diagonal_relaxed")
    return _as_exceptions(found, table, collation, today)


def _texts(collation: Collation, labels: pl.Series) -> pl.DataFrame:
    """Of these groups, by `label`, how they are called: the numbers, the first event, the goods."""
    named = np.zeros(len(collation.label), np.bool_)
    named[labels.to_numpy()] = True
    rows = collation.frame.rename({"group": "label"}).filter(pl.Series(named[collation.label]))
    border, filed = pl.col("side") == BORDER, pl.col("side") == FILED
    return rows.group_by("label").agg(
        paper_number=pl.coalesce(
            pl.col("number").filter(SIDES["invoiced"]).min(), pl.col("number").filter(filed).min()
        ),
        paper_declaration=pl.coalesce(
            pl.col("declaration").filter(border).min(), pl.col("declaration").filter(filed).min()
        ),
        first_event=pl.col("event").min(),
        product=pl.coalesce(
            pl.col("product").filter(filed).first(), pl.col("product").filter(border).first(), pl.col("product").first()
        ),
    )  # fmt: skip


def _at(values: pl.Series, places: pl.Series) -> pl.Series:
    known = places.to_numpy()
    found = np.zeros(len(known), np.bool_)
    found[known >= 0] = values.to_numpy()[known[known >= 0]]
    return pl.Series(found)


def _rules(needs_invoice: bool) -> tuple[_Absent, ...]:
    has = {side: pl.col(side) > 0 for side in SIDES}
    is_export = pl.col("lane") == EXPORT
    invoiced = has["invoiced"] & (pl.col("invoiced_mg") > 0)
    no_goods = ~has["sold"] & ~has["received"] & ~has["went_out"]
    sale = has["sold"] & ~pl.col("no_sale") & ~has["invoiced"] & (~is_export | pl.lit(needs_invoice))
    # Of a supplier that files, what a receipt names no invoice of may be what it filed under another lot.
    bought = has["received"] & ~pl.col("no_sale") & ~has["sold"] & ~has["invoiced"] & pl.col("buyer_files")
    bought &= pl.col("received_number").is_not_null() | ~pl.col("seller_files")
    red = has["invoiced"] & (pl.col("invoiced_mg") < 0) & ~has["sold"] & ~has["sent_back"]
    return (
        _Absent(cause="export-not-filed", when=has["went_out"] & ~has["sold"] & pl.col("left"), whose="seller",
                other="buyer", side="went_out", waits_for=_FILING),
        _Absent(cause="filed-not-exited", when=has["sold"] & is_export & ~pl.col("left"), whose="seller", other="buyer",
                side="sold", waits_for=_CUSTOMS, within="days:border"),
        _Absent(cause="import-not-filed", when=has["came_in"] & ~has["entered"], whose="buyer", other="seller",
                side="came_in", waits_for=_FILING),
        _Absent(cause="filed-not-entered", when=has["entered"] & ~has["came_in"] & ~has["went_out"], whose="buyer",
                other="seller", side="entered", waits_for=_CUSTOMS, within="days:border"),
        _Absent(cause="invoice-without-goods", when=invoiced & no_goods & pl.col("seller_files"), whose="seller",
                other="buyer", side="invoiced", waits_for=_FILING, within="days:invoice"),
        _Absent(cause="invoice-without-goods",
                when=invoiced & no_goods & ~pl.col("seller_files") & pl.col("buyer_files"), whose="buyer",
                other="seller", side="invoiced", waits_for=_FILING, within="days:invoice"),
        _Absent(cause="goods-without-invoice", when=sale, whose="seller", other="buyer", side="sold",
                waits_for=_INVOICES, within="days:invoice"),
        _Absent(cause="receipt-without-invoice", when=bought, whose="buyer", other="seller", side="received",
                waits_for=_INVOICES, within="days:invoice"),
        _Absent(cause="return-not-filed", when=red & (pl.col("seller_files") | pl.col("buyer_files")), whose="seller",
                other="buyer", side="invoiced", waits_for=_FILING, within="days:invoice"),
        _Absent(cause="return-not-filed", when=has["went_out"] & has["sold"] & pl.col("came_back") & ~has["entered"],
                whose="seller", other="buyer", side="went_out", waits_for=_FILING),
    )  # fmt: skip


def _absent(
    table: pl.DataFrame, rule: _Absent, *, tolerances: Tolerances, horizon: Mapping[str, object], due: Due,
    who: list[str],
) -> pl.DataFrame:  # fmt: skip
    said = tuple(f"{rule.side}_{what}" for what in ("on", "mg", "value", "currency"))
    hit = table.lazy().filter(rule.when).select("label", rule.whose, rule.other, *said).sort("label").collect()
    on = hit[f"{rule.side}_on"].to_numpy().astype(np.int64)
    latest = on + (tolerances.over(rule.within, on).astype(np.int64) if rule.within else 0)
    reached = np.ones(len(on), np.bool_)
    if rule.waits_for == _FILING:
        whose = [who[place] if place >= 0 else "" for place in hit[rule.whose]]
        known: dict[tuple[str, int, int], int] = {}
        ends = np.empty(len(on), np.int64)
        for place, (one, number) in enumerate(zip(whose, latest.tolist(), strict=True)):
            month = day(number)
            key = (one, month.year, month.month)
            if key not in known:
                known[key] = due(one, f"{month:%Y-%m}").toordinal() - date(1970, 1, 1).toordinal()
            ends[place] = known[key]
        latest = ends
    else:
        last = horizon[rule.waits_for]
        reached = np.full(len(on), False) if last is None else latest <= int(str(last))
    return hit.select(
        "label", cause=pl.lit(rule.cause), between=pl.lit(_between(rule)), whose=rule.whose, other=rule.other,
        on=pl.Series(on), due=pl.Series(latest), reached=pl.Series(reached), mass_mg=pl.col(f"{rule.side}_mg").abs(),
        value=pl.col(f"{rule.side}_value").abs(), currency=f"{rule.side}_currency",
    )  # fmt: skip


def _between(rule: _Absent) -> str:
    if rule.waits_for == _FILING:
        return "filed-invoiced" if rule.side == "invoiced" else "filed-border"
    return "filed-invoiced" if rule.waits_for == _INVOICES else "filed-border"


_RELATIONS: Final = (
    ("filed-invoiced", "sold", "invoiced", "mass_pct:invoice", "days:invoice", "seller", "buyer"),
    ("filed-border", "sold", "went_out", "mass_pct:border", "days:border", "seller", "buyer"),
    ("filed-border", "entered", "came_in", "mass_pct:border", "days:border", "buyer", "seller"),
)


def _differences(
    table: pl.DataFrame, tolerances: Tolerances, who: list[str], horizon: Mapping[str, object]
) -> list[pl.DataFrame]:
    """Two sides that are both there and differ. Where the other record has less, the rest may still come."""
    found = []
    registered = [place for place, one in enumerate(who) if not one.startswith("~")]
    for between, ours, theirs, mass_name, days_name, whose, other in _RELATIONS:
        asked = ("label", "lane", whose, other, "sold_special", "invoiced_ordinary")
        both = (
            table.lazy()
            .filter((pl.col(ours) > 0) & (pl.col(theirs) > 0) & (pl.col(f"{theirs}_mg") > 0))
            .select(
                *dict.fromkeys(asked),
                *(f"{side}_{what}" for side in (ours, theirs) for what in ("mg", "value", "currency", "on", *PAIR)),
            )
            .collect()
        )
        on = both[f"{ours}_on"].to_numpy().astype(np.int64)
        both = both.with_columns(
            share=pl.Series(tolerances.over(mass_name, on) / 100),
            least=pl.Series(tolerances.over("mass_least_kg", on) * 1e6),
            money=pl.Series(tolerances.over("value_pct", on) / 100),
            tax=pl.Series(tolerances.over("tax_pct", on) / 100),
            days=pl.Series(tolerances.over(days_name, on)),
        )
        a, b = pl.col(f"{ours}_mg"), pl.col(f"{theirs}_mg")
        v, w = pl.col(f"{ours}_value"), pl.col(f"{theirs}_value")
        mass = (a - b).abs() > pl.max_horizontal(pl.col("least"), pl.col("share") * pl.max_horizontal(a, b))
        room = pl.col("money") * pl.max_horizontal(v.abs(), w.abs())
        with_tax = (v / (1 + pl.col("tax")) - w).abs() <= room
        if theirs == "invoiced":
            # Customs values goods without tax; who sends invoices may state what was paid.
            with_tax |= (v - w / (1 + pl.col("tax"))).abs() <= room
        same_money = pl.col(f"{ours}_currency") == pl.col(f"{theirs}_currency")
        value = (same_money & ((v - w).abs() > room) & ~with_tax & ~mass).fill_null(False)
        dates = (pl.col(f"{ours}_on") - pl.col(f"{theirs}_on")).abs() > pl.col("days")
        # A name that nobody could resolve is no evidence of another party.
        party = pl.any_horizontal(
            (pl.col(f"{ours}_{side}") != pl.col(f"{theirs}_{side}"))
            & pl.col(f"{ours}_{side}").is_in(registered)
            & pl.col(f"{theirs}_{side}").is_in(registered)
            for side in ("seller", "buyer")
        ).fill_null(False)
        kind = (
            pl.lit(theirs == "invoiced")
            & pl.col("sold_special").fill_null(False)
            & pl.col("invoiced_ordinary").fill_null(False)
        )
        rest_comes = pl.col(f"{ours}_on") + pl.col("days").cast(pl.Int64)
        reaches = horizon[_INVOICES if theirs == "invoiced" else _CUSTOMS]
        has_come = rest_comes <= (-1 if reaches is None else int(str(reaches)))
        stake = {"mass-differs": ((a - b).abs(), (v - w).abs()), "value-differs": (pl.lit(0), (v - w).abs())}
        for cause, when in (
            ("mass-differs", mass),
            ("value-differs", value),
            ("date-differs", dates),
            ("party-differs", party),
            ("kind-differs", kind & (pl.col("lane") == 0)),
        ):
            mass_mg, money = stake.get(cause, (a, v))
            last = pl.max_horizontal(f"{ours}_on", f"{theirs}_on")
            less = (a > b) if cause == "mass-differs" else pl.lit(False)
            found.append(
                both.filter(when)
                .sort("label")
                .select(
                    "label",
                    cause=pl.lit(cause),
                    between=pl.lit(between),
                    whose=whose,
                    other=other,
                    on=last,
                    due=pl.when(less).then(pl.max_horizontal(last, rest_comes)).otherwise(last),
                    reached=~less | has_come,
                    mass_mg=mass_mg.cast(pl.Int64),
                    value=pl.when(same_money).then(money),
                    currency=f"{ours}_currency",
                )
            )
    return found


def _as_exceptions(found: pl.DataFrame, table: pl.DataFrame, collation: Collation, today: date) -> pl.DataFrame:
    parties = collation.pieces.parties
    names = pl.DataFrame({"place": pl.int_range(len(parties), dtype=pl.Int64, eager=True), "name": parties})
    sides = table.join(_texts(collation, found["label"]), on="label").select(
        "label", "lane", "product", number="paper_number", declaration="paper_declaration", event="first_event",
        **_side("filed", ("sold", "entered", "received", "sent_back")), **_side("invoiced", ("invoiced",)),
        **_side("border", ("went_out", "came_in")),
    )  # fmt: skip
    now = today.toordinal() - date(1970, 1, 1).toordinal()
    opened = pl.col("reached") & (pl.col("due") < now)
    rows = (
        found.join(sides, on="label", how="left", maintain_order="left")
        .join(
            names.rename({"name": "organisation"}), left_on="whose", right_on="place", how="left", maintain_order="left"
        )
        .join(
            names.rename({"name": "counterparty"}), left_on="other", right_on="place", how="left", maintain_order="left"
        )
        .with_columns(
            state=pl.when(opened).then(pl.lit("open")).otherwise(pl.lit("not-due")),
            age_days=pl.when(opened).then(now - pl.col("due")).otherwise(0),
            lane=pl.col("lane").cast(pl.Int64).replace_strict(_LANES, default="domestic"),
            organisation=pl.col("organisation").str.strip_prefix("~"),
            counterparty=pl.col("counterparty").str.strip_prefix("~"),
            anchor=pl.coalesce("event", "declaration", "number").fill_null(""),
            group="label",
            **{
                name: pl.from_epoch(name, time_unit="d")
                for name in ("on", "due", "filed_on", "invoiced_on", "border_on")
            },
        )
    )
    texts = rows.select(pl.concat_str("cause", "between", "anchor", separator="\t"))["cause"].to_list()
    rows = rows.with_columns(id=pl.Series([sha256(text.encode()).hexdigest()[:16] for text in texts], dtype=pl.String))
    rows = rows.unique("id", keep="first", maintain_order=True)
    return rows.select(pl.col(name).cast(dtype) for name, dtype in EXCEPTION.items()).sort(
        "state", "age_days", "mass_mg", "id", descending=[True, True, True, False]
    )


def _side(name: str, sides: tuple[str, ...]) -> dict[str, pl.Expr]:
    """Mass, value, currency and first day of a record, from the first of the sides that the group has."""
    present = [pl.when(pl.col(side) > 0) for side in sides]
    return {
        f"{name}_mg": pl.coalesce(when.then(f"{side}_mg") for when, side in zip(present, sides, strict=True)),
        **{
            f"{name}_{what}": pl.coalesce(f"{side}_{what}" for side in sides) for what in ("value", "currency", "on")
        },
    }  # fmt: skip
