"""Why a firm stands on the list of visits: what is asked, its whole mass and worth, how likely that is, the sum of all.

The list as programs read it stands here too, with these sentences in both languages.
"""

from __future__ import annotations

from typing import Any, Final

from lodeline.accountancy.worth import price_year
from lodeline.detection.finding import Finding
from lodeline.language import Text, text
from lodeline.ledger.roles import ROLES
from lodeline.material.element import TREO
from lodeline.material.mass import format_kg
from lodeline.message import Count, Fact, Key, Mass, Message, Number, Percent, Series, Site, Term, Texts, localized
from lodeline.message import as_json as message_json
from lodeline.service.inspections.causes import Cause
from lodeline.service.inspections.choosing import Choice
from lodeline.service.inspections.precision import Basis, SizeClass
from lodeline.service.inspections.taking_along import TakingAlong
from lodeline.service.inspections.taking_along import as_json as taken_json

SIZES: Final[dict[SizeClass, Text]] = {
    "small": text("small", context="inspections, reasons"),
    "middle": text("medium-sized"),
    "large": text("large", context="inspections, reasons"),
}
TEXTS: Final = Texts(
    "visit",
    {
        "asked": text("A question about {mass} kg {element} stands."),
        "class": text(
            "In made-up worlds {true} of {alarms} such questions to {size} firms had something "
            "behind them; {chance} is reckoned with."
        ),
        "detector": text(
            "In made-up worlds {true} of {alarms} such questions had something behind them, none of "
            "them to {size} firms; {chance} is reckoned with."
        ),
        "all": text(
            "Nothing of this kind was asked in made-up worlds; of all {alarms} questions there "
            "{true} had something behind them; {chance} is reckoned with."
        ),
        "whole": text("In all this is {masses}, worth USD {worth} at the oxide prices of {year}."),
        "mass": text("{mass} kg {element}"),
        "one": text("So USD {expected} are to be expected; {role} counts {weight} times."),
        "several": text(
            "With {others} further causes a visit finds something in {chance} of cases, and USD "
            "{expected} are to be expected; {role} counts {weight} times."
        ),
        "drawn": text("Drawn by lot: every firm that is not ranked had a chance of {chance}."),
        "waits": text("Nothing is asked of it; it stands here because others were visited later."),
        "nothing": text("Nothing is asked of it."),
        "never": text("It was never visited."),
        "visited": text("It was last visited {days} days before this month."),
        "holds": text("Its books hold {held} kg, {here} kg of them at {site}."),
    },
)


def reasons(choice: Choice) -> tuple[Message, ...]:
    """The sentences."""
    if choice.how == "random" or not choice.causes:
        return _without_rank(choice)
    first = choice.causes[0]
    found = first.likelihood
    likely: dict[str, Fact] = {
        "true": Count(found.true), "alarms": Count(found.alarms), "chance": Percent(found.probability, 0)
    }  # fmt: skip
    basis: Basis = found.basis
    if basis != "all":
        likely["size"] = Term(**SIZES[choice.size])
    summed: dict[str, Fact] = {
        "expected": Count(round(choice.expected_usd)), "role": role_term(choice.role),
        "weight": Number(choice.role_weight, 1),
    }  # fmt: skip
    others = len(choice.causes) - 1
    if others:
        summed |= {"others": Count(others), "chance": Percent(choice.probability, 0)}
    return (
        _asked(first.finding), *_whole(first), TEXTS.message(basis, **likely),
        TEXTS.message("several" if others else "one", **summed),
    )  # fmt: skip


def _whole(one: Cause) -> tuple[Message, ...]:
    """What all findings of a cause speak of together, and its worth."""
    masses = tuple(
        TEXTS.message("mass", mass=Mass(mass), element=Key(element)) for element, mass in one.masses_mg.items()
    )
    worth: dict[str, Fact] = {"worth": Count(round(one.worth_usd)), "year": Key(str(price_year()))}
    return (TEXTS.message("whole", masses=Series(masses), **worth),) if masses else ()


def role_term(role: str) -> Term:
    """What a role is called; a firm without one is a firm."""
    known = ROLES.get(role)
    return (
        Term(**text("a firm", context="inspections"))
        if known is None
        else Term(f"a firm that is {_a(known.en)}", known.zh)
    )


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _asked(finding: Finding) -> Message:
    """The first sentence of the finding itself; of one without sentences, its mass."""
    if finding.explanation:
        return finding.explanation[0]
    element = finding.elements[0] if len(finding.elements) == 1 else TREO
    return TEXTS.message("asked", mass=Mass(finding.mass_mg), element=Key(element))


def _without_rank(choice: Choice) -> tuple[Message, ...]:
    here = next(one for one in choice.places if one.site == choice.site)
    drawn = TEXTS.message("drawn", chance=Percent(choice.chance, 0)) if choice.how == "random" else None
    asked = None if choice.causes else TEXTS.message("nothing" if drawn else "waits")
    since = TEXTS.message("never") if choice.days is None else TEXTS.message("visited", days=Count(choice.days))
    holds = TEXTS.message(
        "holds", held=Mass(choice.held_mg), here=Mass(here.held_mg), site=Site(choice.site)
    )  # fmt: skip
    first = None if asked else _asked(choice.causes[0].finding)
    return tuple(one for one in (drawn, first or asked, since if drawn is None else None, holds) if one is not None)


def as_json(choice: Choice, taken: TakingAlong | None) -> dict[str, Any]:
    """A row of `lodeline inspect choose --json`; probabilities to six decimals. `taken`: of the site, None where its
    books hold nothing."""
    said = reasons(choice)
    return {
        "organisation": choice.organisation, "site": choice.site, "how": choice.how,
        "expected_usd": round(choice.expected_usd), "probability": round(choice.probability, 6),
        "if_found_usd": round(choice.found_usd), "price_year": price_year(), "role": choice.role or None,
        "role_weight": choice.role_weight, "size_class": choice.size, "held_kg": format_kg(choice.held_mg),
        "days": choice.days, "chance": round(choice.chance, 6), "why": localized(said),
        "sentences": [message_json(one) for one in said],
        "causes": [one.as_json() for one in choice.causes],
        "sites": [
            {"site": one.site, "held_kg": format_kg(one.held_mg), "expected_usd": round(one.expected_usd),
             "days": one.days}
            for one in choice.places
        ],
        "take_along": None if taken is None else taken_json(taken),
    }  # fmt: skip
