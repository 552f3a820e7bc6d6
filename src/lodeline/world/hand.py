"""How each firm's hand writes what it files: units, lots by their number, whom it names how. What happened stays.

A customer that no register knows has no id to be filed by: its name stands in the rows as the firm's own list of
customers has it, now and then otherwise. Who is meant stands in the truth file, once for each firm and wording.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import Final

from lodeline.world.clerk import Row
from lodeline.world.industry import Deed, FirmMonth
from lodeline.world.paper import Filing
from lodeline.world.plan import Party
from lodeline.world.profile import DEFAULT
from lodeline.world.scene import Cast
from lodeline.world.staff import Firm

_GRAMS: Final = {"mass_g": 1, "mass_kg": 1000, "mass_t": 1_000_000}
_SALES: Final = ("export", "shipment")
_FORM: Final = re.compile(
    r",?\s*(Co\.,? Ltd\.?|Corporation|Corp\.?|Limited|Ltd\.?|Inc\.?|GmbH.*|AG|K\.K\.|LLC|B\.V\.|S\.p\.A\.|S\.A\.)$"
)


class Hands:
    """The hands of all firms of a world. `cast` grows while plots bring firms and customers."""

    def __init__(
        self, firms: Mapping[str, Firm], parties: Mapping[str, Party], cast: Cast, *, seed: int, deeds: list[Deed]
    ) -> None:
        self._firms, self._parties, self._cast = firms, parties, cast
        self._seed, self._deeds = seed, deeds
        #: In the default world rows are written as they come.
        self._plain = all(firm.profile.name == DEFAULT for firm in firms.values())
        self._noted: set[tuple[str, str, str]] = set()
        #: Firm → number → the lots that it has named by it.
        self._lots: dict[str, dict[str, set[str]]] = {}

    def rows(self, filing: Filing) -> list[Row]:
        """The rows of a filing as this firm writes them; those given stay what they are."""
        if self._plain:
            return filing.rows
        firm = self._firms.get(filing.organisation) or next(
            one for one in self._cast.firms if one.plan.id == filing.organisation
        )
        rows = self._bare(firm, filing.rows) if firm.profile.bare_ids else filing.rows
        return [self._written(firm, filing, row) for row in rows]

    def _bare(self, firm: Firm, rows: Sequence[Row]) -> list[Row]:
        """Lots by their number, where the firm has named no other lot by it and a receipt is from whom it names."""
        named, own = self._lots.setdefault(firm.plan.id, {}), firm.plan.id
        parted = [(row, *_parted(row.get("lot", ""), own)) for row in rows]
        for _, maker, number in parted:
            named.setdefault(number, set()).add(maker)
        return [
            {**row, "lot": number}
            if len(named[number]) == 1 and (row["kind"] != "receipt" or row.get("counterparty") == maker) else row
            for row, maker, number in parted
        ]  # fmt: skip

    def _written(self, firm: Firm, filing: Filing, row: Row) -> Row:
        written = _in_unit(row, firm.habits.unit) if firm.habits.unit else row
        other = row.get("counterparty", "")
        if row["kind"] in (*_SALES, "title"):
            brought = next((one for one in self._cast.parties if one.id == other), None)
            party = self._parties.get(other) or brought
            if party is None or party.registered:
                return written
            # What a plot calls its customers is its own business.
            name = row["counterparty_name"] if brought else self._listed(firm, filing, row, party)
            self._note(filing, row, name, party)
            return {**{key: cell for key, cell in written.items() if key != "counterparty"}, "counterparty_name": name}
        if row["kind"] == "receipt" and other in self._firms:
            supplier = self._firms[other].plan.name
            if firm.habits.suppliers_by_name and row["counterparty_name"] == supplier.zh:
                return {key: cell for key, cell in written.items() if key != "counterparty"}
            if firm.habits.names and row["counterparty_name"] == supplier.zh:
                return {**written, "counterparty_name": supplier.as_listed(firm.habits.names)}
        return written

    def _listed(self, firm: Firm, filing: Filing, row: Row, party: Party) -> str:
        """The customer as the firm's list has it: one wording for each, and seldom another one."""
        chance = _number(self._seed, filing.organisation, row["event"])
        wording = _number(self._seed, filing.organisation, party.id)
        if chance / 2**64 < firm.profile.wording_slips:
            wording = chance
        ways = wordings(party)
        return ways[wording % len(ways)]

    def _note(self, filing: Filing, row: Row, name: str, party: Party) -> None:
        key = (filing.organisation, name, party.id)
        if key not in self._noted:
            self._noted.add(key)
            self._deeds.append(
                Deed(kind="customer-by-name", organisation=filing.organisation, period=filing.period,
                     event=row["event"], facts={"filed": name, "is": party.id})
            )  # fmt: skip


