"""The figures of the synthetic industry, read from `data/world/*.csv`; every row there names its source.

Shares and yields are turned into fractions here, once, so that the rest of the room reckons in kg per kg.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

from lodeline.material.element import RARE_EARTHS, oxide_per_element

Content = dict[str, float]
Row = dict[str, str]

#: kg of oxide per kg of element; promethium does not occur.
OXIDE: Content = {symbol: float(oxide_per_element(symbol)) for symbol in RARE_EARTHS if symbol != "Pm"}
#: Share of neodymium in the rare earths of "PrNd", kg per kg (assumption: the 75:25 oxide of trade).
ND_IN_PRND = 0.75


@cache
def table(name: str) -> tuple[Row, ...]:
    """The rows of `data/world/<name>.csv`."""
    text = (files("lodeline") / f"data/world/{name}.csv").read_text("utf-8")
    return tuple(csv.DictReader(text.splitlines()))


@cache
def deposit_reo() -> dict[str, Content]:
    """Deposit → share of each oxide in its total, adding up to 1."""
    shares: dict[str, Content] = {}
    for row in table("reo"):
        shares.setdefault(row["deposit"], {})[row["element"]] = float(row["share_pct"])
    return {name: {e: share / sum(vector.values()) for e, share in vector.items()} for name, vector in shares.items()}


@cache
def recipe(grade: str) -> Content:
    """Mass fractions of a grade; `PrNd` is split in the usual proportion, iron is left out where it is the rest."""
    result: Content = {}
    for row in table("recipes"):
        if row["grade"] != grade:
            continue
        share = float(row["percent"]) / 100
        if row["element"] == "PrNd":
            result["Pr"] = share * (1 - ND_IN_PRND)
            result["Nd"] = share * ND_IN_PRND
        else:
            result[row["element"]] = share
    return result


@cache
def season(month: int) -> float:
    """Demand of a calendar month (1-12) relative to the year's mean."""
    return float(table("season")[month - 1]["factor"])


@cache
def dirt_rate(kind: str) -> float:
    """How often a kind of natural dirt happens; `data/world/dirt.csv` says per what."""
    return next(float(row["rate"]) for row in table("dirt") if row["kind"] == kind)


def treo_of(content: Content) -> float:
    """Total rare-earth oxide, kg per kg, by stoichiometry."""
    return sum(share * OXIDE[symbol] for symbol, share in content.items() if symbol in OXIDE)
