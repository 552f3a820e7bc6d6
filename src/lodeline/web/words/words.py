"""What the ledger's short words are called on a page, in both languages; a word that is not here is shown as it is."""

from __future__ import annotations

import gettext
import re
from collections.abc import Mapping
from functools import cache
from typing import Final, Literal

import pycountry

from lodeline.detection import battery
from lodeline.language import Language, Text, bilingual, text
from lodeline.ledger import roles
from lodeline.ledger.register import Register
from lodeline.material.element import CHEMICAL_NAMES, TREO
from lodeline.regulation.content import ANY_RARE_EARTH

#: What a colour means; it stands beside a word and a shape, never alone.
Tone = Literal["ink", "quiet", "flow", "gain", "loss", "hold"]

STAGES: Final[Mapping[str, Text]] = {
    "mine": text("Mine"),
    "separation": text("Separation"),
    "recycling": text("Recycling"),
    "metal": text("Metal"),
    "alloy": text("Alloy"),
    "magnet": text("Magnet"),
    "trade": text("Trade"),
    "use": text("Use", context="words"),
    "mixed": text("Several stages"),
}
ORIGINS: Final[Mapping[str, Text]] = {
    "mined": text("Mined"),
    "by-product": text("By-product"),
    "imported": text("Imported"),
    "secondary": text("Collected scrap"),
    "opening": text("Before the take-over"),
}
ROLES: Final[Mapping[str, Text]] = {name: bilingual(one.en, one.zh) for name, one in roles.ROLES.items()}
DETECTORS: Final[Mapping[str, Text]] = {one.name: one.label for one in battery.DETECTORS}
#: What a finding of a detector looks like: shape and tone, always beside its word.
DETECTOR_MARKS: Final[Mapping[str, tuple[str, Tone]]] = {one.name: one.mark for one in battery.DETECTORS}
FINDING_STATES: Final[Mapping[str, Text]] = {
    "open": text("Open", context="words"),
    "asked": text("Asked", context="words"),
    "answered": text("Answered", context="words"),
    "explained": text("Explained"),
    "waived": text("Not pursued"),
    "confirmed": text("Confirmed", context="words"),
    "withdrawn": text("Withdrawn", context="words"),
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
    "filed": text("Filed in time"),
    "late": text("Filed late", context="words"),
    "missing": text("Missing", context="words"),
}
ENTRY_KINDS: Final[Mapping[str, Text]] = {
    "filing": text("Filing"),
    "correction": text("Correction", context="words"),
    "register": text("Register", context="words"),
    "case": text("Case step"),
    "certifier-key": text("Certifying key"),
    "alias": text("Lot alias"),
    "edition": text("Monthly edition"),
    "inspection": text("Inspection"),
    "inspection-plan": text("Plan of an inspection"),
    "feed": text("Other authority"),
    "party-list": text("List of parties"),
    "declaration": text("Customs desk", context="words"),
    "draw": text("Draw-down"),
    "law-proposal": text("Law pack: a step"),
    "law": text("Law published"),
    "office": text("Office record"),
    "strategy-table": text("Strategy table"),
}
#: Whose number of a party it is.
SCHEMES: Final[Mapping[str, Text]] = {
    "uscc": text("credit code"),
    "lei": text("LEI"),
}
#: What screening says of a name; how it looks goes with the word.
SCREENING_VERDICTS: Final[Mapping[str, Text]] = {
    "listed": text("Listed"),
    "alike": text("Alike to a listed party: somebody should look"),
    "known": text("Known, not listed"),
    "unclear": text("Perhaps known, not listed"),
    "unknown": text("Unknown"),
}
SCREENING_MARKS: Final[Mapping[str, tuple[str, Tone]]] = {
    "listed": ("square", "loss"),
    "alike": ("diamond", "hold"),
    "known": ("tick", "flow"),
    "unclear": ("half", "ink"),
    "unknown": ("ring", "ink"),
}
QUOTA_KINDS: Final[Mapping[str, Text]] = {
    "mining": text("Mining"),
    "separation": text("Separation"),
}
ORE_TYPES: Final[Mapping[str, Text]] = {
    "rock": text("rock ore"),
    "ion": text("ion-adsorption ore"),
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
        return text("rare-earth oxide")[language]
    if symbol == ANY_RARE_EARTH:
        return text("rare earths")[language]
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
