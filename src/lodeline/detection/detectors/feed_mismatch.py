"""What a firm files, what is invoiced and what crosses the border disagree, again and again, and always in one way.

Loophole: each record alone is in order. Exports that nobody files leave with customs papers; an invoice makes a sale of
goods that never were; a delivery without one was paid in cash; a filed export is heavier than what crossed, and the
rest stays at home; an ordinary invoice hides a rare earth from those who count special ones.

Innocent: papers that come late, numbers mistyped beyond recognition, a collective invoice, an agent in whose name goods
were cleared, gross mass for net. All happen to honest firms now and then: `rate_pct` says how often, per paper.
Ask: the papers behind each exception; a correction of the filing or the other record; who cleared, paid and received.
Evidence: how many of how many papers, then the heaviest exceptions with their three records.
Source: a binomial test of the exceptions of a kind among the firm's papers of that kind, by calendar quarter and year,
against the rate of clean firms (`detector_parameters.csv`, assumptions that clean worlds were measured for). What is
younger than `least_age_days` is left out, as is what may be of a month that the firm has not filed at all: that is
`missing-filing`. What one buyer's month lacks is one exception where one invoice may stand for all of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import polars as pl

from lodeline.detection.alarm import ALARM_SCORE
from lodeline.detection.detector import ROW, Detector, plain
from lodeline.detection.evidence import EVIDENCE_ROWS, month_of
from lodeline.detection.finding import Finding, ranked
from lodeline.detection.limits import Limits
from lodeline.detection.need import Need
from lodeline.detection.null import binomial_tail, score_of
from lodeline.language import Text, text
from lodeline.material.assay import TREO_INDEX
from lodeline.material.element import TREO
from lodeline.material.mass import PPB, format_kg, share_mg
from lodeline.message import Count, Mass, Term, Texts

#: Cause → among which papers it is one of so many. Differences of value, date or party are no loophole by themselves.
AMONG: Final[Mapping[str, str]] = {
    "export-not-filed": "export", "filed-not-exited": "export", "import-not-filed": "import",
    "filed-not-entered": "import", "invoice-without-goods": "invoice", "goods-without-invoice": "sale",
    "receipt-without-invoice": "purchase", "mass-differs": "export", "kind-differs": "sale",
}  # fmt: skip
_WAITS_FOR_FILING: Final = ("export-not-filed", "import-not-filed", "invoice-without-goods")
_COLLECTIVE: Final = ("invoice-without-goods", "goods-without-invoice", "receipt-without-invoice")
_QUARTERS: Final = 4
#: Tests of a firm in a year that share its budget: each cause in each quarter and over the year.
_TESTS: Final = len(AMONG) * (_QUARTERS + 1)

INNOCENT: tuple[Text, ...] = (
    text("Papers come late, or under a number that was mistyped."),
    text("One paper stands for several deliveries, or for goods of another month."),
    text("An agent cleared the goods or was invoiced in its own name."),
    text("Gross mass, pieces or moist goods on one paper, dry net mass on the other."),
)
ASK: tuple[Text, ...] = (
    text("The papers behind each exception: contract, invoice, declaration, bill of lading."),
    text("A correction of the filing, or the paper that puts the other record right."),
    text("Who cleared, who paid and who received the goods."),
)  # fmt: skip
TEXTS: Final = Texts(
    "feed-mismatch",
    {
        "disagree": text(
            "{exceptions} of {papers} {kind} {cause}: {mass} kg of goods, the oldest open for {days} days."
        ),
        "too-often": text("Honest firms show this now and then, not so often."),
        "export-not-filed": text("crossed the border and are in no filing"),
        "filed-not-exited": text("were filed as exported and have not been seen at the border"),
        "import-not-filed": text("came in over the border and are in no filing"),
        "filed-not-entered": text("were filed as imported and have not been seen at the border"),
        "invoice-without-goods": text("were invoiced, and nobody has filed the goods"),
        "goods-without-invoice": text("were sold without an invoice"),
        "receipt-without-invoice": text("were received, and no invoice is known to the tax authority"),
        "mass-differs": text("have another mass at the border than in the filing"),
        "kind-differs": text("take the special invoice and were sold on an ordinary one"),
    },
)
_KINDS: Final[Mapping[str, Term]] = {
    "export": Term(**text("exports", context="detectors")),
    "import": Term(**text("imports")),
    "invoice": Term(**text("invoices")),
    "sale": Term(**text("sales")),
    "purchase": Term(**text("receipts of what nobody filed as shipped")),
}


def _sold_treo(*, lines: pl.DataFrame, lot_assays: pl.DataFrame) -> pl.DataFrame:
    """`organisation`, `dry_mg` of what it sells and brings in, and `weighed`: the same times the ppb of TREO in it."""
    treo = lot_assays.filter(pl.col("element") == TREO_INDEX).select("lot", "ppb")
    sold = pl.col("kind").is_in(["shipment", "export", "origin"]) & (pl.col("dry_mg") > 0)
    rows = lines.filter(sold).select("organisation", "lot", pl.col("dry_mg").cast(pl.Float64))
    return (
        rows.join(treo, on="lot", maintain_order="left")
        .group_by("organisation")
        .agg(pl.col("dry_mg").sum(), weighed=(pl.col("dry_mg") * pl.col("ppb")).sum())
    )


def feed_mismatch(
    *, exceptions: pl.DataFrame, compared: pl.DataFrame, behind_exceptions: pl.DataFrame, status: pl.DataFrame,
    lines: pl.DataFrame, lot_assays: pl.DataFrame, limits: Limits,
) -> list[Finding]:  # fmt: skip
    """One finding per firm, cause and calendar year in which a cause is commoner than with honest firms, as `ranked`.

    Parameters: `exceptions` (`collation.exception.EXCEPTION`); `compared` and `behind_exceptions` as in
    `detection.comparison`; `status` (`organisation`, `period`, `state`) of which missing months are left out; `lines`
    in force and `lot_assays` (`accountancy.frames`) say how much of a firm's goods is rare-earth oxide. `mass_mg` is
    the TREO of what is missing or differs.
    """
    sold_treo = _sold_treo(lines=lines, lot_assays=lot_assays)
    if exceptions.is_empty() or compared.is_empty():
        return []
    values = limits.on(None)
    month = month_of("on")
    unfiled = status.filter(pl.col("state") == "missing").select("organisation", "period")
    at_the_border = (pl.col("lane") == "export") & (pl.col("between") == "filed-border")
    counted = (
        exceptions.filter(
            (pl.col("state") == "open") & (pl.col("age_days") >= values["least_age_days"])
            & pl.col("cause").is_in(list(AMONG))
            & ((pl.col("cause") != "mass-differs") | at_the_border)
        )
        .with_columns(month=month, silent=_waits_for(unfiled, values["follows_days"]))
        .filter(~(pl.col("silent") & pl.col("cause").is_in(_WAITS_FOR_FILING)))
        # Fewer than that in a year cannot alarm, and most firms have fewer.
        .filter(pl.len().over("organisation", "cause", pl.col("month").str.head(4)) >= values["least_exceptions"])
    )  # fmt: skip
    papers: dict[tuple[str, str], dict[str, int]] = {}
    theirs = compared.join(counted.select("organisation"), on="organisation", how="semi")
    for organisation, period, kind, number in theirs.select("organisation", "month", "kind", "papers").iter_rows():
        papers.setdefault((organisation, kind), {})[period] = number
    shares = _treo_shares(sold_treo)
    return ranked(
        _finding(str(organisation), str(cause), judged, shares=shares, behind=behind_exceptions)
        for (organisation, cause), rows in counted.group_by("organisation", "cause", maintain_order=True)
        for judged in _judged(str(cause), rows, papers.get((organisation, AMONG[str(cause)]), {}), values)
    )


DETECTOR: Final = Detector(
    name="feed-mismatch",
    label=text("Records disagree"),
    mark=("half", "hold"),
    find=feed_mismatch,
    need=Need(feeds=True),
    texts=TEXTS,
    labels={
        "cause": text("Cause"),
        "papers": text("Records that disagree"),
        "exceptions": text("Exceptions"),
        "goods_kg": text("Goods", context="detectors"),
        "exception": text("Exception", context="detectors"),
        "age_days": text("Age in days"),
        "number": text("Invoice"),
        "invoiced_kg": text("Invoiced", context="detectors"),
        "border_kg": text("At the border"),
    },
    shown={**ROW, "totals": plain("cause", "papers", "exceptions", "goods_kg")},
)


def _waits_for(unfiled: pl.DataFrame, days: float) -> pl.Expr:
    """Whether the goods of a paper may be of a month that the firm has not filed: its own, or that some days before."""
    silent = pl.concat_str("organisation", "period", separator=" ")
    missing = unfiled.select(silent).to_series().implode()
    dates = (pl.col("on"), pl.col("on") - pl.duration(days=int(days)))
    return pl.any_horizontal(
        pl.concat_str("organisation", one.dt.strftime("%Y-%m"), separator=" ").is_in(missing) for one in dates
    )


def _treo_shares(sold: pl.DataFrame) -> dict[str | None, int]:
    """Organisation → TREO in ppb of what it sells and brings in; None → of everybody's goods."""
    # In one order, whichever firms were looked at first: sums of fractions depend on it.
    sold = sold.sort("organisation")
    total, x = sold.select(pl.col("dry_mg", "weighed").sum()).row(0)
    of_firm = {one: round(x / mass) for one, mass, x in sold.select("organisation", "dry_mg", "weighed").iter_rows()}
    return {None: round(x / total) if total else 0, **of_firm}


