"""What the goods of a line are, as product code, tariff code, words and composition tell it; none is believed alone.

Evidence comes before words: that goods are worked further than what a control list names is believed of a name only as
far as composition, code, weight and price do not speak against it (`control.goods.claim`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from lodeline.control.declaration import Line
from lodeline.control.goods.claim import Claim, claim_of, kinds_of_code
from lodeline.control.goods.substance import (
    is_ferrite,
    listed_alloy_of,
    magnet_of,
    mixture_of,
    substance_of,
    with_found,
)  # fmt: skip
from lodeline.control.goods.words import Words, read_grade, read_other_elements, read_words, rows
from lodeline.control.rulebook import Rulebook, Tariff, to_ppb
from lodeline.material.composition import Stated
from lodeline.material.element import RARE_EARTHS, TREO
from lodeline.material.product import product_kind

#: Goods for which a control list can name an element; the rest are told apart only so as not to be taken for these.
LISTABLE = ("magnet-ndfeb", "magnet-smco", "magnet", "metal", "alloy", "target", "oxide", "compound")
MAGNETS = ("magnet-ndfeb", "magnet-smco", "magnet")
#: Goods in which rare earths stand in a host of other material, and which a list may name all the same.
WORKED = (
    "phosphor", "crystal", "fibre", "ceramic", "glass", "catalyst", "polish", "flint", "magnetocaloric",
    "magnetostrictive", "getter", "hydrogen-storage", "medicine", "rubber",
)  # fmt: skip
_LISTABLE = frozenset(LISTABLE)
_MAGNETS = frozenset(MAGNETS)
_WORKED = frozenset(WORKED)
_RARE_EARTHS = frozenset(RARE_EARTHS)
_RARE_SHARES = frozenset({*RARE_EARTHS, TREO})
_OF_MAGNETS = frozenset({"ndfeb", "smco", "magnet", "rare-earth", "assembly"})
SHARE_FIELDS = ("composition", "assay_composition")


@cache
def form_labels() -> dict[str, dict[str, str]]:
    """Form → its name in both languages."""
    return {row["form"]: {"en": row["label_en"], "zh": row["label_zh"]} for row in rows("goods_forms")}


@cache
def _families() -> dict[str, str]:
    return {row["form"]: row["family"] for row in rows("goods_forms")}


@cache
def _product_forms() -> dict[str, frozenset[str]]:
    return {row["product"]: frozenset(row["forms"].split("|")) for row in rows("product_forms")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Goods:
    """What a line is about.

    `forms`: all that may be meant, `stated`: column → forms that it tells. `shares`: ppb by element, the laboratory's
    where there is one; an element that is absent is not stated. `share_fields`: the columns that they come from.
    `named`: element → the column that names it. `rare`: of rare earths, or of another element that a list of the day
    names, and then `is_other`. `claim`: that the goods are deeply processed, and what speaks against
    it; None where nothing says so. `is_assembly`: whether that claim stands or is in doubt, and is not refuted.
    """

    forms: frozenset[str]
    stated: Mapping[str, frozenset[str]]
    tariff: Tariff | None
    shares: Mapping[str, int]
    share_fields: tuple[str, ...]
    named: Mapping[str, str]
    words: Words
    grade: str | None
    rare: bool
    claim: Claim | None
    label: Mapping[str, str]
    is_other: bool = False
    #: Of `shares`, what a laboratory found in the goods themselves.
    found: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_assembly(self) -> bool:
        return self.claim is not None and not self.claim.is_refuted

    @property
    def is_magnet(self) -> bool:
        return bool(self.forms & _MAGNETS)

    @property
    def is_composition_stated(self) -> bool:
        """Whether shares of rare earths are stated element by element; a total alone is none."""
        return not _RARE_EARTHS.isdisjoint(self.shares)


def goods_of(line: Line, rules: Rulebook, *, recorded: tuple[Mapping[str, int], str] | None = None) -> Goods:
    """What the goods of a line are, as all its fields tell it.

    `recorded`: shares on record and the column that leads to them, for a line that states no composition of its own.
    """
    words = read_words("" if _is_printed(line) else str(line["product_name"] or ""))
    tariff = rules.tariff_of(line["hs_code"])
    share_fields: tuple[str, ...] = SHARE_FIELDS
    shares = _shares(line, line.composition.shares if line.composition else {}, rules)
    if not shares and line["re_total_pct"]:
        shares, share_fields = {TREO: line["re_total_pct"]}, ("re_total_pct",)
    if recorded is not None and line.composition is None:
        shares, share_fields = _shares(line, recorded[0], rules), (recorded[1], "assay_composition")
    stated = _forms_stated(line, words, tariff, shares, rules)
    claim = claim_of(line, rules, words=words, forms=stated, tariff=tariff, shares=shares)
    named = _named(line, words, tariff, rules)
    # What stands as deeply processed is not the magnet or the oxide that its composition speaks of.
    stands = claim is not None and not claim.is_refuted
    believed = [forms for column, forms in stated.items() if not (stands and column in SHARE_FIELDS)]
    kinds = frozenset(claim.kinds) if claim is not None else frozenset()
    forms = _narrowed(frozenset().union(*believed) | ((words.means | kinds) & _WORKED), shares, rules)
    is_rare = _is_rare(stated, shares, named, words, tariff, is_brand=_is_brand(line, words, rules))
    is_other = not is_rare and any(symbol in named or shares.get(symbol) for symbol in rules.other_elements)
    return Goods(
        forms=forms,
        stated=stated,
        tariff=tariff,
        shares=shares,
        share_fields=share_fields,
        named=named,
        words=words,
        grade=read_grade(f"{line['model'] or ''} {line['product_name'] or ''}"),
        rare=is_rare or is_other,
        claim=claim,
        label=label(forms) if not is_other else plain_label(forms),
        is_other=is_other,
        found=line.assay.shares if line.assay else {},
    )


def _is_printed(line: Line) -> bool:
    """Whether the goods are printed matter: what it speaks of is not in it. What it teaches is looked at elsewhere."""
    return (line["hs_code"] or "").startswith("49") and not (line.composition or line.assay or line["product"])


def _forms_stated(
    line: Line, words: Words, tariff: Tariff | None, shares: Mapping[str, int], rules: Rulebook
) -> dict[str, frozenset[str]]:
    """Column → the forms that it tells; a column that tells none is absent."""
    # A name without a word for its goods, under the code of finished ones: what is stated may be of what they hold.
    is_finished = bool(kinds_of_code(line["hs_code"], rules))
    is_stated = any(shares.get(symbol) for symbol in RARE_EARTHS)
    holds_magnets = bool(words.parts & {"magnet", "ndfeb", "smco", "other-magnet"})
    is_vague = words.is_bare and "vague" in words.means
    is_of_code = (is_finished and (is_stated or is_vague)) or (holds_magnets and bool(line["hs_code"]))
    stated = {
        "product": _product_forms()[product_kind(line["product"])] if line["product"] else frozenset(),
        "hs_code": frozenset(tariff.forms) if tariff else frozenset(),
        "product_name": _forms_of_words(words, tariff, is_of_code=is_of_code, is_elsewhere=is_elsewhere(line, rules)),
    }
    if stated["product_name"] & _MAGNETS and "smco" in read_words(str(line["model"] or "")).means:
        stated["model"] = frozenset({"magnet-smco"})
    called = frozenset().union(*stated.values())
    is_magnetic = bool(called & _MAGNETS)
    found = line.assay.shares if line.assay and line["assay_of"] != "magnet" else {}
    by_laboratory = substance_of(found, rules)
    by_statement = magnet_of(shares, rules, is_magnetic=is_magnetic)
    if not (by_statement or by_laboratory or called & {*_LISTABLE, "ore"}):
        by_statement = substance_of(shares, rules) or listed_alloy_of(shares, rules)
    if not called & {"assembly", "waste", "ore", "target"}:
        by_laboratory = by_laboratory or mixture_of(found, rules)
        if not (by_statement or by_laboratory or called & _LISTABLE):
            by_statement = mixture_of(shares, rules)
    if "waste" in called and not is_magnetic:
        # Scrap of magnets has their composition and is none, unless its code says so, or nothing but metal is in it: by
        # a laboratory, or as stated of scrap whose name speaks of other goods.
        is_hidden = _is_whole(line.composition, rules) and words.means.isdisjoint(_OF_MAGNETS) and not line["product"]
        by_statement = by_statement if is_hidden else by_statement - _MAGNETS
        by_laboratory = by_laboratory if _is_whole(line.assay, rules) else by_laboratory - _MAGNETS
    if "target" in called:
        by_laboratory -= {"metal", "alloy"}
    is_bare_magnet = stated["product_name"] == {"magnet"} and tariff is not None and tariff.forms == ("magnet-other",)
    if is_bare_magnet and is_ferrite(shares, rules):
        stated["product_name"] = frozenset({"magnet-other"})
    stated |= {"composition": by_statement, "assay_composition": by_laboratory}
    return {column: forms for column, forms in stated.items() if forms}


def _is_whole(content: Stated | None, rules: Rulebook) -> bool:
    """Whether a composition is of metals alone: swarf, which has burnt and holds what cut it, is more than these."""
    bounds = rules.parameter("desk-bounds")
    if content is None or bounds is None:
        return False
    metals = content.sum_ppb - sum(content.shares.get(symbol, 0) for symbol in ("O", "C", "H", "N"))
    return metals >= to_ppb(bounds["substance"]["whole_pct"])


def _named(line: Line, words: Words, tariff: Tariff | None, rules: Rulebook) -> dict[str, str]:
    """Element → the column that names it; what a laboratory looked for and did not find is not named."""
    named = {} if _is_brand(line, words, rules) else dict.fromkeys(words.elements, "product_name")
    if line["product"]:
        named |= {symbol: "product" for symbol in RARE_EARTHS if line["product"].partition(":")[2] == symbol}
    if tariff and len(tariff.elements) == 1:
        named |= {tariff.elements[0]: "hs_code"}
    if rules.other_elements:
        others = read_other_elements(str(line["product_name"] or ""), rules.other_elements)
        named |= {symbol: "product_name" for symbol in others if symbol not in named}
    found = line.assay.shares if line.assay else {}
    return {symbol: column for symbol, column in named.items() if found.get(symbol) != 0}


def _is_rare(
    stated: Mapping[str, frozenset[str]], shares: Mapping[str, int], named: Mapping[str, str], words: Words,
    tariff: Tariff | None, *, is_brand: bool,
) -> bool:  # fmt: skip
    return (
        any(share and symbol in _RARE_SHARES for symbol, share in shares.items())
        or bool(not _RARE_EARTHS.isdisjoint(named) or (words.means & {"ndfeb", "smco", "rare-earth"} and not is_brand))
        or bool(tariff and tariff.rare)
        or bool(stated.get("product", frozenset()) - {"assembly", "magnet-other"})
    )


def forms_of_product(product: str | None) -> frozenset[str]:
    """The forms that a product code of the taxonomy may stand for; empty where none is known."""
    return _product_forms().get(product_kind(product), frozenset()) if product else frozenset()


@cache
def label(forms: frozenset[str]) -> Mapping[str, str]:
    """The names of some forms, in both languages."""
    return _joined([form_labels()[form] for form in form_labels() if form in forms])


@cache
def plain_label(forms: frozenset[str]) -> Mapping[str, str]:
    """The same of goods that are no rare earths: metal, not rare-earth metal."""
    return _joined(
        [
            {"en": row["plain_en"] or row["label_en"], "zh": row["plain_zh"] or row["label_zh"]}
            for row in rows("goods_forms")
            if row["form"] in forms
        ]
    )


def _joined(names: list[dict[str, str]]) -> Mapping[str, str]:
    return {
        "en": " or ".join(one["en"] for one in names) or "goods of no form told",
        "zh": "或".join(one["zh"] for one in names) or "未说明形态的货物",
    }


def agree(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two fields can be speaking of the same goods."""
    kinds = {"magnet-ndfeb", "magnet-smco"}
    if one & kinds and other & kinds and "magnet" not in one | other:
        return bool(one & other)
    return bool({_families()[form] for form in one} & {_families()[form] for form in other})


