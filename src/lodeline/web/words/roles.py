"""What the roles are called, and what one may do in each, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lodeline.web.words.language import Language, Text, say

ROLE_NAMES: Final[Mapping[str, Text]] = {
    "filer": say("Filer", "申报人"),
    "certifier": say("Certifier", "签认人"),
    "organisation-admin": say("Administrator", "企业管理员"),
    "analyst": say("Analyst", "分析员"),
    "licensing-officer": say("Licensing officer", "许可审核员"),
    "quota-officer": say("Quota officer", "指标管理员"),
    "customs-officer": say("Customs officer", "海关关员"),
    "inspector": say("Inspector", "检查员"),
    "registrar": say("Registrar", "登记员"),
    "system-admin": say("System administrator", "系统管理员"),
    "auditor": say("Auditor", "审计员"),
}
ROLE_MAY: Final[Mapping[str, Text]] = {
    "filer": say(
        "Makes filings, accepts transfers, sees all that is the firm's own", "编制申报、确认流转，查看本企业全部数据"
    ),
    "certifier": say(
        "Certifies filings for the firm, sees all that is its own", "代表企业签认申报，查看本企业全部数据"
    ),
    "organisation-admin": say(
        "Says who belongs to the firm, and gives tokens to its programs", "管理本企业人员与程序令牌"
    ),
    "analyst": say("Sees the national flow and every firm, reminds who is late", "查看全国流向与各企业，催报"),
    "licensing-officer": say("Decides licences with the goods' history in view", "依据货物来历审核许可"),
    "quota-officer": say(
        "Watches the quotas and what is drawn on them, calls planned runs off", "监看总量控制指标及核销，取消计划批次"
    ),
    "customs-officer": say("Asks one question at the desk: may this leave?", "在窗口判断货物可否放行"),
    "inspector": say("Counts on site, sees every firm and every finding", "现场盘存，查看各企业与线索"),
    "registrar": say("Keeps the register of firms and sites, and the accounts", "管理企业与场所登记及账户"),
    "system-admin": say("Watches over the system, and sees nobody's data", "监看系统运行，不查看业务数据"),
    "auditor": say("Reads everything, and who has looked at whom", "查阅全部数据及查阅记录"),
}
AUTHORITY_NAME: Final = say("The authority", "主管部门")


def duty(role: str, language: Language) -> str:
    """What one may do in a role, to stand within a sentence."""
    text = ROLE_MAY[role][language]
    return text[:1].lower() + text[1:]
