"""Customers as clerks write them where they leave out the id: dirt that a store has to see through.

Beside the id a row always has the name as the register has it. A clerk who leaves the id out writes the name from a
contract or from memory: in capitals, without the legal form, in short, with a slip of the keyboard, or in hanzi. Only
rows whose customer files nothing are written so, so that no delivery loses its receiver. Who is meant stands in the
truth file. Chance is of its own: all else in the filings is the same at every rate.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Final

from lodeline.world.clerk import Row
from lodeline.world.industry import Deed, FirmMonth
from lodeline.world.plan import Party

_KINDS: Final = ("export", "shipment")
_FORM: Final = re.compile(
    r",?\s*(Co\.,? Ltd\.?|Corporation|Corp\.?|Limited|Ltd\.?|Inc\.?|GmbH.*|AG|K\.K\.|LLC|B\.V\.|S\.p\.A\.|S\.A\.)$"
)


class Written:
    """Writes customers by name in so many of the events in which they have an id."""

    def __init__(self, parties: Mapping[str, Party], *, rate: float, seed: int, deeds: list[Deed]) -> None:
        self._parties, self._rate, self._seed, self._deeds = parties, rate, seed, deeds

    def month(self, done: FirmMonth) -> FirmMonth:
        """The month with some customers by name; rows that change are copies, for others may hold the right ones."""
        if not self._rate:
            return done
        rows, named = [], set()
        for row in done.rows:
            party = self._parties.get(row.get("counterparty", ""))
            if party is None or row["kind"] not in _KINDS or id(row) in done.added or not self._chance(done, row):
                rows.append(row)
                continue
            text = _as_written(party, self._number(done, row))
            rows.append({**{key: value for key, value in row.items() if key != "counterparty"},
                         "counterparty_name": text})  # fmt: skip
            if row["event"] not in named and not done.firm.silent:
                named.add(row["event"])
                self._deeds.append(
                    Deed(kind="customer-by-name", organisation=done.firm.plan.id, period=done.month.period,
                         event=row["event"], facts={"filed": text, "is": party.id})
                )  # fmt: skip
        return replace(done, rows=rows)

    def _number(self, done: FirmMonth, row: Row) -> int:
        told = f"{self._seed}/{done.firm.plan.id}/{row['event']}"
        return int.from_bytes(sha256(told.encode()).digest()[:8], "big")

    def _chance(self, done: FirmMonth, row: Row) -> bool:
        return self._number(done, row) / 2**64 < self._rate


def _as_written(party: Party, number: int) -> str:
    """One of the ways in which a name is written; of several events by one firm not always the same one."""
    plain = _FORM.sub("", party.name.en)
    place = 1 + number % max(1, len(plain) - 2)
    ways = [plain.upper(), plain, f"{plain[:place]}{plain[place + 1 :]}", " ".join(plain.split()[:2])]
    if party.name.zh:
        ways.append(party.name.zh)
    return ways[number // 1_000 % len(ways)]
