"""The state is what the lines amount to: holdings, transfers, draw-downs.

State is a function of the lines of a lot; lots tied by a reference are projected together. That is why
recomputing the touched lots after a filing equals rebuilding everything.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from lodeline.ledger.drawdown import draws
from lodeline.ledger.movement import holdings, lot_facts, movements, with_balances
from lodeline.ledger.transfer import match


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`holdings` (site, lot, owner, mass_mg, unaccounted_mg), `transfers` (transfer.TRANSFER), `drawdowns`."""

    holdings: pl.DataFrame
    transfers: pl.DataFrame
    drawdowns: pl.DataFrame


def project(lines: pl.DataFrame) -> State:
    """The state of all lots among `lines`, which must hold every line in force of each of them."""
    return State(
        holdings=holdings(with_balances(movements(lines))),
        transfers=match(lines),
        drawdowns=draws(lines, lot_facts(lines)),
    )
