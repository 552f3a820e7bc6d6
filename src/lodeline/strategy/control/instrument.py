"""What instruments leave of a network on each day: acts with dates, scope and uncertainty. Where they meet they
multiply, but for licences: a case is decided once, and the least counts that any of them leaves.

    quota     what is made or mined in scope is cut to a cap, each in the same proportion; imports are not counted
    licence   exports in scope wait for the delay, then the share that is approved goes; held licences come first
    list      the same for elements or classes that become licensed; goods with little of them by value stay free
    law       the same for what an instrument of the law pack lists, element by element in its form
    refuse    an end user gets nothing, nor who belongs to it by half and more
    ban       a country gets nothing
    origin    an import stops, or is cut to a share
    outage    a site stands still, or is cut to a share
    loosen    a general licence: opens again what a licence, a list or the law shuts, from its day, within its scope

Whatever adds an instrument leaves no more open than before, but for one that loosens. Exports are edges of the ledger
that leave the country; what goes between others is beyond the authority. Pure: no clock.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lodeline.errors import UserError
from lodeline.language import text
from lodeline.regulation.control_list import items_published
from lodeline.regulation.parameter import Jurisdiction
from lodeline.strategy.control.calendar import WorkingDays, working_days
from lodeline.strategy.control.scope import Pairs, Scope
from lodeline.strategy.inputs.assumptions import assumption
from lodeline.strategy.network import Bools, Floats, Ints, Network, Openness
from lodeline.strategy.scenario import Instrument, Scenario

#: Kinds under which goods wait for a licence.
LICENSED: Final = ("licence", "list", "law")
#: Days within which a cap in kilograms is used up that has no last day.
CAP_DAYS: Final = 365
#: No table states a delay that is not over after so many days: what began longer ago has been decided.
_CALENDAR_MOST: Final = 4_000
_LIST: Final = "control-list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An application for a licence: what is decided at once, and waits together.

    instrument: its id. edges: row numbers of the network whose goods wait for it.
    """

    instrument: str
    exporter: str
    end_user: str
    item: str
    edges: tuple[int, ...]


def laws_of(law: Jurisdiction) -> tuple[str, ...]:
    """The instruments of a law pack that a scenario may name: those that list items."""
    return tuple(sorted({one.instrument for one in law.named(_LIST)}))


def cases(
    network: Network, scenario: Scenario, *, law: Jurisdiction | None = None,
    owned_by: Mapping[str, Collection[str]] | None = None,
) -> tuple[Case, ...]:  # fmt: skip
    """The licence cases of a scenario, by instrument in their order, then by name: exporter × end user × item.

    The item is what was filed of the edge, else its class. Raises UserError where an instrument names a law that
    the pack does not have.
    """
    return Acting(network, scenario, law=law, owned_by=owned_by).cases


def openness(
    network: Network, scenario: Scenario, *, law: Jurisdiction | None, delays: NDArray[np.float64] | None = None,
    approved: NDArray[np.float64] | None = None, owned_by: Mapping[str, Collection[str]] | None = None,
) -> Openness:  # fmt: skip
    """What the scenario leaves of each edge, origin and unit on each of its days; all ones without instruments.

    delays, approved: of each of `cases`, working days and the share that is granted (0 or 1 of one that is drawn);
    None takes the instrument's own, else the central value that is assumed. Who draws often keeps one `Acting`.
    owned_by: end user as an instrument names it → names of whom is it or belongs to it.
    """
    return Acting(network, scenario, law=law, owned_by=owned_by).openness(delays=delays, approved=approved)


