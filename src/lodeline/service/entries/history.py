"""Which older lines a change bears on: those of its lots, and of every lot that is tied to them."""

from __future__ import annotations

from typing import Final

import polars as pl

from lodeline.ledger.drawdown import may_draw
from lodeline.ledger.movement import LINE
from lodeline.ledger.state import STATE_COLUMNS, State, project
from lodeline.store.store import Head, Store

NO_LINES: Final = pl.DataFrame(schema=LINE)


def tied_history(store: Store, head: Head, lines: pl.DataFrame, changed: set[int]) -> tuple[set[int], pl.DataFrame]:
    """The lots whose state the filing may change, and every older line in force about them.

    Lots tied by a reference are projected together, so the set is closed under references.
    """
    if head.next_lot == 1:
        return changed, NO_LINES
    touched, unseen, history = changed, changed, []
    looked_at = [lines]
    while True:
        older = store.books.lines_of_lots([lot for lot in unseen if lot < head.next_lot])
        history.append(older)
        unseen = store.books.lots_tied([*looked_at, older]) - touched
        if not unseen:
            return touched, pl.concat(history) if len(history) > 1 else older
        touched, looked_at = touched | unseen, []


def projected(store: Store, history: pl.DataFrame, lots: set[int], fresh: pl.DataFrame = NO_LINES) -> State:
    """The state of the lots: `history` as `tied_history` has it, `fresh` the lines that a filing adds."""
    lines = history[STATE_COLUMNS].vstack(fresh[STATE_COLUMNS])
    others = [
        store.books.lines_of_events(str(organisation), events)
        for organisation, events in may_draw(history, lines).group_by("organisation").agg("event").iter_rows()
    ]
    made = pl.concat([lines, *(one[STATE_COLUMNS] for one in others)])
    return project(lines, store.books.aliases(sorted(lots)), made)
