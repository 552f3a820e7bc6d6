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

DETECTORS: Final = (
    unexplained_gain.DETECTOR,
    unexplained_loss.DETECTOR,
    unassayed_lot.DETECTOR,
    quota_overrun.DETECTOR,
    missing_filing.DETECTOR,
    over_drawn_lot.DETECTOR,
    capacity_excess.DETECTOR,
    ghost_stock.DETECTOR,
    skimming.DETECTOR,
    threshold_splitting.DETECTOR,
    destination_shift.DETECTOR,
    one_more_step.DETECTOR,
    composition_swap.DETECTOR,
    yield_outlier.DETECTOR,
    recycling_laundering.DETECTOR,
    late_and_edited.DETECTOR,
    licence_abuse.DETECTOR,
    misdeclaration.DETECTOR,
    trader_pass_through.DETECTOR,
    round_trip.DETECTOR,
    shell_customer.DETECTOR,
    circular_invoicing.DETECTOR,
    feed_mismatch.DETECTOR,
)


def look(sight: LedgerView, detectors: Iterable[Detector] = DETECTORS) -> list[Finding]:
    """What the detectors see, as `ranked`."""
    return ranked(finding for detector in detectors for finding in detector.look(sight))
