"""What the columns and codes of a filing are called on a page; the names of the format stay those of the file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lodeline.filing.schema import COLUMNS, MASS_COLUMNS
from lodeline.web.words.language import Language, Text, text

LABELS: Final[Mapping[str, Text]] = {
    "event": text("Event", "事件编号"),
    "kind": text("Kind", "事件类型"),
    "on": text("On", "日期"),
    "site": text("Site", "场所"),
    "role": text("In or out", "投入产出"),
    "lot": text("Lot", "批次"),
    "product": text("Product", "产品"),
    "mass_kg": text("Mass", "净重"),
    "mass_t": text("Mass", "净重"),
    "mass_g": text("Mass", "净重"),
    "moisture_pct": text("Moisture", "水分"),
    "composition": text("Composition, %", "成分（%）"),
    "composition_status": text("Composition is", "成分状态"),
    "basis": text("Composition stated as", "成分基准"),
    "method": text("Method", "测量方法"),
    "model": text("Model", "型号"),
    "pieces": text("Pieces", "件数"),
    "origin_kind": text("Kind of origin", "来源类型"),
    "origin_place": text("Place of origin", "来源地"),
    "owner": text("Owner", "物权人"),
    "counterparty": text("Counterparty, by id", "对方编号"),
    "counterparty_name": text("Counterparty", "对方名称"),
    "counterparty_other_name": text("Its other name", "对方另一名称"),
    "counterparty_country": text("Its country", "对方国家"),
    "to_site": text("To own site", "移入场所"),
    "location": text("Location", "库位"),
    "reference": text("Their event", "对方事件编号"),
    "document": text("Document", "单据号"),
    "document_kind": text("Kind of document", "单据类型"),
    "value": text("Value", "金额"),
    "currency": text("Currency", "币种"),
    "declaration": text("Declaration", "报关单号"),
    "hs_code": text("HS code", "商品编码"),
    "control_item": text("Control item", "管制编码"),
    "licence": text("Licence", "许可证号"),
    "destination": text("Destination", "目的国"),
    "end_user_name": text("End user", "最终用户"),
    "end_user_country": text("Country of end user", "最终用户国家"),
    "end_use": text("End use", "最终用途"),
    "port": text("Port", "口岸"),
    "run": text("Run", "生产批号"),
    "reason": text("Reason", "原因"),
    "note": text("Note", "备注"),
}
assert set(LABELS) == {column.name for column in COLUMNS} | set(MASS_COLUMNS), "every column has its label"
_UNITS: Final[Mapping[str, Text]] = {
    "mass_kg": text("kg", "千克"),
    "mass_t": text("t", "吨"),
    "mass_g": text("g", "克"),
    "moisture_pct": text("%", "%"),
}
NUMBERS: Final = frozenset((*MASS_COLUMNS, "moisture_pct", "pieces", "value"))
CHOICES: Final[Mapping[str, tuple[str, ...]]] = {column.name: column.choices for column in COLUMNS if column.choices}
KINDS: Final[Mapping[str, Text]] = {
    "origin": text("origin", "来源"),
    "transformation": text("transformation", "转化"),
    "shipment": text("shipment", "发货"),
    "receipt": text("receipt", "收货"),
    "title": text("title", "物权转移"),
    "export": text("export", "出口"),
    "stock": text("stock count", "盘存"),
    "loss": text("loss", "损失"),
    "adjustment": text("adjustment", "调整"),
    "void": text("withdrawal", "撤回"),
}
_CODES: Final[Mapping[str, Mapping[str, Text]]] = {
    "kind": KINDS,
    "role": {"in": text("in", "投入"), "out": text("out", "产出"), "waste": text("waste", "废料")},
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
