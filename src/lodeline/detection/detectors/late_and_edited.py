"""A firm that files late as a habit, and whose filings are put right afterwards.

Loophole: who files after the others can write what they wrote; who may put right can take back what was asked about.
Each is nobody's fault now and then, and some are late or correct as a matter of course; who does both does not choose
the same months.

Innocent: one person who does the books of three firms; illness; a change of the firm's system; corrections that the
authority asked for.
Ask: who files, from which records, and when the records were made; the originals behind each correction.
Evidence: the months filed late, then the corrections with what they changed.
Source: the deadline is the parameter `filing-deadline` of the law; the rates are assumptions. Mid-P of counts that are
taken together: Lancaster, J. Am. Stat. Assoc. 56 (1961).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from lodeline.detection.alarm import ALARM_SCORE
from lodeline.detection.detector import Detector, plain
from lodeline.detection.evidence import EVIDENCE_ROWS, last_day
from lodeline.detection.finding import Finding, ranked
from lodeline.detection.limits import Limits
from lodeline.detection.need import Need
from lodeline.detection.null import binomial_tail, hypergeometric_tail, product_tail, runs_tail, score_of, usual_rate
from lodeline.language import Text, text
from lodeline.message import Count, Texts

INNOCENT: tuple[Text, ...] = (
    text("One person keeps the books of several firms, or was away."),
    text("The firm changed its own system."),
    text("The corrections were asked for, or only put slips right."),
)
ASK: tuple[Text, ...] = (
    text("Who files, from which records, and when these were made."),
    text("The originals behind each correction."),
    text("Why the months were late."),
)
TEXTS: Final = Texts(
    "late-and-edited",
    {
        "months": text(
            "Of {months} months, {late} were filed after the deadline and {corrected} corrected afterwards."
        ),
        "too-often": text("Careless firms do so now and then; hardly one does it so often."),
    },
)


def late_and_edited(
    *, status: pl.DataFrame, filings: pl.DataFrame, lines: pl.DataFrame, limits: Limits
) -> list[Finding]:
    """One finding per firm that files late and corrects more than a careless firm does, as `ranked`.

    Parameters: `status` is `organisation`, `period`, `state`; `filings` is `detection.papers.FILINGS`
    (without it nothing is testable); `lines` say on which day the values are taken. `mass_mg` is 0: it is about
    conduct. `score` takes lateness, corrections and their coincidence together (Fisher).
    """
    filed = status.filter(pl.col("state") != "missing")
    if filed.is_empty() or filings.is_empty():
        return []
    values = limits.on(last_day(lines))
    corrected = filings.filter(pl.col("corrects").is_not_null()).select("organisation", "period").unique()
    firms = (
        filed.join(corrected.with_columns(edited=True), on=["organisation", "period"], how="left")
        .with_columns(late=pl.col("state") == "late", edited=pl.col("edited").fill_null(False))
        .sort("organisation", "period")
        .with_columns(first=pl.col("late") & ~pl.col("late").shift(1).over("organisation").fill_null(False))
        .group_by("organisation")
        .agg(
            pl.len().alias("months"),
            pl.col("late", "edited").sum(),
            both=(pl.col("late") & pl.col("edited")).sum(),
            runs=pl.col("first").sum(),
        )
        .sort("organisation")
    )
    firms = firms.with_columns(
        corrects=pl.Series([_corrects(row, values) for row in firms.iter_rows(named=True)], dtype=pl.Boolean)
    )
    findings = []
    # A firm that is never late is no case, however often it corrects: corrections are wanted.
    for row in firms.filter(pl.col("late") >= values["least_late"]).iter_rows(named=True):
        # Nor is one whose late months are not those that it corrects.
        if row["edited"] < values["least_edited"] or not row["both"]:
            continue
        others = firms.filter(pl.col("organisation") != row["organisation"])
        score = score_of(_chance(row, others, values), tests=1)
        if score >= ALARM_SCORE:
            own = filed.filter(pl.col("organisation") == row["organisation"]).sort("period")
            edits = filings.filter((pl.col("organisation") == row["organisation"]) & pl.col("corrects").is_not_null())
            findings.append(_finding(row["organisation"], own, edits, score))
    return ranked(findings)


DETECTOR: Final = Detector(
    name="late-and-edited",
    label=text("Late and edited"),
    mark=("ring", "hold"),
    find=late_and_edited,
    need=Need(months=2),
    texts=TEXTS,
    labels={
        "late": text("Filed late", context="detectors"),
        "corrected": text("Corrected after the deadline"),
        "corrects": text("Corrects entry"),
        "filed_at": text("Filed on"),
    },
    words={
        "late": text("late", context="detectors"),
    },
    shown={**plain("period", "entry", "corrects", "filed_at", "rows"), "totals": plain("months", "late", "corrected")},
)


def _corrects(row: Mapping[str, Any], values: Mapping[str, float]) -> bool:
    """Whether a firm corrects more than a careful one does."""
    return binomial_tail(row["edited"], row["months"], values["edit_rate"]) < values["careful_chance"]


def _correctors(others: pl.DataFrame, values: Mapping[str, float]) -> tuple[float, float]:
    """Of other firms: the share that corrects as a matter of course, and in which share of its months."""
    found = others.filter("corrects")
    months, edited = (int(found[column].sum()) for column in ("months", "edited"))
    share = max(values["corrector_share"], found.height / max(1, others.height))
    return share, edited / months if edited < months else values["corrector_rate"]


def _chance(row: Mapping[str, Any], others: pl.DataFrame, values: Mapping[str, float]) -> float:
    """P that a firm without a purpose is late and corrects so often, and corrects just what was late.

    Some firms are late by habit and some correct by habit (mixtures); who does both does not choose the same months,
    unless months that are closed late are oftener corrected with everybody.
    """
    months, late, habit, edited = row["months"], row["late"], values["habit_share"], row["edited"]
    share, often = _correctors(others, values)
    p_late = _mixed(late, months, (1 - habit, values["late_rate"]), (habit, values["habit_late_rate"]))
    p_edited = _mixed(edited, months, (1 - share, values["edit_rate"]), (share, often))
    usual = max(values["edit_rate"], usual_rate(others.select("both", "late").iter_rows()))
    p_both = sum(hypergeometric_tail(both, months, late, edited) for both in (row["both"], row["both"] + 1)) / 2
    # A purpose has a beginning and an end; a habit goes on.
    p_runs = sum(runs_tail(runs, months, late) for runs in (row["runs"], row["runs"] - 1)) / 2
    return product_tail([p_late, p_edited, max(p_both, _mixed(row["both"], late, (1.0, usual))), p_runs])


def _mixed(hits: int, months: int, *kinds: tuple[float, float]) -> float:
    """Mid-P of so many hits, of kinds of firms by their shares and rates: of counts, no more than half of those that
    are equal counts as further out, lest tests that are taken together say too little."""
    tails = (
        share * (binomial_tail(hits, months, rate) + binomial_tail(hits + 1, months, rate)) for share, rate in kinds
    )
    return sum(tails) / 2


def _finding(organisation: str, own: pl.DataFrame, edits: pl.DataFrame, score: float) -> Finding:
    late = own.filter(pl.col("state") == "late")["period"].to_list()
    periods = sorted({*late, *edits["period"].to_list()})
    edited = edits["period"].n_unique()
    return Finding(
        detector=DETECTOR.name, subject={"organisation": organisation}, first_period=periods[0],
        last_period=periods[-1],
        # A correction of an older month may still come; being late began when it did.
        cause_from=late[0], score=score, mass_mg=0, interval_mg=(None, None), elements=(),
        explanation=(
            TEXTS.message("months", months=Count(own.height), late=Count(len(late)), corrected=Count(edited)),
            TEXTS.message("too-often"),
        ),
        innocent=INNOCENT, ask=ASK,
        evidence=(
            {"totals": {"months": own.height, "late": len(late), "corrected": edited}},
            *({"period": period, "state": "late"} for period in late[:EVIDENCE_ROWS]),
            *(_edit(row) for row in edits.sort("entry").head(EVIDENCE_ROWS).iter_rows(named=True)),
        ),
    )  # fmt: skip


def _edit(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "period": row["period"], "entry": row["entry"], "corrects": row["corrects"], "filed_at": row["filed_at"],
        "rows": row["rows"],
    }  # fmt: skip
