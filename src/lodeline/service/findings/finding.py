"""What the detectors see in the ledger, asked of a snapshot and answered with its stamp."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import polars as pl

from lodeline.accountancy.accounts import Accounts
from lodeline.detection.battery import DETECTORS, DUTIES, run_detectors
from lodeline.detection.finding import Finding
from lodeline.detection.measured import after_visits
from lodeline.detection.papers import CUSTOMS, DRAWS, PAPERS
from lodeline.language import enumerated, text
from lodeline.ledger.licence import GOODS
from lodeline.ledger.register import Register
from lodeline.progress import counted
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.balance.book import book
from lodeline.service.entries.subject import Json, UnknownSubject
from lodeline.service.filing.status import filing_status
from lodeline.service.findings.seeing import Seeing, seeing
from lodeline.service.inspections.causes import Cause, causes
from lodeline.service.inspections.precision import shipped_by_firm
from lodeline.service.inspections.verifying import Verification, verification
from lodeline.service.licences.draw_facts import draws_of, exits_in_force
from lodeline.service.matching.exceptions import Disagreements, disagreements
from lodeline.store.kept import kept
from lodeline.store.queries.filing import filings
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the detectors see in a ledger.

    `causes`: what is asked, most to be expected first. `duties`: findings that state what is still to be filed, and ask
    nothing (`Detector.duty`). `seeing`: from when each detector can see. `pack`: the digest of the law.
    """

    stamp: Mapping[str, Any]
    pack: str
    causes: tuple[Cause, ...]
    duties: tuple[Finding, ...]
    seeing: tuple[Seeing, ...]

    @property
    def rows(self) -> list[Finding]:
        """The findings that ask something, cause by cause. Of a single detector all, a duty or not."""
        return [finding for one in self.causes for finding in one.findings]

    @property
    def raised(self) -> list[Finding]:
        """Every finding, questions and then duties: by an id somebody may mean either."""
        return [*self.rows, *self.duties]

    def as_json(self) -> Json:
        """As `lodeline findings --json` prints it."""
        return {
            "stamp": self.stamp, "pack": self.pack, "rows": [one.as_json() for one in self.rows],
            "duties": [one.as_json() for one in self.duties], "causes": [one.as_json() for one in self.causes],
            "seeing": [one.as_json() for one in self.seeing],
        }  # fmt: skip


def findings(store: Store, snapshot: Snapshot, law: Jurisdiction, *, detector: str | None = None) -> Found:
    """Findings of all detectors, or of one. Raises UnknownSubject for a detector that is none.

    They are computed once for as long as no entry says anything new about goods or parties: a step of a case moves the
    log, its stamp with it, and no finding.
    """
    names = [one.name for one in DETECTORS]
    if detector not in (None, *names):
        raise UnknownSubject(
            text(
                "no detector {detector!r}: one of {names}",
                detector=detector,
                names=enumerated(names),
            )
        )
    return replace(kept(_looked, store, snapshot, law, detector=detector), stamp=snapshot.stamp)


def _looked(store: Store, snapshot: Snapshot, law: Jurisdiction, *, detector: str | None) -> Found:
    view = SnapshotView(store=store, snapshot=snapshot, law=law)
    found = run_detectors(view, counted("detectors", [one for one in DETECTORS if detector in (None, one.name)]))
    eyes = seeing(store, snapshot)
    every = [finding.stated() for finding in _seen(after_visits(found, view.verified), eyes)]
    asked = [one for one in every if detector or one.detector not in DUTIES]
    return Found(
        stamp=snapshot.stamp, pack=law.digest, causes=tuple(causes(asked, shipped_by_firm(snapshot.lines))),
        duties=() if detector else tuple(one for one in every if one.detector in DUTIES), seeing=tuple(eyes),
    )  # fmt: skip


def _seen(found: Iterable[Finding], eyes: Iterable[Seeing]) -> list[Finding]:
    """Without what a detector says of months in which it could not see yet."""
    since = {one.detector: one.since for one in eyes}
    return [one for one in found if (month := since[one.detector]) is not None and one.last_period >= month]


