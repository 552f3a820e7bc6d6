"""What the ledger's short words are called on a page, in both languages; a word that is not here is shown as it is."""

from __future__ import annotations

import gettext
import re
from collections.abc import Mapping
from functools import cache
from typing import Final, Literal

import pycountry

from lodeline.detection import battery
from lodeline.ledger import roles
from lodeline.ledger.register import Register
from lodeline.material.element import CHEMICAL_NAMES, TREO
from lodeline.regulation.content import ANY_RARE_EARTH
from lodeline.web.words.language import Language, Text, text

#: What a colour means; it stands beside a word and a shape, never alone.
Tone = Literal["ink", "quiet", "flow", "gain", "loss", "hold"]

STAGES: Final[Mapping[str, Text]] = {
    "mine": text("Mine", "采选"),
    "separation": text("Separation", "冶炼分离"),
    "recycling": text("Recycling", "回收"),
    "metal": text("Metal", "金属"),
    "alloy": text("Alloy", "合金"),
    "magnet": text("Magnet", "磁体"),
    "trade": text("Trade", "贸易"),
    "use": text("Use", "使用"),
    "mixed": text("Several stages", "多环节"),
}
ORIGINS: Final[Mapping[str, Text]] = {
    "mined": text("Mined", "开采"),
    "by-product": text("By-product", "副产"),
    "imported": text("Imported", "进口"),
    "secondary": text("Collected scrap", "回收废料"),
    "opening": text("Before the take-over", "接管前库存"),
}
ROLES: Final[Mapping[str, Text]] = {name: text(one.en, one.zh) for name, one in roles.ROLES.items()}
DETECTORS: Final[Mapping[str, Text]] = {one.name: one.label for one in battery.DETECTORS}
#: What a finding of a detector looks like: shape and tone, always beside its word.
DETECTOR_MARKS: Final[Mapping[str, tuple[str, Tone]]] = {one.name: one.mark for one in battery.DETECTORS}
FINDING_STATES: Final[Mapping[str, Text]] = {
    "open": text("Open", "未结"),
    "asked": text("Asked", "已询问"),
    "answered": text("Answered", "已答复"),
    "explained": text("Explained", "已说明"),
    "waived": text("Not pursued", "暂不核查"),
    "confirmed": text("Confirmed", "已确认"),
    "withdrawn": text("Withdrawn", "已撤回"),
}
FINDING_STATE_MARKS: Final[Mapping[str, tuple[str, Tone]]] = {
    "open": ("ring", "quiet"),
    "asked": ("half", "flow"),
    "answered": ("circle", "hold"),
    "explained": ("tick", "quiet"),
    "waived": ("bar", "quiet"),
    "confirmed": ("cross", "loss"),
    "withdrawn": ("ring", "quiet"),
}
FILING_STATES: Final[Mapping[str, Text]] = {
    "filed": text("Filed in time", "按期申报"),
    "late": text("Filed late", "逾期申报"),
    "missing": text("Missing", "缺报"),
}
ENTRY_KINDS: Final[Mapping[str, Text]] = {
    "filing": text("Filing", "申报"),
    "correction": text("Correction", "更正"),
    "register": text("Register", "登记"),
    "case": text("Case step", "核查记录"),
    "certifier-key": text("Certifying key", "签认密钥"),
    "alias": text("Lot alias", "批次别名"),
    "edition": text("Monthly edition", "月度公布版"),
    "inspection": text("Inspection", "检查记录"),
    "inspection-plan": text("Plan of an inspection", "抽样计划"),
    "feed": text("Other authority", "其他部门数据"),
    "party-list": text("List of parties", "交易方名录"),
    "declaration": text("Customs desk", "通关查询"),
    "draw": text("Draw-down", "核销"),
    "law-proposal": text("Law pack: a step", "法规包：办理记录"),
    "law": text("Law published", "法规包公布"),
    "office": text("Office record", "后台记录"),
    "strategy-table": text("Strategy table", "战略表"),
}
#: Whose number of a party it is.
SCHEMES: Final[Mapping[str, Text]] = {
    "uscc": text("credit code", "统一社会信用代码"),
    "lei": text("LEI", "LEI 编码"),
}
#: What screening says of a name; how it looks goes with the word.
SCREENING_VERDICTS: Final[Mapping[str, Text]] = {
    "listed": text("Listed", "列入名录"),
    "alike": text("Alike to a listed party: somebody should look", "疑似列入，须人工核对"),
    "known": text("Known, not listed", "已知，未列入"),
    "unclear": text("Perhaps known, not listed", "疑似已知，未列入"),
    "unknown": text("Unknown", "未知"),
}
SCREENING_MARKS: Final[Mapping[str, tuple[str, Tone]]] = {
    "listed": ("square", "loss"),
    "alike": ("diamond", "hold"),
    "known": ("tick", "flow"),
    "unclear": ("half", "ink"),
    "unknown": ("ring", "ink"),
}
QUOTA_KINDS: Final[Mapping[str, Text]] = {
    "mining": text("Mining", "开采"),
    "separation": text("Separation", "冶炼分离"),
}
ORE_TYPES: Final[Mapping[str, Text]] = {
    "rock": text("rock ore", "岩矿型"),
    "ion": text("ion-adsorption ore", "离子型"),
}
WEEKDAYS: Final[Mapping[Language, tuple[str, ...]]] = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "zh": ("一", "二", "三", "四", "五", "六", "日"),
}


