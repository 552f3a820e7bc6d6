"""All detectors, and in which order their findings are put to a person.

Each detector is a function of frames; what it needs is computed when it is asked for, so one detector costs what one
detector needs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

import polars as pl

from lodeline.detection.detectors import (
    missing_filing,
    over_drawn_lot,
    quota_overrun,
    unexplained_gain,
    unexplained_loss,
)
from lodeline.detection.finding import Finding, ranked
from lodeline.ledger.register import Register
from lodeline.regulation.parameter import Jurisdiction


class Sight(Protocol):
    """What detectors look at; frames as their functions describe them."""

    @property
    def balances(self) -> pl.DataFrame: ...
    @property
    def movements(self) -> pl.DataFrame: ...
    @property
    def counts(self) -> pl.DataFrame: ...
    @property
    def count_scopes(self) -> pl.DataFrame: ...
    @property
    def lot_assays(self) -> pl.DataFrame: ...
    @property
    def site_assays(self) -> pl.DataFrame: ...
    @property
    def lines(self) -> pl.DataFrame: ...
    @property
    def lots(self) -> pl.DataFrame: ...
    @property
    def lot_facts(self) -> pl.DataFrame: ...
    @property
    def transfers(self) -> pl.DataFrame: ...
    @property
    def status(self) -> pl.DataFrame: ...
    @property
    def register(self) -> Register: ...
    @property
    def law(self) -> Jurisdiction: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """A loophole's name, as stored and printed, and how it is looked for."""

    name: str
    look: Callable[[Sight], list[Finding]]


DETECTORS: Final = (
    Detector(
        name=unexplained_gain.DETECTOR,
        look=lambda sight: unexplained_gain.unexplained_gain(
            balances=sight.balances,
            movements=sight.movements,
            counts=sight.counts,
            count_scopes=sight.count_scopes,
            lot_assays=sight.lot_assays,
            site_assays=sight.site_assays,
        ),
    ),
    Detector(
        name=unexplained_loss.DETECTOR,
        look=lambda sight: unexplained_loss.unexplained_loss(
            balances=sight.balances,
            movements=sight.movements,
            counts=sight.counts,
            lot_assays=sight.lot_assays,
            site_assays=sight.site_assays,
        ),
    ),
    Detector(
        name=quota_overrun.DETECTOR,
        look=lambda sight: quota_overrun.quota_overrun(
            lines=sight.lines, lots=sight.lot_facts, register=sight.register, law=sight.law
        ),
    ),
    Detector(
        name=missing_filing.DETECTOR,
        look=lambda sight: missing_filing.missing_filing(
            status=sight.status,
            transfers=sight.transfers,
            entries=sight.lines,
            lot_assays=sight.lot_assays,
            law=sight.law,
        ),
    ),
    Detector(
        name=over_drawn_lot.DETECTOR,
        look=lambda sight: over_drawn_lot.over_drawn_lot(
            movements=sight.movements,
            count_scopes=sight.count_scopes,
            transfers=sight.transfers,
            lots=sight.lots,
            lot_assays=sight.lot_assays,
        ),
    ),
)


def look(sight: Sight, detectors: tuple[Detector, ...] = DETECTORS) -> list[Finding]:
    """What the detectors see, as `ranked`."""
    return ranked(finding for detector in detectors for finding in detector.look(sight))
