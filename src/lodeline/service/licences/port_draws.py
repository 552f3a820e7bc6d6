"""What a port may promise of licences while it has no network: its own tranches, and nothing else.

What was left of a licence when the bundle was made is left for everybody who has such a bundle: two ports would promise
the same kilogram. A tranche is reserved for one port before its bundle is made. At the port each release on one is a
promise, written into the port's own record and taken from the tranche; what no tranche holds is a question.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import polars as pl

from lodeline.control.desk import Verdict
from lodeline.control.licences.licence import draws_of as drawn_by
from lodeline.control.reason import VERDICTS, Citation, Reason, reason, worst
from lodeline.encoding import encoded
from lodeline.ledger.licence import GOODS, elements_mg
from lodeline.ledger.problem import Problem, problem
from lodeline.ledger.register import Register
from lodeline.ledger.reservation import Account, Masses, Position
from lodeline.material.mass import format_kg
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.licences.accounts import licence_accounts
from lodeline.service.licences.draw_facts import draws_of
from lodeline.service.licences.drawn import LEFT, less_drawn
from lodeline.service.licences.draws import DrawAnswer
from lodeline.store.store import Store

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tranche:
    """What is left of a part of a licence that was allotted to a port, and the last day on which it may be spent."""

    licence: str
    name: str
    until: date | None
    masses_mg: Masses

    def as_json(self) -> Json:
        until = None if self.until is None else self.until.isoformat()
        return {"licence": self.licence, "tranche": self.name, "until": until, "masses_mg": dict(self.masses_mg)}

    @staticmethod
    def read(content: Json) -> Tranche:
        """From what `as_json` gave."""
        until = None if content["until"] is None else date.fromisoformat(content["until"])
        return Tranche(licence=content["licence"], name=content["tranche"], until=until, masses_mg=content["masses_mg"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """What a port has promised for a line of a declaration, from a tranche; without one it is still wanted."""

    declaration: str
    line: str
    exporter: str
    licence: str
    tranche: str
    masses_mg: Masses

    @property
    def key(self) -> tuple[str, str]:
        return self.declaration, self.line

    def as_json(self) -> Json:
        """As a line of an answer has it under `reservation`; masses decimal kg."""
        answer = DrawAnswer(
            licence=self.licence, declaration=self.declaration, line=self.line, repeated=False, problems=(),
            mass_mg=self.masses_mg.get(GOODS, 0),
        )  # fmt: skip
        more = {"exporter": self.exporter, "tranche": self.tranche, "masses_mg": dict(self.masses_mg)}
        return {**encoded(answer), **more}

    @staticmethod
    def read(content: Json) -> Promised:
        """From what `as_json` gave. Raises KeyError, TypeError, ValueError."""
        masses = {str(name): int(mass_mg) for name, mass_mg in content["masses_mg"].items()}
        texts = {name: str(content[name]) for name in ("declaration", "line", "exporter", "licence", "tranche")}
        return Promised(**texts, masses_mg=masses)


def port_licences(
    store: Store, register: Register, law: Jurisdiction, *, day: date, port: str
) -> tuple[pl.DataFrame, list[Tranche]]:
    """Every licence as it stands on the day, less what is drawn on it elsewhere (`desk_draws.LEFT`), and what is left
    of the port's own tranches."""
    table = register.tables["licences"]
    accounts = licence_accounts(store, register, law, set(table["id"]))
    tranches = _tranches(store, port) if port else {}
    rows, found = [], []
    for row in table.iter_rows(named=True):
        one = accounts[row["id"]]
        mine = [
            at for at in one.account.positions
            if at.reserved is not None and at.reserved.is_tranche and at.is_awaited(day)
            and at.reserved.tranche in tranches.get(row["id"], ())
        ]  # fmt: skip
        found += [_tranche(row["id"], at, one.account) for at in mine]
        others = replace(one.account, positions=tuple(at for at in one.account.positions if at not in mine))
        rows.append(less_drawn(row, one, others, day))
    return pl.DataFrame(rows, schema=LEFT), found


