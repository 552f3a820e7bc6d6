"""What the pages of filing share: the firm's name, and the sentence about what was done just before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from lodeline.office.filing.sandbox import ledger
from lodeline.web.parts.values import Notice
from lodeline.web.visit import Visit
from lodeline.web.words.language import Text, text

#: `?said=`: what an act has come to; a code, so that an address can put no words of its own on a page.
_NOTICES: Final[Mapping[str, Text]] = {
    "saved": text("Saved and checked.", "已保存并检查。"),
    "applied": text("Applied and checked. Undo sets the cells back.", "已应用并检查。可撤销。"),
    "undone": text("The cells are as they were before.", "单元格已恢复原状。"),
    "begun": text(
        "Begun with the rows of the last month that was filed. Kept: sites, customers, products, methods, and the lots"
        " that you still hold. Moved to this month: days, and the references of events. Left open: masses, moisture,"
        " assays, documents, and the ids of new lots.",
        "已沿用上一申报月份的行。保留：场所、客户、产品、测量方法及仍持有的批次；改为本月：日期和事件编号；"
        "留空：质量、水分、化验成分、单据及新批次号。",
    ),
    "kept": text("Saved. It has not been checked since.", "已保存，尚未重新检查。"),
    "uploaded": text("The file is here, as it came.", "文件已上传并原样保存。"),
    "replaced": text("The new file stands in place of the old one.", "已用新文件替换。"),
    "removed": text("Taken out.", "已删除。"),
    "restored": text("Every row of the file is back.", "文件中的全部行已恢复。"),
    "divided": text(
        "What can be filed now is here. The rest waits as a draft of its own in the list of drafts.",
        "可申报的事件保留在此，其余已另存为草稿，见草稿列表。",
    ),
    "moved": text(
        "Moved into a draft of its own month, which is in the list of drafts.", "已移入其所属月份的草稿，见草稿列表。"
    ),
    "asked": text("Your certifiers have been told.", "已通知签认人。"),
    "correction": text("It is now compared with what is filed, event by event.", "现按事件与已申报内容比对。"),
    "original": text("It is a filing of its own again.", "已恢复为单独申报。"),
    "dropped": text("The draft was thrown away.", "草稿已删除。"),
    "emptied": text("The sandbox is empty again.", "演练账本已清空。"),
    "profile": text("Your columns are remembered, and were applied.", "列对应关系已保存并应用。"),
}


def notice_of(visit: Visit) -> Notice | None:
    """What `?said=` says."""
    text = _NOTICES.get(visit.query("said") or "")
    return Notice(kind="success", text=visit.localized(text)) if text else None


def firm_name(visit: Visit, organisation: str) -> str:
    """The firm's name in the reader's language, else in the other, else its id."""
    table = ledger().newest_register().tables["organisations"]
    found = table.filter(pl.col("id") == organisation)
    if not found.height:
        return organisation
    zh, en = found.select("name_zh", "name_en").row(0)
    return str((zh or en) if visit.language == "zh" else (en or zh)) if zh or en else organisation
