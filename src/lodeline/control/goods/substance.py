"""What a composition makes of goods, whatever they are called: a magnet, a metal, an alloy, an oxide, a compound.

Nothing is read into a composition that could be of something else: a rotor, a phosphor or a catalyst holds rare earths
in a host of other material, and none of these forms is said of it. The bounds are those of `desk-bounds`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lodeline.control.rulebook import Rulebook, to_ppb
from lodeline.material.composition import Stated, treo_ppb
from lodeline.material.element import RARE_EARTHS, TREO
from lodeline.material.mass import PPB_PER_PERCENT

_RARE = frozenset({*RARE_EARTHS, TREO})
#: What stands in an oxide or a compound beside its metal; what else is stated is a host, or an alloy's partner.
_ANIONS = frozenset({"H", "C", "N", "O", "F", "Cl"})
#: Elements that are no metal: an alloy holds little of them.
_NON_METALS = frozenset({*_ANIONS, "P", "S", "As"})


def with_found(declared: Mapping[str, int], found: Stated | None, rules: Rulebook) -> dict[str, int]:
    """What was declared of goods, replaced element by element by what a laboratory found in them.

    What it does not mention fills no more than it leaves open, so that no declared host dilutes a finding; of a rare
    earth, which it may not have looked for, as much is left as a composition need not tell.
    """
    bounds = rules.parameter("desk-bounds")
    if found is None or bounds is None:
        return {**declared, **(found.shares if found else {})}
    whole = 100 * PPB_PER_PERCENT
    left, untold = max(whole - found.sum_ppb, 0), whole - to_ppb(bounds["substance"]["whole_pct"])
    room = {symbol: min(share, max(left, untold) if symbol in _RARE else left) for symbol, share in declared.items()}
    return {**room, **found.shares}


def is_of_iron(shares: Mapping[str, int], rules: Rulebook) -> bool:
    """Whether a composition tells iron and little cobalt: what holds samarium then is no samarium-cobalt."""
    bounds = rules.parameter("desk-bounds")
    if bounds is None:
        return False
    smco = bounds["smco"]
    return shares.get("Fe", 0) >= to_ppb(smco["iron"]) and shares.get("Co", 0) < to_ppb(smco["Co"])


def is_ferrite(shares: Mapping[str, int], rules: Rulebook) -> bool:
    """Whether a composition is a hard ferrite's: iron with strontium or barium, rare earths at most as an addition."""
    bounds = rules.parameter("desk-bounds")
    if bounds is None:
        return False
    ferrite, rare = bounds["ferrite"], sum(shares.get(symbol, 0) for symbol in RARE_EARTHS)
    host = sum(shares.get(symbol, 0) for symbol in ferrite["of"])
    is_iron = shares.get("Fe", 0) >= to_ppb(ferrite["iron"])
    return is_iron and host >= to_ppb(ferrite["at_least"]) and rare <= to_ppb(ferrite["rare_most"])


def is_pure(shares: Mapping[str, int], rules: Rulebook) -> bool:
    """Whether goods are the metal or the oxide of one rare earth and nearly nothing else."""
    bounds = rules.parameter("desk-bounds")
    least = to_ppb(bounds["substance"]["pure_pct"]) if bounds else 0
    return bounds is not None and any(
        max(share, treo_ppb({symbol: share})) >= least for symbol, share in shares.items() if symbol in RARE_EARTHS
    )


def magnet_of(shares: Mapping[str, int], rules: Rulebook, *, is_magnetic: bool) -> frozenset[str]:
    """NdFeB or Sm–Co by what is in it. Of goods that something calls magnetic the rare earth alone tells; others must
    hold cobalt or boron as well.
    """
    bounds = rules.parameter("desk-bounds")
    if bounds is None or not shares:
        return frozenset()
    smco, ndfeb = bounds["smco"], bounds["ndfeb"]
    has_samarium = shares.get("Sm", 0) >= to_ppb(smco["Sm"])
    has_cobalt = shares.get("Co", 0) >= to_ppb(smco["Co"])
    if has_samarium and (has_cobalt or (is_magnetic and not is_of_iron(shares, rules))):
        return frozenset({"magnet-smco"})
    light = sum(shares.get(symbol, 0) for symbol in ndfeb["light"])
    has_boron, has_iron = 0 < shares.get("B", 0) <= to_ppb(ndfeb["boron"]), shares.get("Fe", 0) >= to_ppb(ndfeb["iron"])
    if light >= to_ppb(ndfeb["at_least"]) and (is_magnetic or has_boron or has_iron):
        return frozenset({"magnet-ndfeb"})
    return frozenset()


