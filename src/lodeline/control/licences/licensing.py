"""The way of an application: its states, the steps between them, and the clock of working days, which may stop.

Everything here is a function of the steps taken, of the law and of a day; nothing is written.

    draft ── submitted ⇄ queried           the applicant answers, and the clock stands meanwhile
               │  └── proposed ── granted | refused     by another officer than the one who proposed
               └── withdrawn               by the applicant, until it is decided

Source: Regulations on Export Control of Dual-Use Items, arts 16 to 18, 26 (2024).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal, get_args

from lodeline.regulation.parameter import Jurisdiction, NoLawError
from lodeline.regulation.value import Value
from lodeline.regulation.working_days import Stop, due_day, used_days

State = Literal["draft", "submitted", "queried", "proposed", "granted", "refused", "withdrawn"]
STATES: Final[tuple[State, ...]] = get_args(State)
Kind = Literal[
    "submitted", "taken", "queried", "answered", "identification-began", "identification-ended", "check-began",
    "check-ended", "referred", "proposed", "returned", "granted", "refused", "withdrawn", "reported",
]  # fmt: skip
#: What an application is about: a licence of its own, the next one after another, or a change of one.
Relation = Literal["new", "renewal", "amendment"]
RELATIONS: Final[tuple[Relation, ...]] = get_args(Relation)

#: States in which an application waits for a decision.
UNDECIDED: Final[frozenset[State]] = frozenset({"submitted", "queried", "proposed"})
#: Kind of step → the states it may be taken in, and the state it leads to (None: the same).
MOVES: Final[Mapping[Kind, tuple[frozenset[State], State | None]]] = {
    "submitted": (frozenset({"draft"}), "submitted"),
    "taken": (UNDECIDED, None),
    "queried": (frozenset({"submitted"}), "queried"),
    "answered": (frozenset({"queried"}), "submitted"),
    "identification-began": (frozenset({"submitted"}), None),
    "identification-ended": (frozenset({"submitted", "queried"}), None),
    "check-began": (frozenset({"submitted"}), None),
    "check-ended": (frozenset({"submitted", "queried"}), None),
    "referred": (frozenset({"submitted"}), None),
    "proposed": (frozenset({"submitted"}), "proposed"),
    "returned": (frozenset({"proposed"}), "submitted"),
    "granted": (frozenset({"proposed"}), "granted"),
    "refused": (frozenset({"proposed"}), "refused"),
    "withdrawn": (UNDECIDED, "withdrawn"),
    "reported": (frozenset({"granted"}), None),
}
#: Steps of officers that the applicant is not told of: they arrange the authority's own work.
INTERNAL: Final[frozenset[str]] = frozenset({"taken", "proposed", "returned"})
#: Step that stops the clock → steps that let it run again, and what the law calls the time between.
_STOPS: Final[Mapping[str, tuple[frozenset[str], str]]] = {
    "queried": (frozenset({"answered", "withdrawn"}), "query"),
    "identification-began": (frozenset({"identification-ended"}), "expert-identification"),
    "check-began": (frozenset({"check-ended"}), "on-site-check"),
}
_ENDS: Final[frozenset[str]] = frozenset({"granted", "refused", "withdrawn"})
_CLOCK, _DAYS, _AMENDMENT, _QUERY, _WATCH = (
    "licence-clock", "licence-decision-days", "licence-amendment-days", "licence-query-clock", "watch-list"
)  # fmt: skip


Status = Literal["running", "stopped", "unlimited", "ended", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """How the time to decide stands on a day.

    `limit`: working days that the law gives; None where it sets none. `due`: the last of them, None while the clock is
    stopped or where there is no limit. `used`: working days that have counted. `assumed`: a calendar or a rule of it is
    an assumption of the pack. `law`: the values it rests on.
    """

    status: Status
    limit: int | None = None
    used: int | None = None
    due: date | None = None
    assumed: bool = False
    law: tuple[Value, ...] = ()

    @property
    def left(self) -> int | None:
        """Working days that are left; below zero where the time is over."""
        return None if self.limit is None or self.used is None else self.limit - self.used


def clock(
    steps: Sequence[tuple[str, date]], *, relation: Relation, law: Jurisdiction, today: date, on_watch_list: bool
) -> Clock:
    """The clock of an application on a day. `steps`: kinds with their days, in order.

    `on_watch_list`: a party of it stands on the watch list, which lifts the limit where the law says so.
    """
    begun = next((day for kind, day in steps if kind == "submitted"), None)
    if begun is None:
        return Clock(status="unknown")
    ended = next((day for kind, day in steps if kind in _ENDS), None)
    cited: list[Value] = []
    try:
        days = law.at(_AMENDMENT if relation == "amendment" else _DAYS, begun, known=today)
        rules = law.at(_CLOCK, begun, known=today)
        cited += [days, rules]
        unlimited = {one["kind"] for one in rules.value if one.get("decision_limit") == "none"}
        uncounted = {one["kind"] for one in rules.value if one.get("counted") is False}
        if law.has(_QUERY):
            query = law.at(_QUERY, begun, known=today)
            if query.value.get("counted") is False:
                uncounted.add("query")
                cited.append(query)
        if on_watch_list and law.has(_WATCH):
            watch = law.at(_WATCH, begun, known=today)
            if watch.value.get("decision_limit") == "none":
                unlimited.add("watch-list")
                cited.append(watch)
        lifted = {"watch-list": on_watch_list, "state-council": any(kind == "referred" for kind, _ in steps)}
        if any(is_so and what in unlimited for what, is_so in lifted.items()):
            return Clock(status="ended" if ended else "unlimited", law=tuple(cited))
        stops = tuple(_stops(steps, uncounted))
        limit = int(days.value["working_days"])
        used = used_days(law, begun, ended or today, known=today, stops=stops)
        due = due_day(law, begun, limit, known=today, stops=stops)
    except (KeyError, NoLawError):
        return Clock(status="unknown", law=tuple(cited))
    status: Status = "ended" if ended else "stopped" if due.due is None else "running"
    return Clock(
        status=status, limit=limit, used=used.used, due=due.due, law=tuple(cited),
        assumed=used.assumed or due.assumed or any(one.evidence == "assumption" for one in cited),
    )  # fmt: skip


def _stops(steps: Sequence[tuple[str, date]], uncounted: Iterable[str]) -> Iterable[Stop]:
    """The days that do not count: from the day after a stop began to the day on which it ended."""
    wanted = frozenset(uncounted)
    for place, (kind, day) in enumerate(steps):
        if kind not in _STOPS or _STOPS[kind][1] not in wanted:
            continue
        ends = _STOPS[kind][0]
        last = next((later for other, later in steps[place + 1 :] if other in ends), None)
        first = day + timedelta(days=1)
        if last is None or last >= first:
            yield Stop(first=first, last=last)


def is_stopped_by(steps: Iterable[str], kind: Kind) -> bool:
    """Whether a stop of this kind is open."""
    assert kind in _STOPS, f"{kind} stops no clock"
    is_open = False
    for one in steps:
        is_open = one == kind or (is_open and one not in _STOPS[kind][0])
    return is_open


def proposers(steps: Iterable[tuple[str, str]]) -> frozenset[str]:
    """Of steps (kind, who), who has proposed a decision: none of them takes it."""
    return frozenset(who for kind, who in steps if kind == "proposed")
