"""Pairs of names, each with whether they are one firm's and how it was made, from the table of firms and nothing else.

Half of the pairs that are not one firm's are hard: another syllable, another direction, another city, a subsidiary, a
sister firm. Firms that share a brand are in the same half, so that nothing of a test firm was seen in tuning.
"""

from __future__ import annotations

import csv
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from itertools import combinations
from pathlib import Path
from typing import Final

import opencc
from pypinyin import lazy_pinyin

from lodeline.party.index import NameIndex
from lodeline.party.name import parsed
from lodeline.party.terms import as_transcribed
from lodeline.party.transcription import FIRST_SOUND, evidence
from names.synthetic import names as synthetic_names

FIRMS: Final = Path(__file__).parent / "firms.csv"
UNSEEN: Final = Path(__file__).parent / "unseen.csv"
FURTHER: Final = Path(__file__).parent / "further.csv"
FRESH: Final = Path(__file__).parent / "fresh.csv"
HELD: Final = Path(__file__).parent / "held.csv"
ELSEWHERE: Final = Path(__file__).parent / "elsewhere.csv"
SEED: Final = 20_261_125
#: Synthetic strangers, others than those that are searched among, and how many of them are taken for each name.
CROWD: Final = 4_000
CROWD_SEED: Final = 7
#: Strangers of each name: of synthetic ones, and of the other firms that are known.
NEAREST: Final = 3
NEAREST_KNOWN: Final = 1
_OTHER_CHARACTERS: Final = "盛宏鑫泰华源达丰瑞恒科力信安中天金正永新"
_CITIES: Final = (("宁波", "Ningbo"), ("包头", "Baotou"), ("赣州", "Ganzhou"), ("烟台", "Yantai"), ("成都", "Chengdu"),
                  ("北京", "Beijing"), ("厦门", "Xiamen"), ("太原", "Taiyuan"), ("杭州", "Hangzhou"))  # fmt: skip
