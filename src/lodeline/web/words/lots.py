"""What products and events are called on a page, shorter than in the taxonomy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from lodeline.filing.names import product_words
from lodeline.language import Language, Text, text
from lodeline.material.product import PRODUCTS, product_kind
from lodeline.web.drawing.number import NO_BREAK_SPACE

#: Product kinds in a word or two; data/reference/products.csv has the full names.
EVENTS: Final[Mapping[str, Text]] = {
    "origin": text("Origin"),
    "transformation": text("Transformation"),
    "shipment": text("Shipment", context="lots"),
    "receipt": text("Receipt", context="lots"),
    "move": text("Move between own sites"),
    "export": text("Export"),
    "loss": text("Loss", context="lots"),
    "adjustment": text("Adjustment"),
    "title": text("Change of owner"),
    "stock": text("Stock count"),
}
TRANSFER_STATES: Final[Mapping[str, tuple[Text, str]]] = {
    "matched": (text("Matched"), "tick"),
    "delivered-unfiled": (text("Delivered, other side need not file"), "tick"),
    "open": (text("Open", context="lots"), "ring"),
    "partial": (text("In part"), "half"),
    "exception": (text("Exception", context="lots"), "down"),
}


def composition_text(text: str) -> str:
    """`Nd=24;Pr=6` → Nd 24 · Pr 6: what somebody wrote, easier to read."""
    parts = (re.sub(r"\s*[=＝]\s*", NO_BREAK_SPACE, one.strip()) for one in re.split("[;；]", text))
    return " · ".join(one for one in parts if one)


def product(code: str | None, language: Language) -> str:
    """`oxide:PrNd` → PrNd oxide, PrNd氧化物; what the taxonomy does not have is shown as filed."""
    if code is None:
        return text("product not stated")[language]
    return product_words(code)[language]


def product_and_code(code: str, language: Language) -> str:
    """`oxide:PrNd` → PrNd oxide (oxide:PrNd); what the taxonomy does not have is shown as filed."""
    word = product(code, language)
    return code if word == code else text("{word} ({code})", word=word, code=code)[language]


def is_recycled(code: str | None) -> bool:
    """Whether a product is scrap or residue on its way back into the chain."""
    found = PRODUCTS.get(product_kind(code or ""))
    return found is not None and found.feed == "secondary"


def is_magnet(code: str | None) -> bool:
    found = PRODUCTS.get(product_kind(code or ""))
    return found is not None and found.makes_magnet
