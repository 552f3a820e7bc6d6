"""What the columns, codes and products of a filing are called: on every page, and by the files that use these words.

The names of the format stay those of the file; whatever a page shows is understood in a file too, in both languages.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

from lodeline.filing.schema import COLUMNS, MASS_COLUMNS
from lodeline.language import LANGUAGES, Text, text
from lodeline.material.element import RARE_EARTHS
from lodeline.material.product import PRODUCTS, product_kind
from lodeline.tables import table_rows

LABELS: Final[Mapping[str, Text]] = {
    "event": text("Event", context="filing, labels"),
    "kind": text("Kind", context="filing"),
    "on": text("On", context="filing"),
    "site": text("Site"),
    "role": text("In or out"),
    "lot": text("Lot"),
    "product": text("Product"),
    "mass_kg": text("Mass", context="filing"),
    "mass_t": text("Mass", context="filing"),
    "mass_g": text("Mass", context="filing"),
    "moisture_pct": text("Moisture"),
    "composition": text("Composition, %"),
    "composition_status": text("Composition is"),
    "basis": text("Composition stated as"),
    "method": text("Method", context="filing"),
    "model": text("Model"),
    "pieces": text("Pieces"),
    "origin_kind": text("Kind of origin"),
    "origin_place": text("Place of origin"),
    "owner": text("Owner", context="filing"),
    "counterparty": text("Counterparty, by id"),
    "counterparty_name": text("Counterparty", context="filing"),
    "counterparty_other_name": text("Its other name", context="filing"),
    "counterparty_country": text("Its country"),
    "to_site": text("To own site"),
    "location": text("Location"),
    "reference": text("Their event"),
    "document": text("Document", context="filing"),
    "document_kind": text("Kind of document"),
    "value": text("Value", context="filing"),
    "currency": text("Currency"),
    "declaration": text("Declaration", context="filing"),
    "hs_code": text("HS code"),
    "control_item": text("Control item", context="filing"),
    "licence": text("Licence", context="filing"),
    "destination": text("Destination", context="filing"),
    "end_user_name": text("End user"),
    "end_user_country": text("Country of end user"),
    "end_use": text("End use"),
    "port": text("Port"),
    "run": text("Run", context="filing"),
    "reason": text("Reason", context="filing"),
    "note": text("Note", context="filing"),
}
assert set(LABELS) == {column.name for column in COLUMNS} | set(MASS_COLUMNS), "every column has its label"
UNITS: Final[Mapping[str, Text]] = {
    "mass_kg": text("kg"),
    "mass_t": text("t"),
    "mass_g": text("g"),
    "moisture_pct": text("%"),
}
KINDS: Final[Mapping[str, Text]] = {
    "origin": text("origin", context="filing"),
    "transformation": text("transformation"),
    "shipment": text("shipment"),
    "receipt": text("receipt"),
    "title": text("title"),
    "export": text("export"),
    "stock": text("stock count"),
    "loss": text("loss", context="filing"),
    "adjustment": text("adjustment"),
    "void": text("withdrawal"),
}
#: Column → code → its word, of every column that has choices.
CODES: Final[Mapping[str, Mapping[str, Text]]] = {
    "kind": KINDS,
    "role": {"in": text("in"), "out": text("out"), "waste": text("waste")},
    "origin_kind": {
        "mined": text("mined", context="filing"),
        "by-product": text("by-product", context="filing"),
        "imported": text("imported", context="filing"),
        "secondary": text("secondary", context="filing"),
        "opening": text("opening stock", context="filing"),
    },
    "composition_status": {
        "measured": text("measured", context="filing"),
        "certificate": text("certificate", context="filing"),
        "recipe": text("recipe", context="filing"),
        "unknown": text("unknown", context="filing"),
    },
    "basis": {
        "element": text("elements", context="filing"),
        "oxide": text("oxides", context="filing"),
        "reo-share": text("shares of TREO", context="filing"),
    },
    "document_kind": {
        "invoice-special": text("special VAT invoice", context="filing"),
        "invoice-ordinary": text("ordinary invoice", context="filing"),
        "contract": text("contract", context="filing"),
        "declaration": text("customs declaration", context="filing"),
        "other": text("other", context="filing"),
    },
}
assert {name: set(codes) for name, codes in CODES.items()} == {
    column.name: set(column.choices) for column in COLUMNS if column.choices
}, "every code has its word"
#: Kind of product → its word, to which a product adds of what it is.
PRODUCT_NAMES: Final[Mapping[str, Text]] = {
    "ore": text("ore"),
    "concentrate": text("concentrate"),
    "mixed-compound": text("mixed compound"),
    "oxide": text("oxide"),
    "salt": text("salt"),
    "metal": text("metal"),
    "alloy": text("alloy"),
    "strip-cast": text("strip-cast flake"),
    "powder": text("powder"),
    "block": text("block"),
    "magnet-ndfeb": text("NdFeB magnet"),
    "magnet-smco": text("SmCo magnet"),
    "magnet-other": text("other magnet"),
    "target": text("target"),
    "swarf": text("swarf"),
    "slag": text("slag"),
    "scrap-eol": text("end-of-life scrap"),
    "residue": text("residue"),
    "assembly": text("assembly"),
}

_DROPPED = str.maketrans("", "", "_()[]-")
#: Kinds of product that are named with what they are of: "oxide" alone may be any.
_OF_ELEMENTS: Final = frozenset({"oxide", "salt", "metal", "alloy"})
#: What a product may be of, as PrNd or DyFe.
_ELEMENTS: Final = re.compile(f"(?:{'|'.join((*RARE_EARTHS, 'B', 'Fe', 'Co'))})+")


def folded(name: str) -> str:
    """What of a word is compared: `净重（千克）` and `净重千克`, `Mass_KG` and `mass (kg)` are the same."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().translate(_DROPPED).split())


