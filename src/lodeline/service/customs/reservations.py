"""What the lines of a declaration hold reserved on licences: given back in one entry when it is withdrawn or amended.

Goods that customs have confirmed to have left are a fact: a declaration with such a line is neither withdrawn nor
amended. Both are asked under the head, so whoever withdraws and whoever confirms at the same moment find one outcome.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Final

from lodeline.control.declaration import Line, read_fields
from lodeline.service.licences.accounts import project_again
from lodeline.service.licences.draw_facts import Draw, draws_about, draws_of, exits_about, put_draws
from lodeline.service.licences.draws import live
from lodeline.store.store import Head, Store

#: Why a reservation was taken back, where nobody gave a reason of his own: its declaration was amended.
AMENDED: Final = "amended"
#: A line of a declaration: number of the declaration, number of the line, exporter.
LineKey = tuple[str, str, str]


def keys_of(cells: Iterable[Mapping[str, str]], *, exporters: Mapping[str, str]) -> frozenset[LineKey]:
    """The lines that may hold something reserved, read from the cells as a paper keeps them.

    `exporters`: case-folded name → id, for lines that give the exporter's name alone (`control.desk.judge`).
    """
    lines = [line for one in cells for line in read_fields(one).lines]
    named = {(line["declaration"] or "", line["line"] or "", _exporter(line, exporters)) for line in lines}
    return frozenset(one for one in named if all(one))


def exporters_of(cells: Iterable[Mapping[str, str]], *, exporters: Mapping[str, str]) -> frozenset[str]:
    """Whose goods the lines of a paper are: every exporter that they name. `exporters` as `keys_of` takes them."""
    named = {_exporter(line, exporters) for one in cells for line in read_fields(one).lines}
    return frozenset(filter(None, named))


def _exporter(line: Line, exporters: Mapping[str, str]) -> str:
    return line["exporter"] or exporters.get(str(line["exporter_name"] or "").casefold(), "")


def left_already(store: Store, lines: Collection[LineKey]) -> list[Draw]:
    """The exits that customs confirmed under these lines, in the order of the log."""
    return [draw for draw in exits_about(store, {declaration for declaration, *_ in lines}) if _key(draw) in lines]


def give_back(
    store: Store, head: Head, lines: Collection[LineKey], *, reason: str, on: date, filed_at: datetime, by: str | None
) -> tuple[Draw, ...]:  # fmt: skip
    """Takes back every reservation of these lines that stands, as one entry under the head that the caller's
    transaction holds. Returns what was written: nothing where nothing was reserved, and the head has not moved."""
    mine = [draw for draw in draws_about(store, {declaration for declaration, *_ in lines}) if _key(draw) in lines]
    standing = live(draws_of(store, "licence", sorted({draw.account for draw in mine})))
    waiting = [draw for draw in mine if draw.number in standing and not standing[draw.number].closed]
    if not waiting:
        return ()
    rows = [
        Draw(
            book=draw.book, act="void", account=draw.account, organisation=draw.organisation, masses_mg={}, on=on,
            declaration=draw.declaration, line=draw.line, tranche=draw.tranche, target=draw.number, reason=reason,
        )
        for draw in waiting
    ]  # fmt: skip
    _, stored = put_draws(store, head, rows, filed_at=filed_at, by=by)
    project_again(store, {draw.account for draw in stored})
    return stored


def numbers_of(given_back: Sequence[Draw]) -> list[int]:
    """The reservations that these rows took back."""
    return [draw.target for draw in given_back]


def _key(draw: Draw) -> LineKey:
    return draw.declaration, draw.line, draw.organisation
