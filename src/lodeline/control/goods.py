"""What the goods of a line are, as product code, tariff code, words and composition tell it; none is believed alone.

Words are those of `data/reference/goods_words.csv`; what a tariff code stands for comes from the law pack.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from lodeline.control.declaration import Line
from lodeline.control.rulebook import Rulebook, Tariff, to_ppb
from lodeline.material.element import ELEMENTS, RARE_EARTHS, TREO
from lodeline.material.product import product_kind

#: Goods for which a control list can name an element; the rest are told apart only so as not to be taken for these.
LISTABLE = ("magnet-ndfeb", "magnet-smco", "magnet", "metal", "alloy", "target", "oxide", "compound")
MAGNETS = ("magnet-ndfeb", "magnet-smco", "magnet")
_MAGNETS = frozenset(MAGNETS)
_RARE_EARTHS = frozenset(RARE_EARTHS)
_RARE_SHARES = frozenset({*RARE_EARTHS, TREO})
SHARE_FIELDS = ("composition", "assay_composition")


def _rows(table: str) -> list[dict[str, str]]:
    text = (files("lodeline") / f"data/reference/{table}.csv").read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def form_labels() -> dict[str, dict[str, str]]:
    """Form → its name in both languages."""
    return {row["form"]: {"en": row["label_en"], "zh": row["label_zh"]} for row in _rows("goods_forms")}


@cache
def _families() -> dict[str, str]:
    return {row["form"]: row["family"] for row in _rows("goods_forms")}


@cache
def _product_forms() -> dict[str, frozenset[str]]:
    return {row["product"]: frozenset(row["forms"].split("|")) for row in _rows("product_forms")}


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    """What words mean → one pattern of all that mean it."""
    found: dict[str, list[str]] = {}
    for row in _rows("goods_words"):
        found.setdefault(row["means"], []).append(row["pattern"])
    return {means: re.compile("|".join(f"(?:{one})" for one in patterns)) for means, patterns in found.items()}


@cache
def _grade_pattern() -> re.Pattern[str]:
    """A grade such as N45SH whose letters suggest heavy rare earths; without its N only if the letters are two."""
    heavy = sorted((row["suffix"] for row in _rows("magnet_grades") if row["suggests_heavy"] == "yes"), key=len)
    pairs = "|".join(suffix for suffix in heavy if len(suffix) > 1)
    return re.compile(
        rf"(?<![A-Za-z0-9])(?:N[-\s]?[2-5][0-9](?:{'|'.join(heavy[::-1])})|[2-5][0-9](?:{pairs}))(?![A-Za-z0-9])"
    )


@cache
def _element_patterns() -> dict[str, re.Pattern[str]]:
    """Element → how its name, Chinese name, symbol of two letters or oxide formula stands in a text."""
    found = {}
    called = [ELEMENTS[symbol].name_en.lower() for symbol in RARE_EARTHS]
    for symbol in RARE_EARTHS:
        element = ELEMENTS[symbol]
        name = element.name_en.lower()
        # Ytterbium holds the name of terbium, and both that of erbium: behind a letter it is the longer one.
        is_held = any(name in other for other in called if other != name)
        names = [rf"(?i:(?<![a-z]){name})" if is_held else rf"(?i:{name})", element.name_zh]
        if element.oxide:
            names.append(rf"(?<![A-Za-z]){element.oxide}")
        if len(symbol) == 2:
            # Case matters: "Er" and "Ho" are symbols, "er" and "ho" are not. NdFeB and SmCo are words of their own.
            names.append(rf"(?<![A-Z]){symbol}(?![a-z])")
        found[symbol] = re.compile("|".join(names))
    return found


@cache
def _any_element() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern.pattern})" for pattern in _element_patterns().values()))


_AND = r"(?:or|and|nor|,|/|、|和|或|及|与)"
#: "without dysprosium or", "不含镝、" before an element; "/Tb-free" behind it.
_NEGATED_BEFORE = re.compile(
    r"(?i)(?:without|free of|free from|\bno|\bnon|zero|not contain(?:ing)?|不含有?|无|未添加|不添加|零)[\s-]*"
    rf"(?:(?:[a-z]{{1,12}}|[\u3400-\u9fff])\s*{_AND}\s*){{0,4}}$"
)
_NEGATED_AFTER = re.compile(rf"(?i)^(?:\s*{_AND}\s*[a-z]{{1,12}}){{0,4}}[\s-]*free\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a text says: `means` of `goods_words.csv`, `elements` that it names (but for those it denies)."""

    means: frozenset[str]
    elements: frozenset[str]