def _tranche(licence: str, at: Position, whole: Account) -> Tranche:
    assert at.reserved is not None, "a tranche is reserved"
    return Tranche(
        licence=licence, name=at.reserved.tranche, until=at.reserved.until,
        masses_mg={name: at.open_mg.get(name, 0) for name in whole.granted_mg},
    )  # fmt: skip


def _tranches(store: Store, port: str) -> dict[str, set[str]]:
    """Licence → the names of the tranches that were ever allotted to the port."""
    found: dict[str, set[str]] = {}
    for draw in draws_of(store, "licence"):
        if draw.act == "allot" and draw.reference == f"{draw.account}@{port}@{draw.tranche}":
            found.setdefault(draw.account, set()).add(draw.tranche)
    return found


def less_promised(licences: pl.DataFrame, promised: Iterable[Promised]) -> pl.DataFrame:
    """The licences of a bundle (`desk_draws.LEFT`) less what the port has promised of them since."""
    gone: dict[str, dict[str, int]] = {}
    for one in promised:
        of_licence = gone.setdefault(one.licence, {})
        for name, mass_mg in one.masses_mg.items():
            of_licence[name] = of_licence.get(name, 0) + mass_mg
    rows = []
    for row in licences.iter_rows(named=True):
        mine = gone.get(row["id"], {})
        elements = "|".join(
            f"{name}={format_kg(max(0, left - mine.get(name, 0)))}"
            for name, left in elements_mg(row["elements"] or "").items()
        )
        rows.append(row | {"used_mg": row["used_mg"] + mine.get(GOODS, 0), "elements": elements or None})
    return pl.DataFrame(rows, schema=LEFT)


class Pools:
    """What is left at the port of each tranche of each licence, while lines are promised one after the other."""

    def __init__(
        self, licences: pl.DataFrame, tranches: Iterable[Tranche], earlier: Mapping[tuple[str, str], Promised],
        day: date, *, port: str,
    ) -> None:  # fmt: skip
        self.earlier, self.day = dict(earlier), day
        self.port = {"en": port or "this port", "zh": port or "本口岸"}
        self.standing = {row["id"]: _standing(row, day) for row in licences.iter_rows(named=True)}
        self.left: dict[str, dict[str, dict[str, int]]] = {}
        for one in sorted(tranches, key=lambda one: (one.until or date.max, one.name)):
            of_licence = self.left.setdefault(one.licence, {})
            if one.until is None or day <= one.until:
                of_licence[one.name] = dict(one.masses_mg)
        for before in self.earlier.values():
            self._take(before)

    def promise(self, wanted: Promised) -> tuple[Promised | None, tuple[Problem, ...]]:
        """The promise with its tranche, or why there is none; neither where no tranche holds it (`lack`). The same line
        with the same content is promised once."""
        named = {
            "declaration": wanted.declaration, "line": wanted.line, "exporter": wanted.exporter,
            "mass_kg": wanted.masses_mg.get(GOODS, 0) > 0,
        }  # fmt: skip
        missing = [column for column, value in named.items() if not value]
        if missing:
            return None, (problem("reservation.incomplete", columns=", ".join(missing)),)
        before = self.earlier.get(wanted.key)
        if before is not None:
            if _content(before) == _content(wanted):
                return before, ()
            found = problem(
                "reservation.exists-with-other-content", declaration=wanted.declaration, line=wanted.line,
                licence=before.licence, mass_kg=format_kg(before.masses_mg.get(GOODS, 0)),
            )  # fmt: skip
            return None, (found,)
        standing = self.standing.get(wanted.licence, "granted")
        if standing != "granted":
            day = self.day.isoformat()
            found = problem("reservation.not-in-force", licence=wanted.licence, standing=standing, day=day)
            return None, (found,)
        for tranche, left in self.left.get(wanted.licence, {}).items():
            if not _beyond(wanted, left):
                made = replace(wanted, tranche=tranche)
                self.earlier[made.key] = made
                self._take(made)
                return made, ()
        return None, ()

    def lack(self, wanted: Promised, law: Iterable[Citation]) -> Reason:
        """Why no tranche of the port holds what is wanted, as a question."""
        pools = self.left.get(wanted.licence)
        facts = {"licence": wanted.licence, "port": self.port["en"], "port_zh": self.port["zh"]}
        if pools is None:
            return reason("licence.no-tranche", law=law, **facts)
        largest = max(pools.values(), key=lambda left: left.get(GOODS, 0), default={GOODS: 0})
        what = next(iter(_beyond(wanted, largest)), GOODS)
        return reason(
            "licence.tranche-mass", law=law, **facts, needed_kg=format_kg(wanted.masses_mg.get(what, 0)),
            left_kg=format_kg(max(0, largest.get(what, 0))), what=what or "goods", what_zh=what or "货物",
        )  # fmt: skip

    def _take(self, one: Promised) -> None:
        left = self.left.get(one.licence, {}).get(one.tranche, {})
        for name, mass_mg in one.masses_mg.items():
            if name in left:
                left[name] -= mass_mg


