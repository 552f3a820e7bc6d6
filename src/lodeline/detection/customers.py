"""Customers that are likely one though they are several firms by their names; or that share a contact.

A name without a legal form is shorthand for a firm, names that are certainly one are one firm's in two spellings, and a
name in letters may be the other's in hanzi, translated: none of these makes a second customer.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import polars as pl
from rapidfuzz import fuzz, process

from lodeline.ledger.register import Register
from lodeline.party.likeness import compared, is_one_brands
from lodeline.party.name import Name, parsed
from lodeline.party.resolution import as_row

#: Aliases that say where or how somebody is reached, and not what it is called.
CONTACT: Final = re.compile(r"^(addr|address|tel|phone|fax|mail|地址|电话)\s*[:：]", re.IGNORECASE)
#: Names whose brands are less alike than this, of a hundred, are not compared any further.
_NEAR: Final = 70.0
#: Brands in one script that are less alike than this, of a hundred, are no slip of the pen.
_ONE_BRAND: Final = 85.0
#: Names are alike where it is likelier than not that they are one firm's, and one name's spellings from the second on.
_LIKELY, _CERTAIN = 0.5, 0.97
#: Pairs of names that are kept at hand, a few dozen bytes each.
_KEPT: Final = 100_000
#: Sellers whose customers are kept at hand in groups.
_GROUPED: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A customer as sales have it, an id of the register or a name, under all its names."""

    party: str
    names: tuple[Name, ...]
    country: str | None
    contacts: frozenset[str] = frozenset()


def customers_of(sales: pl.DataFrame, register: Register) -> dict[str, Customer]:
    """Party → customer, for every party of `sales` (`party`, `counterparty_country`), by name.

    The country of one that is not registered is the first that is stated: of `buyers_of` sorted by `told_in`.
    """
    known = {
        row["id"]: row
        for row in register.tables["organisations"]
        .filter(pl.col("id").is_in(sales["party"].unique().implode()))
        .select("id", "name_zh", "name_en", "aliases", "country")
        .iter_rows(named=True)
    }
    bought = sales.group_by("party").agg(pl.col("counterparty_country").drop_nulls().first()).sort("party")
    return {
        party: _registered(known[party]) if party in known
        else Customer(party=party, names=(parsed(party),), country=country)
        for party, country in bought.iter_rows()
    }  # fmt: skip


def buyers_of(sales: pl.DataFrame) -> pl.DataFrame:
    """Each party of a seller once: its first `line`, the country that a sale stated first (`counterparty_country`) and
    in which line (`told_in`). `sales` are in the order of lines."""
    told = pl.col("counterparty_country").is_not_null()
    return sales.group_by("organisation", "party", maintain_order=True).agg(
        pl.col("line").first(),
        pl.col("counterparty_country").filter(told).first(),
        told_in=pl.col("line").filter(told).first(),
    )


def names_of(organisations: pl.DataFrame) -> list[Name]:
    """The names of organisations of the register."""
    columns = organisations.select("name_zh", "name_en")
    return [parsed(name) for row in columns.iter_rows() for name in row if name]


def are_one(name: str, others: Iterable[str], register: Register) -> bool:
    """Whether a name is likely that of one of others, by the register or as the party room compares names."""
    mine = _called(name, register)
    return any(
        not mine.isdisjoint(theirs)
        or any(compared(parsed(a), parsed(b)).probability >= _LIKELY for a in mine for b in theirs)
        for theirs in (_called(other, register) for other in others)
    )


def _called(name: str, register: Register) -> set[str]:
    """A name, and what the register calls whom it is decided, or written, to mean."""
    party = register.party_of.get(as_row(name)) or register.party_by_name.get(name.strip().casefold())
    if party is None:
        return {name}
    rows = register.tables["organisations"].filter(pl.col("id") == party).select("name_zh", "name_en").iter_rows()
    return {name, *register.texts_of(party)} | {one for row in rows for one in row if one}


def alike(ones: Sequence[Name], others: Sequence[Name]) -> Iterator[tuple[int, int, bool]]:
    """Places of names that are likely one firm's, or that have one brand and no more than a common word between them,
    and whether they are certainly one. Only those are compared whose brands are near."""
    if not ones or not others:
        return
    brands = [[one.brand for one in names] for names in (ones, others)]
    near = process.cdist(*brands, scorer=fuzz.ratio, score_cutoff=_NEAR, dtype=np.uint8) > 0
    # Who is like another, the other is like: of one list each pair is looked at once, and no name with itself.
    for first, second in np.argwhere(np.triu(near, 1) if ones is others else near).tolist():
        is_likely, is_certain, _ = _relation(ones[first], others[second])
        if is_likely:
            yield first, second, is_certain


