"""What a licence may say: every contradiction of a grant at once, judged against the law and the licences that stand.

A grant that contradicts itself or the law is refused. What is merely strange (another licence for the same trade on the
same days, a mass a thousand times the usual) is granted and flagged, as somebody may have meant it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median_low
from typing import Final

from lodeline.ledger.licence import Licence
from lodeline.ledger.problem import Problem, Where, problem
from lodeline.ledger.register import Register
from lodeline.material.element import SYMBOLS
from lodeline.material.mass import format_kg
from lodeline.regulation.control_list import control_items
from lodeline.regulation.parameter import Jurisdiction, NoLawError

#: A mass this many times the holder's usual looks like a slip of the unit; judged from so many licences on.
UNUSUAL, USUAL_COUNT = 1000, 5
_PARAMETER: Final = "licence-terms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the law says of a kind of licence; None where it sets no limit."""

    years_most: int | None = None
    exports_most: int | None = None
    end_users_most: int | None = None


def terms(law: Jurisdiction, day: date, *, known: date) -> dict[str, Terms]:
    """Kind of licence → its terms on a day; empty where the law knows no kinds."""
    try:
        value = law.at(_PARAMETER, day, known=known).value
    except NoLawError:
        return {}
    names = ("years_most", "exports_most", "end_users_most")
    return {one["kind"]: Terms(**{name: one.get(name) for name in names}) for one in value}


def faults(licence: Licence, *, others: Iterable[Licence], register: Register, law: Jurisdiction) -> list[Problem]:
    """Everything wrong with a grant as it would stand beside the others, in the order of its columns."""
    day = licence.valid_from or date.max
    kinds = terms(law, day, known=day)
    return [
        *_of_itself(licence, kinds),
        *_of_the_law(licence, kinds.get(licence.kind, Terms()), law),
        *_of_the_register(licence, others, register),
    ]


def contradictions(found: Sequence[Licence]) -> Iterator[tuple[int, Problem]]:
    """(place, problem) of licences that come together, as somebody granted them before: whatever of one says two
    things, or nothing, and what two say of the same trade on the same days. What is left open is not judged here."""
    before: dict[str, Licence] = {}
    trades: dict[tuple[str | None, str, str], list[Licence]] = defaultdict(list)
    for place, one in enumerate(found):
        problems = [fault for fault in _of_itself(one, ()) if fault.code != "grant.incomplete"]
        earlier = before.setdefault(one.id, one)
        if earlier != one:
            problems.append(problem("grant.exists-with-other-terms", Where(column="id"), licence=one.id))
        yield from ((place, fault) for fault in problems)
        if earlier is not one or any(fault.severity == "reject" for fault in problems):
            continue
        alike = [trades[one.exporter, user, item] for user in one.end_users for item in one.control_items]
        other = next((other for several in alike for other in several if _overlaps(other, one)), None)
        if other is not None:
            yield place, problem("grant.overlaps", Where(column="valid_from"), licence=one.id, other=other.id)
        for several in alike:
            several.append(one)


def _of_itself(licence: Licence, kinds: Collection[str]) -> Iterator[Problem]:
    if kinds and licence.kind not in kinds:
        yield problem(
            "grant.kind-unknown", Where(column="kind"), value=licence.kind or "…", known=", ".join(kinds)
        )  # fmt: skip
    needed: Mapping[str, object] = {
        "exporter": licence.exporter, "end_users": licence.end_users or licence.kind == "registration",
        "control_items": licence.control_items, "mass_kg": licence.mass_mg is not None,
        "valid_from": licence.valid_from, "valid_to": licence.valid_to,
    }  # fmt: skip
    missing = [column for column, value in needed.items() if not value]
    if missing:
        yield problem("grant.incomplete", Where(column=missing[0]), columns=", ".join(missing))
    if licence.mass_mg is not None and licence.mass_mg <= 0:
        yield problem("grant.mass-not-positive", Where(column="mass_kg"), mass_kg=format_kg(licence.mass_mg))
    for element, mass_mg in licence.elements_mg.items():
        where = Where(column="elements")
        if element not in SYMBOLS:
            yield problem("grant.element-unknown", where, element=element or "…")
        elif mass_mg <= 0:
            yield problem("grant.mass-not-positive", where, mass_kg=f"{element}={format_kg(mass_mg)}")
        elif licence.mass_mg is not None and mass_mg > licence.mass_mg:
            yield problem("grant.element-exceeds-goods", where, element=element)
    if licence.valid_from and licence.valid_to and licence.valid_to < licence.valid_from:
        yield problem(
            "validity.reversed", Where(column="valid_to"), first=licence.valid_from.isoformat(),
            last=licence.valid_to.isoformat(),
        )  # fmt: skip


