"""One line before the desk: what was declared, what the goods are, and the law of its day."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from lodeline.control.declaration import Line
from lodeline.control.goods.goods import Goods
from lodeline.control.reason import Reason
from lodeline.control.record import LotRecord, Model, Records, Trade
from lodeline.control.rulebook import Rulebook
from lodeline.regulation.control_list import ControlItem

if TYPE_CHECKING:
    from lodeline.control.screened import Screened


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A control item that the goods meet. `share_ppb` is None where the element is named and its share is not stated.

    `is_trace`: within the band of trade practice. `fields`: the columns that it rests on. `models`: those of the line
    that meet it by what the register knows of them; empty where the line itself does.
    """

    item: ControlItem
    share_ppb: int | None
    is_trace: bool
    fields: tuple[str, ...]
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """A licence of the register; masses in mg, None where the register does not say. `elements_mg`: mg by element.

    `papers`: kinds of papers that were filed with it beyond the usual ones.
    """

    id: str
    kind: str
    exporter: str | None
    end_users: Sequence[str]
    control_items: Sequence[str]
    products: Sequence[str]
    mass_mg: int | None
    used_mg: int
    elements_mg: Mapping[str, int]
    destination: str | None
    end_use: str | None
    valid_from: date | None
    valid_to: date | None
    is_suspended: bool = False
    papers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelGoods:
    """One of the models that a line names, and what it is by the register; `model` is None where that has none."""

    name: str
    model: Model | None
    goods: Goods
    needs: tuple[Need, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A line with all that its rules may ask. `licences` is None where no register is at hand, `records` no ledger.

    `needed_mg`: licence → mg of goods, and (licence, element) → mg of element, of all lines of the declaration that
    draw on it; None where one of them does not state its mass or share. `models`: those that the line names, where it
    names several or the register knows the one. `screened`: what is known of the parties that are named; None where
    neither register nor list is at hand. `together`: the other lines of the declaration that go from the same exporter
    to the same buyer.
    """

    line: Line
    goods: Goods
    rules: Rulebook
    needs: tuple[Need, ...]
    licences: Mapping[str, Licence] | None
    needed_mg: Mapping[tuple[str, str], int | None]
    is_file_clear: bool = True
    records: Records | None = None
    models: tuple[ModelGoods, ...] = ()
    screened: Screened | None = None
    together: tuple[Line, ...] = ()

    @property
    def lot(self) -> LotRecord | None:
        """The lot that the line names, if the ledger has it."""
        return None if self.records is None else self.records.lot(self.line["lot"], self.line["exporter"])

    @property
    def trade(self) -> Trade | None:
        """The exports that the exporter has filed; None where none were looked up or none are."""
        return None if self.records is None else (self.records.trades or {}).get(self.line["exporter"] or "")

    @property
    def licence(self) -> Licence | None:
        """The licence that the line names, if the register has it."""
        return (self.licences or {}).get(self.line["licence"] or "")


Rule = Callable[[Case], Iterator[Reason]]
