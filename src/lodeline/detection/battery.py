"""All detectors, and in which order their findings are put to a person."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

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

#: In the order in which they look.
DETECTORS: Final[tuple[Detector, ...]] = tuple(
    one.DETECTOR for one in (
        unexplained_gain, unexplained_loss, unassayed_lot, quota_overrun, missing_filing, over_drawn_lot,
        capacity_excess, ghost_stock, skimming, threshold_splitting, destination_shift, one_more_step,
        composition_swap, yield_outlier, recycling_laundering, late_and_edited, licence_abuse, misdeclaration,
        trader_pass_through, round_trip, shell_customer, circular_invoicing, feed_mismatch,
    )
)  # fmt: skip


def run_detectors(view: LedgerView, detectors: Iterable[Detector] = DETECTORS) -> list[Finding]:
    """What the detectors see, as `ranked`."""
    return ranked(finding for detector in detectors for finding in detector.look(view))
