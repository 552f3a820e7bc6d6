"""After a control date, an exporter's magnets become parts: goods with a code that the control leaves out.

Loophole: one more step of working, a rotor, a sensor, a glued assembly, takes goods out of the control list; the step
may be done on paper only, or be undone abroad. The share of an exporter's consignments in such goods is compared
before and after a control list came into force.

Innocent: a workshop for assemblies was built; a customer asks for ready parts; goods were called magnets before for
want of a better code.
Ask: the machines, hands and drawings that the step needs; which magnets went into the assemblies; where they were
used.
Evidence: consignments before and after, then the rows of excluded goods.
Source: MOFCOM, answer no. 5 on Announcement 18 of 2025 (deeply processed goods are generally not controlled); Economic
Information Daily (first step done at home, the rest abroad).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import polars as pl

from lodeline.detection.alarm import ALARM_SCORE
from lodeline.detection.detector import ROW, Detector, plain
from lodeline.detection.evidence import EVIDENCE_ROWS, described, last_day, months_of, with_treo_mass
from lodeline.detection.finding import Finding, ranked
from lodeline.detection.limits import Limits, control_days
from lodeline.detection.need import Need
from lodeline.detection.null import binomial_tail, score_of
from lodeline.language import Text, text
from lodeline.material.element import TREO
from lodeline.material.product import PRODUCTS
from lodeline.message import Count, Day, Mass, Texts
from lodeline.regulation.parameter import Jurisdiction

INNOCENT: tuple[Text, ...] = (
    text("A workshop for assemblies was built."),
    text("Customers now ask for ready parts."),
    text("The same goods were filed under the code of magnets before."),
)
ASK: tuple[Text, ...] = (
    text("The machines, staff and drawings that the step needs."),
    text("Which magnet lots went into the assemblies, and their composition."),
    text("Where and in what the assemblies were used."),
)
TEXTS: Final = Texts(
    "one-more-step",
    {
        "rose": text(
            "Before {day}, {excluded_before} of {before} exported rows were goods worked beyond what "
            "is controlled; since then {excluded_after} of {after} are: {mass} kg TREO."
        ),
    },
)
#: Goods worked beyond the last stage that the lists name.
_BEYOND = sorted(kind for kind, product in PRODUCTS.items() if product.stage == "use")


def one_more_step(
    *, lines: pl.DataFrame, papers: pl.DataFrame, lot_assays: pl.DataFrame, law: Jurisdiction, limits: Limits
) -> list[Finding]:
    """One finding per exporter whose share of excluded goods rose after a control date, as `ranked`.

    Parameters: `lines` in force (columns of `ledger.movement.LINE`), `papers` (`detection.papers.PAPERS`; without them
    the product alone says what is excluded), `lot_assays` as in `accountancy.frames`. `mass_mg` is the TREO exported
    in such goods since. An exporter with fewer than `least_before` rows before the date is not testable.
    """
    exports = lines.filter((pl.col("kind") == "export") & (pl.col("dry_mg") > 0))
    if exports.is_empty():
        return []
    values = limits.on(last_day(lines))
    codes = [code for kind in _BEYOND for code in PRODUCTS[kind].hs_codes]
    rows = with_treo_mass(exports, lot_assays).join(papers.select("line", "hs_code"), on="line", how="left")
    excluded = pl.col("product").str.split(":").list.first().is_in(_BEYOND) | pl.col("hs_code").str.slice(0, 6).is_in(
        codes
    )
    rows = rows.with_columns(excluded=excluded.fill_null(False))
    testable = rows.filter(pl.col("excluded").any().over("organisation"))
    found: dict[str, Finding] = {}
    for day in control_days(law):
        for (organisation,), own in testable.group_by("organisation", maintain_order=True):
            finding = _judged(str(organisation), own, day, values)
            if finding is not None:
                found.setdefault(str(organisation), finding)
    return ranked(found.values())


DETECTOR: Final = Detector(
    name="one-more-step",
    label=text("One more step"),
    mark=("diamond", "hold"),
    find=one_more_step,
    need=Need(months=2),
    texts=TEXTS,
    labels={
        "excluded_before": text("Of these outside the control"),
        "excluded_after": text("Of these outside the control since"),
    },
    shown={
        **ROW,
        **plain("product", "hs_code"),
        "totals": plain("control_date", "before", "excluded_before", "after", "excluded_after"),
    },
)


def _judged(organisation: str, rows: pl.DataFrame, day: date, values: Mapping[str, float]) -> Finding | None:
    before, after = rows.filter(pl.col("on") < day), rows.filter(pl.col("on") >= day)
    since = after.filter(pl.col("excluded")).sort("on", "line")
    if before.height < values["least_before"] or since.height < values["least_rows"]:
        return None
    # What the exporter did before, with what is usual as one row more.
    usual = values["usual_share"]
    always = before.filter(pl.col("excluded")).height
    chance = min(0.9, max(usual, (always + usual) / (before.height + 1)))
    score = score_of(binomial_tail(since.height, after.height, chance), tests=1)
    if score < ALARM_SCORE:
        return None
    mass_mg = int(since["treo_mg"].sum())
    first, last = months_of(since)
    return Finding(
        detector=DETECTOR.name,
        subject={"organisation": organisation},
        first_period=first,
        last_period=last,
        score=score,
        mass_mg=mass_mg,
        interval_mg=(None, None),
        elements=(TREO,) if mass_mg else (),
        explanation=(
            TEXTS.message(
                "rose", day=Day(day.isoformat()), before=Count(before.height), excluded_before=Count(always),
                after=Count(after.height), excluded_after=Count(since.height), mass=Mass(mass_mg),
            ),
        ),
        innocent=INNOCENT,
        ask=ASK,
        evidence=(
            {"totals": {
                "control_date": day.isoformat(), "before": before.height, "excluded_before": always,
                "after": after.height, "excluded_after": since.height,
            }},
            *(_row(row) for row in since.sort("dry_mg", descending=True).head(EVIDENCE_ROWS).iter_rows(named=True)),
        ),
    )  # fmt: skip


def _row(row: dict[str, Any]) -> dict[str, Any]:
    description = described({**row, "seq": row["line"]}, mass=row["dry_mg"])
    return {**description, "product": row["product"], **({"hs_code": row["hs_code"]} if row["hs_code"] else {})}
