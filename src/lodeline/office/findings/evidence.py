"""The evidence bundle of a finding with what was asked, answered and decided about it."""

from __future__ import annotations

from typing import Final

from lodeline.detection.finding import Finding
from lodeline.office.access.actor import AUTHORITY, Actor
from lodeline.office.access.audit import record_act
from lodeline.office.findings.files import content_of
from lodeline.office.findings.views import steps_of
from lodeline.office.models import Case
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.findings.evidence import Paper, bundle
from lodeline.service.inspections.visits import inspections
from lodeline.store.published import newest_published
from lodeline.store.store import Store

_ENDINGS: Final = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg", "text/csv": "csv"}


def evidence(
    actor: Actor, store: Store, law: Jurisdiction, finding: Finding, case: Case | None
) -> bytes:  # fmt: skip
    """The bytes of the bundle of a finding and its case, as of the newest entry; that it was taken is written down.

    Requires "nation.read" for the whole country: a bundle shows the rows of neighbours and peers wherever they are.

    Raises what `service.findings.evidence.bundle` raises.
    """
    actor.require("nation.read", AUTHORITY)
    organisation = finding.firm
    record_act(actor, "finding.bundle", organisation=organisation, subject=finding.id)
    papers = [*_papers(case), *_inspections(store, organisation)]
    return bundle(store, newest_published(store), law, finding.id, detector=finding.detector, papers=papers)


def _inspections(store: Store, organisation: str) -> list[Paper]:
    """What inspectors found at the organisation's sites."""
    return [
        Paper(name=f"{one.entry.index}.json", content=one.content, entry=one.entry.index, folder="inspections")
        for one in inspections(store, [organisation])
    ]


def _papers(case: Case | None) -> list[Paper]:
    """The steps that the log holds, and the files that came with them."""
    papers: list[Paper] = []
    for step, _ in [] if case is None else steps_of(case, reader=None):
        if step.entry is None:
            continue
        name = f"{step.number:03}-{step.kind}"
        papers.append(Paper(name=f"{name}.json", content=step.content.encode(), entry=step.entry))
        for number, file in enumerate(step.files.order_by("pk"), 1):
            papers.append(Paper(name=f"{name}-{number}.{_ENDINGS[file.kind]}", content=content_of(file)))
    return papers