#: A figure that stands by itself: a size, a count, a number of a series. No pattern of goods begins with a figure.
_FIGURE = re.compile(r"(?:^|(?<=[ ,;:()/]))[0-9]+", re.ASCII)


def read_words(text: str) -> Words:
    """What the words of a text mean, in English and Chinese."""
    # Names that differ in figures alone mean the same, and are read once; the length stays, for denials are looked for
    # within so many characters.
    return _read_words(_FIGURE.sub(_noughts, text))


def _noughts(match: re.Match[str]) -> str:
    return "0" * (match.end() - match.start())


@lru_cache(maxsize=65_536)
def _read_words(text: str) -> Words:
    # Characters of no width part a word for a program and not for a reader.
    shown = text if text.isascii() else "".join(one for one in text if unicodedata.category(one) != "Cf")
    plain = unicodedata.normalize("NFKC", shown)
    folded = plain.lower()
    means = frozenset(what for what, pattern in _patterns().items() if pattern.search(folded))
    elements = {
        symbol
        for symbol, pattern in _possible_elements(plain, folded)
        if any(not _is_denied(plain, match) for match in pattern.finditer(plain))
    }
    return Words(means=means, elements=frozenset(elements))


def _possible_elements(plain: str, folded: str) -> Iterable[tuple[str, re.Pattern[str]]]:
    """The elements that a text may name; most name none, and one look tells."""
    if not _any_element().search(plain):
        return ()
    patterns = _element_patterns().items()
    if not plain.isascii():
        return patterns
    # A formula begins with the symbol.
    return [one for one in patterns if one[0] in plain or ELEMENTS[one[0]].name_en.lower() in folded]


def _is_denied(text: str, match: re.Match[str]) -> bool:
    before, after = text[max(0, match.start() - 60) : match.start()], text[match.end() : match.end() + 60]
    return bool(_NEGATED_BEFORE.search(before) or _NEGATED_AFTER.search(after))


@lru_cache(maxsize=65_536)
def read_grade(text: str) -> str | None:
    """The first grade in a text whose letters suggest heavy rare earths."""
    match = _grade_pattern().search(unicodedata.normalize("NFKC", text))
    return match[0] if match else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Goods:
    """What a line is about.

    `forms`: all that may be meant, `told`: column → forms that it tells. `shares`: ppb by element, the laboratory's
    where there is one; an element that is absent is not stated. `share_fields`: the columns that they come from.
    `named`: element → the column that names it.
    """

    forms: frozenset[str]
    told: Mapping[str, frozenset[str]]
    tariff: Tariff | None
    shares: Mapping[str, int]
    share_fields: tuple[str, ...]
    named: Mapping[str, str]
    words: Words
    grade: str | None
    rare: bool
    is_assembly: bool
    label: Mapping[str, str]

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
    words = read_words(str(line["product_name"] or ""))
    tariff = rules.tariff_of(line["hs_code"])
    shares, share_fields = _shares(line), SHARE_FIELDS
    if recorded is not None and line.composition is None:
        shares, share_fields = {**recorded[0], **shares}, (recorded[1], "assay_composition")
    told = {
        "product": _product_forms()[product_kind(line["product"])] if line["product"] else frozenset(),
        "hs_code": frozenset(tariff.forms) if tariff else frozenset(),
        "product_name": _forms_of_words(words),
    }
    magnetic = any("magnet" in forms or forms & _MAGNETS for forms in told.values())
    # Scrap of magnets has their composition and is none, unless its code says so.
    if magnetic or not any("waste" in forms for forms in told.values()):
        told["composition"] = _forms_of_composition(shares, rules, magnetic)
    told = {column: forms for column, forms in told.items() if forms}
    named = dict.fromkeys(words.elements, "product_name")
    if line["product"]:
        named |= {symbol: "product" for symbol in RARE_EARTHS if line["product"].partition(":")[2] == symbol}
    if tariff and len(tariff.elements) == 1:
        named |= {tariff.elements[0]: "hs_code"}
    rare = (
        any(share and symbol in _RARE_SHARES for symbol, share in shares.items())
        or bool(named or words.means & {"ndfeb", "smco", "rare-earth"})
        or bool(tariff and tariff.rare)
        or bool(told.get("product", frozenset()) - {"assembly", "magnet-other"})
    )
    forms = _narrowed(frozenset().union(*told.values()))
    return Goods(
        forms=forms,
        told=told,
        tariff=tariff,
        shares=shares,
        share_fields=share_fields,
        named=named,
        words=words,
        grade=read_grade(f"{line['model'] or ''} {line['product_name'] or ''}"),
        rare=rare,
        is_assembly="assembly" in told.get("product", told.get("product_name", frozenset())),
        label=label(forms),
    )


