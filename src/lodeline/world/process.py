"""What comes out of a plant, in true masses: no element is made, and what is not product is waste.

Each function takes kg of elements in and gives what was made, in the order in which it is filed. Reagents,
iron, boron and cobalt are additives and come from nowhere, as the exchange format allows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from lodeline.world.stream import Stream
from lodeline.world.tables import OXIDE, Content, recipe, table, treo_of

#: Dust and effluent that nobody weighs (assumption), kg per kg of element fed.
HIDDEN_LOSS = 0.0006
#: Less than this is not kept apart but goes to the waste, kg.
LEAST_LOT_KG = 0.5
#: kg of residue per kg of oxide fed, by route (assumption).
_RESIDUE = {"light": 0.35, "heavy": 0.12, "recycling": 1.6}
#: Share of rare earths in smelting slag and in machining swarf relative to the metal (assumption).
_SLAG_GRADE = 0.45
_SWARF_DILUTION = 0.93


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A lot before it has a number."""

    product: str
    mass_kg: float
    content: Content
    waste: bool = False
    model: str = ""


@cache
def _outputs(route: str) -> tuple[tuple[str, tuple[str, ...], float], ...]:
    return tuple(
        (row["product"], tuple(row["elements"].split()), float(row["treo_pct"]) / 100)
        for row in table("separation")
        if row["route"] == route
    )


def _waste(product: str, elements: Content, mass_kg: float) -> list[Made]:
    if mass_kg < LEAST_LOT_KG:
        return []
    content = {element: kg * (1 - HIDDEN_LOSS) / mass_kg for element, kg in elements.items() if kg > 0}
    return [Made(product=product, mass_kg=mass_kg, content=content, waste=True)]


def separate(stream: Stream, fed_kg: Content, route: str, recovery: float) -> list[Made]:
    """Oxides apart from each other, and a residue with what was not recovered."""
    made: list[Made] = []
    rest = {element: fed_kg[element] for element in OXIDE if fed_kg.get(element, 0.0) > 0}
    oxide_kg = sum(kg * OXIDE[element] for element, kg in rest.items())
    for product, elements, treo in _outputs(route):
        share = min(0.995, recovery * (1 + 0.006 * stream.normal()))
        taken = {element: rest[element] * share for element in elements if element in rest}
        mass_kg = sum(kg * OXIDE[element] for element, kg in taken.items()) / (treo * (1 + 0.001 * stream.normal()))
        if mass_kg < LEAST_LOT_KG:
            continue
        for element, kg in taken.items():
            rest[element] -= kg
        content = {element: kg / mass_kg for element, kg in taken.items()}
        content["TREO"] = treo_of(content)
        made.append(Made(product=product, mass_kg=mass_kg, content=content))
    return made + _waste("residue", rest, oxide_kg * _RESIDUE[route])


def smelt(fed_kg: Content, product: str, recovery: float) -> list[Made]:
    """Metal of 99.5 % by molten-salt electrolysis or reduction, and slag."""
    fed = {element: kg for element, kg in fed_kg.items() if element in OXIDE}
    mass_kg = sum(fed.values()) * recovery / 0.995
    metal = Made(product=product, mass_kg=mass_kg, content={e: kg * recovery / mass_kg for e, kg in fed.items()})
    rest = {element: kg * (1 - recovery) for element, kg in fed.items()}
    return [metal, *_waste("slag", rest, sum(rest.values()) / _SLAG_GRADE)]


def cast(fed_kg: Content, grade: str, recovery: float) -> list[Made]:
    """Strip-cast flake of a grade: the rare earths fed, with iron, boron and cobalt to the recipe."""
    target = recipe(grade)
    fed = {element: kg for element, kg in fed_kg.items() if element in OXIDE}
    kept = {element: kg * recovery for element, kg in fed.items()}
    mass_kg = sum(kept.values()) / sum(share for element, share in target.items() if element in OXIDE)
    content = {element: kg / mass_kg for element, kg in kept.items()}
    content.update({element: share for element, share in target.items() if element not in OXIDE})
    # Aluminium, copper and the like take 1.3 % (assumption); iron is the rest.
    content["Fe"] = 0.987 - sum(content.values())
    rest = {element: kg * (1 - recovery) for element, kg in fed.items()}
    flake = Made(product=f"strip-cast:{grade}", mass_kg=mass_kg, content=content)
    return [flake, *_waste("slag", rest, sum(rest.values()) / _SLAG_GRADE)]


def shape(
    mass_kg: float, content: Content, parts: list[tuple[str, str, float]], recovery: float, scrap: str = "swarf"
) -> list[Made]:
    """Milling, sintering, machining: the same matter in other forms, and swarf.

    parts : (product, model, share of what is recovered).
    """
    kept = {element: share * (1 - HIDDEN_LOSS) for element, share in content.items()}
    made = [
        Made(product=product, mass_kg=mass_kg * recovery * share, content=kept, model=model)
        for product, model, share in parts
    ]
    rest = {element: mass_kg * (1 - recovery) * share for element, share in content.items()}
    return made + _waste(scrap, rest, mass_kg * (1 - recovery) / _SWARF_DILUTION)


def sinter_samarium_cobalt(fed_kg: Content, parts: list[tuple[str, str, float]], recovery: float) -> list[Made]:
    """Samarium metal, with cobalt and iron to the recipe, made into magnets in one step."""
    target = recipe("SmCo")
    melt_kg = fed_kg["Sm"] / target["Sm"]
    return shape(melt_kg, target, parts, recovery, "swarf:SmCo")
