"""What the roles are called, and what one may do in each, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lodeline.web.words.language import Language, Text, text

ROLE_NAMES: Final[Mapping[str, Text]] = {
    "filer": text("Filer", "申报人"),
    "certifier": text("Certifier", "签认人"),
    "organisation-admin": text("Administrator", "企业管理员"),
    "analyst": text("Analyst", "分析员"),
    "licensing-officer": text("Licensing officer", "许可审核员"),
    "quota-officer": text("Quota officer", "指标管理员"),
    "customs-officer": text("Customs officer", "海关关员"),
    "inspector": text("Inspector", "检查员"),
    "registrar": text("Registrar", "登记员"),
    "system-admin": text("System administrator", "系统管理员"),
    "auditor": text("Auditor", "审计员"),
    "agency": text("Agency of another state", "外国机构"),
}
ROLE_MAY: Final[Mapping[str, Text]] = {
    "filer": text(
        "Makes filings, accepts transfers, sees all that is the firm's own", "编制申报、确认流转，查看本企业全部数据"
    ),
    "certifier": text(
        "Certifies filings for the firm, sees all that is its own", "代表企业签认申报，查看本企业全部数据"
    ),
    "organisation-admin": text(
        "Says who belongs to the firm, and gives tokens to its programs", "管理本企业人员与程序令牌"
    ),
    "analyst": text("Sees the national flow and every firm, reminds who is late", "查看全国流向与各企业，催报"),
    "licensing-officer": text("Decides licences with the goods' history in view", "依据货物来历审核许可"),
    "quota-officer": text(
        "Watches the quotas and what is drawn on them, calls planned runs off", "监看总量控制指标及核销，取消计划批次"
    ),
    "customs-officer": text("Asks one question at the desk: may this leave?", "在窗口判断货物可否放行"),
    "inspector": text("Counts on site, sees every firm and every finding", "现场盘存，查看各企业与线索"),
    "registrar": text("Keeps the register of firms and sites, and the accounts", "管理企业与场所登记及账户"),
    "system-admin": text("Watches over the system, and sees nobody's data", "监看系统运行，不查看业务数据"),
    "auditor": text("Reads everything, and who has looked at whom", "查阅全部数据及查阅记录"),
    "agency": text(
        "Sees what is published to agencies of other states, in groups of firms", "查看向外国机构公布的分组汇总结果"
    ),
}
AUTHORITY_NAME: Final = text("The authority", "主管部门")


def duty(role: str, language: Language) -> str:
    """What one may do in a role, to stand within a sentence."""
    text = ROLE_MAY[role][language]
    return text[:1].lower() + text[1:]