def forms_of_product(product: str | None) -> frozenset[str]:
    """The forms that a product code of the taxonomy may stand for; empty where none is known."""
    return _product_forms().get(product_kind(product), frozenset()) if product else frozenset()


def label(forms: Iterable[str]) -> Mapping[str, str]:
    """The names of some forms, in both languages."""
    return _label(frozenset(forms))


@cache
def _label(forms: frozenset[str]) -> Mapping[str, str]:
    names = [form_labels()[form] for form in form_labels() if form in forms]
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


def _shares(line: Line) -> dict[str, int]:
    """The declared composition, replaced element by element by what a laboratory found."""
    declared = line.composition.shares if line.composition else {}
    return {**declared, **(line.assay.shares if line.assay else {})}


def _forms_of_words(words: Words) -> frozenset[str]:
    means = words.means
    if "waste" in means:
        return frozenset({"waste"})
    forms = means & {"target", "oxide", "compound", "alloy", "metal", "waste", "ore", "assembly"}
    kinds = {f"magnet-{kind}" for kind in ("ndfeb", "smco") if kind in means}
    if "other-magnet" in means and not kinds:
        return frozenset({"magnet-other"})
    if kinds and ("magnet" in means or not forms):
        return frozenset(forms | kinds)
    if "magnet" in means:
        return frozenset(forms | {"magnet"})
    return frozenset(forms | kinds)


def _forms_of_composition(shares: Mapping[str, int], rules: Rulebook, magnetic: bool) -> frozenset[str]:
    """NdFeB or Sm–Co by what is in it: a magnet's rare earth tells; other goods must hold cobalt or boron as well."""
    bounds = rules.parameter("desk-bounds")
    if bounds is None or not shares:
        return frozenset()
    smco, ndfeb = bounds["smco"], bounds["ndfeb"]
    has_samarium = shares.get("Sm", 0) >= to_ppb(smco["Sm"])
    has_cobalt = shares.get("Co", 0) >= to_ppb(smco["Co"])
    if has_samarium and (has_cobalt or (magnetic and not is_of_iron(shares, rules))):
        return frozenset({"magnet-smco"})
    light = sum(shares.get(symbol, 0) for symbol in ndfeb["light"])
    if light >= to_ppb(ndfeb["at_least"]) and (magnetic or shares.get("B", 0) > 0):
        return frozenset({"magnet-ndfeb"})
    return frozenset()


def is_of_iron(shares: Mapping[str, int], rules: Rulebook) -> bool:
    """Whether a composition tells iron and little cobalt: what holds samarium then is no samarium-cobalt."""
    bounds = rules.parameter("desk-bounds")
    if bounds is None:
        return False
    smco = bounds["smco"]
    return shares.get("Fe", 0) >= to_ppb(smco["iron"]) and shares.get("Co", 0) < to_ppb(smco["Co"])


def _narrowed(forms: frozenset[str]) -> frozenset[str]:
    """Without the general form where a particular one is told; without `assembly`, which is judged by itself."""
    if forms & {"magnet-ndfeb", "magnet-smco"}:
        forms -= {"magnet"}
    return forms - {"assembly"}