class Acting:
    """A scenario upon a network: what does not depend on the draws is made once.

    Raises UserError where an instrument names a law that the pack does not have.
    """

    def __init__(
        self, network: Network, scenario: Scenario, *, law: Jurisdiction | None,
        owned_by: Mapping[str, Collection[str]] | None = None,
    ) -> None:  # fmt: skip
        self.network, self.scenario, self.law = network, scenario, law
        self._scope = Scope(network, owned_by)
        self._acts = [_Act(one, *_of_law(one, law)) for one in scenario.instruments]
        self._exports = network.edges.border & network.edges.is_filed

    @cached_property
    def cases(self) -> tuple[Case, ...]:
        return tuple(case for _, found in self._licensed for case in found)

    @cached_property
    def _licensed(self) -> list[tuple[_Act, list[Case]]]:
        return [
            (act, _cases_of(self.network, act.instrument.id, self._waiting(act)))
            for act in self._acts if act.instrument.kind in LICENSED
        ]  # fmt: skip

    def openness(self, *, delays: Floats | None = None, approved: Floats | None = None) -> Openness:
        """`openness` of the scenario with these delays and approvals, in the order of `cases`."""
        shut, barred, origins, units, marks = self._without_licences
        licensed, acts, waits = self._licences(delays, approved)
        edge, capped = shut.copy(), np.zeros(shut.shape, np.bool_)
        edge[self._waiting_edges] *= np.maximum(licensed, self._loosened)
        capped[self._waiting_edges] = acts & (self._loosened == 0.0)
        return Openness(
            edge=edge, origin=origins, unit=units,
            in_scope=barred | waits, held=waits & ~barred & (self.network.edges.held_kg > 0),
            origin_in_scope=marks[0], unit_in_scope=marks[1], calendar_assumed=self._calendar_assumed,
            waits=waits & ~barred, capped=capped,
        )  # fmt: skip

    @cached_property
    def _waiting_edges(self) -> Ints:
        """Edges that any licence is needed for, in order: others cost a draw nothing."""
        found = [edge for _, cases in self._licensed for case in cases for edge in case.edges]
        return np.unique(np.array(found, np.int64))

    def _licences(self, delays: Floats | None, approved: Floats | None) -> tuple[Floats, Bools, Bools]:
        """[waiting edges, days] What waits and is granted, and where a licence is needed; [edges] which of them wait
        within the run. A case is decided once, however many instruments ask for it: the least that any leaves."""
        days, waits = self.scenario.horizon_days, np.zeros(len(self.network.edges), np.bool_)
        left = np.ones((len(self._waiting_edges), days))
        acts = np.zeros(left.shape, np.bool_)
        first_case = 0
        for act, found in self._licensed:
            edges = np.array([edge for case in found for edge in case.edges], np.int64)
            of_case = np.repeat(np.arange(len(found)), [len(case.edges) for case in found])
            here = slice(first_case, first_case + len(found))
            first_case = here.stop
            begins, ends = self._days(act)
            if not len(edges) or begins >= ends:
                continue
            waits[edges] = True
            opens = self._opens(act, _given(delays, here, act.delay, len(found)))[of_case]
            granted = np.clip(_given(approved, here, act.approval, len(found)), 0.0, 1.0)[of_case]
            waiting = np.arange(begins, ends)[None, :] < opens[:, None]
            places = np.searchsorted(self._waiting_edges, edges), slice(begins, ends)
            left[places] = np.minimum(left[places], np.where(waiting, 0.0, granted[:, None]))
            acts[places] = True
        return left, acts, waits

    def _opens(self, act: _Act, delays: Floats) -> Ints:
        """[cases] The day of the run from which licences are there."""
        return self._offset(act.first) + self._calendar(act).days_for(delays)

    def _calendar(self, act: _Act) -> WorkingDays:
        if act.first not in self._calendars:
            days = min(max(self.scenario.horizon_days - self._offset(act.first), 0), _CALENDAR_MOST)
            self._calendars[act.first] = working_days(self.law, act.first, days)
        return self._calendars[act.first]

    @cached_property
    def _calendars(self) -> dict[date, WorkingDays]:
        return {}

    @property
    def _calendar_assumed(self) -> bool:
        return any(one.assumed for one in self._calendars.values())

    @cached_property
    def _loosened(self) -> Floats:
        """[waiting edges, days] 1 where a general licence holds."""
        open_again = np.zeros((len(self._waiting_edges), self.scenario.horizon_days))
        for act in self._acts:
            if act.instrument.kind == "loosen":
                begins, ends = self._days(act)
                open_again[self._scope.edges(act.instrument)[self._waiting_edges], begins:ends] = 1.0
        return open_again

    @cached_property
    def _without_licences(self) -> tuple[Floats, Bools, Floats, Floats, tuple[Bools, Bools]]:
        """Edges, which of them are barred, origins and units, as all instruments but licences leave them; and which
        origins and units any of them touches."""
        network, days = self.network, self.scenario.horizon_days
        edge, barred = np.ones((len(network.edges), days)), np.zeros(len(network.edges), np.bool_)
        origin, unit = np.ones((len(network.holdings), days)), np.ones((len(network.units), days))
        origins, units = np.zeros(len(origin), np.bool_), np.zeros(len(unit), np.bool_)
        for act in self._acts:
            begins, ends = self._days(act)
            if begins >= ends:
                continue
            for found in self._barred(act):
                edge[found, begins:ends] = 0.0
                barred |= found
            of_origins, of_units = self._cut(act)
            origin[:, begins:ends] *= of_origins[0][:, None]
            unit[:, begins:ends] *= of_units[0][:, None]
            origins |= of_origins[1]
            units |= of_units[1]
        return edge, barred, origin, unit, (origins, units)

    def _barred(self, act: _Act) -> list[Bools]:
        """Edges that carry nothing."""
        kind = act.instrument.kind
        if kind == "refuse":
            return [self._scope.edges(act.instrument) & self.network.edges.is_filed]
        if kind == "ban":
            return [self._scope.edges(act.instrument) & self._exports]
        return [self._in_scope(act, act.barred)] if act.barred else []

    def _waiting(self, act: _Act) -> Bools:
        """Edges that need a licence."""
        found = self._in_scope(act, act.pairs)
        limit = act.instrument.de_minimis_value
        if limit is not None and act.instrument.kind == "list":
            elements = act.instrument.elements or self.network.elements
            # What nobody can value is not taken for little.
            found &= ~(self._scope.value_share(elements) < limit)
        return found

    def _in_scope(self, act: _Act, pairs: Pairs | None) -> Bools:
        found = self._scope.edges(act.instrument) & self._exports
        return found if pairs is None else found & self._scope.listed(pairs)[self.network.edges.source]

    def _cut(self, act: _Act) -> tuple[tuple[Floats, Bools], tuple[Floats, Bools]]:
        """What is left of origins and of units, and which of each are in scope."""
        wanted, kind = act.instrument, act.instrument.kind
        origins, units = np.zeros(len(self.network.holdings), np.bool_), np.zeros(len(self.network.units), np.bool_)
        part, left = np.ones(len(origins)), 1.0
        if kind == "origin":
            origins = self._scope.origins(wanted)
            imported = self._scope.imported(wanted.from_country)
            if imported is not None:
                part = imported
            elif wanted.from_country:
                part = np.zeros(len(origins))
            origins &= part > 0
            left = wanted.cap or 0.0
        elif kind == "outage":
            origins, units = self._scope.origins(wanted), self._scope.units(wanted)[0]
            left = wanted.cap or 0.0
        elif kind == "quota":
            imported = self._scope.imported("")
            part = part if imported is None else 1.0 - imported
            units, made = self._scope.units(wanted)
            origins = self._scope.origins(wanted) & (part > 0)
            usual = float(made.sum() + (self._scope.origin_rate(wanted) * part)[origins].sum())
            left = _left(wanted, act.first, usual)
        of_origins = np.where(origins, 1.0 - part * (1.0 - left), 1.0)
        return (of_origins, origins), (np.where(units, left, 1.0), units)

    def _days(self, act: _Act) -> tuple[int, int]:
        """The days of the run on which it holds, the last not included."""
        begins = max(self._offset(act.first), 0)
        last = act.instrument.ends
        ends = self.scenario.horizon_days if last is None else self._offset(last) + 1
        return begins, max(min(ends, self.scenario.horizon_days), begins)

    def _offset(self, day: date) -> int:
        return (day - self.scenario.starts).days


