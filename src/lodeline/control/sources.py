"""What the desk answers from besides the law."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from lodeline.control.case import Licence
from lodeline.control.record import Records
from lodeline.control.standing_answer import StandingAnswer

if TYPE_CHECKING:
    from lodeline.control.screened import Screened


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What is at hand to answer from; None for what is not.

    `licences`: the columns of `ledger.register.TABLES["licences"]`, with `used_mg` (Int64) where use is known, or what
    `licence.read_licences` made of them. `exporters`: case-folded name → id, for lines that give a name alone.
    `records`: of the lots, models and exporters that the lines name. `screened`: of the parties that they name.
    `answers`: what officers answered about rules of which no text says whether they hold. `stamp`: the entry and root
    of the ledger that all of it is of.
    """

    licences: pl.DataFrame | Mapping[str, Licence] | None = None
    exporters: Mapping[str, str] = field(default_factory=dict)
    records: Records | None = None
    screened: Screened | None = None
    answers: Sequence[StandingAnswer] = ()
    stamp: Mapping[str, Any] | None = None


#: Nothing but the law is at hand.
NOTHING: Final = Sources()
