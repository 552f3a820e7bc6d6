"""A trader through whose books goods pass in days, untouched, and come out with better papers than they came in with.

Loophole: stock without papers is bought on ordinary invoices and sold on special ones, beside honest trade or by a
young firm that is gone when somebody asks. Such a lot comes in and goes out within days, whole; what changes is the
invoice. However much else the firm trades, so many changes are none of its clerks' slips.

Innocent: a broker that sells what is ordered already; an error in the kind of invoice; a supplier that may not issue
special invoices.
Ask: both invoices of the lots; the warehouse and carrier; who founded the firm, and with whose money.
Evidence: what came in and went out, then the lots with both documents.
Source: Huangshan 2014 (81 t bought with ordinary invoices, sold with special ones); the tax authority's special
invoice for rare earths; the rates are assumptions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from lodeline.detection.alarm import ALARM_SCORE
from lodeline.detection.detector import ROW, Detector, plain
from lodeline.detection.evidence import EVIDENCE_ROWS, described, last_day, months_of, with_treo_mass
from lodeline.detection.finding import Finding, ranked
from lodeline.detection.limits import Limits
from lodeline.detection.null import binomial_tail, score_of, usual_rate
from lodeline.language import Text, text
from lodeline.ledger.register import Register
from lodeline.material.element import TREO
from lodeline.message import Count, Mass, Texts

INNOCENT: tuple[Text, ...] = (
    text("A broker sells what its customer has ordered already."),
    text("The kind of invoice was filed wrongly."),
    text("The supplier may not issue special invoices."),
)
ASK: tuple[Text, ...] = (
    text("Both invoices of the lots listed, with the payments."),
    text("Where the goods lay, and who carried them."),
    text("Who founded the firm, who runs it, and with whose money."),
)
TEXTS: Final = Texts(
    "trader-pass-through",
    {
        "better-invoice": text(
            "Of {lots} lots received, {passed} left whole within days; {changed} came in on an "
            "ordinary invoice and went out on a special one: {mass} kg TREO."
        ),
        "young": text("The firm was {days} days old at its first receipt."),
    },
)
_ORDINARY, _SPECIAL = "invoice-ordinary", "invoice-special"
#: Where every other firm changes all of its invoices, the chance of one more is still not 1.
_MOST: Final = 0.99


def _resold(*, lines: pl.DataFrame, papers: pl.DataFrame) -> pl.DataFrame:
    """Lots of each supplier (`party`) that an `organisation` sold on a special invoice: how many, and how many of them
    with a `better` one than they came with."""
    left = _passed(lines, papers).filter(pl.col("out_kind") == _SPECIAL)
    return left.group_by("organisation", "party").agg(pl.col("better").sum(), lots=pl.len())


def _written(*, lines: pl.DataFrame, papers: pl.DataFrame) -> pl.DataFrame:
    """Seller and buyer (`party`) with `ordinary` invoices of so many `invoices` that are ordinary or special, as either
    of both, the `organisation`, filed them."""
    told = lines.select("line", "kind", "organisation", "party", "to_site").join(_invoices(papers), on="line")
    sold = told.filter(pl.col("kind").is_in(["shipment", "title"]) & pl.col("to_site").is_null())
    bought = told.filter((pl.col("kind") == "receipt") & pl.col("party").is_not_null())
    both = pl.concat([
        sold.select("organisation", "party", "document_kind", seller="organisation"),
        bought.select("organisation", "document_kind", seller="party", party="organisation").select(
            "organisation", "party", "document_kind", "seller"
        ),
    ])  # fmt: skip
    return both.group_by("organisation", "seller", "party").agg(
        ordinary=(pl.col("document_kind") == _ORDINARY).sum(), invoices=pl.len()
    )


def trader_pass_through(
    *, lines: pl.DataFrame, papers: pl.DataFrame, lot_assays: pl.DataFrame, register: Register, limits: Limits
) -> list[Finding]:
    """One finding per firm through which lots pass in days and leave with a better invoice, as `ranked`.

    Parameters: `lines` in force (columns of `ledger.movement.LINE`),
    `papers` (`detection.papers.PAPERS`; without them nothing is testable), `lot_assays` as in `accountancy.frames`.
    A firm that makes something may trade beside it: what counts is the lots that leave as they came.
    `score`: how unlikely so many changes of invoice are, at the rate of slips or at what is usual with all other firms,
    whichever is higher; or so many of one supplier's lots, at the rate at which that writes ordinary
    invoices to others. `mass_mg` is the TREO of the lots whose invoice changed.
    """
    resold = _resold(lines=lines, papers=papers)
    written = _written(lines=lines, papers=papers)
    values = limits.on(last_day(lines))
    # What left on a special invoice could have come on one.
    counts = {
        firm: (better, sold)
        for firm, better, sold in resold.group_by("organisation").agg(pl.col("better", "lots").sum()).iter_rows()
    }
    scores: dict[str, float] = {}
    for organisation in (firm for firm, (better, _) in counts.items() if better >= values["least_lots"]):
        habit = usual_rate(count for firm, count in counts.items() if firm != organisation)
        rate = min(max(values["slip_rate"], habit), _MOST)
        suppliers = resold.filter(pl.col("organisation") == organisation).drop_nulls("party")
        best = min(binomial_tail(*counts[organisation], rate), _of_one_supplier(suppliers, written, values))
        score = score_of(best, tests=2)
        if score >= ALARM_SCORE:
            scores[organisation] = score
    if not scores:
        return []
    founded = dict(register.tables["organisations"].select("id", "valid_from").iter_rows())
    passed = _with_passed(_passed(lines.filter(pl.col("organisation").is_in(list(scores))), papers), values)
    findings = []
    for (firm,), own in with_treo_mass(passed, lot_assays).group_by("organisation"):
        age = _age_days(founded.get(firm), own)
        young = age is not None and age <= values["young_days"]
        findings.append(_finding(str(firm), own, own.filter("better"), age if young else None, scores[str(firm)]))
    return ranked(findings)


DETECTOR: Final = Detector(
    name="trader-pass-through",
    label=text("Trader pass-through"),
    mark=("half", "flow"),
    find=trader_pass_through,
    texts=TEXTS,
    labels={
        "passed": text("Left whole within days"),
        "invoice_changed": text("Invoice changed in kind"),
        "from": text("From", context="detectors"),
        "to": text("To", context="detectors"),
        "left_on": text("Left on"),
    },
    shown={
        **ROW,
        "from": "party",
        "to": "party",
        **plain("left_on"),
        "totals": plain("lots", "passed", "invoice_changed"),
    },
)


_LOOKED_AT: Final = (
    "line",
    "entry",
    "organisation",
    "event",
    "kind",
    "on",
    "lot",
    "product",
    "dry_mg",
    "party",
    "to_site",
)


def _invoices(papers: pl.DataFrame) -> pl.DataFrame:
    """Rows whose invoice is ordinary or special."""
    return papers.filter(pl.col("document_kind").is_in([_ORDINARY, _SPECIAL])).select("line", "document_kind")


def _passed(lines: pl.DataFrame, papers: pl.DataFrame) -> pl.DataFrame:
    """Lots received, and how those left that nobody made anything of: `better` (invoice).

    An invoice that has become a better one has so however long the goods lay, and in however many parts they left. A
    lot that leaves as another product than it came as is another lot under its number.
    """
    kinds = _invoices(papers)
    moved = lines.select(_LOOKED_AT)
    received = moved.filter(pl.col("kind") == "receipt").drop("to_site").join(kinds, on="line", how="left")
    sold = (
        moved.filter(pl.col("kind").is_in(["shipment", "title", "export"]) & pl.col("to_site").is_null())
        .join(received.select("organisation", "lot").unique(), on=["organisation", "lot"], how="semi")
        .join(kinds, on="line", how="left")
        .sort("on", "line")
        .group_by("organisation", "lot", maintain_order=True)
        .agg(
            out_mg=pl.col("dry_mg").sum(), out_on=pl.col("on").first(), out_line=pl.col("line").first(),
            out_kind=pl.col("document_kind").first(), out_event=pl.col("event").first(), buyer=pl.col("party").first(),
            out_product=pl.col("product").first(),
        )
    )  # fmt: skip
    both = received.join(sold, on=["organisation", "lot"], how="left", maintain_order="left")
    goods = [pl.col(column).str.split(":").list.first() for column in ("product", "out_product")]
    same = (goods[0] == goods[1]).fill_null(True)
    better = (pl.col("out_on") >= pl.col("on")) & same & (pl.col("document_kind") == _ORDINARY)
    return both.with_columns(better=(better & (pl.col("out_kind") == _SPECIAL)).fill_null(False))


def _with_passed(both: pl.DataFrame, values: Mapping[str, float]) -> pl.DataFrame:
    """Adds whether a lot was `passed` on: in days, whole."""
    stay = (pl.col("out_on") - pl.col("on")).dt.total_days()
    whole = (pl.col("out_mg") - pl.col("dry_mg")).abs() <= pl.col("dry_mg") * (values["mass_pct"] / 100)
    return both.with_columns(passed=(stay.is_between(0, values["stay_days"]) & whole).fill_null(False))


def _of_one_supplier(suppliers: pl.DataFrame, written: pl.DataFrame, values: Mapping[str, float]) -> float:
    """P that a supplier which writes special invoices to others writes so many ordinary ones to this firm alone.

    The least of all suppliers (rows of `resold`), times their number. One that writes to nobody else may know no
    special ones.
    """
    to_others = (
        written.join(suppliers, left_on="seller", right_on="party", how="semi")
        .join(suppliers.select(party="organisation"), on="party", how="anti")
        .group_by("seller")
        .agg(pl.col("ordinary", "invoices").sum())
    )
    least = 1.0
    both = suppliers.join(to_others, left_on="party", right_on="seller")
    for better, lots, ordinary, invoices in both.select("better", "lots", "ordinary", "invoices").iter_rows():
        if better >= values["least_lots"]:
            chance = min(max(values["slip_rate"], (ordinary + 0.5) / (invoices + 1)), _MOST)
            least = min(least, binomial_tail(better, lots, chance) * suppliers.height)
    return least


def _age_days(founded: Any, own: pl.DataFrame) -> int | None:
    """Days from the founding to the first receipt, None where the founding is not registered."""
    first = min(own["on"].to_list())
    return None if founded is None else int((first - founded).days)


def _finding(organisation: str, own: pl.DataFrame, changed: pl.DataFrame, age: int | None, score: float) -> Finding:
    mass_mg = int(changed["treo_mg"].sum())
    return Finding(
        detector=DETECTOR.name, subject={"organisation": organisation}, first_period=months_of(changed)[0],
        last_period=months_of(changed, "out_on")[1], score=score, mass_mg=mass_mg, interval_mg=(mass_mg, None),
        elements=(TREO,) if mass_mg else (),
        explanation=(
            TEXTS.message(
                "better-invoice",
                lots=Count(own.height),
                passed=Count(int(own["passed"].sum())),
                changed=Count(changed.height),
                mass=Mass(mass_mg),
            ),
            *([] if age is None else [TEXTS.message("young", days=Count(age))]),
        ),
        innocent=INNOCENT, ask=ASK,
        evidence=(
            {"totals": {"lots": own.height, "passed": int(own["passed"].sum()), "invoice_changed": changed.height}},
            *(_row(row) for row in changed.sort("dry_mg", descending=True).head(EVIDENCE_ROWS).iter_rows(named=True)),
        ),
    )  # fmt: skip


def _row(row: dict[str, Any]) -> dict[str, Any]:
    return {
        **described({**row, "seq": row["line"]}, mass=row["dry_mg"]),
        "from": row["party"],
        "left_on": row["out_on"].isoformat(),
        "to": row["buyer"],
    }
