"""Officials look at firms, and every look is written down with why: before the page is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lodeline.language import Text, text

#: Code of a reason → what it is called. A court and a lawyer read these: few, and plain.
LOOK_REASONS: Final[Mapping[str, Text]] = {
    "oversight": text("Routine oversight"),
    "finding": text("Following up a finding"),
    "licence": text("Deciding a licence or quota"),
    "clearance": text("Goods at the customs desk"),
    "inspection": text("Inspection on site"),
    "request": text("The firm asked for help"),
    "court": text("Order of a court or prosecutor"),
}
USUAL_REASON: Final = "oversight"
#: Why somebody looks who has no other business with a firm than what it exports: who works at the desk alone.
DESK_REASON: Final = "clearance"