def wordings(party: Party) -> list[str]:
    """How lists of customers have a name: mostly in full, else in another script, in capitals or short."""
    name = party.name
    if not name.zh:
        return [name.en, name.en, name.en, name.en.upper(), name.en.replace(",", ""), name.aliases[0]]
    return [
        name.zh,
        name.zh,
        name.zh,
        name.zh,
        name.zh.removesuffix("有限公司"),
        name.aliases[0],
        name.en,
        name.aliases[1],
    ]


def _parted(lot: str, own: str) -> tuple[str, str]:
    """(who stands before the number, the number)."""
    maker, _, number = lot.rpartition("/")
    return maker or own, number


def _number(*told: object) -> int:
    return int.from_bytes(sha256("/".join(map(str, told)).encode()).digest()[:8], "big")


def _in_unit(row: Row, unit: str) -> Row:
    """The row with its mass in another unit, to the milligram; a cell that is no number stays as it was mistyped."""
    column = next((name for name in _GRAMS if name in row), unit)
    if column == unit:
        return row
    try:
        mass = Decimal(row[column]) * _GRAMS[column] / _GRAMS[unit]
    except InvalidOperation:
        return row
    text = f"{mass:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return {unit if key == column else key: text if key == column else cell for key, cell in row.items()}


class Written:
    """Writes customers by name in so many of the events in which they have an id: dirt that a store has to see through.

    Beside the id a row always has the name as the register has it. A clerk who leaves the id out writes the name from a
    contract or from memory: in capitals, without the legal form, in short, with a slip of the keyboard, or in hanzi.
    Only rows whose customer files nothing are written so, so that no delivery loses its receiver. Who is meant stands
    in the truth file. Chance is of its own: all else in the filings is the same at every rate.
    """

    def __init__(self, parties: Mapping[str, Party], *, rate: float, seed: int, deeds: list[Deed]) -> None:
        self._parties, self._rate, self._seed, self._deeds = parties, rate, seed, deeds

    def month(self, done: FirmMonth) -> FirmMonth:
        """The month with some customers by name; rows that change are copies, for others may hold the right ones."""
        if not self._rate:
            return done
        rows, named = [], set()
        for row in done.rows:
            party = self._parties.get(row.get("counterparty", ""))
            number = _number(self._seed, done.firm.plan.id, row["event"])
            chosen = number / 2**64 < self._rate
            if party is None or row["kind"] not in _SALES or id(row) in done.added or not chosen:
                rows.append(row)
                continue
            text = _as_written(party, number)
            rows.append({**{key: value for key, value in row.items() if key != "counterparty"},
                         "counterparty_name": text})  # fmt: skip
            if row["event"] not in named and not done.firm.silent:
                named.add(row["event"])
                self._deeds.append(
                    Deed(kind="customer-by-name", organisation=done.firm.plan.id, period=done.month.period,
                         event=row["event"], facts={"filed": text, "is": party.id})
                )  # fmt: skip
        return replace(done, rows=rows)


def _as_written(party: Party, number: int) -> str:
    """One of the ways in which a name is written; of several events by one firm not always the same one."""
    plain = _FORM.sub("", party.name.en)
    place = 1 + number % max(1, len(plain) - 2)
    ways = [plain.upper(), plain, f"{plain[:place]}{plain[place + 1 :]}", " ".join(plain.split()[:2])]
    if party.name.zh:
        ways.append(party.name.zh)
    return ways[number // 1_000 % len(ways)]