@lru_cache(maxsize=_KEPT)
def _relation(one: Name, other: Name) -> tuple[bool, bool, bool]:
    """Whether two names are likely one firm's or one brand's, whether certainly, and whether a part contradicts.

    Kept at hand, for the same customers are looked at after each filing, by several detectors: two names stay what they
    are to each other.
    """
    found = compared(one, other)
    certain, likely = found.probability >= _CERTAIN, found.probability >= _LIKELY and not _share_a_part(one, other)
    return certain or likely or is_one_brands(found), certain, bool(found.vetoes)


def _share_a_part(one: Name, other: Name) -> bool:
    """Whether names in one script have no more in common than how their brands begin, or a brand in other trades."""
    whole = one.brand in other.brand or other.brand in one.brand
    trades = bool(one.industries and other.industries and not one.industries & other.industries)
    return one.cjk == other.cjk and ((not whole and fuzz.ratio(one.brand, other.brand) < _ONE_BRAND) or trades)


@dataclass(frozen=True, slots=True, order=True)
class Trait:
    """What customers share: a name, or a contact that the register has."""

    is_name: bool
    text: str


@lru_cache(maxsize=_GROUPED)
def groups_of(customers: tuple[Customer, ...]) -> tuple[tuple[tuple[str, ...], tuple[Trait, ...]], ...]:
    """(parties, what they share) of customers that are likely one, two at least, each customer in one group.

    Kept at hand as `_relation` is: a seller's customers are the same from filing to filing.
    """
    owner = [place for place, one in enumerate(customers) for name in one.names if name.forms]
    names = [name for one in customers for name in one.names if name.forms]
    found = {
        (owner[first], owner[second]): (names[first].text, certain)
        for first, second, certain in sorted(alike(names, names), key=lambda one: one[2])
        if owner[first] < owner[second]
        and names[first].cjk == names[second].cjk
        and not _apart(customers[owner[first]], customers[owner[second]])
    }
    # Where names of any language are certainly one, the customers are one.
    links = [(first, second, Trait(True, text)) for (first, second), (text, certain) in found.items() if not certain]
    by_contact: dict[str, list[int]] = defaultdict(list)
    for place, one in enumerate(customers):
        for contact in sorted(one.contacts):
            by_contact[contact].append(place)
    links += [(some[0], other, Trait(False, contact)) for contact, some in by_contact.items() for other in some[1:]]
    group_of: dict[int, set[int]] = {}
    for first, second, _ in links:
        joined = group_of.get(first, {first}) | group_of.get(second, {second})
        group_of.update((member, joined) for member in joined)
    return tuple(
        (
            tuple(sorted(customers[place].party for place in group)),
            tuple(sorted({what for first, _, what in links if first in group})),
        )
        for group in sorted({id(group): sorted(group) for group in group_of.values()}.values())
    )


@lru_cache(maxsize=_GROUPED)
def wordings_of(customers: tuple[Customer, ...]) -> tuple[tuple[Customer, ...], ...]:
    """Customers by whose names they may be, in whatever script or form: each in one group, of one at least.

    A short name without a place may be that of two firms; it does not make them one. Kept at hand as `groups_of` is.
    """
    owner = [place for place, one in enumerate(customers) for _ in one.names]
    names = [name for one in customers for name in one.names]
    group_of = [{place} for place in range(len(customers))]
    # Those that are certainly one come first.
    for first, second, _ in sorted(alike(names, names), key=lambda one: not one[2]):
        one, other = group_of[owner[first]], group_of[owner[second]]
        if one is other or _are_several(customers, one, other):
            continue
        one |= other
        for place in other:
            group_of[place] = one
    groups = {id(group): sorted(group) for group in group_of}
    return tuple(tuple(customers[place] for place in group) for group in sorted(groups.values()))


def _are_several(customers: Sequence[Customer], ones: set[int], others: set[int]) -> bool:
    """Whether some of them cannot be one firm: a part of their names contradicts, or they are in two countries."""
    return any(
        _apart(customers[one], customers[other])
        or all(_relation(a, b)[2] for a in customers[one].names for b in customers[other].names)
        for one in ones
        for other in others
    )


def _registered(row: Mapping[str, Any]) -> Customer:
    aliases = [alias.strip() for alias in row["aliases"] or ()]
    return Customer(
        party=row["id"],
        names=tuple(parsed(name) for name in (row["name_zh"], row["name_en"]) if name),
        country=row["country"],
        contacts=frozenset(alias.casefold() for alias in aliases if CONTACT.match(alias)),
    )


def _apart(one: Customer, other: Customer) -> bool:
    """Whether the countries are known and are two: firms of one name in two countries are two."""
    return one.country is not None and other.country is not None and one.country != other.country
