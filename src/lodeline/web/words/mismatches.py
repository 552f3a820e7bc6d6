"""What pages call what does not match: its kinds, causes with their mark, and states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lodeline.language import Text, text
from lodeline.web.words import exceptions as exception_words
from lodeline.web.words.words import Tone

KINDS: Final[Mapping[str, Text]] = {
    "delivery": text("Deliveries", context="mismatches"),
    "invoice": text("Invoices"),
    "border": text("Customs lines"),
}
#: One of a kind; in Chinese with its measure word, as it stands behind a number.
ONE: Final[Mapping[str, Text]] = {
    "delivery": text("delivery"),
    "invoice": text("invoice", context="mismatches"),
    "border": text("customs line"),
}
#: Of deliveries, then of invoices and customs lines; causes that both have are called alike.
CAUSES: Final[Mapping[str, Text]] = {
    "no-receipt": text("No receipt filed"),
    "no-shipment": text("No shipment filed"),
    "lot-differs": text("Lot differs"),
    **exception_words.CAUSES,
    "waiting": text("Other side not filed yet"),
    "matched": text("Closed", context="mismatches"),
    "delivered-unfiled": text("Other side exempt"),
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
    "open": text("Does not match"),
    "not-due": text("May still come"),
    "unclosed": text("Not closed"),
    "closed": text("Closed", context="mismatches"),
    "all": text("All"),
}
#: The record beside the filing.
BESIDE: Final[Mapping[str, Text]] = {
    "received": text("received", context="mismatches"),
    "invoiced": text("invoiced"),
    "border": text("at the border"),
}