def word(words: Mapping[str, Text], key: str, language: Language) -> str:
    """The word for a key, or the key itself where nobody has given it a name."""
    return words[key][language] if key in words else key


def element(symbol: str, language: Language) -> str:
    """neodymium, 钕; the total is called rare-earth oxide, and what a list does not tell apart rare earths."""
    if symbol == TREO:
        return "稀土氧化物" if language == "zh" else "rare-earth oxide"
    if symbol == ANY_RARE_EARTH:
        return "稀土" if language == "zh" else "rare earths"
    name_en, name_zh = CHEMICAL_NAMES[symbol]
    return name_zh if language == "zh" else name_en


@cache
def country(code: str, language: Language) -> str:
    """The usual name of a country, or of several with `|` between. Source: ISO 3166-1 and its translations as packaged
    by pycountry."""
    if "|" in code:
        return ", ".join(country(one, language) for one in code.split("|"))
    found = pycountry.countries.get(alpha_2=code)
    if found is None:
        return code
    name = str(getattr(found, "common_name", found.name))
    if language == "en":
        return name
    catalogue = gettext.translation("iso3166-1", pycountry.LOCALES_DIR, languages=["zh_CN"], fallback=True)
    return catalogue.gettext(name)


#: Kinds of a region of China within its romanised name.
_OF_CHINA: Final = re.compile(r" (?:Sheng|Shi|(?:(?:Zhuangzu|Huizu|Uygur) )?Zizhiqu|SAR)$")


@cache
def region(code: str, language: Language) -> str:
    """Sichuan, 四川省: a part of a country by its code; what is no such code as it is. Source: ISO 3166-2, as above."""
    found = pycountry.subdivisions.get(code=code)  # type: ignore[no-untyped-call]
    if found is None:
        return code
    name = str(found.name)
    if language == "en":
        return _OF_CHINA.sub("", name) if code.startswith("CN-") else name
    catalogue = gettext.translation("iso3166-2", pycountry.LOCALES_DIR, languages=["zh_CN"], fallback=True)
    return "宁夏回族自治区" if code == "CN-NX" else catalogue.gettext(name)


def organisation_names(register: Register, language: Language) -> dict[str, str]:
    """Organisation id → its name in the reader's language, else in the other, else the id."""
    first, second = ("name_zh", "name_en") if language == "zh" else ("name_en", "name_zh")
    rows = register.tables["organisations"].select("id", first, second).iter_rows()
    return {organisation: own or other or organisation for organisation, own, other in rows}


def site_names(register: Register) -> dict[str, str]:
    """Site id → its name as registered, else the id. Sites are registered under one name."""
    return {site: name or site for site, name in register.tables["sites"].select("id", "name").iter_rows()}


#: Shape and tone of a filing state, always beside its word.
STATE_MARKS: dict[str, tuple[str, Tone]] = {
    "filed": ("tick", "flow"),
    "late": ("half", "gain"),
    "missing": ("down", "loss"),
}