def _judged(
    cause: str, rows: pl.DataFrame, papers: Mapping[str, int], values: Mapping[str, float]
) -> Iterator[tuple[pl.DataFrame, int, float]]:
    """By calendar year: the exceptions of the spans that alarm, how many papers these have, and the score."""
    chance = values[f"rate_pct:{cause}"] / 100
    for (year,), of_year in rows.group_by(pl.col("month").str.slice(0, 4), maintain_order=True):
        spans = [{f"{year}-{month:02d}" for month in range(first, first + 3)} for first in range(1, 13, 3)]
        spans.append(set().union(*spans))
        told = list(of_year.select("counterparty", "month").iter_rows())
        alarmed: set[str] = set()
        best = 0.0
        for span in spans:
            # What one paper stands for, or many made of one, is missing at once: a buyer's of a month count as one.
            inside = [one for one in told if one[1] in span]
            hits = len(set(inside)) if cause in _COLLECTIVE else len(inside)
            trials = max(hits, sum(count for month, count in papers.items() if month in span))
            score = score_of(binomial_tail(hits, trials, chance), tests=_TESTS) if hits else 0.0
            best = max(best, score)
            if hits >= values["least_exceptions"] and score >= ALARM_SCORE:
                alarmed |= span
        if alarmed:
            chosen = of_year.filter(pl.col("month").is_in(sorted(alarmed)))
            yield chosen, sum(count for month, count in papers.items() if month in alarmed), best


