"""What of a network an instrument touches: edges, origins and units within its scope. An empty scope is everything."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from typing import Final

import numpy as np

from lodeline.ledger.controlled import forms_of
from lodeline.party.script import folded
from lodeline.strategy.classes import matches, product_of
from lodeline.strategy.network import Bools, Floats, Network
from lodeline.strategy.scenario import Instrument

#: Element and form, as a control list names them.
Pairs = frozenset[tuple[str, str]]
#: Kinds of product whose price is that of the element in them.
_PRICED: Final = ("oxide", "metal")


class Scope:
    """The parts of a network that instruments look at, each read once.

    `owned_by`: end user as an instrument names it → names, as filed, of whom is it or belongs to it by half and more.
    """

    def __init__(self, network: Network, owned_by: Mapping[str, Collection[str]] | None = None) -> None:
        self._network = network
        self._owned = {folded(name): frozenset(map(folded, names)) for name, names in (owned_by or {}).items()}

    def edges(self, wanted: Instrument) -> Bools:
        """[edges] Those in scope."""
        network, edges = self._network, self._network.edges
        found = self.holdings(wanted)[edges.source]
        if wanted.organisation:
            found &= self._of(wanted.organisation)[edges.source]
        if wanted.from_country:
            found &= _equal(network.holdings.country, wanted.from_country)[edges.source]
        if wanted.to_country:
            found &= _among(network.holdings.country, wanted.to_country)[edges.target]
        if wanted.hs_code:
            found &= _marks(edges.hs_code, lambda codes: _begins(codes, wanted.hs_code))
        if wanted.end_user:
            meant = self._owned.get(folded(wanted.end_user), frozenset()) | {folded(wanted.end_user)}
            ends = self._receivers[edges.target]
            found &= np.array(
                [bool(meant & {user, end}) for user, end in zip(self._users, ends, strict=True)], np.bool_
            )
        if wanted.end_use:
            use = folded(wanted.end_use)
            found &= _marks(edges.end_use, lambda filed: use in folded(filed))
        return found

    def holdings(self, wanted: Instrument) -> Bools:
        """[holdings] Those whose goods are of the classes and hold one of the elements."""
        goods = self._network.holdings.goods
        found = np.ones(len(goods), np.bool_)
        if wanted.goods:
            found &= _marks(goods, lambda one: any(matches(one, kind) for kind in wanted.goods))
        if wanted.elements:
            found &= self.mass_of(wanted.elements) > 0
        return found

    def listed(self, pairs: Pairs) -> Bools:
        """[holdings] Those that hold an element in a form in which it is listed."""
        holdings = self._network.holdings
        found = np.zeros(len(holdings), np.bool_)
        for place, symbol in enumerate(self._network.elements):
            forms = frozenset(form for element, form in pairs if element == symbol)
            if forms:
                found |= _shaped(holdings.goods, forms) & (holdings.content[:, place] > 0)
        return found

    def units(self, wanted: Instrument) -> tuple[Bools, Floats]:
        """[units] Those in scope that are no plant, and kg a day of goods in scope that each makes."""
        units, outputs = self._network.units, self._network.units.out_holding
        made = units.out_rate * self._counted(wanted)[outputs] * self.holdings(wanted)[outputs]
        rate = np.zeros(len(units))
        np.add.at(rate, np.repeat(np.arange(len(units)), np.diff(units.out_start)), made)
        found = (rate > 0) & ~units.is_plant
        if wanted.organisation:
            sites = [name.partition(">")[0] for name in units.name]
            found &= _equal(units.organisation, wanted.organisation) | _equal(sites, wanted.organisation)
        if wanted.from_country:
            found &= _equal(units.country, wanted.from_country)
        return found, np.where(found, rate, 0.0)

    def origins(self, wanted: Instrument) -> Bools:
        """[holdings] Those in scope into which something comes from nowhere in the network; of any country."""
        found = self.holdings(wanted) & (self._network.holdings.origin > 0)
        if wanted.organisation:
            found &= self._of(wanted.organisation)
        return found

    def origin_rate(self, wanted: Instrument) -> Floats:
        """[holdings] kg a day that come in, counted as `units` counts."""
        return self._network.holdings.origin * self._counted(wanted)

    def imported(self, country: str) -> Floats | None:
        """[holdings] Share of what comes in that is imported, or imported from a country; None where nobody looked."""
        shares = self._network.holdings.imported
        if not shares:
            return None
        taken = [sum(one.values()) if not country else one.get(country, 0.0) for one in shares]
        return np.clip(np.array(taken, np.float64), 0.0, 1.0)

    def value_share(self, elements: Collection[str]) -> Floats:
        """[edges] What elements are worth in the goods, by the network's own prices of their oxides and metals; nan
        where a price or the value of the goods is not known."""
        edges, holdings = self._network.edges, self._network.holdings
        worth = np.zeros(len(edges))
        for symbol in elements:
            if symbol in self._network.elements:
                content = holdings.content[edges.source, self._network.elements.index(symbol)]
                worth += np.where(content > 0, content * self._price(symbol), 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(edges.value_per_kg > 0, worth / edges.value_per_kg, np.nan)

    def mass_of(self, elements: Collection[str]) -> Floats:
        """[holdings] kg of the elements per kg of goods."""
        places = [place for place, symbol in enumerate(self._network.elements) if symbol in elements]
        total: Floats = self._network.holdings.content[:, places].sum(axis=1)
        return total

    def _price(self, symbol: str) -> float:
        edges, holdings = self._network.edges, self._network.holdings
        wanted = {f"{kind}:{symbol}" for kind in _PRICED}
        pure = _among(holdings.goods, wanted)[edges.source] & (edges.value_per_kg > 0)
        content = holdings.content[edges.source, self._network.elements.index(symbol)]
        prices = edges.value_per_kg[pure & (content > 0)] / content[pure & (content > 0)]
        return float(np.median(prices)) if len(prices) else float("nan")

    def _counted(self, wanted: Instrument) -> Floats:
        """What of a kilogram of goods counts: of the elements, where the instrument names any; else all of it."""
        if wanted.elements:
            return self.mass_of(wanted.elements)
        return np.ones(len(self._network.holdings))

    def _of(self, organisation: str) -> Bools:
        holdings = self._network.holdings
        return _equal(holdings.organisation, organisation) | _equal(holdings.site, organisation)

    @cached_property
    def _users(self) -> list[str]:
        return [folded(name) for name in self._network.edges.end_user]

    @cached_property
    def _receivers(self) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
        return np.array([folded(name) for name in self._network.holdings.organisation], dtype=object)


def _marks(texts: Sequence[str], holds: Callable[[str], bool]) -> Bools:
    """Which of texts a condition holds for; it is asked once of each distinct one."""
    answers = {one: holds(one) for one in dict.fromkeys(texts)}
    return np.array([answers[one] for one in texts], np.bool_)


def _shaped(goods: Sequence[str], forms: frozenset[str]) -> Bools:
    return _marks(goods, lambda one: not forms.isdisjoint(forms_of(product_of(one))))


def _equal(texts: Sequence[str], wanted: str) -> Bools:
    return np.array([one == wanted for one in texts], np.bool_)


def _among(texts: Sequence[str], wanted: Collection[str]) -> Bools:
    return np.array([one in wanted for one in texts], np.bool_)


def _begins(codes: str, digits: str) -> bool:
    return any(one.startswith(digits) for one in codes.split(";"))
