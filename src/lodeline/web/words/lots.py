"""What products and events are called on a page, shorter than in the taxonomy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from lodeline.material.product import PRODUCTS, product_kind
from lodeline.web.drawing.number import NO_BREAK_SPACE
from lodeline.web.words.language import Language, Text, text

#: Product kinds in a word or two; data/reference/products.csv has the full names.
_PRODUCTS: Final[Mapping[str, Text]] = {
    "ore": text("ore", "矿石"),
    "concentrate": text("concentrate", "精矿"),
    "mixed-compound": text("mixed compound", "混合化合物"),
    "oxide": text("oxide", "氧化物"),
    "salt": text("salt", "盐类"),
    "metal": text("metal", "金属"),
    "alloy": text("alloy", "合金"),
    "strip-cast": text("strip-cast flake", "速凝片"),
    "powder": text("powder", "磁粉"),
    "block": text("block", "毛坯"),
    "magnet-ndfeb": text("NdFeB magnet", "钕铁硼磁体"),
    "magnet-smco": text("SmCo magnet", "钐钴磁体"),
    "magnet-other": text("magnet", "磁体"),
    "target": text("target", "靶材"),
    "swarf": text("swarf", "磨削废料"),
    "slag": text("slag", "炉渣"),
    "scrap-eol": text("end-of-life scrap", "报废磁材"),
    "residue": text("residue", "残渣"),
    "assembly": text("assembly", "组件"),
}
EVENTS: Final[Mapping[str, Text]] = {
    "origin": text("Origin", "来源"),
    "transformation": text("Transformation", "转化"),
    "shipment": text("Shipment", "发货"),
    "receipt": text("Receipt", "收货"),
    "move": text("Move between own sites", "内部转移"),
    "export": text("Export", "出口"),
    "loss": text("Loss", "损耗"),
    "adjustment": text("Adjustment", "调整"),
    "title": text("Change of owner", "物权转移"),
    "stock": text("Stock count", "盘存"),
}
TRANSFER_STATES: Final[Mapping[str, tuple[Text, str]]] = {
    "matched": (text("Matched", "已匹配"), "tick"),
    "delivered-unfiled": (text("Delivered, other side need not file", "已交付，对方无申报义务"), "tick"),
    "open": (text("Open", "未结"), "ring"),
    "partial": (text("In part", "部分收货"), "half"),
    "exception": (text("Exception", "异常"), "down"),
}


def composition_text(text: str) -> str:
    """`Nd=24;Pr=6` → Nd 24 · Pr 6: what somebody wrote, easier to read."""
    parts = (re.sub(r"\s*[=＝]\s*", NO_BREAK_SPACE, one.strip()) for one in re.split("[;；]", text))
    return " · ".join(one for one in parts if one)


def product(code: str | None, language: Language) -> str:
    """`oxide:PrNd` → PrNd oxide, PrNd氧化物; what the taxonomy does not have is shown as filed."""
    if code is None:
        return {"en": "product not stated", "zh": "产品未申报"}[language]
    kind = product_kind(code)
    if kind not in _PRODUCTS:
        return code
    word, of = _PRODUCTS[kind][language], code.partition(":")[2]
    return word if not of else f"{of}{word}" if language == "zh" else f"{of} {word}"


def product_and_code(code: str, language: Language) -> str:
    """`oxide:PrNd` → PrNd oxide (oxide:PrNd); what the taxonomy does not have is shown as filed."""
    word = product(code, language)
    return code if word == code else {"en": f"{word} ({code})", "zh": f"{word}（{code}）"}[language]


def is_recycled(code: str | None) -> bool:
    """Whether a product is scrap or residue on its way back into the chain."""
    found = PRODUCTS.get(product_kind(code or ""))
    return found is not None and found.feed == "secondary"


def is_magnet(code: str | None) -> bool:
    found = PRODUCTS.get(product_kind(code or ""))
    return found is not None and found.makes_magnet