def _of_the_law(licence: Licence, of_kind: Terms, law: Jurisdiction) -> Iterator[Problem]:
    if of_kind.end_users_most is not None and len(licence.end_users) > of_kind.end_users_most:
        yield problem(
            "grant.end-users-too-many", Where(column="end_users"), kind=licence.kind, most=of_kind.end_users_most
        )  # fmt: skip
    if of_kind.years_most is not None and licence.valid_from and licence.valid_to:
        end = _years_later(licence.valid_from, of_kind.years_most)
        if licence.valid_to > end:
            yield problem(
                "grant.term-too-long", Where(column="valid_to"), kind=licence.kind, years=of_kind.years_most,
                last=end.isoformat(),
            )  # fmt: skip
    if licence.valid_from is None:
        return
    listed = control_items(law, licence.valid_to or licence.valid_from, known=date.max)
    codes = {item.item for item in listed}
    elements = set()
    for item in licence.control_items:
        covered = {one.element for one in listed if one.item == item or one.item.startswith(item + ".")}
        elements |= covered
        if codes and not covered:
            yield problem("grant.item-unknown", Where(column="control_items"), item=item)
    for element in licence.elements_mg:
        if elements and element in SYMBOLS and element not in elements:
            yield problem("grant.element-without-item", Where(column="elements"), element=element)


def _of_the_register(licence: Licence, others: Iterable[Licence], register: Register) -> Iterator[Problem]:
    if licence.exporter and licence.exporter not in set(register.tables["organisations"]["id"]):
        yield problem("grant.holder-unknown", Where(column="exporter"), value=licence.exporter)
    mine = [one for one in others if one.exporter == licence.exporter and one.id != licence.id]
    for one in mine:
        if _overlaps(one, licence):
            yield problem("grant.overlaps", Where(column="valid_from"), licence=licence.id, other=one.id)
    masses = [one.mass_mg for one in mine if one.mass_mg]
    if licence.mass_mg and len(masses) >= USUAL_COUNT:
        usual = median_low(masses)
        if licence.mass_mg > UNUSUAL * usual or licence.mass_mg * UNUSUAL < usual:
            yield problem(
                "grant.mass-unusual", Where(column="mass_kg"), mass_kg=format_kg(licence.mass_mg),
                usual_kg=format_kg(usual),
            )  # fmt: skip


def _overlaps(one: Licence, other: Licence) -> bool:
    """Whether two licences of an exporter cover the same trade on the same days. Licences for one consignment each may
    lie side by side."""
    if one.kind == other.kind == "individual":
        return False
    if set(one.end_users).isdisjoint(other.end_users) or set(one.control_items).isdisjoint(other.control_items):
        return False
    if one.revoked_on is not None and one.revoked_on <= (other.valid_from or date.min):
        return False
    return (one.valid_from or date.min) <= (other.valid_to or date.max) and (other.valid_from or date.min) <= (
        one.valid_to or date.max
    )


def _years_later(day: date, years: int) -> date:
    """The last day of so many years that begin with `day`."""
    try:
        end = day.replace(year=day.year + years)
    except ValueError:
        end = date(day.year + years, 3, 1)
    return date.fromordinal(end.toordinal() - 1)
