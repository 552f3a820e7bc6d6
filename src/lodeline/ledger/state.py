"""The state is what the lines amount to: holdings, transfers, draw-downs.

State is a function of the lines of a lot; lots tied by a reference are projected together. That is why
recomputing the touched lots after a filing equals rebuilding everything.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from lodeline.ledger.drawdown import draws
from lodeline.ledger.label import NO_ALIASES, with_inherited
from lodeline.ledger.movement import holdings, lot_facts, movements, with_balances
from lodeline.ledger.transfer import match, passed_on, stand_in

#: The columns of a line that its state depends on. A narrow frame is a quick frame.
STATE_COLUMNS = [
    "line", "organisation", "ordinal", "event", "kind", "role", "on", "site", "lot", "maker", "local", "product",
    "dry_mg", "composition", "composition_status", "method", "origin_kind", "owner", "party", "to_site", "reference",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What some lines amount to, and what was worked out on the way.

    lines : the lines, at least `STATE_COLUMNS`.
    aliases : those of their lots (`label.with_inherited`).
    balanced : their movements with `delta_mg`, `held_mg`, `unaccounted_mg` (`movement.with_balances`).
    lots : what each lot is (`facts_of_lots`).
    renamed : which of them are another lot under the name that a receiver had for it (`transfer.PASSED_ON`).
    holdings : `site`, `lot`, `owner`, `mass_mg`, `unaccounted_mg`.
    transfers : `transfer.TRANSFER`.
    drawdowns : `drawdown.DRAWDOWN`.
    """

    lines: pl.DataFrame
    aliases: pl.DataFrame
    balanced: pl.DataFrame
    lots: pl.DataFrame
    renamed: pl.DataFrame
    holdings: pl.DataFrame
    transfers: pl.DataFrame
    drawdowns: pl.DataFrame


def facts_of_lots(lines: pl.DataFrame, transfers: pl.DataFrame) -> pl.DataFrame:
    """What each lot is (`movement.lot_facts`), a renamed lot being what it was shipped as."""
    lots = lot_facts(lines)
    return stand_in(lots, passed_on(transfers, lines, lots))


def project(lines: pl.DataFrame, aliases: pl.DataFrame = NO_ALIASES, made: pl.DataFrame | None = None) -> State:
    """The state of all lots among `lines`, which must hold every line in force of each of them, as `aliases` theirs.

    `made` : lines with what the events of `lines` made, where that is of other lots (`drawdown.draws`).
    """
    balanced = with_balances(movements(lines))
    transfers = match(lines, aliases)
    lots = lot_facts(lines)
    renamed = passed_on(transfers, lines, lots)
    lots = stand_in(lots, renamed)
    return State(
        lines=lines,
        aliases=with_inherited(aliases, lines),
        balanced=balanced,
        lots=lots,
        renamed=renamed,
        holdings=holdings(balanced),
        transfers=transfers,
        drawdowns=draws(lines, lots, made),
    )