@dataclass(frozen=True, kw_only=True)
class SnapshotView:
    """What detectors look at (detection.detector.LedgerView), read from a snapshot when it is asked for."""

    store: Store
    snapshot: Snapshot
    law: Jurisdiction

    @cached_property
    def books(self) -> Accounts:
        return book(self.store, self.snapshot, self.law)

    @cached_property
    def movements(self) -> pl.DataFrame:
        return self.snapshot.accountancy_movements.join(self._places.drop("event"), on="seq", how="left")

    @cached_property
    def counts(self) -> pl.DataFrame:
        return self.snapshot.counts.join(self._places, on="seq", how="left")

    @cached_property
    def _places(self) -> pl.DataFrame:
        return self.snapshot.lines.select("entry", "event", seq="line")

    @property
    def count_scopes(self) -> pl.DataFrame:
        return self.snapshot.count_scopes

    @property
    def lot_assays(self) -> pl.DataFrame:
        return self.snapshot.lot_assays

    @property
    def site_assays(self) -> pl.DataFrame:
        return self.snapshot.site_assays

    @property
    def lines(self) -> pl.DataFrame:
        return self.snapshot.lines

    @property
    def lots(self) -> pl.DataFrame:
        return self.snapshot.lots

    @property
    def lot_facts(self) -> pl.DataFrame:
        """As the quota table has them: a lot renamed by a trader is what it was shipped as."""
        return self.snapshot.lot_facts

    @property
    def transfers(self) -> pl.DataFrame:
        return self.snapshot.transfers

    @cached_property
    def status(self) -> pl.DataFrame:
        return filing_status(self.store, self.snapshot, self.law)

    @property
    def register(self) -> Register:
        return self.snapshot.register

    @cached_property
    def papers(self) -> pl.DataFrame:
        """The commercial cells of the rows in force that have any (detection.papers.PAPERS)."""
        stated = pl.any_horizontal(pl.exclude("line").is_not_null())
        return self.snapshot.trade.select(*PAPERS).filter(stated)

    @cached_property
    def _beside(self) -> Disagreements:
        return disagreements(self.store, self.snapshot, self.law)

    @property
    def exceptions(self) -> pl.DataFrame:
        """Where other authorities' records disagree (collation.exception.EXCEPTION)."""
        return self._beside.rows

    @property
    def compared(self) -> pl.DataFrame:
        """How many papers of a kind each firm has (detection.comparison.COMPARED)."""
        return self._beside.compared

    @property
    def behind_exceptions(self) -> pl.DataFrame:
        """The rows behind the exceptions (detection.comparison.BEHIND)."""
        return self._beside.evidence

    @property
    def unfiled(self) -> pl.DataFrame:
        """Invoices of goods that nobody has filed (detection.comparison.UNFILED)."""
        return self._beside.unfiled

    @cached_property
    def customs(self) -> pl.DataFrame:
        """What the export rows in force say of licence and declaration (detection.papers.CUSTOMS)."""
        exports = self.lines.filter(pl.col("kind") == "export").select("line")
        stated = self.snapshot.trade.join(exports, on="line", how="semi").select(*CUSTOMS)
        return exports.join(stated, on="line", how="left", maintain_order="left")

    @cached_property
    def draws(self) -> pl.DataFrame:
        """What was told of licences beside the filings, up to the last entry about goods or parties.

        A release moves the log and no finding: what it says is looked at with the next filing.
        """
        moved, _ = self.store.last_goods_entry(self.snapshot.entry + 1)
        draws = draws_of(self.store, "licence", before=moved)
        exits = {one.number: one for one in exits_in_force(draws)}
        rows = [
            (one.account, one.organisation, one.act, one.declaration, one.on, one.masses_mg.get(GOODS, 0), one.entry)
            for one in (exits.get(each.number, each) for each in draws)
            if one.act in ("reserve", "exit")
        ]
        return pl.DataFrame(rows, schema=dict(DRAWS), orient="row")

    @property
    def verified(self) -> pl.DataFrame:
        """What inspectors measured, held against the balances of the sites they visited."""
        return self._measured.verified

    @property
    def single(self) -> pl.DataFrame:
        """Each item that inspectors measured, by itself (accountancy.verification.frames.SINGLE)."""
        return self._measured.single

    @cached_property
    def _measured(self) -> Verification:
        return verification(self.store, self.snapshot)

    @cached_property
    def filings(self) -> pl.DataFrame:
        """Every accepted filing and correction of this snapshot (detection.papers.FILINGS)."""
        return filings(self.store, upto=self.snapshot.entry)