def header_words(labels: Mapping[str, Text]) -> dict[str, str]:
    """Label, in each language → column; a label that two columns share names none."""
    words = [(label[language], name) for name, label in labels.items() for language in LANGUAGES]
    owners = Counter(word for word, _ in set(words))
    return {word: name for word, name in words if owners[word] == 1}


def filing_header_words() -> dict[str, str]:
    """`header_words` of a filing, where the unit distinguishes masses: `Mass kg`, `净重 吨`."""
    with_unit = {
        f"{LABELS[name][language]} {unit[language]}": name for name, unit in UNITS.items() for language in LANGUAGES
    }
    return header_words(LABELS) | with_unit


@cache
def code_words(column: str) -> dict[str, str]:
    """Folded word or code → code of a column that has choices; words are those of pages and of the format's guide."""
    codes = CODES[column]
    guide = next(row["description_zh"] for row in table_rows("reference/columns.csv") if row["name"] == column)
    words = {word: code for code, word in re.findall(r"([a-z-]+)\s*([\u4e00-\u9fff]+)", guide) if code in codes}
    words |= {labels[language]: code for code, labels in codes.items() for language in LANGUAGES}
    return {folded(word): code for word, code in words.items()} | {folded(code): code for code in codes}


@cache
def product_by_name() -> dict[str, str]:
    """Name of a kind of product in lower case → the kind; a name that two kinds share is absent."""
    named = [(word.lower(), kind) for kind, words in PRODUCT_NAMES.items() for word in _names(kind, words)]
    owners = Counter(word for word, _ in set(named))
    return {word: kind for word, kind in named if owners[word] == 1}


def _names(kind: str, words: Text) -> Iterable[str]:
    return (words["en"], words["zh"], PRODUCTS[kind].name_en, PRODUCTS[kind].name_zh)


def product_words(code: str) -> Text:
    """`oxide:PrNd` → PrNd oxide, PrNd氧化物; what the taxonomy does not have is shown as filed."""
    kind, of = product_kind(code), code.partition(":")[2]
    if kind not in PRODUCT_NAMES:
        return {"en": code, "zh": code}
    words = PRODUCT_NAMES[kind]
    return words if not of else {"en": f"{of} {words['en']}", "zh": f"{of}{words['zh']}"}


def product_code(name: str) -> str | None:
    """The code that a name in words means, as `product_words` writes it: PrNd氧化物 → `oxide:PrNd`; None for others."""
    plain = " ".join(name.split())
    known = product_by_name()
    if known.get(plain.lower(), "oxide") not in _OF_ELEMENTS:
        return known[plain.lower()]
    for word, kind in known.items():
        of = plain[: -len(word)].strip() if plain.lower().endswith(word) else ""
        if kind in _OF_ELEMENTS and _ELEMENTS.fullmatch(of):
            return f"{kind}:{of}"
    return None