_FORMS_EN: Final = re.compile(r",?\s*(Co\.,? Ltd\.?|Corporation|Corp\.?|Limited|Inc\.?|GmbH.*|AG|K\.K\.|Company.*)$")
_FORM_ZH: Final = re.compile(r"(股份有限公司|有限责任公司|有限公司|株式会社)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """`same` says whether both are one firm's; `how` names the rule or the source; `test` the half it is in."""

    one: str
    other: str
    same: bool
    how: str
    test: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Firm:
    """A row of the table; `family` is shared by firms of one brand, `english` says how `en` comes of `zh`."""

    id: str
    zh: str
    en: str
    english: str
    short: str
    other: str
    family: str


def firms() -> list[Firm]:
    """The table, with families: firms whose ids begin alike, or whose English names share a brand of several firms."""
    with FIRMS.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    family = {row["firm"]: row["firm"] for row in rows}

    def root(one: str) -> str:
        while family[one] != one:
            one = family[one]
        return one

    for a, b in combinations(rows, 2):
        if _heads(a) & _heads(b):
            family[root(b["firm"])] = root(a["firm"])
    return [
        Firm(id=row["firm"], zh=row["zh"], en=row["en"], english=row["english"], short=row["short"],
             other=row["other"], family=root(row["firm"]))
        for row in rows
    ]  # fmt: skip


def _heads(row: dict[str, str]) -> set[str]:
    """What a family is told by: the first part of the id, and the name in short."""
    common = {"ningbo", "baotou", "ganzhou", "zhejiang", "china", "jinchuan", "hangzhou", "mianyang", "shenyang",
              "taiyuan", "nanjing", "inner", "magnetfabrik", "sumitomo", "xiamen", "beijing", "huizhou"}  # fmt: skip
    head = row["firm"].split("-")[0]
    return ({head} if head not in common else {row["firm"]}) | set(
        re.findall("yunsheng|baogang|innuovo|dmegc|konit", row["en"].lower())
    )


def pairs() -> list[Pair]:
    """All pairs, the same ones every time."""
    every = firms()
    chance = random.Random(SEED)
    found: list[Pair] = []
    for firm in every:
        test = sha256(firm.family.encode()).digest()[0] % 2 == 1
        found += [Pair(one=a, other=b, same=True, how=how, test=test) for a, b, how in _same(firm, chance)]
        found += [Pair(one=a, other=b, same=False, how=how, test=test) for a, b, how in _altered(firm, chance)]
        sisters = [one for one in every if one.id != firm.id and (one.family == firm.family)]
        found += [
            Pair(one=firm.zh, other=one.zh, same=False, how="sister", test=test) for one in sisters if one.id > firm.id
        ]
        found += [Pair(one=firm.zh, other=one.en, same=False, how="sister", test=test) for one in sisters]
        strangers = [
            one for one in every if sha256(one.family.encode()).digest()[0] % 2 == test and one.family != firm.family
        ]
        for stranger in chance.sample(strangers, 2):
            found.append(Pair(one=firm.zh, other=stranger.en, same=False, how="stranger", test=test))
            found.append(Pair(one=firm.en, other=stranger.en, same=False, how="stranger", test=test))
    return list(dict.fromkeys(found))


def elsewhere() -> list[Pair]:
    """Pairs of well-known firms of other branches, in hanzi and English: to tune with, never to test.

    Each firm beside two strangers by chance, and beside the two whose names it might transcribe best.
    """
    chance = random.Random(SEED)
    rows = known_elsewhere()
    written = [as_transcribed(parsed(row.en)) for row in rows]
    found = []
    for row in rows:
        strangers = chance.sample([one for one in rows if one is not row], 2)
        sounds = as_transcribed(parsed(row.zh))
        bits = [evidence(sounds, one) if sounds and one and one[0] < chr(FIRST_SOUND) else -100.0 for one in written]
        near = sorted(range(len(rows)), key=lambda at: (rows[at] is row, -bits[at]))[:2]
        for one in (row.zh, spelt(row.zh)):
            if row.english != "coined":
                found.append(Pair(one=one, other=row.en, same=True, how="elsewhere", test=False))
            found += [
                Pair(one=one, other=other.en, same=False, how="elsewhere", test=False)
                for other in (*strangers, *(rows[at] for at in near))
            ]  # fmt: skip
    return found


def known_elsewhere() -> list[Firm]:
    """The firms of other branches that these pairs are of."""
    return _listed(ELSEWHERE)


def unseen() -> list[Firm]:
    """Firms that were written down before words were added to the tables; none is fitted on, and all
    misses were looked at.
    """
    return _listed(UNSEEN)


def further() -> list[Firm]:
    """Firms, most with translated names, that were written down before the words of everyday English were; none is
    fitted on, and all their misses were looked at.
    """
    return _listed(FURTHER)


def fresh() -> list[Firm]:
    """Firms as they came to mind, that were written down before what is done about their misses; none is fitted on, and
    all their misses were looked at.
    """
    return _listed(FRESH)


def held() -> list[Firm]:
    """Firms as they came to mind, of which no miss was looked at."""
    return _listed(HELD)


def _listed(file: Path) -> list[Firm]:
    with file.open(encoding="utf-8", newline="") as stream:
        return [
            Firm(id=row["firm"], zh=row["zh"], en=row["en"], english=row["english"], short="", other="", family="")
            for row in csv.DictReader(stream)
        ]


def lookalikes(some: Sequence[Pair]) -> list[Pair]:
    """What a search shows first for the names of these pairs among synthetic ones and each other's, all of them
    strangers: to tune with.

    Strangers by chance teach nothing of those that are nearest among thousands; and synthetic names have a brand each.
    """
    of_firm: dict[str, set[str]] = {}
    for one in some:
        if one.same:
            own = of_firm.get(one.one, {one.one}) | of_firm.get(one.other, {one.other})
            of_firm |= dict.fromkeys(own, own)
    crowd = NameIndex((name, name) for name in synthetic_names(CROWD, seed=CROWD_SEED))
    others = NameIndex((name, name) for name in of_firm)
    return [
        Pair(one=name, other=other, same=False, how="elsewhere", test=False)
        for name, own in of_firm.items()
        for other in (
            *(hit.name for hit in crowd.find(name, most=NEAREST)),
            *[hit.name for hit in others.find(name, most=NEAREST_KNOWN + len(own)) if hit.name not in own][
                :NEAREST_KNOWN
            ],
        )
    ]


def _same(firm: Firm, chance: random.Random) -> list[tuple[str, str, str]]:
    found = [(firm.zh, firm.en, "published")]
    if firm.other:
        found += [(firm.en, firm.other, "published"), (firm.zh, firm.other, "published")]
    if firm.short:
        found.append((firm.zh, firm.short, "short"))
        found.append((firm.en, firm.short, "short"))
    traditional = _traditional().convert(firm.zh)
    if traditional != firm.zh:
        found.append((firm.zh, traditional, "traditional"))
    if chinese(firm):
        found.append((firm.zh, spelt(firm.zh), "pinyin"))
        found.append((firm.en, spelt(firm.zh), "pinyin"))
    found.append((firm.en, _FORMS_EN.sub("", firm.en).upper(), "form-dropped"))
    found.append((firm.en, typed_wrongly(firm.en, chance, 1), "typing-error"))
    return [one for one in found if one[0] != one[1]]


@cache
def _traditional() -> opencc.OpenCC:
    return opencc.OpenCC("s2t")


def traditional(zh: str) -> str:
    """The name in traditional characters."""
    return str(_traditional().convert(zh))


def without_form(en: str) -> str:
    """An English name without its legal form."""
    return _FORMS_EN.sub("", en)


def language(name: str) -> str:
    """Which language a name of the table is in, as far as its letters and its legal form say."""
    if re.search(r"[\uac00-\ud7a3]", name):
        return "Korean"
    if re.search(r"[\u3040-\u30ff]", name):
        return "Japanese"
    if re.search(r"[\u4e00-\u9fff]", name):
        return "Japanese in hanzi" if "株式会社" in name else "Chinese"
    if re.search(r"Công ty|[ăâđêôơư]", name, re.IGNORECASE):
        return "Vietnamese"
    if re.search(r"\b(GmbH|AG|KG|Gesellschaft|Aktiengesellschaft|Magnetfabrik)\b", name):
        return "German"
    if re.search(r"Gong Si$|Chang$", name) and all(word.isalpha() and word.istitle() for word in name.split()):
        return "pinyin"
    return "English"


def chinese(firm: Firm) -> bool:
    """Whether the firm's own language is Chinese."""
    return "公司" in firm.zh + "厂" and "株式会社" not in firm.zh and not firm.other


def spelt(zh: str) -> str:
    """The whole name in pinyin, each syllable a word."""
    return " ".join(word.capitalize() for word in lazy_pinyin(zh.replace("(", " ").replace(")", " ")) if word.strip())


def typed_wrongly(text: str, chance: random.Random, errors: int) -> str:
    """`errors` letters doubled, dropped, swapped or replaced, none of them the first."""
    for _ in range(errors):
        places = [at for at in range(1, len(text) - 1) if text[at].isalpha() and text[at + 1].isalpha()]
        at = chance.choice(places or [len(text) // 2])
        kind = chance.randrange(4)
        middle = (text[at] * 2, "", text[at + 1] + text[at], chance.choice("aeioulnrstk"))[kind]
        text = text[:at] + middle + text[at + (2 if kind == 2 else 1) :]
    return text


def _altered(firm: Firm, chance: random.Random) -> list[tuple[str, str, str]]:
    """Names that only look like this firm's."""
    found = []
    if chinese(firm):
        brand = re.sub(r"有限|责任|股份|公司|集团|\W", "", firm.short)
        inside = firm.zh.find(brand[:2])
        if inside >= 0 and len(brand) >= 2:
            at = inside + chance.randrange(2)
            new = chance.choice([one for one in _OTHER_CHARACTERS if one != firm.zh[at]])
            zh = firm.zh[:at] + new + firm.zh[at + 1 :]
            found += [(firm.zh, zh, "another-syllable"), (firm.en, spelt(zh), "another-syllable")]
        here = next((city for city in _CITIES if city[0] in firm.zh and city[1] in firm.en), None)
        if here is not None:
            there = chance.choice([city for city in _CITIES if city != here])
            found.append((firm.zh, firm.zh.replace(here[0], there[0]), "another-city"))
            found.append((firm.zh, firm.en.replace(here[1], there[1]), "another-city"))
        found.append((firm.zh, _FORM_ZH.sub("", firm.zh) + "国际贸易有限公司", "subsidiary"))
        found.append((firm.en, _FORM_ZH.sub("", firm.zh) + "国际贸易有限公司", "subsidiary"))
    else:
        found.append((firm.en, _FORMS_EN.sub("", firm.en) + " International Trading Co., Ltd.", "subsidiary"))
    for a, b in (("北方", "南方"), ("Northern", "Southern"), ("南方", "北方"), ("Southern", "Northern")):
        for text in (firm.zh, firm.en):
            if a in text:
                found += [(text, text.replace(a, b), "another-direction")]
    return found
