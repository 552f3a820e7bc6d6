"""The form of the desk: one line of a declaration, field by field, and the columns that a file may have.

The fields are the columns of a declaration; an address may fill them in (`?product_name=…&composition=…`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from lodeline.control.declaration import columns
from lodeline.material.composition import BASES
from lodeline.material.product import PRODUCTS
from lodeline.web.parts.table import Cell, Column, Table
from lodeline.web.visit import Visit
from lodeline.web.words.language import Text, say

LABELS: Final[Mapping[str, Text]] = {
    "line": say("Line", "项号"),
    "declaration": say("Declaration", "报关单号"),
    "on": say("Day of the declaration", "申报日期"),
    "exporter": say("Exporter, by id", "出口企业编号"),
    "exporter_name": say("Exporter", "出口企业名称"),
    "product_name": say("Goods, as declared", "商品名称"),
    "product": say("Product", "产品"),
    "hs_code": say("HS code", "商品编码"),
    "control_item": say("Control item stated", "申报的管制编码"),
    "controlled_declared": say("Declared as controlled?", "是否申报为管制物项"),
    "licence": say("Export licence", "许可证号"),
    "export_licence": say("Ordinary export licence", "普通出口许可证号"),
    "destination": say("Destination (country code)", "最终目的国（代码）"),
    "consignee_name": say("Consignee", "境外收货人"),
    "end_user_name": say("End user", "最终用户"),
    "end_user_country": say("Country of the end user (code)", "最终用户国家（代码）"),
    "end_use": say("End use", "最终用途"),
    "model": say("Model or grade", "型号"),
    "models_in_lot": say("Models in this line", "型号数量"),
    "lot": say("Lot", "批次"),
    "composition": say("Composition, %", "成分（%）"),
    "composition_of": say("Composition is of", "成分对象"),
    "basis": say("Composition stated as", "成分基准"),
    "re_total_pct": say("Rare earths in all, %", "稀土总量（%）"),
    "assay_composition": say("Found by a laboratory, %", "化验成分（%）"),
    "assay_of": say("The laboratory examined", "检验对象"),
    "mass_kg": say("Net mass, kg", "净重（千克）"),
    "value": say("Value of the line", "金额"),
    "currency": say("Currency", "币种"),
    "port": say("Port", "口岸"),
    "transport": say("Transport", "运输方式"),
    "movement": say("Movement, where no plain export", "监管方式（非一般出口）"),
    "note": say("Note", "备注"),
}
_FIRST: Final = (
    "product_name", "hs_code", "composition", "mass_kg", "value", "currency", "destination", "controlled_declared",
    "licence", "on",
)  # fmt: skip
_FURTHER: Final = tuple(name for name in LABELS if name not in _FIRST)
_YES_NO: Final = (("", say("not stated", "未申报")), ("yes", say("yes", "是")), ("no", say("no", "否")))
_BASES: Final[Mapping[str, Text]] = {
    "element": say("elements", "元素"),
    "oxide": say("oxides", "氧化物"),
    "reo-share": say("shares of the rare-earth oxides", "稀土氧化物配分"),
}
_WHOSE: Final[Mapping[str, Text]] = {
    "goods": say("the whole goods", "整件货物"),
    "magnet": say("the magnet inside", "货物内的磁体"),
}
assert set(LABELS) == set(columns()) and set(_BASES) == set(BASES), "every column has its label"


def filled(fields: Mapping[str, str]) -> dict[str, str]:
    """The columns among named texts that hold something; other names are not the form's."""
    return {name: text for name in LABELS if (text := fields.get(name, "").strip())}


def form(visit: Visit, fields: Mapping[str, str], wrong: Mapping[str, Sequence[str]]) -> dict[str, object]:
    """The fields as a template needs them; `wrong`: column → what is wrong with its cell."""
    return {
        "first": [_field(visit, name, fields, wrong) for name in _FIRST],
        "further": [_field(visit, name, fields, wrong) for name in _FURTHER],
        "further_open": any(name in fields and fields[name] != "1" for name in _FURTHER) or any(
            name in wrong for name in _FURTHER
        ),
    }  # fmt: skip


def _field(visit: Visit, name: str, fields: Mapping[str, str], wrong: Mapping[str, Sequence[str]]) -> dict[str, object]:
    column = columns()[name]
    value = fields.get(name, "")
    options = _options(visit, name)
    return {
        "name": name,
        "label": visit.spoken(LABELS[name]),
        "value": value,
        "example": "" if options else column.example,
        "needed": column.required and name != "line",
        "wide": name in ("product_name", "composition", "assay_composition", "note"),
        "date": name == "on",
        # A value that is no option is kept as one: what was written is what is asked.
        "options": [*options, *([(value, value)] if options and value not in dict(options) else [])],
        "wrong": list(wrong.get(name, ())),
    }


def _options(visit: Visit, name: str) -> list[tuple[str, str]]:
    if name == "controlled_declared":
        return [(value, visit.spoken(text)) for value, text in _YES_NO]
    if name in ("composition_of", "assay_of"):
        unsaid = (
            visit.say("not stated", "未申报") if name == "composition_of" else visit.say("the whole goods", "整件货物")
        )
        return [("", unsaid), *((value, visit.spoken(text)) for value, text in _WHOSE.items())]
    if name == "basis":
        return [("", visit.say("elements (unless stated)", "元素（默认）")), *(
            (value, visit.spoken(text)) for value, text in _BASES.items()
        )]  # fmt: skip
    if name == "product":
        named = [(one.kind, visit.say(one.name_en, one.name_zh)) for one in PRODUCTS.values()]
        return [("", visit.say("not stated", "未申报")), *named]
    return []


def column_table(visit: Visit) -> Table:
    """Every column that a file of a declaration may have."""
    rows: list[Any] = [
        (
            Cell(text=one.name),
            Cell(text=" · ".join(one.names_zh)),
            Cell(text=visit.say("yes", "是") if one.required else visit.say("no", "否")),
            Cell(text=visit.spoken(one.description)),
            Cell(text=one.example or "–"),
        )
        for one in columns().values()
    ]
    return Table(
        name="columns",
        caption=visit.say("Columns of a declaration", "报关单的列"),
        columns=(
            Column(key="column", label=say("Column", "列名")),
            Column(key="chinese", label=say("or in Chinese", "或中文列名")),
            Column(key="needed", label=say("Needed", "必填")),
            Column(key="meaning", label=say("Meaning", "含义")),
            Column(key="example", label=say("Example", "示例")),
        ),
        rows=rows,
        empty=visit.say("There is no column.", "没有列。"),
    )
