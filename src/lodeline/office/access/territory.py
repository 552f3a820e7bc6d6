"""Regions: which firms an official of a region is there for. A firm is of every region in which it has a site.

What is filed is filed by the firm, so the firm is the unit: whoever may see it sees all of it, a warehouse in another
region included, since books that do not close here may close there. A firm without a site is of no region, and seen
by officials of the whole country alone. The register as it stands says where the sites are.
"""

from __future__ import annotations

from django.conf import settings

from lodeline.ledger.register import Register
from lodeline.store.opening import open_store


def register() -> Register:
    """The register of the store that this process serves, as it stands."""
    return open_store(settings.LODELINE_DATABASE).newest_register()


def firms_of_region(region: str) -> frozenset[str]:
    """The organisations that have a site in a region, as it is called in the register."""
    return register().firms_of_region.get(region, frozenset())


def regions() -> tuple[str, ...]:
    """The regions in which anybody has a site, in order."""
    return tuple(sorted(register().firms_of_region))