@dataclass(frozen=True, slots=True)
class _Act:
    """An instrument with what the law says of it: pairs that need a licence (None: whatever is in scope) and pairs that
    no licence lets out; and the law's own first day where the instrument states none."""

    instrument: Instrument
    pairs: Pairs | None = None
    barred: Pairs = frozenset()
    law_first: date | None = None

    @property
    def first(self) -> date:
        stated = self.instrument.starts
        return self.law_first if self.law_first is not None and stated == date.min else stated

    @property
    def delay(self) -> float:
        stated = self.instrument.delay_working_days
        return assumption("licence_days").central if stated is None else stated

    @property
    def approval(self) -> float:
        stated = self.instrument.approval
        return assumption("approval_share_month_3").central if stated is None else stated


def resolved(scenario: Scenario, law: Jurisdiction | None) -> Scenario:
    """The scenario with the law's own first day where an instrument of the law states none."""
    return replace(
        scenario,
        instruments=tuple(replace(one, starts=_Act(one, *_of_law(one, law)).first) for one in scenario.instruments),
    )


def _of_law(one: Instrument, law: Jurisdiction | None) -> tuple[Pairs | None, Pairs, date | None]:
    """What the law pack lists under the name of an instrument, as it was published last; nothing of other kinds."""
    if one.kind != "law":
        return None, frozenset(), None
    lists = [parameter for parameter in (law.named(_LIST) if law else ()) if parameter.instrument == one.id]
    if not lists:
        names = ", ".join(laws_of(law)) if law else ""
        raise UserError(
            text(
                "the law pack has no instrument {id!r} that lists items; it has: {names}", id=one.id, names=names or "–"
            )
        )
    pairs: set[tuple[str, str]] = set()
    barred: set[tuple[str, str]] = set()
    for parameter in lists:
        for row in items_published(parameter):
            (barred if row.barred else pairs).update((element, row.form) for element in row.rare_earths)
    first = min(value.in_force_from for parameter in lists for value in parameter.values)
    return frozenset(pairs), frozenset(barred), first


def _cases_of(network: Network, instrument: str, waiting: Bools) -> list[Case]:
    found: dict[tuple[str, str, str], list[int]] = {}
    edges, holdings = network.edges, network.holdings
    for edge in np.flatnonzero(waiting).tolist():
        source, target = edges.source[edge], edges.target[edge]
        key = (
            holdings.organisation[source], edges.end_user[edge] or holdings.organisation[target],
            edges.items[edge] or holdings.goods[source],
        )  # fmt: skip
        found.setdefault(key, []).append(edge)
    return [
        Case(instrument=instrument, exporter=exporter, end_user=end_user, item=item, edges=tuple(places))
        for (exporter, end_user, item), places in sorted(found.items())
    ]


def _given(drawn: Floats | None, here: slice, usual: float, count: int) -> Floats:
    return np.full(count, usual) if drawn is None else np.asarray(drawn[here], np.float64)


def _left(quota: Instrument, first: date, usual: float) -> float:
    """Share of the usual rate that a quota leaves."""
    if quota.cap is not None:
        return min(quota.cap, 1.0)
    if quota.cap_kg is None or usual <= 0:
        return 1.0
    days = CAP_DAYS if quota.ends is None else (quota.ends - first).days + 1
    return min(quota.cap_kg / (usual * days), 1.0)
