"""What inspectors' measurements make of findings of the balance: each visit that bears on one is a step of its history.

A visit bears on an imbalance when it measured the closing stock of its last balance: on the day of that count, or later
with no count of the firm's between. What is missing then is what the books say less D; an error of the count, which
stands in both, falls out. A later visit measures all that the earlier one did, so that its estimate takes the place of
the earlier.

A visit that happened to find nothing is no reason to think better of a site than its books do: a step that could not
have seen the mass says so and changes nothing, and one that lowers a mass or a score names what stood before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from math import sqrt
from typing import Any, Final

import polars as pl

from lodeline.accountancy.verification.verdict import Estimate, State, verdict
from lodeline.detection.alarm import HALF_WIDTH_95
from lodeline.detection.finding import Finding, MeasuredStep
from lodeline.detection.null import upper_tail
from lodeline.language import text
from lodeline.material.element import TREO
from lodeline.material.mass import parse_mass
from lodeline.message import Day, Fact, Key, Mass, Message, Number, Texts

#: Detectors whose findings a measured stock bears on, and their sign in MUF.
SIDES: Final[Mapping[str, int]] = {"unexplained-loss": 1, "unexplained-gain": -1}
TEXTS: Final = Texts(
    "measured",
    {
        "confirmed": text(
            "Inspectors measured the stock on {day}: {mass} kg {element} (±{half}); the books said "
            "{before} kg. The measurement confirms it."
        ),
        "narrowed": text(
            "Inspectors measured the stock on {day}: {mass} kg {element} (±{half}); before, it stood at {before} kg."
        ),
        "cleared": text(
            "Inspectors measured the stock on {day}: {mass} kg {element} (±{half}), which may be "
            "nothing; {before} kg, as it stood before, would have been seen."
        ),
        "unchanged": text(
            "Inspectors measured the stock on {day}. The visit could only have shown {seen} kg "
            "{element} or more, in nine cases of ten: it changes nothing here."
        ),
        "score": text("The score was {before} % before the visit and is {after} % after it."),
    },
)


def after_visits(findings: Iterable[Finding], verified: pl.DataFrame) -> list[Finding]:
    """The findings, each with the steps of the visits that bear on it, and its figures after the last of them.

    verified: `accountancy.verification.frames.VERIFIED`. The order is that of `findings`, of which `ranked` may make
    another.
    """
    compared = verified.filter(pl.col("state") == "compared").sort("on", "visit")
    by_site: dict[str, dict[int, list[dict[str, Any]]]] = {}
    for row in compared.iter_rows(named=True):
        by_site.setdefault(row["site"], {}).setdefault(row["visit"], []).append(row)
    return [_after(one, by_site.get(one.subject.get("site", ""), {})) for one in findings]


def explained(step: MeasuredStep, score_before: float | None) -> tuple[Message, ...]:
    """The sentences of a step."""
    low, high = step.interval_mg
    half_mg = 0 if low is None or high is None else (high - low) // 2
    facts: dict[str, Fact] = {"day": Day(step.on), "element": Key(step.element)}
    if step.state == "unchanged":
        return (TEXTS.message("unchanged", seen=Mass(step.would_see_mg), **facts),)
    found = TEXTS.message(step.state, mass=Mass(step.mass_mg), half=Mass(half_mg), before=Mass(step.before_mg), **facts)
    if score_before is None or step.score is None or step.score >= score_before:
        return (found,)
    scores = {"before": Number(100 * score_before, 1), "after": Number(100 * step.score, 1)}
    return found, TEXTS.message("score", **scores)


def _after(finding: Finding, visits: Mapping[int, Sequence[Mapping[str, Any]]]) -> Finding:
    side = SIDES.get(finding.detector)
    runs = [one["run"] for one in finding.evidence if "run" in one]
    if side is None or not runs or not visits:
        return finding
    leading = runs[0]
    summed = [one for one in runs if (one["element"] == TREO) == (leading["element"] == TREO)]
    until = date.fromisoformat(leading["until"])
    found = finding
    for rows in visits.values():
        by_element = {row["element"]: row for row in rows}
        bearing = [(run, by_element[run["element"]]) for run in summed if run["element"] in by_element]
        if not bearing or until not in (bearing[0][1]["since"], bearing[0][1]["on"]):
            continue
        found = _step(found, finding, side, bearing)
    return found


def _step(
    before: Finding, of_books: Finding, side: int, bearing: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]
) -> Finding:  # fmt: skip
    """The finding with the step of one visit; `bearing`: by element, what the books show and what the visit does."""
    claimed = Estimate(
        mass_mg=sum(parse_mass(run["mass_kg"]) for run, _ in bearing),
        sigma_mg=sum(parse_mass(run["sigma_kg"]) for run, _ in bearing),
    )
    measured = Estimate(
        mass_mg=claimed.mass_mg - side * sum(row["d_mg"] for _, row in bearing),
        # Elements of one lot are weighed together: as for the books, the widest σ of their sum.
        sigma_mg=sum(_sigma(parse_mass(run["sigma_kg"]), row) for run, row in bearing),
    )
    state: State = verdict(claimed=claimed, measured=measured)
    mass_mg, half_mg = round(measured.mass_mg), round(HALF_WIDTH_95 * measured.sigma_mg)
    row = bearing[0][1]
    step = MeasuredStep(
        visit=row["visit"], on=row["on"].isoformat(), state=state, element=row["element"], before_mg=before.mass_mg,
        mass_mg=before.mass_mg if state == "unchanged" else max(0, mass_mg),
        interval_mg=before.interval_mg if state == "unchanged" else (mass_mg - half_mg, mass_mg + half_mg),
        score=before.score if state == "unchanged" else 1 - upper_tail(measured.mass_mg / measured.sigma_mg),
        would_see_mg=sum(row["would_see_mg"] for _, row in bearing),
    )  # fmt: skip
    step = replace(step, explanation=explained(step, before.score))
    return replace(
        before, mass_mg=step.mass_mg, interval_mg=step.interval_mg, score=step.score, measured=(*before.measured, step),
        of_books=(of_books.mass_mg, of_books.interval_mg, of_books.score),
    )  # fmt: skip


def _sigma(books_mg: float, row: Mapping[str, Any]) -> float:
    """σ of what the books say less D. The operator's errors that stand in both fall out; what is left of D when all
    that the books know is known remains at least."""
    d2, covariance = row["sigma_d_mg"] ** 2, row["covariance_mg2"]
    muf = row["sigma_muf_mg"] or 0.0
    least = d2 - (covariance / muf) ** 2 if muf else d2
    return sqrt(max(books_mg**2 + d2 - 2 * covariance, least, 1.0))