def _shares(line: Line, declared: Mapping[str, int], rules: Rulebook) -> dict[str, int]:
    """The composition that is declared or on record, replaced by what a laboratory found."""
    if line.assay and line["assay_of"] == "magnet" != line["composition_of"]:
        return {**declared, **line.assay.shares}
    return with_found(declared, line.assay, rules)


def is_elsewhere(line: Line, rules: Rulebook) -> bool:
    """Whether the code is of goods that have nothing to do with metals, chemicals or machines: food, cloth, furniture.

    There a word alone is a brand or a colour; whoever hides goods there does not name them.
    """
    bounds = rules.parameter("desk-bounds")
    return bounds is not None and (line["hs_code"] or "").startswith(tuple(bounds["elsewhere"]))


def _is_brand(line: Line, words: Words, rules: Rulebook) -> bool:
    """Whether what a name says of rare earths is said of socks, and of nothing that is stated or found."""
    return is_elsewhere(line, rules) and not (words.heads or line.composition or line.assay)


def _forms_of_words(words: Words, tariff: Tariff | None, *, is_of_code: bool, is_elsewhere: bool) -> frozenset[str]:
    """The forms that a name tells. Where it has no word for them: `is_of_code`, the code is of finished goods;
    `is_elsewhere`, of goods of other trades.
    """
    means, heads = words.means, words.heads
    if "waste" in means:
        return frozenset({"waste"})
    kinds = {f"magnet-{kind}" for kind in ("ndfeb", "smco") if kind in means}
    if tariff and not kinds and "other-magnet" in means and "magnet-other" in tariff.forms:
        return frozenset({"magnet-other"})
    if not heads:
        if is_of_code and tariff is None:
            return frozenset({"assembly"})
        if is_elsewhere:
            return frozenset()
        heads = means - {"assembly", "worked"}
    forms = heads & {"target", "oxide", "compound", "alloy", "metal", "ore", "assembly"}
    if "worked" in heads:
        forms |= {"assembly"}
    if heads & {"magnet", "other-magnet", "ndfeb", "smco"}:
        if "other-magnet" in means and not kinds:
            return frozenset(forms | {"magnet-other"})
        return frozenset(forms | (kinds or {"magnet"}))
    # "Metal for NdFeB" is metal; an alloy of that name is what magnets are made of.
    return frozenset(forms | kinds if "alloy" in forms and "assembly" not in forms else forms)


def _narrowed(forms: frozenset[str], shares: Mapping[str, int], rules: Rulebook) -> frozenset[str]:
    """Without the general form where a particular one is told; without `assembly`, which is judged by itself."""
    if forms & {"magnet-ndfeb", "magnet-smco"}:
        forms -= {"magnet"}
    if {"metal", "alloy"} <= forms:
        # Metal for alloys is metal, and an ingot of a listed alloy that alloy; else nothing says which is meant.
        if substance_of(shares, rules) == {"metal"}:
            forms -= {"alloy"}
        elif listed_alloy_of(shares, rules):
            forms -= {"metal"}
    return forms - {"assembly"}
