"""What the columns and codes of a filing are called on a page; the names of the format stay those of the file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lodeline.filing.schema import COLUMNS, MASS_COLUMNS
from lodeline.web.words.language import Language, Text, say

LABELS: Final[Mapping[str, Text]] = {
    "event": say("Event", "事件编号"),
    "kind": say("Kind", "事件类型"),
    "on": say("On", "日期"),
    "site": say("Site", "场所"),
    "role": say("In or out", "投入产出"),
    "lot": say("Lot", "批次"),
    "product": say("Product", "产品"),
    "mass_kg": say("Mass", "净重"),
    "mass_t": say("Mass", "净重"),
    "mass_g": say("Mass", "净重"),
    "moisture_pct": say("Moisture", "水分"),
    "composition": say("Composition, %", "成分（%）"),
    "composition_status": say("Composition is", "成分状态"),
    "basis": say("Composition stated as", "成分基准"),
    "method": say("Method", "测量方法"),
    "model": say("Model", "型号"),
    "pieces": say("Pieces", "件数"),
    "origin_kind": say("Kind of origin", "来源类型"),
    "origin_place": say("Place of origin", "来源地"),
    "owner": say("Owner", "物权人"),
    "counterparty": say("Counterparty, by id", "对方编号"),
    "counterparty_name": say("Counterparty", "对方名称"),
    "counterparty_country": say("Its country", "对方国家"),
    "to_site": say("To own site", "移入场所"),
    "location": say("Location", "库位"),
    "reference": say("Their event", "对方事件编号"),
    "document": say("Document", "单据号"),
    "document_kind": say("Kind of document", "单据类型"),
    "value": say("Value", "金额"),
    "currency": say("Currency", "币种"),
    "declaration": say("Declaration", "报关单号"),
    "hs_code": say("HS code", "商品编码"),
    "control_item": say("Control item", "管制编码"),
    "licence": say("Licence", "许可证号"),
    "destination": say("Destination", "目的国"),
    "end_user_name": say("End user", "最终用户"),
    "end_user_country": say("Country of end user", "最终用户国家"),
    "end_use": say("End use", "最终用途"),
    "port": say("Port", "口岸"),
    "run": say("Run", "生产批号"),
    "reason": say("Reason", "原因"),
    "note": say("Note", "备注"),
}
assert set(LABELS) == {column.name for column in COLUMNS} | set(MASS_COLUMNS), "every column has its label"
_UNITS: Final[Mapping[str, Text]] = {
    "mass_kg": say("kg", "千克"),
    "mass_t": say("t", "吨"),
    "mass_g": say("g", "克"),
    "moisture_pct": say("%", "%"),
}
NUMBERS: Final = frozenset((*MASS_COLUMNS, "moisture_pct", "pieces", "value"))
CHOICES: Final[Mapping[str, tuple[str, ...]]] = {column.name: column.choices for column in COLUMNS if column.choices}
KINDS: Final[Mapping[str, Text]] = {
    "origin": say("origin", "来源"),
    "transformation": say("transformation", "转化"),
    "shipment": say("shipment", "发货"),
    "receipt": say("receipt", "收货"),
    "title": say("title", "物权转移"),
    "export": say("export", "出口"),
    "stock": say("stock count", "盘存"),
    "loss": say("loss", "损失"),
    "adjustment": say("adjustment", "调整"),
    "void": say("withdrawal", "撤回"),
}
_CODES: Final[Mapping[str, Mapping[str, Text]]] = {
    "kind": KINDS,
    "role": {"in": say("in", "投入"), "out": say("out", "产出"), "waste": say("waste", "废料")},
}


def label(column: str, language: Language) -> str:
    """What a column is called; an unknown one of the filer's own keeps its name."""
    return LABELS[column][language] if column in LABELS else column.removeprefix("?")


def unit(column: str, language: Language) -> str:
    """The unit of a column, where it has one."""
    return _UNITS[column][language] if column in _UNITS else ""


def shown(column: str, text: str, language: Language) -> str:
    """A cell as it is read: codes by their word, the rest as filed."""
    code = _CODES.get(column, {}).get(text.strip().lower())
    return text if code is None else code[language]


def options(column: str, text: str, language: Language) -> list[tuple[str, str]]:
    """What can be chosen in a cell of a column of codes; a text that is no code stays there until it is changed."""
    codes = CHOICES.get(column)
    if codes is None:
        return []
    found = [("", "–"), *((code, shown(column, code, language)) for code in codes)]
    return found if text in ("", *codes) else [(text, text), *found]