def substance_of(shares: Mapping[str, int], rules: Rulebook) -> frozenset[str]:
    """The form of a control list that a composition of the whole goods is by itself; empty where it is none."""
    bounds = rules.parameter("desk-bounds")
    if bounds is None or not any(shares.get(symbol) for symbol in RARE_EARTHS):
        return frozenset()
    return magnet_of(shares, rules, is_magnetic=False) or _pure_form(shares, bounds["substance"])


def listed_alloy_of(shares: Mapping[str, int], rules: Rulebook) -> frozenset[str]:
    """An alloy of two metals that a list of the day names, such as aluminium with scandium, however little it holds."""
    bounds = rules.parameter("desk-bounds")
    if bounds is None:
        return frozenset()
    least, whole = to_ppb(bounds["substance"]["listed_alloy_pct"]), to_ppb(bounds["substance"]["whole_pct"])
    for item in (one for one in rules.items if one.form == "alloy" and shares.get(one.element, 0) >= least):
        held = [[shares.get(symbol, 0) for symbol in pair] for pair in (named.split("-") for named in item.named)]
        if any(all(one) and sum(one) >= whole for one in held):
            return frozenset({"alloy"})
    return frozenset()


def mixture_of(shares: Mapping[str, int], rules: Rulebook) -> frozenset[str]:
    """An oxide that makes up half of a mixture and more: lists name oxides of their elements "and mixtures"."""
    bounds = rules.parameter("desk-bounds")
    named = {one.element for one in (*rules.items, *rules.unknown_items) if one.form == "oxide"}
    oxides = treo_ppb({symbol: share for symbol, share in shares.items() if symbol in named})
    is_most = bounds is not None and oxides >= to_ppb(bounds["substance"]["mixed_pct"])
    return frozenset({"oxide"}) if is_most and not is_in_host(shares, rules) else frozenset()


def is_in_host(shares: Mapping[str, int], rules: Rulebook, *, of_oxides: bool = False) -> bool:
    """Whether other elements than rare earths and anions make up most of the goods, as zirconia with some yttria.

    `of_oxides`: or rare earths, as their oxides, make up no more than half of goods that state any other element.
    """
    bounds = rules.parameter("desk-bounds")
    if of_oxides and bounds is not None and any(symbol not in _ANIONS | _RARE for symbol in shares):
        treo = treo_ppb({symbol: share for symbol, share in shares.items() if symbol in RARE_EARTHS})
        return treo <= to_ppb(bounds["substance"]["mixed_pct"])
    host = sum(share for symbol, share in shares.items() if symbol not in _ANIONS and symbol not in _RARE)
    return bounds is not None and host >= to_ppb(bounds["substance"]["mixed_pct"])


def _pure_form(shares: Mapping[str, int], bounds: Mapping[str, Any]) -> frozenset[str]:
    rare = sum(shares.get(symbol, 0) for symbol in RARE_EARTHS)
    others = {symbol: share for symbol, share in shares.items() if symbol not in RARE_EARTHS and symbol != TREO}
    host = sum(share for symbol, share in others.items() if symbol not in _ANIONS)
    anions = sum(share for symbol, share in others.items() if symbol in _ANIONS)
    metals = sum(share for symbol, share in others.items() if symbol not in _NON_METALS)
    is_bare = anions < to_ppb(bounds["host_pct"])
    if rare >= to_ppb(bounds["metal_pct"]) and is_bare:
        return frozenset({"metal"})
    if rare >= to_ppb(bounds["alloy_pct"]) and rare + metals >= to_ppb(bounds["whole_pct"]) and is_bare and metals:
        return frozenset({"alloy"})
    if host >= to_ppb(bounds["host_pct"]):
        return frozenset()
    as_oxides = treo_ppb({symbol: share for symbol, share in shares.items() if symbol in RARE_EARTHS})
    if as_oxides >= to_ppb(bounds["oxide_pct"]) and anions - others.get("O", 0) < to_ppb(bounds["host_pct"]):
        return frozenset({"oxide"})
    if rare >= to_ppb(bounds["alloy_pct"]) and anions and rare + anions >= to_ppb(bounds["whole_pct"]):
        return frozenset({"compound"})
    return frozenset()
