"""The claim that goods are worked further than what a control list names, and what speaks against it.

A laboratory that finds the whole goods to be a magnet, a metal, an alloy, a nearly pure oxide or a compound refutes it,
and so does the tariff code of a material: the goods are then judged as that. What is only stated may be of the magnet
inside, so it puts the claim in doubt; so do the lot's or model's own record, and a price, weight or code that does not
fit. The bounds are those of `desk-bounds`; which goods are in general not controlled is told by `deeply-processed`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from lodeline.control.declaration import Line
from lodeline.control.goods.price import unit_value
from lodeline.control.goods.substance import is_pure, substance_of
from lodeline.control.goods.words import Words, read_words
from lodeline.control.rulebook import Rulebook, Tariff, to_ppb
from lodeline.material.element import RARE_EARTHS
from lodeline.material.mass import MG_PER_KG, PPB_PER_PERCENT, format_kg

#: What an article is that no table has a word for, and that is said to hold a magnet.
ARTICLE = "article"
_ANY_PRICE = {"low": 0, "high": "Infinity"}
#: Kinds of which the ministry's answer does not speak, and which no list of the day names but in so many words.
OTHER_KINDS = frozenset({"ceramic", "crystal", "glass", "fibre", "polish", "flint", "medicine", "rubber"})
#: Of these nothing is believed where they hold a listed element: it may be the list's mixture.
_COMPOUNDED = frozenset({"medicine", "rubber"})
_MAGNETS = frozenset({"magnet-ndfeb", "magnet-smco"})
_OF_MAGNETS = frozenset({"magnet", "ndfeb", "smco"})
#: Kinds that are no pieces.
_POWDERS = frozenset({"catalyst", "phosphor", "polish", "ceramic", "glass"})
_NOT_PIECES = _POWDERS | OTHER_KINDS
#: Words that no part of a motor or a sensor is called by.
_MATERIALS = frozenset({"metal", "alloy", "target", "oxide", "compound"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """What speaks against a claim: a code of the vocabulary of reasons, the columns it rests on, and its facts."""

    code: str
    columns: tuple[str, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """`kinds`: what the goods are called, as `goods_words.csv` has it; `is_refuted`: they are judged as a material."""

    kinds: tuple[str, ...]
    is_refuted: bool
    doubts: tuple[Doubt, ...]


def claim_of(
    line: Line, rules: Rulebook, *, words: Words, forms: Mapping[str, frozenset[str]], tariff: Tariff | None,
    shares: Mapping[str, int],
) -> Claim | None:  # fmt: skip
    """The claim that a line makes by its product code, or else by its name; None where it makes none.

    `shares`: those of the line with the laboratory's and, where it states none, those on record.
    """
    called = forms.get("product", forms.get("product_name", frozenset()))
    if "assembly" not in called:
        return None
    kinds = words.kinds or kinds_of_code(line["hs_code"], rules) or (ARTICLE,)
    if not _COMPOUNDED.isdisjoint(kinds):
        is_named = words.elements & _listed_elements(rules) and (words.means & _MATERIALS or "rubber" in kinds)
        is_theirs = _fits(line["hs_code"], kinds, rules)
        # Under other codes it is a word within a name: rubber boots, a tablet computer.
        kinds = kinds if is_theirs else kinds_of_code(line["hs_code"], rules)
        if not kinds or (is_theirs and (is_named or _listed(shares, rules))):
            return None
    is_named_otherwise = bool(called - {"assembly"}) or _is_named_otherwise(words, forms)
    is_of_material = tariff is not None and not _fits(line["hs_code"], kinds, rules)
    doubts = []
    if is_named_otherwise or is_of_material:
        doubts.append(Doubt(code="deeply-processed.doubtful", columns=("product", "product_name", "hs_code")))
    found = _listed(line.assay.shares, rules) if line.assay and line["assay_of"] != "magnet" else {}
    is_found_material = bool(found) and "assay_composition" in forms
    if is_found_material:
        doubts.append(_evidence("deeply-processed.refuted", "assay_composition", found))
    elif "assay_composition" in forms or sum(found.values()) >= _bound(rules, "listed_pct"):
        doubts.append(
            _evidence("deeply-processed.contradicted", "assay_composition", line.assay.shares if line.assay else {})
        )
    own = _listed(line.composition.shares, rules) if line.composition and line["composition_of"] == "goods" else {}
    # Magnets that the name speaks of, and a composition that is said to be of the whole goods: nothing is mounted.
    is_stated_material = bool(own) and "composition" in forms and not _OF_MAGNETS.isdisjoint(words.means)
    if is_stated_material:
        doubts.append(_evidence("deeply-processed.refuted", "composition", own))
    is_refuted = is_named_otherwise or is_of_material or is_found_material or is_stated_material
    if not is_refuted:
        doubts += _in_doubt(line, words, shares, kinds, rules)
    return Claim(kinds=kinds, is_refuted=is_refuted, doubts=tuple(doubts))


def _is_named_otherwise(words: Words, forms: Mapping[str, frozenset[str]]) -> bool:
    """A product code of deeply processed goods, and a name that tells a material and nothing mounted."""
    named = forms.get("product_name", frozenset())
    return bool(named) and "assembly" not in named and bool(words.heads)


def _in_doubt(
    line: Line, words: Words, shares: Mapping[str, int], kinds: tuple[str, ...], rules: Rulebook
) -> Iterator[Doubt]:  # fmt: skip
    whole = _of_the_whole(line, shares)
    rare = sum(whole.get(symbol, 0) for symbol in RARE_EARTHS)
    # What states its rare earths alone does not say of what it is; pieces hold less of them than their magnets.
    is_too_rich = rare >= _bound(rules, "rare_in_pieces_pct") and _NOT_PIECES.isdisjoint(kinds)
    if _listed(whole, rules) and (is_too_rich or substance_of(whole, rules)):
        column = "composition" if line.composition is not None else "lot" if line["lot"] else "model"
        yield _evidence("deeply-processed.contradicted", column, whole)
    elif not _NOT_PIECES.isdisjoint(kinds) and is_pure(whole, rules):
        # Nearly pure oxide, metal or compound of rare earths is that, whatever it polishes, colours or carries.
        yield _evidence("deeply-processed.contradicted", "composition", whole)
    inside = {**_shares_of("composition", line), **_shares_of("assay_composition", line)}
    if _listed(inside, rules) and (found := substance_of(inside, rules)) and not found <= _MAGNETS:
        # What is said to be of the magnet inside is no magnet's.
        yield _evidence("deeply-processed.contradicted", "composition", inside)
    if words.parts & _MATERIALS and words.elements & _listed_elements(rules):
        yield _evidence("deeply-processed.contradicted", "product_name", dict.fromkeys(sorted(words.elements), 0))
    yield from _unfit(line, words, kinds, rules)


def _shares_of(column: str, line: Line) -> Mapping[str, int]:
    """The shares of a column where they are said to be of the magnet inside."""
    measured_on = "composition_of" if column == "composition" else "assay_of"
    stated = line[column]
    return stated.shares if stated is not None and line[measured_on] == "magnet" else {}


def _of_the_whole(line: Line, shares: Mapping[str, int]) -> Mapping[str, int]:
    """What is known of the content of the whole goods: not what is said to be of the magnet inside."""
    is_of_magnet = line["assay_of"] == "magnet"
    if line["composition_of"] == "magnet":
        return line.assay.shares if line.assay and not is_of_magnet else {}
    if line.assay is None or not is_of_magnet:
        return shares
    if line.composition:
        return line.composition.shares
    return {symbol: share for symbol, share in shares.items() if symbol not in line.assay.shares}


def _evidence(code: str, column: str, shares: Mapping[str, int]) -> Doubt:
    shown = ", ".join(
        f"{symbol} {Decimal(share) / PPB_PER_PERCENT:.4g} %" if share else symbol
        for symbol, share in shares.items()
        if symbol in RARE_EARTHS
    )
    return Doubt(code=code, columns=(column, "product_name"), facts={"content": shown})


def _listed(shares: Mapping[str, int], rules: Rulebook) -> dict[str, int]:
    """The shares of elements that a list of the day names, or one of which no text tells whether it is in force."""
    known = _listed_elements(rules)
    return {symbol: share for symbol, share in shares.items() if share and symbol in known}


def _listed_elements(rules: Rulebook) -> frozenset[str]:
    return frozenset({*rules.items_by_element, *rules.unknown_by_element})


def _bound(rules: Rulebook, name: str) -> int:
    bounds = rules.parameter("desk-bounds")
    return to_ppb(bounds["processed"][name]) if bounds else 0


# Whether code, price and weight fit what the goods are called.


def _usual(kinds: tuple[str, ...], rules: Rulebook) -> list[Mapping[str, Any]]:
    """What is usual of goods of these kinds; of a kind that the pack does not know, what is of an article."""
    rows: dict[str, Mapping[str, Any]] = {row["kind"]: row for row in rules.parameter("desk-processed-goods") or ()}
    return [rows.get(kind, rows[ARTICLE]) for kind in kinds] if rows else []


def kinds_of_code(hs_code: str | None, rules: Rulebook) -> tuple[str, ...]:
    """The kind of finished goods that a code tells where the name has no word for them: machines, phosphors."""
    rows = rules.parameter("desk-processed-goods") or ()
    return tuple([row["kind"] for row in rows if (hs_code or "").startswith(tuple(row.get("told_by", ())))])


def _fits(hs_code: str | None, kinds: tuple[str, ...], rules: Rulebook) -> bool:
    """Whether a code is one under which goods of these kinds are declared."""
    codes = tuple(code for row in _usual(kinds, rules) for code in row["codes"])
    return not codes or (hs_code or "").startswith(codes)


def _unfit(line: Line, words: Words, kinds: tuple[str, ...], rules: Rulebook) -> Iterator[Doubt]:
    """A name alone that claims an exclusion which code, price or weight do not fit."""
    if line["hs_code"] and not _fits(line["hs_code"], kinds, rules):
        yield Doubt(
            code="deeply-processed.code", columns=("hs_code", "product_name"), facts={"hs_code": line["hs_code"]}
        )
    per_kg = unit_value(line, rules)
    spans = [row.get("price_usd_per_kg", _ANY_PRICE) for row in _usual(kinds, rules)] or [_ANY_PRICE]
    low, high = min(Decimal(str(one["low"])) for one in spans), max(Decimal(str(one["high"])) for one in spans)
    if per_kg is not None and not low <= per_kg <= high:
        yield Doubt(
            code="deeply-processed.price", columns=("value", "mass_kg", "product_name"),
            facts={"unit_value": f"{per_kg:.2f}", "currency": "USD", "low": low, "high": high},
        )  # fmt: skip
    if "bulk" in words.means and _POWDERS.isdisjoint(kinds):
        yield Doubt(code="deeply-processed.bulk", columns=("product_name",))
    if not words.is_bare or line["model"] or not _NOT_PIECES.isdisjoint(kinds):
        return
    if "pieces" in words.means | read_words(str(line["note"] or "")).means:
        return
    # One word and a weight: of so much, or in so heavy a parcel, nobody can tell what it is.
    limits = [one for row in _usual(kinds, rules) for one in row.get("mass_kg_most", ())]
    if "courier" in read_words(str(line["transport"] or "")).means:
        limits += [{"kg": row["parcel_kg"]} for row in _usual((ARTICLE,), rules)]
    for one in limits:
        is_cheap = "below_usd_per_kg" not in one or (per_kg is not None and per_kg < one["below_usd_per_kg"])
        if (line["mass_kg"] or 0) >= one["kg"] * MG_PER_KG and is_cheap:
            yield Doubt(
                code="deeply-processed.weight", columns=("mass_kg", "product_name"),
                facts={"mass_kg": format_kg(line["mass_kg"]), "most_kg": one["kg"]},
            )  # fmt: skip
            return
