"""The people of a demo's office, and the days before its clock starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from lodeline.detection.finding import Finding
from lodeline.office.access.actor import Actor, actor_of
from lodeline.office.findings.files import Attached, attached
from lodeline.office.models import User
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.firm.organisation_view import OrganisationView
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store

#: Stands in whatever is written for the demo.
MADE_UP: Final = "Made up for the demo. 演示用虚构内容。"


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """Whose work it is: the store and its law, what was read of it, what the detectors say, when the clock starts.

    `maker`, `supplier`: the sample firms; "" where the world has none.
    """

    store: Store
    snapshot: Snapshot
    law: Jurisdiction
    findings: Sequence[Finding]
    now: datetime
    maker: str
    supplier: str

    def who(self, account: str) -> Actor:
        """A sample account as it may act on the demo's day."""
        return actor_of(User.objects.get(email=f"{account}@demo.example"), on=self.day())

    def ago(self, days: int) -> datetime:
        """The moment so many days before the clock starts."""
        return self.now - timedelta(days=days)

    def day(self, days_ago: int = 0) -> date:
        """The day so many days before the clock starts, on the law's calendar."""
        return self.law.day_of(self.ago(days_ago))

    def view(self, firm: str) -> OrganisationView:
        """What a firm sees of itself."""
        return OrganisationView(self.store, self.law, firm)


def paper(name: str) -> list[Attached]:
    """A document that says that it is none."""
    return attached([(f"{name}.pdf", b"%PDF-1.7\n% synthetic, made up for the demo\n")])
