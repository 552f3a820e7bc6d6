"""Loopholes at work: each plot alters what is about to be filed, and writes down exactly what."""

from __future__ import annotations

from lodeline.world.plant import Plant
from lodeline.world.plots.border import DestinationShift, LicenceAbuse, Misdeclaration, OneMoreStep, ThresholdSplitting
from lodeline.world.plots.declared import FalseDeclaration
from lodeline.world.plots.feeds import FeedMismatch
from lodeline.world.plots.mass import FalseScrap, Gain, Loss, Skimming, Unassayed, Yield
from lodeline.world.plots.office import CapacityExcess, LateAndEdited, MissingFiling, QuotaOverrun
from lodeline.world.plots.plot import Plot
from lodeline.world.plots.store import CompositionSwap, GhostStock
from lodeline.world.plots.trade import CircularInvoicing, PassThrough, RoundTrip, ShellCustomers
from lodeline.world.scene import Scene

#: Loophole → what carries it out.
PLOTS: dict[str, type[Plot]] = {
    "unexplained-gain": Gain, "unexplained-loss": Loss, "skimming": Skimming, "yield-outlier": Yield,
    "recycling-laundering": FalseScrap, "quota-overrun": QuotaOverrun, "trader-pass-through": PassThrough,
    "round-trip": RoundTrip, "circular-invoicing": CircularInvoicing, "threshold-splitting": ThresholdSplitting,
    "misdeclaration": Misdeclaration, "destination-shift": DestinationShift, "shell-customer": ShellCustomers,
    "ghost-stock": GhostStock, "late-and-edited": LateAndEdited, "missing-filing": MissingFiling,
    "capacity-excess": CapacityExcess, "composition-swap": CompositionSwap, "one-more-step": OneMoreStep,
    "unassayed-lot": Unassayed,
    "feed-mismatch": FeedMismatch,
    "licence-abuse": LicenceAbuse,
    "false-declaration": FalseDeclaration,
}  # fmt: skip


def plots_of(plants: tuple[Plant, ...], scene: Scene) -> list[Plot]:
    """A plot for each plant. Firms that go silent come first, so that nobody plots with them."""
    ordered = sorted(plants, key=lambda plant: (plant.loophole != "missing-filing", plant.number))
    return [PLOTS[plant.loophole](plant, scene) for plant in ordered]
