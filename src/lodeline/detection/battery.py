"""All detectors, and in which order their findings are put to a person.

Each detector is a function of frames; what it needs is computed when it is asked for, so one detector costs what one
detector needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Protocol

import polars as pl

from lodeline.detection.comparison import behind_of, compared_of, exceptions_of
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
from lodeline.detection.imbalance import Books
from lodeline.detection.limits import limits_of
from lodeline.detection.papers import customs_of, draws_of, filings_of, papers_of
from lodeline.ledger.register import Register
from lodeline.regulation.parameter import Jurisdiction


class LedgerView(Protocol):
    """What detectors look at; frames as their functions describe them.

    It may offer `papers` and `filings` (`detection.papers`), and what other authorities say (`detection.comparison`) as
    well; where it does not, what needs them is not tested.
    """

    @property
    def books(self) -> Books: ...
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
    look: Callable[[LedgerView], list[Finding]]


DETECTORS: Final = (
    Detector(
        name=unexplained_gain.DETECTOR,
        look=lambda sight: unexplained_gain.unexplained_gain(
            books=sight.books,
            movements=sight.movements,
            counts=sight.counts,
            count_scopes=sight.count_scopes,
            lot_assays=sight.lot_assays,
            site_assays=sight.site_assays,
            status=sight.status,
        ),
    ),
    Detector(
        name=unexplained_loss.DETECTOR,
        look=lambda sight: unexplained_loss.unexplained_loss(
            books=sight.books,
            movements=sight.movements,
            counts=sight.counts,
            lot_assays=sight.lot_assays,
            site_assays=sight.site_assays,
            status=sight.status,
        ),
    ),
    Detector(
        name=unassayed_lot.DETECTOR,
        look=lambda sight: unassayed_lot.unassayed_lot(
            books=sight.books,
            movements=sight.movements,
            counts=sight.counts,
            lot_assays=sight.lot_assays,
            site_assays=sight.site_assays,
            lots=sight.lots,
            limits=limits_of(unassayed_lot.DETECTOR),
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
            register=sight.register,
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
    Detector(
        name=capacity_excess.DETECTOR,
        look=lambda sight: capacity_excess.capacity_excess(
            lines=sight.lines,
            lot_assays=sight.lot_assays,
            register=sight.register,
            limits=limits_of(capacity_excess.DETECTOR),
        ),
    ),
    Detector(
        name=ghost_stock.DETECTOR,
        look=lambda sight: ghost_stock.ghost_stock(
            counts=sight.counts,
            movements=sight.movements,
            lot_assays=sight.lot_assays,
            limits=limits_of(ghost_stock.DETECTOR),
        ),
    ),
    Detector(
        name=skimming.DETECTOR,
        look=lambda sight: skimming.skimming(
            transfers=sight.transfers,
            entries=sight.lines,
            lot_assays=sight.lot_assays,
            limits=limits_of(skimming.DETECTOR),
        ),
    ),
    Detector(
        name=threshold_splitting.DETECTOR,
        look=lambda sight: threshold_splitting.threshold_splitting(
            lines=sight.lines,
            lot_assays=sight.lot_assays,
            limits=limits_of(threshold_splitting.DETECTOR),
        ),
    ),
    Detector(
        name=destination_shift.DETECTOR,
        look=lambda sight: destination_shift.destination_shift(
            lines=sight.lines,
            lot_facts=sight.lot_facts,
            lot_assays=sight.lot_assays,
            register=sight.register,
            law=sight.law,
            limits=limits_of(destination_shift.DETECTOR),
        ),
    ),
    Detector(
        name=one_more_step.DETECTOR,
        look=lambda sight: one_more_step.one_more_step(
            lines=sight.lines,
            papers=papers_of(sight),
            lot_assays=sight.lot_assays,
            law=sight.law,
            limits=limits_of(one_more_step.DETECTOR),
        ),
    ),
    Detector(
        name=composition_swap.DETECTOR,
        look=lambda sight: composition_swap.composition_swap(
            lines=sight.lines,
            transfers=sight.transfers,
            lot_assays=sight.lot_assays,
            site_assays=sight.site_assays,
            limits=limits_of(composition_swap.DETECTOR),
        ),
    ),
    Detector(
        name=yield_outlier.DETECTOR,
        look=lambda sight: yield_outlier.yield_outlier(
            lines=sight.lines,
            lot_facts=sight.lot_facts,
            lot_assays=sight.lot_assays,
            limits=limits_of(yield_outlier.DETECTOR),
        ),
    ),
    Detector(
        name=recycling_laundering.DETECTOR,
        look=lambda sight: recycling_laundering.recycling_laundering(
            lines=sight.lines,
            lot_facts=sight.lot_facts,
            lot_assays=sight.lot_assays,
            limits=limits_of(recycling_laundering.DETECTOR),
        ),
    ),
    Detector(
        name=late_and_edited.DETECTOR,
        look=lambda sight: late_and_edited.late_and_edited(
            status=sight.status,
            filings=filings_of(sight),
            lines=sight.lines,
            limits=limits_of(late_and_edited.DETECTOR),
        ),
    ),
    Detector(
        name=licence_abuse.DETECTOR,
        look=lambda sight: licence_abuse.licence_abuse(
            lines=sight.lines,
            lot_facts=sight.lot_facts,
            lot_assays=sight.lot_assays,
            customs=customs_of(sight),
            draws=draws_of(sight),
            register=sight.register,
            law=sight.law,
            limits=limits_of(licence_abuse.DETECTOR),
        ),
    ),
    Detector(
        name=misdeclaration.DETECTOR,
        look=lambda sight: misdeclaration.misdeclaration(
            lines=sight.lines,
            papers=papers_of(sight),
            lot_facts=sight.lot_facts,
            lot_assays=sight.lot_assays,
            law=sight.law,
            limits=limits_of(misdeclaration.DETECTOR),
        ),
    ),
    Detector(
        name=trader_pass_through.DETECTOR,
        look=lambda sight: trader_pass_through.trader_pass_through(
            lines=sight.lines,
            papers=papers_of(sight),
            lot_assays=sight.lot_assays,
            register=sight.register,
            limits=limits_of(trader_pass_through.DETECTOR),
        ),
    ),
    Detector(
        name=round_trip.DETECTOR,
        look=lambda sight: round_trip.round_trip(
            transfers=sight.transfers,
            lines=sight.lines,
            lot_facts=sight.lot_facts,
            lot_assays=sight.lot_assays,
            limits=limits_of(round_trip.DETECTOR),
        ),
    ),
    Detector(
        name=shell_customer.DETECTOR,
        look=lambda sight: shell_customer.shell_customer(
            lines=sight.lines,
            lot_assays=sight.lot_assays,
            register=sight.register,
            limits=limits_of(shell_customer.DETECTOR),
        ),
    ),
    Detector(
        name=circular_invoicing.DETECTOR,
        look=lambda sight: circular_invoicing.circular_invoicing(
            lines=sight.lines,
            transfers=sight.transfers,
            lot_assays=sight.lot_assays,
            limits=limits_of(circular_invoicing.DETECTOR),
        ),
    ),
    Detector(
        name=feed_mismatch.DETECTOR,
        look=lambda sight: feed_mismatch.feed_mismatch(
            exceptions=exceptions_of(sight),
            compared=compared_of(sight),
            behind=behind_of(sight),
            status=sight.status,
            lines=sight.lines,
            lot_assays=sight.lot_assays,
            limits=limits_of(feed_mismatch.DETECTOR),
        ),
    ),
)


def look(sight: LedgerView, detectors: Iterable[Detector] = DETECTORS) -> list[Finding]:
    """What the detectors see, as `ranked`."""
    return ranked(finding for detector in detectors for finding in detector.look(sight))
