"""The forms of the register: what is filled in for an organisation or a site, with the problems at their fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lodeline.filing.dossier import filed_name
from lodeline.language import bilingual
from lodeline.ledger.problem import Problem
from lodeline.ledger.register import TABLES
from lodeline.ledger.roles import ROLES
from lodeline.material.mass import format_kg
from lodeline.material.product import STAGES
from lodeline.office.register.registry import QUANTITIES
from lodeline.web.parts.values import Field, Width
from lodeline.web.visit import Visit
from lodeline.web.words import words

#: Column → (label in English, in Chinese, hint in English, in Chinese, width).
_LABELS: dict[str, tuple[str, str, str, str, Width]] = {
    "id": ("Id", "编号", "Stays for ever; lots and filings carry it", "永久不变；批次和申报均使用", "short"),
    "name_zh": ("Name in Chinese", "中文名称", "As on the business licence", "与营业执照一致", "long"),
    "name_en": (
        "Name in Latin letters",
        "外文名称",
        "Give both names: a list or a filing may have either",
        "请与中文名称一并填写，便于与名单、申报比对",
        "long",
    ),
    "aliases": (
        "Other names",
        "其他名称",
        "Earlier and short names, with | between them",
        "曾用名、简称，以 | 分隔",
        "long",
    ),
    "country": ("Country", "国家或地区", "Two letters: CN, DE", "两位代码：CN、DE", "short"),
    "roles": ("What it does", "业务", "", "", "long"),
    "uscc": ("Unified social credit code", "统一社会信用代码", "18 characters", "18 位", "medium"),
    "lei": ("LEI", "LEI", "20 characters", "20 位", "medium"),
    "valid_from": ("From", "自", "", "", "short"),
    "valid_to": ("Until", "至", "Last day; empty while it goes on", "最后一日；未终止则留空", "short"),
    "organisation": (
        "Held by",
        "所属企业",
        "Another holder is a change of its own, from a day",
        "变更持有人另行登记，并注明生效日",
        "short",
    ),
    "name": ("Name", "名称", "", "", "long"),
    "stage": ("Stage", "环节", "", "", "short"),
    "region": ("Region", "地区", "", "", "medium"),
    "lat": ("Latitude", "纬度", "Degrees north", "北纬度数", "short"),
    "lon": ("Longitude", "经度", "Degrees east", "东经度数", "short"),
    "quantity": ("What it measures", "测量内容", "", "", "short"),
    "element": ("Element", "元素", "Symbol, of an assay; empty for all", "化验的元素符号；留空即全部", "short"),
    "random_pct": ("Random, %", "随机误差（%）", "One σ, relative, new every time", "一倍相对 σ，每次不同", "short"),
    "systematic_pct": (
        "Systematic, %",
        "系统误差（%）",
        "One σ, relative, until the next calibration",
        "一倍相对 σ，至下次校准",
        "short",
    ),
    "calibration": ("Calibration", "校准", "Certificate and day", "证书与日期", "long"),
    "yield_low_pct": ("Yield from, %", "收率下限（%）", "", "", "short"),
    "yield_high_pct": ("Yield to, %", "收率上限（%）", "", "", "short"),
    "source": ("Source", "依据", "", "", "long"),
    "capacity_kg_per_month": (
        "Capacity, kg a month",
        "月产能（千克）",
        "Of the main product",
        "按主要产品",
        "short",
    ),
}
_REQUIRED = {"id", "country", "organisation", "stage", "quantity", "random_pct", "systematic_pct"}


def filled(visit: Visit, table: str) -> dict[str, str]:
    """What the form of a table was sent with; several choices of one field are joined as in a dossier."""
    names = [filed_name(column) for column in TABLES[table]]
    return {name: "|".join(text.strip() for text in visit.request.POST.getlist(name) if text.strip()) for name in names}


def as_filed(record: Mapping[str, Any]) -> dict[str, str]:
    """A record of the register as the text of its form."""
    cells = {}
    for column, value in record.items():
        if isinstance(value, list):
            text = "|".join(value)
        elif column.endswith(("_mg", "_mg_per_month")):
            text = "" if value is None else format_kg(value)
        else:
            text = "" if value is None else str(value)
        cells[filed_name(column)] = text
    return cells


def fields(
    visit: Visit, table: str, cells: Mapping[str, str], problems: Sequence[Problem] = (), *, fixed: Sequence[str] = ()
) -> list[Field]:
    """The fields of a table's form; those of `fixed` can be read and not changed. Roles are a box each."""
    found = []
    for column in TABLES[table]:
        name = filed_name(column)
        label_en, label_zh, hint_en, hint_zh, width = _LABELS[name]
        errors = [one.message(visit.language) for one in problems if one.where.column == name]
        common: dict[str, Any] = {
            "name": name,
            "label": visit.localized(bilingual(label_en, label_zh)),
            "hint": visit.localized(bilingual(hint_en, hint_zh)),
            "errors": errors,
            "required": name in _REQUIRED,
            "width": width,
            "key": table,
            "value": cells.get(name, ""),
        }
        if name == "stage":
            options = [("", ""), *((one, words.word(words.STAGES, one, visit.language)) for one in STAGES)]
            found.append(Field(kind="select", options=options, **common))
        elif name == "quantity" and name not in fixed:
            found.append(Field(kind="select", options=[(one, one) for one in QUANTITIES], **common))
        elif name in ("valid_from", "valid_to"):
            found.append(Field(kind="date", **common))
        elif name == "roles":
            chosen = set(common.pop("value").split("|"))
            found += [
                Field(
                    **{
                        **common,
                        "kind": "checkbox",
                        "value": one,
                        "checked": one in chosen,
                        "hint": "",
                        "errors": (),
                        "label": words.word(words.ROLES, one, visit.language),
                        "key": one,
                    }
                )
                for one in ROLES
            ]
        else:
            found.append(Field(readonly=name in fixed, inputmode="decimal" if name in ("lat", "lon") else "", **common))
    return found
