"""Officials look at firms, and every look is written down with why: before the page is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

#: Code of a reason → what it is called. A court and a lawyer read these: few, and plain.
LOOK_REASONS: Final[Mapping[str, Mapping[str, str]]] = {
    "oversight": {"en": "Routine oversight", "zh": "日常监管"},
    "finding": {"en": "Following up a finding", "zh": "核查线索"},
    "licence": {"en": "Deciding a licence or quota", "zh": "许可或指标审核"},
    "clearance": {"en": "Goods at the customs desk", "zh": "海关通关"},
    "inspection": {"en": "Inspection on site", "zh": "现场检查"},
    "request": {"en": "The firm asked for help", "zh": "企业求助"},
    "court": {"en": "Order of a court or prosecutor", "zh": "司法机关要求"},
}
USUAL_REASON: Final = "oversight"
#: Why somebody looks who has no other business with a firm than what it exports: who works at the desk alone.
DESK_REASON: Final = "clearance"
