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
from lodeline.web.words.language import Text, text

LABELS: Final[Mapping[str, Text]] = {
    "line": text("Line", "项号"),
    "declaration": text("Declaration", "报关单号"),
    "on": text("Day of the declaration", "申报日期"),
    "exporter": text("Exporter, by id", "出口企业编号"),
    "exporter_name": text("Exporter", "出口企业名称"),
    "product_name": text("Goods, as declared", "商品名称"),
    "product": text("Product", "产品"),
    "hs_code": text("HS code", "商品编码"),
    "control_item": text("Control item stated", "申报的管制编码"),
    "controlled_declared": text("Declared as controlled?", "是否申报为管制物项"),
    "licence": text("Export licence", "许可证号"),
    "export_licence": text("Ordinary export licence", "普通出口许可证号"),
    "destination": text("Destination (country code)", "最终目的国（代码）"),
    "consignee_name": text("Consignee", "境外收货人"),
    "end_user_name": text("End user", "最终用户"),
    "end_user_country": text("Country of the end user (code)", "最终用户国家（代码）"),
    "end_use": text("End use", "最终用途"),
    "model": text("Model or grade", "型号"),
    "models_in_lot": text("Models in this line", "型号数量"),
    "lot": text("Lot", "批次"),
    "composition": text("Composition, %", "成分（%）"),
    "composition_of": text("Composition is of", "成分对象"),
    "basis": text("Composition stated as", "成分基准"),
    "re_total_pct": text("Rare earths in all, %", "稀土总量（%）"),
    "assay_composition": text("Found by a laboratory, %", "化验成分（%）"),
    "assay_of": text("The laboratory examined", "检验对象"),
    "mass_kg": text("Net mass, kg", "净重（千克）"),
    "value": text("Value of the line", "金额"),
    "currency": text("Currency", "币种"),
    "port": text("Port", "口岸"),
    "transport": text("Transport", "运输方式"),
    "movement": text("Movement, where no plain export", "监管方式（非一般出口）"),
    "note": text("Note", "备注"),
}
_FIRST: Final = (
    "product_name", "hs_code", "composition", "mass_kg", "value", "currency", "destination", "controlled_declared",
    "licence", "on",
)  # fmt: skip
_FURTHER: Final = tuple(name for name in LABELS if name not in _FIRST)
_YES_NO: Final = (("", text("not stated", "未申报")), ("yes", text("yes", "是")), ("no", text("no", "否")))
_BASES: Final[Mapping[str, Text]] = {
    "element": text("elements", "元素"),
    "oxide": text("oxides", "氧化物"),
    "reo-share": text("shares of the rare-earth oxides", "稀土氧化物配分"),
}
_MEASURED_ON: Final[Mapping[str, Text]] = {
    "goods": text("the whole goods", "整件货物"),
    "magnet": text("the magnet inside", "货物内的磁体"),
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
        "label": visit.localized(LABELS[name]),
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
        return [(value, visit.localized(text)) for value, text in _YES_NO]
    if name in ("composition_of", "assay_of"):
        unsaid = (
            visit.text("not stated", "未申报")
            if name == "composition_of"
            else visit.text("the whole goods", "整件货物")
        )
        return [("", unsaid), *((value, visit.localized(text)) for value, text in _MEASURED_ON.items())]
    if name == "basis":
        return [("", visit.text("elements (unless stated)", "元素（默认）")), *(
            (value, visit.localized(text)) for value, text in _BASES.items()
        )]  # fmt: skip
    if name == "product":
        named = [(one.kind, visit.text(one.name_en, one.name_zh)) for one in PRODUCTS.values()]
        return [("", visit.text("not stated", "未申报")), *named]
    return []


def column_table(visit: Visit) -> Table:
    """Every column that a file of a declaration may have."""
    rows: list[Any] = [
        (
            Cell(text=one.name),
            Cell(text=" · ".join(one.names_zh)),
            Cell(text=visit.text("yes", "是") if one.required else visit.text("no", "否")),
            Cell(text=visit.localized(one.description)),
            Cell(text=one.example or "–"),
        )
        for one in columns().values()
    ]
    return Table(
        name="columns",
        caption=visit.text("Columns of a declaration", "报关单的列"),
        columns=(
            Column(key="column", label=text("Column", "列名")),
            Column(key="chinese", label=text("or in Chinese", "或中文列名")),
            Column(key="needed", label=text("Needed", "必填")),
            Column(key="meaning", label=text("Meaning", "含义")),
            Column(key="example", label=text("Example", "示例")),
        ),
        rows=rows,
        empty=visit.text("There is no column.", "没有列。"),
    )
