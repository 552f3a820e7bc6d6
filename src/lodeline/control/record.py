"""What is on record beside a declaration: lots of the ledger, registered models, the exporter's own filed exports.

A record is never believed over a declaration or the other way round: where the two differ, the desk asks. Where a line
leaves its composition open, that of its lot or model is taken, and the reason says so.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from lodeline.ledger.register import Register

#: Element → ppb of mass.
Shares = Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A composition of a lot as somebody filed it. `in_force`: no later filing has replaced it."""

    organisation: str
    entry: int
    shares: Shares
    in_force: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LotRecord:
    """A lot of the ledger. `made_mg`: dry mass that its maker made of it, None while that maker has not filed.

    `versions`: every composition that was ever filed about it, the oldest first. `fed`: element → ppb that the lot
    would hold had all of that element, as stated by the lots it was made of, gone evenly into what was made.
    """

    name: str
    product: str | None
    shares: Shares
    versions: tuple[Version, ...]
    fed: Shares
    made_mg: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model of the register. `shares` is empty where none are registered; `test_report` None likewise."""

    id: str
    organisation: str
    grade: str | None
    shares: Shares
    test_report: str | None
    valid_from: date | None
    valid_to: date | None

    def covers(self, day: date) -> bool:
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """The exports that one exporter has filed, in order of days: parallel tuples, one place for each row.

    `owners`, `end_users`: who stands behind the buyer, and who the buyer is, as `Records.owner` gives it.
    """

    days: tuple[date, ...] = ()
    masses_mg: tuple[int, ...] = ()
    kinds: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    end_users: tuple[str, ...] = ()
    processed: tuple[bool, ...] = ()

    def before(self, day: date) -> int:
        """How many rows lie before a day."""
        return bisect_left(self.days, day)

    def first_to(self, *, destination: str | None = None, end_user: str | None = None) -> date | None:
        """The first day on which it exported to a country, or to an end user (`Records.owner`)."""
        wanted, among = (destination, self.destinations) if destination is not None else (end_user, self.end_users)
        return next((day for day, one in zip(self.days, among, strict=True) if one == wanted), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What the ledger and the register know, by what lines name. What is absent here is not on record.

    `lots`: canonical name → record. `models`: id → the models of that id, of any organisation. `trades`:
    exporter's id → its exports; None where exports were not looked up. `owners`: `plain` name of a buyer → what
    stands for it and for all whom the same party owns by half or more. `users`: the same without owners, as an end user
    is somebody else than its daughter. `register`: whose months have been extended; empty where that is not known.
    """

    lots: Mapping[str, LotRecord] = field(default_factory=dict)
    models: Mapping[str, tuple[Model, ...]] = field(default_factory=dict)
    trades: Mapping[str, Trade] | None = None
    owners: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[str, str] = field(default_factory=dict)
    register: Register = field(default_factory=Register)

    def lot(self, text: str | None, exporter: str | None) -> LotRecord | None:
        """The lot that a line names: by its canonical name, or by the exporter's own id of it."""
        if not text:
            return None
        return self.lots.get(text) or self.lots.get(f"{exporter}/{text}")

    def model(self, id: str, *, exporter: str | None, lot: str | None, day: date) -> Model | None:
        """The registered model: the exporter's own, else that of the lot's maker, else the only one of that id."""
        found = [one for one in self.models.get(id, ()) if one.covers(day)]
        maker = (lot or "").partition("/")[0]
        for organisation in (exporter, maker):
            for one in found:
                if organisation and one.organisation == organisation:
                    return one
        return found[0] if len(found) == 1 else None

    def owner(self, name: str | None) -> str:
        """Who stands behind a buyer, as far as is known: `plain`, "" where nobody is named."""
        folded = plain(name or "")
        return self.owners.get(folded, folded)

    def user(self, name: str | None) -> str:
        """The end user that a name means, as far as is known: `plain`, "" where nobody is named."""
        folded = plain(name or "")
        return self.users.get(folded, folded)


def plain(name: str) -> str:
    """What of a name is compared: letters and digits, without regard to case, width or punctuation."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name).casefold())


def named_models(text: str | None) -> tuple[str, ...]:
    """The models that a cell names, each once; 75/25 is a ratio of metals and no two models."""
    if not text:
        return ()
    parts = (part.strip() for part in re.split(r"[;；,，、|]|(?<!\d)/|/(?!\d)", text))
    return tuple(dict.fromkeys(filter(None, parts)))