def _standing(row: Mapping[str, Any], day: date) -> str:
    """Where a licence stands on a day, as far as the bundle tells."""
    if row["valid_from"] is not None and day < row["valid_from"]:
        return "to-come"
    if row["valid_to"] is not None and day > row["valid_to"]:
        return "revoked" if row["standing"] == "revoked" else "expired"
    return "suspended" if row["standing"] == "suspended" else "granted"


def _beyond(wanted: Promised, left: Mapping[str, int]) -> list[str]:
    """The masses of which less is left than is wanted; what a pool does not name it does not limit."""
    return [name for name, mass_mg in left.items() if wanted.masses_mg.get(name, 0) > mass_mg]


def _content(one: Promised) -> tuple[object, ...]:
    masses = {name: mass_mg for name, mass_mg in one.masses_mg.items() if mass_mg}
    return one.licence, one.exporter, sorted(masses.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A line's verdict at the port and what is said of its promise, as JSON: None where it draws on no licence or
    stays a question. `problems`: why it cannot be promised, so that it is held."""

    verdict: Verdict
    reservation: Json | None = None
    problems: tuple[Problem, ...] = ()


def promise_lines(verdicts: Iterable[Verdict], licences: pl.DataFrame, pools: Pools) -> list[Answered]:
    """Promises for each line that is released on a licence, in their order; what no tranche holds is a query."""
    limits = {row["id"]: elements_mg(row["elements"] or "") for row in licences.iter_rows(named=True)}
    return [_promised(one, limits, pools) for one in verdicts]


def _promised(verdict: Verdict, limits: Mapping[str, Mapping[str, int]], pools: Pools) -> Answered:
    draws_mg = drawn_by(verdict.line, verdict.case.needs) if verdict.case is not None else {}
    if verdict.case is None or verdict.verdict != "release" or not draws_mg:
        return Answered(verdict=verdict)
    limited = limits.get(verdict.line["licence"], {})
    wanted = Promised(
        declaration=verdict.line["declaration"] or "", line=verdict.line["line"] or "",
        exporter=verdict.line["exporter"] or "", licence=verdict.line["licence"], tranche="",
        masses_mg={name: mass_mg for name, mass_mg in draws_mg.items() if name == GOODS or name in limited},
    )  # fmt: skip
    made, problems = pools.promise(wanted)
    if made is None and not problems:
        law = [verdict.case.rules.cite(need.item) for need in verdict.case.needs]
        return Answered(verdict=replace(verdict, reasons=(*verdict.reasons, pools.lack(wanted, law))))
    reservation = (made or wanted).as_json() | {"problems": [one.as_json() for one in problems]}
    return Answered(verdict=verdict, reservation=reservation, problems=problems)


def with_promises(document: Json, lines: Iterable[Answered]) -> Json:
    """The answer that these verdicts give, with `reservation` in each line; what cannot be promised is held."""
    for line, one in zip(document["lines"], lines, strict=True):
        line["reservation"] = one.reservation
        if one.problems:
            line["verdict"] = "hold"
    words = [line["verdict"] for line in document["lines"]]
    return document | {
        "verdict": worst(words) if words else "query",
        "counts": {word: words.count(word) for word in VERDICTS},
    }  # fmt: skip


def promised_in(answer: Json) -> list[Promised]:
    """What an answer given at a port has promised. Raises KeyError, TypeError, ValueError for one that is none."""
    reservations = [line["reservation"] for line in answer["lines"] if line["verdict"] == "release"]
    return [Promised.read(one) for one in reservations if one]
