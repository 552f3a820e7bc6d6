"""Names that a paper ties to a party by its number: a row of a filing, an invoice or a customs record has both.

Such a name is recorded for the party with the paper that says so and the day from which it does, so that the next row
with the name alone is understood, in whatever script it is. It is a record of the log like every other decision, can be
split off again, and never goes against what a person has decided about the name.

What ties: a unified social credit code, an LEI or a VAT number, if its check digits hold and exactly one party bears
it; and the party's id in the register, where the name may be its name (a clerk mistakes an id more easily than a
number with check digits). What two papers tie to two parties, and what is another party's name, is not recorded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from lodeline.ledger.register import Register
from lodeline.party.identifier import identifier
from lodeline.party.likeness import likeness
from lodeline.party.reasons import threshold
from lodeline.party.registered import registered
from lodeline.party.resolution import as_row
from lodeline.party.script import MOST_CHARACTERS, faults
from lodeline.store.queries.parties import names_beside_numbers
from lodeline.store.store import Store

#: Schemes whose numbers name one person; an EORI is any word by its format.
_SCHEMES: Final = ("uscc", "lei", "vat")
_CALLED_ZH: Final = {"filing": "申报", "invoice": "发票"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """`name` stands beside the number or id `by` of `party` in a paper: `entry` has the first, of the day `since`."""

    name: str
    party: str
    by: str
    paper: str
    entry: int
    since: date

    @property
    def reason(self) -> str:
        """What the record of the name says, in both languages: where it comes from."""
        zh = f"第 {self.entry} 号条目的{_CALLED_ZH[self.paper]}中，{self.by} 与此名称并列"
        return f"{self.by} stands beside this name, {self.paper} in entry {self.entry} · {zh}"


def ties(store: Store, register: Register, *, day: date) -> list[Tie]:
    """Names that papers tie to one party, and that are neither known nor decided yet; by name."""
    parties = {one.id: one for one in registered(register)}
    bearers: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in parties.values():
        for number in one.identifiers:
            bearers[number.scheme, number.number].add(one.id)
    looked_at = (
        {str(name) for name in register.tables["party_names"]["name"]} if "party_names" in register.tables else ()
    )
    found: dict[str, dict[str, Tie]] = defaultdict(dict)
    for tie in _ties(store, register, bearers):
        name = as_row(tie.name)
        known = register.party_by_name.get(tie.name.strip().casefold())
        if name in looked_at or name in register.party_of or name in register.party_ids or known is not None:
            continue
        if tie.by == tie.party and not _may_be(tie.name, parties[tie.party].names, day):
            continue
        before = found[name].get(tie.party)
        if before is None or (tie.since, tie.entry) < (before.since, before.entry):
            found[name][tie.party] = tie
    return [next(iter(some.values())) for _, some in sorted(found.items()) if len(some) == 1]


def _ties(store: Store, register: Register, bearers: dict[tuple[str, str], set[str]]) -> Iterator[Tie]:
    """Every pair of a number or id of one party and a name that can be read, with the first paper that has it."""
    for paper, rows in names_beside_numbers(store):
        for number, called, entry, since in rows:
            text = str(called)
            if len(text) > MOST_CHARACTERS or faults(text):
                continue
            for party, by in _meant(str(number), register, bearers):
                yield Tie(
                    name=text, party=party, by=by, paper=paper, entry=int(str(entry)),
                    since=since if isinstance(since, date) else date.fromisoformat(str(since)),
                )  # fmt: skip


def _meant(text: str, register: Register, bearers: dict[tuple[str, str], set[str]]) -> Iterator[tuple[str, str]]:
    """The one party that a number or id names, and how it does."""
    if text in register.party_ids:
        party = register.party_of.get(text, text)
        yield party, party
        return
    for scheme in _SCHEMES:
        number = identifier(scheme, text)
        holders = bearers.get((scheme, number.number), set()) if number else set()
        if number and len(holders) == 1:
            yield next(iter(holders)), f"{scheme.upper()} {number.number}"
            return


def _may_be(name: str, names: Iterable[str], day: date) -> bool:
    return any(likeness(name, one).probability >= threshold("possible", day) for one in names)
