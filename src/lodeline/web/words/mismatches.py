"""What pages call what does not match: its kinds, causes with their mark, and states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lodeline.web.words import exceptions as exception_words
from lodeline.web.words.language import Text, text
from lodeline.web.words.words import Tone

KINDS: Final[Mapping[str, Text]] = {
    "delivery": text("Deliveries", "流转"),
    "invoice": text("Invoices", "发票"),
    "border": text("Customs lines", "报关项"),
}
#: One of a kind; in Chinese with its measure word, as it stands behind a number.
ONE: Final[Mapping[str, Text]] = {
    "delivery": text("delivery", "笔流转"),
    "invoice": text("invoice", "项发票"),
    "border": text("customs line", "项报关"),
}
#: Of deliveries, then of invoices and customs lines; causes that both have are called alike.
CAUSES: Final[Mapping[str, Text]] = {
    "no-receipt": text("No receipt filed", "未申报收货"),
    "no-shipment": text("No shipment filed", "未申报发货"),
    "lot-differs": text("Lot differs", "批次不符"),
    **exception_words.CAUSES,
    "waiting": text("Other side not filed yet", "对方尚未申报"),
    "matched": text("Closed", "已闭合"),
    "delivered-unfiled": text("Other side exempt", "对方无申报义务"),
}
MARKS: Final[Mapping[str, tuple[str, Tone]]] = {
    "no-receipt": ("down", "loss"),
    "no-shipment": ("up", "gain"),
    "lot-differs": ("half", "hold"),
    **exception_words.MARKS,
    "waiting": ("ring", "quiet"),
    "matched": ("tick", "flow"),
    "delivered-unfiled": ("bar", "quiet"),
}
STATES: Final[Mapping[str, Text]] = {
    "open": text("Does not match", "不一致"),
    "not-due": text("May still come", "尚未到期"),
    "unclosed": text("Not closed", "未闭合"),
    "closed": text("Closed", "已闭合"),
    "all": text("All", "全部"),
}
#: The record beside the filing.
BESIDE: Final[Mapping[str, Text]] = {
    "received": text("received", "收货"),
    "invoiced": text("invoiced", "开票"),
    "border": text("at the border", "过境"),
}
