"""What stands in a demo's office, for its tours: ids that are looked for each time, and none that is remembered.

Whoever walks a tour changes what it leads to; what is there no more is None, and its station is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lodeline.office.models import Application, Case, CustomsCase, Dispute, Draft, Membership
from lodeline.service.inspections.planning import plans
from lodeline.service.inspections.reading import visits_of
from lodeline.service.inspections.visits import inspections
from lodeline.service.licences.proposals import waiting
from lodeline.store.queries.accounts import sample_firms
from lodeline.store.queries.filing import first_filings_of
from lodeline.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """`maker`, `questioned`: firms of sample accounts. By state: `cases` (finding); `applications` and `queries`
    (reference).

    `dispute`, `receipts`, `half_done` (drafts), `filing` (entry) are the maker's; `plan`, `measured` are entries of
    inspections; `licence` has an act that waits for a second officer.
    """

    maker: str
    questioned: str
    cases: Mapping[str, str]
    applications: Mapping[str, str]
    queries: Mapping[str, str]
    dispute: int | None
    receipts: int | None
    half_done: int | None
    filing: int | None
    plan: int | None
    measured: int | None
    licence: str | None


def standing(store: Store) -> Standing:
    """What stands there now, the newest of each kind."""
    maker = sample_firms(store.database).get("maker", "")
    firms = dict(
        Membership.objects.filter(user__email__endswith="@demo.example").values_list("user__email", "organisation")
    )
    drafts = Draft.objects.filter(organisation=maker, sandbox=False, state=Draft.State.OPEN).order_by("pk")
    receipts = next((one.pk for one in drafts if _are_receipts(one)), None)
    filed = first_filings_of(store, maker) if maker else {}
    return Standing(
        maker=maker,
        questioned=firms.get("questioned@demo.example", ""),
        cases=dict(Case.objects.order_by("pk").values_list("state", "finding")),
        applications=dict(Application.objects.order_by("pk").values_list("state", "reference")),
        queries=dict(CustomsCase.objects.order_by("pk").values_list("state", "reference")),
        dispute=Dispute.objects.filter(receiver=maker).order_by("pk").values_list("pk", flat=True).first(),
        receipts=receipts,
        plan=next((one.entry.index for one in reversed(plans(store))), None),
        measured=next((one.entry for one in reversed(visits_of(inspections(store, None)))), None),
        half_done=next((one.pk for one in drafts if one.pk != receipts), None),
        filing=filed[max(filed)][0] if filed else None,
        licence=next(iter(sorted(waiting(store.register(store.head())))), None),
    )


def _are_receipts(draft: Draft) -> bool:
    return set(draft.edits.filter(column="kind").values_list("text", flat=True)) == {"receipt"}
