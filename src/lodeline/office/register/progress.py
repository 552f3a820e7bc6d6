"""How far the take-over of a nation is, in figures."""

from __future__ import annotations

from lodeline.office.models import Draft, DraftFile, Invitation
from lodeline.office.register.letters import waiting
from lodeline.store.store import Store

#: How the file of an opening stock begins (`filing.opening_stock.OpeningFiling.name`).
OPENING_STOCK = "opening-stock-"


def progress_of(store: Store) -> dict[str, int]:
    """`firms` and `sites` of the register; people `invited`, who `accepted`, whose letter is `waiting`; firms whose
    opening stock is `prepared`, and of them `attested`."""
    tables = store.newest_register().tables
    invitations = Invitation.objects.filter(withdrawn_at=None).exclude(organisation="")
    drafts = DraftFile.objects.filter(name__startswith=OPENING_STOCK, draft__sandbox=False)
    closed = (Draft.State.DROPPED, Draft.State.SUPERSEDED)
    left = drafts.exclude(draft__state__in=closed)
    states = list(left.values_list("draft__organisation", "draft__state").distinct())
    return {
        "firms": tables["organisations"].height, "sites": tables["sites"].height, "invited": invitations.count(),
        "accepted": invitations.exclude(accepted_by=None).count(), "waiting": waiting().count(),
        "prepared": len({firm for firm, _ in states}),
        "attested": len({firm for firm, state in states if state == Draft.State.FILED}),
    }  # fmt: skip
