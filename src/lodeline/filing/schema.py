"""The flow record: which columns a filing has, what they mean, and how one row becomes canonical bytes.

This file is the exchange format (docs/reference/filing-format.md). Outsiders depend on the names; the order of the
columns is the order of the cells in a row's leaf and must never change within one encoding version.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

KINDS = (
    "origin", "transformation", "shipment", "receipt", "title", "export", "stock", "loss", "adjustment", "void",
)  # fmt: skip
ROLES = ("in", "out", "waste")
ORIGIN_KINDS = ("mined", "by-product", "imported", "secondary", "opening")
COMPOSITION_STATUSES = ("measured", "certificate", "recipe", "unknown")
DOCUMENT_KINDS = ("invoice-special", "invoice-ordinary", "contract", "declaration", "other")

Type = Literal["text", "code", "date", "mass", "percent", "integer", "decimal", "composition", "country"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column as filed. `typed` is its name once checked: units are part of the name there."""

    name: str
    typed: str
    type: Type
    name_zh: str
    choices: tuple[str, ...] = ()


def _column(name: str, name_zh: str, type_: Type = "text", typed: str = "", choices: tuple[str, ...] = ()) -> Column:
    return Column(name=name, typed=typed or name, type=type_, name_zh=name_zh, choices=choices)


COLUMNS: tuple[Column, ...] = (
    _column("event", "事件编号"),
    _column("kind", "事件类型", "code", choices=KINDS),
    _column("on", "日期", "date"),
    _column("site", "场所"),
    _column("role", "投入产出", "code", choices=ROLES),
    _column("lot", "批次"),
    _column("product", "产品", "code"),
    _column("mass_kg", "净重千克", "mass", "mass_mg"),
    _column("moisture_pct", "水分百分比", "percent", "moisture_ppb"),
    _column("composition", "成分", "composition"),
    _column("composition_status", "成分状态", "code", choices=COMPOSITION_STATUSES),
    _column("basis", "成分基准", "code", choices=("element", "oxide", "reo-share")),
    _column("method", "测量方法"),
    _column("model", "型号"),
    _column("pieces", "件数", "integer"),
    _column("origin_kind", "来源类型", "code", choices=ORIGIN_KINDS),
    _column("origin_place", "来源地"),
    _column("owner", "物权人"),
    _column("counterparty", "对方编号"),
    _column("counterparty_name", "对方名称"),
    _column("counterparty_other_name", "对方另一名称"),
    _column("counterparty_country", "对方国家", "country"),
    _column("to_site", "移入场所"),
    _column("location", "库位"),
    _column("reference", "对方事件编号"),
    _column("document", "单据号"),
    _column("document_kind", "单据类型", "code", choices=DOCUMENT_KINDS),
    _column("value", "金额", "decimal"),
    _column("currency", "币种", "code"),
    _column("declaration", "报关单号"),
    _column("hs_code", "商品编码"),
    _column("control_item", "管制编码"),
    _column("licence", "许可证号"),
    _column("destination", "目的国", "country"),
    _column("end_user_name", "最终用户"),
    _column("end_user_country", "最终用户国家", "country"),
    _column("end_use", "最终用途"),
    _column("port", "口岸"),
    _column("run", "生产批号"),
    _column("reason", "原因"),
    _column("note", "备注"),
)

#: The mass column may be stated in one of three units, which become `mass_mg`.
MASS_COLUMNS = {"mass_kg": "kg", "mass_t": "t", "mass_g": "g"}
MASS_COLUMNS_ZH = {"mass_kg": "净重千克", "mass_t": "净重吨", "mass_g": "净重克"}

_POLARS: dict[str, pl.DataType] = {
    "date": pl.Date(), "mass": pl.Int64(), "percent": pl.Int64(), "integer": pl.Int64(),
}  # fmt: skip

#: Typed names of the columns that rows of an earlier time had not, oldest first: a new column is named here at the end,
#: wherever it stands in `COLUMNS`. Their cells stand last; a row is written up to the last that it fills (`canonical`).
LATER: tuple[str, ...] = ("counterparty_other_name",)
_TYPES = {column.typed: _POLARS.get(column.type, pl.String()) for column in COLUMNS}
#: A checked filing's rows. `composition` is canonical text in ppb on the element basis (lodeline.material);
#: `value` is a normalised decimal text; `extra` is canonical JSON of the filled unknown columns or null.
CELLS: dict[str, pl.DataType] = {
    **{name: dtype for name, dtype in _TYPES.items() if name not in LATER},
    "extra": pl.String(),
    **{name: _TYPES[name] for name in LATER},
}
#: The cells, the dry mass derived from them (dry = net × (1 − moisture), rounded down), and the address.
ROWS: dict[str, pl.DataType] = {**CELLS, "dry_mg": pl.Int64(), "source": pl.UInt16(), "row": pl.UInt32()}
#: Element shares of the rows that state a composition; `element` is an index into material's SYMBOLS.
ASSAYS: dict[str, pl.DataType] = {"ordinal": pl.UInt32(), "element": pl.UInt8(), "ppb": pl.Int64()}
