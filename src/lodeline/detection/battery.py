"""All detectors, and in which order their findings are put to a person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from lodeline.detection import imbalance_texts, measured, rings
from lodeline.detection.detector import Detector, LedgerView
from lodeline.detection.detectors import (
    capacity_excess,
    circular_invoicing,
    composition_swap,
    destination_shift,
    feed_mismatch,
    ghost_stock,
    late_and_edited,
    licence_abuse,
    measured_difference,
    misdeclaration,
    missing_filing,
    one_more_step,
    over_drawn_lot,
    quota_overrun,
    recycling_laundering,
    round_trip,
    shell_customer,
    skimming,
    threshold_splitting,
    trader_pass_through,
    unassayed_lot,
    unexplained_gain,
    unexplained_loss,
    yield_outlier,
)
from lodeline.detection.finding import Finding, MeasuredStep, ranked
from lodeline.language import Text
from lodeline.material.mass import parse_mass
from lodeline.message import Message, message_of, unsplit

#: In the order in which they look.
DETECTORS: Final[tuple[Detector, ...]] = tuple(
    one.DETECTOR for one in (
        measured_difference, unexplained_gain, unexplained_loss, unassayed_lot, quota_overrun, missing_filing,
        over_drawn_lot, capacity_excess, ghost_stock, skimming, threshold_splitting, destination_shift, one_more_step,
        composition_swap, yield_outlier, recycling_laundering, late_and_edited, licence_abuse, misdeclaration,
        trader_pass_through, round_trip, shell_customer, circular_invoicing, feed_mismatch,
    )
)  # fmt: skip
#: Those that say what is still to be filed, and suspect nobody (`Detector.duty`).
DUTIES: Final = frozenset(one.name for one in DETECTORS if one.duty)
#: Code → text of every sentence that a detector tells.
TEXTS: Final[Mapping[str, Text]] = {
    code: one for texts in (rings.TEXTS, imbalance_texts.TEXTS, measured.TEXTS, *(one.texts for one in DETECTORS))
    for code, one in texts.by_code.items()
}  # fmt: skip


def finding_of(row: Mapping[str, Any]) -> Finding:
    """The finding that `Finding.as_json` gave. Rows that older versions kept have no `since` and no `sentences`."""
    mass_mg, interval_mg, score = _figures_of(row)
    measured = row.get("measured")
    return Finding(
        detector=row["detector"], subject=row["subject"], first_period=row["period"]["from"],
        last_period=row["period"]["to"], cause_from=row.get("since"), score=score, mass_mg=mass_mg,
        interval_mg=interval_mg, elements=tuple(row["elements"]), explanation=explanation_of(row),
        innocent=tuple(row["innocent"]), ask=tuple(row["ask"]), evidence=tuple(row["evidence"]),
        state=row.get("state", "open"), kept_id=row["id"],
        measured=tuple(_step_of(one) for one in measured["steps"]) if measured else (),
        of_books=_figures_of(measured["books"]) if measured else None,
    )  # fmt: skip


def _step_of(row: Mapping[str, Any]) -> MeasuredStep:
    mass_mg, interval_mg, score = _figures_of(row)
    return MeasuredStep(
        visit=row["visit"], on=row["on"], state=row["state"], element=row["element"],
        before_mg=parse_mass(row["before_kg"]), mass_mg=mass_mg, interval_mg=interval_mg, score=score,
        would_see_mg=parse_mass(row["would_see_kg"]), explanation=explanation_of(row),
    )  # fmt: skip


def _figures_of(row: Mapping[str, Any]) -> tuple[int, tuple[int | None, int | None], float | None]:
    low, high = (None if bound is None else parse_mass(bound) for bound in row["interval_kg"])
    return parse_mass(row["mass_kg"]), (low, high), row["score"]


def explanation_of(row: Mapping[str, Any]) -> tuple[Message, ...]:
    """The sentences of a printed finding. What was kept without facts, or with a text that is gone by now, is one
    sentence in the words of then."""
    try:
        found = tuple(message_of(one, TEXTS) for one in row.get("sentences", ()))
    except KeyError:
        found = ()
    return found or (unsplit(row["explanation"]),)


def run_detectors(view: LedgerView, detectors: Iterable[Detector] = DETECTORS) -> list[Finding]:
    """What the detectors see, as `ranked`."""
    return ranked(finding for detector in detectors for finding in detector.look(view))