def _finding(
    organisation: str, cause: str, judged: tuple[pl.DataFrame, int, float], *, shares: Mapping[str | None, int],
    behind: pl.DataFrame,
) -> Finding:  # fmt: skip
    rows, papers, score = judged
    goods_mg = int(rows["mass_mg"].sum())
    share = shares.get(organisation, shares[None])
    mass_mg = share_mg(goods_mg, min(share, PPB))
    return Finding(
        detector=DETECTOR.name, subject={"organisation": organisation, "cause": cause},
        first_period=min(rows["month"].to_list()), last_period=max(rows["month"].to_list()),
        # A calendar year is judged: more of its months may disagree later.
        cause_from=f"{min(rows['month'].to_list())[:4]}-01", score=score, mass_mg=mass_mg, interval_mg=(None, None),
        elements=(TREO,) if mass_mg else (),
        explanation=(
            TEXTS.message(
                "disagree",
                exceptions=Count(rows.height),
                papers=Count(max(papers, rows.height)),
                kind=_KINDS[AMONG[cause]],
                cause=TEXTS.message(cause),
                mass=Mass(goods_mg),
                days=Count(max(rows["age_days"].to_list())),
            ),
            TEXTS.message("too-often"),
        ),
        innocent=INNOCENT, ask=ASK,
        evidence=(
            {"totals": {"cause": cause, "papers": papers, "exceptions": rows.height, "goods_kg": format_kg(goods_mg)}},
            *_evidence(rows.sort("mass_mg", "id", descending=[True, False]).head(EVIDENCE_ROWS), behind),
        ),
    )  # fmt: skip


def _evidence(rows: pl.DataFrame, behind: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """The heaviest exceptions, each with the rows of filings behind it, by their place in the ledger."""
    filed = behind.filter((pl.col("record") == "filed") & pl.col("group").is_in(rows["group"].implode()))
    of_group = {group: found.sort("row").to_dicts() for (group,), found in filed.group_by("group")}
    for row in rows.to_dicts():
        sides = {
            f"{side}_kg": format_kg(row[f"{side}_mg"]) for side in ("filed", "invoiced", "border") if row[f"{side}_mg"]
        }
        papers = {name: row[name] for name in ("number", "declaration") if row[name]}
        yield {"exception": row["id"], "on": row["on"].isoformat(), "age_days": row["age_days"], **papers, **sides}
        for line in of_group.get(row["group"], ())[:2]:
            yield {
                "entry": line["entry"], "movement": line["row"], "event": line["event"],
                "mass_kg": format_kg(line["mass_mg"]),
            }  # fmt: skip
