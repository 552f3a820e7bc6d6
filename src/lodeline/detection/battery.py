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
from lodeline.detection.finding import Finding, ranked
from lodeline.errors import Text
from lodeline.message import Message, message_of

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


def sentences_of(row: Mapping[str, Any]) -> tuple[Message, ...]:
    """The sentences of a finding (a row of `lodeline findings --json`); none where it was kept without facts."""
    return tuple(message_of(one, TEXTS) for one in row.get("sentences", ()))


def run_detectors(view: LedgerView, detectors: Iterable[Detector] = DETECTORS) -> list[Finding]:
    """What the detectors see, as `ranked`."""
    return ranked(finding for detector in detectors for finding in detector.look(view))
